"""All four kinds of method, on each transport and across transports, with request streams of all shapes."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from trees.grpcio import example as sync_example

if TYPE_CHECKING:
    from tests.python.grpc.conftest import Connect, MakeEcho, Serve


class Versions:
    """An async iterable whose iterator is another object, without `aclose`."""

    def __init__(self, messages: Iterable[Any]) -> None:
        self._messages = messages

    def __aiter__(self) -> AsyncIterator[Any]:
        return VersionsIterator(iter(self._messages))


class VersionsIterator:
    def __init__(self, messages: Iterator[Any]) -> None:
        self._messages = messages

    def __aiter__(self) -> VersionsIterator:
        return self

    async def __anext__(self) -> Any:
        try:
            return next(self._messages)
        except StopIteration:
            raise StopAsyncIteration from None


async def async_generator(messages: Iterable[Any]) -> AsyncIterator[Any]:
    for message in messages:
        yield message


def generator(messages: Iterable[Any]) -> Iterator[Any]:
    yield from messages


STREAMS: dict[str, Callable[[list[Any]], Any]] = {
    "list": list,
    "tuple": tuple,
    "generator": generator,
    "async generator": async_generator,
    "async iterable": Versions,
}


@pytest.fixture
async def lib(client_transport: str) -> Any:
    return importlib.import_module(f"trees.{client_transport}.example")


@pytest.fixture
async def client(
    client_transport: str,
    server_transport: str,
    serve: Serve,
    connect: Connect,
    echo_service: MakeEcho,
) -> Any:
    return await connect(client_transport, await serve(echo_service(server_transport)))


async def test_unary_unary(client: Any, lib: Any) -> None:
    assert await client.my_rpc(lib.Request(name="hello")) == lib.Response(names=["hello"])


async def test_unary_stream(client: Any, lib: Any) -> None:
    responses = client.versions(lib.VersionRequest(name="a"))
    assert [response async for response in responses] == [
        lib.VersionResponse(name="a", version=version) for version in (1, 2, 3)
    ]


@pytest.mark.parametrize("stream", STREAMS)
@pytest.mark.parametrize("count", [0, 1, 3])
async def test_stream_unary(client: Any, lib: Any, stream: str, count: int) -> None:
    names = [f"name {number}" for number in range(count)]
    requests = STREAMS[stream]([lib.Request(name=name) for name in names])
    assert await client.upload(requests) == lib.Response(names=names)


@pytest.mark.parametrize("stream", STREAMS)
@pytest.mark.parametrize("count", [0, 1, 3])
async def test_stream_stream(client: Any, lib: Any, stream: str, count: int) -> None:
    requests = STREAMS[stream]([lib.VersionRequest(name=f"{number}") for number in range(count)])
    assert [response async for response in client.chat(requests)] == [
        lib.VersionResponse(name=f"{number}", version=number + 1) for number in range(count)
    ]


async def test_requests_made_in_reaction_to_responses(client: Any, lib: Any) -> None:
    """Each request waits for the response to the one before: sending and receiving go side by side."""
    answered: asyncio.Queue[int] = asyncio.Queue()

    async def requests() -> AsyncIterator[Any]:
        yield lib.VersionRequest(name="first")
        while (version := await answered.get()) < 5:
            yield lib.VersionRequest(name=f"after {version}")

    names: list[str] = []
    async for response in client.chat(requests()):
        names.append(response.name)
        answered.put_nowait(response.version)
    assert names == ["first", "after 1", "after 2", "after 3", "after 4"]


async def test_other_tasks_run_while_a_plain_iterable_is_sent(client: Any, lib: Any) -> None:
    """A producer that never waits keeps the event loop neither from receiving nor from other tasks."""
    turns = turns_while_sending = 0

    async def count_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    def requests() -> Iterator[Any]:
        nonlocal turns_while_sending
        # Fewer than the window of a stream lets pass: it does not make the producer wait.
        for _ in range(1000):
            yield lib.VersionRequest(name="x")
        turns_while_sending = turns

    counting = asyncio.create_task(count_turns())
    assert len([response async for response in client.chat(requests())]) == 1000
    counting.cancel()
    assert turns_while_sending > 100


async def test_large_messages(client: Any, lib: Any) -> None:
    """Larger than a frame and than the flow-control window of HTTP/2."""
    name = "x" * 1_000_000
    assert (await client.my_rpc(lib.Request(name=name))).names == [name]
    requests = [lib.Request(name=name)] * 3
    assert (await client.upload(requests)).names == [name] * 3


async def test_concurrent_calls(client: Any, lib: Any) -> None:
    responses = await asyncio.gather(
        *(client.my_rpc(lib.Request(name=str(number))) for number in range(50))
    )
    assert [response.names for response in responses] == [[str(number)] for number in range(50)]


async def test_sync_client(server_transport: str, serve: Serve, echo_service: MakeEcho) -> None:
    port = await serve(echo_service(server_transport))

    def call() -> None:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            client = sync_example.MyServiceStub(channel)
            Request, VersionRequest = sync_example.Request, sync_example.VersionRequest
            assert client.my_rpc(Request(name="a")).names == ["a"]
            assert [r.version for r in client.versions(VersionRequest(name="a"))] == [1, 2, 3]
            for names in ([], ["a"], ["a", "b", "c"]):
                assert client.upload([Request(name=name) for name in names]).names == names
                responses = client.chat(VersionRequest(name=name) for name in names)
                assert [response.name for response in responses] == names

    await asyncio.to_thread(call)


async def test_server_may_stop_reading_early(client: Any, lib: Any) -> None:
    """The response comes although the client has not ended its side, and the producer is closed."""
    closed: list[str] = []

    async def requests(request_type: Any) -> AsyncIterable[Any]:
        try:
            yield request_type(name="a")
            yield request_type(name="stop")
            await asyncio.Event().wait()
        finally:
            closed.append(request_type.__name__)

    assert await client.upload(requests(lib.Request)) == lib.Response(names=["a"])
    assert closed == ["Request"]
    responses = client.chat(requests(lib.VersionRequest))
    assert [response.name async for response in responses] == ["a"]
    assert closed == ["Request", "VersionRequest"]
