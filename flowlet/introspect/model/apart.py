"""A graph with the regions of a composite side by side, once it is known what each of them does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from .multiply import Part, Place, Regions, once
from .parts import Composite, Evidence, Region, State, Transition
from .quotient import unused
from .reader import combination_of, place_of

if TYPE_CHECKING:
    from .graph import StateGraph

Path = tuple[str, ...]

#: Of each edge of the regions, the edges of the graph in which it is.
Proof = dict[Part, list[Transition]]


@dataclass(frozen=True, slots=True)
class Factored:
    """A graph with regions apart, and which parts of the whole graph its parts stand for."""

    graph: StateGraph
    #: Of each state of the whole, by its name, the states of `graph` that are it together.
    states: dict[str, tuple[str, ...]]
    #: Of each edge of `graph`, in order, the places of the edges of the whole that it stands for.
    edges: tuple[tuple[int, ...], ...]

    def then(self, further: Factored) -> Factored:
        """The whole with more of its regions apart; `further` has those of this one's graph."""
        states = {
            name: tuple(inner for part in parts for inner in further.states[part])
            for name, parts in self.states.items()
        }
        edges = tuple(
            tuple(sorted({place for middle in some for place in self.edges[middle]}))
            for some in further.edges
        )
        return Factored(further.graph, states, edges)


@dataclass(slots=True)
class Group:
    """The states in which the same regions are side by side."""

    path: Path
    names: tuple[str, ...]
    states: list[State]


def is_round(name: str, box: Path) -> bool:
    """Whether that is the name of a block round a box."""
    return any("/".join(box[:depth]) == name for depth in range(1, len(box)))


@dataclass(slots=True)
class Apart:
    """The graph with the regions apart."""

    graph: StateGraph
    group: Group
    box: Path
    regions: Regions
    proof: Proof
    states: dict[tuple[int, Place], State] = field(default_factory=dict)
    #: The regions whose name need not be told twice.
    short: set[str] = field(default_factory=set)

    def keeps_mail(self) -> bool:
        """Whether what each combination defers is what its regions do."""
        self._make_states()
        for state in self.group.states:
            of_regions = {
                event
                for i, place in enumerate(combination_of(state))
                for event in self.states[i, place].deferred
            }
            # What one region defers another one may take.
            if of_regions - set(state.accepts) != set(state.deferred):
                return False
        return True

    def _make_states(self) -> None:
        taken: set[str] = set()
        held_back = dict.fromkeys(event for s in self.group.states for event in s.deferred)
        always = [
            event
            for event in held_back
            if all(event in (*s.deferred, *s.accepts) for s in self.group.states)
        ]
        places: dict[tuple[int, Place], list[tuple[State, Region]]] = {}
        for state in self.group.states:
            for i, region in enumerate(state.regions):
                places.setdefault((i, place_of(region)), []).append((state, region))
        for part in self.regions.parts:  # where a region has ended when all have
            if not isinstance(part.target, str) and (part.region, part.target) not in places:
                places[part.region, part.target] = []
        for (i, place), held in sorted(places.items(), key=lambda one: one[0]):
            path = unused((*self.box, self.group.names[i], *self._short(i, place, places)), taken)
            taken.add("/".join(path))
            into = [
                edge.evidence
                for part, edges in self.proof.items()
                if part.region == i and part.target == place
                for edge in edges
            ]
            known = [state.evidence for state, _ in held] or into
            regions = [region for _, region in held]
            accepts = once(text for region in regions for text in region.accepts)
            deferred = _in_all([state.deferred for state, _ in held])
            if held and not place[1]:
                deferred = once((*deferred, *(one for one in always if one not in accepts)))
            self.states[i, place] = State(
                path=path,
                kind="final" if place[1] else "state",
                accepts=accepts,
                deferred=deferred,
                discarded=_in_all([state.discarded for state, _ in held]),
                source=min((r.source for r in regions if r.source), key=str, default=None),
                evidence=reduce(or_, known, Evidence()),
                regions=regions[0].regions if regions else (),
                active=any(state.active for state, _ in held),
            )

    def _short(self, i: int, place: Place, places: Iterable[tuple[int, Place]]) -> Path:
        """The path in the region, without the region's own name where that goes without saying."""
        path, ended = place
        name = self.group.names[i].partition("#")[0]
        paths = [p for (j, (p, is_end)) in places if j == i and not is_end]
        if ended or not all(p[0] == name and len(p) > 1 for p in paths):
            return path
        self.short.add(self.group.names[i])
        return path[1:]

    def factored(self, own: list[Transition]) -> Factored:
        """The whole graph, with the regions apart."""
        graph, initial = self.graph, self.regions.initial
        held = {state.name for state in self.group.states}
        first = self.states[0, initial[0]].name
        box = "/".join(self.box)
        mine = {id(edge) for edge in own}
        edges: list[Transition] = []
        stands_for: list[tuple[int, ...]] = []
        places: dict[int, list[int]] = {}
        for number, edge in enumerate(graph.transitions):
            if id(edge) in mine:
                places.setdefault(id(edge), []).append(number)
                continue
            stands_for.append((number,))
            if edge.source in held:
                edge = edge.model_copy(update={"source": first})
            if edge.target in held:
                update = {"target": first, "entry": edge.entry or box}
                edge = edge.model_copy(update=update)
            edges.append(edge)
        for part in self.regions.parts:
            edges.append(self._edge(part, first, box))
            same = {number for edge in self.proof[part] for number in places[id(edge)]}
            stands_for.append(tuple(sorted(same)))
        states = [state for state in graph.states if state.name not in held]
        place = min(i for i, state in enumerate(graph.states) if state.name in held)
        states[place:place] = self.states.values()
        apart = graph.model_copy(
            update={
                "states": tuple(states),
                "transitions": tuple(edges),
                "initial": tuple(first if one in held else one for one in graph.initial),
                "composites": tuple(self._composites(held, first)),
            }
        )
        parts_of: dict[str, tuple[str, ...]] = {state.name: (state.name,) for state in states}
        for state in self.group.states:
            together = enumerate(combination_of(state))
            parts_of[state.name] = tuple(self.states[i, place].name for i, place in together)
        return Factored(apart, parts_of, tuple(stands_for))

    def _edge(self, part: Part, first: str, box: str) -> Transition:
        proof = self.proof[part]
        at = min((edge.at for edge in proof if edge.at), key=str, default=None)
        source, border = first, box
        if part.place is not None:
            state = self.states[part.region, part.place]
            source, border, at = state.name, "", state.source or at
        elif not part.is_join:
            borders = {edge.border for edge in proof if edge.border}
            border = next((one for one in sorted(borders) if is_round(one, self.box)), box)
        target: str | None = None
        entry = None
        if part.label.kind == "internal" and part.place is None:
            target = first
        elif not isinstance(part.target, str):
            target = self.states[part.region, part.target].name
        elif part.target in {state.name for state in self.group.states}:
            target, entry = first, box
        else:
            target = part.target
            entry = next((edge.entry for edge in proof if edge.entry), None)
        seen = {id(edge): edge.evidence for edge in proof}
        return Transition(
            source=source,
            event=part.label.event,
            target=target,
            kind=part.label.kind,  # type: ignore[arg-type]  # it was the kind of an edge
            guard=part.label.guard,
            outputs=part.label.outputs,
            border=border or None,
            entry=entry,
            at=at,
            evidence=reduce(or_, seen.values(), Evidence()),
        )

    def _composites(self, held: set[str], first: str) -> Iterator[Composite]:
        """What was known of blocks, and the regions."""
        old = len(self.group.path)
        known = {}
        for block in self.graph.composites:
            path = block.path
            region, inner = "".join(path[old : old + 1]), path[old + 1 :]
            if path[:old] == self.group.path and region in self.group.names:
                if region in self.short and inner[:1] == (region.partition("#")[0],):
                    inner = inner[1:]
                path = (*self.box, region, *inner)
            initial = first if block.initial in held else block.initial
            known[path] = block.model_copy(update={"path": path, "initial": initial})
        whole = known.get(self.box, Composite(path=self.box))
        known[self.box] = whole.model_copy(update={"regions": self.group.names})
        for i, name in enumerate(self.group.names):
            path = (*self.box, name)
            initial = self.states[i, self.regions.initial[i]].name
            block = known.get(path, Composite(path=path))
            known[path] = block.model_copy(update={"initial": initial})
        yield from known.values()


def _in_all(sets: list[tuple[str, ...]]) -> tuple[str, ...]:
    if not sets:
        return ()
    return tuple(text for text in sets[0] if all(text in other for other in sets))
