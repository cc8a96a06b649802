"""The guides about gRPC: each Python block is a program that prints the text block behind it.

A comment in front of a block, `<!-- lib: grpcio -->`, names the generated tree that its package `lib` stands for.
"""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

GUIDES = Path(__file__).parents[3] / "docs" / "guide"
NAMES = ("servers", "errors-with-details", "reflection-and-health", "testing", "grpc-recipes")
BLOCK = re.compile(
    r"<!-- lib: (?P<tree>\w+) -->\n```python\n(?P<code>.*?)```\n(?:\n```text\n(?P<text>.*?)```\n)?",
    re.DOTALL,
)


def programs() -> list[tuple[str, str, str, str]]:
    found: list[tuple[str, str, str, str]] = []
    for name in NAMES:
        text = (GUIDES / f"{name}.md").read_text(encoding="utf-8")
        blocks = [(it["tree"], it["code"], it["text"] or "") for it in BLOCK.finditer(text)]
        assert len(blocks) == text.count("```python\n"), f"a block of {name}.md names no tree"
        found.extend((name, *block) for block in blocks)
    return found


@pytest.mark.parametrize(
    ("tree", "code", "text"),
    [
        pytest.param(*program, id=f"{name}-{number}")
        for number, (name, *program) in enumerate(programs())
    ],
)
def test_block(tmp_path: Path, tree: str, code: str, text: str) -> None:
    folder = Path(str(importlib.import_module(f"trees.{tree}").__file__)).parent
    (tmp_path / "lib").symlink_to(folder, target_is_directory=True)
    program = tmp_path / "program.py"
    program.write_text(code, encoding="utf-8")
    paths = [str(tmp_path), os.environ.get("PYTHONPATH", "")]
    ended = subprocess.run(
        [sys.executable, "-W", "error", program],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))},
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (0, text), ended.stderr
