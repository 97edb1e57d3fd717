"""`python -m examples.game guard run`: tell the story of a script, or draw its machine."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Callable, Sequence
from functools import reduce
from pathlib import Path
from types import ModuleType
from typing import Any

from flowlet import ActorRef, Dispatcher, Event, StateGraph, VirtualClock, explore

from ..verbs import name_of, place
from . import dialogue, guard
from .dialogue import Back, FromNowhere, FromRiver, News, Pay, Return, Room, Sing, WalkOff
from .guard import Noise, See, Stun

#: Of each script: what happens in its story; numbers are seconds that pass.
STORIES: dict[str, Sequence[object]] = {
    "guard": (
        *(4, Noise(), 2, Stun(3), 6.5, See(8), 1.5, See(1), 1.5),
        *(Stun(2), 0.5, Stun(1), 3, See(9), 1, 4),
    ),
    "dialogue": (
        *(2, FromNowhere(), Back(), FromRiver(), 2, 1, WalkOff(), 60, Return()),
        *(2, Sing(), News(), 6, Room(), 2, Pay()),
        *(Back(), Sing(), 2),
    ),
}
#: What is tried in every state, where the types alone do not say it.
ALPHABETS = {"guard": [Noise(), See(1), See(8), Stun(3)], "dialogue": None}
#: Blocks that the picture shows as one state each.
FOLDED = {"guard": ("patrol", "attack"), "dialogue": ()}

SCRIPTS: dict[str, ModuleType] = {"guard": guard, "dialogue": dialogue}


def main(arguments: list[str]) -> int:
    """Do what the command line asks for."""
    match arguments:
        case [name, "run"] if name in SCRIPTS:
            run(actor_of(name), STORIES[name])
        case [name, "graph"] if name in SCRIPTS:
            graph(name, Path("out"))
        case _:
            for name in SCRIPTS:
                print(f"{name}: {(actor_of(name).__doc__ or '').splitlines()[0]}")
            print("  run    tell a story of it")
            print("  graph  draw it, as out/NAME.svg, and list what leads where")
            return 0 if arguments in ([], ["--help"]) else 2
    return 0


def actor_of(name: str) -> Callable[[], Any]:
    """The actor function of a script: the one that is called as its file is."""
    actor: Callable[[], Any] = getattr(SCRIPTS[name], name)
    return actor


def machine(name: str) -> StateGraph:
    """The explored machine of a script, with everything in it."""
    return explore(actor_of(name), events=ALPHABETS[name]).graph


def picture(name: str) -> StateGraph:
    """The machine as it is drawn: the five modes of the guard, each line of the dialogue."""
    return reduce(StateGraph.fold, FOLDED[name], machine(name))


# --- run ----------------------------------------------------------------------------------------


def run(actor: Callable[[], Any], story: Sequence[object]) -> None:
    """Tell the story, at 60 ticks a second: when, what happened, where it led, what came out."""
    with Dispatcher(clock=VirtualClock(hz=60)) as d:
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
                tell(d, ref, words_of(step), " (thrown away)" if ref.discarded > before else "")


def words_of(event: object) -> str:
    """An event in the story: what the player says, or the event's name and its fields."""
    if isinstance(event, dialogue.Choice):
        return f'"{event.label}"'
    return name_of(event) if isinstance(event, Event) else str(event)


def tell(d: Dispatcher, ref: ActorRef[Any], what: str, note: str = "") -> None:
    """Print a line of the story."""
    print(f"{d.now():6.2f}  {what:<26}{place(ref.state)}{note}".rstrip())
    for value in ref.take():
        print(f"{'':34}> {words_of(value)}")


# --- graph --------------------------------------------------------------------------------------


def graph(name: str, out: Path) -> None:
    """Draw the machine, print what leads where, and warn of lines that nobody will hear."""
    drawn = picture(name)
    out.mkdir(exist_ok=True)
    for edge in drawn.transitions:
        print(f"{edge.source} -- {edge.label} -> {edge.target}")
    for line in unsaid(inspect.getsource(SCRIPTS[name]), drawn):
        print(f"warning: no way leads to the line {line!r}")
    print(f"drawn in {drawn.save(out / f'{name}.svg')}")


def unsaid(script: str, graph: StateGraph) -> list[str]:
    """The lines of a script, `say("…")`, that are no state of its graph: nobody will hear them."""
    said = {name for state in graph.states for name in names_in(state.path)}
    return [
        call.args[0].value
        for call in ast.walk(ast.parse(script))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id == "say"
        and isinstance(call.args[0], ast.Constant)
        and isinstance(call.args[0].value, str)
        and call.args[0].value not in said
    ]


def names_in(path: tuple[Any, ...]) -> set[str]:
    """Every name in a path, those in regions too."""
    names: set[str] = set()
    for part in path:
        names |= {part} if isinstance(part, str) else names_in(part)
    return names


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
