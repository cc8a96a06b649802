"""The steps that judge generated code: import, round-trips, services, ruff, types. They use the trees that `generate` left."""

from __future__ import annotations

import io
import json
import os
import shutil
import sys
import tokenize
from pathlib import Path
from typing import Any

from .steps import HERE, ROOT, SHOWN, Corpus, Failed, Tree, must

LINE = 100
SAMPLE = 500
"""So many message types are compared with google.protobuf."""
CHUNK = 3
"""So many packages are type-checked by one process; large ones take gigabytes."""
RULES = "E4,E7,E9,F,I,UP,W"
"""ruff's defaults, and sorted imports, modern spelling, white space."""


def imports(corpus: Corpus) -> str:
    """Import each module in a fresh process, without byte code and then with it."""
    rows: list[str] = []
    for tree in corpus.trees:
        first = _messages(tree, "import")["import"]
        again = _messages(tree, "import")["import"]
        rows.append(
            f"{tree.source.name}: {again['modules']} modules, {first['seconds']} s compiled,"
            f" then {again['seconds']} s, {again['MiB']} MiB"
        )
    return "\n".join(rows)


def messages(corpus: Corpus) -> str:
    """Each message there and back; a sample against google.protobuf."""
    rows: list[str] = []
    for tree in corpus.trees:
        found = _messages(tree, "round-trips", tree.descriptors, SAMPLE)
        trips, google = found["round trips"], found["google"]
        rows.append(
            f"{tree.source.name}: {trips['messages']} messages, {google['compared']} compared with google"
        )
    return "\n".join(rows)


def services(corpus: Corpus) -> str:
    """Each service's classes."""
    rows: list[str] = []
    for tree in corpus.trees:
        found = _messages(tree, "services", tree.descriptors)["services"]
        rows.append(f"{tree.source.name}: {found['services']} services, {found['methods']} methods")
    return "\n".join(rows)


def _messages(tree: Tree, verb: str, *more: str | Path | int) -> dict[str, Any]:
    """The program `messages` in a process of its own."""
    if not tree.folder.exists():
        raise Failed(f"{tree.source.name} is not generated; run the step generate")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [sys.executable, "-m", "tests.corpus.messages", verb, tree.folder, *map(str, more)]
    found: dict[str, Any] = json.loads(must(command, env=environment))
    return found


def ruff(corpus: Corpus) -> str:
    """Lint and format as in a project without settings of its own; then the lines that are long."""
    rows: list[str] = []
    for tree in corpus.trees:
        program = Path(sys.executable).with_name("ruff")
        must([program, "check", "--isolated", "--no-cache", tree.folder])
        must([program, "check", "--isolated", "--no-cache", "--select", RULES, tree.folder])
        must([program, "format", "--isolated", "--no-cache", "--check", tree.folder])
        modules = sorted(tree.folder.rglob("*.py"))
        names, problems = 0, list[str]()
        for path in modules:
            by_name, others = long_lines(path.read_text())
            names += by_name
            problems += [f"{path}:{number}: {text}" for number, text in others]
        if problems:
            raise Failed(
                f"lines of more than {LINE} columns:\n" + "\n".join(problems)[:SHOWN],
                f"{tree.source.name}: {len(problems)} lines of more than {LINE} columns",
            )
        rows.append(
            f"{tree.source.name}: {len(modules)} modules, {names} lines longer than {LINE} for a name"
        )
    return "\n".join(rows)


def long_lines(text: str) -> tuple[int, list[tuple[int, str]]]:
    """How many long lines are long for a name, and the lines for which there is no excuse.

    Excused is a line inside a string (prose is left as its author broke it), and one that could not be broken: what the
    formatter leaves on one line is a single name, or a field's name, the name of its type and the call behind it.
    """
    long = {number for number, line in enumerate(text.splitlines(), 1) if len(line) > LINE}
    if not long:
        return 0, []
    names: dict[int, int] = {}
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.STRING:
            long.difference_update(range(token.start[0], token.end[0] + 1))
        elif token.type == tokenize.NAME and token.start[0] in long:
            names[token.start[0]] = names.get(token.start[0], 0) + len(token.string)
    lines = text.splitlines()
    excused = [number for number in long if names.get(number, 0) > UNBREAKABLE]
    return len(excused), [(it, lines[it - 1]) for it in sorted(long.difference(excused))]


UNBREAKABLE = 80
"""A line whose names alone are longer cannot be within the limit."""


def types(corpus: Corpus) -> str:
    """pyright strict, then mypy --strict, a few packages at a time."""
    rows = [line.split() for line in (HERE / "types.txt").read_text().splitlines()]
    # `fast`: one of the few that are checked with the choice of files.
    wanted = [name for name, *marks in rows if "fast" in marks or not corpus.fast]
    programs = Path(sys.executable).parent
    checked = lines = 0
    for tree in corpus.trees:
        prefix = f"{tree.source.name}/"
        packages = [
            folder
            for name in wanted
            if name.startswith(prefix)
            and (folder := tree.folder / name.removeprefix(prefix)).exists()
        ]
        for start in range(0, len(packages), CHUNK):
            folders = packages[start : start + CHUNK]
            # Large packages are in parts.
            names = ("__init__.py", "_part*.py")
            chosen = [str(path) for it in folders for name in names for path in it.glob(name)]
            _pyright(corpus, programs, tree, chosen)
            _mypy(corpus, programs, tree, chosen)
            checked += len(folders)
            lines += sum(Path(path).read_text().count("\n") for path in chosen)
    return f"{checked} packages, {lines} lines"


def _pyright(corpus: Corpus, programs: Path, tree: Tree, files: list[str]) -> None:
    settings = corpus.work / "pyrightconfig.json"
    settings.write_text(
        json.dumps(
            {
                # pyright takes an absolute path for nothing, and then all that lies below.
                "include": [os.path.relpath(file, corpus.work) for file in files],
                "extraPaths": [str(tree.folder.parent), str(ROOT / "aristaproto-runtime/python")],
                "pythonVersion": "3.10",
                "typeCheckingMode": "strict",
            }
        )
    )
    command = [*_politely(corpus), programs / "pyright", "--project", settings]
    must([*command, "--pythonpath", sys.executable])


def _mypy(corpus: Corpus, programs: Path, tree: Tree, files: list[str]) -> None:
    environment = {**os.environ, "MYPYPATH": str(tree.folder.parent)}
    must(
        [
            *_politely(corpus),
            programs / "mypy",
            "--config-file=",
            "--strict",
            "--python-version=3.10",
            "--explicit-package-bases",
            "--cache-dir",
            corpus.work / "mypy-cache",
            *files,
        ],
        env=environment,
    )


def _politely(corpus: Corpus) -> list[str]:
    """Checkers of many packages take a machine for a long time."""
    if corpus.fast:
        return []
    return [nice, "-n", "10"] if (nice := shutil.which("nice")) else []
