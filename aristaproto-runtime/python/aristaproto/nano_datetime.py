"""Datetimes and timedeltas with nanoseconds: the public path of `aristaproto.times.nano_datetime`."""

from .times.nano_datetime import (
    NanoDatetime,
    NanoTimedelta,
    datetime_to_parts,
    parts_to_datetime,
    parts_to_timedelta,
    timedelta_to_parts,
)

__all__ = (
    "NanoDatetime",
    "NanoTimedelta",
    "datetime_to_parts",
    "parts_to_datetime",
    "parts_to_timedelta",
    "timedelta_to_parts",
)
