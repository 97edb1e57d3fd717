"""The machine as it was seen: an instrument that draws what the actors of a dispatcher do.

Attach it, let the program run, and ask for the graph: the states and edges that were taken, with
counts.  Laid over an explored graph (`explored.merge(observed)`) it shows what a run never did.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .. import names
from ..actor import ActorRef
from ..dispatcher import Dispatcher
from ..errors import ExploreError
from ..instrument import Ended, Record, Sent
from ..instrument import Spawned as SpawnedRecord
from .model import Evidence, State, StateGraph, Transition, side_by_side
from .model.display import shown_as

if TYPE_CHECKING:
    from .record import Follower, GraphBuilder, Move

#: The states of more actors than this are not put side by side.
MOST_TOGETHER = 16


class Together:
    """The steps of all actors as steps of their system, where these are few."""

    def __init__(self) -> None:
        #: Where each of them waits, in the order of their spawning; `None` before the first wait.
        self.places: dict[str, str | None] = {}
        self.counts: dict[tuple[str, str, str], int] = {}

    def add(self, name: str, move: Move) -> None:
        """An actor has gone on."""
        if len(self.places) > MOST_TOGETHER:
            return
        before = list(self.places.values())
        self.places[name] = names.text(move.stop.path)
        if move.start is None or None in before:
            return
        step = (side_by_side(before), f"{name}: {move.event}", side_by_side(self.places.values()))
        self.counts[step] = self.counts.get(step, 0) + 1

    @property
    def graph(self) -> StateGraph:
        """What was seen of the system."""
        edges = tuple(
            Transition(source=source, event=event, target=target, evidence=Evidence(seen=count))
            for (source, event, target), count in self.counts.items()
        )
        ends = dict.fromkeys(end for edge in edges for end in (edge.source, edge.target))
        states = tuple(State(path=(end,), evidence=Evidence(seen=1)) for end in ends)
        return StateGraph(name=side_by_side(self.places), states=states, transitions=edges)


class Observation:
    """What was seen of the actors of a dispatcher; itself a listener."""

    def __init__(self) -> None:
        self._together = Together()
        self._followers: dict[ActorRef[Any], Follower] = {}
        self._builders: dict[Callable[..., Any], GraphBuilder] = {}
        self._functions: dict[str, Callable[..., Any]] = {}

    def __call__(self, record: Record) -> None:
        """Take a record; called by the dispatcher."""
        if isinstance(record, Sent):
            sender = self._followers.get(record.sender) if record.sender is not None else None
            if sender is not None and record.sender is not record.actor:
                sender.sent(record)
            return
        ref = record.actor
        follower = self._followers.get(ref)
        if follower is None:
            if not isinstance(record, SpawnedRecord):
                return
            follower = self._follow(ref, None)
        move = follower.take(record)
        if move is not None:
            self._builder(ref).add(move)
            self._together.add(ref.name, move)
        if isinstance(record, Ended):
            del self._followers[ref]

    def _follow(self, ref: ActorRef[Any], at: tuple[Any, ...] | None) -> Follower:
        from .record import Follower  # what follows: `flowlet.introspect` says why

        self._builder(ref)
        self._together.places[ref.name] = None if at is None else names.text(at)
        follower = self._followers[ref] = Follower(at)
        return follower

    def _builder(self, ref: ActorRef[Any]) -> GraphBuilder:
        fn = names.unwrapped(ref.function)
        self._functions[ref.name] = fn
        builder = self._builders.get(fn)
        if builder is None:
            from .record import GraphBuilder

            builder = self._builders[fn] = GraphBuilder(names.function_name(fn), explored=False)
        return builder

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        """The picture of what was seen, for a notebook."""
        return shown_as(self.graph)

    @property
    def graph(self) -> StateGraph:
        """The graph of all actors that were seen; those of one function are one machine."""
        graphs = [builder.build() for builder in self._builders.values()]
        if not graphs:
            return StateGraph()
        name = ", ".join(graph.name for graph in graphs)
        return graphs[0].merge(*graphs[1:]).model_copy(update={"name": name})

    def graph_of(self, which: str | Callable[..., Any]) -> StateGraph:
        """The graph of one actor function, given by itself, its name, or an actor's name.

        The names of all actors side by side, `"client | server"`, give that of their system.
        """
        fn = which if isinstance(which, str) else names.unwrapped(which)
        for known, builder in self._builders.items():
            if known == fn or builder.name == fn:
                return builder.build()
        if isinstance(fn, str) and fn in self._functions:
            return self._builders[self._functions[fn]].build()
        if which == side_by_side(self._together.places):
            return self._together.graph
        known_names = ", ".join(builder.name for builder in self._builders.values()) or "none"
        raise ExploreError(f"no actor of {which!r} was observed; there were {known_names}")


def observe(dispatcher: Dispatcher) -> Observation:
    """Watch a dispatcher from now on; the result's `graph` says what happened, and how often.

    Actors that are there already are followed from where they wait.
    """
    observation = Observation()
    dispatcher.listen(observation)
    for ref in dispatcher.actors:
        observation._follow(ref, ref.state or None)
    return observation
