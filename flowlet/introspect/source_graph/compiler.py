"""From the syntax tree of a function to its steps."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable
from types import CodeType
from typing import Any, Final

from ...syntax import COMPREHENSIONS, _codes_in, _matches
from .expressions import Expressions, Labels, load
from .program import Program, live_names, own_nodes
from .variables import held_alone, set_by, set_once


def compile_function(code: CodeType, node: Any, globals: dict[str, Any]) -> Program:
    """The program of a function."""
    program = Program(code, node, globals)
    # A variable of a comprehension that a function in it captures is none of the code itself.
    parts = [part for part in _codes_in(code) if part.co_name in COMPREHENSIONS]
    program.shared = frozenset((*code.co_cellvars, *(n for p in parts for n in p.co_cellvars)))
    program.once = set_once(node)
    program.alone = held_alone(node) - program.shared
    _Compiler(program).function(node)
    program.written = frozenset(
        name for inner in program.inner.values() for name in inner.nonlocals | inner.written
    ) & frozenset((*code.co_varnames, *code.co_cellvars))
    program.live = live_names(program)
    return program


#: The parameters of what has none.
NO_ARGUMENTS: Final = ast.arguments([], [], None, [], [], None, [])


class _Compiler(Expressions):
    """Adds the steps of statements."""

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
            elif isinstance(n, ast.FunctionDef) and not n.decorator_list:
                self.p.defined[n.name] = n
            elif isinstance(n, ast.Lambda):
                self.inner_program(n)
            for name in set_by(n):
                self.p.assigned[name] = self.p.assigned.get(name, 0) + 1
        self.p.nonlocals = frozenset(names)
        arguments = getattr(node, "args", NO_ARGUMENTS)  # a class has none
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

    # --- statements -----------------------------------------------------------------------

    def visit_Expr(self, s: ast.Expr) -> None:
        left = self.value(s.value)
        made = isinstance(left, ast.Name) and left.id.startswith("%")
        if not made and not isinstance(left, ast.Constant):
            self.assign(ast.Name("%", ast.Store()), left, s)

    def visit_Assign(self, s: ast.Assign) -> None:
        value = self.value(s.value)
        if len(s.targets) > 1:
            name = self.temp()
            self.assign(ast.Name(name, ast.Store()), value, s)
            value = load(name, s)
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
            parts = target.elts if isinstance(target, ast.Tuple | ast.List) else [target]
            for part in parts:
                if isinstance(part, ast.Name):
                    self.add("forget", s, name=part.id)
                else:
                    self.add("drop", s, target=self.value(part))

    def visit_Import(self, s: ast.Import) -> None:
        for part in s.names:
            name = part.asname or part.name.partition(".")[0]
            whole = part.name if part.asname else name
            self.add("import", s, name=name, text=whole)

    def visit_ImportFrom(self, s: ast.ImportFrom) -> None:
        for part in s.names:
            whole = "." * s.level + (s.module or "")
            self.add("import", s, name=part.asname or part.name, text=whole, within=part.name)

    def visit_FunctionDef(self, s: ast.FunctionDef) -> None:
        defaults = [*s.args.defaults, *filter(None, s.args.kw_defaults)]
        marks = [self.value(mark) for mark in s.decorator_list]
        values = [self.value(default) for default in defaults]
        self.define(s, values, s.name)
        self.decorated(s, marks)

    visit_AsyncFunctionDef = visit_FunctionDef

    def decorated(self, s: Any, marks: list[Any]) -> None:
        """What decorators make of a function or a class that has just been defined."""
        for mark, made in zip(reversed(s.decorator_list), reversed(marks), strict=True):
            temp = self.temp()
            self.add("call", mark, name=temp, expr=ast.Call(made, [load(s.name, s)], []))
            self.assign(ast.Name(s.name, ast.Store()), load(temp, s), s)

    def visit_ClassDef(self, s: ast.ClassDef) -> None:
        marks = [self.value(mark) for mark in s.decorator_list]
        for part in (*s.bases, *(word.value for word in s.keywords)):
            self.assign(ast.Name("%", ast.Store()), self.value(part), part)
        self.inner_program(s)
        self.add("class", s, name=s.name)
        self.decorated(s, marks)

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
        error = self.value(s.exc)
        if s.cause is not None:
            self.assign(ast.Name("%", ast.Store()), self.value(s.cause), s)
        self.add("raise", s, expr=error)

    def visit_Assert(self, s: ast.Assert) -> None:
        no = self.test(s.test)
        over = self.add("jump", s)
        self.here(*no)
        if s.msg is not None:
            self.assign(ast.Name("%", ast.Store()), self.value(s.msg), s)
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
        outs: Labels = []
        ons: Labels = []
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

    def visit_Try(self, s: ast.Try | ast.TryStar, star: str = "") -> None:
        ending = None
        if s.finalbody:
            ending = self.add("try", s, name="finally")
            self.depth += 1
        if s.handlers:
            guard = self.add("try", s, name="except", text=star)
            self.depth += 1
            self.body(s.body)
            self.add("end try", s)
            self.depth -= 1
            self.body(s.orelse)
            outs = [self.add("jump", s)]
            self.here(guard)
            for handler in s.handlers:
                caught = self.add(
                    "except",
                    handler,
                    expr=self.value(handler.type),
                    name=handler.name or "",
                    text=star,
                )
                self.depth += 1  # while it runs, the exception is there for a bare `raise`
                self.body(handler.body)
                if handler.name:
                    self.add("forget", handler, name=handler.name, text="quietly")
                self.add("end star" if star else "end try", handler)
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

    def visit_TryStar(self, s: ast.TryStar) -> None:
        self.visit_Try(s, "star")

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
