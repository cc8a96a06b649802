"""Reflection and health for servers of grpclib.

`aristaproto.grpclib` imports it when one of the two is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..builtin.health import HealthService, ServingStatus
from ..builtin.reflection import ReflectionService
from ..builtin.service import BuiltinService
from ..rpc_services import Served
from .grpclib_async_server import ServiceBase

if TYPE_CHECKING:
    from grpclib.const import Handler

    Service = ServiceBase | BuiltinService

__all__ = ("Health", "Reflection", "ServingStatus", "health", "reflection")


class _Mapped(BuiltinService):
    """A service of the runtime that a grpclib server takes."""

    def __mapping__(self) -> dict[str, Handler]:
        base: Any = ServiceBase()
        return {
            f"/{rpc.service}/{rpc.name}": getattr(base, f"_grpclib_{rpc.kind}_rpc_method_handler")(
                rpc.in_loop, rpc.request_type, rpc.response_type
            )
            for rpc in self.rpcs()
        }


class Health(HealthService, _Mapped):
    """The health service for a grpclib server. Made by `health`."""


class Reflection(ReflectionService, _Mapped):
    """The reflection service for a grpclib server. Made by `reflection`."""


def health(*services: Service | str) -> Health:
    """The health service (grpc.health.v1), for `grpclib.server.Server([...])`.

    The server as a whole, whose name is empty, and the services that are given begin as SERVING; `set` changes that.
    <https://grpc.io/docs/guides/health-checking/>

    Args:
        services: The services of the server, or their full names.
    """
    names: list[str] = []
    for service in services:
        if isinstance(service, str):
            names.append(service)
        else:
            names.extend(it.full_name for it in served(service))
    return Health(names)


def reflection(*services: Service) -> Reflection:
    """The reflection service (v1 and v1alpha): lets grpcurl, `buf curl` and others call the services.

    <https://grpc.io/docs/guides/reflection/>

    Args:
        services: The services of the server, that of `health` included.

    Raises:
        LookupError: A service has no descriptors.
        TypeError: An argument is no service.
    """
    return Reflection(it for service in services for it in served(service))


def served(service: Any) -> list[Served]:
    """The services that an object serves. TypeError if it is no service."""
    if isinstance(service, BuiltinService):
        return service.served()
    if not isinstance(service, ServiceBase):
        raise TypeError(
            f"expected an object of a class that extends a generated base, got {service!r}"
        )
    modules: dict[str, str] = {}
    generated: Any
    for generated in type(service).__mro__:
        if "__mapping__" in generated.__dict__:
            for route in generated.__mapping__(service):
                # The last class that has the route is the generated one.
                modules[route[1:].rpartition("/")[0]] = generated.__module__
    return [Served(*item) for item in modules.items()]
