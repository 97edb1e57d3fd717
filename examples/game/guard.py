"""A guard: patrol, investigate, chase, attack, and stunned, which interrupts each of them.

    python -m examples.game guard run
    python -m examples.game guard graph

Read it from `guard` downwards; each mode is a function.  `until` is what ends a mode, `on` what
only interrupts it: a stunned guard takes up what it did, and its clocks have stood still.
"""

from __future__ import annotations

from typing import NoReturn

from flowlet import Delay, Event, Timeout, emit, on, race, receive, sleep, state, until

ROUND = ("gate", "well", "tower", "stable")
WALK = 3  # seconds from one to the next
REACH = 2  # metres
LOST = Delay("lost", 3)


class Noise(Event): ...


class See(Event):
    """The player is in sight; comes again and again while that lasts."""

    distance: float


class Stun(Event):
    """A blow on the head."""

    seconds: float


class WalkTo(Event):
    """What the guard's body is told to do."""

    place: str


def guard() -> None:
    """Walks its round until there is somebody to hunt."""
    with on(Stun, stunned, freeze=True):
        while True:
            hunt(patrol().distance)


def patrol() -> See:
    """Four places, two seconds at each; after any interruption on from the same place."""
    while True:
        with until(Noise, See) as end, state("patrol", history="shallow") as memory:
            walk(memory.last[0] if memory.last else ROUND[0])
        if isinstance(end.event, See):
            return end.event
        match receive(See, after=5, at="investigate"):
            case See() as seen:
                return seen


def walk(place: str) -> NoReturn:
    while True:
        with state(place):
            emit(WalkTo(place))
            sleep(WALK, at="walking")
            sleep(2, at="pausing")
        place = ROUND[(ROUND.index(place) + 1) % len(ROUND)]


def hunt(distance: float | None) -> None:
    """Run after the player and strike when near, until it has not been seen for three seconds."""
    while distance is not None:
        distance = attack() if distance <= REACH else chase()


def chase() -> float | None:
    emit("run after the player")
    match receive(See, after=LOST, at="chase"):
        case See(distance):
            return distance
        case Timeout():
            return None


def attack() -> float | None:
    with state("attack"):
        return race(aim, strike)[1]


def aim() -> float | None:
    while True:
        match receive(See, after=LOST):
            case See(distance) if distance > REACH:
                return distance
            case Timeout():
                return None


def strike() -> NoReturn:
    while True:
        emit("strike")
        receive(after=1)  # deaf, and so it keeps no mail; beside a sleep, `aim` would keep noises


def stunned(blow: Stun) -> None:
    """Neither sees nor hears; but the next blow is felt after this one."""
    with state("stunned", defer=(Stun,)):
        emit("fall over")
        receive(after=Delay("stun is over", blow.seconds))
