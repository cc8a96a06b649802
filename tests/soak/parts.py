"""The service of the soak and its stubs, in each implementation: ours on three transports, google's on two.

In: a name such as `ours grpc.aio`. Out: a service to serve, or a stub with the methods `one`, `up`, `down`, `chat`. The trees of
generated code are modules `ours`, `ours_grpclib` and `soak_pb2` on the path.
"""

from __future__ import annotations

import asyncio
import importlib
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any, NamedTuple
from zlib import crc32

CLIENTS = ("ours grpc.aio", "ours grpclib", "ours grpc")
SERVERS = ("ours grpc.aio", "ours grpclib", "ours grpc")
GOOGLE = ("google grpc.aio", "google grpc")
"""google's stubs and servicers, of which each runs beside its like."""


class Messages(NamedTuple):
    request: Any
    response: Any


def messages(name: str) -> Messages:
    """The classes of an implementation's requests and responses."""
    if name.startswith("google"):
        module: Any = importlib.import_module("soak_pb2")
    else:
        folder = "ours_grpclib" if name.endswith("grpclib") else "ours"
        module = importlib.import_module(f"{folder}.soak")
    return Messages(module.Request, module.Response)


def is_async(name: str) -> bool:
    return not name.endswith(" grpc")


def stub(name: str, channel: Any) -> Any:
    """An object with the four methods in lower case."""
    if name.startswith("google"):
        made = importlib.import_module("soak_pb2_grpc").SoakStub(channel)
        return type(
            "Stub", (), {"one": made.One, "up": made.Up, "down": made.Down, "chat": made.Chat}
        )
    if name == "ours grpclib":
        return importlib.import_module("ours_grpclib.soak").SoakStub(channel)
    module: Any = importlib.import_module("ours.soak")
    return module.SoakAsyncStub(channel) if is_async(name) else module.SoakSyncStub(channel)


class Served:
    """What a service counted."""

    def __init__(self) -> None:
        self.cut_off = 0
        """Uploads whose end came before all of their requests."""
        self.ended = 0


def service(name: str, served: Served) -> Any:
    """A service for a server of that name."""
    if name.startswith("google"):
        base: Any = importlib.import_module("soak_pb2_grpc").SoakServicer
    elif name == "ours grpclib":
        base = importlib.import_module("ours_grpclib.soak").SoakBase
    else:
        module: Any = importlib.import_module("ours.soak")
        base = module.SoakAsyncBase if is_async(name) else module.SoakSyncBase
    make = asynchronous if is_async(name) else synchronous
    methods = make(messages(name).response, served)
    if name.startswith("google"):
        methods = {method.capitalize(): function for method, function in methods.items()}
    return type("Service", (base,), methods)()


def answer(response: Any, request: Any, count: int = 0) -> Any:
    """The echo of a request, with its checksum made anew."""
    return response(id=request.id, crc=crc32(request.data), data=request.data, count=count)


def note_end(served: Served, received: int, expected: int) -> None:
    served.ended += 1
    if received < expected:
        served.cut_off += 1


def asynchronous(response: Any, served: Served) -> dict[str, Any]:
    async def act_on(request: Any) -> None:
        if request.mode == "wait":
            await asyncio.sleep(request.count / 1000)
        elif request.mode == "hold":
            await asyncio.Event().wait()

    async def one(self: Any, message: Any, context: Any = None) -> Any:
        await act_on(message)
        return answer(response, message)

    async def up(self: Any, messages: Any, context: Any = None) -> Any:
        crc = received = expected = 0
        async for message in messages:
            received += 1
            expected = message.count
            crc = crc32(message.data, crc)
        note_end(served, received, expected)
        return response(id=received, crc=crc, count=received)

    async def down(self: Any, message: Any, context: Any = None) -> AsyncIterator[Any]:
        for number in range(message.count):
            yield answer(response, message, number)
        if message.mode == "hold":
            await asyncio.Event().wait()

    async def chat(self: Any, messages: Any, context: Any = None) -> AsyncIterator[Any]:
        number = 0
        async for message in messages:
            yield answer(response, message, number)
            number += 1
            await act_on(message)

    return {"one": one, "up": up, "down": down, "chat": chat}


def synchronous(response: Any, served: Served) -> dict[str, Any]:
    def act_on(request: Any) -> None:
        if request.mode == "wait":
            time.sleep(request.count / 1000)
        elif request.mode == "hold":
            time.sleep(5)

    def one(self: Any, message: Any, context: Any = None) -> Any:
        act_on(message)
        return answer(response, message)

    def up(self: Any, messages: Any, context: Any = None) -> Any:
        crc = received = expected = 0
        for message in messages:
            received += 1
            expected = message.count
            crc = crc32(message.data, crc)
        note_end(served, received, expected)
        return response(id=received, crc=crc, count=received)

    def down(self: Any, message: Any, context: Any = None) -> Iterator[Any]:
        for number in range(message.count):
            yield answer(response, message, number)
        if message.mode == "hold":
            time.sleep(5)

    def chat(self: Any, messages: Any, context: Any = None) -> Iterator[Any]:
        for number, message in enumerate(messages):
            yield answer(response, message, number)
            act_on(message)

    return {"one": one, "up": up, "down": down, "chat": chat}
