"""The commands of `flowlet play`, and how the fields of an event are asked for."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import EnumType
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from flowlet.tools.board import Board
from flowlet.tools.event_text import Vocabulary, shown, type_text
from flowlet.tools.graph import save_picture
from flowlet.tools.session import Answer, Deliver, Move, Session
from flowlet.tools.session_tests import save
from flowlet.tools.steps import Send, Wait, seconds, split_name, step_of
from flowlet.tools.targets import TargetError
from flowlet.tools.telling import say, table

#: Each with how it is written, and what it does.
COMMANDS: Final[dict[str, tuple[str, str]]] = {
    "NUMBER": ("1", "send what stands there under that number; its fields are asked for"),
    "EVENT": ("Coin(5), Coin, north: Push", "send it; a bare name with fields is asked for them"),
    "wait": ("wait 2.5", "let so many seconds pass"),
    "advance": ("advance", "let time pass to the next timer"),
    "step": ("step", "make one delivery"),
    "go": ("go", "make all deliveries that are ready"),
    "gives": ("gives 250", "what the performed function gives"),
    "fails": ("fails no answer", "the performed function raises RuntimeError with that text"),
    "call": ("call", "really call the performed function"),
    "undo": ("undo [N]", "go back a move, or N"),
    "redo": ("redo [N]", "go forward again"),
    "restart": ("restart", "back to the beginning; redo goes forward from there"),
    "state": ("state", "where it is, what is accepted, which timers are armed"),
    "history": ("history", "the moves so far"),
    "save": ("save test_gate.py", "write the session as a test; --force to write over one"),
    "graph": ("graph [FILE] [ACTOR]", "draw the machine, with what was done in bold"),
    "quit": ("quit", "end"),
}
_OTHER_NAMES: Final = {"?": "help", "q": "quit", "exit": "quit", "u": "undo", "r": "redo"}


class Quit(Exception):  # noqa: N818  # nothing is wrong
    """The person has had enough."""


@dataclass
class Player:
    """Does what the person says."""

    session: Session
    module: ModuleType
    board: Board
    #: Reads a line after a prompt.
    read: Callable[[str], str]
    _machine: Any = field(default=None, init=False)

    def obey(self, line: str) -> None:
        """Do what a line says.  Raises `TargetError` for what cannot be done, and says why."""
        word, _, rest = line.partition(" ")
        word, rest = _OTHER_NAMES.get(word, word), rest.strip()
        if word.isdecimal() and not rest:
            self._send_numbered(int(word))
            return
        match word:
            case "wait":
                self._do(Wait(seconds(rest)))
            case "advance":
                armed = self.session.armed()
                if not armed:
                    raise TargetError("no timer is armed: nothing happens by time alone.")
                self._do(Wait(max(0.0, armed[0][2])))
            case "step" | "go":
                self._do(Deliver(all=word == "go"))
            case "gives":
                self._do(Answer(self._words().value(rest)))
            case "fails":
                self._do(Answer(error=RuntimeError(rest)))
            case "call":
                self._call()
            case "undo" | "redo":
                self._go_in_time(word, rest)
            case "restart":
                while self.session.moves:
                    self.session.undo()
                self.board.show()
            case "state":
                self.board.show()
            case "history":
                self.board.show_history()
            case "save":
                self._save(rest)
            case "graph":
                self._graph(rest)
            case "quit":
                raise Quit
            case "help":
                self._help()
            case _:
                self._send_text(line)

    # --- events ---------------------------------------------------------------------------

    def _send_numbered(self, number: int) -> None:
        accepted = self.session.accepted()
        if not 1 <= number <= len(accepted):
            last = f" to {len(accepted)}" if len(accepted) > 1 else ""
            there = f"give 1{last}" if accepted else "no event is accepted here"
            raise TargetError(f"there is no event {number}: {there}.")
        ref, kind = accepted[number - 1]
        to = ref.name if self.session.drive.is_system or len(self.session.drive.cast) > 1 else ""
        self._do(Send(self._asked(kind), to))

    def _send_text(self, line: str) -> None:
        to, text = split_name(line)
        words = self._words()
        if to:
            self._check_alive(to)
        if text in words.classes and text in words.events:
            self._do(Send(self._asked(words.classes[text]), to))
            return
        try:
            step = step_of(line, words)
        except TargetError as error:
            raise TargetError(f"{error} `?` tells the commands.") from None
        self._do(step)

    def _check_alive(self, name: str) -> None:
        """Raise `TargetError` for an actor that takes no mail, before any field is asked for."""
        ref = self.session.drive.receiver(name)
        if not ref.alive:
            raise TargetError(f"{name} has ended in {ref.path_text()}: undo goes back before that.")

    def _words(self) -> Vocabulary:
        return Vocabulary(self.module, (kind for _, kind in self.session.accepted()))

    def _asked(self, kind: type) -> Any:
        """An event of this type, with each of its fields asked for."""
        fields: dict[str, FieldInfo] = getattr(kind, "model_fields", {})
        given: dict[str, Any] = {}
        for name, info in fields.items():
            value = self._field(name, info)
            if value is not _LEFT_OUT:
                given[name] = value
        words = self._words()
        words.classes[kind.__name__] = kind
        return words.make(kind.__name__, (), given)

    def _field(self, name: str, info: FieldInfo) -> Any:
        default = (
            "" if info.is_required() else f" [{shown(info.get_default(call_default_factory=True))}]"
        )
        prompt = f"  {name} ({type_text(info.annotation)}){default}: "
        adapter: TypeAdapter[Any] = TypeAdapter(_annotated(info))
        while True:
            text = self.read(prompt).strip()
            if not text and not info.is_required():
                return _LEFT_OUT
            if not text and info.annotation is not str:
                raise TargetError(f"{name} has no default: nothing was sent.")
            problem = ""
            kind = info.annotation
            members = kind.__members__ if isinstance(kind, EnumType) else {}
            for value in (self._words().value(text), text, *filter(None, [members.get(text)])):
                try:
                    return adapter.validate_python(value)
                except ValidationError as error:
                    problem = problem or error.errors()[0]["msg"]
            if members:
                problem = f"give one of {', '.join(members)}"
            say(self.board.said, f"  {problem}", "yellow")

    # --- moves ----------------------------------------------------------------------------

    def _do(self, move: Move) -> None:
        self.board.show_happened(self.session.do(move))
        self.board.show()

    def _call(self) -> None:
        if not self.session.stage.performed:
            raise TargetError("no call waits for its result.")
        performed = self.session.stage.performed[0]
        try:
            answer = Answer(performed.fn(*performed.args))
        except Exception as error:
            answer = Answer(error=error)
        self._do(answer)

    def _go_in_time(self, word: str, rest: str) -> None:
        if rest and not rest.isdecimal():
            raise TargetError(f"{word} takes a number of moves, not {rest!r}: {word} 3")
        for _ in range(int(rest or 1)):
            if word == "undo":
                self.session.undo()
            else:
                self.board.show_happened(self.session.redo())
        self.board.show()

    # --- files ----------------------------------------------------------------------------

    def _save(self, rest: str) -> None:
        words = shlex.split(rest)
        force = "--force" in words
        names = [word for word in words if word != "--force"]
        if len(names) != 1:
            raise TargetError("save takes the name of a file: save test_gate.py")
        save(self.session, self.module, Path(names[0]), force)
        say(self.board.said, f"written: {names[0]}, run it with pytest", "green")

    def _graph(self, rest: str) -> None:
        from flowlet.introspect import explore

        session = self.session
        name, actor, *more = [*shlex.split(rest), "", ""]
        if any(more):
            raise TargetError("graph takes a file, and of a system the name of an actor.")
        machine = self._machine = self._machine or explore(session.fn)
        graph = machine.graph
        if session.drive.is_system:
            actors = [one.name for one in next(machine.states).actors]
            if len(actors) == 1:
                actor = actors[0]
            if actor not in actors:
                raise TargetError(f"say whose: graph FILE ACTOR; there are {', '.join(actors)}.")
            ref = next(ref for ref in session.drive.cast if ref.name == actor)
            graph = machine.graph_of(actor).merge(session.observation.graph_of(ref.function))
        else:
            graph = graph.merge(session.observation.graph_of(graph.name))
        shown = session.target.rpartition(":")[2].rpartition(".")[2]
        path = save_picture(graph, name or f"{shown}.svg", shown)
        say(self.board.said, f"written: {path}", "green")

    def _help(self) -> None:
        from rich.text import Text

        rows = [(Text(written, "bold"), what) for written, what in COMMANDS.values()]
        table(self.board.said, ("write", "to"), rows, most=len(rows))


class _LeftOut:
    """Stands for a field that keeps its default."""


_LEFT_OUT: Final = _LeftOut()


def _annotated(info: FieldInfo) -> Any:
    """The type of a field with its bounds, for pydantic to check a value by."""
    from typing import Annotated

    annotation = info.annotation
    for one in info.metadata:
        annotation = Annotated[annotation, one]  # type: ignore[assignment]
    return annotation
