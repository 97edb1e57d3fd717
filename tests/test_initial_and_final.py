"""Names of where a machine begins, passes and ends: initial, transient, final and error states.

`look(...)` of `machines` runs and explores the machine; its `told` is what the running actor
says, its `triples()` are the edges on which both graphs agree.
"""

from __future__ import annotations

from functools import partial

from flowlet import (
    become,
    emit,
    explore,
    receive,
    sleep,
    state,
    until,
)
from tests.machines import (
    Coin,
    Connect,
    Data,
    Go,
    Pick,
    Push,
    Stop,
    look,
    turnstile,
)


def test_a_block_passed_without_a_wait_is_a_transient_state() -> None:
    """It is drawn with an eventless edge out of it, and is no state that is counted."""

    def machine() -> None:
        while True:
            receive(Coin, at="idle")
            with state("dispensing"):
                emit("drink")

    views = look(machine, Coin())
    assert views.told == ["idle", "idle"]
    assert views.triples() == {("idle", "Coin", "dispensing"), ("dispensing", "", "idle")}
    assert views.explored.state("dispensing").kind == "transient"
    assert views.observed.state("dispensing").kind == "transient"
    assert explore(machine).unique_states == 1


def test_of_nested_transient_blocks_only_the_innermost_is_drawn() -> None:
    """What is passed on the way in and out of it is no state."""

    def machine() -> None:
        while True:
            receive(Coin, at="idle")
            with state("serving"), state("dispensing"):
                emit("drink")

    views = look(machine, Coin())
    assert views.explored.names() == ["idle", "serving/dispensing"]
    assert views.triples() == {
        ("idle", "Coin", "serving/dispensing"),
        ("serving/dispensing", "", "idle"),
    }


def test_transient_blocks_one_after_the_other_are_a_chain() -> None:
    """Each has its eventless edge to the next; the last to the wait."""

    def machine() -> None:
        with state("machine"):
            receive(Coin, at="idle")
            with state("grinding"):
                emit("noise")
            with state("pouring"):
                emit("drink")
            receive(Push, at="ready")

    assert look(machine, Coin(), Push()).triples() == {
        ("machine/idle", "Coin", "machine/grinding"),
        ("machine/grinding", "", "machine/pouring"),
        ("machine/pouring", "", "machine/ready"),
        ("machine/ready", "Push", "end"),
    }


def test_a_block_that_holds_a_transient_one_and_a_wait_is_not_transient() -> None:
    """The outer block is where the actor waits; only the inner one is passed."""

    def machine() -> None:
        receive(Coin, at="idle")
        with state("serving"):
            with state("grinding"):
                emit("noise")
            receive(Push)

    assert look(machine, Coin(), Push()).triples() == {
        ("idle", "Coin", "serving/grinding"),
        ("serving/grinding", "", "serving"),
        ("serving", "Push", "end"),
    }


@state("beeping")
def beep() -> None:
    emit("beep")


def test_a_transient_state_may_stand_in_a_helper() -> None:
    """A decorated helper that does not wait is passed through like any block."""

    def oven() -> None:
        receive(Go, at="hot")
        beep()
        receive(Stop, at="cold")

    assert look(oven, Go(), Stop()).triples() == {
        ("hot", "Go", "beeping"),
        ("beeping", "", "cold"),
        ("cold", "Stop", "end"),
    }


def test_a_transient_state_after_a_timeout_and_after_an_until() -> None:
    """What follows the cause is passed on the same step, whatever the cause was."""

    def lamp() -> None:
        while True:
            receive(Go, after=3, at="dark")
            with state("warming"):
                emit("hum")
            with until(Stop):
                sleep(7, at="bright")
            with state("cooling"):
                emit("click")

    assert look(lamp, 3, 7, Go(), Stop()).triples() == {
        ("dark", "Go", "warming"),
        ("dark", "after 3s", "warming"),
        ("warming", "", "bright"),
        ("bright", "Stop", "cooling"),
        ("bright", "after 7s", "cooling"),
        ("cooling", "", "dark"),
    }


def test_the_initial_state_is_the_first_wait() -> None:
    """Where nothing was passed before, the first wait is where the machine begins."""
    views = look(turnstile)
    assert views.explored.initial == ("locked",)
    assert views.observed.initial == ("locked",)


def test_a_block_passed_before_the_first_wait_is_the_initial_state() -> None:
    """The machine is drawn to begin there, with an eventless edge to where it waits."""

    def connection() -> None:
        with state("CLOSED"):
            emit("open")
        receive(Connect, at="LISTEN")

    views = look(connection, Connect())
    assert views.explored.initial == ("CLOSED",)
    assert views.observed.initial == ("CLOSED",)
    assert views.triples() == {("CLOSED", "", "LISTEN"), ("LISTEN", "Connect", "end")}


def test_a_block_entered_last_is_the_final_state() -> None:
    """`with state("Terminated"): return` ends there, and not in `end`."""

    def call() -> None:
        receive(Go, at="ringing")
        with state("Terminated"):
            return

    views = look(call, Go())
    assert views.told == ["ringing", "Terminated"]
    assert views.triples() == {("ringing", "Go", "Terminated")}
    assert views.explored.state("Terminated").kind == "final"
    assert views.observed.state("Terminated").kind == "final"


def test_a_final_state_is_the_innermost_block_and_the_last_of_several() -> None:
    """Those entered before it since the wait are transient; its own path is its name."""

    def call() -> None:
        receive(Go, at="ringing")
        with state("clearing"):
            emit("bye")
        with state("over"), state("for good"):
            emit("silence")

    views = look(call, Go())
    assert views.told == ["ringing", "over/for good"]
    assert views.triples() == {
        ("ringing", "Go", "clearing"),
        ("clearing", "", "over/for good"),
    }


def test_becoming_a_function_with_a_block_ends_in_it() -> None:
    """`become(terminated)` from inside other blocks leaves them first."""

    def terminated() -> None:
        with state("Terminated"):
            return

    def call() -> None:
        with state("call"):
            match receive(Stop, Data, at="talking"):
                case Stop():
                    become(terminated)
                case _:
                    receive(Stop, at="listening")

    views = look(call, Stop())
    assert views.told == ["call/talking", "Terminated"]
    assert views.explored.triples() == {
        ("call/talking", "Stop", "Terminated"),
        ("call/talking", "Data", "call/listening"),
        ("call/listening", "Stop", "end"),
    }


def test_without_such_a_block_it_ends_in_end() -> None:
    """A block in which the actor has waited is no final state."""

    def call() -> None:
        with state("call"):
            receive(Stop)

    views = look(call, Stop())
    assert views.told == ["call", "end"]
    assert views.triples() == {("call", "Stop", "end")}
    assert views.explored.state("end").kind == "final"


def test_a_block_entered_before_the_last_wait_is_no_final_state() -> None:
    """Only what was entered since the last wait counts, even where the wait was outside it."""

    def call() -> None:
        receive(Go, at="ringing")
        with state("talking"):
            emit("hello")
        receive(Stop, at="silent")

    assert look(call, Go(), Stop()).told == ["ringing", "silent", "end"]


class OverdrawnError(Exception): ...


def test_a_crash_is_a_state_with_the_name_of_the_error() -> None:
    """`error: ValueError`, whatever block it happened in; the exploration goes on."""

    def account() -> None:
        while True:
            with state("account"):
                match receive(Pick, Stop):
                    case Pick(which="one"):
                        raise ValueError("no such account")
                    case Pick():
                        raise OverdrawnError
                    case _:
                        return

    views = look(account, Pick(which="one"), crash="ValueError")
    assert views.told == ["account", "error: ValueError"]
    assert views.observed.triples() == {("account", "Pick", "error: ValueError")}
    assert views.observed.state("error: ValueError").kind == "error"
    assert views.explored.triples() == {
        ("account", "Pick", "error: ValueError"),
        ("account", "Pick", "error: OverdrawnError"),
        ("account", "Stop", "end"),
    }
    assert views.explored.state("error: OverdrawnError").kind == "error"


def test_a_machine_that_crashes_before_its_first_wait_begins_in_its_error() -> None:
    """There is one state, and no edge."""

    def broken(stock: dict[str, int]) -> None:
        emit(stock["tea"])
        receive(Go)

    views = look(partial(broken, {}), crash="KeyError")
    assert views.explored.initial == ("error: KeyError",)
    assert views.triples() == set()
