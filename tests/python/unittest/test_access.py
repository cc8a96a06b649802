"""The functions on messages and their fields and extensions: merge, clear, get, default, byte_size, is_initialized, extensions.

Over all messages of protobuf's own test protos where google.protobuf can be asked for the answer.
"""

from __future__ import annotations

import copy
import math
import pickle
from random import Random
from typing import Any

import aristaproto
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from trees.unittest import edition_unittest, protobuf_unittest
from trees.unittest.message_pool import default_message_pool as pool

from .filling import filled
from .test_round_trips import MESSAGES, WHOLE, classes, holds_message_set


@pytest.mark.parametrize("name", MESSAGES)
def test_defaults(name: str) -> None:
    cls, google = classes(name)
    for field in cls.__schema__.fields:
        theirs = google.DESCRIPTOR.fields_by_number[field.number]
        ours = aristaproto.default(cls, field.name)
        # Of an unset field, `get` gives the default.
        again = aristaproto.get(cls(), field.name)
        assert again == ours or math.isnan(ours)
        if field.is_map:
            assert ours == {}
        elif field.repeated:
            assert ours == []
        elif field.message is not None:
            assert ours is None
        else:
            wanted = theirs.default_value
            assert ours == wanted or (math.isnan(wanted) and math.isnan(ours)), field
            assert isinstance(ours, int if field.enum is not None else type(wanted)), field


@pytest.mark.parametrize("name", WHOLE)
def test_clear_each_field(name: str) -> None:
    cls, google = classes(name)
    message = filled(Random(name), cls, pool, density=1)
    theirs = google.FromString(bytes(message))
    for field in cls.__schema__.fields:
        cleared = copy.copy(message)
        value = field.get(cleared)
        assert cleared.is_set(field.name) == (not field.is_default(value))
        if field.presence and value is not None:
            assert aristaproto.get(cleared, field.name) is value
        aristaproto.clear(cleared, field.name)
        assert not cleared.is_set(field.name)
        if field.presence:
            assert getattr(cleared, field.name) is None
        if field.required:
            assert not aristaproto.is_initialized(cleared)
            continue
        without = google()
        without.CopyFrom(theirs)
        without.ClearField(theirs.DESCRIPTOR.fields_by_number[field.number].name)
        assert cls.parse(without.SerializeToString()) == cleared
    assert aristaproto.is_initialized(message)
    # The original has not changed.
    assert google.FromString(bytes(message)).SerializeToString() == theirs.SerializeToString()


@pytest.mark.parametrize("name", WHOLE)
def test_byte_size(name: str) -> None:
    cls, google = classes(name)
    message = filled(Random(name), cls, pool, density=0.7)
    data = bytes(message)
    assert aristaproto.byte_size(message) == len(data) == google.FromString(data).ByteSize()
    # What was parsed and not looked at.
    assert aristaproto.byte_size(cls.parse(data)) == len(data)


@settings(max_examples=300)
@given(
    name=st.sampled_from(WHOLE),
    random=st.randoms(use_true_random=False),
    density=st.sampled_from([0.2, 0.7]),
)
def test_merge(name: str, random: Random, density: float) -> None:
    cls, google = classes(name)
    first, second = (filled(random, cls, pool, density=density) for _ in range(2))
    theirs = google.FromString(bytes(first))
    theirs.MergeFrom(google.FromString(bytes(second)))
    read = cls.parse(bytes(first) + bytes(second))
    kept = copy.deepcopy(second)
    aristaproto.merge(first, second)
    assert first == read
    if not holds_message_set(cls):
        # google.protobuf replaces what comes twice in a message set, where C++ and Java merge it.
        assert first == cls.parse(theirs.SerializeToString())
    assert second == kept


@pytest.mark.parametrize("name", WHOLE)
def test_copies(name: str) -> None:
    cls, _ = classes(name)
    message = filled(Random(name), cls, pool, density=0.5)
    for other in (
        copy.copy(message),
        copy.deepcopy(message),
        pickle.loads(pickle.dumps(message)),
        cls.parse(bytes(message)),
    ):
        assert other == message
        assert bytes(other) == bytes(message)
    assert repr(message).startswith(f"{cls.__name__}(")


EXTENSIONS: list[aristaproto.Extension[Any, Any]] = list(
    pool._extension_names.values()  # pyright: ignore[reportPrivateUsage]
)


@pytest.mark.parametrize("extension", EXTENSIONS, ids=lambda extension: extension.full_name)
def test_each_extension(extension: aristaproto.Extension[Any, Any]) -> None:
    cls = pool.find_message(extension.extendee)
    assert cls is not None
    random = Random(extension.full_name)
    # Only what is required.
    message = filled(random, cls, pool, density=0)
    empty = copy.deepcopy(message)
    held = aristaproto.extensions(message)
    assert extension not in held
    assert len(held) == 0
    field = extension.field
    source = filled(random, cls, pool, density=1)
    value = aristaproto.extensions(source)[extension]
    if field.repeated:
        assert held[extension] == []
        assert extension not in held
        held[extension].extend(value)
    else:
        assert held[extension] == field.declared_default or math.isnan(field.declared_default)
        held[extension] = value
    assert extension in held
    assert list(held) == [extension]
    again = cls.parse(bytes(message))
    assert again == message
    assert again != empty
    assert repr(aristaproto.extensions(again)[extension]) == repr(value)
    assert cls.from_json(message.to_json()) == message
    assert cls.from_text(message.to_text()) == message
    assert copy.deepcopy(message) == message
    del held[extension]
    assert extension not in held
    assert message == empty
    assert bytes(message) == bytes(empty)


def test_extensions_are_typed() -> None:
    message = protobuf_unittest.TestAllExtensions()
    held = aristaproto.extensions(message)
    number: int = held[protobuf_unittest.optional_int32_extension]
    assert number == 0
    held[protobuf_unittest.optional_int32_extension] = 5
    texts: list[str] = held[protobuf_unittest.repeated_string_extension]
    texts.append("a")
    nested = held[protobuf_unittest.optional_nested_message_extension]
    assert nested is None
    assert held[protobuf_unittest.default_int32_extension] == 41
    assert held[protobuf_unittest.default_string_extension] == "hello"
    assert repr(message) == (
        "TestAllExtensions([protobuf_unittest.optional_int32_extension]=5, "
        "[protobuf_unittest.repeated_string_extension]=['a'])"
    )
    with pytest.raises(TypeError, match=r"extends protobuf_unittest\.TestAllExtensions, not"):
        aristaproto.extensions(edition_unittest.TestAllExtensions())[
            protobuf_unittest.optional_int32_extension  # type: ignore[index] # pyright: ignore[reportArgumentType]
        ]
    with pytest.raises(TypeError, match="TestAllTypes has no extension range"):
        aristaproto.extensions(protobuf_unittest.TestAllTypes())
