"""Reflection and health on each kind of server, asked by the clients of grpcio-reflection and grpcio-health-checking."""

from __future__ import annotations

import asyncio
import importlib
import socket
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from typing import Any

import aristaproto.grpcio
import aristaproto.grpclib
import grpc
import grpclib.server
import pytest
from aristaproto.builtin.reflection import Files
from aristaproto.grpcio import ServingStatus
from aristaproto.rpc_services import Served as ServedService
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool

# Packages without types.
health_pb2: Any = importlib.import_module("grpc_health.v1.health_pb2")
health_pb2_grpc: Any = importlib.import_module("grpc_health.v1.health_pb2_grpc")
reflection_pb2: Any = importlib.import_module("grpc_reflection.v1alpha.reflection_pb2")
reflection_pb2_grpc: Any = importlib.import_module("grpc_reflection.v1alpha.reflection_pb2_grpc")
database: Any = importlib.import_module(
    "grpc_reflection.v1alpha.proto_reflection_descriptor_database"
)

KINDS = ("aio", "threads", "grpclib")
SERVED = [
    "calls.Counter",
    "example.MyService",
    "grpc.health.v1.Health",
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
]


class Served:
    """A server with two services, health and reflection."""

    def __init__(self, kind: str) -> None:
        tree, base = {
            "aio": ("grpcio", "Base"),
            "threads": ("no_default", "SyncBase"),
            "grpclib": ("grpclib", "Base"),
        }[kind]
        example: Any = importlib.import_module(f"trees.{tree}.example")
        calls: Any = importlib.import_module(f"trees.{tree}.calls")
        bases = (getattr(example, f"MyService{base}"), getattr(calls, f"Counter{base}"))
        self.service: Any = type("Both", bases, {})()
        self.module: Any = aristaproto.grpclib if kind == "grpclib" else aristaproto.grpcio
        self.health: Any = self.module.health(self.service, "another.Service")
        self.reflection: Any = self.module.reflection(self.service, self.health)
        self.port = 0

    def all(self) -> list[Any]:
        return [self.service, self.health, self.reflection]


@pytest.fixture(params=KINDS)
async def served(request: pytest.FixtureRequest) -> AsyncIterator[Served]:
    kind = str(request.param)
    served = Served(kind)
    async with AsyncExitStack() as closing:
        if kind == "grpclib":
            listener = socket.create_server(("127.0.0.1", 0))
            grpclib_server = grpclib.server.Server(served.all())
            await grpclib_server.start(sock=listener)
            closing.push_async_callback(grpclib_server.wait_closed)
            closing.callback(grpclib_server.close)
            served.port = listener.getsockname()[1]
        else:
            server: Any = grpc.aio.server() if kind == "aio" else grpc.server(ThreadPoolExecutor(4))
            aristaproto.grpcio.add_to_server(served.all(), server)
            served.port = server.add_insecure_port("127.0.0.1:0")
            if kind == "aio":
                await server.start()
                closing.push_async_callback(server.stop, None)
            else:
                server.start()
                closing.callback(lambda: server.stop(None).wait(5))
        yield served


async def in_thread(served: Served, ask: Callable[[Any], Any]) -> Any:
    """What a synchronous client gets that asks through a channel to the server."""

    def run() -> Any:
        with grpc.insecure_channel(f"127.0.0.1:{served.port}") as channel:
            return ask(channel)

    return await asyncio.to_thread(run)


async def test_google_finds_services_and_types(served: Served) -> None:
    def ask(channel: Any) -> None:
        found = database.ProtoReflectionDescriptorDatabase(channel)
        assert sorted(found.get_services()) == SERVED
        pool = DescriptorPool(found)
        service = pool.FindServiceByName("example.MyService")
        assert [it.name for it in service.methods] == ["MyRPC", "Upload", "Versions", "Chat"]
        assert service.methods_by_name["Versions"].server_streaming
        request = service.methods_by_name["MyRPC"].input_type
        assert [it.name for it in request.fields] == ["name"]
        assert pool.FindMessageTypeByName("calls.Number").file.name == "calls.proto"
        assert pool.FindFileByName("example.proto").package == "example"
        assert pool.FindServiceByName("grpc.health.v1.Health").methods_by_name["Watch"]
        assert pool.FindServiceByName("grpc.reflection.v1.ServerReflection")
        with pytest.raises(KeyError):
            pool.FindMessageTypeByName("example.Missing")

    await in_thread(served, ask)


@pytest.mark.parametrize("version", ["v1", "v1alpha"])
async def test_requests_of_all_kinds(served: Served, version: str) -> None:
    request = reflection_pb2.ServerReflectionRequest
    asked = [
        request(host="me", list_services=""),
        request(file_by_filename="calls.proto"),
        request(file_by_filename="missing.proto"),
        request(file_containing_symbol="example.MyService.Chat"),
        request(file_containing_symbol="calls.Number.value"),
        request(file_containing_symbol="example"),
        request(all_extension_numbers_of_type="calls.Number"),
        request(all_extension_numbers_of_type="calls.Missing"),
        request(
            file_containing_extension=reflection_pb2.ExtensionRequest(
                containing_type="calls.Number", extension_number=1
            )
        ),
        request(),
    ]

    def ask(channel: Any) -> list[Any]:
        # No package has the stub of v1, whose messages are the same on the wire.
        call = channel.stream_stream(
            f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo",
            request.SerializeToString,
            reflection_pb2.ServerReflectionResponse.FromString,
        )
        return list(call(iter(asked), timeout=10))

    answers = await in_thread(served, ask)
    assert [it.original_request for it in answers] == asked
    assert answers[0].valid_host == "me"
    assert [it.name for it in answers[0].list_services_response.service] == SERVED
    for index, name in ((1, "calls.proto"), (3, "example.proto"), (4, "calls.proto")):
        files = answers[index].file_descriptor_response.file_descriptor_proto
        assert [FileDescriptorProto.FromString(it).name for it in files] == [name]
    assert answers[6].all_extension_numbers_response.base_type_name == "calls.Number"
    assert not answers[6].all_extension_numbers_response.extension_number
    for index, text in (
        (2, "'missing.proto'"),
        (5, "'example'"),
        (7, "'calls.Missing'"),
        (8, "no extension 1"),
    ):
        assert answers[index].error_response.error_code == grpc.StatusCode.NOT_FOUND.value[0]
        assert text in answers[index].error_response.error_message
    assert answers[9].error_response.error_code == grpc.StatusCode.INVALID_ARGUMENT.value[0]


async def test_health_is_checked(served: Served) -> None:
    def ask(channel: Any) -> None:
        stub = health_pb2_grpc.HealthStub(channel)

        def status(name: str) -> int:
            return int(stub.Check(health_pb2.HealthCheckRequest(service=name), timeout=10).status)

        for name in ("", "example.MyService", "calls.Counter", "another.Service"):
            assert status(name) == ServingStatus.SERVING
        served.health.set("example.MyService", ServingStatus.NOT_SERVING)
        assert status("example.MyService") == ServingStatus.NOT_SERVING
        with pytest.raises(grpc.RpcError) as raised:
            status("unknown.Service")
        error: Any = raised.value
        assert error.code() is grpc.StatusCode.NOT_FOUND
        assert error.details() == "the service 'unknown.Service' is not known here"
        listed = stub.List(health_pb2.HealthListRequest(), timeout=10).statuses
        assert {name: it.status for name, it in listed.items()} == {
            "": 1,
            "example.MyService": 2,
            "calls.Counter": 1,
            "another.Service": 1,
        }
        served.health.shut_down()
        served.health.set("", ServingStatus.SERVING)
        assert status("") == status("another.Service") == ServingStatus.NOT_SERVING

    await in_thread(served, ask)


async def test_health_is_watched(served: Served) -> None:
    def ask(channel: Any) -> None:
        stub = health_pb2_grpc.HealthStub(channel)
        watched = stub.Watch(health_pb2.HealthCheckRequest(service="new.Service"), timeout=20)
        seen: list[int] = [next(watched).status]
        served.health.set("other.Service", ServingStatus.SERVING)
        for status in (1, 1, 2):
            served.health.set("new.Service", ServingStatus(status))
        seen += [next(watched).status, next(watched).status]
        served.health.shut_down()
        served.health.set("new.Service", ServingStatus.SERVING)
        assert seen == [3, 1, 2]
        watched.cancel()
        for _ in range(500):
            if not served.health._watchers:
                break
            time.sleep(0.01)
        assert not served.health._watchers

    await in_thread(served, ask)


async def test_watches_end_with_a_server_of_threads() -> None:
    """Each holds a thread of the pool, and none may hold it behind its call."""
    served = Served("threads")
    pool = ThreadPoolExecutor(2)
    server = grpc.server(pool)
    aristaproto.grpcio.add_to_server(served.health, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        watches = [stub.Watch(health_pb2.HealthCheckRequest(), timeout=20) for _ in range(2)]
        for watch in watches:
            next(watch)
        await asyncio.to_thread(server.stop(None).wait, 5)
    await asyncio.wait_for(asyncio.to_thread(pool.shutdown), 5)


def test_extensions_are_found_in_imported_packages() -> None:
    importlib.import_module("trees.sync.extensions.other")
    files = Files([ServedService("example.MyService", "trees.sync.example")])
    found = files.file_with_extension("extensions.Extendable", 130)
    names = [FileDescriptorProto.FromString(it).name for it in found]
    assert names == [
        "extensions/other.proto",
        "extensions/groups.proto",
        "google/protobuf/descriptor.proto",
        "google/protobuf/timestamp.proto",
        "google/protobuf/wrappers.proto",
    ]
    numbers = files.extension_numbers("extensions.Extendable")
    assert numbers == sorted(numbers)
    assert {130, 148} < set(numbers)


def test_services_without_descriptors() -> None:
    for service in (
        ServedService("example.Missing", "trees.sync.example"),
        ServedService("example.MyService", __name__),
    ):
        with pytest.raises(LookupError, match=f"declares the service {service.full_name}"):
            Files([service])


def test_what_is_no_service() -> None:
    for module in (aristaproto.grpcio, aristaproto.grpclib):
        anything: Any = object()
        with pytest.raises(TypeError, match="generated base"):
            module.reflection(anything)
        with pytest.raises(TypeError, match="generated base"):
            module.health(anything)
