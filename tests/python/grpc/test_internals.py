"""What clients and servers use of grpc and grpclib beside their documented API: it is there in these versions, and calls work
without it.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import aristaproto
import aristaproto.grpcio
import grpc
import grpclib.exceptions
import pytest
from aristaproto.grpcio import grpcio_sync_client, internals, sync_requests
from aristaproto.grpclib import grpclib_async_client, grpclib_async_server
from trees.grpclib import example as grpclib_example
from trees.no_default.example import MyServiceSyncStub, Request, VersionRequest

from tests.python.grpc.test_faults import responses_of, status_of
from tests.python.grpc.test_sync_servers import Echo

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.python.grpc.conftest import Connect, MakeEcho, Serve

KINDS = ["my_rpc", "upload", "versions", "chat"]


async def test_grpc_has_what_is_used() -> None:
    """Else streams take the slower way, and someone should know."""
    async with grpc.aio.insecure_channel("127.0.0.1:9") as channel:
        untyped: Any = channel
        method = untyped.stream_stream("/a.B/C")
        assert internals.interceptors_of(method) == []
        call = method()
        assert internals.core_call(call) is not None
        call.cancel()
    with grpc.insecure_channel("127.0.0.1:9") as channel:
        untyped = channel
        assert internals.has_no_interceptors(untyped.unary_unary("/a.B/C"))


def no(_: object) -> bool:
    return False


@pytest.fixture(params=["private", "public"])
def sync_client(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[MyServiceSyncStub]:
    """A client and a server of threads, with what they use beside grpc's documented API, and without it."""
    seen: list[bool] = []
    if request.param == "public":
        monkeypatch.setattr(grpcio_sync_client, "has_no_interceptors", no)
        monkeypatch.setattr(sync_requests, "reads_from_the_call", no)
    else:
        reads = internals.reads_from_the_call

        def noted(requests: object) -> bool:
            seen.append(reads(requests))
            return seen[-1]

        monkeypatch.setattr(sync_requests, "reads_from_the_call", noted)
    server = grpc.server(ThreadPoolExecutor(4))
    aristaproto.grpcio.add_to_server(Echo(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield MyServiceSyncStub(channel, timeout=10)
    server.stop(None).wait(5)
    assert all(seen)


def test_synchronous_calls(sync_client: MyServiceSyncStub) -> None:
    client = sync_client
    assert client.my_rpc(Request(name="a")).names == ["a"]
    assert client.upload([Request(name="a"), Request(name="b")]).names == ["a", "b"]
    assert [it.version for it in client.versions(VersionRequest())] == [1, 2, 3]
    assert [it.name for it in client.chat([VersionRequest(name="a")])] == ["a"]
    wrong: Any = 7
    with pytest.raises(aristaproto.EncodeError, match="name"):
        client.my_rpc(Request(name=wrong))
    with pytest.raises(aristaproto.EncodeError, match="name"):
        list(client.versions(VersionRequest(name=wrong)))


class PublicStream:
    """A stream of grpclib of which only what has no underscore can be seen."""

    def __init__(self, stream: Any) -> None:
        object.__setattr__(self, "hidden", stream)

    def __getattribute__(self, name: str) -> Any:
        if name.startswith("_") and not name.startswith("__"):
            raise AttributeError(name)
        if name in ("__aenter__", "__aexit__", "__class__", "__dict__"):
            return object.__getattribute__(self, name)
        return getattr(object.__getattribute__(self, "hidden"), name)

    async def __aenter__(self) -> Any:
        await object.__getattribute__(self, "hidden").__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await object.__getattribute__(self, "hidden").__aexit__(*error)


@pytest.fixture
def public_grpclib(monkeypatch: pytest.MonkeyPatch) -> None:
    client: Any = grpclib_async_client.Call
    server: Any = grpclib_async_server
    make_call = client.__init__

    def start(self: Any, stream: Any, response_type: Any) -> None:
        make_call(self, PublicStream(stream), response_type)

    def public(cls: Any) -> Any:
        def make(stream: Any, *arguments: Any) -> Any:
            return cls(PublicStream(stream), *arguments)

        return make

    monkeypatch.setattr(client, "__init__", start)
    for name in ("StatusSender", "RequestStream", "_OwnCancellation"):
        monkeypatch.setattr(server, name, public(getattr(server, name)))


@pytest.mark.usefixtures("public_grpclib")
@pytest.mark.parametrize("kind", KINDS)
async def test_calls_over_what_grpclib_documents(
    serve: Serve, connect: Connect, echo_service: MakeEcho, kind: str
) -> None:
    lib: Any = grpclib_example
    client = await connect("grpclib", await serve(echo_service("grpclib")))
    assert await asyncio.wait_for(responses_of(client, lib, kind), 10)
    request_type = lib.Request if kind in ("my_rpc", "upload") else lib.VersionRequest
    waits = request_type(name="wait")
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(_with(client, kind, waits, timeout=0.2), 10)
    with pytest.raises(grpclib.exceptions.GRPCError) as raised:
        await asyncio.wait_for(_with(client, kind, request_type(name="fail")), 10)
    assert status_of(raised.value) == "UNKNOWN"
    assert await asyncio.wait_for(responses_of(client, lib, kind), 10)


async def _with(client: Any, kind: str, request: Any, **options: Any) -> Any:
    if kind == "my_rpc":
        return await client.my_rpc(request, **options)
    if kind == "upload":
        return await client.upload([request], **options)
    if kind == "versions":
        return [it async for it in client.versions(request, **options)]
    return [it async for it in client.chat([request], **options)]
