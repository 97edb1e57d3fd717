"""What people would use instead, each at the same task: `SUBJECTS` is all of them.

A module holds one task, and in it flowlet and every peer that can do it, through the call that
its own documentation shows first.  Every function builds its machine, times nothing but the
events, and asserts at the end that the machine has done its work: a peer that quietly ignored the
events would be very fast.

How the peers are set.  Nobody logs: `transitions`, `python-statemachine` and
`xstate-statemachine` write records below the level that Python's logging lets through unless it
is told otherwise.  What was set beyond the defaults stands in each subject's `note`.
"""

from __future__ import annotations

from benchmarks.peers import nested, pingpong, regions, timers, turnstile

SUBJECTS = (
    *turnstile.SUBJECTS,
    *nested.SUBJECTS,
    *regions.SUBJECTS,
    *timers.SUBJECTS,
    *pingpong.SUBJECTS,
)
