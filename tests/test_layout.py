"""Arrows point down: who may import whom in flowlet, read from the source.

A layer may import its own layer and those above it in the table `LAYERS`, and no other; imports
inside functions count as well.  Imports for the type checker alone do not: nothing runs them.
"""

from __future__ import annotations

import ast
import graphlib
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest

import flowlet

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "flowlet"

# From the bottom up.  A package stands for all its modules that are not named themselves.
LAYERS = (
    {"flowlet.errors", "flowlet.events", "flowlet.instrument"},
    {
        "flowlet.asked",
        "flowlet.roles",
        "flowlet.syntax",
        "flowlet.call_ends",
        "flowlet.source",
        "flowlet.sites",
        "flowlet.names",
    },
    {"flowlet.mailbox", "flowlet.clock", "flowlet.buffer"},
    {
        "flowlet.fiber",
        "flowlet.signals",
        "flowlet.extra",
        "flowlet.sending",
        "flowlet.options",
        "flowlet.actor",
        "flowlet.named_ref",
        "flowlet.reports",
        "flowlet.blocks",
        "flowlet.handlers",
        "flowlet.calls",
        "flowlet.cells",
        "flowlet.chance",
    },
    {"flowlet.roster", "flowlet.life", "flowlet.watchdog", "flowlet.dispatcher"},
    {
        "flowlet.waiting",
        "flowlet.jumps",
        "flowlet.regions",
        "flowlet.requests",
        "flowlet.waits",
        "flowlet.watching",
        "flowlet.effects",
        "flowlet.conditions",
    },
    {
        "flowlet.keeper",
        "flowlet.supervision",
        "flowlet.stream",
        "flowlet.writing",
        "flowlet.misreading",
        "flowlet.reading",
        "flowlet.spare",
        "flowlet.journal",
    },
    {"flowlet.introspect", "flowlet.introspect.model", "flowlet.export"},
    {"flowlet"},
    {"flowlet.hosts"},
    {"flowlet.testing", "flowlet.tools"},
)
# These see less than their layer would let them.
SEES_ONLY = {
    "flowlet.introspect.model": {"flowlet.introspect.model"},
    "flowlet.export": {"flowlet.export", "flowlet.introspect.model"},
}


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}
TREES = {name: ast.parse(path.read_text("utf-8")) for name, path in MODULES.items()}


PUBLIC = [
    alias.asname or alias.name
    for node in TREES["flowlet"].body
    if isinstance(node, ast.ImportFrom) and node.module != "__future__"
    for alias in node.names
]


def is_for_type_checker(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")


def nodes_that_run(node: ast.AST, in_functions: bool) -> Iterator[ast.AST]:
    yield node
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) and not in_functions:
        return
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt) and is_for_type_checker(child):
            for statement in child.orelse if isinstance(child, ast.If) else []:
                yield from nodes_that_run(statement, in_functions)
        else:
            yield from nodes_that_run(child, in_functions)


def imports_of(module: str, in_functions: bool = True) -> set[str]:
    """Return the modules of flowlet that a module imports, by full name."""
    package = module if MODULES[module].name == "__init__.py" else module.rpartition(".")[0]
    found = set()
    for node in nodes_that_run(TREES[module], in_functions):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, base] if base else above)
            for alias in node.names:
                name = f"{base}.{alias.name}"
                found.add(name if name in MODULES else base)
    return {name for name in found if name.partition(".")[0] == "flowlet"}


def entry(module: str) -> str:
    """Return the line of the table for a module: its own, or that of the package it is in."""
    known = set().union(*LAYERS)
    name = module
    while name not in known and "." in name:
        name = name.rpartition(".")[0]
    return name if name != "flowlet" or module == "flowlet" else "unknown"


def layer(module: str) -> int:
    return next((i for i, names in enumerate(LAYERS) if entry(module) in names), 0)


def test_every_module_has_its_layer() -> None:
    """A new module at the top of the package takes its place in the table."""
    assert [name for name in MODULES if entry(name) == "unknown"] == []


@pytest.mark.parametrize("module", [name for name in MODULES if entry(name) != "unknown"])
def test_arrows_point_down(module: str) -> None:
    """A module imports its own layer and what is below, and no other part of flowlet."""
    upward = {name for name in imports_of(module) if layer(name) > layer(module)}
    assert upward == set()


@pytest.mark.parametrize("module", [name for name in MODULES if entry(name) in SEES_ONLY])
def test_the_model_stands_alone_and_pictures_see_only_the_model(module: str) -> None:
    """Who has a graph as JSON can read and draw it without the rest of flowlet."""
    assert {entry(name) for name in imports_of(module)} <= SEES_ONLY[entry(module)]


def test_no_import_cycles() -> None:
    """No module needs, while it is being imported, one that needs it."""
    arrows = {module: imports_of(module, in_functions=False) - {module} for module in MODULES}
    order = list(graphlib.TopologicalSorter(arrows).static_order())
    assert set(order) >= set(MODULES)


def test_only_the_dispatcher_switches() -> None:
    """`greenlet.switch` is written in one file, which checks who is calling."""
    users = {
        name
        for name, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr == "switch"
    }
    assert users == {"flowlet.dispatcher"}


def test_the_facade_only_re_exports() -> None:
    """`flowlet/__init__.py` is a table of contents: a docstring, imports and `__all__`."""
    docstring, *statements = TREES["flowlet"].body
    others = [
        ast.unparse(node)
        for node in statements
        if not isinstance(node, ast.ImportFrom) and not ast.unparse(node).startswith("__all__")
    ]
    assert isinstance(docstring, ast.Expr)
    assert others == []


def test_the_public_names_are_sorted_by_group() -> None:
    """`__all__` names each thing once, in groups under comments, each in alphabetical order."""
    source = MODULES["flowlet"].read_text("utf-8")
    lines = source[source.index("__all__") :].splitlines()[1:]
    groups: list[list[str]] = [[]]
    for line in lines:
        if line.strip().startswith("#"):
            groups.append([])
        else:
            groups[-1] += [word.strip(" '\"") for word in line.strip("[]() ").split(",")]
    named = [[name for name in group if name] for group in groups]
    assert [name for group in named for name in group] == list(flowlet.__all__)
    assert sorted(flowlet.__all__) == sorted(PUBLIC)
    assert named == [sorted(group, key=str.lower) for group in named]


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_says_what_it_is(name: str) -> None:
    """Every public name has a docstring of its own, and so have its public methods."""
    thing = getattr(flowlet, name)
    if not (inspect.isclass(thing) or callable(thing)):
        return
    methods = vars(thing).items() if inspect.isclass(thing) else ()
    silent = [
        f"{name}.{method}"
        for method, value in methods
        if not method.startswith("_")
        and (inspect.isfunction(value) or isinstance(value, property | classmethod | staticmethod))
        and not value.__doc__
    ]
    assert vars(thing).get("__doc__") if inspect.isclass(thing) else thing.__doc__
    assert silent == []


def test_all_that_can_be_imported_says_what_it_is() -> None:
    """Every module, class, function and method without an underscore; a setter is its getter's."""

    def silent(node: ast.AST, name: str) -> Iterator[str]:
        for inner in ast.iter_child_nodes(node):
            if isinstance(inner, ast.If | ast.Try):
                yield from silent(inner, name)
            if not isinstance(inner, ast.FunctionDef | ast.ClassDef) or inner.name[0] == "_":
                continue
            marks = {ast.unparse(mark).rpartition(".")[2] for mark in inner.decorator_list}
            if not ast.get_docstring(inner) and not marks & {"overload", "setter"}:
                yield f"{name}.{inner.name}"
            if isinstance(inner, ast.ClassDef):
                yield from silent(inner, f"{name}.{inner.name}")

    modules = [name for name, tree in TREES.items() if tree.body and not ast.get_docstring(tree)]
    assert modules + [each for name, tree in TREES.items() for each in silent(tree, name)] == []


@pytest.mark.parametrize("folder", ["flowlet", "examples", "benchmarks"])
def test_a_file_is_one_sitting(folder: str) -> None:
    """No file is longer than can be read in one go."""
    too_long = {
        str(path.relative_to(ROOT)): length
        for path in (ROOT / folder).rglob("*.py")
        if (length := len(path.read_text("utf-8").splitlines())) > 450
    }
    assert too_long == {}
