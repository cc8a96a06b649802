"""Repeated fields of numbers from and to NumPy: a message of one array, beside the fastest way that google.protobuf has.

`rows` compares the results first. Called by `__main__`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from .data import Shape
from .dialects import Dialect, Google
from .measure import Effort, Row, time_row

DTYPES = {"floats": "f4", "ints": "i8"}
"""The shapes, and what NumPy calls their numbers."""

Functions = dict[str, Callable[[], Any]]


def rows(
    google: Google, ours: Dialect, shapes: Sequence[Shape], effort: Effort, notes: list[str]
) -> Iterator[Row]:
    """Time construction with serialisation, parsing, and serialisation of a message that holds an array."""
    for shape in shapes:
        if shape.name not in DTYPES or shape.value is None:
            continue
        classes = google.message_class(shape.message), ours.message_class(shape.message)
        for operation, (ways, function) in _functions(shape.name, shape.value, *classes).items():
            trial = time_row("arrays", shape.name, operation, ways, Effort(3, effort.seconds))
            fastest = min(ways, key=trial.median)
            notes.append(f"arrays, {shape.name}, {operation}: google's fastest way is {fastest}")
            both = {"google": ways[fastest], ours.name: function}
            yield time_row("arrays", shape.name, operation, both, effort)


def _functions(
    name: str, value: dict[str, Any], theirs: Any, mine: Any
) -> dict[str, tuple[Functions, Callable[[], Any]]]:
    """Operation → the ways of google, and ours. Exits when the results differ."""
    numpy: Any = importlib.import_module("numpy")
    array_of: Any = importlib.import_module("aristaproto").array
    array = numpy.array(value["values"], DTYPES[name])
    held_theirs, held_mine = theirs(values=array), mine(values=array)
    wire: bytes = held_theirs.SerializeToString()

    def construct() -> bytes:
        return bytes(mine(values=array))

    def parse() -> Any:
        return numpy.asarray(array_of(mine.parse(wire), "values"))

    if construct() != wire or bytes(held_mine) != wire or not numpy.array_equal(parse(), array):
        raise SystemExit(f"arrays, {name}: the results differ from google's")
    return {
        "construct": (
            {
                "Message(values=array)": lambda: theirs(values=array).SerializeToString(),
                "Message(values=array.tolist())": lambda: theirs(
                    values=array.tolist()
                ).SerializeToString(),
            },
            construct,
        ),
        "parse": (
            {
                "numpy.asarray(message.values)": lambda: numpy.asarray(
                    theirs.FromString(wire).values
                ),
                "numpy.fromiter(message.values)": lambda: numpy.fromiter(
                    theirs.FromString(wire).values, array.dtype
                ),
            },
            parse,
        ),
        "serialise": (
            {"SerializeToString()": held_theirs.SerializeToString},
            held_mine.SerializeToString,
        ),
    }
