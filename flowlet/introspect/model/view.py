"""A smaller graph for people: thirty states and more are a carpet, so some stand for many.

Three ways, in this order, and no further than needed:

1. *Chains.*  States that follow one another with no other way in or out say little one by one.
   The inner ones of a chain become one state; its two ends stay.  Longest first.
2. *Blocks.*  A composite state becomes one state.  Innermost first, and of those the one with
   most in it.  What led into it or out of it leads to that state.
3. *The rest.*  Where neither is enough (a dense machine, all on one level), the states that are
   furthest from the initial one become one.

A state that stands for others says which (`folded`), and a note says that there are such.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .order import breadth_first, states_of
from .parts import State, Transition
from .quotient import merged, unused

if TYPE_CHECKING:
    from .graph import StateGraph

Path = tuple[str, ...]

#: A chain of fewer inner states than this stays: a fold of two saves one state and tells less.
SHORT = 3
#: Blocks are not closed where fewer states than this would be left: that would hide the machine.
FEW = 4


def viewed(graph: StateGraph, max_nodes: int) -> StateGraph:
    """The graph with at most `max_nodes` states."""
    if max_nodes < 1:
        raise ValueError(f"a view has at least one node, not max_nodes={max_nodes}")
    states = states_of(graph)
    if len(states) <= max_nodes:
        return graph
    groups = [_Group(states[name].path, [name]) for name in breadth_first(graph)]
    groups = _without_chains(graph, groups, max_nodes)
    while len(groups) > max_nodes and (block := _block_to_close(groups)):
        groups = _as_one(groups, block, [one for one in groups if _is_in(one.path, block)])
    if len(groups) > max_nodes:
        path = unused(("… further on",), {"/".join(one.path) for one in groups})
        groups = _as_one(groups, path, groups[max_nodes - 1 :])

    group_of = {name: group for group in groups for name in group.names}

    def is_shown(edge: Transition) -> bool:
        group = group_of[edge.source]
        return group is not group_of[edge.target] or len(group.names) == 1

    small = merged(graph, {name: one.path for name, one in group_of.items()}, is_shown)
    by_path = {state.path: state for state in small.states}
    told = f"{len(states)} states drawn as {len(groups)}: … marks what is folded."
    return small.model_copy(
        update={
            "states": tuple(_state(group, by_path.get(group.path), states) for group in groups),
            "notes": (told, *graph.notes),
        }
    )


@dataclass(frozen=True, slots=True)
class _Group:
    """The states that go into the one of that path."""

    path: Path
    names: list[str]


def _is_in(path: Path, block: Path) -> bool:
    return path[: len(block)] == block


def _as_one(groups: list[_Group], path: Path, some: list[_Group]) -> list[_Group]:
    """The groups with some of them as one, in the place of the first."""
    one = _Group(path, [name for group in some for name in group.names])
    within = {group.path for group in some}
    first = some[0].path
    return [
        one if group.path == first else group
        for group in groups
        if group.path == first or group.path not in within
    ]


def _state(group: _Group, state: State | None, states: Mapping[str, State]) -> State:
    if len(group.names) == 1:
        return state or states[group.names[0]]
    names = tuple(one for name in group.names for one in (states[name].folded or (name,)))
    fold = {"path": group.path, "kind": "state", "folded": names}
    return (state or State(path=group.path)).model_copy(update=fold)


def _without_chains(graph: StateGraph, groups: list[_Group], max_nodes: int) -> list[_Group]:
    """The groups with chains as one each, as many as it takes."""
    too_many = len(groups) - max_nodes
    chain_of: dict[str, list[State]] = {}
    for chain in _chains(graph):
        if too_many <= 0:
            break
        chain_of |= dict.fromkeys((state.name for state in chain), chain)
        too_many -= len(chain) - 1
    taken = {"/".join(group.path) for group in groups}
    fewer = []
    for group in groups:
        found = chain_of.get(group.names[0])
        if found is None:
            fewer.append(group)
        elif found[0].name == group.names[0]:
            path = unused(_chain_path(found), taken)
            taken.add("/".join(path))
            fewer.append(_Group(path, [state.name for state in found]))
    return fewer


def _chains(graph: StateGraph) -> list[list[State]]:
    """The inner parts of all chains that are worth it, the longest first."""
    states = states_of(graph)
    into: dict[str, set[tuple[str, bool]]] = {}
    out: dict[str, set[str]] = {}
    inside: set[str] = set()
    boxes = {"/".join(s.path[:i]) for s in states.values() for i in range(1, len(s.path))}
    for edge in graph.transitions:
        if edge.kind == "internal" and edge.source == edge.target:
            inside.add(edge.source)
            continue
        # An edge from a border is drawn from its box; the states inside have no part in it.
        box = edge.border if edge.border in boxes else None
        into.setdefault(edge.target, set()).add((box or edge.source, box is not None))
        if box is None:
            out.setdefault(edge.source, set()).add(edge.target)

    def is_link(state: State) -> bool:
        ways_in, ways_out = into.get(state.name, set()), out.get(state.name, set())
        if len(ways_in) != 1 or len(ways_out) != 1:
            return False
        ((_, from_box),) = ways_in
        return (
            not from_box
            and state.kind in ("state", "transient")
            and not state.folded
            and state.name not in inside
            and state.name not in begins
            and state.name not in boxes
        )

    begins = {*graph.initial, *(block.initial for block in graph.composites)}
    links = {name: states[name] for name in breadth_first(graph) if is_link(states[name])}

    def follower(state: State) -> State | None:
        after = links.get(next(iter(out[state.name])))
        return after if after and after.path[:-1] == state.path[:-1] else None

    has_leader = {after.name for state in links.values() if (after := follower(state))}
    chains = []
    for state in links.values():
        chain: list[State] = []
        one = None if state.name in has_leader else state
        while one is not None:
            chain.append(one)
            one = follower(one)
        if len(chain) >= SHORT + 2:
            chains.append(chain[1:-1])
    return sorted(chains, key=len, reverse=True)


def _chain_path(chain: list[State]) -> Path:
    first, last = chain[0].path, chain[-1].path
    return (*first[:-1], f"{first[-1]} … {last[-1]}")


def _block_to_close(groups: Sequence[_Group]) -> Path | None:
    """The innermost block that has most in it."""
    held: dict[Path, int] = {}
    for group in groups:
        for depth in range(1, len(group.path)):
            held[group.path[:depth]] = held.get(group.path[:depth], 0) + 1
    for group in groups:
        if group.path in held:  # a block that waits itself is one of the states in it
            held[group.path] += 1
    parents = {block[:-1] for block in held}
    worth = [
        block
        for block, count in held.items()
        if block not in parents and 1 < count <= len(groups) - FEW + 1
    ]
    return max(worth, key=held.__getitem__, default=None)
