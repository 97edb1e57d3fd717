"""Programs made up at random do what the rules say: flowlet's traces equal the plain model's.

`tests/reference/model.py` is the rules as a program that is slow and plain.  A difference prints
the smallest play that shows it, as code, and where the two traces part.
"""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings

from tests.reference.made_up import plays
from tests.reference.program import (
    A,
    Advance,
    B,
    Emit,
    On,
    Play,
    Receive,
    Send,
    Sleep,
    State,
    Tell,
    Until,
)
from tests.reference.stage import by_the_rules, check

unhurried = settings(
    deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@settings(unhurried, max_examples=300, derandomize=True)
@given(plays())
def test_a_made_up_play_goes_by_the_rules(play: Play) -> None:
    """Every event taken, time-out, block, clean-up and output, in its order and at its time."""
    check(play)


@pytest.mark.slow
@settings(unhurried, max_examples=10_000)
@given(plays())
def test_many_made_up_plays_go_by_the_rules(play: Play) -> None:
    """The same, for longer."""
    check(play)


def test_the_rules_themselves_tell_a_story() -> None:
    """The model on its own: an interrupt, a deferred event and a time-out, with their times."""
    play = Play(
        {
            "clerk": (
                Until((B,), None, (State("s", (A,), (Sleep(9),)),)),
                Receive((A,)),
                Receive((A,), 2),
                Emit(1),
            )
        },
        (Tell("clerk", A(7)), Advance(4), Tell("clerk", B(8)), Advance(3)),
    )
    told = [(time, what) for time, who, what in by_the_rules(play) if not what.startswith("is in")]
    assert told[:7] == [
        (0.0, "enter s"),
        (4.0, "0 dead letters"),
        (4.0, "leave s"),
        (4.0, "until B(n=8)"),
        (4.0, "took A(n=7)"),
        (6.0, "took Timeout(None, 2)"),
        (6.0, "emit 1"),
    ]


def test_a_play_prints_itself_as_code() -> None:
    """What fails can be read, and typed in."""
    answer = On(A, (Send("me", B(2), 3),), False, (Receive((A, B), 5, 1),))
    assert repr(Play({"a": (answer,)}, (Tell("a", A(1)), Advance(2)))).splitlines() == [
        "",
        "def a():",
        "    def handler(event):",
        "        me.send(B(n=2), after=3)",
        "    with on(A, handler):",
        "        receive(A, B, after=5, where=lambda event: event.n >= 1)",
        "",
        "a.send(A(n=1))",
        "d.advance(2)",
    ]


WORDS = {
    "took", "slept", "went on", "joined", "won", "enter", "leave", "until None", "until Timeout",
    "until A", "handling", "handled", "cleaning", "cleaned", "caught", "flow gave", "emit",
    "spawned", "without", "discard", "ended",
}  # fmt: skip


def test_what_is_made_up_reaches_every_word() -> None:
    """Among some hundred plays everything happens that a trace can tell of, often."""
    seen: Counter[str] = Counter()

    @settings(unhurried, max_examples=300, derandomize=True, database=None)
    @given(plays())
    def look(play: Play) -> None:
        lines = by_the_rules(play)
        seen.update(word for word in WORDS if any(what.startswith(word) for *_, what in lines))

    look()
    assert {word for word in WORDS if seen[word] >= 5} == WORDS
