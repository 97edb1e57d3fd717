"""Very many actors, and very many timers: what they take in memory and in time.

    python -m benchmarks.scale [--million]

Every measurement runs in a process of its own, since memory that a process has had once does not
all come back.  Resident memory is what the operating system says (on Linux; elsewhere the peak).
`--million` parks 1,000,000 actors as well, which takes 7 GB.
"""

from __future__ import annotations

import gc
import json
import random
import resource
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from greenlet import getcurrent, greenlet

from benchmarks.measure import Figures, in_new_process, medians
from flowlet import Dispatcher, Event, receive

PARKED = 100_000
MILLION = 1_000_000

#: Timers that stand at once.
TIMERS = (10_000, 100_000, 1_000_000)


class Tick(Event): ...


def waiting() -> None:
    while True:
        receive(Tick)


def waiting_once() -> None:
    receive(Tick)


def resident() -> int:
    """Bytes of this process in memory."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text("ascii").split()[1]) * resource.getpagesize()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak


def full_collection() -> float:
    """Milliseconds of a full collection."""
    began = time.perf_counter()
    gc.collect()
    return 1000 * (time.perf_counter() - began)


# --- each in a process of its own -----------------------------------------------------------


def bare(count: int) -> Figures:
    """Greenlets that wait, with nothing round them."""
    hub = getcurrent()

    def body() -> None:
        while True:
            hub.switch()

    gc.collect()
    before = resident()
    began = time.perf_counter()
    parked = []
    for _ in range(count):
        one = greenlet(body)
        one.switch()
        parked.append(one)
    seconds = time.perf_counter() - began
    return {"seconds": seconds, "each": (resident() - before) / count}


def parked(count: int) -> Figures:
    """Actors that wait: spawned and settled, looked over by the collector, woken, closed."""
    d = Dispatcher()
    d.spawn(waiting)
    d.settle()
    gc.collect()
    before = resident()
    began = time.perf_counter()
    refs = [d.spawn(waiting) for _ in range(count)]
    d.settle()
    seconds = time.perf_counter() - began
    figures = {"seconds": seconds, "each": (resident() - before) / count, "rss": resident()}
    figures["gc_ms"] = statistics.median(full_collection() for _ in range(3))
    gc.freeze()
    figures["gc_frozen_ms"] = statistics.median(full_collection() for _ in range(3))
    gc.unfreeze()
    tick = Tick()
    wakes = []
    for _ in range(3):
        began = time.perf_counter()
        for ref in refs:
            ref.send(tick)
        d.settle()
        wakes.append(time.perf_counter() - began)
    figures["wake_us"] = 1e6 * statistics.median(wakes) / count
    assert not any(ref.discarded for ref in refs)
    began = time.perf_counter()
    d.close()
    figures["close_us"] = 1e6 * (time.perf_counter() - began) / count
    return figures


def ended(count: int) -> Figures:
    """Actors that are spawned, wait once and end, one after the other."""
    tick = Tick()

    def some(number: int) -> None:
        for _ in range(number):
            ref = d.spawn(waiting_once)
            d.settle()
            ref.send(tick)
            d.settle()

    with Dispatcher() as d:
        some(count // 100)
        gc.collect()
        before = resident()
        some(count)
        gc.collect()
        after = resident()
    return {"rss": after, "growth": after / before - 1}


def timers(count: int) -> Figures:
    """So many timers at once: what arming one costs, cancelling one, and firing one.

    A timer here is an event that is sent for later; firing it delivers the event and runs the
    actor.  "Arm and fire" is one more armed and the earliest fired, while so many stand.
    """
    fired = 0

    def counting() -> None:
        nonlocal fired
        while True:
            receive(Tick)
            fired += 1

    rng = random.Random(count)
    tick = Tick()
    with Dispatcher() as d:
        ref = d.spawn(counting)
        d.settle()
        send = ref.send
        delays = [rng.uniform(1, 1000) for _ in range(count)]
        began = time.perf_counter()
        for seconds in delays:
            send(tick, after=seconds)
        arm = (time.perf_counter() - began) / count

        extra = min(count, 20_000)
        delays = [rng.uniform(1, 1000) for _ in range(extra)]
        began = time.perf_counter()
        handles = [send(tick, after=seconds) for seconds in delays]
        for handle in handles:
            handle.cancel()
        cancel = (time.perf_counter() - began) / extra

        began = time.perf_counter()
        for seconds in delays:
            send(tick, after=seconds)
            deadline = d.next_deadline
            assert deadline is not None
            d.run(until=deadline)
        steady = (time.perf_counter() - began) / extra
        assert fired == extra

        began = time.perf_counter()
        d.run()
        fire = (time.perf_counter() - began) / count
        assert fired == count + extra
    each = {"arm": arm, "arm_and_cancel": cancel, "arm_and_fire": steady, "fire": fire}
    return {name: 1e6 * seconds for name, seconds in each.items()}


MEASUREMENTS: dict[str, Callable[[int], Figures]] = {
    "bare": bare,
    "parked": parked,
    "ended": ended,
    "timers": timers,
}


# --- all of them ----------------------------------------------------------------------------


def child(name: str, count: int) -> Figures:
    """Run one measurement in a new process."""
    return in_new_process("benchmarks.scale", name, count)


def measure(million: bool = False, rounds: int = 3) -> dict[str, Figures]:
    """All measurements, by what they are of: the median of some rounds, but of the longest."""
    pairs = [(child("bare", PARKED), child("parked", PARKED)) for _ in range(rounds)]
    found = {
        "bare": medians(bare for bare, _ in pairs),
        "parked": medians(parked for _, parked in pairs),
        "ended": child("ended", MILLION),
    }
    found["parked"]["beyond"] = statistics.median(
        parked["each"] - bare["each"] for bare, parked in pairs
    )
    for count in TIMERS:
        found[f"timers {count}"] = medians(child("timers", count) for _ in range(rounds))
    if million:
        found["million"] = child("parked", MILLION)
    return found


def tell(found: dict[str, Figures]) -> None:
    """Print what was measured."""
    own, raw, ended = found["parked"], found["bare"], found["ended"]
    print(f"{PARKED:,} parked actors")
    print(f"  spawned and settled in    {own['seconds']:8.2f} s  (bare: {raw['seconds']:.2f} s)")
    print(f"  resident, whole process   {own['rss'] / 1e6:8.0f} MB")
    print(f"  each                      {own['each']:8.0f} B  (bare: {raw['each']:.0f} B)")
    _tell_rest(own)
    if "million" in found:
        more = found["million"]
        print(f"{MILLION:,} parked actors")
        print(f"  spawned and settled in    {more['seconds']:8.1f} s")
        print(f"  resident, whole process   {more['rss'] / 1e6:8.0f} MB")
        _tell_rest(more)
    print(f"{MILLION:,} actors spawned and ended, one after the other")
    print(f"  growth of resident memory {100 * ended['growth']:8.2f} %")
    print("timers that stand, us each      armed   armed, cancelled   armed, fired  fired in turn")
    for count in TIMERS:
        row = found[f"timers {count}"]
        print(
            f"  {count:>12,}{row['arm']:23.2f}{row['arm_and_cancel']:19.2f}"
            f"{row['arm_and_fire']:15.2f}{row['fire']:15.2f}"
        )


def _tell_rest(figures: Figures) -> None:
    print(f"  an event to each in turn  {figures['wake_us']:8.2f} us each")
    print(f"  closed in                 {figures['close_us']:8.2f} us each")
    print(
        f"  a full collection         {figures['gc_ms']:8.1f} ms, "
        f"{figures['gc_frozen_ms']:.1f} ms after gc.freeze()"
    )


def main(arguments: list[str]) -> None:
    if arguments and arguments[0] in MEASUREMENTS:
        name, count = arguments
        print(json.dumps(MEASUREMENTS[name](int(count))))
        return
    unknown = set(arguments) - {"--million"}
    if unknown:
        sys.exit(f"only --million is known here, not {' '.join(sorted(unknown))}")
    tell(measure(million="--million" in arguments))


if __name__ == "__main__":
    main(sys.argv[1:])
