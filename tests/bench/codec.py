"""Messages in memory: binary codec, JSON, equality, copies. In: libraries and shapes. Out: rows.

`check` must come first: what is not equal is not worth timing. Called by `__main__`.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from .data import Shape
from .dialects import Dialect, Google, descriptor_of
from .measure import Effort, Row, time_row

BINARY = ("construct", "parse", "read", "serialise", "forward", "equal", "copy", "deepcopy")
JSON = ("to-json", "from-json")
ABOUT = {
    "construct": "construct and serialise",
    "parse": "parse",
    "read": "parse and read every field",
    "serialise": "serialise",
    "forward": "parse and serialise again",
    "equal": "compare two equal messages",
    "copy": "copy.copy (google's copies deeply)",
    "deepcopy": "copy.deepcopy",
    "to-json": "message to JSON text",
    "from-json": "JSON text to message",
}

_NO_ZERO = "drops an enum value's number 0, which is set"
KNOWN_DIFFERENCES: dict[tuple[str, str], dict[str, str]] = {
    ("betterproto2", "well-known"): {
        "to-json": "writes an Int64Value as a number, not as a string",
        "from-json": "refuses an Int64Value that is a string",
    },
    ("betterproto2", "unknown"): {
        "copy": "drops unknown fields",
        "deepcopy": "drops unknown fields",
    },
    ("betterproto2", "descriptors"): {
        "parse": _NO_ZERO,
        "read": _NO_ZERO,
        "serialise": _NO_ZERO,
        "forward": _NO_ZERO,
        "copy": _NO_ZERO,
        "deepcopy": _NO_ZERO,
        "to-json": _NO_ZERO,
        "from-json": _NO_ZERO,
    },
}
"""(library, shape) → operation → how a published library differs from google there. These cells are left out with this
text; a difference that is gone is an error, as is one that is not listed."""


class Case:
    """One shape in one library."""

    def __init__(self, dialect: Dialect, shape: Shape, google: Google) -> None:
        self.dialect = dialect
        self.shape = shape
        descriptor = descriptor_of(shape.message)
        self.cls = dialect.message_class(shape.message)
        self.build = dialect.builder(shape, descriptor) if shape.value is not None else None
        self.serialising_build = (
            dialect.serialising_builder(shape, descriptor) if shape.value is not None else None
        )
        self.read = dialect.reader(_walked(shape))
        self.parse = dialect.parser(self.cls)
        self.from_json = dialect.from_json(self.cls)
        self.google = google

    def message(self, wire: bytes) -> Any:
        """The shape's message: constructed where that is possible, else parsed and read, so that its values are there."""
        if self.build is not None:
            return self.build()
        message = self.parse(wire)
        self.read(message)
        return message

    def functions(self, wire: bytes, text: str) -> dict[str, Callable[[], Any]]:
        """Operation → what to time. `wire`, `text`: the shape as google writes it."""
        parse, read, from_json = self.parse, self.read, self.from_json
        serialiser = self.dialect.serialiser
        # Not constructed both: they would share their values, and `is` is quick.
        message, other = self.message(wire), parse(wire)
        functions: dict[str, Callable[[], Any]] = {
            "parse": lambda: parse(wire),
            "read": lambda: read(parse(wire)),
            "serialise": self.dialect.serialiser(message),
            "forward": lambda: serialiser(parse(wire))(),
            "equal": lambda: message == other,
            "copy": lambda: copy.copy(message),
            "deepcopy": lambda: copy.deepcopy(message),
            "to-json": self.dialect.to_json(message),
            "from-json": lambda: from_json(text),
        }
        if self.serialising_build is not None:
            functions["construct"] = self.serialising_build
        return functions


def _walked(shape: Shape) -> Any:
    """The descriptor by which a parsed message is read.

    The libraries bring descriptor.proto in different versions; the fields of the oldest, protobuf-src's, are in all.
    """
    if shape.message != "google.protobuf.FileDescriptorSet":
        return descriptor_of(shape.message)
    from google.protobuf.descriptor_pb2 import FileDescriptorSet
    from google.protobuf.descriptor_pool import DescriptorPool

    pool = DescriptorPool()
    for file in FileDescriptorSet.FromString(shape.wire or b"").file:
        pool.Add(file)
    return pool.FindMessageTypeByName(shape.message)


def reference(google: Google, shape: Shape) -> tuple[bytes, str]:
    """The shape as google writes it: wire bytes and JSON text."""
    case = Case(google, shape, google)
    message = case.message(shape.wire or b"")
    wire: bytes = message.SerializeToString(deterministic=True)
    return shape.wire or wire, google.to_json(message)()


def check(dialects: Sequence[Dialect], shapes: Sequence[Shape]) -> tuple[dict[Any, str], list[str]]:
    """What cannot be timed, (library, shape, operation) → why; and the disagreements that nobody knows of yet."""
    google = next(dialect for dialect in dialects if isinstance(dialect, Google))
    left_out: dict[Any, str] = {}
    errors: list[str] = []
    for shape in shapes:
        wire, text = reference(google, shape)
        for dialect in dialects:
            known = KNOWN_DIFFERENCES.get((dialect.name, shape.name), {})
            found = dict(_differences(dialect, shape, google, wire, text))
            for operation, difference in found.items():
                if operation in known:
                    left_out[dialect.name, shape.name, operation] = known[operation]
                else:
                    errors.append(f"{dialect.name}, {shape.name}, {operation}: {difference}")
            errors += (
                f"{dialect.name}, {shape.name}, {operation}: agrees now; take it off the list"
                for operation in known
                if operation not in found
            )
    return left_out, errors


def _differences(
    dialect: Dialect, shape: Shape, google: Google, wire: bytes, text: str
) -> Iterator[tuple[str, str]]:
    """(operation, what differs from google) for each operation that does not give what google gives."""
    google_class = google.message_class(shape.message)
    read_wire = google.parser(google_class)
    value = read_wire(wire)
    value_of_json = google.from_json(google_class)(text)

    def same(data: bytes) -> bool:
        # google's == looks at unknown fields, too.
        return bool(read_wire(data) == value)

    try:
        case = Case(dialect, shape, google)
        functions = case.functions(wire, text)
    except Exception as error:  # noqa: BLE001
        # A library of others may raise anything; it is reported, not hidden.
        yield from ((name, _said(error)) for name in ABOUT)
        return

    def data(message: Any) -> bytes:
        return dialect.serialiser(message)()

    checks: dict[str, Callable[[Any], bool]] = {
        "construct": same,
        "parse": lambda got: same(data(got)),
        # What a reader reads is only as good as what was parsed.
        "read": lambda got: got is None and same(data(case.parse(wire))),
        "serialise": same,
        "forward": same,
        "equal": lambda got: got is True and case.message(wire) != case.cls(),
        "copy": lambda got: same(data(got)),
        "deepcopy": lambda got: same(data(got)),
        "to-json": lambda got: bool(json.loads(got) == json.loads(text)),
        # Compared with what google reads: JSON has no unknown fields.
        "from-json": lambda got: bool(read_wire(data(got)) == value_of_json),
    }
    for name, function in functions.items():
        try:
            if not checks[name](function()):
                yield name, "the result is not equal to google's"
        except Exception as error:  # noqa: BLE001 (as above)
            yield name, _said(error)


def _said(error: Exception) -> str:
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0] if text else ''}"[:200]


def rows(
    dialects: Sequence[Dialect],
    shapes: Sequence[Shape],
    operations: Sequence[str],
    left_out: Mapping[Any, str],
    effort: Effort,
) -> Iterator[Row]:
    """Time every operation on every shape."""
    google = next(dialect for dialect in dialects if isinstance(dialect, Google))
    for shape in shapes:
        wire, text = reference(google, shape)
        made = {
            dialect.name: Case(dialect, shape, google).functions(wire, text) for dialect in dialects
        }
        for operation in operations:
            functions = {
                name: functions[operation]
                for name, functions in made.items()
                if operation in functions and (name, shape.name, operation) not in left_out
            }
            if functions:
                group = "json" if operation in JSON else "codec"
                yield time_row(group, shape.name, operation, functions, effort)
