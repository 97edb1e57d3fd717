"""The coarsest strong bisimulation of a graph, and the graph with its classes as states.

Two states are alike if each can do what the other can, with the same label, and come to states
that are alike.  The classes are found by splitting: at first all states of a kind are in one
class; then states are told apart by their signature, the set of their labels with the classes
that these lead to, until no class has two signatures in it.

When a class is split, its largest part keeps the class's number, so that a state changes its
number at most log n times (Hopcroft's rule), and only the states before it have to be signed again:
O(m log n) for m edges and n states, where no state has very many edges.  Signatures are those of
S. Blom, S. Orzan, "A distributed algorithm for strong bisimulation reduction of state spaces".
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING

from .order import states_of
from .parts import State, Transition
from .quotient import merged, unused

if TYPE_CHECKING:
    from .graph import StateGraph

Label = tuple[object, ...]
Signature = frozenset[tuple[Label, int]]

#: So many names of a class are told; of more, only how many there are.
MOST_NAMES = 3


def minimized(graph: StateGraph) -> StateGraph:
    """The graph with each class of bisimilar states as one state."""
    paths = {name: state.path for name, state in states_of(graph).items()}
    classes = [members for members in bisimilar(graph) if len(members) > 1]
    taken = set(paths) - {name for members in classes for name in members}
    into: dict[str, tuple[str, ...]] = {}
    for members in classes:
        path = _joined([paths[name] for name in members], taken)
        taken.add("/".join(path))
        into |= dict.fromkeys(members, path)
    return merged(graph, into)


def bisimilar(graph: StateGraph) -> list[list[str]]:
    """The classes of bisimilar states, in the order of their first states."""
    states = states_of(graph)
    after: dict[str, list[tuple[Label, str]]] = {name: [] for name in states}
    before: dict[str, set[str]] = {name: set() for name in states}
    for edge in graph.transitions:
        after[edge.source].append((_label(edge), edge.target))
        before[edge.target].add(edge.source)

    members: dict[int, set[str]] = {}
    number: dict[str, int] = {}
    by_kind: dict[Hashable, int] = {}
    for name, state in states.items():
        number[name] = by_kind.setdefault(_kind(state), len(by_kind))
        members.setdefault(number[name], set()).add(name)

    changed = set(number)
    while changed:
        # All are signed before any moves: a class is split only by what was known of all its
        # members at the same time.
        signed: dict[int, dict[Signature, set[str]]] = {}
        for name in changed:
            sign = frozenset((label, number[target]) for label, target in after[name])
            signed.setdefault(number[name], {}).setdefault(sign, set()).add(name)
        moved: list[str] = []
        for old, by_signature in signed.items():
            parts = list(by_signature.values())
            # The others still have the signature that all had.  None of the parts has it: there
            # is a new number in each.
            others = len(members[old]) - sum(map(len, parts))
            if others < max(map(len, parts)):
                if others:
                    parts.append(members[old].difference(*parts))
                parts.remove(max(parts, key=len))
            for part in parts:
                new = len(members)
                members[old] -= part
                members[new] = part
                number |= dict.fromkeys(part, new)
                moved += part
        changed = {name for target in moved for name in before[target]}

    classes: dict[int, list[str]] = {}
    for name, its in number.items():
        classes.setdefault(its, []).append(name)
    return list(classes.values())


def _kind(state: State) -> Hashable:
    return state.kind, frozenset(state.deferred)


def _label(edge: Transition) -> Label:
    return edge.kind, edge.event, edge.guard, edge.outputs


def _joined(paths: list[tuple[str, ...]], taken: set[str]) -> tuple[str, ...]:
    """One path for several states: the blocks that all are in, then their names."""
    shared = 0
    while all(len(path) > shared + 1 and path[shared] == paths[0][shared] for path in paths):
        shared += 1
    names = ["/".join(path[shared:]) for path in paths]
    told = names if len(names) <= MOST_NAMES else [names[0], f"… {len(names)} states"]
    return unused((*paths[0][:shared], ", ".join(told)), taken)
