"""Reflection and health for servers of grpcio, of either kind.

`aristaproto.grpcio` imports it when one of the two is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..builtin.health import HealthService, ServingStatus
from ..builtin.reflection import ReflectionService
from ..builtin.service import BuiltinService, Rpc
from ..rpc_services import Served, generated_bases
from .deferred import grpc
from .grpcio_async_server import ServiceBase
from .grpcio_sync_server import SyncServiceBase
from .servers import RuntimeService, current_sync_context

if TYPE_CHECKING:
    from collections.abc import Iterable

    Service = ServiceBase | SyncServiceBase | BuiltinService

__all__ = ("Health", "Reflection", "ServingStatus", "health", "reflection")


class _Handlers(BuiltinService, RuntimeService):
    """A service of the runtime that `add_to_server` takes."""

    def grpcio_handlers(self, is_async: bool) -> list[Any]:
        base: Any = ServiceBase() if is_async else SyncServiceBase()
        methods: dict[str, dict[str, Any]] = {}
        for rpc in self.rpcs():
            maker = getattr(base, f"_grpcio_{rpc.kind}_rpc_method_handler")
            method = rpc.in_loop if is_async else _in_thread(rpc)
            handler = maker(method, rpc.request_type, rpc.response_type)
            methods.setdefault(rpc.service, {})[rpc.name] = handler
        return [base._grpcio_generic_rpc_handler(name, found) for name, found in methods.items()]


def _in_thread(rpc: Rpc) -> Any:
    def method(request: Any) -> Any:
        return rpc.in_thread(request, current_sync_context().add_callback)

    return method


class Health(HealthService, _Handlers):
    """The health service for a server of grpcio; `add_to_server` takes it. Made by `health`."""


class Reflection(ReflectionService, _Handlers):
    """The reflection service for a server of grpcio; `add_to_server` takes it. Made by `reflection`."""


def health(*services: Service | str) -> Health:
    """The health service (grpc.health.v1), for `add_to_server`.

    The server as a whole, whose name is empty, and the services that are given begin as SERVING; `set` changes that. On a
    `grpc.server()` each client that watches holds a thread.
    <https://grpc.io/docs/guides/health-checking/>

    Args:
        services: The services of the server, or their full names.
    """
    names: list[str] = []
    for service in services:
        names.extend([service] if isinstance(service, str) else _names(service))
    return Health(names)


def reflection(*services: Service) -> Reflection:
    """The reflection service (v1 and v1alpha), for `add_to_server`: lets grpcurl, `buf curl` and others call the services.

    <https://grpc.io/docs/guides/reflection/>

    Args:
        services: The services of the server, that of `health` included.

    Raises:
        LookupError: A service has no descriptors.
        TypeError: An argument is no service.
    """
    return Reflection(it for service in services for it in served(service))


def _names(service: Service) -> Iterable[str]:
    return (it.full_name for it in served(service))


def served(service: Any) -> list[Served]:
    """The services that an object serves. TypeError if it is no service."""
    if isinstance(service, BuiltinService):
        return service.served()
    bases = generated_bases(service.__class__, "_grpcio_rpc_handler")
    if not bases:
        raise TypeError(
            f"expected an object of a class that extends a generated base, got {service!r}"
        )
    found: list[Served] = []
    for base in bases:
        handler: Any = base._grpcio_rpc_handler(service)
        if not isinstance(handler, grpc.ServiceRpcHandler):
            raise TypeError(f"the handler of {base.__name__} does not tell the name of its service")
        found.append(Served(handler.service_name(), _module(base)))
    return found


def _module(base: type[Any]) -> str:
    """The module of the generated class: the last one that defines the handler."""
    defining = [it for it in base.__mro__ if "_grpcio_rpc_handler" in it.__dict__]
    return str(defining[-1].__module__)
