"""Pictures on pages of documentation: what can be named, what can be said, and what goes wrong."""

# pyright: reportMissingModuleSource=false
from __future__ import annotations

import re
import sys
import textwrap
from pathlib import Path

import pytest

from flowlet.export import style
from flowlet.tools.site.figure import OPTIONS, Artist, Figure, FigureError, parsed
from flowlet.tools.site.modules import Modules
from flowlet.tools.site.page_program import PageProgram
from flowlet.tools.site.source_page import source_page

GATE = """\
from flowlet import Dispatcher, Event, explore, receive, state

class Coin(Event):
    value: int
class Push(Event): ...

def gate():
    while True:
        receive(Coin, at="locked")
        with state("open"):
            receive(Push, after=10, at="one")
            receive(Push, at="two")

def crashing():
    receive(Push, at="waiting")
    raise ValueError("oh")

def park(d: Dispatcher):
    d.spawn(gate, name="north")
    d.spawn(crashing, name="south")

coins = [Coin(1)]
known = explore(gate, events=coins).graph
number = 5
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "gates.py").write_text(GATE, "utf-8")
    return tmp_path


@pytest.fixture
def modules() -> Modules:
    return Modules()


@pytest.fixture
def artist(root: Path, modules: Modules) -> Artist:
    def link(path: str, line: int) -> str:
        return f"https://example.org/{path}?line={line}"

    return Artist(root, link, modules)


@pytest.fixture(autouse=True)
def forgotten(modules: Modules) -> object:
    """Another test has another file of the same name."""
    yield
    modules.forget()


def shown(figure: Figure) -> str:
    """What can be read in a picture."""
    return " ".join(re.findall(r"<text[^>]*>([^<]*)</text>", figure.html))


# --- what can be named


def test_a_function_of_a_file_is_drawn(artist: Artist) -> None:
    figure = artist.figure("gates.py:gate", {})
    assert {"locked", "one", "two", "Coin", "after 10s"} <= set(shown(figure).split("  ")) | set(
        re.findall(r">([^<>]+)</text>", figure.html)
    )
    assert "locked --Coin--> open/one" in figure.words
    assert figure.files == {"gates.py"}


def test_a_function_of_a_module_is_the_same(artist: Artist) -> None:
    assert artist.figure("gates:gate", {}).html == artist.figure("gates.py:gate", {}).html


def test_a_graph_is_drawn_as_it_is(artist: Artist) -> None:
    """For whatever the options cannot say, the code makes the graph itself."""
    figure = artist.figure("gates:known", {})
    assert not any("Push" in line for line in figure.words)


def test_of_a_system_one_actor_is_drawn(artist: Artist) -> None:
    figure = artist.figure("gates:park", {"actor": "south"})
    assert "waiting" in figure.html
    assert "locked" not in figure.html


def test_the_programs_above_on_the_page_can_be_drawn(artist: Artist) -> None:
    """A page shows a program and right below what it is."""
    lines = [
        "# A gate",
        "",
        "```text",
        "a block",
        "```",
        "",
        "```python",
        *GATE.splitlines(),
        "```",
        "",
        "More.",
    ]
    figure = artist.figure(":gate", {"events": "coins"}, PageProgram("docs/gate.md", lines))
    assert figure.words == ("locked --Coin--> open/one", "open/one --after 10s--> open/two")
    line = lines.index('        receive(Coin, at="locked")') + 1
    assert f"locked&#10;docs/gate.md:{line}" in figure.html  # the page's own line


def test_blocks_that_are_no_python_are_not_run() -> None:
    lines = ["```text", "1/0", "```", "````md", "```python", "1/0", "```", "````", "```python"]
    assert PageProgram("page.md", [*lines, "x = 5", "```"]).look_up("x") == 5


# --- what can be said


def test_a_static_view_has_what_no_event_reaches(artist: Artist) -> None:
    explored = artist.figure("gates:gate", {"events": "coins"})
    written = artist.figure("gates:gate", {"static": ""})
    assert set(explored.words) < set(written.words)


def test_a_block_is_folded(artist: Artist) -> None:
    figure = artist.figure("gates:gate", {"fold": "open"})
    assert {line.split(" --")[0] for line in figure.words} == {"locked", "open"}


def test_a_small_view_has_few_states(artist: Artist) -> None:
    figure = artist.figure("gates:gate", {"view": "1"})
    assert "3 states drawn as 1" in figure.html


def test_the_states_may_be_limited(artist: Artist) -> None:
    assert len(artist.figure("gates:gate", {"max-states": "1"}).words) < 4


def test_time_may_be_ordered(artist: Artist) -> None:
    assert "any order" not in artist.figure("gates:gate", {"time": "ordered"}).html


def test_a_caption_stands_below_and_leads_to_the_source(artist: Artist) -> None:
    html = artist.figure("gates:gate", {"caption": "A <gate>"}).html
    line = GATE.splitlines().index('        receive(Coin, at="locked")') + 1
    assert "A &lt;gate&gt;" in html
    assert f'href="https://example.org/gates.py?line={line}"' in html


def test_the_picture_in_words_is_what_leads_where(artist: Artist) -> None:
    """Who cannot see it can have it read out."""
    html = artist.figure("gates:gate", {}).html
    assert 'aria-label="State machine gate: locked --Coin--&gt; open/one; ' in html
    assert 'aria-label="A gate."' in artist.figure("gates:gate", {"alt": "A gate."}).html


def test_options_stand_one_a_line() -> None:
    lines = [":fold: a, b", "", "  :static:", ":caption: time: 5 s"]
    assert parsed(lines) == {"fold": "a, b", "static": "", "caption": "time: 5 s"}


# --- part of a page


def test_a_page_may_have_many_pictures(artist: Artist) -> None:
    """So there is no id, and no rule for anything but the pictures."""
    html = artist.figure("gates:gate", {}).html
    assert " id=" not in html
    sheet = re.search(r"<style>(.*?)</style>", html, re.S)
    assert sheet
    selectors = re.findall(r"(?:^|\})([^{}]+)\{", sheet[1])
    assert [one for one in selectors if "flowlet" not in one] == []


def test_each_colour_has_its_partner_for_dark_pages(artist: Artist) -> None:
    """The page's own choice counts, so nothing asks the system."""
    html = artist.figure("gates:crashing", {}).html
    assert "prefers-color-scheme" not in html
    for colour in style.ALL:
        assert f'[fill="{colour.light}"]{{fill:light-dark({colour.light},{colour.dark})}}' in html


def test_where_a_link_leads_nowhere_there_is_none(root: Path, modules: Modules) -> None:
    html = Artist(root, lambda path, line: None, modules).figure("gates:gate", {}).html
    assert "href" not in html
    assert "gates.py:9" in html  # the line is still told


def test_no_page_shows_a_path_of_its_maker(artist: Artist, root: Path) -> None:
    """Of what lies below the root its way from there is told; of a library elsewhere, its name."""
    below, elsewhere = str(root / "gates.py"), "/home/somebody/lib/json/decoder.py"
    (root / "places.py").write_text(
        "from flowlet import StateGraph\n"
        "from flowlet.introspect import Source, State, Transition\n"
        "graph = StateGraph(\n"
        "    name='places', initial=('a',),\n"
        f"    states=(State(path=('a',), source=Source(file={below!r}, line=3)),\n"
        f"            State(path=('b',), source=Source(file={elsewhere!r}, line=4))),\n"
        "    transitions=(Transition(source='a', event='go', target='b',\n"
        f"                            at=Source(file={elsewhere!r}, line=5)),),\n"
        f"    notes=('it fails at {elsewhere}:6', 'and at {below}:7'))\n",
        "utf-8",
    )
    html = artist.figure("places:graph", {}).html
    assert str(root) not in html
    assert "somebody" not in html
    for place in ("gates.py:3", "…/decoder.py:4", "…/decoder.py:5", "…/decoder.py:6", "gates.py:7"):
        assert place in html


def test_a_source_is_a_page_with_a_place_for_each_line() -> None:
    html = source_page("gates.py", '\nx = """<a>\nb"""\n')
    assert re.findall(r'<span id="(L\d)">', html) == ["L1", "L2", "L3"]
    assert "&lt;a&gt;" in html


# --- built again


def test_a_new_build_draws_the_code_as_it_is_now(
    artist: Artist, root: Path, modules: Modules
) -> None:
    """A server builds many times in one process, and modules are imported once."""
    before = artist.figure("gates:gate", {})
    (root / "gates.py").write_text(GATE.replace('at="locked"', 'at="closed and locked"'), "utf-8")
    modules.forget()
    assert "closed and locked" not in before.html
    assert "closed and locked" in artist.figure("gates:gate", {}).html


def test_what_a_program_prints_is_not_part_of_the_build(
    artist: Artist, capsys: pytest.CaptureFixture[str]
) -> None:
    path = list(sys.path)
    artist.figure(":gate", {}, PageProgram("page.md", ["```python", "print('x')", GATE, "```"]))
    assert capsys.readouterr().out == ""
    assert sys.path == path


def test_a_program_leaves_no_file_behind_and_can_import_what_is_there(
    artist: Artist, root: Path
) -> None:
    lines = [
        "```python",
        "import gates",
        "gates.known.save('known.json')",
        "x = gates.known",
        "```",
    ]
    assert artist.figure(":x", {}, PageProgram("page.md", lines)).words
    assert [path.name for path in root.iterdir() if path.suffix == ".json"] == []


# --- what goes wrong


@pytest.mark.parametrize(
    ("target", "options", "says"),
    [
        ("", {}, "say what to draw"),
        ("gates:gat", {}, "no 'gat' in gates. Did you mean gate?"),
        ("gate:gate", {}, "no module 'gate'. Did you mean gates"),
        ("gats.py:gate", {}, "no file gats.py"),
        ("gates:number", {}, "no function but int"),
        (":gate", {}, "in the programs of a page, and this is none"),
        ("gates:gate", {"fol": "open"}, "no option 'fol'. There are actor, alt,"),
        ("gates:gate", {"fold": "opn"}, "no block 'opn'"),
        ("gates:gate", {"view": "few"}, ":view: takes a number, 1 or more, not 'few'"),
        ("gates:gate", {"max-states": "0"}, ":max-states: takes a number"),
        ("gates:gate", {"events": "number"}, ":events: number is no list but int"),
        ("gates:gate", {"events": "coin"}, "no 'coin' in gates. Did you mean Coin or coins?"),
        ("gates:gate", {"time": "none"}, 'time is "any" or "ordered"'),
        ("gates:gate", {"static": "", "time": "any"}, "a static view is not explored"),
        ("gates:known", {"static": ""}, "gates:known is not explored: leave it out"),
        ("gates:park", {"actor": "west"}, "west"),
        ("gates:park", {"static": ""}, "spawns the actors of a system"),
    ],
)
def test_what_cannot_be_drawn_says_what_to_do(
    artist: Artist, target: str, options: dict[str, str], says: str
) -> None:
    with pytest.raises(FigureError, match=re.escape(says)):
        artist.figure(target, options)


def test_a_failing_program_is_named_with_the_line_of_the_page(artist: Artist) -> None:
    lines = ["", "```python", "def half(x):", "    return 1 / x", "half(0)", "```"]
    with pytest.raises(FigureError, match=r"(?s)ZeroDivisionError.*at page\.md:4"):
        artist.figure(":gate", {}, PageProgram("page.md", lines))


def test_a_program_that_is_no_python_is_named_with_its_line(artist: Artist) -> None:
    with pytest.raises(FigureError, match=r"(?s)SyntaxError.*at page\.md:2"):
        artist.figure(":gate", {}, PageProgram("page.md", ["```python", "def", "```"]))


@pytest.mark.parametrize("line", ["fold: open", ":fold open", "gates:gate", "::x"])
def test_a_line_that_is_no_option_is_told(line: str) -> None:
    with pytest.raises(FigureError, match=r"is no option\. Options stand one a line"):
        parsed([line])


def test_the_page_on_it_tells_all_options() -> None:
    page = (Path(__file__).parents[1] / "docs/how-to/pictures-in-docs.md").read_text("utf-8")
    told = re.findall(r"^\| `:([\w-]+):", page, re.M)
    assert sorted(told) == sorted(OPTIONS)


# --- in Markdown


def test_blocks_are_found_where_markdown_finds_them() -> None:
    """In lists and in the open; not inside another block, which is text."""
    pytest.importorskip("markdown", reason="Markdown comes with MkDocs: not installed here")
    from markdown import Markdown

    from flowlet.tools.site.fence import FlowletFence

    asked: list[tuple[str, list[str], int]] = []

    def draw(target: str, inside: list[str], above: int) -> str:
        asked.append((target, inside, above))
        return f"<figure>{target}</figure>"

    text = textwrap.dedent(
        """\
        ```flowlet one:one
        :fold: a
        ```

        - in a list

            ~~~~ flowlet two:two
            ~~~~

        ````md
        ```
        ```flowlet three:three
        ```
        ````

            ```flowlet

        ```flowlets four:four
        ```

        ```flowlet five:five
        """
    )
    html = Markdown(extensions=["fenced_code", FlowletFence(draw)]).convert(text)
    assert asked[0] == ("one:one", [":fold: a"], 0)
    assert [target for target, _, _ in asked if target] == ["one:one", "two:two", "five:five"]
    assert re.search(r"<li>\s*<p>in a list</p>\s*<figure>two:two</figure>\s*</li>", html)
    assert "```flowlet three:three" in html
