"""Time: rows of functions that do the same go in, for each row the ratios to the first of its functions come out.

In every round all functions of a row run one after the other, in another order each time, and a ratio is one of two times
of the same round: what slows the machine down for a while slows all of them down. Called by `codec`, `rpc` and `corpus`.
"""

from __future__ import annotations

import gc
import random
import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any


@dataclass(frozen=True)
class Effort:
    """How long to measure: the number of rounds, and the seconds that one function runs in one round at least."""

    rounds: int
    seconds: float


@dataclass
class Row:
    """What one line of the table says. `samples`: library → one number for each round, in `unit` (lower is better)."""

    group: str
    shape: str
    operation: str
    samples: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    unit: str = "s"

    @property
    def reference(self) -> str:
        return next(iter(self.samples))

    def median(self, name: str) -> float:
        return statistics.median(self.samples[name])

    def ratios(self, name: str) -> tuple[float, float, float]:
        """First quartile, median and third quartile of the ratios to the reference, round by round."""
        pairs = zip(self.samples[name], self.samples[self.reference], strict=True)
        ratios = [mine / theirs for mine, theirs in pairs]
        if len(ratios) == 1:
            return ratios[0], ratios[0], ratios[0]
        low, middle, high = statistics.quantiles(ratios, n=4, method="inclusive")
        return low, middle, high


def time_row(
    group: str,
    shape: str,
    operation: str,
    functions: Mapping[str, Callable[[], Any]],
    effort: Effort,
) -> Row:
    """Measure `functions`, the reference first. The collector stays on, as in the programs of users."""
    counts = {name: _calibrate(function, effort.seconds) for name, function in functions.items()}

    def once(name: str) -> float:
        return _run(functions[name], counts[name]) / counts[name]

    return interleave(Row(group, shape, operation), dict.fromkeys(functions, once), effort)


def interleave(row: Row, measures: Mapping[str, Callable[[str], float]], effort: Effort) -> Row:
    """Fill `row` by calling each of `measures` with its name once a round, in an order drawn anew."""
    row.samples = {name: [] for name in measures}
    order = list(measures)
    rng = random.Random(0)
    for _ in range(effort.rounds):
        rng.shuffle(order)
        for name in order:
            # What the last function left behind is not this one's to collect.
            gc.collect()
            row.samples[name].append(measures[name](name))
    return row


def _calibrate(function: Callable[[], Any], seconds: float) -> int:
    """How often to call `function` so that it takes `seconds`; also warms it up."""
    function()
    count = 1
    while (elapsed := _run(function, count)) < seconds:
        if elapsed * 10 > seconds:
            return max(count, round(count * seconds / elapsed))
        count *= 10
    return count


def _run(function: Callable[[], Any], count: int) -> float:
    repeat = range(count)
    started = perf_counter()
    for _ in repeat:
        function()
    return perf_counter() - started
