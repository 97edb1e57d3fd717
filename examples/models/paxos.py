"""Paxos for one decision: servers that keep a register agree on the first letter that counts.

The clients are those of `register`.  Messages may overtake each other (`unordered`), and one that
would change nothing is left where it is: that is what `where` says.  Until a server knows the
decision, everything that it has heard counts; afterwards the letter alone.  265 states with one
client, 16 668 with two, of which 20 and 1 268 lead nowhere: all servers know, one client has been
answered, and what comes too late is still on its way.
"""

from __future__ import annotations

from typing import Any

from flowlet import ActorRef, Dispatcher, Event, me, receive, whereis

from .register import Get, GetOk, Put, PutOk, spawn_clients

#: A round and the number of the server that leads it: greater ones win.
Ballot = tuple[int, int]
#: Who has put which letter.
Proposal = tuple[ActorRef[Any], str]
#: What a server has accepted, and in which ballot.
Accepted = tuple[Ballot, Proposal] | None


class Prepare(Event):
    ballot: Ballot
    leader: ActorRef[Any]


class Promise(Event):
    ballot: Ballot
    server: ActorRef[Any]
    accepted: Accepted


class Accept(Event):
    ballot: Ballot
    leader: ActorRef[Any]
    proposal: Proposal


class Accepts(Event):
    ballot: Ballot
    server: ActorRef[Any]


class Decided(Event):
    proposal: Proposal


def server(number: int, peers: list[str]) -> None:
    """Take part in the decision, then tell it to whoever asks."""
    _, letter = decision(number, peers)
    while True:
        receive(Get, at="decided").client.send(GetOk(letter))


def decision(number: int, peers: list[str]) -> Proposal:
    """Lead or follow ballots until there is a decision; returns it."""
    majority = (len(peers) + 1) // 2 + 1
    ballot: Ballot = (0, 0)
    accepted: Accepted = None
    own: Proposal | None = None
    promises: set[tuple[ActorRef[Any], Accepted]] = set()
    supporters: set[ActorRef[Any]] = set()

    def matters(message: Event) -> bool:
        match message:
            case Put():
                return own is None
            case Prepare(its):
                return its > ballot
            case Promise(its) | Accepts(its):
                return its == ballot
            case Accept(its):
                return its >= ballot
        return True

    while True:
        match receive(Put, Prepare, Promise, Accept, Accepts, Decided, where=matters, at="open"):
            case Put(client, letter):
                own = (client, letter)
                ballot = (ballot[0] + 1, number)
                promises = {(me(), accepted)}
                tell(peers, Prepare(ballot, me()))
            case Prepare(ballot, leader):
                leader.send(Promise(ballot, me(), accepted))
            case Promise(_, sender, its):
                assert own is not None  # who leads a ballot has a proposal
                promises.add((sender, its))
                if len(promises) == majority:
                    highest = max((past for _, past in promises if past), default=None)
                    own = highest[1] if highest else own
                    accepted = ballot, own
                    supporters = {me()}
                    tell(peers, Accept(ballot, me(), own))
            case Accept(ballot, leader, proposal):
                accepted = ballot, proposal
                leader.send(Accepts(ballot, me()))
            case Accepts(_, sender):
                assert own is not None  # as above
                supporters.add(sender)
                if len(supporters) == majority:
                    tell(peers, Decided(own))
                    own[0].send(PutOk())
                    return own
            case Decided(proposal):
                return proposal


def tell(names: list[str], message: Event) -> None:
    """Send a message to the actors of these names."""
    for name in names:
        whereis(name).send(message)


def system(d: Dispatcher, clients: int = 2, servers: int = 3) -> None:
    """Some servers, some clients."""
    names = [f"server {n}" for n in range(servers)]
    spawn_clients(
        d,
        clients,
        [
            d.spawn(server, n, [other for other in names if other != name], name=name)
            for n, name in enumerate(names)
        ],
    )


def agreed(v: Any) -> bool:
    """All who know the decision know the same."""
    return len({actor.locals["letter"] for actor in v.actors if actor.state == ("decided",)}) <= 1
