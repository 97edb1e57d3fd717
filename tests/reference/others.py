"""What an actor has to do with others: mail, requests, children, ends, cells."""

from __future__ import annotations

from collections.abc import Generator
from copy import copy
from typing import TYPE_CHECKING, Any

from flowlet import Event, Exited, Timeout
from tests.reference import program as p
from tests.reference.parts import Actor, Asking, Look, NoReplyError, Strand, Unwinding, Wait

if TYPE_CHECKING:
    from tests.reference.model import Model
    from tests.reference.words import Script

Steps = Generator[Wait, Any, Any]


# --- mail -------------------------------------------------------------------------------------


def send(script: Script, to: Actor, event: Event, after: int | None) -> None:
    model, sender = script.model, script.strand.actor
    if not may_send(model):
        return
    if after is None:
        model.send(to, event)
    else:
        sender.later = model.arm(after, letter=(sender, to, event))


def may_send(model: Model) -> bool:
    model.sends += 1
    return model.sends <= p.MOST_SENDS


def cancel(script: Script) -> bool:
    """Whether it was in time."""
    model, later = script.model, script.strand.actor.later
    waiting = later in model.timers
    model.disarm(later)
    return waiting


# --- requests ---------------------------------------------------------------------------------


def ask(script: Script, target: Actor, request: p.Get, after: int | None) -> Steps:
    """Send a copy of the request, and wait for the reply or for news that there will be none."""
    model, strand = script.model, script.strand
    if target is strand.actor or not may_send(model):
        return
    if target.phase == "ended":
        raise NoReplyError
    asking = Asking(strand, Wait("ask", after=after), copy(request))
    model.askings.append(asking)
    target.joiners[asking] = lambda: fail(model, asking)
    try:
        model.send(target, asking.request)
        got = yield from script.waiting(asking.wait)
        if isinstance(got, Timeout):
            script.log(f"answer {got!r}")
        elif asking.failed:
            raise NoReplyError
        else:
            asking.answered = False  # it has met its asker
            script.log(f"answer {asking.value}")
    finally:
        asking.over = True
        target.joiners.pop(asking, None)
        if asking.answered:
            model.dead_letters += 1


def reply(script: Script, value: int) -> None:
    """A reply to one that no longer waits, or that never asked, is a dead letter."""
    model, actor = script.model, script.strand.actor
    if actor.answered == len(actor.requests):
        return
    request = actor.requests[actor.answered]
    actor.answered += 1
    for asking in model.askings:
        if asking.request is request and not asking.over and not asking.failed:
            asking.answered, asking.value = True, value
            model.over(asking.strand, asking.wait)
            return
    model.dead_letters += 1


def fail(model: Model, asking: Asking) -> None:
    """There will be no reply."""
    if not (asking.answered or asking.failed or asking.over):
        asking.failed = True
        model.over(asking.strand, asking.wait)


# --- ends -------------------------------------------------------------------------------------


def watch(script: Script, target: Actor) -> None:
    model, watcher = script.model, script.strand.actor
    if not may_send(model) or target is watcher:
        return

    def tell() -> None:
        if watcher.phase != "ended":
            event = Exited.model_construct(
                ref=target, result=target.root.result, error=target.root.error
            )
            model.deliver(watcher, event)

    if target.phase == "ended":
        tell()
    else:
        target.joiners[watcher] = tell


def join(model: Model, strand: Strand, child: Actor, wait: Wait) -> None:
    """Have a wait end when the child has ended."""
    child.joiners[strand] = lambda: model.over(strand, wait)


# --- children ---------------------------------------------------------------------------------


def spawn(script: Script, body: p.Body) -> Actor:
    strand = script.strand
    actor = strand.actor
    actor.spawned += 1
    child = script.model.spawn(f"{actor.name}/{actor.spawned}", body, actor)
    if strand is not actor.root:
        strand.children.append(child)
    script.log(f"spawned {child.name}")
    return child


def child(script: Script, body: p.Body, inside: p.Body) -> Steps:
    """A child that ends with the block, which waits for its clean-up."""
    model, strand = script.model, script.strand
    child = spawn(script, body)
    try:
        done = yield from script.body(inside)
    finally:
        model.stop(child)
        late: Unwinding | None = None
        while child.phase != "ended":
            try:
                wait = Wait("join")
                join(model, strand, child, wait)
                yield from script.waiting(wait)
            except Unwinding as unwinding:
                # The parent is to leave as well, but the child's clean-up comes first.
                if late is not None:
                    model.kill(child)
                    raise
                late = unwinding
        if late is not None:
            raise late
    script.log(f"without {child.name}")
    return done


def end_children(model: Model, strand: Strand, children: list[Actor]) -> Steps:
    """Stop the children, the youngest first, and wait for their clean-up."""
    deaf = False
    while any(child.phase != "ended" for child in children):
        ending = list(children)
        for child in reversed(ending):
            model.stop(child)
        try:
            for child in ending:
                while child.phase != "ended":
                    wait = Wait("join", deaf=deaf)
                    join(model, strand, child, wait)
                    yield wait
        except Unwinding:
            for child in ending:
                model.kill(child)
            deaf = True


# --- cells ------------------------------------------------------------------------------------


def wait_until(script: Script, cell: str, least: int) -> Steps:
    """Let the others run first; then look, and again whenever the cell has changed."""
    model, strand = script.model, script.strand
    number = model.next_number()
    yield from script.pause("wait_until", number)
    while model.cells[cell] < least:
        look = Look(strand, number, Wait("wait_until"))
        model.looks[cell].append(look)
        try:
            yield from script.waiting(look.wait)
        finally:
            model.looks[cell].remove(look)


def set_cell(model: Model, cell: str, value: int) -> None:
    """Who waits for it looks again; of several, in the order in which they began to wait."""
    if value == model.cells[cell]:
        return
    model.cells[cell] = value
    for look in sorted(model.looks[cell], key=lambda look: look.number):
        actor = look.strand.actor
        if look.sent:
            continue
        look.sent = True
        if actor not in model.ready and actor is not model.turn and not look.wait.resting:
            actor.looks = look.number
        model.over(look.strand, look.wait)
    lookers = [actor for actor in model.ready if actor.looks is not None]
    in_order = iter(sorted(lookers, key=lambda actor: actor.looks or 0))
    model.ready = [next(in_order) if actor in lookers else actor for actor in model.ready]
