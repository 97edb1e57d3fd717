"""What is promised: for each row a bar, and a moonshot beyond it.

The bars are for CPython 3.11 and hold for the ratio, not for this machine's nanoseconds.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

from benchmarks.exploring import BESIDE_SPIN
from benchmarks.measure import Figures, Samples

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
    what: str,
    value: float,
    bar: float,
    moonshot: float | None,
    form: str = "{:.2f}",
    scale: float = 1,
) -> Row:
    """A row in which less is better; `scale` turns the value into what is shown."""
    limit = f"<= {form.format(bar * scale)}"
    further = "" if moonshot is None else f"<= {form.format(moonshot * scale)}"
    reached = moonshot is not None and value <= moonshot
    return Row(what, value, form.format(value * scale), limit, further, value <= bar, reached)


def at_least(what: str, value: float, bar: float, moonshot: float | None) -> Row:
    """A row in which more is better: how many times as fast."""
    further = "" if moonshot is None else f">= {moonshot:.3g} x"
    reached = moonshot is not None and value >= moonshot
    return Row(what, value, f"{value:.2f} x", f">= {bar:.3g} x", further, value >= bar, reached)


def best_peer(samples: Samples, task: str) -> str:
    """The quickest library at a task."""
    return min(PEERS, key=lambda who: samples.ratio(f"{task}: {who}"))


def rows(
    samples: Samples,
    found: dict[str, Figures],
    explored: dict[str, Figures],
    imported: Figures,
) -> list[Row]:
    """Every row, from what was measured."""
    return [
        *_events(samples), *_machines(samples), *_many(samples, found), *_exploring(explored),
        *_importing(imported),
    ]  # fmt: skip


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
    empty = samples.times("kernel: the same in three blocks that do nothing", f"nested: {deep}")
    regions = samples.times("regions: flowlet", f"regions: {wide}")
    wakes = samples.times("timers: flowlet", "timers: SimPy")
    return [
        at_most("three nested states left and entered", samples.ratio("nested: flowlet"), 5.2, 4.2),
        at_least(f"the same against the best peer ({deep})", nested, 10, 14),
        Row("the same, with blocks that do nothing", empty, f"{empty:.2f} x"),
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


def _exploring(explored: dict[str, Figures]) -> list[Row]:
    """Whole systems, and beside SPIN where it is here."""
    paxos, commit = "Paxos, two clients", "two-phase commit, 7 managers"
    whole, runs = explored[paxos]["whole"], explored[paxos]["runs"] / explored[paxos]["transitions"]
    found = [
        at_most(f"exploring {paxos}", whole, 1.0, None, "{:.2f} s"),
        at_most("the same, real runs per transition", runs, 0.02, None, "{:.2f} %", 100),
        at_most(f"exploring {commit}", explored[commit]["whole"], 10.0, None, "{:.2f} s"),
    ]
    for name in BESIDE_SPIN:
        row = explored[name]
        if "search to spin" in row:
            small = row["search to spin, small table"]
            found += [
                at_least(f"{name}, against SPIN: the search", row["search to spin"], 1 / 6, 1 / 2),
                at_least("the same, the whole", row["whole to spin"], 1 / 6, 1 / 2),
                Row("the search, SPIN with a small hash table", small, f"{small:.2f} x"),
            ]
    return found


def _importing(imported: Figures) -> list[Row]:
    """Before anything runs."""
    processor = imported["processor"]
    return [
        at_most("import flowlet, to pydantic with one model", imported["wall"], 1.3, None),
        Row("the same, the processor's time", processor, f"{processor:.2f}"),
    ]
