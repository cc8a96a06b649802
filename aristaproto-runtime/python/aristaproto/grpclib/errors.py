"""What calls over grpclib raise: the documented errors, whatever grpclib itself raised.

In: the exception of a step of a call. Out: `grpclib.exceptions.GRPCError` with a status; OSError and
`asyncio.TimeoutError` stay what they are.
"""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any

from grpclib.const import Status
from grpclib.exceptions import GRPCError, StreamTerminatedError

if TYPE_CHECKING:
    from collections.abc import Awaitable
    from types import TracebackType

__all__ = ("CallTerminated", "Steps", "ended_without_status", "no_response", "written")


class CallTerminated(GRPCError, StreamTerminatedError):
    """The connection or the stream of a call ended before its status; also what grpclib itself raises for that."""


# https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#errors
_RESET_STATUS = {
    7: Status.UNAVAILABLE,  # REFUSED_STREAM
    8: Status.CANCELLED,  # CANCEL
    11: Status.RESOURCE_EXHAUSTED,  # ENHANCE_YOUR_CALM
    12: Status.PERMISSION_DENIED,  # INADEQUATE_SECURITY
}
_RESET_CODES = {
    "REFUSED_STREAM": 7,
    "CANCEL": 8,
    "ENHANCE_YOUR_CALM": 11,
    "INADEQUATE_SECURITY": 12,
}


class Steps:
    """Runs the steps of a call of grpclib, each in a `with` block, and raises the documented error if one fails.

    grpclib wakes the task of a call that fails with `Task.cancel`. That is taken back: code around the call that asks
    `Task.cancelling`, as `asyncio.timeout` does, would take it for a cancellation of its own.
    """

    __slots__ = ("_before", "_response_name", "_stream", "_task")

    def __init__(self, stream: Any, response_name: str) -> None:
        self._stream = stream
        self._response_name = response_name
        self._task: Any = None
        self._before = 0

    def __enter__(self) -> None:
        self._task = asyncio.current_task()
        self._before = _cancelling(self._task)

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        task, self._task = self._task, None
        if not isinstance(exc, Exception):
            return
        wrapper = getattr(self._stream, "_wrapper", None)
        if getattr(wrapper, "cancelled", None) and _cancelling(task) > self._before:
            task.uncancel()
            if _cancelling(task) > self._before:
                # Someone else has cancelled the task, too.
                raise asyncio.CancelledError from exc
        # There is no HTTP/2 stream before the channel has connected.
        has_started = hasattr(self._stream, "_stream")
        error = _documented(exc, self._response_name if has_started else None)
        if error is not exc:
            raise error from exc


def _cancelling(task: Any) -> int:
    """How often the task was cancelled; tasks count from Python 3.11 on."""
    count: int = getattr(task, "cancelling", int)()
    return count


def _documented(error: Exception, response_name: str | None) -> Exception:
    """The error of a step; the name of the response if there may be a response already."""
    if _is_of_closed_transport(error):
        return CallTerminated(Status.UNAVAILABLE, _LOST)
    if isinstance(error, (GRPCError, OSError, asyncio.TimeoutError)):
        return error
    if isinstance(error, StreamTerminatedError):
        return CallTerminated(_status_of_end(str(error)), str(error))
    if response_name is None:
        # Such as the OverflowError for a port of six digits, or the UnicodeError for a host.
        return GRPCError(Status.UNAVAILABLE, f"the call cannot start; {_named(error)}")
    if isinstance(error, NotImplementedError):
        why = "it is compressed, which grpclib does not support"
    elif isinstance(error, AssertionError):
        why = "it ended too early"
    else:
        why = _named(error)
    return GRPCError(Status.INTERNAL, f"the response is not a valid {response_name}; {why}")


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


_LOST = "the connection was lost"


async def written(writing: Awaitable[None]) -> None:
    """Waits for a write, which raises StreamTerminatedError if the connection has gone, on every event loop."""
    try:
        await writing
    except RuntimeError as error:
        if not _is_of_closed_transport(error):
            raise
        raise StreamTerminatedError(_LOST) from error


def _is_of_closed_transport(error: Exception) -> bool:
    """Whether a write came too late on uvloop; on asyncio's own loop it does nothing, and grpclib hears of the end later."""
    return type(error) is RuntimeError and "handler is closed" in str(error)


def _status_of_end(reason: str) -> Status:
    """The status for the end of a stream without one, from grpclib's words."""
    reset = re.match(r"Stream reset .*error_code: (?:ErrorCodes\.)?(\w+)", reason)
    if reset is None:
        return Status.UNAVAILABLE  # The connection was lost, or is to be closed.
    code = reset[1]
    number = int(code) if code.isdigit() else _RESET_CODES.get(code, 0)
    return _RESET_STATUS.get(number, Status.INTERNAL)


def ended_without_status(stream: Any) -> GRPCError | None:
    """The error for a call that grpclib took for a successful one although its status has not come.

    grpclib does not look for the status when the connection has gone in the meantime; if it has come before, it counts.
    """
    if getattr(stream, "trailing_metadata", stream) is not None:
        return None
    received = getattr(stream, "_stream", None)
    if getattr(received, "trailers", None) is not None:
        try:
            stream._maybe_raise()
        except GRPCError as error:
            return error
        return None
    return CallTerminated(Status.UNAVAILABLE, "the connection was lost before the status came")


def no_response(response_name: str) -> GRPCError:
    """The error for a call that ended with the status OK and without its one response."""
    return GRPCError(Status.INTERNAL, f"the server sent no {response_name}")
