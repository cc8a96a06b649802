"""Waiting for what happens on the other side of a call."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Callable
from typing import Any


async def until(condition: Callable[[], bool]) -> None:
    """Waits for a condition that must come, if need be on a machine that is busy."""
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline, "not within five seconds"
        await asyncio.sleep(0.01)


async def close_server(server: Any) -> None:
    """Closes a server of grpclib and waits for its connections: one that a test leaves open is told in another test."""
    # grpcio keeps a connection as long as one of its calls is alive, and exceptions in reference
    # cycles keep calls.
    gc.collect()
    server.close()
    await asyncio.wait_for(server.wait_closed(), 5)
    # Before Python 3.12 that waits for the calls, but not for the connections.
    for _ in range(5000):
        if not getattr(server._server, "_active_count", 0):
            break
        await asyncio.sleep(0.001)
