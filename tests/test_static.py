"""The machine as its source says: waits are states, ways between them are edges.

`same` reads and explores a machine: where all that could be can be reached, both have the same
edges, and reading names them as exploring does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial, wraps
from typing import Any, Literal

import pytest

from flowlet import (
    Delay,
    Dispatcher,
    Event,
    ExploreError,
    Request,
    StateGraph,
    Timeout,
    become,
    choose,
    emit,
    explore,
    flow,
    on,
    parallel,
    pause,
    perform,
    race,
    receive,
    sleep,
    state,
    supervise,
    until,
    wait_until,
    whereis,
)
from flowlet.introspect.observe import observe
from flowlet.introspect.static import static
from tests.machines import Coin, Data, Go, Login, Push, Stop, Tick, edges, line_of, turnstile


class Get(Request[bool]): ...


class Card(Event):
    kind: Literal["gold", "plain"]


class Sum(Event):
    euros: int


Triples = set[tuple[str, str, str]]


def same(fn: Callable[..., Any], if_stopped: Triples | None = None) -> StateGraph:
    """What is read, when that is what is explored: edges, beginnings, outputs and borders.

    `if_stopped`: what clean-up does besides, in an actor that somebody stops; here nobody does.
    """
    read, explored = static(fn), explore(fn).graph
    more = if_stopped or set()
    assert read.triples() == explored.triples() | more
    assert read.initial == explored.initial
    known = {(s.name, s.kind) for s in explored.states} | {(end, "final") for *_, end in more}
    assert {(s.name, s.kind) for s in read.states} == known
    assert {edge for edge in drawn(read) if edge[:3] not in more} == drawn(explored)
    assert read.complete
    return read


def drawn(graph: StateGraph) -> set[tuple[Any, ...]]:
    return {(e.source, e.event, e.target, e.kind, e.outputs, e.border) for e in graph.transitions}


def targets(graph: StateGraph, source: str) -> set[tuple[str, str]]:
    return {(edge.event, edge.target) for edge in graph.transitions if edge.source == source}


# -- waits and edges ---------------------------------------------------------------------------


def test_waits_are_states_and_ways_between_them_are_edges() -> None:
    """The turnstile, and nothing is known of it but its source."""
    read = static(turnstile)
    assert read.triples() == {("locked", "Coin", "unlocked"), ("unlocked", "Push", "locked")}
    assert (read.name, read.initial, read.complete, read.notes) == (
        "turnstile",
        ("locked",),
        True,
        (),
    )
    assert all(edge.evidence.static and not edge.evidence.reachable for edge in read.transitions)
    assert all(found.evidence.static for found in read.states)


def test_a_state_knows_its_line_and_what_it_takes() -> None:
    """As in an explored graph."""
    found = static(turnstile).state("unlocked")
    assert found.source is not None
    assert found.source.line == line_of(turnstile, "unlocked")
    assert found.accepts == ("Push",)


def test_times_are_edges() -> None:
    """A number gives `after 5s`, a `Delay` its name, what is computed its expression."""

    def patient(longest: float) -> None:
        receive(Go, after=5, at="a")
        receive(Go, after=Delay("grace", longest), at="b")
        receive(Go, after=longest * 2, at="c")
        sleep(3, at="d")

    read = static(partial(patient, 60.0))
    assert targets(read, "a") == {("Go", "b"), ("after 5s", "b")}
    assert targets(read, "b") == {("Go", "c"), ("grace", "c")}
    assert targets(read, "c") == {("Go", "d"), ("after 120s", "d")}
    assert targets(read, "d") == {("after 3s", "end")}
    assert targets(static(patient), "c") == {("Go", "d"), ("after longest * 2", "d")}


def test_a_time_that_doubles_is_followed() -> None:
    """What can be computed is: the labels are those of the run."""

    def client() -> None:
        seconds = 1
        while seconds < 8:
            if not isinstance(receive(Go, after=seconds, at="waiting"), Timeout):
                return
            seconds *= 2

    assert same(client).triples() >= {("waiting", "after 4s", "end"), ("waiting", "Go", "end")}


def test_a_match_tells_the_events_apart() -> None:
    """Each event goes the way of its arm; fields and guards are conditions."""

    def till() -> None:
        match receive(Card, Coin, Stop, at="till"):
            case Card(kind="gold"):
                receive(Go, at="lounge")
            case Card() | Coin():
                receive(Go, at="hall")

    read = same(till)
    assert targets(read, "till") == {
        ("Card", "lounge"), ("Card", "hall"), ("Coin", "hall"), ("Stop", "end"),
    }  # fmt: skip
    (lounge,) = [edge for edge in read.transitions if edge.target == "lounge"]
    assert lounge.guard == "kind == 'gold'"


def test_isinstance_and_guards_tell_ways_apart() -> None:
    """A test of the event's class is decided, a test of its data goes both ways."""

    def till() -> None:
        got = receive(Sum, Stop, after=9, at="till")
        if isinstance(got, Sum) and got.euros > 5:
            receive(Go, at="much")
        elif isinstance(got, Timeout):
            receive(Go, at="late")

    read = same(till)
    assert targets(read, "till") == {
        ("Sum", "much"), ("Sum", "end"), ("Stop", "end"), ("after 9s", "late"),
    }  # fmt: skip
    (much,) = [edge for edge in read.transitions if edge.target == "much"]
    assert much.guard == "got.euros > 5"


def test_what_is_given_out_stands_on_the_edge() -> None:
    """Values that are emitted and events that are sent, as in an explored graph."""

    def kiosk() -> None:
        receive(Coin, at="idle")
        emit("thanks")
        whereis("bell").send(Tick())
        emit(Push())

    (edge,) = same(kiosk).transitions
    assert edge.outputs == ("emit 'thanks'", "send Tick to bell", "emit Push")


def test_a_selecting_wait_lets_others_have_what_it_does_not_take() -> None:
    """`where` may be false: then the `until` round it hears the event."""

    def picky() -> None:
        with until(Sum), state("open"):
            receive(Sum, where=lambda got: got.euros > 3, at="much")
            receive(Go, at="paid")

    read = static(picky)
    assert targets(read, "open/much") == {("Sum", "open/paid"), ("Sum", "end")}
    assert explore(picky).graph.triples() <= read.triples()


def test_subclasses_come_where_their_base_is_awaited() -> None:
    """An event may be of any class below, and is called by its own."""

    class Key(Event): ...

    class Enter(Key): ...

    class Escape(Key): ...

    def prompt() -> None:
        while True:
            match receive(Key, at="prompt"):
                case Escape():
                    return

    assert targets(static(prompt), "prompt") == {
        ("Key", "prompt"), ("Enter", "prompt"), ("Escape", "end"),
    }  # fmt: skip


# -- Python's own ways -------------------------------------------------------------------------


def test_loops_are_gone_as_they_are_written() -> None:
    """`break`, `continue` and `else`, and a range that is known."""

    def rounds() -> None:
        for _ in range(2):
            if isinstance(receive(Tick, Stop, at="ticking"), Stop):
                break
        else:
            receive(Go, at="through")
        while True:
            if isinstance(receive(Data, Stop, at="reading"), Data):
                continue
            break

    read = same(rounds)
    assert targets(read, "ticking") == {
        ("Tick", "ticking"), ("Tick", "through"), ("Stop", "reading"),
    }  # fmt: skip
    assert targets(read, "reading") == {("Data", "reading"), ("Stop", "end")}


def test_a_loop_of_unknown_length_goes_on_and_ends() -> None:
    """Both are ways."""

    def readings(many: list[int]) -> None:
        for _ in many:
            receive(Data, at="reading")

    read = static(readings)
    assert read.initial == ("reading", "end")
    assert targets(read, "reading") == {("Data", "reading"), ("Data", "end")}


def test_a_comprehension_may_wait() -> None:
    """It is a loop."""

    def collect() -> list[Coin]:
        return [receive(Coin, at="slot") for _ in range(2)]

    assert same(collect).triples() == {("slot", "Coin", "slot"), ("slot", "Coin", "end")}


def test_short_circuits_are_ways() -> None:
    """`and`, `or` and the conditional expression."""

    def door() -> None:
        key = isinstance(receive(Go, Stop, at="key"), Go) and receive(Push, at="push")
        receive(Tick, at="open" if key else "shut")

    assert targets(same(door), "key") == {("Go", "push"), ("Stop", "shut")}


def test_errors_lead_to_their_handlers() -> None:
    """A `raise` goes to the `except` for its class, else out."""

    class BrokenError(Exception): ...

    def step() -> None:
        match receive(Go, Stop, Tick, at="working"):
            case Go():
                raise BrokenError
            case Stop():
                raise ValueError("stopped")

    def worker() -> None:
        try:
            step()
        except BrokenError:
            receive(Go, at="repair")
        else:
            receive(Go, at="fine")

    assert targets(same(worker), "working") == {
        ("Go", "repair"), ("Stop", "error: ValueError"), ("Tick", "fine"),
    }  # fmt: skip


def test_a_call_that_may_fail_may_lead_to_the_handler() -> None:
    """Of what a library does nothing is known but that."""

    def reader() -> None:
        text = receive(Data, at="reading")
        try:
            int(str(text))
        except ValueError:
            receive(Stop, at="garbled")

    assert targets(static(reader), "reading") == {("Data", "end"), ("Data", "garbled")}


def test_whatever_fails_is_an_exception() -> None:
    """So `except Exception` lets none by to the one behind it."""

    def reader() -> None:
        text = receive(Data, at="reading")
        try:
            try:
                int(str(text))
            except Exception:
                receive(Stop, at="garbled")
        except ValueError:
            receive(Stop, at="never")

    assert targets(static(reader), "reading") == {("Data", "end"), ("Data", "garbled")}


def test_an_assertion_may_fail() -> None:
    """It is an edge to its error."""

    def careful() -> None:
        got = receive(Sum, at="asked")
        assert got.euros > 0

    assert targets(static(careful), "asked") == {("Sum", "end"), ("Sum", "error: AssertionError")}


def test_clean_up_that_waits_is_gone_through_on_every_way_out() -> None:
    """By its end, by an error and by an `until`, and goes on as that would."""

    def careful() -> None:
        with until(Stop):
            try:
                if isinstance(receive(Go, Tick, at="working"), Tick):
                    raise ValueError
            finally:
                receive(Push, at="closing")
        receive(Coin, at="over")

    read = same(careful, if_stopped={("closing", "Push", "end")})
    assert targets(read, "working") == {
        ("Go", "closing"), ("Tick", "closing"), ("Stop", "closing"),
    }  # fmt: skip
    assert targets(read, "closing") == {
        ("Push", "over"), ("Push", "error: ValueError"), ("Stop", "over"), ("Push", "end"),
    }  # fmt: skip


class Asks:
    """Whatever is done with it waits."""

    @property
    def value(self) -> int:
        return len(str(receive(Go)))

    @value.setter
    def value(self, to: int) -> None:
        receive(Go)

    def __add__(self, other: int) -> int:
        return other + len(str(receive(Go)))

    def __radd__(self, other: int) -> int:
        return other + len(str(receive(Go)))

    def __neg__(self) -> int:
        return len(str(receive(Go)))

    def __getitem__(self, key: int) -> int:
        return key + len(str(receive(Go)))

    def __bool__(self) -> bool:
        return bool(receive(Go))

    def __iter__(self) -> Iterator[int]:
        receive(Go)
        return iter([])

    def __eq__(self, other: object) -> bool:
        return bool(receive(Go))

    def __contains__(self, other: object) -> bool:
        return bool(receive(Go))

    def __str__(self) -> str:
        return str(receive(Go))

    __hash__ = None  # type: ignore[assignment]  # it compares


def _value() -> int:
    return Asks().value


def _set_value() -> None:
    asks = Asks()
    asks.value = 3


def _truth() -> None:
    if Asks():
        receive(Push, at="after")


def _loop() -> None:
    for _ in Asks():
        receive(Push)


IMPLICIT: dict[str, Callable[[], object]] = {
    "property": _value,
    "setter": _set_value,
    "truth": _truth,
    "loop": _loop,
    "add": lambda: Asks() + 1,
    "radd": lambda: 1 + Asks(),
    "neg": lambda: -Asks(),
    "item": lambda: Asks()[1],
    "equal": lambda: Asks() == 1,
    "in": lambda: 1 in Asks(),
    "text": lambda: f"{Asks()}",
}


@pytest.mark.parametrize("name", IMPLICIT)
def test_a_wait_in_an_operator_or_a_property_is_an_unknown_edge(name: str) -> None:
    """It is no call in the source; it is told, and not left out."""
    read = static(IMPLICIT[name])
    assert not read.complete
    assert "?" in read.names()
    assert ("?", "?", "end") in read.triples()


def test_clean_up_of_an_actor_that_is_stopped_is_read_too() -> None:
    """To be stopped is no edge, but what its clean-up waits for is."""

    def worker() -> None:
        try:
            with state("working"):
                receive(Go)
        finally:
            with state("closing"):
                sleep(1)
        with state("over"):
            receive(Push)

    with Dispatcher() as d:
        seen = observe(d)
        ref = d.spawn(worker)
        d.settle()
        ref.stop()
        d.advance(1)
    assert seen.graph_of("worker").triples() == {("closing", "after 1s", "end")}
    read = static(worker).triples()
    assert read > seen.graph_of("worker").triples()
    assert same(worker, if_stopped={("closing", "after 1s", "end")}).triples() == read


def test_context_managers_of_the_user_may_wait() -> None:
    """Functions with a `yield`, and classes."""

    @contextmanager
    def served(name: str) -> Iterator[None]:
        receive(Coin, at="entering")
        with state(name):
            yield
        receive(Go, at="leaving")

    class Lock:
        def __enter__(self) -> Lock:
            receive(Push, at="locking")
            return self

        def __exit__(self, *error: object) -> None:
            receive(Tick, at="unlocking")

    def visit() -> None:
        with served("hall"), Lock():
            receive(Data, at="looking")

    if_stopped = {("hall/unlocking", "Tick", "end")}
    assert same(visit, if_stopped).triples() == {
        ("entering", "Coin", "hall/locking"),
        ("hall/locking", "Push", "hall/looking"),
        ("hall/looking", "Data", "hall/unlocking"),
        ("hall/unlocking", "Tick", "leaving"),
        ("leaving", "Go", "end"),
        *if_stopped,
    }


# -- functions ---------------------------------------------------------------------------------


def test_helpers_are_followed_to_any_depth() -> None:
    """With what they are given and what they return."""

    def take(kind: type[Event], at: str) -> bool:
        return isinstance(receive(kind, Stop, at=at), Stop)

    def twice(first: str, second: str) -> bool:
        return take(Coin, first) or take(Push, second)

    def till() -> None:
        if twice("one", "two"):
            return
        receive(Go, at="done")

    assert same(till).triples() == {
        ("one", "Coin", "two"), ("one", "Stop", "end"), ("two", "Push", "done"),
        ("two", "Stop", "end"), ("done", "Go", "end"),
    }  # fmt: skip


def test_functions_are_values() -> None:
    """Given as arguments, held in tables, bound by `partial`, made by decorators, as lambdas."""

    def noisy(fn: Callable[[], object]) -> Callable[[], object]:
        @wraps(fn)
        def wrapped() -> object:
            emit("begin")
            return fn()

        return wrapped

    @noisy
    def first() -> None:
        receive(Coin, at="first")

    def second(at: str) -> None:
        receive(Push, at=at)

    def apply(fn: Callable[[], object]) -> None:
        fn()

    def machine() -> None:
        steps: dict[str, Callable[[], object]] = {"a": first, "b": partial(second, "second")}
        apply(steps["a"])
        apply(steps["b"])
        apply(lambda: receive(Go, at="third"))

    assert same(machine).triples() == {
        ("first", "Coin", "second"), ("second", "Push", "third"), ("third", "Go", "end"),
    }  # fmt: skip


def test_methods_are_followed_with_their_object() -> None:
    """A state may be a method that says which is the next."""

    class Player:
        def __init__(self) -> None:
            self.next: Callable[[], None] = self.stopped

        def run(self) -> None:
            while True:
                self.next()

        def stopped(self) -> None:
            receive(Go, at="stopped")
            self.next = self.playing

        def playing(self) -> None:
            receive(Stop, at="playing")
            self.next = self.stopped

    read = static(Player().run)
    assert {("stopped", "Go", "playing"), ("playing", "Stop", "stopped")} <= read.triples()
    assert read.complete


def test_a_method_of_the_class_above_is_followed() -> None:
    """`super()` is known."""

    class Door:
        def open(self) -> None:
            receive(Push, at="pushed")

    class LockedDoor(Door):
        def open(self) -> None:
            receive(Coin, at="locked")
            super().open()

    assert same(LockedDoor().open).triples() == {
        ("locked", "Coin", "pushed"), ("pushed", "Push", "end"),
    }  # fmt: skip


def test_what_an_inner_function_writes_may_be_read_anywhere() -> None:
    """A variable that is shared has every value that was ever stored in it."""

    def machine() -> None:
        armed = False

        def arm() -> None:
            nonlocal armed
            receive(Go, at="off")
            armed = True

        arm()
        if armed:
            receive(Tick, at="ringing")

    assert ("off", "Go", "ringing") in static(machine).triples()


def test_what_is_put_into_a_list_may_come_out_of_it() -> None:
    """Also where somebody else has put it there."""

    def first() -> None:
        receive(Coin, at="first")

    def second() -> None:
        receive(Push, at="second")

    def plan(steps: list[Callable[[], None]]) -> None:
        steps.append(second)

    def machine() -> None:
        steps: list[Callable[[], None]] = []
        plan(steps)
        own = []
        own.append(first)
        for step in (*own, *steps):
            step()

    read = static(machine)
    assert ("first", "Coin", "second") in read.triples()
    assert explore(machine).graph.triples() <= read.triples()


def down(left: int) -> None:
    if left:
        receive(Tick, at="counting")
        down(left - 1)


def test_recursion_ends_and_is_told() -> None:
    """Deeper calls are the same states."""

    def launch() -> None:
        down(99)
        receive(Go, at="launched")

    read = static(launch)
    assert targets(read, "counting") == {("Tick", "counting"), ("Tick", "launched")}
    assert read.notes == ("down calls itself: deeper calls are drawn as the same states",)


def nested() -> None:
    if isinstance(receive(Go, Stop, at="before"), Go):
        nested()
        receive(Tick, at="after")


def test_a_recursion_returns_to_where_it_was_called() -> None:
    """As often as it has called itself, and nobody knows how often that was."""
    read = static(nested)
    assert targets(read, "before") == {("Go", "before"), ("Stop", "after"), ("Stop", "end")}
    assert targets(read, "after") == {("Tick", "after"), ("Tick", "end")}


# -- the words ---------------------------------------------------------------------------------


def test_an_until_leads_out_of_every_state_inside_and_is_drawn_from_the_border() -> None:
    """What ended it is known behind it."""

    def session() -> None:
        with until(Stop, after=60) as end, state("online"):
            receive(Login, at="guest")
            while True:
                receive(Data, at="user")
        receive(Go, at="late" if isinstance(end.event, Timeout) else "stopped")

    read = same(session)
    assert targets(read, "online/user") == {
        ("Data", "online/user"), ("Stop", "stopped"), ("after 60s", "late"),
    }  # fmt: skip
    assert {edge.border for edge in edges(read, "online/guest", "Stop")} == {"online"}


def test_the_inner_until_hears_first() -> None:
    """Of two that take the same event, and neither hears it while it is being left."""

    def nested_blocks() -> None:
        with until(Stop), state("outer"):
            with until(Stop), state("inner"):
                try:
                    receive(Go)
                finally:
                    sleep(1, at="closing")
            receive(Push, at="between")

    if_stopped = {("outer/inner/closing", "after 1s", "end")}
    assert targets(same(nested_blocks, if_stopped), "outer/inner") == set()


def test_what_a_state_defers_does_not_reach_the_until_round_it() -> None:
    """It is kept until the block is left."""

    def worker() -> None:
        with until(Stop), state("busy", defer=Stop):
            receive(Go, at="working")
        receive(Push, at="over")

    assert targets(same(worker), "busy/working") == {("Go", "over")}


def test_blocks_that_are_being_left_hear_nothing() -> None:
    """Those opened by the clean-up do, and those round the `flow` that a jump stays in."""

    def other() -> None:
        receive(Push, at="other")

    def jumper() -> None:
        with until(Stop):
            try:
                receive(Go, at="before")
                become(other)
            finally:
                with until(Coin):
                    receive(Tick, at="landing")
        receive(Data, at="stopped")

    def round_it() -> None:
        with until(Login):
            flow(jumper)

    # After Go it is a jump, on which Stop is not heard; after Stop or Login, it is leaving already.
    assert targets(same(round_it), "landing") == {
        ("Tick", "other"), ("Coin", "other"), ("Tick", "stopped"), ("Coin", "stopped"),
        ("Login", "end"), ("Tick", "end"), ("Coin", "end"),
    }  # fmt: skip


def test_a_handler_is_a_loop_and_its_waits_are_states() -> None:
    """It comes back to the wait that it interrupted."""

    def answer(bell: Tick) -> None:
        emit("yes?")
        with state("answering"):
            receive(Stop, after=2)

    def reader() -> None:
        with on(Tick, answer), on(Login, lambda _: None), state("reading"):
            while True:
                receive(Data)

    read = same(reader)
    assert targets(read, "reading") == {
        ("Data", "reading"), ("Login", "reading"), ("Tick", "answering"),
    }  # fmt: skip
    assert targets(read, "answering") == {("Stop", "reading"), ("after 2s", "reading")}


def test_regions_stand_side_by_side() -> None:
    """An event that both take is one edge; a race is decided by the first to end."""

    def light() -> None:
        while True:
            receive(Go, at="dark")
            receive(Stop, at="bright")

    def sound() -> str:
        receive(Go, at="quiet")
        receive(Data, after=3, at="loud")
        return "over"

    def room() -> None:
        with until(Push), state("room"):
            emit(str(race(light, sound)[0]))
            parallel(sound, sound)

    read = same(room)
    assert ("room/dark | quiet", "Go", "room/bright | loud") in read.triples()
    assert ("room/dark | loud", "after 3s", "room/quiet | quiet") in read.triples()
    assert ("room/bright | loud", "Push", "end") in read.triples()


def test_regions_are_cancelled_with_their_clean_up() -> None:
    """Later ones first; what is called for happens when all are done."""

    def tidy() -> None:
        try:
            receive(Go, at="busy")
        finally:
            sleep(1, at="tidying")

    def idle() -> None:
        receive(Tick, at="idle")

    def room() -> None:
        with until(Stop):
            race(tidy, idle)
        receive(Push, at="empty")

    read = static(room)
    assert targets(read, "busy | idle") >= {("Tick", "tidying | end"), ("Stop", "tidying | end")}
    assert targets(read, "tidying | end") >= {("after 1s", "empty")}
    assert explore(room).graph.triples() <= read.triples()


def test_flow_and_become_jump() -> None:
    """Out of all blocks that were opened since."""

    def listen() -> None:
        with state("listening"):
            receive(Go)
            become(talk, "hello")

    def talk(word: str) -> None:
        emit(word)
        if isinstance(receive(Data, Stop, at="talking"), Data):
            become(listen)

    def call() -> None:
        with state("call"):
            flow(listen)
        receive(Push, at="over")

    assert same(call).triples() == {
        ("call/listening", "Go", "call/talking"),
        ("call/talking", "Data", "call/listening"),
        ("call/talking", "Stop", "over"),
        ("over", "Push", "end"),
    }


def test_a_history_leads_back_to_where_it_may_have_been_left() -> None:
    """And nowhere else."""

    def player() -> None:
        while True:
            with until(Stop), state("player", history="shallow") as memory:
                match memory.last:
                    case ("paused",):
                        pass
                    case _:
                        receive(Push, at="playing")
                receive(Push, at="paused")
            receive(Go, at="off")

    assert targets(same(player), "off") == {("Go", "player/playing"), ("Go", "player/paused")}


def test_a_deep_history_knows_the_whole_path() -> None:
    """A shallow one its first part."""

    def player(depth: Literal["deep", "shallow"]) -> None:
        while True:
            with until(Stop), state("player", history=depth) as memory:
                if memory.last == ("playing", "loud"):
                    receive(Go, at="very loud")
                with state("playing"):
                    receive(Push, at="loud")
                    receive(Push, at="soft")

    loud = ("player/playing/loud", "Stop", "player/very loud")
    assert loud in static(partial(player, "deep")).triples()
    assert loud not in static(partial(player, "shallow")).triples()


def test_blocks_that_nobody_waits_in_are_transient_or_final() -> None:
    """With the outputs on the leg on which they are given."""

    def hello() -> None:
        receive(Go, at="idle")
        emit("before")
        with state("greeting"):
            emit("inside")
        receive(Go, at="greeted")
        with state("over"), state("for good"):
            return

    read = same(hello)
    assert {(s.name, s.kind) for s in read.states} == {
        ("idle", "state"), ("greeting", "transient"), ("greeted", "state"),
        ("over/for good", "final"),
    }  # fmt: skip
    assert ("greeting", "", "greeted") in read.triples()


def test_the_other_waits_have_edges_of_their_name() -> None:
    """Pauses, requests, side effects, supervision, conditions."""

    def charge(euros: int) -> int:
        return euros

    def shop() -> None:
        pause("go on")
        pause(at="breath")
        if whereis("bank").ask(Get(), after=5):
            perform(charge, 5)
        supervise(turnstile, at="looking after")
        wait_until(lambda: True)

    read = static(shop)
    assert {(e.source, e.event) for e in read.transitions} >= {
        ("shop/go on", "go on"), ("breath", "pause"), ("shop/ask Get", "ask Get"),
        ("shop/ask Get", "after 5s"), ("shop/perform charge", "perform charge"),
        ("looking after", "supervise"), ("shop/wait_until", "wait_until"),
    }  # fmt: skip
    assert targets(read, "shop/ask Get") == {
        ("ask Get", "shop/perform charge"), ("ask Get", "looking after"),
        ("after 5s", "shop/perform charge"), ("ask Get", "error: NoReplyError"),
    }  # fmt: skip


def test_a_side_effect_may_fail() -> None:
    """Nobody knows with what: with what an `except` is for, and with what none is for."""

    def charge() -> None: ...

    def shop() -> None:
        try:
            perform(charge, at="charging")
        except OSError:
            receive(Go, at="refused")

    told = {target for _, target in targets(static(shop), "charging")}
    assert {"end", "refused"} < told
    assert [target for target in told if target.startswith("error: ")] != []


def test_an_error_in_a_region_is_raised_at_the_call() -> None:
    """The others are cancelled first."""

    def risky() -> None:
        if int(str(receive(Data, at="risky"))):
            raise KeyError

    def idle() -> None:
        receive(Stop, at="idle")

    def room() -> None:
        try:
            parallel(risky, idle)
        except ValueError:
            receive(Go, at="garbled")

    assert targets(static(room), "risky | idle") == {
        ("Data", "end | idle"), ("Data", "error: KeyError"), ("Data", "garbled"),
        ("Stop", "risky | end"),
    }  # fmt: skip


def test_choices_are_ways() -> None:
    """Each option is one, and says so."""

    def coin() -> None:
        receive(Go, at="tossing")
        receive(Go, at=choose("heads", "tails"))

    assert {edge.guard for edge in edges(same(coin), "tossing", "Go")} == {
        "chose 'heads'", "chose 'tails'",
    }  # fmt: skip


# -- mail that is not taken --------------------------------------------------------------------


def test_a_state_says_what_it_keeps_and_what_it_throws_away() -> None:
    """Of the events that the machine takes somewhere."""

    def worker() -> None:
        receive(Go, Stop, at="idle")
        with state("busy", defer=Go):
            receive(Tick, at="working")
            sleep(5, at="resting")

    read = static(worker)
    told = {s.name: (s.deferred, s.discarded) for s in read.states if s.kind == "state"}
    assert told == {
        "idle": ((), ("Tick",)),
        "busy/working": (("Go",), ("Stop",)),
        "busy/resting": (("Go", "Stop", "Tick"), ()),
    }


# -- what cannot be read -----------------------------------------------------------------------


def test_a_call_that_cannot_be_read_is_an_unknown_edge() -> None:
    """It may return at once, or wait for nobody knows what; the `until` round it still hears."""

    def host(plugin: Callable[[], object]) -> None:
        receive(Go, at="idle")
        with until(Stop):
            plugin()
        receive(Tick, at="done")

    read = static(host)
    assert targets(read, "idle") == {("Go", "?"), ("Go", "done")}
    assert targets(read, "?") == {("?", "done"), ("Stop", "done")}
    assert read.complete is False
    assert read.notes[0].startswith("test_static.py:")
    assert "plugin() is not known until it runs" in read.notes[0]


def test_what_stands_in_two_stars_is_an_unknown_edge() -> None:
    """There may be a time and a name in it, unless it is at hand."""

    def waiting(options: dict[str, Any]) -> None:
        receive(Go, **options)
        receive(Stop)

    known = static(partial(waiting, {"after": 3, "at": "sleepy"}))
    assert targets(known, "sleepy") == {("Go", "waiting/Stop"), ("after 3s", "waiting/Stop")}
    assert known.complete
    read = static(waiting)
    assert read.complete is False
    assert ("?", "?", "waiting/Stop") in read.triples()
    assert "receive(Go, **options) is not known until it runs" in read.notes[0]


def test_code_in_a_text_is_an_unknown_edge() -> None:
    """It may wait."""

    def waiting() -> None:
        eval("receive(Go)")
        receive(Stop)

    read = static(waiting)
    assert read.complete is False
    assert ("?", "?", "waiting") in read.triples()


def test_a_text_whose_width_is_computed_is_read() -> None:
    """What a format is made of may be a value too; nothing is made of such a text."""

    def note(text: str) -> None:
        if text == "x":
            receive(Stop, at="noted")

    def clerk(width: int = 2) -> None:
        note(f"{'x':{width + 1}}")
        note(f"{'x':>{width + 1}}")
        receive(Go, at="here")

    assert ("here", "Go", "end") in static(clerk).triples()
    assert static(clerk).complete


def test_a_generator_that_python_drives_is_an_unknown_edge() -> None:
    """`next` runs it to its next `yield`, and it may wait on the way."""

    def steps() -> Iterator[object]:
        yield receive(Go, at="one")
        yield receive(Go, at="two")

    def driven() -> None:
        ways = steps()
        next(ways)
        next(ways)

    read = static(driven)
    assert read.complete is False
    assert ("?", "?", "end") in read.triples()
    assert "next(ways) is not known until it runs" in read.notes[0]


def test_what_surely_does_not_wait_is_not_unknown() -> None:
    """Python's own functions, methods of collections, pydantic, functions without a wait."""

    def total(many: list[int]) -> int:
        return sum(sorted(many, key=lambda one: -one))

    def counter(many: list[int]) -> None:
        receive(Go, at="idle")
        many.append(len(str(Sum(total(many)).model_dump())))
        receive(Stop, at="counted")

    assert static(counter).complete


def test_only_an_actor_function_can_be_read() -> None:
    """The errors say what to give."""

    def system(d: Dispatcher) -> None:
        d.spawn(turnstile)

    def generator() -> Iterator[None]:
        yield

    with pytest.raises(ExploreError, match="one of the functions that it spawns"):
        static(system)
    with pytest.raises(ExploreError, match="is a generator"):
        static(generator)
    with pytest.raises(ExploreError, match="takes an actor function"):
        static("turnstile")  # type: ignore[arg-type]  # the mistake
    with pytest.raises(ExploreError, match=r"source of .* is not at hand"):
        static(eval(compile("lambda: None", "<nowhere>", "eval")))
