"""Guards and outputs: what stands on an edge is what told the ways apart, where it was done."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from flowlet import (
    ActorRef,
    Dispatcher,
    Event,
    StateGraph,
    choose,
    emit,
    explore,
    receive,
    state,
)
from flowlet.introspect import State, Transition, patience

LIMIT = 3


class Number(Event):
    n: int = 0


class Reply(Event):
    ok: bool


class Step(Event): ...


class Order(Event): ...


class Rush(Order): ...


class Basket(Event):
    items: list[int] = []  # noqa: RUF012  # pydantic copies it


def labels(fn: Any) -> set[tuple[str, str, str]]:
    """The edges of a machine as they are read: from, event with guard and outputs, to."""
    return {(edge.source, edge.label, edge.target) for edge in explore(fn).graph.transitions}


def test_the_ways_of_an_elif_exclude_each_other() -> None:
    """What was asked before is part of it, where it matters."""

    def sorter() -> None:
        n = receive(Number, at="asked").n
        if n >= 5:
            receive(Step, at="large")
        elif n > 2:
            receive(Step, at="middling")
        else:
            receive(Step, at="small")

    assert {edge for edge in labels(sorter) if edge[0] == "asked"} == {
        ("asked", "Number [n >= 5]", "large"),
        ("asked", "Number [n < 5 and n > 2]", "middling"),
        ("asked", "Number [n < 5 and n <= 2]", "small"),
    }


def test_a_condition_that_waits_is_about_what_came() -> None:
    """`receive(…).ok` is drawn as `ok`."""

    def client() -> None:
        receive(Step, at="yes" if receive(Reply, at="asking").ok else "no")

    assert ("asking", "Reply [ok]", "yes") in labels(client)
    assert ("asking", "Reply [not ok]", "no") in labels(client)


def test_a_pattern_by_position_is_about_the_field() -> None:
    """`case Number(0)` asks for `n == 0`, and the arm after it for the opposite."""

    def reader() -> None:
        match receive(Number, at="asked"):
            case Number(0):
                receive(Step, at="nothing")
            case Number():
                receive(Step, at="something")

    assert ("asked", "Number [n == 0]", "nothing") in labels(reader)
    assert ("asked", "Number [n != 0]", "something") in labels(reader)


def test_a_condition_at_the_end_of_a_long_loop_is_a_guard() -> None:
    """However far the jump goes; the compiler writes long ones differently."""

    def meter() -> None:
        left = 2
        while left:
            match receive(Step, Number, at="counting"):
                case Step():
                    left -= 1
                case Number(n):
                    # Much code, so that the loop's end is far from its beginning.
                    for text in ("a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m"):
                        emit(text * n + text * n + text * n + text * n + text * n + text * n)
                        emit(text * n + text * n + text * n + text * n + text * n + text * n)
                        emit(text * n + text * n + text * n + text * n + text * n + text * n)

    assert ("counting", "Step [not left]", "end") in labels(meter)


def test_what_a_passed_block_gives_out_stands_behind_it() -> None:
    """Not on the edge into it, and not on both."""

    def hello() -> None:
        while True:
            with state("START"):
                emit("hello")
            receive(Step, at="waiting")

    assert labels(hello) == {
        ("START", "/ emit 'hello'", "waiting"),
        ("waiting", "Step", "START"),
    }


def test_what_is_given_out_before_a_passed_block_stands_before_it() -> None:
    """The order is that of the code."""

    def hello() -> None:
        receive(Step, at="waiting")
        emit("first")
        with state("passed"):
            emit("second")
        emit("third")
        receive(Step, at="resting")

    assert labels(hello) == {
        ("waiting", "Step / emit 'first'", "passed"),
        ("passed", "/ emit 'second', emit 'third'", "resting"),
        ("resting", "Step", "end"),
    }


def test_what_is_given_out_in_the_final_block_stands_on_the_way_there() -> None:
    """There is no edge behind it."""

    def goodbye() -> None:
        receive(Step, at="waiting")
        emit("first")
        with state("Terminated"):
            emit("second")
        emit("third")

    assert labels(goodbye) == {
        ("waiting", "Step / emit 'first', emit 'second', emit 'third'", "Terminated")
    }


def test_a_limit_with_a_name_is_tried_on_both_sides() -> None:
    """A constant of the module is as good as one in the code."""

    def gate() -> None:
        receive(Step, at="over" if receive(Number, at="asked").n > LIMIT else "under")

    assert {("asked", "Number", "over"), ("asked", "Number", "under")} <= explore(
        gate
    ).graph.triples()


def test_a_field_that_is_only_true_or_not_is_tried_both_ways() -> None:
    """A number that stands as a condition is compared with nothing at all."""

    def gate() -> None:
        receive(Step, at="some" if receive(Number, at="asked").n else "none")

    assert {("asked", "Number", "some"), ("asked", "Number", "none")} <= explore(
        gate
    ).graph.triples()


def test_an_awaited_class_is_offered_itself() -> None:
    """That somebody has derived from it changes nothing for who does not ask."""

    def shop() -> None:
        receive(Order, at="open")

    assert explore(shop).graph.triples() == {("open", "Order", "end")}


def test_a_subclass_that_the_code_asks_for_is_offered_too() -> None:
    """And both arms are reached."""

    def shop() -> None:
        match receive(Order, at="open"):
            case Rush():
                receive(Step, at="hurrying")
            case Order():
                receive(Step, at="working")

    assert {("open", "Rush", "hurrying"), ("open", "Order", "working")} <= explore(
        shop
    ).graph.triples()


def test_a_default_may_be_anything() -> None:
    """Also a list, which has no hash."""

    def till() -> None:
        receive(Basket, at="open")

    assert explore(till).graph.triples() == {("open", "Basket", "end")}


def test_none_is_an_event_like_any_other() -> None:
    """Events may be any objects."""

    def odd() -> None:
        receive(type(None), at="waiting")

    assert explore(odd).graph.triples() == {("waiting", "NoneType", "end")}


def test_a_block_can_be_folded() -> None:
    """All that is in it becomes one state; what goes on inside, edges to itself."""
    graph = StateGraph(
        name="shop",
        states=tuple(
            State(path=tuple(path.split("/"))) for path in ("idle", "pay/card", "pay/pin")
        ),
        transitions=(
            Transition(source="idle", event="Go", target="pay/card"),
            Transition(source="pay/card", event="Card", target="pay/pin"),
            Transition(source="pay/pin", event="Pin", target="idle"),
            Transition(source="pay/card", event="Stop", target="idle", border="pay"),
            Transition(source="pay/pin", event="Stop", target="idle", border="pay"),
        ),
        initial=("idle",),
    )
    folded = graph.fold("pay")
    assert folded.names() == ["idle", "pay"]
    assert folded.triples() == {
        ("idle", "Go", "pay"),
        ("pay", "Card", "pay"),
        ("pay", "Pin", "idle"),
        ("pay", "Stop", "idle"),
    }
    assert len(folded.transitions) == 4
    with pytest.raises(KeyError, match="paid"):
        graph.fold("paid")


def test_where_a_search_is_cut_the_last_steps_have_their_guards() -> None:
    """From `aside` the search did not go on; that it may lead back is found afterwards."""

    def clerk() -> None:
        while True:
            asked = receive(Step, Order, at="start")
            if isinstance(asked, Order) and receive(Number, at="aside").n >= 5:
                continue
            receive(Step, at="inside")
            receive(Step, at="deeper")

    x = explore(clerk, max_states=3, within=lambda view: True)
    assert not x.complete
    assert {(e.target, e.guard) for e in x.graph.transitions if e.source == "aside"} == {
        ("start", "n >= 5"), ("inside", "n < 5"),
    }  # fmt: skip


def sorter() -> None:
    """Sorts by the number; what comes third is compared with the first."""
    first = receive(Number, at="first").n
    receive(Step, at="low" if first < LIMIT else "high")
    again = receive(Number, at="again").n
    receive(Step, at="same" if again == first else "other")


def feeder(to: ActorRef[None]) -> None:
    for _ in range(2):
        to.send(Number(n=choose(*range(2, 5))))
        to.send(Step())


def test_among_others_an_actor_has_the_guards_that_it_has_alone() -> None:
    """There they are found out when its picture is drawn."""

    def system(d: Dispatcher) -> None:
        d.spawn(feeder, d.spawn(sorter))

    x = explore(system)
    assert {
        (edge.source, edge.label, edge.target) for edge in x.graph_of("sorter").transitions
    } == {
        ("first", "Number [first < LIMIT]", "low"),
        ("first", "Number [first >= LIMIT]", "high"),
        ("low", "Step", "again"),
        ("high", "Step", "again"),
        ("again", "Number [again == first]", "same"),
        ("again", "Number [again != first]", "other"),
        ("same", "Step", "end"),
        ("other", "Step", "end"),
    }


def test_guards_that_cannot_be_found_out_any_more_are_missed_by_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Somebody has changed a constant since: the graph is as it was found, and a note says so."""

    def system(d: Dispatcher) -> None:
        d.spawn(feeder, d.spawn(sorter))

    x = explore(system)
    monkeypatch.setitem(globals(), "LIMIT", 1)
    graph = x.graph_of("sorter")
    assert {target for source, _, target in graph.triples() if source == "first"} == {"low", "high"}
    assert "conditions of sorter are not shown" in graph.notes[-1]


@pytest.mark.skipif(sys.version_info < (3, 12), reason="sys.monitoring came with Python 3.12")
def test_where_others_watch_already_guards_are_values() -> None:
    """Debuggers and profilers may use all that Python has for it; the edges are the same."""

    def sorter() -> None:
        if receive(Number, at="asked").n > 5:
            receive(Step, at="large")

    told = explore(sorter).graph
    monitoring: Any = vars(sys)["monitoring"]
    taken = [tool for tool in (3, 4) if monitoring.get_tool(tool) is None]
    for tool in taken:
        monitoring.use_tool_id(tool, "another")
    try:
        untold = explore(sorter).graph
    finally:
        for tool in taken:
            monitoring.free_tool_id(tool)
    assert untold.triples() == told.triples()
    assert "end one of them, and draw it again" in untold.notes[-1]
    asked = [{e.guard for e in each.transitions if e.source == "asked"} for each in (told, untold)]
    assert asked == [{"n > 5", "n <= 5"}, {"n == 6", "n == 0 or n == 4 or n == 5"}]


STUCK = False


def test_what_would_never_end_when_it_is_drawn_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its steps are run again, and one of them loops since: the picture comes, with a note."""
    monkeypatch.setattr(patience, "LIMIT", 0.05)

    def stuck() -> None:
        number = receive(Number, at="first").n
        while STUCK:
            ...
        receive(Step, at="low" if number < LIMIT else "high")

    def system(d: Dispatcher) -> None:
        d.spawn(feeder, d.spawn(stuck))

    x = explore(system)
    monkeypatch.setitem(globals(), "STUCK", True)
    graph = x.graph_of("stuck")
    assert {edge.guard for edge in graph.transitions if edge.source == "first"} == {
        "n == 2", "n == 3 or n == 4",
    }  # fmt: skip
    assert "computes for ever" in graph.notes[-1]


def test_several_threads_may_draw_what_one_has_explored() -> None:
    """One after the other; each sees the same."""

    def system(d: Dispatcher) -> None:
        d.spawn(feeder, d.spawn(sorter))

    x, begun = explore(system), Barrier(4)

    def drawn(name: str) -> StateGraph:
        begun.wait()
        return x.graph_of(name)

    with ThreadPoolExecutor(4) as threads:
        graphs = list(threads.map(drawn, ["sorter"] * 4))
    assert graphs == [explore(system).graph_of("sorter")] * 4
