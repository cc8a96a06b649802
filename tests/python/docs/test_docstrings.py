"""The docstrings of the Python package: each public name has one, and one that says what is raised and in which unit."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import textwrap
from collections.abc import Iterator
from typing import Any

import aristaproto
import pytest

PARTS = {
    "",
    "descriptors",
    "grpcio",
    "grpclib",
    "jsonschema",
    "nano_datetime",
    "pydantic",
    "reflection",
    "rpc",
    "testing",
    "wkt",
}
"""The public modules; what they do not name in `__all__` is nobody's to call."""

UNITS = {
    "timeout": "second",
    "deadline": "second",
    "seconds": "second",
    "size": "byte",
    "nanos": "nanosecond",
}
"""What a docstring says of a parameter of that name."""


def public_names() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for part in sorted(PARTS):
        module = importlib.import_module(f"aristaproto.{part}".rstrip("."))
        for name in module.__all__:
            found.setdefault(f"{module.__name__}.{name}", getattr(module, name))
    return found


def is_ours(value: Any) -> bool:
    return str(getattr(value, "__module__", "")).partition(".")[0] == "aristaproto"


def documented() -> Iterator[tuple[str, Any, str]]:
    """Each public class, function and method of ours: its name, itself, and the docstring of its class."""
    for name, value in public_names().items():
        if inspect.isclass(value) and is_ours(value):
            yield name, value, ""
            if value.__module__.startswith("aristaproto.bundled"):
                continue
            for member, held in [*vars(value).items()]:
                function: Any = getattr(held, "fget", None) or getattr(value, member)
                if not member.startswith("_") and inspect.isroutine(function):
                    yield f"{name}.{member}", function, str(value.__doc__)
        elif inspect.isroutine(value) and is_ours(value):
            yield name, value, ""


ALL = {name: (value, above) for name, value, above in documented()}


def test_there_are_some() -> None:
    assert len(ALL) > 200
    assert {"aristaproto.Message.parse", "aristaproto.array", "aristaproto.wkt.Struct.items"} <= {
        *ALL
    }


@pytest.mark.parametrize("name", ALL)
def test_docstring(name: str) -> None:
    value, above = ALL[name]
    text = inspect.getdoc(value) if inspect.isroutine(value) else value.__doc__
    assert text, f"{name} has no docstring"
    assert text.rstrip()[-1] in ".`>:|", f"{name}: the docstring is cut off: {text!r}"
    if inspect.isclass(value):
        return
    said = f"{text} {above}"
    for raised in sorted(errors_of(value)):
        assert raised in said, f"{name} raises {raised}, which its docstring does not say"
    for parameter in parameters_of(value):
        unit = UNITS.get(parameter, "")
        assert unit in said.lower(), f"{name} takes {parameter}, and does not say in which unit"


def parameters_of(function: Any) -> list[str]:
    try:
        return list(inspect.signature(function).parameters)
    except ValueError:
        return []


def errors_of(function: Any) -> set[str]:
    """The classes of the errors that stand after `raise` in the body of a function, those aside that it catches itself."""
    try:
        (found,) = ast.parse(textwrap.dedent(inspect.getsource(function))).body
    except (OSError, TypeError):
        return set()  # One in Rust; the plain codec's has a source.
    return set(raised_in(found))


def raised_in(node: ast.AST) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Raise):
            error = child.exc.func if isinstance(child.exc, ast.Call) else child.exc
            if isinstance(error, ast.Name) and error.id.endswith("Error"):
                yield error.id
        elif not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            yield from raised_in(child)


def test_no_public_module_is_left_out() -> None:
    """A module that is not in `PARTS` belongs to a package of the runtime's own, or names nothing for others."""
    own = {
        *(
            "base",
            "binary",
            "builtin",
            "bundled",
            "codec",
            "json",
            "model",
            "schema",
            "text",
            "times",
        ),
        *("casing", "contract", "_native"),
        *("rpc_calls", "rpc_metadata", "rpc_requests", "rpc_services", "rpc_status", "rpc_streams"),
    }
    there = {module.name for module in pkgutil.iter_modules(aristaproto.__path__)}
    assert there - own == PARTS - {""}
