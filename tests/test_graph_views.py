"""Graphs made smaller, and laid over each other: `project`, `fold`, `view` and `merge`."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowlet import explore
from flowlet.export.picture import picture
from flowlet.introspect import Evidence, Source, State, StateGraph, Transition
from tests.graphs import graph_of, graphs, with_counts
from tests.machines import Price, Push, run, session, vending

# --- projecting


def test_states_of_the_same_name_are_one() -> None:
    """Here by their outermost block; edges inside it are loops."""
    blocks = explore(session).graph.project(lambda state: state.path[0])
    assert blocks.triples() == {
        ("idle", "Connect", "online"),
        ("online", "Login", "online"),
        ("online", "Data", "online"),
        ("online", "Disconnect", "idle"),
    }
    assert blocks.state("online").accepts == ("Login", "Disconnect", "Data")


def test_a_function_may_tell_states_apart_by_anything() -> None:
    """By what they accept, by their kind; what it returns is the name."""
    graph = explore(session).graph
    takes_data = graph.project(lambda state: "Data" in state.accepts)
    assert takes_data.names() == ["False", "True"]
    assert ("False", "Login", "True") in takes_data.triples()


def test_a_name_may_be_a_path() -> None:
    """As a tuple, or with a stroke between the blocks."""
    graph = graph_of("a Go b")
    assert graph.project(lambda s: ("all", s.name)).states[0].path == ("all", "a")
    assert graph.project(lambda s: f"all/{s.name}").states[0].path == ("all", "a")


def test_one_part_of_a_system_is_looked_at_without_the_others() -> None:
    """What does not move it is left out, what it does to itself is not."""
    system = graph_of(
        "idle|up ask waiting|up",
        "waiting|up serve waiting|down",
        "waiting|down answer idle|down",
        "idle|down tick idle|down",
        "idle|down start idle|up",
    )
    client = system.project(lambda state: state.name.partition("|")[0], loops=False)
    assert client.triples() == {
        ("idle", "ask", "waiting"),
        ("waiting", "answer", "idle"),
        ("idle", "tick", "idle"),
    }
    with_loops = system.project(lambda state: state.name.partition("|")[0])
    assert ("waiting", "serve", "waiting") in with_loops.triples()


@given(graphs())
def test_to_project_on_names_changes_nothing(graph: StateGraph) -> None:
    """Every state has its own."""
    assert graph.project(lambda state: state.name) == graph


@given(graphs(), st.data())
def test_a_projection_has_the_images_of_all_edges(graph: StateGraph, data: st.DataObject) -> None:
    """And no others; its counts are theirs together."""
    count = st.lists(
        st.integers(0, 3),
        min_size=len(graph.transitions),
        max_size=len(graph.transitions),
    )
    graph = with_counts(graph, *data.draw(count))
    to = {name: data.draw(st.sampled_from("xyz")) for name in graph.names()}
    small = graph.project(lambda state: to[state.name])
    assert set(small.names()) == set(to.values())
    assert small.triples() == {(to[a], event, to[b]) for a, event, b in graph.triples()}
    assert set(small.initial) == {to[name] for name in graph.initial}
    assert sum(edge.evidence.seen for edge in small.transitions) == sum(
        edge.evidence.seen for edge in graph.transitions
    )


def test_an_edge_from_two_borders_is_from_none() -> None:
    """Merged, nobody could say which block it leaves."""
    graph = graph_of("on/in/a Off off", "on/in/b Off off")
    borders = zip(graph.transitions, ("on", "on/in"), strict=True)
    edges = tuple(edge.model_copy(update={"border": border}) for edge, border in borders)
    graph = graph.model_copy(update={"transitions": edges})

    def to_one(state: State) -> str:
        return "off" if state.name == "off" else "on/in/x"

    assert [edge.border for edge in graph.project(to_one).transitions] == [None]


def test_folding_a_block_leaves_its_neighbours() -> None:
    """A name that only begins alike is not in it; an edge from its border leaves the state."""
    graph = graph_of("off Go on/a", "on/a Next on/b", "on/b Out onward", "on/a Off off")
    border = graph.transitions[3].model_copy(update={"border": "on"})
    graph = graph.model_copy(update={"transitions": (*graph.transitions[:3], border)})
    small = graph.fold("on")
    assert small.names() == ["off", "on", "onward"]
    assert ("on", "Next", "on") in small.triples()
    assert {edge.border for edge in small.transitions} == {None}


# --- views


def a_dense_machine(size: int) -> StateGraph:
    chance = random.Random(size)
    return graph_of(*{f"s{i} E{k} s{chance.randrange(size)}" for i in range(size) for k in "abc"})


def a_deep_machine(blocks: int, inside: int) -> StateGraph:
    """Blocks whose states are all next to each other, and a hub between them."""
    edges = []
    for block in range(blocks):
        names = [f"phase{block}/{i}" for i in range(inside)]
        edges += [f"{a} Go {b}" for a in names for b in names if a != b]
        edges += [f"hub Start{block} {names[0]}", f"{names[-1]} Stop hub"]
    return graph_of(*edges, initial="hub")


def a_path(length: int) -> StateGraph:
    return graph_of(*(f"step{i} Next step{i + 1}" for i in range(length - 1)))


LARGE = {
    "a chain": a_path(200),
    "a hub with blocks": a_deep_machine(20, 10),
    "no order at all": a_dense_machine(200),
    "a chain into a crowd": StateGraph(
        states=a_path(50).states + a_dense_machine(150).states,
        transitions=(
            *a_path(50).transitions,
            Transition(source="step49", event="In", target="s0"),
            *a_dense_machine(150).transitions,
        ),
        initial=("step0",),
    ),
}


@pytest.mark.parametrize("large", LARGE.values(), ids=list(LARGE))
def test_a_picture_of_two_hundred_states_has_under_thirty(large: StateGraph) -> None:
    """And says that it is folded; every state is in it, by itself or in a fold."""
    assert len(large.states) >= 200
    small = picture(large.view())
    assert len(small.nodes) < 30
    assert small.caption == (
        f"{len(large.states)} states drawn as {len(small.nodes)}: … marks what is folded.",
    )
    shown = [name for node in small.nodes for name in (node.folded or (node.name,))]
    assert sorted(shown) == sorted(large.names())
    dot = large.text("dot")
    folds = [node for node in small.nodes if node.folded]
    assert folds
    assert all(f"… {len(node.folded)} states" in dot for node in folds)


def test_a_view_may_be_smaller_still() -> None:
    """Down to one."""
    for size in (1, 2, 7, 30):
        assert len(LARGE["a hub with blocks"].view(max_nodes=size).states) <= size
    with pytest.raises(ValueError, match="at least one node"):
        LARGE["a chain"].view(max_nodes=0)


def test_a_small_graph_is_its_own_view() -> None:
    """Nothing is folded that can be read."""
    graph = explore(session).graph
    assert graph.view() is graph


def test_a_view_of_a_view_still_counts_every_state() -> None:
    """What is folded in what is folded."""
    twice = a_dense_machine(100).view(50).view(10)
    assert sum(len(state.folded) or 1 for state in twice.states) == 100


def test_counts_of_folded_edges_are_added() -> None:
    """Whichever of the folded states was left, it is one edge now."""
    inside = [f"on{i} Stop off" for i in range(40)]
    graph = with_counts(graph_of("off Go on0", *inside, initial="off"), 0, *range(40))
    small = graph.view()
    (fold,) = [state for state in small.states if state.folded]
    (stop,) = [edge for edge in small.transitions if edge.source == fold.name]
    left = [int(name.removeprefix("on")) for name in fold.folded]
    assert (stop.event, stop.target, len(left)) == ("Stop", "off", 13)
    assert stop.evidence.seen == sum(left)


def test_an_until_round_a_chain_is_no_way_out_of_it() -> None:
    """Its states still follow one another; the border stays, with one edge in the picture."""
    steps = [f"call/{i} Next call/{i + 1}" for i in range(40)]
    graph = graph_of("idle Dial call/0", *steps, initial="idle")
    hang_up = [
        Transition(source=f"call/{i}", event="HangUp", target="idle", border="call")
        for i in range(41)
    ]
    graph = graph.model_copy(update={"transitions": (*graph.transitions, *hang_up)})
    small = picture(graph.view())
    assert [len(node.folded) for node in small.nodes if node.folded] == [38]
    (out,) = [arrow for arrow in small.arrows if arrow.head == "idle"]
    assert out.tail_box
    assert len(out.lines) == 1


def test_inner_blocks_are_closed_before_outer_ones() -> None:
    """No further than needed."""
    inner = [f"out/in/{i} Go out/{k}" for i in range(12) for k in range(2)]
    graph = graph_of(*inner, *(f"out/{i} Go hub{i % 6}" for i in range(20)))
    small = graph.view()
    assert [state.name for state in small.states if state.folded] == ["out/in"]


def test_a_block_that_is_nearly_everything_is_not_closed() -> None:
    """A picture of two states would hide the machine."""
    graph = graph_of(*(f"on/{i} Go on/{k}" for i in range(38) for k in (0, i)), "on/0 Off off")
    assert "on" not in graph.view().names()


def test_a_chain_is_folded_within_its_block() -> None:
    """One that goes on in the next block is folded there by itself."""
    names = [*(f"one/{i}" for i in range(20)), *(f"two/{i}" for i in range(20))]
    graph = graph_of(*(f"{a} Next {b}" for a, b in pairwise(names)))
    for state in graph.view(5).states:
        assert len({name.partition("/")[0] for name in state.folded}) <= 1
    assert [len(state.folded) for state in graph.view(25).states if state.folded] == [17]


@pytest.mark.parametrize("own", ["a loop", "another way in", "an output inside", "a block", "end"])
def test_a_state_with_something_of_its_own_is_no_link(own: str) -> None:
    """Starts, ends, loops, internal edges, blocks, and where ways meet stay to be seen."""
    graph = graph_of(*(f"s{i} Next s{i + 1}" for i in range(40)))
    match own:
        case "a loop" | "another way in":
            edge = Transition(source="s20" if own == "a loop" else "s0", event="E", target="s20")
            graph = graph.model_copy(update={"transitions": (*graph.transitions, edge)})
        case "an output inside":
            edge = Transition(source="s20", event="E", target="s20", kind="internal")
            graph = graph.model_copy(update={"transitions": (*graph.transitions, edge)})
        case "a block":
            inner = State(path=("s20", "inner"))
            graph = graph.model_copy(update={"states": (*graph.states, inner)})
        case "end":
            ends = graph.state("s20").model_copy(update={"kind": "final"})
            states = (ends if state == graph.state("s20") else state for state in graph.states)
            graph = graph.model_copy(update={"states": tuple(states)})
    small = graph.view(10)
    assert {"s0", "s20", "s40"} <= {state.name for state in small.states if not state.folded}
    assert [len(state.folded) for state in small.states if state.folded] == [17, 17]


@given(graphs(most_states=12, most_edges=20), st.integers(1, 12))
def test_any_graph_has_a_view_of_any_size(graph: StateGraph, size: int) -> None:
    """No state is lost, the start is still the start, and every edge shown is one that was."""
    small = graph.view(size)
    assert len(small.states) <= size
    into = {name: s.name for s in small.states for name in (s.folded or (s.name,))}
    assert sorted(into) == sorted(graph.names())
    assert small.triples() <= {(into[a], event, into[b]) for a, event, b in graph.triples()}
    assert {(a, b) for a, _, b in small.triples() if a != b} == {
        (into[a], into[b]) for a, _, b in graph.triples() if into[a] != into[b]
    }
    assert set(small.initial) == {into[name] for name in graph.initial}


# --- merging


SOURCE = Evidence(static=True)


def of_the_source(*edges: str) -> StateGraph:
    """The graph as reading the source would give it."""
    graph = graph_of(*edges)
    known = (edge.model_copy(update={"evidence": SOURCE}) for edge in graph.transitions)
    return graph.model_copy(update={"transitions": tuple(known)})


def known(graph: StateGraph) -> dict[str, tuple[bool, bool, int]]:
    return {
        str(edge): (edge.evidence.static, edge.evidence.reachable, edge.evidence.seen)
        for edge in graph.transitions
    }


def test_each_edge_keeps_what_each_view_knows_of_it() -> None:
    """Read, reached and seen, apart from each other."""
    source = of_the_source("a Go b", "b Back a", "b Break c")
    explored = graph_of("a Go b", "b Back a")
    seen = with_counts(graph_of("a Go b"), 3)
    assert known(source.merge(explored, seen)) == {
        "a --Go--> b": (True, True, 3),
        "b --Back--> a": (True, True, 0),
        "b --Break--> c": (True, False, 0),
    }


def test_the_picture_of_all_three_has_three_kinds_of_lines_and_a_legend() -> None:
    """Dashed what could be, plain and pale what is reachable, bold with a count what was seen."""
    source = of_the_source("a Go b", "b Back a", "b Break c")
    both = source.merge(graph_of("a Go b", "b Back a"), with_counts(graph_of("a Go b"), 3))
    lines = both.text("dot").splitlines()
    (go,) = [line for line in lines if '"a" -> "b"' in line]
    (back,) = [line for line in lines if '"b" -> "a"' in line]
    (might,) = [line for line in lines if '"b" -> "c"' in line]
    assert ('penwidth="2.4"' in go, "×3" in go) == (True, True)
    assert ('color="#c2cad6"' in back, "dashed" in back) == (True, False)
    assert 'style="dashed"' in might
    legend = ("seen, with counts", "reachable, never seen", "only read in the source")
    assert [text for text in legend if text in both.text("dot")] == list(legend)
    assert set(picture(both).legend) == {"seen", "unseen", "guessed"}


def test_a_picture_in_which_all_is_alike_has_no_legend() -> None:
    """There is nothing to tell apart."""
    assert picture(graph_of("a Go b", "b Back a")).legend == {}
    assert "reachable" not in graph_of("a Go b", "b Back a").text("dot")


def test_it_does_not_matter_which_view_is_laid_over_which() -> None:
    """A recording has no guards, the explored graph has; it is the same either way round."""
    explored = explore(vending).graph
    observed = run(vending, Price(5), Push(), Price(1))[1]
    one, other = explored.merge(observed), observed.merge(explored)
    assert known(one) == known(other)
    assert known(one) == {
        "ready --Price [value >= 3]--> paid": (False, True, 1),
        "ready --Price [value < 3]--> ready": (False, True, 1),
        "paid --Push--> vending": (False, True, 1),
        "vending --/ emit Change--> ready": (False, True, 1),
    }
    assert other.state("ready").accepts == ("Price",)


def test_an_output_tells_which_of_two_edges_it_was() -> None:
    """Where both views know it; else it counts on all of them."""
    graph = graph_of("a E b / emit 1", "a E b / emit 2")
    assert known(graph.merge(with_counts(graph_of("a E b / emit 2"), 4))) == {
        "a --E / emit 1--> b": (False, True, 0),
        "a --E / emit 2--> b": (False, True, 4),
    }
    assert [
        seen for _, _, seen in known(graph.merge(with_counts(graph_of("a E b"), 4))).values()
    ] == [
        4,
        4,
    ]


def test_an_edge_gets_its_border_and_its_line_from_whoever_knows_them() -> None:
    """A recording may know neither."""
    bare = Transition(source="on/a", event="Off", target="off")
    full = bare.model_copy(update={"border": "on", "at": Source(file="gate.py", line=3)})
    one = StateGraph(transitions=(bare,)).merge(StateGraph(transitions=(full,)))
    assert one.transitions == (full,)


def test_a_state_keeps_what_each_view_knows_of_it() -> None:
    """What it accepts from the one, what it defers from the other."""
    one = StateGraph(states=(State(path=("a",), accepts=("Go",)),))
    other = StateGraph(states=(State(path=("a",), deferred=("Ping",), kind="transient"),))
    (state,) = other.merge(one).states
    assert (state.kind, state.accepts, state.deferred) == ("state", ("Go",), ("Ping",))


@given(graphs(), graphs())
def test_all_edges_of_both_are_in_the_merged_graph(one: StateGraph, other: StateGraph) -> None:
    """And no others; counts are those of both together, at least."""
    both = one.merge(other)
    assert both.triples() == one.triples() | other.triples()
    assert set(both.names()) == set(one.names()) | set(other.names())
    again = both.merge(both)
    assert again.triples() == both.triples()
    assert len(again.transitions) == len(both.transitions)


def test_a_guard_in_other_words_is_the_same_edge() -> None:
    """The source has one wording, runs have shown another; of what ran nothing is only read."""
    source = of_the_source("a Go b", "a Go c")
    edges = [
        edge.model_copy(update={"guard": guard})
        for edge, guard in zip(source.transitions, ("n > 5 and ready", "n < 2"), strict=True)
    ]
    source = source.model_copy(update={"transitions": tuple(edges)})
    ran = graph_of("a Go b")
    (edge,) = ran.transitions
    ran = ran.model_copy(update={"transitions": (edge.model_copy(update={"guard": "n >= 6"}),)})
    expected = {"a --Go [n >= 6]--> b": (True, True, 0), "a --Go [n < 2]--> c": (True, False, 0)}
    assert known(source.merge(ran)) == known(ran.merge(source)) == expected
