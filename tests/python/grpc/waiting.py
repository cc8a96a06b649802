"""Waiting for what happens on the other side of a call."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable


async def until(condition: Callable[[], bool]) -> None:
    """Waits for a condition that must come, if need be on a machine that is busy."""
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline, "not within five seconds"
        await asyncio.sleep(0.01)
