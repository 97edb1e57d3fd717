"""Functions as their source says them: the syntax tree, and what the names in it mean.

Values are known without running where names and attributes give them: globals, closures, simple
assignments, methods of an object at hand, functions given to a helper.  All else is `UNKNOWN`.
"""

from __future__ import annotations

import ast
import builtins
import functools
import inspect
import linecache
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any, Final

from .events import Delay
from .roles import is_class, role_of

COMPREHENSIONS: Final = frozenset({"<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>"})


class _Unknown:
    """A value that only a run knows."""


UNKNOWN: Final = _Unknown()


@dataclass(frozen=True, slots=True)
class InstanceOf:
    """Some object of a class, not known which."""

    kind: type


@dataclass(frozen=True, slots=True)
class Code:
    """A function as this walk sees it: its tree, its code, and what its names mean."""

    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    code: CodeType
    scope: _Scope
    block: bool = False

    @property
    def statements(self) -> list[Any]:
        """The body; of a lambda, its expression."""
        return [self.node.body] if isinstance(self.node, ast.Lambda) else self.node.body


@dataclass(slots=True)
class _Scope:
    """The names of one function: bound parameters, simple assignments, what lies outside."""

    code: CodeType
    outer: _Scope | None
    globals: Mapping[str, Any]
    known: dict[str, Any]
    assigned: dict[str, ast.expr] = field(default_factory=dict)
    defined: dict[str, Any] = field(default_factory=dict)

    def look_up(self, name: str) -> Any:
        """What a name means here."""
        if name in self.known:
            return self.known[name]
        if name in self.defined:
            return _local_function(self.defined[name], self)
        if name in self.assigned:
            expr = self.assigned.pop(name)  # out of the way while it is looked at: x = x.next
            value = self.known[name] = self.evaluate(expr)
            return value
        if name in self.code.co_varnames or name in self.code.co_cellvars:
            return UNKNOWN
        if self.outer is not None:
            return self.outer.look_up(name)
        if name in self.globals:
            return self.globals[name]
        return getattr(builtins, name, UNKNOWN)

    def evaluate(self, expr: ast.AST) -> Any:
        """The value of an expression, where names and attributes give it."""
        match expr:
            case ast.Constant(value=value):
                return value
            case ast.Name(id=name):
                return self.look_up(name)
            case ast.Attribute(value=base, attr=attr):
                return _attribute(self.evaluate(base), attr)
            case ast.Lambda():
                return _local_function(expr, self)
            case ast.Call(func=func, args=args):
                made = self.evaluate(func)
                if made is Delay and args:
                    name = self.evaluate(args[0])
                    return Delay(name, 0) if isinstance(name, str) and name else UNKNOWN
                if made is functools.partial and args:
                    return self.evaluate(args[0])
                if is_class(made):
                    return InstanceOf(made)
        return UNKNOWN


def _attribute(base: Any, attr: str) -> Any:
    if base is UNKNOWN or type(base) is Code:
        return UNKNOWN
    if type(base) is InstanceOf:
        found = inspect.getattr_static(base.kind, attr, UNKNOWN)
        return _Bound(found, base) if is_function(found) else UNKNOWN
    found = inspect.getattr_static(base, attr, UNKNOWN)
    if type(found) in (staticmethod, classmethod):
        found = found.__func__
    if is_function(found) and not is_class(base) and type(base) is not ModuleType:
        return _Bound(found, base)
    return found if type(found) is not property else UNKNOWN


@dataclass(frozen=True, slots=True)
class _Bound:
    """A method with its object."""

    function: FunctionType
    owner: Any


def callee(value: Any) -> Code | None:
    """The function behind a value that is called, if it is one of the user's."""
    known: dict[str, Any] = {}
    if type(value) is Code:
        return value
    if issubclass(type(value), functools.partial):
        inner = callee(value.func)
        if inner is not None:
            inner.scope.known.update(bind(inner, list(value.args), value.keywords))
        return inner
    if type(value) is MethodType:
        function: Any = value.__func__
        value = _Bound(function, value.__self__) if is_function(function) else value
    if type(value) is _Bound:
        inner = callee(value.function)
        if inner is not None:
            known = bind(inner, [value.owner], {})
            inner.scope.known.update(known)
        return inner
    if not is_function(value):
        call = inspect.getattr_static(type(value), "__call__", None)
        return callee(_Bound(call, value)) if is_function(call) else None
    if "__flowlet_block__" in vars(value):
        wrapped = value.__wrapped__
        inner = None if wrapped is value else callee(wrapped)
        return inner and Code(inner.node, inner.code, inner.scope, block=True)
    if _is_foreign(value):
        return None
    node = node_of(value.__code__)
    if node is None:
        return None
    cells = zip(value.__code__.co_freevars, value.__closure__ or (), strict=False)
    for name, cell in cells:
        try:
            known[name] = cell.cell_contents
        except ValueError:
            known[name] = UNKNOWN
    return Code(node, value.__code__, _scope(node, value.__code__, None, value.__globals__, known))


def is_function(value: Any) -> bool:
    """Whether it is a function written in Python."""
    return type(value) is FunctionType


def _is_foreign(fn: FunctionType) -> bool:
    root = str(fn.__module__ or "").partition(".")[0]
    # What was made of a text without a name of its own says `builtins`, where none is of Python.
    root = root if root != "builtins" else ""
    return root in sys.stdlib_module_names or root in {"flowlet", "pydantic", "greenlet"}


def bind(called: Code, args: list[Any], keywords: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a function that a call gives values that are known."""
    names = [arg.arg for arg in (*called.node.args.posonlyargs, *called.node.args.args)]
    free = [name for name in names if name not in called.scope.known]
    bound = dict(zip(free, args, strict=False))
    bound.update(keywords)
    return {name: value for name, value in bound.items() if value is not UNKNOWN}


def _scope(
    node: Any,
    code: CodeType,
    outer: _Scope | None,
    globals: Mapping[str, Any],
    known: dict[str, Any],
) -> _Scope:
    scope = _Scope(code, outer, globals, known)
    counts: dict[str, int] = {}
    for inner in _own_nodes(node):
        match inner:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                counts[name] = counts.get(name, 0) + 1
                scope.defined[name] = inner
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                counts[name] = counts.get(name, 0) + 1
                scope.assigned[name] = value
            case ast.Name(id=name, ctx=ast.Store()):
                counts[name] = counts.get(name, 0) + 1
    for name, count in counts.items():
        # An assignment counts twice: as a statement and as the name in it.
        if count > (2 if name in scope.assigned else 1):
            scope.assigned.pop(name, None)
            scope.defined.pop(name, None)
    return scope


def _own_nodes(node: Any) -> Iterator[ast.AST]:
    """The nodes of a function's body without those of the functions inside it."""
    todo: list[ast.AST] = list(node.body) if isinstance(node.body, list) else [node.body]
    while todo:
        inner = todo.pop(0)
        yield inner
        if not isinstance(
            inner, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef
        ):
            todo[:0] = list(ast.iter_child_nodes(inner))


def _local_function(node: Any, scope: _Scope) -> Any:
    name = "<lambda>" if isinstance(node, ast.Lambda) else node.name
    for code in _codes_in(scope.code):
        if code.co_name == name and _matches(node, code):
            block = any(
                isinstance(mark, ast.Call) and role_of(scope.evaluate(mark.func)) == "state"
                for mark in getattr(node, "decorator_list", ())
            )
            return Code(node, code, _scope(node, code, scope, scope.globals, {}), block)
    return UNKNOWN


def _codes_in(code: CodeType) -> Iterator[CodeType]:
    for const in code.co_consts:
        if isinstance(const, CodeType):
            yield const
            if const.co_name in COMPREHENSIONS:
                yield from _codes_in(const)


# --- from code to its syntax tree ---------------------------------------------------------


@functools.lru_cache(maxsize=64)
def _functions_in(filename: str, text: str) -> Mapping[tuple[str, int], list[Any]]:
    found: dict[tuple[str, int], list[Any]] = {}
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return found
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found.setdefault((node.name, _first_line(node)), []).append(node)
        elif isinstance(node, ast.Lambda):
            found.setdefault(("<lambda>", node.lineno), []).append(node)
    return found


def _first_line(node: Any) -> int:
    marks = getattr(node, "decorator_list", ())
    lines: list[int] = [node.lineno, *(mark.lineno for mark in marks)]
    return min(lines)


def node_of(code: CodeType) -> Any:
    """The syntax tree of a function's code; `None` where there is no source."""
    text = "".join(linecache.getlines(code.co_filename))
    nodes = _functions_in(code.co_filename, text).get((code.co_name, code.co_firstlineno), [])
    found = next((node for node in nodes if _matches(node, code)), None)
    if found is None and code.co_name == "<lambda>":
        # Of `f"{x}"` 3.12 says where the braces end: the smallest one that has it all inside.
        inside = [node for node in nodes if _holds(node, code)]
        found = min(inside, key=lambda node: _span(node.body)[1], default=None)
    return found


def _matches(node: Any, code: CodeType) -> bool:
    """Whether the code can be that of the node: it begins there, and lies inside."""
    if _first_line(node) != code.co_firstlineno:
        return False
    if not isinstance(node, ast.Lambda):
        return True
    ends = [(end, col) for _, end, _, col in code.co_positions() if end and col]
    body = node.body
    return bool(ends) and max(ends) == (body.end_lineno, body.end_col_offset)


def _holds(node: Any, code: CodeType) -> bool:
    """Whether all of a lambda's code lies inside its body."""
    if _first_line(node) != code.co_firstlineno:
        return False
    begin, end = _span(node.body)
    places = [p for p in code.co_positions() if p[1] and p[3] and p[2] is not None]
    return bool(places) and all(
        begin <= (first or 0, col or 0) and (last or 0, stop or 0) <= end
        for first, last, col, stop in places
        if (last, stop) != (first, col)
    )


def _span(node: Any) -> tuple[tuple[int, int], tuple[int, int]]:
    return (node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset)
