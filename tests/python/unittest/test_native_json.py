"""JSON of the codec in Rust and of the plain one: the same text, the same values, or the same error."""

from __future__ import annotations

import math
import re
import struct
from random import Random
from typing import Any

import aristaproto
import pytest
from aristaproto import binary, codec, json
from aristaproto.casing import Casing
from trees.unittest.message_pool import default_message_pool as pool

from .filling import Endless, filled
from .test_round_trips import MESSAGES, classes

pytestmark = pytest.mark.skipif(codec.NATIVE is None, reason="there is one codec")

TRIALS = 3000

# Any, so that what they hold is that, too.
LIST: Any = list
DICT: Any = dict

TOKENS = (
    *(
        "null",
        "true",
        "false",
        "0",
        "-0",
        "-0.0",
        "1",
        "-1",
        "01",
        "1.",
        "1.0",
        "1e3",
        "1E+2",
        "1e400",
        "1e-9999999999999999999",
        "0.1",
    ),
    *("2147483648", "4294967295", "9223372036854775808", "18446744073709551616", "1" * 400, "NaN"),
    *(
        '""',
        '"1"',
        '"-1"',
        '" 1"',
        '"1.0"',
        '"NaN"',
        '"Infinity"',
        '"-Infinity"',
        '"true"',
        '"AA=="',
    ),
    *(
        '"AAE"',
        '"A-_="',
        '"A"',
        '"\\u00e4"',
        '"\\ud83d\\ude00"',
        '"\\ud83d"',
        '"\\ude00\\ud83d"',
        '"\\x"',
    ),
    *('"1970-01-01T00:00:00Z"', '"0001-01-01T00:00:00Z"', '"9999-12-31T23:59:59.999999999Z"'),
    *(
        '"2024-02-30T00:00:00Z"',
        '"2024-02-29T24:00:00Z"',
        '"2024-02-29T23:59:60Z"',
        '"2024-02-29T01:02:03.5+01:00"',
    ),
    *(
        '"1s"',
        '"-0.5s"',
        '"1.0000000001s"',
        '"315576000001s"',
        '"-s"',
        "{",
        "}",
        "[",
        "]",
        "{}",
        "[]",
        ",",
        ":",
        " ",
    ),
)


class Numbers(aristaproto.Message):
    double: float = aristaproto.field(1, aristaproto.TYPE_DOUBLE)
    single: float = aristaproto.field(2, aristaproto.TYPE_FLOAT)
    text: str = aristaproto.field(3, aristaproto.TYPE_STRING)
    data: bytes = aristaproto.field(4, aristaproto.TYPE_BYTES)
    big: int = aristaproto.field(5, aristaproto.TYPE_UINT64)


def outcome(function: Any, *arguments: Any, **options: Any) -> tuple[str, str]:
    """What a call gives: text, a message as text, or class and text of its error."""
    try:
        made = function(*arguments, **options)
    except (aristaproto.Error, KeyError) as error:
        return type(error).__name__, str(error)
    if isinstance(made, str):
        return "text", made
    # Types, too: 1 is not True, and 1.0 neither.
    return "message", f"{made!r} {binary.encode(made)!r} {types(made)}"


def types(value: Any) -> Any:
    if isinstance(value, aristaproto.Message):
        return [types(field.get(value)) for field in type(value).__schema__.fields]
    if isinstance(value, LIST):
        return [types(item) for item in value]
    if isinstance(value, DICT):
        return [(type(key), types(item)) for key, item in value.items()]
    return type(value).__name__


def damaged(random: Random, text: str) -> str:
    """Text with a change or two of the kind that people and programs make."""
    tokens = re.findall(r'"(?:[^"\\]|\\.)*"|[-+.\w]+|\s+|.', text)
    for _ in range(random.randint(1, 2)):
        at = random.randrange(len(tokens))
        action = random.randrange(5)
        if action == 0:
            del tokens[at]
        elif action == 1:
            tokens[at] = random.choice(TOKENS)
        elif action == 2:
            tokens.insert(at, random.choice(TOKENS))
        elif action == 3:
            tokens[at] = tokens[random.randrange(len(tokens))]
        else:
            token = list(tokens[at])
            token[random.randrange(len(token))] = random.choice(
                '0159-+.eEaZ_"\\/{}[],: \n\x01\u00e4='
            )
            tokens[at] = "".join(token)
        if not tokens:
            tokens = ["{}"]
    return "".join(tokens)


def class_of(message: Any) -> Any:
    return message.__class__


def messages(seed: int) -> Any:
    random = Random(seed)
    for _ in range(TRIALS):
        cls, _ = classes(random.choice(MESSAGES))
        try:
            yield filled(random, cls, pool, density=random.choice([0.1, 0.3, 0.8]))
        except Endless:
            continue


@pytest.mark.parametrize("casing", list(Casing))
def test_same_text(casing: Casing) -> None:
    written = 0
    for message in messages(1):
        expected = outcome(json.to_json, message, casing=casing)
        assert outcome(message.to_json, casing=casing) == expected
        # What was parsed and not looked at, too.
        if expected[0] == "text":
            parsed = class_of(message).parse(bytes(message))
            assert outcome(parsed.to_json, casing=casing) == outcome(
                json.to_json, parsed, casing=casing
            )
        assert codec.NATIVE is not None
        written += codec.NATIVE.to_json(message, False) is not None
    # Most of it in Rust.
    assert written > TRIALS / 2


def test_same_numbers_and_texts() -> None:
    random = Random(2)
    for _ in range(20_000):
        (double,) = struct.unpack("<d", random.randbytes(8))
        (single,) = struct.unpack("<f", random.randbytes(4))
        if random.random() < 0.5:
            double = random.uniform(-1, 1) * 10.0 ** random.randint(-25, 25)
            single = round(random.uniform(-1000, 1000), random.randint(0, 8))
        message = Numbers(
            double=double,
            single=single,
            text="".join(
                chr(random.choice([random.randrange(256), 0x20AC, 0x1F600])) for _ in range(5)
            ),
            data=random.randbytes(random.randrange(8)),
            big=random.getrandbits(64),
        )
        assert outcome(message.to_json) == outcome(json.to_json, message)
    for number in (0.0, -0.0, 1e16, 1e15, 123456789012345680.0, 1e-4, 1e-5, 5e-324, math.inf, 1e22):
        message = Numbers(double=number, single=number)
        assert outcome(message.to_json) == outcome(json.to_json, message)


def test_same_values() -> None:
    random = Random(3)
    read = 0
    for message in messages(4):
        cls = class_of(message)
        expected = outcome(json.to_json, message, casing=random.choice(list(Casing)))
        if expected[0] != "text":
            continue
        text = expected[1]
        assert outcome(cls.from_json, text) == outcome(json.from_json, cls, text), text
        data = text.encode()
        assert outcome(cls.from_json, data) == outcome(json.from_json, cls, text), text
        assert codec.NATIVE is not None
        read += codec.NATIVE.from_json(cls, text) is not None
    assert read > TRIALS / 2


def test_same_verdict_on_damaged_text() -> None:
    random = Random(5)
    verdicts: dict[str, int] = {}
    for message in messages(6):
        cls = class_of(message)
        written = outcome(json.to_json, message)
        if written[0] != "text":
            continue
        for _ in range(3):
            text = damaged(random, written[1])
            expected = outcome(json.from_json, cls, text)
            assert outcome(cls.from_json, text) == expected, (cls, text)
            verdicts[expected[0]] = verdicts.get(expected[0], 0) + 1
    assert min(verdicts["message"], verdicts["JsonError"]) > TRIALS / 10, verdicts


@pytest.mark.parametrize("limits", [{"depth": 1}, {"messages": 3}, {"size": 100}])
def test_same_limits(limits: dict[str, int]) -> None:
    refused = 0
    for message in messages(7):
        cls = class_of(message)
        written = outcome(json.to_json, message)
        if written[0] != "text":
            continue
        with aristaproto.limits(**limits):
            expected = outcome(json.from_json, cls, written[1])
            assert outcome(cls.from_json, written[1]) == expected
            assert outcome(message.to_json) == outcome(json.to_json, message)
        refused += expected[0] == "JsonError"
    assert refused > TRIALS / 20


def test_numbers_from_text() -> None:
    random = Random(8)
    for _ in range(20_000):
        digits = "".join(random.choice("0123456789") for _ in range(random.randint(1, 25)))
        text = random.choice(["", "-"]) + (digits.lstrip("0") or "0")
        if random.random() < 0.5:
            text += "." + "".join(random.choice("0123456789") for _ in range(random.randint(1, 20)))
        if random.random() < 0.3:
            text += f"e{random.randint(-340, 320)}"
        body = f'{{"{random.choice(["double", "single", "big"])}": {text}}}'
        assert outcome(Numbers.from_json, body) == outcome(json.from_json, Numbers, body), body
