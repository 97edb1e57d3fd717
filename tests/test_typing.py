"""Type checkers know what flowlet's calls return, without a plugin.

The files in tests/typing say what they expect, by `assert_type` and, where an error is expected, by
`# type: ignore[code]`: both checkers are told to complain of one that is not needed.  `make types`
checks them along with everything else.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = sorted((ROOT / "tests" / "typing").glob("*.py"))

#: An expectation of each sort that is not met.
WRONG = """# pyright: strict, reportUnnecessaryTypeIgnoreComment=true
from typing import assert_type

from flowlet import Event, receive

class Coin(Event): ...

assert_type(receive(Coin, after=1), Coin)
receive(Coin)  # type: ignore[call-overload]
"""


def check(command: list[str], *files: Path) -> subprocess.CompletedProcess[str]:
    """Run a type checker with the project's settings; skip where it is not installed."""
    name = command[0]
    if importlib.util.find_spec(name) is None:
        pytest.skip(f"{name} is not installed: pip install {name}")
    return subprocess.run(
        [sys.executable, "-m", *command, *map(str, files)],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


mypy = partial(check, ["mypy", "--strict", "--no-error-summary", "--hide-error-context"])
pyright = partial(check, ["pyright", "--pythonpath", sys.executable])


def test_there_are_files_of_expected_types() -> None:
    """One of each chapter; an empty folder would prove nothing."""
    assert [path.stem for path in FILES] == [
        "asking",
        "blocks",
        "matching",
        "receiving",
        "regions",
        "spawning",
    ]


@pytest.mark.slow
def test_mypy_agrees() -> None:
    """Under --strict; an error that is expected and does not come is an error too."""
    done = mypy(*FILES)
    assert (done.stdout, done.returncode) == ("", 0)


@pytest.mark.slow
def test_pyright_agrees() -> None:
    """In its strict mode, and with no more comments than are needed."""
    done = pyright(*FILES)
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
def test_mypy_would_say_so(tmp_path: Path) -> None:
    """A wrong expectation, and an error that does not come, are both found."""
    wrong = tmp_path / "wrong.py"
    wrong.write_text(WRONG)
    found = mypy(wrong).stdout
    assert ("[assert-type]" in found, "[unused-ignore]" in found) == (True, True)


@pytest.mark.slow
def test_pyright_would_say_so(tmp_path: Path) -> None:
    """A wrong expectation, and an error that does not come, are both found."""
    wrong = tmp_path / "wrong.py"
    wrong.write_text(WRONG)
    found = pyright(wrong).stdout
    assert "reportAssertTypeFailure" in found
    assert "reportUnnecessaryTypeIgnoreComment" in found
