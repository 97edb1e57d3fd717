"""How much of a machine a trace has taken, and whether the trace is a path of the machine.

A trace is what a run left behind: an observation, a graph with counts, or a list of steps.  Only a
list has an order, so only of a list can be told that one step does not begin where the last ended.
What a trace does that the graph does not have is a *stray*: a fault of the run, of the trace, or
of a graph that is not complete.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any, Final, Protocol, TypeAlias, TypeVar

from .graph import StateGraph
from .laying import Triple, by_triple, meant
from .order import known_to_happen, states_of
from .parts import Part, State, Transition

#: A state by its name or its path, in which regions are a tuple of paths: what `ref.state` is.
Name: TypeAlias = str | tuple[Any, ...]


class Stepped(Protocol):
    """A step as an exploration's path has it."""

    @property
    def source(self) -> str:
        """The state that it begins in."""
        ...

    @property
    def label(self) -> str:
        """The event's name."""
        ...

    @property
    def target(self) -> str:
        """The state that it ends in."""
        ...


class Recorded(Protocol):
    """An observation: it has a graph with counts for each actor function."""

    def graph_of(self, which: str) -> StateGraph:
        """The graph of the actor function of that name."""
        ...


#: A step of a trace; states by name or path, the event by its name; who it was comes first.
TraceStep: TypeAlias = Transition | Stepped | tuple[Name, str, Name] | tuple[str, Name, str, Name]
Trace: TypeAlias = StateGraph | Recorded | Iterable[TraceStep]

#: What stands between the states of actors, and between their names.
BESIDE = " | "

#: How the note of a graph begins that has only one of several states that are alike.
ALIKE: Final = "by symmetry= "

#: So many ways out of a state are told where a trace took another.
MOST_WAYS = 6


class Stray(Part, frozen=True):
    """Something in a trace that the graph does not have; `step` counts from one in a list."""

    step: int | None = None
    actor: str = ""
    edge: Transition
    why: str

    def __str__(self) -> str:
        where = f"step {self.step}" if self.step is not None else f"{self.edge.evidence.seen} times"
        return f"{where}{f' of {self.actor}' * bool(self.actor)}: {self.edge}: {self.why}"


class Coverage(Part, frozen=True):
    """What a trace took of a machine.

    `graph` is the machine with the trace's counts and no others, so that a picture of it shows
    the coverage; the edges in `taken` and the states in `visited` are those with their counts.
    `strays` is what the trace did that is no path of the machine, in the order of the trace;
    where it is empty, the trace `follows` the graph.  A graph of an exploration under symmetry has
    one of several states that are alike, so there a trace that strays may be a path all the same.
    """

    graph: StateGraph
    taken: tuple[Transition, ...]
    never: tuple[Transition, ...]
    visited: tuple[State, ...]
    unvisited: tuple[State, ...]
    strays: tuple[Stray, ...]

    @property
    def fraction(self) -> float:
        """How much of the edges was taken, from 0 to 1."""
        return _fraction(len(self.taken), len(self.never))

    @property
    def state_fraction(self) -> float:
        """How much of the states was visited, from 0 to 1."""
        return _fraction(len(self.visited), len(self.unvisited))

    @property
    def follows(self) -> bool:
        """Whether the whole trace is a path of the graph."""
        return not self.strays

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        edges, states = len(self.taken) + len(self.never), len(self.visited) + len(self.unvisited)
        yield (
            f"{self.graph.name or 'machine'}: {len(self.taken)} of {edges} edges taken "
            f"({self.fraction:.0%}), {len(self.visited)} of {states} states visited"
        )
        width = max((len(str(edge.evidence.seen)) for edge in self.taken), default=1)
        yield from (f"  {edge.evidence.seen:>{width}} × {edge}" for edge in self.taken)
        if self.never:
            yield "never taken:"
            yield from (f"  {edge}" for edge in self.never)
        if self.unvisited:
            yield f"never visited: {', '.join(state.name for state in self.unvisited)}"
        if self.strays:
            yield "not in the graph:"
            yield from (f"  {stray}" for stray in self.strays)
            yield from (f"  {note}" for note in self.graph.notes if note.startswith(ALIKE))


def covered(graph: StateGraph, trace: Trace) -> Coverage:
    """Which states and edges of the graph a trace took, and what it did besides."""
    count = _Count(graph)
    if isinstance(trace, StateGraph):
        count.recording(trace)
    elif isinstance(trace, Iterable):
        steps = [_step(step) for step in trace]
        if BESIDE in graph.name and any(actor for actor, _ in steps):
            steps = list(_together(graph, steps))
        for number, (actor, edge) in enumerate(steps, 1):
            count.step(number, actor, edge)
    elif hasattr(trace, "graph_of"):
        count.recording(trace.graph_of(graph.name))
    else:
        raise TypeError(
            f"a trace is an observation, a graph with counts or a list of steps, not {trace!r}"
        )
    return count.result()


class _Count:
    """Counts what a trace takes of a graph."""

    def __init__(self, graph: StateGraph) -> None:
        self.graph = graph
        self.states = states_of(graph)
        self.edges = by_triple(graph.transitions)
        self.after: dict[str, list[Triple]] = {}
        for triple in self.edges:
            self.after.setdefault(triple[0], []).append(triple)
        #: How often each edge was taken, by its triple and its place among those.
        self.taken: dict[tuple[Triple, int], int] = {}
        self.visits: dict[str, int] = {}
        self.at: dict[str, str] = {}
        self.strays: list[Stray] = []

    def recording(self, seen: StateGraph) -> None:
        """Take a graph with counts, of which nobody knows the order."""
        for edge in seen.transitions:
            if edge.evidence.seen:
                self.edge(None, "", edge, edge.evidence.seen)
        for state in seen.states:
            if state.evidence.seen and state.name in self.states:
                times = self.visits.get(state.name, 0)
                self.visits[state.name] = max(times, state.evidence.seen)

    def step(self, number: int, actor: str, edge: Transition) -> None:
        """Take the next step of an actor."""
        before = self.at.get(actor)
        if before != edge.source:
            self._visit(edge.source, 1)
            if before is not None:
                self._stray(number, actor, edge, f"the step before ended in {before}")
        self.edge(number, actor, edge, 1)
        self.at[actor] = edge.target

    def edge(self, number: int | None, actor: str, edge: Transition, times: int) -> None:
        """Count an edge, or the edges through transient states that it stands for."""
        way = self._way(edge)
        if not way:
            self._visit(edge.target, times)
            self._stray(number, actor, edge, self._why_not(edge))
        for triple in way:
            for place in meant(edge, self.edges[triple]):
                self.taken[triple, place] = self.taken.get((triple, place), 0) + times
            self._visit(triple[2], times)

    def _visit(self, name: str, times: int) -> None:
        if name in self.states:
            self.visits[name] = self.visits.get(name, 0) + times

    def _stray(self, number: int | None, actor: str, edge: Transition, why: str) -> None:
        self.strays.append(Stray(step=number, actor=actor, edge=edge, why=why))

    def _way(self, edge: Transition) -> list[Triple]:
        """The edge itself; or the shortest way through transient states, which nobody waits in."""
        if edge.triple in self.edges:
            return [edge.triple]
        if BESIDE in self.graph.name:
            # What an actor has taken is called otherwise by itself than by the system: the reply
            # to an `ask` is one of many messages there.
            actor = edge.event.partition(": ")[0]
            return [
                one
                for one in self.after.get(edge.source, ())
                if one[2] == edge.target and one[1].partition(": ")[0] == actor
            ][:1]
        first = [one for one in self.after.get(edge.source, ()) if one[1] == edge.event]
        ready = deque([one] for one in first)
        passed = set()
        while ready:
            way = ready.popleft()
            here = way[-1][2]
            if here == edge.target:
                return way
            if here not in passed and self.states[here].kind == "transient":
                passed.add(here)
                ready.extend([*way, one] for one in self.after.get(here, ()) if not one[1])
        return []

    def _why_not(self, edge: Transition) -> str:
        for name in (edge.source, edge.target):
            if name not in self.states:
                return f"there is no state {name}{self._alike()}"
        out = self.after.get(edge.source, ())
        ways = [f"{event or 'no event'} to {to}" for _, event, to in out]
        more = [f"… {len(ways) - MOST_WAYS} more"] if len(ways) > MOST_WAYS else []
        there = ", ".join(ways[:MOST_WAYS] + more) or "nothing"
        return f"no such edge; out of {edge.source} there is {there}{self._alike()}"

    def _alike(self) -> str:
        """What may stand for what is not in the graph."""
        is_by_symmetry = any(note.startswith(ALIKE) for note in self.graph.notes)
        return "; one that is alike may stand for it (symmetry=)" if is_by_symmetry else ""

    def result(self) -> Coverage:
        """All that was counted."""
        to_take = {id(edge) for edge in known_to_happen(self.graph)}
        taken, never, edges = [], [], []
        for triple, same in self.edges.items():
            for place, edge in enumerate(same):
                counted = _counted(edge, self.taken.get((triple, place), 0))
                edges.append(counted)
                if counted.evidence.seen:
                    taken.append(counted)
                elif id(edge) in to_take:
                    never.append(counted)
        states = [_counted(state, self.visits.get(name, 0)) for name, state in self.states.items()]
        drawn = {"states": tuple(states), "transitions": tuple(edges)}
        ends = {end for edge in (*taken, *never) for end in (edge.source, edge.target)}
        ends.update(self.graph.initial)
        return Coverage(
            graph=self.graph.model_copy(update=drawn),
            taken=tuple(taken),
            never=tuple(never),
            visited=tuple(state for state in states if state.evidence.seen),
            unvisited=tuple(s for s in states if not s.evidence.seen and s.name in ends),
            strays=tuple(self.strays),
        )


P = TypeVar("P", State, Transition)


def _counted(part: P, times: int) -> P:
    evidence = part.evidence.model_copy(update={"seen": times})
    return part.model_copy(update={"evidence": evidence})


def side_by_side(parts: Iterable[str | None]) -> str:
    """The states of several actors, or their names, as one."""
    return BESIDE.join(part or "" for part in parts)


def _together(
    graph: StateGraph, steps: list[tuple[str, Transition]]
) -> Iterator[tuple[str, Transition]]:
    """The steps of single actors as steps of the system that they are in.

    Each is taken to have begun where its first step does; of one that takes none the graph says
    where it stands.
    """
    names = graph.name.split(BESIDE)
    first = (graph.initial[0] if graph.initial else "").split(BESIDE)
    places = dict(zip(names, first if len(first) == len(names) else names, strict=True))
    places |= {actor: edge.source for actor, edge in reversed(steps)}
    for actor, edge in steps:
        before = side_by_side(places[name] for name in names)
        if actor not in names or places[actor] != edge.source:
            yield actor, edge  # a stray
            continue
        places[actor] = edge.target
        after = side_by_side(places[name] for name in names)
        yield "", Transition(source=before, event=f"{actor}: {edge.event}", target=after)


def _step(step: TraceStep) -> tuple[str, Transition]:
    """Whose step it was, and the step as an edge."""
    if isinstance(step, Transition):
        return "", step
    if not isinstance(step, tuple):
        if not hasattr(step, "label"):
            raise TypeError(
                f"a step of a trace is (state, event, state) or (actor, state, event, state) by "
                f"name, not {step!r}; the records of a dispatcher are read by an Observation"
            )
        return "", Transition(source=step.source, event=step.label, target=step.target)
    if len(step) == 4:
        actor, source, event, target = step
    elif len(step) == 3:
        actor, (source, event, target) = "", step
    else:
        raise TypeError(f"a step of a trace has three parts, or four with an actor: {step!r}")
    return actor, Transition(source=_text(source), event=event, target=_text(target))


def _text(name: Name) -> str:
    """A state's name; a path joined by `/`, regions in it side by side."""
    if isinstance(name, str):
        return name
    parts = (" | ".join(map(_text, part)) if isinstance(part, tuple) else part for part in name)
    return "/".join(parts)


def _fraction(some: int, others: int) -> float:
    return some / (some + others) if some + others else 1.0
