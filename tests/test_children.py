"""Children: an actor's own actors, which end with it, and whose failure is its own."""

from __future__ import annotations

import pytest

from flowlet import (
    ActorRef,
    ChildFailedError,
    Dispatcher,
    Event,
    Exited,
    emit,
    me,
    now,
    on,
    receive,
    sleep,
    spawn,
    until,
    watch,
    whereis,
)

Log = list[tuple[float, str]]


class Go(Event): ...


class Job(Event):
    number: int = 0


class Done(Event):
    number: int = 0


def test_a_child_runs_beside_its_parent() -> None:
    """A child has a mailbox of its own."""

    def worker(boss: ActorRef[int]) -> None:
        while True:
            boss.send(Done(receive(Job).number * 2))

    def boss() -> int:
        worker_ref = spawn(worker, me())
        worker_ref.send(Job(21))
        return receive(Done).number

    with Dispatcher() as d:
        ref: ActorRef[int] = d.spawn(boss)
        d.settle()
        assert ref.result == 42


def test_a_child_starts_after_its_parent_has_reached_a_wait() -> None:
    """Run to completion: spawning switches nobody."""
    log: list[str] = []

    def child() -> None:
        log.append("child starts")

    def parent() -> None:
        spawn(child)
        log.append("parent goes on")
        receive(Go)

    with Dispatcher() as d:
        d.spawn(parent)
        d.settle()
    assert log == ["parent goes on", "child starts"]


def test_children_end_with_their_parent() -> None:
    """When the parent returns, its children are ended, with their clean-up."""
    log: list[str] = []
    children: list[ActorRef[None]] = []

    def child(name: str) -> None:
        try:
            receive(Go)
        finally:
            log.append(name)

    def parent() -> None:
        children.extend([spawn(child, "ann"), spawn(child, "bob")])
        receive(Go)

    with Dispatcher() as d:
        ref = d.spawn(parent)
        d.settle()
        assert [c.alive for c in children] == [True, True]
        ref.send(Go())
        d.settle()
        assert [c.alive for c in children] == [False, False]
    assert sorted(log) == ["ann", "bob"]


def test_grandchildren_end_too() -> None:
    """A family ends as a whole."""
    family: list[ActorRef[None]] = []

    def person(below: int) -> None:
        if below:
            family.append(spawn(person, below - 1))
        receive(Go)

    with Dispatcher() as d:
        eldest = d.spawn(person, 5)
        d.settle()
        assert [p.alive for p in family] == [True] * 5
        eldest.stop()
        d.settle()
        assert [p.alive for p in family] == [False] * 5


def test_a_child_may_end_before_its_parent() -> None:
    """A child that returns leaves its parent alone."""

    def child() -> str:
        return "grown up"

    def parent() -> str:
        ref = spawn(child)
        receive(Go)
        return f"{ref.alive} {ref.result}"

    with Dispatcher() as d:
        ref = d.spawn(parent)
        d.settle()
        ref.send(Go())
        d.settle()
        assert ref.result == "False grown up"


def test_a_child_of_a_block_ends_with_the_block() -> None:
    """`with spawn(...) as child:` waits at its end for the child's clean-up."""
    log: Log = []

    def heater() -> None:
        try:
            receive(Go)
        finally:
            sleep(3)
            log.append((now(), "heater cold"))

    def cook() -> None:
        with spawn(heater) as ref:
            sleep(10)
            log.append((now(), f"alive {ref.alive}"))
        log.append((now(), f"alive {ref.alive}"))

    with Dispatcher() as d:
        d.spawn(cook)
        d.run()
    assert log == [(10.0, "alive True"), (13.0, "heater cold"), (13.0, "alive False")]


def test_a_block_is_not_left_before_its_child_has_ended() -> None:
    """An `until` that comes during the wait for the child's clean-up does not orphan it."""
    log: Log = []

    def heater() -> None:
        try:
            receive(Go)
        finally:
            sleep(3)
            log.append((now(), "heater cold"))

    def cook() -> None:
        with until(Done):
            with spawn(heater):
                sleep(10)
        log.append((now(), "kitchen closed"))

    with Dispatcher() as d:
        ref = d.spawn(cook)
        d.advance(11)
        ref.send(Done())
        d.run()
    assert log == [(13.0, "heater cold"), (13.0, "kitchen closed")]


def test_a_block_may_outlive_its_child() -> None:
    """A child that has ended already is no trouble at the end of the block."""

    def spark() -> str:
        return "spark"

    def cook() -> str | None:
        with spawn(spark) as ref:
            sleep(1)
        return ref.result

    with Dispatcher() as d:
        assert d.run(until=d.spawn(cook)) == "spark"


def test_a_block_that_is_left_by_an_error_ends_its_child_first() -> None:
    """The error goes on when the child is gone."""
    log: list[str] = []

    def heater() -> None:
        try:
            receive(Go)
        finally:
            log.append("heater cold")

    def cook() -> None:
        try:
            with spawn(heater):
                sleep(1)
                raise ValueError("burnt")
        finally:
            log.append("kitchen closed")

    with Dispatcher() as d:
        d.spawn(cook)
        with pytest.raises(ValueError, match="burnt"):
            d.run()
    assert log == ["heater cold", "kitchen closed"]


def test_the_failure_of_a_child_ends_its_parent() -> None:
    """A failure that nobody watches goes up, after the parent's clean-up."""
    log: list[str] = []

    def child() -> None:
        receive(Job)
        raise ValueError("dropped it")

    def parent() -> None:
        try:
            spawn(child, name="butterfingers").send(Job())
            receive(Go)
        finally:
            log.append("parent cleaned up")

    with Dispatcher() as d:
        ref = d.spawn(parent)
        with pytest.raises(ChildFailedError, match="butterfingers"):
            d.settle()
        assert isinstance(ref.error, ChildFailedError)
        assert not ref.alive
    assert log == ["parent cleaned up"]


def test_the_failure_of_a_child_names_its_error() -> None:
    """Who reads the parent's error sees what went wrong below."""

    def child() -> None:
        raise ValueError("dropped it")

    def parent() -> None:
        spawn(child)
        receive(Go)

    with Dispatcher() as d:
        d.spawn(parent)
        with pytest.raises(ChildFailedError) as caught:
            d.settle()
    assert "ValueError" in str(caught.value)
    assert "dropped it" in str(caught.value)


def test_the_failure_of_a_child_is_raised_once() -> None:
    """One crash, one error at the top: the next settle is quiet."""

    def child() -> None:
        raise ValueError("dropped it")

    def parent() -> None:
        spawn(child)
        receive(Go)

    with Dispatcher() as d:
        d.spawn(parent)
        with pytest.raises(ChildFailedError):
            d.settle()
        d.settle()
        d.run()


def test_a_failure_goes_up_through_every_parent() -> None:
    """Grandparents end too; the brothers of the failed child are ended."""
    log: list[str] = []

    def brother() -> None:
        try:
            receive(Go)
        finally:
            log.append("brother ended")

    def child() -> None:
        receive(Job)
        raise ValueError("dropped it")

    def parent() -> None:
        spawn(brother)
        spawn(child).send(Job())
        receive(Go)

    def grandparent() -> None:
        spawn(parent)
        receive(Go)

    with Dispatcher() as d:
        ref = d.spawn(grandparent)
        with pytest.raises(ChildFailedError):
            d.settle()
        assert isinstance(ref.error, ChildFailedError)
    assert log == ["brother ended"]


def test_the_failure_of_a_child_leaves_other_families_alone() -> None:
    """Actors that are not above it go on."""

    def child() -> None:
        raise ValueError("dropped it")

    def parent() -> None:
        spawn(child)
        receive(Go)

    def neighbour() -> str:
        receive(Go)
        return "fine"

    with Dispatcher() as d:
        d.spawn(parent)
        ref = d.spawn(neighbour)
        with pytest.raises(ChildFailedError):
            d.settle()
        ref.send(Go())
        d.settle()
        assert ref.result == "fine"


def test_a_second_failure_does_not_cut_the_clean_up_short() -> None:
    """The first failure is the cause; the parent's clean-up takes its time all the same."""
    log: Log = []

    def child() -> None:
        receive(Job)
        raise ValueError("dropped it")

    def parent() -> None:
        children = [spawn(child, name=name) for name in ("first", "second")]
        for ref in children:
            ref.send(Job())
        try:
            receive(Go)
        finally:
            sleep(2)
            log.append((now(), "cleaned up"))

    with Dispatcher() as d:
        d.spawn(parent)
        with pytest.raises(ChildFailedError, match="first"):
            d.run()
        d.run()
    assert log == [(2.0, "cleaned up")]


def test_what_a_child_emits_is_its_own() -> None:
    """Outputs go to who drives the child, not to the parent's outputs."""
    seen: list[object] = []

    def child() -> None:
        emit("child's word")
        receive(Go)

    def parent() -> None:
        ref = spawn(child)
        emit("parent's word")
        receive(Go)
        seen.extend(ref.take())

    with Dispatcher() as d:
        ref = d.spawn(parent)
        d.settle()
        assert ref.take() == ["parent's word"]
        ref.send(Go())
        d.settle()
    assert seen == ["child's word"]


def test_five_hundred_children_of_one_parent() -> None:
    """Many actors that start at once are no deep recursion."""

    def child(boss: ActorRef[int], number: int) -> None:
        boss.send(Done(number))
        receive(Go)

    def parent() -> int:
        for number in range(500):
            spawn(child, me(), number)
        return sum(receive(Done).number for _ in range(500))

    with Dispatcher() as d:
        ref: ActorRef[int] = d.spawn(parent)
        d.settle()
        assert ref.result == sum(range(500))


def test_a_line_of_five_hundred_generations() -> None:
    """Each actor spawns the next one; a word goes down to the last; all end with the first."""
    heard: list[int] = []
    family: list[ActorRef[None]] = []

    def person(below: int) -> None:
        heir = spawn(person, below - 1) if below else None
        if heir is not None:
            family.append(heir)
        while True:
            word = receive(Job).number
            if heir is None:
                heard.append(word)
            else:
                heir.send(Job(word + 1))

    with Dispatcher() as d:
        eldest = d.spawn(person, 500)
        eldest.send(Job(0))
        d.settle()
        assert heard == [500]
        eldest.stop()
        d.settle()
        assert (len(family), any(p.alive for p in family)) == (500, False)


def test_a_ring_of_a_thousand_actors() -> None:
    """A token goes round from actor to actor, three times."""

    def member(successor: str) -> None:
        while (token := receive(Job).number) > 0:
            whereis(successor).send(Job(token - 1))
        emit("last")

    size = 1000
    with Dispatcher() as d:
        ring = [d.spawn(member, f"m{(n + 1) % size}", name=f"m{n}") for n in range(size)]
        ring[0].send(Job(3 * size))
        d.settle()
        assert [n for n, ref in enumerate(ring) if not ref.alive] == [0]
        assert ring[0].take() == ["last"]


# --- the end of `with spawn()` --------------------------------------------------------------------


def test_what_came_before_the_end_of_the_child_is_heard_before_the_block_is_left() -> None:
    """The notice of its end is for a handler outside; the block is left after that."""

    def boss() -> None:
        with on(Exited, lambda notice: emit("heard")):
            with spawn(lambda: receive(Done)) as worker:
                watch(worker)
                receive(Go)
            emit("left")

    with Dispatcher() as d:
        ref = d.spawn(boss)
        d.settle()
        ref.send(Go())
        d.settle()
        assert ref.take() == ["heard", "left"]


def test_a_stop_that_came_before_the_end_of_the_child_is_heard_too() -> None:
    """Both stand in the mailbox when the boss has its turn, and it does not go on."""

    def worker() -> None:
        try:
            receive(Done)
        finally:
            receive(Job)

    def boss() -> None:
        with spawn(worker, name="worker"):
            receive(Go)
        emit("went on")

    with Dispatcher() as d:
        ref = d.spawn(boss)
        d.settle()
        ref.send(Go())
        d.settle()
        found = d.find("worker")
        assert found is not None
        ref.stop()
        found.send(Job())
        d.settle()
        assert (ref.take(), ref.phase) == ([], "ended")


def test_a_child_that_ends_while_a_handler_waits_is_not_waited_for_again() -> None:
    """The handler takes five seconds, and the clean-up of the child two of them."""

    def worker() -> None:
        try:
            receive(Done)
        finally:
            sleep(2)

    def boss() -> None:
        with on(Job, lambda job: sleep(5)):
            with spawn(worker):
                sleep(1)
            emit(now())

    with Dispatcher() as d:
        ref = d.spawn(boss)
        d.advance(1.5)
        ref.send(Job())
        d.run()
        assert ref.take() == [6.5]
