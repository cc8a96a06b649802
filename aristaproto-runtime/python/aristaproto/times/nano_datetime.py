"""Times and durations with nanoseconds, which `datetime` and `timedelta` cut to microseconds.

Functions convert the seconds and nanoseconds of a Timestamp or a Duration to `datetime` and
`timedelta`, or to exact subclasses of them, and back. All arithmetic is on integers.
"""

from __future__ import annotations

import datetime

from ..base.errors import show
from .rfc3339 import check_timestamp, format_rfc3339, parse_iso8601

__all__ = (
    "NanoDatetime",
    "NanoTimedelta",
    "datetime_to_parts",
    "parts_to_datetime",
    "parts_to_timedelta",
    "timedelta_to_parts",
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, SupportsIndex, TypeVar

    from typing_extensions import Self

    _D = TypeVar("_D", bound="NanoDatetime")

_UTC = datetime.timezone.utc
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=_UTC)
_SECOND = 1_000_000_000  # in nanoseconds
_DAY = 86_400  # in seconds


def _check_remainder(value: int) -> int:
    # bool is refused with the other types that are no nanoseconds.
    if type(value) is not int or not 0 <= value <= 999:
        raise ValueError(
            f"nanosecond_remainder: expected an integer from 0 to 999, got {show(value)}"
        )
    return value


class NanoTimedelta(datetime.timedelta):
    """A `datetime.timedelta` that also carries the nanoseconds below its microseconds.

    A field of type google.protobuf.Duration holds one where its value has such a part, and a
    plain `timedelta` elsewhere. Arithmetic is that of `timedelta`, to the nanosecond: sums, differences, negation,
    `//`, `%` and `divmod` are exact, products and quotients with other numbers are rounded half to even. Only a sum with a
    plain `datetime` counts in microseconds, because `datetime` does it; `NanoDatetime.from_datetime(moment) + delta` is exact.

    Args:
        days, seconds, microseconds, milliseconds, minutes, hours, weeks: As for `timedelta`.
        nanosecond_remainder: 0 to 999 nanoseconds, added to the rest (for negative durations, too:
            minus one nanosecond is minus one microsecond and 999 nanoseconds).

    Raises:
        ValueError: `nanosecond_remainder` is out of range.
    """

    __slots__ = ("_nanosecond_remainder",)

    _nanosecond_remainder: int

    def __new__(
        cls,
        days: float = 0,
        seconds: float = 0,
        microseconds: float = 0,
        milliseconds: float = 0,
        minutes: float = 0,
        hours: float = 0,
        weeks: float = 0,
        *,
        nanosecond_remainder: int = 0,
    ) -> Self:
        _check_remainder(nanosecond_remainder)
        self = super().__new__(
            cls, days, seconds, microseconds, milliseconds, minutes, hours, weeks
        )
        self._nanosecond_remainder = nanosecond_remainder
        return self

    @property
    def nanosecond_remainder(self) -> int:
        """The nanoseconds below the microseconds, 0 to 999."""
        return self._nanosecond_remainder

    @property
    def total_nanoseconds(self) -> int:
        """The whole duration in nanoseconds."""
        return _nanoseconds(self)

    @staticmethod
    def from_nanoseconds(value: int) -> NanoTimedelta:
        """Return the duration of so many nanoseconds; `OverflowError` beyond `timedelta.max`."""
        microseconds, remainder = divmod(value, 1000)
        seconds, microseconds = divmod(microseconds, 1_000_000)
        return NanoTimedelta(
            seconds=seconds, microseconds=microseconds, nanosecond_remainder=remainder
        )

    def __repr__(self) -> str:
        base = super().__repr__()
        inner = base[base.index("(") + 1 : -1]
        if inner == "0":
            return f"NanoTimedelta(nanosecond_remainder={self._nanosecond_remainder})"
        return f"NanoTimedelta({inner}, nanosecond_remainder={self._nanosecond_remainder})"

    def __str__(self) -> str:
        days, seconds = divmod(_nanoseconds(self), _DAY * _SECOND)
        clock, nanos = divmod(seconds, _SECOND)
        text = f"{clock // 3600}:{clock // 60 % 60:02}:{clock % 60:02}"
        if nanos:
            text += f".{nanos:09}" if nanos % 1000 else f".{nanos // 1000:06}"
        return f"{days} day{'' if abs(days) == 1 else 's'}, {text}" if days else text

    def __reduce__(self) -> tuple[Any, ...]:
        plain = (self.days, self.seconds, self.microseconds)
        return _restore_timedelta, (plain, self._nanosecond_remainder)

    def __hash__(self) -> int:
        if not self._nanosecond_remainder:
            return super().__hash__()
        return hash((super().__hash__(), self._nanosecond_remainder))

    def __bool__(self) -> bool:
        return bool(self._nanosecond_remainder) or super().__bool__()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, datetime.timedelta):
            return NotImplemented
        return _nanoseconds(self) == _nanoseconds(other)

    def __ne__(self, other: object) -> bool:
        if not isinstance(other, datetime.timedelta):
            return NotImplemented
        return _nanoseconds(self) != _nanoseconds(other)

    def __lt__(self, other: datetime.timedelta) -> bool:
        if not _is_timedelta(other):
            return NotImplemented
        return _nanoseconds(self) < _nanoseconds(other)

    def __le__(self, other: datetime.timedelta) -> bool:
        if not _is_timedelta(other):
            return NotImplemented
        return _nanoseconds(self) <= _nanoseconds(other)

    def __gt__(self, other: datetime.timedelta) -> bool:
        if not _is_timedelta(other):
            return NotImplemented
        return _nanoseconds(self) > _nanoseconds(other)

    def __ge__(self, other: datetime.timedelta) -> bool:
        if not _is_timedelta(other):
            return NotImplemented
        return _nanoseconds(self) >= _nanoseconds(other)

    def __add__(self, other: datetime.timedelta) -> datetime.timedelta:
        if not _is_timedelta(other):
            return NotImplemented
        return NanoTimedelta.from_nanoseconds(_nanoseconds(self) + _nanoseconds(other))

    __radd__ = __add__

    def __sub__(self, other: datetime.timedelta) -> datetime.timedelta:
        if not _is_timedelta(other):
            return NotImplemented
        return NanoTimedelta.from_nanoseconds(_nanoseconds(self) - _nanoseconds(other))

    def __rsub__(self, other: datetime.timedelta) -> datetime.timedelta:
        if not _is_timedelta(other):
            return NotImplemented
        return NanoTimedelta.from_nanoseconds(_nanoseconds(other) - _nanoseconds(self))

    def __neg__(self) -> datetime.timedelta:
        return NanoTimedelta.from_nanoseconds(-_nanoseconds(self))

    def __pos__(self) -> datetime.timedelta:
        return self

    def __abs__(self) -> datetime.timedelta:
        return -self if self.days < 0 else self

    def total_seconds(self) -> float:
        """The whole duration in seconds, as the nearest float."""
        return _nanoseconds(self) / _SECOND

    def __mul__(self, other: float) -> datetime.timedelta:
        ratio = _ratio(other)
        if ratio is None:
            return NotImplemented
        return NanoTimedelta.from_nanoseconds(_nearest(_nanoseconds(self) * ratio[0], ratio[1]))

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Any:
        if isinstance(other, datetime.timedelta):
            return _nanoseconds(self) / _nanoseconds(other)
        ratio = _ratio(other)
        if ratio is None:
            return NotImplemented
        return NanoTimedelta.from_nanoseconds(_nearest(_nanoseconds(self) * ratio[1], ratio[0]))

    def __rtruediv__(self, other: Any) -> Any:
        if isinstance(other, datetime.timedelta):
            return _nanoseconds(other) / _nanoseconds(self)
        return NotImplemented

    def __floordiv__(self, other: Any) -> Any:
        if isinstance(other, datetime.timedelta):
            return _nanoseconds(self) // _nanoseconds(other)
        if isinstance(other, int):
            return NanoTimedelta.from_nanoseconds(_nanoseconds(self) // other)
        return NotImplemented

    def __rfloordiv__(self, other: Any) -> Any:
        if isinstance(other, datetime.timedelta):
            return _nanoseconds(other) // _nanoseconds(self)
        return NotImplemented

    def __mod__(self, other: datetime.timedelta) -> datetime.timedelta:
        if not _is_timedelta(other):
            return NotImplemented
        return NanoTimedelta.from_nanoseconds(_nanoseconds(self) % _nanoseconds(other))

    def __rmod__(self, other: datetime.timedelta) -> datetime.timedelta:
        if not _is_timedelta(other):
            return NotImplemented
        return NanoTimedelta.from_nanoseconds(_nanoseconds(other) % _nanoseconds(self))

    def __divmod__(self, other: datetime.timedelta) -> tuple[int, datetime.timedelta]:
        return _divmod(self, other) if _is_timedelta(other) else NotImplemented

    def __rdivmod__(self, other: datetime.timedelta) -> tuple[int, datetime.timedelta]:
        return _divmod(other, self) if _is_timedelta(other) else NotImplemented


class NanoDatetime(datetime.datetime):
    """A `datetime.datetime` that also carries the nanoseconds below its microseconds.

    A field of type google.protobuf.Timestamp holds one where its value has such a part, and a
    plain `datetime` elsewhere. With a remainder of 0 it equals the plain `datetime` and has the
    same hash. Arithmetic, copies, pickles and `astimezone` keep the remainder.

    Args:
        year, month, day, hour, minute, second, microsecond, tzinfo, fold: As for `datetime`.
        nanosecond_remainder: 0 to 999 nanoseconds below the microseconds.

    Raises:
        ValueError: A part is out of range.
    """

    __slots__ = ("_nanosecond_remainder",)

    _nanosecond_remainder: int

    def __new__(
        cls,
        year: SupportsIndex,
        month: SupportsIndex,
        day: SupportsIndex,
        hour: SupportsIndex = 0,
        minute: SupportsIndex = 0,
        second: SupportsIndex = 0,
        microsecond: SupportsIndex = 0,
        tzinfo: datetime.tzinfo | None = None,
        *,
        fold: int = 0,
        nanosecond_remainder: int = 0,
    ) -> Self:
        _check_remainder(nanosecond_remainder)
        self = super().__new__(
            cls, year, month, day, hour, minute, second, microsecond, tzinfo, fold=fold
        )
        self._nanosecond_remainder = nanosecond_remainder
        return self

    @property
    def nanosecond_remainder(self) -> int:
        """The nanoseconds below the microseconds, 0 to 999."""
        return self._nanosecond_remainder

    @property
    def total_nanoseconds(self) -> int:
        """The nanoseconds within the second, 0 to 999,999,999."""
        return self.microsecond * 1000 + self._nanosecond_remainder

    @classmethod
    def from_datetime(cls, value: datetime.datetime, nanosecond_remainder: int = 0) -> Self:
        """Return `value` with a remainder in nanoseconds; the one that it has is replaced."""
        return cls(
            value.year,
            value.month,
            value.day,
            value.hour,
            value.minute,
            value.second,
            value.microsecond,
            value.tzinfo,
            fold=value.fold,
            nanosecond_remainder=nanosecond_remainder,
        )

    @staticmethod
    def from_timestamp(seconds: int, nanos: int) -> NanoDatetime:
        """Return the time in UTC from a Timestamp's parts.

        Args:
            seconds: Whole seconds since 1970-01-01T00:00:00Z.
            nanos: 0 to 999,999,999.

        Raises:
            ValueError: The time is not in the years 1 to 9999, or `nanos` is out of range.
        """
        check_timestamp(seconds, nanos)
        microseconds, remainder = divmod(nanos, 1000)
        moment = _EPOCH + datetime.timedelta(seconds=seconds, microseconds=microseconds)
        return NanoDatetime.from_datetime(moment, remainder)

    @staticmethod
    def to_timestamp(dt: datetime.datetime) -> tuple[int, int]:
        """Return the seconds and nanoseconds of a Timestamp; see `datetime_to_parts`."""
        return datetime_to_parts(dt)

    @staticmethod
    def to_json(dt: datetime.datetime) -> str:
        """Return RFC 3339 text in UTC with `Z` and 0, 3, 6 or 9 digits, the fewest that are exact.

        Raises:
            ValueError: `dt` has no time zone, or is outside the years 1 to 9999 in UTC.
        """
        return format_rfc3339(*datetime_to_parts(dt))

    @staticmethod
    def from_rfc3339(text: str) -> NanoDatetime:
        """Return the time in UTC that RFC 3339 (or other ISO 8601) text names.

        Takes all the forms of `parse_iso8601`.

        Raises:
            ValueError: The text is in none of the forms, or names no time in the years 1 to 9999.
        """
        return NanoDatetime.from_timestamp(*parse_iso8601(text))

    def replace(
        self,
        year: SupportsIndex | None = None,
        month: SupportsIndex | None = None,
        day: SupportsIndex | None = None,
        hour: SupportsIndex | None = None,
        minute: SupportsIndex | None = None,
        second: SupportsIndex | None = None,
        microsecond: SupportsIndex | None = None,
        tzinfo: datetime.tzinfo | bool | None = True,
        *,
        fold: int | None = None,
        nanosecond_remainder: int | None = None,
    ) -> Self:
        """Return a copy with some parts replaced; the nanoseconds that remain stay unless given. `ValueError` as for `datetime`."""
        # True stands for "not given", as in the pure Python datetime: None means naive.
        zone: Any = self.tzinfo if tzinfo is True else tzinfo
        return type(self)(
            self.year if year is None else year,
            self.month if month is None else month,
            self.day if day is None else day,
            self.hour if hour is None else hour,
            self.minute if minute is None else minute,
            self.second if second is None else second,
            self.microsecond if microsecond is None else microsecond,
            zone,
            fold=self.fold if fold is None else fold,
            nanosecond_remainder=(
                self._nanosecond_remainder if nanosecond_remainder is None else nanosecond_remainder
            ),
        )

    __replace__ = replace

    def astimezone(self, tz: datetime.tzinfo | None = None) -> Self:
        """Return the same moment in another time zone, nanoseconds included."""
        moved = super().astimezone(tz)
        return type(self).from_datetime(moved, self._nanosecond_remainder)

    def __repr__(self) -> str:
        return f"{super().__repr__()[:-1]}, nanosecond_remainder={self._nanosecond_remainder})"

    def __reduce_ex__(self, protocol: SupportsIndex) -> tuple[Any, ...]:
        return _restore_datetime, (type(self), _plain(self), self._nanosecond_remainder)

    def __hash__(self) -> int:
        if not self._nanosecond_remainder:
            return super().__hash__()
        return hash((super().__hash__(), self._nanosecond_remainder))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, datetime.datetime):
            return NotImplemented
        return super().__eq__(other) and self._nanosecond_remainder == _remainder(other)

    def __ne__(self, other: object) -> bool:
        if not isinstance(other, datetime.datetime):
            return NotImplemented
        return not self == other

    def __lt__(self, other: datetime.date) -> bool:
        if not isinstance(other, datetime.datetime):
            return NotImplemented
        if super().__eq__(other):
            return self._nanosecond_remainder < _remainder(other)
        return super().__lt__(other)

    def __le__(self, other: datetime.date) -> bool:
        if not isinstance(other, datetime.datetime):
            return NotImplemented
        if super().__eq__(other):
            return self._nanosecond_remainder <= _remainder(other)
        return super().__le__(other)

    def __gt__(self, other: datetime.date) -> bool:
        if not isinstance(other, datetime.datetime):
            return NotImplemented
        if super().__eq__(other):
            return self._nanosecond_remainder > _remainder(other)
        return super().__gt__(other)

    def __ge__(self, other: datetime.date) -> bool:
        if not isinstance(other, datetime.datetime):
            return NotImplemented
        if super().__eq__(other):
            return self._nanosecond_remainder >= _remainder(other)
        return super().__ge__(other)

    def __add__(self, other: datetime.timedelta) -> Self:
        if not _is_timedelta(other):
            return NotImplemented
        return _shift(self, _nanoseconds(other))

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        """Return the time earlier by a duration, or the exact duration since another time."""
        if isinstance(other, datetime.timedelta):
            return _shift(self, -_nanoseconds(other))
        if isinstance(other, datetime.datetime):
            return _difference(self, other)
        return NotImplemented

    def __rsub__(self, other: Any) -> Any:
        if isinstance(other, datetime.datetime):
            return _difference(other, self)
        return NotImplemented


def _divmod(one: datetime.timedelta, other: datetime.timedelta) -> tuple[int, datetime.timedelta]:
    quotient, rest = divmod(_nanoseconds(one), _nanoseconds(other))
    return quotient, NanoTimedelta.from_nanoseconds(rest)


def _ratio(value: object) -> tuple[int, int] | None:
    """A number as numerator and denominator; None for what `timedelta` does not multiply."""
    if isinstance(value, int):
        return int(value), 1
    return value.as_integer_ratio() if isinstance(value, float) else None


def _nearest(numerator: int, denominator: int) -> int:
    """The quotient of two integers, rounded half to even."""
    quotient, rest = divmod(numerator, denominator)
    twice = 2 * abs(rest)
    size = abs(denominator)
    return quotient + (twice > size or (twice == size and quotient % 2 == 1))


def _is_timedelta(value: object) -> bool:
    return isinstance(value, datetime.timedelta)


def _remainder(value: datetime.datetime | datetime.timedelta) -> int:
    if isinstance(value, (NanoDatetime, NanoTimedelta)):
        return value.nanosecond_remainder
    return 0


def _nanoseconds(value: datetime.timedelta) -> int:
    seconds = value.days * _DAY + value.seconds
    return seconds * _SECOND + value.microseconds * 1000 + _remainder(value)


def _plain(value: datetime.datetime) -> datetime.datetime:
    if type(value) is datetime.datetime:
        return value
    return datetime.datetime(
        value.year,
        value.month,
        value.day,
        value.hour,
        value.minute,
        value.second,
        value.microsecond,
        value.tzinfo,
        fold=value.fold,
    )


def _shift(value: _D, nanoseconds: int) -> _D:
    microseconds, remainder = divmod(nanoseconds + value.nanosecond_remainder, 1000)
    moved = _plain(value) + datetime.timedelta(microseconds=microseconds)
    return type(value).from_datetime(moved, remainder)


def _difference(later: datetime.datetime, earlier: datetime.datetime) -> datetime.timedelta:
    coarse = _plain(later) - _plain(earlier)
    remainder = _remainder(later) - _remainder(earlier)
    if not remainder:
        return coarse
    return NanoTimedelta.from_nanoseconds(_nanoseconds(coarse) + remainder)


def _restore_datetime(cls: type[_D], plain: datetime.datetime, remainder: int) -> _D:
    return cls.from_datetime(plain, remainder)


def _restore_timedelta(plain: tuple[int, int, int], remainder: int) -> NanoTimedelta:
    return NanoTimedelta(*plain, nanosecond_remainder=remainder)


def datetime_to_parts(value: datetime.datetime) -> tuple[int, int]:
    """Return the parts of a Timestamp: seconds since the epoch (rounded down) and nanoseconds.

    Args:
        value: A time with a time zone, with any offset.

    Raises:
        ValueError: The time has no time zone, or is outside the years 1 to 9999 in UTC.
    """
    if value.utcoffset() is None:
        raise ValueError(
            "expected a datetime with a time zone, got a naive one"
            " (use datetime.datetime.now(datetime.timezone.utc), or .replace(tzinfo=...))"
        )
    since = _plain(value) - _EPOCH
    seconds = since.days * _DAY + since.seconds
    nanos = since.microseconds * 1000 + _remainder(value)
    check_timestamp(seconds, nanos)
    return seconds, nanos


def parts_to_datetime(seconds: int, nanos: int) -> datetime.datetime:
    """Return the time in UTC: a `NanoDatetime` where there is a part below the microsecond.

    Args:
        seconds: Seconds since 1970.
        nanos: Nanoseconds after that, 0 to 999,999,999.

    Raises:
        ValueError: The time is not in the years 1 to 9999, or `nanos` not in 0 to 999,999,999.
    """
    microseconds, remainder = divmod(nanos, 1000)
    if remainder:
        return NanoDatetime.from_timestamp(seconds, nanos)
    check_timestamp(seconds, nanos)
    return _EPOCH + datetime.timedelta(0, seconds, microseconds)


def timedelta_to_parts(value: datetime.timedelta) -> tuple[int, int]:
    """Return whole seconds and nanoseconds, both rounded towards zero and of the same sign."""
    total = _nanoseconds(value)
    seconds, nanos = divmod(abs(total), _SECOND)
    return (seconds, nanos) if total >= 0 else (-seconds, -nanos)


def parts_to_timedelta(seconds: int, nanos: int) -> datetime.timedelta:
    """Return the duration: a `NanoTimedelta` where there is a part below the microsecond.

    Args:
        seconds: Whole seconds.
        nanos: Nanoseconds beside them, of the same sign.

    Raises:
        OverflowError: The duration is beyond `datetime.timedelta.max`.
    """
    microseconds, remainder = divmod(nanos, 1000)
    if remainder:
        return NanoTimedelta.from_nanoseconds(seconds * _SECOND + nanos)
    return datetime.timedelta(0, seconds, microseconds)
