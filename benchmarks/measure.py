"""How all figures are taken: rounds, in which everything has its turn, against a raw round trip.

A *subject* does one thing with one library, so and so often, and says how many seconds that took.
In each round every subject has one turn, in another order each time, and just before its turn a
raw greenlet round trip is measured: the time of the subject is told as a ratio to it.  So a slow
machine, or one that is busy for a while, moves both.  The median of the rounds is what counts.

Nothing is set that users would not have set: the garbage collector runs as it always does.  It is
called once before each turn, so that nobody pays for what another has left lying about.

What leaves memory behind, or is slow the first time, runs in a process of its own.
"""

from __future__ import annotations

import gc
import json
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from greenlet import getcurrent, greenlet

#: Raw round trips that one unit is taken from.
RAW = 20_000

#: What was measured of one thing, by name.
Figures = dict[str, float]


def raw(count: int = RAW) -> float:
    """Seconds of a raw greenlet round trip."""

    def body() -> None:
        back = getcurrent().parent
        assert back is not None
        while True:
            back.switch()

    other = greenlet(body)
    other.switch()
    switch = other.switch
    began = time.perf_counter()
    for _ in range(count):
        switch()
    return (time.perf_counter() - began) / count


class Watch:
    """Seconds that a `with timed() as watch:` took."""

    seconds = 0.0


@contextmanager
def timed() -> Iterator[Watch]:
    """Time what stands inside."""
    watch = Watch()
    began = time.perf_counter()
    yield watch
    watch.seconds = time.perf_counter() - began


@dataclass(frozen=True)
class Subject:
    """One library at one task: `run(count)` does it so often and returns the seconds."""

    task: str
    who: str
    run: Callable[[int], float]
    count: int = 20_000
    #: What was set on it, where something was.
    note: str = ""

    @property
    def key(self) -> str:
        return f"{self.task}: {self.who}"


@dataclass
class Samples:
    """What came out: a ratio for each subject in each round, and the units themselves."""

    ratios: dict[str, list[float]] = field(default_factory=dict)
    units: list[float] = field(default_factory=list)
    #: Seconds for one, by name, a round each.
    seconds: dict[str, list[float]] = field(default_factory=dict)

    @property
    def unit(self) -> float:
        """Seconds of a raw round trip, the median."""
        return statistics.median(self.units)

    def ratio(self, key: str) -> float:
        """Raw round trips that a subject takes for one event, the median of the rounds."""
        return statistics.median(self.ratios[key])

    def times(self, key: str, other: str) -> float:
        """How many times as fast as the other a subject is: the median of each round's quotient."""
        pairs = zip(self.ratios[key], self.ratios[other], strict=True)
        return statistics.median(theirs / own for own, theirs in pairs)

    def best_times(self, key: str, other: str) -> float:
        """How many times as fast as the other a subject is, each in its best round.

        For what is so short that a round finds it undisturbed now and then.
        """
        return min(self.seconds[other]) / min(self.seconds[key])

    def rate(self, key: str) -> float:
        """Events a second at the median unit."""
        return 1 / (self.ratio(key) * self.unit)

    def spread(self, key: str) -> float:
        """How far the middle half of the rounds lies apart, to the median."""
        if len(self.ratios[key]) < 2:
            return 0.0
        low, _, high = statistics.quantiles(self.ratios[key], n=4)
        return (high - low) / self.ratio(key)


def interleave(subjects: Sequence[Subject], rounds: int) -> Samples:
    """Give every subject one turn a round, in another order each time."""
    samples = Samples(
        {each.key: [] for each in subjects}, seconds={each.key: [] for each in subjects}
    )
    order = list(subjects)
    shuffle = random.Random(0).shuffle
    for each in order:  # imports, caches and the specialised bytecode are not what is measured
        each.run(max(each.count // 40 * 2, 4))  # an even number: some go to and fro
    for _ in range(rounds):
        shuffle(order)
        for each in order:
            gc.collect()
            unit = raw()
            samples.units.append(unit)
            seconds = each.run(each.count) / each.count
            samples.seconds[each.key].append(seconds)
            samples.ratios[each.key].append(seconds / unit)
    return samples


def in_new_process(module: str, *arguments: object) -> Figures:
    """What a module prints when it is run with these arguments: figures, as JSON."""
    done = subprocess.run(
        [sys.executable, "-m", module, *map(str, arguments)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    figures: Figures = json.loads(done.stdout)
    return figures


def medians(runs: Iterable[Figures]) -> Figures:
    """Of each figure, the median."""
    together = list(runs)
    return {name: statistics.median(run[name] for run in together) for name in together[0]}
