"""The module at a revision: its files out of git, explored in a process of its own.

The files are written to a folder by `git read-tree` and `git checkout-index`, with an index of
their own: nothing of the repository changes, neither its index nor its list of worktrees.  Folders
of the repository from which modules are imported are those of the revision there.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import flowlet
from flowlet.introspect.model import Source, StateGraph
from flowlet.tools.targets import TargetError

#: What a person calls the files as they are now.
WORKING_TREE = "working tree"


@dataclass(frozen=True)
class Repository:
    """A git repository, seen from the current folder."""

    root: Path
    #: The current folder, from the root.
    prefix: Path

    @classmethod
    def here(cls) -> Repository:
        """The one that the current folder is in.  Raises `TargetError` where it is in none."""
        try:
            root, prefix = _git("rev-parse", "--show-toplevel", "--show-prefix").split("\n")[:2]
        except FileNotFoundError:
            raise TargetError(
                "there is no git on the path: install it, or compare saved graphs, "
                "flowlet diff old.json new.json."
            ) from None
        except subprocess.CalledProcessError:
            raise TargetError(
                f"{Path.cwd()} is in no git repository: compare saved graphs, "
                "flowlet diff old.json new.json."
            ) from None
        return cls(Path(root).resolve(), Path(prefix))

    def name_of(self, revision: str) -> str:
        """The commit of a revision.  Raises `TargetError` for what is none."""
        try:
            return _git("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}").strip()
        except subprocess.CalledProcessError:
            raise TargetError(
                f"there is no revision {revision!r} in {self.root}: give a commit, a branch or a "
                "tag, as git log shows them."
            ) from None

    @contextmanager
    def files_at(self, revision: str) -> Iterator[Path]:
        """A folder with the files of a revision, for a while."""
        commit = self.name_of(revision)
        with tempfile.TemporaryDirectory(prefix="flowlet-") as folder:
            tree = Path(folder).resolve() / "tree"
            tree.mkdir()
            index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
            try:
                _git("read-tree", commit, env=index, folder=self.root)
                _git("checkout-index", "--all", f"--prefix={tree}{os.sep}", env=index,
                     folder=self.root)  # fmt: skip
            except subprocess.CalledProcessError as error:
                raise TargetError(f"git cannot read {revision}: {error.stderr.strip()}") from None
            yield tree

    def graph_at(
        self, revision: str | None, target: str, actor: str | None, options: Mapping[str, Any]
    ) -> StateGraph:
        """The graph of a target at a revision; without one, of the files as they are."""
        if revision is None:
            return self._explored(self.root, WORKING_TREE, target, actor, options)
        with self.files_at(revision) as tree:
            graph = self._explored(tree, revision, target, actor, options)
            return _moved(graph, tree, self.root)

    def _explored(
        self, tree: Path, called: str, target: str, actor: str | None, options: Mapping[str, Any]
    ) -> StateGraph:
        order = {
            "target": target,
            "actor": actor,
            "options": dict(options),
            "folders": [str(tree / folder) for folder in self._folders(target)],
            "inside": str(tree),
        }
        home = str(Path(flowlet.__file__).parents[1])
        program = str(Path(__file__).with_name("apart.py"))
        (tree / self.prefix).mkdir(parents=True, exist_ok=True)
        done = subprocess.run(
            [sys.executable, "-P", program, home, json.dumps(order)],
            cwd=tree / self.prefix,
            capture_output=True,
            text=True,
            env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
            check=False,
        )
        said = done.stderr.replace(str(tree), str(self.root)).strip()
        if done.returncode == 2:
            raise TargetError(f"at {called}: {said}")
        if done.returncode:
            raise RuntimeError(f"exploring at {called} has failed:\n{said}")
        return StateGraph.model_validate_json(done.stdout)

    def _folders(self, target: str) -> list[Path]:
        """The folders of the repository from which modules are imported, from its root."""
        places = [Path(entry or ".").resolve() for entry in sys.path]
        module = target.rpartition(":")[0]
        if not module.endswith(".py") and "/" not in module:
            # One that is installed from here, by whatever trick, comes from its folder here.
            try:
                spec = importlib.util.find_spec(module.partition(".")[0])
            except (ImportError, ValueError):
                spec = None
            if spec is not None and spec.origin:
                up = 2 if Path(spec.origin).name == "__init__.py" else 1
                places.append(Path(spec.origin).resolve().parents[up - 1])
        return [
            place.relative_to(self.root)
            for place in dict.fromkeys(places)
            if place.is_relative_to(self.root) and "site-packages" not in place.parts
        ]


def _git(*words: str, env: Mapping[str, str] | None = None, folder: Path | None = None) -> str:
    done = subprocess.run(
        ["git", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | dict(env or {}),
    )
    return done.stdout


def _moved(graph: StateGraph, tree: Path, root: Path) -> StateGraph:
    """The graph with its sources in the repository, as links to what is there now."""

    def moved(source: Source | None) -> Source | None:
        if source is None:
            return None
        file = source.file.replace(str(tree), str(root), 1)
        return source.model_copy(update={"file": file})

    states = (one.model_copy(update={"source": moved(one.source)}) for one in graph.states)
    edges = (one.model_copy(update={"at": moved(one.at)}) for one in graph.transitions)
    return graph.model_copy(update={"states": tuple(states), "transitions": tuple(edges)})
