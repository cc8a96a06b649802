"""Text format: what is printed, what is read and refused, and agreement with google.protobuf."""

from __future__ import annotations

import datetime
import enum
import math
from collections.abc import Callable
from typing import Any

import aristaproto
import pytest
from aristaproto import wkt
from google.protobuf import any_pb2, struct_pb2, text_format, type_pb2, wrappers_pb2
from hypothesis import given, settings
from hypothesis import strategies as st

WKT = "aristaproto.wkt:"
UTC = datetime.timezone.utc

# What google looks up by name in an expanded Any must have been imported.
assert wrappers_pb2.DESCRIPTOR


class Level(aristaproto.Enum, prefix="LEVEL_"):
    NONE = 0
    HIGH = 1
    TOP = 1


class Strict(aristaproto.Enum, closed=True):
    A = 0
    B = 1


class Group(aristaproto.Message):
    number: int = aristaproto.field(1, aristaproto.TYPE_INT32)


class Thing(aristaproto.Message):
    an_int32: int = aristaproto.field(1, aristaproto.TYPE_INT32)
    a_uint64: int = aristaproto.field(2, aristaproto.TYPE_UINT64)
    a_float: float = aristaproto.field(3, aristaproto.TYPE_FLOAT)
    a_double: float = aristaproto.field(4, aristaproto.TYPE_DOUBLE)
    a_bool: bool = aristaproto.field(5, aristaproto.TYPE_BOOL)
    a_string: str = aristaproto.field(6, aristaproto.TYPE_STRING)
    some_bytes: bytes = aristaproto.field(7, aristaproto.TYPE_BYTES)
    level: Level = aristaproto.field(8, aristaproto.TYPE_ENUM, "Level")
    thing: Thing | None = aristaproto.field(9, aristaproto.TYPE_MESSAGE, "Thing")
    numbers: list[int] = aristaproto.field(10, aristaproto.TYPE_INT32, repeated=True)
    things: list[Thing] = aristaproto.field(11, aristaproto.TYPE_MESSAGE, "Thing", repeated=True)
    by_text: dict[str, int] = aristaproto.map_field(
        12, aristaproto.TYPE_STRING, aristaproto.TYPE_INT32
    )
    by_int: dict[int, Thing] = aristaproto.map_field(
        13, aristaproto.TYPE_INT64, aristaproto.TYPE_MESSAGE, "Thing"
    )
    left: int | None = aristaproto.field(14, aristaproto.TYPE_INT32, oneof="side")
    right: Thing | None = aristaproto.field(15, aristaproto.TYPE_MESSAGE, "Thing", oneof="side")
    group: Group | None = aristaproto.field(16, aristaproto.TYPE_GROUP, "Group")
    other: Group | None = aristaproto.field(17, aristaproto.TYPE_GROUP, "Group")
    when: datetime.datetime | None = aristaproto.field(
        18, aristaproto.TYPE_MESSAGE, f"{WKT}Timestamp"
    )
    anything: wkt.Any | None = aristaproto.field(19, aristaproto.TYPE_MESSAGE, f"{WKT}Any")
    strict: Strict = aristaproto.field(20, aristaproto.TYPE_ENUM, "Strict")
    loose: str = aristaproto.field(21, aristaproto.TYPE_STRING, utf8=False)
    from_: str = aristaproto.field(22, aristaproto.TYPE_STRING, proto_name="from")


class Needy(aristaproto.Message):
    needed: int | None = aristaproto.field(1, aristaproto.TYPE_INT32, required=True)
    below: Needy | None = aristaproto.field(2, aristaproto.TYPE_MESSAGE, "Needy")


POOL = aristaproto.MessagePool()
POOL.register(
    "text",
    {"Thing": Thing, "Thing.Group": Group, "Level": Level, "Strict": Strict, "Needy": Needy},
)

FULL = Thing(
    an_int32=-1,
    a_uint64=2**64 - 1,
    a_float=0.1,
    a_double=math.inf,
    a_bool=True,
    a_string='"ä\n\x00\\',
    some_bytes=b"\xff'\"a\t",
    level=Level.HIGH,
    thing=Thing(),
    numbers=[1, -2],
    things=[Thing(an_int32=1), Thing()],
    by_text={"": 0, "k": 1},
    by_int={-5: Thing(an_int32=2)},
    left=0,
    group=Group(1),
    other=Group(2),
    when=datetime.datetime(1970, 1, 1, 0, 0, 1, 500, tzinfo=UTC),
    anything=wkt.Any.pack(wkt.Timestamp(5)),
    from_="x",
)
FULL_TEXT = r"""an_int32: -1
a_uint64: 18446744073709551615
a_float: 0.1
a_double: inf
a_bool: true
a_string: "\"ä\n\000\\"
some_bytes: "\377'\"a\t"
level: LEVEL_HIGH
thing {
}
numbers: 1
numbers: -2
things {
  an_int32: 1
}
things {
}
by_text {
  key: ""
  value: 0
}
by_text {
  key: "k"
  value: 1
}
by_int {
  key: -5
  value {
    an_int32: 2
  }
}
left: 0
Group {
  number: 1
}
other {
  number: 2
}
when {
  seconds: 1
  nanos: 500000
}
anything {
  [type.googleapis.com/google.protobuf.Timestamp] {
    seconds: 5
  }
}
from: "x"
"""


def test_print_and_read() -> None:
    assert FULL.to_text() == FULL_TEXT
    assert Thing.from_text(FULL_TEXT) == Thing.parse(bytes(FULL))
    assert Thing().to_text() == ""
    assert Thing.from_text(" # nothing\n") == Thing()


ACCEPTED: list[tuple[str, Thing]] = [
    ("an_int32: 0x1F", Thing(an_int32=31)),
    ("an_int32: 017", Thing(an_int32=15)),
    ("an_int32: - # minus\n 1", Thing(an_int32=-1)),
    ("an_int32:1;a_bool:t,a_string:'x'", Thing(an_int32=1, a_bool=True, a_string="x")),
    ("a_uint64: 0xFFFFFFFFFFFFFFFF", Thing(a_uint64=2**64 - 1)),
    ("a_float: 1.5f", Thing(a_float=1.5)),
    ("a_float: 1e50", Thing(a_float=math.inf)),
    ("a_float: -1e50", Thing(a_float=-math.inf)),
    ("a_double: 12F", Thing(a_double=12)),
    ("a_double: .5", Thing(a_double=0.5)),
    ("a_double: 5.", Thing(a_double=5.0)),
    ("a_double: -INFINITY", Thing(a_double=-math.inf)),
    ("a_double: nan", Thing(a_double=math.nan)),
    ("a_double: 18446744073709551616", Thing(a_double=2.0**64)),
    ("a_bool: 1", Thing(a_bool=True)),
    ("a_bool: False", Thing()),
    (
        r"a_string: 'a\x41\101\n\?\u00e4\U0001F600' " + '"b" # c\n "d"',
        Thing(a_string="aAA\n?ä😀bd"),
    ),
    (r"a_string: '\xc3\xa4'", Thing(a_string="ä")),
    (r"some_bytes: '\xff\377ä'", Thing(some_bytes=b"\xff\xff\xc3\xa4")),
    (r"loose: '\xff'", Thing(loose="\udcff")),
    ("level: 7", Thing(level=Level(7))),
    ("level: LEVEL_TOP", Thing(level=Level.TOP)),
    ("level: -1", Thing(level=Level(-1))),
    ("strict: 1", Thing(strict=Strict.B)),
    ("thing: < an_int32: 1 >", Thing(thing=Thing(an_int32=1))),
    ("thing { an_int32: 1 };", Thing(thing=Thing(an_int32=1))),
    ("numbers: [1, 2] numbers: 3 numbers: []", Thing(numbers=[1, 2, 3])),
    (
        "things [{}, <an_int32: 1>] things: [{}]",
        Thing(things=[Thing(), Thing(an_int32=1), Thing()]),
    ),
    ("by_text {} by_text: {value: 2, key: 'a'}", Thing(by_text={"": 0, "a": 2})),
    ("by_text: [{key: 'a' value: 1}, {key: 'a' value: 2}]", Thing(by_text={"a": 2})),
    ("by_int { key: 1 }", Thing(by_int={1: Thing()})),
    ("Group { number: 1 } other { number: 2 }", Thing(group=Group(1), other=Group(2))),
    ("group { number: 1 }", Thing(group=Group(1))),
    ("when { seconds: 1 }", Thing(when=datetime.datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC))),
    (
        "anything { [ type.googleapis.com / google.protobuf.Int32Value ] < value: 1 > }",
        Thing(anything=wkt.Any.pack(wkt.Int32Value(1))),
    ),
    ("anything { type_url: 'x/y' value: 'z' }", Thing(anything=wkt.Any("x/y", b"z"))),
]


@pytest.mark.parametrize(("text", "expected"), ACCEPTED)
def test_accepted(text: str, expected: Thing) -> None:
    assert Thing.from_text(text) == expected
    assert Thing.from_text(expected.to_text()) == expected


REFUSED: list[tuple[str, str]] = [
    ("an_int32: 2147483648", "expected int32 (-2147483648 to 2147483647), got '2147483648'"),
    ("an_int32: 1.0", "got '1.0' in line 1 column 11 at `an_int32`"),
    ("an_int32: 08", "got '08'"),
    ("an_int32: 1x", "expected a number, got '1x' in line 1 column 11"),
    ("an_int32: 0x", "expected a number, got '0x'"),
    ("an_int32: '1'", "expected int32"),
    ("an_int32: +1", "expected a token, got '+'"),
    ("an_int32 1", "expected ':', got '1'"),
    ("an_int32:", "got the end of the text"),
    ("\n  an_int32: 1\n  an_int32: 1", "expected one value, got 'an_int32' in line 3 column 3"),
    ("a_uint64: -1", "expected uint64"),
    (f"a_uint64: {'1' * 5000}", "expected uint64"),
    ("a_double: 0x1", "expected double in decimal digits, got '0x1'"),
    ("a_double: 012", "decimal digits"),
    ("a_double: 01.5", "decimal digits"),
    ("a_float: -00e3", "decimal digits"),
    ("a_bool: 2", "expected bool, got '2'"),
    ("a_bool: TRUE", "expected bool, got 'TRUE'"),
    ("a_string: x", "expected a string in quotes, got 'x'"),
    ("a_string: 'x", "expected a token"),
    ("a_string: 'x\ny'", "expected a token"),
    (r"a_string: '\xff'", "expected a string in UTF-8"),
    (r"a_string: '\z'", r"expected an escape sequence, got '\\z' in line 1 column 12"),
    (r"a_string: '\400'", r"up to \377"),
    (r"a_string: '\x'", "an escape sequence"),
    (r"a_string: '\u12'", "an escape sequence"),
    (r"a_string: '\ud83d\ude00'", "a Unicode character"),
    (r"some_bytes: '\U00110000'", "a Unicode character"),
    ("a_string: '\ud800'", "without lone surrogates"),
    ("level: LEVEL_LOW", "expected a name of enum Level, got 'LEVEL_LOW'"),
    ("level: 2147483648", "a name or number of enum Level"),
    ("strict: 2", "a name or number of enum Strict, got '2'"),
    ("thing: 1", "expected '{' or '<', got '1'"),
    ("thing { an_int32: 1 >", "expected a field's name or '}', got '>'"),
    ("thing { an_int32: 1", "got the end of the text"),
    ("}", "expected a field's name, got '}'"),
    ("things { thing { an_int32: x } }", "got 'x' in line 1 column 28 at `things.thing.an_int32`"),
    ("numbers [1]", "expected ':', got '['"),
    ("numbers: [1,]", "expected int32"),
    ("numbers: [1", "expected ',' or ']'"),
    ("an_int32: [1]", "expected int32"),
    ("nope: 1", "expected a field of text.Thing, got 'nope' in line 1 column 1"),
    ("[text.nope]: 1", "expected a field of text.Thing, got '[text.nope]'"),
    ("[text/nope] {}", "a google.protobuf.Any only"),
    ("[te xt. ] {}", "a type URL in brackets"),
    ("[text", "in brackets"),
    ("1: 1", "expected a field's name, got '1'"),
    ("left: 1 right {}", "no other member of the oneof than 'left', got 'right'"),
    ("by_text { nope: 1 }", "expected a field of a map entry, got 'nope'"),
    ("by_text { key: 'a' key: 'b' }", "expected one value, got 'key'"),
    ("GROUP { }", "expected a field of text.Thing, got 'GROUP'"),
    ("anything { [x/no.Such] {} }", "expected no.Such in the message pool"),
    ("anything { [x/google.protobuf.Empty] {} [x/google.protobuf.Empty] {} }", "one value"),
]


@pytest.mark.parametrize(("text", "message"), REFUSED)
def test_refused(text: str, message: str) -> None:
    with pytest.raises(aristaproto.TextError) as caught:
        Thing.from_text(text)
    assert message in str(caught.value)


def test_ignore_unknown_fields() -> None:
    text = """
        nope: 1 nope: -inf, nope: 'a' "b"; nope { a: [1, {b: x}] [c.d] < > }
        nope: [] [a.b]: 5 thing { nope: <> an_int32: 1 } by_text { key: 'a' nope: 1 }
    """
    assert Thing.from_text(text, ignore_unknown_fields=True) == Thing(
        thing=Thing(an_int32=1), by_text={"a": 0}
    )
    with pytest.raises(aristaproto.TextError, match="a value"):
        Thing.from_text("nope: }", ignore_unknown_fields=True)


def test_required() -> None:
    assert Needy.from_text("needed: 0") == Needy(needed=0)
    with pytest.raises(aristaproto.TextError, match=r"required field.*`below\.needed`"):
        Needy.from_text("needed: 0 below {}")
    # A message that is not complete can be looked at.
    assert Needy().to_text() == ""


def test_unknown_fields() -> None:
    class Empty(aristaproto.Message):
        pass

    data = bytes(
        Thing(
            an_int32=1,
            a_float=1.0,
            a_double=1.0,
            a_string="not a message",
            thing=Thing(an_int32=2),
            group=Group(3),
        )
    )
    message = Empty.parse(data)
    assert message.to_text() == ""
    assert message.to_text(print_unknown_fields=True) == (
        "1: 1\n3: 0x3f800000\n4: 0x3ff0000000000000\n"
        '6: "not a message"\n9 {\n  1: 2\n}\n16 {\n  1: 3\n}\n'
    )
    inner = Thing(thing=Thing.parse(b"\xf8\x07\x01"))
    assert inner.to_text(print_unknown_fields=True) == "thing {\n  127: 1\n}\n"


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (Thing(an_int32=2**31), "expected int32"),
        (Thing(an_int32="1"), "expected int32, got str '1' at `an_int32`"),  # type: ignore[arg-type]
        (Thing(a_string="\ud800"), "lone surrogates"),
        (Thing(some_bytes="x"), "expected bytes"),  # type: ignore[arg-type]
        (Thing(a_float=1e39), "range of float"),
        (Thing(a_double="x"), "expected double"),  # type: ignore[arg-type]
        (Thing(a_bool=2), "expected bool"),  # type: ignore[arg-type]
        (Thing(level="HIGH"), "expected enum Level"),  # type: ignore[arg-type]
        (Thing(thing=Group()), "expected Thing, got Group Group() at `thing`"),  # type: ignore[arg-type]
        (Thing(things=[Thing(), Thing(numbers=[1, None])]), "got None at `things[1].numbers[1]`"),  # type: ignore[list-item]
        (Thing(numbers="12"), "expected a list"),  # type: ignore[arg-type]
        (Thing(by_text={"k": None}), "got None at `by_text['k']`"),  # type: ignore[dict-item]
        (Thing(by_text=[1]), "expected a dict"),  # type: ignore[arg-type]
        (Thing(when=datetime.datetime(2020, 1, 1)), "time zone"),
    ],
)
def test_what_no_field_can_carry(message: Thing, text: str) -> None:
    with pytest.raises(aristaproto.TextError) as caught:
        message.to_text()
    assert text in str(caught.value)


def test_limits() -> None:
    def nested(levels: int) -> str:
        return "thing {" * levels + "}" * levels

    message = Thing.from_text(nested(100))
    assert message.to_text().count("thing") == 100
    with pytest.raises(aristaproto.TextError, match="100 levels"):
        Thing.from_text(nested(101))
    with aristaproto.limits(depth=10**6), pytest.raises(aristaproto.TextError, match="stack"):
        Thing.from_text(nested(100_000))
    with aristaproto.limits(depth=10), pytest.raises(aristaproto.TextError, match="10 levels"):
        message.to_text()
    with aristaproto.limits(size=3), pytest.raises(aristaproto.TextError, match="characters"):
        Thing.from_text("a_bool: t")
    with pytest.raises(TypeError):
        Thing.from_text(b"a_bool: t")  # type: ignore[arg-type]


text_values = st.text(st.characters(exclude_categories=["Cs"]), max_size=10)
json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | text_values,
    lambda below: st.lists(below, max_size=2) | st.dictionaries(text_values, below, max_size=2),
    max_leaves=5,
)


def as_value(value: Any) -> wkt.Value:
    """A Value of anything, numbers that are not finite included."""
    if isinstance(value, bool):
        return wkt.Value(bool_value=value)
    if isinstance(value, float):
        return wkt.Value(number_value=value)
    return wkt.Value.from_dict(value) if isinstance(value, str) or value is None else wkt.Value()


@given(st.dictionaries(text_values, json_values.map(as_value), max_size=3))
@settings(max_examples=200, deadline=None)
def test_structs_agree_with_google(fields: dict[str, wkt.Value]) -> None:
    message = wkt.Struct(fields)
    google = struct_pb2.Struct.FromString(bytes(message))
    read = text_format.Parse(message.to_text(), struct_pb2.Struct())
    assert repr(read) == repr(google)
    for as_utf8 in (False, True):
        printed = text_format.MessageToString(google, as_utf8=as_utf8)
        assert wkt.Struct.from_text(printed) == message
    one_line = text_format.MessageToString(
        google, as_one_line=True, use_short_repeated_primitives=True
    )
    assert wkt.Struct.from_text(one_line) == message


@given(
    st.builds(
        wkt.Type,
        name=text_values,
        fields=st.lists(
            st.builds(
                wkt.Field,
                kind=st.sampled_from(list(wkt.FieldKind)) | st.integers(-5, 50).map(wkt.FieldKind),
                number=st.integers(-(2**31), 2**31 - 1),
                packed=st.booleans(),
            ),
            max_size=2,
        ),
        oneofs=st.lists(text_values, max_size=3),
        options=st.lists(
            st.builds(
                wkt.Option,
                name=text_values,
                value=st.builds(wkt.BytesValue, st.binary(max_size=5)).map(wkt.Any.pack),
            ),
            max_size=2,
        ),
    )
)
@settings(max_examples=200, deadline=None)
def test_types_agree_with_google(message: wkt.Type) -> None:
    google = type_pb2.Type.FromString(bytes(message))
    assert text_format.Parse(message.to_text(), type_pb2.Type()) == google
    assert wkt.Type.from_text(text_format.MessageToString(google)) == message


def test_expanded_any_agrees_with_google() -> None:
    packed = any_pb2.Any()
    packed.Pack(type_pb2.Type(name="x", oneofs=["a"]))
    printed = text_format.MessageToString(packed, descriptor_pool=None)
    message = wkt.Any.from_text(printed)
    assert message.unpack() == wkt.Type(name="x", oneofs=["a"])
    assert text_format.Parse(message.to_text(), any_pb2.Any()) == packed


INT32 = "google.protobuf.Int32Value"


@pytest.mark.parametrize(
    "url",
    [
        f"x/{INT32}] {{}} }} an_int32: 666 things {{ anything {{ [x/{INT32}",
        f"https://types.example.com/{INT32}",
        f"/{INT32}",
        f"x y/{INT32}",
        f"x#y/{INT32}",
        f"x\n/{INT32}",
        f"x]/{INT32}",
        f"ä/{INT32}",
        INT32,
        f"x.y//z%20/{INT32}",
    ],
)
def test_any_url_is_read_back_as_it_was(url: str) -> None:
    message = Thing(anything=wkt.Any(url, b"\x08\x01"))
    text = message.to_text()
    assert Thing.from_text(text) == message
    assert "an_int32: 666\n" not in text
    assert Thing.from_text(Thing(things=[message]).to_text()) == Thing(things=[message])


class Word(str, enum.Enum):
    NONE = "none"
    URL = "x/google.protobuf.Empty"


@pytest.mark.parametrize("write", [bytes, Thing.to_text, Thing.to_json, Thing.to_dict])
def test_texts_of_another_class_are_their_characters(write: Callable[[Thing], object]) -> None:
    def holding(word: str, url: str) -> Thing:
        return Thing(
            a_string=word,
            by_text={word: 1},
            anything=wkt.Any(url, b""),
            things=[
                Thing(anything=wkt.Any.pack(it))
                for it in (wkt.FieldMask([word]), wkt.StringValue(word))
            ],
        )

    assert write(holding(Word.NONE, Word.URL)) == write(holding("none", Word.URL.value))
