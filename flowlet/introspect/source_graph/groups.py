"""What happens at a wait: an event is offered, a time is up; and regions, to which it is offered.

An event makes one round: each region is offered it, in order, and those that take it go on to
their next wait.  What none takes goes to the blocks round the call.  A time is for one alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from ...errors import NoReplyError, RestartLimitError, StreamEndedError, TooLongError
from ...events import Timeout
from ..alphabet import PerformFailed
from .frames import (
    JOIN,
    Done,
    Fiber,
    Group,
    Leg,
    Open,
    Path,
    Stack,
    hearing,
    open_in,
    sees_errors,
)
from .machine import Go, Item, Stop
from .values import PERHAPS, UNKNOWN, Coll, Inst, Known, Value

if TYPE_CHECKING:
    from .machine import Machine


@dataclass(frozen=True, slots=True)
class Signal:
    """Something that happens to one wait or block: its time is up, or what it awaits has come."""

    label: str
    kind: Literal["event", "timeout"]
    #: The regions that lead there, from the outside in.
    way: tuple[int, ...] = ()
    #: The `until` whose time it is.
    number: int = 0


class Groups:
    """Tells fibers what happens, for a machine."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine

    # --- regions --------------------------------------------------------------------------

    def start(
        self, stack: Stack, leg: Leg, word: str, functions: tuple[Value, ...], at: str | None
    ) -> Iterator[Item]:
        """A `parallel` or `race` begins: its regions run to their first waits, in order."""
        combined: list[tuple[tuple[Fiber | Done, ...], Leg]] = [((), leg)]
        for function in functions:
            longer = []
            for regions, way in combined:
                start = self.machine.calls.invoke(
                    (), self._inside(way, stack), function, ((), (), True), role="root"
                )
                for stop in self.machine.run(*start):
                    longer.append(((*regions, _region(stop)), self._outside(stop.leg, way)))
            combined = longer
        frame = stack[-1]
        live = frame.program.live[frame.pc + 1]
        kept = tuple(pair for pair in frame.env if pair[0] in live)
        parked = (*stack[:-1], frame.with_(env=kept))
        for regions, way in combined:
            yield from self.settle(parked, way, Group(word, at, functions, regions))

    @staticmethod
    def _inside(leg: Leg, stack: Stack) -> Leg:
        guarded = leg.guarded or sees_errors(stack)
        return replace(leg, in_region=True, guarded=guarded, mark=None, entered=None)

    @staticmethod
    def _outside(leg: Leg, before: Leg) -> Leg:
        return replace(
            leg,
            in_region=before.in_region,
            guarded=before.guarded,
            mark=before.mark,
            entered=before.entered,
        )

    def settle(self, stack: Stack, leg: Leg, group: Group) -> Iterator[Item]:
        """The regions have run: the call is decided, or goes on waiting."""
        regions = group.regions
        if group.ending is not None:
            if isinstance(regions[group.only], Done):
                yield from self.cancel(stack, leg, group, group.ending)
            else:
                yield Stop(Fiber(stack, None, group), leg)
            return
        done = [region for region in regions if isinstance(region, Done)]
        failed = [region.error for region in done if region.error is not None]
        if failed:
            yield from self.cancel(stack, leg, group, ("raise", failed[0]))
        elif group.word == "race" and done:
            first, won = next((i, r) for i, r in enumerate(regions) if isinstance(r, Done))
            result = Coll((Known(first), won.result))
            yield from self.cancel(stack, leg, group, ("given", result))
        elif len(done) == len(regions):
            results = Coll(tuple(region.result for region in done))
            yield from self.cancel(stack, leg, group, ("given", results))
        else:
            yield Stop(Fiber(stack, None, group), leg)

    def cancel(self, stack: Stack, leg: Leg, group: Group, ending: Any) -> Iterator[Item]:
        """The regions that have not ended end, later ones first; then what it was for."""
        for i in reversed(range(len(group.regions))):
            region = group.regions[i]
            if isinstance(region, Done):
                continue
            for stop in self.stopped(region, self._inside(leg, stack)):
                after = replace(
                    group,
                    regions=(*group.regions[:i], _region(stop), *group.regions[i + 1 :]),
                    ending=ending,
                    only=i,
                )
                yield from self.settle(stack, self._outside(stop.leg, leg), after)
            return
        if ending[0] == "given":
            yield self.machine.given(stack, leg, ending[1])
        else:
            yield Go(stack, leg, ending)

    def stopped(self, fiber: Fiber, leg: Leg) -> list[Stop]:
        """A fiber is stopped, with its clean-up."""
        if fiber.group is not None:
            return self.machine.run(*self.cancel(fiber.stack, leg, fiber.group, ("stop",)))
        return self.machine.run(Go(fiber.stack, leg, ("stop",)))

    @staticmethod
    def taking_part(group: Group) -> list[int]:
        """The regions that hear of things now."""
        return [
            i
            for i, region in enumerate(group.regions)
            if not isinstance(region, Done) and group.only in (-1, i)
        ]

    # --- events ---------------------------------------------------------------------------

    def offer(self, fiber: Fiber, kind: type, leg: Leg) -> list[tuple[bool, Stop]]:
        """An event of this class comes; whether it is taken, and where that leads."""
        found: list[tuple[bool, Stop]] = []
        if fiber.group is not None:
            for taken, regions, way in self._round(fiber.group, kind, leg, fiber.stack):
                group = replace(fiber.group, regions=regions)
                if not taken:
                    found += self._blocks(fiber, kind, leg)
                    continue
                for stop in self.machine.run(*self.settle(fiber.stack, way, group)):
                    found.append((True, stop))
            return found
        wait = fiber.wait
        assert wait is not None
        if any(issubclass(kind, taken) for taken in wait.kinds):
            given = self.machine.given(fiber.stack, leg, Inst(kind, exact=True))
            found += [(True, stop) for stop in self.machine.run(given)]
            if not wait.where:
                return found
        return found + self._blocks(fiber, kind, leg)

    def _round(
        self, group: Group, kind: type, leg: Leg, stack: Stack
    ) -> list[tuple[bool, tuple[Fiber | Done, ...], Leg]]:
        combined: list[tuple[bool, tuple[Fiber | Done, ...], Leg]]
        combined = [(False, group.regions, leg)]
        for i in self.taking_part(group):
            longer = []
            for taken, regions, way in combined:
                region = regions[i]
                assert isinstance(region, Fiber)
                for also, stop in self.offer(region, kind, self._inside(way, stack)):
                    after = (*regions[:i], _region(stop), *regions[i + 1 :])
                    longer.append((taken or also, after, self._outside(stop.leg, way)))
            combined = longer
        return combined

    def _blocks(self, fiber: Fiber, kind: type, leg: Leg) -> list[tuple[bool, Stop]]:
        """The blocks round a wait, from the inside out."""
        for block in reversed(hearing(fiber)):
            spec = block.block
            assert spec is not None
            if not any(issubclass(kind, taken) for taken in spec.kinds):
                continue
            if block.kind == "state":
                break
            items = self._heard(fiber, block, Inst(kind, exact=True), leg)
            return [(True, stop) for stop in self.machine.run(*items)]
        return [(False, Stop(fiber, leg))]

    def _heard(self, fiber: Fiber, block: Open, event: Value, leg: Leg) -> Iterator[Item]:
        """An `until` is left, or the handler of an `on` runs."""
        assert block.block is not None
        if block.kind == "until":
            way = replace(leg, until=self.path_round(fiber.stack, block.number))
            return self._left(fiber, way, ("leave", block.number, event))
        return self.machine.calls.invoke(
            fiber.stack,
            replace(leg, handled=self.path_round(fiber.stack, block.number)),
            block.block.handler,
            ((event,), (), True),
            role="handler",
            held=(block.number, fiber.wait, fiber.group),
        )

    def _left(self, fiber: Fiber, leg: Leg, leaving: Any) -> Iterator[Item]:
        if fiber.group is not None:
            yield from self.cancel(fiber.stack, leg, fiber.group, leaving)
        else:
            yield Go(fiber.stack, leg, leaving)

    @staticmethod
    def path_round(stack: Stack, number: int) -> Path:
        """The names of the blocks round an `until` or an `on`."""
        path: list[str] = []
        for block in open_in(stack):
            if block.number == number:
                break
            if block.kind == "state" and block.block is not None:
                path.append(str(block.block.name))
        return tuple(path)

    # --- times ----------------------------------------------------------------------------

    def signals(self, fiber: Fiber) -> list[Signal]:
        """All that can happen to a fiber but events."""
        found: list[Signal] = []
        wait = fiber.wait
        if wait is not None:
            if wait.after is not None:
                found.append(Signal(wait.after, "timeout"))
            if wait.own is not None:
                found.append(Signal(wait.own, "event"))
        elif fiber.group is not None:
            for i in self.taking_part(fiber.group):
                region = fiber.group.regions[i]
                assert isinstance(region, Fiber)
                found += [replace(s, way=(i, *s.way)) for s in self.signals(region)]
        if wait is None or wait.word != "perform" or wait.after is not None:
            found += [
                Signal(block.block.after, "timeout", number=block.number)
                for block in hearing(fiber)
                if block.kind == "until" and block.block is not None and block.block.after
            ]
        found += [
            Signal("?", "event", number=block.number)
            for block in hearing(fiber)
            if block.block is not None and block.block.vague
        ]
        return found

    def _told_of_something(self, fiber: Fiber, number: int, leg: Leg) -> list[Stop]:
        """An event of which nothing is known comes to an `until` or an `on`."""
        block = next(block for block in hearing(fiber) if block.number == number)
        return self.machine.run(*self._heard(fiber, block, UNKNOWN, leg))

    def tell(self, fiber: Fiber, signal: Signal, leg: Leg) -> list[Stop]:
        """A signal comes; where that leads."""
        if signal.way:
            assert fiber.group is not None
            first = signal.way[0]
            regions = fiber.group.regions
            region = regions[first]
            assert isinstance(region, Fiber)
            found: list[Stop] = []
            inner = replace(signal, way=signal.way[1:])
            for stop in self.tell(region, inner, self._inside(leg, fiber.stack)):
                after = (*regions[:first], _region(stop), *regions[first + 1 :])
                group = replace(fiber.group, regions=after)
                way = self._outside(stop.leg, leg)
                found += self.machine.run(*self.settle(fiber.stack, way, group))
            return found
        timeout = Inst(Timeout, exact=True)
        if signal.number and signal.kind == "event":
            return self._told_of_something(fiber, signal.number, leg)
        if signal.number:
            way = replace(leg, until=self.path_round(fiber.stack, signal.number))
            return self.machine.run(*self._left(fiber, way, ("leave", signal.number, timeout)))
        assert fiber.wait is not None
        if fiber.wait is JOIN:
            step = fiber.stack[-1].step
            return self.machine.run(*self.machine.do_end_finally(fiber.stack, leg, step))
        results = fiber.wait.results
        if signal.kind == "timeout" and fiber.wait.word != "sleep":
            results = (timeout,)
        again: list[Item] = []
        if fiber.wait.word == "perform" and fiber.wait.after is not None:
            again = [Stop(fiber, leg)]  # the call is tried once more
            if signal.kind == "timeout":
                return self.machine.run(*again)
        items = again + [self.machine.given(fiber.stack, leg, result) for result in results]
        if signal.kind == "event":
            way = replace(leg, risen=True)
            items += [Go(fiber.stack, way, ("raise", error)) for error in _errors(fiber.wait.word)]
        return self.machine.run(*items)


def _errors(word: str) -> list[Value]:
    """What a wait may raise when it is over."""
    match word:
        case "ask":
            return [Inst(NoReplyError, exact=True)]
        case "perform":
            return [PERHAPS, Inst(PerformFailed, exact=True)]
        case "supervise":
            return [PERHAPS, Inst(RestartLimitError, exact=True)]
        case "read_exactly":
            return [Inst(StreamEndedError, exact=True)]
        case "read_until" | "read_line":
            return [Inst(StreamEndedError, exact=True), Inst(TooLongError, exact=True)]
        case "read_while":
            return [Inst(TooLongError, exact=True)]
        case "?":
            return [PERHAPS]
    return []


def _region(stop: Stop) -> Fiber | Done:
    """A region after its run."""
    if isinstance(stop.at, Fiber):
        return stop.at
    entered = stop.leg.entered
    final = ("end",) if entered is None else entered
    if stop.at.how == "error":
        return Done(final, UNKNOWN, stop.at.value)
    return Done(final, stop.at.value)
