"""Actors with children, explored: spawned, watched, stopped, supervised, and ended with them."""

from __future__ import annotations

from typing import Any

import pytest

from flowlet import (
    ActorRef,
    Dispatcher,
    Event,
    Exited,
    ExploreError,
    Request,
    child,
    emit,
    names,
    on,
    parallel,
    pause,
    receive,
    sleep,
    spawn,
    state,
    supervise,
    until,
    wait_until,
    watch,
    whereis,
)
from flowlet.introspect import check, explore, observe, replay
from flowlet.introspect.static import static


class Go(Event): ...


class Job(Event): ...


class Done(Event): ...


class Get(Request[int]): ...


def worker() -> int:
    with state("working"):
        receive(Job)
    return 7


def stands(x: Any) -> list[tuple[Any, ...]]:
    """Where everybody is, in every state."""
    return [tuple((actor.name, actor.state) for actor in view.actors) for view in x.states]


def test_a_child_begins_in_a_step_of_its_own_and_ends_with_its_block() -> None:
    """The states of the family are counted; the graph of each is that of its function."""

    def boss() -> None:
        with state("idle"):
            receive(Go)
        with spawn(worker), state("busy"):
            receive(Done)
        with state("over"):
            receive(Go)

    x = explore(boss)
    assert x.complete
    assert stands(x) == [
        (("boss", ("idle",)),),
        (("boss", ("busy",)), ("boss/worker", ())),
        (("boss", ("busy",)), ("boss/worker", ("working",))),
        (("boss", ("over",)),),
        # It waits for the clean-up of its child.
        (("boss", ("boss", "join")), ("boss/worker", ("working",))),
        (("boss", ("end",)),),
        (("boss", ("boss", "join")),),
    ]
    assert x.graph.triples() == {
        ("idle", "Go", "busy"), ("busy", "Done", "over"), ("over", "Go", "end"),
    }  # fmt: skip
    assert x.graph_of("worker").names() == ["working"]
    assert x.graph.triples() <= static(boss).triples()


def test_the_end_of_a_child_that_is_watched_is_an_event() -> None:
    """With its result; nobody else sends one."""

    def boss() -> int:
        ref = spawn(worker)
        watch(ref)
        ref.send(Job())
        return int(receive(Exited).result)

    x = explore(boss)
    assert x.complete
    assert [view["boss"].result for view in x.states][-1] == 7
    assert x.graph.triples() == {("boss", "Exited", "end")}


def test_a_child_that_fails_ends_its_parent() -> None:
    """It is a crash, told by the line of the child."""

    def broken() -> None:
        receive(Job)
        raise ValueError("no")

    def boss() -> None:
        ref = spawn(broken)
        receive(Go)
        ref.send(Job())
        receive(Done)

    verdict = check(boss)
    assert [(f.kind, f.name) for f in verdict.failures] == [("crash", "boss crashes")]
    assert "child of 'boss', failed with ValueError: no" in verdict.failures[0].text
    lines = [step.line for step in verdict.failures[0].path]
    assert lines == [
        "boss/broken: begins", "boss: Go()", "boss/broken: goes on", "boss: goes on",
    ]  # fmt: skip
    d = replay(boss, lines)
    assert d.actors == []
    assert explore(boss).graph.triples() <= static(boss).triples()


@pytest.mark.parametrize("time", ["any", "ordered"])
def test_clean_up_of_a_stopped_child_may_wait(time: Any) -> None:
    """For as long as it was given: the end of that is one more step, where any time may come."""

    def tidy() -> None:
        try:
            receive(Job)
        finally:
            with state("closing"):
                sleep(1)

    def boss() -> None:
        ref = spawn(tidy)
        watch(ref)
        receive(Go)
        ref.stop()
        receive(Exited)

    x = explore(boss, time=time)
    assert x.complete
    assert x.graph_of("tidy").triples() == {("closing", "after 1s", "end")}
    closing = next(v for v in x.states if v.actors[-1].state == ("closing",))
    assert closing["tidy"].alive
    # Where any time may come, so may the end of what it was given.
    assert x.transitions == (8 if time == "any" else 7)


def test_a_child_is_asked_and_answers() -> None:
    """Within a family a request comes at once, and so does the reply."""

    def server() -> None:
        while True:
            receive(Get, at="serving").reply(3)

    def boss() -> int:
        ref = spawn(server)
        with state("asking"):
            receive(Go)
        return ref.ask(Get())

    x = explore(boss)
    assert x.complete
    assert {view["boss"].result for view in x.states} == {None, 3}
    assert x.graph.triples() == {("asking", "Go", "boss"), ("boss", "ask Get", "end")}
    assert x.graph_of("server").triples() == {("serving", "Get", "serving")}


def test_supervised_children_are_run_again_up_to_the_limit() -> None:
    """The failures count; whether they are of late nobody knows, so both are tried."""

    def crasher() -> None:
        pause("work")
        raise ValueError("no")

    def boss() -> None:
        with state("serving"):
            supervise(child(crasher, name="c"), max_restarts=2)

    x = explore(boss)
    assert x.complete
    assert x.graph.triples() == {("serving", "supervise", "error: RestartLimitError")}
    assert x.graph_of("c").triples() == {("crasher", "work", "error: ValueError")}
    lines = [step.line for step in x.path_to("error: RestartLimitError")]
    assert [line for line in lines if "chose" in line] == [
        "boss/c: goes on, chose 'within 5s'", "boss/c: goes on, chose 'within 5s'",
    ]  # fmt: skip
    # The second failure is the first one of late, where the one before is forgotten.
    late = [*lines[:3], "boss/c: goes on, chose 'later'"]
    assert replay(boss, late).view["c"].state == ("error: ValueError",)


@pytest.mark.parametrize(
    ("strategy", "again"), [("one_for_one", False), ("one_for_all", True), ("rest_for_one", False)]
)
def test_the_strategies_stop_whom_they_say(strategy: Any, again: bool) -> None:
    """The first child begins anew only where all do."""

    def first(log: list[str]) -> None:
        log.append("begun")
        receive(Done)

    def failing() -> None:
        pause("work")
        raise ValueError("no")

    def boss() -> None:
        log: list[str] = []
        with until(Go):
            supervise(
                child(first, log, name="first"), child(failing, name="second"),
                strategy=strategy, max_restarts=1,
            )  # fmt: skip
        receive(Done, at=f"begun {len(log)} times")

    begun = {name for name in explore(boss, max_states=400).graph.names() if "begun" in name}
    assert begun >= {"begun 0 times", "begun 1 times"}
    assert ("begun 2 times" in begun) is again


def test_what_a_parent_hands_to_a_child_they_share() -> None:
    """A list that the child changes is another list for the parent."""

    def filler(items: list[int]) -> None:
        pause("fill")
        items.append(1)

    def boss() -> None:
        items: list[int] = []
        watch(spawn(filler, items))
        receive(Go, Exited)
        receive(Done, at="full" if items else "empty")

    assert set(explore(boss).graph.names()) >= {"full", "empty"}


def test_children_race_on_a_cell_and_lose_an_update() -> None:
    """The shortest way is found, and can be run again."""

    def increment(counter: Any) -> None:
        seen = counter.value
        pause("think")
        counter.value = seen + 1

    def boss(counter: Any) -> None:
        with spawn(increment, counter), spawn(increment, counter):
            wait_until(lambda: counter.value == 2)

    def system(d: Dispatcher) -> None:
        d.spawn(boss, d.shared("n", 0))

    verdict = check(system)
    assert [f.kind for f in verdict.failures] == ["deadlock"]
    assert [step.line for step in verdict.failures[0].path] == [
        "boss/increment: begins", "boss/increment#2: begins",
        "boss/increment: goes on", "boss/increment#2: goes on",
    ]  # fmt: skip
    assert replay(system, verdict.failures[0].path).view.cells == {"n": 1}
    assert "'boss/increment#2: begins'" in verdict.failures[0].as_pytest()


def test_the_messages_of_a_child_keep_their_order_among_themselves_alone() -> None:
    """It is another sender than its parent."""

    class Word(Event):
        text: str

    def sink() -> tuple[str, ...]:
        first = receive(Word).text
        second = receive(Word).text
        return first, second, receive(Word).text

    def kid(peer: ActorRef[Any]) -> None:
        peer.send(Word("a"))
        peer.send(Word("b"))

    def boss(peer: ActorRef[Any]) -> None:
        with spawn(kid, peer):
            peer.send(Word("c"))
            receive(Done)

    def system(d: Dispatcher) -> None:
        d.spawn(boss, d.spawn(sink))

    x = explore(system)
    assert {v["sink"].result for v in x.states} - {None} == {
        ("a", "b", "c"), ("a", "c", "b"), ("c", "a", "b"),
    }  # fmt: skip
    assert {f.sender for v in x.states for f in v.in_flight} == {"boss", "boss/kid"}


def test_a_child_that_throws_mail_away_is_told_of() -> None:
    """As any actor is."""

    def boss() -> None:
        with spawn(worker) as ref:
            ref.send(Go())
            receive(Done)

    verdict = check(boss)
    assert "boss/worker does not take Go" in [f.name for f in verdict.failures]
    assert check(boss, unexpected=False).ok


def test_a_predicate_looks_at_a_child() -> None:
    """By its own name or its parent's and its own; its locals count as soon as they are read."""

    def counting() -> None:
        n = 0
        while n < 3:
            pause("count")
            n += 1

    def boss() -> None:
        with spawn(counting):
            receive(Done)

    def few(view: Any) -> bool:
        return all(a.locals["n"] <= 2 for a in view.actors[1:] if a.state)

    assert check(boss, always={"few": few}).ok
    verdict = check(boss, never={"two": lambda v: few(v) and _n(v) == 2})
    assert [f.name for f in verdict.failures] == ["two"]


def _n(view: Any) -> int:
    return max((a.locals["n"] for a in view.actors[1:] if a.state), default=0)


def test_what_runs_is_what_was_explored() -> None:
    """Each edge of a run on a dispatcher is one that was found."""

    def boss() -> None:
        while True:
            ref = spawn(worker)
            watch(ref)
            with state("up"):
                receive(Go)
                ref.send(Job())
            with state("down"):
                receive(Exited)
            emit("again")

    x = explore(boss)
    assert x.complete
    with Dispatcher() as d:
        seen = observe(d)
        ref = d.spawn(boss)
        for _ in range(3):
            ref.send(Go())
            d.settle()
    assert seen.graph_of("boss").triples() == x.graph.triples()
    assert seen.graph_of("worker").triples() == x.graph_of("worker").triples()
    assert x.graph.triples() == {("up", "Go", "down"), ("down", "Exited", "up")}


# --- what is refused ------------------------------------------------------------------------


class Handle(Event):
    ref: ActorRef[Any]


def test_the_handle_of_a_child_stays_in_its_family() -> None:
    """What others could do with it is not followed, and is said."""

    def boss(peer: ActorRef[Any]) -> None:
        peer.send(Handle(spawn(worker)))

    def system(d: Dispatcher) -> None:
        d.spawn(boss, d.spawn(lambda: receive(Handle)))

    with pytest.raises(ExploreError, match="carries the handle of worker, which is a child"):
        explore(system)


def test_a_child_asks_nobody_outside() -> None:
    """The reply would have to find it."""

    def asker(peer: ActorRef[Any]) -> int:
        return int(peer.ask(Get()))

    def boss(peer: ActorRef[Any]) -> None:
        spawn(asker, peer)
        receive(Done)

    def system(d: Dispatcher) -> None:
        d.spawn(boss, d.spawn(lambda: receive(Get).reply(1)))

    with pytest.raises(ExploreError, match="let its parent ask"):
        explore(system)


def test_children_and_symmetry_do_not_go_together() -> None:
    """It is said at once."""

    def boss() -> None:
        with spawn(worker):
            receive(Done)

    def system(d: Dispatcher) -> None:
        d.spawn(boss)
        d.spawn(boss)

    assert explore(system).unique_states == 4
    with pytest.raises(ExploreError, match="symmetry= is not known of actors that spawn children"):
        explore(system, symmetry=boss)


def test_children_without_end_are_cut_off() -> None:
    """Long before memory is full of them."""

    def boss() -> None:
        while True:
            spawn(worker)
            receive(Go)

    x = explore(boss)
    assert not x.complete
    assert any("has ever more children" in note for note in x.notes)
    assert x.unique_states < 200


def test_a_global_that_a_child_changes_is_found() -> None:
    """Its function is read like that of its parent."""

    def boss() -> None:
        spawn(_dirty).send(Job())
        receive(Done)

    with pytest.raises(ExploreError, match="_LOG is changed"):
        explore(boss)


_LOG: list[str] = []


def _dirty() -> None:
    receive(Job)
    _LOG.append("dirty")


# --- the end of a block, while its child cleans up ----------------------------------------------


class Abort(Event): ...


def tidy() -> None:
    try:
        receive(Job, at="working")
    finally:
        sleep(1)


def owner() -> None:
    with spawn(tidy):
        receive(Done, at="busy")


def test_the_clean_up_of_a_child_is_no_state_where_nothing_can_happen() -> None:
    """The way goes on when it is over."""

    def boss() -> None:
        owner()
        receive(Go, at="over")

    assert explore(boss).graph.triples() == {("busy", "Done", "over"), ("over", "Go", "end")}


@pytest.mark.parametrize("word", ["until", "on", "region"])
def test_the_clean_up_of_a_child_is_a_state_where_something_can_happen(word: str) -> None:
    """An event comes for a block round it, or for the other region: in every view."""

    def left() -> None:
        with until(Abort):
            owner()
        receive(Go, at="over")

    def heard() -> None:
        with on(Abort, lambda _: emit("heard")):
            owner()
        receive(Go, at="over")

    def other() -> None:
        receive(Abort, at="other")

    def regions() -> None:
        parallel(owner, other)
        receive(Go, at="over")

    fn, join, then = {
        "until": (left, "left/join", "over"),
        "on": (heard, "heard/join", "heard/join"),
        "region": (regions, "owner/join | other", "owner/join | end"),
    }[word]
    x = explore(fn)
    assert (join, "Abort", then) in x.graph.triples()
    assert ("owner/join | end" if word == "region" else join, "join", "over") in x.graph.triples()
    assert x.graph.triples() <= static(fn).triples()
    assert all(edge.source in x.graph.names() for edge in x.graph.transitions)
    with Dispatcher() as d:
        seen = observe(d)
        ref = d.spawn(fn, name="boss")
        d.settle()
        ref.send(Done())
        d.settle()
        assert names.text(ref.state) == join
        ref.send(Abort())
        d.settle()
        d.advance(1)
        assert seen.graph_of("boss").triples() <= x.graph.triples()


def test_a_way_is_asked_for_by_a_state_that_was_found() -> None:
    x = explore(owner)
    for view in x.states:
        path = x.path_to(view)
        assert path[-1].target == view.name if path else view == next(iter(x.states))


def test_who_looks_for_the_child_of_another_is_refused() -> None:
    """That it is found, or not yet, would depend on the other."""

    def boss() -> None:
        with spawn(worker, name="w"):
            receive(Go, at="waiting")

    def client() -> None:
        pause(at="ready")
        whereis("w").send(Job())

    def system(d: Dispatcher) -> None:
        d.spawn(boss)
        d.spawn(client)

    with pytest.raises(ExploreError, match=r"client looks for 'w' by whereis.*child of boss"):
        explore(system)


def test_a_child_that_has_ended_is_not_found_any_more() -> None:
    def boss() -> str:
        with spawn(worker, name="w"):
            receive(Go, at="waiting")
        try:
            whereis("w").send(Job())
        except LookupError:
            return "gone"
        return "there"

    assert {view["boss"].result for view in explore(boss).states} == {None, "gone"}
