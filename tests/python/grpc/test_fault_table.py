"""The tables of docs/guide/grpc-faults.md: each fault is provoked, and what client and method saw is what the tables say.

`ARISTAPROTO_BLESS=1` writes them instead.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest
from aristaproto.grpcio import add_to_server
from aristaproto.rpc import Code, StatusError
from aristaproto.testing import connect
from grpclib.const import Cardinality
from grpclib.exceptions import GRPCError
from grpclib.server import Server

from tests.python.grpc.raw_server import Answer, frame, raw_server

GUIDE = Path(__file__).parents[3] / "docs" / "guide" / "grpc-faults.md"
TRANSPORTS = ("grpc", "grpc.aio", "grpclib")
LONG = 20
"""Seconds that nothing here takes."""


class Seen:
    """What a method saw of a fault."""

    def __init__(self) -> None:
        self.what = ""
        self.begun = threading.Event()
        self.ended = threading.Event()

    def note(self, what: object) -> None:
        self.what = what if isinstance(what, str) else f"`{type(what).__name__}`"
        self.ended.set()


class Side:
    """The classes of a transport, its service, and calls of its stub as coroutines."""

    def __init__(self, transport: str) -> None:
        self.transport = transport
        tree = {"grpc": "no_default", "grpc.aio": "grpcio", "grpclib": "grpclib"}[transport]
        self.lib: Any = importlib.import_module(f"trees.{tree}.example")
        self.stub: Any = {
            "grpc": "MyServiceSyncStub",
            "grpc.aio": "MyServiceAsyncStub",
            "grpclib": "MyServiceStub",
        }[transport]
        self.stub = getattr(self.lib, self.stub)
        self.seen = Seen()

    def service(self) -> Any:
        return _threads(self) if self.transport == "grpc" else _async(self)

    def answer(self, name: str) -> Any:
        """What `my_rpc` answers with, or raises."""
        if name == "raise":
            raise ValueError("a fault of the method")
        if name == "status":
            raise StatusError(Code.NOT_FOUND, "no such name")
        return self.lib.Request() if name == "wrong" else self.lib.Response(names=[name])

    async def call(self, stub: Any, kind: str, argument: Any, **options: Any) -> Any:
        """All that a call gives; raises what it raises."""
        method = getattr(stub, kind)
        if self.transport == "grpc":

            def run() -> Any:
                answer = method(argument, **options)
                return list(answer) if kind in ("versions", "chat") else answer

            return await asyncio.to_thread(run)
        if kind in ("versions", "chat"):
            return [it async for it in method(argument, **options)]
        return await method(argument, **options)

    async def close_responses(self, stub: Any) -> None:
        """Takes one response of many, and no more."""
        responses = stub.versions(self.lib.VersionRequest(name="many"))
        if self.transport == "grpc":
            await asyncio.to_thread(next, responses)
            responses.cancel()
        else:
            await anext(responses)
            await responses.aclose()


def _threads(side: Side) -> Any:
    lib, seen = side.lib, side.seen

    class Service(lib.MyServiceSyncBase):  # type: ignore[misc, name-defined, unused-ignore]
        def my_rpc(self, message: Any) -> Any:
            if message.name != "wait":
                return side.answer(message.name)
            seen.begun.set()
            told = threading.Event()
            self._grpcio_context.add_callback(told.set)
            if told.wait(LONG) and not self._grpcio_context.is_active():
                seen.note("`is_active()` is False")
            return lib.Response()

        def upload(self, messages: Iterator[Any]) -> Any:
            try:
                for _ in messages:
                    seen.begun.set()
            except Exception as error:
                seen.note(error)
                raise
            return lib.Response()

        def versions(self, message: Any) -> Iterator[Any]:
            try:
                while True:
                    yield lib.VersionResponse(name="x" * 10_000)
            except GeneratorExit as error:
                seen.note(error)
                raise

    return Service()


def _async(side: Side) -> Any:
    lib, seen = side.lib, side.seen

    class Service(lib.MyServiceBase):  # type: ignore[misc, name-defined, unused-ignore]
        async def my_rpc(self, message: Any) -> Any:
            if message.name != "wait":
                return side.answer(message.name)
            seen.begun.set()
            try:
                await asyncio.sleep(LONG)
            except BaseException as error:
                seen.note(error)
                raise

        async def upload(self, messages: AsyncIterator[Any]) -> Any:
            try:
                async for _ in messages:
                    seen.begun.set()
            except BaseException as error:
                seen.note(error)
                raise
            return lib.Response()

        async def versions(self, message: Any) -> AsyncIterator[Any]:
            try:
                while True:
                    yield lib.VersionResponse(name="x" * 10_000)
            except BaseException as error:
                seen.note(error)
                raise

    return Service()


def told(error: BaseException) -> str:
    """An exception as the table names it."""
    if isinstance(error, grpc.RpcError):
        failed: Any = error
        kind = "AioRpcError" if isinstance(error, grpc.aio.AioRpcError) else "RpcError"
        return f"`{kind}` {failed.code().name}"
    if isinstance(error, GRPCError):
        return f"`GRPCError` {error.status.name}"
    if isinstance(error, asyncio.TimeoutError):
        return "`asyncio.TimeoutError`"
    return "`OSError`" if isinstance(error, OSError) else f"`{type(error).__name__}`"


async def outcome(call: Awaitable[Any]) -> str:
    try:
        await asyncio.wait_for(call, LONG)
    except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - the table names it
        return told(error)
    return "the response"


Fault = Callable[[Side, Any], Awaitable[str]]


async def raises(side: Side, stub: Any) -> str:
    return await outcome(side.call(stub, "my_rpc", side.lib.Request(name="raise")))


async def status(side: Side, stub: Any) -> str:
    return await outcome(side.call(stub, "my_rpc", side.lib.Request(name="status")))


async def wrong_response(side: Side, stub: Any) -> str:
    return await outcome(side.call(stub, "my_rpc", side.lib.Request(name="wrong")))


async def not_written(side: Side, stub: Any) -> str:
    return await outcome(side.call(stub, "chat", [side.lib.VersionRequest()]))


async def deadline(side: Side, stub: Any) -> str:
    request = side.lib.Request(name="wait")
    return await outcome(side.call(stub, "my_rpc", request, timeout=0.3))


async def cancelled(side: Side, stub: Any) -> str:
    request = side.lib.Request(name="wait")
    if side.transport == "grpc":
        # A unary call of a synchronous stub blocks its thread; whoever wants to cancel has a future.
        multi_callable: Any = stub._channel.unary_unary(
            "/example.MyService/MyRPC",
            side.lib.Request.SerializeToString,
            side.lib.Response.FromString,
        )
        future = multi_callable.future(request)
        await asyncio.to_thread(side.seen.begun.wait, LONG)
        future.cancel()
        return await outcome(asyncio.to_thread(future.result))
    task = asyncio.create_task(side.call(stub, "my_rpc", request))
    await asyncio.to_thread(side.seen.begun.wait, LONG)
    task.cancel()
    return await outcome(task)


async def closed(side: Side, stub: Any) -> str:
    await side.close_responses(stub)
    return "nothing"


async def producer_fails(side: Side, stub: Any) -> str:
    def requests() -> Iterator[Any]:
        yield side.lib.Request()
        side.seen.begun.wait(LONG)
        raise LookupError("a fault of the producer")

    async def slowly() -> AsyncIterator[Any]:
        yield side.lib.Request()
        await asyncio.to_thread(side.seen.begun.wait, LONG)
        raise LookupError("a fault of the producer")

    producer: Any = requests() if side.transport == "grpc" else slowly()
    return await outcome(side.call(stub, "upload", producer))


async def wrong_request(side: Side, stub: Any) -> str:
    return await outcome(side.call(stub, "my_rpc", side.lib.VersionRequest()))


async def unencodable(side: Side, stub: Any) -> str:
    request: Any = side.lib.Request()
    request.name = 5
    return await outcome(side.call(stub, "my_rpc", request))


class Raw:
    """Bytes as a message of google.protobuf is sent."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def SerializeToString(self) -> bytes:
        return self._data

    @classmethod
    def FromString(cls, data: bytes) -> Raw:
        return cls(data)


async def undecodable(side: Side, stub: Any) -> str:
    """A stub sends no such request, so that its channel has to."""
    requests = [Raw(bytes(side.lib.Request(name="a"))), Raw(b"\x0a\xff")]
    route, channel = "/example.MyService/Upload", stub._channel
    if side.transport == "grpc":
        method = channel.stream_unary(route, Raw.SerializeToString, Raw.FromString)
        return await outcome(asyncio.to_thread(method, iter(requests)))
    if side.transport == "grpc.aio":
        method = channel.stream_unary(route, Raw.SerializeToString, Raw.FromString)
        return await outcome(method(requests))

    async def call() -> object:
        async with channel.request(route, Cardinality.STREAM_UNARY, Raw, Raw) as stream:
            for index, request in enumerate(requests, 1):
                await stream.send_message(request, end=index == len(requests))
            response: object = await stream.recv_message()
            return response

    return await outcome(call())


WITH_A_SERVICE: dict[str, Fault] = {
    "the method raises an exception": raises,
    "the method raises `StatusError(Code.NOT_FOUND)`": status,
    "the method gives back something else than its response": wrong_response,
    "the method is not written": not_written,
    "the deadline passes": deadline,
    "the client cancels": cancelled,
    "the client closes a stream of responses": closed,
    "the client's producer of requests raises `LookupError`": producer_fails,
    "a request of another class": wrong_request,
    "a request that cannot be encoded": unencodable,
    "a request of a stream does not decode": undecodable,
}
STOPPED = "the server stops, without grace"
IN_THE_METHOD = (
    "the deadline passes",
    "the client cancels",
    "the client closes a stream of responses",
    "the client's producer of requests raises `LookupError`",
    "a request of a stream does not decode",
)
ANSWERS = {
    "the response does not decode": Answer(data=frame(b"\x0a\xff")),
    "the status OK without a response": Answer(),
    "the connection closes before the status": Answer(data=frame(b""), status=None, close=True),
}


async def observe(transport: str) -> tuple[dict[str, str], dict[str, str]]:
    """What the client got of each fault, and what the method saw."""
    client: dict[str, str] = {}
    method: dict[str, str] = {}
    for fault, provoke in WITH_A_SERVICE.items():
        side = Side(transport)
        served = side.service()
        if transport == "grpc":
            connection: Any = connect(served, side.stub)
            stub = await asyncio.to_thread(connection.__enter__)
            client[fault] = await provoke(side, stub)
            await seen(fault, side, method)
            await asyncio.to_thread(connection.__exit__, None, None, None)
        else:
            async with connect(served, side.stub) as stub:
                client[fault] = await provoke(side, stub)
                await seen(fault, side, method)
    for fault, answer in ANSWERS.items():
        async with raw_server(answer) as port:
            client[fault] = await outcome(at_port(Side(transport), port))
    side = Side(transport)
    port, stop = await start_server(side)
    request = side.lib.Request(name="wait")
    call = asyncio.create_task(outcome(at_port(side, port, request)))
    assert await asyncio.to_thread(side.seen.begun.wait, LONG)
    await stop()
    client[STOPPED] = await call
    assert await asyncio.to_thread(side.seen.ended.wait, LONG), (STOPPED, transport)
    method[STOPPED] = side.seen.what
    side = Side(transport)
    async with raw_server(Answer()) as port:
        pass
    client["nothing listens"] = await outcome(at_port(side, port))
    return client, method


async def seen(fault: str, side: Side, method: dict[str, str]) -> None:
    if fault in IN_THE_METHOD:
        assert await asyncio.to_thread(side.seen.ended.wait, LONG), (fault, side.transport)
        method[fault] = side.seen.what


async def start_server(side: Side) -> tuple[int, Callable[[], Awaitable[None]]]:
    """A server with the service: its port, and what stops it."""
    if side.transport == "grpclib":
        listener = socket.create_server(("127.0.0.1", 0))
        lib_server = Server([side.service()])
        await lib_server.start(sock=listener)

        async def close() -> None:
            lib_server.close()
            await lib_server.wait_closed()

        return listener.getsockname()[1], close
    server: Any = (
        grpc.server(ThreadPoolExecutor(2)) if side.transport == "grpc" else grpc.aio.server()
    )
    add_to_server(side.service(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    if side.transport == "grpc":
        server.start()
    else:
        await server.start()

    async def stop() -> None:
        stopping = server.stop(None)
        if side.transport == "grpc.aio":
            await stopping

    return port, stop


async def at_port(side: Side, port: int, request: Any = None) -> Any:
    """A unary call to a server that `connect` does not know."""
    if request is None:
        request = side.lib.Request(name="a")
    if side.transport == "grpc":
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            return await side.call(side.stub(channel), "my_rpc", request)
    if side.transport == "grpc.aio":
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as aio_channel:
            return await side.call(side.stub(aio_channel), "my_rpc", request)
    from grpclib.client import Channel

    async with Channel("127.0.0.1", port) as lib_channel:
        return await side.call(side.stub(lib_channel), "my_rpc", request)


def table(observed: dict[str, dict[str, str]]) -> str:
    """A Markdown table, given for each transport what it saw of each fault."""
    lines = [f"| | {' | '.join(TRANSPORTS)} |", "|---" * (len(TRANSPORTS) + 1) + "|"]
    for fault in observed[TRANSPORTS[0]]:
        cells = [fault, *(observed[transport][fault] for transport in TRANSPORTS)]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


async def test_the_tables_say_what_happens() -> None:
    observed = {transport: await observe(transport) for transport in TRANSPORTS}
    tables = [table({name: seen[index] for name, seen in observed.items()}) for index in (0, 1)]
    text = GUIDE.read_text(encoding="utf-8")
    parts = text.split("<!-- table -->\n")
    assert len(parts) == 5, "the guide has two tables, each between two marks"
    if os.environ.get("ARISTAPROTO_BLESS"):
        parts[1], parts[3] = tables
        GUIDE.write_text("<!-- table -->\n".join(parts), encoding="utf-8")
        return
    assert [parts[1], parts[3]] == tables


@pytest.mark.parametrize("server", TRANSPORTS)
@pytest.mark.parametrize("client", TRANSPORTS)
async def test_a_server_of_another_transport_is_no_different(client: str, server: str) -> None:
    rows = GUIDE.read_text(encoding="utf-8").splitlines()
    column = TRANSPORTS.index(client) + 1
    expected = {
        cells[0]: cells[column]
        for cells in (row.strip("| ").split(" | ") for row in rows)
        if len(cells) == len(TRANSPORTS) + 1
    }
    side, other = Side(client), Side(server)
    faults = list(WITH_A_SERVICE)[:4]
    if client == "grpc":
        connection: Any = connect(other.service(), side.stub)
        stub = await asyncio.to_thread(connection.__enter__)
        seen = {fault: await WITH_A_SERVICE[fault](side, stub) for fault in faults}
        await asyncio.to_thread(connection.__exit__, None, None, None)
    else:
        async with connect(other.service(), side.stub) as stub:
            seen = {fault: await WITH_A_SERVICE[fault](side, stub) for fault in faults}
    assert seen == {fault: expected[fault] for fault in faults}
