"""Streams of responses that an interceptor of `grpc.aio` gives itself, without making the call.

grpc lets them be iterated, and fails in everything else that a call has, such as `cancel` and `code`: it asks the call that was
not made. Here is what it asks instead.
<https://grpc.github.io/grpc/python/grpc_asyncio.html#grpc.aio.UnaryStreamClientInterceptor>
"""

from __future__ import annotations

from .deferred import grpc

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ("AnswersAreCalls",)


class AnswersAreCalls:
    """The first of a method's interceptors: gives what the others have answered themselves the state of a call."""

    async def intercept_unary_stream(
        self, continuation: Any, client_call_details: Any, request: Any
    ) -> Any:
        return _with_state(await continuation(client_call_details, request))

    async def intercept_stream_stream(
        self, continuation: Any, client_call_details: Any, request_iterator: Any
    ) -> Any:
        return _with_state(await continuation(client_call_details, request_iterator))


def _with_state(answer: Any) -> Any:
    # One iterator around another for each interceptor; below them the call.
    below: Any = answer
    while hasattr(below, "_response_iterator") and hasattr(below, "_call"):
        call: Any = below._call
        if call is None:
            below._call = call = _Answered()
        below = call
    return answer


class _Answered:
    """The state of a call that nobody has made: it has succeeded."""

    def cancel(self) -> bool:
        return False

    def cancelled(self) -> bool:
        return False

    def done(self) -> bool:
        return True

    def add_done_callback(self, callback: Callable[[Any], None]) -> None:
        callback(self)

    def time_remaining(self) -> None:
        return None

    async def initial_metadata(self) -> None:
        return None

    async def trailing_metadata(self) -> None:
        return None

    async def code(self) -> Any:
        return grpc.StatusCode.OK

    async def details(self) -> str:
        return ""

    async def debug_error_string(self) -> None:
        return None

    async def wait_for_connection(self) -> None:
        return None
