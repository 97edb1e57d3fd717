"""What every small example answers to: `run` tells a story, `graph` draws the machine."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flowlet import ActorRef, Dispatcher, Event, explore


def place(state: tuple[Any, ...]) -> str:
    """A state in words: its names from the outside in, and regions side by side."""
    parts = [
        part if isinstance(part, str) else " | ".join(place(region) for region in part)
        for part in state
    ]
    return "/".join(parts)


def main(actor: Callable[[], Any], *story: object) -> None:
    """Do what the command line asks for.

    `story` is what happens in `run`: events for the actor, and numbers for seconds that pass.
    """
    match sys.argv[1:]:
        case ["run"]:
            run(actor, *story)
        case ["graph"]:
            graph(actor, Path("out"))
        case _:
            print(f"{actor.__name__}: {(actor.__doc__ or '').splitlines()[0]}")
            print("  run    tell a story of it")
            print(f"  graph  draw it, as out/{actor.__name__}.svg, and list what leads where")
            sys.exit(0 if sys.argv[1:] in ([], ["--help"]) else 2)


def run(actor: Callable[[], Any], *story: object) -> None:
    """Tell the story: the time, what happened, where that led, and what came out."""
    with Dispatcher() as d:
        ref = d.spawn(actor)
        d.settle()
        tell(d, ref, "")
        for step in story:
            if isinstance(step, int | float):
                rest = d.now() + step
                while d.next_deadline is not None and d.next_deadline <= rest:
                    d.run(until=d.next_deadline)
                    tell(d, ref, "time passes")
                d.run(until=rest)
            else:
                before = ref.discarded
                ref.send(step)
                d.settle()
                tell(d, ref, name_of(step), " (thrown away)" if ref.discarded > before else "")


def name_of(event: object) -> str:
    """An event in the story: its name and its fields."""
    fields = dict(event).values() if isinstance(event, Event) else ()
    return " ".join([type(event).__name__, *map(str, fields)])


def tell(d: Dispatcher, ref: ActorRef[Any], what: str, note: str = "") -> None:
    """Print a line of the story."""
    out = "".join(f", {value}" for value in ref.take())
    print(f"{d.now():6.1f}  {what:<16}{place(ref.state)}{out}{note}".rstrip())


def graph(actor: Callable[[], Any], out: Path) -> None:
    """Draw the machine and print what leads where."""
    machine = explore(actor).graph
    out.mkdir(exist_ok=True)
    for edge in machine.transitions:
        print(f"{edge.source} -- {edge.label} -> {edge.target}")
    print(f"drawn in {machine.save(out / f'{actor.__name__}.svg')}")
