"""The errors of every codec.

A codec raises one of these where it stands; each caller on the way up adds its part of the path with
`at`, so that a path costs nothing as long as nothing fails. All are `ValueError`s.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from typing_extensions import Self

__all__ = (
    "DecodeError",
    "EncodeError",
    "Error",
    "JsonError",
    "TextError",
    "describe",
    "wrong_message",
)

_LONGEST_REPR = 60


class Error(ValueError):
    """What went wrong, and where in the message: ``expected int32, got str 'a' at `items[3].id```.

    `reason` is the text without the path; `path` the path as text, empty for the message itself.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self._steps: list[str | int | tuple[object]] = []

    def at(self, step: str | int) -> Self:
        """Put a step before the path: a field's name, or the index or key of an element."""
        self._steps.append(step)
        return self

    def at_key(self, key: object) -> Self:
        """Put the key of a map entry before the path."""
        self._steps.append((key,))
        return self

    @property
    def path(self) -> str:
        """Path of the field, for example ``items[3].id``."""
        text = ""
        for step in reversed(self._steps):
            if isinstance(step, str):
                # An extension's step has brackets of its own.
                text += step if step.startswith("[") or not text else f".{step}"
            else:
                text += f"[{_short(step[0]) if isinstance(step, tuple) else step}]"
        return text

    @property
    def steps(self) -> tuple[Any, ...]:
        """The path step by step: names of fields, indices and keys of maps, from the outermost message on."""
        return tuple(step[0] if isinstance(step, tuple) else step for step in reversed(self._steps))

    def __str__(self) -> str:
        return f"{self.reason} at `{self.path}`" if self._steps else self.reason

    def __reduce__(self) -> tuple[object, ...]:
        return (type(self), (self.reason,), {"_steps": self._steps})


class DecodeError(Error):
    """Wire bytes are truncated, malformed or beyond a limit."""


class EncodeError(Error):
    """A message holds a value that its field cannot carry."""


class JsonError(Error):
    """JSON (or a dict) does not fit the message, or the message cannot be written as JSON."""


class TextError(Error):
    """Text format does not parse or does not fit the message."""


def describe(value: object) -> str:
    """Type and shortened repr of a value, for the "got" half of an error."""
    if value is None:
        return "None"
    return f"{type(value).__name__} {_short(value)}"


def wrong_message(cls: type[Any], value: object) -> str:
    """What to say about a value that stands where a message of a class belongs.

    Classes of one name are told apart by their modules: they are of two generated trees.
    """
    found: type[Any] = type(value)
    if found.__name__ != cls.__name__:
        return f"expected {cls.__name__}, got {describe(value)}"
    expected, got = (f"{it.__module__}.{it.__qualname__}" for it in (cls, found))
    text = f"expected {expected}, got {got} {_short(value)}"
    names = {getattr(it, "__proto_name__", None) for it in (cls, found)}
    if len(names) == 1 and None not in names:
        text += f" (two trees have a class for {names.pop()}: with extern_package, one uses the other's)"
    return text


def _short(value: object) -> str:
    try:
        # Converting a huge int to decimal is refused by Python itself, hence the except.
        text = repr(value)
    except Exception:  # noqa: BLE001 - a broken __repr__ must not hide the error being reported
        return "<unprintable>"
    return text if len(text) <= _LONGEST_REPR else f"{text[: _LONGEST_REPR - 3]}..."
