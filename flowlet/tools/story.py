"""The story of a dispatcher: who waited where, and the last that happened to each actor.

It is what a test that fails should show.  By the time it is asked for, the `with` block of the
dispatcher has mostly been left, and its actors have been stopped: so where each waited is noted
while they live.  A story holds neither the actors nor the dispatcher, only the last events; nothing
lives much longer for it.

Each record costs a look at its class and an entry in a short queue; what an event looks like is
asked only when the story is told.
"""

from __future__ import annotations

import reprlib
import weakref
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flowlet import ActorRef, Dispatcher
from flowlet.events import Over, Timeout
from flowlet.instrument import (
    DeadLetter,
    Delivered,
    Discarded,
    Emitted,
    Ended,
    Parked,
    Record,
    Restarted,
    Sent,
    Spawned,
)

#: So many actors of one dispatcher are told of; the ended ones are the first to be left out.
MOST_ACTORS = 20
#: Of so many ended actors something is remembered.
MOST_ENDED = 50

_short = reprlib.Repr()
_short.maxstring = _short.maxother = 100
_short.maxlevel = 3


class Chapter:
    """What is known of one actor."""

    __slots__ = ("end", "events", "function", "stopped", "told", "waits", "where")

    def __init__(self, function: str, keep: int) -> None:
        self.function: str = function
        #: The last events as `[time, what happened, with what, the state after it]`.
        self.events: deque[list[Any]] = deque(maxlen=keep)
        self.told: int = 0
        self.waits: tuple[Any, ...] | None = None
        self.where: tuple[str, int] | None = None
        #: How it ended, as text.
        self.end: str | None = None
        #: Whether nothing has happened to it since it waits: if it ends now, it was stopped.
        self.stopped: bool = True

    def add(self, time: float, what: str, value: object = None) -> None:
        """Something has happened."""
        self.told += 1
        self.events.append([time, what, value, None])


class Story:
    """A listener that remembers the last `keep` events of every actor."""

    def __init__(self, dispatcher: Dispatcher, keep: int) -> None:
        self.dispatcher: weakref.ref[Dispatcher] = weakref.ref(dispatcher)
        self.keep = keep
        self.chapters: dict[str, Chapter] = {}
        self._ended: deque[str] = deque()
        #: Whether anything has happened since somebody said that it has not.
        self.is_fresh: bool = False

    def __call__(self, record: Record) -> None:
        """Take a record; called by the dispatcher."""
        self.is_fresh = True
        kind = type(record)
        actor = record.actor
        if kind is Parked:
            chapter = self._chapter(actor)
            chapter.waits, chapter.where = record.state, record.where  # type: ignore[attr-defined]
            chapter.stopped = True
            if chapter.events:
                chapter.events[-1][3] = record.state  # type: ignore[attr-defined]
            return
        match record:
            case Sent(event=event, sender=sender):
                if sender is not None:
                    self._chapter(sender).add(record.time, f"sent to {actor.name}:", event)
            case Delivered(event=event):
                chapter = self._chapter(actor)
                chapter.stopped = False
                if isinstance(event, Timeout | Over):
                    is_time = isinstance(event, Timeout)
                    chapter.add(
                        record.time, f"{'time is up' if is_time else 'over'}: {event.label}"
                    )
                else:
                    chapter.add(record.time, "took", event)
            case Emitted(value=value):
                self._chapter(actor).add(record.time, "emitted", value)
            case Discarded(event=event):
                self._chapter(actor).add(record.time, "threw away", event)
            case DeadLetter(event=event):
                self._chapter(actor).add(record.time, "got too late", event)
            case Spawned(parent=parent):
                self.chapters.pop(actor.name, None)  # one that had the name before has ended
                by = "" if parent is None else f" by {parent.name}"
                chapter = self._chapter(actor)
                chapter.stopped = False
                chapter.add(record.time, f"spawned{by}")
            case Restarted(error=error):
                self._chapter(actor).add(record.time, "was started anew after", error)
            case Ended():
                self._end(record)

    def _chapter(self, actor: ActorRef[Any]) -> Chapter:
        name = actor.name
        chapter = self.chapters.get(name)
        if chapter is None:
            function = getattr(actor.function, "__name__", type(actor.function).__name__)
            chapter = self.chapters[name] = Chapter(function, self.keep)
            chapter.waits = actor.state or None
        return chapter

    def _end(self, record: Ended) -> None:
        name = record.actor.name
        chapter = self._chapter(record.actor)
        when = f"at {record.time:g} s"
        if record.error is not None:
            chapter.end = f"failed {when} with {shown(record.error)}, waited last"
        elif chapter.stopped:
            chapter.end = f"was stopped {when}"
        else:
            result = f", result {shown(record.result)}" if record.result is not None else ""
            chapter.end = f"ended {when} in {path_text(record.state)}{result}, waited last"
        self._ended.append(name)
        if len(self._ended) > MOST_ENDED:
            old = self._ended.popleft()
            if old in self.chapters and self.chapters[old].end is not None:
                del self.chapters[old]


def tell(dispatcher: Dispatcher | None, story: Story | None, root: Path) -> str:
    """What is known of the actors of a dispatcher, as text; empty where there are none."""
    return "\n".join(_lines(dispatcher, story, root))


def _lines(dispatcher: Dispatcher | None, story: Story | None, root: Path) -> Iterator[str]:
    living = {} if dispatcher is None else {ref.name: ref for ref in dispatcher.actors}
    chapters = {} if story is None else story.chapters
    names = [*living, *(name for name in chapters if name not in living)]
    if not names:
        return
    when = f" at {dispatcher.now():g} s" if dispatcher is not None else ""
    ended = len(names) - len(living)
    counts = [f"{len(living)} living"] * bool(living) + [f"{ended} ended"] * bool(ended)
    due = dispatcher.next_deadline if dispatcher is not None else None
    timer = f"; the next time is up at {due:g} s" if living and due is not None else ""
    yield f"dispatcher{when}: {', '.join(counts)}{timer}"
    for name in names[:MOST_ACTORS]:
        chapter = chapters.get(name)
        if name in living:
            yield f"  {_alive(living[name], root)}"
        elif chapter is not None:
            yield f"  {_gone(name, chapter, root)}"
        if chapter is not None:
            yield from _events(chapter)
    if len(names) > MOST_ACTORS:
        yield f"  … and {len(names) - MOST_ACTORS} more"


def _alive(ref: ActorRef[Any], root: Path) -> str:
    state = path_text(ref.state) or getattr(ref.function, "__name__", "?")
    if ref.phase == "spawned":
        return f"{ref.name} has not begun: settle() lets it"
    takes = ", ".join(sorted(kind.__name__ for kind in ref.accepts))
    return (
        f"{ref.name} waits in {state} at {place(ref, root)}, takes {takes or 'no event'}"
        + f", has thrown away {ref.discarded}" * bool(ref.discarded)
    )


def _gone(name: str, chapter: Chapter, root: Path) -> str:
    end = chapter.end or "waited"
    if chapter.waits is None:
        return f"{name} {end.removesuffix(', waited last')}"
    at = "" if chapter.where is None else f" at {line_text(chapter.where, root)}"
    return f"{name} {end} in {path_text(chapter.waits) or chapter.function}{at}"


def _events(chapter: Chapter) -> Iterator[str]:
    if chapter.told > len(chapter.events):
        yield f"    … {chapter.told - len(chapter.events)} earlier"
    for time, what, value, after in chapter.events:
        text = f"{what} {shown(value)}" if value is not None else what
        state = "" if after is None else f" -> {path_text(after) or chapter.function}"
        yield f"    {time:>6g} s  {text}{state}"


# --- words


def shown(value: object) -> str:
    """A value as Python shows it, short; whatever its `__repr__` does."""
    return _short.repr(value).replace("\n", " ")


def path_text(path: tuple[Any, ...]) -> str:
    """A path as it is drawn: joined by `/`; regions side by side."""
    return "/".join(
        " | ".join(path_text(each) if isinstance(each, tuple) else str(each) for each in part)
        if isinstance(part, tuple)
        else str(part)
        for part in path
    )


def place(ref: ActorRef[Any], root: Path) -> str:
    """The line of its own at which an actor waits."""
    lines = ref.where()
    if not lines:
        return "an unknown line"
    file, _, line = lines[-1].rpartition(":")
    return line_text((file, int(line)), root)


def line_text(where: tuple[str, int], root: Path) -> str:
    """`file:line`, from the root of the tests where the file lies in it."""
    file = Path(where[0])
    if file.is_relative_to(root):
        file = file.relative_to(root)
    return f"{file}:{where[1]}"
