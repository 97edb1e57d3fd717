"""Three nested states left, and three others entered, by every event.

Two branches, a/b/c and x/y/z, and one event, which leads from the one to the other.  Nothing is
done on the way: no entry or exit actions, no output.  Only peers that have hierarchy.
"""

# pyright: reportMissingImports=false, reportOperatorIssue=false
from __future__ import annotations

from collections.abc import Callable

from sismic.interpreter import Interpreter
from sismic.io import import_from_yaml
from statemachine import State, StateChart
from transitions.extensions import HierarchicalMachine
from xstate_statemachine import SyncInterpreter, create_machine

from benchmarks.measure import Subject, timed
from benchmarks.peers.turnstile import SISMIC, TRANSITIONS, XSTATE
from flowlet import Dispatcher, Event, receive, state


class Tick(Event): ...


def deep() -> None:
    while True:
        with state("a"):
            with state("b"):
                with state("c"):
                    receive(Tick)
        with state("x"):
            with state("y"):
                with state("z"):
                    receive(Tick)


def flowlet(count: int) -> float:
    with Dispatcher() as d:
        ref = d.spawn(deep)
        d.settle()
        assert ref.state == ("a", "b", "c")
        tick, deliver, settle = Tick(), ref.send, d.settle
        with timed() as watch:
            for _ in range(count):
                deliver(tick)
                settle()
        assert ref.state == ("a", "b", "c")
        assert ref.discarded == 0
        deliver(tick)
        settle()
        assert ref.state == ("x", "y", "z")
    return watch.seconds


def times(tick: Callable[[], object], count: int) -> float:
    """The event so often, where it is a call."""
    with timed() as watch:
        for _ in range(count):
            tick()
    return watch.seconds


class Model:
    """What `transitions` puts its triggers on."""

    tick: Callable[[], bool]
    state: str


def transitions(count: int) -> float:
    model = Model()
    HierarchicalMachine(
        model,
        states=[
            {"name": "a", "children": [{"name": "b", "children": ["c"], "initial": "c"}]},
            {"name": "x", "children": [{"name": "y", "children": ["z"], "initial": "z"}]},
        ],
        initial="a_b_c",
        transitions=[["tick", "a_b_c", "x_y_z"], ["tick", "x_y_z", "a_b_c"]],
        auto_transitions=False,
    )
    seconds = times(model.tick, count)
    assert model.state == "a_b_c"
    model.tick()
    assert model.state == "x_y_z"
    return seconds


class Chart(StateChart):
    class a(State.Compound):  # noqa: N801
        class b(State.Compound):  # noqa: N801
            c = State(initial=True)

    class x(State.Compound):  # noqa: N801
        class y(State.Compound):  # noqa: N801
            z = State(initial=True)

    tick = a.to(x) | x.to(a)


def python_statemachine(count: int) -> float:
    machine = Chart()
    seconds = times(machine.tick, count)
    assert {each.id for each in machine.configuration} == {"a", "b", "c"}
    machine.tick()
    assert {each.id for each in machine.configuration} == {"x", "y", "z"}
    return seconds


def xstate_statemachine(count: int) -> float:
    machine = create_machine(
        {
            "id": "deep",
            "initial": "a",
            "actionErrorPolicy": "continue",
            "states": {
                "a": {
                    "on": {"TICK": "x"},
                    "initial": "b",
                    "states": {"b": {"initial": "c", "states": {"c": {}}}},
                },
                "x": {
                    "on": {"TICK": "a"},
                    "initial": "y",
                    "states": {"y": {"initial": "z", "states": {"z": {}}}},
                },
            },
        }
    )
    running = SyncInterpreter(machine).start()
    to = running.send
    with timed() as watch:
        for _ in range(count):
            to("TICK")
    assert running.current_state_ids == {"deep.a.b.c"}
    to("TICK")
    assert running.current_state_ids == {"deep.x.y.z"}
    running.stop()
    return watch.seconds


CHART = import_from_yaml(
    """
statechart:
  name: deep
  root state:
    name: root
    initial: a
    states:
      - name: a
        initial: b
        transitions: [{event: tick, target: x}]
        states:
          - name: b
            initial: c
            states: [{name: c}]
      - name: x
        initial: y
        transitions: [{event: tick, target: a}]
        states:
          - name: y
            initial: z
            states: [{name: z}]
"""
)


def sismic(count: int) -> float:
    machine = Interpreter(CHART, ignore_contract=True)
    machine.execute()
    with timed() as watch:
        for _ in range(count):
            # One call enters all three: to the initial state of each it goes by itself.
            machine.queue("tick").execute_once()
    assert set(machine.configuration) == {"root", "a", "b", "c"}
    machine.queue("tick").execute_once()
    assert set(machine.configuration) == {"root", "x", "y", "z"}
    return watch.seconds


TASK = "nested"

SUBJECTS = (
    Subject(TASK, "flowlet", flowlet, 10_000, note="events made beforehand"),
    Subject(TASK, "transitions", transitions, 400, note=f"HierarchicalMachine; {TRANSITIONS}"),
    Subject(TASK, "python-statemachine", python_statemachine, 100),
    Subject(TASK, "xstate-statemachine", xstate_statemachine, 1000, note=XSTATE),
    Subject(TASK, "sismic", sismic, 200, note=SISMIC),
)
