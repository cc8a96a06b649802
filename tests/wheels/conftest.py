"""What the tests of the builds share."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest
from users import ROOT, RUNTIME, Machine, run, said


@pytest.fixture(scope="session")
def machine() -> Machine:
    work = Path(os.environ.get("ARISTAPROTO_WHEELS", ROOT / "target" / "wheels")).resolve()
    work.mkdir(parents=True, exist_ok=True)
    alone = work / "alone" / "aristaproto-runtime"
    shutil.rmtree(alone, ignore_errors=True)
    leave_out = shutil.ignore_patterns("_native.*.so", "_native.*.pyd", "fuzz", "__pycache__")
    shutil.copytree(RUNTIME, alone, ignore=leave_out)
    # The versions that the checkout is tested with, and no network.
    shutil.copy2(ROOT / "Cargo.lock", alone)
    return Machine(work, alone)


@pytest.fixture(scope="session")
def native(machine: Machine) -> Path:
    """A wheel with the codec, from the copy."""
    wheel, _ = machine.wheel(machine.alone, "native")
    return wheel


@pytest.fixture(scope="session")
def plain(machine: Machine) -> Path:
    """The wheel that suits every Python."""
    wheel, _ = machine.wheel(machine.alone, "plain", ARISTAPROTO_BUILD="python")
    return wheel


@pytest.fixture(scope="session")
def sdist(machine: Machine) -> Path:
    """The source distribution of the checkout, in a folder where a front end finds it by name."""
    folder = machine.work / "index"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    hook = (
        "import sys; sys.path.insert(0, 'build_backend'); import backend; "
        f"backend.build_sdist({str(folder)!r})"
    )
    done = run(sys.executable, "-c", hook, CWD=str(RUNTIME))
    assert done.returncode == 0, said(done)
    (found,) = folder.iterdir()
    return found
