/* The dining philosophers of examples/models/philosophers.py: N at a round table, with N forks.

   A philosopher takes one fork, then the other, and puts them down in the same order: one step
   each, between four places to wait at.  3^N - 1 states; in one of them nobody can go on. */

bool fork[N] = true;

#define first  fork[_pid]
#define second fork[(_pid + 1) % N]

active [N] proctype philosopher()
{
    do
    :: d_step { first -> first = false };   /* thinking */
       d_step { second -> second = false }; /* hungry */
       first = true;                        /* eating */
       second = true                        /* sated */
    od
}
