"""The wire format below messages: varints, records, streams.

For programs, and for `Message.dump` and `load`; the codec in `binary` has its own inlined reading.
See https://protobuf.dev/programming-guides/encoding/.
"""

from __future__ import annotations

import errno
import io

from .errors import DecodeError, EncodeError, show
from .typing_lite import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Protocol, overload

    from typing_extensions import Buffer

    class BinaryReader(Protocol):
        """A binary stream to read from."""

        def read(self, size: int = ..., /) -> bytes | None: ...

    class BinaryWriter(Protocol):
        """A binary stream to write to."""

        def write(self, data: bytes, /) -> object:
            """Write bytes; an unbuffered stream may take a part and gives the number that it took."""


__all__ = (
    "SIZE_DELIMITED",
    "WireField",
    "dump_varint",
    "encode_varint",
    "load_fields",
    "load_varint",
    "parse_fields",
)

SIZE_DELIMITED = -1
"""As `size` of `Message.load`: the message follows its length as a varint."""

WIRE_VARINT = 0
WIRE_I64 = 1
WIRE_LEN = 2
WIRE_SGROUP = 3
WIRE_EGROUP = 4
WIRE_I32 = 5

ONE_BYTE = [bytes((value,)) for value in range(128)]
"""The varints of one byte."""

_LONGEST_VARINT = 10
_DEEPEST_GROUP = 100
_CHUNK = 1 << 20


class WireField(NamedTuple):
    """One record as it stands on the wire."""

    number: int
    wire_type: int
    value: int | bytes
    """An int (unsigned 64 bits) for varints, else the content: fixed bytes, payload, or a group's records."""
    raw: bytes
    """The whole record, tag included."""


def encode_varint(value: int) -> bytes:
    """Bytes of a varint; negative numbers are 64-bit two's complement, so ten bytes.

    `EncodeError` (a `ValueError`) outside -2**63 .. 2**64-1.
    """
    if value < 0:
        if value < -(2**63):
            raise EncodeError(f"expected a number of at most 64 bits, got {show(value)}")
        value += 2**64
    elif value >= 2**64:
        raise EncodeError(f"expected a number of at most 64 bits, got {show(value)}")
    return varint(value)


def varint(value: int) -> bytes:
    """Bytes of a varint from 0 to 2**64 - 1, which the caller has seen to."""
    if value < 128:
        return ONE_BYTE[value]
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def dump_varint(value: int, stream: BinaryWriter) -> None:
    """Write a varint to a binary stream. Errors as `encode_varint` and `write_all`."""
    write_all(stream, encode_varint(value))


def write_all(stream: BinaryWriter, data: bytes) -> None:
    """Write bytes to a binary stream, again and again if it takes a part only.

    Raises:
        BlockingIOError: The stream takes nothing at the moment, because it is not blocking; `characters_written` says how
            much it took.
    """
    # Streams that are no `io` classes, and buffered ones, take all; they need not say so.
    taken = stream.write(data)
    if not data or (taken is None and not isinstance(stream, io.RawIOBase)):
        return
    done = 0
    while True:
        if taken is None or taken == 0:
            raise BlockingIOError(
                errno.EAGAIN, f"the stream took {done} of {done + len(data)} bytes", done
            )
        if not isinstance(taken, int) or taken >= len(data):
            return
        done += taken
        data = data[taken:]
        taken = stream.write(data)


def load_varint(stream: BinaryReader) -> tuple[int, bytes]:
    """Read one varint from a binary stream and nothing beyond it: value (unsigned, 64 bits) and raw bytes.

    `EOFError` at the end of the stream or inside the varint, `DecodeError` (a `ValueError`) after ten bytes.
    """
    value, raw = _read_varint(stream)
    if value is None:
        raise EOFError(
            f"expected the rest of a varint after {len(raw)} bytes, got the end of the stream"
            if raw
            else "expected a varint, got the end of the stream"
        )
    return value, raw


def _read_varint(stream: BinaryReader) -> tuple[int | None, bytes]:
    """As `load_varint`, with None for the value when the stream ends too early."""
    raw = bytearray()
    value = 0
    while len(raw) < _LONGEST_VARINT:
        byte = read_some(stream, 1)
        if not byte:
            return None, bytes(raw)
        value |= (byte[0] & 127) << (7 * len(raw))
        raw += byte
        if byte[0] < 128:
            return value & (2**64 - 1), bytes(raw)
    raise DecodeError("expected a varint of at most 10 bytes, got a longer one")


def read_some(stream: BinaryReader, size: int = -1) -> bytes:
    """Read at most `size` bytes, all that follow by default.

    Raises:
        BlockingIOError: The stream has nothing at the moment, because it is not blocking, which is not its end.
    """
    data = stream.read(size)
    if data is None:
        raise BlockingIOError(errno.EAGAIN, "the stream has no bytes at the moment")
    return data


def read_exactly(stream: BinaryReader, size: int) -> bytes:
    """Read `size` bytes. `DecodeError` when the stream has fewer.

    Reads in pieces, so that a false length costs no memory.
    """
    if size < 0:
        raise DecodeError(f"expected a size of zero or more bytes, got {size}")
    parts: list[bytes] = []
    missing = size
    while missing:
        part = read_some(stream, min(missing, _CHUNK))
        if not part:
            raise DecodeError(
                f"expected {size} bytes, got {size - missing} before the end of the stream"
            )
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)


class _Recorder:
    """Reads records from a stream and remembers the raw bytes of the record being read."""

    def __init__(self, stream: BinaryReader) -> None:
        self._stream = stream
        self._raw: list[bytes] = []

    def records(self) -> Iterator[WireField]:
        while True:
            self._raw.clear()
            tag = self._varint(optional=True)
            if tag is None:
                return
            number, wire_type, value = self._content(tag, 0)
            yield WireField(number, wire_type, value, b"".join(self._raw))

    if TYPE_CHECKING:

        @overload
        def _varint(self) -> int: ...
        @overload
        def _varint(self, optional: bool) -> int | None: ...

    def _varint(self, optional: bool = False) -> int | None:
        value, raw = _read_varint(self._stream)
        if value is None and (raw or not optional):
            raise DecodeError("expected a varint, got the end of the data")
        self._raw.append(raw)
        return value

    def _bytes(self, size: int) -> bytes:
        data = read_exactly(self._stream, size)
        self._raw.append(data)
        return data

    def _content(self, tag: int, depth: int) -> tuple[int, int, int | bytes]:
        number, wire_type = tag >> 3, tag & 7
        if not 1 <= number < 2**29:
            raise DecodeError(f"expected a field number from 1 to 536870911, got {number}")
        if wire_type == WIRE_VARINT:
            return number, wire_type, self._varint()
        if wire_type == WIRE_I64:
            return number, wire_type, self._bytes(8)
        if wire_type == WIRE_LEN:
            return number, wire_type, self._bytes(self._varint())
        if wire_type == WIRE_I32:
            return number, wire_type, self._bytes(4)
        if wire_type == WIRE_SGROUP:
            return number, wire_type, self._group(number, depth)
        raise DecodeError(
            f"expected a wire type from 0 to 3 or 5, got {wire_type} in field {number}"
        )

    def _group(self, number: int, depth: int) -> bytes:
        if depth >= _DEEPEST_GROUP:
            raise DecodeError(f"expected at most {_DEEPEST_GROUP} levels of groups, got more")
        first = len(self._raw)
        while True:
            tag = self._varint()
            if tag & 7 == WIRE_EGROUP:
                if tag >> 3 != number:
                    raise DecodeError(
                        f"expected the end of group {number}, got the end of {tag >> 3}"
                    )
                content = b"".join(self._raw[first:-1])
                # In one piece, so that the group around it does not go over the parts again.
                self._raw[first:-1] = (content,)
                return content
            self._content(tag, depth + 1)


def load_fields(stream: BinaryReader) -> Iterator[WireField]:
    """Read the records of a binary stream one by one, to its end.

    `DecodeError` for a record that is malformed or cut off.
    """
    return _Recorder(stream).records()


def parse_fields(data: Buffer) -> Iterator[WireField]:
    """The records in wire bytes, one by one. Errors as `load_fields`."""
    return load_fields(io.BytesIO(data))


def flat_fields(data: bytes) -> Iterator[tuple[int, int, int | bytes]]:
    """Yield number, wire type and value of the records in wire bytes, those inside groups among them.

    The value of a varint is unsigned; the two tags of a group have the value 0. Reads each byte once, however deep groups
    are nested.

    Raises:
        DecodeError: A record is malformed or cut off, or a group is not closed.
    """
    pos, end = 0, len(data)
    groups: list[int] = []
    while pos < end:
        tag, pos = _varint_at(data, pos)
        number, wire_type = tag >> 3, tag & 7
        if not 1 <= number < 2**29:
            raise DecodeError(f"expected a field number from 1 to 536870911, got {number}")
        if wire_type == WIRE_VARINT:
            value, pos = _varint_at(data, pos)
            yield number, wire_type, value
            continue
        if wire_type in (WIRE_SGROUP, WIRE_EGROUP):
            if wire_type == WIRE_SGROUP:
                if len(groups) >= _DEEPEST_GROUP:
                    raise DecodeError(
                        f"expected at most {_DEEPEST_GROUP} levels of groups, got more"
                    )
                groups.append(number)
            elif not groups or groups.pop() != number:
                raise DecodeError(f"expected a field, got the end of group {number}")
            yield number, wire_type, 0
            continue
        if wire_type == WIRE_LEN:
            size, pos = _varint_at(data, pos)
        elif wire_type == WIRE_I64:
            size = 8
        elif wire_type == WIRE_I32:
            size = 4
        else:
            raise DecodeError(
                f"expected a wire type from 0 to 5, got {wire_type} in field {number}"
            )
        if size > end - pos:
            raise DecodeError(f"expected {size} bytes, got {end - pos}")
        yield number, wire_type, data[pos : pos + size]
        pos += size
    if groups:
        raise DecodeError(f"expected the end of group {groups[-1]}, got the end of the data")


def _varint_at(data: bytes, pos: int) -> tuple[int, int]:
    value = shift = 0
    for byte in data[pos : pos + _LONGEST_VARINT]:
        pos += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value & (2**64 - 1), pos
        shift += 7
    if shift == 7 * _LONGEST_VARINT:
        raise DecodeError("expected a varint of at most 10 bytes, got a longer one")
    raise DecodeError("expected a varint, got the end of the data")
