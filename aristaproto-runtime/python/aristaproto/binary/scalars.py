"""Scalars on the wire: one reader and one writer for each type.

A reader takes (data, position, end, budget) and gives the value and the position behind it; a writer takes a value
and gives its bytes, or raises `EncodeError`. `decode` and `encode` put them to work.
"""

from __future__ import annotations

import struct
from operator import index, ne

from ..base.errors import DecodeError, EncodeError, describe
from ..base.numbers import truth
from ..base.wire import ONE_BYTE, WIRE_I32, WIRE_I64, WIRE_LEN, WIRE_SGROUP, WIRE_VARINT, varint
from ..schema.fields import (
    INT_RANGES,
    TYPE_BOOL,
    TYPE_BYTES,
    TYPE_DOUBLE,
    TYPE_ENUM,
    TYPE_FIXED32,
    TYPE_FIXED64,
    TYPE_FLOAT,
    TYPE_GROUP,
    TYPE_INT32,
    TYPE_INT64,
    TYPE_MESSAGE,
    TYPE_NAMES,
    TYPE_SFIXED32,
    TYPE_SFIXED64,
    TYPE_SINT32,
    TYPE_SINT64,
    TYPE_STRING,
    TYPE_UINT32,
    TYPE_UINT64,
    Field,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ..base.budget import Budget

    Read = Callable[[bytes, int, int, Budget], tuple[Any, int]]
    Write = Callable[[Any], bytes]

MASK_32 = 2**32 - 1
MASK_64 = 2**64 - 1

WIRE_TYPES = dict.fromkeys(TYPE_NAMES, WIRE_VARINT)
WIRE_TYPES.update(dict.fromkeys((TYPE_FIXED64, TYPE_SFIXED64, TYPE_DOUBLE), WIRE_I64))
WIRE_TYPES.update(dict.fromkeys((TYPE_FIXED32, TYPE_SFIXED32, TYPE_FLOAT), WIRE_I32))
WIRE_TYPES.update(dict.fromkeys((TYPE_STRING, TYPE_BYTES, TYPE_MESSAGE), WIRE_LEN))
WIRE_TYPES[TYPE_GROUP] = WIRE_SGROUP

# struct codes of the types with a fixed width.
FIXED = {
    TYPE_DOUBLE: "d",
    TYPE_FLOAT: "f",
    TYPE_FIXED64: "Q",
    TYPE_SFIXED64: "q",
    TYPE_FIXED32: "I",
    TYPE_SFIXED32: "i",
}


def read_tag(data: bytes, pos: int) -> tuple[int, int]:
    tag, after = read_varint(data, pos)
    if after - pos > 5 or tag > MASK_32:
        raise DecodeError("expected a tag of at most 32 bits, got a longer one")
    return tag, after


def read_varint(data: bytes, pos: int) -> tuple[int, int]:
    value = data[pos]
    pos += 1
    if value < 128:
        return value, pos
    value &= 127
    shift = 7
    while shift < 70:
        byte = data[pos]
        pos += 1
        if byte < 128:
            return (value | byte << shift) & MASK_64, pos
        value |= (byte & 127) << shift
        shift += 7
    raise DecodeError("expected a varint of at most 10 bytes, got a longer one")


def span(data: bytes, pos: int, end: int) -> tuple[int, int]:
    """Start and end of a length-delimited value."""
    length = data[pos]
    pos += 1
    if length > 127:
        length, pos = read_varint(data, pos - 1)
    if length > end - pos:
        if pos > end:
            # As for a length that the data cut.
            raise IndexError
        raise DecodeError(f"expected {length} bytes, got {end - pos}")
    return pos, pos + length


def _read_uint64(data: bytes, pos: int, end: int, budget: Budget) -> tuple[int, int]:
    value = data[pos]
    if value < 128:
        return value, pos + 1
    return read_varint(data, pos)


def _read_uint32(data: bytes, pos: int, end: int, budget: Budget) -> tuple[int, int]:
    value = data[pos]
    if value < 128:
        return value, pos + 1
    value, pos = read_varint(data, pos)
    return value & MASK_32, pos


def read_int32(data: bytes, pos: int, end: int, budget: Budget) -> tuple[int, int]:
    value = data[pos]
    if value < 128:
        return value, pos + 1
    value, pos = read_varint(data, pos)
    return ((value & MASK_32) ^ 2**31) - 2**31, pos


def _read_int64(data: bytes, pos: int, end: int, budget: Budget) -> tuple[int, int]:
    value = data[pos]
    if value < 128:
        return value, pos + 1
    value, pos = read_varint(data, pos)
    return (value ^ 2**63) - 2**63, pos


def _read_sint32(data: bytes, pos: int, end: int, budget: Budget) -> tuple[int, int]:
    value, pos = read_varint(data, pos)
    value &= MASK_32
    return value >> 1 ^ -(value & 1), pos


def _read_sint64(data: bytes, pos: int, end: int, budget: Budget) -> tuple[int, int]:
    value, pos = read_varint(data, pos)
    return value >> 1 ^ -(value & 1), pos


def _read_bool(data: bytes, pos: int, end: int, budget: Budget) -> tuple[bool, int]:
    value, pos = read_varint(data, pos)
    return value != 0, pos


def _read_bytes(data: bytes, pos: int, end: int, budget: Budget) -> tuple[bytes, int]:
    pos, stop = span(data, pos, end)
    return data[pos:stop], stop


def _read_string(data: bytes, pos: int, end: int, budget: Budget) -> tuple[str, int]:
    pos, stop = span(data, pos, end)
    try:
        return data[pos:stop].decode(), stop
    except UnicodeDecodeError as error:
        raise DecodeError(
            f"expected UTF-8, got byte 0x{data[pos + error.start]:02x} at offset {error.start} of the string"
        ) from None


def _read_unchecked_string(data: bytes, pos: int, end: int, budget: Budget) -> tuple[str, int]:
    # What is no UTF-8 becomes surrogate escapes, which `_write_unchecked_string` turns back.
    pos, stop = span(data, pos, end)
    return data[pos:stop].decode("utf-8", "surrogateescape"), stop


_READ: dict[int, Read] = {
    TYPE_INT64: _read_int64,
    TYPE_UINT64: _read_uint64,
    TYPE_INT32: read_int32,
    TYPE_UINT32: _read_uint32,
    TYPE_SINT32: _read_sint32,
    TYPE_SINT64: _read_sint64,
    TYPE_BOOL: _read_bool,
    TYPE_BYTES: _read_bytes,
}


quiet = (1.0).__mul__
"""Sets the bit by which a signalling NaN becomes a quiet one, as hardware does when it converts a float to a double.
`struct` does not on CPython 3.14 and later."""


def _fixed_reader(type_: int) -> Read:
    unpack = struct.Struct("<" + FIXED[type_])
    unpack_from, size = unpack.unpack_from, unpack.size

    if type_ == TYPE_FLOAT:

        def read_float(data: bytes, pos: int, end: int, budget: Budget) -> tuple[Any, int]:
            return quiet(unpack_from(data, pos)[0]), pos + size

        return read_float

    def read(data: bytes, pos: int, end: int, budget: Budget) -> tuple[Any, int]:
        return unpack_from(data, pos)[0], pos + size

    return read


def _enum_reader(field: Field) -> Read:
    cls: Any = field.enum
    member = cls._value2member_map_.get

    def read(data: bytes, pos: int, end: int, budget: Budget) -> tuple[Any, int]:
        value, pos = read_int32(data, pos, end, budget)
        found = member(value)
        return (cls(value) if found is None else found), pos

    return read


def scalar_reader(field: Field) -> Read:
    if field.enum is not None:
        return _enum_reader(field)
    if field.type == TYPE_STRING:
        return _read_string if field.utf8 else _read_unchecked_string
    if field.type in FIXED:
        return _fixed_reader(field.type)
    return _READ[field.type]


def _expected(type_: int) -> str:
    low, high = INT_RANGES[type_]
    return f"{TYPE_NAMES[type_]} ({low} to {high})"


def _as_int(value: Any, type_: int) -> int:
    try:
        return index(value)
    except TypeError:
        raise EncodeError(f"expected {_expected(type_)}, got {describe(value)}") from None


def _int_writer(type_: int) -> Write:
    low, high = INT_RANGES[type_]
    zigzag = type_ in (TYPE_SINT32, TYPE_SINT64)

    def write(value: Any) -> bytes:
        number: int = value if value.__class__ is int else _as_int(value, type_)
        if not low <= number <= high:
            raise EncodeError(f"expected {_expected(type_)}, got {describe(value)}")
        if zigzag:
            return varint(number << 1 if number >= 0 else ~(number << 1))
        if 0 <= number < 128:
            return ONE_BYTE[number]
        return varint(number & MASK_64)

    return write


def _fixed_writer(type_: int) -> Write:
    pack = struct.Struct("<" + FIXED[type_]).pack
    expected = _expected(type_) if type_ in INT_RANGES else TYPE_NAMES[type_]
    is_float = type_ == TYPE_FLOAT

    def write(value: Any) -> bytes:
        try:
            if is_float and ne(value, value):
                value = quiet(value)
            return pack(value)
        except (struct.error, OverflowError, TypeError, ValueError):
            # NumPy's arrays raise ValueError for whether they differ.
            raise EncodeError(f"expected {expected}, got {describe(value)}") from None

    return write


def _write_bool(value: Any) -> bytes:
    if value is True:
        return b"\x01"
    if value is False:
        return b"\x00"
    held = truth(value)
    if held is None:
        raise EncodeError(f"expected bool, got {describe(value)}")
    return ONE_BYTE[held]


def _write_string(value: Any) -> bytes:
    if value.__class__ is not str and not isinstance(value, str):
        raise EncodeError(f"expected string, got {describe(value)}")
    try:
        data = value.encode()
    except UnicodeEncodeError as error:
        raise EncodeError(
            f"expected text without lone surrogates, got {value[error.start]!a} at position {error.start}"
        ) from None
    return varint(len(data)) + data


def _write_unchecked_string(value: Any) -> bytes:
    if not isinstance(value, str):
        raise EncodeError(f"expected string, got {describe(value)}")
    try:
        data = value.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise EncodeError(
            f"expected text without lone surrogates, got {value[error.start]!a} at position {error.start}"
        ) from None
    return varint(len(data)) + data


_BYTES_TYPES: Any = (bytes, bytearray, memoryview)


def _write_bytes(value: Any) -> bytes:
    if value.__class__ is not bytes and not isinstance(value, _BYTES_TYPES):
        raise EncodeError(f"expected bytes, got {describe(value)}")
    try:
        data = bytes(value)
    except ValueError as error:  # a view that was released
        raise EncodeError(f"expected bytes, got {describe(value)} ({error})") from None
    return varint(len(data)) + data


_WRITE: dict[int, Write] = {
    TYPE_BOOL: _write_bool,
    TYPE_BYTES: _write_bytes,
    TYPE_STRING: _write_string,
    **{type_: _fixed_writer(type_) for type_ in FIXED},
    **{type_: _int_writer(type_) for type_ in INT_RANGES if type_ not in FIXED},
}


def scalar_writer(field: Field) -> Write:
    if field.type == TYPE_STRING and not field.utf8:
        return _write_unchecked_string
    if field.enum is not None and field.enum.__closed__:
        return _closed_enum_writer(field.enum)
    return _WRITE[field.type]


def _closed_enum_writer(cls: Any) -> Write:
    write_int = _WRITE[TYPE_ENUM]
    members = cls._value2member_map_

    def write(value: Any) -> bytes:
        data = write_int(value)
        if value not in members:
            raise EncodeError(
                f"expected a member of the closed enum {cls.__name__}, got {describe(value)}"
            )
        return data

    return write
