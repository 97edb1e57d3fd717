"""Walks that can be taken: few and short, from the start, that together take every drawn edge.

`StateGraph.paths` walks over what is drawn, where data may forbid the next edge.  These walk over
the states of the search, so each has been run, and brings the data that it needs.  An edge is told
by its ends, its event and its outputs, as in a picture; and once for each way through the branches
of the code, so that every arm of a `match` is walked.  The values of fields would be far too many.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

from .collecting import seldom
from .found import Step
from .moves import Move
from .product import Product
from .record import Move as Drawn
from .system import step_of
from .tracing import trace

#: More different outputs on the same edge than this are drawn as one.
MOST_OUTPUTS = 3


@dataclass(frozen=True)
class Walks:
    """The walks, how many edges they take together, and by how many ways through the code."""

    walks: list[list[Step]]
    edges: int
    branches: int


@dataclass(frozen=True, slots=True)
class _Leg:
    """A move from one state of the search to another, and what of the drawing it takes."""

    move: Move
    source: int
    target: int
    takes: _Taken | None


@dataclass(frozen=True, slots=True)
class _Taken:
    """What of the drawing of an actor a move takes, and by which branches of its code."""

    actor: int
    edges: Hashable
    branches: Hashable


def covering_walks(exploration: Any) -> Walks:
    """Walks over what was explored that take every edge that was found.

    ```python
    for walk in covering_walks(explore(vending_machine)).walks:
        replay(vending_machine, walk)
    ```
    """
    with seldom():
        walker = _Walker(exploration._product)
        walks = []
        while (way := walker.next_from_start()) is not None:
            walks.append(walker.walk(way))
    edges = {(taken.actor, taken.edges) for taken in walker.taken}
    return Walks(walks, len(edges), len(walker.taken))


class _Walker:
    def __init__(self, product: Product) -> None:
        self.product = product
        # After Ctrl-C nobody wants to wait: then not every branch has a walk of its own.
        for machine in product.machines if not product.interrupted else ():
            trace(machine)
        self.after: dict[int, list[_Leg]] = {}
        many = _with_many_outputs(product)
        for state in _continued(product):
            legs = (_leg(product, move, state, many) for move in product.all_moves(state))
            self.after[state] = [leg for leg in legs if leg.target in product.parent]
        self.initial = [state for state, before in product.parent.items() if before == -1]
        every = (leg.takes for legs in self.after.values() for leg in legs)
        self.left = {takes for takes in every if takes is not None}
        self.taken: set[_Taken] = set()
        #: How far each state is from the start.
        self.distance: dict[int, int] = {}
        for state, before in product.parent.items():  # nearest first
            self.distance[state] = 0 if before == -1 else self.distance[before] + 1

    def next_from_start(self) -> list[_Leg] | None:
        """The shortest way from the start that ends with something new."""
        return self._way(self.initial, len(self.after))

    def walk(self, way: list[_Leg]) -> list[Step]:
        """The steps of that way and of what can be taken on from there."""
        legs: list[_Leg] = []
        more: list[_Leg] | None = way
        while more:
            legs += more
            for leg in more:
                if leg.takes is not None:
                    self.taken.add(leg.takes)
                    self.left.discard(leg.takes)
            # Further than from the start, a new walk is easier to read.
            here = legs[-1].target
            more = self._way([here], max(1, self.distance[here] + 1))
        steps = [step_of(self.product, leg.move, leg.source, leg.target) for leg in legs]
        begun = self.product.beginning_text(legs[0].source)
        if begun:
            steps.insert(0, Step("", begun, None, steps[0].source, begun))
        return steps

    def _way(self, starts: list[int], most: int) -> list[_Leg] | None:
        """The shortest way from there to something that was not taken, in so many steps."""
        if not self.left:
            return None
        by: dict[int, _Leg | None] = dict.fromkeys(starts)
        ready = deque((start, 0) for start in starts)
        while ready:
            here, far = ready.popleft()
            if far >= most:
                break
            for leg in self.after.get(here, ()):
                if leg.takes in self.left:
                    return [*_back(by, here), leg]
                if leg.target not in by:
                    by[leg.target] = leg
                    ready.append((leg.target, far + 1))
        return None


def _continued(product: Product) -> list[int]:
    """The states from which the search has gone on.

    Of one that was ended by Ctrl-C, those up to the last that led to another: to see what is
    possible in later ones would run much code again, while somebody waits.
    """
    states = list(product.parent)
    if not product.interrupted:
        return states
    led = set(product.parent.values())
    return states[: max((n for n, state in enumerate(states, 1) if state in led), default=0)]


def _back(by: dict[int, _Leg | None], state: int) -> list[_Leg]:
    way = []
    leg = by[state]
    while leg is not None:
        way.append(leg)
        leg = by[leg.source]
    return way[::-1]


def _with_many_outputs(product: Product) -> set[Hashable]:
    """The places between which so many values are given out that a picture does not tell them."""
    given: dict[Hashable, set[Hashable]] = {}
    for machine in product.machines:
        for local in machine.states:
            for ran in local.ran.values():
                for one in ran.drawn:
                    given.setdefault(_place(one), set()).add(one.outputs)
    return {place for place, outputs in given.items() if len(outputs) > MOST_OUTPUTS}


def _place(drawn: Drawn) -> Hashable:
    return drawn.start, drawn.event, drawn.passed, drawn.stop.path


def _leg(product: Product, move: Move, state: int, many: set[Hashable]) -> _Leg:
    takes = _taken_by(product, move, state, many)
    return _Leg(move, state, state + move.add | move.bits, takes)


def _taken_by(product: Product, move: Move, state: int, many: set[Hashable]) -> _Taken | None:
    """What of the drawing a move takes; nothing where nothing of it is drawn."""
    if move.actor == -1 or move.outcome is None:
        return None
    local = product.local(state, move.actor)
    ran = local.ran.get((move.stimulus, move.outcome))
    if ran is None:
        return None
    drawn = tuple(one for one in ran.drawn if not (one.is_half and one.continues))
    edges = tuple(
        (
            _place(one),
            tuple(text.split()[0] for _, text in one.outputs)
            if _place(one) in many
            else one.outputs,
        )
        for one in drawn
    )
    # What is called by a text is the value of a field, or a choice, and no branch.
    branches = tuple(atom for one in drawn for atom in one.atoms if not isinstance(atom[0], str))
    return _Taken(move.actor, edges, branches) if edges else None
