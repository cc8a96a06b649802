"""The messages of google/protobuf/wrappers.proto: one scalar each, so that it can be absent.

A field of one of these types holds the plain Python value or None; the codecs convert with
`from_wrapped` and `to_wrapped`. Ranges are checked when the message is serialised.
"""

from __future__ import annotations

import aristaproto

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = (
    "BoolValue",
    "BytesValue",
    "DoubleValue",
    "FloatValue",
    "Int32Value",
    "Int64Value",
    "StringValue",
    "UInt32Value",
    "UInt64Value",
)


class DoubleValue(aristaproto.Message):
    """Wrapper of a double. Its JSON form is the value: a number.

    <https://protobuf.dev/reference/protobuf/google.protobuf/#double-value>
    """

    value: float = aristaproto.field(1, aristaproto.TYPE_DOUBLE)
    """The value, a double-precision floating-point number."""

    @classmethod
    def from_wrapped(cls, value: float) -> Self:
        """Return the message that holds the value of a field."""
        return cls(value=value)

    def to_wrapped(self) -> float:
        """Return the value for a field of this type."""
        return self.value


class FloatValue(aristaproto.Message):
    """Wrapper of a float. Its JSON form is the value: a number.

    <https://protobuf.dev/reference/protobuf/google.protobuf/#float-value>
    """

    value: float = aristaproto.field(1, aristaproto.TYPE_FLOAT)
    """The value, a single-precision floating-point number."""

    @classmethod
    def from_wrapped(cls, value: float) -> Self:
        """Return the message that holds the value of a field."""
        return cls(value=value)

    def to_wrapped(self) -> float:
        """Return the value for a field of this type."""
        return self.value


class Int64Value(aristaproto.Message):
    """Wrapper of an int64. Its JSON form is the value: text, as for every 64-bit integer.

    <https://protobuf.dev/reference/protobuf/google.protobuf/#int64-value>
    """

    value: int = aristaproto.field(1, aristaproto.TYPE_INT64)
    """The value, an integer of 64 bits with sign."""

    @classmethod
    def from_wrapped(cls, value: int) -> Self:
        """Return the message that holds the value of a field."""
        return cls(value=value)

    def to_wrapped(self) -> int:
        """Return the value for a field of this type."""
        return self.value


class UInt64Value(aristaproto.Message):
    """Wrapper of a uint64. Its JSON form is the value: text, as for every 64-bit integer.

    <https://protobuf.dev/reference/protobuf/google.protobuf/#uint64-value>
    """

    value: int = aristaproto.field(1, aristaproto.TYPE_UINT64)
    """The value, an integer of 64 bits without sign."""

    @classmethod
    def from_wrapped(cls, value: int) -> Self:
        """Return the message that holds the value of a field."""
        return cls(value=value)

    def to_wrapped(self) -> int:
        """Return the value for a field of this type."""
        return self.value


class Int32Value(aristaproto.Message):
    """Wrapper of an int32. Its JSON form is the value: a number.

    <https://protobuf.dev/reference/protobuf/google.protobuf/#int32-value>
    """

    value: int = aristaproto.field(1, aristaproto.TYPE_INT32)
    """The value, an integer of 32 bits with sign."""

    @classmethod
    def from_wrapped(cls, value: int) -> Self:
        """Return the message that holds the value of a field."""
        return cls(value=value)

    def to_wrapped(self) -> int:
        """Return the value for a field of this type."""
        return self.value


class UInt32Value(aristaproto.Message):
    """Wrapper of a uint32. Its JSON form is the value: a number.

    <https://protobuf.dev/reference/protobuf/google.protobuf/#uint32-value>
    """

    value: int = aristaproto.field(1, aristaproto.TYPE_UINT32)
    """The value, an integer of 32 bits without sign."""

    @classmethod
    def from_wrapped(cls, value: int) -> Self:
        """Return the message that holds the value of a field."""
        return cls(value=value)

    def to_wrapped(self) -> int:
        """Return the value for a field of this type."""
        return self.value


class BoolValue(aristaproto.Message):
    """Wrapper of a bool. Its JSON form is the value: `true` or `false`.

    <https://protobuf.dev/reference/protobuf/google.protobuf/#bool-value>
    """

    value: bool = aristaproto.field(1, aristaproto.TYPE_BOOL)
    """The value, a truth value."""

    @classmethod
    def from_wrapped(cls, value: bool) -> Self:
        """Return the message that holds the value of a field."""
        return cls(value=value)

    def to_wrapped(self) -> bool:
        """Return the value for a field of this type."""
        return self.value


class StringValue(aristaproto.Message):
    """Wrapper of a string. Its JSON form is the value: text.

    <https://protobuf.dev/reference/protobuf/google.protobuf/#string-value>
    """

    value: str = aristaproto.field(1, aristaproto.TYPE_STRING)
    """The value, text."""

    @classmethod
    def from_wrapped(cls, value: str) -> Self:
        """Return the message that holds the value of a field."""
        return cls(value=value)

    def to_wrapped(self) -> str:
        """Return the value for a field of this type."""
        return self.value


class BytesValue(aristaproto.Message):
    """Wrapper of bytes. Its JSON form is the value: base64 text.

    <https://protobuf.dev/reference/protobuf/google.protobuf/#bytes-value>
    """

    value: bytes = aristaproto.field(1, aristaproto.TYPE_BYTES)
    """The value, bytes."""

    @classmethod
    def from_wrapped(cls, value: bytes) -> Self:
        """Return the message that holds the value of a field."""
        return cls(value=value)

    def to_wrapped(self) -> bytes:
        """Return the value for a field of this type."""
        return self.value
