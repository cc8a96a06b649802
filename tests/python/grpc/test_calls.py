"""Calls that are looked at, over each transport and for all four kinds of method: metadata, status, cancellation, callbacks."""

from __future__ import annotations

import asyncio
import gc
import importlib
import threading
import time
import weakref
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Generator,
    Iterator,
)
from contextlib import aclosing, asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any

import aristaproto
import grpc
import grpclib.client
import pytest
from aristaproto import grpcio
from aristaproto.grpclib import start_call as start_grpclib_call
from aristaproto.rpc import Code, StatusError
from grpclib.exceptions import GRPCError
from trees.grpcio import example
from trees.no_default import example as sync_example

from .raw_server import Answer, frame, raw_server

if TYPE_CHECKING:
    from tests.python.grpc.conftest import Serve

ERRORS = (grpc.RpcError, GRPCError)
TRANSPORTS = ("grpcio", "intercepted", "grpclib")
KINDS = ("my_rpc", "versions", "upload", "chat")
TIMEOUT = 15


class Service(example.MyServiceBase):
    """Sends metadata on both sides of its responses; names of requests select how it ends."""

    def __init__(self) -> None:
        self.waiting = threading.Event()
        self.ended = threading.Event()
        self.released = asyncio.Event()

    async def _act_on(self, name: str) -> None:
        context = grpcio.current_context()
        await context.send_initial_metadata((("x-first", name),))
        context.set_trailing_metadata((("x-last", name),))
        if name == "fail":
            raise StatusError(Code.ABORTED, "as asked")
        if name == "wait":
            await self._wait()
        if name == "held":
            self.waiting.set()
            await asyncio.wait_for(self.released.wait(), TIMEOUT)

    async def _wait(self) -> None:
        self.waiting.set()
        try:
            await asyncio.sleep(60)
        finally:
            self.ended.set()

    async def my_rpc(self, message: example.Request) -> example.Response:
        await self._act_on(message.name)
        return example.Response(names=[message.name])

    async def upload(self, messages: AsyncIterator[example.Request]) -> example.Response:
        names: list[str] = []
        async for message in messages:
            await self._act_on(message.name)
            names.append(message.name)
        return example.Response(names=names)

    async def versions(
        self, message: example.VersionRequest
    ) -> AsyncIterator[example.VersionResponse]:
        await self._act_on(message.name)
        yield example.VersionResponse(name=message.name, version=1)
        if message.name == "one":
            await self._wait()

    async def chat(
        self, messages: AsyncIterator[example.VersionRequest]
    ) -> AsyncIterator[example.VersionResponse]:
        async for message in messages:
            await self._act_on(message.name)
            yield example.VersionResponse(name=message.name, version=1)
            if message.name == "one":
                await self._wait()


class Passes(
    grpc.aio.UnaryUnaryClientInterceptor,
    grpc.aio.UnaryStreamClientInterceptor,
    grpc.aio.StreamUnaryClientInterceptor,
    grpc.aio.StreamStreamClientInterceptor,
):
    """An interceptor that takes a turn of the loop and hands everything on."""

    async def _pass(self, continuation: Any, details: Any, request: Any) -> Any:
        await asyncio.sleep(0)
        return await continuation(details, request)

    intercept_unary_unary: Any = _pass
    intercept_unary_stream: Any = _pass
    intercept_stream_unary: Any = _pass
    intercept_stream_stream: Any = _pass


class Client:
    """A stub of a transport and what starts its calls."""

    def __init__(self, transport: str, stub: Any, service: Service) -> None:
        self.is_grpclib = transport == "grpclib"
        self.lib: Any = importlib.import_module(
            f"trees.{'grpclib' if self.is_grpclib else 'grpcio'}.example"
        )
        self.stub = stub
        self.service = service
        self.closed = False
        self.start_call: Any = start_grpclib_call if self.is_grpclib else grpcio.start_call

    def request(self, kind: str, name: str) -> Any:
        cls = self.lib.Request if kind in ("my_rpc", "upload") else self.lib.VersionRequest
        return cls(name=name)

    async def requests(self, kind: str, name: str) -> AsyncGenerator[Any, None]:
        try:
            yield self.request(kind, name)
            if name in ("wait", "one"):
                await asyncio.sleep(60)
        finally:
            self.closed = True

    def start(self, kind: str, name: str, **options: Any) -> Any:
        self.closed = False
        message: Any = self.requests if kind in ("upload", "chat") else self.request
        return self.start_call(getattr(self.stub, kind), message(kind, name), **options)

    async def responses(self, call: Any) -> list[Any]:
        if isinstance(call, Coroutine):
            return [await call]  # pyright: ignore[reportUnknownVariableType]
        return [it async for it in call]

    def code(self, name: str) -> Any:
        if self.is_grpclib:
            from grpclib.const import Status

            return Status[name]
        return grpc.StatusCode[name]


@asynccontextmanager
async def client_of(transport: str, serve: Serve) -> AsyncGenerator[Client, None]:
    service = Service()
    port = await serve(service)
    if transport == "grpclib":
        from trees.grpclib import example as grpclib_example

        async with grpclib.client.Channel("127.0.0.1", port) as channel:
            yield Client(transport, grpclib_example.MyServiceStub(channel), service)
        return
    interceptors = [Passes()] if transport == "intercepted" else None
    async with grpc.aio.insecure_channel(
        f"127.0.0.1:{port}", interceptors=interceptors
    ) as aio_channel:
        yield Client(transport, example.MyServiceAsyncStub(aio_channel), service)


@pytest.fixture(params=TRANSPORTS)
async def client(request: pytest.FixtureRequest, serve: Serve) -> AsyncIterator[Client]:
    async with client_of(request.param, serve) as made:
        yield made


def texts(metadata: Any) -> dict[str, Any]:
    """Metadata as a dict; grpcio's own iterate over pairs, and the oldest one's cannot be given to `dict`."""
    pairs: Any = metadata
    if type(metadata).__name__ == "MultiDict":
        pairs = metadata.items()
    return dict(iter(pairs))


async def soon(condition: Any) -> None:
    for _ in range(1500):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not come true")


@pytest.mark.parametrize("kind", KINDS)
async def test_a_call_that_succeeds(client: Client, kind: str) -> None:
    seen: list[Any] = []
    call = client.start(kind, "a")
    call.add_done_callback(seen.append)
    assert texts(await asyncio.wait_for(call.initial_metadata(), TIMEOUT))["x-first"] == "a"
    assert len(await client.responses(call)) == 1
    assert await call.code() is client.code("OK")
    assert await call.details() == ""
    assert texts(await call.trailing_metadata())["x-last"] == "a"
    assert (call.done(), call.cancelled(), call.cancel()) == (True, False, False)
    await soon(lambda: seen == [call])
    # Also when it has ended.
    call.add_done_callback(seen.append)
    await soon(lambda: seen == [call, call])


@pytest.mark.parametrize("kind", KINDS)
async def test_a_call_that_fails(client: Client, kind: str) -> None:
    seen: list[Any] = []
    call = client.start(kind, "fail")
    call.add_done_callback(seen.append)
    # Without awaiting it or iterating over it.
    assert await asyncio.wait_for(call.code(), TIMEOUT) is client.code("ABORTED")
    assert await call.details() == "as asked"
    assert texts(await call.trailing_metadata())["x-last"] == "fail"
    await soon(lambda: seen == [call])
    with pytest.raises(ERRORS):
        await client.responses(call)
    assert await call.code() is client.code("ABORTED")
    if kind in ("upload", "chat"):
        assert client.closed


@pytest.mark.parametrize("kind", KINDS)
async def test_cancelled_while_a_task_waits(client: Client, kind: str) -> None:
    call = client.start(kind, "wait")
    waiting = asyncio.create_task(client.responses(call))
    await asyncio.sleep(0)
    assert await asyncio.to_thread(client.service.waiting.wait, TIMEOUT)
    assert call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(waiting, TIMEOUT)
    assert await asyncio.wait_for(call.code(), TIMEOUT) is client.code("CANCELLED")
    assert await call.details()
    assert (call.done(), call.cancelled(), call.cancel()) == (True, True, False)
    await asyncio.wait_for(call.initial_metadata(), TIMEOUT)
    assert client.closed == (kind in ("upload", "chat"))
    assert await asyncio.to_thread(client.service.ended.wait, TIMEOUT)
    # Whoever comes later.
    with pytest.raises(asyncio.CancelledError):
        await client.responses(call)


@pytest.mark.parametrize("end", ["cancel", "aclose"])
@pytest.mark.parametrize("kind", ["versions", "chat"])
async def test_stream_ended_while_a_task_waits_for_the_second_response(
    client: Client, kind: str, end: str
) -> None:
    call = client.start(kind, "one")
    assert (await anext(call)).name == "one"
    waiting = asyncio.create_task(anext(call))
    # Awaiting a thread that is ready gives the task no turn.
    await asyncio.sleep(0)
    assert await asyncio.to_thread(client.service.waiting.wait, TIMEOUT)
    with pytest.raises(RuntimeError, match="another task"):
        await anext(call)
    if end == "cancel":
        assert call.cancel()
    else:
        await asyncio.wait_for(call.aclose(), TIMEOUT)
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(waiting, TIMEOUT)
    assert await asyncio.wait_for(call.code(), TIMEOUT) is client.code("CANCELLED")
    assert client.closed == (kind == "chat")
    assert await asyncio.to_thread(client.service.ended.wait, TIMEOUT)


@pytest.mark.parametrize("end", ["cancel", "aclose", "athrow"])
@pytest.mark.parametrize("turns", [0, 1, 20])
@pytest.mark.parametrize("kind", ["versions", "chat"])
async def test_stream_ended_before_its_first_response(
    client: Client, kind: str, turns: int, end: str
) -> None:
    call = client.start(kind, "wait")
    for _ in range(turns):
        await asyncio.sleep(0.001)
    if end == "cancel":
        assert call.cancel()
    elif end == "aclose":
        await asyncio.wait_for(call.aclose(), TIMEOUT)
    else:
        with pytest.raises(ValueError, match="mine"):
            await call.athrow(ValueError("mine"))
    assert await asyncio.wait_for(call.code(), TIMEOUT) is client.code("CANCELLED")
    if end == "cancel":
        with pytest.raises(asyncio.CancelledError):
            await anext(call)
    else:
        with pytest.raises(StopAsyncIteration):
            await anext(call)


class Producer:
    """Requests of which none comes for a minute."""

    closed = False

    def __aiter__(self) -> Producer:
        return self

    async def __anext__(self) -> Any:
        await asyncio.sleep(60)

    async def aclose(self) -> None:
        self.closed = True


@pytest.mark.parametrize("kind", ["upload", "chat"])
@pytest.mark.parametrize("end", ["cancel", "close"])
async def test_a_producer_is_closed_before_the_first_response(
    client: Client, end: str, kind: str
) -> None:
    for turns in (0, 1, 30):
        producer = Producer()
        call = client.start_call(getattr(client.stub, kind), producer)
        for _ in range(turns):
            await asyncio.sleep(0.001)
        if end == "cancel":
            call.cancel()
        elif kind == "upload":
            call.close()
        else:
            await call.aclose()
        await soon(lambda: producer.closed)  # noqa: B023
        assert await call.code() is client.code("CANCELLED")


@pytest.mark.parametrize("kind", ["my_rpc", "upload"])
async def test_a_unary_call_is_an_awaitable_and_a_coroutine(client: Client, kind: str) -> None:
    response = client.lib.Response(names=["a"])
    assert await client.start(kind, "a") == response
    assert await asyncio.create_task(client.start(kind, "a")) == response
    calls = [client.start(kind, "a") for _ in range(2)]
    both: list[Any] = await asyncio.gather(*calls)
    assert both == [response] * 2
    assert await asyncio.wait_for(client.start(kind, "a"), TIMEOUT) == response
    call = client.start(kind, "a")
    assert await call == response
    assert await call == response
    # Cancelling the task cancels the call.
    call = client.start(kind, "wait")
    task = asyncio.create_task(call)
    await asyncio.sleep(0)
    assert await asyncio.to_thread(client.service.waiting.wait, TIMEOUT)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.wait_for(call.code(), TIMEOUT) is client.code("CANCELLED")
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(client.start(kind, "wait"), 0.05)


@pytest.mark.parametrize("kind", ["my_rpc", "upload"])
async def test_a_unary_call_that_several_tasks_wait_for(client: Client, kind: str) -> None:
    response = client.lib.Response(names=["held"])
    call = client.start(kind, "held")
    tasks = [asyncio.create_task(call) for _ in range(3)]
    # Who gives up behind a shield leaves the call as it is.
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(asyncio.shield(call), 0.02)
    assert not any(it.done() for it in tasks)
    client.service.released.set()
    assert await asyncio.wait_for(asyncio.shield(call), TIMEOUT) == response
    assert [await it for it in tasks] == [response] * 3


@pytest.mark.parametrize("way", ["cancel", "wait_for"])
@pytest.mark.parametrize("kind", ["my_rpc", "upload"])
async def test_one_of_several_tasks_that_gives_up_cancels_the_call(
    client: Client, kind: str, way: str
) -> None:
    call = client.start(kind, "wait")
    first, second = (asyncio.create_task(call) for _ in range(2))
    if way == "cancel":
        await asyncio.sleep(0)
        assert await asyncio.to_thread(client.service.waiting.wait, TIMEOUT)
        second.cancel()
    else:
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(call, 0.02)
    for task in (first, second):
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(task, TIMEOUT)
    assert await call.code() is client.code("CANCELLED")


@pytest.mark.parametrize("kind", ["versions", "chat"])
async def test_a_stream_that_is_closed_behind_its_end(client: Client, kind: str) -> None:
    async with aclosing(client.start(kind, "a")) as call:
        assert len([it async for it in call]) == 1
    assert await call.code() is client.code("OK")
    assert texts(await call.trailing_metadata())["x-last"] == "a"
    if not client.is_grpclib:  # It learns of the end when it is read.
        call = client.start(kind, "a")
        await anext(call)
        await soon(call.done)
        await call.aclose()
        assert await call.code() is client.code("OK")


class SlowToClose:
    """A producer of one request that waits, and whose `finally` block is over when it is let go."""

    def __init__(self, request: Any) -> None:
        self.request = request
        self.go = asyncio.Event()
        self.steps: list[str] = []

    async def requests(self) -> AsyncIterator[Any]:
        try:
            self.steps.append("begun")
            yield self.request
            await asyncio.sleep(60)
        finally:
            self.steps.append("closing")
            await asyncio.wait_for(self.go.wait(), TIMEOUT)
            self.steps.append("closed")


@pytest.mark.parametrize("progress", ["begun", "served", "answered", "read"])
@pytest.mark.parametrize("ways", ["cancel, aclose", "aclose, aclose"])
async def test_a_stream_that_is_ended_twice(client: Client, ways: str, progress: str) -> None:
    producer = SlowToClose(client.request("chat", "wait" if progress == "served" else "one"))
    call = client.start_call(client.stub.chat, producer.requests())
    await soon(lambda: producer.steps)
    reading = None
    if progress == "served":
        await soon(client.service.waiting.is_set)
    elif progress != "begun":
        await anext(call)
        if progress == "read":
            reading = asyncio.create_task(anext(call))
            await soon(client.service.waiting.is_set)
    closing = [] if ways.startswith("cancel") else [asyncio.create_task(call.aclose())]
    if not closing:
        assert call.cancel()
    await soon(lambda: "closing" in producer.steps)
    closing.append(asyncio.create_task(call.aclose()))
    given_up = asyncio.create_task(call.aclose())
    await asyncio.sleep(0)
    given_up.cancel()
    with pytest.raises(asyncio.CancelledError):
        await given_up
    assert not any(it.done() for it in closing)
    producer.go.set()
    for task in closing:
        await asyncio.wait_for(task, TIMEOUT)
    assert producer.steps == ["begun", "closing", "closed"]
    await asyncio.wait_for(call.aclose(), TIMEOUT)
    assert await call.code() is client.code("CANCELLED")
    if reading is not None:
        with pytest.raises(asyncio.CancelledError):
            await reading


@pytest.mark.parametrize("end", ["read", "cancel", "aclose"])
async def test_a_stream_that_has_ended_is_let_go(client: Client, end: str) -> None:
    call = client.start("chat", "a" if end == "read" else "one")
    await anext(call)
    gc.disable()
    try:
        if end == "read":
            assert [it async for it in call] == []
        elif end == "cancel":
            call.cancel()
        await call.aclose()
        references = [weakref.ref(call)]
        if end == "read" and not client.is_grpclib:
            references.append(weakref.ref(call._watch.view._call))
        del call
        await soon(lambda: not any(it() for it in references))
    finally:
        gc.enable()


@pytest.mark.parametrize("end", ["cancel", "aclose"])
def test_a_stream_that_is_ended_with_its_loop(end: str) -> None:
    """`asyncio.run` cancels what closes the producer before that has begun."""

    producer: Any = Producer()
    tasks: list[Any] = []

    async def main() -> None:
        async with grpc.aio.insecure_channel("127.0.0.1:1") as channel:
            call = grpcio.start_call(example.MyServiceAsyncStub(channel).chat, producer)
            if end == "cancel":
                call.cancel()
            else:
                tasks.append(asyncio.create_task(call.aclose()))

    asyncio.run(main())
    assert producer.closed


@pytest.mark.parametrize("kind", KINDS)
async def test_a_call_outside_of_an_event_loop(client: Client, kind: str) -> None:
    def start() -> None:
        with pytest.raises(RuntimeError, match="no running event loop"):
            client.start(kind, "a")
        # A coroutine that nobody awaits would be a warning.
        gc.collect()

    await asyncio.to_thread(start)


@pytest.mark.parametrize("kind", KINDS)
async def test_the_deadline(client: Client, kind: str) -> None:
    call = client.start(kind, "wait", timeout=0.1)
    assert await asyncio.wait_for(call.code(), TIMEOUT) is client.code("DEADLINE_EXCEEDED")
    with pytest.raises((*ERRORS, asyncio.TimeoutError)):
        await client.responses(call)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_request_of_another_class_is_not_sent(client: Client, kind: str) -> None:
    wrong = client.lib.Response()
    message: Any = [wrong] if kind in ("upload", "chat") else wrong
    call = client.start_call(getattr(client.stub, kind), message)
    with pytest.raises(TypeError, match="expected a request of"):
        await client.responses(call)
    with pytest.raises(TypeError, match="expected a request of"):
        await call.code()


@pytest.mark.parametrize("kind", ["upload", "chat"])
async def test_a_producer_that_fails(client: Client, kind: str) -> None:
    async def requests() -> AsyncIterator[Any]:
        yield client.request(kind, "a")
        raise KeyError("mine")

    call = client.start_call(getattr(client.stub, kind), requests())
    with pytest.raises(KeyError, match="mine"):
        await client.responses(call)
    with pytest.raises(KeyError, match="mine"):
        await call.code()


@pytest.mark.parametrize("kind", KINDS)
async def test_metadata_come_before_a_response(client: Client, kind: str) -> None:
    call = client.start(kind, "wait")
    given_up = asyncio.create_task(call.initial_metadata())
    await asyncio.sleep(0)
    given_up.cancel()
    if kind == "my_rpc" and not client.is_grpclib:
        # grpc.aio tells them together with the response.
        assert await asyncio.to_thread(client.service.waiting.wait, TIMEOUT)
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(call.initial_metadata(), 0.1)
        call.cancel()
        assert texts(await call.initial_metadata()) == {}
        return
    first = await asyncio.wait_for(call.initial_metadata(), TIMEOUT)
    assert texts(first)["x-first"] == "wait"
    assert not call.done()
    call.cancel()
    assert texts(await call.initial_metadata())["x-first"] == "wait"


async def test_a_server_that_is_down(client: Client, serve: Serve) -> None:
    del serve
    channel: Any
    if client.is_grpclib:
        channel = grpclib.client.Channel("127.0.0.1", 1)
    else:
        channel = grpc.aio.insecure_channel("127.0.0.1:1")
    async with channel:
        down = Client(
            "grpclib" if client.is_grpclib else "grpcio", type(client.stub)(channel), client.service
        )
        for kind in KINDS:
            call = down.start(kind, "a")
            assert await asyncio.wait_for(call.code(), TIMEOUT) is client.code("UNAVAILABLE")
            assert texts(await call.initial_metadata()) == {}
            assert texts(await call.trailing_metadata()) == {}


async def test_an_interceptor_that_answers_itself(serve: Serve) -> None:
    class Answers(grpc.aio.UnaryUnaryClientInterceptor):
        async def intercept_unary_unary(
            self, continuation: Any, client_call_details: Any, request: Any
        ) -> Any:
            return example.Response(names=["mine"])

    port = await serve(Service())
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}", interceptors=[Answers()]) as channel:
        call = grpcio.start_call(example.MyServiceAsyncStub(channel).my_rpc, example.Request())
        assert (await call).names == ["mine"]
        assert await call.code() is grpc.StatusCode.OK
        assert len(await call.initial_metadata()) == len(await call.trailing_metadata()) == 0


async def test_methods_of_users(client: Client) -> None:
    """A method that a user wrote over a generated one, and what is no method of a stub."""

    base: Any = client.stub.__class__

    class Twice(base):  # type: ignore[misc]
        async def my_rpc(self, message: Any) -> Any:
            generated: Any = super()
            await generated.my_rpc(message)
            return await generated.my_rpc(message)

    stub: Any = Twice(client.stub._channel)
    call = client.start_call(stub.my_rpc, client.lib.Request(name="a"))
    assert (await call).names == ["a"]
    assert texts(await call.trailing_metadata())["x-last"] == "a"
    for wrong in (client.request, print, None):
        with pytest.raises(TypeError, match="expected a method of a generated stub"):
            client.start_call(wrong, client.lib.Request())
    is_on_grpclib = client.start_call is start_grpclib_call
    own, other = ("grpclib", "grpcio") if is_on_grpclib else ("grpcio", "grpclib")
    foreign = importlib.import_module(f"aristaproto.{other}").start_call
    with pytest.raises(TypeError, match=rf"a stub on {own}; call aristaproto\.{own}\.start_call"):
        foreign(stub.my_rpc, client.lib.Request())


class SyncPasses(
    grpc.UnaryUnaryClientInterceptor,
    grpc.UnaryStreamClientInterceptor,
    grpc.StreamUnaryClientInterceptor,
    grpc.StreamStreamClientInterceptor,
):
    def _pass(self, continuation: Any, details: Any, request: Any) -> Any:
        return continuation(details, request)

    intercept_unary_unary: Any = _pass
    intercept_unary_stream: Any = _pass
    intercept_stream_unary: Any = _pass
    intercept_stream_stream: Any = _pass


class SyncClient:
    def __init__(self, stub: Any, service: Service) -> None:
        self.stub = stub
        self.service = service
        self.go_on = threading.Event()

    def requests(self, kind: str, name: str) -> Any:
        cls = sync_example.Request if kind in ("my_rpc", "upload") else sync_example.VersionRequest
        if kind in ("my_rpc", "versions"):
            return cls(name=name)
        return self._stream(cls(name=name))

    def _stream(self, message: Any) -> Iterator[Any]:
        yield message
        if message.name in ("wait", "one"):
            self.go_on.wait(60)

    def start(self, kind: str, name: str, **options: Any) -> Any:
        start_call: Any = grpcio.start_call
        return start_call(getattr(self.stub, kind), self.requests(kind, name), **options)

    def responses(self, call: Any) -> list[Any]:
        if hasattr(call, "result"):
            return [call.result(TIMEOUT)]
        responses: list[Any] = list(call)
        return responses


@contextmanager
def served(service: Service) -> Generator[int, None, None]:
    """A server of asyncio in a thread of its own."""
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    async def run() -> None:
        server = grpc.aio.server()
        grpcio.add_to_server(service, server)
        ports.append(server.add_insecure_port("127.0.0.1:0"))
        await server.start()
        ready.set()
        await stop.wait()
        await server.stop(None)

    ports: list[int] = []
    ready = threading.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=(run(),))
    thread.start()
    try:
        assert ready.wait(TIMEOUT)
        yield ports[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


@pytest.fixture(params=["grpcio", "intercepted"])
def sync_client(request: pytest.FixtureRequest) -> Iterator[SyncClient]:
    service = Service()
    with served(service) as port, grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        used = (
            grpc.intercept_channel(channel, SyncPasses()) if request.param != "grpcio" else channel
        )
        made = SyncClient(sync_example.MyServiceSyncStub(used), service)
        yield made
        made.go_on.set()


@pytest.mark.parametrize("kind", KINDS)
def test_a_synchronous_call_that_succeeds(sync_client: SyncClient, kind: str) -> None:
    seen: list[Any] = []
    called = threading.Event()
    call = sync_client.start(kind, "a")

    def done(ended: Any) -> None:
        seen.append(ended)
        called.set()

    call.add_done_callback(done)
    assert texts(call.initial_metadata())["x-first"] == "a"
    assert len(sync_client.responses(call)) == 1
    assert call.code() is grpc.StatusCode.OK
    assert call.details() == ""
    assert texts(call.trailing_metadata())["x-last"] == "a"
    assert (call.done(), call.cancel()) == (True, False)
    assert called.wait(TIMEOUT)
    call.add_done_callback(seen.append)
    assert seen == [call, call]


@pytest.mark.parametrize("kind", KINDS)
def test_a_synchronous_call_that_fails(sync_client: SyncClient, kind: str) -> None:
    call = sync_client.start(kind, "fail")
    assert call.code() is grpc.StatusCode.ABORTED
    assert call.details() == "as asked"
    assert texts(call.trailing_metadata())["x-last"] == "fail"
    with pytest.raises(grpc.RpcError) as raised:
        sync_client.responses(call)
    error: Any = raised.value
    assert error.code() is grpc.StatusCode.ABORTED
    if kind in ("my_rpc", "upload"):
        assert call.exception(TIMEOUT).code() is grpc.StatusCode.ABORTED


@pytest.mark.parametrize("kind", KINDS)
def test_a_synchronous_call_that_is_cancelled_by_another_thread(
    sync_client: SyncClient, kind: str
) -> None:
    call = sync_client.start(kind, "wait")
    raised: list[BaseException] = []

    def wait() -> None:
        try:
            sync_client.responses(call)
        except (grpc.RpcError, grpc.FutureCancelledError) as error:
            raised.append(error)

    waiting = threading.Thread(target=wait)
    waiting.start()
    assert not call.done()
    assert call.cancel()
    waiting.join(TIMEOUT)
    assert len(raised) == 1
    assert call.code() is grpc.StatusCode.CANCELLED
    assert (call.done(), call.cancel()) == (True, False)


@pytest.mark.parametrize("kind", KINDS)
def test_a_callback_that_raises(sync_client: SyncClient, kind: str) -> None:
    called = threading.Event()

    def callback(_: Any) -> None:
        called.set()
        raise KeyError("mine")

    call = sync_client.start(kind, "wait")
    call.add_done_callback(callback)
    call.cancel()
    assert called.wait(TIMEOUT)
    # The channel goes on with other calls.
    answered: list[Any] = []
    other = sync_client.start(kind, "a")
    thread = threading.Thread(
        target=lambda: answered.extend(sync_client.responses(other)), daemon=True
    )
    thread.start()
    thread.join(TIMEOUT)
    assert len(answered) == 1


@pytest.mark.parametrize("kind", ["my_rpc", "upload"])
def test_a_future(sync_client: SyncClient, kind: str) -> None:
    call = sync_client.start(kind, "wait")
    assert (call.running(), call.done(), call.cancelled()) == (True, False, False)
    with pytest.raises(grpc.FutureTimeoutError):
        call.result(0.05)
    with pytest.raises(grpc.FutureTimeoutError):
        call.exception(0.05)
    call.cancel()
    with pytest.raises(grpc.FutureCancelledError):
        call.result(TIMEOUT)
    assert (call.running(), call.done(), call.cancelled()) == (False, True, True)
    calls = [sync_client.start(kind, str(number)) for number in range(20)]
    assert [it.result().names for it in calls] == [[str(number)] for number in range(20)]
    assert calls[0].exception() is None
    late = sync_client.start(kind, "wait", timeout=0.1)
    assert late.exception(TIMEOUT).code() is grpc.StatusCode.DEADLINE_EXCEEDED


@pytest.mark.parametrize("kind", KINDS)
def test_a_synchronous_request_of_another_class_is_not_sent(
    sync_client: SyncClient, kind: str
) -> None:
    wrong = sync_example.Response()
    method: Any = getattr(sync_client.stub, kind)
    if kind in ("my_rpc", "versions"):
        with pytest.raises(TypeError, match="expected a request of"):
            grpcio.start_call(method, wrong)
        return
    start: Any = grpcio.start_call
    call = start(method, [wrong])
    with pytest.raises(TypeError, match="expected a request of"):
        sync_client.responses(call)


def test_a_future_whose_producer_fails(sync_client: SyncClient) -> None:
    unencodable: Any = sync_example.Request()
    unencodable.name = 5

    def failing() -> Iterator[Any]:
        yield sync_example.Request(name="a")
        raise KeyError("mine")

    cases: tuple[tuple[Any, type[Exception]], ...] = (
        ([unencodable], aristaproto.EncodeError),
        ([sync_example.Response()], TypeError),
        (failing(), KeyError),
    )
    start: Any = grpcio.start_call
    for requests, error in cases:
        call = start(sync_client.stub.upload, requests)
        with pytest.raises(error):
            call.result(TIMEOUT)
        # As often as it is asked.
        for _ in range(2):
            assert type(call.exception(TIMEOUT)) is error
        with pytest.raises(error):
            call.result(TIMEOUT)
        assert call.code() is not grpc.StatusCode.OK


def test_a_producer_that_fails_while_several_threads_wait(sync_client: SyncClient) -> None:
    """Each of them gets its exception, also one that asks while another takes it from the producer."""
    go = threading.Event()

    def requests() -> Iterator[Any]:
        yield sync_example.Request(name="a")
        go.wait(TIMEOUT)
        raise KeyError("mine")

    start: Any = grpcio.start_call
    call = start(sync_client.stub.upload, requests())
    all_wait = threading.Barrier(5)
    take: Callable[[], BaseException | None] = call._producer.take_error

    class Slow:
        def take_error(self) -> BaseException | None:
            error = take()
            # From now on the others find nothing there.
            time.sleep(0.05)
            return error

    call._producer = Slow()
    seen: list[BaseException] = []

    def wait() -> None:
        all_wait.wait(TIMEOUT)
        try:
            call.result(TIMEOUT)
        except BaseException as error:  # noqa: BLE001
            seen.append(error)

    threads = [threading.Thread(target=wait) for _ in range(4)]
    for thread in threads:
        thread.start()
    all_wait.wait(TIMEOUT)
    go.set()
    for thread in threads:
        thread.join(TIMEOUT)
    assert [type(it) for it in seen] == [KeyError] * 4


@pytest.mark.parametrize("kind", KINDS)
def test_a_synchronous_interceptor_that_looks_at_the_outcome(kind: str) -> None:
    """Its exception is that of the call, whose status stays the same."""

    class Looks(SyncPasses):
        def _look(self, continuation: Any, details: Any, request: Any) -> Any:
            call = continuation(details, request)
            if kind in ("my_rpc", "upload"):
                call.result()
                return call
            return iter(list(call))

        intercept_unary_unary: Any = _look
        intercept_unary_stream: Any = _look
        intercept_stream_unary: Any = _look
        intercept_stream_stream: Any = _look

    service = Service()
    with served(service) as port, grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        looking = grpc.intercept_channel(channel, Looks())
        client = SyncClient(sync_example.MyServiceSyncStub(looking), service)
        call = client.start(kind, "fail")
        with pytest.raises(grpc.RpcError) as raised:
            client.responses(call)
        error: Any = raised.value
        assert error.code() is grpc.StatusCode.ABORTED
        assert (call.code(), call.details()) == (grpc.StatusCode.ABORTED, "as asked")
        assert texts(call.initial_metadata())["x-first"] == "fail"
        assert texts(call.trailing_metadata())["x-last"] == "fail"


def test_synchronous_methods_of_users(sync_client: SyncClient) -> None:
    class Mine(sync_example.MyServiceSyncStub):
        def my_rpc(self, message: sync_example.Request) -> Any:  # type: ignore[override]
            return super().my_rpc(message), 1

    stub: Any = Mine(sync_client.stub._channel)
    with pytest.raises(TypeError, match=r"Mine\.my_rpc is no generated method"):
        grpcio.start_call(stub.my_rpc, sync_example.Request(name="a"))


async def test_awaitables_of_plain_stubs_stay(client: Client) -> None:
    """What a stub's methods themselves give back: a coroutine and an async generator."""
    coroutine = client.stub.my_rpc(client.request("my_rpc", "a"))
    assert asyncio.iscoroutine(coroutine)
    assert isinstance(coroutine, Awaitable)
    assert (await coroutine).names == ["a"]
    assert isinstance(client.stub.versions(client.request("versions", "a")), AsyncGenerator)


COMPRESSIONS = (
    (grpc.Compression.Gzip, "gzip"),
    (grpc.Compression.Deflate, "deflate"),
    (grpc.Compression.NoCompression, "identity"),
    (None, "identity"),
)


def _of_channel(compression: grpc.Compression | None) -> grpc.Compression | None:
    """A channel that compresses, where a call is to switch that off."""
    return grpc.Compression.Gzip if compression is grpc.Compression.NoCompression else None


@pytest.mark.parametrize(("compression", "encoding"), COMPRESSIONS)
@pytest.mark.parametrize("transport", ["grpcio", "intercepted"])
@pytest.mark.parametrize("looked_at", [False, True])
async def test_compression_of_asynchronous_calls(
    transport: str, compression: grpc.Compression | None, encoding: str, looked_at: bool
) -> None:
    answer = Answer(frame(b""))
    interceptors = [Passes()] if transport == "intercepted" else None
    async with (
        raw_server(answer) as port,
        grpc.aio.insecure_channel(
            f"127.0.0.1:{port}", interceptors=interceptors, compression=_of_channel(compression)
        ) as channel,
    ):
        plain = example.MyServiceAsyncStub(channel)
        client = Client(transport, plain, Service())
        if compression is not None:
            client.stub = grpcio.compressed(plain, compression)
        for kind in KINDS:
            message: Any = client.requests if kind in ("upload", "chat") else client.request
            argument = message(kind, "x" * 1000)
            method = getattr(client.stub, kind)
            call = client.start_call(method, argument) if looked_at else method(argument)
            await client.responses(call)
            sent = answer.requests[-1]
            assert sent.headers.get("grpc-encoding", "identity") == encoding
            assert (sent.data[0], len(sent.data) < 1000) == (encoding != "identity",) * 2
        assert type(client.stub) is type(plain)


@pytest.mark.parametrize(("compression", "encoding"), COMPRESSIONS)
@pytest.mark.parametrize("intercepted", [False, True])
@pytest.mark.parametrize("looked_at", [False, True])
async def test_compression_of_synchronous_calls(
    intercepted: bool, compression: grpc.Compression | None, encoding: str, looked_at: bool
) -> None:
    answer = Answer(frame(b""))

    def calls(port: int) -> None:
        compressing = _of_channel(compression)
        with grpc.insecure_channel(f"127.0.0.1:{port}", compression=compressing) as channel:
            used = grpc.intercept_channel(channel, SyncPasses()) if intercepted else channel
            client = SyncClient(sync_example.MyServiceSyncStub(used), Service())
            if compression is not None:
                client.stub = grpcio.compressed(client.stub, compression)
            for kind in KINDS:
                if looked_at:
                    client.responses(client.start(kind, "x" * 1000))
                else:
                    answered = getattr(client.stub, kind)(client.requests(kind, "x" * 1000))
                    assert kind in ("my_rpc", "upload") or len(list(answered)) == 1
                sent = answer.requests[-1]
                assert sent.headers.get("grpc-encoding", "identity") == encoding
                assert (sent.data[0], len(sent.data) < 1000) == (encoding != "identity",) * 2

    async with raw_server(answer) as port:
        await asyncio.to_thread(calls, port)


@pytest.mark.parametrize(("compression", "encoding"), COMPRESSIONS[:3])
@pytest.mark.parametrize("before", list(grpc.Compression))
@pytest.mark.parametrize("is_async", [True, False])
async def test_the_last_compression_counts(
    is_async: bool, before: grpc.Compression, compression: grpc.Compression, encoding: str
) -> None:
    answer = Answer(frame(b""))

    def synchronous(port: int) -> None:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            stub = sync_example.MyServiceSyncStub(channel)
            client = SyncClient(grpcio.compressed(stub, before), Service())
            client.stub = grpcio.compressed(client.stub, compression)
            for kind in KINDS:
                client.responses(client.start(kind, "a"))
                answered = getattr(client.stub, kind)(client.requests(kind, "a"))
                assert kind in ("my_rpc", "upload") or len(list(answered)) == 1

    async with raw_server(answer) as port:
        if is_async:
            async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
                stub = grpcio.compressed(example.MyServiceAsyncStub(channel), before)
                client = Client("grpcio", grpcio.compressed(stub, compression), Service())
                for kind in KINDS:
                    await client.responses(client.start(kind, "a"))
        else:
            await asyncio.to_thread(synchronous, port)
    assert len(answer.requests) == (4 if is_async else 8)
    for sent in answer.requests:
        assert sent.headers.get("grpc-encoding", "identity") == encoding


def test_compression_of_what_is_no_stub() -> None:
    wrong: Any = object()
    with pytest.raises(TypeError, match="expected a generated stub over grpcio"):
        grpcio.compressed(wrong, grpc.Compression.Gzip)
