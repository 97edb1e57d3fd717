"""What does not hold: the predicates asked in each new state, and faults that need no asking.

A *fault* is known by the state in which it is seen, or by the move out of it; from there it is told
with a shortest way to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .. import names
from .check import Failure, FailureKind, Predicate
from .found import Step
from .liveness import Lasso, unfair_way
from .moves import Move
from .network import NetworkKind
from .product import Product
from .system import step_of, steps_to
from .telling_steps import child_name
from .view import View


@dataclass(slots=True)
class Fault:
    """Something that does not hold: what, and where in the search that is seen."""

    kind: FailureKind
    name: str
    text: str
    #: Where it is seen, or -1: in no state.
    state: int
    move: Move | None = None
    lasso: Lasso | None = None
    actor: str = ""


class Asked:
    """The predicates, and the first state in which each was decided."""

    def __init__(
        self,
        always: dict[str, Predicate],
        never: dict[str, Predicate],
        sometimes: dict[str, Predicate],
        eventually: dict[str, Predicate],
    ) -> None:
        self.always: dict[str, Predicate] = always
        self.never: dict[str, Predicate] = never
        self.sometimes: dict[str, Predicate] = sometimes
        self.eventually: dict[str, Predicate] = eventually
        self.decided: dict[tuple[FailureKind, str], int] = {}
        self.holds: dict[str, set[int]] = {}

    def predicate(self, kind: str, name: str) -> Predicate | None:
        """The predicate that failed."""
        known = {
            "always": self.always, "never": self.never, "sometimes": self.sometimes,
            "eventually": self.eventually,
        }  # fmt: skip
        return known.get(kind, {}).get(name)

    def watch(self, product: Product) -> Callable[[int], bool]:
        """What is called with each new state."""
        self.decided = {}
        product.predicates = {**self.always, **self.never, **self.sometimes}
        self.holds = {name: set() for name in self.eventually}
        open_ones: list[tuple[FailureKind, str, Predicate, bool]] = [
            *(("always", name, fn, False) for name, fn in self.always.items()),
            *(("never", name, fn, True) for name, fn in self.never.items()),
            *(("sometimes", name, fn, True) for name, fn in self.sometimes.items()),
        ]
        eventually, holds, decided = self.eventually, self.holds, self.decided

        def visit(state: int) -> bool:
            view = View(product, state)
            for each in list(open_ones):
                kind, name, predicate, decides = each
                if bool(predicate(view)) is decides:
                    decided[kind, name] = state
                    open_ones.remove(each)
            for name, predicate in eventually.items():
                if predicate(view):
                    holds[name].add(state)
            return False

        return visit

    def failures(self, product: Product) -> Iterator[Fault]:
        """What does not hold, nearest first."""
        order = {state: number for number, state in enumerate(product.parent)}
        for (kind, name), state in sorted(self.decided.items(), key=lambda each: order[each[1]]):
            if kind != "sometimes":
                text = "does not hold here" if kind == "always" else "holds here"
                yield Fault(kind, name, text, state)
        for name in self.sometimes:
            if ("sometimes", name) not in self.decided:
                seen = "that is reachable" if product.complete else "of those that were seen"
                yield Fault("sometimes", name, f"holds in no state {seen}", -1)
        for name in self.eventually:
            lasso = unfair_way(product, self.holds[name])
            if lasso is not None:
                text = "does not come: it ends here" if not lasso.loop else "may never come"
                yield Fault("eventually", name, text, lasso.state, lasso=lasso)


def crashes(product: Product) -> Iterator[Fault]:
    """The first failure of each actor that nobody watches."""
    crashed = {
        (machine.number, state.number): state.error
        for machine in product.machines
        for state in machine.states
        if state.error is not None
    }
    watched = {
        other for machine in product.machines for state in machine.states for other in state.watches
    }
    seen: set[int] = set()

    def fault(actor: int, local: int, state: int, move: Move | None = None) -> Fault:
        seen.add(actor)
        name, error = product.names[actor], crashed[actor, local]
        place = (getattr(error, "__notes__", None) or [""])[0].rpartition(", ")[2]
        text = f"{name} fails with {type(error).__name__}: {error}, {place}"
        return Fault("crash", f"{name} crashes", text, state, move, actor=name)

    for state, before in product.parent.items() if crashed else ():
        for actor in {actor for actor, _ in crashed} - seen:
            if _is_watched(product, state, actor):
                continue
            local = product.fields.local(state, actor)
            if (actor, local) in crashed and (actor not in watched or before == -1):
                yield fault(actor, local, state)
            elif actor in watched:  # it may have failed on another way, and been heard of since
                for move in product.known(actor, state):
                    assert move.outcome is not None
                    if (actor, move.outcome.target) in crashed:
                        yield fault(actor, move.outcome.target, state, move)
                        break


def _is_watched(product: Product, state: int, actor: int) -> bool:
    """Whether somebody is still to hear of the end of an actor."""
    return any(actor in product.local(state, other).watches for other in range(len(product.names)))


def unexpected(product: Product) -> Iterator[Fault]:
    """The first state in which each actor throws away a message."""
    throws = any(
        outcome.verdict == "discarded" or outcome.threw
        for machine in product.machines
        for local in machine.states
        for _, outcome in local.ran
    )
    seen: set[tuple[str, str]] = set()
    for state in product.parent if throws else ():
        for move in product.all_moves(state):
            for name, kind, label in _thrown(product, move, state):
                if (name, kind) not in seen:
                    seen.add((name, kind))
                    text = (
                        f"{name} throws away {label}, which it does not take here; receive it "
                        "there, defer it, or say unexpected=False"
                    )
                    what = f"{name} does not take {label}"
                    yield Fault("unexpected event", what, text, state, move, actor=name)


def _thrown(product: Product, move: Move, state: int) -> Iterator[tuple[str, str, str]]:
    """Who throws away what in a move: a type of event, and what it is called."""
    outcome = move.outcome
    if outcome is None:
        return
    name = product.names[move.actor]
    if outcome.verdict == "discarded" and move.message is not None:
        yield name, type(move.message.event).__name__, move.message.label
    for slot, label in outcome.threw:
        child = product.local(state, move.actor).standing(slot).child_name
        yield child_name(name, child), label, label


def deadlocks(product: Product, strict: bool) -> Iterator[Fault]:
    """The first state that leads nowhere, although somebody waits for something."""
    for state in product.terminal:
        if state in product.at_bounds:
            continue  # more is possible there than was looked at
        waiting = [
            (child_name(name, one.child_name), one)
            for actor, name in enumerate(product.names)
            if (local := product.local(state, actor)).alive and not local.cut
            for one in local.all
        ]
        kept = product.network.ordered and bool(product.network.in_flight(state))
        stuck = [name for name, local in waiting if strict or local.stuck]
        if waiting and (stuck or kept):
            who = ", ".join(f"{name} in {names.text(at.path)} at {at.line}" for name, at in waiting)
            yield Fault("deadlock", "deadlock", f"nothing can happen any more: {who}", state)
            return


def tell(
    product: Product,
    target: Callable[..., Any],
    fault: Fault,
    asked: Asked,
    options: Mapping[str, Any],
) -> Failure:
    """A fault as people get it: with the steps there, and a test to paste."""
    predicate = asked.predicate(fault.kind, fault.name)
    network: NetworkKind = options.get("network", "fifo")
    if fault.state < 0:
        return Failure(
            fault.kind, fault.name, fault.text, [], system=target, predicate=predicate,
            network=network, options=options,
        )  # fmt: skip
    path = steps_to(product, fault.state)
    loop: list[Step] = []
    here = fault.state
    if fault.move is not None:
        after = here + fault.move.add | fault.move.bits
        path.append(step_of(product, fault.move, here, after))
        here = after
    if fault.lasso is not None:
        loop = [
            step_of(product, move, state, state + move.add | move.bits)
            for move, state in fault.lasso.loop
        ]
    states = {name: product.local(here, actor).path for actor, name in enumerate(product.names)}
    return Failure(
        fault.kind, fault.name, fault.text, path, loop, states, target, predicate, network,
        fault.actor, options,
    )  # fmt: skip
