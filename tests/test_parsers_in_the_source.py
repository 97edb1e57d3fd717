"""Of each parser: its source is read to the end, and nothing is ever seen that is not in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from examples.protocols import samples
from examples.protocols.http1 import requests
from examples.protocols.json_values import values
from examples.protocols.resp import replies
from examples.protocols.websocket import connection, messages
from flowlet.introspect import StateGraph, static

SEEN: dict[Callable[..., Any], StateGraph] = {
    requests: samples.seen(requests, samples.HTTP),
    replies: samples.seen(replies, samples.RESP),
    values: samples.seen(values, samples.JSON),
    messages: samples.seen(messages, samples.FRAMES),
    connection: samples.conversations(),
}


#: It takes a quarter of a minute, and docs/how-to/protocols.md, which is run too, does it as well.
REPLIES = pytest.param(replies, marks=pytest.mark.slow)


@pytest.mark.parametrize("fn", [requests, REPLIES, values, messages, connection])
def test_all_that_is_seen_was_read(fn: Callable[..., Any]) -> None:
    """Mistakes of the other side, and how a parser ends of them, too."""
    read, seen = static(fn), SEEN[fn]
    assert (read.complete, samples.beyond(seen, read)) == (True, [])
    assert set(seen.initial) <= set(read.initial)
    assert [state.name for state in read.states if "?" in state.path] == []
