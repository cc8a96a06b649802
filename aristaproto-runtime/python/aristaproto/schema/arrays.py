"""Arrays of numbers as values of repeated fields: which formats there are, and what an array is to those who want a list."""

from __future__ import annotations

from .fields import (
    TYPE_BOOL,
    TYPE_DOUBLE,
    TYPE_FIXED32,
    TYPE_FIXED64,
    TYPE_FLOAT,
    TYPE_INT32,
    TYPE_INT64,
    TYPE_SFIXED32,
    TYPE_SFIXED64,
    TYPE_SINT32,
    TYPE_SINT64,
    TYPE_UINT32,
    TYPE_UINT64,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Literal

__all__ = ("FORMATS", "list_of_array")

FORMATS: dict[int, Literal["d", "f", "q", "Q", "i", "I", "?"]] = {
    TYPE_DOUBLE: "d",
    TYPE_FLOAT: "f",
    TYPE_INT64: "q",
    TYPE_SINT64: "q",
    TYPE_SFIXED64: "q",
    TYPE_UINT64: "Q",
    TYPE_FIXED64: "Q",
    TYPE_INT32: "i",
    TYPE_SINT32: "i",
    TYPE_SFIXED32: "i",
    TYPE_UINT32: "I",
    TYPE_FIXED32: "I",
    TYPE_BOOL: "?",
}
"""The format of the numbers of a type in memory, by type, as `struct` and `memoryview` name it."""


def list_of_array(value: Any, name: str) -> Any:
    """The numbers of a buffer as a list, for the field `name`; what is no buffer as it is.

    `TypeError` for a buffer that has not exactly one dimension.
    """
    # Strings of bytes are buffers, but no lists.
    if isinstance(value, (list, tuple, str, bytes, bytearray)):
        return value  # pyright: ignore[reportUnknownVariableType]
    try:
        view = memoryview(value)
    except TypeError:
        return value
    with view:
        if view.ndim != 1:
            raise TypeError(
                f"{name}: expected an array of one dimension, got {type(value).__name__} with {view.ndim}"
            )
        try:
            return view.tolist()
        except NotImplementedError:
            # Formats that memoryview does not know, such as those of another byte order.
            return _unpacked(view, name) if isinstance(value, memoryview) else list(value)


def _unpacked(view: memoryview[Any], name: str) -> list[Any]:
    """The items of a view whose format it does not know itself."""
    import struct

    try:
        return [item for (item,) in struct.iter_unpack(view.format, view.tobytes())]
    except (struct.error, ValueError):
        raise TypeError(
            f"{name}: expected an array of numbers, got a memoryview of format {view.format!r}"
        ) from None
