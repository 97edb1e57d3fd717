"""How long it takes to explore the larger models, and how fast SPIN is at two of them.

    python -m benchmarks.exploring [--rounds N]

SPIN turns a model in its language, Promela, into a C program that searches.  The models in
benchmarks/spin have exactly the states and the transitions of those in examples/models, which is
asserted in every round; SPIN counts one transition more, the one to the first state.  SPIN searches
depth first, flowlet breadth first: its ways to a state are shortest ones.

Every search has a process of its own, so nothing is warm.  Neither side is charged for becoming
ready: Python's start and imports here, `spin` and the compiler there.  There are two figures of
each:

- the search: `x.seconds`, and what SPIN's program says itself.  That is in hundredths of a second,
  so it runs a few times in each round and the mean counts;
- the whole: the call of `explore`, which looks at the code before and audits a sample of the ways
  after; and SPIN's program from its start to its end.

SPIN makes a hash table of 2^24 places unless it is told otherwise, and for so few states that takes
longer than the search.  So it runs as it comes, which is what the bars are for, and once more with
a table of 2^18 places.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.measure import Figures, in_new_process, medians, timed
from examples.models import die_hard, paxos, philosophers, two_phase_commit
from flowlet.introspect import explore
from flowlet.introspect.system import SystemExploration

ROUNDS = 7

#: Runs of SPIN's program in a round: their mean is right to a millisecond, and one is to ten.
REPEATED = 20

#: The places of SPIN's hash table, as a power of two: its default, and enough for these models.
DEFAULT, ENOUGH = 24, 18


@dataclass(frozen=True)
class Model:
    """What is explored, and how many states it has."""

    target: Callable[..., Any]
    states: int
    options: Mapping[str, Any] = field(default_factory=dict)
    #: The same in Promela, where SPIN has a go too, and how many actors of the one kind there are.
    promela: str = ""
    size: int = 0


MODELS = {
    "two jugs": Model(die_hard.jugs, 16),
    "Paxos, two clients": Model(partial(paxos.system, clients=2), 16_668, {"network": "unordered"}),
    "ten philosophers": Model(
        partial(philosophers.system, seats=10), 59_048, promela="philosophers", size=10
    ),
    "two-phase commit, 6 managers": Model(
        partial(two_phase_commit.system, managers=6),
        50_816,
        {"network": "duplicating"},
        promela="two_phase_commit",
        size=6,
    ),
    "two-phase commit, 7 managers": Model(
        partial(two_phase_commit.system, managers=7), 296_448, {"network": "duplicating"}
    ),
}

BESIDE_SPIN = tuple(name for name, model in MODELS.items() if model.promela)


def explored(name: str) -> Figures:
    """Explore a model, in this process."""
    model = MODELS[name]
    with timed() as watch:
        x = explore(model.target, **model.options)
    assert isinstance(x, SystemExploration)
    assert (x.unique_states, x.complete) == (model.states, True)
    return {
        "states": x.unique_states,
        "transitions": x.transitions,
        "runs": x.runs,
        "search": x.seconds,
        "whole": watch.seconds,
    }


# --- SPIN -----------------------------------------------------------------------------------


def missing() -> list[str]:
    """What SPIN needs and is not here."""
    return [tool for tool in ("spin", "cc") if shutil.which(tool) is None]


def version() -> str:
    """Which SPIN it is."""
    said = subprocess.run(["spin", "-V"], capture_output=True, text=True, check=True).stdout
    return said.removeprefix("Spin Version").split()[0]


def promela(model: str) -> Path:
    """The file of a model in Promela."""
    return Path(__file__).parent / "spin" / f"{model}.pml"


@dataclass(frozen=True)
class Spin:
    """A model made into a program that searches."""

    program: Path

    @classmethod
    def compiled(cls, model: str, size: int, folder: Path) -> Spin:
        """Make the program, in a folder of its own.

        Without partial order reduction, since all states are wanted; for safety alone, which is
        quicker than with cycles.
        """
        for command in (
            ["spin", f"-DN={size}", "-a", str(promela(model))],
            ["cc", "-O2", "-w", "-DSAFETY", "-DNOREDUCE", "-o", "pan", "pan.c"],
        ):
            subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
        return cls(folder / "pan")

    def search(self, places: int = DEFAULT) -> Figures:
        """Search once.

        Past states in which nobody can go on (-E), as deep as it takes (-m), and without a list of
        the lines that were not reached (-n).
        """
        command = [str(self.program), "-E", "-n", "-m100000", f"-w{places}"]
        with timed() as watch:
            done = subprocess.run(command, capture_output=True, text=True, check=True)
        return report(done.stdout) | {"whole": watch.seconds}


def report(said: str) -> Figures:
    """The figures in what SPIN's program says at its end."""

    def figure(pattern: str) -> float:
        found = re.search(pattern, said)
        assert found is not None, said
        return float(found[1])

    assert figure(r"errors: (\d+)") == 0, said
    return {
        "states": figure(r"(\d+) states, stored"),
        "transitions": figure(r"(\d+) transitions"),
        "search": figure(r"elapsed time ([\d.]+) seconds"),
    }


@contextmanager
def spins() -> Iterator[dict[str, Spin]]:
    """SPIN's program for each model that has one, if SPIN is here."""
    if missing():
        yield {}
        return
    with tempfile.TemporaryDirectory() as top:
        programs = {}
        for name in BESIDE_SPIN:
            model = MODELS[name]
            folder = Path(top) / model.promela
            folder.mkdir()
            programs[name] = Spin.compiled(model.promela, model.size, folder)
        yield programs


def means(runs: Sequence[Figures]) -> Figures:
    """Of each figure, the mean."""
    return {name: statistics.fmean(run[name] for run in runs) for name in runs[0]}


# --- all of them ----------------------------------------------------------------------------


def measure(rounds: int = ROUNDS) -> dict[str, Figures]:
    """Everything has its turn in each round, in another order each time; medians of the rounds.

    By model; SPIN's figures begin with "spin", and "to spin" is how many times as fast flowlet is,
    the median of each round's quotient.
    """
    with spins() as programs:
        turns: list[tuple[str, str, Callable[[], Figures]]] = [
            (name, "", partial(in_new_process, "benchmarks.exploring", "--model", name))
            for name in MODELS
        ]
        for name, spin in programs.items():
            for places, said in ((DEFAULT, "spin "), (ENOUGH, "spin, small table ")):
                turns.append((name, said, partial(_repeatedly, spin, places)))
        shuffle = random.Random(0).shuffle
        found: dict[str, list[Figures]] = {name: [] for name in MODELS}
        for _ in range(rounds):
            shuffle(turns)
            figures: dict[str, Figures] = {name: {} for name in MODELS}
            for name, prefix, turn in turns:
                figures[name] |= {prefix + what: value for what, value in turn().items()}
            for name, row in figures.items():
                found[name].append(row | (_compared(row) if name in programs else {}))
    return {name: medians(rows) for name, rows in found.items()}


def _repeatedly(spin: Spin, places: int) -> Figures:
    return means([spin.search(places) for _ in range(REPEATED)])


def _compared(row: Figures) -> Figures:
    """How many times as fast as SPIN, where both have found the same."""
    for prefix in ("spin ", "spin, small table "):
        assert row[prefix + "states"] == row["states"]
        assert row[prefix + "transitions"] == row["transitions"] + 1
    return {
        "whole to spin": row["spin whole"] / row["whole"],
        "search to spin": row["spin search"] / row["search"],
        "search to spin, small table": row["spin, small table search"] / row["search"],
    }


def tell(found: dict[str, Figures]) -> None:
    """Print what was measured."""
    heads = (f"{head:>11}" for head in ("states", "transitions", "real runs"))
    print(f"{'exploring':30}{' '.join(heads)}{'search':>10}{'whole':>10}{'states/s':>12}")
    for name, row in found.items():
        counts = (f"{row[what]:11,.0f}" for what in ("states", "transitions", "runs"))
        print(f"  {name:28}{' '.join(counts)}", end="")
        _tell_times(row, "")
    for name, row in found.items():
        for prefix, said in (("spin ", "SPIN"), ("spin, small table ", f"SPIN -w{ENOUGH}")):
            if prefix + "whole" in row:
                print(f"  {name:28}{said:>35}", end="")
                _tell_times(row, prefix)
    if missing():
        print(f"  SPIN is not measured: {' and '.join(missing())} not found here")


def _tell_times(row: Figures, prefix: str) -> None:
    search, whole = row[prefix + "search"], row[prefix + "whole"]
    print(f"{search:8.3f} s{whole:8.3f} s{row[prefix + 'states'] / search:12,.0f}")


def main() -> None:
    arguments = argparse.ArgumentParser(prog="benchmarks.exploring")
    arguments.add_argument("--rounds", type=int, default=ROUNDS)
    arguments.add_argument("--model", choices=MODELS, help="only this, here, and as JSON")
    given = arguments.parse_args()
    if given.model:
        print(json.dumps(explored(given.model)))
        return
    began = time.perf_counter()
    tell(measure(given.rounds))
    print(f"{time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
