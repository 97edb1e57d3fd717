"""Exploring a system: the search, what is asked of it, and what it has found."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from itertools import islice
from types import CodeType
from typing import Any, Literal

from .. import names
from ..errors import ExploreError
from ..watching import Exited
from .actor_graph import Pen, functions_of, graph_of_actor, graph_of_system
from .alphabet import Alphabet, Examples
from .family import refuse_strangers
from .found import Step
from .frames_of_views import NameToKeep
from .guards import Tracer
from .identity import Reader
from .late import note_late_replies
from .model import ALIKE, StateGraph
from .model.display import shown_as
from .moves import Move
from .network import NETWORKS, NetworkKind
from .patience import Patience
from .product import Product
from .progress import Progress, line_for, unnoticed
from .rehearsal import audit
from .scene import Scene
from .shared import SharedGlobals
from .standing import LocalState
from .symmetry import Orbits, Symmetry, audit_symmetry, groups_of
from .targets import alone, is_system
from .telling_steps import child_name
from .unfolded import unfolded
from .values import Hooks
from .view import View

Predicate = Callable[[View], object]

#: Ways that are run again in company, to see that the actors share nothing else.
AUDITED = 24
#: Seconds that it may take at least.
LEAST_AUDIT = 2.0
#: And that it takes where somebody has ended the search by Ctrl-C, and waits.
HASTY_AUDIT = 0.2
#: So often may a predicate ask for one more name to count.
MOST_NAMES = 64
#: A notebook draws what has no more states than this without being asked.
MOST_SHOWN = 5_000


@dataclass(frozen=True)
class Options:
    """What an exploration of a system is told."""

    network: NetworkKind = "fifo"
    lossy: bool = False
    time: Literal["any", "ordered"] = "any"
    within: Predicate | None = None
    symmetry: Symmetry = None
    events: Any = None
    examples: Examples = None
    keep: Collection[str] = ()
    identity: Literal["live", "all"] = "live"
    max_states: int = 1_000_000
    progress: Progress | None = None
    audited: bool = True
    early: bool = False
    hooks: Hooks = field(default_factory=dict)


class SystemExploration:
    """What exploring a system found.

    `unique_states` counts the states of the whole system by identity; `terminal_states` those that
    lead nowhere else; `transitions` the steps between waits that were found.  `complete` is false
    where something was cut off, and `notes` says what.
    """

    def __init__(self, product: Product) -> None:
        self._product = product
        self._graph: StateGraph | None = None
        self.unique_states: int = len(product.parent)
        self.terminal_states: int = len(product.terminal)
        self.transitions: int = product.transitions
        self.notes: tuple[str, ...] = tuple(_notes(product))
        self.complete: bool = product.complete and not any(m.notes for m in product.machines)
        #: How long the search took, and how many steps it ran on real greenlets.
        self.seconds: float = product.seconds
        self.runs: int = sum(machine.runs for machine in product.machines)
        self.replays: int = sum(machine.replays for machine in product.machines)

    def __repr__(self) -> str:
        rate = self.unique_states / self.seconds if self.seconds else 0
        return (
            f"<{self.unique_states} states, {self.terminal_states} of them terminal, "
            f"{self.transitions} transitions, {'complete' if self.complete else 'not complete'}; "
            f"{rate:,.0f} states/s, {self.runs} runs>"
        )

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        """The picture of what was found, for a notebook; the words alone where it is too large."""
        if self.unique_states > MOST_SHOWN:
            return {"text/plain": repr(self)}
        shown = shown_as(self.graph)
        return shown | {"text/plain": f"{self!r}\n{shown['text/plain']}"}

    @property
    def kinds(self) -> frozenset[type]:
        """The types of events that are taken somewhere."""
        machines = self._product.machines
        return frozenset(
            k
            for machine in machines
            for state in machine.states
            for one in state.all
            for k in one.accepts
        )

    @property
    def states(self) -> Iterator[View]:
        """All states, nearest first."""
        return (View(self._product, state) for state in self._product.parent)

    @property
    def graph(self) -> StateGraph:
        """The states of the actors side by side, as one graph; of a lone actor, its own."""
        if self._graph is None:
            if len(self._product.names) == 1:
                self._graph = self.graph_of(self._product.names[0])
            else:
                self._graph = graph_of_system(self._product, self.complete, self.notes)
        return self._graph

    @property
    def unfolded(self) -> StateGraph:
        """Each state by itself, edges by the event with its fields: no guard is left in words."""
        return unfolded(self._product, self.complete, self.notes)

    def graph_of(self, name: str) -> StateGraph:
        """The graph of one actor: what it does in this system; or of a child that it spawns."""
        product = self._product
        if name in product.exchange.numbers:
            machine = product.machines[product.exchange.numbers[name]]
            return graph_of_actor(product, machine, self.complete, self.notes)
        root, _, child = name.rpartition("/")
        families = [m for m in product.machines if root in ("", m.name) and child in m.child_names]
        if len(families) == 1:
            return graph_of_actor(product, families[0], self.complete, self.notes, child)
        there = [*product.names]
        there += [child_name(m.name, own) for m in product.machines for own in m.child_names]
        raise KeyError(f"no actor {name!r} was explored; there are {', '.join(there)}")

    def path_to(self, state: str | tuple[Any, ...] | View | Predicate) -> list[Step]:
        """The shortest list of steps to a state.

        It is one of `x.states`, or is given by its name, by the actors' states or by a predicate.
        Raises `KeyError` where no such state was found.
        """
        product = self._product
        for number in product.parent:
            view = View(product, number)
            if _is_wanted(view, state):
                return steps_to(product, number)
        known = ", ".join(dict.fromkeys(view.name for view in islice(self.states, 1000)))
        raise KeyError(f"state {state!r} was not reached; there are {known}")

    def variables(self) -> dict[str, int]:
        """By actor and variable: how many different values it has, the most first."""
        counts: dict[str, set[Any]] = {}
        for machine in self._product.machines:
            for state in machine.states:
                for name, form in _live(state.form):
                    counts.setdefault(f"{machine.name}.{name}", set()).add(form)
        ranked = sorted(counts.items(), key=lambda each: (-len(each[1]), each[0]))
        return {name: len(values) for name, values in ranked}


def _live(form: Any) -> Iterator[tuple[str, Any]]:
    """The named values in the identity of an actor."""
    if type(form) is not tuple:
        return
    if len(form) == 4 and hasattr(form[0], "co_code"):
        yield from form[2]
        return
    for part in form:
        yield from _live(part)


def _notes(product: Product) -> dict[str, None]:
    notes = {**product.notes, **product.hints}
    for machine in product.machines:
        notes.update(machine.notes)
        notes.update(machine.hints)
    return notes


def _is_wanted(view: View, state: Any) -> bool:
    if isinstance(state, View):
        return view == state
    if callable(state):
        return bool(state(view))
    if isinstance(state, str):
        return view.name == state
    paths = tuple(actor.state for actor in view.actors)
    return paths in (state, (state,))


def steps_to(product: Product, state: int) -> list[Step]:
    """The steps to a state of the search."""
    way = product.path_to(state)
    reached = [*[before for _, before in way], state][1:]
    steps = []
    first = way[0][1] if way else state
    begun = product.beginning_text(first)
    if begun:
        name = View(product, first).name
        steps.append(Step("", begun, None, name, begun))
    for (move, before), after in zip(way, reached, strict=True):
        steps.append(step_of(product, move, before, after))
    return steps


def step_of(product: Product, move: Move, before: int, after: int) -> Step:
    """One move of the search as a step."""
    event = move.message.event if move.message is not None else move.event
    source, target = View(product, before).name, View(product, after).name
    line = product.describe(move, before)
    label = product.label(move, before) if len(product.names) == 1 else line
    return Step(source, label, event, target, line, product.keeps_all)


def explore_system(
    target: Callable[..., Any],
    options: Options,
    visit: Callable[[Product], Callable[[int], bool]] | None = None,
) -> SystemExploration:
    """Find all states of a system.

    `visit` makes of the search a function that is called with each new state, and that ends the
    search by returning true.
    """
    if not is_system(target):
        target = alone(target)
    if options.network not in NETWORKS:
        raise ExploreError(f"network is one of {', '.join(NETWORKS)}, not {options.network!r}")
    keep = frozenset(options.keep)
    early: frozenset[type] = frozenset()
    for _ in range(MOST_NAMES):
        try:
            found = _explore_once(target, options, keep, visit, early)
        except NameToKeep as wanted:
            keep |= {wanted.name}
            continue
        if not options.early or found.kinds <= early:
            return found
        early |= found.kinds  # a search that is cut may not come to some of them again
    raise ExploreError(f"the predicates read more than {MOST_NAMES} locals that are dead otherwise")


def _explore_once(
    target: Callable[..., Any],
    options: Options,
    keep: frozenset[str],
    visit: Callable[[Product], Callable[[int], bool]] | None,
    early: frozenset[type],
) -> SystemExploration:
    reader = Reader(keep, everything=options.identity == "all", hooks=options.hooks)
    patience = Patience()
    product = Product(
        lambda picks: Scene(target, picks, patience=patience),
        options.network, options.lossy, reader,
        ordered_time=options.time == "ordered",
    )  # fmt: skip
    functions = {ref.name: ref.function for ref in product.variants[0][1].cast}
    read = functions_of(functions.values())
    is_alone = len(functions) == 1
    tracer = Tracer(read)
    shared = SharedGlobals(read, reader.canon)
    for machine in product.machines:
        machine.pen = Pen(tracer, patience, traces=is_alone)
    alphabets = {
        name: Alphabet(fn, options.events, options.examples) for name, fn in functions.items()
    }
    if is_alone:
        (alphabet,) = alphabets.values()
        product.offers = lambda local: list(_offered(product, local, alphabet))
        # A set of types has another order in each run of Python.
        ordered = sorted(early, key=lambda kind: (kind.__module__, kind.__qualname__))
        product.early = lambda local: list(_too_early(local, alphabet, ordered))
        if not options.early:
            product.hints["mail was assumed to come when it is listened for"] = None
    product.replies = lambda actor, wait: alphabets[product.names[actor]].replies(wait.requests)
    product.results = lambda actor, wait: alphabets[product.names[actor]].outcomes(
        wait.performs, wait.called
    )
    admits = None if options.within is None else _admits(product, options.within)
    orbits = None
    if options.symmetry is not None:
        orbits = Orbits(product, groups_of(options.symmetry, product))
        product.signature = orbits.signature
        product.hints[
            f"{ALIKE}states that differ only in which of {', '.join(orbits.members)} is which are "
            "one: the graph has one of them each, so a run may take steps that it does not have"
        ] = None
    visitor = visit(product) if visit is not None else None
    line = None if options.progress else line_for(names.function_name(target))
    with patience:
        try:
            with tracer if is_alone else nullcontext():
                told = unnoticed(options.progress or line)
                product.run(admits, visitor, options.max_states, told)
            refuse_strangers(product.machines)
            if options.audited:
                _audit(product)
                if orbits is not None:
                    audit_symmetry(orbits, _sample(list(product.parent)))
        except ExploreError as error:
            raise shared.explained(error) from None
        finally:
            if line is not None:
                line.end()
            product.dispose()
            shared.check()
    known = {name for code in read for name in _locals_of(code)}
    for name in sorted(set(options.keep) - known):
        product.hints[f"no function has a local {name!r}, given as keep=: is that its name?"] = None
    for note in shared.notes:
        product.note(note)
    note_late_replies(product)
    if admits is not None:
        product.note_taken()
    unasked = set.intersection(*(alphabet.unasked for alphabet in alphabets.values()))
    for named in sorted(str(getattr(key, "__name__", key)) for key in unasked):
        product.hints[f"nothing has asked for the examples of {named!r}: is that its name?"] = None
    for alphabet in alphabets.values():
        product.hints.update(alphabet.notes)
        product.complete = product.complete and alphabet.complete
    return SystemExploration(product)


def _locals_of(code: CodeType) -> Iterator[str]:
    """The variables of a function, and of those inside it."""
    yield from (*code.co_varnames, *code.co_cellvars, *code.co_freevars)
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from _locals_of(inner)


def _admits(product: Product, within: Predicate) -> Callable[[int], bool]:
    """Whether a state lies inside the bounds."""
    return lambda state: bool(within(View(product, state)))


def _audit(product: Product) -> None:
    """Run a sample of the ways in company, for no longer than the search may have made one wait."""
    sample = _sample(list(product.parent))
    seconds = HASTY_AUDIT if product.interrupted else max(LEAST_AUDIT, product.seconds / 2)
    done = audit(product, sample, seconds)
    if done < len(sample):
        product.hints[
            f"of {len(sample)} ways that are run once more, to see that actors share only messages "
            f"and cells, {done} could be in the time that there was"
        ] = None


def _sample(states: list[int]) -> list[int]:
    """Some states, spread over all."""
    if len(states) <= AUDITED:
        return states
    return [states[place * (len(states) - 1) // (AUDITED - 1)] for place in range(AUDITED)]


def _offered(product: Product, local: LocalState, alphabet: Alphabet) -> Iterator[tuple[int, Any]]:
    """What may come from outside to a lone actor, numbered for good."""
    for kind in local.accepts:
        if product.machines[0].child_names and issubclass(kind, Exited):
            continue  # which comes from a child that is watched, and from nowhere else
        for event in alphabet.of(kind):
            yield alphabet.number(event), event


def _too_early(
    local: LocalState, alphabet: Alphabet, kinds: Iterable[type]
) -> Iterator[tuple[int, Any]]:
    """What may come to a lone actor before it listens for it: once of each type."""
    for kind in kinds:
        if kind not in local.accepts and kind not in local.mail:
            for event in alphabet.of(kind):
                yield alphabet.number(event), event
