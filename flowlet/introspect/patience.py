"""Patience: a function that computes for very long between two waits is taken to loop for ever.

While a search runs, a thread looks now and then whether the step that is being run is still the
same.  The steps tell it nothing but their number, so they run as fast as without it.  When patience
is over an exception is raised in the actor, as `KeyboardInterrupt` would be.  It is the time of the
processor that counts, where that can be asked of a thread: whoever stands at a debugger's prompt,
or shares the machine with others, does not loop.
"""

from __future__ import annotations

import _thread
import time
from collections.abc import Callable
from contextlib import suppress
from threading import get_ident
from typing import Any, Final

from .. import names
from ..actor import ActorRef
from ..errors import ExploreError

#: Seconds that a step may take,
LIMIT: Final = 5.0
#: and how often it is looked at in that time: a process that was halted has had no look.
LOOKS: Final = 5

#: By thread: who looks at its steps.
_WATCHING: dict[int, Patience] = {}


class EndlessLoop(BaseException):
    """Thrown into a function that does not reach a wait."""

    def told(self, ref: ActorRef[Any]) -> ExploreError:
        """The error for whoever explores; the line is the innermost one of the user's."""
        place, trace = "", self.__traceback__
        while trace is not None:
            file = trace.tb_frame.f_code.co_filename
            if names.is_users_file(file) and not file.startswith("<frozen "):
                place = f", at {file}:{trace.tb_lineno}"
            trace = trace.tb_next
        return ExploreError(
            f"{ref.name} computes for ever, or for very long, without a wait{place}; let the loop "
            "wait for something, or end"
        )


class Patience:
    """How long a step may take; within a `with` block somebody looks."""

    def __init__(self) -> None:
        #: How many steps have begun, and how many are over: an odd number while one is run.
        self.steps: int = 0
        #: Of the step in which it was over, the number.
        self.was_over: int = 0
        self._end: _thread.LockType | None = None
        #: Whose step it is in which somebody explores.
        self._outer: Patience | None = None

    def __enter__(self) -> Patience:
        import ctypes

        me = get_ident()
        self._outer = _WATCHING.get(me)
        if self._outer is not None:
            self._outer.steps += 1  # what is explored within a step is no part of it
        _WATCHING[me] = self
        thread = ctypes.c_ulong(me)
        raise_in_thread = ctypes.pythonapi.PyThreadState_SetAsyncExc
        spent = _clock_of(me)
        end = self._end = _thread.allocate_lock()
        end.acquire()

        def look() -> None:
            looks, last, since = 0, self.steps, spent()
            while not end.acquire(timeout=LIMIT / LOOKS):
                steps, now = self.steps, spent()
                if steps != last or not steps % 2:
                    looks, last, since = 0, steps, now
                    continue
                looks += 1
                if looks >= LOOKS and now - since >= LIMIT and steps == self.steps:
                    self.was_over = steps
                    raise_in_thread(thread, ctypes.py_object(EndlessLoop))
                    looks = 0  # who has caught it hears of it again

        with suppress(RuntimeError):  # there are no new threads when the program is ending
            # Not a `threading.Thread`: nobody waits for it at the end of the program.
            _thread.start_new_thread(look, ())
        return self

    def begin(self) -> int:
        """A step begins; its number."""
        self.steps += 1
        return self.steps

    def end(self) -> None:
        """It is over."""
        self.steps += 1

    def __exit__(self, *exc: object) -> None:
        assert self._end is not None
        self._end.release()
        if self._outer is None:
            del _WATCHING[get_ident()]
        else:
            _WATCHING[get_ident()] = self._outer
            self._outer.steps += 1


def _clock_of(thread: int) -> Callable[[], float]:
    """How many seconds of the processor a thread has had; else, how many have passed."""
    try:
        clock = time.pthread_getcpuclockid(thread)
    except (AttributeError, OSError):
        return time.monotonic  # not every system tells
    return lambda: time.clock_gettime(clock)
