"""Damaged input, drawn from a seed, through one codec: `python -m tests.hostile.mutate FORM FIRST COUNT`.

Inputs come in blocks of `BLOCK`. Each block is a line of JSON: how many were read and refused, the slowest one, and a digest of
what came of each, which is the same under the other codec: the class and path of the error, or the message's wire bytes before
and after its fields are read, and its repr. `--show BLOCK` prints what came of each input of a block instead.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import json
import re
import time
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import aristaproto

from tests.hostile import BLOCK
from tests.hostile.classes import CLASSES, POOL
from tests.python.unittest.filling import filled
from tests.soak.resources import memory

BASES = 300
"""Whole messages that the damage is done to."""

TYPE_URL = "type.googleapis.com/google.protobuf."
# Varints that are cut off, too long, too large or close to a limit; tags of other wire types; a UTF-8 that is none.
WIRE = (
    *(b"\x80", b"\xff" * 9 + b"\x01", b"\xff" * 10 + b"\x01", b"\xff\xff\xff\xff\x0f", b"\x80\x00"),
    *(b"\x80\x80\x80\x80\x08", b"\xff" * 8 + b"\x7f", b"\x00", b"\x7f", b"\x2b", b"\x2c", b"\x0b"),
    *(b"\xed\xa0\x80", b"\xc3", b"\xf5", b"\x12\x00", b"\x1a\x02\x08\x01", b"\x9a\x3e\x01a"),
    *(b"\xa0\x06\x01", b"\xaa\x06\x00", b"\x22\x03\x0a\x01a", b"\x2b\x08\x01\x2c", b"\xd2\x01\x00"),
)
VALUES = {
    "json": (
        *(
            "0",
            "-0",
            "1",
            "-1",
            "1.0",
            "1.5",
            "1e3",
            "1E-2",
            "01",
            "1.",
            ".5",
            "+1",
            "2147483648",
            "1e400",
        ),
        *(
            "9223372036854775808",
            "18446744073709551616",
            "-9223372036854775809",
            "1e39",
            "5e-324",
            "NaN",
        ),
        *(
            "Infinity",
            "-Infinity",
            '"NaN"',
            '"Infinity"',
            '"1"',
            '"1.5"',
            '" 1"',
            '"0x1"',
            '""',
            '"a"',
        ),
        *(
            "true",
            "false",
            "null",
            "[]",
            "{}",
            "[null]",
            '{"a": 1}',
            '"\\ud800"',
            '"\\ud83d\\ude00"',
        ),
        *('"\\u00e4"', '"\\x"', '"AAAA"', '"AA="', '"_-__"', '"1s"', '"-1.5s"', '"315576000001s"'),
        *(
            '"1.0000000001s"',
            '"2020-01-01T00:00:00Z"',
            '"2020-01-01T00:00:00"',
            '"a.bC,d"',
            '"LOW"',
        ),
        *('"0001-01-01T00:00:00-01:00"', '"9999-12-31T23:59:59.999999999Z"', '"FAR"', '"NOTHING"'),
        *(f'{{"@type": "{TYPE_URL}Empty"}}', f'{{"@type": "{TYPE_URL}Duration", "value": "1s"}}'),
        *(
            '{"number": 1}',
            '{"number": 1, "number": 2}',
            "[{}, {}]",
            '{"sub": {"sub": {}}}',
            "[[1], {}]",
        ),
    ),
    "text": (
        *("0", "-0", "1", "-1", "1.5", "1e3", "0x1F", "017", "08", "1f", "1.f", ".5", "1.", "01.5"),
        *(
            "2147483648",
            "-2147483649",
            "18446744073709551616",
            "1e400",
            "inf",
            "-inf",
            "nan",
            "- 1",
        ),
        *(
            "true",
            "t",
            "True",
            "false",
            '"a"',
            "'a'",
            "\"a\" 'b'",
            "[1,2]",
            "[1,]",
            "[]",
            '"\\ud800"',
        ),
        *('"\\x41\\101\\u00e4\\U0001F600"', '"\\"', '"\n"', "LOW", "FAR", "NOTHING", "{}", "<>"),
        *("{number: 1}", "<number: 1, sub {}>", "[{}, <>]", f"{{ [{TYPE_URL}Empty] {{}} }}"),
    ),
}
"""What may stand for a value."""
NAMES = {
    "json": (
        *(
            '"number"',
            '"sub"',
            '"byName"',
            '"by_name"',
            '"text"',
            '"x"',
            '"maybe"',
            '"[hostile.extra]"',
        ),
        *('"@type"', '"value"', '""', '"[hostile.none]"', '"x": {"y": [1]}, "number"', '"Number"'),
        *('"number": 1, "text"', '"struct"', '"null"', '"by-name"', '"\\u0061ny"', "number"),
    ),
    "text": (
        *(
            "number",
            "sub",
            "nodes",
            "Part",
            "part",
            "by_name",
            "text",
            "x",
            "[hostile.extra]",
            "5000",
        ),
        *(
            "[hostile.none]",
            f"[{TYPE_URL}Empty] {{}} number",
            "number: 1; text",
            "x { y: 1 } number",
        ),
        *("struct", "null", "moderns", "any", "Number", "key", "value", "type_url"),
    ),
}
"""What may stand for a name."""
ANYTHING = {
    "json": ("{", "}", "[", "]", ",", ":", '"', "\\", "\n", "\0", "/**/", "'", "\ufeff"),
    "text": ("{", "}", "<", ">", "[", "]", ",", ";", ":", '"', "'", "#c\n", "\0", "\ufeff"),
}
TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|[\w.+-]+|\s+|[^\w\s]')
IS_NAME = {"json": re.compile(r" *:"), "text": re.compile(r": | \{")}
"""What follows a name."""

Case = tuple[Any, Any, bool]
"""A class, its input, and whether unknown fields are ignored."""


class Source:
    """Draws the inputs of one form."""

    def __init__(self, form: str) -> None:
        self.form = form
        random = Random(form)
        # A class and a message: wire bytes, or pieces of text with the places of its names and of its values.
        self.bases: list[tuple[Any, Any, list[int], list[int]]] = []
        while len(self.bases) < BASES:
            cls = random.choice(CLASSES)
            message = filled(random, cls, POOL, depth=2, density=random.choice((0.03, 0.06, 0.12)))
            if form == "wire":
                self.bases.append((cls, bytes(message), [], []))
            else:
                self.add(cls, message.to_json() if form == "json" else message.to_text())

    def add(self, cls: Any, text: str) -> None:
        names: list[int] = []
        values: list[int] = []
        pieces: list[str] = []
        for found in TOKEN.finditer(text):
            if found[0][0] in '"+-.' or found[0][0].isalnum():
                is_name = IS_NAME[self.form].match(text, found.end())
                (names if is_name else values).append(len(pieces))
            pieces.append(found[0])
        self.bases.append((cls, pieces or [" "], names, values))

    def draw(self, random: Random) -> Case:
        number = random.random
        cls, base, names, values = self.bases[int(number() * BASES)]
        if number() < 0.02:
            cls = CLASSES[int(number() * len(CLASSES))]
        ignore = number() < 0.3
        if self.form == "wire":
            return cls, self.damaged(random, base), ignore
        pieces = list(base)
        # Names and values first, as long as their places are known; most of this is still JSON or text.
        for places, words, chance in (
            (values, VALUES[self.form], 0.8),
            (names, NAMES[self.form], 0.3),
        ):
            if places and number() < chance:
                pieces[places[int(number() * len(places))]] = words[int(number() * len(words))]
        if number() < 0.5:
            self.cut_up(random, pieces)
        return cls, "".join(pieces), ignore

    def cut_up(self, random: Random, pieces: list[str]) -> None:
        """Moves, leaves out, repeats and breaks pieces, one to three times."""
        number = random.random
        words = ANYTHING[self.form]
        for _ in range(1 + int(number() * 3)):
            at, kind = int(number() * len(pieces)), number()
            if kind < 0.3:
                pieces.insert(at, words[int(number() * len(words))])
            elif kind < 0.5:
                del pieces[at : at + 1 + int(number() * 3)]
            elif kind < 0.65:
                other = self.bases[int(number() * BASES)][1]
                pieces[at:at] = other[: int(number() * 20)]
            elif kind < 0.85:
                pieces[at:at] = pieces[at : at + int(number() * 12)]
            elif at < len(pieces):
                piece = pieces[at]
                cut = int(number() * len(piece))
                pieces[at] = piece[:cut] + chr(int(number() * 0x250)) + piece[cut + 1 :]

    def damaged(self, random: Random, wire: bytes) -> bytes:
        number = random.random
        data = bytearray(wire)
        for _ in range(1 + int(number() * 3)):
            at, kind = int(number() * (len(data) + 1)), number()
            if kind < 0.3 and at < len(data):
                data[at] = int(number() * 256)
            elif kind < 0.4 and at < len(data):
                data[at] ^= 1 << int(number() * 8)
            elif kind < 0.6:
                data[at:at] = WIRE[int(number() * len(WIRE))]
            elif kind < 0.7:
                del data[at : at + 1 + int(number() * 4)]
            elif kind < 0.75:
                del data[at:]
            elif kind < 0.85:
                data[at:at] = data[int(number() * len(data)) :]
            else:
                data += self.bases[int(number() * BASES)][1]
        return bytes(data)


def read_wire(case: Case) -> tuple[bool, str]:
    cls, data, _ = case
    try:
        message = cls.parse(data)
    except aristaproto.DecodeError as error:
        return False, f"DecodeError {error.path}"
    written = bytes(message)
    shown = repr(message)
    again = bytes(message)
    return True, f"{written!r} {shown} {'' if again == written else again!r}"


def read_json(case: Case) -> tuple[bool, str]:
    cls, text, ignore = case
    try:
        message = cls.from_json(text, ignore_unknown_fields=ignore)
    except aristaproto.JsonError as error:
        return False, f"JsonError {error.path}"
    return True, f"{written(message)} {message!r} {written(message, to_json=True)}"


def read_text(case: Case) -> tuple[bool, str]:
    cls, text, ignore = case
    try:
        message = cls.from_text(text, ignore_unknown_fields=ignore)
    except aristaproto.TextError as error:
        return False, f"TextError {error.path}"
    return True, f"{written(message)} {message.to_text()}"


def written(message: Any, *, to_json: bool = False) -> str:
    """Wire bytes or JSON; an Any may hold what has no JSON, and text may leave out what is required."""
    try:
        return str(message.to_json() if to_json else bytes(message))
    except (aristaproto.EncodeError, aristaproto.JsonError) as error:
        return f"{type(error).__name__} {error.path}"


READERS: dict[str, Callable[[Case], tuple[bool, str]]] = {
    "wire": read_wire,
    "json": read_json,
    "text": read_text,
}


def outcomes(source: Source, block: int) -> Iterator[tuple[Case, bool, str, float]]:
    """Each input of a block, whether it was read, what came of it, and the seconds of processor time that it took."""
    random = Random(f"{source.form} {block}")
    read = READERS[source.form]
    clock = time.process_time
    for _ in range(BLOCK):
        case = source.draw(random)
        start = clock()
        try:
            is_read, result = read(case)
        except Exception as error:
            # What is raised besides the documented errors ends the run, with the input.
            raise AssertionError(f"{source.form} {block}: {case!r}") from error
        yield case, is_read, result, clock() - start


def run(source: Source, block: int) -> dict[str, Any]:
    digest = hashlib.blake2b(digest_size=12)
    reads = 0
    slowest = 0.0
    for _, is_read, result, seconds in outcomes(source, block):
        reads += is_read
        slowest = max(slowest, seconds)
        digest.update(result.encode("utf-8", "surrogatepass") + b"\n")
    return {
        "block": block,
        "read": reads,
        "refused": BLOCK - reads,
        "slowest": slowest,
        "digest": digest.hexdigest(),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("form", choices=READERS)
    parser.add_argument("first", type=int)
    parser.add_argument("count", type=int)
    parser.add_argument("--show", action="store_true")
    options = parser.parse_args()
    source = Source(options.form)
    if options.show:
        for number, (case, _, result, _) in enumerate(outcomes(source, options.first)):
            print(json.dumps([number, repr(case), result]))
        return
    gc.collect()
    before = 0.0
    for at in range(options.count):
        ran = run(source, options.first + at)
        # What is made once is made by then.
        if at == min(20, options.count // 2):
            before = memory()
        print(json.dumps({**ran, "grown": memory() - before if before else 0.0}), flush=True)


if __name__ == "__main__":
    main()
