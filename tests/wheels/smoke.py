"""Uses an installed wheel: `python smoke.py native|python`, in an environment that holds the wheel and nothing else."""

from __future__ import annotations

import importlib.metadata
import sys
import threading

import aristaproto
from aristaproto import wkt


class Point(aristaproto.Message):
    x: int = aristaproto.field(1, aristaproto.TYPE_INT32)
    names: list[str] = aristaproto.field(2, aristaproto.TYPE_STRING, repeated=True)


class Node(aristaproto.Message):
    below: Node | None = aristaproto.field(1, aristaproto.TYPE_MESSAGE, lambda: Node)


def nest(levels: int) -> int:
    """How many levels come back of a message on the wire."""
    with aristaproto.limits(depth=levels + 1):
        node = Node()
        for _ in range(levels):
            node = Node(below=node)
        found = Node.parse(bytes(node)).below
    count = 0
    while found is not None:
        found, count = found.below, count + 1
    return count


message = Point(x=-5, names=["a", "ü"])
assert bytes(message) == b"\x08\xfb\xff\xff\xff\xff\xff\xff\xff\xff\x01\x12\x01a\x12\x02\xc3\xbc"
assert Point.parse(bytes(message)) == message
assert Point.from_json(message.to_json()) == message
assert wkt.Any("a/b", b"c") == wkt.Any.parse(bytes(wkt.Any("a/b", b"c")))
assert aristaproto.implementation() == sys.argv[1], aristaproto.implementation()
files = importlib.metadata.files("aristaproto") or []
assert sum("LICENSE-" in str(file) for file in files) == 2, files

# What the C library makes of a stack: musl's threads have little, and of the first one's it tells only a part.
levels = 300 if sys.argv[1] == "native" else 90
assert nest(levels) == levels
counts: list[int] = []
thread = threading.Thread(target=lambda: counts.append(nest(90)))
thread.start()
thread.join()
assert counts == [90], counts
