"""Timeouts, deadlines, metadata and the other options of a call; the errors that a caller gets."""

from __future__ import annotations

import asyncio
import importlib
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

import aristaproto
import grpc
import grpclib.client
import grpclib.exceptions
import pytest
from grpclib.const import Status
from grpclib.metadata import Deadline
from trees.grpcio import example

from tests.python.grpc.waiting import until

if TYPE_CHECKING:
    from tests.python.grpc.conftest import Connect, MakeEcho, Serve

# grpclib's client raises whichever comes first, its own timer or the status from the server.
TIMED_OUT = (grpc.aio.AioRpcError, asyncio.TimeoutError, grpclib.exceptions.GRPCError)


class Inspector(example.MyServiceBase):
    """Answers with what it sees of the call's options."""

    async def my_rpc(self, message: example.Request) -> example.Response:
        context: Any = self._grpcio_context
        names = [
            f"{key}={value!r}" for key, value in context.invocation_metadata() if key[:2] == "x-"
        ]
        remaining = context.time_remaining()
        names.append("no deadline" if remaining is None else str(round(remaining, -1)))
        return example.Response(names=names)


async def to_list(responses: AsyncIterator[Any]) -> list[Any]:
    return [response async for response in responses]


@pytest.fixture
async def lib(client_transport: str) -> Any:
    return importlib.import_module(f"trees.{client_transport}.example")


@pytest.fixture
async def port(serve: Serve) -> int:
    return await serve(Inspector())


@pytest.mark.parametrize(
    "metadata",
    [
        {"x-text": "a", "x-binary-bin": b"\x00\xff"},
        [("x-text", "a"), ("x-binary-bin", b"\x00\xff")],
        (("x-text", b"a"), ("x-binary-bin", b"\x00\xff")),
        {"x-text": b"a", "x-binary-bin": b"\x00\xff"},
    ],
)
async def test_metadata(
    client_transport: str, port: int, connect: Connect, lib: Any, metadata: Any
) -> None:
    """A mapping or pairs, values str or bytes, in a call or as the stub's default."""
    expected = ["x-text='a'", "x-binary-bin=b'\\x00\\xff'", "no deadline"]
    client = await connect(client_transport, port)
    assert (await client.my_rpc(lib.Request(), metadata=metadata)).names == expected
    client = await connect(client_transport, port, metadata=metadata)
    assert (await client.my_rpc(lib.Request())).names == expected


async def test_metadata_with_one_key_twice(
    client_transport: str, port: int, connect: Connect, lib: Any
) -> None:
    client = await connect(client_transport, port)
    response = await client.my_rpc(lib.Request(), metadata=[("x-a", "1"), ("x-a", "2")])
    assert response.names == ["x-a='1'", "x-a='2'", "no deadline"]


@pytest.mark.parametrize(
    ("metadata", "name"),
    [
        ({"Upper": "x"}, "Upper"),
        ({"x-text": "\N{LATIN SMALL LETTER E WITH ACUTE}"}, "x-text"),
        ({"x-text": b"\xe9"}, "x-text"),
        ({"x-text": 3}, "x-text"),
        ([("x-binary-bin", "text")], "x-binary-bin"),
    ],
)
async def test_metadata_that_cannot_be_sent(
    client_transport: str, port: int, connect: Connect, lib: Any, metadata: Any, name: str
) -> None:
    """The error says what is wrong with which key or value."""
    client = await connect(client_transport, port)
    value = dict(metadata)[name]
    expected = rf"{name}|{value!r}" if client_transport == "grpclib" else name
    with pytest.raises((ValueError, TypeError), match=expected):
        await client.my_rpc(lib.Request(), metadata=metadata)
    if client_transport == "grpcio":
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            with pytest.raises((ValueError, TypeError), match=name):
                example.MyServiceStub(channel).my_rpc(example.Request(), metadata=metadata)
            with pytest.raises((ValueError, TypeError), match=name):
                example.MyServiceStub(channel, metadata=metadata)


async def test_options_of_a_call_win_one_by_one(
    client_transport: str, port: int, connect: Connect, lib: Any
) -> None:
    client = await connect(client_transport, port, timeout=100, metadata={"x-from": "stub"})

    async def seen(**options: Any) -> list[str]:
        return list((await client.my_rpc(lib.Request(), **options)).names)

    assert await seen() == ["x-from='stub'", "100.0"]
    assert await seen(timeout=50) == ["x-from='stub'", "50.0"]
    assert await seen(metadata={"x-from": "call"}) == ["x-from='call'", "100.0"]
    assert await seen(metadata={}) == ["100.0"]
    assert await seen(timeout=50, metadata=[("x-from", "call")]) == ["x-from='call'", "50.0"]


async def test_grpclib_deadline(port: int, connect: Connect) -> None:
    lib: Any = importlib.import_module("trees.grpclib.example")
    client = await connect("grpclib", port, deadline=Deadline.from_timeout(100))
    assert (await client.my_rpc(lib.Request())).names == ["100.0"]
    response = await client.my_rpc(lib.Request(), deadline=Deadline.from_timeout(50))
    assert response.names == ["50.0"]
    assert (await client.my_rpc(lib.Request(), timeout=20)).names == ["20.0"]


async def test_sync_options(port: int) -> None:
    def call() -> None:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            client = example.MyServiceStub(channel, timeout=100, metadata={"x-from": "stub"})
            request = example.Request()
            assert client.my_rpc(request).names == ["x-from='stub'", "100.0"]
            assert client.my_rpc(request, timeout=50).names == ["x-from='stub'", "50.0"]
            response = client.my_rpc(request, metadata=[("x-from", b"call")], wait_for_ready=True)
            assert response.names == ["x-from='call'", "100.0"]

    await asyncio.to_thread(call)


@pytest.mark.parametrize("call", ["my_rpc", "versions", "upload", "chat"])
async def test_timeout_of_each_kind(
    client_transport: str,
    server_transport: str,
    serve: Serve,
    connect: Connect,
    echo_service: MakeEcho,
    lib: Any,
    call: str,
) -> None:
    service = echo_service(server_transport)
    client = await connect(client_transport, await serve(service))
    started = time.monotonic()
    request, chat_request = lib.Request(name="wait"), lib.VersionRequest(name="wait")
    calls: dict[str, Callable[[], Awaitable[Any]]] = {
        "my_rpc": lambda: client.my_rpc(request, timeout=0.2),
        "upload": lambda: client.upload([request], timeout=0.2),
        "versions": lambda: to_list(client.versions(chat_request, timeout=0.2)),
        "chat": lambda: to_list(client.chat([chat_request], timeout=0.2)),
    }
    with pytest.raises(TIMED_OUT) as raised:
        await calls[call]()
    assert 0.1 < time.monotonic() - started < 1.2
    if isinstance(raised.value, grpc.aio.AioRpcError):
        assert raised.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    if isinstance(raised.value, grpclib.exceptions.GRPCError):
        assert raised.value.status is Status.DEADLINE_EXCEEDED
    await until(lambda: "wait ended" in service.events)


async def test_error_status_of_each_kind(
    client_transport: str, serve: Serve, connect: Connect, lib: Any
) -> None:
    """An error before any response: grpc answers with trailers only."""

    class Refusing(example.MyServiceBase):
        async def refuse(self) -> None:
            self._grpcio_context.set_trailing_metadata((("x-why", "because"),))
            await self._grpcio_context.abort(grpc.StatusCode.PERMISSION_DENIED, "not you: é")

        async def my_rpc(self, message: Any) -> Any:
            await self.refuse()

        async def upload(self, messages: Any) -> Any:
            await self.refuse()

        async def versions(self, message: Any) -> AsyncIterator[example.VersionResponse]:
            await self.refuse()
            yield example.VersionResponse()

        async def chat(self, messages: Any) -> AsyncIterator[example.VersionResponse]:
            await self.refuse()
            yield example.VersionResponse()

    client = await connect(client_transport, await serve(Refusing()))
    for call in (
        client.my_rpc(lib.Request()),
        client.upload([lib.Request()]),
        client.upload([]),
        anext(client.versions(lib.VersionRequest())),
        anext(client.chat([lib.VersionRequest()])),
        anext(client.chat([])),
    ):
        with pytest.raises((grpc.aio.AioRpcError, grpclib.exceptions.GRPCError)) as raised:
            await call
        error: Any = raised.value
        if client_transport == "grpcio":
            assert error.code() is grpc.StatusCode.PERMISSION_DENIED
            assert error.details() == "not you: é"
            assert ("x-why", "because") in tuple(error.trailing_metadata())
        else:
            assert (error.status, error.message) == (Status.PERMISSION_DENIED, "not you: é")


async def test_error_after_responses(
    client_transport: str,
    server_transport: str,
    serve: Serve,
    connect: Connect,
    echo_service: MakeEcho,
    lib: Any,
) -> None:
    client = await connect(client_transport, await serve(echo_service(server_transport)))
    responses = client.versions(lib.VersionRequest(name="fail"))
    assert [(await anext(responses)).version for _ in range(3)] == [1, 2, 3]
    with pytest.raises((grpc.aio.AioRpcError, grpclib.exceptions.GRPCError)):
        await anext(responses)


@pytest.mark.parametrize("deadline", [5.0, timedelta(seconds=5)])
async def test_grpclib_deadline_that_is_none(port: int, connect: Connect, deadline: Any) -> None:
    lib: Any = importlib.import_module("trees.grpclib.example")
    with pytest.raises(TypeError, match="expected a grpclib"):
        await connect("grpclib", port, deadline=deadline)
    client = await connect("grpclib", port)
    for call in (
        client.my_rpc(lib.Request(), deadline=deadline),
        client.upload([], deadline=deadline),
        anext(client.versions(lib.VersionRequest(), deadline=deadline)),
        anext(client.chat([], deadline=deadline)),
    ):
        with pytest.raises(TypeError, match="expected a grpclib"):
            await call


@pytest.mark.parametrize(("host", "port"), [("127.0.0.1", 100_000), ("x" * 300, 1)])
async def test_grpclib_channel_to_what_is_no_address(host: str, port: int) -> None:
    lib: Any = importlib.import_module("trees.grpclib.example")
    async with grpclib.client.Channel(host, port) as channel:
        client = lib.MyServiceStub(channel, timeout=10)
        for call in (
            client.my_rpc(lib.Request()),
            client.upload([]),
            anext(client.versions(lib.VersionRequest())),
            anext(client.chat([])),
        ):
            with pytest.raises(
                grpclib.exceptions.GRPCError,
                match=r"the call cannot start; (OverflowError|Unicode\w*Error)",
            ) as raised:
                await call
            assert raised.value.status is Status.UNAVAILABLE


async def test_server_is_down(client_transport: str, connect: Connect, lib: Any) -> None:
    """Each kind fails at once with an error that names the address, and closes its producer."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    client = await connect(client_transport, port)

    class Producer:
        closed = False

        def __aiter__(self) -> Producer:
            return self

        async def __anext__(self) -> Any:
            await asyncio.Event().wait()

        async def aclose(self) -> None:
            self.closed = True

    producers = [Producer(), Producer()]
    for call in (
        client.my_rpc(lib.Request()),
        anext(client.versions(lib.VersionRequest())),
        client.upload(producers[0]),
        anext(client.chat(producers[1])),
    ):
        with pytest.raises((grpc.aio.AioRpcError, OSError), match=f"127.0.0.1.*{port}") as raised:
            await asyncio.wait_for(call, 5)
        if isinstance(raised.value, grpc.aio.AioRpcError):
            assert raised.value.code() is grpc.StatusCode.UNAVAILABLE
    assert [producer.closed for producer in producers] == [True, True]


async def test_wait_for_ready(serve: Serve, connect: Connect) -> None:
    """With it, a call outlives the time until its server comes up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    client = await connect("grpcio", port, wait_for_ready=True, timeout=10)
    call = asyncio.create_task(client.upload([example.Request(name="a")]))
    await asyncio.sleep(0.2)
    assert not call.done()

    class Service(example.MyServiceBase):
        async def upload(self, messages: Any) -> example.Response:
            return example.Response(names=[message.name async for message in messages])

    server = grpc.aio.server()
    service: Any = Service()
    server.add_generic_rpc_handlers((service._grpcio_rpc_handler(),))
    assert server.add_insecure_port(f"127.0.0.1:{port}") == port
    await server.start()
    try:
        assert (await call).names == ["a"]
    finally:
        await server.stop(None)


async def test_response_that_cannot_be_decoded(serve: Serve, connect: Connect) -> None:
    """It is an error, never an empty message."""

    class Raw(example.MyServiceBase):
        def _grpcio_rpc_handler(self) -> Any:
            async def single(request: bytes, context: Any) -> bytes:
                return b"\x0a\x05ab"

            async def streamed(request: bytes, context: Any) -> Any:
                yield b"\x0a\x05ab"

            return grpc.method_handlers_generic_handler(
                "example.MyService",
                {
                    "MyRPC": grpc.unary_unary_rpc_method_handler(single),
                    "Upload": grpc.stream_unary_rpc_method_handler(single),
                    "Versions": grpc.unary_stream_rpc_method_handler(streamed),
                    "Chat": grpc.stream_stream_rpc_method_handler(streamed),
                },
            )

    port = await serve(Raw())
    client = await connect("grpcio", port)
    for call in (
        client.my_rpc(example.Request()),
        client.upload([example.Request()]),
        anext(client.versions(example.VersionRequest())),
        anext(client.chat([example.VersionRequest()])),
    ):
        with pytest.raises(grpc.aio.AioRpcError, match="not a valid") as raised:
            await call
        assert raised.value.code() is grpc.StatusCode.INTERNAL

    lib: Any = importlib.import_module("trees.grpclib.example")
    client = await connect("grpclib", port)
    for call in (
        client.my_rpc(lib.Request()),
        client.upload([lib.Request()]),
        anext(client.versions(lib.VersionRequest())),
        anext(client.chat([lib.VersionRequest()])),
    ):
        with pytest.raises(grpclib.exceptions.GRPCError, match=r"not a valid.*name") as failed:
            await call
        assert failed.value.status is Status.INTERNAL

    def sync_call() -> None:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            with pytest.raises(grpc.RpcError) as raised:
                example.MyServiceStub(channel).my_rpc(example.Request())
            error: Any = raised.value
            assert error.code() is grpc.StatusCode.INTERNAL

    await asyncio.to_thread(sync_call)


async def test_interceptors_see_messages(serve: Serve, echo_service: MakeEcho) -> None:
    """Interceptors of the channel get the request and response as messages, for all four kinds."""
    seen: list[str] = []

    class Unary(grpc.aio.UnaryUnaryClientInterceptor):
        async def intercept_unary_unary(
            self, continuation: Any, client_call_details: Any, request: Any
        ) -> Any:
            seen.append(request.name)
            return await continuation(client_call_details, request)

    class Bidirectional(grpc.aio.StreamStreamClientInterceptor):
        async def intercept_stream_stream(
            self, continuation: Any, client_call_details: Any, request_iterator: Any
        ) -> Any:
            async def spied() -> Any:
                async for request in request_iterator:
                    seen.append(request.name)
                    yield request

            return await continuation(client_call_details, spied())

    port = await serve(echo_service("grpcio"))
    async with grpc.aio.insecure_channel(
        f"127.0.0.1:{port}", interceptors=[Unary(), Bidirectional()]
    ) as channel:
        client = example.MyServiceAsyncStub(channel)
        assert (await client.my_rpc(example.Request(name="a"))).names == ["a"]
        responses = client.chat([example.VersionRequest(name=name) for name in ("b", "c")])
        assert [response.name async for response in responses] == ["b", "c"]
        with pytest.raises(aristaproto.EncodeError, match="name"):
            await client.my_rpc(example.Request(name=cast("str", 7)))
        requests = [example.VersionRequest(name=cast("str", name)) for name in ("d", 7)]
        with pytest.raises(aristaproto.EncodeError, match="name"):
            await to_list(client.chat(requests))
    assert seen[:3] == ["a", "b", "c"]
