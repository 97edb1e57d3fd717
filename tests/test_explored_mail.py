"""Mail while exploring: what an actor sends to itself or for later, what is late, what is many.

Each of these was once taken for a state that it is not, or for hidden shared state.
"""

from __future__ import annotations

from typing import Any, Literal

import pytest

from flowlet import (
    ActorRef,
    Dispatcher,
    Event,
    ExploreError,
    NoReplyError,
    Request,
    Timeout,
    explore,
    me,
    parallel,
    pause,
    receive,
    sleep,
    spawn,
    state,
)
from flowlet.introspect import check, replay, static


class Note(Event): ...


class Memo(Event): ...


class Bell(Event): ...


class Sized(Event):
    size: Literal[0, 1]


class Listed(Event):
    items: list[int]


class Query(Request[int]): ...


def lines(x: Any) -> list[list[str]]:
    """The shortest way to each state, as lines."""
    product = x._product
    return [
        [product.describe(move, before) for move, before in product.path_to(state)]
        for state in product.parent
    ]


# --- to oneself ---------------------------------------------------------------------------


def absent_minded() -> None:
    me().send(Note())
    receive(Bell, at="listening")
    receive(Bell, at="over")


def test_own_mail_that_nothing_takes_is_thrown_away_in_a_step() -> None:
    """With the note still to be looked at, without it, after the bell, and at the end."""
    x = explore(absent_minded)
    assert (x.unique_states, x.terminal_states) == (4, 1)
    assert x.graph.triples() == {("listening", "Bell", "over"), ("over", "Bell", "end")}


def test_own_mail_and_that_of_another_meet_as_they_do_in_company() -> None:
    """Both send the second one a note at the start, and it takes neither."""

    def writer(peers: list[ActorRef[Any]]) -> None:
        peers[1].send(Note())
        receive(Bell, at="listening")

    def system(d: Dispatcher) -> None:
        peers: list[ActorRef[Any]] = []
        peers.append(d.spawn(writer, peers, name="first"))
        peers.append(d.spawn(writer, peers, name="second"))

    assert lines(explore(system)) == [
        [], ["second: goes on"], ["second: goes on", "second: Note() from first"],
    ]  # fmt: skip


def test_what_a_region_has_looked_at_in_vain_is_another_state() -> None:
    """The region that is left takes no note; until it has looked, nothing else is kept for it."""

    def hasty() -> None:
        def one() -> None:
            pause("drawing breath")

        def other() -> None:
            receive(Bell, at="waiting")
            me().send(Note())

        parallel(one, other)
        receive(Memo, at="done")

    x = explore(hasty, early=True)
    assert x.complete
    assert x.graph.triples() <= explore(hasty, early=True).graph.triples()
    x.path_to("done")


# --- for later ----------------------------------------------------------------------------


def test_letters_stand_in_no_order_of_time() -> None:
    """A memo sent long ago may come before or after one sent now: these are one state."""

    def sender(sink: ActorRef[None]) -> None:
        while True:
            sink.send(Note(), after=3)
            sleep(2)
            sink.send(Memo(), after=2)
            receive(Bell, after=5, at="resting")
            return

    def sink() -> None:
        while True:
            receive(Note, Memo)

    def system(d: Dispatcher) -> None:
        d.spawn(sender, d.spawn(sink, name="sink"), name="sender")

    assert explore(system).complete
    assert explore(system, time="ordered").complete


def test_letters_that_cross_are_the_same_twice() -> None:
    """Two that send again and again for later: on each way to a state the times differ."""

    def left(peers: list[ActorRef[Any]]) -> None:
        peers[1].send(Bell(), after=1)
        for _ in range(2):
            match receive(Note, Memo, at="left"):
                case Memo():
                    peers[1].send(Note(), after=3)

    def right(peers: list[ActorRef[Any]]) -> None:
        while True:
            peers[0].send(Note())
            match receive(Note, after=5, at="first"):
                case Note():
                    return
                case Timeout():
                    peers[0].send(Memo())
            match receive(Bell, after=5, at="second"):
                case Bell():
                    peers[0].send(Note(), after=3)
                case Timeout():
                    peers[0].send(Memo())

    def system(d: Dispatcher) -> None:
        peers: list[ActorRef[Any]] = []
        peers.append(d.spawn(left, peers, name="left"))
        peers.append(d.spawn(right, peers, name="right"))

    for network in ("fifo", "unordered", "inbox_set", "duplicating"):
        assert explore(system, network=network, max_states=400).unique_states > 20


def test_a_letter_of_the_system_function_is_refused() -> None:
    def system(d: Dispatcher) -> None:
        d.spawn(absent_minded, name="clerk").send(Note(), after=3)

    with pytest.raises(ExploreError, match=r"sends Note\(\) to clerk for later.*let one of them"):
        explore(system)


# --- to those who have ended --------------------------------------------------------------


def test_who_has_ended_receives_nothing_though_a_letter_is_on_its_way() -> None:
    """Its letter still comes; on a network that keeps all, mail for it is there for ever."""

    def clerk(boss: list[ActorRef[Any]]) -> None:
        receive(Note)
        boss[0].send(Memo(), after=5)

    def boss(clerk: ActorRef[None]) -> None:
        clerk.send(Note())
        receive(Memo, at="waiting")

    def system(d: Dispatcher) -> None:
        known: list[ActorRef[Any]] = []
        known.append(d.spawn(boss, d.spawn(clerk, known, name="clerk"), name="boss"))

    x = explore(system, network="duplicating")
    assert lines(x)[-1] == [
        "clerk: Note() from boss", "clerk: send Memo later", "boss: Memo() from clerk",
    ]  # fmt: skip


def test_a_lone_actor_that_has_ended_is_offered_nothing() -> None:
    """Neither what it listened for nor, too early, what it did not."""

    def clerk() -> None:
        receive(Note)
        me().send(Memo(), after=5)
        receive(Bell)

    assert explore(clerk, early=True).complete


# --- requests -----------------------------------------------------------------------------


def patient(server: ActorRef[Any]) -> None:
    server.ask(Query(), after=1)
    sleep(3)
    receive(Bell, at="over")


def slow() -> None:
    request = receive(Query)
    sleep(2)
    request.reply(3)
    sleep(5)


@pytest.mark.parametrize("network", ["fifo", "unordered", "inbox_set", "duplicating"])
def test_a_late_reply_stops_no_timer(network: Any) -> None:
    """One second, another one, a dead letter, and then the third and the fifth."""

    def system(d: Dispatcher) -> None:
        d.spawn(patient, d.spawn(slow, name="server"), name="client")

    x = explore(system, network=network, time="ordered")
    last = [line for line in lines(x)[-1] if "reply" not in line]
    assert last == [
        "server: Query() from client", "client: after 1s", "server: after 2s", "client: after 3s",
        "server: after 5s",
    ]  # fmt: skip


def test_equal_replies_of_two_servers_are_two() -> None:
    """Where it does not count who sends, it still counts who answers."""

    def server() -> None:
        while True:
            receive(Query).reply(0)

    def client(first: ActorRef[None], second: ActorRef[None]) -> None:
        first.ask(Query(), after=3, at="first")
        second.ask(Query(), at="second")

    def system(d: Dispatcher) -> None:
        d.spawn(client, d.spawn(server, name="a"), d.spawn(server, name="b"), name="client")

    there = explore(system, network="inbox_set")
    assert there.unique_states == explore(system, network="unordered").unique_states == 10


def test_the_end_of_whom_it_asks_is_news_as_all_else_is() -> None:
    """The time is up before it hears of that, also where all run together."""

    def short() -> None:
        pause("briefly")

    def client(other: ActorRef[None]) -> str:
        try:
            got = other.ask(Query(), after=3)
        except NoReplyError:
            return "none"
        return "late" if isinstance(got, Timeout) else "well"

    def system(d: Dispatcher) -> None:
        d.spawn(client, d.spawn(short, name="short"), name="client")

    x = explore(system, lossy=True)
    assert {view["client"].result for view in x.states} == {None, "none", "late"}


def test_who_asks_again_after_giving_up_is_told_so() -> None:
    """The late reply counts for the second request, which no run does: a note, and no alarm."""

    def client(server: ActorRef[Any]) -> tuple[str, int]:
        first = server.ask(Query(), after=1)
        return ("second", server.ask(Query())) if isinstance(first, Timeout) else ("first", first)

    def once() -> None:
        receive(Query).reply(1)

    def system(d: Dispatcher) -> None:
        d.spawn(client, d.spawn(once, name="server"), name="client")

    x = explore(system)
    assert not x.complete
    assert any("client gives up waiting for server, and asks it again" in n for n in x.notes)


# --- the same, and many -------------------------------------------------------------------


def test_equal_messages_in_a_mailbox_are_no_alias() -> None:
    """Alone both bells are one object, and in company two: nobody can tell."""

    def keeper() -> None:
        me().send(Memo())
        me().send(Memo())
        receive(Memo, Bell, at="one")
        receive(Memo, Bell, at="two")
        receive(Bell, at="three")
        receive(Bell, at="four")

    def sender(keeper: ActorRef[None]) -> None:
        keeper.send(Bell())
        keeper.send(Bell())

    def system(d: Dispatcher) -> None:
        d.spawn(sender, d.spawn(keeper, name="keeper"), name="sender")

    for network in ("fifo", "unordered", "duplicating"):
        assert explore(system, network=network).complete


def crowd(number: int) -> Any:
    def sink() -> None:
        while True:
            receive(Note)

    def sender(sink: ActorRef[None]) -> None:
        for _ in range(number):
            sink.send(Note())
        receive(Bell, at="sent")

    def system(d: Dispatcher) -> None:
        d.spawn(sender, d.spawn(sink, name="sink"), name="sender")

    return system


@pytest.mark.parametrize("number", [31, 32])
def test_many_at_once_are_counted(number: int) -> None:
    x = explore(crowd(number), network="unordered")
    assert (x.unique_states, x.complete) == (number + 1, True)


@pytest.mark.parametrize("number", [33, 63, 64, 65, 128, 200])
def test_too_many_at_once_are_told_and_never_run_over(number: int) -> None:
    """A counter that ran over would begin anew, and all would seem well."""
    x = explore(crowd(number), network="unordered")
    assert not x.complete
    assert any("of Note" in note and "cut off there" in note for note in x.notes)


def test_too_many_of_the_system_function_are_told() -> None:
    def system(d: Dispatcher) -> None:
        there = d.spawn(absent_minded)
        for _ in range(70):
            there.send(Note())

    for network in ("fifo", "unordered"):
        x = explore(system, network=network)
        assert not x.complete
        assert any("cut off there" in note for note in x.notes)


def test_what_comes_early_comes_in_the_order_of_its_names() -> None:
    """The order of a set of types is that of their addresses, another one in each run."""
    kinds = [type(f"Kind{letter}", (Event,), {"__module__": __name__}) for letter in "HCEABFDG"]

    def picky() -> None:
        with state("busy", defer=tuple(kinds)):
            for kind in kinds:
                receive(kind)

    product = explore(picky, early=True, max_states=20)._product  # type: ignore[attr-defined]
    first = next(iter(product.parent))
    offered = [product.describe(move, first) for move in product.all_moves(first)]
    assert offered[0] == "picky: KindH()"
    assert offered[1:] == [f"picky: Kind{letter}()" for letter in "ABCDEFG"]


def test_a_fault_on_the_way_of_a_child_is_told_with_its_own_mail() -> None:
    """A child's turn that throws its own note away is a step of the family."""

    def child() -> None:
        me().send(Note())
        receive(Bell, at="listening")

    def parent() -> None:
        with spawn(child):
            receive(Memo, at="waiting")

    verdict = check(parent, unexpected=True)
    assert [failure.kind for failure in verdict.failures] == ["unexpected event"]


def test_own_mail_that_is_thrown_away_is_told() -> None:
    """As that of others is, and also where what it does take comes in the same step."""

    def forgetful() -> None:
        receive(Bell, at="waiting")
        me().send(Note())
        me().send(Memo())
        receive(Memo, at="reading")

    for actor, way in ((absent_minded, []), (forgetful, ["forgetful: Bell()"])):
        (fault,) = check(actor).failures
        assert fault.kind == "unexpected event"
        assert "throws away Note" in fault.text
        assert [step.line for step in fault.path][:-1] == way


def test_a_region_that_writes_to_itself_is_entered_like_any_other() -> None:
    """The regions stand there at once, with a memo still to be looked at."""

    def double() -> None:
        def writing() -> None:
            me().send(Memo())
            receive(Bell, at="writing")

        def waiting() -> None:
            receive(Note, at="waiting")

        sleep(2)
        parallel(writing, waiting)

    x = explore(double)
    assert ("double/sleep", "after 2s", "writing | waiting") in x.graph.triples()
    assert x.graph.triples() <= static(double).triples()


def test_what_is_delivered_again_is_as_it_was_sent() -> None:
    """Whoever receives a list may change it, and on a network that keeps all it comes once more."""

    def reader() -> None:
        first = receive(Listed, at="first").items
        first.append(len(first))
        receive(Listed, at="second")

    def writer(reader: ActorRef[None]) -> None:
        reader.send(Listed(items=[7]))

    def system(d: Dispatcher) -> None:
        d.spawn(writer, d.spawn(reader, name="reader"), name="writer")

    x = explore(system, network="duplicating")
    way = lines(x)[-1]
    assert way == ["reader: Listed(items=[7]) from writer"] * 2
    assert not replay(system, way, "duplicating").find("reader")
