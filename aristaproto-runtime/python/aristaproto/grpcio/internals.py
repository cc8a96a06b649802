"""What the clients and servers use of grpc beside its documented API, and whether this grpc has it.

In: objects of `grpc.aio`. Out: the part asked for, or None; whoever asks has a documented way for that case, which costs
time or, as its place says, a promise. Checked by name and shape, since any version of grpc may change it.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = (
    "asks_a_server_of_asyncio",
    "asks_a_server_of_threads",
    "below_failed_interceptor",
    "compression_metadata",
    "core_call",
    "has_no_interceptors",
    "interceptors_of",
    "reads_from_the_call",
)


def core_call(call: Any) -> Any | None:
    """The call of Core below a stream of `grpc.aio`, which sends and receives bytes.

    A call through interceptors has none.
    """
    core: Any = getattr(call, "_cython_call", None)
    if core is None or not _is_core_call(core.__class__):
        return None
    return core


_core_calls: dict[type[Any], bool] = {}


def _is_core_call(cls: type[Any]) -> bool:
    known = _core_calls.get(cls)
    if known is None:
        known = _core_calls[cls] = all(
            callable(getattr(cls, name, None))
            for name in (
                "send_serialized_message",
                "receive_serialized_message",
                "add_done_callback",
            )
        )
    return known


def interceptors_of(multi_callable: Any) -> list[Any] | None:
    """The interceptors that calls of a method go through; None where that cannot be told."""
    interceptors = getattr(multi_callable, "_interceptors", None)
    if isinstance(interceptors, (list, tuple)):
        return [*interceptors]  # pyright: ignore[reportUnknownVariableType]
    return None


def has_no_interceptors(multi_callable: object) -> bool:
    """Whether calls of a method of a `grpc.Channel` go to it at once; an intercepted channel's are of another module."""
    return type(multi_callable).__module__ == "grpc._channel"


def reads_from_the_call(requests: object) -> bool:
    """Whether a handler got grpc's own iterator of requests, not an interceptor's.

    That of `grpc.aio` does what `ServicerContext.read` does.
    """
    cls = type(requests)
    return cls.__name__ in ("_MessageReceiver", "_RequestIterator") and cls.__module__.startswith(
        "grpc."
    )


def below_failed_interceptor(outcome: Any) -> Any:
    """What knows the status of a call on a `grpc.Channel`: where an interceptor has ended with the error of the call, that
    error, since grpc puts an object in its place that says INTERNAL; else the call as it was given.
    """
    if type(outcome).__name__ == "_FailureOutcome":
        error = outcome.exception()
        if hasattr(error, "trailing_metadata"):
            return error
    return outcome


def asks_a_server_of_asyncio(handler_call_details: object) -> bool:
    """Whether a `grpc.aio.server()` asks for the handler of a method, and no `grpc.server()`."""
    return type(handler_call_details).__module__ == "grpc._cython.cygrpc"


def asks_a_server_of_threads(handler_call_details: object) -> bool:
    """Whether a `grpc.server()` asks for the handler of a method, and no `grpc.aio.server()`."""
    return type(handler_call_details).__module__ == "grpc._server"


def compression_metadata(compression: Any) -> tuple[str, str]:
    """The metadata by which Core is told to compress the requests of a call; it is not sent.

    For where the argument `compression` of grpc's methods does nothing. The name is that of
    GRPC_COMPRESSION_REQUEST_ALGORITHM_MD_KEY: https://github.com/grpc/grpc/blob/master/include/grpc/impl/compression_types.h
    """
    value = {"NoCompression": "identity", "Deflate": "deflate", "Gzip": "gzip"}[compression.name]
    return "grpc-internal-encoding-request", value
