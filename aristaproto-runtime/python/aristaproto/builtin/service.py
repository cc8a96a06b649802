"""What a service of the runtime is: its methods, once for threads and once for event loops.

In: nothing. Out: `Rpc`s, of which each transport makes its handlers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from ..model.message import Message
from ..rpc_services import Served

__all__ = ("AddCallback", "BuiltinService", "Rpc")

AddCallback = Callable[[Callable[[], None]], object]
"""Registers what is called when the call ends, as `grpc.ServicerContext.add_callback` does."""


class Rpc(NamedTuple):
    """A method of a service."""

    service: str
    """Full name of the service."""
    name: str
    kind: str
    """`unary_unary` or another of the four kinds, as in the names of the bases' handler makers."""
    in_thread: Callable[[Any, AddCallback], Any]
    """The method for a server of threads. Its second argument registers what is called when the call ends."""
    in_loop: Callable[[Any], Any]
    """The method for a server on an event loop."""
    request_type: type[Message]
    response_type: type[Message]


class BuiltinService:
    """Base of the services of the runtime, which go onto servers of either kind."""

    def rpcs(self) -> list[Rpc]:
        """The methods of all services of this object."""
        raise NotImplementedError

    def served(self) -> list[Served]:
        """The services of this object, for reflection."""
        raise NotImplementedError
