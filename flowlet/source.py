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
import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import CodeType, MethodType
from typing import Any
from weakref import WeakKeyDictionary

from .events import Delay, label_of_type
from .roles import READS, ROLES, SWITCH, is_class, is_request, role_of
from .syntax import (
    UNKNOWN,
    Code,
    InstanceOf,
    bind,
    callee,
    is_function,
)

Place = tuple[CodeType, tuple[int, int]]
CallString = tuple[Place, ...]

#: A walk that meets more calls than this gives up; its waits are then named by what they await.
MOST_CALLS = 20_000

#: So does one that comes to helpers of helpers deeper than this.
DEEPEST = 80


@dataclass(frozen=True, slots=True)
class Site:
    """A wait in the source.

    `several` says that its block holds other waits too; `label` is what it awaits (`None` where
    only the running wait knows), `repeat` counts those of the same label, from 1.
    """

    several: bool
    label: str | None
    repeat: int


@dataclass(frozen=True, slots=True)
class Reading:
    """What one walk found: the waits, and the functions that it went through.

    `unrolled` says how often a function may stand in a call string before it is recursion.
    """

    sites: Mapping[CallString, Site]
    functions: Mapping[CodeType, Code]
    unrolled: int
    #: Whether it spawns children, by whose failure it may end.
    spawns: bool = False


#: By function and, for a method or a callable object, the class of the object; weakly, so that
#: closures can go.
_readings: WeakKeyDictionary[Any, dict[type | None, Reading]] = WeakKeyDictionary()


def collapsed(string: Iterable[Place], unrolled: int) -> CallString:
    """A call string in which no function stands more often than that: the last calls count."""
    kept: list[Place] = []
    for place in string:
        again = [i for i, (known, _) in enumerate(kept) if known is place[0]]
        if len(again) >= unrolled:
            del kept[again[unrolled - 1] :]
        kept.append(place)
    return tuple(kept)


def reading_of(fn: Callable[..., Any]) -> Reading:
    """All waits that an actor function can reach, by the call string that leads there."""
    key, owner = _key(fn)
    try:
        known = _readings.setdefault(key, {})
        if owner not in known:
            known[owner] = _safely_read(fn)
        return known[owner]
    except TypeError:  # one of them cannot be a key
        return _safely_read(fn)


def _key(fn: Any) -> tuple[Any, type | None]:
    if type(fn) is MethodType:
        return fn.__func__, type(fn.__self__)
    call = None if is_function(fn) else inspect.getattr_static(type(fn), "__call__", None)
    return (call, type(fn)) if is_function(call) else (fn, None)


def _safely_read(fn: Callable[..., Any]) -> Reading:
    """A reading; an empty one of what defies it.

    Names are for people who look on: an actor that runs must not fail of being looked at.
    """
    try:
        return _read(fn)
    except Exception:
        return Reading({}, {}, 1)


def forget(fn: Callable[..., Any]) -> None:
    """Read the function anew the next time: what it calls may have been defined again."""
    try:
        _readings.pop(_key(fn)[0], None)
    except TypeError:
        return


def _read(fn: Callable[..., Any]) -> Reading:
    # Twice, so that what a function does when it has called itself is told apart; where that is
    # too much, once.
    for unrolled in (2, 1):
        walk = _Walk(unrolled)
        root = callee(fn)
        if root is not None:
            walk.body(root, (), ("root",))
        if walk.calls <= MOST_CALLS:
            break
    return Reading(walk.sites(), walk.entered, unrolled, walk.spawns)


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

    def __init__(self, unrolled: int) -> None:
        self.unrolled = unrolled
        self.found: list[_Found] = []
        self.calls = 0
        self.entered: dict[CodeType, Code] = {}
        self.here: Code | None = None
        self.string: CallString = ()
        self.block: _Block = ()
        self.jumps: list[Any] = []
        #: The functions of the regions that it is in.
        self.regions: list[CodeType] = []
        self.spawns = False
        self.at_yield: Callable[[], None] | None = None

    def sites(self) -> dict[CallString, Site]:
        if self.calls > MOST_CALLS:
            return {}
        # A wait that recursion comes back to is the same one.
        held: dict[_Block, dict[CallString, int]] = {}
        alike: dict[tuple[_Block, str], int] = {}
        result: dict[CallString, Site] = {}
        for wait in self.found:
            there = held.setdefault(wait.block, {})
            place = collapsed(wait.string, 1)
            if place not in there:
                key = (wait.block, wait.text if wait.label is None else wait.label)
                there[place] = alike[key] = alike.get(key, 0) + 1
        for wait in self.found:
            there = held[wait.block]
            repeat = there[collapsed(wait.string, 1)]
            result[wait.string] = Site(len(there) > 1, wait.label, repeat)
        return result

    def body(self, target: Code, string: CallString, block: _Block) -> None:
        """Walk a function and all that it becomes; `block` is what is open round it."""
        before, self.jumps = self.jumps, []
        self.enter(target, string, block)
        done = {target.code}
        while self.jumps:
            jump = self.jumps.pop(0)
            if jump.code not in done:
                done.add(jump.code)
                self.enter(jump, string, block)
        self.jumps = before

    def enter(self, target: Code, string: CallString, block: _Block) -> None:
        if len(string) > DEEPEST:
            self.calls = MOST_CALLS + 1
        if self.calls > MOST_CALLS:
            return
        if sum(code is target.code for code, _ in string) >= self.unrolled:
            return
        self.entered.setdefault(target.code, target)
        before = self.here, self.string, self.block, self.at_yield
        self.here, self.string, self.block = target, string, block
        self.at_yield = None
        if target.block:
            self.block = (string, target.code)
        for statement in target.statements:
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
        if role_of(target) == "state":
            self.block = (*self.string, self.place(expr))
        elif role_of(target) == "on":
            assert isinstance(expr, ast.Call)
            self.visit(expr)
            self.handler(expr)
        elif isinstance(expr, ast.Call) and _is_manager(target):
            self.manager(target, expr, node, index)
            return
        else:
            self.visit(expr)
        self.items(node, index + 1)
        self.block = before

    def handler(self, expr: ast.Call) -> None:
        """The handler of `on`: its waits are in the block that the `on` stands in."""
        assert self.here is not None
        given = [*expr.args[1:2], *(word.value for word in expr.keywords if word.arg == "handler")]
        called = callee(self.here.scope.evaluate(given[0])) if given else None
        if called is not None:
            self.enter(called, (*self.string, self.place(expr)), self.block)

    def manager(self, target: Any, expr: ast.Call, node: ast.With, index: int) -> None:
        """A `@contextmanager` function: the body runs where it yields."""
        inner = callee(target.__wrapped__)
        here, string = self.here, self.string
        assert here is not None
        self.calls += 1
        if (
            inner is None
            or self.calls > MOST_CALLS
            or sum(code is inner.code for code, _ in string) >= self.unrolled
        ):
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
        match role_of(target):
            case "receive" | "wait":
                self.wait(node, target)
                if target.__name__ == "supervise":
                    for child in node.args:
                        self.region(child)
            case "spawn":
                self.spawns = self.spawns or (target.__name__ == "spawn" and not self.regions)
                if node.args:
                    self.region(node.args[0])
            case "parallel" | "race":
                self.wait(node, target)
                for region in node.args:
                    self.region(region)
            case "become":
                self.jump(node)
            case "flow":
                started = self.argument(node)
                if started is not None:
                    self.body(started, (*self.string, self.place(node)), self.block)
            case None if target is not UNKNOWN:
                called = callee(target)
                if called is None:
                    self.ask(node)
                else:
                    self.bind(called, node.args, node.keywords)
                    self.enter(called, (*self.string, self.place(node)), self.block)
            case None:
                self.ask(node)

    def ask(self, node: ast.Call) -> None:
        """`anybody.ask(Get())` is a wait, whoever it is: the request says so; so is a read."""
        assert self.here is not None
        if isinstance(node.func, ast.Attribute) and node.func.attr == SWITCH:
            self.jump(node)
        if isinstance(node.func, ast.Attribute) and node.func.attr in READS:
            string = (*self.string, self.place(node))
            self.found.append(_Found(string, self.block, node.func.attr, ast.unparse(node)))
        if isinstance(node.func, ast.Attribute) and node.func.attr == "ask":
            words = [word.value for word in node.keywords if word.arg == "request"]
            given = self.here.scope.evaluate((node.args or words or [node])[0])
            kind = given.kind if type(given) is InstanceOf else type(given)
            if is_request(kind):
                label = f"ask {label_of_type(kind)}"
                string = (*self.string, self.place(node))
                self.found.append(_Found(string, self.block, label, ast.unparse(node)))

    def region(self, node: ast.expr) -> None:
        """A region, or a child, is named by its own function; here it is only gone through."""
        assert self.here is not None
        given = callee(self.here.scope.evaluate(node))
        if given is not None and self.regions.count(given.code) < self.unrolled:
            self.regions.append(given.code)
            self.body(given, (), ("region", self.place(node)))
            self.regions.pop()

    def jump(self, node: ast.Call) -> None:
        """`become`, or the method of a stream."""
        target = self.argument(node)
        if target is not None:
            self.jumps.append(target)

    def argument(self, node: ast.Call) -> Code | None:
        """The function that a `flow` or `become` is given, with its arguments."""
        assert self.here is not None
        if not node.args:
            return None
        given = callee(self.here.scope.evaluate(node.args[0]))
        if given is not None:
            called = node.func
            method = isinstance(called, ast.Attribute) and called.attr == SWITCH
            first = [called.value] if method else []  # type: ignore[attr-defined]  # of a method
            self.bind(given, [*first, *node.args[1:]], node.keywords)
        return given

    def bind(self, called: Code, args: list[ast.expr], keywords: list[ast.keyword]) -> None:
        assert self.here is not None
        look = self.here.scope.evaluate
        values = [UNKNOWN if isinstance(arg, ast.Starred) else look(arg) for arg in args]
        named = {word.arg: look(word.value) for word in keywords if word.arg}
        called.scope.known.update(bind(called, values, named))

    def place(self, node: ast.AST) -> Place:
        assert self.here is not None
        return self.here.code, (node.end_lineno, node.end_col_offset)  # type: ignore[attr-defined]  # parsed

    def wait(self, node: ast.Call, target: Any) -> None:
        assert self.here is not None
        look = self.here.scope.evaluate
        string = (*self.string, self.place(node))
        label = _label(node, target, look)
        self.found.append(_Found(string, self.block, label, ast.unparse(node)))


def _is_manager(target: Any) -> bool:
    return (
        is_function(target)
        and target.__module__ != "contextlib"
        and target.__code__.co_filename.endswith("contextlib.py")
        and hasattr(target, "__wrapped__")
    )


def _label(node: ast.Call, target: Any, look: Callable[[ast.AST], Any]) -> str | None:
    """What a wait awaits, as far as the source says it."""
    if ROLES[target] == "receive" and node.args:
        kinds = [look(arg) for arg in node.args]
        if not all(map(is_class, kinds)):
            return None
        return "|".join(map(label_of_type, kinds))
    if ROLES[target] in ("parallel", "race") or target.__name__ == "wait_until":
        return str(target.__name__)
    times = [word.value for word in node.keywords if word.arg in ("after", "seconds", "label")]
    given = look((node.args or times)[0]) if node.args or times else None
    if type(given) is Delay:
        return given.name
    if given is UNKNOWN or type(given) is InstanceOf:
        return None
    if target.__name__ == "perform":
        name = given.code.co_name if type(given) is Code else getattr(given, "__name__", None)
        return f"perform {name.strip('<>')}" if type(name) is str else None  # <lambda>
    if ROLES[target] == "receive":
        return f"after {given:g}s" if type(given) in (int, float, bool) else None
    if type(given) is str and given:
        return given
    return str(target.__name__)
