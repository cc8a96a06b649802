"""Wire bytes of many lengths: what is written in one piece is written in several from some length on."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import aristaproto
import pytest
from aristaproto import binary, wkt


class Long(aristaproto.Message):
    number: int = aristaproto.field(1, aristaproto.TYPE_UINT64)
    numbers: list[int] = aristaproto.field(2, aristaproto.TYPE_INT64, repeated=True)
    doubles: list[float] = aristaproto.field(3, aristaproto.TYPE_DOUBLE, repeated=True)
    longs: list[Long] = aristaproto.field(4, aristaproto.TYPE_MESSAGE, "Long", repeated=True)
    texts: dict[int, str] = aristaproto.map_field(
        5, aristaproto.TYPE_UINT32, aristaproto.TYPE_STRING
    )
    text: str = aristaproto.field(6, aristaproto.TYPE_STRING)


EDGE = 1 << 16
"""Bytes that are written in one piece, more or less."""

AROUND = [-140, -66, -65, -64, -63, *range(-12, 4), 63, 64, 65, 140]


def check(message: aristaproto.Message) -> None:
    expected = binary.encode(message)
    assert bytes(message) == expected
    assert aristaproto.byte_size(message) == len(expected)
    # The next one is written where this one was.
    assert bytes(Long(number=5)) == b"\x08\x05"


@pytest.mark.parametrize("pieces", [1, 2])
@pytest.mark.parametrize("more", AROUND)
def test_strings(more: int, pieces: int) -> None:
    text = "x" * (pieces * EDGE + more)
    check(Long(number=1, text=text))
    check(Long(number=1, longs=[Long(text=text), Long(number=2)], text="y" * 40))


@pytest.mark.parametrize("more", AROUND)
def test_small_values(more: int) -> None:
    end = "y" * (EDGE - 5000 + more)
    check(Long(numbers=[*range(3000)], text=end))
    check(Long(doubles=[1.5] * 1000, text=end))
    check(
        Long(longs=[Long(number=n, numbers=[n] * 9, text="z" * 20) for n in range(200)], text=end)
    )
    check(Long(texts={n: "z" * (n % 40) for n in range(300)}, text=end))


@pytest.mark.parametrize("odd", [0, -1, True, 2**30 - 1, 2**30, 2**60, -(2**63), 2**63 - 1])
@pytest.mark.parametrize("length", [1, 15, 16, 17, 18, 40])
def test_lists_of_ints(length: int, odd: int) -> None:
    # The first 16 say how the others are written.
    for place in {0, 1, 14, 15, 16, length - 1} & {*range(length)}:
        numbers = [*range(length)]
        numbers[place] = odd
        check(Long(numbers=numbers, longs=[Long(numbers=[odd]), Long(numbers=numbers)]))


@pytest.mark.parametrize("length", [1, 2, 5, 17, 300])
def test_maps_with_keys_removed(length: int) -> None:
    whole = {n: "z" * (n % 7) for n in range(length)}
    for removed in ({0}, {length - 1}, {length // 2}, {*range(0, length, 2)}, {*range(length)}):
        texts = dict(whole)
        for key in removed:
            del texts[key]
        check(Long(texts=texts, longs=[Long(texts=texts)]))
        texts[7] = "again"
        check(Long(texts=texts))


@pytest.mark.parametrize("odd", ["nothing", "unread", "kind", "last"])
def test_long_lists_of_messages(odd: str) -> None:
    # What comes later in them is looked at before it is met, and may be of any kind.
    class Other(Long):
        pass

    def one(index: int) -> Long:
        texts = {key: f"text {key}" for key in range(index % 20)}
        if index % 3 == 0:
            texts.pop(index % 20 // 2, None)
        below = [Long(number=n, texts={n: "x" * n}) for n in range(index % 4)]
        return Long(number=index, numbers=[*range(index % 30)], longs=below, texts=texts)

    longs = [one(index) for index in range(300)]
    if odd == "unread":
        longs[::3] = [Long.parse(binary.encode(it)) for it in longs[::3]]
    elif odd == "kind":
        longs[::7] = [Other(number=1)] * len(longs[::7])
    elif odd == "last":
        longs[-1].number = 0
        longs[0] = Long()
    message = Long(longs=longs)
    check(message)
    read = Long.parse(binary.encode(message))
    assert read == message or odd == "kind"
    assert message == copy.deepcopy(message)
    read.longs[297].texts[5] = "changed"
    assert read != message
    assert message != read


class Index:
    """No int, but what an int field takes."""

    def __index__(self) -> int:
        return 300


@pytest.mark.parametrize("length", [10, 20_000, 70_000, 150_000])
def test_what_is_taken_back(length: int) -> None:
    odd: Any = Index()
    numbers = [odd, *range(length)]
    for end in ("", "y" * 1000, "y" * EDGE):
        check(Long(numbers=numbers, text=end))
        check(
            Long(number=1, longs=[Long(number=2), Long(numbers=numbers), Long(text=end)], text=end)
        )
        message = Long(longs=[Long(text="a"), Long(numbers=[2**63, *numbers])], text=end)
        with pytest.raises(aristaproto.EncodeError, match=r"longs\[1\]\.numbers\[0\]"):
            bytes(message)
        check(Long(number=1))


class Closed(aristaproto.Enum, closed=True):
    ZERO = 0
    RED = 1
    LAST = 255
    FAR = 300
    HUGE = 2**31 - 1
    NEGATIVE = -1
    LEAST = -(2**31)


class Open(aristaproto.Enum):
    ZERO = 0
    FAR = 1000
    NEGATIVE = -7


def paint() -> Any:
    """A class of its own: for one for which the codec's quick way was often in vain, it is not tried again."""

    class Paint(aristaproto.Message, extendable=True):
        closed: Closed | None = aristaproto.field(1, aristaproto.TYPE_ENUM, Closed, optional=True)
        packed: list[Closed] = aristaproto.field(2, aristaproto.TYPE_ENUM, Closed, repeated=True)
        loose: list[Closed] = aristaproto.field(
            3, aristaproto.TYPE_ENUM, Closed, repeated=True, packed=False
        )
        open: Open = aristaproto.field(4, aristaproto.TYPE_ENUM, Open)
        opens: list[Open] = aristaproto.field(5, aristaproto.TYPE_ENUM, Open, repeated=True)
        below: list[Paint] = aristaproto.field(
            6, aristaproto.TYPE_MESSAGE, lambda: Paint, repeated=True
        )

    return Paint


def check_copy(message: Any) -> None:
    check(message)
    copied = copy.deepcopy(message)
    assert copied == message
    assert repr(copied) == repr(message)
    assert bytes(copied) == bytes(message)


@pytest.mark.parametrize("member", list(Closed))
def test_members_of_closed_enums(member: Closed) -> None:
    Paint = paint()
    for message in (
        Paint(closed=member),
        Paint(packed=[member] * 3),
        Paint(loose=[member, Closed.RED]),
        Paint(below=[Paint(packed=[*Closed], closed=member), Paint(loose=[member])]),
    ):
        check_copy(message)


@pytest.mark.parametrize("member", [*Open, Open(5), Open(-3)])
def test_members_of_open_enums(member: Open) -> None:
    Paint = paint()
    check_copy(Paint(open=member, below=[Paint(opens=[member, Open.FAR]), Paint(open=member)]))


@pytest.mark.parametrize("number", [2, 256, 301, -2, 2**31 - 2, 2**31])
def test_numbers_that_are_no_members(number: int) -> None:
    Paint = paint()
    odd: Any = number
    for wrong, path in (
        (Paint(closed=odd), "closed"),
        (Paint(packed=[Closed.RED, odd]), r"packed\[1\]"),
        (Paint(below=[Paint(loose=[odd])]), r"below\[0\]\.loose\[0\]"),
    ):
        with pytest.raises(aristaproto.EncodeError, match=path):
            bytes(wrong)


@pytest.mark.parametrize("field", ["packed", "loose", "opens"])
def test_numbers_of_members(field: str) -> None:
    Paint = paint()
    # Nobody else holds what is inside: the copy may be postponed.
    message = Paint(below=[Paint()])
    getattr(message.below[0], field).append(1000 if field == "opens" else 300)
    check(message)
    # Somebody's ints stay what they are.
    copied = copy.deepcopy(message)
    assert type(getattr(copied.below[0], field)[0]) is int


@pytest.mark.parametrize("extended", range(4))
def test_extensions_below(extended: int) -> None:
    Paint = paint()
    coats: Any = aristaproto.extension("pkg.coats", "pkg.Paint", 100, aristaproto.TYPE_INT32)
    aristaproto.MessagePool().register("pkg", {"Paint": Paint, "coats": coats})
    below = [Paint(closed=Closed.RED) for _ in range(40)]
    for message in below[:extended]:
        aristaproto.extensions(message)[coats] = 3
    check_copy(Paint(below=below))
    # Nothing is left of it.
    for message in below:
        aristaproto.extensions(message)[coats] = 3
        del aristaproto.extensions(message)[coats]
    check_copy(Paint(below=below))


def merged(source: Long) -> Long:
    into = Long()
    aristaproto.merge(into, source)
    return into


def merged_by_mask(source: Long) -> Long:
    into = Long()
    wkt.FieldMask.all_fields(Long).merge(source, into)
    return into


@pytest.mark.parametrize(
    "use",
    [
        bytes,
        aristaproto.byte_size,
        Long.to_dict,
        Long.to_json,
        Long.to_text,
        merged,
        merged_by_mask,
    ],
)
def test_iterators_are_not_lost(use: Callable[[Long], object]) -> None:
    """What an iterator gives is kept by all that reads it."""
    given: Any = Long()
    given.numbers = iter([1, 2])
    given.longs = (Long(number=number) for number in [3])
    expected = Long(numbers=[1, 2], longs=[Long(number=3)])
    assert use(given) == use(expected)
    assert given.numbers == [1, 2]
    assert given == expected
