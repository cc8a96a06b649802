"""google.protobuf.Duration: a span of time in seconds and nanoseconds, as `timedelta` for Python.

A field of this type holds a `datetime.timedelta`; the codecs convert with `from_wrapped` and
`to_wrapped`. Also the text of durations, `1.500s`.
"""

from __future__ import annotations

import datetime

import aristaproto

from ..times.nano_datetime import parts_to_timedelta, timedelta_to_parts
from ..times.rfc3339 import format_fraction

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ("MAX_SECONDS", "Duration", "check_duration", "format_duration", "parse_duration")

MAX_SECONDS = 315_576_000_000
"""The seconds of 10,000 years, the longest Duration, forwards or backwards."""

_TEXT = r"(-?)([0-9]{1,12})(?:\.([0-9]{1,9}))?s"


def check_duration(seconds: int, nanos: int) -> None:
    """Raise `ValueError` unless the parts are those of a Duration of at most 10,000 years."""
    if not -MAX_SECONDS <= seconds <= MAX_SECONDS:
        raise ValueError(f"expected at most {MAX_SECONDS} seconds either way, got {seconds}")
    if not -999_999_999 <= nanos <= 999_999_999:
        raise ValueError(f"expected less than 1000000000 nanoseconds either way, got {nanos}")
    if seconds * nanos < 0:
        raise ValueError(
            f"expected seconds and nanoseconds of one sign, got {seconds} s and {nanos} ns"
        )


def format_duration(seconds: int, nanos: int) -> str:
    """Return the JSON text: seconds, 0, 3, 6 or 9 digits (the fewest that are exact) and `s`.

    Raises:
        ValueError: The parts are not those of a Duration.
    """
    check_duration(seconds, nanos)
    sign = "-" if seconds < 0 or nanos < 0 else ""
    return f"{sign}{abs(seconds)}{format_fraction(abs(nanos))}s"


def parse_duration(text: str) -> tuple[int, int]:
    """Return the seconds and nanoseconds that text such as `-1.5s` names.

    Raises:
        ValueError: The text has another form, or names more than 10,000 years.
    """
    import re

    match = re.fullmatch(_TEXT, text)
    if match is None:
        raise ValueError(f"expected a duration in seconds such as 1.5s, got {text!r}")
    sign, whole, fraction = match.groups()
    seconds = int(whole)
    nanos = int(fraction.ljust(9, "0")) if fraction else 0
    if seconds > MAX_SECONDS:
        raise ValueError(f"expected at most {MAX_SECONDS} seconds either way, got {text!r}")
    return (-seconds, -nanos) if sign else (seconds, nanos)


class Duration(aristaproto.Message):
    """A span of time, forwards or backwards, of at most 10,000 years.

    Its JSON form is text such as `1.500s`.
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
