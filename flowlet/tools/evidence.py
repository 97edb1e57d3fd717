"""What the tests did to each actor function, laid over all that can happen to it.

`Evidence` gathers: an observation listens to each dispatcher, and after each test what it has seen
is added up by function.  `covered` explores those functions, once, and says what nobody has done.
Both halves are plain data, so that the processes of a parallel run can send them to each other.

An actor function is known by where it stands, not by its module's name: a test may have imported
the file under another name than the one by which it was asked for.
"""

from __future__ import annotations

import functools
import json
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flowlet import Dispatcher, ExploreError, StateGraph, explore
from flowlet.instrument import Record, Spawned
from flowlet.introspect import Coverage, Observation, is_system

#: So many ways of binding the arguments of one function are explored.
MOST_BOUND = 8
#: What exploring one function may find, unless the ini file says otherwise.
MOST_STATES = 10_000


@dataclass
class Seen:
    """An actor function: where it stands, what was seen of it, and all that there is of it."""

    name: str
    place: str
    seen: StateGraph = field(default_factory=StateGraph)
    machine: StateGraph | None = None
    #: Why there is no machine, or what is to be known about it.
    notes: tuple[str, ...] = ()

    def add(self, other: Seen) -> None:
        """What another process knows of the same function."""
        self.seen = _sum(self.seen, other.seen)
        if self.machine is None:
            self.machine = other.machine
            self.notes = other.notes

    @property
    def coverage(self) -> Coverage | None:
        """What was done of what can be done; `None` where that is not known."""
        return None if self.machine is None else self.machine.coverage(self.seen)

    def dump(self) -> dict[str, Any]:
        """As plain data."""
        machine = None if self.machine is None else self.machine.model_dump(mode="json")
        return {
            "name": self.name,
            "place": self.place,
            "seen": self.seen.model_dump(mode="json"),
            "machine": machine,
            "notes": list(self.notes),
        }

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> Seen:
        """From what `dump` gave."""
        machine = data["machine"]
        return cls(
            data["name"],
            data["place"],
            StateGraph.model_validate(data["seen"]),
            None if machine is None else StateGraph.model_validate(machine),
            tuple(data["notes"]),
        )


def dumps(functions: Mapping[str, Seen]) -> str:
    """What one process has to tell, as text."""
    return json.dumps({key: each.dump() for key, each in functions.items()})


def add_all(functions: dict[str, Seen], text: str) -> None:
    """Add what another process has told."""
    for key, data in json.loads(text).items():
        each = Seen.load(data)
        if key in functions:
            functions[key].add(each)
        else:
            functions[key] = each


def _sum(one: StateGraph, other: StateGraph) -> StateGraph:
    return other if not one.states else one.merge(other) if other.states else one


# --- gathering ----------------------------------------------------------------------------


class Evidence:
    """All that was seen of actors that tests have spawned at the top."""

    def __init__(self) -> None:
        #: By key: the ways in which the function was bound, and what was seen for good.
        self.functions: dict[str, list[Callable[..., Any]]] = {}
        self.graphs: dict[str, StateGraph] = {}
        #: Those with news, which nobody else holds once their dispatcher is gone.
        self._news: list[_Spectator] = []
        #: All whose dispatcher may go on, with what they had seen when they were last asked.
        self._known: list[tuple[weakref.ref[_Spectator], dict[str, StateGraph]]] = []

    def watch(self, dispatcher: Dispatcher) -> None:
        """Listen to a dispatcher."""
        spectator = _Spectator(self._news)
        self._known.append((weakref.ref(spectator), {}))
        dispatcher.listen(spectator)

    def gather(self) -> None:
        """Add up what was seen; to be called after each test.

        A dispatcher may live on, as one of a whole module does.  So what was seen of it counts for
        good only when it is gone; until then it is looked at again.  It may also be gone before
        the test is over, and is asked all the same: whoever has news is held until now.
        """
        known, self._known = self._known, []
        for ref, graphs in known:
            spectator = ref()
            if spectator is None:
                self._keep(graphs)
            elif not spectator.has_news:
                self._known.append((ref, graphs))
            else:
                for key, fn in spectator.functions.items():
                    bound = self.functions.setdefault(key, [])
                    if len(bound) < MOST_BOUND and not any(_same(fn, other) for other in bound):
                        bound.append(fn)
                self._known.append((ref, spectator.tell()))
        self._news.clear()

    def _keep(self, graphs: Mapping[str, StateGraph]) -> None:
        for key, graph in graphs.items():
            self.graphs[key] = _sum(self.graphs.get(key, StateGraph()), graph)

    def close(self) -> None:
        """Take what was seen as it is now."""
        self.gather()
        for _, graphs in self._known:
            self._keep(graphs)
        self._known = []


class _Spectator:
    """Observes one dispatcher, and knows the functions that were spawned at its top."""

    def __init__(self, news: list[_Spectator]) -> None:
        self.observation = Observation()
        self.functions: dict[str, Callable[..., Any]] = {}
        #: Whether it is on the list of those with news: something has happened since it told.
        self.has_news = False
        self._news = news

    def __call__(self, record: Record) -> None:
        if not self.has_news:
            self.has_news = True
            self._news.append(self)
        self.observation(record)
        if type(record) is Spawned and record.parent is None:
            self.functions.setdefault(key_of(record.actor.function), record.actor.function)

    def tell(self) -> dict[str, StateGraph]:
        """All that was seen until now, by function."""
        self.has_news = False
        return {key: self.observation.graph_of(bare(fn)) for key, fn in self.functions.items()}


def bare(fn: Callable[..., Any]) -> Callable[..., Any]:
    """The function inside a `partial`."""
    while isinstance(fn, functools.partial):
        fn = fn.func
    return fn


def key_of(fn: Callable[..., Any]) -> str:
    """Where a function stands: `/path/gate.py:12 turnstile`."""
    fn = bare(fn)
    code = getattr(fn, "__code__", None)
    if code is None:
        return f"{getattr(fn, '__module__', '?')} {getattr(fn, '__qualname__', fn)}"
    return f"{code.co_filename}:{code.co_firstlineno} {code.co_qualname}"


def is_local(key: str) -> bool:
    """Whether the function was made by another one, as those inside a test are."""
    return "<locals>" in key or "<lambda>" in key


def _same(one: Callable[..., Any], other: Callable[..., Any]) -> bool:
    if isinstance(one, functools.partial) and isinstance(other, functools.partial):
        try:
            same = bool(one.args == other.args and one.keywords == other.keywords)
        except Exception:
            same = False
        return same and _same(one.func, other.func)
    return one == other


# --- exploring ----------------------------------------------------------------------------


def explored(
    key: str, ways: Iterable[Callable[..., Any]], root: Path, max_states: int = MOST_STATES
) -> Seen:
    """A function with all that can happen to it, however its arguments were bound."""
    each = _entry(key, root)
    notes: dict[str, None] = {}
    for fn in ways:
        try:
            graph = explore(fn, max_states=max_states, progress=_silent).graph
        except ExploreError as error:
            notes[f"not explored: {error}"] = None
            continue
        except Exception as error:
            notes[f"not explored: it raises {type(error).__name__}: {error}"] = None
            continue
        each.machine = graph if each.machine is None else each.machine.merge(graph)
        if not graph.complete:
            notes.update(dict.fromkeys(("not complete", *graph.notes)))
    each.notes = tuple(notes)
    return each


def of_target(
    target: Any, seen: Iterable[str], root: Path, max_states: int = MOST_STATES
) -> dict[str, Seen]:
    """What a target names, explored: an actor function, a system, or an exploration made by hand.

    `seen` are the keys of the functions that ran: a graph is of the one that has its name.
    Raises `ExploreError` for what cannot be explored.
    """
    if callable(target) and not is_system(target):
        key = key_of(target)
        found = explored(key, [target], root, max_states)
        if found.machine is None:
            raise ExploreError("; ".join(found.notes).removeprefix("not explored: "))
        return {key: found}
    by_name: dict[str, str] = {_name(key).rpartition(".")[2]: key for key in seen}
    result: dict[str, Seen] = {}
    for key, graph in _machines(target, by_name, max_states):
        each = result.setdefault(key, _entry(key, root))
        each.machine = graph if each.machine is None else each.machine.merge(graph)
        each.notes = () if graph.complete else ("not complete", *graph.notes)
    return result


def _machines(
    target: Any, by_name: Mapping[str, str], max_states: int
) -> Iterator[tuple[str, StateGraph]]:
    """The machines of a target, each with the key of the function that it is of."""
    if isinstance(target, StateGraph):
        yield by_name.get(target.name, target.name), target
        return
    keys: Mapping[str, str] = by_name
    if callable(target):
        # Which function each actor runs; they are spawned for that, and do not begin.
        with Dispatcher() as d:
            target(d)
            keys = {ref.name: key_of(ref.function) for ref in d.actors}
        target = explore(target, max_states=max_states, progress=_silent)
    if not isinstance(getattr(target, "graph", None), StateGraph):
        raise ExploreError(
            f"{target!r} is no actor function, no system function, and no exploration"
        )
    first = next(iter(target.states), None)
    names: list[str] = [actor.name for actor in first.actors] if first is not None else []
    for name in names:
        yield keys.get(name, name), target.graph_of(name)


def _entry(key: str, root: Path) -> Seen:
    place, _, _ = key.rpartition(" ")
    file, _, line = place.rpartition(":")
    path = Path(file)
    if file and path.is_relative_to(root):
        place = f"{path.relative_to(root)}:{line}"
    return Seen(_name(key), place)


def _name(key: str) -> str:
    return key.rpartition(" ")[2]


def _silent(states: int, frontier: int) -> None:
    """No progress is shown."""
