"""`ExitStack`: blocks that are entered by a call, and left at the end of a `with` further out.

They stand in the block of the `with`, in the order in which they were entered.  What cannot be
told of a stack, as where it is handed away with `pop_all`, is a call that nobody knows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .evaluate import evaluate
from .frames import Frame, Leg, Open, Stack, all_in
from .values import UNKNOWN, Args, Block, Exits, Inst, Known, Method

if TYPE_CHECKING:
    from .machine import Item, Machine

#: What leaves a name in the path of a state, or hears events.
_HEARD = ("state", "until", "on")


class ExitStacks:
    """Enters blocks into the exit stacks of a machine."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine

    def call(self, stack: Stack, leg: Leg, method: Method, given: Args) -> Iterator[Item] | None:
        """What a method of an exit stack does; `None` where that cannot be told."""
        assert isinstance(method.owner, Exits)
        args, words, whole = given
        if not args or not whole or not self._is_innermost(stack, method.owner.number):
            return None
        match method.attr:
            case "enter_context":
                return self.machine.unwinding.opened(stack, leg, args[0])
            case "callback":
                held = (args[0], (args[1:], words, True))
                return self.machine.unwinding.entered(
                    stack, leg, Open("callback", held=held), args[0]
                )
            case "push" if isinstance(args[0], Inst | Known) and self._is_manager(args[0]):
                return self.machine.unwinding.entered(
                    stack, leg, Open("object", held=args[0]), args[0]
                )
            case "push" if not isinstance(args[0], Block | Inst) and args[0] is not UNKNOWN:
                return self.machine.unwinding.entered(
                    stack, leg, Open("pushed", held=args[0]), args[0]
                )
        return None

    @staticmethod
    def _is_manager(value: Inst | Known) -> bool:
        return hasattr(value.kind if isinstance(value, Inst) else type(value.value), "__exit__")

    @staticmethod
    def _is_innermost(stack: Stack, number: int) -> bool:
        """Whether no block that is heard of has been opened inside: it would be left later."""
        for place, frame in enumerate(stack):
            for at, block in enumerate(frame.open):
                if block.kind == "exits" and block.number == number:
                    later = (
                        *frame.open[at + 1 :],
                        *(b for f in stack[place + 1 :] for b in f.open),
                    )
                    return not any(each.kind in _HEARD for each in all_in(later))
        return False


def exits_of(frame: Frame, scope: Any) -> int:
    """The number of the exit stack of which a method is called in this step."""
    methods = evaluate(frame.step.expr.func, scope)
    owners = (method.owner for method in methods if isinstance(method, Method))
    return next(owner.number for owner in owners if isinstance(owner, Exits))


def with_block(stack: Stack, block: Open, number: int) -> Stack:
    """The stack with one more block: in the exit stack of that number, or in its last frame."""
    if not number:
        frame = stack[-1]
        return (*stack[:-1], frame.with_(open=(*frame.open, block)))
    block = replace(block, stacked=True)
    place, at, held = next(
        (place, at, held)
        for place, frame in enumerate(stack)
        for at, held in enumerate(frame.open)
        if held.kind == "exits" and held.number == number
    )
    frame = stack[place]
    grown = replace(held, held=(*held.held, replace(block, to=held.to)))
    open = (*frame.open[:at], grown, *frame.open[at + 1 :])
    return (*stack[:place], frame.with_(open=open), *stack[place + 1 :])


def last_out(frame: Frame) -> Frame:
    """The frame with the last block of its innermost exit stack taken out, and open on its own."""
    block = frame.open[-1]
    rest = replace(block, held=block.held[:-1])
    return frame.with_(open=(*frame.open[:-1], rest, block.held[-1]))
