"""What the target `text` demands: `check(data)` raises when the two codecs disagree about JSON, or one with itself."""

from __future__ import annotations

import ast
import re
from typing import Any

import aristaproto
from aristaproto import json
from classes import CLASSES, POOL, outcome, same


def check(data: bytes) -> None:
    try:
        text = data[1:].decode()
    except UnicodeDecodeError:
        return
    choice = data[0] if data else 0
    cls = CLASSES[choice % len(CLASSES)]
    read: dict[str, Any] = {
        "ignore_unknown_fields": choice & 64 > 0,
        "message_pool": POOL if choice & 128 else None,
    }
    plain_values(cls, literal(text), read)
    with aristaproto.limits(depth=2, messages=5, size=60):
        same(
            outcome(lambda: cls.from_json(text, **read)),
            outcome(lambda: json.from_json(cls, text, **read)),
        )
    expected = outcome(lambda: json.from_json(cls, text, **read))
    found = outcome(lambda: cls.from_json(text, **read))
    if not same(found, expected):
        return
    for casing in aristaproto.Casing:
        written_and_read(found[1], {"casing": casing, "message_pool": read["message_pool"]}, read)


def written_and_read(message: Any, write: dict[str, Any], read: dict[str, Any]) -> None:
    cls = type(message)
    written = outcome(lambda: json.to_json(message, **write))
    assert outcome(lambda: message.to_json(**write)) == written
    # What was parsed from wire bytes is written from them.
    wire = outcome(bytes, message)
    if wire[0] == "value" and written[0] == "value":
        parsed = cls.parse(wire[1])
        assert parsed.to_json(**write) == written[1]
        again = cls.from_json(written[1], message_pool=POOL)
        assert again == message or without_null(again) == without_null(message)
    write["include_default_values"] = True
    assert outcome(lambda: message.to_json(indent=1, **write)) == outcome(
        lambda: json.to_json(message, indent=1, **write)
    )
    for output_format in aristaproto.OutputFormat:
        write["output_format"] = output_format
        made = outcome(lambda: message.to_dict(**write))
        # nan is not equal to itself.
        assert repr(made) == repr(outcome(lambda: json.to_dict(message, **write)))
        if made[0] == "value":
            plain_values(cls, made[1], read)


def without_null(message: Any) -> str:
    """What a message holds but for numbers of NullValue: JSON has `null` for all of them, and reads it as zero."""
    return re.sub(r"\bnull=[^,)]*(, |(?=\)))", "", repr(message))


def literal(text: str) -> Any:
    """The input as a literal of Python, which JSON without its three words is, too; None when it is none."""
    try:
        return ast.literal_eval(text) if text.isascii() else None
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None


def plain_values(cls: Any, value: Any, read: dict[str, Any]) -> None:
    same(
        outcome(lambda: cls.from_dict(value, **read)),
        outcome(lambda: json.from_dict(cls, value, **read)),
    )
