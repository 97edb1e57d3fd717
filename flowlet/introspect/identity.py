"""The identity of a parked actor: its stack, frame by frame, with what is still alive in it.

Two states are one just when nothing that the actor can do later differs.  For each of the user's
frames that is: the code, the call in progress (see `continuations`), the locals that are read
later, and the values on its evaluation stack.  A frame that can only return its call's result is
left out.  Round the frames: what the wait takes,
the blocks that hear, the timers that are armed, and the mail that is kept.
"""

from __future__ import annotations

import ast
import functools
import re
import sys
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from types import (
    BuiltinMethodType,
    CodeType,
    FrameType,
    FunctionType,
    GeneratorType,
    MethodDescriptorType,
)
from typing import Any

from .. import blocks, conditions, effects, handlers, names, waits
from ..actor import ActorRef
from ..calls import Call
from ..errors import ExploreError
from ..events import timeout_of
from ..fiber import Fiber
from ..mailbox import QUEUED, Signal
from ..regions import Group
from ..requests import Asking
from .bytecode import Layout, Point
from .frames import NULL, in_c_call, stack_values
from .going_on import has_to_look
from .values import Canon, Form, Hooks, changed_in

#: Context managers of flowlet whose exit never swallows an exception.
_NEVER_SWALLOW = (blocks.state, handlers.on, waits.spawn)


@dataclass
class Snapshot:
    """What a parked actor is: its identity, and the variables in it by name for messages."""

    form: Form
    variables: dict[str, Any] = field(default_factory=dict)
    #: Variables derived from `now()`.
    moments: set[str] = field(default_factory=set)
    #: How many frames there are, those included that do not matter; how much mail is kept.
    depth: int = 0
    mail: int = 0
    #: Where each frame stands, without its data.
    places: tuple[Any, ...] = ()
    #: Variables that the frame itself sets before it reads them, and that functions may read.
    shared: list[tuple[FrameType, str]] = field(default_factory=list)
    #: The code of each frame, and what names mean in it.
    scopes: list[tuple[CodeType, Callable[[str], Any]]] = field(default_factory=list)


class Reader:
    """Reads parked actors.

    `keep`: names that count as live; `everything`: all names do; `hooks`: by type, what stands for
    an object whose state cannot be read.
    """

    def __init__(
        self, keep: Collection[str] = (), everything: bool = False, hooks: Hooks | None = None
    ) -> None:
        self.hooks: Hooks = hooks or {}
        self.keep: frozenset[str] = frozenset(keep)
        self.everything = everything
        self._layouts: dict[CodeType, Layout] = {}

    def snapshot(
        self,
        ref: ActorRef[Any],
        timers: Form,
        armed: Sequence[Any] = (),
        canon: Canon | None = None,
    ) -> Snapshot:
        """The identity of a parked actor; `timers` is what is `armed`, as the search sees it."""
        fiber = ref._fiber
        found = Snapshot(())
        is_family = canon is not None
        if canon is None:
            canon = self.canon()
        if ref.parent is None:
            canon.given = {
                id(each): place
                for place, each in enumerate(ref._args)
                if type(each) in (list, tuple)
            }
        canon.letters.update((id(each), (ref.name, place)) for place, each in enumerate(armed))
        form = self._fiber(fiber, canon, found)
        mail = tuple(
            _due(item, fiber) if isinstance(item, Signal) else canon.of(item, "mail")
            for item in fiber.box or ()
            if not isinstance(item, Signal) or is_time(item)
        )
        remembered = [
            (key, canon.of(path, "history")) for key, path in ref.extra.remembered.items()
        ]
        found.mail = sum(1 for item in fiber.box or () if not isinstance(item, Signal))
        if found.mail and has_to_look(fiber):
            mail = ("to be looked at", *mail)
        context = changed_in(fiber.gr_context, canon)
        shared = _shared(canon, found, is_family)
        found.moments = canon.moments
        found.form = (ref.state, form, timers, mail, tuple(remembered), context, *shared)
        return found

    def _fiber(self, fiber: Fiber, canon: Canon, found: Snapshot) -> Form:
        """What runs in one greenlet, and in those of the regions that it conducts."""
        frames = tuple(self._frames(fiber, canon, found))
        around = []
        block = fiber.block
        while block is not None:
            around.append((block.kinds, block.asleep))
            block = block.outer
        interrupted = []
        held = fiber.held
        while held is not None:
            regions = self._regions(held.group, canon, found)
            interrupted.append((held.kinds, len(held.frozen), regions))
            held = held.outer
        histories = tuple(canon.of((each.last, each.path), "history") for each in fiber.histories)
        return (
            frames,
            self._handled(fiber, canon),
            fiber.kinds_now(),
            _awaited(fiber, canon, found),
            tuple(around),
            tuple(interrupted),
            histories,
            self._regions(fiber.group, canon, found),
        )

    def _handled(self, fiber: Fiber, canon: Canon) -> Form:
        """The exception in whose handler it waits, if a frame can raise it again or look at it."""
        frame = fiber.gr_frame if fiber.handled is not None else None
        while frame is not None and not names.is_bottom(frame.f_code):
            if names.is_users(frame.f_code) and self.layout(frame).looks_back(frame.f_lasti):
                return canon.of(fiber.handled, "the exception being handled")
            frame = frame.f_back
        return ()

    def _regions(self, group: Group | None, canon: Canon, found: Snapshot) -> Form:
        if group is None:
            return ()
        forms: list[Form] = []
        for region in group.regions:
            if region.ended:
                result = canon.of(region.result, "a region's result")
                forms.append(("ended", region.final, result, error_form(canon, region.error)))
            else:
                forms.append(self._fiber(region.fiber, canon, found))
        only = None if group.only is None else group.regions.index(group.only)
        return (group.race, only, group.killed, *forms)

    def _frames(self, fiber: Fiber, canon: Canon, found: Snapshot) -> list[Form]:
        stack: list[FrameType] = []
        asked: list[Any] = []
        frame = fiber.gr_frame
        while frame is not None and not names.is_bottom(frame.f_code):
            outer = frame.f_back
            if outer is not None and not names.is_kernel_file(outer.f_code.co_filename):
                self._refuse_hidden_call(frame, outer)
            if names.is_users_file(frame.f_code.co_filename):
                stack.append(frame)
            elif frame.f_code.co_name == "wait" and frame.f_locals.get("where"):
                asked.append(frame.f_locals["where"])
            frame = outer
        stack.reverse()
        found.depth += len(stack)
        if asked:
            found.variables["where"] = asked
        forms: list[Form] = [self._frame(frame, canon, found) for frame in self._that_matter(stack)]
        if asked:
            forms.append(canon.of(found.variables.pop("where"), "where"))
        return forms

    def canon(self) -> Canon:
        """A maker of canonical forms that knows how to read generators."""
        return Canon(self._generator_form, self.hooks)

    def _that_matter(self, stack: list[FrameType]) -> list[FrameType]:
        """The stack without the frames that can only return what their caller gets anyhow."""
        kept: list[FrameType] = []
        # What the frame outside will get: one constant, or something that is not known.
        gives: tuple[Any, ...] | None = None
        for frame in reversed(stack):
            layout = self.layout(frame)
            point = layout.at(frame.f_lasti)
            whole = self.everything or self.keep.intersection(frame.f_locals) or layout.is_generator
            if not whole and point.tail == "result":
                continue
            if not whole and point.tail == "constant" and gives == (point.constant,):
                continue
            kept.append(frame)
            gives = layout.always_returns
        return kept[::-1]

    def _refuse_hidden_call(self, frame: FrameType, outer: FrameType) -> None:
        """A call from C keeps what it has done so far where nobody can see it."""
        if not in_c_call(outer):
            return
        layout = self.layout(outer)
        called = layout.callee(outer, stack_values)
        if called is None or _is_transparent(called):
            return
        name = getattr(called, "__name__", repr(called))
        file, line = names.line_of((outer.f_code, outer.f_lasti))
        raise ExploreError(
            f"{file}:{line}: a wait under {name}(…) cannot be explored: how far {name} has come is "
            "not to be seen; make a loop of it, or wait before the call"
        )

    def layout(self, frame: FrameType) -> Layout:
        """What the bytecode of this frame says."""
        code = frame.f_code
        if code not in self._layouts:
            self._layouts[code] = Layout(code, functools.partial(_swallows, frame))
        return self._layouts[code]

    def _frame(self, frame: FrameType, canon: Canon, found: Snapshot) -> tuple[Any, ...]:
        code = frame.f_code
        layout = self.layout(frame)
        point = layout.at(frame.f_lasti)
        values = dict(frame.f_locals)
        kept = self.keep & values.keys()
        if point.tail == "constant" and not self.everything and not kept:
            return ("returns", canon.of(point.constant, "result"))
        found.places = (*found.places, (code, point.place))
        found.scopes.append((code, functools.partial(_value_of, frame)))
        live: list[Form] = []
        for name in layout.names:
            if name in values and (self.everything or name in point.live or name in kept):
                label = name if name not in found.variables else f"{code.co_name}.{name}"
                found.variables[label] = values[name]
                live.append((name, _told_where(frame, canon, values[name], label)))
            elif name in values and name in point.shared:
                found.shared.append((frame, name))
        hidden = self._hidden(frame, point, canon, found) if point.hidden else ()
        return (code, point.place, tuple(live), hidden)

    def _hidden(self, frame: FrameType, point: Point, canon: Canon, found: Snapshot) -> Form:
        values = stack_values(frame, point.hidden)
        if values is None:
            file, line = names.line_of((frame.f_code, frame.f_lasti))
            raise ExploreError(
                f"{file}:{line}: the call stands inside an expression or loop whose other values "
                f"Python {sys.version.split()[0]} does not show; put the call in a statement of "
                "its own, with the loop as `while`"
            )
        forms: list[Form] = []
        for slot, value in enumerate(values):
            if value is NULL or slot in point.marks:
                continue
            if getattr(value, "__name__", "") == "__exit__" and hasattr(value, "__self__"):
                block = value.__self__
                if isinstance(block, handlers.on):
                    found.variables.setdefault(f"on({block.kinds[0].__name__})", block.handler)
                forms.append(("exit", canon.of(block, "with")))
                continue
            label = _name_of(value, frame) or f"a value on the stack of {frame.f_code.co_name}"
            found.variables.setdefault(label, value)
            forms.append(canon.of(value, label))
        return tuple(forms)

    def _generator_form(self, canon: Canon, frame: FrameType) -> Form:
        found = Snapshot(())
        form = self._frame(frame, canon, found)
        return (form, *_shared(canon, found, everything=True))


def _shared(canon: Canon, found: Snapshot, everything: bool = False) -> list[Form]:
    """The variables that only functions defined in their frames may read, if these are there."""
    forms: list[Form] = []
    left, found.shared = found.shared, []
    while True:
        now = [each for each in left if everything or _is_read(*each, canon)]
        if not now:
            return forms
        left = [each for each in left if each not in now]
        for frame, name in now:
            value = frame.f_locals[name]
            found.variables.setdefault(name, value)
            forms.append((name, _told_where(frame, canon, value, name)))


def _is_read(frame: FrameType, name: str, canon: Canon) -> bool:
    """Whether a function was met that is defined in the frame and has this variable of it."""
    return any(
        name in code.co_freevars and code.co_qualname.startswith(frame.f_code.co_qualname)
        for code in canon.closures
    )


def _is_transparent(called: Any) -> bool:
    """Whether a call of this has no state of its own while what it calls waits.

    A method's slot on the stack may hold its object instead, so only what is surely C counts.
    """
    if isinstance(called, BuiltinMethodType | MethodDescriptorType):
        owner = getattr(called, "__objclass__", type(getattr(called, "__self__", None)))
        return called is next or owner is GeneratorType
    if isinstance(called, type):
        # Of a class of the user's, the object that is being made is a local of its __init__.
        return called is functools.partial or isinstance(
            vars(called).get("__init__", called.__new__), FunctionType
        )
    return True


def _name_of(value: Any, frame: FrameType) -> str | None:
    """The local from which a value was loaded: in `n += f()`, `n` is on the stack meanwhile."""
    return next((name for name, local in frame.f_locals.items() if local is value), None)


def _awaited(fiber: Fiber, canon: Canon, found: Snapshot) -> Form:
    """Whom it asks, what it performs, what it looks for: no variable need tell that any more."""
    own = fiber.own
    if isinstance(own, Asking):
        return (canon.of(own.target, "whom it asks"), type(own.request))
    form: tuple[Form, ...] = ()
    if isinstance(own, Call):
        fn = getattr(fiber.home, "performed", {}).get(own)
        form = own.label, getattr(fn, "__code__", None)
    elif own is QUEUED:
        form = (fiber.called,)
    frame = fiber.gr_frame
    while frame is not None and not names.is_users(frame.f_code):
        if frame.f_code is conditions.wait_until.__code__:
            predicate = frame.f_locals["predicate"]
            if getattr(fiber.home, "root_of", None):
                _refuse_shared(predicate, fiber)
            return canon.of(predicate, "the predicate of wait_until")
        call = frame.f_locals.get("call") if frame.f_code is effects._attempt.__code__ else None
        if call is not None and call.over:  # and it has not gone on with it yet
            form += canon.of(call.value, "a result"), error_form(canon, call.error)
        if frame.f_code is effects._retried.__code__:
            form += _attempts(frame.f_locals["retry"], frame.f_locals["progress"], found)
        frame = frame.f_back
    return form


def _refuse_shared(predicate: Any, fiber: Fiber) -> None:
    """What a family shares besides cells wakes nobody: a predicate must not look at it."""
    names_of = getattr(getattr(predicate, "__code__", None), "co_freevars", ())
    for name, cell in zip(names_of, getattr(predicate, "__closure__", None) or (), strict=False):
        if isinstance(cell.cell_contents, list | dict | set):
            raise ExploreError(
                f"the predicate of a wait_until of {fiber.ref.name} looks at {name!r}, which is no "
                "shared cell: nobody is woken when it changes; make it a cell, "
                f"d.shared({name!r}, …)"
            )


def _attempts(retry: Any, progress: Any, found: Snapshot) -> tuple[Form, ...]:
    """How often a call has been tried, unless that makes no difference."""
    endless = type(getattr(retry, "stop", None)).__name__ == "_stop_never"
    if endless and type(getattr(retry, "wait", None)).__name__ in ("wait_none", "wait_fixed"):
        return ()
    found.variables["the number of attempts"] = progress.attempt_number
    return (progress.attempt_number,)


def error_form(canon: Canon, error: BaseException | None) -> Form:
    """What an error is that somebody is still to hear of."""
    if error is None:
        return ()
    args = canon.of(error.args, "an error's arguments")
    return (type(error), args, error_form(canon, error.__cause__))


def is_time(signal: Signal) -> bool:
    """Whether a signal says that a time is up; what else there is, is the search's to bring."""
    return hasattr(getattr(signal, "signal", signal), "after")


def _due(signal: Signal, fiber: Fiber) -> Form:
    """A time that is up, and that nobody has heard yet; in which of the actor's regions."""
    timed: Any = getattr(signal, "signal", signal)
    where = getattr(timed, "fiber", fiber)
    fibers = fiber.all_fibers()
    return ("due", timer_label(timed), fibers.index(where) if where in fibers else -1)


def _told_where(frame: FrameType, canon: Canon, value: Any, label: str) -> Form:
    """The form of a local; an error about it says at which line it is alive."""
    try:
        return canon.of(value, label)
    except ExploreError as error:
        file, line = names.line_of((frame.f_code, frame.f_lasti))
        # Inside a generator that is a local it has been told already, for the wrong frame.
        text = re.sub(r"^\S+:\d+: (?=.*whose state cannot be read)", "", str(error))
        raise ExploreError(f"{file}:{line}: {text}") from None


def _value_of(frame: FrameType, name: str) -> Any:
    values = frame.f_locals
    return values[name] if name in values else frame.f_globals.get(name)


def _swallows(frame: FrameType, expr: ast.expr) -> bool:
    """Whether the context manager that `expr` makes may swallow an exception."""
    if not isinstance(expr, ast.Call):
        return True
    return _look_up(frame, expr.func) not in _NEVER_SWALLOW


def _look_up(frame: FrameType, expr: ast.expr) -> Any:
    if isinstance(expr, ast.Name):
        if expr.id in frame.f_code.co_freevars:
            return frame.f_locals.get(expr.id)
        return frame.f_globals.get(expr.id)
    if isinstance(expr, ast.Attribute):
        return getattr(_look_up(frame, expr.value), expr.attr, None)
    return None


def timers_by_place(ref: ActorRef[Any], armed: Iterable[tuple[float, Any]]) -> list[Any]:
    """Which of the `armed` timers may go off for an actor, in an order without regard to times.

    A wait's own limit comes first, then those of its blocks, from inside out.  What a handler has
    put to sleep goes off only afterwards.
    """
    known = {id(timed) for _, timed in armed}
    return [timed for timed in handlers.times_awake(ref._fiber) if id(timed) in known]


def timer_label(timed: Any) -> str:
    """What a timer is called: its Delay's name, or `after 5s`."""
    return timeout_of(timed.after).label
