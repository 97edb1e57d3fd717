"""All measurements in one run: `make bench`, or `python -m benchmarks`, which takes options.

One table says what is promised, what came out here, and whether it holds; the others show who was
measured, and how it was set.  The same goes to out/bench.json, and with `--page` into
docs/performance.md.  How figures are taken: see `benchmarks.measure`.  What the peers are asked to
do: `benchmarks.peers`.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from benchmarks import bars, exploring, importing, page, scale, tcp
from benchmarks.measure import Samples, Subject, interleave

try:
    from benchmarks import kernel, serving, streams
    from benchmarks.peers import SUBJECTS, timers
except ModuleNotFoundError as missing:
    sys.exit(
        f"{missing.name} is not installed here: `make bench` installs all that flowlet is measured "
        "against, the extra `bench`"
    )

ROUNDS = 25

PACKAGES = (
    "greenlet", "pydantic", "Automat", "gevent", "python-statemachine", "simpy", "sismic",
    "transitions", "trio", "xstate-statemachine", "dpkt", "h11", "httptools", "redis", "hiredis",
    "uvicorn", "websockets",
)  # fmt: skip


def machine() -> str:
    """The processor, its cores and the Python."""
    name = platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text("utf-8", "replace").splitlines():
            if line.startswith("model name"):
                name = line.partition(":")[2].strip()
                break
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{name}, {os.cpu_count()} cores, {platform.system()}, {python}"


def stay_on_one_core() -> int | None:
    """Keep this process, and those it starts, on one core, where the system lets it be said."""
    if not hasattr(os, "sched_setaffinity"):
        return None
    core = max(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {core})
    return core


def tell_subjects(subjects: tuple[Subject, ...], samples: Samples) -> None:
    """A table for each task: who took how long."""
    task = ""
    for each in subjects:
        if each.task != task:
            task = each.task
            print(f"\n{task:42}{'to raw':>9}{'events/s':>13}{'spread':>9}")
        ratio, rate, spread = (
            samples.ratio(each.key), samples.rate(each.key), samples.spread(each.key)
        )  # fmt: skip
        note = f"  {each.note}" if each.note else ""
        print(f"  {each.who:40}{ratio:9.2f}{rate:13,.0f}{spread:9.0%}{note}")


def tell_bars(rows: list[bars.Row]) -> None:
    """The table of what is promised."""
    note = "" if bars.MEANT_FOR_THIS else " (the bars are for CPython 3.11)"
    print(f"\n{'what' + note:62}{'here':>10}{'bar':>14}{'moonshot':>14}  holds")
    for row in rows:
        print(f"  {row.what:60}{row.shown:>10}{row.bar:>14}{row.moonshot:>14}  {row.verdict}")


def main() -> None:
    arguments = argparse.ArgumentParser(prog="benchmarks", description="How fast flowlet is here.")
    arguments.add_argument("--million", action="store_true", help="park 1,000,000 actors too: 7 GB")
    arguments.add_argument("--packets", type=int, default=100_000, help="for examples/tcp")
    arguments.add_argument("--rounds", type=int, default=ROUNDS, help="of the small tasks")
    arguments.add_argument("--page", action="store_true", help=f"write {page.PAGE} anew too")
    given = arguments.parse_args()

    began = time.perf_counter()
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    apart = serving.cores()
    core = stay_on_one_core()
    versions = {name: version(name) for name in PACKAGES}
    print(machine() + ("" if core is None else f", on core {core}"))
    print(", ".join(f"{name} {number}" for name, number in versions.items()))

    subjects = (*SUBJECTS, *kernel.SUBJECTS)
    samples = interleave(subjects, given.rounds)
    print(f"\nmedians of {given.rounds} rounds; a raw greenlet round trip takes", end=" ")
    print(f"{1e9 * samples.unit:.0f} ns here, and is 1 below")
    tell_subjects(subjects, samples)
    print(f"\n{timers.WAKES:,} wakes on each side of the timers, of {timers.ACTORS:,} sleepers")
    sys.stdout.flush()

    found = scale.measure(million=given.million)
    print()
    scale.tell(found)
    sys.stdout.flush()

    explored = exploring.measure()
    print()
    exploring.tell(explored)
    print("\nexamples/tcp")
    timing = tcp.compare(given.packets)
    tcp.tell(given.packets, timing)

    print()
    imported = importing.measure()
    importing.tell(imported)

    print()
    # The best of rounds takes more of them than a median, but who asks for few gets few.
    many = max(given.rounds, streams.ROUNDS) if given.rounds >= ROUNDS else given.rounds
    parsed = interleave(streams.SUBJECTS, many)
    tell_subjects(streams.SUBJECTS, parsed)

    print("\nan HTTP server")
    served = (
        None if serving.missing() else serving.measure(min(given.rounds, serving.ROUNDS), on=apart)
    )
    if served is None:
        print(f"  not measured, for it is not installed here: {serving.missing()}")
    else:
        serving.tell(served, min(given.rounds, serving.ROUNDS), serving.SECONDS)

    rows = [*bars.rows(samples, found, explored, imported), *streams.rows(parsed)]
    rows += serving.rows(served) if served is not None else []
    tell_bars(rows)
    result = {
        "date": time.strftime("%Y-%m-%d"),
        "machine": machine(),
        "core": core,
        "load": load,
        "versions": versions,
        "rounds": given.rounds,
        "raw_ns": 1e9 * samples.unit,
        "bars": [asdict(row) for row in rows],
        "subjects": [
            {
                "task": each.task,
                "who": each.who,
                "note": each.note,
                "to_raw": taken.ratio(each.key),
                "events_per_second": taken.rate(each.key),
                "rounds": taken.ratios[each.key],
            }
            for measured, taken in ((subjects, samples), (streams.SUBJECTS, parsed))
            for each in measured
        ],
        "wakes": timers.WAKES,
        "scale": found,
        "exploring": {
            "rounds": exploring.ROUNDS,
            "spin": None if exploring.missing() else exploring.version(),
            "models": explored,
        },
        "importing": imported,
        "serving": None
        if served is None
        else {
            "rounds": min(given.rounds, serving.ROUNDS),
            "seconds": serving.SECONDS,
            "connections": serving.CONNECTIONS,
            "servers": served,
        },
        "tcp": {"packets": given.packets, **vars(timing)},
    }
    out = Path("out")
    out.mkdir(exist_ok=True)
    (out / "bench.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(f"\n{time.perf_counter() - began:.0f} s; written: {out / 'bench.json'}")
    if given.page:
        page.main()


if __name__ == "__main__":
    main()
