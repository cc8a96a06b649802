"""Required fields of proto2: which one is missing.

Codecs check before they write and after they read.
"""

from __future__ import annotations

from ..base.errors import show

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from ..base.errors import Error
    from ..schema.fields import Schema
    from .message import Message

__all__ = ("check_required", "missing_required")


def check_required(message: Message, error: type[Error]) -> None:
    """Raise `error` with the path of the first required field that is not set, here or below."""
    missing = missing_required(message)
    if missing is not None:
        found = error("expected a value of a required field, got none")
        for step in missing:
            found.at(step)
        raise found


def missing_required(message: Message) -> list[str | int] | None:
    """Path, innermost step first, of the first required field that is not set; None when all are.

    Values that are no messages where there should be some are left to the codecs to refuse.
    """
    return _missing(message, {})


def _missing(message: Message, complete: dict[int, Message]) -> list[str | int] | None:
    """The same below other messages; each that many hold is gone through once."""
    if id(message) in complete:
        return None
    schema: Schema | None = getattr(type(message), "__schema__", None)
    if schema is None or not schema.needs_check:
        return None
    for field in schema.fields_of(message):
        cls = field.value.message if field.value is not None else field.message
        is_checked = cls is not None and cls.__schema__.needs_check
        # What is not looked at is not made: a list or dict that is empty is made by reading it.
        if not field.required and not is_checked:
            continue
        value: Any = field.held(message)
        if value is None:
            if field.required:
                return [field.name]
            continue
        if not is_checked:
            continue
        below: Iterable[tuple[str | int, Any]]
        if field.is_map:
            below = _entries(value)
        elif field.repeated:
            below = _elements(value)
        else:
            found = _missing(value, complete)
            if found is not None:
                return [*found, field.name]
            continue
        for step, item in below:
            found = _missing(item, complete)
            if found is not None:
                return [*found, step, field.name]
    complete[id(message)] = message
    return None


def _entries(value: Any) -> Iterable[tuple[str, Any]]:
    if not isinstance(value, dict):
        return ()
    entries: dict[Any, Any] = value  # pyright: ignore[reportUnknownVariableType]
    return ((f"[{show(key)}]", item) for key, item in entries.items())


def _elements(value: Any) -> Iterable[tuple[int, Any]]:
    return enumerate(value) if isinstance(value, (list, tuple)) else ()  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
