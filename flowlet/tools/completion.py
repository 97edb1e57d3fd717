"""Completion of targets in a shell: files, and the functions in them, without running any.

Functions are read from the source, since to import a module runs it, and a press of a key should
run nothing.  Bash cuts a word at each colon; `rejoin` mends that before typer sees the words.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator, MutableMapping
from pathlib import Path

#: The variable in which typer is told which shell asks.
ASKED = "_FLOWLET_COMPLETE"
#: The word that is begun, where bash has cut it and takes only what comes after the last colon.
_BEGUN = "_FLOWLET_BEGUN"


def complete_target(incomplete: str) -> list[str]:
    """The targets that begin so: `gates.py:` from `ga`, `gates:turnstile` from `gates:tu`."""
    cut = os.environ.get(_BEGUN, "")
    place, colon, name = (cut or incomplete).rpartition(":")
    if not colon:
        places = sorted(_places(incomplete))
        if len(places) != 1 or not places[0].endswith(":"):
            return places
        # Its functions at once: after a file alone a shell would write a space.
        place, cut, name = places[0][:-1], "", ""
    before = "" if cut else f"{place}:"
    return [before + one for one in _functions(_file_of(place)) if one.startswith(name)]


def _places(begun: str) -> Iterator[str]:
    """Folders and files of Python that begin so; a file with the colon that is to follow."""
    folder = Path(os.path.dirname(begun) or ".")
    for path in folder.iterdir() if folder.is_dir() else ():
        shown = path.as_posix()
        if not shown.startswith(begun) or path.name.startswith((".", "__pycache__")):
            continue
        if path.is_dir():
            if any(path.glob("*.py")) or any(path.glob("*/*.py")):
                yield f"{shown}/"
        elif path.suffix == ".py":
            yield f"{shown}:"


def _file_of(place: str) -> Path:
    if place.endswith(".py"):
        return Path(place)
    path = Path(*place.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def _functions(file: Path) -> list[str]:
    try:
        tree = ast.parse(file.read_text("utf-8"))
    except (OSError, SyntaxError, ValueError):
        return []
    found = []
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            found.append(node.name)
        elif isinstance(node, ast.Assign) and "partial(" in ast.unparse(node.value):
            found += [one.id for one in node.targets if isinstance(one, ast.Name)]
    return found


def rejoin(environ: MutableMapping[str, str]) -> None:
    """Have bash's `gates : tu` be one word again; it then replaces only what is after the colon."""
    if environ.get(ASKED) != "complete_bash":
        return
    words = environ.get("COMP_WORDS", "").split("\n")
    here = int(environ.get("COMP_CWORD", "0"))
    joined: list[str] = []
    for place, word in enumerate(words[: here + 1]):
        if place > 1 and (word == ":" or words[place - 1] == ":"):
            joined[-1] += word
        else:
            joined.append(word)
    if ":" in joined[-1]:
        # typer keeps only what begins as the word does, and that would be none of the names.
        environ[_BEGUN] = joined[-1]
        joined[-1] = ""
    environ["COMP_WORDS"] = "\n".join(joined)
    environ["COMP_CWORD"] = str(len(joined) - 1)
