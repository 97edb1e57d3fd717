"""Memory: what has ended is freed, whatever way it ended."""

from __future__ import annotations

import gc
import weakref

import pytest

from flowlet import (
    Dispatcher,
    Event,
    Exited,
    Request,
    child,
    perform,
    receive,
    sleep,
    spawn,
    state,
    supervise,
    until,
    watch,
)


class Go(Event): ...


class Stop(Event): ...


class Token:
    """Something that an actor holds, to see when it lets go."""


@pytest.mark.slow
def test_ended_actors_are_freed() -> None:
    """Two thousand actors spawned, parked and stopped leave nothing behind."""
    held: weakref.WeakSet[Token] = weakref.WeakSet()

    def holder(given: Token) -> None:
        own = Token()
        held.add(own)
        held.add(given)
        with state("holding"), until(Stop, after=60):
            receive(Go)

    with Dispatcher() as d:
        for _ in range(20):
            refs = [d.spawn(holder, Token()) for _ in range(100)]
            d.settle()
            assert len(held) == 200
            while refs:
                refs.pop().stop()
            d.settle()
            gc.collect()
            assert len(held) == 0


def test_actors_that_return_are_freed_too() -> None:
    """However it ends, an actor lets its locals go, even while its ref is held."""
    held: weakref.WeakSet[Token] = weakref.WeakSet()

    def holder() -> str:
        own = Token()
        held.add(own)
        receive(Go)
        return "ended"

    with Dispatcher() as d:
        refs = [d.spawn(holder) for _ in range(100)]
        for ref in refs:
            ref.send(Go())
        d.settle()
        gc.collect()
        assert len(held) == 0
        assert {ref.result for ref in refs} == {"ended"}


def test_a_closed_dispatcher_lets_everything_go() -> None:
    """What parked actors held is freed at the end of the `with` block."""
    held: weakref.WeakSet[Token] = weakref.WeakSet()

    def holder() -> None:
        own = Token()
        held.add(own)
        receive(Go)

    with Dispatcher() as d:
        for _ in range(50):
            d.spawn(holder)
        d.settle()
        assert len(held) == 50
    gc.collect()
    assert len(held) == 0


@pytest.mark.slow
def test_a_hundred_thousand_actors_pass_without_a_trace() -> None:
    """The number of live objects does not depend on how many actors there have been."""
    held: weakref.WeakSet[Token] = weakref.WeakSet()

    def holder() -> None:
        own = Token()
        held.add(own)
        receive(Go, after=60)

    def wave(d: Dispatcher) -> None:
        refs = [d.spawn(holder) for _ in range(500)]
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


class Count(Request[int]): ...


def office(held: weakref.WeakSet[Token], told: list[object]) -> None:
    """Deal with five other actors in every way; then wait, with two of them, to be stopped."""

    def hold() -> Token:
        own = Token()
        held.add(own)
        return own

    def clerk() -> None:
        own = hold()
        while True:
            receive(Count).reply(id(own) and 1)

    def helper() -> None:
        own = hold()
        sleep(1)
        del own

    def failing() -> None:
        own = hold()
        raise ValueError(f"on purpose, with {own}")

    own = hold()
    told.append(spawn(clerk).ask(Count()))
    told.append(perform(int, "1"))
    watch(spawn(failing))
    told.append(type(receive(Exited).error))
    try:
        supervise(child(failing, restart="never"))
    except ValueError as error:
        told.append(type(error))
    supervise(helper, clerk)
    del own


def wave_of_offices(d: Dispatcher, number: int, held: weakref.WeakSet[Token]) -> None:
    """Let so many of them begin, and stop each where it supervises."""
    told: list[object] = []
    refs = [d.spawn(office, held, told) for _ in range(number)]
    d.settle()
    assert (len(told), set(told)) == (4 * number, {1, ValueError})
    assert len(held) >= 4 * number  # each, its clerk, and the two that it supervises
    for ref in refs:
        ref.stop()
    d.settle()


def test_actors_that_deal_with_each_other_are_freed() -> None:
    """By `ask`, `perform`, `watch` and `supervise`."""
    held: weakref.WeakSet[Token] = weakref.WeakSet()
    with Dispatcher() as d:
        wave_of_offices(d, 20, held)
        gc.collect()
        assert (len(held), d.actors, d.next_deadline) == (0, [], None)


@pytest.mark.slow
def test_a_hundred_thousand_that_deal_with_each_other_leave_no_trace() -> None:
    """Six actors an office: the number of live objects does not grow."""
    held: weakref.WeakSet[Token] = weakref.WeakSet()
    with Dispatcher() as d:
        wave_of_offices(d, 100, held)
        gc.collect()
        before = len(gc.get_objects())
        for _ in range(170):
            wave_of_offices(d, 100, held)
        gc.collect()
        assert len(held) == 0
        assert len(gc.get_objects()) - before < 1000
