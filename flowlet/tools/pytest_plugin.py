"""The pytest plugin: fixtures, what a failing test shows, strictness, and coverage of machines.

pytest loads it by itself where flowlet is installed.  It hears of every dispatcher that a test
makes, by `flowlet.instrument.every_dispatcher`, and listens to it as far as is wanted:

- a *story*, the last events of every actor, is shown with a test that fails;
- a *strict* test fails if mail was thrown away, came to nobody, or an actor was leaked;
- *evidence* of what the actors did is laid over all that they can do (`--flowlet-coverage`).

Nothing is imported for any of it before the first dispatcher is made, and nobody listens to a
dispatcher of which nothing is wanted.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from flowlet import Dispatcher, VirtualClock

if TYPE_CHECKING:
    from .pytest_coverage import CoverageRun
    from .pytest_watching import Session  # noqa: F401  # the key below names it

#: The last events of each actor that a failing test shows, unless the ini file says otherwise.
EVENTS = 10

_SESSION = pytest.StashKey["Session"]()


@pytest.fixture
def virtual_clock() -> VirtualClock:
    """The clock of the fixture `dispatcher`: it stands at 0.0 until the test moves it."""
    return VirtualClock()


@pytest.fixture
def dispatcher(virtual_clock: VirtualClock) -> Iterator[Dispatcher]:
    """A dispatcher of the test's own, on a virtual clock; it is closed after the test."""
    with Dispatcher(clock=virtual_clock) as d:
        yield d


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options, each on the command line and in the ini file."""
    group = parser.getgroup("flowlet", "actors: coverage of state machines, strict tests")
    group.addoption(
        "--flowlet-coverage",
        action="store_true",
        default=None,
        help="tell which states and edges of the actor functions no test has touched",
    )
    group.addoption(
        "--flowlet-coverage-of",
        action="append",
        metavar="TARGET",
        help="MODULE:NAME or FILE.py:NAME of an actor function, a system function or an "
        "exploration; may be given again (default: the actor functions that tests spawn)",
    )
    group.addoption(
        "--flowlet-fail-under",
        type=float,
        metavar="PERCENT",
        help="fail if less than so much of all states and edges was covered",
    )
    group.addoption(
        "--flowlet-coverage-html",
        metavar="DIR",
        help="write a page with pictures: what no test has done is pale",
    )
    group.addoption(
        "--flowlet-strict",
        action="store_true",
        default=None,
        help="fail tests in which an event is thrown away, a letter is dead, or an actor is leaked",
    )
    parser.addini("flowlet_coverage", "as --flowlet-coverage", type="bool", default=False)
    parser.addini("flowlet_coverage_of", "as --flowlet-coverage-of", type="args", default=[])
    parser.addini("flowlet_fail_under", "as --flowlet-fail-under", default="")
    parser.addini("flowlet_coverage_html", "as --flowlet-coverage-html", default="")
    parser.addini(
        "flowlet_max_states", "explore at most so many states of one function", default=""
    )
    parser.addini("flowlet_strict", "as --flowlet-strict", type="bool", default=False)
    parser.addini(
        "flowlet_events",
        f"the last events of each actor that a failing test shows (default: {EVENTS}; 0: none, "
        "and nobody listens)",
        default=str(EVENTS),
    )


def pytest_configure(config: pytest.Config) -> None:
    """Make the mark known, and begin to hear of dispatchers."""
    config.addinivalue_line(
        "markers",
        "flowlet_strict(on=True, discarded=(), dead_letters=(), leaked=()): fail if an event is "
        "thrown away, a letter is dead or an actor is leaked, except for these types of events "
        "and names of actors",
    )
    from .pytest_watching import Session, number_of

    coverage: CoverageRun | None = None
    if _wants_coverage(config):
        from .pytest_coverage import CoverageRun

        coverage = CoverageRun(config)
        config.pluginmanager.register(coverage, "flowlet-coverage")
    session = Session(config, number_of(config, "flowlet_events", EVENTS), coverage)
    config.stash[_SESSION] = session
    session.begin()


def _wants_coverage(config: pytest.Config) -> bool:
    names = ("flowlet_coverage", "flowlet_coverage_of", "flowlet_fail_under")
    if any(config.getoption(name) is not None for name in (*names, "flowlet_coverage_html")):
        return True
    return bool(config.getini("flowlet_coverage") or config.getini("flowlet_fail_under"))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Hear of dispatchers no more."""
    session = config.stash.get(_SESSION, None)
    if session is not None:
        session.end()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, Any, Any]:
    """A test begins, and ends."""
    session = item.config.stash[_SESSION]
    session.test_begins()
    try:
        return (yield)
    finally:
        session.test_ends()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """What the test is held to."""
    item.config.stash[_SESSION].is_held_to(item)


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
) -> Generator[None, Any, Any]:
    """What a fixture of a wider scope makes outlives the test, and is no leak."""
    session = request.config.stash[_SESSION]
    with session.within(fixturedef.scope):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """After a test that has passed: what it should not have done."""
    session = item.config.stash[_SESSION]
    with session.within("call"):
        result = yield
    session.check_call()
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, Any, Any]:
    """After its fixtures are closed: what they have left."""
    result = yield
    item.config.stash[_SESSION].check_teardown()
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the actors of a test that has failed."""
    report = yield
    if report.failed:
        text = item.config.stash[_SESSION].story()
        add = getattr(report.longrepr, "addsection", None)
        if text and add is not None:
            add("flowlet", text, "-")
        elif text:
            report.sections.append(("flowlet", text))
    return report
