"""`python -m examples.game guard run`: tell the story of a script, or draw its machine."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Callable, Sequence
from functools import reduce
from types import ModuleType
from typing import Any

from flowlet import StateGraph, explore

from ..verbs import GRAPH, RUN, Telling, answer, first_line, graph, name_of
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
    names = {name: first_line(actor_of(name)) for name in SCRIPTS}
    return answer(arguments, names, {"run": (RUN, run), "graph": (GRAPH, draw)})


def run(name: str) -> None:
    """Tell the story, at 60 ticks a second."""
    Telling(actor_of(name), hz=60, words=words_of).run(STORIES[name])


def words_of(event: object) -> str:
    """An event in the story: what the player says, or the event's name and its fields."""
    return f'"{event.label}"' if isinstance(event, dialogue.Choice) else name_of(event)


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


def draw(name: str) -> None:
    """Draw the machine, and warn of lines that nobody will hear."""
    drawn = picture(name)
    for line in unsaid(inspect.getsource(SCRIPTS[name]), drawn):
        print(f"warning: no way leads to the line {line!r}")
    graph(name, drawn)


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
