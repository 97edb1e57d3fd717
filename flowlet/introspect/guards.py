"""Which conditions of the source decided where an event led.

While a function is explored, its branches are traced: each conditional jump, each `match` arm, as
they are written in the source.  Which of them an edge shows as its guard is told in `telling`.
"""

from __future__ import annotations

import ast
import copy
import dis
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from types import CodeType, FrameType
from typing import Any

from ..syntax import Code

#: A function that computes longer than this between two waits is taken to loop for ever.
MOST_STEPS = 2_000_000

_SKIP = ("CACHE", "NOP")


class EndlessLoop(BaseException):
    """Thrown into a function that does not reach a wait; `place` is where it was."""

    def __init__(self, place: str) -> None:
        super().__init__(place)
        self.place = place


@dataclass(frozen=True, slots=True)
class _Jump:
    """A conditional jump: the test as text, and whether it holds when the jump is not taken."""

    offset: int
    falls_to: int
    if_falls: str
    if_jumps: str


@dataclass(frozen=True, slots=True)
class _Arm:
    """The way into an arm of the `match` that stands at this line."""

    match: int
    text: str


#: The branches of a function, by the offset of the instruction.
Points = Mapping[int, _Jump | _Arm]


class Tracer:
    """Records the branches of an actor's functions while it is on.

    Python tells of each instruction in them: through `sys.monitoring` where there is one (3.12),
    which must know the functions before they are entered; else through a trace function.
    """

    def __init__(self, functions: Mapping[CodeType, Code]) -> None:
        self.atoms: dict[tuple[CodeType, int], str] = {}
        self.steps: int = 0
        self._points: dict[CodeType, Points] = {
            code: _points_of(code, read) for code, read in functions.items()
        }
        self._open: dict[CodeType, int] = {}
        #: What is on while an actor has its turn, and not while whoever draws does something.
        #: Python tells of every call, and goes slower, as long as anything is traced at all: over
        #: the whole of a step, that was 6 % of a search of two-phase commit.
        self.ears = _Monitoring(self) if sys.version_info >= (3, 12) else _Tracing(self)

    def __enter__(self) -> Tracer:
        self.ears.open(self._points)
        return self

    def __exit__(self, *exc: object) -> None:
        self.ears.close(self._points)

    def begin(self, frames: Iterable[FrameType | None]) -> None:
        """A step begins, of an actor that is suspended in these frames; its way goes to `atoms`."""
        self.atoms = {}
        self.steps = 0
        self._open.clear()
        self.ears.mark(frames)

    def visit(self, code: CodeType, points: Points, here: int) -> None:
        """The instruction at this offset is about to be carried out."""
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise EndlessLoop(_line_text(code, here))
        # A jump and what comes after it follow each other directly: no call lies between.
        last = self._open.pop(code, None) if self._open else None
        if last is not None:
            jump = points[last]
            assert isinstance(jump, _Jump)
            if last < here <= jump.offset:
                self._open[code] = last  # still on its way through the prefixes
                return
            text = jump.if_falls if here == jump.falls_to else jump.if_jumps
            self.atoms.setdefault((code, jump.offset), text)
        point = points.get(here)
        if isinstance(point, _Jump):
            self._open[code] = here
        elif point is not None:
            self.atoms[code, point.match] = point.text


Step = Callable[[FrameType, str, Any], Any]


class _Tracing:
    """Python 3.11: `sys.settrace`, which a debugger or coverage gets back afterwards.

    It tells of lines, and of instructions only on lines with a branch: of two-phase commit with six
    managers that is 5,706 times instead of 18,592, at about a microsecond each.
    """

    def __init__(self, tracer: Tracer) -> None:
        self.tracer = tracer
        self.steps: dict[CodeType, Step] = {}
        self.before: Any = None
        self.is_on = False
        #: Be off for a while, and on again: by no function of Python's, of which it would be told.
        self.pause: Callable[[], None] = partial(sys.settrace, None)
        self.go_on: Callable[[], None] = partial(sys.settrace, self.call)

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
        self.is_on = False
        #: Whether it is open, and whether only for this step.
        self.is_open = self.is_late = False

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

    pause, go_on = off, on

    def visit(self, code: CodeType, here: int) -> None:
        if self.is_on:
            self.tracer.visit(code, self.codes[code], here)


Ears = _Tracing | _Monitoring


def _line_text(code: CodeType, offset: int) -> str:
    line = list(code.co_positions())[offset // 2][0]
    return f"{code.co_filename}:{line}"


# --- from bytecode to conditions ----------------------------------------------------------


def _points_of(code: CodeType, read: Code) -> Points:
    tests, arms, loops = _conditions(read.node, read.scope.evaluate)
    steps = [step for step in dis.get_instructions(code) if step.opname not in _SKIP]
    points: dict[int, _Jump | _Arm] = {}
    entered: set[int] = set()
    # A long jump has prefixes, and it may be told at the first of them alone.
    prefix = 0
    for step, after in pairwise(steps):
        p = step.positions or dis.Positions()
        span = (p.lineno, p.end_lineno, p.col_offset, p.end_col_offset)
        for arm in arms:
            if id(arm) not in entered and arm.holds(span):
                entered.add(id(arm))
                points[step.offset] = _Arm(arm.match, arm.text)
        if step.opname == "FOR_ITER" and span in loops:
            text = loops[span]
            jump = _Jump(step.offset, after.offset, f"more in {text}", f"{text} is over")
            points[prefix] = points[step.offset] = jump
        elif "JUMP" in step.opname and "_IF_" in step.opname and span in tests:
            test = tests[span]
            yes, no = _text(test), _text(negated(test))
            if _jumps_when_true(step.opname, test):
                yes, no = no, yes
            jump = _Jump(step.offset, after.offset, yes, no)
            points[prefix] = points[step.offset] = jump
        prefix = prefix if step.opname == "EXTENDED_ARG" else after.offset
    return points


class _WithoutWaits(ast.NodeTransformer):
    """Leaves out the wait in a condition: `receive(Reply, at="x").ok` is about `ok`."""

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        match node.value:
            case ast.Call(func=ast.Name(id="receive") | ast.Attribute(attr="receive")):
                return ast.Name(node.attr)
        return self.generic_visit(node)


def _text(test: ast.expr) -> str:
    return ast.unparse(_WithoutWaits().visit(copy.deepcopy(test)))


def _jumps_when_true(opname: str, test: ast.expr) -> bool:
    if opname.endswith("NOT_NONE"):
        return not _says_is_none(test)
    if opname.endswith("NONE"):
        return _says_is_none(test)
    return "_IF_TRUE" in opname


def _says_is_none(test: ast.expr) -> bool:
    return isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.Is)


@dataclass(frozen=True)
class _ArmSpan:
    match: int
    text: str
    first: tuple[int, int]
    last: tuple[int, int]

    def holds(self, span: Any) -> bool:
        """Whether an instruction at this place belongs to the arm."""
        line, end_line, col, end_col = span
        return (
            line is not None
            and self.first <= (line, col or 0)
            and (end_line or line, end_col or 0) <= self.last
        )


_Span = tuple[Any, ...]


def _conditions(
    node: Any, value_of: Callable[[ast.AST], Any]
) -> tuple[dict[_Span, ast.expr], list[_ArmSpan], dict[_Span, str]]:
    """The tests, the `match` arms with fields, and the loops of a function, by where they stand."""
    tests: dict[_Span, ast.expr] = {}
    arms: list[_ArmSpan] = []
    loops: dict[_Span, str] = {}
    for inner in ast.walk(node):
        match inner:
            case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test):
                _add_test(tests, test)
                tests.setdefault(_span(inner), _innermost(test))
            case ast.Assert(test=test):
                _add_test(tests, test)
            case ast.BoolOp():
                _add_test(tests, inner)
            case ast.For(iter=over):
                loops[_span(inner)] = loops[_span(over)] = ast.unparse(over)
            case ast.Match(lineno=line, cases=cases):
                arms += _arms(line, cases, value_of)
                for case in cases:
                    if case.guard is not None:
                        _add_test(tests, case.guard)
    return tests, arms, loops


def _add_test(tests: dict[_Span, ast.expr], test: ast.expr) -> None:
    if isinstance(test, ast.BoolOp):
        for value in test.values:
            _add_test(tests, value)
    elif isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        _add_test(tests, test.operand)
    else:
        tests[_span(test)] = test


def _innermost(test: ast.expr) -> ast.expr:
    while isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        test = test.operand
    return test


def _span(node: Any) -> _Span:
    return (node.lineno, node.end_lineno, node.col_offset, node.end_col_offset)


def _arms(
    line: int, cases: list[ast.match_case], value_of: Callable[[ast.AST], Any]
) -> list[_ArmSpan]:
    texts = [_pattern_text(case.pattern, value_of) for case in cases]
    kinds = [_pattern_kind(case.pattern) for case in cases]
    arms = []
    for place, case in enumerate(cases):
        text = texts[place]
        earlier = [i for i in range(place) if texts[i] and kinds[i] in (kinds[place], None)]
        if not text and (earlier or (kinds[place] is None and any(texts[:place]))):
            text = " and ".join(dict.fromkeys(_opposite(texts[i]) for i in earlier)) or "else"
        if text:
            first, last = case.body[0], case.body[-1]
            arms.append(
                _ArmSpan(
                    -line,  # no offset of an instruction is below zero
                    text,
                    (first.lineno, first.col_offset),
                    (last.end_lineno or 0, last.end_col_offset or 0),
                )
            )
    return arms


def _opposite(text: str) -> str:
    return ast.unparse(negated(ast.parse(text, mode="eval").body)) if text else "else"


def _pattern_kind(pattern: ast.pattern) -> str | None:
    return ast.unparse(pattern.cls) if isinstance(pattern, ast.MatchClass) else None


def _pattern_text(pattern: ast.pattern, value_of: Callable[[ast.AST], Any]) -> str:
    """What a pattern asks of the fields: `value == 5`; empty where it asks for the class alone."""
    match pattern:
        case ast.MatchClass(patterns=positional, kwd_attrs=attrs, kwd_patterns=named):
            order = getattr(value_of(pattern.cls), "__match_args__", ())
            fields = [*order[: len(positional)], *[""] * (len(positional) - len(order)), *attrs]
            asked = [
                f"{field} == {text}" if field else text
                for field, inner in zip(fields, (*positional, *named), strict=True)
                if (text := _asks(inner))
            ]
            return " and ".join(asked)
        case ast.MatchAs(pattern=inner) if inner is not None:
            return _pattern_text(inner, value_of)
        case ast.MatchOr(patterns=patterns):
            return " or ".join(filter(None, (_pattern_text(p, value_of) for p in patterns)))
        case ast.MatchValue() | ast.MatchSingleton():
            return ast.unparse(pattern)
    return ""


def _asks(pattern: ast.pattern) -> str:
    match pattern:
        case ast.MatchAs(pattern=None):
            return ""
        case ast.MatchAs(pattern=inner) if inner is not None:
            return _asks(inner)
    return ast.unparse(pattern)


_OPPOSITE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.Lt: ast.GtE,
    ast.LtE: ast.Gt,
    ast.Is: ast.IsNot,
    ast.In: ast.NotIn,
}
_OPPOSITE |= {right: left for left, right in _OPPOSITE.items()}


def negated(test: ast.expr) -> ast.expr:
    """The opposite of a condition, written as a person would: `not a < b` is `a >= b`."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return test.operand
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        opposite = _OPPOSITE[type(test.ops[0])]()
        return ast.Compare(test.left, [opposite], test.comparators)
    return ast.UnaryOp(ast.Not(), test)
