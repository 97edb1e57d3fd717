"""The branches on an actor's steps, found out when they are wanted.

While several actors are searched, nothing is traced: that took an eighth of the time of two-phase
commit with six managers, and hardly any of it was ever shown.  Where a picture is to say which
conditions decide, the steps of that actor are run again.
"""

from __future__ import annotations

from .local import LocalMachine
from .scene import Stimulus
from .standing import LocalState, Outcome, Ran


def trace(machine: LocalMachine) -> None:
    """Find out the branches on all steps of an actor, as far as they are not known.

    Raises `ExploreError` where a step does not do what it did before.
    """
    pen = machine.pen
    missing = [
        (state, step, ran)
        for state in machine.states
        for step, ran in state.ran.items()
        if not ran.is_traced
    ]
    if pen is None or not missing:
        return
    pen.traces = True
    try:
        with pen.tracer:
            for state, step, ran in missing:
                _run_again(machine, state, step, ran)
    finally:
        pen.traces = False
        machine.dispose()


def _run_again(
    machine: LocalMachine, state: LocalState, step: tuple[Stimulus, Outcome], ran: Ran
) -> None:
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
    # What was given out may be another: a time that was read, for one.
    for move, again in zip(ran.drawn, machine.pen.drawn(outcome), strict=False):
        move.atoms = again.atoms
    ran.is_traced = True
