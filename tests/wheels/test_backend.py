"""What the build backend decides for each Python and machine; nothing is compiled."""

from __future__ import annotations

import importlib
import sys
import sysconfig
from pathlib import Path
from types import ModuleType

import pytest
from users import OLDEST_RUST, RUNTIME, WAYS_OUT

sys.path.insert(0, str(RUNTIME / "build_backend"))


@pytest.fixture
def backend(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.delenv("ARISTAPROTO_BUILD", raising=False)
    return importlib.import_module("backend")


def program(folder: Path, name: str, text: str) -> None:
    file = folder / name
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)


def free_threaded(patch: pytest.MonkeyPatch) -> None:
    real = sysconfig.get_config_var
    patch.setattr(
        sysconfig, "get_config_var", lambda name: 1 if name == "Py_GIL_DISABLED" else real(name)
    )


def pypy(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(sys.implementation, "name", "pypy")


def graalpy(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(sys.implementation, "name", "graalpy")


def newer(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(importlib.import_module("backend"), "NEWEST", (3, 9))


OTHERS = pytest.mark.parametrize(
    ("become", "why"),
    [
        (pypy, "it needs CPython, and this is pypy"),
        (graalpy, "it needs CPython, and this is graalpy"),
        (free_threaded, "this is a free-threaded CPython"),
        (newer, "is newer than the newest one this release is tested with, 3.9"),
    ],
)


def test_cpython_gets_the_codec(backend: ModuleType) -> None:
    assert backend.get_requires_for_build_wheel() == ["maturin>=1.9.4,<2"]
    assert backend.plain_tag() == "py3-none-any"


@OTHERS
def test_other_pythons_get_the_plain_package(
    become: object,
    why: str,
    backend: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    # Without cargo, too: it is not needed.
    monkeypatch.setenv("PATH", "")
    become(monkeypatch)  # type: ignore[operator]
    assert backend.get_requires_for_build_wheel() == ["hatchling>=1.26"]
    assert backend.get_requires_for_build_editable() == ["hatchling>=1.26"]
    (line, _) = capfd.readouterr().err.splitlines()
    assert line.startswith("aristaproto: this Python gets the plain codec: ")
    assert why in line
    # A cache must not give the wheel to another Python.
    tag = backend.plain_tag()
    assert tag != "py3-none-any"
    assert f"{sys.version_info[0]}{sys.version_info[1]}" in tag
    monkeypatch.setenv("ARISTAPROTO_BUILD", "native")
    with pytest.raises(SystemExit, match="ARISTAPROTO_BUILD=native asks") as raised:
        backend.get_requires_for_build_wheel()
    assert why in str(raised.value)
    monkeypatch.setenv("ARISTAPROTO_BUILD", "python")
    assert backend.plain_tag() == "py3-none-any"


@pytest.mark.parametrize("asked", ["", "native"])
@pytest.mark.parametrize(
    ("cargo", "rustc", "cause"),
    [
        (None, None, "cargo is not on PATH"),
        ("echo 'cargo 1.95.0 (x)'", None, "rustc is not on PATH"),
        (
            "echo 'cargo 1.95.0 (x)'",
            "echo 'rustc 1.63.0'",
            f"rustc 1.63.0 is older than {OLDEST_RUST}",
        ),
        ("echo 'cargo 1.63.0'", "echo 'rustc 1.95.0'", f"cargo 1.63.0 is older than {OLDEST_RUST}"),
        ("echo no toolchain >&2; exit 1", None, "`cargo --version` failed: no toolchain"),
    ],
)
def test_what_is_missing_is_said_before_anything_is_fetched(
    asked: str,
    cargo: str | None,
    rustc: str | None,
    cause: str,
    tmp_path: Path,
    backend: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, text in (("cargo", cargo), ("rustc", rustc)):
        if text is not None:
            program(tmp_path, name, text)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("ARISTAPROTO_BUILD", asked)
    for hook in (backend.get_requires_for_build_wheel, backend.get_requires_for_build_editable):
        with pytest.raises(SystemExit) as raised:
            hook()
        text = str(raised.value)
        assert f"the codec in Rust cannot be built: {cause}\n" in text
        assert all(way in text for way in WAYS_OUT), text


def test_an_unknown_word(backend: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARISTAPROTO_BUILD", "rust")
    with pytest.raises(SystemExit, match="'rust': expected native, python or nothing"):
        backend.get_requires_for_build_wheel()
