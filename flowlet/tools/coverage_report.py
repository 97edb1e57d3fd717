"""What the tests left out of the machines: a table for the terminal, and a page with pictures.

A state counts as covered when an actor has been in it, an edge when one has taken it; the figure
is that of both together, as with the lines and branches of code.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from flowlet.export import NoGraphvizError, relative_to
from flowlet.introspect import Coverage

from .coverage_page import Section, page, slug
from .evidence import Seen
from .story import line_text

#: So many edges that were never taken are named for each function; the page has them all.
MOST_NAMED = 5


@dataclass(frozen=True)
class Count:
    """How much was covered of how much there is."""

    states: int = 0
    all_states: int = 0
    edges: int = 0
    all_edges: int = 0

    def __add__(self, other: Count) -> Count:
        return Count(
            self.states + other.states,
            self.all_states + other.all_states,
            self.edges + other.edges,
            self.all_edges + other.all_edges,
        )

    @property
    def percent(self) -> float:
        """States and edges together, from 0 to 100."""
        there = self.all_states + self.all_edges
        return 100 * (self.states + self.edges) / there if there else 100.0

    @property
    def told(self) -> float:
        """The same to a tenth, rounded down: what is 99.96 % is not all."""
        return int(10 * self.percent) / 10


def count(coverage: Coverage) -> Count:
    """The numbers of one machine."""
    states, edges = len(coverage.visited), len(coverage.taken)
    return Count(states, states + len(coverage.unvisited), edges, edges + len(coverage.never))


class Report:
    """The coverage of several actor functions."""

    def __init__(self, functions: Iterable[Seen], root: Path) -> None:
        self.root = root
        self.functions: list[Seen] = sorted(functions, key=lambda each: (each.place, each.name))
        self.coverages: list[Coverage | None] = [each.coverage for each in self.functions]
        self.total: Count = sum((count(one) for one in self.coverages if one is not None), Count())

    @property
    def anything(self) -> bool:
        """Whether any function was explored."""
        return any(one is not None for one in self.coverages)

    def lines(self) -> Iterator[str]:
        """The table, and what is to be known besides."""
        titles = [f"{each.name}  {each.place}" for each in self.functions]
        width = max(map(len, ["actor function", *titles]))
        yield f"{'actor function':{width}}  {'states':>9}  {'edges':>9}  {'cover':>6}"
        for title, coverage in zip(titles, self.coverages, strict=True):
            if coverage is None:
                yield f"{title:{width}}  {'?':>9}  {'?':>9}  {'?':>6}"
                continue
            yield f"{title:{width}}  {_numbers(count(coverage))}"
            yield from _left_out(coverage)
        yield f"{'TOTAL':{width}}  {_numbers(self.total)}"
        for each in self.functions:
            for note in each.notes:
                yield f"{each.name}: {note}"
        if None in self.coverages:
            yield (
                "What was not explored counts for nothing; show how by --flowlet-coverage-of with "
                "a functools.partial, a system function, or an exploration of your own."
            )

    def write(self, folder: Path) -> Path:
        """Write the page `index.html` with a picture of each machine; returns its path."""
        folder.mkdir(parents=True, exist_ok=True)
        sections = []
        for number, (each, coverage) in enumerate(
            zip(self.functions, self.coverages, strict=True), 1
        ):
            name = f"{slug(each.name)}-{number}"
            sections.append(_section(each, coverage, name, folder, self.root))
        path = folder / "index.html"
        path.write_text(page(sections, self.total.told), encoding="utf-8")
        return path


def _numbers(one: Count) -> str:
    states, edges = f"{one.states}/{one.all_states}", f"{one.edges}/{one.all_edges}"
    return f"{states:>9}  {edges:>9}  {int(one.percent):>4} %"


def _left_out(coverage: Coverage) -> Iterator[str]:
    never = [str(edge) for edge in coverage.never]
    yield from (f"    never: {edge}" for edge in never[:MOST_NAMED])
    if len(never) > MOST_NAMED:
        yield f"    … and {len(never) - MOST_NAMED} more"
    for stray in coverage.strays[:MOST_NAMED]:
        yield f"    not in the graph: {stray}"


def _section(each: Seen, coverage: Coverage | None, name: str, folder: Path, root: Path) -> Section:
    if coverage is None:
        return Section(each.name, each.place, name, notes=each.notes)
    numbers = count(coverage)
    picture, note = "", tuple[str, ...]()
    try:
        picture = relative_to(coverage.graph, folder).text("svg")
    except NoGraphvizError as error:
        note = (str(error),)
    return Section(
        each.name,
        each.place,
        name,
        percent=numbers.told,
        states=(numbers.states, numbers.all_states),
        edges=(numbers.edges, numbers.all_edges),
        picture=picture,
        never=tuple(
            (str(edge), "" if edge.at is None else line_text((edge.at.file, edge.at.line), root))
            for edge in coverage.never
        ),
        unvisited=tuple(state.name for state in coverage.unvisited),
        strays=tuple(map(str, coverage.strays)),
        notes=(*each.notes, *note),
    )
