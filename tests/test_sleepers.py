"""Many actors that sleep: who parks hands over to the next sleeper, and virtual time goes along.

That is a short way which the dispatcher does not see; nothing that it promises may change by it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import NoReturn

import pytest

from flowlet import (
    ActorRef,
    ActorStuckError,
    Dispatcher,
    Event,
    VirtualClock,
    now,
    receive,
    sleep,
)

Log = list[tuple[float, int]]

MANY = 1000


class Knock(Event): ...


def far_and_near(number: int) -> float:
    """So many seconds, in no order, each number another: 0.5 to 500.0."""
    return (number * 387 % MANY + 1) / 2


def sleeper(log: Log, number: int, *naps: float) -> None:
    """Writes down when it wakes."""
    for seconds in naps:
        sleep(seconds)
        log.append((now(), number))


def spawn_many(d: Dispatcher, log: Log, *naps: Callable[[int], float]) -> list[ActorRef[None]]:
    """A thousand sleepers; what each nap of theirs takes is reckoned from their number."""
    return [d.spawn(sleeper, log, number, *(nap(number) for nap in naps)) for number in range(MANY)]


# --- order --------------------------------------------------------------------------------------


def test_each_of_many_wakes_at_its_time() -> None:
    """Twice: as spawned, and as they lie down again."""
    log: Log = []
    with Dispatcher() as d:
        spawn_many(d, log, far_and_near, lambda number: 1000 - far_and_near(number) + number)
        d.run()
    firsts = [(far_and_near(number), number) for number in range(MANY)]
    seconds = [(1000.0 + number, number) for number in range(MANY)]
    assert log == sorted(firsts) + seconds


def test_at_one_instant_they_wake_in_the_order_of_lying_down() -> None:
    """Not in that of spawning: all are to wake at 600, and who slept less before lay down first."""
    log: Log = []
    with Dispatcher() as d:
        spawn_many(d, [], lambda number: 600.0)
        refs = spawn_many(
            d, log, lambda number: float(number % 7), lambda number: 600.0 - number % 7
        )
        d.run()
        assert not any(ref.alive for ref in refs)
    woken = [number for when, number in log if when == 600.0]
    assert woken == sorted(range(MANY), key=lambda number: (number % 7, number))


def test_a_nap_of_no_time_lets_the_others_at_this_instant_go_first() -> None:
    """Two that nap for nothing take turns, and no time passes."""
    log: Log = []
    with Dispatcher() as d:
        for number in range(2):
            d.spawn(sleeper, log, number, *[0] * MANY)
        d.run()
    assert log == [(0.0, 0), (0.0, 1)] * MANY


def test_a_nap_of_no_time_comes_before_whoever_sleeps() -> None:
    """Time does not pass over it."""
    log: Log = []
    with Dispatcher() as d:
        d.spawn(sleeper, log, 1, 1.0)
        d.spawn(sleeper, log, 0, 1.0, 0, 0, 0)
        d.spawn(sleeper, log, 2, 1.0, 0.5)
        d.run()
    assert log == [(1.0, 1), (1.0, 0), (1.0, 2), (1.0, 0), (1.0, 0), (1.0, 0), (1.5, 2)]


def test_a_lone_sleeper_goes_on_by_itself() -> None:
    """It hands over to nobody, nap after nap."""
    log: Log = []
    with Dispatcher() as d:
        d.spawn(sleeper, log, 0, *[0.25] * MANY)
        d.run(until=10.125)
        assert (len(log), d.now(), d.next_deadline) == (40, 10.125, 10.25)
        d.run()
    assert log == [(0.25 * (nap + 1), 0) for nap in range(MANY)]


def test_sleepers_and_those_who_wait_for_mail_go_by_one_clock() -> None:
    """Mail that a sleeper sends is answered at its instant, before the next one wakes."""
    log: list[tuple[float, str]] = []

    def host() -> None:
        while True:
            receive(Knock)
            log.append((now(), "host"))

    def guest(door: ActorRef[None], seconds: float) -> None:
        sleep(seconds)
        log.append((now(), "guest"))
        door.send(Knock())

    with Dispatcher() as d:
        door = d.spawn(host)
        for number in range(MANY):
            d.spawn(guest, door, far_and_near(number))
        d.run()
    instants = sorted(far_and_near(number) for number in range(MANY))
    assert log == [(when, who) for when in instants for who in ("guest", "host")]


# --- how far a run goes -------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [200.0, 200.25])
def test_a_run_until_a_time_stops_exactly_there(limit: float) -> None:
    """What is due at it is done; later times stay as they are."""
    log: Log = []
    with Dispatcher() as d:
        refs = spawn_many(d, log, far_and_near)
        d.run(until=limit)
        assert (d.now(), len(log), log[-1][0]) == (limit, 400, 200.0)
        assert (d.next_deadline, sum(ref.alive for ref in refs)) == (200.5, 600)
        d.run(until=limit)
        assert (d.now(), len(log)) == (limit, 400)
        d.run()
        assert (d.now(), len(log)) == (500.0, MANY)
    assert log == sorted(log)


def test_how_a_run_is_cut_does_not_matter() -> None:
    """In many small parts, by `advance`, each at an odd time."""
    whole: Log = []
    with Dispatcher() as d:
        spawn_many(d, whole, far_and_near, far_and_near)
        d.run()
    parts: Log = []
    with Dispatcher() as d:
        spawn_many(d, parts, far_and_near, far_and_near)
        while len(parts) < len(whole):
            d.advance(13.3)
    assert parts == whole


def test_a_run_until_an_actor_stops_at_its_end() -> None:
    """Who wakes later at the same instant, and all the others, sleep on."""
    log: Log = []
    with Dispatcher() as d:
        refs = spawn_many(d, log, lambda number: float(number // 2))
        d.run(until=refs[600])
        assert (d.now(), refs[599].alive, refs[602].alive) == (300.0, False, True)
        d.run()
    assert len(log) == MANY


@pytest.mark.parametrize("how", ["settle", "step"])
def test_outside_of_a_run_time_stands_still(how: str) -> None:
    """After a run that went far, as after one that an error has ended."""
    log: Log = []

    def failing() -> None:
        sleep(7)
        raise ValueError("bad dream")

    with Dispatcher() as d:
        spawn_many(d, log, far_and_near)
        d.spawn(failing)
        with pytest.raises(ValueError, match="bad dream"):
            d.run()
        assert d.now() == 7.0
        so_far = len(log)
        spawn_many(d, log, far_and_near)
        if how == "settle":
            d.settle()
        else:
            while d.step():
                pass
        assert (d.now(), d.next_deadline) == (7.0, 7.5)
        assert {when for when, _ in log[so_far:]} <= {7.0}
        d.run()
        assert (d.now(), len(log)) == (507.0, 2 * MANY)


def test_a_failure_in_the_midst_comes_out_at_its_time() -> None:
    """The others go on at the next run."""
    log: Log = []

    def failing(seconds: float) -> None:
        sleep(seconds)
        raise ValueError(f"at {seconds}")

    with Dispatcher() as d:
        spawn_many(d, log, far_and_near)
        for seconds in (100.25, 200.25):
            d.spawn(failing, seconds)
        for seconds in (100.25, 200.25):
            with pytest.raises(ValueError, match=f"at {seconds}"):
                d.run()
            assert (d.now(), log[-1][0]) == (seconds, seconds - 0.25)
        d.run()
    assert len(log) == MANY


# --- times that do not come ---------------------------------------------------------------------


def test_a_time_that_nobody_waits_for_any_more_does_not_move_the_clock() -> None:
    """The last five hundred are stopped while they sleep."""
    log: Log = []
    with Dispatcher() as d:
        refs = spawn_many(d, log, far_and_near)
        d.settle()
        for number, ref in enumerate(refs):
            if far_and_near(number) > 250:
                ref.stop()
        d.run()
        assert (d.now(), len(log), d.next_deadline) == (250.0, 500, None)


def test_nor_does_one_that_is_called_off_in_the_midst() -> None:
    """At 100 the porter sends the rest away, also the one who is due at 100 but lay down later."""
    log: Log = []
    with Dispatcher() as d:

        def porter() -> None:
            sleep(100)
            for ref in refs:
                ref.stop()

        d.spawn(porter)
        refs = spawn_many(d, log, far_and_near)
        d.run()
        assert (d.now(), len(log)) == (100.0, 199)


def test_a_limit_that_was_not_needed_does_not_move_the_clock() -> None:
    """Each has a year for what takes seconds."""
    log: Log = []

    def patient(number: int) -> None:
        receive(Knock, after=365 * 86400)
        log.append((now(), number))

    def knocker(refs: list[ActorRef[None]]) -> None:
        for ref in refs:
            sleep(1)
            ref.send(Knock())

    with Dispatcher() as d:
        d.spawn(knocker, [d.spawn(patient, number) for number in range(MANY)])
        d.run()
        assert d.now() == MANY
    assert log == [(number + 1.0, number) for number in range(MANY)]


# --- from outside -------------------------------------------------------------------------------


def test_a_post_from_another_thread_gets_in() -> None:
    """In the midst of a long run, at the instant at which it is posted."""
    log: Log = []
    heard: list[float] = []

    def host() -> None:
        receive(Knock)
        heard.append(now())

    with Dispatcher() as d:
        door = d.spawn(host)

        def guest() -> None:
            sleep(123.25)
            thread = threading.Thread(target=d.post, args=(door, Knock()))
            thread.start()
            thread.join()

        spawn_many(d, log, far_and_near)
        d.spawn(guest)
        d.run()
    assert (heard, len(log)) == ([123.25], MANY)


def test_a_listener_may_come_and_go_in_the_midst() -> None:
    """Whoever listens hears all that happens meanwhile, and nothing else changes."""
    log: Log = []
    heard: list[float] = []

    def listener(_record: object) -> None:
        heard.append(d.now())

    def switching() -> None:
        sleep(100.25)
        d.listen(listener)
        sleep(100)
        d.unlisten(listener)

    with Dispatcher() as d:
        spawn_many(d, log, far_and_near)
        d.spawn(switching)
        d.run()
    assert log == sorted((far_and_near(number), number) for number in range(MANY))
    assert set(heard) == {100.25, 200.25, *(half / 2 for half in range(201, 401))}


def test_the_watchdog_sees_who_is_stuck_among_sleepers() -> None:
    """It is that one which is ended, at its time; the others sleep on."""
    log: Log = []

    def stuck() -> NoReturn:
        sleep(100.25)
        while True:
            pass

    with Dispatcher(watchdog=0.05) as d:
        spawn_many(d, log, far_and_near)
        ref = d.spawn(stuck, name="hamster")
        with pytest.raises(ActorStuckError, match="hamster"):
            d.run()
        assert (d.now(), ref.alive, len(log)) == (100.25, False, 200)
        d.run()
    assert len(log) == MANY


def test_a_ticking_clock_wakes_them_at_whole_ticks() -> None:
    """Ten a second: half of them share a tick, and wake in the order of lying down."""
    log: Log = []
    with Dispatcher(clock=VirtualClock(hz=10)) as d:
        spawn_many(d, log, lambda number: far_and_near(number) / 10)
        d.run(until=20.03)
        assert (d.now(), d.next_deadline, len(log)) == (20.0, 20.1, 400)
        d.run()
    ticks = [(-(-(number * 387 % MANY + 1) // 2), number) for number in range(MANY)]
    assert log == [(tick / 10, number) for tick, number in sorted(ticks)]
