"""`--flowlet-coverage`: gathers evidence during a run of pytest, and tells what was left out.

With pytest-xdist each worker gathers and explores for itself, and sends what it has to the process
that reports; what several have seen is added up there.
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from flowlet import ExploreError

from .coverage_report import Report
from .evidence import MOST_STATES, Evidence, Seen, add_all, dumps, explored, is_local, of_target
from .pytest_watching import number_of
from .targets import TargetError, actor_function, resolve

_SENT = "flowlet_coverage"


class CoverageRun:
    """A plugin of its own, registered only when coverage is wanted."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.evidence: Evidence = Evidence()
        self.functions: dict[str, Seen] = {}
        self.report: Report | None = None
        self.notes: list[str] = []
        #: Why the run fails, if it does.
        self.failure: str = ""
        self.targets: list[str] = list[str](_option(config, "flowlet_coverage_of") or [])
        self.html: str = _option(config, "flowlet_coverage_html") or ""
        self.least: float | None = _percent(config)
        self.max_states: int = number_of(config, "flowlet_max_states", MOST_STATES) or MOST_STATES
        self._silent_workers: list[str] = []

    # --- at the end -----------------------------------------------------------------------

    @pytest.hookimpl(wrapper=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, Any, Any]:
        """Explore, add up, and decide."""
        ended = session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
        if ended and not self.config.option.collectonly:
            self._add_up()
            output = getattr(self.config, "workeroutput", None)
            if output is not None:
                output[_SENT] = [dumps(self.functions), self.notes, self.failure]
            else:
                self._decide(session)
        return (yield)

    def _add_up(self) -> None:
        self.evidence.close()
        seen = self.evidence.functions
        if self.targets and not self._is_controller():
            for target in self.targets:
                try:
                    _, found = resolve(target)
                    if callable(found):
                        actor_function(target)  # which tells if it is none
                    mine = of_target(found, seen, self.config.rootpath, self.max_states)
                except (TargetError, ExploreError) as error:
                    self.failure = self.failure or f"{target} cannot be covered: {error}"
                    continue
                for key, each in mine.items():
                    self.functions.setdefault(key, each)
        elif not self.targets:
            local = [key for key in seen if is_local(key)]
            for key in seen:
                if key not in local:
                    self.functions[key] = explored(
                        key, seen[key], self.config.rootpath, self.max_states
                    )
            if local:
                names = ", ".join(sorted({key.rpartition(".")[2] for key in local})[:5])
                self.notes.append(
                    f"left out, since they are made inside another function: {names}; move them "
                    "to the top of a module, or name them by --flowlet-coverage-of"
                )
        for key, each in self.functions.items():
            graph = self.evidence.graphs.get(key)
            if graph is not None:
                each.seen = graph

    def _is_controller(self) -> bool:
        """Whether workers run the tests."""
        return bool(getattr(self.config.option, "dist", "no") != "no" and not self._is_worker())

    def _is_worker(self) -> bool:
        return hasattr(self.config, "workerinput")

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """A worker of pytest-xdist has ended: take what it has gathered."""
        sent = getattr(node, "workeroutput", {}).get(_SENT)
        if sent is None:
            self._silent_workers.append(node.gateway.id)
            return
        functions, notes, failure = sent
        add_all(self.functions, functions)
        self.notes += [note for note in notes if note not in self.notes]
        self.failure = self.failure or failure

    def _decide(self, session: pytest.Session) -> None:
        report = self.report = Report(self.functions.values(), self.config.rootpath)
        if self._silent_workers:
            workers = ", ".join(self._silent_workers)
            self.notes.append(f"nothing has come from {workers}: what ran there is not counted")
        if self.html:
            self.notes.append(f"written: {report.write(Path(self.html))}")
        percent = report.total.percent
        if self.least is not None and not self.failure:
            if not report.anything:
                self.failure = (
                    "no actor function was explored, so there is nothing of which "
                    f"{self.least:g} % could be covered; name one by --flowlet-coverage-of"
                )
            elif percent < self.least:
                self.failure = (
                    f"{percent:.2f} % of all states and edges was covered, and "
                    f"{self.least:g} % is asked for by --flowlet-fail-under"
                )
        if self.failure and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Tell it."""
        if self.report is None:
            return
        terminalreporter.section("flowlet coverage")
        if self.functions:
            for line in self.report.lines():
                terminalreporter.write_line(line)
        else:
            terminalreporter.write_line("no actor function ran at the top of a dispatcher")
        for note in self.notes:
            terminalreporter.write_line(note)
        if self.failure:
            terminalreporter.write_line(f"FAILED: {self.failure}", red=True)


def _option(config: pytest.Config, name: str) -> Any:
    """What the command line says, or the ini file."""
    given = config.getoption(name)
    return config.getini(name) if given is None else given


def _percent(config: pytest.Config) -> float | None:
    given = _option(config, "flowlet_fail_under")
    if given is None or given == "":
        return None
    try:
        percent = float(given)
    except ValueError:
        percent = -1
    if not 0 <= percent <= 100:
        raise pytest.UsageError(f"flowlet_fail_under is a number from 0 to 100, not {given!r}")
    return percent
