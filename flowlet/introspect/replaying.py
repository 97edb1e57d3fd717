"""Replaying: a path as people read it, taken again by all actors of a system together.

What a line says is looked for among all that may happen to its actor.  What stands there at the end
can tell what may happen next.  Much of that shows only when it is tried (whether a predicate holds,
whether a message is taken or kept), so each such thing is tried on a scene of its own.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from ..actor import ActorRef
from ..calls import Call
from ..cells import Look
from ..errors import ExploreError, ReplayError
from ..requests import Asking
from ..watching import Exited
from .alphabet import Alphabet, Examples
from .cast import CastRef, NoReply, Sending
from .found import Step
from .local import is_stuck, timer_text
from .network import KINDS, NETWORKS, NetworkKind
from .rehearsal import Rehearsal
from .scene import Scene, Stimulus, StimulusKind
from .targets import alone, is_system
from .telling_steps import flight_line, in_region, numbered, told, told_end

Offer = tuple[str, Stimulus, Sending | None]


def replayed(
    system: Callable[..., Any],
    steps: list[Step],
    network: NetworkKind,
    is_ordered: bool,
    events: list[Any] | None,
    examples: Examples,
) -> Scene:
    """The scene on which a system has taken these steps."""
    if network not in NETWORKS:
        raise ReplayError(f"network is one of {', '.join(NETWORKS)}, not {network!r}")
    told = _Told(system, steps, network, is_ordered, events, examples)
    walk = _walked(told, len(steps))
    scene = walk.scene
    scene.flying = walk.on_their_way()
    scene.possible = functools.cache(lambda: _possible(told))
    scene.waits_in_vain = lambda strict: _deadlock(scene, network, strict)
    return scene


@dataclass(frozen=True)
class _Told:
    """What a replay was told."""

    system: Callable[..., Any]
    steps: list[Step]
    network: NetworkKind
    ordered_time: bool
    events: list[Any] | None
    examples: Examples


class _Walk(Rehearsal):
    """A rehearsal that follows lines."""

    def __init__(self, told: _Told, scene: Scene, stays: bool) -> None:
        super().__init__(scene, stays)
        self.told = told

    def alphabet(self, ref: CastRef) -> Alphabet:
        """What may come to an actor from outside, and from calls."""
        return Alphabet(ref.function, self.told.events, self.told.examples)

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


def _walked(told: _Told, upto: int) -> _Walk:
    """A scene of its own, after so many steps."""
    begun: list[str] = []
    steps = told.steps
    if steps and steps[0].line.startswith("begin: "):
        # What is chosen before the first step stands in a line of its own.
        begun = steps[0].line.removeprefix("begin: ").split(", ")
    scene = Scene(told.system if is_system(told.system) else alone(told.system), wanted=begun)
    stays = told.network == "duplicating" or any(step.stays for step in steps)
    walk = _Walk(told, scene, stays)
    walk.begin()
    for place in range(1 if begun else 0, upto):
        _take(walk, steps[place], place)
    return walk


def _take(walk: _Walk, step: Step, place: int) -> None:
    """Take a step; `place` is that in the path."""
    line = step.line
    number = place + 1 - walk.told.steps[0].line.startswith("begin: ")
    name, _, what = line.partition(": ")
    if name == "lost":
        for each in walk.flying:
            if what == _flight_text(walk.scene, each, with_receiver=True):
                walk.flying.remove(each)
                return
        raise _impossible(walk, line, number, [])
    what, *chosen = what.split(", chose ")
    scene = walk.scene
    members = [(scene.full_name(ref), ref) for ref in scene.members()]
    ref = next((ref for known, ref in members if known == name), None)
    if ref is None:
        there = ", ".join(known for known, _ in members)
        missing = f"step {number}, {line!r}: there is no actor {name!r}; there are {there}"
        if name.partition("/")[0] not in {each.name for each in scene.cast}:
            # No other way of the same system, but another system.
            raise ExploreError(f"{missing}; let the path name those that the system spawns")
        raise ReplayError(missing)
    offered = []
    wanted = [f"chose {each}" for each in chosen]
    for text, stimulus, sending in offers(walk, ref):
        offered.append(text)
        walk.scene.wanted = list(wanted)
        early = walk.told.ordered_time and not _is_due(walk, ref, stimulus, place)
        if text == what and not early and walk.play(ref, stimulus, sending):
            return
    if walk.was_received(ref, what):
        _take(walk, step, place)  # again, so it stays
        return
    for text, stimulus, event in _from_outside(walk, ref, step):
        offered.append(text)
        if text == what:
            walk.scene.wanted = list(wanted)
            walk.scene.play(ref, stimulus, event)
            walk.add(walk.scene.sent)
            return
    raise _impossible(walk, line, number, offered)


def offers(walk: _Walk, ref: CastRef) -> Iterator[Offer]:
    """What may happen to an actor where it stands, as text."""
    scene = walk.scene
    for place in range(len(scene.timers_for(ref))):
        yield _timer_line(scene, ref, place), Stimulus("timer", place), None
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
        walk.flying.append(failure)
        step = Stimulus("no reply", region=region)
        yield f"no reply, {own.target.name} has ended", step, failure
        if failure in walk.flying:
            walk.flying.remove(failure)
    for other in scene.watched_by(ref):
        if not other.alive:
            news = Sending(other, ref, Exited(other, other.result, other.error))
            walk.flying.append(news)
            yield told_end(other.name), Stimulus("exited"), news
            if news in walk.flying:
                walk.flying.remove(news)
    for sending in list(walk.flying):
        if sending.receiver is ref:
            kind: StimulusKind = "reply" if sending.reply else "event"
            region = max(walk.who_asks(ref, sending), 0) if sending.reply else 0
            yield _flight_text(scene, sending), Stimulus(kind, region=region), sending


def _from_outside(walk: _Walk, ref: CastRef, step: Step) -> Iterator[tuple[str, Stimulus, Any]]:
    """What may come to a lone actor, and what calls may give, as text."""
    scene = walk.scene
    alphabet = walk.alphabet(ref)
    if not ref.alive:
        return
    for region, fiber in enumerate(ref._fiber.all_fibers()):
        call = scene.calls.get(fiber)
        if call is not None:
            for value in _results(scene, call, alphabet, step):
                text = f"{call.label} gives {told(value)}{in_region(region)}"
                yield text, Stimulus("result", region=region), value
        elif isinstance(own := fiber.own, Asking):
            replies = [] if step.event is None else [step.event]
            if own.target not in scene.cast and not scene.are_family(ref, own.target):
                replies += alphabet.replies(type(own.request))
            for reply in replies:
                yield told(reply), Stimulus("reply", region=region), reply
    if step.event is not None:
        yield told(step.event), Stimulus("event"), step.event
    if len(scene.cast) == 1 and ref not in scene.root_of:
        for kind in ref._fiber.takes():
            if ref in scene.slots and issubclass(kind, Exited):
                continue  # which comes from a child that is watched, and from nowhere else
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


def _timer_line(scene: Scene, ref: ActorRef[Any], place: int) -> str:
    """What a timer is called, with a number where several are called the same."""
    texts = [timer_text(each) for each in scene.timers_for(ref)]
    return numbered(texts, place)


def _flight_text(scene: Scene, sending: Sending, with_receiver: bool = False) -> str:
    sender = "outside" if sending.sender is None else scene.full_name(sending.sender)
    return flight_line(
        sending.event, sending.reply, sender, sending.receiver.name if with_receiver else ""
    )


def _impossible(walk: _Walk, line: str, number: int, offered: list[str]) -> ReplayError:
    standing = ", ".join(f"{ref.name} in {ref.path_text()}" for ref in walk.scene.cast)
    can = "; ".join(offered) or "nothing"
    return ReplayError(
        f"step {number}, {line!r}, cannot be taken here: {standing}; possible for it is: {can}. "
        "The code is not that from which the path was found, or it does not do the same twice"
    )


# --- what can happen next -----------------------------------------------------------------


def _possible(told: _Told) -> list[str]:
    """What can happen at the end of a path, as lines; each is tried anew."""
    upto = len(told.steps)
    walk = _walked(told, upto)
    found = []
    for member, ref in enumerate(walk.scene.members()):
        name = walk.scene.full_name(ref)
        #: Who has something on its way that comes before whatever else is.
        spoken: set[ActorRef[Any] | None] = set()
        late: list[str] = []
        for number, (text, stimulus, sending) in enumerate(list(offers(walk, ref))):
            in_order = told.network == "fifo" and stimulus.kind in ("event", "reply")
            sender = None if sending is None else sending.sender
            if (in_order and sender in spoken) or not _comes(told, upto, member, number):
                continue
            if told.ordered_time and not _is_due(walk, ref, stimulus, upto):
                continue
            if in_order:
                spoken.add(sender)
            if stimulus.kind == "exited":
                late.append(text)  # the news of an end comes after what it has said
            else:
                found.append(f"{name}: {text}")
        ends = {told_end(each.name) for each in spoken if each is not None}
        found += [f"{name}: {text}" for text in late if text not in ends]
        outside = Step("", "", None, "", "")
        found += [f"{name}: {text}" for text, *_ in _from_outside(walk, ref, outside)]
    walk.scene.dispose()
    return found


def _comes(told: _Told, upto: int, member: int, number: int) -> bool:
    """Whether an actor does anything on what is offered to it there."""
    walk = _walked(told, upto)
    ref = walk.scene.members()[member]
    for at, (_, stimulus, sending) in enumerate(offers(walk, ref)):
        if at == number:
            happens = walk.play(ref, stimulus, sending)
            # What nobody takes is thrown away only where messages have an order.
            thrown = walk.verdict == "discarded" and not KINDS[told.network].ordered
            walk.scene.dispose()
            return happens and not thrown
    return False


def _is_due(walk: _Walk, ref: CastRef, stimulus: Stimulus, upto: int) -> bool:
    """Whether it may happen now: a timer only if it is the earliest, and nothing else can."""
    if stimulus.kind != "timer":
        return True
    scene = walk.scene
    whens = [float(each.when) for other in scene.members() for each in scene.timers_for(other)]
    if float(scene.timers_for(ref)[stimulus.place].when) > min(whens) + 1e-9:
        return False
    return not any(
        other.kind != "timer" and _comes(walk.told, upto, member, number)
        for member, each in enumerate(scene.members())
        for number, (_, other, _) in enumerate(list(offers(walk, each)))
    )


def _deadlock(scene: Scene, network: NetworkKind, strict: bool) -> str:
    """Who waits in vain, because nothing can happen any more; empty where something can."""
    alive = [ref for ref in scene.members() if ref.alive]
    kept = KINDS[network].ordered and bool(scene.flying)
    if not alive or not (strict or kept or any(map(is_stuck, alive))) or scene.possible():
        return ""
    who = [f"{scene.full_name(r)} in {r.path_text()} at {', '.join(_lines(r))}" for r in alive]
    return f"nothing can happen any more: {'; '.join(who)}"


def _lines(ref: ActorRef[Any]) -> list[str]:
    return [stack[-1] for stack in ref.stacks() if stack]
