"""The measured part of docs/performance.md, written anew from out/bench.json.

    python -m benchmarks.page

`python -m benchmarks --page` measures before.  What stands between the two marks is replaced; the
text round them, which says why, is written by hand.  So the tables are always of one run, and
their date is that run's.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
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
    "GET, 438 B": "HTTP/1.1: a request of 438 bytes with 8 fields",
    "GET, 16-byte pieces": "The same in pieces of 16 bytes",
    "32 GETs in one piece": "The same, 32 of them in one piece: each",
    "RESP array of 10": "Redis: an array of ten strings",
    "32 RESP arrays in one piece": "The same, 32 of them in one piece: each",
    "WebSocket frame, 32 B": "WebSocket: a masked text of 32 bytes",
    "32 WebSocket frames in one piece": "The same, 32 of them in one piece: each",
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


def exploring_tables(result: dict[str, Any]) -> Iterator[str]:
    """Whole systems, and SPIN beside flowlet."""
    models: dict[str, dict[str, float]] = result["models"]
    yield "\n**Exploring**\n"
    yield "| model | states | transitions | real runs | search | whole | states a second |"
    yield "|---|---|---|---|---|---|---|"
    for name, row in models.items():
        yield (
            f"| {name} | {row['states']:,.0f} | {row['transitions']:,.0f} | {row['runs']:,.0f} | "
            f"{row['search']:.3f} s | {row['whole']:.3f} s | {row['states'] / row['search']:,.0f} |"
        )
    if result["spin"] is None:
        return
    yield f"\n**SPIN {result['spin']} at the same**\n"
    yield "| model | hash table | search | whole | states a second | flowlet: search | whole |"
    yield "|---|---|---|---|---|---|---|"
    for name, row in models.items():
        for prefix, table in (("spin ", "as it comes"), ("spin, small table ", "small")):
            if prefix + "whole" not in row:
                continue
            search, whole, states = (row[prefix + of] for of in ("search", "whole", "states"))
            if prefix == "spin ":
                ratios = f"{row['search to spin']:.2f} x | {row['whole to spin']:.2f} x"
            else:
                ratios = f"{row['search to spin, small table']:.2f} x | "
            yield (
                f"| {name} | {table} | {search:.3f} s | {whole:.3f} s | {states / search:,.0f} | "
                f"{ratios} |"
            )


def serving_table(served: dict[str, Any]) -> Iterator[str]:
    """Requests a second, by server."""
    yield (
        f"\n**Requests a second, {served['connections']} connections of wrk**, medians of "
        f"{served['rounds']} rounds of {served['seconds']} s\n"
    )
    yield "| who | requests a second | to uvicorn | half of the rounds between | p99 |"
    yield "|---|---|---|---|---|"
    for name, row in served["servers"].items():
        low, high = row["to_uvicorn, a quarter below"], row["to_uvicorn, a quarter above"]
        yield (
            f"| {name} | {row['requests_per_second']:,.0f} | {row['to_uvicorn']:.2f} | "
            f"{low:.2f} and {high:.2f} | {row['p99_ms']:.2f} ms |"
        )


def measured(result: dict[str, Any]) -> Iterator[str]:
    """All of it."""
    versions = ", ".join(f"{name} {number}" for name, number in result["versions"].items())
    kept = "" if result["core"] is None else ", kept on one core"
    # What else ran there: with a core to itself, a run begins at a load near nothing.
    load = "" if result["load"] is None else f" The load was {result['load']:.1f} at the start."
    yield (
        f"{result['date']}, {result['machine']}{kept}; {versions}. Medians of {result['rounds']} "
        f"rounds; a raw round trip took {result['raw_ns']:.0f} ns.{load}"
    )
    yield ""
    yield from bar_table(result["bars"])
    yield from subject_tables(result["subjects"])
    yield f"\nThe sleepers woke {result['wakes']:,} times on each side."
    yield from scale_tables(result["scale"])
    yield from exploring_tables(result["exploring"])
    if result["serving"] is not None:
        yield from serving_table(result["serving"])
    tcp = result["tcp"]
    yield (
        f"\n**Following {tcp['packets']:,} packets**, µs each: {tcp['dpkt']:.1f} for `dpkt` alone, "
        f"{tcp['following']:.1f} for following, {tcp['following'] / tcp['dpkt']:.2f} of it."
    )


def replaced(page: str, lines: Iterable[str]) -> str:
    """The page with these lines between the marks."""
    before, _, rest = page.partition(BEGIN)
    _, found, after = rest.partition(END)
    if not found:
        raise ValueError(f"{PAGE} has to have the lines {BEGIN} and {END}, in this order")
    return "\n".join([f"{before}{BEGIN}", *lines, f"{END}{after}"])


def main() -> None:
    result = json.loads(RESULT.read_text("utf-8"))
    PAGE.write_text(replaced(PAGE.read_text("utf-8"), measured(result)), "utf-8")
    print(f"written: {PAGE}")


if __name__ == "__main__":
    main()
