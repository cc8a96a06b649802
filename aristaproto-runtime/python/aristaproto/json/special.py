"""The JSON forms of the well-known types, out and in, by full name of the type.

Each entry of `ENCODERS` takes the encoder and a message; each of `DECODERS` the decoder, the class
and a plain value. Both go back to the encoder or decoder for the messages inside.

<https://protobuf.dev/programming-guides/json/>
"""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Mapping, Sequence
from string import ascii_uppercase
from typing import TYPE_CHECKING, Any, TypeGuard

from ..base.errors import DecodeError, EncodeError, JsonError, describe, show
from ..base.numbers import is_numpy_bool
from ..model.message import Message
from ..model.pool import find_packed_type
from ..times.durations import format_duration, parse_duration
from ..times.nano_datetime import parts_to_datetime
from ..times.rfc3339 import format_rfc3339, parse_iso8601, parse_rfc3339

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .. import wkt
    from ..model.pool import MessagePool
    from ..schema.fields import Schema
    from .decode import Decoder
    from .encode import Encoder

__all__ = ("DECODERS", "ENCODERS", "find_packed_class", "is_list", "is_object")

# Doubles above hold only some of the integers.
_LARGEST_EXACT = 2**53


def is_object(value: object) -> TypeGuard[Mapping[Any, object]]:
    """Whether a value is what JSON calls an object."""
    return isinstance(value, Mapping)


def is_list(value: object) -> TypeGuard[Sequence[object]]:
    """Whether a value is what JSON calls an array."""
    return isinstance(value, (list, tuple))


# -- Timestamp and Duration ------------------------------------------------------------------------


def _encode_timestamp(encoder: Encoder, message: Any) -> Any:
    try:
        if encoder.python:
            return parts_to_datetime(message.seconds, message.nanos)
        return format_rfc3339(message.seconds, message.nanos)
    except ValueError as error:
        raise JsonError(str(error)) from None


def _decode_timestamp(decoder: Decoder, cls: Any, value: object) -> Any:
    try:
        if isinstance(value, str):
            seconds, nanos = parse_rfc3339(value) if decoder.text else parse_iso8601(value)
            return cls(seconds=seconds, nanos=nanos)
        if isinstance(value, datetime.datetime):
            return cls.from_datetime(value)
    except ValueError as error:
        raise JsonError(str(error)) from None
    raise JsonError(f"expected a time as RFC 3339 text, got {describe(value)}")


def _encode_duration(encoder: Encoder, message: Any) -> Any:
    try:
        if encoder.python:
            return message.to_timedelta()
        return format_duration(message.seconds, message.nanos)
    except ValueError as error:
        raise JsonError(str(error)) from None


def _decode_duration(decoder: Decoder, cls: Any, value: object) -> Any:
    try:
        if isinstance(value, str):
            seconds, nanos = parse_duration(value)
            return cls(seconds=seconds, nanos=nanos)
        if isinstance(value, datetime.timedelta):
            return cls.from_timedelta(value)
    except ValueError as error:
        raise JsonError(str(error)) from None
    raise JsonError(f"expected a duration as text such as 1.5s, got {describe(value)}")


# -- wrappers --------------------------------------------------------------------------------------


def _encode_wrapper(encoder: Encoder, message: Message) -> Any:
    field = type(message).__schema__.by_number[1]
    return encoder.element(message, field, field.get(message))


def _decode_wrapper(decoder: Decoder, cls: type[Message], value: object) -> Message:
    schema = cls.__schema__
    message: Message = schema.new()
    field = schema.by_number[1]
    field.set(message, decoder.element(cls, field, value))
    return message


# -- Struct, Value, ListValue ----------------------------------------------------------------------


def _encode_struct(encoder: Encoder, message: Any) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for key, value in message.fields.items():
        if not isinstance(key, str):
            raise JsonError(f"expected string, got {describe(key)}").at("fields")
        try:
            made[key] = _nested(encoder, value)
        except JsonError as error:
            error.at_key(key).at("fields")
            raise
    return made


def _encode_list_value(encoder: Encoder, message: Any) -> list[Any]:
    made: list[Any] = []
    for index, value in enumerate(message.values):
        try:
            made.append(_nested(encoder, value))
        except JsonError as error:
            error.at(index).at("values")
            raise
    return made


def _nested(encoder: Encoder, value: Any) -> Any:
    if not isinstance(value, Message):
        raise JsonError(f"expected Value, got {describe(value)}")
    return encoder.message(value)


def _encode_value(encoder: Encoder, message: Any) -> Any:
    for field in _schema(message).fields:
        value = field.get(message)
        if value is None:
            continue
        if field.name == "null_value":
            return None
        if field.name == "number_value":
            number = encoder.element(message, field, value)
            if encoder.python:
                return number
            if isinstance(number, str):
                raise JsonError(f"expected a finite number, got {number}").at(field.name)
            # As other JSON has it: 1, not 1.0.
            if number.is_integer() and abs(number) <= _LARGEST_EXACT and not _is_minus_zero(number):
                return int(number)
            return number
        try:
            return encoder.element(message, field, value)
        except JsonError as error:
            error.at(field.name)
            raise
    return None


def _schema(message: Message) -> Schema:
    return type(message).__schema__


def _is_minus_zero(number: float) -> bool:
    return number == 0 and math.copysign(1, number) < 0


def _decode_struct(decoder: Decoder, cls: Any, value: object) -> Any:
    message = cls()
    value_cls = cls.__schema__.by_number[1].value.message
    fields = message.fields
    for key, item in decoder.items(value, "an object"):
        if not isinstance(key, str):
            raise JsonError(f"expected text as a key, got {describe(key)}")
        try:
            fields[decoder.text_value(key)] = decoder.message(value_cls, item)
        except JsonError as error:
            error.at_key(key)
            raise
    return message


def _decode_list_value(decoder: Decoder, cls: Any, value: object) -> Any:
    if not is_list(value):
        raise JsonError(f"expected a list, got {describe(value)}")
    message = cls()
    value_cls = cls.__schema__.by_number[1].message
    for index, item in enumerate(value):
        try:
            message.values.append(decoder.message(value_cls, item))
        except JsonError as error:
            error.at(index)
            raise
    return message


def _decode_value(decoder: Decoder, cls: Any, value: object) -> Any:
    if value is None:
        return cls(null_value=cls.__schema__.by_name["null_value"].enum(0))
    if isinstance(value, bool) or is_numpy_bool(value):
        return cls(bool_value=bool(value))
    if isinstance(value, str):
        return cls(string_value=decoder.text_value(value))
    if hasattr(value, "__float__") or hasattr(value, "__index__"):
        number = decoder.element(cls, cls.__schema__.by_name["number_value"], value)
        if not math.isfinite(number):
            raise JsonError(f"expected a finite number, got {number}")
        return cls(number_value=number)
    names = cls.__schema__.by_name
    if is_object(value):
        return cls(struct_value=decoder.message(names["struct_value"].message, value))
    if is_list(value):
        return cls(list_value=decoder.message(names["list_value"].message, value))
    raise JsonError(f"expected a JSON value, got {describe(value)}")


# -- FieldMask -------------------------------------------------------------------------------------

# What keeps a path from coming back from lowerCamelCase as it was: a capital, or an underscore that is not before a word.
_LOST = re.compile(r"[A-Z,]|_(?![a-z])")
_UNDERSCORED = {ord(letter): f"_{letter.lower()}" for letter in ascii_uppercase}


def _encode_field_mask(encoder: Encoder, message: Any) -> Any:
    paths: list[str] = message.paths
    if encoder.python:
        return {"paths": list(paths)}
    made: list[str] = []
    for index, path in enumerate(paths):
        if _LOST.search(path) is not None:
            raise (
                JsonError(f"expected a path that lowerCamelCase can express, got {show(path)}")
                .at(index)
                .at("paths")
            )
        made.append(re.sub("_([a-z])", lambda match: match[1].upper(), path))
    return ",".join(made)


def _decode_field_mask(decoder: Decoder, cls: Any, value: object) -> Any:
    if is_object(value) and not decoder.text:
        return decoder.fields(cls, value)
    if not isinstance(value, str):
        raise JsonError(f"expected paths joined by commas as text, got {describe(value)}")
    if "_" in value:
        raise JsonError(f"expected paths in lowerCamelCase, got {show(value)}")
    paths = decoder.text_value(value).split(",") if value else []
    return cls(paths=[path.translate(_UNDERSCORED) for path in paths])


# -- Any -------------------------------------------------------------------------------------------


def find_packed_class(
    any_: wkt.Any | type[wkt.Any], type_url: str, pools: Iterable[MessagePool | None]
) -> type[Message]:
    """Return the class of the message in an Any; the codec in Rust asks, too."""
    prefix, slash, full_name = type_url.rpartition("/")
    if not (slash and prefix and full_name):
        raise JsonError(
            f"expected a type URL such as type.googleapis.com/package.Message, got {show(type_url)}"
        ).at("@type")
    cls = find_packed_type(any_, full_name, pools)
    if cls is None:
        raise JsonError(
            f"expected the URL of a type in the message pool, got {show(type_url)}: import the"
            " generated module that holds it"
        ).at("@type")
    return cls


def _encode_any(encoder: Encoder, message: Any) -> dict[str, Any]:
    type_url: str = message.type_url
    if not type_url and not message.value:
        # In ProtoJSON an Any without a type is an empty object; the dict says which key is empty.
        return {} if encoder.text else {"@type": ""}
    cls = find_packed_class(message, type_url, encoder.pools)
    try:
        inner = cls.parse(message.value)
    except DecodeError as error:
        raise JsonError(f"expected a serialised {cls.__schema__.full_name}: {error}").at(
            "value"
        ) from None
    if cls.__schema__.full_name in ENCODERS:
        return {"@type": type_url, "value": encoder.message(inner)}
    fields: dict[str, Any] = encoder.message(inner)
    return {"@type": type_url, **fields}


def _decode_any(decoder: Decoder, cls: Any, value: object) -> Any:
    members = dict(decoder.items(value, "an object with the key @type"))
    if not members:
        return cls()
    type_url = members.pop("@type", None)
    if type_url == "" and not members:
        return cls()
    if not isinstance(type_url, str):
        raise JsonError(f"expected the URL of a type as text, got {describe(type_url)}").at("@type")
    inner_cls = find_packed_class(cls, type_url, decoder.pools)
    if inner_cls.__schema__.full_name in DECODERS:
        if "value" not in members:
            raise JsonError("expected the message under the key value, got no such key")
        inner_value = members.pop("value")
        if members and not decoder.ignore_unknown:
            raise JsonError(f"expected @type and value, got also {show(next(iter(members)))}")
        inner = decoder.message(inner_cls, inner_value)
    else:
        inner = decoder.message(inner_cls, members)
    try:
        return cls(type_url=type_url, value=bytes(inner))
    except EncodeError as error:
        raise JsonError(str(error)) from None


_WRAPPERS = tuple(
    f"google.protobuf.{name}Value"
    for name in (
        "Bool",
        "Bytes",
        "Double",
        "Float",
        "Int32",
        "Int64",
        "String",
        "UInt32",
        "UInt64",
    )
)

ENCODERS: dict[str, Callable[[Encoder, Any], Any]] = {
    "google.protobuf.Any": _encode_any,
    "google.protobuf.Duration": _encode_duration,
    "google.protobuf.FieldMask": _encode_field_mask,
    "google.protobuf.ListValue": _encode_list_value,
    "google.protobuf.Struct": _encode_struct,
    "google.protobuf.Timestamp": _encode_timestamp,
    "google.protobuf.Value": _encode_value,
    **dict.fromkeys(_WRAPPERS, _encode_wrapper),
}
"""Special forms out, by full name of the message's type."""

DECODERS: dict[str, Callable[[Decoder, Any, object], Any]] = {
    "google.protobuf.Any": _decode_any,
    "google.protobuf.Duration": _decode_duration,
    "google.protobuf.FieldMask": _decode_field_mask,
    "google.protobuf.ListValue": _decode_list_value,
    "google.protobuf.Struct": _decode_struct,
    "google.protobuf.Timestamp": _decode_timestamp,
    "google.protobuf.Value": _decode_value,
    **dict.fromkeys(_WRAPPERS, _decode_wrapper),
}
"""Special forms in, by full name of the message's type."""
