"""The unfolded graph: each state of a search by itself, and each edge by what exactly happened.

The graph that people read has one state for all that is called alike, so an edge needs a guard in
words where data decides.  Here nothing is left to words: states that differ in data are apart, an
edge is labelled by the event with its fields and by what was chosen, and from one state one label
leads to one place.  So a program that knows nothing of the code can run it.

States that are called alike are numbered inside a block of that name, in the order in which they
were found: `paid/#1`, `paid/#2`.  What was given out stands at the edge in full and in order;
what was given out before the first wait, at an eventless edge out of the transient state `begins`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from .. import names
from ..events import label_of_type
from .model import (
    Evidence,
    Source,
    State,
    StateGraph,
    StateKind,
    Transition,
    TransitionKind,
    side_by_side,
)
from .moves import Move
from .product import Product
from .scene import START
from .standing import LocalState

Path = tuple[str, ...]

_KINDS: dict[str, TransitionKind] = {"timer": "timeout", "exited": "done"}
_KNOWN = Evidence(reachable=True)


def unfolded(product: Product, complete: bool, notes: Iterable[str]) -> StateGraph:
    """The graph of the states that a search has found, each by itself."""
    notes = tuple(notes)
    if product.signature is not None:
        complete = False
        notes += (
            "under symmetry one state stands for all that are like it, and edges to those are not "
            "here: explore without symmetry= for all of them",
        )
    paths = _paths(product)
    first = [state for state, parent in product.parent.items() if parent == -1]
    begins = list(_beginnings(product, paths, first))
    states = [_state(product, state, path) for state, path in paths.items()]
    initial: Iterable[str] = ("/".join(paths[state]) for state in first)
    if any(edge.outputs for edge in begins):
        states.insert(0, State(path=(begins[0].source,), kind="transient", evidence=_KNOWN))
        initial = (begins[0].source,)
    else:
        begins = []
    edges = (edge for state in paths for edge in _edges(product, state, paths))
    return StateGraph(
        name=side_by_side(product.names),
        states=tuple(states),
        transitions=tuple(dict.fromkeys((*begins, *edges))),
        initial=tuple(initial),
        complete=complete,
        notes=notes,
    )


def _paths(product: Product) -> dict[int, Path]:
    """What each state is called here, by its number."""
    called = {state: _path(product, state) for state in product.parent}
    same = Counter(called.values())
    taken = {"/".join(path) for path in called.values()}
    number: Counter[Path] = Counter()
    paths = {}
    for state, path in called.items():
        paths[state] = path
        while same[path] > 1:
            number[path] += 1
            paths[state] = (*path, f"#{number[path]}")
            if "/".join(paths[state]) not in taken:
                break
    return paths


def _path(product: Product, state: int) -> Path:
    """What a state is called by people: the actor's, or those of all actors side by side."""
    actors = range(len(product.names))
    if len(actors) == 1:
        return tuple(names.text((part,)) for part in product.local(state, 0).path)
    return (side_by_side(names.text(product.local(state, actor).path) for actor in actors),)


def _state(product: Product, state: int, path: Path) -> State:
    local = [product.local(state, actor) for actor in range(len(product.names))]
    kind: StateKind = "state"
    if any(each.error is not None for each in local):
        kind = "error"
    elif not any(each.alive for each in local):
        kind = "final"
    if len(local) > 1:
        return State(path=path, kind=kind, evidence=_KNOWN)
    (one,) = local
    takes = (*map(label_of_type, one.accepts), *one.timers) if one.alive else ()
    return State(
        path=path,
        kind=kind,
        accepts=tuple(dict.fromkeys(takes)),
        source=_source(one) if one.alive else None,
        evidence=_KNOWN,
    )


def _source(local: LocalState) -> Source | None:
    """Where it waits; of regions, where the first of them does."""
    file, _, line = local.line.split(" and ")[0].rpartition(":")
    return Source(file=file, line=int(line)) if file and line.isdigit() else None


def _edges(product: Product, state: int, paths: dict[int, Path]) -> Iterator[Transition]:
    alone = len(product.names) == 1
    for move in product.all_moves(state):
        target = state + move.add | move.bits
        if target not in paths:
            continue  # outside of the bounds, as the notes say
        actor = max(move.actor, 0)
        local = product.local(state, actor)
        event, kind = product.describe(move, state), move.stimulus.kind
        if alone and move.actor == 0 and not move.stimulus.slot:
            event = event.removeprefix(f"{product.names[0]}: ")
        yield Transition(
            source="/".join(paths[state]),
            event=event,
            target="/".join(paths[target]),
            kind="internal" if _is_in_place(local, move) else _KINDS.get(kind, "event"),
            outputs=_given(local, move),
            at=_source(local) if alone else None,
            evidence=_KNOWN,
        )


def _is_in_place(local: LocalState, move: Move) -> bool:
    """Whether a handler of `on` has done it all, and nothing was left."""
    if move.outcome is None or move.outcome.target != local.number or move.add or move.bits:
        return False
    ran = local.ran.get((move.stimulus._replace(picks=()), move.outcome))
    return (
        ran is not None
        and bool(ran.drawn)
        and all(each.handled is not None and not each.passed for each in ran.drawn)
    )


def _given(local: LocalState, move: Move) -> tuple[str, ...]:
    if move.outcome is None:
        return ()  # a message is lost
    ran = local.ran.get((move.stimulus._replace(picks=()), move.outcome))
    return () if ran is None else ran.given


def _beginnings(
    product: Product, paths: dict[int, Path], first: Iterable[int]
) -> Iterator[Transition]:
    """The ways from the start to each initial state, with what is given out on them."""
    taken = {"/".join(path) for path in paths.values()}
    start = next(name for name in _numbered("begins") if name not in taken)
    for state in first:
        variant, picks = product.beginnings[state]
        given: list[str] = []
        for machine, own in zip(product.machines, picks, strict=True):
            unstarted = machine.by_form["unstarted", variant]
            for (stimulus, outcome), ran in unstarted.ran.items():
                if stimulus == START and outcome.picks == own:
                    given += ran.given
        yield Transition(
            source=start,
            event="",
            target="/".join(paths[state]),
            kind="eventless",
            guard=product.beginning_text(state).removeprefix("begin: "),
            outputs=tuple(given),
            evidence=_KNOWN,
        )


def _numbered(name: str) -> Iterator[str]:
    yield name
    number = 1
    while True:
        number += 1
        yield f"{name} #{number}"
