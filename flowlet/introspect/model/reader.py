"""What each region does by itself, read out of the states in which several are combined.

An edge that moves one region alone is that region's.  One that moves several is an event which all
of them are offered.  One that is there whatever the others are, and leads out, leaves from a state
of one region, or from the border.  What is read is a proposal: `flowlet.introspect.model.factor`
proves it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .multiply import Combination, Label, Part, Place, Regions
from .parts import Region, State, Transition


def place_of(region: Region) -> Place:
    """Where a region is."""
    return region.path, region.kind == "final"


def combination_of(state: State) -> Combination:
    """Where all regions are."""
    return tuple(map(place_of, state.regions))


def label_of(edge: Transition) -> Label:
    """What stands at an edge."""
    return Label(edge.event, edge.kind, edge.guard, edge.outputs)


@dataclass(slots=True)
class Reader:
    """Reads the regions of one composite."""

    combos: dict[str, Combination]
    states: dict[str, State]
    edges: list[Transition]
    entry: str
    #: Whether an edge to the initial combination that could be either leaves, and comes back in.
    comes_back: bool
    #: The composite itself and the blocks round it: an edge from the border of one is of no region.
    around: frozenset[str] = frozenset()
    found: Regions = field(init=False)
    at_border: set[Label] = field(init=False)
    all: set[Combination] = field(init=False)
    #: By region and place: what is accepted there, and the combinations with that place.
    accepted: dict[tuple[int, Place], set[str]] = field(init=False)
    holding: dict[tuple[int, Place], set[Combination]] = field(init=False)

    def regions(self) -> Regions | None:
        """The regions, if they can be read."""
        self.all = set(self.combos.values())
        inner = {label_of(edge) for edge in self.edges if edge.border not in self.around}
        self.at_border = {label_of(edge) for edge in self.edges} - inner
        self.accepted, self.holding = {}, {}
        for name, state in self.states.items():
            for i, region in enumerate(state.regions):
                here = i, place_of(region)
                self.accepted.setdefault(here, set()).update(region.accepts)
                self.holding.setdefault(here, set()).add(self.combos[name])
        self.found = Regions(self.combos[self.entry], self.entry)
        inside: list[Transition] = []
        leaving: dict[tuple[Label, str], set[Combination]] = {}
        again: dict[Label, set[Combination]] = {}
        for edge in self.edges:
            if edge.target == self.entry:
                again.setdefault(label_of(edge), set()).add(self.combos[edge.source])
        back = {label for label, sources in again.items() if self._comes_back(label, sources)}
        for edge in self.edges:
            comes_back = edge.target == self.entry and label_of(edge) in back
            if edge.target not in self.combos or comes_back:
                place = leaving.setdefault((label_of(edge), edge.target), set())
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

    def _comes_back(self, label: Label, sources: set[Combination]) -> bool:
        """Whether an edge to the initial combination, from all of these, leaves and comes back in.

        The other possibility is that a region has moved there.
        """
        places = [
            [(i, a, b) for i, (a, b) in enumerate(zip(source, self.found.initial, strict=True))]
            for source in sources
        ]
        moved = [[(i, a) for i, a, b in pairs if a != b] for pairs in places]
        if any(ended for pairs in moved for _, (_, ended) in pairs):
            return True  # no region goes on once it has ended
        takes = [self._accepts(i, a, label.event) for pairs in moved for i, a in pairs]
        if False in takes:
            return True  # what has moved does not take that
        if None in takes and len(self.all) > 1 and sources == self.all:
            return True
        return self.comes_back and any(len(pairs) > 1 for pairs in moved)

    def _accepts(self, region: int, place: Place, event: str) -> bool | None:
        """Whether a region takes an event there; `None` where nothing is known of that."""
        if not any(event in accepted for accepted in self.accepted.values()):
            return None
        return event in self.accepted.get((region, place), ())

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
        return self.holding.get((region, place), set())

    def _leave(
        self, label: Label, target: str, sources: set[Combination], inside: list[Transition]
    ) -> list[Combination]:
        """Read the edges out of the border and out of one region; the rest are of the join."""
        taken = {
            self.combos[edge.source]
            for edge in inside
            if edge.event == label.event and edge.kind == label.kind == "event"
        }
        is_sure = label in self.at_border or (len(self.all) > 1 and len(sources) > 1)
        if is_sure and sources == self.all - taken:
            self._add(Part(-1, None, label, target))
            return []
        left = set(sources)
        for region in range(len(self.found.initial)):
            for place in sorted({combo[region] for combo in sources}):
                whole = self._with(region, place)
                is_live = not place[1] and any(
                    not all(ended for _, ended in (*c[:region], *c[region + 1 :])) for c in whole
                )
                may_take = self._accepts(region, place, label.event) is not False
                if is_live and may_take and whole <= sources and whole & left:
                    self._add(Part(region, place, label, target))
                    left -= whole
        return sorted(left)

    def _moves(self, inside: list[Transition]) -> bool:
        """Read the edges in which one region has a part, then those in which several have."""
        together = []
        for edge in inside:
            source, target = self.combos[edge.source], self.combos[edge.target]
            moved = [i for i, (a, b) in enumerate(zip(source, target, strict=True)) if a != b]
            takers = self._takers(edge) or moved
            if len(takers) == 1:
                (i,) = takers
                self._add(Part(i, source[i], label_of(edge), target[i]))
            elif takers:
                together.append((edge, takers))
        return all(self._shares(edge, takers) for edge, takers in together)

    def _shares(self, edge: Transition, takers: list[int]) -> bool:
        """Read what is each one's share in an edge, of which some may be known already."""
        source, target = self.combos[edge.source], self.combos[edge.target]
        outputs = edge.outputs
        unknown = []
        for i in takers:
            known = [
                part.label.outputs
                for part in self.found.of(i, source[i])
                if part.target == target[i] and part.label[:2] == (edge.event, edge.kind)
            ]
            if not known:
                unknown.append(i)
            outputs = tuple(text for text in outputs if not any(text in own for own in known))
        if outputs and len(unknown) > 1:
            return False  # whose they are is nowhere to be seen
        for i in unknown:
            self._add(Part(i, source[i], label_of(edge)._replace(outputs=outputs), target[i]))
        return True

    def _takers(self, edge: Transition) -> list[int]:
        """The regions that take the event of an edge, of one that is offered to all."""
        if edge.event not in self.found.rounds:
            return []
        source = self.combos[edge.source]
        return [i for i, place in enumerate(source) if self._accepts(i, place, edge.event)]

    def _loops(self, inside: list[Transition]) -> bool:
        """Read the edges that move nothing: of a region, or of the whole."""
        loops: dict[Label, set[Combination]] = {}
        sources: dict[str, set[Combination]] = {}
        for edge in inside:
            sources.setdefault(edge.event, set()).add(self.combos[edge.source])
            if edge.source == edge.target and not self._takers(edge):
                loops.setdefault(label_of(edge), set()).add(self.combos[edge.source])
        for label, where in loops.items():
            if label in self.at_border and where == self.all:
                self._add(Part(-1, None, label._replace(kind="internal"), self.entry))
                continue
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
