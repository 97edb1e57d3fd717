"""A counterexample is a test: it fails on the faulty code for that reason, and not on mended code.

All tests are generated first; then pytest runs them twice, beside the faulty and the mended code.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from flowlet import ExploreError
from flowlet.introspect import check, replay
from tests import faulty_systems as faulty
from tests.faulty_systems import Done, Job, Receipt

TESTS = Path(__file__).parent
FEW = 2


@dataclass(frozen=True)
class Case:
    """A check that fails: of which kind, and what its test says then."""

    target: Callable[..., Any]
    kind: str
    says: str
    asked: dict[str, Any] = field(default_factory=dict)


def _local() -> Callable[[Any], bool]:
    limit = 1

    def is_late(v: Any) -> bool:
        return bool(v.cells["total"] > limit)

    return is_late


CASES = {
    "always": Case(
        faulty.office, "always", "assert both_count", {"always": {"both": faulty.both_count}}
    ),
    "never, by a lambda": Case(
        faulty.office,
        "never",
        "assert not True",
        {"never": {"lost": lambda v: v.cells["total"] < FEW and not any(
            a.alive for a in v.actors)}},
    ),
    "sometimes": Case(
        faulty.office,
        "sometimes",
        "holds in no state that is reachable",
        {"sometimes": {"two": lambda v: v.cells["total"] == FEW},
         "always": {"never two": lambda v: v.cells["total"] < 2}},
    ),
    "sometimes, within bounds": Case(
        faulty.office,
        "sometimes",
        "holds in no state that is reachable",
        {"sometimes": {"two": lambda v: v.cells["total"] == FEW},
         "within": lambda v: v.cells["total"] < 2 if not faulty.MENDED else True},
    ),
    "eventually": Case(
        faulty.tossing, "eventually", "may never come", {"eventually": {"done": faulty.is_done}}
    ),
    "eventually, where it ends": Case(
        partial(faulty.table, 2),
        "eventually",
        "does not come: it ends here",
        {"eventually": {"all eat": lambda v: not any(a.alive for a in v.actors)}},
    ),
    "deadlock of cells": Case(partial(faulty.table, 3), "deadlock", "p0 in hungry at "),
    "deadlock of asks": Case(faulty.asking_each_other, "deadlock", "nothing can happen any more"),
    "deadlock of mail that is kept": Case(
        faulty.kept_mail, "deadlock", "keeper in waits", {"unexpected": False}
    ),
    "deadlock where messages have no order": Case(
        faulty.kept_mail, "deadlock", "keeper in waits", {"network": "unordered"}
    ),
    "deadlock of a family": Case(faulty.supervised, "deadlock", "supervised", {"events": []}),
    "strict": Case(faulty.at_the_door, "deadlock", "a in after you", {"deadlock": "strict"}),
    "crash": Case(faulty.begins_somehow, "crash", "not in ['begins_somehow']"),
    "crash after a call": Case(
        faulty.shop, "crash", "not in ['shop']",
        {"examples": {"charge": [Receipt(5), Receipt(200)]}},
    ),
    "crash of a child": Case(faulty.boss, "crash", "not in ['boss'"),
    "unexpected": Case(faulty.confusion, "unexpected event", "not in {'confused': 1}"),
    "unexpected by a child": Case(
        faulty.parent_of_confused, "unexpected event",
        "not in {'parent_of_confused/strict_child': 1}",
    ),
    "events by hand": Case(
        faulty.door,
        "never",
        "assert not True",
        {"never": {"jammed": lambda v: v["door"].state == ("jammed",)},
         "events": [Job(2), Job(9), Done]},
    ),
    "a message that comes twice": Case(
        faulty.counting,
        "never",
        "assert not True",
        {"never": {"twice": _local()}, "network": "duplicating"},
    ),
    "a message that overtakes": Case(
        faulty.overtaken,
        "never",
        "assert not True",
        {"never": {"stop": lambda v: v.cells["seen"] == "Stop"}, "network": "unordered"},
    ),
    "a message that overtakes, into a set": Case(
        faulty.overtaken,
        "never",
        "assert not True",
        {"never": {"stop": lambda v: v.cells["seen"] == "Stop"}, "network": "inbox_set"},
    ),
    "a message that is lost": Case(
        faulty.calling,
        "eventually",
        "does not come",
        {"eventually": {"got it": faulty.got_it}, "lossy": True},
    ),
    "a loss on the way": Case(
        faulty.calling,
        "never",
        "assert not True",
        {"never": {"lost": lambda v: not v["calls"].alive and v["waits"].alive
                   and not v.in_flight}, "lossy": True},
    ),
    "time in order": Case(
        faulty.two_clocks,
        "always",
        "assert False",
        {"always": {"slow first": lambda v: not v.cells["log"].startswith("fast")},
         "time": "ordered"},
    ),
    "an orphan": Case(
        faulty.forgetful,
        "never",
        "assert not True",
        {"never": {"elsewhere": lambda v: v["forgetful"].state != ("waits",)
                   and v["helper"].alive}},
    ),
}  # fmt: skip


def run_pytest(folder: Path, **environment: str) -> dict[str, str]:
    """What pytest says of each file: that it passed, or how it failed."""
    report = folder / "report.xml"
    path = os.pathsep.join([str(TESTS.parent), str(TESTS)])
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path, **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert report.exists(), done.stdout + done.stderr
    told = {}
    for case in ElementTree.parse(report).iter("testcase"):
        faults = "".join(str(each.text) for each in case)
        place = case.get("classname") or case.get("name") or ""
        told[place.rpartition(".")[2]] = faults or "passed"
    return told


@dataclass
class Told:
    """What was generated for each case, and what pytest says of it."""

    code: dict[str, str]
    faulty: dict[str, str]
    mended: dict[str, str]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """Both runs of all that was generated."""
    folder = tmp_path_factory.mktemp("found")
    code = {}
    for number, (name, case) in enumerate(CASES.items()):
        verdict = check(case.target, **case.asked)
        failures = [failure for failure in verdict.failures if failure.kind == case.kind]
        assert failures, f"{name}: {verdict}"
        code[name] = failures[0].as_pytest()
        (folder / f"test_{number}.py").write_text(code[name], "utf-8")
    before, after = run_pytest(folder), run_pytest(folder, MENDED="1")
    names = {name: f"test_{number}" for number, name in enumerate(CASES)}
    return Told(
        code,
        {name: before[test] for name, test in names.items()},
        {name: after[test] for name, test in names.items()},
    )


@pytest.mark.parametrize("name", CASES)
def test_it_fails_on_the_faulty_code_for_that_reason(told: Told, name: str) -> None:
    assert "AssertionError" in told.faulty[name], told.code[name] + told.faulty[name]
    assert CASES[name].says in told.faulty[name], told.code[name] + told.faulty[name]


@pytest.mark.parametrize("name", CASES)
def test_it_passes_on_the_mended_code(told: Told, name: str) -> None:
    assert told.mended[name] == "passed", told.code[name] + told.mended[name]


# --- what else is in a test that was generated --------------------------------------------------


def run_here(code: str) -> None:
    """Run the test without pytest."""
    space: dict[str, Any] = {}
    exec(code, space)
    [test] = [value for name, value in space.items() if name.startswith("test_")]
    test()


def test_an_actor_with_another_name_is_not_taken_for_mended_code() -> None:
    [failure] = check(faulty.office, always={"both": faulty.both_count}).failures
    code = failure.as_pytest()
    with pytest.raises(AssertionError):
        run_here(code)
    with pytest.raises(ExploreError, match="no actor 'joe'; there are ann, bob"):
        run_here(code.replace("'bob: ", "'joe: "))


def test_a_test_says_once_what_it_is() -> None:
    [failure] = check(partial(faulty.table, 2)).failures
    assert '"""deadlock: nothing can happen any more: p0 in hungry' in failure.as_pytest()


def test_a_predicate_of_which_there_is_no_code_is_to_be_written() -> None:
    """One that depends on an object; the test does not pass as it is."""
    space: dict[str, Any] = {"wanted": object()}
    exec("def is_wanted(v): return v.cells['total'] is wanted", space)
    [failure] = check(faulty.office, sometimes={"wanted": space["is_wanted"]}).failures
    with pytest.raises(NotImplementedError, match="write here what 'wanted' means"):
        run_here(failure.as_pytest())


def test_a_predicate_that_reads_variables_takes_them_along() -> None:
    wanted, limits = 1, {"total": (2, "two")}
    [failure] = check(
        faulty.office,
        never={
            "one": lambda v, least=wanted: (
                v.cells["total"] == least
                and limits["total"][0] > 1
                and not any(a.alive for a in v.actors)
            )
        },
    ).failures
    with pytest.raises(AssertionError):
        run_here(failure.as_pytest())
    assert "limits = {'total': (2, 'two')}" in failure.as_pytest()


def test_the_path_of_a_test_is_one_of_the_system() -> None:
    [failure] = check(faulty.begins_somehow).failures
    assert replay(faulty.begins_somehow, failure.path).view.crashed == ["begins_somehow"]
