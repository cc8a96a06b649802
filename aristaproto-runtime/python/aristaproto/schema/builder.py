"""Builds the schema of a message class from the `FieldSpec`s of its body, or the field of an extension.

All classes that fields refer to are resolved. `LazySchema` does this when a class is first used.
"""

from __future__ import annotations

import functools
import importlib
import operator
import sys
from types import ModuleType

from .. import codec
from ..base.float32 import round_float32
from .arrays import list_of_array
from .constructors import compile_new
from .fields import (
    MESSAGE_TYPES,
    PACKABLE,
    TYPE_BOOL,
    TYPE_BYTES,
    TYPE_DOUBLE,
    TYPE_ENUM,
    TYPE_FLOAT,
    TYPE_GROUP,
    TYPE_MESSAGE,
    TYPE_NAMES,
    TYPE_STRING,
    Field,
    FieldSpec,
    Schema,
    json_name,
)
from .oneof import install_oneofs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ..model.message import Message

__all__ = ("build_field", "build_schema", "import_types", "resolve_ref")

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
    fields.extend(_member_field(cls, name, spec) for name, spec in own.items())

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
    if len(fields) == 1:
        (only,) = fields
        schema.values = lambda message: (only.get(message),)
    elif fields:
        schema.values = operator.attrgetter(*schema.by_name)
    else:
        schema.values = lambda message: ()
    schema.extendable = cls.__extendable__
    if codec.NATIVE is None:
        for field in fields:
            if field.repeated:
                _install_list(cls, field)
        for members in schema.oneofs.values():
            _install_oneof(cls, members)
        schema.new = compile_new(schema)
    else:
        _bind(codec.NATIVE, schema)
    if oneofs:
        install_oneofs(schema)
    return schema


def _bind(native: codec.Native, schema: Schema) -> None:
    """Let the codec in Rust compile its plan, and read and write the slots of the class."""
    cls: Any = schema.cls
    base = next(base for base in cls.__mro__ if native.MessageBase in base.__bases__)
    if "_extensions" in cls.__dict__:
        native.bind_slot(cls, "_extensions", None)
    schema.native, slots, bare = native.bind(schema, base)
    for field, slot, bare_slot in zip(schema.fields, slots, bare, strict=True):
        field.assign = slot.__set__
        field.set = bare_slot.__set__
    schema.new = functools.partial(native.new, cls)


def _member_field(cls: type[Message], name: str, spec: FieldSpec) -> Field:
    """The field of an attribute, stored in its slot."""

    def resolve(ref: Any) -> Any:
        return cls if ref == cls.__name__ else resolve_ref(ref, cls.__module__)

    field = build_field(name, f"{cls.__name__}.{name}", spec, resolve)
    slot = _slot(cls, name)
    field.get = operator.attrgetter(name)
    field.set = slot.__set__
    field.assign = slot.__set__
    return field


def build_field(
    name: str,
    where: str,
    spec: FieldSpec,
    resolve: Callable[[Any], Any],
    highest: int = 2**29 - 1,
) -> Field:
    """A field without its accessors. `where` stands in errors, `resolve` finds the class of a reference."""
    field = Field()
    field.number = spec.number
    if not (type(spec.number) is int and 1 <= spec.number <= highest):
        raise TypeError(
            f"{where}: expected a field number from 1 to {highest}, got {spec.number!r}"
        )
    if spec.type not in TYPE_NAMES:
        raise TypeError(f"{where}: expected one of aristaproto.TYPE_*, got {spec.type!r}")
    field.name = name
    field.proto_name = spec.proto_name or name
    # A name may be empty, if the proto file says so.
    field.json_name = json_name(field.proto_name) if spec.json_name is None else spec.json_name
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
    if spec.key_type is not None:
        field.key = _entry_field("key", 1, spec.key_type, spec)
        field.value = _entry_field("value", 2, spec.type, spec)
        _resolve_type(field.value, where, spec, resolve)
        field.type = TYPE_MESSAGE
        field.presence = False
    else:
        _resolve_type(field, where, spec, resolve)
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


def _resolve_type(field: Field, where: str, spec: FieldSpec, resolve: Callable[[Any], Any]) -> None:
    if spec.type not in MESSAGE_TYPES and spec.type != TYPE_ENUM:
        return
    if spec.ref is None:
        raise TypeError(f"{where}: a field of this type needs its class (`ref`)")
    try:
        found = resolve(spec.ref)
    except LookupError as error:
        raise TypeError(f"{where}: {error.args[0]}") from None
    if spec.type == TYPE_ENUM:
        # A message may have a field of that name.
        if not hasattr(found, "_value2member_map_") or hasattr(found, "__fields__"):
            raise TypeError(f"{where}: expected an enum class, got {found!r}")
        field.enum = found
        field.default = field.declared_default = _declared_default(field, None, found(0))
    else:
        if not hasattr(found, "__fields__"):
            raise TypeError(f"{where}: expected a message class, got {found!r}")
        field.message = found
        field.wrapped = hasattr(found, "from_wrapped")


def resolve_ref(ref: Any, module_name: str) -> Any:
    """The class that a reference in a module means.

    `ref` is ``"Name"`` in that module, ``"relative.module:Name"``, a class, or a callable without
    arguments that gives the class. `LookupError` when there is no such thing.
    """
    if isinstance(ref, type):
        return ref
    if not isinstance(ref, str):
        return ref()
    path, _, type_name = ref.rpartition(":")
    module = sys.modules.get(module_name)
    if path and module is not None:
        module = importlib.import_module(path, module.__package__)
    found = getattr(module, type_name, None)
    if found is None:
        raise LookupError(f"there is no {type_name!r} in module {path or module_name!r}")
    return found


def import_types(cls: type[Message]) -> None:
    """Give the modules of a class and its bases what the annotations of fields name there.

    Generated modules import each other for type checkers only; whoever evaluates an annotation needs the names, too.
    `ImportError` when a module of the tree cannot be imported.
    """
    import inspect
    import re

    for base in cls.__mro__:
        module = sys.modules.get(base.__module__)
        if module is None or "__fields__" not in base.__dict__:
            continue
        specs: dict[str, FieldSpec] = base.__dict__["__fields__"]
        annotations = inspect.get_annotations(base)
        for name, spec in specs.items():
            path, _, type_name = (
                spec.ref.rpartition(":") if isinstance(spec.ref, str) else ("", "", "")
            )
            annotation = annotations.get(name)
            if not isinstance(annotation, str):
                continue
            for alias in re.findall(r"(?<![\w.])(\w+)\.", annotation):
                part = None if alias in module.__dict__ else _part_of(base, module)
                if part is not None and alias in part.__dict__:
                    module.__dict__[alias] = part.__dict__[alias]
            if not path:
                continue
            # `alias.Type`; a type of the tree's root, and of another part of a module, stands alone.
            found = re.search(rf"(?:(\w+)\.|(?<![\w.]))({type_name}_*)(?!\w)", annotation)
            if found is None:
                continue
            alias, local = found.groups()
            holder = importlib.import_module(path, module.__package__)
            if alias is not None:
                module.__dict__.setdefault(alias, holder)
            else:
                module.__dict__.setdefault(local, getattr(holder, type_name))


def _part_of(cls: type[Message], module: ModuleType) -> ModuleType | None:
    """The module that a class of a package in parts is written in; the class goes by the package's name."""
    for it in list(vars(module).values()):
        if isinstance(it, ModuleType) and vars(it).get(cls.__name__) is cls:
            return it
    return None


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
    if declared is None:
        return zero
    # The proto file says 0.1, the field holds the nearest float.
    return round_float32(declared) if field.type == TYPE_FLOAT else declared


class FieldSlot(property):
    # A field of which setting does more than to fill its slot: a oneof member, a list.

    slot: Any
    """The slot below."""
    __objclass__: type[Message]
    __name__: str

    # `property` would set the one of its getter.
    __doc__ = property(  # pyright: ignore[reportAssignmentType]
        lambda self: codec.comments.describe_slot(self), lambda self, _: None
    )


def _install_list(cls: type[Message], field: Field) -> None:
    slot = _slot(cls, field.name)
    if slot is None:
        return  # inherited, and done in the class that declares it
    set_slot: Callable[[Any, Any], None] = slot.__set__

    def set_list(message: Any, value: Any) -> None:
        set_slot(message, value if value.__class__ is list else list_of_array(value, field.name))

    field.set = field.assign = set_list
    member = FieldSlot(slot.__get__, set_list)
    member.slot, member.__objclass__, member.__name__ = slot, cls, field.name
    type.__setattr__(cls, field.name, member)


def _install_oneof(cls: type[Message], members: tuple[Field, ...]) -> None:
    for field in members:
        slot = _slot(cls, field.name)
        if slot is None:
            continue  # inherited, and done in the class that declares it
        others = tuple(other.set for other in members if other is not field)
        field.assign = _clearing_setter(field.set, others)
        member = FieldSlot(slot.__get__, field.assign)
        member.slot, member.__objclass__, member.__name__ = slot, cls, field.name
        type.__setattr__(cls, field.name, member)


def _slot(cls: type[Message], name: str) -> Any:
    """The slot of a field that `cls` itself declares; None for an inherited one."""
    slot = cls.__dict__.get(name)
    # Another thread may have built the schema meanwhile.
    return slot.slot if isinstance(slot, FieldSlot) else slot


def _clearing_setter(
    set_own: Callable[[Any, Any], None], others: tuple[Callable[[Any, Any], None], ...]
) -> Callable[[Any, Any], None]:
    def set_member(message: Any, value: Any) -> None:
        if value is not None:
            for clear in others:
                clear(message, None)
        set_own(message, value)

    return set_member
