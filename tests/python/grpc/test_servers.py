"""Server bases: what handlers may return, the context of a request, cancellation, UNIMPLEMENTED."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import grpc
import grpclib.exceptions
import pytest
from aristaproto.grpcio.grpcio_async_server import (
    SERVER_STREAMING_RETURN_ERROR,
    _ensure_async_response_iterable,
)
from grpclib.const import Status
from trees.grpcio import example

if TYPE_CHECKING:
    from tests.python.grpc.conftest import Connect, Serve

CALL_FAILED = (grpc.aio.AioRpcError, grpclib.exceptions.GRPCError)


class Closable:
    """A custom async iterator over numbers with `aclose`."""

    def __init__(self, count: int = 3) -> None:
        self._numbers = iter(range(count))
        self.closed = 0

    def __aiter__(self) -> Closable:
        return self

    async def __anext__(self) -> int:
        for number in self._numbers:
            return number
        raise StopAsyncIteration

    async def aclose(self) -> None:
        self.closed += 1


async def coroutine(result: Any) -> Any:
    return result


async def test_responses_from_an_async_generator() -> None:
    closed: list[bool] = []

    async def generator() -> AsyncIterator[int]:
        try:
            yield 1
            yield 2
        finally:
            closed.append(True)

    responses = _ensure_async_response_iterable(generator())
    assert await anext(responses) == 1
    await responses.aclose()
    assert closed == [True]
    assert [number async for number in _ensure_async_response_iterable(generator())] == [1, 2]


async def test_responses_from_a_custom_iterator() -> None:
    iterator = Closable()
    assert [number async for number in _ensure_async_response_iterable(iterator)] == [0, 1, 2]
    assert iterator.closed == 1
    iterator = Closable()
    responses: Any = _ensure_async_response_iterable(iterator)
    assert await anext(responses) == 0
    await responses.aclose()
    assert iterator.closed == 1


async def test_no_responses() -> None:
    assert [_ async for _ in _ensure_async_response_iterable(None)] == []
    assert [_ async for _ in _ensure_async_response_iterable(coroutine(None))] == []


@pytest.mark.parametrize(
    "make",
    [
        lambda: [1, 2],
        lambda: 1,
        lambda: iter([1]),
        lambda: coroutine([1]),
        lambda: coroutine(1),
        lambda: coroutine(Closable()),
    ],
)
async def test_wrong_responses(make: Any) -> None:
    responses = _ensure_async_response_iterable(make())
    with pytest.raises(TypeError, match=SERVER_STREAMING_RETURN_ERROR):
        await anext(responses)


def service(transport: str, **methods: Any) -> Any:
    lib = importlib.import_module(f"trees.{transport}.example")
    return type("MyService", (lib.MyServiceBase,), methods)()


@pytest.fixture
async def lib(server_transport: str) -> Any:
    return importlib.import_module(f"trees.{server_transport}.example")


async def test_coroutine_that_returns_none_gives_no_responses(
    client_transport: str, server_transport: str, serve: Serve, connect: Connect
) -> None:
    async def versions(self: Any, message: Any) -> None:
        return None

    async def chat(self: Any, messages: Any) -> None:
        async for _ in messages:
            pass

    port = await serve(service(server_transport, versions=versions, chat=chat))
    client = await connect(client_transport, port)
    lib: Any = importlib.import_module(f"trees.{client_transport}.example")
    assert [_ async for _ in client.versions(lib.VersionRequest())] == []
    assert [_ async for _ in client.chat([lib.VersionRequest()])] == []


async def test_wrong_responses_are_an_error_for_the_client(
    server_transport: str, serve: Serve, connect: Connect, lib: Any
) -> None:
    async def returns_a_list(self: Any, _: Any) -> Any:
        return [lib.VersionResponse()]

    async def wrong_type(self: Any, _: Any) -> Any:
        return lib.Request(name="not a response")

    async def yields_wrong_type(self: Any, _: Any) -> Any:
        yield lib.Request(name="not a response")

    client_lib: Any = importlib.import_module("trees.grpcio.example")
    for streaming in (returns_a_list, yields_wrong_type):
        port = await serve(
            service(
                server_transport,
                my_rpc=wrong_type,
                upload=wrong_type,
                versions=streaming,
                chat=streaming,
            )
        )
        client = await connect("grpcio", port)
        for call in (
            client.my_rpc(client_lib.Request()),
            client.upload([]),
            anext(client.versions(client_lib.VersionRequest())),
            anext(client.chat([])),
        ):
            with pytest.raises(grpc.aio.AioRpcError) as raised:
                await call
            assert raised.value.code() is grpc.StatusCode.UNKNOWN


async def test_unimplemented(
    client_transport: str, server_transport: str, serve: Serve, connect: Connect
) -> None:
    client = await connect(client_transport, await serve(service(server_transport)))
    lib: Any = importlib.import_module(f"trees.{client_transport}.example")
    for call in (
        client.my_rpc(lib.Request()),
        client.upload([lib.Request()]),
        anext(client.versions(lib.VersionRequest())),
        anext(client.chat([lib.VersionRequest()])),
    ):
        with pytest.raises(CALL_FAILED) as raised:
            await call
        error: Any = raised.value
        if client_transport == "grpcio":
            assert error.code() is grpc.StatusCode.UNIMPLEMENTED
        else:
            assert error.status is Status.UNIMPLEMENTED


async def test_unimplemented_for_the_sync_client(server_transport: str, serve: Serve) -> None:
    port = await serve(service(server_transport))

    def call() -> None:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            client = example.MyServiceStub(channel)
            with pytest.raises(grpc.RpcError) as raised:
                client.my_rpc(example.Request())
            error: Any = raised.value
            assert error.code() is grpc.StatusCode.UNIMPLEMENTED

    await asyncio.to_thread(call)


def test_context_outside_of_a_request() -> None:
    with pytest.raises(RuntimeError, match="_grpcio_context"):
        _ = example.MyServiceBase()._grpcio_context  # pyright: ignore[reportPrivateUsage]


async def test_context_belongs_to_each_concurrent_request(serve: Serve, connect: Connect) -> None:
    """In coroutines and in async generators, after awaits, with requests that overlap."""

    class Service(example.MyServiceBase):
        def caller(self) -> str:
            context: Any = self._grpcio_context
            return str(dict(context.invocation_metadata())["x-caller"])

        async def my_rpc(self, message: example.Request) -> example.Response:
            names = [self.caller()]
            await asyncio.sleep(0.02)
            names.append(await asyncio.create_task(self.later()))
            return example.Response(names=names)

        async def later(self) -> str:
            await asyncio.sleep(0)
            return self.caller()

        async def upload(self, messages: AsyncIterator[example.Request]) -> example.Response:
            return example.Response(names=[self.caller() async for _ in messages])

        async def versions(
            self, message: example.VersionRequest
        ) -> AsyncIterator[example.VersionResponse]:
            for _ in range(3):
                yield example.VersionResponse(name=self.caller())
                await asyncio.sleep(0.01)

        async def chat(
            self, messages: AsyncIterator[example.VersionRequest]
        ) -> AsyncIterator[example.VersionResponse]:
            async for _ in messages:
                yield example.VersionResponse(name=self.caller())

    client = await connect("grpcio", await serve(Service()))

    async def one_caller(name: str) -> set[str]:
        metadata = {"x-caller": name}
        seen = set((await client.my_rpc(example.Request(), metadata=metadata)).names)
        requests = [example.Request()] * 3
        seen |= set((await client.upload(requests, metadata=metadata)).names)
        async for response in client.versions(example.VersionRequest(), metadata=metadata):
            seen.add(response.name)
        chat_requests = [example.VersionRequest()] * 3
        async for response in client.chat(chat_requests, metadata=metadata):
            seen.add(response.name)
        return seen

    names = [f"caller {number}" for number in range(20)]
    assert await asyncio.gather(*map(one_caller, names)) == [{name} for name in names]


async def test_status_and_trailing_metadata_set_by_the_handler(
    serve: Serve, connect: Connect
) -> None:
    class Service(example.MyServiceBase):
        async def my_rpc(self, message: example.Request) -> example.Response:
            context = self._grpcio_context
            context.set_trailing_metadata((("x-trailer", "last"),))
            if message.name == "fine":
                return example.Response(names=["fine"])
            context.set_code(grpc.StatusCode.NOT_FOUND)
            context.set_details("no such name")
            return None  # type: ignore[return-value]  # pyright: ignore

        async def versions(
            self, message: example.VersionRequest
        ) -> AsyncIterator[example.VersionResponse]:
            yield example.VersionResponse(version=1)
            context = self._grpcio_context
            context.set_trailing_metadata((("x-trailer", "last"),))
            context.set_code(grpc.StatusCode.DATA_LOSS)
            context.set_details("only one is left")

    client = await connect("grpcio", await serve(Service()))
    assert (await client.my_rpc(example.Request(name="fine"))).names == ["fine"]
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await client.my_rpc(example.Request(name="other"))
    error: Any = raised.value
    assert error.code() is grpc.StatusCode.NOT_FOUND
    assert error.details() == "no such name"
    assert ("x-trailer", "last") in tuple(error.trailing_metadata())

    responses = client.versions(example.VersionRequest())
    assert (await anext(responses)).version == 1
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await anext(responses)
    error = raised.value
    assert error.code() is grpc.StatusCode.DATA_LOSS
    assert error.details() == "only one is left"
    assert ("x-trailer", "last") in tuple(error.trailing_metadata())


@pytest.mark.parametrize("response", [None, example.Request(name="a request")])
@pytest.mark.parametrize("kind", ["my_rpc", "upload"])
async def test_wrong_response_after_the_code_ok(
    serve: Serve, connect: Connect, kind: str, response: Any
) -> None:
    async def answer(self: Any, message: Any) -> Any:
        self._grpcio_context.set_code(grpc.StatusCode.OK)
        return response

    service = type("MyService", (example.MyServiceBase,), {kind: answer})()
    client = await connect("grpcio", await serve(service), timeout=10)
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await (client.my_rpc(example.Request()) if kind == "my_rpc" else client.upload([]))
    assert raised.value.code() is grpc.StatusCode.UNKNOWN
    assert "must respond with Response" in (raised.value.details() or "")


@pytest.mark.parametrize("kind", ["generator", "iterator"])
async def test_cancellation_by_the_client_closes_the_response_iterator(
    client_transport: str,
    server_transport: str,
    serve: Serve,
    connect: Connect,
    kind: str,
    lib: Any,
) -> None:
    closed = asyncio.Event()

    async def generator() -> AsyncIterator[Any]:
        try:
            yield lib.VersionResponse(version=1)
            await asyncio.Event().wait()
        finally:
            closed.set()

    class Iterator:
        sent = False

        def __aiter__(self) -> Iterator:
            return self

        async def __anext__(self) -> Any:
            if self.sent:
                await asyncio.Event().wait()
            self.sent = True
            return lib.VersionResponse(version=1)

        async def aclose(self) -> None:
            closed.set()

    def versions(self: Any, message: Any) -> Any:
        return generator() if kind == "generator" else Iterator()

    client = await connect(
        client_transport, await serve(service(server_transport, versions=versions))
    )
    client_lib: Any = importlib.import_module(f"trees.{client_transport}.example")
    received = asyncio.Event()

    async def consume() -> None:
        async for _ in client.versions(client_lib.VersionRequest()):
            received.set()

    consumer = asyncio.create_task(consume())
    await asyncio.wait_for(received.wait(), 1)
    consumer.cancel()
    with pytest.raises(asyncio.CancelledError):
        await consumer
    await asyncio.wait_for(closed.wait(), 1)


async def test_handler_that_never_reads_its_requests(
    client_transport: str, server_transport: str, serve: Serve, connect: Connect, lib: Any
) -> None:
    async def upload(self: Any, messages: Any) -> Any:
        return lib.Response(names=["enough"])

    async def chat(self: Any, messages: Any) -> Any:
        yield lib.VersionResponse(name="enough")

    client = await connect(
        client_transport, await serve(service(server_transport, upload=upload, chat=chat))
    )
    client_lib: Any = importlib.import_module(f"trees.{client_transport}.example")

    async def endless(message: Any) -> AsyncIterator[Any]:
        while True:
            yield message

    response = await asyncio.wait_for(client.upload(endless(client_lib.Request(name="x"))), 5)
    assert response.names == ["enough"]
    responses = client.chat(endless(client_lib.VersionRequest(name="x" * 10_000)))
    assert [response.name async for response in responses] == ["enough"]
