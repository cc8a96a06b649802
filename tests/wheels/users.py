"""Builds the runtime as users do. `cargo xtask test wheels` runs these tests; `ARISTAPROTO_WHEELS` names the folder that
keeps what cargo compiles and the builders' wheels from run to run.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RUNTIME = ROOT / "aristaproto-runtime"
PROGRAMS = Path(sys.executable).parent
TELL = "import aristaproto; print(aristaproto.implementation(), aristaproto.__file__)"
OLDEST_RUST = next(
    line.split('"')[1]
    for line in (RUNTIME / "Cargo.toml").read_text(encoding="utf-8").splitlines()
    if line.startswith("rust-version")
)
WAYS_OUT = (
    f"have cargo and rustc {OLDEST_RUST} or newer on PATH",
    "set ARISTAPROTO_BUILD=python",
)


def run(*command: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """A command that must neither find the checkout's package nor settings of this process."""
    # As users have it: what cargo and the suite set is not handed on.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ARISTAPROTO")}
    return subprocess.run(
        [str(part) for part in command],
        cwd=environment.pop("CWD", ROOT),
        env={**kept, "PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )


def said(done: subprocess.CompletedProcess[str]) -> str:
    return done.stdout + done.stderr


@dataclass(frozen=True)
class Machine:
    """Folders that all tests share."""

    work: Path
    alone: Path
    """A copy of the runtime's folder and of nothing above it."""

    @property
    def cargo(self) -> dict[str, str]:
        """Where cargo compiles, so that the second build has less to do, and without optimisation: nothing is timed."""
        target = str(self.work / "target")
        return {"CARGO_TARGET_DIR": target, "CARGO_PROFILE_RELEASE_OPT_LEVEL": "0"}

    def wheel(self, source: Path, out: str, **environment: str) -> tuple[Path, str]:
        """The wheel of `source` and what pip printed. No network: the builders are installed."""
        folder = self.work / out
        shutil.rmtree(folder, ignore_errors=True)
        done = self.pip_wheel(source, folder, **environment)
        assert done.returncode == 0, said(done)
        (found,) = folder.iterdir()
        return found, said(done)

    def pip_wheel(
        self, source: Path, folder: Path, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        return run(
            *(sys.executable, "-m", "pip", "-v", "wheel", "--no-deps", "--no-build-isolation"),
            *("--no-index", "--no-cache-dir", "--wheel-dir", folder, source),
            **{**self.cargo, "CARGO_NET_OFFLINE": "true", **environment},
        )

    def environment(self, name: str) -> Path:
        """The interpreter of a new virtual environment."""
        folder = self.work / name
        done = run(sys.executable, "-m", "venv", "--clear", folder)
        assert done.returncode == 0, said(done)
        return folder / PROGRAMS.name / "python"


def told(python: Path, **environment: str) -> tuple[str, str]:
    """Which codec an environment runs, and what it says on standard error. The package must be its own."""
    done = run(python, "-I", "-c", TELL, **environment)
    assert done.returncode == 0, said(done)
    word, _, file = done.stdout.strip().partition(" ")
    assert Path(file).is_relative_to(python.parents[1]), file
    return word, done.stderr


def names(wheel: Path) -> set[str]:
    """The files of the package in a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if name.startswith("aristaproto/")}
