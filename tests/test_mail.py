"""Mail: only `receive` throws away, oldest first; what is kept is offered again."""

from __future__ import annotations

import pytest

from flowlet import (
    ActorEndedError,
    ActorRef,
    Dispatcher,
    Event,
    Timeout,
    UnexpectedEventError,
    actor,
    receive,
    sleep,
    state,
    until,
    whereis,
)


class Coin(Event):
    value: int = 1


class Push(Event): ...


class Kick(Event): ...


class Go(Event): ...


def test_mail_that_a_receive_does_not_want_is_thrown_away() -> None:
    """A turnstile pushed while locked does not lock again after the coin."""

    def turnstile() -> None:
        while True:
            receive(Coin, at="locked")
            receive(Push, at="unlocked")

    with Dispatcher() as d:
        gate = d.spawn(turnstile)
        gate.send(Push())
        gate.send(Coin())
        d.settle()
        assert (gate.state, gate.discarded) == (("unlocked",), 1)


def test_mail_that_came_before_the_start_waits_for_the_first_receive() -> None:
    """An actor that has not started yet has its mailbox already."""
    got: list[int] = []

    def box() -> None:
        got.append(receive(Coin, at="one").value)
        got.append(receive(Coin, at="two").value)

    with Dispatcher() as d:
        ref = d.spawn(box)
        ref.send(Coin(1))
        ref.send(Coin(2))
        d.settle()
    assert got == [1, 2]


def test_a_receive_looks_only_as_far_as_the_mail_that_it_takes() -> None:
    """What lies behind the event that was taken is for the next wait."""
    got: list[object] = []

    def box() -> None:
        got.append(receive(Coin, at="coin"))
        got.append(receive(Push, at="push"))

    with Dispatcher() as d:
        ref = d.spawn(box)
        ref.send(Coin())
        ref.send(Push())
        d.settle()
        assert ref.discarded == 0
    assert got == [Coin(), Push()]


def test_where_selects_and_keeps_the_others() -> None:
    """An event of a wanted type for which `where` is false stays in the mailbox."""
    got: list[int] = []

    def picky() -> None:
        got.append(receive(Coin, where=lambda c: c.value == 2, at="two").value)
        got.append(receive(Coin, at="any").value)

    with Dispatcher() as d:
        ref = d.spawn(picky)
        ref.send(Coin(1))
        ref.send(Coin(2))
        d.settle()
        assert ref.discarded == 0
    assert got == [2, 1]


def test_mail_kept_by_where_is_offered_again_oldest_first() -> None:
    """Kept mail comes in its old order, before what came later."""
    got: list[int] = []

    def picky() -> None:
        got.append(receive(Coin, where=lambda c: c.value > 5, at="big").value)
        for _ in range(3):
            got.append(receive(Coin, at="rest").value)

    with Dispatcher() as d:
        ref = d.spawn(picky)
        for value in (3, 1, 9, 2):
            ref.send(Coin(value))
        d.settle()
    assert got == [9, 3, 1, 2]


def test_where_keeps_mail_even_while_the_actor_is_parked() -> None:
    """Mail that comes to a parked actor is selected as mail that was there already."""

    def picky() -> int:
        receive(Coin, where=lambda c: c.value == 2, at="two")
        return receive(Coin, at="any").value

    with Dispatcher() as d:
        ref = d.spawn(picky)
        d.settle()
        ref.send(Coin(1))
        d.settle()
        assert (ref.state, ref.discarded) == (("two",), 0)
        ref.send(Coin(2))
        d.settle()
        assert ref.result == 1


def test_where_does_not_save_mail_of_other_types() -> None:
    """Selecting among coins still throws a push away."""

    def picky() -> None:
        receive(Coin, where=lambda c: c.value == 2, at="two")

    with Dispatcher() as d:
        ref = d.spawn(picky)
        ref.send(Push())
        ref.send(Coin(1))
        d.settle()
        assert (ref.alive, ref.discarded) == (True, 1)


def test_where_looks_again_at_each_new_receive() -> None:
    """A condition that has become true takes the mail that was kept for it."""
    got: list[int] = []

    def picky() -> None:
        while len(got) < 3:
            got.append(receive(Coin, where=lambda c: c.value == len(got) + 1, at="next").value)

    with Dispatcher() as d:
        ref = d.spawn(picky)
        for value in (3, 2, 1):
            ref.send(Coin(value))
        d.settle()
        assert not ref.alive
    assert got == [1, 2, 3]


def test_an_error_in_where_is_the_actors_own() -> None:
    """The sender of the event is not bothered by a bad condition."""

    def broken() -> None:
        receive(Coin, where=lambda c: 1 // c.value > 0, at="dividing")

    with Dispatcher() as d:
        ref = d.spawn(broken)
        d.settle()
        ref.send(Coin(0))
        with pytest.raises(ZeroDivisionError):
            d.settle()
        assert isinstance(ref.error, ZeroDivisionError)


def test_sleep_keeps_mail() -> None:
    """A sleeper takes nothing and loses nothing."""

    def sleeper() -> list[int]:
        sleep(10)
        return [receive(Coin, at="awake").value for _ in range(2)]

    with Dispatcher() as d:
        ref = d.spawn(sleeper)
        d.settle()
        ref.send(Coin(1))
        ref.send(Coin(2))
        d.advance(10)
        assert (ref.result, ref.discarded) == ([1, 2], 0)


def test_a_receive_of_nothing_throws_mail_away() -> None:
    """`receive(after=s)` listens to nothing: what comes meanwhile is gone."""

    def deaf() -> object:
        receive(after=10, at="deaf")
        return receive(Coin, after=10, at="listening")

    with Dispatcher() as d:
        ref = d.spawn(deaf)
        d.settle()
        ref.send(Coin(1))
        d.advance(20)
        assert (type(ref.result), ref.discarded) == (Timeout, 1)


def test_discarded_counts_each_actor_apart() -> None:
    """One actor's lost mail is not another's."""

    def box() -> None:
        receive(Coin)

    with Dispatcher() as d:
        one, two = d.spawn(box), d.spawn(box)
        for _ in range(3):
            one.send(Push())
        d.settle()
        assert (one.discarded, two.discarded) == (3, 0)


def test_ten_thousand_unwanted_events_are_thrown_away_in_one_go() -> None:
    """A long mailbox is no deep recursion."""

    def box() -> int:
        return receive(Coin).value

    with Dispatcher() as d:
        ref = d.spawn(box)
        for _ in range(10_000):
            ref.send(Push())
        ref.send(Coin(7))
        d.settle()
        assert (ref.result, ref.discarded) == (7, 10_000)


def test_an_until_takes_mail_that_its_receive_does_not_want() -> None:
    """What an enclosing `until` listens to is not unexpected."""

    def guarded() -> object:
        with until(Kick) as end:
            receive(Coin, at="inside")
        return end.event

    with Dispatcher() as d:
        ref = d.spawn(guarded)
        ref.send(Push())
        ref.send(Kick())
        d.settle()
        assert (ref.result, ref.discarded) == (Kick(), 1)


def test_a_state_defers_what_nothing_inside_takes() -> None:
    """Deferred mail is kept until the block is left, then offered again."""
    got: list[object] = []

    def printer() -> None:
        with state("printing", defer=(Coin,)):
            receive(Go)
        got.append(receive(Coin, at="idle"))

    with Dispatcher() as d:
        ref = d.spawn(printer)
        ref.send(Coin(4))
        ref.send(Push())
        d.settle()
        assert (ref.state, ref.discarded) == (("printing",), 1)
        ref.send(Go())
        d.settle()
    assert got == [Coin(4)]


def test_a_deferred_type_is_taken_where_something_inside_wants_it() -> None:
    """`defer` keeps only what no wait and no `until` inside takes."""
    got: list[object] = []

    def printer() -> None:
        with state("printing", defer=(Coin,)):
            got.append(receive(Coin, Go, at="open to both"))

    with Dispatcher() as d:
        d.spawn(printer).send(Coin(4))
        d.settle()
    assert got == [Coin(4)]


def test_defer_of_an_outer_state_holds_in_the_inner_ones() -> None:
    """An open block keeps its mail however deep the wait is."""

    def printer() -> int:
        with state("busy", defer=(Coin,)):
            with state("warming"):
                receive(Go)
            with state("printing"):
                receive(Go)
        return receive(Coin, at="idle").value

    with Dispatcher() as d:
        ref = d.spawn(printer)
        for event in (Coin(1), Go(), Coin(2), Go()):
            ref.send(event)
            d.settle()
        assert (ref.result, ref.discarded) == (1, 0)


def test_deferred_mail_keeps_its_order() -> None:
    """Oldest first, also after having been put aside."""

    def printer() -> list[int]:
        with state("printing", defer=(Coin,)):
            receive(Go)
        return [receive(Coin, at="idle").value for _ in range(3)]

    with Dispatcher() as d:
        ref = d.spawn(printer)
        for event in (Coin(1), Coin(2), Go(), Coin(3)):
            ref.send(event)
        d.settle()
        assert ref.result == [1, 2, 3]


def test_an_actor_may_keep_unexpected_mail() -> None:
    """With `unexpected="defer"` nothing is lost: every later receive is offered it."""

    @actor(unexpected="defer")
    def patient() -> list[object]:
        return [receive(Go, at="go"), receive(Push, at="push"), receive(Coin, at="coin")]

    with Dispatcher() as d:
        ref = d.spawn(patient)
        for event in (Coin(3), Push(), Go()):
            ref.send(event)
        d.settle()
        assert (ref.result, ref.discarded) == ([Go(), Push(), Coin(3)], 0)


def test_kept_mail_is_offered_before_newer_mail() -> None:
    """An actor that defers reads its oldest coin first."""

    @actor(unexpected="defer")
    def patient() -> list[int]:
        receive(Go, at="go")
        return [receive(Coin, at="coins").value for _ in range(3)]

    with Dispatcher() as d:
        ref = d.spawn(patient)
        for event in (Coin(1), Coin(2), Go(), Coin(3)):
            ref.send(event)
            d.settle()
        assert ref.result == [1, 2, 3]


def test_a_receive_of_nothing_keeps_mail_where_the_actor_defers() -> None:
    """`unexpected="defer"` holds for a deaf wait as well."""

    @actor(unexpected="defer")
    def patient() -> int:
        receive(after=1, at="deaf")
        return receive(Coin, at="listening").value

    with Dispatcher() as d:
        ref = d.spawn(patient)
        ref.send(Coin(8))
        d.advance(1)
        assert ref.result == 8


def test_an_actor_may_refuse_unexpected_mail() -> None:
    """With `unexpected="raise"` the actor ends with UnexpectedEventError."""

    @actor(unexpected="raise")
    def strict() -> None:
        receive(Coin, at="locked")

    with Dispatcher() as d:
        gate = d.spawn(strict, name="gate")
        d.settle()
        gate.send(Push())
        with pytest.raises(UnexpectedEventError):
            d.settle()
        assert not gate.alive
        assert isinstance(gate.error, UnexpectedEventError)


def test_a_strict_actor_still_keeps_what_where_refuses() -> None:
    """Mail that fails `where` is of a wanted type, so it is not unexpected."""

    @actor(unexpected="raise")
    def strict() -> int:
        receive(Coin, where=lambda c: c.value == 2, at="two")
        return receive(Coin, at="any").value

    with Dispatcher() as d:
        ref = d.spawn(strict)
        ref.send(Coin(1))
        ref.send(Coin(2))
        d.settle()
        assert ref.result == 1


def test_a_strict_actor_still_keeps_what_a_state_defers() -> None:
    """Mail that an open state defers is not unexpected either."""

    @actor(unexpected="raise")
    def strict() -> int:
        with state("busy", defer=(Coin,)):
            receive(Go)
        return receive(Coin, at="idle").value

    with Dispatcher() as d:
        ref = d.spawn(strict)
        ref.send(Coin(6))
        ref.send(Go())
        d.settle()
        assert ref.result == 6


def test_a_strict_actor_is_not_hurt_by_mail_while_it_sleeps() -> None:
    """Only a receive looks at mail, so only a receive can find it unexpected."""

    @actor(unexpected="raise")
    def strict() -> int:
        sleep(5)
        return receive(Coin, at="awake").value

    with Dispatcher() as d:
        ref = d.spawn(strict)
        d.settle()
        ref.send(Coin(2))
        d.advance(5)
        assert ref.result == 2


def test_mail_from_one_sender_arrives_in_the_order_of_sending() -> None:
    """Between two actors the order of the mail is kept."""
    got: list[int] = []

    def sink() -> None:
        while True:
            got.append(receive(Coin, at="open").value)

    def source() -> None:
        for value in range(50):
            whereis("sink").send(Coin(value))

    with Dispatcher() as d:
        d.spawn(sink, name="sink")
        d.spawn(source)
        d.settle()
    assert got == list(range(50))


def test_mail_left_over_at_the_end_is_no_error() -> None:
    """An actor may end with unread mail."""

    def box() -> int:
        return receive(Coin).value

    with Dispatcher() as d:
        ref = d.spawn(box)
        ref.send(Coin(1))
        ref.send(Coin(2))
        d.settle()
        assert ref.result == 1


def test_mail_to_an_ended_actor_from_outside_is_an_error() -> None:
    """The sender hears at once that nobody reads it any more."""

    def box() -> None:
        receive(Coin)

    with Dispatcher() as d:
        ref = d.spawn(box)
        ref.send(Coin())
        d.settle()
        with pytest.raises(ActorEndedError):
            ref.send(Coin())


def test_mail_between_actors_to_an_ended_one_is_a_dead_letter() -> None:
    """A network does not tell the sender: the event is gone, and counted."""

    def short() -> None:
        receive(Go)

    def caller(friend: ActorRef[None]) -> str:
        receive(Go, at="waiting")
        friend.send(Coin())
        return "sent"

    with Dispatcher() as d:
        gone = d.spawn(short)
        ref = d.spawn(caller, gone)
        gone.send(Go())
        d.settle()
        assert (gone.alive, d.dead_letters) == (False, 0)
        ref.send(Go())
        d.settle()
        assert (ref.result, d.dead_letters) == ("sent", 1)
