"""From a function to its picture in one call."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..actor import ActorRef
from ..export import relative_to
from .explore import explore
from .model import StateGraph


def draw(
    target: Callable[..., Any] | ActorRef[Any] | StateGraph,
    path: str | Path | None = None,
    *,
    active: str | tuple[Any, ...] | None = None,
    **options: Any,
) -> StateGraph:
    """Explore an actor function and save its picture: `draw(turnstile, "turnstile.svg")`.

    The ending says the format: `.svg`, `.png`, `.html` (a page to step through), `.dot`, `.mmd`
    (Mermaid), `.puml` (PlantUML) or `.json`.  `active` is a state to highlight, by its name or its
    path; of an actor that is given by its handle, as in `draw(ref, "now.svg")`, it is where the
    actor is now.  `options` are those of `explore`.  A graph that is there already is saved as it
    is.  Returns the graph.

    Raises `KeyError` where the machine has no such state.
    """
    if isinstance(target, ActorRef):
        active = active or target.state or None
        target = target.function
    graph = target if isinstance(target, StateGraph) else explore(target, **options).graph
    if active is not None:
        graph = graph.highlight(active)
    if path is not None:
        relative_to(graph, Path(path).parent).save(path)
    return graph
