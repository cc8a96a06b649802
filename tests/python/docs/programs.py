"""Writes the programs of the guide and the README's session as modules, for the type checkers and ruff.

Called by the step `trees` of `cargo xtask test`: `python -m tests.python.docs.programs FOLDER`. The trees lie beside the folder,
as the package `trees`.
"""

from __future__ import annotations

import doctest
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.python.docs.blocks import PAGES, ROOT, read_page

# The page of pydantic's messages is about a name of the specification that begins with an underscore.
_UNCHECKED = "pydantic"
# trustme also takes contexts of OpenSSL, which is not installed.
_UNKNOWN_MEMBER = "# pyright: reportUnknownMemberType=false\n"
# A session shows values.
_UNUSED_EXPRESSION = "# pyright: reportUnusedExpression=false\n"


def programs() -> Iterator[tuple[str, str, str]]:
    """Name, tree and code of each."""
    for path in PAGES:
        for block in read_page(path).blocks:
            tree = block.directives.get("lib", _UNCHECKED)
            if tree != _UNCHECKED:
                header = _UNKNOWN_MEMBER if "import trustme" in block.code else ""
                yield f"{path.stem.replace('-', '_')}_{block.line}", tree, header + block.code
    yield "readme", "grpcio", _UNUSED_EXPRESSION + _session()


def _session() -> str:
    """The README's session, but for what raises in it."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```pycon\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    examples = doctest.DocTestParser().get_examples("\n".join(blocks))
    return "".join(it.source for it in examples if it.exc_msg is None)


def write(folder: Path) -> None:
    """Writes all of them into the folder, and nothing else."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, tree, code in programs():
        of_tree = re.sub(r"^from lib\b", f"from trees.{tree}", code, flags=re.MULTILINE)
        (folder / f"{name}.py").write_text(of_tree, encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
