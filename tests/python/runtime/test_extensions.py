"""Extensions: typed values by `Extension` objects, on the wire, in copies and comparisons."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import aristaproto
import pytest


class Colour(aristaproto.Enum, closed=True):
    RED = 1
    GREEN = 2


class Host(aristaproto.Message, extendable=True):
    name: str | None = aristaproto.field(1, aristaproto.TYPE_STRING, optional=True)
    inner: Host | None = aristaproto.field(2, aristaproto.TYPE_MESSAGE, "Host")


class Strict(aristaproto.Message):
    key: int | None = aristaproto.field(1, aristaproto.TYPE_INT32, required=True)


class Sealed(aristaproto.Message):
    pass


number: aristaproto.Extension[Host, int] = aristaproto.extension(
    "pkg.number", "pkg.Host", 100, aristaproto.TYPE_INT32, default=7
)
numbers: aristaproto.Extension[Host, list[int]] = aristaproto.extension(
    "pkg.numbers", "pkg.Host", 101, aristaproto.TYPE_SINT64, repeated=True
)
host: aristaproto.Extension[Host, Host | None] = aristaproto.extension(
    "pkg.host", "pkg.Host", 102, aristaproto.TYPE_MESSAGE, "Host"
)
group: aristaproto.Extension[Host, Strict | None] = aristaproto.extension(
    "pkg.group", "pkg.Host", 103, aristaproto.TYPE_GROUP, Strict
)
colour: aristaproto.Extension[Host, Colour] = aristaproto.extension(
    "pkg.Host.colour", "pkg.Host", 104, aristaproto.TYPE_ENUM, "Colour"
)
stranger: aristaproto.Extension[Host, int] = aristaproto.extension(
    "pkg.stranger", "pkg.Host", 200, aristaproto.TYPE_INT32
)

POOL = aristaproto.MessagePool()
POOL.register(
    "pkg",
    {
        "Host": Host,
        "Host.colour": colour,
        "Sealed": Sealed,
        "Strict": Strict,
        "group": group,
        "host": host,
        "number": number,
        "numbers": numbers,
    },
)


def full() -> Host:
    message = Host(name="h")
    held = aristaproto.extensions(message)
    held[number] = 0
    held[numbers].extend([1, -1])
    held[host] = Host(name="i")
    held[group] = Strict(5)
    held[colour] = Colour.GREEN
    return message


WIRE = bytes.fromhex("0a0168 a00600 aa06020201 b206030a0169 bb060805bc06 c00602")


def test_values() -> None:
    message = Host()
    held = aristaproto.extensions(message)
    assert held[number] == 7
    assert held[host] is None
    assert held[colour] is Colour.RED
    assert held[numbers] == []
    assert number not in held
    assert numbers not in held
    assert (list(held), len(held), bool(message)) == ([], 0, False)
    held[number] = 0
    held[numbers].append(3)
    assert held[number] == 0
    assert number in held
    assert list(held) == [number, numbers]
    assert message
    del held[number]
    assert held[number] == 7
    assert list(held) == [numbers]


def test_wire() -> None:
    assert bytes(full()) == WIRE
    message = Host.parse(WIRE)
    assert message == full()
    assert message._unknown_fields == b""  # pyright: ignore[reportPrivateUsage]
    held = aristaproto.extensions(message)
    assert held[host] == Host(name="i")
    assert held[colour] is Colour.GREEN
    # Inside another message, and merged.
    outer = Host.parse(
        bytes(Host(inner=full())) + bytes(Host(inner=Host.parse(b"\xaa\x06\x01\x04")))
    )
    assert outer.inner is not None
    assert aristaproto.extensions(outer.inner)[numbers] == [1, -1, 2]


def test_unknown_closed_enum_number() -> None:
    wire = b"\xc0\x06\x09"
    message = Host.parse(wire)
    assert colour not in aristaproto.extensions(message)
    assert bytes(message) == wire


def test_errors_name_the_extension() -> None:
    message = Host()
    held: Any = aristaproto.extensions(message)
    held[number] = "x"
    with pytest.raises(aristaproto.EncodeError, match=r"at `inner\.?\[pkg\.number\]`"):
        bytes(Host(inner=message))
    with pytest.raises(aristaproto.DecodeError, match=r"at `\[pkg\.host\]\.name`"):
        Host.parse(b"\xb2\x06\x03\x0a\x01\xff")
    with pytest.raises(aristaproto.DecodeError, match=r"at `\[pkg\.group\]\.key`"):
        Host.parse(b"\xbb\x06\xbc\x06")
    missing = Host()
    aristaproto.extensions(missing)[group] = Strict()
    assert not aristaproto.is_initialized(missing)
    with pytest.raises(aristaproto.EncodeError, match=r"at `\[pkg\.group\]\.key`"):
        bytes(missing)


def test_wrong_message() -> None:
    with pytest.raises(TypeError, match="Sealed has no extension range"):
        aristaproto.extensions(Sealed())
    other: Any = aristaproto.extension("pkg.other", "pkg.Other", 1, aristaproto.TYPE_INT32)
    with pytest.raises(TypeError, match=r"pkg\.other extends pkg\.Other, not pkg\.Host"):
        aristaproto.extensions(Host())[other]


def test_extension_that_is_registered_late() -> None:
    message = Host.parse(b"\xc0\x0c\x05\xd0\x0c\x01")
    assert len(aristaproto.extensions(message)) == 0
    POOL.register("pkg", {"stranger": stranger})
    try:
        assert aristaproto.extensions(message)[stranger] == 5
        assert bytes(message) == b"\xc0\x0c\x05\xd0\x0c\x01"
        assert aristaproto.extensions(Host.parse(b"\xc0\x0c\x05"))[stranger] == 5
    finally:
        del POOL._extensions["pkg.Host", 200]  # pyright: ignore[reportPrivateUsage]


def test_extension_that_is_never_registered() -> None:
    message = Host.parse(b"\xc0\x0c\x05\xd0\x0c\x01")
    assert stranger in aristaproto.extensions(message)
    assert aristaproto.extensions(message)[stranger] == 5
    assert bytes(message) == b"\xc0\x0c\x05\xd0\x0c\x01"
    # A record that does not fit the extension stays unknown.
    odd = Host.parse(b"\xc2\x0c\x01x")
    assert stranger not in aristaproto.extensions(odd)
    assert bytes(odd) == b"\xc2\x0c\x01x"


def test_look_up() -> None:
    assert POOL.find_extension("pkg.Host", 100) is number
    assert POOL.find_extension_by_name("pkg.numbers") is numbers
    assert POOL.find_extension_by_name("pkg.Host.colour") is colour
    assert POOL.find_message("pkg.number") is None
    assert POOL.find_extension("pkg.Host", 5) is None
    assert repr(number) == "<Extension pkg.number = 100 of pkg.Host>"


def test_comparison_copies_and_merge() -> None:
    message = full()
    assert message == full()
    assert message != Host(name="h")
    assert repr(Host.parse(b"\xa0\x06\x05")) == "Host([pkg.number]=5)"
    for duplicate in (
        copy.copy(message),
        copy.deepcopy(message),
        pickle.loads(pickle.dumps(message)),
    ):
        assert duplicate == message
        aristaproto.extensions(duplicate)[number] = 1
        assert duplicate != message
    deep = copy.deepcopy(message)
    aristaproto.extensions(deep)[numbers].append(9)
    assert aristaproto.extensions(message)[numbers] == [1, -1]
    aristaproto.merge(deep, message)
    assert aristaproto.extensions(deep)[numbers] == [1, -1, 9, 1, -1]


class Set(aristaproto.Message, message_set=True):
    pass


in_set: aristaproto.Extension[Set, Strict | None] = aristaproto.extension(
    "pkg.in_set", "pkg.Set", 1000, aristaproto.TYPE_MESSAGE, Strict
)
POOL.register("pkg", {"Set": Set, "in_set": in_set})


def test_message_set() -> None:
    wire = bytes.fromhex("0b 10e807 1a020805 0c")
    message = Set.parse(wire)
    assert aristaproto.extensions(message)[in_set] == Strict(5)
    assert bytes(message) == wire
    # The message before its type id, twice (merged), and a type that nobody knows.
    assert Set.parse(bytes.fromhex("0b 1a020805 10e807 0c")) == message
    unknown = bytes.fromhex("0b 1007 1a020805 0c")
    assert bytes(Set.parse(wire + unknown)) == wire + unknown
    with pytest.raises(aristaproto.DecodeError):
        Set.parse(wire[:-1])
    with pytest.raises(aristaproto.DecodeError, match=r"\[pkg\.in_set\]"):
        Set.parse(bytes.fromhex("0b 10e807 1a020880 0c"))
