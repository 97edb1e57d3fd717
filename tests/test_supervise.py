"""`supervise` runs children until all have ended, and again when they fail."""

from __future__ import annotations

import contextlib
import contextvars
from collections.abc import Callable
from functools import partial
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowlet import (
    ActorRef,
    ChildFailedError,
    DeadlockError,
    Dispatcher,
    Event,
    Exited,
    IllegalCallError,
    NoReplyError,
    Request,
    RestartLimitError,
    actor,
    child,
    me,
    now,
    on,
    parallel,
    receive,
    sleep,
    spawn,
    state,
    supervise,
    until,
    watch,
    whereis,
)
from flowlet.instrument import Record, Restarted

Log = list[tuple[float, str]]


class Job(Event):
    number: int = 0


class Crash(Event): ...


class Leave(Event): ...


class Count(Request[int]): ...


def told(log: Log, what: str) -> None:
    log.append((now(), f"{me().name} {what}"))


def worker(log: Log, clean_up: float = 0) -> None:
    """Tells of its life; fails on a Crash, ends on a Leave."""
    told(log, "begins")
    try:
        while True:
            match receive(Job, Crash, Leave):
                case Job(number):
                    told(log, f"job {number}")
                case Crash():
                    raise ValueError("crashed")
                case Leave():
                    told(log, "leaves")
                    return
    finally:
        if clean_up:
            sleep(clean_up)
            told(log, "is clean")


def team(
    log: Log,
    *names: str,
    strategy: Literal["one_for_one", "one_for_all", "rest_for_one"] = "one_for_one",
    clean_up: float = 0,
) -> Callable[[], None]:
    def boss() -> None:
        try:
            supervise(
                *(child(worker, log, clean_up, name=name) for name in names), strategy=strategy
            )
        finally:
            log.append((now(), "boss goes on"))

    return boss


def refs(d: Dispatcher, *names: str) -> list[ActorRef[Any]]:
    found = [d.find(name) for name in names]
    return [ref for ref in found if ref is not None]


# --- results --------------------------------------------------------------------------------


def test_the_results_come_in_order_when_all_have_ended() -> None:
    """Whoever is first; a bare function is a child."""

    def slow() -> str:
        sleep(5)
        return "slow"

    def length(text: str) -> int:
        return len(text)

    def boss() -> tuple[str, int, float]:
        one, two = supervise(slow, child(length, "four"))
        return one, two, now()

    with Dispatcher() as d:
        ref = d.spawn(boss)
        d.run()
        assert ref.result == ("slow", 4, 5.0)


def test_nobody_to_supervise() -> None:
    """No children, no results, no wait."""

    def boss() -> tuple[object, ...]:
        return supervise()

    with Dispatcher() as d:
        ref = d.spawn(boss)
        d.settle()
        assert ref.result == ()


# --- one for one ----------------------------------------------------------------------------


def test_a_child_that_fails_is_run_again() -> None:
    """It keeps its handle and its name; the others notice nothing."""
    log: Log = []
    with Dispatcher() as d:
        d.spawn(team(log, "a", "b"))
        d.settle()
        a, _ = refs(d, "a", "b")
        a.send(Crash())
        d.settle()
        assert d.find("a") is a
        a.send(Job(1))
        d.settle()
    assert log == [(0.0, "a begins"), (0.0, "b begins"), (0.0, "a begins"), (0.0, "a job 1"),
                   (0.0, "boss goes on")]  # fmt: skip


def test_unread_mail_is_kept_without_the_event_that_it_failed_on() -> None:
    """In its order."""
    log: Log = []
    with Dispatcher() as d:
        d.spawn(team(log, "a"))
        d.settle()
        (a,) = refs(d, "a")
        for event in (Job(1), Crash(), Job(2), Job(3)):
            a.send(event)
        d.settle()
        assert [what for _, what in log] == ["a begins", "a job 1", "a begins", "a job 2",
                                            "a job 3"]  # fmt: skip
        assert (a.alive, a.discarded, a.error) == (True, 0, None)


def test_a_child_fails_before_its_first_wait() -> None:
    """Mail that it never saw is there for the next life."""
    lives: list[int] = []

    def slow_start() -> int:
        lives.append(len(lives))
        if len(lives) < 3:
            raise ValueError("not yet")
        return receive(Job).number

    def boss() -> tuple[int]:
        return supervise(child(slow_start, name="a"))

    with Dispatcher() as d:
        ref = d.spawn(boss)
        d.spawn(lambda: whereis("a").send(Job(7)))
        d.settle()
        assert (ref.result, lives) == ((7,), [0, 1, 2])


def test_a_child_that_returns_is_not_run_again() -> None:
    """`on_error` is the default."""
    log: Log = []
    with Dispatcher() as d:
        boss = d.spawn(team(log, "a"))
        d.settle()
        refs(d, "a")[0].send(Leave())
        d.settle()
        assert not boss.alive
    assert [what for _, what in log] == ["a begins", "a leaves", "boss goes on"]


def test_a_child_that_is_always_restarted() -> None:
    """Also when it returns; a limit counts that too."""

    def boss() -> None:
        supervise(child(sleep, 1, name="tick", restart="always"), max_restarts=2, within=10)

    with Dispatcher() as d:
        ref = d.spawn(boss)
        with pytest.raises(RestartLimitError, match=r"child 'tick' returned, after 2 restarts"):
            d.run()
        assert (d.now(), ref.alive) == (3.0, False)


def test_the_failure_of_a_child_that_is_never_restarted_is_raised() -> None:
    """As it is, after the others have been stopped, the last one first."""
    log: Log = []

    def boss() -> None:
        try:
            supervise(
                child(worker, log, 1, name="a"),
                child(worker, log, 1, name="b"),
                child(worker, log, name="c", restart="never"),
            )
        except ValueError as error:
            log.append((now(), f"boss: {error}"))

    with Dispatcher() as d:
        ref = d.spawn(boss)
        d.settle()
        (c,) = refs(d, "c")
        c.send(Crash())
        d.run()
        assert (ref.error, ref.alive, c.state) == (None, False, ("error: ValueError",))
    assert log[3:] == [(1.0, "b is clean"), (2.0, "a is clean"), (2.0, "boss: crashed")]


def test_a_child_whose_own_child_fails_is_run_again() -> None:
    """`ChildFailedError` is a failure like any other; the next life is sound."""
    lives: list[float] = []

    def grandchild() -> None:
        if len(lives) < 2:
            raise ValueError("broken")

    def middle() -> str:
        lives.append(now())
        spawn(grandchild)
        sleep(1)
        return "well"

    with Dispatcher() as d:
        ref = d.spawn(lambda: supervise(middle))
        d.run()
        assert (ref.result, lives) == (("well",), [0.0, 0.0])


def test_the_children_of_a_life_end_with_it() -> None:
    """Before the next one begins; mail that comes meanwhile is kept."""
    log: Log = []

    def grandchild() -> None:
        try:
            receive(Leave)
        finally:
            sleep(2)
            told(log, "is clean")

    def middle() -> int:
        told(log, "begins")
        if len(log) == 1:
            spawn(grandchild, name="g")
            receive(Crash)
            raise ValueError("crashed")
        return receive(Job).number

    with Dispatcher() as d:
        ref = d.spawn(lambda: supervise(child(middle, name="m")))
        d.settle()
        (m,) = refs(d, "m")
        m.send(Job(1))
        m.send(Crash())
        d.advance(1)
        m.send(Job(2))
        d.run()
        assert ref.result == (2,)
    assert log == [(0.0, "m begins"), (2.0, "g is clean"), (2.0, "m begins")]


def test_a_new_life_begins_with_nothing_of_the_old_one() -> None:
    """No block, no time limit, no context variable."""
    place: contextvars.ContextVar[str] = contextvars.ContextVar("place", default="nowhere")
    seen: list[object] = []

    def forgetful() -> None:
        seen.append((me().state, place.get()))
        place.set("in a life")
        with state("working"), until(after=5):
            receive(Crash)
            raise ValueError("crashed")

    def boss() -> None:
        place.set("at the boss's")
        with until(after=20):
            supervise(child(forgetful, name="f"))

    with Dispatcher() as d:
        d.spawn(boss)
        d.settle()
        refs(d, "f")[0].send(Crash())
        d.run()
    assert seen == [((), "at the boss's"), ((), "at the boss's")]


# --- the limit ------------------------------------------------------------------------------


def test_over_the_limit_the_others_are_stopped_and_an_error_is_raised() -> None:
    """It says who, how often, and why."""
    log: Log = []
    with Dispatcher() as d:
        d.spawn(team(log, "a", "b", clean_up=1))
        d.settle()
        _, b = refs(d, "a", "b")
        for _ in range(4):
            b.send(Crash())
        with pytest.raises(RestartLimitError) as caught:
            d.run()
        error = caught.value
        assert (error.child, error.count) == (b, 3)
        assert error.cause is error.__cause__ is b.error
        assert isinstance(b.error, ValueError)
        assert (
            "child 'b' failed with ValueError: crashed, after 3 restarts in 5 s, as many as "
            "supervise(max_restarts=3, within=5) allows"
        ) in str(error)
    assert [what for _, what in log if "clean" in what] == ["b is clean"] * 4 + ["a is clean"]


def test_only_the_restarts_of_late_count() -> None:
    """`within` is a window that slides with the clock."""
    log: Log = []
    with Dispatcher() as d:
        boss = d.spawn(team(log, "a"))
        d.settle()
        (a,) = refs(d, "a")
        for _ in range(10):
            a.send(Crash())
            d.advance(2)
        assert boss.alive
        for _ in range(2):
            a.send(Crash())
        with pytest.raises(RestartLimitError):
            d.settle()


def test_a_restart_so_many_seconds_ago_still_counts() -> None:
    """The edge of the window belongs to it."""
    for pause, alive in ((5.0, False), (5.5, True)):
        log: Log = []
        with Dispatcher() as d:
            boss = d.spawn(partial(supervise, child(worker, log, name="a"), max_restarts=1))
            d.settle()
            (a,) = refs(d, "a")
            a.send(Crash())
            d.advance(pause)
            a.send(Crash())
            with contextlib.suppress(RestartLimitError):
                d.settle()
            assert boss.alive is alive


def test_without_restarts_the_first_failure_is_over_the_limit() -> None:
    """`max_restarts=0` is a limit too."""

    def divide() -> float:
        sleep(1)
        return 1 / 0

    def boss() -> str:
        try:
            supervise(divide, max_restarts=0)
        except RestartLimitError as error:
            return f"{error.count} {type(error.cause).__name__}"
        return "no limit"

    with Dispatcher() as d:
        ref = d.spawn(boss)
        d.run()
        assert ref.result == "0 ZeroDivisionError"


def test_the_restarts_of_all_children_count_together() -> None:
    """The limit is on the call."""
    log: Log = []
    with Dispatcher() as d:
        d.spawn(team(log, "a", "b"))
        d.settle()
        a, b = refs(d, "a", "b")
        for ref in (a, b, a, b):
            ref.send(Crash())
        with pytest.raises(RestartLimitError, match="child 'b' failed"):
            d.settle()


# --- the strategies -------------------------------------------------------------------------


def test_one_for_all_stops_the_others_in_reverse_and_starts_all_in_order() -> None:
    """Each has cleaned up before the next one is stopped."""
    log: Log = []
    with Dispatcher() as d:
        d.spawn(team(log, "a", "b", "c", strategy="one_for_all", clean_up=1))
        d.settle()
        del log[:]
        refs(d, "b")[0].send(Crash())
        d.run()
        assert log == [
            (1.0, "b is clean"), (2.0, "c is clean"), (3.0, "a is clean"),
            (3.0, "a begins"), (3.0, "b begins"), (3.0, "c begins"),
        ]  # fmt: skip


def test_rest_for_one_restarts_those_that_were_started_later() -> None:
    """The earlier ones go on."""
    log: Log = []
    with Dispatcher() as d:
        d.spawn(team(log, "a", "b", "c", "d", strategy="rest_for_one", clean_up=1))
        d.settle()
        del log[:]
        refs(d, "b")[0].send(Crash())
        d.run()
        assert log == [
            (1.0, "b is clean"), (2.0, "d is clean"), (3.0, "c is clean"),
            (3.0, "b begins"), (3.0, "c begins"), (3.0, "d begins"),
        ]  # fmt: skip


def test_those_that_are_restarted_with_another_keep_their_mail() -> None:
    """Also what is sent between two lives."""
    log: Log = []
    with Dispatcher() as d:
        d.spawn(team(log, "a", "b", strategy="one_for_all", clean_up=2))
        d.settle()
        del log[:]
        a, b = refs(d, "a", "b")
        b.send(Crash())
        b.send(Job(1))
        d.advance(3)
        assert (a.state, b.state) == (("worker", "sleep"), ("error: ValueError",))
        assert (b.alive, b.accepts) == (True, set())
        a.send(Job(2))
        b.send(Job(3))
        d.run()
    assert log[2:-1] == [(4.0, "a begins"), (4.0, "a job 2"), (4.0, "b begins"), (4.0, "b job 1"),
                         (4.0, "b job 3")]  # fmt: skip


def test_a_child_that_has_ended_stays_so() -> None:
    """Its result is known already."""
    log: Log = []
    with Dispatcher() as d:
        boss = d.spawn(team(log, "a", "b", strategy="one_for_all"))
        d.settle()
        a, b = refs(d, "a", "b")
        a.send(Leave())
        d.settle()
        b.send(Crash())
        d.settle()
        assert not a.alive
        b.send(Leave())
        d.settle()
        assert not boss.alive
    assert [what for _, what in log] == [
        "a begins", "b begins", "a leaves", "b begins", "b leaves", "boss goes on",
    ]  # fmt: skip


def test_one_that_is_never_restarted_is_stopped_with_the_others_for_good() -> None:
    """As in OTP, for a temporary child."""
    log: Log = []

    def boss() -> tuple[object, ...]:
        return supervise(
            child(worker, log, name="a", restart="never"),
            child(worker, log, name="b"),
            strategy="one_for_all",
        )

    with Dispatcher() as d:
        ref = d.spawn(boss)
        d.settle()
        a, b = refs(d, "a", "b")
        b.send(Crash())
        d.settle()
        assert (a.alive, b.alive) == (False, True)
        b.send(Leave())
        d.settle()
        assert ref.result == (None, None)


def test_a_failure_in_the_clean_up_of_a_restart_does_not_stop_it() -> None:
    """It is told to listeners with the restart, and not counted."""
    restarted: list[tuple[str, str]] = []

    def listener(record: Record) -> None:
        if isinstance(record, Restarted):
            restarted.append((record.actor.name, type(record.error).__name__))

    def untidy() -> None:
        try:
            receive(Leave)
        finally:
            if now() < 1:
                raise KeyError("lost")

    def boss() -> tuple[object, ...]:
        log: Log = []
        return supervise(
            child(untidy, name="a"), child(worker, log, name="b"), strategy="one_for_all",
            max_restarts=1,
        )  # fmt: skip

    with Dispatcher(instruments=[listener]) as d:
        ref = d.spawn(boss)
        d.settle()
        a, b = refs(d, "a", "b")
        b.send(Crash())
        d.settle()
        assert (a.alive, b.alive) == (True, True)
        d.advance(2)
        a.send(Leave())
        b.send(Leave())
        d.settle()
        assert ref.error is not None or not ref.alive
    assert restarted[:2] == [("a", "KeyError"), ("b", "ValueError")]


def test_an_earlier_one_that_fails_meanwhile_is_restarted_with_them() -> None:
    """All go on together, in the order of their start."""
    log: Log = []
    with Dispatcher() as d:
        d.spawn(team(log, "a", "b", "c", strategy="rest_for_one", clean_up=2))
        d.settle()
        del log[:]
        a, b = refs(d, "a", "b")
        b.send(Crash())
        d.advance(1)
        a.send(Crash())
        d.run()
        assert log == [
            (2.0, "b is clean"), (3.0, "a is clean"), (4.0, "c is clean"),
            (4.0, "a begins"), (4.0, "b begins"), (4.0, "c begins"),
        ]  # fmt: skip


def test_a_sibling_that_does_not_come_to_an_end_is_given_five_seconds() -> None:
    """Then its waits raise, as after `stop()`."""
    log: Log = []
    with Dispatcher() as d:
        d.spawn(lambda: supervise(
            child(worker, log, 100, name="a"), child(worker, log, name="b"),
            strategy="one_for_all",
        ))  # fmt: skip
        d.settle()
        del log[:]
        refs(d, "b")[0].send(Crash())
        d.run()
        assert log == [(5.0, "a begins"), (5.0, "b begins")]


# --- leaving --------------------------------------------------------------------------------


def test_an_until_outside_stops_the_children_the_last_one_first() -> None:
    """With their clean-up; then the block is left."""
    log: Log = []

    def boss() -> None:
        with until(Leave) as end:
            supervise(child(worker, log, 1, name="a"), child(worker, log, 1, name="b"))
        log.append((now(), f"boss: {end.event!r}"))

    with Dispatcher() as d:
        ref = d.spawn(boss)
        d.settle()
        del log[:]
        ref.send(Leave())
        d.run()
        assert not ref.alive
    assert log == [(1.0, "b is clean"), (2.0, "a is clean"), (2.0, "boss: Leave()")]


def test_a_stop_of_the_supervising_actor_stops_the_children() -> None:
    """Nobody is restarted any more."""
    log: Log = []
    with Dispatcher() as d:
        boss = d.spawn(team(log, "a", "b", clean_up=1))
        d.settle()
        del log[:]
        boss.stop()
        d.run()
        assert (boss.alive, d.actors) == (False, [])
    assert log == [(1.0, "b is clean"), (2.0, "a is clean"), (2.0, "boss goes on")]


def test_after_its_grace_the_children_are_ended_at_once() -> None:
    """The clean-up of all together has no more time than the actor has."""
    log: Log = []
    with Dispatcher() as d:
        boss = d.spawn(team(log, "a", "b", clean_up=2))
        d.settle()
        del log[:]
        boss.stop(grace=3)
        d.run()
        assert (boss.alive, d.actors, d.now()) == (False, [], 3.0)
    assert log == [(2.0, "b is clean"), (3.0, "boss goes on")]


def test_leaving_in_the_midst_of_a_restart() -> None:
    """Those between two lives end, and those that clean up may do so."""
    log: Log = []

    def boss() -> None:
        with until(Leave):
            team(log, "a", "b", "c", strategy="one_for_all", clean_up=2)()

    with Dispatcher() as d:
        ref = d.spawn(boss)
        d.settle()
        del log[:]
        refs(d, "c")[0].send(Crash())
        d.advance(3)
        ref.send(Leave())
        d.run()
        assert (ref.alive, d.actors) == (False, [])
    assert log == [(2.0, "c is clean"), (4.0, "b is clean"), (6.0, "a is clean"),
                   (6.0, "boss goes on")]  # fmt: skip


def test_a_failure_in_the_clean_up_of_leaving_ends_the_supervising_actor() -> None:
    """As the failure of any child does."""

    def untidy() -> None:
        try:
            receive(Leave)
        finally:
            raise KeyError("lost")

    def boss() -> None:
        with until(Leave):
            supervise(child(untidy, name="u"))

    with Dispatcher() as d:
        ref = d.spawn(boss)
        d.settle()
        ref.send(Leave())
        with pytest.raises(Exception, match="'u', a child of 'boss', failed with KeyError"):
            d.settle()


def test_a_failure_in_the_clean_up_after_a_failure_is_a_note_on_it() -> None:
    """The first one is the cause."""

    def untidy() -> None:
        try:
            receive(Leave)
        finally:
            raise KeyError("lost")

    def boss() -> None:
        log: Log = []
        supervise(child(untidy, name="u"), child(worker, log, name="w", restart="never"))

    with Dispatcher() as d:
        ref = d.spawn(boss)
        d.settle()
        refs(d, "w")[0].send(Crash())
        with pytest.raises(ValueError, match="crashed"):
            d.settle()
        assert ref.error is not None
        assert any("child 'u' failed, as it was stopped" in note for note in ref.error.__notes__)


@pytest.mark.parametrize("phase", ["unborn", "running", "between", "cleaning"])
def test_close_ends_all_at_once_in_every_phase(phase: str) -> None:
    """Nobody is restarted, nobody left over."""
    log: Log = []
    with Dispatcher() as d:
        boss = d.spawn(team(log, "a", "b", strategy="one_for_all", clean_up=2))
        if phase == "unborn":
            while d.find("b") is None:
                d.step()
        else:
            d.settle()
        if phase in ("between", "cleaning"):
            refs(d, "b")[0].send(Crash())
            d.advance(3 if phase == "between" else 1)
        began = len([what for _, what in log if what.endswith("begins")])
    assert (boss.alive, d.actors) == (False, [])
    assert len([what for _, what in log if what.endswith("begins")]) == began


# --- one child and others -------------------------------------------------------------------


def test_a_child_that_is_stopped_has_ended() -> None:
    """Whoever stops it means it, also where it is always restarted."""
    log: Log = []

    def boss() -> tuple[object, ...]:
        return supervise(
            child(worker, log, name="a", restart="always"), child(worker, log, name="b")
        )

    with Dispatcher() as d:
        ref = d.spawn(boss)
        d.settle()
        a, b = refs(d, "a", "b")
        a.stop()
        d.settle()
        assert (a.alive, ref.alive) == (False, True)
        b.send(Leave())
        d.settle()
        assert ref.result == (None, None)


@pytest.mark.parametrize("stopped", ["a", "b"])
def test_a_child_that_is_stopped_in_the_midst_of_a_restart_has_ended(stopped: str) -> None:
    """Whether it waits for the others or they wait for it; they go on without it."""
    log: Log = []
    with Dispatcher() as d:
        boss = d.spawn(team(log, "a", "b", strategy="one_for_all", clean_up=2))
        d.settle()
        del log[:]
        refs(d, "b")[0].send(Crash())
        d.advance(3)
        refs(d, stopped)[0].stop()
        d.run()
        (other,) = refs(d, "a", "b")
        assert (other.name == stopped, other.alive, boss.alive) == (False, True, True)
        assert log == [(2.0, "b is clean"), (4.0, "a is clean"), (4.0, f"{other.name} begins")]


def test_an_actor_that_watches_a_child_hears_of_its_end_alone() -> None:
    """A restart is no end."""
    log: Log = []
    heard: list[object] = []

    def nosy() -> None:
        watch(whereis("a"))
        heard.append(receive(Exited).result)

    with Dispatcher() as d:
        d.spawn(team(log, "a"))
        d.settle()
        d.spawn(nosy)
        d.settle()
        (a,) = refs(d, "a")
        a.send(Crash())
        d.settle()
        assert heard == []
        a.send(Leave())
        d.settle()
    assert heard == [None]


def test_a_request_that_a_life_took_with_it_gets_no_reply() -> None:
    """One that is still unread is answered by the next life."""
    log: list[str] = []

    def counter() -> None:
        while True:
            request = receive(Count)
            sleep(1)
            if now() < 2:
                raise ValueError("broken")
            request.reply(1)

    def client(name: str) -> None:
        try:
            log.append(f"{name} {whereis('counter').ask(Count())}")
        except NoReplyError as error:
            log.append(f"{name} {str(error).partition('it ')[2]}")

    with Dispatcher() as d:
        d.spawn(lambda: supervise(child(counter, name="counter")))
        d.settle()
        for name in ("anna", "bert"):
            d.spawn(client, name)
        d.run()
    assert log == ["anna took it and was then restarted; ask again", "bert 1"]


def test_a_restart_is_told_to_listeners() -> None:
    """With what the child failed on."""
    records: list[Restarted] = []

    def listener(record: Record) -> None:
        if isinstance(record, Restarted):
            records.append(record)

    log: Log = []
    with Dispatcher(instruments=[listener]) as d:
        d.spawn(team(log, "a"))
        d.advance(3)
        (a,) = refs(d, "a")
        a.send(Crash())
        d.settle()
        assert [(each.time, each.actor) for each in records] == [(3.0, a)]
        assert repr(records[0].error) == "ValueError('crashed')"


def test_a_child_with_a_limited_mailbox_keeps_its_limit() -> None:
    """In every life."""

    @actor(mailbox=1)
    def small() -> int:
        if receive(Job).number == 0:
            raise ValueError("crashed")
        sleep(5)
        return receive(Job).number

    with Dispatcher() as d:
        ref = d.spawn(lambda: supervise(child(small, name="small")))
        d.settle()
        (each,) = refs(d, "small")
        for number in (0, 1, 2):
            each.send(Job(number))
            d.settle()
        with pytest.raises(Exception, match="which has 1 unread"):
            each.send(Job(3))
        d.run()
        assert ref.result == (2,)


# --- it is a wait ---------------------------------------------------------------------------


def test_the_state_is_the_block_round_it() -> None:
    """Where there are several waits, it is called supervise."""

    def boss() -> None:
        with state("serving"):
            supervise(lambda: receive(Leave))
        with state("mixed"):
            supervise(child(receive, Leave, name="second"), at=None)
            supervise(child(receive, Leave, name="third"), at="again")

    with Dispatcher() as d:
        ref = d.spawn(boss)
        seen = []
        for name in ("lambda", "second", "third"):
            d.settle()
            seen.append(ref.state)
            refs(d, name)[0].send(Leave())
        d.settle()
    assert seen == [("serving",), ("mixed", "supervise"), ("mixed", "again")]


def test_mail_is_kept_meanwhile() -> None:
    """The supervising actor takes none and loses none."""
    log: Log = []

    def boss() -> int:
        supervise(child(worker, log, name="a"))
        return receive(Job).number

    with Dispatcher() as d:
        ref = d.spawn(boss)
        d.settle()
        ref.send(Job(4))
        (a,) = refs(d, "a")
        a.send(Crash())
        d.settle()
        a.send(Leave())
        d.settle()
        assert (ref.result, ref.discarded) == (4, 0)


def test_a_handler_of_the_supervising_actor_does_not_hold_up_a_restart() -> None:
    """The keeper decides in the child; the end is heard after the handler."""
    log: Log = []

    def boss() -> float:
        with on(Job, lambda _: sleep(10)):
            supervise(child(worker, log, name="a"))
        return now()

    with Dispatcher() as d:
        ref = d.spawn(boss)
        d.settle()
        ref.send(Job())
        d.advance(1)
        (a,) = refs(d, "a")
        a.send(Crash())
        a.send(Leave())
        d.run()
        assert ref.result == 10.0
    assert log == [(0.0, "a begins"), (1.0, "a begins"), (1.0, "a leaves")]


def test_a_handler_may_supervise() -> None:
    """The wait that it interrupts goes on afterwards."""
    log: Log = []

    def boss() -> int:
        with on(Crash, lambda _: supervise(child(sleep, 3, name="a"))):
            number = receive(Job).number
        log.append((now(), "done"))
        return number

    with Dispatcher() as d:
        ref = d.spawn(boss)
        ref.send(Crash())
        d.run()
        ref.send(Job(5))
        d.settle()
        assert ref.result == 5
    assert log == [(3.0, "done")]


def test_regions_supervise_side_by_side() -> None:
    """Each its own children; when one fails for good, those of the other are stopped."""
    log: Log = []

    def boss() -> None:
        parallel(
            lambda: supervise(child(worker, log, 1, name="a")),
            lambda: supervise(child(worker, log, 1, name="b"), max_restarts=1),
        )

    with Dispatcher() as d:
        ref = d.spawn(boss)
        d.settle()
        a, b = refs(d, "a", "b")
        a.send(Crash())
        b.send(Crash())
        b.send(Crash())
        with pytest.raises(RestartLimitError, match="child 'b'"):
            d.run()
        assert (ref.alive, a.alive, b.alive) == (False, False, False)


def test_supervisors_in_supervisors() -> None:
    """What is too much for the inner one is a failure for the outer one."""
    log: Log = []

    def inner() -> None:
        told(log, "begins")
        supervise(child(worker, log, name="leaf"), max_restarts=0)

    def outer() -> tuple[None]:
        return supervise(child(inner, name="inner"))

    with Dispatcher() as d:
        ref = d.spawn(outer)
        d.settle()
        refs(d, "leaf")[0].send(Crash())
        d.settle()
        refs(d, "leaf")[0].send(Leave())
        d.settle()
        assert ref.result == (None,)
    assert [what for _, what in log] == [
        "inner begins", "leaf begins", "inner begins", "leaf begins", "leaf leaves",
    ]  # fmt: skip


def test_a_deadlock_under_a_supervisor_names_all() -> None:
    """The report shows the supervising actor and its children."""
    log: Log = []
    with Dispatcher() as d:
        boss = d.spawn(team(log, "a"))
        with pytest.raises(DeadlockError, match=r"(?s)boss in .*a in worker"):
            d.run(until=boss)


def test_step_by_step_it_does_the_same() -> None:
    """A restart takes no delivery of its own."""
    log: Log = []
    with Dispatcher() as d:
        boss = d.spawn(team(log, "a"))
        while d.step():
            pass
        (a,) = refs(d, "a")
        for event in (Crash(), Job(1), Leave()):
            a.send(event)
        steps = 0
        while d.step():
            steps += 1
        assert (boss.alive, steps) == (False, 4)
    assert [what for _, what in log] == ["a begins", "a begins", "a job 1", "a leaves",
                                         "boss goes on"]  # fmt: skip


def test_ten_thousand_restarts() -> None:
    """A life leaves nothing behind on the stack or elsewhere."""
    lives = 0

    def short() -> None:
        nonlocal lives
        lives += 1
        if lives <= 10_000:
            raise ValueError("again")

    with Dispatcher() as d:
        d.spawn(lambda: supervise(short, max_restarts=10_000))
        d.settle()
    assert lives == 10_001


# --- mistakes -------------------------------------------------------------------------------


def test_wrong_arguments_are_told() -> None:
    """Before any child is spawned."""
    wrong: Any = "sometimes"

    def boss(**options: Any) -> None:
        supervise(lambda: None, **options)

    with Dispatcher() as d:
        for option, value, text in (
            ("strategy", wrong, "strategy is one of one_for_one, one_for_all, rest_for_one"),
            ("max_restarts", -1, "max_restarts is a number, 0 or more, not -1"),
            ("within", -1, "a time is zero or more seconds"),
        ):
            d.spawn(partial(boss, **{option: value}))
            with pytest.raises(ValueError, match=text):
                d.settle()
        d.spawn(lambda: supervise(wrong))
        with pytest.raises(TypeError, match=r"supervise takes functions .* not 'sometimes'"):
            d.settle()
        assert d.actors == []
    with pytest.raises(ValueError, match="restart is one of on_error, always, never"):
        child(worker, [], restart=wrong)
    with pytest.raises(TypeError, match="child takes a function and its arguments"):
        child(wrong)
    with pytest.raises(IllegalCallError, match="supervise was called outside an actor"):
        supervise(lambda: None)


def test_a_name_that_is_taken_ends_the_children_that_are_there() -> None:
    """Nobody is left over."""
    log: Log = []
    with Dispatcher() as d:
        d.spawn(team(log, "a", "a"))
        with pytest.raises(ValueError, match="there is an actor 'a' already"):
            d.settle()
        assert d.actors == []
    assert log == [(0.0, "boss goes on")]


# --- whatever happens -----------------------------------------------------------------------

ACTS = st.sampled_from(["job", "job", "crash", "crash", "leave", "stop", "end", "time", "time"])


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    acts=st.lists(st.tuples(ACTS, st.integers(0, 2)), max_size=25),
    strategy=st.sampled_from(["one_for_one", "one_for_all", "rest_for_one"]),
    clean_ups=st.tuples(*[st.sampled_from([0, 1, 7])] * 3),
    restarts=st.tuples(*[st.sampled_from(["on_error", "always", "never"])] * 3),
)
def test_whatever_happens_nobody_is_left_over(
    acts: list[tuple[str, int]], strategy: Any, clean_ups: Any, restarts: Any
) -> None:
    """Each child ends a life before the next, takes its mail in order, and is not forgotten."""
    log: Log = []

    def boss() -> None:
        with until(Leave):
            supervise(
                *(
                    child(worker, log, clean_ups[i], name="abc"[i], restart=restarts[i])
                    for i in range(3)
                ),
                strategy=strategy,
            )

    with Dispatcher() as d:
        ref = d.spawn(boss)
        d.settle()
        children = refs(d, "a", "b", "c")
        for number, (act, who) in enumerate(acts):
            one = children[who]
            event = {"job": Job(number), "crash": Crash(), "leave": Leave()}.get(act)
            with contextlib.suppress(RestartLimitError, ChildFailedError, ValueError):
                if event is not None and one.alive:
                    one.send(event)
                elif act == "stop":
                    one.stop()
                elif act == "end" and ref.alive:
                    ref.send(Leave())
                elif act == "time":
                    d.advance(2)
        with contextlib.suppress(RestartLimitError, ChildFailedError, ValueError):
            d.run(until=d.now() + 100)
        if not ref.alive:
            assert d.actors == []
        assert {one.state for one in children if one.alive} <= {("worker", "Job|Crash|Leave")}
        for name in "abc":
            said = [what.split()[1:] for _, what in log if what.startswith(f"{name} ")]
            jobs = [int(word[1]) for word in said if word[0] == "job"]
            assert jobs == sorted(jobs)
    assert d.actors == []
