"""What a run says: rows go in; a table, JSON and a picture come out. Called by `__main__`."""

from __future__ import annotations

import datetime
import json
import math
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from .limits import Limit
from .measure import Effort, Row

COLOURS = {
    "aristaproto": "#d9480f",
    "protobuf-py": "#1971c2",
    "betterproto2": "#868e96",
    "plain": "#f2a97e",
}
OTHER_COLOUR = "#2b8a3e"


@dataclass(frozen=True)
class Run:
    """All that a reader needs to judge the numbers."""

    rows: Sequence[Row]
    versions: dict[str, str]
    """Library → version and implementation."""
    notes: Sequence[str]
    """What was left out, and why."""
    effort: Effort
    limits: Sequence[Limit] = ()

    def heading(self) -> list[str]:
        today = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
        versions = ", ".join(f"{name} {version}" for name, version in self.versions.items())
        return [
            f"{today}, {platform.system()} {platform.machine()}, {processor()}, {os.cpu_count()} cores",
            f"{platform.python_implementation()} {platform.python_version()}, {versions}",
            f"{self.effort.rounds} rounds of {self.effort.seconds * 1000:g} ms or more, interleaved",
        ]


def processor() -> str:
    """The processor's name, as well as the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    for line in lines:
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or "unknown processor"


def table(run: Run) -> str:
    """The table as text: google's median, and for the others the median ratio to it with its quartiles."""
    names = columns(run.rows)
    lines = [*run.heading(), ""]
    lines.append(
        "google: median; the others: time or memory divided by google's, median [quartiles]"
    )
    cells = [["", "shape", "operation", "google", *names]]
    for row in run.rows:
        start = [row.group, row.shape, row.operation, quantity(row.median("google"), row.unit)]
        cells.append([*start, *(ratio(row, name) for name in names)])
    if run.rows:
        lines += aligned(cells, 3)
    if run.limits:
        lines += [
            "",
            "what bounds aristaproto: the time of CPython's own code for a part of the same",
            "work, divided by the time of google for all of it",
        ]
        cells = [["shape", "operation", "part", "aristaproto", "the part"]]
        for limit in run.limits:
            ratios = ratio(limit, "aristaproto"), ratio(limit, "part")
            cells.append([limit.shape, limit.operation, limit.about, *ratios])
        lines += aligned(cells, 3)
    if run.notes:
        lines += ["", *run.notes]
    return "\n".join(lines) + "\n"


def ratio(row: Row, name: str) -> str:
    """A cell: the median ratio to google with its quartiles."""
    if name not in row.samples:
        return "–"
    low, middle, high = row.ratios(name)
    return f"{number(middle)} [{number(low)}–{number(high)}]"


def aligned(cells: Sequence[Sequence[str]], left: int) -> list[str]:
    """Lines of text; so many columns start at the left, the others end at the right."""
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines: list[str] = []
    for line in cells:
        names = (cell.ljust(width) for cell, width in zip(line[:left], widths[:left], strict=True))
        values = (cell.rjust(width) for cell, width in zip(line[left:], widths[left:], strict=True))
        lines.append("  ".join((*names, *values)).rstrip())
    return lines


def columns(rows: Sequence[Row]) -> list[str]:
    """The libraries compared with google, in the order of their first row."""
    return list(dict.fromkeys(name for row in rows for name in row.samples if name != "google"))


def number(ratio: float) -> str:
    """A ratio with two significant digits, more where it is large."""
    if ratio >= 10:
        return f"{ratio:.0f}"
    if ratio >= 1.95:
        return f"{ratio:.1f}"
    return f"{ratio:.2f}" if ratio >= 0.095 else f"{ratio:.2g}"


def quantity(value: float, unit: str) -> str:
    """A time in seconds or a size in bytes for people."""
    if unit == "B":
        return f"{value / 1e6:.3g} MB"
    for factor, name in ((1e9, "ns"), (1e6, "µs"), (1e3, "ms")):
        if value * factor < 1000:
            return f"{value * factor:.3g} {name}"
    return f"{value:.3g} s"


def as_json(run: Run) -> str:
    """Everything measured, for programs: each sample of each row."""
    rows: list[dict[str, Any]] = []
    for row in (*run.rows, *run.limits):
        others = [name for name in row.samples if name != "google"]
        rows.append(
            {
                "group": row.group,
                "shape": row.shape,
                "operation": row.operation,
                "unit": row.unit,
                **({"part": row.about} if isinstance(row, Limit) else {}),
                "samples": row.samples,
                "ratios": {
                    name: dict(zip(("q1", "median", "q3"), row.ratios(name), strict=True))
                    for name in others
                },
            }
        )
    document = {
        "heading": run.heading(),
        "versions": run.versions,
        "notes": list(run.notes),
        "rows": rows,
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def picture(run: Run) -> str:
    """The ratios as bars on a logarithmic scale (SVG): left of the line at 1 is faster or smaller than google."""
    names = columns(run.rows)
    ratios = [
        end for row in run.rows for name in names if name in row.samples for end in row.ratios(name)
    ]
    # Beyond a factor of a thousand a bar ends at the edge; its number tells the rest.
    low = max(math.floor(math.log10(min([*ratios, 0.5]))), -3)
    high = min(math.ceil(math.log10(max([*ratios, 2.0]))), 3)
    label, plot, bar, gap, top = 215, 640, 7, 8, 96

    def x(ratio: float) -> float:
        return label + plot * (min(max(math.log10(ratio), low), high) - low) / (high - low)

    pitch = bar * len(names) + gap
    height = top + pitch * len(run.rows) + 40
    width = label + plot + 70
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            f'viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="11">'
        ),
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        (
            '<text x="12" y="20" font-size="14" font-weight="bold">'
            "Time (memory) divided by google.protobuf's; less is better</text>"
        ),
    ]
    for index, line in enumerate(run.heading()[:2]):
        parts.append(f'<text x="12" y="{36 + 14 * index}" fill="#495057">{escape(line)}</text>')
    left = 12
    for name in names:
        colour = COLOURS.get(name, OTHER_COLOUR)
        parts.append(f'<rect x="{left}" y="60" width="10" height="10" fill="{colour}"/>')
        parts.append(f'<text x="{left + 14}" y="69">{escape(name)}</text>')
        left += 120
    bottom = height - 34
    for power in range(low, high + 1):
        for step in (1, 2, 5):
            ratio = step * 10.0**power
            if power == high and step > 1:
                break
            shade = "#212529" if ratio == 1 else "#ced4da" if step == 1 else "#f1f3f5"
            parts.append(
                f'<line x1="{x(ratio):.1f}" y1="{top - 6}" x2="{x(ratio):.1f}" y2="{bottom}" '
                f'stroke="{shade}"/>'
            )
            if step > 1 and plot / (high - low) < 120:
                continue
            for y in (top - 10, bottom + 14):
                parts.append(
                    f'<text x="{x(ratio):.1f}" y="{y}" text-anchor="middle" fill="#495057">'
                    f"{ratio:g}</text>"
                )
    for index, row in enumerate(run.rows):
        y = top + index * pitch
        middle = y + bar * len(names) / 2 + 4
        parts.append(
            f'<text x="{label - 8}" y="{middle:.1f}" text-anchor="end">'
            f"{escape(row.shape)} · {escape(row.operation)}</text>"
        )
        for place, name in enumerate(names):
            if name in row.samples:
                parts += _bar(row.ratios(name), x, y + place * bar, bar, name)
    parts.append("</svg>")
    return "\n".join(parts) + "\n"


def _bar(ratios: tuple[float, float, float], x: Any, y: float, height: int, name: str) -> list[str]:
    """A bar from 1 to the median with the quartiles as a line in it and the median as text at its end."""
    first, last = sorted((x(1.0), x(ratios[1])))
    centre = y + (height - 1) / 2
    end = x(ratios[2]) + 4 if ratios[1] >= 1 else x(ratios[0]) - 4
    anchor = "start" if ratios[1] >= 1 else "end"
    return [
        (
            f'<rect x="{first:.1f}" y="{y}" width="{max(last - first, 1):.1f}" height="{height - 1}" '
            f'fill="{COLOURS.get(name, OTHER_COLOUR)}"/>'
        ),
        (
            f'<line x1="{x(ratios[0]):.1f}" y1="{centre}" x2="{x(ratios[2]):.1f}" y2="{centre}" '
            f'stroke="#000000"/>'
        ),
        (
            f'<text x="{end:.1f}" y="{y + height - 1}" font-size="8" text-anchor="{anchor}">'
            f"{number(ratios[1])}</text>"
        ),
    ]


def write(run: Run, folder: Path) -> list[Path]:
    """Write table, JSON and picture into `folder`, and return their paths."""
    files = {
        "bench.txt": table(run),
        "bench.json": as_json(run),
        "bench.svg": picture(run),
    }
    paths: list[Path] = []
    for name, text in files.items():
        path = folder / name
        path.write_text(text, encoding="utf-8")
        paths.append(path)
    return paths
