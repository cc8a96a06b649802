"""Random instances of any message class, extensions included.

In: a class and a source of randomness. Out: a message that every format can carry. For the round trips of this folder.
"""

from __future__ import annotations

import math
import struct
from random import Random
from typing import Any, cast

import aristaproto
from aristaproto import wkt
from aristaproto.schema.fields import INT_RANGES, Field

# The largest float but one: JSON writes the largest so that google's parser takes it for too large.
EDGES = {
    1: (0.0, -0.0, 1.5, 1e300, 5e-324, math.inf, -math.inf, math.nan),
    2: (0.0, -0.0, 1.5, 3.4028232635611926e38, 1.401298464324817e-45, math.inf, math.nan),
}
TEXTS = ("", "a", "ä\u20ac\U0001f600", "line\nbreak\t\"quote\" 'single' \\ \x00\x7f", "x" * 200)
BYTES = (b"", b"\x00", b"abc", bytes(range(256)))


class Endless(Exception):
    """A message that requires itself, so that none of its class can be whole."""


def filled(
    random: Random,
    cls: type[aristaproto.Message],
    pool: aristaproto.MessagePool,
    *,
    depth: int = 2,
    density: float = 0.5,
) -> Any:
    """A message whose fields are each set with probability `density`; below `depth`, messages are left out."""
    if depth < -2:
        raise Endless(cls.__name__)
    special = _SPECIAL.get(cls.__schema__.full_name)
    if special is not None:
        return special(random, cls)
    message = cls.__schema__.new()
    for field in _fields(cls, pool):
        element = field.value if field.value is not None else field
        if not field.required:
            if depth <= 0 and element.message is not None:
                continue
            if random.random() >= density:
                continue
        field.assign(message, _content(random, field, pool, depth, density))
    return message


def _fields(cls: type[aristaproto.Message], pool: aristaproto.MessagePool) -> list[Field]:
    schema = cls.__schema__
    fields = list(schema.fields)
    if schema.full_name.startswith("google.protobuf."):
        # The well-known types have fields that the files of protoc 27.1 do not know yet.
        known = {field.number for field in aristaproto.descriptor(cls).fields}
        fields = [field for field in fields if field.number in known]
    if schema.extendable:
        fields += [
            extension.field
            for (extendee, _), extension in pool._extensions.items()  # pyright: ignore[reportPrivateUsage]
            if extendee == schema.full_name
        ]
    return fields


def _content(
    random: Random, field: Field, pool: aristaproto.MessagePool, depth: int, density: float
) -> Any:
    if field.key is not None and field.value is not None:
        keys = [
            _value(random, field.key, pool, depth, density) for _ in range(random.randint(1, 2))
        ]
        return {key: _value(random, field.value, pool, depth, density) for key in keys}
    if field.repeated:
        return [_value(random, field, pool, depth, density) for _ in range(random.randint(1, 3))]
    return _value(random, field, pool, depth, density)


def _value(
    random: Random, field: Field, pool: aristaproto.MessagePool, depth: int, density: float
) -> Any:
    if field.message is not None:
        made = filled(random, field.message, pool, depth=depth - 1, density=density)
        return made.to_wrapped() if field.wrapped else made
    if field.enum is not None:
        if field.enum is wkt.NullValue:
            # JSON and Value know no other null.
            return wkt.NullValue.NULL_VALUE
        if field.enum.__closed__ or random.random() < 0.8:
            return random.choice(list(field.enum))
        return field.enum(random.randint(-(2**31), 2**31 - 1))
    if field.type in INT_RANGES:
        low, high = INT_RANGES[field.type]
        return random.choice((0, 1, low, high, random.randint(low, high)))
    if field.type in EDGES:
        if random.random() < 0.5:
            return random.choice(EDGES[field.type])
        value = random.uniform(-1e6, 1e6)
        return struct.unpack("<f", struct.pack("<f", value))[0] if field.type == 2 else value
    if field.type == aristaproto.TYPE_BOOL:
        return random.random() < 0.5
    return random.choice(TEXTS if field.type == aristaproto.TYPE_STRING else BYTES)


def _timestamp(random: Random, cls: Any) -> Any:
    return cls(seconds=random.randint(-62135596800, 253402300799), nanos=_nanos(random))


def _duration(random: Random, cls: Any) -> Any:
    sign = random.choice((1, -1))
    return cls(seconds=sign * random.randint(0, 315576000000 - 1), nanos=sign * _nanos(random))


def _nanos(random: Random) -> int:
    return random.choice((0, 1, 999_999_999, 1_000, 500_000_000, random.randint(0, 999_999_999)))


def _json(random: Random, depth: int = 2) -> object:
    kind = random.randint(0, 5 if depth else 3)
    if kind == 4:
        return [_json(random, depth - 1) for _ in range(random.randint(0, 2))]
    if kind == 5:
        return {random.choice(TEXTS): _json(random, depth - 1) for _ in range(random.randint(0, 1))}
    return (None, random.choice(TEXTS), random.random() < 0.5, random.uniform(-1e6, 1e6))[kind]


def _value_message(random: Random, cls: Any) -> Any:
    return cls.from_dict(_json(random))


def _struct(random: Random, cls: Any) -> Any:
    return cls.from_dict({random.choice(TEXTS): _json(random) for _ in range(random.randint(0, 1))})


def _list(random: Random, cls: Any) -> Any:
    return cls.from_dict([_json(random) for _ in range(random.randint(0, 2))])


def _mask(random: Random, cls: Any) -> Any:
    return cls(paths=random.sample(["a", "foo_bar", "a.b_c.d", "x1"], random.randint(0, 3)))


def _any(random: Random, cls: Any) -> Any:
    content = random.choice(
        (wkt.Int32Value(value=random.randint(-5, 5)), _duration(random, wkt.Duration), wkt.Empty())
    )
    return cls.pack(cast("aristaproto.Message", content))


_SPECIAL = {
    "google.protobuf.Any": _any,
    "google.protobuf.Duration": _duration,
    "google.protobuf.FieldMask": _mask,
    "google.protobuf.ListValue": _list,
    "google.protobuf.Struct": _struct,
    "google.protobuf.Timestamp": _timestamp,
    "google.protobuf.Value": _value_message,
}
"""The messages not all of whose values mean something."""
