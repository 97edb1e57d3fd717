"""`choose` and `rng`: chance that a seed decides."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from flowlet import (
    ActorRef,
    Dispatcher,
    IllegalCallError,
    choose,
    parallel,
    rng,
    sleep,
    spawn,
)

ROOT = Path(__file__).resolve().parent.parent
SUITS = ("clubs", "diamonds", "hearts", "spades")


def drawn(seed: int | str, name: str = "ann", times: int = 12) -> list[str]:
    """What an actor of that name draws under that seed."""

    def player() -> list[str]:
        return [choose(*SUITS) for _ in range(times)]

    with Dispatcher(seed=seed) as d:
        return d.run(until=d.spawn(player, name=name))


def test_a_choice_is_one_of_the_options() -> None:
    """In the long run, each of them."""
    assert set(drawn(0, times=100)) == set(SUITS)


def test_one_option_is_no_choice() -> None:
    """It is returned as it is, whatever it is."""
    with Dispatcher() as d:
        assert d.run(until=d.spawn(lambda: choose([1, 2]))) == [1, 2]


def test_the_seed_decides() -> None:
    """The same seed gives the same choices; another one, others.  A text is a seed as well."""
    assert drawn(7) == drawn(7)
    assert drawn("monday") == drawn("monday")
    assert len({tuple(drawn(seed)) for seed in (0, 1, 7, "7", "monday")}) == 5


def test_without_a_seed_the_run_is_the_same_too() -> None:
    """Chance is never the wall's: the default seed is 0."""

    def player() -> list[str]:
        return [choose(*SUITS) for _ in range(12)]

    with Dispatcher() as d:
        assert d.run(until=d.spawn(player, name="ann")) == drawn(0)


def test_each_actor_has_a_stream_of_its_own() -> None:
    """By its name: what others draw, or when, moves nobody."""
    assert drawn(0, "ann") != drawn(0, "bob")

    def player(start: int) -> list[str]:
        sleep(start)
        return [choose(*SUITS) for _ in range(12)]

    with Dispatcher() as d:
        bob = d.spawn(player, 0, name="bob")
        ann = d.spawn(player, 5, name="ann")
        d.run()
        assert (ann.result, bob.result) == (drawn(0, "ann"), drawn(0, "bob"))


def test_rng_does_not_move_choose() -> None:
    """Somebody rolls a die in between, and the choices are the same."""

    def player() -> list[str]:
        hand = []
        for _ in range(12):
            rng().randint(1, 6)
            hand.append(choose(*SUITS))
        return hand

    with Dispatcher() as d:
        assert d.run(until=d.spawn(player, name="ann")) == drawn(0)


def test_rng_is_the_actors_own_and_seeded() -> None:
    """A `random.Random`: the same object each time, the same numbers for the same seed."""

    def gambler() -> tuple[bool, list[int]]:
        return rng() is rng(), [rng().randint(1, 6) for _ in range(8)]

    def rolled(seed: int, name: str) -> list[int]:
        with Dispatcher(seed=seed) as d:
            same, rolls = d.run(until=d.spawn(gambler, name=name))
            assert same
            return rolls

    assert rolled(1, "ann") == rolled(1, "ann")
    assert rolled(1, "ann") != rolled(1, "bob")
    assert rolled(1, "ann") != rolled(2, "ann")


def test_regions_draw_from_the_stream_of_their_actor() -> None:
    """They are one actor: the first region draws first."""

    def hand() -> list[str]:
        return [choose(*SUITS) for _ in range(6)]

    with Dispatcher() as d:
        ref = d.spawn(lambda: parallel(hand, hand), name="ann")
        first, second = d.run(until=ref)
        assert first + second == drawn(0, "ann")


def test_a_system_chooses_by_the_dispatcher() -> None:
    """`d.choose` is for the function that sets up the actors; it has a stream of its own."""

    def system(d: Dispatcher) -> tuple[list[str], list[str]]:
        def player() -> list[str]:
            return [choose(*SUITS) for _ in range(12)]

        chosen = [d.choose(*SUITS) for _ in range(12)]
        return chosen, d.run(until=d.spawn(player, name="ann"))

    with Dispatcher() as d, Dispatcher() as again, Dispatcher(seed=1) as other:
        chosen, hand = system(d)
        assert system(again) == (chosen, hand)
        assert system(other)[0] != chosen
        assert hand == drawn(0, "ann")


def test_a_stream_goes_with_its_actor() -> None:
    """A later actor of the same name begins anew, and what has ended is not kept."""

    def player() -> list[str]:
        return [choose(*SUITS) for _ in range(12)]

    with Dispatcher() as d:
        hands = [d.run(until=d.spawn(player, name="ann")) for _ in range(2)]
        assert hands == [drawn(0, "ann")] * 2


def test_the_same_seed_gives_the_same_trace_in_another_process() -> None:
    """Whatever the seed of Python's own hashing is there."""
    program = """
from flowlet import Dispatcher, Event, choose, receive, rng, sleep, spawn, whereis

class Ball(Event): hops: int = 0

NAMES = {"north", "south", "east", "west"}

def player(name):
    for ball in iter(lambda: receive(Ball), None):
        sleep(rng().random())
        if ball.hops:
            others = sorted(NAMES - {name})
            whereis(choose(*others)).send(Ball(ball.hops - 1))
            spawn(fan)

def fan():
    sleep(rng().expovariate(1))

def show(record):
    actor = getattr(record, "actor", None)
    print(record.time, type(record).__name__, actor.name, repr(getattr(record, "event", "")))

with Dispatcher(seed=42, instruments=[show]) as d:
    refs = [d.spawn(player, name, name=name) for name in sorted(NAMES)]
    d.choose(*refs).send(Ball(10))
    d.run()
"""
    traces = [
        subprocess.run(
            [sys.executable, "-c", program],
            check=True,
            capture_output=True,
            text=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
        ).stdout
        for hash_seed in ("1", "2")
    ]
    assert traces[0] == traces[1]
    assert traces[0].count("Ball") > 20


def test_nothing_to_choose_from_is_an_error() -> None:
    """In an actor as in a system."""

    def player() -> None:
        choose()

    with Dispatcher() as d:
        d.spawn(player)
        with pytest.raises(TypeError, match="give it the options"):
            d.settle()
        with pytest.raises(TypeError, match="give it the options"):
            d.choose()


def test_outside_an_actor_nobody_chooses() -> None:
    """The error says where to call it."""
    with pytest.raises(IllegalCallError, match="choose was called outside an actor"):
        choose(1, 2)
    with pytest.raises(IllegalCallError, match="rng was called outside an actor"):
        rng()


def test_a_seed_is_a_number_or_a_text() -> None:
    """What prints differently in each process would give other choices in each."""
    with pytest.raises(TypeError, match="seed is a number or a text"):
        Dispatcher(seed=object())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_a_child_draws_by_its_own_name() -> None:
    """A spawned actor is an actor like any other."""

    def child() -> list[str]:
        return [choose(*SUITS) for _ in range(12)]

    def parent() -> ActorRef[list[str]]:
        with spawn(child, name="ann") as ref:
            sleep(1)
        return ref

    with Dispatcher() as d:
        assert d.run(until=d.spawn(parent)).result == drawn(0, "ann")
