"""Graphs of what a search through a system has found: of one actor, and of all side by side."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .. import names
from ..instrument import Record, Sent
from ..source import reading_of
from .guards import Tracer
from .local import LocalMachine, LocalState, Outcome
from .model import Evidence, State, StateGraph, StateKind, Transition
from .product import Product
from .record import Follower, GraphBuilder, Move
from .scene import Scene, Stimulus
from .telling import fields_of


def graph_of_actor(
    product: Product, machine: LocalMachine, complete: bool, notes: Iterable[str]
) -> StateGraph:
    """What one actor did: each of its steps is run once more, and listened to."""
    fn = names.unwrapped(product.variants[0][1].cast[machine.number].function)
    builder = GraphBuilder(machine.name, explored=True)
    tracer = Tracer(reading_of(fn).functions)
    with tracer:
        for state in list(machine.states):
            for stimulus, event, cells, outcome in state.steps.values():
                _draw(product, machine, builder, tracer, state, stimulus, event, cells, outcome)
    for state in machine.states:
        if state.alive and state.goes != "start":
            shown = dict.fromkeys([*map(_label, state.accepts), *state.timers])
            builder.accepts.setdefault(state.path, {}).update(shown)
    return builder.build(complete, tuple(notes))


def _label(kind: type) -> str:
    from ..events import label_of_type

    return label_of_type(kind)


def _draw(
    product: Product,
    machine: LocalMachine,
    builder: GraphBuilder,
    tracer: Tracer,
    state: LocalState,
    stimulus: Stimulus,
    event: Any,
    cells: tuple[int, ...],
    outcome: Outcome,
) -> None:
    scene = (
        product.scene_of(state.origin[1].place)
        if state.goes == "start"
        else machine.replayed(state)
    )
    ref = scene.cast[machine.number]
    follower = Follower(ref.state or None)
    moves: list[Move] = []

    def hear(record: Record) -> None:
        if isinstance(record, Sent):
            if record.sender is ref and record.actor is not ref:
                follower.sent(record)
        elif record.actor is ref:
            move = follower.take(record)
            if move is not None:
                moves.append(move)

    scene.listen(hear)
    product.exchange.set_cells(scene, cells)
    chosen = Stimulus(stimulus.kind, stimulus.place, outcome.picks)
    tracer.begin([fiber.gr_frame for fiber in ref._fiber.all_fibers()] if ref._fiber else [])
    try:
        scene.play(ref, chosen, product.exchange.here(event, scene))
    finally:
        tracer.end()
    picks = [(f"choose {number}", text) for number, text in enumerate(outcome.chose)]
    for move in moves:
        move.atoms = (*tracer.atoms.items(), *fields_of(move.cause), *picks)
        builder.add(move)
    _forget(scene)


def _forget(scene: Scene) -> None:
    scene.listeners.clear()
    scene.dispose()


def graph_of_system(product: Product, complete: bool, notes: Iterable[str]) -> StateGraph:
    """The actors' states side by side."""
    texts: dict[int, str] = {}

    def name_of(state: int) -> str:
        if state not in texts:
            parts = [names.text(product.local(state, a).path) for a in range(len(product.names))]
            texts[state] = " | ".join(parts)
        return texts[state]

    states: dict[str, StateKind] = {}
    edges: dict[tuple[str, str, str], Transition] = {}
    initial: dict[str, None] = {}
    for state, parent in product.parent.items():
        name = name_of(state)
        local = [product.local(state, actor) for actor in range(len(product.names))]
        kind: StateKind = "state"
        if any(each.error is not None for each in local):
            kind = "error"
        elif all(not each.alive for each in local):
            kind = "final"
        states.setdefault(name, kind)
        if parent == -1:
            initial[name] = None
        for move in product.all_moves(state):
            target = state + move.add | move.bits
            if target not in product.parent:
                continue
            label = product.label(move, state)
            key = name, label, name_of(target)
            if key not in edges:
                edges[key] = Transition(
                    source=name, event=label, target=key[2], evidence=Evidence(reachable=True)
                )
    return StateGraph(
        name=" | ".join(product.names),
        states=tuple(
            State(path=(name,), kind=kind, evidence=Evidence(reachable=True))
            for name, kind in states.items()
        ),
        transitions=tuple(edges.values()),
        initial=tuple(initial),
        complete=complete,
        notes=tuple(notes),
    )
