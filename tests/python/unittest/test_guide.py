"""docs/guide/messages.md does what it says: its blocks run, one after the other, on the tree of tests/protos/shop.proto."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[3]
GUIDE = (ROOT / "docs/guide/messages.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", GUIDE, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("tree", ["sync", "pydantic"])
def test_messages(tree: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert blocks("proto") == [(ROOT / "tests/protos/shop.proto").read_text("utf-8")]
    for name in ("", ".shop", ".google", ".google.protobuf"):
        module = importlib.import_module(f"trees.{tree}{name}")
        monkeypatch.setitem(sys.modules, f"lib{name}", module)
    # A module of its own, so that pickle and annotations find what is defined there.
    guide = ModuleType("guide")
    monkeypatch.setitem(sys.modules, "guide", guide)
    code = blocks("python")
    assert len(code) >= 12
    for block in code:
        line = GUIDE[: GUIDE.index(block)].count("\n")
        exec(compile("\n" * line + block, "messages.md", "exec"), vars(guide))  # noqa: S102
