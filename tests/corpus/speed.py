"""The step `speed`: what generation costs, beside what the protobuf compilers cost alone. It prints and judges nothing: times say
something only on a machine that does nothing else.

The first source is measured. Programs are run three times, the median counts; protoc alone and protoc with the plugin take
turns, five times, because a run of protoc may take half as long again as the one before it even on a quiet machine. Each run
has a folder of its own, and all are removed at the end: file systems take their time where files were removed just now.
"""

from __future__ import annotations

import os
import shutil
import statistics
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import perf_counter

from .generate import PROTOC, fresh, through_plugin
from .steps import Corpus, Skipped, Tree, must

ROUNDS = 3
TURNS = 5
SHARES = (8, 4, 2, 1)
CHANGED = "google/pubsub/v1/pubsub.proto"
"""The file that gets another comment."""


def measure(corpus: Corpus) -> str:
    """Times and memory, a line each."""
    program = corpus.example("corpus_tree")
    if program is None:
        raise Skipped("the engine was not built with protox")
    tree = corpus.trees[0]
    folder = fresh(corpus.work / "speed")
    rows = [_plugin(corpus, tree), *_engine(corpus, tree, program)]
    rows += [_share(corpus, tree, program, share) for share in SHARES]
    shutil.rmtree(folder)
    return "\n".join(rows)


def _plugin(corpus: Corpus, tree: Tree) -> str:
    folder = corpus.work / "speed" / "plugin"

    def alone() -> None:
        descriptors = ["--include_source_info", f"--descriptor_set_out={tree.descriptors}.speed"]
        must([*PROTOC, "--include_imports", *descriptors, f"@{tree.list}"], tree.protos)

    def plugin(turn: int) -> None:
        through_plugin(corpus, tree, folder / str(turn))

    turns = [(_seconds(alone), _seconds(partial(plugin, turn))) for turn in range(TURNS)]
    first, second = ([turn[which] for turn in turns] for which in (0, 1))
    return (
        f"protoc --descriptor_set_out {_spread(first)}, with the plugin {_spread(second)}:"
        f" {statistics.median(second) / statistics.median(first):.2f} times"
    )


def _engine(corpus: Corpus, tree: Tree, program: Path) -> list[str]:
    """A first run, a second one with nothing changed, and one with one file changed."""
    protos = corpus.work / "speed" / "protos"
    shutil.copytree(tree.protos, protos)
    out = fresh(corpus.work / "speed" / "engine")
    command = [program, protos, tree.list, out, tree.source.options]
    started = perf_counter()
    first = _values(must(command))
    seconds = perf_counter() - started
    rows = [
        (
            f"protox {first['load']:.2f} s, generation after it {first['generate']:.2f} s,"
            f" the whole {seconds / first['load']:.2f} times protox, {first['memory']:.0f} MiB at most"
        )
    ]
    before = _written(out)
    again = _values(must(command))
    rows.append(
        f"again, nothing changed: generation {again['generate']:.2f} s,"
        f" {_count(before, _written(out))} modules written"
    )
    changed = protos / CHANGED
    if changed.exists():
        text = changed.read_text()
        changed.write_text(
            text.replace("\n// ", "\n// Changed. ", 1).replace("  // ", "  // Changed. ", 1)
        )
        before = _written(out)
        after = _values(must(command))
        rows.append(
            f"again, {CHANGED} changed: generation {after['generate']:.2f} s,"
            f" {_count(before, _written(out))} modules written"
        )
    return rows


def _share(corpus: Corpus, tree: Tree, program: Path, share: int) -> str:
    """One in so many of the packages, and what they import: how the cost grows."""
    folders = sorted({name.rpartition("/")[0] for name in tree.names})[::share]
    chosen = [name for name in tree.names if name.rpartition("/")[0] in folders]
    names = corpus.work / "speed" / f"share-{share}.txt"
    names.write_text("".join(f"{name}\n" for name in chosen))
    folder = corpus.work / "speed" / f"share-{share}"
    values = [
        _values(must([program, tree.protos, names, fresh(folder / str(run)), tree.source.options]))
        for run in range(ROUNDS)
    ]
    seconds = statistics.median(value["generate"] for value in values)
    size = sum(path.stat().st_size for path in folder.rglob("*.py")) / ROUNDS
    return (
        f"1/{share} of the packages: {len(chosen)} files, generation {seconds:.2f} s,"
        f" {seconds / size * 1e9:.1f} ns for a byte of Python, {values[0]['memory']:.0f} MiB"
    )


def _seconds(action: Callable[[], None]) -> float:
    started = perf_counter()
    action()
    return perf_counter() - started


def _spread(times: list[float]) -> str:
    return f"{statistics.median(times):.2f} s ({min(times):.2f} to {max(times):.2f})"


def _values(printed: str) -> dict[str, float]:
    return {name: float(value) for name, value in (line.split() for line in printed.splitlines())}


def _written(folder: Path) -> dict[str, int]:
    """When each file was last written."""
    return {
        os.fspath(path.relative_to(folder)): path.stat().st_mtime_ns
        for path in folder.rglob("*.py")
    }


def _count(before: dict[str, int], after: dict[str, int]) -> int:
    return sum(before.get(name) != time for name, time in after.items())
