"""Calls: of the user's functions, which are entered, and of what cannot be read."""

from __future__ import annotations

import ast
import contextlib
import functools
import inspect
from collections.abc import Iterator
from dataclasses import replace
from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any

from ... import waits
from ...names import is_kernel
from ...roles import READS, SWITCH
from .binding import MORE, annotated, arguments, bind_arguments, fits
from .calls import HARMLESS, WORDS, is_deaf, simple_call
from .changes import mutated
from .evaluate import evaluate
from .frames import Fiber, Frame, Leg, Open, Stack, Wait, path_of
from .functions import call_method, is_foreign, user_function
from .harmless import is_sure
from .implicit import constructor_waits
from .labels import (
    block_of_function,
    can_hash,
    is_asked,
    may_be_actor,
)
from .library import decorated
from .machine import COARSEST, Go, Item, Stop
from .program import Step
from .scope import Scope
from .storing import assign
from .values import (
    NONE,
    UNKNOWN,
    Above,
    Args,
    Bound,
    Exits,
    Fn,
    Generator,
    Inst,
    Known,
    Method,
    Part,
    Perhaps,
    Value,
    Wrapped,
)
from .words import Words

if TYPE_CHECKING:
    from .machine import Machine


class Calls:
    """Makes the calls of a machine."""

    simple: Any = staticmethod(simple_call)

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.words: Words = Words(machine)

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
                if not is_sure(function, values, given):
                    yield from self.machine.errors.perhaps_raised(stack, leg, step, True)
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
            case Wrapped(kind="managed", function=inner, manager=manager):
                names = (("function", inner), ("manager", manager))
                managed = replace(self.machine.facts.library(decorated), env=names)
                yield from self.push(stack, leg, managed, given, role, held, open)
            case Generator() if role == "call" and len(args) == 1:
                managed_by = Wrapped("managed", args[0], manager=function)
                yield self.machine.given(stack, leg, managed_by)
            case Inst(kind=kind) if (call := call_method(kind)) is not None:
                if is_foreign(call) and issubclass(kind, contextlib.ContextDecorator) and args:
                    made = Wrapped("managed", args[0], manager=function)
                    yield from self.machine.unwinding.returned(stack, leg, role, held, made)
                elif is_foreign(call):
                    yield from self.unknown(stack, leg, role, held)
                else:
                    yield from self.invoke(stack, leg, Bound(Known(call), function), given, **more)
            case Method(owner=Exits()) if role == "call" and (
                items := self.machine.exits.call(stack, leg, function, given)
            ):
                yield from items
            case Method(owner=owner, attr="send") if args and may_be_actor(owner):
                yield from self.words.send(stack, leg, owner, args, words, more)
            case Method(owner=owner, attr="ask") if args and is_asked(args[0]):
                yield from self.words.ask(stack, leg, (owner, *args), dict(words), more)
            case Method(owner=owner, attr=attr) if owner is UNKNOWN and attr in (*READS, SWITCH):
                yield from self.words.word(attr, stack, leg, ((owner, *args), words, whole), more)
            case Method(owner=owner, attr="reply") if owner is UNKNOWN:
                yield from self.machine.unwinding.returned(stack, leg, role, held, NONE)
            case Method(owner=owner, attr=attr) if self._is_harmless(stack, owner, attr):
                yield from self.machine.errors.perhaps_raised(stack, leg, stack[-1].step, True)
                yield from self.machine.unwinding.returned(stack, leg, role, held, UNKNOWN)
            case _:
                yield from self.unknown(stack, leg, role, held)

    def _is_harmless(self, stack: Stack, owner: Value, attr: str) -> bool:
        """Whether a method is that of a collection or a text, and of nothing else around."""
        if attr not in HARMLESS or not stack:
            return False
        held = stack[-1].program.globals.values()
        return not any(
            isinstance(kind, type) and isinstance(vars(kind).get(attr), FunctionType)
            for kind in held
            if (getattr(kind, "__module__", None) or "").partition(".")[0] != "flowlet"
        )

    def _known(self, stack: Stack, leg: Leg, called: Any, given: Args, more: Any) -> Iterator[Item]:
        word = WORDS.get(called) if can_hash(called) else None
        if word is not None:
            yield from self.words.word(word, stack, leg, given, more)
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
            yield from self._make(stack, leg, called, given, more)
            return
        if isinstance(called, FunctionType) and "__flowlet_block__" in vars(called):
            block = block_of_function(called)
            wrapped = Wrapped("state", Known(vars(called)["__wrapped__"]), block)
            yield from self.invoke(stack, leg, wrapped, given, **more)
            return
        if isinstance(called, FunctionType):
            inner: Any = getattr(called, "__wrapped__", None)
            if inner is not None and called.__code__.co_filename.endswith("contextlib.py"):
                if "self" in called.__code__.co_freevars:
                    managed = Wrapped("managed", Known(inner), manager=self._manager_of(called))
                    yield from self.invoke(stack, leg, managed, given, **more)
                    return
                yield from self.invoke(stack, leg, Known(inner), given, **more)
                return
            fn = self.machine.facts.function(called)
            if fn is not None and user_function(Known(called)) is not None:
                yield from self.invoke(stack, leg, fn, given, **more)
                return
        elif (call := call_method(type(called))) is not None:
            method = Bound(Known(call), Known(called))
            yield from self.invoke(stack, leg, method, given, **more)
            return
        yield from self.unknown(stack, leg, more["role"], more["held"])

    def _make(self, stack: Stack, leg: Leg, kind: type, given: Args, more: Any) -> Iterator[Item]:
        """An object of a class is made: `__init__` runs, or what a dataclass has in its place."""
        made = Inst(kind, exact=True)
        first = inspect.getattr_static(kind, "__init__", None)
        then = inspect.getattr_static(kind, "__post_init__", None)
        init: Any = first
        if isinstance(first, FunctionType) and is_foreign(first) and isinstance(then, FunctionType):
            init, given = then, ((), (), False)
        others = constructor_waits(kind) and init is not then
        if others or not isinstance(init, FunctionType) or is_foreign(init):
            yield from self.unknown(stack, leg, more["role"], more["held"])
            return
        more |= {"role": "make", "held": made}
        yield from self.invoke(stack, leg, Bound(Known(init), made), given, **more)

    def _manager_of(self, called: FunctionType) -> Value:
        """The context manager that a function was decorated with."""
        place = called.__code__.co_freevars.index("self")
        manager: Any = (called.__closure__ or ())[place].cell_contents
        made = getattr(manager, "func", None)
        fn = self.machine.facts.function(made) if isinstance(made, FunctionType) else None
        if fn is None or not fn.program.generator:
            return Known(manager)
        words = tuple((name, Known(value)) for name, value in manager.kwds.items())
        return Generator(self._framed(fn, (tuple(map(Known, manager.args)), words, True)))

    def _framed(self, fn: Fn, given: Args, role: Any = "call", held: Any = None) -> Frame:
        """The frame of a function that begins, with its arguments."""
        frame = Frame(fn, role=role, held=held)
        for name, value in bind_arguments(fn.program.node, *given, fn).items():
            frame = assign(self.machine, frame, ast.Name(name, ast.Store()), value, None)
        return frame.at(0)

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
            yield from self.unknown(stack, leg, role, held)
            return
        if stack and not fits(program.node, *given, fn):
            yield from self.machine.errors.risen(stack, leg, Perhaps(TypeError))
        frame = self._framed(fn, given, role, held)
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
        if role in ("call", "make") and self.machine.facts.level == COARSEST and stack:
            ends = self.machine.summaries.of(stack, leg, frame)
            if ends is not None:
                for end, risen in ends:
                    after = replace(leg, risen=risen)
                    if end.how == "return":
                        yield from self.machine.unwinding.returned(
                            stack, after, role, held, end.value
                        )
                    else:
                        yield Go(stack, after, ("raise", end.value))
                return
        unrolled = self.machine.unrolled
        again = [i for i, known in enumerate(stack) if known.code is program.code]
        again = [] if is_kernel(program.code) else again
        if again and self.machine.unrolls_less and not any(f.open for f in stack[again[0] :]):
            unrolled = 1
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

    def unknown(self, stack: Stack, leg: Leg, role: Any, held: Any) -> Iterator[Item]:
        """A call of which nothing is known: it returns, or waits for nobody knows what."""
        if not stack:
            return
        frame = stack[-1]
        self.note_unknown(frame.step.node, frame)
        yield from self.machine.errors.perhaps_raised(stack, leg, frame.step, True)
        yield from self.machine.unwinding.returned(stack, leg, role, held, UNKNOWN)
        if role in ("call", "flow", "make"):
            yield self.parked(
                stack, leg, Wait("?", own="?", at="?", results=(UNKNOWN,), keeps=True)
            )

    def note_name(self, what: str, node: Any, frame: Frame) -> None:
        """Tell that a name, or the text of an edge, could not be read."""
        self.machine.facts.unnamed[f"{self.machine.place(node, frame)}: {what}"] = None

    def somewhere_in(self, stack: Stack, leg: Leg) -> Iterator[Item]:
        """A wait in the midst of a step, of which nothing else is known; then the step again."""
        frame = stack[-1]
        self.note_unknown(frame.step.node, frame)
        before = (*stack[:-1], frame.at(frame.pc - 1))
        wait = Wait("?", own="?", at="?", results=(UNKNOWN,), keeps=True)
        yield self.parked(before, leg, wait)

    def parked(self, stack: Stack, leg: Leg, wait: Wait) -> Stop:
        """The way stops at a wait; what nobody reads after it is forgotten."""
        frame = stack[-1]
        pc = frame.pc
        live = frame.program.live[pc + 1] - {frame.step.name}
        kept = tuple(pair for pair in frame.env if pair[0] in live)
        return Stop(Fiber((*stack[:-1], frame.with_(env=kept)), wait), leg)
