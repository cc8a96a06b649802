"""Single-precision floats in a language that has only doubles.

A double comes in; the nearest float, or the shortest decimal number that names it, goes out. Called
by the JSON and text codecs, and for declared defaults.
"""

from __future__ import annotations

import struct

__all__ = ("round_float32", "shortest_float32")

_FLOAT32 = struct.Struct("<f")


def round_float32(number: float) -> float:
    """Return the nearest float as a double; `OverflowError` beyond the largest float."""
    rounded: float = _FLOAT32.unpack(_FLOAT32.pack(number))[0]
    return rounded


def shortest_float32(number: float) -> float:
    """Return the double with the fewest digits that names the nearest float.

    0.10000000149011612 gives 0.1. `OverflowError` beyond the largest float.
    """
    single = _FLOAT32.pack(number)
    for digits in range(6, 9):
        short = float(f"{number:.{digits}g}")
        try:
            if _FLOAT32.pack(short) == single:
                return short
        except OverflowError:  # rounded beyond the largest float
            continue
    rounded: float = _FLOAT32.unpack(single)[0]
    return float(f"{rounded:.9g}")
