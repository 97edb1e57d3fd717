"""What a notebook shows of graphs and explorations, and `play` inside and outside of one."""

from __future__ import annotations

import subprocess
import sys
from html import unescape
from pathlib import Path
from typing import Any

import pytest

import flowlet
from flowlet import Dispatcher, draw, explore, observe, play
from flowlet.introspect import StateGraph, system
from flowlet.introspect.model import writers
from tests.graphs import graph_of
from tests.machines import session

ROOT = Path(__file__).parents[1]
SVG, PLAIN, HTML = "image/svg+xml", "text/plain", "text/html"

PROGRAM = """
from flowlet import Event, draw, explore, play, receive
class Coin(Event): ...
class Push(Event): ...
def turnstile():
    while True:
        receive(Coin, at="locked")
        receive(Push, at="unlocked")
"""


def bundle_of(thing: Any) -> dict[str, str]:
    found: dict[str, str] = thing._repr_mimebundle_(include=None, exclude=None)
    return found


# --- what may be shown


def test_a_graph_shows_its_picture_and_says_its_edges() -> None:
    """So does what `draw` returns: it is the graph."""
    shown = bundle_of(draw(session))
    assert set(shown) == {SVG, PLAIN}
    assert shown[SVG] == draw(session).text("svg")
    assert shown[PLAIN].splitlines()[:2] == [
        "session: 3 states, 5 edges",
        "  idle --Connect--> online/guest",
    ]


def test_many_edges_are_counted_in_words() -> None:
    """The picture folds them; the words say how many are left out."""
    graph = graph_of(*(f"a Event{number} b" for number in range(50)))
    assert bundle_of(graph)[PLAIN].splitlines()[-1] == "  … 10 more"


def test_an_exploration_shows_the_graph_that_it_found() -> None:
    """With what it counted above."""
    found = explore(session)
    shown = bundle_of(found)
    assert shown[SVG] == found.graph.text("svg")
    assert shown[PLAIN].splitlines()[0] == repr(found)
    assert "idle --Connect--> online/guest" in shown[PLAIN]


def test_what_was_observed_shows_its_graph() -> None:
    """Bold, with counts."""
    with Dispatcher() as d:
        watched = observe(d)
        d.spawn(session)
        d.settle()
    assert bundle_of(watched) == bundle_of(watched.graph)
    assert "idle" in bundle_of(watched)[SVG]


def test_a_difference_shows_both_versions_and_says_what_has_changed() -> None:
    """In the words that it is printed in."""
    diff = graph_of("a B c").diff(graph_of("a B c", "c D a"))
    shown = bundle_of(diff)
    assert shown == {SVG: diff.graph.text("svg"), PLAIN: "+ c --D--> a"}


def test_a_large_exploration_is_told_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its graph is made when somebody asks for it."""
    monkeypatch.setattr(system, "MOST_SHOWN", 2)
    found = explore(session)
    assert bundle_of(found) == {PLAIN: repr(found)}


def test_without_graphviz_there_are_words_and_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cell that ends in a graph does not fail."""
    (tmp_path / "pygraphviz.py").write_text("raise ImportError('none here')", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    shown = bundle_of(draw(session))
    assert set(shown) == {PLAIN}
    assert "session: 3 states" in shown[PLAIN]
    assert "pip install pygraphviz" in shown[PLAIN]


def test_the_model_alone_shows_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has not imported the formats has none to show."""
    monkeypatch.delitem(writers, "svg")
    assert set(bundle_of(graph_of("a B c"))) == {PLAIN}


# --- play


@pytest.fixture
def in_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if a kernel ran this."""

    class Shell:
        kernel = object()

    class IPython:
        get_ipython = staticmethod(Shell)

    monkeypatch.setitem(sys.modules, "IPython", IPython)


@pytest.mark.usefixtures("in_notebook")
def test_in_a_notebook_the_page_is_the_output(capsys: pytest.CaptureFixture[str]) -> None:
    """In a frame with nothing but its own script; no file is written and nothing said."""
    page = play(session)
    shown = bundle_of(page)
    assert set(shown) == {HTML, PLAIN}
    assert shown[HTML].startswith("<iframe srcdoc=")
    assert 'sandbox="allow-scripts allow-popups"' in shown[HTML]
    inside = unescape(shown[HTML].split('srcdoc="')[1].split('" title=')[0])
    assert inside == page.html
    assert inside.startswith("<!doctype html>")
    assert page.path is None
    assert repr(page) == shown[PLAIN] == "<page of session: 3 states, 5 edges>"
    assert capsys.readouterr().out == ""


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a browser was asked to open; there is no screen."""
    import webbrowser

    addresses: list[str] = []
    monkeypatch.setattr(webbrowser, "open", addresses.append)
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    return addresses


def test_elsewhere_the_page_is_a_file_and_its_address_is_said(
    opened: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a screen nothing is opened: a browser in the terminal would stop the program."""
    page = play(session)
    assert page.path is not None
    assert page.path.read_text("utf-8").startswith("<!doctype html>")
    assert capsys.readouterr().out == f"session: {page.path.as_uri()}\n"
    assert str(page.path) in repr(page)
    assert opened == []


def test_where_there_is_a_screen_the_browser_opens_it(
    opened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once."""
    monkeypatch.setenv("DISPLAY", ":0")
    page = play(session)
    assert page.path is not None
    assert opened == [page.path.as_uri()]


@pytest.mark.usefixtures("opened")
def test_a_graph_is_played_as_it_is_and_options_go_to_explore() -> None:
    """As `draw` has it."""
    graph = graph_of("a B c")
    assert play(graph).graph is graph
    assert play(session, max_states=2).graph.complete is False


@pytest.mark.usefixtures("in_notebook")
def test_a_page_can_be_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sources are as they are reached from where it is."""
    monkeypatch.chdir(tmp_path)
    source = {"file": "gates.py", "line": 3}
    state = {"path": ["locked"], "source": source}
    graph = StateGraph.model_validate({"name": "gate", "states": [state], "initial": ["locked"]})
    (tmp_path / "docs").mkdir()
    page = play(graph)
    assert '"url":"gates.py#L3"' in page.html
    saved = page.save("docs/gate.html").read_text("utf-8")
    assert '"url":"../gates.py#L3"' in saved


def test_importing_flowlet_brings_nothing_that_a_page_needs() -> None:
    """They are imported when one is wanted."""
    code = "import sys, flowlet; print(sorted(set(sys.modules) & set(sys.argv[1:])))"
    late = ["webbrowser", "flowlet.export.html", "xml.etree.ElementTree", "IPython"]
    done = subprocess.run(
        [sys.executable, "-c", code, *late], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
    assert "play" in flowlet.__all__


# --- in a real kernel


def test_a_cell_of_a_real_notebook_shows_the_picture(tmp_path: Path) -> None:
    """A kernel runs the cells, and their outputs are what a notebook would save."""
    nbclient = pytest.importorskip("nbclient", reason="nbclient is not installed")
    pytest.importorskip("ipykernel", reason="ipykernel is not installed")
    nbformat = pytest.importorskip("nbformat", reason="nbformat is not installed")
    book = nbformat.v4.new_notebook()
    sources = [PROGRAM, "draw(turnstile)", "explore(turnstile)", "play(turnstile)"]
    book.cells = [nbformat.v4.new_code_cell(source) for source in sources]
    client = nbclient.NotebookClient(book, timeout=120, resources={"metadata": {"path": tmp_path}})
    client.execute()
    _, drawn, explored, played = book.cells
    for cell in (drawn, explored):
        (output,) = cell.outputs
        assert "locked</text>" in output.data[SVG]
        assert "locked --Coin--> unlocked" in output.data[PLAIN]
    (output,) = played.outputs
    assert output.data[HTML].startswith("<iframe srcdoc=")
    assert "locked" in output.data[HTML]
