"""What a region waits for besides events is explored like that of any actor."""

from __future__ import annotations

from typing import Any

import pytest

from flowlet import (
    ActorRef,
    Dispatcher,
    Event,
    ExploreError,
    NoReplyError,
    Request,
    choose,
    parallel,
    pause,
    perform,
    receive,
    sleep,
    spawn,
    state,
    wait_until,
    whereis,
)
from flowlet.introspect import check, explore, replay


class Go(Event): ...


class Done(Event): ...


class Get(Request[bool]): ...


def work() -> bool:
    return True


def beside() -> None:
    receive(Done, at="beside")


def test_a_call_in_a_region_gives_its_results() -> None:
    """Each of its type, and its failure."""

    def caller() -> None:
        if perform(work):
            receive(Go, at="yes")

    def both() -> None:
        parallel(caller, beside)

    x = explore(both)
    assert x.complete
    assert x.graph.triples() >= {
        ("caller/perform work | beside", "perform work", "yes | beside"),
        ("caller/perform work | beside", "perform work", "end | beside"),
        ("caller/perform work | beside", "perform work", "error: PerformFailed"),
    }
    lines = [step.line for step in x.path_to("yes | beside")]
    assert lines == ["both: perform work gives True, region 1"]
    assert replay(both, lines).view["both"].state == ((("yes",), ("beside",)),)


def test_calls_in_two_regions_end_in_any_order() -> None:
    """Also with different results."""

    def one() -> None:
        if perform(work):
            receive(Go, at="one")

    def two() -> None:
        if perform(work):
            receive(Done, at="two")

    def both() -> None:
        parallel(one, two)

    x = explore(both)
    assert x.complete
    assert set(x.graph.names()) >= {"one | two", "one | end", "end | two", "end"}
    assert x.unique_states == 12


def test_what_a_region_has_failed_on_counts_until_it_is_raised() -> None:
    """That comes when the call in the other region is over."""

    def failing() -> None:
        receive(Go, at="one")
        raise choose(ValueError, KeyError)

    def calling() -> None:
        perform(work)

    def both() -> None:
        parallel(failing, calling)

    assert {"error: ValueError", "error: KeyError"} <= set(explore(both).graph.names())


def test_an_ask_in_a_region_gets_its_reply() -> None:
    """From an actor of the system, and from one outside; or that there is none."""

    def server() -> None:
        receive(Get, at="serving").reply(True)

    def client(ref: ActorRef[Any]) -> None:
        def asker() -> None:
            ref.ask(Get())
            receive(Go, at="got")

        parallel(asker, beside)

    def system(d: Dispatcher) -> None:
        d.spawn(client, d.spawn(server))

    x = explore(system)
    assert ("asker/ask Get | beside", "ask Get", "got | beside") in x.graph_of("client").triples()

    def alone() -> None:
        def asker() -> None:
            if whereis("server").ask(Get()):
                receive(Go, at="got")

        parallel(asker, beside)

    assert explore(alone).graph.triples() >= {
        ("asker/ask Get | beside", "ask Get", "got | beside"),
        ("asker/ask Get | beside", "ask Get", "end | beside"),
    }


def test_two_regions_that_ask_one_actor_are_refused() -> None:
    """Whose reply it is nobody could tell."""

    def server() -> None:
        while True:
            receive(Get).reply(True)

    def client(ref: ActorRef[Any]) -> None:
        parallel(lambda: ref.ask(Get()), lambda: ref.ask(Get()))

    def system(d: Dispatcher) -> None:
        d.spawn(client, d.spawn(server))

    with pytest.raises(ExploreError, match="let them ask one after the other"):
        explore(system)


def test_a_region_waits_for_a_cell() -> None:
    """And goes on when it holds."""

    def waiter(cell: Any) -> None:
        def looks() -> None:
            wait_until(lambda: cell.value == 1)
            receive(Go, at="seen")

        parallel(looks, beside)

    def setter(cell: Any) -> None:
        pause()
        cell.value = 1

    def system(d: Dispatcher) -> None:
        cell = d.shared("n", 0)
        d.spawn(waiter, cell)
        d.spawn(setter, cell)

    x = explore(system)
    assert ("looks/wait_until | beside", "wait_until", "seen | beside") in x.graph_of(
        "waiter"
    ).triples()
    path = x.path_to(lambda v: v["waiter"].state == ((("seen",), ("beside",)),))
    assert [step.line for step in path] == ["setter: goes on", "waiter: goes on, region 1"]
    assert replay(system, path).view["waiter"].state == ((("seen",), ("beside",)),)


# --- replies ---------------------------------------------------------------------------------


def test_a_request_that_is_thrown_away_has_no_reply() -> None:
    """Which is on its way as a reply is."""

    def server() -> None:
        receive(Go)

    def client(ref: ActorRef[Any]) -> str:
        try:
            return str(ref.ask(Get()))
        except NoReplyError:
            return "none"

    def system(d: Dispatcher) -> None:
        d.spawn(client, d.spawn(server))

    assert {view["client"].result for view in explore(system).states} == {None, "none"}


def test_a_reply_that_is_too_late_answers_no_other_ask() -> None:
    """The second one has its own."""

    class Number(Request[int]): ...

    def slow() -> None:
        request = receive(Number)
        sleep(2)
        request.reply(5)

    def quick() -> None:
        request = receive(Number)
        sleep(4)
        request.reply(7)

    def client(one: ActorRef[Any], other: ActorRef[Any]) -> int:
        one.ask(Number(), after=1)
        return other.ask(Number())

    def system(d: Dispatcher) -> None:
        d.spawn(client, d.spawn(slow), d.spawn(quick))

    x = explore(system, time="ordered")
    assert {view["client"].result for view in x.states} == {None, 7}


def test_who_asks_the_same_actor_again_is_told_what_is_not_told_apart() -> None:
    """A late reply to the first request could count for the second."""

    def server() -> None:
        while True:
            request = receive(Get)
            pause("think")
            request.reply(True)

    def stubborn(ref: ActorRef[Any]) -> None:
        ref.ask(Get(), after=1)
        ref.ask(Get())

    def modest(ref: ActorRef[Any]) -> None:
        ref.ask(Get(), after=1)

    def first(d: Dispatcher) -> None:
        d.spawn(stubborn, d.spawn(server))

    def second(d: Dispatcher) -> None:
        d.spawn(modest, d.spawn(server))

    x = explore(first)
    assert not x.complete
    assert any("gives up waiting for server, and asks it again" in note for note in x.notes)
    assert explore(second).complete


# --- what a family does ----------------------------------------------------------------------


class Word(Event):
    n: int = 1


def sink() -> None:
    receive(Word)


def kid(peer: ActorRef[Any]) -> None:
    peer.send(Word())
    with state("kid"):
        receive(Done)


def boss(peer: ActorRef[Any]) -> None:
    with spawn(kid, peer):
        receive(Go, at="busy")


def office(d: Dispatcher) -> None:
    d.spawn(boss, d.spawn(sink))


@pytest.mark.parametrize("network", ["fifo", "unordered", "inbox_set", "duplicating"])
def test_paths_with_messages_of_children_can_be_replayed(network: Any) -> None:
    """Their lines name the child as every view does."""
    x = explore(office, network=network)
    path = x.path_to(lambda v: not v["sink"].alive)
    assert [step.line for step in path] == ["boss/kid: begins", "sink: Word(n=1) from boss/kid"]
    assert replay(office, path, network=network).view["kid"].state == ("kid",)


def test_a_test_of_a_family_fails_as_long_as_it_comes_there() -> None:
    """Whoever else lives then."""
    verdict = check(office, never={"gone": lambda v: not v["sink"].alive})
    (failure,) = [f for f in verdict.failures if f.name == "gone"]
    space: dict[str, Any] = {"office": office}
    exec(failure.as_pytest().replace("system,", "office,"), space)
    test = next(value for name, value in space.items() if name.startswith("test_"))
    with pytest.raises(AssertionError):
        test()


def test_a_child_that_does_not_live_has_a_view() -> None:
    """Predicates need not ask before whether there is one."""

    def short() -> None:
        with spawn(sink):
            receive(Go, at="busy")
        receive(Go, at="over")

    assert check(short, never={"late": lambda v: v["sink"].alive and not v["short"].alive}).ok
    assert {view["short/sink"].alive for view in explore(short).states} == {True, False}


def test_whose_a_child_is_makes_a_difference() -> None:
    """Of which region: it ends with that one."""

    def helper() -> None:
        receive(Done)

    def chief(d: Dispatcher) -> None:
        def main() -> None:
            def left() -> None:
                if first:
                    spawn(helper)
                receive(Go, at="left")

            def right() -> None:
                if not first:
                    spawn(helper)
                receive(Done, at="right")

            parallel(left, right)

        first = d.choose(True, False)
        d.spawn(main)

    assert explore(chief).complete


def test_two_children_of_one_name_are_refused() -> None:
    """A dispatcher has room for one at a time."""

    def parent() -> None:
        with spawn(sink, name="db"):
            receive(Done)

    def system(d: Dispatcher) -> None:
        d.spawn(parent, name="a")
        d.spawn(parent, name="b")

    with pytest.raises(ExploreError, match="a and b each give a child the name 'db'"):
        explore(system)
