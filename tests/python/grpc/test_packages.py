"""Packages that people use around gRPC, with services of all kinds: grpc-interceptor, OpenTelemetry, Sentry.

What the latter two do on `grpc.aio` is in `test_interceptors.py`.
"""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import aristaproto.grpcio
import grpc
import pytest
from aristaproto.rpc import Code, ErrorInfo, StatusError, detail, status_of
from trees.grpcio import example as aio
from trees.no_default import example as threads

# Packages without types, or whose types miss grpc's.
grpc_interceptor: Any = importlib.import_module("grpc_interceptor")
exceptions: Any = importlib.import_module("grpc_interceptor.exceptions")

KINDS = ("my_rpc", "upload", "versions", "chat")


def fault(name: str) -> None:
    if name == "theirs":
        raise exceptions.NotFound("no such name")
    if name == "ours":
        raise StatusError(Code.NOT_FOUND, "no such name", [ErrorInfo(reason="NAME")])


class Threads(threads.MyServiceSyncBase):
    def my_rpc(self, message: threads.Request) -> threads.Response:
        fault(message.name)
        return threads.Response(names=[message.name])

    def upload(self, messages: Iterator[threads.Request]) -> threads.Response:
        return self.my_rpc(next(messages))

    def versions(self, message: threads.VersionRequest) -> Iterator[threads.VersionResponse]:
        yield threads.VersionResponse(name=message.name)
        fault(message.name)

    def chat(self, messages: Iterator[threads.VersionRequest]) -> Iterator[threads.VersionResponse]:
        for message in messages:
            yield from self.versions(message)


class Aio(aio.MyServiceBase):
    async def my_rpc(self, message: aio.Request) -> aio.Response:
        fault(message.name)
        return aio.Response(names=[message.name])

    async def upload(self, messages: AsyncIterator[aio.Request]) -> aio.Response:
        return await self.my_rpc(await anext(messages))

    async def versions(self, message: aio.VersionRequest) -> AsyncIterator[aio.VersionResponse]:
        yield aio.VersionResponse(name=message.name)
        fault(message.name)

    async def chat(
        self, messages: AsyncIterator[aio.VersionRequest]
    ) -> AsyncIterator[aio.VersionResponse]:
        async for message in messages:
            async for response in self.versions(message):
                yield response


def argument(lib: Any, kind: str, name: str) -> Any:
    request = (lib.Request if kind in ("my_rpc", "upload") else lib.VersionRequest)(name=name)
    return [request] if kind in ("upload", "chat") else request


@pytest.fixture
def serve_threads() -> Iterator[Callable[..., int]]:
    """Starts `Threads` with interceptors; gives the port."""
    servers: list[grpc.Server] = []

    def start(*interceptors: Any) -> int:
        server = grpc.server(ThreadPoolExecutor(4), interceptors=list(interceptors))
        servers.append(server)
        aristaproto.grpcio.add_to_server(Threads(), server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        return int(port)

    yield start
    for server in servers:
        server.stop(None).wait(5)


def answers(stub: Any, kind: str, name: str) -> list[str]:
    """The names in the responses of a synchronous call."""
    answer = getattr(stub, kind)(argument(threads, kind, name))
    return [it.name for it in answer] if kind in ("versions", "chat") else list(answer.names)


@pytest.mark.parametrize("kind", KINDS)
def test_grpc_interceptor_with_threads(serve_threads: Callable[..., int], kind: str) -> None:
    methods: list[str] = []

    class Client(grpc_interceptor.ClientInterceptor):  # type: ignore[misc]
        def intercept(self, method: Any, request_or_iterator: Any, call_details: Any) -> Any:
            methods.append(call_details.method)
            return method(request_or_iterator, call_details)

    port = serve_threads(grpc_interceptor.ExceptionToStatusInterceptor())
    with grpc.insecure_channel(f"127.0.0.1:{port}") as plain:
        channel = grpc.intercept_channel(plain, Client())
        stub = threads.MyServiceSyncStub(channel, timeout=10)
        assert answers(stub, kind, "fine") == ["fine"]
        for name in ("theirs", "ours"):
            with pytest.raises(grpc.RpcError) as raised:
                answers(stub, kind, name)
            status = status_of(raised.value)
            assert (status.code, status.message) == (Code.NOT_FOUND, "no such name")
            assert (detail(raised.value, ErrorInfo) is not None) == (name == "ours")
    assert len(methods) == 3


@pytest.mark.parametrize("kind", KINDS)
async def test_grpc_interceptor_with_aio(kind: str) -> None:
    server = grpc.aio.server(interceptors=[grpc_interceptor.AsyncExceptionToStatusInterceptor()])
    aristaproto.grpcio.add_to_server(Aio(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub: Any = aio.MyServiceAsyncStub(channel, timeout=10)

        async def call(name: str) -> list[str]:
            answer = getattr(stub, kind)(argument(aio, kind, name))
            if kind in ("versions", "chat"):
                return [it.name async for it in answer]
            return list((await answer).names)

        assert await call("fine") == ["fine"]
        for name in ("theirs", "ours"):
            with pytest.raises(grpc.aio.AioRpcError) as raised:
                await call(name)
            status = status_of(raised.value)
            assert (status.code, status.message) == (Code.NOT_FOUND, "no such name")
            assert (detail(raised.value, ErrorInfo) is not None) == (name == "ours")
    await server.stop(None)


def tracing() -> tuple[Any, Any]:
    """A provider of OpenTelemetry's tracers, and what keeps their spans."""
    sdk: Any = importlib.import_module("opentelemetry.sdk.trace")
    export: Any = importlib.import_module("opentelemetry.sdk.trace.export")
    memory: Any = importlib.import_module("opentelemetry.sdk.trace.export.in_memory_span_exporter")
    spans = memory.InMemorySpanExporter()
    provider = sdk.TracerProvider()
    provider.add_span_processor(export.SimpleSpanProcessor(spans))
    return provider, spans


def test_opentelemetry_with_threads(serve_threads: Callable[..., int]) -> None:
    otel: Any = importlib.import_module("opentelemetry.instrumentation.grpc")
    grpcext: Any = importlib.import_module("opentelemetry.instrumentation.grpc.grpcext")
    provider, spans = tracing()
    port = serve_threads(otel.server_interceptor(tracer_provider=provider))
    with grpc.insecure_channel(f"127.0.0.1:{port}") as plain:
        channel = grpcext.intercept_channel(
            plain, otel.client_interceptor(tracer_provider=provider)
        )
        stub = threads.MyServiceSyncStub(channel, timeout=10)
        for kind in KINDS:
            assert answers(stub, kind, "fine") == ["fine"]
    provider.force_flush()
    names = [it.name for it in spans.get_finished_spans()]
    for method in ("MyRPC", "Upload", "Versions", "Chat"):
        # One of the client, one of the server.
        assert sum(method in name for name in names) == 2, names


def test_calls_that_are_looked_at_through_opentelemetry(
    serve_threads: Callable[..., int],
) -> None:
    otel: Any = importlib.import_module("opentelemetry.instrumentation.grpc")
    grpcext: Any = importlib.import_module("opentelemetry.instrumentation.grpc.grpcext")
    with grpc.insecure_channel(f"127.0.0.1:{serve_threads()}") as plain:
        channel = grpcext.intercept_channel(plain, otel.client_interceptor())
        stub = threads.MyServiceSyncStub(channel, timeout=10)
        call = aristaproto.grpcio.start_call(stub.my_rpc, threads.Request(name="ours"))
        assert call.code() is grpc.StatusCode.NOT_FOUND
        assert detail(call.exception() or ValueError(), ErrorInfo) == ErrorInfo(reason="NAME")
        kept = aristaproto.grpcio.compressed(stub, grpc.Compression.Gzip)
        assert answers(kept, "my_rpc", "fine") == ["fine"]
        # Its interceptor makes a generator of a stream.
        stream = aristaproto.grpcio.start_call(stub.versions, threads.VersionRequest(name="fine"))
        assert next(stream).name == "fine"
        looks: tuple[Callable[[], object], ...] = (stream.code, stream.cancel, stream.done)
        for look in looks:
            with pytest.raises(TypeError, match="has put a generator in the place of the call"):
                look()
        assert list(stream) == []


def test_sentry_with_threads(serve_threads: Callable[..., int]) -> None:
    sentry: Any = importlib.import_module("sentry_sdk")
    integration: Any = importlib.import_module("sentry_sdk.integrations.grpc.server")
    transactions: list[str] = []

    class Transport(sentry.transport.Transport):  # type: ignore[misc, name-defined, unused-ignore]
        def capture_envelope(self, envelope: Any) -> None:
            transactions.extend(item.payload.json["transaction"] for item in envelope.items)

    client = sentry.Client(
        dsn="http://key@127.0.0.1:9/1",
        transport=Transport,
        traces_sample_rate=1.0,
        default_integrations=False,
        auto_enabling_integrations=False,
    )
    # The threads of the server have scopes of their own.
    scope = sentry.get_global_scope()
    before = scope.client
    scope.set_client(client)
    try:
        port = serve_threads(integration.ServerInterceptor())
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            stub = threads.MyServiceSyncStub(channel, timeout=10)
            for kind in KINDS:
                assert answers(stub, kind, "fine") == ["fine"]
            with pytest.raises(grpc.RpcError) as raised:
                answers(stub, "my_rpc", "theirs")
            assert status_of(raised.value).code == Code.UNKNOWN
    finally:
        scope.set_client(before)
        client.close()
    # It looks at calls of one kind.
    assert transactions == ["/example.MyService/MyRPC"] * 2


SERVED = "SERVER Chat SERVER MyRPC SERVER Upload SERVER Versions"
CALLED = "CLIENT Chat CLIENT MyRPC CLIENT Upload CLIENT Versions"


@pytest.mark.parametrize(
    ("package", "seen"),
    [
        # Its patch of `grpc.insecure_channel` makes no spans of clients, whatever the stub is.
        ("otel", [SERVED, f"{CALLED} {SERVED}"]),
        # On servers it looks at calls of one kind.
        ("sentry", ["SERVER MyRPC", "SERVER MyRPC"]),
    ],
)
def test_a_program_that_is_instrumented_as_a_whole(package: str, seen: list[str]) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "tests.python.grpc.instrumented", package],
        cwd=Path(__file__).parents[3],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines() == seen
