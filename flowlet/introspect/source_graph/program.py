"""A function as a list of steps: what its syntax tree does, in order.

Calls are taken out of the expressions that they stand in, each a step with a name for its result,
so that a call which waits can be left and come back to.  Everything else that decides where the
way leads on is a jump.  Names that nobody reads any more are known too: two ways that differ only
in those are one.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import CodeType
from typing import Any, Literal

Kind = Literal[
    "set", "call", "note", "if", "jump", "iter", "for", "arm", "enter", "exit", "try", "end try",
    "except", "end finally", "raise", "return", "yield", "define", "forget", "drop",
    "collect", "import", "class", "end star",
]  # fmt: skip


@dataclass(slots=True, eq=False)
class Step:
    """One step; `to` is where it leads if not to the next one."""

    kind: Kind
    node: Any = None
    target: Any = None
    expr: Any = None
    name: str = ""
    to: int = -1
    depth: int = 0
    text: str = ""
    within: Any = None


@dataclass(eq=False)
class Program:
    """The steps of one function."""

    code: CodeType
    node: Any
    globals: dict[str, Any]
    steps: list[Step] = field(default_factory=list)
    live: list[frozenset[str]] = field(default_factory=list)
    #: Functions defined here, by the node.
    inner: dict[Any, Program] = field(default_factory=dict)
    #: Names with one `def` and nothing else.
    defined: dict[str, Any] = field(default_factory=dict)
    assigned: dict[str, int] = field(default_factory=dict)
    shared: frozenset[str] = frozenset()
    nonlocals: frozenset[str] = frozenset()
    #: Those of its names that an inner function writes.
    written: frozenset[str] = frozenset()
    #: Those that are set at most once, so that whoever captures one knows it.
    once: frozenset[str] = frozenset()
    #: Those whose collection nothing else holds.
    alone: frozenset[str] = frozenset()
    globals_written: frozenset[str] = frozenset()
    generator: bool = False

    def __repr__(self) -> str:
        return self.code.co_name


# --- which names are still read -------------------------------------------------------------


def live_names(program: Program) -> list[frozenset[str]]:
    """Of each step, the names that are read from there on."""
    steps = program.steps
    reads = [_reads(program, step) for step in steps]
    writes = [_writes(step) for step in steps]
    bound = [_bound(step) for step in steps]
    # Where an exception or a leave lands.
    landings = [i.to for i in steps if i.kind == "try"]
    live: list[frozenset[str]] = [frozenset()] * (len(steps) + 1)
    changed = True
    while changed:
        changed = False
        landed = frozenset[str]().union(*(live[to] for to in landings)) if landings else frozenset()
        after_with = frozenset[str]().union(
            frozenset(), *(live[i + 1] for i, s in enumerate(steps) if s.kind == "exit")
        )
        for i in range(len(steps) - 1, -1, -1):
            step = steps[i]
            out = live[i + 1] - bound[i]
            if step.kind in ("jump", "return", "raise"):
                out = frozenset()
            if step.to >= 0 and step.kind != "try":
                out |= live[step.to]
            if step.depth or (step.kind == "jump" and step.name == "out"):
                out |= landed | after_with
            new = (out - writes[i]) | reads[i]
            if step.kind == "return":
                new |= landed if step.depth else frozenset()
            if new != live[i]:
                live[i] = new
                changed = True
    return live[:-1]


def _reads(program: Program, step: Step) -> frozenset[str]:
    found: set[str] = set()
    parts = [step.expr]
    if isinstance(step.target, ast.Attribute | ast.Subscript | ast.pattern):
        parts.append(step.target)
    if isinstance(step.target, ast.Tuple):
        parts += [t for t in step.target.elts if isinstance(t, ast.Attribute | ast.Subscript)]
    for part in parts:
        for node in ast.walk(part) if part is not None else ():
            if isinstance(node, ast.Name):
                found.add(node.id)
            elif isinstance(node, ast.Lambda) and node in program.inner:
                found |= set(program.inner[node].code.co_freevars)
    if "super" in found:
        spec = getattr(program.node, "args", None)
        found |= {arg.arg for arg in (*spec.posonlyargs, *spec.args)[:1]} if spec else set()
    if step.kind in ("define", "class") and step.node in program.inner:
        found |= set(program.inner[step.node].code.co_freevars)
    if step.kind in ("for", "arm", "collect"):
        found.add(step.name)
    return frozenset(found)


def _writes(step: Step) -> frozenset[str]:
    if step.kind == "set" and isinstance(step.target, ast.Name):
        return frozenset({step.target.id})
    if step.kind in ("call", "iter", "define", "yield", "import", "class"):
        return frozenset({step.name})
    return frozenset()


def _bound(step: Step) -> frozenset[str]:
    """What a loop or an arm sets where it goes on with the next step, and not elsewhere."""
    found: list[str] = []
    if step.kind == "for" and isinstance(step.target, ast.Name | ast.Tuple):
        found = [node.id for node in ast.walk(step.target) if isinstance(node, ast.Name)]
        if any(isinstance(node, ast.Attribute | ast.Subscript) for node in ast.walk(step.target)):
            found = []  # `for a[i] in …` reads names
    elif step.kind == "arm" and isinstance(step.target, ast.pattern):
        for node in ast.walk(step.target):
            if isinstance(node, ast.MatchAs | ast.MatchStar) and node.name is not None:
                found.append(node.name)
            elif isinstance(node, ast.MatchMapping) and node.rest is not None:
                found.append(node.rest)
    return frozenset(found) - {step.name}


def own_nodes(node: Any) -> Iterator[ast.AST]:
    """The nodes of a function's body without those of the functions inside it."""
    todo: list[ast.AST] = list(node.body) if isinstance(node.body, list) else [node.body]
    while todo:
        inner = todo.pop()
        yield inner
        if not isinstance(
            inner, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef
        ):
            todo += ast.iter_child_nodes(inner)
