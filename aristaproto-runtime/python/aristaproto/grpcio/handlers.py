"""The handlers of a service, which say so when they are on a server of the other kind."""

from __future__ import annotations

from .internals import asks_a_server_of_asyncio, asks_a_server_of_threads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    import grpc  # type: ignore[import-untyped, unused-ignore]
else:
    from .deferred import grpc

__all__ = ("ASYNC_ON_THREADS", "SYNC_ON_A_LOOP", "service_handler")

ASYNC_ON_THREADS = (
    "is an asynchronous service, and grpc.server() runs synchronous ones: add it to a grpc.aio.server(), or generate bases "
    "with server_generation=sync (or sync_async) and write its methods without async"
)
SYNC_ON_A_LOOP = (
    "is a synchronous service, and grpc.aio.server() runs asynchronous ones: add it to a grpc.server(), or generate bases with "
    "server_generation=async (or sync_async) and write its methods with async"
)

_classes: list[type[Any]] = []


def service_handler(
    service_name: str,
    method_handlers: Mapping[str, grpc.RpcMethodHandler[Any, Any]],
    is_async: bool,
) -> grpc.GenericRpcHandler:
    """The handlers of a service, by its full name and the names of its methods in the .proto file.

    A server of the other kind that asks for one of them gets TypeError, which it logs. A `grpc.server()` would take the
    coroutine of the method for the response; a `grpc.aio.server()` has contexts for threads that miss much.
    """
    if not _classes:
        _classes.append(_service_handler_class())
    handler: grpc.GenericRpcHandler = _classes[0](service_name, method_handlers, is_async)
    return handler


def _service_handler_class() -> type[Any]:
    """Made when it is first used: its base is grpc's, which is imported then."""

    class ServiceHandler(grpc.ServiceRpcHandler):  # type: ignore[misc, unused-ignore]
        def __init__(self, name: str, handlers: Mapping[str, Any], is_async: bool) -> None:
            self._name = name
            self._is_wrong = asks_a_server_of_threads if is_async else asks_a_server_of_asyncio
            self._why = ASYNC_ON_THREADS if is_async else SYNC_ON_A_LOOP
            self._handlers = {f"/{name}/{method}": it for method, it in handlers.items()}

        def service_name(self) -> str:
            return self._name

        def service(self, handler_call_details: Any) -> Any:
            handler = self._handlers.get(handler_call_details.method)
            if handler is not None and self._is_wrong(handler_call_details):
                raise TypeError(f"{self._name} {self._why}")
            return handler

    return ServiceHandler
