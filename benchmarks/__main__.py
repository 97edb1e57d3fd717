"""All measurements in one run: `make bench`.

Each figure of dispatch is a ratio to a raw greenlet round trip taken in the same round, so that a
slow machine or a busy one moves both.  Rounds are interleaved, and the median is told.
"""

from __future__ import annotations

import json
import platform
import statistics
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from greenlet import getcurrent, greenlet

from benchmarks import tcp
from flowlet import ActorRef, Dispatcher, Event, emit, explore, observe, receive

ROUNDS = 9
EVENTS = 20_000


class Tick(Event): ...


def raw() -> float:
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
    for _ in range(EVENTS):
        switch()
    return (time.perf_counter() - began) / EVENTS


def ticking() -> None:
    while True:
        receive(Tick)


def answering() -> None:
    while True:
        receive(Tick)
        emit(None)


def one_event(fn: Callable[[], None] = ticking, watched: bool = False) -> float:
    """One event in, run to the next wait."""
    with Dispatcher() as d:
        if watched:
            observe(d)
        ref = d.spawn(fn, on_output=lambda value: None)
        d.settle()
        tick, send, settle = Tick(), ref.send, d.settle
        began = time.perf_counter()
        for _ in range(EVENTS):
            send(tick)
            settle()
        return (time.perf_counter() - began) / EVENTS


def thousand_actors() -> float:
    """A thousand actors, an event each in turn."""
    with Dispatcher() as d:
        refs = [d.spawn(ticking) for _ in range(1000)]
        d.settle()
        tick = Tick()
        began = time.perf_counter()
        for _ in range(EVENTS // 1000):
            for ref in refs:
                ref.send(tick)
            d.settle()
        return (time.perf_counter() - began) / EVENTS


def batch() -> float:
    """A hundred events in a mailbox."""
    with Dispatcher() as d:
        ref = d.spawn(ticking)
        d.settle()
        tick = Tick()
        began = time.perf_counter()
        for _ in range(EVENTS // 100):
            for _ in range(100):
                ref.send(tick)
            d.settle()
        return (time.perf_counter() - began) / EVENTS


def ping_pong() -> float:
    """Two actors that send each other one message for ever."""
    partners: list[ActorRef[None]] = []
    tick = Tick()

    def player(other: int) -> None:
        for _ in range(EVENTS // 2):
            receive(Tick)
            if partners[other].alive:
                partners[other].send(tick)

    with Dispatcher() as d:
        partners += [d.spawn(player, 1), d.spawn(player, 0)]
        d.settle()
        partners[0].send(tick)
        began = time.perf_counter()
        d.settle()
        return (time.perf_counter() - began) / EVENTS


def spawn_and_end() -> float:
    """Make an actor that waits once and ends."""
    with Dispatcher() as d:
        tick = Tick()
        began = time.perf_counter()
        for _ in range(EVENTS // 20):
            ref = d.spawn(receive, Tick)
            d.settle()
            ref.send(tick)
            d.settle()
        return (time.perf_counter() - began) / (EVENTS // 20)


ROWS: dict[str, Callable[[], float]] = {
    "one event in, run": one_event,
    "one event in, run, one out": lambda: one_event(answering),
    "the same, observed": lambda: one_event(answering, watched=True),
    "1,000 actors, one event each": thousand_actors,
    "100 events in a mailbox, each": batch,
    "two actors, a message": ping_pong,
    "spawn, wait once, end": spawn_and_end,
}


def jugs() -> None:
    """Die hard: a jug of 5 and one of 3 litres."""
    big = small = 0
    while True:
        match receive(FillBig, FillSmall, EmptyBig, EmptySmall, ToBig, ToSmall):
            case FillBig():
                big = 5
            case FillSmall():
                small = 3
            case EmptyBig():
                big = 0
            case EmptySmall():
                small = 0
            case ToBig():
                big, small = min(5, big + small), max(0, big + small - 5)
            case ToSmall():
                big, small = max(0, big + small - 3), min(3, big + small)


class FillBig(Event): ...


class FillSmall(Event): ...


class EmptyBig(Event): ...


class EmptySmall(Event): ...


class ToBig(Event): ...


class ToSmall(Event): ...


def exploring() -> tuple[int, int, float]:
    """States and transitions of the jugs, and the milliseconds that exploring them takes."""
    found = explore(jugs)
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        explore(jugs)
        times.append(time.perf_counter() - began)
    return found.unique_states, found.transitions, 1000 * statistics.median(times)


def main() -> None:
    versions = {name: version(name) for name in ("greenlet", "pydantic", "dpkt")}
    machine = f"{platform.machine()}, CPython {platform.python_version()}"
    print(f"{machine}, " + ", ".join(f"{name} {number}" for name, number in versions.items()))
    ratios: dict[str, list[float]] = {name: [] for name in ROWS}
    units = []
    for _ in range(ROUNDS):
        for name, row in ROWS.items():
            unit = raw()
            units.append(unit)
            ratios[name].append(row() / unit)
    print(f"\nto a raw greenlet round trip ({1e9 * statistics.median(units):.0f} ns here)")
    for name, values in ratios.items():
        print(f"  {name:32}{statistics.median(values):7.2f}")
    states, transitions, milliseconds = exploring()
    print(f"\nexploring: {states} states, {transitions} transitions in {milliseconds:.1f} ms")
    packets = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    timing = tcp.compare(packets)
    print("\nexamples/tcp")
    tcp.tell(packets, timing)
    result = {
        "machine": machine,
        "versions": versions,
        "raw_ns": 1e9 * statistics.median(units),
        "ratios": {name: statistics.median(values) for name, values in ratios.items()},
        "exploring_ms": milliseconds,
        "tcp": {"packets": packets, **vars(timing)},
    }
    out = Path("out")
    out.mkdir(exist_ok=True)
    (out / "bench.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(f"\nwritten: {out / 'bench.json'}")


if __name__ == "__main__":
    main()
