"""Each code block below docs does what the page says. How a block is tested, a comment right before it tells:

- `<!-- lib: TREE -->`, Python: a program of its own, whose package `lib` is this generated tree. It prints the block of `text`
  behind it.
- `<!-- one program: TREE, TREE -->`, anywhere in the page: all blocks of Python without a comment are one program, run on each
  of these trees.
- `<!-- file: PATH -->`: an excerpt of this file of the repository, which another test compiles or runs.
- `<!-- shell: PATH=FILE PATH=FILE -->`, console: commands that run in a folder that has copies of these files of the repository.
  On the PATH are `python`, `protoc` and the plugin.
- `<!-- tested by: PATH NAME -->`: the test NAME in the file PATH runs it.
- `<!-- measured -->`: figures of a run, which no test repeats.

Rust that is marked `rust,no_run` is compiled as a doctest of tests/src/lib.rs. A block that is tested in none of these ways is a
failure.
"""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.python.docs.blocks import PAGES, ROOT, Block, Page, read_page

READ = tuple(read_page(path) for path in PAGES)
BLOCKS = tuple(block for page in READ for block in page.blocks)
DOCTESTS = (ROOT / "tests/src/lib.rs").read_text(encoding="utf-8")


def way(page: Page, block: Block) -> str | None:
    """How a block is tested; None if it is not."""
    for key in ("lib", "file", "shell", "tested by", "measured"):
        if key in block.directives:
            return key
    if block.language == "python" and page.trees:
        return "one program"
    if block.language == "rust,no_run" and f"docs/guide/{page.path.name}" in DOCTESTS:
        return "doctest"
    return None


def having(key: str) -> list[object]:
    return [
        pytest.param(block, id=block.place)
        for page in READ
        for block in page.blocks
        if way(page, block) == key
    ]


def run_program(folder: Path, tree: str, code: str) -> str:
    """What a program prints whose package `lib` is a generated tree."""
    generated = Path(str(importlib.import_module(f"trees.{tree}").__file__)).parent
    (folder / "lib").symlink_to(generated, target_is_directory=True)
    program = folder / "program.py"
    program.write_text(code, encoding="utf-8")
    return run([sys.executable, "-W", "error", str(program)], folder)


def run(command: list[str], folder: Path, path: str | None = None) -> str:
    python_path = [str(folder), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, python_path))}
    if path is not None:
        environment["PATH"] = path
    ended = subprocess.run(
        command,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        env=environment,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.mark.parametrize("page", READ, ids=lambda page: page.path.name)
def test_every_block_is_tested(page: Page) -> None:
    assert [block.place for block in page.blocks if way(page, block) is None] == []


@pytest.mark.parametrize("block", having("lib"))
def test_program(tmp_path: Path, block: Block) -> None:
    assert run_program(tmp_path, block.directives["lib"], block.code) == block.output


@pytest.mark.parametrize(
    ("page", "tree"),
    [
        pytest.param(page, tree, id=f"{page.path.name}-{tree}")
        for page in READ
        for tree in page.trees
    ],
)
def test_page_that_is_one_program(tmp_path: Path, page: Page, tree: str) -> None:
    blocks = [block for block in page.blocks if way(page, block) == "one program"]
    assert blocks
    code = ""
    for block in blocks:
        # An error shows the line of the page.
        code += "\n" * (block.line - 1 - code.count("\n")) + block.code
    assert run_program(tmp_path, tree, code) == "".join(block.output for block in blocks)


@pytest.mark.parametrize("block", having("file"))
def test_excerpt(block: Block) -> None:
    text = (ROOT / block.directives["file"]).read_text(encoding="utf-8")
    lines = [line.rstrip() for line in text.splitlines()]
    wanted = [line.rstrip() for line in textwrap.dedent(block.code).splitlines()]
    assert wanted
    for start in range(len(lines) - len(wanted) + 1):
        part = lines[start : start + len(wanted)]
        if textwrap.dedent("\n".join(part)).splitlines() == wanted:
            return
    raise AssertionError(f"{block.place}: not in {block.directives['file']}:\n{block.code}")


@pytest.mark.parametrize("block", having("shell"))
def test_commands(tmp_path: Path, block: Block) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    for pair in block.directives["shell"].split():
        name, _, source = pair.partition("=")
        copy = folder / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes((ROOT / source).read_bytes())
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, arguments in (("python", ""), ("protoc", " -m grpc_tools.protoc")):
        program = programs / name
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}"{arguments} "$@"\n', "utf-8")
        program.chmod(0o755)
    path = os.pathsep.join((str(programs), str(ROOT / "target/release"), os.environ["PATH"]))
    commands = "\n".join(
        line.removeprefix("$ ").removeprefix("> ") for line in block.code.splitlines()
    )
    assert run(["sh", "-e", "-c", commands], folder, path) == block.output


@pytest.mark.parametrize("block", having("tested by"))
def test_reference(block: Block) -> None:
    path, name = block.directives["tested by"].split()
    text = (ROOT / path).read_text(encoding="utf-8")
    assert f"fn {name}(" in text or f"def {name}(" in text, f"{block.place}: {path} has no {name}"
