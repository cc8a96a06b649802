"""Functions for servers: services are added, and the request that is served is looked at."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import aristaproto.grpcio
import aristaproto.grpclib
import grpc
import pytest
from grpclib.client import Channel
from trees.grpcio import calls, example
from trees.grpclib import calls as grpclib_calls
from trees.grpclib import example as grpclib_example
from trees.no_default.example import MyServiceSyncBase

if TYPE_CHECKING:
    from tests.python.grpc.conftest import Connect, Serve


class Echo(example.MyServiceBase):
    async def my_rpc(self, message: example.Request) -> example.Response:
        return example.Response(names=[message.name])


class Counter(calls.CounterBase):
    async def increment(self, message: calls.Number) -> calls.Number:
        return calls.Number(value=message.value + 1)


class Both(Echo, Counter):
    pass


class OneOverrides(Echo):
    """Extends what is generated, as users of the older name may."""

    def _grpcio_rpc_handler(self) -> Any:
        self.asked = True
        return super()._grpcio_rpc_handler()


@pytest.mark.parametrize(
    "services", [[Echo(), Counter()], Both(), (Both(),), iter([Counter(), OneOverrides()])]
)
async def test_services_are_added(services: Any) -> None:
    server = grpc.aio.server()
    aristaproto.grpcio.add_to_server(services, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        echo = example.MyServiceAsyncStub(channel, timeout=10)
        assert (await echo.my_rpc(example.Request(name="a"))).names == ["a"]
        counter = calls.CounterAsyncStub(channel, timeout=10)
        assert (await counter.increment(calls.Number(value=1))).value == 2
    await server.stop(None)


async def test_an_override_is_respected() -> None:
    service = OneOverrides()
    aristaproto.grpcio.add_to_server(service, grpc.aio.server())
    assert service.asked


async def test_two_services_in_one_class_on_grpclib(serve: Serve) -> None:
    class Service(grpclib_example.MyServiceBase, grpclib_calls.CounterBase):
        async def my_rpc(self, message: grpclib_example.Request) -> grpclib_example.Response:
            return grpclib_example.Response(names=[message.name])

        async def increment(self, message: grpclib_calls.Number) -> grpclib_calls.Number:
            return grpclib_calls.Number(value=message.value + 1)

    class Extended(Service):
        pass

    assert sorted(Extended().__mapping__()) == sorted(
        [
            *grpclib_example.MyServiceBase().__mapping__(),
            *grpclib_calls.CounterBase().__mapping__(),
        ]
    )
    async with Channel("127.0.0.1", await serve(Service())) as channel:
        echo = grpclib_example.MyServiceStub(channel, timeout=10)
        assert (await echo.my_rpc(grpclib_example.Request(name="a"))).names == ["a"]
        counter = grpclib_calls.CounterStub(channel, timeout=10)
        assert (await counter.increment(grpclib_calls.Number(value=1))).value == 2


async def test_wrong_services_and_servers() -> None:
    sync_server = grpc.server(ThreadPoolExecutor(1))
    server = grpc.aio.server()

    def message(service: Any, on: Any) -> str:
        with pytest.raises(TypeError) as raised:
            aristaproto.grpcio.add_to_server(service, on)
        return str(raised.value)

    assert message(Echo(), sync_server) == (
        "Echo is an asynchronous service, and grpc.server() runs synchronous ones: add it to a grpc.aio.server(), or "
        "generate bases with server_generation=sync (or sync_async) and write its methods without async"
    )
    assert message(MyServiceSyncBase(), server) == (
        "MyServiceSyncBase is a synchronous service, and grpc.aio.server() runs asynchronous ones: add it to a "
        "grpc.server(), or generate bases with server_generation=async (or sync_async) and write its methods with async"
    )
    assert message(Echo, server) == "expected a service, got the class Echo: write Echo()"
    assert "is a service for grpclib" in message(grpclib_example.MyServiceBase(), server)
    assert "got dict" in message([{}], server)
    # None of several is added when one of them is wrong.
    assert "is a synchronous service" in message([Echo(), MyServiceSyncBase()], server)
    text = "two objects serve example.MyService, the second is a MyServiceBase: give one"
    with pytest.raises(ValueError, match=text):
        aristaproto.grpcio.add_to_server([Echo(), example.MyServiceBase()], server)


def test_asynchronous_service_on_a_server_of_threads_by_the_older_name(
    caplog: pytest.LogCaptureFixture,
) -> None:
    server = grpc.server(ThreadPoolExecutor(1))
    service: Any = Echo()
    server.add_generic_rpc_handlers((service._grpcio_rpc_handler(),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        with pytest.raises(grpc.RpcError) as raised:
            example.MyServiceStub(channel, timeout=10).my_rpc(example.Request())
        error: Any = raised.value
        assert error.code() is grpc.StatusCode.UNKNOWN
        with pytest.raises(grpc.RpcError) as raised:
            calls.CounterStub(channel, timeout=10).increment(calls.Number())
        error = raised.value
        assert error.code() is grpc.StatusCode.UNIMPLEMENTED
    server.stop(None).wait(5)
    assert "example.MyService is an asynchronous service, and grpc.server() runs" in caplog.text


async def test_synchronous_service_on_a_server_of_asyncio_by_the_older_name(
    caplog: pytest.LogCaptureFixture,
) -> None:
    server = grpc.aio.server()
    service: Any = MyServiceSyncBase()
    server.add_generic_rpc_handlers((service._grpcio_rpc_handler(),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await example.MyServiceAsyncStub(channel, timeout=10).my_rpc(example.Request())
        assert raised.value.code() is grpc.StatusCode.UNKNOWN
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await calls.CounterAsyncStub(channel, timeout=10).increment(calls.Number())
        assert raised.value.code() is grpc.StatusCode.UNIMPLEMENTED
    await server.stop(None)
    assert "example.MyService is a synchronous service, and grpc.aio.server() runs" in caplog.text


async def test_the_current_request(server_transport: str, serve: Serve, connect: Connect) -> None:
    """In coroutines and in async generators, after awaits, with requests that overlap."""
    lib: Any = importlib.import_module(f"trees.{server_transport}.example")

    async def caller() -> str:
        await asyncio.sleep(0)
        if server_transport == "grpcio":
            metadata: Any = aristaproto.grpcio.current_context().invocation_metadata()
            return str(dict(metadata)["x-caller"])
        stream: Any = aristaproto.grpclib.current_stream()
        return str(stream.metadata["x-caller"])

    class Service(lib.MyServiceBase):  # type: ignore[misc]
        async def my_rpc(self, message: Any) -> Any:
            await asyncio.sleep(0.01)
            return lib.Response(names=[await asyncio.create_task(caller())])

        async def upload(self, messages: AsyncIterator[Any]) -> Any:
            return lib.Response(names=[await caller() async for _ in messages])

        async def versions(self, message: Any) -> AsyncIterator[Any]:
            for _ in range(2):
                yield lib.VersionResponse(name=await caller())

        async def chat(self, messages: AsyncIterator[Any]) -> AsyncIterator[Any]:
            async for _ in messages:
                yield lib.VersionResponse(name=await caller())

    client = await connect("grpcio", await serve(Service()))

    async def one(name: str) -> set[str]:
        metadata = {"x-caller": name}
        seen = set((await client.my_rpc(example.Request(), metadata=metadata)).names)
        seen |= set((await client.upload([example.Request()], metadata=metadata)).names)
        for stream in (
            client.versions(example.VersionRequest(), metadata=metadata),
            client.chat([example.VersionRequest()], metadata=metadata),
        ):
            seen |= {response.name async for response in stream}
        return seen

    names = [f"caller {number}" for number in range(10)]
    assert await asyncio.gather(*map(one, names)) == [{name} for name in names]


async def test_deadline_and_peer_of_a_grpclib_request(serve: Serve, connect: Connect) -> None:
    class Service(grpclib_example.MyServiceBase):
        async def my_rpc(self, message: grpclib_example.Request) -> grpclib_example.Response:
            stream = aristaproto.grpclib.current_stream()
            left = None if stream.deadline is None else stream.deadline.time_remaining()
            address: Any = stream.peer.addr()
            return grpclib_example.Response(names=[str(left), str(address[0])])

    client = await connect("grpclib", await serve(Service()))
    left, address = (await client.my_rpc(grpclib_example.Request(), timeout=20)).names
    assert 0 < float(left) <= 20
    assert address == "127.0.0.1"
    assert (await client.my_rpc(grpclib_example.Request())).names[0] == "None"


def test_outside_of_a_request() -> None:
    with pytest.raises(RuntimeError, match=r"current_context\(\) is there only"):
        aristaproto.grpcio.current_context()
    with pytest.raises(RuntimeError, match=r"current_stream\(\) is there only"):
        aristaproto.grpclib.current_stream()
