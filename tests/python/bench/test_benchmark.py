"""The benchmark of `cargo xtask bench` runs, and finds our results equal to google's, so that it does not rot."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import aristaproto
import pytest

ROOT = Path(__file__).parents[3]


def bench(*arguments: str | Path, of: str = "aristaproto") -> subprocess.CompletedProcess[str]:
    """Run the program; the plugin is the one that made the trees of the other tests."""
    return subprocess.run(
        [sys.executable, "-m", "tests.bench", *arguments, "--implementations", of],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_results_are_equal_on_all_shapes(tmp_path: Path) -> None:
    done = bench("--check", "--work", tmp_path)
    assert done.returncode == 0, done.stderr
    assert "equal results on 13 shapes: google" in done.stdout


def test_a_run_writes_table_json_and_picture(tmp_path: Path) -> None:
    done = bench("codec", "json", "--quick", "--rounds=2", "--shapes=small", "--work", tmp_path)
    assert done.returncode == 0, done.stderr
    document = json.loads((tmp_path / "bench.json").read_text())
    measured = {row["operation"]: row["samples"] for row in document["rows"]}
    if sys.platform == "linux":
        assert min(measured.pop("memory")["aristaproto"]) > 0
    assert list(measured) == [
        "construct",
        "parse",
        "read",
        "serialise",
        "forward",
        "equal",
        "copy",
        "deepcopy",
        "to-json",
        "from-json",
    ]
    for samples in measured.values():
        assert list(samples) == ["google", "aristaproto"]
        assert all(len(values) == 2 and min(values) > 0 for values in samples.values())
    assert f"aristaproto {version('aristaproto')}" in (tmp_path / "bench.txt").read_text()
    assert (tmp_path / "bench.svg").read_text().count("<rect") > len(measured)

    # The same run as under another Python: `cargo xtask bench --python A --python B`.
    document["heading"][1] = "CPython 3.99.0, the rest"
    other = tmp_path / "other.json"
    other.write_text(json.dumps(document))
    files = [tmp_path / "both.txt", tmp_path / "bench.json", other]
    both = subprocess.run(
        [sys.executable, "-m", "tests.bench.side_by_side", "--out", *files],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert both.returncode == 0, both.stderr
    assert both.stdout == files[0].read_text()
    lines = both.stdout.splitlines()
    here = sys.version.split()[0]
    assert f"aristaproto, {here}" in lines[4]
    assert "aristaproto, 3.99.0" in lines[4]
    (parse,) = (line for line in lines if line.split()[1:3] == ["small", "parse"])
    assert parse.count("[") == 2


def test_the_plain_codec_has_a_column(tmp_path: Path) -> None:
    only = ("--shapes=small,unknown", "--operations=construct,parse,from-json")
    done = bench("codec", "json", "--rounds=2", *only, "--work", tmp_path, of="aristaproto,plain")
    assert done.returncode == 0, done.stderr
    document = json.loads((tmp_path / "bench.json").read_text())
    assert len(document["rows"]) == 5
    native = aristaproto.implementation() == "native"
    for row in document["rows"]:
        assert list(row["samples"]) == ["google", "aristaproto", *["plain"] * native]
        assert all(len(values) == 2 and min(values) > 0 for values in row["samples"].values())
    assert document["versions"].get("plain", "(python)").endswith("(python)")


def test_calls(tmp_path: Path) -> None:
    done = bench("rpc", "--quick", "--rounds=1", "--work", tmp_path)
    assert done.returncode == 0, done.stderr
    rows = json.loads((tmp_path / "bench.json").read_text())["rows"]
    assert [(row["operation"], row["shape"]) for row in rows] == [
        (operation, shape)
        for operation in ("echo", "use")
        for server in ("sync", "threads", "aio")
        for shape in (f"{server} unary", f"{server} stream")
    ]


def test_limits(tmp_path: Path) -> None:
    shapes = "--shapes=medium,floats,well-known,struct"
    done = bench("limits", "--quick", "--rounds=1", shapes, "--work", tmp_path)
    assert done.returncode == 0, done.stderr
    rows = json.loads((tmp_path / "bench.json").read_text())["rows"]
    for row in rows:
        assert row["group"] == "limits"
        assert list(row["samples"]) == ["google", "aristaproto", "part"]
    found = {(row["shape"], row["operation"], row["part"]) for row in rows}
    assert len(found) == len(rows)
    assert ("floats", "serialise", "struct.pack of the floats") in found
    assert ("well-known", "construct", "dicts of the same arguments") in found
    assert "dicts of the same arguments" in (tmp_path / "bench.txt").read_text()


@pytest.mark.parametrize("option", ["--shapes=huge", "--operations=fly", "speed"])
def test_a_name_that_does_not_exist_is_refused(tmp_path: Path, option: str) -> None:
    done = bench(option, "--check", "--work", tmp_path)
    assert done.returncode == 1
    assert "there are:" in done.stderr
