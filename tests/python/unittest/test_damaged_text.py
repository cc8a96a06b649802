"""Damaged JSON and text format: what is read here, google.protobuf reads, too, and as the same message."""

from __future__ import annotations

import importlib
import json
import re
from pathlib import Path
from random import Random
from typing import Any

import aristaproto
import pytest
from google.protobuf import (
    descriptor_pb2,
    descriptor_pool,
    json_format,
    message_factory,
    text_format,
)

from .filling import filled

KNOWN = (
    *("any", "api", "duration", "empty", "field_mask"),
    *("source_context", "struct", "timestamp", "type", "wrappers"),
)
MODULES = ("scalars", "wkt", "proto2")


def google_pool() -> Any:
    files = {"google/protobuf/descriptor.proto": descriptor_pb2.DESCRIPTOR.serialized_pb}
    for name in KNOWN:
        known = importlib.import_module(f"google.protobuf.{name}_pb2").DESCRIPTOR
        files[known.name] = known.serialized_pb
    for name in MODULES:
        files.update(importlib.import_module(f"trees.sync.{name}._descriptors").FILES)
    pool: Any = descriptor_pool.DescriptorPool()
    added: set[str] = set()

    def add(name: str) -> None:
        if name not in added:
            added.add(name)
            for needed in descriptor_pb2.FileDescriptorProto.FromString(files[name]).dependency:
                add(needed)
            pool.AddSerializedFile(files[name])

    for name in files:
        add(name)
    return pool


GOOGLE: Any = google_pool()
POOL = importlib.import_module("trees.sync.message_pool").default_message_pool


def classes() -> list[tuple[Any, Any]]:
    found: list[tuple[Any, Any]] = []
    for name in MODULES:
        module = importlib.import_module(f"trees.sync.{name}")
        for value in [getattr(module, name) for name in module.__all__]:
            if isinstance(value, type) and issubclass(value, aristaproto.Message):
                described = GOOGLE.FindMessageTypeByName(value.__schema__.full_name)
                found.append((value, message_factory.GetMessageClass(described)))
    assert len(found) >= 12
    return found


VALUES: tuple[Any, ...] = (
    *(0, 1, -1, 1.0, 1.5, -0.0, 2**31, 2**32, 2**63, 2**64, -(2**63) - 1, 1e300, 1e39, True, False),
    *(None, "", "1", " 1", "1.0", "1.5", "1e3", "0x10", "-0", "+1", "01", "NaN", "nan", "Infinity"),
    *("-Infinity", "inf", "true", "abc", "AAAA", "AA=", "_-__", "1s", "-1.5s", "1.0000000001s"),
    *("315576000001s", "2020-01-01T00:00:00Z", "2020-01-01T00:00:00", "2020-01-01t00:00:00z"),
    *(
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59.999999999Z",
        "2020-13-01T00:00:00Z",
        "ä",
        "\ud800",
    ),
    *([], {}, [1], {"a": 1}, [None], {"value": 1}, {"@type": ""}, {"@type": "x"}),
    *({"@type": "type.googleapis.com/google.protobuf.Empty"}, "SIGNAL_GO", "LEVEL_LOW"),
)
CHARACTERS = (
    '"',
    ",",
    "{",
    "}",
    "[",
    "]",
    ":",
    "\\",
    "\n",
    "0",
    "e",
    "-",
    ".",
    "\0",
    "/**/",
    "'",
    "\ufeff",
)
TOKENS = (
    *("1", "-1", "1.5", "1e3", "0x1F", "017", "08", "1f", "1.f", ".5", "1.", "01.5", "01e3", "inf"),
    *("-inf", "nan", "-nan", "infinity", "true", "True", "t", "0", '"a"', "'a'", "{}", "<>", "[]"),
    *('"\\x41\\101\\u00e4\\U0001F600"', '"\\ud800"', "\"a\" 'b'", "[1,2]", "[1,]", "[,]", "{", "}"),
    *("<", ">", ";", ",", ":", "#c\n", "SIGNAL_GO", "4294967296", "-2147483649", "1e400", '"\n"'),
    *(
        "[type.googleapis.com/google.protobuf.Empty] {}",
        "nothing: 1",
        "value",
        "0b1",
        "1_0",
        "\u0661",
    ),
)


def damaged(random: Random, value: Any) -> Any:
    """A JSON value with something in it replaced."""
    if isinstance(value, dict) and value and random.random() < 0.85:
        made: dict[str, Any] = dict(value)  # pyright: ignore[reportUnknownArgumentType]
        key = random.choice(list(made))
        chance = random.random()
        if chance < 0.1:
            made["nothing"] = 1
        elif chance < 0.2:
            made[random.choice(("", "a_b", key.upper(), key + "_", key.title()))] = made[key]
        else:
            made[key] = damaged(random, made[key])
        return made
    if isinstance(value, list) and value and random.random() < 0.7:
        items: list[Any] = list(value)  # pyright: ignore[reportUnknownArgumentType]
        at = random.randrange(len(items))
        items[at] = damaged(random, items[at])
        return items
    return random.choice(VALUES)


def json_text(random: Random, message: Any) -> str:
    text: str = message.to_json()
    if random.random() < 0.8:
        text = json.dumps(damaged(random, json.loads(text)))
    if random.random() < 0.2:
        at = random.randrange(len(text))
        text = text[:at] + random.choice(CHARACTERS) + text[at + random.randrange(2) :]
    return text


def text(random: Random, message: Any) -> str:
    tokens = re.findall(r'"(?:\\.|[^"\\])*"|\w+|\s+|[^\w\s]', message.to_text()) or ["\n"]
    for _ in range(random.randrange(3)):
        at = random.randrange(len(tokens))
        chance = random.random()
        if chance < 0.6:
            tokens[at] = random.choice(TOKENS)
        elif chance < 0.8:
            tokens.insert(at, random.choice(TOKENS))
        else:
            tokens[at] = ""
    return "".join(tokens)


READERS: dict[str, tuple[Any, Any, Any]] = {
    "json": (json_text, "from_json", json_format.Parse),
    "text": (text, "from_text", text_format.Parse),
}

# What google's Python refuses though the specifications do not: null for NullValue in a list, null for a list of Value, blanks
# after a minus, octal digits for an enum, what separates fields after the message that an Any shows.
STRICTER = re.compile(
    "null is not allowed to be used as an element|no attribute 'null_value'|Couldn't parse \\w+: -$"
    r"|has no value named -?0\d|\}\s*[;,].*': Expected identifier or number, got [;,]\.$"
)


@pytest.mark.parametrize("form", READERS)
def test_what_is_read_google_reads_so(form: str) -> None:
    write, read, parse = READERS[form]
    random = Random(form)
    known = classes()
    counts = {"read": 0, "refused": 0}
    for _ in range(1500):
        cls, google = random.choice(known)
        source = write(random, filled(random, cls, POOL, density=random.choice((0.1, 0.3))))
        try:
            message = getattr(cls, read)(source)
        except (aristaproto.JsonError, aristaproto.TextError):
            counts["refused"] += 1
            continue
        counts["read"] += 1
        try:
            theirs = parse(source, google(), descriptor_pool=GOOGLE)
        except (json_format.ParseError, text_format.ParseError) as error:
            if STRICTER.search(str(error)) is None:
                pytest.fail(f"google refuses {source!r} for {cls.__name__}: {error}")
            continue
        assert cls.parse(theirs.SerializeToString(deterministic=True)) == message, (cls, source)
    assert min(counts.values()) >= 200, counts


# What google's Python reads though text format has no such form, by what is said of it here; the same guide tells it to users.
LOOSER_TEXT = {
    "numbers with `_`, `0b` or `0o`": r"expected a number, got '[0-9a-z.]*[_bBoO]",
    "numbers with a `+`, or digits of other scripts": "expected a token, got '(\\+|\u0661)'",
    "`inf` and `nan` with an `f` behind": r"expected (float|double) in decimal digits, got '\w+f'",
}


def test_text_that_google_reads_is_read_so() -> None:
    """The other direction."""
    random = Random("text, from google")
    known = classes()
    read = looser = 0
    for _ in range(1500):
        cls, google = random.choice(known)
        source = text(random, filled(random, cls, POOL, density=random.choice((0.1, 0.3))))
        try:
            theirs = text_format.Parse(source, google(), descriptor_pool=GOOGLE)
        except text_format.ParseError:
            continue
        try:
            message = cls.from_text(source)
        except aristaproto.TextError as error:
            if not any(re.match(said, str(error)) for said in LOOSER_TEXT.values()):
                pytest.fail(f"google reads {source!r} for {cls.__name__}: {error}")
            looser += 1
            continue
        read += 1
        assert cls.parse(theirs.SerializeToString(deterministic=True)) == message, (cls, source)
    assert read >= 200
    # Few, or they would hide a difference of another kind.
    assert looser <= 20


@pytest.mark.parametrize(
    ("why", "source"),
    [
        *[(0, f"int32_value: {it}") for it in ("1_0", "0b1", "-0b1", "0B1", "0o7", "0O7", "0x_1")],
        *[(0, f"double_value: {it}") for it in ("1_0", "1_0.5", "1e1_0")],
        (0, "signal: 0b1"),
        *[(1, f"int32_value: {it}") for it in ("+1", "\u0661")],
        *[(1, f"double_value: {it}") for it in ("+1", "\u0661", "+inf", "+nan")],
        *[(2, f"double_value: {it}") for it in ("infinityf", "nanf", "-inff")],
        (2, "float_value: inff"),
    ],
)
def test_each_number_that_google_alone_reads(why: int, source: str) -> None:
    (cls, google) = next(it for it in classes() if it[0].__schema__.full_name == "scalars.Optional")
    text_format.Parse(source, google(), descriptor_pool=GOOGLE)
    with pytest.raises(aristaproto.TextError, match=list(LOOSER_TEXT.values())[why]):
        cls.from_text(source)


# What google's Python reads though ProtoJSON has no such form, by what is said of it here; docs/guide/json-and-text.md tells it to users.
LOOSER = {
    "an empty list or text for an object": r"expected an object for \S+, got (list \[\]|str '')",
    "blanks, signs and zeros that JSON numbers have not, in text": (
        r"expected (u?int|s?fixed|sfixed|sint)(32|64), got str '([+ ]|-?0\d)"
        r"|expected a number, got str '([+ ]|-?0\d)"
    ),
    "inf and -nan, as Python spells floats": r"expected a number, got str '[+-]?(inf|nan|NaN)'",
    "a bool for a float": r"expected a number, got bool",
    "the number of an enum as text": r"expected a name of enum \w+, got '[+ -]?\d+'",
    "a bool or a fraction for an enum": r"expected enum \w+, got (bool|number \d+\.\d+)",
    "a number of more than 32 bits for an enum, cut off": r"expected a number of 32 bits for enum",
    "characters that base64 has not, skipped": r"expected base64 text, got str",
    "more than nine digits of a second, cut off": r"expected a duration in seconds .* got '-?\d+\.\d{10,}s'",
    "other keys beside the value in an Any, skipped": r"expected @type and value, got also",
    "a message without a required field": r"expected a value of a required field, got none",
    "padding of base64 that is not whole": r"expected base64 text, got str",
    "a number that is too large for a `float`, as text": r"expected a number within the range of float, got str",
    "a type URL without a slash": r"expected a type URL such as type.googleapis.com/package.Message, got",
    "a field in two spellings, of which it takes the last one": r"expected one value, got two, under the keys",
}


def test_json_that_google_reads_is_read_so() -> None:
    """Where it is not, the specification has no such form; where it is read, it is the same message."""
    random = Random("JSON, from google")
    known = classes()
    counts = dict.fromkeys(("read", *LOOSER), 0)
    for _ in range(4000):
        cls, google = random.choice(known)
        source = json_text(random, filled(random, cls, POOL, density=random.choice((0.05, 0.2))))
        try:
            theirs = json_format.Parse(source, google(), descriptor_pool=GOOGLE)
        except json_format.ParseError:
            continue
        try:
            message = cls.from_json(source)
        except aristaproto.JsonError as error:
            why = next((why for why, said in LOOSER.items() if re.match(said, str(error))), None)
            if why is None:
                pytest.fail(f"google reads {source!r} for {cls.__name__}: {error}")
            counts[why] += 1
            continue
        counts["read"] += 1
        assert cls.parse(theirs.SerializeToString(deterministic=True)) == message, (cls, source)
    assert counts.pop("read") >= 500
    # So many of them that none can hide a difference of another kind.
    assert sum(map(bool, counts.values())) >= 6, counts


@pytest.mark.parametrize(
    ("why", "name", "source"),
    [
        (0, "scalars.Recursive", '{"inner": []}'),
        (0, "scalars.Recursive", '{"inner": ""}'),
        (1, "scalars.Optional", '{"int64Value": "+1"}'),
        (1, "scalars.Optional", '{"sfixed32Value": "01"}'),
        (1, "scalars.Optional", '{"doubleValue": " 1"}'),
        (2, "scalars.Optional", '{"floatValue": "inf"}'),
        (2, "scalars.Optional", '{"floatValue": "-NaN"}'),
        (3, "scalars.Optional", '{"doubleValue": false}'),
        (4, "scalars.Optional", '{"signal": "1"}'),
        (5, "scalars.Optional", '{"signal": true}'),
        (5, "scalars.Optional", '{"signal": 1.5}'),
        (6, "scalars.Optional", '{"signal": 2147483648}'),
        (7, "scalars.Optional", '{"bytesValue": "A/**/A=="}'),
        (8, "wkt.Singular", '{"duration": "1.0000000001s"}'),
        (
            9,
            "wkt.Singular",
            '{"any": {"@type": "a.b/google.protobuf.Int32Value", "value": 3, "more": 1}}',
        ),
        (10, "proto2.Proto2", '{"requiredText": ""}'),
        (11, "scalars.Optional", '{"bytesValue": "QQ="}'),
        (12, "scalars.Optional", '{"floatValue": "1e39"}'),
        (13, "wkt.Singular", '{"any": {"@type": "google.protobuf.Int32Value", "value": 3}}'),
        (14, "scalars.Singular", '{"int64Value": 1, "int64_value": 2}'),
    ],
)
def test_each_form_that_google_alone_reads(why: int, name: str, source: str) -> None:
    (cls, google) = next(it for it in classes() if it[0].__schema__.full_name == name)
    json_format.Parse(source, google(), descriptor_pool=GOOGLE)
    with pytest.raises(aristaproto.JsonError, match=list(LOOSER.values())[why]):
        cls.from_json(source)


def test_the_guide_tells_each_of_them() -> None:
    guide = Path(__file__).parents[3] / "docs" / "guide" / "json-and-text.md"
    said = re.findall(r"^- (.+?)[;.]$", guide.read_text("utf-8"), re.MULTILINE)
    assert {*LOOSER, *LOOSER_TEXT} <= {*said}


EMPTY = "[type.googleapis.com/google.protobuf.Empty] {}"


@pytest.mark.parametrize(
    "source",
    [
        EMPTY,
        f'type_url: "x" {EMPTY}',
        f'value: "x" {EMPTY}',
        f'{EMPTY} type_url: "x"',
        f'{EMPTY} value: "x"',
    ],
)
def test_an_expanded_any_beside_its_fields(source: str) -> None:
    known: Any = importlib.import_module("trees.sync.google.protobuf")
    google = importlib.import_module("google.protobuf.any_pb2").Any
    try:
        theirs = text_format.Parse(source, google(), descriptor_pool=GOOGLE)
    except text_format.ParseError:
        with pytest.raises(aristaproto.TextError, match="expected nothing beside the message"):
            known.Any.from_text(source)
        return
    assert bytes(known.Any.from_text(source)) == theirs.SerializeToString()


def test_two_messages_in_one_any() -> None:
    """google's Python takes the last one."""
    known: Any = importlib.import_module("trees.sync.google.protobuf")
    for second in (EMPTY, EMPTY.replace("Empty", "Duration")):
        with pytest.raises(aristaproto.TextError, match=r"expected (one value|nothing beside)"):
            known.Any.from_text(f"{EMPTY} {second}")
