"""Errors with details on grpcio servers: StatusError becomes the status of the running request."""

from __future__ import annotations

from ..rpc_status import STATUS_DETAILS_KEY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

    import grpc  # type: ignore[import-untyped, unused-ignore]
    from grpc import aio

    from ..rpc_status import StatusError
else:
    from .deferred import grpc

__all__ = ("abort", "abort_async")


def _arguments(
    context: Any, error: StatusError
) -> tuple[grpc.StatusCode, str, tuple[tuple[str, str | bytes], ...]]:
    """Code, details and trailing metadata, the handler's own first."""
    code = next(it for it in grpc.StatusCode if it.value[0] == error.code)
    trailing = tuple(context.trailing_metadata() or ())
    if error.details:
        trailing = (*trailing, (STATUS_DETAILS_KEY, error.serialized))
    return code, error.message, trailing


def abort(context: grpc.ServicerContext, error: StatusError) -> NoReturn:
    """Ends the request of a `grpc.server()` with the status of the error."""
    code, message, trailing = _arguments(context, error)
    context.set_trailing_metadata(trailing)
    context.abort(code, message)
    raise error  # Not reached: `abort` raises.


async def abort_async(context: aio.ServicerContext[Any, Any], error: StatusError) -> NoReturn:
    """Ends the request of a `grpc.aio.server()` with the status of the error."""
    code, message, trailing = _arguments(context, error)
    await context.abort(code, message, trailing)
    raise error  # Not reached: `abort` raises.
