"""Regions apart: states that are combinations of regions, as the regions that they combine.

A graph is flat: two regions of two states each are eight states, with those in which one has
ended, and every edge of one region stands there once for each state of the other.  That says what
happens, and hides that the regions are independent.  Here the regions are taken apart again.

It is never guessed that they can be.  From the edges that move one region alone it is read what
each region does (`_Reader`).  What was read is multiplied again, by the rules in
`flowlet.introspect.model.multiply`, and has to be the very graph, edge by edge, with guards and
outputs.  Where it is not, because the regions do depend on each other or only a part of the graph
is known, nothing is changed: the combinations are exact as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from .multiply import Combination, Label, Part, Place, Regions, once
from .parts import Composite, Evidence, Region, State, Transition
from .quotient import unused

if TYPE_CHECKING:
    from .graph import StateGraph

Path = tuple[str, ...]


def factored(graph: StateGraph) -> StateGraph:
    """The graph with all regions apart that are independent of each other."""
    settled: set[tuple[Path, tuple[str, ...]]] = set()
    while True:
        group = next((one for one in _groups(graph) if one.key not in settled), None)
        if group is None:
            return graph
        settled.add(group.key)
        graph = group.apart(graph)


def _groups(graph: StateGraph) -> Iterator[_Group]:
    found: dict[tuple[Path, tuple[str, ...]], list[State]] = {}
    for state in graph.states:
        if len(state.regions) > 1 and state.kind == "state" and not state.folded:
            key = state.path[:-1], tuple(region.name for region in state.regions)
            found.setdefault(key, []).append(state)
    for (path, names), states in found.items():
        yield _Group(path, names, states)


def _place(region: Region) -> Place:
    return region.path, region.kind == "final"


def _combination(state: State) -> Combination:
    return tuple(map(_place, state.regions))


@dataclass(slots=True)
class _Group:
    """The states in which the same regions are side by side."""

    path: Path
    names: tuple[str, ...]
    states: list[State]

    @property
    def key(self) -> tuple[Path, tuple[str, ...]]:
        return self.path, self.names

    def apart(self, graph: StateGraph) -> StateGraph:
        """The graph with these regions apart, or as it was."""
        combos = {state.name: _combination(state) for state in self.states}
        if len(set(combos.values())) < len(combos):
            return graph
        box = _box(graph, self)
        # Edges at the border of a composite round these regions are of that one.
        outer = {block.name for block in graph.composites if block.regions}
        outer = {name for name in outer if _is_round(name, box)}
        own = [
            edge for edge in graph.transitions if edge.source in combos and edge.border not in outer
        ]
        entries = {edge.target for edge in graph.transitions if edge.target in combos}
        entries -= {edge.target for edge in own}
        entries |= {
            edge.target
            for edge in graph.transitions
            if edge.target in combos and (edge.source not in combos or edge.border in outer)
        }
        entries |= set(graph.initial) & set(combos)
        entries |= {block.initial for block in graph.composites if block.initial in combos}
        if len(entries) != 1 or any(edge.change for edge in own):
            return graph
        (entry,) = entries
        for comes_back in (False, True):
            reader = _Reader(combos, {s.name: s for s in self.states}, own, entry, comes_back)
            regions = reader.regions()
            if regions is None:
                continue
            proof = _proof(regions, combos, own)
            if proof is not None:
                built = _Built(graph, self, box, regions, proof, outer)
                if built.keeps_mail():
                    return built.graph_apart(own)
        return graph


def _is_round(name: str, box: Path) -> bool:
    return any("/".join(box[:depth]) == name for depth in range(1, len(box)))


def _box(graph: StateGraph, group: _Group) -> Path:
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


def _label(edge: Transition) -> Label:
    return Label(edge.event, edge.kind, edge.guard, edge.outputs)


#: Of each edge of the decomposition, the edges of the graph that it is in.
_Proof = dict[Part, list[Transition]]


def _proof(
    regions: Regions, combos: dict[str, Combination], own: list[Transition]
) -> _Proof | None:
    """What stands for what, if the regions multiplied are this part of the graph; else `None`."""
    multiplied = regions.multiplied()
    if set(multiplied) != set(combos.values()):
        return None
    there: dict[tuple[Combination, Label, Combination | str], list[Transition]] = {}
    for edge in own:
        target = combos.get(edge.target, edge.target)
        there.setdefault((combos[edge.source], _label(edge), target), []).append(edge)
    proof: _Proof = {part: [] for part in regions.parts}
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


@dataclass(slots=True)
class _Reader:
    """Reads out of the combinations what each region does by itself.

    What it gives is a proposal: it is the proof that decides.
    """

    combos: dict[str, Combination]
    states: dict[str, State]
    edges: list[Transition]
    entry: str
    #: Whether an edge to the initial combination that could be either is one that comes back in.
    comes_back: bool
    found: Regions = field(init=False)
    all: set[Combination] = field(init=False)

    def regions(self) -> Regions | None:
        """The regions, if they can be read."""
        self.all = set(self.combos.values())
        self.found = Regions(self.combos[self.entry], self.entry)
        inside: list[Transition] = []
        leaving: dict[tuple[Label, str], set[Combination]] = {}
        again: dict[Label, set[Combination]] = {}
        for edge in self.edges:
            if edge.target == self.entry:
                again.setdefault(_label(edge), set()).add(self.combos[edge.source])
        for edge in self.edges:
            if edge.target not in self.combos or self._comes_back(edge, again):
                place = leaving.setdefault((_label(edge), edge.target), set())
                place.add(self.combos[edge.source])
            else:
                inside.append(edge)
        self.found.rounds = self._rounds(inside)
        joins = [
            (source, label, target)
            for (label, target), sources in leaving.items()
            for source in self._leave(label, target, sources, inside)
        ]
        moved = self._moves(inside)
        stayed = self._loops(inside)
        joined = self._joins(joins)
        return self.found if moved and stayed and joined else None

    def _comes_back(self, edge: Transition, again: dict[Label, set[Combination]]) -> bool:
        """Whether an edge from one combination to the initial one leaves, and comes back in."""
        if edge.target != self.entry:
            return False
        source, target = self.combos[edge.source], self.combos[edge.target]
        if any(a != b and a[1] for a, b in zip(source, target, strict=True)):
            return True  # no region goes on once it has ended
        taken = any(self._accepts(i, place, edge.event) for i, place in enumerate(source))
        if len(self.all) > 1 and again[_label(edge)] == self.all and not taken:
            return True
        return self.comes_back and source != target and edge.kind != "internal"

    def _accepts(self, region: int, place: Place, event: str) -> bool | None:
        """Whether a region takes an event there; `None` where nothing is known of that."""
        states = [s for s in self.states.values() if _place(s.regions[region]) == place]
        if not any(event in other.accepts for s in self.states.values() for other in s.regions):
            return None
        return any(event in state.regions[region].accepts for state in states)

    def _rounds(self, inside: list[Transition]) -> frozenset[str]:
        """The events that move several regions at once, or could."""
        found = set()
        for edge in self.edges:
            if edge.kind not in ("event", "internal"):
                continue
            source = self.combos[edge.source]
            takers = [self._accepts(i, place, edge.event) for i, place in enumerate(source)]
            if sum(map(bool, takers)) > 1:
                found.add(edge.event)
        for edge in inside:
            source, target = self.combos[edge.source], self.combos[edge.target]
            if sum(a != b for a, b in zip(source, target, strict=True)) > 1:
                found.add(edge.event)
        return frozenset(found)

    def _add(self, part: Part) -> None:
        self.found.parts[part] = None

    def _with(self, region: int, place: Place) -> set[Combination]:
        return {combo for combo in self.all if combo[region] == place}

    def _leave(
        self, label: Label, target: str, sources: set[Combination], inside: list[Transition]
    ) -> list[Combination]:
        """Read the edges out of the border and out of one region; the rest are of the join."""
        taken = {
            self.combos[edge.source]
            for edge in inside
            if edge.event == label.event and edge.kind == label.kind == "event"
        }
        if len(self.all) > 1 and sources == self.all - taken and len(sources) > 1:
            self._add(Part(-1, None, label, target))
            return []
        left = set(sources)
        for region in range(len(self.found.initial)):
            for place in sorted({combo[region] for combo in sources}):
                whole = self._with(region, place)
                is_live = not place[1] and any(
                    not all(ended for _, ended in (*c[:region], *c[region + 1 :])) for c in whole
                )
                if is_live and whole <= sources:
                    self._add(Part(region, place, label, target))
                    left -= whole
        return sorted(left)

    def _moves(self, inside: list[Transition]) -> bool:
        """Read the edges that move one region, then those that move several."""
        together = []
        for edge in inside:
            source, target = self.combos[edge.source], self.combos[edge.target]
            moved = [i for i, (a, b) in enumerate(zip(source, target, strict=True)) if a != b]
            if len(moved) == 1:
                (region,) = moved
                others_take = edge.event in self.found.rounds and any(
                    self._accepts(i, place, edge.event)
                    for i, place in enumerate(source)
                    if i != region
                )
                if others_take and edge.outputs:
                    together.append(edge)  # some of its outputs may be another one's
                else:
                    self._add(Part(region, source[region], _label(edge), target[region]))
            elif moved:
                together.append(edge)
        for edge in together:
            source, target = self.combos[edge.source], self.combos[edge.target]
            for i, (place, to) in enumerate(zip(source, target, strict=True)):
                known = [
                    p
                    for p in self.found.of(i, place)
                    if p.target == to and p.label[:2] == (edge.event, edge.kind)
                ]
                if place == to or known:
                    continue
                if edge.outputs:
                    return False  # whose they are is nowhere to be seen
                self._add(Part(i, place, _label(edge), to))
        return True

    def _loops(self, inside: list[Transition]) -> bool:
        """Read the edges that move nothing: of a region, or of the whole."""
        loops: dict[Label, set[Combination]] = {}
        sources: dict[str, set[Combination]] = {}
        for edge in inside:
            sources.setdefault(edge.event, set()).add(self.combos[edge.source])
            if edge.source == edge.target:
                loops.setdefault(_label(edge), set()).add(self.combos[edge.source])
        for label, where in loops.items():
            goes = sources[label.event] if label.event in self.found.rounds else where
            ways: list[tuple[int, list[Part]]] = []
            for region in range(len(self.found.initial)):
                places = {combo[region] for combo in where}
                fit = [
                    place
                    for place in sorted(places)
                    if not place[1]
                    and self._accepts(region, place, label.event) is not False
                    and self._with(region, place) <= goes
                ]
                covered = {combo for place in fit for combo in self._with(region, place)}
                if where <= covered:
                    ways.append((len(fit), [Part(region, p, label, p) for p in fit]))
            if ways:
                for part in min(ways, key=lambda way: way[0])[1]:
                    self._add(part)
            elif where == self.all:
                self._add(Part(-1, None, label._replace(kind="internal"), self.entry))
            else:
                return False
        return True

    def _joins(self, joins: list[tuple[Combination, Label, str]]) -> bool:
        """Read where it goes on when all have ended: the same, whichever ends last."""
        found: set[tuple[tuple[str, ...], str]] = set()
        for source, label, target in joins:
            live = [i for i, (_, ended) in enumerate(source) if not ended]
            if len(live) != 1:
                # Several end in one round: that is in the proof, if each is known to end so.
                if label.event in self.found.rounds:
                    continue
                return False
            last = [
                part
                for part in self.found.of(live[0], source[live[0]])
                if not isinstance(part.target, str)
                and part.target[1]
                and part.label[:3] == label[:3]
                and label.outputs[: len(part.label.outputs)] == part.label.outputs
            ]
            if not last:
                return False
            longest = max(len(part.label.outputs) for part in last)
            found.add((label.outputs[longest:], target))
        if len(found) > 1:
            return False
        for outputs, target in found:
            self._add(Part(-1, None, Label("", "done", "", outputs), target, is_join=True))
        return True


@dataclass(slots=True)
class _Built:
    """The graph with the regions apart."""

    graph: StateGraph
    group: _Group
    box: Path
    regions: Regions
    proof: _Proof
    outer: set[str]
    names: dict[tuple[int, Place], Path] = field(default_factory=dict)
    states: dict[tuple[int, Place], State] = field(default_factory=dict)

    def keeps_mail(self) -> bool:
        """Whether what each combination defers is what its regions do."""
        self._make_states()
        for state in self.group.states:
            of_regions = {
                event
                for i, place in enumerate(_combination(state))
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
                places.setdefault((i, _place(region)), []).append((state, region))
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
                source=next((region.source for region in regions if region.source), None),
                evidence=reduce(or_, known, Evidence()),
                regions=regions[0].regions if regions else (),
                active=any(state.active for state, _ in held),
            )

    def _short(self, i: int, place: Place, places: Iterable[tuple[int, Place]]) -> Path:
        """The path in the region, without the region's own name where that goes without saying."""
        path, ended = place
        name = self.group.names[i].partition("#")[0]
        paths = [p for (j, (p, is_end)) in places if j == i and not is_end]
        if ended or len(path) < 2 or not all(p[0] == name and len(p) > 1 for p in paths):
            return path
        return path[1:]

    def graph_apart(self, own: list[Transition]) -> StateGraph:
        """The whole graph, with the regions apart."""
        graph, initial = self.graph, self.regions.initial
        held = {state.name for state in self.group.states}
        first = self.states[0, initial[0]].name
        box = "/".join(self.box)
        mine = {id(edge) for edge in own}
        edges = []
        for edge in graph.transitions:
            if id(edge) in mine:
                continue
            if edge.source in held:
                edge = edge.model_copy(update={"source": first})
            if edge.target in held:
                update = {"target": first, "entry": edge.entry or box}
                edge = edge.model_copy(update=update)
            edges.append(edge)
        edges += [self._edge(part, first, box) for part in self.regions.parts]
        states = [state for state in graph.states if state.name not in held]
        place = min(i for i, state in enumerate(graph.states) if state.name in held)
        states[place:place] = self.states.values()
        return graph.model_copy(
            update={
                "states": tuple(states),
                "transitions": tuple(edges),
                "initial": tuple(first if one in held else one for one in graph.initial),
                "composites": tuple(self._composites(held, first)),
            }
        )

    def _edge(self, part: Part, first: str, box: str) -> Transition:
        proof = self.proof[part]
        at = proof[0].at
        source, border = first, box
        if part.place is not None:
            state = self.states[part.region, part.place]
            source, border, at = state.name, "", state.source or at
        elif not part.is_join:
            borders = {edge.border for edge in proof if edge.border}
            border = next((one for one in sorted(borders) if _is_round(one, self.box)), box)
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
            if path[:old] == self.group.path and path[old : old + 1] in [
                (name,) for name in self.group.names
            ]:
                path = (*self.box, *path[old:])
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
