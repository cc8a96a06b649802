"""The schema of a message class: what every codec reads.

In: the `FieldSpec`s of a class body (`aristaproto.field(...)`). Out: one `Schema` for each class with its
`Field`s resolved. It is built when the class is first used, never at import, because packages of thousands
of classes must import fast and refer to each other in cycles.
"""

from __future__ import annotations

import importlib
import operator
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from .enum import Enum
    from .message import Message
    from .registry import MessagePool

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

MESSAGE_TYPES = frozenset({TYPE_MESSAGE, TYPE_GROUP})
PACKABLE = frozenset(TYPE_NAMES) - {TYPE_STRING, TYPE_BYTES, TYPE_MESSAGE, TYPE_GROUP}
FLOAT_TYPES = frozenset({TYPE_FLOAT, TYPE_DOUBLE})

_ZEROS: dict[int, object] = dict.fromkeys(TYPE_NAMES, 0)
_ZEROS.update(
    {
        TYPE_DOUBLE: 0.0,
        TYPE_FLOAT: 0.0,
        TYPE_BOOL: False,
        TYPE_STRING: "",
        TYPE_BYTES: b"",
        TYPE_MESSAGE: None,
        TYPE_GROUP: None,
    }
)


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

    def is_default(self, value: Any) -> bool:
        """Whether `value` is what an unset attribute holds; then it is neither written nor shown."""
        if value is self.default:
            return True
        if self.presence:
            return False
        if self.repeated or self.is_map:
            return value is None or (hasattr(value, "__len__") and not len(value))
        if self.type in FLOAT_TYPES and value == 0:
            # Minus zero is another value on the wire.
            return not str(value).startswith("-")
        return bool(value == self.default)

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
        "_needs_check",
        "by_json_name",
        "by_name",
        "by_number",
        "by_proto_name",
        "cls",
        "decoder",
        "encoder",
        "fields",
        "init",
        "json",
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
    init: Callable[..., None]
    """The constructor's body, `init(message, *args, **kwargs)`."""
    values: Callable[[Any], tuple[Any, ...]]
    """All attributes of a message, in the order of `fields`."""
    _needs_check: bool | None
    decoder: Any
    encoder: Any
    json: Any
    text: Any

    def __init__(self) -> None:
        self._needs_check = None
        self.decoder = self.encoder = self.json = self.text = None

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
        for field in pending.pop().fields:
            if field.required:
                return True
            element = field.value if field.value is not None else field
            cls = element.message
            if cls is not None and cls not in seen:
                seen.add(cls)
                pending.append(cls.__schema__)
    return False


class LazySchema:
    """Sits in each message class as `__schema__` until it is first read."""

    def __get__(self, instance: object, owner: type[Message]) -> Schema:
        schema = build_schema(owner)
        type.__setattr__(owner, "__schema__", schema)
        return schema


def build_schema(cls: type[Message]) -> Schema:
    """Resolve and compile the fields of `cls`. `TypeError` when a field cannot be resolved."""
    fields: list[Field] = []
    origin = cls
    own: dict[str, FieldSpec] = cls.__dict__["__fields__"]
    parent: Any = next((base for base in cls.__mro__[1:] if "__fields__" in base.__dict__), None)
    if parent is not None:
        fields.extend(parent.__schema__.fields)
        if not own:
            origin = parent.__schema__.origin
    fields.extend(_resolve_field(cls, name, spec) for name, spec in own.items())

    schema = Schema()
    schema.cls = cls
    schema.origin = origin
    schema.fields = tuple(fields)
    schema.ordered = tuple(sorted(fields, key=operator.attrgetter("number")))
    schema.by_number = {field.number: field for field in fields}
    if len(schema.by_number) < len(fields):
        seen: dict[int, str] = {}
        for field in fields:
            if field.number in seen:
                raise TypeError(
                    f"{cls.__name__}.{field.name} has number {field.number}, as has "
                    f"{cls.__name__}.{seen[field.number]}"
                )
            seen[field.number] = field.name
    schema.by_name = {field.name: field for field in fields}
    schema.by_proto_name = {field.proto_name: field for field in fields}
    schema.by_json_name = {field.json_name: field for field in fields}
    oneofs: dict[str, list[Field]] = {}
    for field in fields:
        if field.oneof is not None:
            oneofs.setdefault(field.oneof, []).append(field)
    schema.oneofs = {name: tuple(members) for name, members in oneofs.items()}
    for members in schema.oneofs.values():
        _install_oneof(cls, members)
    if len(fields) == 1:
        (only,) = fields
        schema.values = lambda message: (only.get(message),)
    elif fields:
        schema.values = operator.attrgetter(*schema.by_name)
    else:
        schema.values = lambda message: ()
    schema.new, init = _compile_constructors(schema)
    schema.init = cls.__constructor__(init)
    return schema


def _resolve_field(cls: type[Message], name: str, spec: FieldSpec) -> Field:
    slot = _slot(cls, name)
    field = Field()
    field.number = spec.number
    if not (type(spec.number) is int and 1 <= spec.number < 2**29):
        raise TypeError(
            f"{cls.__name__}.{name}: expected a field number from 1 to 536870911, got {spec.number!r}"
        )
    if spec.type not in TYPE_NAMES:
        raise TypeError(
            f"{cls.__name__}.{name}: expected one of aristaproto.TYPE_*, got {spec.type!r}"
        )
    field.name = name
    field.proto_name = spec.proto_name or name
    field.json_name = spec.json_name or json_name(field.proto_name)
    field.type = spec.type
    field.oneof = spec.oneof
    field.required = spec.required
    field.deprecated = spec.deprecated
    field.utf8 = spec.utf8
    field.key = field.value = field.message = field.enum = None
    field.wrapped = False
    field.is_map = spec.key_type is not None
    field.repeated = spec.repeated
    field.packed = spec.repeated and spec.packed and spec.type in PACKABLE
    field.get = operator.attrgetter(name)
    field.set = slot.__set__
    field.assign = slot.__set__
    if spec.key_type is not None:
        field.key = _entry_field("key", 1, spec.key_type, spec)
        field.value = _entry_field("value", 2, spec.type, spec)
        _resolve_type(field.value, cls, name, spec)
        field.type = TYPE_MESSAGE
        field.presence = False
    else:
        _resolve_type(field, cls, name, spec)
        field.presence = not spec.repeated and (
            spec.optional or spec.required or spec.oneof is not None or spec.type in MESSAGE_TYPES
        )
    zero = _zero(field)
    field.default = None if field.presence or field.repeated or field.is_map else zero
    field.declared_default = _declared_default(field, spec.default, zero)
    return field


def _entry_field(name: str, number: int, type_: int, spec: FieldSpec) -> Field:
    field = Field()
    field.number = number
    field.name = field.proto_name = field.json_name = name
    field.type = type_
    field.repeated = field.is_map = field.required = field.packed = field.deprecated = False
    field.presence = field.wrapped = False
    field.key = field.value = field.message = field.enum = field.oneof = None
    field.utf8 = spec.utf8
    field.default = field.declared_default = _ZEROS[type_]
    field.get = field.set = field.assign = _no_attribute
    return field


def _no_attribute(*_: Any) -> Any:
    raise TypeError("a map entry's key and value are no attributes")


def _resolve_type(field: Field, cls: type[Message], name: str, spec: FieldSpec) -> None:
    if spec.type in MESSAGE_TYPES:
        found = resolve_ref(cls, name, spec.ref)
        if not hasattr(found, "__fields__"):
            raise TypeError(f"{cls.__name__}.{name}: expected a message class, got {found!r}")
        field.message = found
        field.wrapped = hasattr(found, "from_wrapped")
    elif spec.type == TYPE_ENUM:
        found = resolve_ref(cls, name, spec.ref)
        if not hasattr(found, "_value2member_map_"):
            raise TypeError(f"{cls.__name__}.{name}: expected an enum class, got {found!r}")
        field.enum = found
        field.default = field.declared_default = _declared_default(field, None, found(0))


def resolve_ref(cls: type[Any], name: str, ref: Any) -> Any:
    """The class that field `name` of `cls` refers to.

    `ref` is ``"Name"`` in the module of `cls`, ``"relative.module:Name"``, a class, or a callable without
    arguments that gives the class. `TypeError` when there is no such thing.
    """
    if ref is None:
        raise TypeError(
            f"{cls.__name__}.{name}: a field of this type needs the class as third argument"
        )
    if isinstance(ref, type):
        return ref
    if not isinstance(ref, str):
        return ref()
    if ref == cls.__name__:
        return cls
    path, _, type_name = ref.rpartition(":")
    module = sys.modules.get(cls.__module__)
    if path and module is not None:
        module = importlib.import_module(path, module.__package__)
    found = getattr(module, type_name, None)
    if found is None:
        where = path or cls.__module__
        raise TypeError(f"{cls.__name__}.{name}: there is no {type_name!r} in module {where!r}")
    return found


def _zero(field: Field) -> Any:
    return field.enum(0) if field.enum is not None else _ZEROS[field.type]


def _declared_default(field: Field, declared: Any, zero: Any) -> Any:
    if field.enum is not None:
        if declared is None:
            # Closed enums need not have a zero: their default is the first member.
            if field.enum.__closed__:
                return next(iter(field.enum), zero)
            return zero
        return (
            field.enum.from_string(declared) if isinstance(declared, str) else field.enum(declared)
        )
    return zero if declared is None else declared


def json_name(proto_name: str) -> str:
    """The lowerCamelCase that protoc gives a field without a `json_name` option."""
    head, *words = proto_name.split("_")
    return head + "".join(word[:1].upper() + word[1:] for word in words)


class OneofSlot(property):
    """A oneof member: reads its slot; setting it clears the other members."""

    slot: Any
    """The slot below."""


def _install_oneof(cls: type[Message], members: tuple[Field, ...]) -> None:
    for field in members:
        slot = _slot(cls, field.name)
        if slot is None:
            continue  # inherited, and done in the class that declares it
        others = tuple(other.set for other in members if other is not field)
        field.assign = _clearing_setter(field.set, others)
        member = OneofSlot(slot.__get__, field.assign)
        member.slot = slot
        type.__setattr__(cls, field.name, member)


def _slot(cls: type[Message], name: str) -> Any:
    """The slot of a field that `cls` itself declares; None for an inherited one."""
    slot = cls.__dict__.get(name)
    # Another thread may have built the schema meanwhile.
    return slot.slot if isinstance(slot, OneofSlot) else slot


def _clearing_setter(
    set_own: Callable[[Any, Any], None], others: tuple[Callable[[Any, Any], None], ...]
) -> Callable[[Any, Any], None]:
    def set_member(message: Any, value: Any) -> None:
        if value is not None:
            for clear in others:
                clear(message, None)
        set_own(message, value)

    return set_member


def _compile_constructors(schema: Schema) -> tuple[Callable[[], Any], Callable[..., None]]:
    """Compile `new()` and `__init__`: source text, because a loop over fields costs several times as much."""
    from .message import set_unknown_fields, warn_deprecated

    # Names of our own must not meet those of the fields, which are parameters.
    own = "_"
    while any(name.startswith(own) for name in schema.by_name):
        own += "_"
    scope: dict[str, Any] = {
        "__name__": "aristaproto.message",
        f"{own}cls": schema.cls,
        f"{own}new": object.__new__,
        f"{own}unknown": set_unknown_fields,
        f"{own}warn": warn_deprecated,
        f"{own}oneof": _too_many_members,
    }
    parameters: list[str] = []
    init: list[str] = [f"{own}unknown({own}self, b'')"]
    new: list[str] = [f"{own}self = {own}new({own}cls)", f"{own}unknown({own}self, b'')"]
    for index, field in enumerate(schema.fields):
        scope[f"{own}set{index}"] = field.set
        name = field.name
        if field.repeated or field.is_map:
            fresh = "[]" if field.repeated else "{}"
            parameters.append(f"{name}=None")
            init.append(f"{own}set{index}({own}self, {fresh} if {name} is None else {name})")
            new.append(f"{own}set{index}({own}self, {fresh})")
        else:
            scope[f"{own}default{index}"] = field.default
            parameters.append(f"{name}={own}default{index}")
            init.append(f"{own}set{index}({own}self, {name})")
            new.append(f"{own}set{index}({own}self, {own}default{index})")
    for group, members in schema.oneofs.items():
        if len(members) > 1:
            given = " + ".join(f"({field.name} is not None)" for field in members)
            pairs = ", ".join(f"({field.name!r}, {field.name})" for field in members)
            init.append(f"if {given} > 1: {own}oneof({own}cls, {group!r}, {pairs})")
    if schema.cls.__deprecated__:
        init.append(f"{own}warn({schema.cls.__name__!r})")
    for index, field in enumerate(schema.fields):
        if field.deprecated:
            scope[f"{own}field{index}"] = field
            what = f"{schema.cls.__name__}.{field.name}"
            init.append(f"if not {own}field{index}.is_default({field.name}): {own}warn({what!r})")
    head = ", ".join([f"{own}self", *parameters])
    source = "\n  ".join([f"def __init__({head}):", *init])
    source += "\n" + "\n  ".join([f"def {own}make():", *new, f"return {own}self"]) + "\n"
    exec(compile(source, f"<constructor of {schema.cls.__qualname__}>", "exec"), scope)  # noqa: S102
    scope["__init__"].__qualname__ = f"{schema.cls.__qualname__}.__init__"
    return scope[f"{own}make"], scope["__init__"]


def _too_many_members(cls: type[Message], group: str, *pairs: tuple[str, Any]) -> None:
    given = [name for name, value in pairs if value is not None]
    raise TypeError(
        f"{cls.__name__}: {' and '.join(given)} are members of the oneof {group!r}, only one can be set"
    )
