"""`flowlet play`: a machine to try out, in a terminal or from a script of one command a line."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from flowlet.errors import FlowletError
from flowlet.tools.board import Board
from flowlet.tools.options import SeedText, Target, seed_of
from flowlet.tools.player import COMMANDS, Player, Quit
from flowlet.tools.session import Session
from flowlet.tools.targets import TargetError, actor_function
from flowlet.tools.telling import console, say

if TYPE_CHECKING:
    from rich.console import Console


def play(
    target: Target,
    seed: SeedText = "0",
) -> None:
    """Try a machine out: see its state, send it what it accepts, go back and forward in time.

    A session can be saved as a test. `?` tells the commands; they can also come from a pipe, one a
    line. Performed functions are not called: you say what they give.

    For example: `flowlet play examples/door.py:door`
    """
    module, fn = actor_function(target)
    said = console()
    session = Session(target, fn, seed_of(seed))
    board = Board(said, session)
    read = _reader(said, session)
    player = Player(session, module, board, read)
    try:
        board.show_happened(session.happened[0])
        board.show()
        if sys.stdin.isatty():
            said.print("[dim]? tells the commands[/]")
        _loop(said, player, read)
    finally:
        session.close()


def _loop(said: Console, player: Player, read: Callable[[str], str]) -> None:
    while True:
        try:
            line = read("> ").strip()
            if line and not line.startswith("#"):
                player.obey(line)
        except (TargetError, FlowletError, OSError) as error:
            say(said, str(error), "yellow")
        except KeyboardInterrupt:
            said.print("\n[dim]quit ends it[/]")
        except (Quit, EOFError):
            return


def _reader(said: Console, session: Session) -> Callable[[str], str]:
    """How lines are read: with a history and completion in a terminal, echoed from a pipe."""
    if sys.stdin.isatty():
        _complete_words(session)
        return input

    def echoed(prompt: str) -> str:
        line = sys.stdin.readline()
        if not line:
            raise EOFError
        say(said, prompt + line.rstrip("\n"), "bold")
        return line.rstrip("\n")

    return echoed


def _complete_words(session: Session) -> None:
    try:
        import readline
    except ImportError:  # not on Windows; lines are read without it
        return

    def complete(text: str, place: int) -> str | None:
        events = [kind.__name__ for _, kind in session.accepted()]
        commands = [name for name in COMMANDS if name.islower()]
        found = [name for name in (*events, *commands) if name.startswith(text)]
        return found[place] if place < len(found) else None

    readline.set_completer(complete)
    readline.parse_and_bind("tab: complete")
