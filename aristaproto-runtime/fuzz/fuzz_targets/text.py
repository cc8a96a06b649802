"""What the target `text` demands: `check(data)` raises when the two codecs disagree about JSON, or one with itself."""

from __future__ import annotations

from typing import Any

import aristaproto
from aristaproto import json
from classes import CLASSES, outcome, same


def plainly(cls: Any, text: str) -> Any:
    return json.from_json(cls, text, ignore_unknown_fields=False, message_pool=None)


def check(data: bytes) -> None:
    try:
        text = data[1:].decode()
    except UnicodeDecodeError:
        return
    cls = CLASSES[data[0] % len(CLASSES)] if data else CLASSES[0]
    expected = outcome(plainly, cls, text)
    found = outcome(cls.from_json, text)
    if not same(found, expected):
        return
    message = found[1]
    for casing in (aristaproto.Casing.CAMEL, aristaproto.Casing.SNAKE):
        written = outcome(
            lambda it, casing=casing: json.to_json(
                it,
                indent=None,
                include_default_values=False,
                casing=casing,
                message_pool=None,
            ),
            expected[1],
        )
        assert outcome(lambda it, casing=casing: it.to_json(casing=casing), message) == written
        # What was parsed from wire bytes is written from them.
        wire = outcome(bytes, message)
        if wire[0] == "value" and written[0] == "value":
            parsed = cls.parse(wire[1])
            assert parsed.to_json(casing=casing) == written[1]
            assert cls.from_json(written[1]) == message
    with aristaproto.limits(depth=2, messages=5, size=60):
        same(outcome(cls.from_json, text), outcome(plainly, cls, text))
