"""Uses an installed wheel: `python smoke.py native|python`, in an environment that holds the wheel and nothing else."""

from __future__ import annotations

import importlib.metadata
import sys

import aristaproto
from aristaproto import wkt


class Point(aristaproto.Message):
    x: int = aristaproto.field(1, aristaproto.TYPE_INT32)
    names: list[str] = aristaproto.field(2, aristaproto.TYPE_STRING, repeated=True)


message = Point(x=-5, names=["a", "ü"])
assert bytes(message) == b"\x08\xfb\xff\xff\xff\xff\xff\xff\xff\xff\x01\x12\x01a\x12\x02\xc3\xbc"
assert Point.parse(bytes(message)) == message
assert Point.from_json(message.to_json()) == message
assert wkt.Any("a/b", b"c") == wkt.Any.parse(bytes(wkt.Any("a/b", b"c")))
assert aristaproto.implementation() == sys.argv[1], aristaproto.implementation()
files = importlib.metadata.files("aristaproto") or []
assert sum("LICENSE-" in str(file) for file in files) == 2, files
