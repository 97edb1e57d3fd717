"""`watch` brings the end of another actor into the mailbox."""

from __future__ import annotations

import gc
from typing import Any

import pytest

from flowlet import (
    ActorRef,
    ChildFailedError,
    Dispatcher,
    Event,
    Exited,
    IllegalCallError,
    actor,
    me,
    now,
    on,
    parallel,
    receive,
    sleep,
    spawn,
    until,
    watch,
    whereis,
)
from flowlet.instrument import Record, Sent


class Go(Event): ...


class Word(Event):
    text: str = ""


def worker(word: str = "done") -> str:
    receive(Go)
    return word


def failing() -> None:
    receive(Go)
    raise ValueError("broken")


def guard(target: ActorRef[Any]) -> Exited:
    watch(target)
    return receive(Exited)


def test_the_end_of_a_watched_actor_is_an_event() -> None:
    """With its handle and its result."""
    with Dispatcher() as d:
        ref = d.spawn(worker)
        watcher = d.spawn(guard, ref)
        d.settle()
        assert watcher.alive
        ref.send(Go())
        d.settle()
        assert watcher.result == Exited(ref, "done", None)


def test_a_failure_that_is_watched_is_not_raised() -> None:
    """The watcher has it; the run goes on."""
    with Dispatcher() as d:
        ref = d.spawn(failing)
        watcher = d.spawn(guard, ref)
        d.settle()
        ref.send(Go())
        d.settle()
        exited = watcher.result
        assert exited is not None
        assert (exited.ref, exited.result, exited.error) == (ref, None, ref.error)
        assert isinstance(ref.error, ValueError)


def test_a_run_until_a_watched_actor_still_raises_its_error() -> None:
    """Whoever asks for its result gets it."""
    with Dispatcher() as d:
        ref = d.spawn(failing)
        d.spawn(guard, ref)
        d.settle()
        ref.send(Go())
        with pytest.raises(ValueError, match="broken"):
            d.run(until=ref)


def test_a_failure_of_a_child_that_is_watched_does_not_end_the_parent() -> None:
    """`match` on the end says what it was."""
    log: list[str] = []

    def parent() -> None:
        child = spawn(failing)
        watch(child)
        child.send(Go())
        match receive(Exited):
            case Exited(ref, _, None):
                log.append(f"{ref.name} is done")
            case Exited(ref, _, error):
                log.append(f"{ref.name}: {error}")

    with Dispatcher() as d:
        d.spawn(parent)
        d.settle()
    assert log == ["failing: broken"]


def test_a_child_may_be_watched_by_another_than_its_parent() -> None:
    """Somebody knows; that is enough."""

    def parent() -> str:
        spawn(failing, name="child").send(Go())
        return receive(Word).text

    def nanny() -> Exited:
        watch(whereis("child"))
        return receive(Exited)

    with Dispatcher() as d:
        ref = d.spawn(parent)
        watcher = d.spawn(nanny)
        d.settle()
        ref.send(Word("still here"))
        d.settle()
        assert ref.result == "still here"
        assert watcher.result is not None


def test_a_watcher_that_has_ended_watches_nothing() -> None:
    """Then the failure ends the parent as ever."""

    def parent() -> None:
        child = spawn(failing, name="child")
        spawn(lambda: watch(child))
        sleep(1)
        child.send(Go())
        sleep(1)

    with Dispatcher() as d:
        d.spawn(parent)
        with pytest.raises(ChildFailedError, match="'child', a child of 'parent', failed"):
            d.run()


def test_an_actor_that_has_ended_already_is_news_at_once() -> None:
    """It makes no difference when one begins to watch."""
    with Dispatcher() as d:
        ref = d.spawn(worker, "early")
        ref.send(Go())
        d.settle()
        watcher = d.spawn(guard, ref)
        d.settle()
        assert watcher.result == Exited(ref, "early")


def test_a_stopped_actor_exits_with_neither_result_nor_error() -> None:
    """Also one that never began."""
    with Dispatcher() as d:
        ref, unborn = d.spawn(worker), d.spawn(worker)
        unborn.stop()
        watchers = [d.spawn(guard, ref), d.spawn(guard, unborn)]
        d.settle()
        ref.stop()
        d.settle()
        assert [each.result for each in watchers] == [Exited(ref), Exited(unborn)]


def test_the_end_is_the_last_that_comes_from_an_actor() -> None:
    """What it sent, also in its clean-up, is there before."""

    def talker(to: ActorRef[Any]) -> None:
        try:
            receive(Go)
        finally:
            to.send(Word("and one more thing"))

    def listener() -> list[str]:
        heard = []
        ref = spawn(talker, whereis("listener"))
        watch(ref)
        ref.send(Go())
        while True:
            match receive(Word, Exited):
                case Word(text):
                    heard.append(text)
                case Exited():
                    return [*heard, "exited"]

    with Dispatcher() as d:
        ref = d.spawn(listener, name="listener")
        d.settle()
        assert ref.result == ["and one more thing", "exited"]


def test_two_watchers_are_both_told() -> None:
    """In the order in which they began to watch."""
    log: list[str] = []

    def named_guard(name: str, target: ActorRef[Any]) -> None:
        guard(target)
        log.append(name)

    with Dispatcher() as d:
        ref = d.spawn(worker)
        for name in ("first", "second"):
            d.spawn(named_guard, name, ref)
        d.settle()
        ref.send(Go())
        d.settle()
    assert log == ["first", "second"]


def test_to_watch_twice_brings_one_event() -> None:
    """A loop that watches on every turn does no harm."""

    def eager(target: ActorRef[Any]) -> object:
        watch(target)
        watch(target)
        receive(Exited)
        return receive(Exited, after=5)

    with Dispatcher() as d:
        ref = d.spawn(worker)
        watcher = d.spawn(eager, ref)
        d.settle()
        ref.send(Go())
        d.run()
        assert repr(watcher.result) == "Timeout(None, 5)"


def test_the_end_of_an_actor_leaves_a_block() -> None:
    """`until(Exited)` is the link between two."""

    def dependent(target: ActorRef[Any]) -> tuple[float, object]:
        watch(target)
        with until(Exited) as end:
            sleep(100)
        return now(), end.event

    with Dispatcher() as d:
        ref = d.spawn(worker)
        watcher = d.spawn(dependent, ref)
        d.advance(3)
        ref.send(Go())
        d.settle()
        assert watcher.result == (3.0, Exited(ref, "done"))


def test_the_end_of_an_actor_is_handled_in_place() -> None:
    """As by any `on`; the handler may watch the next one."""
    log: list[object] = []

    def replace(exited: Exited) -> None:
        log.append(exited.result)
        if len(log) < 2:
            again = spawn(worker, "second")
            watch(again)
            again.send(Go())

    def pool() -> None:
        with on(Exited, replace):
            first = spawn(worker, "first")
            watch(first)
            first.send(Go())
            sleep(5)

    with Dispatcher() as d:
        d.spawn(pool)
        d.run()
    assert log == ["first", "second"]


def test_a_region_watches_for_its_actor() -> None:
    """The event makes its round like all others."""

    def client(target: ActorRef[Any]) -> object:
        def watching() -> object:
            watch(target)
            return receive(Exited).result

        return parallel(watching, lambda: receive(Word).text)

    with Dispatcher() as d:
        ref = d.spawn(worker)
        watcher = d.spawn(client, ref)
        ref.send(Go())
        d.settle()
        watcher.send(Word("b"))
        d.settle()
        assert watcher.result == ("done", "b")


def test_the_end_comes_also_into_a_full_mailbox() -> None:
    """A limit is for senders that can do something about it."""

    @actor(mailbox=1)
    def small(target: ActorRef[Any]) -> object:
        watch(target)
        sleep(5)
        return receive(Word).text, receive(Exited).result

    with Dispatcher() as d:
        ref = d.spawn(worker)
        watcher = d.spawn(small, ref)
        d.settle()
        watcher.send(Word("full"))
        ref.send(Go())
        d.run()
        assert watcher.result == ("full", "done")


def test_listeners_see_who_sent_the_end() -> None:
    """It is mail from the actor that ended."""
    sent: list[object] = []

    def listener(record: Record) -> None:
        if isinstance(record, Sent) and isinstance(record.event, Exited):
            sent.append((record.actor, record.sender))

    with Dispatcher(instruments=[listener]) as d:
        ref = d.spawn(worker)
        watcher = d.spawn(guard, ref)
        ref.send(Go())
        d.settle()
        assert sent == [(watcher, ref)]


def test_close_brings_nothing_any_more() -> None:
    """All end; nobody is left to be told, and nothing is raised."""
    with Dispatcher() as d:
        ref = d.spawn(worker)
        watcher = d.spawn(guard, ref)
        d.settle()
    assert (ref.alive, watcher.alive, watcher.result) == (False, False, None)


def test_watching_needs_an_actor_on_both_sides() -> None:
    """The errors say what to do."""
    wrong: Any = "worker"

    def confused() -> None:
        watch(wrong)

    with Dispatcher() as d:
        ref = d.spawn(worker)
        with pytest.raises(IllegalCallError, match="watch was called outside an actor"):
            watch(ref)
        d.spawn(confused)
        with pytest.raises(TypeError, match=r"watch takes the handle of an actor, not 'worker'"):
            d.settle()


def test_a_watched_server_forgets_watchers_that_have_ended() -> None:
    """A thousand short-lived clients of one server leave no trail."""

    def client(target: ActorRef[Any]) -> None:
        watch(target)

    with Dispatcher() as d:
        ref = d.spawn(worker)
        for _ in range(100):
            for _ in range(10):
                d.spawn(client, ref)
            d.settle()
        gc.collect()
        clients = [
            each for each in gc.get_objects()
            if isinstance(each, ActorRef) and each.function is client
        ]  # fmt: skip
        assert len(clients) <= 32


def test_an_actor_cannot_watch_itself() -> None:
    """Nobody would hear of that."""
    with Dispatcher() as d:
        d.spawn(lambda: watch(me()))
        with pytest.raises(IllegalCallError, match="clean up in a `finally`"):
            d.settle()
