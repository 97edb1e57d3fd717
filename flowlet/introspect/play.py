"""`play`: a machine as a page to step through, where one is working.

In a notebook the page stands in the cell's output, in a frame that may run the page's own script
and nothing else: it sees neither the notebook nor its cookies.  From a program or a terminal it is
written to a file, which the browser opens where there is a screen; where the file is, is said.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

from ..export import relative_to
from .draw import draw
from .model import StateGraph
from .model.display import in_words

#: Pixels; the simulator has room beside a picture of usual size.
HEIGHT = 560


class Page:
    """The interactive page of a graph: `graph`, `html`, and the `path` where it was written."""

    def __init__(self, graph: StateGraph) -> None:
        self.graph = graph
        self.path: Path | None = None

    def __repr__(self) -> str:
        where = f" at {self.path}" if self.path else ""
        return f"<page of {in_words(self.graph).splitlines()[0]}{where}>"

    @cached_property
    def html(self) -> str:
        """The page as HTML text, with sources as they are reached from the current folder."""
        return relative_to(self.graph, Path.cwd()).text("html")

    def save(self, path: str | Path) -> Path:
        """Write the page to a file, with sources as they are reached from there."""
        self.path = Path(path)
        return relative_to(self.graph, self.path.parent).save(self.path, "html")

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        """The page in a frame, for a notebook."""
        from html import escape  # with its table of 2,000 entities

        frame = (
            f'<iframe srcdoc="{escape(self.html)}" title="{escape(self.graph.name)}: step through" '
            'sandbox="allow-scripts allow-popups" allow="clipboard-write" width="100%" '
            f'height="{HEIGHT}" style="border: 1px solid #bccadd; border-radius: 8px"></iframe>'
        )
        return {"text/html": frame, "text/plain": repr(self)}


def play(target: Callable[..., Any] | StateGraph, **options: Any) -> Page:
    """Step through a machine on an interactive page: `play(turnstile)`.

    `options` are those of `explore`; a graph that is there already is shown as it is.  In a
    notebook the page is the output of the cell.  Elsewhere it is written to a temporary file, the
    browser opens it where there is one, and the address is printed; `draw(target, "x.html")` writes
    it to a file of your own.  Raises `ExploreError` where the function cannot be explored, and
    `NoGraphvizError` where there is nothing to lay out its picture with.
    """
    page = Page(draw(target, **options))
    if not _in_notebook():
        import tempfile  # importing flowlet imports this file, and most programs never play
        import webbrowser

        folder = Path(tempfile.mkdtemp(prefix="flowlet-"))
        address = page.save(folder / "page.html").as_uri()
        _say(f"{page.graph.name}: {address}")
        if _has_screen():
            webbrowser.open(address)
    return page


def _in_notebook() -> bool:
    """Whether a kernel runs this, which shows what a cell returns."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return getattr(shell, "kernel", None) is not None


def _has_screen() -> bool:
    """Whether a browser would be a window: one in the terminal would stop the program."""
    if sys.platform in ("darwin", "win32"):
        return True
    return any(os.environ.get(one) for one in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
