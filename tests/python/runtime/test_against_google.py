"""Wire bytes against google.protobuf: same bytes out, same values in, same refusals.

The google classes of hand-written ones are made from their schema, so both sides describe the same messages. Those of
generated ones come from protoc.
"""

# pyright: reportPrivateUsage=false

from __future__ import annotations

import importlib
import math
import pkgutil
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import aristaproto
import pytest
from aristaproto.schema.fields import Field, Schema
from google.protobuf import descriptor_pb2, descriptor_pool, message, message_factory
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st


class Open(aristaproto.Enum):
    ZERO = 0
    ONE = 1
    MINUS = -1


class Closed(aristaproto.Enum, closed=True):
    FIRST = 1
    SECOND = 2


class ClosedZero(aristaproto.Enum, closed=True):
    NONE = 0
    SOME = 5


class Leaf(aristaproto.Message):
    number: int = aristaproto.field(1, aristaproto.TYPE_INT32)
    text: str = aristaproto.field(2, aristaproto.TYPE_STRING)


class Scalars3(aristaproto.Message):
    double: float = aristaproto.field(1, aristaproto.TYPE_DOUBLE)
    float: float = aristaproto.field(2, aristaproto.TYPE_FLOAT)
    int64: int = aristaproto.field(3, aristaproto.TYPE_INT64)
    uint64: int = aristaproto.field(4, aristaproto.TYPE_UINT64)
    int32: int = aristaproto.field(5, aristaproto.TYPE_INT32)
    fixed64: int = aristaproto.field(6, aristaproto.TYPE_FIXED64)
    fixed32: int = aristaproto.field(7, aristaproto.TYPE_FIXED32)
    bool: bool = aristaproto.field(8, aristaproto.TYPE_BOOL)
    string: str = aristaproto.field(9, aristaproto.TYPE_STRING)
    bytes: bytes = aristaproto.field(12, aristaproto.TYPE_BYTES)
    uint32: int = aristaproto.field(13, aristaproto.TYPE_UINT32)
    enum: Open = aristaproto.field(14, aristaproto.TYPE_ENUM, Open)
    sfixed32: int = aristaproto.field(15, aristaproto.TYPE_SFIXED32)
    sfixed64: int = aristaproto.field(16, aristaproto.TYPE_SFIXED64)
    sint32: int = aristaproto.field(17, aristaproto.TYPE_SINT32)
    sint64: int = aristaproto.field(2000, aristaproto.TYPE_SINT64)


class Rest3(aristaproto.Message):
    child: Rest3 | None = aristaproto.field(1, aristaproto.TYPE_MESSAGE, "Rest3")
    children: list[Rest3] = aristaproto.field(2, aristaproto.TYPE_MESSAGE, "Rest3", repeated=True)
    note: str | None = aristaproto.field(3, aristaproto.TYPE_STRING, optional=True)
    flag: bool | None = aristaproto.field(4, aristaproto.TYPE_BOOL, optional=True)
    number: int | None = aristaproto.field(5, aristaproto.TYPE_SINT64, oneof="choice")
    leaf: Leaf | None = aristaproto.field(6, aristaproto.TYPE_MESSAGE, "Leaf", oneof="choice")
    data: bytes | None = aristaproto.field(7, aristaproto.TYPE_BYTES, oneof="choice")
    ints: list[int] = aristaproto.field(8, aristaproto.TYPE_INT64, repeated=True)
    loose: list[int] = aristaproto.field(9, aristaproto.TYPE_SINT32, repeated=True, packed=False)
    floats: list[float] = aristaproto.field(10, aristaproto.TYPE_FLOAT, repeated=True)
    texts: list[str] = aristaproto.field(11, aristaproto.TYPE_STRING, repeated=True)
    enums: list[Open] = aristaproto.field(12, aristaproto.TYPE_ENUM, "Open", repeated=True)
    by_text: dict[str, int] = aristaproto.map_field(
        13, aristaproto.TYPE_STRING, aristaproto.TYPE_INT32
    )
    by_number: dict[int, Leaf] = aristaproto.map_field(
        14, aristaproto.TYPE_SINT64, aristaproto.TYPE_MESSAGE, "Leaf"
    )
    by_flag: dict[bool, Open] = aristaproto.map_field(
        15, aristaproto.TYPE_BOOL, aristaproto.TYPE_ENUM, "Open"
    )


class Two(aristaproto.Message):
    """proto2: presence everywhere, groups, closed enums, unpacked lists."""

    number: int | None = aristaproto.field(1, aristaproto.TYPE_INT32, optional=True, default=7)
    text: str | None = aristaproto.field(2, aristaproto.TYPE_STRING, optional=True, utf8=False)
    closed: Closed | None = aristaproto.field(3, aristaproto.TYPE_ENUM, "Closed", optional=True)
    several: list[Closed] = aristaproto.field(
        4, aristaproto.TYPE_ENUM, "Closed", repeated=True, packed=False
    )
    group: Leaf | None = aristaproto.field(5, aristaproto.TYPE_GROUP, "Leaf")
    groups: list[Two] = aristaproto.field(6, aristaproto.TYPE_GROUP, "Two", repeated=True)
    by_key: dict[int, ClosedZero] = aristaproto.map_field(
        7, aristaproto.TYPE_INT32, aristaproto.TYPE_ENUM, "ClosedZero"
    )
    numbers: list[int] = aristaproto.field(8, aristaproto.TYPE_UINT64, repeated=True, packed=False)


CLASSES: list[type[aristaproto.Message]] = [Scalars3, Rest3, Two]


def _file_of(schema: Schema) -> descriptor_pb2.FileDescriptorProto:
    """A file with one message, an edition 2023 twin of the schema."""
    file = descriptor_pb2.FileDescriptorProto(
        name=f"{schema.full_name}.proto",
        package=schema.full_name.lower(),
        syntax="editions",
        edition=descriptor_pb2.EDITION_2023,
    )
    done: set[str] = set()
    _add_message(file, schema, done)
    return file


def _add_message(file: descriptor_pb2.FileDescriptorProto, schema: Schema, done: set[str]) -> None:
    if schema.full_name in done:
        return
    done.add(schema.full_name)
    into = file.message_type.add(name=schema.full_name)
    into.oneof_decl.extend(descriptor_pb2.OneofDescriptorProto(name=name) for name in schema.oneofs)
    for field in schema.fields:
        made = into.field.add(
            name=field.proto_name,
            number=field.number,
            type=field.type,
            label=3 if field.repeated or field.is_map else 1,
        )
        if field.is_map:
            assert field.key is not None
            assert field.value is not None
            entry = into.nested_type.add(
                name="".join(part.capitalize() for part in field.proto_name.split("_")) + "Entry"
            )
            entry.options.map_entry = True
            for part in (field.key, field.value):
                child = entry.field.add(
                    name=part.name,
                    number=part.number,
                    type=part.type,
                    label=1,
                )
                _add_reference(file, child, part, done)
            made.type_name = f".{file.package}.{schema.full_name}.{entry.name}"
            continue
        _add_reference(file, made, field, done)
        features = made.options.features
        if field.oneof is not None:
            made.oneof_index = list(schema.oneofs).index(field.oneof)
        elif not field.repeated and field.message is None:
            features.field_presence = (
                descriptor_pb2.FeatureSet.EXPLICIT
                if field.presence
                else descriptor_pb2.FeatureSet.IMPLICIT
            )
        if field.repeated and field.type in (1, 2, 3, 4, 5, 6, 7, 8, 13, 14, 15, 16, 17, 18):
            features.repeated_field_encoding = (
                descriptor_pb2.FeatureSet.PACKED
                if field.packed
                else descriptor_pb2.FeatureSet.EXPANDED
            )
        if field.type == aristaproto.TYPE_GROUP:
            made.type = descriptor_pb2.FieldDescriptorProto.TYPE_MESSAGE
            features.message_encoding = descriptor_pb2.FeatureSet.DELIMITED
        if field.type == aristaproto.TYPE_STRING and not field.utf8:
            features.utf8_validation = descriptor_pb2.FeatureSet.NONE


def _add_reference(
    file: descriptor_pb2.FileDescriptorProto,
    made: descriptor_pb2.FieldDescriptorProto,
    field: Field,
    done: set[str],
) -> None:
    if field.message is not None:
        _add_message(file, field.message.__schema__, done)
        made.type_name = f".{file.package}.{field.message.__schema__.full_name}"
    elif field.enum is not None:
        name = field.enum.__name__
        made.type_name = f".{file.package}.{name}"
        if name not in done:
            done.add(name)
            enum = file.enum_type.add(name=name)
            if field.enum.__closed__:
                enum.options.features.enum_type = descriptor_pb2.FeatureSet.CLOSED
            for member in field.enum:
                enum.value.add(name=member.name, number=member.value)


def _google_class(cls: type[aristaproto.Message]) -> Any:
    file = _file_of(cls.__schema__)
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    name = f"{file.package}.{cls.__schema__.full_name}"
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(name))


GOOGLE = {cls: _google_class(cls) for cls in CLASSES}

_INTS = {
    **dict.fromkeys((3, 16, 18), (-(2**63), 2**63 - 1)),
    **dict.fromkeys((5, 15, 17), (-(2**31), 2**31 - 1)),
    **dict.fromkeys((4, 6), (0, 2**64 - 1)),
    **dict.fromkeys((7, 13), (0, 2**32 - 1)),
}


def _values(field: Field, depth: int) -> st.SearchStrategy[Any]:
    if field.message is not None:
        built = _messages(field.message, depth - 1)
        return built.map(lambda message: message.to_wrapped()) if field.wrapped else built
    if field.enum is not None:
        members = st.sampled_from(list(field.enum))
        if field.enum.__closed__:
            return members
        return members | st.integers(-(2**31), 2**31 - 1).map(field.enum)
    if field.type in _INTS:
        return st.integers(*_INTS[field.type])
    if field.type == aristaproto.TYPE_BOOL:
        return st.booleans()
    if field.type == aristaproto.TYPE_STRING:
        return st.text(max_size=8)
    if field.type == aristaproto.TYPE_BYTES:
        return st.binary(max_size=8)
    return st.floats(width=32 if field.type == aristaproto.TYPE_FLOAT else 64)


@st.composite
def _messages(
    draw: st.DrawFn, cls: type[aristaproto.Message], depth: int = 3, entries: int = 3
) -> Any:
    built = cls.__schema__.new()
    for field in cls.__schema__.fields:
        element = field.value if field.value is not None else field
        if not field.required:
            if depth <= 0 and element.message is not None:
                continue
            if not draw(st.booleans()):
                continue
        if field.is_map and field.key is not None and field.value is not None:
            keys = _values(field.key, depth)
            value: Any = draw(st.dictionaries(keys, _values(field.value, depth), max_size=entries))
        elif field.repeated:
            value = draw(st.lists(_values(field, depth), max_size=3))
        else:
            value = draw(_values(field, depth))
        field.assign(built, value)
    return built


def _has_large_map(built: aristaproto.Message) -> bool:
    for field in type(built).__schema__.fields:
        value: Any = field.get(built)
        if field.is_map and len(value) > 1:
            return True
        below: list[Any] = value if field.repeated else [value]
        if field.is_map:
            below = list(value.values())
        if any(isinstance(item, aristaproto.Message) and _has_large_map(item) for item in below):
            return True
    return False


@pytest.mark.parametrize("cls", CLASSES)
@settings(max_examples=80)
@given(data=st.data())
def test_same_bytes_and_values(cls: type[aristaproto.Message], data: st.DataObject) -> None:
    _same_bytes_and_values(cls, GOOGLE[cls], data)


def _same_bytes_and_values(
    cls: type[aristaproto.Message], google: Any, data: st.DataObject
) -> None:
    ours = data.draw(_messages(cls))
    wire = bytes(ours)
    theirs = google.FromString(wire)
    assert cls.parse(wire) == ours
    back = theirs.SerializeToString()
    assert cls.parse(back) == ours
    if not _has_large_map(ours):
        # The order of map entries is google's own.
        assert back == wire


@pytest.mark.parametrize("cls", CLASSES)
@settings(max_examples=150)
@given(data=st.data())
def test_same_verdict_on_damaged_bytes(cls: type[aristaproto.Message], data: st.DataObject) -> None:
    wire = bytearray(bytes(data.draw(_messages(cls))))
    for _ in range(data.draw(st.integers(1, 3))):
        action = data.draw(st.sampled_from(["change", "cut", "insert"]))
        at = data.draw(st.integers(0, len(wire)))
        if action == "cut":
            del wire[at:]
        elif action == "insert":
            wire[at:at] = data.draw(st.binary(min_size=1, max_size=4))
        elif at < len(wire):
            wire[at] = data.draw(st.integers(0, 255))
    _same_verdict(cls, bytes(wire))


@pytest.mark.parametrize("cls", CLASSES)
@settings(max_examples=150)
@given(wire=st.binary(max_size=40))
def test_same_verdict_on_any_bytes(cls: type[aristaproto.Message], wire: bytes) -> None:
    _same_verdict(cls, wire)


def _same_verdict(cls: type[aristaproto.Message], wire: bytes) -> None:
    try:
        theirs = GOOGLE[cls].FromString(wire)
    except message.DecodeError:
        with pytest.raises(aristaproto.DecodeError):
            cls.parse(wire)
        return
    ours = cls.parse(wire)
    again = cls.parse(theirs.SerializeToString())
    assert ours == again
    assert bytes(cls.parse(bytes(ours))) == bytes(ours)
    assert sorted(map(bytes, _records(ours))) == sorted(map(bytes, _records(again)))


def _records(built: Any) -> list[bytes]:
    return [record.raw for record in aristaproto.parse_fields(built._unknown_fields)]


@pytest.mark.parametrize("cls", CLASSES)
@settings(max_examples=40)
@given(data=st.data())
def test_two_halves_merge_as_google_merges(
    cls: type[aristaproto.Message], data: st.DataObject
) -> None:
    first, second = (bytes(data.draw(_messages(cls))) for _ in range(2))
    theirs = GOOGLE[cls].FromString(first + second).SerializeToString()
    assert cls.parse(first + second) == cls.parse(theirs)
    merged = cls.parse(first)
    aristaproto.merge(merged, cls.parse(second))
    assert merged == cls.parse(theirs)


@given(st.floats())
def test_floats_beyond_32_bits_are_refused(value: float) -> None:
    wanted: bytes | None
    try:
        wanted = struct.pack("<f", value)
    except OverflowError:
        wanted = None
    if wanted is None:
        with pytest.raises(aristaproto.EncodeError, match="expected float, got"):
            bytes(Scalars3(float=value))
    elif value == 0 and math.copysign(1, value) > 0:
        assert bytes(Scalars3(float=value)) == b""
    else:
        got = Scalars3.parse(bytes(Scalars3(float=value))).float
        assert struct.pack("<f", got) == wanted or math.isnan(got)


PROTOS = Path(__file__).parents[2] / "protos"


@pytest.fixture(scope="module")
def protoc_pool(tmp_path_factory: pytest.TempPathFactory) -> descriptor_pool.DescriptorPool:
    """All protos of the tests, compiled by the protoc of grpc_tools."""
    pytest.importorskip("grpc_tools")
    out = tmp_path_factory.mktemp("descriptors") / "set"
    files = [
        path.relative_to(PROTOS).as_posix()
        for path in sorted(PROTOS.rglob("*.proto"))
        if "invalid" not in path.parts
    ]
    subprocess.run(
        [
            *(sys.executable, "-m", "grpc_tools.protoc", "-I.", "--include_imports"),
            *(f"--descriptor_set_out={out}", *files),
        ],
        cwd=PROTOS,
        check=True,
        capture_output=True,
    )
    pool = descriptor_pool.DescriptorPool()
    for file in descriptor_pb2.FileDescriptorSet.FromString(out.read_bytes()).file:
        for message_type in file.message_type:
            _set_json_names(message_type)
        pool.AddSerializedFile(file.SerializeToString())
    return pool


def _set_json_names(message_type: descriptor_pb2.DescriptorProto) -> None:
    """The pool refuses names that clash in JSON, which protoc only warns of in proto2; proto names never clash."""
    for field in message_type.field:
        field.json_name = field.name
    for nested in message_type.nested_type:
        _set_json_names(nested)


@settings(
    max_examples=300,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_generated_classes(
    protoc_pool: descriptor_pool.DescriptorPool, data: st.DataObject
) -> None:
    tree = pytest.importorskip("trees.sync", reason="run `cargo xtask test trees` first")
    for module in pkgutil.walk_packages(tree.__path__, "trees.sync."):
        importlib.import_module(module.name)
    pool: aristaproto.MessagePool = importlib.import_module(
        "trees.sync.message_pool"
    ).default_message_pool
    names = sorted(
        name
        for name in pool
        if pool.find_message(name) is not None
        # Its fields hide the methods of google's class.
        and name != "names.members.MessageMembers"
    )
    cls = pool.find_message(data.draw(st.sampled_from(names)))
    assert cls is not None
    descriptor = protoc_pool.FindMessageTypeByName(cls.__schema__.full_name)
    _same_bytes_and_values(cls, message_factory.GetMessageClass(descriptor), data)
