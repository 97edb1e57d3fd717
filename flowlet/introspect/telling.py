"""Guards: of the conditions met on the way, those that tell where an event leads.

Most conditions that an actor meets between two waits say nothing about the edge: they hold on
every way.  A guard has the fewest that tell its way from each of the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

#: A condition met on the way: at which point of the source, and as what.
Atom = tuple[Any, str]
Way = tuple[Atom, ...]
_Place = tuple[Any, tuple[str, ...]]


def fields_of(event: object) -> list[Atom]:
    """The fields of an event as conditions: what tells two ways apart where no branch does."""
    fields = getattr(type(event), "model_fields", {})
    return [(name, f"{name} == {getattr(event, name)!r}") for name in fields]


def guarded(
    edges: Mapping[tuple[Any, str, Any, tuple[str, ...], Way], Any],
) -> dict[tuple[Any, str, Any, tuple[str, ...], str], Any]:
    """The edges with a guard each instead of all conditions met on the way.

    Ways that lead from one state on one event to the same place, with the same outputs, are one
    edge.  Where they lead to several places, the guard has the conditions in which they differ.
    """
    groups: dict[tuple[Any, str], dict[_Place, list[tuple[Way, Any]]]] = {}
    for (start, event, target, outputs, way), edge in edges.items():
        places = groups.setdefault((start, event), {})
        places.setdefault((target, outputs), []).append((way, edge))
    result = {}
    for (start, event), places in groups.items():
        places = _few_outputs(places)
        for (target, outputs), ways in places.items():
            others = [
                way
                for place, elsewhere in places.items()
                if place != (target, outputs)
                for way, _ in elsewhere
            ]
            guard = _guard([way for way, _ in ways], others) if others else ""
            edge = replace(ways[0][1], count=sum(edge.count for _, edge in ways))
            result[start, event, target, outputs, guard] = edge
    return result


def _few_outputs(
    places: dict[_Place, list[tuple[Way, Any]]],
) -> dict[_Place, list[tuple[Way, Any]]]:
    """Many different values given out on one edge are drawn as one: `emit …`."""
    by_target: dict[Any, list[tuple[str, ...]]] = {}
    for target, outputs in places:
        by_target.setdefault(target, []).append(outputs)
    few: dict[_Place, list[tuple[Way, Any]]] = {}
    for (target, outputs), ways in places.items():
        if len(by_target[target]) > 3:
            outputs = tuple(dict.fromkeys(f"{text.split()[0]} …" for text in outputs))
        few.setdefault((target, outputs), []).extend(ways)
    return few


def _guard(mine: list[Way], others: list[Way]) -> str:
    """The conditions that my ways have in common and that tell them from all others."""
    shared = tuple(atom for atom in mine[0] if all(atom in way for way in mine))
    told = _telling(shared, others)
    if told is not None:
        return " and ".join(told)
    parts = [_telling(way, others) or () for way in mine]
    return " or ".join(sorted({" and ".join(part) for part in parts if part}))


def _telling(way: Way, others: list[Way]) -> tuple[str, ...] | None:
    """The fewest conditions of a way that each of the others fails one of; `None` if it cannot be.

    A condition that was met otherwise tells most; else, one that the other way did not meet.
    """
    needed: dict[str, None] = {}
    for other in others:
        at = dict(other)
        differs = [text for key, text in way if at.get(key, text) != text]
        differs = differs or [text for key, text in way if key not in at]
        if not differs:
            return None
        if not any(text in needed for text in differs):
            needed[differs[0]] = None
    return tuple(dict.fromkeys(text for _, text in way if text in needed))
