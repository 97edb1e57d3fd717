"""Sequences of events as walks over a graph: mostly of what the machine takes, sometimes not.

A walk knows the names of states, not the data.  Where several edges leave a state on one event, a
guard decides which is taken, and the walk goes on from all of their targets at once: what it offers
then is taken in at least one of them.  Nothing is run to make a sequence up, so it can also be
made from the graph of something else, such as the specification.

That it shrinks well rests on two things.  A walk is drawn as a step and a walk from there, each
inside the other, so that hypothesis can put any later part of it in the place of the whole: a way
round a circle is left out in one go.  And what comes first in the graph is offered first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from flowlet import StateGraph, explore
from flowlet.events import label_of, label_of_type
from flowlet.introspect import Transition, is_system

from .values import Events, by_type

#: So many walks are drawn inside each other; hypothesis allows a hundred draws.
DEEPEST = 50
#: The longest time that is let pass where no timer asks for it, in seconds.
LONGEST = 60


@dataclass(frozen=True)
class Advance:
    """A step in which time passes: so many seconds, or until the next time is up."""

    seconds: float | None = None

    def __repr__(self) -> str:
        return "Advance()" if self.seconds is None else f"Advance({self.seconds:g})"


def event_sequences(
    target: Callable[..., Any] | StateGraph,
    *,
    events: Events | None = None,
    max_size: int = 20,
    noise: float = 0.1,
    max_states: int = 10_000,
) -> st.SearchStrategy[list[Any]]:
    """Lists of events and `Advance`s for an actor function, to give to `run_sequence`.

    ```python
    @given(event_sequences(turnstile, max_size=50))
    def test_turnstile(steps): ...      # such as [Coin(value=1), Advance(), Push()]
    ```

    The function is explored once, up to `max_states`; a graph may be given instead, with `events`:
    events and types of them, or a dictionary with a strategy for each type.  Without `events` they
    are made up by their types (see `events_of`).  `noise` is the share of steps, from 0 to 1, that
    are anything at all: an event that is not awaited, or some seconds more.

    Raises `ExploreError` for a function that cannot be explored, `ValueError` for a graph without
    events.
    """
    if not 0 <= noise <= 1:
        raise ValueError(f"noise is a share of the steps, from 0 to 1, not {noise!r}")
    if not isinstance(max_size, int) or max_size < 1:
        raise ValueError(f"max_size is a number of steps, 1 or more, not {max_size!r}")
    if isinstance(target, StateGraph):
        if events is None:
            raise ValueError(
                "a graph has only the names of events; say which they are: "
                "event_sequences(graph, events=[Coin, Push])"
            )
        return _walks(Walker(target, by_type(events, (), None)), max_size, noise)
    if is_system(target):
        raise TypeError(
            f"{target.__name__} is a system, to which nothing comes from outside: "
            "check(system, always=…) tries all that can happen in it; give one of its actor "
            "functions for random events"
        )
    given = None if events is None else by_type(events, (), target)
    found: Any = explore(
        target,
        events=None if given is None else _examples(events, given),
        max_states=max_states,
        progress=lambda states, frontier: None,
    )
    kinds = by_type(events, found.kinds, target) if given is None else given
    return _walks(Walker(found.graph, kinds), max_size, noise)


def _examples(events: Any, given: Iterable[type]) -> list[Any]:
    """What the exploration is offered: the events that were given, or their types."""
    return list(given) if isinstance(events, dict) else list(events)


class Walker:
    """Where a walk over a graph can go."""

    def __init__(self, graph: StateGraph, kinds: dict[type, st.SearchStrategy[Any]]) -> None:
        if not kinds:
            raise ValueError(f"{graph.name} takes no events at all: there is nothing to make up")
        self.kinds = kinds
        self.out: dict[str, list[Transition]] = {}
        for edge in graph.transitions:
            self.out.setdefault(edge.source, []).append(edge)
        self.labels: dict[str, type] = {label_of_type(kind): kind for kind in kinds}
        self.start: frozenset[str] = self._settled(graph.initial)
        self._steps: dict[frozenset[str], st.SearchStrategy[Any]] = {}

    def step(self, at: frozenset[str], mean: int, noise: float) -> st.SearchStrategy[Any]:
        """A step from here; the same strategy each time that one from here is asked for."""
        known = self._steps.get(at)
        if known is None:
            known = self._steps[at] = _step(self, at, mean, noise)
        return known

    def kind_of(self, edge: Transition) -> type | None:
        """The type of event that takes an edge, if one has to come from outside."""
        if edge.kind in ("timeout", "eventless"):
            return None
        kind = self.labels.get(edge.event)
        if kind is None:
            # A label may format the fields of its event; then any of that type may be meant.
            kind = next((each for each in self.kinds if _may_read(each, edge.event)), None)
        return kind

    def _settled(self, names: Iterable[str]) -> frozenset[str]:
        """Where the machine comes to rest that goes on from these states by itself."""
        reached: dict[str, None] = dict.fromkeys(names)
        ready = list(reached)
        for name in ready:
            for edge in self.out.get(name, ()):
                by_itself = edge.kind != "timeout" and self.kind_of(edge) is None
                if by_itself and edge.target not in reached:
                    reached[edge.target] = None
                    ready.append(edge.target)
        return frozenset(name for name in reached if self._may_rest(name))

    def _may_rest(self, name: str) -> bool:
        """Whether it may stay there: it ends, or something has to come first."""
        edges = self.out.get(name, ())
        return not edges or any(edge.kind == "timeout" or self.kind_of(edge) for edge in edges)

    def offered(self, at: frozenset[str]) -> Iterator[type]:
        """What may be taken here, in the order of the graph; `Advance` where a timer is armed."""
        edges = [edge for name in self.out if name in at for edge in self.out[name]]
        told = {Advance if edge.kind == "timeout" else self.kind_of(edge): None for edge in edges}
        return (kind for kind in told if kind is not None)

    def after(self, at: frozenset[str], step: Any) -> frozenset[str]:
        """Where the walk may be after a step; where it was, as far as the step is not taken."""
        if isinstance(step, Advance):
            if step.seconds is not None:
                return at | self._moved(at, lambda edge: edge.kind == "timeout")
            return self._moved(at, lambda edge: edge.kind == "timeout")
        label = label_of(step)
        return self._moved(at, lambda edge: edge.kind != "timeout" and edge.event == label)

    def _moved(self, at: frozenset[str], takes: Callable[[Transition], bool]) -> frozenset[str]:
        reached: set[str] = set()
        for name in at:
            targets = [edge.target for edge in self.out.get(name, ()) if takes(edge)]
            reached.update(targets or [name])
        return self._settled(reached)


def _may_read(kind: type, text: str) -> bool:
    """Whether an event of this type may be called so: its label's fixed parts are in the text."""
    label = getattr(kind, "label", None)
    if not isinstance(label, str) or "{" not in label:
        return False
    before, after = label.partition("{")[0], label.rpartition("}")[2]
    return text.startswith(before) and text.endswith(after)


@st.composite
def _walks(draw: st.DrawFn, walker: Walker, max_size: int, noise: float) -> list[Any]:
    steps, at = list[Any](), walker.start
    while len(steps) < max_size:
        left = min(DEEPEST, max_size - len(steps))
        more, at = draw(_walk(walker, at, left, max(2, max_size // 2), noise))
        steps += more
        if len(more) < left:
            break
    return steps


@st.composite
def _walk(
    draw: st.DrawFn, walker: Walker, at: frozenset[str], left: int, mean: int, noise: float
) -> tuple[list[Any], frozenset[str]]:
    """A walk from here, and where it ends: a step, and a walk from there."""
    step = draw(walker.step(at, mean, noise))
    if step is None:
        return [], at
    after = walker.after(at, step)
    if left == 1:
        return [step], after
    rest, end = draw(_walk(walker, after, left - 1, mean, noise))
    return [step, *rest], end


@st.composite
def _step(
    draw: st.DrawFn, walker: Walker, at: frozenset[str], mean: int, noise: float
) -> Any | None:
    """One step from here; `None` is the end, after so many steps on the average."""
    offered = [_of(walker, kind) for kind in walker.offered(at)]
    if not offered and (noise == 0 or at.isdisjoint(walker.out)):
        return None  # it has ended, or waits for somebody else
    if draw(st.integers(0, mean - 1)) == 0:
        return None
    if not offered or (noise and draw(st.integers(1, 1000)) > 1000 * (1 - noise)):
        return draw(_anything(walker))
    return draw(st.one_of(offered))


def _of(walker: Walker, kind: type) -> st.SearchStrategy[Any]:
    return st.just(Advance()) if kind is Advance else walker.kinds[kind]


def _anything(walker: Walker) -> st.SearchStrategy[Any]:
    return st.one_of(*walker.kinds.values(), st.integers(1, LONGEST).map(Advance))
