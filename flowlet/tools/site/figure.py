"""One picture on a page: from `module:name` and some options to HTML.

What is named may be an actor function, a system, or a graph that the code has made (with `merge`,
`diff`, or `explore` and options of its own).  It is drawn as a program would draw it: by `explore`
or `static`, then `fold`, then `view`.

Everything that goes wrong is a `FigureError`, whose message says what to put right.  So a build
can go on and report all of them, and a strict one fails.
"""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from flowlet import FlowletError, StateGraph, explore
from flowlet.export import NoGraphvizError
from flowlet.introspect import Source, static
from flowlet.tools.site.inline import Link, inline
from flowlet.tools.site.modules import Modules
from flowlet.tools.site.page_program import PageProgram
from flowlet.tools.targets import TargetError, actor_function, resolve

#: What may be said of a picture, and how that reads in a message.
OPTIONS: Mapping[str, str] = {
    "actor": "the name of an actor: of a system, its graph alone",
    "alt": "the picture in words, for those who do not see it",
    "caption": "the text below",
    "events": "the name of a list of events in the same module: exactly these are offered",
    "fold": "names of blocks, with commas between: each is drawn as one state",
    "max-states": "a number: explore no more states",
    "static": "read the source instead of exploring; takes no value",
    "time": "any (the default) or ordered, as explore takes it",
    "view": "a number: draw no more states",
}


class FigureError(Exception):
    """The picture cannot be drawn; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture as HTML; what leads where in words; and the files that it was drawn from."""

    html: str
    words: tuple[str, ...]
    files: frozenset[str]


@dataclass(frozen=True, slots=True)
class Artist:
    """Draws what pages ask for.

    Paths are relative to `root`, which is importable too.  `link` gives the address of a place in
    a source file, or `None` where there is none.
    """

    root: Path
    link: Link
    modules: Modules

    def figure(
        self, target: str, options: Mapping[str, str], page: PageProgram | None = None
    ) -> Figure:
        """The picture that is asked for; `page` is what `:name` is looked up in."""
        unknown = sorted(set(options) - set(OPTIONS))
        if unknown:
            raise FigureError(f"there is no option {unknown[0]!r}. There are {', '.join(OPTIONS)}.")
        silence = contextlib.redirect_stdout(io.StringIO())  # what a page's program prints
        try:
            with contextlib.chdir(self.root), self.modules.fresh(self.root), silence:
                graph = _without_places_elsewhere(self._graph(target, options, page), self.root)
                svg = graph.text("svg")
        except (TargetError, FlowletError, NoGraphvizError, KeyError, TimeoutError) as error:
            said = error.args[0] if isinstance(error, KeyError) else error
            raise FigureError(f"cannot draw {target}: {said}") from error
        return self._figure(graph, svg, options)

    def _graph(
        self, target: str, options: Mapping[str, str], page: PageProgram | None
    ) -> StateGraph:
        found, in_module = _named(target, page)
        if graph := _graph_that_is_there(found):
            _refuse(options, ("actor", "events", "max-states", "static", "time"), target)
        elif "static" in options:
            _refuse(options, ("actor", "events", "max-states", "time"), "a static view")
            graph = static(found)
        else:
            explored = explore(found, **_exploring(options, in_module))
            graph = explored.graph_of(options["actor"]) if "actor" in options else explored.graph
        for block in filter(None, map(str.strip, options.get("fold", "").split(","))):
            graph = graph.fold(block)
        if "view" in options:
            graph = graph.view(_number("view", options))
        return graph

    def _figure(self, graph: StateGraph, svg: str, options: Mapping[str, str]) -> Figure:
        words = tuple(map(str, graph.transitions))
        label = options.get("alt") or f"State machine {graph.name}: {'; '.join(words)}"
        drawn = inline(svg, label, self.link)
        inside = drawn + self._below(graph, options)
        html = f'<figure class="flowlet" data-search-exclude>{inside}</figure>'
        return Figure(html, words, frozenset(self._files(graph)))

    def _below(self, graph: StateGraph, options: Mapping[str, str]) -> str:
        """The caption, and where the code is to be read."""
        parts = [escape(options["caption"])] if options.get("caption") else []
        first = next((state.source for state in graph.states if state.source), None)
        if first and (address := self.link(*self._place(first))):
            where = escape("{}, line {}".format(*self._place(first)))
            parts.append(f'<a href="{escape(address)}" title="{where}">source</a>')
        return f"<figcaption>{' · '.join(parts)}</figcaption>" if parts else ""

    def _place(self, source: Source) -> tuple[str, int]:
        path = Path(source.file)
        if path.is_absolute() and path.is_relative_to(self.root):
            path = path.relative_to(self.root)
        return path.as_posix(), source.line

    def _files(self, graph: StateGraph) -> Iterable[str]:
        for one in (*(s.source for s in graph.states), *(e.at for e in graph.transitions)):
            if one is not None:
                yield self._place(one)[0]


def _without_places_elsewhere(graph: StateGraph, root: Path) -> StateGraph:
    """The graph without paths that only this machine has: a page is for everybody.

    Of a file that is not below the root, an installed library's for example, the name is enough.
    """

    def bare(source: Source | None) -> Source | None:
        if source is None or not _is_elsewhere(source.file, root):
            return source
        return source.model_copy(update={"file": f"…/{Path(source.file).name}"})

    def note(text: str) -> str:
        return re.sub(
            r"(?<![\w.…])(/[^\s:]+/|[A-Z]:\\[^\s:]+\\)([^\s:/\\]+\.py\b)",
            lambda path: f"…/{path[2]}" if _is_elsewhere(path[0], root) else path[0],
            text,
        )

    return graph.model_copy(
        update={
            "states": tuple(
                state.model_copy(update={"source": bare(state.source)}) for state in graph.states
            ),
            "transitions": tuple(
                edge.model_copy(update={"at": bare(edge.at)}) for edge in graph.transitions
            ),
            "notes": tuple(map(note, graph.notes)),
        }
    )


def _is_elsewhere(file: str, root: Path) -> bool:
    return Path(file).is_absolute() and not Path(file).is_relative_to(root)


def parsed(lines: Iterable[str]) -> dict[str, str]:
    """The options in a fence, a line each: `:fold: call`."""
    options: dict[str, str] = {}
    for line in filter(None, map(str.strip, lines)):
        mark, name, value = [*map(str.strip, line.split(":", 2)), "", ""][:3]
        if mark or not name or line.count(":") < 2:
            raise FigureError(
                f"{line!r} is no option. Options stand one a line, as `:name: value`; there are "
                f"{', '.join(OPTIONS)}."
            )
        options[name] = value
    return options


# --- what is named


def _named(target: str, page: PageProgram | None) -> tuple[Any, Callable[[str], Any]]:
    """What is named, and how other names in the same module are looked up."""
    if not target:
        raise FigureError("say what to draw: package.module:name, path/file.py:name, or :name.")
    if target.startswith(":"):
        if page is None:
            raise FigureError(
                f"{target} names something in the programs of a page, and this is none."
            )
        look_up = page.look_up
        found = look_up(target.removeprefix(":"))
    else:
        module, found = resolve(target)

        def look_up(name: str) -> Any:
            return resolve(name, module)[1]

        if not _graph_that_is_there(found):
            actor_function(target)  # says what is wrong, if it is no actor function
    return found, look_up


def _graph_that_is_there(found: object) -> StateGraph | None:
    """The graph, where one is named: itself, or that of an exploration or an observation."""
    graph = found if isinstance(found, StateGraph) else getattr(found, "graph", None)
    return graph if isinstance(graph, StateGraph) else None


# --- options


def _exploring(options: Mapping[str, str], in_module: Callable[[str], Any]) -> dict[str, Any]:
    more: dict[str, Any] = {}
    if "events" in options:
        events = in_module(options["events"])
        if not isinstance(events, list | tuple):
            raise FigureError(
                f":events: {options['events']} is no list but {type(events).__name__}: give the "
                "name of a list of events, such as `offered = [Coin(5), Push()]`."
            )
        more["events"] = events
    if "time" in options:
        more["time"] = options["time"]
    if "max-states" in options:
        more["max_states"] = _number("max-states", options)
    return more


def _number(name: str, options: Mapping[str, str]) -> int:
    try:
        number = int(options[name])
    except ValueError:
        number = 0
    if number < 1:
        raise FigureError(f":{name}: takes a number, 1 or more, not {options[name]!r}.")
    return number


def _refuse(options: Mapping[str, str], without: Iterable[str], what: str) -> None:
    for name in without:
        if name in options:
            raise FigureError(
                f":{name}: says how to explore, and {what} is not explored: leave it out."
            )
