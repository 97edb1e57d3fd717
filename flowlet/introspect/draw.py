"""From a function to its picture in one call."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..export import relative_to
from .explore import explore
from .model import StateGraph


def draw(
    target: Callable[..., Any] | StateGraph, path: str | Path | None = None, **options: Any
) -> StateGraph:
    """Explore an actor function and save its picture: `draw(turnstile, "turnstile.svg")`.

    The ending says the format: `.svg`, `.png`, `.dot`, `.mmd` (Mermaid) or `.json`.  `options`
    are those of `explore`.  A graph that is there already is saved as it is.  Returns the graph.
    """
    graph = target if isinstance(target, StateGraph) else explore(target, **options).graph
    if path is not None:
        relative_to(graph, Path(path).parent).save(path)
    return graph
