"""What bounds our times: for an operation, what CPython's own code takes for a part of the same work. In: google, our library
and shapes. Out: rows of three times, and what the third one is of.

An operation that has to do the part cannot take less time than it does, unless by doing it better than CPython itself. Called
by `__main__`.
"""

from __future__ import annotations

import copy
import datetime
import json
import marshal
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from . import codec
from .data import Shape
from .dialects import Aristaproto, Google, descriptor_of
from .measure import Effort, Row, time_row


@dataclass
class Limit(Row):
    """A row with samples of google, aristaproto and `part`; `about` says what the part is."""

    about: str = ""


class _Dicts(Aristaproto):
    """Constructs a dict wherever a message is constructed, of the same arguments."""

    def message_class(self, full_name: str) -> Any:
        found = super().message_class(full_name)
        # Enums, and Struct, which is constructed by a method of its class.
        has_own_way = issubclass(found, int) or full_name == "google.protobuf.Struct"
        return found if has_own_way else dict


def limits(
    google: Google,
    ours: Aristaproto,
    folder: Path,
    shapes: Sequence[Shape],
    operations: Sequence[str],
    effort: Effort,
) -> Iterator[Limit]:
    """All that is known, shape by shape. `folder` holds the generated code of `ours`."""
    dicts = _Dicts(folder)
    for shape in shapes:
        wire, text = codec.reference(google, shape)
        theirs = codec.Case(google, shape, google).functions(wire, text)
        case = codec.Case(ours, shape, google)
        mine = case.functions(wire, text)
        parts: dict[str, dict[str, Callable[[], Any]]] = {}
        for operation, about, part in _parts(case, dicts, wire, text):
            if operation in operations and operation in mine and operation in theirs:
                parts.setdefault(operation, {})[about] = part
        for operation, named in parts.items():
            both = {"google": theirs[operation], "aristaproto": mine[operation]}
            row = time_row("limits", shape.name, operation, {**both, **named}, effort)
            for about in named:
                samples = {name: row.samples[name] for name in both}
                samples["part"] = row.samples[about]
                yield Limit(row.group, row.shape, row.operation, samples, row.unit, about)


def _parts(
    case: codec.Case, dicts: Aristaproto, wire: bytes, text: str
) -> Iterator[tuple[str, str, Callable[[], Any]]]:
    """(operation, what is timed, function) for each."""
    message, other = case.message(wire), case.parse(wire)
    case.read(other)
    values, others = _plain(message), _plain(other)
    data = marshal.dumps(values)
    document = json.loads(text)
    strings = [it if isinstance(it, str) else json.dumps(it) for it in _leaves(document)]
    objects, other_objects = [*_objects(message)], [*_objects(other)]
    empty = case.dialect.message_class("shapes.Small")()
    times = [it.timestamp() for it in objects if isinstance(it, datetime.datetime)]
    if case.shape.value is not None:
        build = dicts.builder(case.shape, descriptor_of(case.shape.message))
        yield "construct", "dicts of the same arguments", build
    slots = type("Slots", (), {"__slots__": [f"s{i}" for i in range(len(_names(message)))]})
    yield "parse", "an object with as many slots", slots
    yield "read", "marshal.loads of the values alone", lambda: marshal.loads(data)
    yield "read", "reading the attributes once more", lambda: case.read(other)
    if times:
        read = partial(datetime.datetime.fromtimestamp, tz=datetime.timezone.utc)
        yield "read", "datetime.fromtimestamp of the times", lambda: [*map(read, times)]
    yield "serialise", "marshal.dumps of the values alone", lambda: marshal.dumps(values)
    if case.shape.name == "floats":
        floats = message.values
        pack = struct.Struct(f"<{len(floats)}f").pack
        yield "serialise", "struct.pack of the floats", lambda: pack(*floats)
    yield "serialise", "one more reference to each object", objects.copy
    yield "equal", "== of the values alone", lambda: values == others
    yield (
        "equal",
        "one more reference to each object",
        lambda: (objects.copy(), other_objects.copy()),
    )
    yield "deepcopy", "copy.deepcopy of an empty message", lambda: copy.deepcopy(empty)
    yield "deepcopy", "marshal.dumps of the values alone", lambda: marshal.dumps(values)
    yield "deepcopy", "one more reference to each object", objects.copy
    yield "to-json", "json.dumps of the dicts", lambda: json.dumps(document)
    yield "to-json", "str.join of the finished strings", lambda: '", "'.join(strings)
    wide = "".join(it for string in strings for it in string if not it.isascii())
    if wide:
        digits = "the hexadecimal digits of the letters to escape"
        yield "to-json", digits, lambda: wide.encode("utf-16-be").hex()
    yield "from-json", "json.loads", lambda: json.loads(text)


def _plain(value: Any) -> Any:
    """The values alone, without the names of fields: a tuple for a message, and only types of Python's own."""
    fields = _fields(value)
    if fields is not None:
        return tuple(map(_plain, fields))
    if isinstance(value, list):
        return [*map(_plain, value)]  # pyright: ignore[reportUnknownArgumentType]
    if isinstance(value, dict):
        return {_plain(key): _plain(it) for key, it in value.items()}  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, datetime.datetime):
        return value.timestamp()
    if isinstance(value, datetime.timedelta):
        return value.total_seconds()
    # Members of enums are ints.
    return int(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _names(message: Any) -> list[str]:
    """The attributes of a message."""
    return [name for name in type(message).__annotations__ if not name.startswith("_")]


def _fields(value: Any) -> list[Any] | None:
    """The values of a message's fields that are not at their default; `None` for what is no message."""
    import aristaproto

    if not isinstance(value, aristaproto.Message):
        return None
    held = (getattr(value, name) for name in _names(value))
    return [it for it in held if it is not None and (it or isinstance(it, aristaproto.Message))]


def _objects(value: Any) -> Iterator[Any]:
    """All objects that a message consists of, in the order of its fields."""
    if value is None or isinstance(value, bool):
        return
    yield value
    below: Any = _fields(value)
    if isinstance(value, list):
        below = value  # pyright: ignore[reportUnknownVariableType]
    elif isinstance(value, dict):
        below = [it for entry in value.items() for it in entry]  # pyright: ignore[reportUnknownVariableType]
    for it in below or ():
        yield from _objects(it)


def _leaves(document: Any) -> Iterator[Any]:
    """The keys and scalars of what JSON text says."""
    if isinstance(document, dict):
        for key, value in document.items():  # pyright: ignore[reportUnknownVariableType]
            yield key
            yield from _leaves(value)
    elif isinstance(document, list):
        for value in document:  # pyright: ignore[reportUnknownVariableType]
            yield from _leaves(value)
    else:
        yield document
