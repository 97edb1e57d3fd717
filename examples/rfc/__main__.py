"""`python -m examples.rfc sip run`: tell the story of a machine, or draw it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from flowlet import ActorRef, Dispatcher, explore

from ..verbs import name_of, place
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
    match arguments:
        case [name, "run"] if name in MACHINES:
            # A client that has no address in mind: what `choose` takes is not for a story.
            run(dhcp.client if name == "dhcp" else MACHINES[name], *STORIES[name])
        case [name, "graph"] if name in MACHINES:
            graph(name, Path("out"))
        case _:
            for name, actor in MACHINES.items():
                print(f"{name}: {(actor.__doc__ or '').splitlines()[0]}")
            print("  run    tell a story of it")
            print("  graph  draw it, as out/NAME.svg, and list what leads where")
            return 0 if arguments in ([], ["--help"]) else 2
    return 0


def run(actor: Callable[[], Any], *story: object) -> None:
    """Tell the story: when, what came, where that led, and what was sent."""
    with Dispatcher() as d:
        ref = d.spawn(actor)
        d.settle()
        tell(d, ref, "")
        for step in story:
            if isinstance(step, int | float):
                rest = d.now() + step
                while d.next_deadline is not None and d.next_deadline <= rest:
                    d.run(until=d.next_deadline)
                    tell(d, ref, "time passes")
                d.run(until=rest)
            else:
                ref.send(step)
                d.settle()
                tell(d, ref, name_of(step))


def tell(d: Dispatcher, ref: ActorRef[Any], what: str) -> None:
    """Print a line of the story, and a line for each output."""
    print(f"{d.now():7.1f}  {what:<38}{place(ref.state)}".rstrip())
    for value in ref.take():
        print(f"{'':47}> {name_of(value)}")


def graph(name: str, out: Path) -> None:
    """Draw the machine and print what leads where."""
    # Of timers that run side by side only the earliest can go off.
    machine = explore(MACHINES[name], time="ordered").graph
    out.mkdir(exist_ok=True)
    for edge in machine.transitions:
        print(f"{edge.source} -- {edge.label} -> {edge.target}")
    print(f"drawn in {machine.save(out / f'{name}.svg')}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
