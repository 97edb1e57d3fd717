"""What the pages of docs/ say is so: their programs run, and print what stands below them."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

import flowlet
from flowlet import introspect
from tests.pages import DOCS, PAGES, ROOT, Page

PROGRAMS = [page for page in PAGES.values() if page.blocks("python")]
#: The page of the plugin has tests that fail on purpose; tests/test_pytest_page.py runs them.
WITH_TESTS = [
    page for page in PROGRAMS if "\ndef test_" in page.program() and page.name != "pytest.md"
]


def name_of(page: Page) -> str:
    return page.name


@pytest.mark.parametrize("page", PROGRAMS, ids=name_of)
def test_the_programs_of_a_page_run(page: Page, tmp_path: Path) -> None:
    """A block that shows what it prints prints that, and one that does not prints nothing."""
    if page.missing():
        pytest.skip(f"the page shows programs of {', '.join(page.missing())}: not installed here")
    printed = {f"line {block.line}": text for block, text in page.run(tmp_path)}
    assert printed == {f"line {block.line}": block.output for block in page.blocks("python")}


@pytest.mark.parametrize("page", WITH_TESTS, ids=name_of)
def test_the_tests_that_a_page_shows_pass(page: Page, tmp_path: Path) -> None:
    """Who pastes them into a file can run them."""
    (tmp_path / "test_page.py").write_text(page.program(), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_page.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert f"{page.program().count(chr(10) + 'def test_')} passed" in done.stdout


def test_there_are_pages_with_programs() -> None:
    """Else the tests above would test nothing."""
    names = {page.name for page in PROGRAMS}
    assert {"traps/where-keeps.md", "tutorial/waiting.md", "coming-from/simpy.md"} <= names
    assert [page.name for page in WITH_TESTS] == ["tutorial/tests.md"]


@pytest.mark.parametrize("page", PAGES.values(), ids=name_of)
def test_the_pages_link_to_files_that_are_there(page: Page) -> None:
    """A link within the repository leads somewhere."""
    prose = re.sub(r"^(`{3,}).*?^\1$", "", page.text, flags=re.M | re.S)
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", prose)
    here = (DOCS / page.name).parent
    assert [to for to in links if "://" not in to and not (here / to).exists()] == []


def test_the_reference_has_every_public_name() -> None:
    """What can be imported can be looked up; where a module has the same name, not the module."""
    text = "\n".join(page.text for page in PAGES.values() if page.name.startswith("reference/"))
    told = []
    for path in re.findall(r"^::: (\S+)$", text, re.M):
        module, _, name = path.rpartition(".")
        told.append(getattr(import_module(module), name))
        assert isinstance(told[-1], ModuleType) or path not in sys.modules, f"{path} is a module"
    public = [(flowlet, name) for name in flowlet.__all__]
    public += [(introspect, name) for name in introspect.__all__ if name != "formats"]
    assert [name for module, name in public if getattr(module, name) not in told] == []


def test_every_page_is_in_the_navigation() -> None:
    """A page that no one is led to is not read."""
    pages = set(
        re.findall(r"[\w/-]+\.md", (ROOT / "mkdocs.yml").read_text("utf-8").split("nav:")[1])
    )
    assert pages == set(PAGES)
