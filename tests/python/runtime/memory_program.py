"""What `test_memory_limits.py` runs in a process of its own: operations of messages, each try in a child with little memory.

A try ends well when the operation succeeds or raises MemoryError, and succeeds once there is memory again. Printed are how many
tries there were, in how many of them the operation raised MemoryError, and each that ended in another way.
"""

from __future__ import annotations

import copy
import importlib
import json
import os
import pickle
import random
import resource
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aristaproto
from aristaproto import wkt as proto_wkt

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [os.environ["ARISTAPROTO_PYTHON_TESTS"], str(TESTS / "unittest")]

filled: Any = importlib.import_module("filling").filled
extensions: Any = importlib.import_module("sync.extensions")
proto2: Any = importlib.import_module("sync.proto2")
scalars: Any = importlib.import_module("sync.scalars")
wkt: Any = importlib.import_module("sync.wkt")
pool: Any = importlib.import_module("sync.message_pool").default_message_pool

Work = Callable[[], object]
PAGE = resource.getpagesize()

CLASSES: tuple[type[aristaproto.Message], ...] = (
    scalars.Singular,
    scalars.Repeated,
    scalars.Optional,
    scalars.Maps,
    scalars.Oneof,
    scalars.Recursive,
    wkt.Singular,
    wkt.Repeated,
    wkt.Mapped,
    wkt.Oneof,
    proto2.Proto2,
    extensions.Extendable,
)


class Warm(aristaproto.Message):
    """A class that is used for nothing else."""

    numbers: list[int] = aristaproto.field(1, aristaproto.TYPE_INT32, repeated=True)
    names: dict[str, proto_wkt.Api] = aristaproto.map_field(
        2, aristaproto.TYPE_STRING, aristaproto.TYPE_MESSAGE, proto_wkt.Api
    )


def small() -> list[aristaproto.Message]:
    """A message of each class, with nearly all fields."""
    found = random.Random(26)
    return [filled(found, cls, pool, density=0.9) for cls in CLASSES]


def large() -> list[aristaproto.Message]:
    """Messages that take some megabytes each."""
    of, singular = scalars.Repeated, scalars.Singular
    numbers = [1 << 40 | at for at in range(5_000)]
    return [
        of(int64_values=numbers, double_values=[at + 0.5 for at in range(5_000)]),
        of(string_values=[f"text {at}" for at in range(2_000)], bytes_values=[b"x" * 1_000_000]),
        singular(string_value="ä\n" * 500_000, bytes_value=b"\xff" * 500_000),
        scalars.Maps(
            string_keys={f"key {at}": at for at in range(2_000)},
            sfixed32_keys={at: singular(string_value=f"{at}") for at in range(500)},
        ),
        scalars.Recursive(
            children=[scalars.Recursive(right=f"text {at}") for at in range(1_000)],
        ),
        wkt.Repeated(values=[wkt_value({"a": [at, None, "b"]}) for at in range(200)]),
        # Fields that the class does not know.
        scalars.Mutual.parse(bytes(of(string_values=["x" * 20] * 5_000))),
    ]


def wkt_value(plain: object) -> Any:
    return proto_wkt.Value.from_dict(plain)


def read(message: Any) -> None:
    """Reads all fields of a message, and of those below it."""
    for field in message.__schema__.fields:
        value: Any = getattr(message, field.name)
        if field.key is not None:
            value = list(value.values())
        for item in value if isinstance(value, list) else [value]:  # pyright: ignore[reportUnknownVariableType]
            if isinstance(item, aristaproto.Message):
                read(item)


def all_works(messages: list[aristaproto.Message]) -> dict[str, Work]:
    """What is done, by name. The first ones take plain values, so that they can be a process's first use of the classes."""
    classes = [type(it) for it in messages]
    wire = list(zip(classes, [bytes(it) for it in messages], strict=True))
    text = list(zip(classes, [it.to_json() for it in messages], strict=True))
    plain = list(zip(classes, [it.to_dict() for it in messages], strict=True))
    printed = list(zip(classes, [it.to_text() for it in messages], strict=True))
    pickled = pickle.dumps(messages)
    parsed = [cls.parse(data) for cls, data in wire]
    others = [cls.parse(data) for cls, data in wire]
    values = [
        (cls, {field.name: getattr(it, field.name) for field in cls.__schema__.fields})
        for cls, it in zip(classes, messages, strict=True)
    ]
    # Of a oneof one member can be given.
    values = [(cls, {k: v for k, v in it.items() if v is not None}) for cls, it in values]
    arrays = [
        (it, field.name)
        for it in messages
        for field in type(it).__schema__.fields
        if field.repeated and field.packed and field.enum is None
    ]

    def parse_and_read() -> None:
        for cls, data in wire:
            read(cls.parse(data))

    def merge() -> None:
        for cls, it in zip(classes, messages, strict=True):
            aristaproto.merge(cls(), it)

    return {
        "parse": lambda: [cls.parse(data) for cls, data in wire],
        "parse and read": parse_and_read,
        "from_json": lambda: [cls.from_json(it) for cls, it in text],
        "from_dict": lambda: [cls.from_dict(it) for cls, it in plain],
        "from_text": lambda: [cls.from_text(it) for cls, it in printed],
        "unpickle": lambda: pickle.loads(pickled),
        "construct": lambda: [cls(**it) for cls, it in values],
        "bytes": lambda: [bytes(it) for it in messages],
        "bytes of parsed": lambda: [bytes(it) for it in parsed],
        "to_json": lambda: [it.to_json() for it in messages],
        "to_json of parsed": lambda: [cls.parse(data).to_json(indent=2) for cls, data in wire],
        "to_dict": lambda: [it.to_dict() for it in messages],
        "to_text": lambda: [it.to_text() for it in messages],
        "copy": lambda: [copy.copy(it) for it in messages],
        "deepcopy": lambda: [copy.deepcopy(it) for it in messages],
        "deepcopy of parsed": lambda: [copy.deepcopy(cls.parse(it)) for cls, it in wire],
        "equal": lambda: messages == others,
        "merge": merge,
        "pickle": lambda: pickle.dumps(messages),
        "repr": lambda: [repr(it) for it in messages],
        "arrays": lambda: [aristaproto.array(it, name) for it, name in arrays],
        "arrays of parsed": lambda: [
            [aristaproto.array(cls.parse(data), name) for it, name in arrays if type(it) is cls]
            for cls, data in wire
        ],
    }


def used_space() -> int:
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[0]) * PAGE


def fill(held: list[bytes | None]) -> int:
    """Takes all memory that is left, in ever smaller pieces; gives how many there are."""
    count, size = 0, 1 << 22
    while size >= 16 and count < len(held):
        try:
            held[count] = bytes(size)
            count += 1
        except MemoryError:
            size >>= 1
    return count


def try_once(work: Work, space: int | None, pieces: int, seed: int) -> str:
    """In a child: with `space` more bytes of address space, or with none, but `pieces` of used memory given back."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        os.dup2(writing, 2)
        os.write(writing, b"\0" + attempt(work, space, pieces, seed).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read().decode(errors="replace")
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return said.split("\0")[-1] if status == 0 else f"ended with {status}: {said[-2000:]}"


def attempt(work: Work, space: int | None, pieces: int, seed: int) -> str:
    signal.alarm(60)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    held: list[bytes | None] = [None] * 400_000
    choice = random.Random(seed)
    said = "ran"
    old = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (used_space() + (space or 0), old[1]))
    try:
        if space is None:
            count = fill(held)
            for _ in range(pieces):
                held[int(choice.random() * count)] = None
        work()
    except MemoryError:
        said = "MemoryError"
    except BaseException as error:  # noqa: BLE001  # Whatever it is, it is told.
        held.clear()
        resource.setrlimit(resource.RLIMIT_AS, old)
        said = report(error)
    held.clear()
    resource.setrlimit(resource.RLIMIT_AS, old)
    try:
        work()
    except BaseException as error:  # noqa: BLE001  # Whatever it is, it is told.
        said += "; and then " + report(error)
    return said


def report(error: BaseException) -> str:
    return "".join(traceback.format_exception(error)[-4:])


def first_uses() -> dict[str, Work]:
    """Works of which each is the first use of its classes in this process: the samples come from a child."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        messages = small()
        data = pickle.dumps(
            [
                [bytes(it) for it in messages],
                [it.to_json() for it in messages],
                [it.to_dict() for it in messages],
                [it.to_text() for it in messages],
            ]
        )
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(data)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as samples:
        wire, text, plain, printed = pickle.loads(samples.read())
    os.waitpid(child, 0)

    def each(name: str, samples: list[Any]) -> Work:
        return lambda: [getattr(cls, name)(it) for cls, it in zip(CLASSES, samples, strict=True)]

    def parse_and_read() -> None:
        for cls, data in zip(CLASSES, wire, strict=True):
            read(cls.parse(data))

    return {
        "first parse": each("parse", wire),
        "first parse and read": parse_and_read,
        "first from_json": each("from_json", text),
        "first from_dict": each("from_dict", plain),
        "first from_text": each("from_text", printed),
        "first construct": lambda: [bytes(cls()) for cls in CLASSES[:10]],
        "first to_json": lambda: [
            cls().to_json(include_default_values=True) for cls in CLASSES[:10]
        ],
    }


INTERPRETERS_OWN = (
    "Cannot recover from MemoryErrors while normalizing exceptions",
    "<built-in function compile> returned NULL without setting an exception",
    "error return without exception set",
)
"""What CPython says where it fails itself for want of memory: where it raises errors, compiles, and makes frames (3.11)."""


def main(tries: int, only: str | None = None) -> None:
    counts = {"tries": 0, "MemoryError": 0, "CPython's own": 0}
    wrong: list[str] = []

    def note(name: str, said: str) -> bool:
        counts["tries"] += 1
        if said == "MemoryError":
            counts["MemoryError"] += 1
        elif any(text in said for text in INTERPRETERS_OWN):
            counts["CPython's own"] += 1
        elif said != "ran":
            wrong.append(f"{name}: {said}")
        return said == "ran"

    def without(name: str, work: Work) -> None:
        """With nothing left, then with ever more pieces of what was taken, until the operation succeeds."""
        for at in range(tries):
            if note(name, try_once(work, None, int(1.35**at) - 1, at)):
                break

    def within(name: str, work: Work) -> None:
        """With ever more address space, until the operation succeeds."""
        space = 0
        for at in range(tries):
            if note(name, try_once(work, space, 0, at)):
                break
            space += 1 << (16 + at // 4)

    # What is imported late.
    for work in all_works([Warm(numbers=[1], names={"a": proto_wkt.Api(name="b")})]).values():
        work()
    works = [(without, name, work) for name, work in first_uses().items()]
    works += [(without, name, work) for name, work in all_works(small()).items()]
    works += [(within, f"large {name}", work) for name, work in all_works(large()).items()]
    for run, name, work in works:
        # The parser of text is in Python under both codecs, and slow.
        if name != "large from_text" and only in (None, name):
            run(name, work)
    print(json.dumps({**counts, "wrong": wrong}, indent=1))


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
