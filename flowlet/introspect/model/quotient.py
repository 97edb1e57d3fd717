"""States that become one: what `fold`, `project`, `minimize` and `view` have in common."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING

from .parts import Region, State, Transition

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
        moved = state
        if path != state.path:  # its last part says no longer where the regions are
            moved = state.model_copy(update={"path": path, "regions": ()})
        states[path] = moved if known is None else together(known, moved)
    names = {name: "/".join(path) for name, path in into.items()}
    paths = {state.name: path for path, state in states.items()}
    boxes = {"/".join(path[:i]): path[:i] for path in states for i in range(1, len(path))}

    def holds(border: str | None, name: str) -> bool:
        # A border stays where there still is such a box, and the state is still in it.
        box = boxes.get(border or "")
        return box is not None and paths.get(name, ())[: len(box)] == box

    edges: dict[object, Transition] = {}
    for edge in graph.transitions:
        if not keep(edge):
            continue
        source = names.get(edge.source, edge.source)
        target = names.get(edge.target, edge.target)
        edge = edge.model_copy(
            update={
                "source": source,
                "target": target,
                "border": edge.border if holds(edge.border, source) else None,
                "entry": edge.entry if holds(edge.entry, target) else None,
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
            "composites": tuple(
                block.model_copy(update={"initial": names.get(block.initial, block.initial)})
                if block.initial
                else block
                for block in graph.composites
            ),
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
            "regions": regions_together(one.regions, other.regions),
            "active": one.active or other.active,
        }
    )


def regions_together(one: tuple[Region, ...], other: tuple[Region, ...]) -> tuple[Region, ...]:
    """The same regions with what is known of them in both states; none, if they differ."""

    def same(one: Region, other: Region) -> bool:
        return (one.name, one.path, one.kind) == (other.name, other.path, other.kind)

    if len(one) != len(other) or not all(map(same, one, other)):
        return ()
    return tuple(
        left.model_copy(
            update={
                "accepts": tuple(dict.fromkeys(left.accepts + right.accepts)),
                "source": left.source or right.source,
                "regions": regions_together(left.regions, right.regions),
            }
        )
        for left, right in zip(one, other, strict=True)
    )


def _one_edge(one: Transition, other: Transition) -> Transition:
    return one.model_copy(
        update={
            "border": one.border if one.border == other.border else None,
            "entry": one.entry if one.entry == other.entry else None,
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
