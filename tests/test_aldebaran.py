"""Aldebaran's labelled transition systems, read as strictly as the format is described.

The reader here is written from CADP's manual page `aut` (2014): a line for the header, one for
each transition; natural numbers below the number of states; 7-bit ASCII; blanks count only inside
quotes.  There is no reader of others to be had that installs from a package index.
"""

from __future__ import annotations

import re
from typing import Any

import networkx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examples.door import door
from examples.vending_machine import vending_machine
from flowlet import StateGraph, explore
from flowlet.export import to_aldebaran, to_networkx
from tests.graphs import graph_of, graphs
from tests.test_pictures import a_machine, a_state, an_edge

HEADER = re.compile(r"\s*des\s*\(\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*\)\s*")
LINE = re.compile(r'\s*\(\s*(\d+)\s*,\s*(?:"([ !#-~]*)"|([A-Za-z]\w*))\s*,\s*(\d+)\s*\)\s*')


def read(text: str) -> networkx.MultiDiGraph:
    """The labelled transition system of a text; any fault in it is an error."""
    header, *lines = text.removesuffix("\n").split("\n")
    head = HEADER.fullmatch(header)
    assert head, header
    first, transitions, states = map(int, head.groups())
    assert len(lines) == transitions
    assert first < states
    lts = networkx.MultiDiGraph(first=first)
    lts.add_nodes_from(range(states))
    for line in lines:
        found = LINE.fullmatch(line)
        assert found, line
        source, target = int(found[1]), int(found[4])
        assert max(source, target) < states
        lts.add_edge(source, target, label=found[2] or found[3])
    return lts


def notes_of(text: str) -> list[str]:
    """What the last state tells."""
    lts = read(text)
    last = max(lts)
    assert not [one for one in lts.predecessors(last) if one != last]
    return [label for _, _, label in lts.edges(last, data="label")]


def same_labels(one: dict[int, dict[str, Any]], other: dict[int, dict[str, Any]]) -> bool:
    """Whether the edges between two states are the same ones."""
    return sorted(edge["label"] for edge in one.values()) == sorted(
        edge["label"] for edge in other.values()
    )


def test_a_door_as_it_is_written() -> None:
    """The states are numbered in reading order, from the initial one on."""
    assert to_aldebaran(graph_of("locked Coin open", "open Push locked"), notes=False) == (
        'des (0, 2, 2)\n(0, "Coin", 1)\n(1, "Push", 0)\n'
    )


def test_a_label_is_the_whole_text_of_the_edge() -> None:
    """Event, guard and outputs."""
    graph = graph_of("a Coin b if v > 2 / emit 'x'")
    assert "\"Coin [v > 2] / emit 'x'\"" in to_aldebaran(graph)


def test_what_nobody_sees_is_i() -> None:
    """An event of that name is seen."""
    graph = a_machine(an_edge("a", "", "b", "eventless"), an_edge("b", "i", "a"))
    labels = [label for _, _, label in read(to_aldebaran(graph, notes=False)).edges(data="label")]
    assert labels == ["i", r"\x69"]


def test_a_label_is_ascii_without_a_quote() -> None:
    """And what it stands for can be read in it."""
    graph = a_machine(an_edge("a", 'say "ä"\n\\', "b"))
    assert r'"say \x22\xe4\x22\n\\"' in to_aldebaran(graph)
    read(to_aldebaran(graph))


def test_several_beginnings_have_a_state_before_them() -> None:
    """From which nobody sees where it goes."""
    graph = graph_of("a Go b", "b Go a").model_copy(update={"initial": ("a", "b")})
    lts = read(to_aldebaran(graph, notes=False))
    assert lts.graph["first"] == 0
    assert sorted(label for _, _, label in lts.out_edges(0, data="label")) == ["i", "i"]
    assert len(lts) == 3


def test_the_last_state_tells_what_the_format_cannot() -> None:
    """Names, kinds, places, evidence, what is kept for later, notes: each a loop of it."""
    graph = a_machine(
        an_edge("s/a", "after 5s", "end", "timeout", border="s", line=3, seen=2),
        states=(
            a_state("s/a", line=3).model_copy(update={"deferred": ("Late",)}),
            a_state("end", "final"),
        ),
    ).model_copy(update={"complete": False, "notes": ("cut off",)})
    told = notes_of(to_aldebaran(graph))
    assert told[1:] == [
        "note: machine machine",
        "note: not complete, there may be more than is told here",
        "note: cut off",
        "state 0: s/a, deferred Late, source gates.py:3",
        "state 1: end, kind final",
        "transition 0, kind timeout, border s, at gates.py:3, evidence reachable, seen 2",
    ]


@pytest.mark.parametrize("fn", [door, vending_machine])
def test_it_is_the_same_graph_as_networkx_has(fn: Any) -> None:
    """Folded and unfolded, up to the names of the states."""
    x = explore(fn)
    for graph in (x.graph, x.unfolded):
        lts = read(to_aldebaran(graph, notes=False))
        assert networkx.is_isomorphic(lts, to_networkx(graph), edge_match=same_labels)


@settings(deadline=None)
@given(graphs(), st.randoms())
def test_any_graph_is_read_and_written_the_same_each_time(graph: StateGraph, random: Any) -> None:
    """The order in which the graph holds its parts has no effect; nothing is lost."""
    text = to_aldebaran(graph)
    lts = read(to_aldebaran(graph, notes=False))
    assert len(lts) == len(graph.states) + (len(graph.initial) > 1)
    assert lts.number_of_edges() >= len(graph.transitions)
    told = notes_of(text)
    assert all(any(f": {state.name}" in note for note in told) for state in graph.states)
    shuffled = {
        "states": tuple(random.sample(graph.states, len(graph.states))),
        "transitions": tuple(random.sample(graph.transitions, len(graph.transitions))),
        "initial": graph.initial[::-1],
    }
    assert to_aldebaran(graph.model_copy(update=shuffled)) == text
