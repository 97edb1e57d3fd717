"""Two-phase commit: resource managers commit together, or not at all.

Messages may come twice: the network keeps all that was sent (`duplicating`).  What may be done at
any time is done when a time limit is over, because an armed timer may go off whenever it likes
while exploring; what is done then is a choice.

The coordinator waits at one place with the set of those it has heard from, and ends with it as the
result, committed or aborted.  A manager is working or prepared, and ends committed or aborted, by
its own choice or by a message: that is one final state.  For two to seven managers there are 56,
288, 1 568, 8 832, 50 816 and 296 448 states.  Managers are interchangeable: with three and five
there are 80 and 314 that differ in more than names.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flowlet import (
    ActorRef,
    Delay,
    Dispatcher,
    Event,
    Timeout,
    choose,
    me,
    receive,
    state,
)


class Prepared(Event):
    manager: ActorRef[Any]


class Commit(Event): ...


class Abort(Event): ...


def coordinator(managers: Sequence[ActorRef[None]]) -> set[ActorRef[Any]]:
    """Commit when all are prepared; or abort, at any time.  Returns those it has heard from."""
    heard: set[ActorRef[Any]] = set()
    while True:
        match receive(Prepared, after=Delay("decide", 60), at="init"):
            case Prepared(manager):
                heard.add(manager)
            case Timeout():
                break
    if len(heard) == len(managers) and choose("commit", "abort") == "commit":
        with state("committed"):
            tell(managers, Commit())
            return heard
    with state("aborted"):
        tell(managers, Abort())
        return heard


def tell(actors: Sequence[ActorRef[Any]], event: Event) -> None:
    """Send an event to each."""
    for actor in actors:
        actor.send(event)


def manager(leader: ActorRef[Any]) -> None:
    """Prepare or abort, at any time; once prepared, do as told."""
    told = receive(Commit, Abort, after=Delay("decide", 10), at="working")
    if isinstance(told, Timeout) and choose("prepare", "abort") == "prepare":
        leader.send(Prepared(me()))
        told = receive(Commit, Abort, at="prepared")
    if isinstance(told, Commit):
        with state("committed"):
            return
    with state("aborted"):
        return


def system(d: Dispatcher, managers: int = 2) -> None:
    """A coordinator and some managers."""
    # Each side knows the other. Actors start when the dispatcher runs: by then the list is full.
    known: list[ActorRef[None]] = []
    leader = d.spawn(coordinator, known)
    known += [d.spawn(manager, leader, name=f"manager {n}") for n in range(managers)]
