"""The search that several commands begin with: its options, and how far it is.

`@with_search` gives a command the options of `explore`, so that they are written once and mean the
same everywhere.  The command gets a `Search`, which has looked the names among them up.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import ModuleType
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from flowlet.tools.event_text import Vocabulary, classes_near
from flowlet.tools.options import Network, Target, Time
from flowlet.tools.targets import TargetError, actor_function, resolve
from flowlet.tools.telling import console

if TYPE_CHECKING:
    from rich.console import Console

    from flowlet.introspect import Exploration, StateGraph

Progress = Callable[[int, int], None]

#: Seconds that a search takes before it is worth a bar.
LONG: Final = 1.0

_PANEL = "Options of the search"


def _option(*names: str, **more: Any) -> Any:
    return typer.Option(*names, rich_help_panel=_PANEL, show_default=False, **more)


def _options(
    events: Annotated[
        str | None,
        _option(
            "--events",
            metavar="NAME|EVENTS",
            help="What is offered to a lone actor, and nothing else: the name of a list in the "
            "module, or the events, as `'Coin(5), Push'`.",
        ),
    ] = None,
    examples: Annotated[
        str | None,
        _option(
            "--examples",
            metavar="NAME",
            help="A dict in the module: example values by type, field or performed function.",
        ),
    ] = None,
    network: Annotated[
        Network | None, _option("--network", help="How messages travel; fifo if not given.")
    ] = None,
    lossy: Annotated[bool, _option("--lossy", help="Any message may get lost.")] = False,
    timing: Annotated[
        Time | None,
        _option("--time", help="Which timer goes off first: any one, or the earliest."),
    ] = None,
    early: Annotated[
        bool, _option("--early", help="Offer a lone actor also what it would keep for later.")
    ] = False,
    symmetry: Annotated[
        str | None,
        _option(
            "--symmetry",
            metavar="NAME",
            help="Actors that are alike: their function, or their names as `a,b,c`.",
        ),
    ] = None,
    within: Annotated[
        str | None,
        _option(
            "--within", metavar="NAME", help="A predicate: states outside it are not looked at."
        ),
    ] = None,
    keep: Annotated[
        list[str] | None,
        _option("--keep", metavar="VARIABLE", help="Count it even where nothing reads it again."),
    ] = None,
    max_states: Annotated[
        int | None, _option("--max-states", min=1, metavar="N", help="Explore no more than N.")
    ] = None,
) -> None:
    """The parameters alone count."""


@dataclass
class Search:
    """A target with what `explore` is to be told about it."""

    target: str
    module: ModuleType
    fn: Callable[..., Any]
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The last part of the target's name."""
        return self.target.rpartition(":")[2].rpartition(".")[2] or "machine"

    def facts(self, found: Any) -> dict[str, Any]:
        """What every answer says of a search; `found` is what it has found."""
        return {
            "target": self.target,
            "states": found.unique_states,
            "transitions": found.transitions,
            "complete": found.complete,
            "notes": found.notes,
            "seconds": found.seconds,
            "runs": found.runs,
        }

    def explore(self) -> Exploration:
        """Explore it, with a bar on a terminal if it takes long."""
        from flowlet.introspect import explore

        with progress() as told:
            return explore(self.fn, progress=told, **self.options)


def search_of(target: str, **given: Any) -> Search:
    """The search for these options of the command line.  Raises `TargetError` for wrong ones."""
    module, fn = actor_function(target)
    options: dict[str, Any] = {}
    for name, value in given.items():
        if value is None or value is False or value == []:
            continue
        match name:
            case "events":
                options[name] = event_list(value, module, fn)
            case "examples" | "within":
                options[name] = resolve(value, module)[1]
            case "symmetry":
                several = [one.strip() for one in value.split(",")]
                options[name] = several if len(several) > 1 else resolve(value, module)[1]
            case "timing":
                options["time"] = value
            case _:
                options[name] = value
    _check_kind(options, "examples", Mapping, "a dict, such as {'charge': [250]}")
    _check_kind(options, "within", Callable, "a function of a view")
    return Search(target, module, fn, options)


def event_list(text: str, module: ModuleType, fn: Callable[..., Any]) -> list[object]:
    """The events that `--events` means: a list of that name, or the events themselves."""
    words = Vocabulary(module, classes_near(fn))
    if not text.isidentifier() or text in words.events:
        return words.events_of(text)
    found = resolve(text, module)[1]
    if not isinstance(found, list | tuple):
        raise TargetError(
            f"--events {text} is no list but {type(found).__name__}: give the name of a list of "
            "events, such as `offered = [Coin(5), Push()]`, or the events: 'Coin(5), Push'."
        )
    return list(found)


def _check_kind(options: Mapping[str, Any], name: str, kind: Any, what: str) -> None:
    if name in options and not isinstance(options[name], kind):
        came = type(options[name]).__name__
        raise TargetError(f"--{name} names {what}, and not a value of type {came}.")


def with_search(command: Callable[..., Any], without: tuple[str, ...] = ()) -> Callable[..., Any]:
    """A command whose first parameter is a `Search`, as one that takes a target and the options."""
    signature = inspect.signature(command, eval_str=True)
    _, *own = signature.parameters.values()
    shared = [
        one
        for one in inspect.signature(_options, eval_str=True).parameters.values()
        if one.name not in without
    ]
    target = inspect.Parameter("target", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=Target)

    def whole(target: str, **given: Any) -> Any:
        told = {one.name: given.pop(one.name) for one in shared}
        return command(search_of(target, **told), **given)

    parameters = [
        target,
        *(one.replace(kind=one.POSITIONAL_OR_KEYWORD) for one in (*own, *shared)),
    ]
    needed = [one for one in parameters if one.default is one.empty]
    parameters = [*needed, *(one for one in parameters if one.default is not one.empty)]
    whole.__name__, whole.__doc__ = command.__name__, command.__doc__
    whole.__module__ = command.__module__
    whole.__annotations__ = {one.name: one.annotation for one in parameters}
    whole.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return whole


def of_actor(found: Exploration, actor: str | None) -> StateGraph:
    """The graph of all, or of the actor of that name.  Raises `TargetError` for an unknown one."""
    if actor is None:
        return found.graph
    try:
        return found.graph_of(actor)
    except KeyError as error:
        raise TargetError(f"--actor {actor}: {error.args[0]}") from None


@contextmanager
def progress() -> Iterator[Progress | None]:
    """What a search is to call, to have a bar on a terminal; it is gone when the work is done."""
    bar = Bar()
    try:
        yield bar
    finally:
        bar.end()


class Bar:
    """How many of the states that were found have been continued; what is left may grow."""

    def __init__(self) -> None:
        self.console: Console = console(stderr=True)
        self.began: float = time.perf_counter()
        self.shown: Any = None

    def __call__(self, states: int, frontier: int) -> None:
        """Tell it; called by the search."""
        seconds = time.perf_counter() - self.began
        if seconds < LONG or not self.console.is_terminal:
            return
        if self.shown is None:
            from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

            self.shown = Progress(
                SpinnerColumn(),
                TextColumn("{task.description}"),
                BarColumn(bar_width=20),
                TextColumn("[dim]Ctrl-C keeps what is there"),
                console=self.console,
                transient=True,
            )
            self.shown.add_task("exploring")
            self.shown.start()
        self.shown.update(
            self.shown.task_ids[0],
            total=states,
            completed=states - frontier,
            description=f"exploring: {states:,} states, {states / seconds:,.0f} a second, "
            f"{frontier:,} to go on from",
        )

    def end(self) -> None:
        """Take the bar away."""
        if self.shown is not None:
            self.shown.stop()
