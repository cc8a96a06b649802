"""Wire bytes to messages: for each class a reader for each tag, compiled once and kept in `Schema.decoder`."""

from __future__ import annotations

import struct

from ..base.budget import Budget
from ..base.errors import DecodeError
from ..base.wire import (
    WIRE_EGROUP,
    WIRE_I32,
    WIRE_I64,
    WIRE_LEN,
    WIRE_SGROUP,
    WIRE_VARINT,
    encode_varint,
)
from ..model.required import check_required
from ..schema.fields import PACKABLE, TYPE_FLOAT, TYPE_GROUP, Field, Schema
from .scalars import (
    FIXED,
    WIRE_TYPES,
    quiet,
    read_int32,
    read_tag,
    read_varint,
    scalar_reader,
    span,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from typing_extensions import Buffer

    from ..model.message import Message
    from .scalars import Read

    # (message, data, position, end, budget) -> position behind the value
    ReadField = Callable[[Any, bytes, int, int, Budget], int]
    # As ReadField, for values that may turn out to be unknown: (message, data, start of the record, position, end,
    # budget, records of unknown fields) -> position behind the value
    ReadClosed = Callable[[Any, bytes, int, int, int, Budget, bytearray], int]

__all__ = ("decode", "decode_field")


# A MessageSet is written as items: groups of number 1 with a type id (2) and a message (3).
_ITEM = 1 << 3 | WIRE_SGROUP
_ITEM_ID = 2 << 3 | WIRE_VARINT
_ITEM_MESSAGE = 3 << 3 | WIRE_LEN
_ITEM_END = 1 << 3 | WIRE_EGROUP


class _Decoder:
    """What is compiled for one class. `closed` are the readers that may find a value to be unknown."""

    __slots__ = ("closed", "extendable", "fields", "readers", "schema")

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.extendable = schema.extendable
        self.fields = dict(schema.by_number)
        self.readers: dict[int, ReadField] = {}
        self.closed: dict[int, ReadClosed] = {}
        for field in schema.fields:
            _compile_readers(self, field)
        if schema.cls.__message_set__:
            self.closed[_ITEM] = _item_reader(self)

    def learn(self, number: int) -> bool:
        """Compile the extension of this number, if there is one that is not compiled yet."""
        if number in self.fields:
            return False
        field = self.schema.find_field(number)
        if field is None:
            return False
        self.fields[number] = field
        _compile_readers(self, field)
        return True


def _decoder(schema: Schema) -> _Decoder:
    decoder: _Decoder | None = schema.decoder
    if decoder is None:
        decoder = schema.decoder = _Decoder(schema)
    return decoder


def decode(message: Message, data: Buffer, *, partial: bool = False) -> None:
    """Read wire bytes into a message, as one more occurrence of it.

    `DecodeError` when they are truncated, malformed or beyond a limit, or a required field is missing and this
    is not `partial`; the message is then half-read.
    """
    # A copy only when it is not bytes; `memoryview` refuses what is no buffer, where `bytes` would take an int.
    raw = data if isinstance(data, bytes) else bytes(memoryview(data))
    budget = Budget()
    size = len(raw)
    if size > budget.limits.size:
        raise budget.too_large(DecodeError, size)
    schema = type(message).__schema__
    try:
        _decode_whole(_decoder(schema), message, raw, budget)
    except RecursionError:
        raise DecodeError(
            "expected fewer levels of messages, got more than Python's stack holds"
        ) from None
    if schema.needs_check and not partial:
        check_required(message, DecodeError)


def decode_field(message: Message, field: Field, data: bytes) -> None:
    """Read records of one extension, which the pool of the message's class need not know.

    What is no value of the field stays unknown. `DecodeError` as for `decode`, but required fields may be missing.
    """
    decoder = _Decoder(type(message).__schema__)
    decoder.fields[field.number] = field
    _compile_readers(decoder, field)
    _decode_whole(decoder, message, data, Budget())


def _decode_fields(
    decoder: _Decoder, message: Any, data: bytes, pos: int, end: int, budget: Budget, end_tag: int
) -> int:
    """Read records up to `end`, or up to `end_tag` for a group; returns the position behind them."""
    read_field = decoder.readers.get
    # Not a list: each record of two bytes would take some fifty.
    unknown = bytearray()
    tag = 0
    try:
        while pos < end:
            start = pos
            tag = data[pos]
            pos += 1
            if tag > 127:
                tag = 0
                found, pos = read_tag(data, start)
                if pos > end:
                    raise _cut()
                tag = found
            read = read_field(tag)
            if read is not None:
                pos = read(message, data, pos, end, budget)
                continue
            closed = decoder.closed.get(tag)
            if closed is not None:
                pos = closed(message, data, start, pos, end, budget, unknown)
            elif tag & 7 == WIRE_EGROUP and tag == end_tag:
                break
            elif decoder.extendable and decoder.learn(tag >> 3):
                pos = start
            else:
                pos = _skip(data, pos, end, tag, budget, budget.depth)
                unknown += data[start:pos]
        else:
            if end_tag and pos <= end:
                tag = 0
                raise DecodeError(
                    f"expected the end of group {end_tag >> 3}, got the end of the data"
                )
        if pos > end:
            raise _cut()
    except DecodeError as error:
        field = decoder.fields.get(tag >> 3)
        if field is not None:
            error.at(field.name)
        raise
    except (IndexError, struct.error):
        cut = _cut()
        field = decoder.fields.get(tag >> 3)
        raise (cut if field is None else cut.at(field.name)) from None
    if unknown:
        if message._unknown_fields:
            # Copied once at the end, however many occurrences of the message bring some.
            budget.unknown.setdefault(id(message), (message, bytearray()))[1].extend(unknown)
        else:
            message._unknown_fields = bytes(unknown)
    return pos


def _decode_whole(decoder: _Decoder, message: Any, data: bytes, budget: Budget) -> None:
    """Read the records of the outermost message, and complete the unknown fields of all below it."""
    _decode_fields(decoder, message, data, 0, len(data), budget, 0)
    for owner, records in budget.unknown.values():
        owner._unknown_fields += bytes(records)


def _cut() -> DecodeError:
    return DecodeError("expected more bytes, got the end of the data")


def _skip(data: bytes, pos: int, end: int, tag: int, budget: Budget, depth: int) -> int:
    """Position behind the value of an unknown field, whose tag has been read."""
    wire_type = tag & 7
    if tag < 8:
        raise DecodeError("expected a field number from 1 to 536870911, got 0")
    if wire_type == WIRE_VARINT:
        return read_varint(data, pos)[1]
    if wire_type == WIRE_I64:
        return pos + 8
    if wire_type == WIRE_I32:
        return pos + 4
    if wire_type == WIRE_LEN:
        length, pos = read_varint(data, pos)
        if pos > end:
            raise _cut()
        if length > end - pos:
            raise DecodeError(
                f"expected {length} bytes, got {end - pos} in unknown field {tag >> 3}"
            )
        return pos + length
    if wire_type == WIRE_SGROUP:
        if not depth:
            raise budget.too_deep(DecodeError)
        closing = tag + 1
        while pos < end:
            inner, pos = read_tag(data, pos)
            if inner == closing:
                return pos
            pos = _skip(data, pos, end, inner, budget, depth - 1)
        raise DecodeError(f"expected the end of group {tag >> 3}, got the end of the data")
    if wire_type == WIRE_EGROUP:
        raise DecodeError(
            f"expected a field, got the end of group {tag >> 3}, which was not opened"
        )
    raise DecodeError(f"expected a wire type from 0 to 5, got {wire_type} in field {tag >> 3}")


def _message_reader(field: Field) -> Callable[[bytes, int, int, Budget, Any], tuple[Any, int]]:
    """Reads a message or group, into an existing value if there is one; returns it unwrapped."""
    cls: Any = field.message
    end_tag = field.number << 3 | WIRE_EGROUP if field.type == TYPE_GROUP else 0
    wrapped = field.wrapped
    decoder: _Decoder | None = None

    def read(data: bytes, pos: int, end: int, budget: Budget, existing: Any) -> tuple[Any, int]:
        nonlocal decoder
        if decoder is None:
            decoder = _decoder(cls.__schema__)
        budget.messages -= 1
        if budget.messages < 0:
            raise budget.too_many(DecodeError)
        if not budget.depth:
            raise budget.too_deep(DecodeError)
        budget.depth -= 1
        if existing is None:
            value = decoder.schema.new()
        else:
            value = cls.from_wrapped(existing) if wrapped else existing
        if end_tag:
            pos = _decode_fields(decoder, value, data, pos, end, budget, end_tag)
        else:
            pos, stop = span(data, pos, end)
            pos = _decode_fields(decoder, value, data, pos, stop, budget, 0)
        budget.depth += 1
        return (value.to_wrapped() if wrapped else value), pos

    return read


def _compile_readers(decoder: _Decoder, field: Field) -> None:
    tag = field.number << 3 | WIRE_TYPES[field.type]
    packed_tag = field.number << 3 | WIRE_LEN
    if field.is_map:
        _compile_map_reader(decoder, field, tag)
    elif field.message is not None:
        decoder.readers[tag] = _message_field_reader(field)
    elif field.enum is not None and field.enum.__closed__:
        decoder.closed[tag] = _closed_reader(field)
        if field.repeated:
            decoder.closed[packed_tag] = _closed_packed_reader(field)
    else:
        read = scalar_reader(field)
        if not field.repeated:
            decoder.readers[tag] = _singular_reader(field, read)
            return
        decoder.readers[tag] = _repeated_reader(field, read)
        if field.type in FIXED:
            decoder.readers[packed_tag] = _packed_fixed_reader(field)
        elif field.type in PACKABLE:
            decoder.readers[packed_tag] = _packed_reader(field, read)


def _singular_reader(field: Field, read: Read) -> ReadField:
    assign = field.assign

    def read_field(message: Any, data: bytes, pos: int, end: int, budget: Budget) -> int:
        value, pos = read(data, pos, end, budget)
        assign(message, value)
        return pos

    return read_field


def _elements(field: Field, message: Any) -> list[Any]:
    """The list of a repeated field, ready to append to."""
    held: Any = field.get(message)
    items: list[Any] = held
    if held.__class__ is not list:
        items = list(held or ())
        field.set(message, items)
    return items


def _repeated_reader(field: Field, read: Read) -> ReadField:
    def read_field(message: Any, data: bytes, pos: int, end: int, budget: Budget) -> int:
        items = _elements(field, message)
        try:
            value, pos = read(data, pos, end, budget)
            if pos > end:
                raise _cut()
        except DecodeError as error:
            error.at(len(items))
            raise
        except (IndexError, struct.error):
            raise _cut().at(len(items)) from None
        items.append(value)
        return pos

    return read_field


def _packed_reader(field: Field, read: Read) -> ReadField:
    def read_field(message: Any, data: bytes, pos: int, end: int, budget: Budget) -> int:
        items = _elements(field, message)
        pos, stop = span(data, pos, end)
        append = items.append
        try:
            while pos < stop:
                value, pos = read(data, pos, stop, budget)
                append(value)
        except IndexError:
            raise _cut_packed_number(len(items)) from None
        except DecodeError as error:
            error.at(len(items))
            raise
        if pos > stop:
            raise _cut_packed_number(len(items) - 1)
        return pos

    return read_field


def _cut_packed_number(index: int) -> DecodeError:
    text = "expected the rest of a packed number, got the end of the field"
    return DecodeError(text).at(index)


def _packed_fixed_reader(field: Field) -> ReadField:
    code = FIXED[field.type]
    size = struct.calcsize("<" + code)

    def read_field(message: Any, data: bytes, pos: int, end: int, budget: Budget) -> int:
        items = _elements(field, message)
        pos, stop = span(data, pos, end)
        count, rest = divmod(stop - pos, size)
        if rest:
            raise DecodeError(f"expected a multiple of {size} bytes, got {stop - pos}")
        numbers: Iterable[Any] = struct.unpack_from(f"<{count}{code}", data, pos)
        items.extend(map(quiet, numbers) if field.type == TYPE_FLOAT else numbers)
        return stop

    return read_field


def _closed_reader(field: Field) -> ReadClosed:
    enum: Any = field.enum
    member = enum._value2member_map_.get
    assign, repeated = field.assign, field.repeated

    def read_field(
        message: Any,
        data: bytes,
        start: int,
        pos: int,
        end: int,
        budget: Budget,
        unknown: bytearray,
    ) -> int:
        try:
            value, pos = read_int32(data, pos, end, budget)
            if pos > end:
                raise _cut()
        except (DecodeError, IndexError) as caught:
            error = _cut() if isinstance(caught, IndexError) else caught
            if repeated:
                error.at(len(_elements(field, message)))
            raise error from None
        found = member(value)
        if found is None:
            unknown += data[start:pos]
        elif repeated:
            _elements(field, message).append(found)
        else:
            assign(message, found)
        return pos

    return read_field


def _closed_packed_reader(field: Field) -> ReadClosed:
    enum: Any = field.enum
    member = enum._value2member_map_.get
    tag = encode_varint(field.number << 3 | WIRE_VARINT)

    def read_field(
        message: Any,
        data: bytes,
        start: int,
        pos: int,
        end: int,
        budget: Budget,
        unknown: bytearray,
    ) -> int:
        items = _elements(field, message)
        pos, stop = span(data, pos, end)
        while pos < stop:
            try:
                value, after = read_int32(data, pos, stop, budget)
            except IndexError:
                raise _cut_packed_number(len(items)) from None
            except DecodeError as error:
                error.at(len(items))
                raise
            if after > stop:
                raise _cut_packed_number(len(items))
            found = member(value)
            if found is None:
                unknown += tag + data[pos:after]
            else:
                items.append(found)
            pos = after
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
            error.at(len(items))
            raise
        except IndexError:
            raise _cut().at(len(items)) from None
        items.append(value)
        return pos

    return read_element if field.repeated else read_one


def _compile_map_reader(decoder: _Decoder, field: Field, tag: int) -> None:
    key, value = field.key, field.value
    assert key is not None
    assert value is not None
    read_key = scalar_reader(key)
    key_tag = 1 << 3 | WIRE_TYPES[key.type]
    value_tag = 2 << 3 | WIRE_TYPES[value.type]
    read_message = _message_reader(value) if value.message is not None else None
    read_value = None if read_message is not None else scalar_reader(value)
    message_cls: Any = value.message
    members: Any = value.enum._value2member_map_ if value.enum and value.enum.__closed__ else None

    def read_entry(data: bytes, pos: int, end: int, budget: Budget) -> tuple[Any, Any, int]:
        pos, stop = span(data, pos, end)
        found_key: Any = key.default
        found_value: Any = value.default
        at_key = True
        try:
            while pos < stop:
                at_key = True
                entry_tag, pos = read_tag(data, pos)
                if entry_tag == key_tag:
                    found_key, pos = read_key(data, pos, stop, budget)
                elif entry_tag == value_tag:
                    # A tag that ends behind the entry is none of it.
                    at_key = pos > stop
                    if read_message is not None:
                        found_value, pos = read_message(data, pos, stop, budget, found_value)
                    elif read_value is not None:
                        found_value, pos = read_value(data, pos, stop, budget)
                else:
                    pos = _skip(data, pos, stop, entry_tag, budget, budget.depth)
            if pos > stop:
                raise _cut()
        except DecodeError as error:
            if not at_key:
                error.at_key(found_key)
            raise
        except (IndexError, struct.error):
            cut = _cut()
            raise (cut if at_key else cut.at_key(found_key)) from None
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
        unknown: bytearray,
    ) -> int:
        found_key, found_value, pos = read_entry(data, pos, end, budget)
        if found_value in members:
            _entries(field, message)[found_key] = found_value
        else:
            unknown += data[start:pos]
        return pos

    if members is None:
        decoder.readers[tag] = read_field
    else:
        decoder.closed[tag] = read_closed


def _entries(field: Field, message: Any) -> dict[Any, Any]:
    """The dict of a map field, ready to write to."""
    held: Any = field.get(message)
    entries: dict[Any, Any] = held
    if held.__class__ is not dict:
        entries = dict(held or ())
        field.set(message, entries)
    return entries


def _item_reader(decoder: _Decoder) -> ReadClosed:
    """Reads one item of a MessageSet: the extension whose number is the type id."""
    readers: dict[int, Callable[[bytes, int, int, Budget, Any], tuple[Any, int]]] = {}

    def read_item(
        message: Any,
        data: bytes,
        start: int,
        pos: int,
        end: int,
        budget: Budget,
        unknown: bytearray,
    ) -> int:
        number = at = 0
        while True:
            tag, pos = read_tag(data, pos)
            if tag == _ITEM_END:
                break
            # Of two of a kind, the first counts, as in C++.
            if tag == _ITEM_ID:
                found, pos = read_varint(data, pos)
                number = number or found
                continue
            if tag == _ITEM_MESSAGE:
                at = at or pos
            pos = _skip(data, pos, end, tag, budget, budget.depth)
        field = decoder.fields.get(number) or decoder.schema.find_field(number)
        if field is None or field.message is None or not at:
            unknown += data[start:pos]
            return pos
        read = readers.get(number)
        if read is None:
            read = readers[number] = _message_reader(field)
        try:
            value, _ = read(data, at, end, budget, field.get(message))
        except DecodeError as error:
            error.at(field.name)
            raise
        field.set(message, value)
        return pos

    return read_item
