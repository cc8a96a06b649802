"""Real servers on loopback sockets, and channels to them, for the tests of clients and servers.

In: services built on generated bases. Out: the port that each listens on, chosen by the system, and
generated stubs connected to it. Everything is stopped and closed when the test ends.
"""

from __future__ import annotations

import asyncio
import importlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import grpc
import grpclib.client
import grpclib.server
import pytest

from tests.python.grpc.waiting import close_server

Serve = Callable[..., Awaitable[int]]
ServeToStop = Callable[..., Awaitable[tuple[int, Callable[[], Awaitable[None]]]]]
Connect = Callable[..., Any]
MakeEcho = Callable[[str], Any]


class Echo:
    """What the service of example.proto does in most tests; names of requests select the rest.

    `stop` ends the handler before the request stream is at its end, `fail` raises ValueError, `wait`
    waits until the call is cancelled. `events` tells which `finally` blocks have run.
    """

    lib: Any

    def __init__(self) -> None:
        self.events: list[str] = []
        self.waiting = asyncio.Event()

    async def my_rpc(self, message: Any) -> Any:
        await self._act_on(message.name)
        return self.lib.Response(names=[message.name])

    async def upload(self, messages: AsyncIterator[Any]) -> Any:
        names: list[str] = []
        async for message in messages:
            if message.name == "stop":
                break
            await self._act_on(message.name)
            names.append(message.name)
        return self.lib.Response(names=names)

    async def versions(self, message: Any) -> AsyncIterator[Any]:
        try:
            for version in range(1, 4):
                yield self.lib.VersionResponse(name=message.name, version=version)
            await self._act_on(message.name)
        finally:
            self.events.append("versions closed")

    async def chat(self, messages: AsyncIterator[Any]) -> AsyncIterator[Any]:
        version = 0
        try:
            async for message in messages:
                if message.name == "stop":
                    break
                await self._act_on(message.name)
                version += 1
                yield self.lib.VersionResponse(name=message.name, version=version)
        finally:
            self.events.append("chat closed")

    async def _act_on(self, name: str) -> None:
        if name == "fail":
            raise ValueError("asked to fail")
        if name == "wait":
            self.waiting.set()
            try:
                await asyncio.Event().wait()
            finally:
                self.events.append("wait ended")


@pytest.fixture
async def closing() -> AsyncIterator[AsyncExitStack]:
    """What the other fixtures open, closed in reverse order."""
    async with AsyncExitStack() as stack:
        yield stack


@pytest.fixture
def echo_service() -> MakeEcho:
    """Makes an `Echo` on the server base of a transport's tree."""

    def make(transport: str) -> Any:
        lib = importlib.import_module(f"trees.{transport}.example")
        return type("MyService", (Echo, lib.MyServiceBase), {"lib": lib})()

    return make


@pytest.fixture
def serve_to_stop(closing: AsyncExitStack) -> ServeToStop:
    """Starts a server with the service on the transport of its base; gives its port, and what stops it without grace.

    Options are grpc.aio's.
    """

    async def start(service: Any, **options: Any) -> tuple[int, Callable[[], Awaitable[None]]]:
        if hasattr(service, "_grpcio_rpc_handler"):
            aio_server = grpc.aio.server(**options)
            aio_server.add_generic_rpc_handlers((service._grpcio_rpc_handler(),))
            port = aio_server.add_insecure_port("127.0.0.1:0")
            await aio_server.start()
            closing.push_async_callback(aio_server.stop, None)
            return int(port), lambda: aio_server.stop(None)
        listener = socket.create_server(("127.0.0.1", 0))
        server = grpclib.server.Server([service])
        await server.start(sock=listener)

        async def close() -> None:
            server.close()

        closing.push_async_callback(close_server, server)
        return int(listener.getsockname()[1]), close

    return start


@pytest.fixture
def serve(serve_to_stop: ServeToStop) -> Serve:
    """The same for a server that runs until the end of the test; gives its port alone."""

    async def start(service: Any, **options: Any) -> int:
        return (await serve_to_stop(service, **options))[0]

    return start


@pytest.fixture
def connect(closing: AsyncExitStack) -> Connect:
    """A generated asyncio stub of a transport, connected to a port; options go to its constructor."""

    async def open_channel(transport: str, port: int, **options: Any) -> Any:
        lib = importlib.import_module(f"trees.{transport}.example")
        channel: Any
        if transport == "grpcio":
            channel = await closing.enter_async_context(
                grpc.aio.insecure_channel(f"127.0.0.1:{port}")
            )
            return lib.MyServiceAsyncStub(channel, **options)
        channel = await closing.enter_async_context(grpclib.client.Channel("127.0.0.1", port))
        return lib.MyServiceStub(channel, **options)

    return open_channel


@pytest.fixture(params=["grpcio", "grpclib"])
def client_transport(request: pytest.FixtureRequest) -> str:
    """The transport of the asyncio client."""
    return str(request.param)


@pytest.fixture(params=["grpcio", "grpclib"])
def server_transport(request: pytest.FixtureRequest) -> str:
    """The transport of the server."""
    return str(request.param)
