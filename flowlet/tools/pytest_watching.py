"""What the pytest plugin keeps during a run: the dispatchers of the test, and who listens to them.

A dispatcher belongs to the phase in which it is made.  One that the test makes itself is to be
closed when the test returns; one of a fixture when the fixture has been torn down.  Those of wider
fixtures, and those that modules make, outlive the test: they are listened to, and never a leak.

Dispatchers are held weakly, so that a test finds them as dead as it would without the plugin; only
a strict test holds its own until its end, for a leaked actor is one that nobody holds.
"""

from __future__ import annotations

import weakref
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from flowlet import Dispatcher
from flowlet.instrument import every_dispatcher

from .story import Story, tell
from .strict import Strictness, Watch, strictness

if TYPE_CHECKING:
    from .pytest_coverage import CoverageRun

#: So many dispatchers of one test are told of, the last ones.
MOST_DISPATCHERS = 5
#: After so many dispatchers of a strict test, those without living actors are let go.
MANY = 50

_OF_A_TEST = ("call", "function")


class Made:
    """A dispatcher, where it was made, and its story."""

    def __init__(self, dispatcher: Dispatcher, scope: str | None, story: Story | None) -> None:
        self.dispatcher: weakref.ref[Dispatcher] = weakref.ref(dispatcher)
        self.scope = scope
        self.story = story
        #: The dispatcher itself, while a strict test may have leaked its actors.
        self.held: Dispatcher | None = None
        #: Its number for the watch of strict tests.
        self.number = -1


class Session:
    """A run of pytest."""

    def __init__(self, config: pytest.Config, keep: int, coverage: CoverageRun | None) -> None:
        self.root: Path = config.rootpath
        self.strict_by_default: bool = bool(
            config.getoption("flowlet_strict") or config.getini("flowlet_strict")
        )
        self.keep = keep
        self.coverage = coverage
        self.watch: Watch = Watch(Strictness(), self.root)
        self.scope: str | None = None
        self.made: deque[Made] = deque(maxlen=MOST_DISPATCHERS)
        self.to_close: list[Made] = []
        self.wide: list[Made] = []
        self.has_passed: bool = False
        self._stack = ExitStack()

    def begin(self) -> None:
        """Hear of every dispatcher from now on."""
        self._stack.enter_context(every_dispatcher(self._hear_of))

    def end(self) -> None:
        """Hear of no more."""
        self._stack.close()

    def _hear_of(self, dispatcher: Dispatcher) -> None:
        story = Story(dispatcher, self.keep) if self.keep > 0 else None
        made = Made(dispatcher, self.scope, story)
        if story is not None:
            dispatcher.listen(story)
        is_wide = self.scope not in _OF_A_TEST
        if is_wide:
            self.wide = [one for one in self.wide if one.dispatcher() is not None]
            self.wide.append(made)
        else:
            self.made.append(made)
        if is_wide or self.watch.strictness.on:
            listener = self.watch.listener(dispatcher)
            made.number = listener.number
            dispatcher.listen(listener)
        if self.watch.strictness.on and not is_wide:
            made.held = dispatcher
            if len(self.to_close) >= MANY:
                self.to_close = [one for one in self.to_close if one.held and one.held.actors]
            self.to_close.append(made)
        if self.coverage is not None:
            self.coverage.evidence.watch(dispatcher)

    @contextmanager
    def within(self, scope: str) -> Iterator[None]:
        """What is made now belongs to this phase, or to a fixture of this scope."""
        before, self.scope = self.scope, scope
        try:
            yield
        finally:
            self.scope = before

    # --- one test -------------------------------------------------------------------------

    def test_begins(self) -> None:
        """Forget the last one."""
        self.made.clear()
        self.to_close.clear()
        self.watch.take()
        self.has_passed = False
        for made in self.wide:
            if made.story is not None:
                made.story.is_fresh = False

    def is_held_to(self, item: pytest.Item) -> None:
        """Read the marks of a test; one that says nothing is the test's error."""
        marks = [(mark.args, mark.kwargs) for mark in item.iter_markers("flowlet_strict")]
        try:
            self.watch.strictness = strictness(self.strict_by_default, marks)
        except ValueError as error:
            self.watch.strictness = Strictness()
            pytest.fail(str(error), pytrace=False)

    def check_call(self) -> None:
        """The test itself has passed: fail it if it has done what it should not."""
        self._check(("call",))
        self.has_passed = True

    def check_teardown(self) -> None:
        """The same for its fixtures, once they are torn down."""
        if self.has_passed:
            self._check(_OF_A_TEST)

    def _check(self, scopes: tuple[str, ...]) -> None:
        if not self.watch.strictness.on:
            return
        for made in [one for one in self.to_close if one.scope in scopes]:
            self.to_close.remove(made)
            assert made.held is not None
            self.watch.leaked(made.held)
            self.watch.unheard(made.held, made.number)
        faults = self.watch.take()
        if faults:
            pytest.fail(faults, pytrace=False)

    def test_ends(self) -> None:
        """Let go of what the test had."""
        if self.coverage is not None:
            self.coverage.evidence.gather()
        self.watch.strictness = Strictness()
        self.made.clear()
        self.to_close.clear()

    def story(self) -> str:
        """What the actors of this test were doing; empty where it has none."""
        fresh = [
            made for made in (*self.wide, *self.made) if made.story is None or made.story.is_fresh
        ]
        # Those that are gone were of something that is over, such as an example of hypothesis.
        there = [made for made in fresh if made.dispatcher() is not None] or fresh
        told = [tell(made.dispatcher(), made.story, self.root) for made in there]
        return "\n".join(filter(None, told))


def number_of(config: pytest.Config, name: str, default: int) -> int:
    """A whole number of the ini file."""
    given = str(config.getini(name)).strip()
    if not given:
        return default
    if not given.isdecimal():
        raise pytest.UsageError(f"{name} is a whole number, 0 or more, not {given!r}")
    return int(given)
