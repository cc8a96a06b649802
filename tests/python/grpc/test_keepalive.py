"""Keepalive, as docs/guide/grpc-recipes.md sets it: what it is for."""

from __future__ import annotations

import asyncio

import grpc
import pytest
from trees.grpcio import example

# An empty SETTINGS frame, with which a server of HTTP/2 begins.
SETTINGS = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"


async def test_keepalive_ends_calls_on_a_dead_connection() -> None:
    """The server greets and is never heard of again."""
    opened: list[asyncio.StreamWriter] = []

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        opened.append(writer)
        writer.write(SETTINGS)
        while await reader.read(4096):
            pass
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    options = [
        ("grpc.keepalive_time_ms", 500),
        ("grpc.keepalive_timeout_ms", 500),
        ("grpc.http2.ping_timeout_ms", 500),
    ]
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}", options=options) as channel:
        client = example.MyServiceAsyncStub(channel)
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await asyncio.wait_for(client.my_rpc(example.Request()), 20)
    assert raised.value.code() is grpc.StatusCode.UNAVAILABLE
    assert "ping timeout" in str(raised.value.details())
    server.close()
    await asyncio.wait_for(asyncio.gather(*(it.wait_closed() for it in opened)), 5)
