"""Messages that go to Rust and come back. In: google, our library, and the extension module of the folder `bridge`. Out: rows.

All functions do the same work in Rust: prost reads the message, and writes it again. They differ in what Python does about it:

- `google`: google's classes, bytes by hand.
- `bytes`: aristaproto's classes, bytes by hand.
- `Msg`: aristaproto's classes, which `aristaproto_pyo3::Msg` takes and gives.
- `pyclass`: a class in Rust, written by hand, for the small message only. No protobuf at all, and no bytes.

Called by `__main__`.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from . import codec
from .data import Shape
from .dialects import Aristaproto, Google
from .measure import Effort, Row, time_row

SHAPES = ("small", "medium", "batch")
ABOUT = {
    "cross": "a constructed message to Rust and back",
    "forward": "parse, to Rust and back, serialise",
    "use": "construct, to Rust and back, read every field",
}


class Way:
    """How one column gets a message to Rust and back."""

    def __init__(
        self,
        construct: Callable[[], Any],
        cross: Callable[[Any], Any],
        read: Callable[[Any], None],
        parse: Callable[[bytes], Any] | None = None,
    ) -> None:
        self.construct = construct
        self.cross = cross
        self.read = read
        self.parse = parse

    def functions(self, wire: bytes) -> dict[str, Callable[[], Any]]:
        """Operation → what to time; each gives the message that came back, or its bytes."""
        construct, cross, read, parse = self.construct, self.cross, self.read, self.parse
        message = construct()

        def use() -> Any:
            back = cross(construct())
            read(back)
            return back

        functions: dict[str, Callable[[], Any]] = {"cross": lambda: cross(message), "use": use}
        if parse is not None:
            functions["forward"] = lambda: cross(parse(wire)).SerializeToString()
        return functions


def ways(native: Any, google: Google, ours: Aristaproto, shape: Shape) -> dict[str, Way]:
    """The columns for a shape, google first."""
    by_bytes: Callable[[bytes], bytes] = getattr(native, f"{shape.name}_bytes")

    def by_hand(case: codec.Case) -> Way:
        parse = case.parse
        assert case.build is not None
        return Way(
            case.build,
            lambda message: parse(by_bytes(message.SerializeToString())),
            case.read,
            parse,
        )

    of_google, of_ours = (codec.Case(dialect, shape, google) for dialect in (google, ours))
    assert of_ours.build is not None
    found = {
        "google": by_hand(of_google),
        "bytes": by_hand(of_ours),
        "Msg": Way(of_ours.build, getattr(native, shape.name), of_ours.read, of_ours.parse),
    }
    if shape.name == "small" and shape.value is not None:
        values = shape.value
        found["pyclass"] = Way(
            lambda: native.SmallByHand(**values), native.small_by_hand, of_google.read
        )
    return found


def check(found: Mapping[str, Way], wire: bytes, google_class: Any, shape: Shape) -> None:
    """Exit with a message unless all ways give back what google reads from `wire`."""
    expected = google_class.FromString(wire)
    for column, way in found.items():
        for operation, function in way.functions(wire).items():
            got = function()
            if column == "pyclass":
                got = google_class(**{name: getattr(got, name) for name in shape.value or {}})
            data = got if isinstance(got, bytes) else got.SerializeToString()
            if google_class.FromString(data) != expected:
                raise SystemExit(f"bridge, {shape.name}, {operation}: {column} differs from google")


def rows(
    library: Path, google: Google, ours: Aristaproto, shapes: Sequence[Shape], effort: Effort
) -> Iterator[Row]:
    """Compare the results, then time every operation. `library` is the folder that has the extension module."""
    sys.path.insert(0, str(library))
    native: Any = importlib.import_module("bench_bridge")
    for shape in (shape for shape in shapes if shape.name in SHAPES):
        wire, _ = codec.reference(google, shape)
        found = ways(native, google, ours, shape)
        check(found, wire, google.message_class(shape.message), shape)
        made = {column: way.functions(wire) for column, way in found.items()}
        for operation in ABOUT:
            functions = {
                column: functions[operation]
                for column, functions in made.items()
                if operation in functions
            }
            yield time_row("bridge", shape.name, operation, functions, effort)


def beside_bytes(row: Row) -> str:
    """What the table, whose ratios are to google, does not say: `Msg` beside bytes by hand with the same classes."""
    pair = {column: row.samples[column] for column in ("bytes", "Msg")}
    low, middle, high = Row(row.group, row.shape, row.operation, pair).ratios("Msg")
    return (
        f"bridge: {row.shape}, {row.operation}: Msg / bytes = {middle:.3f} [{low:.3f}–{high:.3f}]"
    )
