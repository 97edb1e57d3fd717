"""What a graph knows of a state beside its name: what it defers, what remembers, where regions are.

The source, exploring and watching agree about it; pictures show it.
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from typing import Any

import pytest

from flowlet import (
    ActorRef,
    Dispatcher,
    Event,
    Exited,
    actor,
    draw,
    emit,
    explore,
    observe,
    on,
    parallel,
    race,
    receive,
    sleep,
    spawn,
    state,
    until,
    watch,
)
from flowlet.export import to_dot, to_mermaid, to_plantuml
from flowlet.export.depth import deepest, depths
from flowlet.export.picture import picture
from flowlet.introspect import StateGraph, static
from flowlet.introspect.model import Composite

SVG = "{http://www.w3.org/2000/svg}"


class Play(Event): ...


class Pause(Event): ...


class Stop(Event): ...


class Job(Event): ...


class Done(Event): ...


class Volume(Event): ...


def player() -> None:
    while True:
        receive(Play, at="off")
        with until(Stop), state("player", history="deep") as h, on(Volume, lambda _: emit("beep")):
            if not h.last:
                receive(Play, at="song")
            receive(Pause, at="radio")


def car() -> None:
    def radio() -> None:
        with state("radio", history="shallow"):
            receive(Play, at="on")
            receive(Stop, at="off")

    def motor() -> None:
        receive(Job, at="cold")
        receive(Done, at="warm")

    with state("car", history="deep"):
        parallel(radio, motor)


def worker() -> None:
    while True:
        receive(Job, at="idle")
        with state("busy", defer=Job):
            receive(Play, at="first half")
            receive(Done, at="second half")


def seen(fn: Callable[[], object], *events: Event) -> StateGraph:
    """What is seen of an actor that is sent these."""
    with Dispatcher() as d:
        watched = observe(d)
        actor = d.spawn(fn)
        d.settle()
        for event in events:
            actor.send(event)
            d.settle()
        return watched.graph


# --- history


def test_all_three_views_know_which_blocks_remember() -> None:
    """Of a block in a region the path goes by the name of the region."""
    remembers = (Composite(path=("player",), history="deep"),)
    assert static(player).composites == remembers
    assert explore(player).graph.composites == remembers
    assert seen(player, Play()).composites == remembers
    both = (
        Composite(path=("car",), history="deep"),
        Composite(path=("car", "radio", "radio"), history="shallow"),
    )
    assert static(car).composites == explore(car).graph.composites == seen(car).composites == both


def test_the_mark_of_history_stands_where_its_block_begins() -> None:
    """And makes the block no longer: nothing leads to it, so it would stand at the very top."""

    def radio() -> None:
        while True:
            receive(Play, at="off")
            with until(Stop), state("radio", history="deep"):
                receive(Pause, at="on")
                receive(Play, at="paused")

    svg = ElementTree.fromstring(explore(radio).graph.text("svg"))
    heights = {
        title.text: float(shape.attrib["cy"])
        for group in svg.iter(f"{SVG}g")
        if (title := group.find(f"{SVG}title")) is not None
        and (shape := group.find(f".//{SVG}ellipse")) is not None
    }
    assert heights[r"\(history radio)"] == heights[r"\(start radio)"] > heights[r"\(start)"]
    several = to_dot(explore(player).graph)  # it goes on where it was, so it begins nowhere else
    assert r'{ rank=same; "player/radio"; "\(history player)" }' in several


def test_what_leads_into_regions_leads_into_all_of_them() -> None:
    """So the longest way out of one of them counts, whichever it is, for what stands lowest."""

    def short() -> None:
        receive(Pause, at="paused")

    def long() -> None:
        receive(Job, at="one job")
        receive(Job, at="another")

    def actor() -> None:
        with state("box"), until(Stop):
            receive(Play, at="before")
            race(short, long)
            receive(Play, at="after")

    drawn = picture(explore(actor).graph)
    assert deepest(drawn, "box") == "box/after"
    assert [depths(drawn)[f"box/{name}"] for name in ("before", "after")] == [0, 3]


def test_a_block_that_remembers_has_the_mark_of_history() -> None:
    """`H*` where it is deep, `H` where not: in its box, or in its state if that is all it is."""
    graph = explore(player).graph
    (box,) = picture(graph).boxes
    assert box.history == "deep"
    assert r'"\(history player)" [' in to_dot(graph)
    assert 'label="H*"' in to_dot(graph)
    assert '"player · H#42;' in to_mermaid(graph)
    assert "<<history*>>" in to_plantuml(graph)
    (closed,) = [node for node in picture(graph.fold("player")).nodes if node.name == "player"]
    assert closed.history == "deep"
    inside = to_dot(explore(car).graph)
    assert r'"\(history car/radio)" [' in inside
    assert 'label="H"' in inside


def test_what_remembers_and_has_no_box_is_told_below() -> None:
    """As of a block in a region that is not drawn apart."""
    (told,) = picture(explore(car).graph).caption[-1:]
    assert told == "car/radio/radio remembers where it was left (H)."


def test_graphs_written_before_there_was_history_can_be_read() -> None:
    """What they do not tell is not known of them."""
    old = '{"states": [{"path": ["a"]}], "transitions": [], "initial": ["a"], "notes": []}'
    graph = StateGraph.model_validate_json(old)
    assert (graph.composites, graph.states[0].regions) == ((), ())
    again = explore(car).graph
    assert StateGraph.model_validate_json(again.model_dump_json()) == again


# --- mail that is kept


def test_exploring_and_the_source_agree_on_what_is_deferred() -> None:
    """By a block, by a wait that takes nothing, or by the actor's own rule."""

    def sleeper() -> None:
        receive(Job, at="awake")
        sleep(5, at="asleep")

    @actor(unexpected="defer")
    def hoarder() -> None:
        receive(Job, at="first")
        receive(Done, at="then")

    for fn, name, kept in (
        (worker, "busy/first half", {"Job"}),
        (worker, "idle", set()),
        (sleeper, "asleep", {"Job"}),
        (hoarder, "first", {"Done"}),
    ):
        for graph in (static(fn), explore(fn).graph):
            assert set(graph.state(name).deferred) == kept, (fn.__name__, name)


def test_what_a_whole_block_defers_stands_in_its_box() -> None:
    """In the words of UML; in a state where it is that state alone."""
    graph = explore(worker).graph
    (box,) = picture(graph).boxes
    assert [line.text for line in box.inside] == ["Job / defer"]
    assert {node.inside for node in picture(graph).nodes} == {()}
    folded = picture(graph.fold("busy"))
    (busy,) = [node for node in folded.nodes if node.name == "busy"]
    assert [line.text for line in busy.inside] == ["Job / defer"]
    assert "c1 : Job / defer" in to_plantuml(graph)
    assert '"busy · Job / defer"' in to_mermaid(graph)
    assert "Job</FONT>" in to_dot(graph)
    assert "/ defer</FONT>" in to_dot(graph)


# --- edges of their own kind


@pytest.mark.parametrize(
    "view", [static, lambda fn: explore(fn).graph, lambda fn: seen(fn, Play(), Volume())]
)
def test_a_handler_in_place_is_an_internal_transition(view: Callable[[Any], StateGraph]) -> None:
    """Nothing is left by it: in a picture it is a line in the box round which it stands."""
    graph = view(player)
    inside = {(edge.source, edge.border) for edge in graph.transitions if edge.event == "Volume"}
    assert ("player/song", "player") in inside or ("player/song", None) in inside
    assert {edge.kind for edge in graph.transitions if edge.event == "Volume"} == {"internal"}


def test_a_handler_round_a_block_is_one_line_in_its_box() -> None:
    """However many states there are in it."""
    drawn = picture(explore(player).graph)
    assert [line.text for line in drawn.boxes[0].inside] == ["Volume / emit 'beep'"]
    assert all("Volume" not in line.text for arrow in drawn.arrows for line in arrow.lines)


def test_a_handler_that_waits_is_a_state_of_its_own() -> None:
    """The wait that it interrupts is left for as long."""

    def guard() -> None:
        def stunned(_: Event) -> None:
            with state("stunned"):
                sleep(5)

        with on(Stop, stunned):
            receive(Job, at="patrol")

    kinds = {edge.triple: edge.kind for edge in explore(guard).graph.transitions}
    assert kinds["patrol", "Stop", "stunned"] == "event"


def test_the_end_of_a_child_is_a_done_edge() -> None:
    """In all views; it has an open head."""

    def child() -> None:
        sleep(1)

    def parent() -> None:
        watch(spawn(child))
        receive(Exited, at="waiting")
        receive(Job, at="over")

    for graph in (static(parent), explore(parent).graph):
        (edge,) = [edge for edge in graph.transitions if edge.event == "Exited"]
        assert edge.kind == "done"
    assert 'arrowhead="vee"' in to_dot(explore(parent).graph)


def test_an_edge_without_text_has_an_arrow_of_its_own() -> None:
    """Among the lines of another one nobody would see it."""

    def both() -> None:
        def one() -> None:
            receive(Job, at="one")

        def two() -> None:
            receive(Done, at="two")

        with state("both"), until(Stop):
            parallel(one, two)
        receive(Play, at="after")

    drawn = picture(explore(both).graph.factor())
    leaving = [arrow for arrow in drawn.arrows if arrow.tail == "both"]
    assert [[line.text for line in arrow.lines] for arrow in leaving] == [[""], ["Stop"]]
    assert {line.kind for line in leaving[0].lines} == {"done"}


# --- where an actor is now


def test_a_state_is_highlighted_by_its_name_or_its_path() -> None:
    """And no other; the boxes round it are part of the path."""
    graph = explore(player).graph
    now = graph.highlight("player/song")
    assert now == graph.highlight(("player", "song"))
    assert [state.name for state in now.states if state.active] == ["player/song"]
    assert now.highlight("off") == graph.highlight("off")
    assert now.highlight() == graph
    drawn = picture(now)
    assert [box.name for box in drawn.boxes if box.active] == ["player"]
    assert [node.name for node in drawn.nodes if node.active] == ["player/song"]
    assert 'fillcolor="#2563eb"' in to_dot(now)
    assert 'fillcolor="#2563eb"' not in to_dot(graph)
    assert "class s3 active" in to_mermaid(now)
    assert "<<active>>" in to_plantuml(now)


def test_a_state_that_there_is_not_cannot_be_highlighted() -> None:
    """The error tells the names that there are."""
    with pytest.raises(KeyError, match="no state 'plaver' in player; there are off, player/song"):
        explore(player).graph.highlight("plaver")


def test_an_actor_is_drawn_where_it_is() -> None:
    """Also in regions: each is somewhere."""
    with Dispatcher() as d:
        driver: ActorRef[None] = d.spawn(car)
        d.settle()
        driver.send(Play())
        d.settle()
        graph = draw(driver)
        assert driver.state == ("car", (("radio", "off"), ("cold",)))
        nodes = picture(graph.factor()).nodes
        assert [node.name for node in nodes if node.active] == [
            "car/motor/cold",
            "car/radio/off",
        ]
    assert draw(car, active=("car", (("radio", "off"), ("cold",)))) == graph


def test_a_fold_is_highlighted_for_what_is_in_it() -> None:
    """And the mark goes along into a smaller view."""
    graph = explore(player).graph.highlight("player/radio").fold("player")
    assert [state.name for state in graph.states if state.active] == ["player"]
