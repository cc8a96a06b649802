"""Limits on what a codec reads and writes.

`limits(...)` changes them for a block of code (and the asyncio tasks started in it); the codecs take a
`Budget` at each top-level call and draw on it.
"""

from __future__ import annotations

import dataclasses
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ("Budget", "Limits", "current_limits", "limits")


@dataclasses.dataclass(frozen=True)
class Limits:
    """What one call may read or write.

    `depth`: levels of messages inside the outermost one (also of lists and objects in JSON);
    `size`: bytes of wire data, or characters of text; `messages`: number of submessages.
    """

    depth: int = 100
    size: int = 2**31 - 1
    messages: int = 2**24


_current: ContextVar[Limits] = ContextVar("aristaproto_limits", default=Limits())


def current_limits() -> Limits:
    """The limits that hold for a call made here and now."""
    return _current.get()


@contextmanager
def limits(
    *, depth: int | None = None, size: int | None = None, messages: int | None = None
) -> Iterator[Limits]:
    """Change limits inside a `with` block; what is not given stays as it is.

    ```python
    with aristaproto.limits(depth=1000):
        tree = Tree.parse(data)
    ```
    """
    old = _current.get()
    new = Limits(
        depth=old.depth if depth is None else depth,
        size=old.size if size is None else size,
        messages=old.messages if messages is None else messages,
    )
    token = _current.set(new)
    try:
        yield new
    finally:
        _current.reset(token)


class Budget:
    """What is left of the limits during one call of a codec."""

    __slots__ = ("depth", "limits", "messages")

    def __init__(self) -> None:
        self.limits = _current.get()
        self.depth = self.limits.depth
        self.messages = self.limits.messages
