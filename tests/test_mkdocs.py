"""The MkDocs plugin and the Sphinx directive, in real builds of small sites."""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

import pytest

GATE = """\
from flowlet import Event, receive

class Coin(Event): ...
class Push(Event): ...

def gate():
    while True:
        receive(Coin, at="locked")
        receive(Push, at="unlocked")
"""

needs_mkdocs = pytest.mark.skipif(
    find_spec("mkdocs") is None or not entry_points(group="mkdocs.plugins", name="flowlet"),
    reason="MkDocs, or flowlet's entry point for it, is not installed here: pip install .[docs]",
)
needs_sphinx = pytest.mark.skipif(
    find_spec("sphinx") is None, reason="Sphinx is not installed here: pip install .[docs]"
)


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *words],
        cwd=folder.parent,  # a site may be built from anywhere
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def written(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")
    return folder


# --- MkDocs


def mkdocs(folder: Path, page: str, plugin: str = "  - flowlet\n") -> tuple[int, str]:
    """Build a site of one page, strictly; its exit code, and what was said."""
    site = "site_name: Gates\ntheme: mkdocs\nplugins:\n" + plugin
    written(folder, {"mkdocs.yml": site, "docs/in/index.md": page, "src/gates.py": GATE})
    done = run(folder, "mkdocs", "build", "--strict", "-f", str(folder / "mkdocs.yml"))
    return done.returncode, done.stderr


@needs_mkdocs
def test_a_page_shows_the_picture_and_each_state_leads_to_its_line(tmp_path: Path) -> None:
    page = """\
        # Gate

        ```flowlet src/gates.py:gate
        :caption: A coin unlocks it.
        ```
        """
    code, said = mkdocs(tmp_path / "project", page)
    assert code == 0, said
    site = tmp_path / "project" / "site"
    html = (site / "in" / "index.html").read_text("utf-8")
    assert html.count('class="flowlet-svg"') == 1
    assert "A coin unlocks it." in html
    links = set(re.findall(r'href="([^"]*gates\.py[^"]*)"', html))
    assert "../_sources/src/gates.py.html#L8" in links
    for link in links:
        file, _, place = link.partition("#")
        source = (site / "in" / file).resolve().read_text("utf-8")
        assert f'id="{place}"' in source


@needs_mkdocs
def test_a_page_with_front_matter_draws_its_own_program(tmp_path: Path) -> None:
    """The lines that are told are those of the file."""
    page = f"---\ntitle: Gate\n---\n\n```python\n{GATE}```\n\n```flowlet :gate\n```\n"
    code, said = mkdocs(tmp_path / "project", page)
    assert code == 0, said
    html = (tmp_path / "project" / "site" / "in" / "index.html").read_text("utf-8")
    assert "docs/in/index.md:13" in html
    assert page.splitlines()[12].strip() == 'receive(Coin, at="locked")'
    assert "_sources" not in html


@needs_mkdocs
def test_what_cannot_be_drawn_fails_a_strict_build_with_page_and_line(tmp_path: Path) -> None:
    page = "---\ntitle: Gate\n---\n\n# Gate\n\n```flowlet src/gates.py:gat\n```\n"
    code, said = mkdocs(tmp_path / "project", page)
    assert code == 1
    assert "docs/in/index.md:7: cannot draw src/gates.py:gat: there is no 'gat'" in said
    assert "Did you mean gate?" in said


@needs_mkdocs
@pytest.mark.parametrize(
    ("sources", "link"),
    [
        ("none", None),
        ("https://example.org/{path}#L{line}", "https://example.org/src/gates.py#L8"),
    ],
)
def test_links_lead_where_the_configuration_says(
    tmp_path: Path, sources: str, link: str | None
) -> None:
    plugin = f'  - flowlet:\n      sources: "{sources}"\n'
    code, said = mkdocs(tmp_path / "project", "```flowlet src/gates.py:gate\n```\n", plugin)
    assert code == 0, said
    html = (tmp_path / "project" / "site" / "in" / "index.html").read_text("utf-8")
    assert (f'href="{link}"' in html) if link else ("gates.py#L" not in html)
    assert not (tmp_path / "project" / "site" / "_sources").exists()


@needs_mkdocs
def test_an_address_without_a_path_is_refused(tmp_path: Path) -> None:
    plugin = '  - flowlet:\n      sources: "https://example.org/"\n'
    code, said = mkdocs(tmp_path / "project", "# Gate\n", plugin)
    assert code == 1
    assert "sources is `site`, `none`, or an address with {path}" in said


# --- Sphinx


def sphinx(folder: Path, directive: str, builder: str = "html") -> tuple[int, str, Path]:
    """Build a page strictly; the exit code, what was said, and where the output is."""
    conf = 'extensions = ["flowlet.tools.sphinx"]\n'
    conf += 'flowlet_sources = "https://example.org/{path}#L{line}"\n'
    index = "Gate\n====\n\n" + textwrap.dedent(directive)
    written(folder, {"conf.py": conf, "index.rst": index, "gates.py": GATE})
    out = folder / "_build"
    done = run(folder, "sphinx", "-W", "-q", "-b", builder, str(folder), str(out))
    return done.returncode, done.stderr, out


@needs_sphinx
def test_the_directive_draws_the_picture(tmp_path: Path) -> None:
    directive = """\
        .. flowlet:: gates:gate
           :caption: A coin unlocks it.

        .. flowlet:: gates.py:gate
           :static:
        """
    code, said, out = sphinx(tmp_path / "source", directive)
    assert code == 0, said
    html = (out / "index.html").read_text("utf-8")
    assert html.count('class="flowlet-svg"') == 2
    assert "A coin unlocks it." in html
    assert 'href="https://example.org/gates.py#L8"' in html
    assert "<pre>" not in html


@needs_sphinx
def test_where_there_are_no_pictures_it_is_told_what_leads_where(tmp_path: Path) -> None:
    code, said, out = sphinx(tmp_path / "source", ".. flowlet:: gates:gate\n", "text")
    assert code == 0, said
    assert "locked --Coin--> unlocked" in (out / "index.txt").read_text("utf-8")


@needs_sphinx
@pytest.mark.parametrize(
    ("directive", "says"),
    [
        (".. flowlet:: gates:gat\n", "index.rst:4: ERROR: cannot draw gates:gat: there is no"),
        (".. flowlet:: gates:gate\n   :fol: x\n", 'unknown option: "fol"'),
        (".. flowlet::\n", "1 argument(s) required"),
    ],
)
def test_what_cannot_be_drawn_fails_a_strict_build(
    tmp_path: Path, directive: str, says: str
) -> None:
    code, said, _ = sphinx(tmp_path / "source", directive)
    assert code != 0
    assert says in said
