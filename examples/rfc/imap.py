"""A session of IMAP4rev2: RFC 9051, section 3.

    python -m examples.rfc imap run
    python -m examples.rfc imap graph

The machine hears what has come about in the session, so it can stand at either end of it.  A
command that fails changes nothing and is not heard; only of SELECT and EXAMINE the failure matters
too, for by then the old mailbox is no longer selected.
"""

from __future__ import annotations

from typing import Literal

from flowlet import Event, receive, state, until


class Greeting(Event):
    label = "{word} greeting"

    word: Literal["OK", "PREAUTH", "BYE"]


# Commands that have succeeded.


class Login(Event):
    label = "LOGIN"


class Authenticate(Event):
    label = "AUTHENTICATE"


class Select(Event):
    label = "SELECT"


class Examine(Event):
    label = "EXAMINE"


class Close(Event):
    label = "CLOSE"


class Unselect(Event):
    label = "UNSELECT"


class Logout(Event):
    label = "LOGOUT"


# What else comes about.


class Closed(Event):
    """The response code by which a server says that the mailbox is no longer selected."""

    label = "CLOSED"


class SelectFailed(Event):
    label = "SELECT failed"


class ExamineFailed(Event):
    label = "EXAMINE failed"


class Shutdown(Event):
    label = "server shutdown"


class ConnectionClosed(Event):
    label = "connection closed"


def imap_session() -> None:
    """From the server's greeting, which says in which state the session begins, to the end."""
    greeting = receive(Greeting, at="greeting")
    if greeting.word != "BYE":
        with until(Logout, Shutdown, ConnectionClosed):
            if greeting.word == "OK":
                not_authenticated()
            while True:
                authenticated()
                selected()
    with state("Logout"):  # section 3.4
        return


def not_authenticated() -> None:
    """Section 3.1: the client must say who it is, before it may do more."""
    receive(Login, Authenticate, at="Not Authenticated")


def authenticated() -> None:
    """Section 3.2: the client must select a mailbox, before it may touch messages."""
    receive(Select, Examine, at="Authenticated")


def selected() -> None:
    """Section 3.3: a mailbox is open.

    Selecting another says CLOSED of this one first (section 7.1), and then succeeds or fails.
    """
    receive(Close, Unselect, Closed, SelectFailed, ExamineFailed, at="Selected")
