"""A play that fails, made as small as it goes while it still fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from itertools import islice
from typing import Any, TypeVar

from flowlet import Event
from tests.reference.play import Advance, Play
from tests.reference.program import Statement

T = TypeVar("T")


def smallest(play: Play, fails: Callable[[Play], bool]) -> Play:
    """Take away what can be taken away, until nothing more can."""
    place = 0
    while True:
        for number, candidate in enumerate(islice(smaller(play), place, None), place):
            if fails(candidate):
                play, place = candidate, number  # what came before would hardly do now
                break
        else:
            if place == 0:
                return play
            place = 0


def smaller(play: Play) -> Iterator[Play]:
    """Plays that are a little smaller, those first that are so by most."""
    for name, body in play.actors.items():
        if body:
            yield replace(play, actors={**play.actors, name: ()})
    for stimuli in smaller_bodies(play.stimuli):
        yield replace(play, stimuli=stimuli)
    for name in play.options:
        yield replace(play, options=without(play.options, name))
    for name, body in play.actors.items():
        for each in smaller_bodies(body):
            yield replace(play, actors={**play.actors, name: each})
    for name in play.actors:
        less = replace(play, actors=without(play.actors, name))
        if f"{name}." not in repr(less):
            yield less


def without(named: dict[str, T], name: str) -> dict[str, T]:
    return {other: value for other, value in named.items() if other != name}


def smaller_bodies(body: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    """Without one of its parts, with what is in a part in its place, or with a smaller part."""
    for place, part in enumerate(body):
        before, behind = body[:place], body[place + 1 :]
        yield (*before, *behind)
        if isinstance(part, Statement):
            for inner in bodies_in(part):
                yield (*before, *inner, *behind)
        for less in smaller_values(part):
            yield (*before, less, *behind)


def bodies_in(part: Statement) -> Iterator[tuple[Any, ...]]:
    for each in fields(part):
        value = getattr(part, each.name)
        if isinstance(value, tuple) and value:
            if isinstance(value[0], Statement):
                yield value
            elif isinstance(value[0], tuple):
                yield from value


def smaller_values(value: object) -> Iterator[Any]:
    """Smaller numbers, events, regions and statements of the same kind."""
    if isinstance(value, tuple):
        if value and isinstance(value[0], type):
            yield from ((kind,) for kind in value if len(value) > 1)
        else:
            yield from smaller_bodies(value)
    elif isinstance(value, Event):
        if value.n:  # type: ignore[attr-defined]
            yield type(value)(n=0)
    elif isinstance(value, Advance) and value.seconds > 1:
        yield Advance(value.seconds - 1)
    elif isinstance(value, int) and value > 0:
        yield 0
    elif is_dataclass(value):
        for each in fields(value):
            optional = each.name == "history" or (each.name == "after" and waits_for_more(value))
            if optional and getattr(value, each.name) is not None:
                yield replace(value, **{each.name: None})  # type: ignore[type-var]
            for less in smaller_values(getattr(value, each.name)):
                yield replace(value, **{each.name: less})  # type: ignore[type-var]


def waits_for_more(value: object) -> bool:
    """Whether it does without a time limit: there is something else that ends it."""
    return getattr(value, "kinds", None) != ()
