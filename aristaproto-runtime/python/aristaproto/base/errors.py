"""The errors of every codec.

A codec raises one of these where it stands; each caller on the way up adds its part of the path with
`at`, so that a path costs nothing as long as nothing fails. All are `ValueError`s.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from typing_extensions import Self

__all__ = (
    "DecodeError",
    "EncodeError",
    "Error",
    "JsonError",
    "TextError",
    "cut",
    "describe",
    "listed",
    "nearest",
    "show",
    "wrong_message",
)

_LONGEST_REPR = 60
_MOST_NAMES = 20
_MOST_BITS = 4096
_LIST_REPR: Any = list.__repr__  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
_TUPLE_REPR: Any = tuple.__repr__  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
_DICT_REPR: Any = dict.__repr__  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]


class Error(ValueError):
    """What went wrong, and where in the message, such as "expected int32, got str 'a' at `items[3].id`".

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
                text += f"[{show(step[0]) if isinstance(step, tuple) else step}]"
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
    """Return the type and the shortened repr of a value, for the "got" half of an error."""
    if value is None:
        return "None"
    return f"{type(value).__name__} {show(value)}"


_PLAIN: dict[str, Any] = {
    "google.protobuf.ListValue": list,
    "google.protobuf.Value": (dict, list, str, int, float),
}
"""What `from_dict` takes that is no dict."""


def wrong_message(cls: type[Any], value: object) -> str:
    """What to say about a value that stands where a message of a class belongs.

    Classes of one name are told apart by their modules: they are of two generated trees.
    """
    found: type[Any] = type(value)
    if found.__name__ != cls.__name__:
        text = f"expected {cls.__name__}, got {describe(value)}"
        if isinstance(value, _PLAIN.get(getattr(cls, "__proto_name__", ""), dict)):
            text += f" (`{cls.__name__}.from_dict` makes one of it)"
        return text
    expected, got = (f"{it.__module__}.{it.__qualname__}" for it in (cls, found))
    text = f"expected {expected}, got {got} {show(value)}"
    names = {getattr(it, "__proto_name__", None) for it in (cls, found)}
    if len(names) == 1 and None not in names:
        text += f" (two trees have a class for {names.pop()}: with extern_package, one uses the other's)"
    return text


def show(value: object) -> str:
    """Return the repr of a value in at most 60 characters, at a cost that does not grow with the value.

    What an error shows may come from outside and be as long as the input.
    """
    try:
        text = repr(_clipped(value, [_LONGEST_REPR]))
    except Exception:  # noqa: BLE001 - a broken __repr__ must not hide the error being reported
        return "<unprintable>"
    return text if len(text) <= _LONGEST_REPR else f"{text[: _LONGEST_REPR - 3]}..."


def cut(text: str) -> str:
    """Return text that an error shows without quotes, in at most 60 characters."""
    return text if len(text) <= _LONGEST_REPR else f"{text[: _LONGEST_REPR - 3]}..."


def nearest(word: object, names: Iterable[str]) -> str | None:
    """Return the name that is most like a word, None when none is like it or the word is no text."""
    if not isinstance(word, str):
        return None
    from difflib import get_close_matches

    # A ratio of 0.6 needs lengths that are this close; a word of any length is compared with names of its length only.
    size = len(word)
    alike = [name for name in names if 3 * size <= 7 * len(name) and 3 * len(name) <= 7 * size]
    # Even with nothing to compare, `difflib` makes an index of all letters of the word.
    found = get_close_matches(word, alike, n=1) if alike else []
    return found[0] if found else None


def listed(names: Iterable[str]) -> str:
    """Return names joined by commas, the first twenty of many."""
    every = list(names)
    text = ", ".join(every[:_MOST_NAMES])
    return text if len(every) <= _MOST_NAMES else f"{text} and {len(every) - _MOST_NAMES} more"


class _Bits:
    """Stands for an int whose digits would take long to find."""

    def __init__(self, value: int) -> None:
        self._bits = value.bit_length()

    def __repr__(self) -> str:
        return f"<{self._bits} bits>"


def _clipped(value: Any, room: list[int]) -> Any:
    """A value of the same repr as far as an error shows it, and with no more parts than `room` has."""
    room[0] -= 1
    kind: Any = type(value).__repr__
    if kind is str.__repr__ or kind is bytes.__repr__ or kind is bytearray.__repr__:
        return value if len(value) <= _LONGEST_REPR else value[: _LONGEST_REPR + 1]
    if kind is int.__repr__:
        return value if value.bit_length() <= _MOST_BITS else _Bits(value)
    if kind is _LIST_REPR or kind is _TUPLE_REPR:
        items: list[Any] = []
        for item in value:
            if room[0] < 0:
                break
            items.append(_clipped(item, room))
        return items if kind is _LIST_REPR else tuple(items)
    if kind is _DICT_REPR:
        entries: dict[Any, Any] = {}
        for key, item in value.items():
            if room[0] < 0:
                break
            entries[_clipped(key, room)] = _clipped(item, room)
        return entries
    return value
