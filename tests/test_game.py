"""The two game scripts: what a guard does, and where a talk with an innkeeper can lead.

At sixty ticks a second, as in a game.  What the scripts print is kept beside them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from examples.game import dialogue as talks
from examples.game.__main__ import SCRIPTS, machine, picture, unsaid
from examples.game.dialogue import (
    Back,
    Bye,
    Choice,
    FromNowhere,
    FromRiver,
    News,
    Pay,
    Return,
    Room,
    Sing,
    WalkOff,
    dialogue,
    pick,
    replayed,
    say,
)
from examples.game.guard import ROUND, Noise, See, Stun, WalkTo, guard
from flowlet import ActorRef, Dispatcher, Event, StateGraph, VirtualClock, explore
from tests.commands import example

ROOT = Path(__file__).parents[1]
TICK = 1 / 60

Log = list[tuple[float, Any]]


class Stage:
    """One actor on a clock of sixty ticks a second; notes when it emits what."""

    def __init__(self, actor: Callable[[], Any]) -> None:
        self.d = Dispatcher(clock=VirtualClock(hz=60))
        self.log: Log = []
        self.ref: ActorRef[Any] = self.d.spawn(actor, on_output=self.note)
        self.d.settle()

    def note(self, value: object) -> None:
        self.log.append((round(self.d.now(), 3), value))

    def send(self, *events: Event) -> None:
        """Send, and let the actor handle it; no time passes."""
        for event in events:
            self.ref.send(event)
            self.d.settle()

    def wait(self, seconds: float) -> None:
        self.d.advance(seconds)

    def new(self) -> Log:
        """What was emitted since the last time."""
        log, self.log = self.log, []
        return log

    def place(self) -> tuple[Any, ...]:
        """The whole path of the state."""
        return self.ref.state

    @property
    def mode(self) -> Any:
        """The outermost name of the state."""
        return self.ref.state[0]


# --- the guard: patrol --------------------------------------------------------------------------


def test_the_guard_walks_four_waypoints_and_pauses_two_seconds_at_each() -> None:
    """Three seconds on the way, two at the place, round and round."""
    stage = Stage(guard)
    seen = []
    for _ in range(5):
        seen.append((stage.d.now(), *stage.place()))
        stage.wait(3)
        seen.append((stage.d.now(), *stage.place()))
        stage.wait(2)
    assert seen == [
        (time, "patrol", place, doing)
        for n, place in enumerate([*ROUND, ROUND[0]])
        for time, doing in ((5.0 * n, "walking"), (5.0 * n + 3, "pausing"))
    ]
    assert [what for _, what in stage.new()] == [WalkTo(place) for place in [*ROUND, *ROUND[:2]]]


def test_a_noise_is_investigated_for_five_seconds_and_then_back_to_the_same_waypoint() -> None:
    """Whether the guard was on its way there, or had arrived."""
    stage = Stage(guard)
    stage.wait(6)  # on the way to the second
    stage.send(Noise())
    assert stage.place() == ("investigate",)
    stage.wait(5 - TICK)
    assert stage.place() == ("investigate",)
    stage.wait(TICK)
    assert stage.place() == ("patrol", ROUND[1], "walking")
    stage.wait(4)  # arrived there
    assert stage.place() == ("patrol", ROUND[1], "pausing")
    stage.send(Noise())
    stage.wait(5)
    assert stage.place() == ("patrol", ROUND[1], "walking")
    stage.wait(5)
    assert stage.place() == ("patrol", ROUND[2], "walking")


def test_a_second_noise_changes_nothing() -> None:
    """The guard looks around for five seconds, and is not called back afterwards."""
    stage = Stage(guard)
    stage.send(Noise())
    stage.wait(4)
    stage.send(Noise())
    stage.wait(1)
    assert stage.mode == "patrol"


@pytest.mark.parametrize("before", [(), (Noise(),)])
def test_seeing_the_player_pre_empts_patrol_and_investigate_at_once(
    before: tuple[Event, ...],
) -> None:
    """In the same tick."""
    stage = Stage(guard)
    stage.wait(1)
    stage.send(*before)
    stage.wait(1)
    stage.new()
    stage.send(See(8))
    assert (stage.mode, stage.new()) == ("chase", [(2.0, "run after the player")])


def test_seeing_wins_over_the_end_of_an_investigation_in_the_same_tick() -> None:
    """What was in flight when the tick began comes before a timer that is due at it."""
    stage = Stage(guard)
    stage.send(Noise())
    stage.wait(5 - TICK)
    stage.ref.send(See(8))
    stage.wait(TICK)
    assert stage.mode == "chase"


# --- the guard: chase and attack ----------------------------------------------------------------


def test_the_player_is_lost_after_three_seconds_without_a_sight() -> None:
    """Each sight begins the three seconds anew; then the patrol goes on where it was."""
    stage = Stage(guard)
    stage.wait(6)
    stage.send(See(8))
    stage.wait(2)
    stage.send(See(7))
    stage.wait(3 - TICK)
    assert stage.mode == "chase"
    stage.wait(TICK)
    assert stage.place() == ("patrol", ROUND[1], "walking")


def test_the_guard_strikes_every_second_while_the_player_is_near() -> None:
    """At once, and then by the second, however often the player is seen meanwhile."""
    stage = Stage(guard)
    stage.new()
    for _ in range(7):
        stage.send(See(2))
        stage.wait(0.5)
    assert stage.mode == "attack"
    assert stage.new() == [(float(n), "strike") for n in range(4)]


def test_the_guard_runs_again_when_the_player_gets_away() -> None:
    """More than two metres: no more strikes."""
    stage = Stage(guard)
    stage.send(See(1))
    stage.wait(0.5)
    stage.send(See(2.5))
    assert stage.mode == "chase"
    stage.new()
    stage.wait(2)
    assert stage.new() == []
    stage.send(See(2))
    assert (stage.mode, stage.new()) == ("attack", [(2.5, "strike")])


def test_the_player_may_be_lost_in_an_attack_too() -> None:
    """Three strikes into the dark, and back to the patrol."""
    stage = Stage(guard)
    stage.send(See(1))
    stage.new()
    stage.wait(3)
    assert stage.mode == "patrol"
    assert [what for _, what in stage.new()] == ["strike", "strike", WalkTo(ROUND[0])]


def test_a_noise_in_an_attack_is_of_no_interest_then_or_later() -> None:
    """The striking region is deaf, not asleep, so the noise is thrown away and not kept."""
    stage = Stage(guard)
    stage.send(See(1), Noise())
    assert (stage.mode, stage.ref.discarded) == ("attack", 1)
    stage.wait(3)
    assert stage.mode == "patrol"


# --- the guard: stunned -------------------------------------------------------------------------


def stunned_stage(*events: Event) -> Stage:
    """A guard one second after it came to a mode by these events."""
    stage = Stage(guard)
    stage.send(*events)
    stage.wait(1)
    return stage


#: How each mode is come to, and the seconds from then until its next change, untouched.
MODES = {
    "patrol": ((), 3),
    "investigate": ((Noise(),), 5),
    "chase": ((See(8),), 3),
    "attack": ((See(1),), 3),
}


@pytest.mark.parametrize("mode", MODES)
def test_a_stun_pre_empts_every_mode_and_then_its_timers_go_on(mode: str) -> None:
    """For as long as it lasts; the timers of the interrupted mode stood still meanwhile."""
    events, lasts = MODES[mode]
    stage = stunned_stage(*events)
    before = stage.place()
    assert stage.mode == mode
    stage.send(Stun(60))
    assert stage.place() == ("stunned",)
    stage.wait(60 - TICK)
    assert stage.place() == ("stunned",)
    stage.wait(TICK)
    assert stage.place() == before
    stage.wait(lasts - 1 - TICK)
    assert stage.place() == before
    stage.wait(TICK)
    assert stage.place() != before


def test_the_blows_of_an_attack_stand_still_during_a_stun() -> None:
    """Struck at 0, stunned from 0.4 to 2.4: the next blow falls at 3, and then every second."""
    stage = Stage(guard)
    stage.send(See(1))
    stage.wait(0.4)
    stage.send(Stun(2))
    stage.wait(2)
    stage.wait(1.6)
    assert [entry for entry in stage.new() if entry[1] == "strike"] == [
        (0.0, "strike"),
        (3.0, "strike"),
        (4.0, "strike"),
    ]


def test_a_stun_while_stunned_follows_it() -> None:
    """One after the other; the mode below waits for both."""
    stage = stunned_stage(See(8))
    stage.send(Stun(2))
    stage.wait(1)
    stage.send(Stun(3))
    stage.wait(4 - TICK)
    assert stage.place() == ("stunned",)
    stage.wait(TICK)
    assert stage.mode == "chase"
    assert [entry for entry in stage.new() if entry[1] == "fall over"] == [
        (1.0, "fall over"),
        (3.0, "fall over"),
    ]
    stage.wait(2 - TICK)
    assert stage.mode == "chase"
    stage.wait(TICK)
    assert stage.mode == "patrol"


def test_a_stunned_guard_neither_sees_nor_hears() -> None:
    """What happens meanwhile is gone, not kept for afterwards."""
    stage = stunned_stage()
    stage.send(Stun(2), Noise(), See(1))
    assert stage.ref.discarded == 2
    stage.wait(2)
    assert stage.mode == "patrol"


def test_a_tick_is_the_least_time() -> None:
    """A stun of no length of its own still ends at a tick, and so does one of half a tick."""
    stage = stunned_stage()
    stage.send(Stun(TICK / 2))
    assert stage.mode == "stunned"
    stage.wait(TICK)
    assert stage.mode == "patrol"


def test_two_guards_do_not_meet() -> None:
    """Each hears its own events and remembers its own place."""
    with Dispatcher(clock=VirtualClock(hz=60)) as d:
        ann, bob = d.spawn(guard), d.spawn(guard)
        d.advance(6)
        ann.send(Noise())
        d.advance(5)
        assert ann.state == ("patrol", ROUND[1], "walking")
        assert bob.state == ("patrol", ROUND[2], "walking")


# --- the guard: its graph -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def guards_graph() -> StateGraph:
    return machine("guard")


def test_the_guard_has_five_modes(guards_graph: StateGraph) -> None:
    """All of them are found, and nothing was cut off."""
    assert guards_graph.complete is True
    assert {state.path[0] for state in guards_graph.states} == {*MODES, "stunned"}


def test_the_stun_edge_is_drawn_once_from_each_mode() -> None:
    """With the inside of the patrol and of the attack folded away, five modes stand there."""
    graph = picture("guard")
    assert set(graph.names()) == {*MODES, "stunned"}
    stuns = Counter(
        (edge.source, edge.target) for edge in graph.transitions if edge.event == "Stun"
    )
    assert stuns == {(mode, "stunned"): 1 for mode in MODES}
    back = {edge.target for edge in graph.transitions if edge.source == "stunned"}
    assert back == set(MODES)


def test_the_modes_follow_each_other_as_they_should(guards_graph: StateGraph) -> None:
    """Stuns left aside, these are all the ways from mode to mode."""
    graph = guards_graph.fold("patrol").fold("attack")
    ways = {
        (source, event, target)
        for source, event, target in graph.triples()
        if "stunned" not in (source, target) and source != target
    }
    assert ways == {
        ("patrol", "Noise", "investigate"),
        ("patrol", "See", "chase"),
        ("patrol", "See", "attack"),
        ("investigate", "after 5s", "patrol"),
        ("investigate", "See", "chase"),
        ("investigate", "See", "attack"),
        ("chase", "See", "attack"),
        ("chase", "lost", "patrol"),
        ("attack", "See", "chase"),
        ("attack", "lost", "patrol"),
    }


# --- the dialogue: lines and choices ------------------------------------------------------------


def lines(stage: Stage) -> list[Any]:
    """What was said and shown since the last time."""
    return [getattr(what, "text", getattr(what, "choices", what)) for _, what in stage.new()]


def test_a_line_stands_for_two_seconds() -> None:
    """Then comes the choice."""
    stage = Stage(dialogue)
    assert lines(stage) == ["Come in, come in!"]
    stage.wait(2 - TICK)
    assert lines(stage) == []
    stage.wait(TICK)
    assert lines(stage) == ["From the river. | From nowhere."]


def test_a_choice_that_comes_during_a_line_is_none() -> None:
    """Who clicks too early has not chosen what will be shown."""
    stage = Stage(dialogue)
    stage.send(FromNowhere())
    assert stage.ref.discarded == 1
    stage.wait(2)
    lines(stage)
    stage.wait(1)
    assert lines(stage) == []


def test_a_choice_leads_on() -> None:
    """Each to its own line."""
    for choice, line in {
        FromRiver: "A long way.",
        FromNowhere: "Keep your secrets.",
    }.items():
        stage = Stage(dialogue)
        stage.wait(2)
        lines(stage)
        stage.send(choice())
        assert lines(stage) == [line]


def test_ten_seconds_without_a_choice_take_the_default() -> None:
    """The first option; a choice that is not shown does not begin the ten seconds anew."""
    stage = Stage(dialogue)
    stage.wait(2)
    lines(stage)
    stage.wait(6)
    stage.send(Sing())
    stage.wait(4 - TICK)
    assert lines(stage) == []
    stage.wait(TICK)
    assert lines(stage) == ["A long way."]


def test_a_choice_is_hidden_by_a_condition_at_the_time_when_it_is_shown() -> None:
    """What changes later does not change what stands there; the next time it counts."""
    purse = {"coins": 0}

    def shop() -> None:
        for _ in range(2):
            pick({Bye: True, Pay: purse["coins"] >= 5}, at="shop")

    stage = Stage(shop)
    assert (lines(stage), stage.ref.accepts) == (["Farewell."], {Bye})
    purse["coins"] = 5
    stage.send(Pay())
    assert (lines(stage), stage.ref.discarded) == ([], 1)
    stage.send(Bye())
    assert lines(stage) == ["Farewell. | Here are five coins."]
    purse["coins"] = 0
    stage.send(Pay())
    assert not stage.ref.alive


def test_hidden_choices_of_the_inn() -> None:
    """Only who has heard the news knows that a song is worth something."""
    stage = at_the_bar()
    stage.send(Room())
    stage.wait(2)
    assert lines(stage)[-1] == "Here are five coins."
    stage = at_the_bar()
    stage.send(News())
    stage.wait(6)
    stage.send(Room())
    stage.wait(2)
    assert lines(stage)[-1] == "Here are five coins. | I could sing."


def at_the_bar() -> Stage:
    """The talk at its second choice."""
    stage = Stage(dialogue)
    stage.wait(2)
    stage.send(FromRiver())
    stage.wait(4)
    assert lines(stage)[-1] == "Farewell. | Any news? | A room, please."
    return stage


def test_a_sub_dialogue_returns_to_the_line_after_its_call() -> None:
    """Two lines of news, then the line that follows where it was called, then the choice again."""
    stage = at_the_bar()
    stage.send(News())
    stage.wait(6)
    assert lines(stage) == [
        "The king is dead.",
        "Nobody sings any more.",
        "But you did not hear it here.",
        "Farewell. | A room, please.",
    ]


# --- the dialogue: back -------------------------------------------------------------------------


def test_back_replays_the_last_choice_point() -> None:
    """From a line after the choice, and from the choice itself."""
    stage = Stage(dialogue)
    stage.wait(2)
    stage.send(FromNowhere())
    stage.wait(1)
    lines(stage)
    stage.send(Back())
    assert lines(stage) == ["From the river. | From nowhere."]
    stage.wait(9)
    stage.send(Back())
    assert lines(stage) == ["From the river. | From nowhere."]
    stage.wait(9)  # the ten seconds began anew
    assert lines(stage) == []
    stage.send(FromRiver())
    assert lines(stage) == ["A long way."]


def test_back_before_the_next_choice_leads_to_the_last_one_of_another_scene() -> None:
    """The innkeeper greets at the bar already; the last choice was at the door."""
    stage = Stage(dialogue)
    stage.wait(2)
    stage.send(FromRiver())
    stage.wait(2)
    assert stage.place() == ("talk", "bar", "What can I do for you?")
    lines(stage)
    stage.send(Back())
    assert lines(stage) == ["From the river. | From nowhere."]
    assert stage.place() == ("talk", "door", "where from")


def test_back_inside_a_sub_dialogue_leads_to_the_choice_that_called_it() -> None:
    """What it would have changed has not happened: the news can be asked for again."""
    stage = at_the_bar()
    stage.send(News())
    stage.wait(3)
    lines(stage)
    stage.send(Back())
    assert lines(stage) == ["Farewell. | Any news? | A room, please."]


def test_back_shows_what_is_true_by_now() -> None:
    """Conditions are looked at again when a choice is shown again."""
    stage = at_the_bar()
    stage.send(News())
    stage.wait(6)
    stage.send(Bye())
    lines(stage)
    stage.send(Back())
    assert lines(stage) == ["Farewell. | A room, please."]


def test_back_of_a_choice_inside_a_choice_leads_to_the_inner_one() -> None:
    """The last choice point is the innermost that is still open."""
    stage = at_the_bar()
    stage.send(Room())
    stage.wait(2)
    stage.send(Pay())
    lines(stage)
    stage.send(Back())
    assert lines(stage) == ["Here are five coins."]


def test_before_the_first_choice_there_is_no_way_back() -> None:
    """It is thrown away, and not kept until there is one."""
    stage = Stage(dialogue)
    stage.send(Back())
    assert stage.ref.discarded == 1
    stage.wait(2)
    assert lines(stage) == ["Come in, come in!", "From the river. | From nowhere."]


# --- the dialogue: history ----------------------------------------------------------


def test_who_comes_back_goes_on_with_the_scene_that_was_interrupted() -> None:
    """At the bar, nobody is welcomed a second time; at the door, everybody is."""
    stage = Stage(dialogue)
    stage.wait(1)
    stage.send(WalkOff())
    assert stage.place() == ("away",)
    lines(stage)
    stage.send(Return())
    assert lines(stage) == ["Come in, come in!"]
    stage = at_the_bar()
    stage.send(WalkOff())
    stage.wait(1000)
    lines(stage)
    stage.send(Return())
    assert lines(stage) == ["What can I do for you?"]


# --- the dialogue: its graph --------------------------------------------------------------------

ENDINGS = {"on the road", "a night's rest", "friend of the house"}


@pytest.mark.parametrize(
    ("choices", "ending"),
    [
        ([], "on the road"),
        ([Bye], "on the road"),
        ([Room, Pay], "a night's rest"),
        ([News, Room, Sing], "friend of the house"),
    ],
)
def test_the_endings(choices: list[type[Choice]], ending: str) -> None:
    """Each by its choices; doing nothing leads somewhere too."""
    stage = at_the_bar()
    for choice in choices:
        stage.send(choice())
        stage.wait(6)
    stage.d.run()
    assert (stage.ref.result, stage.place()) == (ending, (ending,))


@pytest.fixture(scope="module")
def talks_graph() -> StateGraph:
    return machine("dialogue")


def test_all_endings_can_be_reached(talks_graph: StateGraph) -> None:
    """And there are no others."""
    assert talks_graph.complete is True
    assert {s.name for s in talks_graph.states if s.kind == "final"} == ENDINGS


def test_every_line_can_be_heard(talks_graph: StateGraph) -> None:
    """No line of the script is missing among the states."""
    script = Path(talks.__file__).read_text("utf-8")
    assert script.count('say("') > 10
    assert unsaid(script, talks_graph) == []


def test_a_line_that_no_way_leads_to_is_noticed() -> None:
    """Written, and behind a condition that is never true."""
    graph = explore(dead_end).graph
    script = """
say("Hello.")
if too_late:
    say("You are late.")
"""
    assert unsaid(script, graph) == ["You are late."]


def dead_end() -> None:
    too_late = False

    def scene() -> None:
        say("Hello.")
        if too_late:
            say("You are late.")

    replayed(scene)


def test_choices_are_the_edges(talks_graph: StateGraph) -> None:
    """They are labelled by what the player says."""
    labels = {edge.event for edge in talks_graph.transitions}
    assert {choice.label for choice in Choice.__subclasses__()} <= labels
    assert {"Back", "WalkOff", "Return", "too long"} <= labels


# --- run and graph ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SCRIPTS)
def test_run_tells_the_story_that_is_beside_it(name: str, tmp_path: Path) -> None:
    """Time does not pass while it is told."""
    done = example("game", name, "run", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (ROOT / "examples" / "game" / f"{name}.out").read_text("utf-8")


@pytest.mark.parametrize("name", SCRIPTS)
def test_graph_draws_it(name: str, tmp_path: Path) -> None:
    """Every edge is listed, there is nothing to warn of, and the picture is there."""
    done = example("game", name, "graph", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    *edges, last = done.stdout.splitlines()
    assert last == f"drawn in out/{name}.svg"
    assert "<svg" in (tmp_path / "out" / f"{name}.svg").read_text("utf-8")
    assert len(edges) == len(picture(name).transitions)
    assert [edge for edge in edges if " -- " not in edge] == []


def test_without_a_script_and_a_verb_it_says_which_there_are(tmp_path: Path) -> None:
    """A wrong one is an error."""
    done = example("game", folder=tmp_path)
    assert done.returncode == 0
    for word in ("guard", "dialogue", "run", "graph"):
        assert f"{word}" in done.stdout
    assert example("game", "guard", "dance", folder=tmp_path).returncode == 2
    assert example("game", "dragon", "run", folder=tmp_path).returncode == 2


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_is_about_a_page(name: str) -> None:
    """A scripter reads it in one sitting."""
    source = Path(str(SCRIPTS[name].__file__)).read_text("utf-8")
    assert len(source.splitlines()) <= 180
