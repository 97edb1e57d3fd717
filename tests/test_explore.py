"""Exploring one actor function: what is counted, what is on the edges, and what it never does.

Every event in every state, on the real code.  Names are in `test_names.py`, what makes two
states one in `test_identity.py`.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from flowlet import (
    FlowletError,
    draw,
    explore,
    introspect,
    me,
    observe,
    receive,
    sleep,
    state,
    until,
)
from flowlet.introspect import StateGraph
from tests import machines
from tests.machines import (
    Coin,
    Data,
    Digit,
    EmptySmall,
    FillBig,
    Flag,
    Go,
    Stop,
    Tick,
    jugs,
    measure_four,
    python_program,
    session,
    turnstile,
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


def test_any_time_has_every_edge_of_ordered_time() -> None:
    """Two ways lead to the sleep, and on one of them the limit comes first; it may still end."""

    def limited() -> None:
        with until(after=6):
            receive(Go, after=3, at="waiting")
            sleep(4, at="sleeping")

    ordered = explore(limited, time="ordered").graph.triples()
    assert ("sleeping", "after 4s", "end") in ordered
    assert ordered < explore(limited, time="any").graph.triples()


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


# -- what cannot be explored -------------------------------------------------------------------


def test_one_that_loops_for_ever_without_a_wait_is_stopped_and_named(tmp_path: Path) -> None:
    """It is an error, or a graph that is not complete; either says which function never waits."""
    text = (
        "from flowlet.introspect import patience\n"
        "patience.LIMIT = 0.2\n"
        "def spinner():\n"
        "    receive(Go, at='ready')\n"
        "    while True:\n"
        "        pass\n"
        "x = explore(spinner)\n"
        "print(x.complete, x.graph.notes, x.graph.names())\n"
    )
    done = python_program(tmp_path, text)
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
