"""Input of the worst kind: work and memory grow with its length and no faster, and errors stay short.

Each kind of repetition is given 500 times and 4,000 times. Linear work takes eight times as long, work that grows with the
square 64 times; the bound between the two leaves room for a busy machine. Memory is counted by `tracemalloc`.
"""

from __future__ import annotations

import copy
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import aristaproto
import pytest
from aristaproto import wkt
from aristaproto.casing import camel_case, pascal_case, snake_case

SMALL = 500


class Level(aristaproto.Enum, closed=True):
    LOW = 0


class Node(aristaproto.Message, extendable=True):
    sub: Node | None = aristaproto.field(1, aristaproto.TYPE_MESSAGE, "Node")
    group: Node | None = aristaproto.field(2, aristaproto.TYPE_GROUP, "Node")
    left: Node | None = aristaproto.field(3, aristaproto.TYPE_MESSAGE, "Node", oneof="side")
    right: Node | None = aristaproto.field(4, aristaproto.TYPE_MESSAGE, "Node", oneof="side")
    nodes: list[Node] = aristaproto.field(5, aristaproto.TYPE_MESSAGE, "Node", repeated=True)
    by_name: dict[str, Node] = aristaproto.map_field(
        6, aristaproto.TYPE_STRING, aristaproto.TYPE_MESSAGE, "Node"
    )
    numbers: list[int] = aristaproto.field(7, aristaproto.TYPE_INT64, repeated=True)
    text: str = aristaproto.field(8, aristaproto.TYPE_STRING)
    data: bytes = aristaproto.field(9, aristaproto.TYPE_BYTES)
    levels: list[Level] = aristaproto.field(10, aristaproto.TYPE_ENUM, "Level", repeated=True)
    when: Any = aristaproto.field(11, aristaproto.TYPE_MESSAGE, wkt.Timestamp)
    span: Any = aristaproto.field(12, aristaproto.TYPE_MESSAGE, wkt.Duration)
    mask: wkt.FieldMask | None = aristaproto.field(13, aristaproto.TYPE_MESSAGE, wkt.FieldMask)
    number: int = aristaproto.field(14, aristaproto.TYPE_INT32)
    real: float = aristaproto.field(15, aristaproto.TYPE_DOUBLE)
    wrapped: int | None = aristaproto.field(16, aristaproto.TYPE_MESSAGE, wkt.Int32Value)
    value: wkt.Value | None = aristaproto.field(17, aristaproto.TYPE_MESSAGE, wkt.Value)
    names: dict[str, str] = aristaproto.map_field(
        18, aristaproto.TYPE_STRING, aristaproto.TYPE_STRING
    )
    any: wkt.Any | None = aristaproto.field(19, aristaproto.TYPE_MESSAGE, wkt.Any)


POOL = aristaproto.MessagePool()
EXTENSION: aristaproto.Extension[Node, Node | None] = aristaproto.extension(
    "hostile.more", "hostile.Node", 100, aristaproto.TYPE_MESSAGE, "Node"
)
POOL.register("hostile", {"Node": Node, "more": EXTENSION})

UNKNOWN = b"\x98\x7d\x01"
"""Field 2003, which `Node` does not have."""


def tag(number: int, wire_type: int) -> bytes:
    return aristaproto.encode_varint(number << 3 | wire_type)


def record(number: int, content: bytes) -> bytes:
    return tag(number, 2) + aristaproto.encode_varint(len(content)) + content


def group(number: int, content: bytes) -> bytes:
    return tag(number, 3) + content + tag(number, 4)


# Unknown bytes that count: so many that copying them all anew for each record would be seen.
KEPT = record(2000, b"\xff" * 300)

WIRE: dict[str, Callable[[int], bytes]] = {
    "elements": lambda n: record(5, b"") * n,
    "scalars": lambda n: b"\x70\x01" * n,
    "strings": lambda n: record(8, b"text") * n,
    "numbers": lambda n: b"\x38\x01" * n,
    "packed": lambda n: record(7, b"\x01" * n),
    "packed one by one": lambda n: record(7, b"\x01") * n,
    "long varints": lambda n: (tag(14, 0) + b"\x81" * 9 + b"\x00") * n,
    "unknown fields": lambda n: UNKNOWN * n,
    "unknown groups": lambda n: group(2000, UNKNOWN) * n,
    "deep unknown groups": lambda n: (tag(2000, 3) * 90 + tag(2000, 4) * 90) * (n // 50),
    "map entries of one key": lambda n: record(6, record(1, b"key")) * n,
    "map entries": lambda n: b"".join(record(18, record(1, b"%d" % i)) for i in range(n)),
    "one oneof member": lambda n: record(3, b"") * n,
    "oneof members in turn": lambda n: (record(3, KEPT) + record(4, KEPT)) * n,
    "unknown enum values": lambda n: (tag(10, 0) + b"\x05") * n,
    "times": lambda n: record(11, b"\x08\x01") * n,
    "times that are none": lambda n: (
        record(12, b"\x08\x01\x10\x81\x80\x80\x80\xf0\xff\xff\xff\xff\x01") * n
    ),
    "wrappers": lambda n: record(16, b"\x08\x01" + UNKNOWN) * n,
    "values": lambda n: record(17, record(5, record(1, record(1, b"a")))) * n,
    "submessages": lambda n: record(1, b"\x70\x01") * n,
    "submessages in submessages": lambda n: record(1, record(1, b"\x70\x01") * 10) * (n // 10),
}
"""Wire bytes with n repetitions."""

MERGED: dict[str, Callable[[int], bytes]] = {
    "submessages with unknown fields": lambda n: record(1, KEPT) * n,
    "groups with unknown fields": lambda n: group(2, KEPT) * n,
    "oneof members with unknown fields": lambda n: record(3, KEPT) * n,
    "map values with unknown fields": lambda n: record(6, record(2, KEPT) * n),
    "extensions with unknown fields": lambda n: record(100, KEPT) * n,
    "broken durations with unknown fields": lambda n: (
        record(12, b"\x08\x01\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01" + KEPT) * n
    ),
    "submessages of submessages with unknown fields": lambda n: record(1, record(1, KEPT)) * n,
}
"""One message in many pieces, each with unknown fields."""

JSON: dict[str, Callable[[int], str]] = {
    "elements": lambda n: '{"nodes": [' + "{}," * n + "{}]}",
    "unknown keys": lambda n: "{" + "".join(f'"x{i}": 1, ' for i in range(n)) + '"number": 1}',
    "one key": lambda n: "{" + '"names": {}, ' * n + '"number": 1}',
    "one map key": lambda n: '{"names": {' + '"a": "", ' * n + '"b": ""}}',
    "map keys": lambda n: '{"names": {' + ", ".join(f'"{i}": ""' for i in range(n)) + "}}",
    "separators in a key": lambda n: '{"' + "_" * n + '": 1}',
    "hyphens in a key": lambda n: '{"a' + "-" * n + 'b": 1}',
    "capitals in a key": lambda n: '{"' + "A" * n + 'b": 1}',
    "words in a key": lambda n: '{"' + "aB1_" * n + '": 1}',
    "an extension's name": lambda n: '{"[' + "a." * n + 'b]": 1}',
    "escapes": lambda n: '{"text": "' + "\\u0041\\n" * n + '"}',
    "surrogates": lambda n: '{"text": "' + "\\ud83d\\ude00" * n + '"}',
    "lone surrogates": lambda n: '{"text": "' + "\\ud800" * n + '"}',
    "digits": lambda n: '{"number": ' + "1" * n + "}",
    "digits of a fraction": lambda n: '{"real": 0.' + "1" * n + "}",
    "zeros of an integer": lambda n: '{"number": 1.' + "0" * n + "}",
    "digits of an exponent": lambda n: '{"number": 1e' + "0" * n + "1}",
    "digits in text": lambda n: '{"number": "' + "1" * n + '"}',
    "fraction in text": lambda n: '{"real": "0.' + "1" * n + '"}',
    "base64": lambda n: '{"data": "' + "QUJD" * n + '"}',
    "base64 with padding": lambda n: '{"data": "' + "=" * n + '"}',
    "a time": lambda n: '{"when": "2020-01-01T00:00:00.' + "0" * n + 'Z"}',
    "a year": lambda n: '{"when": "' + "2" * n + '"}',
    "a duration": lambda n: '{"span": "' + "1" * n + 's"}',
    "paths": lambda n: '{"mask": "' + "a," * n + 'b"}',
    "capitals in a path": lambda n: '{"mask": "' + "aB" * n + '"}',
    "nested lists": lambda n: '{"value": ' + "[" * n + "]" * n + "}",
    "unknown nested lists": lambda n: '{"x": ' + "[" * n + "]" * n + "}",
    "nested messages": lambda n: '{"sub": ' * n + "{}" + "}" * n,
    "values": lambda n: '{"value": [' + "1, " * n + "1]}",
    "blanks": lambda n: "{" + " " * n + "}",
    "enum names": lambda n: '{"levels": [' + '"NONE", ' * n + '"LOW"]}',
    "a type URL": lambda n: '{"any": {"@type": "' + "a/" * n + 'b"}}',
}
"""JSON with n repetitions; what does not fit is refused."""

TEXT: dict[str, Callable[[int], str]] = {
    "elements": lambda n: "nodes {} " * n,
    "one string": lambda n: "text: '" + "a" * n + "'",
    "escapes": lambda n: "text: '" + "\\n\\101\\u0041" * n + "'",
    "a string without end": lambda n: "text: '" + "a" * n,
    "escapes without end": lambda n: "text: '" + "\\n" * n,
    "strings": lambda n: "text: " + "'a' " * n,
    "comments": lambda n: "#\n" * n,
    "blanks": lambda n: " \n" * n,
    "digits": lambda n: "number: " + "1" * n,
    "zeros": lambda n: "real: " + "0" * n,
    "digits of a fraction": lambda n: "real: 0." + "1" * n,
    "digits and a letter": lambda n: "real: " + "1" * n + "x",
    "a name": lambda n: "a" * n + ": 1",
    "dots in brackets": lambda n: "[" + "a." * n + "b]: 1",
    "slashes in brackets": lambda n: "[" + "a/" * n + "b]: 1",
    "dots and an end that does not fit": lambda n: "[" + "a." * n + "!]: 1",
    "blanks in brackets": lambda n: "[" + " " * n + "a]: 1",
    "map entries": lambda n: "names {key: 'a'} " * n,
    "lists": lambda n: "numbers: [" + "1," * n + "1]",
    "nested messages": lambda n: "sub {" * n + "}" * n,
    "unknown nested messages": lambda n: "xyz {" * n + "}" * n,
    "unknown lists": lambda n: "xyz: [" + "1," * n + "1]",
    "separators": lambda n: "number: 1;" + "nodes {}," * n,
}
"""Text format with n repetitions; what does not fit is refused."""

NAMES: dict[str, Callable[[int], str]] = {
    "separators": lambda n: "_" * n,
    "hyphens": lambda n: "a" + "-" * n + "b",
    "capitals": lambda n: "A" * n + "b",
    "digits": lambda n: "1" * n,
    "words": lambda n: "aB1_" * n,
    "other letters": lambda n: "é" * n,
}
"""Names for the functions that change their casing."""


def quietly(call: Callable[..., Any], *args: Any, **options: Any) -> Any:
    """The result of a call; None when it refuses its input."""
    try:
        return call(*args, **options)
    except aristaproto.Error:
        return None


def seconds(call: Callable[[], object]) -> float:
    start = time.process_time()
    call()
    return time.process_time() - start


def check_linear(prepare: Callable[[int], Callable[[], object]]) -> None:
    """Fail when eight times the input takes more than 25 times as long, three times in a row."""
    call = prepare(SMALL)
    call()  # what is compiled or imported once does not count
    ratio = 0.0
    for _ in range(3):
        large = seconds(prepare(8 * SMALL))
        # What takes less is not worth a complaint, whatever it grows with.
        if large < 0.02:
            return
        ratio = large / min(seconds(call) for _ in range(3))
        if ratio < 25:
            return
    pytest.fail(f"eight times the input takes {ratio:.0f} times as long")


@pytest.mark.parametrize("kind", WIRE)
def test_reading_wire_bytes(kind: str) -> None:
    def prepare(n: int) -> Callable[[], object]:
        data = WIRE[kind](n)
        return lambda: quietly(lambda: Node.parse(data).to_dict())

    check_linear(prepare)


@pytest.mark.parametrize("kind", MERGED)
def test_merging_wire_bytes(kind: str) -> None:
    def prepare(n: int) -> Callable[[], object]:
        data = MERGED[kind](n)
        return lambda: Node.parse(data).sub

    check_linear(prepare)


@pytest.mark.parametrize("field", ["numbers", "nodes", "names", "sub"])
def test_many_merges_into_one_message(field: str) -> None:
    def prepare(n: int) -> Callable[[], object]:
        pieces = {
            "numbers": [Node(numbers=[1])] * n,
            "nodes": [Node(nodes=[Node()])] * n,
            "names": [Node(names={str(i): ""}) for i in range(n)],
            "sub": [Node(sub=Node(numbers=[1]))] * n,
        }[field]

        def merge_all() -> None:
            message = Node()
            for piece in pieces:
                aristaproto.merge(message, piece)

        return merge_all

    check_linear(prepare)


def test_nested_groups() -> None:
    """A nest of groups is read once, not once more for each of its levels."""

    def read(levels: int) -> float:
        data = UNKNOWN * 100_000
        for _ in range(levels):
            data = group(2, data)

        def go_down() -> None:
            node: Node | None = Node.parse(data)
            while node is not None:
                node = node.group

        return min(seconds(go_down) for _ in range(3))

    read(1)
    assert min(read(96) / read(2) for _ in range(3)) < 3


@pytest.mark.parametrize("kind", MERGED)
def test_unknown_fields_of_all_pieces_are_kept_in_order(kind: str) -> None:
    for n in (1, 2, 3, 10):
        pieces = MERGED[kind](1).replace(b"\xff" * 300, b"%s")
        wire = MERGED[kind](n)
        for i in range(n):
            wire = wire.replace(b"\xff" * 300, b"%03d" % i + b"v" * 297, 1)
        message = Node.parse(wire)
        held = bytes(Node.parse(bytes(message)))
        assert pieces.count(b"%s") == 1
        found = [held.index(b"%03d" % i + b"v" * 297) for i in range(n)]
        assert found == sorted(found)
        assert held.count(b"v" * 297) == n


def to_text(node: Node) -> str:
    return node.to_text(print_unknown_fields=True)


@pytest.mark.parametrize("kind", [*WIRE, *MERGED])
@pytest.mark.parametrize(
    "write",
    [
        pytest.param(bytes, id="bytes"),
        pytest.param(Node.to_json, id="JSON"),
        pytest.param(to_text, id="text"),
        pytest.param(copy.deepcopy, id="copy"),
    ],
)
def test_writing(kind: str, write: Callable[[Node], object]) -> None:
    def prepare(n: int) -> Callable[[], object]:
        message = quietly(Node.parse, {**WIRE, **MERGED}[kind](n))
        if message is None:
            return lambda: None
        return lambda: quietly(write, message)

    check_linear(prepare)


@pytest.mark.parametrize("kind", JSON)
@pytest.mark.parametrize("ignore", [False, True])
def test_reading_json(kind: str, ignore: bool) -> None:
    def prepare(n: int) -> Callable[[], object]:
        text = JSON[kind](n)
        return lambda: quietly(Node.from_json, text, ignore_unknown_fields=ignore)

    check_linear(prepare)


@pytest.mark.parametrize("kind", TEXT)
@pytest.mark.parametrize("ignore", [False, True])
def test_reading_text(kind: str, ignore: bool) -> None:
    def prepare(n: int) -> Callable[[], object]:
        text = TEXT[kind](n)
        return lambda: quietly(Node.from_text, text, ignore_unknown_fields=ignore)

    check_linear(prepare)


@pytest.mark.parametrize("kind", NAMES)
def test_casing(kind: str) -> None:
    def prepare(n: int) -> Callable[[], object]:
        name = NAMES[kind](n)
        return lambda: [
            change(name, strict)
            for change in (camel_case, pascal_case, snake_case)
            for strict in (True, False)
        ]

    check_linear(prepare)


def peak(call: Callable[[], object]) -> int:
    """The memory that a call takes at its peak, what it returns included."""
    call()  # what is compiled or imported once does not count
    tracemalloc.start()
    try:
        result = call()
        del result
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


LONG = 10_000


@pytest.mark.parametrize("kind", [kind for kind in TEXT if kind not in ("elements", "separators")])
def test_memory_of_reading_text(kind: str) -> None:
    text = TEXT[kind](LONG)
    assert peak(lambda: quietly(Node.from_text, text)) < 40 * len(text) + 100_000


@pytest.mark.parametrize("kind", [kind for kind in JSON if kind not in ("elements", "values")])
def test_memory_of_reading_json(kind: str) -> None:
    text = JSON[kind](LONG)
    used = peak(lambda: quietly(Node.from_json, text, ignore_unknown_fields=True))
    # Python's own module makes the dicts; what a short key costs there is not ours.
    assert used < 60 * len(text) + 100_000


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(Node(text="\x01" * LONG), id="text"),
        pytest.param(Node(data=b"\xff" * LONG), id="data"),
        pytest.param(Node(mask=wkt.FieldMask(paths=["a_b" * LONG])), id="path"),
    ],
)
@pytest.mark.parametrize("write", ["to_json", "to_text"])
def test_memory_of_writing(message: Node, write: str) -> None:
    assert peak(getattr(message, write)) < 40 * LONG * 3


# -- errors ----------------------------------------------------------------------------------------

NAME = "n" * 100_000

LONG_ERRORS: dict[str, Callable[[], object]] = {
    "unknown JSON key": lambda: Node.from_json(f'{{"{NAME}": 1}}'),
    "unknown key": lambda: Node.from_dict({NAME: 1}),
    "key in another casing": lambda: Node.from_dict({"x-" * 100_000: 1}),
    "unknown key that is a number": lambda: Node.from_dict({10**100_000: 1}),
    "extension": lambda: Node.from_json(f'{{"[{NAME}]": 1}}'),
    "JSON key twice": lambda: Node.from_json(f'{{"names": {{"{NAME}": "", "{NAME}": ""}}}}'),
    "value under a key": lambda: Node.from_json(f'{{"names": {{"{NAME}": 1}}}}'),
    "null under a key": lambda: Node.from_json(f'{{"byName": {{"{NAME}": null}}}}'),
    "text for a number": lambda: Node.from_json(f'{{"number": "{NAME}"}}'),
    "number": lambda: Node.from_json('{"number": ' + "1" * 100_000 + "}"),
    "fraction": lambda: Node.from_json('{"number": 1.' + "1" * 100_000 + "}"),
    "large number": lambda: Node.from_json('{"real": ' + "1" * 4000 + "}"),
    "number for text": lambda: Node.from_json('{"text": 1.' + "1" * 100_000 + "}"),
    "list for text": lambda: Node.from_json('{"text": [' + "1, " * 100_000 + "1]}"),
    "object for text": lambda: Node.from_dict({"text": {NAME: NAME}}),
    "enum name": lambda: Node.from_json(f'{{"levels": ["{NAME}"]}}'),
    "time": lambda: Node.from_json(f'{{"when": "{NAME}"}}'),
    "time of any form": lambda: Node.from_dict({"when": NAME}),
    "duration": lambda: Node.from_json(f'{{"span": "{NAME}"}}'),
    "mask": lambda: Node.from_json(f'{{"mask": "a_{NAME}"}}'),
    "path": lambda: Node(mask=wkt.FieldMask(paths=[f"A{NAME}"])).to_json(),
    "type URL": lambda: Node.from_json(f'{{"any": {{"@type": "{NAME}"}}}}'),
    "type URL that is not known": lambda: Node.from_json(f'{{"any": {{"@type": "a/{NAME}"}}}}'),
    "key beside a value": lambda: Node.from_json(
        f'{{"any": {{"@type": "a/google.protobuf.Duration", "value": "1s", "{NAME}": 1}}}}'
    ),
    "Any to JSON": lambda: Node(any=wkt.Any(type_url=f"a/{NAME}", value=b"1")).to_json(),
    "unknown name in text": lambda: Node.from_text(f"{NAME}: 1"),
    "token in text": lambda: Node.from_text("number: " + "1" * 100_000),
    "string in text": lambda: Node.from_text(f"number: '{NAME}'"),
    "brackets in text": lambda: Node.from_text(f"[{NAME}]: 1"),
    "type URL in text": lambda: Node.from_text(f"any {{ [a/{NAME}] {{}} }}"),
    "enum name in text": lambda: Node.from_text(f"levels: {NAME}"),
    "path of a value": lambda: bytes(Node(names={NAME: 1})),  # type: ignore[dict-item]
    "path of a value to JSON": lambda: Node(names={NAME: 1}).to_json(),  # type: ignore[dict-item]
    "path of a value to text": lambda: Node(names={NAME: 1}).to_text(),  # type: ignore[dict-item]
    "path on the wire": lambda: Node.parse(record(18, record(1, NAME.encode()) + b"\x12\x05")),
    "value": lambda: bytes(Node(number=NAME)),  # type: ignore[arg-type]
    "bytes": lambda: bytes(Node(text=NAME.encode())),  # type: ignore[arg-type]
    "large int": lambda: bytes(Node(number=10**100_000)),
    "large int to JSON": lambda: Node(number=10**100_000).to_json(),
    "list": lambda: bytes(Node(number=[NAME] * 1000)),  # type: ignore[arg-type]
    "varint": lambda: aristaproto.encode_varint(10**100_000),
    "name of an enum": lambda: Level.from_string(NAME),
    "attribute": lambda: setattr(Node(), NAME, 1),
    "oneof": lambda: aristaproto.which_one_of(Node(), NAME),
    "field": lambda: aristaproto.get(Node(), NAME),
    "type of an Any": lambda: wkt.Any(type_url=f"a/{NAME}").unpack(POOL),
}


@pytest.mark.parametrize("kind", LONG_ERRORS)
def test_errors_are_short(kind: str) -> None:
    with pytest.raises((ValueError, AttributeError, KeyError, TypeError)) as caught:
        LONG_ERRORS[kind]()
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize(
    "kind",
    [
        "unknown JSON key",
        "unknown key",
        "JSON key twice",
        "value under a key",
        "text for a number",
        "enum name",
        "time",
        "type URL",
        "unknown name in text",
        "string in text",
        "brackets in text",
        "attribute",
        "name of an enum",
    ],
)
def test_memory_of_errors(kind: str) -> None:
    def call() -> None:
        with pytest.raises((ValueError, AttributeError)):
            LONG_ERRORS[kind]()

    assert peak(call) < 10 * len(NAME)


def test_a_near_name_is_still_found() -> None:
    with pytest.raises(aristaproto.JsonError, match="did you mean 'numbers'"):
        Node.from_json('{"numbrs": 1}')
    with pytest.raises(AttributeError, match="did you mean 'number'"):
        Node().numbr = 1  # type: ignore[attr-defined]


# -- bombs -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("ignore", [False, True])
@pytest.mark.parametrize(
    "text",
    [
        pytest.param('{"x": ' + "[" * 100_000 + "]" * 100_000 + "}", id="lists"),
        pytest.param('{"x": ' * 100_000 + "1" + "}" * 100_000, id="objects"),
        pytest.param('{"value": ' + "[" * 100_000, id="lists without end"),
        pytest.param('{"sub": ' * 100_000, id="messages without end"),
    ],
)
def test_deep_json(text: str, ignore: bool) -> None:
    with pytest.raises(aristaproto.JsonError), aristaproto.limits(depth=10**9):
        Node.from_json(text, ignore_unknown_fields=ignore)


def test_deep_text() -> None:
    for text in ("sub {" * 100_000, "xyz {" * 100_000, "xyz <" * 100_000):
        for ignore in (False, True):
            with pytest.raises(aristaproto.TextError), aristaproto.limits(depth=10**9):
                Node.from_text(text, ignore_unknown_fields=ignore)


def test_any_in_any() -> None:
    inner: wkt.Any = wkt.Any()
    for _ in range(2000):
        inner = wkt.Any(type_url="a/google.protobuf.Any", value=bytes(inner))
    with pytest.raises(aristaproto.JsonError, match="levels"):
        inner.to_json()
    with pytest.raises(aristaproto.TextError, match="levels"):
        inner.to_text()
    with pytest.raises(aristaproto.JsonError, match="levels"):
        wkt.Any.from_json('{"@type": "a/google.protobuf.Any", "value": ' * 200 + "{}" + "}" * 200)


# -- views of bytes --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "view",
    [
        pytest.param(memoryview(b"a.b.c.d.")[::2], id="gaps"),
        pytest.param(memoryview(b"dcba")[::-1], id="backwards"),
        pytest.param(memoryview(bytearray(b"abcd")), id="mutable"),
        pytest.param(memoryview(b"abcd").cast("H"), id="numbers"),
        pytest.param(memoryview(b"abcd").cast("B", (2, 2)), id="two dimensions"),
    ],
)
def test_views_of_bytes(view: Any) -> None:
    message = Node(data=view)
    plain = Node(data=b"abcd")
    assert bytes(message) == bytes(plain)
    assert message.to_json() == plain.to_json()
    assert message.to_dict() == plain.to_dict()
    assert message.to_text() == plain.to_text()
    assert Node.from_dict({"data": view}) == plain
    assert Node.parse(memoryview(bytes(plain) + b"\x00" * 0)) == plain


def test_what_cannot_be_copied_is_refused() -> None:
    view = memoryview(b"abcd")
    view.release()
    message = Node(data=view)  # type: ignore[arg-type]
    with pytest.raises(aristaproto.EncodeError, match="at `data`"):
        bytes(message)
    with pytest.raises(aristaproto.JsonError, match="at `data`"):
        message.to_json()
    with pytest.raises(aristaproto.TextError, match="at `data`"):
        message.to_text()
    with pytest.raises(aristaproto.JsonError, match="at `data`"):
        Node.from_dict({"data": view})
