"""What stories of actors in an event loop have in common: the loops, and how they wait."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import Callable, Coroutine
from functools import cache
from time import monotonic
from typing import Any, TypeVar

import pytest
import trustme

R = TypeVar("R")

#: Seconds after which what a story waits for does not come any more.
PATIENCE = 20.0


def run_in(loop: str, story: Coroutine[Any, Any, R]) -> R:
    """Run a story in a loop of this kind."""
    factory = None
    if loop == "uvloop":
        try:
            import uvloop
        except ImportError:
            story.close()
            pytest.skip("uvloop is not installed here; asyncio's own loop is tested")
        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(_in_time(story))


async def _in_time(story: Coroutine[Any, Any, R]) -> R:
    loop = asyncio.get_running_loop()
    failed: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: failed.append(context))
    async with asyncio.timeout(PATIENCE):
        result = await story
    assert failed == [], "what the loop was told of"
    return result


async def come_true(condition: Callable[[], object]) -> None:
    """Let the loop run until something is so."""
    late = monotonic() + PATIENCE
    while not condition():
        assert monotonic() < late, "it has not come true"
        await asyncio.sleep(0)


def reset(writer: asyncio.StreamWriter) -> None:
    """Break a connection: the other side is sent a reset."""
    break_off(writer.get_extra_info("socket"))
    writer.transport.abort()


def break_off(sock: socket.socket) -> None:
    """Have a reset sent when the socket is closed."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@cache
def contexts() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's and a client's; an authority of their own has signed for `localhost`."""
    authority = trustme.CA()
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(server)
    client = ssl.create_default_context()
    authority.configure_trust(client)
    return server, client


def failures_are_heard() -> list[dict[str, Any]]:
    """Have what the loop is told of put into a list: for stories in which something fails."""
    heard: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: heard.append(context))
    return heard


def both_loops(story: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """A story that is told in asyncio's own loop and in uvloop."""

    @pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
    def test(loop: str) -> None:
        run_in(loop, story())

    test.__name__ = story.__name__
    test.__doc__ = story.__doc__
    return test
