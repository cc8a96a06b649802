"""The package itself: what its import costs, its version, its contract with generated code."""

from __future__ import annotations

import ast
import importlib.machinery
import importlib.util
import os
import shutil
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
    """`typing` and what it imports take longer than a thousand messages; see docs/decisions."""
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


def without_codec(folder: Path) -> str:
    """A copy of the package as a plain wheel has it; the statement that puts it first on the path."""
    package = Path(aristaproto.__file__).parent
    leave_out = shutil.ignore_patterns("_native.*", "__pycache__")
    shutil.copytree(package, folder / "aristaproto", ignore=leave_out)
    return f"import sys; sys.path.insert(0, {str(folder)!r})"


TELL = "import aristaproto; print(aristaproto.implementation())"


@pytest.mark.skipif(sys.implementation.name != "cpython", reason="only CPython can have it")
def test_the_plain_codec_says_so(tmp_path: Path) -> None:
    path = without_codec(tmp_path)
    told = run(f"{path}; {TELL}", ARISTAPROTO_IMPLEMENTATION="")
    assert told.stdout == "python\n"
    assert told.stderr.count("RuntimeWarning: ") == 1
    assert "this installation has none. To mend it, " in told.stderr
    assert "ARISTAPROTO_BUILD=native" in told.stderr
    assert "set ARISTAPROTO_IMPLEMENTATION=python" in told.stderr
    asked = run(f"{path}; {TELL}", ARISTAPROTO_IMPLEMENTATION="python")
    assert (asked.stdout, asked.stderr) == ("python\n", "")
    native = run(f"{path}; {TELL}", ARISTAPROTO_IMPLEMENTATION="native")
    assert "asks for the native codec, but this installation has none: install" in native.stderr


def test_other_pythons_run_the_plain_codec_silently(tmp_path: Path) -> None:
    path = f"{without_codec(tmp_path)}; sys.implementation.name = 'pypy'"
    told = run(f"{path}; {TELL}", ARISTAPROTO_IMPLEMENTATION="")
    assert (told.stdout, told.stderr) == ("python\n", "")


@pytest.mark.skipif(sys.implementation.name != "cpython", reason="only CPython can have it")
def test_a_codec_that_does_not_load(tmp_path: Path) -> None:
    """One that was built for another machine, say."""
    path = without_codec(tmp_path)
    suffix = importlib.machinery.EXTENSION_SUFFIXES[0]
    (tmp_path / "aristaproto" / f"_native{suffix}").write_bytes(b"no library")
    told = run(f"{path}; {TELL}", ARISTAPROTO_IMPLEMENTATION="")
    assert told.stdout == "python\n"
    assert told.stderr.count("RuntimeWarning: ") == 1
    assert "install it again" in told.stderr
    native = run(f"{path}; {TELL}", ARISTAPROTO_IMPLEMENTATION="native")
    assert "ARISTAPROTO_IMPLEMENTATION asks for the native codec, but " in native.stderr


SUB_INTERPRETER = """
import importlib, sys
sys.path = {path}
import aristaproto
code = '''if True:
    import sys
    sys.path = {path}
    import aristaproto, aristaproto.wkt
    message = aristaproto.wkt.Any("a/b", b"c")
    assert type(message).parse(bytes(message)) == message
    print(aristaproto.implementation(), flush=True)
'''
try:
    interpreters = importlib.import_module("_interpreters")
except ImportError:
    interpreters = importlib.import_module("_xxsubinterpreters")
other = interpreters.create({settings})
failed = interpreters.run_string(other, code)
assert failed is None, failed
interpreters.destroy(other)
print(aristaproto.implementation())
"""


@pytest.mark.skipif(sys.implementation.name != "cpython", reason="CPython's interpreters")
@pytest.mark.parametrize("settings", ["", "'legacy'"])
def test_other_interpreters_run_the_plain_codec(settings: str) -> None:
    if settings and sys.version_info < (3, 13):
        settings = "isolated=False"
    code = SUB_INTERPRETER.format(path=sys.path, settings=settings)
    told = run(code, ARISTAPROTO_IMPLEMENTATION="")
    assert told.returncode == 0, told.stderr
    first = "native" if importlib.util.find_spec("aristaproto._native") else "python"
    assert told.stdout == f"python\n{first}\n"
    assert told.stderr.count("RuntimeWarning: ") == (1 if first == "native" else 2)
    if first == "native":
        assert "in the first interpreter of the process only" in told.stderr


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


IMPORT_EACH = """
import importlib, sys
from pathlib import Path

trees = Path(sys.argv[1])
# Some import from each other.
sys.path.append(str(trees.parent))
for pool in sorted(trees.rglob("message_pool.py")):
    root = pool.parent
    sys.path.insert(0, str(root.parent))
    for file in sorted(root.rglob("*.py")):
        parts = (root.name, *file.relative_to(root).with_suffix("").parts)
        name = ".".join(part for part in parts if part != "__init__")
        try:
            importlib.import_module(name)
        except Exception as error:
            print(f"{name}: {type(error).__name__}: {error}")
        else:
            # What needs nothing of the runtime.
            if "aristaproto" in vars(sys.modules[name]):
                print(f"{name}: no error")
        for module in [it for it in sys.modules if it.split(".")[0] in (root.name, trees.name)]:
            del sys.modules[module]
    sys.path.remove(str(root.parent))
"""


@pytest.mark.parametrize(
    "files",
    [
        # A module; a package like the one on PyPI; one that has modules of the names of ours.
        {"aristaproto.py": "class Message: pass\n"},
        {"aristaproto/__init__.py": "class Message: pass\nclass Enum: pass\n"},
        {
            "aristaproto/__init__.py": "class Message: pass\n",
            "aristaproto/wkt.py": "class Timestamp: pass\n",
            "aristaproto/grpcio/__init__.py": "class ServiceStub: pass\n",
        },
    ],
)
def test_another_distribution_of_the_name_is_told_apart(
    files: dict[str, str], tmp_path: Path
) -> None:
    """Whichever generated module is imported first."""
    trees = pytest.importorskip("trees", reason="run `cargo xtask test trees` first")
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (root,) = trees.__path__
    command = [sys.executable, "-c", IMPORT_EACH, root]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) > 100
    told = "ImportError: the installed package aristaproto is not the runtime of generated code: "
    told += "pip install --upgrade 'aristaproto>=2'"
    assert [line for line in lines if line.partition(": ")[2] != told] == []


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
