"""The watchdog: an actor that does not reach a wait is ended."""

from __future__ import annotations

import _thread
import re
import sys
import threading
import time
from collections.abc import Callable

import pytest

from flowlet import (
    ActorRef,
    ActorStuckError,
    Dispatcher,
    Event,
    RealClock,
    me,
    on,
    parallel,
    pause,
    perform,
    receive,
    sleep,
    spawn,
    until,
)

#: Seconds after which an actor is stuck.  What must not be ended is kept busy for three times that.
LIMIT = 0.1
LONG = 3 * LIMIT


class Go(Event): ...


class Tick(Event): ...


@pytest.fixture(autouse=True)
def measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever measures coverage is told of threads by `threading`, and the watchdog's is none."""
    start = _thread.start_new_thread

    def start_measured(watch: Callable[..., None], args: tuple[object, ...]) -> int:
        def run() -> None:
            sys.settrace(threading.gettrace())
            watch(*args)

        return start(run, ()) if threading.gettrace() else start(watch, args)

    monkeypatch.setattr(_thread, "start_new_thread", start_measured)


def spin() -> None:
    """Compute for ever, as a loop does whose end was forgotten."""
    number = 0
    while True:
        number += 1


def busy(work: Callable[[], object]) -> int:
    """Do something again and again for long; how often."""
    end = time.monotonic() + LONG
    times = 0
    while time.monotonic() < end:
        work()
        times += 1
    return times


# --- who is stuck --------------------------------------------------------------------------------


def test_an_endless_loop_is_ended() -> None:
    """The actor fails with an error that names it and its line, raised where it is run."""
    with Dispatcher(watchdog=LIMIT) as d:
        ref = d.spawn(spin, name="dizzy")
        with pytest.raises(ActorStuckError) as caught:
            d.settle()
        assert caught.value is ref.error
        assert caught.value.actor is ref
    assert re.search(r"'dizzy' .*test_watchdog\.py:\d+; .*perform\(\)", str(caught.value))


def test_the_others_go_on() -> None:
    """One is stuck, and the next is served as if nothing had been."""

    def clerk() -> str:
        receive(Go)
        return "served"

    with Dispatcher(watchdog=LIMIT) as d:
        d.spawn(spin)
        ref = d.spawn(clerk)
        ref.send(Go())
        with pytest.raises(ActorStuckError):
            d.settle()
        d.settle()
        assert ref.result == "served"


def test_except_exception_does_not_swallow_it() -> None:
    """Its clean-up runs, as at every end."""
    log: list[str] = []

    def stubborn() -> None:
        try:
            while True:
                try:
                    spin()
                except Exception:
                    log.append("swallowed")
        finally:
            log.append("clean-up")

    with Dispatcher(watchdog=LIMIT) as d:
        d.spawn(stubborn)
        with pytest.raises(ActorStuckError):
            d.settle()
    assert log == ["clean-up"]


def test_who_swallows_even_that_is_hit_again() -> None:
    """A bare `except` in a loop comes round to the same loop."""
    log: list[str] = []

    def stubborn() -> None:
        while len(log) < 2:
            try:
                spin()
            except BaseException:
                log.append("swallowed")

    with Dispatcher(watchdog=LIMIT) as d:
        ref = d.spawn(stubborn)
        with pytest.raises(ActorStuckError):
            d.settle()
        assert not ref.alive
    assert log == ["swallowed", "swallowed"]


def test_who_swallows_it_and_waits_has_its_grace() -> None:
    """The actor is told to be stuck and lives on; its waits raise after five seconds."""

    def stubborn() -> None:
        try:
            spin()
        except BaseException:
            receive(Go)

    with Dispatcher(watchdog=LIMIT) as d:
        ref = d.spawn(stubborn)
        d.settle()
        assert ref.alive
        with pytest.raises(ActorStuckError):
            d.advance(5)
        assert not ref.alive


def test_clean_up_of_a_stuck_actor_may_wait() -> None:
    """No block that it leaves hears anything meanwhile."""
    log: list[str] = []

    def tidy() -> None:
        with until(Go):
            try:
                spin()
            finally:
                sleep(1)
                log.append("clean-up")
        log.append("never here")

    with Dispatcher(watchdog=LIMIT) as d:
        ref = d.spawn(tidy)
        d.settle()
        ref.send(Go())
        with pytest.raises(ActorStuckError):
            d.run()
    assert log == ["clean-up"]


@pytest.mark.parametrize("where", ["handler", "where", "region", "clean-up"])
def test_wherever_the_actors_code_runs_it_is_watched(where: str) -> None:
    """In a handler, in a predicate, in a region, and in clean-up."""

    def actor() -> None:
        match where:
            case "handler":
                with on(Go, lambda _: spin()):
                    sleep(1)
            case "where":
                receive(Go, where=lambda _: spin())
            case "region":
                parallel(lambda: receive(Go), spin)
            case _:
                try:
                    receive(Go)
                finally:
                    spin()

    with Dispatcher(watchdog=LIMIT) as d:
        ref = d.spawn(actor)
        ref.send(Go())
        with pytest.raises(ActorStuckError):
            d.settle()
        assert not ref.alive


def test_a_call_into_c_is_ended_when_it_returns() -> None:
    """Nothing can be raised in the midst of it."""
    log: list[str] = []

    def blocking() -> None:
        threading.Event().wait(LONG)
        log.append("never here")

    with Dispatcher(watchdog=LIMIT) as d:
        d.spawn(blocking)
        with pytest.raises(ActorStuckError):
            d.settle()
    assert log == []


def test_a_stuck_child_ends_its_parent() -> None:
    """As every failure does."""
    log: list[str] = []

    def parent() -> None:
        try:
            spawn(spin)
            receive(Go)
        finally:
            log.append("parent's clean-up")

    with Dispatcher(watchdog=LIMIT) as d:
        ref = d.spawn(parent)
        with pytest.raises(Exception, match="failed with ActorStuckError"):
            d.run(until=ref)
    assert log == ["parent's clean-up"]


def test_who_hangs_under_close_is_ended() -> None:
    """Closing a dispatcher runs the clean-up of its actors, and watches that too."""

    def hanging() -> None:
        try:
            receive(Go)
        finally:
            spin()

    d = Dispatcher(watchdog=LIMIT)
    d.spawn(hanging)
    d.settle()
    with pytest.raises(ActorStuckError):
        d.close()


def test_what_an_actor_leaves_may_take_long_to_go() -> None:
    """Then nobody is stuck; the watchdog sees that, and who is stuck after it."""

    class Slow:
        def __del__(self) -> None:
            busy(int)

    with Dispatcher(watchdog=LIMIT) as d:
        d.spawn(Slow)
        ref = d.spawn(busy, int, name="dizzy")
        with pytest.raises(ActorStuckError, match="dizzy"):
            d.settle()
        assert not ref.alive


# --- who is not ----------------------------------------------------------------------------------


def test_who_takes_its_own_mail_is_not_stuck() -> None:
    """It never lets go, and yet it comes to a wait each time; here for the very same event."""
    tick = Tick()

    def selfish() -> int:
        def turn() -> None:
            me().send(tick)
            receive(Tick)

        return busy(turn)

    with Dispatcher(watchdog=LIMIT) as d:
        assert d.run(until=d.spawn(selfish)) > 10


def test_who_lets_the_others_run_is_not_stuck() -> None:
    """Also when there are no others."""
    with Dispatcher(watchdog=LIMIT) as d:
        assert d.run(until=d.spawn(busy, pause)) > 10


def test_who_is_run_again_and_again_is_not_stuck() -> None:
    """One actor, seen at every look, in a thousand runs."""

    def clerk() -> None:
        while True:
            receive(Go)

    with Dispatcher(watchdog=LIMIT) as d:
        ref = d.spawn(clerk)

        def drive() -> None:
            ref.send(Go())
            d.settle()

        assert busy(drive) > 10
        assert ref.state == ("clerk",)


def test_who_waits_is_not_stuck() -> None:
    """For a real time, or for a call that is out."""

    def patient() -> str:
        sleep(LONG)
        perform(time.sleep, LONG)
        return "done"

    with Dispatcher(clock=RealClock(), watchdog=LIMIT) as d:
        assert d.run(until=d.spawn(patient)) == "done"


def test_steps_are_what_they_are_without_a_watchdog() -> None:
    """It makes no delivery, and takes none."""

    def counter() -> None:
        receive(Go)
        busy(int)
        receive(Go)

    def steps(watchdog: float | None) -> list[bool]:
        with Dispatcher(watchdog=watchdog) as d:
            ref: ActorRef[None] = d.spawn(counter)
            for _ in range(2):
                ref.send(Go())
            done = [d.step() for _ in range(4)]
            assert not ref.alive
            return done

    assert steps(2 * LONG) == steps(None) == [True, True, True, False]


# --- the dispatcher -----------------------------------------------------------------------------


def test_its_thread_ends_with_the_dispatcher() -> None:
    """And Python knows of no more threads than before, so that `send` asks nothing more."""
    known = threading.active_count()
    before = threading._active.copy()  # type: ignore[attr-defined]
    d = Dispatcher(watchdog=LIMIT)
    assert threading.active_count() == known
    assert threading._active == before  # type: ignore[attr-defined]
    watchdog = d.watchdog
    assert watchdog is not None
    d.close()
    assert watchdog.over.wait(5)


@pytest.mark.parametrize("limit", [0, -1, True, "2"])
def test_the_limit_is_a_time(limit: float) -> None:
    """A number of seconds, more than none."""
    with pytest.raises(ValueError, match="watchdog is a number of seconds"):
        Dispatcher(watchdog=limit)
