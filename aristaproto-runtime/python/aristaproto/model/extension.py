"""Extensions of proto2 and editions: fields that are declared outside the message which holds them.

A generated module has an `Extension` object for each; `extensions(message)` gives and takes values by it. To
the codecs an extension is a `Field` like any other, stored in the message's slot `_extensions`.
"""

from __future__ import annotations

import sys

from .. import codec
from ..base.typing_lite import Generic, TypeVar
from ..schema.arrays import list_of_array
from ..schema.fields import Field, FieldSpec, set_extensions
from .message import Message

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    from ..schema.fields import Schema
    from .pool import MessagePool

__all__ = (
    "Extension",
    "Extensions",
    "extension",
    "extensions",
    "find_extension_field",
)

_M = TypeVar("_M", bound=Message)
_T = TypeVar("_T")


class Extension(Generic[_M, _T]):
    """An extension field of messages of class `_M`, whose values are `_T`.

    `number`, `full_name` and `extendee` (full proto name of the message that it extends) as in the proto file; `module` is
    the Python module that declares it.
    """

    __slots__ = ("_field", "_spec", "extendee", "full_name", "module", "number")

    def __init__(self, spec: FieldSpec, full_name: str, extendee: str, module: str) -> None:
        self.number = spec.number
        self.full_name = full_name
        self.extendee = extendee
        self._spec = spec
        self.module = module
        self._field: Field | None = None

    @property
    def field(self) -> Field:
        """The field as codecs see it; its names are ``[full_name]``, as JSON and text write it."""
        if self._field is None:
            name = f"[{self.full_name}]"
            built = codec.builder.build_field(
                name,
                self.full_name,
                self._spec,
                lambda ref: codec.builder.resolve_ref(ref, self.module),
                # What message sets have; protoc knows which messages are.
                highest=2**31 - 2,
            )
            built.json_name = name
            built.get = self._get
            built.set = built.assign = self._set
            self._field = built
        return self._field

    def _get(self, message: Any) -> Any:
        held: dict[Any, Any] | None = message._extensions
        return None if held is None else held.get(self)

    def _set(self, message: Any, value: Any) -> None:
        held: dict[Any, Any] | None = message._extensions
        if held is None:
            held = message._extensions = {}
        if value is None:
            held.pop(self, None)
        else:
            held[self] = value

    def __repr__(self) -> str:
        return f"<Extension {self.full_name} = {self.number} of {self.extendee}>"


def extension(
    name: str,
    extendee: str,
    number: int,
    type: int,
    ref: str | type[Any] | Callable[[], type[Any]] | None = None,
    *,
    repeated: bool = False,
    packed: bool = True,
    default: Any = None,
    utf8: bool = True,
) -> Extension[Any, Any]:
    """Make an extension, at the top of a module.

    `name` and `extendee`, the message that it extends, are full proto names; the rest is as for
    `aristaproto.field`, `TypeError` included. `MessagePool.register` makes it known to parsers.
    <https://protobuf.dev/programming-guides/proto2/#extensions>
    """
    spec = FieldSpec()
    spec.number = number
    spec.type = type
    spec.ref = ref
    spec.repeated = repeated
    spec.optional = not repeated
    spec.required = False
    spec.oneof = None
    spec.packed = packed
    spec.proto_name = spec.json_name = None
    spec.default = default
    spec.deprecated = False
    spec.utf8 = utf8
    spec.key_type = None
    # References start from the module that calls, as those of a class start from its own.
    caller = sys._getframe(1)  # pyright: ignore[reportPrivateUsage]
    return Extension(spec, name, extendee, caller.f_globals["__name__"])


class Extensions(Generic[_M]):
    """The extensions of one message: a mapping from `Extension` objects to values.

    An unset extension gives its default (None for a message); a repeated one gives a list that belongs to the
    message. Only what is set is contained and iterated, by number.
    """

    __slots__ = ("_message",)

    def __init__(self, message: _M) -> None:
        self._message = message

    def __getitem__(self, extension: Extension[_M, _T]) -> _T:
        field = self._field(extension)
        value: Any = field.get(self._message)
        if value is None and field.repeated:
            value = field.new_default()
            field.set(self._message, value)
        elif value is None:
            value = field.declared_default
        found: _T = value
        return found

    def __setitem__(self, extension: Extension[_M, _T], value: _T) -> None:
        field = self._field(extension)
        field.set(self._message, list_of_array(value, field.name) if field.repeated else value)

    def __delitem__(self, extension: Extension[_M, Any]) -> None:
        self._field(extension).set(self._message, None)

    def __contains__(self, extension: Extension[_M, Any]) -> bool:
        field = self._field(extension)
        return not field.is_default(field.get(self._message))

    def __iter__(self) -> Iterator[Extension[_M, Any]]:
        return iter(sorted(set_extensions(self._message), key=lambda found: found.number))

    def __len__(self) -> int:
        return len(set_extensions(self._message))

    def _field(self, extension: Extension[_M, Any]) -> Field:
        schema = type(self._message).__schema__
        if schema.full_name != extension.extendee:
            raise TypeError(
                f"{extension.full_name} extends {extension.extendee}, not {schema.full_name}"
            )
        _promote(self._message, extension)
        return extension.field

    def __repr__(self) -> str:
        return repr(set_extensions(self._message))


def extensions(message: _M) -> Extensions[_M]:
    """The extensions of a message. `TypeError` when its class has no extension range."""
    if not type(message).__schema__.extendable:
        raise TypeError(f"{type(message).__name__} has no extension range")
    return Extensions(message)


def find_extension_field(
    schema: Schema, full_name: str, pools: Iterable[MessagePool | None]
) -> Field | None:
    """The field of an extension of a message, by the extension's full name; None when there is none.

    In a message set also by the full name of its type, if it is declared in there. Looked up in `pools`, as far as
    there are any, then in the pool of the message's tree.
    """
    if not schema.extendable:
        return None
    for pool in (*pools, schema.pool):
        if pool is None:
            continue
        found = pool.find_extension_by_name(full_name)
        if found is None and schema.cls.__message_set__:
            found = pool.find_extension_inside(full_name, schema.full_name)
        if found is not None and found.extendee == schema.full_name:
            return found.field
    return None


def _promote(message: Message, extension: Extension[Any, Any]) -> None:
    """Read an extension that was unknown when the message was parsed.

    Its module came later, or the message's class is in another pool (options in a descriptor).
    """
    unknown = message._unknown_fields  # pyright: ignore[reportPrivateUsage]
    if not unknown:
        return
    # In a message set, extensions are items of number 1.
    number = 1 if type(message).__message_set__ else extension.number
    mine: list[bytes] = []
    rest: list[bytes] = []
    for record in codec.wire.parse_fields(unknown):
        (mine if record.number == number else rest).append(record.raw)
    if mine:
        message._unknown_fields = b"".join(rest)  # pyright: ignore[reportPrivateUsage]
        codec.binary.decode_field(message, extension.field, b"".join(mine))
