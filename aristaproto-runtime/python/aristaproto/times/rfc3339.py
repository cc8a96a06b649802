"""Times as text, in the forms of RFC 3339 and ISO 8601, from and to seconds and nanoseconds since 1970.

All arithmetic is on integers, so that nine digits of a fraction survive.
"""

from __future__ import annotations

import datetime

from ..base.errors import show

__all__ = (
    "MAX_SECONDS",
    "MIN_SECONDS",
    "check_timestamp",
    "format_fraction",
    "format_rfc3339",
    "parse_iso8601",
    "parse_rfc3339",
)

_EPOCH_ORDINAL = datetime.date(1970, 1, 1).toordinal()
_DAY = 86_400  # in seconds

MIN_SECONDS = -62_135_596_800
"""Seconds from the epoch to 0001-01-01T00:00:00Z, the smallest Timestamp."""
MAX_SECONDS = 253_402_300_799
"""Seconds from the epoch to 9999-12-31T23:59:59Z, the largest Timestamp without its nanoseconds."""


def check_timestamp(seconds: int, nanos: int) -> None:
    """Raise `ValueError` unless the parts are those of a Timestamp in the years 1 to 9999."""
    if not MIN_SECONDS <= seconds <= MAX_SECONDS:
        raise ValueError(
            f"expected a time in the years 1 to 9999 ({MIN_SECONDS} to {MAX_SECONDS} seconds"
            f" since 1970), got {seconds} seconds"
        )
    if not 0 <= nanos < 1_000_000_000:
        raise ValueError(f"expected 0 to 999999999 nanoseconds, got {nanos}")


def format_fraction(nanos: int) -> str:
    """Return a point and 3, 6 or 9 digits for 1 to 999,999,999 nanoseconds, nothing for 0."""
    if not nanos:
        return ""
    if nanos % 1_000_000 == 0:
        return f".{nanos // 1_000_000:03}"
    if nanos % 1000 == 0:
        return f".{nanos // 1000:06}"
    return f".{nanos:09}"


def format_rfc3339(seconds: int, nanos: int) -> str:
    """Return RFC 3339 text in UTC with `Z` and 0, 3, 6 or 9 digits, the fewest that are exact.

    Raises:
        ValueError: The time is not in the years 1 to 9999, or `nanos` not in 0 to 999,999,999.
    """
    check_timestamp(seconds, nanos)
    days, clock = divmod(seconds, _DAY)
    date = datetime.date.fromordinal(_EPOCH_ORDINAL + days)
    return (
        f"{date.isoformat()}T{clock // 3600:02}:{clock // 60 % 60:02}:{clock % 60:02}"
        f"{format_fraction(nanos)}Z"
    )


# Text: compiled when the first time is read, and not when a program imports its messages.
_RFC3339 = (
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,9}))?"
    r"(?:Z|([+-])([0-9]{2}):([0-9]{2}))"
)

_ISO8601 = r"""
    (?P<year>[0-9]{4})
    (?:
        -?W(?P<week>[0-9]{2}) (?:-?(?P<weekday>[1-7]))?
      | -?(?P<ordinal>[0-9]{3})
      | -(?P<month>[0-9]{2}) (?:-(?P<day>[0-9]{2}))?
      | (?P<compact_month>[0-9]{2})(?P<compact_day>[0-9]{2})
    )?
    (?:
        [Tt\ ]
        (?P<hour>[0-9]{2})
        (?:
            :(?P<minute>[0-9]{2}) (?: :(?P<second>[0-9]{2}) )?
          | (?P<compact_minute>[0-9]{2}) (?P<compact_second>[0-9]{2})?
        )?
        (?: [.,](?P<fraction>[0-9]{1,9}) )?
        (?: [Zz] | (?P<sign>[+-])(?P<offset_hour>[0-9]{2}) (?: :?(?P<offset_minute>[0-9]{2}) )? )?
    )?
    """


def _since_epoch(date: datetime.date, hour: int, minute: int, second: int, offset: int) -> int:
    if minute > 59 or second > 59:
        raise ValueError(f"{minute:02} minutes and {second:02} seconds: both must be 0 to 59")
    days = date.toordinal() - _EPOCH_ORDINAL
    return days * _DAY + hour * 3600 + minute * 60 + second - offset


def _offset_seconds(sign: str | None, hours: str | None, minutes: str | None) -> int:
    if sign is None or hours is None:
        return 0
    hour, minute = int(hours), int(minutes or 0)
    if hour > 23 or minute > 59:
        raise ValueError(f"the offset {sign}{hour:02}:{minute:02} is more than 23:59")
    seconds = hour * 3600 + minute * 60
    return -seconds if sign == "-" else seconds


def _checked(text: str, seconds: int, nanos: int) -> tuple[int, int]:
    if not MIN_SECONDS <= seconds <= MAX_SECONDS:
        raise ValueError(f"expected a time in the years 1 to 9999 in UTC, got {show(text)}")
    return seconds, nanos


def parse_rfc3339(text: str) -> tuple[int, int]:
    """Return the seconds since the epoch and the nanoseconds that RFC 3339 text names.

    Takes the form of ProtoJSON, such as `2009-05-19T14:39:22.5Z` or `2009-05-19T14:39:22-06:00`:
    capital `T` and `Z`, up to nine digits of a fraction, an offset or `Z`.
    <https://protobuf.dev/programming-guides/json/>

    Raises:
        ValueError: The text has another form, or names no time in the years 1 to 9999.
    """
    import re

    match = re.fullmatch(_RFC3339, text)
    if match is None:
        raise ValueError(
            f"expected a time in RFC 3339 form such as 2009-05-19T14:39:22.5Z, got {show(text)}"
        )
    year, month, day, hour, minute, second, fraction, sign, offset_hour, offset_minute = (
        match.groups()
    )
    try:
        if int(hour) > 23:
            raise ValueError(f"hour {hour} is not 0 to 23")
        seconds = _since_epoch(
            datetime.date(int(year), int(month), int(day)),
            int(hour),
            int(minute),
            int(second),
            _offset_seconds(sign, offset_hour, offset_minute),
        )
    except ValueError as error:
        raise ValueError(f"expected a time that exists, got {show(text)} ({error})") from None
    return _checked(text, seconds, int(fraction.ljust(9, "0")) if fraction else 0)


def parse_iso8601(text: str) -> tuple[int, int]:
    """Return the seconds since the epoch and the nanoseconds that ISO 8601 text names.

    Takes a date as year; year and month; year, month and day; ordinal date (`2009-123`) or week
    date (`2009-W21-2`), with or without hyphens; then, after `T` or a space, a time as hh, hh:mm
    or hh:mm:ss (with or without colons, hour 24 for the end of the day), with a fraction of the
    second of up to nine digits after a point or a comma; then `Z` or an offset as ±hh, ±hhmm or
    ±hh:mm. Without an offset the time is taken as UTC.

    Raises:
        ValueError: The text is in none of these forms, or names no time in the years 1 to 9999.
    """
    import re

    match = re.fullmatch(_ISO8601, text, re.VERBOSE)
    if match is None:
        raise ValueError(f"expected an ISO 8601 date or time, got {show(text)}")
    part = match.groupdict()
    fraction = part["fraction"]
    second = part["second"] or part["compact_second"]
    if fraction and not second:
        raise ValueError(f"expected seconds before the fraction, got {show(text)}")
    year = int(part["year"])
    hour = int(part["hour"] or 0)
    minute = int(part["minute"] or part["compact_minute"] or 0)
    nanos = int(fraction.ljust(9, "0")) if fraction else 0
    try:
        if part["week"]:
            date = datetime.date.fromisocalendar(year, int(part["week"]), int(part["weekday"] or 1))
        elif part["ordinal"]:
            date = datetime.date(year, 1, 1) + datetime.timedelta(int(part["ordinal"]) - 1)
            if date.year != year:
                raise ValueError(f"{year} has no day {part['ordinal']}")
        else:
            date = datetime.date(
                year,
                int(part["month"] or part["compact_month"] or 1),
                int(part["day"] or part["compact_day"] or 1),
            )
        if hour > 24 or (hour == 24 and (minute or int(second or 0) or nanos)):
            raise ValueError(f"hour {hour} is not 0 to 23, or 24:00 at the end of a day")
        seconds = _since_epoch(
            date,
            hour,
            minute,
            int(second or 0),
            _offset_seconds(part["sign"], part["offset_hour"], part["offset_minute"]),
        )
    except (ValueError, OverflowError) as error:
        raise ValueError(f"expected a time that exists, got {show(text)} ({error})") from None
    return _checked(text, seconds, nanos)
