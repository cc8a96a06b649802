"""The wire format: exact bytes, refusals with their paths, limits."""

from __future__ import annotations

from typing import Any

import aristaproto
import pytest


class Closed(aristaproto.Enum, closed=True):
    ONE = 1
    TWO = 2


class Open(aristaproto.Enum):
    ZERO = 0
    ONE = 1


class Node(aristaproto.Message):
    name: str = aristaproto.field(1, aristaproto.TYPE_STRING)
    nodes: list[Node] = aristaproto.field(2, aristaproto.TYPE_MESSAGE, "Node", repeated=True)
    by_key: dict[str, Node] = aristaproto.map_field(
        3, aristaproto.TYPE_STRING, aristaproto.TYPE_MESSAGE, "Node"
    )
    node: Node | None = aristaproto.field(4, aristaproto.TYPE_MESSAGE, "Node")
    int32: int = aristaproto.field(5, aristaproto.TYPE_INT32)
    uint32: int = aristaproto.field(6, aristaproto.TYPE_UINT32)
    sint32: int = aristaproto.field(7, aristaproto.TYPE_SINT32)
    int64: int = aristaproto.field(8, aristaproto.TYPE_INT64)
    data: bytes = aristaproto.field(9, aristaproto.TYPE_BYTES)
    packed: list[int] = aristaproto.field(10, aristaproto.TYPE_INT32, repeated=True)
    expanded: list[int] = aristaproto.field(11, aristaproto.TYPE_INT32, repeated=True, packed=False)
    flag: bool = aristaproto.field(12, aristaproto.TYPE_BOOL)
    ratio: float = aristaproto.field(13, aristaproto.TYPE_DOUBLE)
    fixed: list[int] = aristaproto.field(14, aristaproto.TYPE_SFIXED32, repeated=True)
    texts: list[str] = aristaproto.field(15, aristaproto.TYPE_STRING, repeated=True)
    open: Open = aristaproto.field(16, aristaproto.TYPE_ENUM, "Open")
    counts: dict[int, int] = aristaproto.map_field(
        17, aristaproto.TYPE_INT32, aristaproto.TYPE_INT32
    )


class Old(aristaproto.Message):
    closed: Closed | None = aristaproto.field(1, aristaproto.TYPE_ENUM, "Closed", optional=True)
    several: list[Closed] = aristaproto.field(2, aristaproto.TYPE_ENUM, "Closed", repeated=True)
    by_key: dict[int, Closed] = aristaproto.map_field(
        3, aristaproto.TYPE_INT32, aristaproto.TYPE_ENUM, "Closed"
    )
    group: Old | None = aristaproto.field(4, aristaproto.TYPE_GROUP, "Old")
    text: str | None = aristaproto.field(5, aristaproto.TYPE_STRING, optional=True, utf8=False)


class TestBytes:
    def test_defaults_are_not_written(self) -> None:
        assert bytes(Node()) == b""
        assert bytes(Node(name="", int32=0, data=b"", flag=False, ratio=0.0, open=Open.ZERO)) == b""
        assert bytes(Node(ratio=-0.0)) == bytes.fromhex("69 0000000000000080")

    def test_empty_message_is_written(self) -> None:
        assert bytes(Node(node=Node())) == b"\x22\x00"
        assert bytes(Node(nodes=[Node(), Node()], texts=["", "a"])) == b"\x12\0\x12\0\x7a\0\x7a\1a"

    def test_packed_and_expanded(self) -> None:
        assert bytes(Node(packed=[1, -1])) == b"\x52\x0b\x01" + b"\xff" * 9 + b"\x01"
        assert bytes(Node(expanded=[1, 2])) == b"\x58\x01\x58\x02"
        # Each is read in both forms, also mixed.
        assert Node.parse(b"\x50\x01\x52\x02\x02\x03\x5a\x01\x04").packed == [1, 2, 3]
        assert Node.parse(b"\x5a\x02\x04\x05\x58\x06").expanded == [4, 5, 6]

    def test_maps(self) -> None:
        assert bytes(Node(counts={2: 0, 1: 5})) == bytes.fromhex("8a010408021000 8a010408011005")
        assert Node.parse(bytes.fromhex("8a0100")).counts == {0: 0}
        assert Node.parse(bytes.fromhex("8a01021005")).counts == {0: 5}
        assert Node.parse(b"\x1a\x03\x0a\x01k").by_key == {"k": Node()}
        # The value first, unknown fields inside, the key twice.
        wire = bytes.fromhex("8a010a 1005 1801 0801 1a00 0807")
        assert Node.parse(wire).counts == {7: 5}

    def test_fields_go_out_by_number(self) -> None:
        class Turned(aristaproto.Message):
            second: int = aristaproto.field(2, aristaproto.TYPE_INT32)
            first: int = aristaproto.field(1, aristaproto.TYPE_INT32)

        assert bytes(Turned(second=2, first=1)) == b"\x08\x01\x10\x02"

    def test_too_large_numbers_are_cut(self) -> None:
        def wire(tag: int, value: int) -> bytes:
            return bytes([tag]) + aristaproto.encode_varint(value)

        assert Node.parse(wire(0x28, 2**32 + 5)).int32 == 5
        assert Node.parse(wire(0x28, 2**31)).int32 == -(2**31)
        assert Node.parse(wire(0x30, 2**40 + 7)).uint32 == 7
        assert Node.parse(wire(0x38, 2**33 + 3)).sint32 == -2
        assert Node.parse(wire(0x40, 2**64 - 1)).int64 == -1

    def test_repeated_occurrences(self) -> None:
        assert Node.parse(b"\x28\x01\x28\x02").int32 == 2
        merged = Node.parse(bytes(Node(node=Node(name="a"))) + bytes(Node(node=Node(int32=1))))
        assert merged.node == Node(name="a", int32=1)

    def test_unknown_fields(self) -> None:
        wire = b"\x0a\x01a\xa0\x06\x01\xab\x06\x08\x01\xac\x06"
        message = Node.parse(wire)
        assert message == Node(name="a")
        assert bytes(message) == wire

    def test_known_number_with_another_wire_type_is_unknown(self) -> None:
        assert Node.parse(b"\x08\x01").name == ""
        assert bytes(Node.parse(b"\x08\x01")) == b"\x08\x01"

    def test_buffers(self) -> None:
        wire = bytes(Node(name="a"))
        for data in (bytearray(wire), memoryview(wire)):
            assert Node.parse(data) == Node(name="a")
        for wrong in ("text", 5, None):
            with pytest.raises(TypeError):
                Node.parse(wrong)  # type: ignore[arg-type]

    def test_values_of_other_types_that_fit(self) -> None:
        message = Node(data=bytearray(b"a"), ratio=1, int32=True)  # type: ignore[arg-type]
        message.packed = (1, 2)  # type: ignore[assignment]
        assert Node.parse(bytes(message)) == Node(data=b"a", ratio=1.0, int32=1, packed=[1, 2])


class TestProto2:
    def test_closed_enums_leave_unknown_numbers_to_the_unknown_fields(self) -> None:
        message = Old.parse(b"\x08\x09")
        assert message.closed is None
        assert bytes(message) == b"\x08\x09"
        message = Old.parse(b"\x10\x01\x10\x09\x12\x03\x02\x08\x01")
        assert message.several == [Closed.ONE, Closed.TWO, Closed.ONE]
        assert bytes(message) == b"\x12\x03\x01\x02\x01\x10\x09\x10\x08"
        message = Old.parse(b"\x1a\x04\x08\x05\x10\x09")
        assert message.by_key == {}
        assert bytes(message) == b"\x1a\x04\x08\x05\x10\x09"
        assert Old.parse(b"\x1a\x02\x08\x05").by_key == {5: Closed.ONE}

    def test_closed_enums_refuse_other_numbers(self) -> None:
        with pytest.raises(
            aristaproto.EncodeError, match=r"closed enum Closed, got int 9 at `several\[0\]`"
        ):
            bytes(Old(several=[9]))  # type: ignore[list-item]

    def test_groups(self) -> None:
        message = Old(group=Old(closed=Closed.ONE))
        assert bytes(message) == b"\x23\x08\x01\x24"
        assert Old.parse(b"\x23\x08\x01\x24") == message
        # A group is merged like a message.
        assert Old.parse(b"\x23\x08\x01\x24\x23\x2a\x01a\x24").group == Old(
            closed=Closed.ONE, text="a"
        )

    def test_strings_that_are_no_utf8_survive(self) -> None:
        wire = b"\x2a\x03a\xffb"
        assert bytes(Old.parse(wire)) == wire
        assert bytes(Old(text="ä")) == b"\x2a\x02\xc3\xa4"
        with pytest.raises(aristaproto.EncodeError, match="lone surrogates"):
            bytes(Old(text="\ud800"))


REFUSED_VALUES: list[tuple[Any, str]] = [
    (
        Node(int32=2**31),
        r"expected int32 \(-2147483648 to 2147483647\), got int 2147483648 at `int32`",
    ),
    (Node(uint32=-1), r"expected uint32 \(0 to 4294967295\), got int -1 at `uint32`"),
    (Node(int64=2**63), "expected int64 .* at `int64`"),
    (Node(sint32="1"), "expected sint32 .*, got str '1' at `sint32`"),  # type: ignore[arg-type]
    (Node(int32=1.0), "got float 1.0 at `int32`"),  # type: ignore[arg-type]
    (Node(int32=""), "got str '' at `int32`"),  # type: ignore[arg-type]
    (Node(flag=2), "expected bool, got int 2 at `flag`"),  # type: ignore[arg-type]
    (Node(ratio="1"), "expected double, got str '1' at `ratio`"),  # type: ignore[arg-type]
    (Node(name=b"a"), "expected string, got bytes b'a' at `name`"),  # type: ignore[arg-type]
    (Node(name=None), "expected string, got None at `name`"),  # type: ignore[arg-type]
    (Node(data="a"), "expected bytes, got str 'a' at `data`"),  # type: ignore[arg-type]
    (Node(name="a\ud800"), r"without lone surrogates, got '\\ud800' at position 1 at `name`"),
    (Node(node=Node(texts=["a", "\udfff"])), r"at `node\.texts\[1\]`"),
    (Node(node=5), "expected Node, got int 5 at `node`"),  # type: ignore[arg-type]
    (Node(node={"name": "a"}), r"'a'\} \(`Node.from_dict` makes one of it\) at `node`"),  # type: ignore[arg-type]
    (Node(node=Old()), r"expected Node, got Old Old\(\) at `node`"),  # type: ignore[arg-type]
    (Node(nodes=[Node(), None]), r"expected Node, got None at `nodes\[1\]`"),  # type: ignore[list-item]
    (Node(nodes=Node()), r"expected a list, got Node Node\(\) at `nodes`"),  # type: ignore[arg-type]
    (Node(nodes={}), r"expected a list, got dict \{\} at `nodes`"),  # type: ignore[arg-type]
    (Node(packed={}), r"expected a list, got dict \{\} at `packed`"),  # type: ignore[arg-type]
    (Old(several={}), r"expected a list, got dict \{\} at `several`"),  # type: ignore[arg-type]
    (Node(texts="abc"), "expected a list, got str 'abc' at `texts`"),  # type: ignore[arg-type]
    (Node(packed=[1, "2"]), r"got str '2' at `packed\[1\]`"),  # type: ignore[list-item]
    (Node(fixed=[1, 2**31]), r"expected sfixed32 .* at `fixed\[1\]`"),
    (Node(expanded=[2**40]), r"at `expanded\[0\]`"),
    (Node(by_key={"k": Node(int32=2**31)}), r"at `by_key\['k'\]\.int32`"),
    (Node(by_key={1: Node()}), r"expected string, got int 1 at `by_key\[1\]`"),  # type: ignore[dict-item]
    (Node(counts={1: 2**40}), r"at `counts\[1\]`"),
    (Node(counts=[1]), r"expected a dict, got list \[1\] at `counts`"),  # type: ignore[arg-type]
    (Node(open="ONE"), "expected enum .*, got str 'ONE' at `open`"),  # type: ignore[arg-type]
    (Node(open=2**31), "expected enum .* at `open`"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("message", "text"), REFUSED_VALUES)
def test_values_that_cannot_be_written(message: Node | Old, text: str) -> None:
    with pytest.raises(aristaproto.EncodeError, match=text) as caught:
        bytes(message)
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, aristaproto.Error)


REFUSED_BYTES = [
    (b"\x0a", "expected more bytes, got the end of the data at `name`"),
    (b"\x0a\x05ab", "expected 5 bytes, got 2 at `name`"),
    (b"\x0a\x02\xff\xfe", "expected UTF-8, got byte 0xff at offset 0 of the string at `name`"),
    (b"\x28\x80", "expected more bytes, got the end of the data at `int32`"),
    (b"\x28" + b"\x80" * 10 + b"\x01", "at most 10 bytes, got a longer one at `int32`"),
    (b"\x22\x03\x0a\x05a", "expected 5 bytes, got 1 at `node.name`"),
    (b"\x22\x02\x28\x80", "at `node.int32`"),
    (b"\x22\x02\x28\x80\x01", "expected more bytes, got the end of the data at `node.int32`"),
    (b"\x12\x00\x12\x03\x0a\x01\xff", r"at `nodes\[1\]\.name`"),
    (b"\x1a\x08\x0a\x01k\x12\x03\x0a\x01\xff", r"at `by_key\['k'\]\.name`"),
    (b"\x1a\x03\x0a\x01\xff", "expected UTF-8, .* at `by_key`"),
    # The tag of a value that ends behind the entry is none of it.
    (b"\x8a\x01\x04\x08\x01\x90\x80\x00\x05", "got the end of the data at `counts`"),
    (b"\x7a\x01a\x7a\x01\xff", r"at `texts\[1\]`"),
    (b"\x52\x01\x80", "at `packed"),
    (b"\x72\x03\x00\x00\x00", "expected a multiple of 4 bytes, got 3 at `fixed`"),
    (b"\x69\x00", "expected more bytes, got the end of the data at `ratio`"),
    (b"\x00\x00", "expected a field number from 1 to 536870911, got 0"),
    (b"\x24", "got the end of group 4, which was not opened"),
    (b"\xa3\x06", "expected the end of group 100, got the end of the data"),
    (b"\xa3\x06\xac\x06", "got the end of group 101, which was not opened"),
    (b"\xa6\x06", "expected a wire type from 0 to 5, got 6 in field 100"),
    (b"\xa2\x06\x05a", "expected 5 bytes, got 1 in unknown field 100"),
    (b"\x80", "expected more bytes, got the end of the data$"),
    (b"\xff\xff\xff\xff\xff\x01", "expected a tag of at most 32 bits"),
]


@pytest.mark.parametrize(("wire", "text"), REFUSED_BYTES)
def test_bytes_that_cannot_be_read(wire: bytes, text: str) -> None:
    with pytest.raises(aristaproto.DecodeError, match=text):
        Node.parse(wire)


@pytest.mark.parametrize(("wire", "text"), REFUSED_BYTES)
def test_bytes_that_cannot_be_read_behind_unknown_fields(wire: bytes, text: str) -> None:
    # Of one byte, two, a length, four and eight, and one of a number that only a long tag tells.
    unknown = (
        b"\xa0\x06\x01\xa0\x06\xac\x02\xa2\x06\x01x\xa5\x06abcd\xa1\x06abcdefgh\x80\x80\x04\x01"
    )
    assert bytes(Node.parse(unknown)) == unknown
    with pytest.raises(aristaproto.DecodeError, match=text):
        Node.parse(unknown + wire)


def test_every_cut_of_a_message_is_refused_or_a_prefix() -> None:
    message = Node(name="abc", node=Node(name="d", int32=300), packed=[1, 2, 300], ratio=1.5)
    wire = bytes(message)
    whole: set[int] = set()
    for cut in range(len(wire)):
        try:
            Node.parse(wire[:cut])
            whole.add(cut)
        except aristaproto.DecodeError:
            continue
    # Only where one top-level field ends and the next begins.
    ends = {0}
    at = 0
    for record in aristaproto.parse_fields(wire):
        at += len(record.raw)
        ends.add(at)
    assert whole == ends - {len(wire)}


def test_errors_survive_pickling() -> None:
    import pickle

    with pytest.raises(aristaproto.DecodeError) as caught:
        Node.parse(b"\x22\x03\x0a\x05a")
    restored = pickle.loads(pickle.dumps(caught.value))
    assert str(restored) == str(caught.value)
    assert restored.path == "node.name"


def nested(levels: int) -> bytes:
    wire = b""
    for _ in range(levels):
        wire = b"\x22" + aristaproto.encode_varint(len(wire)) + wire
    return wire


class TestLimits:
    def test_depth(self) -> None:
        deepest = Node.parse(nested(100))
        assert bytes(deepest) == nested(100)
        with pytest.raises(
            aristaproto.DecodeError, match=r"expected at most 100 levels.* at `node\.node"
        ):
            Node.parse(nested(101))
        with pytest.raises(aristaproto.EncodeError, match="expected at most 100 levels"):
            bytes(Node(node=deepest))
        with aristaproto.limits(depth=101):
            assert bytes(Node.parse(nested(101))) == nested(101)

    def test_depth_beyond_the_stack(self) -> None:
        with (
            aristaproto.limits(depth=10**9),
            pytest.raises(aristaproto.DecodeError, match="expected fewer levels"),
        ):
            Node.parse(nested(20_000))

    def test_unknown_groups_count(self) -> None:
        wire = b"\xa3\x06" * 100 + b"\xa4\x06" * 100
        assert bytes(Node.parse(wire)) == wire
        with pytest.raises(aristaproto.DecodeError, match="expected at most 100 levels"):
            Node.parse(b"\xa3\x06" * 101 + b"\xa4\x06" * 101)

    def test_message_inside_itself(self) -> None:
        message = Node()
        message.node = message
        with pytest.raises(aristaproto.EncodeError, match="expected at most 100 levels"):
            bytes(message)

    def test_size(self) -> None:
        with aristaproto.limits(size=3):
            assert Node.parse(b"\x0a\x01a").name == "a"
            with pytest.raises(aristaproto.DecodeError, match="expected at most 3 bytes, got 4"):
                Node.parse(b"\x0a\x02ab")
            with pytest.raises(aristaproto.EncodeError, match="expected at most 3 bytes, got 4"):
                bytes(Node(name="ab"))

    def test_messages(self) -> None:
        with aristaproto.limits(messages=2):
            assert len(Node.parse(b"\x12\x00" * 2).nodes) == 2
            with pytest.raises(aristaproto.DecodeError, match="expected at most 2 messages"):
                Node.parse(b"\x12\x00" * 3)
        assert len(Node.parse(b"\x12\x00" * 3).nodes) == 3
