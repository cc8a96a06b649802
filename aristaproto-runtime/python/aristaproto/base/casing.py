"""Names in camel, Pascal or snake case, from any spelling.

JSON keys are compared in snake case, and programs may use these functions. The generator has rules of
its own for the names of fields and classes.
"""

from __future__ import annotations

import enum

__all__ = ("Casing", "camel_case", "pascal_case", "snake_case")

# One word: a run of capitals that does not lead into a lowercase letter ("FOO1" in "FOO1Bar"), or
# capitals, lowercase letters and digits ("Int32"). Only ASCII makes words, because names in a proto
# file are ASCII. Separators are no part of it: a search that starts with any number of them would
# begin anew at each, and JSON keys come from outside.
_WORD = r"[A-Z]+(?![a-z])[0-9]*|[A-Z]*[a-z]+[0-9]*|[0-9]+"


def _plain_words(value: str) -> list[str]:
    import re

    found: list[str] = re.findall(_WORD, value)
    return found


def _words(value: str) -> tuple[list[tuple[str, str]], str]:
    """Split into (separators, word) pairs and the separators after the last word."""
    import re

    pairs: list[tuple[str, str]] = []
    end = 0
    for match in re.finditer(_WORD, value):
        pairs.append((value[end : match.start()], match[0]))
        end = match.end()
    return pairs, value[end:]


def pascal_case(value: str, strict: bool = True) -> str:
    """Return a name in Pascal case: `foo_bar` gives `FooBar`, `FOOBar` gives `FooBar`.

    Args:
        value: A name in any spelling.
        strict: Whether every separator is dropped. Otherwise a lowercase word loses one of the
            separators before it and any other word keeps all of them, as underscores, so that
            `foo__bar` gives `Foo_Bar` and `foo__Bar` gives `Foo__Bar`.

    Returns:
        The name; an empty string for an empty one.
    """
    if strict:
        return "".join(word.capitalize() for word in _plain_words(value))
    pairs, rest = _words(value)
    parts: list[str] = []
    for separators, word in pairs:
        kept = len(separators) - 1 if word.islower() else len(separators)
        parts.append("_" * kept + word.capitalize())
    return "".join(parts) + "_" * len(rest)


def camel_case(value: str, strict: bool = True) -> str:
    """Return a name in camel case: `foo_bar` gives `fooBar`.

    Args:
        value: A name in any spelling.
        strict: As for `pascal_case`: `foo__bar` gives `fooBar`, or `foo_Bar` when not strict.

    Returns:
        The Pascal case of the name with its first character lowered.
    """
    pascal = pascal_case(value, strict)
    return pascal[:1].lower() + pascal[1:]


def snake_case(value: str, strict: bool = True) -> str:
    """Return a name in snake case: `fooBar` gives `foo_bar`, `GetUInt64` gives `get_u_int64`.

    Args:
        value: A name in any spelling.
        strict: Whether one underscore stands between two words and none elsewhere. Otherwise the
            separators are kept and a capitalised word adds one: `foo_Bar` gives `foo__bar`, and
            `__foo` stays.

    Returns:
        The name in lowercase.
    """
    if strict:
        return "_".join(_plain_words(value)).lower()
    pairs, rest = _words(value)
    parts: list[str] = []
    for position, (separators, word) in enumerate(pairs):
        count = len(separators)
        if position:
            one_case = word.islower() or word.isupper() or word.isdigit()
            count = max(1, count) if one_case else count + 1
        parts.append("_" * count + word.lower())
    return "".join(parts) + "_" * len(rest)


class Casing(str, enum.Enum):
    """The spelling of JSON keys that `Message.to_dict` and `Message.to_json` put out.

    The members are strings so that `inspect` can read the signature of a method in C with one of them as a default.
    """

    CAMEL = "camel"
    """The field's JSON name, by default its lowerCamelCase name."""
    SNAKE = "snake"
    """The field's name as the proto file spells it."""

    def __call__(self, name: str) -> str:
        """Return `name` in this casing, as `camel_case` and `snake_case` do."""
        return camel_case(name) if self is Casing.CAMEL else snake_case(name)
