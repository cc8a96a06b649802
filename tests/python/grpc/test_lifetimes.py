"""Producers, streams of requests and methods that are used twice, late, at once, or dropped: a right answer or an error, never
a call that waits for ever or requests that look complete and are not.
"""

from __future__ import annotations

import asyncio
import logging
import math
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import aristaproto.grpcio
import grpc
import grpclib.exceptions
import pytest
from grpclib.exceptions import StreamTerminatedError
from trees.no_default.example import (
    MyServiceSyncBase,
    MyServiceSyncStub,
    Request,
    Response,
    VersionRequest,
    VersionResponse,
)

from tests.python.grpc.test_faults import lib_of, responses_of, service, status_of

if TYPE_CHECKING:
    from tests.python.grpc.conftest import Connect, Serve

CALL_FAILED = (grpc.aio.AioRpcError, grpclib.exceptions.GRPCError)


class Outcome(BaseException):
    """What ends a test, or a task of another framework, and is no Exception."""


@pytest.fixture
async def lib(client_transport: str) -> Any:
    return lib_of(client_transport)


async def numbered(lib: Any, count: int, pause: float = 0.01) -> AsyncIterator[Any]:
    for number in range(count):
        yield lib.Request(name=str(number))
        await asyncio.sleep(pause)


async def names_of(requests: Any) -> list[str]:
    return [request.name async for request in requests]


@pytest.mark.parametrize("kind", ["my_rpc", "upload", "versions", "chat"])
async def test_method_that_ends_with_what_is_no_exception(
    client_transport: str,
    server_transport: str,
    serve: Serve,
    connect: Connect,
    lib: Any,
    kind: str,
) -> None:
    async def method(self: Any, request: Any) -> None:
        raise Outcome("skipped")

    client = await connect(client_transport, await serve(service(server_transport, method)))
    with pytest.raises(CALL_FAILED) as raised:
        await asyncio.wait_for(responses_of(client, lib, kind), 10)
    assert status_of(raised.value) == "UNKNOWN"


@pytest.mark.parametrize("how", ["answered", "cancelled"])
@pytest.mark.parametrize("when", ["waits", "asks later"])
async def test_requests_read_by_a_task_that_outlives_its_call(
    client_transport: str,
    server_transport: str,
    serve: Serve,
    connect: Connect,
    lib: Any,
    how: str,
    when: str,
) -> None:
    """The task gets an error; it neither waits for ever nor sees the end of the requests."""
    tasks: list[asyncio.Task[list[str]]] = []
    reading, call_ended = asyncio.Event(), asyncio.Event()

    async def read(requests: Any) -> list[str]:
        if when == "asks later":
            await call_ended.wait()
        return await names_of(requests)

    async def method(self: Any, requests: Any) -> None:
        await anext(requests)
        tasks.append(asyncio.ensure_future(read(requests)))
        await asyncio.sleep(0)
        reading.set()
        if how == "cancelled":
            await asyncio.Event().wait()

    async def requests() -> AsyncIterator[Any]:
        yield lib.Request(name="a")
        await asyncio.Event().wait()

    client = await connect(client_transport, await serve(service(server_transport, method)))
    call = asyncio.ensure_future(client.upload(requests()))
    await asyncio.wait_for(reading.wait(), 10)
    if how == "cancelled":
        call.cancel()
    await asyncio.wait([call], timeout=10)
    assert call.done()
    # The server hears of a cancellation a little later than the client.
    await asyncio.sleep(0.2)
    call_ended.set()
    await asyncio.wait(tasks, timeout=10)
    assert tasks[0].done()
    if tasks[0].cancelled():
        # What requests raise that were cut off, where the task saw their end before grpc.aio ended the call.
        assert (how, server_transport) == ("cancelled", "grpcio")
        return
    errors = (StreamTerminatedError, grpc.aio.UsageError, grpc.aio.AbortError)
    assert isinstance(tasks[0].exception(), errors)


async def test_method_that_goes_on_reading_after_its_cancellation(
    client_transport: str, server_transport: str, serve: Serve, connect: Connect, lib: Any
) -> None:
    """Each further read is an error, too."""
    ends: list[BaseException | None] = []
    ended = asyncio.Event()

    async def method(self: Any, requests: Any) -> None:
        for _ in range(3):
            try:
                await names_of(requests)
                ends.append(None)
            except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - looked at
                ends.append(error)
        ended.set()
        raise asyncio.CancelledError

    sent = asyncio.Event()

    async def requests() -> AsyncIterator[Any]:
        yield lib.Request(name="a")
        sent.set()
        await asyncio.Event().wait()

    client = await connect(client_transport, await serve(service(server_transport, method)))
    call = asyncio.ensure_future(client.upload(requests()))
    await asyncio.wait_for(sent.wait(), 10)
    await asyncio.sleep(0.1)
    call.cancel()
    await asyncio.wait_for(ended.wait(), 10)
    assert len(ends) == 3
    assert None not in ends


async def test_read_of_requests_that_was_cancelled(
    client_transport: str, server_transport: str, serve: Serve, connect: Connect, lib: Any
) -> None:
    """grpclib keeps the request for the next read. grpc loses it: that must not look like the end of the requests."""
    ends: list[Any] = []

    async def method(self: Any, requests: Any) -> None:
        names = [(await anext(requests)).name]
        waiting = asyncio.ensure_future(anext(requests))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])
        try:
            names += await names_of(requests)
        except RuntimeError as error:
            ends.append(str(error))
            raise
        ends.append(names)

    client = await connect(client_transport, await serve(service(server_transport, method)))
    call = asyncio.ensure_future(client.upload(numbered(lib, 4)))
    await asyncio.wait([call], timeout=10)
    if server_transport == "grpclib":
        assert ends == [["0", "1", "2", "3"]]
    else:
        assert "a read was cancelled" in ends[0]
        error = call.exception()
        assert error is not None
        assert status_of(error) == "UNKNOWN"


async def test_read_with_a_limited_time(
    server_transport: str, serve: Serve, connect: Connect
) -> None:
    """The way that the error above tells of loses nothing on either transport."""
    seen: list[str] = []

    async def method(self: Any, requests: Any) -> None:
        reading: asyncio.Future[Any] | None = None
        while True:
            reading = reading or asyncio.ensure_future(anext(requests))
            await asyncio.wait([reading], timeout=0.01)
            if not reading.done():
                continue
            try:
                seen.append(reading.result().name)
            except StopAsyncIteration:
                return
            reading = None

    lib = lib_of("grpcio")
    client = await connect("grpcio", await serve(service(server_transport, method)))
    await asyncio.wait_for(client.upload(numbered(lib, 4, pause=0.05)), 10)
    assert seen == ["0", "1", "2", "3"]


async def test_requests_read_by_two_tasks_at_once(
    client_transport: str, server_transport: str, serve: Serve, connect: Connect, lib: Any
) -> None:
    """No request gets lost, and no task sees an end that is none."""
    names: list[str] = []
    errors: list[str] = []

    async def method(self: Any, requests: Any) -> None:
        ends = await asyncio.gather(names_of(requests), names_of(requests), return_exceptions=True)
        for end in ends:
            if isinstance(end, BaseException):
                errors.append(str(end))
            else:
                names.extend(end)

    client = await connect(client_transport, await serve(service(server_transport, method)))
    await asyncio.wait_for(client.upload(numbered(lib, 6)), 10)
    assert sorted(names) == ["0", "1", "2", "3", "4", "5"]
    if server_transport == "grpcio":
        assert len(errors) == 1
        assert "read by another task" in errors[0]
    else:
        assert errors == []


class Producer:
    """An iterator of its own, which must hear that nobody will ask it for requests."""

    def __init__(self) -> None:
        self.closed = 0

    def __aiter__(self) -> Producer:
        return self

    async def __anext__(self) -> Any:
        raise AssertionError("the call has not started")

    async def aclose(self) -> None:
        self.closed += 1


@pytest.mark.parametrize("kind", ["upload", "chat"])
@pytest.mark.parametrize(
    "options", [{"metadata": {"A b": "x"}}, {"metadata": [("a", 7)]}, {"timeout": "1"}]
)
async def test_producer_of_a_call_that_cannot_start(
    client_transport: str, connect: Connect, lib: Any, kind: str, options: Any
) -> None:
    client = await connect(client_transport, 9)
    producer = Producer()
    with pytest.raises((TypeError, ValueError)):
        await responses_of(client, lib, kind, producer, **options)
    assert producer.closed == 1


@pytest.mark.parametrize("kind", ["upload", "chat"])
async def test_producer_of_a_call_that_is_too_late(connect: Connect, kind: str) -> None:
    """grpclib itself does not start one whose deadline has passed."""
    producer = Producer()
    client = await connect("grpclib", 9)
    with pytest.raises(asyncio.TimeoutError):
        await responses_of(client, lib_of("grpclib"), kind, producer, timeout=0)
    assert producer.closed == 1


@pytest.mark.parametrize("kind", ["upload", "chat"])
async def test_producer_on_a_closed_channel(kind: str) -> None:
    lib = lib_of("grpcio")
    channel = grpc.aio.insecure_channel("127.0.0.1:9")
    client = lib.MyServiceAsyncStub(channel)
    await channel.close()
    producer = Producer()
    with pytest.raises(grpc.aio.UsageError):
        await responses_of(client, lib, kind, producer)
    assert producer.closed == 1


@pytest.mark.parametrize("kind", ["my_rpc", "upload", "versions", "chat"])
async def test_a_timeout_without_an_end_on_grpclib(
    server_transport: str, serve: Serve, connect: Connect, kind: str
) -> None:
    async def method(self: Any, request: Any) -> None:
        pass

    client = await connect("grpclib", await serve(service(server_transport, method)))
    assert await responses_of(client, lib_of("grpclib"), kind, timeout=math.inf)


class Ends(MyServiceSyncBase):
    """Methods that end with what is no Exception."""

    def my_rpc(self, message: Request) -> Response:
        raise Outcome("skipped")

    def upload(self, messages: Iterator[Request]) -> Response:
        raise SystemExit(1)

    def versions(self, message: VersionRequest) -> Iterator[VersionResponse]:
        raise Outcome("skipped")
        yield

    def chat(self, messages: Iterator[VersionRequest]) -> Iterator[VersionResponse]:
        yield VersionResponse()
        raise KeyboardInterrupt


@pytest.fixture
def sync_client() -> Iterator[Callable[[Any], Any]]:
    """Serves a service of threads; gives a stub, whose calls end after ten seconds."""
    servers: list[Any] = []
    channels: list[Any] = []

    def start(service: Any) -> Any:
        server = grpc.server(ThreadPoolExecutor(4))
        aristaproto.grpcio.add_to_server(service, server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        servers.append(server)
        channels.append(grpc.insecure_channel(f"127.0.0.1:{port}"))
        return MyServiceSyncStub(channels[0], timeout=10)

    yield start
    for channel in channels:
        channel.close()
    for server in servers:
        server.stop(None).wait(5)


def test_synchronous_method_that_ends_with_what_is_no_exception(
    sync_client: Callable[[Any], Any],
) -> None:
    client = sync_client(Ends())
    for call in (
        lambda: client.my_rpc(Request()),
        lambda: client.upload([Request()]),
        lambda: list(client.versions(VersionRequest())),
        lambda: list(client.chat([VersionRequest()])),
    ):
        with pytest.raises(grpc.RpcError) as raised:
            call()
        error: Any = raised.value
        assert error.code() is grpc.StatusCode.UNKNOWN


@pytest.mark.parametrize("error", [Outcome, SystemExit, KeyboardInterrupt, GeneratorExit])
def test_synchronous_producer_that_ends_with_what_is_no_exception(
    sync_client: Callable[[Any], Any], error: type[BaseException]
) -> None:
    """It ends the thread of grpc that asks for requests; the caller must hear of it."""

    class Fails(Iterator[Any]):
        def __next__(self) -> Any:
            raise error("no more")

    class Reads(MyServiceSyncBase):
        def upload(self, messages: Iterator[Request]) -> Response:
            return Response(names=[message.name for message in messages])

        def chat(self, messages: Iterator[VersionRequest]) -> Iterator[VersionResponse]:
            for _ in messages:
                yield VersionResponse()

    client = sync_client(Reads())
    logging.disable(logging.ERROR)
    try:
        with pytest.raises(error):
            client.upload(Fails())
        with pytest.raises(error):
            list(client.chat(Fails()))
    finally:
        logging.disable(logging.NOTSET)
    assert client.upload([Request(name="a")]).names == ["a"]


def test_requests_read_by_two_threads_at_once(sync_client: Callable[[Any], Any]) -> None:
    names: list[list[str]] = []
    errors: list[str] = []
    first_waits = threading.Event()

    class Reads(MyServiceSyncBase):
        def upload(self, messages: Iterator[Request]) -> Response:
            def read() -> None:
                try:
                    names.append([message.name for message in messages])
                except RuntimeError as error:
                    errors.append(str(error))

            first = threading.Thread(target=read)
            first.start()
            second = threading.Thread(target=read)
            second.start()
            second.join(10)
            first_waits.set()
            first.join(10)
            return Response()

    def requests() -> Iterator[Request]:
        yield Request(name="a")
        assert first_waits.wait(10)
        yield Request(name="b")

    sync_client(Reads()).upload(requests())
    assert names == [["a", "b"]]
    assert len(errors) == 1
    assert "read by another thread" in errors[0]
