"""What a statechart promises, a row at a time; the tests of a row are named after it.

Row 1 is the order of exits, actions and entries, 2 who handles an event, 3 the kinds of transition,
4 history, 5 the end of a parallel state, 6 the round of an event, 7 run to completion, 8 deferring,
9 timers, 10 children.  What must hold whatever happens stands in test_whatever_happens.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

from flowlet import (
    ActorRef,
    Dispatcher,
    Event,
    Exited,
    Timeout,
    me,
    now,
    on,
    parallel,
    race,
    receive,
    sleep,
    spawn,
    state,
    until,
    watch,
)

Log = list[tuple[float, str]]


class Go(Event): ...


class Next(Event): ...


class Reset(Event): ...


class Ask(Event): ...


class Job(Event):
    name: str = ""


@contextmanager
def actions(log: list[str], name: str) -> Iterator[None]:
    """The entry and the exit action of a state: they write a log."""
    log.append(f"enter {name}")
    try:
        yield
    finally:
        log.append(f"exit {name}")


def send_all(d: Dispatcher, ref: ActorRef[Any], *events: Event) -> None:
    """Send, and settle after each."""
    for event in events:
        ref.send(event)
        d.settle()


# --- 1: exit, action, entry ---------------------------------------------------------------------


def test_row_1_exit_from_the_innermost_out_then_the_action_then_entry_outermost_in() -> None:
    """From `machine/a/a1` to `machine/b/b1`; `machine`, which holds both, is not left."""
    log: list[str] = []

    def machine() -> None:
        with state("machine"), actions(log, "machine"):
            with until(Go), state("a"), actions(log, "a"), state("a1"), actions(log, "a1"):
                receive(Next)
            log.append("action")
            with state("b"), actions(log, "b"), state("b1"), actions(log, "b1"):
                receive(Next)

    with Dispatcher() as d:
        ref = d.spawn(machine)
        d.settle()
        assert ref.state == ("machine", "a", "a1")
        log.clear()
        send_all(d, ref, Go())
        assert log == ["exit a1", "exit a", "action", "enter b", "enter b1"]
        assert ref.state == ("machine", "b", "b1")


def test_row_1_later_regions_are_left_first() -> None:
    """Each region from the inside out; the last region of all before the others."""
    log: list[str] = []

    def region(name: str) -> None:
        with state(name), actions(log, name), state(f"{name}1"), actions(log, f"{name}1"):
            receive(Next)

    def machine() -> None:
        with until(Go), state("both"), actions(log, "both"):
            parallel(lambda: region("a"), lambda: region("b"), lambda: region("c"))
        log.append("action")
        with state("after"), actions(log, "after"):
            receive(Next)

    with Dispatcher() as d:
        ref = d.spawn(machine)
        d.settle()
        assert log == [
            "enter both",
            *("enter a", "enter a1"),
            *("enter b", "enter b1"),
            *("enter c", "enter c1"),
        ]
        log.clear()
        send_all(d, ref, Go())
        assert log == [
            *("exit c1", "exit c"),
            *("exit b1", "exit b"),
            *("exit a1", "exit a"),
            "exit both",
            "action",
            "enter after",
        ]


def test_row_1_an_exit_action_that_waits_holds_up_the_rest() -> None:
    """The earlier region is not left, and nothing is entered, before the later one is out."""
    log: Log = []

    def region(name: str, seconds: float) -> None:
        try:
            receive(Next)
        finally:
            sleep(seconds)
            log.append((now(), f"exit {name}"))

    def machine() -> None:
        with until(Go):
            parallel(lambda: region("quick", 1), lambda: region("slow", 3))
        log.append((now(), "enter"))

    with Dispatcher() as d:
        d.spawn(machine).send(Go())
        d.run()
    assert log == [(3.0, "exit slow"), (4.0, "exit quick"), (4.0, "enter")]


# --- 2: who handles an event --------------------------------------------------------------------


def test_row_2_the_deepest_handler_wins() -> None:
    """Three blocks would take it; the innermost does, and the others hear nothing."""
    log: list[str] = []

    def hear(name: str) -> Callable[[Ask], None]:
        return lambda _event: log.append(name)

    def machine() -> None:
        with on(Ask, hear("outer")):
            with on(Ask, hear("middle")):
                with on(Ask, hear("inner")):
                    receive(Next)
                receive(Next)
            receive(Next)

    with Dispatcher() as d:
        ref = d.spawn(machine)
        send_all(d, ref, Ask(), Next(), Ask(), Next(), Ask(), Next())
        assert not ref.alive
    assert log == ["inner", "middle", "outer"]


def test_row_2_handlers_and_limits_are_one_list_from_inside_out() -> None:
    """An `until` inside an `on` is nearer, and an `on` inside an `until` too."""
    log: list[str] = []

    def machine() -> None:
        with on(Ask, lambda _event: log.append("answered")):
            with until(Ask):
                receive(Next)
            log.append("left the until inside")
        with until(Ask), on(Ask, lambda _event: log.append("answered inside")):
            receive(Next)
        log.append("went on by itself")

    with Dispatcher() as d:
        ref = d.spawn(machine)
        send_all(d, ref, Ask(), Ask(), Next())
        assert not ref.alive
    assert log == ["left the until inside", "answered inside", "went on by itself"]


def test_row_2_the_wait_itself_is_the_deepest() -> None:
    """What the wait takes reaches no handler round it."""
    log: list[str] = []

    def machine() -> None:
        with on(Ask, lambda _event: log.append("handler")):
            log.append(f"wait {type(receive(Ask, Next)).__name__}")
            receive(Next)

    with Dispatcher() as d:
        send_all(d, d.spawn(machine), Ask(), Ask())
        assert log == ["wait Ask", "handler"]


def test_row_2_what_a_region_takes_does_not_reach_the_blocks_round_the_regions() -> None:
    """Regions are deeper than what stands round them."""
    log: list[str] = []

    def keen() -> None:
        receive(Ask)
        log.append("region")
        receive(Next)

    def other() -> None:
        receive(Next)

    def machine() -> None:
        with until(Ask):
            parallel(other, keen)
        log.append("left")

    with Dispatcher() as d:
        ref = d.spawn(machine)
        send_all(d, ref, Ask())
        assert log == ["region"]
        send_all(d, ref, Ask())
        assert log == ["region", "left"]


def test_row_2_of_two_regions_that_would_end_the_race_the_earlier_one_wins() -> None:
    """Both take the event of the round; the result is that of the first in order."""

    def runner(name: str) -> str:
        receive(Go)
        return name

    def machine() -> tuple[int, str]:
        return race(lambda: runner("first"), lambda: runner("second"))

    with Dispatcher() as d:
        ref = d.spawn(machine)
        send_all(d, ref, Go())
        assert ref.result == (0, "first")


# --- 3: the kinds of transition -----------------------------------------------------------------


def transitions(log: Log) -> None:
    """A composite state in which all three can happen; `Go` changes the state inside it."""
    while True:
        with until(Reset), state("composite"):
            log.append((now(), "enter composite"))
            try:
                with on(Ask, lambda _event: log.append((now(), "answer"))):
                    while True:
                        receive(Go, after=10, at="a")
                        log.append((now(), "a to b"))
                        receive(Go, after=10, at="b")
                        log.append((now(), "b to a"))
            finally:
                log.append((now(), "exit composite"))


def test_row_3_a_targetless_transition_exits_nothing() -> None:
    """A handler in place: the wait goes on, and its time too."""
    log: Log = []
    with Dispatcher() as d:
        ref = d.spawn(transitions, log)
        d.advance(4)
        send_all(d, ref, Ask())
        assert ref.state == ("composite", "a")
        d.advance(6)
        assert ref.state == ("composite", "b")
        assert log == [(0.0, "enter composite"), (4.0, "answer"), (10.0, "a to b")]


def test_row_3_an_internal_transition_exits_only_what_is_inside() -> None:
    """From `a` to `b`, and the composite is neither left nor entered."""
    log: Log = []
    with Dispatcher() as d:
        ref = d.spawn(transitions, log)
        send_all(d, ref, Go())
        assert ref.state == ("composite", "b")
        assert log == [(0.0, "enter composite"), (0.0, "a to b")]


def test_row_3_an_external_transition_exits_and_enters_the_composite() -> None:
    """Even where its target is the composite itself; what was armed inside is armed anew."""
    log: Log = []
    with Dispatcher() as d:
        ref = d.spawn(transitions, log)
        send_all(d, ref, Go())
        d.advance(4)
        send_all(d, ref, Reset())
        assert ref.state == ("composite", "a")
        d.advance(6)
        assert ref.state == ("composite", "a")
        assert log == [
            (0.0, "enter composite"),
            (0.0, "a to b"),
            (4.0, "exit composite"),
            (4.0, "enter composite"),
        ]


# --- 4: history ---------------------------------------------------------------------------------


def player(kind: Literal["shallow", "deep"], seen: list[object]) -> None:
    """Plays sides of a record, each with two tracks; `Reset` lifts the needle."""
    while True:
        with until(Reset), state("player", history=kind) as memory:
            seen.append(memory.last)
            try:
                with state("side one"):
                    receive(Next, at="track one")
                    receive(Next, at="track two")
                with state("side two"):
                    receive(Next, at="track three")
            finally:
                with state("lifting the needle"):
                    sleep(1)
        receive(Go, at="off")


def test_row_4_deep_history_is_the_whole_path_below() -> None:
    """The first time there is none: the default stands in the code that reads it."""
    seen: list[object] = []
    with Dispatcher() as d:
        ref = d.spawn(player, "deep", seen)
        send_all(d, ref, Next(), Reset())
        d.advance(1)
        send_all(d, ref, Go(), Next(), Next(), Reset())
        d.advance(1)
        send_all(d, ref, Go())
        assert seen == [None, ("side one", "track two"), ("side two", "track three")]


def test_row_4_shallow_history_is_one_level() -> None:
    """Which side it was, and not which track."""
    seen: list[object] = []
    with Dispatcher() as d:
        ref = d.spawn(player, "shallow", seen)
        send_all(d, ref, Next(), Reset())
        d.advance(1)
        send_all(d, ref, Go())
        assert seen == [None, ("side one",)]


def test_row_4_history_is_recorded_before_the_exit_actions() -> None:
    """An exit action that waits, in a state of its own, is not where the block was left."""
    seen: list[object] = []
    with Dispatcher() as d:
        ref = d.spawn(player, "deep", seen)
        send_all(d, ref, Reset())
        assert ref.state == ("player", "lifting the needle")
        d.advance(1)
        send_all(d, ref, Go())
        assert seen == [None, ("side one", "track one")]


def test_row_4_each_actor_has_its_own_history() -> None:
    """Two players of one function: the one does not remember for the other."""
    ann: list[object] = []
    bob: list[object] = []
    with Dispatcher() as d:
        hers, his = d.spawn(player, "shallow", ann), d.spawn(player, "shallow", bob)
        send_all(d, hers, Next(), Next(), Reset())
        send_all(d, his, Reset())
        d.advance(1)
        send_all(d, hers, Go())
        send_all(d, his, Go())
        assert (ann, bob) == ([None, ("side two",)], [None, ("side one",)])


def test_row_4_pause_and_resume_is_no_history() -> None:
    """`on(…, freeze=True)` leaves nothing: the wait goes on where it was, with the time it had."""
    log: Log = []

    def pause(_event: Reset) -> None:
        with state("paused"):
            receive(Go)

    def tape() -> None:
        with on(Reset, pause, freeze=True), state("tape"):
            try:
                sleep(10, at="playing")
            finally:
                log.append((now(), "exit"))

    with Dispatcher() as d:
        ref = d.spawn(tape)
        d.advance(4)
        send_all(d, ref, Reset())
        assert (ref.state, d.now()) == (("paused",), 4.0)
        d.advance(100)
        send_all(d, ref, Go())
        assert (ref.state, log) == (("tape", "playing"), [])
        d.run()
    assert log == [(110.0, "exit")]


# --- 5: a parallel state is done when all regions are -------------------------------------------


def test_row_5_a_parallel_state_is_done_when_all_regions_are() -> None:
    """The slowest decides; the results stand in the order of the regions, not of the ends."""
    log: Log = []

    def cook(dish: str, seconds: float) -> str:
        sleep(seconds)
        log.append((now(), dish))
        return dish

    def kitchen() -> tuple[float, tuple[str, ...]]:
        dishes = parallel(
            lambda: cook("roast", 30), lambda: cook("soup", 10), lambda: cook("cake", 20)
        )
        return now(), dishes

    with Dispatcher() as d:
        assert d.run(until=d.spawn(kitchen)) == (30.0, ("roast", "soup", "cake"))
    assert log == [(10.0, "soup"), (20.0, "cake"), (30.0, "roast")]


def test_row_5_a_region_that_has_ended_hears_nothing_and_holds_nothing_up() -> None:
    """The others go on with the mail, and what none of them wants is thrown away."""
    got: list[str] = []

    def brief() -> None:
        got.append(receive(Job).name)

    def patient() -> None:
        receive(Go)

    def machine() -> None:
        parallel(brief, patient)

    with Dispatcher() as d:
        ref = d.spawn(machine)
        send_all(d, ref, Job("first"), Job("second"))
        assert (got, ref.discarded, ref.alive) == (["first"], 1, True)
        send_all(d, ref, Go())
        assert not ref.alive


def test_row_5_the_state_of_a_parallel_wait_is_its_regions_side_by_side() -> None:
    """The last element of the path is a tuple of their paths."""

    def light() -> None:
        with state("light"):
            receive(Go, at="red")

    def bell() -> None:
        receive(Next, at="silent")

    def crossing() -> None:
        with state("crossing"):
            parallel(light, bell)

    with Dispatcher() as d:
        ref = d.spawn(crossing)
        d.settle()
        assert ref.state == ("crossing", (("light", "red"), ("silent",)))
        assert ref.accepts == {Go, Next}


# --- 6: one event, one round --------------------------------------------------------------------


def test_row_6_every_region_is_offered_an_event_once_in_order() -> None:
    """Three listen, all hear it, first to last; then comes the next event."""
    log: list[str] = []

    def listener(name: str) -> None:
        while True:
            log.append(f"{name} {receive(Job).name}")

    def machine() -> None:
        parallel(lambda: listener("a"), lambda: listener("b"), lambda: listener("c"))

    with Dispatcher() as d:
        ref = d.spawn(machine)
        ref.send(Job("1"))
        ref.send(Job("2"))
        d.settle()
        assert log == ["a 1", "b 1", "c 1", "a 2", "b 2", "c 2"]
        assert ref.discarded == 0


def test_row_6_a_region_that_begins_to_listen_in_a_round_waits_for_the_next() -> None:
    """An event that takes a region to its next wait is not offered to it there again."""
    log: list[str] = []

    def twice() -> None:
        log.append(f"first {receive(Job).name}")
        log.append(f"second {receive(Job).name}")

    def other() -> None:
        receive(Go)

    with Dispatcher() as d:
        ref = d.spawn(lambda: parallel(twice, other))
        send_all(d, ref, Job("1"))
        assert log == ["first 1"]
        send_all(d, ref, Job("2"))
        assert log == ["first 1", "second 2"]


def test_row_6_taken_by_any_it_is_taken() -> None:
    """It is not kept for the regions that were offered it and did not want it."""
    log: list[str] = []

    def keen() -> None:
        while True:
            log.append(f"keen {receive(Job).name}")

    def late() -> None:
        receive(Go)
        log.append(f"late {receive(Job).name}")

    with Dispatcher() as d:
        ref = d.spawn(lambda: parallel(late, keen))
        send_all(d, ref, Job("1"), Go(), Job("2"))
        assert log == ["keen 1", "late 2", "keen 2"]


def test_row_6_it_is_thrown_away_only_when_every_region_listens_and_none_wants_it() -> None:
    """Beside a region that sleeps it is kept, and offered to all when that one listens again."""
    log: list[str] = []

    def sleeper() -> None:
        sleep(5)
        log.append(f"sleeper {receive(Job).name}")
        receive(Next)

    def listener() -> None:
        receive(Go)

    with Dispatcher() as d:
        ref = d.spawn(lambda: parallel(sleeper, listener))
        send_all(d, ref, Job("kept"))
        assert (ref.discarded, log) == (0, [])
        d.advance(5)
        assert log == ["sleeper kept"]
        send_all(d, ref, Job("thrown away"))
        assert ref.discarded == 1


def test_row_6_a_race_is_decided_at_the_end_of_the_round() -> None:
    """The event that ends the race is handled by the regions that lose it too."""
    log: list[str] = []

    def winner() -> str:
        receive(Go)
        log.append("winner")
        return "won"

    def loser() -> None:
        try:
            while True:
                receive(Go)
                log.append("loser")
        finally:
            log.append("loser cancelled")

    def machine() -> tuple[int, str | None]:
        return race(winner, loser)

    with Dispatcher() as d:
        ref = d.spawn(machine)
        send_all(d, ref, Go())
        assert ref.result == (0, "won")
    assert log == ["winner", "loser", "loser cancelled"]


def test_row_6_an_until_of_one_region_leaves_the_others_alone() -> None:
    """Inside a region it cancels only what is inside; outside, all of them."""
    log: list[str] = []

    def left() -> None:
        with until(Reset):
            receive(Next)
        log.append("left is reset")
        receive(Next)

    def right() -> None:
        try:
            receive(Next)
        finally:
            log.append("right is cancelled")

    def machine() -> None:
        with until(Go):
            parallel(left, right)

    with Dispatcher() as d:
        ref = d.spawn(machine)
        send_all(d, ref, Reset())
        assert log == ["left is reset"]
        send_all(d, ref, Go())
        assert log == ["left is reset", "right is cancelled"]


# --- 7: run to completion -----------------------------------------------------------------------


def test_row_7_what_an_actor_does_to_itself_comes_before_what_is_outside() -> None:
    """A note to oneself, sent while an event is handled, is read before later mail."""
    log: list[str] = []

    def worker() -> None:
        receive(Go)
        me().send(Job("own"))
        log.append("handled")
        while True:
            log.append(receive(Job).name)

    with Dispatcher() as d:
        ref = d.spawn(worker)
        send_all(d, ref, Go(), Job("outside"))
        assert log == ["handled", "own", "outside"]


def test_row_7_what_a_region_sends_reaches_the_others_after_the_round() -> None:
    """First the event is through with every region; then comes what the first one sent."""
    log: list[str] = []

    def first() -> None:
        while True:
            match receive(Go, Job):
                case Go():
                    me().send(Job("from first"))
                    log.append("first: go")
                case Job(name):
                    log.append(f"first: {name}")

    def second() -> None:
        while True:
            match receive(Go, Job):
                case Go():
                    log.append("second: go")
                case Job(name):
                    log.append(f"second: {name}")

    with Dispatcher() as d:
        ref = d.spawn(lambda: parallel(first, second))
        send_all(d, ref, Go())
        assert log == ["first: go", "second: go", "first: from first", "second: from first"]


def test_row_7_a_handler_is_done_before_the_next_event() -> None:
    """A handler that waits takes its own events; the mail of the block comes afterwards."""
    log: list[str] = []

    def answer(_event: Ask) -> None:
        log.append("question")
        receive(Go)
        log.append("answer")

    def machine() -> None:
        with on(Ask, answer):
            while True:
                log.append(receive(Job).name)

    with Dispatcher() as d:
        ref = d.spawn(machine)
        send_all(d, ref, Job("before"), Ask(), Go(), Job("after"))
        assert log == ["before", "question", "answer", "after"]


# --- 8: deferring -------------------------------------------------------------------------------


def test_row_8_deferred_events_come_back_oldest_first_when_the_state_is_left() -> None:
    """Before anything that came after the state was left."""
    log: list[str] = []

    def desk() -> None:
        with state("at lunch", defer=(Job,)):
            receive(Go)
        while True:
            log.append(receive(Job).name)

    with Dispatcher() as d:
        ref = d.spawn(desk)
        for event in (Job("1"), Job("2"), Go(), Job("3")):
            ref.send(event)
        d.settle()
        assert (log, ref.discarded) == (["1", "2", "3"], 0)


def test_row_8_what_something_inside_takes_is_not_deferred() -> None:
    """A wait inside has first choice, and a handler inside too."""
    log: list[str] = []

    def desk() -> None:
        with state("busy", defer=(Job,)):
            log.append(f"wait {receive(Job).name}")
            with on(Job, lambda job: log.append(f"handler {job.name}")):
                receive(Go)
            receive(Go)
        log.append(f"afterwards {receive(Job).name}")

    with Dispatcher() as d:
        ref = d.spawn(desk)
        send_all(d, ref, Job("1"), Job("2"), Go(), Job("3"), Go())
        assert log == ["wait 1", "handler 2", "afterwards 3"]


# --- 9: timers ----------------------------------------------------------------------------------


def test_row_9_the_timer_of_a_composite_survives_changes_inside() -> None:
    """Armed on entry, once; each step inside has a time of its own and does not touch it."""

    def call() -> tuple[float, str]:
        sleep(2)
        with until(after=10) as end, state("call"):
            while True:
                receive(Next, after=4, at="talking")
                sleep(1, at="listening")
        return now(), type(end.event).__name__

    with Dispatcher() as d:
        ref = d.spawn(call)
        d.advance(3)
        send_all(d, ref, Next())
        d.advance(3)
        send_all(d, ref, Next())
        d.run()
        assert ref.result == (12.0, "Timeout")


def test_row_9_the_timer_dies_on_exit() -> None:
    """Left in time, from inside regions too, there is no deadline left behind."""

    def region() -> None:
        with until(Next, after=10):
            receive(Go, after=20)

    def call() -> None:
        with until(after=30):
            parallel(region, region)
        receive(Go)

    with Dispatcher() as d:
        ref = d.spawn(call)
        d.settle()
        assert (d.next_deadline, ref.alive) == (10.0, True)
        send_all(d, ref, Next())
        assert (d.next_deadline, ref.alive) == (None, True)


def test_row_9_a_timer_never_arrives_late_even_when_it_is_queued() -> None:
    """Two are due at one instant; the first leaves the block of the second, which stays silent."""
    log: Log = []

    def machine() -> None:
        with until(after=5):
            with on(Ask, lambda _event: None):
                with until(after=5) as inner:
                    sleep(100)
            log.append((now(), f"inner {inner.event}"))
        log.append((now(), "outer"))
        received = receive(Job, after=100)
        log.append((now(), type(received).__name__))

    with Dispatcher() as d:
        d.spawn(machine)
        d.run()
    assert log == [(5.0, "outer"), (105.0, "Timeout")]


def test_row_9_a_region_that_is_cancelled_in_an_instant_misses_its_timer_of_that_instant() -> None:
    """Both regions are due at 5; the first one ends the race, so the second does not act."""
    log: Log = []

    def first() -> str:
        sleep(5)
        return "first"

    def second() -> str:
        try:
            sleep(5)
        finally:
            log.append((now(), "cleaned"))
        sleep(5)
        return "second"

    def machine() -> tuple[int, str]:
        return race(first, second)

    with Dispatcher() as d:
        ref = d.spawn(machine)
        d.run()
        assert (ref.result, d.now()) == ((0, "first"), 5.0)
    assert log == [(5.0, "cleaned")]


# --- 10: children -------------------------------------------------------------------------------


def child(log: Log, name: str) -> None:
    """Parks until it is stopped, and takes a second to tidy up."""
    try:
        receive(Go)
    finally:
        sleep(1)
        log.append((now(), f"{name} tidied"))


def test_row_10_a_child_ends_with_its_parent() -> None:
    """The parent is not over before its child is."""
    log: Log = []

    def parent() -> str:
        spawn(child, log, "child")
        sleep(2)
        return "done"

    with Dispatcher() as d:
        assert d.run(until=d.spawn(parent)) == "done"
        assert (d.now(), log) == (3.0, [(3.0, "child tidied")])


def test_row_10_or_with_the_block_that_it_was_spawned_with() -> None:
    """Whoever leaves the block waits for the clean-up; one of a region ends with the region."""
    log: Log = []

    def region() -> None:
        with spawn(child, log, "block's"):
            sleep(2)
        log.append((now(), "block left"))

    def parent() -> None:
        race(region, lambda: receive(Go))
        log.append((now(), "on"))

    with Dispatcher() as d:
        d.spawn(parent)
        d.run()
    assert log == [(3.0, "block's tidied"), (3.0, "block left"), (3.0, "on")]


def test_row_10_a_child_of_a_cancelled_region_ends_with_it() -> None:
    """`spawn` belongs to the region that calls it."""
    log: Log = []

    def region() -> None:
        spawn(child, log, "region's")
        sleep(100)

    def parent() -> None:
        race(lambda: sleep(2), region)
        log.append((now(), "on"))

    with Dispatcher() as d:
        d.spawn(parent)
        d.run()
    assert log == [(3.0, "region's tidied"), (3.0, "on")]


def test_row_10_late_messages_of_a_child_are_dropped() -> None:
    """What it has sent for later does not come once it has ended."""
    log: Log = []

    def planner(boss: ActorRef[None]) -> None:
        boss.send(Job("in time"), after=1)
        boss.send(Job("late"), after=5)
        sleep(2)

    def parent() -> None:
        with spawn(planner, me()):
            first = receive(Job)
            log.append((now(), first.name))
            sleep(2)
        match receive(Job, after=10):
            case Job(name):
                log.append((now(), name))
            case Timeout():
                log.append((now(), "nothing more"))

    with Dispatcher() as d:
        d.spawn(parent)
        d.run()
    assert log == [(1.0, "in time"), (13.0, "nothing more")]


def test_row_10_its_end_is_the_last_thing_that_a_child_says() -> None:
    """`Exited` comes after all that it sent, its clean-up included."""
    got: list[object] = []

    def talker(boss: ActorRef[None]) -> str:
        boss.send(Job("working"))
        try:
            receive(Go)
        finally:
            boss.send(Job("tidying"))
        boss.send(Job("bye"))
        return "done"

    def parent() -> None:
        ref = spawn(talker, me())
        watch(ref)
        ref.send(Go())
        while True:
            match receive(Job, Exited):
                case Job(name):
                    got.append(name)
                case Exited() as end:
                    got.append((end.ref is ref, end.result, end.error))
                    return

    with Dispatcher() as d:
        d.run(until=d.spawn(parent))
    assert got == ["working", "tidying", "bye", (True, "done", None)]
