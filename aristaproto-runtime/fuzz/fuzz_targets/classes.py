"""Classes with fields of every kind, and how two outcomes are compared. What the harnesses have in common."""

from __future__ import annotations

import gc
from typing import Any

import aristaproto
from aristaproto import codec

assert codec.NATIVE is not None


class Open(aristaproto.Enum):
    ZERO = 0
    ONE = 1
    FAR = 1000


class Closed(aristaproto.Enum, closed=True):
    LOW = -1
    HIGH = 7


class Every(aristaproto.Message):
    double: float = aristaproto.field(1, aristaproto.TYPE_DOUBLE)
    single: float = aristaproto.field(2, aristaproto.TYPE_FLOAT)
    int64: int = aristaproto.field(3, aristaproto.TYPE_INT64)
    uint64: int | None = aristaproto.field(4, aristaproto.TYPE_UINT64, optional=True)
    int32: int | None = aristaproto.field(5, aristaproto.TYPE_INT32, oneof="kind")
    text: str | None = aristaproto.field(6, aristaproto.TYPE_STRING, oneof="kind")
    below: Every | None = aristaproto.field(7, aristaproto.TYPE_MESSAGE, "Every", oneof="kind")
    bool: bool = aristaproto.field(8, aristaproto.TYPE_BOOL)
    string: str = aristaproto.field(9, aristaproto.TYPE_STRING)
    group: Many | None = aristaproto.field(10, aristaproto.TYPE_GROUP, "Many")
    message: Every | None = aristaproto.field(11, aristaproto.TYPE_MESSAGE, "Every")
    bytes: bytes = aristaproto.field(12, aristaproto.TYPE_BYTES)
    open: Open = aristaproto.field(13, aristaproto.TYPE_ENUM, "Open")
    closed: Closed | None = aristaproto.field(14, aristaproto.TYPE_ENUM, "Closed", optional=True)
    strict: Strict | None = aristaproto.field(15, aristaproto.TYPE_MESSAGE, "Strict")
    host: Host | None = aristaproto.field(16, aristaproto.TYPE_MESSAGE, "Host")
    time: Any = aristaproto.field(17, aristaproto.TYPE_MESSAGE, "aristaproto.wkt:Timestamp")
    span: Any = aristaproto.field(18, aristaproto.TYPE_MESSAGE, "aristaproto.wkt:Duration")
    wrapped: str | None = aristaproto.field(
        19, aristaproto.TYPE_MESSAGE, "aristaproto.wkt:StringValue"
    )
    struct: Any = aristaproto.field(20, aristaproto.TYPE_MESSAGE, "aristaproto.wkt:Struct")
    loose: str = aristaproto.field(21, aristaproto.TYPE_STRING, utf8=False)
    mask: Any = aristaproto.field(22, aristaproto.TYPE_MESSAGE, "aristaproto.wkt:FieldMask")
    any: Any = aristaproto.field(23, aristaproto.TYPE_MESSAGE, "aristaproto.wkt:Any")
    null: Any = aristaproto.field(24, aristaproto.TYPE_ENUM, "aristaproto.wkt:NullValue")


class Many(aristaproto.Message):
    doubles: list[float] = aristaproto.field(1, aristaproto.TYPE_DOUBLE, repeated=True)
    fixed: list[int] = aristaproto.field(2, aristaproto.TYPE_FIXED32, repeated=True)
    zigzag: list[int] = aristaproto.field(3, aristaproto.TYPE_SINT64, repeated=True)
    closed: list[Closed] = aristaproto.field(4, aristaproto.TYPE_ENUM, "Closed", repeated=True)
    open: list[Open] = aristaproto.field(
        5, aristaproto.TYPE_ENUM, "Open", repeated=True, packed=False
    )
    strings: list[str] = aristaproto.field(6, aristaproto.TYPE_STRING, repeated=True)
    every: list[Every] = aristaproto.field(7, aristaproto.TYPE_MESSAGE, "Every", repeated=True)
    groups: list[Many] = aristaproto.field(8, aristaproto.TYPE_GROUP, "Many", repeated=True)
    counts: dict[int, int] = aristaproto.map_field(
        9, aristaproto.TYPE_INT32, aristaproto.TYPE_UINT64
    )
    named: dict[str, Every] = aristaproto.map_field(
        10, aristaproto.TYPE_STRING, aristaproto.TYPE_MESSAGE, "Every"
    )
    picked: dict[bool, Closed] = aristaproto.map_field(
        11, aristaproto.TYPE_BOOL, aristaproto.TYPE_ENUM, "Closed"
    )
    times: list[Any] = aristaproto.field(
        12, aristaproto.TYPE_MESSAGE, "aristaproto.wkt:Timestamp", repeated=True
    )
    spans: dict[str, Any] = aristaproto.map_field(
        13, aristaproto.TYPE_STRING, aristaproto.TYPE_MESSAGE, "aristaproto.wkt:Duration"
    )
    strict: dict[str, Strict] = aristaproto.map_field(
        14, aristaproto.TYPE_STRING, aristaproto.TYPE_MESSAGE, "Strict"
    )
    far: list[bool] = aristaproto.field(5000, aristaproto.TYPE_BOOL, repeated=True)


class Strict(aristaproto.Message):
    key: int | None = aristaproto.field(1, aristaproto.TYPE_INT32, required=True)
    pick: Closed | None = aristaproto.field(2, aristaproto.TYPE_ENUM, "Closed", required=True)
    below: Strict | None = aristaproto.field(3, aristaproto.TYPE_MESSAGE, "Strict")


class Host(aristaproto.Message, extendable=True):
    name: str | None = aristaproto.field(1, aristaproto.TYPE_STRING, optional=True)
    items: Set | None = aristaproto.field(2, aristaproto.TYPE_MESSAGE, "Set")


class Set(aristaproto.Message, message_set=True):
    pass


EXTENSIONS = {
    "number": aristaproto.extension("fuzz.number", "fuzz.Host", 100, aristaproto.TYPE_INT32),
    "numbers": aristaproto.extension(
        "fuzz.numbers", "fuzz.Host", 101, aristaproto.TYPE_SINT64, repeated=True
    ),
    "every": aristaproto.extension("fuzz.every", "fuzz.Host", 102, aristaproto.TYPE_MESSAGE, Every),
    "group": aristaproto.extension("fuzz.group", "fuzz.Host", 103, aristaproto.TYPE_GROUP, Strict),
    "colour": aristaproto.extension("fuzz.colour", "fuzz.Host", 104, aristaproto.TYPE_ENUM, Closed),
    "item": aristaproto.extension("fuzz.item", "fuzz.Set", 4, aristaproto.TYPE_MESSAGE, Many),
}
POOL = aristaproto.MessagePool()
POOL.register("fuzz", {"Host": Host, "Set": Set, **EXTENSIONS})

CLASSES: list[Any] = [Every, Many, Strict, Host, Set]


def outcome(function: Any, *arguments: Any) -> tuple[str, Any]:
    try:
        return "value", function(*arguments)
    except aristaproto.Error as error:
        return type(error).__name__, error.path


def same(one: tuple[str, Any], other: tuple[str, Any]) -> bool:
    assert one[0] == other[0], (one, other)
    if one[0] != "value":
        assert one[1] == other[1], (one, other)
        return False
    assert repr(one[1]) == repr(other[1]), (one, other)
    assert one[1]._unknown_fields == other[1]._unknown_fields, (one, other)
    assert one[1] == other[1], (one, other)
    return True


# Every allocation is a chance for the collector to meet a message that is not finished.
gc.set_threshold(50)
