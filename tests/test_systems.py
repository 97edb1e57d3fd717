"""Exploring systems: every order in which actors can go on and their messages arrive.

The counts are counted by hand; where that takes a thought, the story says it.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from flowlet import (
    ActorRef,
    Dispatcher,
    Event,
    choose,
    me,
    pause,
    receive,
    sleep,
    wait_until,
    whereis,
)
from flowlet.cells import Cell
from flowlet.introspect import explore


class A(Event): ...


class B(Event): ...


class Done(Event): ...


def states(system: Any, **options: Any) -> list[Any]:
    """A view of each state."""
    x: Any = explore(system, **options)
    return list(x.states)


def results(system: Any, actor: str, **options: Any) -> set[Any]:
    """All results that an actor can have."""
    return {v[actor].result for v in states(system, **options) if not v[actor].alive}


# --- time and chance ------------------------------------------------------------------------------


def short() -> None:
    sleep(1)
    sleep(5)


def long() -> None:
    sleep(3)


def sleepers(d: Dispatcher) -> None:
    d.spawn(short)
    d.spawn(long)


def test_any_timer_of_any_actor_may_fire() -> None:
    """Three places of the one, two of the other; and it is said that this is more than can be."""
    x: Any = explore(sleepers)
    assert (x.unique_states, x.terminal_states) == (6, 1)
    assert any("time='any'" in note for note in x.notes)


def test_ordered_time_keeps_the_order_of_the_deadlines_of_all() -> None:
    """At 1, at 3, at 6: one way."""
    x: Any = explore(sleepers, time="ordered")
    assert (x.unique_states, x.transitions, x.notes) == (4, 3, ())


def test_at_the_same_instant_either_may_be_first() -> None:
    def system(d: Dispatcher) -> None:
        d.spawn(long, name="one")
        d.spawn(long, name="other")

    assert explore(system, time="ordered").unique_states == 4


def test_a_choice_of_an_actor_is_every_option() -> None:
    def coin() -> str:
        pause("toss")
        return choose("heads", "tails")

    def system(d: Dispatcher) -> None:
        d.spawn(coin, name="one")
        d.spawn(coin, name="other")

    x: Any = explore(system)
    assert (x.unique_states, x.terminal_states) == (9, 4)


def test_a_choice_before_the_first_wait_gives_several_beginnings() -> None:
    def coin() -> str:
        side = choose("heads", "tails")
        pause("tossed")
        return side

    def system(d: Dispatcher) -> None:
        d.spawn(coin, name="one")
        d.spawn(coin, name="other")

    x: Any = explore(system)
    assert (x.unique_states, x.terminal_states) == (16, 4)
    beginnings = {(v["one"].locals["side"], v["other"].locals["side"]) for v in list(x.states)[:4]}
    assert len(beginnings) == 4


def test_a_choice_of_the_system_function_gives_several_beginnings() -> None:
    def waiter(number: int) -> int:
        pause("once")
        return number

    def system(d: Dispatcher) -> None:
        number = d.choose(1, 2, 3)
        for name in "one", "other":
            d.spawn(waiter, number, name=name)

    x: Any = explore(system)
    assert (x.unique_states, x.terminal_states) == (12, 3)
    assert {(v["one"].result, v["other"].result) for v in x.states if v.name == "end | end"} == {
        (1, 1),
        (2, 2),
        (3, 3),
    }


def test_the_way_to_a_beginning_says_what_was_chosen() -> None:
    def waiter(number: int) -> int:
        receive(A)
        return number

    def system(d: Dispatcher) -> None:
        d.spawn(waiter, d.choose(1, 2))

    [step] = explore(system).path_to(lambda v: v["waiter"].locals.get("number") == 2)
    assert "2" in str(step)


# --- cells ----------------------------------------------------------------------------------------


def write(cell: Cell[int], *values: int) -> None:
    for value in values:
        pause("next")
        cell.value = value


def await_one(cell: Cell[int]) -> str:
    wait_until(lambda: cell.value == 1, at="waiting")
    return "seen"


def cell_system(d: Dispatcher, values: tuple[int, ...]) -> None:
    cell = d.shared("turn", 0)
    d.spawn(await_one, cell)
    d.spawn(write, cell, *values, name="writer")


def test_a_cell_that_allows_it_lets_the_other_go_on() -> None:
    x: Any = explore(partial(cell_system, values=(1,)))
    assert [(v.cells["turn"], v["await_one"].result) for v in x.states] == [
        (0, None),
        (1, None),
        (1, "seen"),
    ]


def test_a_value_that_passes_may_be_missed() -> None:
    """Whoever waits looks when it is its turn; by then the value may have changed again."""
    x: Any = explore(partial(cell_system, values=(1, 2)))
    ends = {
        v["await_one"].state for v in x.states if not v["writer"].alive and v.cells["turn"] == 2
    }
    assert ends == {("waiting",), ("end",)}
    assert x.terminal_states == 2


def test_what_is_in_a_cell_is_part_of_the_state() -> None:
    """Nobody reads it, and still 0 and 1 are two states."""

    def system(d: Dispatcher) -> None:
        cell = d.shared("light", 0)

        def toggle() -> None:
            while True:
                pause("wait")
                cell.value = 1 - cell.value

        d.spawn(toggle)
        d.spawn(count_once)

    x: Any = explore(system)
    assert {v.cells["light"] for v in x.states} == {0, 1}
    assert x.unique_states == 4


def count_once() -> None:
    pause("once")


def test_each_comes_to_its_first_wait_in_the_order_of_spawning() -> None:
    """What the first does until then, the second finds; starting is no transition."""

    def opener(cell: Cell[int]) -> None:
        cell.value = 1
        pause("open")

    def reader(cell: Cell[int]) -> int:
        seen = cell.value
        pause("read")
        return seen

    def system(d: Dispatcher) -> None:
        cell = d.shared("door", 0)
        d.spawn(reader, cell, name="before")
        d.spawn(opener, cell)
        d.spawn(reader, cell, name="after")

    x: Any = explore(system)
    assert x.unique_states == 8
    assert {
        (v["before"].result, v["after"].result) for v in x.states if v.name.count("end") == 3
    } == {(0, 1)}


# --- what is counted ------------------------------------------------------------------------------


def test_an_ended_actor_is_its_final_state_and_its_result() -> None:
    """Not the line that it left from."""

    def coin() -> str:
        pause("toss")
        if choose(True, False):
            return "fallen"
        return "fallen"

    def system(d: Dispatcher) -> None:
        d.spawn(coin, name="one")
        d.spawn(coin, name="other")

    assert explore(system).unique_states == 4


def test_a_state_that_only_leads_to_itself_is_terminal() -> None:
    def spin() -> None:
        while True:
            pause("spin")

    def system(d: Dispatcher) -> None:
        d.spawn(spin)
        d.spawn(count_once)

    x: Any = explore(system)
    assert (x.unique_states, x.terminal_states) == (2, 1)


def test_what_nobody_reads_again_is_no_part_of_the_state() -> None:
    """Unless it stands in `keep`."""

    def forgetful() -> None:
        got = choose(1, 2)
        pause(str(got) and "next")

    def system(d: Dispatcher) -> None:
        d.spawn(forgetful, name="one")
        d.spawn(forgetful, name="other")

    assert explore(system).unique_states == 4
    assert explore(system, keep=("got",)).unique_states == 9
    assert explore(system, identity="all").unique_states == 9


def test_what_only_a_later_closure_reads_is_part_of_the_state() -> None:
    def picky() -> str:
        number = choose(1, 2)
        pause("next")
        return "two" if (lambda: number == 2)() else "one"

    def system(d: Dispatcher) -> None:
        d.spawn(picky)
        d.spawn(count_once)

    assert explore(system).unique_states == (2 + 2) * 2


def test_a_name_that_the_bounds_read_counts_as_alive() -> None:
    def forgetful() -> None:
        got = choose(1, 2)
        pause(str(got) and "next")

    def system(d: Dispatcher) -> None:
        d.spawn(forgetful, name="one")
        d.spawn(forgetful, name="other")

    x: Any = explore(system, within=lambda v: v["one"].locals.get("got", 1) == 1)
    assert x.complete
    assert {v["one"].locals["got"] for v in x.states if v["one"].alive} == {1}


def test_a_crash_ends_the_actor_and_not_the_exploration() -> None:
    def fragile() -> None:
        pause("calm")
        raise ValueError("broken")

    def system(d: Dispatcher) -> None:
        d.spawn(fragile)
        d.spawn(count_once)

    x: Any = explore(system)
    assert x.unique_states == 4
    assert x.graph_of("fragile").triples() == {("fragile", "calm", "error: ValueError")}
    assert {type(v["fragile"].error) for v in x.states if not v["fragile"].alive} == {ValueError}


# --- graphs and ways ------------------------------------------------------------------------------


def client(server: ActorRef[Any]) -> None:
    server.send(A())
    receive(Done, at="waiting")


def server(client: str) -> None:
    receive(A, at="idle")
    pause("working")
    whereis(client).send(Done())


def service(d: Dispatcher) -> None:
    d.spawn(client, d.spawn(server, "client"), name="client")


def test_the_states_of_a_system_are_those_of_its_actors_side_by_side() -> None:
    x: Any = explore(service)
    assert x.graph.names() == [
        "idle | waiting",
        "server/working | waiting",
        "end | waiting",
        "end | end",
    ]
    assert x.graph.initial == ("idle | waiting",)


def test_each_actor_has_a_graph_of_its_own() -> None:
    x: Any = explore(service)
    assert x.graph_of("client").triples() == {("waiting", "Done", "end")}
    assert x.graph_of("server").triples() == {
        ("idle", "A", "server/working"),
        ("server/working", "working", "end"),
    }
    with pytest.raises(KeyError, match="client"):
        x.graph_of("nobody")


def test_the_edges_of_a_system_are_named_for_the_event_of_their_actor() -> None:
    """A pause is its label there too."""
    triples = explore(service).graph.triples()
    assert {event for _, event, _ in triples} == {
        "server: A",
        "server: working",
        "client: Done",
    }


def test_the_shortest_way_to_a_state() -> None:
    """By name, by the actors' states, or by a predicate."""
    x: Any = explore(service)
    way = x.path_to("end | waiting")
    assert [step.target for step in way] == ["server/working | waiting", "end | waiting"]
    assert x.path_to((("end",), ("waiting",))) == way
    assert x.path_to(lambda v: not v["server"].alive) == way
    with pytest.raises(KeyError):
        x.path_to("nowhere | at all")


def test_the_way_to_where_it_begins_is_empty() -> None:
    assert explore(service).path_to("idle | waiting") == []


def test_a_system_of_one_actor_is_offered_its_events_from_outside() -> None:
    def gate() -> None:
        while True:
            receive(A, at="locked")
            receive(B, at="unlocked")

    def system(d: Dispatcher) -> None:
        d.spawn(gate)

    x: Any = explore(system)
    assert x.graph_of("gate").triples() == {
        ("locked", "A", "unlocked"),
        ("unlocked", "B", "locked"),
    }
    assert any("assumed" in note for note in x.notes)


def test_one_of_several_gets_only_what_is_sent() -> None:
    def gate() -> None:
        receive(A, at="locked")

    def system(d: Dispatcher) -> None:
        d.spawn(gate)
        d.spawn(count_once)

    assert explore(system).graph_of("gate").triples() == set()


def test_what_an_actor_sends_to_itself_comes_to_it() -> None:
    def worker() -> str:
        me().send(A())
        receive(A, at="reminded")
        return "done"

    def system(d: Dispatcher) -> None:
        d.spawn(worker)
        d.spawn(count_once)

    assert results(system, "worker") == {"done"}
    assert explore(system).graph_of("worker").triples() == {("reminded", "A", "end")}


def test_in_ordered_time_no_timer_is_drawn_where_something_else_comes_first() -> None:
    """Although what it would lead to is reached in another way."""

    def busy() -> None:
        while True:
            pause("busy")
            sleep(1)

    def once() -> None:
        receive(after=2, at="waits")

    def system(d: Dispatcher) -> None:
        d.spawn(busy)
        d.spawn(once)

    drawn = explore(system, time="ordered").graph.triples()
    timers = {start for start, event, _ in drawn if event == "once: after 2s"}
    assert timers == {"busy/sleep | waits"}


def test_the_loss_of_a_message_is_drawn() -> None:
    """Once for each place where the actors stand, in whatever states of the messages."""

    def teller(to: ActorRef[Any]) -> None:
        to.send(A())

    def hearer() -> None:
        receive(A, at="hears")

    def system(d: Dispatcher) -> None:
        d.spawn(teller, d.spawn(hearer))

    drawn = explore(system, lossy=True).graph.triples()
    assert ("hears | end", "lost A", "hears | end") in drawn
