"""XState's JSON says what the graph says, and XState understands it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowlet import StateGraph
from flowlet.export import to_xstate
from flowlet.export.escaped import unescaped
from tests.consumers import Node, XState, xstate_or_skip
from tests.graphs import graph_of, graphs
from tests.test_pictures import a_door, a_machine, a_state, an_edge

#: Names that JavaScript and XState have for themselves.
RESERVED = ("__proto__", "xstate.init", "*", "a*", "a.*")


@pytest.fixture(scope="module")
def node() -> Iterator[Node]:
    with xstate_or_skip() as node:
        yield node


def config(graph: StateGraph) -> dict[str, Any]:
    return dict(json.loads(to_xstate(graph)))


def states(machine: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for state in machine.get("states", {}).values():
        yield state
        yield from states(state)


def state(graph: StateGraph, name: str) -> dict[str, Any]:
    """The state of that true name."""
    (found,) = [one for one in states(config(graph)) if one.get("meta", {}).get("name") == name]
    return found


def test_blocks_are_states_in_states() -> None:
    """And an `until` is one transition of the block that it stands round."""
    box = config(a_door())["states"]["door"]
    assert sorted(box["states"]) == ["closed", "open"]
    assert [edge["target"] for edge in box["on"]["PowerOff"]] == ["#machine/off"]
    assert [edge["target"] for edge in box["after"]["after 1h"]] == ["#machine/end"]


def test_an_event_of_the_block_is_taken_wherever_it_is(node: Node) -> None:
    """In every state inside."""
    machine = XState(node, a_door())
    for way in (["PowerOn"], ["PowerOn", "Open"]):
        for event in way:
            machine.send(event)
        assert machine.state.startswith("door/")
        machine.send("PowerOff")
        assert machine.state == "off"


def test_names_that_mean_something_to_xstate_are_escaped(node: Node) -> None:
    """They can be read back, no two are one, and the true name stands beside."""
    names = ["a b", "a.b", "a/b", "#a", "*", "a*", "a.*", "_x002E_", "__proto__", "_xwait", "1"]
    graph = a_machine(
        *(an_edge("start", name, f"{name} there") for name in names),
        *(an_edge("start", f"to {name}", name) for name in names),
        an_edge("start", "xstate.init", "start"),
    )
    machine = XState(node, graph)
    told = [one["meta"]["name"] for one in states(machine.config)]
    assert sorted(told) == sorted({*graph.names(), "a"})  # "a" is a block
    for name in names:
        for event, end in ((name, f"{name} there"), (f"to {name}", name)):
            there = XState(node, graph)
            there.send(there.offers[event])
            assert there.state == end
    assert "__proto__" not in machine.config["states"]
    assert not [event for event in machine.config["states"]["start"]["on"] if event in RESERVED]
    assert {unescaped(event) for event in machine.config["states"]["start"]["on"]} == {
        edge.event for edge in graph.transitions
    }


def test_outputs_are_actions_with_their_text() -> None:
    """By what they are: `emit` or `send`."""
    graph = a_machine(an_edge("a", "Go", "b", outputs=("emit 'x y'", "send Ping to b")))
    assert state(graph, "a")["on"]["Go"][0]["actions"] == [
        {"type": "emit", "params": {"text": "'x y'"}},
        {"type": "send", "params": {"text": "Ping to b"}},
    ]


@pytest.mark.parametrize("name", ["1", "1.5", ".5", "1e3", " 7 ", "0x10", "-1", "Infinity", " "])
def test_a_time_that_is_called_like_a_number_is_none(name: str) -> None:
    """XState would take its name for milliseconds."""
    (key,) = state(a_machine(an_edge("a", name, "b", "timeout")), "a")["after"]
    assert key.startswith("_x")
    assert unescaped(key) == name


@pytest.mark.parametrize("name", ["after 1 or 2", "1st", "1_0", "e3"])
def test_other_times_are_called_as_they_are(name: str) -> None:
    """And one that has a number is that number."""
    edges = (an_edge("a", name, "b", "timeout"), an_edge("a", "after 1.5s", "b", "timeout"))
    assert set(state(a_machine(*edges), "a")["after"]) == {name, "1500"}


def test_guards_are_named_by_their_words() -> None:
    """Whoever runs the machine gives a function for each."""
    graph = graph_of("a Coin b if v > 2", "a Coin c if v <= 2")
    edges = state(graph, "a")["on"]["Coin"]
    assert [edge["guard"] for edge in edges] == [{"type": "v > 2"}, {"type": "v <= 2"}]
    assert "Guards are words" in config(graph)["description"]


def test_final_states_end_the_machine_also_inside_blocks(node: Node) -> None:
    """A crash has a tag."""
    graph = a_machine(
        an_edge("s/a", "Go", "s/end"),
        an_edge("s/a", "Fail", "error: ValueError"),
        states=(a_state("s/end", "final"), a_state("error: ValueError", "error")),
    )
    for event, end in (("Go", "s/end"), ("Fail", "error: ValueError")):
        machine = XState(node, graph)
        machine.send(event)
        assert machine.state == end
        assert machine.said["done"]
    assert state(graph, "error: ValueError")["tags"] == ["error"]


def test_transient_states_are_passed_through(node: Node) -> None:
    """Nobody sends an event for it."""
    machine = XState(node, a_machine(an_edge("a", "Go", "b"), an_edge("b", "", "c", "eventless")))
    machine.send("Go")
    assert machine.state == "c"


def test_an_internal_edge_leaves_nothing_and_another_does() -> None:
    """So the time of its state goes on, or begins anew."""
    graph = a_machine(
        an_edge("a", "Status", "a", "internal"),
        an_edge("a", "Again", "a"),
        an_edge("a", "after 5s", "b", "timeout"),
    )
    on = state(graph, "a")["on"]
    assert "target" not in on["Status"][0]
    assert (on["Again"][0]["target"], on["Again"][0]["reenter"]) == ("#machine/a", True)


def test_times_are_delays_by_number_or_by_name() -> None:
    """Of two that are alike, the second has to be told apart."""
    graph = a_machine(
        an_edge("a", "after 0.5s", "b", "timeout"),
        an_edge("a", "after 0.5s#2", "c", "timeout"),
        an_edge("a", "Timer A", "d", "timeout"),
    )
    assert set(state(graph, "a")["after"]) == {"500", "after 0.5s#2", "Timer A"}
    assert "provide delays" in config(graph)["description"]


def test_a_block_that_waits_itself_has_its_wait_inside(node: Node) -> None:
    """The block and its wait have one name, and two places."""
    graph = a_machine(
        an_edge("s", "In", "s/deep"),
        an_edge("s/deep", "Out", "s"),
        an_edge("s/deep", "Off", "off", border="s"),
        an_edge("s", "Off", "off", border="s"),
    )
    machine = XState(node, graph)
    for event, there in (("In", "s/deep"), ("Out", "s"), ("Off", "off")):
        machine.send(event)
        assert machine.state == there


def test_several_beginnings_have_a_state_before_them(node: Node) -> None:
    """The first in reading order is taken, and the description says so."""
    graph = a_machine(an_edge("b", "Go", "a")).model_copy(update={"initial": ("b", "a")})
    assert XState(node, graph).state == "a"
    begin = config(graph)["states"]["_xbegin"]
    assert [edge["target"] for edge in begin["always"]] == ["#machine/a", "#machine/b"]
    assert "may begin in any of" in config(graph)["description"]


def test_what_xstate_has_no_word_for_is_in_meta() -> None:
    """Where it stands, how it is known, what is kept for later."""
    graph = a_machine(
        an_edge("a", "Go", "b", line=3, seen=2),
        states=(a_state("a", line=3).model_copy(update={"deferred": ("Late",)}),),
    )
    assert state(graph, "a")["meta"] == {
        "name": "a",
        "deferred": ["Late"],
        "source": "gates.py:3",
    }
    assert state(graph, "a")["on"]["Go"][0]["meta"] == {
        "event": "Go",
        "at": "gates.py:3",
        "evidence": {"reachable": True, "seen": 2},
    }
    assert "cannot keep events for later" in config(graph)["description"]


def test_any_graph_is_taken(node: Node) -> None:
    """Also one that makes no sense: states without a way in, ends with a way out."""

    @settings(deadline=None, max_examples=60)
    @given(graphs(), st.randoms())
    def try_it(graph: StateGraph, random: Any) -> None:
        # What goes on by itself for ever would do so in XState, too.
        calm = [edge for edge in graph.transitions if edge.event]
        graph = graph.model_copy(update={"transitions": tuple(calm)})
        machine = XState(node, graph)
        assert machine.state in graph.initial
        others = [graph.transitions, graph.states]
        shuffled = [random.sample(part, len(part)) for part in others]
        other = {"transitions": tuple(shuffled[0]), "states": tuple(shuffled[1])}
        assert to_xstate(graph.model_copy(update=other)) == to_xstate(graph)

    try_it()
