"""What `http1.requests` emits, what it is told, and the error that it ends with."""

from __future__ import annotations

from typing import NamedTuple

from flowlet import Event, ParseError

Headers = list[tuple[bytes, bytes]]


class Request(NamedTuple):
    """The head of a request; `version` is such as `b"1.1"`, names are as they were sent.

    Where the target is a whole URI, its host counts and not the field (RFC 9112, 3.2.2).
    """

    method: bytes
    target: bytes
    version: bytes
    headers: Headers


class Data(NamedTuple):
    """A part of the body, as it came: how it was cut says nothing."""

    data: bytes


class End(NamedTuple):
    """The end of a request, with the fields that came after its body."""

    trailers: Headers


class Switch(Event):
    """The offer of another protocol was taken: what follows is no HTTP/1.1."""


class Stay(Event):
    """The offer was declined: the next request follows."""


class RequestError(ParseError):
    """What was sent is no request, or one too large; `status` is what to answer."""

    def __init__(self, offset: int, reason: str, status: int = 400) -> None:
        super().__init__(offset, reason)
        self.status = status
