"""Where the time of an event goes: each part alone, in raw greenlet round trips.

    python -m benchmarks.parts

The parts do not add up to the whole: what follows each other is quicker than its parts.
"""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.__main__ import stay_on_one_core
from benchmarks.measure import Subject, interleave, timed
from flowlet import Dispatcher, Event, emit, receive, state

TASK = "part"
ROUNDS = 15


class Go(Event): ...


def once() -> None:
    receive(Go)


def send_to_parked(count: int) -> float:
    event = Go()
    with Dispatcher() as d:
        refs = [d.spawn(once) for _ in range(count)]
        d.settle()
        with timed() as watch:
            for ref in refs:
                ref.send(event)
        d.settle()
    return watch.seconds


def settle_with_nothing(count: int) -> float:
    with Dispatcher() as d:
        d.spawn(once)
        d.settle()
        settle = d.settle
        with timed() as watch:
            for _ in range(count):
                settle()
    return watch.seconds


def make_event(count: int) -> float:
    with timed() as watch:
        for _ in range(count):
            Go()
    return watch.seconds


def inside(body: Callable[[], None]) -> float:
    """The time of something done by an actor."""
    seconds: list[float] = []

    def actor() -> None:
        with timed() as watch:
            body()
        seconds.append(watch.seconds)

    with Dispatcher() as d:
        d.spawn(actor, on_output=[].append)
        d.settle()
    return seconds[0]


def emit_to_function(count: int) -> float:
    def body() -> None:
        for _ in range(count):
            emit(1)

    return inside(body)


def enter_and_leave_state(count: int) -> float:
    def body() -> None:
        for _ in range(count):
            with state("busy"):
                pass

    return inside(body)


def mailbox(count: int) -> tuple[float, float]:
    """Seconds to send so many events into a mailbox, and to receive them from it."""
    event, received = Go(), [0.0]

    def actor() -> None:
        receive(Go)
        receive(Go)  # the first two are handed over, and make the mailbox
        with timed() as watch:
            for _ in range(count):
                receive(Go)
        received[0] = watch.seconds

    with Dispatcher() as d:
        ref = d.spawn(actor)
        d.settle()
        ref.send(event)
        ref.send(event)
        with timed() as watch:
            for _ in range(count):
                ref.send(event)
        d.settle()
    return watch.seconds, received[0]


def life(count: int) -> tuple[float, float, float]:
    """Seconds to spawn so many, to give them their first turn, and their last."""
    event = Go()

    def batch(d: Dispatcher) -> tuple[float, float, float]:
        with timed() as spawned:
            refs = [d.spawn(once) for _ in range(count)]
        with timed() as begun:
            d.settle()
        for ref in refs:
            ref.send(event)
        with timed() as ended:
            d.settle()
        return spawned.seconds, begun.seconds, ended.seconds

    with Dispatcher() as d:
        batch(d)
        return batch(d)  # now there are greenlets to be used again


SUBJECTS = (
    Subject(TASK, "`send` to a parked actor", send_to_parked, 1_000),
    Subject(TASK, "`settle` when there is nothing to do", settle_with_nothing),
    Subject(TASK, "`emit` to a function", emit_to_function),
    Subject(TASK, "making an event without fields", make_event),
    Subject(TASK, "a `with state(…)`, entered and left", enter_and_leave_state),
    Subject(TASK, "`send` into a mailbox", lambda count: mailbox(count)[0]),
    Subject(TASK, "`receive` from a mailbox", lambda count: mailbox(count)[1]),
    Subject(TASK, "a life: `spawn`", lambda count: life(count)[0], 1_000),
    Subject(TASK, "a life: its first turn", lambda count: life(count)[1], 1_000),
    Subject(TASK, "a life: its last turn and its end", lambda count: life(count)[2], 1_000),
)


def main() -> None:
    """Measure all, and print the table of docs/performance.md."""
    stay_on_one_core()
    samples = interleave(SUBJECTS, ROUNDS)
    print("| part | round trips |\n|---|---|")
    for each in SUBJECTS:
        print(f"| {each.who} | {samples.ratio(each.key):.2f} |")


if __name__ == "__main__":
    main()
