"""What `connect` and `context` do on grpclib."""

from __future__ import annotations

import asyncio
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from grpclib.client import Channel
from grpclib.metadata import Deadline
from grpclib.server import Server
from multidict import MultiDict

from ..grpclib.grpclib_async_server import using_stream

if TYPE_CHECKING:
    from collections.abc import Generator
    from contextlib import AsyncExitStack

    from .call import Call
    from .place import Place

__all__ = ("connect", "is_asynchronous_stub", "is_synchronous", "serve", "set_context")


def is_synchronous(services: list[Any]) -> bool:
    return False


def is_asynchronous_stub(stub: type[Any]) -> bool:
    return True


async def serve(services: list[Any], place: Place, closing: AsyncExitStack) -> None:
    server = _Server(services)
    if place.path is None:
        await server.start("127.0.0.1", 0)
        listening: Any = server
        place.port = listening._server.sockets[0].getsockname()[1]
    else:
        await server.start(path=place.path)
    closing.push_async_callback(server.stop)


class _Server(Server):
    """A server that ends its connections with itself, whatever keeps them open at the client's side."""

    def __init__(self, services: list[Any]) -> None:
        super().__init__(services)
        self._transports: list[Any] = []

    def _protocol_factory(self) -> Any:
        protocol: Any = super()._protocol_factory()
        connection_made = protocol.connection_made

        def keep(transport: Any) -> None:
            self._transports.append(transport)
            connection_made(transport)

        protocol.connection_made = keep
        return protocol

    async def stop(self) -> None:
        self.close()
        for transport in self._transports:
            transport.close()
        await self.wait_closed()
        # The transports close in the next turn of the loop.
        await asyncio.sleep(0)


async def connect(stub: Any, place: Place, options: dict[str, Any], closing: AsyncExitStack) -> Any:
    channel = Channel("127.0.0.1", place.port) if place.path is None else Channel(path=place.path)
    # The transport closes in the next turn of the loop.
    closing.push_async_callback(asyncio.sleep, 0)
    closing.callback(channel.close)
    return stub(channel, **options)


@contextmanager
def set_context(call: Call) -> Generator[None, None, None]:
    stream: Any = _Stream(call)
    with using_stream(stream):
        yield


_IP_ADDRESS = re.compile(r"ipv4:([^:]+):(\d+)|ipv6:\[(.+)\]:(\d+)")


class _Peer:
    def __init__(self, address: str) -> None:
        self._address = address

    def addr(self) -> tuple[str, int] | tuple[str, int, int, int] | str:
        """What a socket tells of an address that grpcio writes as `ipv4:127.0.0.1:1`, `ipv6:%5B::1%5D:1` or `unix:/path`."""
        address = unquote(self._address)
        if found := _IP_ADDRESS.fullmatch(address):
            v4, v4_port, v6, v6_port = found.groups()
            return (v4, int(v4_port)) if v4 else (v6, int(v6_port), 0, 0)
        kind, _, path = address.partition(":")
        if kind != "unix":
            raise ValueError(
                f"peer: expected ipv4:HOST:PORT, ipv6:[HOST]:PORT or unix:PATH, got {self._address!r}"
            )
        return path

    def cert(self) -> None:
        return None


class _Stream:
    """What of a stream a method may ask for."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self.metadata: MultiDict[str | bytes] = MultiDict(call.metadata)
        self.peer = _Peer(call.peer)
        self.user_agent: str | None = None

    @property
    def deadline(self) -> Deadline | None:
        remaining = self._call.time_remaining()
        return None if remaining is None else Deadline.from_timeout(remaining)

    async def send_initial_metadata(self, *, metadata: Any = ()) -> None:
        pairs = metadata.items() if hasattr(metadata, "items") else metadata or ()
        self._call.initial_metadata = tuple(pairs)
