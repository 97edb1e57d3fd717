"""Where a way through the source is: frames, the blocks that are open in them, and the leg so far.

All of it is immutable and can be hashed: a way is left at a wait and taken up again from there as
often as there are events, and two ways that have come to the same are one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from types import CodeType
from typing import Any, Final, Literal

from ... import names
from ...source import CallString, Reading, collapsed
from .program import Program, Step
from .values import Block, Env, Fn, Value, env_with

Path = tuple[Any, ...]
Role = Literal[
    "root", "call", "flow", "handler", "iterate", "enter manager", "exit manager", "enter", "exit",
    "make", "call back",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Open:
    """A block that is open in a frame.

    Kinds: `state`, `until`, `on`; `manager`, a generator that is suspended round the body;
    `object`, one with an `__exit__`; `child`, a spawned one; `suppress`; `other`, a context
    manager that does nothing here; `exits`, an `ExitStack` with what was entered in it, and of
    that `callback` and `pushed`, a function; `closing`, an object with a `close`;
    `except` and `finally`, while the body of the `try` runs;
    `caught`, while a handler does; `ending`, while a `finally` does, or a child cleans up.
    """

    kind: str
    to: int = -1
    number: int = 0
    block: Block | None = None
    held: Any = None
    variables: tuple[str, ...] = ()
    #: Whether it was entered into an exit stack.
    stacked: bool = False


class Frame:
    """One function that runs: where it is, its variables, the blocks that are open in it."""

    __slots__ = ("_hash", "again", "env", "fn", "held", "open", "pc", "role")

    def __init__(
        self,
        fn: Fn,
        pc: int = 0,
        env: Env = (),
        open: tuple[Open, ...] = (),
        role: Role = "call",
        held: Any = None,
        again: bool = False,
    ) -> None:
        self.fn: Fn = fn
        self.pc: int = pc
        self.env: Env = env
        self.open: tuple[Open, ...] = open
        self.role = role
        #: What a handler interrupts, what ends a context manager, the object that is made.
        self.held: Any = held
        #: Whether it stands for deeper calls of its own function as well.
        self.again: bool = again
        self._hash = hash((fn.program.code, pc, env, open, role, held))

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Frame)
            and self._hash == other._hash
            and self.pc == other.pc
            and self.fn == other.fn
            and self.env == other.env
            and self.open == other.open
            and self.role == other.role
            and self.held == other.held
            and self.again == other.again
        )

    def with_(self, **changes: Any) -> Frame:
        """The same with some things different."""
        known = {name: getattr(self, name) for name in Frame.__slots__ if name != "_hash"}
        return Frame(**(known | changes))

    def at(self, pc: int) -> Frame:
        """The same, further on; what nobody reads from there on is forgotten."""
        live = self.program.live[pc] if pc < len(self.program.live) else frozenset()
        kept = tuple(pair for pair in self.env if pair[0] in live)
        return self.with_(pc=pc, env=kept)

    def set(self, name: str, value: Value) -> Frame:
        """The same with a variable set."""
        return self.with_(env=env_with(self.env, name, value))

    @property
    def program(self) -> Program:
        """What the frame runs."""
        return self.fn.program

    @property
    def code(self) -> CodeType:
        """The code of its function."""
        return self.fn.program.code

    @property
    def step(self) -> Step:
        """The step that it is at."""
        return self.fn.program.steps[self.pc]


Stack = tuple[Frame, ...]


@dataclass(frozen=True, slots=True)
class Wait:
    """A wait: what it takes, and what its edges are called."""

    word: str
    kinds: tuple[type, ...] = ()
    #: What its time limit is called; of a `perform`, the time until it is tried again.
    after: str | None = None
    #: The name of the edge that leads on without an event or a time: `ask Get`.
    own: str | None = None
    where: bool = False
    at: str | None = None
    called: str = ""
    results: tuple[Value, ...] = ()
    #: Whether mail that it does not take is kept.
    keeps: bool = False


#: At the end of a `with spawn(…)` whose child cleans up; a state where something may happen then.
JOIN: Final = Wait(names.JOIN, own=names.JOIN, called=names.JOIN, keeps=True)


@dataclass(frozen=True, slots=True)
class Done:
    """A region that has ended: its last state, its result."""

    final: Path
    result: Value
    error: Value | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """The regions of a `parallel` or `race`."""

    word: str
    at: str | None
    functions: tuple[Value, ...]
    regions: tuple[Fiber | Done, ...]
    #: While the regions are being left: what for, and the one whose clean-up waits.
    ending: Any = None
    only: int = -1


@dataclass(frozen=True, slots=True)
class Fiber:
    """A stack that waits, or that conducts regions."""

    stack: Stack
    wait: Wait | None = None
    group: Group | None = None


@dataclass(frozen=True, slots=True)
class Leg:
    """The way since the last state: how it began, what was given out on it, what decided it."""

    source: Path | None = None
    event: str = ""
    kind: Any = "eventless"
    until: Path | None = None
    #: The same of an `on` that has handled the event.
    handled: Path | None = None
    outputs: tuple[str, ...] = ()
    atoms: tuple[tuple[Any, str], ...] = ()
    #: The innermost block entered since the last wait: how deep, and how many outputs were before.
    mark: tuple[int, int] | None = None
    #: A block that was passed through: its path, and how many outputs were before.  It is a state
    #: on the way, unless the actor ends in it.
    passed: tuple[Path, int] | None = None
    #: The block entered last since the last wait.
    entered: Path | None = None
    in_region: bool = False
    #: Whether somebody round the regions would see an error of theirs.
    guarded: bool = False
    #: Whether an error that is no edge by itself has been raised on it.
    risen: bool = False
    choices: int = 0

    def giving(self, text: str) -> Leg:
        """With one more output."""
        if text in self.outputs or len(self.outputs) >= 12:
            return self
        return replace(self, outputs=(*self.outputs, text))

    def knowing(self, key: Any, text: str, again: bool = False) -> Leg:
        """With a condition that was met."""
        if any(known == key for known, _ in self.atoms):
            if not again:
                return self
            return replace(self, atoms=(*((k, t) for k, t in self.atoms if k != key), (key, text)))
        return replace(self, atoms=(*self.atoms, (key, text)))


# --- what is open ---------------------------------------------------------------------------


def open_in(stack: Stack) -> Iterator[Open]:
    """All that is open, from the outside in; under a handler, only what is round its `on`."""
    return (block for _, block in placed(stack))


def placed(stack: Stack) -> list[tuple[int, Open]]:
    """All that is open, each with the place of its frame."""
    found: list[tuple[int, Open]] = []
    for place, frame in enumerate(stack):
        if frame.role == "handler":
            number = frame.held[0]
            at = next((i for i, (_, o) in enumerate(found) if o.number == number), len(found))
            del found[at:]
        found += [(place, block) for block in all_in(frame.open)]
    return found


def all_in(blocks: tuple[Open, ...]) -> list[Open]:
    """Some blocks, with those inside of generators and of exit stacks."""
    found: list[Open] = []
    for block in blocks:
        found.append(block)
        if block.kind == "manager":
            found += all_in(block.held.open)
        elif block.kind == "exits":
            found += all_in(block.held)
    return found


def awake(stack: Stack) -> list[Open]:
    """What is open, without the blocks that are being left: those hear nothing any more."""
    found = placed(stack)
    asleep: set[int] = set()
    for here, (place, block) in enumerate(found):
        leaving: tuple[Any, ...] = (block.kind == "ending" and block.held) or ("",)
        match leaving[0]:
            case "leave":
                numbers = [o.number for _, o in found]
                first = numbers.index(leaving[1]) if leaving[1] in numbers else here
            case "become":
                roots = [i for i in range(place + 1) if stack[i].role in ("flow", "root")]
                floor = roots[-1] if roots else 0
                first = next(i for i, (at, _) in enumerate(found) if at >= floor)
            case "stop":
                first = 0
            case _:
                continue
        asleep |= {i for i in range(first, here) if found[i][1].kind in ("until", "on")}
    return [block for i, (_, block) in enumerate(found) if i not in asleep]


def hearing(fiber: Fiber) -> list[Open]:
    """The blocks round a wait that count, from the outside in: `state`, `until` and `on`."""
    stack = fiber.stack
    if fiber.group is not None and fiber.group.ending is not None:
        top = stack[-1]
        ending = Open("ending", held=fiber.group.ending)
        stack = (*stack[:-1], top.with_(open=(*top.open, ending)))
    return [block for block in awake(stack) if block.kind in ("state", "until", "on")]


def path_of(stack: Stack) -> Path:
    """The names of the open blocks."""
    return tuple(
        block.block.name if isinstance(block.block.name, str) else "?"
        for block in open_in(stack)
        if block.kind == "state" and block.block is not None
    )


def sees_errors(stack: Stack) -> bool:
    """Whether an error would be seen by somebody on its way out."""
    seeing = ("except", "finally", "suppress", "object", "closing", "callback", "pushed")
    return any(block.kind in seeing for _, block in placed(stack))


def free_number(stack: Stack) -> int:
    """A number that no open block has."""
    used = set()
    for frame in stack:
        used |= {block.number for block in all_in(frame.open)}
    return next(n for n in range(1, len(used) + 2) if n not in used)


# --- names ----------------------------------------------------------------------------------


def call_string(stack: Stack) -> list[tuple[CodeType, tuple[int, int]]]:
    """The calls that lead to the innermost step, as a reading of the source knows them."""
    string: list[tuple[CodeType, tuple[int, int]]] = []
    for frame in stack:
        if names.is_kernel(frame.code):  # it stands for one of Python's own
            continue
        if frame.role == "handler":
            number, place = frame.held[0], 0
            for i, below in enumerate(stack):
                found = all_in(below.open)
                if any(o.number == number for o in found):
                    place = i
                    block = next(o for o in found if o.number == number)
                    break
            del string[place:]
            string.append((stack[place].code, block.block.place))  # type: ignore[union-attr]  # it was found
        node = frame.step.node
        string.append((frame.code, (node.end_lineno, node.end_col_offset)))
    return string


def wait_path(fiber: Fiber, reading: Reading, name: str) -> Path:
    """The state of a fiber, as the running actor would tell it."""
    base = path_of(fiber.stack)
    wait = fiber.wait
    assert wait is not None
    if wait.at is not None:
        return (*base, wait.at)
    string: CallString = collapsed(call_string(fiber.stack), reading.unrolled)
    base = base or (name,)
    site = reading.sites.get(string)
    if site is None:
        return (*base, wait.called)
    if not site.several:
        return base
    label = wait.called if site.label is None else site.label
    return (*base, label if site.repeat == 1 else f"{label}#{site.repeat}")


def name_of_function(value: Any) -> str:
    """The name of a function that is known by its code."""
    name: str = value.program.code.co_name
    return "lambda" if name == "<lambda>" else name
