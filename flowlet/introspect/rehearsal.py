"""Running a path of a system: all its actors on one scene, each doing what the path says next.

This is `replay`, which leaves a dispatcher standing at the end of a path; and the audit, which does
the same with a sample of the states that a search has found, and compares.  The search has run
each actor alone: an actor that does something else in company shares more than messages and cells.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from ..actor import ActorRef
from ..calls import Call
from ..cells import Look
from ..errors import ExploreError, ReplayError
from ..requests import Asking
from ..watching import Exited
from .alphabet import Alphabet
from .cast import CastRef, NoReply, Sending
from .differences import difference
from .exchange import Message
from .found import Step
from .local import timer_text
from .network import NetworkKind
from .product import Product
from .scene import Scene, Stimulus, StimulusKind
from .targets import alone, is_system
from .telling_steps import flight_line, in_region, numbered, told, told_end
from .universe import Move


class Rehearsal:
    """All actors of a system on one scene."""

    def __init__(self, scene: Scene, stays: bool = False) -> None:
        self.scene = scene
        #: Whether what was sent stays, however often it is received.
        self.stays = stays
        self.flying: list[Sending] = list(scene.sent)
        self.received: list[Sending] = []

    def begin(self, picks: Sequence[Sequence[int]] = ()) -> None:
        """Let each actor, in the order of their spawning, come to its first wait."""
        for number, ref in enumerate(self.scene.cast):
            chosen = tuple(picks[number]) if number < len(picks) else ()
            self.play(ref, Stimulus("start", picks=chosen))

    def play(self, ref: CastRef, stimulus: Stimulus, sending: Sending | None = None) -> bool:
        """Let something happen to an actor; whether it did anything."""
        if sending is not None and sending.reply and not self._is_awaited(ref, sending):
            self.flying.remove(sending)  # too late
            return True
        event = None if sending is None else sending.event
        if sending is not None and not sending.reply:
            event = self.scene.arriving(sending)
        verdict = self.scene.play(ref, stimulus, event)
        alone = self.scene.root_of.get(ref, ref) not in self.scene.slots
        # One that stands where it stood may have done something to its family.
        if verdict == "kept" or (verdict == "nothing" and alone):
            return False
        if sending is not None and not self.stays:
            self.flying.remove(sending)
            self.received.append(sending)
        self.add(self.scene.sent)
        return True

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

    def was_received(self, ref: CastRef, text: str) -> bool:
        """Whether a message is to come again; then the network is one where all stays."""
        if self.stays or not any(
            each.receiver is ref and _flight_text(self.scene, each) == text
            for each in self.received
        ):
            return False
        self.stays = True
        self.add(self.received)
        return True

    def on_their_way(self) -> list[Sending]:
        """What may still be received; mail to an actor that has ended is gone."""
        return [s for s in self.flying if self.stays or s.receiver.alive]


def _same(one: Sending, other: Sending) -> bool:
    return (one.sender, one.receiver, told(one.event)) == (
        other.sender, other.receiver, told(other.event),
    )  # fmt: skip


# --- by text ------------------------------------------------------------------------------


def replay(
    system: Callable[..., Any], path: Iterable[Step | str], network: NetworkKind = "fifo"
) -> Scene:
    """Run a system along a path that `explore` or `check` has found; what stands there then.

    ```python
    d = replay(system, verdict.failures[0].path)
    d.find("server").state
    ```

    `path`: steps, or their lines as text.  The result is a dispatcher whose actors wait where the
    path ends; `d.view` shows them as predicates see them.  On a `network` that is `"duplicating"`
    what was sent stays on its way.  Raises `ReplayError` for a step that
    cannot be taken there.
    """
    steps = [Step("", step, None, "", step) if isinstance(step, str) else step for step in path]
    for step in steps:
        if not isinstance(step, Step):
            raise TypeError(
                f"replay takes a path, a list of steps or of their lines, and not {step!r} in it; "
                "explore(system).path_to(state) and check(system).failures[0].path are paths"
            )
    begun: list[str] = []
    if steps and steps[0].line.startswith("begin: "):
        # What is chosen before the first step stands in a line of its own.
        begun = steps.pop(0).line.removeprefix("begin: ").split(", ")
    scene = Scene(system if is_system(system) else alone(system), wanted=begun)
    rehearsal = Rehearsal(
        scene, stays=network == "duplicating" or any(step.stays for step in steps)
    )
    rehearsal.begin()
    for number, step in enumerate(steps, 1):
        _take(rehearsal, step, number)
    scene.flying = rehearsal.on_their_way()
    scene.possible = [text for ref in scene.members() for text, *_ in _offers(rehearsal, ref)]
    return scene


def _take(rehearsal: Rehearsal, step: Step, number: int) -> None:
    line = step.line
    name, _, what = line.partition(": ")
    if name == "lost":
        for each in rehearsal.flying:
            if what == _flight_text(rehearsal.scene, each, with_receiver=True):
                rehearsal.flying.remove(each)
                return
        raise _impossible(rehearsal, line, number, [])
    what, *chosen = what.split(", chose ")
    scene = rehearsal.scene
    members = [(scene.full_name(ref), ref) for ref in scene.members()]
    ref = next((ref for known, ref in members if known == name), None)
    if ref is None:
        there = ", ".join(known for known, _ in members)
        raise ReplayError(f"step {number}, {line!r}: there is no actor {name!r}; there are {there}")
    offered = []
    wanted = [f"chose {each}" for each in chosen]
    for text, stimulus, sending in _offers(rehearsal, ref):
        offered.append(text)
        rehearsal.scene.wanted = list(wanted)
        if text == what and rehearsal.play(ref, stimulus, sending):
            return
    if rehearsal.was_received(ref, what):
        _take(rehearsal, step, number)  # again, so it stays
        return
    for text, stimulus, event in _from_outside(rehearsal, ref, step):
        offered.append(text)
        if text == what:
            rehearsal.scene.wanted = list(wanted)
            rehearsal.scene.play(ref, stimulus, event)
            rehearsal.add(rehearsal.scene.sent)
            return
    raise _impossible(rehearsal, line, number, offered)


def _offers(rehearsal: Rehearsal, ref: CastRef) -> Iterable[tuple[str, Stimulus, Sending | None]]:
    """What may happen to an actor where it stands, as text."""
    scene = rehearsal.scene
    for place in range(len(scene.timers_for(ref))):
        yield timer_line(scene, ref, place), Stimulus("timer", place), None
    if not ref.alive:
        return
    if ref.phase == "spawned":
        yield "begins", Stimulus("start"), None
        return
    if scene.is_queued(ref) or isinstance(ref._fiber.own, Look):
        yield "goes on", Stimulus("go"), None
    for region, fiber in enumerate(ref._fiber.all_fibers()):
        own = fiber.own
        if isinstance(own, Look) and region:
            yield f"goes on{in_region(region)}", Stimulus("go", region=region), None
        if not isinstance(own, Asking) or own.target.alive or scene.are_family(ref, own.target):
            continue
        nothing = NoReply(own.target.name, "has ended")
        failure = Sending(own.target, ref, nothing, reply=True)
        rehearsal.flying.append(failure)
        step = Stimulus("no reply", region=region)
        yield f"no reply, {own.target.name} has ended", step, failure
        if failure in rehearsal.flying:
            rehearsal.flying.remove(failure)
    for other in scene.watched_by(ref):
        if not other.alive:
            news = Sending(other, ref, Exited(other, other.result, other.error))
            rehearsal.flying.append(news)
            yield told_end(other.name), Stimulus("exited"), news
            if news in rehearsal.flying:
                rehearsal.flying.remove(news)
    for sending in list(rehearsal.flying):
        if sending.receiver is ref:
            kind: StimulusKind = "reply" if sending.reply else "event"
            region = max(rehearsal.who_asks(ref, sending), 0) if sending.reply else 0
            yield _flight_text(scene, sending), Stimulus(kind, region=region), sending


def _from_outside(
    rehearsal: Rehearsal, ref: CastRef, step: Step
) -> Iterable[tuple[str, Stimulus, Any]]:
    """What may come to a lone actor, and what calls may give, as text."""
    scene = rehearsal.scene
    alphabet = Alphabet(ref.function, None, None)
    if not ref.alive:
        return
    for region, fiber in enumerate(ref._fiber.all_fibers()):
        call = scene.calls.get(fiber)
        if call is not None:
            for value in _results(scene, call, alphabet, step):
                text = f"{call.label} gives {told(value)}{in_region(region)}"
                yield text, Stimulus("result", region=region), value
        elif isinstance(fiber.own, Asking) and step.event is not None:
            yield told(step.event), Stimulus("reply", region=region), step.event
    if step.event is not None:
        yield told(step.event), Stimulus("event"), step.event
    if len(scene.cast) == 1:
        for kind in ref._fiber.takes():
            for event in alphabet.of(kind):
                yield told(event), Stimulus("event"), event


def _results(scene: Scene, call: Call, alphabet: Alphabet, step: Step) -> Iterable[Any]:
    """What a call may have given: as the step says it, or as the function does."""
    if step.event is not None:
        yield step.event
    _, _, text = step.line.partition(f"{call.label} gives ")
    with suppress(ValueError, SyntaxError):
        yield ast.literal_eval(text.partition(", chose ")[0].partition(", region ")[0])
    with suppress(ExploreError):
        yield from alphabet.outcomes(scene.performed[call], call.label)


def timer_line(scene: Scene, ref: ActorRef[Any], place: int) -> str:
    """What a timer is called, with a number where several are called the same."""
    texts = [timer_text(each) for each in scene.timers_for(ref)]
    return numbered(texts, place)


def _flight_text(scene: Scene, sending: Sending, with_receiver: bool = False) -> str:
    sender = "outside" if sending.sender is None else scene.full_name(sending.sender)
    return flight_line(
        sending.event, sending.reply, sender, sending.receiver.name if with_receiver else ""
    )


def _impossible(rehearsal: Rehearsal, line: str, number: int, offered: list[str]) -> ReplayError:
    standing = ", ".join(f"{ref.name} in {ref.path_text()}" for ref in rehearsal.scene.cast)
    can = "; ".join(offered) or "nothing"
    return ReplayError(
        f"step {number}, {line!r}, cannot be taken here: {standing}; possible for it is: {can}. "
        "The code is not that from which the path was found, or it does not do the same twice"
    )


# --- by moves -----------------------------------------------------------------------------


def audit(product: Product, states: Iterable[int]) -> None:
    """Run the ways to some states in company.  Raises `ExploreError` for what differs."""
    for state in states:
        audit_way(product, state)


def audit_way(product: Product, state: int, loop: Sequence[tuple[Move, int]] = ()) -> None:
    """Run the way to a state in company, and a loop from there: it has to come back."""
    way = product.path_to(state)
    first = way[0][1] if way else state
    variant, picks = product.beginnings[first]
    scene = product.scene_of(variant)
    rehearsal = Rehearsal(scene, stays=product.keeps_all)
    try:
        rehearsal.begin(picks)
        for move, _ in (*way, *loop):
            _make(product, rehearsal, move)
        for machine in product.machines:
            ref = scene.cast[machine.number]
            expected = product.local(state, machine.number)
            _, form, _ = machine.identify(scene, ref)
            if form != expected.form:
                if expected.goes != "start":
                    machine.replayed(expected).dispose()  # tells if it differs alone as well
                _tell_difference(machine.name, form, expected.form)
        for cell, value in enumerate(product.fields.values(state)):
            if product.exchange.value_number(scene, cell) != value:
                raise ExploreError(
                    f"the shared cell {product.exchange.cell_names[cell]!r} holds "
                    f"{scene.named_cells[cell]._value!r} in company, and another value when each "
                    f"actor runs alone: hidden shared state; {HIDDEN}"
                )
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
    stimulus = replace(move.stimulus, picks=move.outcome.picks)
    if move.event is not None and sending is None:
        here = product.exchange.here(move.event, rehearsal.scene)
        rehearsal.scene.play(ref, stimulus, here)
        rehearsal.flying += rehearsal.scene.sent
        return
    if not rehearsal.play(ref, stimulus, sending):
        raise ExploreError(
            f"{ref.name} did not do in company what it did alone: it kept "
            f"{'its place' if message is None else message.label} in {ref.path_text()}; {HIDDEN}"
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
        f"{message.label} to {product.names[message.receiver]} was sent when its sender ran alone, "
        f"and not in company; {HIDDEN}"
    )


def _tell_difference(name: str, form: Any, expected: Any) -> None:
    where = difference(form, expected)
    variable = f" in {where!r}" if where else ""
    raise ExploreError(
        f"{name} is in another state in company than alone, different{variable}: hidden shared "
        f"state; {HIDDEN}"
    )
