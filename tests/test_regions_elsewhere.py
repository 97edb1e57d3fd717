"""Regions that stand apart do side by side what the actor does, also where others run them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowlet import (
    Dispatcher,
    Event,
    StateGraph,
    emit,
    explore,
    on,
    parallel,
    race,
    receive,
    state,
    until,
)
from flowlet.export import to_scxml, to_xstate
from tests.consumers import OURS, SCXML, Node, Runner, Scxml, XState, xstate_or_skip
from tests.graphs import graph_of


class Go(Event): ...


class Tick(Event): ...


class Stir(Event): ...


class Taste(Event): ...


class Off(Event): ...


def rice() -> None:
    receive(Tick, at="boiling")
    emit("rice is done")
    with state("resting"):
        receive(Tick)


def sauce() -> None:
    receive(Stir, at="thin")
    receive(Stir, at="thick")
    emit("sauce is done")


def kitchen() -> None:
    """Two dishes at once, and Off for whatever is on the stove."""

    def taste(event: Taste) -> None:
        emit("good")

    while True:
        receive(Go, at="hungry")
        with until(Off), state("cooking"), on(Taste, taste):
            parallel(rice, sauce)


def contest() -> None:
    """The first to end wins."""
    while True:
        with state("contest"):
            race(rice, sauce)
        receive(Go, at="over")


REGIONS = ("rice", "sauce")
EVENTS = {event.__name__: event for event in (Go, Tick, Stir, Taste, Off)}
walks = st.lists(st.sampled_from(sorted(EVENTS)), max_size=15)


def where(path: tuple[Any, ...]) -> set[str]:
    """The states that an actor is in, one for each region, as they are called where these are."""
    if not isinstance(path[-1], tuple):
        return {"/".join(path)}
    return {
        "/".join((*path[:-1], name, *region))
        for name, region in zip(REGIONS, path[-1], strict=True)
    }


def there(machine: Runner) -> set[str]:
    """The innermost states that a machine is in."""
    if isinstance(machine, Scxml):
        inner = [one for one in machine.active if not one.get("initial")]
        return {one.attrib[f"{OURS}state"] for one in inner if not one.tag.endswith("}parallel")}
    assert isinstance(machine, XState)
    return {one["meta"]["name"] for one in machine.active if "id" in one and "states" not in one}


@functools.cache
def graph_for(actor: Callable[[], None]) -> StateGraph:
    return explore(actor).graph


def walked(
    actor: Callable[[], None], events: list[str], begin: Callable[[StateGraph], Runner]
) -> None:
    """Both do the same, and are in the same states after each event."""
    machine = begin(graph_for(actor))
    with Dispatcher() as d:
        ref = d.spawn(actor)
        d.settle()
        assert there(machine) == where(ref.state)
        for event in events:
            ref.send(EVENTS[event]())
            d.settle()
            given = [f"emit {value!r}" for value in ref.take()]
            assert machine.send(event) == given
            assert there(machine) == where(ref.state)


slow_to_begin = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)


@pytest.mark.parametrize("actor", [kitchen, contest])
def test_python_statemachine_runs_regions_side_by_side(actor: Callable[[], None]) -> None:
    """As `<parallel>`."""

    @slow_to_begin
    @given(walks)
    def try_it(events: list[str]) -> None:
        walked(actor, events, Scxml)

    try_it()


@pytest.fixture(scope="module")
def node() -> Iterator[Node]:
    with xstate_or_skip() as node:
        yield node


@pytest.mark.parametrize("actor", [kitchen, contest])
def test_xstate_runs_regions_side_by_side(actor: Callable[[], None], node: Node) -> None:
    """As `type: "parallel"`."""

    @slow_to_begin
    @given(walks)
    def try_it(events: list[str]) -> None:
        walked(actor, events, functools.partial(XState, node))

    try_it()


@pytest.mark.parametrize("write", [to_scxml, to_xstate])
def test_regions_stand_as_the_code_has_them(write: Callable[[StateGraph], str]) -> None:
    """And not as their states happen to be found."""

    def table() -> None:
        receive(Taste, at="empty")

    graph = explore(lambda: parallel(rice, sauce, table)).graph.factor()
    assert [block.regions for block in graph.composites if block.regions]
    turned = graph.model_copy(update={"states": tuple(reversed(graph.states))})
    text = write(turned)
    assert text == write(graph)
    assert text.index("boiling") < text.index("thin") < text.index("empty")


def test_what_the_walks_go_through_are_regions() -> None:
    """Else they would show nothing."""
    text = to_scxml(explore(kitchen).graph)
    assert 'event="done.state.cooking._xparallel"' in text  # and not for "done.state.cooking.rice"
    assert '<parallel id="cooking' in text
    assert "Some regions depend" not in text


def test_regions_that_depend_on_each_other_are_told() -> None:
    """They stand side by side, a state for each combination."""
    graph = graph_of("both/l|r Coin end").model_copy(update={})
    renamed = StateGraph.model_validate_json(graph.model_dump_json().replace("l|r", "l | r"))
    assert "Some regions depend on each other" in to_scxml(renamed)
    assert "Some regions depend on each other" not in to_scxml(graph)
    assert SCXML in "".join(one.tag for one in Scxml(renamed).elements.values())
