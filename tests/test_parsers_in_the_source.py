"""Of each parser: its source is read to the end, and nothing is ever seen that is not in it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from examples.protocols import samples
from examples.protocols.http1 import requests
from examples.protocols.json_values import values
from examples.protocols.resp import replies
from examples.protocols.websocket import connection, messages
from flowlet.introspect import static

PARSERS: dict[str, tuple[Callable[..., Any], list[samples.Sample]]] = {
    "requests": (requests, samples.HTTP),
    "replies": (replies, samples.RESP),
    "values": (values, samples.JSON),
    "messages": (messages, samples.FRAMES),
    "connection of a server": (connection, samples.SERVER),
    "connection of a client": (partial(connection, role="client"), samples.CLIENT),
}


@pytest.mark.parametrize("name", PARSERS)
def test_all_that_is_seen_was_read(name: str) -> None:
    """Mistakes of the other side, and how a parser ends of them, too."""
    fn, fed = PARSERS[name]
    read, seen = static(fn), samples.seen(fn, fed)
    assert (read.complete, samples.beyond(seen, read)) == (True, [])
    assert set(seen.initial) <= set(read.initial)
    assert [state.name for state in read.states if "?" in state.path] == []
