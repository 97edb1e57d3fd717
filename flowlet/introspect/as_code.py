"""Values and functions as code that gives them again, for a test that is pasted somewhere.

What a module has under a name is imported.  A lambda, or a function inside another, is copied from
its source, with the variables that it takes from around it.  What can be given neither way is
`None`, and the caller says what is to be filled in.
"""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
import linecache
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import CodeType, ModuleType
from typing import Any

from pydantic import BaseModel

from .. import names
from ..actor import ActorRef


@dataclass(slots=True)
class Code:
    """An expression, and what has to stand before it: imports, and lines in the same function."""

    text: str
    imports: list[str] = field(default_factory=list)
    before: list[str] = field(default_factory=list)

    def within(self, form: str) -> Code:
        """The same as a part of a larger expression: `{}` is where it stands."""
        return Code(form.replace("{}", self.text), self.imports, self.before)


def joined(parts: Iterable[Code], form: str) -> Code:
    """Several as one: `{}` is where they stand, with commas between."""
    parts = list(parts)
    return Code(
        form.replace("{}", ", ".join(part.text for part in parts)),
        [line for part in parts for line in part.imports],
        [line for part in parts for line in part.before],
    )


def code_of(value: Any) -> Code | None:
    """Code that gives a value or a function, or `None`."""
    if value is None or value is Ellipsis or type(value) in (bool, int, str, bytes):
        return Code(repr(value))
    if type(value) is float:
        return Code(repr(value) if value - value == 0 else f"float({str(value)!r})")
    if isinstance(value, ActorRef):
        return Code(repr(value.name))
    if isinstance(value, Enum):
        is_one = value.name in type(value).__members__  # and not several flags together
        return _within(
            code_of(type(value)), f"{{}}.{value.name}" if is_one else f"{{}}({value.value!r})"
        )
    if isinstance(value, functools.partial):
        return _partial(value)
    if isinstance(value, type) or callable(value):
        return _imported(value) or _copied(value)
    if isinstance(value, BaseModel):
        fields = {name: getattr(value, name) for name in type(value).model_fields}
        return _call(code_of(type(value)), fields)
    return _container(value)


def _within(part: Code | None, form: str) -> Code | None:
    return None if part is None else part.within(form)


def _all(values: Iterable[Any], form: str) -> Code | None:
    parts = [code_of(value) for value in values]
    known = [part for part in parts if part is not None]
    return joined(known, form) if len(known) == len(parts) else None


def _call(fn: Code | None, keywords: Mapping[str, Any]) -> Code | None:
    given = [_within(code_of(value), f"{name}={{}}") for name, value in keywords.items()]
    known = [part for part in given if part is not None]
    if fn is None or len(known) < len(given):
        return None
    found = joined(known, f"{fn.text}({{}})")
    return Code(found.text, [*fn.imports, *found.imports], [*fn.before, *found.before])


def _partial(value: functools.partial[Any]) -> Code | None:
    given = _all((value.func, *value.args), "{}")
    bound = _call(given, value.keywords)
    if given is None or bound is None:
        return None
    keywords = bound.text.removeprefix(given.text)[1:-1]
    text = f"functools.partial({', '.join(filter(None, [given.text, keywords]))})"
    return Code(text, ["import functools", *bound.imports], bound.before)


def _container(value: Any) -> Code | None:
    kind = type(value)
    if kind is tuple:
        return _all(value, "({},)" if len(value) == 1 else "({})")
    if kind is list:
        return _all(value, "[{}]")
    if kind in (set, frozenset):
        ordered = sorted(value, key=repr)
        return _all(ordered, f"{kind.__name__}([{{}}])")
    if kind is dict:
        keys, values = [code_of(key) for key in value], _all(value.values(), "{}")
        known = [key for key in keys if key is not None]
        if values is None or len(known) < len(keys):
            return None
        parts = [code_of(item) for item in value.values()]
        pairs = [f"{k.text}: {v.text}" for k, v in zip(known, parts, strict=True) if v is not None]
        found = joined([*known, values], "{}")
        return Code(f"{{{', '.join(pairs)}}}", found.imports, found.before)
    return None


def is_importable(fn: Any) -> bool:
    """Whether a module has it under its name."""
    qualified, module = getattr(fn, "__qualname__", "<"), getattr(fn, "__module__", None)
    if module in (None, "__main__") or "<" in qualified or "." in qualified:
        return False
    try:
        return getattr(importlib.import_module(module), qualified, None) is fn
    except ImportError:
        return False


def _imported(value: Any) -> Code | None:
    if getattr(value, "__module__", None) == "builtins":
        return Code(value.__qualname__)
    if not is_importable(value):
        return None
    return Code(value.__qualname__, [f"from {value.__module__} import {value.__qualname__}"])


# --- functions that no module has under a name --------------------------------------------


def _copied(fn: Any) -> Code | None:
    """A function copied from its source."""
    node = _source(fn.__code__) if inspect.isfunction(fn) else None
    if node is None:
        return None
    _without_types(node)
    made = _with_defaults(node, fn)
    if made is None:
        return None
    imports, before = made.imports, made.before
    own = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
    for name in sorted(own & fn.__globals__.keys() - set(fn.__code__.co_freevars)):
        imports += _import_of(name, fn.__globals__)
    for name, cell in zip(fn.__code__.co_freevars, fn.__closure__ or (), strict=False):
        try:
            inner = None if cell.cell_contents is fn else code_of(cell.cell_contents)
        except ValueError:
            return None
        if inner is None:
            return None
        imports += inner.imports
        before += inner.before
        if inner.text != name:
            before.append(f"{name} = {inner.text}")
    text = ast.unparse(node)
    if isinstance(node, ast.Lambda):
        return Code(f"({text})", imports, before)
    return Code(node.name, imports, [*before, *text.splitlines(), ""])


def _without_types(node: ast.Lambda | ast.FunctionDef) -> None:
    """Take the annotations away, which would have to be imported."""
    args = node.args
    for each in (*args.posonlyargs, *args.args, *args.kwonlyargs, args.vararg, args.kwarg):
        if each is not None:
            each.annotation = None
    if isinstance(node, ast.FunctionDef):
        node.returns = None


def _with_defaults(node: ast.Lambda | ast.FunctionDef, fn: Any) -> Code | None:
    """Put the values of its defaults into a definition; what these need."""
    values = [*(fn.__defaults__ or ()), *(fn.__kwdefaults__ or {}).values()]
    made = _all(values, "({},)" if values else "()")
    if made is None:
        return None
    parts = ast.parse(made.text, mode="eval").body
    assert isinstance(parts, ast.Tuple)
    count = len(fn.__defaults__ or ())
    node.args.defaults = parts.elts[:count]
    rest = dict(zip(fn.__kwdefaults__ or {}, parts.elts[count:], strict=True))
    node.args.kw_defaults = [rest.get(each.arg) for each in node.args.kwonlyargs]
    return made


def _import_of(name: str, space: dict[str, Any]) -> list[str]:
    value = space[name]
    if isinstance(value, ModuleType):
        return [f"import {value.__name__}" + (f" as {name}" if name != value.__name__ else "")]
    module = space.get("__name__", "__main__")
    if module == "__main__":
        return [f"# {name} has to be importable here"]
    return [f"from {module} import {name}"]


def _source(code: CodeType) -> ast.Lambda | ast.FunctionDef | None:
    """The definition of a function in its file."""
    source = "".join(linecache.getlines(code.co_filename))
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return None
    if code.co_name != "<lambda>":
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and (node.name, node.lineno) == (
                code.co_name, code.co_firstlineno,  # not one with decorators
            ):  # fmt: skip
                return node
        return None
    spots: list[Any] = []
    for line, end_line, column, end_column in code.co_positions():
        begin, end = (line, column), (end_line, end_column)
        if None not in (*begin, *end) and begin != end:  # which stands for no part of the source
            spots += [begin, end]
    if not spots:
        return None
    # Of several lambdas in a line, the innermost that has all of them.
    found: ast.Lambda | None = None
    for node in ast.walk(tree):  # outer ones come first
        if isinstance(node, ast.Lambda):
            body = node.body
            begin, end = (body.lineno, body.col_offset), (body.end_lineno, body.end_col_offset)
            if all(begin <= spot <= end for spot in spots):
                found = node
    return found


def name_of(fn: Callable[..., Any]) -> str:
    """A name for a function of which there is no code."""
    return names.function_name(fn).strip("<>")
