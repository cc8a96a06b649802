"""Wire bytes of many lengths: what is written in one piece is written in several from some length on."""

from __future__ import annotations

from typing import Any

import aristaproto
import pytest
from aristaproto import binary


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


def check(message: Long) -> None:
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
