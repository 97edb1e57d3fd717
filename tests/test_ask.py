"""Requests: `ask` waits for the `reply`, and is told when there will be none."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable
from typing import Any

import pytest

from flowlet import (
    ActorRef,
    DeadlockError,
    Delay,
    Dispatcher,
    Event,
    IllegalCallError,
    NoReplyError,
    NotAnEventTypeError,
    Request,
    Timeout,
    actor,
    me,
    now,
    observe,
    on,
    parallel,
    receive,
    sleep,
    state,
    until,
    whereis,
)
from flowlet.instrument import DeadLetter, Parked, Record
from flowlet.requests import Reply


class Get(Request[int]):
    key: str = ""


class Other(Request[str]): ...


class Line(Event):
    text: str = ""


class Hangup(Event): ...


class Go(Event): ...


def store() -> None:
    """Answers with the length of the key."""
    while True:
        request = receive(Get)
        request.reply(len(request.key))


def ask_once(target: ActorRef[Any], key: str = "name") -> int:
    return target.ask(Get(key))


def answer_after(seconds: float) -> Callable[[], None]:
    def slow_store() -> None:
        while True:
            request = receive(Get)
            sleep(seconds)
            request.reply(len(request.key))

    return slow_store


def test_an_ask_returns_what_was_replied() -> None:
    """A request is answered to the line that asked."""
    with Dispatcher() as d:
        client = d.spawn(ask_once, d.spawn(store))
        d.settle()
        assert client.result == 4


@pytest.mark.parametrize("answer", [0, None, "", False])
def test_any_value_is_a_reply(answer: object) -> None:
    """Also one that counts as false."""

    class Ask(Request[object]): ...

    def oracle() -> None:
        receive(Ask).reply(answer)

    def pilgrim(target: ActorRef[None]) -> list[object]:
        return [target.ask(Ask())]

    with Dispatcher() as d:
        asker = d.spawn(pilgrim, d.spawn(oracle))
        d.settle()
        assert asker.result == [answer]


def test_one_request_may_be_asked_twice() -> None:
    """What travels is a copy; the asker's own object knows of no asker."""
    request = Get("again")

    def client(target: ActorRef[None]) -> list[int]:
        return [target.ask(request), target.ask(request)]

    with Dispatcher() as d:
        asker = d.spawn(client, d.spawn(store))
        d.settle()
        assert asker.result == [5, 5]


def test_a_request_is_an_event_like_any_other() -> None:
    """It takes its field by position, is matched, and equals one that says the same."""
    seen: list[object] = []

    def keeper() -> None:
        match receive(Get):
            case Get("name") as request:
                seen.append(request == Get("name"))
                request.reply(1)

    with Dispatcher() as d:
        d.spawn(ask_once, d.spawn(keeper))
        d.settle()
    assert seen == [True]


def test_a_request_may_be_handed_on_and_answered_by_another() -> None:
    """Whoever has it may reply, also after other mail."""

    def worker() -> None:
        receive(Get).reply(7)

    def front(desk: ActorRef[None]) -> None:
        desk.send(receive(Get))
        receive(Go)

    with Dispatcher() as d:
        client = d.spawn(ask_once, d.spawn(front, d.spawn(worker)))
        d.settle()
        assert client.result == 7


def test_an_ask_by_name() -> None:
    """`whereis` gives a handle that can be asked."""

    def client() -> int:
        return whereis("shop").ask(Get("abc"))

    with Dispatcher() as d:
        d.spawn(store, name="shop")
        asker = d.spawn(client)
        d.settle()
        assert asker.result == 3


# --- the time limit -------------------------------------------------------------------------


def test_an_ask_with_a_time_limit_returns_a_timeout() -> None:
    """Where the reply is late; where it is in time, the reply."""
    log: list[object] = []

    def client(target: ActorRef[None]) -> None:
        log.append(target.ask(Get("ab"), after=1))
        log.append(now())
        log.append(target.ask(Get("abc"), after=Delay("patience", 9)))

    with Dispatcher() as d:
        d.spawn(client, d.spawn(answer_after(2)))
        d.run()
    assert log == [Timeout(None, 1), 1.0, 3]


def test_a_timeout_of_an_ask_says_which_delay_it_was() -> None:
    """As everywhere."""

    def client(target: ActorRef[None]) -> object:
        return target.ask(Get(), after=Delay("patience", 1))

    with Dispatcher() as d:
        asker = d.spawn(client, d.spawn(answer_after(2)))
        d.run()
        assert asker.result == Timeout("patience", 1)


def test_a_reply_that_comes_too_late_is_a_dead_letter() -> None:
    """It is counted, told to listeners, and disturbs no later wait of the asker."""
    told: list[Record] = []

    def client(target: ActorRef[None]) -> object:
        target.ask(Get("ab"), after=1)
        return receive(Line, after=5)

    with Dispatcher(instruments=[told.append]) as d:
        target = d.spawn(answer_after(2))
        asker = d.spawn(client, target)
        d.run()
        assert (asker.result, d.dead_letters) == (Timeout(None, 5), 1)
        dead = [record for record in told if isinstance(record, DeadLetter)]
        assert dead == [DeadLetter(2.0, asker, Reply(Get("ab"), 2), target)]


def test_a_late_reply_is_not_taken_for_that_of_the_next_ask() -> None:
    """Every ask has its own reply."""

    def client(target: ActorRef[None]) -> object:
        first = target.ask(Get("ab"), after=1)
        return first, target.ask(Get("abcd"), after=9)

    with Dispatcher() as d:
        asker = d.spawn(client, d.spawn(answer_after(2)))
        d.run()
        assert (asker.result, d.dead_letters) == ((Timeout(None, 1), 4), 1)


# --- no reply -------------------------------------------------------------------------------


def test_a_target_that_ends_gives_no_reply() -> None:
    """The error says who was asked what, and how it ended."""

    def quitter() -> str:
        receive(Get)
        with state("closed"):
            return "gone"

    def client(target: ActorRef[str]) -> object:
        with pytest.raises(NoReplyError) as caught:
            target.ask(Get("k"))
        return caught.value

    with Dispatcher() as d:
        target = d.spawn(quitter)
        asker = d.spawn(client, target)
        d.settle()
        error = asker.result
        assert isinstance(error, NoReplyError)
        assert (error.actor, error.request) == (target, Get("k"))
        assert "'quitter' does not reply to Get(key='k')" in str(error)
        assert "has ended in state closed (result 'gone')" in str(error)


def test_a_target_that_fails_or_is_stopped_gives_no_reply() -> None:
    """Also where it never looked at the request."""
    log: list[str] = []

    def failing() -> None:
        receive(Get)
        raise ValueError("broken")

    def asleep() -> None:
        sleep(100)

    def client(target: ActorRef[None]) -> None:
        try:
            target.ask(Get())
        except NoReplyError as error:
            log.append(str(error).partition("it has ended in state ")[2].partition(";")[0])

    with Dispatcher() as d:
        failed, stopped = d.spawn(failing), d.spawn(asleep)
        d.spawn(client, failed)
        d.spawn(client, stopped)
        with pytest.raises(ValueError, match="broken"):
            d.settle()
        stopped.stop()
        d.settle()
    assert log == ["error: ValueError (failed with ValueError: broken)", "end (result None)"]


def test_a_target_that_throws_the_request_away_gives_no_reply() -> None:
    """The error says in which state it did."""

    def busy() -> None:
        with state("busy"):
            receive(Line)

    with Dispatcher() as d:
        target = d.spawn(busy)
        client = d.spawn(ask_once, target)
        with pytest.raises(NoReplyError, match=r"threw it away in state busy, .* receive Get"):
            d.settle()
        assert (client.alive, target.discarded, target.alive) == (False, 1, True)


def test_who_throws_away_a_request_that_was_handed_on_is_named() -> None:
    """Not the one that was asked, which did nothing wrong."""

    def front(desk: ActorRef[None]) -> None:
        desk.send(receive(Get))
        receive(Go)

    def busy() -> None:
        with state("busy"):
            receive(Line)

    with Dispatcher() as d:
        desk = d.spawn(busy, name="desk")
        d.spawn(ask_once, d.spawn(front, desk))
        with pytest.raises(NoReplyError, match="actor 'desk' does not reply") as caught:
            d.settle()
        assert caught.value.actor is desk


def test_a_request_that_was_answered_keeps_no_asker() -> None:
    """A server holds the last request until its next mail; whoever asked may be long gone."""
    with Dispatcher() as d:
        server = d.spawn(store)
        client = d.spawn(ask_once, server)
        d.settle()
        gone = weakref.ref(client)
        del client
        gc.collect()
        assert (gone(), server.alive) == (None, True)


def test_a_target_for_which_it_is_an_error_gives_no_reply() -> None:
    """`unexpected="raise"` ends the target, and that is news for the asker."""
    log: list[str] = []

    @actor(unexpected="raise")
    def strict() -> None:
        receive(Line)

    def client(target: ActorRef[None]) -> None:
        try:
            target.ask(Get())
        except NoReplyError as error:
            log.append(str(error).partition("(failed with ")[2].partition(":")[0])

    with Dispatcher() as d:
        d.spawn(client, d.spawn(strict))
        with pytest.raises(Exception, match="got Get"):
            d.settle()
        d.settle()
    assert log == ["UnexpectedEventError"]


def test_an_actor_that_has_ended_gives_no_reply_at_once() -> None:
    """Nothing is sent, and nothing is waited for."""

    def gone() -> None: ...

    with Dispatcher() as d:
        target = d.spawn(gone)
        d.settle()
        d.spawn(ask_once, target)
        with pytest.raises(NoReplyError, match=r"has ended in state end .* look at ref.alive"):
            d.settle()
        assert d.dead_letters == 0


def test_of_two_askers_each_gets_its_own_news() -> None:
    """One reply, one end."""
    log: list[str] = []

    def tired() -> None:
        receive(Get).reply(1)

    def client(name: str, target: ActorRef[None]) -> None:
        try:
            log.append(f"{name} {target.ask(Get())}")
        except NoReplyError:
            log.append(f"{name} nothing")

    with Dispatcher() as d:
        target = d.spawn(tired)
        for name in ("anna", "bert"):
            d.spawn(client, name, target)
        d.settle()
    assert log == ["anna 1", "bert nothing"]


def test_a_reply_before_the_end_counts() -> None:
    """Who replies and ends has replied."""

    def tired() -> None:
        receive(Get).reply(1)

    with Dispatcher() as d:
        client = d.spawn(ask_once, d.spawn(tired))
        d.settle()
        assert client.result == 1


# --- mistakes -------------------------------------------------------------------------------


def test_a_second_reply_is_an_error_of_the_replier() -> None:
    """The asker has had its answer."""

    def hasty() -> None:
        request = receive(Get)
        request.reply(1)
        request.reply(2)

    with Dispatcher() as d:
        client = d.spawn(ask_once, d.spawn(hasty))
        with pytest.raises(IllegalCallError, match="answered twice, with 1 and now with 2"):
            d.settle()
        d.settle()
        assert client.result == 1


def test_a_reply_to_what_was_merely_sent_is_a_dead_letter() -> None:
    """Nobody waits for it."""
    told: list[object] = []

    def listener(record: Record) -> None:
        if isinstance(record, DeadLetter):
            told.append(record.event)

    with Dispatcher(instruments=[listener]) as d:
        target = d.spawn(store)
        target.send(Get("abc"))
        d.settle()
        assert (d.dead_letters, target.alive) == (1, True)
    assert told == [Reply(Get("abc"), 3)]


def test_a_reply_outside_an_actor_to_what_nobody_asked_is_an_error() -> None:
    """There is nobody to tell it."""
    with pytest.raises(IllegalCallError, match=r"nobody waits for a reply to Get.*ref\.ask"):
        Get().reply(1)


def test_the_program_outside_may_reply() -> None:
    """A request that was taken out of an actor is answered from there."""
    box: list[Get] = []

    def hand_out() -> None:
        box.append(receive(Get))
        receive(Go)

    with Dispatcher() as d:
        client = d.spawn(ask_once, d.spawn(hand_out))
        d.settle()
        box[0].reply(9)
        d.settle()
        assert client.result == 9


def test_a_reply_from_another_thread_is_an_error() -> None:
    """It says what other threads may do."""
    caught: list[str] = []

    def hand_out() -> None:
        request = receive(Get)

        def other() -> None:
            try:
                request.reply(1)
            except IllegalCallError as error:
                caught.append(str(error))

        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        request.reply(2)

    with Dispatcher() as d:
        client = d.spawn(ask_once, d.spawn(hand_out))
        d.settle()
        assert client.result == 2
    assert "another thread" in caught[0]
    assert "dispatcher.post" in caught[0]


def test_asking_outside_an_actor_is_an_error() -> None:
    """It says where to call it."""
    with Dispatcher() as d:
        target = d.spawn(store)
        with pytest.raises(IllegalCallError, match=r"outside an actor.*dispatcher\.spawn"):
            target.ask(Get())


def test_asking_oneself_is_an_error() -> None:
    """Nobody would be left to reply."""

    def alone() -> None:
        me().ask(Get())

    with Dispatcher() as d:
        d.spawn(alone)
        with pytest.raises(IllegalCallError, match="'alone' asks itself"):
            d.settle()


def test_asking_in_another_dispatcher_is_an_error() -> None:
    """It does not run meanwhile."""
    with Dispatcher() as one, Dispatcher() as other:
        one.spawn(ask_once, other.spawn(store))
        with pytest.raises(IllegalCallError, match="lives in another dispatcher"):
            one.settle()


def test_asking_with_what_is_no_request_is_an_error() -> None:
    """A plain event has no answer, and a class is no request."""
    told: list[str] = []

    def client(target: ActorRef[None]) -> None:
        wrong: list[Any] = [Line("x"), Get]
        for request in wrong:
            with pytest.raises(NotAnEventTypeError) as caught:
                target.ask(request)
            told.append(str(caught.value))

    with Dispatcher() as d:
        d.spawn(client, d.spawn(store))
        d.settle()
    assert "got Line(text='x'); declare it with the type of its reply" in told[0]
    assert len(told) == 2


def test_asking_in_a_where_is_an_error() -> None:
    """And sends nothing."""
    log: list[str] = []

    def eager() -> None:
        log.append(f"asked {receive(Get).key}")

    def client(target: ActorRef[None]) -> None:
        receive(Line, where=lambda line: target.ask(Get(line.text)))

    with Dispatcher() as d:
        asker = d.spawn(client, d.spawn(eager))
        asker.send(Line("k"))
        with pytest.raises(IllegalCallError, match="called in a where="):
            d.settle()
        d.settle()
    assert log == []


def test_a_wrong_time_limit_sends_nothing() -> None:
    """An illegal call changes nothing."""
    log: list[str] = []

    def eager() -> None:
        log.append(receive(Get).key)

    def client(target: ActorRef[None]) -> None:
        target.ask(Get(), after=-1)

    with Dispatcher() as d:
        d.spawn(client, d.spawn(eager))
        with pytest.raises(ValueError, match="zero or more seconds"):
            d.settle()
        d.settle()
    assert log == []


# --- an ask is a wait -----------------------------------------------------------------------


def test_an_ask_takes_no_mail_and_loses_none() -> None:
    """What came meanwhile is there afterwards."""

    def client(target: ActorRef[None]) -> tuple[int, str]:
        size = target.ask(Get("ab"))
        return size, receive(Line).text

    with Dispatcher() as d:
        asker = d.spawn(client, d.spawn(answer_after(2)))
        d.settle()
        asker.send(Line("kept"))
        d.run()
        assert (asker.result, asker.discarded) == ((2, "kept"), 0)


def test_an_until_round_an_ask_leaves_it() -> None:
    """The reply is then a dead letter, and no news for a later wait."""

    def client(target: ActorRef[None]) -> object:
        with until(Hangup) as end:
            target.ask(Get())
        sleep(10)
        return end.event

    with Dispatcher() as d:
        asker = d.spawn(client, d.spawn(answer_after(2)))
        d.advance(1)
        asker.send(Hangup())
        d.run()
        assert (asker.result, d.dead_letters) == (Hangup(), 1)


def test_a_reply_behind_the_event_that_leaves_is_a_dead_letter() -> None:
    """First come, first served: the hangup was in the mailbox before."""

    def client(target: ActorRef[None]) -> object:
        with until(Hangup) as end:
            target.ask(Get())
        return end.event

    def rude(box: list[ActorRef[Any]]) -> None:
        request = receive(Get)
        box[0].send(Hangup())
        request.reply(1)

    box: list[ActorRef[Any]] = []
    with Dispatcher() as d:
        box.append(d.spawn(client, d.spawn(rude, box)))
        d.settle()
        assert (box[0].result, d.dead_letters) == (Hangup(), 1)


def test_an_on_round_an_ask_hears() -> None:
    """The handler runs in place; a reply that comes meanwhile waits for its end."""
    log: list[str] = []

    def chat(line: Line) -> None:
        log.append(line.text)
        sleep(5)
        log.append("handled")

    def client(target: ActorRef[None]) -> None:
        with on(Line, chat):
            log.append(f"got {target.ask(Get('ab'))} at {now():g}")

    with Dispatcher() as d:
        asker = d.spawn(client, d.spawn(answer_after(2)))
        d.advance(1)
        asker.send(Line("hello"))
        d.run()
    assert log == ["hello", "handled", "got 2 at 6"]


def test_a_handler_may_ask() -> None:
    """The wait that it interrupts goes on afterwards."""
    log: list[int] = []

    def client(target: ActorRef[None]) -> str:
        with on(Go, lambda _: log.append(target.ask(Get("abc")))):
            return receive(Line).text

    with Dispatcher() as d:
        asker = d.spawn(client, d.spawn(answer_after(2)))
        asker.send(Go())
        d.run()
        asker.send(Line("on"))
        d.settle()
        assert (asker.result, log) == ("on", [3])


def test_a_handler_may_reply() -> None:
    """A server that is asked in the midst of its work."""

    def server() -> None:
        with on(Get, lambda request: request.reply(len(request.key))):
            sleep(100)

    with Dispatcher() as d:
        client = d.spawn(ask_once, d.spawn(server))
        d.settle()
        assert client.result == 4


def test_regions_ask_side_by_side() -> None:
    """Each gets its own reply, and no other wakes it."""

    def client(quick: ActorRef[None], slow: ActorRef[None]) -> object:
        return parallel(
            lambda: (slow.ask(Get("ab")), now()),
            lambda: (quick.ask(Get("abc")), now()),
            lambda: (slow.ask(Get(), after=1), now()),
        )

    with Dispatcher() as d:
        asker = d.spawn(client, d.spawn(answer_after(2)), d.spawn(answer_after(5)))
        d.run()
        assert asker.result == ((2, 5.0), (3, 2.0), (Timeout(None, 1), 1.0))


def test_a_region_that_asks_an_ended_actor_ends_the_others() -> None:
    """An error of a region is the error of the call."""

    def gone() -> None: ...

    def client(target: ActorRef[None]) -> object:
        try:
            return parallel(lambda: sleep(100), lambda: target.ask(Get()))
        except NoReplyError:
            return now()

    with Dispatcher() as d:
        asker = d.spawn(client, d.spawn(gone))
        d.settle()
        assert asker.result == 0.0


def test_an_asker_may_be_stopped() -> None:
    """Its clean-up runs, and the reply that comes later is a dead letter."""
    log: list[str] = []

    def client(target: ActorRef[None]) -> None:
        try:
            target.ask(Get())
        finally:
            log.append("cleaned up")

    with Dispatcher() as d:
        asker = d.spawn(client, d.spawn(answer_after(2)))
        d.advance(1)
        asker.stop()
        d.run()
        assert (asker.alive, d.dead_letters) == (False, 1)
    assert log == ["cleaned up"]


def test_close_ends_an_ask_at_once() -> None:
    """With its clean-up, in which a further ask raises too."""
    log: list[str] = []

    def client(target: ActorRef[None]) -> None:
        try:
            target.ask(Get())
        finally:
            log.append("closing")
            target.ask(Get())
            log.append("never here")

    with Dispatcher() as d:
        d.spawn(client, d.spawn(answer_after(2)))
        d.settle()
    assert log == ["closing"]


def test_the_state_of_an_ask_is_named_after_the_request() -> None:
    """Where its block holds several waits; `at` gives a name as everywhere."""
    seen: list[object] = []

    def client(target: ActorRef[None]) -> None:
        with state("shopping"):
            target.ask(Get())
            target.ask(Get(), at="paying")

    def told(record: Record) -> None:
        if isinstance(record, Parked) and record.actor.name == "client":
            seen.append(record.state)

    with Dispatcher(instruments=[told]) as d:
        asker = d.spawn(client, d.spawn(answer_after(2)))
        d.settle()
        assert asker.accepts == set()
        d.run()
    assert seen == [("shopping", "ask Get"), ("shopping", "paying")]


def test_a_block_with_one_ask_is_its_state() -> None:
    """And an ask beside a `receive` makes two of them; the source decides."""
    seen: list[object] = []

    def client(target: ActorRef[None]) -> None:
        with state("alone"):
            target.ask(Get("a"))
        request = Get("b")
        with state("both"):
            receive(Line)
            target.ask(request, after=5)

    with Dispatcher() as d:
        asker = d.spawn(client, d.spawn(answer_after(1)))
        for then in (1, 0, 0):
            d.settle()
            seen.append(asker.state)
            if asker.accepts:
                asker.send(Line())
            d.advance(then)
    assert seen == [("alone",), ("both", "Line"), ("both", "ask Get")]


def test_what_is_asked_elsewhere_is_no_wait() -> None:
    """A method of that name on another object does not make a second state."""

    class Quiz:
        def ask(self, question: str) -> str:
            return question

    def client(quiz: Quiz) -> None:
        with state("answering"):
            receive(Line)
            quiz.ask("why")

    with Dispatcher() as d:
        asker = d.spawn(client, Quiz())
        d.settle()
        assert asker.state == ("answering",)


def test_what_was_seen_of_an_ask_is_an_edge_of_its_name() -> None:
    """Also of one that is given up; the reply is no event of the asker."""

    def client(target: ActorRef[None]) -> None:
        with state("shopping"):
            target.ask(Get("a"))
        with state("leaving"):
            target.ask(Get("b"), after=0.5)

    with Dispatcher() as d:
        seen = observe(d)
        d.spawn(client, d.spawn(answer_after(1)))
        d.run()
        assert seen.graph_of(client).triples() == {
            ("shopping", "ask Get", "leaving"),
            ("leaving", "after 0.5s", "end"),
        }


def test_a_deadlock_of_askers_names_them() -> None:
    """Two that ask each other wait for ever, and the report says where."""
    refs: dict[str, ActorRef[Any]] = {}

    def polite(other: str) -> None:
        refs[other].ask(Get())

    with Dispatcher() as d:
        refs["a"] = d.spawn(polite, "b", name="a")
        refs["b"] = d.spawn(polite, "a", name="b")
        with pytest.raises(DeadlockError) as caught:
            d.run(until=refs["a"])
    _, first, second, advice = str(caught.value).splitlines()
    assert (first.split(", ")[1], second.split(", ")[1]) == ("ask Get of 'b'", "ask Get of 'a'")
    assert "after=" in advice
    assert "Send one of these" not in advice


def test_a_deadlock_of_regions_names_all_that_is_asked_and_taken() -> None:
    """One line an actor, whatever goes on in it."""

    def silent() -> None:
        request = receive(Get)
        receive(Go)
        request.reply(1)

    def both(target: ActorRef[None]) -> None:
        parallel(lambda: target.ask(Get()), lambda: receive(Line))

    with Dispatcher() as d:
        asking = d.spawn(both, d.spawn(silent))
        with pytest.raises(DeadlockError) as caught:
            d.run(until=asking)
    text = str(caught.value)
    assert "silent in silent/Go at " in text
    assert text.splitlines()[1].endswith(", takes Go")
    assert text.splitlines()[2].endswith(", ask Get of 'silent', takes Line")
    assert "Send one of these events" in text


def test_stepping_through_an_ask() -> None:
    """Request and reply are one delivery each."""
    with Dispatcher() as d:
        client = d.spawn(ask_once, d.spawn(store))
        steps = 0
        while d.step():
            steps += 1
        assert (client.result, steps) == (4, 4)
