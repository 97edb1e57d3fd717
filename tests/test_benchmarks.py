"""What the benchmarks compare is the same, and what they write stands where it should.

How fast anything is, no test says.
"""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest

from benchmarks.exploring import BESIDE_SPIN, MODELS, Spin, missing, promela
from benchmarks.importing import measure as imports
from benchmarks.measure import interleave
from benchmarks.page import BEGIN, CAPTIONS, END, PAGE, replaced, serving_table
from examples.models.table import MODELS as TABLE
from flowlet import explore

ROOT = Path(__file__).parents[1]

needs_spin = pytest.mark.skipif(
    bool(missing()), reason=f"SPIN's models are not run: {' and '.join(missing())} not found here"
)


def spins_counts(model: str, size: int, folder: Path) -> tuple[float, float]:
    """States and transitions that SPIN finds, but for the one to the first state."""
    found = Spin.compiled(model, size, folder).search()
    return found["states"], found["transitions"] - 1


@pytest.mark.parametrize("name", BESIDE_SPIN)
def test_what_spin_is_given_is_there(name: str) -> None:
    assert "active" in promela(MODELS[name].promela).read_text("ascii")


@needs_spin
@pytest.mark.parametrize(
    ("model", "size", "name"),
    [("philosophers", 4, "philosophers 4"), ("two_phase_commit", 3, "two-phase commit 3")],
)
def test_spin_finds_the_states_that_flowlet_finds(
    model: str, size: int, name: str, tmp_path: Path
) -> None:
    """And as many transitions."""
    x = explore(TABLE[name].system, **TABLE[name].options)
    assert spins_counts(model, size, tmp_path) == (x.unique_states, x.transitions)


@needs_spin
@pytest.mark.slow
@pytest.mark.parametrize("name", BESIDE_SPIN)
def test_spin_finds_them_in_the_sizes_that_are_measured(name: str, tmp_path: Path) -> None:
    model = MODELS[name]
    x = explore(model.target, **model.options)
    found = spins_counts(model.promela, model.size, tmp_path)
    assert found == (x.unique_states, x.transitions)
    assert x.unique_states == model.states


@pytest.mark.slow
def test_parsers_are_compared_at_the_same_fields() -> None:
    """Each run looks at what came out."""
    for package in "h11", "hiredis", "httptools", "redis", "websockets":
        pytest.importorskip(package, reason=f"{package} is what parsers are measured against")
    streams = import_module("benchmarks.streams")
    samples = interleave(streams.SUBJECTS, 1)
    assert all(row.value > 0 for row in streams.rows(samples))
    assert {each.task for each in streams.SUBJECTS} <= set(CAPTIONS)


@pytest.mark.slow
def test_servers_are_compared_at_the_same_answer() -> None:
    """One round of each, looked at by the benchmark itself; the page has a row for each."""
    for package in "h11", "uvicorn":
        pytest.importorskip(package, reason=f"{package} is what servers are measured against")
    serving = import_module("benchmarks.serving")
    if serving.missing():
        pytest.skip(f"not installed here: {serving.missing()}")
    found = serving.measure(1, 1)
    assert list(found) == list(serving.SERVERS)
    assert all(row.value > 0 for row in serving.rows(found))
    told = {"rounds": 1, "seconds": 1, "connections": 50, "servers": found}
    lines = "\n".join(serving_table(told))
    assert [f"| {name} |" in lines for name in found] == [True] * 3
    assert "| 1.00 | 1.00 and 1.00 |" in lines  # uvicorn to itself


def test_imports_are_measured_one_against_the_other() -> None:
    """Of one round the ratio is that round's."""
    found = imports(1)
    for clock in ("wall", "processor"):
        assert found[f"pydantic {clock}"] > 0
        assert found[clock] == found[f"flowlet {clock}"] / found[f"pydantic {clock}"]


def test_the_page_keeps_what_is_written_by_hand() -> None:
    page = f"# Fast\n\n{BEGIN}\nold\n{END}\n\nBecause.\n"
    assert replaced(page, ["new", "ones"]) == f"# Fast\n\n{BEGIN}\nnew\nones\n{END}\n\nBecause.\n"


@pytest.mark.parametrize("page", ["nothing\n", f"{BEGIN}\n", f"{END}\n{BEGIN}\n"])
def test_a_page_without_marks_is_not_written(page: str) -> None:
    with pytest.raises(ValueError, match="has to have the lines"):
        replaced(page, [])


def test_what_was_measured_has_its_date() -> None:
    _, begun, rest = (ROOT / PAGE).read_text("utf-8").partition(BEGIN)
    tables, ended, _ = rest.partition(END)
    assert (bool(begun), bool(ended)) == (True, True)
    assert re.match(r"\n\d{4}-\d\d-\d\d, ", tables)
