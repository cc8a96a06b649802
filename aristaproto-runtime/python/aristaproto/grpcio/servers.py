"""What both kinds of grpcio server share: services are registered, and the context of a request is found.

In: services built on generated bases, a server. Functions rather than methods of the bases, whose names belong to the
methods of the proto files.
"""

from __future__ import annotations

from ..rpc_services import generated_bases
from .grpcio_async_server import ServiceBase
from .grpcio_async_server import (
    _servicer_context as _async_context,  # pyright: ignore[reportPrivateUsage]
)
from .grpcio_sync_server import SyncServiceBase
from .grpcio_sync_server import servicer_context as _sync_context
from .handlers import ASYNC_ON_THREADS, SYNC_ON_A_LOOP

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, TypeAlias

    import grpc  # type: ignore[import-untyped, unused-ignore]
    from grpc import aio
else:
    from .deferred import aio, grpc

__all__ = ("RuntimeService", "add_to_server", "current_context", "current_sync_context")


class RuntimeService:
    """A service of the runtime, which goes onto servers of either kind."""

    def grpcio_handlers(self, is_async: bool) -> list[Any]:
        """The handlers of its services."""
        raise NotImplementedError


if TYPE_CHECKING:
    Service: TypeAlias = ServiceBase | SyncServiceBase | RuntimeService


def add_to_server(service: Service | Iterable[Service], server: aio.Server | grpc.Server) -> None:
    """Make a server answer the calls of one or several services.

    Args:
        service: An object of a class that extends a generated base, what `health` or `reflection` gave, or several of these. A class that extends the bases
            of several services serves all of them.
        server: A server that has not started: `grpc.aio.server()` for asynchronous bases, `grpc.server(...)` for
            synchronous ones.

    Raises:
        TypeError: What was given is no such service, or belongs on the other kind of server.
        ValueError: Two objects serve one service, of which grpc would ask the first one only.
    """
    handlers: dict[str, Any] = {}
    for item in _several(service):
        for handler in _handlers(item, server):
            name = handler.service_name()
            if handlers.setdefault(name, handler) is not handler:
                raise ValueError(
                    f"two objects serve {name}, the second is a {type(item).__name__}: give one"
                )
    server.add_generic_rpc_handlers(tuple(handlers.values()))


def _several(service: Any) -> Any:
    is_one = hasattr(service, "_grpcio_rpc_handler") or not hasattr(service, "__iter__")
    return (service,) if is_one else service


def _handlers(service: Any, server: Any) -> list[Any]:
    """The generic handlers of a service, one for each generated base of its class."""
    if isinstance(service, RuntimeService):
        return service.grpcio_handlers(not isinstance(server, grpc.Server))
    bases = generated_bases(service.__class__, "_grpcio_rpc_handler")
    if isinstance(service, type) or not bases:
        raise TypeError(_no_service(service))
    name = type(service).__name__
    if isinstance(service, ServiceBase) and isinstance(server, grpc.Server):
        raise TypeError(f"{name} {ASYNC_ON_THREADS}")
    if isinstance(service, SyncServiceBase) and isinstance(server, aio.Server):
        raise TypeError(f"{name} {SYNC_ON_A_LOOP}")
    return [base._grpcio_rpc_handler(service) for base in bases]


def _no_service(service: Any) -> str:
    if isinstance(service, type):
        return f"expected a service, got the class {service.__name__}: write {service.__name__}()"
    if hasattr(service, "__mapping__"):
        return (
            f"{type(service).__name__} is a service for grpclib: give it to grpclib.server.Server([...]), or generate bases "
            "with server_async_transport=grpcio"
        )
    return (
        f"expected an object of a class that extends a generated base, got {type(service).__name__}: generate bases with "
        "server_generation=async,server_async_transport=grpcio or server_generation=sync"
    )


def current_context() -> aio.ServicerContext[Any, Any]:
    """The context of the request that the current task of a `grpc.aio` server serves: metadata, deadline, peer, status.

    Also inside of what the method awaits, and in tasks that it starts.
    <https://grpc.github.io/grpc/python/grpc_asyncio.html#grpc.aio.ServicerContext>

    Raises:
        RuntimeError: No method of a service is running.
    """
    context = _async_context.get(None)
    if context is None:
        hint = "" if _sync_context.get() is None else "; grpc.server() has current_sync_context()"
        raise RuntimeError(
            f"current_context() is there only while a grpc.aio server runs a method of a service{hint}"
        )
    return context


def current_sync_context() -> grpc.ServicerContext:
    """The context of the request that the current thread of a `grpc.server()` serves: metadata, deadline, peer, status.

    A thread that the method starts has it when it runs in `contextvars.copy_context()`.
    <https://grpc.github.io/grpc/python/grpc.html#grpc.ServicerContext>

    Raises:
        RuntimeError: No method of a service is running.
    """
    context = _sync_context.get()
    if context is None:
        hint = "" if _async_context.get(None) is None else "; grpc.aio has current_context()"
        raise RuntimeError(
            f"current_sync_context() is there only while a grpc.server() runs a method of a service{hint}"
        )
    return context
