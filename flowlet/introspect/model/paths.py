"""Test paths: few and short walks from the initial states that take every edge once.

A walk begins on the shortest way to the nearest edge that no walk has taken, and goes on while
there are such edges: to the nearest one, as long as that is no further from here than it is from
the start.  It ends with an edge that was new.  (The fewest steps altogether would be a directed
postman's tour, which takes a flow to compute and makes tests that go wrong late.)
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING

from .order import by_source_line, known_to_happen
from .parts import Transition

if TYPE_CHECKING:
    from .graph import StateGraph

Path = list[Transition]


def covering_paths(graph: StateGraph) -> list[Path]:
    """Walks that together take every edge that can be reached."""
    after: dict[str, list[int]] = {}
    edges = sorted(known_to_happen(graph), key=by_source_line)
    for number, edge in enumerate(edges):
        after.setdefault(edge.source, []).append(number)
    walker = _Walker(edges, after, graph.initial)
    paths = []
    for number in walker.reachable():
        if number not in walker.taken:
            paths.append(walker.walk(number))
    return paths


class _Walker:
    def __init__(
        self, edges: list[Transition], after: dict[str, list[int]], initial: Iterable[str]
    ) -> None:
        self.edges = edges
        self.after = after
        self.taken: set[int] = set()
        #: The edge by which each state is first reached, and how many edges that takes.
        self.by: dict[str, int | None] = dict.fromkeys(initial)
        self.distance = dict.fromkeys(self.by, 0)
        ready = deque(self.by)
        while ready:
            here = ready.popleft()
            for number in after.get(here, ()):
                target = edges[number].target
                if target not in self.by:
                    self.by[target] = number
                    self.distance[target] = self.distance[here] + 1
                    ready.append(target)

    def reachable(self) -> list[int]:
        """All edges that can be reached, the nearest first."""
        return [number for name in self.by for number in self.after.get(name, ())]

    def walk(self, first: int) -> Path:
        """A walk from the start by way of an edge that was not taken, and on from there."""
        steps = [*self.way(self.by, self.edges[first].source), first]
        self.taken.update(steps)
        while more := self.way_on(self.edges[steps[-1]].target):
            steps += more
            self.taken.update(more)
        return [self.edges[number] for number in steps]

    def way(self, by: dict[str, int | None], name: str) -> list[int]:
        """The way to a state, from the edge by which each state was reached."""
        way: list[int] = []
        while (number := by[name]) is not None:
            way.append(number)
            name = self.edges[number].source
        return way[::-1]

    def way_on(self, start: str) -> list[int]:
        """The way from here to the nearest edge not taken; none if it is nearer from the start."""
        by: dict[str, int | None] = {start: None}
        ready = deque(by)
        while ready:
            here = ready.popleft()
            for number in self.after.get(here, ()):
                if number not in self.taken:
                    way = self.way(by, here)
                    return [*way, number] if len(way) <= self.distance[here] else []
            for number in self.after.get(here, ()):
                target = self.edges[number].target
                if target not in by:
                    by[target] = number
                    ready.append(target)
        return []
