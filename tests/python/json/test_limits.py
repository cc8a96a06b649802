"""Messages and values without an end, or with more levels than the limit: an error at once, under both codecs."""

from __future__ import annotations

import gc
import signal
import threading
import time
from typing import TYPE_CHECKING, Any

import aristaproto
import pytest
from aristaproto import Casing, JsonError, OutputFormat

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Node(aristaproto.Message):
    left: Node | None = aristaproto.field(1, aristaproto.TYPE_MESSAGE, "Node")
    right: Node | None = aristaproto.field(2, aristaproto.TYPE_MESSAGE, "Node")
    nodes: list[Node] = aristaproto.field(3, aristaproto.TYPE_MESSAGE, "Node", repeated=True)
    by_name: dict[str, Node] = aristaproto.map_field(
        4, aristaproto.TYPE_STRING, aristaproto.TYPE_MESSAGE, "Node"
    )
    texts: list[str] = aristaproto.field(5, aristaproto.TYPE_STRING, repeated=True)
    text: str = aristaproto.field(6, aristaproto.TYPE_STRING)
    data: bytes = aristaproto.field(7, aristaproto.TYPE_BYTES)


class Needy(aristaproto.Message):
    number: int | None = aristaproto.field(1, aristaproto.TYPE_INT32, required=True)
    left: Needy | None = aristaproto.field(2, aristaproto.TYPE_MESSAGE, "Needy")
    right: Needy | None = aristaproto.field(3, aristaproto.TYPE_MESSAGE, "Needy")
    needy: list[Needy] = aristaproto.field(4, aristaproto.TYPE_MESSAGE, "Needy", repeated=True)


WRITERS: dict[str, Callable[[Any], object]] = {
    "to_json": lambda message: message.to_json(),
    "indented": lambda message: message.to_json(indent=2),
    "with defaults": lambda message: message.to_json(include_default_values=True),
    "to_dict": lambda message: message.to_dict(),
    "python": lambda message: message.to_dict(
        output_format=OutputFormat.PYTHON, casing=Casing.SNAKE
    ),
}


@pytest.fixture(autouse=True)
def quickly() -> Iterator[None]:
    """Whatever a test does here takes a moment."""
    start = time.process_time()
    yield
    assert time.process_time() - start < 5


def in_itself(way: str) -> Node:
    node = Node()
    if way in ("one field", "two fields"):
        node.left = node
    if way == "two fields":
        node.right = node
    if way == "lists":
        node.nodes = [node, node]
    if way == "maps":
        node.by_name = {"a": node, "b": node}
    if way == "below":
        node.left = Node(left=node, right=node)
    return node


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
@pytest.mark.parametrize("way", ["one field", "two fields", "lists", "maps", "below"])
def test_message_in_itself(way: str, write: Callable[[Any], object]) -> None:
    with pytest.raises(JsonError, match="expected at most 100 levels of messages"):
        write(in_itself(way))


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_as_many_levels_as_the_limit(write: Callable[[Any], object]) -> None:
    node = Node()
    for _ in range(100):
        node = Node(left=node)
    write(node)
    with aristaproto.limits(depth=99), pytest.raises(JsonError, match="at most 99 levels"):
        write(node)
    # What the stack of a thread holds, too.
    for _ in range(5000):
        node = Node(left=node)
    with aristaproto.limits(depth=10**6), pytest.raises(JsonError, match="levels of messages"):
        write(node)


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
@pytest.mark.parametrize("field", ["texts", "nodes"])
def test_list_in_itself(field: str, write: Callable[[Any], object]) -> None:
    endless: list[Any] = []
    endless += [endless, endless]
    node = Node()
    setattr(node, field, endless)
    if field == "texts" and write is WRITERS["python"]:
        return  # Python values stay what they are
    with pytest.raises(JsonError, match=rf"got list .* at `{field}\[0\]`"):
        write(node)


def test_dict_in_itself() -> None:
    endless: dict[str, Any] = {}
    endless |= {"left": endless, "right": endless}
    with pytest.raises(JsonError, match="expected at most 100 levels of messages"):
        Node.from_dict(endless)
    endless = {"nodes": []}
    endless["nodes"] += [endless, endless]
    with pytest.raises(JsonError, match="expected at most 100 levels of messages"):
        Node.from_dict(endless)


def test_levels_of_text() -> None:
    def nested(levels: int) -> str:
        return '{"left": ' * levels + "{}" + "}" * levels

    assert Node.from_json(nested(100)).to_json() == nested(100)
    with pytest.raises(JsonError, match="expected at most 100 levels of messages"):
        Node.from_json(nested(101))


@pytest.mark.parametrize("way", ["one field", "two fields", "lists"])
def test_required_fields_of_a_message_in_itself(way: str) -> None:
    needy = Needy(number=1)
    needy.left = needy
    if way == "two fields":
        needy.right = needy
    if way == "lists":
        needy.needy = [needy, needy]
    for value in (needy, {"number": 1, "left": needy}):
        with pytest.raises(JsonError, match="levels of messages"):
            Needy.from_dict(value)
    with pytest.raises(JsonError, match="levels of messages"):
        needy.to_json()


def test_required_fields_of_many_levels() -> None:
    needy = Needy(number=1)
    for _ in range(200_000):
        needy = Needy(number=1, left=needy)
    with pytest.raises(JsonError, match="levels of messages"):
        Needy.from_dict({"number": 1, "left": needy})


def test_required_fields_of_a_message_that_many_hold() -> None:
    """The paths to it are two to the power of 64."""
    needy = Needy(number=1)
    for _ in range(64):
        needy = Needy(number=1, left=needy, right=needy, needy=[needy])
    message = Needy.from_dict({"number": 1, "left": needy})
    assert message.left is needy


def test_required_field_far_below() -> None:
    needy = Needy()
    for _ in range(64):
        needy = Needy(number=1, left=needy)
    with pytest.raises(JsonError, match=r"required field, got none at `left\.left"):
        Needy.from_dict(needy)
    with pytest.raises(JsonError, match=r"required field, got none at `left\.left"):
        needy.to_json()


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timers here")
@pytest.mark.parametrize("work", ["to_json", "to_dict", "from_dict"])
def test_interrupt(work: str) -> None:
    """What would take for ever without end answers a signal."""
    assert threading.current_thread() is threading.main_thread()

    class StopError(Exception):
        pass

    def stop(*_: object) -> None:
        raise StopError

    node = Node()
    for _ in range(64):
        node = Node(left=node, right=node)
    value: dict[str, Any] = {}
    for _ in range(64):
        value = {"left": value, "right": value}
    before = signal.signal(signal.SIGALRM, stop)
    # What is raised while the collector calls somebody back is lost.
    gc.disable()
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    try:
        with pytest.raises(StopError):
            Node.from_dict(value) if work == "from_dict" else getattr(node, work)()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        gc.enable()
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("write", [WRITERS["to_json"], WRITERS["to_dict"]])
def test_memoryview(write: Callable[[Any], Any]) -> None:
    node = Node()
    node.data = memoryview(b"abc")  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]
    assert "YWJj" in str(write(node))


@pytest.mark.parametrize("limit", ["depth", "size", "messages"])
def test_limits_that_are_none(limit: str) -> None:
    for wrong, error in ((-1, ValueError), (2**64, ValueError), (1.5, TypeError)):
        given: dict[str, Any] = {limit: wrong}
        with pytest.raises(error), aristaproto.limits(**given):
            pass
    largest = {limit: 2**64 - 1}
    with aristaproto.limits(**largest):
        assert bytes(Node.parse(b"")) == b""
