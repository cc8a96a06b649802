"""Keepalive, as docs/guide/grpc-recipes.md sets it: what it is for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import grpc
import grpclib.client
import pytest
from grpclib.config import Configuration
from grpclib.const import Status
from grpclib.exceptions import GRPCError
from trees.grpcio import example
from trees.grpclib import example as grpclib_example

# An empty SETTINGS frame, with which a server of HTTP/2 begins.
SETTINGS = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"


@asynccontextmanager
async def server_that_goes() -> AsyncGenerator[int, None]:
    """The port of a server that greets and is never heard of again."""
    opened: list[asyncio.StreamWriter] = []

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        opened.append(writer)
        writer.write(SETTINGS)
        while await reader.read(4096):
            pass
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()
    await asyncio.wait_for(asyncio.gather(*(it.wait_closed() for it in opened)), 5)


async def test_keepalive_ends_calls_on_a_dead_connection() -> None:
    options = [
        ("grpc.keepalive_time_ms", 500),
        ("grpc.keepalive_timeout_ms", 500),
        ("grpc.http2.ping_timeout_ms", 500),
    ]
    async with (
        server_that_goes() as port,
        grpc.aio.insecure_channel(f"127.0.0.1:{port}", options=options) as channel,
    ):
        client = example.MyServiceAsyncStub(channel)
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await asyncio.wait_for(client.my_rpc(example.Request()), 20)
    assert raised.value.code() is grpc.StatusCode.UNAVAILABLE
    assert "ping timeout" in str(raised.value.details())


async def test_keepalive_of_grpclib_ends_calls_on_a_dead_connection() -> None:
    config = Configuration(_keepalive_time=0.5, _keepalive_timeout=0.5)
    async with (
        server_that_goes() as port,
        grpclib.client.Channel("127.0.0.1", port, config=config) as channel,
    ):
        client = grpclib_example.MyServiceStub(channel)
        with pytest.raises(GRPCError) as raised:
            await asyncio.wait_for(client.my_rpc(grpclib_example.Request()), 20)
    assert raised.value.status is Status.UNAVAILABLE
