"""Input and programs that codecs of the kind have failed on: many fields, cycles, many occurrences, imports on the way."""

from __future__ import annotations

import io
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import aristaproto
import pytest


class Node(aristaproto.Message):
    node: Node | None = aristaproto.field(1, aristaproto.TYPE_MESSAGE, "Node")
    numbers: list[int] = aristaproto.field(2, aristaproto.TYPE_INT32, repeated=True)
    by_name: dict[str, Node] = aristaproto.map_field(
        3, aristaproto.TYPE_STRING, aristaproto.TYPE_MESSAGE, "Node"
    )
    nodes: list[Node] = aristaproto.field(4, aristaproto.TYPE_MESSAGE, "Node", repeated=True)


class Needy(aristaproto.Message):
    number: int = aristaproto.field(1, aristaproto.TYPE_INT32, required=True)


class Holder(aristaproto.Message):
    plain: dict[str, Node] = aristaproto.map_field(
        1, aristaproto.TYPE_STRING, aristaproto.TYPE_MESSAGE, "Node"
    )
    needy: dict[str, Needy] = aristaproto.map_field(
        2, aristaproto.TYPE_STRING, aristaproto.TYPE_MESSAGE, "Needy"
    )
    one: Needy | None = aristaproto.field(3, aristaproto.TYPE_MESSAGE, "Needy")


def wide_class(count: int) -> Any:
    body: dict[str, Any] = {
        f"f{number}": aristaproto.field(number, aristaproto.TYPE_INT32)
        for number in range(1, count + 1)
    }
    metaclass: Any = type(aristaproto.Message)
    return metaclass("Wide", (aristaproto.Message,), {"__module__": __name__, **body})


def test_fields_beyond_16_bits() -> None:
    count = (1 << 16) + 2
    wide = wide_class(count)
    message = wide(**{f"f{count}": 7, f"f{count - 1}": 5, "f1": 1})
    data = bytes(message)
    assert len(data) > 6
    parsed = wide.parse(data)
    assert (getattr(parsed, f"f{count}"), getattr(parsed, f"f{count - 1}")) == (7, 5)
    assert parsed == message
    assert message != wide(f1=1)
    assert wide.from_json(message.to_json()) == message
    assert aristaproto.implementation() == "python" or bytes(wide.FromString(data)) == data


def test_merging_a_message_that_holds_itself() -> None:
    node = Node(numbers=[1])
    node.node = node
    with pytest.raises(RecursionError):
        aristaproto.merge(node, node)
    assert len(node.numbers) < 1000


def seconds(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


@pytest.mark.skipif(
    aristaproto.implementation() == "python", reason="the plain codec's is in test_hostile_input.py"
)
def test_many_occurrences_with_unknown_fields() -> None:
    """Each copies none of those before: eight times as many take eight times as long, not sixty-four times."""
    unknown = b"\x9a\x06\xac\x02" + b"u" * 300
    one = b"\x0a\xb0\x02" + unknown

    def read(count: int) -> None:
        node = Node.parse(one * count).node
        assert node is not None
        assert bytes(node) == unknown * count

    few = min(seconds(lambda: read(2000)) for _ in range(3))
    many = min(seconds(lambda: read(16000)) for _ in range(3))
    assert many < 32 * few + 0.05


def test_order_of_unknown_fields_of_several_occurrences() -> None:
    first, second, third = b"\xa0\x06\x01", b"\xa0\x06\x02", b"\xa8\x06\x03"
    data = b"".join(b"\x0a" + bytes([len(part)]) + part for part in (first, second, third))
    node = Node.parse(data).node
    assert node is not None
    assert bytes(node) == first + second + third
    held = Node(node=Node.parse(first))
    assert bytes(held.load(io.BytesIO(data))) == bytes(
        Node(node=Node.parse(first + first + second + third))
    )


def test_map_entries_without_a_value() -> None:
    entry = b"\x0a\x03\x0a\x01k"
    assert Holder.parse(entry).plain == {"k": Node()}
    required = b"\x12\x03\x0a\x01k"
    with pytest.raises(aristaproto.DecodeError, match="required field"):
        Holder.parse(required)
    assert Holder.parse(entry * 3 + b"\x1a\x02\x08\x01").one == Needy(number=1)


REIMPORT = """
import sys, aristaproto
class M(aristaproto.Message): pass
try: M.parse(b"\\xff")
except aristaproto.DecodeError: pass
for name in [name for name in sys.modules if name.startswith("aristaproto")]: del sys.modules[name]
import aristaproto
class N(aristaproto.Message): pass
try: N.parse(b"\\xff")
except aristaproto.DecodeError: print("caught")
"""

REENTRY = """
import sys, aristaproto
class M(aristaproto.Message):
    x: int = aristaproto.field(1, aristaproto.TYPE_INT32)
uses = [
    lambda: M(x=1).to_json(), lambda: bytes(M(x=1)), lambda: M.parse(b"\\x08\\x01"), lambda: M(x=1).to_dict(),
    lambda: M.from_json("{}"), lambda: M.from_dict({}), lambda: M(x=1) == M(x=2),
]
use = uses[int(sys.argv[1])]
busy = False
def hook(event, args):
    global busy
    if event == "import" and not busy:
        busy = True
        try: use()
        finally: busy = False
M(x=1)
sys.addaudithook(hook)
use()
print("done")
"""


def run(program: str, *arguments: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout


def test_errors_after_the_package_was_imported_again() -> None:
    assert run(REIMPORT) == "caught\n"


@pytest.mark.skipif(
    aristaproto.implementation() == "python",
    reason="a module in Python cannot be used half imported",
)
@pytest.mark.parametrize("use", range(7))
def test_use_of_the_codec_while_it_imports(use: int) -> None:
    assert run(REENTRY, str(use)) == "done\n"


def test_another_class_for_a_message() -> None:
    class Same(aristaproto.Message):
        number: int = aristaproto.field(2, aristaproto.TYPE_INT32)

    message: Any = Needy(number=1)
    if aristaproto.implementation() == "native":
        with pytest.raises(TypeError, match="class of a message"):
            message.__class__ = Same
        assert bytes(message) == b"\x08\x01"
    else:
        message.__class__ = Same
        assert bytes(message) == b"\x10\x01"
