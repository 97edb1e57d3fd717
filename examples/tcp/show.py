"""What is printed of connections, and the picture of the machine with what they did to it.

On a terminal there is colour, and lines are broken to its width; elsewhere a line is a line, for
`grep` and its kind.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

from rich.console import Console
from rich.text import Text

from flowlet import explore
from flowlet.introspect import StateGraph, Transition

from .connection import connection
from .ends import Connection, End

#: So many connections are kept, so that they can be listed in the order in which they began.
KEPT = 1000

COLOURS = {
    "ESTABLISHED": "green",
    "CLOSED": "dim",
    "LISTEN": "dim",
    "TIME-WAIT": "dim",
}


class Listing:
    """Prints connections as they end, and counts how they did."""

    def __init__(self, console: Console, quiet: bool) -> None:
        self.console = console
        self.quiet = quiet
        self.outcomes: Counter[str] = Counter()
        self._kept: list[Connection] = []

    def add(self, ended: Connection) -> None:
        """Take one that has ended."""
        self.outcomes[ended.outcome] += 1
        if not self.quiet:
            self._kept.append(ended)
            if len(self._kept) == KEPT:
                self.print()

    def print(self) -> None:
        """Print those that are kept."""
        width = self.console.width if self.console.is_terminal else 10**6
        for each in sorted(self._kept, key=lambda each: each.number):
            text = Text("\n").join(describe(each, width))
            if self.console.is_terminal:
                self.console.print(text, soft_wrap=True)
            else:
                print(text.plain, file=self.console.file)  # rich would take ten times as long
        self._kept.clear()


def describe(told: Connection, width: int) -> Iterator[Text]:
    """A connection in a few lines: who, how much, how it ended, and the states of both ends."""
    client, server = told.ends
    packets = client.packets + server.packets
    repeated = client.again + server.again
    facts = [f"{packets} packet{'s' * (packets > 1)}"]
    if client.data or server.data:
        facts.append(f"{client.data:,} > {server.data:,} bytes")
    if repeated:
        facts.append(f"{repeated} repeated")
    if told.odd:
        facts.append(f"{told.odd} that fit nowhere")
    yield Text.assemble(
        (f"{told.number:>4}  ", "dim"),
        (who(told), "bold"),
        f"  {', '.join(facts)}: ",
        (told.outcome, _colour(told)),
    )
    for end in told.ends:
        if end.passed:
            yield from _states(end, told.begin, width)


def who(told: Connection) -> str:
    """`10.0.0.1:36000 > 10.0.0.2:80`; of one that began before, nobody knows who is the client."""
    source, target, source_port, target_port = told.client.key
    sign = ">" if told.first_seen else "-"
    return f"{_address(source, source_port)} {sign} {_address(target, target_port)}"


def _address(address: bytes, port: int) -> str:
    text = str(ip_address(address))
    return f"[{text}]:{port}" if ":" in text else f"{text}:{port}"


def _colour(told: Connection) -> str:
    if not told.first_seen:
        return "dim"
    if told.refused or told.given_up or told.reset_by is not None:
        return "red"
    return "green" if len(told.closers) == 2 else "yellow"


def _states(end: End, begin: float, width: int) -> Iterator[Text]:
    margin = " " * 14
    line = Text(f"      {end.name:<8}")
    for time, state in end.passed:
        item = Text.assemble((state, COLOURS.get(state, "")), (f" {time - begin:.3f}", "cyan"))
        if len(line) + len(item) > width and len(line) > len(margin):
            line.rstrip()
            yield line
            line = Text(margin)
        line += item + Text("  ")
    line.rstrip()
    yield line


# --- the machine ------------------------------------------------------------------------------


def machine(observed: StateGraph) -> StateGraph:
    """The explored machine, with what was observed laid over it."""
    return explore(connection).graph.merge(observed)


def rfc_name(state: str) -> str:
    """The name that the RFC has for a state: without the block round it."""
    return state.rpartition("/")[2]


def print_outcomes(console: Console, outcomes: Counter[str]) -> None:
    """How many connections ended how."""
    for outcome, count in outcomes.most_common():
        console.print(f"{count:>7,}  {outcome}")


def print_edges(console: Console, graph: StateGraph) -> None:
    """Which edges of the machine were taken, and which never."""
    drawn = [edge for edge in graph.transitions if edge.border is None]
    never = [edge for edge in drawn if not edge.evidence.seen]
    console.print(
        f"\nThe machine has {len(graph.states)} states and {len(drawn)} edges, as RFC 9293 draws "
        f"it; these packets took {len(drawn) - len(never)}{'. Never taken:' if never else '.'}",
        soft_wrap=True,
    )
    for edge in never:
        console.print(f"  {rfc_name(edge.source)} -- {edge.event} -> {rfc_name(edge.target)}")
    ways_out: dict[str, list[Transition]] = {}
    for edge in graph.transitions:
        if edge.border is not None:
            ways_out.setdefault(edge.event, []).append(edge)
    console.print("Round all states but CLOSED stands one `until`, with two ways out:")
    for event, edges in ways_out.items():
        taken = [rfc_name(edge.source) for edge in edges if edge.evidence.seen]
        other = [rfc_name(edge.source) for edge in edges if not edge.evidence.seen]
        console.print(f"  {event}, taken in {', '.join(taken) or 'none'}", soft_wrap=True)
        console.print(f"  {event}, never in {', '.join(other) or 'none'}", soft_wrap=True)


def save(graph: StateGraph, out: Path) -> list[Path]:
    """Write the pictures; returns where they are."""
    return [graph.save(out / f"tcp.{kind}") for kind in ("svg", "png")]
