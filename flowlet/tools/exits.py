"""How a command ends: the exit codes, and what becomes of an error.

A program that calls `flowlet` reads one number, so *no* (a check has failed) is told apart from
*not asked rightly* (there is no such function).  An error that a person can put right is one
message without a traceback; one that is flowlet's own fault keeps its traceback, since that is what
a report of it needs.
"""

from __future__ import annotations

import functools
import traceback
from collections.abc import Callable
from enum import IntEnum
from typing import NoReturn, ParamSpec, TypeVar

import typer

from flowlet.errors import FlowletError
from flowlet.export import NoGraphvizError
from flowlet.tools.targets import TargetError, told_as_theirs
from flowlet.tools.telling import console

P = ParamSpec("P")
T = TypeVar("T")


class Exit(IntEnum):
    """The exit codes of every command."""

    GOOD = 0
    NO = 1
    WRONG_USE = 2
    FAULT = 3
    STOPPED = 130


#: What each means; the help and the page of the command line say it in these words.
MEANING: dict[Exit, str] = {
    Exit.GOOD: "done, and the answer is yes",
    Exit.NO: "the answer is no: a check failed, two versions differ, a run failed, "
    "too little was covered",
    Exit.WRONG_USE: "something that you can put right: the message says what",
    Exit.FAULT: "a fault of flowlet itself, with its traceback",
    Exit.STOPPED: "stopped by Ctrl-C",
}


def end(code: Exit) -> NoReturn:
    """End the command with this code."""
    raise typer.Exit(int(code))


def give_up(message: str) -> NoReturn:
    """End the command with a message of what is to be put right."""
    from rich.text import Text

    console(stderr=True).print(Text.assemble(("error: ", "bold red"), message))
    end(Exit.WRONG_USE)


def ending_well(command: Callable[P, T]) -> Callable[P, T]:
    """A command that ends with one of the codes, whatever happens in it."""

    @functools.wraps(command)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return command(*args, **kwargs)
        except (typer.Exit, typer.Abort, typer.BadParameter):
            raise
        except KeyboardInterrupt:
            end(Exit.STOPPED)
        except BrokenPipeError:
            # Whoever read the output has seen enough: `flowlet paths … | head`.
            _no_more_output()
            end(Exit.GOOD)
        except (TargetError, FlowletError, NoGraphvizError, OSError) as error:
            give_up(str(error))
        except Exception as error:
            theirs = told_as_theirs(error)
            if theirs is not None:
                give_up(theirs)
            traceback.print_exc()
            console(stderr=True).print(
                "This is a fault of flowlet itself; please report it with the lines above."
            )
            end(Exit.FAULT)

    return guarded


def _no_more_output() -> None:
    """Python writes what is left at its end, and would fail once more."""
    import os
    import sys

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
