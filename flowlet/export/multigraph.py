"""networkx: a `StateGraph` as a `MultiDiGraph`, for all that is known about graphs.

A node is a state, by its name; an edge a transition.  What the model knows of
them are their attributes, all fields of it by name, and those of the graph are the graph's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowlet.introspect.model import StateGraph
from flowlet.introspect.model.order import breadth_first, by_source_line, states_of

from .missing import NoNetworkxError

if TYPE_CHECKING:
    from networkx import MultiDiGraph


def to_networkx(graph: StateGraph) -> MultiDiGraph[str]:
    """The graph as a `networkx.MultiDiGraph`, nothing folded.

    Nodes are the names of states.  Attributes of nodes, edges and the graph are the fields of
    `State`, `Transition` and `StateGraph`, `label` is what stands at them in a picture, and of
    edges `event` and so on.  Raises `NoNetworkxError` where networkx is not installed.
    """
    try:
        from networkx import MultiDiGraph
    except ImportError:
        raise NoNetworkxError from None
    known = {name: getattr(graph, name) for name in type(graph).model_fields}
    del known["states"], known["transitions"]
    made: MultiDiGraph[str] = MultiDiGraph(**known)
    states = states_of(graph)
    for name in breadth_first(graph):
        state = states[name]
        fields = {field: getattr(state, field) for field in type(state).model_fields}
        made.add_node(name, label=state.path[-1], **fields)
    for edge in sorted(graph.transitions, key=by_source_line):
        fields = {field: getattr(edge, field) for field in type(edge).model_fields}
        del fields["source"], fields["target"]
        made.add_edge(edge.source, edge.target, label=edge.label, **fields)
    return made
