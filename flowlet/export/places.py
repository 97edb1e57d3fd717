"""Places in the source as people see them: relative, so that a picture is the same everywhere.

A graph may hold absolute paths, since it may be used far from where it was made.  A picture is
committed and shown to others, so the current folder is left out of what stands in it.
"""

from __future__ import annotations

import os
from pathlib import Path, PurePath
from urllib.parse import quote

from flowlet.introspect.model import Source, StateGraph


def short(text: str) -> str:
    """The text without the current folder before the paths in it."""
    return text.replace(f"{Path.cwd()}{os.sep}", "")


def url(source: Source) -> str:
    """A link to a line: relative where the path is; `#L12` is what code hosts understand."""
    path = PurePath(short(source.file))
    if path.is_absolute():
        return f"{path.as_uri()}#L{source.line}"
    return f"{quote(path.as_posix(), errors='surrogatepass')}#L{source.line}"


def relative_to(graph: StateGraph, folder: str | Path) -> StateGraph:
    """The graph with its sources as they are reached from a folder: that of the picture.

    Sources outside the current folder keep their path.
    """
    here, folder = Path.cwd(), Path(folder).resolve()

    def moved(source: Source | None) -> Source | None:
        if source is None or not (here / source.file).is_relative_to(here):
            return source
        file = Path(os.path.relpath(here / source.file, folder)).as_posix()
        return source.model_copy(update={"file": file})

    return graph.model_copy(
        update={
            "states": tuple(
                state.model_copy(update={"source": moved(state.source)}) for state in graph.states
            ),
            "transitions": tuple(
                edge.model_copy(update={"at": moved(edge.at)}) for edge in graph.transitions
            ),
        }
    )
