"""Memory of parsed messages: a library goes in, the bytes that its process grows by come out.

Each measurement is a process of its own, because no allocator gives back all of what a former one took; `__main__` starts
it again with the hidden verb `memory-of`, which ends up in `grow`.
"""

from __future__ import annotations

import gc
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from .codec import Case, reference
from .data import Shape
from .dialects import Dialect, Google, LeftOut
from .measure import Effort, Row, interleave

MESSAGES = 100_000
STATUS = Path("/proc/self/statm")


def grow(dialect: Dialect, shape: Shape, google: Google) -> int:
    """Bytes by which this process grows when it parses and keeps `MESSAGES` messages."""
    wire, _ = reference(google, shape)
    parse = Case(dialect, shape, google).parse
    parse(wire)
    gc.collect()
    before = _resident()
    kept = [parse(wire) for _ in range(MESSAGES)]
    after = _resident()
    assert len(kept) == MESSAGES
    return after - before


def _resident() -> int:
    import resource

    return int(STATUS.read_text().split()[1]) * resource.getpagesize()


def row(dialects: Sequence[Dialect], shape: Shape, work: Path, effort: Effort) -> Row:
    """Measure all libraries in turn. `LeftOut` where the system does not tell the memory of a process."""
    if not STATUS.exists():
        raise LeftOut(f"memory: this system has no {STATUS}")

    def once(name: str) -> float:
        command = [sys.executable, "-m", __package__ or "tests.bench", "memory-of"]
        command += ["--work", str(work), "--implementations", name, "--shapes", shape.name]
        return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    empty = Row("codec", shape.name, "memory", unit="B")
    return interleave(empty, {dialect.name: once for dialect in dialects}, effort)
