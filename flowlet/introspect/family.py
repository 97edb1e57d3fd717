"""An actor together with the children that it spawns while it runs, and theirs.

What a parent and its children do to each other is more than messages: one stops the other, waits
for its end, dies of its failure, runs it again.  So they are one machine, and stand on one scene.
What they send to each other arrives at once, as on any dispatcher, and each turn of one of them is
a step of its own.  A child is known by its slot: the lowest that was free when it was spawned.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from .. import life
from ..actor import ActorRef
from ..calls import Call
from ..errors import ExploreError
from ..fiber import Fiber
from ..keeper import Kept, Supervision
from ..mailbox import LOOK, Own, Signal
from ..regions import ForRegion, Region
from ..requests import Asking
from .cast import CastRef
from .identity import Reader, Snapshot, error_form, is_time
from .values import Canon, Form, changed_in

if TYPE_CHECKING:
    from .local import LocalMachine
    from .scene import Scene


#: What the kernel holds in its own frames while an actor waits for its children, by code.
_HELD: Final = {
    ActorRef.__exit__.__code__: ("late",),
    Supervision.run.__code__: ("self",),
    Supervision._leave.__code__: ("late", "error"),
    life.goes_on.__code__: ("result", "error", "stopped"),
}


def identify(
    reader: Reader,
    scene: Scene,
    root: CastRef,
    timers_of: Callable[[Scene, CastRef, Sequence[Any]], Form],
) -> tuple[Snapshot, list[Snapshot | None]]:
    """The identity of an actor with its children, and those of the children by themselves.

    One maker of forms reads them all, since what a parent hands to a child they share.
    """
    canon = reader.canon()
    armed = scene.timers_for(root)
    found = reader.snapshot(root, timers_of(scene, root, armed), armed, canon)
    forms: list[Form] = []
    apart: list[Snapshot | None] = []
    for slot, child in scene.children(root):
        kernel = _kernel(canon, scene, child)
        begins: Form = ()
        if child.phase == "spawned" or child.extra.keeper is not None:
            begins = canon.of((child._fn, child._args), f"what {child.name} is to run")
        if child.phase == "spawned":
            apart.append(None)
            fiber = child._fiber
            mail = tuple(canon.of(item, "mail") for item in fiber.box or ())
            forms.append(
                (slot, child.name, begins, mail, changed_in(fiber.gr_context, canon), kernel)
            )
            continue
        armed = scene.timers_for(child)
        own = reader.snapshot(child, timers_of(scene, child, armed), armed, canon)
        apart.append(own)
        forms.append((slot, child.name, begins, own.form, kernel))
        found.variables.update(
            (f"{child.name}.{name}", value) for name, value in own.variables.items()
        )
        found.depth += own.depth
        found.mail += own.mail
        found.places = (*found.places, ("child", slot), *own.places)
        found.scopes += own.scopes
    kernel = _kernel(canon, scene, root)
    if forms or kernel != _IDLE:
        found.form = (found.form, ("children", *forms), kernel)
    found.moments = canon.moments
    return found, apart


#: What the kernel knows of an actor that has nothing to do with children.
_IDLE: Final = ("alive", (), (), (), (), (), (), (), ())


def _kernel(canon: Canon, scene: Scene, ref: CastRef) -> Form:
    """What is in an actor's way besides its own stack: stops, ends, and what they brought."""
    fiber, extra = ref._fiber, ref.extra
    ready = fiber in scene.ready
    handed: tuple[Form, ...] = ()
    if ready and fiber.event is not LOOK and not isinstance(fiber.event, Signal):
        handed = (canon.of(fiber.event, "an event"),)
    signals = tuple(
        (region, place, _signal(canon, item))
        for region, each in enumerate(fiber.all_fibers())
        for place, item in enumerate(each.box or ())
        if isinstance(item, Signal) and not is_time(item)
    )
    owned = tuple(
        tuple(scene.slot_of(child) for child in region.children if child.phase != "ended")
        for region in _regions(fiber)
    )
    return (
        ref.phase,
        # Whose they are, of an actor itself and of its regions, and in which order.
        tuple(scene.slot_of(child) for child in extra.children),
        owned if any(owned) else (),
        # Who is woken for nothing that can be seen here is told by its stack.
        (ready,) if ref.parent is not None or signals or handed else (),
        handed,
        signals,
        tuple(
            _joiner(canon, key, call)
            for key, call in extra.joiners.items()
            if not isinstance(key, Asking) or scene.are_family(key.asker, ref)
        ),
        error_form(canon, extra.failure),
        tuple(_frames(canon, fiber)),
    )


def _regions(fiber: Fiber) -> Iterator[Region]:
    for region in () if fiber.group is None else fiber.group.regions:
        yield region
        if not region.ended:
            yield from _regions(region.fiber)


def _signal(canon: Canon, signal: Signal) -> Form:
    if isinstance(signal, ForRegion):
        region = signal.region
        number = region.group.regions.index(region)
        return (ForRegion, number, region.ended, _signal(canon, signal.signal))
    if isinstance(signal, Asking):
        return (Asking, canon.of(signal.value, "a reply"), error_form(canon, signal.error))
    if isinstance(signal, Call):
        return (Call, canon.of(signal.value, "a result"), error_form(canon, signal.error))
    return (type(signal),)


def _joiner(canon: Canon, key: object, call: Any) -> Form:
    if isinstance(key, ActorRef):
        return ("watched by", canon.of(key, "who watches"))
    if isinstance(key, Asking):
        return ("asked by", canon.of(key.asker, "who asks"))
    if isinstance(key, Own):
        return ("waited for by", canon.of(call.args[0].ref, "who waits"))
    return ("kept",)


def _frames(canon: Canon, fiber: Fiber) -> Iterator[Form]:
    """What the kernel's own frames hold, of the actor and of its regions."""
    for each in fiber.all_fibers():
        frame = each.gr_frame
        while frame is not None:
            for name in _HELD.get(frame.f_code, ()):
                value = frame.f_locals.get(name)
                if isinstance(value, Supervision):
                    yield _supervision(canon, value)
                elif name == "late":
                    yield (name, value is not None)
                elif isinstance(value, BaseException):
                    yield (name, error_form(canon, value))
                else:
                    yield (name, canon.of(value, name))
            frame = frame.f_back


def _supervision(canon: Canon, keeper: Supervision) -> Form:
    """A `supervise`: who is kept, and how often it was restarted of late."""
    order = list(keeper.kept.values())
    return (
        keeper.strategy,
        keeper.max_restarts,
        tuple(_kept(canon, kept) for kept in order),
        len(keeper.given),
        keeper.living,
        tuple(order.index(kept) for kept in keeper.group),
        len(keeper.restarts),
        error_form(canon, keeper.failure),
        () if keeper.left is None else (type(keeper.left),),
        keeper.over,
        keeper.news.sent,
    )


def refuse_strangers(machines: Iterable[LocalMachine]) -> None:
    """Raise `ExploreError` where an actor has looked by name for the child of another one."""
    for machine in machines:
        for name in machine.strangers:
            for other in machines:
                if other is not machine and name in other.child_names:
                    raise ExploreError(
                        f"{machine.name} looks for {name!r} by whereis(), and a child of "
                        f"{other.name} is called so: who sends to somebody else's child is not "
                        f"explored; spawn it in the system function, or send to {other.name}"
                    )


def _kept(canon: Canon, kept: Kept) -> Form:
    return (
        canon.of(kept.ref, "a child"),
        kept.between,
        kept.forgiven,
        kept.stopping,
        kept.dismissed,
        kept.verdict,
        kept.queued,
        changed_in(kept.context, canon),
    )
