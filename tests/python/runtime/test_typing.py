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
from typing_extensions import assert_never, assert_type

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal


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
    y: int | None = aristaproto.field(2, aristaproto.TYPE_INT32, oneof="maybe")

    if TYPE_CHECKING:
        maybe: aristaproto.Oneof[tuple[Literal["y"], int]] = aristaproto.oneof()


class Order(aristaproto.Message):
    card: Point | None = aristaproto.field(1, aristaproto.TYPE_MESSAGE, "Point", oneof="payload")
    cash: int | None = aristaproto.field(2, aristaproto.TYPE_INT32, oneof="payload")
    voucher: str | None = aristaproto.field(3, aristaproto.TYPE_STRING, oneof="payload")
    paid: int | None = aristaproto.field(4, aristaproto.TYPE_INT32, oneof="payload")

    if TYPE_CHECKING:
        payload: aristaproto.Oneof[
            tuple[Literal["card"], Point]
            | tuple[Literal["cash"], int]
            | tuple[Literal["voucher"], str]
            | tuple[Literal["paid"], int]
        ] = aristaproto.oneof()


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


def all_members(order: Order) -> str:
    match order.payload:
        case "card", card:
            assert_type(card, Point)
            return "card"
        case "voucher", voucher:
            assert_type(voucher, str)
            return voucher
        case ("cash" | "paid") as name, amount:
            assert_type(amount, int)
            assert_type(name, "Literal['cash', 'paid']")
            return name
        case None:
            return ""
        case _ as never:
            assert_never(never)


def without_a_name(order: Order) -> None:
    match order.payload:
        case ("card" | "cash" | "voucher" | "paid", _):
            pass
        case None:
            pass
        case _:
            assert_never(order.payload)


def by_comparison(order: Order) -> None:
    payload = order.payload
    if payload is None:
        return
    if payload[0] == "card":
        assert_type(payload[1], Point)
    elif payload[0] == "voucher":
        assert_type(payload[1], str)
    else:
        assert_type(payload[1], int)
    name, value = payload
    assert_type(value, "Point | int | str")
    assert_type(name, "Literal['card', 'cash', 'voucher', 'paid']")
    payload[0] == "crad"  # refused


def one_is_left_out(order: Order) -> None:
    match order.payload:
        case ("card" | "cash" | "paid", _):
            pass
        case None:
            pass
        case _ as never:
            assert_never(never)  # refused


def unset_is_left_out(order: Order) -> None:
    match order.payload:
        case ("card" | "cash" | "voucher" | "paid", _):
            pass
        case _ as never:
            assert_never(never)  # refused


def one_is_misspelt(order: Order) -> None:
    match order.payload:
        case ("crad", _):  # refused by pyright
            pass
        case ("cash" | "voucher" | "paid", _):
            pass
        case None:
            pass
        case _ as never:
            assert_never(never)  # refused


order = Order(card=point)
order.payload = ("card", Point())
order.payload = "cash", 5
order.payload = None
assert_type(Checked(y=1).maybe, "tuple[Literal['y'], int] | None")
match order:
    case Order(_, _, _, paid):
        assert_type(paid, "int | None")
    case _:
        pass
order.payload = ("card", 5)  # refused
order.payload = ("crad", Point())  # refused
order.payload = "card"  # refused
Order(payload=None)  # refused
Order(None, None, None, None, None)  # refused
order.paylod  # refused

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


class Array:
    @property
    def __array_interface__(self) -> dict[str, object]:
        return {}


_ = aristaproto.from_array(b"")
_ = aristaproto.from_array(Array())
_ = aristaproto.from_array([1.0])  # refused
"""


def written(folder: Path) -> Path:
    path = folder / "judged.py"
    path.write_text(TEXT)
    return path


def refused_lines(checker: str) -> list[int]:
    endings = ("# refused", f"# refused by {checker}")
    return [at for at, line in enumerate(TEXT.splitlines(), 1) if line.endswith(endings)]


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
    assert sorted(set(found)) == refused_lines("mypy"), report


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
    assert sorted(found) == refused_lines("pyright"), report
