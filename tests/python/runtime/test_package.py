"""The package itself: what its import costs, its version, its contract with generated code."""

from __future__ import annotations

import ast
import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import aristaproto
import pytest
from aristaproto import contract


def run(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_import_needs_nothing_optional() -> None:
    code = (
        "import sys, aristaproto\n"
        "class M(aristaproto.Message):\n"
        "    x: int = aristaproto.field(1, aristaproto.TYPE_INT32)\n"
        "assert M.parse(bytes(M(5))) == M(5)\n"
        "loaded = {name.partition('.')[0] for name in sys.modules}\n"
        "print(sorted(loaded & {'pydantic', 'pydantic_core', 'grpc', 'grpclib', 'google'}))\n"
        "print(sorted(name for name in sys.modules if name.startswith(('aristaproto.grpc', "
        "'aristaproto.pydantic', 'aristaproto.descriptors', 'aristaproto.wkt'))))\n"
    )
    done = run(code)
    assert (done.stdout, done.stderr) == ("[]\n[]\n", "")


def test_messages_need_nothing_slow() -> None:
    """`typing` and what it imports take longer than a thousand messages; see ARCHITECTURE.md."""
    pytest.importorskip("trees", reason="run `cargo xtask test trees` first")
    # Messages that name other packages, all kinds of methods, well-known types.
    modules = ("cycles.a.b", "calls", "wkt")
    lines = [
        f"import sys; sys.path = {sys.path}",
        *(f"import trees.grpcio.{module}" for module in modules),
        "print({'contextlib', 'importlib.util', 're', 'typing'} & {*sys.modules})",
        "assert bytes(trees.grpcio.calls.Number.parse(bytes([8, 1]))) == bytes([8, 1])",
        "print({'re', 'typing'} & {*sys.modules})",
    ]
    # Without `site`, because .pth files may import anything.
    done = subprocess.run(
        [sys.executable, "-S", "-c", "\n".join(lines)], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("set()\nset()\n", "")


def test_implementation() -> None:
    installed = importlib.util.find_spec("aristaproto._native") is not None
    asked = os.environ.get("ARISTAPROTO_IMPLEMENTATION")
    assert aristaproto.implementation() == (asked or ("native" if installed else "python"))
    tell = "import aristaproto; print(aristaproto.implementation())"
    assert run(tell, ARISTAPROTO_IMPLEMENTATION="python").stdout == "python\n"
    native = run(tell, ARISTAPROTO_IMPLEMENTATION="native")
    if installed:
        assert native.stdout == "native\n"
    else:
        assert "ImportError: ARISTAPROTO_IMPLEMENTATION asks for the native codec" in native.stderr
    wrong = run("import aristaproto", ARISTAPROTO_IMPLEMENTATION="rust")
    assert "is 'rust': expected native, python or nothing" in wrong.stderr


def test_version() -> None:
    parts = aristaproto.__version__.split(".")[:3]
    assert [str(int(part)) for part in parts] == parts


def test_check_compiler_version() -> None:
    major, minor = map(int, aristaproto.__version__.split(".")[:2])
    for same in (f"{major}.{minor}.0", f"{major}.{minor}.99", f"{major}.{minor}.-1"):
        aristaproto.check_compiler_version(same)
    for newer in (f"{major}.{minor + 1}.0", f"{major + 1}.0.0"):
        with pytest.raises(ImportError, match="upgrade the package aristaproto"):
            aristaproto.check_compiler_version(newer)
    for older in (f"{major - 1}.99.0", f"{major}.{minor - 1}.0"):
        with pytest.raises(ImportError, match="generate the code again"):
            aristaproto.check_compiler_version(older)


def test_require_contract() -> None:
    aristaproto.require_contract(contract.CONTRACT)
    with pytest.raises(ImportError, match="upgrade the Python package `aristaproto`"):
        aristaproto.require_contract(contract.CONTRACT + 1)
    with pytest.raises(ImportError, match="upgrade `aristaproto-build`"):
        aristaproto.require_contract(0)


@pytest.mark.parametrize("name", sorted(contract.NAMES))
def test_contract_names_exist(name: str) -> None:
    import importlib

    path, _, last = name.rpartition(".")
    if not hasattr(aristaproto, last):
        assert isinstance(importlib.import_module(name), ModuleType)
    else:
        assert getattr(importlib.import_module(path), last) is not None


def uses(tree: ast.AST) -> set[str]:
    """Dotted names that a generated module takes from the package, however it imported it."""
    aliases: dict[str, str] = {}
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.partition(".")[0] == "aristaproto":
                    name = alias.name if alias.asname else "aristaproto"
                    aliases[alias.asname or "aristaproto"] = name
                    found.add(alias.name)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            module = node.module or ""
            if module.partition(".")[0] == "aristaproto":
                found.update(f"{module}.{alias.name}" for alias in node.names)
    for node in ast.walk(tree):
        steps: list[str] = []
        at: ast.AST = node
        while isinstance(at, ast.Attribute):
            steps.append(at.attr)
            at = at.value
        if isinstance(at, ast.Name) and at.id in aliases and steps:
            found.add(".".join([aliases[at.id], *reversed(steps)]))
    return found - {"aristaproto"}


def test_generated_code_keeps_the_contract() -> None:
    trees = pytest.importorskip("trees", reason="run `cargo xtask test trees` first")
    modules = [path for root in trees.__path__ for path in Path(root).rglob("*.py")]
    assert len(modules) > 100
    names = {name for path in modules for name in uses(ast.parse(path.read_text("utf-8")))}
    # An attribute of an attribute, like a class' method, is that class' own affair.
    strangers = {
        name
        for name in names
        if name not in contract.NAMES
        and not any(name.startswith(f"{allowed}.") for allowed in contract.NAMES)
    }
    assert strangers == set()


def test_names() -> None:
    for name in aristaproto.__all__:
        assert getattr(aristaproto, name) is not None
    assert (aristaproto.NAN, aristaproto.INFINITY, aristaproto.NEG_INFINITY) == (
        "NaN",
        "Infinity",
        "-Infinity",
    )
    with pytest.raises(AttributeError, match="nothing"):
        aristaproto.nothing  # type: ignore[attr-defined]  # noqa: B018


def test_unwrap() -> None:
    assert aristaproto.unwrap(0) == 0
    with pytest.raises(ValueError, match="got None"):
        aristaproto.unwrap(None)
