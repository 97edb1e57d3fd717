"""A graph in networkx is the graph of the model: nothing is added, nothing is lost."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import networkx
from hypothesis import given, settings

from examples.door import door
from flowlet import StateGraph, explore
from flowlet.export import to_networkx
from flowlet.introspect import State, Transition
from tests.graphs import graphs


def back(made: networkx.MultiDiGraph) -> StateGraph:
    """The graph of the model, from what networkx holds."""
    states = [
        State(**{key: value for key, value in fields.items() if key != "label"})
        for _, fields in made.nodes(data=True)
    ]
    edges = [
        Transition(
            source=source,
            target=target,
            **{key: value for key, value in fields.items() if key != "label"},
        )
        for source, target, fields in made.edges(data=True)
    ]
    return StateGraph(**made.graph, states=tuple(states), transitions=tuple(edges))


@settings(deadline=None)
@given(graphs())
def test_it_is_isomorphic_to_the_model(graph: StateGraph) -> None:
    """Every state and every transition, parallel ones too, with all that is known of them."""
    again = back(to_networkx(graph))
    assert set(again.states) == set(graph.states)
    assert sorted(map(repr, again.transitions)) == sorted(map(repr, graph.transitions))
    assert again.initial == graph.initial


def test_what_networkx_knows_of_graphs_can_be_asked() -> None:
    """Whether the alarm can be silenced, and how far it is from the start."""
    made = to_networkx(explore(door).graph)
    assert networkx.is_strongly_connected(made)
    assert networkx.shortest_path(made, "locked", "alarm") == [
        "locked",
        "unlocked",
        "open/free",
        "alarm",
    ]
    labels = [label for _, _, label in made.edges("locked", data="label")]
    assert labels == ["Badge"]
    assert made.nodes["open/held"]["label"] == "held"
    assert made.name == "door"


def test_without_networkx_it_says_what_to_install() -> None:
    """Which nobody needs who does not ask for it: it is not imported before."""
    program = textwrap.dedent("""
        import sys
        sys.modules["networkx"] = None
        from flowlet import StateGraph
        from flowlet.export import NoNetworkxError, to_networkx
        try:
            to_networkx(StateGraph())
        except NoNetworkxError as error:
            print(error)
    """)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "pip install 'flowlet[networkx]'" in done.stdout


def test_drawing_does_not_import_it() -> None:
    """Import time is for those who ask."""
    program = "import sys, flowlet; print('networkx' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"
