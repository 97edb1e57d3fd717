"""Programs made up at random do what the rules say: flowlet's traces equal the plain model's.

`tests/reference/model.py` is the rules as a program that is slow and plain.  A difference prints
the smallest play that shows it, as code, and where the two traces part.
"""

from __future__ import annotations

import re
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.reference.made_up import made_up
from tests.reference.play import Advance, Options, Play, Put, Tell
from tests.reference.program import A, B, Emit, On, Receive, Send, Set, Sleep, State, Until
from tests.reference.smaller import smallest
from tests.reference.stage import MODES, by_the_rules, disagreement

QUICK = range(2500)


def check(seed: int) -> None:
    play, mode = made_up(seed), MODES[seed % len(MODES)]
    if disagreement(play, mode) is not None:
        small = smallest(play, lambda less: disagreement(less, mode) is not None)
        raise AssertionError(f"made_up({seed}), made smaller:\n{disagreement(small, mode)}")


def test_made_up_plays_go_by_the_rules() -> None:
    """Every event taken, time-out, block, clean-up and output, in its order and at its time."""
    for seed in QUICK:
        check(seed)


@pytest.mark.slow
@settings(deadline=None, max_examples=10_000)
@given(st.integers(0, 10**9))
def test_many_more_go_by_the_rules(seed: int) -> None:
    """The same for 10,000 others, which are new each time."""
    check(seed)


WORDS = {
    # a trace tells of it by
    "receive": "took [AB]", "a derived type": "took Special", "receive(after=)": "took Timeout",
    "sleep": "slept", "pause": "went on", "wait_until": ". is . or more",
    "until": "until [AB]", "until(after=)": "until Timeout", "until, ended by itself": "until None",
    "on": "handling [AB]", "the end of a handler": "handled",
    "state": "enter", "leaving a state": "leave", "history": r"enter . \(.",
    "parallel": "joined", "race": "won", "flow": "flow gave",
    "finally": "cleaning", "the end of a finally": "cleaned", "except": "caught", "emit": "emit",
    "spawn": "spawned", "with spawn": "without", "the failure of a child": "ended ChildFailed",
    "watch": "took Exited", "supervise": "supervised", "too many restarts": "ended RestartLimit",
    "ask": "answer [0-9]", "ask(after=)": "answer Timeout", "no reply": "(ended|caught) NoReply",
    "send(after=)": "cancelled True", "discarding": "discard",
    "unexpected='raise'": "ended Unexpected", "mailbox=": "has no room",
}  # fmt: skip


def test_the_plays_reach_every_word() -> None:
    """Among a thousand plays everything happens that a trace can tell of, often."""
    seen: Counter[str] = Counter()
    for seed in range(1000):
        lines = {what for _, _, what in by_the_rules(made_up(seed))}
        for word, text in WORDS.items():
            seen[word] += any(re.match(text, what) for what in lines)
    assert {word: seen[word] for word in WORDS if seen[word] < 5} == {}


# --- the tools of this test -------------------------------------------------------------------


def test_the_rules_themselves_tell_a_story() -> None:
    """The model on its own: an interrupt, a deferred event and a time-out, with their times."""
    clerk = (
        Until((B,), None, (State("s", (A,), (Sleep(9),)),)),
        Receive((A,)),
        Receive((A,), 2),
        Emit(1),
    )
    stimuli = (Tell("clerk", A(7)), Advance(4), Tell("clerk", B(8)), Advance(3))
    told = [(time, what) for time, who, what in by_the_rules(Play({"clerk": clerk}, stimuli))]
    assert told == [
        (0.0, "enter s"),
        (4.0, "is in ('s', 'sleep'), takes ['B'], threw away 0"),
        (4.0, "0 dead letters, [0, 0], []"),
        (4.0, "leave s"),
        (4.0, "until B(n=8)"),
        (4.0, "took A(n=7)"),
        (6.0, "took Timeout(None, 2)"),
        (6.0, "emit 1"),
        (6.0, "ended None"),
        (7.0, "has ended with None"),
        (7.0, "0 dead letters, [0, 0], []"),
        (7.0, "emitted [1]"),
    ]


def test_a_play_prints_itself_as_code() -> None:
    """What fails can be read, and typed in."""
    answer = On(A, (Send("me", B(2), 3),), False, (Receive((A, B), 5, 1),))
    play = Play(
        {"a": (answer,)}, (Tell("a", A(1)), Put("x", 1), Advance(2)), {"a": Options("raise")}
    )
    assert repr(play).splitlines() == [
        "",
        '@actor(unexpected="raise")',
        "def a():",
        "    def handler(event):",
        "        me.send(B(n=2), after=3)",
        "    with on(A, handler):",
        "        receive(A, B, after=5, where=lambda event: event.n >= 1)",
        "",
        "a.send(A(n=1))",
        "x.value = 1",
        "d.advance(2)",
    ]


def test_a_play_that_fails_is_made_small() -> None:
    """Only what the failure needs is left of it."""
    body = (Emit(1), Until((A,), 3, (State("s", (B,), (Set("x", 2), Sleep(4))),)))
    play = Play(
        {"a": body, "b": (Sleep(1),)}, (Tell("a", A(1)), Advance(2)), {"a": Options("raise")}
    )
    small = smallest(play, lambda less: "x.value" in repr(less))
    assert small == Play({"a": (Set("x", 0),)}, ())
