"""A real `buf curl` calls servers of each kind, which it knows through reflection alone.

Called by the step `buf` of `cargo xtask test`: `python curl.py BUF`, with the trees of the Python tests on the path. Prints
one line for each server; an error ends the program.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor

import aristaproto.grpcio
import aristaproto.grpclib
import grpc
from grpclib.server import Server
from trees.grpcio import example as aio
from trees.grpclib import example as lib
from trees.no_default import example as threads

BUF = sys.argv[1]


class AioService(aio.MyServiceBase):
    async def my_rpc(self, message: aio.Request) -> aio.Response:
        return aio.Response(names=[message.name])

    async def chat(
        self, messages: AsyncIterator[aio.VersionRequest]
    ) -> AsyncIterator[aio.VersionResponse]:
        async for message in messages:
            yield aio.VersionResponse(name=message.name, version=1)


class LibService(lib.MyServiceBase):
    async def my_rpc(self, message: lib.Request) -> lib.Response:
        return lib.Response(names=[message.name])

    async def chat(
        self, messages: AsyncIterator[lib.VersionRequest]
    ) -> AsyncIterator[lib.VersionResponse]:
        async for message in messages:
            yield lib.VersionResponse(name=message.name, version=1)


class ThreadService(threads.MyServiceSyncBase):
    def my_rpc(self, message: threads.Request) -> threads.Response:
        return threads.Response(names=[message.name])

    def chat(self, messages: Iterator[threads.VersionRequest]) -> Iterator[threads.VersionResponse]:
        for message in messages:
            yield threads.VersionResponse(name=message.name, version=1)


async def buf(port: int, path: str, protocol: str, data: str) -> list[object]:
    """The responses to a call, as JSON values."""
    process = await asyncio.create_subprocess_exec(
        BUF,
        "curl",
        "--protocol=grpc",
        "--http2-prior-knowledge",
        f"--reflect-protocol={protocol}",
        f"--data={data}",
        f"http://127.0.0.1:{port}/{path}",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, error = await asyncio.wait_for(process.communicate(), 60)
    if process.returncode:
        raise SystemExit(f"buf curl {path}: {error.decode()}")
    found: list[object] = []
    decoder, text = json.JSONDecoder(), out.decode().strip()
    while text:
        value, end = decoder.raw_decode(text)
        found.append(value)
        text = text[end:].strip()
    return found


async def check(kind: str, port: int) -> None:
    for protocol in ("grpc-v1", "grpc-v1alpha"):
        answers = await buf(port, "example.MyService/MyRPC", protocol, '{"name": "hello"}')
        assert answers == [{"names": ["hello"]}], answers
    answers = await buf(port, "example.MyService/Chat", "grpc-v1", '{"name": "a"}{"name": "b"}')
    assert answers == [{"name": "a", "version": 1}, {"name": "b", "version": 1}], answers
    answers = await buf(
        port, "grpc.health.v1.Health/Check", "grpc-v1", '{"service": "example.MyService"}'
    )
    assert answers == [{"status": "SERVING"}], answers
    print(f"buf curl calls {kind} through reflection")


async def main() -> None:
    service = AioService()
    health = aristaproto.grpcio.health(service)
    reflection = aristaproto.grpcio.reflection(service, health)
    server = grpc.aio.server()
    aristaproto.grpcio.add_to_server([service, health, reflection], server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    await check("grpc.aio", port)
    await server.stop(None)

    in_threads = ThreadService()
    health = aristaproto.grpcio.health(in_threads)
    reflection = aristaproto.grpcio.reflection(in_threads, health)
    sync_server = grpc.server(ThreadPoolExecutor(4))
    aristaproto.grpcio.add_to_server([in_threads, health, reflection], sync_server)
    port = sync_server.add_insecure_port("127.0.0.1:0")
    sync_server.start()
    await check("grpc.server", port)
    sync_server.stop(None)

    on_grpclib = LibService()
    lib_health = aristaproto.grpclib.health(on_grpclib)
    lib_reflection = aristaproto.grpclib.reflection(on_grpclib, lib_health)
    listener = socket.create_server(("127.0.0.1", 0))
    async with Server([on_grpclib, lib_health, lib_reflection]) as lib_server:
        await lib_server.start(sock=listener)
        await check("grpclib", listener.getsockname()[1])


asyncio.run(main())
