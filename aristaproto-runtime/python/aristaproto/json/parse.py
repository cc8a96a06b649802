"""JSON text to plain values, through the standard `json` module.

That module accepts NaN, rounds numbers and keeps the last of two equal keys; the hooks here refuse
NaN, keep numbers with a fraction or an exponent exact as `Decimal`, and mark objects with equal
keys.
"""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import NoReturn

from ..base.budget import Budget
from ..base.errors import JsonError

__all__ = ("DoubleKeys", "parse_text")


class DoubleKeys(dict[str, object]):
    """An object in which `key` stands twice; who reads it refuses it and knows its path."""

    __slots__ = ("key",)

    key: str


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    made = dict(pairs)
    if len(made) == len(pairs):
        return made
    marked = DoubleKeys(made)
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            marked.key = key
        seen.add(key)
    return marked


def _refuse_constant(name: str) -> NoReturn:
    raise JsonError(f'expected a JSON value, got {name} (as a number it is the text "{name}")')


def _number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:  # an exponent of more digits than Decimal has
        raise JsonError(f"expected a number within the range of double, got {text[:40]}") from None


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_constant=_refuse_constant, parse_float=_number
)


def parse_text(text: str | bytes) -> object:
    """Return the value of JSON text: dict, list, str, int, Decimal, bool or None.

    Raises:
        JsonError: The text is no JSON, is longer than the limit or nested too deeply.
    """
    if isinstance(text, (bytes, bytearray, memoryview)):
        try:
            text = str(text, "utf-8")
        except UnicodeDecodeError as error:
            raise JsonError(f"expected UTF-8, got {error.reason} at byte {error.start}") from None
    elif not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(f"expected JSON text as str or bytes, got {type(text).__name__}")
    budget = Budget()
    if len(text) > budget.limits.size:
        raise budget.too_large(JsonError, len(text), "characters")
    try:
        value: object = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise JsonError(
            f"expected JSON, got {error.msg} at line {error.lineno} column {error.colno}"
        ) from None
    except RecursionError:
        raise JsonError("expected JSON that is nested less deeply, got too many levels") from None
    except JsonError:
        raise
    except ValueError as error:  # an integer with more digits than Python converts
        raise JsonError(f"expected a number within the range of its field: {error}") from None
    return value
