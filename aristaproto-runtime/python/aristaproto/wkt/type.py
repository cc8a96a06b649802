"""The messages of google/protobuf/type.proto: types described as messages."""

from __future__ import annotations

import aristaproto

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .any import Any
    from .source_context import SourceContext

__all__ = (
    "Enum",
    "EnumValue",
    "Field",
    "FieldCardinality",
    "FieldKind",
    "Option",
    "Syntax",
    "Type",
)


class Syntax(aristaproto.Enum, prefix="SYNTAX_"):
    """The syntax in which a type is defined."""

    PROTO2 = 0
    """`syntax = "proto2"`."""
    PROTO3 = 1
    """`syntax = "proto3"`."""
    EDITIONS = 2
    """`edition = "..."`."""


class FieldKind(aristaproto.Enum):
    """The type of a field."""

    TYPE_UNKNOWN = 0
    """Not known."""
    TYPE_DOUBLE = 1
    """double."""
    TYPE_FLOAT = 2
    """float."""
    TYPE_INT64 = 3
    """int64."""
    TYPE_UINT64 = 4
    """uint64."""
    TYPE_INT32 = 5
    """int32."""
    TYPE_FIXED64 = 6
    """fixed64."""
    TYPE_FIXED32 = 7
    """fixed32."""
    TYPE_BOOL = 8
    """bool."""
    TYPE_STRING = 9
    """string."""
    TYPE_GROUP = 10
    """A group of proto2."""
    TYPE_MESSAGE = 11
    """A message."""
    TYPE_BYTES = 12
    """bytes."""
    TYPE_UINT32 = 13
    """uint32."""
    TYPE_ENUM = 14
    """An enum."""
    TYPE_SFIXED32 = 15
    """sfixed32."""
    TYPE_SFIXED64 = 16
    """sfixed64."""
    TYPE_SINT32 = 17
    """sint32."""
    TYPE_SINT64 = 18
    """sint64."""


class FieldCardinality(aristaproto.Enum, prefix="CARDINALITY_"):
    """Whether a field is optional, required or repeated."""

    UNKNOWN = 0
    """Not known."""
    OPTIONAL = 1
    """At most once."""
    REQUIRED = 2
    """Exactly once, in proto2 only."""
    REPEATED = 3
    """Any number of times."""


class Type(aristaproto.Message):
    """A message type.

    <https://protobuf.dev/reference/protobuf/google.protobuf/#type>
    """

    name: str = aristaproto.field(1, aristaproto.TYPE_STRING)
    """The full name."""
    fields: list[Field] = aristaproto.field(2, aristaproto.TYPE_MESSAGE, "Field", repeated=True)
    """The fields."""
    oneofs: list[str] = aristaproto.field(3, aristaproto.TYPE_STRING, repeated=True)
    """The names of the oneofs."""
    options: list[Option] = aristaproto.field(4, aristaproto.TYPE_MESSAGE, "Option", repeated=True)
    """The options of the type."""
    source_context: SourceContext | None = aristaproto.field(
        5, aristaproto.TYPE_MESSAGE, ".source_context:SourceContext"
    )
    """Where the type was declared."""
    syntax: Syntax = aristaproto.field(6, aristaproto.TYPE_ENUM, "Syntax")
    """The syntax of its file."""
    edition: str = aristaproto.field(7, aristaproto.TYPE_STRING)
    """The edition of its file, when `syntax` is `Syntax.EDITIONS`."""


class Field(aristaproto.Message):
    """A field of a message type.

    <https://protobuf.dev/reference/protobuf/google.protobuf/#field>
    """

    kind: FieldKind = aristaproto.field(1, aristaproto.TYPE_ENUM, "FieldKind")
    """The type."""
    cardinality: FieldCardinality = aristaproto.field(2, aristaproto.TYPE_ENUM, "FieldCardinality")
    """Whether it is optional, required or repeated."""
    number: int = aristaproto.field(3, aristaproto.TYPE_INT32)
    """The field's number."""
    name: str = aristaproto.field(4, aristaproto.TYPE_STRING)
    """The field's name."""
    type_url: str = aristaproto.field(6, aristaproto.TYPE_STRING)
    """The URL of the message or enum type, without the scheme."""
    oneof_index: int = aristaproto.field(7, aristaproto.TYPE_INT32)
    """The place of its oneof in `Type.oneofs`, from 1; 0 for a field outside a oneof."""
    packed: bool = aristaproto.field(8, aristaproto.TYPE_BOOL)
    """Whether repeated values are packed."""
    options: list[Option] = aristaproto.field(9, aristaproto.TYPE_MESSAGE, "Option", repeated=True)
    """The options of the field."""
    json_name: str = aristaproto.field(10, aristaproto.TYPE_STRING)
    """The field's name in JSON."""
    default_value: str = aristaproto.field(11, aristaproto.TYPE_STRING)
    """The declared default as text, in proto2 only."""


class Enum(aristaproto.Message):
    """An enum type.

    <https://protobuf.dev/reference/protobuf/google.protobuf/#enum>
    """

    name: str = aristaproto.field(1, aristaproto.TYPE_STRING)
    """The full name."""
    enumvalue: list[EnumValue] = aristaproto.field(
        2, aristaproto.TYPE_MESSAGE, "EnumValue", repeated=True
    )
    """The values."""
    options: list[Option] = aristaproto.field(3, aristaproto.TYPE_MESSAGE, "Option", repeated=True)
    """The options of the type."""
    source_context: SourceContext | None = aristaproto.field(
        4, aristaproto.TYPE_MESSAGE, ".source_context:SourceContext"
    )
    """Where the type was declared."""
    syntax: Syntax = aristaproto.field(5, aristaproto.TYPE_ENUM, "Syntax")
    """The syntax of its file."""
    edition: str = aristaproto.field(6, aristaproto.TYPE_STRING)
    """The edition of its file, when `syntax` is `Syntax.EDITIONS`."""


class EnumValue(aristaproto.Message):
    """A value of an enum type.

    <https://protobuf.dev/reference/protobuf/google.protobuf/#enum-value>
    """

    name: str = aristaproto.field(1, aristaproto.TYPE_STRING)
    """The name."""
    number: int = aristaproto.field(2, aristaproto.TYPE_INT32)
    """The number."""
    options: list[Option] = aristaproto.field(3, aristaproto.TYPE_MESSAGE, "Option", repeated=True)
    """The options of the value."""


class Option(aristaproto.Message):
    """An option of a message, field, enum or value.

    <https://protobuf.dev/reference/protobuf/google.protobuf/#option>
    """

    name: str = aristaproto.field(1, aristaproto.TYPE_STRING)
    """The name; for options of descriptor.proto the short one, otherwise the full name."""
    value: Any | None = aristaproto.field(2, aristaproto.TYPE_MESSAGE, ".any:Any")
    """The value, packed; a scalar in its wrapper."""
