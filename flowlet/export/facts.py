"""What a format has no place for, as plain data: it goes along as an attribute, or in a note.

Every field of the model that is set and that an exporter does not show otherwise is among these.
So a field that the model gets one day is told by every exporter that writes facts, without a line
in it.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from flowlet.introspect.model import Source, State, StateGraph, Transition

from .places import short

#: The fields of a graph that every exporter shows.
_SHOWN = {"name", "states", "transitions", "initial", "complete", "notes", "composites"}


def facts(part: State | Transition, without: Collection[str] = ()) -> dict[str, Any]:
    """The fields that are set, by name; places in the source as `file:line`."""
    told = part.model_dump(exclude_defaults=True, exclude=set(without))
    return {field: _placed(value) for field, value in told.items()}


def _placed(value: Any) -> Any:
    """The value with places in the source as `file:line`, at any depth."""
    if isinstance(value, dict):
        if value.keys() <= Source.model_fields.keys() and "file" in value:
            return short(f"{value['file']}:{value['line']}")
        return {name: _placed(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_placed(one) for one in value]
    return value


def facts_of_graph(graph: StateGraph) -> dict[str, Any]:
    """The fields of the graph itself that are not among those which everybody shows."""
    return graph.model_dump(mode="json", exclude_defaults=True, exclude=_SHOWN)


def blocks(graph: StateGraph) -> dict[str, dict[str, Any]]:
    """What the graph knows of its composite states beside what is in them, by their names."""
    return {
        block.name: block.model_dump(mode="json", exclude_defaults=True, exclude={"path"})
        for block in graph.composites
    }


def words(value: Any) -> str:
    """A fact as text: what is so by its name alone, several in a row."""
    if isinstance(value, dict):
        told = (key if one is True else f"{key} {words(one)}" for key, one in value.items())
        return ", ".join(told)
    if isinstance(value, list | tuple):
        return ", ".join(map(words, value))
    return str(value)
