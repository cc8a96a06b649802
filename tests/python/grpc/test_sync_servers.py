"""Synchronous servers: the four kinds of method on a real `grpc.server()`, what handlers may return, the context."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from contextvars import copy_context
from typing import Any

import aristaproto
import aristaproto.grpcio
import grpc
import pytest
from aristaproto.grpcio.grpcio_sync_server import SERVER_STREAMING_RETURN_ERROR
from trees.no_default.calls import CounterSyncBase, CounterSyncStub, Number
from trees.no_default.example import (
    MyServiceSyncBase,
    MyServiceSyncStub,
    Request,
    Response,
    VersionRequest,
    VersionResponse,
)

Client = Callable[..., Any]


@pytest.fixture
def client() -> Iterator[Client]:
    """Serves services on a port of the system's choice; gives a stub of the first, or of the class that is named."""
    with ExitStack() as closing:

        def start(*services: Any, stub: Any = MyServiceSyncStub, interceptors: Any = ()) -> Any:
            server = grpc.server(ThreadPoolExecutor(4), interceptors=interceptors)
            aristaproto.grpcio.add_to_server(services, server)
            port = server.add_insecure_port("127.0.0.1:0")
            server.start()
            closing.callback(lambda: server.stop(None).wait(5))
            channel = closing.enter_context(grpc.insecure_channel(f"127.0.0.1:{port}"))
            return stub(channel, timeout=10)

        yield start


class Echo(MyServiceSyncBase):
    def my_rpc(self, message: Request) -> Response:
        return Response(names=[message.name])

    def upload(self, messages: Iterator[Request]) -> Response:
        return Response(names=[message.name for message in messages])

    def versions(self, message: VersionRequest) -> Iterator[VersionResponse]:
        for version in range(1, 4):
            yield VersionResponse(name=message.name, version=version)

    def chat(self, messages: Iterator[VersionRequest]) -> Iterator[VersionResponse]:
        for version, message in enumerate(messages, 1):
            yield VersionResponse(name=message.name, version=version)


def service(**methods: Any) -> Any:
    return type("MyService", (MyServiceSyncBase,), methods)()


def returning(make: Callable[[], Any]) -> Callable[[Any, Any], Any]:
    """A method that returns what `make` makes."""

    def method(self: Any, message: Any) -> Any:
        return make()

    return method


def calls(client: Any) -> list[Callable[[], Any]]:
    """One call of each kind, with its responses read."""
    return [
        lambda: client.my_rpc(Request()),
        lambda: client.upload([Request()]),
        lambda: list(client.versions(VersionRequest())),
        lambda: list(client.chat([VersionRequest()])),
    ]


def failure(call: Callable[[], Any]) -> Any:
    with pytest.raises(grpc.RpcError) as raised:
        call()
    return raised.value


def test_all_kinds_of_method(client: Client) -> None:
    stub = client(Echo())
    assert stub.my_rpc(Request(name="a")) == Response(names=["a"])
    assert stub.upload([Request(name="a"), Request(name="b")]).names == ["a", "b"]
    assert [it.version for it in stub.versions(VersionRequest(name="a"))] == [1, 2, 3]
    chatted = stub.chat([VersionRequest(name="a"), VersionRequest(name="b")])
    assert [(it.name, it.version) for it in chatted] == [("a", 1), ("b", 2)]


def test_unimplemented(client: Client) -> None:
    for call in calls(client(service())):
        error = failure(call)
        assert error.code() is grpc.StatusCode.UNIMPLEMENTED
        assert error.details() == "Method not implemented!"


@pytest.mark.parametrize(
    "responses",
    [
        lambda: [VersionResponse(version=1)],
        lambda: iter([VersionResponse(version=1)]),
        lambda: (it for it in [VersionResponse(version=1)]),
    ],
)
def test_any_iterable_of_responses(client: Client, responses: Any) -> None:
    stub = client(service(versions=returning(responses), chat=returning(responses)))
    assert [it.version for it in stub.versions(VersionRequest())] == [1]
    assert [it.version for it in stub.chat([])] == [1]


def test_none_is_no_responses(client: Client) -> None:
    stub = client(service(versions=returning(lambda: None), chat=returning(lambda: None)))
    assert list(stub.versions(VersionRequest())) == []
    assert list(stub.chat([])) == []


def test_wrong_responses(client: Client) -> None:
    async def coroutine(self: Any, message: Any) -> Any:
        return Response()

    async def async_generator(self: Any, message: Any) -> Any:
        yield VersionResponse()

    def wrong(self: Any, message: Any) -> Any:
        return Request()

    def yields_wrong(self: Any, message: Any) -> Any:
        yield Request()

    # A coroutine that nobody awaits would be a warning, which is an error in these tests.
    cases: tuple[tuple[Any, Any, str], ...] = (
        (coroutine, coroutine, "got coroutine"),
        (wrong, yields_wrong, "got Request"),
        (returning(lambda: None), async_generator, "got NoneType"),
    )
    for unary, streamed, text in cases:
        stub = client(service(my_rpc=unary, upload=unary, versions=streamed, chat=streamed))
        for index, call in enumerate(calls(stub)):
            error = failure(call)
            assert error.code() is grpc.StatusCode.UNKNOWN
            expected = (
                SERVER_STREAMING_RETURN_ERROR
                if index > 1 and streamed is not yields_wrong
                else f"the method must respond with {'Version' if index > 1 else ''}Response, {text}"
            )
            assert expected in error.details()


def test_context(client: Client) -> None:
    seen: list[str] = []

    class Service(MyServiceSyncBase):
        def my_rpc(self, message: Request) -> Response:
            context = aristaproto.grpcio.current_sync_context()
            assert self._grpcio_context is context
            in_thread = copy_context()
            thread = threading.Thread(target=lambda: seen.append(in_thread.run(self.caller)))
            thread.start()
            thread.join()
            context.set_trailing_metadata((("x-trailer", "last"),))
            return Response(names=[self.caller(), str(context.time_remaining())])

        def versions(self, message: VersionRequest) -> Iterator[VersionResponse]:
            for _ in range(3):
                yield VersionResponse(name=self.caller())

        def caller(self) -> str:
            metadata: Any = dict(aristaproto.grpcio.current_sync_context().invocation_metadata())
            return str(metadata["x-caller"])

    stub = client(Service())
    names = stub.my_rpc(Request(), timeout=30, metadata={"x-caller": "me"}).names
    assert names[0] == "me"
    assert 0 < float(names[1]) < 31
    assert seen == ["me"]
    # Requests that overlap, on threads that serve one after the other.
    streams = {
        name: stub.versions(VersionRequest(), metadata={"x-caller": name}) for name in "abcdefgh"
    }
    assert {name: {it.name for it in stream} for name, stream in streams.items()} == {
        name: {name} for name in streams
    }


def test_context_outside_of_a_request() -> None:
    with pytest.raises(RuntimeError, match="current_sync_context"):
        aristaproto.grpcio.current_sync_context()
    with pytest.raises(RuntimeError, match="_grpcio_context"):
        _ = Echo()._grpcio_context  # pyright: ignore[reportPrivateUsage]


def test_no_context_stays_in_a_thread(client: Client) -> None:
    """Each thread of the pool is asked for its context after it has served."""
    pool = ThreadPoolExecutor(1)
    server = grpc.server(pool)
    aristaproto.grpcio.add_to_server(Echo(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            for call in calls(MyServiceSyncStub(channel, timeout=10)):
                call()
        with pytest.raises(RuntimeError):
            pool.submit(aristaproto.grpcio.current_sync_context).result(5)
    finally:
        server.stop(None).wait(5)


def test_status_set_by_the_handler(client: Client) -> None:
    class Service(MyServiceSyncBase):
        def my_rpc(self, message: Request) -> Response:
            context = aristaproto.grpcio.current_sync_context()
            context.set_code(grpc.StatusCode.NOT_FOUND)
            context.set_details("no such name")
            return None  # type: ignore[return-value]  # pyright: ignore

        def versions(self, message: VersionRequest) -> Iterator[VersionResponse]:
            yield VersionResponse(version=1)
            aristaproto.grpcio.current_sync_context().abort(
                grpc.StatusCode.DATA_LOSS, "only one is left"
            )

    stub = client(Service())
    error = failure(lambda: stub.my_rpc(Request()))
    assert (error.code(), error.details()) == (grpc.StatusCode.NOT_FOUND, "no such name")
    responses = stub.versions(VersionRequest())
    assert next(responses).version == 1
    error = failure(lambda: next(responses))
    assert (error.code(), error.details()) == (grpc.StatusCode.DATA_LOSS, "only one is left")


@pytest.mark.parametrize("kind", ["generator", "iterator"])
def test_cancellation_closes_the_responses(client: Client, kind: str) -> None:
    closed = threading.Event()

    def generator() -> Iterator[VersionResponse]:
        try:
            while True:
                yield VersionResponse(name="x" * 1000)
        finally:
            closed.set()

    class Endless:
        def __iter__(self) -> Endless:
            return self

        def __next__(self) -> VersionResponse:
            return VersionResponse(name="x" * 1000)

        def close(self) -> None:
            closed.set()

    make = generator if kind == "generator" else Endless
    responses = client(service(versions=returning(make))).versions(VersionRequest())
    next(responses)
    responses.cancel()
    assert closed.wait(5)


def test_two_services_in_one_class(client: Client) -> None:
    class Both(Echo, CounterSyncBase):
        def increment(self, message: Number) -> Number:
            return Number(value=message.value + 1)

    both = Both()
    assert client(both).my_rpc(Request(name="a")).names == ["a"]
    assert client(both, stub=CounterSyncStub).increment(Number(value=1)).value == 2


def test_interceptors(client: Client) -> None:
    methods: list[str] = []

    class Interceptor(grpc.ServerInterceptor):
        def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
            methods.append(handler_call_details.method)
            return continuation(handler_call_details)

    for call in calls(client(Echo(), interceptors=[Interceptor()])):
        call()
    assert methods == [
        f"/example.MyService/{name}" for name in ("MyRPC", "Upload", "Versions", "Chat")
    ]


@pytest.mark.parametrize("how", ["cancel", "deadline"])
@pytest.mark.parametrize("reader", ["method", "interceptor"])
def test_cut_off_requests_do_not_look_complete(how: str, reader: str) -> None:
    """grpc's own iterator ends one time in five as if the client had ended the requests."""
    ends: list[str] = []
    ended = threading.Semaphore(0)

    class Service(MyServiceSyncBase):
        def upload(self, messages: Iterator[Request]) -> Response:
            try:
                for _ in messages:
                    pass
                ends.append("complete")
            except Exception as error:
                ends.append(type(error).__name__)
                raise
            finally:
                ended.release()
            return Response()

    class Interceptor(grpc.ServerInterceptor):
        def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
            handler = continuation(handler_call_details)

            def behaviour(requests: Any, context: Any) -> Any:
                return handler.stream_unary((request for request in requests), context)

            return grpc.stream_unary_rpc_method_handler(
                behaviour, handler.request_deserializer, handler.response_serializer
            )

    interceptors: Any = [Interceptor()] if reader == "interceptor" else []
    server = grpc.server(ThreadPoolExecutor(4), interceptors=interceptors)
    aristaproto.grpcio.add_to_server(Service(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    rounds = 25 if how == "cancel" else 10
    for _ in range(rounds):
        sent, over = threading.Event(), threading.Event()

        def requests(sent: threading.Event = sent, over: threading.Event = over) -> Iterator[Any]:
            yield Request(name="a")
            sent.set()
            over.wait(10)

        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            method: Any = channel.stream_unary(
                "/example.MyService/Upload", Request.SerializeToString, Response.FromString
            )
            call = method.future(requests(), timeout=0.5 if how == "deadline" else None)
            assert sent.wait(10)
            # The method has to have begun.
            threading.Event().wait(0.02)
            if how == "cancel":
                call.cancel()
            assert ended.acquire(timeout=10)
            over.set()
    server.stop(None).wait(5)
    # Behind an interceptor that iterates there is nothing to ask; a machine that is busy may be told too late.
    assert ends.count("complete") <= (2 if reader == "interceptor" else 0)
    assert set(ends) <= {"RpcError", "complete"}
    assert len(ends) == rounds


@pytest.mark.parametrize("kind", ["MyRPC", "Upload", "Versions", "Chat"])
def test_request_that_does_not_decode(client: Client, kind: str) -> None:
    seen: list[str] = []

    class Service(MyServiceSyncBase):
        def my_rpc(self, message: Request) -> Response:
            seen.append("called")
            return Response()

        def upload(self, messages: Iterator[Request]) -> Response:
            self.read(messages)
            return Response()

        def versions(self, message: VersionRequest) -> Iterator[VersionResponse]:
            seen.append("called")
            yield VersionResponse()

        def chat(self, messages: Iterator[VersionRequest]) -> Iterator[VersionResponse]:
            self.read(messages)
            yield VersionResponse()

        def read(self, messages: Iterator[Any]) -> None:
            try:
                for message in messages:
                    seen.append(message.name)
            except aristaproto.DecodeError:
                seen.append("DecodeError")
                raise

    stub = client(Service())
    channel: Any = stub._channel
    streamed = kind in ("Upload", "Chat")
    method = getattr(
        channel,
        f"{'stream' if streamed else 'unary'}_{'stream' if kind in ('Versions', 'Chat') else 'unary'}",
    )(f"/example.MyService/{kind}")
    junk = b"\x0a\xff"
    argument: Any = iter([b"\x0a\x01a", junk, b"\x0a\x01b"]) if streamed else junk

    def call() -> None:
        answer = method(argument, timeout=10)
        if kind in ("Versions", "Chat"):
            list(answer)

    error = failure(call)
    assert error.code() is grpc.StatusCode.INTERNAL
    assert error.details().startswith("a request cannot be decoded: ")
    assert seen == (["a", "DecodeError"] if streamed else [])
