"""What is told where a picture or a graph needs something that is not installed."""

from __future__ import annotations


class NoGraphvizError(RuntimeError):
    """There is no Graphviz that could lay out the picture; the message says what to install."""

    def __init__(self, why: str) -> None:
        super().__init__(
            f"a picture needs Graphviz: {why}. Do one of: pip install pygraphviz, whose wheel "
            "carries Graphviz; install your system's graphviz package; or save as .dot, .mmd or "
            ".json, which need nothing."
        )


class NoNetworkxError(ImportError):
    """networkx, which the graph is to be handed to, is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "to_networkx needs networkx, which is not installed: pip install 'flowlet[networkx]'"
        )
