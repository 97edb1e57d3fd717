"""How the model walks a program: a generator that yields each wait, and is told what came of it.

Python's own `try`, `finally` and exceptions do the unwinding, as they do in the real thing.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flowlet import Event
from tests.reference import program as p
from tests.reference.parts import (
    Actor,
    Ear,
    Handle,
    Jumped,
    Left,
    Named,
    Stopped,
    Strand,
    Unwinding,
    Wait,
    fall_silent,
    names,
)

if TYPE_CHECKING:
    from tests.reference.model import Model

Steps = Generator[Wait, Any, Any]


@dataclass
class Done:
    """A `return` on its way out of a body."""

    value: object


def life(model: Model, strand: Strand, body: p.Body) -> Generator[Wait, Any, None]:
    """A strand from first to last: its program, and then the end of its children."""
    try:
        strand.result = yield from Script(model, strand).machine(body)
    except Stopped:
        pass
    except Exception as error:
        strand.error = error
    strand.final = strand.entered or strand.final
    actor = strand.actor
    if strand is actor.root:
        actor.phase = "ending"
        actor.mailbox.clear()
        if actor.failure is not None:
            strand.error = actor.failure
    children = strand.children if strand is not actor.root else actor.children
    while any(child.phase != "ended" for child in children):
        ending = list(children)
        for child in reversed(ending):
            model.stop(child)
        try:
            for child in ending:
                yield from join(strand, child)
        except Unwinding:
            for child in ending:
                model.kill(child)
    if strand is actor.root:
        error = strand.error or actor.failure
        model.end(actor, strand.result if error is None else None, error)


def join(strand: Strand, child: Actor) -> Steps:
    """Wait until a child has ended."""
    while child.phase != "ended":
        wait = Wait("join")
        child.joiners.append((strand, wait))
        yield wait


@dataclass
class Script:
    """The words of the language, as one strand says them."""

    model: Model
    strand: Strand

    def log(self, what: str) -> None:
        self.model.log(self.strand.who, what)

    def machine(self, body: p.Body) -> Steps:
        """A program, and whatever it becomes; its result."""
        strand = self.strand
        while True:
            try:
                done = yield from self.body(body)
                return None if done is None else done.value
            except Jumped as jump:
                body = jump.body

    def body(self, body: p.Body) -> Steps:
        for statement in body:
            done = yield from self.say(statement)
            if done is not None:
                return done
        return None

    def say(self, statement: p.Statement) -> Steps:
        """One statement; `Done` when it returns from the function."""
        match statement:
            case p.Receive(kinds, after, least):
                got = yield from self.waiting(Wait(statement.at, kinds, least, after))
                self.log(f"took {got!r}")
            case p.Sleep(seconds):
                yield from self.waiting(Wait("sleep", after=seconds))
                self.log("slept")
            case p.Pause():
                yield from self.pause()
                self.log("went on")
            case p.Parallel(regions):
                results = yield from self.regions(regions, race=False)
                self.log(f"joined {results!r}")
            case p.Race(regions):
                winner = yield from self.regions(regions, race=True)
                self.log(f"won {winner!r}")
            case p.State(name, defer, body):
                return (yield from self.state(Named(name, defer), body))
            case p.Until(kinds, after, body):
                return (yield from self.until(Ear(kinds, after=after), body))
            case p.On(kind, handler, freeze, body):
                return (yield from self.on(Ear((kind,), handler, freeze), body))
            case p.Child(child, body):
                return (yield from self.child(child, body))
            case p.Loop(times, body):
                for _ in range(times):
                    done = yield from self.body(body)
                    if done is not None:
                        return done
            case p.Try(body, cleanup):
                try:
                    done = yield from self.body(body)
                finally:
                    self.log("cleaning")
                    yield from self.body(cleanup)
                    self.log("cleaned")
                return done
            case p.Catch(body):
                try:
                    return (yield from self.body(body))
                except Exception as error:
                    self.log(f"caught {type(error).__name__}")
            case p.Raise():
                raise ValueError
            case p.Return(value):
                return Done(value)
            case p.Flow(body):
                result = yield from self.flow(body)
                self.log(f"flow gave {result!r}")
            case p.Become(body):
                fall_silent(self.strand, self.strand.floor)
                raise Jumped(body)
            case p.Emit(value):
                self.strand.actor.outputs.append(value)
                self.log(f"emit {value}")
            case p.Send(to, event, after):
                self.send(self.model.find(to, self.strand.actor), event, after)
            case p.Stop(to):
                self.model.stop(self.model.find(to, self.strand.actor))
            case p.Spawn(body):
                self.spawn(body)
            case _:
                raise TypeError(statement)
        return None

    # --- waits --------------------------------------------------------------------------------

    def waiting(self, wait: Wait) -> Steps:
        """Yield a wait until something has come of it; handlers run in place meanwhile."""
        if wait.after is not None:
            wait.timer = self.model.arm(wait.after, owner=wait, strand=self.strand)
        self.strand.waits.append(wait)
        self.strand.entered = None
        try:
            while True:
                answer = yield wait
                if not isinstance(answer, Handle):
                    return answer
                yield from self.handle(wait, answer.block, answer.event)
        finally:
            self.strand.waits.pop()
            self.model.disarm(wait.timer)

    def handle(self, wait: Wait, block: Ear, event: Event) -> Steps:
        """Run a handler: what is inside its block rests until it has returned."""
        blocks = self.strand.blocks
        inside = [*blocks[blocks.index(block) :], *self.strand.waits[block.depth :]]
        frozen = self.model.freeze(inside) if block.freeze else []
        for part in inside:
            part.resting += 1
        self.strand.handling.append((len(blocks), wait))
        self.log(f"handling {event!r}")
        try:
            assert block.handler is not None
            yield from self.body(block.handler)
        finally:
            self.strand.handling.pop()
            for part in inside:
                part.resting -= 1
            self.model.thaw(frozen)
            self.model.wake_up(self.strand.actor)
        self.log("handled")

    def pause(self) -> Steps:
        if self.strand is self.strand.actor.root:
            yield from self.waiting(Wait("pause", pause="asked"))
        else:  # the others are whoever is ready at this instant
            yield from self.waiting(Wait("pause", after=0))

    def regions(self, bodies: tuple[p.Body, ...], *, race: bool) -> Steps:
        """Run regions side by side; the results, or the first to end and its result."""
        strand = self.strand
        wait = Wait("regions", race=race)
        for number, body in enumerate(bodies):
            region = Strand(strand.actor, f"{strand.who}.{number}", strand, wait)
            wait.regions.append(region)
        started: list[Strand] = []
        try:
            for region, body in zip(wait.regions, bodies, strict=True):
                started.append(region)
                self.model.start(region, body)
            while not wait.decided():
                yield from self.waiting(wait)
            ended = [region.done for region in wait.regions]
            failed = [region.error for region in wait.regions if region.error is not None]
        finally:
            yield from self.cancel(wait, started)
        if failed:
            raise failed[0]
        if race:
            first = ended.index(True)
            return first, wait.regions[first].result
        return tuple(region.result for region in wait.regions)

    def cancel(self, wait: Wait, regions: list[Strand]) -> Steps:
        """End regions, the later ones first, each with its clean-up before the next."""
        late: Unwinding | None = None
        for region in reversed(regions):
            if region.done:
                continue
            wait.only = region
            fall_silent(region, 0)
            self.model.resume(region, error=Stopped())
            while not region.done:
                try:
                    yield from self.waiting(wait)
                except Unwinding as unwinding:
                    # The actor is to end, or to leave a block outside: no more waiting.
                    late = late or unwinding
                    fall_silent(region, 0)
                    self.model.resume(region, error=Stopped())
        if late is not None:
            raise late

    # --- blocks -------------------------------------------------------------------------------

    def inside(self, block: Named | Ear, body: p.Body) -> Steps:
        self.strand.blocks.append(block)
        if isinstance(block, Named):
            self.strand.entered = names(self.strand)
        try:
            return (yield from self.body(body))
        finally:
            assert self.strand.blocks.pop() is block

    def state(self, block: Named, body: p.Body) -> Steps:
        self.log(f"enter {block.name}")
        try:
            return (yield from self.inside(block, body))
        finally:
            self.log(f"leave {block.name}")

    def until(self, block: Ear, body: p.Body) -> Steps:
        if block.after is not None:
            block.timer = self.model.arm(block.after, owner=block, strand=self.strand)
        done = None
        try:
            done = yield from self.inside(block, body)
        except Left as left:
            if left.block is not block:
                raise
        finally:
            self.model.disarm(block.timer)
        self.log(f"until {block.cause!r}")
        return done

    def on(self, block: Ear, body: p.Body) -> Steps:
        block.depth = len(self.strand.waits)
        return (yield from self.inside(block, body))

    def flow(self, body: p.Body) -> Steps:
        strand = self.strand
        floor = strand.floor
        strand.floor = len(strand.blocks)
        try:
            return (yield from self.machine(body))
        finally:
            strand.floor = floor

    # --- others -------------------------------------------------------------------------------

    def send(self, to: Actor, event: Event, after: int | None) -> None:
        self.model.sends += 1
        if self.model.sends > p.MOST_SENDS:
            return
        if after is None:
            self.model.send(to, event)
        else:
            self.model.arm(after, letter=(self.strand.actor, to, event))

    def spawn(self, body: p.Body) -> Actor:
        strand = self.strand
        actor = strand.actor
        actor.spawned += 1
        child = self.model.spawn(f"{actor.name}/{actor.spawned}", body, actor)
        if strand is not actor.root:
            strand.children.append(child)
        self.log(f"spawned {child.name}")
        return child

    def child(self, body: p.Body, inside: p.Body) -> Steps:
        """A child that ends with the block, which waits for its clean-up."""
        child = self.spawn(body)
        try:
            done = yield from self.body(inside)
        finally:
            self.model.stop(child)
            late: Unwinding | None = None
            while child.phase != "ended":
                try:
                    wait = Wait("join")
                    child.joiners.append((self.strand, wait))
                    yield from self.waiting(wait)
                except Unwinding as unwinding:
                    # The parent is to leave as well, but the child's clean-up comes first.
                    if late is not None:
                        self.model.kill(child)
                        raise
                    late = unwinding
            if late is not None:
                raise late
        self.log(f"without {child.name}")
        return done
