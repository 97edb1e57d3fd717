"""Which instructions of one source call go on alike.

One call in the source may be compiled to several instructions.  The condition of a `while` is
there twice, and from both it goes on the same way: to be suspended in the one or in the other is
one state.  The body of a `finally` is there once for each way that leads out of its `try`, and so
is the exit of a `with`; after one copy the function returns, after another it goes round a loop:
those are states that differ.

So two instructions are one place where nothing that comes after can tell them apart: bisimilarity
of the bytecode, found as for finite automata (Hopcroft and Karp, 1971).  Jumps count as what they
lead to, and a test that jumps where it fails as one that jumps where it holds.  What cannot be
shown to be alike is taken for different, which splits a state at worst and never merges two.
"""

from __future__ import annotations

import dis
import re
from collections.abc import Callable, Hashable, Sequence
from typing import Any, Final

_NOTHING: Final = frozenset({"NOP", "CACHE", "RESUME", "EXTENDED_ARG", "PRECALL"})
_JUMPS: Final = frozenset({"JUMP_FORWARD", "JUMP_BACKWARD", "JUMP_BACKWARD_NO_INTERRUPT"})
_ENDS: Final = frozenset({"RETURN_VALUE", "RETURN_CONST", "RERAISE", "RAISE_VARARGS"})
_TEST: Final = re.compile(r"POP_JUMP_(?:FORWARD_|BACKWARD_)?IF_(NOT_NONE|NONE|TRUE|FALSE)")
_BOOL: Final = ("TRUE", "FALSE")
#: Instructions that do the same and are called otherwise where more is known.
_SAME: Final = {"LOAD_FAST_CHECK": "LOAD_FAST"}

#: Where a way leads that is never gone.
_NOWHERE: Final = -1


class Continuations:
    """What comes after each instruction of a code object.

    `handler` gives the instruction at which an exception is handled, with what is kept on the
    stack then, and `gone` whether the jump of an instruction is ever taken.
    """

    def __init__(
        self,
        steps: Sequence[dis.Instruction],
        handler: Callable[[int], tuple[int, Hashable]],
        gone: Callable[[int], bool],
    ) -> None:
        self.steps = steps
        self.handler = handler
        self.gone = gone
        self.index: dict[int, int] = {step.offset: place for place, step in enumerate(steps)}
        #: By source text and kind of instruction: one instruction of each place that is known.
        self.known: dict[Any, list[int]] = {}
        self.numbers: dict[int, int] = {}

    def number(self, place: int) -> int:
        """Which of the places with the same source text an instruction is."""
        number = self.numbers.get(place)
        if number is None:
            step = self.steps[place]
            others = self.known.setdefault((step.positions, step.opname), [])
            number = next((n for n, one in enumerate(others) if self._alike(one, place)), None)
            if number is None:
                number = len(others)
                others.append(place)
            self.numbers[place] = number
        return number

    def _alike(self, one: int, other: int) -> bool:
        same: dict[int, int] = {}

        def leader(place: int) -> int:
            while place in same:
                place = same[place]
            return place

        todo = [(one, other)]
        while todo:
            left, right = (leader(self._real(place)) for place in todo.pop())
            if left == right:
                continue
            if left == _NOWHERE or right == _NOWHERE:
                return False
            (mine, after), (its, then) = self._does(left), self._does(right)
            if mine != its:
                return False
            same[left] = right
            todo += zip(after, then, strict=True)
        return True

    def _real(self, place: int) -> int:
        """The first instruction from there that does something; jumps are followed."""
        seen = set()
        while place != _NOWHERE and place not in seen:
            seen.add(place)
            step = self.steps[place]
            if step.opname in _JUMPS:
                place = self.index[step.argval]
            elif step.opname in _NOTHING:
                place += 1
            else:
                break
        return place

    def _does(self, place: int) -> tuple[Hashable, list[int]]:
        """What an instruction does, and where it leads: on, by its jump, by an exception."""
        step = self.steps[place]
        handled, kept = self.handler(place)
        after = [] if step.opname in _ENDS else [place + 1]
        what: Hashable = (_SAME.get(step.opname, step.opname), step.arg)
        if step.opcode in dis.hasjrel or step.opcode in dis.hasjabs:
            after.append(_NOWHERE if self.gone(place) else self.index[step.argval])
            test = _TEST.fullmatch(step.opname)
            what = step.opname if test is None else "TRUE" if test[1] in _BOOL else "NONE"
            if test is not None and test[1] in ("FALSE", "NOT_NONE"):
                after.reverse()
        return (what, kept), [*after, handled]
