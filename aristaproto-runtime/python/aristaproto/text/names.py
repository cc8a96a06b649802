"""The names that fields and enum members have in text format.

A group is called by the name of its type, and so is an extension of a message set; everything else as in
the proto file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..schema.fields import TYPE_GROUP

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..model.enum import Enum
    from ..schema.fields import Field, Schema

__all__ = ("enum_names", "field_name", "field_names")

_enum_names: dict[type[Enum], dict[str, Enum]] = {}


def field_name(field: Field, schema: Schema) -> str:
    """Return the name under which a field is printed.

    Args:
        field: The field.
        schema: The schema of the message that holds it.
    """
    if field.message is None:
        return field.proto_name
    if schema.cls.__message_set__:
        # Only if the extension is declared inside its type, as they usually are.
        full_name = field.message.__schema__.full_name
        if field.proto_name.rpartition(".")[0] == f"[{full_name}":
            return f"[{full_name}]"
    if field.type == TYPE_GROUP:
        parent, _, name = field.message.__schema__.full_name.rpartition(".")
        # Not every delimited field is a group: a group's type is declared with the field.
        if name.lower() == field.proto_name and parent == schema.full_name:
            return name
    return field.proto_name


def field_names(schema: Schema) -> Mapping[str, Field]:
    """Return the fields of a message by the names that are read."""
    names: dict[str, Field] | None = schema.text
    if names is None:
        names = schema.text = dict(schema.by_proto_name)
        for field in schema.fields:
            names[field_name(field, schema)] = field
    return names


def enum_names(enum: type[Enum]) -> Mapping[str, Enum]:
    """Return the members of an enum by the names that are read, aliases included."""
    members = _enum_names.get(enum)
    if members is None:
        members = _enum_names[enum] = {
            enum.__renamed__.get(name) or enum.__prefix__ + name: member
            for name, member in enum.__members__.items()
        }
    return members
