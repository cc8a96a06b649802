"""The layers of the runtime: which module may import which, read from the sources with `ast`."""

from __future__ import annotations

import ast
import inspect
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import aristaproto
import pytest
from aristaproto import codec

ROOT = Path(aristaproto.__file__).parent

RANKS = {
    "base": 1,
    "contract": 1,
    "times": 2,
    "codec": 2,
    "rpc_calls": 2,
    "rpc_metadata": 2,
    "rpc_requests": 2,
    "rpc_services": 2,
    "rpc_status": 2,
    "rpc_streams": 2,
    "schema": 3,
    "model": 4,
    "binary": 5,
    "json": 5,
    "text": 5,
    "": 6,
    "wkt": 7,
    "casing": 7,
    "nano_datetime": 7,
    "jsonschema": 7,
    "reflection": 8,
    "descriptors": 8,
    "pydantic": 8,
    "bundled": 8,
    "builtin": 9,
    "rpc": 9,
    "grpcio": 10,
    "grpclib": 10,
    "testing": 11,
}
"""Rooms, and modules beside them, from the lowest to the highest; `""` is the package itself.

A module imports from its own room and from those of lower ranks.
"""

MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    .removesuffix("__init__")
    .rstrip("."): path
    for path in ROOT.rglob("*.py")
}

Import = tuple[int, str]
"""The line, and the module of this package that is imported."""


def imports(tree: ast.Module, module: str, is_package: bool) -> tuple[list[Import], list[Import]]:
    """Imports of modules of this package: those that run with the module, and late ones, in functions.

    Those below `if TYPE_CHECKING:` are for checkers.
    """
    at_once: list[Import] = []
    late: list[Import] = []

    def visit(node: ast.AST, found: list[Import]) -> None:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            for inner in node.orelse:
                visit(inner, found)
            return
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            found = late
        if isinstance(node, ast.Import):
            for alias in node.names:
                package, _, rest = alias.name.partition(".")
                if package == "aristaproto":
                    found.append((node.lineno, rest))
        if isinstance(node, ast.ImportFrom):
            parts = module.split(".") if module else []
            if not is_package:
                parts = parts[:-1]
            source = [] if node.module is None else node.module.split(".")
            if node.level == 0:
                if source[0] != "aristaproto":
                    return
                source = source[1:]
            else:
                source = [*parts[: len(parts) - node.level + 1], *source]
            for alias in node.names:
                inside = ".".join([*source, alias.name])
                found.append((node.lineno, inside if inside in MODULES else ".".join(source)))
        for child in ast.iter_child_nodes(node):
            visit(child, found)

    visit(tree, at_once)
    return at_once, late


def room(module: str) -> str:
    return module.partition(".")[0]


def complaints(sources: dict[str, str]) -> list[str]:
    """What is wrong with the imports of modules, given as their texts by name."""
    found: list[str] = []
    graph: dict[str, set[str]] = {}
    for module, text in sources.items():
        is_package = MODULES[module].name == "__init__.py"
        at_once, late = imports(ast.parse(text), module, is_package)
        graph[module] = {name for _, name in at_once}
        for line, name in at_once:
            if room(name) != room(module) and RANKS[room(name)] >= RANKS[room(module)]:
                found.append(f"{module}:{line} imports {name}, which is not below it")
        if module != "codec" and not is_package:
            found += [f"{module}:{line} imports {name} late" for line, name in late]
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        found.append(f"a circle: {' → '.join(error.args[1])}")
    return found


SOURCES = {module: path.read_text(encoding="utf-8") for module, path in MODULES.items()}


def test_every_module_is_in_a_room() -> None:
    assert {room(module) for module in MODULES} == RANKS.keys()


def test_modules_import_from_lower_layers() -> None:
    assert complaints(SOURCES) == []


@pytest.mark.parametrize(
    ("module", "line", "complaint"),
    [
        ("base.wire", "from ..schema.fields import Field", "schema.fields, which is not below"),
        ("text.write", "from ..json.encode import takes_null", "json.encode, which is not below"),
        ("base.errors", "from .budget import limits", "a circle"),
        ("schema.fields", "def f():\n    from .builder import build_schema", "schema.builder late"),
        ("model.pool", "def f():\n    import aristaproto.wkt", "imports wkt late"),
        ("model.pool", "def f():\n    from .. import wkt", "imports wkt late"),
        ("times.rfc3339", "import aristaproto", "which is not below"),
    ],
)
def test_what_breaks_the_layers_is_found(module: str, line: str, complaint: str) -> None:
    found = complaints(SOURCES | {module: f"{SOURCES[module]}\n{line}\n"})
    assert any(complaint in text for text in found), found


def test_imports_for_checkers_are_free() -> None:
    text = "TYPE_CHECKING = False\nif TYPE_CHECKING:\n    from .. import wkt\n"
    assert complaints(SOURCES | {"base.float32": text}) == []


@pytest.mark.skipif(codec.NATIVE is None, reason="there is no native codec")
def test_the_stub_of_the_native_codec_has_its_functions() -> None:
    """`_native.pyi` types `codec.NATIVE`: names and parameters must be those of the module."""
    module = codec.NATIVE
    stub = ast.parse((ROOT / "_native.pyi").read_text(encoding="utf-8"))
    names = {
        node.name: node for node in stub.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))
    }
    assert names.keys() == set(getattr(module, "__all__"))  # noqa: B009 - the type does not have it
    for name, node in names.items():
        if not isinstance(node, ast.FunctionDef):
            continue
        try:
            signature = inspect.signature(getattr(module, name))
        except ValueError:
            # A parameter that is a keyword of Python; it is given by position.
            assert any(argument.arg == "class_" for argument in node.args.posonlyargs), name
            continue
        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        assert [argument.arg for argument in arguments] == list(signature.parameters), name
