"""Bombs: small input that asks for much. `python -m tests.hostile.bombs WHOSE SCALE`, where WHOSE is `ours` or `google`.

Each bomb is defused in a process of its own, forked from this one, whose time and memory are measured: what a call holds at its
peak beyond what was there with the input made. Each is a line of JSON.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import json
import os
import re
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MEBI = 2**20
DEEP = 10**6
"""Levels, digits and keys, at scale 1."""
ADDRESSES = 8 * 2**30
"""Bytes that one bomb may ask for before it is MemoryError."""
PATIENCE = 300
"""Seconds of processor time, after which the kernel ends it."""


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def tag(number: int, wire_type: int) -> bytes:
    return varint(number << 3 | wire_type)


def record(number: int, content: bytes) -> bytes:
    return tag(number, 2) + varint(len(content)) + content


def nested(opening: bytes, content: bytes, levels: int) -> bytes:
    """`content` in so many records, each with the bytes `opening` before its length."""
    heads: list[bytes] = []
    length = len(content)
    for _ in range(levels):
        heads.append(opening + varint(length))
        length += len(heads[-1])
    return b"".join(reversed(heads)) + content


ANY = "type.googleapis.com/google.protobuf.Any"


def any_in_any(levels: int) -> bytes:
    return nested(record(1, ANY.encode()) + b"\x12", b"", levels)


def lies(length: int) -> list[bytes]:
    """A length that the data do not have, in a string, bytes, message, list, map, packed list, Any, extension, unknown field."""
    numbers = (6, 7, 2, 3, 4, 8, 23, 101, 2000)
    return [tag(it, 2) + varint(length) + b"\x08\x01" * 30 for it in numbers]


def repeat(piece: bytes, size: int) -> bytes:
    return piece * (size // len(piece))


@dataclass(frozen=True)
class Bomb:
    """A name, and what makes the input for a scale: one, or several to be read one after the other."""

    name: str
    make: Callable[[float], Any]
    ignore: bool = False
    cls: str = "Node"
    then: str = ""
    """What is done besides reading: "to_json" or "to_text"."""


def levels(scale: float) -> int:
    return int(DEEP * scale)


def size(scale: float) -> int:
    return int(4 * MEBI * scale)


def keys(scale: float, key: str, value: str = "1") -> str:
    return ", ".join(f'"{key % at if "%" in key else key}": {value}' for at in range(levels(scale)))


WIRE = [
    Bomb("groups in groups without an end", lambda s: b"\x13" * levels(s), cls="Group"),
    Bomb("groups in groups", lambda s: b"\x13" * levels(s) + b"\x14" * levels(s), cls="Group"),
    Bomb("unknown groups in groups without an end", lambda s: tag(2000, 3) * levels(s)),
    Bomb("unknown groups in groups", lambda s: tag(2000, 3) * levels(s) + tag(2000, 4) * levels(s)),
    Bomb("messages in messages, 10^5", lambda s: nested(b"\x12", b"", levels(s) // 10)),
    Bomb("lengths of 2^31", lambda s: lies(2**31) * 1000),
    Bomb("lengths of 2^63", lambda s: lies(2**63) * 1000),
    Bomb("lengths of 2^64 - 1", lambda s: lies(2**64 - 1) * 1000),
    Bomb("packed list that claims 2^40 bytes", lambda s: tag(8, 2) + varint(2**40) + b"\x01" * size(s)),
    Bomb("messages of two bytes", lambda s: repeat(b"\x1a\x00", size(s))),
    Bomb("map entries of two bytes", lambda s: repeat(b"\x22\x00", size(s))),
    Bomb("map entries", lambda s: b"".join(
        record(18, tag(1, 0) + varint(at)) for at in range(size(s) // 7))),
    Bomb("elements of one byte, packed", lambda s: record(8, b"\x01" * size(s))),
    Bomb("elements of two bytes", lambda s: repeat(tag(9, 0) + b"\x01", size(s))),
    Bomb("strings of three bytes", lambda s: repeat(tag(27, 2) + b"\x00", size(s))),
    Bomb("unknown fields", lambda s: repeat(tag(2000, 0) + b"\x01", size(s))),
    Bomb("unknown values of an enum", lambda s: repeat(tag(14, 0) + b"\x05", size(s))),
    Bomb("one message in many pieces", lambda s: repeat(b"\x12\x02\x08\x01", size(s))),
    Bomb("members of a oneof in turn", lambda s: repeat(record(10, b"\x08\x01") + record(11, b"a"), size(s))),
    Bomb("extensions of three bytes", lambda s: repeat(tag(101, 2) + b"\x00", size(s))),
    Bomb("Any in Any, 10^5", lambda s: any_in_any(levels(s) // 10), cls="Any"),
    Bomb("Any in Any to JSON, 10^5", lambda s: any_in_any(levels(s) // 10), cls="Any", then="to_json"),
    Bomb("Any in Any to text, 10^5", lambda s: any_in_any(levels(s) // 10), cls="Any", then="to_text"),
]  # fmt: skip

JSON = [
    Bomb("messages in messages", lambda s: '{"sub": ' * levels(s) + "{}" + "}" * levels(s)),
    Bomb("lists in lists", lambda s: '{"value": ' + "[" * levels(s) + "]" * levels(s) + "}"),
    Bomb("lists in lists without an end", lambda s: '{"value": ' + "[" * levels(s)),
    Bomb("unknown lists in lists", lambda s: '{"x": ' + "[" * levels(s) + "]" * levels(s) + "}", ignore=True),
    Bomb("unknown objects in objects", lambda s: '{"x": ' * levels(s) + "1" + "}" * levels(s), ignore=True),
    Bomb("Any in Any, 10^5", lambda s:
         '{"any": ' + f'{{"@type": "{ANY}", "value": ' * (levels(s) // 10) + "{}" + "}" * (levels(s) // 10) + "}"),
    Bomb("digits of an integer", lambda s: '{"number": ' + "1" * levels(s) + "}"),
    Bomb("digits of a double", lambda s: '{"real": ' + "1" * levels(s) + "}"),
    Bomb("digits of a fraction", lambda s: '{"real": 0.' + "1" * levels(s) + "}"),
    Bomb("digits of an exponent", lambda s: '{"real": 1e' + "1" * levels(s) + "}"),
    Bomb("digits in quotes", lambda s: '{"number": "' + "1" * levels(s) + '"}'),
    Bomb("digits of an unknown number", lambda s: '{"x": ' + "1" * levels(s) + "}", ignore=True),
    Bomb("digits of a number in a Value", lambda s: '{"value": ' + "1" * levels(s) + "}"),
    Bomb("one key again and again", lambda s: "{" + keys(s, "number") + "}"),
    Bomb("one unknown key again and again", lambda s: "{" + keys(s, "x") + "}", ignore=True),
    Bomb("one key of a map again and again", lambda s: '{"counts": {' + keys(s, "1") + "}}"),
    Bomb("keys of a map", lambda s: '{"counts": {' + keys(s, "%d") + "}}"),
    Bomb("unknown keys", lambda s: "{" + keys(s, "x%d") + "}", ignore=True),
    Bomb("lone surrogates", lambda s: '{"text": "' + "\\ud800" * levels(s) + '"}'),
    Bomb("lone surrogates that are unknown", lambda s: '{"x": "' + "\\ud800" * levels(s) + '"}', ignore=True),
    Bomb("escapes", lambda s: '{"text": "' + "\\u0041" * levels(s) + '"}'),
    Bomb("empty messages", lambda s: '{"nodes": [' + "{}," * levels(s) + "{}]}"),
    Bomb("elements", lambda s: '{"loose": [' + "1," * levels(s) + "1]}"),
    Bomb("elements of a Value", lambda s: '{"value": [' + "1," * levels(s) + "1]}"),
    Bomb("separators in a key", lambda s: '{"' + "_-" * levels(s) + '": 1}', ignore=True),
    Bomb("digits of a time", lambda s: '{"when": "2020-01-01T00:00:00.' + "0" * levels(s) + 'Z"}'),
    Bomb("base64", lambda s: '{"data": "' + "QUJD" * levels(s) + '"}'),
    Bomb("paths of a mask", lambda s: '{"mask": "' + "a," * levels(s) + 'b"}'),
]  # fmt: skip

TEXT = [
    Bomb("messages in messages", lambda s: "sub {" * levels(s) + "}" * levels(s)),
    Bomb("groups in groups without an end", lambda s: "Group <" * levels(s), cls="Group"),
    Bomb("unknown messages in messages", lambda s: "xyz {" * levels(s) + "}" * levels(s), ignore=True),
    Bomb("Any in Any, 10^5", lambda s:
         "any {" + f"[{ANY}] {{" * (levels(s) // 10) + "}" * (levels(s) // 10) + "}"),
    Bomb("digits of an integer", lambda s: "number: " + "1" * levels(s)),
    Bomb("digits of a double", lambda s: "real: " + "1" * levels(s)),
    Bomb("digits of a fraction", lambda s: "real: 0." + "1" * levels(s)),
    Bomb("digits of an exponent", lambda s: "real: 1e" + "1" * levels(s)),
    Bomb("one field again and again", lambda s: "number: 1 " * levels(s)),
    Bomb("one key of a map again and again", lambda s: "counts {key: 1 value: 1} " * (levels(s) // 4)),
    Bomb("lone surrogates", lambda s: "text: '" + "\\ud800" * levels(s) + "'"),
    Bomb("escapes", lambda s: "text: '" + "\\101" * levels(s) + "'"),
    Bomb("strings in pieces", lambda s: "text: " + "'a' " * levels(s)),
    Bomb("a string without an end", lambda s: "text: '" + "a" * levels(s)),
    Bomb("empty messages", lambda s: "nodes {} " * (levels(s) // 4)),
    Bomb("elements", lambda s: "loose: [" + "1," * levels(s) + "1]"),
    Bomb("unknown elements", lambda s: "xyz: [" + "1," * (levels(s) // 10) + "1]", ignore=True),
    Bomb("comments", lambda s: "#\n" * levels(s)),
    Bomb("a name in brackets", lambda s: "[" + "a." * levels(s) + "b]: 1"),
]  # fmt: skip

BOMBS = {"wire": WIRE, "json": JSON, "text": TEXT}


def look(message: Any) -> int:
    """Reads what is repeated, element by element, and the fields below."""
    seen = 0
    for node in message.nodes:
        seen += node.number or 0
    for number in message.packed:
        seen += number
    for number in message.loose:
        seen += number
    for text in message.texts:
        seen += len(text)
    seen += (
        len(message.by_name) + len(message.counts) + len(message.levels) + len(message.text or "")
    )
    return seen + (message.sub.number if message.sub else 0)


class Ours:
    """What is done with a bomb, by ours."""

    def __init__(self) -> None:
        import aristaproto
        from aristaproto import wkt

        from tests.hostile.classes import POOL, tree

        assert POOL is not None
        self.classes = {"Node": tree.Node, "Group": tree.Group, "Any": wkt.Any}
        self.refusals: tuple[type[BaseException], ...] = (aristaproto.Error,)

    def read(self, form: str, bomb: Bomb, source: Any) -> None:
        cls = self.classes[bomb.cls]
        if form == "wire":
            message = cls.parse(source)
            if bomb.then:
                getattr(message, bomb.then)()
        elif form == "json":
            message = cls.from_json(source, ignore_unknown_fields=bomb.ignore)
        else:
            message = cls.from_text(source, ignore_unknown_fields=bomb.ignore)
        if bomb.cls == "Node":
            look(message)


class Google:
    """The same, by google.protobuf."""

    def __init__(self) -> None:
        from google.protobuf import any_pb2, json_format, message, text_format

        node = importlib.import_module("hostile_pb2").Node
        group = importlib.import_module("delimited_pb2").Group
        self.classes: dict[str, Any] = {"Node": node, "Group": group, "Any": any_pb2.Any}
        self.json: Any = json_format
        self.text: Any = text_format
        self.refusals = (message.DecodeError, json_format.Error, text_format.Error)

    def read(self, form: str, bomb: Bomb, source: Any) -> None:
        made = self.classes[bomb.cls]()
        if form == "wire":
            made.ParseFromString(source)
            if bomb.then:
                write = (
                    self.json.MessageToJson if bomb.then == "to_json" else self.text.MessageToString
                )
                write(made)
        elif form == "json":
            self.json.Parse(source, made, ignore_unknown_fields=bomb.ignore)
        else:
            self.text.Parse(source, made, allow_unknown_field=bomb.ignore)
        if bomb.cls == "Node":
            look(made)


def status(key: str) -> int:
    """Bytes, of a line in /proc/self/status."""
    text = Path("/proc/self/status").read_text(encoding="ascii")
    found = re.search(rf"{key}:\s+(\d+)", text)
    assert found is not None
    return int(found[1]) * 1024


def defuse(who: Ours | Google, form: str, bomb: Bomb, scale: float) -> dict[str, Any]:
    made = bomb.make(scale)
    sources: list[Any] = made if isinstance(made, list) else [made]  # pyright: ignore[reportUnknownVariableType]
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    before = status("VmRSS")
    ends: dict[str, int] = {}
    start = time.process_time()
    for source in sources:
        try:
            who.read(form, bomb, source)
            end = "read"
        except who.refusals as error:
            end = type(error).__name__
        except Exception as error:  # noqa: BLE001
            end = f"{type(error).__name__}!"
        ends[end] = ends.get(end, 0) + 1
    seconds = time.process_time() - start
    return {
        "ends": ends,
        "bytes": sum(map(len, sources)),
        "seconds": seconds,
        "memory": max(0, status("VmHWM") - before),
    }


def defuse_apart(who: Ours | Google, form: str, bomb: Bomb, scale: float) -> dict[str, Any]:
    """`defuse` in a process of its own, which may die of it."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES))
        resource.setrlimit(resource.RLIMIT_CPU, (PATIENCE, PATIENCE))
        try:
            with os.fdopen(writing, "w") as pipe:
                json.dump(defuse(who, form, bomb, scale), pipe)
        except BaseException as error:  # noqa: BLE001
            print(f"{bomb.name}: {error!r}", file=sys.stderr)
            os._exit(1)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        text = pipe.read()
    ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if ended:
        return {"ends": {f"killed by signal {-ended}!" if ended < 0 else "failed!": 1}}
    result: dict[str, Any] = json.loads(text)
    return result


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("whose", choices=("ours", "google"))
    parser.add_argument("scale", type=float)
    options = parser.parse_args()
    who = Ours() if options.whose == "ours" else Google()
    for form, bombs in BOMBS.items():
        # What is imported or compiled once is not the bomb's.
        for warm in (
            {"wire": b"", "json": "{}", "text": ""}[form],
            {"wire": b"\xff", "json": "[", "text": "{"}[form],
        ):
            with contextlib.suppress(*who.refusals):
                who.read(form, Bomb("", lambda _: None), warm)
        for bomb in bombs:
            result = defuse_apart(who, form, bomb, options.scale)
            print(json.dumps({"form": form, "bomb": bomb.name, **result}), flush=True)


if __name__ == "__main__":
    main()
