"""Calls: one message through grpcio with google's classes, and through aristaproto's stubs and bases. Out: rows.

The operation `echo` sends back what came in; with `use` the server reads every field of the request and constructs its
answer, of which the client reads every field.

One process has client and server. The servers are of grpc.aio, in a thread of their own for the synchronous stubs (`sync`) and in
the client's event loop for the asynchronous ones (`aio`), and of `grpc.server()`, for the synchronous stubs (`threads`). Called by
`__main__`.
"""

from __future__ import annotations

import asyncio
import importlib
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from time import perf_counter
from typing import Any

from .measure import Effort, Row, interleave

OPERATIONS = ("echo", "use")
STREAMED = 100
"""Messages of one streaming call; its time is that of one message."""
OPTIONS = (("grpc.so_reuseport", 0),)


class Side:
    """One library's message, servicer and stubs. `read` and `build` are those of the bench for a Medium."""

    def __init__(
        self,
        name: str,
        operation: str,
        wire: bytes,
        tree: str,
        read: Callable[[Any], None],
        build: Callable[[], Any],
    ) -> None:
        grpc: Any = importlib.import_module("grpc")
        importlib.import_module("grpc.aio")

        self.name = name
        self.read: Callable[[Any], None] | None = read if operation == "use" else None
        self._grpc = grpc

        def answered(request: Any) -> Any:
            if operation == "echo":
                return request
            read(request)
            return build()

        if name == "google":
            messages: Any = importlib.import_module("shapes_pb2")
            services: Any = importlib.import_module("shapes_pb2_grpc")
            self.message = messages.Medium.FromString(wire)

            class GoogleEcho(services.EchoServicer):  # type: ignore[misc]
                async def Unary(self, request: Any, context: Any) -> Any:
                    return answered(request)

                async def Stream(self, requests: Any, context: Any) -> AsyncIterator[Any]:
                    async for request in requests:
                        yield answered(request)

            class GoogleEchoInThreads(services.EchoServicer):  # type: ignore[misc]
                def Unary(self, request: Any, context: Any) -> Any:
                    return answered(request)

                def Stream(self, requests: Any, context: Any) -> Iterator[Any]:
                    for request in requests:
                        yield answered(request)

            add: Any = services.add_EchoServicer_to_server
            self._add: Callable[[Any], None] = lambda server: add(GoogleEcho(), server)
            self._add_in_threads: Callable[[Any], None] = lambda server: add(
                GoogleEchoInThreads(), server
            )
            self._stub: Any = services.EchoStub
            self._aio_stub: Any = services.EchoStub
            self.unary, self.stream = "Unary", "Stream"
        else:
            generated: Any = importlib.import_module(f"{tree}.shapes")
            self.message = generated.Medium.parse(wire)

            class AristaprotoEcho(generated.EchoBase):  # type: ignore[misc]
                async def unary(self, message: Any) -> Any:
                    return answered(message)

                async def stream(self, messages: Any) -> AsyncIterator[Any]:
                    async for message in messages:
                        yield answered(message)

            class AristaprotoEchoInThreads(generated.EchoSyncBase):  # type: ignore[misc]
                def unary(self, message: Any) -> Any:
                    return answered(message)

                def stream(self, messages: Any) -> Iterator[Any]:
                    for message in messages:
                        yield answered(message)

            ours: Any = importlib.import_module("aristaproto.grpcio")
            self._add = lambda server: ours.add_to_server(AristaprotoEcho(), server)
            self._add_in_threads = lambda server: ours.add_to_server(
                AristaprotoEchoInThreads(), server
            )
            self._stub = generated.EchoStub
            self._aio_stub = generated.EchoAsyncStub
            self.unary, self.stream = "unary", "stream"

    async def start(self) -> tuple[Any, str]:
        """A server on a port of its own, and its address."""
        server = self._grpc.aio.server(options=OPTIONS)
        self._add(server)
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        return server, f"127.0.0.1:{port}"

    @contextmanager
    def threads(self) -> Generator[str, None, None]:
        """A server of threads on a port of its own; gives its address."""
        server = self._grpc.server(ThreadPoolExecutor(4), options=OPTIONS)
        self._add_in_threads(server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        yield f"127.0.0.1:{port}"
        server.stop(None).wait()

    @contextmanager
    def stub(self, address: str) -> Generator[Any, None, None]:
        """A synchronous stub."""
        with self._grpc.insecure_channel(address) as channel:
            yield self._stub(channel)

    def aio(self, address: str) -> tuple[Any, Any]:
        """A channel of grpc.aio and its stub."""
        channel = self._grpc.aio.insecure_channel(address)
        return channel, self._aio_stub(channel)


def rows(
    wire: bytes,
    tree: str,
    uses: Mapping[str, tuple[Callable[[Any], None], Callable[[], Any]]],
    effort: Effort,
) -> Iterator[Row]:
    """Time unary and streaming calls through synchronous and asynchronous stubs. `wire`: a Medium; `uses`: for each library,
    google first, what reads every field of one and what constructs it.
    """
    for operation in OPERATIONS:
        sides = [Side(name, operation, wire, tree, *use) for name, use in uses.items()]
        yield from _synchronous(operation, sides, effort)
        yield from _threads(operation, sides, effort)
        yield from asyncio.run(_asynchronous(operation, sides, effort))


def _check(answers: list[Any], message: Any, count: int) -> None:
    if answers != [message] * count:
        raise SystemExit(
            f"the echo of {type(message).__module__} gave {len(answers)} messages back"
        )


def _taken(side: Side, answers: list[Any]) -> list[Any]:
    if side.read is not None:
        for answer in answers:
            side.read(answer)
    return answers


def _unary(side: Side, call: Any) -> Callable[[int], list[Any]]:
    return lambda count: _taken(side, [call(side.message) for _ in range(count)])


def _stream(side: Side, call: Any) -> Callable[[int], list[Any]]:
    return lambda count: _taken(side, list(call(iter([side.message] * count))))


def _synchronous(operation: str, sides: list[Side], effort: Effort) -> Iterator[Row]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def wait(awaitable: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(awaitable, loop).result()

    started = {side.name: wait(side.start()) for side in sides}
    yield from _calls(
        "sync", operation, sides, {name: address for name, (_, address) in started.items()}, effort
    )
    for server, _ in started.values():
        wait(server.stop(None))
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def _threads(operation: str, sides: list[Side], effort: Effort) -> Iterator[Row]:
    with ExitStack() as servers:
        addresses = {side.name: servers.enter_context(side.threads()) for side in sides}
        yield from _calls("threads", operation, sides, addresses, effort)


def _calls(
    shape: str, operation: str, sides: list[Side], addresses: Mapping[str, str], effort: Effort
) -> Iterator[Row]:
    """Times the synchronous stubs with servers that have started."""
    calls: dict[str, dict[str, Callable[[int], list[Any]]]] = {"unary": {}, "stream": {}}
    channels: list[Any] = []
    for side in sides:
        manager = side.stub(addresses[side.name])
        stub = manager.__enter__()
        channels.append(manager)

        calls["unary"][side.name] = _unary(side, getattr(stub, side.unary))
        calls["stream"][side.name] = _stream(side, getattr(stub, side.stream))
    for kind, by_side in calls.items():
        for side in sides:
            _check(by_side[side.name](STREAMED), side.message, STREAMED)

        def once(name: str, by_side: dict[str, Callable[[int], list[Any]]] = by_side) -> float:
            began = perf_counter()
            calls_made = 0
            while calls_made == 0 or perf_counter() - began < effort.seconds:
                by_side[name](STREAMED)
                calls_made += 1
            return (perf_counter() - began) / (calls_made * STREAMED)

        row = Row("rpc", f"{shape} {kind}", operation)
        yield interleave(row, {side.name: once for side in sides}, effort)
    for manager in channels:
        manager.__exit__(None, None, None)


async def _asynchronous(operation: str, sides: list[Side], effort: Effort) -> list[Row]:
    servers: list[Any] = []
    channels: list[Any] = []
    stubs: dict[str, Any] = {}
    for side in sides:
        server, address = await side.start()
        channel, stubs[side.name] = side.aio(address)
        servers.append(server)
        channels.append(channel)

    def unary(side: Side) -> Callable[[int], Awaitable[list[Any]]]:
        call = getattr(stubs[side.name], side.unary)

        async def run(count: int) -> list[Any]:
            return _taken(side, [await call(side.message) for _ in range(count)])

        return run

    def stream(side: Side) -> Callable[[int], Awaitable[list[Any]]]:
        call = getattr(stubs[side.name], side.stream)

        async def run(count: int) -> list[Any]:
            answers = call(iter([side.message] * count))
            return _taken(side, [answer async for answer in answers])

        return run

    rows: list[Row] = []
    for kind, make in (("unary", unary), ("stream", stream)):
        calls = {side.name: make(side) for side in sides}
        for side in sides:
            _check(await calls[side.name](STREAMED), side.message, STREAMED)
        rows.append(await _interleave(Row("rpc", f"aio {kind}", operation), calls, effort))
    for channel in channels:
        await channel.close()
    for server in servers:
        await server.stop(None)
    return rows


async def _interleave(
    row: Row, calls: dict[str, Callable[[int], Awaitable[list[Any]]]], effort: Effort
) -> Row:
    """As `measure.interleave`, inside an event loop."""
    import gc
    import random

    row.samples = {name: [] for name in calls}
    order = list(calls)
    rng = random.Random(0)
    for _ in range(effort.rounds):
        rng.shuffle(order)
        for name in order:
            gc.collect()
            began = perf_counter()
            made = 0
            while made == 0 or perf_counter() - began < effort.seconds:
                await calls[name](STREAMED)
                made += STREAMED
            row.samples[name].append((perf_counter() - began) / made)
    return row
