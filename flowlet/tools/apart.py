"""Explores a target in a process of its own, for `flowlet diff`.

Two versions of a module in one process would share what is imported.

    python -P apart.py WHERE-FLOWLET-IS '{"target": …, "folders": […], "inside": …, "options": {…}}'

`folders` are looked through first for modules, `inside` is where the target's file has to be; the
graph goes to the standard output as JSON.
"""

from __future__ import annotations

import json
import os
import sys


def main() -> int:
    """Explore, and print the graph; or say what is wrong, and return 2."""
    home, order = sys.argv[1], json.loads(sys.argv[2])
    sys.path.insert(0, home)
    import flowlet.introspect
    from flowlet.errors import FlowletError
    from flowlet.tools.searching import of_actor, search_of
    from flowlet.tools.targets import TargetError, told_as_theirs

    sys.path.remove(home)
    sys.path[:0] = order["folders"]
    given, sys.stdout = sys.stdout, sys.stderr  # what a module prints is no part of the graph
    try:
        search = search_of(order["target"], **order["options"])
        file = os.path.realpath(getattr(search.module, "__file__", None) or "")
        if not file.startswith(os.path.realpath(order["inside"]) + os.sep):
            raise TargetError(
                f"{search.module.__name__} is imported from {file}, which is not of this "
                "revision: give the target as a file, path/file.py:NAME."
            )
        explored = flowlet.introspect.explore(search.fn, **search.options)
        given.write(of_actor(explored, order["actor"]).text("json"))
    except (TargetError, FlowletError) as error:
        print(error, file=sys.stderr)
        return 2
    except Exception as error:
        theirs = told_as_theirs(error)
        if theirs is None:
            raise
        print(theirs, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
