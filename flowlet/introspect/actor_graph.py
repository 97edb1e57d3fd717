"""Graphs of what a search has found: each actor's own, drawn as its steps run, and all as one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from types import CodeType
from typing import Any, Final

from .. import names
from ..actor import ActorRef
from ..errors import ChildFailedError
from ..events import label_of, label_of_type
from ..instrument import Discarded, Emitted, Listener, Record, Sent
from ..source import reading_of
from ..syntax import Code
from .cast import CastRef
from .guards import Ears, Tracer
from .local import LocalMachine
from .model import Evidence, State, StateGraph, StateKind, Transition, side_by_side
from .patience import Patience
from .product import Product
from .record import Follower, GraphBuilder, Move, Path
from .scene import Scene
from .standing import LocalState, Outcome
from .telling import fields_of
from .telling_steps import told
from .tracing import trace


def functions_of(fns: Iterable[Callable[..., Any]]) -> dict[CodeType, Code]:
    """All functions that actors of these run through, as their source is read."""
    found: dict[CodeType, Code] = {}
    for fn in fns:
        found.update(reading_of(names.unwrapped(fn)).functions)
    return found


class Pen:
    """Draws what an actor does, while its steps are run; with their branches, if it traces them."""

    def __init__(self, tracer: Tracer, patience: Patience, traces: bool) -> None:
        self.tracer = tracer
        self.patience = patience
        self.traces = traces
        self.moves: list[Move] = []
        #: What was thrown away in the step, and by whom.
        self.thrown: list[tuple[ActorRef[Any], str]] = []
        #: What was given out in the step, with all that is in it.
        self.given: list[str] = []
        self.follower: Follower = Follower()
        #: What hears of the step that is being run.
        self.listener: Listener | None = None

    def begin(self, scene: Scene, ref: CastRef, path: Path) -> None:
        """A step is about to be run of an actor that stands there."""
        moves = self.moves = []
        self.thrown = []
        given = self.given = []
        follower = self.follower = Follower(path or None, in_steps=True)

        def hear(record: Record) -> None:
            if isinstance(record, Discarded):
                self.thrown.append((record.actor, label_of(record.event)))
            elif isinstance(record, Sent):
                if record.sender is ref and record.actor is not ref and ref.alive:
                    follower.sent(record)
                    given.append(f"send {told(record.event)} to {record.actor.name}")
            elif record.actor is ref:
                if isinstance(record, Emitted):
                    given.append(f"emit {told(record.value)}")
                move = follower.take(record)
                if move is not None:
                    moves.append(move)

        self.listener = hear
        if self.traces:
            self.listener = _unheard(self.tracer.ears, hear)
            # One that has ended left a letter.
            fibers = ref._fiber.all_fibers() if ref.phase != "ended" else []
            self.tracer.begin([fiber.gr_frame for fiber in fibers])
            scene.ears = self.tracer.ears
        scene.listen(self.listener)

    @property
    def has_traced(self) -> bool:
        """Whether it knows the branches of the step."""
        return self.traces and self.tracer.ears.hears

    def end(self, scene: Scene) -> None:
        """It has been run, or has failed."""
        if self.traces:
            scene.ears = None
            self.tracer.ears.unmark()
        assert self.listener is not None
        scene.unlisten(self.listener)

    def drawn(self, outcome: Outcome) -> tuple[Move, ...]:
        """What the step did, as it is drawn."""
        half = self.follower.half(())
        if half is not None:
            self.moves.append(half)
        picks = [(f"choose {number}", text) for number, text in enumerate(outcome.chose)]
        branches = self.tracer.atoms.items() if self.traces else ()
        for move in self.moves:
            move.atoms = (*branches, *fields_of(move.cause), *picks)
        return tuple(self.moves)


def _unheard(ears: Ears, hear: Listener) -> Listener:
    """A listener, of which the ears hear nothing: what it does is no way of the actor's."""

    def listener(record: Record) -> None:
        is_on = ears.is_on
        if is_on:
            ears.pause()
        hear(record)
        if is_on:
            ears.go_on()

    return listener


#: Where an actor ends when a child of it has failed.
_CHILD_FAILED: Final = (f"error: {ChildFailedError.__name__}",)


def graph_of_actor(
    product: Product,
    machine: LocalMachine,
    complete: bool,
    notes: Iterable[str],
    child: str | None = None,
) -> StateGraph:
    """What one actor did, or a child of that name of one."""
    notes = [*notes]
    if _branches_count(machine):
        notes += trace(machine)
    builder = GraphBuilder(child or machine.name, explored=True)
    # A step ends where the actor stands, or goes on in another: with its family, or where regions
    # that have begun have mail of their own to look at.
    is_cut = any(move.is_half for state in machine.states for move in _all_drawn(state))
    halves = _halves(machine, child) if is_cut else {}
    for state in machine.states:
        for step, ran in state.ran.items():
            if state.standing(step[0].slot).child_name != child:
                continue
            if product.taken is None or (machine.number, state.number, step) in product.taken:
                for move in ran.drawn:
                    if not move.is_half:
                        for whole in _whole(move, halves.get(state.number, [])):
                            builder.add(whole)
    standing = [
        one
        for state in machine.states
        for one in state.all
        if one.child_name == child and one.path in builder.states
        if one.alive and one.goes != "start"
    ]
    alphabet = dict.fromkeys(kind for one in standing for kind in one.accepts)
    for one in standing:
        shown = dict.fromkeys([*map(label_of_type, one.accepts), *one.timers])
        builder.accepts.setdefault(one.path, {}).update(shown)
        kept = [
            label_of_type(kind)
            for kind in alphabet
            if issubclass(kind, one.keeps) and not issubclass(kind, one.accepts)
        ]
        builder.deferred.setdefault(one.path, {}).update(dict.fromkeys(kept))
    return builder.build(complete, tuple(notes))


def _branches_count(machine: LocalMachine) -> bool:
    """Whether an event leads from one state to several places, so that conditions are to be told.

    Steps that are only halves of one are taken for such.
    """
    places: dict[tuple[Path | None, str], tuple[Any, ...]] = {}
    for state in machine.states:
        for move in _all_drawn(state):
            place = move.passed, move.stop.path, move.outputs
            if move.is_half or places.setdefault((move.start, move.event), place) != place:
                return True
    return False


def _all_drawn(state: LocalState) -> Iterator[Move]:
    for ran in state.ran.values():
        yield from ran.drawn


def _whole(move: Move, halves: list[Move]) -> list[Move]:
    """A move, each with what it goes on with; what only cleans up is none."""
    if not move.continues:
        return [move]
    if halves:
        # The failure of a child ends an actor; nothing else that it does when stopped is an edge.
        failed = move.stop.path == _CHILD_FAILED
        return [half.and_then(move) for half in halves if failed or not half.continues]
    first = move.start[0] if move.start else ""
    if first == "end" or str(first).startswith("error: "):
        return [replace(move, start=None)]  # a new life of a child that is supervised
    return [move] if move.stop.kind == "error" else []


def _halves(machine: LocalMachine, child: str | None) -> dict[int, list[Move]]:
    """By local state: the moves that an actor, or a child, has begun and waits there to end."""
    found: dict[int, list[Move]] = {}
    todo = list(machine.states)
    while todo:
        state = todo.pop()
        here = found.get(state.number, [])
        for (stimulus, outcome), ran in state.ran.items():
            if state.standing(stimulus.slot).child_name != child:
                begun = here  # another one of the family has done something
            elif ran.drawn:
                begun = []
                for move in ran.drawn:
                    if move.is_half:
                        begun += _whole(move, here)
                        if move.continues and (move.start or ())[-1:] != (names.JOIN,):
                            begun.append(move)
            else:
                begun = here
            there = found.setdefault(outcome.target, [])
            new = [half for half in begun if half not in there]
            if new:
                there += new
                todo.append(machine.states[outcome.target])
    return found


def graph_of_system(product: Product, complete: bool, notes: Iterable[str]) -> StateGraph:
    """The actors' states side by side."""
    actors = range(len(product.names))
    #: By the numbers of the local states: what each state has in common with many others.
    looks: dict[tuple[int, ...], tuple[str, StateKind]] = {}

    def numbers_of(state: int) -> tuple[int, ...]:
        return tuple([product.fields.local(state, actor) for actor in actors])

    def look_of(state: int) -> tuple[str, StateKind]:
        numbers = numbers_of(state)
        look = looks.get(numbers)
        if look is None:
            local = [product.local(state, actor) for actor in actors]
            kind: StateKind = "state"
            if any(each.error is not None for each in local):
                kind = "error"
            elif all(not each.alive for each in local):
                kind = "final"
            look = looks[numbers] = side_by_side(names.text(each.path) for each in local), kind
        return look

    states: dict[str, StateKind] = {}
    edges: dict[tuple[str, str, str], None] = {}
    initial: dict[str, None] = {}
    for state, parent in product.parent.items():
        name, kind = look_of(state)
        states.setdefault(name, kind)
        if parent == -1:
            initial[name] = None
    for move, state in product.distinct_moves(lambda _, state: numbers_of(state)):
        target = look_of(state + move.add | move.bits)[0]
        edges[look_of(state)[0], product.label(move, state), target] = None
    lost: set[tuple[tuple[int, ...], int]] = set()
    for state in product.parent if product.lossy else ():
        numbers = numbers_of(state)
        for message, add in product.network.drops(state):
            if (numbers, message.number) not in lost and state + add in product.parent:
                lost.add((numbers, message.number))
                name = look_of(state)[0]
                edges[name, product.label(product.loss(message, add), state), name] = None
    return StateGraph(
        name=side_by_side(product.names),
        states=tuple(
            State(path=(name,), kind=kind, evidence=Evidence(reachable=True))
            for name, kind in states.items()
        ),
        transitions=tuple(
            Transition(source=source, event=event, target=target, evidence=Evidence(reachable=True))
            for source, event, target in edges
        ),
        initial=tuple(initial),
        complete=complete,
        notes=tuple(notes),
    )
