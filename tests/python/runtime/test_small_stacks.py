"""Threads with little stack, as musl makes them: what is nested too deep for it is an error, as beyond the limit of levels."""

from __future__ import annotations

import subprocess
import sys

import pytest
from aristaproto import codec

PROGRAM = """
import copy, itertools, sys, threading
import aristaproto
from aristaproto import Message
from aristaproto.base.errors import DecodeError, EncodeError, JsonError

def classes():
    class Node(Message):
        number: int = aristaproto.field(1, aristaproto.TYPE_INT32)
        one: "Node | None" = aristaproto.field(3, aristaproto.TYPE_MESSAGE, lambda: Node)
        many: "list[Node]" = aristaproto.field(
            4, aristaproto.TYPE_MESSAGE, lambda: Node, repeated=True)
        named: "dict[str, Node]" = aristaproto.map_field(
            5, aristaproto.TYPE_STRING, aristaproto.TYPE_MESSAGE, lambda: Node)
        group: "Node | None" = aristaproto.field(6, aristaproto.TYPE_GROUP, lambda: Node)
    return Node

def varint(number):
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])

def delimited(number, data):
    return bytes([number << 3 | 2]) + varint(len(data)) + data

WIRE = {
    "one": lambda data: delimited(3, data),
    "many": lambda data: delimited(4, data),
    "named": lambda data: delimited(5, delimited(2, data)),
    "group": lambda data: b"\\x33" + data + b"\\x34",
    "unknown": lambda data: b"\\x7b" + data + b"\\x7c",
}
PLAIN = {
    "one": lambda below: {"one": below},
    "many": lambda below: {"many": [below]},
    "named": lambda below: {"named": {"": below}},
    "group": lambda below: {"group": below},
    "unknown": lambda below: {"other": below},
}

def nested(make, inner, levels):
    for _ in range(levels):
        inner = make(inner)
    return inner

def read(message):
    while message is not None:
        below = [message.one, message.group, *message.many, *message.named.values()]
        message = next((it for it in below if it is not None), None)

def run(size, levels, kind, work):
    Node = classes()
    wire = nested(WIRE[kind], b"\\x08\\x01", levels)
    plain = nested(PLAIN[kind], {"number": 1}, levels)
    text = str(plain).replace("'", '"') if levels < 200 else None
    if text is None:
        opening = {"one": '{"one":', "many": '{"many":[', "named": '{"named":{"":',
                   "group": '{"group":', "unknown": None}[kind]
        if opening is None:
            return "ok"  # json.loads of the standard library recurses through what is unknown
        closing = "".join({"{": "}", "[": "]"}[it] for it in reversed(opening) if it in "{[")
        text = opening * levels + '{"number":1}' + closing * levels
    def make():
        if kind == "unknown":
            return Node.parse(b"\\x08\\x01" + wire)
        step = {
            "one": lambda it: Node(one=it), "many": lambda it: Node(many=[it]),
            "named": lambda it: Node(named={"": it}), "group": lambda it: Node(group=it),
        }[kind]
        return nested(step, Node(number=1), levels)
    mine, other = make(), make()
    box = [make()]
    works = {
        "parse": lambda: Node.parse(wire),
        "read": lambda: read(Node.parse(wire)),
        "rewrite": lambda: bytes(Node.parse(wire)),
        "parse_to_json": lambda: Node.parse(wire).to_json(),
        "parse_twice": lambda: read(Node.parse(wire + wire)),
        "bytes": lambda: bytes(mine),
        "to_json": lambda: mine.to_json(),
        "to_dict": lambda: mine.to_dict(),
        "from_json": lambda: Node.from_json(text, ignore_unknown_fields=True),
        "from_dict": lambda: Node.from_dict(plain, ignore_unknown_fields=True),
        "equal": lambda: mine == other,
        "copy": lambda: copy.copy(mine),
        "deepcopy": lambda: copy.deepcopy(mine),
        "merge": lambda: aristaproto.merge(Node(number=2), mine),
        "repr": lambda: repr(mine),
        "release": box.clear,
    }
    found = []
    def target():
        try:
            with aristaproto.limits(depth=levels + 2):
                works[work]()
            found.append("ok")
        except (DecodeError, EncodeError, JsonError, RecursionError) as error:
            found.append(f"{type(error).__name__}: {error}")
    if not size:
        target()
        return found[0]
    threading.stack_size(size * 1024)
    thread = threading.Thread(target=target)
    thread.start()
    thread.join()
    return found[0]

WORKS = ["parse", "read", "rewrite", "parse_to_json", "parse_twice", "bytes", "to_json", "to_dict", "from_json",
         "from_dict", "equal", "copy", "deepcopy", "merge", "repr", "release"]
size = int(sys.argv[1])
for levels, kind, work in itertools.product((20, 97, 590), WIRE, WORKS):
    with aristaproto.limits(depth=levels + 2):
        print(levels, kind, work, run(size, levels, kind, work), flush=True)
"""


@pytest.mark.skipif(
    codec.NATIVE is None, reason="the depth of Python code is the interpreter's business"
)
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the stack is looked at on Linux")
# CPython 3.13 itself releases objects so deep down that 64 KiB are not enough; from version 3.14 on it keeps so much of
# them that it can hardly import a module. 0 is the first thread, whose stack grows.
@pytest.mark.parametrize("size", [0, *([64] if sys.version_info < (3, 13) else []), 128, 256, 512])
def test_what_does_not_fit_on_the_stack(size: int) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(size)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    lines = ran.stdout.splitlines()
    assert ran.returncode == 0, (ran.returncode, lines[-1:], ran.stderr[-1000:])
    results = {tuple(words[:3]): words[3] for words in (line.split(" ", 3) for line in lines)}
    assert len(results) == 3 * 5 * 16
    failed = {place: text for place, text in results.items() if text != "ok"}
    # What CPython says in a RecursionError differs between versions.
    is_said = [text.startswith("RecursionError") or "levels" in text for text in failed.values()]
    assert all(is_said), failed
    if size >= 128 or not size:
        assert not [place for place in failed if place[0] == "20"]
        assert ("97", "one", "parse") not in failed
        assert ("97", "one", "read") not in failed
    if size >= 512 or not size:
        assert not [place for place in failed if place[0] == "97"]
    if not size:
        # What calls itself through the interpreter is bounded there.
        assert {place[2] for place in failed} <= {"repr", "equal"}, failed
