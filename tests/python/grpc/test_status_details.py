"""Errors with details: raised on each kind of server, read at each kind of client, and understood by other libraries."""

from __future__ import annotations

import asyncio
import importlib
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import aristaproto.grpcio
import grpc
import grpclib.client
import grpclib.server
import pytest
from aristaproto.grpclib import StatusDetailsCodec
from aristaproto.rpc import (
    BadRequest,
    BadRequestFieldViolation,
    Code,
    ErrorInfo,
    RetryInfo,
    Status,
    StatusError,
    detail,
    status_of,
)
from aristaproto.wkt import Any as Any_
from google.protobuf import any_pb2, duration_pb2
from google.protobuf.empty_pb2 import Empty
from grpclib.client import UnaryUnaryMethod
from grpclib.const import Cardinality, Handler
from grpclib.encoding.proto import ProtoStatusDetailsCodec
from grpclib.exceptions import GRPCError

from tests.python.grpc.waiting import close_server

# Packages without types.
error_details_pb2: Any = importlib.import_module("google.rpc.error_details_pb2")
status_pb2: Any = importlib.import_module("google.rpc.status_pb2")
rpc_status: Any = importlib.import_module("grpc_status.rpc_status")
async_rpc_status: Any = importlib.import_module("grpc_status._async")

if TYPE_CHECKING:
    from tests.python.grpc.conftest import Connect, Serve

DETAILS = (
    ErrorInfo(reason="NAME_MISSING", domain="example.com", metadata={"field": "name"}),
    RetryInfo(retry_delay=timedelta(seconds=2)),
    BadRequest(
        field_violations=[BadRequestFieldViolation(field="name", description="must not be empty")]
    ),
)
KINDS = ("my_rpc", "upload", "versions", "chat")


def failing(lib: Any, error: Callable[[], Exception]) -> dict[str, Any]:
    """Asynchronous methods of all kinds, which fail after what they have sent."""

    async def my_rpc(self: Any, message: Any) -> Any:
        raise error()

    async def versions(self: Any, message: Any) -> AsyncIterator[Any]:
        yield lib.VersionResponse(version=1)
        raise error()

    return {"my_rpc": my_rpc, "upload": my_rpc, "versions": versions, "chat": versions}


def status_error() -> StatusError:
    return StatusError(Code.INVALID_ARGUMENT, "no näme", DETAILS)


async def call(client: Any, lib: Any, kind: str) -> None:
    if kind == "my_rpc":
        await client.my_rpc(lib.Request())
    elif kind == "upload":
        await client.upload([lib.Request()])
    elif kind == "versions":
        async for _ in client.versions(lib.VersionRequest()):
            pass
    else:
        async for _ in client.chat([lib.VersionRequest()]):
            pass


def check(error: BaseException) -> None:
    status = status_of(error)
    assert (status.code, status.message) == (Code.INVALID_ARGUMENT, "no näme")
    assert [it.unpack() for it in status.details] == list(DETAILS)
    assert detail(error, ErrorInfo) == DETAILS[0]
    retry = detail(error, RetryInfo)
    assert retry is not None
    assert retry.retry_delay == timedelta(seconds=2)
    assert detail(status, Status) is None


@pytest.mark.parametrize("kind", KINDS)
async def test_details_from_server_to_client(
    kind: str, client_transport: str, server_transport: str, serve: Serve, connect: Connect
) -> None:
    server_lib: Any = importlib.import_module(f"trees.{server_transport}.example")
    lib: Any = importlib.import_module(f"trees.{client_transport}.example")
    service: Any = type(
        "MyService", (server_lib.MyServiceBase,), failing(server_lib, status_error)
    )()
    client = await connect(client_transport, await serve(service))
    with pytest.raises((grpc.aio.AioRpcError, GRPCError)) as raised:
        await call(client, lib, kind)
    check(raised.value)


@pytest.mark.parametrize("kind", KINDS)
def test_details_of_synchronous_servers_and_clients(kind: str) -> None:
    lib: Any = importlib.import_module("trees.no_default.example")

    def my_rpc(self: Any, message: Any) -> Any:
        aristaproto.grpcio.current_sync_context().set_trailing_metadata((("x-own", "too"),))
        raise status_error()

    def versions(self: Any, message: Any) -> Iterator[Any]:
        yield lib.VersionResponse(version=1)
        my_rpc(self, message)

    methods = {"my_rpc": my_rpc, "upload": my_rpc, "versions": versions, "chat": versions}
    server = grpc.server(ThreadPoolExecutor(2))
    service: Any = type("MyService", (lib.MyServiceSyncBase,), methods)()
    aristaproto.grpcio.add_to_server(service, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        client = lib.MyServiceSyncStub(channel, timeout=10)
        request = lib.VersionRequest() if kind in ("versions", "chat") else lib.Request()
        argument = [request] if kind in ("upload", "chat") else request
        with pytest.raises(grpc.RpcError) as raised:
            list(getattr(client, kind)(argument))
        check(raised.value)
        error: Any = raised.value
        assert ("x-own", "too") in tuple(error.trailing_metadata())
        # As Google's library reads it.
        assert_read_by_google(rpc_status.from_call(error))
    server.stop(None).wait(5)


def assert_read_by_google(status: Any) -> None:
    assert (status.code, status.message) == (3, "no näme")
    info, retry, bad = (
        error_details_pb2.ErrorInfo(),
        error_details_pb2.RetryInfo(),
        error_details_pb2.BadRequest(),
    )
    for packed, message in zip(status.details, (info, retry, bad), strict=True):
        assert packed.Unpack(message)
    assert (info.reason, info.metadata["field"]) == ("NAME_MISSING", "name")
    assert retry.retry_delay.seconds == 2
    assert bad.field_violations[0].field == "name"


def google_status() -> Any:
    packed = any_pb2.Any()
    packed.Pack(error_details_pb2.ErrorInfo(reason="GOOGLE"))
    return status_pb2.Status(code=5, message="gone", details=[packed])


def check_google(error: BaseException) -> None:
    status = status_of(error)
    assert (status.code, status.message) == (Code.NOT_FOUND, "gone")
    assert detail(error, ErrorInfo) == ErrorInfo(reason="GOOGLE")


async def test_details_for_and_from_grpcio_status(serve: Serve, connect: Connect) -> None:
    lib: Any = importlib.import_module("trees.grpcio.example")

    class Service(lib.MyServiceBase):  # type: ignore[misc]
        async def my_rpc(self, message: Any) -> Any:
            if message.name == "ours":
                raise status_error()
            await aristaproto.grpcio.current_context().abort_with_status(
                rpc_status.to_status(google_status())
            )

    client = await connect("grpcio", await serve(Service()))
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await client.my_rpc(lib.Request(name="ours"))
    error: Any = raised.value
    status = status_pb2.Status.FromString(
        dict(error.trailing_metadata())["grpc-status-details-bin"]
    )
    assert_read_by_google(status)
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await client.my_rpc(lib.Request(name="theirs"))
    check_google(raised.value)
    # As Google's library reads a call of ours.
    start_call: Any = aristaproto.grpcio.start_call
    looked_at = start_call(client.my_rpc, lib.Request(name="ours"))
    assert_read_by_google(await async_rpc_status.from_call(looked_at))


@pytest.mark.parametrize("kind", KINDS)
async def test_details_from_grpcio_status_in_a_server_of_threads(
    kind: str, connect: Connect
) -> None:
    threads: Any = importlib.import_module("trees.no_default.example")

    def my_rpc(self: Any, message: Any) -> Any:
        context = aristaproto.grpcio.current_sync_context()
        context.abort_with_status(rpc_status.to_status(google_status()))

    def versions(self: Any, message: Any) -> Iterator[Any]:
        yield threads.VersionResponse(version=1)
        my_rpc(self, message)

    methods = {"my_rpc": my_rpc, "upload": my_rpc, "versions": versions, "chat": versions}
    service: Any = type("MyService", (threads.MyServiceSyncBase,), methods)()
    server = grpc.server(ThreadPoolExecutor(2))
    aristaproto.grpcio.add_to_server(service, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()

    def sync_call() -> None:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            stub = threads.MyServiceSyncStub(channel, timeout=10)
            request = (
                threads.VersionRequest if kind in ("versions", "chat") else threads.Request
            )()
            argument = [request] if kind in ("upload", "chat") else request
            with pytest.raises(grpc.RpcError) as raised:
                list(getattr(stub, kind)(argument))
            check_google(raised.value)

    await asyncio.to_thread(sync_call)
    for transport in ("grpcio", "grpclib"):
        lib: Any = importlib.import_module(f"trees.{transport}.example")
        client = await connect(transport, port)
        with pytest.raises((grpc.aio.AioRpcError, GRPCError)) as raised:
            await call(client, lib, kind)
        check_google(raised.value)
    await asyncio.to_thread(server.stop(None).wait, 5)


async def test_details_for_and_from_grpclib_without_generated_code(
    serve: Serve, connect: Connect, closing: AsyncExitStack
) -> None:
    """A client and a server that know google.protobuf alone, each opposite of one of ours."""
    lib: Any = importlib.import_module("trees.grpclib.example")
    codec = ProtoStatusDetailsCodec()
    route = "/example.MyService/MyRPC"

    class Service(lib.MyServiceBase):  # type: ignore[misc]
        async def my_rpc(self, message: Any) -> Any:
            raise status_error()

    port = await serve(Service())
    async with grpclib.client.Channel("127.0.0.1", port, status_details_codec=codec) as channel:
        unary = Cardinality.UNARY_UNARY
        async with channel.request(route, unary, Empty, Empty, timeout=10) as stream:
            await stream.send_message(Empty(), end=True)
            with pytest.raises(GRPCError) as raised:
                await stream.recv_message()
    details: Any = raised.value.details
    assert [type(it) for it in details] == [
        error_details_pb2.ErrorInfo,
        error_details_pb2.RetryInfo,
        error_details_pb2.BadRequest,
    ]
    assert details[0].reason == "NAME_MISSING"
    check(raised.value)

    class Theirs:
        async def my_rpc(self, stream: Any) -> None:
            await stream.recv_message()
            raise GRPCError(
                grpclib.const.Status.NOT_FOUND,
                "gone",
                [error_details_pb2.ErrorInfo(reason="GOOGLE")],
            )

        def __mapping__(self) -> dict[str, Handler]:
            return {route: Handler(self.my_rpc, Cardinality.UNARY_UNARY, Empty, Empty)}

    listener = socket.create_server(("127.0.0.1", 0))
    server = grpclib.server.Server([Theirs()], status_details_codec=codec)
    await server.start(sock=listener)
    closing.push_async_callback(close_server, server)
    for transport in ("grpcio", "grpclib"):
        its: Any = importlib.import_module(f"trees.{transport}.example")
        client = await connect(transport, listener.getsockname()[1])
        with pytest.raises((grpc.aio.AioRpcError, GRPCError)) as failed:
            await client.my_rpc(its.Request())
        check_google(failed.value)


@pytest.mark.parametrize("codec", [None, ProtoStatusDetailsCodec(), StatusDetailsCodec()])
async def test_details_for_and_from_the_codec_of_grpclib(codec: Any) -> None:
    """Whatever the channel and the server were given, and what those see who raise and read grpclib's own errors."""
    lib: Any = importlib.import_module("trees.grpclib.example")
    theirs = error_details_pb2.RetryInfo(retry_delay=duration_pb2.Duration(seconds=3))

    class Service(lib.MyServiceBase):  # type: ignore[misc]
        async def my_rpc(self, message: Any) -> Any:
            if message.name == "ours":
                raise status_error()
            raise GRPCError(grpclib.const.Status.NOT_FOUND, "gone", [theirs])

    listener = socket.create_server(("127.0.0.1", 0))
    server: Any = grpclib.server.Server([Service()])
    server._status_details_codec = codec
    await server.start(sock=listener)
    channel: Any = grpclib.client.Channel("127.0.0.1", listener.getsockname()[1])
    channel._status_details_codec = codec
    client = lib.MyServiceStub(channel, timeout=10)
    with pytest.raises(GRPCError) as raised:
        await client.my_rpc(lib.Request(name="ours"))
    check(raised.value)
    expected: Any = list(DETAILS)
    if isinstance(codec, ProtoStatusDetailsCodec):
        assert raised.value.details is not None
        assert raised.value.details[0].reason == "NAME_MISSING"
        assert type(raised.value.details[0]) is error_details_pb2.ErrorInfo
    else:
        assert raised.value.details == expected
    with pytest.raises(GRPCError) as raised:
        await client.my_rpc(lib.Request(name="theirs"))
    retry = detail(raised.value, RetryInfo)
    if codec is None:
        assert retry is None
    else:
        assert retry == RetryInfo(retry_delay=timedelta(seconds=3))
    channel.close()
    await close_server(server)


class FailingCodec(ProtoStatusDetailsCodec):
    def decode(self, status: Any, message: str | None, data: bytes) -> Any:
        raise KeyError("mine")


UNDECODABLE: Any = Any_(type_url="type.googleapis.com/google.rpc.ErrorInfo", value=b"\xff")
NO_DETAIL = Status(code=5, message="gone", details=[UNDECODABLE])


@pytest.mark.parametrize(
    ("generated", "codec"),
    [
        (True, None),
        (True, ProtoStatusDetailsCodec()),
        (True, StatusDetailsCodec()),
        (True, FailingCodec()),
        (False, StatusDetailsCodec()),
    ],
)
@pytest.mark.parametrize("data", [b"\xff", bytes(NO_DETAIL)])
async def test_details_that_do_not_decode_leave_the_status(
    serve: Serve, codec: Any, data: bytes, generated: bool
) -> None:
    its: Any = importlib.import_module("trees.grpcio.example")
    lib: Any = importlib.import_module("trees.grpclib.example")

    class Service(its.MyServiceBase):  # type: ignore[misc]
        async def my_rpc(self, message: Any) -> Any:
            context = aristaproto.grpcio.current_context()
            await context.abort(
                grpc.StatusCode.NOT_FOUND, "gone", (("grpc-status-details-bin", data),)
            )

    port = await serve(Service())
    channel: Any = grpclib.client.Channel("127.0.0.1", port, status_details_codec=codec)
    async with channel:
        stub = lib.MyServiceStub(channel, timeout=10)
        theirs = UnaryUnaryMethod(channel, "/example.MyService/MyRPC", lib.Request, lib.Response)
        with pytest.raises(GRPCError) as raised:
            await (stub.my_rpc if generated else theirs)(lib.Request())
    error = raised.value
    assert (error.status, error.message) == (grpclib.const.Status.NOT_FOUND, "gone")
    if data == b"\xff":
        with pytest.raises(aristaproto.DecodeError):
            status_of(error)
        return
    assert bytes(status_of(error)) == bytes(NO_DETAIL)
    with pytest.raises(aristaproto.DecodeError):
        detail(error, ErrorInfo)


def test_statuses_without_an_rpc() -> None:
    error = StatusError(grpc.StatusCode.NOT_FOUND, "gone")
    assert (error.code, error.message, error.details) == (Code.NOT_FOUND, "gone", ())
    assert StatusError(grpclib.const.Status.ABORTED).code == Code.ABORTED
    assert status_of(error) == Status(code=5, message="gone")
    # The error of another stub than ours, read with google's classes.
    theirs = GRPCError(
        grpclib.const.Status.NOT_FOUND, "gone", [error_details_pb2.ErrorInfo(reason="A"), object()]
    )
    assert detail(theirs, ErrorInfo) == ErrorInfo(reason="A")
    assert status_of(GRPCError(grpclib.const.Status.NOT_FOUND)) == Status(code=5)


def test_details_of_users_own_types() -> None:
    example: Any = importlib.import_module("trees.grpcio.example")
    error = StatusError(Code.ABORTED, details=[example.Request(name="a")])
    assert detail(error, example.Request) == example.Request(name="a")
    with pytest.raises(TypeError, match="message pool"):
        status_of(error).details[0].unpack()


@pytest.mark.parametrize("code", [Code.OK, 0, 17, -1, "NOT_FOUND", None])
def test_codes_of_no_error(code: Any) -> None:
    with pytest.raises(ValueError, match="expected the code of an error"):
        StatusError(code)


def test_what_is_no_error_of_a_call() -> None:
    with pytest.raises(TypeError, match="expected the error of a gRPC call, got ValueError"):
        status_of(ValueError("x"))
    with pytest.raises(TypeError, match="expected a message"):
        StatusError(Code.ABORTED, details=["text"])


async def test_a_status_that_is_none(serve: Serve, connect: Connect) -> None:
    lib: Any = importlib.import_module("trees.grpcio.example")

    class Service(lib.MyServiceBase):  # type: ignore[misc]
        async def my_rpc(self, message: Any) -> Any:
            context = aristaproto.grpcio.current_context()
            await context.abort(
                grpc.StatusCode.ABORTED, "x", (("grpc-status-details-bin", b"\xff"),)
            )

    client = await connect("grpcio", await serve(Service()))
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await client.my_rpc(lib.Request())
    with pytest.raises(aristaproto.DecodeError):
        status_of(raised.value)
