"""What the comparison says of others, tried with the versions that it names.

Facts age: where `constraints.txt` has another version than the page, look again, and write the new
version and date.
"""

# pyright: reportMissingImports=false
from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Protocol

import pytest

from tests.pages import PAGES, ROOT

PAGE = PAGES["comparison.md"].text
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.split("## Simulation")[0].splitlines()
    if line.startswith("|") and "---" not in line
]
LIBRARIES = ROWS[0][1:]


def said(row: str, library: str) -> str:
    """What the table says."""
    cells = next(cells for cells in ROWS if cells[0].startswith(row))
    return cells[1 + LIBRARIES.index(library)]


def installed(module: str) -> Any:
    return pytest.importorskip(
        module, reason=f"{module} is not installed here: pip install .[docs]"
    )


@pytest.mark.parametrize(
    "library",
    ["transitions", "python-statemachine", "Automat", "sismic", "xstate-statemachine", "SimPy"],
)
def test_the_versions_are_those_that_are_looked_at(library: str) -> None:
    pinned = dict(
        re.findall(r"^(\S+)==(\S+)$", (ROOT / "constraints.txt").read_text("utf-8"), re.M)
    )
    by_name = {name.lower(): version for name, version in pinned.items()}
    named = re.search(rf"{library} (\d[\d.]*\d)", PAGE)
    assert named
    assert named[1] == by_name[library.lower()], "look again at what it can do, then write it down"


def test_the_table_is_whole() -> None:
    assert LIBRARIES[0] == "flowlet"
    assert {len(cells) for cells in ROWS} == {1 + len(LIBRARIES)}


# --- an event that nobody expects: each is in `a`, which knows only `go`, and is sent `back`


def with_transitions() -> str:
    made = installed("transitions")

    class Model:
        back: Callable[[], bool]

    model = Model()
    made.Machine(
        model, states=["a", "b"], initial="a", transitions=[["go", "a", "b"], ["back", "b", "a"]]
    )
    try:
        model.back()
    except made.MachineError:
        return "error"
    return "ignored"


def with_python_statemachine() -> str:
    made = installed("statemachine")
    found = []
    for base in (made.StateChart, made.StateMachine):
        a, b = made.State(initial=True), made.State()
        chart: Any = type(base)("Chart", (base,), {"a": a, "b": b, "go": a.to(b), "back": b.to(a)})
        try:
            chart().send("back")
            found.append("ignored")
        except made.exceptions.TransitionNotAllowed:
            found.append("error")
    return ", or ".join(found)


def with_automat() -> str:
    made = installed("automat")

    class Gate(Protocol):
        def go(self) -> None: ...
        def back(self) -> None: ...

    builder = made.TypeMachineBuilder(Gate, object)
    a, b = builder.state("a"), builder.state("b")
    a.upon(Gate.go).to(b).returns(None)
    b.upon(Gate.back).to(a).returns(None)
    try:
        builder.build()(object()).back()
    except made.NoTransition:
        return "error"
    return "ignored"


def with_sismic() -> str:
    chart = installed("sismic.io").import_from_yaml(
        """
        statechart:
          name: gate
          root state:
            name: root
            initial: a
            states:
              - name: a
                transitions: [{event: go, target: b}]
              - name: b
                transitions: [{event: back, target: a}]
        """
    )
    machine = installed("sismic.interpreter").Interpreter(chart)
    machine.execute()
    machine.queue("back").execute()
    assert machine.configuration == ["root", "a"]
    return "ignored"


def with_xstate_statemachine() -> str:
    made = installed("xstate_statemachine")
    states = {"a": {"on": {"GO": "b"}}, "b": {"on": {"BACK": "a"}}}
    machine = made.create_machine({"id": "gate", "initial": "a", "states": states})
    running = made.SyncInterpreter(machine).start()
    running.send("BACK")
    where = running.current_state_ids
    running.stop()
    assert where == {"gate.a"}
    return "ignored"


@pytest.mark.parametrize(
    ("library", "tried"),
    [
        ("transitions", with_transitions),
        ("python-statemachine", with_python_statemachine),
        ("Automat", with_automat),
        ("sismic", with_sismic),
        ("xstate-statemachine", with_xstate_statemachine),
    ],
)
def test_an_event_that_is_not_expected_does_what_the_table_says(
    library: str, tried: Callable[[], str]
) -> None:
    assert tried() == said("an event that is not expected", library)


# --- what there is to import


@pytest.mark.parametrize(
    ("library", "row", "module", "name"),
    [
        ("transitions", "nested states", "transitions.extensions", "HierarchicalMachine"),
        ("transitions", "pictures", "transitions.extensions", "GraphMachine"),
        ("transitions", "asyncio", "transitions.extensions.asyncio", "AsyncMachine"),
        ("python-statemachine", "history", "statemachine", "HistoryState"),
        ("python-statemachine", "reads SCXML", "statemachine.io.scxml.processor", "SCXMLProcessor"),
        ("sismic", "pictures", "sismic.io", "export_to_plantuml"),
        ("sismic", "a clock that tests move", "sismic.clock", "SimulatedClock"),
        ("xstate-statemachine", "a clock that tests move", "xstate_statemachine", "SimulatedClock"),
        ("xstate-statemachine", "every state visited", "xstate_statemachine", "shortest_paths"),
        ("xstate-statemachine", "asyncio", "xstate_statemachine", "Interpreter"),
    ],
)
def test_what_the_table_says_is_there_can_be_imported(
    library: str, row: str, module: str, name: str
) -> None:
    assert said(row, library) != "–"
    assert hasattr(installed(module), name)
