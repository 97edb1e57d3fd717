"""The words of flowlet: what each does to the way, and the waits that they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ...errors import NoReplyError
from ...events import Delay, label_of, label_of_type
from ...names import kinds_text
from .binding import MORE
from .classes import are_types, is_time, time_label, types_in
from .frames import Frame, Leg, Stack, Wait
from .harmless import of_time
from .labels import (
    actor_text,
    answers_to,
    at_by_place,
    at_of,
    given_node,
    given_text,
    is_unknown,
    name_of_called,
    result_of_read,
    results_of,
    value_label,
    value_text,
    word_text,
)
from .machine import Go, Item
from .values import (
    NONE,
    UNKNOWN,
    Args,
    Inst,
    Known,
    Named,
    Perhaps,
    Value,
)

if TYPE_CHECKING:
    from .machine import Machine


class Words:
    """Says the words of a machine."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine

    def word(self, word: str, stack: Stack, leg: Leg, given: Args, more: Any) -> Iterator[Item]:
        """What a word of flowlet does."""
        args, words, whole = given
        named = dict(words)
        frame = stack[-1]
        node: Any = frame.step.node
        match word:
            case "emit":
                value = args[0] if args else named.get("value", UNKNOWN)
                text = f"emit {value_text(value, given_node(node, 0))}"
                yield from self.machine.unwinding.returned(
                    stack, leg.giving(text), more["role"], more["held"], NONE
                )
            case "send":
                yield from self.send(stack, leg, args[0], args[1:], words, more)
            case "choose":
                yield from self._choose(stack, leg, given)
            case "flow" if args:
                yield from self.machine.calls.invoke(
                    stack, leg, args[0], (args[1:], words, whole), role="flow"
                )
            case "become" if args:
                yield Go(stack, leg, ("become", args[0], (args[1:], words, whole)))
            case "switch_protocol" if len(args) > 1:
                # The stream stands before the function, and then before its arguments.
                given = ((args[0], *args[2:]), words, whole)
                yield Go(stack, leg, ("become", args[1], given))
            case "switch_protocol":
                yield from self.machine.calls.unknown(stack, leg, more["role"], more["held"])
            case "parallel" | "race" if not whole or any(map(is_unknown, args)):
                yield from self.machine.calls.unknown(stack, leg, more["role"], more["held"])
            case "parallel" | "race":
                at = at_of(named, node)
                if at == "?":
                    self.machine.calls.note_name("what this state is called", node, frame)
                yield from self.machine.groups.start(stack, leg, word, args, at)
            case "ask":
                yield from self.ask(stack, leg, args, named, more)
            case _:
                if MORE in named:
                    yield from self.machine.calls.unknown(stack, leg, more["role"], more["held"])
                wait = self._wait(word, given, node)
                self._note_names(wait, given, frame)
                errors = of_time(self._time_of(wait, given))
                errors += [Perhaps(TypeError)] * (wait.word == "receive" and wait.own is not None)
                yield from self.machine.errors.risen(stack, leg, *errors)
                yield self.machine.calls.parked(stack, leg, wait)

    def _note_names(self, wait: Wait, given: Args, frame: Frame) -> None:
        """Tell what of the names of a wait and of its edges only a run knows."""
        words = given[1]
        node = frame.step.node
        if wait.at == "?" and dict(words).get("at") != Known("?"):
            self.machine.calls.note_name("what this state is called", node, frame)
        if wait.word == "receive" and wait.own is not None:
            self.machine.calls.note_name("what it awaits", node, frame)
        elif wait.own is not None and wait.own.endswith(" ?") and wait.after is None:
            self.machine.calls.note_name("what its edge is called", node, frame)
        if not is_time(self._time_of(wait, given)):
            self.machine.calls.note_name("how long it waits", node, frame)

    @staticmethod
    def _time_of(wait: Wait, given: Args) -> Value | None:
        args, words, _ = given
        place = {"sleep": 0, "ask": 2}.get(wait.word, len(args))
        word = "seconds" if wait.word == "sleep" else "after"
        return args[place] if place < len(args) else dict(words).get(word)

    def _wait(self, word: str, given: Args, node: Any) -> Wait:
        args, words, _ = given
        named = dict(words) | at_by_place(word, args)
        at = at_of(named, node)
        first = args[0] if args else None
        match word:
            case "receive":
                kinds = types_in(args)
                vague = None if are_types(args) else "?"
                after = time_label(named.get("after"), word_text(node, "after"))
                called = kinds_text(kinds) or after or ""
                where = named.get("where", NONE) != NONE
                return Wait("receive", kinds, after, vague, where, at, called, (UNKNOWN,))
            case "sleep":
                seconds = first if first is not None else named.get("seconds", UNKNOWN)
                label = time_label(seconds, given_text(node, 0, "seconds"))
                delay = isinstance(seconds, Known) and isinstance(seconds.value, Delay)
                delay = delay or isinstance(seconds, Named)
                called = label if delay and label else "sleep"
                return Wait("sleep", (), label, None, False, at, called, (NONE,), True)
            case "pause":
                step = first if first is not None else named.get("label", Known(""))
                text = str(step.value or "pause") if isinstance(step, Known) else "pause ?"
                return Wait("pause", (), None, text, False, at, text, (NONE,), True)
            case "perform":
                name = name_of_called(first)
                text = f"perform {name}"
                retry = None if named.get("retry", NONE) == NONE else "retry"
                return Wait("perform", (), retry, text, False, at, text, results_of(first), True)
        return Wait(word, (), None, word, False, at, word, (result_of_read(word),), True)

    def ask(
        self, stack: Stack, leg: Leg, args: tuple[Value, ...], named: dict[str, Value], more: Any
    ) -> Iterator[Item]:
        """A request to an actor, and the wait for its answer."""
        node: Any = stack[-1].step.node
        request = args[1] if len(args) > 1 else named.get("request", UNKNOWN)
        kind = request.kind if isinstance(request, Inst) else None
        if isinstance(request, Known):
            kind = type(request.value)
        text = f"ask {label_of_type(kind) if kind is not None else '?'}"
        limit = args[2] if len(args) > 2 else named.get("after")
        after = time_label(limit, word_text(node, "after"))
        label = label_of(request.value) if isinstance(request, Known) else text.partition(" ")[2]
        # Of an actor that has ended it is known at once that there will be no reply.
        yield Go(stack, leg, ("raise", Inst(NoReplyError, exact=True)))
        asked = args[0] if args else UNKNOWN
        leg = leg.giving(f"send {label} to {actor_text(asked, node)}")
        yield from self.machine.errors.perhaps_raised(stack, leg, stack[-1].step, True)
        wait = Wait("ask", (), after, text, False, at_of(named, node), text, answers_to(kind), True)
        self._note_names(wait, (args, tuple(named.items()), True), stack[-1])
        yield self.machine.calls.parked(stack, leg, wait)

    def send(
        self, stack: Stack, leg: Leg, owner: Value, args: tuple[Value, ...], words: Any, more: Any
    ) -> Iterator[Item]:
        """An event to an actor."""
        node: Any = stack[-1].step.node
        if owner != Named("me"):
            event = args[0] if args else UNKNOWN
            label = value_label(event, given_node(node, 0))
            leg = leg.giving(f"send {label} to {actor_text(owner, node)}")
        result = UNKNOWN if len(args) > 1 or dict(words).get("after") else NONE
        yield from self.machine.unwinding.returned(stack, leg, more["role"], more["held"], result)

    def _choose(self, stack: Stack, leg: Leg, given: Args) -> Iterator[Item]:
        args, _, whole = given
        options = dict.fromkeys(args if whole or args else (UNKNOWN,))
        number = leg.choices
        for place, option in enumerate(options):
            text = repr(option.value) if isinstance(option, Known) else f"option {place + 1}"
            way = leg.knowing(f"choose {number}", f"chose {text}")
            yield self.machine.given(stack, replace(way, choices=min(number + 1, 8)), option)
        if not whole and UNKNOWN not in options:
            yield self.machine.given(stack, leg, UNKNOWN)
