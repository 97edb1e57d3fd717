"""Shared cells, and `wait_until`: waiting for something to be true of them."""

from __future__ import annotations

import threading

import pytest

from flowlet import (
    Cell,
    DeadlockError,
    Dispatcher,
    Event,
    IllegalCallError,
    me,
    now,
    observe,
    on,
    parallel,
    pause,
    receive,
    sleep,
    state,
    until,
    wait_until,
)


class Go(Event): ...


class Status(Event): ...


def setter(cell: Cell[int], *values: int) -> None:
    """Sets a cell to one value after the other, each at one `Go`."""
    for value in values:
        receive(Go)
        cell.value = value


# --- cells ------------------------------------------------------------------------------------


def test_a_cell_holds_a_value_that_everybody_sees() -> None:
    """Actors read and write it; so does whoever drives them."""

    def doubler(cell: Cell[int]) -> None:
        cell.value *= 2

    with Dispatcher() as d:
        count = d.shared("count", 3)
        d.spawn(doubler, count)
        d.spawn(doubler, count)
        d.settle()
        assert (count.name, count.value) == ("count", 12)
        count.value = 1
        assert repr(count) == "<shared 'count': 1>"


def test_a_name_is_given_once() -> None:
    """Two cells of one name would be two truths; another dispatcher has cells of its own."""
    with Dispatcher() as d, Dispatcher() as other:
        d.shared("turn", 1)
        with pytest.raises(ValueError, match="there is a shared cell 'turn' already"):
            d.shared("turn", 2)
        assert other.shared("turn", 2).value == 2


def test_another_thread_may_not_set_a_cell() -> None:
    """It is told to post an event instead, and nothing is changed."""
    said: list[str] = []

    def outsider(cell: Cell[int]) -> None:
        try:
            cell.value = 2
        except IllegalCallError as error:
            said.append(str(error))

    with Dispatcher() as d:
        turn = d.shared("turn", 1)
        thread = threading.Thread(target=outsider, args=(turn,))
        thread.start()
        thread.join(5)
        assert turn.value == 1
    assert "dispatcher.post(ref, event)" in said[0]


# --- waiting ------------------------------------------------------------------------------------


def test_it_goes_on_when_the_predicate_holds() -> None:
    """Not before: a change that does not make it true leaves it waiting."""

    def waiter(cell: Cell[int]) -> int:
        wait_until(lambda: cell.value > 1)
        return cell.value

    with Dispatcher() as d:
        level = d.shared("level", 0)
        ref = d.spawn(waiter, level)
        d.settle()
        level.value = 1
        d.settle()
        assert ref.alive
        level.value = 2
        d.settle()
        assert ref.result == 2


def test_it_always_parks() -> None:
    """Even if it holds already, the others have their turn first."""
    log: list[str] = []

    def waiter(cell: Cell[int]) -> None:
        log.append("waits")
        wait_until(lambda: cell.value == 1)
        log.append("goes on")

    def other() -> None:
        log.append("other")

    with Dispatcher() as d:
        d.spawn(waiter, d.shared("turn", 1))
        d.spawn(other)
        d.settle()
    assert log == ["waits", "other", "goes on"]


def test_what_no_longer_holds_at_its_turn_does_not_go_on() -> None:
    """Of two that wait for one lock, the second finds it taken again."""
    log: list[str] = []

    def worker(name: str, lock: Cell[bool]) -> None:
        wait_until(lambda: not lock.value)
        lock.value = True
        log.append(f"{name} in")
        sleep(1)
        log.append(f"{name} out")
        lock.value = False

    with Dispatcher() as d:
        lock = d.shared("lock", False)
        for name in ("ann", "bob", "cy"):
            d.spawn(worker, name, lock)
        d.run()
    assert log == ["ann in", "ann out", "bob in", "bob out", "cy in", "cy out"]


def test_it_looks_again_only_when_a_cell_that_it_read_has_changed() -> None:
    """No polling: another cell, the same value, mail and time do not make it look."""
    looks: list[int] = []

    def waiter(cell: Cell[int]) -> None:
        def ready() -> bool:
            looks.append(cell.value)
            return cell.value == 2

        wait_until(ready)

    with Dispatcher() as d:
        mine, other = d.shared("mine", 0), d.shared("other", 0)
        ref = d.spawn(waiter, mine)
        d.settle()
        other.value = 1
        mine.value = 0
        ref.send(Go())
        d.advance(10)
        assert looks == [0]
        mine.value = 1
        d.settle()
        assert looks == [0, 1]
        mine.value = 2
        d.settle()
        assert looks == [0, 1, 2]


def test_several_changes_before_its_turn_are_one_look() -> None:
    """It sees what is there when it looks."""
    looks: list[int] = []

    def waiter(cell: Cell[int]) -> None:
        wait_until(lambda: looks.append(cell.value) or cell.value == 9)  # type: ignore[func-returns-value]

    with Dispatcher() as d:
        cell = d.shared("cell", 0)
        d.spawn(waiter, cell)
        d.settle()
        for value in (1, 9, 2, 3):
            cell.value = value
        d.settle()
        assert looks == [0, 3]


def test_what_cannot_be_compared_has_changed() -> None:
    """An array does not say whether it is the same one; better one look too many than none."""

    class Array:
        def __eq__(self, other: object) -> bool:
            raise ValueError("which of the elements?")

        __hash__ = None  # type: ignore[assignment]

    looks: list[object] = []

    def waiter(cell: Cell[object]) -> None:
        def ready() -> bool:
            looks.append(cell.value)
            return len(looks) == 3

        wait_until(ready)

    with Dispatcher() as d:
        cell: Cell[object] = d.shared("cell", Array())
        ref = d.spawn(waiter, cell)
        d.settle()
        cell.value = Array()
        d.settle()
        cell.value = 1
        d.settle()
        assert not ref.alive


def test_what_it_reads_may_change_from_look_to_look() -> None:
    """The cells that the last look has read count, and no others."""
    looks: list[str] = []

    def waiter(which: Cell[str], left: Cell[int], right: Cell[int]) -> None:
        def ready() -> bool:
            looks.append(which.value)
            return (left if which.value == "left" else right).value == 1

        wait_until(ready)

    with Dispatcher() as d:
        which, left, right = d.shared("which", "left"), d.shared("left", 0), d.shared("right", 0)
        ref = d.spawn(waiter, which, left, right)
        d.settle()
        right.value = 5
        d.settle()
        assert looks == ["left"]
        which.value = "right"
        d.settle()
        left.value = 1
        d.settle()
        assert (looks, ref.alive) == (["left", "right"], True)
        right.value = 1
        d.settle()
        assert (looks, ref.alive) == (["left", "right", "right"], False)


def test_of_several_that_hold_the_first_to_wait_goes_on_first() -> None:
    """However the cells were changed: here the one that ann waits for changes last."""
    log: list[str] = []

    def waiter(name: str, cell: Cell[int]) -> None:
        wait_until(lambda: cell.value == 1)
        log.append(name)

    with Dispatcher() as d:
        first, second, third = (d.shared(name, 0) for name in ("first", "second", "third"))
        for name, cell in (("ann", first), ("bob", second), ("cy", third)):
            d.spawn(waiter, name, cell)
        d.settle()
        third.value = 1
        second.value = 1
        first.value = 1
        d.settle()
    assert log == ["ann", "bob", "cy"]


def test_one_that_looks_again_has_not_lost_its_place() -> None:
    """It began to wait before the other did, and has only looked since."""
    log: list[str] = []

    def waiter(name: str, cell: Cell[int], wanted: int) -> None:
        wait_until(lambda: cell.value >= wanted)
        log.append(name)

    with Dispatcher() as d:
        cell = d.shared("cell", 0)
        d.spawn(waiter, "ann", cell, 2)
        d.settle()
        cell.value = 1
        d.settle()
        d.spawn(waiter, "bob", cell, 2)
        d.settle()
        cell.value = 2
        d.settle()
    assert log == ["ann", "bob"]


def test_who_waits_gives_nobody_elses_turn_away() -> None:
    """Those who are ready for another reason keep their places between them."""
    log: list[str] = []

    def waiter(name: str, cell: Cell[int]) -> None:
        wait_until(lambda: cell.value == 1)
        log.append(name)

    def reader(name: str) -> None:
        receive(Go)
        log.append(name)

    with Dispatcher() as d:
        first, second = d.shared("first", 0), d.shared("second", 0)
        d.spawn(waiter, "ann", first)
        d.spawn(waiter, "bob", second)
        readers = [d.spawn(reader, name) for name in ("early", "late")]
        d.settle()
        readers[0].send(Go())
        second.value = 1
        readers[1].send(Go())
        first.value = 1
        d.settle()
    assert log == ["early", "ann", "late", "bob"]


def test_the_predicate_is_asked_as_the_actor() -> None:
    """`me` and `now` in it are the waiting actor's."""
    asked: list[tuple[str, float]] = []

    def waiter(cell: Cell[int]) -> None:
        def ready() -> bool:
            asked.append((me().name, now()))
            return cell.value == 1

        wait_until(ready)

    with Dispatcher() as d:
        cell = d.shared("cell", 0)
        d.spawn(waiter, cell, name="ann")
        d.advance(3)
        cell.value = 1
        d.settle()
    assert asked == [("ann", 0.0), ("ann", 3.0)]


def test_a_look_is_one_step() -> None:
    """First turn, first look; the change, and the look that holds."""

    def waiter(cell: Cell[int]) -> None:
        wait_until(lambda: cell.value == 1)
        receive(Go)

    with Dispatcher() as d:
        cell = d.shared("cell", 0)
        ref = d.spawn(waiter, cell)
        ref.send(Go())
        assert [d.step(), d.step(), d.step()] == [True, True, False]
        cell.value = 1
        assert d.step()
        assert (ref.alive, cell.value) == (True, 1)
        assert d.step()
        assert not ref.alive


# --- mail, blocks and the end -------------------------------------------------------------------


def test_mail_is_kept_meanwhile() -> None:
    """It takes nothing and loses nothing."""

    def waiter(cell: Cell[int]) -> str:
        wait_until(lambda: cell.value == 1)
        return type(receive(Go)).__name__

    with Dispatcher() as d:
        cell = d.shared("cell", 0)
        ref = d.spawn(waiter, cell)
        d.settle()
        ref.send(Go())
        d.settle()
        cell.value = 1
        d.settle()
        assert (ref.result, ref.discarded) == ("Go", 0)


def test_an_until_outside_hears() -> None:
    """An event or a time limit; and the cell tells it nothing any more."""
    looks: list[int] = []

    def waiter(cell: Cell[int]) -> tuple[str, float]:
        with until(Go, after=5) as end:
            wait_until(lambda: looks.append(cell.value) or False)  # type: ignore[func-returns-value]
        cause, when = type(end.event).__name__, now()
        sleep(10)
        return cause, when

    with Dispatcher() as d:
        cell = d.shared("cell", 0)
        called, late = d.spawn(waiter, cell), d.spawn(waiter, cell)
        d.advance(1)
        called.send(Go())
        d.advance(5)
        cell.value = 1
        d.run()
        assert (called.result, late.result) == (("Go", 1.0), ("Timeout", 5.0))
    assert looks == [0, 0]


def test_a_handler_outside_may_make_it_true() -> None:
    """The handler sets the cell in the midst of the wait, which then goes on."""

    def waiter(cell: Cell[int]) -> str:
        def handle(_: Status) -> None:
            cell.value = 1

        with on(Status, handle):
            wait_until(lambda: cell.value == 1)
        return "done"

    with Dispatcher() as d:
        ref = d.spawn(waiter, d.shared("cell", 0))
        d.settle()
        ref.send(Status())
        d.settle()
        assert ref.result == "done"


def test_while_a_handler_waits_the_wait_inside_is_asleep() -> None:
    """It looks when the handler has returned, and sees what is there then."""
    looks: list[int] = []

    def waiter(cell: Cell[int]) -> None:
        def ready() -> bool:
            looks.append(cell.value)
            return cell.value == 2

        with on(Status, lambda _: receive(Go)):
            wait_until(ready)

    with Dispatcher() as d:
        cell = d.shared("cell", 0)
        ref = d.spawn(waiter, cell)
        d.settle()
        ref.send(Status())
        d.settle()
        cell.value = 1
        d.settle()
        assert looks == [0]
        cell.value = 2
        ref.send(Go())
        d.settle()
        assert (looks, ref.alive) == ([0, 2], False)


def test_a_stopped_actor_waits_no_more() -> None:
    """The stop is raised at the wait, and its cell forgets it."""
    log: list[str] = []

    def waiter(cell: Cell[int]) -> None:
        try:
            wait_until(lambda: log.append("looks") or cell.value == 1)  # type: ignore[func-returns-value]
        finally:
            log.append("clean-up")

    with Dispatcher() as d:
        cell = d.shared("cell", 0)
        ref = d.spawn(waiter, cell)
        d.settle()
        ref.stop()
        cell.value = 1
        d.settle()
        assert not ref.alive
    assert log == ["looks", "clean-up"]


def test_what_never_comes_true_is_a_deadlock() -> None:
    """The report names the actor and its line, as for every other wait."""

    def waiter(cell: Cell[int]) -> None:
        wait_until(lambda: cell.value == 1)

    with Dispatcher() as d:
        ref = d.spawn(waiter, d.shared("cell", 0))
        with pytest.raises(DeadlockError, match=r"waiter in waiter at .*test_cells\.py:\d+"):
            d.run(until=ref)


def test_regions_wait_for_cells_as_well() -> None:
    """One region waits for what the other sets; and an `until` in it hears."""

    def pair(cell: Cell[int]) -> object:
        def setting() -> str:
            receive(Go)
            cell.value = 1
            return "set"

        def waiting() -> str:
            wait_until(lambda: cell.value == 1)
            return "seen"

        def leaving() -> str:
            with until(Go):
                wait_until(lambda: cell.value == 2)
            return "left"

        return parallel(waiting, setting, leaving)

    with Dispatcher() as d:
        ref = d.spawn(pair, d.shared("cell", 0))
        d.settle()
        ref.send(Go())
        d.settle()
        assert ref.result == ("seen", "set", "left")


def test_the_wait_is_called_wait_until() -> None:
    """As a state, and as the edge out of it; `at` gives the state another name."""

    def player(turn: Cell[int]) -> None:
        with state("game"):
            wait_until(lambda: turn.value == 1)
            wait_until(lambda: turn.value == 2)
            wait_until(lambda: turn.value == 3, at="last")

    with Dispatcher() as d:
        seen = observe(d)
        turn = d.shared("turn", 0)
        ref = d.spawn(player, turn)
        d.settle()
        assert ref.state == ("game", "wait_until")
        for value in (7, 1, 7, 2, 7, 3):
            turn.value = value
            d.settle()
    assert seen.graph.triples() == {
        ("game/wait_until", "wait_until", "game/wait_until#2"),
        ("game/wait_until#2", "wait_until", "game/last"),
        ("game/last", "wait_until", "end"),
    }


def test_petersons_algorithm_keeps_two_out_of_one_section() -> None:
    """Two flags and a turn, as in the textbook: never both inside."""
    inside: list[int] = []
    visits: list[int] = []

    def process(i: int, wants: list[Cell[bool]], turn: Cell[int]) -> None:
        for _ in range(3):
            wants[i].value = True
            turn.value = 1 - i
            wait_until(lambda: not wants[1 - i].value or turn.value == i)
            inside.append(i)
            assert inside == [i]
            visits.append(i)
            sleep(1)
            inside.remove(i)
            wants[i].value = False

    with Dispatcher() as d:
        wants = [d.shared("wants0", False), d.shared("wants1", False)]
        turn = d.shared("turn", 0)
        for i in (0, 1):
            d.spawn(process, i, wants, turn)
        d.run()
        assert d.actors == []
    assert visits == [0, 1, 0, 1, 0, 1] or visits == [1, 0, 1, 0, 1, 0]


# --- mistakes -------------------------------------------------------------------------------------


def test_a_predicate_that_reads_no_cell_and_does_not_hold_would_wait_for_ever() -> None:
    """That is an error which says so; if it holds, there is nothing to wait for."""
    flag = [True]

    def waiter() -> str:
        wait_until(lambda: flag[0])
        flag[0] = False
        wait_until(lambda: flag[0])
        return "never here"

    with Dispatcher() as d:
        d.spawn(waiter)
        with pytest.raises(IllegalCallError, match="has read no shared cell"):
            d.settle()


def test_an_error_in_the_predicate_is_raised_at_the_wait() -> None:
    """It is the actor's own code, whenever it is asked."""

    def waiter(cell: Cell[int]) -> str:
        try:
            wait_until(lambda: 1 // cell.value > 5)
        except ZeroDivisionError:
            return "caught"
        return "never here"

    with Dispatcher() as d:
        cell = d.shared("cell", 1)
        ref = d.spawn(waiter, cell)
        d.settle()
        cell.value = 0
        d.settle()
        assert ref.result == "caught"


def test_a_predicate_only_looks() -> None:
    """It neither waits nor sets a cell: it is asked in the midst of a wait."""

    def receives(cell: Cell[int]) -> None:
        wait_until(lambda: cell.value == len(receive(Go).model_dump()))

    def sleeps(cell: Cell[int]) -> None:
        wait_until(lambda: sleep(1) or cell.value)

    def nests(cell: Cell[int]) -> None:
        wait_until(lambda: wait_until(lambda: cell.value))

    def sets(cell: Cell[int]) -> None:
        wait_until(lambda: setattr(cell, "value", 1) or True)  # type: ignore[func-returns-value]

    for wrong in (receives, sleeps, nests, sets):
        with Dispatcher() as d:
            cell = d.shared("cell", 0)
            d.spawn(wrong, cell)
            with pytest.raises(IllegalCallError, match="predicate of a"):
                d.settle()
            assert cell.value == 0


def test_what_is_no_predicate_is_told() -> None:
    """The usual slip: the comparison itself instead of a function."""

    def slip(cell: Cell[int]) -> None:
        wait_until(cell.value == 1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

    with Dispatcher() as d:
        d.spawn(slip, d.shared("cell", 0))
        with pytest.raises(TypeError, match=r"write wait_until\(lambda: cell\.value == 1\)"):
            d.settle()
    with pytest.raises(IllegalCallError, match="wait_until was called outside an actor"):
        wait_until(lambda: True)


def test_who_does_something_else_first_has_no_place_among_those_who_are_about_to_look() -> None:
    """It was to look, has handled an event instead, and comes later: in the order of the queue."""
    log: list[str] = []

    def early() -> None:
        wait_until(lambda: gate.value)
        log.append("early")

    def late() -> None:
        def answer(status: Status) -> None:
            receive(Status)
            log.append("late has answered")

        with on(Status, answer):
            wait_until(lambda: False if gate.value else door.value)

    with Dispatcher() as d:
        gate, door = d.shared("gate", False), d.shared("door", False)
        d.spawn(early)
        ref = d.spawn(late)
        ref.send(Status())
        d.settle()
        ref.send(Status())
        gate.value = True
        d.settle()
    assert log == ["late has answered", "early"]


def test_a_region_that_looks_for_the_first_time_keeps_its_place() -> None:
    """It has waited for its turn as a `pause` does; who waits for a change does not move it."""
    log: list[str] = []

    def patient() -> None:
        wait_until(lambda: door.value > 1)

    def region() -> None:
        wait_until(lambda: door.value >= 0)
        log.append("looked")

    def late() -> None:
        pause()
        log.append("went on")

    def mover() -> None:
        sleep(0)
        door.value = 1

    with Dispatcher() as d:
        door = d.shared("door", 0)
        for actor in (patient, mover, lambda: parallel(region), lambda: parallel(late)):
            d.spawn(actor)
        d.settle()
    assert log == ["looked", "went on"]
