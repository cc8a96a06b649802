"""How each library is used: the same value as the constructor call that its users would write, and the same walk over a
parsed message as the attribute reads that they would write.

Both are made as Python source from google's descriptors, so that no library pays for an interpreter of ours. Called by
`codec` and `memory`; the generated modules come from `trees`.
"""

from __future__ import annotations

import copy
import datetime
import importlib
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from .data import Instant, Shape, Span

WELL_KNOWN = "google.protobuf."
WRAPPERS = frozenset(
    f"google.protobuf.{kind}Value"
    for kind in ("Double", "Float", "Int64", "UInt64", "Int32", "UInt32", "Bool", "String", "Bytes")
)


class LeftOut(Exception):
    """A library, or a shape with it, cannot be measured here, and why."""


class Dialect:
    """One library; the subclasses say what differs."""

    name: str
    distribution: str

    def __init__(self, folder: Path) -> None:
        """`folder` holds this library's generated code. `LeftOut` when it cannot be imported."""
        self.names: dict[str, Any] = {"datetime": datetime, "UTC": datetime.timezone.utc}
        self._readers: dict[str, str] = {}
        try:
            self.setup(folder)
        except (ImportError, AttributeError, TypeError) as error:
            raise LeftOut(f"{self.name}: its generated code does not import: {error}") from error

    def setup(self, folder: Path) -> None:
        raise NotImplementedError

    def version(self) -> str:
        return version(self.distribution)

    # What a program does with a message.

    def message_class(self, full_name: str) -> Any:
        raise NotImplementedError

    def serialiser(self, message: Any) -> Callable[[], bytes]:
        raise NotImplementedError

    def parser(self, cls: Any) -> Callable[[bytes], Any]:
        raise NotImplementedError

    def to_json(self, message: Any) -> Callable[[], str]:
        raise NotImplementedError

    def from_json(self, cls: Any) -> Callable[[str], Any]:
        raise NotImplementedError

    def copied(self, message: Any) -> Any:
        return copy.copy(message)

    # Source of the constructor call.

    def builder(self, shape: Shape, descriptor: Any) -> Callable[[], Any]:
        """A function that constructs the shape's message. Long lists of numbers are globals of it, not built anew."""
        assert shape.value is not None
        expression = self.construct(descriptor, shape.value)
        build: Callable[[], Any] = self._compile(
            f"def build():\n    return {expression}\n", "build"
        )
        return build

    def serialising_builder(self, shape: Shape, descriptor: Any) -> Callable[[], bytes]:
        """A function that constructs the shape's message and serialises it."""
        assert shape.value is not None
        expression = self.construct(descriptor, shape.value)
        source = f"def build():\n    return {self.serialise_source(expression)}\n"
        build: Callable[[], bytes] = self._compile(source, "build")
        return build

    def serialise_source(self, expression: str) -> str:
        return f"{expression}.SerializeToString()"

    def construct(self, descriptor: Any, value: Any) -> str:
        """The expression that makes `value`."""
        if isinstance(value, Instant):
            return self.instant(value)
        if isinstance(value, Span):
            return self.span(value)
        if descriptor.full_name in WRAPPERS:
            return self.wrapper(descriptor, value)
        if descriptor.full_name == "google.protobuf.Struct":
            return self.struct(value)
        arguments: list[str] = []
        for name, item in value.items():
            field = descriptor.fields_by_name[name]
            arguments.append(self.argument(field, self._field(field, item)))
        return f"{self.bind(descriptor)}({', '.join(arguments)})"

    def argument(self, field: Any, expression: str) -> str:
        return f"{field.name}={expression}"

    def _field(self, field: Any, value: Any) -> str:
        if is_map(field):
            entry = field.message_type.fields_by_name["value"]
            pairs = (f"{key!r}: {self._single(entry, item)}" for key, item in value.items())
            return f"{{{', '.join(pairs)}}}"
        if field.is_repeated:
            if len(value) > 100 and field.message_type is None:
                return self.bind_constant(value)
            return f"[{', '.join(self._single(field, item) for item in value)}]"
        return self._single(field, value)

    def _single(self, field: Any, value: Any) -> str:
        if field.message_type is not None:
            return self.construct(field.message_type, value)
        if field.enum_type is not None:
            return self.enum(field.enum_type, value)
        return repr(value)

    def bind(self, descriptor: Any) -> str:
        """The class under its own name."""
        name: str = descriptor.full_name.replace(".", "_")
        self.names[name] = self.message_class(descriptor.full_name)
        return name

    def bind_constant(self, value: Any) -> str:
        name = f"constant_{len(self.names)}"
        self.names[name] = value
        return name

    def enum(self, descriptor: Any, number: int) -> str:
        """A member as a user writes it: `Color.RED`; libraries drop the enum's name from its members."""
        prefix = f"{descriptor.name.upper()}_"
        member: str = descriptor.values_by_number[number].name.removeprefix(prefix)
        name: str = descriptor.full_name.replace(".", "_")
        self.names[name] = self.message_class(descriptor.full_name)
        return f"{name}.{member}"

    def instant(self, value: Instant) -> str:
        made = datetime.datetime.fromtimestamp(value.seconds, datetime.timezone.utc)
        parts = (*made.timetuple()[:6], value.micros)
        return f"datetime.datetime({', '.join(map(str, parts))}, tzinfo=UTC)"

    def span(self, value: Span) -> str:
        return f"datetime.timedelta(seconds={value.seconds}, microseconds={value.micros})"

    def wrapper(self, descriptor: Any, value: Any) -> str:
        return repr(value)

    def struct(self, value: dict[str, Any]) -> str:
        self.names["Struct"] = self.message_class("google.protobuf.Struct")
        return f"Struct.from_dict({value!r})"

    # Source of the walk.

    unwraps = True
    """Whether timestamps, durations and wrappers are plain Python values when they are read."""

    def reader(self, descriptor: Any) -> Callable[[Any], None]:
        """A function that reads every field of a message, and of the messages in it."""
        start = self._reader(descriptor)
        read: Callable[[Any], None] = self._compile("\n".join(self._readers.values()), start)
        return read

    def _reader(self, descriptor: Any) -> str:
        name = f"read_{descriptor.full_name.replace('.', '_')}"
        if name in self._readers:
            return name
        # Registered before its body is made: types contain themselves.
        self._readers[name] = ""
        lines = [f"def {name}(m):"]
        for field in descriptor.fields:
            if not in_oneof(field):
                lines += self._read_field(field)
        for oneof in descriptor.oneofs:
            if len(oneof.fields) > 1 or in_oneof(oneof.fields[0]):
                lines += self.read_oneof(oneof)
        if len(lines) == 1:
            lines.append("    pass")
        self._readers[name] = "\n".join(lines) + "\n"
        return name

    def _read_field(self, field: Any) -> list[str]:
        read = f"m.{field.name}"
        if is_map(field):
            entry = field.message_type.fields_by_name["value"]
            if self._is_plain(entry):
                return [f"    for k, v in {read}.items():", "        pass"]
            return [
                f"    for k, v in {read}.items():",
                f"        {self._reader(entry.message_type)}(v)",
            ]
        if field.is_repeated:
            if not self._is_plain(field):
                return [f"    for x in {read}:", f"        {self._reader(field.message_type)}(x)"]
            if field.cpp_type in (field.CPPTYPE_STRING, field.CPPTYPE_MESSAGE, field.CPPTYPE_ENUM):
                return [f"    for x in {read}:", "        pass"]
            return [f"    sum({read})"]
        if self._is_plain(field):
            return [f"    {read}"]
        return self.read_message(field)

    def _is_plain(self, field: Any) -> bool:
        """Whether reading the attribute is all there is to read."""
        if field.message_type is None:
            return True
        name = field.message_type.full_name
        return self.unwraps and (
            name in WRAPPERS or name in ("google.protobuf.Timestamp", "google.protobuf.Duration")
        )

    def read_message(self, field: Any) -> list[str]:
        reader = self._reader(field.message_type)
        return [f"    x = m.{field.name}", "    if x is not None:", f"        {reader}(x)"]

    def read_oneof(self, oneof: Any) -> list[str]:
        lines: list[str] = []
        for member in oneof.fields:
            lines += self._read_field(member)
        return lines

    def _compile(self, source: str, name: str) -> Any:
        namespace = dict(self.names)
        # The source is made above, from descriptors and data of this package.
        exec(compile(source, f"<{self.name}>", "exec"), namespace)  # noqa: S102
        return namespace[name]


def is_map(field: Any) -> bool:
    return bool(
        field.is_repeated
        and field.message_type is not None
        and field.message_type.GetOptions().map_entry
    )


def in_oneof(field: Any) -> bool:
    """Whether the field is a member of a oneof that the proto file declares (not the one behind `optional`)."""
    oneof = field.containing_oneof
    return oneof is not None and not (
        len(oneof.fields) == 1 and oneof.name == f"_{field.name}" and field.has_presence
    )


def descriptor_of(full_name: str) -> Any:
    """google's descriptor of a message; its generated modules must have been imported."""
    from google.protobuf import descriptor_pool

    return descriptor_pool.Default().FindMessageTypeByName(full_name)


class Google(Dialect):
    """google.protobuf; what all the others are compared with."""

    name = "google"
    distribution = "protobuf"
    unwraps = False

    def setup(self, folder: Path) -> None:
        from google.protobuf import descriptor_pb2, json_format
        from google.protobuf.internal import api_implementation

        # Fill the pool with the files that the shapes need.
        assert descriptor_pb2
        self._json = json_format
        self.implementation = api_implementation.Type()
        sys.path.insert(0, str(folder))
        self.shapes: Any = importlib.import_module("shapes_pb2")

    def version(self) -> str:
        return f"{super().version()} ({self.implementation})"

    def message_class(self, full_name: str) -> Any:
        from google.protobuf import message_factory

        return message_factory.GetMessageClass(descriptor_of(full_name))

    def serialiser(self, message: Any) -> Callable[[], bytes]:
        serialise: Callable[[], bytes] = message.SerializeToString
        return serialise

    def parser(self, cls: Any) -> Callable[[bytes], Any]:
        parse: Callable[[bytes], Any] = cls.FromString
        return parse

    def to_json(self, message: Any) -> Callable[[], str]:
        write = self._json.MessageToJson
        return lambda: write(message, indent=None)

    def from_json(self, cls: Any) -> Callable[[str], Any]:
        read = self._json.Parse
        return lambda text: read(text, cls())

    def enum(self, descriptor: Any, number: int) -> str:
        self.names["shapes"] = self.shapes
        return f"shapes.{descriptor.values_by_number[number].name}"

    def instant(self, value: Instant) -> str:
        name = self.bind(descriptor_of("google.protobuf.Timestamp"))
        return f"{name}(seconds={value.seconds}, nanos={value.micros * 1000})"

    def span(self, value: Span) -> str:
        name = self.bind(descriptor_of("google.protobuf.Duration"))
        return f"{name}(seconds={value.seconds}, nanos={value.micros * 1000})"

    def wrapper(self, descriptor: Any, value: Any) -> str:
        return f"{self.bind(descriptor)}(value={value!r})"

    def struct(self, value: dict[str, Any]) -> str:
        return repr(value)

    def read_message(self, field: Any) -> list[str]:
        reader = self._reader(field.message_type)
        return [f'    if m.HasField("{field.name}"):', f"        {reader}(m.{field.name})"]

    def read_oneof(self, oneof: Any) -> list[str]:
        lines = [f'    which = m.WhichOneof("{oneof.name}")']
        for index, member in enumerate(oneof.fields):
            word = "elif" if index else "if"
            lines.append(f'    {word} which == "{member.name}":')
            if self._is_plain(member):
                lines.append(f"        m.{member.name}")
            else:
                lines.append(f"        {self._reader(member.message_type)}(m.{member.name})")
        return lines


class Aristaproto(Dialect):
    """This project, whichever codec the environment variable ARISTAPROTO_IMPLEMENTATION chooses."""

    name = "aristaproto"
    distribution = "aristaproto"
    package = "tree_aristaproto"

    def setup(self, folder: Path) -> None:
        sys.path.insert(0, str(folder))
        importlib.import_module(f"{self.package}.shapes")

    def version(self) -> str:
        import aristaproto

        return f"{super().version()} ({aristaproto.implementation()})"

    def message_class(self, full_name: str) -> Any:
        package, _, name = full_name.rpartition(".")
        return getattr(importlib.import_module(f"{self.package}.{package}"), name)

    def serialiser(self, message: Any) -> Callable[[], bytes]:
        serialise: Callable[[], bytes] = message.SerializeToString
        return serialise

    def parser(self, cls: Any) -> Callable[[bytes], Any]:
        parse: Callable[[bytes], Any] = cls.parse
        return parse

    def to_json(self, message: Any) -> Callable[[], str]:
        write: Callable[[], str] = message.to_json
        return write

    def from_json(self, cls: Any) -> Callable[[str], Any]:
        read: Callable[[str], Any] = cls.from_json
        return read


class Betterproto2(Aristaproto):
    """betterproto2: of the same family, so the calls are the same."""

    name = "betterproto2"
    distribution = "betterproto2"
    package = "tree_betterproto2"

    def version(self) -> str:
        return version(self.distribution)


class ProtobufPy(Dialect):
    """protobuf-py of Buf, with its codec in Rust."""

    name = "protobuf-py"
    distribution = "protobuf-py"
    unwraps = False

    def setup(self, folder: Path) -> None:
        sys.path.insert(0, str(folder))
        self.shapes: Any = importlib.import_module("shapes_pb")
        self.names["Oneof"] = importlib.import_module("protobuf").Oneof

    def message_class(self, full_name: str) -> Any:
        package, _, name = full_name.rpartition(".")
        if package == "shapes":
            return getattr(self.shapes, name)
        proto: str = descriptor_of(full_name).file.name.removesuffix(".proto")
        module = importlib.import_module(f"protobuf.wkt.{proto.replace('/', '.')}_pb")
        return getattr(module, name)

    def serialiser(self, message: Any) -> Callable[[], bytes]:
        serialise: Callable[[], bytes] = message.to_binary
        return serialise

    def serialise_source(self, expression: str) -> str:
        return f"{expression}.to_binary()"

    def parser(self, cls: Any) -> Callable[[bytes], Any]:
        parse: Callable[[bytes], Any] = cls.from_binary
        return parse

    def to_json(self, message: Any) -> Callable[[], str]:
        write: Callable[[], str] = message.to_json
        return write

    def from_json(self, cls: Any) -> Callable[[str], Any]:
        read: Callable[[str], Any] = cls.from_json
        return read

    def argument(self, field: Any, expression: str) -> str:
        if in_oneof(field):
            return f'{field.containing_oneof.name}=Oneof("{field.name}", {expression})'
        return super().argument(field, expression)

    def instant(self, value: Instant) -> str:
        name = self.bind(descriptor_of("google.protobuf.Timestamp"))
        return f"{name}(seconds={value.seconds}, nanos={value.micros * 1000})"

    def span(self, value: Span) -> str:
        name = self.bind(descriptor_of("google.protobuf.Duration"))
        return f"{name}(seconds={value.seconds}, nanos={value.micros * 1000})"

    def wrapper(self, descriptor: Any, value: Any) -> str:
        return f"{self.bind(descriptor)}(value={value!r})"

    def struct(self, value: dict[str, Any]) -> str:
        self.names["Struct"] = self.message_class("google.protobuf.Struct")
        return f"Struct.from_python({value!r})"

    def read_oneof(self, oneof: Any) -> list[str]:
        lines = [f"    chosen = m.{oneof.name}", "    if chosen is not None:"]
        lines.append("        x = chosen.value")
        for member in oneof.fields:
            if not self._is_plain(member):
                reader = self._reader(member.message_type)
                lines.append(f'        if chosen.field == "{member.name}":')
                lines.append(f"            {reader}(x)")
        return lines


DIALECTS: tuple[type[Dialect], ...] = (Google, Aristaproto, ProtobufPy, Betterproto2)
"""google first: the others are compared with it."""
