"""Messages to wire bytes: for each class a writer for each field, compiled once and kept in `Schema.encoder`."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from operator import ne

from ..base.budget import Budget
from ..base.errors import EncodeError, describe, wrong_message
from ..base.wire import WIRE_EGROUP, WIRE_LEN, encode_varint, varint
from ..model.required import check_required
from ..schema.fields import TYPE_BOOL, TYPE_FLOAT, TYPE_GROUP, Field, Schema
from .scalars import FIXED, WIRE_TYPES, scalar_writer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ..model.message import Message
    from .scalars import Write

    # (message, output, budget)
    WriteField = Callable[[Any, bytearray, Budget], None]

__all__ = ("encode", "numbers_in_memory")


class _Encoder:
    """What is compiled for one class: the writers of its fields by number, and of extensions met so far."""

    __slots__ = ("extendable", "extensions", "schema", "writers")

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.extendable = schema.extendable
        self.writers = [(field.name, _compile_writer(field)) for field in schema.ordered]
        self.extensions: dict[Field, WriteField] = {}


def _encoder(schema: Schema) -> _Encoder:
    encoder: _Encoder | None = schema.encoder
    if encoder is None:
        encoder = schema.encoder = _Encoder(schema)
    return encoder


def encode(message: Message) -> bytes:
    """Wire bytes of a message. `EncodeError` with the path of a value that its field cannot carry."""
    schema = type(message).__schema__
    budget = Budget()
    out = bytearray()
    try:
        _encode_fields(_encoder(schema), message, out, budget)
        if schema.needs_check:
            check_required(message, EncodeError)
    except RecursionError:
        raise EncodeError(
            "expected fewer levels of messages, got more than Python's stack holds"
        ) from None
    if len(out) > budget.limits.size:
        raise budget.too_large(EncodeError, len(out))
    return bytes(out)


def numbers_in_memory(field: Field, message: Message, code: str) -> bytes:
    """The numbers of a repeated field as they lie in memory, in the format `code` of `struct`; errors as `encode`."""
    write = scalar_writer(field)
    items: Any = ()
    try:
        items = _items(field, message)
        if field.type == TYPE_BOOL:
            # `struct` takes anything for one.
            items = [write(item) != b"\0" for item in items]
        # "=": without it `struct` makes inf of a float that is too large.
        return struct.pack(f"={len(items)}{code}", *items)
    except (EncodeError, struct.error, OverflowError, TypeError) as error:
        raise _locate(EncodeError(str(error)), items, write).at(field.name) from None


def _encode_fields(encoder: _Encoder, message: Any, out: bytearray, budget: Budget) -> None:
    name = ""
    try:
        for name, write in encoder.writers:  # noqa: B007 - read by the except clause
            write(message, out, budget)
    except EncodeError as error:
        error.at(name)
        raise
    if encoder.extendable and message._extensions:
        _encode_extensions(encoder, message, out, budget)
    if message._unknown_fields:
        out += message._unknown_fields


def _encode_extensions(encoder: _Encoder, message: Any, out: bytearray, budget: Budget) -> None:
    """Write the extensions, by number, behind the fields of the class."""
    for field in encoder.schema.fields_of(message)[len(encoder.schema.fields) :]:
        write = encoder.extensions.get(field)
        if write is None:
            compile_one = _item_writer if encoder.schema.cls.__message_set__ else _compile_writer
            write = encoder.extensions[field] = compile_one(field)
        try:
            write(message, out, budget)
        except EncodeError as error:
            error.at(field.name)
            raise


def _item_writer(field: Field) -> WriteField:
    """Writes an extension as an item of a MessageSet."""
    write = _message_writer(field, number=3)
    start = b"\x0b\x10" + encode_varint(field.number)

    def write_item(message: Any, out: bytearray, budget: Budget) -> None:
        out += start
        write(field.get(message), out, budget)
        out += b"\x0c"

    return write_item


def _message_writer(field: Field, number: int = 0) -> Callable[[Any, bytearray, Budget], None]:
    """Writes one message with its tag and length, or between the tags of a group."""
    cls: Any = field.message
    wrapped = field.wrapped
    group = field.type == TYPE_GROUP
    tag = encode_varint((number or field.number) << 3 | WIRE_TYPES[field.type])
    end_tag = encode_varint(field.number << 3 | WIRE_EGROUP)

    def write(value: Any, out: bytearray, budget: Budget) -> None:
        if value.__class__ is not cls:
            value = _wrap(cls, value) if wrapped else _instance(cls, value)
        if not budget.depth:
            raise budget.too_deep(EncodeError)
        budget.depth -= 1
        encoder = _encoder(value.__class__.__schema__)
        out += tag
        if group:
            _encode_fields(encoder, value, out, budget)
            out += end_tag
        else:
            body = bytearray()
            _encode_fields(encoder, value, body, budget)
            out += varint(len(body))
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
    schema: Schema | None = getattr(value.__class__, "__schema__", None)
    if schema is None or schema.origin is not cls.__schema__.origin:
        raise EncodeError(wrong_message(cls, value))
    return value


def _compile_writer(field: Field) -> WriteField:
    if field.is_map:
        return _map_writer(field)
    if field.message is not None:
        return _message_field_writer(field)
    write = scalar_writer(field)
    tag = encode_varint(field.number << 3 | WIRE_TYPES[field.type])
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


# Iterables that are no lists of elements.
_NO_LISTS: Any = (str, bytes, bytearray, Mapping)


def _items(field: Field, message: Any) -> list[Any] | tuple[Any, ...]:
    """The elements of a repeated field, whatever iterable the attribute holds."""
    items: Any = field.get(message)
    if items.__class__ is list or items.__class__ is tuple:
        return items
    if items is None:
        return ()
    if isinstance(items, _NO_LISTS) or not hasattr(items, "__iter__"):
        raise EncodeError(f"expected a list, got {describe(items)}")
    elements: list[Any] = list(items)
    # A generator can be read once only: what it gave must not be lost.
    field.set(message, elements)
    return elements


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
    code = FIXED.get(field.type)
    # NaNs are written one by one, as `write` quiets them.
    is_float = field.type == TYPE_FLOAT

    def write_field(message: Any, out: bytearray, budget: Budget) -> None:
        items = _items(field, message)
        if not items:
            return
        try:
            if code is not None and not (is_float and any(map(ne, items, items))):
                body = struct.pack(f"<{len(items)}{code}", *items)
            else:
                body = b"".join(map(write, items))
        except (EncodeError, struct.error, OverflowError, TypeError) as error:
            raise _locate(EncodeError(str(error)), items, write) from None
        out += tag
        out += varint(len(body))
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
                error.at(position)
                raise

    return write_elements if field.repeated else write_one


def _map_writer(field: Field) -> WriteField:
    key, value = field.key, field.value
    assert key is not None
    assert value is not None
    tag = encode_varint(field.number << 3 | WIRE_LEN)
    key_tag = encode_varint(1 << 3 | WIRE_TYPES[key.type])
    write_key = scalar_writer(key)
    write_message = _message_writer(value) if value.message is not None else None
    write_value = None if write_message is not None else scalar_writer(value)
    value_tag = encode_varint(2 << 3 | WIRE_TYPES[value.type])
    get = field.get

    def write_field(message: Any, out: bytearray, budget: Budget) -> None:
        entries: Any = get(message)
        if not entries:
            return
        if not hasattr(entries, "items"):
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
                error.at_key(item_key)
                raise
            out += tag
            out += varint(len(body))
            out += body

    return write_field
