"""Errors reach whoever runs: once, at once, and whatever else happens at the end of an actor."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from greenlet import greenlet

from flowlet import (
    Dispatcher,
    Event,
    child,
    dispatcher,
    parallel,
    receive,
    spawn,
    supervise,
    watch,
)
from flowlet.instrument import Ended, Record, Restarted, Sent
from flowlet.introspect import static


class Go(Event): ...


def broken(name: str) -> None:
    receive(Go)
    raise ValueError(name)


def quiet() -> None:
    receive(Go)


def outcomes(step: Callable[[], object], times: int) -> list[object]:
    """What so many calls return, or raise."""
    found: list[object] = []
    for _ in range(times):
        try:
            found.append(step())
        except Exception as error:
            found.append(str(error).partition("\n")[0])
    return found


@pytest.mark.parametrize("room", [0, 1024])
def test_each_error_comes_with_its_step(monkeypatch: pytest.MonkeyPatch, room: int) -> None:
    """Whether the greenlet of an actor that has ended is kept for the next one or not."""
    monkeypatch.setattr(dispatcher, "POOL", room)
    with Dispatcher() as d:
        refs = [d.spawn(broken, "first"), d.spawn(broken, "second"), d.spawn(quiet)]
        d.settle()
        for ref in refs:
            ref.send(Go())
        assert outcomes(d.step, 4) == ["first", "second", True, False]


def test_an_actor_that_cannot_be_stopped_is_told_of_by_its_step() -> None:
    """It is given up, and the error says so there and then."""

    def stubborn() -> None:
        while True:
            with suppress(BaseException):  # the fault that is told
                receive(Go)

    with Dispatcher() as d:
        ref = d.spawn(stubborn)
        d.settle()
        ref.stop(grace=0)
        told: list[object] = []
        while ref.alive:
            told += outcomes(d.step, 1)
        assert "swallows its stop" in str(told[-1])


@pytest.mark.parametrize("room", [0, 1024])
def test_a_run_until_an_ended_actor_runs_nobody(monkeypatch: pytest.MonkeyPatch, room: int) -> None:
    """What it was to wait for is there already."""
    monkeypatch.setattr(dispatcher, "POOL", room)
    with Dispatcher() as d:
        over = d.spawn(quiet)
        over.send(Go())
        d.settle()
        other = d.spawn(quiet)
        other.send(Go())
        d.run(until=over)
        assert other.alive
        d.settle()
        assert not other.alive


def raises_once(kind: type[Record]) -> Callable[[Record], None]:
    """A listener that fails at the first record of a kind."""
    left = [1]

    def listener(record: Record) -> None:
        if isinstance(record, kind) and left:
            left.pop()
            raise RuntimeError("the listener")

    return listener


def test_an_error_that_is_left_comes_when_the_dispatcher_is_closed() -> None:
    """Of two at one time the second waits for the next call; also where no actor is left."""
    d = Dispatcher(instruments=[raises_once(Ended)])
    ref = d.spawn(broken, "its own")
    ref.send(Go())
    seen = outcomes(d.settle, 1)
    assert d.actors == []
    seen += outcomes(d.close, 1)
    assert sorted(map(str, seen)) == ["its own", "the listener"]


def test_a_listener_that_fails_at_an_end_leaves_nothing_half_ended() -> None:
    """Its error is raised by the run; parent, watcher and dispatcher go on."""
    told: list[object] = []

    def kid() -> int:
        receive(Go)
        return 3

    def parent() -> None:
        with spawn(kid) as ref:
            watch(ref)
            ref.send(Go())
            receive(Event)
            told.append(ref.result)

    with Dispatcher(instruments=[raises_once(Ended)]) as d:
        ref = d.spawn(parent)
        with pytest.raises(RuntimeError, match="the listener"):
            d.settle()
        d.settle()
        assert told == [3]
        assert not ref.alive


def test_a_listener_that_fails_at_a_restart_leaves_the_child_alive() -> None:
    """It has begun anew, and takes the next event."""

    def server() -> None:
        supervise(child(broken, "again", name="kid"))

    with Dispatcher(instruments=[raises_once(Restarted)]) as d:
        d.spawn(server)
        d.settle()
        kid = d.find("kid")
        assert kid is not None
        kid.send(Go())
        with pytest.raises(RuntimeError, match="the listener"):
            d.settle()
        d.settle()
        assert kid.alive
        assert kid.accepts == {Go}


def test_ctrl_c_is_not_lost_behind_the_error_of_a_listener() -> None:
    """Both are raised, one after the other."""

    def kid() -> None:
        receive(Go)
        raise KeyboardInterrupt

    def parent() -> None:
        ref = spawn(kid)
        watch(ref)
        ref.send(Go())
        receive(Event)

    seen: list[type] = []
    with Dispatcher(instruments=[lambda r: None]) as d:
        fails = raises_once(Sent)
        d.spawn(parent)
        d.step()
        d.listen(lambda r: fails(r) if isinstance(r, Sent) and "Exited" in repr(r) else None)
        for _ in range(3):
            try:
                d.settle()
            except (RuntimeError, KeyboardInterrupt) as error:
                seen.append(type(error))
    assert sorted(kind.__name__ for kind in seen) == ["KeyboardInterrupt", "RuntimeError"]


def test_the_error_of_a_listener_goes_to_the_greenlet_that_runs() -> None:
    """And the dispatcher can be run again, by whomever."""
    seen: list[str] = []
    with Dispatcher(instruments=[raises_once(Ended)]) as d:
        ref = d.spawn(quiet)
        ref.send(Go())

        def elsewhere() -> None:
            with pytest.raises(RuntimeError, match="the listener"):
                d.settle()
            seen.append("there")

        greenlet(elsewhere).switch()
        d.settle()
    assert seen == ["there"]


@pytest.mark.parametrize("wrong", [{"at": 3}, {"at": ""}, {"where": 3}])
@pytest.mark.parametrize("kinds", [(Go,), (Go, Event), (Go, Event, Ended)])
def test_what_a_wait_cannot_use_is_told_where_it_is_given(
    wrong: dict[str, Any], kinds: tuple[type, ...]
) -> None:
    """And not by whoever asks for the state, or sends the first event."""

    def actor() -> None:
        receive(*kinds, **wrong)

    with Dispatcher() as d:
        ref = d.spawn(actor)
        with pytest.raises(TypeError, match=r"state's name|predicate"):
            d.settle()
        assert isinstance(ref.error, TypeError)


def test_regions_that_run_themselves_have_states_and_reports() -> None:
    """The source of such a function has no end, and is read all the same."""

    def merge(n: int) -> int:
        if n == 0:
            receive(Go)
            return 1
        return sum(parallel(lambda: merge(n - 1), lambda: merge(n - 1)))

    with Dispatcher(instruments=[lambda record: None]) as d:
        ref = d.spawn(merge, 2)
        d.settle()
        assert ref.state
        ref.send(Go())
        assert d.run(until=ref) == 4
    graph = static(lambda: merge(2))
    assert graph.states
