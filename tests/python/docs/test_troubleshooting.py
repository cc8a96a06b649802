"""docs/guide/troubleshooting.md has a row for each diagnostic of the engine, with the words that it says."""

from __future__ import annotations

import re

from tests.python.docs.blocks import ROOT

PAGE = (ROOT / "docs/guide/troubleshooting.md").read_text(encoding="utf-8")
TABLE = (ROOT / "aristaproto-build/src/diagnostics.rs").read_text(encoding="utf-8")
_ROW = re.compile(
    r'^    (?P<code>\w+)\([\w, ]*\), \w+, \w+:\s+"(?P<message>(?:[^"\\]|\\.)*)"',
    re.DOTALL | re.MULTILINE,
)


def said(message: str) -> str:
    """A message of the table as the page shows it: an ellipsis for what differs from case to case."""
    text = re.sub(r"\\\n\s*", "", message).replace("\\n", " ").replace('\\"', '"')
    return re.sub(r"`?\{\w+\}`?", "…", text).replace("`", "").strip()


def test_each_diagnostic_has_its_row() -> None:
    table = TABLE.partition("\ntable! {\n")[2].partition("\n}\n")[0]
    known = [(it["code"], said(it["message"])) for it in _ROW.finditer(table)]
    assert len(known) == len(re.findall(r"^    \w+\(.*?\), \w+, \w+:", table, re.MULTILINE)) > 50
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \| .{20,} \|$", PAGE, re.MULTILINE)
    assert rows == known
