"""Arithmetic with times and durations to the nanosecond: plain integers of nanoseconds are the judge."""

from __future__ import annotations

import copy
import datetime
import operator
import pickle
from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from aristaproto.nano_datetime import NanoDatetime, NanoTimedelta
from aristaproto.wkt import Duration, Timestamp

UTC = datetime.timezone.utc
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=UTC)
COMPARISONS: tuple[Any, ...] = (
    operator.lt,
    operator.le,
    operator.gt,
    operator.ge,
    operator.eq,
    operator.ne,
)
OPERATIONS: tuple[Callable[[Any, Any], Any], ...] = (
    lambda a, b: a / b,
    lambda a, b: a // b,
    operator.mod,
    divmod,
    lambda a, b: a * b,
)


def some_nanoseconds(random: Random) -> int:
    size = random.choice((10, 1000, 10**9, 10**15, 10**18))
    value = random.randrange(-size, size)
    # Half of them without a part below the microsecond.
    return value if random.random() < 0.5 else value // 1000 * 1000


def span(nanoseconds: int, random: Random) -> Any:
    kinds: list[timedelta] = [NanoTimedelta.from_nanoseconds(nanoseconds)]
    if nanoseconds % 1000 == 0:
        kinds.append(timedelta(microseconds=nanoseconds // 1000))
    return random.choice(kinds)


def moment(nanoseconds: int, random: Random) -> Any:
    zone = random.choice((UTC, datetime.timezone(timedelta(hours=5, minutes=30))))
    seconds, nanos = divmod(nanoseconds, 10**9)
    kinds: list[datetime.datetime] = [NanoDatetime.from_timestamp(seconds, nanos).astimezone(zone)]
    if nanoseconds % 1000 == 0:
        kinds.append((EPOCH + timedelta(microseconds=nanoseconds // 1000)).astimezone(zone))
    return random.choice(kinds)


def of(value: Any) -> int:
    """The nanoseconds of a span or a moment."""
    if isinstance(value, datetime.datetime):
        seconds, nanos = NanoDatetime.to_timestamp(value)
        return seconds * 10**9 + nanos
    if isinstance(value, (Duration, Timestamp)):
        return value.seconds * 10**9 + value.nanos
    remainder = value.nanosecond_remainder if isinstance(value, NanoTimedelta) else 0
    seconds = value.days * 86400 + value.seconds
    return int((seconds * 10**6 + value.microseconds) * 1000 + remainder)


@pytest.mark.parametrize("seed", range(5))
def test_spans(seed: int) -> None:
    random = Random(seed)
    for _ in range(400):
        a, b = some_nanoseconds(random), some_nanoseconds(random)
        one, other = span(a, random), span(b, random)
        assert of(one) == a
        assert of(one + other) == a + b
        assert of(one - other) == a - b
        assert (of(-one), of(+one), of(abs(one))) == (-a, a, abs(a))
        assert bool(one) == bool(a)
        for compare in COMPARISONS:
            assert compare(one, other) == compare(a, b)
            assert compare(one, span(a, random)) == compare(a, a)
        assert hash(one) == hash(span(a, random))
        if isinstance(one, NanoTimedelta) or isinstance(other, NanoTimedelta):
            if b:
                assert one / other == a / b
                assert one // other == a // b
                assert of(one % other) == a % b
                quotient, rest = divmod(one, other)
                assert (quotient, of(rest)) == divmod(a, b)
            else:
                for divide in OPERATIONS[:4]:
                    with pytest.raises(ZeroDivisionError):
                        divide(one, other)
        factor = random.choice((-3, 2, 7, True))
        nano = NanoTimedelta.from_nanoseconds(a // 8)
        assert of(nano * factor) == of(factor * nano) == a // 8 * factor
        assert of(nano // factor) == a // 8 // factor
        assert nano.total_seconds() == (a // 8) / 10**9
        for copied in (copy.deepcopy(nano), pickle.loads(pickle.dumps(nano))):
            assert copied == nano


def test_rounding() -> None:
    def nano(value: int) -> Any:
        return NanoTimedelta.from_nanoseconds(value)

    # Half to even, as `timedelta` rounds its microseconds.
    for value in range(-9, 10):
        for divisor in (2, -2, 3, 4, 2.0, -0.5, 1.5):
            expected = timedelta(microseconds=value) / divisor
            assert of(nano(value) / divisor) == expected // timedelta(microseconds=1), (
                value,
                divisor,
            )
            product = timedelta(microseconds=value) * divisor
            assert of(nano(value) * divisor) == product // timedelta(microseconds=1)
    for wrong in (float("nan"), float("inf")):
        with pytest.raises((ValueError, OverflowError)):
            _ = nano(1) * wrong
    for divide in OPERATIONS[:2]:
        with pytest.raises(ZeroDivisionError):
            divide(nano(1), 0)
    for operation in OPERATIONS:
        with pytest.raises(TypeError):
            operation(nano(1), "text")
        with pytest.raises(TypeError):
            operation([], nano(1))
        if operation is not OPERATIONS[-1]:
            with pytest.raises(TypeError):
                operation(5, nano(1))
    with pytest.raises(OverflowError):
        _ = NanoTimedelta.from_nanoseconds(10**18) * 10**6


@pytest.mark.parametrize("seed", range(5))
def test_moments(seed: int) -> None:
    random = Random(seed)
    for _ in range(400):
        a, b, c = (some_nanoseconds(random) for _ in range(3))
        one, other, delta = moment(a, random), moment(b, random), span(c, random)
        assert of(one) == a
        assert of(one - other) == a - b
        for compare in COMPARISONS:
            assert compare(one, other) == compare(a, b)
            assert compare(one, moment(a, random)) == compare(a, a)
        assert hash(one) == hash(moment(a, random))
        exact = NanoDatetime.from_datetime(one, a % 1000)
        assert of(exact + delta) == of(delta + exact) == a + c
        assert of(exact - delta) == a - c


@pytest.mark.parametrize("seed", range(5))
def test_messages(seed: int) -> None:
    random = Random(seed)
    for _ in range(300):
        a, b = some_nanoseconds(random), some_nanoseconds(random)
        one, other = Duration.from_timedelta(span(a, random)), span(b, random)
        for second in (other, Duration.from_timedelta(other)):
            assert one + second == second + one == Duration.from_timedelta(span(a + b, random))
            assert one - second == Duration.from_timedelta(span(a - b, random))
            assert of(second - one) == b - a
            for compare in COMPARISONS[:4]:
                assert compare(one, second) == compare(a, b)
                assert compare(second, one) == compare(b, a)
        assert (of(-one), of(abs(one))) == (-a, abs(a))
        nano = NanoTimedelta.from_nanoseconds(a // 8)
        part = Duration.from_timedelta(nano)
        factor = random.choice((-3, 2, True, 0.5, -0.1, 1e-3, 1.25))
        assert of(part * factor) == of(factor * part) == of(nano * factor)
        assert of(part / factor) == of(nano / factor) or abs(factor) < 0.5
        if b:
            assert one / other == one / Duration.from_timedelta(other) == a / b
        if a:
            assert Duration.from_timedelta(other) / one == other / one == b / a
        start = Timestamp.from_datetime(moment(b, random))
        for length in (one, one.to_timedelta()):
            assert of(start + length) == of(length + start) == a + b
            assert of(start - length) == b - a
            assert isinstance(start + length, Timestamp)
        for end in (moment(a, random), Timestamp.from_datetime(moment(a, random))):
            assert of(end - start) == a - b
            assert start - end == Duration.from_timedelta(span(b - a, random))
            for compare in COMPARISONS[:4]:
                assert compare(start, end) == compare(b, a)
                assert compare(end, start) == compare(a, b)
        assert start == Timestamp.parse(bytes(start))
        unlike: Any = one
        assert start != unlike


def test_what_messages_refuse() -> None:
    start: Any = Timestamp(5)
    length: Any = Duration(5)
    values: tuple[Any, ...] = (5, "text", None)
    for value in values:
        for operation in (operator.add, operator.sub, operator.lt, operator.ge):
            for message in (start, length):
                with pytest.raises(TypeError):
                    operation(message, value)
                with pytest.raises(TypeError):
                    operation(value, message)
    with pytest.raises(TypeError):
        operator.add(start, start)
    with pytest.raises(TypeError):
        operator.sub(length, start)
    with pytest.raises(TypeError):
        operator.lt(length, start)
    with pytest.raises(ValueError, match="time zone"):
        _ = start - datetime.datetime(2020, 1, 1)
    with pytest.raises(ValueError, match="seconds"):
        _ = Duration(315_576_000_000) + timedelta(microseconds=1_000_000)
    with pytest.raises(ValueError, match="seconds"):
        _ = Duration(315_576_000_000) * 1.1
    with pytest.raises(ZeroDivisionError):
        _ = length / 0
    with pytest.raises(ZeroDivisionError):
        _ = length / timedelta(0)
    for value in ("text", None, start):
        with pytest.raises(TypeError):
            _ = length * value
        with pytest.raises(TypeError):
            _ = length / value
        with pytest.raises(TypeError):
            _ = value / length
    with pytest.raises(TypeError):
        _ = 5 / length
    with pytest.raises(ValueError, match="year"):
        _ = Timestamp(253402300799) + timedelta(days=1)
    with pytest.raises(TypeError, match="unhashable"):
        hash(start)
