"""Descriptors of generated code: what its proto files declare, options included, comments excluded.

`aristaproto.descriptor` takes a generated class and reads the data module `_descriptors` beside its module, which
is imported only then. Nothing here needs google.protobuf; for its descriptors see `descriptors`.
"""

from __future__ import annotations

import copy
import importlib
import sys
from functools import cache
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from .model.enum import Enum
from .model.extension import Extension, extensions
from .model.message import Message
from .schema.fields import json_name
from .wkt.descriptor import (
    DescriptorProto,
    EnumDescriptorProto,
    EnumOptions,
    EnumValueDescriptorProto,
    EnumValueOptions,
    FieldDescriptorProto,
    FieldDescriptorProtoLabel,
    FieldDescriptorProtoType,
    FieldOptions,
    FileDescriptorProto,
    FileOptions,
    MessageOptions,
    OneofDescriptorProto,
    OneofOptions,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = (
    "EnumDescriptor",
    "EnumValueDescriptor",
    "FieldDescriptor",
    "FileDescriptor",
    "MessageDescriptor",
    "OneofDescriptor",
    "descriptor",
    "reserved_names",
)

_P = TypeVar("_P", bound=Message)
_O = TypeVar("_O", bound=Message)
_T = TypeVar("_T")

_WELL_KNOWN = "aristaproto.wkt._descriptors"


class _Descriptor(Generic[_P, _O]):
    """What everything that a proto file declares has in common."""

    __slots__ = ("file", "full_name", "name", "options", "proto")

    name: str
    """The name in the proto file; of a file its path, as protoc knows it."""
    full_name: str
    """The name with that of the package and the messages around it; of a file its package."""
    file: FileDescriptor
    proto: _P
    """The descriptor as a message (`aristaproto.wkt.descriptor`), for all that has no attribute here."""
    options: _O
    """Custom options are among its unknown fields; `option` reads them."""

    def __init__(
        self, name: str, full_name: str, file: FileDescriptor, proto: _P, options: _O
    ) -> None:
        self.name = name
        self.full_name = full_name
        self.file = file
        self.proto = proto
        self.options = options

    def option(self, extension: Extension[Any, _T]) -> _T:
        """The value of a custom option, given the generated extension of ``google.protobuf.*Options``.

        The option's default when it is not set. `TypeError` for an extension of something else.
        """
        # A copy, because reading takes the option out of the unknown fields, where another tree's
        # extension of the same number would look for it, too.
        found: _T = extensions(copy.copy(self.options))[extension]
        return found

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.full_name or self.name}>"


class FieldDescriptor(_Descriptor[FieldDescriptorProto, FieldOptions]):
    """A field or an extension."""

    __slots__ = ("json_name", "label", "number", "oneof", "type", "type_name")

    number: int
    type: FieldDescriptorProtoType
    label: FieldDescriptorProtoLabel
    json_name: str
    type_name: str | None
    """Full name of the message or enum that it holds; None for scalars."""
    oneof: str | None
    """Name of the oneof that it belongs to, also of the one that a proto3 `optional` field has for itself."""

    def __init__(
        self,
        proto: FieldDescriptorProto,
        scope: str,
        file: FileDescriptor,
        oneofs: list[OneofDescriptorProto],
    ) -> None:
        name = proto.name or ""
        super().__init__(name, _join(scope, name), file, proto, _or(proto.options, FieldOptions))
        self.number = proto.number or 0
        self.type = proto.type or FieldDescriptorProtoType.MESSAGE
        self.label = proto.label or FieldDescriptorProtoLabel.OPTIONAL
        # Generated code leaves out the JSON names that follow from the fields' names.
        self.json_name = proto.json_name or json_name(name)
        self.type_name = proto.type_name[1:] if proto.type_name else None
        index = proto.oneof_index
        self.oneof = None if index is None else oneofs[index].name


class OneofDescriptor(_Descriptor[OneofDescriptorProto, OneofOptions]):
    """A oneof; `fields` are its members."""

    __slots__ = ("fields",)

    fields: tuple[FieldDescriptor, ...]


class EnumValueDescriptor(_Descriptor[EnumValueDescriptorProto, EnumValueOptions]):
    """A value of an enum. Its full name has the scope of the enum, not the enum itself, as in C++."""

    __slots__ = ("number",)

    number: int


class EnumDescriptor(_Descriptor[EnumDescriptorProto, EnumOptions]):
    """An enum; `values` in the order of the file, aliases included."""

    __slots__ = ("values",)

    values: tuple[EnumValueDescriptor, ...]

    def __init__(self, proto: EnumDescriptorProto, scope: str, file: FileDescriptor) -> None:
        name = proto.name or ""
        super().__init__(name, _join(scope, name), file, proto, _or(proto.options, EnumOptions))
        values: list[EnumValueDescriptor] = []
        for item in proto.value:
            value = EnumValueDescriptor(
                item.name or "",
                _join(scope, item.name or ""),
                file,
                item,
                _or(item.options, EnumValueOptions),
            )
            value.number = item.number or 0
            values.append(value)
        self.values = tuple(values)
        file.enums[self.full_name] = self


class MessageDescriptor(_Descriptor[DescriptorProto, MessageOptions]):
    """A message. Everything is in the order of the file."""

    __slots__ = ("enums", "extensions", "fields", "nested", "oneofs", "reserved_names")

    fields: tuple[FieldDescriptor, ...]
    oneofs: tuple[OneofDescriptor, ...]
    nested: tuple[MessageDescriptor, ...]
    """Messages declared inside, also those that maps and groups stand for."""
    enums: tuple[EnumDescriptor, ...]
    extensions: tuple[FieldDescriptor, ...]
    """Extensions declared inside, of whatever message."""
    reserved_names: frozenset[str]

    def __init__(self, proto: DescriptorProto, scope: str, file: FileDescriptor) -> None:
        name = proto.name or ""
        super().__init__(name, _join(scope, name), file, proto, _or(proto.options, MessageOptions))
        inside = self.full_name
        self.fields = tuple(
            FieldDescriptor(field, inside, file, proto.oneof_decl) for field in proto.field
        )
        oneofs: list[OneofDescriptor] = []
        for item in proto.oneof_decl:
            oneof = OneofDescriptor(
                item.name or "",
                _join(inside, item.name or ""),
                file,
                item,
                _or(item.options, OneofOptions),
            )
            oneof.fields = tuple(field for field in self.fields if field.oneof == item.name)
            oneofs.append(oneof)
        self.oneofs = tuple(oneofs)
        self.nested = tuple(MessageDescriptor(item, inside, file) for item in proto.nested_type)
        self.enums = tuple(EnumDescriptor(item, inside, file) for item in proto.enum_type)
        self.extensions = _extensions(proto.extension, inside, file)
        self.reserved_names = frozenset(proto.reserved_name)
        file.messages[inside] = self


class FileDescriptor(_Descriptor[FileDescriptorProto, FileOptions]):
    """A proto file, with all that it declares by full name, also what is inside messages."""

    __slots__ = ("enums", "extensions", "messages")

    messages: dict[str, MessageDescriptor]
    enums: dict[str, EnumDescriptor]
    extensions: dict[str, FieldDescriptor]

    def __init__(self, proto: FileDescriptorProto) -> None:
        package = proto.package or ""
        super().__init__(proto.name or "", package, self, proto, _or(proto.options, FileOptions))
        self.messages = {}
        self.enums = {}
        self.extensions = {}
        for message in proto.message_type:
            MessageDescriptor(message, package, self)
        for enum in proto.enum_type:
            EnumDescriptor(enum, package, self)
        _extensions(proto.extension, package, self)

    @property
    def package(self) -> str:
        """The proto package, empty when the file has none."""
        return self.full_name


def _extensions(
    protos: Iterable[FieldDescriptorProto], scope: str, file: FileDescriptor
) -> tuple[FieldDescriptor, ...]:
    made = tuple(FieldDescriptor(proto, scope, file, []) for proto in protos)
    file.extensions.update((extension.full_name, extension) for extension in made)
    return made


def _or(options: _O | None, cls: type[_O]) -> _O:
    # Not `or`: options that are all custom ones are unknown fields, and a message of only these is false.
    return cls() if options is None else options


def _join(scope: str, name: str) -> str:
    return f"{scope}.{name}" if scope else name


@cache
def _files(module: str) -> tuple[FileDescriptor, ...]:
    """The files of a data module; none when there is no such module."""
    try:
        data = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        return ()
    return tuple(FileDescriptor(FileDescriptorProto.parse(item)) for item in data.FILES.values())


def _files_of(module: str, full_name: str) -> Iterable[FileDescriptor]:
    """The files that may declare what a Python module has under a full proto name."""
    holder = sys.modules.get(module)
    package: str | None = getattr(holder, "__package__", None)
    if package:
        yield from _files(f"{package}._descriptors")
    if full_name.startswith("google.protobuf."):
        yield from _files(_WELL_KNOWN)


def _declaring(cls: type[Any]) -> tuple[str, str] | None:
    """Full proto name and Python module of a class, or of the base that a user's subclass extends."""
    for base in cls.__mro__:
        full_name: str | None = base.__dict__.get("__proto_name__")
        if full_name is not None:
            return full_name, base.__module__
    return None


def _missing(what: object) -> LookupError:
    return LookupError(
        f"{what!r} has no descriptor: only generated classes and extensions have one, from the module "
        "_descriptors beside theirs (generate the code again if that is missing)"
    )


@overload
def descriptor(declared: type[Message]) -> MessageDescriptor: ...
@overload
def descriptor(declared: type[Enum]) -> EnumDescriptor: ...
@overload
def descriptor(declared: Extension[Any, Any]) -> FieldDescriptor: ...
def descriptor(
    declared: type[Message | Enum] | Extension[Any, Any],
) -> MessageDescriptor | EnumDescriptor | FieldDescriptor:
    """What the proto file says about a generated message, enum or extension.

    ```python
    for field in aristaproto.descriptor(Request).fields:
        print(field.number, field.name, field.options.deprecated)
    ```

    `LookupError` for what was written by hand. The first call imports the descriptors of the package and reads them;
    they are kept (https://protobuf.dev/reference/protobuf/google.protobuf/ names what `proto` holds).
    """
    if isinstance(declared, Extension):
        for file in _files_of(declared.module, declared.full_name):
            extension = file.extensions.get(declared.full_name)
            if extension is not None:
                return extension
        raise _missing(declared)
    place = _declaring(declared)
    if place is not None:
        full_name, module = place
        for file in _files_of(module, full_name):
            found = file.messages.get(full_name) or file.enums.get(full_name)
            if found is not None:
                return found
    raise _missing(declared)


def reserved_names(cls: type[Message]) -> frozenset[str]:
    """The field names that a message reserves; none for a class without a descriptor."""
    try:
        return descriptor(cls).reserved_names
    except LookupError:
        return frozenset()
