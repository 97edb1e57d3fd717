"""States that become one: what `fold`, `project`, `minimize` and `view` have in common."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING

from .parts import State, Transition

if TYPE_CHECKING:
    from .graph import StateGraph

Path = tuple[str, ...]


def merged(
    graph: StateGraph,
    into: Mapping[str, Path],
    keep: Callable[[Transition], bool] = lambda edge: True,
) -> StateGraph:
    """The graph in which each state, by its name, has gone into the one of the given path.

    States with the same path become one, and so do edges that are then the same.  A state that is
    not in `into` stays.  Edges for which `keep` is false are left out.
    """
    states: dict[Path, State] = {}
    for state in graph.states:
        path = into.get(state.name, state.path)
        known = states.get(path)
        moved = state.model_copy(update={"path": path})
        states[path] = moved if known is None else together(known, moved)
    names = {name: "/".join(path) for name, path in into.items()}
    paths = {state.name: path for path, state in states.items()}
    boxes = {"/".join(path[:i]): path[:i] for path in states for i in range(1, len(path))}
    edges: dict[object, Transition] = {}
    for edge in graph.transitions:
        if not keep(edge):
            continue
        source = names.get(edge.source, edge.source)
        # A border stays where there still is such a box, and the edge still begins in it.
        box = boxes.get(edge.border or "")
        stays = box is not None and paths.get(source, ())[: len(box)] == box
        edge = edge.model_copy(
            update={
                "source": source,
                "target": names.get(edge.target, edge.target),
                "border": edge.border if stays else None,
            }
        )
        key = (edge.triple, edge.kind, edge.guard, edge.outputs, edge.change)
        same = edges.get(key)
        edges[key] = edge if same is None else _one_edge(same, edge)
    return graph.model_copy(
        update={
            "states": tuple(states.values()),
            "transitions": tuple(edges.values()),
            "initial": tuple(dict.fromkeys(names.get(name, name) for name in graph.initial)),
        }
    )


def together(one: State, other: State) -> State:
    """Two states as one: whoever waits makes it a state, and all evidence counts."""

    def both(left: tuple[str, ...], right: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(left + right))

    return one.model_copy(
        update={
            "kind": "state" if "state" in (one.kind, other.kind) else one.kind,
            "accepts": both(one.accepts, other.accepts),
            "deferred": both(one.deferred, other.deferred),
            "discarded": both(one.discarded, other.discarded),
            "source": one.source or other.source,
            "evidence": one.evidence | other.evidence,
            "folded": both(one.folded, other.folded),
            "change": one.change if one.change == other.change else None,
        }
    )


def _one_edge(one: Transition, other: Transition) -> Transition:
    return one.model_copy(
        update={
            "border": one.border if one.border == other.border else None,
            "evidence": one.evidence | other.evidence,
        }
    )


def unused(path: Path, taken: Collection[str]) -> Path:
    """The path, or where another state has that name, one with a number."""
    number, free = 1, path
    while "/".join(free) in taken:
        number += 1
        free = (*path[:-1], f"{path[-1]} #{number}")
    return free
