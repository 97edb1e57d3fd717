"""The page on graphs shows what its program prints and draws.

A picture `pictures/graphs-NAME.svg` is that of the graph which the program calls NAME; `make
pictures` draws them anew.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

DOCS = Path(__file__).parents[1] / "docs"
PAGE = (DOCS / "graphs.md").read_text("utf-8")


def words_of(picture: Path) -> list[str]:
    """What can be read in a picture, whatever version of Graphviz laid it out."""
    texts = ElementTree.parse(picture).iter("{http://www.w3.org/2000/svg}text")
    return sorted("".join(text.itertext()) for text in texts)


def test_the_page_prints_and_draws_what_it_shows(tmp_path: Path) -> None:
    """Its text blocks are what comes out, its pictures those of its graphs."""
    names = re.findall(r"\(pictures/graphs-(\w+)\.svg\)", PAGE)
    program = re.findall(r"```python\n(.*?)```", PAGE, re.S)
    program += [f'{name}.save("graphs-{name}.svg")\n' for name in names]
    file = tmp_path / "graphs.py"
    file.write_text("\n".join(program), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, file], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "".join(re.findall(r"```text\n(.*?)```", PAGE, re.S))
    assert names
    for name in names:
        drawn = tmp_path / f"graphs-{name}.svg"
        shown = DOCS / "pictures" / drawn.name
        if os.environ.get("UPDATE_PICTURES"):
            shutil.copy(drawn, shown)
        assert words_of(drawn) == words_of(shown), "if it is meant to look so: make pictures"
        assert str(tmp_path) not in shown.read_text("utf-8")
