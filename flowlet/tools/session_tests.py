"""A session as a test: each move, and where everybody is after it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from flowlet.names import function_name
from flowlet.tools.as_code import (
    Imports,
    code_of,
    function_code,
    name_of_test,
    text_code,
    write_tests,
)
from flowlet.tools.session import (
    MOST_DELIVERIES,
    Answer,
    Deliver,
    Happened,
    Performed,
    Session,
    Standing,
)
from flowlet.tools.steps import Send, Wait
from flowlet.tools.targets import TargetError

_INDENT = " " * 8


def save(session: Session, module: ModuleType, path: Path, force: bool = False) -> None:
    """Write a session as a test that passes.  Raises `TargetError` where it cannot be told."""
    write_tests(path, as_test(session, module), [module], force)


def as_test(session: Session, module: ModuleType) -> str:
    """The text of the test file."""
    if session.stage.performed:
        raise TargetError(
            f"{session.stage.performed[0]} has been called and has no result yet; say "
            "`gives VALUE` first, so that the test knows it."
        )
    imports = Imports()
    imports.take("flowlet", "Dispatcher")
    called = function_code(session.target, module, imports)
    body = _Body(session, imports)
    lines = list(body.lines(called))
    stubs = list(body.stubs())
    name = name_of_test(session.target.rpartition(":")[2])
    given = "monkeypatch" if stubs else ""
    seed = f"seed={session.seed!r}" if session.seed != 0 else ""
    return "\n".join(
        [
            f'"""Played with `flowlet play {session.target}`."""',
            "",
            *imports.lines(),
            "",
            "",
            f"def {name}({given}):",
            *stubs,
            f"    with Dispatcher({seed}) as d:",
            *(f"{_INDENT}{line}" if line else "" for line in lines),
            "",
        ]
    )


class _Body:
    """The lines of the test, with what they take for granted collected on the way."""

    def __init__(self, session: Session, imports: Imports) -> None:
        self.session = session
        self.imports = imports
        self.alone = not session.drive.is_system
        self.first = next(iter(session.happened[0].cast), "")
        self.known: set[str] = set()
        self.before: dict[str, Standing] = {}
        self.answers: dict[str, list[str]] = {}
        self.performed: dict[str, Performed] = {}
        self.asserted = 0

    def lines(self, called: str) -> Iterator[str]:
        if self.alone:
            yield f"actor = d.spawn({called})"
        else:
            yield f"{called}(d)"
            yield from self._name_actors(self.session.happened[0])
        pending: list[str] = []
        failures: list[str] = []
        outputs: dict[str, tuple[Any, ...]] = {}
        for happened in self.session.happened:
            pending += self._move(happened)
            failures += [type(error).__name__ for error in happened.failures]
            for error in happened.failures:
                self.imports.taken(type(error))
            self._note_answers(happened)
            for actor, standing in happened.cast.items():
                outputs[actor] = (*outputs.get(actor, ()), *standing.outputs)
            if happened.called:
                continue  # in a test the result is there at once: the next move belongs to this one
            yield from self._with_failures(pending, failures)
            yield from self._name_actors(happened)
            yield from self._claims(happened, outputs)
            pending, failures, outputs = [], [], {}

    # --- moves ----------------------------------------------------------------------------

    def _move(self, happened: Happened) -> list[str]:
        match happened.move:
            case Send(event=event, to=to):
                code = code_of(event, self.imports)
                if code is None:
                    raise TargetError(
                        f"no code makes {event!r} once more: its class is in no module that a test "
                        "can import, or one of its fields is no plain value."
                    )
                return [f"{self._actor(to or self.first)}.send({code})", *_deliveries(happened)]
            case Wait(seconds=seconds):
                if happened.busy:
                    raise TargetError(
                        f"with wait {seconds:g} the actors came to no rest; go by step instead."
                    )
                if happened.failures or happened.called:
                    return [f"d.run(until={happened.time!r})"]  # where it stopped, and no further
                return [f"d.advance({seconds!r})"]
            case Answer():
                return []
            case Deliver(all=False):
                return ["d.step()"]
        if happened.move is None and not self.alone:
            return []
        return _deliveries(happened)

    def _with_failures(self, lines: list[str], failures: list[str]) -> Iterator[str]:
        """The lines; of those that raise, the last one is what raises."""
        if not failures:
            yield from lines
            return
        self.imports.module("pytest")
        yield from lines[:-1]
        for failure in failures:
            yield f"with pytest.raises({failure}):"
            yield f"    {lines[-1]}"
        if lines[-1] != "d.step()":
            yield lines[-1]  # the others go on at the next call

    def _note_answers(self, happened: Happened) -> None:
        for performed in happened.called:
            self.performed[function_name(performed.fn)] = performed
        if not isinstance(happened.move, Answer):
            return
        before = self.session.happened[self.session.happened.index(happened) - 1]
        name = function_name(before.called[0].fn)
        answer = happened.move
        if answer.error is None:
            code = code_of(answer.value, self.imports)
        else:
            kind = self.imports.taken(type(answer.error))
            code = kind and f"{kind}({', '.join(map(repr, answer.error.args))})"
        if code is None:
            raise TargetError(
                f"no code makes {answer.value!r}, which {name} gives in this session."
            )
        self.answers.setdefault(name, []).append(code)

    def stubs(self) -> Iterator[str]:
        """What stands for the functions that were performed."""
        for name, codes in self.answers.items():
            fn = self.performed[name].fn
            module = getattr(fn, "__module__", "")
            if getattr(sys.modules.get(module), name, None) is not fn:
                raise TargetError(
                    f"{name} is performed, and a test cannot put another function in its place: "
                    "perform a function of a module."
                )
            yield f"    answers_of_{name} = iter([{', '.join(codes)}])"
            yield ""
            yield f"    def {name}(*args):"
            yield f"        answer = next(answers_of_{name})"
            yield "        if isinstance(answer, BaseException):"
            yield "            raise answer"
            yield "        return answer"
            yield ""
            yield f"    monkeypatch.setattr({text_code(f'{module}.{name}')}, {name})"

    # --- claims ---------------------------------------------------------------------------

    def _name_actors(self, happened: Happened) -> Iterator[str]:
        if self.alone and len(happened.cast) == 1:
            return
        living = {name for name, standing in happened.cast.items() if standing.alive}
        if not living <= self.known:
            first = not self.known
            self.known |= living
            made = "{ref.name: ref for ref in d.actors}"
            yield f"actors = {made}" if first else f"actors |= {made}"

    def _actor(self, name: str) -> str:
        return "actor" if self.alone and name == self.first else f"actors[{text_code(name)}]"

    def _claims(self, happened: Happened, outputs: dict[str, tuple[Any, ...]]) -> Iterator[str]:
        """What is so now and was not before; the outputs are those of all moves since then."""
        for name, standing in happened.cast.items():
            if name not in self.known and not (self.alone and name == self.first):
                continue
            actor, before = self._actor(name), self.before.get(name)
            if before is None or before.state != standing.state or self.alone:
                yield f"assert {actor}.state == {code_of(standing.state, self.imports)}"
            if not standing.alive and (before is None or before.alive):
                yield f"assert not {actor}.alive"
            if outputs[name] or (self.alone and before is not None and before.outputs):
                codes = [code_of(value, self.imports) for value in outputs[name]]
                if None in codes:
                    yield f"assert len({actor}.take()) == {len(codes)}"
                else:
                    told = ", ".join(str(code) for code in codes)
                    yield f"assert {actor}.take() == [{told}]"
            if standing.discarded != (0 if before is None else before.discarded):
                yield f"assert {actor}.discarded == {standing.discarded}"
        self.before = happened.cast


def _deliveries(happened: Happened) -> list[str]:
    if happened.busy and happened.deliveries >= MOST_DELIVERIES:
        return [f"for _ in range({happened.deliveries}):", "    d.step()"]
    return ["d.settle()"]
