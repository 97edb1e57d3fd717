"""The one model of a machine that every view gives and every picture is drawn from.

The source, an exhaustive exploration and a running dispatcher all say what they know as a
`StateGraph`; edges carry the evidence, so that graphs of the same code can be laid over each
other.  This package knows nothing of actors: a graph can be read from JSON, and compared, covered
and drawn, by a program that has no flowlet code in it but this.

`parts` is what a graph is made of, `graph` the graph; each operation on graphs has a file.
"""

from __future__ import annotations

from .as_json import as_json, model_as_json
from .coverage import ALIKE, Coverage, Stray, side_by_side
from .diff import EdgeChange, GraphDiff, StateChange
from .graph import MANY, StateGraph, Writer, writers
from .parts import (
    Change,
    Composite,
    Depth,
    Evidence,
    Region,
    Source,
    State,
    StateKind,
    Transition,
    TransitionKind,
)

__all__ = [
    "ALIKE",
    "MANY",
    "Change",
    "Composite",
    "Coverage",
    "Depth",
    "EdgeChange",
    "Evidence",
    "GraphDiff",
    "Region",
    "Source",
    "State",
    "StateChange",
    "StateGraph",
    "StateKind",
    "Stray",
    "Transition",
    "TransitionKind",
    "Writer",
    "as_json",
    "model_as_json",
    "writers",
    "side_by_side",
]
