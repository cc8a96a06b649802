"""What goes wrong around a call: each fault ends in the answer that is promised, on each transport."""

from __future__ import annotations

import asyncio
import gc
import importlib
import logging
import signal
import subprocess
import sys
import weakref
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any, cast

import aristaproto
import grpc
import grpclib.client
import grpclib.exceptions
import pytest
from grpclib.const import Status
from trees.grpcio import example
from trees.grpclib import example as grpclib_example

from tests.python.grpc.raw_server import Answer, frame, raw_server

if TYPE_CHECKING:
    from tests.python.grpc.conftest import Connect, MakeEcho, Serve, ServeToStop

KINDS = ["my_rpc", "upload", "versions", "chat"]
CALL_FAILED = (grpc.aio.AioRpcError, grpclib.exceptions.GRPCError)


def lib_of(transport: str) -> Any:
    return importlib.import_module(f"trees.{transport}.example")


@pytest.fixture
async def lib(client_transport: str) -> Any:
    return lib_of(client_transport)


async def responses_of(
    client: Any, lib: Any, kind: str, requests: Any = None, **options: Any
) -> list[Any]:
    """All responses of a call with the one request `a`, or with the producer given."""
    if kind == "my_rpc":
        return [await client.my_rpc(lib.Request(name="a"), **options)]
    if kind == "upload":
        return [await client.upload(requests or [lib.Request(name="a")], **options)]
    if kind == "versions":
        return [r async for r in client.versions(lib.VersionRequest(name="a"), **options)]
    requests = requests or [lib.VersionRequest(name="a")]
    return [r async for r in client.chat(requests, **options)]


def status_of(error: BaseException) -> str:
    if isinstance(error, grpc.aio.AioRpcError):
        return str(error.code().name)
    assert isinstance(error, grpclib.exceptions.GRPCError), repr(error)
    return error.status.name


def service(transport: str, method: Callable[[Any, Any], Any]) -> Any:
    """A service whose four methods await `method` with what they got and answer once it returns."""
    lib = lib_of(transport)

    class Service(lib.MyServiceBase):  # type: ignore[misc, name-defined, unused-ignore]
        async def my_rpc(self, message: Any) -> Any:
            await method(self, message)
            return lib.Response()

        async def upload(self, messages: Any) -> Any:
            await method(self, messages)
            return lib.Response()

        async def versions(self, message: Any) -> AsyncIterator[Any]:
            await method(self, message)
            yield lib.VersionResponse()

        async def chat(self, messages: Any) -> AsyncIterator[Any]:
            await method(self, messages)
            yield lib.VersionResponse()

    return Service()


@pytest.mark.parametrize("kind", KINDS)
async def test_own_cancelled_error_of_a_method(
    client_transport: str,
    server_transport: str,
    serve: Serve,
    connect: Connect,
    lib: Any,
    kind: str,
) -> None:
    """A task that the method waits for was cancelled, the call was not."""

    async def method(self: Any, request: Any) -> None:
        task = asyncio.create_task(asyncio.sleep(60))
        asyncio.get_running_loop().call_soon(task.cancel)
        await task

    client = await connect(client_transport, await serve(service(server_transport, method)))
    with pytest.raises(CALL_FAILED) as raised:
        await asyncio.wait_for(responses_of(client, lib, kind), 5)
    assert status_of(raised.value) == "CANCELLED"


@pytest.mark.parametrize("kind", KINDS)
async def test_server_that_stops_while_a_method_runs(
    client_transport: str,
    server_transport: str,
    serve_to_stop: ServeToStop,
    connect: Connect,
    lib: Any,
    kind: str,
) -> None:
    """UNAVAILABLE, upon which clients try another server."""
    begun = asyncio.Event()

    async def method(self: Any, request: Any) -> None:
        begun.set()
        await asyncio.sleep(60)

    port, stop = await serve_to_stop(service(server_transport, method))
    client = await connect(client_transport, port)
    call = asyncio.create_task(responses_of(client, lib, kind))
    await asyncio.wait_for(begun.wait(), 10)
    await stop()
    with pytest.raises(CALL_FAILED) as raised:
        await asyncio.wait_for(call, 10)
    assert status_of(raised.value) == "UNAVAILABLE"


CLIENT = """
import asyncio, os, signal, sys
import grpc
from trees.grpcio.example import MyServiceAsyncStub, Request

async def main(port, how):
    sent = asyncio.Event()

    async def requests():
        for name in "abc":
            yield Request(name=name)
        sent.set()
        await asyncio.Event().wait()

    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        client = MyServiceAsyncStub(channel)
        call = asyncio.create_task(client.upload(requests(), timeout=0.5 if how == "deadline" else None))
        # On a busy machine the deadline may pass before.
        sending = asyncio.create_task(sent.wait())
        await asyncio.wait([call, sending], return_when=asyncio.FIRST_COMPLETED)
        await asyncio.sleep(0.2)
        if how == "cancel":
            call.cancel()
        if how == "death":
            os.kill(os.getpid(), signal.SIGKILL)
        await asyncio.wait([call])

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
@pytest.mark.parametrize("how", ["cancel", "deadline", "death"])
@pytest.mark.parametrize("reader", ["method", "task", "detached task", "interceptor"])
async def test_cut_off_requests_do_not_look_complete(
    server_transport: str, serve: Serve, how: str, reader: str
) -> None:
    """The method that has the first three requests of a client that goes away never sees the end of them.

    Through an interceptor's own iterator this takes a machine that has a moment for it; see docs/reliability.md.
    """
    ended: list[str] = []
    tasks: list[asyncio.Task[None]] = []

    async def read(messages: Any) -> None:
        names = [message.name async for message in messages]
        ended.append("".join(names))

    async def method(self: Any, messages: Any) -> None:
        if reader == "task":
            await asyncio.create_task(read(messages))
        elif reader == "detached task":
            tasks.append(asyncio.create_task(read(messages)))
            await asyncio.sleep(60)
        else:
            await read(messages)

    served: Any = service(server_transport, method)
    if reader == "interceptor" and server_transport == "grpclib":
        pytest.skip("grpclib has none")
    if reader == "interceptor":
        port = await serve(served, interceptors=[WrapsRequests()])
    else:
        port = await serve(served)
    for _ in range(3 if reader == "interceptor" else 1):
        ended.clear()
        client = await asyncio.create_subprocess_exec(
            sys.executable, "-c", CLIENT, str(port), how, env=child_environment()
        )
        await asyncio.wait_for(client.wait(), 20)
        await asyncio.sleep(0.2)
        for task in tasks:
            task.cancel()
        if not ended:
            return
    pytest.fail(f"the method saw the end of its requests: {ended}")


def child_environment() -> dict[str, str]:
    import os

    path = os.pathsep.join(filter(None, sys.path))
    # Core would write to standard error that a server has ended a connection.
    return {**os.environ, "PYTHONPATH": path, "GRPC_VERBOSITY": "NONE"}


class WrapsRequests(grpc.aio.ServerInterceptor):
    """Gives a method another iterator over its requests."""

    async def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
        handler = await continuation(handler_call_details)

        async def upload(requests: Any, context: Any) -> Any:
            async def wrapped() -> AsyncIterator[Any]:
                async for request in requests:
                    yield request

            return await handler.stream_unary(wrapped(), context)

        if not handler.stream_unary:
            return handler
        return grpc.stream_unary_rpc_method_handler(
            upload, handler.request_deserializer, handler.response_serializer
        )


async def test_iterator_of_an_interceptor_that_ends_early(serve: Serve, connect: Connect) -> None:
    """An end that an interceptor has made is an end, although the client would send more."""

    class First(grpc.aio.ServerInterceptor):
        async def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
            handler = await continuation(handler_call_details)

            async def upload(requests: Any, context: Any) -> Any:
                async def first() -> AsyncIterator[Any]:
                    async for request in requests:
                        yield request
                        return

                return await handler.stream_unary(first(), context)

            return grpc.stream_unary_rpc_method_handler(
                upload, handler.request_deserializer, handler.response_serializer
            )

    class Service(example.MyServiceBase):
        async def upload(self, messages: Any) -> example.Response:
            return example.Response(names=[message.name async for message in messages])

    port = await serve(Service(), interceptors=[First()])
    client = await connect("grpcio", port)

    async def requests() -> AsyncIterator[example.Request]:
        yield example.Request(name="a")
        await asyncio.Event().wait()

    response = await asyncio.wait_for(client.upload(requests()), 5)
    assert response.names == ["a"]


async def test_context_after_its_call(serve: Serve, connect: Connect) -> None:
    """What needs the call is an error, in the property and in a context that was kept; the metadata stays."""
    outcomes: dict[str, Any] = {}
    contexts: list[Any] = []
    ended = asyncio.Event()
    audits: list[asyncio.Task[None]] = []

    class Service(example.MyServiceBase):
        async def audit(self) -> None:
            await ended.wait()
            context: Any = self._grpcio_context
            outcomes["metadata"] = dict(context.invocation_metadata())["x-caller"]
            outcomes["remaining"] = context.time_remaining()
            for name in ("peer", "auth_context", "peer_identities", "peer_identity_key"):
                for kept in (context, contexts[0]):
                    with pytest.raises(RuntimeError, match="has ended"):
                        getattr(kept, name)()
            for name in ("read", "write", "send_initial_metadata", "abort"):
                with pytest.raises(RuntimeError, match="has ended"):
                    getattr(context, name)

        async def my_rpc(self, message: example.Request) -> example.Response:
            contexts.append(self._grpcio_context)
            assert self._grpcio_context.peer().startswith("ipv4:")
            audits.append(asyncio.create_task(self.audit()))
            return example.Response()

    client = await connect("grpcio", await serve(Service()))
    await client.my_rpc(example.Request(), metadata={"x-caller": "a"})
    await asyncio.sleep(0.05)
    ended.set()
    await asyncio.wait_for(audits[0], 5)
    assert outcomes == {"metadata": "a", "remaining": None}


@pytest.mark.parametrize("kind", KINDS)
async def test_deadline_leaves_no_cancellation_behind(
    server_transport: str, serve: Serve, connect: Connect, kind: str
) -> None:
    async def method(self: Any, request: Any) -> None:
        await asyncio.sleep(60)

    client = await connect("grpclib", await serve(service(server_transport, method)))
    with pytest.raises((asyncio.TimeoutError, grpclib.exceptions.GRPCError)):
        await responses_of(client, grpclib_example, kind, timeout=0.1)
    task = asyncio.current_task()
    assert task is not None
    assert getattr(task, "cancelling", int)() == 0


@pytest.mark.skipif(sys.version_info < (3, 11), reason="asyncio.timeout is new in Python 3.11")
async def test_retries_under_a_timeout(serve: Serve, connect: Connect) -> None:
    async def method(self: Any, request: Any) -> None:
        await asyncio.sleep(60)

    client = await connect("grpclib", await serve(service("grpcio", method)))

    async def retry() -> None:
        async with asyncio.timeout(0.5):  # type: ignore[attr-defined, unused-ignore]  # pyright: ignore
            while True:
                try:
                    await client.my_rpc(grpclib_example.Request(), timeout=0.1)
                except (asyncio.TimeoutError, grpclib.exceptions.GRPCError):
                    await asyncio.sleep(0.01)

    with pytest.raises(TimeoutError):
        await retry()


async def test_cancellation_wins_over_a_deadline_at_the_same_time(
    serve: Serve, connect: Connect
) -> None:
    async def method(self: Any, request: Any) -> None:
        await asyncio.sleep(60)

    client = await connect("grpclib", await serve(service("grpcio", method)))
    call = asyncio.create_task(client.my_rpc(grpclib_example.Request(), timeout=0.2))
    await asyncio.sleep(0.1)
    # Both timers are due when the loop runs again.
    asyncio.get_running_loop().call_later(0.1, call.cancel)
    blocking_sleep(0.2)
    await asyncio.wait([call])
    if sys.version_info >= (3, 11):
        assert call.cancelled()


def blocking_sleep(seconds: float) -> None:
    import time

    time.sleep(seconds)


@pytest.mark.parametrize("kind", KINDS)
async def test_request_that_is_too_large_for_the_server(
    client_transport: str,
    serve: Serve,
    connect: Connect,
    lib: Any,
    echo_service: MakeEcho,
    kind: str,
) -> None:
    """The server's status, although it comes while the request is still being sent."""
    client = await connect(client_transport, await serve(echo_service("grpcio")))
    name = "x" * (8 * 2**20)
    calls: dict[str, Callable[[], Any]] = {
        "my_rpc": lambda: client.my_rpc(lib.Request(name=name)),
        "upload": lambda: client.upload([lib.Request(name=name)]),
        "versions": lambda: anext(client.versions(lib.VersionRequest(name=name))),
        "chat": lambda: anext(client.chat([lib.VersionRequest(name=name)])),
    }
    with pytest.raises(CALL_FAILED) as raised:
        await asyncio.wait_for(calls[kind](), 20)
    assert status_of(raised.value) == "RESOURCE_EXHAUSTED"


RESPONSE = grpclib_example.Response(names=["a"]).SerializeToString()
BROKEN_ANSWERS = {
    "no answer": (Answer(headers=False, status=None, close=True), "UNAVAILABLE"),
    "no status": (Answer(frame(RESPONSE), status=None, close=True), "UNAVAILABLE"),
    "cut off": (Answer(frame(RESPONSE, length=99)), "INTERNAL"),
    "cut off in the prefix": (Answer(b"\0\0\0"), "INTERNAL"),
    "not a message": (Answer(frame(b"\xff\xff")), "INTERNAL"),
    "compressed": (
        Answer(frame(RESPONSE, compressed=True), extra=(("grpc-encoding", "gzip"),)),
        "INTERNAL",
    ),
    "GOAWAY": (Answer(goaway=True, close=True), "UNAVAILABLE"),
    "refused": (Answer(headers=False, reset=7), "UNAVAILABLE"),
    "reset": (Answer(headers=False, reset=2), "INTERNAL"),
    "cancelled": (Answer(frame(RESPONSE), reset=8), "CANCELLED"),
    "status of a failure": (Answer(frame(RESPONSE), status="5"), "NOT_FOUND"),
    "unknown status": (Answer(frame(RESPONSE), status="99"), "UNKNOWN"),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("broken", BROKEN_ANSWERS)
async def test_broken_answers(broken: str, kind: str) -> None:
    """Over grpclib each is GRPCError with the status that grpc.aio gives, too."""
    answer, status = BROKEN_ANSWERS[broken]
    async with raw_server(answer) as port, grpclib.client.Channel("127.0.0.1", port) as channel:
        client = grpclib_example.MyServiceStub(channel)
        with pytest.raises(grpclib.exceptions.GRPCError) as raised:
            await asyncio.wait_for(responses_of(client, grpclib_example, kind), 5)
        assert status_of(raised.value) == status
        # Also where grpclib has cancelled the task twice.
        assert getattr(asyncio.current_task(), "cancelling", int)() == 0


@pytest.mark.parametrize("kind", ["upload", "chat"])
async def test_server_that_dies_between_response_and_status(kind: str) -> None:
    """The client is still sending: it must not take the response for the result of a call that succeeded."""
    answer = Answer(frame(RESPONSE), status=None, close=True, after_request=False)

    async def requests(request_type: Any) -> AsyncIterator[Any]:
        yield request_type()
        await asyncio.Event().wait()

    async with raw_server(answer) as port, grpclib.client.Channel("127.0.0.1", port) as channel:
        client = grpclib_example.MyServiceStub(channel)
        request_type: Any = (
            grpclib_example.Request if kind == "upload" else grpclib_example.VersionRequest
        )
        producer = requests(request_type)
        with pytest.raises(grpclib.exceptions.GRPCError) as raised:
            await asyncio.wait_for(responses_of(client, grpclib_example, kind, producer), 5)
        assert raised.value.status is Status.UNAVAILABLE
        # What retries of grpclib's own users catch.
        assert isinstance(raised.value, grpclib.exceptions.StreamTerminatedError)


async def test_connection_that_closes_after_the_status() -> None:
    """A call whose status has come has succeeded, whatever happens to the connection then."""
    async with raw_server(Answer(frame(RESPONSE), close=True)) as port:
        for _ in range(10):
            for kind in ("my_rpc", "upload"):
                async with grpclib.client.Channel("127.0.0.1", port) as channel:
                    client = grpclib_example.MyServiceStub(channel)
                    responses = await responses_of(client, grpclib_example, kind)
                    assert responses[0].names == ["a"]


@pytest.mark.parametrize("data", [b"", frame(RESPONSE, length=99)], ids=["none", "cut off"])
@pytest.mark.parametrize("intercepted", [False, True])
async def test_sync_call_without_a_response(data: bytes, intercepted: bool) -> None:
    class PassOn(grpc.UnaryUnaryClientInterceptor, grpc.StreamUnaryClientInterceptor):  # type: ignore[misc, unused-ignore]
        def intercept_unary_unary(
            self, continuation: Any, client_call_details: Any, request: Any
        ) -> Any:
            return continuation(client_call_details, request)

        def intercept_stream_unary(
            self, continuation: Any, client_call_details: Any, request_iterator: Any
        ) -> Any:
            return continuation(client_call_details, request_iterator)

    def calls(port: int) -> None:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as plain:
            untyped: Any = PassOn
            channel = grpc.intercept_channel(plain, untyped()) if intercepted else plain
            client = example.MyServiceStub(channel)
            attempts: list[Callable[[], Any]] = [
                lambda: client.my_rpc(example.Request(), timeout=5),
                lambda: client.upload([example.Request()], timeout=5),
            ]
            for call in attempts:
                with pytest.raises(grpc.RpcError, match="no whole Response") as raised:
                    call()
                error: Any = raised.value
                assert error.code() is grpc.StatusCode.INTERNAL
                assert "no whole Response" in error.details()
                assert (error.initial_metadata(), error.trailing_metadata()) == ((), ())

    async with raw_server(Answer(data)) as port:
        await asyncio.to_thread(calls, port)


@pytest.mark.parametrize("kind", KINDS)
async def test_request_that_does_not_decode(
    server_transport: str, serve: Serve, echo_service: MakeEcho, kind: str
) -> None:
    """INTERNAL, as gRPC's table of statuses says; the method never gets it."""
    port = await serve(echo_service(server_transport))
    route = {
        "my_rpc": "MyRPC",
        "upload": "Upload",
        "versions": "Versions",
        "chat": "Chat",
    }[kind]
    good, bad = example.Request(name="a").SerializeToString(), b"\x0a\x05ab"
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        path = f"/example.MyService/{route}"
        untyped: Any = channel
        calls: dict[str, Callable[[], Any]] = {
            "my_rpc": lambda: untyped.unary_unary(path)(bad),
            "upload": lambda: untyped.stream_unary(path)(iter([good, bad])),
            "versions": lambda: untyped.unary_stream(path)(bad),
            "chat": lambda: untyped.stream_stream(path)(iter([good, bad])),
        }
        call = calls[kind]()
        if kind in ("versions", "chat"):
            with pytest.raises(grpc.aio.AioRpcError):
                async for _ in call:
                    pass
        assert await asyncio.wait_for(call.code(), 5) is grpc.StatusCode.INTERNAL
        assert "name" in await call.details()


async def test_method_that_goes_on_after_a_request_that_does_not_decode(
    server_transport: str, serve: Serve
) -> None:
    """It is an error each time, never the end of the requests."""
    seen: list[str] = []

    async def method(self: Any, messages: Any) -> None:
        for _ in range(3):
            try:
                async for _ in messages:
                    seen.append("message")
                seen.append("end")
            except aristaproto.DecodeError:
                seen.append("error")

    port = await serve(service(server_transport, method))
    good = example.Request(name="a").SerializeToString()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        untyped: Any = channel
        upload = untyped.stream_unary("/example.MyService/Upload")
        await asyncio.wait_for(upload(iter([good, b"\xff\xff", good])), 5)
    assert seen == ["message", "error", "error", "error"]


async def test_compressed_request(serve: Serve, echo_service: MakeEcho) -> None:
    """grpclib has no compression: UNIMPLEMENTED, as https://github.com/grpc/grpc/blob/master/doc/compression.md says."""
    port = await serve(echo_service("grpclib"))
    async with grpc.aio.insecure_channel(
        f"127.0.0.1:{port}", compression=grpc.Compression.Gzip
    ) as channel:
        for path in ("MyRPC", "Upload"):
            kind: Any = channel.unary_unary if path == "MyRPC" else channel.stream_unary
            request = example.Request(name="a" * 1000).SerializeToString()
            call = kind(f"/example.MyService/{path}")(
                request if path == "MyRPC" else iter([request])
            )
            assert await asyncio.wait_for(call.code(), 5) is grpc.StatusCode.UNIMPLEMENTED
            assert "compressed" in await call.details()


@pytest.mark.parametrize("kind", KINDS)
async def test_request_of_another_class(
    client_transport: str, connect: Connect, lib: Any, kind: str
) -> None:
    """Refused before anything is sent: the server would read its bytes as those of a request."""
    client = await connect(client_transport, 9)
    wrong = lib.VersionResponse(name="a")
    calls: dict[str, Callable[[], Any]] = {
        "my_rpc": lambda: client.my_rpc(wrong),
        "upload": lambda: client.upload([wrong]),
        "versions": lambda: anext(client.versions(wrong)),
        "chat": lambda: anext(client.chat([wrong])),
    }
    expected = "VersionRequest" if kind in ("versions", "chat") else "Request"
    if kind in ("upload", "chat") and client_transport == "grpclib":
        pytest.skip("grpclib connects before it takes the first request of a stream")
    with pytest.raises(TypeError, match=f"expected a request of {expected}, got VersionResponse"):
        await asyncio.wait_for(calls[kind](), 5)


async def test_streamed_request_of_another_class(
    client_transport: str, serve: Serve, connect: Connect, lib: Any, echo_service: MakeEcho
) -> None:
    client = await connect(client_transport, await serve(echo_service("grpcio")))
    right, wrong = lib.Request(name="a"), lib.VersionResponse(name="a")
    with pytest.raises(TypeError, match="expected a request of Request, got VersionResponse"):
        await asyncio.wait_for(client.upload([right, wrong]), 5)
    right = lib.VersionRequest(name="a")
    with pytest.raises(TypeError, match="expected a request of VersionRequest"):
        async for _ in client.chat([right, wrong]):
            pass


async def test_sync_request_of_another_class(serve: Serve, echo_service: MakeEcho) -> None:
    def calls(port: int) -> None:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            client: Any = example.MyServiceStub(channel)
            wrong = example.VersionResponse(name="a")
            for call in (
                lambda: client.my_rpc(wrong),
                lambda: client.upload([wrong]),
                lambda: client.versions(wrong),
                lambda: list(client.chat([wrong])),
            ):
                with pytest.raises(TypeError, match="got VersionResponse"):
                    call()

    await asyncio.to_thread(calls, await serve(echo_service("grpcio")))


class Requests(list[Any]):
    """A list that can be referred to weakly."""


async def finishes(client: Any, lib: Any, kind: str, name: str) -> list[weakref.ref[Any]]:
    """Calls with a producer and lets go of it."""
    request_type = lib.Request if kind == "upload" else lib.VersionRequest
    requests = Requests([request_type(name=name)])
    kept = [weakref.ref(requests)]
    try:
        await responses_of(client, lib, kind, requests, timeout=5)
    except CALL_FAILED:
        assert name == "fail"
    return kept


@pytest.mark.parametrize("name", ["a", "fail"])
@pytest.mark.parametrize("kind", ["upload", "chat"])
async def test_finished_calls_let_go_of_their_requests(
    client_transport: str,
    server_transport: str,
    serve: Serve,
    connect: Connect,
    lib: Any,
    echo_service: MakeEcho,
    kind: str,
    name: str,
) -> None:
    """Without the collector, whose turn may come after many large uploads."""
    client = await connect(client_transport, await serve(echo_service(server_transport)))
    gc.collect()
    gc.disable()
    try:
        kept = [ref for _ in range(5) for ref in await finishes(client, lib, kind, name)]
        for _ in range(20):
            await asyncio.sleep(0.01)
        assert sum(ref() is not None for ref in kept) <= 1
    finally:
        gc.enable()


async def test_finished_sync_calls_let_go_of_their_requests(
    serve: Serve, echo_service: MakeEcho
) -> None:
    def calls(port: int) -> int:
        kept: list[weakref.ref[Any]] = []
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            client: Any = example.MyServiceStub(channel)
            for name in ("a", 7, "fail") * 3:
                requests = Requests([example.Request(name=cast("Any", name))])
                kept.append(weakref.ref(requests))
                try:
                    client.upload(requests)
                except (grpc.RpcError, aristaproto.EncodeError):
                    assert name != "a"
                requests = Requests([example.VersionRequest(name=cast("Any", name))])
                kept.append(weakref.ref(requests))
                try:
                    list(client.chat(requests))
                except (grpc.RpcError, aristaproto.EncodeError):
                    assert name != "a"
            requests = Requests()
            for _ in range(100):
                if not any(ref() for ref in kept):
                    break
                blocking_sleep(0.02)
            return sum(ref() is not None for ref in kept)

    port = await serve(echo_service("grpcio"))
    # pytest keeps what grpc logs, and the tracebacks of its errors keep the requests.
    logging.disable(logging.CRITICAL)
    gc.collect()
    gc.disable()
    try:
        assert await asyncio.to_thread(calls, port) <= 1
    finally:
        gc.enable()
        logging.disable(logging.NOTSET)


async def test_chat_closed_before_its_first_response(
    client_transport: str, connect: Connect, lib: Any
) -> None:
    """The producer is closed although nothing has asked it for a request."""

    class Producer:
        closed = 0

        def __aiter__(self) -> Producer:
            return self

        async def __anext__(self) -> Any:
            raise StopAsyncIteration

        async def aclose(self) -> None:
            self.closed += 1

    client = await connect(client_transport, 9)
    producer = Producer()
    responses = client.chat(producer)
    await responses.aclose()
    assert producer.closed == 1
    with pytest.raises(StopAsyncIteration):
        await anext(responses)
    await responses.aclose()
    assert producer.closed == 1


@pytest.mark.skipif(sys.version_info < (3, 12), reason="eager tasks are new in Python 3.12")
async def test_eager_tasks(
    client_transport: str,
    server_transport: str,
    serve: Serve,
    connect: Connect,
    lib: Any,
    echo_service: MakeEcho,
) -> None:
    """A producer that fails in the very moment that its task is made is still heard."""
    client = await connect(client_transport, await serve(echo_service(server_transport)))
    loop = asyncio.get_running_loop()
    loop.set_task_factory(asyncio.eager_task_factory)  # type: ignore[attr-defined, unused-ignore]  # pyright: ignore

    async def failing() -> AsyncIterator[Any]:
        raise KeyError("no requests")
        yield

    try:
        for kind in KINDS:
            assert await asyncio.wait_for(responses_of(client, lib, kind), 5)
        for kind in ("upload", "chat"):
            with pytest.raises(KeyError, match="no requests"):
                await asyncio.wait_for(responses_of(client, lib, kind, failing()), 5)
    finally:
        loop.set_task_factory(None)


def test_stubs_in_two_loops() -> None:
    """A stub class has no state of a loop: the next loop's channel works as the first one's did."""
    code = """
import asyncio, grpc
from trees.grpcio.example import MyServiceAsyncStub, MyServiceBase, Request, Response, VersionRequest

class Service(MyServiceBase):
    async def upload(self, messages):
        return Response(names=[message.name async for message in messages])

async def main():
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((Service()._grpcio_rpc_handler(),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        print((await MyServiceAsyncStub(channel).upload([Request(name="a")])).names)
    await server.stop(None)

asyncio.run(main(), debug=False)
asyncio.run(main(), debug=False)
"""
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-c", code],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        env=child_environment(),
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "['a']\n['a']\n", "")
