"""The measured part of docs/performance.md, written anew from out/bench.json.

    make bench && .venv/bin/python -m benchmarks.page

What stands between the two marks is replaced; the text round them, which says why, is written by
hand.  So the tables are always of one run, and their date is that run's.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

BEGIN, END = "<!-- measured -->", "<!-- end of what was measured -->"
PAGE = Path("docs/performance.md")
RESULT = Path("out/bench.json")

CAPTIONS = {
    "turnstile": "A turnstile: one event in, one output",
    "nested": "Three nested states left and three entered by every event",
    "regions": "Two parallel regions, and one event to which both react",
    "timers": "A thousand sleepers, for times that differ: wakes",
    "ping-pong": "Two tasks that send each other one message",
    "kernel": "The dispatcher beside raw greenlets",
}


def figure(value: float) -> str:
    """Three digits are all that a median of rounds is good for."""
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:.0f}"


def bar_table(rows: list[dict[str, Any]]) -> Iterator[str]:
    """What is promised and what came out."""
    yield "| what | bar | moonshot | here | holds |"
    yield "|---|---|---|---|---|"
    for row in rows:
        limits = [row[name].replace("<=", "≤").replace(">=", "≥") for name in ("bar", "moonshot")]
        holds = "" if row["holds"] is None else "yes" if row["holds"] else "**no**"
        holds = "moonshot" if row["reached"] else holds
        yield f"| {row['what']} | {limits[0]} | {limits[1]} | {row['shown']} | {holds} |"


def subject_tables(subjects: list[dict[str, Any]]) -> Iterator[str]:
    """Who took how long, task by task."""
    for task, group in groupby(subjects, lambda each: str(each["task"])):
        yield f"\n**{CAPTIONS[task]}**\n"
        yield "| who | round trips | a second | set |"
        yield "|---|---|---|---|"
        for each in group:
            rate = f"{each['events_per_second']:,.0f}"
            yield f"| {each['who']} | {figure(each['to_raw'])} | {rate} | {each['note']} |"


def scale_tables(found: dict[str, dict[str, float]]) -> Iterator[str]:
    """Very many actors, and very many timers."""
    sizes = [("100,000", found["parked"])]
    if "million" in found:
        sizes.append(("1,000,000", found["million"]))
    yield "\n**Actors parked, all at once**\n"
    yield "| actors | to spawn | resident | each | an event to each | to close | full collection |"
    yield "|---|---|---|---|---|---|---|"
    for name, row in sizes:
        yield (
            f"| {name} | {row['seconds']:.1f} s | {row['rss'] / 1e6:,.0f} MB | "
            f"{row['each']:,.0f} B | {row['wake_us']:.1f} µs | {row['close_us']:.0f} µs each | "
            f"{row['gc_ms']:,.0f} ms, {row['gc_frozen_ms']:.1f} ms after `gc.freeze()` |"
        )
    bare = found["bare"]
    yield f"| as many bare greenlets as 100,000 | {bare['seconds']:.1f} s | | " + (
        f"{bare['each']:,.0f} B | | | |"
    )
    yield "\n**Timers that stand in a `VirtualClock`, µs each**\n"
    yield "| timers | armed | armed and cancelled | one more armed, the first fired | all fired |"
    yield "|---|---|---|---|---|"
    for name, row in found.items():
        if name.startswith("timers "):
            parts = (row["arm"], row["arm_and_cancel"], row["arm_and_fire"], row["fire"])
            cells = " | ".join(f"{part:.1f}" for part in parts)
            yield f"| {int(name.split()[1]):,} | {cells} |"


def measured(result: dict[str, Any]) -> Iterator[str]:
    """All of it."""
    versions = ", ".join(f"{name} {number}" for name, number in result["versions"].items())
    yield (
        f"{result['date']}, {result['machine']}, kept on one core; {versions}. Medians of "
        f"{result['rounds']} rounds; a raw round trip took {result['raw_ns']:.0f} ns."
    )
    yield ""
    yield from bar_table(result["bars"])
    yield from subject_tables(result["subjects"])
    yield f"\nThe sleepers woke {result['wakes']:,} times on each side."
    yield from scale_tables(result["scale"])
    yield f"\nExploring two jugs, 16 states and 96 transitions: {result['exploring_ms']:.0f} ms."


def main() -> None:
    result = json.loads(RESULT.read_text("utf-8"))
    page = PAGE.read_text("utf-8")
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    lines = "\n".join(measured(result))
    PAGE.write_text(f"{before}{BEGIN}\n{lines}\n{END}{after}", "utf-8")
    print(f"written: {PAGE}")


if __name__ == "__main__":
    main()
