"""Times and durations with nanoseconds: values, text, comparison, arithmetic, copies."""

from __future__ import annotations

import copy
import datetime
import pickle
from zoneinfo import ZoneInfo

import pytest
from aristaproto.nano_datetime import (
    NanoDatetime,
    NanoTimedelta,
    datetime_to_parts,
    parts_to_datetime,
    parts_to_timedelta,
    timedelta_to_parts,
)
from aristaproto.times.rfc3339 import parse_iso8601, parse_rfc3339
from hypothesis import given
from hypothesis import strategies as st

UTC = datetime.timezone.utc
SECONDS = st.integers(-62135596800, 253402300799)
NANOS = st.integers(0, 999_999_999)
ALL_NANOSECONDS = st.integers(-315_576_000_000 * 10**9, 315_576_000_000 * 10**9)


def utc(*parts: int) -> datetime.datetime:
    return datetime.datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]


# Every form that must be understood, with the time that it names.
ISO_8601 = {
    "2009": utc(2009, 1, 1),
    "2009-05": utc(2009, 5, 1),
    "2009-05-19": utc(2009, 5, 19),
    "20090519": utc(2009, 5, 19),
    "2009123": utc(2009, 5, 3),
    "2009-123": utc(2009, 5, 3),
    "2009-001": utc(2009, 1, 1),
    "2009-222": utc(2009, 8, 10),
    "2012-366": utc(2012, 12, 31),
    "2009-W01-1": utc(2008, 12, 29),
    "2009-W51-1": utc(2009, 12, 14),
    "2009-W33": utc(2009, 8, 10),
    "2009W511": utc(2009, 12, 14),
    "2009W51": utc(2009, 12, 14),
    "2009-W21-2": utc(2009, 5, 19),
    "2009-W21-2T01:22": utc(2009, 5, 19, 1, 22),
    "2009-139": utc(2009, 5, 19),
    "2009-05-19 00:00": utc(2009, 5, 19),
    "2009-05-19 14": utc(2009, 5, 19, 14),
    "2009-05-19 14:31": utc(2009, 5, 19, 14, 31),
    "2009-05-19 14:39:22": utc(2009, 5, 19, 14, 39, 22),
    "2009-05-19 143922": utc(2009, 5, 19, 14, 39, 22),
    "2009-05-19 1439": utc(2009, 5, 19, 14, 39),
    "2009-12-12T12:34": utc(2009, 12, 12, 12, 34),
    "2009-05-19T14:39Z": utc(2009, 5, 19, 14, 39),
    "2009-05-19 14:39:22-06:00": utc(2009, 5, 19, 20, 39, 22),
    "2009-05-19 14:39:22+0600": utc(2009, 5, 19, 8, 39, 22),
    "2009-05-19 14:39:22-01": utc(2009, 5, 19, 15, 39, 22),
    "20090621T0545Z": utc(2009, 6, 21, 5, 45),
    "2007-04-06T00:00": utc(2007, 4, 6),
    "2007-04-05T24:00": utc(2007, 4, 6),
    "2010-02-18T16:23:48.5": utc(2010, 2, 18, 16, 23, 48, 500_000),
    "2010-02-18T16:23:48,444": utc(2010, 2, 18, 16, 23, 48, 444_000),
    "2010-02-18T16:23:48,3-06:00": utc(2010, 2, 18, 22, 23, 48, 300_000),
    "2010-02-18T16:23:00.4": utc(2010, 2, 18, 16, 23, 0, 400_000),
    "2010-02-18T16:23:00,25": utc(2010, 2, 18, 16, 23, 0, 250_000),
    "2010-02-18T16:23:00.33+0600": utc(2010, 2, 18, 10, 23, 0, 330_000),
    "2010-02-18T16:00:00.23334444": NanoDatetime(
        2010, 2, 18, 16, 0, 0, 233_344, UTC, nanosecond_remainder=440
    ),
    "2010-02-18T16:00:00,2283": utc(2010, 2, 18, 16, 0, 0, 228_300),
}


@pytest.mark.parametrize(("text", "expected"), ISO_8601.items())
def test_iso_8601(text: str, expected: datetime.datetime) -> None:
    assert parts_to_datetime(*parse_iso8601(text)) == expected
    assert NanoDatetime.from_rfc3339(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "209-05-19",
        "2009-13-01",
        "2009-02-30",
        "2009-366",
        "2009-000",
        "2009-W54-1",
        "2009-W21-8",
        "2009-05-19T25:00",
        "2009-05-19T24:01",
        "2009-05-19T12:60",
        "2009-05-19T12:00:60",
        "2009-05-19T12:00:00.1234567890",
        "2009-05-19T12:00:00+24:00",
        "2009-05-19T12:00:00+",
        "2009-05-19T12:00:00Zx",
        "0000-01-01",
        "9999-12-31T24:00",
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
        "２００９-05-19",
        "2009-05-19\n",
    ],
)
def test_no_time(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        parse_iso8601(text)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("1970-01-01T00:00:00Z", (0, 0)),
        ("1970-01-01T00:00:00.1Z", (0, 100_000_000)),
        ("1970-01-01T00:00:00.123456789Z", (0, 123_456_789)),
        ("1969-12-31T23:59:59.999999999Z", (-1, 999_999_999)),
        ("0001-01-01T00:00:00Z", (-62135596800, 0)),
        ("9999-12-31T23:59:59.999999999Z", (253402300799, 999_999_999)),
        ("1993-02-10T00:00:00.000-08:00", (729331200, 0)),
        ("1993-02-10T00:00:00+05:30", (729282600, 0)),
    ],
)
def test_rfc_3339(text: str, parts: tuple[int, int]) -> None:
    assert parse_rfc3339(text) == parts
    assert parse_iso8601(text) == parts


@pytest.mark.parametrize(
    "text",
    [
        "0001-01-01T00:00:00",
        "0001-01-01 00:00:00Z",
        "0001-01-01T00:00:00z",
        "0001-01-01t00:00:00Z",
        "1970-01-01T24:00:00Z",
        "1970-01-01T00:00Z",
        "1970-01-01T00:00:00,5Z",
        "1970-01-01T00:00:00.Z",
        "1970-01-01T00:00:00+0100",
        "10000-01-01T00:00:00Z",
        "0000-01-01T00:00:00Z",
    ],
)
def test_not_rfc_3339(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        parse_rfc3339(text)


@given(SECONDS, NANOS)
def test_parts_round_trip(seconds: int, nanos: int) -> None:
    moment = parts_to_datetime(seconds, nanos)
    assert datetime_to_parts(moment) == (seconds, nanos)
    assert isinstance(moment, NanoDatetime) == bool(nanos % 1000)
    text = NanoDatetime.to_json(moment)
    assert parse_rfc3339(text) == (seconds, nanos)
    # The fraction has 0, 3, 6 or 9 digits, and three fewer would not do.
    digits = len(text.partition(".")[2].rstrip("Z"))
    assert digits in (0, 3, 6, 9)
    assert digits == 0 or nanos % 10 ** (12 - digits)


@pytest.mark.parametrize(
    ("nanos", "text"),
    [
        (0, "1970-01-01T00:00:01Z"),
        (500_000_000, "1970-01-01T00:00:01.500Z"),
        (10_000, "1970-01-01T00:00:01.000010Z"),
        (1, "1970-01-01T00:00:01.000000001Z"),
    ],
)
def test_fewest_digits(nanos: int, text: str) -> None:
    assert NanoDatetime.to_json(parts_to_datetime(1, nanos)) == text


def test_offsets_are_exact() -> None:
    assert datetime_to_parts(datetime.datetime.min.replace(tzinfo=UTC)) == (-62135596800, 0)
    east = datetime.timezone(datetime.timedelta(hours=5, minutes=30))
    moment = datetime.datetime(2242, 12, 31, 23, 0, 0, 1, east)
    assert datetime_to_parts(moment) == (8615007000, 1000)
    with pytest.raises(ValueError, match="years 1 to 9999"):
        datetime_to_parts(datetime.datetime.min.replace(tzinfo=east))
    with pytest.raises(ValueError, match="time zone"):
        datetime_to_parts(datetime.datetime(2020, 1, 1))


class TestNanoDatetime:
    plain = datetime.datetime(2020, 1, 2, 3, 4, 5, 123_456, UTC)
    nano = NanoDatetime(2020, 1, 2, 3, 4, 5, 123_456, UTC, nanosecond_remainder=789)

    @pytest.mark.parametrize("remainder", [-1, 1000, 1.5, None, True])
    def test_remainder_range(self, remainder: int) -> None:
        with pytest.raises(ValueError, match="nanosecond_remainder"):
            NanoDatetime(2020, 1, 1, nanosecond_remainder=remainder)

    def test_properties(self) -> None:
        assert self.nano.nanosecond_remainder == 789
        assert self.nano.total_nanoseconds == 123_456_789
        assert repr(self.nano).endswith("nanosecond_remainder=789)")
        assert NanoDatetime.to_timestamp(self.nano) == (1577934245, 123_456_789)
        assert NanoDatetime.from_timestamp(1577934245, 123_456_789) == self.nano

    def test_equality(self) -> None:
        same = NanoDatetime.from_datetime(self.plain)
        assert same == self.plain
        assert self.plain == same
        assert hash(same) == hash(self.plain)
        assert self.nano != self.plain
        assert self.plain != self.nano
        assert not self.plain == self.nano  # noqa: SIM201
        assert self.nano == self.nano.astimezone(ZoneInfo("Asia/Tokyo"))
        assert hash(self.nano) == hash(self.nano.replace())
        assert self.nano != self.nano.replace(nanosecond_remainder=788)
        assert self.nano != 1

    def test_order(self) -> None:
        later = self.nano.replace(nanosecond_remainder=790)
        assert self.plain < self.nano < later
        assert later > self.nano > self.plain
        assert self.nano <= later
        assert later >= self.nano
        assert self.nano >= self.plain
        assert not self.nano < self.plain
        with pytest.raises(TypeError):
            _ = self.nano < 1  # type: ignore[operator]

    def test_replace(self) -> None:
        assert self.nano.replace(year=2021).nanosecond_remainder == 789
        assert self.nano.replace(nanosecond_remainder=1).nanosecond_remainder == 1
        assert isinstance(self.nano.replace(hour=1), NanoDatetime)
        assert self.nano.replace(tzinfo=None).tzinfo is None
        assert self.nano.replace(hour=1).tzinfo is UTC

    def test_copies_and_pickles(self) -> None:
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            restored = pickle.loads(pickle.dumps(self.nano, protocol))
            assert restored == self.nano
            assert restored.nanosecond_remainder == 789
        assert copy.copy(self.nano).nanosecond_remainder == 789
        assert copy.deepcopy([self.nano])[0].nanosecond_remainder == 789

    def test_arithmetic(self) -> None:
        day = datetime.timedelta(days=1)
        assert (self.nano + day).nanosecond_remainder == 789
        assert (day + self.nano).day == 3
        assert (self.nano - day).nanosecond_remainder == 789
        assert self.nano - self.plain == NanoTimedelta(nanosecond_remainder=789)
        assert self.plain - self.nano == -NanoTimedelta(nanosecond_remainder=789)
        assert NanoDatetime.from_datetime(self.plain) + (self.nano - self.plain) == self.nano
        assert type(self.nano - self.nano) is datetime.timedelta

    @given(SECONDS, NANOS, SECONDS, NANOS)
    def test_difference(self, a: int, b: int, c: int, d: int) -> None:
        one, other = NanoDatetime.from_timestamp(a, b), NanoDatetime.from_timestamp(c, d)
        assert other + (one - other) == one
        assert (one < other) == ((a, b) < (c, d))


class TestNanoTimedelta:
    @given(ALL_NANOSECONDS)
    def test_parts_round_trip(self, total: int) -> None:
        value = NanoTimedelta.from_nanoseconds(total)
        assert value.total_nanoseconds == total
        seconds, nanos = timedelta_to_parts(value)
        assert seconds * 10**9 + nanos == total
        assert seconds * nanos >= 0
        assert parts_to_timedelta(seconds, nanos) == value
        assert isinstance(parts_to_timedelta(seconds, nanos), NanoTimedelta) == bool(total % 1000)
        restored = pickle.loads(pickle.dumps(value))
        assert restored == value
        assert restored.total_nanoseconds == copy.deepcopy(value).total_nanoseconds == total
        assert eval(repr(value)) == value

    @given(ALL_NANOSECONDS, ALL_NANOSECONDS)
    def test_arithmetic(self, a: int, b: int) -> None:
        one, other = NanoTimedelta.from_nanoseconds(a), NanoTimedelta.from_nanoseconds(b)
        assert timedelta_to_parts(one + other) == timedelta_to_parts(
            NanoTimedelta.from_nanoseconds(a + b)
        )
        assert one - other == NanoTimedelta.from_nanoseconds(a - b)
        assert -one == NanoTimedelta.from_nanoseconds(-a)
        assert abs(one) == NanoTimedelta.from_nanoseconds(abs(a))
        assert one * 3 == 3 * one == NanoTimedelta.from_nanoseconds(a * 3)
        assert (one < other) == (a < b)
        assert (one <= other) == (a <= b)
        assert (one == other) == (a == b)
        assert bool(one) == bool(a)

    def test_with_plain(self) -> None:
        plain = datetime.timedelta(seconds=1)
        nano = NanoTimedelta(seconds=1)
        assert plain == nano
        assert hash(plain) == hash(nano)
        tick = NanoTimedelta(nanosecond_remainder=1)
        assert (plain + tick) == (tick + plain) != plain
        assert (plain - tick) + tick == plain
        assert str(plain + tick) == "0:00:01.000000001"
        assert str(nano) == str(plain)
        assert nano != "1s"
