"""`python -m examples.rfc sip run`: tell the story of a machine, or draw it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

from flowlet import explore

from ..verbs import GRAPH, RUN, Telling, answer, first_line, graph
from . import dhcp, imap, quic, sip, tls

#: Of each machine the actor function.
MACHINES: dict[str, Callable[[], Any]] = {
    "dhcp": dhcp.dhcp_client,
    "imap": imap.imap_session,
    "quic": quic.send_stream,
    "sip": sip.invite_client,
    "tls": tls.tls_client,
}

LEASE = dhcp.Ack(server="10.0.0.1", address="10.0.0.7", lease=3600)
BUSY = sip.NonSuccess(486)

#: Of each machine what happens in its story; numbers are seconds that pass.
STORIES: dict[str, Sequence[object]] = {
    "dhcp": (
        *(dhcp.Offer("10.0.0.2", 600), dhcp.Offer("10.0.0.1", 3600), 5, LEASE),
        *(2700, LEASE, 3600),
    ),
    "imap": (imap.Greeting("OK"), imap.Login(), imap.Select(), imap.Close(), imap.Logout()),
    "quic": (quic.CreateStream(), quic.AllAcked()),
    "sip": (sip.Invite(), 2, sip.Provisional(180), 20, BUSY, BUSY, 32),
    "tls": (
        *(tls.HelloRetryRequest(), tls.ServerHello(psk=False), tls.EncryptedExtensions()),
        *(tls.CertificateRequest(), tls.Certificate(), tls.CertificateVerify(), tls.Finished()),
    ),
}


def main(arguments: list[str]) -> int:
    """Do what the command line asks for."""
    names = {name: first_line(actor) for name, actor in MACHINES.items()}
    return answer(arguments, names, {"run": (RUN, run), "graph": (GRAPH, draw)})


def run(name: str) -> None:
    """Tell the story; the DHCP client's has no address in mind: `choose` is not for a story."""
    Telling(dhcp.client if name == "dhcp" else MACHINES[name]).run(STORIES[name])


def draw(name: str) -> None:
    """Draw the machine; of timers that run side by side only the earliest can go off."""
    graph(name, explore(MACHINES[name], time="ordered").graph)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
