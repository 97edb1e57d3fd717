"""The examples, run as a user does: in a process of their own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def example(name: str, *words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """`python -m examples.NAME WORDS` in `folder`, with nothing else in the environment."""
    return subprocess.run(
        [sys.executable, "-m", f"examples.{name}", *words],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
