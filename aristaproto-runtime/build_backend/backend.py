"""Builds the package: with the codec in Rust by maturin where that is possible, else the plain one by hatchling.

pip and other front ends call the hooks of PEP 517 and PEP 660. The environment variable `ARISTAPROTO_BUILD` decides: `native`
fails when the codec cannot be built, `python` does not try; unset, the plain package is the way out, and one line on
standard error says so.
"""

from __future__ import annotations

import importlib
import os
import shutil
import sys
from typing import Any

__all__ = (
    "build_editable",
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_editable",
    "get_requires_for_build_sdist",
    "get_requires_for_build_wheel",
)

_MATURIN = "maturin>=1.9.4,<2"
_HATCHLING = "hatchling>=1.26"


def _asked() -> str:
    asked = os.environ.get("ARISTAPROTO_BUILD", "")
    if asked not in ("", "native", "python"):
        raise SystemExit(f"ARISTAPROTO_BUILD is {asked!r}: expected native, python or nothing")
    return asked


def _obstacle() -> str | None:
    """Why the codec in Rust is not even tried; None when it is."""
    if sys.implementation.name != "cpython":
        return f"it needs CPython, this is {sys.implementation.name}"
    if shutil.which("cargo") is None:
        return "cargo is not on PATH (https://rustup.rs)"
    return None


def _requires(config_settings: Any = None) -> list[str]:
    asked = _asked()
    if asked == "python" or (not asked and _obstacle() is not None):
        return [_HATCHLING]
    # Without a way out, its builder need not be there.
    return [_MATURIN] if asked else [_MATURIN, _HATCHLING]


def _build(hook: str, *arguments: Any) -> str:
    """Run a hook of the builder that is asked for, or possible; the name of the file that it made."""
    asked = _asked()
    obstacle = None
    if asked != "python":
        obstacle = _obstacle()
        if obstacle is None:
            try:
                return _run("maturin", hook, *arguments)
            except (Exception, SystemExit) as error:  # noqa: BLE001
                # maturin has shown the compiler's errors and says here that it failed.
                obstacle = f"cargo failed: {error}"
        if asked:
            raise SystemExit(f"aristaproto: the codec in Rust cannot be built: {obstacle}")
        print(
            f"aristaproto: installing without the codec in Rust, because {obstacle}; everything works, "
            "more slowly. ARISTAPROTO_BUILD=native makes this an error, =python is silent.",
            file=sys.stderr,
        )
    return _run("hatchling.build", hook, *arguments)


def _run(builder: str, hook: str, *arguments: Any) -> str:
    made: str = getattr(importlib.import_module(builder), hook)(*arguments)
    return made


get_requires_for_build_wheel = _requires
get_requires_for_build_editable = _requires


def get_requires_for_build_sdist(config_settings: Any = None) -> list[str]:
    """maturin, which takes along what cargo needs."""
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
    return _run("maturin", "build_sdist", sdist_directory, config_settings)
