"""The code blocks of the Markdown pages below docs, and what each says about how it is tested."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

ROOT = Path(__file__).parents[3]
PAGES = tuple(sorted((ROOT / "docs").glob("*.md"))) + tuple(
    sorted((ROOT / "docs/guide").glob("*.md"))
)

_FENCE = re.compile(r"^(?P<indent> *)```(?P<language>[\w,-]*)(?: [^`]*)?$")
_DIRECTIVE = re.compile(r"^ *<!-- (?P<key>[\w ]+?)(?:: (?P<value>.*))? -->$")


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    page: Path
    line: int
    """Of its first line of code, counted from 1."""
    language: str
    code: str
    directives: dict[str, str]
    """Of the comments right before it: `<!-- key: value -->`."""
    output: str
    """The block of `text` behind it, if that has no directive of its own."""

    @property
    def place(self) -> str:
        return f"{self.page.relative_to(ROOT).as_posix()}:{self.line}"


@dataclass(frozen=True)
class Page:
    path: Path
    trees: tuple[str, ...]
    """`<!-- one program: sync, pydantic -->`: the blocks of Python are one program, which runs on each of these trees."""
    blocks: tuple[Block, ...]


def read_page(path: Path) -> Page:
    """The blocks of a Markdown file, in order; a block of `text` behind one that prints belongs to that one."""
    trees: tuple[str, ...] = ()
    found: list[Block] = []
    pending: dict[str, str] = {}
    lines = path.read_text(encoding="utf-8").splitlines()
    number = 0
    just_before = False
    while number < len(lines):
        line = lines[number]
        number += 1
        directive = _DIRECTIVE.match(line)
        fence = _FENCE.match(line)
        if directive and directive["key"] == "one program":
            trees = tuple(it.strip() for it in (directive["value"] or "").split(","))
        elif directive:
            pending[directive["key"]] = directive["value"] or ""
        elif fence:
            start = number
            indent = len(fence["indent"])
            while lines[number].strip() != "```":
                number += 1
            code = "".join(f"{it[indent:]}\n" for it in lines[start:number])
            number += 1
            language = fence["language"]
            if language == "text" and just_before and not pending and not found[-1].output:
                last = found.pop()
                found.append(replace(last, output=code))
            else:
                found.append(Block(path, start + 1, language, code, pending, ""))
            pending = {}
            just_before = True
        elif line.strip():
            pending = {}
            just_before = False
    return Page(path, trees, tuple(found))
