"""One client and one server of the soak: `python -m tests.soak.pair CLIENT SERVER SCALE`.

Starts the server, runs every check on a channel of its own, and prints a JSON line for each: its name, how many calls, how many
were wrong, what was seen, seconds. The scale is JSON: a number for each check.
"""

from __future__ import annotations

import asyncio
import gc
import json
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from typing import Any
from zlib import crc32

from tests.soak import parts, resources

UNLIMITED = {"grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1}
PATIENT = {
    "grpc.server.max_pending_requests": 1_000_000,
    "grpc.server.max_pending_requests_hard_limit": 1_000_000,
}
"""A server of grpc with 1,000 requests that wait refuses others with CANCELLED; a client that cancels at once makes as many."""
LARGE = 64 * 2**20
PATIENCE = 60.0
"""Seconds after which a call counts as hanging."""


class Server:
    """A server process, and what it says."""

    def __init__(self, name: str, port: int = 0, **options: int) -> None:
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-X",
                "dev",
                "-W",
                "error",
                "-m",
                "tests.soak.server",
                name,
                str(port),
                json.dumps(options),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.port = int(self._answer())

    def _answer(self) -> Any:
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())

    def say(self, line: str) -> None:
        assert self.process.stdin is not None
        print(line, file=self.process.stdin, flush=True)

    def held(self) -> dict[str, float]:
        self.say("held")
        answer: dict[str, float] = self._answer()
        return answer

    def kill(self) -> None:
        self.process.kill()
        self._wait()

    def stop(self, grace: float = 0) -> None:
        if self.process.poll() is None:
            self.say(f"stop {grace}")
        self._wait()

    def _wait(self) -> None:
        for stream in (self.process.stdin, self.process.stdout):
            assert stream is not None
        self.process.wait(60)
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.stdout.close()


def status(error: BaseException) -> str:
    """The name of the status of a failed call, or the class of an error that has none."""
    code = getattr(error, "code", None)
    if callable(code):
        return str(getattr(code(), "name", code()))
    named = getattr(getattr(error, "status", None), "name", None)
    if named is None and isinstance(error, (TimeoutError, asyncio.TimeoutError)):
        return "DEADLINE_EXCEEDED"
    return str(named or type(error).__name__)


class Pair:
    """A client of one kind on a channel; its calls as awaitables, those of synchronous stubs in threads."""

    def __init__(self, name: str, port: int, threads: ThreadPoolExecutor) -> None:
        self.name = name
        self.port = port
        self.messages = parts.messages(name)
        self.threads = threads

    @asynccontextmanager
    async def connected(self, **options: int) -> AsyncGenerator[Pair, None]:
        import grpc
        import grpc.aio

        target, pairs = f"127.0.0.1:{self.port}", [*options.items()]
        if self.name == "ours grpclib":
            import grpclib.client

            async with grpclib.client.Channel("127.0.0.1", self.port) as channel:
                self.stub = parts.stub(self.name, channel)
                yield self
        elif parts.is_async(self.name):
            async with grpc.aio.insecure_channel(target, options=pairs) as aio_channel:
                self.stub = parts.stub(self.name, aio_channel)
                yield self
        else:
            with grpc.insecure_channel(target, options=pairs) as sync_channel:
                self.stub = parts.stub(self.name, sync_channel)
                yield self

    def request(self, number: int, size: int = 64, **fields: Any) -> Any:
        data = number.to_bytes(8, "big") * (size // 8)
        return self.messages.request(id=number, crc=crc32(data), data=data, **fields)

    async def call(self, kind: str, requests: list[Any], **options: Any) -> list[Any]:
        """All responses of a call."""
        if not parts.is_async(self.name):
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(
                self.threads, lambda: self._call_in_thread(kind, requests, options)
            )
        method = getattr(self.stub, kind)
        if kind == "one":
            return [await method(requests[0], **options)]
        if kind == "up":
            return [await method(aiterate(requests), **options)]
        argument = requests[0] if kind == "down" else aiterate(requests)
        return [response async for response in method(argument, **options)]

    def _call_in_thread(self, kind: str, requests: list[Any], options: Any) -> list[Any]:
        method = getattr(self.stub, kind)
        if kind == "one":
            return [method(requests[0], **options)]
        if kind == "up":
            return [method(iter(requests), **options)]
        argument = requests[0] if kind == "down" else iter(requests)
        return list(method(argument, **options))


async def aiterate(requests: list[Any]) -> AsyncIterator[Any]:
    for request in requests:
        yield request


Outcome = Counter[str]
"""How often calls came to each end; `right` is what was wanted."""


async def many(count: int, at_once: int, call: Callable[[int], Awaitable[str]]) -> Outcome:
    """Runs the calls `0 … count`, so many at once; each says how it ended."""
    outcome: Outcome = Counter()
    numbers = iter(range(count))

    async def worker() -> None:
        for number in numbers:
            try:
                outcome[await asyncio.wait_for(call(number), PATIENCE)] += 1
            except asyncio.TimeoutError:
                outcome["hangs"] += 1
            except Exception as error:  # noqa: BLE001 - counted by its kind
                outcome[status(error)] += 1

    await asyncio.gather(*(worker() for _ in range(min(at_once, count))))
    return outcome


def echoes(responses: list[Any], requests: list[Any]) -> str:
    """Whether each response belongs to its request."""
    if len(responses) != len(requests):
        return f"{len(responses)} responses of {len(requests)}"
    for response, request in zip(responses, requests, strict=True):
        if (response.id, response.crc, response.data) != (request.id, request.crc, request.data):
            return "a wrong response"
    return "right"


async def load(pair: Pair, kind: str, calls: int, at_once: int) -> Outcome:
    """Calls of one kind, so many at once; numbers and checksums of all messages are looked at."""

    async def call(number: int) -> str:
        first = number * 4
        if kind == "down":
            request = pair.request(first, count=4)
            return echoes(await pair.call("down", [request]), [request] * 4)
        requests = [pair.request(first + n, count=4) for n in range(1 if kind == "one" else 4)]
        responses = await pair.call(kind, requests)
        if kind != "up":
            return echoes(responses, requests)
        crc = 0
        for request in requests:
            crc = crc32(request.data, crc)
        return "right" if (responses[0].id, responses[0].crc) == (4, crc) else "a wrong response"

    return await many(calls, at_once, call)


async def chats(pair: Pair, count: int, length: int) -> Outcome:
    async def call(number: int) -> str:
        requests = [pair.request(number * length + n) for n in range(length)]
        return echoes(await pair.call("chat", requests), requests)

    return await many(count, 50, call)


async def large(pair: Pair) -> Outcome:
    async def call(_: int) -> str:
        request = pair.request(1, LARGE)
        return echoes(await pair.call("one", [request]), [request])

    return await many(1, 1, call)


async def cancellations(pair: Pair, count: int, seed: int) -> Outcome:
    """Calls of all kinds, each cancelled after a random time."""
    chance = random.Random(seed)

    async def call(number: int) -> str:
        kind = ("one", "up", "down", "chat")[number % 4]
        mode = "hold" if number % 3 else ""
        requests = [pair.request(number, count=3, mode=mode)]
        task = asyncio.ensure_future(pair.call(kind, requests))
        await asyncio.sleep(chance.random() * 0.01)
        task.cancel()
        await asyncio.wait([task])
        if task.cancelled() or task.exception() is None:
            return "right"
        return status(task.exception() or Exception())

    return await many(count, 50, call)


async def cut_off(pair: Pair, count: int) -> Outcome:
    """Uploads that are cancelled or time out with requests still to come, and whole ones."""
    ends: Outcome = Counter()

    async def producer(number: int, whole: bool) -> AsyncIterator[Any]:
        for n in range(5 if whole else 3):
            yield pair.request(number + n, count=5)
        if not whole:
            await asyncio.Event().wait()

    async def call(number: int) -> str:
        how = ("whole", "cancelled", "timed out")[number % 3]
        options = {"timeout": 0.05} if how == "timed out" else {}
        method = pair.stub.up(producer(number, how == "whole"), **options)

        async def upload() -> Any:
            return await method

        task = asyncio.ensure_future(upload())
        if how == "cancelled":
            await asyncio.sleep(0.02)
            task.cancel()
        await asyncio.wait([task])
        if how == "cancelled":
            return "right" if task.cancelled() else "not cancelled"
        if how == "whole":
            return "right" if task.exception() is None else status(task.exception() or Exception())
        end = status(task.exception() or Exception())
        ends[end] += 1
        return "right" if end == "DEADLINE_EXCEEDED" else end

    return await many(count, 30, call)


async def killed(pair: Pair, server: str, streams: int) -> Outcome:
    """SIGKILL with streams open, then calls to a server that was started again on the port."""
    started = await asyncio.to_thread(Server, server)
    pair.port = started.port
    outcome: Outcome = Counter()
    async with pair.connected():
        await pair.call("one", [pair.request(1)])
        requests = [pair.request(1, count=2, mode="hold")]
        running = [
            asyncio.ensure_future(
                pair.call(kind, requests, timeout=PATIENCE)
                if kind == "down"
                else pair.call(kind, requests)
            )
            for kind in ("down", "chat")
            for _ in range(streams // 2)
        ]
        await asyncio.sleep(0.5)
        await asyncio.to_thread(started.kill)
        done, hanging = await asyncio.wait(running, timeout=15)
        for task in done:
            end = status(task.exception() or Exception("no error"))
            outcome["right" if end == "UNAVAILABLE" else end] += 1
        outcome["hangs"] += len(hanging)
        again = await asyncio.to_thread(Server, server, pair.port)
        for number in range(20):
            end = await back(pair, number)
            outcome["right" if end == "right" else f"after the restart: {end}"] += 1
        await asyncio.to_thread(again.stop)
    outcome += Counter()
    return outcome


async def back(pair: Pair, number: int) -> str:
    """How a call to a server that was down ends within ten seconds of trying, as a caller that retries sees it."""
    end = ""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        try:
            request = pair.request(number)
            return echoes(await pair.call("one", [request]), [request])
        except Exception as error:  # noqa: BLE001 - tried again
            end = status(error)
            await asyncio.sleep(0.1)
    return end


async def aged(pair: Pair, server: str, count: int) -> Outcome:
    """Calls to a server that ends each connection after 0.2 seconds."""
    started = await asyncio.to_thread(
        Server,
        server,
        **{"grpc.max_connection_age_ms": 200, "grpc.max_connection_age_grace_ms": 5000},
    )
    pair.port = started.port
    async with pair.connected():

        async def call(number: int) -> str:
            request = pair.request(number, mode="wait", count=5)
            return echoes(await pair.call("one", [request]), [request])

        outcome = await many(count, 10, call)
    await asyncio.to_thread(started.stop)
    return outcome


async def stopped(pair: Pair, server: str, calls: int) -> Outcome:
    """A graceful stop with calls in flight, which end as if nothing were."""
    started = await asyncio.to_thread(Server, server)
    pair.port = started.port
    async with pair.connected():
        await pair.call("one", [pair.request(1)])

        async def call(number: int) -> str:
            request = pair.request(number, mode="wait", count=1000)
            return echoes(await pair.call("one", [request]), [request])

        running = asyncio.ensure_future(many(calls, calls, call))
        await asyncio.sleep(0.5)
        stop = asyncio.ensure_future(asyncio.to_thread(started.stop, 30))
        outcome = await running
        await stop
        try:
            await asyncio.wait_for(pair.call("one", [pair.request(1)]), 10)
            outcome["answered after the stop"] += 1
        except asyncio.TimeoutError:
            outcome["hangs after the stop"] += 1
        except Exception as error:  # noqa: BLE001 - looked at
            refused = status(error) == "UNAVAILABLE" or isinstance(error, OSError)
            outcome["right" if refused else f"after the stop: {status(error)}"] += 1
    return outcome


async def memory(pair: Pair, uploads: int) -> float:
    """MiB that uploads of 8 MiB each, one after another, have left, with the collector off."""
    await pair.call("up", [pair.request(1, 2 * 2**20) for _ in range(4)])
    gc.collect()
    gc.disable()
    before = resources.memory()
    for _ in range(uploads):
        await pair.call("up", [pair.request(1, 2 * 2**20) for _ in range(4)])
    left = resources.memory() - before
    gc.enable()
    return left


@contextmanager
def pool() -> Generator[ThreadPoolExecutor, None, None]:
    with ThreadPoolExecutor(200) as threads:
        yield threads


class Report:
    def __init__(self, client: str, server: str) -> None:
        self.about = {"client": client, "server": server}

    def say(self, check: str, outcome: Outcome, seconds: float) -> None:
        calls = sum(outcome.values())
        print(
            json.dumps(
                {
                    **self.about,
                    "check": check,
                    "calls": calls,
                    "wrong": calls - outcome["right"],
                    "seen": {
                        end: number for end, number in outcome.items() if end != "right" and number
                    },
                    "seconds": round(seconds, 1),
                }
            ),
            flush=True,
        )


async def settled(
    held: Callable[[], dict[str, float]], before: dict[str, float]
) -> dict[str, float]:
    """What a process holds once it holds no more than before, or after ten seconds."""
    now = held()
    for _ in range(100):
        if all(now[name] <= before[name] for name in ("files", "threads", "tasks")):
            break
        await asyncio.sleep(0.1)
        now = held()
    return now


async def run(client: str, server: str, scale: dict[str, int]) -> None:
    report = Report(client, server)
    with pool() as threads:
        main = await asyncio.to_thread(Server, server, **UNLIMITED, **PATIENT)
        pair = Pair(client, main.port, threads)
        async with pair.connected(**UNLIMITED):
            await pair.call("one", [pair.request(1)])
            await load(pair, "one", 100, 10)

        async def checked(check: str, body: Awaitable[Outcome]) -> None:
            started = time.monotonic()
            outcome = await body
            report.say(check, outcome, time.monotonic() - started)

        before, server_before = resources.held(), main.held()
        for kind in ("one", "up", "down", "chat"):
            async with pair.connected(**UNLIMITED):
                await checked(f"load: {kind}", load(pair, kind, scale["calls"], scale["at once"]))
        async with pair.connected(**UNLIMITED):
            await checked("chats", chats(pair, scale["chats"], scale["chat length"]))
        if parts.is_async(client):
            async with pair.connected(**UNLIMITED):
                await checked("cancellations", cancellations(pair, scale["cancellations"], seed=7))
                await checked("after cancellations", load(pair, "one", 100, 10))
        if parts.is_async(client):
            async with pair.connected(**UNLIMITED):
                counted = main.held()
                await checked("uploads cut off", cut_off(pair, scale["uploads"]))
                await asyncio.sleep(0.5)
                now = main.held()
                taken = int(now["cut off"] - counted["cut off"])
                ended = int(now["ended"] - counted["ended"])
                outcome = Counter({"right": ended - taken, "taken for whole": taken})
                report.say("cut-off uploads at the server", outcome, 0)
        server_after = await settled(main.held, server_before)
        after = await settled(resources.held, before)
        left: Outcome = Counter()
        for name in ("files", "threads", "tasks"):
            for side, was, now in (
                ("client", before, after),
                ("server", server_before, server_after),
            ):
                # A connection may be about to close, and a thread about to end.
                grown = now[name] - was[name]
                left["right" if grown <= 2 else f"{side}: {grown:.0f} more {name}"] += 1
        report.say("nothing left behind", left, 0)
        async with pair.connected(**UNLIMITED):
            mebibytes = await memory(pair, scale["large uploads"])
            limit = scale["large uploads"] * 8 // 4
            end = "right" if mebibytes < max(limit, 24) else f"{mebibytes:.0f} MiB"
            report.say("memory of finished uploads", Counter({end: 1}), 0)
        async with pair.connected(**UNLIMITED):
            await checked("64 MiB", large(pair))
        limited = await asyncio.to_thread(Server, server)
        pair.port = limited.port
        async with pair.connected():
            started = time.monotonic()
            outcome = await large(pair)
            # grpclib has no limit on either side.
            clear = outcome["RESOURCE_EXHAUSTED"] or (
                "grpclib" in server and "grpclib" in client and outcome["right"]
            )
            report.say(
                "64 MiB without a raised limit",
                Counter({"right": 1}) if clear else outcome,
                time.monotonic() - started,
            )
        await asyncio.to_thread(limited.stop)
        await checked("server killed", killed(pair, server, scale["streams"]))
        await checked("graceful stop", stopped(pair, server, scale["streams"]))
        if server != "ours grpclib":
            await checked("max_connection_age", aged(pair, server, scale["aged"]))
        await asyncio.to_thread(main.stop)
    for thread in threading.enumerate():
        if thread is not threading.main_thread() and not thread.daemon and thread.is_alive():
            thread.join(10)


def main() -> None:
    asyncio.run(run(sys.argv[1], sys.argv[2], json.loads(sys.argv[3])), debug=False)


if __name__ == "__main__":
    main()
