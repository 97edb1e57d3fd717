"""Stopping: an actor ends at its wait, with its clean-up, in its grace."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from flowlet import (
    ActorRef,
    Dispatcher,
    Event,
    emit,
    me,
    now,
    parallel,
    receive,
    sleep,
    spawn,
    state,
    until,
)

Log = list[tuple[float, str]]


class Go(Event): ...


class Job(Event):
    number: int = 0


def test_stop_ends_an_actor_at_its_wait() -> None:
    """A stopped actor has cleaned up and has no error."""
    log: list[str] = []

    def worker() -> None:
        try:
            receive(Go)
        finally:
            log.append("cleaned up")

    with Dispatcher() as d:
        ref = d.spawn(worker)
        d.settle()
        ref.stop()
        d.settle()
        assert (ref.alive, ref.error) == (False, None)
    assert log == ["cleaned up"]


def test_stop_runs_exits_innermost_first() -> None:
    """Ending is unwinding."""
    log: list[str] = []

    def worker() -> None:
        try:
            try:
                receive(Go)
            finally:
                log.append("inner")
        finally:
            log.append("outer")

    with Dispatcher() as d:
        ref = d.spawn(worker)
        d.settle()
        ref.stop()
        d.settle()
    assert log == ["inner", "outer"]


def test_clean_up_of_a_stopped_actor_may_wait() -> None:
    """Within its grace, clean-up takes the time that it needs, and hears mail."""
    log: Log = []

    def worker() -> None:
        try:
            receive(Go)
        finally:
            sleep(2)
            job = receive(Job, after=2)
            log.append((now(), type(job).__name__))

    with Dispatcher() as d:
        ref = d.spawn(worker)
        d.settle()
        ref.stop()
        d.advance(1)
        seen = [ref.alive]
        ref.send(Job())
        d.advance(1)
        seen.append(ref.alive)
    assert seen == [True, False]
    assert log == [(2.0, "Job")]


def test_the_grace_of_a_stopped_actor_ends() -> None:
    """After `grace` seconds the waits of the clean-up raise; outer clean-up still runs."""
    log: Log = []

    def worker() -> None:
        try:
            try:
                receive(Go)
            finally:
                sleep(100)
                log.append((now(), "never here"))
        finally:
            log.append((now(), "outer"))

    with Dispatcher() as d:
        ref = d.spawn(worker)
        d.settle()
        ref.stop(grace=1.5)
        d.run()
        assert not ref.alive
    assert log == [(1.5, "outer")]


def test_the_grace_is_five_seconds_where_none_is_given() -> None:
    """`stop()` is `stop(grace=5.0)`."""
    log: list[float] = []

    def worker() -> None:
        try:
            receive(Go)
        finally:
            try:
                sleep(100)
            finally:
                log.append(now())

    with Dispatcher() as d:
        ref = d.spawn(worker)
        d.settle()
        ref.stop()
        d.run()
    assert log == [5.0]


def test_after_the_grace_every_further_wait_raises() -> None:
    """Clean-up that insists on waiting is not waited for, block by block."""
    log: list[str] = []

    def worker() -> None:
        try:
            try:
                receive(Go)
            finally:
                sleep(100)
        finally:
            log.append("one more")
            sleep(100)
            log.append("never here")

    with Dispatcher() as d:
        ref = d.spawn(worker)
        d.settle()
        ref.stop(grace=1)
        d.run()
        assert (ref.alive, d.now()) == (False, 1.0)
    assert log == ["one more"]


def test_an_actor_that_was_stopped_before_its_start_never_runs() -> None:
    """There is nothing to clean up."""
    log: list[str] = []

    def worker() -> None:
        log.append("started")

    with Dispatcher() as d:
        ref = d.spawn(worker)
        ref.stop()
        d.settle()
        assert not ref.alive
    assert log == []


def test_stopping_twice_or_too_late_does_nothing() -> None:
    """A second stop does not disturb the clean-up; one after the end is no error."""
    log: list[float] = []

    def worker() -> None:
        try:
            receive(Go)
        finally:
            sleep(2)
            log.append(now())

    with Dispatcher() as d:
        ref = d.spawn(worker)
        d.settle()
        ref.stop()
        d.advance(1)
        ref.stop()
        d.run()
        ref.stop()
        d.settle()
    assert log == [2.0]


def test_an_actor_may_stop_another() -> None:
    """A ref stops from inside a run as well."""

    def sleeper() -> None:
        sleep(100)

    def alarm(target: ActorRef[None]) -> None:
        sleep(3)
        target.stop()

    with Dispatcher() as d:
        ref = d.spawn(sleeper)
        d.spawn(alarm, ref)
        d.run()
        assert (ref.alive, d.now()) == (False, 3.0)


def test_an_actor_may_stop_itself() -> None:
    """It ends at its next wait at the latest."""
    log: list[str] = []

    def worker() -> None:
        try:
            me().stop()
            receive(Go)
            log.append("never here")
        finally:
            log.append("cleaned up")

    with Dispatcher() as d:
        ref = d.spawn(worker)
        d.settle()
        assert not ref.alive
    assert log == ["cleaned up"]


# --- mail that was there before the stop ----------------------------------------------------------


@pytest.fixture(params=["unseen", "watched"])
def d(request: pytest.FixtureRequest) -> Iterator[Dispatcher]:
    """A dispatcher to which nobody listens, and one with a listener: it makes no difference."""
    listeners = [lambda _record: None] if request.param == "watched" else []
    with Dispatcher(instruments=listeners) as d:
        yield d


class Early(Event): ...


class Late(Event): ...


def alone() -> None:
    receive(Go)


def in_one_region() -> None:
    parallel(alone)


def beside_another_region() -> None:
    parallel(lambda: receive(Late), alone)


@pytest.mark.parametrize("work", [alone, in_one_region, beside_another_region])
def test_clean_up_meets_the_older_mail_first(d: Dispatcher, work: Callable[[], None]) -> None:
    """What was about to be taken when the stop came is younger than what was kept before."""
    log: list[str] = []

    def worker() -> None:
        try:
            with state("busy", defer=(Early,)):
                work()
        finally:
            log.extend(type(receive(Go, Early, Late)).__name__ for _ in range(3))

    ref = d.spawn(worker)
    d.settle()
    ref.send(Early())
    d.settle()
    ref.send(Go())
    ref.stop()
    ref.send(Late())
    d.settle()
    assert (ref.alive, log) == (False, ["Early", "Go", "Late"])


@pytest.mark.parametrize("rest", [sleep, lambda seconds: receive(Go, after=seconds)])
def test_clean_up_meets_the_mail_that_was_there_before_it_waited(
    d: Dispatcher, rest: Callable[[float], object]
) -> None:
    """It waits for something else first, and what comes meanwhile is younger."""
    log: list[str] = []

    def worker() -> None:
        try:
            receive(Early)
        finally:
            with state("resting", defer=(Early, Late)):
                rest(1)
            log.extend(type(receive(Early, Late)).__name__ for _ in range(2))

    ref = d.spawn(worker)
    d.settle()
    ref.send(Early())
    ref.stop()
    d.settle()
    ref.send(Late())
    d.run()
    assert (ref.alive, log) == (False, ["Early", "Late"])


def test_mail_that_clean_up_has_taken_is_gone(d: Dispatcher) -> None:
    """When the grace runs out at a later wait, nothing is looked for any more."""
    log: list[object] = []

    def worker() -> None:
        try:
            receive(Go)
        finally:
            log.append(receive(Go))
            try:
                receive(Late, after=9)
            except Exception as error:
                log.append(error)

    ref = d.spawn(worker)
    d.settle()
    ref.send(Go())
    ref.stop(grace=1)
    d.run()
    assert (ref.alive, log, d.now()) == (False, [Go()], 1.0)


def takes_too_long() -> None:
    receive(Go, after=5)


def sleeps_too_long() -> None:
    sleep(5)


def takes_too_long_in_a_region() -> None:
    parallel(takes_too_long, lambda: receive(Go))


@pytest.mark.parametrize("work", [takes_too_long, sleeps_too_long, takes_too_long_in_a_region])
def test_a_child_that_is_ended_at_the_instant_of_its_timeout(
    d: Dispatcher, work: Callable[[], None]
) -> None:
    """The parent is first; the timeout is gone, and the kept mail in its order."""
    log: list[tuple[float, str]] = []

    def worker() -> None:
        try:
            with state("busy", defer=(Early, Late)):
                work()
            log.append((now(), "never here"))
        finally:
            sleep(1)
            log.extend((now(), type(receive(Early, Late)).__name__) for _ in range(2))

    def parent() -> None:
        with spawn(worker, name="worker"):
            sleep(5)
        log.append((now(), "parent goes on"))

    d.spawn(parent)
    d.advance(3)
    ref = d.find("worker")
    assert ref is not None
    ref.send(Early())
    ref.send(Late())
    d.run()
    assert log == [(6.0, "Early"), (6.0, "Late"), (6.0, "parent goes on")]


def test_a_stop_inside_an_except_star_is_a_stop(d: Dispatcher) -> None:
    """Python makes a group of what is raised there, and nobody outside sees one."""

    def careful() -> None:
        try:
            raise ExceptionGroup("both", [ValueError(), KeyError()])
        except* ValueError:
            receive(Go)
        except* KeyError:
            emit("the other part is handled as well")

    ref = d.spawn(careful)
    d.settle()
    ref.stop()
    d.settle()
    assert (ref.alive, ref.error) == (False, None)


def test_a_block_is_left_out_of_an_except_star(d: Dispatcher) -> None:
    def careful() -> str:
        with until(Job) as end:
            try:
                raise ExceptionGroup("one", [ValueError()])
            except* ValueError:
                receive(Go)
        return repr(end.event)

    ref = d.spawn(careful)
    d.settle()
    ref.send(Job())
    d.settle()
    assert ref.result == "Job(number=0)"
