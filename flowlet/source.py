"""What the source of an actor function says of its waits: where they are, and in which block.

A state is named by the code alone, so that a running actor, an exploration and a reading of the
source call it the same.  For that, one walk over the syntax tree finds every wait that a function
can reach, through helpers of any depth, with the innermost named block round it.

A place is a *call string*: the call in the actor function, the call in the helper, … down to the
wait.  A helper that is called from two places waits in two places.  Recursion is collapsed: of a
function that stands in the string already, the later call counts.  At run time the same string is
read off the stack.  Calls are known by where their text ends, which is the same for the syntax
tree and for the instruction.

What cannot be resolved by reading (a function out of a table, a parameter that is not bound) is
not followed; a wait behind it is named by what it awaits.
"""

from __future__ import annotations

import ast
import builtins
import functools
import inspect
import linecache
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import CodeType, FunctionType, MethodType
from typing import Any, Final, Literal

from .events import Delay, label_of_type

Role = Literal["receive", "wait", "state", "flow", "become"]

#: What the functions of `flowlet.waits` are to this walk; filled where they are defined.
ROLES: Final[dict[Any, Role]] = {}

Place = tuple[CodeType, tuple[int, int]]
CallString = tuple[Place, ...]

#: A walk that meets more calls than this gives up; its waits are then named by what they await.
MOST_CALLS = 20_000

COMPREHENSIONS: Final = frozenset({"<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>"})


@dataclass(frozen=True, slots=True)
class Site:
    """A wait in the source.

    `several` says that its block holds other waits too; `label` is what it awaits (`None` where
    only the running wait knows), `repeat` counts those of the same label, from 1.
    """

    several: bool
    label: str | None
    repeat: int


def playing(role: Role) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorate a function of flowlet with its role in this walk."""

    def mark(fn: Any) -> Any:
        ROLES[fn] = role
        return fn

    return mark


@functools.lru_cache(maxsize=1024)
def sites_of(fn: Callable[..., Any]) -> Mapping[CallString, Site]:
    """All waits that an actor function can reach, by the call string that leads there."""
    return _walked(fn).sites()


@functools.lru_cache(maxsize=1024)
def functions_of(fn: Callable[..., Any]) -> Mapping[CodeType, Any]:
    """The code and syntax tree of an actor function and of all that it calls, where readable."""
    return _walked(fn).entered


def _walked(fn: Callable[..., Any]) -> _Walk:
    walk = _Walk()
    root = _callee(fn)
    if root is not None:
        walk.body(root, (), ("root",))
    return walk


# --- values that are known without running ------------------------------------------------


class _Unknown:
    """A value that only a run knows."""


UNKNOWN: Final = _Unknown()


@dataclass(frozen=True, slots=True)
class _InstanceOf:
    """Some object of a class, not known which."""

    kind: type


@dataclass(frozen=True, slots=True)
class _Code:
    """A function as this walk sees it: its tree, its code, and what its names mean."""

    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    code: CodeType
    scope: _Scope
    block: bool = False

    @property
    def statements(self) -> list[Any]:
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
                if isinstance(made, type):
                    return _InstanceOf(made)
        return UNKNOWN


def _attribute(base: Any, attr: str) -> Any:
    if base is UNKNOWN or isinstance(base, _Code):
        return UNKNOWN
    if isinstance(base, _InstanceOf):
        found = inspect.getattr_static(base.kind, attr, UNKNOWN)
        return _Bound(found, base) if isinstance(found, FunctionType) else UNKNOWN
    found = inspect.getattr_static(base, attr, UNKNOWN)
    if isinstance(found, staticmethod | classmethod):
        found = found.__func__
    if isinstance(found, FunctionType) and not isinstance(base, type) and not inspect.ismodule(base):
        return _Bound(found, base)
    return found if not isinstance(found, property) else UNKNOWN


@dataclass(frozen=True, slots=True)
class _Bound:
    """A method with its object."""

    function: FunctionType
    owner: Any


def _callee(value: Any) -> _Code | None:
    """The function behind a value that is called, if it is one of the user's."""
    known: dict[str, Any] = {}
    if isinstance(value, _Code):
        return value
    if isinstance(value, functools.partial):
        inner = _callee(value.func)
        if inner is not None:
            inner.scope.known.update(_bind(inner, list(value.args), value.keywords))
        return inner
    if isinstance(value, MethodType):
        value = _Bound(value.__func__, value.__self__) if _is_function(value.__func__) else value
    if isinstance(value, _Bound):
        inner = _callee(value.function)
        if inner is not None:
            known = _bind(inner, [value.owner], {})
            inner.scope.known.update(known)
        return inner
    if getattr(value, "__flowlet_block__", False):
        inner = _callee(value.__wrapped__)
        return inner and _Code(inner.node, inner.code, inner.scope, block=True)
    if not _is_function(value):
        call = inspect.getattr_static(type(value), "__call__", None)
        return _callee(_Bound(call, value)) if _is_function(call) else None
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
    return _Code(node, value.__code__, _scope(node, value.__code__, None, value.__globals__, known))


def _is_function(value: Any) -> bool:
    return isinstance(value, FunctionType)


def _is_foreign(fn: FunctionType) -> bool:
    root = (fn.__module__ or "").partition(".")[0]
    return root in sys.stdlib_module_names or root in {"pydantic", "pydantic_core", "greenlet"}


def _bind(callee: _Code, args: list[Any], keywords: Mapping[str, Any]) -> dict[str, Any]:
    names = [arg.arg for arg in (*callee.node.args.posonlyargs, *callee.node.args.args)]
    free = [name for name in names if name not in callee.scope.known]
    bound = dict(zip(free, args, strict=False))
    bound.update(keywords)
    return {name: value for name, value in bound.items() if value is not UNKNOWN}


def _scope(
    node: Any, code: CodeType, outer: _Scope | None, globals: Mapping[str, Any], known: dict[str, Any]
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
        if not isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            todo[:0] = list(ast.iter_child_nodes(inner))


def _local_function(node: Any, scope: _Scope) -> Any:
    name = "<lambda>" if isinstance(node, ast.Lambda) else node.name
    for code in _codes_in(scope.code):
        if code.co_name == name and _matches(node, code):
            block = any(
                isinstance(mark, ast.Call) and ROLES.get(scope.evaluate(mark.func)) == "state"
                for mark in getattr(node, "decorator_list", ())
            )
            return _Code(node, code, _scope(node, code, scope, scope.globals, {}), block)
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
    return min([node.lineno, *(mark.lineno for mark in marks)])


def node_of(code: CodeType) -> Any:
    text = "".join(linecache.getlines(code.co_filename))
    nodes = _functions_in(code.co_filename, text).get((code.co_name, code.co_firstlineno), [])
    return next((node for node in nodes if _matches(node, code)), None)


def _matches(node: Any, code: CodeType) -> bool:
    """Whether the code can be that of the node: it begins there, and lies inside."""
    if _first_line(node) != code.co_firstlineno:
        return False
    if not isinstance(node, ast.Lambda):
        return True
    ends = [(end, col) for _, end, _, col in code.co_positions() if end and col]
    body = node.body
    return bool(ends) and max(ends) == (body.end_lineno, body.end_col_offset)


# --- the walk -----------------------------------------------------------------------------

_Block = tuple[Any, ...]


@dataclass(slots=True)
class _Found:
    string: CallString
    block: _Block
    label: str | None
    text: str


class _Walk(ast.NodeVisitor):
    """Goes through one actor function, its helpers, and the functions that it becomes."""

    def __init__(self) -> None:
        self.found: list[_Found] = []
        self.calls = 0
        self.entered: dict[CodeType, Any] = {}
        self.here: _Code | None = None
        self.string: CallString = ()
        self.block: _Block = ()
        self.jumps: list[Any] = []
        self.at_yield: Callable[[], None] | None = None

    def sites(self) -> dict[CallString, Site]:
        if self.calls > MOST_CALLS:
            return {}
        held: dict[_Block, int] = {}
        repeats: dict[tuple[_Block, str], int] = {}
        result: dict[CallString, Site] = {}
        for wait in self.found:
            held[wait.block] = held.get(wait.block, 0) + 1
        for wait in self.found:
            key = (wait.block, wait.text if wait.label is None else wait.label)
            repeats[key] = repeats.get(key, 0) + 1
            result[wait.string] = Site(held[wait.block] > 1, wait.label, repeats[key])
        return result

    def body(self, callee: _Code, string: CallString, block: _Block) -> None:
        """Walk a function and all that it becomes; `block` is what is open round it."""
        before, self.jumps = self.jumps, []
        self.enter(callee, string, block)
        done = {callee.code}
        while self.jumps:
            target = self.jumps.pop(0)
            if target.code not in done:
                done.add(target.code)
                self.enter(target, string, block)
        self.jumps = before

    def enter(self, callee: _Code, string: CallString, block: _Block) -> None:
        if any(code is callee.code for code, _ in string) or self.calls > MOST_CALLS:
            return
        self.entered.setdefault(callee.code, callee.node)
        before = self.here, self.string, self.block, self.at_yield
        self.here, self.string, self.block = callee, string, block
        self.at_yield = None
        if callee.block:
            self.block = (string, callee.code)
        for statement in callee.statements:
            self.visit(statement)
        self.here, self.string, self.block, self.at_yield = before

    def visit_FunctionDef(self, node: Any) -> None:
        """Not entered here: it is where it is called."""

    visit_AsyncFunctionDef = visit_Lambda = visit_ClassDef = visit_FunctionDef

    def visit_With(self, node: ast.With) -> None:
        self.items(node, 0)

    def items(self, node: ast.With, index: int) -> None:
        """Enter the context managers of a `with` one by one, then its body."""
        assert self.here is not None
        if index == len(node.items):
            for statement in node.body:
                self.visit(statement)
            return
        expr = node.items[index].context_expr
        target = self.here.scope.evaluate(expr.func) if isinstance(expr, ast.Call) else UNKNOWN
        before = self.block
        if _role(target) == "state":
            self.block = (*self.string, self.place(expr))
        elif isinstance(expr, ast.Call) and _is_manager(target):
            self.manager(target, expr, node, index)
            return
        else:
            self.visit(expr)
        self.items(node, index + 1)
        self.block = before

    def manager(self, target: Any, expr: ast.Call, node: ast.With, index: int) -> None:
        """A `@contextmanager` function: the body runs where it yields."""
        inner = _callee(target.__wrapped__)
        here, string = self.here, self.string
        assert here is not None
        if inner is None:
            self.items(node, index + 1)
            return
        caller_yield = self.at_yield

        def body() -> None:
            inside = self.here, self.string, self.at_yield
            self.here, self.string, self.at_yield = here, string, caller_yield
            self.items(node, index + 1)
            self.here, self.string, self.at_yield = inside

        before = self.block
        self.here, self.string = inner, (*string, self.place(expr))
        self.at_yield = body
        for statement in inner.statements:
            self.visit(statement)
        self.here, self.string, self.block, self.at_yield = here, string, before, caller_yield

    def visit_Yield(self, node: ast.Yield) -> None:
        self.generic_visit(node)
        if self.at_yield is not None:
            self.at_yield()

    def visit_Call(self, node: ast.Call) -> None:
        self.generic_visit(node)
        self.calls += 1
        here = self.here
        assert here is not None
        target = here.scope.evaluate(node.func)
        match _role(target):
            case "receive" | "wait":
                self.wait(node, target)
            case "become":
                jump = self.argument(node)
                if jump is not None:
                    self.jumps.append(jump)
            case "flow":
                callee = self.argument(node)
                if callee is not None:
                    self.body(callee, (*self.string, self.place(node)), self.block)
            case None if target is not UNKNOWN:
                callee = _callee(target)
                if callee is not None:
                    self.bind(callee, node.args, node.keywords)
                    self.enter(callee, (*self.string, self.place(node)), self.block)

    def argument(self, node: ast.Call) -> _Code | None:
        """The function that a `flow` or `become` is given, with its arguments."""
        assert self.here is not None
        if not node.args:
            return None
        callee = _callee(self.here.scope.evaluate(node.args[0]))
        if callee is not None:
            self.bind(callee, node.args[1:], node.keywords)
        return callee

    def bind(self, callee: _Code, args: list[ast.expr], keywords: list[ast.keyword]) -> None:
        assert self.here is not None
        look = self.here.scope.evaluate
        values = [UNKNOWN if isinstance(arg, ast.Starred) else look(arg) for arg in args]
        named = {word.arg: look(word.value) for word in keywords if word.arg}
        callee.scope.known.update(_bind(callee, values, named))

    def place(self, node: ast.AST) -> Place:
        assert self.here is not None
        return self.here.code, (node.end_lineno, node.end_col_offset)  # type: ignore[attr-defined]

    def wait(self, node: ast.Call, target: Any) -> None:
        assert self.here is not None
        look = self.here.scope.evaluate
        string = (*self.string, self.place(node))
        label = _label(node, target, look)
        self.found.append(_Found(string, self.block, label, ast.unparse(node)))


def _role(target: Any) -> Role | None:
    try:
        return ROLES.get(target)
    except TypeError:
        return None


def _is_manager(target: Any) -> bool:
    return (
        _is_function(target)
        and target.__module__ != "contextlib"
        and target.__code__.co_filename.endswith("contextlib.py")
        and hasattr(target, "__wrapped__")
    )


def _label(node: ast.Call, target: Any, look: Callable[[ast.AST], Any]) -> str | None:
    """What a wait awaits, as far as the source says it."""
    if ROLES[target] == "receive" and node.args:
        kinds = [look(arg) for arg in node.args]
        if not all(isinstance(kind, type) for kind in kinds):
            return None
        return "|".join(map(label_of_type, kinds))
    times = [word.value for word in node.keywords if word.arg in ("after", "seconds", "label")]
    given = look((node.args or times)[0]) if node.args or times else None
    if isinstance(given, Delay):
        return given.name
    if given is UNKNOWN or isinstance(given, _InstanceOf):
        return None
    if ROLES[target] == "receive":
        return f"after {given:g}s" if isinstance(given, int | float) else None
    if isinstance(given, str) and given:
        return given
    return str(target.__name__)


