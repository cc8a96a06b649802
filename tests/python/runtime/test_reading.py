"""What readers take a short cut for: strings of every width, varints of every length, messages small enough to be read at once."""

from __future__ import annotations

import itertools
import sys

import aristaproto
import pytest


class Flat(aristaproto.Message):
    """Few scalars: read when it is parsed."""

    number: int = aristaproto.field(1, aristaproto.TYPE_UINT64)
    text: str = aristaproto.field(2, aristaproto.TYPE_STRING)
    far: int = aristaproto.field(2000, aristaproto.TYPE_SINT64)


class Tree(aristaproto.Message):
    """Read when it is looked at."""

    text: str = aristaproto.field(1, aristaproto.TYPE_STRING)
    numbers: list[int] = aristaproto.field(2, aristaproto.TYPE_UINT64, repeated=True)
    flat: Flat | None = aristaproto.field(3, aristaproto.TYPE_MESSAGE, "Flat")
    trees: list[Tree] = aristaproto.field(4, aristaproto.TYPE_MESSAGE, "Tree", repeated=True)
    by_name: dict[str, Tree] = aristaproto.map_field(
        5, aristaproto.TYPE_STRING, aristaproto.TYPE_MESSAGE, "Tree"
    )
    sizes: dict[str, int] = aristaproto.map_field(
        6, aristaproto.TYPE_STRING, aristaproto.TYPE_INT32
    )


def delimited(tag: int, content: bytes) -> bytes:
    return bytes([tag]) + aristaproto.encode_varint(len(content)) + content


EDGES = ("\x7f", "\x80", "\xff", "Ā", "߿", "ࠀ", "\ud7ff", "\ue000", "\uffff", "𐀀", "\U0010ffff")


@pytest.mark.parametrize("length", [1, 2, 3])
def test_strings_of_every_width(length: int) -> None:
    for parts in itertools.product(EDGES, repeat=length):
        # Not of one character: Python keeps those, together with their UTF-8.
        text = "".join(f"a{part}" for part in parts)
        wire = text.encode()
        for read in (
            Flat.parse(delimited(0x12, wire)).text,
            Tree.parse(delimited(0x0A, wire)).text,
        ):
            assert read == text
            # Python has one form for each text; in a wider one it would not be found in a dict.
            assert sys.getsizeof(read) == sys.getsizeof("".join(list(text)))
            assert {text: 1}[read] == 1


NOT_UTF8 = (
    "80 bf c0 c080 c1bf c2 c241 e0 e080 e08080 e09fbf e18041 eda080 edbfbf ef f0 f0808080 f08fbfbf f0909041 f4908080 "
    "f5808080 f8888080 ff"
)


@pytest.mark.parametrize("damage", NOT_UTF8.split())
@pytest.mark.parametrize("before", ["", "plain", "größer", "日本", "🎉" * 20])
@pytest.mark.parametrize("after", ["", "a", "ÿ" * 50])
def test_strings_that_are_none(before: str, damage: str, after: str) -> None:
    wire = before.encode() + bytes.fromhex(damage) + after.encode()
    with pytest.raises(UnicodeDecodeError) as python:
        wire.decode()
    offset = python.value.start
    expected = f"expected UTF-8, got byte 0x{wire[offset]:02x} at offset {offset} of the string"
    for data, cls in ((delimited(0x12, wire), Flat), (delimited(0x0A, wire), Tree)):
        with pytest.raises(aristaproto.DecodeError) as found:
            cls.parse(data)
        assert str(found.value) == f"{expected} at `text`"


NUMBERS = tuple(1 << shift for shift in range(64)) + tuple((1 << shift) - 1 for shift in range(65))


def test_varints_of_every_length() -> None:
    for number in NUMBERS:
        varint = aristaproto.encode_varint(number)
        # At the end of the data, where less than eight bytes can be read at once, and before it.
        for behind in (b"", delimited(0x12, b"behind")):
            assert Flat.parse(b"\x08" + varint + behind).number == number
            assert Tree.parse(delimited(0x1A, b"\x08" + varint) + behind).flat == Flat(number)
        signed = number // 2 if number % 2 == 0 else -(number // 2) - 1
        assert Flat.parse(b"\x80\x7d" + varint).far == signed
        # Longer than need be.
        if len(varint) < 10:
            longer = varint[:-1] + bytes([varint[-1] | 0x80, 0])
            assert Flat.parse(b"\x08" + longer).number == number


def test_packed_varints_wherever_they_lie() -> None:
    for start in range(0, len(NUMBERS), 3):
        numbers = list(NUMBERS[start:] + NUMBERS[:start])
        for length in (*range(12), len(numbers)):
            wire = b"".join(map(aristaproto.encode_varint, numbers[:length]))
            assert Tree.parse(delimited(0x12, wire)).numbers == numbers[:length]


@pytest.mark.parametrize("before", range(17))
@pytest.mark.parametrize("after", [0, 1, 9])
def test_packed_varints_that_are_none(before: int, after: int) -> None:
    longest = b"\xff" * 9 + b"\x01"
    assert Tree.parse(delimited(0x12, bytes(before) + longest + bytes(after))).numbers == [
        *[0] * before,
        2**64 - 1,
        *[0] * after,
    ]
    with pytest.raises(aristaproto.DecodeError) as found:
        Tree.parse(delimited(0x12, bytes(before) + b"\xff" * 10 + b"\x01" + bytes(after)))
    assert str(found.value) == (
        f"expected a varint of at most 10 bytes, got a longer one at `numbers[{before}]`"
    )
    with pytest.raises(aristaproto.DecodeError) as found:
        Tree.parse(delimited(0x12, bytes(before) + b"\xff" * (after + 1)))
    assert found.value.path == f"numbers[{before}]"


def test_unknown_fields_between_known_ones() -> None:
    unknown = (
        b"\x18\x05",
        b"\x18" + b"\xff" * 9 + b"\x01",
        b"\x21" + bytes(8),
        delimited(0x2A, b"x" * 300),
        b"\x35" + bytes(4),
        b"\x3b\x08\x01\x3c",
        b"\xf8\x7e\x01",
    )
    for first, second in itertools.product(unknown, repeat=2):
        wire = first + b"\x08\x07" + first + second + delimited(0x12, b"known") + second
        read = Flat.parse(wire)
        assert read == Flat(7, "known")
        assert bytes(read) == bytes(Flat(7, "known")) + first + first + second + second
        for end in range(len(wire) - len(second) + 1, len(wire)):
            with pytest.raises(aristaproto.DecodeError):
                Flat.parse(wire[:end])


def test_limits_of_flat_messages() -> None:
    wire = bytes(Flat(7, "text"))
    with aristaproto.limits(size=len(wire)):
        assert Flat.parse(wire).text == "text"
    with aristaproto.limits(size=len(wire) - 1), pytest.raises(aristaproto.DecodeError):
        Flat.parse(wire)


@pytest.mark.parametrize("size", [0, 1, 100, *range(235, 270), 5000])
def test_small_and_large_messages_below(size: int) -> None:
    small = Tree(text="s" * size, trees=[Tree(text="leaf"), Tree()])
    whole = Tree(trees=[small, Tree(numbers=[size]), small], by_name={"a": small, "b": Tree()})
    wire = bytes(whole)
    read = Tree.parse(wire)
    assert read.trees[0].trees[0].text == "leaf"
    # What was read is not read again, and what was not is still there.
    read.trees[0].trees[0].text = "changed"
    read.trees[0].text = ""
    assert read.trees[0] == Tree(trees=[Tree(text="changed"), Tree()])
    assert read.trees[1:] == whole.trees[1:]
    assert read.by_name == whole.by_name
    assert bytes(Tree.parse(wire)) == wire
    # Another occurrence of what was read at once or left for later.
    twice = Tree.parse(delimited(0x2A, b"\x0a\x01k" + delimited(0x12, bytes(small)) * 2))
    assert twice.by_name["k"] == Tree(text=small.text, trees=small.trees * 2)


class TestKeysOfMaps:
    """Those of up to 24 bytes are kept for the next map, but not many of one map."""

    @staticmethod
    def read(sizes: dict[str, int]) -> None:
        tree = Tree(sizes=sizes)
        assert Tree.parse(bytes(tree)).sizes == sizes
        assert Tree.from_json(tree.to_json()).sizes == sizes

    def test_of_every_length(self) -> None:
        for length in range(40):
            text = "abcdefghij" * 4
            keys = [text[:length]]
            for place in range(length):
                # Letters close by, the neighbour's in its place, and two that take more bytes.
                for other in ("`", "\x7f", text[place + 1], "é", "𐀀"):
                    keys.append(text[:place] + other + text[place + 1 : length])
            # Each twice, in maps of their own and together.
            for _ in range(2):
                for key in keys:
                    self.read({key: 1})
            self.read({key: index for index, key in enumerate(keys)})

    def test_that_come_again(self) -> None:
        one, other = (Tree.parse(bytes(Tree(sizes={"again and again": 1}))).sizes for _ in range(2))
        native = aristaproto.implementation() == "native"
        assert (next(iter(one)) is next(iter(other))) == native

    def test_that_are_no_utf8(self) -> None:
        for key in (b"a\xff", b"a\xc3\xa9", b"a\xff"):
            wire = delimited(0x32, delimited(0x0A, key) + b"\x10\x01")
            if key == b"a\xff":
                with pytest.raises(aristaproto.DecodeError, match=r"byte 0xff at offset 1 .*sizes"):
                    Tree.parse(wire)
            else:
                assert Tree.parse(wire).sizes == {"aé": 1}

    def test_that_others_take_the_place_of_are_released(self) -> None:
        def read(start: int) -> None:
            for number in range(start, start + 5000):
                assert Tree.parse(bytes(Tree(sizes={f"key {number}": 1}))).sizes

        read(0)
        before = sys.getallocatedblocks()
        read(5000)
        assert sys.getallocatedblocks() - before < 1000
