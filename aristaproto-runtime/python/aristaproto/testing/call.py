"""What a call is to a method that a test calls itself: what the client sent, and what the method answered beside messages."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

__all__ = ("Call", "Pairs")

Pairs: TypeAlias = tuple[tuple[str, str | bytes], ...]


class Call:
    """A call that stands still. Made by `context`."""

    metadata: Pairs
    """What the client sent."""
    peer: str
    initial_metadata: Pairs | None
    """What the method sent before its first response, None if nothing."""
    trailing_metadata: Pairs
    """What the method set for the end of the call."""
    code: int | None
    """The number of the status that the method set or aborted with, a `Code` of `aristaproto.rpc`; None if none."""
    details: str
    """The text of that status."""
    aborted: bool

    def __init__(
        self,
        metadata: Mapping[str, str | bytes] | Iterable[tuple[str, str | bytes]],
        timeout: float | None,
        peer: str,
    ) -> None:
        given: Any = metadata
        self.metadata = tuple(given.items() if isinstance(given, Mapping) else given)  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType]
        self.peer = peer
        self.initial_metadata = None
        self.trailing_metadata = ()
        self.code = None
        self.details = ""
        self.aborted = False
        self._deadline = None if timeout is None else time.monotonic() + timeout

    def time_remaining(self) -> float | None:
        """Seconds until the deadline, 0 behind it; None if there is none."""
        return None if self._deadline is None else max(0.0, self._deadline - time.monotonic())
