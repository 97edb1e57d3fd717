"""What a test should not let pass in silence: mail thrown away, dead letters, leaked actors.

Each is legal, and each is mostly a mistake: an event that nobody wanted, one that came to nobody,
an actor that nobody ended.  A `Strictness` says which of them a test may do; `Watch` listens for
them, and notes each with all that is needed to find it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from flowlet import ActorRef, Dispatcher
from flowlet.instrument import DeadLetter, Discarded, Record

from .story import path_text, place, shown

Kind = Literal["discarded", "dead_letters", "leaked"]
KINDS: tuple[Kind, ...] = ("discarded", "dead_letters", "leaked")

#: So many things are noted in one test, and told.
MOST = 20


@dataclass(frozen=True)
class Strictness:
    """What a test is held to: `allowed` has, by kind, `True` or what may occur.

    That is types of events, and names of actors.
    """

    on: bool = False
    allowed: Mapping[Kind, tuple[Any, ...] | Literal[True]] = field(default_factory=dict)

    def allows(self, kind: Kind, actor: str, event: object = None) -> bool:
        """Whether this may happen."""
        if not self.on:
            return True
        allowed = self.allowed.get(kind, ())
        return allowed is True or any(
            isinstance(event, one) if isinstance(one, type) else one == actor for one in allowed
        )


def strictness(default: bool, marks: Iterable[tuple[tuple[Any, ...], Mapping[str, Any]]]) -> Any:
    """What the marks of a test say, the nearest first; `default` is what the ini file says.

    Raises `ValueError` for a mark that says nothing.
    """
    on: bool | None = None
    allowed: dict[Kind, Any] = {}
    for args, keywords in marks:
        if len(args) > 1 or any(not isinstance(arg, bool) for arg in args):
            raise ValueError(
                f"flowlet_strict takes True or False, and what is allowed by keyword, not {args}: "
                "flowlet_strict(discarded=[Push])"
            )
        unknown = set(keywords) - set(KINDS)
        if unknown:
            raise ValueError(
                f"flowlet_strict knows {', '.join(KINDS)}, and not {', '.join(sorted(unknown))}"
            )
        on = (args[0] if args else True) if on is None else on
        for kind in KINDS:
            _add(allowed, kind, keywords.get(kind, ()))
    return Strictness(default if on is None else on, allowed)


def _add(allowed: dict[Kind, Any], kind: Kind, more: Any) -> None:
    if isinstance(more, bool):
        more = True if more else ()
    elif isinstance(more, str | type) or not isinstance(more, Iterable):
        more = (more,)
    for one in () if more is True else more:
        if not isinstance(one, str | type):
            raise ValueError(
                f"flowlet_strict({kind}=…) takes types of events and names of actors, not {one!r}"
            )
    known = allowed.get(kind, ())
    allowed[kind] = True if more is True or known is True else (*known, *more)


class Watch:
    """A listener that notes what a strict test should not do."""

    def __init__(self, strictness: Strictness, root: Path) -> None:
        self.strictness = strictness
        self.root = root
        self.faults: list[str] = []
        self.more: int = 0
        #: How many dead letters were told, by dispatcher.
        self.letters: dict[int, int] = {}

    def listener(self, dispatcher: Dispatcher) -> Any:
        """What listens to one dispatcher."""
        # A number and no handle: a dispatcher that is gone takes no more mail.
        number = len(self.letters)
        self.letters[number] = dispatcher.dead_letters
        return _Listener(self, number)

    def note(self, fault: str) -> None:
        """A fault, as far as there is room."""
        if len(self.faults) < MOST:
            self.faults.append(fault)
        else:
            self.more += 1

    def leaked(self, dispatcher: Dispatcher) -> None:
        """Note the actors that still live on a dispatcher which nobody has closed."""
        for ref in dispatcher.actors:
            if not self.strictness.allows("leaked", ref.name):
                self.note(
                    f"leaked: {ref.name!r} still lives{_here(ref, self.root)}, and its dispatcher "
                    "was not closed: make it by `with Dispatcher() as d:` or take the fixture "
                    f"`dispatcher`, or stop the actor\n{_allow('leaked', repr(ref.name))}"
                )

    def unheard(self, dispatcher: Dispatcher, number: int) -> None:
        """Note the dead letters of which no listener was told: what was posted too late."""
        letters = dispatcher.dead_letters - self.letters[number]
        self.letters[number] = dispatcher.dead_letters
        if letters > 0 and self.strictness.allowed.get("dead_letters") is not True:
            self.note(
                f"dead letters: {letters} posted from another thread came when the dispatcher was "
                f"closed: let it run after the last post\n{_allow('dead_letters', None)}"
            )

    def take(self) -> str:
        """All that was noted since the last time, as a text; empty where there is nothing."""
        faults, more = self.faults, self.more
        self.faults, self.more = [], 0
        return "\n".join(_told(faults, more))


class _Listener:
    def __init__(self, watch: Watch, number: int) -> None:
        self.watch = watch
        self.number = number

    def __call__(self, record: Record) -> None:
        match record:
            case Discarded(actor=actor, event=event):
                if not self.watch.strictness.allows("discarded", actor.name, event):
                    self.watch.note(_discarded(record, actor, event, self.watch.root))
            case DeadLetter(actor=actor, event=event, sender=sender):
                self.watch.letters[self.number] += 1
                if not self.watch.strictness.allows("dead_letters", actor.name, event):
                    self.watch.note(_dead_letter(record, actor, event, sender))
            case _:
                pass


def _told(faults: list[str], more: int) -> Iterator[str]:
    if not faults:
        return
    number = len(faults) + more
    yield f"flowlet_strict: {number} {'thing' if number == 1 else 'things'} passed in silence"
    for fault in faults:
        yield "\n".join(f"  {line}" for line in fault.splitlines())
    if more:
        yield f"  … and {more} more"


def _discarded(record: Record, actor: ActorRef[Any], event: object, root: Path) -> str:
    return (
        f"discarded: {shown(event)} at {record.time:g} s by {actor.name!r}{_here(actor, root)}: "
        "nothing there takes it; send it when it is wanted, or let the actor take or keep it "
        "(state(defer=…), @actor(unexpected=…))\n" + _allow("discarded", type(event).__name__)
    )


def _dead_letter(
    record: Record, actor: ActorRef[Any], event: object, sender: ActorRef[Any] | None
) -> str:
    whose = "from outside" if sender is None else f"from {sender.name!r}"
    if actor.alive:
        why = "has no room for it, or no longer waits for this reply"
    else:
        why = f"has ended in {path_text(actor.state) or 'its function'}"
    return (
        f"dead letter: {shown(event)} at {record.time:g} s {whose} to {actor.name!r}, which {why}\n"
        + _allow("dead_letters", type(event).__name__)
    )


def _here(actor: ActorRef[Any], root: Path) -> str:
    """In which state and at which line; one that runs has only the state of its blocks."""
    if actor.phase == "spawned":
        return " and has not begun"
    state = path_text(actor.state)
    return f"{f' in {state}' if state else ''} at {place(actor, root)}"


def _allow(kind: Kind, what: str | None) -> str:
    allowed = "True" if what is None else f"[{what}]"
    return f"  to allow it: @pytest.mark.flowlet_strict({kind}={allowed})"
