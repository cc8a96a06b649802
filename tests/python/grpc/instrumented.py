"""A program whose gRPC is patched as a whole, the way the packages' manuals say: `python instrumented.py otel` or `sentry`.

Makes calls of all kinds to a server of threads and to one of asyncio, and prints the methods that the package has seen.
"""

from __future__ import annotations

import asyncio
import importlib
import sys
from collections.abc import Callable
from typing import Any

from aristaproto.testing import connect
from trees.grpcio import example as aio
from trees.no_default import example as threads

from tests.python.grpc.test_packages import KINDS, Aio, Threads, argument, tracing


def opentelemetry() -> Callable[[], set[str]]:
    instrumentation: Any = importlib.import_module("opentelemetry.instrumentation.grpc")
    provider, spans = tracing()
    for side in ("Server", "Client"):
        for kind in ("", "Aio"):
            getattr(instrumentation, f"Grpc{kind}Instrumentor{side}")().instrument(
                tracer_provider=provider
            )
    return lambda: {
        f"{it.kind.name} {it.name.rpartition('/')[2]}" for it in spans.get_finished_spans()
    }


def sentry() -> Callable[[], set[str]]:
    sdk: Any = importlib.import_module("sentry_sdk")
    integration: Any = importlib.import_module("sentry_sdk.integrations.grpc")
    seen: set[str] = set()

    class Transport(sdk.transport.Transport):  # type: ignore[misc, name-defined, unused-ignore]
        def capture_envelope(self, envelope: Any) -> None:
            for item in envelope.items:
                event = item.payload.json
                seen.add(f"SERVER {event['transaction'].rpartition('/')[2]}")

    sdk.init(
        dsn="http://key@127.0.0.1:9/1",
        transport=Transport,
        traces_sample_rate=1.0,
        default_integrations=False,
        auto_enabling_integrations=False,
        integrations=[integration.GRPCIntegration()],
    )
    return lambda: seen


def in_threads() -> None:
    with connect(Threads(), threads.MyServiceSyncStub, timeout=10) as stub:
        for kind in KINDS:
            answer: Any = getattr(stub, kind)(argument(threads, kind, "a"))
            names = (
                [it.name for it in answer] if kind in ("versions", "chat") else list(answer.names)
            )
            assert names == ["a"], kind


async def on_a_loop() -> None:
    async with connect(Aio(), aio.MyServiceAsyncStub, timeout=10) as stub:
        for kind in KINDS:
            answer: Any = getattr(stub, kind)(argument(aio, kind, "a"))
            names = (
                [it.name async for it in answer]
                if kind in ("versions", "chat")
                else list((await answer).names)
            )
            assert names == ["a"], kind


if __name__ == "__main__":
    seen_by = {"otel": opentelemetry, "sentry": sentry}[sys.argv[1]]()
    in_threads()
    print(*sorted(seen_by()))
    asyncio.run(on_a_loop())
    print(*sorted(seen_by()))
