"""JSON text of many lengths and shapes: the codec in Rust writes it from its end, in pieces, the plain one does not."""

from __future__ import annotations

import datetime
import json
from typing import Any

import aristaproto
import pytest
from aristaproto import wkt
from aristaproto.model.message import plain_to_json

WKT = "aristaproto.wkt:"


class Shade(aristaproto.Enum):
    NONE = 0
    A_NAME_OF_MORE_THAN_32_LETTERS_AS_ENUMS_OFTEN_HAVE = 1
    DARK = 255
    DARKER = 256
    DARKEST = 70_000
    LIGHT = -1


class Closed(aristaproto.Enum, closed=True):
    NONE = 0
    ONE = 1


class Page(aristaproto.Message):
    number: int = aristaproto.field(1, aristaproto.TYPE_INT64)
    text: str = aristaproto.field(2, aristaproto.TYPE_STRING)
    small: int = aristaproto.field(3, aristaproto.TYPE_INT32)
    longs: list[int] = aristaproto.field(4, aristaproto.TYPE_UINT64, repeated=True)
    shorts: list[int] = aristaproto.field(5, aristaproto.TYPE_SINT32, repeated=True)
    doubles: list[float] = aristaproto.field(6, aristaproto.TYPE_DOUBLE, repeated=True)
    floats: list[float] = aristaproto.field(7, aristaproto.TYPE_FLOAT, repeated=True)
    texts: list[str] = aristaproto.field(8, aristaproto.TYPE_STRING, repeated=True)
    truths: list[bool] = aristaproto.field(9, aristaproto.TYPE_BOOL, repeated=True)
    shades: list[Shade] = aristaproto.field(10, aristaproto.TYPE_ENUM, "Shade", repeated=True)
    page: Page | None = aristaproto.field(11, aristaproto.TYPE_MESSAGE, "Page")
    pages: list[Page] = aristaproto.field(12, aristaproto.TYPE_MESSAGE, "Page", repeated=True)
    by_text: dict[str, Page] = aristaproto.map_field(
        13, aristaproto.TYPE_STRING, aristaproto.TYPE_MESSAGE, "Page"
    )
    by_long: dict[int, str] = aristaproto.map_field(
        14, aristaproto.TYPE_INT64, aristaproto.TYPE_STRING
    )
    by_truth: dict[bool, Shade] = aristaproto.map_field(
        15, aristaproto.TYPE_BOOL, aristaproto.TYPE_ENUM, "Shade"
    )
    a_name_of_more_than_26_letters_x: int = aristaproto.field(16, aristaproto.TYPE_INT64)
    a_name_of_more_than_26_letters_too: str = aristaproto.field(17, aristaproto.TYPE_STRING)
    a_name_of_more_than_26_letters_also: Page | None = aristaproto.field(
        18, aristaproto.TYPE_MESSAGE, "Page"
    )
    time: datetime.datetime | None = aristaproto.field(
        19, aristaproto.TYPE_MESSAGE, f"{WKT}Timestamp"
    )
    span: datetime.timedelta | None = aristaproto.field(
        20, aristaproto.TYPE_MESSAGE, f"{WKT}Duration"
    )
    wrapped: int | None = aristaproto.field(21, aristaproto.TYPE_MESSAGE, f"{WKT}Int64Value")
    wrappeds: list[str] = aristaproto.field(
        22, aristaproto.TYPE_MESSAGE, f"{WKT}StringValue", repeated=True
    )
    struct: wkt.Struct | None = aristaproto.field(23, aristaproto.TYPE_MESSAGE, f"{WKT}Struct")
    anything: wkt.Any | None = aristaproto.field(24, aristaproto.TYPE_MESSAGE, f"{WKT}Any")
    octets: bytes = aristaproto.field(25, aristaproto.TYPE_BYTES)
    maybe: int | None = aristaproto.field(26, aristaproto.TYPE_INT32, optional=True)
    closed: list[Closed] = aristaproto.field(27, aristaproto.TYPE_ENUM, "Closed", repeated=True)
    names_of_more_than_26_letters: list[int] = aristaproto.field(
        28, aristaproto.TYPE_INT32, repeated=True
    )


POOL = aristaproto.MessagePool()
POOL.register("writing", {"Page": Page, "Shade": Shade, "Closed": Closed})

EDGE = 1 << 16
"""Bytes that are written in one piece, more or less."""

AROUND = [-140, -66, -65, -64, -63, *range(-36, 4), 63, 64, 65, 140]


def check(message: aristaproto.Message) -> str:
    text = plain_to_json(message)
    assert message.to_json() == text
    snake = plain_to_json(message, casing=aristaproto.Casing.SNAKE)
    assert message.to_json(casing=aristaproto.Casing.SNAKE) == snake
    # What the outer message is not written as a whole for does not change what is in it.
    indented = plain_to_json(message, indent=2)
    assert message.to_json(indent=2) == indented
    assert json.loads(indented) == json.loads(text)
    # The next one is written where this one was.
    assert Page(small=5).to_json() == '{"small": 5}'
    return text


@pytest.mark.parametrize("pieces", [1, 2, 20])
@pytest.mark.parametrize("more", AROUND)
def test_lengths_around_those_of_a_piece(more: int, pieces: int) -> None:
    check(Page(number=1, text="x" * (pieces * EDGE + more)))
    if pieces < 3:
        text = "y" * (pieces * EDGE - 1000 + more)
        check(
            Page(number=3, text=text, pages=[Page(number=n, small=n) for n in range(40)], small=1)
        )
        check(Page(text=text, longs=[10**n for n in range(20)] * 4, page=Page(text="z" * 30)))
        check(Page(text=text, by_text={str(n): Page() for n in range(100)}))
        check(Page(text=text, texts=["ß" * (n % 40) for n in range(100)], octets=b"x" * 300))


ODD = [
    '"',
    "\\",
    "\x00",
    "\x1f",
    "\x7f",
    "\x80",
    "\n",
    "ÿ",
    "Ā",
    "\ud7ff",
    "\ue000",
    "\uffff",
    "😀",
]


@pytest.mark.parametrize("odd", ODD)
def test_every_place_of_an_odd_letter(odd: str) -> None:
    for length in [*range(50), 63, 64, 65, 100]:
        for place in range(length):
            text = "ab " * 40
            text = text[:place] + odd + text[place : length - 1]
            message = Page(text=text, texts=[text, "plain"], by_long={1: text}, struct=None)
            assert message.to_json() == plain_to_json(message)
            # A key is put like a value.
            message = Page(by_text={text: Page()})
            assert message.to_json() == plain_to_json(message)


@pytest.mark.parametrize("surrogate", [0xD800, 0xDBFF, 0xDC00, 0xDFFF])
@pytest.mark.parametrize("length", [1, 8, 30, 31, 45, 80])
def test_lone_surrogates(surrogate: int, length: int) -> None:
    for rest in ("x", "😀"):
        for place in range(length):
            message = Page(text=rest * place + chr(surrogate) + rest * (length - place - 1))
            with pytest.raises(aristaproto.JsonError):
                message.to_json()
    assert Page(text="😀").to_json() == '{"text": "\\ud83d\\ude00"}'


LIMITS = sorted(
    {10**n + more for n in range(20) for more in (-1, 0, 1)}
    | {2**n + more for n in range(64) for more in (-1, 0, 1)}
)


def test_numbers_of_all_lengths() -> None:
    longs = [number for number in LIMITS if number < 2**64]
    shorts = [number for number in LIMITS if number < 2**31]
    for numbers in (longs, longs[::-1], [0] * 40 + longs):
        assert Page(longs=numbers).to_dict()["longs"] == [str(number) for number in numbers]
        check(Page(longs=numbers))
    for numbers in (shorts, [-number for number in shorts], [7] * 16 + shorts[::-1]):
        assert json.loads(check(Page(shorts=numbers))) == {"shorts": numbers}
    for number in longs:
        for signed in {number, -number}:
            if -(2**63) <= signed < 2**63:
                wanted = {"number": str(signed)} if signed else {}
                assert json.loads(Page(number=signed).to_json()) == wanted
                assert json.loads(Page(by_long={signed: ""}).to_json()) == {
                    "byLong": {str(signed): ""}
                }


@pytest.mark.parametrize("odd", [None, 2**64, -1, "1", 1.0])
@pytest.mark.parametrize("place", [0, 15, 16, 30])
def test_elements_that_are_no_numbers(place: int, odd: Any) -> None:
    numbers: list[Any] = [*range(31)]
    numbers[place] = odd
    with pytest.raises(aristaproto.JsonError, match="longs"):
        Page(page=Page(longs=numbers), number=1).to_json()
    # A bool is an int.
    numbers[place] = True
    check(Page(longs=numbers))


def test_floats() -> None:
    numbers = [0.0, -0.0, 1.0, -1.5, 0.1, 1e-4, 9e-5, 1e12, 1e15, 1e16, 1e22, 5e-324, 1.7e308]
    numbers += [float("inf"), float("-inf"), float("nan"), 123456.7, 1234567.5, 0.333251953125]
    check(Page(doubles=numbers))
    check(Page(floats=[number for number in numbers if number < 1e38]))


@pytest.mark.parametrize("shade", [*Shade, Shade(7), Shade(-5), Shade(300)])
def test_members_of_enums(shade: Shade) -> None:
    check(Page(shades=[shade, Shade.NONE, shade], by_truth={True: shade, False: Shade.DARK}))


def test_members_of_closed_enums() -> None:
    assert check(Page(closed=[Closed.ONE, Closed.NONE])) == '{"closed": ["ONE", "NONE"]}'


def test_long_names() -> None:
    inner = Page(
        a_name_of_more_than_26_letters_x=-1,
        a_name_of_more_than_26_letters_too="text",
        names_of_more_than_26_letters=[1],
    )
    text = check(Page(a_name_of_more_than_26_letters_also=inner))
    assert '"aNameOfMoreThan26LettersToo": "text"' in text


class Wordy(aristaproto.Message):
    first: int = aristaproto.field(1, aristaproto.TYPE_INT64, json_name="x" * 70_000)
    last: int = aristaproto.field(2, aristaproto.TYPE_INT64)


def test_a_name_longer_than_a_piece() -> None:
    for message in (Wordy(first=1), Wordy(first=1, last=2), Wordy(last=2)):
        check(message)


def test_times_and_wrappers() -> None:
    utc = datetime.timezone.utc
    for time in (
        datetime.datetime(1, 1, 1, tzinfo=utc),
        datetime.datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=utc),
        datetime.datetime(2024, 2, 29, 12, 30, 0, 120_000, tzinfo=utc),
        datetime.datetime(9999, 12, 31, 23, 59, 59, 100, tzinfo=utc),
    ):
        for span in (
            datetime.timedelta(),
            datetime.timedelta(microseconds=-1),
            datetime.timedelta(seconds=-100, microseconds=5000),
            datetime.timedelta(days=3_652_500),
        ):
            check(Page(time=time, span=span, wrapped=-(2**63), wrappeds=["", "ß"]))


def test_structs_and_what_any_holds() -> None:
    value: dict[str, Any] = {
        "a": 1.5,
        "b": None,
        "c": [True, "x", {}, []],
        "d": {"e": {"f": -3.0}},
        "g": 2.0**60,
    }
    struct = wkt.Struct.from_dict(value)
    assert json.loads(check(Page(struct=struct))) == {"struct": value}
    check(Page(struct=wkt.Struct(), pages=[Page(struct=struct)]))
    inner = Page(number=1, pages=[Page(text="x" * 300, page=Page(small=1))])
    text = check(Page(anything=wkt.Any.pack(inner), page=inner, text="behind"))
    assert text.count('"number": "1"') == 2
    with pytest.raises(aristaproto.JsonError):
        Page(struct=wkt.Struct.from_dict({"a": float("nan")})).to_json()


@pytest.mark.parametrize("count", [1, 3, 300])
def test_messages_that_were_not_read(count: int) -> None:
    # Long enough to be left for later, at all levels.
    inner = Page(text="x" * 300, page=Page(text="y" * 300, pages=[Page(number=1)]))
    message = Page(pages=[inner] * count, by_text={str(n): inner for n in range(count)}, page=inner)
    expected = plain_to_json(message)
    wire = bytes(message)
    for _ in range(40):
        assert Page.parse(wire).to_json() == expected
    read = Page.parse(wire)
    assert read.pages[0].page is not None
    assert read.pages[0].page.text == "y" * 300
    assert read.to_json() == expected
    # Written in another way, it is read as well.
    assert json.loads(Page.parse(wire).to_json(indent=1)) == json.loads(expected)


@pytest.mark.parametrize("count", [1, 255, 256, 300])
def test_long_lists_of_messages(count: int) -> None:
    messages = [
        Page(
            number=n,
            by_long=dict.fromkeys(range(n % 20), "v"),
            page=Page(text="x" * (n % 50)),
            pages=[Page(small=1)] * (n % 3),
            texts=["t"] * (n % 5),
        )
        for n in range(count)
    ]
    check(Page(pages=messages, by_text={"k": Page(pages=messages)}))


@pytest.mark.parametrize("removed", [{0}, {5}, {9}, {0, 2, 4, 6, 8}, {*range(10)}])
def test_maps_with_keys_removed(removed: set[int]) -> None:
    texts = {n: f"v{n}" for n in range(10)}
    for key in removed:
        del texts[key]
    check(Page(by_long=texts, pages=[Page(by_long=texts)]))


@pytest.mark.parametrize("levels", [5, 63, 64, 65, 66, 90, 99])
def test_deep_messages(levels: int) -> None:
    message = Page(number=levels)
    for number in range(levels):
        message = Page(number=number, page=message, texts=["x"])
    check(message)
    with aristaproto.limits(depth=levels):
        assert message.to_json()
    with aristaproto.limits(depth=levels - 1), pytest.raises(aristaproto.JsonError):
        message.to_json()


class Sub(Page):
    """Of a class below the field's."""


def test_messages_of_classes_below() -> None:
    message = Page(pages=[Page(number=1), Sub(number=2, page=Page()), Page(number=3)])
    for _ in range(40):
        check(message)
    check(Page(pages=[Page(number=1)]))
