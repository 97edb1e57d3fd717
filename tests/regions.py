"""Regions made up at random, and what they do side by side, worked out in two ways of its own.

`multiplied` combines regions as `parallel` and `race` run them.  `Chart` runs a graph in which
regions stand apart, and gives all that it can do: what is drawn has to do what was combined.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field

from hypothesis import strategies as st

from flowlet.introspect.model import Evidence, Region, State, StateGraph, Transition, TransitionKind

END = "end"


@dataclass(frozen=True)
class Step:
    """An edge of a region."""

    source: str
    event: str
    target: str
    outputs: tuple[str, ...] = ()

    @property
    def kind(self) -> TransitionKind:
        return "timeout" if self.event.startswith("after") else "event"


@dataclass(frozen=True)
class Made:
    """Regions in a block `on`, with what is round them."""

    steps: tuple[tuple[Step, ...], ...]
    race: bool = False
    off: bool = True
    again: bool = False
    spoilt: int | None = None

    @property
    def names(self) -> list[str]:
        return [f"region{i}" for i in range(len(self.steps))]


def _edge(source: str, step: Step, target: str, outputs: tuple[str, ...]) -> Transition:
    outputs = tuple(dict.fromkeys(outputs))
    return Transition(
        source=source,
        event=step.event,
        target=target,
        kind=step.kind,
        outputs=outputs,
        evidence=Evidence(reachable=True),
    )


def multiplied(made: Made) -> StateGraph:
    """The graph of those regions, as exploring them would give it."""
    start = tuple(f"{i}a" for i in range(len(made.steps)))
    after = "on/" + " | ".join(start) if made.again else "after"
    states: dict[tuple[str, ...], None] = {}
    edges: dict[Transition, None] = {}
    todo = [start]
    while todo:
        here = todo.pop()
        if here in states:
            continue
        states[here] = None
        name = "on/" + " | ".join(here)
        own = [
            [s for s in steps if s.source == p] for steps, p in zip(made.steps, here, strict=True)
        ]
        for event in sorted({step.event for steps in own for step in steps}):
            takers: list[list[Step | None]] = [
                [*(s for s in steps if s.event == event)] or [None] for steps in own
            ]
            rounds: Iterator[tuple[Step | None, ...]] = itertools.product(*takers)
            if event.startswith("after"):  # a time is for one region
                rounds = (
                    tuple(step if i == j else None for j in range(len(own)))
                    for i, steps in enumerate(takers)
                    for step in steps
                    if step is not None
                )
            for moves in rounds:
                there = tuple(m.target if m else p for m, p in zip(moves, here, strict=True))
                outputs = tuple(text for m in moves if m for text in m.outputs)
                some = next(m for m in moves if m)
                if (any if made.race else all)(place == END for place in there):
                    edges[_edge(name, some, after, (*outputs, "over"))] = None
                else:
                    edges[_edge(name, some, "on/" + " | ".join(there), outputs)] = None
                    todo.append(there)
        if made.off:
            edges[_edge(name, Step("", "Off", ""), "idle", ())] = None
    go = _edge("idle", Step("", "Go", ""), "on/" + " | ".join(start), ())
    return StateGraph(
        name="made",
        states=(
            State(path=("idle",)),
            *(_state(made, places) for places in states),
            *(() if made.again else (State(path=("after",)),)),
        ),
        transitions=(go, *_spoilt(list(edges), made.spoilt)),
        initial=("idle",),
    )


def _spoilt(edges: list[Transition], which: int | None) -> list[Transition]:
    """One of the edges does something that it does not do elsewhere."""
    if which is None or not edges:
        return edges
    place = which % len(edges)
    edge = edges[place].model_copy(update={"outputs": (*edges[place].outputs, "odd")})
    return [*edges[:place], edge, *edges[place + 1 :]]


def _state(made: Made, places: tuple[str, ...]) -> State:
    regions = tuple(
        Region(
            name=name,
            path=(place,),
            kind="final" if place == END else "state",
            accepts=tuple(dict.fromkeys(s.event for s in steps if s.source == place)),
        )
        for name, steps, place in zip(made.names, made.steps, places, strict=True)
    )
    return State(path=("on", " | ".join(places)), regions=regions)


@st.composite
def regions(draw: st.DrawFn, shared: bool = True, spoilt: bool = False) -> Made:
    """Two or three regions of up to three states, with events of their own, and `shared` ones."""
    all_steps = []
    for i in range(draw(st.integers(2, 3))):
        places = [f"{i}{letter}" for letter in "abc"[: draw(st.integers(1, 3))]]
        events = [f"E{i}", f"F{i}", f"after {i}s"]
        events += ["Tick", "Tock", "after 9s"] if shared else []
        steps: dict[tuple[str, str], Step] = {}
        for source in places:
            for event in draw(st.lists(st.sampled_from(events), max_size=2, unique=True)):
                target = draw(st.sampled_from([*places, END]))
                outputs = draw(st.sampled_from([(), (), (f"out {event} {i}",)]))
                steps[source, event] = Step(source, event, target, outputs)
        all_steps.append(tuple(steps.values()))
    return Made(
        tuple(all_steps),
        race=draw(st.booleans()),
        off=draw(st.booleans()),
        again=draw(st.booleans()),
        spoilt=draw(st.integers(0, 99)) if spoilt else None,
    )


# --- running a graph in which regions stand apart ---------------------------------------------

#: The states that a machine is in at once, by their names.
Where = frozenset[str]
Label = tuple[str, str, str, tuple[str, ...]]


@dataclass
class Chart:
    """A graph with regions apart, as a statechart."""

    graph: StateGraph
    regions: dict[str, list[str]] = field(init=False)
    first: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        blocks = self.graph.composites
        self.regions = {b.name: [f"{b.name}/{r}" for r in b.regions] for b in blocks if b.regions}
        self.first = {b.name: b.initial for b in blocks if b.initial}

    def going_in(self, name: str, inside: str = "") -> Where:
        """All states in that box in which it is when it goes to that one."""
        found = {name}
        for box, regions in self.regions.items():
            if box.startswith(inside) and name.startswith(box + "/"):
                for region in regions:
                    if not name.startswith(region + "/"):
                        found |= self.going_in(self.first[region], region + "/")
        return frozenset(found)

    def all_steps(self) -> set[tuple[Where, Label, Where]]:
        """All that can be done."""
        found: set[tuple[Where, Label, Where]] = set()
        seen: set[Where] = set()
        todo = [self.going_in(self.graph.initial[0])]
        while todo:
            here = todo.pop()
            if here not in seen:
                seen.add(here)
                for label, there in self.steps(here, ""):
                    found.add((_plain(here), label, _plain(there)))
                    todo.append(there)
        return found

    def steps(self, here: Where, inside: str) -> Iterator[tuple[Label, Where]]:
        """What can be done in those states, which are all in that box; where it is then."""
        boxes = [b for b in self.regions if b.startswith(inside) and self._in(here, b)]
        if not boxes:
            for name in here:
                for edge in self.graph.transitions:
                    if edge.source == name and not edge.border:
                        yield _label(edge), self._to(edge, inside)
            return
        box = min(boxes, key=len)
        parts = [frozenset(n for n in here if n.startswith(r + "/")) for r in self.regions[box]]
        own = [list(self.steps(p, r + "/")) for p, r in zip(parts, self.regions[box], strict=True)]
        border = [edge for edge in self.graph.transitions if edge.border == box]
        taken = set()
        for event in sorted({label[0] for moves in own for label, _ in moves}):
            takers = [[m for m in moves if m[0][0] == event] for moves in own]
            if any(label[1] != "timeout" for moves in takers for label, _ in moves):
                taken.add(event)
                each: list[list[tuple[Label, Where] | None]] = [[*m] or [None] for m in takers]
                rounds = list(itertools.product(*each))
            else:
                rounds = [
                    tuple(move if i == j else None for j in range(len(own)))
                    for i, moves in enumerate(takers)
                    for move in moves
                ]
            for moves in rounds:
                yield from self._together(box, parts, moves, border, inside)
        for edge in border:
            if edge.kind != "done" and not (edge.kind == "event" and edge.event in taken):
                there = here if edge.kind == "internal" else self._to(edge, inside)
                yield _label(edge), there

    def _together(
        self,
        box: str,
        parts: list[Where],
        moves: tuple[tuple[Label, Where] | None, ...],
        border: list[Transition],
        inside: str,
    ) -> Iterator[tuple[Label, Where]]:
        out = [
            m for m, r in zip(moves, self.regions[box], strict=True) if m and not self._in(m[1], r)
        ]
        outputs = tuple(t for m in out or moves if m for t in m[0][3])
        label = next(m[0] for m in out or moves if m)[:3]
        if out:
            yield (*label, _once(outputs)), out[0][1]
            return
        there = frozenset[str]().union(
            *(
                m[1] & frozenset(n for n in m[1] if n.startswith(r + "/")) if m else p
                for m, p, r in zip(moves, parts, self.regions[box], strict=True)
            )
        )
        kinds = {self.graph.state(name).kind for name in there}
        joins = [edge for edge in border if edge.kind == "done"]
        if kinds == {"final"} and joins:
            for edge in joins:
                yield (*label, _once((*outputs, *edge.outputs))), self._to(edge, inside)
        else:
            yield (*label, _once(outputs)), there

    def _to(self, edge: Transition, inside: str) -> Where:
        """Where an edge leads: all that it goes into, in that box where it stays in there."""
        stays = edge.target.startswith(inside) and (edge.entry or edge.target).startswith(inside)
        return self.going_in(edge.target, inside if stays else "")

    @staticmethod
    def _in(here: Where, box: str) -> bool:
        return all(name.startswith(box + "/") for name in here)


def _once(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))


def _plain(here: Where) -> Where:
    """Without the boxes that regions get where there is no block of their own."""
    return frozenset("/".join(p for p in name.split("/") if " | " not in p) for name in here)


def _label(edge: Transition) -> Label:
    return edge.event, edge.kind, edge.guard, edge.outputs


def steps_of(graph: StateGraph) -> set[tuple[Where, Label, Where]]:
    """All that a graph of combinations can do, with its states named as `Chart` names them."""
    names = {
        state.name: _where(state.path[:-1], state.regions, state.path) for state in graph.states
    }
    return {(names[e.source], _label(e), names[e.target]) for e in graph.transitions}


def _where(round_it: tuple[str, ...], regions: tuple[Region, ...], path: tuple[str, ...]) -> Where:
    if not regions:
        return frozenset({"/".join(path)})
    return frozenset(
        name
        for region in regions
        for name in _where(
            (*round_it, region.name, *region.path[:-1]),
            region.regions,
            (*round_it, region.name, *region.path),
        )
    )
