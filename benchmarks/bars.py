"""What is promised: for each row a bar, and a moonshot beyond it.

The bars are for CPython 3.11 and hold for the ratio, not for this machine's nanoseconds.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

from benchmarks.measure import Samples
from benchmarks.scale import Figures

MEANT_FOR_THIS = sys.version_info[:2] == (3, 11)

#: The libraries that have hierarchy and regions; "best" is the quickest of them here.
PEERS = ("transitions", "python-statemachine", "xstate-statemachine", "sismic")


@dataclass
class Row:
    """One row of the table, as it is told."""

    what: str
    value: float
    shown: str
    bar: str = ""
    moonshot: str = ""
    holds: bool | None = None
    reached: bool | None = None

    @property
    def verdict(self) -> str:
        if self.holds is None:
            return ""
        if self.reached:
            return "yes, and the moonshot"
        return "yes" if self.holds else "NO"


def at_most(
    what: str, value: float, bar: float, moonshot: float, form: str = "{:.2f}", scale: float = 1
) -> Row:
    """A row in which less is better; `scale` turns the value into what is shown."""
    holds, reached = value <= bar, value <= moonshot
    shown, *limits = (form.format(each * scale) for each in (value, bar, moonshot))
    return Row(what, value, shown, f"<= {limits[0]}", f"<= {limits[1]}", holds, reached)


def at_least(what: str, value: float, bar: float, moonshot: float) -> Row:
    """A row in which more is better: how many times as fast."""
    holds, reached = value >= bar, value >= moonshot
    return Row(what, value, f"{value:.2f} x", f">= {bar:g} x", f">= {moonshot:g} x", holds, reached)


def best_peer(samples: Samples, task: str) -> str:
    """The quickest library at a task."""
    return min(PEERS, key=lambda who: samples.ratio(f"{task}: {who}"))


def rows(samples: Samples, found: dict[str, Figures]) -> list[Row]:
    """Every row, from what was measured."""
    return [*_events(samples), *_machines(samples), *_many(samples, found)]


def _events(samples: Samples) -> list[Row]:
    """Events and actors, to raw greenlets and to the quickest machine without hierarchy."""
    ratio, times = samples.ratio, samples.times
    before, in_loop = "turnstile: flowlet", "turnstile: flowlet, events made in the loop"
    automat = "turnstile: Automat"
    looped, against = ratio(in_loop), times(in_loop, automat)
    turns, mailbox = ratio("kernel: 1,000 actors in turn"), ratio("kernel: 100 events in a mailbox")
    return [
        at_most("one event in, run, one out; made beforehand", ratio(before), 2.4, 2.05),
        Row("the same, the event made in the loop", looped, f"{looped:.2f}"),
        at_least("against Automat; made beforehand", times(before, automat), 1.0, 1.15),
        Row("the same, the event made in the loop", against, f"{against:.2f} x"),
        at_most("1,000 actors, one event each in turn", turns, 1.7, 1.3),
        at_most("100 events in a mailbox, each", mailbox, 0.6, 0.45),
        at_most("two actors ping-pong, a message", ratio("ping-pong: flowlet"), 1.55, 1.25),
    ]


def _machines(samples: Samples) -> list[Row]:
    """What statecharts are for, and timers: to the best of those that can do it."""
    deep, wide = best_peer(samples, "nested"), best_peer(samples, "regions")
    nested = samples.times("nested: flowlet", f"nested: {deep}")
    regions = samples.times("regions: flowlet", f"regions: {wide}")
    wakes = samples.times("timers: flowlet", "timers: SimPy")
    return [
        at_most("three nested states left and entered", samples.ratio("nested: flowlet"), 5.2, 4.2),
        at_least(f"the same against the best peer ({deep})", nested, 10, 14),
        at_least(f"two regions against the best peer ({wide})", regions, 5, 10),
        at_least("1,000 actors, mixed timeouts, against SimPy", wakes, 1.0, 1.25),
    ]


def _many(samples: Samples, found: dict[str, Figures]) -> list[Row]:
    """An actor's life and its memory."""
    life = 1 / samples.times("kernel: spawn, wait once, end", "kernel: a fresh greenlet")
    own, growth = found["parked"], found["ended"]["growth"]
    # From 3.12 on Python keeps a frame object for every suspended frame.
    bar, moonshot = (600, 300) if sys.version_info < (3, 12) else (1400, 1000)
    beyond = "bytes of a parked actor beyond a bare parked greenlet"
    return [
        at_most("spawn, wait once, end; to a fresh greenlet", life, 0.5, 0.32),
        at_most(beyond, own["beyond"], bar, moonshot, "{:.0f} B"),
        at_most("100,000 actors parked: time to spawn", own["seconds"], 2.5, 1.5, "{:.2f} s"),
        at_most("100,000 actors parked: resident", own["rss"], 780e6, 700e6, "{:.0f} MB", 1e-6),
        at_most("1,000,000 spawn-and-end: resident grows by", growth, 0.01, 0.0, "{:.2f} %", 100),
    ]
