"""Repeated fields of numbers as arrays; docs/guide/arrays.md shows them with NumPy."""

from __future__ import annotations

from .. import codec
from ..schema.arrays import FORMATS
from .message import refuse_attribute

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    from typing_extensions import Buffer

    from .message import Message

    class _ArrayInterface(Protocol):
        """An array of NumPy, whose stubs say that it is a buffer only on Python 3.12 and newer."""

        @property
        def __array_interface__(self) -> dict[str, Any]: ...


__all__ = ("array", "from_array")


def array(message: Message, name: str) -> memoryview[Any]:
    """The numbers of a repeated field as a read-only, one-dimensional buffer that `numpy.asarray` takes without a copy.

    `name` is the Python name of a field of type `repeated` double, float, bool or an integer. The items are those of the field's
    type: format ``d``, ``f``, ``?``, ``i`` or ``I`` for 32 bits, ``q`` or ``Q`` for 64 bits, in the order of the list. They are
    a copy: what is done to the message later does not change them.

    Of a message that was parsed, or that was given an array, no Python numbers are made as long as nobody has read the
    attribute; https://protobuf.dev/programming-guides/encoding/#packed says how they lie on the wire.

    `AttributeError` when there is no such field, `TypeError` when it is none of numbers, `EncodeError` for an element of a list
    that the field cannot carry.
    """
    schema = type(message).__schema__
    field = schema.by_name.get(name)
    if field is None:
        refuse_attribute(type(message), name, message)
    code = FORMATS.get(field.type) if field.repeated else None
    if code is None:
        raise TypeError(
            f"{schema.full_name}.{name}: expected a repeated field of numbers, got {field!r}"
        )
    numbers = None if codec.NATIVE is None else codec.NATIVE.numbers(message, field.number)
    if numbers is None:
        numbers = codec.binary.numbers_in_memory(field, message, code)
    return memoryview(numbers).cast(code)


def from_array(values: Buffer | _ArrayInterface) -> Any:
    """`values` itself, for type checkers: they allow only lists where a repeated field is annotated as one.

    `values` is a one-dimensional buffer of numbers: `array.array`, a NumPy array, `memoryview`. Without a type checker it can
    be given to a constructor or assigned as it is. `TypeError` for something else.
    """
    buffer: Any = values
    with memoryview(buffer) as view:
        if view.ndim != 1:
            raise TypeError(
                f"expected an array of one dimension, got {type(values).__name__} with {view.ndim}"
            )
    return values
