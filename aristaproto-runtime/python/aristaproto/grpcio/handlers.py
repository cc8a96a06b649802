"""The handlers of an asynchronous service, which say so when they are on a server of threads."""

from __future__ import annotations

from .internals import asks_a_server_of_threads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    import grpc  # type: ignore[import-untyped, unused-ignore]
else:
    from .deferred import grpc

__all__ = ("WRONG_SERVER", "async_service_handler")

WRONG_SERVER = (
    "is an asynchronous service, and grpc.server() runs synchronous ones: add it to a grpc.aio.server(), or generate bases "
    "with server_generation=sync (or sync_async) and write its methods without async"
)

_classes: list[type[Any]] = []


def async_service_handler(
    service_name: str, method_handlers: Mapping[str, grpc.RpcMethodHandler[Any, Any]]
) -> grpc.GenericRpcHandler:
    """The handlers of a service, by its full name and the names of its methods in the .proto file.

    A `grpc.server()` that asks for one of them gets TypeError, which it logs; it would take the coroutine of the method for
    the response.
    """
    if not _classes:
        _classes.append(_service_handler_class())
    handler: grpc.GenericRpcHandler = _classes[0](service_name, method_handlers)
    return handler


def _service_handler_class() -> type[Any]:
    """Made when it is first used: its base is grpc's, which is imported then."""

    class ServiceHandler(grpc.ServiceRpcHandler):  # type: ignore[misc, unused-ignore]
        def __init__(self, name: str, handlers: Mapping[str, Any]) -> None:
            self._name = name
            self._handlers = {f"/{name}/{method}": it for method, it in handlers.items()}

        def service_name(self) -> str:
            return self._name

        def service(self, handler_call_details: Any) -> Any:
            handler = self._handlers.get(handler_call_details.method)
            if handler is not None and asks_a_server_of_threads(handler_call_details):
                raise TypeError(f"{self._name} {WRONG_SERVER}")
            return handler

    return ServiceHandler
