"""The programs on the pages of docs/ run, each page as one program from top to bottom."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
PAGES = sorted(page for page in DOCS.rglob("*.md") if "```python" in page.read_text("utf-8"))


@pytest.mark.parametrize("page", PAGES, ids=[page.stem for page in PAGES])
def test_the_programs_of_a_page_run(page: Path, tmp_path: Path) -> None:
    """What a page asserts is so."""
    blocks = re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), re.S)
    program = tmp_path / f"{page.stem.replace('-', '_')}.py"
    program.write_text("\n".join(blocks), encoding="utf-8")
    done = subprocess.run([sys.executable, program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_there_are_pages_with_programs() -> None:
    """Else the test above would test nothing."""
    assert {"where-keeps", "sleeping-region", "handlers-keep"} <= {page.stem for page in PAGES}
