"""JSON of the codec in Rust and of the plain one: the same text, the same values, or the same error."""

from __future__ import annotations

import datetime
import math
import re
import struct
from collections.abc import Callable
from random import Random
from typing import Any
from unittest.mock import patch

import aristaproto
import pytest
from aristaproto import OutputFormat, binary, codec, json, wkt
from aristaproto.casing import Casing, camel_case, pascal_case, snake_case
from trees.unittest.message_pool import default_message_pool as pool

from .filling import Endless, filled
from .test_round_trips import MESSAGES, classes

NOON = datetime.datetime(2024, 2, 29, 12, tzinfo=datetime.timezone.utc)

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
    signed: int = aristaproto.field(6, aristaproto.TYPE_SINT64)
    time: datetime.datetime | None = aristaproto.field(
        7, aristaproto.TYPE_MESSAGE, "aristaproto.wkt:Timestamp"
    )
    span: datetime.timedelta | None = aristaproto.field(
        8, aristaproto.TYPE_MESSAGE, "aristaproto.wkt:Duration"
    )


def outcome(function: Any, *arguments: Any, **options: Any) -> tuple[str, str]:
    """What a call gives: text, a message as text, or class and text of its error."""
    try:
        made = function(*arguments, **options)
    except (aristaproto.Error, KeyError) as error:
        return type(error).__name__, str(error)
    if isinstance(made, str):
        return "text", made
    # Types, too: 1 is not True, and 1.0 neither.
    if not isinstance(made, aristaproto.Message):
        return "value", f"{made!r} {types(made)}"
    return "message", f"{made!r} {binary.encode(made)!r} {types(made)}"


def types(value: Any) -> Any:
    if isinstance(value, aristaproto.Message):
        return [types(field.get(value)) for field in type(value).__schema__.fields]
    if isinstance(value, LIST):
        return [types(item) for item in value]
    if isinstance(value, DICT):
        return [(type(key), types(item)) for key, item in value.items()]
    return type(value).__name__


SPELLINGS: tuple[Callable[[str], str], ...] = (
    *(snake_case, camel_case, pascal_case, str.upper, str.lower, "x{}".format),
)


def altered(random: Random, value: Any) -> Any:
    """Plain values with a change here and there: other types, other spellings of keys, keys that nobody knows."""
    chance = random.random()
    if chance < 0.02:
        return random.choice(
            [
                *(
                    None,
                    True,
                    False,
                    0,
                    -1,
                    1.0,
                    1.5,
                    2**31,
                    2**63,
                    2**70,
                    math.nan,
                    math.inf,
                    1e300,
                ),
                *(
                    "",
                    "1",
                    "true",
                    "\ud83d",
                    "AAE=",
                    b"",
                    b"a",
                    bytearray(b"a"),
                    (),
                    (1, 2),
                    [],
                    {},
                ),
                *(
                    {1: 2},
                    {"@type": ""},
                    wkt.Empty(),
                    wkt.Int32Value(value=3),
                    wkt.NullValue.NULL_VALUE,
                ),
                *(NOON, NOON.replace(tzinfo=None), NOON - NOON, "2024-02-29T12:00:00Z", "20240229"),
            ]
        )
    if isinstance(value, LIST):
        items: Any = [altered(random, item) for item in value]
        return tuple(items) if chance > 0.9 else items
    if isinstance(value, DICT):
        made: dict[Any, Any] = {}
        for key, item in value.items():
            respelt = isinstance(key, str) and random.random() < 0.05
            made[random.choice(SPELLINGS)(key) if respelt else key] = altered(random, item)
        if chance > 0.98:
            made[random.choice(["stranger", 1, "[no.such]", "\ud83d", True])] = altered(
                random, None
            )
        return made
    return value


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


def in_rust(write: Callable[..., str], *arguments: Any, **options: Any) -> bool:
    """Whether the text is written without the plain codec."""
    with patch.object(json, "to_json", return_value="") as plain:
        write(*arguments, **options)
    return not plain.called


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
        written += in_rust(message.to_json)
    # Most of it in Rust.
    assert written > TRIALS / 2


def test_same_text_with_other_options() -> None:
    random = Random(9)
    written = 0
    for message in messages(10):
        options: dict[str, Any] = {
            "casing": random.choice(list(Casing)),
            "indent": random.choice([None, 0, 1, 4, -1, "\t", "--", "\u00e4", True]),
            "include_default_values": random.random() < 0.5,
            "message_pool": random.choice([None, pool]),
        }
        expected = outcome(json.to_json, message, **options)
        assert outcome(message.to_json, **options) == expected
        written += in_rust(message.to_json, 2, True, Casing.SNAKE, message_pool=pool)
    assert written > TRIALS / 2


def test_same_plain_values() -> None:
    random = Random(11)
    written = 0
    for message in messages(12):
        options: dict[str, Any] = {
            "output_format": random.choice(list(OutputFormat)),
            "casing": random.choice(list(Casing)),
            "include_default_values": random.random() < 0.3,
            "message_pool": random.choice([None, pool]),
        }
        assert outcome(message.to_dict, **options) == outcome(json.to_dict, message, **options)
        parsed = class_of(message).parse(bytes(message))
        assert outcome(parsed.to_dict, **options) == outcome(json.to_dict, parsed, **options)
        written += (
            codec.to_dict(message, OutputFormat.PROTO_JSON, False, Casing.CAMEL, None)
            is not NotImplemented
        )
    assert written > TRIALS / 2


def test_same_messages_of_plain_values() -> None:
    random = Random(13)
    read = 0
    verdicts: dict[str, int] = {}
    for message in messages(14):
        cls = class_of(message)
        value = message.to_dict(
            output_format=random.choice(list(OutputFormat)), casing=random.choice(list(Casing))
        )
        options: dict[str, Any] = {
            "ignore_unknown_fields": random.random() < 0.5,
            "message_pool": random.choice([None, pool]),
        }
        assert outcome(cls.from_dict, value) == outcome(json.from_dict, cls, value)
        read += codec.from_dict(cls, value, False, None) is not None
        for _ in range(3):
            other = altered(random, value)
            expected = outcome(json.from_dict, cls, other, **options)
            assert outcome(cls.from_dict, other, **options) == expected, (cls, other)
            verdicts[expected[0]] = verdicts.get(expected[0], 0) + 1
    assert read > TRIALS / 2
    assert min(verdicts["message"], verdicts["JsonError"]) > TRIALS / 10, verdicts


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


def test_same_integers() -> None:
    random = Random(9)
    for digits in range(1, 21):
        first, last = 10 ** (digits - 1), min(10**digits, 1 << 64) - 1
        for number in {first, last, *(random.randint(first, last) for _ in range(50))}:
            signed = max(-number, -1 << 63)
            message = Numbers(big=number, signed=signed)
            assert message.to_json() == f'{{"big": "{number}", "signed": "{signed}"}}'
            assert message.to_json() == json.to_json(message)
            assert message.to_dict() == {"big": str(number), "signed": str(signed)}


def test_same_times() -> None:
    random = Random(10)
    utc = datetime.timezone.utc
    for year in (1, 9, 99, 999, 1969, 1970, 2000, 9999):
        for micros in (0, 1, 10, 1000, 123_000, 999_999, random.randrange(1_000_000)):
            moment = datetime.datetime(year, 1, 1, tzinfo=utc) + datetime.timedelta(
                days=random.randrange(365),
                seconds=random.randrange(86_400),
                microseconds=micros,
            )
            for span in (moment - NOON, NOON - moment, datetime.timedelta(microseconds=-micros)):
                message = Numbers(time=moment, span=span)
                text = message.to_json()
                assert text == json.to_json(message)
                assert message.to_dict() == json.to_dict(message)
                assert Numbers.from_json(text) == message


@pytest.mark.parametrize("beyond", ["", "é", "语", "😀"])
def test_same_letters(beyond: str) -> None:
    """Every letter below 128 and some beyond, in texts of every length around those of a run."""
    letters = "".join(map(chr, range(128))) + beyond * 3
    for start in range(len(letters)):
        for length in (1, 7, 8, 9, 31, 32, 33, 70):
            message = Numbers(text=letters[start : start + length] + beyond)
            text = message.to_json()
            assert text == json.to_json(message)
            assert Numbers.from_json(text) == message


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
        read += codec.from_json(cls, text, False, None) is not None
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
            ignore = random.random() < 0.5
            expected = outcome(json.from_json, cls, text, ignore_unknown_fields=ignore)
            found = outcome(cls.from_json, text, ignore_unknown_fields=ignore)
            assert found == expected, (cls, text, ignore)
            verdicts[expected[0]] = verdicts.get(expected[0], 0) + 1
    assert min(verdicts["message"], verdicts["JsonError"]) > TRIALS / 10, verdicts


def renamed(random: Random, text: str) -> str:
    """Text some of whose keys are spelt in another way, or are keys that nobody knows."""

    def other(found: re.Match[str]) -> str:
        if random.random() < 0.8:
            return found[0]
        if random.random() < 0.2:
            return f'"stranger": [{{"a": {random.choice(TOKENS)}}}], {found[0]}'
        return f'"{random.choice(SPELLINGS)(found[1])}":'

    return re.sub(r'"([\w]+)":', other, text)


def test_same_verdict_on_other_keys() -> None:
    random = Random(15)
    verdicts: dict[str, int] = {}
    for message in messages(16):
        cls = class_of(message)
        written = outcome(json.to_json, message)
        if written[0] != "text":
            continue
        text = renamed(random, written[1])
        for ignore in (False, True):
            expected = outcome(json.from_json, cls, text, ignore_unknown_fields=ignore)
            found = outcome(cls.from_json, text, ignore_unknown_fields=ignore)
            assert found == expected, (cls, text, ignore)
            verdicts[expected[0]] = verdicts.get(expected[0], 0) + 1
    assert min(verdicts["message"], verdicts["UnknownFieldError"]) > TRIALS / 10, verdicts


def test_any_of_every_type() -> None:
    any_class: Any = pool.find_message("google.protobuf.Any")
    assert any_class is not None
    written = read = 0
    for message in messages(17):
        try:
            any_ = any_class.pack(message)
        except (aristaproto.Error, TypeError):
            continue
        expected = outcome(json.to_json, any_)
        assert outcome(any_.to_json) == expected
        assert outcome(any_.to_dict) == outcome(json.to_dict, any_)
        written += in_rust(any_.to_json)
        if expected[0] != "text":
            continue
        text = expected[1]
        # The URL may come last.
        turned = re.sub(r'^\{("@type": "[^"]*"), (.*)\}$', r"{\2, \1}", text, flags=re.DOTALL)
        for each in (text, turned, text.replace('"@type"', '"@typo"')):
            assert outcome(any_class.from_json, each) == outcome(json.from_json, any_class, each)
        value = any_.to_dict()
        assert outcome(any_class.from_dict, value) == outcome(json.from_dict, any_class, value)
        read += codec.from_json(any_class, turned, False, None) is not None
    assert min(written, read) > TRIALS / 3


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        '{"@type": ""}',
        '{"@type": "a"}',
        '{"@type": "a/b", "@type": "a/b"}',
        '{"@type": 1}',
        '{"value": 1}',
        '{"@type": "type.googleapis.com/google.protobuf.Duration"}',
        '{"@type": "type.googleapis.com/google.protobuf.Duration", "value": "1s", "more": 1}',
        '{"@type": "type.googleapis.com/google.protobuf.Duration", "value": "1s", "value": "1s"}',
        '{"value": "1.5s", "@type": "type.googleapis.com/google.protobuf.Duration"}',
        '{"@type": "type.googleapis.com/google.protobuf.Empty", "more": 1}',
        '{"@type": "type.googleapis.com/google.protobuf.Empty", "more": 1e99999999999999999999}',
        '{"@type": "type.googleapis.com/google.protobuf.Empty", "more": "\\ud83d"}',
        '{"@type": "type.googleapis.com/google.protobuf.Empty", "a": 1, "a": 1}',
        '{"@type": "type.googleapis.com/google.protobuf.Any", "value": {}}',
        '{"@type": "no.such/message"}',
    ],
)
@pytest.mark.parametrize("ignore", [False, True])
def test_any(text: str, ignore: bool) -> None:
    any_class: Any = pool.find_message("google.protobuf.Any")
    options = {"ignore_unknown_fields": ignore}
    expected = outcome(json.from_json, any_class, text, **options)
    assert outcome(any_class.from_json, text, **options) == expected


VALUES: list[Any] = [
    None,
    {},
    {"a": {"b": [1, 2.0, -0.0, None, True, "x", (1,), {}]}},
    {"a": 2**53 + 1, "b": 2**64, "c": -(2**63)},
    {"a": 10**400},
    {"a": math.nan},
    {1: 2},
    {"\ud83d": 1},
    {"a": "\ud83d"},
    {"a": wkt.Value(number_value=1.0)},
    {"a": wkt.Struct.from_dict({"b": 1})},
    {"a": b"x"},
    {"a": object},
    [1],
    "text",
]


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("cls", [wkt.Struct, wkt.Value, wkt.ListValue])
def test_values(cls: Any, value: Any) -> None:
    expected = outcome(json.from_dict, cls, value)
    assert outcome(cls.from_dict, value) == expected
    if expected[0] == "message":
        made = cls.from_dict(value)
        for output_format in OutputFormat:
            options = {"output_format": output_format}
            assert outcome(made.to_dict, **options) == outcome(json.to_dict, made, **options)
        assert outcome(made.to_json) == outcome(json.to_json, made)


class Bare(aristaproto.Message, extendable=True):
    pass


def test_message_of_another_class_without_fields() -> None:
    # It has fewer slots than a Bare.
    for _ in range(1000):
        assert Bare.from_dict(wkt.Empty()) == json.from_dict(Bare, wkt.Empty())


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
            assert outcome(message.to_dict) == outcome(json.to_dict, message)
            value: Any = message.to_dict() if expected[0] == "message" else None
            assert outcome(cls.from_dict, value) == outcome(json.from_dict, cls, value)
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


def test_decimals_from_text() -> None:
    random = Random(11)
    texts = [
        "-0",
        "-0.0",
        "0.0",
        "00.5",
        "01",
        "1.",
        "1.e2",
        ".5",
        "-.5",
        "-",
        "1.5.5",
        "1.5x",
        "1e5",
    ]
    for digits in range(1, 19):
        for places in range(digits):
            number = str(random.randint(10 ** (digits - 1), 10**digits - 1))
            text = f"{number[: digits - places]}.{number[digits - places :]}".rstrip(".")
            texts += [text, f"-{text}", f"0.{'0' * places}{text.replace('.', '')}"]
    for text in texts:
        body = f'{{"double": {text}}}'
        found = outcome(Numbers.from_json, body)
        assert found == outcome(json.from_json, Numbers, body), body
        if found[0] == "message":
            # What JSON writes without a point is an int, which has no minus zero.
            expected = 0.0 if text == "-0" else float(text)
            assert struct.pack("<d", Numbers.from_json(body).double) == struct.pack("<d", expected)
