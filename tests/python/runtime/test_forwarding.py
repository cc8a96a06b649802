"""Messages that are parsed and written again without a look at them: the bytes are those of a message that was looked at."""

from __future__ import annotations

import aristaproto
import pytest


class Colour(aristaproto.Enum, closed=True):
    RED = 1
    BLUE = 300


class Size(aristaproto.Enum):
    UNKNOWN = 0
    LARGE = 1


class All(aristaproto.Message):
    """Holds messages, so that it is read when it is looked at."""

    int32: int = aristaproto.field(1, aristaproto.TYPE_INT32)
    uint32: int = aristaproto.field(2, aristaproto.TYPE_UINT32)
    uint64: int | None = aristaproto.field(3, aristaproto.TYPE_UINT64, optional=True)
    truth: bool = aristaproto.field(4, aristaproto.TYPE_BOOL)
    fixed32: int = aristaproto.field(5, aristaproto.TYPE_FIXED32)
    number: float = aristaproto.field(6, aristaproto.TYPE_DOUBLE)
    text: str = aristaproto.field(7, aristaproto.TYPE_STRING)
    old_text: str | None = aristaproto.field(8, aristaproto.TYPE_STRING, optional=True, utf8=False)
    colour: Colour | None = aristaproto.field(9, aristaproto.TYPE_ENUM, "Colour", optional=True)
    size: Size = aristaproto.field(10, aristaproto.TYPE_ENUM, "Size")
    one: int | None = aristaproto.field(11, aristaproto.TYPE_INT64, oneof="kind")
    two: str | None = aristaproto.field(12, aristaproto.TYPE_STRING, oneof="kind")
    below: All | None = aristaproto.field(13, aristaproto.TYPE_MESSAGE, "All")
    packed: list[int] = aristaproto.field(14, aristaproto.TYPE_UINT32, repeated=True)
    texts: list[str] = aristaproto.field(15, aristaproto.TYPE_STRING, repeated=True)
    by_number: dict[int, str] = aristaproto.map_field(
        16, aristaproto.TYPE_INT32, aristaproto.TYPE_STRING
    )


def delimited(number: int, content: bytes) -> bytes:
    tag = aristaproto.encode_varint(number << 3 | 2)
    return tag + aristaproto.encode_varint(len(content)) + content


TEXTS = [b"x" * length for length in (1, 3, 4, 7, 8, 15, 16, 31, 32, 33, 63, 64, 65)]

CANONICAL = (
    b"",
    b"\x08\x7f",
    b"\x08\x80\x01",
    b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
    b"\x10\xff\xff\xff\xff\x0f",
    b"\x18\x00",
    b"\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
    b"\x20\x01",
    b"\x2d\x01\x00\x00\x00",
    b"\x31" + bytes(7) + b"\x80",
    *(delimited(7, text) for text in TEXTS),
    *(delimited(8, text[1:] + b"\xc3\xa4") for text in TEXTS),
    b"\x42\x00",
    b"\x48\x01",
    b"\x48\xac\x02",
    b"\x50\x07",
    b"\x58\x00",
    b"\x62\x00",
    b"\x6a\x00",
    b"\x72\x03\x05\x80\x01",
    b"\x7a\x00\x7a\x01x",
    delimited(16, b"\x08\x00\x12\x00") + delimited(16, b"\x08\x01\x12\x01x"),
    b"\x08\x01\x20\x01\x6a\x02\x08\x01\x7a\x00",
    b"\x08\x01\xa0\x06\x05",
)

NOT_CANONICAL = {
    "tag": b"\x88\x00\x01",
    "long tag": b"\x88\x80\x80\x80\x00\x01",
    "varint": b"\x08\x81\x00",
    "tenth byte": b"\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
    "length": b"\x3a\x81\x00x",
    "32 bits": b"\x08\xff\xff\xff\xff\x7f",
    "33 bits": b"\x10\x80\x80\x80\x80\x10",
    "truth": b"\x20\x02",
    "zero": b"\x08\x00",
    "zero of 32 bits": b"\x2d\x00\x00\x00\x00",
    "zero of 64 bits": b"\x31" + bytes(8),
    "no text": b"\x3a\x00",
    "no member": b"\x48\x02\x50\x01",
    "zero of an enum": b"\x50\x00",
    "order": b"\x10\x01\x08\x01",
    "twice": b"\x08\x01\x08\x02",
    "two of a oneof": b"\x58\x01\x62\x01x",
    "message twice": b"\x6a\x00\x6a\x00",
    "packed": b"\x72\x02\x81\x00",
    "33 bits, packed": b"\x72\x05\x80\x80\x80\x80\x10",
    "nothing packed": b"\x72\x00",
    "not packed": b"\x70\x01",
    "entry without value": delimited(16, b"\x08\x01"),
    "entry in disorder": delimited(16, b"\x12\x01x\x08\x01"),
    "key twice": delimited(16, b"\x08\x01\x12\x00") * 2,
    "unknown before known": b"\xa0\x06\x05\x08\x01",
    "wire type": b"\x0d\x01\x00\x00\x00\x10\x01",
}


def looked_at(message: All) -> All:
    assert repr(message)
    if message.below is not None:
        looked_at(message.below)
    return message


@pytest.mark.parametrize("wire", CANONICAL)
def test_as_it_came(wire: bytes) -> None:
    for data in (wire, delimited(13, wire), delimited(13, delimited(13, wire))):
        assert bytes(looked_at(All.parse(data))) == data
        message = All.parse(data)
        assert bytes(message) == data
        # Once more, now that it is known.
        assert bytes(message) == data
        assert message.__class__.parse(data) == message


@pytest.mark.parametrize("wire", NOT_CANONICAL.values(), ids=list(NOT_CANONICAL))
def test_put_right(wire: bytes) -> None:
    for data in (wire, delimited(13, wire), delimited(13, b"\x08\x01" + delimited(13, wire))):
        written = bytes(looked_at(All.parse(data)))
        assert written != data
        assert bytes(All.parse(data)) == written


@pytest.mark.parametrize("length", range(1, 70))
def test_strings_that_are_no_utf8(length: int) -> None:
    for position in range(length):
        text = b"x" * position + b"\xff" + b"x" * (length - position - 1)
        with pytest.raises(aristaproto.DecodeError, match=f"0xff at offset {position} "):
            All.parse(delimited(7, text))
        data = delimited(8, text)
        assert bytes(All.parse(data)) == bytes(looked_at(All.parse(data)))


def test_what_holds_the_bytes() -> None:
    class Data(bytes):
        pass

    wire = delimited(13, b"\x08\x01")
    for data in (Data(wire), bytearray(wire), memoryview(b"x" + wire)[1:]):
        written = All.parse(data).SerializeToString()
        assert type(written) is bytes
        assert written == wire


def test_limit() -> None:
    wire = delimited(13, delimited(7, b"x" * 100))
    message = All.parse(wire)
    with aristaproto.limits(size=len(wire)):
        assert bytes(message) == wire
    with aristaproto.limits(size=len(wire) - 1), pytest.raises(aristaproto.EncodeError):
        bytes(message)
