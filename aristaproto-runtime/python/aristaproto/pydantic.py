"""The pydantic flavour: messages whose constructor validates.

Generated classes derive from `Message` here when the option `pydantic_dataclasses` is on. Validators are built on first
use, from the schema that the codecs read. Only this module imports pydantic.
"""

from __future__ import annotations

import functools
import math
import operator
import re
from typing import TYPE_CHECKING, Any

import pydantic_core
from pydantic_core import core_schema

from .base.casing import Casing
from .base.errors import EncodeError, Error, describe, show, wrong_message
from .base.numbers import truth
from .jsonschema import described, proto_name
from .model import message as _message
from .model.enum import read_names, written_names
from .schema.fields import (
    FLOAT_TYPES,
    INT_RANGES,
    REPLACED,
    TYPE_BOOL,
    TYPE_BYTES,
    TYPE_ENUM,
    TYPE_FLOAT,
    TYPE_STRING,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic_core import CoreSchema

    from .model.enum import Enum
    from .schema.fields import Field, Schema

__all__ = ("Message",)

_NUMBER = re.compile("-?[0-9]{1,10}")
_LARGEST_FLOAT32 = (2 - 2**-23) * 2.0**127


class Message(_message.Message):
    """A message whose constructor raises `pydantic.ValidationError` for what its fields cannot carry.

    Assignments are not validated; `_validate` checks the message as it is.
    """

    __slots__ = ()
    if not TYPE_CHECKING:
        __initialiser__ = _message.first_init

    @classmethod
    def __constructor__(cls, init: Callable[..., None]) -> Callable[..., None]:
        validator: pydantic_core.SchemaValidator | None = None

        @functools.wraps(init)
        def __init__(self: Message, /, *args: Any, **kwargs: Any) -> None:
            nonlocal validator
            if validator is None:
                validator = _arguments_validator(cls.__schema__)
            original = kwargs.pop(REPLACED, None)
            if original is not None:
                # What it holds has been validated, or assigned, which is not.
                given = {
                    name: value
                    for name, value in kwargs.items()
                    if not hasattr(original, name) or value is not getattr(original, name)
                }
                _, valid = validator.validate_python(pydantic_core.ArgsKwargs((), given))
                init(
                    self,
                    **{**kwargs, **{name: valid[name] for name in given}},
                    __replaced__=original,
                )
                return
            valid, named = validator.validate_python(pydantic_core.ArgsKwargs(args, kwargs))
            init(self, *valid, **named)

        return __init__

    def _validate(self) -> None:
        """Check all fields, here and below. `pydantic.ValidationError` when one cannot be carried."""
        schema = type(self).__schema__
        values = {field.name: field.held(self) for field in schema.fields}
        _arguments_validator(schema).validate_python(pydantic_core.ArgsKwargs((), values))
        for field in schema.fields:
            held = values[field.name]
            if field.repeated:
                below: Any = held
            elif field.is_map:
                below = held.values()
            else:
                below = (held,)
            for item in below:
                if isinstance(item, Message):
                    item._validate()


def core_schema_of(cls: type[_message.Message]) -> CoreSchema:
    """Schema of a message inside a pydantic model, and of one that a FastAPI route takes or returns.

    In: a message, or what `from_dict` takes: ProtoJSON or Python values under JSON, proto or Python names. Out: a dict of
    Python values by proto name, or ProtoJSON. JSON Schema describes the latter
    (https://protobuf.dev/programming-guides/json/).
    """

    def validate(value: Any) -> Any:
        if isinstance(value, _message.Message) and _message.is_message_of(value, cls):
            return value
        try:
            return cls.from_dict(value)
        except (Error, KeyError) as error:
            raise _validation_error(cls, value, error) from error

    def serialize(value: Any, info: Any) -> Any:
        if not isinstance(value, _message.Message):
            # A default or an assignment, which pydantic does not validate.
            return value
        if info.mode == "json":
            return value.to_dict()
        return value.to_dict(output_format=_message.OutputFormat.PYTHON, casing=Casing.SNAKE)

    return _plain_schema(cls, validate, serialize)


@functools.cache
def serializer_of(cls: type[_message.Message]) -> pydantic_core.SchemaSerializer:
    """What pydantic writes a message with whose type it was not told."""
    return pydantic_core.SchemaSerializer(core_schema_of(cls))


def enum_schema_of(cls: type[Enum]) -> CoreSchema:
    """Schema of an enum inside a pydantic model, and of a parameter of a FastAPI route.

    In: a member, its name in JSON, proto name or Python name, or its number, also as text, which is all that a URL has. Out: the
    member, or ProtoJSON: the name in JSON, or the number where it has no name. JSON Schema describes the latter
    (https://protobuf.dev/programming-guides/json/).
    """
    is_null = proto_name(cls) == "google.protobuf.NullValue"
    read, written = read_names(cls), written_names(cls)

    def validate(value: Any) -> Any:
        if is_null and value is None:
            value = 0
        is_text = isinstance(value, str) and _NUMBER.fullmatch(value)
        if is_text or (isinstance(value, float) and value.is_integer()):
            value = int(value)
        if isinstance(value, str) and value in read:
            return read[value]
        try:
            return _enum_member(cls, value)
        except ValueError as error:
            raise _custom_error(str(error)) from error

    def serialize(value: Any, info: Any) -> Any:
        # As above, it may be a number, or anything.
        if info.mode != "json" or not hasattr(value, "__index__"):
            return value
        number = operator.index(value)
        return None if is_null else written.get(number, number)

    return _plain_schema(cls, validate, serialize)


def _plain_schema(
    cls: type[Any], validate: Callable[[Any], Any], serialize: Callable[[Any, Any], Any]
) -> CoreSchema:
    def json_schema(_: Any, handler: Any) -> dict[str, Any]:
        # A copy: pydantic hands out one object for all references to a definition, and adds to what is outermost.
        return dict(handler(described(cls)))

    return core_schema.no_info_plain_validator_function(
        validate,
        serialization=core_schema.plain_serializer_function_ser_schema(serialize, info_arg=True),
        metadata={"pydantic_js_annotation_functions": [json_schema]},
    )


def _custom_error(reason: str) -> pydantic_core.PydanticCustomError:
    return pydantic_core.PydanticCustomError("protobuf", "{reason}", {"reason": reason})


def _validation_error(
    cls: type[_message.Message], value: Any, error: Exception
) -> pydantic_core.ValidationError:
    """What pydantic puts among its errors, below the place where the message stands: the keys of the input, and its leaf."""
    reason = error.reason if isinstance(error, Error) else str(error)
    steps = error.steps if isinstance(error, Error) else ()
    place, found = _input_at(cls, value, steps)
    return pydantic_core.ValidationError.from_exception_data(
        cls.__name__, [{"type": _custom_error(reason), "loc": place, "input": found}]
    )


def _input_at(
    cls: type[_message.Message], value: Any, steps: tuple[str | int, ...]
) -> tuple[tuple[str | int, ...], Any]:
    """The keys by which an input has what is wrong, and that; `steps` are names of fields, indices and keys of maps."""
    place: list[str | int] = []
    schema: Schema | None = cls.__schema__
    for step in steps:
        field = schema.by_name.get(step) if schema is not None and isinstance(step, str) else None
        names: list[Any] = [step]
        if field is not None:
            names = [field.json_name, field.proto_name, field.name]
            element = field.value if field.value is not None else field
            schema = None if element.message is None else element.message.__schema__
        key = next((name for name in names if _has(value, name)), names[0])
        place.append(key)
        value = value[key] if _has(value, key) else value
    return tuple(place), value


_LISTS: Any = (list, tuple)
_DICT: Any = dict
"""Typed so that checkers see Any and not a container of unknowns."""


def _has(value: Any, key: Any) -> bool:
    if isinstance(value, _DICT):
        return key in value
    return isinstance(value, _LISTS) and isinstance(key, int) and key < len(value)


@functools.cache
def _arguments_validator(schema: Schema) -> pydantic_core.SchemaValidator:
    """Validates the arguments of a constructor call."""
    parameters = [
        core_schema.arguments_parameter(
            field.name,
            core_schema.with_default_schema(_field_schema(field), default=field.default),
            mode="positional_or_keyword",
        )
        for field in schema.fields
    ]
    arguments: CoreSchema = core_schema.arguments_schema(parameters)
    if schema.oneofs:
        names = [field.name for field in schema.fields]

        def check_oneofs(call: tuple[tuple[Any, ...], dict[str, Any]]) -> Any:
            given = {**dict(zip(names, call[0], strict=False)), **call[1]}
            for group, members in schema.oneofs.items():
                held = [field.name for field in members if given.get(field.name) is not None]
                if len(held) > 1:
                    raise ValueError(
                        f"{' and '.join(held)} are members of the oneof {group!r}, only one can be set"
                    )
            return call

        arguments = core_schema.no_info_after_validator_function(check_oneofs, arguments)
    return pydantic_core.SchemaValidator(arguments, {"title": schema.cls.__name__})


def _field_schema(field: Field) -> CoreSchema:
    if field.is_map:
        assert field.key is not None
        assert field.value is not None
        entries = core_schema.dict_schema(_element_schema(field.key), _element_schema(field.value))
        return core_schema.nullable_schema(entries)
    if field.repeated:
        return core_schema.nullable_schema(core_schema.list_schema(_element_schema(field)))
    if field.presence:
        return core_schema.nullable_schema(_element_schema(field))
    return _element_schema(field)


def _element_schema(field: Field) -> CoreSchema:
    cls: Any = field.message
    if cls is not None:
        if not field.wrapped:
            return core_schema.no_info_plain_validator_function(functools.partial(_instance, cls))
        (*others, last) = cls.__schema__.fields
        if not others:
            # A wrapper of one scalar: an Int32Value is validated as an int32.
            return _element_schema(last)
        return core_schema.no_info_plain_validator_function(functools.partial(_wrapped, cls))
    if field.type == TYPE_ENUM:
        return core_schema.no_info_plain_validator_function(
            functools.partial(_enum_member, field.enum)
        )
    if field.type in INT_RANGES:
        low, high = INT_RANGES[field.type]
        return core_schema.int_schema(ge=low, le=high)
    if field.type in FLOAT_TYPES:
        floats = core_schema.float_schema()
        if field.type == TYPE_FLOAT:
            return core_schema.no_info_after_validator_function(_float32, floats)
        return floats
    if field.type == TYPE_BOOL:
        return core_schema.no_info_before_validator_function(_bool, core_schema.bool_schema())
    if field.type == TYPE_STRING:
        return core_schema.no_info_after_validator_function(_text, core_schema.str_schema())
    if field.type == TYPE_BYTES:
        return core_schema.bytes_schema()
    raise TypeError(f"no validation for {field!r}")


# pydantic turns a ValueError of these functions into a ValidationError; a TypeError would pass through.


def _instance(cls: Any, value: Any) -> Any:
    if value.__class__ is dict:
        try:
            return cls(**value)
        except TypeError as error:
            # It may show a key that is not Unicode, which pydantic cannot hand on.
            text = str(error).encode(errors="backslashreplace").decode()
            raise ValueError(text) from error
    schema: Any = getattr(value.__class__, "__schema__", None)
    if schema is None or schema.origin is not cls.__schema__.origin:
        raise ValueError(wrong_message(cls, value))
    return value


def _wrapped(cls: Any, value: Any) -> Any:
    try:
        bytes(cls.from_wrapped(value))
    except (TypeError, OverflowError, EncodeError) as error:
        raise ValueError(str(error)) from error
    return value


def _enum_member(cls: Any, value: Any) -> Any:
    if isinstance(value, str):
        return cls.from_string(value)
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise ValueError(f"expected a member of {cls.__name__}, got {describe(value)}")
    number = operator.index(value)
    if not -(2**31) <= number < 2**31:
        raise ValueError(f"expected a number of 32 bits, got {describe(value)}")
    if cls.__closed__ and number not in cls._value2member_map_:
        raise ValueError(
            f"expected a member of the closed enum {cls.__name__}, got {describe(value)}"
        )
    return cls(number)


def _bool(value: Any) -> Any:
    held = truth(value)
    return value if held is None else held


def _float32(value: float) -> float:
    if math.isfinite(value) and abs(value) > _LARGEST_FLOAT32:
        raise ValueError(f"expected a number that fits into 32 bits, got {show(value)}")
    return value


def _text(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise ValueError(
            f"expected text without lone surrogates, got one at position {error.start}"
        ) from None
    return value
