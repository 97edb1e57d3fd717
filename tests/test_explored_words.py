"""Exploring the words that came with the whole language: handlers, regions, history, chance."""

from __future__ import annotations

import pytest

from flowlet import (
    Dispatcher,
    Event,
    ExploreError,
    Request,
    choose,
    explore,
    observe,
    on,
    parallel,
    pause,
    perform,
    race,
    receive,
    rng,
    sleep,
    state,
    until,
    whereis,
)


class On(Event): ...


class Off(Event): ...


class Next(Event): ...


class Bell(Event): ...


class Get(Request[int]): ...


def answer(bell: Bell) -> None:
    with state("answering"):
        sleep(2)


def reader() -> None:
    with on(Bell, answer, freeze=True), state("reading"):
        while True:
            receive(Next, after=5)


def test_a_handler_that_waits_is_a_state_of_its_own() -> None:
    """Named by its own blocks; it comes back to where it was."""
    x = explore(reader)
    assert x.complete
    assert x.graph.triples() == {
        ("reading", "Next", "reading"),
        ("reading", "after 5s", "reading"),
        ("reading", "Bell", "answering"),
        ("answering", "after 2s", "reading"),
    }


def light() -> None:
    while True:
        receive(On, at="dark")
        receive(Off, at="bright")


def sound() -> None:
    while True:
        receive(On, at="quiet")
        receive(Next, after=3, at="loud")


def room() -> None:
    with until(Bell), state("room"):
        parallel(light, sound)


def test_regions_stand_side_by_side() -> None:
    """An event that both take is one edge; the `until` round them leads out of every pair."""
    x = explore(room)
    assert x.complete
    assert x.graph.triples() == {
        ("room/dark | quiet", "On", "room/bright | loud"),
        ("room/bright | loud", "Off", "room/dark | loud"),
        ("room/bright | loud", "Next", "room/bright | quiet"),
        ("room/bright | loud", "after 3s", "room/bright | quiet"),
        ("room/bright | quiet", "Off", "room/dark | quiet"),
        ("room/bright | quiet", "On", "room/bright | loud"),
        ("room/dark | loud", "On", "room/bright | loud"),
        ("room/dark | loud", "Next", "room/dark | quiet"),
        ("room/dark | loud", "after 3s", "room/dark | quiet"),
        *(
            (f"room/{one} | {other}", "Bell", "end")
            for one in ("dark", "bright")
            for other in ("quiet", "loud")
        ),
    }


def first() -> str:
    with state("heat"):
        which, _ = race(lambda: receive(On, at="a"), lambda: receive(Off, after=9, at="b"))
    with state("won" if which == 0 else "lost"):
        receive(Next)
    return "done"


def test_a_race_leads_on_by_its_winner() -> None:
    """Each way to end it is found."""
    edges = explore(first).graph.triples()
    assert {edge for edge in edges if edge[0] == "heat/a | b"} == {
        ("heat/a | b", "On", "won"),
        ("heat/a | b", "Off", "lost"),
        ("heat/a | b", "after 9s", "lost"),
    }


def player() -> None:
    while True:
        with until(Off), state("player", history="shallow") as memory:
            if memory.last != ("paused",):
                with state("playing"):
                    receive(Next)
            with state("paused"):
                receive(Next)
        receive(On, at="off")


def test_where_a_block_was_left_is_part_of_the_state() -> None:
    """Switched on again, the player is where it was, and not where it never was."""
    x = explore(player)
    assert x.complete
    assert ("off", "On", "player/playing") in x.graph.triples()
    assert ("off", "On", "player/paused") in x.graph.triples()
    path = [str(step) for step in x.path_to("player/paused")]
    assert path == ["player/playing --Next--> player/paused"]


def tossing() -> None:
    while True:
        receive(Next, at="ready")
        with state(choose("heads", "tails")):
            pause("look")


def test_every_option_of_a_choice_is_tried() -> None:
    """One event leads to several states, and the edges say what was chosen."""
    x = explore(tossing)
    assert x.graph.triples() == {
        ("ready", "Next", "heads"),
        ("ready", "Next", "tails"),
        ("heads", "look", "ready"),
        ("tails", "look", "ready"),
    }
    assert {edge.guard for edge in x.graph.transitions if edge.event == "Next"} == {
        "chose 'heads'",
        "chose 'tails'",
    }


def starting() -> None:
    with state(choose("left", "right")):
        receive(Next)


def test_a_choice_before_the_first_wait_gives_several_initial_states() -> None:
    """None of them is preferred."""
    assert set(explore(starting).graph.initial) == {"left", "right"}


def rolling() -> None:
    receive(Next)
    with state(str(rng().randrange(6))):
        receive(Next)


def test_numbers_without_number_are_refused() -> None:
    """`rng` cannot be tried out; the error says what can."""
    with pytest.raises(ExploreError, match=r"rolling calls rng\(\).*use choose"):
        explore(rolling)


def charge() -> int:
    raise AssertionError("exploring must not charge anybody")


def shop() -> None:
    receive(Next)
    perform(charge)


def test_side_effects_are_not_had_but_what_may_come_of_them() -> None:
    """The call returns, or it fails: both are drawn, and neither is done."""
    x = explore(shop, examples={"charge": [250]})
    assert x.complete
    assert {edge for edge in x.graph.triples() if edge[1] == "perform charge"} == {
        ("shop/perform charge", "perform charge", "end"),
        ("shop/perform charge", "perform charge", "error: PerformFailed"),
    }


def client() -> None:
    receive(Next)
    whereis("server").ask(Get(), after=3)
    receive(Next, at="done")


def test_the_reply_of_somebody_outside_is_made_up() -> None:
    """It comes, or the time is up; a type without end is sampled, which is told."""
    x = explore(client)
    assert not x.complete
    assert any("the reply to Get" in note for note in x.notes)
    asking = {edge for edge in x.graph.triples() if edge[0] == "client/ask Get"}
    assert asking == {
        ("client/ask Get", "ask Get", "done"),
        ("client/ask Get", "after 3s", "done"),
    }


@pytest.mark.parametrize("fn", [reader, room, player])
def test_a_run_stays_within_what_was_explored(fn: object) -> None:
    """Observed edges are among the explored ones."""
    assert callable(fn)
    found = explore(fn).graph.triples()
    with Dispatcher(seed=3) as d:
        seen = observe(d)
        ref = d.spawn(fn)
        d.settle()
        for event in [On(), Next(), Bell(), Next(), Off(), On(), Next(), Bell(), Off(), On()]:
            if ref.alive:
                ref.send(event)
            d.advance(1.5)
        edges = seen.graph_of(ref.name).triples()
    assert edges
    assert edges <= found
