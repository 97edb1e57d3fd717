"""Well-known models of concurrency, each a page of linear actors, with the states that it has.

    python -m examples.models                      lists them
    python -m examples.models "increment 2" run    runs the actors on a dispatcher
    python -m examples.models "increment 2" graph  explores the system, counts, draws
    python -m examples.models "increment 2" check  proves what is said of it, or shows the way

What is run is what is explored.  How many states a model has is known from its specification, and
the module's docstring says why its functions have as many: a state is where each actor waits, with
the variables that it will read again, what is in the cells, and what is on its way.
"""
