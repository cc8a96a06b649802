"""The schema of a message class: what every codec reads.

One `Schema` for each class, with its `Field`s resolved. `schema.builder` makes it from the `FieldSpec`s of the
class body when the class is first used, never at import, because packages of thousands of classes must
import fast and refer to each other in cycles.
"""

from __future__ import annotations

from _thread import RLock

from .. import codec

TYPE_CHECKING = False
if TYPE_CHECKING:
    import dataclasses
    from collections.abc import Callable
    from typing import Any

    from ..model.enum import Enum
    from ..model.extension import Extension
    from ..model.message import Message
    from ..model.pool import MessagePool

    # Inside `Field`, `type` is an attribute.
    MessageClass = type[Message]
    EnumClass = type[Enum]

# Numbers of FieldDescriptorProto.Type in descriptor.proto.
TYPE_DOUBLE = 1
TYPE_FLOAT = 2
TYPE_INT64 = 3
TYPE_UINT64 = 4
TYPE_INT32 = 5
TYPE_FIXED64 = 6
TYPE_FIXED32 = 7
TYPE_BOOL = 8
TYPE_STRING = 9
TYPE_GROUP = 10
TYPE_MESSAGE = 11
TYPE_BYTES = 12
TYPE_UINT32 = 13
TYPE_ENUM = 14
TYPE_SFIXED32 = 15
TYPE_SFIXED64 = 16
TYPE_SINT32 = 17
TYPE_SINT64 = 18

TYPE_NAMES = {
    value: name[5:].lower() for name, value in list(globals().items()) if name.startswith("TYPE_")
}
"""Type names as in a proto file, by type number."""

REPLACED = "__replaced__"
"""The keyword with which `dataclasses.replace` hands the constructor the message that the new one is a copy of."""

MESSAGE_TYPES = frozenset({TYPE_MESSAGE, TYPE_GROUP})
PACKABLE = frozenset(TYPE_NAMES) - {TYPE_STRING, TYPE_BYTES, TYPE_MESSAGE, TYPE_GROUP}
FLOAT_TYPES = frozenset({TYPE_FLOAT, TYPE_DOUBLE})

INT_RANGES = {
    **dict.fromkeys((TYPE_INT32, TYPE_SINT32, TYPE_SFIXED32, TYPE_ENUM), (-(2**31), 2**31 - 1)),
    **dict.fromkeys((TYPE_INT64, TYPE_SINT64, TYPE_SFIXED64), (-(2**63), 2**63 - 1)),
    **dict.fromkeys((TYPE_UINT32, TYPE_FIXED32), (0, 2**32 - 1)),
    **dict.fromkeys((TYPE_UINT64, TYPE_FIXED64), (0, 2**64 - 1)),
}
"""The smallest and the largest value of each integer type, and of enums."""


class FieldSpec:
    """One field as the class body states it; nothing is looked at before the schema is built."""

    __slots__ = (
        "default",
        "deprecated",
        "json_name",
        "key_type",
        "number",
        "oneof",
        "optional",
        "packed",
        "proto_name",
        "ref",
        "repeated",
        "required",
        "type",
        "utf8",
    )

    number: int
    type: int
    ref: Any
    repeated: bool
    optional: bool
    required: bool
    oneof: str | None
    packed: bool
    proto_name: str | None
    json_name: str | None
    default: Any
    deprecated: bool
    utf8: bool
    key_type: int | None


class Field:
    """One field, resolved. Codecs read it and never change it.

    `get(message)` reads the attribute, `set(message, value)` writes it without clearing the other members of
    its oneof (`assign` does clear them).
    """

    __slots__ = (
        "assign",
        "declared_default",
        "default",
        "deprecated",
        "enum",
        "get",
        "is_map",
        "json_name",
        "key",
        "message",
        "name",
        "number",
        "oneof",
        "packed",
        "presence",
        "proto_name",
        "repeated",
        "required",
        "set",
        "type",
        "utf8",
        "value",
        "wrapped",
    )

    number: int
    name: str
    """Python name."""
    proto_name: str
    json_name: str
    type: int
    """One of TYPE_*; TYPE_MESSAGE for maps."""
    repeated: bool
    """A list. False for maps."""
    is_map: bool
    key: Field | None
    """Maps: the entry's key; name ``key``, number 1."""
    value: Field | None
    """Maps: the entry's value; name ``value``, number 2."""
    presence: bool
    """The attribute is None when unset: messages, oneof members, explicit presence. False for lists and maps."""
    oneof: str | None
    """Proto name of the oneof."""
    required: bool
    packed: bool
    """Written packed (repeated only)."""
    utf8: bool
    """Strings: invalid UTF-8 is refused."""
    deprecated: bool
    default: Any
    """What an unset attribute reads: None with presence, else the zero of the type; None for lists and maps,
    which are fresh for each message (`new_default`)."""
    declared_default: Any
    """What proto2 calls the default: the declared one, or the zero of the type."""
    message: MessageClass | None
    """Class of a message or group field. None for maps: see `value`."""
    enum: EnumClass | None
    wrapped: bool
    """The Python value is not the message but what its class' `to_wrapped` gives (well-known types)."""
    get: Callable[[Any], Any]
    set: Callable[[Any, Any], None]
    assign: Callable[[Any, Any], None]

    def new_default(self) -> Any:
        """What the attribute of a new message holds."""
        if self.repeated:
            return []
        return {} if self.is_map else self.default

    def held(self, message: Any) -> Any:
        """What the attribute holds. An iterator, which can be read once only, is replaced by the list of what it gives."""
        value = self.get(message)
        if self.repeated and hasattr(value, "__next__"):
            value = list(value)
            self.set(message, value)
        return value

    def is_default(self, value: Any) -> bool:
        """Whether `value` is what an unset attribute holds; then it is neither written nor shown."""
        if value is self.default:
            return True
        if self.presence:
            return False
        if self.repeated or self.is_map:
            return value is None or (hasattr(value, "__len__") and not len(value))
        is_equal: Any = value == self.default
        try:
            if not is_equal:
                return False
        except ValueError:
            return False  # an array, which the field cannot carry
        # Minus zero is another value on the wire.
        return self.type not in FLOAT_TYPES or not str(value).startswith("-")

    def __repr__(self) -> str:
        kind = TYPE_NAMES[self.type]
        if self.is_map and self.key is not None and self.value is not None:
            kind = f"map<{TYPE_NAMES[self.key.type]}, {TYPE_NAMES[self.value.type]}>"
        elif self.repeated:
            kind = f"repeated {kind}"
        return f"<Field {kind} {self.proto_name} = {self.number}>"


class Schema:
    """All fields of one message class, and the look-ups that codecs need.

    `fields` is in declaration order, `ordered` by number. `decoder`, `encoder`, `json` and `text`
    belong to the codecs, which keep there what they compiled.
    """

    __slots__ = (
        "_init",
        "_needs_check",
        "by_json_name",
        "by_name",
        "by_number",
        "by_proto_name",
        "cls",
        "dataclass_fields",
        "decoder",
        "encoder",
        "extendable",
        "fields",
        "json",
        "native",
        "new",
        "oneofs",
        "ordered",
        "origin",
        "text",
        "values",
    )

    cls: type[Message]
    origin: type[Message]
    """The class that declares the fields: `cls` itself, or a base of a subclass that adds none."""
    fields: tuple[Field, ...]
    ordered: tuple[Field, ...]
    by_number: dict[int, Field]
    by_name: dict[str, Field]
    by_proto_name: dict[str, Field]
    by_json_name: dict[str, Field]
    oneofs: dict[str, tuple[Field, ...]]
    """Members of each oneof, by its proto name."""
    new: Callable[[], Any]
    """Make an empty message without calling `__init__`."""
    extendable: bool
    """The message holds extensions, in the slot `_extensions`: a dict of values by `Extension`, or None."""
    values: Callable[[Any], tuple[Any, ...]]
    """All attributes of a message, in the order of `fields`."""
    dataclass_fields: dict[str, dataclasses.Field[Any]] | None
    """What `dataclasses` is told, once it has asked."""
    _init: Callable[..., None] | None
    _needs_check: bool | None
    native: Any
    """What the codec in Rust has compiled; None when the plain one is at work."""
    decoder: Any
    encoder: Any
    json: Any
    text: Any

    def __init__(self) -> None:
        self._init = self._needs_check = self.native = self.dataclass_fields = None
        self.decoder = self.encoder = self.json = self.text = None

    @property
    def init(self) -> Callable[..., None]:
        """The constructor's body, `init(message, *args, **kwargs)`."""
        if self._init is None:
            self._init = self.cls.__constructor__(codec.constructors.compile_init(self))
        return self._init

    @property
    def full_name(self) -> str:
        """Full proto name; the class' own name when it is in no pool."""
        for cls in self.cls.__mro__:
            name: str | None = cls.__dict__.get("__proto_name__")
            if name is not None:
                return name
        return self.cls.__name__

    @property
    def pool(self) -> MessagePool | None:
        """The pool of the class' tree; None for a class that is in no pool."""
        pool: MessagePool | None = getattr(self.cls, "__pool__", None)
        return pool

    @property
    def reserved_names(self) -> frozenset[str]:
        """The field names that the message reserves, which text format passes over. Reads the class' descriptor."""
        return codec.reflection.reserved_names(self.cls)

    def fields_of(self, message: Any) -> tuple[Field, ...]:
        """The fields of the class and, by number, those of the extensions that `message` holds."""
        if not self.extendable or not message._extensions:
            return self.fields
        held = sorted(message._extensions, key=lambda extension: extension.number)
        return (*self.fields, *(extension.field for extension in held))

    def find_field(self, number: int) -> Field | None:
        """The field of this number, an extension's if the class' pool has one; None when there is none."""
        field = self.by_number.get(number)
        if field is None and self.extendable and self.pool is not None:
            extension = self.pool.find_extension(self.full_name, number)
            return None if extension is None else extension.field
        return field

    @property
    def needs_check(self) -> bool:
        """Whether a required field can be missing anywhere below this message."""
        if self._needs_check is None:
            seen: set[type[Any]] = set()
            self._needs_check = _reaches_required(self, seen)
            if not self._needs_check:
                # Everything reachable from here cannot reach a required field either.
                for cls in seen:
                    cls.__schema__._needs_check = False
        return self._needs_check

    def __repr__(self) -> str:
        return f"<Schema {self.full_name}: {len(self.fields)} fields>"


def _reaches_required(schema: Schema, seen: set[type[Any]]) -> bool:
    pending = [schema]
    seen.add(schema.cls)
    while pending:
        current = pending.pop()
        if current.extendable:
            # An extension that is registered later may have required fields.
            return True
        for field in current.fields:
            if field.required:
                return True
            element = field.value if field.value is not None else field
            cls = element.message
            if cls is not None and cls not in seen:
                seen.add(cls)
                pending.append(cls.__schema__)
    return False


def json_name(proto_name: str) -> str:
    """The lowerCamelCase that protoc gives a field without a `json_name` option."""
    head, *words = proto_name.split("_")
    return head + "".join(word[:1].upper() + word[1:] for word in words)


def set_extensions(message: Any) -> dict[Extension[Any, Any], Any]:
    """What `message` holds, without empty lists."""
    held: dict[Extension[Any, Any], Any] = message._extensions or {}
    return {found: value for found, value in held.items() if not found.field.is_default(value)}


class LazySchema:
    """Sits in each message class as `__schema__` until it is first read."""

    def __get__(self, instance: object, owner: type[Message]) -> Schema:
        schema = codec.builder.build_schema(owner)
        # Threads that use a class for the first time build a schema each, because a lock around that, which imports
        # modules, could wait for itself. All go on with the one that the class has got first.
        with _KEEPING:
            kept: Schema | LazySchema = owner.__dict__["__schema__"]
            if isinstance(kept, Schema):
                return kept
            type.__setattr__(owner, "__schema__", schema)
        return schema


_KEEPING = RLock()
