"""The branches on an actor's steps, found out when they are wanted.

While several actors are searched, nothing is traced: that took an eighth of the time of two-phase
commit with six managers, and hardly any of it was ever shown.  Where a picture is to say which
conditions decide, the steps of that actor are run again.
"""

from __future__ import annotations

from threading import RLock
from typing import Final

from .local import LocalMachine
from .record import Move
from .scene import Stimulus
from .standing import LocalState, Outcome, Ran

#: Python has one place for tracers, and steps of one actor are run by one thread.
_ONE_AT_A_TIME: Final = RLock()


def trace(machine: LocalMachine) -> list[str]:
    """Find out the branches on all steps of an actor, as far as they are not known.

    Returns a note where that cannot be: a step does not do what it did before, since what it reads
    has changed.  Then those of no step are told, for a guard has to hold against all others.
    """
    with _ONE_AT_A_TIME:
        pen = machine.pen
        missing = [
            (state, step, ran)
            for state in machine.states
            for step, ran in state.ran.items()
            if not ran.is_traced
        ]
        if pen is None or not missing:
            return []
        pen.traces, traced = True, []
        try:
            with pen.patience, pen.tracer:
                if not pen.tracer.ears.hears:
                    return [
                        f"conditions of {machine.name} are not shown, since debuggers or profilers "
                        "use all that Python has for tracing: end one of them, and draw it again"
                    ]
                for state, step, ran in missing:
                    traced.append((ran, _run_again(machine, state, step, ran)))
        except Exception as error:
            return [
                f"conditions of {machine.name} are not shown, since its steps do not run again as "
                f"they did: {error}; explore it again, to draw what it is now"
            ]
        finally:
            pen.traces = False
            machine.dispose()
        for ran, again in traced:
            # What was given out may be another: a time that was read, for one.
            for move, other in zip(ran.drawn, again, strict=False):
                move.atoms = other.atoms
            ran.is_traced = True
        return []


def _run_again(
    machine: LocalMachine, state: LocalState, step: tuple[Stimulus, Outcome], ran: Ran
) -> tuple[Move, ...]:
    """What an actor does in a step that it has done before.

    Raises `ExploreError` where it does something else.
    """
    stimulus, outcome = step
    scene = machine.scene_at(state)
    ref = scene.cast[machine.number]
    member = scene.member(ref, stimulus.slot)
    machine.exchange.set_cells(scene, ran.cells)
    event = machine.exchange.here(ran.event, scene)
    chosen = stimulus._replace(picks=outcome.picks)
    machine.draw(scene, member, state, chosen, event)
    target = machine.states[outcome.target]
    machine.check_same(scene, ref, target)
    machine.keep(scene, target)
    assert machine.pen is not None
    return machine.pen.drawn(outcome)
