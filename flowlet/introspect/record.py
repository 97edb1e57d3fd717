"""From a stream of records to a graph: the part that exploring and observing share.

Both see an actor through the same records, so both name its states and edges alike.  A `Follower`
turns the records of one actor into moves from wait to wait; a `GraphBuilder` collects the moves
and makes a `StateGraph` of them.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

from .. import names
from ..actor import ActorRef
from ..events import Timeout, label_of
from ..instrument import Delivered, Emitted, Ended, Parked, Record, Restarted, Sent
from ..watching import Exited
from .inside import parts_of, regions_of, remembering
from .model import (
    Composite,
    Evidence,
    Region,
    Source,
    State,
    StateGraph,
    StateKind,
    Transition,
    TransitionKind,
)
from .model.quotient import regions_together
from .slashes import doubtful_names, marked
from .telling import Way, guarded

Path = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Stop:
    """Where a move ends: a wait, or the end of the actor."""

    path: Path
    kind: StateKind
    source: Source | None = None
    #: Of a wait: where the regions are, and the blocks round it that remember.
    regions: tuple[Region, ...] = ()
    remembering: tuple[Composite, ...] = ()


@dataclass(slots=True)
class Move:
    """One step of an actor: from one wait, on an event, through blocks, to the next wait."""

    start: Path | None
    event: str
    kind: TransitionKind
    #: The blocks round the `until` that was left, or `None`: the wait itself took the event.
    until: Path | None
    passed: tuple[Path, ...]
    stop: Stop
    #: What was given out, each with the number of the leg on which it was: up to the first passed
    #: block, from there to the second, …
    outputs: tuple[tuple[int, str], ...]
    #: The event itself, and what the explorer found out about the way (see `guards`).
    cause: object = None
    atoms: Way = ()
    #: Whether it goes on with what an earlier step has begun: between the two the actor has waited
    #: for the end of its children, which is no state of its own.
    continues: bool = False
    #: Whether a later step goes on with it.
    is_half: bool = False
    #: The blocks round the `on` that has handled the event, or `None`.
    handled: Path | None = None

    def and_then(self, rest: Move) -> Move:
        """This half and the one that goes on with it."""
        return Move(
            self.start,
            self.event,
            self.kind,
            self.until,
            (*self.passed, *rest.passed),
            rest.stop,
            tuple(dict.fromkeys((*self.outputs, *rest.outputs))),
            self.cause,
            tuple(dict.fromkeys((*self.atoms, *rest.atoms))),
            continues=self.continues,
            is_half=rest.is_half,
            handled=self.handled,
        )


class Follower:
    """Follows one actor through its records; `in_steps`, through those of one step of it."""

    def __init__(self, at: Path | None = None, in_steps: bool = False) -> None:
        self.at = at
        self.in_steps = in_steps
        self.cause: Delivered | None = None
        self.has_arrived: bool = False
        self.outputs: list[tuple[Path, int, str]] = []

    def take(self, record: Record) -> Move | None:
        """The move that this record completes, if it does."""
        match record:
            case Delivered():
                self.cause = record
            case Emitted(value=value):
                self._given(record.actor, f"emit {_value_text(value)}")
            case Parked(state=state, passed=passed, where=(file, line)):
                fiber = record.actor._fiber
                inside = regions_of(fiber), tuple(remembering(fiber))
                return self._arrive(passed, Stop(state, "state", _source(file, line), *inside))
            case Ended(state=state, passed=passed, error=error):
                return self._arrive(passed, Stop(state, "final" if error is None else "error"))
            case Restarted(error=error):
                # One life has ended, and another begins.
                last = Stop(("end",), "final")
                if error is not None:
                    last = Stop((f"error: {type(error).__name__}",), "error")
                move = self._arrive((), last)
                self.at = None
                return move
        return None

    def sent(self, record: Sent) -> None:
        """This actor has sent something to another."""
        if record.sender is not None:
            text = f"send {label_of(record.event)} to {record.actor.name}"
            self._given(record.sender, text)

    def _given(self, ref: ActorRef[Any], text: str) -> None:
        """Note an output with where it was given out: the block, and the blocks passed before."""
        fiber = ref._fiber
        passed = names.passed_blocks(fiber.entered, fiber.path)
        self.outputs.append((names.path_of(fiber.path), len(passed), text))

    def half(self, at: Path) -> Move | None:
        """The move that this step has begun and not ended, in an actor that stands there now.

        It has a cause, or is the clean-up of an actor that ends by the failure of a child.
        """
        if self.cause is None and (self.at is None or self.has_arrived):
            return None
        move = self._arrive((), Stop(at, "state"))
        assert move is not None
        move.is_half = True
        return move

    def _arrive(self, passed: tuple[Path, ...], stop: Stop) -> Move | None:
        start, cause = self.at, self.cause
        self.has_arrived = True
        # What was given out inside a block that turns out to be passed comes after that block.
        outputs = tuple(
            dict.fromkeys(
                (min(leg + (passed[leg : leg + 1] == (block,)), len(passed)), text)
                for block, leg, text in self.outputs
            )
        )
        self.at, self.cause, self.outputs = stop.path, None, []
        if cause is None:
            # Without a cause it is the first wait, or the clean-up of an actor that is stopped.
            if start is not None and stop.kind != "error" and not self.in_steps:
                return None
            return Move(
                start, "", "eventless", None, passed, stop, outputs, continues=start is not None
            )
        event = cause.event
        return Move(
            start,
            label_of(event),
            kind_of(type(event)),
            cause.block,
            passed,
            stop,
            outputs,
            event,
            handled=cause.handled,
        )


def kind_of(event: type) -> TransitionKind:
    """What kind of edge an event of that type makes."""
    if issubclass(event, Timeout):
        return "timeout"
    return "done" if issubclass(event, Exited) else "event"


@functools.lru_cache(maxsize=4096)
def _source(file: str, line: int) -> Source:
    return Source(file=file, line=line)


def _value_text(value: object) -> str:
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, str | int | float | bool | None | bytes):
        return repr(value)
    return label_of(value)


@dataclass(slots=True)
class _Edge:
    kind: TransitionKind
    #: The blocks round what took the event, where that was an `until` or an `on`.
    taker: Path | None
    source: Source | None
    count: int = 0


#: What took an event, the event, and where that leads: nowhere, if it was in place.
_Taken = tuple[Path | None, str, Path | None]


def _taken(edge: _Edge, event: str, target: Path) -> _Taken:
    return edge.taker, event, None if edge.kind == "internal" else target


@dataclass(slots=True)
class GraphBuilder:
    """Collects the moves of actors of one function."""

    name: str
    explored: bool
    states: dict[Path, tuple[StateKind, Source | None]] = field(default_factory=dict)
    accepts: dict[Path, dict[str, None]] = field(default_factory=dict)
    deferred: dict[Path, dict[str, None]] = field(default_factory=dict)
    initial: dict[Path, None] = field(default_factory=dict)
    edges: dict[tuple[Path, str, Path, tuple[str, ...], Way], _Edge] = field(default_factory=dict)
    visits: dict[Path, int] = field(default_factory=dict)
    regions: dict[Path, tuple[Region, ...]] = field(default_factory=dict)
    remembering: dict[Composite, None] = field(default_factory=dict)

    def add(self, move: Move) -> None:
        """Count a move."""
        stop = move.stop
        for path in move.passed:
            self.states.setdefault(path, ("transient", None))
        here = self.states.get(stop.path)
        if here is None or (here[0] == "transient" and stop.kind == "state"):
            self.states[stop.path] = (stop.kind, stop.source)
        self.visits[stop.path] = self.visits.get(stop.path, 0) + 1
        self._look_inside(stop)
        way = [*move.passed, stop.path]
        kind, taker = move.kind, move.until
        if move.handled is not None and way == [move.start]:
            kind, taker = "internal", move.handled  # in place: no block was left
        if move.start is None:
            self.initial[way[0]] = None
            way, start = way[1:], way[0]
            event, first_leg = "", 1
        else:
            start, event, first_leg = move.start, move.event, 0
        for place, target in enumerate(way):
            first = place == 0 and move.start is not None
            leg = place + first_leg
            self._edge(
                start,
                event if first else "",
                target,
                tuple(text for given, text in move.outputs if given == leg),
                move.atoms if first else (),
                kind if first else "eventless",
                taker if first else None,
            )
            start = target

    def _look_inside(self, stop: Stop) -> None:
        self.remembering.update(dict.fromkeys(stop.remembering))
        if stop.regions:
            known = self.regions.get(stop.path, stop.regions)
            self.regions[stop.path] = regions_together(known, stop.regions)

    def _edge(
        self,
        start: Path,
        event: str,
        target: Path,
        outputs: tuple[str, ...],
        atoms: Way,
        kind: TransitionKind,
        taker: Path | None,
    ) -> None:
        key = (start, event, target, outputs, atoms)
        edge = self.edges.get(key)
        if edge is None:
            source = self.states.get(start, (None, None))[1]
            edge = self.edges[key] = _Edge(kind, taker, source)
        edge.count += 1

    def build(self, complete: bool = True, notes: Iterable[str] = ()) -> StateGraph:
        """The graph of all that was added."""
        doubtful = doubtful_names(self.states)
        if not doubtful:
            return self._built(complete, notes)
        told = ", ".join(sorted(doubtful))
        note = (
            f"several states or blocks would be called {told}: a slash that is part of a name is "
        )
        note += "marked there, as \\/; another name for one of them reads better"
        return self._marked(doubtful)._built(complete, [*notes, note])

    def _built(self, complete: bool, notes: Iterable[str]) -> StateGraph:
        borders = self._borders()
        transitions = []
        for (start, event, target, outputs, guard), edge in guarded(self.edges).items():
            border = borders.get(_taken(edge, event, target))
            transitions.append(
                Transition(
                    source=names.text(start),
                    event=event,
                    target=names.text(target),
                    kind=edge.kind,
                    guard=guard,
                    outputs=outputs,
                    border=border if border is not None and _inside(start, border) else None,
                    at=edge.source,
                    evidence=self._evidence(edge.count),
                )
            )
        states = tuple(
            State(
                path=parts_of(path),
                kind=kind,
                source=source,
                accepts=tuple(self.accepts.get(path, ())),
                deferred=tuple(self.deferred.get(path, ())),
                regions=self.regions.get(path, ()) if kind == "state" else (),
                evidence=self._evidence(self.visits.get(path, 0)),
            )
            for path, (kind, source) in self.states.items()
        )
        return StateGraph(
            name=self.name,
            states=states,
            transitions=tuple(transitions),
            initial=tuple(map(names.text, self.initial)),
            complete=complete,
            notes=tuple(notes),
            composites=tuple(sorted(self.remembering, key=lambda block: block.path)),
        )

    def _marked(self, doubtful: set[str]) -> GraphBuilder:
        """The same, with the slashes marked that are part of a name."""

        def to(path: Path | None) -> Any:
            return path and marked(path, doubtful)

        edges = {
            (to(start), event, to(target), outputs, way): replace(edge, taker=to(edge.taker))
            for (start, event, target, outputs, way), edge in self.edges.items()
        }
        blocks = (block.model_copy(update={"path": to(block.path)}) for block in self.remembering)
        return replace(
            self,
            states={to(path): known for path, known in self.states.items()},
            accepts={to(path): known for path, known in self.accepts.items()},
            deferred={to(path): known for path, known in self.deferred.items()},
            initial=dict.fromkeys(map(to, self.initial)),
            edges=edges,
            visits={to(path): count for path, count in self.visits.items()},
            regions={to(path): inside for path, inside in self.regions.items()},
            remembering=dict.fromkeys(blocks),
        )

    def _evidence(self, count: int) -> Evidence:
        return Evidence(reachable=True) if self.explored else Evidence(seen=count)

    def _borders(self) -> dict[_Taken, str]:
        """The composite from whose border each edge of an `until` can be drawn, and of an `on`.

        It is the innermost block that holds all the states left by that edge, if every state in
        it has the edge, or takes the event itself.
        """
        sources: dict[_Taken, set[Path]] = {}
        own: dict[str, set[Path]] = {}
        for (start, event, target, _, _), edge in self.edges.items():
            if edge.taker is None:
                own.setdefault(event, set()).add(start)
            else:
                sources.setdefault(_taken(edge, event, target), set()).add(start)
        borders = {}
        for key, starts in sources.items():
            shared = _common(starts)
            if len(starts) == 1:
                shared = shared[:-1]  # the box round the one state, if the `until` is inside it
            if not shared or len(shared) < len(key[0] or ()):
                continue
            inside = {
                path
                for path, (kind, _) in self.states.items()
                if kind == "state" and path[: len(shared)] == shared
            }
            if inside <= starts | own.get(key[1], set()):
                borders[key] = names.text(shared)
        return borders


def _common(paths: Iterable[Path]) -> Path:
    shared: Path | None = None
    for path in paths:
        if shared is None:
            shared = path
        while path[: len(shared)] != shared:
            shared = shared[:-1]
    return shared or ()


def _inside(path: Path, border: str) -> bool:
    name = names.text(path)
    return name == border or name.startswith(border + "/")
