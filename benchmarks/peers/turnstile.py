"""The turnstile: a coin unlocks it, a push locks it, and each gives one output.

One event in, run to the end, one output, which goes to the same sink everywhere: the `append` of
a list, in whose length the run is checked.
"""

# pyright: reportMissingImports=false
from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Protocol

from automat import TypeMachineBuilder
from sismic.interpreter import Interpreter
from sismic.io import import_from_yaml
from statemachine import State, StateChart
from transitions import Machine
from xstate_statemachine import MachineLogic, SyncInterpreter, create_machine

from benchmarks.measure import Subject, timed
from flowlet import Dispatcher, Event, emit, receive

Sink = Callable[[str], object]


def turn(coin: Callable[[], object], push: Callable[[], object], count: int) -> float:
    """Coin and push in turn, for machines whose events are calls without arguments."""
    with timed() as watch:
        for _ in range(count // 2):
            coin()
            push()
    return watch.seconds


def send(to: Callable[[str], object], coin: str, push: str, count: int) -> float:
    """Coin and push in turn, for machines that take the names of events."""
    with timed() as watch:
        for _ in range(count // 2):
            to(coin)
            to(push)
    return watch.seconds


def check(outputs: list[str], count: int) -> None:
    """Every event has given its output."""
    assert outputs == ["unlock", "lock"] * (count // 2)


# --- flowlet --------------------------------------------------------------------------------


class Coin(Event): ...


class Push(Event): ...


def gate() -> None:
    while True:
        receive(Coin)
        emit("unlock")
        receive(Push)
        emit("lock")


def made_before(count: int) -> float:
    outputs: list[str] = []
    with Dispatcher() as d:
        ref = d.spawn(gate, on_output=outputs.append)
        d.settle()
        coin, push, deliver, settle = Coin(), Push(), ref.send, d.settle
        with timed() as watch:
            for _ in range(count // 2):
                deliver(coin)
                settle()
                deliver(push)
                settle()
    check(outputs, count)
    return watch.seconds


def made_in_loop(count: int) -> float:
    outputs: list[str] = []
    with Dispatcher() as d:
        ref = d.spawn(gate, on_output=outputs.append)
        d.settle()
        deliver, settle = ref.send, d.settle
        with timed() as watch:
            for _ in range(count // 2):
                deliver(Coin())
                settle()
                deliver(Push())
                settle()
    check(outputs, count)
    return watch.seconds


# --- by hand --------------------------------------------------------------------------------


class Table:
    """What one writes without a library: a dict from state and event to state and output."""

    def __init__(self, out: Sink) -> None:
        self.state = "locked"
        self.table = {
            ("locked", "coin"): ("unlocked", "unlock"),
            ("unlocked", "push"): ("locked", "lock"),
        }
        self.out = out

    def send(self, event: str) -> None:
        step = self.table.get((self.state, event))
        if step is not None:
            self.state, output = step
            self.out(output)


def by_dict(count: int) -> float:
    outputs: list[str] = []
    seconds = send(Table(outputs.append).send, "coin", "push", count)
    check(outputs, count)
    return seconds


def waiting(out: Sink) -> Generator[None, str, None]:
    while True:
        while (yield) != "coin":
            pass
        out("unlock")
        while (yield) != "push":
            pass
        out("lock")


def by_generator(count: int) -> float:
    outputs: list[str] = []
    machine = waiting(outputs.append)
    next(machine)
    seconds = send(machine.send, "coin", "push", count)
    check(outputs, count)
    return seconds


# --- libraries ------------------------------------------------------------------------------


class Gate(Protocol):
    def coin(self) -> None: ...
    def push(self) -> None: ...


@dataclass
class Core:
    out: Sink


def typed_machine() -> Callable[[Core], Gate]:
    builder = TypeMachineBuilder(Gate, Core)
    locked = builder.state("locked")
    unlocked = builder.state("unlocked")

    @locked.upon(Gate.coin).to(unlocked)
    def unlock(gate: Gate, core: Core) -> None:
        core.out("unlock")

    @unlocked.upon(Gate.push).to(locked)
    def lock(gate: Gate, core: Core) -> None:
        core.out("lock")

    made: Callable[[Core], Gate] = builder.build()
    return made


def automat(count: int) -> float:
    outputs: list[str] = []
    machine = typed_machine()(Core(outputs.append))
    seconds = turn(machine.coin, machine.push, count)
    check(outputs, count)
    return seconds


class Model:
    """What `transitions` puts its triggers on."""

    coin: Callable[[], bool]
    push: Callable[[], bool]

    def __init__(self, out: Sink) -> None:
        self.out = out

    def unlock(self) -> None:
        self.out("unlock")

    def lock(self) -> None:
        self.out("lock")


def transitions(count: int) -> float:
    outputs: list[str] = []
    model = Model(outputs.append)
    Machine(
        model,
        states=["locked", "unlocked"],
        initial="locked",
        transitions=[
            {"trigger": "coin", "source": "locked", "dest": "unlocked", "after": "unlock"},
            {"trigger": "push", "source": "unlocked", "dest": "locked", "after": "lock"},
        ],
        auto_transitions=False,
    )
    seconds = turn(model.coin, model.push, count)
    check(outputs, count)
    return seconds


class Chart(StateChart):
    locked = State(initial=True)
    unlocked = State()
    coin = locked.to(unlocked, on="unlock")
    push = unlocked.to(locked, on="lock")

    def __init__(self, out: Sink) -> None:
        self.out = out
        super().__init__()

    def unlock(self) -> None:
        self.out("unlock")

    def lock(self) -> None:
        self.out("lock")


def python_statemachine(count: int) -> float:
    outputs: list[str] = []
    machine = Chart(outputs.append)
    seconds = turn(machine.coin, machine.push, count)
    check(outputs, count)
    return seconds


def xstate_statemachine(count: int) -> float:
    outputs: list[str] = []

    def unlock(*_: object) -> None:
        outputs.append("unlock")

    def lock(*_: object) -> None:
        outputs.append("lock")

    machine = create_machine(
        {
            "id": "gate",
            "initial": "locked",
            "actionErrorPolicy": "continue",
            "states": {
                "locked": {"on": {"COIN": {"target": "unlocked", "actions": "unlock"}}},
                "unlocked": {"on": {"PUSH": {"target": "locked", "actions": "lock"}}},
            },
        },
        logic=MachineLogic(actions={"unlock": unlock, "lock": lock}),
    )
    running = SyncInterpreter(machine).start()
    seconds = send(running.send, "COIN", "PUSH", count)
    running.stop()
    check(outputs, count)
    return seconds


CHART = import_from_yaml(
    """
statechart:
  name: turnstile
  root state:
    name: root
    initial: locked
    states:
      - name: locked
        transitions:
          - {event: coin, target: unlocked, action: 'out("unlock")'}
      - name: unlocked
        transitions:
          - {event: push, target: locked, action: 'out("lock")'}
"""
)


def sismic(count: int) -> float:
    outputs: list[str] = []
    context = {"out": outputs.append}
    machine = Interpreter(CHART, initial_context=context, ignore_contract=True)
    machine.execute_once()

    def to(event: str) -> None:
        machine.queue(event).execute_once()

    seconds = send(to, "coin", "push", count)
    check(outputs, count)
    return seconds


TASK = "turnstile"
TRANSITIONS = "auto_transitions=False"
XSTATE = "SyncInterpreter; actionErrorPolicy: continue, the quickest; events by name"
SISMIC = "ignore_contract=True; queue(event).execute_once(), quicker than execute()"

SUBJECTS = (
    Subject(TASK, "flowlet", made_before, note="events made beforehand"),
    Subject(TASK, "flowlet, events made in the loop", made_in_loop),
    Subject(TASK, "a dict by hand", by_dict, 100_000),
    Subject(TASK, "a bare generator", by_generator, 200_000),
    Subject(TASK, "Automat", automat, note="TypeMachineBuilder"),
    Subject(TASK, "transitions", transitions, 2000, note=TRANSITIONS),
    Subject(TASK, "python-statemachine", python_statemachine, 200),
    Subject(TASK, "xstate-statemachine", xstate_statemachine, 1000, note=XSTATE),
    Subject(TASK, "sismic", sismic, 500, note=SISMIC),
)
