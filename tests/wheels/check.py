"""Builds the runtime as users do and looks at what comes out: wheels with and without the codec in Rust, the source
distribution, and each of them installed in an environment of its own. Called by `cargo xtask test wheels`.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RUNTIME = ROOT / "aristaproto-runtime"
TELL = "import aristaproto; print(aristaproto.implementation(), aristaproto.__file__)"
FALLBACK = "aristaproto: installing without the codec in Rust, because "


def run(*command: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def said(done: subprocess.CompletedProcess[str]) -> str:
    return done.stdout + done.stderr


def build(source: Path, out: Path, **environment: str) -> tuple[Path, str]:
    """The wheel of `source` and what pip printed."""
    if out.exists():
        shutil.rmtree(out)
    # The builders are installed: no network, and PATH can be what the case wants.
    wheel = (sys.executable, "-m", "pip", "-v", "wheel", "--no-deps", "--no-build-isolation")
    done = run(*wheel, "--wheel-dir", out, source, **environment)
    assert done.returncode == 0, said(done)
    (found,) = out.iterdir()
    return found, said(done)


def metadata(wheel: Path) -> set[str]:
    """What a wheel says of the package, without the versions of the formats."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("/METADATA"))
        lines = archive.read(name).decode().splitlines()
    kept = ("Name:", "Version:", "Summary:", "License-Expression:", "Requires-Python:", "Provides-")
    return {line for line in lines if line.startswith(kept)}


def modules(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if name.startswith("aristaproto/")}


def installed(wheel: Path, folder: Path) -> str:
    """What the package says of itself, installed from a wheel into a new environment."""
    made = run(sys.executable, "-m", "venv", "--clear", folder)
    assert made.returncode == 0, said(made)
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    done = run(python, "-m", "pip", "install", "--no-index", wheel)
    assert done.returncode == 0, said(done)
    told = run(python, "-I", "-c", TELL)
    assert told.returncode == 0, said(told)
    word, _, file = told.stdout.strip().partition(" ")
    assert Path(file).is_relative_to(folder), file
    forced = run(python, "-c", TELL, ARISTAPROTO_IMPLEMENTATION="native")
    assert (forced.returncode == 0) == (word == "native"), said(forced)
    return word


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--work", type=Path, required=True)
    work: Path = parser.parse_args().work.resolve()
    # Without cargo: only the programs of this environment.
    bare = str(Path(sys.executable).parent)

    native, text = build(RUNTIME, work / "native", ARISTAPROTO_BUILD="")
    assert FALLBACK not in text, text
    plain, text = build(RUNTIME, work / "plain", ARISTAPROTO_BUILD="python")
    assert FALLBACK not in text, text
    fallback, text = build(RUNTIME, work / "fallback", ARISTAPROTO_BUILD="", PATH=bare)
    lines = [line for line in text.splitlines() if FALLBACK in line]
    assert len(lines) == 1, text
    assert "cargo is not on PATH" in lines[0], lines

    extension = {name for name in modules(native) if name.startswith("aristaproto/_native.")}
    assert len(extension) == 2, extension
    assert modules(native) - extension == modules(plain) == modules(fallback)
    assert metadata(native) == metadata(plain) == metadata(fallback)
    assert "py3-none-any" in plain.name
    assert "none-any" not in native.name

    done = run(
        *(sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", RUNTIME),
        ARISTAPROTO_BUILD="native",
        PATH=bare,
    )
    assert done.returncode != 0
    assert "the codec in Rust cannot be built: cargo is not on PATH" in said(done), said(done)

    sources = work / "sdist"
    if sources.exists():
        shutil.rmtree(sources)
    hook = f"import sys; sys.path.insert(0, 'build_backend'); import backend; backend.build_sdist({str(sources)!r})"
    sources.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", hook], cwd=RUNTIME, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, said(done)
    (sdist,) = sources.iterdir()
    # cargo's folder is named, so that a second run has less to do.
    again, _ = build(
        sdist,
        work / "from-sdist",
        ARISTAPROTO_BUILD="native",
        CARGO_TARGET_DIR=str(work / "target"),
    )
    assert modules(again) == modules(native)

    assert installed(native, work / "venv-native") == "native"
    assert installed(plain, work / "venv-plain") == "python"
    assert installed(again, work / "venv-sdist") == "native"
    print(
        "wheels with and without the codec in Rust, and the source distribution, install and import"
    )


if __name__ == "__main__":
    main()
