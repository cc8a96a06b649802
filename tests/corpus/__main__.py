"""The corpus's command line: names of steps go in, a table comes out. `cargo xtask corpus` starts it as `python -m tests.corpus`.

A step that fails does not stop the others. The exit code is 0 only when all succeeded.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from time import perf_counter

from . import fetch, generate, judge, speed
from .steps import Corpus, Failed, Skipped, Step

STEPS = (
    Step("generate", "the plugin, protoc and protox write the same tree", generate.trees),
    Step("import", "every module imports", judge.imports),
    Step("round-trips", "every message there and back, 500 as google has them", judge.messages),
    Step("services", "every service has its stubs and its base, with its methods", judge.services),
    Step("ruff", "ruff check, long lines, ruff format --check", judge.ruff),
    Step("types", "pyright strict and mypy --strict", judge.types),
    Step("speed", "time and memory of generation", speed.measure),
)
FAST = ("generate", "import", "round-trips", "services", "ruff", "types")


def arguments() -> argparse.ArgumentParser:
    """The options."""
    parser = argparse.ArgumentParser(
        prog="cargo xtask corpus",
        description="Real .proto files in great number: generate, import, use, lint, type-check, time.",
    )
    parser.add_argument(
        "steps",
        nargs="*",
        metavar="step",
        help=f"{', '.join(step.name for step in STEPS)}; all for none. "
        "All but generate and speed use the trees that generate left",
    )
    parser.add_argument("--fast", action="store_true", help="a choice of files, without speed")
    parser.add_argument("--sources", help="only these, comma-separated")
    parser.add_argument("--list", action="store_true", help="the steps and the sources")
    parser.add_argument("--work", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--cache", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--plugin", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--examples", type=Path, help=argparse.SUPPRESS)
    return parser


def main() -> int:
    """Run what the command line asks for."""
    options = arguments().parse_args()
    if options.list:
        for step in STEPS:
            print(f"step    {step.name:14} {step.about}")
        for source in fetch.SOURCES:
            print(f"source  {source.name:14} {source.about}")
        return 0
    names = options.steps or [step.name for step in STEPS if not options.fast or step.name in FAST]
    unknown = [name for name in names if name not in {step.name for step in STEPS}]
    if unknown:
        raise SystemExit(f"no step is called {unknown[0]!r}; --list names them")
    known = [source.name for source in fetch.SOURCES]
    wanted = options.sources.split(",") if options.sources else known
    for name in wanted:
        if name not in known:
            raise SystemExit(f"no source is called {name!r}; --list names them")
    corpus = Corpus(
        options.work.resolve() / ("fast" if options.fast else "all"),
        options.plugin.resolve(),
        options.examples and options.examples.resolve(),
        options.fast,
    )
    rows: list[tuple[str, str, str, float]] = []
    started = perf_counter()
    for source in fetch.SOURCES:
        if source.name in wanted:
            try:
                progress(f"fetch {source.name}")
                corpus.add(source, options.cache.resolve())
            except fetch.Missing as error:
                rows.append((f"fetch {source.name}", "FAIL", str(error), 0.0))
    for step in STEPS:
        if step.name not in names:
            continue
        progress(f"{step.name}: {step.about}")
        began = perf_counter()
        try:
            result, figures = "PASS", step.run(corpus)
        except Skipped as error:
            result, figures = "SKIPPED", str(error)
        except Failed as error:
            result, figures = "FAIL", error.summary
            print(error, file=sys.stderr)
        for number, line in enumerate(figures.splitlines() or [""]):
            seconds = perf_counter() - began if number == 0 else 0.0
            rows.append(
                (step.name if number == 0 else "", result if number == 0 else "", line, seconds)
            )
    print(f"\n{'step':20} {'result':8} {'time':>9}  figures")
    for name, result, figures, seconds in rows:
        print(f"{name:20} {result:8} {f'{seconds:.1f} s' if result else '':>9}  {figures}")
    print(f"{'all':20} {'':8} {f'{perf_counter() - started:.1f} s':>9}")
    return 1 if any(result == "FAIL" for _, result, _, _ in rows) else 0


def progress(text: str) -> None:
    """What is going on, for who waits; the table alone goes to standard output."""
    print(f"corpus: {text}", file=sys.stderr, flush=True)


sys.exit(main())
