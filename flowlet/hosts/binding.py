"""Sockets that are bound to a port."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterable
from typing import Any, Final

#: Whether the system divides connections among the sockets that are bound to one port: where it
#: does not, `SO_REUSEPORT` means something else, or nothing.
DIVIDES: Final = sys.platform == "linux" and hasattr(socket, "SO_REUSEPORT")

#: What `getaddrinfo` says of an address.
Found = tuple[int, int, int, str, Any]


def addresses(host: str | None, port: int) -> list[Found]:
    """The addresses that a host has; `None` is every address of the machine.  Asks the resolver."""
    return list(
        socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    )


def bound(found: Iterable[Found], divided: bool = False) -> list[socket.socket]:
    """A socket for each address; where any port will do, it is the same on all.

    `divided`: other processes bind sockets to the same port, and the system divides what comes.
    Raises `OSError` where one cannot be had.
    """
    sockets: list[socket.socket] = []
    try:
        for family, kind, protocol, _, address in dict.fromkeys(found):
            if sockets and not address[1]:
                address = (address[0], sockets[0].getsockname()[1], *address[2:])
            sock = socket.socket(family, kind, protocol)
            sockets.append(sock)
            if os.name == "posix":
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if divided:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            if family == socket.AF_INET6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            sock.bind(address)
    except OSError:
        close(sockets)
        raise
    return sockets


def close(sockets: Iterable[socket.socket]) -> None:
    """Close them."""
    for sock in sockets:
        sock.close()
