"""Names that collide in Python, or that Python or the runtime keep to themselves (tests/protos/hostile): everything can
be reached under a name of its own, and goes by its proto name outside of Python. google.protobuf is the judge.
"""

from __future__ import annotations

import importlib
import json
import keyword
import pkgutil
from random import Random
from typing import Any

import aristaproto
import pytest
from google.protobuf import (
    any_pb2,
    descriptor_pb2,
    descriptor_pool,
    duration_pb2,
    empty_pb2,
    json_format,
    message_factory,
    text_format,
    timestamp_pb2,
    wrappers_pb2,
)

from .filling import filled

TREES = ("sync", "grpcio", "grpclib", "no_default", "pydantic", "descriptors")


def modules(tree: str) -> list[Any]:
    """The modules of the hostile packages."""
    found: list[Any] = []
    for top in ("hostile", "message_pool_"):
        package = importlib.import_module(f"trees.{tree}.{top}")
        found.append(package)
        for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            found.append(importlib.import_module(module.name))
    return [module for module in found if hasattr(module, "__all__")]


def declared(tree: str, kind: type[Any]) -> dict[str, Any]:
    """The messages, enums or extensions of the hostile packages, by their full proto names."""
    found: dict[str, Any] = {}
    for module in modules(tree):
        assert len(set(module.__all__)) == len(module.__all__)
        for name in module.__all__:
            assert name.isidentifier()
            assert not keyword.iskeyword(name)
            value = getattr(module, name)
            if isinstance(value, type):
                assert value.__name__ == name
            if isinstance(value, kind) or (isinstance(value, type) and issubclass(value, kind)):
                found[aristaproto.descriptor(value).full_name] = value
    return found


def google_pool() -> descriptor_pool.DescriptorPool:
    """google's pool with all hostile files."""
    files: dict[str, Any] = {}
    for known in (any_pb2, duration_pb2, empty_pb2, timestamp_pb2, wrappers_pb2):
        files[known.DESCRIPTOR.name] = descriptor_pb2.FileDescriptorProto.FromString(
            known.DESCRIPTOR.serialized_pb
        )
    for module in modules("sync"):
        for name, data in importlib.import_module(module.__name__ + "._descriptors").FILES.items():
            files[name] = descriptor_pb2.FileDescriptorProto.FromString(data)
    pool = descriptor_pool.DescriptorPool()

    def add(name: str) -> None:
        if name in files:
            file = files.pop(name)
            for dependency in file.dependency:
                add(dependency)
            pool.AddSerializedFile(file.SerializeToString())

    for name in list(files):
        add(name)
    return pool


GOOGLE: Any = google_pool()


def test_everything_is_there() -> None:
    files = [GOOGLE.FindFileByName(name) for name in _file_names()]
    expected: set[str] = set()

    def add(message: Any) -> None:
        if not message.GetOptions().map_entry:
            expected.add(message.full_name)
        for nested in message.nested_types:
            add(nested)

    for file in files:
        for message in file.message_types_by_name.values():
            add(message)
    assert len(expected) >= 50
    for tree in TREES:
        assert set(declared(tree, aristaproto.Message)) == expected


def _file_names() -> list[str]:
    found: list[str] = []
    for module in modules("sync"):
        found += importlib.import_module(module.__name__ + "._descriptors").FILES
    assert len(found) >= 12
    return found


@pytest.mark.parametrize("tree", TREES)
def test_messages(tree: str) -> None:
    pool = importlib.import_module(f"trees.{tree}.message_pool").default_message_pool
    random = Random(0)
    for full_name, cls in declared(tree, aristaproto.Message).items():
        google = message_factory.GetMessageClass(GOOGLE.FindMessageTypeByName(full_name))
        names = cls.__match_args__
        assert len(set(names)) == len(names) == len(google.DESCRIPTOR.fields)
        for density in (0.0, 0.5, 1.0):
            message = filled(random, cls, pool, density=density)
            # By keyword and by position, as users construct it.
            values = [getattr(message, name) for name in names]
            for built in (cls(*values), cls(**dict(zip(names, values, strict=True)))):
                if full_name != "hostile.collisions.Fields":  # It has extensions, too.
                    assert built == message, full_name
            theirs = google.FromString(bytes(message))
            assert cls.parse(theirs.SerializeToString(deterministic=True)) == message, full_name
            text = json_format.MessageToJson(theirs, descriptor_pool=GOOGLE)
            assert json.loads(message.to_json()) == json.loads(text), full_name
            assert cls.from_json(text) == message, full_name
            as_declared = json_format.MessageToDict(
                theirs, preserving_proto_field_name=True, descriptor_pool=GOOGLE
            )
            assert message.to_dict(casing=aristaproto.Casing.SNAKE) == as_declared, full_name
            assert cls.from_dict(as_declared) == message, full_name
            text = text_format.MessageToString(theirs, descriptor_pool=GOOGLE)
            assert cls.from_text(text) == message, full_name
            assert text_format.Parse(message.to_text(), google(), descriptor_pool=GOOGLE) == theirs


@pytest.mark.parametrize("tree", TREES)
def test_enums(tree: str) -> None:
    found = declared(tree, aristaproto.Enum)
    assert len(found) >= 6
    for full_name, cls in found.items():
        values = GOOGLE.FindEnumTypeByName(full_name).values
        assert len(cls.__members__) == len(values), full_name
        for member, value in zip(cls.__members__.values(), values, strict=True):
            assert member == value.number, full_name
            assert cls.from_string(value.name) is member, full_name
            first = next(it.name for it in values if it.number == value.number)
            assert member.proto_name == first, full_name


@pytest.mark.parametrize("tree", TREES)
def test_extensions(tree: str) -> None:
    found = declared(tree, aristaproto.Extension)
    assert len(found) >= 7
    fields = declared(tree, aristaproto.Message)["hostile.collisions.Fields"]
    google: Any = message_factory.GetMessageClass(
        GOOGLE.FindMessageTypeByName("hostile.collisions.Fields")
    )
    for full_name, extension in found.items():
        field = GOOGLE.FindExtensionByName(full_name)
        assert extension.number == field.number
        message = fields()
        default = aristaproto.extensions(message)[extension]
        value = ["x", "y"] if isinstance(default, list) else 7
        aristaproto.extensions(message)[extension] = value
        theirs = google.FromString(bytes(message))
        assert theirs.Extensions[field] == value, full_name
        assert fields.parse(bytes(message)) == message
        assert message.to_dict() == {f"[{full_name}]": value}
