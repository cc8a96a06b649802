"""The limits of durations, and their text, such as `1.500s`.

<https://protobuf.dev/programming-guides/json/>
"""

from __future__ import annotations

from ..base.errors import show
from .rfc3339 import format_fraction

__all__ = ("MAX_SECONDS", "check_duration", "format_duration", "parse_duration")

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
        raise ValueError(f"expected a duration in seconds such as 1.5s, got {show(text)}")
    sign, whole, fraction = match.groups()
    seconds = int(whole)
    nanos = int(fraction.ljust(9, "0")) if fraction else 0
    if seconds > MAX_SECONDS:
        raise ValueError(f"expected at most {MAX_SECONDS} seconds either way, got {show(text)}")
    return (-seconds, -nanos) if sign else (seconds, nanos)
