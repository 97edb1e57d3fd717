"""From the syntax tree of a function to its steps."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable
from types import CodeType
from typing import Any

from ...syntax import COMPREHENSIONS, _codes_in, _matches
from .program import Kind, Program, Step, live_names, own_nodes
from .variables import held_alone, set_once


def compile_function(code: CodeType, node: Any, globals: dict[str, Any]) -> Program:
    """The program of a function."""
    program = Program(code, node, globals)
    # A variable of a comprehension that a function in it captures is none of the code itself.
    parts = [part for part in _codes_in(code) if part.co_name in COMPREHENSIONS]
    program.shared = frozenset((*code.co_cellvars, *(n for p in parts for n in p.co_cellvars)))
    program.once = set_once(node)
    program.alone = held_alone(node)
    _Compiler(program).function(node)
    program.written = frozenset(
        name for inner in program.inner.values() for name in inner.nonlocals | inner.written
    ) & frozenset((*code.co_varnames, *code.co_cellvars))
    program.live = live_names(program)
    return program


_Labels = list[Step]


class _Compiler:
    def __init__(self, program: Program) -> None:
        self.p = program
        self.steps = program.steps
        self.temps = 0
        self.depth = 0
        #: Of each loop round here: steps that lead out, steps that lead on, the depth of blocks.
        self.loops: list[tuple[_Labels, _Labels, int]] = []

    # --- helpers --------------------------------------------------------------------------

    def add(self, kind: Kind, node: Any = None, **more: Any) -> Step:
        step = Step(kind, node, **more)
        step.depth = step.depth or self.depth
        self.steps.append(step)
        return step

    def here(self, *steps: Step) -> None:
        for step in steps:
            step.to = len(self.steps)

    def temp(self) -> str:
        self.temps += 1
        return f"%{self.temps}"

    def function(self, node: Any) -> None:
        if isinstance(node, ast.Lambda):
            self.add("return", node.body, expr=self.value(node.body))
        else:
            self.body(node.body)
            self.add("return", node)
        self.p.generator = any(isinstance(n, ast.Yield | ast.YieldFrom) for n in own_nodes(node))
        names: set[str] = set()
        for n in own_nodes(node):
            if isinstance(n, ast.Nonlocal):
                names |= set(n.names)
            elif isinstance(n, ast.Global):
                self.p.globals_written |= set(n.names)
            elif isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store):
                self.p.assigned[n.id] = self.p.assigned.get(n.id, 0) + 1
            elif isinstance(n, ast.FunctionDef):
                self.p.assigned[n.name] = self.p.assigned.get(n.name, 0) + 1
                if not n.decorator_list:
                    self.p.defined[n.name] = n
            elif isinstance(n, ast.Lambda):
                self.inner_program(n)
        self.p.nonlocals = frozenset(names)
        arguments = node.args
        for arg in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
            self.p.assigned[arg.arg] = self.p.assigned.get(arg.arg, 0) + 1
        for name, count in self.p.assigned.items():
            if count > 1:
                self.p.defined.pop(name, None)

    def body(self, statements: list[ast.stmt]) -> None:
        for statement in statements:
            method: Callable[[Any], None] | None = getattr(
                self, "visit_" + type(statement).__name__, None
            )
            if method is not None:
                method(statement)

    # --- expressions ----------------------------------------------------------------------

    def value(self, node: Any) -> Any:
        """The expression without calls: each has become a step before."""
        if node is None or not any(_acts(inner) for inner in ast.walk(node)):
            return node
        match node:
            case ast.Lambda():
                return node
            case ast.Call():
                return self.call(node)
            case ast.IfExp():
                name = self.temp()
                no = self.test(node.test)
                self.assign(ast.Name(name, ast.Store()), self.value(node.body), node)
                out = self.add("jump", node)
                self.here(*no)
                self.assign(ast.Name(name, ast.Store()), self.value(node.orelse), node)
                self.here(out)
                return _load(name, node)
            case ast.BoolOp():
                name = self.temp()
                outs = []
                for i, part in enumerate(node.values):
                    self.assign(ast.Name(name, ast.Store()), self.value(part), part)
                    if i < len(node.values) - 1:
                        test: Any = _load(name, part)
                        if isinstance(node.op, ast.Or):
                            test = ast.UnaryOp(ast.Not(), test)
                        outs.append(self.add("if", part, expr=test))
                self.here(*outs)
                return _load(name, node)
            case ast.NamedExpr():
                self.assign(node.target, self.value(node.value), node)
                return _load(node.target.id, node)
            case ast.YieldFrom():
                name = self.temp()
                given = ast.Name(name, ast.Load())
                self.loop(
                    node.value,
                    ast.Name(name, ast.Store()),
                    lambda: self.add("yield", node, name=self.temp(), expr=given),
                )
                return ast.copy_location(ast.Name("%unknown", ast.Load()), node)
            case ast.Yield() | ast.Await():
                name = self.temp()
                self.add("yield", node, name=name, expr=self.value(node.value))
                return _load(name, node)
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                return self.comprehension(node)
        changed = copy.copy(node)
        for name, old in ast.iter_fields(node):
            if isinstance(old, ast.expr):
                setattr(changed, name, self.value(old))
            elif isinstance(old, list):
                setattr(
                    changed,
                    name,
                    [self.value(o) if isinstance(o, ast.expr | ast.keyword) else o for o in old],
                )
            elif isinstance(old, ast.keyword):
                setattr(changed, name, self.value(old))
        return changed

    def call(self, node: ast.Call) -> ast.expr:
        name = self.temp()
        func = self.value(node.func)
        args = [self.value(arg) for arg in node.args]
        words = [ast.keyword(word.arg, self.value(word.value)) for word in node.keywords]
        self.add("call", node, name=name, expr=ast.Call(func, args, words))
        return _load(name, node)

    def comprehension(self, node: Any) -> ast.expr:
        """Tried first as one value; where that needs a call that may wait, gone through."""
        name = self.temp()
        start = self.add("collect", node, name=name, expr=node)
        elements = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]

        def level(index: int) -> None:
            if index == len(node.generators):
                for element in elements:
                    self.add("collect", element, name=name, expr=self.value(element), text="add")
                return
            part = node.generators[index]
            self.loop(part.iter, part.target, inner=lambda: conditions(part.ifs, index))

        def conditions(tests: list[ast.expr], index: int) -> None:
            no = [step for test in tests for step in self.test(test)]
            level(index + 1)
            self.here(*no)

        level(0)
        self.here(start)
        return _load(name, node)

    def assign(self, target: Any, expr: Any, node: Any) -> None:
        if isinstance(target, ast.Attribute | ast.Subscript):
            target = self.value(target)
        self.add("set", node, target=target, expr=expr)

    def test(self, test: Any) -> list[Step]:
        """Steps for a condition; those that are returned lead on where it does not hold."""
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            no = self.test(test.operand)
            out = self.add("jump", test)
            self.here(*no)
            return [out]
        if isinstance(test, ast.BoolOp):
            if isinstance(test.op, ast.And):
                return [step for part in test.values for step in self.test(part)]
            yes = []
            for part in test.values[:-1]:
                no = self.test(part)
                yes.append(self.add("jump", part))
                self.here(*no)
            no = self.test(test.values[-1])
            self.here(*yes)
            return no
        return [self.add("if", test, expr=self.value(test))]

    # --- statements -----------------------------------------------------------------------

    def visit_Expr(self, s: ast.Expr) -> None:
        left = self.value(s.value)
        if not isinstance(left, ast.Name | ast.Constant):
            self.assign(ast.Name("%", ast.Store()), left, s)

    def visit_Assign(self, s: ast.Assign) -> None:
        value = self.value(s.value)
        if len(s.targets) > 1:
            name = self.temp()
            self.assign(ast.Name(name, ast.Store()), value, s)
            value = _load(name, s)
        for target in s.targets:
            self.assign(target, value, s)

    def visit_AnnAssign(self, s: ast.AnnAssign) -> None:
        if s.value is not None:
            self.assign(s.target, self.value(s.value), s)

    def visit_AugAssign(self, s: ast.AugAssign) -> None:
        left = copy.copy(s.target)
        left.ctx = ast.Load()
        self.assign(s.target, ast.BinOp(self.value(left), s.op, self.value(s.value)), s)

    def visit_Delete(self, s: ast.Delete) -> None:
        for target in s.targets:
            if isinstance(target, ast.Name):
                self.add("forget", s, name=target.id)

    def visit_FunctionDef(self, s: ast.FunctionDef) -> None:
        defaults = [*s.args.defaults, *filter(None, s.args.kw_defaults)]
        values = [self.value(default) for default in defaults]
        name = s.name
        self.define(s, values, name)
        for mark in reversed(s.decorator_list):
            made = self.value(mark)
            temp = self.temp()
            self.add("call", mark, name=temp, expr=ast.Call(made, [_load(name, s)], []))
            self.assign(ast.Name(name, ast.Store()), _load(temp, s), s)

    def define(self, s: Any, values: list[Any], name: str) -> None:
        self.inner_program(s)
        self.add("define", s, name=name, expr=ast.Tuple(values, ast.Load()))

    def inner_program(self, node: Any) -> None:
        if node in self.p.inner:
            return
        wanted = "<lambda>" if isinstance(node, ast.Lambda) else node.name
        codes = [code for code in _codes_in(self.p.code) if code.co_name == wanted]
        found = [code for code in codes if _matches(node, code)]
        if not found:
            # That of a lambda which only gives a constant may not say where it stands.
            found = [code for code in codes if code.co_firstlineno == node.lineno]
            found = found if len(found) == 1 else []
        if found:
            self.p.inner[node] = compile_function(found[0], node, self.p.globals)

    def visit_Return(self, s: ast.Return) -> None:
        self.add("return", s, expr=self.value(s.value))

    def visit_Raise(self, s: ast.Raise) -> None:
        self.add("raise", s, expr=self.value(s.exc))

    def visit_Assert(self, s: ast.Assert) -> None:
        no = self.test(s.test)
        over = self.add("jump", s)
        self.here(*no)
        self.add("raise", s, expr=ast.Name("AssertionError", ast.Load()))
        self.here(over)

    def visit_If(self, s: ast.If) -> None:
        no = self.test(s.test)
        self.body(s.body)
        if not s.orelse:
            self.here(*no)
            return
        out = self.add("jump", s)
        self.here(*no)
        self.body(s.orelse)
        self.here(out)

    def visit_While(self, s: ast.While) -> None:
        start = len(self.steps)
        no = self.test(s.test)
        outs: _Labels = []
        ons: _Labels = []
        self.loops.append((outs, ons, self.depth))
        self.body(s.body)
        self.loops.pop()
        self.here(*ons)
        self.add("jump", s, to=start)
        self.here(*no)
        self.body(s.orelse)
        self.here(*outs)

    def visit_For(self, s: ast.For) -> None:
        self.loop(s.iter, s.target, lambda: self.body(s.body), lambda: self.body(s.orelse), s)

    def loop(
        self,
        over: ast.expr,
        target: Any,
        inner: Callable[[], object],
        after: Callable[[], object] = lambda: None,
        node: Any = None,
    ) -> None:
        slot = self.temp()
        self.add("iter", over, name=slot, expr=self.value(over))
        start = len(self.steps)
        step = self.add("for", over, name=slot, target=target, text=ast.unparse(over))
        outs: _Labels = []
        ons: _Labels = []
        self.loops.append((outs, ons, self.depth))
        inner()
        self.loops.pop()
        self.here(*ons)
        self.add("jump", node or over, to=start)
        self.here(step)
        after()
        self.here(*outs)

    def visit_Break(self, s: ast.Break) -> None:
        outs, _, depth = self.loops[-1]
        outs.append(self.add("jump", s, name="out"))
        self.steps[-1].depth = depth

    def visit_Continue(self, s: ast.Continue) -> None:
        _, ons, depth = self.loops[-1]
        ons.append(self.add("jump", s, name="out"))
        self.steps[-1].depth = depth

    def visit_With(self, s: ast.With) -> None:
        entered = []
        for item in s.items:
            held = self.value(item.context_expr)
            entered.append(
                self.add("enter", item.context_expr, expr=held, target=item.optional_vars)
            )
            self.depth += 1
        self.body(s.body)
        for item in reversed(s.items):
            self.here(entered.pop())
            self.add("exit", item.context_expr)
            self.depth -= 1

    def visit_Try(self, s: ast.Try) -> None:
        ending = None
        if s.finalbody:
            ending = self.add("try", s, name="finally")
            self.depth += 1
        if s.handlers:
            guard = self.add("try", s, name="except")
            self.depth += 1
            self.body(s.body)
            self.add("end try", s)
            self.depth -= 1
            self.body(s.orelse)
            outs = [self.add("jump", s)]
            self.here(guard)
            for handler in s.handlers:
                caught = self.add(
                    "except", handler, expr=self.value(handler.type), name=handler.name or ""
                )
                self.depth += 1  # while it runs, the exception is there for a bare `raise`
                self.body(handler.body)
                self.add("end try", handler)
                self.depth -= 1
                outs.append(self.add("jump", handler))
                self.here(caught)
            self.add("raise", s, text="again")
            self.here(*outs)
        else:
            self.body(s.body)
            self.body(s.orelse)
        if ending is not None:
            self.add("end try", s)
            self.here(ending)
            self.body(s.finalbody)
            self.add("end finally", s)
            self.depth -= 1

    visit_TryStar = visit_Try

    def visit_Match(self, s: ast.Match) -> None:
        slot = self.temp()
        self.assign(ast.Name(slot, ast.Store()), self.value(s.subject), s)
        outs = []
        for case in s.cases:
            arm = self.add("arm", case, name=slot, target=case.pattern, expr=s.subject, within=s)
            no = self.test(case.guard) if case.guard is not None else []
            self.add("note", case, within=s)
            self.body(case.body)
            outs.append(self.add("jump", s))
            self.here(arm, *no)
        self.here(*outs)


def _load(name: str, node: Any) -> ast.Name:
    return ast.copy_location(ast.Name(name, ast.Load()), node)


def _acts(node: ast.AST) -> bool:
    return isinstance(
        node,
        ast.Call | ast.Yield | ast.YieldFrom | ast.Await | ast.NamedExpr
        | ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp,
    )  # fmt: skip
