"""The messages of google/protobuf/struct.proto: any JSON value as a message.

`Struct.from_dict({...})` and `to_dict()` convert from and to plain Python values; the JSON codec
does the work.
"""

from __future__ import annotations

import aristaproto

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

__all__ = ("ListValue", "NullValue", "Struct", "Value")


class NullValue(aristaproto.Enum):
    """The one value that JSON's `null` is. Its JSON form is `null`.

    <https://protobuf.dev/reference/protobuf/google.protobuf/#null-value>
    """

    NULL_VALUE = 0
    """Null."""


class Struct(aristaproto.Message):
    """A JSON object: values by name.

    <https://protobuf.dev/reference/protobuf/google.protobuf/#struct>
    """

    fields: dict[str, Value] = aristaproto.map_field(
        1, aristaproto.TYPE_STRING, aristaproto.TYPE_MESSAGE, "Value"
    )
    """The values by name."""


class Value(aristaproto.Message):
    """Any JSON value: null, a number, text, a truth value, an object or a list.

    One of the fields is set; a Value without any stands for no value and is refused or written as
    null, as the other side takes it. Numbers that are not finite have no JSON form.
    <https://protobuf.dev/reference/protobuf/google.protobuf/#value>
    """

    null_value: NullValue | None = aristaproto.field(
        1, aristaproto.TYPE_ENUM, "NullValue", oneof="kind"
    )
    """Null."""
    number_value: float | None = aristaproto.field(2, aristaproto.TYPE_DOUBLE, oneof="kind")
    """A number."""
    string_value: str | None = aristaproto.field(3, aristaproto.TYPE_STRING, oneof="kind")
    """Text."""
    bool_value: bool | None = aristaproto.field(4, aristaproto.TYPE_BOOL, oneof="kind")
    """A truth value."""
    struct_value: Struct | None = aristaproto.field(
        5, aristaproto.TYPE_MESSAGE, "Struct", oneof="kind"
    )
    """An object."""
    list_value: ListValue | None = aristaproto.field(
        6, aristaproto.TYPE_MESSAGE, "ListValue", oneof="kind"
    )
    """A list."""

    if TYPE_CHECKING:
        kind: aristaproto.Oneof[
            tuple[Literal["null_value"], NullValue]
            | tuple[Literal["number_value"], float]
            | tuple[Literal["string_value"], str]
            | tuple[Literal["bool_value"], bool]
            | tuple[Literal["struct_value"], Struct]
            | tuple[Literal["list_value"], ListValue]
        ] = aristaproto.oneof()


class ListValue(aristaproto.Message):
    """A JSON list.

    <https://protobuf.dev/reference/protobuf/google.protobuf/#list-value>
    """

    values: list[Value] = aristaproto.field(1, aristaproto.TYPE_MESSAGE, "Value", repeated=True)
    """The elements."""
