"""A vocabulary for programs made up at random: lines of code, and what may stand round them.

All words of the language are there.  A program is text, so what fails can be read and typed in;
`tests/test_three_ways.py` runs it.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random

from hypothesis import strategies as st

from flowlet import Event, Request


class A(Event):
    n: int = 0


class B(Event):
    n: int = 0


class C(Event):
    n: int = 0


class Get(Request[int]): ...


WAITS = (
    "tell(receive(A))",
    "tell(receive(B, C))",
    "tell(receive(A, B, after=2))",
    "tell(receive(B, after=1, at='listening'))",
    "tell(receive(C, where=lambda event: event.n > 0))",
    "tell(receive(A, where=lambda event: event.n > 0, after=3))",
    "tell(receive(after=1))",
    "tell(sleep(0))",
    "tell(sleep(2))",
    "tell(pause())",
    "tell(ask())",
    "tell(ask(after=1))",
    "tell(perform(abs, -1))",
    "tell(wait_until(lambda: cell.value > 1))",
)
DEEDS = (
    "tell(emit('out'))",
    "tell(choose(1, 2, 3))",
    "tell(rng().random())",
    "tell(count())",
    "tell(send('peer', A(1)))",
    "tell(send(me().name, B(1)))",
    "tell(me().send(C(1), after=1).cancel())",
    "tell(me().state)",
    "me().send(A(2), after=2)",
    "stop('peer')",
)
ENDS = (
    "raise ValueError('made up')",
    "return 5",
)
#: Each `...` is to be filled.
HEADS = (
    """
    with state("s"):
        ...
    """,
    """
    with state("t", defer=(A, B)):
        ...
    """,
    """
    for _ in range(2):
        with until(B, after=3), state("h", history="deep") as h:
            tell(h.last)
            ...
    """,
    """
    for _ in range(2):
        with until(C), state("k", history="shallow") as h:
            tell(h.last)
            ...
    """,
    """
    with until(A) as end:
        ...
    tell(end.event)
    """,
    """
    with until(B, C, after=2) as end:
        ...
    tell(end.event)
    """,
    """
    def answer(event):
        tell(event)
        ...
    with on(A, answer):
        ...
    """,
    """
    def interrupt(event):
        tell(event)
        ...
    with on(B, interrupt, freeze=True):
        ...
    """,
    """
    def left():
        ...
    def right():
        ...
    tell(parallel(left, right))
    """,
    """
    def left():
        ...
    def middle():
        ...
    def right():
        ...
    tell(race(left, middle, right))
    """,
    """
    def visitor():
        ...
    spawn(visitor)
    ...
    """,
    """
    def visitor():
        ...
    with spawn(visitor):
        ...
    """,
    """
    def visitor():
        ...
    watch(spawn(visitor))
    tell(receive(Exited, after=3))
    """,
    """
    def worker():
        ...
    def helper():
        ...
    tell(supervise(child(worker, restart="always"), helper, max_restarts=2))
    """,
    """
    def worker():
        ...
    def helper():
        ...
    tell(supervise(worker, child(helper, restart="never"), strategy="one_for_all"))
    """,
    """
    try:
        ...
    except Exception as error:
        tell(type(error))
    """,
    """
    def machine():
        ...
    tell(flow(machine))
    """,
)
JUMP = """
    def other():
        ...
    become(other)
    """
#: Of two fillings the second is a clean-up.
FINALLY = """
    try:
        ...
    finally:
        tell("cleaning")
        ...
        tell("clean")
    """
STIMULI = (
    "send('main', A(0))",
    "send('main', A(1))",
    "send('main', B(1))",
    "send('main', C(0))",
    "send('main', C(1))",
    "send('peer', A(1))",
    "send('peer', B(0))",
    "send('peer', C(1))",
    "settle()",
    "settle()",
    "advance(0.5)",
    "advance(1)",
    "advance(2)",
    "advance(5)",
    "count()",
)
RARE_STIMULI = (
    "stop('main')",
    "stop('peer')",
    "advance(9)",
)

Lines = tuple[str, ...]


@dataclass(frozen=True)
class Program:
    """Two actors, and what comes from outside."""

    main: Lines
    peer: Lines
    script: Lines

    @property
    def source(self) -> str:
        peer = ["def peer():", *indented(self.peer)]
        return "\n".join(["def main():", *indented(self.main), *peer, ""])

    def __repr__(self) -> str:
        return "\n".join(["", self.source, *self.script])


def indented(lines: Lines) -> Lines:
    return tuple("    " + line for line in lines)


def filled(head: str, bodies: tuple[Lines, ...]) -> Lines:
    """The lines of a head, with a body wherever it has three dots."""
    left = iter(bodies)
    lines: list[str] = []
    for line in textwrap.dedent(head).strip().splitlines():
        before, dots, _ = line.partition("...")
        lines += [before + inner for inner in next(left)] if dots else [line]
    return tuple(lines)


def some_lines(random: Random, depth: int, tidy: bool = False) -> Lines:
    """Some words one after the other, and heads with more inside; those of a clean-up are `tidy`.

    A clean-up raises nothing, and does not jump: that would hide that the actor is to end.
    """
    lines: list[str] = []
    for _ in range(random.choice((1, 2, 2, 3))):
        if depth == 0 or random.random() < 0.4:
            chosen = random.choice(WAITS if random.random() < 0.7 else DEEDS)
            lines.append(chosen)
            continue
        head = random.choice(HEADS if tidy else (*HEADS, *[FINALLY] * 6, JUMP))
        bodies = [some_lines(random, depth - 1, tidy) for _ in range(head.count("..."))]
        if head is FINALLY:
            bodies[1] = some_lines(random, depth - 1, tidy=True)
        lines += filled(head, tuple(bodies))
    if not tidy and random.random() < 0.05:
        lines.append(random.choice(ENDS))
    return tuple(lines)


def made_up(seed: int) -> Program:
    """The program of a seed."""
    random = Random(seed)
    script = tuple(
        random.choice(STIMULI if random.random() < 0.8 else RARE_STIMULI)
        for _ in range(random.randint(4, 20))
    )
    return Program(some_lines(random, random.choice((2, 2, 3))), some_lines(random, 2), script)


programs = st.integers(0, 2**64).map(made_up)


def smaller(program: Program) -> Iterator[Program]:
    """Programs with something less, those first that lack most; not each can be run."""
    for script in smaller_lines(program.script):
        yield replace(program, script=script)
    for main in smaller_lines(program.main):
        yield replace(program, main=main)
    for peer in smaller_lines(program.peer):
        yield replace(program, peer=peer)


def smaller_lines(lines: Lines) -> Iterator[Lines]:
    """Without a line and what stands under it, or with that in its place."""
    for place, line in enumerate(lines):
        indent = len(line) - len(line.lstrip())
        end = place + 1
        while end < len(lines) and lines[end].startswith(" " * (indent + 1)):
            end += 1
        inside = tuple(line[4:] for line in lines[place + 1 : end])
        yield (*lines[:place], *lines[end:])
        if inside:
            yield (*lines[:place], *inside, *lines[end:])
