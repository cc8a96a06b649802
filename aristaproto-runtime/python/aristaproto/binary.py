"""The binary codec: messages to wire bytes and back, driven by the schema.

`encode(message)` and `decode(message, data)` are called through `codec`. For each class a `_Codec` is
compiled once: a reader for each tag and a writer for each field.
See https://protobuf.dev/programming-guides/encoding/.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from operator import index
from typing import TYPE_CHECKING, Any

from .budget import Budget
from .errors import DecodeError, EncodeError, Error, describe
from .schema import (
    PACKABLE,
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
    Schema,
)
from .wire import (
    WIRE_EGROUP,
    WIRE_I32,
    WIRE_I64,
    WIRE_LEN,
    WIRE_SGROUP,
    WIRE_VARINT,
    encode_varint,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Buffer

    from .message import Message

    # (data, position, end, budget) -> (value, position behind it)
    Read = Callable[[bytes, int, int, Budget], tuple[Any, int]]
    # (message, data, position, end, budget) -> position behind the value
    ReadField = Callable[[Any, bytes, int, int, Budget], int]
    # As ReadField for values that may turn out to be unknown: (message, data, start of the record, position, end,
    # budget, records of unknown fields) -> position behind the value
    ReadClosed = Callable[[Any, bytes, int, int, int, Budget, list[bytes]], int]
    # (value) -> wire bytes without tag
    Write = Callable[[Any], bytes]
    # (message, output, budget)
    WriteField = Callable[[Any, bytearray, Budget], None]

__all__ = ("check_required", "decode", "encode", "missing_required")

_MASK_32 = 2**32 - 1
_MASK_64 = 2**64 - 1
_BYTES = [bytes((value,)) for value in range(128)]

_WIRE_TYPES = dict.fromkeys(TYPE_NAMES, WIRE_VARINT)
_WIRE_TYPES.update(dict.fromkeys((TYPE_FIXED64, TYPE_SFIXED64, TYPE_DOUBLE), WIRE_I64))
_WIRE_TYPES.update(dict.fromkeys((TYPE_FIXED32, TYPE_SFIXED32, TYPE_FLOAT), WIRE_I32))
_WIRE_TYPES.update(dict.fromkeys((TYPE_STRING, TYPE_BYTES, TYPE_MESSAGE), WIRE_LEN))
_WIRE_TYPES[TYPE_GROUP] = WIRE_SGROUP

# struct codes of the types with a fixed width.
_FIXED = {
    TYPE_DOUBLE: "d",
    TYPE_FLOAT: "f",
    TYPE_FIXED64: "Q",
    TYPE_SFIXED64: "q",
    TYPE_FIXED32: "I",
    TYPE_SFIXED32: "i",
}

_RANGES = {
    TYPE_INT32: (-(2**31), 2**31 - 1),
    TYPE_SINT32: (-(2**31), 2**31 - 1),
    TYPE_SFIXED32: (-(2**31), 2**31 - 1),
    TYPE_ENUM: (-(2**31), 2**31 - 1),
    TYPE_INT64: (-(2**63), 2**63 - 1),
    TYPE_SINT64: (-(2**63), 2**63 - 1),
    TYPE_SFIXED64: (-(2**63), 2**63 - 1),
    TYPE_UINT32: (0, 2**32 - 1),
    TYPE_FIXED32: (0, 2**32 - 1),
    TYPE_UINT64: (0, 2**64 - 1),
    TYPE_FIXED64: (0, 2**64 - 1),
}


class _Codec:
    """What is compiled for one class; kept in `Schema.binary`."""

    __slots__ = ("closed", "readers", "schema", "writers")

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.readers: dict[int, ReadField] = {}
        self.closed: dict[int, ReadClosed] = {}
        for field in schema.fields:
            _compile_readers(self, field)
        self.writers: list[tuple[Field, WriteField]] = [
            (field, _compile_writer(field)) for field in schema.ordered
        ]


def _codec(schema: Schema) -> _Codec:
    codec: _Codec | None = schema.binary
    if codec is None:
        codec = schema.binary = _Codec(schema)
    return codec


# -- entry points ----------------------------------------------------------------------------------------


def encode(message: Message) -> bytes:
    """Wire bytes of a message. `EncodeError` with the path of a value that its field cannot carry."""
    schema = type(message).__schema__
    if schema.needs_check:
        check_required(message, EncodeError)
    budget = Budget()
    out = bytearray()
    try:
        _encode_fields(_codec(schema), message, out, budget)
    except RecursionError:
        raise EncodeError(
            "expected fewer levels of messages, got more than Python's stack holds"
        ) from None
    if len(out) > budget.limits.size:
        raise EncodeError(f"expected at most {budget.limits.size} bytes, got {len(out)}")
    return bytes(out)


def decode(message: Message, data: Buffer) -> None:
    """Read wire bytes into a message, as one more occurrence of it.

    `DecodeError` when they are truncated, malformed or beyond a limit; the message is then half-read.
    """
    if data.__class__ is not bytes:
        data = bytes(memoryview(data))
    budget = Budget()
    size = len(data)  # type: ignore[arg-type]
    if size > budget.limits.size:
        raise DecodeError(f"expected at most {budget.limits.size} bytes, got {size}")
    schema = type(message).__schema__
    try:
        _decode_fields(_codec(schema), message, data, 0, size, budget, 0)  # type: ignore[arg-type]
    except RecursionError:
        raise DecodeError(
            "expected fewer levels of messages, got more than Python's stack holds"
        ) from None
    if schema.needs_check:
        check_required(message, DecodeError)


def check_required(message: Message, error: type[Error]) -> None:
    """Raise `error` with the path of the first required field that is not set, here or below."""
    missing = missing_required(message)
    if missing is not None:
        found = error("expected a value of a required field, got none")
        for step in missing:
            found.at(step)
        raise found


def missing_required(message: Any) -> list[str | int] | None:
    """Path, innermost step first, of the first required field that is not set; None when all are."""
    schema: Schema = type(message).__schema__
    if not schema.needs_check:
        return None
    for field in schema.fields:
        value = field.get(message)
        if value is None:
            if field.required:
                return [field.name]
            continue
        cls = field.value.message if field.value is not None else field.message
        if cls is None or not cls.__schema__.needs_check:
            continue
        if field.is_map:
            below: Any = ((f"[{key!r}]", item) for key, item in value.items())
        elif field.repeated:
            below = enumerate(value)
        else:
            found = missing_required(value)
            if found is not None:
                return [*found, field.name]
            continue
        for step, item in below:
            found = missing_required(item)
            if found is not None:
                return [*found, step, field.name]
    return None


# -- decoding --------------------------------------------------------------------------------------------


def _decode_fields(
    codec: _Codec, message: Any, data: bytes, pos: int, end: int, budget: Budget, end_tag: int
) -> int:
    """Read records up to `end`, or up to `end_tag` for a group; returns the position behind them."""
    read_field = codec.readers.get
    unknown: list[bytes] = []
    tag = 0
    try:
        while pos < end:
            start = pos
            tag = data[pos]
            pos += 1
            if tag > 127:
                tag = 0
                tag, pos = _read_tag(data, start)
            read = read_field(tag)
            if read is not None:
                pos = read(message, data, pos, end, budget)
                continue
            closed = codec.closed.get(tag)
            if closed is not None:
                pos = closed(message, data, start, pos, end, budget, unknown)
            elif tag & 7 == WIRE_EGROUP and tag == end_tag:
                break
            else:
                pos = _skip(data, pos, end, tag, budget.depth)
                unknown.append(data[start:pos])
        else:
            if end_tag:
                tag = 0
                raise DecodeError(
                    f"expected the end of group {end_tag >> 3}, got the end of the data"
                )
        if pos > end:
            raise DecodeError(f"expected {pos - end} more bytes, got the end of the data")
    except DecodeError as error:
        field = codec.schema.by_number.get(tag >> 3)
        if field is not None:
            error.at(field.name)
        raise
    except (IndexError, struct.error):
        error = DecodeError("expected more bytes, got the end of the data")
        field = codec.schema.by_number.get(tag >> 3)
        if field is not None:
            error.at(field.name)
        raise error from None
    if unknown:
        message._unknown_fields += b"".join(unknown)
    return pos


def _read_tag(data: bytes, pos: int) -> tuple[int, int]:
    tag, after = _read_varint(data, pos)
    if after - pos > 5 or tag > _MASK_32:
        raise DecodeError("expected a tag of at most 32 bits, got a longer one")
    return tag, after


def _read_varint(data: bytes, pos: int) -> tuple[int, int]:
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
            return (value | byte << shift) & _MASK_64, pos
        value |= (byte & 127) << shift
        shift += 7
    raise DecodeError("expected a varint of at most 10 bytes, got a longer one")


def _skip(data: bytes, pos: int, end: int, tag: int, depth: int) -> int:
    """Position behind the value of an unknown field, whose tag has been read."""
    wire_type = tag & 7
    if tag < 8:
        raise DecodeError("expected a field number from 1 to 536870911, got 0")
    if wire_type == WIRE_VARINT:
        return _read_varint(data, pos)[1]
    if wire_type == WIRE_I64:
        return pos + 8
    if wire_type == WIRE_I32:
        return pos + 4
    if wire_type == WIRE_LEN:
        length, pos = _read_varint(data, pos)
        if length > end - pos:
            raise DecodeError(
                f"expected {length} bytes, got {end - pos} in unknown field {tag >> 3}"
            )
        return pos + length
    if wire_type == WIRE_SGROUP:
        if not depth:
            raise _too_deep(DecodeError)
        closing = tag + 1
        while pos < end:
            inner, pos = _read_tag(data, pos)
            if inner == closing:
                return pos
            pos = _skip(data, pos, end, inner, depth - 1)
        raise DecodeError(f"expected the end of group {tag >> 3}, got the end of the data")
    if wire_type == WIRE_EGROUP:
        raise DecodeError(
            f"expected a field, got the end of group {tag >> 3}, which was not opened"
        )
    raise DecodeError(f"expected a wire type from 0 to 5, got {wire_type} in field {tag >> 3}")


def _too_deep(error: type[Error]) -> Error:
    limit = Budget().limits.depth
    return error(
        f"expected at most {limit} levels of messages, got more (`aristaproto.limits(depth=...)` changes it)"
    )


def _span(data: bytes, pos: int, end: int) -> tuple[int, int]:
    """Start and end of a length-delimited value."""
    length = data[pos]
    pos += 1
    if length > 127:
        length, pos = _read_varint(data, pos - 1)
    if length > end - pos:
        raise DecodeError(f"expected {length} bytes, got {end - pos}")
    return pos, pos + length


def _read_uint64(data: bytes, pos: int, end: int, budget: Budget) -> tuple[int, int]:
    value = data[pos]
    if value < 128:
        return value, pos + 1
    return _read_varint(data, pos)


def _read_uint32(data: bytes, pos: int, end: int, budget: Budget) -> tuple[int, int]:
    value = data[pos]
    if value < 128:
        return value, pos + 1
    value, pos = _read_varint(data, pos)
    return value & _MASK_32, pos


def _read_int32(data: bytes, pos: int, end: int, budget: Budget) -> tuple[int, int]:
    value = data[pos]
    if value < 128:
        return value, pos + 1
    value, pos = _read_varint(data, pos)
    return ((value & _MASK_32) ^ 2**31) - 2**31, pos


def _read_int64(data: bytes, pos: int, end: int, budget: Budget) -> tuple[int, int]:
    value = data[pos]
    if value < 128:
        return value, pos + 1
    value, pos = _read_varint(data, pos)
    return (value ^ 2**63) - 2**63, pos


def _read_sint32(data: bytes, pos: int, end: int, budget: Budget) -> tuple[int, int]:
    value, pos = _read_varint(data, pos)
    value &= _MASK_32
    return value >> 1 ^ -(value & 1), pos


def _read_sint64(data: bytes, pos: int, end: int, budget: Budget) -> tuple[int, int]:
    value, pos = _read_varint(data, pos)
    return value >> 1 ^ -(value & 1), pos


def _read_bool(data: bytes, pos: int, end: int, budget: Budget) -> tuple[bool, int]:
    value, pos = _read_varint(data, pos)
    return value != 0, pos


def _read_bytes(data: bytes, pos: int, end: int, budget: Budget) -> tuple[bytes, int]:
    pos, stop = _span(data, pos, end)
    return data[pos:stop], stop


def _read_string(data: bytes, pos: int, end: int, budget: Budget) -> tuple[str, int]:
    pos, stop = _span(data, pos, end)
    try:
        return data[pos:stop].decode(), stop
    except UnicodeDecodeError as error:
        raise DecodeError(
            f"expected UTF-8, got byte 0x{data[pos + error.start]:02x} at offset {error.start} of the string"
        ) from None


def _read_unchecked_string(data: bytes, pos: int, end: int, budget: Budget) -> tuple[str, int]:
    # What is no UTF-8 becomes surrogate escapes, which `_write_unchecked_string` turns back.
    pos, stop = _span(data, pos, end)
    return data[pos:stop].decode("utf-8", "surrogateescape"), stop


_READ: dict[int, Read] = {
    TYPE_INT64: _read_int64,
    TYPE_UINT64: _read_uint64,
    TYPE_INT32: _read_int32,
    TYPE_UINT32: _read_uint32,
    TYPE_SINT32: _read_sint32,
    TYPE_SINT64: _read_sint64,
    TYPE_BOOL: _read_bool,
    TYPE_BYTES: _read_bytes,
}


def _fixed_reader(type_: int) -> Read:
    unpack = struct.Struct("<" + _FIXED[type_])
    unpack_from, size = unpack.unpack_from, unpack.size

    def read(data: bytes, pos: int, end: int, budget: Budget) -> tuple[Any, int]:
        return unpack_from(data, pos)[0], pos + size

    return read


def _enum_reader(field: Field) -> Read:
    cls: Any = field.enum
    member = cls._value2member_map_.get

    def read(data: bytes, pos: int, end: int, budget: Budget) -> tuple[Any, int]:
        value, pos = _read_int32(data, pos, end, budget)
        found = member(value)
        return (cls(value) if found is None else found), pos

    return read


def _message_reader(field: Field) -> Callable[[bytes, int, int, Budget, Any], tuple[Any, int]]:
    """Reads a message or group, into an existing value if there is one; returns it unwrapped."""
    cls: Any = field.message
    end_tag = field.number << 3 | WIRE_EGROUP if field.type == TYPE_GROUP else 0
    wrapped = field.wrapped
    codec: _Codec | None = None

    def read(data: bytes, pos: int, end: int, budget: Budget, existing: Any) -> tuple[Any, int]:
        nonlocal codec
        if codec is None:
            codec = _codec(cls.__schema__)
        budget.messages -= 1
        if budget.messages < 0:
            raise DecodeError(
                f"expected at most {budget.limits.messages} messages, got more "
                "(`aristaproto.limits(messages=...)` changes it)"
            )
        if not budget.depth:
            raise _too_deep(DecodeError)
        budget.depth -= 1
        if existing is None:
            value = codec.schema.new()
        else:
            value = cls.from_wrapped(existing) if wrapped else existing
        if end_tag:
            pos = _decode_fields(codec, value, data, pos, end, budget, end_tag)
        else:
            pos, stop = _span(data, pos, end)
            pos = _decode_fields(codec, value, data, pos, stop, budget, 0)
        budget.depth += 1
        return (value.to_wrapped() if wrapped else value), pos

    return read


def _scalar_reader(field: Field) -> Read:
    if field.enum is not None:
        return _enum_reader(field)
    if field.type == TYPE_STRING:
        return _read_string if field.utf8 else _read_unchecked_string
    if field.type in _FIXED:
        return _fixed_reader(field.type)
    return _READ[field.type]


def _compile_readers(codec: _Codec, field: Field) -> None:
    tag = field.number << 3 | _WIRE_TYPES[field.type]
    packed_tag = field.number << 3 | WIRE_LEN
    if field.is_map:
        _compile_map_reader(codec, field, tag)
    elif field.message is not None:
        codec.readers[tag] = _message_field_reader(field)
    elif field.enum is not None and field.enum.__closed__:
        codec.closed[tag] = _closed_reader(field)
        if field.repeated:
            codec.closed[packed_tag] = _closed_packed_reader(field)
    else:
        read = _scalar_reader(field)
        if not field.repeated:
            codec.readers[tag] = _singular_reader(field, read)
            return
        codec.readers[tag] = _repeated_reader(field, read)
        if field.type in _FIXED:
            codec.readers[packed_tag] = _packed_fixed_reader(field)
        elif field.type in PACKABLE:
            codec.readers[packed_tag] = _packed_reader(field, read)


def _singular_reader(field: Field, read: Read) -> ReadField:
    assign = field.assign

    def read_field(message: Any, data: bytes, pos: int, end: int, budget: Budget) -> int:
        value, pos = read(data, pos, end, budget)
        assign(message, value)
        return pos

    return read_field


def _elements(field: Field, message: Any) -> list[Any]:
    """The list of a repeated field, ready to append to."""
    items: Any = field.get(message)
    if items.__class__ is not list:
        items = [] if items is None else list(items)
        field.set(message, items)
    return items  # type: ignore[no-any-return]


def _repeated_reader(field: Field, read: Read) -> ReadField:
    def read_field(message: Any, data: bytes, pos: int, end: int, budget: Budget) -> int:
        items = _elements(field, message)
        try:
            value, pos = read(data, pos, end, budget)
        except DecodeError as error:
            raise error.at(len(items))
        items.append(value)
        return pos

    return read_field


def _packed_reader(field: Field, read: Read) -> ReadField:
    def read_field(message: Any, data: bytes, pos: int, end: int, budget: Budget) -> int:
        items = _elements(field, message)
        pos, stop = _span(data, pos, end)
        append = items.append
        while pos < stop:
            value, pos = read(data, pos, stop, budget)
            append(value)
        if pos > stop:
            raise DecodeError("expected the rest of a packed number, got the end of the field").at(
                len(items)
            )
        return pos

    return read_field


def _packed_fixed_reader(field: Field) -> ReadField:
    code = _FIXED[field.type]
    size = struct.calcsize("<" + code)

    def read_field(message: Any, data: bytes, pos: int, end: int, budget: Budget) -> int:
        items = _elements(field, message)
        pos, stop = _span(data, pos, end)
        count, rest = divmod(stop - pos, size)
        if rest:
            raise DecodeError(f"expected a multiple of {size} bytes, got {stop - pos}")
        items.extend(struct.unpack_from(f"<{count}{code}", data, pos))
        return stop

    return read_field


def _closed_reader(field: Field) -> ReadClosed:
    member: Any = field.enum._value2member_map_.get  # type: ignore[union-attr]
    assign, repeated = field.assign, field.repeated

    def read_field(
        message: Any,
        data: bytes,
        start: int,
        pos: int,
        end: int,
        budget: Budget,
        unknown: list[bytes],
    ) -> int:
        value, pos = _read_int32(data, pos, end, budget)
        found = member(value)
        if found is None:
            unknown.append(data[start:pos])
        elif repeated:
            _elements(field, message).append(found)
        else:
            assign(message, found)
        return pos

    return read_field


def _closed_packed_reader(field: Field) -> ReadClosed:
    member: Any = field.enum._value2member_map_.get  # type: ignore[union-attr]
    tag = encode_varint(field.number << 3 | WIRE_VARINT)

    def read_field(
        message: Any,
        data: bytes,
        start: int,
        pos: int,
        end: int,
        budget: Budget,
        unknown: list[bytes],
    ) -> int:
        items = _elements(field, message)
        pos, stop = _span(data, pos, end)
        while pos < stop:
            value, after = _read_int32(data, pos, stop, budget)
            found = member(value)
            if found is None:
                unknown.append(tag + data[pos:after])
            else:
                items.append(found)
            pos = after
        if pos > stop:
            raise DecodeError("expected the rest of a packed number, got the end of the field").at(
                len(items)
            )
        return pos

    return read_field


def _message_field_reader(field: Field) -> ReadField:
    read = _message_reader(field)
    get, assign = field.get, field.assign

    def read_one(message: Any, data: bytes, pos: int, end: int, budget: Budget) -> int:
        value, pos = read(data, pos, end, budget, get(message))
        assign(message, value)
        return pos

    def read_element(message: Any, data: bytes, pos: int, end: int, budget: Budget) -> int:
        items = _elements(field, message)
        try:
            value, pos = read(data, pos, end, budget, None)
        except DecodeError as error:
            raise error.at(len(items))
        items.append(value)
        return pos

    return read_element if field.repeated else read_one


def _compile_map_reader(codec: _Codec, field: Field, tag: int) -> None:
    key, value = field.key, field.value
    assert key is not None and value is not None
    read_key = _scalar_reader(key)
    key_tag = 1 << 3 | _WIRE_TYPES[key.type]
    value_tag = 2 << 3 | _WIRE_TYPES[value.type]
    read_message = _message_reader(value) if value.message is not None else None
    read_value = None if read_message is not None else _scalar_reader(value)
    message_cls: Any = value.message
    members: Any = value.enum._value2member_map_ if value.enum and value.enum.__closed__ else None

    def read_entry(data: bytes, pos: int, end: int, budget: Budget) -> tuple[Any, Any, int]:
        pos, stop = _span(data, pos, end)
        found_key: Any = key.default
        found_value: Any = value.default
        at_key = True
        try:
            while pos < stop:
                at_key = True
                entry_tag, pos = _read_tag(data, pos)
                if entry_tag == key_tag:
                    found_key, pos = read_key(data, pos, stop, budget)
                elif entry_tag == value_tag:
                    at_key = False
                    if read_message is not None:
                        found_value, pos = read_message(data, pos, stop, budget, found_value)
                    elif read_value is not None:
                        found_value, pos = read_value(data, pos, stop, budget)
                else:
                    pos = _skip(data, pos, stop, entry_tag, budget.depth)
            if pos > stop:
                raise DecodeError(f"expected {pos - stop} more bytes, got the end of the map entry")
        except DecodeError as error:
            if not at_key:
                error.at_key(found_key)
            raise
        if found_value is None:
            found_value = message_cls.__schema__.new()
            if value.wrapped:
                found_value = found_value.to_wrapped()
        return found_key, found_value, pos

    def read_field(message: Any, data: bytes, pos: int, end: int, budget: Budget) -> int:
        found_key, found_value, pos = read_entry(data, pos, end, budget)
        _entries(field, message)[found_key] = found_value
        return pos

    def read_closed(
        message: Any,
        data: bytes,
        start: int,
        pos: int,
        end: int,
        budget: Budget,
        unknown: list[bytes],
    ) -> int:
        found_key, found_value, pos = read_entry(data, pos, end, budget)
        if found_value in members:
            _entries(field, message)[found_key] = found_value
        else:
            unknown.append(data[start:pos])
        return pos

    if members is None:
        codec.readers[tag] = read_field
    else:
        codec.closed[tag] = read_closed


def _entries(field: Field, message: Any) -> dict[Any, Any]:
    """The dict of a map field, ready to write to."""
    items: Any = field.get(message)
    if items.__class__ is not dict:
        items = dict(items or ())
        field.set(message, items)
    return items  # type: ignore[no-any-return]


# -- encoding --------------------------------------------------------------------------------------------


def _encode_fields(codec: _Codec, message: Any, out: bytearray, budget: Budget) -> None:
    field = None
    try:
        for field, write in codec.writers:
            write(message, out, budget)
    except EncodeError as error:
        raise error.at(field.name) if field is not None else error
    if message._unknown_fields:
        out += message._unknown_fields


def _varint(value: int) -> bytes:
    """Bytes of a varint from 0 to 2**64 - 1."""
    if value < 128:
        return _BYTES[value]
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def _expected(type_: int) -> str:
    low, high = _RANGES[type_]
    return f"{TYPE_NAMES[type_]} ({low} to {high})"


def _as_int(value: Any, type_: int) -> int:
    try:
        return index(value)
    except TypeError:
        raise EncodeError(f"expected {_expected(type_)}, got {describe(value)}") from None


def _int_writer(type_: int) -> Write:
    low, high = _RANGES[type_]
    zigzag = type_ in (TYPE_SINT32, TYPE_SINT64)

    def write(value: Any) -> bytes:
        if value.__class__ is not int:
            value = _as_int(value, type_)
        if not low <= value <= high:
            raise EncodeError(f"expected {_expected(type_)}, got {describe(value)}")
        if zigzag:
            return _varint(value << 1 if value >= 0 else ~(value << 1))
        if 0 <= value < 128:
            return _BYTES[value]
        return _varint(value & _MASK_64)

    return write


def _fixed_writer(type_: int) -> Write:
    pack = struct.Struct("<" + _FIXED[type_]).pack
    is_float = type_ in (TYPE_FLOAT, TYPE_DOUBLE)

    def write(value: Any) -> bytes:
        try:
            return pack(value)
        except (struct.error, OverflowError, TypeError):
            expected = TYPE_NAMES[type_] if is_float else _expected(type_)
            raise EncodeError(f"expected {expected}, got {describe(value)}") from None

    return write


def _write_bool(value: Any) -> bytes:
    if value is True:
        return b"\x01"
    if value is False:
        return b"\x00"
    if isinstance(value, int) and value in (0, 1):
        return _BYTES[value]
    raise EncodeError(f"expected bool, got {describe(value)}")


def _write_string(value: Any) -> bytes:
    if value.__class__ is not str and not isinstance(value, str):
        raise EncodeError(f"expected string, got {describe(value)}")
    try:
        data = value.encode()
    except UnicodeEncodeError as error:
        raise EncodeError(
            f"expected text without lone surrogates, got {value[error.start]!a} at position {error.start}"
        ) from None
    return _varint(len(data)) + data


def _write_unchecked_string(value: Any) -> bytes:
    if not isinstance(value, str):
        raise EncodeError(f"expected string, got {describe(value)}")
    try:
        data = value.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise EncodeError(
            f"expected text without lone surrogates, got {value[error.start]!a} at position {error.start}"
        ) from None
    return _varint(len(data)) + data


def _write_bytes(value: Any) -> bytes:
    if value.__class__ is not bytes:
        if not isinstance(value, (bytes, bytearray, memoryview)):
            raise EncodeError(f"expected bytes, got {describe(value)}")
        value = bytes(value)
    return _varint(len(value)) + value


_WRITE: dict[int, Write] = {
    TYPE_BOOL: _write_bool,
    TYPE_BYTES: _write_bytes,
    TYPE_STRING: _write_string,
    **{type_: _fixed_writer(type_) for type_ in _FIXED},
    **{type_: _int_writer(type_) for type_ in _RANGES if type_ not in _FIXED},
}


def _scalar_writer(field: Field) -> Write:
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


def _message_writer(field: Field) -> Callable[[Any, bytearray, Budget], None]:
    """Writes one message with its tag and length, or between the tags of a group."""
    cls: Any = field.message
    wrapped = field.wrapped
    group = field.type == TYPE_GROUP
    tag = encode_varint(field.number << 3 | _WIRE_TYPES[field.type])
    end_tag = encode_varint(field.number << 3 | WIRE_EGROUP)

    def write(value: Any, out: bytearray, budget: Budget) -> None:
        if value.__class__ is not cls:
            value = _wrap(cls, value) if wrapped else _instance(cls, value)
        if not budget.depth:
            raise _too_deep(EncodeError)
        budget.depth -= 1
        codec = _codec(type(value).__schema__)
        out += tag
        if group:
            _encode_fields(codec, value, out, budget)
            out += end_tag
        else:
            body = bytearray()
            _encode_fields(codec, value, body, budget)
            out += _varint(len(body))
            out += body
        budget.depth += 1

    return write


def _wrap(cls: Any, value: Any) -> Any:
    """The well-known message for a Python value."""
    try:
        return cls.from_wrapped(value)
    except EncodeError:
        raise
    except (TypeError, ValueError, OverflowError, AttributeError) as error:
        raise EncodeError(
            f"expected a value for {cls.__name__}, got {describe(value)}: {error}"
        ) from None


def _instance(cls: Any, value: Any) -> Any:
    """`value` if it is a message that a field of class `cls` can hold."""
    schema: Schema | None = getattr(type(value), "__schema__", None)
    if schema is None or schema.origin is not cls.__schema__.origin:
        raise EncodeError(f"expected {cls.__name__}, got {describe(value)}")
    return value


def _compile_writer(field: Field) -> WriteField:
    if field.is_map:
        return _map_writer(field)
    if field.message is not None:
        return _message_field_writer(field)
    write = _scalar_writer(field)
    tag = encode_varint(field.number << 3 | _WIRE_TYPES[field.type])
    if field.repeated:
        if field.packed:
            return _packed_writer(field, write)
        return _repeated_writer(field, write, tag)
    get = field.get
    if field.presence:

        def write_present(message: Any, out: bytearray, budget: Budget) -> None:
            value = get(message)
            if value is not None:
                out += tag
                out += write(value)

        return write_present

    default = field.default
    zero = write(default)

    def write_other(message: Any, out: bytearray, budget: Budget) -> None:
        value = get(message)
        if value is not default:
            data = write(value)
            if data != zero:
                out += tag
                out += data

    return write_other


def _items(field: Field, message: Any) -> list[Any] | tuple[Any, ...]:
    """The elements of a repeated field, whatever iterable the attribute holds."""
    items: Any = field.get(message)
    if items.__class__ is list:
        return items  # type: ignore[no-any-return]
    if items is None:
        return ()
    if isinstance(items, (str, bytes, bytearray, Mapping)):
        raise EncodeError(f"expected a list, got {describe(items)}")
    try:
        return tuple(items)
    except TypeError:
        if hasattr(items, "__iter__"):
            raise
        raise EncodeError(f"expected a list, got {describe(items)}") from None


def _locate(error: EncodeError, items: list[Any] | tuple[Any, ...], write: Write) -> EncodeError:
    """Find the element that cannot be written, after the whole list could not."""
    for position, item in enumerate(items):
        try:
            write(item)
        except EncodeError as found:
            return found.at(position)
    return error


def _repeated_writer(field: Field, write: Write, tag: bytes) -> WriteField:
    def write_field(message: Any, out: bytearray, budget: Budget) -> None:
        items = _items(field, message)
        try:
            for item in items:
                out += tag
                out += write(item)
        except EncodeError as error:
            raise _locate(error, items, write) from None

    return write_field


def _packed_writer(field: Field, write: Write) -> WriteField:
    tag = encode_varint(field.number << 3 | WIRE_LEN)
    code = _FIXED.get(field.type)

    def write_field(message: Any, out: bytearray, budget: Budget) -> None:
        items = _items(field, message)
        if not items:
            return
        try:
            if code is not None:
                body = struct.pack(f"<{len(items)}{code}", *items)
            else:
                body = b"".join(map(write, items))
        except (EncodeError, struct.error, OverflowError, TypeError) as error:
            raise _locate(EncodeError(str(error)), items, write) from None
        out += tag
        out += _varint(len(body))
        out += body

    return write_field


def _message_field_writer(field: Field) -> WriteField:
    write = _message_writer(field)
    get = field.get

    def write_one(message: Any, out: bytearray, budget: Budget) -> None:
        value = get(message)
        if value is not None:
            write(value, out, budget)

    def write_elements(message: Any, out: bytearray, budget: Budget) -> None:
        for position, item in enumerate(_items(field, message)):
            try:
                write(item, out, budget)
            except EncodeError as error:
                raise error.at(position)

    return write_elements if field.repeated else write_one


def _map_writer(field: Field) -> WriteField:
    key, value = field.key, field.value
    assert key is not None and value is not None
    tag = encode_varint(field.number << 3 | WIRE_LEN)
    key_tag = encode_varint(1 << 3 | _WIRE_TYPES[key.type])
    write_key = _scalar_writer(key)
    write_message = _message_writer(value) if value.message is not None else None
    write_value = None if write_message is not None else _scalar_writer(value)
    value_tag = encode_varint(2 << 3 | _WIRE_TYPES[value.type])
    get = field.get

    def write_field(message: Any, out: bytearray, budget: Budget) -> None:
        entries = get(message)
        if not entries:
            return
        if not isinstance(entries, Mapping):
            raise EncodeError(f"expected a dict, got {describe(entries)}")
        for item_key, item in entries.items():
            body = bytearray(key_tag)
            try:
                body += write_key(item_key)
                if write_message is not None:
                    write_message(item, body, budget)
                elif write_value is not None:
                    body += value_tag
                    body += write_value(item)
            except EncodeError as error:
                raise error.at_key(item_key)
            out += tag
            out += _varint(len(body))
            out += body

    return write_field
