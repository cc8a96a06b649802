"""Every service of a tree: its stubs and its base exist, and their methods are those of the descriptor.

Each method of a stub is called with a channel that writes down what it is asked for: the route, and whether request and
response are streams. The base is asked for its table of routes. Called by `messages`.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from google.protobuf.descriptor_pb2 import FileDescriptorProto

Calls = dict[str, tuple[bool, bool]]
"""Route: is the request a stream, is the response."""


class Asked(Exception):
    """What a stub asked its channel for."""


class Channel:
    """Answers no call."""

    def unary_unary(self, route: str, *_: object, **__: object) -> Any:
        raise Asked(route, False, False)

    def unary_stream(self, route: str, *_: object, **__: object) -> Any:
        raise Asked(route, False, True)

    def stream_unary(self, route: str, *_: object, **__: object) -> Any:
        raise Asked(route, True, False)

    def stream_stream(self, route: str, *_: object, **__: object) -> Any:
        raise Asked(route, True, True)

    def request(self, route: str, cardinality: Any, *_: object, **__: object) -> Any:
        raise Asked(route, cardinality.client_streaming, cardinality.server_streaming)


STUBS = ("Stub", "SyncStub", "AsyncStub")
"""What the names of stubs end in. The trees have two stubs for each service."""


def check_services(
    tree: Path, files: list[FileDescriptorProto], problems: list[str]
) -> dict[str, int]:
    """Compare all of them; figures."""
    services = methods = 0
    for file in files:
        for service in file.service:
            full_name = f"{file.package}.{service.name}".removeprefix(".")
            expected = {
                f"/{full_name}/{method.name}": (method.client_streaming, method.server_streaming)
                for method in service.method
            }
            services += 1
            methods += len(expected)
            try:
                module = importlib.import_module(f"{tree.name}.{file.package}".removesuffix("."))
            except ImportError as error:
                problems.append(f"{full_name}: {error}")
                continue
            stubs = _classes(module, service.name, STUBS)
            bases = _classes(module, service.name, ("Base",))
            if (len(stubs), len(bases)) != (2, 1):
                problems.append(f"{full_name}: it has {len(stubs)} stubs and {len(bases)} bases")
            for cls in (*stubs, *bases):
                try:
                    calls = _stub_calls(cls) if cls in stubs else _base_calls(cls, expected)
                except Exception as error:  # noqa: BLE001 - any is a finding
                    problems.append(f"{cls.__name__}: {type(error).__name__}: {error}")
                    continue
                if calls != expected:
                    problems.append(f"{cls.__name__} has {calls}, its service {expected}")
    return {"services": services, "methods": methods}


def _classes(module: Any, service: str, suffixes: tuple[str, ...]) -> list[Any]:
    names = {f"{service}{suffix}".replace("_", "").lower() for suffix in suffixes}
    return [
        cls
        for name, cls in _members(module)
        if name.lower() in names and inspect.isclass(cls) and cls.__module__ == module.__name__
    ]


def _members(holder: Any) -> list[tuple[str, Any]]:
    members: dict[str, Any] = holder.__dict__
    return list(members.items())


def _stub_calls(cls: Any) -> Calls:
    stub = cls(Channel())
    calls: Calls = {}
    for name, method in _members(cls):
        if name.startswith("__") or not inspect.isfunction(method):
            continue
        route, *streams = _asked(partial(method, stub, *_request(method)))
        calls[route] = (streams[0], streams[1])
    return calls


def _request(method: Any) -> tuple[Any]:
    """An empty request of the type that the method asks for: what its annotation names, or no request at all."""
    parameters = inspect.signature(method).parameters
    if "messages" in parameters:
        return ((),)
    annotation = parameters["message"].annotation.removesuffix(" | None")
    return (eval(annotation, method.__globals__)(),)


def _asked(call: Callable[[], Any]) -> tuple[Any, ...]:
    """Start the call, of whatever kind it is, and give back what the channel was asked for."""
    try:
        started = call()
        if inspect.iscoroutine(started):
            started.send(None)
        elif hasattr(started, "__anext__"):
            started.__anext__().send(None)
        else:
            next(started)
    except Asked as asked:
        return asked.args
    raise AssertionError("no call was made")


def _base_calls(cls: Any, expected: Calls) -> Calls:
    base = cls()
    if hasattr(base, "__mapping__"):
        return {
            route: (handler.cardinality.client_streaming, handler.cardinality.server_streaming)
            for route, handler in base.__mapping__().items()
        }
    handlers = base._grpcio_rpc_handler()
    calls: Calls = {}
    for route in expected:
        handler = handlers.service(SimpleNamespace(method=route, invocation_metadata=()))
        if handler is not None:
            calls[route] = (handler.request_streaming, handler.response_streaming)
    # The handlers cannot be listed; a method too many shows in the class.
    written = [
        name
        for name, member in _members(cls)
        if inspect.iscoroutinefunction(member) or inspect.isasyncgenfunction(member)
    ]
    if len(written) != len(expected):
        raise AssertionError(f"its methods are {written}, its service has {len(expected)}")
    return calls
