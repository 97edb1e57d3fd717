"""Two parallel regions, and one event to which both react, each by going to its other state.

Only peers that have regions.
"""

# pyright: reportMissingImports=false, reportAttributeAccessIssue=false
from __future__ import annotations

from collections.abc import Callable

from sismic.interpreter import Interpreter
from sismic.io import import_from_yaml
from statemachine import State, StateChart
from transitions.extensions import HierarchicalMachine
from xstate_statemachine import SyncInterpreter, create_machine

from benchmarks.measure import Subject, timed
from benchmarks.peers.nested import times
from benchmarks.peers.turnstile import SISMIC, TRANSITIONS, XSTATE
from flowlet import Dispatcher, Event, parallel, receive


class Tick(Event): ...


def left() -> None:
    while True:
        receive(Tick, at="a")
        receive(Tick, at="b")


def right() -> None:
    while True:
        receive(Tick, at="x")
        receive(Tick, at="y")


def both() -> None:
    parallel(left, right)


def flowlet(count: int) -> float:
    with Dispatcher() as d:
        ref = d.spawn(both)
        d.settle()
        assert ref.state == ((("a",), ("x",)),)
        tick, deliver, settle = Tick(), ref.send, d.settle
        with timed() as watch:
            for _ in range(count):
                deliver(tick)
                settle()
        assert ref.state == ((("a",), ("x",)),)
        assert ref.discarded == 0
        deliver(tick)
        settle()
        assert ref.state == ((("b",), ("y",)),)
    return watch.seconds


class Model:
    """What `transitions` puts its triggers on."""

    tick: Callable[[], bool]
    state: list[str]


def transitions(count: int) -> float:
    model = Model()
    HierarchicalMachine(
        model,
        states=[
            {
                "name": "both",
                "parallel": [
                    {"name": "left", "children": ["a", "b"], "initial": "a"},
                    {"name": "right", "children": ["x", "y"], "initial": "x"},
                ],
            }
        ],
        initial="both",
        transitions=[
            ["tick", "both_left_a", "both_left_b"],
            ["tick", "both_left_b", "both_left_a"],
            ["tick", "both_right_x", "both_right_y"],
            ["tick", "both_right_y", "both_right_x"],
        ],
        auto_transitions=False,
    )
    seconds = times(model.tick, count)
    assert model.state == ["both_left_a", "both_right_x"]
    model.tick()
    assert model.state == ["both_left_b", "both_right_y"]
    return seconds


class Chart(StateChart):
    class both(State.Parallel):  # noqa: N801
        class left(State.Compound):  # noqa: N801
            a = State(initial=True)
            b = State()
            tick = a.to(b) | b.to(a)

        class right(State.Compound):  # noqa: N801
            x = State(initial=True)
            y = State()
            tick = x.to(y) | y.to(x)


def python_statemachine(count: int) -> float:
    machine = Chart()
    seconds = times(machine.tick, count)
    assert {each.id for each in machine.configuration} == {"both", "left", "a", "right", "x"}
    machine.tick()
    assert {each.id for each in machine.configuration} == {"both", "left", "b", "right", "y"}
    return seconds


def xstate_statemachine(count: int) -> float:
    def region(one: str, other: str) -> dict[str, object]:
        states = {one: {"on": {"TICK": other}}, other: {"on": {"TICK": one}}}
        return {"initial": one, "states": states}

    machine = create_machine(
        {
            "id": "both",
            "type": "parallel",
            "actionErrorPolicy": "continue",
            "states": {"left": region("a", "b"), "right": region("x", "y")},
        }
    )
    running = SyncInterpreter(machine).start()
    to = running.send
    with timed() as watch:
        for _ in range(count):
            to("TICK")
    assert running.current_state_ids == {"both.left.a", "both.right.x"}
    to("TICK")
    assert running.current_state_ids == {"both.left.b", "both.right.y"}
    running.stop()
    return watch.seconds


CHART = import_from_yaml(
    """
statechart:
  name: both
  root state:
    name: root
    parallel states:
      - name: left
        initial: a
        states:
          - {name: a, transitions: [{event: tick, target: b}]}
          - {name: b, transitions: [{event: tick, target: a}]}
      - name: right
        initial: x
        states:
          - {name: x, transitions: [{event: tick, target: y}]}
          - {name: y, transitions: [{event: tick, target: x}]}
"""
)


def sismic(count: int) -> float:
    machine = Interpreter(CHART, ignore_contract=True)
    machine.execute()
    with timed() as watch:
        for _ in range(count):
            machine.queue("tick").execute_once()
    assert set(machine.configuration) == {"root", "left", "a", "right", "x"}
    machine.queue("tick").execute_once()
    assert set(machine.configuration) == {"root", "left", "b", "right", "y"}
    return watch.seconds


TASK = "regions"

SUBJECTS = (
    Subject(TASK, "flowlet", flowlet, 10_000, note="events made beforehand"),
    Subject(TASK, "transitions", transitions, 400, note=f"HierarchicalMachine; {TRANSITIONS}"),
    Subject(TASK, "python-statemachine", python_statemachine, 100),
    Subject(TASK, "xstate-statemachine", xstate_statemachine, 1000, note=XSTATE),
    Subject(TASK, "sismic", sismic, 200, note=SISMIC),
)
