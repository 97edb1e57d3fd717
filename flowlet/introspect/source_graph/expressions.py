"""The steps of an expression: each call in it is one, in the order in which they are made.

What is left of the expression has no call any more, but the names of their results.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable
from typing import Any

from .program import Kind, Program, Step
from .variables import set_by

Labels = list[Step]


class Expressions:
    """Adds the steps of expressions to a program."""

    def __init__(self, program: Program) -> None:
        self.p = program
        self.steps: list[Step] = program.steps
        self.temps: int = 0
        self.depth = 0
        #: Of each loop round here: steps that lead out, steps that lead on, the depth of blocks.
        self.loops: list[tuple[Labels, Labels, int]] = []

    # --- helpers --------------------------------------------------------------------------

    def add(self, kind: Kind, node: Any = None, **more: Any) -> Step:
        """One more step."""
        step = Step(kind, node, **more)
        step.depth = step.depth or self.depth
        self.steps.append(step)
        return step

    def here(self, *steps: Step) -> None:
        """These steps lead on from the next one that is added."""
        for step in steps:
            step.to = len(self.steps)

    def temp(self) -> str:
        """A name that no variable has."""
        self.temps += 1
        return f"%{self.temps}"

    def define(self, node: Any, values: list[Any], name: str) -> None:
        """A `def`, or a lambda with defaults: a function that remembers some values."""
        self.inner_program(node)
        self.add("define", node, name=name, expr=ast.Tuple(values, ast.Load()))

    def inner_program(self, node: Any) -> None:
        """The program of a function that is defined in this one."""
        raise NotImplementedError

    # --- expressions ----------------------------------------------------------------------

    def value(self, node: Any) -> Any:
        """The expression without calls: each has become a step before."""
        if node is None or not any(_acts(inner) for inner in ast.walk(node)):
            return node
        match node:
            case ast.Lambda(args=spec):
                defaults = [*spec.defaults, *filter(None, spec.kw_defaults)]
                if not any(_acts(inner) for part in defaults for inner in ast.walk(part)):
                    return node
                name = self.temp()
                self.define(node, [self.value(part) for part in defaults], name)
                return load(name, node)
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
                return load(name, node)
            case ast.BoolOp():
                name = self.temp()
                outs = []
                for i, part in enumerate(node.values):
                    self.assign(ast.Name(name, ast.Store()), self.value(part), part)
                    if i < len(node.values) - 1:
                        test: Any = load(name, part)
                        if isinstance(node.op, ast.Or):
                            test = ast.UnaryOp(ast.Not(), test)
                        outs.append(self.add("if", part, expr=test))
                self.here(*outs)
                return load(name, node)
            case ast.NamedExpr():
                self.assign(node.target, self.value(node.value), node)
                return load(node.target.id, node)
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
                return load(name, node)
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
        """A call, and a name for what it gives."""
        name = self.temp()
        func = self.value(node.func)
        args = [self.value(arg) for arg in node.args]
        words = [ast.keyword(word.arg, self.value(word.value)) for word in node.keywords]
        self.add("call", node, name=name, expr=ast.Call(func, args, words))
        return load(name, node)

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

        # Its variables are none of the function's, which may have some of these names.
        targets = [inner for part in node.generators for inner in ast.walk(part.target)]
        own = {each for inner in targets for each in set_by(inner)}
        outer = sorted(own & set(self.p.code.co_varnames))
        kept = [(each, self.temp()) for each in outer]
        for each, temp in kept:
            self.keep(temp, each, node)
        level(0)
        for each, temp in kept:
            self.keep(each, temp, node)
        self.here(start)
        return load(name, node)

    def keep(self, target: str, source: str, node: Any) -> None:
        """Put what a variable is, or that it is not set, into another one."""
        name = ast.Name(target, ast.Store())
        self.add("set", node, target=name, expr=load(source, node), text="keep")

    def assign(self, target: Any, expr: Any, node: Any) -> None:
        """An assignment."""
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

    def loop(
        self,
        over: ast.expr,
        target: Any,
        inner: Callable[[], object],
        after: Callable[[], object] = lambda: None,
        node: Any = None,
    ) -> None:
        """A loop: `inner` adds its body, `after` what comes when it is over."""
        slot = self.temp()
        self.add("iter", over, name=slot, expr=self.value(over))
        start = len(self.steps)
        step = self.add("for", over, name=slot, target=target, text=ast.unparse(over))
        outs: Labels = []
        ons: Labels = []
        self.loops.append((outs, ons, self.depth))
        inner()
        self.loops.pop()
        self.here(*ons)
        self.add("jump", node or over, to=start)
        self.here(step)
        after()
        self.here(*outs)


def load(name: str, node: Any) -> ast.Name:
    """A name that is read, at the place of a node."""
    return ast.copy_location(ast.Name(name, ast.Load()), node)


def _acts(node: ast.AST) -> bool:
    return isinstance(
        node,
        ast.Call | ast.Yield | ast.YieldFrom | ast.Await | ast.NamedExpr
        | ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp,
    )  # fmt: skip
