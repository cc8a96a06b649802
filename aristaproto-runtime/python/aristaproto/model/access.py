"""Functions on messages and their fields, by the field's Python name.

They are functions because every method of `Message` takes a name away from users' fields. Each raises
`AttributeError`, with the nearest name, when there is no such field.
"""

from __future__ import annotations

import copy

from .. import codec
from ..base.errors import listed, show, wrong_message
from .message import refuse_attribute
from .required import missing_required

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..schema.fields import Field
    from .message import Message

__all__ = ("byte_size", "clear", "default", "get", "is_initialized", "merge", "which_one_of")


def default(cls: type[Message], name: str) -> Any:
    """The default of a field: the one declared in the proto file (proto2), or the zero of its type.

    None for messages; an empty list or dict for repeated fields and maps, new each time. `name` is the field's Python name;
    `AttributeError`, with the nearest name, when there is no such field.
    <https://protobuf.dev/programming-guides/proto2/#default>
    """
    field = _field(cls, name)
    if field.repeated or field.is_map:
        return field.new_default()
    return field.declared_default


def get(message: Message, name: str) -> Any:
    """The value of a field, or its default (see `default`) when it is not set.

    `AttributeError`, with the nearest name, when there is no field of this Python name.
    """
    value = _field(type(message), name).get(message)
    return default(type(message), name) if value is None else value


def clear(message: Message, name: str) -> None:
    """Make a field unset: it reads as its default, and is not written (https://protobuf.dev/programming-guides/field_presence/).

    `AttributeError`, with the nearest name, when there is no field of this Python name.
    """
    field = _field(type(message), name)
    field.set(message, field.new_default())


def byte_size(message: Message) -> int:
    """How many bytes `bytes(message)` has: google's `ByteSize`. `EncodeError` where that raises it."""
    if codec.NATIVE is None:
        return len(codec.encode(message))
    return codec.NATIVE.byte_size(message)


def is_initialized(message: Message) -> bool:
    """Whether all required fields are set, here and in all messages below (https://protobuf.dev/programming-guides/proto2/#field-labels)."""
    return missing_required(message) is None


def which_one_of(message: Message, group_name: str) -> tuple[str, Any]:
    """The member of a oneof that is set, as Python name and value; ``("", None)`` when none is.

    `group_name` is the oneof's name in the proto file; `KeyError` when there is none of that name.
    <https://protobuf.dev/programming-guides/proto3/#oneof>
    """
    schema = type(message).__schema__
    members = schema.oneofs.get(group_name)
    if members is None:
        known = listed(map(repr, schema.oneofs))
        raise KeyError(
            f"{schema.full_name} has no oneof {show(group_name)}"
            + (f", only {known}" if known else "")
        )
    for member in members:
        value = member.get(message)
        if value is not None:
            return member.name, value
    return "", None


def merge(message: Message, other: Message) -> None:
    """Merge `other` into `message`, as if its wire bytes followed.

    Set scalars replace, lists and maps grow in place, messages are merged; nothing of `other` is shared afterwards.
    `TypeError` when the two are not of one class (https://protobuf.dev/programming-guides/encoding/#last-one-wins).
    """
    if codec.NATIVE is None or not codec.NATIVE.merge(message, other, merge_field):
        merge_plainly(message, other)


def merge_plainly(message: Message, other: Message) -> None:
    """`merge` without the codec in Rust."""
    schema = type(message).__schema__
    if type(other).__schema__.origin is not schema.origin:
        raise TypeError(wrong_message(type(message), other))
    for field in schema.fields_of(other):
        merge_field(message, field, other)
    message._unknown_fields += other._unknown_fields  # pyright: ignore[reportPrivateUsage]


def merge_field(message: Message, field: Field, other: Message) -> None:
    """Merge what `other`, a message of the same class, holds in `field`."""
    theirs = field.held(other)
    if field.is_default(theirs):
        return
    mine = field.get(message)
    if field.repeated:
        added = copy.deepcopy(list(theirs))
        # `isinstance` would make it a list of unknowns to checkers.
        if issubclass(type(mine), list):
            mine += added
        else:
            field.set(message, [*(() if mine is None else mine), *added])
    elif field.is_map:
        mine.update(copy.deepcopy(dict(theirs)))
    elif field.message is not None and mine is not None:
        field.set(message, _merged(field, mine, theirs))
    else:
        field.assign(message, copy.deepcopy(theirs))


def _merged(field: Field, mine: Any, theirs: Any) -> Any:
    if not field.wrapped:
        merge(mine, theirs)
        return mine
    wrapper: Any = field.message
    # A copy, because `from_wrapped` may hand back the very message that the field holds.
    wrapped = copy.deepcopy(wrapper.from_wrapped(mine))
    merge(wrapped, wrapper.from_wrapped(theirs))
    return wrapped.to_wrapped()


def _field(cls: type[Message], name: str) -> Field:
    field = cls.__schema__.by_name.get(name)
    if field is None:
        refuse_attribute(cls, name)
    return field
