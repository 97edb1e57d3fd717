"""The life of an actor: what the table says is what actors do, and what the documentation shows."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from flowlet import ActorRef, Dispatcher, Event, StateGraph, receive, sleep, spawn, supervise
from flowlet.actor import LIFE
from flowlet.introspect import State, Transition

PICTURE = Path(__file__).parents[1] / "docs" / "pictures" / "actor-life.svg"


class Knock(Event): ...


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> set[tuple[str, str]]:
    """The changes of phase that actors go through from now on."""
    changes: set[tuple[str, str]] = set()
    slot: Any = ActorRef.__dict__["phase"]

    def change(ref: ActorRef[Any], phase: str) -> None:
        before = slot_value(ref)
        if before is not None:
            changes.add((before, phase))
        slot.__set__(ref, phase)

    def slot_value(ref: ActorRef[Any]) -> str | None:
        try:
            return str(slot.__get__(ref))
        except AttributeError:
            return None

    monkeypatch.setattr(ActorRef, "phase", property(slot.__get__, change))
    return changes


def test_actors_live_as_the_table_says(seen: set[tuple[str, str]]) -> None:
    """Every change of phase stands in the table, and every line of the table happens."""

    def guest() -> None:
        receive(Knock)

    def host() -> None:
        spawn(guest)
        receive(Knock)

    def slow_to_leave() -> None:
        try:
            receive(Knock)
        finally:
            sleep(60)

    def clumsy() -> None:
        if not glasses:
            glasses.append("broken")
            raise ValueError(glasses)

    glasses: list[str] = []
    with Dispatcher() as d:
        d.spawn(lambda: supervise(clumsy))
        d.spawn(guest).stop()
        first = d.spawn(host)
        first.send(Knock())
        stopped = d.spawn(slow_to_leave)
        d.settle()
        stopped.stop(grace=1)
        d.advance(2)
        assert not stopped.alive
        d.spawn(slow_to_leave)
        d.settle()
    table = {(before, after) for before, _, after in LIFE}
    assert seen == table


def life() -> StateGraph:
    """The table as a graph."""
    phases = dict.fromkeys(phase for before, _, after in LIFE for phase in (before, after))
    return StateGraph(
        name="actor",
        states=tuple(
            State(path=(phase,), kind="final" if phase == "ended" else "state") for phase in phases
        ),
        transitions=tuple(
            Transition(source=before, event=cause, target=after) for before, cause, after in LIFE
        ),
        initial=("spawned",),
    )


def test_the_picture_of_the_life_is_drawn_from_the_table(tmp_path: Path) -> None:
    """The design page shows the table, so it cannot show anything else."""

    def words(picture: Path) -> list[str]:
        texts = ElementTree.parse(picture).iter("{http://www.w3.org/2000/svg}text")
        return sorted("".join(text.itertext()) for text in texts)

    drawn = life().save(tmp_path / "actor-life.svg")
    if os.environ.get("UPDATE_PICTURES"):
        shutil.copy(drawn, PICTURE)
    assert words(drawn) == words(PICTURE), "if it is meant to look so: make pictures"
