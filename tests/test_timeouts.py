"""Timeouts and sleeps: the dispatcher's time, from deadline to deadline."""

from __future__ import annotations

from flowlet import ActorRef, Delay, Dispatcher, Event, Timeout, now, receive, sleep, state, until

Log = list[tuple[float, str]]


class Knock(Event): ...


class Kick(Event): ...


class Noise(Event): ...


def note(log: Log, came: object) -> None:
    """Write down what a wait brought, and when (the wait is over when this is called)."""
    log.append((now(), type(came).__name__))


def test_a_receive_gives_up_after_its_time() -> None:
    """`receive(..., after=5)` returns a Timeout five seconds later, not before."""
    log: Log = []

    def porter() -> None:
        note(log, receive(Knock, after=5))

    with Dispatcher() as d:
        d.spawn(porter)
        d.advance(4.5)
        assert log == []
        d.advance(0.5)
    assert log == [(5.0, "Timeout")]


def test_an_event_in_time_is_no_timeout() -> None:
    """The timer of a receive that was answered is gone."""
    log: Log = []

    def porter() -> None:
        note(log, receive(Knock, after=5, at="first"))
        note(log, receive(Knock, after=5, at="second"))

    with Dispatcher() as d:
        ref = d.spawn(porter)
        d.advance(3)
        ref.send(Knock())
        d.advance(10)
    assert log == [(3.0, "Knock"), (8.0, "Timeout")]


def test_a_timeout_says_how_long_it_was() -> None:
    """A plain number of seconds makes a Timeout without a name."""

    def porter() -> tuple[str | None, float]:
        match receive(Knock, after=5):
            case Timeout() as late:
                return late.name, late.seconds
            case Knock():
                return "knocked", 0

    with Dispatcher() as d:
        ref = d.spawn(porter)
        d.advance(5)
        assert ref.result == (None, 5)


def test_a_delay_gives_the_timeout_its_name() -> None:
    """`Delay(name, seconds)` stands where seconds may, and the Timeout says which it was."""

    def porter() -> tuple[str | None, float]:
        late = receive(Knock, after=Delay("patience", 5))
        assert isinstance(late, Timeout)
        return late.name, late.seconds

    with Dispatcher() as d:
        ref = d.spawn(porter)
        d.advance(5)
        assert ref.result == ("patience", 5)


def test_a_delay_stands_in_every_wait() -> None:
    """`sleep` and `until` take a Delay as well."""
    log: list[object] = []

    def porter() -> None:
        sleep(Delay("nap", 2))
        log.append(now())
        with until(after=Delay("shift", 3)) as end:
            receive(Knock, at="post")
        assert isinstance(end.event, Timeout)
        log.append((now(), end.event.name, end.event.seconds))

    with Dispatcher() as d:
        d.spawn(porter)
        d.run()
    assert log == [2.0, (5.0, "shift", 3)]


def test_a_delay_may_grow() -> None:
    """A retransmission doubles its delay: the name stays, the seconds do not."""
    log: list[tuple[float, str | None]] = []

    def sender() -> None:
        rto = 1.0
        for _ in range(4):
            late = receive(Knock, after=Delay("rtx", rto))
            assert isinstance(late, Timeout)
            log.append((now(), late.name))
            rto *= 2

    with Dispatcher() as d:
        d.spawn(sender)
        d.run()
    assert log == [(1.0, "rtx"), (3.0, "rtx"), (7.0, "rtx"), (15.0, "rtx")]


def test_time_goes_from_deadline_to_deadline() -> None:
    """One long step of time fires each timer at its own time, also those armed on the way."""
    log: Log = []

    def clockwork() -> None:
        for _ in range(5):
            sleep(1)
            log.append((now(), "tick"))

    with Dispatcher() as d:
        d.spawn(clockwork)
        d.advance(10)
        assert d.now() == 10.0
    assert log == [(t, "tick") for t in (1.0, 2.0, 3.0, 4.0, 5.0)]


def test_unwanted_mail_does_not_restart_the_time() -> None:
    """What is thrown away meanwhile gives no new patience."""
    log: Log = []

    def porter() -> None:
        note(log, receive(Knock, after=5))

    with Dispatcher() as d:
        ref = d.spawn(porter)
        d.advance(3)
        ref.send(Noise())
        d.advance(10)
    assert log == [(5.0, "Timeout")]


def test_mail_kept_by_where_does_not_restart_the_time() -> None:
    """An event that stays in the mailbox is no answer."""
    log: Log = []

    def porter() -> None:
        note(log, receive(Knock, where=lambda _: False, after=5))

    with Dispatcher() as d:
        ref = d.spawn(porter)
        d.advance(3)
        ref.send(Knock())
        d.advance(10)
    assert log == [(5.0, "Timeout")]


def test_a_receive_of_nothing_waits_its_time_out() -> None:
    """`receive(after=s)` always returns a Timeout."""

    def deaf() -> tuple[str, float]:
        return type(receive(after=3)).__name__, now()

    with Dispatcher() as d:
        ref = d.spawn(deaf)
        d.run()
        assert ref.result == ("Timeout", 3.0)


def test_no_patience_at_all_still_takes_mail_that_is_there() -> None:
    """`after=0` asks the mailbox: an event that waits already is taken, else it is a Timeout."""
    log: Log = []

    def poll() -> None:
        for _ in range(3):
            note(log, receive(Knock, after=0))

    with Dispatcher() as d:
        ref = d.spawn(poll)
        ref.send(Knock())
        ref.send(Knock())
        d.settle()
        assert d.now() == 0.0
    assert log == [(0.0, "Knock"), (0.0, "Knock"), (0.0, "Timeout")]


def test_timers_of_one_instant_go_off_in_the_order_in_which_they_were_armed() -> None:
    """Equal deadlines keep the order of arming, not of names or of length."""
    log: Log = []

    def sleeper(name: str, first: float, second: float) -> None:
        sleep(first)
        sleep(second)
        log.append((now(), name))

    with Dispatcher() as d:
        d.spawn(sleeper, "armed last", 4, 1)
        d.spawn(sleeper, "armed first", 1, 4)
        d.spawn(sleeper, "armed second", 2, 3)
        d.advance(5)
    assert log == [(5.0, "armed first"), (5.0, "armed second"), (5.0, "armed last")]


def test_shorter_waits_come_first_whoever_armed_them() -> None:
    """Deadlines are kept in order of time."""
    log: list[float] = []

    def sleeper(seconds: float) -> None:
        sleep(seconds)
        log.append(now())

    with Dispatcher() as d:
        for seconds in (7, 3, 9, 1, 5):
            d.spawn(sleeper, seconds)
        d.run()
    assert log == [1.0, 3.0, 5.0, 7.0, 9.0]


def test_all_timers_of_an_instant_are_due_before_any_is_handled() -> None:
    """What an actor sends at an instant does not overtake a timer that is due at it."""
    log: Log = []

    def late_porter() -> None:
        note(log, receive(Knock, after=5, at="patient"))
        note(log, receive(Knock, after=5, at="again"))

    def guest(porter: ActorRef[None]) -> None:
        sleep(5)
        porter.send(Knock())

    with Dispatcher() as d:
        porter = d.spawn(late_porter)
        d.spawn(guest, porter)
        d.advance(5)
    assert log == [(5.0, "Timeout"), (5.0, "Knock")]


def test_a_guest_whose_timer_is_older_still_comes_after_the_due_timer() -> None:
    """The guest wakes first, but the porter's timer was due already."""
    log: Log = []

    def guest() -> None:
        sleep(5)
        porter.send(Knock())

    def patient() -> None:
        note(log, receive(Knock, after=5, at="patient"))
        note(log, receive(Knock, after=5, at="again"))

    with Dispatcher() as d:
        d.spawn(guest)
        porter = d.spawn(patient)
        d.advance(5)
    assert log == [(5.0, "Timeout"), (5.0, "Knock")]


def test_an_event_from_before_the_instant_comes_before_its_timer() -> None:
    """A knock that is in the mailbox when the time is up is heard, not timed out."""
    log: Log = []

    def porter() -> None:
        sleep(5)
        note(log, receive(Knock, after=0))

    with Dispatcher() as d:
        ref = d.spawn(porter)
        d.advance(2)
        ref.send(Knock())
        d.advance(3)
    assert log == [(5.0, "Knock")]


def test_an_event_sent_before_time_moves_is_delivered_in_the_old_time() -> None:
    """`advance` first does what is ready: the knock of second 0 is not late at second 5."""
    log: Log = []

    def porter() -> None:
        note(log, receive(Knock, after=5))

    with Dispatcher() as d:
        d.spawn(porter).send(Knock())
        d.advance(5)
    assert log == [(0.0, "Knock")]


def test_a_timer_of_a_left_block_never_fires_late() -> None:
    """Both are due at second 5; the older one leaves the block, the younger one dies with it."""
    log: Log = []

    def porter() -> None:
        with until(after=5):
            note(log, receive(Knock, after=5, at="inner"))
        note(log, receive(Kick, after=10, at="after it"))

    with Dispatcher() as d:
        d.spawn(porter)
        d.run()
    assert log == [(15.0, "Timeout")]


def test_a_queued_timer_dies_when_an_event_leaves_its_block_at_the_same_instant() -> None:
    """The kick was there before the instant began, so the sleep never ends by itself."""
    log: Log = []

    def porter() -> None:
        sleep(5)
        with until(Kick):
            sleep(0)
            log.append((now(), "slept on"))
        log.append((now(), "kicked"))
        note(log, receive(Knock, after=7, at="next"))

    with Dispatcher() as d:
        ref = d.spawn(porter)
        d.advance(1)
        ref.send(Kick())
        d.run()
        assert d.now() == 12.0
    assert log == [(5.0, "kicked"), (12.0, "Timeout")]


def test_a_stopped_actor_leaves_no_deadline_behind() -> None:
    """The timers of an ended actor are gone."""

    def sleeper() -> None:
        with state("asleep"), until(after=7):
            sleep(5)

    with Dispatcher() as d:
        ref = d.spawn(sleeper)
        d.settle()
        assert d.next_deadline == 5.0
        ref.stop()
        d.settle()
        assert d.next_deadline is None


def test_a_thousand_answered_timeouts_leave_one_deadline() -> None:
    """Most timers never fire; they do not pile up."""

    def porter() -> None:
        while True:
            receive(Knock, after=60)

    with Dispatcher() as d:
        ref = d.spawn(porter)
        for _ in range(1000):
            ref.send(Knock())
            d.advance(1)
        assert d.next_deadline == 1059.0


def test_now_is_the_time_of_what_is_being_handled() -> None:
    """Time stands still while an actor works."""
    log: list[float] = []

    def worker() -> None:
        log.append(now())
        sleep(2.5)
        log.extend([now(), now()])

    with Dispatcher() as d:
        d.advance(1)
        d.spawn(worker)
        d.run()
    assert log == [1.0, 3.5, 3.5]


def test_a_wait_of_a_year_costs_nothing() -> None:
    """Virtual time jumps."""
    year = 365 * 24 * 3600

    def hermit() -> float:
        sleep(year)
        return now()

    with Dispatcher() as d:
        assert d.run(until=d.spawn(hermit)) == year
