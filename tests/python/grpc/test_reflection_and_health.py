"""Reflection and health on each kind of server, asked by the clients of grpcio-reflection and grpcio-health-checking."""

from __future__ import annotations

import asyncio
import importlib
import socket
import threading
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
from aristaproto.builtin.health import HealthService
from aristaproto.builtin.reflection import Files
from aristaproto.builtin.service import Rpc
from aristaproto.bundled.grpc.health.v1 import HealthCheckRequest
from aristaproto.grpcio import ServingStatus
from aristaproto.rpc_services import Served as ServedService
from aristaproto.wkt.descriptor import FileDescriptorProto as OwnFileDescriptorProto
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool

from tests.python.grpc.waiting import close_server

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
        self.tree = f"trees.{tree}"
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
            closing.push_async_callback(close_server, grpclib_server)
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


async def reflected(served: Served, version: str, asked: list[Any]) -> list[Any]:
    """The answers of a server's reflection to several requests, in one call."""

    def ask(channel: Any) -> list[Any]:
        # No package has the stub of v1, whose messages are the same on the wire.
        call = channel.stream_stream(
            f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo",
            reflection_pb2.ServerReflectionRequest.SerializeToString,
            reflection_pb2.ServerReflectionResponse.FromString,
        )
        return list(call(iter(asked), timeout=10))

    answers: list[Any] = await in_thread(served, ask)
    return answers


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

    answers = await reflected(served, version, asked)
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


@pytest.mark.parametrize("version", ["v1", "v1alpha"])
async def test_answers_do_not_depend_on_those_before(served: Served, version: str) -> None:
    """What no service needs is there when its package has been imported, as in google's pool."""
    importlib.import_module(f"{served.tree}.extensions.other")
    request = reflection_pb2.ServerReflectionRequest
    symbol = request(file_containing_symbol="extensions.other.Tree")
    extension = request(
        file_containing_extension=reflection_pb2.ExtensionRequest(
            containing_type="extensions.Extendable", extension_number=130
        )
    )
    answers = await reflected(served, version, [symbol, extension, symbol])
    for answer in answers:
        files = answer.file_descriptor_response.file_descriptor_proto
        assert FileDescriptorProto.FromString(files[0]).name == "extensions/other.proto"
    assert answers[0] == answers[2]


@pytest.mark.parametrize("version", ["v1", "v1alpha"])
async def test_only_messages_have_extensions(served: Served, version: str) -> None:
    names = ["example.MyService", "example.MyService.Chat", "calls.Number.value", "calls.Number"]
    request = reflection_pb2.ServerReflectionRequest
    answers = await reflected(
        served, version, [request(all_extension_numbers_of_type=name) for name in names]
    )
    codes = [it.error_response.error_code for it in answers]
    assert codes == [grpc.StatusCode.NOT_FOUND.value[0]] * 3 + [0]


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


def test_files_of_imported_packages_are_found_by_whatever_is_asked_first() -> None:
    importlib.import_module("trees.sync.extensions.other")

    def files() -> Files:
        return Files([ServedService("example.MyService", "trees.sync.example")])

    by_name = files().file("extensions/other.proto")
    assert FileDescriptorProto.FromString(by_name[0]).name == "extensions/other.proto"
    assert files().file_with_symbol("extensions.other.Tree") == by_name
    assert files().file_with_extension("extensions.Extendable", 130) == by_name


def test_files_are_added_for_one_thread_at_a_time() -> None:
    importlib.import_module("trees.sync.extensions.other")
    adding, answered = threading.Event(), threading.Event()

    class Slow(Files):
        def _add_symbols(self, proto: OwnFileDescriptorProto) -> None:
            if proto.name == "extensions/other.proto":
                adding.set()
                # What asks meanwhile has to wait, and answers now only if it does not.
                answered.wait(0.5)
            super()._add_symbols(proto)

    def ask() -> list[bytes]:
        return files.file_with_extension("extensions.Extendable", 130)

    def ask_meanwhile() -> list[bytes]:
        assert adding.wait(10)
        try:
            return ask()
        finally:
            answered.set()

    files = Slow([ServedService("example.MyService", "trees.sync.example")])
    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(ask), pool.submit(ask_meanwhile)]
        assert asked[0].result(10) == asked[1].result(10) != []


def test_a_watcher_whose_loop_was_closed_is_no_hindrance() -> None:
    health: Any = HealthService(["a"])
    watch: Rpc = next(it for it in health.rpcs() if it.name == "Watch")
    request = HealthCheckRequest(service="a")
    before = watch.in_thread(request, lambda _: None)
    assert next(before).status is ServingStatus.SERVING
    loop = asyncio.new_event_loop()
    on_loop = watch.in_loop(request)
    assert loop.run_until_complete(anext(on_loop)).status is ServingStatus.SERVING
    # Without `shutdown_asyncgens`, which would end the watch.
    loop.close()
    behind = watch.in_thread(request, lambda _: None)
    assert next(behind).status is ServingStatus.SERVING
    health.set("a", ServingStatus.NOT_SERVING)
    assert next(before).status is next(behind).status is ServingStatus.NOT_SERVING
    assert len(health._watchers) == 2
    health.shut_down()


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
