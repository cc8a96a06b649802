"""Varints, records and messages on streams."""

from __future__ import annotations

import io
import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aristaproto
import pytest
from hypothesis import given
from hypothesis import strategies as st


class Item(aristaproto.Message):
    name: str = aristaproto.field(1, aristaproto.TYPE_STRING)
    numbers: list[int] = aristaproto.field(2, aristaproto.TYPE_INT32, repeated=True)
    inner: Item | None = aristaproto.field(3, aristaproto.TYPE_MESSAGE, "Item")


VARINTS = [
    (0, b"\x00"),
    (1, b"\x01"),
    (127, b"\x7f"),
    (128, b"\x80\x01"),
    (10_000_000, b"\x80\xad\xe2\x04"),
    (2**64 - 1, b"\xff" * 9 + b"\x01"),
    (-1, b"\xff" * 9 + b"\x01"),
    (-10_000_000, b"\x80\xd3\x9d\xfb\xff\xff\xff\xff\xff\x01"),
    (-(2**63), b"\x80" * 9 + b"\x01"),
    (-(2**63) + 1, b"\x81" + b"\x80" * 8 + b"\x01"),
]


@pytest.mark.parametrize(("value", "raw"), VARINTS)
def test_varint(value: int, raw: bytes) -> None:
    assert aristaproto.encode_varint(value) == raw
    stream = io.BytesIO()
    aristaproto.dump_varint(value, stream)
    assert stream.getvalue() == raw
    stream = io.BytesIO(raw + b"rest")
    assert aristaproto.load_varint(stream) == (value % 2**64, raw)
    assert stream.read() == b"rest"


@pytest.mark.parametrize("value", [-(2**63) - 1, 2**64])
def test_varint_out_of_range(value: int) -> None:
    with pytest.raises(ValueError, match="at most 64 bits"):
        aristaproto.encode_varint(value)
    with pytest.raises(ValueError, match="at most 64 bits"):
        aristaproto.dump_varint(value, io.BytesIO())


@given(st.integers(-(2**63), 2**64 - 1))
def test_varint_round_trip(value: int) -> None:
    raw = aristaproto.encode_varint(value)
    assert aristaproto.load_varint(io.BytesIO(raw)) == (value % 2**64, raw)


def test_load_varint_refuses() -> None:
    with pytest.raises(EOFError):
        aristaproto.load_varint(io.BytesIO(b""))
    with pytest.raises(EOFError):
        aristaproto.load_varint(io.BytesIO(b"\x80"))
    with pytest.raises(ValueError, match="at most 10 bytes"):
        aristaproto.load_varint(io.BytesIO(b"\x80" * 10 + b"\x01"))


def test_load_varint_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.write_bytes(b"\x80\x01\x05")
    with path.open("rb") as file:
        assert aristaproto.load_varint(file)[0] == 128
        assert aristaproto.load_varint(file)[0] == 5
        with pytest.raises(EOFError):
            aristaproto.load_varint(file)


RECORDS = bytes.fromhex("0801 1103000000000000 00 1a026869 2500000001 2b08012c".replace(" ", ""))


def test_records() -> None:
    records = list(aristaproto.parse_fields(RECORDS))
    assert [(record.number, record.wire_type) for record in records] == [
        (1, 0),
        (2, 1),
        (3, 2),
        (4, 5),
        (5, 3),
    ]
    assert [record.value for record in records] == [
        1,
        b"\x03" + b"\0" * 7,
        b"hi",
        b"\0\0\0\1",
        b"\x08\x01",
    ]
    assert b"".join(record.raw for record in records) == RECORDS
    stream = aristaproto.load_fields(io.BytesIO(RECORDS))
    assert next(stream) == records[0]
    assert list(stream) == records[1:]


@pytest.mark.parametrize("cut", [1, 3, 10, 12, 14, 18, 21, len(RECORDS) - 1])
def test_records_cut_off(cut: int) -> None:
    with pytest.raises(aristaproto.DecodeError):
        list(aristaproto.parse_fields(RECORDS[:cut]))


@pytest.mark.parametrize("wire", [b"\x00\x01", b"\x0c", b"\x0e", b"\x0b\x14"])
def test_records_malformed(wire: bytes) -> None:
    with pytest.raises(aristaproto.DecodeError):
        list(aristaproto.parse_fields(wire))


ITEM = Item(name="a", numbers=[1, 2], inner=Item(name="b"))


def test_dump_and_load() -> None:
    stream = io.BytesIO()
    ITEM.dump(stream)
    assert stream.getvalue() == bytes(ITEM)
    stream.seek(0)
    item = Item()
    assert item.load(stream) is item
    assert item == ITEM


def test_delimited_messages_in_one_file(tmp_path: Path) -> None:
    items = [ITEM, Item(), Item(name="c" * 200), Item()]
    path = tmp_path / "items"
    with path.open("wb") as file:
        for item in items:
            item.dump(file, True)
    with path.open("rb") as file:
        for item in items:
            assert Item().load(file, aristaproto.SIZE_DELIMITED) == item
        with pytest.raises(EOFError):
            Item().load(file, aristaproto.SIZE_DELIMITED)


def test_load_reads_no_further_than_size() -> None:
    wire = bytes(ITEM)
    stream = io.BytesIO(wire + wire)
    assert Item().load(stream, len(wire)) == ITEM
    assert stream.tell() == len(wire)
    assert Item().load(stream, size=len(wire)) == ITEM


def test_a_stream_that_gives_little_at_a_time() -> None:
    class Slow(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(1 if size is None or size > 1 else size)

    assert Item().load(Slow(bytes(ITEM)), len(bytes(ITEM))) == ITEM


@pytest.mark.parametrize("size", [1, 2, 8, 100, -5])
def test_size_that_does_not_fit(size: int) -> None:
    item = Item(name="before")
    with pytest.raises(aristaproto.DecodeError):
        item.load(io.BytesIO(bytes(ITEM)), size)
    # What failed has changed nothing.
    assert item == Item(name="before")


def test_load_merges() -> None:
    item = Item(name="x", numbers=[7], inner=Item(numbers=[9]))
    item.load(io.BytesIO(bytes(ITEM)))
    assert item == Item(name="a", numbers=[7, 1, 2], inner=Item(name="b", numbers=[9]))


class FalseItem(Item):
    def __bool__(self) -> bool:
        return False


def test_load_merges_into_what_calls_itself_false() -> None:
    item = FalseItem(name="x", numbers=[7])
    item.load(io.BytesIO(bytes(Item(numbers=[8]))))
    assert item == FalseItem(name="x", numbers=[7, 8])


def test_delimited_message_cut_off() -> None:
    stream = io.BytesIO()
    ITEM.dump(stream, delimit=True)
    with pytest.raises(aristaproto.DecodeError, match="expected 12 bytes, got 11"):
        Item().load(io.BytesIO(stream.getvalue()[:-1]), aristaproto.SIZE_DELIMITED)


def test_a_false_length_costs_no_memory() -> None:
    stream: Any = io.BytesIO(aristaproto.encode_varint(2**62) + b"abc")
    with pytest.raises(aristaproto.DecodeError, match="got 3 before the end of the stream"):
        Item().load(stream, aristaproto.SIZE_DELIMITED)


class Stingy(io.RawIOBase):
    """An unbuffered stream that takes three bytes at a time, and after `most` bytes none."""

    def __init__(self, most: int = 10**9) -> None:
        self.taken = bytearray()
        self.most = most

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int | None:
        part = bytes(data[: min(3, self.most - len(self.taken))])
        self.taken += part
        return len(part) or None


class Silent:
    """What has a method `write` that says nothing."""

    def __init__(self) -> None:
        self.taken = bytearray()

    def write(self, data: bytes, /) -> None:
        self.taken += data


@pytest.mark.parametrize("delimit", [False, True])
@pytest.mark.parametrize("kind", [Stingy, Silent])
def test_dump_to_streams_of_all_kinds(kind: Callable[[], Stingy | Silent], delimit: bool) -> None:
    item = Item(name="a" * 300, numbers=[1, 2, 3])
    stream = kind()
    item.dump(stream, delimit)
    aristaproto.dump_varint(2**40, stream)
    Item().dump(stream)
    length = aristaproto.encode_varint(len(bytes(item))) if delimit else b""
    assert stream.taken == length + bytes(item) + aristaproto.encode_varint(2**40)


def test_dump_to_a_stream_that_takes_no_more() -> None:
    stream = Stingy(most=100)
    with pytest.raises(BlockingIOError, match="took 100 of 303 bytes") as caught:
        Item(name="a" * 300).dump(stream)
    assert caught.value.characters_written == len(stream.taken) == 100


def test_dump_to_an_unbuffered_socket() -> None:
    item = Item(name="a" * 3_000_000)
    near, far = socket.socketpair()
    received = bytearray()

    def receive() -> None:
        while data := far.recv(65536):
            received.extend(data)

    with near, far:
        # With a timeout, a socket takes what fits into its buffer.
        near.settimeout(30)
        thread = threading.Thread(target=receive)
        thread.start()
        with near.makefile("wb", buffering=0) as stream:
            item.dump(stream, delimit=True)
        near.shutdown(socket.SHUT_WR)
        thread.join(30)
    assert Item().load(io.BytesIO(received), aristaproto.SIZE_DELIMITED) == item


def test_a_stream_without_bytes_at_the_moment_is_not_at_its_end() -> None:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    with open(reading, "rb", buffering=0) as stream, open(writing, "wb", buffering=0) as other:
        for size in (None, 5, aristaproto.SIZE_DELIMITED):
            with pytest.raises(BlockingIOError):
                Item().load(stream, size)
        with pytest.raises(BlockingIOError):
            aristaproto.load_varint(stream)
        with pytest.raises(BlockingIOError):
            next(aristaproto.load_fields(stream))
        Item(name="a").dump(other, delimit=True)
        assert Item().load(stream, aristaproto.SIZE_DELIMITED) == Item(name="a")
