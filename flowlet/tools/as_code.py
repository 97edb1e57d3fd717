"""Values and test files as Python code.

What a command saves is a file that a person goes on with, so it is written as they would write it:
imports at the top, one name a thing, no `repr` that cannot be read back.
"""

from __future__ import annotations

import dataclasses
import math
import operator
import os
import re
import sys
import sysconfig
from collections.abc import Iterable
from enum import Enum
from pathlib import Path
from types import ModuleType
from typing import Any

from pydantic import BaseModel

from flowlet.tools.targets import TargetError


class Imports:
    """The names that a file takes from elsewhere, as they are needed."""

    def __init__(self) -> None:
        self.plain: set[str] = set()
        self.names: dict[str, set[str]] = {}

    def module(self, name: str) -> str:
        """`import name`."""
        self.plain.add(name)
        return name

    def take(self, module: str, name: str) -> str:
        """`from module import name`; returns the name."""
        self.names.setdefault(module, set()).add(name)
        return name

    def taken(self, thing: Any) -> str | None:
        """The name of a class or function of a module; `None` where it cannot be imported."""
        module, name = getattr(thing, "__module__", None), getattr(thing, "__qualname__", "")
        if not module or not all(map(str.isidentifier, name.split("."))):
            return None
        if module == "builtins":
            return str(name)
        if not all(map(str.isidentifier, module.split("."))) or module == "__main__":
            return None
        try:
            there = operator.attrgetter(name)(sys.modules[module])
        except (AttributeError, KeyError):
            return None
        if there is not thing:
            return None
        self.take(module, name.partition(".")[0])
        return str(name)

    def lines(self) -> list[str]:
        """The statements, in the order that formatters want: the library's first, then the rest."""
        first = [f"import {name}" for name in sorted(self.plain)]
        rest = [
            f"from {module} import {', '.join(sorted(names))}"
            for module, names in sorted(self.names.items())
        ]
        return [*first, *([""] if first and rest else []), *rest]


def code_of(value: Any, imports: Imports) -> str | None:
    """Code that makes an equal value; `None` where none can be told."""
    if type(value) is str:
        return text_code(value)
    if type(value) in (type(None), bool, int, bytes):
        return repr(value)
    if type(value) is float:
        return repr(value) if math.isfinite(value) else f"float({str(value)!r})"
    if isinstance(value, Enum):
        name = imports.taken(type(value))
        if name is None or value.name in type(value).__members__:
            return name and f"{name}.{value.name}"
        return f"{name}({value.value!r})"  # several flags together
    if isinstance(value, BaseModel):
        fields = {name: getattr(value, name) for name in type(value).model_fields}
        return _call(type(value), fields, imports)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        told = {one.name: getattr(value, one.name) for one in dataclasses.fields(value) if one.init}
        return _call(type(value), told, imports)
    if isinstance(value, list | tuple | set | frozenset):
        return _several(value, imports)
    if isinstance(value, dict):
        if type(value) is not dict:
            return None
        pairs = [(code_of(k, imports), code_of(v, imports)) for k, v in value.items()]
        if any(k is None or v is None for k, v in pairs):
            return None
        return "{" + ", ".join(f"{k}: {v}" for k, v in pairs) + "}"
    return None


def text_code(text: str) -> str:
    """A text in the quotes that formatters give it."""
    code = repr(text)
    return f'"{code[1:-1]}"' if code[0] == "'" and '"' not in code and "\\'" not in code else code


def _call(kind: type, fields: dict[str, Any], imports: Imports) -> str | None:
    codes = {name: code_of(value, imports) for name, value in fields.items()}
    if any(code is None for code in codes.values()):
        return None
    called = imports.taken(kind)
    if called is None:
        return None
    return f"{called}({', '.join(f'{name}={code}' for name, code in codes.items())})"


def _several(value: Any, imports: Imports) -> str | None:
    if type(value) not in (list, tuple, set, frozenset):
        return None  # a class of its own, which is more than its members
    parts = [code_of(one, imports) for one in value]
    told = [part for part in parts if part is not None]
    if len(told) < len(parts):
        return None
    if isinstance(value, set | frozenset):
        inner = "{" + ", ".join(sorted(told)) + "}" if told else ""
        return inner if type(value) is set and told else f"{type(value).__name__}({inner})"
    if isinstance(value, tuple):
        return "(" + ", ".join(told) + ("," if len(told) == 1 else "") + ")"
    return "[" + ", ".join(told) + "]"


def function_code(target: str, module: ModuleType, imports: Imports) -> str:
    """Code for the target itself: the name that it has in its module."""
    name = target.rpartition(":")[2]
    if not all(map(str.isidentifier, module.__name__.split("."))):
        raise TargetError(
            f"a test cannot import {module.__name__!r}: call the file otherwise, so that it is not "
            "taken for a module of Python's own."
        )
    imports.take(module.__name__, name.partition(".")[0])
    return name


def name_of_test(text: str) -> str:
    """A name for a test: of any text, what may stand in one."""
    return "test_" + (re.sub(r"\W+", "_", text).strip("_").lower() or "machine")


# --- files --------------------------------------------------------------------------------


def check_new(path: Path, force: bool) -> None:
    """Raise `TargetError` where a file would be written over, or cannot be written."""
    if path.suffix != ".py":
        raise TargetError(f"a test is written as Python: give {path.stem}.py, not {path.name}.")
    if path.exists() and not force:
        raise TargetError(f"{path} is there already: give another name, or --force to replace it.")
    if not path.parent.is_dir():
        raise TargetError(f"there is no folder {path.parent}: make it first.")


def write_tests(path: Path, text: str, modules: Iterable[ModuleType], force: bool) -> None:
    """Write a test file; where its modules lie elsewhere, it begins by saying where."""
    check_new(path, force)
    folder = path.resolve().parent
    elsewhere = {
        os.path.relpath(root, folder)
        for module in modules
        if (root := root_of(module)) is not None and root != folder
    }
    path.write_text(_finding(text, sorted(elsewhere)), encoding="utf-8")


def root_of(module: ModuleType) -> Path | None:
    """The folder from which a module is imported; `None` where it is installed."""
    file = getattr(module, "__file__", None)
    if file is None:
        return None
    folder = Path(file).resolve().parent
    for _ in range(module.__name__.count(".") + (Path(file).name == "__init__.py")):
        folder = folder.parent
    installed = [Path(sysconfig.get_path(one)).resolve() for one in ("purelib", "platlib")]
    return None if any(folder.is_relative_to(one) for one in installed) else folder


def _finding(text: str, folders: list[str]) -> str:
    """The text with lines at its top that make folders importable."""
    if not folders:
        return text
    title, _, rest = text.partition('"""\n\n')
    lines = [
        "import sys",
        "from pathlib import Path",
        "",
        "HERE = Path(__file__).parent",
        *(
            f"sys.path.insert(0, str((HERE / {text_code(Path(folder).as_posix())}).resolve()))"
            for folder in folders
        ),
        "",
    ]
    head, body = rest.split("\n\n\n", 1)
    late = "\n".join(
        f"{line}  # noqa: E402" if line.startswith(("import ", "from ")) else line
        for line in head.split("\n")
    )
    return f'{title}"""\n\n' + "\n".join(lines) + "\n" + late + "\n\n\n" + body


def join_tests(title: str, tests: Iterable[str]) -> str:
    """Several tests, each with its imports above it, as one file; no two have one name."""
    heads: dict[str, None] = {}
    bodies: list[str] = []
    names: dict[str, int] = {}
    for test in tests:
        head, body = test.split("\n\n\n", 1)
        heads.update(dict.fromkeys(line for line in head.split("\n") if line))
        name = body.partition("(")[0].removeprefix("def ")
        names[name] = names.get(name, 0) + 1
        if names[name] > 1:
            body = body.replace(name, f"{name}_{names[name]}", 1)
        bodies.append(body.strip("\n"))
    imports = Imports()
    for line in heads:
        if line.startswith("import "):
            imports.module(line.removeprefix("import "))
        elif line.startswith("from "):
            module, _, taken = line.removeprefix("from ").partition(" import ")
            for one in taken.split(", "):
                imports.take(module, one)
    top = [*imports.lines(), *(line for line in heads if line.startswith("#"))]
    return f'"""{title}"""\n\n' + "\n".join(top) + "\n\n\n" + "\n\n\n".join(bodies) + "\n"
