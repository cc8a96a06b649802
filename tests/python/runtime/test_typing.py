"""What mypy and pyright, both strict, make of messages: both judge one text line by line."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import aristaproto
import pytest

TEXT = """
from __future__ import annotations

import dataclasses
import io
import pickle

import aristaproto
import aristaproto.pydantic
from typing_extensions import assert_type


class Colour(aristaproto.Enum, prefix="COLOUR_", renamed={"X": "COLOUR_1X"}, closed=True):
    RED = 0
    X = 1


class Point(aristaproto.Message, deprecated=True):
    x: int = aristaproto.field(1, aristaproto.TYPE_INT32)
    label: str | None = aristaproto.field(2, aristaproto.TYPE_STRING, optional=True)
    colour: Colour = aristaproto.field(3, aristaproto.TYPE_ENUM, "Colour")
    points: list[Point] = aristaproto.field(4, aristaproto.TYPE_MESSAGE, "Point", repeated=True)
    by_key: dict[str, Point] = aristaproto.map_field(
        5, aristaproto.TYPE_STRING, aristaproto.TYPE_MESSAGE, "Point"
    )


class Checked(aristaproto.pydantic.Message):
    x: int = aristaproto.field(1, aristaproto.TYPE_INT32)


point = Point(1, label="a", colour=Colour.RED, points=[Point()])
assert_type(point.x, int)
assert_type(point.label, "str | None")
assert_type(point.points, "list[Point]")
assert_type(point.by_key["a"], Point)
assert_type(Point.parse(b""), Point)
assert_type(Point.FromString(memoryview(b"")), Point)
assert_type(Point().load(io.BytesIO(), aristaproto.SIZE_DELIMITED), Point)
assert_type(Point.from_dict({"x": 1}), Point)
assert_type(Point.from_json("{}", ignore_unknown_fields=True), Point)
assert_type(bytes(point), bytes)
assert_type(point.SerializeToString(), bytes)
assert_type(point.to_json(indent=2), str)
assert_type(point.is_set("x"), bool)
assert_type(aristaproto.which_one_of(point, "group")[0], str)
assert_type(aristaproto.unwrap(point.label), str)
assert_type(dataclasses.replace(point, x=2), Point)
assert_type(aristaproto.implementation() == "python", bool)
assert_type(Colour.RED.name == "RED", bool)
assert_type(Colour(1), Colour)
assert_type(Colour.from_string("RED"), Colour)
assert_type([colour.name for colour in Colour], "list[str]")
assert_type(Checked(x=1).x, int)
pickle.dumps(dataclasses.fields(Point)[0].name)
point.x = 5
point.label = None
for record in aristaproto.parse_fields(b""):
    assert_type(record.number, int)
with aristaproto.limits(depth=5) as limits:
    assert_type(limits.depth, int)
match point:
    case Point(x, label):
        assert_type(x, int)
    case _:
        pass

Point("a")  # refused
Point(nothing=1)  # refused
Point(1, None, Colour.RED, [], {}, 6)  # refused
Point.parse("text")  # refused
Checked(x="a")  # refused
point.x = "a"  # refused
point.nothing = 1  # refused
point.nothing  # refused
Colour.BLUE  # refused
aristaproto.nothing  # refused
aristaproto.field("a", aristaproto.TYPE_INT32)  # refused
"""


def written(folder: Path) -> Path:
    path = folder / "judged.py"
    path.write_text(TEXT)
    return path


def refused_lines() -> list[int]:
    return [at for at, line in enumerate(TEXT.splitlines(), 1) if line.endswith("# refused")]


def run(arguments: list[str], folder: Path) -> str:
    module = arguments[0]
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"{module} is not installed for this Python")
    # Both find the runtime where this process finds it.
    root = str(Path(aristaproto.__file__).parent.parent)
    done = subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=folder,
        env={**os.environ, "MYPYPATH": root},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


def test_mypy(tmp_path: Path) -> None:
    report = run(["mypy", "--strict", str(written(tmp_path))], tmp_path)
    found = [int(line) for line in re.findall(r"judged\.py:(\d+): error", report)]
    assert sorted(set(found)) == refused_lines(), report


def test_pyright(tmp_path: Path) -> None:
    settings = {
        "typeCheckingMode": "strict",
        "extraPaths": [str(Path(aristaproto.__file__).parent.parent)],
    }
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings))
    path = written(tmp_path)
    report = run(["pyright", "--outputjson", "--pythonpath", sys.executable, str(path)], tmp_path)
    diagnostics = json.loads(report[report.index("{") :])["generalDiagnostics"]
    found = {
        problem["range"]["start"]["line"] + 1
        for problem in diagnostics
        if problem["severity"] == "error"
    }
    assert sorted(found) == refused_lines(), report
