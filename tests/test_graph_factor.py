"""Regions apart: where combinations of regions are just what the regions do, side by side.

Every graph that comes out does what the one did that went in; `tests/regions.py` works that out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings

from flowlet import (
    Dispatcher,
    Event,
    emit,
    explore,
    observe,
    on,
    parallel,
    race,
    receive,
    sleep,
    state,
    until,
)
from flowlet.introspect import StateGraph, static
from flowlet.introspect.model import Composite
from flowlet.introspect.model.factor import taken_apart
from tests.regions import Chart, Made, Step, multiplied, regions, steps_of


class Go(Event): ...


class Off(Event): ...


class A(Event): ...


class B(Event): ...


class C(Event): ...


class D(Event): ...


class Tick(Event): ...


def left() -> None:
    receive(A, at="l1")
    emit("x")
    receive(B, at="l2")


def right() -> None:
    receive(C, at="r1")
    receive(D, after=5, at="r2")


def both() -> None:
    receive(Go, at="idle")
    with state("on"), until(Off):
        parallel(left, right)
    receive(Go, at="after")


def regions_of(graph: StateGraph) -> dict[str, tuple[str, ...]]:
    return {block.name: block.regions for block in graph.composites if block.regions}


def assert_exact(graph: StateGraph) -> StateGraph:
    """The graph with regions apart, which can do what the graph could, and no more."""
    apart = graph.factor()
    assert regions_of(apart), graph
    assert Chart(apart).all_steps() == steps_of(graph)
    assert_traced(graph)
    return apart


def assert_traced(graph: StateGraph) -> None:
    """Of each part it is known what it stands for, and nothing of the whole is without a part."""
    found = taken_apart(graph)
    assert found.graph == graph.factor()
    whole = graph.transitions
    assert {place for some in found.edges for place in some} == {*range(len(whole))}
    for edge, places in zip(found.graph.transitions, found.edges, strict=True):
        assert places
        for one in (whole[place] for place in places):
            at = found.states[one.source]
            assert edge.source in at or any(part.startswith(f"{edge.border}/") for part in at)
            assert edge.kind == "done" or (edge.event, edge.kind) == (one.event, one.kind)


@pytest.mark.parametrize("view", [lambda fn: explore(fn).graph, static])
def test_two_regions_are_two_machines(view: Callable[[Any], StateGraph]) -> None:
    """Eight states and twenty-one edges are what two regions of two states each do together."""
    graph = view(both)
    inside = [one for one in graph.states if one.regions]
    assert (len(inside), len([e for e in graph.transitions if e.source.startswith("on/")])) == (
        8,
        23,
    )
    apart = assert_exact(graph)
    assert regions_of(apart) == {"on": ("left", "right")}
    assert {edge.triple for edge in apart.transitions if edge.source.startswith("on/")} == {
        ("on/left/l1", "A", "on/left/l2"),
        ("on/left/l2", "B", "on/left/end"),
        ("on/right/r1", "C", "on/right/r2"),
        ("on/right/r2", "D", "on/right/end"),
        ("on/right/r2", "after 5s", "on/right/end"),
        ("on/left/l1", "Off", "after"),
        ("on/left/l1", "", "after"),
    }
    borders = {edge.event: edge.border for edge in apart.transitions if edge.border}
    assert borders == {"Off": "on", "": "on"}
    (go,) = [edge for edge in apart.transitions if edge.source == "idle"]
    assert go.entry == "on"
    assert apart.state("on/left/end").kind == "final"


def test_where_a_region_waits_is_where_its_link_leads() -> None:
    """In combination, all that there is of it is the line of the call."""
    apart = explore(both).graph.factor()
    first = left.__code__.co_firstlineno
    source = apart.state("on/left/l2").source
    assert source is not None
    assert source.line == first + 3
    edge = next(edge for edge in apart.transitions if edge.source == "on/left/l2")
    assert edge.at == source


def test_the_first_to_end_of_a_race_leaves_for_all() -> None:
    """The edge begins in that region; the others are left wherever they are."""

    def racing() -> None:
        with state("on"):
            first, _ = race(left, right)
        receive(Go, at="left won" if first == 0 else "right won")

    apart = assert_exact(explore(racing).graph)
    assert {("on/left/l2", "B", "left won"), ("on/right/r2", "D", "right won")} <= apart.triples()
    assert not any(state.kind == "final" for state in apart.states if state.name.startswith("on/"))


def test_an_event_that_several_regions_take_is_an_edge_of_each() -> None:
    """One event, one round: both move."""

    def day() -> None:
        while True:
            receive(Tick, at="dawn")
            receive(Tick, at="dusk")

    def clock() -> None:
        while True:
            receive(Tick, at="one")
            receive(Tick, at="two")
            receive(Tick, at="three")

    def world() -> None:
        with state("world"):
            parallel(day, clock)

    graph = explore(world).graph
    assert len(graph.states) == 6
    assert len(assert_exact(graph).states) == 5


def test_a_region_that_only_handles_keeps_its_loops() -> None:
    """They are its own, and not those of the region beside it, which takes them at times."""

    def log() -> None:
        while True:
            receive(A, B)

    def door() -> None:
        while True:
            receive(A, at="shut")
            receive(B, at="open")

    def house() -> None:
        parallel(log, door)

    apart = assert_exact(explore(house).graph)
    assert {t for t in apart.triples() if t[0] == t[2]} == {
        ("log | door/log/log", "A", "log | door/log/log"),
        ("log | door/log/log", "B", "log | door/log/log"),
    }


def test_regions_in_a_region_stand_apart_as_well() -> None:
    """To any depth."""

    def x() -> None:
        receive(A, at="x1")

    def y() -> None:
        receive(B, at="y1")

    def inner() -> None:
        receive(Go, at="begin")
        parallel(x, y)

    def outer() -> None:
        with state("all"), until(Off):
            parallel(inner, right)

    apart = assert_exact(explore(outer).graph)
    assert regions_of(apart) == {"all": ("inner", "right"), "all/inner/x | y": ("x", "y")}
    where = taken_apart(explore(outer).graph).states
    assert max(map(len, where.values())) == 3
    assert ("all/inner/begin", "all/right/r1") in [parts[:2] for parts in where.values()]


def test_regions_that_come_round_again() -> None:
    """What leads back to the beginning of all leaves, and comes in again at the border."""

    def rounds() -> None:
        while True:
            with state("on"), until(Off):
                parallel(left, right)

    apart = assert_exact(explore(rounds).graph)
    back = [edge for edge in apart.transitions if edge.border]
    assert {(edge.event, edge.border, edge.entry) for edge in back} == {
        ("Off", "on", "on"),
        ("", "on", "on"),
    }


def test_a_handler_round_regions_is_a_line_in_their_box() -> None:
    """It is there wherever they are."""

    def handled() -> None:
        with state("on"), on(Tick, lambda _: emit("tock")):
            parallel(left, right)

    apart = assert_exact(explore(handled).graph)
    (line,) = [edge for edge in apart.transitions if edge.kind == "internal"]
    assert (line.event, line.outputs, line.border) == ("Tick", ("emit 'tock'",), "on")


def test_what_stands_round_a_block_with_regions_is_of_the_block_and_of_no_region() -> None:
    """Also where each region waits at one place alone, and nothing else tells whose it is."""

    def quick() -> None:
        receive(B, at="q")

    def slow() -> None:
        sleep(9, at="s")

    def actor() -> None:
        receive(Go, at="idle")
        with state("work"), until(Off, after=30), on(Tick, lambda _: emit("tick")):
            receive(Go, at="first")
            race(quick, slow)
            receive(Go, at="last")

    assert_traced(explore(actor).graph)
    graph = explore(actor).graph.factor()
    of_work = {(edge.source, edge.event) for edge in graph.transitions if edge.border == "work"}
    region = "work/quick | slow/quick/q"
    places = ("work/first", "work/last", region)
    assert of_work == {(place, event) for place in places for event in ("Off", "Tick", "after 30s")}
    own = [edge.event for edge in graph.transitions if edge.source == region and not edge.border]
    assert own == ["B"]


def test_times_of_two_regions_are_apart_though_they_are_called_alike() -> None:
    """A time is for the region that armed it."""

    def blink() -> None:
        while True:
            sleep(1, at="dark")
            sleep(1, at="lit")

    def beep() -> None:
        while True:
            sleep(1, at="quiet")
            sleep(1, at="loud")

    def alarm() -> None:
        with state("alarm"):
            parallel(blink, beep)

    assert len(assert_exact(explore(alarm).graph).states) == 4


def test_regions_that_depend_on_each_other_stay_combined() -> None:
    """Here what one waits for is up to the other."""

    def dependent() -> None:
        started = []

        def first() -> None:
            receive(A, at="l1")
            started.append(True)
            receive(B, at="l2")

        def second() -> None:
            receive(C, at="r1")
            receive(D, at="r2" if started else "r3")

        with state("on"):
            parallel(first, second)

    graph = explore(dependent).graph
    assert graph.factor() == graph


def test_results_that_decide_where_it_goes_on_keep_regions_combined() -> None:
    """The end of a region has one name, whatever it returned."""

    def choice() -> None:
        def pick() -> object:
            return receive(A, B, at="pick")

        with state("on"):
            picked, _ = parallel(pick, right)
        receive(Go, at="took A" if isinstance(picked, A) else "took B")

    graph = explore(choice).graph
    assert graph.factor() == graph


def test_what_was_seen_of_regions_may_be_too_little() -> None:
    """A run shows some combinations; laid over the whole machine they count for each region."""
    with Dispatcher() as d:
        watched = observe(d)
        actor = d.spawn(both)
        for event in (Go(), A(), C(), B()):
            actor.send(event)
            d.settle()
    assert watched.graph.factor() == watched.graph
    apart = explore(both).graph.merge(watched.graph).factor()
    seen = {edge.event: edge.evidence.seen for edge in apart.transitions if edge.evidence.seen}
    assert seen == {"Go": 1, "A": 1, "C": 1, "B": 1}


def test_what_each_region_defers_is_its_own_or_that_of_all() -> None:
    """What every combination keeps or takes is said of all of them; else of a region."""

    def busy() -> None:
        while True:
            with state("busy", defer=A):
                receive(B, at="working")
            receive(A, at="free")

    def desk() -> None:
        with state("desk"):
            parallel(busy, right)

    apart = explore(desk).graph.factor()
    assert apart.state("desk/busy/busy/working").deferred == ("A",)
    assert apart.state("desk/busy/free").deferred == ()


def test_a_time_limit_round_all_leaves_from_the_border() -> None:
    """Also where a region has a time of the same name: that one is its own."""

    def slow() -> None:
        while True:
            receive(A, after=5, at="slow")

    def limited() -> None:
        with state("on"), until(after=5):
            parallel(slow, left)
        receive(Go, at="after")

    assert_exact(explore(limited).graph)


def test_blocks_in_regions_remember_under_the_name_of_the_region() -> None:
    """In the path of such a block stands the region, once where both are called alike."""

    def player() -> None:
        with state("player", history="deep"):
            receive(A, at="song")
            receive(B, at="radio")

    def car() -> None:
        receive(Go, at="parked")
        parallel(player, right)

    graph = explore(car).graph
    assert graph.composites == (Composite(path=("player", "player"), history="deep"),)
    blocks = {block.name: block for block in graph.factor().composites}
    assert blocks["player | right/player"].history == "deep"


def two_regions() -> StateGraph:
    """Each of two states that follow on a tick, for both of them."""
    steps = [(Step(f"{i}a", "Tick", f"{i}b"), Step(f"{i}b", f"E{i}", f"{i}a")) for i in range(2)]
    return multiplied(Made(tuple(steps)))


def test_an_edge_that_only_one_combination_has_keeps_regions_combined() -> None:
    """Nothing of a graph may be missing from what stands apart."""
    graph = two_regions()
    assert regions_of(graph.factor())
    tick = next(edge for edge in graph.transitions if edge.event == "Tick")
    odd = tick.model_copy(update={"target": "idle"})
    graph = graph.model_copy(update={"transitions": (*graph.transitions, odd)})
    assert graph.factor() == graph


def test_mail_that_only_one_combination_keeps_keeps_regions_combined() -> None:
    """What is deferred is part of a state as well."""
    graph = two_regions()
    states = tuple(
        state.model_copy(update={"deferred": ("Job",)}) if state.name == "on/0b | 1b" else state
        for state in graph.states
    )
    graph = graph.model_copy(update={"states": states})
    assert graph.factor() == graph


def test_mail_that_all_combinations_keep_or_take_is_kept_by_all() -> None:
    """A region that sleeps keeps it for those beside it."""

    def blink() -> None:
        while True:
            sleep(1, at="dark")

    def lamp() -> None:
        while True:
            receive(A, at="off")
            receive(B, at="on")

    def house() -> None:
        with state("house"):
            parallel(blink, lamp)

    apart = assert_exact(explore(house).graph)
    assert {state.name: set(state.deferred) for state in apart.states} == {
        "house/blink/dark": {"A", "B"},
        "house/lamp/off": {"B"},
        "house/lamp/on": {"A"},
    }


def test_a_block_that_was_folded_has_no_regions_any_more() -> None:
    """It is one state, whose name says nothing of them."""

    def one() -> None:
        while True:
            receive(A)

    def two() -> None:
        while True:
            receive(B)

    def only_one_combination() -> None:
        with state("on"):
            parallel(one, two)

    graph = explore(only_one_combination).graph
    assert regions_of(graph.factor()) == {"on": ("one", "two")}
    folded = graph.fold("on")
    assert folded.state("on").regions == ()
    assert folded.factor() == folded


# --- any regions


def apart_or_same(graph: StateGraph) -> StateGraph:
    """Whatever comes out does the same."""
    apart = graph.factor()
    if apart != graph:
        assert Chart(apart).all_steps() == steps_of(graph)
    assert_traced(graph)
    return apart


@settings(max_examples=150, deadline=None)
@given(regions(shared=False))
def test_regions_with_events_of_their_own_always_stand_apart(made: Made) -> None:
    """Whatever they do: that they have nothing to do with each other can always be proven."""
    graph = multiplied(made)
    apart = apart_or_same(graph)
    if can_be_read(made, graph):
        assert regions_of(apart) == {"on": tuple(made.names)}


def can_be_read(made: Made, graph: StateGraph) -> bool:
    """Not all that regions do can be seen: one that moves only once the others have ended."""
    return all(
        any(
            state.regions[i].path == (step.source,)
            and sum(region.kind == "state" for region in state.regions) > 1
            for state in graph.states
            if state.regions
        )
        for i, steps in enumerate(made.steps)
        for step in steps
        if any(s.regions and s.regions[i].path == (step.source,) for s in graph.states)
    )


@settings(max_examples=150, deadline=None)
@given(regions())
def test_regions_that_share_events_stand_apart_or_stay(made: Made) -> None:
    """Never as something that they are not."""
    apart_or_same(multiplied(made))


@settings(max_examples=150, deadline=None)
@given(regions(spoilt=True))
def test_regions_of_which_one_edge_is_odd_stay_exact(made: Made) -> None:
    """One output more on one edge of many, and they are no longer independent."""
    apart_or_same(multiplied(made))
