"""What can be seen of an actor that waits beside the name of its state: what is inside it.

A state's name tells where an actor is, and is all that most need.  Pictures need more: which of
several regions is where, and which of the blocks round them remember where they were left.
"""

from __future__ import annotations

from collections.abc import Iterable

from .. import names
from ..blocks import Remembering
from ..events import label_of_type, name_of
from ..fiber import Fiber
from ..handlers import times_awake
from ..mailbox import KEEPS
from ..regions import Region
from . import model
from .identity import timer_label


def regions_of(fiber: Fiber) -> tuple[model.Region, ...]:
    """Where each of the regions is that a fiber conducts, in order."""
    if fiber.group is None:
        return ()
    regions = fiber.group.regions
    named = region_names(names.function_name(region.fn) for region in regions)
    return tuple(map(_region, named, regions))


def _region(name: str, region: Region) -> model.Region:
    path = parts_of(region.state)
    if region.ended:
        return model.Region(name=name, path=path, kind="final")
    fiber = region.fiber
    file, line = names.users_line(fiber.gr_frame)
    return model.Region(
        name=name,
        path=path,
        accepts=tuple(
            dict.fromkeys(
                [*map(label_of_type, fiber.takes()), *map(timer_label, times_awake(fiber))]
            )
        ),
        source=model.Source(file=file, line=line) if file else None,
        regions=regions_of(fiber),
    )


def remembering(fiber: Fiber, round_it: tuple[str, ...] = ()) -> list[model.Composite]:
    """The blocks that a fiber is in and that remember, then those of its regions."""
    found = []
    cell = fiber.path
    while cell is not None:
        if isinstance(cell[0], Remembering):
            path = (*round_it, *parts_of(names.path_of(cell)))
            found.append(model.Composite(path=path, history=cell[0].depth))
        cell = cell[1]
    found.reverse()
    group = fiber.group
    if group is not None:
        round_it = (*round_it, *parts_of(names.path_of(fiber.path)))
        if group.at is not None:
            round_it = (*round_it, name_of(group.at))
        named = region_names(names.function_name(region.fn) for region in group.regions)
        for name, region in zip(named, group.regions, strict=True):
            if not region.ended:
                found += remembering(region.fiber, (*round_it, name))
    return found


def kept_by(fiber: Fiber) -> tuple[type, ...]:
    """The types of events that stay in the mailbox there, where nothing takes them."""
    if fiber.want is KEEPS or fiber.ref.options.unexpected == "defer":
        return (object,)
    found: tuple[type, ...] = ()
    cell = fiber.path
    while cell is not None:
        found += cell[0].deferred
        cell = cell[1]
    for inner in fiber.group.fibers() if fiber.group is not None else ():
        found += kept_by(inner)
    return found


def parts_of(path: names.Path) -> tuple[str, ...]:
    """The parts of a path as people see them."""
    return tuple(names.text((part,)) for part in path)


def region_names(functions: Iterable[str]) -> list[str]:
    """The names of functions that run side by side: a number makes the same ones differ."""
    named: list[str] = []
    for name in functions:
        number, free = 1, name
        while free in named:
            number += 1
            free = f"{name}#{number}"
        named.append(free)
    return named
