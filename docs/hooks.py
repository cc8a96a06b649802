"""Links of the pages that lead out of docs, for mkdocs: it calls these functions by name.

- A relative link to a file of the repository that is no page becomes the file's address in the repository.
- `assets/bench.svg` is drawn of the figures in BENCHMARK.md.
- `https://docs.rs/CRATE/latest/PAGE` becomes the page of rustdoc that was built beside the site.
- Fences such as `rust,no_run`, whose second word is rustdoc's, become `rust`: Python-Markdown takes the others for text.

A link is an error when there is no such file, a code block when the page does not show it as one. `RUSTDOC` names the folder of
rustdoc's pages; without it those links stay.
"""

from __future__ import annotations

import importlib
import math
import os
import posixpath
import re
import shutil
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
RUSTDOC = os.environ.get("RUSTDOC")
# Folders of rustdoc: our crates, and what their pages load.
_RUST_FOLDERS = (
    *("aristaproto_build", "aristaproto_macros", "aristaproto_pyo3", "aristaproto_classes"),
    *("src", "static.files", "search.index"),
)
_LINK = re.compile(r"(?<=\]\()(?P<target>[^)\s#]+)(?P<anchor>#[^)\s]*)?(?=\))")
_DOCS_RS = re.compile(r'(?<=href=")https://docs\.rs/[\w-]+/latest/(?P<page>aristaproto_[\w./]+)')
_FENCED = re.compile(r"(^ *```.*?^ *```$)", re.DOTALL | re.MULTILINE)
_RUSTDOC_WORDS = re.compile(r"^( *```rust),\S+")


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
    parts[::2] = [_LINK.sub(rewrite, text) for text in parts[::2]]
    parts[1::2] = [_RUSTDOC_WORDS.sub(r"\1", block) for block in parts[1::2]]
    page.meta["blocks"] = len(parts) // 2
    return "".join(parts)


def on_files(files: Any, *, config: Any) -> Any:
    """Adds the picture of the benchmark."""
    picture = bars(measured((ROOT / "BENCHMARK.md").read_text(encoding="utf-8")))
    # mkdocs is in an environment of its own, which the checkers do not see.
    file: Any = importlib.import_module("mkdocs.structure.files")
    files.append(file.File.generated(config, "assets/bench.svg", content=picture))
    return files


def measured(text: str) -> dict[str, dict[str, float]]:
    """Operation → library → time divided by google's, for the medium message, of the first table of BENCHMARK.md."""
    found: dict[str, dict[str, float]] = {}
    header: list[str] = []
    for line in text.splitlines():
        if line.split()[:3] == ["shape", "operation", "google"] and not header:
            header = line.split()[3:]
        row = re.match(r"(?:codec|json) +medium +(\S+) +\S+ \S+ +(.*)", line)
        if row and row[1] not in found:
            figures = re.findall(r"([\d.]+) \[[^]]*\]", row[2])
            found[row[1]] = dict(zip(header, map(float, figures), strict=False))
    if not any("aristaproto" in row for row in found.values()):
        raise SystemExit("BENCHMARK.md has no row of the medium message that can be read")
    return found


def bars(rows: dict[str, dict[str, float]]) -> str:
    """A picture with a logarithmic bar for each operation and library; the middle line is google."""
    colours = {"aristaproto": "#d9480f", "protobuf-py": "#1971c2", "betterproto2": "#868e96"}
    height, left, width = 15, 120, 560
    low, high = -2.0, 2.5
    scale = width / (high - low)

    def x(figure: float) -> float:
        return left + (min(max(math.log10(figure), low), high) - low) * scale

    parts: list[str] = []
    y = 30
    for operation, figures in rows.items():
        parts.append(f'<text x="0" y="{y + 27}">{operation}</text>')
        for library, colour in colours.items():
            if library in figures:
                start, end = sorted((x(1), x(figures[library])))
                parts.append(
                    f'<rect x="{start:.1f}" y="{y}" width="{end - start:.1f}" height="{height - 3}" fill="{colour}">'
                    f"<title>{library}: {figures[library]:g}</title></rect>"
                    f'<text x="{left + width + 8}" y="{y + 11}" fill="{colour}">{figures[library]:g}</text>'
                )
                y += height
        y += 10
    for figure in (0.01, 0.1, 1, 10, 100):
        parts.append(
            f'<line x1="{x(figure):.1f}" y1="24" x2="{x(figure):.1f}" y2="{y}" stroke="#888" '
            f'stroke-width="{2 if figure == 1 else 0.5}"/>'
            f'<text x="{x(figure):.1f}" y="16" text-anchor="middle">{figure:g}</text>'
        )
    legend = left
    for library, colour in colours.items():
        parts.append(f'<text x="{legend}" y="{y + 22}" fill="{colour}">{library}</text>')
        legend += 110
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 740 {y + 30}" '
        'font-family="sans-serif" font-size="13" fill="#777">' + "".join(parts) + "</svg>\n"
    )


def on_page_content(html: str, *, page: Any, **_: Any) -> str:
    """Makes links to docs.rs lead to the pages beside the site."""

    def rewrite(link: re.Match[str]) -> str:
        if RUSTDOC is None:
            return link[0]
        if not (Path(RUSTDOC) / link["page"]).is_file():
            raise SystemExit(f"{page.file.src_uri}: rustdoc has no {link['page']}")
        return posixpath.relpath(f"rust/{link['page']}", page.url or ".")

    shown = len(re.findall(r'<div class="[^"]*\bhighlight"', html))
    # The reference has the signatures beside the blocks of its page.
    if shown < page.meta["blocks"] or "```" in html:
        raise SystemExit(
            f"{page.file.src_uri}: {page.meta['blocks']} code blocks, {shown} are shown as such"
        )
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
