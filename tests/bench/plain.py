"""The column of the plain codec: rows of google and others go in, the plain codec's ratios are added to them.

A process has one codec. The plain one is therefore measured in a process of its own, against google there, by the same
program; called by `__main__`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .measure import Row

NAME = "plain"
CODEC = "python"
"""What `aristaproto.implementation()` calls it."""


def add_to(rows: Sequence[Row], options: Sequence[str], work: Path) -> str:
    """Measure what `rows` measure with the same `options`, in a folder below `work`; gives the version.

    A sample becomes its ratio to google's in that process, times google's of the same round in this one. `SystemExit` when
    the process fails, which has said why.
    """
    folder = work / NAME
    command = [sys.executable, "-m", __package__ or "tests.bench", *options]
    command += ["--work", str(folder), "--implementations", "aristaproto"]
    environment = {**os.environ, "ARISTAPROTO_IMPLEMENTATION": CODEC}
    done = subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=False)
    if done.returncode:
        raise SystemExit(f"the process of the {NAME} codec has failed")
    document: dict[str, Any] = json.loads((folder / "bench.json").read_text(encoding="utf-8"))
    measured: dict[tuple[str, str], dict[str, list[float]]] = {
        (row["shape"], row["operation"]): row["samples"] for row in document["rows"]
    }
    for row in rows:
        samples = measured[row.shape, row.operation]
        if "aristaproto" in samples:
            triples = zip(
                samples["aristaproto"], samples["google"], row.samples["google"], strict=True
            )
            row.samples[NAME] = [own / there * here for own, there, here in triples]
    version: str = document["versions"]["aristaproto"]
    return version
