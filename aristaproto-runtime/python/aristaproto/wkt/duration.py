"""google.protobuf.Duration: a span of time in seconds and nanoseconds, as `timedelta` for Python.

A field of this type holds a `datetime.timedelta`; the codecs convert with `from_wrapped` and
`to_wrapped`.
"""

from __future__ import annotations

import datetime

import aristaproto

from ..times.durations import check_duration
from ..times.nano_datetime import parts_to_timedelta, timedelta_to_parts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, overload

    from typing_extensions import Self

__all__ = ("Duration",)

_SECOND = 1_000_000_000  # in nanoseconds


class Duration(aristaproto.Message):
    """A span of time, forwards or backwards, of at most 10,000 years.

    Its JSON form is text such as `1.500s`. It can be added to and subtracted from a `timedelta` or another Duration, divided by them,
    and compared with them by `<` and so on, to the nanosecond; times a number, and divided by one, it is a Duration. Results beyond
    10,000 years are a `ValueError`.
    <https://protobuf.dev/reference/protobuf/google.protobuf/#duration>
    """

    seconds: int = aristaproto.field(1, aristaproto.TYPE_INT64)
    """Whole seconds, rounded towards zero: -315,576,000,000 to 315,576,000,000."""
    nanos: int = aristaproto.field(2, aristaproto.TYPE_INT32)
    """The rest in nanoseconds, -999,999,999 to 999,999,999, of the same sign as `seconds`."""

    @classmethod
    def from_timedelta(cls, value: datetime.timedelta) -> Self:
        """Return the Duration of a `timedelta`, exact to its last digit.

        Raises:
            ValueError: The span is longer than 10,000 years.
        """
        seconds, nanos = timedelta_to_parts(value)
        check_duration(seconds, nanos)
        return cls(seconds=seconds, nanos=nanos)

    def to_timedelta(self) -> datetime.timedelta:
        """Return the span; a `NanoTimedelta` where there is a part below the microsecond.

        Raises:
            ValueError: The span is longer than 10,000 years, or the two signs differ.
        """
        check_duration(self.seconds, self.nanos)
        return parts_to_timedelta(self.seconds, self.nanos)

    def __add__(self, other: datetime.timedelta | Duration) -> Duration:
        return _sum(self, other)

    __radd__ = __add__

    def __sub__(self, other: datetime.timedelta | Duration) -> Duration:
        return _sum(self, other, -1)

    def __rsub__(self, other: datetime.timedelta) -> Duration:
        return _sum(-self, other)

    def __neg__(self) -> Duration:
        return Duration(-self.seconds, -self.nanos)

    def __abs__(self) -> Duration:
        return -self if self < Duration() else self

    def __mul__(self, factor: float) -> Duration:
        return _scaled(self, *factor.as_integer_ratio()) if _is_number(factor) else NotImplemented

    __rmul__ = __mul__

    if TYPE_CHECKING:

        @overload
        def __truediv__(self, other: float) -> Duration: ...
        @overload
        def __truediv__(self, other: datetime.timedelta | Duration) -> float: ...

    def __truediv__(self, other: Any) -> Any:
        if _is_number(other):
            above, below = other.as_integer_ratio()
            return _scaled(self, below, above)
        span = nanoseconds(other)
        return NotImplemented if span is None else nanoseconds(self) / span

    def __rtruediv__(self, other: datetime.timedelta) -> float:
        span = nanoseconds(other)
        return NotImplemented if span is None else span / nanoseconds(self)

    def __lt__(self, other: datetime.timedelta | Duration) -> bool:
        return (
            nanoseconds(self) < span if (span := nanoseconds(other)) is not None else NotImplemented
        )

    def __le__(self, other: datetime.timedelta | Duration) -> bool:
        return (
            nanoseconds(self) <= span
            if (span := nanoseconds(other)) is not None
            else NotImplemented
        )

    def __gt__(self, other: datetime.timedelta | Duration) -> bool:
        return (
            nanoseconds(self) > span if (span := nanoseconds(other)) is not None else NotImplemented
        )

    def __ge__(self, other: datetime.timedelta | Duration) -> bool:
        return (
            nanoseconds(self) >= span
            if (span := nanoseconds(other)) is not None
            else NotImplemented
        )

    @classmethod
    def from_wrapped(cls, value: object) -> Duration:
        """Return the message for the value of a field; see `from_timedelta`.

        A Duration is taken as it is.

        Raises:
            TypeError: The value is neither a `timedelta` nor a Duration.
            ValueError: As for `from_timedelta`.
        """
        if isinstance(value, datetime.timedelta):
            return cls.from_timedelta(value)
        if isinstance(value, Duration):
            return value
        raise TypeError(f"expected datetime.timedelta, got {type(value).__name__}")

    def to_wrapped(self) -> datetime.timedelta | Duration:
        """Return the value for a field of this type.

        That is a `timedelta`; a `NanoTimedelta` where there is a part below the microsecond; and
        the message itself where its values are those of no Duration, so that they are not lost.
        """
        seconds, nanos = self.seconds, self.nanos
        try:
            check_duration(seconds, nanos)
        except ValueError:
            return self
        return parts_to_timedelta(seconds, nanos)


def nanoseconds(value: object) -> Any:
    """The whole of a span of time in nanoseconds; None for what is no `timedelta` and no Duration."""
    if isinstance(value, Duration):
        return value.seconds * _SECOND + value.nanos
    if isinstance(value, datetime.timedelta):
        seconds, nanos = timedelta_to_parts(value)
        return seconds * _SECOND + nanos
    return None


def from_nanoseconds(value: int) -> Duration:
    """The Duration of so many nanoseconds; `ValueError` beyond 10,000 years."""
    seconds, nanos = divmod(abs(value), _SECOND)
    if value < 0:
        seconds, nanos = -seconds, -nanos
    check_duration(seconds, nanos)
    return Duration(seconds=seconds, nanos=nanos)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float))


def _scaled(span: Duration, above: int, below: int) -> Duration:
    """The span times a fraction, rounded to the nearest nanosecond, half to even as `timedelta` does."""
    from fractions import Fraction

    return from_nanoseconds(round(Fraction(nanoseconds(span) * above, below)))


def _sum(one: Duration, other: object, sign: int = 1) -> Duration:
    span = nanoseconds(other)
    return NotImplemented if span is None else from_nanoseconds(nanoseconds(one) + sign * span)
