"""JSON Schema of messages and enums, for pydantic and FastAPI: the form that ProtoJSON writes.

In: a message class or an enum. Out: a schema of pydantic-core that stands for it while pydantic makes JSON Schema; it holds a definition for
each class that can be reached, so that classes may refer to each other in circles. Only `aristaproto.pydantic` imports this.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic_core import core_schema

from .model.enum import json_names
from .schema.comments import comments
from .schema.fields import (
    FLOAT_TYPES,
    INT_RANGES,
    TYPE_BOOL,
    TYPE_BYTES,
    TYPE_ENUM,
    TYPE_FLOAT,
    TYPE_NAMES,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic_core import CoreSchema

    from .model.enum import Enum
    from .model.message import Message
    from .schema.fields import Field

    Handler = Callable[[CoreSchema], dict[str, Any]]

__all__ = ("described", "proto_name")

_ANYTHING: dict[str, Any] = {}
_DURATION = r"^-?[0-9]+(\.[0-9]{1,9})?s$"

# https://protobuf.dev/programming-guides/json/
_SPECIAL: dict[str, dict[str, Any]] = {
    "google.protobuf.Any": {
        "type": "object",
        "properties": {"@type": {"type": "string"}},
        "additionalProperties": True,
    },
    "google.protobuf.Duration": {"type": "string", "format": "duration", "pattern": _DURATION},
    "google.protobuf.FieldMask": {"type": "string", "format": "field-mask"},
    "google.protobuf.ListValue": {"type": "array", "items": _ANYTHING},
    "google.protobuf.NullValue": {"type": "null"},
    "google.protobuf.Struct": {"type": "object", "additionalProperties": True},
    "google.protobuf.Timestamp": {"type": "string", "format": "date-time"},
    "google.protobuf.Value": _ANYTHING,
}


def described(cls: type[Message | Enum]) -> CoreSchema:
    """What pydantic makes JSON Schema of for a message class or an enum."""
    classes: dict[str, CoreSchema] = {}
    pending: list[Any] = [cls]
    while pending:
        found = pending.pop()
        if _reference(found) in classes:
            continue
        is_enum = not hasattr(found, "__fields__")
        classes[_reference(found)] = core_schema.any_schema(
            ref=_reference(found),
            metadata={"pydantic_js_functions": [_enum(found) if is_enum else _message(found)]},
        )
        if not is_enum and proto_name(found) not in _SPECIAL:
            for field in found.__schema__.fields:
                element = field.value if field.value is not None else field
                pending += [it for it in (element.message, element.enum) if it is not None]
    return core_schema.definitions_schema(
        core_schema.definition_reference_schema(_reference(cls)), list(classes.values())
    )


def _reference(cls: type[Any]) -> str:
    # As pydantic spells those of models: it makes the names of definitions from them.
    return f"{cls.__module__}.{cls.__qualname__}:{id(cls)}"


def proto_name(cls: type[Any]) -> str:
    """The full name of a class, or of the registered one that it is derived from; its Python name when there is none."""
    for base in cls.__mro__:
        name: str | None = base.__dict__.get("__proto_name__")
        if name is not None:
            return name
    return cls.__name__


def _message(cls: type[Message]) -> Callable[[CoreSchema, Handler], dict[str, Any]]:
    def json_schema(_: CoreSchema, handler: Handler) -> dict[str, Any]:
        special = _SPECIAL.get(proto_name(cls))
        if special is not None:
            return dict(special)
        schema = cls.__schema__
        if len(schema.fields) == 1 and hasattr(cls, "from_wrapped"):
            return _element(schema.fields[0], handler)
        texts = comments(cls)
        properties: dict[str, Any] = {}
        for field in schema.fields:
            made = _property(field, handler)
            notes: dict[str, Any] = {}
            if field.name in texts:
                notes["description"] = texts[field.name]
            if field.deprecated:
                notes["deprecated"] = True
            properties[field.json_name] = {**made, **notes}
        found: dict[str, Any] = {"type": "object", "title": cls.__name__}
        if "" in texts:
            found["description"] = texts[""]
        if cls.__deprecated__:
            found["deprecated"] = True
        if properties:
            found["properties"] = properties
        required = [field.json_name for field in schema.fields if field.required]
        if required:
            found["required"] = required
        # Extensions are keys in brackets.
        found["additionalProperties"] = schema.extendable
        return found

    return json_schema


def _enum(cls: Any) -> Callable[[CoreSchema, Handler], dict[str, Any]]:
    def json_schema(_: CoreSchema, __: Handler) -> dict[str, Any]:
        special = _SPECIAL.get(proto_name(cls))
        if special is not None:
            return dict(special)
        names = json_names(cls)
        shown = list(dict.fromkeys(names.values()))
        found: dict[str, Any] = {"type": "string", "title": cls.__name__, "enum": shown}
        texts = comments(cls)
        lines = [
            f"- {json_name}: {texts[name]}" for name, json_name in names.items() if name in texts
        ]
        text = "\n".join([*([texts[""]] if "" in texts else []), *lines])
        if text:
            found["description"] = text
        return found

    return json_schema


def _property(field: Field, handler: Handler) -> dict[str, Any]:
    if field.value is not None:
        return {"type": "object", "additionalProperties": _element(field.value, handler)}
    if field.repeated:
        return {"type": "array", "items": _element(field, handler)}
    return _element(field, handler)


def _element(field: Field, handler: Handler) -> dict[str, Any]:
    cls: Any = field.message if field.message is not None else field.enum
    if cls is not None:
        return dict(handler(core_schema.definition_reference_schema(_reference(cls))))
    if field.type in INT_RANGES:
        low, high = INT_RANGES[field.type]
        name = ("u" if low == 0 else "") + ("int64" if high > 2**32 else "int32")
        if name.endswith("64"):
            digits = "^[0-9]+$" if low == 0 else "^-?[0-9]+$"
            return {"type": "string", "format": name, "pattern": digits}
        return {"type": "integer", "format": name, "minimum": low, "maximum": high}
    if field.type in FLOAT_TYPES:
        return {"type": "number", "format": "float" if field.type == TYPE_FLOAT else "double"}
    if field.type == TYPE_BOOL:
        return {"type": "boolean"}
    if field.type == TYPE_BYTES:
        return {"type": "string", "format": "byte", "contentEncoding": "base64"}
    assert field.type != TYPE_ENUM, TYPE_NAMES[field.type]
    return {"type": "string"}
