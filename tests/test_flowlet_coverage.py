"""`pytest --flowlet-coverage`: which states and edges of the machines no test has touched."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest

from flowlet.export import NoGraphvizError
from flowlet.introspect import StateGraph
from flowlet.tools import coverage_report, evidence, pytest_coverage
from flowlet.tools.coverage_page import Section, page
from flowlet.tools.evidence import Seen
from tests.test_pytest_plugin import GATE

pytest_plugins = "pytester"

HEAD = """
    import pytest
    from flowlet import Dispatcher, Event, explore, receive, spawn
    from functools import partial
    from gate import Coin, Push, payer, turnstile

    def drive(fn, *events, advance=0):
        with Dispatcher() as d:
            ref = d.spawn(fn)
            for event in events:
                ref.send(event)
                d.settle()
            d.advance(advance)
"""
HALF = """
    def test_coin():
        drive(turnstile, Coin())
"""
WHOLE = """
    def test_push():
        drive(turnstile, Coin(), Push())

    def test_time():
        drive(turnstile, Coin(), advance=10)
"""


def run(pytester: pytest.Pytester, tests: str, *args: str, ini: str = "") -> pytest.RunResult:
    text = textwrap.dedent(HEAD) + textwrap.dedent(tests)
    pytester.makepyfile(gate=GATE, test_gate=text)
    pytester.makeini(f"[pytest]\n{ini}")
    others = ["-p", "no:cacheprovider", "-p", "no:hypothesispytest"]
    return pytester.runpytest_inprocess(*others, *args)


def table(result: pytest.RunResult) -> list[str]:
    """Return what is told of coverage, with single spaces."""
    _, _, rest = result.stdout.str().partition(" flowlet coverage ")
    lines = [line for line in rest.splitlines()[1:] if not line.startswith("===")]
    return [re.sub(r" +", " ", line).strip() for line in lines if line.strip()]


def test_what_no_test_did_is_told(pytester: pytest.Pytester) -> None:
    """States and edges of those that can be reached, and the edges that are left."""
    result = run(pytester, HALF, "--flowlet-coverage")
    assert result.ret == 0
    assert table(result)[:5] == [
        "actor function states edges cover",
        "turnstile gate.py:8 2/2 1/3 60 %",
        "never: unlocked --Push--> locked",
        "never: unlocked --after 10s--> locked",
        "TOTAL 2/2 1/3 60 %",
    ]


def test_nothing_is_told_unless_it_is_asked_for(pytester: pytest.Pytester) -> None:
    """A plain run stays plain."""
    result = run(pytester, HALF)
    result.stdout.no_fnmatch_line("*flowlet coverage*")


def test_tests_add_up(pytester: pytest.Pytester) -> None:
    """What one has left out another may do."""
    result = run(pytester, WHOLE, "--flowlet-coverage")
    assert table(result)[1] == "turnstile gate.py:8 2/2 3/3 100 %"
    assert table(result)[2] == "TOTAL 2/2 3/3 100 %"


@pytest.mark.parametrize("way", ["option", "ini"])
@pytest.mark.parametrize(("least", "passes"), [("60", True), ("60.1", False)])
def test_too_little_fails_the_run(
    pytester: pytest.Pytester, way: str, least: str, passes: bool
) -> None:
    """By the option, or by the ini file; just enough is enough."""
    args = ["--flowlet-fail-under", least] if way == "option" else []
    ini = f"flowlet_fail_under = {least}" if way == "ini" else ""
    result = run(pytester, HALF, *args, ini=ini)
    result.assert_outcomes(passed=1)
    assert result.ret == (0 if passes else 1)
    told = "FAILED: 60.00 % of all states and edges was covered, and 60.1 % is asked for"
    assert any(line.startswith(told) for line in table(result)) is not passes


def test_a_run_that_has_failed_stays_so(pytester: pytest.Pytester) -> None:
    """However much was covered."""
    result = run(
        pytester, WHOLE + "\n    def test_no():\n        assert False", "--flowlet-coverage"
    )
    assert result.ret == 1


def test_asking_for_more_than_nothing_of_nothing_fails(pytester: pytest.Pytester) -> None:
    """A threshold that no machine was held to is no success."""
    result = run(pytester, "def test(): ...", "--flowlet-fail-under", "1")
    assert result.ret == 1
    assert table(result)[0] == "no actor function ran at the top of a dispatcher"
    assert "no actor function was explored" in table(result)[1]


@pytest.mark.parametrize("given", ["101", "-1", "much"])
def test_a_threshold_is_a_percentage(pytester: pytest.Pytester, given: str) -> None:
    """Anything else is told before a test runs."""
    result = run(pytester, HALF, ini=f"flowlet_fail_under = {given}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*a number from 0 to 100, not '{given}'*"])


def test_what_spawns_children_counts_and_children_do_not(pytester: pytest.Pytester) -> None:
    """Covered are the functions that tests spawn at the top."""
    result = run(
        pytester,
        """
        def helper():
            receive(Push)

        def boss():
            spawn(helper)
            receive(Coin, at="working")

        def test_boss():
            drive(boss, Coin())
        """,
        "--flowlet-coverage",
    )
    assert [line for line in table(result) if "boss" in line] == [
        "boss test_gate.py:17 2/2 1/1 100 %"
    ]
    assert not any("helper" in line for line in table(result))


def test_what_cannot_be_explored_says_why(pytester: pytest.Pytester) -> None:
    """And counts for nothing: the others are the whole."""
    result = run(
        pytester,
        """
        def needs(n):
            receive(Coin, at=str(n))

        def test_needs():
            drive(turnstile, Coin())
            with Dispatcher() as d:
                d.spawn(needs, 3)
                d.settle()
        """,
        "--flowlet-coverage",
    )
    lines = table(result)
    assert "needs test_gate.py:14 ? ? ?" in lines
    assert "TOTAL 2/2 1/3 60 %" in lines
    assert any(
        line.startswith("needs: not explored: needs needs arguments (n); bind them")
        for line in lines
    )


def test_a_function_with_its_arguments_bound_is_explored(pytester: pytest.Pytester) -> None:
    """Each way of binding them, all as one machine."""
    result = run(
        pytester,
        """
        def needs(n):
            receive(Coin, at=f"waits {n}")

        def test_needs():
            for n in (1, 2, 2):
                drive(partial(needs, n), Coin())
        """,
        "--flowlet-coverage",
    )
    assert table(result)[1] == "needs test_gate.py:14 3/3 2/2 100 %"


def test_what_is_made_inside_a_test_is_left_out_by_name(pytester: pytest.Pytester) -> None:
    """Its closure belongs to that test."""
    result = run(
        pytester,
        """
        def test_local():
            def gate():
                receive(Coin)
            drive(gate, Coin())
        """,
        "--flowlet-coverage",
    )
    (line,) = [line for line in table(result) if line.startswith("left out")]
    assert "inside another function: gate;" in line


def test_a_machine_that_is_not_complete_says_so(pytester: pytest.Pytester) -> None:
    """With what grows, or by how many states it was cut off."""
    tests = """
        def counter():
            n = 0
            while True:
                receive(Coin, at=f"after {n}")
                n += 1

        def test_counter():
            drive(counter, Coin())
    """
    lines = table(run(pytester, tests, "--flowlet-coverage"))
    assert "counter: not complete" in lines
    capped = table(run(pytester, tests, "--flowlet-coverage", ini="flowlet_max_states = 3"))
    assert any("max_states" in line for line in capped), capped


def test_what_the_exploration_does_not_have_is_told(pytester: pytest.Pytester) -> None:
    """An edge that was taken and is no edge of the machine: here, a value beyond the examples."""
    result = run(
        pytester,
        """
        class Level(Event):
            value: int = 1

        def tank():
            while True:
                level = receive(Level, at="empty").value
                if hash(level) == 77:
                    receive(Coin, at="odd")

        def test_tank():
            drive(tank, Level(77))
        """,
        "--flowlet-coverage",
    )
    assert any(
        line.startswith("not in the graph: 1 times: empty --Level--> odd") for line in table(result)
    )


# --- targets


def test_targets_are_named(pytester: pytest.Pytester) -> None:
    """Then they alone count, also where no test ran them."""
    args = [
        "--flowlet-coverage-of",
        "gate.py:turnstile",
        "--flowlet-coverage-of",
        "test_gate.py:other",
    ]
    result = run(
        pytester,
        """
        def other():
            receive(Coin)

        def third():
            receive(Coin)

        def test_gate():
            drive(turnstile, Coin())
            drive(third, Coin())
        """,
        *args,
    )
    assert table(result)[:7] == [
        "actor function states edges cover",
        "turnstile gate.py:8 2/2 1/3 60 %",
        "never: unlocked --Push--> locked",
        "never: unlocked --after 10s--> locked",
        "other test_gate.py:14 0/2 0/1 0 %",
        "never: other --Coin--> end",
        "TOTAL 2/4 1/4 37 %",
    ]


def test_targets_may_stand_in_the_ini_file(pytester: pytest.Pytester) -> None:
    """As a list."""
    result = run(
        pytester, HALF, ini="flowlet_coverage = true\nflowlet_coverage_of = gate.py:turnstile"
    )
    assert table(result)[1] == "turnstile gate.py:8 2/2 1/3 60 %"


def test_a_system_is_a_target(pytester: pytest.Pytester) -> None:
    """Covered are the functions of its actors, as far as the others let them go."""
    result = run(
        pytester,
        """
        def system(d: Dispatcher):
            d.spawn(turnstile, name="gate")
            d.spawn(payer)

        def test_system():
            with Dispatcher() as d:
                system(d)
                d.settle()
        """,
        "--flowlet-coverage-of",
        "test_gate.py:system",
    )
    lines = table(result)
    assert "turnstile gate.py:8 2/2 1/2 75 %" in lines
    assert any(line.startswith("payer gate.py:13") for line in lines)


def test_an_exploration_made_by_hand_is_a_target(pytester: pytest.Pytester) -> None:
    """Its options are the test's own; so is a graph."""
    tests = """
        pushes = explore(turnstile, events=[Coin(3)])
        graph = pushes.graph

        def test_gate():
            drive(turnstile, Coin())
    """
    for target in "pushes", "graph":
        result = run(pytester, tests, "--flowlet-coverage-of", f"test_gate.py:{target}")
        assert table(result)[1] == "turnstile gate.py:8 2/2 1/2 75 %"


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("gate.py:turnstil", "there is no 'turnstil' in gate"),
        ("gate.py:Coin", "cannot be covered"),
        ("test_gate.py:number", "is no actor function, no system function, and no exploration"),
        ("test_gate.py:needs", "needs needs arguments: n"),
    ],
)
def test_a_target_that_cannot_be_covered_fails_the_run(
    pytester: pytest.Pytester, target: str, why: str
) -> None:
    """What was asked for by name is not passed over."""
    tests = HALF + "\n    number = 5\n    def needs(n): ..."
    result = run(pytester, tests, "--flowlet-coverage-of", target)
    assert result.ret == 1
    assert any(line.startswith("FAILED") and why in line for line in table(result)), table(result)


# --- dispatchers that live longer


def test_what_a_dispatcher_of_a_module_did_counts_once(pytester: pytest.Pytester) -> None:
    """However many tests look at it, and whether it is closed at the end or not."""
    result = run(
        pytester,
        """
        @pytest.fixture(scope="module", params=[True, False])
        def world(request):
            d = Dispatcher()
            d.spawn(turnstile, name="gate")
            d.settle()
            yield d
            if request.param:
                d.close()

        @pytest.mark.parametrize("n", [1, 2, 3])
        def test_coin(world, n):
            world.find("gate").send(Coin())
            world.advance(10)
        """,
        "--flowlet-coverage-html",
        "out",
    )
    text = (pytester.path / "out" / "index.html").read_text("utf-8")
    assert result.ret == 0
    assert "Coin ×6" in text.replace("&#215;", "×").replace("&#45;", "-"), re.findall(
        r">[^<]*Coin[^<]*<", text
    )


def test_dispatchers_that_are_gone_before_their_test_is_over_count(
    pytester: pytest.Pytester,
) -> None:
    """A test may make many, one after the other, and keep none."""
    result = run(
        pytester,
        """
        import gc

        def test_all():
            drive(turnstile, Coin(), Push())
            drive(turnstile, Coin(), advance=10)
            with Dispatcher() as other:
                pass
            gc.collect()
        """,
        "--flowlet-coverage",
    )
    assert table(result)[-1] == "TOTAL 2/2 3/3 100 %"


def test_what_a_dispatcher_did_in_the_test_that_ended_it_counts(
    pytester: pytest.Pytester,
) -> None:
    """It is closed and gone before anybody could ask what it did last."""
    pytester.makeconftest("import gc\ndef pytest_runtest_logfinish(): gc.collect()")
    result = run(
        pytester,
        """
        @pytest.fixture(scope="module")
        def world():
            with Dispatcher() as d:
                d.spawn(turnstile, name="gate")
                yield d

        def test_push(world):
            world.find("gate").send(Coin())
            world.settle()
            world.find("gate").send(Push())
            world.settle()

        def test_time(world):
            world.find("gate").send(Coin())
            world.advance(10)
        """,
        "--flowlet-coverage",
    )
    assert table(result)[-1] == "TOTAL 2/2 3/3 100 %"


# --- xdist


def test_workers_add_up(pytester: pytest.Pytester) -> None:
    """With pytest-xdist each worker sends what it has seen."""
    result = run(pytester, WHOLE, "-n", "2", "--flowlet-fail-under", "100")
    result.assert_outcomes(passed=2)
    assert result.ret == 0
    assert table(result)[1] == "turnstile gate.py:8 2/2 3/3 100 %"
    named = run(
        pytester,
        HALF,
        "-n",
        "2",
        "--flowlet-fail-under",
        "100",
        "--flowlet-coverage-of",
        "gate.py:turnstile",
    )
    assert named.ret == 1
    assert table(named)[1] == "turnstile gate.py:8 2/2 1/3 60 %"


def test_a_worker_that_dies_is_told(pytester: pytest.Pytester) -> None:
    """What it has seen is lost."""
    result = run(
        pytester,
        """
        import os

        def test_dies():
            os._exit(3)

        def test_coin():
            drive(turnstile, Coin())
        """,
        "-n",
        "1",
        "--flowlet-coverage",
    )
    assert any(line.startswith("nothing has come from gw") for line in table(result))


def test_two_processes_tell_the_same_as_one() -> None:
    """What is sent is what was gathered; a machine that only one could explore is known to both."""

    def seen(count: int) -> StateGraph:
        return StateGraph.model_validate(
            {
                "name": "gate",
                "states": [{"path": ["a"], "evidence": {"seen": count}}],
                "transitions": [
                    {"source": "a", "event": "X", "target": "a", "evidence": {"seen": count}}
                ],
                "initial": ["a"],
            }
        )

    one = {"k": Seen("gate", "gate.py:1", seen(2), None, ("not explored: because",))}
    other = {"k": Seen("gate", "gate.py:1", seen(3), seen(0)), "l": Seen("door", "door.py:1")}
    for first, second in ((one, other), (other, one)):
        functions: dict[str, Seen] = {}
        evidence.add_all(functions, evidence.dumps(first))
        evidence.add_all(functions, evidence.dumps(second))
        gate = functions["k"]
        assert gate.seen.transitions[0].evidence.seen == 5
        assert gate.machine == seen(0)
        assert gate.notes == ()
        assert functions["l"].coverage is None


# --- the page


def test_the_page_has_a_picture_of_what_no_test_touched(pytester: pytest.Pytester) -> None:
    """One file: how much, the picture, and what is left with its line."""
    result = run(pytester, HALF, "--flowlet-coverage-html", "report/here")
    result.stdout.fnmatch_lines(["written: report/here/index.html"])
    text = (pytester.path / "report" / "here" / "index.html").read_text("utf-8")
    assert "<title>flowlet coverage: 60 %</title>" in text
    assert text.count("<svg") == 1
    assert "<code>unlocked --Push--&gt; locked</code>" in text
    assert "gate.py:11</code>" in text
    assert "prefers-color-scheme:dark" in text
    assert "http://" not in text.replace("http://www.w3.org/", "")
    assert str(Path.home()) not in text


def test_names_are_text_on_the_page_and_ids_are_its_own() -> None:
    """Whatever a function or an event is called."""
    svg = '<?xml?><svg><g id="node1"><a href="#node1">x</a></g></svg>'
    sections = [
        Section("<b>", "<i>.py:1", "a-1", 100.0, (1, 1), (1, 1), svg),
        Section("gate", "gate.py:1", "gate-2", 50.0, (1, 2), (0, 0), svg, (("a --<x>--> b", ""),)),
        Section("other", "o.py:1", "other-3", notes=("not explored: <why>",)),
        Section(
            "third", "o.py:1", "third-4", 75.0, (3, 4), (0, 0), unvisited=("s",), strays=("t",)
        ),
    ]
    text = page(sections, 66.7)
    assert "<b>" not in text.partition("<body>")[2].replace('<b class="', "")
    assert "&lt;b&gt;" in text
    assert 'id="a-1-node1"><a href="#a-1-node1"' in text
    assert 'id="gate-2-node1"' in text
    assert "<code>a --&lt;x&gt;--&gt; b</code>" in text
    assert "not explored: &lt;why&gt;" in text
    assert "All that can happen has happened." in text
    order = re.findall(r'<tr><td><a href="#([\w-]+)"', text)
    assert order == ["gate-2", "third-4", "a-1", "other-3"]


def test_without_graphviz_the_page_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lists are there, and a note in the picture's place."""
    graph = StateGraph.model_validate(
        {
            "name": "gate",
            "states": [{"path": ["a"]}, {"path": ["b"]}],
            "transitions": [{"source": "a", "event": f"X{n}", "target": "b"} for n in range(7)],
            "initial": ["a"],
        }
    )

    def nothing(graph: StateGraph, format: str) -> str:
        raise NoGraphvizError("no Graphviz here")

    monkeypatch.setattr(StateGraph, "text", nothing)
    functions = [Seen("gate", "gate.py:1", StateGraph(), graph), Seen("door", "door.py:1")]
    report = coverage_report.Report(functions, tmp_path)
    text = report.write(tmp_path / "out").read_text("utf-8")
    assert "no Graphviz here" in text
    assert "a --X6--&gt; b" in text
    assert "    … and 2 more" in list(report.lines())


def test_less_than_all_is_never_called_all() -> None:
    """99.9 % is told as 99."""
    assert coverage_report.Count(999, 1000, 0, 0).percent == pytest.approx(99.9)
    assert coverage_report._numbers(coverage_report.Count(999, 1000, 0, 0)).endswith(" 99 %")
    assert coverage_report.Count(9999, 10000).told == 99.9
    assert coverage_report.Count().percent == 100


def test_nothing_of_coverage_is_loaded_for_a_plain_run(pytester: pytest.Pytester) -> None:
    """Nor is the hypothesis bridge, nor the terminal's colours."""
    code = (
        "import sys, pytest; pytest.main(['-q', '-p', 'no:cacheprovider', 'test_it.py']); "
        "print([name for name in ('flowlet.tools.pytest_coverage', 'flowlet.testing', 'rich', "
        "'typer', 'graphviz') if name in sys.modules])"
    )
    pytester.makepyfile(test_it="def test(): ...")
    result = pytester.runpython_c(code)
    assert result.stdout.lines[-1] == "[]"
    assert pytest_coverage.CoverageRun.__doc__
