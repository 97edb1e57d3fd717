"""The pytest plugin: its fixtures, what a failing test shows, and strict tests."""

from __future__ import annotations

import textwrap
from importlib.metadata import entry_points

import pytest

from flowlet import Dispatcher, Event, explore, receive
from flowlet.instrument import every_dispatcher
from flowlet.tools import pytest_plugin

pytest_plugins = "pytester"

GATE = """
    from flowlet import Event, emit, now, receive, state, whereis

    class Coin(Event):
        value: int = 1

    class Push(Event): ...

    def turnstile():
        while True:
            receive(Coin, at="locked")
            receive(Push, after=10, at="unlocked")

    def payer():
        emit("paying")
        whereis("gate").send(Coin(5))
"""
HEAD = """
    import pytest
    from flowlet import Dispatcher, receive, sleep, spawn
    from gate import Coin, Push, payer, turnstile
"""


def run(pytester: pytest.Pytester, tests: str, *args: str, ini: str = "") -> pytest.RunResult:
    """Run some tests of a turnstile with the plugin."""
    text = textwrap.dedent(HEAD) + textwrap.dedent(tests)
    pytester.makepyfile(gate=GATE, test_gate=text)
    pytester.makeini(f"[pytest]\n{ini}")
    others = ["-p", "no:cacheprovider", "-p", "no:hypothesispytest"]
    return pytester.runpytest_inprocess(*others, *args)


def shown(result: pytest.RunResult) -> str:
    """Return what the section of flowlet says, to the next section."""
    text = result.stdout.str()
    _, _, rest = text.partition(" flowlet ")
    lines = rest.splitlines()[1:]
    end = next((i for i, line in enumerate(lines) if line.startswith(("---", "===", "___"))), None)
    return "\n".join(lines[:end])


def test_pytest_finds_the_plugin() -> None:
    """Where flowlet is installed, it is there."""
    (found,) = entry_points(group="pytest11", name="flowlet")
    assert found.value == pytest_plugin.__name__


# --- fixtures


def test_a_test_may_have_a_dispatcher_and_its_clock(pytester: pytest.Pytester) -> None:
    """It stands at nought, time is virtual, and after the test all actors have ended."""
    result = run(
        pytester,
        """
        seen = []

        def test_time(dispatcher, virtual_clock):
            gate = dispatcher.spawn(turnstile)
            seen.append(gate)
            gate.send(Coin())
            dispatcher.advance(4)
            assert (virtual_clock.now(), gate.state) == (4, ("unlocked",))

        def test_afterwards(dispatcher):
            assert not seen[0].alive
            assert dispatcher.now() == 0
            assert dispatcher.actors == []
        """,
    )
    result.assert_outcomes(passed=2)


def test_what_goes_wrong_in_clean_up_is_an_error_of_the_fixture(pytester: pytest.Pytester) -> None:
    """Closing the dispatcher raises it."""
    result = run(
        pytester,
        """
        def careless():
            try:
                receive(Coin)
            finally:
                raise ValueError("left the door open")

        def test_close(dispatcher):
            dispatcher.spawn(careless)
            dispatcher.settle()
        """,
    )
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*ValueError: left the door open*"])


# --- what a failing test shows


def test_a_failing_test_shows_its_actors(pytester: pytest.Pytester) -> None:
    """Where each waits, at which line, and what happened to it, with times."""
    result = run(
        pytester,
        """
        def test_pays_twice(dispatcher):
            gate = dispatcher.spawn(turnstile, name="gate")
            dispatcher.spawn(payer)
            gate.send(Push())
            dispatcher.settle()
            dispatcher.advance(12.5)
            gate.send(Coin())
            dispatcher.settle()
            assert gate.state == ("locked",)
        """,
    )
    result.assert_outcomes(failed=1)
    assert shown(result).splitlines() == [
        "dispatcher at 12.5 s: 1 living, 1 ended; the next time is up at 22.5 s",
        "  gate waits in unlocked at gate.py:11, takes Push, has thrown away 1",
        "         0 s  spawned -> locked",
        "         0 s  threw away Push()",
        "         0 s  took Coin(value=5) -> unlocked",
        "        10 s  time is up: after 10s -> locked",
        "      12.5 s  took Coin(value=1) -> unlocked",
        "  payer ended at 0 s in end",
        "         0 s  spawned",
        "         0 s  emitted 'paying'",
        "         0 s  sent to gate: Coin(value=5)",
    ]


def test_a_dispatcher_that_is_closed_by_then_is_shown_as_it_was(pytester: pytest.Pytester) -> None:
    """The failed assertion has left its `with` block, and so stopped the actors."""
    result = run(
        pytester,
        """
        def fails():
            receive(Coin, at="waiting")
            raise ValueError("no change")

        def twice():
            receive(Coin, at="first")
            sleep(2)
            receive(Coin, at="second")
            return 7

        def test_state():
            with Dispatcher() as d:
                gate, other, two = d.spawn(turnstile), d.spawn(fails), d.spawn(twice)
                idle = d.spawn(turnstile, name="idle")
                for ref in (gate, other, two):
                    ref.send(Coin())
                with pytest.raises(ValueError):
                    d.settle()
                d.advance(2)
                two.send(Coin())
                d.spawn(turnstile, name="late")
                d.settle()
                assert gate.state == ("locked",)
        """,
    )
    lines = shown(result).splitlines()
    assert lines[0] == "dispatcher at 2 s: 5 ended"
    assert [line.strip() for line in lines if line.startswith("  ") and line[2] != " "] == [
        "turnstile was stopped at 2 s in unlocked at gate.py:11",
        "fails failed at 0 s with ValueError('no change'), waited last in waiting "
        "at test_gate.py:6",
        "twice ended at 2 s in end, result 7, waited last in second at test_gate.py:12",
        "idle was stopped at 2 s in locked at gate.py:10",
        "late was stopped at 2 s in locked at gate.py:10",
    ]


def test_children_restarts_and_dead_letters_are_told(pytester: pytest.Pytester) -> None:
    """Whatever an instrument hears."""
    result = run(
        pytester,
        """
        from flowlet import supervise, child, me, parallel, perform

        def worker():
            receive(Coin)
            raise ValueError("broken")

        def boss():
            supervise(child(worker, name="worker"))

        def late():
            sleep(1)
            gone.send(Coin(9))

        def regions():
            parallel(lambda: receive(Push), lambda: sleep(5))

        def clerk():
            perform(len, "abc")
            receive(Push, at="done")

        def test_all(dispatcher):
            global gone
            gone = dispatcher.spawn(len, "x", name="gone")
            dispatcher.spawn(boss)
            dispatcher.spawn(late)
            dispatcher.spawn(regions)
            dispatcher.spawn(clerk)
            dispatcher.settle()
            dispatcher.find("worker").send(Coin(2))
            dispatcher.advance(2)
            dispatcher.spawn(turnstile, name="unborn")
            assert False
        """,
    )
    text = shown(result)
    for line in (
        "  unborn has not begun: settle() lets it",
        "         0 s  spawned by boss -> worker",
        "         0 s  was started anew after ValueError('broken') -> worker",
        "         1 s  got too late Coin(value=9)",
        "         0 s  over: perform len -> done",
    ):
        assert line in text.splitlines(), text
    assert "regions waits in lambda | lambda at test_gate.py:" in text


def test_only_the_last_events_are_shown_and_the_ini_file_says_how_many(
    pytester: pytest.Pytester,
) -> None:
    """Ten, or as many as are asked for."""
    tests = """
        def test_much(dispatcher):
            gate = dispatcher.spawn(turnstile)
            for n in range(20):
                gate.send(Coin(n))
                gate.send(Push())
            dispatcher.settle()
            assert False
    """
    lines = shown(run(pytester, tests)).splitlines()
    assert (len(lines), lines[2]) == (13, "    … 31 earlier")
    assert lines[-1] == "         0 s  took Push() -> locked"
    lines = shown(run(pytester, tests, ini="flowlet_events = 3")).splitlines()
    assert (len(lines), lines[2]) == (6, "    … 38 earlier")


def test_with_no_events_asked_for_nobody_listens(pytester: pytest.Pytester) -> None:
    """What is alive is still shown as it stands."""
    result = run(
        pytester,
        """
        def test_quick(dispatcher):
            gate = dispatcher.spawn(turnstile)
            dispatcher.settle()
            assert dispatcher.listeners == []
            assert False
        """,
        ini="flowlet_events = 0",
    )
    assert shown(result).splitlines() == [
        "dispatcher at 0 s: 1 living",
        "  turnstile waits in locked at gate.py:10, takes Coin",
    ]


def test_a_test_that_passes_shows_nothing_and_leaves_nothing_behind(
    pytester: pytest.Pytester,
) -> None:
    """Neither does a test without actors; the next test does not see the last one's."""
    result = run(
        pytester,
        """
        import gc, weakref
        last = []

        def test_passes(dispatcher):
            dispatcher.spawn(turnstile)
            dispatcher.settle()
            last.append(weakref.ref(dispatcher))

        def test_is_gone():
            gc.collect()
            assert last[0]() is None

        def test_has_no_actors():
            assert 1 + 1 == 3
        """,
    )
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.no_fnmatch_line("*- flowlet -*")


def test_a_dispatcher_of_a_module_is_shown_where_something_happened(
    pytester: pytest.Pytester,
) -> None:
    """Its story is told with each test in which it went on."""
    result = run(
        pytester,
        """
        @pytest.fixture(scope="module")
        def world():
            with Dispatcher() as d:
                d.spawn(turnstile, name="gate")
                d.settle()
                yield d

        def test_one(world):
            world.find("gate").send(Coin())
            world.settle()
            assert False

        def test_two():
            assert False
        """,
    )
    text = result.stdout.str()
    assert text.count("- flowlet -") == 1
    assert text.index("- flowlet -") < text.index("test_two")


def test_a_dispatcher_that_is_gone_is_shown_if_there_is_no_other(
    pytester: pytest.Pytester,
) -> None:
    """Of several runs in one test the last one is what it failed on."""
    result = run(
        pytester,
        """
        import gc

        def play(name):
            with Dispatcher() as d:
                d.spawn(turnstile, name=name)
                d.settle()
            return d

        def test_gone():
            play("one")
            gc.collect()
            assert False

        def test_there():
            play("two")
            gc.collect()
            d = play("three")
            assert False
        """,
    )
    text = result.stdout.str()
    assert "one was stopped at 0 s in locked at gate.py:10" in text
    assert "three was stopped at 0 s in locked at gate.py:10" in text
    assert "two was stopped" not in text


def test_many_actors_are_cut(pytester: pytest.Pytester) -> None:
    """Twenty are shown, those that live first; of the ended ones fifty are remembered."""
    result = run(
        pytester,
        """
        def brief(): ...

        def test_many(dispatcher):
            for _ in range(60):
                dispatcher.spawn(brief)
            for _ in range(30):
                dispatcher.spawn(turnstile)
            dispatcher.settle()
            assert False
        """,
    )
    lines = shown(result).splitlines()
    assert lines[0] == "dispatcher at 0 s: 30 living, 50 ended"
    assert lines[-1] == "  … and 60 more"


def test_an_event_that_cannot_be_shown_does_no_harm(pytester: pytest.Pytester) -> None:
    """Its type is named."""
    result = run(
        pytester,
        """
        class Odd:
            def __repr__(self):
                raise RuntimeError("no")

        def odd():
            receive(Odd)

        def test_odd(dispatcher):
            dispatcher.spawn(odd).send(Odd())
            dispatcher.settle()
            assert False
        """,
    )
    assert "took <Odd instance at " in shown(result)


def test_a_wrong_number_in_the_ini_file_is_told(pytester: pytest.Pytester) -> None:
    """With what it should be."""
    result = run(pytester, "def test(): ...", ini="flowlet_events = many")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*flowlet_events is a whole number, 0 or more, not 'many'*"])


# --- strict tests

SILENT = """
    def relay(friend):
        friend.send(Coin(8))

    {mark}
    def test_silent():
        d = Dispatcher()
        gate = d.spawn(turnstile, name="gate")
        gone = d.spawn(len, "x", name="gone")
        d.settle()
        d.spawn(relay, gone)
        gate.send(Push())
        d.settle()
"""


def test_nothing_is_strict_unless_it_says_so(pytester: pytest.Pytester) -> None:
    """Throwing mail away is legal."""
    run(pytester, SILENT.format(mark="")).assert_outcomes(passed=1)


def test_a_strict_test_fails_on_what_passes_in_silence(pytester: pytest.Pytester) -> None:
    """Mail thrown away, a dead letter, a leak: each with who, where, and how to allow it."""
    result = run(pytester, SILENT.format(mark="@pytest.mark.flowlet_strict"))
    result.assert_outcomes(failed=1)
    text = result.stdout.str()
    _, _, told = text.partition("flowlet_strict: ")
    lines = told.splitlines()[:7]
    assert lines[0] == "3 things passed in silence"
    starts = (
        "  dead letter: Coin(value=8) at 0 s from 'relay' to 'gone', which has ended in end",
        "    to allow it: @pytest.mark.flowlet_strict(dead_letters=[Coin])",
        "  discarded: Push() at 0 s by 'gate' at gate.py:10: nothing there takes it",
        "    to allow it: @pytest.mark.flowlet_strict(discarded=[Push])",
        "  leaked: 'gate' still lives in locked at gate.py:10, and its dispatcher was not closed",
        "    to allow it: @pytest.mark.flowlet_strict(leaked=['gate'])",
    )
    assert sorted(lines[1:]) != []
    for start in starts:
        assert any(line.startswith(start) for line in lines), told
    assert "gate waits in locked" in shown(result)


@pytest.mark.parametrize(
    ("allowed", "left"),
    [
        ("discarded=[Push], dead_letters=[Coin], leaked=['gate']", None),
        ("discarded=True, dead_letters=True, leaked=True", None),
        ("discarded='gate', dead_letters='gone', leaked=['gate']", None),
        ("discarded=Push, dead_letters=True, leaked=False", "leaked: 'gate'"),
        ("discarded=[Coin], dead_letters=True, leaked=True", "discarded: Push()"),
        ("discarded=True, dead_letters=['gate'], leaked=True", "dead letter: Coin(value=8)"),
        ("False", None),
    ],
)
def test_what_is_allowed_may_happen(
    pytester: pytest.Pytester, allowed: str, left: str | None
) -> None:
    """By type of event, by the actor's name, or whatever it is; and nothing else."""
    result = run(pytester, SILENT.format(mark=f"@pytest.mark.flowlet_strict({allowed})"))
    result.assert_outcomes(passed=left is None, failed=left is not None)
    if left is not None:
        result.stdout.fnmatch_lines(["flowlet_strict: 1 thing passed in silence"])
        assert left in result.stdout.str()


@pytest.mark.parametrize("way", ["--flowlet-strict", "flowlet_strict = true"])
def test_all_tests_can_be_strict_but_for_those_that_are_not(
    pytester: pytest.Pytester, way: str
) -> None:
    """On the command line or in the ini file; a mark of its own decides, and marks add up."""
    tests = """
        def push(d):
            d.spawn(turnstile).send(Push())
            d.settle()

        def test_plain(dispatcher):
            push(dispatcher)

        @pytest.mark.flowlet_strict(False)
        def test_loose(dispatcher):
            push(dispatcher)

        @pytest.mark.flowlet_strict(discarded=[Push])
        class TestGates:
            @pytest.mark.flowlet_strict(leaked=True)
            def test_allowed(self):
                push(Dispatcher())
    """
    args, ini = ([way], "") if way.startswith("--") else ([], way)
    result = run(pytester, tests, *args, ini=ini)
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["FAILED test_gate.py::test_plain*"])


def test_a_fixture_that_leaks_is_an_error_of_its_tear_down(pytester: pytest.Pytester) -> None:
    """What it makes is to be closed when it is torn down, and not when the test returns."""
    tests = """
        @pytest.fixture
        def closes():
            with Dispatcher() as d:
                d.spawn(turnstile)
                d.settle()
                yield d

        @pytest.fixture
        def leaks():
            d = Dispatcher()
            d.spawn(turnstile)
            d.settle()
            return d

        @pytest.fixture(scope="module")
        def world():
            d = Dispatcher()
            d.spawn(turnstile)
            d.settle()
            return d

        def test_good(closes, dispatcher):
            dispatcher.spawn(turnstile)

        def test_bad(leaks): ...

        def test_wide(world): ...
    """
    result = run(pytester, tests, "--flowlet-strict")
    result.assert_outcomes(passed=3, errors=1)
    result.stdout.fnmatch_lines(["*leaked: 'turnstile' still lives in locked*"])
    result.stdout.fnmatch_lines(["ERROR test_gate.py::test_bad*"])


def test_a_test_that_has_failed_is_not_blamed_twice(pytester: pytest.Pytester) -> None:
    """Nor one that was skipped, or is expected to fail."""
    result = run(
        pytester,
        """
        def push():
            d = Dispatcher()
            d.spawn(turnstile).send(Push())
            d.settle()

        def test_fails():
            push()
            assert False

        def test_is_skipped():
            push()
            pytest.skip("not now")

        @pytest.mark.xfail
        def test_is_expected_to():
            push()
            assert False
        """,
        "--flowlet-strict",
    )
    result.assert_outcomes(failed=1, skipped=1, xfailed=1)
    result.stdout.no_fnmatch_line("*passed in silence*")


def test_a_dispatcher_of_a_module_is_held_to_the_test_that_runs(pytester: pytest.Pytester) -> None:
    """A loose test may do with it what a strict one may not."""
    result = run(
        pytester,
        """
        @pytest.fixture(scope="module")
        def gate():
            with Dispatcher() as d:
                gate = d.spawn(turnstile)
                d.settle()
                yield gate, d.settle

        def push(gate):
            gate[0].send(Push())
            gate[1]()

        def test_loose(gate):
            push(gate)

        @pytest.mark.flowlet_strict
        def test_strict(gate):
            push(gate)
        """,
    )
    result.assert_outcomes(passed=1, failed=1)


def test_what_was_posted_too_late_is_a_dead_letter_too(pytester: pytest.Pytester) -> None:
    """Of these no instrument hears; they are counted."""
    result = run(
        pytester,
        """
        def test_late(dispatcher):
            gate = dispatcher.spawn(turnstile)
            dispatcher.settle()
            dispatcher.post(gate, Coin())
            dispatcher.close()
            d = Dispatcher()
            ref = d.spawn(len, "x")
            d.settle()
            d.post(ref, Coin())
            d.settle()
        """,
        "--flowlet-strict",
    )
    result.assert_outcomes(failed=1)
    text = result.stdout.str()
    assert "dead letter: Coin(value=1) at 0 s from outside to 'len'" in text


def test_so_many_faults_are_told(pytester: pytest.Pytester) -> None:
    """And how many more there are; of many dispatchers those that leak are kept."""
    result = run(
        pytester,
        """
        def test_much():
            leak = Dispatcher()
            leak.spawn(turnstile, name="forgotten")
            for _ in range(120):
                with Dispatcher() as d:
                    d.spawn(turnstile)
                    d.settle()
            with Dispatcher() as d:
                gate = d.spawn(turnstile)
                for _ in range(30):
                    gate.send(Push())
                d.settle()
        """,
        "--flowlet-strict",
    )
    result.stdout.fnmatch_lines(["flowlet_strict: 31 things passed in silence"])
    result.stdout.fnmatch_lines(["*… and 11 more"])


@pytest.mark.parametrize(
    ("mark", "told"),
    [
        ("'gate'", "flowlet_strict takes True or False"),
        ("True, False", "flowlet_strict takes True or False"),
        ("leak=True", "flowlet_strict knows discarded, dead_letters, leaked, and not leak"),
        ("discarded=[5]", "takes types of events and names of actors, not 5"),
        ("discarded=5", "takes types of events and names of actors, not 5"),
    ],
)
def test_a_mark_that_says_nothing_is_an_error(
    pytester: pytest.Pytester, mark: str, told: str
) -> None:
    """Not a test that is less strict than it seems."""
    result = run(pytester, f"@pytest.mark.flowlet_strict({mark})\ndef test(): ...")
    result.assert_outcomes(errors=1)
    assert told in result.stdout.str()


def test_marks_are_known(pytester: pytest.Pytester) -> None:
    """`pytest --markers` explains them, and `--help` the options."""
    assert "flowlet_strict(on=True" in run(pytester, "", "--markers").stdout.str()
    assert "--flowlet-fail-under" in run(pytester, "", "--help").stdout.str()


# --- who is told of dispatchers


class Ping(Event): ...


def waiter() -> None:
    receive(Ping)


def test_every_dispatcher_of_a_block_is_told() -> None:
    """Once each, and none before or after; blocks nest."""
    told: list[object] = []
    outer: list[object] = []
    Dispatcher().close()
    with every_dispatcher(outer.append):
        with every_dispatcher(told.append), Dispatcher() as d, Dispatcher() as e:
            assert told == [d, e]
        with Dispatcher() as f:
            assert outer == [d, e, f]
    Dispatcher().close()
    assert (told, outer) == ([d, e], [d, e, f])


def test_a_dispatcher_inside_an_actor_is_told() -> None:
    """An actor has the context of whoever spawned it."""
    told: list[object] = []

    def nested() -> None:
        Dispatcher().close()

    with every_dispatcher(told.append), Dispatcher() as d:
        d.spawn(nested)
        d.settle()
    assert len(told) == 2


def test_what_is_only_explored_is_not_told() -> None:
    """A stage of the explorer's is no run."""
    told: list[object] = []
    with every_dispatcher(told.append):
        explore(waiter)
    assert told == []
