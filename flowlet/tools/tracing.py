"""What a run did, as lines: told while it goes, written to a file, read back for its coverage.

A trace is a file of JSON lines, each a `TraceLine`.  It is what an instrument hears, so a trace can
be written by any program: `d.listen(Tracing(write))`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from flowlet import names
from flowlet.actor import ActorRef
from flowlet.events import Over, Timeout, label_of
from flowlet.instrument import Discarded, Emitted, Ended, Record, Sent
from flowlet.introspect.model import StateGraph
from flowlet.introspect.record import Follower
from flowlet.tools.answers import TraceLine
from flowlet.tools.event_text import shown
from flowlet.tools.targets import TargetError


class Tracing:
    """A listener that makes a line of each step of each actor and gives it to `write`."""

    def __init__(self, write: Callable[[TraceLine], object]) -> None:
        self.write = write
        self.followers: dict[ActorRef[Any], Follower] = {}
        self.outputs: dict[ActorRef[Any], list[str]] = {}

    def __call__(self, record: Record) -> None:
        """Take a record; called by the dispatcher."""
        ref = record.actor
        if isinstance(record, Sent):
            if record.sender is not None and record.sender in self.followers:
                text = f"send {shown(record.event)} to {ref.name}"
                self.outputs.setdefault(record.sender, []).append(text)
            return
        follower = self.followers.setdefault(ref, Follower())
        before = names.text(follower.at or ())
        if isinstance(record, Emitted):
            self.outputs.setdefault(ref, []).append(f"emit {shown(record.value)}")
        elif isinstance(record, Discarded):
            event = record.event
            self._line("discarded", record, before, label_of(event), shown(event), before)
        move = follower.take(record)
        if move is not None:
            label = move.event
            unnamed = move.cause is None or isinstance(move.cause, Timeout | Over)
            text = label if unnamed else shown(move.cause)
            self._line("step", record, before, label, text, names.text(move.stop.path))
        if isinstance(record, Ended):
            after = names.text(record.state)
            ending = f"result {shown(record.result)}"
            if record.error is not None:
                ending = f"{type(record.error).__name__}: {record.error}"
            self._line("ended", record, after, "", ending, after)
            del self.followers[ref]

    def _line(
        self, kind: str, record: Record, source: str, event: str, text: str, target: str
    ) -> None:
        outputs = () if kind == "discarded" else tuple(self.outputs.pop(record.actor, ()))
        self.write(
            TraceLine(
                kind=kind,
                time=record.time,
                actor=record.actor.name,
                function=names.function_name(record.actor.function),
                source=source,
                event=event,
                text=text,
                target=target,
                outputs=outputs,
            )
        )


def read(path: Path) -> list[TraceLine] | StateGraph:
    """A trace, or a saved graph with counts.  Raises `TargetError` for what is neither."""
    if not path.is_file():
        raise TargetError(f"there is no trace {path}: flowlet run TARGET --trace {path} writes it.")
    text = path.read_text("utf-8")
    try:
        whole = json.loads(text)
    except ValueError:
        whole = None
    if isinstance(whole, dict) and "transitions" in whole:
        return read_graph(path)
    return list(_lines(text.splitlines(), path))


def _lines(texts: Iterable[str], path: Path) -> Iterable[TraceLine]:
    for number, text in enumerate(texts, 1):
        if not text.strip():
            continue
        try:
            line = json.loads(text)
            if line.get("kind") != "run":  # which stands at the end of `run --json`
                yield TraceLine.model_validate(line)
        except (ValueError, AttributeError) as error:
            raise TargetError(
                f"{path}, line {number}, is no line of a trace ({_first(error)}). A trace is what "
                "flowlet run --trace FILE writes; a saved graph is JSON as well."
            ) from None


def read_graph(path: Path) -> StateGraph:
    """A graph that was saved as JSON.  Raises `TargetError` for what is none."""
    try:
        return StateGraph.model_validate_json(path.read_text("utf-8"))
    except FileNotFoundError:
        raise TargetError(
            f"there is no file {path}: flowlet graph TARGET -o {path} writes it."
        ) from None
    except ValidationError as error:
        raise TargetError(
            f"{path} is no saved graph ({_first(error)}): flowlet graph TARGET -o {path} writes "
            "one."
        ) from None


def _first(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}".removeprefix(": ")
    return str(error)
