"""Builds the package: with the codec in Rust by maturin, or the plain one by hatchling.

pip and other front ends call the hooks of PEP 517 and PEP 660. A CPython that can load the codec gets it, or the build
fails with one text that says why and what the ways out are. Other Pythons get the plain package, and a line that says so.
The environment variable `ARISTAPROTO_BUILD` decides otherwise: `native` fails on those, too, `python` builds the plain
package everywhere.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

__all__ = (
    "build_editable",
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_editable",
    "get_requires_for_build_sdist",
    "get_requires_for_build_wheel",
    "plain_tag",
)

NEWEST = (3, 15)
"""The newest CPython that the codec is tested with, and for which its PyO3 builds."""

_MATURIN = "maturin>=1.9.4,<2"
_HATCHLING = "hatchling>=1.26"
_RUNTIME = Path(__file__).resolve().parents[1]

_HOOK = """\
import importlib, json, pathlib, sys
builder, hook, arguments, answer = json.loads(sys.argv[1])
made = getattr(importlib.import_module(builder), hook)(*arguments)
pathlib.Path(answer).write_text(made, encoding="utf-8")
"""
_ANSI = re.compile(r"\x1b\[[0-9;]*m")


class BuildError(SystemExit):
    """Ends the build. A front end shows the text without a traceback."""


def _asked() -> str:
    asked = os.environ.get("ARISTAPROTO_BUILD", "")
    if asked not in ("", "native", "python"):
        raise BuildError(f"ARISTAPROTO_BUILD is {asked!r}: expected native, python or nothing")
    return asked


def _unsuited() -> str | None:
    """Why this Python cannot have the codec in Rust, whatever is installed; None when it can."""
    if sys.implementation.name != "cpython":
        return f"it needs CPython, and this is {sys.implementation.name}"
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        return "it needs the global interpreter lock, and this is a free-threaded CPython"
    if sys.version_info[:2] > NEWEST:
        tested, this = (".".join(map(str, version)) for version in (NEWEST, sys.version_info[:2]))
        return (
            f"CPython {this} is newer than the newest one this release is tested with, {tested}; "
            "a newer release may have it"
        )
    return None


def _oldest_rust() -> str:
    manifest = (_RUNTIME / "Cargo.toml").read_text(encoding="utf-8")
    found = re.search(r'^rust-version = "([0-9.]+)"', manifest, re.MULTILINE)
    assert found is not None, "Cargo.toml names no rust-version"
    return found.group(1)


def _missing() -> str | None:
    """What the machine lacks to build the codec in Rust; None when the build can be tried."""
    oldest = _oldest_rust()
    for program in ("cargo", "rustc"):
        if shutil.which(program) is None:
            return f"{program} is not on PATH"
        done = subprocess.run(
            [program, "--version"], cwd=_RUNTIME, capture_output=True, text=True, check=False
        )
        found = re.match(rf"{program} (\d+)\.(\d+)", done.stdout)
        if done.returncode or found is None:
            return f"`{program} --version` failed: {(done.stderr or done.stdout).strip()}"
        if [int(part) for part in found.groups()] < [int(part) for part in oldest.split(".")[:2]]:
            return f"{done.stdout.strip()} is older than {oldest}"
    return None


def _failure(cause: str) -> BuildError:
    oldest = _oldest_rust()
    return BuildError(
        f"\naristaproto: the codec in Rust cannot be built: {cause}\n"
        "Ways out:\n"
        f"- have cargo and rustc {oldest} or newer on PATH (https://rustup.rs) and install again\n"
        "- take a wheel that was built before: `pip install --only-binary aristaproto …`\n"
        "- set ARISTAPROTO_BUILD=python for the plain codec: the same results, many times slower"
    )


def _suits_native() -> bool:
    """Whether the codec in Rust is to be built.

    Raises:
        BuildError: It is to be, but cannot.
    """
    asked = _asked()
    if asked == "python":
        return False
    unsuited = _unsuited()
    if unsuited is None:
        missing = _missing()
        if missing is not None:
            raise _failure(missing)
        return True
    if asked == "native":
        raise BuildError(
            f"\naristaproto: ARISTAPROTO_BUILD=native asks for the codec in Rust, but {unsuited}.\n"
            "Without that variable this Python gets the plain codec."
        )
    print(f"aristaproto: this Python gets the plain codec: {unsuited}.", file=sys.stderr)
    return False


def _build(hook: str, *arguments: Any) -> str:
    """Run a hook of the builder that suits; the name of the file that it made."""
    if _suits_native():
        return _maturin(hook, *arguments)
    made: str = getattr(importlib.import_module("hatchling.build"), hook)(*arguments)
    return made


def _maturin(hook: str, *arguments: Any) -> str:
    """Run a hook of maturin in a process of its own, whose errors go into the text of a failure."""
    # maturin starts its program by name; an environment that was not activated is not on PATH.
    programs = sysconfig.get_path("scripts")
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), programs])
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "name"
        task = json.dumps(["maturin", hook, arguments, str(answer)])
        with subprocess.Popen(
            [sys.executable, "-c", _HOOK, task],
            stderr=subprocess.PIPE,
            env={**os.environ, "PATH": path},
            text=True,
            encoding="utf-8",
            errors="replace",
        ) as child:
            assert child.stderr is not None
            said: list[str] = []
            for line in child.stderr:
                sys.stderr.write(line)
                said.append(_ANSI.sub("", line).rstrip())
        if child.returncode == 0:
            return answer.read_text(encoding="utf-8")
    raise _failure(_cause(said))


def _cause(said: list[str]) -> str:
    """The first error among the lines, with what explains it."""
    errors = [number for number, line in enumerate(said) if re.match(r"\s*error\b", line)]
    if not errors:
        shown = [line for line in said if line.strip()][-5:]
        return "\n  ".join(shown) or "maturin failed and said nothing"
    return "\n  ".join(line for line in said[errors[0] : errors[0] + 8] if line.strip())


def plain_tag() -> str:
    """The tag of a wheel without the codec in Rust.

    A wheel that was built because this Python cannot have the codec is for this Python alone: caches of pip and uv would
    else give it to one that can.
    """
    if _asked() == "python" or _unsuited() is None:
        return "py3-none-any"
    version = f"{sys.version_info[0]}{sys.version_info[1]}"
    if sys.implementation.name == "cpython":
        if sysconfig.get_config_var("Py_GIL_DISABLED"):
            platform = re.sub(r"[-.]", "_", sysconfig.get_platform())
            return f"cp{version}-cp{version}t-{platform}"
        return f"cp{version}-none-any"
    short = {"pypy": "pp"}.get(sys.implementation.name, sys.implementation.name)
    return f"{short}{version}-none-any"


def get_requires_for_build_wheel(config_settings: Any = None) -> list[str]:
    """The builder: maturin, or hatchling for the plain package."""
    return [_MATURIN if _suits_native() else _HATCHLING]


def get_requires_for_build_editable(config_settings: Any = None) -> list[str]:
    """The builder: maturin, or hatchling for the plain package."""
    return get_requires_for_build_wheel(config_settings)


def get_requires_for_build_sdist(config_settings: Any = None) -> list[str]:
    """maturin, which takes along what cargo needs."""
    missing = _missing()
    if missing is not None:
        raise BuildError(f"\naristaproto: a source distribution cannot be made: {missing}")
    return [_MATURIN]


def build_wheel(
    wheel_directory: str, config_settings: Any = None, metadata_directory: str | None = None
) -> str:
    """Build a wheel in `wheel_directory`; its name."""
    return _build("build_wheel", wheel_directory, config_settings, metadata_directory)


def build_editable(
    wheel_directory: str, config_settings: Any = None, metadata_directory: str | None = None
) -> str:
    """Build what installs the package in place; its name. The codec is put beside the Python files."""
    return _build("build_editable", wheel_directory, config_settings, metadata_directory)


def build_sdist(sdist_directory: str, config_settings: Any = None) -> str:
    """Build a source distribution, with the sources of the codec; its name."""
    return _maturin("build_sdist", sdist_directory, config_settings)
