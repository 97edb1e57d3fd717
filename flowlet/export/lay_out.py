"""A program of its own: DOT comes in, SVG or PNG goes out, with the Graphviz that there is.

`flowlet.export.render` runs it as `python lay_out.py svg`.  Inside the wheel Graphviz is a C
library: it is not safe for threads, it writes to the terminal, it reads the environment once, and
a fault in it would take the user's program along.  In a process of its own none of that matters.

It must start quickly, so it imports nothing of flowlet.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import cast


def laid_out(dot: str, format: str) -> bytes:
    """A `dot` on the path first, as its owner chose it; where that fails, the wheel's."""
    failed = "no `dot` is on the path"
    if shutil.which("dot") is not None:
        try:
            return by_program(dot, format)
        except ImportError as error:
            failed = f"there is a `dot`, but the Python package graphviz is missing ({error})"
        except subprocess.CalledProcessError as error:  # some are built without PNG
            failed = f"the `dot` on the path failed ({error})"
    try:
        return by_wheel(dot, format)
    except ImportError as error:
        raise SystemExit(f"{failed}, and pygraphviz cannot be imported ({error})") from None


def by_program(dot: str, format: str) -> bytes:
    """By the `dot` on the path."""
    from graphviz import Source

    return cast(bytes, Source(dot).pipe(format=format, quiet=True))


def by_wheel(dot: str, format: str) -> bytes:
    """By the Graphviz inside the `pygraphviz` wheel."""
    from pygraphviz import AGraph

    with AGraph(string=dot) as graph:
        return cast(bytes, graph.draw(format=format, prog="dot"))


if __name__ == "__main__":
    source: str = sys.stdin.buffer.read().decode("utf-8")
    sys.stdout.buffer.write(laid_out(source, sys.argv[1]))
