"""Links of the pages that lead out of docs, for mkdocs: it calls these functions by name.

- A relative link to a file of the repository that is no page becomes the file's address in the repository.
- `https://docs.rs/CRATE/latest/PAGE` becomes the page of rustdoc that was built beside the site.

Either is an error when there is no such file. `RUSTDOC` names the folder of rustdoc's pages; without it those links stay.
"""

from __future__ import annotations

import os
import posixpath
import re
import shutil
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
RUSTDOC = os.environ.get("RUSTDOC")
# Folders of rustdoc: our crates, and what their pages load.
_RUST_FOLDERS = ("aristaproto_build", "aristaproto_macros", "src", "static.files", "search.index")
_LINK = re.compile(r"(?<=\]\()(?P<target>[^)\s#]+)(?P<anchor>#[^)\s]*)?(?=\))")
_DOCS_RS = re.compile(r'(?<=href=")https://docs\.rs/[\w-]+/latest/(?P<page>aristaproto_[\w./]+)')
_FENCED = re.compile(r"(^ *```.*?^ *```$)", re.DOTALL | re.MULTILINE)


def on_page_markdown(markdown: str, *, page: Any, config: Any, files: Any) -> str:
    """Makes links out of docs lead into the repository."""

    def rewrite(link: re.Match[str]) -> str:
        target, anchor = link["target"], link["anchor"] or ""
        if re.match(r"[a-z]+:", target):
            return link[0]
        uri = posixpath.normpath(posixpath.join(posixpath.dirname(page.file.src_uri), target))
        found = files.get_file_from_path(uri)
        if found is not None and not found.inclusion.is_excluded():
            return link[0]
        path = posixpath.normpath(posixpath.join("docs", uri))
        if not (ROOT / path).exists():
            raise SystemExit(f"{page.file.src_uri}: there is no {path}")
        return f"{config.repo_url}/blob/main/{path}{anchor}"

    parts = _FENCED.split(markdown)
    return "".join(
        part if part.lstrip().startswith("```") else _LINK.sub(rewrite, part) for part in parts
    )


def on_page_content(html: str, *, page: Any, **_: Any) -> str:
    """Makes links to docs.rs lead to the pages beside the site."""

    def rewrite(link: re.Match[str]) -> str:
        if RUSTDOC is None:
            return link[0]
        if not (Path(RUSTDOC) / link["page"]).is_file():
            raise SystemExit(f"{page.file.src_uri}: rustdoc has no {link['page']}")
        return posixpath.relpath(f"rust/{link['page']}", page.url or ".")

    return _DOCS_RS.sub(rewrite, html)


def on_post_build(*, config: Any) -> None:
    """Copies rustdoc's pages beside those of the guide."""
    if RUSTDOC is None:
        return
    site = Path(config.site_dir) / "rust"
    for name in _RUST_FOLDERS:
        if (Path(RUSTDOC) / name).is_dir():
            shutil.copytree(Path(RUSTDOC) / name, site / name)
    for file in Path(RUSTDOC).glob("*.*"):
        if file.is_file() and not file.name.startswith("."):
            shutil.copy(file, site)
