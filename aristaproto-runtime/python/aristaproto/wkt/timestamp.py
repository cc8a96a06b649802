"""google.protobuf.Timestamp: seconds and nanoseconds since 1970, as `datetime` for Python.

A field of this type holds a `datetime.datetime`; the codecs convert with `from_wrapped` and
`to_wrapped`.
"""

from __future__ import annotations

import datetime

import aristaproto

from ..times.nano_datetime import NanoDatetime, datetime_to_parts, parts_to_datetime
from ..times.rfc3339 import MAX_SECONDS, MIN_SECONDS, check_timestamp
from .duration import Duration, from_nanoseconds, nanoseconds

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from typing_extensions import Self

__all__ = ("Timestamp",)

_SECOND = 1_000_000_000  # in nanoseconds


class Timestamp(aristaproto.Message):
    """A point in time, independent of any time zone, from year 1 to year 9999.

    Its JSON form is RFC 3339 text such as `2009-05-19T14:39:22.500Z`. A `timedelta` or Duration can be added and subtracted; the difference
    from another Timestamp, or from a `datetime` with a time zone, is a Duration; it is compared with these by `<` and so on. All that
    is exact to the nanosecond; a sum outside the years 1 to 9999 is a `ValueError`.
    <https://protobuf.dev/reference/protobuf/google.protobuf/#timestamp>
    """

    seconds: int = aristaproto.field(1, aristaproto.TYPE_INT64)
    """Whole seconds since 1970-01-01T00:00:00Z, negative before."""
    nanos: int = aristaproto.field(2, aristaproto.TYPE_INT32)
    """Nanoseconds that count forward from `seconds`, 0 to 999,999,999."""

    @classmethod
    def from_datetime(cls, value: datetime.datetime) -> Self:
        """Return the Timestamp of a time with any time zone, exact to its last digit.

        Raises:
            ValueError: The time has no time zone, or is outside the years 1 to 9999 in UTC.
        """
        seconds, nanos = datetime_to_parts(value)
        return cls(seconds=seconds, nanos=nanos)

    def to_datetime(self) -> NanoDatetime:
        """Return the time in UTC with all nine digits.

        Raises:
            ValueError: The time is not in the years 1 to 9999, or `nanos` is out of range.
        """
        return NanoDatetime.from_timestamp(self.seconds, self.nanos)

    def __add__(self, other: datetime.timedelta | Duration) -> Timestamp:
        span = nanoseconds(other)
        return NotImplemented if span is None else _from_nanoseconds(_since(self) + span)

    __radd__ = __add__

    if TYPE_CHECKING:

        def __sub__(self, other: Any) -> Any:
            """A Timestamp for a `timedelta` or Duration, a Duration for a `datetime` or Timestamp."""

        def __rsub__(self, other: datetime.datetime) -> Duration: ...

    else:

        def __sub__(self, other):
            moment = _since(other)
            if moment is not None:
                return from_nanoseconds(_since(self) - moment)
            span = nanoseconds(other)
            return NotImplemented if span is None else _from_nanoseconds(_since(self) - span)

        def __rsub__(self, other):
            moment = _since(other)
            return NotImplemented if moment is None else from_nanoseconds(moment - _since(self))

    def __lt__(self, other: datetime.datetime | Timestamp) -> bool:
        return _since(self) < moment if (moment := _since(other)) is not None else NotImplemented

    def __le__(self, other: datetime.datetime | Timestamp) -> bool:
        return _since(self) <= moment if (moment := _since(other)) is not None else NotImplemented

    def __gt__(self, other: datetime.datetime | Timestamp) -> bool:
        return _since(self) > moment if (moment := _since(other)) is not None else NotImplemented

    def __ge__(self, other: datetime.datetime | Timestamp) -> bool:
        return _since(self) >= moment if (moment := _since(other)) is not None else NotImplemented

    @classmethod
    def from_wrapped(cls, value: object) -> Timestamp:
        """Return the message for the value of a field; see `from_datetime`.

        A Timestamp is taken as it is.

        Raises:
            TypeError: The value is neither a `datetime` nor a Timestamp.
            ValueError: As for `from_datetime`.
        """
        if isinstance(value, datetime.datetime):
            return cls.from_datetime(value)
        if isinstance(value, Timestamp):
            return value
        raise TypeError(f"expected datetime.datetime, got {type(value).__name__}")

    def to_wrapped(self) -> datetime.datetime | Timestamp:
        """Return the value for a field of this type.

        That is a `datetime` in UTC; a `NanoDatetime` where there is a part below the microsecond;
        and the message itself where its values are those of no time, so that they are not lost.
        """
        seconds, nanos = self.seconds, self.nanos
        if MIN_SECONDS <= seconds <= MAX_SECONDS and 0 <= nanos <= 999_999_999:
            return parts_to_datetime(seconds, nanos)
        return self


def _since(value: object) -> Any:
    """A point in time in nanoseconds since 1970; None for what is no `datetime` and no Timestamp."""
    if isinstance(value, Timestamp):
        return value.seconds * _SECOND + value.nanos
    if isinstance(value, datetime.datetime):
        seconds, nanos = datetime_to_parts(value)
        return seconds * _SECOND + nanos
    return None


def _from_nanoseconds(value: int) -> Timestamp:
    seconds, nanos = divmod(value, _SECOND)
    check_timestamp(seconds, nanos)
    return Timestamp(seconds=seconds, nanos=nanos)
