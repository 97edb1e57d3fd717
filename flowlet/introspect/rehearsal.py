"""Running a path of a system: all its actors on one scene, each doing what the path says next.

So does `replay` (see `replaying`); and the audit, which runs the ways to a sample of the states
that a search has found, and compares.  The search has run each actor alone: an actor that does
something else in company shares more than messages and cells.
"""

from __future__ import annotations

import math
import time as wall
from collections.abc import Iterable, Sequence
from typing import Any

from ..cells import Look
from ..errors import ExploreError
from ..requests import Asking
from .cast import CastRef, Sending, transplanted
from .differences import difference
from .exchange import Message
from .moves import Move
from .product import Product
from .scene import LOOK_FOR, Scene, Stimulus, Verdict
from .telling_steps import told


class Rehearsal:
    """All actors of a system on one scene."""

    def __init__(self, scene: Scene, stays: bool = False) -> None:
        self.scene = scene
        #: Whether what was sent stays, however often it is received.
        self.stays: bool = stays
        self.flying: list[Sending] = list(scene.sent)
        self.received: list[Sending] = []
        #: What became of what happened last.
        self.verdict: Verdict = "nothing"

    def begin(self, picks: Sequence[Sequence[int]] = ()) -> None:
        """Let each actor, in the order of their spawning, come to its first wait."""
        for number, ref in enumerate(self.scene.cast):
            chosen = tuple(picks[number]) if number < len(picks) else ()
            self.play(ref, Stimulus("start", picks=chosen))

    def play(self, ref: CastRef, stimulus: Stimulus, sending: Sending | None = None) -> bool:
        """Let something happen to an actor; whether it did anything."""
        if sending is not None and sending.reply and not self._is_awaited(ref, sending):
            if not self.stays:
                self.flying.remove(sending)  # too late
            self.verdict = "taken"
            return True
        event = None if sending is None else sending.event
        if sending is not None and not sending.reply:
            event = self.scene.arriving(sending)
            if self.stays and event is sending.event:
                event = transplanted(event, self.scene, self.scene)  # whoever gets it may change it
        look = self._look(ref, stimulus)
        self.verdict = verdict = self.scene.play(ref, stimulus, event)
        alone = self.scene.root_of.get(ref, ref) not in self.scene.slots
        in_vain = look is not None and look is self._look(ref, stimulus)
        # One that stands where it stood may have done something to its family; not by a look.
        if verdict == "kept" or (verdict == "nothing" and (alone or in_vain)):
            return False
        if sending is not None and not self.stays:
            self.flying.remove(sending)
            self.received.append(sending)
        self.add(self.scene.sent)
        return True

    def _look(self, ref: CastRef, stimulus: Stimulus) -> Look | None:
        """The `wait_until` that is to go on."""
        if stimulus.kind != "go" or not ref.alive:
            return None
        fibers = ref._fiber.all_fibers()
        own = fibers[stimulus.region].own if stimulus.region < len(fibers) else None
        return own if isinstance(own, Look) else None

    def _is_awaited(self, ref: CastRef, reply: Sending) -> bool:
        return self.who_asks(ref, reply) >= 0

    def who_asks(self, ref: CastRef, reply: Sending) -> int:
        """In which of an actor's greenlets a reply is waited for; -1 for one that is too late."""
        if reply.sender is None or not ref.alive:
            return -1
        replier = self.scene.root_of.get(reply.sender, reply.sender)
        for region, fiber in enumerate(ref._fiber.all_fibers()):
            if isinstance(fiber.own, Asking) and fiber.own.target is replier:
                return region
        return -1

    def add(self, sent: Iterable[Sending]) -> None:
        """Take up what was sent; on a network where all stays, equal messages are one."""
        for sending in sent:
            if not self.stays or not any(_same(sending, other) for other in self.flying):
                self.flying.append(sending)

    def on_their_way(self) -> list[Sending]:
        """What may still be received; mail to an actor that has ended is gone."""
        return [s for s in self.flying if self.stays or s.receiver.alive]


def _same(one: Sending, other: Sending) -> bool:
    return (one.sender, one.receiver, told(one.event)) == (
        other.sender, other.receiver, told(other.event),
    )  # fmt: skip


def audit(product: Product, states: Sequence[int], seconds: float) -> int:
    """Run the ways to some states in company, until the time is up; how many were run.

    It is this thread's own time: where others are busy too, as much is run.  Raises `ExploreError`
    for what differs.
    """
    until = wall.thread_time() + seconds
    for number, state in enumerate(states):
        try:
            if not audit_way(product, state, until=until):
                return number
        except KeyboardInterrupt:
            return number  # what was found stays
    return len(states)


def audit_way(
    product: Product,
    state: int,
    loop: Sequence[tuple[Move, int]] = (),
    until: float = math.inf,
) -> bool:
    """Run the way to a state in company, and a loop from there: it has to come back.

    `until`: when to give up; then it is false.
    """
    way = product.path_to(state)
    first = way[0][1] if way else state
    variant, picks = product.beginnings[first]
    scene = product.scene_of(variant)
    rehearsal = Rehearsal(scene, stays=product.keeps_all)
    try:
        rehearsal.begin(picks)
        for move, _ in (*way, *loop):
            if wall.thread_time() > until:
                return False
            _make(product, rehearsal, move)
        for machine in product.machines:
            ref = scene.cast[machine.number]
            expected = product.local(state, machine.number)
            _, form, _ = machine.identify(scene, ref)
            if form != expected.form:
                if expected.goes != "start":
                    machine.replayed(expected).dispose()  # tells if it differs alone as well
                _tell_difference(product, machine.name, form, expected.form)
        for cell, value in enumerate(product.fields.values(state)):
            if product.exchange.value_number(scene, cell) != value:
                raise ExploreError(
                    f"the shared cell {product.exchange.cell_names[cell]!r} holds "
                    f"{scene.named_cells[cell]._value!r} {_again(product)}, and held another "
                    f"value {_before(product)}: hidden shared state; {_look_for(product)}"
                )
        return True
    finally:
        scene.dispose()


def _make(product: Product, rehearsal: Rehearsal, move: Move) -> None:
    message = move.message
    sending = None if message is None else _find(product, rehearsal, message)
    if move.actor == -1:
        assert sending is not None
        rehearsal.flying.remove(sending)
        return
    scene = rehearsal.scene
    ref = scene.member(scene.cast[move.actor], move.stimulus.slot)
    assert move.outcome is not None
    stimulus = move.stimulus._replace(picks=move.outcome.picks)
    if move.event is not None and sending is None:
        here = product.exchange.here(move.event, rehearsal.scene)
        rehearsal.scene.play(ref, stimulus, here)
        rehearsal.flying += rehearsal.scene.sent
        return
    if not rehearsal.play(ref, stimulus, sending):
        raise ExploreError(
            f"{ref.name} did not do {_again(product)} what it did {_before(product)}: it kept "
            f"{'its place' if message is None else message.label} in {ref.path_text()}; "
            f"{_look_for(product)}"
        )


HIDDEN = (
    "the actors share something besides messages and cells: a global, or an object that the "
    "system function hands to several; make it a cell, d.shared(name, value), or send it"
)


def _find(product: Product, rehearsal: Rehearsal, message: Message) -> Sending:
    for each in rehearsal.flying:
        if each.number < 0:
            each.number = product.exchange.message_number(each, rehearsal.scene)
        if each.number == message.number:
            return each
    raise ExploreError(
        f"{message.label} to {product.names[message.receiver]} was sent {_before(product)}, and "
        f"not {_again(product)}; {_look_for(product)}"
    )


def _again(product: Product) -> str:
    """How the way was run once more; a lone actor has no company."""
    return "in company" if len(product.names) > 1 else "when it ran again"


def _before(product: Product) -> str:
    return "alone" if len(product.names) > 1 else "the first time"


def _look_for(product: Product) -> str:
    return HIDDEN if len(product.names) > 1 else LOOK_FOR


def _tell_difference(product: Product, name: str, form: Any, expected: Any) -> None:
    where = difference(form, expected)
    variable = f", different in {where!r}" if where else ""
    raise ExploreError(
        f"{name} is in another state {_again(product)} than {_before(product)}{variable}: hidden "
        f"shared state; {_look_for(product)}"
    )
