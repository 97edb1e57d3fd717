"""The rules that hold everywhere, by their numbers in the design; regions (5) come later."""

from __future__ import annotations

import contextvars
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from flowlet import (
    ActorRef,
    DeadlockError,
    Dispatcher,
    Event,
    IllegalCallError,
    become,
    me,
    now,
    receive,
    sleep,
    spawn,
    state,
    until,
)

ROOT = Path(__file__).resolve().parent.parent


class Go(Event): ...


class Stop(Event): ...


class Number(Event):
    value: int = 0


def test_rule_1_an_event_is_handled_to_the_next_wait() -> None:
    """Whoever is written to meanwhile has to wait for its turn."""
    log: list[str] = []

    def friend(name: str) -> None:
        receive(Go)
        log.append(f"{name} hears")

    def speaker(friends: list[ActorRef[None]]) -> None:
        receive(Go)
        for listener in friends:
            listener.send(Go())
            log.append("speaker goes on")
        spawn(friend, "nobody")
        log.append("speaker ends")

    with Dispatcher() as d:
        friends = [d.spawn(friend, "ann"), d.spawn(friend, "bob")]
        ref = d.spawn(speaker, friends)
        d.settle()
        ref.send(Go())
        d.settle()
    assert log == [
        "speaker goes on",
        "speaker goes on",
        "speaker ends",
        "ann hears",
        "bob hears",
    ]


def test_rule_1_what_an_actor_sends_to_itself_comes_before_later_mail() -> None:
    """A note to oneself is read before what the outside sends after it."""
    got: list[int] = []

    def worker() -> None:
        receive(Go, at="ready")
        me().send(Number(1))
        me().send(Number(2))
        while True:
            got.append(receive(Number, at="reading").value)

    with Dispatcher() as d:
        ref = d.spawn(worker)
        d.settle()
        ref.send(Go())
        assert d.step()
        ref.send(Number(3))
        d.settle()
    assert got == [1, 2, 3]


def test_rule_1_mail_that_came_earlier_stays_ahead_of_a_note_to_oneself() -> None:
    """The mailbox is read oldest first, whoever wrote."""
    got: list[int] = []

    def worker() -> None:
        receive(Go, at="ready")
        me().send(Number(2))
        while True:
            got.append(receive(Number, at="reading").value)

    with Dispatcher() as d:
        ref = d.spawn(worker)
        ref.send(Go())
        ref.send(Number(1))
        d.settle()
    assert got == [1, 2]


def test_rule_1_the_order_does_not_depend_on_hashing() -> None:
    """The same program in processes with other hash seeds prints the same trace."""
    program = """
from flowlet import Dispatcher, Event, receive, sleep, spawn, until, whereis

class Coin(Event): value: int = 3
class Push(Event): ...
class Stop(Event): ...

NAMES = ["north", "south", "east", "west"]

def gate(name):
    with until(Stop, after=9):
        while True:
            match receive(Coin, Push, after=2):
                case Coin(v) if v:
                    for other in NAMES:
                        if other != name:
                            whereis(other).send(Coin(v - 1))
                case Coin():
                    spawn(nap)

def nap():
    sleep(1)

def show(record):
    actor = getattr(record, "actor", None)
    print(type(record).__name__, getattr(actor, "name", actor), repr(getattr(record, "event", "")))

with Dispatcher(instruments=[show]) as d:
    for name in NAMES:
        d.spawn(gate, name, name=name)
    d.settle()
    for name in NAMES:
        d.spawn(lambda: whereis("east").send(Coin()))
    d.run()
"""
    runs = [
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT,
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=False,
        )
        for seed in ("1", "2")
    ]
    assert [run.stderr for run in runs] == ["", ""]
    traces = [run.stdout for run in runs]
    assert traces[0].count("\n") > 100
    assert traces[0] == traces[1]


def test_rule_2_the_wait_has_first_choice_then_the_blocks_from_inside_out() -> None:
    """One event, three that would take it: the wait, then the inner block, then the outer."""
    log: list[str] = []

    def worker() -> None:
        with until(Go) as outer:
            with until(Go) as inner:
                receive(Go, at="wait")
                log.append(f"wait {inner.event} {outer.event}")
                sleep(100)
            log.append(f"inner {inner.event!r} {outer.event}")
            sleep(100)
        log.append(f"outer {outer.event!r}")

    with Dispatcher() as d:
        ref = d.spawn(worker)
        for _ in range(3):
            ref.send(Go())
        d.settle()
    assert log == ["wait None None", f"inner {Go()!r} None", f"outer {Go()!r}"]


def test_rule_3_leaving_runs_exits_innermost_first_and_clean_up_may_wait() -> None:
    """Blocks, children and `finally` unwind from inside out, and take their time."""
    log: list[tuple[float, str]] = []

    def child() -> None:
        try:
            receive(Go)
        finally:
            sleep(1)
            log.append((now(), "child"))

    def worker() -> None:
        try:
            with until(Stop), spawn(child):
                try:
                    with state("inner"):
                        receive(Go)
                finally:
                    sleep(2)
                    log.append((now(), "inner"))
        finally:
            log.append((now(), "outer"))

    with Dispatcher() as d:
        ref = d.spawn(worker)
        d.settle()
        ref.send(Stop())
        d.run()
        assert not ref.alive
    assert log == [(2.0, "inner"), (3.0, "child"), (3.0, "outer")]


def test_rule_3_after_the_grace_and_at_once_under_close_waits_raise() -> None:
    """A stopped actor has its grace; a closed one has none."""
    log: list[str] = []

    def worker(name: str) -> None:
        try:
            receive(Go)
        finally:
            try:
                sleep(3)
                log.append(f"{name} had time")
            finally:
                log.append(f"{name} ends")

    with Dispatcher() as d:
        patient, hurried, closed = (d.spawn(worker, n) for n in ("patient", "hurried", "closed"))
        d.settle()
        patient.stop(grace=4)
        hurried.stop(grace=2)
        d.run()
        assert closed.alive
    assert log == ["hurried ends", "patient had time", "patient ends", "closed ends"]


def test_rule_4_a_timer_dies_with_its_block() -> None:
    """Left by an event, by its end, by an error or by another timer: it never fires late."""
    log: list[tuple[float, str]] = []

    def worker() -> None:
        with until(Stop, after=5):
            receive(Go, after=5)
        with until(after=5):
            sleep(1)
        try:
            with until(after=5):
                raise ValueError
        except ValueError:
            pass
        with until(after=2), until(after=2):
            receive(after=2)
        log.append((now(), "left"))
        sleep(100)
        log.append((now(), "undisturbed"))

    with Dispatcher() as d:
        ref = d.spawn(worker)
        d.settle()
        ref.send(Stop())
        d.run()
    assert log == [(3.0, "left"), (103.0, "undisturbed")]


def test_rule_4_an_event_from_before_the_instant_comes_before_its_timer() -> None:
    """What was sent earlier is heard; what is sent at the instant is late."""
    log: list[str] = []

    def sender(target: ActorRef[None], seconds: float) -> None:
        sleep(seconds)
        target.send(Go())

    def listener(name: str) -> None:
        log.append(f"{name} {type(receive(Go, after=5)).__name__}")

    with Dispatcher() as d:
        d.spawn(sender, d.spawn(listener, "early"), 4.9)
        d.spawn(sender, d.spawn(listener, "late"), 5)
        d.advance(10)
    assert log == ["early Go", "late Timeout"]


def test_rule_6_except_exception_cannot_swallow_a_stop() -> None:
    """A loop that catches every Exception ends when it is told to."""
    log: list[str] = []

    def stubborn() -> None:
        while True:
            try:
                receive(Go)
            except Exception as error:
                log.append(f"swallowed {error!r}")

    with Dispatcher() as d:
        stopped = d.spawn(stubborn)
        closed = d.spawn(stubborn)
        d.settle()
        stopped.stop()
        d.settle()
        assert (stopped.alive, closed.alive) == (False, True)
    assert (closed.alive, log) == (False, [])


def test_rule_6_nor_the_leaving_of_a_block_or_a_jump() -> None:
    """`until` and `become` pass through `except Exception` as a stop does."""
    log: list[str] = []

    def stubborn() -> None:
        with until(Stop):
            while True:
                try:
                    receive(Go)
                except Exception as error:
                    log.append(f"swallowed {error!r}")
        try:
            become(relieved)
        except Exception as error:
            log.append(f"swallowed {error!r}")

    def relieved() -> None:
        log.append("relieved")

    with Dispatcher() as d:
        ref = d.spawn(stubborn)
        d.settle()
        ref.send(Stop())
        d.settle()
    assert log == ["relieved"]


def test_rule_7_an_actor_runs_in_a_copy_of_its_spawners_context() -> None:
    """It sees what its spawner saw then; what it sets itself stays its own."""
    user: contextvars.ContextVar[str] = contextvars.ContextVar("user", default="nobody")
    seen: list[str] = []

    def worker(name: str) -> None:
        seen.append(f"{name} as {user.get()}")
        user.set(name)
        receive(Go)
        seen.append(f"{name} as {user.get()}")

    def program() -> None:
        user.set("root")
        with Dispatcher() as d:
            refs = [d.spawn(worker, "ann"), d.spawn(worker, "bob")]
            user.set("changed")
            for ref in refs:
                ref.send(Go())
            d.settle()
            seen.append(f"outside as {user.get()}")

    contextvars.copy_context().run(program)
    assert sorted(seen) == [
        "ann as ann",
        "ann as root",
        "bob as bob",
        "bob as root",
        "outside as changed",
    ]
    assert user.get() == "nobody"


def test_rule_8_an_illegal_call_says_what_to_do() -> None:
    """A wait outside, another thread, a run in a run: three errors with advice."""
    errors: list[str] = []

    with Dispatcher() as d:

        def eager() -> None:
            with pytest.raises(IllegalCallError) as caught:
                d.settle()
            errors.append(str(caught.value))

        d.spawn(eager)
        d.settle()
        with pytest.raises(IllegalCallError) as outside:
            receive(Go)
        errors.append(str(outside.value))
        with ThreadPoolExecutor(1) as pool:
            errors.append(str(pool.submit(d.settle).exception()))
    assert len(errors) == 3
    assert [e for e in errors if len(e.split()) < 8] == []
    assert len(set(errors)) == 3


def test_rule_8_a_deadlock_prints_every_actor() -> None:
    """Who waits, in which state, at which line."""

    def waiter() -> None:
        with state("waiting"):
            receive(Go)

    line = f"test_rules.py:{waiter.__code__.co_firstlineno + 2}"
    with Dispatcher() as d:
        refs = [d.spawn(waiter, name=name) for name in ("ann", "bob", "cleo")]
        with pytest.raises(DeadlockError) as caught:
            d.run(until=refs[0])
    report = str(caught.value)
    assert [n for n in ("ann", "bob", "cleo") if n not in report] == []
    assert (report.count("waiting") >= 3, report.count(line) >= 3) == (True, True)
