"""Every message and every service of a tree, in a process of its own, because trees are large.

In: the tree and the descriptor set that it was generated from. Out: figures as JSON on standard output, problems on standard
error, exit code 1 if there was one. Started by `checks`.
"""

from __future__ import annotations

import importlib
import json
import resource
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Any

import aristaproto
from google.protobuf import (
    any_pb2,
    api_pb2,
    descriptor_pool,
    duration_pb2,
    empty_pb2,
    field_mask_pb2,
    json_format,
    message_factory,
    source_context_pb2,
    struct_pb2,
    timestamp_pb2,
    type_pb2,
    wrappers_pb2,
)
from google.protobuf.descriptor_pb2 import DescriptorProto, FileDescriptorProto, FileDescriptorSet

from tests.python.unittest.filling import Endless, filled

from .services import check_services

SEED = "corpus"
EMPTY_IS_NOTHING = "google.protobuf.Value"
"""JSON has no form for an empty one: null is a value."""
WELL_KNOWN = [
    module.DESCRIPTOR
    for module in (
        any_pb2,
        duration_pb2,
        empty_pb2,
        field_mask_pb2,
        source_context_pb2,
        struct_pb2,
        timestamp_pb2,
        wrappers_pb2,
        type_pb2,
        api_pb2,
    )
]
"""Google's files, each after those that it imports."""
SHOWN = 40
"""So many problems are printed."""


def modules(tree: Path) -> list[str]:
    """The importable names of a tree's modules, without the data of descriptors."""
    return sorted(
        ".".join((tree.name, *path.relative_to(tree).with_suffix("").parts)).removesuffix(
            ".__init__"
        )
        for path in tree.rglob("*.py")
        if path.name != "_descriptors.py"
    )


def import_all(tree: Path) -> tuple[dict[str, float], list[str]]:
    """Import each module; figures and problems."""
    sys.path.insert(0, str(tree.parent))
    problems: list[str] = []
    names = modules(tree)
    started = perf_counter()
    for name in names:
        try:
            importlib.import_module(name)
        except Exception as error:  # noqa: BLE001 - any is a finding
            problems.append(f"{name} does not import: {type(error).__name__}: {error}")
    return {
        "modules": len(names),
        "seconds": round(perf_counter() - started, 2),
        "MiB": peak_memory(),
    }, problems


def peak_memory() -> int:
    """The most memory that this process has had, in MiB."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) // 1024
    # Linux would count what the process that started this one had, too.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def declared_messages(files: list[FileDescriptorProto]) -> Iterator[str]:
    """The full names of all messages, map entries left out."""

    def inner(scope: str, message: DescriptorProto) -> Iterator[str]:
        if message.options.map_entry:
            return
        name = f"{scope}.{message.name}"
        yield name
        for nested in message.nested_type:
            yield from inner(name, nested)

    for file in files:
        for message in file.message_type:
            for name in inner(f".{file.package}" if file.package else "", message):
                yield name.removeprefix(".")


def round_trips(cls: type[aristaproto.Message], pool: aristaproto.MessagePool) -> bool:
    """An empty and a filled instance there and back. False: a message that requires itself, so that none can be whole."""
    name = cls.__schema__.full_name
    if name == EMPTY_IS_NOTHING:
        _same(cls.parse(bytes(cls())), cls(), "parsed from its bytes")
    elif aristaproto.is_initialized(cls()):
        _both_formats(cls, cls())
    try:
        message = filled(Random(f"{SEED} {name}"), cls, pool, density=0.8)
    except Endless:
        return False
    _both_formats(cls, message)
    return True


def _both_formats(cls: type[aristaproto.Message], message: aristaproto.Message) -> None:
    wire = bytes(message)
    parsed = cls.parse(wire)
    _same(parsed, message, "parsed from its bytes")
    _same(bytes(parsed), wire, "bytes of what was parsed")
    if has_json_conflicts(cls):
        return
    _same(cls.from_json(message.to_json()), message, "read from its JSON")
    _same(cls.from_dict(message.to_dict()), message, "read from its dict")


def has_json_conflicts(cls: type[aristaproto.Message]) -> bool:
    """Whether two fields may have one name in JSON, so that what is written cannot be read."""
    return aristaproto.descriptor(cls).options.deprecated_legacy_json_field_conflicts is True


def _same(found: object, expected: object, what: str) -> None:
    if found != expected:
        raise AssertionError(f"{what}: {found!r:.300} is not {expected!r:.300}")


def against_google(
    cls: type[aristaproto.Message], google: Any, pool: aristaproto.MessagePool
) -> None:
    """The same bytes and the same JSON as google.protobuf, both ways, for a filled instance."""
    name = cls.__schema__.full_name
    message = filled(Random(f"{SEED} google {name}"), cls, pool, density=0.6)
    wire = bytes(message)
    theirs = google.FromString(wire)
    # Maps with several entries and extensions have an order of their own there; what is written in order is the same.
    _same(cls.parse(theirs.SerializeToString(deterministic=True)), message, "google's bytes parsed")
    again = google.FromString(bytes(cls.parse(theirs.SerializeToString())))
    # NaN differs from itself in google's classes; the deterministic bytes do not.
    _same(
        again.SerializeToString(deterministic=True),
        theirs.SerializeToString(deterministic=True),
        "bytes there and back",
    )
    if has_json_conflicts(cls):
        return
    descriptors = theirs.DESCRIPTOR.file.pool
    dictionary = json_format.MessageToDict(theirs, descriptor_pool=descriptors)
    _same(json.loads(message.to_json()), dictionary, "JSON")
    _same(cls.from_dict(dictionary), message, "google's JSON read")
    read = json_format.Parse(message.to_json(), google(), descriptor_pool=descriptors)
    _same(cls.parse(read.SerializeToString()), message, "our JSON read by google")


def load(
    tree: Path, descriptors: Path
) -> tuple[aristaproto.MessagePool, list[FileDescriptorProto]]:
    """Import the tree; its pool, and the descriptors that it was made from."""
    _, problems = import_all(tree)
    if problems:
        raise SystemExit("\n".join(problems[:SHOWN]))
    pool = importlib.import_module(f"{tree.name}.message_pool").default_message_pool
    return pool, list(FileDescriptorSet.FromString(descriptors.read_bytes()).file)


def check_messages(tree: Path, descriptors: Path, sample: int) -> tuple[dict[str, Any], list[str]]:
    """Round trips and the comparison with google.protobuf."""
    pool, files = load(tree, descriptors)
    google_pool = descriptor_pool.DescriptorPool()
    for file in files:
        google_pool.AddSerializedFile(file.SerializeToString())
    names = {file.name for file in files}
    for descriptor in WELL_KNOWN:
        # Any of ours may hold one of them where no file imports it.
        if descriptor.name not in names:
            google_pool.AddSerializedFile(descriptor.serialized_pb)
    problems: list[str] = []
    classes: dict[str, type[aristaproto.Message]] = {}
    endless: set[str] = set()
    for name in sorted(set(declared_messages(files))):
        cls = pool.find_message(name)
        if cls is None:
            problems.append(f"{name}: no class")
            continue
        classes[name] = cls
        try:
            if not round_trips(cls, pool):
                endless.add(name)
        except Exception as error:  # noqa: BLE001 - any is a finding
            problems.append(f"{name}: {type(error).__name__}: {error}")
    whole = sorted(classes.keys() - endless)
    chosen = Random(SEED).sample(whole, min(sample, len(whole)))
    for name in chosen:
        google = message_factory.GetMessageClass(google_pool.FindMessageTypeByName(name))
        try:
            against_google(classes[name], google, pool)
        except Exception as error:  # noqa: BLE001 - any is a finding
            problems.append(f"{name} against google: {type(error).__name__}: {error}")
    figures = {
        "round trips": {"messages": len(classes), "that require themselves": len(endless)},
        "google": {"compared": len(chosen)},
    }
    return figures, problems


def main() -> int:
    """`import TREE`, `round-trips TREE DESCRIPTORS SAMPLE` or `services TREE DESCRIPTORS`."""
    # Deprecated messages are messages, too.
    warnings.simplefilter("ignore", DeprecationWarning)
    verb, tree, *rest = sys.argv[1:]
    problems: list[str] = []
    if verb == "import":
        imported, problems = import_all(Path(tree))
        figures: dict[str, Any] = {"import": imported}
    elif verb == "round-trips":
        figures, problems = check_messages(Path(tree), Path(rest[0]), int(rest[1]))
    else:
        _, files = load(Path(tree), Path(rest[0]))
        figures = {"services": check_services(Path(tree), files, problems)}
    print(json.dumps(figures))
    for problem in problems[:SHOWN]:
        print(problem, file=sys.stderr)
    if len(problems) > SHOWN:
        print(f"and {len(problems) - SHOWN} more", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
