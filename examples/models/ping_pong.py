"""Ping and pong over a network that keeps, repeats and loses messages.

Each side counts, and takes only the message with its own number; others would change nothing, so
they stay where they are.  When k messages have been sent, each of them may have been lost by now:
2^k states.  With counts up to M, k goes from 1 to 2M + 1, which makes 2^(2M+2) − 2 states.  Where
nothing is lost there are 2M + 1.
"""

from __future__ import annotations

from typing import Any

from flowlet import Dispatcher, Event, receive, whereis


class Ping(Event):
    number: int


class Pong(Event):
    number: int


def server() -> None:
    """Send the first ping, and the next one when this one's answer has come."""
    count = 0

    def awaited(pong: Pong) -> bool:
        return pong.number == count

    whereis("returner").send(Ping(0))
    while True:
        receive(Pong, where=awaited)
        count += 1
        whereis("returner").send(Ping(count))


def returner() -> None:
    """Answer each ping, in order."""
    count = 0

    def awaited(ping: Ping) -> bool:
        return ping.number == count

    while True:
        receive(Ping, where=awaited)
        whereis("server").send(Pong(count))
        count += 1


def system(d: Dispatcher) -> None:
    """The two of them."""
    d.spawn(server)
    d.spawn(returner)


def within(most: int, v: Any) -> bool:
    """No count is over the bound."""
    return all(actor.locals["count"] <= most for actor in v.actors)
