"""Plays made up by hypothesis; the simplest come first, so that what fails shrinks to those."""

from __future__ import annotations

from functools import lru_cache

from hypothesis import strategies as st

from tests.reference import program as p

Bodies = st.SearchStrategy[p.Body]
Statements = st.SearchStrategy[p.Statement]

NAMES = ("a", "b", "c")

#: Statements without a body, and those with one; what is there twice comes more often.
WAITS = ("receive", "receive", "receive", "sleep", "picky receive", "deaf receive", "pause") * 2
DEEDS = ("emit", "send", "send", "send", "send later", "send later", "stop", "raise", "return")
HEADS = (
    "state", "until", "until", "limit", "try", "on", "on", "parallel", "parallel", "race",
    "loop", "catch", "flow", "become", "spawn", "child",
)  # fmt: skip

seconds = st.integers(0, 4)
limits = st.none() | seconds
kind = st.sampled_from((p.A, p.B, p.A, p.B, p.C, p.Special))
kinds = st.lists(kind, min_size=1, max_size=2, unique=True).map(tuple)
events = st.builds(lambda kind, n: kind(n=n), kind, st.integers(0, 2))
actors = st.integers(1, 3)
twice = st.integers(1, 2)
deferred = st.just(()) | kinds
digits = st.integers(0, 9)
truth = st.booleans()
least = st.integers(1, 2)


class Author:
    """Writes bodies; its strategies are made once, since making them costs more than drawing."""

    def __init__(self, names: tuple[str, ...], without: tuple[str, ...]) -> None:
        self.whom = st.sampled_from(("me", *names))
        self.leaves = words(WAITS + DEEDS, without)
        self.heads = words(HEADS, without)
        self.leaf = {True: leaves(self, True), False: leaves(self, False)}
        leaf = self.leaf
        #: By depth, and by whether it stands in a `finally`, which must not hide what unwinds.
        self.bodies = {(0, cleaning): some(leaf[cleaning]) for cleaning in (False, True)}
        for depth in (1, 2, 3):
            for cleaning in (False, True):
                head = heads(self, depth - 1, cleaning)
                statement = st.one_of(leaf[cleaning], head, head)
                self.bodies[depth, cleaning] = some(statement)


def some(statement: Statements) -> Bodies:
    return st.lists(statement, min_size=1, max_size=3).map(tuple)


@st.composite
def heads(draw: st.DrawFn, author: Author, depth: int, cleaning: bool) -> p.Statement:
    """A statement with a body, or several."""
    cleanup = author.bodies[depth, True]
    body = author.bodies[depth, False]
    inside = author.bodies[depth, cleaning]
    match draw(author.heads):
        case "state":
            return p.State(draw(st.sampled_from("st")), draw(deferred), draw(inside))
        case "until":
            return p.Until(draw(kinds), draw(limits), draw(inside))
        case "limit":
            return p.Until((), draw(seconds), draw(inside))
        case "try":
            return p.Try(draw(inside), draw(cleanup))
        case "on":
            return p.On(draw(kind), draw(inside), draw(truth), draw(inside))
        case "parallel":
            return p.Parallel(tuple(draw(st.lists(body, min_size=1, max_size=3))))
        case "race":
            return p.Race(tuple(draw(st.lists(body, min_size=1, max_size=3))))
        case "loop":
            return p.Loop(draw(twice), draw(inside))
        case "catch":
            return p.Catch(draw(inside))
        case "become" if not cleaning:
            return p.Become(draw(body))
        case "spawn":
            return p.Spawn(draw(body))
        case "child":
            return p.Child(draw(body), draw(inside))
        case _:
            return p.Flow(draw(body))


@st.composite
def leaves(draw: st.DrawFn, author: Author, cleaning: bool) -> p.Statement:
    """A statement without a body."""
    match draw(author.leaves):
        case "receive":
            return p.Receive(draw(kinds), draw(limits))
        case "sleep":
            return p.Sleep(draw(seconds))
        case "picky receive":
            return p.Receive(draw(kinds), draw(limits), draw(least))
        case "deaf receive":
            return p.Receive((), draw(seconds))
        case "pause":
            return p.Pause()
        case "send":
            return p.Send(draw(author.whom), draw(events))
        case "send later":
            return p.Send(draw(author.whom), draw(events), draw(seconds))
        case "stop":
            return p.Stop(draw(author.whom))
        case "raise":
            return p.Raise()
        case "return" if not cleaning:
            return p.Return(draw(digits))
        case _:
            return p.Emit(draw(digits))


@lru_cache
def author(names: tuple[str, ...], without: tuple[str, ...]) -> Author:
    return Author(names, without)


def words(all_words: tuple[str, ...], without: tuple[str, ...]) -> st.SearchStrategy[str]:
    return st.sampled_from([word for word in all_words if word not in without])


@lru_cache
def stimuli(names: tuple[str, ...]) -> st.SearchStrategy[list[p.Stimulus]]:
    whom = st.sampled_from(names)
    told = st.builds(p.Tell, whom, events)
    time = st.builds(p.Advance, digits)
    return st.lists(st.one_of(told, time, told, time, st.builds(p.End, whom)), max_size=10)


@st.composite
def plays(draw: st.DrawFn, without: tuple[str, ...] = ()) -> p.Play:
    """One to three actors that know each other, and what comes from outside."""
    names = NAMES[: draw(actors)]
    body = author(names, without).bodies[3, False]
    return p.Play({name: draw(body) for name in names}, tuple(draw(stimuli(names))))
