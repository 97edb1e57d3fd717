"""Exploring: every event in every state of the real code, breadth first.

A greenlet cannot be copied, so an earlier state is reached again by running a fresh instance along
the same path; instances that come to a state are kept for its continuations.  Each arrival is
compared with what was there before: code that does not do the same twice is told, not drawn.

A state whose data has no bound would never end.  So on each path the variables are watched where
the same place is passed again and again: one that has only grown, for longer than anything it is
compared with, is cut off there and named.
"""

from __future__ import annotations

import inspect
from collections import deque
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from typing import Any, Literal

from .. import names
from ..actor import ActorRef
from ..errors import ExploreError
from ..events import label_of_type
from ..mailbox import QUEUED
from ..source import forget, reading_of
from .alphabet import Alphabet, Examples
from .found import ActorExploration, Exploration, Node
from .growth import Growth
from .guards import Tracer
from .identity import Reader, Snapshot, timer_label, timers_by_place, timers_of
from .network import NetworkKind
from .record import GraphBuilder, Move
from .shared import SharedGlobals
from .stage import Choice, Instance
from .symmetry import Symmetry
from .system import Options, explore_system
from .targets import alone, is_system
from .telling import fields_of

Time = Literal["any", "ordered"]
Progress = Callable[[int, int], None]

#: Live instances kept for states that wait to be continued.
_MOST_KEPT = 1000


def explore(
    target: Callable[..., Any],
    *,
    events: Iterable[Any] | None = None,
    examples: Examples = None,
    time: Time = "any",
    keep: Collection[str] = (),
    identity: Literal["live", "all"] = "live",
    max_states: int | None = None,
    progress: Progress | None = None,
    network: NetworkKind = "fifo",
    lossy: bool = False,
    within: Callable[[Any], object] | None = None,
    symmetry: Symmetry = None,
    audit: bool = True,
) -> Exploration:
    """Run an actor function, or a system, through everything that can happen to it.

    ```python
    x = explore(turnstile)
    x.complete, x.unique_states
    x.graph.triples()      # {("locked", "Coin", "unlocked"), …}
    ```

    A system is given by its function, `def system(d: Dispatcher)`, which spawns the actors.  Every
    order is tried in which they can go on, and in which their messages can arrive: `network` is
    `"fifo"` for each pair, `"unordered"`, `"inbox_set"` or `"duplicating"`; `lossy` ones may lose
    any message.  `within` is a predicate on a view (see `check`): states outside it are not
    generated.  Under `symmetry`, states that differ only in which of the like actors is which are
    one: their function, or their names.  `audit` runs a sample of the ways once more, with all
    actors together, to see that they share nothing but messages and cells.

    `events` is the alphabet by hand; otherwise it is made from the types that the waits take and
    `examples` (by event type, `"Coin.value"` or field name).  `time="any"` lets any armed timer
    go off at any time, `"ordered"` only the earliest.  `keep` names variables that count even
    where nothing reads them again; `identity="all"` counts every one.  `progress` is called with
    the number of states found and those still to be continued.

    Raises `ExploreError` where the function cannot be explored exactly.
    """
    _check(target, time, identity)
    forget(names.unwrapped(target))
    together = is_system(target)
    if together or within is not None:
        options = Options(
            network, lossy, time, within, symmetry, events, examples, keep, identity,
            max_states or 1_000_000, progress, audit,
        )  # fmt: skip
        return explore_system(target if together else alone(target), options)
    max_states = max_states or 100_000
    search = _Search(target, Alphabet(target, events, examples), time, max_states)
    search.reader = Reader(keep, everything=identity == "all")
    return search.run(progress)


def _check(target: Any, time: str, identity: str) -> None:
    if not callable(target):
        raise ExploreError(f"explore takes an actor function, not {target!r}")
    if time not in ("any", "ordered"):
        raise ExploreError(f'time is "any" or "ordered", not {time!r}')
    if identity not in ("live", "all"):
        raise ExploreError(f'identity is "live" or "all", not {identity!r}')
    fn = names.function_name(target)
    try:
        parameters = inspect.signature(target).parameters.values()
    except (TypeError, ValueError):
        return
    needed = [
        p.name
        for p in parameters
        if p.default is p.empty
        and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
    ]
    if needed and not is_system(target):
        bound = ", ".join(f"{name}=…" for name in needed)
        raise ExploreError(
            f"{fn} needs arguments ({', '.join(needed)}); bind them: "
            f"explore(functools.partial({fn}, {bound}))"
        )
    if inspect.isgeneratorfunction(target) or inspect.iscoroutinefunction(target):
        raise ExploreError(
            f"{fn} is a generator or coroutine; an actor function is a plain function that calls "
            "receive() where it waits"
        )


class _Search:
    """One exploration."""

    def __init__(
        self,
        target: Callable[..., Any],
        alphabet: Alphabet,
        time: Time,
        max_states: int,
    ) -> None:
        self.target = target
        self.alphabet = alphabet
        self.time = time
        self.max_states = max_states
        self.reader = Reader()
        self.tracer = Tracer(reading_of(names.unwrapped(target)).functions)
        self.builder = GraphBuilder(names.function_name(target), explored=True)
        self.notes: dict[str, None] = {}
        self.complete = True
        self.nodes: dict[Any, Node] = {}
        self.transitions = 0
        self.stopped = False
        self.kept = 0

    def run(self, progress: Progress | None) -> ActorExploration:
        todo: deque[Node] = deque()
        shared = SharedGlobals(
            reading_of(names.unwrapped(self.target)).functions, self.reader.canon
        )
        with self.tracer:
            try:
                starts = [Choice()]
                while starts:
                    choice = starts.pop()
                    instance = self.start(choice)
                    starts += _other_picks(choice, instance)
                    self.arrive(instance, None, (choice, None))
                todo += self.nodes.values()
                while todo and not self.stopped:
                    if progress is not None:
                        progress(len(self.nodes), len(todo))
                    todo += self.continue_from(todo.popleft())
            except KeyboardInterrupt:
                self.cut("interrupted: what was found until then")
            finally:
                for node in self.nodes.values():
                    for instance in node.live or ():
                        instance.close()
                shared.check()
        return self.result()

    def cut(self, why: str) -> None:
        self.complete = False
        self.notes[why] = None

    def result(self) -> ActorExploration:
        self.complete = self.complete and self.alphabet.complete
        for note in self.alphabet.notes:
            self.notes[note] = None
        self.notes["mail was assumed to come when it is listened for"] = None
        nodes = list(self.nodes.values())
        notes = tuple(self.notes)
        return ActorExploration(
            graph=self.builder.build(self.complete, notes),
            unique_states=len(nodes),
            terminal_states=sum(not node.leads_on for node in nodes),
            transitions=self.transitions,
            complete=self.complete,
            notes=notes,
            _nodes=nodes,
        )

    # --- one state ------------------------------------------------------------------------

    def continue_from(self, node: Node) -> list[Node]:
        """Everything that can happen in a state; returns the states that are new."""
        new: list[Node] = []
        live, node.live = node.live or [], None
        self.kept -= len(live)
        try:
            if node.ended or (node.growth is not None and node.growth.cut):
                return new
            choices = None
            while choices is None or choices:
                instance = live.pop() if live else self.replay(node)
                if choices is None:
                    choices = self.choices(instance)[::-1]
                if not choices:
                    instance.close()
                    return new
                choice = choices.pop()
                move = self.act(instance, choice)
                choices += _other_picks(choice, instance)
                if move is None:
                    # A `where` turned it down: it was not listened for.  The instance keeps it.
                    instance.close()
                    continue
                self.transitions += 1
                before = len(self.nodes)
                found = self.arrive(instance, node, (choice, move))
                node.leads_on = node.leads_on or found is not node
                if found is None:
                    return new
                if len(self.nodes) > before:
                    new.append(found)
            return new
        finally:
            for instance in live:
                instance.close()

    def choices(self, instance: Instance) -> list[Choice]:
        """What can happen in the state where an instance stands."""
        ref = instance.ref
        offered: list[Choice] = []
        if instance.dispatcher.ready:
            offered.append(Choice())
            if ref._fiber.own is not QUEUED:
                return offered
        kinds = ref._fiber.takes()
        for kind in kinds:
            for event in self.alphabet.of(kind):
                if not any(event is other.event for other in offered):
                    offered.append(Choice(event))
        for fiber in ref._fiber.all_fibers():
            if fiber.called is not None and fiber.called.startswith("ask "):
                self.cut(f"{fiber.called}: no reply was made up, so what comes after it is missing")
        armed = timers_by_place(ref)
        if len(armed) > 1 and self.time == "any":
            self.notes[
                "any armed timer may go off first, whatever its time (time='any'): "
                "time='ordered' lets the earliest go first"
            ] = None
        earliest = timers_of(ref)[:1]
        offered += [
            Choice(timer=place)
            for place, timer in enumerate(armed)
            if self.time == "any" or timer in earliest
        ]
        shown = dict.fromkeys(label_of_type(kind) for kind in kinds)
        shown.update(dict.fromkeys(timer_label(timed) for _, timed in timers_of(ref)))
        self.builder.accepts.setdefault(ref.state, {}).update(shown)
        return offered

    def arrive(
        self, instance: Instance, parent: Node | None, step: tuple[Choice, Move | None]
    ) -> Node | None:
        """Note where an instance stands; `None` if that is one state too many."""
        ref = instance.ref
        growth = None
        if ref.alive:
            snapshot = self.reader.snapshot(ref, self.timers(ref))
            form = snapshot.form
            self.tell_moments(snapshot)
        else:
            snapshot = None
            form = ("ended", ref.state, self.outcome(ref))
        known = self.nodes.get(form)
        if known is not None:
            self.keep(instance, known)
            return known
        if len(self.nodes) >= self.max_states:
            instance.close()
            self.cut(f"stopped after {self.max_states} states: give a larger max_states=")
            self.stopped = True
            return None
        choice, move = step
        label = "" if move is None else move.event
        cause = None if move is None else move.cause
        node = Node(form, ref.state, parent, choice, label, cause, not ref.alive, instance.steps)
        if ref.error is not None:
            self.notes[f"{names.text(ref.state)}: {ref.error}, {_place_of(ref.error)}"] = None
        if snapshot is not None:
            growth = Growth(node.name, label, snapshot, self.grown_before(parent))
            if growth.cut:
                self.cut(growth.note(ref))
        node.growth = growth
        self.nodes[form] = node
        self.keep(instance, node)
        return node

    def keep(self, instance: Instance, node: Node) -> None:
        """Keep an instance for the continuation of its state, if that is still to come."""
        if node.live is not None and instance.ref.alive and self.kept < _MOST_KEPT:
            node.live.append(instance)
            self.kept += 1
        else:
            instance.close()

    def grown_before(self, parent: Node | None) -> list[Growth]:
        """The watched variables of the states on the way here, the latest first."""
        found = []
        while parent is not None:
            if parent.growth is not None:
                found.append(parent.growth)
            parent = parent.parent
            if len(found) > 64:
                break
        return found

    def outcome(self, ref: ActorRef[Any]) -> Any:
        canon = self.reader.canon()
        if ref.error is not None:
            return (type(ref.error), canon.of(ref.error.args, "the error's arguments"))
        return canon.of(ref.result, "the result")

    def timers(self, ref: ActorRef[Any]) -> Any:
        places = timers_by_place(ref)
        if self.time == "any":
            return tuple(timer_label(timed) for _, timed in places)
        now = float(ref._home.clock.now())
        return tuple(
            (timer_label(timed), round(float(when) - now, 9), places.index((when, timed)))
            for when, timed in timers_of(ref)
        )

    def tell_moments(self, snapshot: Snapshot) -> None:
        for path in sorted(snapshot.moments):
            self.cut(
                f"{path} comes from now(): times are not told apart, so what depends on it may be "
                "missing"
            )

    # --- instances ------------------------------------------------------------------------

    def start(self, choice: Choice) -> Instance:
        instance = Instance(self.target)
        instance.cause(choice)
        instance.attend()
        self.note(instance, instance.step_until_quiet)
        return instance

    def replay(self, node: Node) -> Instance:
        """A fresh instance that stands in this state."""
        instance = Instance(self.target)
        for there in node.path():
            instance.cause(there.choice)
            instance.step(there.steps)
        if not instance.ref.alive or (
            self.reader.snapshot(instance.ref, self.timers(instance.ref)).form != node.form
        ):
            raise ExploreError(
                f"{self.builder.name} did not do the same twice: on the same events it was once in "
                f"{names.text(node.name)} and once in {instance.ref.path_text()}, or with other "
                "data; look for a global or an object that its runs share, for the order of a set, "
                "id(), random or the wall clock"
            )
        instance.attend()
        return instance

    def act(self, instance: Instance, choice: Choice) -> Move | None:
        """Let something happen; the last move that came of it."""
        before = instance.ref.state
        instance.cause(choice)
        move = self.note(instance, instance.step_until_quiet)
        # Nothing comes only of what a `where` turns down; else a record would be missing.
        assert move is not None or instance.ref.state == before, (before, choice)
        return move

    def note(self, instance: Instance, run: Callable[[], list[Move]]) -> Move | None:
        """Record what a run does."""
        self.tracer.begin([fiber.gr_frame for fiber in instance.ref._fiber.all_fibers()])
        try:
            moves = run()
        finally:
            self.tracer.end()
        picked = instance.dispatcher.picked
        for move in moves:
            picks = [(f"choose {number}", pick.text) for number, pick in enumerate(picked)]
            move.atoms = (*self.tracer.atoms.items(), *fields_of(move.cause), *picks)
            self.builder.add(move)
        return moves[-1] if moves else None


def _other_picks(choice: Choice, instance: Instance) -> list[Choice]:
    """The same with each option that was open and not taken."""
    picked = instance.dispatcher.picked
    return [
        replace(choice, picks=(*(pick.place for pick in picked[:number]), other))
        for number in range(len(choice.picks), len(picked))
        for other in range(1, picked[number].options)
    ]


def _place_of(error: BaseException) -> str:
    """The line at which the actor crashed, as the note on the error says it."""
    notes = getattr(error, "__notes__", None) or ["at an unknown line"]
    return str(notes[0]).rpartition(", ")[2]
