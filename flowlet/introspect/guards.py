"""Which conditions of the source decided where an event led.

While a step is run its branches are traced: each conditional jump, each `match` arm, as they are
written in the source.  Which of them an edge shows as its guard is told in `telling`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property, partial
from types import CodeType, FrameType
from typing import Any, ClassVar

from ..syntax import Code
from .branches import Jump, Points, points_of


class Tracer:
    """Records the branches of an actor's functions while it is on.

    Python tells of each instruction in them: through `sys.monitoring` where there is one (3.12),
    which must know the functions before they are entered; else through a trace function.
    """

    def __init__(self, functions: Mapping[CodeType, Code]) -> None:
        self.atoms: dict[tuple[CodeType, int], str] = {}
        self._functions = functions
        self._open: dict[CodeType, int] = {}
        #: What is on while an actor has its turn, and not while whoever draws does something.
        #: Python tells of every call, and goes slower, as long as anything is traced at all: over
        #: the whole of a step, that was 6 % of a search of two-phase commit.
        self.ears: Ears = _Monitoring(self) if sys.version_info >= (3, 12) else _Tracing(self)

    @cached_property
    def _points(self) -> dict[CodeType, Points]:
        return {code: points_of(code, read) for code, read in self._functions.items()}

    def __enter__(self) -> Tracer:
        self.ears.open(self._points)
        return self

    def __exit__(self, *exc: object) -> None:
        self.ears.close(self._points)

    def begin(self, frames: Iterable[FrameType | None]) -> None:
        """A step begins, of an actor that is suspended in these frames; its way goes to `atoms`."""
        self.atoms = {}
        self._open.clear()
        self.ears.mark(frames)

    # Not covered: while `sys.monitoring` or a trace function calls this, coverage.py hears nothing.
    def visit(self, code: CodeType, points: Points, here: int) -> None:  # pragma: no cover
        """The instruction at this offset is about to be carried out."""
        # A jump and what comes after it follow each other directly: no call lies between.
        last = self._open.pop(code, None) if self._open else None
        if last is not None:
            jump = points[last]
            assert isinstance(jump, Jump)
            if last < here <= jump.offset:
                self._open[code] = last  # still on its way through the prefixes
                return
            text = jump.if_falls if here == jump.falls_to else jump.if_jumps
            self.atoms.setdefault((code, jump.offset), text)
        point = points.get(here)
        if isinstance(point, Jump):
            self._open[code] = here
        elif point is not None:
            self.atoms[code, point.match] = point.text


Step = Callable[[FrameType, str, Any], Any]


class _Tracing:  # pragma: no cover - of Python 3.11, where it and coverage.py exclude each other
    """Python 3.11: `sys.settrace`, which a debugger or coverage gets back afterwards.

    It tells of lines, and of instructions only on lines with a branch: of two-phase commit with six
    managers that is 5,706 times instead of 18,592, at about a microsecond each.
    """

    def __init__(self, tracer: Tracer) -> None:
        self.tracer = tracer
        self.steps: dict[CodeType, Step] = {}
        self.before: Any = None
        self.is_on: bool = False
        #: Be off for a while, and on again: by no function of Python's, of which it would be told.
        self.pause: Callable[[], None] = partial(sys.settrace, None)
        self.go_on: Callable[[], None] = partial(sys.settrace, self.call)

    #: Whether it is told of branches at all.
    hears: ClassVar[bool] = True

    def open(self, codes: Mapping[CodeType, Points]) -> None:
        self.steps = {code: self._step_of(code, points) for code, points in codes.items()}

    def _step_of(self, code: CodeType, points: Points) -> Step:
        """What is called at each line of a function, and at each instruction where it branches."""
        visit = self.tracer.visit
        branching = {
            line
            for begin, end, line in code.co_lines()
            if any(begin <= offset < end for offset in points)
        }

        def step(frame: FrameType, event: str, arg: Any) -> Step:
            if event == "line" or event == "call":
                frame.f_trace_opcodes = branches = frame.f_lineno in branching
                if event == "call" or branches:
                    return step  # the instruction itself is told next
            elif event != "opcode":
                return step
            visit(code, points, frame.f_lasti)
            return step

        return step

    def close(self, codes: Mapping[CodeType, Points]) -> None:
        """Nothing to do."""

    def mark(self, frames: Iterable[FrameType | None]) -> None:
        """Those that are suspended are not told of as calls."""
        for frame in frames:
            while frame is not None:
                step = self.call(frame, "call", None)
                if step is not None:
                    frame.f_trace = step
                frame = frame.f_back

    def unmark(self) -> None:
        """Nothing to do."""

    def on(self) -> None:
        self.is_on = True
        self.before = sys.gettrace()
        sys.settrace(self.call)

    def off(self) -> None:
        self.is_on = False
        sys.settrace(self.before)

    def call(self, frame: FrameType, event: str, arg: Any) -> Step | None:
        step = self.steps.get(frame.f_code)
        return step and step(frame, event, arg)


class _Monitoring:
    """Python 3.12 and later: `sys.monitoring`, for these functions alone."""

    def __init__(self, tracer: Tracer) -> None:
        self.tracer = tracer
        self.monitoring: Any = vars(sys)["monitoring"]
        self.tool: int | None = None
        self.codes: Mapping[CodeType, Points] = {}
        self.is_on: bool = False
        #: Whether it is open, and whether only for this step.
        self.is_open: bool = False
        self.is_late: bool = False

    @property
    def hears(self) -> bool:
        """Whether it is told of branches at all: others may use all that Python has for it."""
        return self.tool is not None

    def open(self, codes: Mapping[CodeType, Points]) -> None:
        self.codes = codes
        self.is_open = True
        monitoring = self.monitoring
        self.tool = next((tool for tool in (4, 3) if monitoring.get_tool(tool) is None), None)
        if self.tool is None:
            return  # others use them all: the graph is the same, without guards
        monitoring.use_tool_id(self.tool, "flowlet")
        monitoring.register_callback(self.tool, monitoring.events.INSTRUCTION, self.visit)
        for code in codes:
            monitoring.set_local_events(self.tool, code, monitoring.events.INSTRUCTION)

    def close(self, codes: Mapping[CodeType, Points]) -> None:
        self.is_open = False
        if self.tool is None:
            return
        for code in codes:
            self.monitoring.set_local_events(self.tool, code, 0)
        events = self.monitoring.events
        self.monitoring.register_callback(self.tool, events.INSTRUCTION, None)
        self.monitoring.free_tool_id(self.tool)

    def mark(self, frames: Iterable[FrameType | None]) -> None:
        """Where a search was cut, steps from its last states are taken after it."""
        if not self.is_open:
            self.is_late = True
            self.open(self.codes)

    def unmark(self) -> None:
        if self.is_late:
            self.is_late = False
            self.close(self.codes)

    def on(self) -> None:
        self.is_on = True

    def off(self) -> None:
        self.is_on = False

    pause: ClassVar[Callable[[Any], None]] = off
    go_on: ClassVar[Callable[[Any], None]] = on

    def visit(self, code: CodeType, here: int) -> None:  # pragma: no cover - as that of the tracer
        if self.is_on:
            self.tracer.visit(code, self.codes[code], here)


Ears = _Tracing | _Monitoring
