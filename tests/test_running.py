"""A dispatcher owns a run: it starts actors, delivers mail, and moves time when told to."""

from __future__ import annotations

import contextvars
from concurrent.futures import ThreadPoolExecutor

import pytest
from greenlet import greenlet

from flowlet import ActorRef, Dispatcher, Event, FlowletError, emit, now, receive, sleep, spawn


class Go(Event): ...


class Number(Event):
    value: int = 0


def test_a_spawned_actor_starts_at_the_next_settle() -> None:
    """Spawning runs nothing."""
    log: list[str] = []

    def worker() -> None:
        log.append("started")

    with Dispatcher() as d:
        d.spawn(worker)
        assert log == []
        d.settle()
    assert log == ["started"]


def test_actors_start_in_the_order_in_which_they_were_spawned() -> None:
    """The first spawned is the first to run."""
    log: list[int] = []

    def worker(number: int) -> None:
        log.append(number)

    with Dispatcher() as d:
        for number in range(10):
            d.spawn(worker, number)
        d.settle()
    assert log == list(range(10))


def test_settle_lets_time_stand_still() -> None:
    """Everything that is ready is done; a timer of a millisecond is not ready."""

    def worker() -> None:
        receive(Go, at="ready")
        sleep(0.001)

    with Dispatcher() as d:
        ref = d.spawn(worker)
        ref.send(Go())
        d.settle()
        assert (d.now(), ref.alive) == (0.0, True)


def test_settle_follows_mail_to_its_end() -> None:
    """A message that causes a message is handled in the same settle."""

    def relay(successor: ActorRef[None] | None) -> None:
        number = receive(Number).value
        if successor is None:
            emit(number)
        else:
            successor.send(Number(number + 1))

    with Dispatcher() as d:
        last = d.spawn(relay, None)
        first = last
        for _ in range(20):
            first = d.spawn(relay, first)
        first.send(Number(0))
        d.settle()
        assert last.take() == [20]


def test_settle_with_nothing_to_do_does_nothing() -> None:
    """An empty dispatcher is quiet."""
    with Dispatcher() as d:
        d.settle()
        d.advance(3)
        d.run()
        assert (d.now(), d.next_deadline, d.step()) == (3.0, None, False)


def test_advance_includes_the_instant_at_its_end() -> None:
    """A timer that is due exactly then goes off, and what follows from it is done."""
    log: list[float] = []

    def worker() -> None:
        sleep(5)
        log.append(now())

    with Dispatcher() as d:
        d.spawn(worker)
        d.advance(5)
    assert log == [5.0]


def test_many_small_steps_are_one_large_one() -> None:
    """How time is cut does not matter."""

    def program(step: float, times: int) -> list[tuple[float, str]]:
        log: list[tuple[float, str]] = []

        def clockwork(name: str, period: float) -> None:
            while True:
                sleep(period)
                log.append((now(), name))

        with Dispatcher() as d:
            d.spawn(clockwork, "a", 3)
            d.spawn(clockwork, "b", 2)
            for _ in range(times):
                d.advance(step)
        return log

    assert program(0.5, 24) == program(12, 1)


def test_time_does_not_go_back() -> None:
    """A negative step is refused, and changes nothing."""
    with Dispatcher() as d:
        d.advance(2)
        with pytest.raises((ValueError, FlowletError)):
            d.advance(-1)
        assert d.now() == 2.0


def test_run_goes_on_until_nothing_can_happen() -> None:
    """All timers go off; actors that wait for mail are left waiting."""

    def worker() -> float:
        sleep(3)
        sleep(4)
        return now()

    def listener() -> None:
        receive(Go)

    with Dispatcher() as d:
        ref, waiting = d.spawn(worker), d.spawn(listener)
        d.run()
        assert (ref.result, d.now(), waiting.alive) == (7.0, 7.0, True)


def test_run_until_a_time_stops_there() -> None:
    """Time ends exactly where it was told to, between two timers."""
    log: list[float] = []

    def clockwork() -> None:
        while True:
            sleep(2)
            log.append(now())

    with Dispatcher() as d:
        d.spawn(clockwork)
        d.run(until=7)
        assert d.now() == 7.0
    assert log == [2.0, 4.0, 6.0]


def test_run_until_a_time_is_a_point_not_a_span() -> None:
    """`run(until=7)` twice is 7, not 14."""
    with Dispatcher() as d:
        d.run(until=7)
        d.run(until=7)
        assert d.now() == 7.0
        d.run(until=9.5)
        assert d.now() == 9.5


def test_run_until_an_actor_returns_its_result() -> None:
    """Time moves as far as that actor needs, no further."""

    def worker() -> str:
        sleep(3)
        return "done"

    def other() -> None:
        sleep(10)

    with Dispatcher() as d:
        slow = d.spawn(other)
        assert d.run(until=d.spawn(worker)) == "done"
        assert (d.now(), slow.alive) == (3.0, True)


def test_run_until_an_actor_that_has_ended_returns_at_once() -> None:
    """Its result is still there."""

    def worker() -> str:
        return "done"

    with Dispatcher() as d:
        ref = d.spawn(worker)
        d.settle()
        assert d.run(until=ref) == "done"
        assert d.run(until=ref) == "done"


def test_run_until_an_actor_raises_its_error() -> None:
    """The failure of the awaited actor is raised where it is awaited, and only there."""

    def worker() -> None:
        sleep(3)
        raise ValueError("broken")

    with Dispatcher() as d:
        ref = d.spawn(worker)
        with pytest.raises(ValueError, match="broken"):
            d.run(until=ref)
        d.settle()
        assert (d.now(), isinstance(ref.error, ValueError)) == (3.0, True)


def test_the_next_deadline_is_the_earliest_armed_timer() -> None:
    """It is a point in time, or None where nothing is armed."""

    def sleeper(seconds: float) -> None:
        sleep(seconds)

    with Dispatcher() as d:
        assert d.next_deadline is None
        d.advance(1)
        d.spawn(sleeper, 9)
        d.spawn(sleeper, 4)
        d.settle()
        seen = [d.next_deadline]
        d.advance(4)
        seen.append(d.next_deadline)
        d.advance(5)
        seen.append(d.next_deadline)
    assert seen == [5.0, 10.0, None]


def test_a_timer_that_was_not_needed_is_no_deadline() -> None:
    """A timeout that an event made needless does not move a clock that asks."""

    def worker() -> None:
        receive(Go, after=5, at="first")
        receive(Go, at="second")

    with Dispatcher() as d:
        ref = d.spawn(worker)
        d.settle()
        ref.send(Go())
        d.settle()
        assert d.next_deadline is None
        d.run()
        assert d.now() == 0.0


def test_two_dispatchers_live_side_by_side() -> None:
    """Each has its own time, names and actors; closing one leaves the other alone."""

    def worker() -> float:
        sleep(5)
        receive(Go, at="ready")
        return now()

    with Dispatcher() as first:
        one = first.spawn(worker, name="worker")
        with Dispatcher() as second:
            two = second.spawn(worker, name="worker")
            first.advance(3)
            second.advance(8)
            assert (first.now(), second.now()) == (3.0, 8.0)
            assert (one.state == ("ready",), two.state == ("ready",)) == (False, True)
            first.advance(3)
            two.send(Go())
            second.settle()
            assert two.result == 8.0
        one.send(Go())
        first.settle()
        assert one.result == 6.0


def test_dispatchers_in_two_threads_do_not_meet() -> None:
    """A dispatcher belongs to the thread that made it; another thread may have another one."""

    def program(start: int) -> list[object]:
        def counter() -> None:
            total = start
            while True:
                total += receive(Number).value
                emit(total)
                sleep(1)

        with Dispatcher() as d:
            ref = d.spawn(counter)
            for _ in range(200):
                ref.send(Number(1))
                d.advance(1)
            return ref.take()

    with ThreadPoolExecutor(2) as pool:
        one, two = pool.map(program, [0, 1000])
    assert one == list(range(1, 201))
    assert two == list(range(1001, 1201))


def test_a_failure_does_not_stop_the_others() -> None:
    """The error is raised; the next settle goes on with the actors that are left."""
    log: list[str] = []

    def broken() -> None:
        raise ValueError("broken")

    def worker() -> None:
        receive(Go)
        log.append("worked")

    with Dispatcher() as d:
        d.spawn(broken)
        ref = d.spawn(worker)
        ref.send(Go())
        with pytest.raises(ValueError, match="broken"):
            d.settle()
        d.settle()
    assert log == ["worked"]


def test_two_failures_are_raised_one_by_one() -> None:
    """No error is lost behind another."""
    seen: list[str] = []

    def broken(name: str) -> None:
        raise ValueError(name)

    with Dispatcher() as d:
        d.spawn(broken, "first")
        d.spawn(broken, "second")
        for _ in range(2):
            with pytest.raises(ValueError, match=r"first|second") as caught:
                d.settle()
            seen.append(str(caught.value))
        d.settle()
    assert seen == ["first", "second"]


def test_a_failure_among_steps_is_raised_by_its_step() -> None:
    """One step, one turn: the error of each comes with its own."""
    seen: list[object] = []

    def broken(name: str) -> None:
        receive(Go)
        raise ValueError(name)

    with Dispatcher() as d:
        refs = [d.spawn(broken, name) for name in ("first", "second")]
        d.settle()
        for ref in refs:
            ref.send(Go())
        for _ in range(3):
            try:
                seen.append(d.step())
            except ValueError as error:
                seen.append(str(error))
    assert seen == ["first", "second", False]


def test_a_failure_is_raised_where_the_run_was_called() -> None:
    """In whatever greenlet that is, and what was left of a run before is no part of it."""
    seen: list[str] = []

    def broken(name: str) -> None:
        receive(Go)
        raise ValueError(name)

    with Dispatcher() as d:
        refs = [d.spawn(broken, name) for name in ("first", "second", "third")]
        d.settle()
        for ref in refs:
            ref.send(Go())

        def elsewhere() -> None:
            with pytest.raises(ValueError, match="second") as caught:
                d.settle()
            seen.append(str(caught.value))

        with pytest.raises(ValueError, match="first"):
            d.run(until=refs[0])
        greenlet(elsewhere).switch()
        with pytest.raises(ValueError, match="third"):
            d.run(until=refs[2])
        d.settle()
    assert seen == ["second"]


def test_a_failure_after_a_timer_is_raised_by_advance() -> None:
    """Whoever moves time hears of what went wrong in it."""

    def broken() -> None:
        sleep(2)
        raise ValueError("broken")

    with Dispatcher() as d:
        d.spawn(broken)
        with pytest.raises(ValueError, match="broken"):
            d.advance(5)


def test_an_actor_sees_the_context_of_its_spawner() -> None:
    """A context variable has the value that it had when the actor was spawned."""
    language = contextvars.ContextVar("language", default="en")
    seen: list[str] = []

    def child() -> None:
        seen.append(f"child {language.get()}")

    def worker() -> None:
        seen.append(f"worker {language.get()}")
        language.set("fr")
        spawn(child)
        language.set("it")
        sleep(1)
        seen.append(f"worker {language.get()}")

    token = language.set("de")
    try:
        with Dispatcher() as d:
            d.spawn(worker)
            language.set("es")
            d.run()
            seen.append(f"outside {language.get()}")
    finally:
        language.reset(token)
    assert seen == ["worker de", "child fr", "worker it", "outside es"]
