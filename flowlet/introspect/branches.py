"""The branches of a function as its source has them: conditional jumps, and arms of `match`.

Each instruction at which the bytecode branches is found in the source by where it stands, and gets
the text of the condition for either way.
"""

from __future__ import annotations

import ast
import copy
import dis
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from types import CodeType
from typing import Any

from ..syntax import Code

_SKIP = ("CACHE", "NOP")


@dataclass(frozen=True, slots=True)
class Jump:
    """A conditional jump: the test as text, and whether it holds when the jump is not taken."""

    offset: int
    falls_to: int
    if_falls: str
    if_jumps: str


@dataclass(frozen=True, slots=True)
class Arm:
    """The way into an arm of the `match` that stands at this line."""

    match: int
    text: str


#: The branches of a function, by the offset of the instruction.
Points = Mapping[int, Jump | Arm]


def points_of(code: CodeType, read: Code) -> Points:
    """The branches of a function whose source is read."""
    tests, arms, loops = _conditions(read.node, read.scope.evaluate)
    steps = [step for step in dis.get_instructions(code) if step.opname not in _SKIP]
    points: dict[int, Jump | Arm] = {}
    entered: set[int] = set()
    # A long jump has prefixes, and it may be told at the first of them alone.
    prefix = 0
    for step, after in pairwise(steps):
        p = step.positions or dis.Positions()
        span = (p.lineno, p.end_lineno, p.col_offset, p.end_col_offset)
        for arm in arms:
            if id(arm) not in entered and arm.holds(span):
                entered.add(id(arm))
                points[step.offset] = Arm(arm.match, arm.text)
        if step.opname == "FOR_ITER" and span in loops:
            text = loops[span]
            jump = Jump(step.offset, after.offset, f"more in {text}", f"{text} is over")
            points[prefix] = points[step.offset] = jump
        elif "JUMP" in step.opname and "_IF_" in step.opname and span in tests:
            test = tests[span]
            yes, no = text_of(test), text_of(negated(test))
            if _jumps_when_true(step.opname, test):
                yes, no = no, yes
            jump = Jump(step.offset, after.offset, yes, no)
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


def text_of(test: ast.expr) -> str:
    """A condition as a guard shows it."""
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
                arms += arms_of(line, cases, value_of)
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


def arms_of(
    line: int, cases: list[ast.match_case], value_of: Callable[[ast.AST], Any]
) -> list[_ArmSpan]:
    """The arms of a `match` that say more than a class, each with where it stands."""
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
