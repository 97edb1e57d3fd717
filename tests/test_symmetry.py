"""Symmetry: states that differ only in which of the like actors is which are one."""

from __future__ import annotations

from functools import partial
from math import comb
from typing import Any

import pytest

from flowlet import ActorRef, Dispatcher, Event, ExploreError, choose, me, pause, receive
from flowlet.introspect import check, explore


class Hello(Event):
    sender: ActorRef[Any]


def walk(steps: int) -> None:
    """A few steps, one by one."""
    for _ in range(steps):
        pause("step")


def walkers(d: Dispatcher, number: int = 3, steps: int = 2) -> None:
    for each in range(number):
        d.spawn(walk, steps, name=f"walker {each}")


def greet(host: ActorRef[Any]) -> None:
    host.send(Hello(me()))
    pause("greeted")


def host(guests: int) -> list[ActorRef[Any]]:
    """Who greeted, in order."""
    heard: list[ActorRef[Any]] = []
    while len(heard) < guests:
        heard.append(receive(Hello, at="listening").sender)
    return heard


def party(d: Dispatcher, guests: int = 3) -> None:
    there = d.spawn(host, guests)
    for number in range(guests):
        d.spawn(greet, there, name=f"guest {number}")


@pytest.mark.parametrize(("number", "steps"), [(2, 1), (3, 2), (4, 3)])
def test_only_how_many_are_where_counts(number: int, steps: int) -> None:
    """As many states as there are multisets of the places."""
    system = partial(walkers, number=number, steps=steps)
    assert explore(system).unique_states == (steps + 1) ** number
    assert explore(system, symmetry=walk).unique_states == comb(number + steps, steps)


def test_the_like_actors_may_be_given_by_name() -> None:
    """The third is then told apart: three pairs of places, and its own two."""
    system = partial(walkers, steps=1)
    assert explore(system, symmetry=["walker 0", "walker 1"]).unique_states == 3 * 2


def test_who_is_meant_in_a_message_or_a_variable_goes_along() -> None:
    """Each order in which guests are heard is one order: their names are exchanged everywhere.

    How many have been heard, and of each whether it has left, apart for the heard in their order
    and for the rest.
    """
    by_hand = sum(2**heard * (3 - heard + 1) for heard in range(4))
    assert explore(party, symmetry=greet).unique_states == by_hand
    in_order = [1, 3, 6, 6]  # the ways to hear none, one, two, three of three
    assert explore(party).unique_states == sum(ways * 2**3 for ways in in_order)


def test_the_ways_that_are_found_can_be_gone() -> None:
    """Also where the like were exchanged on the way."""
    never = {"all gone": lambda v: not any(actor.alive for actor in v.actors)}
    plain = check(party, never=never).failures[0]
    alike = check(party, never=never, symmetry=greet).failures[0]
    assert len(alike.path) == len(plain.path) == 6


def test_choices_of_the_like_are_alike() -> None:
    def coin() -> str:
        pause("toss")
        return choose("heads", "tails")

    def system(d: Dispatcher) -> None:
        for number in range(3):
            d.spawn(coin, name=f"coin {number}")

    assert explore(system).unique_states == 3**3
    assert explore(system, symmetry=coin).unique_states == comb(3 + 2, 2)


def test_what_holds_of_each_is_checked_of_each() -> None:
    """A property that names one of them is found to fail, whichever stands for it."""
    verdict = check(
        walkers, symmetry=walk, never={"done": lambda v: any(not a.alive for a in v.actors)}
    )
    assert [len(failure.path) for failure in verdict.failures] == [2]


@pytest.mark.parametrize("symmetry", [None, greet])
def test_states_that_differ_in_more_than_names_stay_apart(symmetry: Any) -> None:
    """Whoever was heard first is the one still there; or whoever was heard last."""

    def still_there(v: Any) -> list[bool]:
        return [v[ref.name].alive for ref in v["host"].result or ()]

    assert check(
        party,
        symmetry=symmetry,
        sometimes={
            "the first stays": lambda v: still_there(v) == [True, False, False],
            "the last stays": lambda v: still_there(v) == [False, False, True],
        },
    ).ok


@pytest.mark.parametrize("wrong", [["walker 0", "nobody"], ["nobody"]])
def test_names_that_there_are_not_are_told(wrong: list[str]) -> None:
    with pytest.raises(ExploreError, match=r"nobody.*walker 0, walker 1, walker 2"):
        explore(walkers, symmetry=wrong)


def test_a_function_that_nobody_runs_is_told() -> None:
    with pytest.raises(ExploreError, match="interchangeable, two or more"):
        explore(walkers, symmetry=host)


def test_those_that_run_different_functions_are_not_alike() -> None:
    with pytest.raises(ExploreError, match="guest 0"):
        explore(party, symmetry=["host", "guest 0"])


# --- choices and senders that do not count --------------------------------------------------------


class Call(Event): ...


def listener() -> None:
    receive(Call)


def picky(others: list[ActorRef[Any]]) -> None:
    choose(*others).send(Call())


def test_a_choice_among_actors_that_are_alike_takes_one_of_them() -> None:
    """Each of three may be called, before and after it has heard: six states, two by symmetry."""

    def system(d: Dispatcher) -> None:
        d.spawn(picky, [d.spawn(listener, name=f"listener {n}") for n in range(3)])

    assert explore(system).unique_states == 6
    assert explore(system, symmetry=listener).unique_states == 2


def caller(to: ActorRef[Any]) -> None:
    pause()
    to.send(Call())


def twice() -> None:
    receive(Call)
    receive(Call)


def test_in_a_set_of_all_that_was_sent_nobody_asks_who_it_was() -> None:
    """By how many have called: one state, two, four and four; 23 where callers have names."""

    def system(d: Dispatcher) -> None:
        to = d.spawn(twice)
        for n in range(3):
            d.spawn(caller, to, name=f"caller {n}")

    assert explore(system, network="inbox_set").unique_states == 23
    assert explore(system, network="inbox_set", symmetry=caller).unique_states == 11


def test_the_graph_says_that_it_has_one_of_those_that_are_alike() -> None:
    """A run may take the steps of another one, and is not called illegal without a word on it."""
    x = explore(partial(walkers, number=2, steps=1), symmetry=walk)
    [note] = [note for note in x.graph.notes if note.startswith("by symmetry= ")]
    assert "which of walker 0, walker 1 is which" in note
    one, other = "walk", "end"
    first = x.graph.coverage([(f"{one} | {one}", "walker 0: step", f"{other} | {one}")])
    second = x.graph.coverage([(f"{one} | {one}", "walker 1: step", f"{one} | {other}")])
    [strayed] = [each for each in (first, second) if not each.follows]
    assert "one that is alike may stand for it (symmetry=)" in str(strayed.strays[0])
    assert note in str(strayed)
    plain = explore(partial(walkers, number=2, steps=1)).graph
    assert not any("symmetry" in note for note in plain.notes)
