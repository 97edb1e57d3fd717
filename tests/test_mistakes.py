"""What people do by mistake, and what they are told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from flowlet import (
    ActorRef,
    ActorStuckError,
    Dispatcher,
    Event,
    ExploreError,
    IllegalCallError,
    NotAnEventTypeError,
    explore,
    receive,
    sleep,
    whereis,
)


class Knock(Event): ...


class Ask(Event):
    to: ActorRef[Any]


def porter() -> None:
    while True:
        receive(Knock, at="waiting")


def generator() -> Iterator[None]:
    yield


async def coroutine() -> None: ...


@pytest.mark.parametrize("fn", [generator, coroutine, partial(generator)])
def test_an_actor_is_a_plain_function(fn: Callable[..., Any]) -> None:
    """A generator or a coroutine would end at once, in silence."""
    with Dispatcher() as d, pytest.raises(TypeError, match="leave out"):
        d.spawn(fn)


def test_a_class_is_no_event() -> None:
    """`send(Knock)` without the brackets would be thrown away, in silence."""
    with Dispatcher() as d:
        ref = d.spawn(porter)
        d.settle()
        with pytest.raises(NotAnEventTypeError, match=r"send\(Knock\(…\)\)"):
            ref.send(Knock)


def test_where_only_looks() -> None:
    """A wait inside `where=` would go through the mailbox in the middle of itself."""

    def curious() -> None:
        receive(Knock, where=lambda event: sleep(1))

    with Dispatcher() as d:
        d.spawn(curious).send(Knock())
        with pytest.raises(IllegalCallError, match="where="):
            d.settle()


def test_who_swallows_every_stop_is_given_up_by_name() -> None:
    """A bare `except:` round a wait cannot hang the end of a run."""

    def deaf() -> None:
        while True:
            try:  # noqa: SIM105
                receive(Knock)
            except:  # noqa: E722  # this is the mistake
                pass

    d = Dispatcher()
    ref = d.spawn(deaf)
    d.settle()
    with pytest.raises(ActorStuckError, match=r"deaf.*test_mistakes\.py") as caught:
        d.close()
    assert caught.value.actor is ref
    assert not ref.alive


def test_a_handle_by_name_is_a_handle() -> None:
    """It may be sent on, and equals the actor that bears the name."""
    heard: list[object] = []

    def asker() -> None:
        ask = Ask(whereis("porter"))
        heard.append(ask.to == d.find("porter"))
        ask.to.send(Knock())

    with Dispatcher() as d:
        ref = d.spawn(porter)
        d.spawn(asker)
        d.settle()
        assert heard == [True]
        assert ref.state == ("waiting",)


def test_a_system_is_told_to_come_later() -> None:
    """Its `d` is no argument to bind."""

    def system(d: Dispatcher) -> None:
        d.spawn(porter)

    with pytest.raises(ExploreError, match="one actor at a time"):
        explore(system)


def test_a_crash_says_what_and_where() -> None:
    """The drawn state names the kind of error; the notes have its text and line."""

    def clumsy() -> None:
        receive(Knock, at="waiting")
        raise ValueError("dropped it")

    (note,) = [note for note in explore(clumsy).graph.notes if "ValueError" in note]
    assert note.startswith("error: ValueError: dropped it, at ")
    assert "test_mistakes.py:" in note


class Counter:
    count = 0


def test_data_of_a_class_is_shared_and_told() -> None:
    """All runs see it, so its states cannot be told apart; it is put back."""

    def counting() -> None:
        while True:
            receive(Knock, at="even" if Counter.count % 2 == 0 else "odd")
            Counter.count += 1

    with pytest.raises(ExploreError, match=r"Counter\.count|twice"):
        explore(counting)
    assert Counter.count == 0


def test_a_timeout_of_a_month_is_written_out() -> None:
    """No exponents in a picture."""

    def patient() -> None:
        receive(Knock, after=30 * 24 * 3600, at="waiting")

    assert ("waiting", "after 2592000s", "end") in explore(patient).graph.triples()
