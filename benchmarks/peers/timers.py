"""A thousand actors, each sleeping again and again, for times that differ.

Half of them sleep whole seconds, so that many wake at the same instant; the others sleep any
fraction.  Both sides have the same actors with the same lengths, run until the same time, and
must have woken as often: `WAKES` is the number, the same for each.
"""

# pyright: reportMissingImports=false
from __future__ import annotations

import random
from collections.abc import Callable, Generator, Sequence
from functools import cache
from itertools import accumulate, cycle, takewhile

import simpy

from benchmarks.measure import Subject, timed
from flowlet import Dispatcher, Event, Timeout, receive, sleep

ACTORS = 1000

#: No sleeper wakes at this very time: on which side of it a wake falls is each library's custom.
UNTIL = 60.5


@cache
def lengths(number: int) -> tuple[float, ...]:
    """The seconds that one actor sleeps, over and over."""
    rng = random.Random(number)
    if number % 2:
        return tuple(rng.uniform(1, 5) for _ in range(7))
    return tuple(float(rng.randint(1, 5)) for _ in range(7))


def wakes_of(number: int) -> int:
    """How often that actor wakes, by adding up."""
    times = accumulate(cycle(lengths(number)))
    return sum(1 for _ in takewhile(lambda time: time < UNTIL, times))


WAKES = sum(wakes_of(number) for number in range(ACTORS))


class Never(Event): ...


class Count:
    wakes = 0


def sleeper(times: Sequence[float], count: Count) -> None:
    for seconds in cycle(times):
        sleep(seconds)
        count.wakes += 1


def listener(times: Sequence[float], count: Count) -> None:
    for seconds in cycle(times):
        if isinstance(receive(Never, after=seconds), Timeout):
            count.wakes += 1


def run(fn: Callable[[Sequence[float], Count], None]) -> float:
    count = Count()
    with Dispatcher() as d:
        for number in range(ACTORS):
            d.spawn(fn, lengths(number), count)
        d.settle()
        with timed() as watch:
            d.run(until=UNTIL)
    assert count.wakes == WAKES
    return watch.seconds


def sleeping(_: int) -> float:
    return run(sleeper)


def listening(_: int) -> float:
    return run(listener)


def process(
    env: simpy.Environment, times: Sequence[float], count: Count
) -> Generator[simpy.Event, object, None]:
    for seconds in cycle(times):
        yield env.timeout(seconds)
        count.wakes += 1


def by_simpy(_: int) -> float:
    count = Count()
    env = simpy.Environment()
    for number in range(ACTORS):
        env.process(process(env, lengths(number), count))
    env.run(until=0.5)
    with timed() as watch:
        env.run(until=UNTIL)
    assert count.wakes == WAKES
    return watch.seconds


TASK = "timers"

SUBJECTS = (
    Subject(TASK, "flowlet", sleeping, WAKES, note="sleep()"),
    Subject(TASK, "flowlet, receive(after=)", listening, WAKES),
    Subject(TASK, "SimPy", by_simpy, WAKES, note="yield env.timeout()"),
)
