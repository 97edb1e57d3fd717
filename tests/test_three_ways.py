"""One program made up at random, run in several ways: whoever looks on changes nothing.

An actor to which nobody listens goes short ways; one with a listener goes the long ones; `step`
stops it after each delivery.  What happens, and when, and to whom, must be the same.  Here all
words of the language meet.  What the rules say of most of them, test_reference.py knows.
"""

from __future__ import annotations

import linecache
import sys
import traceback
import zlib
from collections import Counter
from collections.abc import Callable
from typing import Any, Literal

import pytest
from hypothesis import HealthCheck, Phase, given, settings

import flowlet
from flowlet import (
    ActorRef,
    ChildFailedError,
    Dispatcher,
    Event,
    NoReplyError,
    RestartLimitError,
    VirtualClock,
    me,
    receive,
    sleep,
    whereis,
)
from tests.vocabulary import DEEDS, HEADS, WAITS, A, B, C, Get, Program, filled, programs, smaller

# --- the ways -----------------------------------------------------------------------------------

Way = Literal["plain", "watched", "stepped", "now and then"]
WAYS: tuple[Way, ...] = ("plain", "watched", "stepped", "now and then")

#: So much is told in one run at most: a handler could answer itself for ever.
MOST_LINES = 300
MOST_STEPS = 5000
#: So many smaller programs are tried for one that fails.
MOST_TRIES = 1000

Line = tuple[Any, ...]


class TooMuchError(Exception):
    """A program goes on for ever."""


MADE_UP = (ValueError, TooMuchError, NoReplyError, ChildFailedError, RestartLimitError)


class Run:
    """A program in one of the ways, and what it tells."""

    def __init__(self, program: Program, way: Way) -> None:
        self.way = way
        self.log: list[Line] = []
        self.clock = VirtualClock()
        self.d = Dispatcher(clock=self.clock, seed=3)
        self.cell = self.d.shared("cell", 0)
        if way == "watched":
            self.d.listen(listener)
        # The names of states are read from the source, so there must be one.
        name = f"<program {zlib.crc32(program.source.encode()):x}>"
        linecache.cache[name] = (0, None, program.source.splitlines(keepends=True), name)
        try:
            self.play(program, compile(program.source, name, "exec"))
        finally:
            del linecache.cache[name]

    def play(self, program: Program, code: Any) -> None:
        words = {word: getattr(flowlet, word) for word in flowlet.__all__}
        own: list[Callable[..., Any]] = [
            self.tell, self.ask, self.count, self.send, self.stop, self.settle, self.advance,
        ]  # fmt: skip
        words |= {word.__name__: word for word in own}
        words |= {"A": A, "B": B, "C": C, "cell": self.cell}
        exec(code, words)
        refs = [self.d.spawn(words[name], name=name) for name in ("main", "peer")]
        self.d.spawn(clerk, name="clerk")
        for stimulus in program.script:
            eval(stimulus, words)
            if stimulus.startswith(("settle", "advance")):
                self.look_at(refs)
            if self.way == "now and then":
                self.switch()
        for ref in refs:
            ref.stop()
        self.advance(60)
        self.look_at(refs)
        assert all(isinstance(ref.error, (*MADE_UP, type(None))) for ref in refs)
        self.go_on(self.d.close)
        assert self.d.actors == []
        self.log += [(ref.name, "emitted", *ref.take()) for ref in refs]
        self.log.append((self.d.dead_letters, "dead letters"))

    def look_at(self, refs: list[ActorRef[Any]]) -> None:
        for ref in refs:
            accepts = sorted(kind.__name__ for kind in ref.accepts)
            self.log.append((self.d.now(), ref.name, ref.state, accepts, ref.discarded))

    # --- words of the programs ------------------------------------------------------------

    def tell(self, what: object) -> None:
        """Write down what came of a line, by its number."""
        if len(self.log) > MOST_LINES:
            raise TooMuchError
        self.log.append((self.d.now(), me().name, sys._getframe(1).f_lineno, repr(what)))
        if self.way == "now and then" and len(self.log) % 3 == 0:
            self.switch()

    def ask(self, after: float | None = None) -> object:
        return whereis("clerk").ask(Get(), after=after)

    def count(self) -> int:
        self.cell.value += 1
        return self.cell.value

    def send(self, name: str, event: Event) -> None:
        ref = self.d.find(name)
        if ref is not None:
            ref.send(event)

    def stop(self, name: str) -> None:
        ref = self.d.find(name)
        if ref is not None:
            ref.stop()

    # --- how it is driven -----------------------------------------------------------------

    def switch(self) -> None:
        """A listener comes, or goes if it is there."""
        if listener in self.d.listeners:
            self.d.unlisten(listener)
        else:
            self.d.listen(listener)

    def settle(self) -> None:
        self.go_on(self.all_steps if self.way == "stepped" else self.d.settle)

    def all_steps(self) -> None:
        for _ in range(MOST_STEPS):
            if not self.d.step():
                return
        raise AssertionError("the steps have no end")

    def advance(self, seconds: float) -> None:
        end = self.d.now() + seconds
        if self.way != "stepped":
            self.go_on(lambda: self.d.run(until=end))
            return
        self.settle()
        while (when := self.d.next_deadline) is not None and when <= end:
            self.clock.move_to(when)
            self.settle()
        self.clock.move_to(end)

    def go_on(self, drive: Callable[[], object]) -> None:
        """Go on after each error that comes out: the others do."""
        while True:
            try:
                drive()
                return
            except MADE_UP as error:
                self.log.append((self.d.now(), "raised", repr(error)))


def listener(_record: object) -> None:
    """Listens, and says nothing."""


def clerk() -> None:
    """Answers every other request, and only when he is there."""
    while True:
        receive(Get, at="counter").reply(1)
        receive(Get, at="about to leave")
        sleep(1)


def fault(program: Program) -> tuple[str, str] | None:
    """What is wrong, in a word and at length: the ways differ, or there is an error in one."""
    way: Way = "plain"
    try:
        plain = Run(program, way).log
        for way in WAYS[1:]:
            log = Run(program, way).log
            if log != plain:
                return way, difference(way, plain, log)
    except Exception as error:
        return type(error).__name__, "".join(traceback.format_exception(error))
    return None


def check(program: Program) -> None:
    """All ways tell the same; where they do not, a small program is shown."""
    wrong = fault(program)
    if wrong is None:
        return
    candidates = smaller(program)
    for _ in range(MOST_TRIES):
        candidate = next(candidates, None)
        if candidate is None:
            break
        found = fault(candidate)
        if found is not None and found[0] == wrong[0]:
            program, wrong, candidates = candidate, found, smaller(candidate)
    raise AssertionError(f"{program!r}\n\n{wrong[1]}")


def difference(way: Way, plain: list[Line], log: list[Line]) -> str:
    """Where two logs part, with what was before and comes next."""
    pairs = enumerate(zip(plain, log, strict=False))
    same = next((n for n, (one, two) in pairs if one != two), min(len(plain), len(log)))
    parts = {"both": plain[:same], "plain": plain[same:][:4], way: log[same:][:4]}
    lines = [line for name, part in parts.items() for line in (f"{name}:", *map(repr, part))]
    return "\n".join(lines)


# --- the tests ----------------------------------------------------------------------------------

# A program is made small by `check`: hypothesis knows only its number.
unhurried = settings(
    deadline=None,
    phases=(Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow],
)


@settings(unhurried, max_examples=30, derandomize=True)
@given(programs)
def test_whoever_looks_on_changes_nothing(program: Program) -> None:
    """Alone, with a listener, step by step, and with a listener that comes and goes."""
    check(program)


@pytest.mark.slow
@settings(unhurried, max_examples=2000)
@given(programs)
def test_nor_in_many_programs(program: Program) -> None:
    """The same, for longer."""
    check(program)


def test_what_is_made_up_reaches_the_whole_vocabulary() -> None:
    """Each line that tells something has told it, in some ninety programs."""
    told: Counter[str] = Counter()

    @settings(unhurried, max_examples=90, derandomize=True, database=None)
    @given(programs)
    def look(program: Program) -> None:
        lines = [line.strip() for line in program.source.splitlines()]
        log = Run(program, "plain").log
        told.update({lines[line[-2] - 1] for line in log if type(line[-2]) is int})

    look()
    words = [*WAITS, *DEEDS, *(line for head in HEADS for line in head.splitlines())]
    telling = {word.strip() for word in words if word.strip().startswith("tell(")}
    assert {word for word in telling if not told[word]} == set()


def test_a_program_prints_itself_as_code() -> None:
    """What fails can be read, and typed in."""
    body = filled(HEADS[4], (("tell(sleep(2))",),))
    assert repr(Program(body, ("tell(pause())",), ("settle()",))).splitlines() == [
        "",
        "def main():",
        "    with until(A) as end:",
        "        tell(sleep(2))",
        "    tell(end.event)",
        "def peer():",
        "    tell(pause())",
        "",
        "settle()",
    ]
