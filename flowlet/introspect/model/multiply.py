"""What regions do side by side: their states multiplied, as the rules of regions have it.

This is the definition that a decomposition (`flowlet.introspect.model.factor`) is held to.  An
event makes one round: each region that has an edge for it takes one, all in one step.  Everything
else, a time that is up or a wait that is over, is for one region alone.  Where the last region
ends, the composite is left at once; where an edge leads out of a region, it is left too, from
wherever the others are.  An edge at the border is for every combination, but an event is for the
regions first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import NamedTuple

#: A place in a region: its path, and whether it has ended there.
Place = tuple[tuple[str, ...], bool]
Combination = tuple[Place, ...]


class Label(NamedTuple):
    """What stands at an edge."""

    event: str
    kind: str
    guard: str
    outputs: tuple[str, ...]


class Part(NamedTuple):
    """An edge of the decomposition.

    `region` is -1 for those of the whole: they lead out of every combination, or, `is_join`, out of
    the one in which all have ended.  `target` is a place, or the name of a state outside.
    """

    region: int
    place: Place | None
    label: Label
    target: Place | str
    is_join: bool = False


@dataclass(slots=True)
class Regions:
    """Regions side by side."""

    initial: Combination
    #: The name of the initial combination: who leads there has left the composite and comes back.
    entry: str
    parts: dict[Part, None] = field(default_factory=dict)
    #: The events that are offered to all regions; all others are for one alone.
    rounds: frozenset[str] = frozenset()

    def of(self, region: int, place: Place) -> list[Part]:
        """The edges of a region out of one of its places."""
        return [p for p in self.parts if p.region == region and p.place == place]

    def is_round(self, label: Label) -> bool:
        """Whether this is offered to all regions."""
        return label.kind in ("event", "internal") and label.event in self.rounds

    def multiplied(self) -> dict[Combination, dict[tuple[Label, Combination | str], list[Part]]]:
        """By combination: the edges out of it, and of which edges of regions each consists."""
        found: dict[Combination, dict[tuple[Label, Combination | str], list[Part]]] = {}
        own: dict[tuple[int, Place | None], list[Part]] = {}
        for part in self.parts:
            own.setdefault((part.region, part.place), []).append(part)
        todo = [self.initial]
        while todo:
            here = todo.pop()
            if here in found:
                continue
            edges = found[here] = {}
            for label, target, parts in self._edges(here, own):
                edges.setdefault((label, target), []).extend(parts)
                if not isinstance(target, str):
                    todo.append(target)
        return found

    def _edges(
        self, here: Combination, own: dict[tuple[int, Place | None], list[Part]]
    ) -> Iterator[tuple[Label, Combination | str, list[Part]]]:
        by_region = [own.get((region, place), []) for region, place in enumerate(here)]
        taken = {
            part.label.event
            for parts in by_region
            for part in parts
            if part.label.kind in ("event", "internal")
        }
        for part in (part for parts in by_region for part in parts):
            if not self.is_round(part.label):
                yield from self._step(here, part.label, [part])
        for event in sorted(taken & self.rounds):
            takers = [
                some
                for parts in by_region
                if (some := [p for p in parts if p.label.event == event and self.is_round(p.label)])
            ]
            yield from self._round(here, takers)
        for part in own.get((-1, None), ()):
            if part.is_join:
                continue
            if part.label.kind in ("event", "internal") and part.label.event in taken:
                continue
            target: Combination | str = here
            if part.label.kind != "internal" and isinstance(part.target, str):
                target = part.target
            yield part.label, target, [part]

    def _round(
        self, here: Combination, takers: list[list[Part]]
    ) -> Iterator[tuple[Label, Combination | str, list[Part]]]:
        for parts in product(*takers):
            out = [part for part in parts if isinstance(part.target, str)]
            # What leads out decides; of the others it is not told what they did meanwhile.
            moving = list(out or parts)
            guards = {part.label.guard for part in moving}
            label = moving[0].label._replace(
                outputs=once(text for part in moving for text in part.label.outputs),
                guard=" and ".join(sorted(guards - {""})),
            )
            yield from self._step(here, label, moving)

    def _step(
        self, here: Combination, label: Label, parts: list[Part]
    ) -> Iterator[tuple[Label, Combination | str, list[Part]]]:
        there = list(here)
        for part in parts:
            if isinstance(part.target, str):
                yield label, part.target, parts
                return
            there[part.region] = part.target
        if not all(ended for _, ended in there):
            yield label, tuple(there), parts
            return
        for join in self.parts:
            if join.is_join:
                outputs = once((*label.outputs, *join.label.outputs))
                if isinstance(join.target, str):
                    yield label._replace(outputs=outputs), join.target, [*parts, join]


def once(texts: Iterable[str]) -> tuple[str, ...]:
    """Each text once, as an edge has its outputs."""
    return tuple(dict.fromkeys(texts))
