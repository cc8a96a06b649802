"""The form of generated stubs and bases: signatures, one request for each call, warnings, imports."""

from __future__ import annotations

import asyncio
import importlib
import inspect
import pkgutil
import subprocess
import sys
import typing
import warnings
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, cast

import aristaproto.grpcio
import aristaproto.grpclib
import grpc
import grpc.aio
import pytest
from aristaproto.rpc_requests import request_type_of
from grpclib.const import Cardinality, Handler
from trees.grpcio import calls as grpcio_calls
from trees.grpclib import calls as grpclib_calls
from trees.grpclib.calls import CounterStub, Nothing, Number

if TYPE_CHECKING:
    from typing_extensions import Self

    from tests.python.grpc.conftest import Serve

BASES = (
    aristaproto.grpcio.SyncServiceStub,
    aristaproto.grpcio.ServiceStub,
    aristaproto.grpclib.ServiceStub,
)
STUBS = (
    grpcio_calls.CounterStub,
    grpcio_calls.CounterAsyncStub,
    grpclib_calls.CounterStub,
    grpclib_calls.CounterSyncStub,
)


class FakeStream:
    """What a unary call may use of a grpclib stream, and nothing else."""

    def __init__(self, response: Any) -> None:
        self.response = response
        self.sent: list[tuple[Any, bool]] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    async def send_message(self, message: Any, end: bool) -> None:
        self.sent.append((message, end))

    async def recv_message(self) -> Any:
        return self.response


class FakeChannel:
    """Records the calls of `request`; nothing else of a grpclib channel is there."""

    def __init__(self, response: Any) -> None:
        self.stream = FakeStream(response)
        self.requests: list[tuple[tuple[Any, ...], dict[str, Any]]] = []

    def request(self, *arguments: Any, **options: Any) -> FakeStream:
        self.requests.append((arguments, options))
        return self.stream


async def test_grpclib_unary_call_makes_one_request() -> None:
    channel = FakeChannel(Number(value=2))
    metadata = {"x-a": "1"}
    stub = CounterStub(cast("Any", channel), timeout=5, metadata=metadata)
    assert await stub.increment(Number(value=1)) == Number(value=2)
    assert channel.requests == [
        (
            ("/calls.Counter/Increment", Cardinality.UNARY_UNARY, Number, Number),
            {"timeout": 5, "deadline": None, "metadata": metadata},
        )
    ]
    assert channel.stream.sent == [(Number(value=1), True)]

    await stub.increment(Number(value=1), timeout=6, metadata=[("x-b", "2")])
    assert channel.requests[1][1] == {
        "timeout": 6,
        "deadline": None,
        "metadata": [("x-b", "2")],
    }


async def test_multi_callables_are_made_once_for_each_stub() -> None:
    class Channel:
        made: typing.ClassVar[list[str]] = []

        def unary_unary(self, route: str, serializer: Any, deserializer: Any) -> Any:
            self.made.append(route)

            async def call(request: Any, **options: Any) -> Any:
                return deserializer(serializer(request))

            return call

    stub = grpcio_calls.CounterAsyncStub(cast("Any", Channel()))
    for _ in range(3):
        number = grpcio_calls.Number(value=1)
        assert await stub.increment(number) == number
    await stub.reset()
    assert Channel.made == ["/calls.Counter/Increment", "/calls.Counter/Reset"]


@pytest.mark.parametrize("kind", ["unary_unary", "unary_stream", "stream_unary", "stream_stream"])
def test_helpers_have_the_same_parameters_on_all_stubs(kind: str) -> None:
    def positional(base: type) -> list[str]:
        parameters = inspect.signature(getattr(base, f"_{kind}")).parameters.values()
        return [p.name for p in parameters if p.kind is not inspect.Parameter.KEYWORD_ONLY]

    def keywords(base: type) -> list[str]:
        parameters = inspect.signature(getattr(base, f"_{kind}")).parameters.values()
        return [p.name for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY]

    sync, aio, grpclib = BASES
    assert positional(sync) == positional(aio) == positional(grpclib)
    assert positional(sync)[1] == "route"
    assert keywords(sync) == keywords(aio)
    assert keywords(aio) == ["timeout", "metadata", "credentials", "wait_for_ready"]
    assert keywords(grpclib) == ["timeout", "deadline", "metadata"]


@pytest.mark.parametrize("tree", ["grpcio", "grpclib", "no_default", "sync"])
def test_the_class_of_each_request_is_known(tree: str) -> None:
    """Also where a module imports it for type checkers only; else a stub would send what is of another class."""
    package = importlib.import_module(f"trees.{tree}")
    checked = 0
    for found in pkgutil.walk_packages(package.__path__, f"trees.{tree}."):
        stubs: list[type[Any]] = [
            it
            for it in vars(importlib.import_module(found.name)).values()
            if isinstance(it, type) and issubclass(it, BASES) and it not in BASES
        ]
        for stub in stubs:
            for method in vars(stub).values():
                code = getattr(method, "__code__", None)
                if code is None or not {"_unary_unary", "_unary_stream"} & set(code.co_names):
                    continue
                (route,) = (it for it in code.co_consts if str(it).startswith("/"))
                assert request_type_of(stub, route) is not None, (stub, route)
                checked += 1
    assert checked > 50


@pytest.mark.parametrize("tree", ["grpcio", "sync"])
def test_a_request_whose_class_is_imported_for_type_checkers_only(tree: str) -> None:
    root: Any = importlib.import_module(f"trees.{tree}")
    below: Any = importlib.import_module(f"trees.{tree}.cycles.a.b")
    sibling: Any = importlib.import_module(f"trees.{tree}.cycles.sibling")

    class Mine(root.RootEmpty):  # type: ignore[misc]
        pass

    with grpc.insecure_channel("127.0.0.1:9") as channel:
        stub = below.UpServiceStub(channel, timeout=5)
        for method, right, wrong in (
            (stub.sibling, sibling.Sibling(), root.RootEmpty()),
            (stub.empty_root, root.RootEmpty(), sibling.Sibling()),
            (stub.empty_root, Mine(), below.Child()),
        ):
            with pytest.raises(grpc.RpcError):
                list(method(right))
            with pytest.raises(TypeError, match=r"expected a request of \w+, got \w+"):
                method(wrong)


def test_a_request_of_another_tree() -> None:
    with grpc.insecure_channel("127.0.0.1:9") as channel:
        stub: Any = grpcio_calls.CounterStub(channel)
        with pytest.raises(
            TypeError, match=r"request of trees\.grpcio\.calls\.Number, got trees\.grpclib\.calls\."
        ):
            stub.increment(Number())


@pytest.mark.parametrize("stub", STUBS)
def test_signatures_of_stub_methods(stub: type[Any]) -> None:
    options = ["timeout", "metadata", "credentials", "wait_for_ready"]
    if stub is CounterStub:
        options = ["timeout", "deadline", "metadata"]
    for name in ("increment", "reset", "count", "sum", "running"):
        method = vars(stub)[name]
        assert inspect.isfunction(method)
        signature = inspect.signature(method)
        message = "messages" if name in ("sum", "running") else "message"
        assert list(signature.parameters) == ["self", message, *options]
        for option in options:
            parameter = signature.parameters[option]
            assert parameter.kind is inspect.Parameter.KEYWORD_ONLY
            assert parameter.default is None
        # Every annotation names something that is there at run time.
        assert set(typing.get_type_hints(method)) == {message, *options, "return"}

    increment = inspect.signature(stub.increment).parameters["message"]
    assert increment.annotation == "Number"
    assert increment.default is inspect.Parameter.empty
    assert inspect.signature(stub.reset).parameters["message"].default is None


def test_mapping_of_a_grpclib_base() -> None:
    mapping: dict[str, Any] = {**grpclib_calls.CounterBase().__mapping__()}
    assert list(mapping) == [
        f"/calls.Counter/{method}"
        for method in ("Increment", "Reset", "Count", "Sum", "Running", "Next", "Forget", "Tail")
    ]
    kinds = [handler.cardinality for handler in mapping.values()]
    assert kinds[:5] == [
        Cardinality.UNARY_UNARY,
        Cardinality.UNARY_UNARY,
        Cardinality.UNARY_STREAM,
        Cardinality.STREAM_UNARY,
        Cardinality.STREAM_STREAM,
    ]
    assert all(isinstance(handler, Handler) for handler in mapping.values())
    handler = mapping["/calls.Counter/Count"]
    assert (handler.request_type, handler.reply_type) == (Nothing, Number)


class Counter(grpcio_calls.CounterBase):
    async def reset(self, message: grpcio_calls.Nothing) -> grpcio_calls.Nothing:
        return message

    async def count(self, message: grpcio_calls.Nothing) -> AsyncIterator[grpcio_calls.Number]:
        yield grpcio_calls.Number(value=1)

    async def next(self, message: grpcio_calls.Number) -> grpcio_calls.Number:
        return grpcio_calls.Number(value=message.value + 1)

    async def forget(self, message: grpcio_calls.Nothing) -> grpcio_calls.Nothing:
        return message

    async def tail(self, message: grpcio_calls.Nothing) -> AsyncIterator[grpcio_calls.Number]:
        yield grpcio_calls.Number(value=9)


async def test_request_without_fields_may_be_left_out(serve: Serve) -> None:
    port = await serve(Counter())
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        aio_stub = grpcio_calls.CounterAsyncStub(channel)
        assert await aio_stub.reset() == grpcio_calls.Nothing()
        assert await aio_stub.reset(grpcio_calls.Nothing()) == grpcio_calls.Nothing()
        assert [number.value async for number in aio_stub.count()] == [1]

    def sync_calls() -> None:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            stub = grpcio_calls.CounterStub(channel)
            assert stub.reset() == grpcio_calls.Nothing()
            assert [number.value for number in stub.count()] == [1]

    await asyncio.to_thread(sync_calls)


async def test_deprecated_methods_warn_once_and_name_the_caller(serve: Serve) -> None:
    port = await serve(Counter())
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = grpcio_calls.CounterAsyncStub(channel)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            await stub.next(grpcio_calls.Number(value=1))
            await stub.forget()
            assert [number.value async for number in stub.tail()] == [9]
            await stub.reset()

    def sync_calls() -> None:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            stub = grpcio_calls.CounterStub(channel)
            stub.next(grpcio_calls.Number(value=1))
            stub.forget()
            list(stub.tail())
            stub.reset()

    with warnings.catch_warnings(record=True) as caught_from_sync:
        warnings.simplefilter("always")
        await asyncio.to_thread(sync_calls)

    for warned in (caught, caught_from_sync):
        assert [str(warning.message) for warning in warned] == [
            "Counter.next is deprecated",
            "Counter.forget is deprecated",
            "Counter.tail is deprecated",
        ]
        for warning in warned:
            assert warning.category is DeprecationWarning
            assert warning.filename == __file__


async def test_deprecated_methods_of_grpclib_stubs() -> None:
    channel = FakeChannel(Number(value=2))
    stub = CounterStub(cast("Any", channel))
    with pytest.warns(DeprecationWarning, match=r"^Counter\.next is deprecated$") as caught:
        await stub.next(Number(value=1))
    assert [warning.filename for warning in caught] == [__file__]
    with pytest.warns(DeprecationWarning, match=r"^Counter\.forget is deprecated$") as caught:
        await stub.forget()
    assert len(caught) == 1


def run(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout.strip()


def test_importing_aristaproto_imports_no_transport() -> None:
    code = (
        "import sys, aristaproto\n"
        "print([m for m in sys.modules if m.split('.')[0] in ('grpc', 'grpclib', 'h2')\n"
        "       or m.startswith(('aristaproto.grpc', 'aristaproto.rpc_streams'))])"
    )
    assert run(code) == "[]"


@pytest.mark.parametrize(
    ("package", "missing", "extra"),
    [("grpcio", "grpc", "grpcio"), ("grpclib", "grpclib", "grpclib")],
)
def test_missing_extra_says_what_to_install(package: str, missing: str, extra: str) -> None:
    code = (
        "import sys\n"
        "class Missing:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name == {missing!r}:\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n"
        "sys.meta_path.insert(0, Missing())\n"
        "try:\n"
        f"    import aristaproto.{package}\n"
        "except ImportError as error:\n"
        "    print(error)"
    )
    assert f"pip install 'aristaproto[{extra}]'" in run(code)


def test_transports_are_imported_alone() -> None:
    assert run("import sys, aristaproto.grpclib; print('grpc' in sys.modules)") == "False"
    assert run("import sys, aristaproto.grpcio; print('grpclib' in sys.modules)") == "False"
