"""The Sphinx directive `flowlet`: machines drawn from the code when the documentation is built.

```python
extensions = ["flowlet.tools.sphinx"]    # in conf.py
```

```rst
.. flowlet:: examples.turnstile:turnstile
   :caption: A coin unlocks it.
```

In HTML it is a picture.  Where there is none (LaTeX, man pages, text), it is a list of what leads
where.  What cannot be drawn is an error at its line; `sphinx-build -W` fails on it.
"""

# pyright: reportMissingImports=false, reportMissingModuleSource=false
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.addnodes import only
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from flowlet.tools.site.figure import OPTIONS, Artist, FigureError
from flowlet.tools.site.modules import Modules

_MODULES = Modules()


class FlowletDirective(SphinxDirective):
    """Draws what its argument names."""

    required_arguments = 1
    final_argument_whitespace = True
    option_spec: ClassVar[dict[str, Callable[[str], Any]] | None] = {
        name: directives.flag if name == "static" else directives.unchanged_required
        for name in OPTIONS
    }

    def run(self) -> list[nodes.Node]:
        """The picture, and what leads where for a builder without pictures."""
        root = Path(self.env.srcdir)
        artist = Artist(root, self._address, _MODULES)
        options = {name: value or "" for name, value in self.options.items()}
        try:
            figure = artist.figure(self.arguments[0], options)
        except FigureError as error:
            raise self.error(str(error)) from error
        for file in figure.files:
            self.env.note_dependency(str(root / file))
        picture = only(expr="html")
        picture += nodes.raw("", figure.html, format="html")
        words = only(expr="not html")
        text = "\n".join(figure.words)
        words += nodes.literal_block(text, text)
        return [picture, words]

    def _address(self, path: str, line: int) -> str | None:
        """The address of a place in a source, as `flowlet_sources` in conf.py has it."""
        sources = str(self.config.flowlet_sources)
        if not sources or Path(path).is_absolute():
            return None
        return sources.format(path=quote(path), line=line)


def setup(app: Sphinx) -> dict[str, object]:
    """Be an extension of Sphinx."""
    app.add_config_value("flowlet_sources", "", "env", [str])
    app.add_directive("flowlet", FlowletDirective)
    app.connect("builder-inited", lambda _: _MODULES.forget())
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
