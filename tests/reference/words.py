"""How the model walks a program: a generator that yields each wait, and is told what came of it.

Python's own `try`, `finally` and exceptions do the unwinding, as they do in the real thing.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flowlet import Event
from tests.reference import others, supervising
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
    Wait,
    fall_silent,
    is_deaf,
    known,
    names,
)
from tests.reference.play import text_of

if TYPE_CHECKING:
    from tests.reference.model import Model

Steps = Generator[Wait, Any, Any]


@dataclass
class Done:
    """A `return` on its way out of a body."""

    value: object


def life(model: Model, strand: Strand, body: p.Body) -> Generator[Wait, Any, None]:
    """A strand from first to last: its program, the end of its children, and maybe all again."""
    actor = strand.actor
    while True:
        strand.result = strand.error = strand.entered = None
        strand.unwinding = None
        try:
            strand.result = yield from Script(model, strand).machine(body)
        except Stopped:
            pass
        except Exception as error:
            strand.error = error
        strand.final = strand.entered or ("end",)
        if strand is not actor.root:
            yield from others.end_children(model, strand, strand.children)
            return
        strand.error = actor.failure or strand.error
        stopped = actor.phase == "stopping" and actor.failure is None
        actor.phase = "ending"
        actor.mailbox = mail_for_the_next_life(actor)
        yield from others.end_children(model, strand, actor.children)
        strand.error = strand.error or actor.failure
        if actor.keeper is None or not (yield from actor.keeper.goes_on(actor, stopped)):
            model.end(actor, strand.result if strand.error is None else None, strand.error)
            return
        actor.phase = "alive"
        actor.failure = None


def mail_for_the_next_life(actor: Actor) -> list[Event]:
    if actor.keeper is None:
        return []
    return [item for item in actor.mailbox if isinstance(item, Event)]


@dataclass
class Script:
    """The words of the language, as one strand says them."""

    model: Model
    strand: Strand

    def log(self, what: str) -> None:
        self.model.log(self.strand.who, what)

    def take(self, what: str, event: object) -> None:
        """It has taken an event; a request is remembered, so that it can be answered."""
        self.log(f"{what} {text_of(event)}")
        if isinstance(event, p.Get):
            p.add_once(self.strand.actor.requests, event)

    def find(self, name: str) -> Actor:
        return self.model.find(name, self.strand.actor)

    def machine(self, body: p.Body) -> Steps:
        """A program, and whatever it becomes; its result."""
        unwinding = self.strand.unwinding
        while True:
            try:
                done = yield from self.body(body)
                return None if done is None else done.value
            except Jumped as jump:
                body = jump.body
                self.strand.unwinding = unwinding

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
                self.take("took", got)
            case p.Sleep(seconds):
                yield from self.waiting(Wait("sleep", after=seconds))
                self.log("slept")
            case p.Pause():
                yield from self.pause("pause")
                self.log("went on")
            case p.Ask(to, request, after):
                yield from others.ask(self, self.find(to), request, after)
            case p.WaitUntil(cell, least):
                yield from others.wait_until(self, cell, least)
                self.log(f"{cell} is {least} or more")
            case p.Supervise():
                results = yield from supervising.supervise(self, statement)
                self.log(f"supervised {results!r}")
            case p.Parallel(regions):
                results = yield from self.regions(regions, race=False)
                self.log(f"joined {results!r}")
            case p.Race(regions):
                winner = yield from self.regions(regions, race=True)
                self.log(f"won {winner!r}")
            case p.State(name, defer, body, history):
                return (yield from self.state(Named(name, defer, history), body))
            case p.Until(kinds, after, body):
                return (yield from self.until(Ear(kinds, after=after), body))
            case p.On(kind, handler, freeze, body):
                return (yield from self.on(Ear((kind,), handler, freeze), body))
            case p.Child(child, body):
                return (yield from others.child(self, child, body))
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
                fall_silent(self.strand, self.strand.floor, "jump")
                raise Jumped(body)
            case p.Emit(value):
                self.strand.actor.outputs.append(value)
                self.log(f"emit {value}")
            case p.Send(to, event, after):
                others.send(self, self.find(to), event, after)
            case p.Cancel():
                self.log(f"cancelled {others.cancel(self)}")
            case p.Reply(value):
                others.reply(self, value)
            case p.Set(cell, value):
                others.set_cell(self.model, cell, value)
            case p.Stop(to, grace):
                self.model.stop(self.find(to), grace)
            case p.Watch(whom):
                others.watch(self, self.find(whom))
            case p.Listen():
                pass  # nobody notices
            case p.Spawn(body):
                others.spawn(self, body)
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
                yield from self.handle(answer.block, answer.event)
                self.strand.entered = None
        finally:
            self.strand.waits.pop()
            self.model.disarm(wait.timer)

    def handle(self, block: Ear, event: Event) -> Steps:
        """Run a handler: what is inside its block rests until it has returned."""
        blocks = self.strand.blocks
        inside = [*blocks[blocks.index(block) :], *self.strand.waits[block.depth :]]
        model, actor = self.model, self.strand.actor
        frozen = model.freeze(inside) if block.freeze else []
        before, parked = list(actor.mailbox), self.strand.parked
        for part in inside:
            part.resting += 1
        self.take("handling", event)
        try:
            assert block.handler is not None
            yield from self.body(block.handler)
        finally:
            # What fell due meanwhile comes after the mail.  But a handler that did not park leaves
            # what was there before it, and a region what its actor has not handed over yet.
            late = model.resting_in(self.strand)
            if self.strand.parked == parked:
                late = [item for item in late if item not in before]
            if self.strand is not actor.root:
                late = [item for item in late if item.passed_over]
            for part in inside:
                part.resting -= 1
            model.thaw(frozen)
            model.put_behind(self.strand, late)
        self.log("handled")

    def pause(self, at: str, number: int | None = None) -> Steps:
        """Let the others run first."""
        if self.strand is self.strand.actor.root:
            yield from self.waiting(Wait(at, pause="asked", number=number))
        else:  # the others are whoever is ready at this instant
            yield from self.waiting(Wait(at, after=0))

    def regions(self, bodies: tuple[p.Body, ...], *, race: bool) -> Steps:
        """Run regions side by side; the results, or the first to end and its result."""
        strand = self.strand
        wait = Wait("regions", race=race)
        for number in range(len(bodies)):
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
        late: BaseException | None = None
        for region in reversed(regions):
            if region.done:
                continue
            wait.only = region
            at_once = self.model.end_region(region)
            while not region.done:
                if at_once and not is_deaf(region):
                    self.model.end_region(region)
                    continue
                try:
                    yield from self.waiting(wait)
                except BaseException as error:
                    # The actor is to end, or to leave a block outside: no more waiting.
                    late = error
                    at_once = self.model.end_region(region)
            if region.error is not None:
                late = region.error
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
        strand, remembered = self.strand, self.strand.actor.remembered
        key = (strand.who, (*names(strand), block.name))
        last = f" {known(remembered.get(key))}" if block.history else ""
        self.log(f"enter {block.name}{last}")
        try:
            return (yield from self.inside(block, body))
        finally:
            if block.waited is not None:
                remembered[key] = block.waited
            self.log(f"leave {block.name}")

    def until(self, block: Ear, body: p.Body) -> Steps:
        unwinding = self.strand.unwinding
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
            if self.strand.unwinding is block:
                self.strand.unwinding = unwinding
        self.take("until", block.cause)
        return done

    def on(self, block: Ear, body: p.Body) -> Steps:
        block.depth = len(self.strand.waits)
        return (yield from self.inside(block, body))

    def flow(self, body: p.Body) -> Steps:
        strand = self.strand
        floor, unwinding = strand.floor, strand.unwinding
        strand.floor = len(strand.blocks)
        try:
            return (yield from self.machine(body))
        finally:
            strand.floor = floor
            if strand.unwinding == "jump":
                strand.unwinding = unwinding
