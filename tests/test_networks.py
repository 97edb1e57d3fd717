"""Networks and bounds: in which order messages arrive, and how far it is looked.

The counts are counted by hand; where that takes a thought, the story says it.
"""

from __future__ import annotations

from typing import Any

import pytest

from flowlet import (
    ActorRef,
    Dispatcher,
    Event,
    ExploreError,
    pause,
    receive,
    state,
    whereis,
)
from flowlet.introspect import explore


class A(Event): ...


class B(Event): ...


class Done(Event): ...


def send(to: ActorRef[Any], *events: Event) -> None:
    """Send these, and end."""
    for event in events:
        to.send(event)


def take_two() -> str:
    """Take two messages; the result says which."""
    first = receive(A, B, at="first")
    second = receive(A, B, at="second")
    return type(first).__name__ + type(second).__name__


def different(d: Dispatcher) -> None:
    d.spawn(send, d.spawn(take_two, name="taker"), A(), B())


def equal(d: Dispatcher) -> None:
    d.spawn(send, d.spawn(take_two, name="taker"), A(), A())


def states(system: Any, **options: Any) -> list[Any]:
    """A view of each state."""
    x: Any = explore(system, **options)
    return list(x.states)


def results(system: Any, actor: str, **options: Any) -> set[Any]:
    """All results that an actor can have."""
    return {v[actor].result for v in states(system, **options) if not v[actor].alive}


# --- networks -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("network", "states", "ends"),
    [
        ("fifo", 3, {"AB"}),
        ("unordered", 5, {"AB", "BA"}),
        ("inbox_set", 5, {"AB", "BA"}),
        ("duplicating", 7, {"AA", "AB", "BA", "BB"}),
    ],
)
def test_the_network_says_in_which_order_messages_come(
    network: Any, states: int, ends: set[str]
) -> None:
    x: Any = explore(different, network=network)
    assert (x.unique_states, x.terminal_states, x.complete) == (states, len(ends), True)
    assert results(different, "taker", network=network) == ends


@pytest.mark.parametrize(
    ("network", "states"), [("fifo", 8), ("unordered", 10), ("inbox_set", 10), ("duplicating", 28)]
)
def test_a_lossy_network_may_lose_any_message(network: Any, states: int) -> None:
    """Wherever it stands: on a fifo the second too, while the first is still on its way."""
    assert explore(different, network=network, lossy=True).unique_states == states


@pytest.mark.parametrize(
    ("network", "states"), [("fifo", 3), ("unordered", 3), ("inbox_set", 2), ("duplicating", 3)]
)
def test_equal_messages_merge_in_an_inbox_set_alone(network: Any, states: int) -> None:
    """There the second of two is never received; on a duplicating one the first comes twice."""
    assert explore(equal, network=network).unique_states == states


def test_pairs_of_a_fifo_are_independent() -> None:
    """Each sender's own messages keep their order: AA and BB in between one another."""

    def take_four() -> str:
        taken = ""
        for _ in range(4):
            taken += type(receive(A, B)).__name__
        return taken

    def system(d: Dispatcher) -> None:
        taker = d.spawn(take_four, name="taker")
        d.spawn(send, taker, A(), B(), name="one")
        d.spawn(send, taker, A(), B(), name="other")

    assert results(system, "taker") == {"ABAB", "AABB"}


def test_a_message_that_is_kept_lets_later_ones_of_its_pair_pass() -> None:
    def server() -> str:
        with state("busy", defer=A):
            receive(B)
        receive(A, at="idle")
        return "both"

    def system(d: Dispatcher) -> None:
        d.spawn(send, d.spawn(server), A(), B())

    x: Any = explore(system)
    assert (x.unique_states, x.terminal_states) == (3, 1)
    assert results(system, "server") == {"both"}


def test_on_a_fifo_what_nobody_takes_is_thrown_away() -> None:
    def server() -> None:
        receive(B, at="idle")
        receive(A, at="late")

    def system(d: Dispatcher) -> None:
        d.spawn(send, d.spawn(server), A(), B())

    x: Any = explore(system)
    assert [v["server"].state for v in x.states] == [("idle",), ("idle",), ("late",)]
    assert explore(system, network="unordered").graph_of("server").triples() == {
        ("idle", "B", "late"),
        ("late", "A", "end"),
    }


def test_a_wait_that_takes_no_mail_leaves_it_where_it_is() -> None:
    def server() -> None:
        pause("busy")
        receive(A, at="idle")

    def system(d: Dispatcher) -> None:
        d.spawn(send, d.spawn(server), A())

    assert explore(system).unique_states == 3


def test_mail_to_one_that_has_ended_is_gone() -> None:
    def brief() -> None:
        pause("once")

    def system(d: Dispatcher) -> None:
        d.spawn(send, d.spawn(brief), A(), A())

    x: Any = explore(system)
    assert [len(v.in_flight) for v in x.states] == [2, 0]


def test_what_is_on_its_way_can_be_asked_for() -> None:
    x: Any = explore(different)
    first = next(iter(x.states))
    assert first.in_flight_between("send", "taker") == [A(), B()]
    assert first.in_flight_between("taker", "send") == []
    assert [tuple(flight) for flight in first.in_flight] == [
        ("send", "taker", A()),
        ("send", "taker", B()),
    ]


def test_an_unknown_network_is_refused() -> None:
    network: Any = "pigeon"
    with pytest.raises(ExploreError, match=r"one of fifo.*not 'pigeon'"):
        explore(different, network=network)


def test_whom_nobody_told_that_the_other_has_ended_may_go_on_sending() -> None:
    """On a network that keeps everything and loses anything, too."""

    def brief() -> None:
        pause("once")

    def late(friend: ActorRef[None]) -> None:
        for _ in range(4):
            pause("next")
            friend.send(A())

    def system(d: Dispatcher) -> None:
        d.spawn(late, d.spawn(brief))

    assert explore(system, network="duplicating").unique_states == 10
    assert explore(system, network="duplicating", lossy=True).complete


def test_who_looks_for_one_that_has_ended_fails() -> None:
    """A name is looked up when it is used, explored as in a run."""

    def brief() -> None:
        pause("once")

    def late() -> None:
        pause("next")
        whereis("brief").send(A())

    def system(d: Dispatcher) -> None:
        d.spawn(brief)
        d.spawn(late)

    ways = {v["late"].state for v in explore(system).states if not v["late"].alive}
    assert ways == {("end",), ("error: LookupError",)}


# --- bounds ---------------------------------------------------------------------------------------


def count() -> None:
    n = 0
    while True:
        pause("tick")
        n += 1


def two_counters(d: Dispatcher) -> None:
    d.spawn(count, name="one")
    d.spawn(count, name="other")


def test_states_outside_the_bounds_are_not_generated() -> None:
    """Two counters up to two: nine states, the last of which leads nowhere within the bounds."""
    x: Any = explore(two_counters, within=lambda v: all(a.locals["n"] <= 2 for a in v.actors))
    assert (x.unique_states, x.terminal_states, x.complete) == (9, 1, True)


def test_without_bounds_the_variable_that_grows_is_named() -> None:
    x: Any = explore(two_counters)
    assert not x.complete
    assert any("n grows without bound" in note for note in x.notes)


def test_it_stops_after_so_many_states() -> None:
    def ten() -> None:
        for _ in range(10):
            pause("tick")

    def system(d: Dispatcher) -> None:
        for number in range(3):
            d.spawn(ten, name=f"counter {number}")

    x: Any = explore(system, max_states=100)
    assert not x.complete
    assert x.unique_states < 11**3
    assert "max_states" in " ".join(x.notes)
    assert explore(system, max_states=2_000).complete


def test_who_interrupts_it_gets_what_is_there() -> None:
    """As Ctrl-C does; it is marked as not complete."""

    def ten() -> None:
        for _ in range(10):
            pause("tick")

    def system(d: Dispatcher) -> None:
        for number in range(4):
            d.spawn(ten, name=f"counter {number}")

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    x: Any = explore(system, progress=interrupt)
    assert not x.complete
    assert 0 < x.unique_states < 11**4
    assert "interrupted" in " ".join(x.notes)
