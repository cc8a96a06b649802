"""The codec in Rust and the plain one, fed the same messages and the same damaged bytes: the same bytes, the same values, or
the same error at the same path. Both are in one process, because both work on the same classes.
"""

# pyright: reportPrivateUsage=false

from __future__ import annotations

import copy
from random import Random
from typing import Any

import aristaproto
import pytest
from aristaproto import binary, codec
from aristaproto.model import access
from aristaproto.schema.fields import set_extensions
from trees.unittest.message_pool import default_message_pool as pool

from .filling import Endless, filled
from .test_round_trips import MESSAGES, classes

pytestmark = pytest.mark.skipif(codec.NATIVE is None, reason="there is one codec")

TRIALS = 4000
# Typed so that checkers see Any and not a container of unknowns.
LIST: Any = list
DICT: Any = dict


def outcome(function: Any, *arguments: Any) -> tuple[str, Any, Any]:
    """What a call gives: its result as text and bytes, or class and path of its error."""
    try:
        result = function(*arguments)
    except aristaproto.Error as error:
        return type(error).__name__, error.path, None
    if isinstance(result, bytes):
        return "bytes", result, None
    # All of it is read before it is written, and by the plain codec.
    return "message", repr(result), (result._unknown_fields, binary.encode(result))


def same(message: Any) -> Any:
    return message


def parse(cls: Any, data: bytes) -> Any:
    return cls.parse(data)


def parse_plainly(cls: Any, data: bytes) -> Any:
    message = cls.__schema__.new()
    binary.decode(message, data)
    return message


def merge(message: Any, data: bytes) -> Any:
    codec.decode(message, data)
    return message


def merge_plainly(message: Any, data: bytes) -> Any:
    binary.decode(message, data)
    return message


def damaged(random: Random, wire: bytes) -> bytes:
    data = bytearray(wire)
    for _ in range(random.randint(1, 3)):
        at = random.randint(0, len(data))
        action = random.randrange(4)
        if action == 0:
            del data[at:]
        elif action == 1:
            data[at:at] = random.randbytes(random.randint(1, 4))
        elif action == 2 and at < len(data):
            data[at] = random.randrange(256)
        else:
            # Whole records twice, or in another order.
            data[at:at] = data[random.randint(0, len(data)) :]
    return bytes(data)


def wires(seed: int) -> Any:
    """(class, message, its wire bytes, damaged ones), the same in every run."""
    random = Random(seed)
    for _ in range(TRIALS):
        cls, _ = classes(random.choice(MESSAGES))
        try:
            message = filled(random, cls, pool, density=random.choice([0.1, 0.3, 0.8]))
        except Endless:
            continue
        wire = binary.encode(message)
        yield cls, message, wire, damaged(random, wire)


def test_same_bytes() -> None:
    for cls, message, wire, _ in wires(1):
        assert bytes(message) == wire, cls
        # Neither what was parsed, half-read or copied is written in another way.
        parsed = cls.parse(wire)
        assert bytes(parsed) == wire, cls
        assert bytes(copy.deepcopy(copy.copy(parsed))) == wire, cls
        assert parsed == message, cls


def test_same_verdict_on_damaged_bytes() -> None:
    verdicts: dict[str, int] = {}
    for cls, _, _, data in wires(2):
        expected = outcome(parse_plainly, cls, data)
        assert outcome(parse, cls, data) == expected, (cls, data)
        verdicts[expected[0]] = verdicts.get(expected[0], 0) + 1
    # The damage is such that both are seen.
    assert min(verdicts["message"], verdicts["DecodeError"]) > TRIALS / 10, verdicts


def test_same_merge() -> None:
    for cls, _, wire, data in wires(3):
        expected = outcome(merge_plainly, parse_plainly(cls, wire), data)
        assert outcome(merge, cls.parse(wire), data) == expected, (cls, wire, data)


def test_same_merging_of_messages() -> None:
    random = Random(5)
    merged = 0
    for cls, message, wire, _ in wires(5):
        try:
            other = filled(random, cls, pool, density=random.choice([0.1, 0.3, 0.8]))
        except Endless:
            continue
        expected = parse_plainly(cls, wire)
        access.merge_plainly(expected, copy.deepcopy(other))
        before = bytes(other)
        # Once what was parsed and not looked at yet, once what was put together.
        for first, second in ((cls.parse(wire), cls.parse(before)), (message, other)):
            aristaproto.merge(first, second)
            assert outcome(same, first) == outcome(same, expected), (cls, wire, before)
        assert bytes(other) == before, cls
        merged += 1
    assert merged > TRIALS / 2


def tree(value: Any) -> Any:
    """What counts in `==`, without a message in it."""
    if isinstance(value, aristaproto.Message):
        schema = type(value).__schema__
        held = set_extensions(value) if schema.extendable else {}
        return type(value), [tree(it) for it in (*schema.values(value), held)]
    if isinstance(value, LIST):
        return [tree(item) for item in value]
    if isinstance(value, DICT):
        return {key: tree(item) for key, item in value.items()}
    return "nan" if value != value else value  # noqa: PLR0124


def test_same_equality() -> None:
    verdicts = {True: 0, False: 0}
    for cls, message, wire, data in wires(6):
        try:
            other = cls.parse(data)
        except aristaproto.Error:
            other = copy.deepcopy(message)
        # Found before it was read, when it has been, and between what was parsed and what was put together.
        for a, b in ((message, other), (cls.parse(wire), other), (other, message)):
            found = a == b
            assert found == (tree(a) == tree(b)), (cls, wire, data)
            assert (a == b) is found is not (a != b), (cls, wire, data)
            verdicts[found] += 1
    assert min(verdicts.values()) > TRIALS / 10, verdicts


@pytest.mark.parametrize("limits", [{"depth": 1}, {"messages": 3}, {"size": 40}])
def test_same_limits(limits: dict[str, int]) -> None:
    refused = 0
    for cls, _, wire, _ in wires(4):
        with aristaproto.limits(**limits):
            expected = outcome(parse_plainly, cls, wire)
            assert outcome(parse, cls, wire) == expected, (cls, wire)
            message = parse_plainly_unlimited(cls, wire)
            written = outcome(binary.encode, message)
            assert outcome(codec.encode, message) == written, (cls, wire)
        refused += expected[0] == "DecodeError"
    assert refused > TRIALS / 20, refused


def parse_plainly_unlimited(cls: Any, wire: bytes) -> Any:
    with aristaproto.limits(depth=100, messages=10**6, size=10**9):
        return parse_plainly(cls, wire)
