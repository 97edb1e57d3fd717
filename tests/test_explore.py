"""Exploring one actor function: what is counted, what is on the edges, and what it never does.

Every event in every state, on the real code.  Names are in `test_names.py`, what makes two
states one in `test_identity.py`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from flowlet import (
    Event,
    FlowletError,
    draw,
    emit,
    explore,
    introspect,
    me,
    observe,
    receive,
    state,
    until,
    whereis,
)
from flowlet.introspect import StateGraph
from tests import machines
from tests.machines import (
    Card,
    Cash,
    Change,
    Coin,
    Data,
    Digit,
    EmptySmall,
    FillBig,
    Flag,
    Go,
    Price,
    Push,
    Stop,
    Tick,
    checkout,
    drill,
    edges,
    jugs,
    line_of,
    measure_four,
    session,
    turnstile,
    vending,
)

# -- counts ------------------------------------------------------------------------------------


def test_the_front_door_has_the_same_functions() -> None:
    """`explore` and `observe` come from either place; `draw` is beside them."""
    assert introspect.explore is explore
    assert introspect.observe is observe
    assert callable(draw)


def test_a_turnstile_has_two_states_and_never_ends() -> None:
    """The first example of all, to the last figure."""
    x = explore(turnstile)
    assert (x.unique_states, x.terminal_states, x.transitions) == (2, 0, 2)
    assert x.complete is True
    assert isinstance(x.graph, StateGraph)
    assert x.graph.name == "turnstile"
    assert x.graph.complete is True
    assert x.graph.triples() == {("locked", "Coin", "unlocked"), ("unlocked", "Push", "locked")}


def test_two_jugs_have_sixteen_states() -> None:
    """The jugs of *Die Hard*: six things to do in each of 16 states, and none is the last."""
    x = explore(jugs)
    assert (x.unique_states, x.terminal_states, x.transitions) == (16, 0, 96)
    assert x.complete is True
    assert x.graph.names() == ["jugs"]


def test_four_litres_take_six_steps() -> None:
    """The shortest way to four litres in the big jug passes seven states."""
    x = explore(measure_four)
    path = x.path_to("measured")
    assert len(path) == 6
    assert "FillBig" in str(path[0])
    assert len(x.path_to(("measured",))) == 6


def test_two_results_are_two_ends_and_one_name() -> None:
    """A finished actor is its final state's name and its result."""

    def guess() -> int:
        return receive(Digit, at="guessing").value

    x = explore(guess)
    assert (x.unique_states, x.terminal_states, x.transitions) == (3, 2, 2)
    assert x.graph.triples() == {("guessing", "Digit", "end")}


def test_the_line_from_which_it_left_does_not_count() -> None:
    """Two ways to end alike are one end."""

    def guess() -> str:
        if receive(Digit, at="guessing").value == 1:
            return "over"
        return "over"

    assert explore(guess).unique_states == 2


def test_a_state_that_only_leads_to_itself_is_terminal() -> None:
    """It has no successor other than itself."""

    def trap() -> None:
        receive(Go, at="edge")
        while True:
            receive(Tick, at="trap")

    x = explore(trap)
    assert (x.unique_states, x.terminal_states, x.transitions) == (2, 1, 2)


def test_one_that_never_waits_is_explored_at_once() -> None:
    """It has one state, its end, and nothing leads there."""

    def quick() -> int:
        return 5

    def named() -> None:
        with state("Terminated"):
            return

    x = explore(quick)
    assert (x.unique_states, x.terminal_states, x.transitions) == (1, 1, 0)
    assert x.graph.initial == ("end",)
    assert x.graph.triples() == set()
    assert explore(named).graph.initial == ("Terminated",)


def test_what_it_sends_to_itself_is_part_of_the_step() -> None:
    """Mail to itself is there already when it comes to wait for it."""

    def sorter() -> None:
        while True:
            match receive(Digit, at="sorting"):
                case Digit(value=1):
                    me().send(Tick())
                    receive(Tick, Stop, at="ticking")
                case _:
                    return

    views = machines.look(sorter, Digit(1), Stop(), Digit(2))
    assert views.told == ["sorting", "sorting", "sorting", "end"]
    assert ("ticking", "Stop", "sorting") not in views.explored.triples()


# -- paths -------------------------------------------------------------------------------------


def test_the_path_to_the_first_state_is_empty() -> None:
    """Starting is no step."""
    assert len(explore(turnstile).path_to("locked")) == 0


def test_a_path_says_its_events_in_order() -> None:
    """By the drawn name or by the tuple that `ref.state` gives."""
    x = explore(session)
    by_name = [str(step) for step in x.path_to("online/user")]
    assert len(by_name) == 2
    assert "Connect" in by_name[0]
    assert "Login" in by_name[1]
    assert [str(step) for step in x.path_to(("online", "user"))] == by_name


def test_a_path_to_nowhere_says_where_there_is_one() -> None:
    """An unknown name is answered with the known ones."""
    with pytest.raises((KeyError, ValueError, FlowletError)) as error:
        explore(turnstile).path_to("ajar")
    assert "ajar" in str(error.value)
    assert "unlocked" in str(error.value)


# -- guards, outputs, sources ------------------------------------------------------------------


def guards(graph: StateGraph, source: str, event: str) -> dict[str, str]:
    return {edge.target: edge.guard for edge in edges(graph, source, event)}


def test_an_if_on_the_event_is_a_guard() -> None:
    """Its text comes from the source; the other way has a guard too."""
    found = guards(explore(vending).graph, "ready", "Price")
    assert set(found) == {"ready", "paid"}
    assert "value >= 3" in found["paid"]
    assert found["ready"] != ""
    assert found["ready"] != found["paid"]


def test_a_match_arm_on_fields_is_a_guard() -> None:
    """`case Price(value=5)` is the edge of the event `Price`, with the field as its guard."""

    def kiosk() -> None:
        while True:
            match receive(Price, Stop, at="idle"):
                case Price(value=5):
                    receive(Push, at="change")
                case Price(value=v) if v > 2:
                    receive(Push, at="exact")
                case Price():
                    receive(Push, at="more")
                case Stop():
                    return

    graph = explore(kiosk).graph
    found = guards(graph, "idle", "Price")
    assert set(found) == {"change", "exact", "more"}
    assert "5" in found["change"]
    assert "v > 2" in found["exact"]
    assert found["more"] != ""
    assert guards(graph, "idle", "Stop") == {"end": ""}


def test_an_if_on_what_it_remembers_is_a_guard() -> None:
    """One event that leads to two places by a counter says which condition it was."""

    def rounds() -> None:
        n = 0
        while True:
            receive(Tick, at="running")
            n += 1
            if n == 3:
                return

    found = guards(explore(rounds).graph, "running", "Tick")
    assert set(found) == {"running", "end"}
    assert "n == 3" in found["end"]


@pytest.mark.parametrize("machine", [turnstile, checkout, session, vending, drill, jugs])
def test_a_guard_stands_only_where_an_event_leads_to_several_places(
    machine: Callable[[], None],
) -> None:
    """An edge that is the only one of its event needs no condition."""
    graph = explore(machine).graph
    for edge in graph.transitions:
        places = {other.target for other in edges(graph, edge.source, edge.event)}
        assert bool(edge.guard) == (len(places) > 1)


def test_what_is_emitted_is_on_the_edge() -> None:
    """An output belongs to the step in which it was made."""

    def kiosk() -> None:
        while True:
            receive(Coin, at="idle")
            emit(Change())
            receive(Push, at="paid")

    graph = explore(kiosk).graph
    (coin,) = edges(graph, "idle", "Coin")
    (push,) = edges(graph, "paid", "Push")
    assert len(coin.outputs) == 1
    assert "emit" in coin.outputs[0]
    assert "Change" in coin.outputs[0]
    assert push.outputs == ()


def test_outputs_keep_their_order() -> None:
    """Two of one step stand as they were made."""

    def kiosk() -> None:
        receive(Coin, at="idle")
        emit(Card())
        emit(Cash())

    (edge,) = edges(explore(kiosk).graph, "idle", "Coin")
    assert ["Card" in text for text in edge.outputs] == [True, False]
    assert ["Cash" in text for text in edge.outputs] == [False, True]


def test_what_is_sent_to_another_is_on_the_edge() -> None:
    """Another actor, found by its name, is environment: the send is an output."""

    def porter() -> None:
        while True:
            receive(Go, at="waiting")
            whereis("bell").send(Tick())

    (edge,) = edges(explore(porter).graph, "waiting", "Go")
    assert len(edge.outputs) == 1
    assert "Tick" in edge.outputs[0]


def test_a_state_knows_where_it_waits() -> None:
    """File and line of the call, on which a picture makes its link."""
    graph = explore(session).graph
    for name in ("idle", "guest", "user"):
        full = name if name == "idle" else f"online/{name}"
        source = graph.state(full).source
        assert source is not None
        assert Path(source.file).name == "machines.py"
        assert source.line == line_of(session, f'at="{name}"')


def test_a_wait_in_a_helper_is_where_the_helper_waits() -> None:
    """The line is that of the wait, not that of the call."""

    def take() -> None:
        receive(Coin)

    def till() -> None:
        with state("paying"):
            take()

    source = explore(till).graph.state("paying").source
    assert source is not None
    assert Path(source.file).name == "test_explore.py"
    assert source.line == line_of(take, "receive(Coin)")


def test_a_state_says_what_it_would_take() -> None:
    """The types of the wait, and those of the `until` round it."""
    graph = explore(session).graph
    assert set(graph.state("idle").accepts) == {"Connect"}
    assert set(graph.state("online/guest").accepts) == {"Login", "Disconnect"}


def test_what_was_explored_is_marked_so() -> None:
    """Each edge is known to be reachable, and none was seen in a run."""
    graph = explore(session).graph
    assert all(edge.evidence.reachable for edge in graph.transitions)
    assert all(edge.evidence.seen == 0 for edge in graph.transitions)
    assert all(found.evidence.reachable for found in graph.states)


# -- time --------------------------------------------------------------------------------------


def overlapping() -> None:
    """A wait of ten seconds inside a block that has only five."""
    with until(after=5):
        receive(Go, after=10, at="inside")
        receive(Go, at="late")
    receive(Go, at="outside")


def test_any_timer_may_fire() -> None:
    """By default the lengths do not count, and the graph says that it says too much."""
    x = explore(overlapping)
    assert x.graph.triples() == {
        ("inside", "Go", "late"),
        ("inside", "after 10s", "late"),
        ("inside", "after 5s", "outside"),
        ("late", "Go", "outside"),
        ("late", "after 5s", "outside"),
        ("outside", "Go", "end"),
    }
    assert x.complete
    assert any("time" in note.lower() for note in x.graph.notes)


def test_ordered_time_lets_the_earliest_deadline_fire_first() -> None:
    """The ten seconds inside the five can never be over."""
    x = explore(overlapping, time="ordered")
    assert ("inside", "after 10s", "late") not in x.graph.triples()
    assert x.graph.triples() < explore(overlapping).graph.triples()
    assert ("inside", "after 5s", "outside") in x.graph.triples()
    assert ("late", "after 5s", "outside") in x.graph.triples()


def test_ordered_time_counts_the_short_ones_in_the_long_one() -> None:
    """Three times three seconds fit into ten; events take no time."""

    def shift() -> None:
        with until(after=10), state("shift"):
            while True:
                receive(Data, after=3)
        receive(Go, at="home")

    assert len(explore(shift, time="ordered").path_to("home")) == 4
    assert len(explore(shift, time="any").path_to("home")) == 1
    assert explore(shift, time="ordered").complete


# -- nothing else happens ----------------------------------------------------------------------


@pytest.mark.parametrize("machine", [turnstile, checkout, session, vending, drill, jugs])
def test_exploring_twice_gives_the_same_graph(machine: Callable[[], None]) -> None:
    """The graphs are equal, and so is every byte of their JSON."""
    first, second = explore(machine), explore(machine)
    assert first.graph == second.graph
    assert first.graph.text("json") == second.graph.text("json")
    counts = (first.unique_states, first.terminal_states, first.transitions)
    assert counts == (second.unique_states, second.terminal_states, second.transitions)


def python(folder: Path, text: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a program in a Python of its own, which finds flowlet and the machines."""
    path = folder / "a_program.py"
    path.write_text("from tests.machines import *\n" + text, encoding="utf-8")
    return subprocess.run(
        [sys.executable, str(path)],
        env=os.environ | {"PYTHONPATH": str(Path(machines.__file__).parents[1])} | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_graph_does_not_depend_on_the_hash_seed(tmp_path: Path) -> None:
    """Sets are never walked in the order that a run happens to give them."""
    text = (
        "for machine in (turnstile, checkout, session, vending, drill, jugs):\n"
        "    print(explore(machine).graph.text('json'))\n"
    )
    done = [python(tmp_path, text, PYTHONHASHSEED=seed) for seed in ("1", "2", "77")]
    assert [one.stderr for one in done] == ["", "", ""]
    assert '"jugs"' in done[0].stdout
    assert done[0].stdout == done[1].stdout == done[2].stdout


def test_a_list_that_was_handed_over_is_not_changed() -> None:
    """Each run begins with what the first one saw, and the user's list stays as it is."""
    basket: list[str] = []

    def shopper(basket: list[str]) -> None:
        while len(basket) < 3:
            receive(Go, at="shopping")
            basket.append("apple")

    x = explore(partial(shopper, basket))
    assert basket == []
    assert (x.unique_states, x.terminal_states) == (4, 1)
    assert x.complete


@dataclass
class Account:
    balance: int = 0
    log: list[str] = field(default_factory=list)


def test_an_object_that_was_handed_over_is_not_changed() -> None:
    """Neither it nor what hangs on it; by keyword as by position."""
    account = Account()

    def clerk(*, account: Account) -> None:
        while account.balance < 2:
            receive(Coin, at="open")
            account.balance += 1
            account.log.append("coin")

    assert explore(partial(clerk, account=account)).unique_states == 3
    assert account == Account(balance=0, log=[])


def test_two_names_for_one_argument_stay_two_names_for_one() -> None:
    """What is the same object outside is the same object in every run."""
    box: list[int] = []

    def twins(left: list[int], right: list[int]) -> None:
        receive(Go, at="start")
        left.append(1)
        with state("same" if right == left else "different"):
            return

    assert explore(partial(twins, box, box)).graph.names() == ["start", "same"]
    assert box == []


def test_what_a_function_holds_is_not_changed() -> None:
    """Neither a list in its closure nor one that is its default; each run has its own."""
    kept: list[int] = []

    def closed() -> None:
        while len(kept) < 3:
            receive(Go, at="filling")
            kept.append(1)

    def default(items: list[int] = []) -> None:  # noqa: B006
        while len(items) < 3:
            receive(Go, at="filling")
            items.append(1)

    assert explore(closed).unique_states == 4
    assert explore(default).unique_states == 4
    assert kept == []
    assert default.__defaults__ == ([],)


def test_state_that_hides_in_a_module_is_found_or_said() -> None:
    """A global that decides where it goes is no local: never a graph that is wrong in silence."""
    text = (
        "from flowlet import receive\n"
        "from tests.machines import *\n"
        "visits = [0]\n"
        "def guest():\n"
        "    while True:\n"
        "        receive(Go, at='door')\n"
        "        visits[0] += 1\n"
        "        if visits[0] % 2:\n"
        "            receive(Stop, at='odd')\n"
    )
    with machines.program(text) as module:
        said = ""
        try:
            graph = explore(module.guest).graph
            said = " ".join(graph.notes)
        except FlowletError as error:
            graph, said = StateGraph(), str(error)
        assert "visits" in said or ("door", "Go", "door") in graph.triples()
        assert module.visits == [0]


class Batch(Event):
    items: list[int]


def test_an_event_of_the_alphabet_is_not_changed() -> None:
    """An actor that spoils what it receives spoils nothing for the next run."""
    batch = Batch(items=[])

    def packer() -> int:
        items = receive(Batch, at="packing").items
        items.append(1)
        receive(Go, at="packed")
        return len(items)

    x = explore(packer, events=[batch, Go()])
    assert batch == Batch(items=[])
    assert x.unique_states == 3


def test_nothing_of_a_run_is_left_behind() -> None:
    """Exploring is no actor of anyone: afterwards a wait outside is still an error."""
    explore(turnstile)
    with pytest.raises(FlowletError):
        receive(Coin)


def test_exploring_inside_an_actor_leaves_that_actor_alone() -> None:
    """An actor may explore another function between two waits."""
    counts: list[int] = []

    def curious() -> None:
        receive(Go, at="wondering")
        counts.append(explore(turnstile).unique_states)
        receive(Stop, at="wiser")

    told, _ = machines.run(curious, Go(), Stop())
    assert told == ["wondering", "wiser", "end"]
    assert counts == [2]


# -- what cannot be explored -------------------------------------------------------------------


def test_one_that_loops_for_ever_without_a_wait_is_stopped_and_named(tmp_path: Path) -> None:
    """It is an error, or a graph that is not complete; either says which function never waits."""
    text = (
        "def spinner():\n"
        "    receive(Go, at='ready')\n"
        "    while True:\n"
        "        pass\n"
        "x = explore(spinner)\n"
        "print(x.complete, x.graph.notes, x.graph.names())\n"
    )
    done = python(tmp_path, text)
    assert done.returncode != 0 or "False" in done.stdout or "error" in done.stdout
    assert "spinner" in done.stdout + done.stderr


@pytest.mark.parametrize("thing", [5, "turnstile", None, Coin()])
def test_what_is_no_function_is_refused(thing: Any) -> None:
    """The error says what came and what was expected."""
    with pytest.raises((TypeError, FlowletError)) as error:
        explore(thing)
    assert repr(thing) in str(error.value)
    assert "function" in str(error.value)


def test_a_function_that_needs_arguments_says_how_to_give_them() -> None:
    """The missing one is named, and so is `functools.partial`."""

    def greeter(greeting: str) -> None:
        receive(Go, at=greeting)

    with pytest.raises((TypeError, FlowletError)) as error:
        explore(greeter)
    assert "greeting" in str(error.value)
    assert "partial" in str(error.value)
    assert explore(partial(greeter, "hello")).graph.names() == ["hello", "end"]


def test_an_unknown_word_for_time_is_refused() -> None:
    """The two that there are, are named."""
    options: dict[str, Any] = {"time": "often"}
    with pytest.raises((ValueError, FlowletError)) as error:
        explore(turnstile, **options)
    assert "often" in str(error.value)
    assert "ordered" in str(error.value)


def test_a_crash_ends_the_path_and_not_the_exploration() -> None:
    """The other ways out of the state are still found."""

    def risky() -> None:
        while True:
            if receive(Flag, at="trying").on:
                raise RuntimeError("blown")
            receive(Stop, at="safe")

    x = explore(risky)
    assert x.graph.triples() == {
        ("trying", "Flag", "error: RuntimeError"),
        ("trying", "Flag", "safe"),
        ("safe", "Stop", "trying"),
    }
    assert (x.unique_states, x.terminal_states) == (3, 1)


def test_who_interrupts_the_exploration_is_heard() -> None:
    """Control-C falls into whatever code is running; what was found until then is given."""

    def interrupted() -> None:
        receive(Go, at="ready")
        raise KeyboardInterrupt

    x = explore(interrupted)
    assert x.complete is False
    assert any("interrupted" in note for note in x.graph.notes)
    assert x.graph.names() == ["ready"]


def test_the_most_states_that_are_wanted_can_be_said() -> None:
    """Exploring stops there and says so."""

    def long() -> None:
        for _ in range(100):
            receive(Tick, at="ticking")

    x = explore(long, max_states=10)
    assert x.complete is False
    assert x.unique_states <= 10
    assert any("10" in note for note in x.graph.notes)
    assert explore(long).unique_states == 101


def test_the_jug_actions_are_offered_in_every_state() -> None:
    """Also those that change nothing: emptying an empty jug is a self-loop."""
    graph = explore(jugs, events=[EmptySmall(), FillBig()]).graph
    assert graph.triples() == {("jugs", "EmptySmall", "jugs"), ("jugs", "FillBig", "jugs")}
