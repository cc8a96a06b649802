"""Runs the soak: `python -m tests.soak --work FOLDER --plugin PROGRAM [--short] [--only CLIENT/SERVER]`.

Every pair of our clients and servers, and google's beside them, in processes under `-X dev -W error` whose standard error must
stay empty. Out: a table with a row for each check and pair, and `FOLDER/soak.json` and `soak.md`, which are written after each
pair, so that a run that is stopped leaves those that have ended. The exit code is 1 if anything that is promised
(docs/reliability.md) did not hold, or anything is worse than google's.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.soak import parts

FULL = {
    "calls": 20_000,
    "at once": 200,
    "chats": 1_000,
    "chat length": 100,
    "cancellations": 10_000,
    "uploads": 3_000,
    "large uploads": 40,
    "streams": 100,
    "aged": 5_000,
}
SHORT = {
    "calls": 100,
    "at once": 20,
    "chats": 5,
    "chat length": 20,
    "cancellations": 60,
    "uploads": 60,
    "large uploads": 4,
    "streams": 10,
    "aged": 200,
}
LIMIT = 3600
"""Seconds for one pair."""

_CLOSES = "grpclib cancels running calls when a server closes"
_GOAWAY = "grpclib ends running calls at GOAWAY"
NOT_PROMISED = {
    ("graceful stop", "server", "ours grpclib"): _CLOSES,
    ("graceful stop", "client", "ours grpclib"): _GOAWAY,
    ("max_connection_age", "client", "ours grpclib"): _GOAWAY,
}
"""What a transport cannot do, by check, side and name; the reasons are in docs/reliability.md."""

Row = dict[str, Any]


def generate(work: Path, plugin: Path) -> None:
    """The trees of soak.proto that the processes import."""
    folder = Path(__file__).parent
    both = "sync_async_no_default"
    outputs = {
        "ours": f"client_generation={both},client_async_transport=grpcio,"
        f"server_generation={both},server_async_transport=grpcio",
        "ours_grpclib": "client_generation=async,server_generation=async",
    }
    commands: list[list[str]] = []
    for name, options in outputs.items():
        (work / name).mkdir(parents=True, exist_ok=True)
        commands.append(
            [
                f"--plugin=protoc-gen-python_aristaproto={plugin}",
                f"--python_aristaproto_out={work / name}",
                f"--python_aristaproto_opt={options}",
            ]
        )
    commands.append([f"--python_out={work}", f"--grpc_python_out={work}"])
    for command in commands:
        subprocess.run(
            [sys.executable, "-m", "grpc_tools.protoc", f"-I{folder}", *command, "soak.proto"],
            check=True,
        )


def run_pair(client: str, server: str, scale: dict[str, int], work: Path) -> list[Row]:
    """The rows of one pair, and one for what it wrote on standard error."""
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(work), str(Path.cwd()), *filter(None, sys.path)]),
        "GRPC_VERBOSITY": "NONE",
    }
    command = [sys.executable, "-X", "dev", "-W", "error", "-m", "tests.soak.pair"]
    started = time.monotonic()
    about = {"client": client, "server": server}
    seen: dict[str, int] = {}
    process = subprocess.Popen(
        [*command, client, server, json.dumps(scale)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    try:
        output, noise = process.communicate(timeout=LIMIT)
    except subprocess.TimeoutExpired:
        # Its servers end with it, as nobody holds their standard input any more.
        process.kill()
        output, noise = process.communicate()
        seen[f"not done after {LIMIT} seconds"] = 1
    rows: list[Row] = [json.loads(line) for line in output.splitlines()]
    noise = noise.strip()
    (work / "stderr.txt").open("a", encoding="utf-8").write(f"{client}/{server}\n{noise}\n")
    if process.returncode:
        seen[f"exit code {process.returncode}"] = 1
    if noise:
        seen[noise.splitlines()[-1][:100]] = 1
    row = {"check": "standard error empty", "calls": 1, "wrong": len(seen), "seen": seen}
    rows.append({**about, **row, "seconds": round(time.monotonic() - started, 1)})
    return rows


def judged(rows: list[Row]) -> bool:
    """Puts google's figures and a verdict into each of our rows; whether all that is promised holds."""
    google = {(row["client"], row["check"]): row for row in rows if row["client"] in parts.GOOGLE}
    good = True
    for row in rows:
        if row["client"] in parts.GOOGLE:
            row["verdict"] = ""
            continue
        like = "google grpc.aio" if parts.is_async(row["client"]) else "google grpc"
        beside = google.get((like, row["check"]))
        share = row["wrong"] / max(row["calls"], 1)
        reason = next(
            (
                why
                for (check, side, name), why in NOT_PROMISED.items()
                if check == row["check"] and row[side] == name
            ),
            None,
        )
        if beside is None:
            row["verdict"] = "holds" if not row["wrong"] else "does not hold"
        else:
            theirs = beside["wrong"] / max(beside["calls"], 1)
            row["verdict"] = (
                "as google" if share == theirs else "better" if share < theirs else "worse"
            )
        if row["wrong"]:
            if reason is None:
                good = False
            else:
                row["verdict"] += f" ({reason})"
    return good


def table(rows: list[Row]) -> str:
    lines = [
        "| check | client | server | calls | wrong | seen | seconds | beside google |",
        "|---|---|---|---:|---:|---|---:|---|",
    ]
    for row in sorted(rows, key=lambda row: row["check"]):
        seen = ", ".join(f"{number} × {end}" for end, number in row["seen"].items())
        lines.append(
            f"| {row['check']} | {row['client']} | {row['server']} | {row['calls']:,} | {row['wrong']:,} "
            f"| {seen} | {row['seconds']} | {row['verdict']} |"
        )
    return "\n".join(lines)


def save(rows: list[Row], scale: dict[str, int], work: Path) -> bool:
    """Writes the table and the rows; whether all that is promised holds so far."""
    good = judged(rows)
    result = {"scale": scale, "rows": rows}
    (work / "soak.json").write_text(json.dumps(result, indent=1), encoding="utf-8")
    (work / "soak.md").write_text(table(rows), encoding="utf-8")
    return good


def main() -> int:
    parser = argparse.ArgumentParser(prog="cargo xtask soak", description=__doc__)
    parser.add_argument("--work", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--plugin", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--short", action="store_true", help="one minute instead of an hour")
    parser.add_argument("--only", help="one pair, such as `ours grpc.aio/ours grpclib`")
    for name, value in FULL.items():
        option = f"--{name.replace(' ', '-')}"
        parser.add_argument(option, type=int, help=f"instead of {value:,} ({SHORT[name]:,})")
    options = parser.parse_args()
    scale = dict(SHORT if options.short else FULL)
    for name in scale:
        given = getattr(options, name.replace(" ", "_"))
        if given is not None:
            scale[name] = given
    work: Path = options.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    generate(work, options.plugin.resolve())
    (work / "stderr.txt").write_text("", encoding="utf-8")
    pairs = [(name, name) for name in parts.GOOGLE]
    pairs += [(client, server) for client in parts.CLIENTS for server in parts.SERVERS]
    if options.only:
        wanted = tuple(options.only.split("/"))
        pairs = [pair for pair in pairs if pair == wanted or pair[0] in parts.GOOGLE]
    rows: list[Row] = []
    good = True
    # A pair waits more than it computes; figures of the long form are for one that has the machine.
    with ThreadPoolExecutor(4 if options.short else 1) as jobs:
        running = [jobs.submit(run_pair, *pair, scale, work) for pair in pairs]
        for number, (pair, job) in enumerate(zip(pairs, running, strict=True), 1):
            rows += job.result()
            good = save(rows, scale, work)
            print(
                f"soak: {number}/{len(pairs)} {' called '.join(pair)}", file=sys.stderr, flush=True
            )
    print(table(rows))
    calls = sum(row["calls"] for row in rows if row["client"] not in parts.GOOGLE)
    print(
        f"\n{calls:,} calls of ours; {'all that is promised holds' if good else 'NOT all that is promised holds'}"
    )
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
