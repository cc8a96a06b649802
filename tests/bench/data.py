"""What is measured: for each shape a message type of shapes.proto and the value it gets, the same in every run.

Values are plain Python: a dict for a message, a list, a dict for a map, and the classes below for what libraries write
in different ways. Called by `codec`, which hands them to each library's dialect.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

SEED = 20_230_901


@dataclass(frozen=True)
class Instant:
    """A google.protobuf.Timestamp: seconds since 1970 and microseconds."""

    seconds: int
    micros: int


@dataclass(frozen=True)
class Span:
    """A google.protobuf.Duration: seconds and microseconds."""

    seconds: int
    micros: int


@dataclass(frozen=True)
class Shape:
    """One kind of data.

    `message` is the full name of its type. `value` is None when the data comes as wire bytes, `wire`, which a constructor
    cannot make: unknown fields, or a set of descriptors.
    """

    name: str
    about: str
    message: str
    value: dict[str, Any] | None = None
    wire: bytes | None = None


def shapes(descriptor_set: bytes) -> list[Shape]:
    """All shapes; `descriptor_set` is the wire form of a FileDescriptorSet."""
    rng = random.Random(SEED)
    address = {"street": "1 Main Street", "city": "Springfield", "zip": 12345}
    return [
        Shape("small", "4 scalars", "shapes.Small", _small(7)),
        Shape("medium", "nested, maps, oneof", "shapes.Medium", _medium(rng, 7)),
        Shape(
            "wide",
            "200 fields, 8 set",
            "shapes.Wide",
            {
                "f1": 5,
                "f22": "set",
                "f43": 2.5,
                "f104": True,
                "f155": 1 << 40,
                "f168": 2,
                "f179": _small(3),
                "f200": [1, 2, 3],
            },
        ),
        Shape("deep", "30 levels", "shapes.Deep", _deep(30)),
        Shape(
            "text",
            "strings beyond ASCII",
            "shapes.Text",
            {
                "title": "Größenordnung — 数据序列化 — сообщение",
                "body": "Ζεῦς ἔφη: 早上好, добрый день, 😀 … " * 40,
                "lines": [f"строка {i}: 値は{i}です" for i in range(50)],
            },
        ),
        Shape(
            "floats",
            "768 packed floats",
            "shapes.Floats",
            # Of so few digits that every library writes the same ones in JSON.
            {"values": [rng.randrange(-8000, 8000) / 8 for _ in range(768)]},
        ),
        Shape(
            "ints",
            "100,000 packed int64",
            "shapes.Ints",
            {"values": [rng.randrange(1 << rng.randrange(1, 63)) for _ in range(100_000)]},
        ),
        Shape(
            "maps",
            "2 maps of 1,000",
            "shapes.Maps",
            {
                "counts": {f"key{i}": i * 3 for i in range(1000)},
                "smalls": {i * 7: _small(i + 1) for i in range(1000)},
            },
        ),
        Shape(
            "well-known",
            "timestamps, a duration, wrappers",
            "shapes.WellKnown",
            {
                "created": Instant(1_690_000_000, 123_456),
                "elapsed": Span(90, 250_000),
                "count": 12,
                "comment": "wrapped",
                "events": [Instant(1_700_000_000 + i, 1000 * i) for i in range(20)],
            },
        ),
        Shape(
            "struct",
            "a Struct of 100 keys",
            "shapes.WellKnown",
            {"settings": _struct(rng, 100)},
        ),
        Shape(
            "batch",
            "1,000 nested messages",
            "shapes.Batch",
            {"items": [_medium(rng, i) for i in range(1000)]},
        ),
        Shape(
            "unknown",
            "fields the type does not know",
            "shapes.Narrow",
            wire=_unknown_fields(address),
        ),
        Shape(
            "descriptors",
            "protobuf's own protos as a FileDescriptorSet",
            "google.protobuf.FileDescriptorSet",
            wire=descriptor_set,
        ),
    ]


def _small(index: int) -> dict[str, Any]:
    return {"id": index, "name": f"name of {index}", "active": True, "score": index / 4 + 0.5}


def _address(rng: random.Random) -> dict[str, Any]:
    street = rng.choice(("Main Street", "High Street", "Station Road", "Park Avenue"))
    return {
        "street": f"{rng.randrange(1, 400)} {street}",
        "city": rng.choice(("Berlin", "Springfield", "Lyon", "Osaka")),
        "zip": rng.randrange(10_000, 99_999),
    }


def _medium(rng: random.Random, index: int) -> dict[str, Any]:
    contact = (
        {"email": f"user{index}@example.com"},
        {"phone": 4_930_000_000 + index},
        {"letter": _address(rng)},
    )[index % 3]
    return {
        "name": f"user number {index}",
        "age": rng.randrange(1, 90),
        "id": rng.randrange(1, 1 << 50),
        "flags": rng.randrange(1, 1 << 20),
        "offset": -rng.randrange(1, 1 << 30),
        "hash": rng.randrange(1, 1 << 64),
        "ratio": rng.randrange(1, 64) / 64,
        "weight": rng.randrange(1, 10_000) / 8,
        "active": True,
        "token": rng.randbytes(16),
        "color": 1 + index % 2,
        "home": _address(rng),
        "others": [_address(rng) for _ in range(3)],
        "tags": [f"tag{rng.randrange(100)}" for _ in range(5)],
        "numbers": [rng.randrange(1 << 20) for _ in range(10)],
        "labels": {f"label{i}": f"value{rng.randrange(1000)}" for i in range(5)},
        "by_id": {i * 100 + 1: _address(rng) for i in range(3)},
        **contact,
        "note": "",
    }


def _deep(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {"level": levels, "name": f"level {levels}"}
    for level in range(levels - 1, 0, -1):
        value = {"level": level, "name": f"level {level}", "child": value}
    return value


def _struct(rng: random.Random, keys: int) -> dict[str, Any]:
    def value(index: int) -> Any:
        kinds: list[Any] = [
            rng.randrange(10_000) / 8,
            f"value {index}",
            index % 2 == 0,
            None,
            [0.5, "item", True],
            {"nested": f"value {index}"},
        ]
        return kinds[index % len(kinds)]

    return {f"setting{i}": value(i) for i in range(keys)}


def _unknown_fields(address: dict[str, Any]) -> bytes:
    """A Narrow with its one field, and fields of other numbers: varints, text, a nested message, a fixed64."""

    def tag(number: int, wire_type: int) -> bytes:
        key = number << 3 | wire_type
        return bytes((key,)) if key < 128 else bytes((key & 127 | 128, key >> 7))

    def text(number: int, value: bytes) -> bytes:
        return tag(number, 2) + bytes((len(value),)) + value

    street = text(1, str(address["street"]).encode()) + text(2, str(address["city"]).encode())
    parts = [text(1, b"known")]
    for number in range(2, 32):
        parts.append(tag(number, 0) + b"\x96\x01")
        parts.append(text(number + 40, b"text of an unknown field"))
        parts.append(text(number + 80, street))
        parts.append(tag(number + 120, 1) + bytes(range(8)))
    return b"".join(parts)
