"""What is done to a run, step by step: an event is sent, or time passes.

    Coin(5)                  send it to the only actor, or to the one that is meant
    north: Coin(5)           send it to the actor of that name
    wait 10                  let ten seconds pass
    {"event": "Coin", "fields": {"value": 5}, "to": "north"}
    {"wait": 10}

`flowlet run` reads such lines from its arguments and from a file, `flowlet play` from the keyboard.
In a file `#` begins a comment, and an empty line is none.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from flowlet.tools.event_text import Vocabulary
from flowlet.tools.targets import TargetError


@dataclass(frozen=True, slots=True)
class Send:
    """An event for an actor; `to` is its name, empty for the only one."""

    event: Any
    to: str = ""


@dataclass(frozen=True, slots=True)
class Wait:
    """Time passes."""

    seconds: float


Step = Send | Wait


def step_of(line: str, words: Vocabulary) -> Step:
    """The step that a line says.  Raises `TargetError` for one that says none."""
    line = line.strip()
    if line.startswith("{"):
        return _of_json(line, words)
    waiting = re.fullmatch(r"wait\s+(\S+?)\s*s?", line)
    if waiting:
        return Wait(seconds(waiting[1]))
    to, event = split_name(line)
    return Send(words.event(event), to)


def split_name(line: str) -> tuple[str, str]:
    """The name of an actor before an event, and the rest: `north: Coin(5)`."""
    named = re.match(r"([^(\"']+?):\s+(.*)", line)
    return (named[1], named[2]) if named else ("", line)


def seconds(text: str) -> float:
    """Seconds as written.  Raises `TargetError` for what are none."""
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not 0 <= found < math.inf:
        raise TargetError(f"wait takes seconds, zero or more, not {text!r}: wait 2.5")
    return found


def steps_of(lines: Iterable[str], words: Vocabulary, place: str) -> Iterator[Step]:
    """The steps of a file; what cannot be read is told with its line."""
    for number, line in enumerate(lines, 1):
        bare = line.strip()
        if not bare or bare.startswith("#"):
            continue
        try:
            yield step_of(bare, words)
        except TargetError as error:
            raise TargetError(f"{place}, line {number}: {error}") from None


def _of_json(line: str, words: Vocabulary) -> Step:
    try:
        said = json.loads(line)
    except ValueError as error:
        raise TargetError(f"{line!r} is no JSON: {error}.") from None
    if "wait" in said:
        return Wait(seconds(str(said["wait"])))
    return Send(words.event_of_json(said), str(said.get("to", "")))
