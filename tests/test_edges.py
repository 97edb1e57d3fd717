"""Names of edges: events, time, and the ways out of a block; and what draws no edge.

`look(...)` of `machines` runs and explores the machine; its `told` is what the running actor
says, its `triples()` are the edges on which both graphs agree.
"""

from __future__ import annotations

from typing import Literal

import pytest

from flowlet import (
    Delay,
    Event,
    become,
    emit,
    flow,
    receive,
    sleep,
    state,
    until,
)
from tests.machines import (
    Coin,
    Connect,
    Data,
    Disconnect,
    Go,
    Login,
    Pick,
    Push,
    Stop,
    look,
    session,
    turnstile,
)

# -- sleep and time ----------------------------------------------------------------------------


def test_a_sleep_among_several_is_called_sleep_or_by_its_delay() -> None:
    """`sleep`, or the Delay's name, is the state's name where the block holds several."""

    def oven() -> None:
        with state("baking"):
            sleep(5)
            sleep(Delay("rest", 3))
            receive(Stop)

    views = look(oven, 5, 3, Stop())
    assert views.told == ["baking/sleep", "baking/rest", "baking/Stop", "end"]
    assert views.triples() == {
        ("baking/sleep", "after 5s", "baking/rest"),
        ("baking/rest", "rest", "baking/Stop"),
        ("baking/Stop", "Stop", "end"),
    }


def test_a_sleep_alone_is_its_block_and_may_have_an_at() -> None:
    """The rules are those of any other wait."""

    def light() -> None:
        while True:
            with state("red"):
                sleep(30)
            sleep(20, at="green")

    views = look(light, 30, 20)
    assert views.told == ["red", "green", "red"]
    assert views.triples() == {("red", "after 30s", "green"), ("green", "after 20s", "red")}


@pytest.mark.parametrize(
    ("seconds", "label"),
    [(5, "after 5s"), (5.0, "after 5s"), (0.5, "after 0.5s"), (120, "after 120s")],
)
def test_a_timeout_is_called_after_its_seconds(seconds: float, label: str) -> None:
    """Whole seconds have no fraction, whether they came as int or as float."""

    def patient() -> None:
        receive(Go, after=seconds, at="waiting")

    assert look(patient, seconds).explored.triples() == {
        ("waiting", "Go", "end"),
        ("waiting", label, "end"),
    }
    assert look(patient, seconds).observed.triples() == {("waiting", label, "end")}


def test_a_timeout_with_a_delay_is_called_by_it() -> None:
    """The Delay's name is the event, in `receive` and in `until`."""

    def guest() -> None:
        with until(after=Delay("closing time", 100)):
            while True:
                receive(Data, after=Delay("silence", 30), at="reading")
        receive(Go, at="outside")

    views = look(guest, Data(), 30, 70, Go())
    assert views.triples() == {
        ("reading", "Data", "reading"),
        ("reading", "silence", "reading"),
        ("reading", "closing time", "outside"),
        ("outside", "Go", "end"),
    }


def test_a_delay_that_doubles_is_one_edge() -> None:
    """The name says what it is for; how long it takes is data."""

    def sender() -> None:
        for attempt in range(4):
            match receive(Data, after=Delay("retransmission", 2**attempt), at="sent"):
                case Data():
                    return

    views = look(sender, 1, 2, 4, Data())
    assert views.told == ["sent", "sent", "sent", "sent", "end"]
    assert views.explored.triples() == {
        ("sent", "Data", "end"),
        ("sent", "retransmission", "sent"),
        ("sent", "retransmission", "end"),
    }


def test_the_kinds_of_edges_are_told_apart() -> None:
    """An event, a timeout and the way out of a transient state are of three kinds."""

    def drink() -> None:
        receive(Coin, after=60, at="idle")
        with state("pouring"):
            emit("coffee")
        receive(Push, at="poured")

    graph = look(drink, Coin(), Push()).explored
    assert {(edge.event, edge.kind) for edge in graph.transitions} == {
        ("Coin", "event"),
        ("after 60s", "timeout"),
        ("", "eventless"),
        ("Push", "event"),
    }


# -- events ------------------------------------------------------------------------------------


class Inserted(Event):
    label = "insert a coin"


class Chosen(Event):
    label = "{choice}"
    choice: Literal["tea", "coffee"]


class Paid(Event):
    label = "{value} ct"
    value: Literal[5, 10]


def test_a_label_names_the_event_in_every_view() -> None:
    """`label` may be plain text, or may format the event's fields."""

    def kiosk() -> None:
        receive(Inserted, at="idle")
        receive(Chosen, at="choosing")
        receive(Paid, at="paying")

    views = look(kiosk, Inserted(), Chosen("tea"), Paid(10))
    assert views.observed.triples() == {
        ("idle", "insert a coin", "choosing"),
        ("choosing", "tea", "paying"),
        ("paying", "10 ct", "end"),
    }
    assert views.explored.triples() - views.observed.triples() == {
        ("choosing", "coffee", "paying"),
        ("paying", "5 ct", "end"),
    }


def test_an_event_is_named_by_its_own_class_and_not_by_the_one_awaited() -> None:
    """A `receive` for the base class draws the edge of the event that came."""

    class Pet(Event): ...

    class Dog(Pet): ...

    def vet() -> None:
        while True:
            receive(Pet, at="waiting")

    views = look(vet, Dog(), events=[Dog()])
    assert views.triples() == {("waiting", "Dog", "waiting")}


def test_discarded_mail_draws_no_edge() -> None:
    """A push on a locked turnstile changes nothing and is no edge in any view."""
    gate = look(turnstile, Push(), Push(), Coin(), Coin(), Push())
    assert gate.told == ["locked", "locked", "locked", "unlocked", "unlocked", "locked"]
    assert gate.triples() == {("locked", "Coin", "unlocked"), ("unlocked", "Push", "locked")}


def test_kept_mail_draws_no_edge() -> None:
    """What `where` passes over and what a block defers stays in the mailbox, undrawn."""

    def clerk() -> None:
        with state("busy", defer=(Data,)):
            receive(Pick, where=lambda pick: pick.which == "two")
        receive(Stop, at="free")

    views = look(clerk, Pick(which="one"), Data(), Pick(which="two"), Stop())
    assert views.told == ["busy", "busy", "busy", "free", "end"]
    assert views.triples() == {("busy", "Pick", "free"), ("free", "Stop", "end")}


# -- until -------------------------------------------------------------------------------------


def test_an_until_is_one_edge_for_each_state_that_it_leaves() -> None:
    """`triples()` is flat; the border says which box a picture draws it from, once."""
    views = look(session, Connect(), Disconnect(), Connect(), Login(), Data(), Disconnect())
    assert views.triples() == {
        ("idle", "Connect", "online/guest"),
        ("online/guest", "Login", "online/user"),
        ("online/user", "Data", "online/user"),
        ("online/guest", "Disconnect", "idle"),
        ("online/user", "Disconnect", "idle"),
    }
    for edge in views.explored.transitions:
        assert edge.border == ("online" if edge.event == "Disconnect" else None)


def test_the_time_limit_of_an_until_leaves_from_the_border_too() -> None:
    """`until(after=...)` is one timeout edge from each state inside."""

    def door() -> None:
        while True:
            receive(Go, at="shut")
            with until(after=30), state("open"):
                while True:
                    receive(Push, at="still")
                    receive(Push, at="moving")

    views = look(door, Go(), 30, Go(), Push(), Push(), Push(), 30)
    assert views.triples() == {
        ("shut", "Go", "open/still"),
        ("open/still", "Push", "open/moving"),
        ("open/moving", "Push", "open/still"),
        ("open/still", "after 30s", "shut"),
        ("open/moving", "after 30s", "shut"),
    }
    borders = {edge.border for edge in views.explored.transitions if edge.kind == "timeout"}
    assert borders == {"open"}


def test_untils_inside_one_another_each_leave_their_own_block() -> None:
    """The inner one goes back one level, the outer one all the way, from the same state."""

    def shop() -> None:
        while True:
            receive(Go, at="street")
            with until(Stop), state("shop"):
                while True:
                    receive(Login, at="hall")
                    with until(Push), state("room"):
                        receive(Data, at="table")

    views = look(shop, Go(), Stop(), Go(), Login(), Push(), Login(), Data(), Login(), Stop())
    assert views.triples() == {
        ("street", "Go", "shop/hall"),
        ("shop/hall", "Login", "shop/room/table"),
        ("shop/room/table", "Data", "shop/hall"),
        ("shop/room/table", "Push", "shop/hall"),
        ("shop/room/table", "Stop", "street"),
        ("shop/hall", "Stop", "street"),
    }
    graph = views.explored
    assert {edge.border for edge in graph.transitions if edge.event == "Push"} == {"shop/room"}
    assert {edge.border for edge in graph.transitions if edge.event == "Stop"} == {"shop"}


def test_an_until_hears_at_a_sleep() -> None:
    """Every wait inside can be left, also one that takes no mail itself."""

    def oven() -> None:
        with until(Stop), state("baking"):
            sleep(60)
        receive(Go, at="cold")

    assert look(oven, Stop(), Go()).explored.triples() == {
        ("baking", "after 60s", "cold"),
        ("baking", "Stop", "cold"),
        ("cold", "Go", "end"),
    }


def test_what_flows_and_becomes_inside_a_block_has_that_block_in_its_names() -> None:
    """`flow` runs in place; `become` inside it leaves the blocks since, not those round it."""

    def listen() -> None:
        with state("listening"):
            receive(Login)
            become(talk)

    def talk() -> None:
        with state("talking"):
            receive(Data)
            become(listen)

    def peer() -> None:
        while True:
            with state("open"), until(Stop):
                flow(listen)
            receive(Go, at="shut")

    views = look(peer, Login(), Data(), Stop(), Go(), Login(), Stop())
    assert views.told == [
        "open/listening",
        "open/talking",
        "open/listening",
        "shut",
        "open/listening",
        "open/talking",
        "shut",
    ]
    assert views.triples() == {
        ("open/listening", "Login", "open/talking"),
        ("open/talking", "Data", "open/listening"),
        ("open/listening", "Stop", "shut"),
        ("open/talking", "Stop", "shut"),
        ("shut", "Go", "open/listening"),
    }


def test_the_one_wait_of_a_flow_belongs_to_the_block_round_it() -> None:
    """A function that is run in place is a helper like any other."""

    def listen() -> None:
        receive(Login)

    def peer() -> None:
        with state("open"):
            flow(listen)

    assert look(peer, Login()).told == ["open", "end"]
