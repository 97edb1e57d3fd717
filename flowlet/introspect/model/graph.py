"""The graph of a machine, with what can be done with graphs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field

from .as_json import model_as_json
from .laying import laid_over
from .order import states_of
from .parts import Composite, Part, State, Transition
from .quotient import merged

if TYPE_CHECKING:
    from .coverage import Coverage, Trace
    from .diff import GraphDiff

#: A picture with more states than this is folded.
MANY = 29


class StateGraph(Part, frozen=True):
    """A machine: its states, its transitions, and what is known about both.

    `complete` is false where something was cut off; `notes` then says what, and what to do.
    `composites` has the blocks of which more is known than what is in them.
    """

    name: str = ""
    states: tuple[State, ...] = ()
    transitions: tuple[Transition, ...] = ()
    initial: tuple[str, ...] = ()
    complete: bool = True
    notes: tuple[str, ...] = Field(default=())
    composites: tuple[Composite, ...] = ()

    def triples(self) -> set[tuple[str, str, str]]:
        """All edges as `(from, event, to)`, named as they are drawn; an eventless edge has `""`."""
        return {(edge.source, edge.event, edge.target) for edge in self.transitions}

    def state(self, name: str) -> State:
        """The state of that name; `KeyError` tells the names that there are."""
        for state in self.states:
            if state.name == name:
                return state
        raise KeyError(f"no state {name!r} in {self.name}; there are {', '.join(self.names())}")

    def names(self) -> list[str]:
        """The names of all states, in the order in which they were found."""
        return [state.name for state in self.states]

    def merge(self, *others: StateGraph) -> StateGraph:
        """This graph with the evidence of others laid over it; what only they know is added.

        ```python
        both = explore(turnstile).graph.merge(observed.graph)
        both.save("turnstile.svg")    # bold with a count: seen; grey: never
        ```

        The graphs are of the same code.  Edges are one where source, event, target and guard are;
        one without a guard (a recording has none) counts on every guarded edge between the same
        two states, and on the one with its outputs if there is such.
        """
        graph = self
        for other in others:
            graph = laid_over(graph, other)
        return graph

    def unseen(self) -> list[Transition]:
        """The edges that no run has taken yet."""
        return [edge for edge in self.transitions if not edge.evidence.seen]

    def fold(self, name: str) -> StateGraph:
        """The graph with a block and all the states in it as one state.

        Edges inside the block become edges of the one state to itself.  Raises `KeyError` where
        there is no such block.
        """
        inside = {s.name for s in self.states if s.name == name or s.name.startswith(name + "/")}
        if not inside:
            raise KeyError(f"no block {name!r} in {self.name}; there are {', '.join(self.names())}")
        depth = next(
            i
            for s in self.states
            for i in range(1, len(s.path) + 1)
            if s.name in inside and "/".join(s.path[:i]) == name
        )

        return merged(self, {s.name: s.path[:depth] for s in self.states if s.name in inside})

    def project(self, to: Callable[[State], object], *, loops: bool = True) -> StateGraph:
        """The graph with states as one where the function gives the same name for them.

        ```python
        phases = graph.project(lambda state: state.path[0])           # the outermost blocks
        quick = graph.project(lambda state: "busy" if "Job" in state.accepts else "idle")
        ```

        The function is given a `State`.  It returns a name, in which `/` stands between blocks,
        or a path as a tuple; anything else counts as its text.  Edges between states that become
        one are edges of that state to itself; `loops=False` leaves those out, which is how one
        part of a state of many parts is looked at: what others do is not its business.
        """
        into = {name: _path(to(state)) for name, state in states_of(self).items()}

        def moves(edge: Transition) -> bool:
            stays = into[edge.source] == into[edge.target]
            return loops or not stays or edge.source == edge.target

        return merged(self, into, moves)

    def minimize(self) -> StateGraph:
        """The smallest graph that does the same: states that nobody can tell apart are one.

        ```python
        explore(unrolled).graph.minimize().names()    # ["locked, locked again", "unlocked"]
        ```

        Two states are one where they are of the same kind, and each has an edge of the same
        label (event, guard and outputs) to every state, up to such sameness, to which the other
        has one: strong bisimilarity.  Evidence of edges that become one is added.
        """
        from .minimize import minimized

        return minimized(self)

    def highlight(self, *states: str | tuple[object, ...]) -> StateGraph:
        """The graph with those states marked as where an actor is now, and no others.

        ```python
        explore(player).graph.highlight(ref.state).save("now.svg")
        graph.highlight("playing/song")
        ```

        A state is given by its name or by its path, as `ref.state` has it, also within regions.
        Raises `KeyError` where there is no such state.
        """
        names = {self._standing(state).name for state in states}
        return self.model_copy(
            update={
                "states": tuple(
                    state
                    if state.active == (state.name in names)
                    else state.model_copy(update={"active": state.name in names})
                    for state in self.states
                )
            }
        )

    def _standing(self, state: str | tuple[object, ...]) -> State:
        """The state of that name, or of that path, in which slashes may be marked here."""
        path = () if isinstance(state, str) else tuple(_name((part,)) for part in state)
        marked = tuple(part.replace("/", "\\/") for part in path)
        for each in self.states:
            if each.path in (path, marked):
                return each
        return self.state(_name(state))

    def factor(self) -> StateGraph:
        """The graph with regions apart: two of three states each are six, and no longer nine.

        ```python
        def cook():
            with state("cooking"):
                parallel(rice, sauce)

        explore(cook).graph.names()             # ["cooking/rice | sauce", "cooking/end | sauce", …]
        explore(cook).graph.factor().names()    # ["cooking/rice/rice", "cooking/rice/end", …]
        ```

        That is done where regions are independent: multiplied again they are this very graph, edge
        by edge.  Others stay multiplied.  `composites` says which blocks are regions, and where
        they begin.  Pictures are drawn of it.
        """
        from .factor import factored

        return factored(self)

    def view(self, max_nodes: int = MANY) -> StateGraph:
        """A graph of at most so many states, for people: some stand for many.

        ```python
        small = graph.view(max_nodes=12)
        [(state.name, len(state.folded)) for state in small.states]
        ```

        Chains become one state, then blocks, then what is furthest from the start.  `folded`
        names what a state stands for, and a note says how many states there were.  Pictures are
        drawn of `graph.view()`.
        """
        from .view import viewed

        return viewed(self, max_nodes)

    def diff(self, after: StateGraph) -> GraphDiff:
        """What another version of the machine has that this one has not, and the other way round.

        ```python
        diff = explore(old_gate).graph.diff(explore(gate).graph)
        print(diff)               # + unlocked --after 10s--> locked
        assert diff.same, diff
        diff.graph.save("changes.svg")    # what is new is green, what is gone is red
        ```
        """
        from .diff import difference

        return difference(self, after)

    def coverage(self, trace: Trace) -> Coverage:
        """How much of this machine a trace took, and whether the trace is a path of it.

        ```python
        covered = explore(turnstile).graph.coverage(observed)
        print(covered)            # turnstile: 1 of 2 edges taken (50%), …
        assert covered.fraction == 1, covered.never
        assert covered.follows, covered.strays
        ```

        The trace is an `Observation`, a graph with counts, a path, or a list of steps as
        `(state, event, state)` or `(actor, state, event, state)`, by name.  A list may begin
        anywhere and leave transient states out.  Where this graph knows what is reachable, edges
        that were only read in the source need not be taken.
        """
        from .coverage import covered

        return covered(self, trace)

    def paths(self) -> list[list[Transition]]:
        """Paths from an initial state that together take every reachable edge: tests to write.

        ```python
        for path in explore(turnstile).graph.paths():
            print(" then ".join(map(str, path)))
        ```

        They are few and short, and the same each time.  They are paths of what is drawn: where
        data decides which guard holds, a path may need another event before it can be walked.
        """
        from .paths import covering_paths

        return covering_paths(self)

    def text(self, format: str = "dot") -> str:
        """The graph in a text format: `"dot"`, `"mermaid"`, `"plantuml"`, `"svg"`, `"json"`.

        `"html"` is a page to step through; for programs that run machines or compare them there
        are `"scxml"`, `"xstate"` and `"aut"`.
        """
        written = _writer(format)(self)
        if isinstance(written, bytes):
            raise ValueError(f"{format} is not text: use graph.save('name.{format}')")
        return written

    def save(self, path: str | Path, format: str | None = None) -> Path:
        """Write the graph to a file; the ending says how.

        It is `.svg .png .html .dot .mmd .puml .json .scxml .xstate.json` or `.aut`.
        """
        path = Path(path)
        written = _writer(format or _ending(path))(self)
        if isinstance(written, bytes):
            path.write_bytes(written)
        else:
            path.write_text(written, encoding="utf-8")
        return path

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        """The picture, for a notebook."""
        from .display import shown_as

        return shown_as(self)


Writer = Callable[[StateGraph], str | bytes]

#: Filled by `flowlet.export`, which knows the formats; the model knows only their names.
writers: dict[str, Writer] = {"json": lambda graph: model_as_json(graph) + "\n"}


def _ending(path: Path) -> str:
    """The longest ending of a file that is a format: `xstate.json` rather than `json`."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    endings = ["".join(suffixes[n:]).removeprefix(".") for n in range(len(suffixes))]
    known = [ending for ending in endings if ending in writers]
    return known[0] if known else path.suffix.removeprefix(".").lower()


def _writer(format: str) -> Writer:
    if format not in writers:
        known = ", ".join(sorted(writers))
        raise ValueError(f"cannot write a graph as {format!r}: give one of {known}")
    return writers[format]


def _name(state: str | tuple[object, ...]) -> str:
    """The name of a state by its path, in which a tuple stands for regions side by side."""
    if isinstance(state, str):
        return state
    return "/".join(
        " | ".join(_name(region) for region in part if isinstance(region, tuple))
        if isinstance(part, tuple)
        else str(part)
        for part in state
    )


def _path(name: object) -> tuple[str, ...]:
    if isinstance(name, tuple):
        return tuple(map(str, name))
    return tuple(str(name).split("/"))
