"""Checking: what holds in every state, in none, in some, and in the end on every way.

The search is the same as exploring's, with the predicates asked in each new state.  It goes
breadth first, so the first state that fails a predicate is reached by a shortest way; and that way
is run again, on all actors together, before it is told.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from ..errors import ExploreError
from .explore import Progress, Time, check_options, listed_events, listed_names
from .found import Step

if TYPE_CHECKING:
    from .alphabet import Examples
    from .network import NetworkKind
    from .symmetry import Symmetry
    from .system import SystemExploration

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
        from .counterexample import as_pytest

        return as_pytest(self)

    def __str__(self) -> str:
        from .counterexample import sequence

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
    # What searches and what finds: `flowlet.introspect` says why they come only now.
    from . import faults
    from .rehearsal import audit_way
    from .system import Options, explore_system

    options = Options(
        network, lossy, time, within, symmetry, events, examples, keep, "live", max_states, progress
    )
    asked = faults.Asked(
        _named(always, "always"), _named(never, "never"), _named(sometimes, "sometimes"),
        _named(eventually, "eventually"),
    )  # fmt: skip
    found = explore_system(target, options, asked.watch)
    product = found._product
    failures = [
        *asked.failures(product),
        *(faults.crashes(product) if crash else ()),
        *(faults.unexpected(product) if unexpected else ()),
        *(faults.deadlocks(product, strict=deadlock == "strict") if deadlock else ()),
    ]
    failed = [faults.tell(product, target, fault, asked, told) for fault in failures]
    for fault in failures:
        if fault.state >= 0 and symmetry is None:
            audit_way(product, fault.state, () if fault.lasso is None else fault.lasso.loop)
    product.dispose()
    return Verdict(failed, found)


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
