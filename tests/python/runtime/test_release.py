"""What happens when messages are released: all that they hold goes, once, in any depth, and `__del__` is called."""

from __future__ import annotations

import contextlib
import gc
import sys
import threading
import weakref
from typing import Any

import aristaproto
import pytest


class Node(aristaproto.Message):
    number: int = aristaproto.field(1, aristaproto.TYPE_INT64)
    node: Node | None = aristaproto.field(2, aristaproto.TYPE_MESSAGE, "Node")
    nodes: list[Node] = aristaproto.field(3, aristaproto.TYPE_MESSAGE, "Node", repeated=True)
    by_name: dict[str, Node] = aristaproto.map_field(
        4, aristaproto.TYPE_STRING, aristaproto.TYPE_MESSAGE, "Node"
    )
    text: str = aristaproto.field(5, aristaproto.TYPE_STRING)


class Below(Node):
    """A class of a user's."""


class Loose(Node):
    """One with what messages do not have: a dict and weak references."""

    __slots__ = ("__dict__", "__weakref__")


class Slotted(Node):
    __slots__ = ("__weakref__", "own")


class Watched:
    """Says when it is released."""

    def __init__(self, seen: list[int], number: int) -> None:
        self.seen, self.number = seen, number

    def __del__(self) -> None:
        self.seen.append(self.number)


def chain(levels: int, kind: int) -> Node:
    node = Node(number=levels)
    for number in range(levels):
        if kind == 0 or (kind == 3 and number % 3):
            node = Node(number=number, node=node)
        elif kind == 1:
            node = Node(number=number, nodes=[node])
        elif kind == 2:
            node = Node(number=number, by_name={"key": node})
        else:
            node = Below(number=number, node=node)
    return node


@pytest.mark.parametrize("levels", [1, 49, 50, 51, 52, 101, 102, 100_000])
@pytest.mark.parametrize("kind", [0, 1, 2, 3])
def test_chains(levels: int, kind: int) -> None:
    seen: list[int] = []
    node = chain(levels, kind)
    end = node
    for _ in range(levels):
        end = end.node or (end.nodes[0] if end.nodes else end.by_name["key"])
    end.number = Watched(seen, 1)  # type: ignore[assignment]
    assert end.number is not None
    del end
    assert seen == []
    del node
    assert seen == [1]


def test_broad_trees() -> None:
    seen: list[int] = []

    def tree(levels: int) -> Node:
        node = Node(number=Watched(seen, levels))  # type: ignore[arg-type]
        if levels > 0:
            node.nodes = [tree(levels - 1) for _ in range(3)]
            node.node = chain(60, 3)
            node.by_name = {"a": tree(levels - 1)}
        return node

    made = tree(5)
    assert seen == []
    del made
    assert sorted(seen) == sorted(level for level in range(6) for _ in range(4 ** (5 - level)))


@pytest.mark.parametrize("make", [Node, Below, Loose, Slotted])
def test_nothing_is_kept_and_nothing_lost(make: type[Node]) -> None:
    value: Any = object()
    name = repr(value)

    def counts() -> list[int]:
        return [sys.getrefcount(value), sys.getrefcount(name), sys.getrefcount(make)]

    # Some are kept when it is done for the first time.
    make.parse(bytes(make(number=1, text="x")))
    make(number=value, text=name)
    before = counts()
    messages = [make(number=value, text=name, node=make(text=name)) for _ in range(100)]
    messages += [make.parse(b"\x08\x05\x12\x00") for _ in range(100)]
    assert counts()[:2] == [before[0] + 100, before[1] + 200]
    del messages
    gc.collect()
    assert counts() == before


def test_what_classes_below_add() -> None:
    seen: list[int] = []
    loose: Any = Loose(number=1, node=Node())
    loose.more = Watched(seen, 1)
    reference = weakref.ref(loose)
    slotted: Any = Slotted(number=1)
    slotted.own = Watched(seen, 2)
    other = weakref.ref(slotted, lambda _: seen.append(3))
    assert reference() is loose
    assert other() is slotted
    del loose
    assert seen == [1]
    assert reference() is None
    del slotted
    assert sorted(seen) == [1, 2, 3]


def test_cycles() -> None:
    seen: list[int] = []
    for make in (Node, Loose):
        node = make(number=Watched(seen, 1))  # type: ignore[arg-type]
        node.nodes = [Node(node=node)]
        del node
    assert seen == []
    gc.collect()
    assert seen == [1, 1]


def fresh() -> Any:
    class Fresh(aristaproto.Message):
        number: int = aristaproto.field(1, aristaproto.TYPE_INT64)
        fresh: Fresh | None = aristaproto.field(2, aristaproto.TYPE_MESSAGE, "Fresh")

    aristaproto.MessagePool().register("fresh", {"Fresh": Fresh})
    return Fresh


def test_del_that_comes_later() -> None:
    made: Any = fresh()
    seen: list[int] = []

    class Heir(made):  # type: ignore[misc]
        pass

    def note(self: Any) -> None:
        seen.append(self.number)

    made.__del__ = note
    made(number=1)
    made(number=2, fresh=made(number=3))
    Heir(number=4)
    made.parse(b"\x08\x05")
    assert seen == [1, 2, 3, 4, 5]
    del made.__del__
    made(number=6)
    assert seen == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("nested", [False, True])
def test_del_that_keeps_the_message(nested: bool) -> None:
    made: Any = fresh()
    kept: list[Any] = []

    def keep(self: Any) -> None:
        kept.append(self)

    made.__del__ = keep
    made(number=1, fresh=made(number=2) if nested else None)
    assert [message.number for message in kept] == [1]
    message = kept.pop()
    assert message.fresh == (made(number=2) if nested else None)
    kept.clear()
    # It is called once for each object.
    del message
    assert [message.number for message in kept] == ([2] if nested else [])
    del made.__del__
    kept.clear()


def test_del_that_changes_the_class() -> None:
    made: Any = fresh()

    class Other(made):  # type: ignore[misc]
        __slots__ = ()

    def change(self: Any) -> None:
        # The codec in Rust refuses it.
        with contextlib.suppress(TypeError):
            self.__class__ = Other

    made.__del__ = change

    def counts() -> tuple[int, int]:
        for number in range(100):
            made(number=number)
        return sys.getrefcount(made), sys.getrefcount(Other)

    # Some are kept when it is done for the first time.
    counts()
    assert counts() == counts()


def test_a_class_goes_with_its_last_message() -> None:
    made: Any = fresh()
    reference = weakref.ref(made)
    message = made(number=1)
    del made
    gc.collect()
    assert reference() is not None
    del message
    gc.collect()
    assert reference() is None


def test_code_that_runs_while_messages_are_released() -> None:
    seen: list[int] = []

    class Busy:
        def __del__(self) -> None:
            node = Node.parse(bytes(chain(90, 0)))
            seen.append(len(node.to_json()))
            raise RuntimeError("nobody sees it")

    node = chain(200, 3)
    inner: Node | None = node
    while inner is not None:
        inner.text = Busy()  # type: ignore[assignment]
        inner = inner.node

    def hook(_: object) -> None:
        pass

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "unraisablehook", hook)
        del node
    assert len(seen) == 201
    assert len(set(seen)) == 1


def test_threads() -> None:
    done: list[int] = []

    def work() -> None:
        for number in range(30):
            node = chain(500, number % 4)
            del node
        done.append(1)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == 4
