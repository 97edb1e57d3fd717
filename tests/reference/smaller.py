"""A play that fails, made as small as it goes while it still fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any

from flowlet import Event
from tests.reference.play import Advance, Play
from tests.reference.program import Statement


def smallest(play: Play, fails: Callable[[Play], bool]) -> Play:
    """Take away what can be taken away, until nothing more can."""
    while True:
        for candidate in smaller(play):
            if fails(candidate):
                play = candidate
                break
        else:
            return play


def smaller(play: Play) -> Iterator[Play]:
    """Plays that are a little smaller, those first that are so by most."""
    for name in play.actors:
        yield replace(play, actors={**play.actors, name: ()})
    for stimuli in smaller_bodies(play.stimuli):
        yield replace(play, stimuli=stimuli)
    for name in play.options:
        rest = {other: options for other, options in play.options.items() if other != name}
        yield replace(play, options=rest)
    for name, body in play.actors.items():
        for each in smaller_bodies(body):
            yield replace(play, actors={**play.actors, name: each})
    for name in play.actors:
        rest = {other: body for other, body in play.actors.items() if other != name}
        if f"{name}." not in repr(replace(play, actors=rest)):
            yield replace(play, actors=rest)


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
        yield from smaller_bodies(value)
    elif isinstance(value, Event):
        if value.n > 0:  # type: ignore[attr-defined]
            yield type(value)(n=0)
    elif isinstance(value, Advance) and value.seconds > 1:
        yield Advance(value.seconds - 1)
    elif isinstance(value, int) and value > 0:
        yield type(value)(0)
    elif is_dataclass(value):
        for each in fields(value):
            if each.name in ("after", "history") and getattr(value, each.name) is not None:
                yield replace(value, **{each.name: None})  # type: ignore[type-var]
            for less in smaller_values(getattr(value, each.name)):
                yield replace(value, **{each.name: less})  # type: ignore[type-var]
