"""Classes and values that are made to mislead a codec which knows where slots lie in memory, and code that runs while it is at
work. Each ends in a value or a clean error, and leaves nothing behind.
"""

# pyright: reportPrivateUsage=false

from __future__ import annotations

import contextlib
import copy
import gc
import subprocess
import sys
import threading
import tracemalloc
import weakref
from collections.abc import Callable
from typing import Any

import aristaproto
import pytest
from aristaproto import binary, codec


class Leaf(aristaproto.Message):
    pass


class Wide(aristaproto.Message):
    a: int = aristaproto.field(1, aristaproto.TYPE_INT32)
    b: str = aristaproto.field(2, aristaproto.TYPE_STRING)
    c: list[int] = aristaproto.field(3, aristaproto.TYPE_INT32, repeated=True)
    d: list[str] = aristaproto.field(4, aristaproto.TYPE_STRING, repeated=True)


class Tree(aristaproto.Message):
    wide: Wide | None = aristaproto.field(1, aristaproto.TYPE_MESSAGE, "Wide")
    tree: Tree | None = aristaproto.field(2, aristaproto.TYPE_MESSAGE, "Tree")
    trees: list[Tree] = aristaproto.field(3, aristaproto.TYPE_MESSAGE, "Tree", repeated=True)
    named: dict[str, Tree] = aristaproto.map_field(
        4, aristaproto.TYPE_STRING, aristaproto.TYPE_MESSAGE, "Tree"
    )
    counts: dict[str, int] = aristaproto.map_field(
        5, aristaproto.TYPE_STRING, aristaproto.TYPE_INT32
    )
    text: str = aristaproto.field(6, aristaproto.TYPE_STRING)


class Host(aristaproto.Message, extendable=True):
    host: Host | None = aristaproto.field(1, aristaproto.TYPE_MESSAGE, "Host")


number: aristaproto.Extension[Host, int] = aristaproto.extension(
    "hostile.number", "hostile.Host", 100, aristaproto.TYPE_INT32
)
POOL = aristaproto.MessagePool()
POOL.register("hostile", {"Host": Host, "number": number})

WIDE = Wide(a=1, b="b" * 40, c=[1, 2, 3], d=["x"] * 5)


class TestMemory:
    """Offsets are those of one class, and must never be used with messages of another."""

    def test_value_of_another_class(self) -> None:
        wrong: Any = Leaf()
        data = bytes(Tree(wide=WIDE))
        for _ in range(100):
            tree = Tree(wide=wrong)
            with pytest.raises(TypeError):
                codec.decode(tree, data)
            assert tree.wide is wrong
            with pytest.raises(aristaproto.EncodeError):
                bytes(tree)

    def test_value_of_a_subclass(self) -> None:
        class Wider(Wide):
            __slots__ = ("own",)

        tree = Tree(wide=Wider(c=[9]))
        codec.decode(tree, bytes(Tree(wide=WIDE)))
        assert isinstance(tree.wide, Wider)
        assert tree.wide.c == [9, 1, 2, 3]

    @pytest.mark.skipif(codec.NATIVE is None, reason="the plain codec asks Python for attributes")
    @pytest.mark.parametrize("name", ["d", "_unknown_fields"])
    def test_descriptor_of_another_class(self, name: str) -> None:
        # A slot behind the end of the messages of this class.
        class Odd(Leaf):
            pass

        type.__setattr__(Odd, "__fields__", {name: Wide.__dict__["__fields__"].get(name)})
        foreign: Any = Wide.__dict__["d"]
        type.__setattr__(Odd, name, foreign)
        with pytest.raises((TypeError, AttributeError)):
            Odd.parse(b"")

    def test_descriptor_in_a_mixin(self) -> None:
        class First(aristaproto.Message):
            x: int = aristaproto.field(1, aristaproto.TYPE_INT32)
            y: list[int] = aristaproto.field(2, aristaproto.TYPE_INT32, repeated=True)

        class Mixin:
            __slots__ = ()
            y = First.__dict__["y"]

        class Second(Mixin, First):
            pass

        class Stranger(Mixin, Leaf):
            pass

        assert Second(x=1, y=[2]).y == [2]
        stranger: Any = Stranger()
        for _ in range(100):
            with pytest.raises((TypeError, AttributeError)):
                stranger.y.append(1)
            with pytest.raises((TypeError, AttributeError)):
                stranger.y = [1]

    @pytest.mark.skipif(codec.NATIVE is None, reason="there is no such function")
    def test_classes_that_are_no_messages(self) -> None:
        class Plain:
            __slots__ = ("a",)

        native: Any = codec.NATIVE
        calls: list[Callable[[], Any]] = [
            lambda: native.bind(type("Schema", (), {"cls": Plain, "fields": ()})(), object),
            lambda: native.bind_slot(Plain, "a", None),
            lambda: native.new(Plain),
            lambda: native.new(native.MessageBase),
            lambda: native.MessageBase() == native.MessageBase(),
            lambda: native.decode(Plain(), b""),
            lambda: Wide.__dict__["a"].__get__(Leaf()),
            lambda: Wide.__dict__["a"].__set__(Leaf(), 1),
        ]
        for call in calls:
            with pytest.raises((TypeError, AttributeError)):
                call()

    def test_class_that_changes(self) -> None:
        class Twin(aristaproto.Message):
            a: str = aristaproto.field(1, aristaproto.TYPE_STRING)

        class Other(aristaproto.Message):
            a: int = aristaproto.field(1, aristaproto.TYPE_INT32)

        for data in (b"\x0a\x01x", b""):
            message: Any = Twin.parse(data)
            with contextlib.suppress(TypeError):
                message.__class__ = Other
            works: list[Callable[[Any], Any]] = [
                bytes,
                repr,
                copy.copy,
                copy.deepcopy,
                lambda it: it == Other(),
                dir,
            ]
            for work in works:
                with contextlib.suppress(aristaproto.Error, AttributeError):
                    work(message)


class TestCodeInBetween:
    def test_dict_that_changes_while_it_is_copied(self) -> None:
        class Growing(Tree):
            def __deepcopy__(self, memo: object) -> Growing:
                whole.named[str(len(whole.named))] = Tree()
                return self

        whole = Tree(named={"a": Growing(), "b": Growing()})
        with contextlib.suppress(Exception):
            copy.deepcopy(whole)
        assert len(whole.named) > 2

    def test_extensions_that_change_while_they_are_copied(self) -> None:
        class Growing(Host):
            def __deepcopy__(self, memo: object) -> Growing:
                held: Any = whole._extensions
                held[object()] = 1
                return self

        whole = Host()
        anything: Any = Growing()
        aristaproto.extensions(whole)[number] = anything
        with contextlib.suppress(Exception):
            copy.deepcopy(whole)
        assert len(whole._extensions or ()) == 2

    def test_extensions_that_change_while_they_are_written(self) -> None:
        class Odd:
            number = 5

            @property
            def field(self) -> Any:
                held[object()] = 1
                raise LookupError

        message = Host()
        held: Any = {Odd(): 1, Odd(): 2}
        message._extensions = held
        with contextlib.suppress(Exception):
            bytes(message)

    def test_keys_with_code_of_their_own(self) -> None:
        class Key:
            def __init__(self, like: str, counts: dict[Any, Any]) -> None:
                self.hash = hash(like)
                self.counts = counts

            def __hash__(self) -> int:
                return self.hash

            def __eq__(self, other: object) -> bool:
                self.counts.clear()
                # Memory that was freed is used again.
                self.counts.update({f"{number}": "x" * number for number in range(50)})
                self.counts.clear()
                return False

        for trial in range(50):
            one: Any = {f"{trial}-{number}": number for number in range(20)}
            two: Any = {Key(key, one): 1 for key in one}
            first, second = Tree(counts=one), Tree(counts=two)
            with contextlib.suppress(RuntimeError):
                assert first != second

    def test_finaliser_that_empties_the_slot(self) -> None:
        class Last:
            def __init__(self) -> None:
                self.me = self

            def __del__(self) -> None:
                del message.c

        threshold = gc.get_threshold()
        gc.set_threshold(1)
        try:
            for _ in range(2000):
                message = Wide()
                anything: Any = Last()
                message.c = anything
                del anything
                del message.c
                Last()
                assert message.c == []
        finally:
            gc.set_threshold(*threshold)

    def test_extension_that_becomes_known_between(self) -> None:
        pool = aristaproto.MessagePool()

        class Late(aristaproto.Message, extendable=True):
            late: Late | None = aristaproto.field(1, aristaproto.TYPE_MESSAGE, "Late")

        pool.register("late", {"Late": Late})
        # Groups, far deeper than any stack, in what is bytes as long as the extension is unknown; no UTF-8; half a record.
        groups = b"\x3b" * 200_000 + b"\x3c" * 200_000
        records = [
            b"\xa2\x06" + _length(groups) + groups,
            b"\xaa\x06\x01\xff",
            b"\xb2\x06\x02\x08\x80",
            b"\xb2\x06\x02\x08\x05",
        ]
        messages = [(Late.parse(data), data) for data in records]
        below: Any = aristaproto.extension(
            "late.below", "late.Late", 100, aristaproto.TYPE_MESSAGE, Late
        )
        text: Any = aristaproto.extension("late.text", "late.Late", 101, aristaproto.TYPE_STRING)
        wide: Any = aristaproto.extension(
            "late.wide", "late.Late", 102, aristaproto.TYPE_MESSAGE, Wide
        )
        pool.register("late", {"below": below, "text": text, "wide": wide})
        for message, data in messages:
            assert message.late is None
            for held in (message._extensions or {}).values():
                repr(held)
            assert bytes(message) == data
        # What was parsed later is read by the extension, or refused.
        assert aristaproto.extensions(Late.parse(records[3]))[wide] == Wide(a=5)
        for data in records[:3]:
            with pytest.raises(aristaproto.DecodeError):
                Late.parse(data)

    def test_look_up_that_is_interrupted(self) -> None:
        class Interrupted(aristaproto.MessagePool):
            def find_extension(self, extendee: str, number: int) -> Any:
                raise KeyboardInterrupt

        class Open(aristaproto.Message, extendable=True):
            pass

        Interrupted().register("interrupted", {"Open": Open})
        with pytest.raises(KeyboardInterrupt):
            Open.parse(b"\xa0\x06\x01")


def _length(data: bytes) -> bytes:
    number, out = len(data), bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def test_threads_that_use_a_class_first() -> None:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    errors: list[BaseException] = []
    # The collections below need not go over the modules of all tests.
    gc.collect()
    gc.freeze()
    try:
        for _ in range(100):

            class First(aristaproto.Message):
                x: int = aristaproto.field(1, aristaproto.TYPE_INT32)
                y: str | None = aristaproto.field(2, aristaproto.TYPE_STRING, oneof="kind")
                z: First | None = aristaproto.field(
                    3, aristaproto.TYPE_MESSAGE, lambda: First, oneof="kind"
                )
                w: list[str] = aristaproto.field(4, aristaproto.TYPE_STRING, repeated=True)

            start = threading.Barrier(6)

            def work(
                cls: type[Any] = First,
                start: threading.Barrier = start,
            ) -> None:
                try:
                    start.wait()
                    message = cls(x=1, z=cls(y="a"))
                    assert cls.parse(bytes(message)) == message
                except BaseException as error:  # noqa: BLE001
                    errors.append(error)

            threads = [threading.Thread(target=work) for _ in range(6)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            gc.collect()
            assert errors == []
            # What was built beside the schema that was kept has gone, and taken nothing with it.
            assert First.parse(bytes(First(w=["a"]))) == First(w=["a"])
    finally:
        gc.unfreeze()
        sys.setswitchinterval(interval)


class Watched(aristaproto.Message):
    """A name of a field is one object for the whole process: these are names that no garbage of other tests has, too."""

    watched_tree: Watched | None = aristaproto.field(2, aristaproto.TYPE_MESSAGE, "Watched")
    watched_text: str = aristaproto.field(6, aristaproto.TYPE_STRING)


@pytest.mark.parametrize("way", ["attribute", "parse", "serialise", "extension"])
def test_nothing_piles_up(way: str) -> None:
    message = Watched()
    wrong: Any = Watched(watched_tree=Watched(watched_text=5))  # type: ignore[arg-type]
    extended = Host()
    aristaproto.extensions(extended)[number] = 1

    def work() -> None:
        if way == "attribute":
            with contextlib.suppress(AttributeError):
                message.nothing = 1  # type: ignore[attr-defined]
        elif way == "parse":
            with contextlib.suppress(aristaproto.DecodeError):
                Watched.parse(b"\x12\x03\x32\x01\xff")
        elif way == "serialise":
            with contextlib.suppress(aristaproto.EncodeError):
                wrong.SerializeToString()
        else:
            extended.SerializeToString()

    watched: list[Any] = [
        Watched.__schema__.by_name["watched_text"].name,
        Watched.__schema__,
        number,
        number.field,
        number.field.name,
    ]

    def counts() -> list[int]:
        # Python's cache of attributes holds a name until another takes its place.
        # Its older name warns from 3.14 on.
        getattr(sys, "_clear_internal_caches", sys._clear_type_cache)()
        return [sys.getrefcount(it) for it in watched]

    for _ in range(100):
        work()
    # What other tests left behind must not be counted before and gone after.
    gc.collect()
    # What the collector made the codec drop is released when a call of it ends.
    work()
    before = counts()
    tracemalloc.start()
    try:
        # A table of Python's own may grow once: what piles up does so again.
        for _ in range(3000):
            work()
        start, _ = tracemalloc.get_traced_memory()
        for _ in range(3000):
            work()
        grown = tracemalloc.get_traced_memory()[0] - start
    finally:
        tracemalloc.stop()
    assert counts() == before
    assert grown < 50_000


@pytest.mark.skipif(codec.NATIVE is None, reason="the plain codec works everywhere")
def test_second_interpreter() -> None:
    # In a process of its own: what is refused here is what could bring it down.
    program = """
import sys
import aristaproto
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters
second = interpreters.create()
interpreters.run_string(second, f'''
import sys
sys.path[:] = {sys.path!r}
try:
    import aristaproto
except ImportError as error:
    print(error)
    sys.stdout.flush()
''')
class M(aristaproto.Message):
    x: int = aristaproto.field(1, aristaproto.TYPE_INT32)
print(M.parse(bytes(M(x=5))))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    said, made = done.stdout.splitlines()
    assert "interpreter" in said, done.stderr
    assert said.endswith("set it to python for the plain codec")
    assert made == "M(x=5)"


def test_bytes_that_hold_their_message() -> None:
    class Holding(bytes):
        message: Any
        mark: Any

    class Mark:
        pass

    data = Holding(bytes(Tree(tree=Tree(text="x"))))
    data.mark = Mark()
    end = weakref.ref(data.mark)
    data.message = Tree.parse(data)
    del data
    gc.collect()
    assert end() is None


def test_classes_are_collected() -> None:
    def once() -> weakref.ref[Any]:
        class Own(aristaproto.Message):
            x: int = aristaproto.field(1, aristaproto.TYPE_INT32)
            y: Own | None = aristaproto.field(2, aristaproto.TYPE_MESSAGE, lambda: Own)
            z: list[str] = aristaproto.field(3, aristaproto.TYPE_STRING, repeated=True)

        anything: Any = Own
        anything.example = Own.parse(bytes(Own(x=1, y=Own(z=["a"]))))
        example: Any = anything.example
        assert example.y.z == ["a"]
        return weakref.ref(Own)

    classes = [once() for _ in range(20)]
    gc.collect()
    assert [cls() for cls in classes] == [None] * 20


def parse_plainly(data: bytes) -> Tree:
    message = Tree()
    binary.decode(message, data)
    return message


@pytest.mark.parametrize("read", [Tree.parse, parse_plainly])
@pytest.mark.parametrize(
    "tag",
    [b"\xb2\x80\x80\x80\x80\x00", b"\xb2\x80\x80\x80\x80\x80\x80\x00", b"\xb2\x80\x80\x80\x80\x10"],
)
def test_tags_that_are_too_long(read: Callable[[bytes], Any], tag: bytes) -> None:
    with pytest.raises(aristaproto.DecodeError, match="tag of at most 32 bits"):
        read(tag + b"\x01x")
    Tree.parse(b"\xb2\x80\x80\x80\x00\x01x")


@pytest.mark.parametrize("grow", ["tree", "trees", "named"])
def test_long_chains(grow: str) -> None:
    def chain() -> Tree:
        tree = Tree()
        for _ in range(20_000):
            if grow == "tree":
                tree = Tree(tree=tree)
            elif grow == "trees":
                tree = Tree(trees=[tree])
            else:
                tree = Tree(named={"a": tree})
        return tree

    one, two = chain(), chain()
    works: list[Callable[[Any], Any]] = [copy.deepcopy, repr, lambda it: it == two]
    for work in works:
        with pytest.raises(RecursionError):
            work(one)
    # With a reference of their own, messages are copied by another way.
    held: list[Tree] = [one]
    while below := [
        tree for tree in (held[-1].tree, *held[-1].trees, *held[-1].named.values()) if tree
    ]:
        held.append(below[0])
    with pytest.raises(RecursionError):
        copy.deepcopy(one)
    with pytest.raises(aristaproto.EncodeError):
        bytes(one)
