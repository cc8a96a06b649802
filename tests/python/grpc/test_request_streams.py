"""Producers of requests: closed when their call ends early, and heard when they fail."""

from __future__ import annotations

import asyncio
import importlib
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, Any

import aristaproto
import grpc
import grpclib.exceptions
import pytest
from trees.grpcio import example

from tests.python.grpc.waiting import until

if TYPE_CHECKING:
    from tests.python.grpc.conftest import Connect, MakeEcho, Serve

CALL_FAILED = (grpc.aio.AioRpcError, grpclib.exceptions.GRPCError)


class Producer:
    """A custom async iterator of requests with `aclose`, which tells when that ran."""

    def __init__(self, messages: list[Any], *, then_wait: bool) -> None:
        self._messages = iter(messages)
        self._then_wait = then_wait
        self.closed_at: float | None = None

    def __aiter__(self) -> Producer:
        return self

    async def __anext__(self) -> Any:
        for message in self._messages:
            return message
        if self._then_wait:
            await asyncio.Event().wait()
        raise StopAsyncIteration

    async def aclose(self) -> None:
        self.closed_at = time.monotonic()


class ProducerFailed(Exception):
    pass


@pytest.fixture
async def lib(client_transport: str) -> Any:
    return importlib.import_module(f"trees.{client_transport}.example")


@pytest.fixture
async def service(server_transport: str, echo_service: MakeEcho) -> Any:
    return echo_service(server_transport)


@pytest.fixture
async def client(client_transport: str, serve: Serve, connect: Connect, service: Any) -> Any:
    return await connect(client_transport, await serve(service))


async def first_response(client: Any, requests: Any) -> Any:
    return await anext(client.chat(requests))


async def single_response(client: Any, requests: Any) -> Any:
    return await client.upload(requests)


def request_type(lib: Any, call: Callable[[Any, Any], Awaitable[Any]]) -> Any:
    return lib.Request if call is single_response else lib.VersionRequest


both_kinds = pytest.mark.parametrize("call", [single_response, first_response])


@both_kinds
async def test_server_failure_closes_the_producer(client: Any, lib: Any, call: Any) -> None:
    producer = Producer([request_type(lib, call)(name="fail")], then_wait=True)
    with pytest.raises(CALL_FAILED):
        await asyncio.wait_for(call(client, producer), 1)
    assert producer.closed_at is not None


@both_kinds
async def test_server_failure_runs_the_finally_of_a_generator(
    client: Any, lib: Any, call: Any
) -> None:
    closed = asyncio.Event()

    async def requests() -> AsyncIterator[Any]:
        try:
            yield request_type(lib, call)(name="fail")
            await asyncio.Event().wait()
        finally:
            closed.set()

    with pytest.raises(CALL_FAILED):
        await asyncio.wait_for(call(client, requests()), 1)
    assert closed.is_set()


@both_kinds
async def test_server_failure_closes_a_plain_generator(client: Any, lib: Any, call: Any) -> None:
    closed: list[bool] = []

    def requests() -> Any:
        try:
            while True:
                yield request_type(lib, call)(name="fail")
        finally:
            closed.append(True)

    producer = requests()
    with pytest.raises(CALL_FAILED):
        await asyncio.wait_for(call(client, producer), 1)
    assert closed == [True]


async def test_early_close_closes_both_sides(client: Any, lib: Any, service: Any) -> None:
    """Closing the generator of responses closes the producer, and the server's own generator."""
    producer = Producer([lib.VersionRequest(name="a")], then_wait=True)
    responses = client.chat(producer)
    assert (await anext(responses)).name == "a"
    started = time.monotonic()
    await responses.aclose()
    assert producer.closed_at is not None
    await until(lambda: "chat closed" in service.events)
    assert time.monotonic() - started < 1


async def test_leaving_the_loop_closes_both_sides(client: Any, lib: Any, service: Any) -> None:
    producer = Producer([lib.VersionRequest(name="a")], then_wait=True)
    async for response in client.chat(producer):
        assert response.name == "a"
        break
    await until(lambda: producer.closed_at is not None)
    await until(lambda: "chat closed" in service.events)


async def test_early_close_of_a_unary_stream(client: Any, lib: Any, service: Any) -> None:
    responses: AsyncGenerator[Any, None] = client.versions(lib.VersionRequest(name="wait"))
    assert [(await anext(responses)).version for _ in range(3)] == [1, 2, 3]
    await asyncio.wait_for(service.waiting.wait(), 5)
    await responses.aclose()
    await until(lambda: service.events == ["wait ended", "versions closed"])


@both_kinds
async def test_cancelled_caller_closes_both_sides(
    client: Any, lib: Any, service: Any, call: Any
) -> None:
    producer = Producer([request_type(lib, call)(name="wait")], then_wait=True)
    running = asyncio.create_task(call(client, producer))
    await asyncio.wait_for(service.waiting.wait(), 5)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(running, 1)
    assert producer.closed_at is not None
    await until(lambda: "wait ended" in service.events)


@both_kinds
@pytest.mark.parametrize("sent_before", [0, 1])
async def test_failure_of_the_producer_reaches_the_caller(
    client: Any, lib: Any, call: Any, sent_before: int
) -> None:
    async def requests() -> AsyncIterator[Any]:
        for _ in range(sent_before):
            # `wait`: the response can come only after the producer has failed.
            yield request_type(lib, call)(name="wait")
        try:
            raise KeyError("inner")
        except KeyError:
            raise ProducerFailed("no more requests")  # noqa: B904 - the implicit context is meant

    with pytest.raises(ProducerFailed, match="no more requests") as raised:
        await asyncio.wait_for(call(client, requests()), 1)
    assert isinstance(raised.value.__context__, KeyError)


async def test_failure_of_the_producer_between_responses(client: Any, lib: Any) -> None:
    """The producer fails while the caller works on a response, not while it waits for one."""
    proceed = asyncio.Event()

    async def requests() -> AsyncIterator[Any]:
        yield lib.VersionRequest(name="a")
        await proceed.wait()
        raise ProducerFailed("no more requests")

    responses = client.chat(requests())
    assert (await anext(responses)).name == "a"
    proceed.set()
    await asyncio.sleep(0.05)
    with pytest.raises(ProducerFailed):
        await asyncio.wait_for(anext(responses), 1)


@both_kinds
async def test_failure_of_the_producer_leaves_no_cancellation_behind(
    client: Any, lib: Any, call: Any
) -> None:
    """The caller's task is not left in the state of one that somebody has cancelled."""

    async def requests() -> AsyncIterator[Any]:
        yield request_type(lib, call)(name="wait")
        raise ProducerFailed("no more requests")

    with pytest.raises(ProducerFailed):
        await call(client, requests())
    task = asyncio.current_task()
    assert task is not None
    assert getattr(task, "cancelling", int)() == 0


@both_kinds
async def test_producer_that_fails_to_close(client: Any, lib: Any, call: Any) -> None:
    """How the call ended is not hidden by an exception of the producer's own clean-up."""
    reported: list[str] = []
    asyncio.get_running_loop().set_exception_handler(
        lambda _, context: reported.append(repr(context["exception"]))
    )

    async def requests() -> AsyncIterator[Any]:
        try:
            yield request_type(lib, call)(name="fail")
            await asyncio.Event().wait()
        finally:
            raise ProducerFailed("in finally")

    with pytest.raises(CALL_FAILED):
        await asyncio.wait_for(call(client, requests()), 1)
    await until(lambda: bool(reported))
    assert reported == ["ProducerFailed('in finally')"]


@both_kinds
async def test_not_an_iterable(client: Any, lib: Any, call: Any) -> None:
    with pytest.raises(TypeError, match="not iterable"):
        await asyncio.wait_for(call(client, request_type(lib, call)(name="a")), 1)


@both_kinds
async def test_request_that_cannot_be_encoded(client: Any, lib: Any, call: Any) -> None:
    """It is not sent, and the error names the field."""
    requests = [request_type(lib, call)(name=text) for text in ("a", 7, "b")]
    with pytest.raises(aristaproto.EncodeError, match="name"):
        await asyncio.wait_for(call_all(client, call, requests), 1)


async def test_sync_producer_that_fails(serve: Serve, echo_service: MakeEcho) -> None:
    """Its exception, or that of a request that cannot be encoded, reaches the caller."""
    port = await serve(echo_service("grpcio"))

    def failing(request_type: Any) -> Iterator[Any]:
        yield request_type(name="a")
        raise KeyError("no more")

    def call() -> None:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            client = example.MyServiceStub(channel)
            with pytest.raises(KeyError, match="no more"):
                client.upload(failing(example.Request))
            with pytest.raises(KeyError, match="no more"):
                list(client.chat(failing(example.VersionRequest)))
            wrong: Any = 7
            with pytest.raises(aristaproto.EncodeError, match="name"):
                client.upload([example.Request(name="a"), example.Request(name=wrong)])
            with pytest.raises(aristaproto.EncodeError, match="name"):
                list(client.chat([example.VersionRequest(name=wrong)]))
            with pytest.raises(grpc.RpcError, match="asked to fail"):
                client.upload([example.Request(name="fail")])
            responses: Any = client.chat([example.VersionRequest(name="a")])
            assert [response.name for response in responses] == ["a"]
            assert responses.code() is grpc.StatusCode.OK
            assert client.upload([example.Request(name="a")]).names == ["a"]

    await asyncio.to_thread(call)


async def test_request_that_is_no_message(client: Any, lib: Any) -> None:
    for call in (
        client.my_rpc("text"),
        client.upload(["text"]),
        anext(client.versions("text")),
        anext(client.chat(["text"])),
    ):
        with pytest.raises(TypeError, match=r"'text'|'str'"):
            await call


async def test_unary_request_that_cannot_be_encoded(client: Any, lib: Any) -> None:
    with pytest.raises(aristaproto.EncodeError, match="name"):
        await client.my_rpc(lib.Request(name=7))
    with pytest.raises(aristaproto.EncodeError, match="name"):
        await anext(client.versions(lib.VersionRequest(name=7)))


@both_kinds
async def test_early_end_leaves_the_finally_of_the_producer_whole(
    client: Any, lib: Any, call: Any
) -> None:
    """The server has its response while the producer sends: what closes it may wait for something itself."""
    ended: list[str] = []

    async def requests() -> AsyncIterator[Any]:
        try:
            while True:
                yield request_type(lib, call)(name="stop")
                await asyncio.sleep(0)
        finally:
            try:
                for _ in range(20):
                    await asyncio.sleep(0.0005)
                ended.append("whole")
            except BaseException as error:
                ended.append(repr(error))
                raise

    for _ in range(10):
        await asyncio.wait_for(call_all(client, call, requests()), 5)
    assert ended == ["whole"] * 10


async def test_producer_sees_the_context_of_its_caller(client: Any, lib: Any) -> None:
    """The whole producer runs in one task, so that it may use task-bound context managers."""
    tasks: set[Any] = set()

    async def requests() -> AsyncIterator[Any]:
        tasks.add(asyncio.current_task())
        try:
            yield lib.VersionRequest(name="a")
            await asyncio.Event().wait()
        finally:
            tasks.add(asyncio.current_task())

    responses = client.chat(requests())
    await anext(responses)
    await responses.aclose()
    assert len(tasks) == 1


async def call_all(client: Any, call: Any, requests: Any) -> Any:
    if call is single_response:
        return await client.upload(requests)
    return [response async for response in client.chat(requests)]
