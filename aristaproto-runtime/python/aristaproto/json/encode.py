"""Messages to plain values: ProtoJSON, or Python values as they are.

`Encoder.message` walks a message along a plan that is compiled once for each class from its schema:
for each field its keys, its reader and one converter for its values. Called by `aristaproto.json`.
"""

from __future__ import annotations

import base64
import math
import operator
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..base.budget import Budget
from ..base.errors import JsonError, describe, show, wrong_message
from ..base.float32 import shortest_float32
from ..base.numbers import real, truth
from ..model.enum import written_names
from ..model.message import Message, is_message_of
from ..model.required import check_required
from ..schema.fields import (
    INT_RANGES,
    TYPE_BOOL,
    TYPE_BYTES,
    TYPE_DOUBLE,
    TYPE_ENUM,
    TYPE_FIXED64,
    TYPE_FLOAT,
    TYPE_GROUP,
    TYPE_INT64,
    TYPE_MESSAGE,
    TYPE_NAMES,
    TYPE_SFIXED64,
    TYPE_SINT64,
    TYPE_STRING,
    TYPE_UINT64,
)
from .special import ENCODERS

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..model.enum import Enum
    from ..model.pool import MessagePool
    from ..schema.fields import Field, Schema

    Convert = Callable[["Encoder", Any], Any]

__all__ = ("Encoder", "convert_value", "takes_null")

_LONG_TYPES = frozenset({TYPE_INT64, TYPE_SINT64, TYPE_SFIXED64, TYPE_UINT64, TYPE_FIXED64})
"""The integers that are text in JSON, because a double cannot hold all of them."""


class Encoder:
    """One call of `to_dict`: its options and how deep it is."""

    __slots__ = ("budget", "defaults", "depth", "pools", "python", "snake", "text")

    def __init__(
        self,
        *,
        python: bool,
        snake: bool,
        defaults: bool,
        text: bool,
        pools: tuple[MessagePool | None, ...],
    ) -> None:
        self.python = python
        self.text = text
        """Whether the values are for JSON text."""
        self.snake = snake
        self.defaults = defaults
        self.pools = pools
        self.budget = Budget()
        self.depth = -1  # the outermost message is not inside another one

    def outermost(self, message: Message) -> Any:
        """Return the message that the call is about in its JSON form."""
        try:
            # A dict of a message that is not complete is useful in a log.
            if self.text and type(message).__schema__.needs_check:
                check_required(message, JsonError)
            return self.message(message)
        except RecursionError:
            raise JsonError(
                "expected fewer levels of messages, got more than Python's stack holds"
            ) from None

    def enter(self) -> None:
        """Go one level down; the caller comes up with `depth -= 1`."""
        self.depth += 1
        if self.depth > self.budget.depth:
            raise self.budget.too_deep(JsonError)

    def message(self, message: Message) -> Any:
        """Return a message in its JSON form, special or not."""
        plan = _plan(type(message).__schema__)
        self.enter()
        value = self.fields(message) if plan.special is None else plan.special(self, message)
        self.depth -= 1
        return value

    def fields(self, message: Message) -> dict[str, Any]:
        """Return a message as a dict of its fields, whatever its special form is."""
        made: dict[str, Any] = {}
        schema = type(message).__schema__
        plan = _plan(schema)
        entries = plan.entries
        if schema.extendable:
            held = schema.fields_of(message)[len(schema.fields) :]
            entries = (*entries, *map(plan.extension, held))
        for entry in entries:
            field = entry.field
            value = field.held(message)
            key = entry.snake if self.snake else entry.camel
            if field.is_default(value):
                # Null would set a field for which null is a value.
                if self.defaults and not (field.presence and takes_null(field)):
                    made[key] = entry.default(self)
                continue
            try:
                converted = (entry.to_python if self.python else entry.to_json)(self, value)
            except JsonError as error:
                error.at(field.name)
                raise
            # An iterator shows only now that it was empty.
            if not entry.collection or converted or self.defaults:
                made[key] = converted
        return made

    def element(self, message: Message, field: Field, value: Any) -> Any:
        """Return one value of a field of a message in its JSON form."""
        entry = _plan(type(message).__schema__).by_number[field.number]
        return (entry.to_python if self.python else entry.to_json)(self, value)


class _Entry:
    """One field of a plan."""

    __slots__ = ("camel", "collection", "field", "snake", "to_json", "to_python")

    def __init__(self, field: Field) -> None:
        self.field = field
        self.camel = field.json_name
        self.snake = field.proto_name
        self.collection = field.repeated or field.is_map
        self.to_json: Convert
        self.to_python: Convert
        if field.key is not None and field.value is not None:
            self.to_json = _mapping(_map_key(field.key), _json_value(field.value))
            self.to_python = _mapping(_python_value(field.key), _python_value(field.value))
        elif field.repeated:
            self.to_json = _sequence(_json_value(field))
            self.to_python = _sequence(_python_value(field))
        else:
            self.to_json = _json_value(field)
            self.to_python = _python_value(field)

    def default(self, encoder: Encoder) -> Any:
        """What stands for an unset field when defaults are put out."""
        if self.field.repeated:
            return []
        if self.field.is_map:
            return {}
        if self.field.presence:
            return None
        # The field's own zero: what equals it may be of another type.
        return (self.to_python if encoder.python else self.to_json)(encoder, self.field.default)


class _Plan:
    """How messages of one class become dicts."""

    __slots__ = ("_extensions", "by_number", "entries", "special")

    def __init__(self, schema: Schema) -> None:
        self.special = ENCODERS.get(schema.full_name)
        self.entries = tuple(_Entry(field) for field in schema.ordered)
        self.by_number = {entry.field.number: entry for entry in self.entries}
        self._extensions: dict[Field, _Entry] = {}

    def extension(self, field: Field) -> _Entry:
        """Return the entry of an extension's field."""
        entry = self._extensions.get(field)
        if entry is None:
            entry = self._extensions[field] = _Entry(field)
        return entry


def _plan(schema: Schema) -> _Plan:
    plans: Any = schema.json
    if plans is None:
        plans = schema.json = {}
    plan: _Plan | None = plans.get("encode")
    if plan is None:
        plan = plans["encode"] = _Plan(schema)
    return plan


def _sequence(convert: Convert) -> Convert:
    def encode(encoder: Encoder, values: Any) -> list[Any]:
        made: list[Any] = []
        # What is iterable and yet no list would fall apart into characters or keys.
        if issubclass(type(values), (str, bytes, Mapping)) or not hasattr(values, "__iter__"):
            raise JsonError(f"expected a list, got {describe(values)}")
        for index, value in enumerate(values):
            try:
                made.append(convert(encoder, value))
            except JsonError as error:
                error.at(index)
                raise
        return made

    return encode


def _mapping(convert_key: Convert, convert: Convert) -> Convert:
    def encode(encoder: Encoder, values: Any) -> dict[Any, Any]:
        made: dict[Any, Any] = {}
        if not hasattr(values, "items"):
            raise JsonError(f"expected a dict, got {describe(values)}")
        for key, value in values.items():
            try:
                made[convert_key(encoder, key)] = convert(encoder, value)
            except JsonError as error:
                error.at_key(key)
                raise
        return made

    return encode


def _map_key(field: Field) -> Convert:
    convert = _json_value(field)

    def encode(encoder: Encoder, value: Any) -> str:
        key = convert(encoder, value)
        if isinstance(key, bool):
            return "true" if key else "false"
        return key if isinstance(key, str) else str(key)

    return encode


def convert_value(field: Field, value: Any) -> Any:
    """Return one scalar of a field in its JSON form; the codec in Rust asks for what is of another type.

    Raises:
        JsonError: A value that the field cannot carry.
    """
    encoder = Encoder(python=False, snake=False, defaults=False, text=True, pools=())
    return _json_value(field)(encoder, value)


def _as_it_is(encoder: Encoder, value: Any) -> Any:
    return value


def _python_value(field: Field) -> Convert:
    if field.message is not None:
        return _as_it_is if field.wrapped else _message(field)
    if field.enum is not None:
        enum = field.enum

        def encode(encoder: Encoder, value: Any) -> Any:
            return enum(_enum_number(enum, value))

        return encode
    return _as_it_is


def _json_value(field: Field) -> Convert:
    if field.type in (TYPE_MESSAGE, TYPE_GROUP):
        return _wrapped(field) if field.wrapped else _message(field)
    if field.type == TYPE_ENUM:
        return _enum(field)
    if field.type in INT_RANGES:
        return _integer(field.type)
    return _SCALARS[field.type]


def _message(field: Field) -> Convert:
    expected: Any = field.message

    def encode(encoder: Encoder, value: Any) -> Any:
        if not is_message_of(value, expected):
            raise JsonError(wrong_message(expected, value))
        return encoder.message(value)

    return encode


def _wrapped(field: Field) -> Convert:
    cls: Any = field.message
    inner: Field | None = cls.__schema__.by_name.get("value")
    if inner is not None:  # BoolValue and its siblings: the form of their one value
        return _json_value(inner)

    def encode(encoder: Encoder, value: Any) -> Any:
        try:
            message = cls.from_wrapped(value)
        except (TypeError, ValueError) as error:
            raise JsonError(str(error)) from None
        return encoder.message(message)

    return encode


def _enum_number(enum: type[Enum], value: Any) -> int:
    try:
        return operator.index(value)
    except TypeError:
        raise JsonError(f"expected enum {enum.__name__}, got {describe(value)}") from None


def _enum(field: Field) -> Convert:
    enum: Any = field.enum
    if takes_null(field):
        return _null(enum)
    names = written_names(enum)

    def encode(encoder: Encoder, value: Any) -> str | int:
        number = _enum_number(enum, value)
        known = names.get(number)
        if known is not None:
            return known
        if not -(2**31) <= number < 2**31:
            raise JsonError(
                f"expected a number of 32 bits for enum {enum.__name__}, got {describe(value)}"
            )
        return number

    return encode


def takes_null(field: Field) -> bool:
    """Whether null is a value of a field's type, and not a field that is left out."""
    if field.message is not None:
        return field.message.__schema__.full_name == "google.protobuf.Value"
    return getattr(field.enum, "__proto_name__", "") == "google.protobuf.NullValue"


def _null(enum: type[Enum]) -> Convert:
    def encode(encoder: Encoder, value: Any) -> None:
        # Any number reads as null, also one that this version of the enum does not name.
        if not -(2**31) <= _enum_number(enum, value) < 2**31:
            raise JsonError(f"expected enum {enum.__name__}, got {describe(value)}")

    return encode


def _integer(type_: int) -> Convert:
    low, high = INT_RANGES[type_]
    as_text = type_ in _LONG_TYPES
    name = TYPE_NAMES[type_]

    def encode(encoder: Encoder, value: Any) -> int | str:
        try:
            number = operator.index(value)
        except TypeError:
            raise JsonError(f"expected {name}, got {describe(value)}") from None
        if not low <= number <= high:
            raise JsonError(f"expected {name} ({low} to {high}), got {describe(value)}")
        return str(number) if as_text else number

    return encode


def _real(value: Any, name: str) -> float:
    try:
        return real(value)
    except TypeError:
        raise JsonError(f"expected {name}, got {describe(value)}") from None
    except OverflowError:
        raise JsonError(
            f"expected a number within the range of {name}, got {describe(value)}"
        ) from None


def _double(encoder: Encoder, value: Any) -> float | str:
    number = _real(value, "double")
    return number if math.isfinite(number) else _not_finite(number)


def _not_finite(number: float) -> str:
    if math.isnan(number):
        return "NaN"
    return "Infinity" if number > 0 else "-Infinity"


def _float(encoder: Encoder, value: Any) -> float | str:
    number = _real(value, "float")
    if not math.isfinite(number):
        return _not_finite(number)
    try:
        return shortest_float32(number)
    except OverflowError:
        raise JsonError(f"expected a number within the range of float, got {show(value)}") from None


def _bool(encoder: Encoder, value: Any) -> bool:
    held = truth(value)
    if held is None:
        raise JsonError(f"expected bool, got {describe(value)}")
    return held


def _string(encoder: Encoder, value: Any) -> str:
    if not isinstance(value, str):
        raise JsonError(f"expected string, got {describe(value)}")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise JsonError(
                f"expected text in Unicode, got a lone surrogate at character {error.start}"
            ) from None
    return value


def _bytes(encoder: Encoder, value: Any) -> str:
    if not issubclass(type(value), (bytes, bytearray, memoryview)):
        raise JsonError(f"expected bytes, got {describe(value)}")
    try:
        # A view with gaps is no buffer to base64, but can be copied; one that was released cannot.
        return base64.b64encode(bytes(value)).decode("ascii")
    except ValueError as error:
        raise JsonError(f"expected bytes, got {describe(value)} ({error})") from None


_SCALARS: dict[int, Convert] = {
    TYPE_DOUBLE: _double,
    TYPE_FLOAT: _float,
    TYPE_BOOL: _bool,
    TYPE_STRING: _string,
    TYPE_BYTES: _bytes,
}
