"""Two versions of a machine: what is new, what is gone, what has changed."""

from __future__ import annotations

from hypothesis import given

from flowlet import explore, receive, state
from flowlet.introspect import State, StateGraph, Transition
from flowlet.introspect.model import GraphDiff, Source
from tests.graphs import graph_of, graphs
from tests.machines import Coin, Go, Price, Push, turnstile

GATE = graph_of("locked Coin unlocked", "unlocked Push locked")


def test_the_same_machine_has_no_difference() -> None:
    """False, `same`, and in words."""
    diff = GATE.diff(GATE)
    assert diff.same
    assert not diff
    assert str(diff) == "no difference"


def test_code_that_was_moved_is_the_same_machine() -> None:
    """Lines, counts and notes are no difference."""

    def elsewhere() -> None:
        while True:
            receive(Coin, at="locked")
            receive(Push, at="unlocked")

    before, after = explore(turnstile).graph, explore(elsewhere).graph
    assert before.states != after.states
    assert before.diff(after).same
    assert before.diff(after.merge(after).model_copy(update={"notes": ("moved",)})).same


def test_a_new_state_and_its_edges_are_told() -> None:
    """`+` is what only the second has, `-` what only the first."""
    after = graph_of("locked Coin unlocked", "unlocked Push alarm", "alarm Go locked")
    assert str(GATE.diff(after)).splitlines() == [
        "+ state alarm",
        "+ unlocked --Push--> alarm",
        "+ alarm --Go--> locked",
        "- unlocked --Push--> locked",
    ]
    assert str(after.diff(GATE)).splitlines() == [
        "- state alarm",
        "+ unlocked --Push--> locked",
        "- unlocked --Push--> alarm",
        "- alarm --Go--> locked",
    ]


def test_the_code_itself_is_compared() -> None:
    """Two functions, explored, and one difference between them."""

    def with_alarm() -> None:
        while True:
            receive(Coin, at="locked")
            if receive(Price, at="unlocked").value > 3:
                with state("alarm"):
                    receive(Go)

    def without() -> None:
        while True:
            receive(Coin, at="locked")
            receive(Price, at="unlocked")

    diff = explore(without).graph.diff(explore(with_alarm).graph)
    assert str(diff).splitlines() == [
        "+ state alarm",
        "+ unlocked --Price [value > 3]--> alarm",
        "+ alarm --Go--> locked",
        "~ unlocked --Price [value <= 3]--> locked, was Price",
    ]


def test_another_guard_or_output_is_a_change() -> None:
    """The edge leads where it led, and its label says what it was."""
    before = graph_of("ready Price paid if value >= 3", "paid Push ready")
    after = graph_of("ready Price paid if value >= 4", "paid Push ready / emit Change")
    diff = before.diff(after)
    assert [(one.before.label, one.after.label) for one in diff.changed_edges] == [
        ("Price [value >= 3]", "Price [value >= 4]"),
        ("Push", "Push / emit Change"),
    ]
    assert (diff.new_edges, diff.gone_edges) == ((), ())
    assert (
        str(diff).splitlines()[0] == "~ ready --Price [value >= 4]--> paid, was Price [value >= 3]"
    )


def test_of_parallel_edges_only_what_differs_is_told() -> None:
    """The one that stays is not paired with one that came."""
    before = graph_of("a E b if x == 1", "a E b if x == 2")
    after = graph_of("a E b if x == 2", "a E b if x == 3", "a E b if x == 4")
    assert str(before.diff(after)).splitlines() == [
        "+ a --E [x == 4]--> b",
        "~ a --E [x == 3]--> b, was E [x == 1]",
    ]


def test_a_block_that_is_no_longer_left_from_its_border_is_a_change() -> None:
    """So is an edge of another kind, although its label is the same."""
    edge = Transition(source="on/a", event="Off", target="off", border="on")
    before = StateGraph(transitions=(edge,))

    def after(**update: object) -> StateGraph:
        return StateGraph(transitions=(edge.model_copy(update=update),))

    assert str(before.diff(after(border=None))) == (
        "~ on/a --Off--> off, leaves on → the state itself"
    )
    assert str(before.diff(after(kind="timeout"))) == "~ on/a --Off--> off, event → timeout"


def test_another_kind_of_state_and_another_start_are_told() -> None:
    """And what a state keeps for later."""
    before = graph_of("a Go b", b="final")
    after = graph_of("a Go b", initial="b")
    kept = State(path=("b",), deferred=("Coin",))
    keeps = after.model_copy(update={"states": (after.states[0], kept)})
    assert str(before.diff(keeps)).splitlines() == [
        "~ starts in a → b",
        "~ state b: final → state, defers nothing → Coin",
    ]
    assert str(after.diff(keeps)) == "~ state b: defers nothing → Coin"


def test_the_graph_of_a_difference_has_both_versions() -> None:
    """Marked, so that a picture shows them: green what is new, red what is gone."""
    after = graph_of("locked Coin unlocked", "unlocked Push alarm", "alarm Go locked")
    both = GATE.diff(after).graph
    assert {(str(edge), edge.change) for edge in both.transitions} == {
        ("locked --Coin--> unlocked", None),
        ("unlocked --Push--> alarm", "new"),
        ("alarm --Go--> locked", "new"),
        ("unlocked --Push--> locked", "gone"),
    }
    assert {(state.name, state.change) for state in both.states} == {
        ("locked", None),
        ("unlocked", None),
        ("alarm", "new"),
    }
    assert after.diff(GATE).graph.state("alarm").change == "gone"
    dot = both.text("dot")
    (gone,) = [line for line in dot.splitlines() if '"unlocked" -> "locked"' in line]
    (new,) = [line for line in dot.splitlines() if '"unlocked" -> "alarm"' in line]
    assert 'color="#b91c1c"' in gone
    assert 'style="dashed"' in gone
    assert 'color="#15803d"' in new
    assert "as before" in dot
    assert "classDef new" in both.text("mermaid")


def test_a_difference_is_json() -> None:
    """It can be kept, and read back by whoever has the model alone."""
    diff = GATE.diff(graph_of("locked Coin unlocked", "unlocked Push locked if paid"))
    assert GraphDiff.model_validate_json(diff.model_dump_json()) == diff


# --- any two graphs


def applied(diff: GraphDiff, to: StateGraph) -> StateGraph:
    """The graph with the differences made."""
    states = {state.name: state for state in to.states}
    for gone in diff.gone_states:
        del states[gone.name]
    states |= {change.after.name: change.after for change in diff.changed_states}
    states |= {new.name: new for new in diff.new_states}
    edges = list(to.transitions)
    for edge in (*diff.gone_edges, *(change.before for change in diff.changed_edges)):
        edges.remove(edge)
    edges += [*diff.new_edges, *(change.after for change in diff.changed_edges)]
    return to.model_copy(
        update={
            "states": tuple(states.values()),
            "transitions": tuple(edges),
            "initial": diff.initial_after,
        }
    )


def parts(graph: StateGraph) -> tuple[set[object], set[object], set[str]]:
    return set(graph.states), set(graph.transitions), set(graph.initial)


@given(graphs(), graphs())
def test_a_difference_that_is_made_gives_the_other_version(
    before: StateGraph, after: StateGraph
) -> None:
    """Nothing is told that is not so, and nothing is left out."""
    diff = before.diff(after)
    assert parts(applied(diff, before)) == parts(after)
    assert diff.same == (parts(before) == parts(after))


@given(graphs(), graphs())
def test_the_marked_graph_holds_each_version(before: StateGraph, after: StateGraph) -> None:
    """Without what is gone it is the one, without what is new the other."""
    both = before.diff(after).graph

    def without(change: str) -> set[Transition]:
        edges = (edge for edge in both.transitions if edge.change != change)
        return {edge.model_copy(update={"change": None}) for edge in edges}

    assert without("gone") == set(after.transitions)
    assert without("new") == set(before.transitions)


@given(graphs())
def test_a_graph_does_not_differ_from_itself(graph: StateGraph) -> None:
    """In whatever order it holds its parts, and wherever its source is."""
    at = Source(file="gate.py", line=7)
    turned = graph.model_copy(
        update={
            "states": graph.states[::-1],
            "transitions": tuple(
                edge.model_copy(update={"at": at}) for edge in graph.transitions[::-1]
            ),
        }
    )
    assert str(graph.diff(turned)) == "no difference"
