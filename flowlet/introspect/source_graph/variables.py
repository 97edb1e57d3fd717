"""What the source of a function says of its variables: set once, and alone with a collection.

A closure that captures a variable sees what it is when it is called.  One that is set once, and in
no loop, is known where the closure is made.  A collection is changed in the frame where nothing
but one variable holds it: it was made for this variable, and is never handed on.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any, Final

from .changes import CHANGES

_LOOPS: Final = (ast.For, ast.AsyncFor, ast.While)
_COMPREHENSIONS: Final = (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)
_FUNCTIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
#: What makes a collection that nothing else holds.
_MAKES: Final = frozenset({"list", "dict", "set", "sorted", "deque"})
#: What only looks at a collection.
_LOOKS: Final = frozenset(
    {"len", "bool", "isinstance", "print", "sum", "any", "all", "sorted", "repr", "str", "list",
     "tuple", "set", "frozenset", "enumerate", "reversed", "zip", "range", "type", "parallel"}
)  # fmt: skip


def walked(node: Any) -> Iterator[tuple[ast.AST, tuple[ast.AST, ...]]]:
    """The nodes of a function's body, each with those round it, without functions inside."""
    todo: list[tuple[ast.AST, tuple[ast.AST, ...]]] = [
        (part, (node,)) for part in (node.body if isinstance(node.body, list) else [node.body])
    ]
    while todo:
        inner, above = todo.pop()
        yield inner, above
        if not isinstance(inner, _FUNCTIONS):
            todo += ((child, (*above, inner)) for child in ast.iter_child_nodes(inner))


def set_once(node: Any) -> frozenset[str]:
    """The names that are set in one place at most, and there once for each call."""
    counts: dict[str, int] = {}
    for inner, above in walked(node):
        again = 2 if any(isinstance(each, (*_LOOPS, *_COMPREHENSIONS)) for each in above) else 1
        for name in set_by(inner):
            counts[name] = counts.get(name, 0) + again
    for arg in _arguments(node):
        counts[arg] = counts.get(arg, 0) + 1
    return frozenset(name for name, count in counts.items() if count == 1)


def set_by(node: ast.AST) -> list[str]:
    """The names that one node of a tree sets."""
    match node:
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
            return [name]
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return [name]
        case ast.ExceptHandler(name=str() as name):
            return [name, name]  # it is deleted at the end
        case ast.Import(names=parts) | ast.ImportFrom(names=parts):
            return [part.asname or part.name.partition(".")[0] for part in parts]
        case ast.MatchAs(name=str() as name) | ast.MatchStar(name=str() as name):
            return [name]
        case ast.MatchMapping(rest=str() as name):
            return [name]
    return []


def _arguments(node: Any) -> list[str]:
    spec = getattr(node, "args", None)
    if spec is None:
        return []
    stars = [arg for arg in (spec.vararg, spec.kwarg) if arg is not None]
    return [arg.arg for arg in (*spec.posonlyargs, *spec.args, *spec.kwonlyargs, *stars)]


def held_alone(node: Any) -> frozenset[str]:
    """The names whose collection nothing else can be holding."""
    stored: set[str] = set()
    lost: set[str] = set(_arguments(node))
    for inner, above in walked(node):
        if isinstance(inner, ast.Name):
            if isinstance(inner.ctx, ast.Load):
                if not _only_looks(inner, above):
                    lost.add(inner.id)
            elif not _is_made_for(inner, above):
                lost.add(inner.id)
            else:
                stored.add(inner.id)
        else:
            lost.update(set_by(inner))
    return frozenset(stored - lost)


def _is_made_for(name: ast.Name, above: tuple[ast.AST, ...]) -> bool:
    match above[-1]:
        case ast.Assign(targets=[target], value=value) if target is name:
            return _is_fresh(value)
        case ast.AnnAssign(target=target, value=value) if target is name:
            return value is None or _is_fresh(value)
        case ast.AugAssign() | ast.Delete():
            return True
    return False


def _is_fresh(value: ast.AST) -> bool:
    match value:
        case ast.Call(func=ast.Name(id=name)):
            return name in _MAKES
    made = (ast.List, ast.Dict, ast.Set, ast.Tuple, ast.Constant, ast.BinOp, ast.ListComp)
    return isinstance(value, (*made, ast.SetComp, ast.DictComp, ast.Compare, ast.JoinedStr))


def _only_looks(name: ast.Name, above: tuple[ast.AST, ...]) -> bool:
    """Whether a use of a name keeps nothing of the collection."""
    parent = above[-1]
    match parent:
        case ast.Subscript(value=value):
            return value is name
        case ast.Attribute():
            call = above[-2]
            return isinstance(call, ast.Call) and call.func is parent
        case ast.For(iter=over) if over is name:
            return not _changed_in(name.id, parent)
        case ast.Call(func=ast.Name(id=called)):
            loop = above[-2]
            inside = isinstance(loop, ast.For) and _changed_in(name.id, loop)
            return called in _LOOKS and not inside
        case ast.Compare() | ast.UnaryOp() | ast.FormattedValue() | ast.comprehension():
            return True
        case ast.If() | ast.While() | ast.Assert() | ast.Match() | ast.Starred():
            return True
        case ast.IfExp(test=test):
            return test is name
        case ast.BinOp():
            return True
    return False


def _changed_in(name: str, loop: ast.For) -> bool:
    """Whether the body of a loop over a collection changes it."""
    for statement in loop.body:
        for inner in ast.walk(statement):
            match inner:
                case ast.Attribute(value=ast.Name(id=held), attr=attr):
                    if held == name and attr in CHANGES:
                        return True
                case ast.Subscript(value=ast.Name(id=held), ctx=ast.Store() | ast.Del()):
                    if held == name:
                        return True
                case ast.AugAssign(target=ast.Name(id=held)):
                    if held == name:
                        return True
    return False
