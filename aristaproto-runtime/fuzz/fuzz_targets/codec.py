"""What the target `codec` demands: `check(data)` raises when the two codecs disagree, or one with itself."""

from __future__ import annotations

import copy
from typing import Any

import aristaproto
from aristaproto import binary, codec
from classes import CLASSES, outcome, same


def plainly(cls: Any, data: bytes) -> Any:
    message = cls.__schema__.new()
    binary.decode(message, data)
    return message


def merged(read: Any, message: Any, data: bytes) -> Any:
    read(message, data)
    return message


def check(data: bytes) -> None:
    if not data:
        return
    cls, wire = CLASSES[data[0] % len(CLASSES)], data[1:]
    expected = outcome(plainly, cls, wire)
    # One that is written, compared and copied before it is read, one that is read first.
    found, fresh = outcome(cls.parse, wire), outcome(cls.parse, wire)
    if expected[0] == "value":
        assert found[0] == "value", (found, expected)
        written = outcome(binary.encode, expected[1])
        assert outcome(codec.encode, found[1]) == written
        assert found[1] == fresh[1]
        assert copy.deepcopy(fresh[1]) == copy.copy(fresh[1])
    if not same(fresh, expected):
        assert found == fresh
        return
    same(found, expected)
    assert outcome(codec.encode, fresh[1]) == written
    if written[0] == "value":
        assert plainly(cls, written[1]) == fresh[1]
        # The same bytes once more, and damaged ones, into a message that holds values.
        for more in (wire, written[1][: len(wire) // 2]):
            same(
                outcome(merged, codec.decode, cls.parse(wire), more),
                outcome(merged, binary.decode, plainly(cls, wire), more),
            )
    with aristaproto.limits(depth=2, messages=5):
        same(outcome(cls.parse, wire), outcome(plainly, cls, wire))
