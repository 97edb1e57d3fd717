"""What an actor function says of itself, where the defaults do not do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Literal, TypeVar

from . import names
from .asked import asked

Fn = TypeVar("Fn", bound=Callable[..., Any])

Unexpected = Literal["discard", "defer", "raise"]


class Options:
    """What `@actor(...)` says of a function."""

    __slots__ = ("mailbox", "name", "unexpected")

    def __init__(
        self,
        unexpected: Unexpected = "discard",
        name: str | None = None,
        mailbox: int | None = None,
    ) -> None:
        self.unexpected: Unexpected = unexpected
        self.name: str | None = name
        self.mailbox: int | None = mailbox


DEFAULTS: Final = Options()


def options_of(fn: Callable[..., Any]) -> Options:
    """What `@actor(...)` says of this function."""
    options = asked(names.unwrapped(fn), "__flowlet_options__", DEFAULTS)
    return options if isinstance(options, Options) else DEFAULTS


def actor(
    *,
    unexpected: Unexpected = "discard",
    mailbox: int | None = None,
    name: str | None = None,
) -> Callable[[Fn], Fn]:
    """Options of an actor function, where the defaults do not do.

    `unexpected`: what happens to an event that nothing takes: it is thrown away and counted,
    kept for a later `receive`, or ends the actor with `UnexpectedEventError`.  `mailbox`: how many
    unread events it holds at most; one more raises `MailboxFullError` at the sender.  `name`: what
    the actor is called, unless `spawn` says otherwise.
    """
    choices: tuple[Unexpected, ...] = ("discard", "defer", "raise")
    if unexpected not in choices:
        raise ValueError(f"unexpected is one of {', '.join(choices)}, not {unexpected!r}")
    if mailbox is not None and (type(mailbox) is not int or mailbox < 1):
        raise ValueError(f"mailbox is a number of events, 1 or more, not {mailbox!r}")

    def mark(fn: Fn) -> Fn:
        fn.__flowlet_options__ = Options(unexpected, name, mailbox)  # type: ignore[attr-defined]  # for `options_of`
        return fn

    return mark
