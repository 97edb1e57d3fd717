"""From `MODULE:NAME` or `FILE.py:NAME` to the object, or to an error that a person can act on.

The rules are those of `python -m` and `python FILE`: the current folder is importable, and so is
the folder of the file.  A file inside a package is imported as that package's module, so that its
relative imports work.
"""

from __future__ import annotations

import contextlib
import difflib
import functools
import importlib
import importlib.util
import inspect
import pkgutil
import sys
import sysconfig
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

_HERE = str(Path(__file__).parents[1])
_NOT_THEIRS = tuple(sysconfig.get_path(one) for one in ("stdlib", "purelib", "platlib"))


class TargetError(Exception):
    """The target cannot be had; the message says why and what to do."""


def actor_function(target: str) -> tuple[ModuleType, Callable[[], Any]]:
    """The actor function that the target names, checked to be callable as it is."""
    module, found = resolve(target)
    _check(target, module, found)
    return module, found


def resolve(target: str, module: ModuleType | None = None) -> tuple[ModuleType, Any]:
    """What the target names, and its module; a bare name is looked up in the module given."""
    place, colon, name = target.rpartition(":")
    if module is None or colon:
        if not colon:
            place, name = target, ""
        if not place:
            raise TargetError(f"{target!r} names no module. Give MODULE:NAME or FILE.py:NAME.")
        module = _module(place)
    if not name:
        raise TargetError(f"{target!r} names no function. Give {place}:NAME.{_there_are(module)}")
    found: Any = module
    passed: list[str] = []
    for step in name.split("."):
        try:
            found = getattr(found, step)
        except AttributeError:
            within = ":".join([module.__name__, *filter(None, [".".join(passed)])])
            names = [one for one in getattr(found, "__dict__", {}) if not one.startswith("__")]
            there = "" if passed else _there_are(module)
            close = _did_you_mean(step, names)
            raise TargetError(f"there is no {step!r} in {within}.{close}{there}") from None
        passed.append(step)
    return module, found


# --- modules


def module_at(place: str) -> ModuleType:
    """The module of that name, or of that file."""
    if not place:
        raise TargetError("give a module, as package.module, or a file, as path/file.py.")
    return _module(place)


def _module(place: str) -> ModuleType:
    _make_importable(Path.cwd())
    if place.endswith(".py") or "/" in place or "\\" in place:
        return _from_file(Path(place))
    try:
        return importlib.import_module(place)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{place}.".startswith(f"{error.name}."):
            raise _import_failed(place, error) from error  # it exists; something in it does not
        close = _did_you_mean(error.name.rpartition(".")[2], _modules_beside(error.name))
        raise TargetError(
            f"there is no module {error.name!r}.{close} The current folder and the installed "
            "packages are searched; a file is given as FILE.py:NAME."
        ) from None
    except TypeError as error:  # a relative name
        raise TargetError(f"{place!r} is no module name ({error}). Give MODULE:NAME.") from None
    except (Exception, SystemExit) as error:
        raise _import_failed(place, error) from error


def _from_file(path: Path) -> ModuleType:
    if not path.is_file():
        if path.with_suffix(".py").is_file():
            raise TargetError(f"{path} is no file. Did you mean {path.with_suffix('.py')}?")
        here = [str(p) for p in sorted(path.parent.glob("*.py"))] if path.parent.is_dir() else []
        raise TargetError(f"there is no file {path}.{_did_you_mean(str(path), here)}")
    folder, name = path.resolve().parent, path.stem
    while (folder / "__init__.py").is_file():
        folder, name = folder.parent, f"{folder.name}.{name}"
    name = name.removesuffix(".__init__")
    _make_importable(folder)
    try:
        return _loaded(name, path.resolve())
    except (Exception, SystemExit) as error:
        raise _import_failed(str(path), error) from error


def _loaded(name: str, path: Path) -> ModuleType:
    if "." in name:
        return importlib.import_module(name)
    known = sys.modules.get(name)
    if known is not None and getattr(known, "__file__", None) == str(path):
        return known
    if known is not None or name in sys.stdlib_module_names:
        name = f"{name} from {path.parent.name}"  # the other one of that name stays importable
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise TargetError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # before it runs, as an import does it: classes look for it
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _make_importable(folder: Path) -> None:
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))


def _import_failed(place: str, error: BaseException) -> TargetError:
    return TargetError(f"{place} fails when it is imported:\n  {_told(error, place)}")


def told_as_theirs(error: BaseException) -> str | None:
    """An error that the user's own code has raised, with their line; `None` for another's."""
    frames = traceback.extract_tb(error.__traceback__)
    if not frames or not _is_theirs(frames[-1].filename):
        return None
    return _told(error, "the code")


def _told(error: BaseException, place: str) -> str:
    notes = sum(len(note.split("\n")) for note in getattr(error, "__notes__", ()))
    lines = traceback.format_exception_only(error)
    what = lines[len(lines) - notes - 1].strip()
    if isinstance(error, SyntaxError):
        file, line = error.filename or place, error.lineno or 0
    else:
        frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename != __file__]
        theirs = [f for f in frames if _is_theirs(f.filename)]
        last = (theirs or frames)[-1]  # the deepest line that they wrote, not the library's
        file, line = last.filename, last.lineno or 0
    with contextlib.suppress(ValueError):
        file = str(Path(file).relative_to(Path.cwd()))
    return f"{what}\n  at {file}:{line}"


def _is_theirs(file: str) -> bool:
    return not file.startswith(("<", _HERE, *_NOT_THEIRS))


# --- checks


def _check(target: str, module: ModuleType, found: Any) -> None:
    is_what = type(found).__name__
    if isinstance(found, ModuleType):
        raise TargetError(f"{target} is a module, not a function.{_there_are(found)}")
    if isinstance(found, type):
        raise TargetError(f"{target} is a class, not a function.{_there_are(module)}")
    if not callable(found):
        raise TargetError(f"{target} is no function but {is_what}.{_there_are(module)}")
    bare = inspect.unwrap(found.func if isinstance(found, functools.partial) else found)
    if inspect.iscoroutinefunction(bare) or inspect.isasyncgenfunction(bare):
        raise TargetError(
            f"{target} is an async function. An actor function is a plain `def` that calls "
            "receive(): no async, no await."
        )
    if inspect.isgeneratorfunction(bare):
        raise TargetError(
            f"{target} is a generator. An actor function is a plain `def` that calls receive(): "
            "no yield."
        )
    from flowlet.introspect import is_system

    missing = missing_arguments(found)
    if missing and not is_system(found):
        name = target.rpartition(":")[2]
        given = ", ".join(f"{one}=…" for one in missing)
        raise TargetError(
            f"{target} needs arguments: {', '.join(missing)}. Put a function that has them into "
            f"the module, and draw that:\n  drawn = functools.partial({name}, {given})"
        )


def missing_arguments(fn: Callable[..., Any]) -> list[str]:
    """The arguments that have to be given to it."""
    try:
        parameters = inspect.signature(fn).parameters.values()
    except (TypeError, ValueError):  # written in C: exploring will tell
        return []
    return [
        one.name
        for one in parameters
        if one.default is one.empty and one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)
    ]


# --- what there is instead


def _there_are(module: ModuleType) -> str:
    own = [
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and (inspect.isfunction(value) or isinstance(value, functools.partial))
        and getattr(value, "__module__", module.__name__) in (module.__name__, "functools")
    ]
    return f" Functions there: {', '.join(own)}." if own else " There are no functions in it."


def _modules_beside(name: str) -> list[str]:
    parent = name.rpartition(".")[0]
    try:
        within = importlib.import_module(parent).__path__ if parent else None
    except (Exception, SystemExit):
        return []
    return [one.name for one in pkgutil.iter_modules(within)]


def _did_you_mean(word: str, there: Iterable[str]) -> str:
    by_lower = {one.lower(): one for one in there}
    close = difflib.get_close_matches(word.lower(), by_lower, n=3, cutoff=0.6)
    return f" Did you mean {' or '.join(by_lower[one] for one in close)}?" if close else ""
