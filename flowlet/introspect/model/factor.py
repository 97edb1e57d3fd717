"""Regions apart: states that are combinations of regions, as the regions that they combine.

A graph is flat: two regions of two states each are eight states, with those in which one has
ended, and every edge of one region stands there once for each state of the other.  That says what
happens, and hides that the regions are independent.  Here the regions are taken apart again.

It is never guessed that they can be.  What each region does is read from the edges that move it
alone (`flowlet.introspect.model.reader`).  That is multiplied again, by the rules in
`flowlet.introspect.model.multiply`, and has to be the very graph, edge by edge, with guards and
outputs.  Where it is not, because the regions do depend on each other or only a part of the graph
is known, nothing is changed: the combinations are exact as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from .apart import Apart, Factored, Group, Proof, is_round
from .multiply import Combination, Label, Regions
from .parts import State, Transition
from .quotient import unused
from .reader import Reader, combination_of, label_of

if TYPE_CHECKING:
    from .graph import StateGraph

Path = tuple[str, ...]


def factored(graph: StateGraph) -> StateGraph:
    """The graph with all regions apart that are independent of each other."""
    return taken_apart(graph).graph


def taken_apart(graph: StateGraph) -> Factored:
    """The same, and which states and edges of the graph each part stands for."""
    names: dict[str, tuple[str, ...]] = {state.name: (state.name,) for state in graph.states}
    found = Factored(graph, names, tuple((n,) for n in range(len(graph.transitions))))
    settled: set[tuple[Path, tuple[str, ...]]] = set()
    while True:
        groups = _groups(found.graph)
        group = next((one for one in groups if (one.path, one.names) not in settled), None)
        if group is None:
            return found
        settled.add((group.path, group.names))
        further = _apart(found.graph, group)
        found = found.then(further) if further else found


def _groups(graph: StateGraph) -> Iterator[Group]:
    found: dict[tuple[Path, tuple[str, ...]], list[State]] = {}
    for state in graph.states:
        if len(state.regions) > 1 and state.kind == "state" and not state.folded:
            key = state.path[:-1], tuple(region.name for region in state.regions)
            found.setdefault(key, []).append(state)
    for (path, names), states in found.items():
        yield Group(path, names, states)


def _apart(graph: StateGraph, group: Group) -> Factored | None:
    """The graph with the regions of a group apart; `None` where they have to stay together."""
    combos = {state.name: combination_of(state) for state in group.states}
    if len(set(combos.values())) < len(combos):
        return None
    box = _box(graph, group)
    # Edges at the border of a composite round these regions are of that one.
    outer = {block.name for block in graph.composites if block.regions}
    outer = {name for name in outer if is_round(name, box)}
    own = [edge for edge in graph.transitions if edge.source in combos and edge.border not in outer]
    entries = {
        edge.target
        for edge in graph.transitions
        if edge.target in combos and (edge.source not in combos or edge.border in outer)
    }
    entries |= set(graph.initial) & set(combos)
    entries |= {block.initial for block in graph.composites if block.initial in combos}
    if len(entries) != 1 or any(edge.change for edge in own):
        return None
    (entry,) = entries
    around = frozenset("/".join(box[:depth]) for depth in range(1, len(box) + 1))
    for comes_back in (False, True):
        reader = Reader(combos, {s.name: s for s in group.states}, own, entry, comes_back, around)
        regions = reader.regions()
        if regions is None:
            continue
        proof = _proof(regions, combos, own)
        if proof is not None:
            built = Apart(graph, group, box, regions, proof)
            if built.keeps_mail():
                return built.factored(own)
    return None


def _box(graph: StateGraph, group: Group) -> Path:
    """The path of the composite that the regions make up: the block round the call, if it can be.

    A block that also holds other states gets one inside it; so does one that there is not.
    """
    held = {state.name for state in group.states}
    alone = group.path and all(
        state.name in held or state.path[: len(group.path)] != group.path for state in graph.states
    )
    if alone:
        return group.path
    taken = {"/".join(s.path[:i]) for s in graph.states for i in range(1, len(s.path) + 1)}
    return unused((*group.path, " | ".join(group.names)), taken)


def _proof(regions: Regions, combos: dict[str, Combination], own: list[Transition]) -> Proof | None:
    """What stands for what, if the regions multiplied are this part of the graph; else `None`."""
    multiplied = regions.multiplied()
    if set(multiplied) != set(combos.values()):
        return None
    there: dict[tuple[Combination, Label, Combination | str], list[Transition]] = {}
    for edge in own:
        target = combos.get(edge.target, edge.target)
        there.setdefault((combos[edge.source], label_of(edge), target), []).append(edge)
    proof: Proof = {part: [] for part in regions.parts}
    met = set()
    for here, edges in multiplied.items():
        for (label, to), parts in edges.items():
            target = combos.get(to, to) if isinstance(to, str) else to
            key = here, label, target
            if key not in there:
                return None
            met.add(key)
            for part in parts:
                proof[part] += there[key]
    return proof if met == set(there) and all(proof.values()) else None
