"""Refusals: what cannot be explored exactly is an error with the line and a way out."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from flowlet import Dispatcher, Event, ExploreError, pause, perform, receive, rng, state
from flowlet.introspect import check, explore
from tests.machines import Tick, line_of


class A(Event): ...


def step() -> None:
    pause("step")


def beside(fn: Callable[[], Any]) -> Callable[[Dispatcher], None]:
    """A system of this actor and another."""

    def system(d: Dispatcher) -> None:
        d.spawn(fn)
        d.spawn(step)

    return system


def waits_in_a_key() -> None:
    def key(number: int) -> int:
        pause("compare")
        return -number

    sorted([1, 2, 3], key=key)


def holds_an_object() -> None:
    lock = threading.Lock()
    pause("locked")
    pause("open" if lock.locked() else "shut")


def holds_a_generator() -> None:
    def numbers() -> Iterator[int]:
        lock = threading.Lock()
        while True:
            yield int(lock.locked())

    source = numbers()
    next(source)
    pause("started")
    pause(str(next(source)) and "next")


def draws() -> float:
    pause("start")
    return rng().random()


@pytest.mark.parametrize("explored", [explore, check])
@pytest.mark.parametrize(
    ("fn", "line", "named", "way_out"),
    [
        (waits_in_a_key, "sorted(", "sorted", "loop|before the call"),
        (holds_an_object, 'pause("locked")', "lock", "local|keep|hook|value|field"),
        (holds_a_generator, 'pause("started")', "source|lock", "list|loop|keep"),
    ],
    ids=["callback", "object", "generator"],
)
def test_it_names_the_line_and_a_way_out(
    explored: Any, fn: Callable[[], Any], line: str, named: str, way_out: str
) -> None:
    """In a system as in a function alone."""
    for target in fn, beside(fn):
        with pytest.raises(ExploreError, match=named) as refused:
            explored(target)
        text = str(refused.value)
        assert f"test_refusals.py:{line_of(fn, line)}" in text
        assert any(word in text for word in way_out.split("|")), text


def test_chance_without_number_is_refused_in_a_system() -> None:
    with pytest.raises(ExploreError, match=r"draws calls rng\(\).*choose"):
        explore(beside(draws))


def test_a_side_effect_is_not_had() -> None:
    """What it returns cannot be known."""
    had: list[int] = []

    def charge(amount):  # type: ignore[no-untyped-def]
        had.append(amount)
        return amount

    def shop() -> None:
        receipt = perform(charge, 5)
        pause("charged")
        pause(str(receipt) and "shipped")

    with pytest.raises(ExploreError, match="charge"):
        explore(beside(shop))
    assert had == []


def test_dead_objects_are_no_obstacle() -> None:
    def brief() -> None:
        lock = threading.Lock()
        lock.acquire()
        pause("locked")

    assert explore(beside(brief)).unique_states == 4


def test_a_system_that_spawns_nobody_is_told() -> None:
    def nobody(d: Dispatcher) -> None:
        d.shared("turn", 0)

    with pytest.raises(ExploreError, match=r"spawns no actor.*d\.spawn"):
        explore(nobody)


def test_a_system_that_fails_itself_is_told() -> None:
    def broken(d: Dispatcher) -> None:
        raise ValueError("no such thing")

    with pytest.raises((ExploreError, ValueError), match="no such thing"):
        explore(broken)


def test_a_predicate_that_fails_says_where() -> None:
    """Its own error, not one of ours: a name that there is not."""
    with pytest.raises(KeyError, match=r"somebody.*step"):
        check(beside(waiting), never={"gone": lambda v: not v["somebody"].alive})


def waiting() -> None:
    with state("waiting"):
        receive(A)


def test_options_of_another_kind_are_refused() -> None:
    """With what they should look like."""
    with pytest.raises(ExploreError, match="events= takes a list"):
        explore(lambda: receive(Tick), events=Tick)  # type: ignore[arg-type]
    with pytest.raises(ExploreError, match="within takes a function"):
        explore(lambda: receive(Tick), within=3)  # type: ignore[arg-type]


def test_examples_under_a_name_that_nothing_has_are_told() -> None:
    """A name that is misspelt would be looked for in vain."""
    x = explore(lambda: receive(Tick), examples={"chrge": [250]})
    assert any("'chrge'" in note for note in x.graph.notes)
