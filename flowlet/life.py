"""The life of one actor, from its first turn to its end.

In a fixed order at the end: the function's own clean-up has run, the children are stopped and
their clean-up runs, the actor is taken off the roster, and last it tells: its parent, whoever
waits for it, the run.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from greenlet import GreenletExit, getcurrent

from . import names
from .actor import NOBODY, ActorRef
from .errors import ActorStuckError, IllegalCallError, Jump, Leave, Stopped, Unwinding, bare
from .events import name_of
from .extra import NOTHING_EXTRA
from .fiber import Fiber
from .instrument import Ended, Record
from .mailbox import Signal, WatchedBox
from .signals import child_failed

if TYPE_CHECKING:
    from .dispatcher import Dispatcher

R = TypeVar("R")
E = TypeVar("E", bound=BaseException)

NO_KEYWORDS: Final[dict[str, Any]] = {}

#: The modules that call the functions of actors and regions.
_ROUND: Final = (__name__, f"{__package__}.dispatcher", f"{__package__}.regions")


class Keeper(Protocol):
    """Whoever decides whether an actor runs its function again."""

    def goes_on(
        self, me: Fiber, ref: ActorRef[Any], error: BaseException | None, stopped: bool
    ) -> bool:
        """Whether it does; asked in the actor, when a life is over, and may wait there."""
        ...

    def dismiss(self, ref: ActorRef[Any]) -> None:
        """It is being stopped, and not to run again."""

    def minds(self, ref: ActorRef[Any]) -> bool:
        """Whether its failure is dealt with, so that it does not end the parent."""
        ...


def goes_on(me: Fiber, ref: ActorRef[Any], result: Any, error: BaseException | None) -> bool:
    """Whether an actor, whose function is over, runs it again; if not, it ends here.

    Called in the actor, with what its function returned or raised.
    """
    error = bare(error)
    if isinstance(error, Stopped | GreenletExit):
        error = None
    elif isinstance(error, Jump):
        error = IllegalCallError(
            f"actor {ref.name!r} called become() in an `except*`, which Python does not let it "
            "leave so; call it after the `try`"
        )
    elif isinstance(error, Leave):
        error = IllegalCallError(
            f"actor {ref.name!r} was in an `until` block of a generator that did not run when the "
            "block was to be left; open the block in the function that drives the generator"
        )
    if ref.extra.failure is not None:
        error = ref.extra.failure
    if error is not None and error.__traceback__ is not None:
        _note(me, ref, error)
        error = without_frames(error)
    stopped = ref.phase == "stopping" and ref.extra.failure is None
    ref.phase = "ending"
    entered = me.entered
    if ref.extra.children:
        _end_children(me, ref)
        error = error or ref.extra.failure
    if ref.extra.keeper is not None and ref.extra.keeper.goes_on(me, ref, error, stopped):
        ref.phase = "alive"
        return True
    passed = names.passed_blocks(entered, None)
    if error is not None:
        ref._final = (f"error: {type(error).__name__}",)
    elif entered is not None:
        ref._final = names.path_of(entered)
        passed = passed[:-1]
    else:
        ref._final = ("end",)
    end_actor(me.home, ref, result, error, passed)
    return False


def go_through(
    fn: Callable[..., R],
    args: tuple[Any, ...],
    keywords: dict[str, Any],
    unwinding: object = None,
) -> R:
    """Run a function, and whatever it `become`s; the stack does not grow.

    `unwinding` is what the actor is leaving blocks round the call for already.
    """
    while True:
        try:
            # Written out: a call with a star goes through C on 3.11, and every switch in it then
            # has 370 bytes more of stack to copy away and back.
            if keywords:
                return fn(*args, **keywords)
            if not args:
                return fn()
            if len(args) == 1:
                return fn(args[0])
            if len(args) == 2:
                return fn(args[0], args[1])
            return fn(*args)
        except Jump as jump:
            fn, args, keywords = jump.args
            me: Any = getcurrent()
            me.unwinding = unwinding


def without_frames(error: E) -> E:
    """The error without the frames round the function: a stored one must not keep the actor."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_globals.get("__name__") in _ROUND:
        trace = trace.tb_next
    error.__traceback__ = trace
    return error


def _end_children(me: Fiber, ref: ActorRef[Any]) -> None:
    """Stop the children, the youngest first, and wait for their clean-up."""
    if ref.extra.keeper is None:
        me.box = WatchedBox() if me.home.listeners else None
    else:
        only_mail(me.box)  # the rest is for the next life
    while ref.extra.children:
        for child in reversed(list(ref.extra.children)):
            child.stop()
        ref._home.join(list(ref.extra.children))


def only_mail(box: deque[object] | None) -> None:
    """Take out of a mailbox what belongs to the life that is over: all but the mail."""
    if box and any(issubclass(kind, Signal) for kind in set(map(type, box))):
        mail = [item for item in box if not isinstance(item, Signal)]
        box.clear()
        box.extend(mail)


def _note(me: Fiber, ref: ActorRef[Any], error: BaseException) -> None:
    """Say on the error which actor it was, in which state, at which line."""
    if isinstance(error, Unwinding):
        return
    trace = error.__traceback__
    place = ""
    while trace is not None:
        if names.is_users(trace.tb_frame.f_code):
            place = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
        trace = trace.tb_next
    cell = me.left[1] if me.left is not None and me.left[0] == id(error) else None
    path = names.path_of(cell)
    if me.at is not None:
        path = (*path, name_of(me.at))
    state = names.text(path) or names.function_name(ref.function)
    error.add_note(f"in actor {ref.name!r}, state {state}, at {place or 'an unknown line'}")


def end_actor(
    home: Dispatcher,
    ref: ActorRef[Any],
    result: Any,
    error: BaseException | None,
    passed: tuple[names.Path, ...],
) -> None:
    """The last that an actor does."""
    ref.result = result
    ref.error = error
    ref._fiber.let_go()
    ref._fiber = NOBODY
    ref.phase = "ended"
    home._actors.pop(ref, None)
    if type(ref._name) is not int:
        home._named.pop(ref.name, None)
    ref.disarm_grace()
    if home.listeners:
        report_in_hub(home, Ended(home.now(), ref, ref._final, passed, result, error))
    # Ctrl-C and the like are for whoever runs, not for the parent to die of.
    aborted = error is not None and not isinstance(error, Exception)
    minded = error is not None and _is_minded(ref)
    extra = ref.extra
    if extra is not NOTHING_EXTRA:
        extra.keeper = None
    parent = ref.parent
    if parent is not None:
        parent.extra.children.pop(ref, None)
        if error is not None and not aborted and not minded:
            child_failed(ref, parent)
    if ref is home._goal or (error is not None and (aborted or (parent is None and not minded))):
        home.call_hub(ref, error)
    if extra.joiners:
        joiners, extra.joiners = extra.joiners, {}
        for call in joiners.values():
            call(ref)


def report_in_hub(home: Dispatcher, record: Record) -> None:
    """Tell the listeners of something that is to be done to its end, whatever they raise."""
    try:
        home.report(record)
    except BaseException as error:
        home.raise_soon(error)


def raise_in_hub(home: Dispatcher, error: BaseException | None, *_: object) -> None:
    """What a greenlet of its own does: where one dies of an error, it is raised in its parent.

    If it is another one's death that lets it begin, that gives it a result, which is nothing here.
    """
    assert error is not None
    getcurrent().parent = home.hub
    try:
        raise error
    finally:
        del error  # its traceback holds this frame


def _is_minded(ref: ActorRef[Any]) -> bool:
    """Whether somebody deals with the failure of an actor: its keeper, or whoever watches it."""
    watched = any(isinstance(key, ActorRef) and key.alive for key in ref.extra.joiners)
    return (ref.extra.keeper is not None and ref.extra.keeper.minds(ref)) or watched


def end_stuck(home: Dispatcher, fiber: Fiber) -> None:
    """End the running actor on the roster, since it cannot be ended in fact."""
    ref = fiber.ref
    place = "{}:{}".format(*names.users_line(names.frame_here()))
    error = ActorStuckError(
        f"actor {ref.name!r} swallows its stop at {place} and goes on; let `except:` and "
        "`except BaseException` raise again what they do not know, or catch Exception",
        ref,
    )
    end_actor(home, ref, None, error, ())
