"""A DHCP client: RFC 2131, section 4.4 and its Figure 5.

    python -m examples.rfc dhcp run
    python -m examples.rfc dhcp graph

The times T1, T2 and the end of the lease all count from the DHCPACK, one inside the other.  So
they are three `until`, one inside the other, and exploring has to let the earliest go first.

What the figure leaves out is left out here: asking again when no answer comes, random waits, and
the release of a lease before its end.
"""

from __future__ import annotations

from pydantic import Field

from flowlet import Delay, Event, choose, emit, receive, state, until

# What servers say.


class Offer(Event):
    label = "DHCPOFFER"

    server: str = Field(examples=["10.0.0.1"])
    lease: float = Field(examples=[3600.0])  # seconds


class Ack(Event):
    label = "DHCPACK"

    server: str = Field(examples=["10.0.0.1"])
    address: str = Field(examples=["10.0.0.7"])
    lease: float = Field(examples=[3600.0])  # seconds
    in_use: bool = False  # whether somebody has answered an ARP probe of the address


class Nak(Event):
    label = "DHCPNAK"


# What the client says, and does to its own network; outputs.


class Discover(Event):
    label = "DHCPDISCOVER"


class Request(Event):
    """For a lease, or for more of it: to one server, or to all where none is named."""

    label = "DHCPREQUEST"

    server: str = ""
    address: str = ""


class Decline(Event):
    label = "DHCPDECLINE"


class Configure(Event):
    """From now on the network has this address."""

    label = "use the address"

    address: str


class HaltNetwork(Event):
    label = "halt network"


#: For how long offers are collected; section 4.4.1 leaves that to the implementation.
COLLECTING = Delay("select offer", 5)


def dhcp_client() -> None:
    """A client that boots: with an address from earlier in mind, or without one."""
    client(choose("", "10.0.0.7"))


def client(remembered: str = "") -> None:
    """From INIT, or from INIT-REBOOT where an address is remembered, to one lease after another."""
    lease = init_reboot(remembered) if remembered else None
    while True:
        while lease is None:
            lease = init()
        lease = bound(lease)


def init() -> Ack | None:
    """Section 4.4.1: ask whoever is there, collect the offers, and request the best of them."""
    with state("INIT"):
        emit(Discover())
    best = receive(Offer, at="SELECTING")
    with until(after=COLLECTING):
        while True:
            other = receive(Offer, at="SELECTING")
            if other.lease > best.lease:
                best = other

    emit(Request(server=best.server))
    while True:
        match receive(Offer, Ack, Nak, at="REQUESTING"):
            case Offer():
                pass  # too late
            case Ack(in_use=True):
                emit(Decline())
                return None
            case Ack() as lease:
                return lease
            case Nak():
                return None


def init_reboot(remembered: str) -> Ack | None:
    """Section 4.4.2: ask only whether the address from earlier still holds."""
    with state("INIT-REBOOT"):
        emit(Request(address=remembered))
    match receive(Ack, Nak, at="REBOOTING"):
        case Ack() as lease:
            return lease
        case Nak():
            return None


def bound(lease: Ack) -> Ack | None:
    """Section 4.4.5: have the address, and in time see that it stays so.

    Returns the renewed lease; without one the address is lost.
    """
    emit(Configure(lease.address))
    with until(after=Delay("lease expired", lease.lease)):
        with until(after=Delay("T2 expires", 0.875 * lease.lease)):
            with until(after=Delay("T1 expires", 0.5 * lease.lease)):
                while True:
                    receive(Offer, Ack, Nak, at="BOUND")  # nobody has asked for it
            emit(Request(server=lease.server, address=lease.address))
            return renewed(receive(Ack, Nak, at="RENEWING"))
        emit(Request(address=lease.address))
        return renewed(receive(Ack, Nak, at="REBINDING"))
    return renewed(None)


def renewed(answer: Ack | Nak | None) -> Ack | None:
    """The new lease; where there is none, the network stops at once."""
    if isinstance(answer, Ack):
        return answer
    emit(HaltNetwork())
    return None
