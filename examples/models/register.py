"""A register that clients write and read, kept by one server.

A client puts its letter, and then gets what is there.  It waits for the one answer, for the other,
or is done; the server holds the last letter put.  Messages may overtake each other (`unordered`):
49 states for two clients.  `paxos` keeps the register on several servers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flowlet import ActorRef, Dispatcher, Event, me, receive


class Put(Event):
    client: ActorRef[Any]
    letter: str


class PutOk(Event): ...


class Get(Event):
    client: ActorRef[Any]


class GetOk(Event):
    letter: str


def client(letter: str, writes_to: ActorRef[Any], reads_from: ActorRef[Any]) -> None:
    """Put the letter with one server, and get what there is from another."""
    writes_to.send(Put(me(), letter))
    receive(PutOk, at="putting")
    reads_from.send(Get(me()))
    receive(GetOk, at="getting")
    receive(GetOk, at="done")  # not the end: a PutOk that comes twice is still on its way


def server() -> None:
    """Keep the last letter that was put."""
    kept = ""
    while True:
        match receive(Put, Get):
            case Put(client, letter):
                kept = letter
                client.send(PutOk())
            case Get(client):
                client.send(GetOk(kept))


def spawn_clients(d: Dispatcher, count: int, servers: Sequence[ActorRef[Any]]) -> None:
    """Clients that come after the servers in number; each reads from another than it writes to."""
    for number in range(len(servers), len(servers) + count):
        d.spawn(
            client,
            chr(ord("A") + number - len(servers)),
            servers[number % len(servers)],
            servers[(number + 1) % len(servers)],
            name=f"client {number}",
        )


def system(d: Dispatcher, clients: int = 2) -> None:
    """One server, some clients."""
    spawn_clients(d, clients, [d.spawn(server)])
