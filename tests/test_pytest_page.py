"""What docs/pytest.md shows is what pytest prints: its tests are run as one file, as it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytest_plugins = "pytester"

PAGE = (Path(__file__).parents[1] / "docs" / "pytest.md").read_text("utf-8")


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def result(pytester: pytest.Pytester) -> pytest.RunResult:
    """What comes of the tests of the page."""
    (gate,) = blocks("python")
    pytester.makepyfile(gate=gate, test_gate="\n".join(blocks("python test")))
    return pytester.runpytest_inprocess(
        "-p", "no:cacheprovider", "--flowlet-coverage-of", "gate.py:turnstile"
    )


def test_the_tests_of_the_page_do_what_it_says(result: pytest.RunResult) -> None:
    """Those that are to fail fail, and no other."""
    failed = set(re.findall(r"^FAILED test_gate\.py::(\w+)", result.stdout.str(), re.MULTILINE))
    assert failed == {"test_that_fails", "test_nothing_is_lost", "test_it_never_jams"}
    assert result.parseoutcomes() == {"failed": 3, "passed": 5}


def test_what_the_page_shows_is_printed(result: pytest.RunResult) -> None:
    """Line by line, one after the other."""
    printed = _even(result.stdout.str())
    shown = [_even(block) for block in blocks("text")]
    assert len(shown) == 4
    assert [block for block in shown if block not in printed] == []


def _even(text: str) -> str:
    """The text without the spaces that depend on how long the paths in it are."""
    return "\n".join(re.sub("  +", "  ", line.strip()) for line in text.strip().splitlines())


def test_the_configuration_of_the_page_is_the_projects_own() -> None:
    """How coverage.py has to be told of greenlets."""
    (toml,) = blocks("toml")
    own = (Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8")
    assert all(line in own.splitlines() for line in toml.splitlines())
