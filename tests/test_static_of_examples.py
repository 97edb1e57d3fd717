"""Of every example: what it does when it is explored is part of what its source says.

The examples are found, not listed: each function of a module in `examples/` that waits and needs
no arguments, and each actor of a model.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

import examples
from examples.game.__main__ import ALPHABETS, actor_of
from examples.models.table import MODELS
from flowlet import Dispatcher, ExploreError, StateGraph, explore
from flowlet.introspect.source_graph import Search
from flowlet.introspect.source_graph.machine import COARSEST
from flowlet.introspect.static import static
from flowlet.source import reading_of

#: A model with more states than this takes longer to explore than its test is worth.
MOST_STATES = 2_000


def actor_functions() -> dict[str, Callable[[], Any]]:
    """The functions of the examples that wait and can be run as they are, by module and name."""
    found: dict[str, Callable[[], Any]] = {}
    for info in pkgutil.walk_packages(examples.__path__, "examples."):
        if info.name.endswith("__main__"):
            continue
        module = importlib.import_module(info.name)
        for name, fn in vars(module).items():
            if inspect.isfunction(fn) and fn.__module__ == module.__name__ and runs_alone(fn):
                found[f"{info.name.removeprefix('examples.')}:{name}"] = fn
    return found


def runs_alone(fn: Callable[..., Any]) -> bool:
    """Whether a function waits and needs no arguments."""
    needed = [p for p in inspect.signature(fn).parameters.values() if p.default is p.empty]
    return not needed and bool(reading_of(fn).sites)


def missing(explored: StateGraph, read: StateGraph) -> list[str]:
    """The edges that were explored and not read, as text."""
    return [" -- ".join(edge) for edge in sorted(explored.triples() - read.triples())]


ACTORS = actor_functions()


def test_the_examples_are_found() -> None:
    """Those that everybody knows are among them."""
    known = {"turnstile:turnstile", "tcp.connection:connection", "rfc.dhcp:dhcp_client"}
    assert known < set(ACTORS)


@pytest.mark.parametrize("name", ACTORS)
def test_what_is_explored_was_read(name: str) -> None:
    """No edge is missing, and the actor begins where the source says."""
    try:
        explored = explore(ACTORS[name], max_states=60).graph
    except ExploreError as error:
        # Events that cannot be made up; who wants them explored says which there are.
        assert "give some" in str(error)  # noqa: PT017
        return
    read = static(ACTORS[name])
    assert missing(explored, read) == []
    assert set(explored.initial) <= set(read.initial)


@pytest.mark.parametrize("name", ACTORS)
def test_a_coarse_look_misses_nothing(name: str) -> None:
    """Looked at as very large sources are; where data names the states, the notes tell."""
    search = Search(ACTORS[name])
    search.facts.level = COARSEST
    read = search.graph()
    if not read.complete:
        assert "what this state is called is not known until it runs" in " ".join(read.notes)
        return
    try:
        explored = explore(ACTORS[name], max_states=60).graph
    except ExploreError as error:
        assert "give some" in str(error)  # noqa: PT017
        return
    assert missing(explored, read) == []
    assert {edge.guard for edge in read.transitions} == {""}


@pytest.mark.parametrize("name", ALPHABETS)
def test_what_is_explored_of_a_game_was_read(name: str) -> None:
    """With the events that the game gives by hand."""
    explored = explore(actor_of(name), events=ALPHABETS[name]).graph
    assert missing(explored, static(actor_of(name))) == []


@pytest.mark.parametrize("name", [name for name, m in MODELS.items() if m.states <= MOST_STATES])
def test_what_is_explored_of_a_model_was_read(name: str) -> None:
    """Of each of its actors, with the arguments that it is spawned with."""
    model = MODELS[name]
    explored = explore(model.system, **model.options)
    with Dispatcher() as d:
        model.system(d)
        actors = {actor.name: partial(actor.function, *actor._args) for actor in d.actors}
    told = {}
    for actor, fn in actors.items():
        told[actor] = missing(explored.graph_of(actor), static(fn))
    assert told == {actor: [] for actor in actors}


@pytest.mark.parametrize("name", ACTORS)
def test_every_call_in_an_example_can_be_read(name: str) -> None:
    """Nothing is drawn as unknown."""
    read = static(ACTORS[name])
    unknown = [state.name for state in read.states if "?" in state.path]
    assert (read.complete, unknown) == (True, [])


def test_the_connection_is_read_as_it_is_explored_and_in_less_than_a_second() -> None:
    """All forty edges and no other."""
    connection = ACTORS["tcp.connection:connection"]
    before = time.process_time()
    read = static(connection)
    assert time.process_time() - before < 1.0
    assert read.triples() == explore(connection).graph.triples()
