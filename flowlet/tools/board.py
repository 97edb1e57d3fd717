"""What `flowlet play` shows: where everybody is, what is accepted, which timers are armed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from flowlet import ActorRef
from flowlet.names import text
from flowlet.tools.event_text import shown, signature
from flowlet.tools.session import Answer, Deliver, Happened, Move, Session
from flowlet.tools.steps import Send, Wait
from flowlet.tools.telling import say, table

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text


class Board:
    """The screen of a session."""

    def __init__(self, said: Console, session: Session) -> None:
        self.said = said
        self.session = session

    # --- where it is ----------------------------------------------------------------------

    def show(self) -> None:
        """The states, what is accepted, the timers, and what is to be answered."""
        from rich.text import Text

        session = self.session
        time = f"at {session.stage.now():g} s"
        if len(session.drive.cast) == 1 and not session.drive.is_system:
            (ref,) = session.drive.cast
            self.said.print(
                Text.assemble(
                    *_state(ref), ("  ", ""), (time, "dim"), ("  ", ""), (_line(ref), "dim")
                )
            )
        else:
            say(self.said, time, "dim")
            rows = [
                (Text(ref.name, "bold"), Text.assemble(*_state(ref)), Text(_line(ref), "dim"))
                for ref in session.drive.cast
            ]
            table(self.said, ("actor", "state", "at"), rows, most=60)
        if session.stage.performed:
            self.said.print(
                Text.assemble(
                    ("  ? ", "bold yellow"),
                    (str(session.stage.performed[0]), "bold"),
                    "  gives VALUE, fails TEXT, or call",
                )
            )
            return
        for number, (ref, kind) in enumerate(session.accepted(), 1):
            to = f"{ref.name}: " if self._are_several() else ""
            self.said.print(
                Text.assemble((f"{number:3} ", "bold cyan"), (to, "dim"), signature(kind))
            )
        for name, label, left in session.armed():
            whose = f"{name}: " if name and self._are_several() else ""
            when = "" if label == f"after {left:g}s" else f" in {left:g} s"
            self.said.print(Text.assemble(("  ~ ", "yellow"), (whose, "dim"), label, (when, "dim")))
        for ref in session.drive.cast:
            whose = f"{ref.name}: " if self._are_several() else ""
            for event in session.drive.mail.of(ref) if not session.busy else ():
                self.said.print(
                    Text.assemble(
                        ("  = ", "yellow"), (whose, "dim"), shown(event), (" is kept", "dim")
                    )
                )
        if session.busy:
            say(self.said, "  … more is ready: step or go", "dim")

    def _are_several(self) -> bool:
        return self.session.drive.is_system or len(self.session.drive.cast) > 1

    # --- what has happened ----------------------------------------------------------------

    def show_happened(self, happened: Happened) -> None:
        """What a move did."""
        from rich.text import Text

        several = self._are_several()
        for line in happened.lines:
            name = (f"{line.actor}: ", "dim") if several else ("", "")
            match line.kind:
                case "discarded":
                    told: list[Any] = [line.text, (f" is thrown away in {line.source}", "yellow")]
                case "ended":
                    is_good = line.text.startswith("result ")
                    ending = "has ended" if line.text == "result None" else line.text
                    told = [
                        (ending if is_good else f"fails with {line.text}", "" if is_good else "red")
                    ]
                case _ if not line.text and not several:
                    told = []  # the first wait: the state is shown anyway
                case _:
                    told = [line.text, (" → " if line.text else "", "dim"), (line.target, "green")]
            if told:
                self.said.print(Text.assemble("  ", name, *told), soft_wrap=True)
            for output in line.outputs:
                what, _, value = output.partition(" ")
                self.said.print(
                    Text.assemble("    ", (f"{what} ", "dim"), (value, "cyan")), soft_wrap=True
                )

    def show_history(self) -> None:
        """The moves so far, and those that were undone."""
        session = self.session
        for number, move in enumerate(session.moves, 1):
            where = ", ".join(
                text(standing.state) for standing in session.happened[number].cast.values()
            )
            say(self.said, f"{number:3}. {told_move(move)}  → {where}")
        for move in reversed(session.undone):
            say(self.said, f"   . {told_move(move)}  (undone)", "dim")
        if not session.moves and not session.undone:
            say(self.said, "nothing has been done yet", "dim")


def told_move(move: Move) -> str:
    """A move as it would be typed."""
    match move:
        case Send(event=event, to=to):
            return f"{to}: {shown(event)}" if to else shown(event)
        case Wait(seconds=seconds):
            return f"wait {seconds:g}"
        case Answer(value=value, error=None):
            return f"gives {shown(value)}"
        case Answer(error=error):
            return f"fails {error}"
        case Deliver(all=every):
            return "go" if every else "step"


def _state(ref: ActorRef[Any]) -> list[tuple[str, str] | Text]:
    if ref.error is not None:
        return [(f"{text(ref.state)}", "bold red")]
    if not ref.alive:
        return [(text(ref.state), "bold"), (" (has ended)", "dim")]
    return [(text(ref.state) or "(not begun)", "bold green" if ref.state else "dim")]


def _line(ref: ActorRef[Any]) -> str:
    where = ref.where()
    if not where:
        return ""
    file, _, line = where[-1].rpartition(":")
    return f"{Path(file).name}:{line}"
