"""From wait to wait: all the states that the source has, and all the ways between them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Final

from ... import names
from ...errors import ChildFailedError
from ...events import label_of_type
from ...options import options_of
from ...source import CallString, Reading, Site, _read, collapsed, reading_of
from ..alphabet import Alphabet
from ..inside import parts_of, region_names
from ..model import Composite, Evidence, Region, Source, State, StateGraph
from ..record import GraphBuilder, Move, kind_of
from ..record import Stop as Place
from .frames import (
    JOIN,
    Done,
    Fiber,
    Group,
    Leg,
    Path,
    hearing,
    name_of_function,
    open_in,
    path_of,
    wait_path,
)
from .machine import COARSEST, LEVELS, End, Machine, Stop, TooMuchError
from .scope import Facts
from .values import Bound, Fn, Inst, Known, Part, Perhaps, Value, Wrapped

#: How often the source is gone through, until nothing new is stored anywhere.
_MOST_ROUNDS = 100

#: Where an actor ends when a child of it has failed, whatever it waits for.
_CHILD_FAILED: Final[Path] = (f"error: {ChildFailedError.__name__}",)

#: Where the way of an actor that is stopped begins: it is no edge.
STOPPED: Final[Path] = ("(stopped)",)


class Search:
    """Reads one actor function."""

    def __init__(self, target: Callable[..., Any]) -> None:
        self.target = target
        self.fn: Callable[..., Any] = names.unwrapped(target)
        self.reading: Reading = reading_of(self.fn)
        self.name: str = names.function_name(target)
        self.facts: Facts = Facts(Alphabet(target, None, None))
        self.readings: dict[Any, Reading] = {}
        self.builder: GraphBuilder = GraphBuilder(self.name, explored=True)
        self.kinds: dict[Path, list[Fiber]] = {}
        self.cut: str = ""

    def graph(self) -> StateGraph:
        """The graph of the source."""
        for _ in range(_MOST_ROUNDS):
            self.facts.changed = False
            try:
                self.round()
            except TooMuchError:
                if self.facts.level == COARSEST:
                    self.cut = "there is more than can be read: what was found until then"
                    break
                self.facts.level += 1
                self.facts.changed = True
            if not self.facts.changed:
                break
        else:
            self.cut = "what its variables hold is more than can be read"
        return self.result()

    # --- one round ------------------------------------------------------------------------

    def round(self) -> None:
        """Go through the source once, with what is known of what is stored."""
        self.builder = GraphBuilder(self.name, explored=True)
        self.kinds = {}
        self.facts.unknown.clear()
        self.facts.unnamed.clear()
        self.facts.notes.clear()
        machine = Machine(self.facts, self.reading.unrolled, self.passed)
        machine.unrolls_less = self.unrolls_less()
        self.seen: set[Fiber] = set()
        self.todo: deque[Fiber] = deque()
        start = machine.calls.invoke((), Leg(), Known(self.target), ((), (), True), role="root")
        for stop in machine.run(*start):
            self.arrive(stop)
        while self.todo:
            fiber = self.todo.popleft()
            path = self.path(fiber)
            for kind in self.offered(fiber):
                for label in self.facts.labels_of(kind):
                    leg = Leg(path, label, kind_of(kind))
                    for taken, stop in machine.groups.offer(fiber, kind, leg):
                        if taken:
                            self.arrive(stop)
            for signal in machine.groups.signals(fiber):
                leg = Leg(path, signal.label, signal.kind)
                for stop in machine.groups.tell(fiber, signal, leg):
                    self.arrive(stop)
            # Whoever holds its handle may stop it, anywhere: no edge, but its clean-up may wait.
            for stop in machine.groups.stopped(fiber, Leg(STOPPED)):
                self.arrive(stop)
                if self.reading.spawns and isinstance(stop.at, End):
                    self.edge(Leg(path), Place(_CHILD_FAILED, "error"))

    def unrolls_less(self) -> bool:
        """Whether a function that calls itself is recursion at once.

        Only when it is looked at as coarsely as can be, and where no wait has another name for it.
        """
        if self.facts.level < COARSEST:
            return False
        named: dict[CallString, Site] = {}
        sites = self.reading.sites.items()
        return all(named.setdefault(collapsed(call, 1), site) == site for call, site in sites)

    def offered(self, fiber: Fiber) -> list[type]:
        """The classes of the events that may be taken somewhere in a fiber."""
        kinds: dict[type, None] = {}
        for kind in self.takes(fiber):
            kinds.update(dict.fromkeys(self.facts.classes_of(kind)))
        return list(kinds)

    def takes(self, fiber: Fiber) -> list[type]:
        """The types that a wait and the blocks round it take."""
        kinds: dict[type, None] = {}
        if fiber.wait is not None:
            kinds.update(dict.fromkeys(fiber.wait.kinds))
        elif fiber.group is not None:
            for region in fiber.group.regions:
                if isinstance(region, Fiber):
                    kinds.update(dict.fromkeys(self.takes(region)))
        deferred: tuple[type, ...] = ()
        for block in reversed(hearing(fiber)):
            spec = block.block
            assert spec is not None
            if block.kind == "state":
                deferred += spec.kinds
            else:
                kinds.update((kind, None) for kind in spec.kinds if not issubclass(kind, deferred))
        return list(kinds)

    # --- edges ----------------------------------------------------------------------------

    def passed(self, leg: Leg) -> Leg:
        """A named block was passed through, and is a state on the way; the leg from there on."""
        if leg.passed is None or leg.source is STOPPED:
            return leg
        path, place = leg.passed
        self.edge(replace(leg, outputs=leg.outputs[:place]), Place(path, "transient"))
        return Leg(
            path,
            outputs=leg.outputs[place:],
            mark=leg.mark,
            entered=leg.entered,
            in_region=leg.in_region,
        )

    def edge(self, leg: Leg, place: Place) -> None:
        """Note an edge, or where the actor begins."""
        if leg.source is STOPPED:
            if place.kind == "state":
                self.builder.states.setdefault(place.path, ("state", place.source))
            return
        self.builder.add(
            Move(
                leg.source,
                leg.event,
                leg.kind,
                leg.until,
                (),
                place,
                tuple((0, text) for text in leg.outputs),
                None,
                leg.atoms,
                handled=leg.handled,
            )
        )

    def arrive(self, stop: Stop) -> None:
        """A way has come to a wait or to the end."""
        leg, at = stop.leg, stop.at
        if isinstance(at, End):
            self.end(leg, at)
            return
        leg = self.passed(leg)
        path = self.path(at)
        inside = tuple(self.inside(at)), tuple(self.remembering(at))
        self.edge(leg, Place(path, "state", _source(at), *inside))
        self.remember(at, path)
        if at not in self.seen:
            if len(self.seen) >= LEVELS[self.facts.level][1]:
                raise TooMuchError
            self.seen.add(at)
            self.todo.append(at)
            self.kinds.setdefault(path, []).append(at)

    def end(self, leg: Leg, end: End) -> None:
        """The actor has ended."""
        if end.how == "error":
            leg = self.passed(leg)
            kind = end.value.kind if isinstance(end.value, Inst | Perhaps) else None
            if kind is None:
                source = names.text(leg.source or ("its beginning",))
                self.facts.unnamed[f"{source}: which error the actor ends with"] = None
            self.edge(leg, Place((f"error: {'?' if kind is None else kind.__name__}",), "error"))
            return
        if self.reading.spawns:
            self.edge(self.passed(leg), Place(_CHILD_FAILED, "error"))
        if leg.entered is None:
            self.edge(leg, Place(("end",), "final"))
        else:
            self.edge(leg, Place(leg.entered, "final"))

    def remember(self, fiber: Fiber, path: Path) -> None:
        """Tell the blocks with a history where they may be left."""
        blocks = list(open_in(fiber.stack))
        if fiber.wait is JOIN or any(
            block.kind == "ending" and block.held is not None for block in blocks
        ):
            return
        depth = 0
        for block in blocks:
            if block.kind == "state" and block.block is not None:
                depth += 1
                if block.block.history is not None:
                    below = path[depth:]
                    shallow = block.block.history == "shallow"
                    self.facts.remember(path[:depth], names.one_level(below) if shallow else below)
        for number, region in enumerate(fiber.group.regions if fiber.group is not None else ()):
            if isinstance(region, Fiber) and fiber.group is not None:
                self.remember(region, self.region_path(region, fiber.group.functions[number]))

    # --- names ----------------------------------------------------------------------------

    def path(self, fiber: Fiber) -> Path:
        """The state of the actor when its fiber is here."""
        if fiber.group is not None:
            return (*path_of(fiber.stack), *self.regions(fiber))
        return wait_path(fiber, self.reading, self.name)

    def regions(self, fiber: Fiber) -> Path:
        """The paths of the regions, side by side."""
        group = fiber.group
        assert group is not None
        paths = tuple(
            region.final if isinstance(region, Done) else self.region_path(region, function)
            for region, function in zip(group.regions, group.functions, strict=True)
        )
        return (paths,) if group.at is None else (group.at, paths)

    def region_path(self, region: Fiber, function: Value) -> Path:
        """The path of one region."""
        if region.group is not None:
            return (*path_of(region.stack), *self.regions(region))
        reading, name = self.reading_of(function)
        return wait_path(region, reading, name)

    def reading_of(self, function: Value) -> tuple[Reading, str]:
        """What the source says of the waits of a region, and what it is called."""
        while isinstance(function, Part | Wrapped | Bound):
            function = function.function
        if isinstance(function, Known):
            fn = names.unwrapped(function.value)
            return reading_of(fn), names.function_name(fn)
        if isinstance(function, Fn):
            code = function.program.code
            if code not in self.readings:
                read = self.reading.functions.get(code)
                given: Any = read if read is not None else (lambda: None)
                self.readings[code] = _read(given)
            return self.readings[code], name_of_function(function)
        return Reading({}, {}, 1), "?"

    def inside(self, fiber: Fiber) -> Iterator[Region]:
        """Where each region is."""
        group = fiber.group
        if group is None:
            return
        named = self.region_names(group)
        for name, region, function in zip(named, group.regions, group.functions, strict=True):
            if isinstance(region, Done):
                yield Region(name=name, path=parts_of(region.final), kind="final")
            else:
                yield Region(
                    name=name,
                    path=parts_of(self.region_path(region, function)),
                    accepts=tuple(
                        dict.fromkeys(
                            [
                                *map(label_of_type, self.takes(region)),
                                *(signal.label for signal in self._signals(region)),
                            ]
                        )
                    ),
                    source=_source(region),
                    regions=tuple(self.inside(region)),
                )

    def remembering(self, fiber: Fiber, round_it: tuple[str, ...] = ()) -> Iterator[Composite]:
        """The blocks that remember where they are left, then those of the regions."""
        path = round_it
        for block in open_in(fiber.stack):
            if block.kind == "state" and block.block is not None:
                name = block.block.name
                path = (*path, name if isinstance(name, str) else "?")
                if block.block.history is not None:
                    depth: Any = block.block.history
                    yield Composite(path=path, history=depth)
        group = fiber.group
        if group is not None:
            path = path if group.at is None else (*path, group.at)
            for name, region in zip(self.region_names(group), group.regions, strict=True):
                if isinstance(region, Fiber):
                    yield from self.remembering(region, (*path, name))

    def region_names(self, group: Group) -> list[str]:
        """What the regions are called."""
        return region_names(self.reading_of(function)[1] for function in group.functions)

    # --- the result -----------------------------------------------------------------------

    def result(self) -> StateGraph:
        """The graph, marked as read."""
        notes = [*self.facts.notes]
        notes += [f"{place} is not known until it runs: drawn as ?" for place in self.facts.unknown]
        notes += [f"{place} is not known until it runs" for place in self.facts.unnamed]
        if self.facts.level == COARSEST:
            notes.append("very much to read: its edges are told without conditions")
        if self.cut:
            notes.append(self.cut)
        for path, fibers in self.kinds.items():
            taken: dict[str, None] = {}
            for fiber in fibers:
                taken.update(dict.fromkeys(map(label_of_type, self.takes(fiber))))
                taken.update(dict.fromkeys(s.label for s in self._signals(fiber)))
            self.builder.accepts[path] = taken
        for path, (kind, source) in list(self.builder.states.items()):
            if kind == "final" and any(key[0] == path for key in self.builder.edges):
                self.builder.states[path] = ("transient", source)
        graph = self.builder.build(
            not (self.facts.unknown or self.facts.unnamed or self.cut), notes
        )
        known = Evidence(static=True)
        return graph.model_copy(
            update={
                "states": tuple(self._told(state, known) for state in graph.states),
                "transitions": tuple(
                    edge.model_copy(update={"evidence": known}) for edge in graph.transitions
                ),
            }
        )

    def _signals(self, fiber: Fiber) -> list[Any]:
        from .groups import Groups

        signals = Groups(None).signals(fiber)  # type: ignore[arg-type]  # it only looks
        return [signal for signal in signals if signal.kind == "timeout"]

    def _told(self, state: State, known: Evidence) -> State:
        """A state with what it defers and what it throws away."""
        fibers = next(
            (
                held
                for path, held in self.kinds.items()
                if tuple(names.text((part,)) for part in path) == state.path
            ),
            [],
        )
        deferred: dict[str, None] = {}
        discarded: dict[str, None] = {}
        for fiber in fibers:
            takes = tuple(self.takes(fiber))
            for kind in self.alphabet():
                if issubclass(kind, takes):
                    continue
                kept = self.keeps(fiber, kind)
                (deferred if kept else discarded)[label_of_type(kind)] = None
        return state.model_copy(
            update={
                "evidence": known,
                "deferred": tuple(deferred),
                "discarded": tuple(kind for kind in discarded if kind not in deferred),
            }
        )

    def alphabet(self) -> list[type]:
        """All classes of events that the machine takes somewhere."""
        kinds: dict[type, None] = {}
        for fibers in self.kinds.values():
            for fiber in fibers:
                kinds.update(dict.fromkeys(self.offered(fiber)))
        return list(kinds)

    def keeps(self, fiber: Fiber, kind: type) -> bool:
        """Whether an event that nothing takes here stays in the mailbox."""
        if options_of(self.fn).unexpected == "defer":
            return True
        blocks = [b.block for b in hearing(fiber) if b.kind == "state" and b.block is not None]
        if any(issubclass(kind, block.kinds) for block in blocks):
            return True
        if fiber.wait is not None:
            return fiber.wait.keeps
        assert fiber.group is not None
        going = [region for region in fiber.group.regions if isinstance(region, Fiber)]
        return any(self.keeps(region, kind) for region in going)


def _source(fiber: Fiber) -> Source:
    frame = fiber.stack[-1]
    return Source(file=frame.code.co_filename, line=frame.step.node.lineno)
