"""What numbers are to all formats, whatever their type: NumPy's scalars, `Decimal` and `Fraction` beside Python's own."""

from __future__ import annotations

import math

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ("is_numpy_bool", "real", "truth")

_NUMPY_BOOLS = frozenset({("numpy", "bool"), ("numpy", "bool_")})
"""By name: the runtime does not import NumPy, and its bool is neither a bool nor an int."""


def real(value: Any) -> float:
    """The double nearest to a number, by its `__float__` or `__index__`; text is none.

    `TypeError` for what is no number, `OverflowError` beyond the largest double.
    """
    # As `struct` takes them; `float` would take text, too.
    return math.ldexp(value, 0)


def truth(value: Any) -> bool | None:
    """A bool, the int 0 or 1, or a bool of NumPy, as a bool; None for anything else."""
    if isinstance(value, int):
        return bool(value) if value in (0, 1) else None
    return bool(value) if is_numpy_bool(value) else None


def is_numpy_bool(value: Any) -> bool:
    """Whether a value is a bool of NumPy."""
    return (type(value).__module__, type(value).__name__) in _NUMPY_BOOLS
