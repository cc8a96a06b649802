"""One table of several runs, each under another Python: what `cargo xtask bench --python A --python B` prints last."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from .report import aligned, number


def table(runs: list[dict[str, Any]]) -> str:
    """The ratios to google, library by library, Python by Python; google is another one for each Python.

    Args:
        runs: The contents of `bench.json` of each run.
    """
    pythons = [run["heading"][1].split(",")[0] for run in runs]
    names = list(
        dict.fromkeys(name for run in runs for row in run["rows"] for name in row["ratios"])
    )
    found: dict[tuple[str, ...], dict[tuple[str, int], dict[str, float]]] = {}
    for number_of_run, run in enumerate(runs):
        for row in run["rows"]:
            key = (row["group"], row["shape"], row["operation"], row.get("part", ""))
            for name, ratios in row["ratios"].items():
                found.setdefault(key, {})[name, number_of_run] = ratios
    columns = [(name, run) for name in names for run in range(len(runs))]
    cells = [
        ["", "shape", "operation", *(f"{name}, {pythons[run].split()[1]}" for name, run in columns)]
    ]
    for (group, shape, operation, part), ratios in found.items():
        start = [group, shape, f"{operation}: {part}" if part else operation]
        cells.append([*start, *(cell(ratios.get(column)) for column in columns)])
    lines = [
        runs[0]["heading"][0],
        "; ".join(run["heading"][1] for run in runs),
        "",
        "time or memory divided by google's under the same Python, median [quartiles]",
        *aligned(cells, 3),
    ]
    return "\n".join(lines) + "\n"


def cell(ratios: dict[str, float] | None) -> str:
    """A median with its quartiles, or a dash."""
    if ratios is None:
        return "–"
    return f"{number(ratios['median'])} [{number(ratios['q1'])}–{number(ratios['q3'])}]"


def main() -> None:
    """Read the files, print the table and write it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("runs", nargs="+", type=Path)
    options = parser.parse_args()
    text = table([json.loads(path.read_text(encoding="utf-8")) for path in options.runs])
    options.out.write_text(text, encoding="utf-8")
    print(text, end="")


if __name__ == "__main__":
    main()
