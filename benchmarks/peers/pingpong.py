"""Two tasks that send each other one message, to and fro.

flowlet's actors have mailboxes; the others' tasks have a queue each, of the kind that their own
documentation shows for this.
"""

# pyright: reportMissingImports=false, reportMissingModuleSource=false
from __future__ import annotations

import asyncio
from typing import Any

import gevent
import trio
from gevent.queue import SimpleQueue

from benchmarks.measure import Subject, timed
from flowlet import ActorRef, Dispatcher, Event, receive


class Ball(Event): ...


def flowlet(count: int) -> float:
    players: list[ActorRef[None]] = []
    ball = Ball()

    def server() -> None:
        for _ in range(count // 2):
            players[1].send(ball)
            receive(Ball)

    def returner() -> None:
        for _ in range(count // 2):
            receive(Ball)
            players[0].send(ball)

    with Dispatcher() as d:
        players += [d.spawn(server), d.spawn(returner)]
        with timed() as watch:
            d.settle()
        assert not any(player.alive for player in players)
    return watch.seconds


def by_gevent(count: int) -> float:
    here: Any = SimpleQueue()
    there: Any = SimpleQueue()
    ball = Ball()

    def server() -> None:
        for _ in range(count // 2):
            there.put(ball)
            here.get()

    def returner() -> None:
        for _ in range(count // 2):
            there.get()
            here.put(ball)

    tasks = [gevent.spawn(server), gevent.spawn(returner)]
    with timed() as watch:
        gevent.joinall(tasks, raise_error=True)
    return watch.seconds


def by_asyncio(count: int) -> float:
    ball = Ball()

    async def main() -> float:
        here: asyncio.Queue[Ball] = asyncio.Queue()
        there: asyncio.Queue[Ball] = asyncio.Queue()

        async def server() -> None:
            for _ in range(count // 2):
                await there.put(ball)
                await here.get()

        async def returner() -> None:
            for _ in range(count // 2):
                await there.get()
                await here.put(ball)

        with timed() as watch:
            await asyncio.gather(server(), returner())
        return watch.seconds

    return asyncio.run(main())


def by_trio(count: int) -> float:
    ball = Ball()

    async def main() -> float:
        to_here, here = trio.open_memory_channel(1)
        to_there, there = trio.open_memory_channel(1)

        async def server() -> None:
            for _ in range(count // 2):
                await to_there.send(ball)
                await here.receive()

        async def returner() -> None:
            for _ in range(count // 2):
                await there.receive()
                await to_here.send(ball)

        with timed() as watch:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(server)
                nursery.start_soon(returner)
        return watch.seconds

    seconds: float = trio.run(main)
    return seconds


TASK = "ping-pong"

SUBJECTS = (
    Subject(TASK, "flowlet", flowlet, note="one message made beforehand, for all"),
    Subject(TASK, "gevent", by_gevent, 10_000, note="SimpleQueue, no monkey patching"),
    Subject(TASK, "asyncio", by_asyncio, 5000, note="asyncio.Queue, the event loop of Python"),
    Subject(TASK, "trio", by_trio, 1000, note="memory channels of one place"),
)
