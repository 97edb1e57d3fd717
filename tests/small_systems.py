"""Small systems as tables, and a plain search over them that knows nothing of how flowlet explores.

A `Row` is one wait of an actor and what it does after each way out of it.  `play` is the actor
function that does what a table says, `system` spawns such actors, and `search` is the contract
once more, over the tables alone: every state, every step, nothing remembered or reduced.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from flowlet import ActorRef, Dispatcher, Event, Timeout, choose, pause, receive, state, wait_until
from flowlet.cells import Cell

Kind = Literal["receive", "pause", "wait_until"]
Network = Literal["fifo", "unordered", "inbox_set", "duplicating"]


class A(Event): ...


class B(Event): ...


class C(Event): ...


EVENTS: dict[str, type[Event]] = {"A": A, "B": B, "C": C}


@dataclass(frozen=True)
class Then:
    """What an actor does between two waits: write the cell, send to the other, go to a row."""

    row: int | None
    send: tuple[str, ...] = ()
    write: int | None = None


@dataclass(frozen=True)
class Row:
    """One wait.  `takes` is what each event leads to, `keeps` what is kept for later."""

    kind: Kind = "receive"
    takes: tuple[tuple[str, Then], ...] = ()
    keeps: tuple[str, ...] = ()
    #: A receive: when the time is up. A pause, a wait_until: what follows, one of these.
    after: tuple[Then, ...] = ()
    #: The value of the cell that a wait_until waits for.
    value: int = 0


Table = tuple[Row, ...]


def play(table: Table, others: list[ActorRef[int]], cell: Cell[int]) -> int:
    """Do what the table says; the result is the row at which it ended."""
    at = 0
    while True:
        then = wait(table[at], at, cell)
        if then.write is not None:
            cell.value = then.write
        for name in then.send:
            others[0].send(EVENTS[name]())
        if then.row is None:
            return at
        at = then.row


def wait(row: Row, at: int, cell: Cell[int]) -> Then:
    """Wait as the row says, and return what follows."""
    if row.kind == "receive":
        with state(f"s{at}", defer=tuple(EVENTS[name] for name in row.keeps)):
            types = [EVENTS[name] for name, _ in row.takes]
            got = receive(*types, after=5 if row.after else None, at="r")
        if isinstance(got, Timeout):
            return row.after[0]
        return dict(row.takes)[type(got).__name__]
    if row.kind == "pause":
        with state(f"s{at}"):
            pause("p")
    else:
        with state(f"s{at}"):
            wait_until(lambda: cell.value == row.value, at="w")
    options = row.after
    return choose(*options) if len(options) > 1 else next(iter(options))


def system(d: Dispatcher, first: Table, second: Table) -> None:
    """Two actors and a cell."""
    cell = d.shared("cell", 0)
    # Each knows the other; they begin when the run does, and by then both are there.
    known: list[ActorRef[int]] = []
    a = d.spawn(play, first, known, cell, name="a")
    known.append(d.spawn(play, second, [a], cell, name="b"))


class Point(NamedTuple):
    """A state: for each actor its row or its result, the cell, and what goes to each."""

    rows: tuple[tuple[int, bool], ...]
    cell: int
    mail: tuple[tuple[str, ...], ...]


@dataclass
class Found:
    """What the plain search has found."""

    points: set[Point] = field(default_factory=set)
    terminal: int = 0
    #: By actor: its own triples.
    own: tuple[set[tuple[str, str, str]], ...] = field(default_factory=lambda: (set(), set()))


def search(tables: tuple[Table, Table], network: Network, *, lossy: bool = False) -> Found:
    """Every state within the bounds that can be reached, breadth first."""
    found = Found()
    first = Point(((0, True), (0, True)), 0, ((), ()))
    found.points.add(first)
    queue = deque([first])
    while queue:
        before = queue.popleft()
        leads_on = False
        for who, event, after in steps(tables, before, network, lossy=lossy):
            if not is_bounded(after):
                continue
            leads_on |= after != before
            if who is not None:
                found.own[who].add((name(tables, before, who), event, name(tables, after, who)))
            if after not in found.points:
                found.points.add(after)
                queue.append(after)
        found.terminal += not leads_on
    return found


def name(tables: tuple[Table, Table], point: Point, who: int) -> str:
    """The name of the state that an actor is in."""
    row, alive = point.rows[who]
    kind = {"receive": "/r", "pause": "", "wait_until": "/w"}[tables[who][row].kind]
    return f"s{row}{kind}" if alive else "end"


def steps(
    tables: tuple[Table, Table], point: Point, network: Network, *, lossy: bool
) -> Iterator[tuple[int | None, str, Point]]:
    """Who can go on, by what, and where that leads; a lost or discarded message is nobody's."""
    for who, (at, alive) in enumerate(point.rows):
        mail = point.mail[who]
        if lossy:
            for place in range(len(mail)):
                yield None, "", _with_mail(point, who, mail[:place] + mail[place + 1 :])
        if not alive:
            continue
        row = tables[who][at]
        if row.kind == "receive":
            takes = dict(row.takes)
            for event, rest, wanted in offered(row, mail, network):
                arrived = _with_mail(point, who, rest)
                if wanted:
                    yield who, event, _after(arrived, who, takes[event], network)
                else:
                    yield None, "", arrived
        if row.kind == "wait_until" and point.cell != row.value:
            continue
        label = {"receive": "after 5s", "pause": "p", "wait_until": "wait_until"}[row.kind]
        for then in row.after:
            yield who, label, _after(point, who, then, network)


def offered(
    row: Row, mail: tuple[str, ...], network: Network
) -> Iterator[tuple[str, tuple[str, ...], bool]]:
    """Which messages can come now, what is left then, and whether they are taken or thrown away."""
    takes = {event for event, _ in row.takes}
    if network == "fifo":
        for place, event in enumerate(mail):
            if event not in takes and event in row.keeps:
                continue  # it stays, and lets later ones pass
            yield event, mail[:place] + mail[place + 1 :], event in takes
            return
        return
    for event in dict.fromkeys(mail):
        if event in takes:
            place = mail.index(event)
            stays = network == "duplicating"
            yield event, mail if stays else mail[:place] + mail[place + 1 :], True


def _after(point: Point, who: int, then: Then, network: Network) -> Point:
    at, _ = point.rows[who]
    mine = (then.row, True) if then.row is not None else (at, False)
    rows = _replaced(point.rows, who, mine)
    ended = then.row is None and network != "duplicating"  # there nothing is ever removed
    mail = _replaced(point.mail, who, ()) if ended else point.mail
    other = 1 - who
    if rows[other][1] or network == "duplicating":
        for event in then.send:
            mail = _replaced(mail, other, _joined(mail[other], event, network))
    return Point(rows, point.cell if then.write is None else then.write, mail)


def _joined(mail: tuple[str, ...], event: str, network: Network) -> tuple[str, ...]:
    if network == "fifo":
        return (*mail, event)
    if network == "unordered":
        return tuple(sorted((*mail, event)))
    return tuple(sorted({*mail, event}))


def _with_mail(point: Point, who: int, mail: tuple[str, ...]) -> Point:
    return point._replace(mail=_replaced(point.mail, who, mail))


def _replaced(values: tuple[Any, ...], index: int, value: Any) -> tuple[Any, ...]:
    return (*values[:index], value, *values[index + 1 :])


def bounded(v: Any) -> bool:
    """At most three messages on their way to each."""
    return all(sum(flight.receiver == who for flight in v.in_flight) <= 3 for who in ("a", "b"))


def is_bounded(point: Point) -> bool:
    """The same of a state of the plain search."""
    return all(len(mail) <= 3 for mail in point.mail)
