"""Patience: a function that computes for very long between two waits is taken to loop for ever.

While a search runs, a thread looks now and then whether the step that is being run is still the
same.  The steps tell it nothing but their number, so they run as fast as without it.  When patience
is over an exception is raised in the actor, as `KeyboardInterrupt` would be.
"""

from __future__ import annotations

import _thread
from threading import get_ident
from typing import Any, Final

from .. import names
from ..actor import ActorRef
from ..errors import ExploreError

#: Seconds that a step may take,
LIMIT: Final = 5.0
#: and how often it is looked at in that time: a process that was halted has had no look.
LOOKS: Final = 5


class EndlessLoop(BaseException):
    """Thrown into a function that does not reach a wait."""

    def told(self, ref: ActorRef[Any]) -> ExploreError:
        """The error for whoever explores; the line is the innermost one of the user's."""
        place, trace = "", self.__traceback__
        while trace is not None:
            file = trace.tb_frame.f_code.co_filename
            if names.is_users_file(file):
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
        self._over: _thread.LockType | None = None

    def __enter__(self) -> Patience:
        import ctypes

        thread = ctypes.c_ulong(get_ident())
        raise_in_thread = ctypes.pythonapi.PyThreadState_SetAsyncExc
        over = self._over = _thread.allocate_lock()
        over.acquire()

        def look() -> None:
            looks, last = 0, self.steps
            while not over.acquire(timeout=LIMIT / LOOKS):
                steps = self.steps
                looks = looks + 1 if steps == last and steps % 2 else 0
                if looks >= LOOKS and steps == self.steps:
                    raise_in_thread(thread, ctypes.py_object(EndlessLoop))
                    looks = 0
                last = steps

        # Not a `threading.Thread`: nobody waits for it at the end of the program.
        _thread.start_new_thread(look, ())
        return self

    def __exit__(self, *exc: object) -> None:
        assert self._over is not None
        self._over.release()
