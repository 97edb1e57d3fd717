"""The whole documentation, built strictly: no warning, nothing from other hosts, no dead link.

`make docs` has this run on the site that it has built (`SITE`); else it builds one.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not all(map(find_spec, ("material", "mkdocstrings")))
        or not entry_points(group="mkdocs.plugins", name="flowlet"),
        reason="what builds the site is not installed here: pip install .[docs]",
    ),
]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if built := os.environ.get("SITE"):
        return ROOT / built
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    return folder


class Found(HTMLParser):
    """What a page asks for: assets, which come by themselves, links, and places to link to."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.assets: set[str] = set()
        self.links: set[str] = set()
        self.places: set[str] = set()
        self.pictures = 0
        self.feed(page.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        self.places |= {said[name] for name in ("id", "name") if name in said}
        self.pictures += said.get("class") == "flowlet-svg"
        if tag == "a":
            self.links |= {said[name] for name in ("href", "xlink:href") if name in said}
        elif tag == "link":
            self.assets.add(said.get("href", ""))
        elif "src" in said:
            self.assets.add(said["src"])


def test_nothing_comes_from_other_hosts(site: Path) -> None:
    """Who reads it is seen by nobody, and can read it without a network."""
    assets = {asset for page in site.rglob("*.html") for asset in Found(page).assets}
    assert [asset for asset in assets if "//" in asset] == []
    for sheet in site.rglob("*.css"):
        text = re.sub(r"/\*.*?\*/", "", sheet.read_text("utf-8"), flags=re.S)
        assert re.findall(r"(?:url\(|@import)\s*[\"']?(?:https?:)?//[^)\"']*", text) == [], sheet


def test_every_link_leads_somewhere(site: Path) -> None:
    """Those of the pictures too, to the line of the source."""
    pages = {
        page.resolve(): Found(page) for page in site.rglob("*.html") if page.name != "404.html"
    }
    dead = []
    for page, found in pages.items():
        for link in found.links:
            file, _, place = link.partition("#")
            if re.match(r"[a-z]+:", link) or link.startswith("/"):
                continue
            to = (page.parent / file).resolve() if file else page
            there = pages.get(to) if to.suffix == ".html" else None
            if not to.exists() or (place and there and place not in there.places):
                dead.append(f"{page.relative_to(site.resolve())}: {link}")
    assert dead == []


def test_each_block_that_asks_for_a_picture_has_one(site: Path) -> None:
    asked = sum(
        len(
            re.findall(
                r"^```flowlet ", re.sub(r"^````.*?^````$", "", text, flags=re.M | re.S), re.M
            )
        )
        for text in (page.read_text("utf-8") for page in (ROOT / "docs").rglob("*.md"))
    )
    assert asked > 15
    assert sum(Found(page).pictures for page in site.rglob("*.html")) == asked


def test_no_page_shows_a_path_of_its_maker(site: Path) -> None:
    for page in site.rglob("*.html"):
        text = page.read_text("utf-8")
        assert [path for path in (str(ROOT), sys.prefix, sys.base_prefix) if path in text] == [], (
            page
        )
