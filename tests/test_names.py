"""Names: the same machine has the same names while it runs, when explored and when observed.

One test for each sentence of the design's paragraph on names; `test_names_of_helpers.py`,
`test_initial_and_final.py` and `test_edges.py` go on with it.  `look(...)` of `machines` runs
and explores the machine; its `told` is what the running actor says, its `triples()` are the
edges on which both graphs agree.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, StrEnum
from functools import partial

import pytest

from flowlet import (
    Dispatcher,
    explore,
    observe,
    receive,
    state,
)
from tests.machines import (
    Address,
    Card,
    Cash,
    Coin,
    Data,
    Digit,
    Flag,
    Go,
    Push,
    Stop,
    Tick,
    checkout,
    drill,
    edges,
    look,
    program,
    session,
    turnstile,
    vending,
)

# -- at, blocks, and what a wait without a name is called ---------------------------------------


def test_at_alone_is_the_whole_name() -> None:
    """Outside any block a wait is called what its `at` says."""
    gate = look(turnstile, Coin(), Push())
    assert gate.told == ["locked", "unlocked", "locked"]
    assert gate.triples() == {("locked", "Coin", "unlocked"), ("unlocked", "Push", "locked")}


def test_a_path_is_the_blocks_and_then_the_at() -> None:
    """The blocks round the wait come from the outside in, its `at` last."""

    def player() -> None:
        with state("player"), state("open"):
            while True:
                receive(Go, at="stopped")
                receive(Stop, at="playing")

    with Dispatcher() as d:
        ref = d.spawn(player)
        d.settle()
        assert ref.state == ("player", "open", "stopped")
    radio = look(player, Go(), Stop())
    assert radio.told == ["player/open/stopped", "player/open/playing", "player/open/stopped"]
    assert radio.triples() == {
        ("player/open/stopped", "Go", "player/open/playing"),
        ("player/open/playing", "Stop", "player/open/stopped"),
    }
    assert radio.explored.state("player/open/stopped").path == ("player", "open", "stopped")


def test_a_block_with_one_wait_is_the_state() -> None:
    """Where the innermost block holds one wait, the block is the state."""

    def door() -> None:
        while True:
            with state("closed"):
                receive(Go)
            with state("open"):
                receive(Stop)

    views = look(door, Go(), Stop())
    assert views.told == ["closed", "open", "closed"]
    assert views.triples() == {("closed", "Go", "open"), ("open", "Stop", "closed")}


def test_the_one_wait_of_a_loop_is_still_one() -> None:
    """One wait in the source is one state, however often it is reached."""

    def door() -> None:
        with state("counting"):
            for _ in range(3):
                receive(Tick)

    views = look(door, Tick(), Tick(), Tick())
    assert views.told == ["counting", "counting", "counting", "end"]
    assert views.triples() == {("counting", "Tick", "counting"), ("counting", "Tick", "end")}


def test_several_waits_in_a_block_are_states_inside_it_named_by_what_they_await() -> None:
    """`checkout/Address`, `checkout/Card|Cash`: the types as they stand in the call."""
    views = look(checkout, Address(), Card(), Address(), Cash())
    assert views.told[:3] == ["checkout/Address", "checkout/Card|Cash", "checkout/Address"]
    assert views.triples() == {
        ("checkout/Address", "Address", "checkout/Card|Cash"),
        ("checkout/Card|Cash", "Card", "checkout/Address"),
        ("checkout/Card|Cash", "Cash", "checkout/Address"),
    }


def test_a_repeated_wait_is_numbered() -> None:
    """The second wait for the same is `#2`, in the order of the source; another is not."""

    def order() -> None:
        with state("order"):
            receive(Address)
            receive(Card)
            receive(Address)
            receive(Address)

    views = look(order, Address(), Card(), Address(), Address())
    assert views.told == [
        "order/Address",
        "order/Card",
        "order/Address#2",
        "order/Address#3",
        "end",
    ]
    assert len(views.triples()) == 4


def test_the_number_goes_by_the_source_and_not_by_the_run() -> None:
    """The wait in the second branch is `#2` for one who never was in the first."""

    def fork() -> None:
        with state("fork"):
            if receive(Flag).on:
                receive(Card)
            else:
                receive(Card)

    views = look(fork, Flag(on=False), Card())
    assert views.told == ["fork/Flag", "fork/Card#2", "end"]
    assert ("fork/Card", "Card", "end") in views.explored.triples()


def test_whether_there_are_several_is_decided_by_the_source() -> None:
    """A wait that no run can reach still makes its neighbour one of several."""

    def offer(extras: bool) -> None:
        with state("offer"):
            if extras:
                receive(Card)
            receive(Cash)

    views = look(partial(offer, extras=False), Cash())
    assert views.told == ["offer/Cash", "end"]
    assert views.triples() == {("offer/Cash", "Cash", "end")}


def test_a_wait_with_a_name_counts_among_the_several() -> None:
    """Beside a wait that has its own `at`, the one without is named by what it awaits."""

    def lift() -> None:
        with state("lift"):
            receive(Go, at="waiting")
            receive(Stop)

    assert look(lift, Go(), Stop()).told == ["lift/waiting", "lift/Stop", "end"]


def test_outside_any_block_the_functions_name_stands_for_the_block() -> None:
    """A function with one wait is its own state; one with two holds two."""

    def echo() -> None:
        while True:
            receive(Data)

    def swing() -> None:
        while True:
            receive(Go)
            receive(Stop)

    assert look(echo, Data()).triples() == {("echo", "Data", "echo")}
    views = look(swing, Go(), Stop())
    assert views.told == ["swing/Go", "swing/Stop", "swing/Go"]
    assert views.triples() == {
        ("swing/Go", "Go", "swing/Stop"),
        ("swing/Stop", "Stop", "swing/Go"),
    }


def test_a_partial_has_the_name_of_its_function() -> None:
    """Arguments that come by `functools.partial` change no name."""

    def echo(times: int) -> None:
        for _ in range(times):
            receive(Data)

    assert look(partial(echo, 2), Data(), Data()).told == ["echo", "echo", "end"]


def test_waits_with_the_same_at_are_one_state() -> None:
    """Two waits that are called alike are drawn as one."""

    def lamp() -> None:
        while True:
            receive(Go, at="off")
            receive(Stop, at="on")
            receive(Tick, at="off")

    views = look(lamp, Go(), Stop(), Tick())
    assert views.explored.names() == ["off", "on"]
    assert views.triples() == {("off", "Go", "on"), ("on", "Stop", "off"), ("off", "Tick", "off")}


def test_lines_are_never_names() -> None:
    """The same function further down in another file gives the same names."""
    text = (
        "from tests.machines import *\n{}\ndef desk():\n    while True:\n        receive(Address)\n"
    )
    text += "        receive(Card)\n        receive(Card)\n"
    with program(text.format("")) as here, program(text.format("\n" * 50)) as there:
        up, down = explore(here.desk).graph, explore(there.desk).graph
    assert up.triples() == down.triples()
    assert up.names() == ["desk/Address", "desk/Card", "desk/Card#2"]


class Phase(Enum):
    OPEN = 1
    SHUT = 2


class Colour(StrEnum):
    RED = "red light"
    GREEN = "green light"


def test_an_enum_member_names_by_its_name_and_a_str_enum_by_its_value() -> None:
    """`Phase.OPEN` is `OPEN`; `Colour.RED` is what its text says; for blocks and for `at`."""

    def crossing() -> None:
        while True:
            with state(Phase.OPEN):
                receive(Go, at=Colour.GREEN)
            with state(Colour.RED):
                receive(Stop)

    views = look(crossing, Go(), Stop())
    assert views.triples() == {
        ("OPEN/green light", "Go", "red light"),
        ("red light", "Stop", "OPEN/green light"),
    }
    assert all(type(part) is str for found in views.explored.states for part in found.path)


@state("dialling")
def dial() -> None:
    receive(Digit)


def test_a_decorated_helper_is_a_block() -> None:
    """`@state` names the body of the function, wherever it is called from."""

    def phone() -> None:
        receive(Go, at="on hook")
        dial()

    assert look(phone, Go(), Digit(1)).told == ["on hook", "dialling", "end"]


# -- all together ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("machine", "names"),
    [
        (turnstile, ["locked", "unlocked"]),
        (checkout, ["checkout/Address", "checkout/Card|Cash"]),
        (session, ["idle", "online/guest", "online/user"]),
        (vending, ["paid", "ready", "vending"]),
        (drill, ["off", "on"]),
    ],
)
def test_the_names_of_the_examples(machine: Callable[[], None], names: list[str]) -> None:
    """Exploring finds each state once, by the name that a reader of the source expects."""
    assert sorted(explore(machine).graph.names()) == names


def test_a_recording_of_two_actors_of_one_function_has_each_name_once() -> None:
    """Both count on the same edges."""
    with Dispatcher() as d:
        watched = observe(d)
        gates = [d.spawn(turnstile, name=f"gate {i}") for i in range(2)]
        d.settle()
        for gate in gates:
            gate.send(Coin())
        d.settle()
        assert [gate.state for gate in gates] == [("unlocked",)] * 2
        (edge,) = edges(watched.graph, "locked", "Coin")
    assert edge.evidence.seen == 2
