"""protobuf's own test protos, each message filled at random: all formats there and back, and google.protobuf as the judge.

`cargo xtask test unittest-tree` generates the tree `trees.unittest` from the files inside protobuf-src, and
`unittest.binpb` with the same files for google.protobuf.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
from pathlib import Path
from random import Random
from typing import Any

import aristaproto
import pytest
import trees.unittest
from aristaproto.reflection import MessageDescriptor
from google.protobuf import (
    descriptor,
    descriptor_pb2,
    descriptor_pool,
    json_format,
    message_factory,
    text_format,
)
from google.protobuf import message as google_message
from hypothesis import given, settings
from hypothesis import strategies as st
from trees.unittest.message_pool import default_message_pool as pool

from .filling import Endless, filled

for _module in pkgutil.walk_packages(trees.unittest.__path__, "trees.unittest."):
    importlib.import_module(_module.name)

FILES = descriptor_pb2.FileDescriptorSet.FromString(
    Path(trees.unittest.__path__[0]).parents[1].joinpath("unittest.binpb").read_bytes()
).file

GOOGLE = descriptor_pool.DescriptorPool()
for _file in FILES:
    GOOGLE.AddSerializedFile(_file.SerializeToString())

MESSAGES = sorted(name for name in pool if pool.find_message(name) is not None)
ENDLESS = {
    "protobuf_test_messages.editions.proto2.TestAllRequiredTypesProto2",
    "protobuf_test_messages.editions.proto2.TestAllRequiredTypesProto2.NestedMessage",
    "protobuf_test_messages.proto2.TestAllRequiredTypesProto2",
    "protobuf_test_messages.proto2.TestAllRequiredTypesProto2.NestedMessage",
}
"""Messages that require themselves, so that none can ever be whole."""


WHOLE = [name for name in MESSAGES if name not in ENDLESS]


def classes(name: str) -> tuple[type[aristaproto.Message], Any]:
    ours = pool.find_message(name)
    assert ours is not None
    return ours, message_factory.GetMessageClass(GOOGLE.FindMessageTypeByName(name))


def holds_message_set(cls: type[aristaproto.Message]) -> bool:
    return any(found.options.message_set_wire_format for found in _reached(cls, set()))


def _reached(cls: type[aristaproto.Message], seen: set[str]) -> list[MessageDescriptor]:
    found = [aristaproto.descriptor(cls)]
    seen.add(found[0].full_name)
    for field in cls.__schema__.fields:
        element = field.value if field.value is not None else field
        if element.message is not None and element.message.__schema__.full_name not in seen:
            found += _reached(element.message, seen)
    return found


def test_everything_was_generated() -> None:
    declared: set[str] = set()
    extensions: set[str] = set()

    def collect(scope: str, item: Any) -> None:
        full_name = f"{scope}.{item.name}".lstrip(".")
        if isinstance(item, descriptor_pb2.DescriptorProto):
            if item.options.map_entry:
                return
            for inner in (*item.nested_type, *item.enum_type):
                collect(full_name, inner)
            extensions.update(f"{full_name}.{extension.name}" for extension in item.extension)
        declared.add(full_name)

    for file in FILES:
        for item in (*file.message_type, *file.enum_type):
            collect(file.package, item)
        extensions.update(
            f"{file.package}.{extension.name}".lstrip(".") for extension in file.extension
        )
    assert len(declared) > 600
    assert len(extensions) > 300
    assert [name for name in sorted(declared) if pool.find(name) is None] == []
    assert [name for name in sorted(extensions) if pool.find_extension_by_name(name) is None] == []


@pytest.mark.parametrize("name", MESSAGES)
def test_descriptor(name: str) -> None:
    ours = aristaproto.descriptor(classes(name)[0])
    theirs = GOOGLE.FindMessageTypeByName(name)
    assert ours.full_name == theirs.full_name
    assert ours.file.name == theirs.file.name
    proto = descriptor_pb2.DescriptorProto()
    theirs.CopyToProto(proto)
    assert [_facts(field) for field in ours.fields] == [
        (
            field.full_name,
            field.number,
            declared.type,
            declared.label,
            field.json_name,
            _type_name(field),
            None if field.containing_oneof is None else field.containing_oneof.name,
            declared.options.SerializeToString(),
        )
        for field, declared in zip(theirs.fields, proto.field, strict=True)
    ]
    assert [oneof.name for oneof in ours.oneofs] == [oneof.name for oneof in theirs.oneofs]
    assert [nested.full_name for nested in ours.nested] == [
        nested.full_name for nested in theirs.nested_types
    ]
    assert [enum.full_name for enum in ours.enums] == [enum.full_name for enum in theirs.enum_types]
    for enum in ours.enums:
        their_enum = GOOGLE.FindEnumTypeByName(enum.full_name)
        assert [(value.name, value.number) for value in enum.values] == [
            (value.name, value.number) for value in their_enum.values
        ]


def _facts(field: Any) -> tuple[Any, ...]:
    return (
        field.full_name,
        field.number,
        field.type,
        field.label,
        field.json_name,
        field.type_name,
        field.oneof,
        bytes(field.options),
    )


def _type_name(field: descriptor.FieldDescriptor) -> str | None:
    named = field.message_type or field.enum_type
    return None if named is None else named.full_name


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("density", [0.2, 0.6, 1])
def test_filled_instances(name: str, density: float) -> None:
    _round_trip(name, filled(Random(f"{name} {density}"), classes(name)[0], pool, density=density))


@pytest.mark.parametrize("name", sorted(ENDLESS))
def test_messages_that_require_themselves(name: str) -> None:
    ours, google = classes(name)
    with pytest.raises(Endless):
        filled(Random(name), ours, pool)
    assert not aristaproto.is_initialized(ours())
    assert not google().IsInitialized()


@settings(max_examples=400)
@given(
    name=st.sampled_from(WHOLE),
    random=st.randoms(use_true_random=False),
    density=st.sampled_from([0.1, 0.5, 0.9]),
)
def test_random_messages(name: str, random: Random, density: float) -> None:
    _round_trip(name, filled(random, classes(name)[0], pool, density=density))


def _round_trip(name: str, message: aristaproto.Message) -> None:
    cls, google = classes(name)
    wire = bytes(message)
    theirs = google.FromString(wire)
    # Binary, both ways.
    assert cls.parse(wire) == message
    back = theirs.SerializeToString()
    assert cls.parse(back) == message
    if not _unordered(message):
        assert back == wire
    # ProtoJSON, both ways.
    dictionary = json_format.MessageToDict(theirs, descriptor_pool=GOOGLE)
    text = message.to_json()
    assert json.loads(text) == dictionary
    assert cls.from_json(text) == message
    assert cls.from_dict(dictionary) == message
    parsed = json_format.Parse(text, google(), descriptor_pool=GOOGLE)
    assert cls.parse(parsed.SerializeToString()) == message
    # Text format, both ways.
    text = message.to_text()
    assert cls.from_text(text) == message
    parsed = text_format.Parse(text, google(), descriptor_pool=GOOGLE)
    assert cls.parse(parsed.SerializeToString()) == message
    assert cls.from_text(text_format.MessageToString(theirs, descriptor_pool=GOOGLE)) == message


def _unordered(message: aristaproto.Message) -> bool:
    """Whether it holds what google writes in an order of its own: extensions, or more than one entry of a map."""
    schema = type(message).__schema__
    for field in schema.fields_of(message):
        value: Any = field.get(message)
        if field.number not in schema.by_number or (field.is_map and len(value) > 1):
            return True
        below: list[Any] = value if field.repeated else [value]
        if field.is_map:
            below = list(value.values())
        if any(isinstance(item, aristaproto.Message) and _unordered(item) for item in below):
            return True
    return False


@settings(max_examples=600)
@given(
    # Not message sets: what google makes of a damaged item is not what C++ makes of it.
    name=st.sampled_from([name for name in WHOLE if not holds_message_set(classes(name)[0])]),
    random=st.randoms(use_true_random=False),
    data=st.data(),
)
def test_damaged_bytes(name: str, random: Random, data: st.DataObject) -> None:
    cls, google = classes(name)
    wire = bytearray(bytes(filled(random, cls, pool, density=0.3)))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(wire)))
        action = data.draw(st.sampled_from(["change", "cut", "insert"]))
        if action == "cut":
            del wire[at:]
        elif action == "insert":
            wire[at:at] = data.draw(st.binary(min_size=1, max_size=4))
        elif at < len(wire):
            wire[at] = data.draw(st.integers(0, 255))
    try:
        theirs = google.FromString(bytes(wire))
    except google_message.DecodeError:
        with pytest.raises(aristaproto.DecodeError):
            cls.parse(bytes(wire))
        return
    if not theirs.IsInitialized():
        # google's FromString lets that pass, ours does not.
        with pytest.raises(aristaproto.DecodeError, match="required field"):
            cls.parse(bytes(wire))
        return
    try:
        ours = cls.parse(bytes(wire))
    except aristaproto.DecodeError as error:
        # google's upb lets field number 0 pass in messages without fields; the conformance suite refuses it.
        assert error.reason == "expected a field number from 1 to 536870911, got 0"  # noqa: PT017
        return
    back = theirs.SerializeToString()
    assert cls.parse(back) == ours
    assert cls.parse(google.FromString(bytes(ours)).SerializeToString()) == ours


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("seed", range(3))
def test_constructors_take_names_in_any_order(seed: int) -> None:
    random = Random(seed)
    named = 0
    for name in WHOLE:
        cls, _ = classes(name)
        message = filled(random, cls, pool, density=0.7)
        values = {
            field.name: value
            for field in cls.__schema__.fields
            if (value := getattr(message, field.name)) != field.default
        }
        names = random.sample(list(values), len(values))
        in_turn = cls(**values)
        assert cls(**{name: values[name] for name in names}) == in_turn
        # Names that are no interned strings.
        assert cls(**{"".join(list(name)): values[name] for name in names}) == in_turn
        assert {name: getattr(in_turn, name) for name in values} == values
        named += len(values)
    assert named > len(WHOLE)
