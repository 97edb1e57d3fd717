"""The machine as it was seen: an instrument that draws what the actors of a dispatcher do.

Attach it, let the program run, and ask for the graph: the states and edges that were taken, with
counts.  Laid over an explored graph (`explored.merge(observed)`) it shows what a run never did.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import names
from ..actor import ActorRef
from ..dispatcher import Dispatcher
from ..errors import ExploreError
from ..instrument import Ended, Record, Sent
from ..instrument import Spawned as SpawnedRecord
from .model import StateGraph
from .record import Follower, GraphBuilder


class Observation:
    """What was seen of the actors of a dispatcher; itself a listener."""

    def __init__(self) -> None:
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
        if isinstance(record, Ended):
            del self._followers[ref]

    def _follow(self, ref: ActorRef[Any], at: tuple[Any, ...] | None) -> Follower:
        self._builder(ref)
        follower = self._followers[ref] = Follower(at)
        return follower

    def _builder(self, ref: ActorRef[Any]) -> GraphBuilder:
        fn = names.unwrapped(ref.function)
        self._functions[ref.name] = fn
        builder = self._builders.get(fn)
        if builder is None:
            builder = self._builders[fn] = GraphBuilder(names.function_name(fn), explored=False)
        return builder

    @property
    def graph(self) -> StateGraph:
        """The graph of all actors that were seen; those of one function are one machine."""
        graphs = [builder.build() for builder in self._builders.values()]
        if not graphs:
            return StateGraph()
        name = ", ".join(graph.name for graph in graphs)
        return graphs[0].merge(*graphs[1:]).model_copy(update={"name": name})

    def graph_of(self, which: str | Callable[..., Any]) -> StateGraph:
        """The graph of one actor function, given by itself, its name, or an actor's name."""
        fn = which if isinstance(which, str) else names.unwrapped(which)
        for known, builder in self._builders.items():
            if known == fn or builder.name == fn:
                return builder.build()
        if isinstance(fn, str) and fn in self._functions:
            return self._builders[self._functions[fn]].build()
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
