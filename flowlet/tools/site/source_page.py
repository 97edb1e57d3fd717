"""A source file as a page of its own, so that a click on a state shows the line that it waits on.

The page needs nothing else: it carries its colours, light and dark, and each line has an anchor.
"""

from __future__ import annotations

from html import escape

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer


def source_page(path: str, text: str) -> str:
    """The page for a file; `#L12` is its twelfth line."""
    light, dark = HtmlFormatter(nowrap=True), HtmlFormatter(style="github-dark")
    lines = highlight(text, PythonLexer(stripnl=False), light).splitlines()
    coloured = "".join(_line(number, line) for number, line in enumerate(lines, start=1))
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{escape(path)}</title>
<style>
:root{{color-scheme:light dark}}
body{{margin:0;background:light-dark(#fff,#0d1117);color:light-dark(#0f172a,#e6edf3)}}
h1{{font:600 1rem sans-serif;margin:0;padding:1rem;border-bottom:1px solid #8884}}
pre{{font:.85rem/1.5 ui-monospace,Menlo,Consolas,monospace;margin:0;padding:1rem 0;overflow-x:auto}}
pre>span{{display:block;min-width:max-content;padding:0 1rem;scroll-margin:30vh}}
pre>span>a{{display:inline-block;width:3em;margin-right:1em;text-align:right;color:#8889;
text-decoration:none;user-select:none}}
pre>span:target{{background:light-dark(#fff4c2,#4a3b10)}}
{light.get_style_defs("pre")}
@media (prefers-color-scheme:dark){{
{dark.get_style_defs("pre")}
}}
pre,pre .hll{{background:none!important}}
</style></head><body><h1>{escape(path)}</h1><pre>{coloured}</pre></body></html>
"""


def _line(number: int, coloured: str) -> str:
    return f'<span id="L{number}"><a href="#L{number}">{number}</a>{coloured or " "}</span>'
