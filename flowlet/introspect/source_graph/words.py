"""Calls: of the user's functions, which are entered, and of the words of flowlet."""

from __future__ import annotations

import ast
import functools
import inspect
from collections.abc import Iterator
from dataclasses import replace
from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any

from ... import waits
from ...errors import NoReplyError
from ...events import Delay, label_of, label_of_type
from ...names import kinds_text
from .binding import MORE, annotated, arguments, bind_arguments
from .calls import HARMLESS, WORDS, is_deaf, simple_call
from .changes import mutated
from .classes import are_types, is_time, time_label, types_in
from .evaluate import evaluate
from .frames import Fiber, Frame, Leg, Open, Stack, Wait, path_of
from .functions import call_method, user_function
from .labels import (
    actor_text,
    answers_to,
    at_of,
    block_of_function,
    can_hash,
    given_node,
    given_text,
    is_asked,
    is_unknown,
    may_be_actor,
    name_of_called,
    results_of,
    value_label,
    value_text,
    word_text,
)
from .machine import Go, Item, Stop
from .program import Step
from .scope import Scope
from .storing import assign
from .values import (
    NONE,
    UNKNOWN,
    Above,
    Args,
    Block,
    Bound,
    Fn,
    Generator,
    Inst,
    Known,
    Method,
    Named,
    Part,
    Value,
    Wrapped,
)

if TYPE_CHECKING:
    from .machine import Machine


class Calls:
    """Makes the calls of a machine."""

    simple = staticmethod(simple_call)

    def __init__(self, machine: Machine) -> None:
        self.machine = machine

    def call(self, stack: Stack, leg: Leg, step: Step) -> Iterator[Item]:
        """The call at which the innermost frame stands."""
        frame = stack[-1]
        scope = self.machine.scope(frame)
        for function in evaluate(step.expr.func, scope):
            if function == Known(super) and not step.expr.args:
                yield self.machine.given(stack, leg, self._above(scope))
                continue
            for given in arguments(step.expr, scope):
                hidden = self._goes_on_unseen(function, given)
                values = None if hidden else simple_call(function, given, scope)
                if values is None:
                    yield from self.invoke(stack, leg, function, given)
                    continue
                if not self._is_sure(function):
                    yield from self.machine.unwinding.perhaps_raised(stack, leg, step, True)
                if leg.in_region and function == Known(waits.spawn):
                    facts = self.machine.facts
                    facts.changed |= stack[0].code not in facts.parents
                    facts.parents.add(stack[0].code)
                after = mutated(self.machine, stack, function, given)
                for value in values:
                    yield self.machine.given(after, leg, value)

    @staticmethod
    def _goes_on_unseen(function: Value, given: Args) -> bool:
        """Whether Python itself runs code of the user's in this call: a text, or a generator."""
        owner = function.owner if isinstance(function, Method) else None
        return function in (Known(eval), Known(exec)) or any(
            isinstance(value, Generator) for value in (owner, *given[0])
        )

    @staticmethod
    def _above(scope: Scope) -> Value:
        """What `super()` gives in a method."""
        spec = scope.program.node.args
        names = [arg.arg for arg in (*spec.posonlyargs, *spec.args)]
        (kind, *_) = scope.look_up("__class__")
        if not names or not isinstance(kind, Known) or not isinstance(kind.value, type):
            return UNKNOWN
        (owner, *_) = scope.look_up(names[0])
        return Above(kind.value, owner)

    @staticmethod
    def _is_sure(function: Value) -> bool:
        """Whether a simple call never raises."""
        if not isinstance(function, Known):
            return isinstance(function, Block)
        called = function.value
        if isinstance(called, type) and issubclass(called, BaseException):
            return True
        plain = (isinstance, issubclass, type, len, str, repr, bool, Delay)
        own = getattr(called, "__module__", None) or ""
        return any(called is each for each in plain) or own.startswith("flowlet")

    # --- the user's functions -------------------------------------------------------------

    def invoke(
        self,
        stack: Stack,
        leg: Leg,
        function: Value,
        given: Args,
        role: Any = "call",
        held: Any = None,
        open: tuple[Open, ...] = (),
    ) -> Iterator[Item]:
        """Call something; `role` says what its return is to the frame below."""
        args, words, whole = given
        more = {"role": role, "held": held, "open": open}
        if role != "call":
            scope = self.machine.scope(stack[-1]) if stack else None
            simple = simple_call(function, given, scope) if scope is not None else None
            if simple is not None:
                for value in simple:
                    yield from self.machine.unwinding.returned(stack, leg, role, held, value)
                return
        match function:
            case Fn():
                yield from self.push(stack, leg, function, given, role, held, open)
            case Bound(function=inner, owner=owner):
                yield from self.invoke(stack, leg, inner, ((owner, *args), words, whole), **more)
            case Part(function=inner, args=first, keywords=named):
                merged = tuple({**dict(named), **dict(words)}.items())
                whole = whole and (MORE, UNKNOWN) not in merged
                yield from self.invoke(stack, leg, inner, ((*first, *args), merged, whole), **more)
            case Wrapped(kind="state", function=inner, block=block):
                more["open"] = (*open, Open("state", block=block))
                yield from self.invoke(stack, leg, inner, given, **more)
            case Wrapped(kind="manager", function=inner):
                yield from self.invoke(stack, leg, inner, given, **more)
            case Known(value=called):
                yield from self._known(stack, leg, called, given, more)
            case Method(owner=owner, attr="send") if args and may_be_actor(owner):
                yield from self._send(stack, leg, owner, args, words, more)
            case Method(owner=owner, attr="ask") if args and is_asked(args[0]):
                yield from self._ask(stack, leg, (owner, *args), dict(words), more)
            case Method(owner=owner, attr="reply") if owner is UNKNOWN:
                yield from self.machine.unwinding.returned(stack, leg, role, held, NONE)
            case Method(owner=owner, attr=attr) if self._is_harmless(stack, owner, attr):
                yield from self.machine.unwinding.perhaps_raised(stack, leg, stack[-1].step, True)
                yield from self.machine.unwinding.returned(stack, leg, role, held, UNKNOWN)
            case _:
                yield from self._unknown(stack, leg, role, held)

    def _is_harmless(self, stack: Stack, owner: Value, attr: str) -> bool:
        """Whether a method is that of a collection or a text, and of nothing else around."""
        if attr not in HARMLESS or not stack:
            return False
        held = stack[-1].program.globals.values()
        return not any(
            isinstance(kind, type) and isinstance(vars(kind).get(attr), FunctionType)
            for kind in held
            if getattr(kind, "__module__", "").partition(".")[0] != "flowlet"
        )

    def _known(self, stack: Stack, leg: Leg, called: Any, given: Args, more: Any) -> Iterator[Item]:
        word = WORDS.get(called) if can_hash(called) else None
        if word is not None:
            yield from self._word(word, stack, leg, given, more)
            return
        if isinstance(called, functools.partial):
            part = Part(
                Known(called.func),
                tuple(map(Known, called.args)),
                tuple((name, Known(value)) for name, value in called.keywords.items()),
            )
            yield from self.invoke(stack, leg, part, given, **more)
            return
        if isinstance(called, MethodType):
            bound = Bound(Known(called.__func__), Known(called.__self__))
            yield from self.invoke(stack, leg, bound, given, **more)
            return
        if isinstance(called, type):
            made = Inst(called, exact=True)
            init = Bound(Known(called.__init__), made)  # type: ignore[misc]  # of this very class
            more |= {"role": "make", "held": made}
            yield from self.invoke(stack, leg, init, given, **more)
            return
        if isinstance(called, FunctionType) and "__flowlet_block__" in vars(called):
            block = block_of_function(called)
            wrapped = Wrapped("state", Known(called.__wrapped__), block)
            yield from self.invoke(stack, leg, wrapped, given, **more)
            return
        if isinstance(called, FunctionType):
            inner = getattr(called, "__wrapped__", None)
            if inner is not None and called.__code__.co_filename.endswith("contextlib.py"):
                yield from self.invoke(stack, leg, Known(inner), given, **more)
                return
            fn = self.machine.facts.function(called)
            if fn is not None and user_function(Known(called)) is not None:
                yield from self.invoke(stack, leg, fn, given, **more)
                return
        elif (call := call_method(called)) is not None:
            method = Bound(Known(call), Known(called))
            yield from self.invoke(stack, leg, method, given, **more)
            return
        yield from self._unknown(stack, leg, more["role"], more["held"])

    def push(
        self,
        stack: Stack,
        leg: Leg,
        fn: Fn,
        given: Args,
        role: Any,
        held: Any,
        open: tuple[Open, ...],
    ) -> Iterator[Item]:
        """Enter a function."""
        program = fn.program
        if inspect.iscoroutinefunction(program.node) or isinstance(
            program.node, ast.AsyncFunctionDef
        ):
            yield from self._unknown(stack, leg, role, held)
            return
        frame = Frame(fn, role=role, held=held)
        for name, value in bind_arguments(program.node, *given, fn).items():
            frame = assign(self.machine, frame, ast.Name(name, ast.Store()), value, None)
        frame = frame.at(0)
        if program.generator:
            made = Generator(frame.with_(role="call", held=None))
            yield from self.machine.unwinding.returned(stack, leg, role, held, made)
            return
        for block in open:
            if stack:
                self.machine.unwinding.note_vague(block.block, stack[-1])
            frame = frame.with_(open=(*frame.open, block))
            leg = self.machine.unwinding.into(leg, path_of((*stack, frame)))
        if any(known.code is program.code for known in stack) and is_deaf(
            fn, self.machine.scope(frame)
        ):
            noted = getattr(program.node, "returns", None)
            result = UNKNOWN if noted is None else annotated(noted, fn)
            yield from self.machine.unwinding.returned(stack, leg, role, held, result)
            return
        unrolled = self.machine.unrolled
        again = [i for i, known in enumerate(stack) if known.code is program.code]
        if len(again) >= unrolled and role == "call":
            cut = again[unrolled - 1]
            self.machine.facts.notes[
                f"{program.code.co_name} calls itself: deeper calls are drawn as the same states"
            ] = None
            first = stack[cut]
            segment = (first.with_(again=True), *stack[cut + 1 :])
            stack = stack[:cut]
            known = self.machine.facts.deeper.setdefault((stack, program.code), {})
            if segment not in known:
                known[segment] = None
                self.machine.facts.changed = True
            frame = frame.with_(role=first.role, held=first.held, again=True)
        yield Go((*stack, frame), leg)

    # --- what is not known ----------------------------------------------------------------

    def note_unknown(self, node: Any, frame: Frame) -> None:
        """Tell that a call could not be read."""
        self.machine.facts.unknown[self.machine.place(node, frame)] = None

    def _unknown(self, stack: Stack, leg: Leg, role: Any, held: Any) -> Iterator[Item]:
        """A call of which nothing is known: it returns, or waits for nobody knows what."""
        if not stack:
            return
        frame = stack[-1]
        self.note_unknown(frame.step.node, frame)
        yield from self.machine.unwinding.perhaps_raised(stack, leg, frame.step, True)
        yield from self.machine.unwinding.returned(stack, leg, role, held, UNKNOWN)
        if role == "call":
            yield self._parked(
                stack, leg, Wait("?", own="?", at="?", results=(UNKNOWN,), keeps=True)
            )

    # --- the words ------------------------------------------------------------------------

    def somewhere_in(self, stack: Stack, leg: Leg) -> Iterator[Item]:
        """A wait in the midst of a step, of which nothing else is known; then the step again."""
        frame = stack[-1]
        self.note_unknown(frame.step.node, frame)
        before = (*stack[:-1], frame.at(frame.pc - 1))
        wait = Wait("?", own="?", at="?", results=(UNKNOWN,), keeps=True)
        yield self._parked(before, leg, wait)

    def _parked(self, stack: Stack, leg: Leg, wait: Wait) -> Stop:
        frame = stack[-1]
        pc = frame.pc
        live = frame.program.live[pc + 1] - {frame.step.name}
        kept = tuple(pair for pair in frame.env if pair[0] in live)
        return Stop(Fiber((*stack[:-1], frame.with_(env=kept)), wait), leg)

    def _word(self, word: str, stack: Stack, leg: Leg, given: Args, more: Any) -> Iterator[Item]:
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
                yield from self._send(stack, leg, args[0], args[1:], words, more)
            case "choose":
                yield from self._choose(stack, leg, given)
            case "flow" if args:
                yield from self.invoke(stack, leg, args[0], (args[1:], words, whole), role="flow")
            case "become" if args:
                yield Go(stack, leg, ("become", args[0], (args[1:], words, whole)))
            case "parallel" | "race" if not whole or any(map(is_unknown, args)):
                yield from self._unknown(stack, leg, more["role"], more["held"])
            case "parallel" | "race":
                at = at_of(named, node)
                if at == "?":
                    self.note_name("what this state is called", node, frame)
                yield from self.machine.groups.start(stack, leg, word, args, at)
            case "ask":
                yield from self._ask(stack, leg, args, named, more)
            case _:
                if MORE in named:
                    yield from self._unknown(stack, leg, more["role"], more["held"])
                wait = self._wait(word, given, node)
                self._note_names(wait, given, frame)
                yield self._parked(stack, leg, wait)

    def note_name(self, what: str, node: Any, frame: Frame) -> None:
        """Tell that a name, or the text of an edge, could not be read."""
        self.machine.facts.unnamed[f"{self.machine.place(node, frame)}: {what}"] = None

    def _note_names(self, wait: Wait, given: Args, frame: Frame) -> None:
        """Tell what of the names of a wait and of its edges only a run knows."""
        args, words, _ = given
        node = frame.step.node
        if wait.at == "?" and dict(words).get("at") != Known("?"):
            self.note_name("what this state is called", node, frame)
        if wait.word == "receive" and wait.own is not None:
            self.note_name("what it awaits", node, frame)
        elif wait.own is not None and wait.own.endswith(" ?") and wait.after is None:
            self.note_name("what its edge is called", node, frame)
        places = {"sleep": 0, "ask": 2}
        place = places.get(wait.word, len(args))
        if not is_time(args[place] if place < len(args) else dict(words).get("after")):
            self.note_name("how long its time is", node, frame)

    def _wait(self, word: str, given: Args, node: Any) -> Wait:
        args, words, _ = given
        named = dict(words)
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
        return Wait(word, (), None, word, False, at, word, (UNKNOWN,), True)

    def _ask(
        self, stack: Stack, leg: Leg, args: tuple[Value, ...], named: dict[str, Value], more: Any
    ) -> Iterator[Item]:
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
        yield from self.machine.unwinding.perhaps_raised(stack, leg, stack[-1].step, True)
        wait = Wait("ask", (), after, text, False, at_of(named, node), text, answers_to(kind), True)
        self._note_names(wait, (args, tuple(named.items()), True), stack[-1])
        yield self._parked(stack, leg, wait)

    def _send(
        self, stack: Stack, leg: Leg, owner: Value, args: tuple[Value, ...], words: Any, more: Any
    ) -> Iterator[Item]:
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
