"""A message that nobody has looked at is written as it came, if it came as it would be written. Whatever else came is brought
into that form, whether it has been looked at or not.
"""

from __future__ import annotations

import datetime
import gc
import itertools
from collections.abc import Callable
from random import Random
from typing import Any

import aristaproto
import pytest
from aristaproto import binary, codec

from .test_native_against_plain import TRIALS, wires

pytestmark = pytest.mark.skipif(codec.NATIVE is None, reason="the plain codec reads at once")

LEN = 2


def longer(varint: bytes) -> bytes:
    """The same number in a byte more."""
    return varint[:-1] + bytes([varint[-1] | 0x80, 0])


def split(record: aristaproto.WireField) -> tuple[bytes, bytes]:
    """A record's tag, and what follows it."""
    end = next(at for at, byte in enumerate(record.raw) if byte < 0x80) + 1
    return record.raw[:end], record.raw[end:]


def with_payload(tag: bytes, payload: bytes) -> bytes:
    return tag + aristaproto.encode_varint(len(payload)) + payload


def reshaped(random: Random, wire: bytes) -> bytes:
    """Wire bytes of which one record, at some level, has become unusual."""
    records = list(aristaproto.parse_fields(wire))
    if not records:
        return b"\xfa\xff\x03\x00"
    at = random.randrange(len(records))
    chosen = records[at]
    tag, rest = split(chosen)
    raw = [record.raw for record in records]
    if isinstance(chosen.value, bytes) and chosen.wire_type == LEN and random.random() < 0.7:
        try:
            raw[at] = with_payload(tag, reshaped(random, chosen.value))
        except aristaproto.DecodeError:
            pass
        else:
            return b"".join(raw)
    unusual: list[Callable[[], list[bytes]]] = [
        lambda: [*raw, raw[at]],
        lambda: [*raw[at:], *raw[:at]],
        lambda: [longer(tag) + rest if len(tag) < 5 else raw[at], *raw[at + 1 :]],
        lambda: [b"\xfa\xff\x03\x00", *raw],
        lambda: [*raw, b"\xfa\xff\x03\x00"],
        lambda: raw[:at],
    ]
    if chosen.wire_type == LEN:
        unusual.append(lambda: [*raw[:at], with_payload(tag, b""), *raw[at + 1 :]])
    elif chosen.wire_type == 0:
        unusual += (
            lambda: [*raw[:at], tag + b"\0", *raw[at + 1 :]],
            lambda: [*raw[:at], tag + (longer(rest) if len(rest) < 10 else rest), *raw[at + 1 :]],
            lambda: [*raw[:at], tag + b"\xff" * 9 + b"\x7f", *raw[at + 1 :]],
            lambda: [*raw[:at], tag + b"\xff" * 4 + b"\x7f", *raw[at + 1 :]],
        )
    return b"".join(random.choice(unusual)())


def rewritten(cls: type[aristaproto.Message], wire: bytes) -> bytes:
    """What the plain codec makes of wire bytes, there and back."""
    message = cls.__schema__.new()
    binary.decode(message, wire)
    return binary.encode(message)


def is_unread(message: Any) -> bool:
    """Whether no slot of a message that would fill some with lists, messages or dicts is filled."""
    return all(held is type(message) for held in gc.get_referents(message))


def test_unread_as_read() -> None:
    random = Random(7)
    kept = brought = 0
    for cls, _, wire, _ in itertools.chain(wires(7), wires(8)):
        for data in (wire, reshaped(random, wire)):
            try:
                unread = cls.parse(data)
            except aristaproto.DecodeError:
                continue
            expected = rewritten(cls, data)
            assert bytes(unread) == expected, (cls, data)
            # What the first time has found out does not mislead the second.
            assert bytes(unread) == expected, (cls, data)
            read = cls.parse(data)
            repr(read)
            assert bytes(read) == expected, (cls, data)
            assert unread == read, (cls, data)
            kept += expected == data
            brought += expected != data
    assert min(kept, brought) > 2 * TRIALS / 10, (kept, brought)


class Leaf(aristaproto.Message):
    text: str = aristaproto.field(1, aristaproto.TYPE_STRING)
    by_text: dict[str, int] = aristaproto.map_field(
        2, aristaproto.TYPE_STRING, aristaproto.TYPE_INT32
    )


class Node(aristaproto.Message):
    number: int = aristaproto.field(1, aristaproto.TYPE_INT32)
    nodes: list[Node] = aristaproto.field(2, aristaproto.TYPE_MESSAGE, "Node", repeated=True)
    leaf: Leaf | None = aristaproto.field(3, aristaproto.TYPE_MESSAGE, "Leaf")


def node(levels: int, leaf: Leaf) -> Node:
    if levels == 0:
        return Node(number=1, leaf=leaf)
    return Node(number=levels, nodes=[node(levels - 1, leaf) for _ in range(2)])


def parsed(wire: bytes) -> Node:
    # The first message of a class is read at once: what it refers to is not known yet.
    repr(Node.parse(wire))
    return Node.parse(wire)


def test_it_stays_unread() -> None:
    message = node(4, Leaf(text="text " * 99, by_text={"b": 1, "a": 2, "c": 3}))
    wire = bytes(message)
    unread = parsed(wire)
    assert is_unread(unread)
    assert bytes(unread) == wire
    assert is_unread(unread)
    # Below what was looked at, too; and what was changed is written.
    unread.number = 77
    message.number = 77
    assert not is_unread(unread)
    assert bytes(unread) == bytes(message)
    assert all(is_unread(below) for below in unread.nodes)
    unread.nodes[1].nodes[0].number = 0
    message.nodes[1].nodes[0].number = 0
    assert bytes(unread) == bytes(message)
    assert is_unread(unread.nodes[0])


def entry(key: bytes, value: int) -> bytes:
    content = with_payload(b"\x0a", key) + bytes([0x10, value])
    return with_payload(b"\x12", content)


@pytest.mark.parametrize(
    ("keys", "stays"),
    [
        (["a", "b", "c"], True),
        (["c", "a", "b"], True),
        (["k9", "k10", "k11"], True),
        (["k1", "k10", "k2"], True),
        (["a", "a"], False),
        (["b", "a", "b"], False),
        (["c", "b", "a", "a"], False),
    ],
)
def test_keys_of_maps(keys: list[str], stays: bool) -> None:
    leaf = with_payload(b"\x0a", b"x" * 300)
    leaf += b"".join(entry(key.encode(), at + 1) for at, key in enumerate(keys))
    wire = b"\x08\x01" + with_payload(b"\x1a", leaf)
    unread = parsed(wire)
    written = bytes(unread)
    assert is_unread(unread) is stays
    assert (written == wire) is stays
    assert unread.leaf is not None
    assert list(unread.leaf.by_text) == list(dict.fromkeys(keys))
    assert bytes(parsed(written)) == written


class Choices(aristaproto.Message):
    first: int | None = aristaproto.field(1, aristaproto.TYPE_INT32, oneof="choice")
    second: int | None = aristaproto.field(2, aristaproto.TYPE_INT32, oneof="choice")
    numbers: list[int] = aristaproto.field(3, aristaproto.TYPE_INT64, repeated=True)
    time: datetime.datetime | None = aristaproto.field(
        4, aristaproto.TYPE_MESSAGE, "aristaproto.wkt:Timestamp"
    )
    span: datetime.timedelta | None = aristaproto.field(
        5, aristaproto.TYPE_MESSAGE, "aristaproto.wkt:Duration"
    )
    wrapped: int | None = aristaproto.field(
        6, aristaproto.TYPE_MESSAGE, "aristaproto.wkt:Int32Value"
    )
    below: Choices | None = aristaproto.field(7, aristaproto.TYPE_MESSAGE, "Choices")
    text: str = aristaproto.field(8, aristaproto.TYPE_STRING)


@pytest.mark.parametrize(
    ("records", "stays"),
    [
        ("0800", True),
        ("08001000", False),
        ("1a028101", True),
        ("1a03818000", False),
        ("1a00", False),
        ("1a0101" + "1a0102", False),
        ("1801", False),
        # -1 and the largest number, of ten and nine bytes: what is long is not looked at closely.
        ("1a0affffffffffffffffff01", None),
        ("1a09ffffffffffffffff7f", True),
        ("2200", True),
        ("2205080110e807", True),
        ("22020800", False),
        ("22021000", False),
        ("2205080110e907", None),
        ("220510e8070801", False),
        ("2a020801", True),
        ("2a0b08ffffffffffffffffff01", None),
        ("3200", True),
        ("32020805", True),
        ("32020800", False),
        ("320408051001", False),
    ],
)
def test_one_by_one(records: str, stays: bool | None) -> None:
    """`stays` is None where the bytes are as they would be written, and may be found to be."""
    inner = bytes.fromhex(records) + with_payload(b"\x42", b"x" * 300)
    wire = with_payload(b"\x3a", inner)
    repr(Choices.parse(wire))
    unread = Choices.parse(wire)
    written = bytes(unread)
    assert written == rewritten(Choices, wire)
    assert (written == wire) is (stays is not False)
    if stays is not None:
        assert is_unread(unread) is stays


def test_what_is_not_usual_far_down_is_not_looked_for_at_each_level() -> None:
    # Unknown in front of known, 40 levels down; each level but the last one is as it would be written.
    wire = b"\x50\x01\x08\x01" + with_payload(b"\x1a", with_payload(b"\x0a", b"x" * 300))
    for level in range(40):
        wire = bytes([8, level + 1]) + with_payload(b"\x12", wire)
    unread = parsed(wire)
    assert bytes(unread) == rewritten(Node, wire) != wire


def test_limits_of_writing() -> None:
    wire = bytes(node(4, Leaf(text="text " * 99)))
    unread = parsed(wire)
    assert bytes(unread) == wire
    with aristaproto.limits(depth=2), pytest.raises(aristaproto.EncodeError):
        bytes(unread)
    with aristaproto.limits(size=100), pytest.raises(aristaproto.EncodeError):
        bytes(unread)


class Host(aristaproto.Message, extendable=True):
    text: str | None = aristaproto.field(1, aristaproto.TYPE_STRING, optional=True)
    below: Host | None = aristaproto.field(2, aristaproto.TYPE_MESSAGE, "Host")


POOL = aristaproto.MessagePool()
POOL.register(
    "unread",
    {
        "Host": Host,
        "known": aristaproto.extension("unread.known", "unread.Host", 100, aristaproto.TYPE_INT32),
    },
)


@pytest.mark.parametrize(
    ("records", "stays"),
    [
        # Numbers 100, which is registered, 101, which is not, and both.
        ("a00605", False),
        ("a80605", True),
        ("a80605b00601", True),
        ("a80605a00605", False),
        ("a8068500", True),
    ],
)
def test_extensions(records: str, stays: bool) -> None:
    inner = with_payload(b"\x0a", b"x" * 300) + bytes.fromhex(records)
    wire = with_payload(b"\x12", inner)
    repr(Host.parse(wire))
    unread = Host.parse(wire)
    assert bytes(unread) == rewritten(Host, wire)
    assert is_unread(unread) is stays
