"""Regions: functions that run side by side in one actor, with one mailbox.

Each runs in a fiber of its own.  The fiber that called `parallel` or `race` *conducts* them: it
alone looks into the mailbox.  An event makes one round: the regions are offered it in order, each
once, and each that takes it runs to its next wait before the next one is asked.  What no region
takes goes to the blocks round the call; it is thrown away only where every region is at a
`receive`.  A time that is up, or the end of a child, is for one region and is handed to it alone.

When the call is left, the later regions end before the earlier ones, each with its clean-up, which
may wait.  Regions may be conducted inside a region.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from itertools import repeat
from typing import Any, cast

from greenlet import GreenletExit

from . import names
from .actor import ActorRef
from .dispatcher import next_one, resume, step_aside
from .errors import IllegalCallError, Leave, Stopped, Unwinding, bare
from .events import name_of
from .fiber import Fiber
from .life import NO_KEYWORDS, go_through, without_frames
from .mailbox import (
    EVERY,
    KEEPS,
    LATER,
    LOOK,
    MUCH,
    NOTHING,
    Halt,
    Mark,
    Seen,
    Signal,
    WatchedBox,
    asleep,
    hearer,
    unexpected,
    warn_of_kept,
)
from .reports import note_wait
from .signals import Kill, Stop
from .waiting import put_behind


def _after(error: BaseException, earlier: BaseException | None) -> BaseException:
    """The error, with the earlier one as its context; that it was being left says nothing."""
    if earlier is not None and isinstance(error.__context__, Unwinding | None):
        error.__context__ = earlier
    return error


class _Back:
    """Stands where a fiber has its queue: the next one is always the conductor.

    `popleft` is made of C, because every wait of a region calls it.
    """

    __slots__ = ("popleft",)

    def __init__(self, conductor: Fiber) -> None:
        self.popleft = repeat(conductor).__next__


class ForRegion(Signal):
    """A signal for one region, in the mailbox of the actor."""

    __slots__ = ("region", "signal")

    def __init__(self, region: Region, signal: Signal) -> None:
        self.region: Region = region
        self.signal: Signal = signal

    def meet(self, fiber: Fiber) -> None:
        """Hand it over; a region that has ended hears nothing more."""
        region = self.region
        if not region.ended:
            region.group.told = None
            region.poke(self.signal)


class Region:
    """One function of several that run side by side."""

    __slots__ = ("children", "ended", "error", "fiber", "final", "fn", "group", "result")

    def __init__(self, group: Group, fn: Callable[[], Any]) -> None:
        self.group: Group = group
        self.fn: Callable[[], Any] = fn
        self.fiber: Fiber = group.conductor.home.fresh_fiber()
        self.fiber.outfit(group.conductor.ref)
        self.fiber.region = self
        self.children: list[ActorRef[Any]] = []
        self.ended: bool = False
        self.final: names.Path = ("end",)
        self.result: Any = None
        self.error: BaseException | None = None

    def start(self) -> None:
        """Run to the first wait."""
        conductor = self.group.conductor
        fiber = self.fiber
        fiber.ready = _Back(conductor)  # type: ignore[assignment]  # all of a queue that is used
        if conductor.home.listeners:
            fiber.watch()
        conductor.home.begin_now(fiber)

    def run(self, me: Fiber) -> Fiber:
        """From the first turn to the end; returns who goes on then.  Called in the region."""
        try:
            self.result = go_through(self.fn, (), NO_KEYWORDS)
        except (Stopped, GreenletExit):
            pass
        except Leave:
            self.error = IllegalCallError(
                f"{names.function_name(self.fn)} was in an `until` block of a generator that did "
                "not run when the block was to be left; open the block in the function that drives "
                "the generator"
            )
        except BaseException as error:
            if not isinstance(bare(error), Stopped):
                self.error = without_frames(error)
        if me.entered is not None:
            self.final = names.path_of(me.entered)
        me.let_go()
        self._end_children(me)
        self.ended = self.group.changed = True
        return self.group.conductor

    def _end_children(self, me: Fiber) -> None:
        """Stop the children and wait for their clean-up; for its end, if the actor is killed."""
        for child in reversed(self.children):
            child.stop()
        try:
            me.home.join(self.children)
        except Unwinding:
            for child in self.children:
                child._kill()
            me.home.join(self.children, deaf=True)

    def poke(self, item: object) -> None:
        """Have the region look at one thing, a signal or an event on offer."""
        fiber = self.fiber
        if fiber.box is None:
            fiber.box = deque()
        fiber.box.append(item)
        fiber.want = None
        fiber.event = LOOK
        resume(fiber)

    def pass_on(self, signal: Signal) -> None:
        """Send a signal the way of the mail, so that it comes in its order."""
        self.group.conductor.signal(ForRegion(self, signal))

    # --- mail -----------------------------------------------------------------------------

    def offer(self, event: object) -> bool:
        """Whether the region takes the event; if so it has run to its next wait."""
        fiber = self.fiber
        if fiber.group is None and not isinstance(event, fiber.kinds_now()):
            block, _ = hearer(fiber, event)
            if block is None:
                return False
        self.poke(event)
        if self.ended:
            return True
        box = fiber.box or ()
        # Signals that are for later may stand before it.
        place = next((place for place, item in enumerate(box) if item is event), None)
        if place is None:
            return True
        del fiber.box[place]  # type: ignore[union-attr]  # it is there
        return False

    def keeps(self, event: object) -> bool:
        """Whether an event that the region has not taken stays for its sake."""
        fiber = self.fiber
        if fiber.group is not None:
            kept = any(region.keeps(event) for region in fiber.group.going())
        else:
            # Of a type that it waits for: then `where` has said no.
            kept = fiber.want is KEEPS or isinstance(event, fiber.kinds_now())
        return kept or hearer(fiber, event)[1]

    @property
    def state(self) -> names.Path:
        """Where the region is, from its own outermost block in."""
        if self.ended:
            return self.final
        return self.group.conductor.ref.state_of(self.fiber, self.fn)


class Group:
    """The regions of one `parallel` or `race`, and their conductor."""

    __slots__ = ("at", "changed", "conductor", "killed", "only", "race", "regions", "seen", "told")

    def __init__(
        self, conductor: Fiber, fns: tuple[Callable[[], Any], ...], race: bool, at: Any
    ) -> None:
        self.conductor: Fiber = conductor
        self.race: bool = race
        #: Whether a region has ended since the last look; a call without any is decided at once.
        self.changed: bool = not fns
        self.at: str | None = None if at is None else name_of(at)
        #: While the regions are being left: the one whose clean-up is running.
        self.only: Region | None = None
        #: Whether that is done at once: its every wait raises, and the conductor knows.
        self.killed: bool = False
        #: The event of which listeners have heard in this round.
        self.told: object = None
        self.regions: list[Region] = [Region(self, fn) for fn in fns]
        #: What no region has taken since one of them has run.
        self.seen: Seen = Seen()

    def conduct(self) -> Any:
        """Run all regions until the call is decided; called by the conductor."""
        me = self.conductor
        outer, me.group = me.group, self
        me.at = me.called = None
        me.kinds = ()
        started: list[Region] = []
        try:
            for region in self.regions:
                started.append(region)
                region.start()
            while not self.changed or not self._decided():
                self._go_on()
            failed = self._failed()
            ended = [region.ended for region in self.regions]
            self._cancel(started, failed)
        except BaseException:
            self._cancel(started, None)
            raise
        finally:
            me.group = outer
        if failed is not None:
            raise failed
        if not self.race:
            return tuple(region.result for region in self.regions)
        first = ended.index(True)
        return first, self.regions[first].result

    def _decided(self) -> bool:
        self.changed = False
        regions = self.regions
        if any(region.error is not None for region in regions):
            return True
        return (any if self.race else all)(region.ended for region in regions)

    def _failed(self) -> BaseException | None:
        """The error of the first region that has failed; others that have are noted on it."""
        errors = [region.error for region in self.regions if region.error is not None]
        for other in errors[1:]:
            errors[0].add_note(f"and in another region: {other!r}")
        return errors[0] if errors else None

    def _cancel(self, regions: list[Region], failed: BaseException | None) -> None:
        """End the regions, later ones first; each has cleaned up before the next one is ended.

        Raises what comes meanwhile, and what clean-up fails with: of several errors the last one,
        as where a `finally` raises; those before it, and `failed`, are its context.
        """
        late: BaseException | None = None
        for region in reversed(regions):
            if region.ended:
                continue
            self.only = region
            self._end(region)
            while not region.ended:
                try:
                    self._go_on()
                except BaseException as error:
                    # The actor is to end, to leave, or has an error out of a handler: clean-up does
                    # not wait for more, and none is left out.
                    late = _after(error, late or failed)
                    self._end(region)
            if region.error is not None:
                late = _after(region.error, late or failed)
        self.only = None
        if late is not None:
            raise late

    def _end(self, region: Region) -> None:
        """Have a region end; where the whole actor is to end at once, its every wait raises."""
        self.killed = any(isinstance(item, Halt) for item in self.conductor.box or ())
        self.seen.count = 0
        region.poke(Kill() if self.killed else Stop())

    # --- mail -----------------------------------------------------------------------------

    def going(self) -> Iterator[Region]:
        """The regions that take part: all that have not ended, or the one that cleans up."""
        for region in self.regions:
            if not region.ended and (self.only is None or self.only is region):
                yield region

    def _go_on(self) -> None:
        """Handle one thing from the mailbox, or park until there is one."""
        me = self.conductor
        box = me.box
        if box:
            if me.histories:
                note_wait(me)  # this is a place to come back to, even if it is left at once
            entered, me.entered = me.entered, None
            got = self._look(self.seen.place_in(box))
            if got is LATER:
                step_aside(me)
            if got is not NOTHING:
                self.seen.count = 0
                return
            me.entered = entered  # for whoever is told that it parks here
        if me.home.listeners or me.histories or me.home.explored:
            note_wait(me)
        me.entered = None
        me.want = EVERY if box.__class__ is not WatchedBox else ()
        seen = self.seen
        seen.note(box or ())
        resume(next_one(me))
        if (event := me.event) is LOOK:
            if me.returned:
                put_behind(me, seen.count)
        elif self._round(event) or self._untaken(event, seen.count):
            seen.count = 0
        else:
            seen.note(cast(deque[object], me.box), seen.count + 1)

    def _look(self, place: int) -> Mark | None:
        """Handle the first thing in the mailbox from a place on that is for anybody here."""
        me = self.conductor
        box = me.box
        assert box is not None
        home = me.home
        whole = me.region is None  # not itself a region: then somebody else decides what is kept
        while place < len(box):
            item = box[place]
            if isinstance(item, Signal) and (
                (me.held is not None and asleep(me, item))
                or (self.killed and isinstance(item, Halt))
                or self._is_for_later(item)
            ):
                place += 1
                continue
            if whole and home.quota == 0:
                return LATER
            if isinstance(item, Signal):
                if not isinstance(item, Halt):
                    del box[place]
                if whole:
                    home.spend()
                item.meet(me)
                return None
            del box[place]
            if not self._round(item) and not self._untaken(item, place):
                place += 1
                continue
            if whole:
                home.spend()
            return None
        return NOTHING

    def _is_for_later(self, signal: Signal) -> bool:
        """Whether a signal is for a region that waits until another one has cleaned up.

        It may be told something that it has to know before it can be left, as a `perform` is.
        """
        if self.only is None or not isinstance(signal, ForRegion):
            return False
        region = signal.region
        return region.group is self and region is not self.only and not region.ended

    def _round(self, event: object) -> bool:
        """Offer an event to each region once, in order; whether any took it."""
        self.told = None
        taken = False
        kind = type(event)
        for region in self.regions if self.only is None else [self.only]:
            fiber = region.fiber
            if region.ended:
                continue
            if fiber.want is kind:  # the short way, as in `ActorRef.send`
                fiber.want = None
                fiber.event = event
                resume(fiber)
                taken = True
            elif region.offer(event):
                taken = True
        return taken

    def _untaken(self, event: object, place: int) -> bool:
        """What becomes of an event that no region takes; false if it is kept, at that place."""
        me = self.conductor
        block, keep = hearer(me, event)
        # A state that a region is in is inside the blocks round the call.
        if block is not None and not isinstance(event, self.deferred()):
            block.hear(me, event)
            return True
        keep = keep or me.region is not None or me.ref.options.unexpected == "defer"
        if keep or any(region.keeps(event) for region in self.going()):
            me.box = deque() if me.box is None else me.box
            me.box.insert(place, event)
            if place + 1 == MUCH and me.region is None:
                warn_of_kept(me)
            return False
        unexpected(me, tuple(self.takes()), event)
        return True

    def first_to_take(self, event: object) -> bool:
        """Whether listeners have not heard yet that the actor took this event."""
        outer = self.conductor.region
        if self.told is event or (outer is not None and not outer.group.first_to_take(event)):
            return False
        self.told = event
        return True

    # --- what is shown --------------------------------------------------------------------

    def takes(self) -> list[type]:
        """The types that some region would take now."""
        kinds: dict[type, None] = {}
        for region in self.going():
            kinds.update(dict.fromkeys(region.fiber.takes()))
        return list(kinds)

    def deferred(self) -> tuple[type, ...]:
        """The types that states of the regions keep from the blocks round the call."""
        found: tuple[type, ...] = ()
        for region in self.going():
            fiber = region.fiber
            cell = fiber.path
            while cell is not None:
                found += cell[0].deferred
                cell = cell[1]
            if fiber.group is not None:
                found += fiber.group.deferred()
        return found

    def fibers(self) -> list[Fiber]:
        """Those in which a region runs."""
        return [region.fiber for region in self.regions if not region.ended]

    def path(self) -> names.Path:
        """The last part of the actor's state: the regions' paths side by side."""
        states = tuple(region.state for region in self.regions)
        return (states,) if self.at is None else (self.at, states)
