"""What the examples answer to: `run` tells a story, `graph` draws the machine."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flowlet import ActorRef, Dispatcher, Event, StateGraph, VirtualClock, explore

RUN = "tell a story of it"
GRAPH = "draw it, as out/NAME.svg, and list what leads where"


def main(actor: Callable[[], Any], *story: object) -> None:
    """Be the command line of an example that is one function.

    `story` is what happens in `run`: events for the actor, and numbers for seconds that pass.
    """
    name, arguments = actor.__name__, sys.argv[1:]
    if arguments not in ([], ["--help"]):
        arguments.insert(0, name)
    verbs = {
        "run": (RUN, lambda _: Telling(actor).run(story)),
        "graph": (GRAPH, lambda _: graph(name, explore(actor).graph)),
    }
    sys.exit(answer(arguments, {name: first_line(actor)}, verbs))


def answer(
    arguments: list[str],
    names: Mapping[str, str],
    verbs: Mapping[str, tuple[str, Callable[[str], object]]],
) -> int:
    """Do what a command line asks for, a name and a verb; or say which there are.

    Both come with what is said of them, and a verb with what does it, which is given the name.
    Returns the exit status: 1 where that has found something wrong, 2 for a command line that
    nobody understands.
    """
    match arguments:
        case [name, verb] if name in names and verb in verbs:
            _, do = verbs[verb]
            return int(do(name) is False)
    for name, says in names.items():
        print(f"{name}: {says}")
    for verb, (says, _) in verbs.items():
        print(f"  {verb:<7}{says}")
    return 0 if arguments in ([], ["--help"]) else 2


def first_line(function: Callable[..., Any]) -> str:
    """What a function says of itself."""
    return (function.__doc__ or "").splitlines()[0]


# --- words --------------------------------------------------------------------------------------


def place(state: tuple[Any, ...]) -> str:
    """A state in words: its names from the outside in, and regions side by side."""
    parts = [
        part if isinstance(part, str) else " | ".join(place(region) for region in part)
        for part in state
    ]
    return "/".join(parts)


def name_of(event: object) -> str:
    """An event in the story: its name and its fields."""
    if isinstance(event, str):
        return event
    fields = dict(event).values() if isinstance(event, Event) else ()
    return " ".join([type(event).__name__, *map(str, fields)])


# --- run ----------------------------------------------------------------------------------------


@dataclass
class Telling:
    """How a story is told: a line for each thing that happens, and one for each output."""

    actor: Callable[[], Any]
    #: Ticks a second, if the clock counts in ticks.
    hz: int | None = None
    words: Callable[[Any], str] = name_of
    #: Columns for what happens.
    width: int = 0

    def run(self, story: Sequence[object]) -> None:
        """Tell it: the time, what happened, where that led, and what came out."""
        happenings = [self.words(step) for step in story if not isinstance(step, int | float)]
        self.width = max(map(len, [*happenings, "time passes"])) + 2
        with Dispatcher(clock=VirtualClock(hz=self.hz)) as d:
            ref = d.spawn(self.actor)
            d.settle()
            self.tell(d, ref, "")
            for step in story:
                if isinstance(step, int | float):
                    rest = d.now() + step
                    while d.next_deadline is not None and d.next_deadline <= rest:
                        d.run(until=d.next_deadline)
                        self.tell(d, ref, "time passes")
                    d.run(until=rest)
                else:
                    before = ref.discarded
                    ref.send(step)
                    d.settle()
                    unheard = " (thrown away)" if ref.discarded > before else ""
                    self.tell(d, ref, self.words(step), unheard)

    def tell(self, d: Dispatcher, ref: ActorRef[Any], what: str, note: str = "") -> None:
        """Print what has happened and where the actor is, then what came out."""
        print(f"{d.now():7.2f}  {what:<{self.width}}{place(ref.state)}{note}".rstrip())
        for value in ref.take():
            print(f"{'':{self.width + 9}}> {self.words(value)}")


# --- graph --------------------------------------------------------------------------------------


def graph(name: str, machine: StateGraph) -> None:
    """Draw a machine in out/, and print what leads where."""
    out = Path("out")
    out.mkdir(exist_ok=True)
    for edge in machine.transitions:
        print(f"{edge.source} -- {edge.label} -> {edge.target}")
    print(f"drawn in {machine.save(out / f'{name}.svg')}")
