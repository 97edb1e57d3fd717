"""What must hold of any machine, whatever it does: errors, instances, stops, order, Python.

The rows of the statechart rules themselves are in test_semantics.py.
"""

from __future__ import annotations

import gc
import subprocess
import sys
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import pytest

from flowlet import (
    ActorRef,
    ActorStuckError,
    Dispatcher,
    Event,
    VirtualClock,
    emit,
    now,
    on,
    parallel,
    race,
    receive,
    sleep,
    state,
    until,
)

ROOT = Path(__file__).parents[1]

Log = list[tuple[float, str]]


class Go(Event): ...


class Next(Event): ...


class Reset(Event): ...


class Ask(Event): ...


class Job(Event):
    name: str = ""


@contextmanager
def actions(log: list[str], name: str) -> Iterator[None]:
    """The entry and the exit action of a state: they write a log."""
    log.append(f"enter {name}")
    try:
        yield
    finally:
        log.append(f"exit {name}")


def send_all(d: Dispatcher, ref: ActorRef[Any], *events: Event) -> None:
    """Send, and settle after each."""
    for event in events:
        ref.send(event)
        d.settle()


# --- errors -------------------------------------------------------------------------------------


def test_an_exception_in_an_action_leaves_no_half_made_transition() -> None:
    """The failed entry is undone: its blocks, handlers and timers are gone, the old state left."""
    log: list[str] = []

    def machine() -> None:
        while True:
            try:
                with state("old"), actions(log, "old"):
                    receive(Go)
                with (
                    state("new"),
                    actions(log, "new"),
                    on(Ask, lambda _event: log.append("new answers")),
                ):
                    with until(after=5):
                        raise ValueError("the action fails")
            except ValueError:
                log.append("caught")

    with Dispatcher() as d:
        ref = d.spawn(machine)
        send_all(d, ref, Go())
        assert log == ["enter old", "exit old", "enter new", "exit new", "caught", "enter old"]
        assert (ref.state, ref.accepts, d.next_deadline) == (("old",), {Go}, None)
        send_all(d, ref, Ask())
        assert ref.discarded == 1


def test_an_exception_in_a_handler_is_raised_at_the_wait() -> None:
    """The block round the wait can deal with it, and is left like after any error."""
    log: list[str] = []

    def fail(_event: Ask) -> None:
        with state("answering"):
            raise ValueError("no answer")

    def machine() -> None:
        with on(Ask, fail):
            try:
                with state("inside"), actions(log, "inside"), until(after=5):
                    receive(Go)
            except ValueError as error:
                log.append(str(error))
            receive(Go, at="recovered")

    with Dispatcher() as d:
        ref = d.spawn(machine)
        send_all(d, ref, Ask())
        assert log == ["enter inside", "exit inside", "no answer"]
        assert (ref.state, d.next_deadline) == (("recovered",), None)


def test_an_exception_in_a_region_ends_its_siblings_first() -> None:
    """They are cancelled with their clean-up; then the error comes out of `parallel`."""
    log: list[str] = []

    def failing() -> None:
        receive(Go)
        raise ValueError("region down")

    def sibling() -> None:
        try:
            receive(Next)
        finally:
            log.append("sibling cleaned")

    def machine() -> None:
        try:
            parallel(failing, sibling)
        except ValueError as error:
            log.append(str(error))
        receive(Go, at="recovered")

    with Dispatcher() as d:
        ref = d.spawn(machine)
        send_all(d, ref, Go())
        assert (log, ref.state) == (["sibling cleaned", "region down"], ("recovered",))


def test_an_endless_loop_without_a_wait_is_caught() -> None:
    """The watchdog ends the actor, and its error names it and the line; the others go on."""

    def stuck() -> NoReturn:
        receive(Go)
        while True:
            try:
                while True:
                    pass
            except Exception:
                pass

    first = stuck.__code__.co_firstlineno
    lines = {f"{Path(__file__).name}:{first + n}" for n in range(1, 8)}
    with Dispatcher(watchdog=0.05) as d:
        ref = d.spawn(stuck, name="hamster")
        other = d.spawn(lambda: receive(Go))
        ref.send(Go())
        other.send(Go())
        with pytest.raises(ActorStuckError) as caught:
            d.settle()
        d.settle()
        assert other.result == Go()
        assert (ref.alive, type(ref.error)) == (False, ActorStuckError)
    assert "hamster" in str(caught.value)
    assert any(line in str(caught.value) for line in lines)


# --- instances ----------------------------------------------------------------------------------


def test_two_instances_never_see_each_others_events() -> None:
    """Of one function with regions and handlers, in one dispatcher and in two."""

    def machine(got: list[str]) -> None:
        def region() -> None:
            got.append(f"region {receive(Job).name}")
            receive(Go)

        with on(Ask, lambda _event: got.append("asked")):
            parallel(region, lambda: receive(Go))

    ann: list[str] = []
    bob: list[str] = []
    cleo: list[str] = []
    with Dispatcher() as one, Dispatcher() as two:
        hers, his, other = (
            one.spawn(machine, ann),
            one.spawn(machine, bob),
            two.spawn(machine, cleo),
        )
        one.settle()
        two.settle()
        hers.send(Job("for ann"))
        his.send(Ask())
        other.send(Job("for cleo"))
        one.settle()
        assert (ann, bob, cleo) == (["region for ann"], ["asked"], [])
        two.settle()
        assert (ann, bob, cleo) == (["region for ann"], ["asked"], ["region for cleo"])


# --- stops --------------------------------------------------------------------------------------


def test_except_exception_does_not_swallow_a_stop_in_a_region_or_a_handler() -> None:
    """Wherever the actor waits, a broad `except` is no place to hide."""
    swallowed: list[Exception] = []

    def stubborn() -> None:
        while True:
            try:
                receive(Go)
            except Exception as error:
                swallowed.append(error)

    def in_regions() -> None:
        parallel(stubborn, stubborn)

    def in_a_handler() -> None:
        with on(Ask, lambda _event: stubborn()):
            receive(Next)

    with Dispatcher() as d:
        refs = [d.spawn(in_regions), d.spawn(in_a_handler)]
        send_all(d, refs[1], Ask())
        for ref in refs:
            ref.stop()
        d.settle()
        assert [ref.alive for ref in refs] == [False, False]
    assert swallowed == []


def test_except_exception_does_not_swallow_the_cancelling_of_a_region() -> None:
    """The loser of a race is out, whatever it catches."""

    def stubborn() -> None:
        while True:
            try:
                receive(Next)
            except Exception:
                emit("swallowed")

    def machine() -> int:
        return race(stubborn, lambda: receive(Go))[0]

    with Dispatcher() as d:
        ref = d.spawn(machine)
        send_all(d, ref, Go())
        assert (ref.result, ref.take()) == (1, [])


def test_a_timeout_error_of_the_users_own_passes_through_an_until() -> None:
    """Out of a region and out of a handler too, and it is not taken for the time limit."""
    log: list[str] = []

    def fail(*_event: object) -> None:
        raise TimeoutError("the user's own")

    def machine() -> None:
        for attempt in (lambda: parallel(fail, lambda: receive(Go)), lambda: receive(Go)):
            try:
                with until(after=5) as end, on(Ask, fail):
                    attempt()
            except TimeoutError as error:
                log.append(f"{error}, {end.event}")  # pyright: ignore[reportPossiblyUnboundVariable]

    with Dispatcher() as d:
        ref = d.spawn(machine)
        d.settle()
        send_all(d, ref, Ask())
        assert not ref.alive
    assert log == ["the user's own, None", "the user's own, None"]


class Token:
    """Something that an actor holds, to see when it lets go."""


def holder(held: weakref.WeakSet[Token]) -> None:
    """Holds a token in the actor, in each region and in the frame of a handler."""

    def region() -> None:
        token = Token()
        held.add(token)
        receive(Go)

    def handler(_event: Ask) -> None:
        token = Token()
        held.add(token)
        parallel(region, region)

    token = Token()
    held.add(token)
    with state("holding", history="deep"), on(Ask, handler, freeze=True), until(Reset, after=60):
        parallel(region, region)


def test_a_stopped_actor_is_really_freed() -> None:
    """With its regions and its handler, although its ref is still held."""
    held: weakref.WeakSet[Token] = weakref.WeakSet()
    with Dispatcher() as d:
        refs = [d.spawn(holder, held) for _ in range(100)]
        for ref in refs:
            ref.send(Ask())
        d.settle()
        assert len(held) == 600
        for ref in refs:
            ref.stop()
        d.settle()
        gc.collect()
        assert (len(held), d.next_deadline) == (0, None)


@pytest.mark.slow
def test_a_stopped_actor_is_really_freed_a_hundred_thousand_times() -> None:
    """Spawned, parked in regions, stopped: the number of live objects does not grow."""
    held: weakref.WeakSet[Token] = weakref.WeakSet()

    def wave(d: Dispatcher) -> None:
        refs = [d.spawn(holder, held) for _ in range(500)]
        d.settle()
        for ref in refs:
            ref.stop()
        d.settle()

    with Dispatcher() as d:
        wave(d)
        gc.collect()
        before = len(gc.get_objects())
        for _ in range(200):
            wave(d)
        gc.collect()
        assert len(held) == 0
        assert len(gc.get_objects()) - before < 1000


# --- order --------------------------------------------------------------------------------------


def test_an_event_that_was_in_flight_comes_before_a_timer_of_the_same_instant() -> None:
    """A guest gives up at 5: what is sent a tick before is heard, what is sent at 5 is late."""
    log: Log = []

    def guest() -> None:
        with until(Next, after=5) as end:
            sleep(100)
        log.append((now(), type(end.event).__name__))

    def sender(target: ActorRef[None], seconds: float) -> None:
        sleep(seconds)
        target.send(Next())

    with Dispatcher(clock=VirtualClock(hz=60)) as d:
        d.spawn(sender, d.spawn(guest), 299 / 60)
        d.spawn(sender, d.spawn(guest), 5)
        d.run()
    assert log == [(299 / 60, "Next"), (5.0, "Timeout")]


def test_the_same_seed_and_inputs_give_the_same_trace_in_another_process() -> None:
    """Whatever hashes do; and another seed gives another run."""
    program = """
import hashlib
from flowlet import (
    Dispatcher, Event, choose, emit, me, on, parallel, receive, rng, sleep, spawn, wait_until,
    whereis,
)

class Ball(Event): hops: int = 6
class Whistle(Event): ...

NAMES = {"north", "south", "east", "west"}
PLACES = sorted(NAMES)

def player(cell):
    def catch():
        while True:
            ball = receive(Ball)
            cell.value += 1
            emit(("catch", ball.hops))
            if ball.hops:
                whereis(choose(*PLACES)).send(Ball(ball.hops - 1), after=rng().choice([0.5, 1, 2]))

    def cheer():
        wait_until(lambda: cell.value > 10)
        emit(("cheer", cell.value))

    with on(Whistle, lambda event: emit("whistle")):
        parallel(catch, cheer)

lines = []
def show(record):
    actor = getattr(record, "actor", None)
    event = getattr(record, "event", "")
    lines.append(f"{type(record).__name__} {getattr(actor, 'name', '')} {event!r}")

with Dispatcher(seed=SEED, instruments=[show]) as d:
    cell = d.shared("caught", 0)
    refs = {name: d.spawn(player, cell, name=name) for name in PLACES}
    d.settle()
    for name in PLACES:
        refs[name].send(Ball())
        refs[name].send(Whistle())
    d.advance(30)
    for name in PLACES:
        lines.append(f"{name} {refs[name].take()}")
print(len(lines), hashlib.sha256("\\n".join(lines).encode()).hexdigest())
"""

    def run(seed: int, hashing: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", program.replace("SEED", str(seed))],
            cwd=ROOT,
            env={"PYTHONHASHSEED": hashing},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stderr == ""
        return done.stdout

    same, again, other = run(7, "1"), run(7, "2"), run(8, "1")
    assert int(same.split()[0]) > 50
    assert same == again
    assert same.split()[1] != other.split()[1]


# --- Python inside ------------------------------------------------------------------------------


def test_a_generator_waits_inside_a_region() -> None:
    """Two regions read generators that wait, each its own, in step with the mail."""
    got: list[str] = []

    def names(prefix: str) -> Iterator[str]:
        while True:
            yield f"{prefix} {receive(Job).name}"

    def reader(prefix: str) -> None:
        for line in names(prefix):
            got.append(line)

    with Dispatcher() as d:
        ref = d.spawn(lambda: parallel(partial(reader, "a"), partial(reader, "b")))
        send_all(d, ref, Job("1"), Job("2"))
        assert got == ["a 1", "b 1", "a 2", "b 2"]


def test_a_callback_of_c_code_waits_while_a_handler_answers() -> None:
    """`sorted` asks for its keys by mail, and a question in between is answered in place."""
    log: list[str] = []

    def weight(name: str) -> int:
        return len(receive(Job, at=f"weigh {name}").name)

    def machine() -> list[str]:
        with on(Ask, lambda _event: log.append("answered")):
            return sorted(["one", "two", "three"], key=weight)

    with Dispatcher() as d:
        ref = d.spawn(machine)
        send_all(d, ref, Job("xxx"), Ask(), Job("x"), Job("xx"))
        assert (ref.result, log) == (["two", "three", "one"], ["answered"])


def test_recursion_is_as_deep_in_every_actor_as_outside() -> None:
    """Ten actors stand four hundred calls deep at once, regions among them."""

    def dig(depth: int) -> int:
        if depth == 0:
            receive(Go)
            return 0
        return 1 + dig(depth - 1)

    def digger() -> tuple[int, int]:
        return parallel(partial(dig, 400), partial(dig, 400))

    with Dispatcher() as d:
        refs = [d.spawn(digger) for _ in range(10)]
        d.settle()
        for ref in refs:
            ref.send(Go())
        d.settle()
        assert [ref.result for ref in refs] == [(400, 400)] * 10
