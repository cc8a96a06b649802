"""The requests of a call to a method of a `grpc.server()`: complete only if the client has ended them."""

from __future__ import annotations

from collections.abc import Iterator

from .internals import reads_from_the_call
from .serialization import UndecodableRequest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

    import grpc  # type: ignore[import-untyped, unused-ignore]
else:
    from .deferred import grpc

__all__ = ("RequestIterator", "abort_undecodable")


class RequestIterator(Iterator["Any"]):
    """The requests of a call to its method: ends normally only if the client has ended them.

    grpc's own iterator sometimes ends the same way when the client has cancelled or run out of time.

    Args:
        requests: The iterator that the handler was given, by grpc or by an interceptor.
        context: The context of the call.
    """

    __slots__ = ("_context", "_reading", "_requests", "error")

    def __init__(self, requests: Iterator[Any], context: grpc.ServicerContext) -> None:
        self._requests = requests
        self._context = context
        self._reading = False
        self.error: Exception | None = None
        """Why a request could not be decoded."""

    def __next__(self) -> Any:
        if self.error is not None:
            # An iterator that goes on after an error would look as if it had ended.
            raise self.error
        if self._reading:
            # grpc would say that they have ended.
            raise RuntimeError("the requests of this call are being read by another thread")
        self._reading = True
        try:
            request = next(self._requests)
        except StopIteration:
            self._check_complete()
            raise
        finally:
            self._reading = False
        if type(request) is UndecodableRequest:
            self.error = request.error
            raise self.error
        return request

    def close(self) -> None:
        """Closes the generator of an interceptor, as whoever iterates it must."""
        close = getattr(self._requests, "close", None)
        if close is not None:
            close()

    def _check_complete(self) -> None:
        """`grpc.RpcError`, as from grpc's own iterator, if the call has been cancelled.

        Core tells of that after it has told of the end of the requests, through one queue, so that one more read comes after
        it. Where an interceptor has ended the iteration there is none; a short while does nearly as well.
        """
        if reads_from_the_call(self._requests):
            next(self._requests, None)
        else:
            from time import sleep

            # The client's own deadline cuts requests off a little before the server's has passed.
            is_late = self._context.time_remaining() < 1
            for _ in range(_LATE if is_late else 1):
                sleep(_A_SHORT_WHILE)
                if not self._context.is_active():
                    break
        if not self._context.is_active() or self._context.time_remaining() == 0:
            # Raises what grpc knows for its own, unless an interceptor stands between.
            next(self._requests, None)
            raise grpc.RpcError("the client has not sent all of its requests")


_A_SHORT_WHILE = 0.001
_LATE = 50
"""Short whiles where the deadline is near."""


def abort_undecodable(context: grpc.ServicerContext, error: BaseException) -> NoReturn:
    """Ends the request with the status for bytes that are no message."""
    context.abort(grpc.StatusCode.INTERNAL, f"a request cannot be decoded: {error}")
    raise error  # Not reached: `abort` raises.
