"""Exploring actors that watch others: the news of an end is one more thing that may come."""

from __future__ import annotations

from typing import Any

from flowlet import ActorRef, Dispatcher, Event, Exited, receive, watch, whereis
from flowlet.introspect import check, explore, replay


class Go(Event): ...


class Said(Event):
    number: int = 0


class Hand(Event):
    ref: ActorRef[Any]


def worker(boss: str, says: int = 0, fails: bool = False) -> int:
    """At a `Go` it says some numbers, and ends."""
    receive(Go)
    for number in range(says):
        whereis(boss).send(Said(number))
    if fails:
        raise ValueError("the machine is on fire")
    return 7


def results(system: Any, actor: str, **options: Any) -> set[Any]:
    """All results that an actor can have."""
    x: Any = explore(system, **options)
    return {v[actor].result for v in x.states if not v[actor].alive}


# --- the news -------------------------------------------------------------------------------------


def test_a_watcher_hears_of_the_end_and_of_the_result() -> None:
    """Three states: nothing yet, the worker has ended, and the boss knows."""

    def boss() -> object:
        watch(whereis("worker"))
        whereis("worker").send(Go())
        news = receive(Exited)
        return news.ref.name, news.result, news.error

    def system(d: Dispatcher) -> None:
        d.spawn(worker, "boss", name="worker")
        d.spawn(boss)

    x = explore(system)
    assert (x.unique_states, x.terminal_states, x.complete) == (3, 1, True)
    assert results(system, "boss") == {("worker", 7, None)}


def test_who_watches_an_actor_that_has_ended_hears_of_it_too() -> None:
    """Before and after its end are two ways to one outcome."""

    def boss(ref: ActorRef[Any]) -> object:
        receive(Said)
        watch(ref)
        return receive(Exited).result

    def system(d: Dispatcher) -> None:
        ref = d.spawn(worker, "boss", 1, name="worker")
        d.spawn(boss, ref)
        ref.send(Go())

    assert results(system, "boss") == {7}


def test_to_watch_twice_brings_one_event() -> None:
    """The boss waits for a second one for ever."""

    def boss() -> None:
        watch(whereis("worker"))
        watch(whereis("worker"))
        whereis("worker").send(Go())
        receive(Exited, at="first")
        receive(Exited, at="second")

    def system(d: Dispatcher) -> None:
        d.spawn(worker, "boss", name="worker")
        d.spawn(boss)

    (last,) = [v for v in explore(system).states if not v["worker"].alive and not v.in_flight][1:]
    assert last["boss"].state == ("second",)


def test_the_end_is_the_last_that_comes_from_there() -> None:
    """On a network that keeps the order; on one that does not, the news may overtake."""

    def boss() -> tuple[int, ...]:
        heard: tuple[int, ...] = ()
        watch(whereis("worker"))
        whereis("worker").send(Go())
        while True:
            match receive(Said, Exited):
                case Said(number):
                    heard = (*heard, number)
                case Exited():
                    return heard

    def system(d: Dispatcher) -> None:
        d.spawn(worker, "boss", 2, name="worker")
        d.spawn(boss)

    assert results(system, "boss") == {(0, 1)}
    assert results(system, "boss", network="unordered") == {(), (0,), (1,), (0, 1), (1, 0)}


def test_the_news_passes_what_the_watcher_keeps() -> None:
    """It waits for the end alone, and takes what was said afterwards."""

    def boss() -> int:
        watch(whereis("worker"))
        whereis("worker").send(Go())
        receive(Exited, Said, where=lambda event: isinstance(event, Exited))
        return receive(Said).number

    def system(d: Dispatcher) -> None:
        d.spawn(worker, "boss", 1, name="worker")
        d.spawn(boss)

    assert results(system, "boss") == {0}


def test_a_handle_in_a_result_is_one_of_an_actor_here() -> None:
    """The boss sends to whom the worker has named with its last breath."""

    def chooser(helper: ActorRef[Any]) -> ActorRef[Any]:
        receive(Go)
        return helper

    def helper() -> str:
        receive(Go)
        return "helped"

    def boss(ref: ActorRef[Any]) -> None:
        watch(ref)
        ref.send(Go())
        receive(Exited).result.send(Go())

    def system(d: Dispatcher) -> None:
        one = d.spawn(helper)
        d.spawn(boss, d.spawn(chooser, one))

    assert results(system, "helper") == {"helped"}


# --- failures -------------------------------------------------------------------------------------


def guarding(d: Dispatcher, watches: bool) -> None:
    def boss() -> object:
        if watches:
            watch(whereis("worker"))
        whereis("worker").send(Go())
        return type(receive(Exited).error).__name__

    d.spawn(worker, "boss", 0, True, name="worker")
    d.spawn(boss)


def test_a_failure_that_somebody_watches_is_no_crash() -> None:
    """It is an event; without a watcher it is one."""

    def watched(d: Dispatcher) -> None:
        guarding(d, watches=True)

    def unwatched(d: Dispatcher) -> None:
        guarding(d, watches=False)

    assert results(watched, "boss") == {"ValueError"}
    assert check(watched).ok
    (failure,) = check(unwatched).failures
    assert failure.name == "worker crashes"


def test_a_watch_that_may_come_too_late_is_found() -> None:
    """Between the order and the watch the boss waits, and the worker may fail in that time."""

    def boss(ref: ActorRef[Any]) -> None:
        ref.send(Go())
        receive(Said)
        watch(ref)
        receive(Exited)

    def system(d: Dispatcher) -> None:
        ref = d.spawn(worker, "boss", 0, True, name="worker")
        d.spawn(boss, ref).send(Said())

    (failure,) = check(system, deadlock=False).failures
    assert failure.name == "worker crashes"
    assert [step.line for step in failure.path] == ["worker: Go() from boss"]


# --- paths ----------------------------------------------------------------------------------------


def test_a_path_with_the_news_can_be_replayed() -> None:
    """And the picture has an edge for it."""

    def boss() -> None:
        watch(whereis("worker"))
        whereis("worker").send(Go())
        receive(Exited, at="watching")
        receive(Go, at="knows")

    def system(d: Dispatcher) -> None:
        d.spawn(worker, "boss", name="worker")
        d.spawn(boss)

    x = explore(system)
    path = x.path_to(lambda v: v["boss"].state == ("knows",))
    assert [step.line for step in path] == [
        "worker: Go() from boss",
        "boss: Exited, worker has ended",
    ]
    assert replay(system, path).view["boss"].state == ("knows",)
    assert ("watching", "Exited", "knows") in x.graph_of("boss").triples()


def test_watched_actors_that_are_alike_are_one_under_symmetry() -> None:
    """Two workers: working, ended and heard of are three states each, in pairs without order."""

    def boss(refs: list[ActorRef[Any]]) -> None:
        for ref in refs:
            watch(ref)
            ref.send(Go())
        receive(Exited)
        receive(Exited)

    def system(d: Dispatcher) -> None:
        d.spawn(boss, [d.spawn(worker, "boss", name=name) for name in ("one", "two")])

    assert explore(system).unique_states == 9
    assert explore(system, symmetry=["one", "two"]).unique_states == 6
