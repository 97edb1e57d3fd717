"""History: a block remembers where it was left, and that is a wait of it, whatever came between.

A handler that interrupts the wait is not where the block was left, and neither is its clean-up.
The rows of the statechart rules are in test_semantics.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from flowlet import (
    ActorRef,
    Dispatcher,
    Event,
    become,
    child,
    flow,
    on,
    parallel,
    race,
    receive,
    sleep,
    state,
    supervise,
    until,
)

Seen = list[object]


class Stun(Event): ...


class Noise(Event): ...


class Quiet(Event): ...


class Next(Event): ...


class Break(Event): ...


@pytest.fixture(params=["unseen", "watched"])
def d(request: pytest.FixtureRequest) -> Iterator[Dispatcher]:
    """A dispatcher to which nobody listens, and one with a listener: it makes no difference."""
    listeners = [lambda _record: None] if request.param == "watched" else []
    with Dispatcher(instruments=listeners) as d:
        yield d


def send_all(d: Dispatcher, ref: ActorRef[Any], *events: Event) -> None:
    """Send, and settle after each."""
    for event in events:
        ref.send(event)
        d.settle()


# --- a handler that waits -----------------------------------------------------------------------


def stunned(_event: Stun) -> None:
    with state("stunned"), state("on the floor"):
        sleep(5)


def patrol(seen: Seen) -> None:
    """From the gate to the tower, ten seconds each; a noise calls the guard away."""
    with until(Noise), state("patrol", history="deep") as h:
        seen.append(h.last)
        with state("gate"):
            sleep(10, at="walking")
        with state("tower"):
            sleep(10, at="walking")


def test_a_guard_who_was_stunned_comes_back_to_the_same_place(d: Dispatcher) -> None:
    """After the handler the wait goes on where it was, and that is where the block is left."""
    seen: Seen = []

    def guard() -> None:
        with on(Stun, stunned):
            while True:
                patrol(seen)
                receive(Quiet)

    ref = d.spawn(guard)
    d.advance(12)
    send_all(d, ref, Stun())
    d.advance(6)
    send_all(d, ref, Noise(), Quiet())
    assert seen == [None, ("tower", "walking")]


def test_a_block_that_is_left_while_a_handler_waits_was_left_at_the_wait(d: Dispatcher) -> None:
    """The guard lies on the floor when the noise comes; his place was the gate."""
    seen: Seen = []

    def guard() -> None:
        while True:
            with until(Noise), on(Stun, stunned):
                patrol_deaf(seen)
            receive(Quiet)

    def patrol_deaf(seen: Seen) -> None:
        with state("patrol", history="deep") as h:
            seen.append(h.last)
            sleep(10, at="gate")

    ref = d.spawn(guard)
    d.advance(1)
    send_all(d, ref, Stun())
    assert ref.state == ("stunned", "on the floor")
    send_all(d, ref, Noise(), Quiet())
    assert seen == [None, ("gate",)]


def test_a_handler_with_a_history_of_its_own_leaves_that_of_the_block_alone(d: Dispatcher) -> None:
    """Each goes on being noted: the place of the guard, and the pain of the stunned."""
    seen: Seen = []
    pains: Seen = []

    def hurt(_event: Stun) -> None:
        with state("stunned", history="deep") as h:
            pains.append(h.last)
            sleep(1, at="head")
            sleep(1, at="foot")

    def guard() -> None:
        with on(Stun, hurt):
            while True:
                patrol(seen)
                receive(Quiet)

    ref = d.spawn(guard)
    for _ in range(2):
        d.advance(1)
        send_all(d, ref, Stun())
        d.advance(3)
    d.advance(4)
    send_all(d, ref, Noise(), Quiet())
    assert (seen, pains) == ([None, ("tower", "walking")], [None, ("foot",)])


# --- clean-up that waits ------------------------------------------------------------------------


def track(seen: Seen, *events: type[Event]) -> Event:
    """A player that lifts its needle when it is left, which takes a second."""
    with state("player", history="deep") as h:
        seen.append(h.last)
        try:
            receive(Next, at="first track")
            return receive(*events, at="second track")
        finally:
            sleep(1, at="lifting the needle")


def left_by_an_until(seen: Seen) -> None:
    while True:
        with until(Break):
            track(seen, Quiet)


def left_by_the_end_of_a_race(seen: Seen) -> None:
    while True:
        race(lambda: track(seen, Quiet), lambda: receive(Break))


def left_by_an_until_round_its_region(seen: Seen) -> None:
    while True:
        with until(Break):
            race(lambda: track(seen, Quiet), lambda: receive(Quiet))


def left_by_a_jump(seen: Seen) -> None:
    with state("player", history="deep") as h:
        seen.append(h.last)
        try:
            if isinstance(receive(Next, Break, at="first track"), Next):
                receive(Break, at="second track")
            become(left_by_a_jump, seen)
        finally:
            sleep(1, at="lifting the needle")


def left_by_a_jump_in_a_handler(seen: Seen) -> None:
    with on(Break, lambda _event: become(left_by_a_jump_in_a_handler, seen)):
        track(seen, Quiet)


def left_by_a_jump_in_a_flow(seen: Seen) -> None:
    flow(left_by_a_jump, seen)


def left_by_the_stop_of_a_sibling(seen: Seen) -> None:
    """A failure starts all anew: the player is stopped for it."""

    def fragile() -> None:
        receive(Break)
        raise ValueError("broken")

    player = child(track, seen, Quiet, name="player")
    supervise(player, child(fragile, name="fragile"), strategy="one_for_all", max_restarts=9)


@pytest.mark.parametrize(
    "machine",
    [
        left_by_an_until,
        left_by_the_end_of_a_race,
        left_by_an_until_round_its_region,
        left_by_a_jump,
        left_by_a_jump_in_a_handler,
        left_by_a_jump_in_a_flow,
        left_by_the_stop_of_a_sibling,
    ],
)
def test_clean_up_is_not_where_a_block_was_left(
    d: Dispatcher, machine: Callable[[Seen], None]
) -> None:
    """However it is left, it remembers the wait, and does so every time."""
    seen: Seen = []
    ref = d.spawn(partial(machine, seen))
    d.settle()
    player = d.find("player") or ref
    for events in ((Next(), Break()), (Break(),), (Next(), Break())):
        for event in events:
            breaks = isinstance(event, Break)
            send_all(d, (breaks and d.find("fragile")) or player, event)
        d.advance(2)
    assert seen == [None, ("second track",), ("first track",), ("second track",)]


def test_the_clean_up_of_a_stopped_actor_sees_where_it_was(d: Dispatcher) -> None:
    """It may write down the place for the next time."""
    seen: Seen = []

    def player() -> None:
        try:
            track(seen, Quiet)
        finally:
            with state("player", history="deep") as h:
                seen.append(h.last)

    ref = d.spawn(player)
    send_all(d, ref, Next())
    ref.stop()
    d.run()
    assert (ref.alive, seen) == (False, [None, ("second track",)])


def test_what_follows_an_early_leaving_is_remembered_again(d: Dispatcher) -> None:
    """An outer block goes on noting after one inside it has been left and has cleaned up."""
    seen: Seen = []

    def player() -> None:
        while True:
            with until(Break), state("evening", history="deep") as h:
                seen.append(h.last)
                with until(Noise):
                    track([], Quiet)
                receive(Quiet, at="silence")

    ref = d.spawn(player)
    send_all(d, ref, Noise())
    d.advance(2)
    send_all(d, ref, Break())
    assert seen == [None, ("silence",)]


def test_the_clean_up_of_the_loser_of_a_race_is_no_place_to_come_back_to() -> None:
    """The other one tidies up for a second, and that is not where they waited."""
    seen: Seen = []

    def loser() -> None:
        try:
            receive(Quiet)
        finally:
            sleep(1, at="tidying")

    def play() -> None:
        for _ in range(2):
            with state("game", history="deep") as game:
                seen.append(game.last)
                race(lambda: receive(Next, at="first"), loser)

    with Dispatcher() as d:
        ref = d.spawn(play)
        d.settle()
        ref.send(Next())
        d.advance(1)
    assert seen == [None, ((("first",), ("loser", "Quiet")),)]


def test_a_wait_after_a_block_whose_clean_up_has_failed_is_a_place_to_come_back_to() -> None:
    """The error ends the leaving of the block; who catches it waits like anybody else."""
    seen: Seen = []

    def tidy() -> None:
        with until(Break):
            try:
                receive(Quiet, at="working")
            finally:
                raise ValueError("the clean-up has failed")

    def jump() -> None:
        try:
            become(tidy)
        finally:
            raise ValueError("the clean-up has failed")

    def play(part: Callable[[], None]) -> None:
        for _ in range(2):
            with state("game", history="deep") as game:
                seen.append(game.last)
                try:
                    flow(part)
                except ValueError:
                    receive(Next, at="afterwards")

    with Dispatcher() as d:
        for part in (tidy, jump):
            ref = d.spawn(partial(play, part))
            for event in (Break(), Next()):
                d.settle()
                ref.send(event)
            d.settle()
    assert seen == [None, ("afterwards",), None, ("afterwards",)]


def test_shallow_history_keeps_one_level_of_each_region() -> None:
    """Regions are no level of their own."""
    seen: Seen = []

    def walking() -> None:
        with state("forest"), state("clearing"):
            receive(Quiet, at="resting")

    def play() -> None:
        for _ in range(2):
            with until(Break), state("game", history="shallow") as game:
                seen.append(game.last)
                parallel(walking, lambda: receive(Next, at="music"))

    with Dispatcher() as d:
        ref = d.spawn(play)
        d.settle()
        ref.send(Break())
        d.settle()
    assert seen == [None, ((("forest",), ("music",)),)]
