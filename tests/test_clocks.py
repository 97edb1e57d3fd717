"""Clocks: virtual time that jumps, in seconds or whole ticks, and real time."""

from __future__ import annotations

import time

import pytest

from flowlet import (
    Dispatcher,
    Event,
    RealClock,
    Timeout,
    VirtualClock,
    emit,
    now,
    receive,
    sleep,
    until,
)


class Go(Event): ...


def test_virtual_time_is_the_default_and_starts_at_zero() -> None:
    """A dispatcher without a clock has a virtual one."""
    with Dispatcher() as plain, Dispatcher(clock=VirtualClock()) as given:
        assert (plain.now(), given.now()) == (0.0, 0.0)


def test_virtual_time_moves_only_when_told() -> None:
    """Work takes no virtual time."""

    def worker() -> None:
        for _ in range(1000):
            receive(Go, after=1, at="busy")

    with Dispatcher() as d:
        ref = d.spawn(worker)
        for _ in range(1000):
            ref.send(Go())
        d.settle()
        assert (d.now(), ref.alive) == (0.0, False)


def test_an_actor_and_its_dispatcher_have_one_time() -> None:
    """`now()` inside is `d.now()` outside."""
    seen: list[bool] = []

    with Dispatcher() as d:

        def worker() -> None:
            for _ in range(3):
                sleep(1.25)
                seen.append(now() == d.now())

        d.spawn(worker)
        d.run()
        assert d.now() == 3.75
    assert seen == [True, True, True]


def test_a_ticking_clock_rounds_seconds_up_to_whole_ticks() -> None:
    """`VirtualClock(hz=10)` knows tenths of seconds: a quarter of a second is three of them."""

    def worker() -> list[float]:
        times: list[float] = []
        for seconds in (0.25, 0.05, 0.1, 1):
            sleep(seconds)
            times.append(now())
        return times

    with Dispatcher(clock=VirtualClock(hz=10)) as d:
        times = d.run(until=d.spawn(worker))
    assert times == pytest.approx([0.3, 0.4, 0.5, 1.5])


def test_a_ticking_clock_does_not_drift() -> None:
    """Ticks are counted, not added up: sixty sixtieths are one second, exactly."""

    def metronome() -> None:
        for _ in range(600):
            sleep(1 / 60)
            emit(now())

    with Dispatcher(clock=VirtualClock(hz=60)) as d:
        ref = d.spawn(metronome)
        d.run()
        times = ref.take()
    assert [times[n] for n in (59, 299, 599)] == [1.0, 5.0, 10.0]


def test_a_virtual_year_is_real_milliseconds() -> None:
    """A daily task of a year, in an instant: 365 timers at their own times."""
    day = 24 * 3600.0

    def diary() -> None:
        while True:
            sleep(day)
            emit(now())

    with Dispatcher() as d:
        ref = d.spawn(diary)
        d.advance(365 * day)
        assert ref.take() == [day * n for n in range(1, 366)]


def test_real_time_passes_while_the_dispatcher_runs() -> None:
    """Under a RealClock a sleep of three milliseconds takes three milliseconds."""

    def worker() -> float:
        started = now()
        sleep(0.003)
        return now() - started

    before = time.monotonic()
    with Dispatcher(clock=RealClock()) as d:
        ref = d.spawn(worker)
        d.run()
        took = time.monotonic() - before
        assert ref.result is not None
        assert ref.result >= 0.003
    assert took >= 0.003


def test_real_timers_go_off_in_order() -> None:
    """Whoever waits less comes first."""
    log: list[str] = []

    def worker(name: str, seconds: float) -> None:
        sleep(seconds)
        log.append(name)

    with Dispatcher(clock=RealClock()) as d:
        d.spawn(worker, "later", 0.004)
        d.spawn(worker, "sooner", 0.001)
        d.run()
    assert log == ["sooner", "later"]


def test_real_timeouts_and_limits_work_as_virtual_ones() -> None:
    """`receive(after=)` and `until(after=)` read the same clock."""

    def worker() -> tuple[str, str]:
        late = receive(Go, after=0.001, at="first")
        with until(after=0.001) as end:
            receive(Go, at="second")
        return type(late).__name__, type(end.event).__name__

    with Dispatcher(clock=RealClock()) as d:
        assert d.run(until=d.spawn(worker)) == (Timeout.__name__, Timeout.__name__)


def test_settle_does_not_wait_for_real_time() -> None:
    """What is not due yet is left for later."""

    def worker() -> None:
        receive(Go, at="ready")
        sleep(3600)

    before = time.monotonic()
    with Dispatcher(clock=RealClock()) as d:
        ref = d.spawn(worker)
        ref.send(Go())
        d.settle()
        assert ref.alive
        assert d.next_deadline is not None
        assert d.next_deadline > d.now() + 3000
    assert time.monotonic() - before < 60


def test_run_until_a_real_time_comes_back_then() -> None:
    """Not before the time, with the actor still asleep."""

    def worker() -> None:
        sleep(3600)

    with Dispatcher(clock=RealClock()) as d:
        ref = d.spawn(worker)
        goal = d.now() + 0.002
        d.run(until=goal)
        assert d.now() >= goal
        assert ref.alive


def test_run_until_an_actor_waits_in_real_time_for_its_result() -> None:
    """The other actors are not waited for."""

    def worker() -> str:
        sleep(0.002)
        return "done"

    def other() -> None:
        sleep(3600)

    with Dispatcher(clock=RealClock()) as d:
        slow = d.spawn(other)
        assert d.run(until=d.spawn(worker)) == "done"
        assert slow.alive
