"""The benchmark's command line: groups of rows go in, a table comes out; `--help` tells the options.

`cargo xtask bench` starts it as `python -m tests.bench` in an environment where the competitors are installed.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from . import (
    arrays,
    bridge,
    codec,
    corpus,
    data,
    limits,
    measure,
    memory,
    plain,
    report,
    rpc,
    trees,
)
from .dialects import DIALECTS, Aristaproto, Dialect, Google, LeftOut

GROUPS = ("codec", "json", "import", "rpc", "generate", "limits", "bridge", "arrays")
IMPLEMENTATIONS = (*(dialect.name for dialect in DIALECTS), plain.NAME)
PLUGIN = f"protoc-gen-python_aristaproto{'.exe' if os.name == 'nt' else ''}"


def arguments() -> argparse.ArgumentParser:
    """The options."""
    parser = argparse.ArgumentParser(
        prog="cargo xtask bench",
        description="Compare with google.protobuf and others; equal results are made sure of first.",
    )
    parser.add_argument(
        "groups", nargs="*", metavar="group", help=f"{', '.join(GROUPS)}; all for none"
    )
    parser.add_argument("--quick", action="store_true", help="5 short rounds in place of 15")
    parser.add_argument("--rounds", type=int, help="how often each row is measured")
    parser.add_argument("--check", action="store_true", help="compare the results, time nothing")
    parser.add_argument("--shapes", help="only these, comma-separated")
    parser.add_argument("--operations", help="only these of codec and json, comma-separated")
    parser.add_argument("--implementations", help="only these and google, comma-separated")
    parser.add_argument("--list", action="store_true", help="shapes and operations")
    parser.add_argument("--work", type=Path, default=Path("target/bench"), help=argparse.SUPPRESS)
    parser.add_argument(
        "--cache", type=Path, default=Path("target/corpus/cache"), help=argparse.SUPPRESS
    )
    parser.add_argument("--plugin", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--protos", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--bridge", type=Path, help=argparse.SUPPRESS)
    return parser


def chosen(option: str | None, known: Sequence[str], what: str) -> list[str]:
    """The names that an option lists, in the order of `known`; all of them without the option."""
    if option is None:
        return list(known)
    names = option.split(",")
    for name in names:
        if name not in known:
            raise SystemExit(f"no {what} is called {name!r}; there are: {', '.join(known)}")
    return [name for name in known if name in names]


def main() -> None:
    """Run what the command line asks for; exit with a message when results differ."""
    options = arguments().parse_args()
    work: Path = options.work.resolve()
    if options.groups == ["memory-of"]:
        memory_of(options.implementations, options.shapes, work)
        return
    if options.list:
        for shape in data.shapes(b""):
            print(f"shape      {shape.name:12} {shape.about}")
        for name, about in codec.ABOUT.items():
            print(f"operation  {name:12} {about}")
        for name, about in bridge.ABOUT.items():
            print(f"bridge     {name:12} {about}")
        print(f"operation  {'memory':12} growth of a process by 100,000 parsed messages")
        return
    names = chosen(options.shapes, [shape.name for shape in data.shapes(b"")], "shape")
    operations = chosen(options.operations, (*codec.ABOUT, "memory"), "operation")
    groups = chosen(",".join(options.groups) or None, GROUPS, "group")
    effort = measure.Effort(*((5, 0.002) if options.quick else (15, 0.02)))
    if options.rounds is not None:
        if options.rounds < 1:
            raise SystemExit("--rounds must be 1 or more")
        effort = measure.Effort(options.rounds, effort.seconds)

    work.mkdir(parents=True, exist_ok=True)
    target = Path(os.environ.get("CARGO_TARGET_DIR", "target"))
    plugin: Path = (options.plugin or target / "release" / PLUGIN).resolve()
    protos: Path = options.protos or included_protos()
    notes: list[str] = []
    dialects = libraries(options.implementations, work, plugin, notes)
    all_shapes = data.shapes(trees.descriptor_set(protos, work))
    shapes = [shape for shape in all_shapes if shape.name in names]

    progress(f"compare the results of {', '.join(dialect.name for dialect in dialects)}")
    left_out, errors = codec.check(dialects, shapes)
    if errors:
        raise SystemExit("results differ, nothing was timed:\n" + "\n".join(errors))
    notes += (f"left out: {', '.join(cell)}: {why}" for cell, why in left_out.items())
    versions = {dialect.name: dialect.version() for dialect in dialects}
    if options.check:
        for line in notes:
            print(line)
        compared = ", ".join(f"{name} {version}" for name, version in versions.items())
        print(f"equal results on {len(shapes)} shapes: {compared}")
        return

    rows: list[measure.Row] = []
    wanted = [
        name
        for name in operations
        if ("codec" in groups and name in codec.BINARY) or ("json" in groups and name in codec.JSON)
    ]
    for row in codec.rows(dialects, shapes, wanted, left_out, effort):
        progress(f"{row.shape}, {row.operation}")
        rows.append(row)
    small = next((shape for shape in shapes if shape.name == "small"), None)
    if "codec" in groups and "memory" in operations and small is not None:
        progress("memory")
        try:
            # Sizes hardly vary from run to run.
            rows.append(memory.row(dialects, small, work, measure.Effort(3, 0)))
        except LeftOut as error:
            notes.append(f"left out: {error}")
    asked = plain.NAME in chosen(options.implementations, IMPLEMENTATIONS, "implementation")
    if rows and asked and not versions.get("aristaproto", "").endswith(f"({plain.CODEC})"):
        progress("the plain codec, in a process of its own")
        same: list[str] = [group for group in ("codec", "json") if group in groups]
        same += [f"--shapes={','.join(names)}", f"--rounds={effort.rounds}"]
        same += [f"--operations={','.join({row.operation: None for row in rows})}"]
        same += [f"--plugin={plugin}", f"--protos={protos}"]
        if options.quick:
            same.append("--quick")
        versions[plain.NAME] = plain.add_to(rows, same, work)
        notes.append("plain: the codec in Python, against google in a process of its own")
    if "import" in groups or "generate" in groups:
        rows += corpus_rows(
            groups,
            [it.name for it in dialects],
            work,
            options.cache.resolve(),
            plugin,
            effort,
            notes,
        )
    if "rpc" in groups:
        rows += rpc_rows(dialects, all_shapes, effort, notes)
    if "bridge" in groups:
        rows += bridge_rows(options.bridge, dialects, shapes, effort, notes)
    if "arrays" in groups:
        rows += array_rows(dialects, shapes, effort, notes)
    bounds: list[limits.Limit] = []
    if "limits" in groups:
        bounds += limit_rows(dialects, shapes, operations, work, effort, notes)
    run = report.Run(rows, versions, notes, effort, bounds)
    print(report.table(run))
    for path in report.write(run, work):
        print(path)


def progress(text: str) -> None:
    """What is going on, for who waits; the table alone goes to standard output."""
    print(f"bench: {text}", file=sys.stderr, flush=True)


def included_protos() -> Path:
    """The folder of the proto files that come with grpcio-tools."""
    grpc_tools: Any = importlib.import_module("grpc_tools")
    return Path(next(iter(grpc_tools.__path__))) / "_proto"


def libraries(option: str | None, work: Path, plugin: Path, notes: list[str]) -> list[Dialect]:
    """The libraries with generated code, google first; who cannot take part is noted."""
    names = chosen(option, IMPLEMENTATIONS, "implementation")
    found: list[Dialect] = []
    for dialect in DIALECTS:
        if dialect is not Google and dialect.name not in names:
            continue
        progress(f"generate for {dialect.name}")
        try:
            found.append(dialect(trees.generate(dialect.name, work, plugin)))
        except LeftOut as error:
            if dialect.name in ("google", "aristaproto"):
                raise SystemExit(str(error)) from error
            notes.append(f"left out: {error}")
    return found


def memory_of(implementation: str, shape: str, work: Path) -> None:
    """The process behind one measurement of `memory`; the code was generated by the process that started it."""
    google = Google(work / "trees" / "google")
    dialect: Dialect = google
    for other in DIALECTS:
        if other.name == implementation and other is not Google:
            dialect = other(work / "trees" / implementation)
    found = next(known for known in data.shapes(b"") if known.name == shape)
    print(memory.grow(dialect, found, google))


def corpus_rows(
    groups: Sequence[str],
    names: Sequence[str],
    work: Path,
    cache: Path,
    plugin: Path,
    effort: measure.Effort,
    notes: list[str],
) -> list[measure.Row]:
    """The rows of the groups import and generate."""
    progress(f"fetch and generate {corpus.API}")
    try:
        protos = corpus.Corpus(work, cache, plugin)
    except LeftOut as error:
        notes.append(f"left out: import, generate: {error}")
        return []
    notes.append(f"aiplatform: {len(protos.names)} files, {protos.messages} messages at top level")
    ready = corpus.prepare(protos, names, notes)
    rows: list[measure.Row] = []
    if "import" in groups:
        progress("import")
        rows.append(corpus.import_row(protos, ready, effort))
    if "generate" in groups:
        progress("generate")
        rows.append(corpus.generate_row(protos, ready, effort))
    return rows


def google_and_ours(
    dialects: Sequence[Dialect], group: str, notes: list[str]
) -> tuple[Google, Aristaproto] | None:
    """The two that a group compares; a note, and nothing, when ours was not asked for."""
    google = next(dialect for dialect in dialects if isinstance(dialect, Google))
    for dialect in dialects:
        if isinstance(dialect, Aristaproto) and dialect.name == "aristaproto":
            return google, dialect
    notes.append(f"left out: {group}: it is a comparison with aristaproto, which was not asked for")
    return None


def limit_rows(
    dialects: Sequence[Dialect],
    shapes: Sequence[data.Shape],
    operations: Sequence[str],
    work: Path,
    effort: measure.Effort,
    notes: list[str],
) -> list[limits.Limit]:
    """The rows of the group limits."""
    pair = google_and_ours(dialects, "limits", notes)
    if pair is None:
        return []
    google, ours = pair
    folder = work / "trees" / ours.name
    found: list[limits.Limit] = []
    for limit in limits.limits(google, ours, folder, shapes, operations, effort):
        progress(f"limits: {limit.shape}, {limit.operation}, {limit.about}")
        found.append(limit)
    return found


def bridge_rows(
    library: Path | None,
    dialects: Sequence[Dialect],
    shapes: Sequence[data.Shape],
    effort: measure.Effort,
    notes: list[str],
) -> list[measure.Row]:
    """The rows of the group bridge."""
    pair = google_and_ours(dialects, "bridge", notes)
    if pair is None:
        return []
    if library is None:
        notes.append("left out: bridge: `cargo xtask bench bridge` builds its extension module")
        return []
    found: list[measure.Row] = []
    for row in bridge.rows(library.resolve(), *pair, shapes, effort):
        progress(f"bridge: {row.shape}, {row.operation}")
        notes.append(bridge.beside_bytes(row))
        found.append(row)
    return found


def array_rows(
    dialects: Sequence[Dialect],
    shapes: Sequence[data.Shape],
    effort: measure.Effort,
    notes: list[str],
) -> list[measure.Row]:
    """The rows of the group arrays."""
    pair = google_and_ours(dialects, "arrays", notes)
    if pair is None:
        return []
    found: list[measure.Row] = []
    for row in arrays.rows(*pair, shapes, effort, notes):
        progress(f"arrays: {row.shape}, {row.operation}")
        found.append(row)
    return found


def rpc_rows(
    dialects: Sequence[Dialect],
    shapes: Sequence[data.Shape],
    effort: measure.Effort,
    notes: list[str],
) -> list[measure.Row]:
    """The rows of the group rpc."""
    pair = google_and_ours(dialects, "rpc", notes)
    if pair is None:
        return []
    google, ours = pair
    progress("rpc")
    medium = next(shape for shape in shapes if shape.name == "medium")
    wire, _ = codec.reference(google, medium)
    notes.append(
        "rpc: grpcio with aristaproto's stubs and bases; the other libraries bring none for it"
    )
    # A call takes long enough for the switching of threads to matter.
    slower = measure.Effort(effort.rounds, max(effort.seconds * 5, 0.05))
    cases = [codec.Case(dialect, medium, google) for dialect in (google, ours)]
    uses = {case.dialect.name: (case.read, partial(case.message, wire)) for case in cases}
    return list(rpc.rows(wire, "tree_aristaproto", uses, slower))


main()
