"""Compares what rustdoc shows of the crates with `public.txt` beside this file: `python -m tests.packages.public target/doc`.

Each item with its declaration, its methods and the traits that it implements. A difference is a change of what users may rely
on; `ARISTAPROTO_BLESS=1 cargo xtask test docs` writes it down.
"""

from __future__ import annotations

import difflib
import os
import re
import sys
from html.parser import HTMLParser
from pathlib import Path

CRATES = ("aristaproto_build", "aristaproto_classes", "aristaproto_macros", "aristaproto_pyo3")
EXPECTED = Path(__file__).with_name("public.txt")
_VOID = {"area", "br", "hr", "img", "input", "link", "meta", "wbr"}


class Item(HTMLParser):
    """The page of an item."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        """The declaration, then methods and traits."""
        self._open: list[tuple[str, str]] = []
        """Tag, and class or id, from the outermost to the innermost."""
        self._text: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _VOID:
            return
        given = {name: value or "" for name, value in attrs}
        mark = given.get("id", "") if tag == "div" else given.get("class", "")
        self._open.append((tag, mark))
        if self._text is None and self._wanted(tag, mark):
            self._text = []

    def _wanted(self, tag: str, mark: str) -> bool:
        if tag == "pre":
            return "item-decl" in mark or mark == "rust macro"
        if tag != "h4" and tag != "h3":
            return False
        section = next((m for t, m in reversed(self._open) if t == "section"), "")
        implements = any(m == "trait-implementations-list" for _, m in self._open)
        return section == "method" if not implements else section == "impl"

    def handle_endtag(self, tag: str) -> None:
        if tag in _VOID:
            return
        while self._open and self._open.pop()[0] != tag:
            pass
        if self._text is not None and tag in ("pre", "h3", "h4"):
            # rustdoc breaks long lines where it likes.
            self.lines.append(" ".join("".join(self._text).split()))
            self._text = None

    def handle_data(self, data: str) -> None:
        if self._text is not None:
            self._text.append(data)


def listing(doc: Path) -> str:
    """All items of the crates, sorted by their paths."""
    lines: list[str] = []
    for crate in CRATES:
        # Pages of items that are gone stay in the folder, but not on this one.
        index = (doc / crate / "all.html").read_text(encoding="utf-8")
        pages = set(re.findall(r'<li><a href="([\w/.]+\.html)">', index))
        assert pages, f"rustdoc lists nothing of {crate}"
        for page in sorted(doc / crate / link for link in pages):
            kind, _, name = page.stem.partition(".")
            item = Item()
            item.feed(page.read_text(encoding="utf-8"))
            assert item.lines, f"{page} declares nothing"
            module = "::".join(page.parent.relative_to(doc).parts)
            lines += [f"{kind} {module}::{name}", *(f"    {line}" for line in item.lines)]
    return "\n".join(lines) + "\n"


def main() -> None:
    found = listing(Path(sys.argv[1]))
    if os.environ.get("ARISTAPROTO_BLESS"):
        EXPECTED.write_text(found, encoding="utf-8")
        return
    expected = EXPECTED.read_text(encoding="utf-8")
    if found != expected:
        difference = difflib.unified_diff(
            expected.splitlines(), found.splitlines(), "public.txt", "rustdoc", n=1, lineterm=""
        )
        print(*difference, sep="\n")
        raise SystemExit(
            "what the crates offer has changed; if that is meant, ARISTAPROTO_BLESS=1 cargo xtask test docs"
        )


if __name__ == "__main__":
    main()
