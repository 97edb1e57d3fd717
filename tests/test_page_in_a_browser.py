"""The interactive page in a real browser: what a click, a key and a switch do."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from flowlet import Event, Timeout, explore, parallel, receive, state, until
from flowlet.introspect import StateGraph, static
from flowlet.introspect.play import Page
from tests.browser import a_browser
from tests.features import keeping
from tests.graphs import graph_of, with_counts

#: With UPDATE_PICTURES these are left in out/, to be looked at.
SCREENS = Path(__file__).parents[1] / "out"


class Lift(Event): ...


class Dial(Event):
    digits: int = 3


class Answer(Event): ...


class HangUp(Event): ...


def phone() -> None:
    while True:
        receive(Lift, at="idle")
        with state("call"), until(HangUp):
            while receive(Dial, at="dialling").digits < 3:
                pass
            if isinstance(receive(Answer, after=30, at="ringing"), Timeout):
                break
            while True:
                receive(at="talking", after=60)


PHONE = explore(phone, events=[Lift(), Dial(1), Dial(3), Answer(), HangUp()]).graph


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with a_browser() as found:
        yield found


Open = Callable[..., Any]


@cache
def page_of(graph: StateGraph) -> str:
    """Laying out takes longer than most tests, and many look at the same machine."""
    return graph.text("html")


@pytest.fixture
def open_page(browser: Any, tmp_path: Path) -> Iterator[Open]:
    """Opens the page of a graph from a file; whatever it complains of fails the test."""
    complaints: list[str] = []
    contexts = []

    def opened(graph: StateGraph | str, **options: Any) -> Any:
        settings: dict[str, Any] = {
            "offline": True,
            "reduced_motion": "reduce",
            "viewport": {"width": 1200, "height": 760},
        }
        context = browser.new_context(**settings | options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(5000)
        page.on("console", lambda said: complaints.append(f"{said.type}: {said.text}"))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("requestfailed", lambda request: complaints.append(request.url))
        path = tmp_path / f"page-{len(contexts)}.html"
        text = page_of(graph) if isinstance(graph, StateGraph) else graph
        path.write_text(text, encoding="utf-8")
        page.goto(path.as_uri())
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


def here(page: Any) -> str:
    """Where the simulator says that it is."""
    text: str = page.inner_text("#here .path").replace(" ", "")
    return text


def choices(page: Any) -> list[str]:
    """What the simulator offers, by the words on its buttons."""
    found: list[str] = page.locator("#choices .choice .words").all_inner_texts()
    return found


def node(page: Any, name: str) -> Any:
    return page.locator(f'.picture:not([hidden]) .node[aria-label="State {name}"]')


def arrow(page: Any, begin: str) -> Any:
    return page.locator(f'.picture:not([hidden]) .arrow[aria-label^="Arrow from {begin}"]')


def view(page: Any) -> list[float]:
    """The part of the picture that is seen: left, top, width, height."""
    text = page.locator(".picture:not([hidden]) > svg").get_attribute("viewBox")
    return [float(part) for part in text.split()]


def place_at(page: Any, x: float, y: float) -> tuple[float, float]:
    """The place in the picture that stands at a point of the screen."""
    left, top, width, height = view(page)
    box = page.locator("#canvas").bounding_box()
    across, down = (x - box["x"]) / box["width"], (y - box["y"]) / box["height"]
    return left + across * width, top + down * height


def is_now(page: Any, name: str) -> bool:
    return "now" in node(page, name).get_attribute("class").split()


# --- stepping


def test_a_click_on_an_event_steps(open_page: Open) -> None:
    """On its text in the picture, or on its button."""
    page = open_page(PHONE)
    assert here(page) == "idle"
    assert choices(page) == ["Lift"]
    arrow(page, "idle to call/dialling").locator("text", has_text="Lift").click()
    assert here(page) == "call/dialling"
    assert is_now(page, "call/dialling")
    assert not is_now(page, "idle")
    assert "now" in page.get_attribute(".box", "class").split()
    page.click("#choices .choice:has-text('HangUp')")
    assert here(page) == "idle"
    assert page.locator(".box.now").count() == 0


def test_where_a_guard_decides_whoever_steps_decides(open_page: Open) -> None:
    """The ways of one event stand together, each with its guard."""
    page = open_page(graph_of("open Push full if n > 2", "open Push open if n <= 2", "open X end"))
    group = page.get_by_role("group", name="Push: one of")
    assert sorted(group.locator(".words").all_inner_texts()) == ["Push [n <= 2]", "Push [n > 2]"]
    group.get_by_role("button", name="n > 2").click()
    assert here(page) == "full"
    assert "Nothing leads on" in page.inner_text("#choices")


def test_an_arrow_that_could_mean_several_steps_asks(open_page: Open) -> None:
    """A click on it opens its card; a click on one of its lines takes that."""
    page = open_page(graph_of("a Up b", "a Down b", "b Back a"))
    arrow(page, "a to b").locator("path.broad").dispatch_event("click")
    assert here(page) == "a"
    assert page.locator("#card .words").all_inner_texts() == ["Down", "Up"]
    page.locator("#card .transition", has_text="Down").get_by_role("button", name="Step").click()
    assert here(page) == "b"
    page.keyboard.press("r")
    page.keyboard.press("Escape")
    arrow(page, "a to b").locator("text", has_text="Up").click()
    assert page.locator("#trail .event").all_inner_texts() == ["start", "Up"]


def test_history_goes_back_and_forward_and_begins_anew(open_page: Open) -> None:
    """A step from the midst of it begins a new end; a click on a step goes there."""
    page = open_page(PHONE)
    for key in "11":
        page.keyboard.press(key)
    there = here(page)
    assert page.locator("#trail li").count() == 3
    page.click("#back")
    assert here(page) == "call/dialling"
    page.click("#forward")
    assert here(page) == there
    page.locator("#trail button").first.click()
    assert here(page) == "idle"
    page.keyboard.press("1")
    assert page.locator("#trail li").count() == 2
    assert page.locator("#forward").is_disabled()
    page.click("#reset")
    assert here(page) == "idle"
    assert page.locator("#trail li").count() == 1
    assert page.locator("#back").is_disabled()


def test_a_machine_that_may_begin_in_several_states_asks_where(open_page: Open) -> None:
    """And one that has ended says so."""
    graph = graph_of("red Go end", "green Go end", end="final")
    page = open_page(graph.model_copy(update={"initial": ("red", "green")}))
    assert choices(page) == ["green", "red"]
    page.get_by_role("button", name="red").last.click()
    assert here(page) == "red"
    page.keyboard.press("1")
    assert "Here it ends." in page.inner_text("#choices")


def test_any_state_can_be_gone_on_from(open_page: Open) -> None:
    """By its card."""
    page = open_page(PHONE)
    node(page, "call/ringing").click()
    page.get_by_role("button", name="Go on from here").click()
    assert here(page) == "call/ringing"
    assert sorted(choices(page)) == ["Answer", "HangUp", "after 30s"]


# --- regions, history, where it is now


class Play(Event): ...


class Stop(Event): ...


class Louder(Event): ...


class Softer(Event): ...


def radio() -> None:
    def station() -> None:
        while True:
            receive(Play, at="silent")
            receive(Stop, at="playing")

    def volume() -> None:
        while True:
            receive(Louder, at="soft")
            receive(Softer, Stop, at="loud")

    while True:
        receive(Lift, at="off")
        with until(HangUp), state("on", history="deep"):
            parallel(station, volume)


RADIO = explore(radio, events=[Lift(), Play(), Stop(), Louder(), Softer(), HangUp()]).graph


def now(page: Any) -> list[str]:
    """The states of the picture that are highlighted."""
    marked = page.locator(".picture:not([hidden]) .node.now").all()
    return sorted(one.get_attribute("aria-label").removeprefix("State ") for one in marked)


def test_each_region_is_highlighted_where_it_is(open_page: Open) -> None:
    """Steps are those of the whole machine; an event for both regions moves both."""
    page = open_page(RADIO)
    assert "drawn as 5, regions apart" in page.inner_text("#count")
    assert now(page) == ["off"]
    page.keyboard.press("1")
    assert now(page) == ["on/station/silent", "on/volume/soft"]
    assert here(page) == "on/silent|soft"
    for event in ("Play", "Louder"):
        page.locator(".arrow text.can", has_text=event).click()
    assert now(page) == ["on/station/playing", "on/volume/loud"]
    page.click("#choices .choice:has-text('Stop')")
    assert now(page) == ["on/station/silent", "on/volume/soft"]
    assert page.locator(".arrow.took").count() == 2
    assert sorted(choices(page)) == ["HangUp", "Louder", "Play"]
    page.locator("#choices .choice", has_text="HangUp").click()
    assert now(page) == ["off"]


def test_one_region_gone_on_from_leaves_the_others_where_they_are(open_page: Open) -> None:
    """As far as there is such a combination."""
    page = open_page(RADIO)
    page.keyboard.press("1")
    page.locator("#choices .choice", has_text="Louder").click()
    node(page, "on/station/playing").click()
    card = page.inner_text("#card")
    assert "on / station / playing" in card
    assert "Stop" in card
    assert "Louder" not in card  # what the other region accepts
    page.get_by_role("button", name="Go on from here").click()
    assert now(page) == ["on/station/playing", "on/volume/loud"]


def test_a_history_mark_says_what_it_means(open_page: Open) -> None:
    """By the pointer and by keys."""
    page = open_page(RADIO)
    page.locator(".history").hover()
    card = page.locator("#card")
    card.wait_for(state="visible")
    assert "where it was left, at any depth" in card.inner_text()
    page.keyboard.press("Escape")
    page.locator(".history").focus()
    page.keyboard.press("Enter")
    assert card.locator("h3").inner_text() == "on"


def test_where_the_actor_is_the_steps_begin_and_reset(open_page: Open) -> None:
    """The picture still has it when the steps have led elsewhere."""
    page = open_page(RADIO.highlight("on/playing | soft"))
    assert now(page) == ["on/station/playing", "on/volume/soft"]
    assert page.locator("#trail .event").all_inner_texts() == ["now"]
    page.locator("#choices .choice", has_text="HangUp").click()
    assert now(page) == ["off"]
    assert page.locator(".node.active").count() == 2
    page.keyboard.press("r")
    assert here(page) == "on/playing|soft"
    node(page, "on/station/playing").hover()
    page.locator("#card").wait_for(state="visible")
    assert "the actor is here now" in page.inner_text("#card")


def test_what_is_kept_for_later_is_told_and_found(open_page: Open) -> None:
    """A click on it is no step."""
    page = open_page(static(keeping))
    line = page.locator("text[data-line]", has_text="defer").first
    line.dispatch_event("click")
    assert page.locator("#card").is_visible()
    assert page.locator("#trail li").count() == 1
    page.keyboard.press("/")
    page.keyboard.type("defer")
    assert page.inner_text("#hits") == "1 hit"
    page.keyboard.press("Enter")
    assert page.inner_text("#hits") == "1 of 1: Late / defer"


# --- cards


def test_pointing_at_a_state_tells_of_it(open_page: Open) -> None:
    """Its path, what it accepts, its place in the source; the card goes with the pointer."""
    page = open_page(PHONE)
    node(page, "call/ringing").hover()
    card = page.locator("#card")
    card.wait_for(state="visible")
    assert card.locator("h3").inner_text() == "call / ringing"
    assert "Answer, HangUp, after 30s" in card.inner_text()
    assert "reached by exploring" in card.inner_text()
    link = card.locator("a")
    assert "test_page_in_a_browser.py:" in link.inner_text()
    assert "#L" in link.get_attribute("href")
    page.mouse.move(4, 300)
    card.wait_for(state="hidden")


def test_pointing_at_an_arrow_tells_of_its_transitions(open_page: Open) -> None:
    """Event, guard, outputs, how it is known, and how often it was seen."""
    graph = graph_of("idle Coin paid if n > 5 / emit 'beep'", "paid Push idle")
    page = open_page(with_counts(graph, 3, 0))
    arrow(page, "idle to paid").locator("text").first.hover()
    card = page.locator("#card")
    card.wait_for(state="visible")
    assert card.locator(".words").inner_text() == "Coin [n > 5] / emit 'beep'"
    assert "seen 3 times" in card.inner_text()


def test_a_place_in_the_source_can_be_copied(open_page: Open) -> None:
    """For an editor that takes file:line."""
    page = open_page(PHONE, permissions=["clipboard-read", "clipboard-write"])
    node(page, "idle").click()
    place = page.inner_text("#card .source a")
    page.click("#card .copy")
    page.wait_for_function("document.querySelector('#card .copy').textContent === 'Copied'")
    assert page.evaluate("navigator.clipboard.readText()") == place


# --- finding


def test_finding_highlights_and_enter_goes_from_hit_to_hit(open_page: Open) -> None:
    """States, events and guards; what does not match fades."""
    page = open_page(
        graph_of(
            "alpha Go beta if gamma", "beta Alphabet gamma", "gamma X alpha", "gamma Gammas beta"
        )
    )
    page.keyboard.press("/")
    page.keyboard.type("gamma")
    assert page.inner_text("#hits") == "3 hits"
    assert page.locator(".node.hit").count() == 1
    assert page.locator("text.hit", has_text="[gamma]").count() == 1
    faded = page.evaluate(
        "getComputedStyle(document.querySelector('.node:not(.hit)[data-node]')).opacity"
    )
    assert float(faded) < 0.5
    page.keyboard.press("Enter")
    assert page.inner_text("#hits") == "1 of 3: gamma"
    assert page.locator("#card").is_visible()
    page.keyboard.press("Enter")
    assert page.inner_text("#hits") == "2 of 3: Go [gamma]"
    page.keyboard.press("Enter")
    assert page.inner_text("#hits") == "3 of 3: Gammas"
    page.keyboard.press("Enter")
    assert page.inner_text("#hits") == "1 of 3: gamma"
    page.keyboard.press("Shift+Enter")
    assert page.inner_text("#hits") == "3 of 3: Gammas"
    page.keyboard.press("Escape")
    assert not page.locator("#card").is_visible()
    assert page.input_value("#find") == "gamma"
    page.keyboard.press("Escape")
    assert page.locator(".hit").count() == 0
    page.keyboard.press("/")
    page.keyboard.type("nowhere")
    assert page.inner_text("#hits") == "nothing"


# --- layers


def test_layers_are_switched_off_and_on(open_page: Open) -> None:
    """Their arrows are gone, and their steps are not offered."""
    graph = graph_of("a Seen b", "a Never c", "b Back a")
    page = open_page(with_counts(graph, 2, 0, 1))
    switch = page.get_by_role("switch", name="Told without evidence")
    assert choices(page) == ["Seen", "Never"]
    switch.uncheck()
    assert choices(page) == ["Seen"]
    assert not arrow(page, "a to c").is_visible()
    assert arrow(page, "a to b").is_visible()
    assert "faint" in node(page, "c").get_attribute("class")
    switch.check()
    assert arrow(page, "a to c").is_visible()
    assert choices(page) == ["Seen", "Never"]


def test_one_line_of_an_arrow_can_be_switched_off(open_page: Open) -> None:
    """The arrow and its other lines stay."""
    page = open_page(with_counts(graph_of("a Seen b", "a Never b"), 2, 0))
    page.get_by_role("switch", name="Seen in a run").uncheck()
    assert arrow(page, "a to b").is_visible()
    assert not page.locator(".arrow text", has_text="Seen").is_visible()
    assert page.locator(".arrow text", has_text="Never").is_visible()


def test_two_versions_have_layers_of_their_own(open_page: Open) -> None:
    """New, gone, and as before; one kind of evidence alone needs no switch."""
    before, after = graph_of("a Old b", "a Same b"), graph_of("a New b", "a Same b")
    page = open_page(before.diff(after).graph)
    names = page.locator("#layers .layer").all_inner_texts()
    assert [name.split("\n")[0] for name in names] == ["New", "Gone", "As before"]
    page.get_by_role("switch", name="Gone").uncheck()
    assert choices(page) == ["New", "Same"]


def test_a_machine_of_one_layer_has_no_switches(open_page: Open) -> None:
    """They would only hide everything."""
    assert not open_page(PHONE).locator("#layers").is_visible()


# --- looking


def test_the_picture_is_moved_and_zoomed(open_page: Open) -> None:
    """By dragging, the wheel, keys and buttons; what is under the pointer stays there."""
    page = open_page(PHONE)
    first = view(page)
    page.mouse.move(40, 700)
    page.mouse.down()
    page.mouse.move(100, 650, steps=4)
    page.mouse.up()
    moved = view(page)
    assert (moved[0] < first[0], moved[1] > first[1]) == (True, True)
    assert moved[2:] == first[2:]
    assert here(page) == "idle"
    under = place_at(page, 100, 650)
    page.mouse.wheel(0, -200)
    assert view(page)[2] < moved[2]
    assert place_at(page, 100, 650) == pytest.approx(under, abs=0.1)
    for key, grows in (("-", True), ("+", False)):
        width = view(page)[2]
        page.keyboard.press(key)
        assert (view(page)[2] > width) is grows
    page.keyboard.press("0")
    assert view(page) == pytest.approx(first)
    page.focus("#canvas")
    page.keyboard.press("ArrowRight")
    assert view(page)[0] > first[0]
    page.click("#in")
    assert view(page)[2] < first[2]
    page.click("#fit")
    assert view(page) == pytest.approx(first)


def test_a_drag_is_no_click(open_page: Open) -> None:
    """What was opened stays open, and an arrow under the hand is not taken."""
    page = open_page(PHONE)
    node(page, "call/talking").click()
    text = arrow(page, "idle to call/dialling").locator("text").first.bounding_box()
    page.mouse.move(text["x"] + 5, text["y"] + 5)
    page.mouse.down()
    page.mouse.move(text["x"] - 60, text["y"] + 30, steps=4)
    page.mouse.up()
    assert here(page) == "idle"
    assert page.locator("#card").is_visible()


def test_two_fingers_zoom(open_page: Open) -> None:
    """And one that only touches does what a click does."""
    page = open_page(PHONE, has_touch=True)
    before = view(page)
    hand = page.context.new_cdp_session(page)

    def fingers(kind: str, *places: tuple[int, int]) -> None:
        points = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(places)]
        hand.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    fingers("touchStart", (40, 500), (80, 500))
    for apart in (20, 40, 60):
        fingers("touchMove", (40 - apart // 2, 500), (80 + apart, 500))
    fingers("touchEnd")
    assert view(page)[2] < before[2] * 0.8
    page.keyboard.press("0")
    arrow(page, "idle to call/dialling").locator("text", has_text="Lift").tap()
    assert here(page) == "call/dialling"


def test_a_move_glides_unless_somebody_wants_calm(open_page: Open) -> None:
    """`prefers-reduced-motion` is heeded: then it is there at once."""
    jump = """() => {
        document.getElementById('in').click();
        return document.querySelector('.picture > svg').getAttribute('viewBox');
    }"""
    calm = open_page(PHONE)
    before = calm.locator(".picture > svg").get_attribute("viewBox")
    assert calm.evaluate(jump) != before
    lively = open_page(PHONE, reduced_motion="no-preference")
    before = lively.locator(".picture > svg").get_attribute("viewBox")
    assert lively.evaluate(jump) == before
    lively.wait_for_function(
        "before => document.querySelector('.picture > svg').getAttribute('viewBox') !== before",
        arg=before,
    )


def test_light_and_dark_follow_the_system_until_somebody_says(open_page: Open) -> None:
    """The choice is remembered, and colours of the picture change with the page."""

    def colours(page: Any) -> list[str]:
        of = "one => getComputedStyle(document.querySelector(one))"
        found: list[str] = page.evaluate(
            f"[({of})('body').backgroundColor, ({of})('[data-node]:not(.now) > path').fill]"
        )
        return found

    light, dark = open_page(PHONE), open_page(PHONE, color_scheme="dark")
    assert colours(light) == ["rgb(255, 255, 254)", "rgb(234, 241, 254)"]
    assert colours(dark) == ["rgb(13, 17, 23)", "rgb(23, 42, 70)"]
    button = dark.get_by_role("button", name="Dark colours")
    assert button.get_attribute("aria-pressed") == "true"
    button.click()
    assert colours(dark) == colours(light)
    dark.reload()
    assert colours(dark) == colours(light)
    if os.environ.get("UPDATE_PICTURES"):
        SCREENS.mkdir(exist_ok=True)
        light.screenshot(path=SCREENS / "page-light.png")
        dark.get_by_role("button", name="Dark colours").click()
        dark.screenshot(path=SCREENS / "page-dark.png")


def test_a_folded_picture_can_be_unfolded(open_page: Open) -> None:
    """The machine is stepped through as it is; the fold that holds the state is highlighted."""

    def chain() -> None:
        for number in range(40):
            receive(Lift, at=f"step {number}")

    page = open_page(explore(chain).graph)
    assert "41 states" in page.inner_text("#count")
    assert "drawn folded as 5" in page.inner_text("#count")
    for _ in range(7):
        page.keyboard.press("1")
    assert here(page) == "step7"
    fold = page.locator(".picture:not([hidden]) .node.now")
    assert "37 states" in (fold.get_attribute("aria-label") or "") + fold.text_content()
    page.get_by_role("button", name="Show all 41 states").click()
    assert "folded" not in page.inner_text("#count")
    assert here(page) == "step7"
    assert is_now(page, "step 7")
    box = node(page, "step 7").bounding_box()
    assert 60 < box["y"] < 760
    assert box["height"] > 20  # it can be read
    page.get_by_role("button", name="Show it folded").click()
    assert page.locator(".picture:not([hidden]) [data-node]").count() == 5


def test_it_has_room_on_a_telephone(open_page: Open) -> None:
    """Nothing sticks out at 400 pixels, and a card leaves what it tells of in sight."""
    page = open_page(PHONE, viewport={"width": 400, "height": 740}, has_touch=True)
    assert page.evaluate("document.documentElement.scrollWidth") == 400
    assert page.locator("#canvas").bounding_box()["height"] > 200
    last = node(page, "call/talking")
    last.tap()
    card = page.locator("#card").bounding_box()
    canvas = page.locator("#canvas").bounding_box()
    assert card["x"] >= 0
    assert card["x"] + card["width"] <= 400
    assert card["y"] + card["height"] <= canvas["y"] + canvas["height"]
    state_box = last.bounding_box()
    assert state_box["y"] + state_box["height"] <= card["y"]
    page.locator("#choices .choice").first.tap()
    assert here(page) == "call/dialling"


def test_paper_gets_the_picture(open_page: Open) -> None:
    """All of it, in light colours, and nothing to press."""
    page = open_page(PHONE, color_scheme="dark")
    page.keyboard.press("+")
    seen = view(page)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print", color_scheme="dark")
    assert view(page)[:2] == [0, 0]
    svg = page.locator(".picture > svg").bounding_box()
    for box in page.locator(".node").all():
        place = box.bounding_box()
        assert svg["x"] <= place["x"] <= place["x"] + place["width"] <= svg["x"] + svg["width"]
    assert not page.locator("#panel").is_visible()
    assert not page.locator(".zoom").is_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 254)"
    page.emulate_media(media="screen", color_scheme="dark")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert view(page) == seen


# --- keys alone


def test_everything_is_reached_by_tab_and_seen_to_be(open_page: Open) -> None:
    """States, arrows, switches and buttons; each shows that it has the focus."""
    page = open_page(with_counts(PHONE, *(n % 2 for n in range(len(PHONE.transitions)))))
    wanted = page.evaluate(
        """() => [...document.querySelectorAll(
            'a[href], button:not(:disabled), input, summary, [data-node], #canvas')]
            .filter(one => one.checkVisibility()).length"""
    ) + page.evaluate(
        "new Set([...document.querySelectorAll('[data-arrow]')].map(a => a.dataset.arrow)).size"
    )
    reached: set[str] = set()
    for _ in range(wanted + 5):
        page.keyboard.press("Tab")
        found = page.evaluate(
            """() => {
                const one = document.activeElement;
                if (one === document.body || one.closest('#card')) return null;
                one.dataset.reached ??= String(Math.random());
                const shapes = [one, ...one.querySelectorAll('path:not(.broad), ellipse')];
                const marked = shapes.some(each => {
                    const style = getComputedStyle(each);
                    return each === one
                        ? style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0
                        : parseFloat(style.strokeWidth) >= 3;
                });
                return [one.dataset.reached, marked || one.outerHTML.slice(0, 80)];
            }"""
        )
        if found is not None:
            assert found[1] is True
            reached.add(found[0])
        page.keyboard.press("Escape") if page.locator("#card").is_visible() else None
    assert len(reached) >= wanted


def test_keys_alone_open_a_card_and_take_a_step(open_page: Open) -> None:
    """Enter on a state, Escape back to it; Enter on an arrow that can be taken."""
    page = open_page(PHONE)
    node(page, "idle").focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.closest('#card') !== null")
    page.keyboard.press("Escape")
    assert not page.locator("#card").is_visible()
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "State idle"
    arrow(page, "idle to call/dialling").first.focus()
    page.keyboard.press(" ")
    assert here(page) == "call/dialling"
    page.keyboard.press("b")
    assert here(page) == "idle"
    page.keyboard.press("f")
    assert here(page) == "call/dialling"


def test_the_focus_stays_with_the_choices_while_stepping(open_page: Open) -> None:
    """So that Enter, Enter, Enter walks on."""
    page = open_page(graph_of("a Go b", "b Go c", "c Go a"))
    page.focus("#choices button")
    for _ in range(5):
        page.keyboard.press("Enter")
    assert here(page) == "c"


def test_letters_typed_into_the_search_are_no_commands(open_page: Open) -> None:
    """`b`, `r` and `1` are letters there."""
    page = open_page(PHONE)
    page.keyboard.press("1")
    page.keyboard.press("/")
    page.keyboard.type("br1+0")
    assert here(page) == "call/dialling"
    assert page.input_value("#find") == "br1+0"


# --- whatever the names, wherever it stands


def test_names_never_become_markup(open_page: Open) -> None:
    """They are shown as they are, and nothing in them runs."""
    name = "</script ></script><img src=x onerror=\"console.error('ran')\"><b>&amp;"
    graph = graph_of("a Go b")
    text = graph.model_dump_json().replace('"a"', '"NAME"').replace('"Go"', '"NAME"')
    graph = StateGraph.model_validate_json(
        text.replace('"NAME"', '"' + name.replace('"', '\\"') + '"')
    )
    page = open_page(graph.model_copy(update={"name": name, "notes": (name,)}))
    assert page.title() == name
    assert page.inner_text("h1") == name
    assert page.inner_text("#notes li") == name
    assert choices(page) == [name]
    page.keyboard.press("/")
    page.keyboard.type(name)
    page.keyboard.press("Enter")
    assert page.locator("#card").is_visible()
    assert page.locator("img").count() == 0
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.locator("#choices button").click()
    assert here(page) == "b"


def test_it_works_in_the_frame_of_a_notebook(open_page: Open) -> None:
    """Without memory, without the outer page, and without taking its wheel."""
    frame = Page(PHONE)._repr_mimebundle_()["text/html"]
    page = open_page(
        f"<!doctype html><title>notebook</title><div style='height:3000px'>{frame}</div>"
    )
    inner = page.frame_locator("iframe")
    inner.locator("#choices button").click()
    assert inner.locator("#here .path").inner_text().replace(" ", "") == "call/dialling"
    inner.get_by_role("button", name="Dark colours").click()
    assert inner.locator("html").get_attribute("data-theme") == "dark"
    seen = inner.locator(".picture > svg").get_attribute("viewBox")
    page.mouse.move(300, 300)
    page.mouse.wheel(0, 120)
    page.wait_for_function("scrollY > 0")
    assert inner.locator(".picture > svg").get_attribute("viewBox") == seen
