"""The MkDocs plugin `flowlet`: machines drawn from the code when the site is built.

```yaml
plugins:
  - flowlet
```

A block in a page says what to draw: a target, and options a line each.

~~~markdown
```flowlet examples/turnstile.py:turnstile
:caption: A coin unlocks it.
```
~~~

What cannot be drawn is a warning with the page and the line, and says so in its place on the page;
`mkdocs build --strict` fails on it.
"""

# pyright: reportMissingImports=false, reportMissingModuleSource=false
from __future__ import annotations

from collections.abc import Callable
from html import escape
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

from mkdocs.config import config_options
from mkdocs.config.base import Config
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.livereload import LiveReloadServer
from mkdocs.plugins import BasePlugin, PrefixedLogger, get_plugin_logger
from mkdocs.structure.files import Files
from mkdocs.structure.pages import Page
from mkdocs.utils import get_relative_url

from flowlet.tools.site.fence import FlowletFence
from flowlet.tools.site.figure import Artist, FigureError, parsed
from flowlet.tools.site.modules import Modules
from flowlet.tools.site.page_program import PageProgram
from flowlet.tools.site.source_page import source_page

#: Where the pages of the sources stand in the site.
FOLDER = "_sources"

log: PrefixedLogger = get_plugin_logger("flowlet")


class FlowletConfig(Config):
    """What can be set in mkdocs.yml.

    `sources`: where a click on a state leads.  `site`, a page of the file that is made with the
    site; `none`; or an address with `{path}` and `{line}`.
    """

    sources: Any = config_options.Type(str, default="site")


class FlowletPlugin(BasePlugin[FlowletConfig]):
    """Draws what the blocks ask for, page by page."""

    def __init__(self) -> None:
        self._modules = Modules()
        self._sources: set[str] = set()  # that were drawn from, relative to the root
        self._page: Page | None = None
        self._above = 0  # lines of its front matter, which the page is given without

    def on_config(self, config: MkDocsConfig) -> MkDocsConfig:
        """Have the pages searched for blocks."""
        wanted = self.config.sources
        if wanted not in ("site", "none") and "{path}" not in wanted:
            raise PluginError(
                f"plugin flowlet: sources is `site`, `none`, or an address with {{path}} and "
                f"{{line}} in it, not {wanted!r}"
            )
        self._root = Path(config.config_file_path or "mkdocs.yml").resolve().parent
        self._docs = Path(config.docs_dir).resolve()
        self._artist = Artist(self._root, self._address, self._modules)
        fence: Any = FlowletFence(self._draw)  # names are declared, and extensions are taken too
        config.markdown_extensions.append(fence)
        return config

    def on_pre_build(self, *, config: MkDocsConfig) -> None:
        """Begin with the code as it is now."""
        self._modules.forget()
        self._sources.clear()

    def on_page_markdown(
        self, markdown: str, *, page: Page, config: MkDocsConfig, files: Files
    ) -> str:
        """Remember which page it is that the blocks come from."""
        whole = page.file.content_string
        begins = max(whole.find(markdown[:200]), 0)
        self._page, self._above = page, whole.count("\n", 0, begins)
        self._lines = whole.splitlines()
        return markdown

    def on_post_build(self, *, config: MkDocsConfig) -> None:
        """Write the pages of the sources."""
        if self.config.sources != "site":
            return
        for path in sorted(self._sources):
            page = Path(config.site_dir) / FOLDER / f"{path}.html"
            page.parent.mkdir(parents=True, exist_ok=True)
            text = (self._root / path).read_text("utf-8")
            page.write_text(source_page(path, text), encoding="utf-8")

    def on_serve(
        self,
        server: LiveReloadServer,
        *,
        config: MkDocsConfig,
        builder: Callable[..., object],
    ) -> LiveReloadServer:
        """Build again when a source has changed."""
        for path in self._sources:
            server.watch(str(self._root / path))
        return server

    # --- one block

    def _draw(self, target: str, inside: list[str], above: int) -> str:
        assert self._page is not None
        line = self._above + above + 1
        file = self._name_of(self._page)
        program = PageProgram(file, self._lines[: line - 1])
        try:
            return self._artist.figure(target, parsed(inside), program).html
        except FigureError as error:
            log.warning("%s:%d: %s", file, line, error)
            return f'<p class="flowlet-error"><strong>{escape(str(error))}</strong></p>'

    def _name_of(self, page: Page) -> str:
        path = Path(page.file.abs_src_path or page.file.src_uri).resolve()
        return (
            path.relative_to(self._root).as_posix()
            if path.is_relative_to(self._root)
            else (page.file.src_uri)
        )

    def _address(self, path: str, line: int) -> str | None:
        """Where a place in a source is to be read; none for the page's own programs."""
        if self.config.sources == "none" or not path.endswith(".py") or not self._is_ours(path):
            return None
        self._sources.add(path)
        if self.config.sources != "site":
            return str(self.config.sources).format(path=quote(path), line=line)
        assert self._page is not None
        page = str(PurePosixPath(FOLDER) / quote(f"{path}.html"))
        return f"{get_relative_url(page, self._page.url)}#L{line}"

    def _is_ours(self, path: str) -> bool:
        return not Path(path).is_absolute() and (self._root / path).is_file()
