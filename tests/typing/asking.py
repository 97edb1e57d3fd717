# pyright: strict, reportUnnecessaryTypeIgnoreComment=true
"""`ask` gives the answer of the request's type, and `reply` takes no other."""

from __future__ import annotations

from typing import assert_type

from flowlet import ActorRef, Delay, Event, Request, Timeout, receive


class Get(Request[int]):
    key: str


class Names(Request[list[str]]): ...


class Put(Event):
    key: str


def client(store: ActorRef[None]) -> None:
    assert_type(store.ask(Get("a")), int)
    assert_type(store.ask(Get(key="a"), after=None), int)
    assert_type(store.ask(Get("a"), after=1), int | Timeout)
    assert_type(store.ask(Get("a"), after=Delay("patience", 1)), int | Timeout)
    assert_type(store.ask(Names()), list[str])


def store() -> None:
    match receive(Get, Names):
        case Get(key) as request:
            assert_type(key, str)
            request.reply(5)
        case Names() as request:
            request.reply(["a"])


def mistakes(store: ActorRef[None]) -> None:
    receive(Get).reply("five")  # type: ignore[arg-type]
    receive(Names).reply([5])  # type: ignore[list-item]
    store.ask(Put("a"))  # type: ignore[call-overload]  # an event that has no answer
    store.ask(Get(5))  # type: ignore[arg-type]
