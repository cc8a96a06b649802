"""What must end in a value or a clean error, whatever is thrown at the codec; and that nothing leaks."""

from __future__ import annotations

import contextlib
import copy
import gc
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import aristaproto
import pytest
from typing_extensions import Self


class Color(aristaproto.Enum):
    NONE = 0
    RED = 1


class Node(aristaproto.Message):
    name: str = aristaproto.field(1, aristaproto.TYPE_STRING)
    child: Node | None = aristaproto.field(2, aristaproto.TYPE_MESSAGE, "Node")
    children: list[Node] = aristaproto.field(3, aristaproto.TYPE_MESSAGE, "Node", repeated=True)
    numbers: list[int] = aristaproto.field(4, aristaproto.TYPE_INT64, repeated=True)
    by_name: dict[str, Node] = aristaproto.map_field(
        5, aristaproto.TYPE_STRING, aristaproto.TYPE_MESSAGE, "Node"
    )
    counts: dict[int, int] = aristaproto.map_field(
        6, aristaproto.TYPE_INT32, aristaproto.TYPE_INT64
    )
    color: Color = aristaproto.field(7, aristaproto.TYPE_ENUM, "Color")
    number: int | None = aristaproto.field(8, aristaproto.TYPE_INT32, oneof="kind")
    text: str | None = aristaproto.field(9, aristaproto.TYPE_STRING, oneof="kind")


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def nested(levels: int) -> bytes:
    data = b""
    for _ in range(levels):
        data = b"\x12" + varint(len(data)) + data
    return data


def same_as_another(message: Any) -> bool:
    return bool(message == chain(10_000))


def same_as_empty(message: Any) -> bool:
    return bool(message == Node())


def chain(levels: int) -> Node:
    node = Node()
    for _ in range(levels):
        node = Node(child=node)
    return node


class TestDepth:
    def test_wire(self) -> None:
        data = nested(10_000)
        with pytest.raises(aristaproto.DecodeError, match="levels of messages"):
            Node.parse(data)
        with aristaproto.limits(depth=100_000):
            try:
                message = Node.parse(data)
            except aristaproto.DecodeError:
                return
            assert message.child is not None

    def test_messages(self) -> None:
        message = chain(10_000)
        with pytest.raises(aristaproto.EncodeError, match="levels of messages"):
            bytes(message)
        works: list[Callable[[Any], Any]] = [copy.deepcopy, repr, same_as_another]
        for work in works:
            try:
                work(message)
            except RecursionError:
                continue
        del message
        gc.collect()

    def test_within_the_limits(self) -> None:
        data = nested(100)
        assert bytes(Node.parse(data)) == data
        with pytest.raises(aristaproto.DecodeError):
            Node.parse(nested(101))
        with aristaproto.limits(depth=300):
            data = nested(300)
            assert bytes(Node.parse(data)) == data

    def test_cycle(self) -> None:
        message = Node()
        message.child = message
        with pytest.raises(aristaproto.EncodeError):
            bytes(message)
        twin = copy.deepcopy(message)
        assert twin is not message
        assert twin.child is twin


@pytest.mark.parametrize("length", [2**63, 2**63 - 1, 2**64 - 1, 2**31, 2**32, 5])
@pytest.mark.parametrize("tag", [b"\x0a", b"\x12", b"\x1a", b"\x22", b"\x2a", b"\x32", b"\x7a"])
def test_lengths_beyond_the_data(tag: bytes, length: int) -> None:
    with pytest.raises(aristaproto.DecodeError):
        Node.parse(tag + varint(length) + b"abc")
    with pytest.raises(aristaproto.DecodeError):
        Node.parse(b"\x12\x0e" + tag + varint(length) + b"abc")


def test_a_million_keys() -> None:
    message = Node(counts={number: -number for number in range(1_000_000)})
    data = bytes(message)
    again = Node.parse(data)
    assert again == message
    assert again.counts == message.counts
    assert copy.deepcopy(again).counts == message.counts


def test_subclass_with_its_own_new() -> None:
    class Own(Node):
        made = 0

        def __new__(cls, *args: Any, **kwargs: Any) -> Self:
            Own.made += 1
            return super().__new__(cls)

    message = Own(name="a", numbers=[1])
    assert (Own.made, message.name) == (1, "a")
    assert Own.parse(bytes(message)) == message
    assert copy.deepcopy(message) == message


def test_threads() -> None:
    data = bytes(
        Node(
            name="x",
            children=[Node(name=str(i), numbers=[i]) for i in range(50)],
            by_name={"a": Node()},
        )
    )
    shared = [Node.parse(data) for _ in range(200)]
    errors: list[BaseException] = []

    def work() -> None:
        try:
            for message in shared:
                # All threads read the same half-read messages for the first time.
                assert [child.name for child in message.children] == [str(i) for i in range(50)]
                assert message.by_name["a"] == Node()
                assert bytes(message) == data
                assert Node.parse(data) == message
        except BaseException as error:  # noqa: BLE001
            errors.append(error)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert errors == []


class TestCodeThatRunsMeanwhile:
    def test_iterator_that_raises(self) -> None:
        def numbers() -> Iterator[int]:
            yield 1
            raise ZeroDivisionError

        message = Node(name="a", numbers=numbers())  # type: ignore[arg-type]
        with pytest.raises(ZeroDivisionError):
            bytes(message)
        message.numbers = [1]
        assert bytes(message) == b"\x0a\x01a\x22\x01\x01"

    def test_list_that_shrinks(self) -> None:
        message = Node()

        class Number:
            def __index__(self) -> int:
                message.numbers.clear()
                message.children.clear()
                return 1

        message.numbers = [1, 2, Number(), 3]  # type: ignore[list-item]
        message.children = [Node(name="a") for _ in range(3)]
        with contextlib.suppress(aristaproto.EncodeError):
            bytes(message)
        assert message.numbers == []

    def test_slot_that_changes(self) -> None:
        message = Node()

        class Number:
            def __index__(self) -> int:
                message.numbers = [5] * 100
                message.by_name = {}
                return 1

        message.numbers = [Number()] * 3  # type: ignore[list-item]
        message.by_name = {str(i): Node(numbers=[Number()]) for i in range(5)}  # type: ignore[list-item]
        with contextlib.suppress(aristaproto.EncodeError):
            bytes(message)

    def test_comparison_that_changes_the_list(self) -> None:
        one, other = Node(), Node()

        class Odd:
            def __eq__(self, other_: object) -> bool:
                one.numbers.clear()
                other.children.clear()
                return True

            __hash__ = None  # type: ignore[assignment]

        one.numbers = [Odd(), 1, 2]  # type: ignore[list-item]
        other.numbers = [Odd(), 1, 2]  # type: ignore[list-item]
        one.children = [Node(numbers=[Odd()]), Node()]  # type: ignore[list-item]
        other.children = [Node(numbers=[Odd()]), Node()]  # type: ignore[list-item]
        assert (one == other) in (True, False)

    def test_wrong_values_everywhere(self) -> None:
        for name in (
            "name",
            "child",
            "children",
            "numbers",
            "by_name",
            "counts",
            "color",
            "number",
        ):
            for value in (object(), 1.5, b"\xff", "a", [object()], {1: object()}, Node, 2**70):
                message = Node()
                setattr(message, name, value)
                works: list[Callable[[Any], Any]] = [bytes, repr, copy.copy, copy.deepcopy, bool]
                for work in (*works, same_as_empty):
                    with contextlib.suppress(aristaproto.EncodeError):
                        work(message)


class Probe:
    """Something whose end is seen."""

    holds: Any


@pytest.mark.parametrize(
    "way", ["constructor", "attribute", "list", "dict", "copy", "deepcopy", "parsed"]
)
def test_cycles_are_collected(way: str) -> None:
    probe = Probe()
    end = weakref.ref(probe)
    message = Node.parse(b"\x0a\x01a\x1a\x00") if way == "parsed" else Node()
    anything: Any = probe
    if way == "constructor":
        message = Node(name=anything)
    elif way in ("attribute", "deepcopy"):
        message.name = anything
    elif way == "list":
        message.numbers.append(anything)
    elif way == "dict":
        message.counts[1] = anything
    elif way == "copy":
        message.name = anything
        message = copy.copy(message)
    else:
        message.children[0].numbers = anything
    probe.holds = message
    if way == "deepcopy":
        twin = copy.deepcopy(message)
        assert twin.name is not anything
        del twin
    del probe, anything, message
    gc.collect()
    assert end() is None


WAYS_TO_LET_GO: dict[str, Callable[[Node], Node]] = {
    "parsed anew": lambda node: Node.parse(bytes(node)),
    "parsed anew, a copy": lambda node: Node.parse(bytes(copy.deepcopy(node))),
    "looked at": lambda node: (node.name, node)[1],
}


@pytest.mark.parametrize("way", WAYS_TO_LET_GO)
def test_a_part_of_a_message_lets_go_of_the_whole(way: str) -> None:
    """As docs/guide/performance.md promises; until then it may hold all bytes that it came in."""
    wire = bytes(Node(children=[Node(name="x" * 300), Node(name="y" * 10_000)]))
    repr(Node.parse(wire))
    before = sys.getrefcount(wire)
    part = Node.parse(wire).children[0]
    assert (sys.getrefcount(wire) > before) is (aristaproto.implementation() == "native")
    part = WAYS_TO_LET_GO[way](part)
    assert sys.getrefcount(wire) == before
    assert part == Node(name="x" * 300)


def resident() -> int:
    """Bytes of this process in memory."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * 4096


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_a_million_round_trips_leave_nothing_behind() -> None:
    shapes = [
        Node(name="x" * 2000, number=5),
        Node(child=Node(name="\u00e4"), children=[Node(), Node(text="t")], numbers=[1, 2**40]),
        Node(by_name={"k": Node(counts={1: 2})}, color=Color.RED),
    ]
    wire = [bytes(shape) for shape in shapes]
    broken = wire[1][:-1]

    def work(count: int) -> None:
        for number in range(count):
            data = wire[number % 3]
            message = Node.parse(data)
            if number % 2:
                assert message.color is Color.RED or message.children is not None
                repr(message)
            assert bytes(message) == data
            if number % 7 == 0:
                assert copy.deepcopy(message) == copy.copy(message)
                with pytest.raises(aristaproto.DecodeError):
                    Node.parse(broken)
                message.text = "other"
                del message.name

    watched = [Node, Color, Color.RED, Color.NONE, None, Node.__schema__]
    # The plain codec is slower, and this is not about its speed.
    rounds = 1_000_000 if aristaproto.implementation() == "native" else 20_000
    work(rounds // 10)
    gc.collect()
    before, memory = [sys.getrefcount(it) for it in watched], resident()
    work(rounds)
    gc.collect()
    after = [sys.getrefcount(it) for it in watched]
    # None and the like are held by whatever else happens; a leak would be of some hundred thousand.
    assert max(abs(a - b) for a, b in zip(after, before, strict=True)) < 200, (before, after)
    assert resident() - memory < 8_000_000
