"""Every method of the services in tests/protos/hostile, whose names collide, served and called over a socket by its name
in Python.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any

import grpc
import grpclib.client
import pytest

if TYPE_CHECKING:
    from tests.python.grpc.conftest import Serve

# A module, the classes of a service with their suffixes left open, its methods as Python spells them, as the .proto lists
# them.
SERVICES = [
    (
        "collisions",
        "Greeter{}__",
        ["do_it_", "do_it", "do_it__", "import__", "import___", "import_"],
    ),
    ("collisions", "Greeter{}_", ["do_it"]),
    ("identity", "_3{}", ["__", "_1_", "_2_", "None__"]),
    ("collections.abc", "Iterators{}", ["next"]),
    ("words", "None{}", ["none", "__init___", "__aenter___", "_unary_unary_", "self", "timeout"]),
]


def methods(cls: type[Any]) -> list[str]:
    own = ("_grpcio_rpc_handler", "__mapping__")
    return [name for name, it in vars(cls).items() if inspect.isfunction(it) and name not in own]


def response(base: type[Any], name: str, module: Any) -> Any:
    """An empty message of the type that a method returns."""
    annotation = inspect.signature(getattr(base, name)).return_annotation
    # `AsyncIterator_[Name]`, where the module has an AsyncIterator of its own.
    return getattr(module, annotation.rpartition("[")[2].removesuffix("]"))()


def served(base: type[Any], module: Any, calls: list[str]) -> Any:
    """A service that answers each call and notes its name."""

    def unary(name: str) -> Callable[..., Any]:
        async def method(self: Any, message: Any) -> Any:
            if hasattr(message, "__aiter__"):
                async for _ in message:
                    pass
            calls.append(name)
            return response(base, name, module)

        return method

    def stream(name: str) -> Callable[..., Any]:
        async def method(self: Any, message: Any) -> AsyncIterator[Any]:
            if hasattr(message, "__aiter__"):
                async for _ in message:
                    pass
            calls.append(name)
            yield response(base, name, module)

        return method

    body: dict[str, Any] = {}
    for name in methods(base):
        make = stream if inspect.isasyncgenfunction(getattr(base, name)) else unary
        body[name] = make(name)
    return type("Service", (base,), body)()


@pytest.mark.parametrize("transport", ["grpcio", "grpclib"])
@pytest.mark.parametrize(("package", "classes", "names"), SERVICES)
async def test_every_method_is_called_by_name(
    transport: str, package: str, classes: str, names: list[str], serve: Serve
) -> None:
    module: Any = importlib.import_module(f"trees.{transport}.hostile.{package}")
    # sync_async and async_sync name the asyncio stub differently.
    suffix = "AsyncStub" if transport == "grpcio" else "Stub"
    stub_class: Any = getattr(module, classes.format(suffix))
    base: Any = getattr(module, classes.format("Base"))
    assert methods(stub_class) == methods(base) == names
    calls: list[str] = []
    port = await serve(served(base, module, calls))
    if transport == "grpcio":
        channel: Any = grpc.aio.insecure_channel(f"127.0.0.1:{port}")
    else:
        channel = grpclib.client.Channel("127.0.0.1", port)
    async with channel:
        stub = stub_class(channel)
        for name in names:
            parameter = next(iter(inspect.signature(getattr(stub, name)).parameters.values()))
            if parameter.name == "messages":
                request: Any = []
            else:
                request = getattr(module, parameter.annotation.removesuffix(" | None"))()
            call = getattr(stub, name)(request)
            expected = response(base, name, module)
            if hasattr(call, "__aiter__"):
                assert [it async for it in call] == [expected]
            else:
                assert await call == expected
    assert calls == names
