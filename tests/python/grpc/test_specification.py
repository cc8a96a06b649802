"""The examples of the specification of clients and servers, as written there, against real servers.

Only the package of the generated module differs, and the port, which the system chooses.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from grpclib.client import Channel
from trees.grpcio import example as grpcio_example
from trees.grpcio.example import (
    MyServiceBase,
    Request,
    Response,
    VersionRequest,
    VersionResponse,
)
from trees.grpclib import example as grpclib_example

if TYPE_CHECKING:
    from tests.python.grpc.conftest import Connect, Serve


class MyService(MyServiceBase):
    async def my_rpc(self, message: Request) -> Response:
        return Response(names=[message.name])

    async def upload(self, messages: AsyncIterator[Request]) -> Response:
        return Response(names=[message.name async for message in messages])

    async def versions(
        self,
        message: VersionRequest,
    ) -> AsyncIterator[VersionResponse]:
        for version in range(1, 4):
            yield VersionResponse(name=message.name, version=version)

    async def chat(
        self,
        messages: AsyncIterator[VersionRequest],
    ) -> AsyncIterator[VersionResponse]:
        version = 0
        async for message in messages:
            version += 1
            yield VersionResponse(name=message.name, version=version)


class GrpclibService(grpclib_example.MyServiceBase):
    async def my_rpc(self, message: grpclib_example.Request) -> grpclib_example.Response:
        return grpclib_example.Response(names=[message.name])


@pytest.fixture
async def port(serve: Serve) -> int:
    return await serve(MyService())


async def test_synchronous_grpcio_client(port: int) -> None:
    from trees.grpcio.example import MyServiceStub, Request

    def call() -> None:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            client = MyServiceStub(channel)
            response = client.my_rpc(Request(name="hello"))
        assert response == Response(names=["hello"])

    await asyncio.to_thread(call)


async def test_asynchronous_grpclib_client(serve: Serve) -> None:
    from trees.grpclib.example import MyServiceStub, Request

    port = await serve(GrpclibService())
    channel = Channel(host="127.0.0.1", port=port)
    try:
        client = MyServiceStub(channel)
        response = await client.my_rpc(Request(name="hello"))
    finally:
        channel.close()
    assert response == grpclib_example.Response(names=["hello"])


async def test_asynchronous_grpcio_client(port: int) -> None:
    from trees.grpcio.example import MyServiceAsyncStub as MyServiceStub
    from trees.grpcio.example import Request

    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        client = MyServiceStub(channel)
        response = await client.my_rpc(
            Request(name="hello"),
            timeout=2.0,
            metadata={"authorization": "bearer token"},
            wait_for_ready=True,
        )
    assert response == Response(names=["hello"])


async def test_grpcio_methods_do_not_accept_a_deadline(port: int) -> None:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        client: Any = grpcio_example.MyServiceAsyncStub(channel)
        with pytest.raises(TypeError, match="deadline"):
            await client.my_rpc(Request(name="hello"), deadline=None)


async def test_grpcio_unary_stream(port: int, capsys: pytest.CaptureFixture[str]) -> None:
    from trees.grpcio.example import MyServiceAsyncStub as MyServiceStub
    from trees.grpcio.example import VersionRequest

    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        client = MyServiceStub(channel)
        async for response in client.versions(VersionRequest(name="hello")):
            print(response.version)
    assert capsys.readouterr().out.split() == ["1", "2", "3"]


async def test_grpcio_request_streams(port: int, capsys: pytest.CaptureFixture[str]) -> None:
    from trees.grpcio.example import MyServiceAsyncStub as MyServiceStub
    from trees.grpcio.example import Request, VersionRequest

    async def upload_requests() -> AsyncIterator[Request]:
        for name in ("one", "two"):
            yield Request(name=name)

    async def chat_requests() -> AsyncIterator[VersionRequest]:
        for name in ("alpha", "beta"):
            yield VersionRequest(name=name)

    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        client = MyServiceStub(channel)

        upload_response = await client.upload(upload_requests())

        async for response in client.chat(chat_requests()):
            print(response.name, response.version)

    assert upload_response == Response(names=["one", "two"])
    assert capsys.readouterr().out.split() == ["alpha", "1", "beta", "2"]


async def test_server_waits_for_termination() -> None:
    server = grpc.aio.server()
    service: Any = MyService()
    server.add_generic_rpc_handlers((service._grpcio_rpc_handler(),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    serving = asyncio.create_task(server.wait_for_termination())

    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        client = grpcio_example.MyServiceAsyncStub(channel)
        assert await client.my_rpc(Request(name="hello")) == Response(names=["hello"])

    await server.stop(None)
    await asyncio.wait_for(serving, 5)


async def test_server_streaming_method_may_return_none(serve: Serve, connect: Connect) -> None:
    class Service(MyServiceBase):
        async def versions(self, message: VersionRequest):  # type: ignore[no-untyped-def, override]  # pyright: ignore
            return None

    client = await connect("grpcio", await serve(Service()))
    assert [response async for response in client.versions(VersionRequest(name="a"))] == []


async def test_server_streaming_method_must_not_return_a_list(
    serve: Serve, connect: Connect
) -> None:
    class Service(MyServiceBase):
        async def versions(self, message: VersionRequest):  # type: ignore[no-untyped-def, override]  # pyright: ignore
            return [VersionResponse(name=message.name, version=1)]  # Raises TypeError.

    client = await connect("grpcio", await serve(Service()))
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await anext(client.versions(VersionRequest(name="a")))
    assert raised.value.code() is grpc.StatusCode.UNKNOWN
    details = str(raised.value.details())
    assert "TypeError" in details
    assert "must return an AsyncIterable" in details


async def test_server_context(serve: Serve, connect: Connect) -> None:
    class Service(MyServiceBase):
        async def my_rpc(self, message: Request) -> Response:
            remaining = self._grpcio_context.time_remaining()
            metadata: Any = dict(self._grpcio_context.invocation_metadata())  # type: ignore[arg-type]  # pyright: ignore
            return Response(names=[metadata.get("request-id", ""), str(remaining)])

    client = await connect("grpcio", await serve(Service()))
    response = await client.my_rpc(
        Request(name="a"), timeout=30.0, metadata=[("request-id", "seven")]
    )
    assert response.names[0] == "seven"
    assert 0 < float(response.names[1]) < 31  # grpc rounds timeouts up.
    response = await client.my_rpc(Request(name="a"))
    assert response.names == ["", "None"]


@pytest.mark.skipif(sys.version_info < (3, 11), reason="asyncio.timeout is new in Python 3.11")
async def test_server_enforced_limit(serve: Serve, connect: Connect) -> None:
    async def do_work(message: Request) -> Response:
        await asyncio.sleep(0 if message.name == "quick" else 60)
        return Response(names=[message.name])

    class Service(MyServiceBase):
        async def my_rpc(self, message: Request) -> Response:
            async with asyncio.timeout(0.1):  # type: ignore[attr-defined]  # pyright: ignore
                return await do_work(message)

    client = await connect("grpcio", await serve(Service()))
    assert (await client.my_rpc(Request(name="quick"))).names == ["quick"]
    with pytest.raises(grpc.aio.AioRpcError, match="TimeoutError"):
        await client.my_rpc(Request(name="slow"))
