"""Whether a `match` arm is for a value, and what a test that was passed says of a value."""

from __future__ import annotations

import ast
from typing import Any

from ...asked import asked
from .attributes import attribute
from .evaluate import evaluate
from .frames import Frame
from .items import items_of
from .scope import Scope
from .values import NONE, PLAIN, UNKNOWN, Coll, Inst, Known, Value, is_instance

Verdict = bool | None


def match_pattern(
    pattern: ast.pattern, value: Value, scope: Scope
) -> tuple[Verdict, dict[str, Value]]:
    """Whether a value matches, and the names that it binds; `%` is the value itself, narrowed."""
    match pattern:
        case ast.MatchAs(pattern=None, name=name):
            return True, {name: value} if name else {}
        case ast.MatchAs(pattern=inner, name=name) if inner is not None:
            verdict, bound = match_pattern(inner, value, scope)
            return verdict, {**bound, str(name): bound.get("%", value)}
        case ast.MatchOr(patterns=parts):
            return _any(parts, value, scope)
        case ast.MatchSingleton(value=single):
            return _equal(value, Known(single)), {"%": Known(single)}
        case ast.MatchValue(value=expr):
            answers = [_equal(value, other) for other in evaluate(expr, scope)]
            return (answers[0] if len(set(answers)) == 1 else None), {}
        case ast.MatchClass():
            return _class(pattern, value, scope)
        case ast.MatchSequence(patterns=parts):
            return _sequence(parts, value, scope)
    assert isinstance(pattern, ast.MatchMapping)  # a star stands in a sequence alone
    rest = [pattern.rest] if pattern.rest else []
    return None, dict.fromkeys([*_names(pattern.patterns), *rest], UNKNOWN)


def _any(parts: list[ast.pattern], value: Value, scope: Scope) -> tuple[Verdict, dict[str, Value]]:
    verdict: Verdict = False
    bound: dict[str, Value] = {}
    narrowed: list[Value] = []
    for part in parts:
        one, names = match_pattern(part, value, scope)
        if one is False:
            continue
        narrowed.append(names.pop("%", value))
        for name, held in names.items():
            bound[name] = held if bound.get(name, held) == held else UNKNOWN
        if one is True:
            verdict = True
            break
        verdict = None
    if len(narrowed) == 1:
        bound["%"] = narrowed[0]
    return verdict, bound


def _equal(value: Value, other: Value) -> Verdict:
    if isinstance(value, Known) and isinstance(other, Known):
        try:
            return bool(value.value == other.value)
        except Exception:
            return None
    if isinstance(value, Inst) and isinstance(other, Known) and isinstance(other.value, PLAIN):
        apart = value.exact and type(other.value) is not value.kind
        return False if apart and value.kind not in PLAIN else None
    return None


def _class(pattern: ast.MatchClass, value: Value, scope: Scope) -> tuple[Verdict, dict[str, Value]]:
    kinds = [
        v.value for v in evaluate(pattern.cls, scope)
        if isinstance(v, Known) and isinstance(v.value, type)
    ]  # fmt: skip
    parts = [*pattern.patterns, *pattern.kwd_patterns]
    if len(kinds) != 1:
        return None, dict.fromkeys(_names(parts), UNKNOWN)
    kind = kinds[0]
    verdict = is_instance(value, (kind,))
    if verdict is False:
        return False, {}
    narrow = value if verdict is True else Inst(kind)
    bound: dict[str, Value] = {}
    order: Any = asked(kind, "__match_args__", ())
    if kind in (*PLAIN, list, tuple, dict, set) and pattern.patterns:
        inner, names = match_pattern(pattern.patterns[0], narrow, scope)
        return (verdict if inner is True else inner), {**names, "%": narrow}
    fields = [*order[: len(pattern.patterns)]]
    fields += ["" for _ in range(len(pattern.patterns) - len(fields))]
    fields += pattern.kwd_attrs
    for field, part in zip(fields, parts, strict=True):
        values = attribute(narrow, field, scope) if field else [UNKNOWN]
        answers: list[Verdict] = []
        for held in values:
            one, names = match_pattern(part, held, scope)
            names.pop("%", None)
            answers.append(one)
            if one is not False:
                for name, inner_value in names.items():
                    same = bound.get(name, inner_value) == inner_value
                    bound[name] = inner_value if same else _typed(bound[name], inner_value)
        if all(one is False for one in answers):
            return False, {}
        if not all(one is True for one in answers):
            verdict = None
    return verdict, {**bound, "%": narrow}


def _typed(a: Value, b: Value) -> Value:
    kinds = {type(v.value) if isinstance(v, Known) else getattr(v, "kind", None) for v in (a, b)}
    kind = kinds.pop()
    return Inst(kind) if isinstance(kind, type) and not kinds else UNKNOWN


def _sequence(
    parts: list[ast.pattern], value: Value, scope: Scope
) -> tuple[Verdict, dict[str, Value]]:
    items = items_of(value)
    starred = any(isinstance(part, ast.MatchStar) for part in parts)
    if isinstance(value, Known) and isinstance(value.value, str | bytes):
        return False, {}
    if isinstance(value, Known) and not isinstance(value.value, tuple | list):
        return False, {}
    if not isinstance(items, Coll) or not items.exact or starred:
        return None, dict.fromkeys(_names(parts), UNKNOWN)
    if len(items.items) != len(parts):
        return False, {}
    verdict: Verdict = True
    bound: dict[str, Value] = {}
    for part, item in zip(parts, items.items, strict=True):
        one, names = match_pattern(part, item, scope)
        if one is False:
            return False, {}
        names.pop("%", None)
        bound.update(names)
        verdict = verdict if one is True else None
    return verdict, bound


def _names(parts: list[ast.pattern]) -> list[str]:
    return [
        name
        for part in parts
        for node in ast.walk(part)
        if (name := getattr(node, "name", None)) and isinstance(node, ast.MatchAs | ast.MatchStar)
    ]


def refined(scope: Scope, frame: Frame, test: Any, holds: bool) -> Frame:
    """The frame when it is known how a test has come out."""
    match test:
        case ast.Call(func=ast.Name(id="isinstance"), args=[ast.Name(id=name), kinds]) if holds:
            held = dict(frame.env).get(name)
            found = [v.value for v in evaluate(kinds, scope) if isinstance(v, Known)]
            kind = found[0] if len(found) == 1 else None
            if held is not None and isinstance(kind, type) and is_instance(held, (kind,)) is None:
                return frame.set(name, Inst(kind))
        case ast.Compare(
            left=ast.Name(id=name), ops=[ast.Is() | ast.IsNot() as op],
            comparators=[ast.Constant(value=None)],
        ) if isinstance(op, ast.Is) is holds:  # fmt: skip
            if dict(frame.env).get(name) is UNKNOWN:
                return frame.set(name, NONE)
    return frame
