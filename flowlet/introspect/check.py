"""Checking: what holds in every state, in none, in some, and in the end on every way.

The search is the same as exploring's, with the predicates asked in each new state.  It goes
breadth first, so the first state that fails a predicate is reached by a shortest way; and that way
is run again, on all actors together, before it is told.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from .. import names
from ..errors import ExploreError
from .alphabet import Examples
from .counterexample import as_pytest, sequence
from .explore import Progress, Time, check_options, listed_events, listed_names
from .found import Step
from .liveness import Lasso, unfair_way
from .network import NetworkKind
from .product import Product
from .rehearsal import audit_way
from .symmetry import Symmetry
from .system import Options, SystemExploration, explore_system, step_of, steps_to
from .telling_steps import child_name
from .universe import Move
from .view import View

Predicate = Callable[[Any], object]
Predicates = Mapping[str, Predicate] | Iterable[Predicate] | Predicate | None
FailureKind = Literal[
    "always", "never", "sometimes", "eventually", "deadlock", "crash", "unexpected event"
]


@dataclass(frozen=True)
class Failure:
    """One thing that does not hold, with a shortest way to where that is seen.

    `path` is the steps there; `loop`, for what never comes, those that may then go on for ever.
    """

    kind: FailureKind
    name: str
    text: str
    path: list[Step]
    loop: list[Step] = field(default_factory=list)
    states: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    system: Callable[..., Any] | None = field(default=None, repr=False)
    predicate: Predicate | None = field(default=None, repr=False)
    network: NetworkKind = "fifo"
    #: Whose fault a crash or a message that is thrown away is.
    actor: str = ""
    #: What `check` was told, where that is not what it takes by itself.
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def as_pytest(self) -> str:
        """A test function, as code, that fails as long as it is so: paste it into a test file."""
        return as_pytest(self)

    def __str__(self) -> str:
        return sequence(self)


@dataclass(frozen=True)
class Verdict:
    """What a check has found.

    ```python
    verdict = check(system, never={"two leaders": two_leaders})
    assert verdict.ok, verdict
    ```

    `ok` is true where nothing failed; `complete` says whether every state was seen, and `notes`
    what was not.
    """

    failures: list[Failure]
    exploration: SystemExploration

    @property
    def ok(self) -> bool:
        """Whether nothing failed."""
        return not self.failures

    def __bool__(self) -> bool:
        return self.ok

    @property
    def complete(self) -> bool:
        """Whether every state was seen."""
        return self.exploration.complete

    @property
    def notes(self) -> tuple[str, ...]:
        """What was assumed, and what was left out."""
        return self.exploration.notes

    def __str__(self) -> str:
        x = self.exploration
        rate = x.unique_states / x.seconds if x.seconds else 0.0
        lines = [str(failure) for failure in self.failures]
        lines.append(
            f"{'ok' if self.ok else f'{len(self.failures)} failed'}: {x.unique_states} states, "
            f"{x.transitions} transitions in {x.seconds:.2f} s ({rate:,.0f} states/s), "
            f"{x.runs} runs of real code"
        )
        if not self.complete:
            lines.append("not complete: what was not seen may fail")
        lines += [f"note: {note}" for note in self.notes]
        many = [f"{name} {count}" for name, count in list(x.variables().items())[:5] if count > 1]
        if many:
            lines.append(f"most values: {', '.join(many)}")
        return "\n".join(lines)


def check(
    target: Callable[..., Any],
    *,
    always: Predicates = None,
    never: Predicates = None,
    sometimes: Predicates = None,
    eventually: Predicates = None,
    deadlock: bool | Literal["strict"] = True,
    crash: bool = True,
    unexpected: bool = True,
    network: NetworkKind = "fifo",
    lossy: bool = False,
    time: Time = "any",
    within: Predicate | None = None,
    symmetry: Symmetry = None,
    events: Iterable[Any] | None = None,
    examples: Examples = None,
    keep: Collection[str] = (),
    max_states: int = 1_000_000,
    progress: Progress | None = None,
) -> Verdict:
    """Prove properties over all reachable states of a system, or show a shortest way to a fault.

    ```python
    verdict = check(system, always={"one leader": lambda v: sum(
        a.state == ("leader",) for a in v.actors) <= 1})
    print(verdict)
    verdict.failures[0].path
    ```

    Predicates take a view `v`: `v["name"]` and `v.actors` (`state`, `alive`, `result`, `locals`),
    `v.cells`, `v.in_flight`.  `always` holds in every state and `never` in none; `sometimes` in at
    least one; `eventually` is reached on every way, if what stays possible happens at last (weak
    fairness).  Without being asked, a `crash`, an `unexpected` event (thrown away, because nothing
    took it) and a `deadlock` are found: no successor, with an actor in a wait that others have to
    end, or with mail that is kept; `"strict"` counts every actor that waits.  The rest is as for
    `explore`.

    Raises `ExploreError` where the code cannot be explored exactly.
    """
    check_options(target, time, "live", max_states, within, symmetry, examples)
    keep = listed_names(keep)
    if deadlock not in (True, False, "strict"):
        raise ExploreError(f'deadlock is True, False or "strict", not {deadlock!r}')
    if eventually is not None and symmetry is not None:
        raise ExploreError("eventually= cannot be told under symmetry=; check it without")
    events = listed_events(events)
    told = {
        name: value
        for name, value, otherwise in (
            ("network", network, "fifo"), ("lossy", lossy, False), ("time", time, "any"),
            ("within", within, None), ("symmetry", symmetry, None), ("events", events, None),
            ("examples", examples, None), ("keep", keep, ()), ("max_states", max_states, 1_000_000),
            ("deadlock", deadlock, True),
        )
        if value != otherwise
    }  # fmt: skip
    options = Options(
        network, lossy, time, within, symmetry, events, examples, keep, "live", max_states, progress
    )
    asked = _Asked(
        _named(always, "always"), _named(never, "never"), _named(sometimes, "sometimes"),
        _named(eventually, "eventually"),
    )  # fmt: skip
    found = explore_system(target, options, asked.watch)
    product = found._product
    failures = [
        *asked.failures(product),
        *(_crashes(product) if crash else ()),
        *(_unexpected(product) if unexpected else ()),
        *(_deadlocks(product, strict=deadlock == "strict") if deadlock else ()),
    ]
    failed = [_tell(product, target, fault, asked, told) for fault in failures]
    for fault in failures:
        if fault.state >= 0 and symmetry is None:
            audit_way(product, fault.state, () if fault.lasso is None else fault.lasso.loop)
    product.dispose()
    return Verdict(failed, found)


@dataclass(slots=True)
class _Fault:
    kind: FailureKind
    name: str
    text: str
    #: Where it is seen, or -1: in no state.
    state: int
    move: Move | None = None
    lasso: Lasso | None = None
    actor: str = ""


class _Asked:
    """The predicates, and the first state in which each was decided."""

    def __init__(
        self,
        always: dict[str, Predicate],
        never: dict[str, Predicate],
        sometimes: dict[str, Predicate],
        eventually: dict[str, Predicate],
    ) -> None:
        self.always, self.never = always, never
        self.sometimes, self.eventually = sometimes, eventually
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

    def failures(self, product: Product) -> Iterator[_Fault]:
        """What does not hold, nearest first."""
        order = {state: number for number, state in enumerate(product.parent)}
        for (kind, name), state in sorted(self.decided.items(), key=lambda each: order[each[1]]):
            if kind != "sometimes":
                text = "does not hold here" if kind == "always" else "holds here"
                yield _Fault(kind, name, text, state)
        for name in self.sometimes:
            if ("sometimes", name) not in self.decided:
                seen = "that is reachable" if product.complete else "of those that were seen"
                yield _Fault("sometimes", name, f"holds in no state {seen}", -1)
        for name in self.eventually:
            lasso = unfair_way(product, self.holds[name])
            if lasso is not None:
                text = "does not come: it ends here" if not lasso.loop else "may never come"
                yield _Fault("eventually", name, text, lasso.state, lasso=lasso)


def _named(predicates: Predicates, kind: str) -> dict[str, Predicate]:
    if predicates is None:
        return {}
    if isinstance(predicates, Mapping):
        found = dict(predicates)
    else:
        listed = [predicates] if callable(predicates) else list(predicates)
        found = {getattr(fn, "__name__", f"{kind} {n}"): fn for n, fn in enumerate(listed, 1)}
    for name, predicate in found.items():
        if not callable(predicate):
            raise ExploreError(
                f"{kind}={{{name!r}: …}} takes a function of a view, not {predicate!r}: "
                'lambda v: v["server"].state != ("stuck",)'
            )
    return found


def _crashes(product: Product) -> Iterator[_Fault]:
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

    def fault(actor: int, local: int, state: int, move: Move | None = None) -> _Fault:
        seen.add(actor)
        name, error = product.names[actor], crashed[actor, local]
        place = (getattr(error, "__notes__", None) or [""])[0].rpartition(", ")[2]
        text = f"{name} fails with {type(error).__name__}: {error}, {place}"
        return _Fault("crash", f"{name} crashes", text, state, move, actor=name)

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


def _unexpected(product: Product) -> Iterator[_Fault]:
    """The first state in which each actor throws away a message."""
    throws = any(
        outcome.verdict == "discarded" or outcome.threw
        for machine in product.machines
        for local in machine.states
        for _, outcome in local.drawn
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
                    yield _Fault("unexpected event", what, text, state, move, actor=name)


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


def _deadlocks(product: Product, strict: bool) -> Iterator[_Fault]:
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
            yield _Fault("deadlock", "deadlock", f"nothing can happen any more: {who}", state)
            return


def _tell(
    product: Product,
    target: Callable[..., Any],
    fault: _Fault,
    asked: _Asked,
    options: Mapping[str, Any],
) -> Failure:
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
