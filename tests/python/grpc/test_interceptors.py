"""Interceptors of grpc as others write them, on clients and servers: all four kinds of method go on working.

Those of OpenTelemetry and Sentry are the real packages.
"""

from __future__ import annotations

import asyncio
import collections
import gc
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, cast

import aristaproto
import grpc
import pytest
from aristaproto import grpcio
from trees.grpcio import example
from trees.grpcio.example import Request, VersionRequest, VersionResponse

from tests.python.grpc.waiting import until

if TYPE_CHECKING:
    from tests.python.grpc.conftest import Connect, MakeEcho, Serve


async def requests_of(request_type: Any, *names: str) -> AsyncIterator[Any]:
    for name in names:
        yield request_type(name=name)


async def all_kinds(client: Any) -> None:
    """Each kind of method gives what it gives without interceptors."""
    assert (await client.my_rpc(Request(name="a"), timeout=5)).names == ["a"]
    versions = client.versions(VersionRequest(name="a"), timeout=5)
    assert [response.version async for response in versions] == [1, 2, 3]
    uploaded = await client.upload(requests_of(Request, "a", "b", "c"), timeout=5)
    assert uploaded.names == ["a", "b", "c"]
    assert (await client.upload([Request(name="a")], timeout=5)).names == ["a"]
    chat = client.chat(requests_of(VersionRequest, "a", "b", "c"), timeout=5)
    assert [response.name async for response in chat] == ["a", "b", "c"]


def all_kinds_of_sync_stub(client: Any) -> None:
    assert client.my_rpc(Request(name="a"), timeout=5).names == ["a"]
    assert [r.version for r in client.versions(VersionRequest(name="a"), timeout=5)] == [1, 2, 3]
    assert client.upload([Request(name="a"), Request(name="b")], timeout=5).names == ["a", "b"]
    assert [r.name for r in client.chat([VersionRequest(name="a")], timeout=5)] == ["a"]


class Iterates(grpc.aio.ServerInterceptor):
    """Goes over the responses of a method, as instrumentation does, and notes them."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    async def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
        handler = await continuation(handler_call_details)
        seen = self.seen

        def streamed(behaviour: Any) -> Any:
            async def around(request: Any, context: Any) -> AsyncIterator[Any]:
                async for response in behaviour(request, context):
                    seen.append(type(response).__name__)
                    yield response

            return around

        def single(behaviour: Any) -> Any:
            async def around(request: Any, context: Any) -> Any:
                response = await behaviour(request, context)
                seen.append(type(response).__name__)
                return response

            return around

        for kind in ("unary_unary", "unary_stream", "stream_unary", "stream_stream"):
            behaviour = getattr(handler, kind)
            if behaviour:
                make = getattr(grpc, f"{kind}_rpc_method_handler")
                around = streamed(behaviour) if kind.endswith("stream") else single(behaviour)
                return make(around, handler.request_deserializer, handler.response_serializer)
        return handler


async def test_server_interceptor_that_iterates(
    serve: Serve, connect: Connect, echo_service: MakeEcho
) -> None:
    interceptor = Iterates()
    port = await serve(echo_service("grpcio"), interceptors=[interceptor])
    await all_kinds(await connect("grpcio", port))
    assert collections.Counter(interceptor.seen) == {"Response": 3, "VersionResponse": 6}


async def test_statuses_through_a_server_interceptor(
    serve: Serve, connect: Connect, echo_service: MakeEcho
) -> None:
    """The method's exception, CancelledError and undecodable requests, and a client that goes away."""
    service = echo_service("grpcio")
    port = await serve(service, interceptors=[Iterates()])
    client = await connect("grpcio", port)
    for call in (
        client.my_rpc(Request(name="fail")),
        client.upload([Request(name="fail")]),
        anext(client.chat([VersionRequest(name="fail")])),
    ):
        with pytest.raises(grpc.aio.AioRpcError, match="asked to fail"):
            await call
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        untyped: Any = channel
        raw = untyped.unary_unary("/example.MyService/MyRPC")
        assert await raw(b"\x0a\x05ab").code() is grpc.StatusCode.INTERNAL
    service.events.clear()
    responses = client.chat(requests_of(VersionRequest, "a", "wait"))
    assert (await anext(responses)).name == "a"
    await asyncio.wait_for(service.waiting.wait(), 5)
    await responses.aclose()
    await until(lambda: "chat closed" in service.events)
    assert service.events == ["wait ended", "chat closed"]


class AwaitsUnary(grpc.aio.UnaryUnaryClientInterceptor):
    async def intercept_unary_unary(
        self, continuation: Any, client_call_details: Any, request: Any
    ) -> Any:
        call = await continuation(client_call_details, request)
        await call.code()
        return call


class AwaitsUnaryStream(grpc.aio.UnaryStreamClientInterceptor):
    async def intercept_unary_stream(
        self, continuation: Any, client_call_details: Any, request: Any
    ) -> Any:
        call = await continuation(client_call_details, request)
        await call.initial_metadata()
        return call


class AwaitsUpload(grpc.aio.StreamUnaryClientInterceptor):
    async def intercept_stream_unary(
        self, continuation: Any, client_call_details: Any, request_iterator: Any
    ) -> Any:
        call = await continuation(client_call_details, request_iterator)
        await call.code()
        return call


class AwaitsChat(grpc.aio.StreamStreamClientInterceptor):
    async def intercept_stream_stream(
        self, continuation: Any, client_call_details: Any, request_iterator: Any
    ) -> Any:
        call = await continuation(client_call_details, request_iterator)
        await call.initial_metadata()
        return call


AWAITING = [AwaitsUnary(), AwaitsUnaryStream(), AwaitsUpload(), AwaitsChat()]


@pytest.fixture(params=["private", "public"])
def ways_of_grpc(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """With what the stubs use of grpc beside its documented API, and without it."""
    if request.param == "public":
        from aristaproto.grpcio import grpcio_async_client, grpcio_async_server, sending

        def nothing(_: object) -> None:
            return None

        for module in (grpcio_async_client, sending):
            monkeypatch.setattr(module, "core_call", nothing)
        monkeypatch.setattr(grpcio_async_client, "interceptors_of", nothing)
        monkeypatch.setattr(grpcio_async_server, "reads_from_the_call", nothing)
    return str(request.param)


async def test_client_interceptors_that_wait_for_the_call(
    serve: Serve, echo_service: MakeEcho, ways_of_grpc: str
) -> None:
    port = await serve(echo_service("grpcio"))
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}", interceptors=AWAITING) as channel:
        await all_kinds(example.MyServiceAsyncStub(channel))


async def test_without_interceptors(
    serve: Serve, connect: Connect, echo_service: MakeEcho, ways_of_grpc: str
) -> None:
    client = await connect("grpcio", await serve(echo_service("grpcio")))
    await all_kinds(client)
    with pytest.raises(grpc.aio.AioRpcError, match="asked to fail"):
        await client.upload([Request(name="fail")])


@pytest.mark.parametrize("intercepted", [True, False])
async def test_failures_of_producers(
    serve: Serve, echo_service: MakeEcho, ways_of_grpc: str, intercepted: bool
) -> None:
    """They reach the caller, and producers are closed, through interceptors as without them."""
    closed: list[str] = []

    async def failing(request_type: Any) -> AsyncIterator[Any]:
        try:
            yield request_type(name="a")
            raise KeyError("no more")
        finally:
            closed.append("failing")

    async def endless(request_type: Any, name: str) -> AsyncIterator[Any]:
        try:
            yield request_type(name=name)
            await asyncio.Event().wait()
        finally:
            closed.append(name)

    port = await serve(echo_service("grpcio"))
    async with grpc.aio.insecure_channel(
        f"127.0.0.1:{port}", interceptors=AWAITING if intercepted else None
    ) as channel:
        client = example.MyServiceAsyncStub(channel)
        with pytest.raises(KeyError, match="no more"):
            await asyncio.wait_for(client.upload(failing(Request)), 5)
        with pytest.raises(KeyError, match="no more"):
            async for _ in client.chat(failing(VersionRequest)):
                pass
        with pytest.raises(grpc.aio.AioRpcError, match="asked to fail"):
            await asyncio.wait_for(client.upload(endless(Request, "fail")), 5)
        with pytest.raises(grpc.aio.AioRpcError, match="asked to fail"):
            await asyncio.wait_for(anext(client.chat(endless(VersionRequest, "fail"))), 5)
        responses = client.chat(endless(VersionRequest, "closed"))
        assert (await anext(responses)).name == "closed"
        await responses.aclose()
        with pytest.raises(TypeError, match="expected a request of Request"):
            await client.upload([cast("Any", VersionRequest(name="a"))])
    assert closed == ["failing", "failing", "fail", "fail", "closed"]


async def test_request_that_cannot_be_encoded(
    serve: Serve, echo_service: MakeEcho, ways_of_grpc: str
) -> None:
    """EncodeError before the call starts; an interceptor that waits for the call would wait for ever."""
    wrong: Any = 7
    port = await serve(echo_service("grpcio"))
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}", interceptors=AWAITING) as channel:
        client = example.MyServiceAsyncStub(channel)
        for call in (
            client.my_rpc(Request(name=wrong)),
            anext(client.versions(VersionRequest(name=wrong))),
            client.upload([Request(name="a"), Request(name=wrong)]),
            anext(client.chat([VersionRequest(name=wrong)])),
        ):
            with pytest.raises(aristaproto.EncodeError, match="name"):
                await asyncio.wait_for(call, 5)


class PassesUpload(grpc.aio.StreamUnaryClientInterceptor):
    async def intercept_stream_unary(
        self, continuation: Any, client_call_details: Any, request_iterator: Any
    ) -> Any:
        return await continuation(client_call_details, request_iterator)


class PassesChat(grpc.aio.StreamStreamClientInterceptor):
    async def intercept_stream_stream(
        self, continuation: Any, client_call_details: Any, request_iterator: Any
    ) -> Any:
        return await continuation(client_call_details, request_iterator)


async def test_status_of_calls_that_the_server_ends_early(serve: Serve) -> None:
    """Always the server's: grpc's own way of writing puts INTERNAL in its place once in four chats."""

    class Service(example.MyServiceBase):
        async def upload(self, messages: Any) -> Any:
            async for message in messages:
                if message.name == "last":
                    await self._grpcio_context.abort(grpc.StatusCode.NOT_FOUND, "gone")

        async def chat(self, messages: Any) -> AsyncIterator[example.VersionResponse]:
            async for message in messages:
                yield example.VersionResponse()
                if message.name == "last":
                    return

    async def endless(request_type: Any) -> AsyncIterator[Any]:
        number = 0
        while True:
            yield request_type(name="last" if number == 20 else "")
            number += 1

    port = await serve(Service())
    statuses: collections.Counter[str] = collections.Counter()
    async with grpc.aio.insecure_channel(
        f"127.0.0.1:{port}", interceptors=[PassesUpload(), PassesChat()]
    ) as channel:
        client = example.MyServiceAsyncStub(channel)
        for _ in range(60):
            try:
                responses = [response async for response in client.chat(endless(VersionRequest))]
                statuses[f"{len(responses)} responses"] += 1
            except grpc.aio.AioRpcError as error:
                statuses[f"chat {error.code().name}"] += 1
            try:
                await client.upload(endless(Request))
            except grpc.aio.AioRpcError as error:
                statuses[f"upload {error.code().name}"] += 1
    assert statuses == {"21 responses": 60, "upload NOT_FOUND": 60}


async def two_responses() -> AsyncIterator[Any]:
    for version in range(2):
        yield VersionResponse(version=version)


async def all_of(responses: Any) -> AsyncIterator[Any]:
    async for response in responses:
        yield response


class AnswersVersions(grpc.aio.UnaryStreamClientInterceptor):
    """Gives responses without making a call."""

    async def intercept_unary_stream(
        self, continuation: Any, client_call_details: Any, request: Any
    ) -> Any:
        return two_responses()


class AnswersChat(grpc.aio.StreamStreamClientInterceptor):
    async def intercept_stream_stream(
        self, continuation: Any, client_call_details: Any, request_iterator: Any
    ) -> Any:
        return two_responses()


class WrapsVersions(grpc.aio.UnaryStreamClientInterceptor):
    """Puts an iterator of its own around that of whoever answers."""

    async def intercept_unary_stream(
        self, continuation: Any, client_call_details: Any, request: Any
    ) -> Any:
        return all_of(await continuation(client_call_details, request))


class WrapsChat(grpc.aio.StreamStreamClientInterceptor):
    async def intercept_stream_stream(
        self, continuation: Any, client_call_details: Any, request_iterator: Any
    ) -> Any:
        return all_of(await continuation(client_call_details, request_iterator))


@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize("kind", ["versions", "chat"])
async def test_streams_that_an_interceptor_answers(kind: str, wrapped: bool) -> None:
    failed: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: failed.append(context))
    interceptors: list[Any] = (
        [WrapsVersions(), AnswersVersions()] if kind == "versions" else [WrapsChat(), AnswersChat()]
    )

    def argument() -> Any:
        if kind == "versions":
            return VersionRequest(name="a")
        return requests_of(VersionRequest, "a", "b", "c", "d")

    async with grpc.aio.insecure_channel(
        "127.0.0.1:1", interceptors=interceptors[not wrapped :]
    ) as channel:
        method: Any = getattr(example.MyServiceAsyncStub(channel), kind)
        assert [it.version async for it in method(argument())] == [0, 1]
        async with aclosing(method(argument())) as responses:
            assert (await anext(responses)).version == 0
        start: Any = grpcio.start_call
        call = start(method, argument())
        assert [it.version async for it in call] == [0, 1]
        assert await call.code() is grpc.StatusCode.OK
        assert await call.details() == ""
        assert len(await call.initial_metadata()) == len(await call.trailing_metadata()) == 0
        assert (call.done(), call.cancel()) == (True, False)
        call = start(method, argument())
        assert (await anext(call)).version == 0
        await call.aclose()
        del call
        # What grpc does when it lets go of a call must not fail, either.
        gc.collect()
    assert failed == []


async def test_interceptor_that_changes_requests(serve: Serve, echo_service: MakeEcho) -> None:
    """What it makes of them is sent; an exception of its own ends the call and is reported."""
    reported: list[str] = []
    asyncio.get_running_loop().set_exception_handler(
        lambda _, context: reported.append(repr(context.get("exception")))
    )

    class Changes(grpc.aio.StreamUnaryClientInterceptor):
        async def intercept_stream_unary(
            self, continuation: Any, client_call_details: Any, request_iterator: Any
        ) -> Any:
            async def changed() -> AsyncIterator[Any]:
                async for request in request_iterator:
                    if request.name == "raise":
                        raise LookupError("in the interceptor")
                    yield Request(name=request.name.upper())

            return await continuation(client_call_details, changed())

    port = await serve(echo_service("grpcio"))
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}", interceptors=[Changes()]) as channel:
        client = example.MyServiceAsyncStub(channel)
        assert (await client.upload(requests_of(Request, "a", "b"))).names == ["A", "B"]
        with pytest.raises(asyncio.CancelledError):
            await client.upload(requests_of(Request, "a", "raise"))
    assert reported == ["LookupError('in the interceptor')"]


async def test_opentelemetry(serve: Serve, connect: Connect, echo_service: MakeEcho) -> None:
    otel = pytest.importorskip("opentelemetry.instrumentation.grpc")
    grpcext = pytest.importorskip("opentelemetry.instrumentation.grpc.grpcext")
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    server_interceptor = otel.aio_server_interceptor(tracer_provider=provider)
    port = await serve(echo_service("grpcio"), interceptors=[server_interceptor])
    interceptors = otel.aio_client_interceptors(tracer_provider=provider)
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}", interceptors=interceptors) as channel:
        client = example.MyServiceAsyncStub(channel)
        await all_kinds(client)
        with pytest.raises(grpc.aio.AioRpcError, match="asked to fail"):
            await client.my_rpc(Request(name="fail"))
        wrong: Any = 7
        with pytest.raises(aristaproto.EncodeError):
            await asyncio.wait_for(client.my_rpc(Request(name=wrong)), 5)
    spans = collections.Counter(
        (span.name.rpartition("/")[2], span.kind.name) for span in exporter.get_finished_spans()
    )
    assert {method for method, _ in spans} == {"MyRPC", "Upload", "Versions", "Chat"}
    assert {kind for _, kind in spans} == {"CLIENT", "SERVER"}

    def sync_calls() -> None:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as plain:
            channel = grpcext.intercept_channel(plain, otel.client_interceptor(provider))
            client = example.MyServiceStub(channel)
            all_kinds_of_sync_stub(client)
            with pytest.raises(aristaproto.EncodeError):
                client.my_rpc(Request(name=wrong))
            with pytest.raises(aristaproto.EncodeError):
                list(client.versions(VersionRequest(name=wrong)))

    await asyncio.to_thread(sync_calls)


async def test_sentry(serve: Serve, echo_service: MakeEcho) -> None:
    sentry_sdk = pytest.importorskip("sentry_sdk")
    from sentry_sdk.integrations.grpc.aio.client import (
        SentryUnaryStreamClientInterceptor,
        SentryUnaryUnaryClientInterceptor,
    )
    from sentry_sdk.integrations.grpc.aio.server import ServerInterceptor
    from sentry_sdk.integrations.grpc.client import ClientInterceptor

    spans: list[str] = []

    class Transport(sentry_sdk.transport.Transport):  # type: ignore[misc, name-defined, unused-ignore]
        def capture_envelope(self, envelope: Any) -> None:
            for item in envelope.items:
                event = item.payload.json
                spans.append(event["transaction"])
                spans.extend(span["description"] for span in event["spans"])

    client = sentry_sdk.Client(
        dsn="http://key@127.0.0.1:9/1",
        transport=Transport,
        traces_sample_rate=1.0,
        default_integrations=False,
        auto_enabling_integrations=False,
    )
    with sentry_sdk.isolation_scope() as scope:
        scope.set_client(client)
        port = await serve(echo_service("grpcio"), interceptors=[ServerInterceptor()])
        interceptors: Any = [
            SentryUnaryUnaryClientInterceptor(),
            SentryUnaryStreamClientInterceptor(),
        ]
        async with grpc.aio.insecure_channel(
            f"127.0.0.1:{port}", interceptors=interceptors
        ) as channel:
            with sentry_sdk.start_transaction(name="calls"):
                await all_kinds(example.MyServiceAsyncStub(channel))

        def sync_calls() -> None:
            with grpc.insecure_channel(f"127.0.0.1:{port}") as plain:
                channel = grpc.intercept_channel(plain, ClientInterceptor())
                all_kinds_of_sync_stub(example.MyServiceStub(channel))

        await asyncio.to_thread(sync_calls)
    client.close()
    assert "/example.MyService/MyRPC" in spans
    assert "unary unary call to /example.MyService/MyRPC" in spans
    assert "unary stream call to /example.MyService/Versions" in spans
