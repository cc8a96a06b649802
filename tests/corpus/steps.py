"""What the steps share: the trees and where they lie, and how a step ends. Used by `__main__` and by each step."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from . import fetch

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SHOWN = 4_000
"""So many characters of what a program said are printed."""


class Failed(Exception):
    """A check that found something. The text says what, the summary how much."""

    def __init__(self, text: str, summary: str = "") -> None:
        super().__init__(text)
        self.summary = summary or text.splitlines()[0]


class Skipped(Exception):
    """A step that cannot run on this machine."""


@dataclass(frozen=True)
class Step:
    """A row of the table."""

    name: str
    about: str
    run: Callable[[Corpus], str]
    """Gives figures, a line of the table for each line."""


@dataclass(frozen=True)
class Tree:
    """The files of a source and what is generated from them."""

    source: fetch.Source
    protos: Path
    names: Sequence[str]
    folder: Path

    @property
    def descriptors(self) -> Path:
        """protoc's descriptor set of the files and what they import."""
        return self.folder.parent / f"{self.folder.name}.binpb"

    @property
    def list(self) -> Path:
        """The names, one on a line."""
        return self.folder.parent / f"{self.folder.name}.txt"


@dataclass
class Corpus:
    """The trees of a run."""

    work: Path
    plugin: Path
    examples: Path | None
    """Where cargo built corpus_tree and corpus_speed, without which only the plugin generates."""
    fast: bool
    trees: list[Tree] = field(default_factory=list[Tree])

    def add(self, source: fetch.Source, cache: Path) -> None:
        """Fetch and unpack a source; nothing if none of its files are chosen."""
        chosen = (HERE / "fast.txt").read_text().split()
        if self.fast and not any(name.startswith(f"{source.name}/") for name in chosen):
            return
        protos, names = fetch.protos(source, cache, self.work.parent)
        if self.fast:
            names = [name for name in names if f"{source.name}/{name}" in chosen]
        tree = Tree(source, protos, names, self.work / "trees" / source.name)
        tree.folder.parent.mkdir(parents=True, exist_ok=True)
        tree.list.write_text("".join(f"{name}\n" for name in names))
        self.trees.append(tree)

    def example(self, name: str) -> Path | None:
        """A program of aristaproto-build/examples."""
        if self.examples is None:
            return None
        found = self.examples / f"{name}{'.exe' if sys.platform == 'win32' else ''}"
        return found if found.exists() else None


Command = Sequence[object]
"""A program and its arguments: texts and paths."""


def run(
    command: Command, cwd: Path = ROOT, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """A program's result and output."""
    return subprocess.run(
        list(map(str, command)), cwd=cwd, env=env, capture_output=True, text=True, check=False
    )


def must(command: Command, cwd: Path = ROOT, env: dict[str, str] | None = None) -> str:
    """Its standard output; `Failed` with what it said when it fails."""
    done = run(command, cwd, env)
    if done.returncode != 0:
        said = "\n".join(
            line
            for line in (done.stdout + done.stderr).splitlines()
            if "warning: Import" not in line
        )
        raise Failed(
            f"{Path(str(command[0])).name} {' '.join(map(str, command[1:4]))} …:\n{said[:SHOWN]}"
        )
    return done.stdout
