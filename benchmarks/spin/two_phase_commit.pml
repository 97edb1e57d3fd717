/* Two-phase commit as in examples/models/two_phase_commit.py: a coordinator and N managers, at
   most eight.

   The network keeps all that was sent and may deliver it again, so it is a set of messages: a bit
   for each.  An actor that has ended stays at the label that says how. */

#define MANAGER(n) (1 << n)
#define ALL        ((1 << N) - 1)

byte prepared;      /* sent: Prepared, by these managers */
bool commit, abort; /* sent: Commit, Abort */
byte heard;         /* those that the coordinator has heard from */

active [N] proctype manager()
{
    if /* working */
    :: prepared = prepared | MANAGER(_pid)
    :: goto end_aborted
    :: commit -> goto end_committed
    :: abort -> goto end_aborted
    fi;
    if /* prepared */
    :: commit -> goto end_committed
    :: abort -> goto end_aborted
    fi;
end_committed:
    false;
end_aborted:
    false
}

#define HEAR(n) :: d_step { (prepared & MANAGER(n)) -> heard = heard | MANAGER(n) }

active proctype coordinator()
{
    do /* init */
    HEAR(0) HEAR(1) HEAR(2) HEAR(3) HEAR(4) HEAR(5) HEAR(6) HEAR(7)
    :: d_step { heard == ALL -> commit = true }; goto end_committed
    :: abort = true; goto end_aborted
    od;
end_committed:
    false;
end_aborted:
    false
}
