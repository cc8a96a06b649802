"""Memory that runs out: each allocation of a call fails once, and what comes of it is MemoryError."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytest.importorskip("_testcapi", reason="this Python has no injection of failures")

# In a process of its own, whose standard error may hold what PyO3 cannot raise.
PROGRAM = """
import copy, _testcapi, aristaproto

class Node(aristaproto.Message):
    number: int = aristaproto.field(1, aristaproto.TYPE_INT64)
    text: str = aristaproto.field(2, aristaproto.TYPE_STRING)
    nodes: "list[Node]" = aristaproto.field(3, aristaproto.TYPE_MESSAGE, "Node", repeated=True)
    counts: "dict[str, int]" = aristaproto.map_field(
        4, aristaproto.TYPE_STRING, aristaproto.TYPE_INT32)
    packed: "list[int]" = aristaproto.field(5, aristaproto.TYPE_INT64, repeated=True)
    doubles: "list[float]" = aristaproto.field(6, aristaproto.TYPE_DOUBLE, repeated=True)

def made():
    return Node(
        number=1 << 40, text="hello", packed=[1 << 40, 2 << 40], doubles=[1.5, 2.5],
        nodes=[Node(number=1000 + at, text="x" * 5, counts={"key": 1}) for at in range(5)],
        counts={f"key {at}": 1000 + at for at in range(5)})

message, other = made(), made()
data, text, plain = bytes(message), message.to_json(), message.to_dict()

def read():
    message = Node.parse(data)
    for node in [message, *message.nodes]:
        node.number, node.text, node.counts, node.packed, node.doubles

works = {
    "parse and read": read, "bytes": lambda: bytes(message), "to_json": message.to_json,
    "to_dict": message.to_dict, "from_json": lambda: Node.from_json(text),
    "from_dict": lambda: Node.from_dict(plain), "equal": lambda: message == other,
    "copy": lambda: copy.copy(message), "deepcopy": lambda: copy.deepcopy(message),
    "merge": lambda: aristaproto.merge(Node(), message),
    "lists and dicts": lambda: (Node().nodes, Node().counts)}
seen = set()
for name, work in works.items():
    work()
    for start in range(400):
        _testcapi.set_nomemory(start, start + 1)
        try:
            work()
            _testcapi.remove_mem_hooks()
        except BaseException as error:
            _testcapi.remove_mem_hooks()
            seen.add(type(error).__name__)
            if not isinstance(error, MemoryError):
                print(name, type(error).__name__)
print("seen", seen)
"""


def test_each_allocation_fails_once() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=120, check=False
    )
    assert ran.stdout == "seen {'MemoryError'}\n", ran.stderr[-2000:]
    assert ran.returncode == 0
