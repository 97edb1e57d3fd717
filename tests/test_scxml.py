"""SCXML says what the graph says, and python-statemachine understands it, times included."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from statemachine.io.scxml.processor import SCXMLProcessor

from examples.door import Badge, Hold, LetGo, Pull, Shut, door
from flowlet import Dispatcher, Event, StateGraph, explore
from flowlet.events import label_of
from flowlet.export import to_scxml
from flowlet.export.escaped import unescaped
from flowlet.instrument import Parked, Record
from tests.consumers import OURS, SCXML, Scxml
from tests.graphs import graph_of, graphs
from tests.test_pictures import a_door, a_machine, a_state, an_edge


def parsed(graph: StateGraph) -> ElementTree.Element:
    return ElementTree.fromstring(to_scxml(graph))


def element(graph: StateGraph, name: str) -> ElementTree.Element:
    """The element of the state of that true name."""
    (found,) = [one for one in parsed(graph).iter() if one.get(f"{OURS}state") == name]
    return found


def loaded(text: str) -> Any:
    """What python-statemachine has made of it; it has not begun."""
    processor = SCXMLProcessor()
    processor.parse_scxml("machine", text)
    return processor


def test_blocks_are_states_in_states() -> None:
    """And an `until` is one transition of the block that it stands round."""
    box = element(a_door(), "door")
    inside = [one.get("id") for one in box.findall(f"{SCXML}state")]
    assert sorted(inside, key=str) == ["door.closed", "door.open"]
    leaving = [one.get("target") for one in box.findall(f"{SCXML}transition")]
    assert sorted(leaving, key=str) == ["end", "off"]
    assert [
        one.get(f"{OURS}on") for one in element(a_door(), "door/open").findall(f"{SCXML}transition")
    ] == ["Close"]


def test_an_edge_from_a_border_has_the_evidence_of_all_that_it_stands_for() -> None:
    """Seen once in each of two states is seen twice."""
    graph = a_machine(
        an_edge("s/a", "Off", "off", border="s", seen=1),
        an_edge("s/b", "Off", "off", border="s", seen=2),
    )
    (edge,) = element(graph, "s").findall(f"{SCXML}transition")
    assert edge.get(f"{OURS}evidence") == "reachable, seen 3"


def test_an_answer_in_place_is_one_of_the_block_that_it_stands_round() -> None:
    """Whatever the state inside, nothing is left."""
    graph = a_machine(
        an_edge("s/a", "Status", "s/a", "internal", border="s"),
        an_edge("s/b", "Status", "s/b", "internal", border="s"),
    )
    (edge,) = element(graph, "s").findall(f"{SCXML}transition")
    assert (edge.get("event"), edge.get("target")) == ("Status", None)


def test_an_event_of_the_block_is_taken_wherever_it_is() -> None:
    """In every state inside."""
    machine = Scxml(a_door())
    for way in (["PowerOn"], ["PowerOn", "Open"]):
        for event in way:
            machine.send(event)
        assert machine.state.startswith("door/")
        machine.send("PowerOff")
        assert machine.state == "off"


def test_names_become_identifiers_that_can_be_read_back() -> None:
    """Whatever they are, no two are one, and the true name stands beside."""
    names = ["a b", "a_b", "a.b", "a/b", "a-b", "1", "_x0020_", "ä", "", "done", "_xwait", "<&>\"'"]
    graph = a_machine(
        *(an_edge("start", name or "nothing", f"{name} there") for name in names),
        *(an_edge("start", "done", name) for name in names if name),
    )
    states = [one for one in parsed(graph).iter() if one.get(f"{OURS}state") is not None]
    ids = [str(one.get("id")) for one in states]
    assert len(set(ids)) == len(ids) == len(graph.states) + 1  # "a" is a block
    for one in states:
        path = [unescaped(part) for part in str(one.get("id")).split(".")]
        assert "/".join(path) == one.get(f"{OURS}state")
    loaded(to_scxml(graph))


def test_an_event_named_like_the_interpreters_own_is_not_taken_for_it() -> None:
    """`done` and `error` stand for all of `done.state.…` and `error.…` in SCXML."""
    graph = graph_of("a error b", "b done c", "c error.x d")
    events = {edge.get("event") for edge in parsed(graph).iter(f"{SCXML}transition")}
    assert events == {"_x0065_rror", "_x0064_one", "error_x002E_x"}
    machine = Scxml(graph)
    for label in ("error", "done", "error.x"):
        machine.send(machine.offers[label])
    assert machine.state == "d"


def test_outputs_are_logged_in_order() -> None:
    """Whatever is in them."""
    outputs = (
        "emit 'it\\'s \"so\" & <so>'",
        "emit 1",
        "emit 1",
        "send Ping to b\nc",
        "emit '\\x1b'",
    )
    machine = Scxml(a_machine(an_edge("a", "Go", "b", outputs=outputs)))
    assert tuple(machine.send("Go")) == outputs


def test_the_data_of_an_event_says_which_guards_hold() -> None:
    """Words cannot be evaluated; without a word for it no guard holds."""
    graph = graph_of("a Coin b if v > 2", "a Coin c if v <= 2 && true", "b Push a")
    conditions = [
        str(edge.get("cond")).rpartition(".")[2]
        for edge in parsed(graph).iter(f"{SCXML}transition")
        if edge.get("cond")
    ]
    assert [unescaped(one.removeprefix("when_x")) for one in conditions] == [
        "v > 2",
        "v <= 2 && true",
    ]
    for condition, state in zip(conditions, "bc", strict=True):
        machine = Scxml(graph)
        machine.send("Coin")
        assert machine.state == "a"
        data: dict[str, Any] = {condition: True}
        machine.machine.send("Coin", **data)
        assert machine.state == state


def test_final_states_end_the_machine_also_inside_blocks() -> None:
    """A crash says which."""
    graph = a_machine(
        an_edge("s/a", "Go", "s/end"),
        an_edge("s/a", "Fail", "error: ValueError"),
        states=(a_state("s/end", "final"), a_state("error: ValueError", "error")),
    )
    for event, end in (("Go", "s/end"), ("Fail", "error: ValueError")):
        machine = Scxml(graph)
        machine.send(event)
        assert machine.state == end
        assert machine.machine.is_terminated
    crash = element(graph, "error: ValueError")
    assert crash.find(f"{SCXML}donedata/{SCXML}content") is not None


def test_a_state_that_is_called_final_and_is_left_is_none() -> None:
    """Graphs from elsewhere may have such; nothing of it is lost."""
    graph = a_machine(
        an_edge("a", "Go", "b"), an_edge("b", "Go", "a"), states=(a_state("b", "final"),)
    )
    assert element(graph, "b").tag == f"{SCXML}state"
    assert element(graph, "b").get(f"{OURS}kind") == "final"


def test_transient_states_are_passed_through() -> None:
    """Nobody sends an event for it."""
    graph = a_machine(an_edge("a", "Go", "b"), an_edge("b", "", "c", "eventless"))
    machine = Scxml(graph)
    machine.send("Go")
    assert machine.state == "c"


def test_an_internal_edge_leaves_nothing() -> None:
    """So the time of its state goes on."""
    graph = a_machine(an_edge("a", "Status", "a", "internal", outputs=("emit 'ok'",)))
    (edge,) = element(graph, "a").findall(f"{SCXML}transition")
    assert edge.get("target") is None
    machine = Scxml(graph)
    assert machine.send("Status") == ["emit 'ok'"]


def test_several_beginnings_have_a_state_before_them() -> None:
    """The first in reading order is taken, and a comment says so."""
    graph = a_machine(an_edge("b", "Go", "a")).model_copy(update={"initial": ("b", "a")})
    assert Scxml(graph).state == "a"
    (begin,) = [one for one in parsed(graph).iter() if one.get("id") == "_xbegin"]
    assert [edge.get("target") for edge in begin] == ["a", "b"]
    assert "may begin in any of" in to_scxml(graph)


def test_a_block_that_waits_itself_has_its_wait_inside() -> None:
    """The block and its wait have one name, and two identifiers."""
    graph = a_machine(
        an_edge("s", "In", "s/deep"),
        an_edge("s/deep", "Out", "s"),
        an_edge("s", "after 5s", "s", "timeout"),
        an_edge("s/deep", "after 5s", "off", "timeout", border="s"),
        an_edge("s", "after 5s", "off", "timeout", border="s", guard="late"),
    )
    machine = Scxml(graph)
    assert machine.state == "s"
    machine.send("In")
    assert machine.state == "s/deep"
    machine.send("Out")
    assert machine.state == "s"
    sent = [one.get("id") for one in parsed(graph).iter(f"{SCXML}send")]
    assert len(sent) == len(set(sent)) == 2


def test_what_scxml_has_no_word_for_goes_along() -> None:
    """As attributes of our own name space: where it stands, how it is known, what is kept."""
    graph = a_machine(
        an_edge("a", "Go", "b", line=3, seen=2),
        states=(a_state("a", line=3).model_copy(update={"deferred": ("Late", "Later")}),),
    )
    a = element(graph, "a")
    assert (a.get(f"{OURS}deferred"), a.get(f"{OURS}source")) == ("Late, Later", "gates.py:3")
    (edge,) = a.findall(f"{SCXML}transition")
    assert edge.get(f"{OURS}evidence") == "reachable, seen 2"
    assert "cannot keep events for later" in to_scxml(graph)


def test_notes_are_comments_whatever_is_in_them() -> None:
    """Two hyphens would end one, and a surrogate is no XML."""
    graph = graph_of("a Go b").model_copy(
        update={"notes": ("cut -- off --->", "\udc80 \x00 -"), "complete": False}
    )
    text = to_scxml(graph)
    assert "cut - - off - - ->" in text
    assert "Not complete" in text
    loaded(text)


def test_a_time_with_only_a_name_is_a_variable() -> None:
    """It is declared, and has no value yet."""
    graph = a_machine(an_edge("a", "Timer A fires", "b", "timeout"))
    (declared,) = parsed(graph).iter(f"{SCXML}data")
    (sent,) = parsed(graph).iter(f"{SCXML}send")
    assert declared.get("id") == sent.get("delayexpr") == "time_xTimer_x0020_A_x0020_fires"
    assert declared.get(f"{OURS}on") == "Timer A fires"
    loaded(to_scxml(graph))


@settings(deadline=None, max_examples=60)
@given(graphs(), st.randoms())
def test_any_graph_is_read_and_written_the_same_each_time(graph: StateGraph, random: Any) -> None:
    """python-statemachine takes it; the order in which the graph holds its parts has no effect."""
    text = to_scxml(graph)
    loaded(text)
    states, edges = list(graph.states), list(graph.transitions)
    random.shuffle(states)
    random.shuffle(edges)
    other = {"states": tuple(states), "transitions": tuple(edges), "initial": graph.initial[::-1]}
    assert to_scxml(graph.model_copy(update=other)) == text
    kept = {one.get(f"{OURS}state") for one in ElementTree.fromstring(text).iter()}
    assert kept >= {state.name for state in graph.states}


# --- times, by a clock that python-statemachine takes for the real one


class FakeTime:
    """What sleeps on it lets it go on."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now = round(self.now + 0.25, 9)


@pytest.fixture
def fake_time(monkeypatch: pytest.MonkeyPatch) -> FakeTime:
    """The clock of python-statemachine; a wait of any length is a quarter of a second on it."""
    clock = FakeTime()
    monkeypatch.setattr("statemachine.engines.sync.monotonic", clock.monotonic)
    monkeypatch.setattr("statemachine.engines.sync.sleep", clock.sleep)
    monkeypatch.setattr("statemachine.event_data.monotonic", clock.monotonic)
    return clock


class Entering:
    """A listener of python-statemachine: when it came into which state.

    As it hears of the first it sends all that is to come, each for its time.
    """

    def __init__(self, clock: FakeTime, coming: list[tuple[float, str]]) -> None:
        self.clock = clock
        self.coming = coming
        self.log: list[tuple[float, str]] = []

    def on_enter_state(self, state: Any, machine: Any) -> None:
        self.log.append((self.clock.now - 1000, str(state.id)))
        for after, event in self.coming:
            machine.send(event, delay=after * 1000)
        self.coming = []


#: (seconds, event): what is to come, and when.
Schedule = list[tuple[float, Event]]


def by_scxml(graph: StateGraph, schedule: Schedule, clock: FakeTime) -> list[tuple[float, str]]:
    """When python-statemachine comes into which state, with the times that it measures itself."""
    text = to_scxml(graph)
    everything = list(ElementTree.fromstring(text).iter())
    names = {
        str(edge.get(f"{OURS}on")): str(edge.get("event"))
        for edge in everything
        if edge.tag == f"{SCXML}transition" and edge.get(f"{OURS}kind") != "timeout"
    }
    clock.now = 1000
    coming = [(after, names[label_of(event)]) for after, event in schedule]
    listener = Entering(clock, coming)
    loaded(text).start(listeners=[listener])
    composites = {one.get("id") for one in everything if one.get("initial")}
    return [(when, state) for when, state in listener.log if state not in composites]


def by_the_actor(function: Callable[[], object], schedule: Schedule) -> list[tuple[float, str]]:
    """When the actor waits in which state."""
    log: list[tuple[float, str]] = []

    def hear(record: Record) -> None:
        if isinstance(record, Parked):
            log.append((record.time, ".".join(record.state)))

    with Dispatcher(instruments=[hear]) as d:
        ref = d.spawn(function)
        d.settle()
        for after, event in schedule:
            ref.send(event, after=after)
        d.run()
    return log


EVENTS = (Badge(), Pull(), Hold(), LetGo(), Shut())
comings = st.lists(
    st.tuples(st.integers(1, 200).map(lambda n: n / 4), st.sampled_from(EVENTS)),
    max_size=12,
    unique_by=lambda one: one[0],
)


def test_times_go_off_when_they_do_in_the_actor(fake_time: FakeTime) -> None:
    """The limit of a wait, and the one of a block, which goes on while the state in it changes."""
    machine = explore(door).graph
    timed_out = 0

    @settings(deadline=None, max_examples=60, derandomize=True)
    @given(comings)
    def try_it(schedule: Schedule) -> None:
        nonlocal timed_out
        moments = {after for after, _ in schedule}
        assume(not any(after + limit in moments for after in moments for limit in (5, 30)))
        log = by_the_actor(door, sorted(schedule, key=lambda one: one[0]))
        timed_out += "alarm" in {state for _, state in log}
        assert by_scxml(machine, schedule, fake_time) == log

    try_it()
    assert timed_out > 0


def test_the_limit_of_a_block_is_measured_from_when_it_is_entered(fake_time: FakeTime) -> None:
    """Holding the door makes it no longer."""
    schedule: Schedule = [(1, Badge()), (2, Pull()), (10, Hold())]
    assert by_scxml(explore(door).graph, schedule, fake_time) == [
        (0, "locked"),
        (1, "unlocked"),
        (2, "open.free"),
        (10, "open.held"),
        (32, "alarm"),
    ]
