"""The page of a coverage report: one HTML file that needs nothing else, in light and in dark.

It says first what is asked first: how much, and of which machine the least.  Then each machine has
its picture, in which what no test did is pale, and the list of it, each with its line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import escape

STYLE = """
:root{color-scheme:light dark;--paper:#fffffe;--ink:#0f172a;--quiet:#64748b;--line:#dbe3ee;
--card:#f8fafd;--good:#15803d;--some:#b45309;--bad:#b91c1c;--rest:#e5eaf2;--link:#1d4ed8}
@media (prefers-color-scheme:dark){:root{--paper:#0d1117;--ink:#e6edf3;--quiet:#8b98a9;
--line:#2b3543;--card:#11171f;--good:#4ade80;--some:#e3a03f;--bad:#f87171;--rest:#222c39;
--link:#79a8ff}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:64rem;padding:2.5rem 1.25rem 4rem;background:var(--paper);
color:var(--ink);font:16px/1.5 Inter,"Helvetica Neue",Helvetica,Arial,sans-serif}
h1{font-size:1.5rem;margin:0 0 .25rem}h2{font-size:1.15rem;margin:0}
p{margin:.25rem 0}a{color:var(--link)}
.quiet{color:var(--quiet)}.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%;margin:1.5rem 0 2.5rem;font-variant-numeric:tabular-nums}
th{font-weight:600;text-align:left;color:var(--quiet);font-size:.85rem}
td,th{padding:.4rem .75rem .4rem 0;border-bottom:1px solid var(--line);white-space:nowrap}
td.n,th.n{text-align:right}td.bar{width:30%}
.bar i{display:block;height:.5rem;border-radius:.25rem;background:var(--rest)}
.bar b{display:block;height:100%;border-radius:.25rem}
section{border:1px solid var(--line);border-radius:.6rem;margin:0 0 1.75rem;overflow:hidden}
header{padding:.9rem 1.1rem;border-bottom:1px solid var(--line);background:var(--card);
display:flex;flex-wrap:wrap;gap:.25rem 1rem;align-items:baseline;justify-content:space-between}
.picture{padding:1.1rem;overflow-x:auto;text-align:center}
.picture svg{max-width:100%;height:auto}
.lists{padding:0 1.1rem 1rem}
h3{font-size:.85rem;margin:.75rem 0 .25rem;color:var(--quiet);font-weight:600}
ul{margin:0;padding:0 0 0 1.1rem}li{margin:.15rem 0}
code{font:.85rem/1.4 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;overflow-wrap:anywhere}
.good{color:var(--good)}.some{color:var(--some)}.bad{color:var(--bad)}
b.good{background:var(--good)}b.some{background:var(--some)}b.bad{background:var(--bad)}
"""


@dataclass(frozen=True)
class Section:
    """What the page says of one actor function; without a percentage it was not explored."""

    name: str
    place: str
    anchor: str
    percent: float | None = None
    states: tuple[int, int] = (0, 0)
    edges: tuple[int, int] = (0, 0)
    picture: str = ""
    never: tuple[tuple[str, str], ...] = ()
    unvisited: tuple[str, ...] = ()
    strays: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def slug(name: str) -> str:
    """A name for a file and for an anchor."""
    return re.sub(r"\W+", "-", name).strip("-") or "actor"


def page(sections: Iterable[Section], total: float) -> str:
    """The page."""
    return "\n".join(_page(list(sections), total)) + "\n"


def _page(sections: list[Section], total: float) -> Iterator[str]:
    yield '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>flowlet coverage: {total:g} %</title>\n<style>{STYLE}</style>\n</head>\n<body>"
    yield f'<h1>flowlet coverage: <span class="{_grade(total)}">{total:g} %</span></h1>'
    yield '<p class="quiet">of the states and edges that can be reached, by actor function</p>'
    yield from _table(sections)
    for section in sections:
        yield from _section(section)
    yield "</body>\n</html>"


def _table(sections: list[Section]) -> Iterator[str]:
    yield '<div class="wide"><table>\n<tr><th>actor function</th><th class="n">states</th>'
    yield '<th class="n">edges</th><th class="n">covered</th><th></th></tr>'
    ranked = sorted(sections, key=lambda one: (one.percent is None, one.percent))
    for one in ranked:
        name = f'<a href="#{one.anchor}">{escape(one.name)}</a>'
        if one.percent is None:
            yield f'<tr><td>{name}</td><td class="quiet" colspan="4">not explored</td></tr>'
            continue
        bar = (
            f'<i role="img" aria-label="{one.percent:g} %">'
            f'<b class="{_grade(one.percent)}" style="width:{one.percent:g}%"></b></i>'
        )
        yield (
            f'<tr><td>{name}</td><td class="n">{one.states[0]} of {one.states[1]}</td>'
            f'<td class="n">{one.edges[0]} of {one.edges[1]}</td>'
            f'<td class="n {_grade(one.percent)}">{one.percent:g} %</td><td class="bar">{bar}</td>'
            "</tr>"
        )
    yield "</table></div>"


def _section(one: Section) -> Iterator[str]:
    yield f'<section id="{one.anchor}">\n<header><h2>{escape(one.name)}</h2>'
    yield f'<span class="quiet"><code>{escape(one.place)}</code></span></header>'
    if one.picture:
        yield f'<div class="picture">{_embedded(one.picture, one.anchor)}</div>'
    yield '<div class="lists">'
    if one.percent == 100:
        yield '<p class="good">All that can happen has happened.</p>'
    yield from _list(
        "Never taken",
        [f"{_code(edge)} {_quiet(at)}".rstrip() for edge, at in one.never],
    )
    yield from _list("Never visited", map(_code, one.unvisited))
    yield from _list("Happened, and not in the graph", map(_code, one.strays))
    yield from _list("Notes", map(escape, one.notes))
    yield "</div>\n</section>"


def _list(title: str, items: Iterable[str]) -> Iterator[str]:
    lines = [f"<li>{item}</li>" for item in items]
    if lines:
        yield f"<h3>{title}</h3>\n<ul>"
        yield from lines
        yield "</ul>"


def _code(text: str) -> str:
    return f"<code>{escape(text)}</code>"


def _quiet(text: str) -> str:
    return f'<span class="quiet">{_code(text)}</span>' if text else ""


def _grade(percent: float) -> str:
    return "good" if percent >= 90 else "some" if percent >= 60 else "bad"


def _embedded(svg: str, anchor: str) -> str:
    """A picture as a part of a page: its ids, which all pictures share, get a name of their own."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r'\bid="([^"]+)"', rf'id="{anchor}-\1"', svg)
    return re.sub(r'(href="|url\()#', rf"\1#{anchor}-", svg)
