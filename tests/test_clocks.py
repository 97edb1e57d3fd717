"""Clocks: virtual time that jumps, in seconds or whole ticks, and real time."""

from __future__ import annotations

import math
import threading
import time
from typing import Any

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


@pytest.mark.parametrize(
    ("hz", "error"),
    [
        (0, ValueError),
        (-1, ValueError),
        (math.inf, ValueError),
        (math.nan, ValueError),
        (True, TypeError),
        ("60", TypeError),
    ],
)
def test_a_clock_ticks_a_number_of_times_a_second(hz: Any, error: type[Exception]) -> None:
    """Anything else is refused where the clock is made."""
    with pytest.raises(error, match="number of ticks a second"):
        VirtualClock(hz=hz)


@pytest.mark.parametrize("hz", [None, 60])
def test_what_is_to_happen_never_does_not_happen(hz: float | None) -> None:
    """`math.inf` seconds are no deadline, wherever they stand, and time does not go there."""

    def patient() -> None:
        with until(after=math.inf):
            receive(Go, after=math.inf)

    def sleeper() -> None:
        sleep(math.inf)

    def slow_to_leave() -> None:
        try:
            receive(Go)
        finally:
            receive(Go)

    with Dispatcher(clock=VirtualClock(hz=hz)) as d:
        leaving = d.spawn(slow_to_leave)
        waiting = [d.spawn(patient), d.spawn(sleeper), leaving]
        d.settle()
        leaving.stop(grace=math.inf)
        d.run()
        assert (d.now(), d.next_deadline) == (0.0, None)
        assert all(ref.alive for ref in waiting)


def test_to_run_until_never_is_to_run_without_a_limit() -> None:
    """Time stays at the last that happened."""

    def worker() -> None:
        receive(Go, after=10)

    with Dispatcher() as d:
        d.spawn(worker)
        d.run(until=math.inf)
        assert d.now() == 10.0
        d.advance(math.inf)
        assert d.now() == 10.0


def test_to_run_until_never_in_real_time_ends_with_the_actors() -> None:
    """As `run()` does."""

    def worker() -> None:
        sleep(0.001)

    with Dispatcher(clock=RealClock()) as d:
        ref = d.spawn(worker)
        d.run(until=math.inf)
        assert not ref.alive


def test_a_deadline_may_be_further_off_than_a_thread_can_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """For a thousand years it waits in parts; Python would raise an OverflowError."""
    waits: list[float] = []

    def wait(self: threading.Event, timeout: float) -> None:
        waits.append(timeout)

    monkeypatch.setattr(threading.Event, "wait", wait)
    clock = RealClock()
    clock.wait_until(clock.now() + 1000 * 365 * 24 * 3600.0)
    assert waits == [threading.TIMEOUT_MAX]


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


@pytest.mark.parametrize("hz", [30, 50, 60, 100, 120, 144, 1000])
def test_a_game_that_advances_frame_by_frame_is_never_late(hz: int) -> None:
    """After each frame the actor has gone on once more, and the time is on the tick."""
    frames = []

    def actor() -> None:
        while True:
            sleep(1 / hz)
            frames.append(now())

    with Dispatcher(clock=VirtualClock(hz=hz)) as d:
        d.spawn(actor)
        d.settle()
        for frame in range(1, 2001):
            d.advance(1 / hz)
            assert len(frames) == frame
            assert d.now() == frame / hz


def test_a_run_until_a_time_between_two_ticks_goes_to_the_one_before() -> None:
    """So no wait that begins then is shorter than it was asked to be."""
    with Dispatcher(clock=VirtualClock(hz=10)) as d:
        d.run(until=0.25)
        assert d.now() == 0.2
        d.advance(0.25)
        assert d.now() == 0.5
