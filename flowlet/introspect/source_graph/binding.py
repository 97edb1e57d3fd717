"""What a call gives, and the parameters of the function that get it."""

from __future__ import annotations

import ast
import functools
import itertools
from collections.abc import Iterable
from typing import Any, Final

from .evaluate import evaluate
from .items import items_of
from .values import UNKNOWN, Args, Coll, Env, Fn, Inst, Known, Some, Table, Value, of_type

#: The word under which stands that there are more, by a `**` of which nothing is known.
MORE: Final = "**"


def arguments(node: ast.Call, names: Any) -> list[Args]:
    """The arguments of a call: by position, by keyword, and whether these are all."""
    choices: list[list[tuple[Value, ...]]] = []
    whole = True
    for arg in node.args:
        if isinstance(arg, ast.Starred):
            expanded: list[tuple[Value, ...]] = []
            for value in evaluate(arg.value, names):
                items = items_of(value)
                if isinstance(items, Coll) and items.exact:
                    expanded.append(items.items)
                    continue
                whole = False
                some = items.items if isinstance(items, Coll) else (UNKNOWN,)
                expanded.append((Some(some),))
            choices.append(expanded)
        else:
            choices.append([(value,) for value in evaluate(arg, names)])
    words: list[list[Env]] = []
    for word in node.keywords:
        if word.arg is None:
            spread = [_named_in(value) for value in evaluate(word.value, names)]
            whole = whole and None not in spread
            words.append([((MORE, UNKNOWN),) if pairs is None else pairs for pairs in spread])
            continue
        words.append([((word.arg, value),) for value in evaluate(word.value, names)])
    found: list[Args] = []
    for positions in _product(choices):
        for named in _product(words):
            flat = tuple(value for part in positions for value in part)
            merged = dict(pair for part in named for pair in part)
            found.append((flat, tuple(merged.items()), whole))
    return found


def _named_in(value: Value) -> Env | None:
    """What `**value` gives by name; `None` where only a run knows."""
    pairs: tuple[tuple[Value, Value], ...] = ()
    if isinstance(value, Known) and isinstance(value.value, dict):
        pairs = tuple((Known(key), Known(held)) for key, held in value.value.items())
    elif isinstance(value, Table) and value.exact:
        pairs = value.items
    else:
        return None
    names = [key.value for key, _ in pairs if isinstance(key, Known) and type(key.value) is str]
    return (
        tuple(zip(names, (v for _, v in pairs), strict=True)) if len(names) == len(pairs) else None
    )


def _product(choices: list[list[Any]]) -> list[tuple[Any, ...]]:
    total = functools.reduce(lambda n, c: n * len(c), choices, 1)
    if total > 64:
        # Too many together: what has alternatives is not known.
        choices = [c if len(c) == 1 else [_merged(c)] for c in choices]
    return list(itertools.product(*choices))


def _merged(choice: list[Any]) -> Any:
    first = choice[0]
    if first and isinstance(first[0], tuple):
        return tuple((name, UNKNOWN) for name, _ in first)
    return (UNKNOWN,) * len(first)


def bind_arguments(
    node: Any, args: tuple[Value, ...], words: Iterable[tuple[str, Value]], whole: bool, fn: Fn
) -> dict[str, Value]:
    """The parameters of a function that is called so."""
    spec = node.args
    names = [arg.arg for arg in (*spec.posonlyargs, *spec.args)]
    bound: dict[str, Value] = {}
    noted = {arg.arg: arg.annotation for arg in (*spec.posonlyargs, *spec.args, *spec.kwonlyargs)}
    first = next((i for i, value in enumerate(args) if isinstance(value, Some)), len(args))
    rest = [v.items if isinstance(v, Some) else (v,) for v in args[min(first, len(names)) :]]
    bound.update(zip(names, args[:first], strict=False))
    if spec.vararg is not None:
        bound[spec.vararg.arg] = Coll(tuple(v for items in rest for v in items), first == len(args))
    extra = []
    known = {*names, *(arg.arg for arg in spec.kwonlyargs)}
    for name, value in words:
        if name in known:
            bound[name] = value
        else:
            extra.append((name, value))
    if spec.kwarg is not None:
        rest_named = tuple((Known(name), value) for name, value in extra)
        bound[spec.kwarg.arg] = Table(rest_named) if whole else Inst(dict)
    for name, value in fn.defaults:
        if name not in bound:
            bound[name] = value if whole else UNKNOWN
    for name, annotation in noted.items():
        if (name not in bound or bound[name] is UNKNOWN) and annotation is not None:
            bound[name] = annotated(annotation, fn)
        elif name not in bound:
            bound[name] = UNKNOWN
    return bound


def annotated(annotation: ast.expr, fn: Fn) -> Value:
    """Some value of the type that an annotation names."""
    text = annotation.value if isinstance(annotation, ast.Constant) else ast.unparse(annotation)
    try:
        kind = eval(str(text), fn.program.globals, {})
    except Exception:
        return UNKNOWN
    values = of_type(kind)
    return values[0] if len(values) == 1 else UNKNOWN


def fits(node: Any, args: tuple[Value, ...], words: Env, whole: bool, fn: Fn) -> bool:
    """Whether a function surely takes what it is given so."""
    spec = node.args
    by_place = [arg.arg for arg in (*spec.posonlyargs, *spec.args)]
    by_name = {arg.arg for arg in (*spec.args, *spec.kwonlyargs)}
    given = by_place[: len(args)]
    named = [name for name, _ in words]
    needed = {*by_place, *by_name} - {name for name, _ in fn.defaults}
    return (
        whole
        and (len(args) <= len(by_place) or spec.vararg is not None)
        and (by_name.issuperset(named) or spec.kwarg is not None)
        and not {*given} & {*named}
        and needed <= {*given, *named}
    )
