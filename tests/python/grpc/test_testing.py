"""`aristaproto.testing`: each kind of stub joined with each kind of service, and a context that a test sets."""

from __future__ import annotations

import asyncio
import importlib
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from aristaproto.rpc import Code, ErrorInfo, StatusError, detail, status_of
from aristaproto.testing import connect, context
from grpclib.exceptions import GRPCError
from trees.grpcio import example as grpcio_example
from trees.grpclib import example as grpclib_example
from trees.no_default import example as sync_example

ERRORS = (grpc.RpcError, GRPCError)


def service(kind: str) -> Any:
    """A service of each kind that does the same: answers with the caller's name, fails, or waits."""
    if kind == "threads":
        lib: Any = sync_example

        class Threads(sync_example.MyServiceSyncBase):
            ended = threading.Event()

            def my_rpc(self, message: Any) -> Any:
                act(message.name)
                return lib.Response(names=[message.name, caller(kind)])

            def upload(self, messages: Iterator[Any]) -> Any:
                return lib.Response(names=[message.name for message in messages])

            def versions(self, message: Any) -> Iterator[Any]:
                # This call's own; `ended` may be set late by the call before.
                over = threading.Event()
                # The call may be over before the callback is added; then nothing calls it.
                if not self._grpcio_context.add_callback(over.set):
                    over.set()
                try:
                    yield lib.VersionResponse(name=message.name, version=1)
                    if message.name == "wait":
                        over.wait(30)
                finally:
                    self.ended.set()

            def chat(self, messages: Iterator[Any]) -> Iterator[Any]:
                for message in messages:
                    yield lib.VersionResponse(name=message.name, version=1)

        return Threads()
    lib = importlib.import_module(f"trees.{kind}.example")

    class Async(lib.MyServiceBase):  # type: ignore[misc]
        ended = threading.Event()

        async def my_rpc(self, message: Any) -> Any:
            act(message.name)
            return lib.Response(names=[message.name, caller(kind)])

        async def upload(self, messages: AsyncIterator[Any]) -> Any:
            return lib.Response(names=[message.name async for message in messages])

        async def versions(self, message: Any) -> AsyncIterator[Any]:
            try:
                yield lib.VersionResponse(name=message.name, version=1)
                if message.name == "wait":
                    await asyncio.sleep(30)
            finally:
                self.ended.set()

        async def chat(self, messages: AsyncIterator[Any]) -> AsyncIterator[Any]:
            async for message in messages:
                yield lib.VersionResponse(name=message.name, version=1)

    return Async()


def act(name: str) -> None:
    if name == "fail":
        raise StatusError(Code.ABORTED, "as asked", [ErrorInfo(reason="ASKED")])


def caller(kind: str) -> str:
    from aristaproto.grpcio import current_context, current_sync_context
    from aristaproto.grpclib import current_stream

    if kind == "threads":
        return str(dict(current_sync_context().invocation_metadata()).get("caller", ""))
    if kind == "grpcio":
        metadata: Any = current_context().invocation_metadata()
        return str(dict(metadata).get("caller", ""))
    metadata = current_stream().metadata
    return str(metadata.get("caller", "") if metadata else "")


@pytest.mark.parametrize("kind", ["threads", "grpcio", "grpclib"])
@pytest.mark.parametrize("stub_kind", ["grpcio", "grpclib"])
async def test_asynchronous_stubs(kind: str, stub_kind: str) -> None:
    lib: Any = importlib.import_module(f"trees.{stub_kind}.example")
    stub_class = lib.MyServiceAsyncStub if stub_kind == "grpcio" else lib.MyServiceStub
    served = service(kind)
    async with connect(served, stub_class, metadata={"caller": "me"}) as stub:
        assert type(stub) is stub_class
        assert (await stub.my_rpc(lib.Request(name="a"))).names == ["a", "me"]
        uploaded = await stub.upload([lib.Request(name="a"), lib.Request(name="b")])
        assert uploaded.names == ["a", "b"]
        chatted = stub.chat([lib.VersionRequest(name="a")])
        assert [it.name async for it in chatted] == ["a"]
        with pytest.raises(ERRORS) as raised:
            await stub.my_rpc(lib.Request(name="fail"))
        assert status_of(raised.value).code == Code.ABORTED
        assert detail(raised.value, ErrorInfo) == ErrorInfo(reason="ASKED")
        # Cancelled by the client.
        responses = stub.versions(lib.VersionRequest(name="wait"))
        assert (await anext(responses)).name == "wait"
        await responses.aclose()
        assert await asyncio.to_thread(served.ended.wait, 10)
        # The deadline.
        served.ended.clear()
        late = stub.versions(lib.VersionRequest(name="wait"), timeout=0.2)
        with pytest.raises((*ERRORS, asyncio.TimeoutError)):
            async for _ in late:
                pass


@pytest.mark.parametrize("kind", ["threads", "grpcio", "grpclib"])
def test_synchronous_stubs(kind: str) -> None:
    lib = sync_example
    served = service(kind)
    with connect(served, lib.MyServiceSyncStub, metadata={"caller": "me"}) as stub:
        assert stub.my_rpc(lib.Request(name="a")).names == ["a", "me"]
        assert stub.upload([lib.Request(name="a")]).names == ["a"]
        assert [it.name for it in stub.chat([lib.VersionRequest(name="a")])] == ["a"]
        with pytest.raises(grpc.RpcError) as raised:
            stub.my_rpc(lib.Request(name="fail"))
        assert detail(raised.value, ErrorInfo) == ErrorInfo(reason="ASKED")
        responses: Any = stub.versions(lib.VersionRequest(name="wait"), timeout=0.5)
        assert next(responses).name == "wait"
        with pytest.raises(grpc.RpcError) as raised:
            next(responses)
        assert status_of(raised.value).code == Code.DEADLINE_EXCEEDED
        assert served.ended.wait(10)


async def test_the_stub_beside_the_base_is_found() -> None:
    async with connect(service("grpcio")) as stub:
        assert type(stub) is grpcio_example.MyServiceAsyncStub
    async with connect(service("grpclib")) as stub:
        assert type(stub) is grpclib_example.MyServiceStub
    async with connect(service("threads")) as stub:
        assert type(stub) is sync_example.MyServiceAsyncStub


def test_the_synchronous_stub_beside_the_base_is_found() -> None:
    with connect(service("threads")) as stub:
        assert type(stub) is sync_example.MyServiceSyncStub
    with connect(service("grpcio")) as stub:
        assert type(stub) is grpcio_example.MyServiceStub


async def test_several_services() -> None:
    from trees.grpcio import calls

    class Counter(calls.CounterBase):
        async def increment(self, message: calls.Number) -> calls.Number:
            return calls.Number(value=message.value + 1)

    async with connect([service("grpcio"), Counter()], calls.CounterAsyncStub) as stub:
        assert (await stub.increment(calls.Number(value=1))).value == 2


SERVICES = {
    "threads": (sync_example, "aristaproto.grpcio"),
    "grpcio": (grpcio_example, "aristaproto.grpcio"),
    "grpclib": (grpclib_example, "aristaproto.grpclib"),
}


@pytest.mark.parametrize("kind", SERVICES)
@pytest.mark.parametrize("is_first", [True, False])
async def test_health_and_reflection_beside_a_service(kind: str, is_first: bool) -> None:
    lib: Any
    lib, name = SERVICES[kind]
    module: Any = importlib.import_module(name)
    served = service(kind)
    runtime = [module.health(served), module.reflection(served)]
    services = [*runtime, served] if is_first else [served, *runtime]
    async with connect(services) as stub:
        assert (await stub.my_rpc(lib.Request(name="a"))).names == ["a", ""]

    def ask() -> None:
        with connect(services, sync_example.MyServiceSyncStub) as stub:
            assert stub.my_rpc(sync_example.Request(name="a")).names == ["a", ""]

    await asyncio.to_thread(ask)
    with pytest.raises(LookupError, match=r"no asynchronous stub .* base of Health"):
        await connect(runtime).__aenter__()


async def test_services_of_both_kinds_of_server() -> None:
    for kinds in (("threads", "grpcio"), ("grpcio", "threads")):
        with pytest.raises(TypeError, match=r"grpc\.aio\.server"):
            await connect(
                [service(it) for it in kinds], grpcio_example.MyServiceAsyncStub
            ).__aenter__()


async def test_one_block_at_a_time() -> None:
    connection = connect(service("grpcio"), grpcio_example.MyServiceAsyncStub)
    for _ in range(2):
        async with connection as stub:
            with pytest.raises(RuntimeError, match="this connection is in use"):
                await connection.__aenter__()
            with pytest.raises(RuntimeError, match="this connection is in use"):
                connection.__enter__()
            assert (await stub.my_rpc(grpcio_example.Request(name="a"))).names == ["a", ""]


def test_one_synchronous_block_at_a_time() -> None:
    connection = connect(service("threads"), sync_example.MyServiceSyncStub)
    for _ in range(2):
        with connection as stub:
            with pytest.raises(RuntimeError, match="this connection is in use"):
                connection.__enter__()
            assert stub.my_rpc(sync_example.Request(name="a")).names == ["a", ""]
    wrong = connect(service("threads"), int)
    for _ in range(2):
        with pytest.raises(TypeError, match="expected the class of a generated stub"):
            wrong.__enter__()


async def test_what_cannot_be_joined() -> None:
    with pytest.raises(TypeError, match="MyServiceStub is a synchronous stub"):
        await connect(service("grpcio"), grpcio_example.MyServiceStub).__aenter__()
    with (
        pytest.raises(TypeError, match="MyServiceAsyncStub is an asynchronous stub"),
        connect(service("grpcio"), grpcio_example.MyServiceAsyncStub),
    ):
        pass
    for wrong in (object(), grpcio_example.MyServiceBase):
        with pytest.raises(TypeError, match="expected a service"):
            await connect(wrong, grpcio_example.MyServiceAsyncStub).__aenter__()
    with pytest.raises(TypeError, match="expected a service, or a list of several"):
        connect([], grpcio_example.MyServiceAsyncStub)
    for services in (("grpcio", "grpclib"), ("grpclib", "grpcio"), ("grpclib", "threads")):
        with pytest.raises(TypeError, match="servers of different transports"):
            await connect(
                [service(it) for it in services], grpcio_example.MyServiceAsyncStub
            ).__aenter__()
    with pytest.raises(TypeError, match="expected the class of a generated stub"):
        await connect(service("grpcio"), int).__aenter__()

    from trees.descriptors import example as async_only

    with (
        pytest.raises(LookupError, match="no synchronous stub"),
        connect(type("MyService", (async_only.MyServiceBase,), {})()),
    ):
        pass


async def test_nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    async with connect(service("grpclib")):
        assert len(list(tmp_path.iterdir())) == 1
    assert list(tmp_path.iterdir()) == []


async def test_context_of_a_method_on_grpc_aio() -> None:
    class Service(grpcio_example.MyServiceBase):
        async def my_rpc(self, message: grpcio_example.Request) -> grpcio_example.Response:
            call = self._grpcio_context
            await call.send_initial_metadata((("x-first", "1"),))
            call.set_trailing_metadata((("x-last", "2"),))
            if message.name == "fail":
                await call.abort(grpc.StatusCode.NOT_FOUND, "gone")
            left = call.time_remaining()
            pairs: Any = call.invocation_metadata()
            assert [(it.key, it.value) for it in pairs] == [("caller", "me")]
            return grpcio_example.Response(names=[caller("grpcio"), str(left), call.peer()])

    with context({"caller": "me"}, timeout=30, peer="ipv4:10.0.0.1:5") as call:
        names = (await Service().my_rpc(grpcio_example.Request())).names
    assert (names[0], names[2]) == ("me", "ipv4:10.0.0.1:5")
    assert 0 < float(names[1]) <= 30
    assert call.initial_metadata == (("x-first", "1"),)
    assert call.trailing_metadata == (("x-last", "2"),)
    assert (call.code, call.details, call.aborted) == (None, "", False)

    with context() as call, pytest.raises(grpc.aio.AbortError):
        await Service().my_rpc(grpcio_example.Request(name="fail"))
    assert (call.code, call.details, call.aborted) == (Code.NOT_FOUND, "gone", True)

    with context() as call, pytest.raises(grpc.aio.AbortError):
        await Service().upload(aiter(service("grpcio").chat(None)))
    assert call.code == Code.UNIMPLEMENTED
    with pytest.raises(RuntimeError):
        caller("grpcio")
    with pytest.raises(RuntimeError, match=r"a test calls methods inside `aristaproto\.testing"):
        await Service().my_rpc(grpcio_example.Request())


def test_the_context_has_what_those_of_grpc_have() -> None:
    from aristaproto.grpcio import current_context, current_sync_context

    def missing(cls: type[Any], context: object) -> set[str]:
        return {it for it in dir(cls) if it[0] != "_" and not hasattr(context, it)}

    with context():
        # A method gives and takes messages itself.
        assert missing(grpc.aio.ServicerContext, current_context()) == {"read", "write"}
        assert missing(grpc.ServicerContext, current_sync_context()) == set()


def test_context_of_a_method_on_threads() -> None:
    from aristaproto.grpcio import current_sync_context

    class Service(sync_example.MyServiceSyncBase):
        def my_rpc(self, message: sync_example.Request) -> sync_example.Response:
            call = self._grpcio_context
            if message.name == "fail":
                call.abort(grpc.StatusCode.NOT_FOUND, "gone")
            call.set_code(grpc.StatusCode.DATA_LOSS)
            call.set_details("half of it")
            return sync_example.Response(names=[caller("threads")])

    with context([("caller", "me")]) as call:
        assert Service().my_rpc(sync_example.Request()).names == ["me"]
    assert (call.code, call.details) == (Code.DATA_LOSS, "half of it")
    with context() as call:
        current_sync_context().cancel()
        assert not current_sync_context().is_active()
    assert (call.code, call.aborted) == (Code.CANCELLED, True)
    with context() as call, pytest.raises(Exception, match="gone"):
        Service().my_rpc(sync_example.Request(name="fail"))
    assert (call.code, call.aborted) == (Code.NOT_FOUND, True)
    with pytest.raises(RuntimeError):
        caller("threads")
    with pytest.raises(RuntimeError, match=r"a test calls methods inside `aristaproto\.testing"):
        Service().my_rpc(sync_example.Request())


async def test_context_of_a_method_on_grpclib() -> None:
    from aristaproto.grpclib import current_stream

    class Service(grpclib_example.MyServiceBase):
        async def my_rpc(self, message: grpclib_example.Request) -> grpclib_example.Response:
            stream = current_stream()
            await stream.send_initial_metadata(metadata={"x-first": "1"})
            left = "" if stream.deadline is None else str(stream.deadline.time_remaining())
            peer: Any = stream.peer.addr()
            return grpclib_example.Response(names=[caller("grpclib"), left, str(peer[0])])

    with context({"caller": "me"}, timeout=30, peer="ipv4:10.0.0.1:5") as call:
        names = (await Service().my_rpc(grpclib_example.Request())).names
    assert (names[0], names[2]) == ("me", "10.0.0.1")
    assert 0 < float(names[1]) <= 30
    assert call.initial_metadata == (("x-first", "1"),)
    with pytest.raises(RuntimeError):
        current_stream()


@pytest.mark.parametrize(
    ("peer", "address"),
    [
        ("ipv4:10.0.0.1:5", ("10.0.0.1", 5)),
        ("ipv6:[::1]:5", ("::1", 5, 0, 0)),
        # As grpcio writes them.
        ("ipv6:%5B::1%5D:5", ("::1", 5, 0, 0)),
        ("unix:/tmp/x", "/tmp/x"),
        ("unix:", ""),
    ],
)
def test_peer_on_grpclib(peer: str, address: object) -> None:
    from aristaproto.grpclib import current_stream

    with context(peer=peer):
        assert current_stream().peer.addr() == address


def test_peer_that_grpclib_does_not_have() -> None:
    from aristaproto.grpclib import current_stream

    for peer in ("inproc", "10.0.0.1:5", "ipv4:10.0.0.1", "ipv6:::1:5"):
        with context(peer=peer), pytest.raises(ValueError, match="expected ipv4:HOST:PORT"):
            current_stream().peer.addr()
