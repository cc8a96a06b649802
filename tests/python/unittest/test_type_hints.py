"""The types of fields, evaluated: modules of a tree import each other for type checkers only, and yet each name resolves."""

from __future__ import annotations

import dataclasses
import datetime
import importlib
import pkgutil
import subprocess
import sys
import typing
from pathlib import Path
from types import NoneType, UnionType
from typing import Any

import aristaproto
import pytest
import trees

TREES = ("sync", "grpcio", "grpclib", "no_default", "pydantic", "descriptors")


def messages(tree: str) -> list[type[aristaproto.Message]]:
    found: list[type[aristaproto.Message]] = []
    (root,) = trees.__path__
    for module in pkgutil.walk_packages([f"{root}/{tree}"], f"trees.{tree}."):
        if module.name.endswith("google_proto_descriptor_pool"):
            continue
        values: list[Any] = list(vars(importlib.import_module(module.name)).values())
        types = [it for it in values if isinstance(it, type) and it.__module__ == module.name]
        found += [it for it in types if issubclass(it, aristaproto.Message)]
    return found


def parts(hint: Any) -> set[Any]:
    """The types in an annotation, without None and the containers."""
    if isinstance(hint, UnionType) or typing.get_origin(hint) in (typing.Union, list, dict):
        return {it for argument in typing.get_args(hint) for it in parts(argument)} - {NoneType}
    return {hint}


PLAIN = {bool, bytes, float, int, str, datetime.datetime, datetime.timedelta}


@pytest.mark.parametrize("tree", TREES)
def test_each_resolves(tree: str) -> None:
    found = messages(tree)
    assert len(found) >= 150
    for cls in found:
        hints = typing.get_type_hints(cls)
        for field in cls.__schema__.fields:
            value: Any = field.value if field.is_map else field
            declared = value.enum or (None if value.wrapped else value.message)
            types = parts(hints[field.name])
            assert declared is None or declared in types, (cls, field)
            assert types - {declared} <= PLAIN, (cls, field, types)


FRESH = """
import dataclasses, inspect, sys, typing
from trees.sync.cycles import sibling
assert "trees.sync.cycles.a" not in sys.modules
found = {call}
from trees.sync.cycles import a
assert found == a.Ancestor | None, found
"""


@pytest.mark.parametrize(
    "call",
    [
        "typing.get_type_hints(sibling.Sibling)['ancestor']",
        "eval(dataclasses.fields(sibling.Sibling)[0].type, vars(sibling))",
    ],
)
def test_nothing_is_imported_before_it_is_asked_for(call: str) -> None:
    (root,) = trees.__path__
    done = subprocess.run(
        [sys.executable, "-c", FRESH.format(call=call)],
        cwd=Path(root).parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_no_type_check_can_be_set() -> None:
    @typing.no_type_check
    class Unchecked(aristaproto.Message):
        x: int = aristaproto.field(1, aristaproto.TYPE_INT32)

    assert typing.get_type_hints(Unchecked) == {}
    assert dataclasses.fields(Unchecked)[0].name == "x"
