"""Little address space, and memory that is all but used up: an operation succeeds or raises MemoryError, and nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("grpc", reason="the generated modules need grpcio")

PROGRAM = Path(__file__).parent / "memory_program.py"


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc, and limits the address space")
@pytest.mark.skipif("ASAN_OPTIONS" in os.environ, reason="AddressSanitizer takes terabytes of it")
def test_each_operation_succeeds_or_raises_memory_error() -> None:
    ran = subprocess.run(
        [sys.executable, PROGRAM, "14"], capture_output=True, text=True, timeout=300, check=False
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    found = json.loads(ran.stdout)
    assert found["wrong"] == []
    # Most tries do run out of memory, so that what is tested is the way out.
    assert found["MemoryError"] > found["tries"] / 2
    assert found["CPython's own"] < found["tries"] / 10
