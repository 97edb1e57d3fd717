"""How a graph shows itself in a notebook: a picture for those who can see one, words for the rest.

The model knows no formats; whoever has filled `writers` gives it one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .graph import StateGraph

#: So many edges are told in words.
MOST_EDGES = 40

Bundle = dict[str, str]


def shown_as(graph: StateGraph) -> Bundle:
    """What a notebook may choose from, by media type.

    Without a writer of SVG, or where it cannot write (no Graphviz is here), there are the words,
    and why.
    """
    from .graph import writers

    words = in_words(graph)
    if "svg" not in writers:
        return {"text/plain": words}
    try:
        picture = writers["svg"](graph)
    except (RuntimeError, OSError) as error:
        return {"text/plain": f"{words}\n{error}"}
    return {"image/svg+xml": str(picture), "text/plain": words}


def in_words(graph: StateGraph) -> str:
    """The graph as a reader without pictures gets it: its size, and its edges one a line."""
    lines = [f"{graph.name}: {_many(graph.states, 'state')}, {_many(graph.transitions, 'edge')}"]
    lines += [f"  {edge}" for edge in graph.transitions[:MOST_EDGES]]
    if len(graph.transitions) > MOST_EDGES:
        lines.append(f"  … {len(graph.transitions) - MOST_EDGES} more")
    return "\n".join(lines)


def _many(some: tuple[object, ...], word: str) -> str:
    return f"{len(some)} {word}{'' if len(some) == 1 else 's'}"
