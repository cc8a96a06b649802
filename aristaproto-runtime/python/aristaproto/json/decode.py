"""Plain values to messages: ProtoJSON as the `json` module parsed it, or dicts of Python values.

`Decoder.message` fills a message along a plan that is compiled once for each class from its schema:
the keys that name a field, and one converter for its values. Called by `aristaproto.json`.
"""

from __future__ import annotations

import binascii
import datetime
import enum
import math
import operator
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ..base.budget import Budget
from ..base.casing import snake_case
from ..base.errors import JsonError, cut, describe, nearest, show, wrong_message
from ..base.float32 import round_float32
from ..base.numbers import is_numpy_bool, real
from ..model.enum import read_names
from ..model.extension import find_extension_field
from ..model.message import Message, is_message_of
from ..model.required import check_required
from ..schema.fields import (
    INT_RANGES,
    TYPE_BOOL,
    TYPE_BYTES,
    TYPE_DOUBLE,
    TYPE_ENUM,
    TYPE_FLOAT,
    TYPE_GROUP,
    TYPE_MESSAGE,
    TYPE_NAMES,
    TYPE_STRING,
)
from .encode import takes_null
from .parse import DoubleKeys
from .special import DECODERS, is_list, is_object

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ..model.pool import MessagePool
    from ..schema.fields import Field, Schema

    Convert = Callable[["Decoder", Any], Any]

__all__ = ("Decoder", "UnknownFieldError", "convert_message", "convert_value")


class UnknownFieldError(JsonError, KeyError):
    """A key names no field of the message."""


class _Skipped(enum.Enum):
    """What a converter gives for a value that is passed over."""

    VALUE = 0


_SKIPPED = _Skipped.VALUE


class Decoder:
    """One call of `from_dict`: its options and how deep it is."""

    __slots__ = ("budget", "depth", "ignore_unknown", "messages", "pools", "text")

    def __init__(
        self, *, ignore_unknown: bool, text: bool, pools: tuple[MessagePool | None, ...]
    ) -> None:
        self.budget = Budget()
        self.ignore_unknown = ignore_unknown
        self.text = text
        """Whether the values come from JSON text, and are to be as strict as ProtoJSON."""
        self.pools = pools
        self.messages = self.budget.messages + 1
        self.depth = -1  # the outermost message is not inside another one

    def outermost(self, cls: type[Message], value: object) -> Any:
        """Return the message that the call is about, with all its required fields."""
        try:
            message = self.message(cls, value)
            if cls.__schema__.needs_check:
                check_required(message, JsonError)
        except RecursionError:
            raise JsonError(
                "expected fewer levels of messages, got more than Python's stack holds"
            ) from None
        return message

    def message(self, cls: type[Message], value: object) -> Any:
        """Return the message of a class that a value stands for, special form or not."""
        self.depth += 1
        if self.depth > self.budget.depth:
            raise self.budget.too_deep(JsonError)
        self.messages -= 1
        if self.messages < 0:
            raise self.budget.too_many(JsonError)
        if isinstance(value, Message) and is_message_of(value, cls):
            made: Any = value
        else:
            special = _plan(cls.__schema__).special
            if special is not None:
                made = special(self, cls, value)
            elif isinstance(value, Message):
                raise JsonError(wrong_message(cls, value))
            else:
                made = self.fields(cls, value)
        self.depth -= 1
        return made

    def fields(self, cls: type[Message], value: object) -> Any:
        """Return the message of a class from an object of its fields, whatever its special form."""
        schema = cls.__schema__
        plan = _plan(schema)
        message: Message = schema.new()
        seen: dict[int, str] = {}
        oneofs: dict[str, str] = {}
        for key, item in self.items(value, f"an object for {schema.full_name}"):
            entry = plan.keys.get(key) or plan.find(key, self.pools)
            if entry is None:
                if self.ignore_unknown:
                    continue
                raise _unknown(schema, key)
            field = entry.field
            if field.number in seen:
                keys = f"{show(seen[field.number])} and {show(key)}"
                raise JsonError(f"expected one value, got two, under the keys {keys}").at(
                    field.name
                )
            seen[field.number] = key
            if item is None and not entry.takes_null:
                continue
            if field.oneof is not None:
                if field.oneof in oneofs:
                    raise JsonError(
                        f"expected one member of the oneof {field.oneof!r}, got the keys"
                        f" {show(oneofs[field.oneof])} and {show(key)}"
                    ).at(field.name)
                oneofs[field.oneof] = key
            try:
                converted = entry.convert(self, item)
            except JsonError as error:
                error.at(field.name)
                raise
            if converted is not _SKIPPED:
                field.set(message, converted)
        return message

    def element(self, cls: type[Message], field: Field, value: object) -> Any:
        """Return what a value stands for as a value of one field of a class."""
        return _plan(cls.__schema__).by_number[field.number].convert(self, value)

    def items(self, value: object, expected: str) -> Iterable[tuple[Any, object]]:
        """Return the keys and values of an object, each key once."""
        if isinstance(value, DoubleKeys):
            raise JsonError(f"expected each key once, got {show(value.key)} twice")
        if not is_object(value):
            raise JsonError(f"expected {expected}, got {describe(value)}")
        return value.items()

    def text_value(self, value: str) -> str:
        """Return text after a check that it is Unicode, without lone surrogates."""
        if not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError as error:
                raise JsonError(
                    f"expected text in Unicode, got a lone surrogate at character {error.start}"
                ) from None
        return value


def convert_value(field: Field, value: object) -> Any:
    """Return what one plain value is as a field's scalar or time; the codec in Rust asks for what is of another type.

    Raises:
        JsonError: A value that does not fit the field.
    """
    return _value(field)(Decoder(ignore_unknown=False, text=False, pools=()), value)


def convert_message(cls: type[Message], value: object) -> Any:
    """Return the message of a well-known type that one plain value stands for, as `convert_value` does.

    Raises:
        JsonError: A value that does not fit the type.
    """
    return Decoder(ignore_unknown=False, text=False, pools=()).message(cls, value)


class _Entry:
    """One field of a plan."""

    __slots__ = ("convert", "field", "takes_null")

    def __init__(self, field: Field) -> None:
        self.field = field
        self.takes_null = not field.repeated and not field.is_map and takes_null(field)
        self.convert: Convert
        if field.key is not None and field.value is not None:
            self.convert = _mapping(field.key, field.value)
        elif field.repeated:
            self.convert = _sequence(field)
        else:
            self.convert = _value(field)


_NAME = re.compile("[A-Za-z0-9_-]+")


class _Plan:
    """How objects become messages of one class."""

    __slots__ = ("_extensions", "_lenient", "by_number", "keys", "schema", "special")

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.special = DECODERS.get(schema.full_name)
        self.by_number = {field.number: _Entry(field) for field in schema.fields}
        self.keys: dict[str, _Entry] = {}
        # A proto name that is the JSON name of another field stands for the latter.
        for field in schema.fields:
            self.keys[field.json_name] = self.by_number[field.number]
        for field in schema.fields:
            self.keys.setdefault(field.proto_name, self.by_number[field.number])
        self._lenient: dict[str, _Entry | None] | None = None
        self._extensions: dict[Field, _Entry] = {}

    def find(self, key: object, pools: tuple[MessagePool | None, ...]) -> _Entry | None:
        """Return the field that a key names in another way than by one of its own names."""
        if not isinstance(key, str):
            return None
        if key.startswith("[") and key.endswith("]"):
            field = find_extension_field(self.schema, key[1:-1], pools)
            if field is None:
                return None
            entry = self._extensions.get(field)
            if entry is None:
                entry = self._extensions[field] = _Entry(field)
            return entry
        return self._in_another_casing(key) if _NAME.fullmatch(key) else None

    def _in_another_casing(self, key: str) -> _Entry | None:
        """Return the field whose name a key spells in another casing, if there is just one."""
        if self._lenient is None:
            self._lenient = {}
            for entry in self.by_number.values():
                field = entry.field
                for name in {
                    snake_case(field.name),
                    snake_case(field.proto_name),
                    snake_case(field.json_name),
                }:
                    if self._lenient.setdefault(name, entry) is not entry:
                        self._lenient[name] = None
        return self._lenient.get(snake_case(key))


def _plan(schema: Schema) -> _Plan:
    plans: Any = schema.json
    if plans is None:
        plans = schema.json = {}
    plan: _Plan | None = plans.get("decode")
    if plan is None:
        plan = plans["decode"] = _Plan(schema)
    return plan


def _unknown(schema: Schema, key: object) -> UnknownFieldError:
    near = nearest(key, (field.json_name for field in schema.fields))
    hint = f" (did you mean {near!r}?)" if near else ""
    return UnknownFieldError(f"expected a field of {schema.full_name}, got {show(key)}{hint}")


def _sequence(field: Field) -> Convert:
    convert = _value(field)
    null_fits = takes_null(field)

    def decode(decoder: Decoder, values: Any) -> Any:
        if not is_list(values):
            raise JsonError(f"expected a list, got {describe(values)}")
        made: list[Any] = []
        for index, value in enumerate(values):
            try:
                if value is None and not null_fits:
                    raise JsonError(f"expected {_describe_type(field)}, got null")
                converted = convert(decoder, value)
            except JsonError as error:
                error.at(index)
                raise
            if converted is not _SKIPPED:
                made.append(converted)
        return made

    return decode


def _mapping(key_field: Field, value_field: Field) -> Convert:
    convert_key = _map_key(key_field)
    convert = _value(value_field)
    null_fits = takes_null(value_field)

    def decode(decoder: Decoder, values: Any) -> Any:
        made: dict[Any, Any] = {}
        for name, value in decoder.items(values, "an object for a map"):
            try:
                key = convert_key(decoder, name)
                if key in made:
                    raise JsonError(f"expected each key once, got {describe(key)} twice")
                if value is None and not null_fits:
                    raise JsonError(f"expected {_describe_type(value_field)}, got null")
                converted = convert(decoder, value)
            except JsonError as error:
                error.at_key(name)
                raise
            if converted is not _SKIPPED:
                made[key] = converted
        return made

    return decode


def _map_key(field: Field) -> Convert:
    convert = _value(field)
    if field.type != TYPE_BOOL:
        return convert

    def decode(decoder: Decoder, value: Any) -> Any:
        if value == "true":
            return True
        if value == "false":
            return False
        if decoder.text:
            raise JsonError(f'expected "true" or "false", got {describe(value)}')
        return convert(decoder, value)

    return decode


def _describe_type(field: Field) -> str:
    if field.message is not None:
        return field.message.__name__
    if field.enum is not None:
        return f"enum {field.enum.__name__}"
    return TYPE_NAMES[field.type]


def _value(field: Field) -> Convert:
    if field.type in (TYPE_MESSAGE, TYPE_GROUP):
        return _wrapped(field) if field.wrapped else _message(field)
    if field.type == TYPE_ENUM:
        return _enum(field)
    if field.type in INT_RANGES:
        return _integer(field.type)
    return _SCALARS[field.type]


def _message(field: Field) -> Convert:
    cls: Any = field.message

    def decode(decoder: Decoder, value: Any) -> Any:
        return decoder.message(cls, value)

    return decode


_PYTHON_TYPES: dict[str, type[Any]] = {
    "google.protobuf.Duration": datetime.timedelta,
    "google.protobuf.Timestamp": datetime.datetime,
}


def _wrapped(field: Field) -> Convert:
    cls: Any = field.message
    inner: Field | None = cls.__schema__.by_name.get("value")
    convert = None if inner is None else _value(inner)

    as_it_is = _PYTHON_TYPES.get(cls.__schema__.full_name, ())

    def decode(decoder: Decoder, value: Any) -> Any:
        if convert is not None and not isinstance(value, Message):
            return convert(decoder, value)
        if isinstance(value, as_it_is):
            return value
        return decoder.message(cls, value).to_wrapped()

    return decode


def _enum(field: Field) -> Convert:
    enum_cls: Any = field.enum
    null_fits = takes_null(field)
    names = read_names(enum_cls)

    def decode(decoder: Decoder, value: Any) -> Any:
        if isinstance(value, str):
            member = names.get(value)
            if member is None:
                if decoder.ignore_unknown:
                    return _SKIPPED
                raise JsonError(f"expected a name of enum {enum_cls.__name__}, got {show(value)}")
            return member
        if value is None and null_fits:
            return enum_cls(0)
        if isinstance(value, bool):
            raise JsonError(f"expected enum {enum_cls.__name__}, got {describe(value)}")
        number = _whole_number(value, f"enum {enum_cls.__name__}")
        if not -(2**31) <= number < 2**31:
            raise JsonError(
                f"expected a number of 32 bits for enum {enum_cls.__name__}, got {describe(value)}"
            )
        member = enum_cls(number)
        if enum_cls.__closed__ and not member.name:
            if decoder.ignore_unknown:
                return _SKIPPED
            raise JsonError(f"expected a number of closed enum {enum_cls.__name__}, got {number}")
        return member

    return decode


# The grammar of numbers in JSON, also for numbers as text.
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")

# More digits than any integer of 64 bits has; a bound against 1e999999999.
_MOST_DIGITS = 30


def _whole_number(value: Any, expected: str) -> int:
    """Return the integer that a number, or text of a number, stands for: 1, "1", 1.0 and 1e3."""
    if isinstance(value, int):
        return int(value)
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        number = _decimal(value, expected)
    elif isinstance(value, Decimal):
        number = value
    elif isinstance(value, float) and value.is_integer():
        return int(value)
    else:
        # A number of another type, such as NumPy's, which a dict of Python values may hold.
        try:
            return operator.index(value)  # pyright: ignore[reportArgumentType]
        except TypeError:
            raise JsonError(f"expected {expected}, got {describe(value)}") from None
    if not number:
        return 0
    if not number.is_finite() or number.adjusted() > _MOST_DIGITS:
        raise JsonError(f"expected {expected}, got {_show(value)}")
    if number != number.to_integral_value():
        raise JsonError(f"expected {expected}, got {_show(value)}")
    return int(number)


def _show(value: Any) -> str:
    """Return type and text of a value for an error; a `Decimal` is just a number to whoever wrote JSON."""
    return f"number {cut(str(value))}" if isinstance(value, Decimal) else describe(value)


def _decimal(text: str, expected: str) -> Decimal:
    try:
        return Decimal(text)
    except ArithmeticError:  # an exponent of more digits than Decimal has
        raise JsonError(f"expected {expected}, got {describe(text)}") from None


def _integer(type_: int) -> Convert:
    low, high = INT_RANGES[type_]
    name = TYPE_NAMES[type_]

    def decode(decoder: Decoder, value: Any) -> int:
        if type(value) is int:
            number = value
        elif isinstance(value, bool):
            raise JsonError(f"expected {name}, got {describe(value)}")
        else:
            number = _whole_number(value, name)
        if not low <= number <= high:
            raise JsonError(f"expected {name} ({low} to {high}), got {_show(value)}")
        return number

    return decode


_WORDS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def _double(decoder: Decoder, value: Any) -> float:
    if isinstance(value, float):
        return value
    if isinstance(value, str):
        if value in _WORDS:
            return _WORDS[value]
        if _NUMBER.fullmatch(value) is None:
            raise JsonError(f"expected a number, got {describe(value)}")
    elif isinstance(value, bool) or is_numpy_bool(value):
        raise JsonError(f"expected a number, got {describe(value)}")
    try:
        number = float(value) if isinstance(value, (str, Decimal)) else real(value)
    except TypeError:
        raise JsonError(f"expected a number, got {describe(value)}") from None
    except OverflowError:
        number = math.inf
    if math.isinf(number):
        raise JsonError(f"expected a number within the range of double, got {_show(value)}")
    return number


def _float(decoder: Decoder, value: Any) -> float:
    number = _double(decoder, value)
    try:
        # Rounded as the wire would round it, so that both ways give equal messages.
        return round_float32(number)
    except OverflowError:
        raise JsonError(
            f"expected a number within the range of float, got {_show(value)}"
        ) from None


def _bool(decoder: Decoder, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if is_numpy_bool(value):
        return bool(value)
    raise JsonError(f"expected bool, got {_show(value)}")


def _string(decoder: Decoder, value: Any) -> str:
    if not isinstance(value, str):
        raise JsonError(f"expected string, got {_show(value)}")
    return decoder.text_value(value)


_BASE64 = re.compile(r"[A-Za-z0-9+/]*={0,2}")
_URL_SAFE = str.maketrans("-_", "+/")


def _bytes(decoder: Decoder, value: Any) -> bytes:
    if isinstance(value, str):
        text = value.translate(_URL_SAFE)
        digits = len(text.rstrip("="))
        # Padding may be left out, but what is there must be right.
        padded = len(text) == digits or len(text) % 4 == 0
        if _BASE64.fullmatch(text) is None or digits % 4 == 1 or not padded:
            raise JsonError(f"expected base64 text, got {describe(value)}")
        return binascii.a2b_base64(text[:digits] + "=" * (-digits % 4))
    if issubclass(type(value), (bytes, bytearray, memoryview)):
        try:
            return bytes(value)
        except ValueError as error:  # a view that was released
            raise JsonError(f"expected bytes, got {describe(value)} ({error})") from None
    raise JsonError(f"expected base64 text, got {_show(value)}")


_SCALARS: dict[int, Convert] = {
    TYPE_DOUBLE: _double,
    TYPE_FLOAT: _float,
    TYPE_BOOL: _bool,
    TYPE_STRING: _string,
    TYPE_BYTES: _bytes,
}
