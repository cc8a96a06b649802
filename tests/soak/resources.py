"""What a process holds: open files, threads, tasks, memory. Read before and after; nothing a call made may be left."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
from pathlib import Path


def memory() -> float:
    """The resident memory in MiB; 0 where /proc is not."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def open_files() -> int:
    try:
        return len(os.listdir("/proc/self/fd"))
    except OSError:
        return 0


def held() -> dict[str, float]:
    """Files, threads, tasks of the running loop, and MiB, after a collection."""
    gc.collect()
    try:
        tasks = len(asyncio.all_tasks())
    except RuntimeError:
        tasks = 0
    return {
        "files": open_files(),
        # An executor keeps its threads, which become more as long as it is busy.
        "threads": sum("ThreadPoolExecutor" not in it.name for it in threading.enumerate()),
        "tasks": tasks,
        "MiB": memory(),
    }
