"""What an expression without calls is, as far as the source says it: a list of alternatives."""

from __future__ import annotations

import ast
import itertools
import operator
from collections.abc import Callable
from dataclasses import replace
from enum import Enum
from types import UnionType
from typing import Any, Final

from .attributes import attribute
from .items import items_of, subscript
from .meaning import Names, NeedsCallError
from .values import (
    NONE,
    PLAIN,
    UNKNOWN,
    Coll,
    Fn,
    Inst,
    Known,
    Method,
    Table,
    Value,
    Weak,
    few,
    kind_of,
    truth,
)

_BINARY: Final[dict[type[ast.operator], Callable[[Any, Any], Any]]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv, ast.Div: operator.truediv, ast.Mod: operator.mod,
    ast.Pow: operator.pow, ast.BitOr: operator.or_, ast.BitAnd: operator.and_,
    ast.BitXor: operator.xor, ast.LShift: operator.lshift, ast.RShift: operator.rshift,
    ast.MatMult: operator.matmul,
}  # fmt: skip
_COMPARE: Final[dict[type[ast.cmpop], Callable[[Any, Any], Any]]] = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le,
    ast.Gt: operator.gt, ast.GtE: operator.ge,
    ast.In: lambda a, b: a in b, ast.NotIn: lambda a, b: a not in b,
}  # fmt: skip


def evaluate(node: Any, names: Names) -> list[Value]:
    """The values that an expression may have."""
    match node:
        case None:
            return [NONE]
        case ast.Constant(value=value):
            return [Known(value)]
        case ast.Name(id=name):
            return names.look_up(name)
        case ast.Attribute(value=base, attr=attr):
            return few(
                names.changed(v)
                for one in evaluate(base, names)
                for v in attribute(one, attr, names)
            )
        case ast.Lambda():
            return _lambda(node, names)
        case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Set(elts=parts):
            return [_display(parts, names, isinstance(node, ast.Tuple))]
        case ast.Dict(keys=keys, values=values):
            return [_table(keys, values, names)]
        case ast.Call():
            return names.call(node, names)
        case ast.BinOp(left=left, op=op, right=right):
            return few(
                _binary(a, b, _BINARY[type(op)], names)
                for a, b in itertools.product(evaluate(left, names), evaluate(right, names))
            )
        case ast.UnaryOp(op=ast.Not(), operand=inner):
            answers = dict.fromkeys(map(truth, evaluate(inner, names)))
            return [_of_truth(None if holds is None else not holds) for holds in answers]
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            return few(map(_negative, evaluate(inner, names)))
        case ast.BoolOp():
            return _bool(node, names)
        case ast.IfExp(test=test, body=body, orelse=orelse):
            found: list[Value] = []
            for known in {truth(v) for v in evaluate(test, names)}:
                if known is not False:
                    found += evaluate(body, names)
                if known is not True:
                    found += evaluate(orelse, names)
            return few(found)
        case ast.Compare():
            return _compare(node, names)
        case ast.Subscript(value=base, slice=index):
            return few(
                names.changed(v)
                for one in evaluate(base, names)
                for at in _index(index, names)
                for v in subscript(one, at)
            )
        case ast.JoinedStr(values=parts):
            return _joined(parts, names)
        case ast.ListComp() | ast.SetComp() | ast.GeneratorExp():
            return [_comprehension(node, names)]
        case ast.DictComp() | ast.NamedExpr():
            raise NeedsCallError
    return [UNKNOWN]


def _lambda(node: ast.Lambda, names: Names) -> list[Value]:
    made = names.closure(node)
    named = with_defaults(node.args)
    if not named or not isinstance(made, Fn):
        return [made]
    given = [*node.args.defaults, *(d for d in node.args.kw_defaults if d is not None)]
    choices = itertools.product(*(evaluate(default, names) for default in given))
    return few(replace(made, defaults=tuple(zip(named, v, strict=True))) for v in choices)


def with_defaults(spec: ast.arguments) -> list[str]:
    """The parameters that have a default, in the order of those."""
    places = [arg.arg for arg in (*spec.posonlyargs, *spec.args)]
    named = places[len(places) - len(spec.defaults) :]
    pairs = zip(spec.kwonlyargs, spec.kw_defaults, strict=True)
    return [*named, *(arg.arg for arg, default in pairs if default is not None)]


def _negative(value: Value) -> Value:
    if isinstance(value, Known) and type(value.value) in (int, float, bool, complex):
        return Known(-value.value)
    return value if kind_of(value) in (int, float, complex) else UNKNOWN


def _of_truth(known: bool | None) -> Value:
    return Inst(bool) if known is None else Known(known)


def _display(parts: list[ast.expr], names: Names, fixed: bool) -> Value:
    items: list[Value] = []
    exact = True
    for part in parts:
        if isinstance(part, ast.Starred):
            for value in evaluate(part.value, names):
                more = items_of(value)
                exact = exact and isinstance(more, Coll) and more.exact
                items += more.items if isinstance(more, Coll) else (UNKNOWN,)
            continue
        values = evaluate(part, names)
        if len(values) > 1:
            items.append(_one_of(values))
        else:
            items += values
    return Coll(tuple(items), exact, fixed)


def _one_of(values: list[Value]) -> Value:
    """One value for several, inside a collection."""
    kinds = {type(v.value) if isinstance(v, Known) else None for v in values}
    kind = kinds.pop()
    return Inst(kind) if kind is not None and not kinds else UNKNOWN


def _table(keys: list[Any], values: list[Any], names: Names) -> Value:
    items: list[tuple[Value, Value]] = []
    for key, value in zip(keys, values, strict=True):
        if key is None:
            return Table((), False)
        found, held = evaluate(key, names), evaluate(value, names)
        items.append((_one_of(found) if len(found) > 1 else found[0], held[0]))
        if len(held) > 1:
            items[-1] = (items[-1][0], _one_of(held))
    return Table(tuple(items))


def _binary(a: Value, b: Value, op: Any, names: Names) -> Value:
    if isinstance(a, Known) and isinstance(b, Known):
        plain = isinstance(a.value, PLAIN) and isinstance(b.value, PLAIN)
        if plain and not names.coarse and a.value is not None and b.value is not None:
            try:
                value = op(a.value, b.value)
            except Exception:
                return UNKNOWN
            if isinstance(value, str | bytes) and len(value) > 200:
                return Inst(type(value))
            if isinstance(value, int) and abs(value) > 1 << 40:
                return Inst(int)
            return Known(value)
        if isinstance(a.value, type | UnionType) or isinstance(b.value, type | UnionType):
            left: Any = a.value
            return Known(left | b.value) if op is operator.or_ else UNKNOWN
    if isinstance(a, Coll) and isinstance(b, Coll) and op is operator.add:
        return Coll((*a.items, *b.items), True) if a.exact and b.exact else a.adding(*b.items)
    if op is operator.mod and isinstance(a, Known) and isinstance(a.value, str):
        given = as_plain(b)
        try:
            return Inst(str) if given is UNKNOWN else Known(a.value % given)
        except Exception:
            return UNKNOWN
    if isinstance(a, Table) and isinstance(b, Table) and op is operator.or_:
        for key, value in b.items:
            a = a.holding(key, value)
        return a if b.exact else a.adding()
    kinds = [type(v.value) if isinstance(v, Known) else getattr(v, "kind", None) for v in (a, b)]
    if all(kind in (int, float, str, bool, bytes) for kind in kinds):
        if str in kinds:
            return Inst(str)
        return Inst(float if float in kinds or op is operator.truediv else int)
    return UNKNOWN


def as_plain(value: Value) -> Any:
    """A constant, or a collection of constants; `UNKNOWN` for what is neither."""
    if isinstance(value, Known) and isinstance(value.value, (*PLAIN, tuple)):
        return value.value
    if isinstance(value, Coll) and value.exact:
        items = [as_plain(item) for item in value.items]
        return UNKNOWN if UNKNOWN in items else tuple(items)
    return UNKNOWN


def _bool(node: ast.BoolOp, names: Names) -> list[Value]:
    wants = isinstance(node.op, ast.And)
    found: list[Value] = []
    for part in node.values[:-1]:
        values = evaluate(part, names)
        found += [v for v in values if truth(v) is not wants]
        if all(truth(v) is (not wants) for v in values):
            return few(found)
    return few([*found, *evaluate(node.values[-1], names)])


def _compare(node: ast.Compare, names: Names) -> list[Value]:
    if len(node.ops) > 1:
        return [Inst(bool)]
    op = node.ops[0]
    answers: list[Value] = []
    for a, b in itertools.product(evaluate(node.left, names), evaluate(node.comparators[0], names)):
        answers.append(_of_truth(_compared(a, b, op)))
    return few(answers)


def _compared(a: Value, b: Value, op: ast.cmpop) -> bool | None:
    if isinstance(op, ast.Is | ast.IsNot):
        same = _same(a, b)
        return same if same is None or isinstance(op, ast.Is) else not same
    a, b = _as_constant(a), _as_constant(b)
    if isinstance(a, Known) and isinstance(b, Known):
        simple = (*PLAIN, Enum, type, tuple, range, frozenset)
        if isinstance(a.value, simple) and isinstance(b.value, simple):
            try:
                return bool(_COMPARE[type(op)](a.value, b.value))
            except Exception:
                return None
    if isinstance(op, ast.Eq | ast.NotEq) and NONE in (a, b):
        other = b if a == NONE else a
        if isinstance(other, Inst) and not issubclass(type(None), other.kind):
            return isinstance(op, ast.NotEq)
    return None


def _as_constant(value: Value) -> Value:
    if isinstance(value, Coll) and value.exact and all(isinstance(i, Known) for i in value.items):
        return Known(tuple(i.value for i in value.items if isinstance(i, Known)))
    return value


def _same(a: Value, b: Value) -> bool | None:
    if isinstance(a, Known) and isinstance(b, Known):
        return a == b if isinstance(a.value, bool | None | type | Enum) or a != b else None
    if NONE in (a, b):
        other = b if a == NONE else a
        if other is UNKNOWN or isinstance(other, Weak | Method):
            return None
        if isinstance(other, Inst) and other.kind is object:
            return None
        return False
    return None


def _joined(parts: list[Any], names: Names) -> list[Value]:
    choices: list[list[str]] = []
    for part in parts:
        if isinstance(part, ast.Constant):
            choices.append([str(part.value)])
            continue
        values = evaluate(part.value, names)
        plain = [v.value for v in values if isinstance(v, Known) and isinstance(v.value, PLAIN)]
        if len(plain) < len(values):
            return [Inst(str)]
        specs = part.format_spec.values if part.format_spec is not None else []
        if not all(isinstance(each, ast.Constant) for each in specs):
            return [Inst(str)]  # how wide it is, say, depends on a value as well
        spec = "".join(str(each.value) for each in specs)
        try:
            if part.conversion != -1:
                convert: Any = {"s": str, "r": repr, "a": ascii}[chr(part.conversion)]
                plain = [convert(value) for value in plain]
            choices.append([format(value, spec) for value in plain])
        except (ValueError, AttributeError, TypeError):
            return [Inst(str)]
    texts = ["".join(texts) for texts in itertools.product(*choices)]
    if any(len(text) > 200 for text in texts):
        return [Inst(str)]
    return few(map(Known, texts))


class _Inner:
    """The names inside a comprehension."""

    def __init__(self, names: Names, bound: dict[str, list[Value]]) -> None:
        self.bound = bound
        self.program = names.program
        self.coarse = names.coarse
        self._look_up = names.look_up
        self.attributes = names.attributes
        self._closure = names.closure
        self.remembered = names.remembered
        self.changed = names.changed
        self.store = names.store
        self.call = names.call

    def look_up(self, name: str) -> list[Value]:
        return self.bound.get(name) or self._look_up(name)

    def closure(self, node: Any) -> Value:
        """A lambda sees what its names are when it is called: whatever they have been here."""
        made = self._closure(node)
        if not isinstance(made, Fn):
            return made
        code = made.program.code
        late = [name for name in self.bound if name in code.co_freevars]
        for name in late:
            for value in self.bound[name]:
                self.store((code, name), value)
        env = {**dict(made.env), **{name: Weak((code, name)) for name in late}}
        return replace(made, env=tuple(sorted(env.items(), key=lambda pair: pair[0])))


def _comprehension(node: Any, names: Names) -> Value:
    found: list[Value] = []
    exact = True

    def level(index: int, inner: Names) -> None:
        nonlocal exact
        if index == len(node.generators):
            values = evaluate(node.elt, inner)
            exact = exact and len(values) == 1
            found.extend(values)
            return
        part = node.generators[index]
        for over in evaluate(part.iter, inner):
            items = items_of(over)
            if not isinstance(items, Coll):
                items = Coll((UNKNOWN,), False)
            exact = exact and items.exact
            for item in items.items:
                bound: dict[str, list[Value]] = {}
                bind_pattern(part.target, item, bound)
                deeper = _Inner(inner, bound)
                answers = [{truth(v) for v in evaluate(test, deeper)} for test in part.ifs]
                if any(answer == {False} for answer in answers):
                    continue
                exact = exact and all(answer == {True} for answer in answers)
                level(index + 1, deeper)

    level(0, names)
    if len(found) > 24:
        found, exact = few(found), False
    fixed = isinstance(node, ast.GeneratorExp)
    return Coll(tuple(found if exact else dict.fromkeys(found)), exact, fixed)


def bind_pattern(target: Any, value: Value, bound: dict[str, list[Value]]) -> None:
    """Bind the names of an assignment's target."""
    if isinstance(target, ast.Name):
        bound[target.id] = [value]
    elif isinstance(target, ast.Starred):
        bind_pattern(target.value, Inst(list), bound)
    elif isinstance(target, ast.Tuple | ast.List):
        parts = items_of(value)
        known = isinstance(parts, Coll) and parts.exact and len(parts.items) == len(target.elts)
        starred = any(isinstance(part, ast.Starred) for part in target.elts)
        for i, part in enumerate(target.elts):
            inner = parts.items[i] if known and isinstance(parts, Coll) else UNKNOWN
            bind_pattern(part, UNKNOWN if starred else inner, bound)


def _index(node: ast.expr, names: Names) -> list[Value]:
    """The values of an index; of a slice, a `slice`, or a class if its ends are not known."""
    if not isinstance(node, ast.Slice):
        return evaluate(node, names)
    ends = [evaluate(part, names) for part in (node.lower, node.upper, node.step)]
    cuts: list[Value] = []
    for places in itertools.product(*ends):
        plain = [
            p.value for p in places if isinstance(p, Known) and isinstance(p.value, int | None)
        ]
        cuts.append(Known(slice(*plain)) if len(plain) == 3 else Inst(slice))
    return few(cuts)
