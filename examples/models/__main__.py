"""`python -m examples.models "increment 2" run`: run a model, draw it, or check it."""

from __future__ import annotations

import sys
from pathlib import Path

from flowlet import Dispatcher, explore
from flowlet.introspect import check

from ..verbs import answer, name_of, place
from .table import MODELS

#: How many steps of a model without an end are told.
MOST = 40


def main(arguments: list[str]) -> int:
    """Do what the command line asks for."""
    return answer(
        arguments,
        {name: f"{model.states:,} states" for name, model in MODELS.items()},
        {
            "run": ("run it on a dispatcher, and tell where everybody is", run),
            "graph": ("explore it, and draw it in out/", draw),
            "check": ("prove what is said of it, or show a shortest way to a fault", prove),
        },
    )


def run(name: str) -> None:
    """Make the deliveries one by one, and print where everybody is when that has changed."""
    model = MODELS[name]
    with Dispatcher() as d:
        model.system(d)
        actors = d.actors
        there: list[str] = []
        story = list(model.story)
        for _ in range(MOST):
            if not d.step():
                if story:
                    receiver, event = story.pop(0)
                    print(f"-- {name_of(event)}")
                    actors[[actor.name for actor in actors].index(receiver)].send(event)
                elif d.next_deadline is not None:
                    d.run(until=d.next_deadline)
                else:
                    break
            before, there = there, [f"{actor.name}: {place(actor.state)}" for actor in actors]
            if there != before:
                print(", ".join(there))
        for actor in actors:
            for value in actor.take():
                print(f"{actor.name}: {value}")


def draw(name: str) -> None:
    """Explore it, count, and draw what was found."""
    model = MODELS[name]
    found = explore(model.system, **model.options)
    out = Path("out")
    out.mkdir(exist_ok=True)
    print(f"{found.unique_states} states, of which {found.terminal_states} lead nowhere")
    print(f"drawn in {found.graph.save(out / f'{name}.svg')}")


def prove(name: str) -> bool:
    """Prove it, or print the way to where it does not hold; whether all of it holds."""
    model = MODELS[name]
    verdict = check(model.system, always={**model.always, **model.refuted}, **model.options)
    for failure in verdict.failures:
        print(f"not so: {failure.name}")
        for step in failure.path:
            print(f"  {step}")
    for name in model.always.keys() - {failure.name for failure in verdict.failures}:
        print(f"always: {name}")
    return verdict.ok


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
