"""What `import flowlet` takes, beside pydantic with one model, which every program with events has.

    python -m benchmarks.importing [ROUNDS]

Each import is in a process of its own and timed in there, so the start of Python is not counted: it
is the same for both, and would hide a part of the difference.  The two take turns, and the ratio is
the median of the rounds' quotients.  It is told twice: by the wall, which is what people wait for,
and by the processor's time, which says the same and moves less where much else runs.

Both find compiled bytecode: the first run of each, which does not count, leaves it.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys

from benchmarks.measure import Figures

ROUNDS = 15

#: What is imported, by name.
IMPORTS = {
    "flowlet": "import flowlet",
    "pydantic": "from pydantic import BaseModel\nclass Coin(BaseModel):\n    value: int = 1",
}

#: Nothing that Python has not loaded at its start: else one of the imports would find it there.
PROGRAM = """
from time import perf_counter, process_time
wall, processor = perf_counter(), process_time()
{what}
print(perf_counter() - wall, process_time() - processor)
"""


def child(name: str) -> tuple[float, float]:
    """Seconds of one import in a new process: by the wall, and of the processor."""
    # Where Python is told to leave no bytecode, every import would compile, which nobody has.
    told = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(what=IMPORTS[name])],
        check=True,
        env=told,
        stdout=subprocess.PIPE,
        text=True,
    )
    wall, processor = map(float, done.stdout.split())
    return wall, processor


def measure(rounds: int = ROUNDS) -> Figures:
    """Both ratios, and the seconds of each."""
    for name in IMPORTS:
        child(name)
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in IMPORTS}
    for number in range(rounds):
        for name in list(IMPORTS)[:: 1 if number % 2 else -1]:
            taken[name].append(child(name))
    found: Figures = {"rounds": rounds}
    for place, clock in enumerate(("wall", "processor")):
        own, other = ([each[place] for each in taken[name]] for name in ("flowlet", "pydantic"))
        found[clock] = statistics.median(a / b for a, b in zip(own, other, strict=True))
        found[f"flowlet {clock}"] = statistics.median(own)
        found[f"pydantic {clock}"] = statistics.median(other)
    return found


def tell(found: Figures) -> None:
    """Print what was measured."""
    print(f"importing, medians of {found['rounds']:.0f} rounds{'wall':>17}{'processor':>14}")
    for name in IMPORTS:
        wall, processor = found[f"{name} wall"], found[f"{name} processor"]
        print(f"  {name:40}{1e3 * wall:8.1f} ms{1e3 * processor:11.1f} ms")
    what = "flowlet to pydantic with one model"
    print(f"  {what:40}{found['wall']:11.2f}{found['processor']:14.2f}")


def main(arguments: list[str]) -> None:
    if len(arguments) > 1 or not all(each.isdecimal() and int(each) for each in arguments):
        sys.exit("give the number of rounds, or nothing: python -m benchmarks.importing 15")
    tell(measure(*map(int, arguments)))


if __name__ == "__main__":
    main(sys.argv[1:])
