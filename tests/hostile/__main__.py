"""Runs hostile input: `python -m tests.hostile --work FOLDER --plugin PROGRAM [--short] [--inputs N] [--bombs SCALE]`.

Damaged messages in wire bytes, JSON and text format go through the codec in Rust and the plain one, each in processes of its own,
which must come to the same: the same error at the same path, or the same message, which is written in the same way. Then bombs
go through both and through google.protobuf. Out: two tables, and `FOLDER/hostile.md`. The exit code is 1 if a codec differed, died,
raised what it does not document, or a bomb took more than `SECONDS` or `MEMORY`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.hostile import BLOCK

FORMS = ("wire", "json", "text")
CODECS = ("native", "python")
CHUNK = 100
"""Blocks for one process."""
PATIENCE = 3600
"""Seconds for one process."""
GROWN = 48.0
"""MiB by which a process may grow between the first blocks and the last: caches have bounds, leaks have not."""

SECONDS = 1.0
"""Processor time of a bomb, for each MiB, or twice what google takes if that is more."""
MEMORY = 40.0
"""Bytes in memory for each byte of a bomb, or twice what google takes if that is more."""
UNMEASURED = 4 * 2**20
"""Bytes, and a quarter of a second, that a call may take however small the bomb."""
OBJECTS = {
    ("python", "wire", "messages of two bytes"): (12, 600),
    ("python", "wire", "map entries of two bytes"): (3, 40),
    ("python", "wire", "extensions of three bytes"): (8, 400),
    ("python", "json", "empty messages"): (8, 450),
    ("python", "json", "elements of a Value"): (3, 110),
    ("native", "json", "elements of a Value"): (1, 110),
    ("python", "text", "empty messages"): (3, 110),
    ("native", "text", "empty messages"): (3, 80),
}
"""Seconds for each MiB, and bytes for each byte, where a few bytes ask for an object of Python: what cannot be made to hold, says docs/reliability.md."""


class Failed(Exception):
    """A process ended as it must not."""


def generate(work: Path, plugin: Path) -> None:
    """The tree `ours`, and google's modules, in `work`."""
    folder = Path(__file__).parent
    protos = sorted(path.name for path in folder.glob("*.proto"))
    (work / "ours").mkdir(parents=True, exist_ok=True)
    ours = [f"--plugin=protoc-gen-python_aristaproto={plugin}"]
    ours += [f"--python_aristaproto_out={work / 'ours'}"]
    for outputs in (ours, [f"--python_out={work}"]):
        command = [sys.executable, "-m", "grpc_tools.protoc", f"-I{folder}", *outputs, *protos]
        subprocess.run(command, check=True)


def python(work: Path, codec: str, *arguments: str) -> str:
    """What a program of this package prints under a codec."""
    done = subprocess.run(
        [sys.executable, "-m", *arguments],
        check=False,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(work), *filter(None, sys.path)]),
            "PYTHONHASHSEED": "0",
            "ARISTAPROTO_IMPLEMENTATION": codec,
        },
    )
    if done.returncode:
        raise Failed(
            f"{codec} {' '.join(arguments)}: exit code {done.returncode}\n{done.stderr[-3000:]}"
        )
    return done.stdout


def lines(text: str) -> Iterator[Any]:
    return map(json.loads, text.splitlines())


class Mutations:
    """Damaged input of all forms, through both codecs."""

    def __init__(self, work: Path, first: int) -> None:
        self.work = work
        self.first = first
        self.totals: dict[tuple[str, str], Counter[str]] = {}
        self.slowest: dict[tuple[str, str], float] = {}
        self.wrong: list[str] = []
        self.compared: Counter[str] = Counter()
        self.differ: Counter[str] = Counter()

    def chunk(self, form: str, first: int, count: int) -> None:
        """So many blocks; under both codecs, at once."""
        with ThreadPoolExecutor(len(CODECS)) as jobs:
            ran = [jobs.submit(self.through, codec, form, first, count) for codec in CODECS]
        native, plain = (job.result() for job in ran)
        for one, other in zip(native, plain, strict=False):
            self.compared[form] += BLOCK
            if one["digest"] != other["digest"]:
                self.differ[form] += 1
                if self.differ[form] <= 5:
                    self.wrong.append(self.difference(form, one["block"]))

    def through(self, codec: str, form: str, first: int, count: int) -> list[Any]:
        started = time.monotonic()
        try:
            text = python(self.work, codec, "tests.hostile.mutate", form, str(first), str(count))
        except (Failed, subprocess.TimeoutExpired) as error:
            self.wrong.append(str(error))
            return []
        blocks = list(lines(text))
        total = self.totals.setdefault((form, codec), Counter())
        total["read"] += sum(block["read"] for block in blocks)
        total["refused"] += sum(block["refused"] for block in blocks)
        total["milliseconds"] += round((time.monotonic() - started) * 1000)
        slowest = max(block["slowest"] for block in blocks)
        self.slowest[form, codec] = max(slowest, self.slowest.get((form, codec), 0.0))
        if blocks[-1]["grown"] > GROWN:
            self.wrong.append(f"{codec} {form} {first}: grew by {blocks[-1]['grown']:.0f} MiB")
        return blocks

    def difference(self, form: str, block: int) -> str:
        """The first input of a block that the codecs do not agree about."""
        shown = [
            list(
                lines(
                    python(
                        self.work, codec, "tests.hostile.mutate", form, str(block), "1", "--show"
                    )
                )
            )
            for codec in CODECS
        ]
        for one, other in zip(*shown, strict=True):
            if one != other:
                return f"{form} {block}: {one[1]}\n  native {one[2]}\n  plain  {other[2]}"
        return f"{form} {block}: the codecs do not agree, and then they do"

    def run(self, forms: Sequence[str], blocks: int, minutes: float) -> None:
        """The forms in turn, a chunk of each, until there are so many blocks or the time is over."""
        end = time.monotonic() + 60 * minutes
        for at in range(0, blocks, CHUNK):
            for form in forms:
                self.chunk(form, self.first + at, min(CHUNK, blocks - at))
            done = f"{min(at + CHUNK, blocks) * BLOCK:,}/{blocks * BLOCK:,}"
            print(f"hostile: {done} of each, {len(self.wrong)} wrong", file=sys.stderr, flush=True)
            (self.work / "hostile.md").write_text(self.table(), encoding="utf-8")
            if time.monotonic() > end:
                return

    def table(self) -> str:
        rows = [
            "| format | codec | inputs | read | refused | blocks that differ | slowest, ms | inputs each second |",
            "|---|---|---:|---:|---:|---:|---:|---:|",
        ]
        for (form, codec), total in sorted(self.totals.items()):
            inputs = total["read"] + total["refused"]
            rows.append(
                f"| {form} | {codec} | {inputs:,} | {total['read']:,} | {total['refused']:,} | {self.differ[form]:,} "
                f"| {self.slowest[form, codec] * 1000:.1f} | {inputs * 1000 // max(total['milliseconds'], 1):,} |"
            )
        return "\n".join(rows)


def figures(result: Any) -> str:
    """A cell: how it ended, seconds for each MiB, bytes for each byte."""
    ends = ", ".join(f"{end}" for end in result["ends"])
    if "bytes" not in result:
        return ends
    speed = result["seconds"] * 2**20 / result["bytes"]
    return f"{ends}; {speed:.2f} s, {result['memory'] / result['bytes']:.0f}"


def verdicts(codec: str, ours: Any, google: Any) -> Iterator[str]:
    """What is wrong with how a bomb went off."""
    name = f"{codec}, {ours['form']}, {ours['bomb']}"
    for end in ours["ends"]:
        if end.endswith("!"):
            yield f"{name}: {end}"
    if "bytes" not in ours:
        return
    seconds, memory = OBJECTS.get((codec, ours["form"], ours["bomb"]), (SECONDS, MEMORY))
    most = max(seconds * ours["bytes"] / 2**20, 2 * google.get("seconds", 0.0)) + 0.25
    if ours["seconds"] > most:
        yield f"{name}: {ours['seconds']:.2f} s, expected at most {most:.2f}"
    most = max(memory * ours["bytes"], 2 * google.get("memory", 0)) + UNMEASURED
    if ours["memory"] > most:
        yield f"{name}: {ours['memory'] / ours['bytes']:.0f} bytes of memory for each byte"


def defuse(work: Path, scale: float) -> tuple[str, list[str]]:
    """The table of the bombs, and what is wrong."""
    whose = {"native": ("native", "ours"), "plain": ("python", "ours"), "google": ("", "google")}
    results: dict[str, list[Any]] = {}
    for name, (codec, who) in whose.items():
        text = python(work, codec, "tests.hostile.bombs", who, str(scale))
        results[name] = list(lines(text))
        print(f"hostile: bombs, {name}", file=sys.stderr, flush=True)
    rows = [
        "| format | bomb | MiB | codec in Rust | plain codec | google |",
        "|---|---|---:|---|---|---|",
    ]
    wrong: list[str] = []
    for native, plain, google in zip(*results.values(), strict=True):
        rows.append(
            f"| {native['form']} | {native['bomb']} | {native.get('bytes', 0) / 2**20:.1f} "
            f"| {figures(native)} | {figures(plain)} | {figures(google)} |"
        )
        wrong += [*verdicts("native", native, google), *verdicts("python", plain, google)]
        if native["ends"] != plain["ends"]:
            wrong.append(f"{native['bomb']}: {native['ends']} natively, {plain['ends']} plainly")
    return "\n".join(rows), wrong


def main() -> int:
    parser = argparse.ArgumentParser(prog="cargo xtask soak --hostile", description=__doc__)
    parser.add_argument("--work", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--plugin", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument(
        "--short", action="store_true", help="half a minute instead of half an hour"
    )
    parser.add_argument("--inputs", type=int, help="of each format, instead of 10,000,000 (6,000)")
    parser.add_argument("--form", action="append", choices=FORMS, help="one format, for all three")
    parser.add_argument("--minutes", type=float, default=600, help="then no more inputs are drawn")
    parser.add_argument("--first", type=int, default=0, help="the first block of a thousand inputs")
    parser.add_argument("--bombs", type=float, help="their scale, instead of 1 (0.1); 0 for none")
    options = parser.parse_args()
    inputs: int = options.inputs or (6_000 if options.short else 10_000_000)
    scale: float = options.bombs if options.bombs is not None else 0.1 if options.short else 1.0
    work: Path = options.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    generate(work, options.plugin.resolve())
    mutations = Mutations(work, options.first)
    mutations.run(options.form or FORMS, -(-inputs // BLOCK), options.minutes)
    text, wrong = mutations.table(), list(mutations.wrong)
    print(text, flush=True)
    if scale:
        bombs, more = defuse(work, scale)
        wrong += more
        text += "\n\n" + bombs
        print(f"\n{bombs}")
    (work / "hostile.md").write_text(text, encoding="utf-8")
    print("\n".join(["", *wrong, "all holds" if not wrong else f"{len(wrong)} do not hold"]))
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
