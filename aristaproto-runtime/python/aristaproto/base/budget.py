"""Limits on what a codec reads and writes.

`limits(...)` changes them for a block of code (and the asyncio tasks started in it); the codecs take a
`Budget` at each top-level call and draw on it.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from operator import index

from .errors import Error
from .typing_lite import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any, TypeVar

    _Error = TypeVar("_Error", bound=Error)

__all__ = ("Budget", "Limits", "current_limits", "limits")


class Limits(NamedTuple):
    """What one call may read or write, in every format.

    A list or an object inside a `google.protobuf.Struct` is two levels and two messages, a `Value` and what it holds.
    Messages that a program makes itself (constructors, copies, `aristaproto.merge`) have no limits.
    """

    depth: int = 100
    """Levels of messages inside the outermost one, read or written."""
    size: int = 2**31 - 1
    """Bytes of wire data, read or written; characters of JSON or text that are read."""
    messages: int = 2**24
    """Messages inside the outermost one that are read, map entries not counted."""


_DEFAULT = Limits()
_current: ContextVar[Limits] = ContextVar("aristaproto_limits", default=_DEFAULT)


def current_limits() -> Limits:
    """The limits that hold for a call made here and now."""
    return _current.get()


@contextmanager
def limits(
    *, depth: int | None = None, size: int | None = None, messages: int | None = None
) -> Generator[Limits, None, None]:
    """Change limits inside a `with` block; what is not given stays as it is.

    Args:
        depth: Levels of messages inside the outermost one.
        size: Bytes of wire data; characters of JSON or text.
        messages: Messages inside the outermost one.

    Yields:
        The `Limits` that hold inside.

    Raises:
        TypeError: A limit is no integer.
        ValueError: It is negative, or needs more than 64 bits.

    ```python
    with aristaproto.limits(depth=1000):
        tree = Tree.parse(data)
    ```
    """
    given = {"depth": depth, "size": size, "messages": messages}
    new = _current.get()._replace(
        **{name: _checked(name, limit) for name, limit in given.items() if limit is not None}
    )
    token = _current.set(new)
    try:
        yield new
    finally:
        _current.reset(token)


def _checked(name: str, limit: int) -> int:
    value = index(limit)
    if not 0 <= value < 2**64:
        raise ValueError(f"limits({name}=...): expected 0 to 2**64 - 1, got {value}")
    return value


class Budget:
    """What is left of the limits during one call of a codec."""

    __slots__ = ("depth", "limits", "messages", "unknown")

    def __init__(self) -> None:
        self.unknown: dict[int, tuple[Any, bytearray]] = {}
        """Messages that occurred again with unknown fields, by `id`, and those fields; appended at the end of the call."""
        self.limits = _current.get()
        self.depth = self.limits.depth
        self.messages = self.limits.messages

    def too_deep(self, error: type[_Error]) -> _Error:
        """The error for a message nested deeper than allowed."""
        return error(
            f"expected at most {self.limits.depth} levels of messages, got more "
            "(`aristaproto.limits(depth=...)` changes it)"
        )

    def too_many(self, error: type[_Error]) -> _Error:
        """The error for more submessages than allowed."""
        return error(
            f"expected at most {self.limits.messages} messages, got more "
            "(`aristaproto.limits(messages=...)` changes it)"
        )

    def too_large(self, error: type[_Error], size: int, unit: str = "bytes") -> _Error:
        """The error for more bytes or characters than allowed."""
        return error(
            f"expected at most {self.limits.size} {unit}, got {size} "
            "(`aristaproto.limits(size=...)` changes it)"
        )
