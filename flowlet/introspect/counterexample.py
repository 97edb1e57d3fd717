"""A counterexample as people read it: as a sequence of steps, and as a test to paste.

What fails at the end of a path is a test that takes the path: it fails while the code still goes
there and passes where it does otherwise there, or cannot go there any more.  What is missing, a
state that is never reached or something that never comes, has no such path: its test checks again.
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

from .as_code import Code, code_of, name_of

if TYPE_CHECKING:
    from .check import Failure


def sequence(failure: Failure) -> str:
    """What fails, and the numbered steps to it, with where they lead."""
    lines = [_title(failure)]
    lines += _numbered(failure.path, 1)
    if failure.loop:
        lines.append("   and then, for ever:")
        lines += _numbered(failure.loop, len(failure.path) + 1)
    return "\n".join(lines)


def _numbered(steps: list[Any], first: int) -> list[str]:
    width = max((len(step.label) for step in steps), default=0)
    return [f"{n:4}. {step.label:{width}}  -> {step.target}" for n, step in enumerate(steps, first)]


def _title(failure: Failure) -> str:
    what = failure.kind if failure.name == failure.kind else f"{failure.kind}: {failure.name}"
    return f"{what}: {failure.text}"


def as_pytest(failure: Failure) -> str:
    """A test function that fails while what was found is so."""
    what = failure.kind if failure.name == failure.kind else f"{failure.kind} {failure.name}"
    name = re.sub(r"\W+", "_", what).strip("_").lower()
    system = code_of(failure.system) or _missing(failure.system, "system")
    body = _checking(failure, system) if _is_checked(failure) else _walking(failure, system)
    title = re.sub(r'"""', "'''", _title(failure).replace("\\", "\\\\"))
    return "\n".join(
        [
            *_sorted(body.imports),
            "",
            "",
            f"def test_{name}():",
            f'    """{title}"""',
            *(f"    {line}".rstrip() for line in [*body.before, *body.text.splitlines()]),
            "",
        ]
    )


def _sorted(imports: list[str]) -> list[str]:
    """The imports once each, in the usual order; what is to be seen to comes after them."""
    names_of: dict[str, set[str]] = {}
    own, comments = [], []
    for line in dict.fromkeys(imports):
        words = line.split()
        if line.startswith("#"):
            comments.append(line)
        elif words[0] == "import":
            own.append(line)
        else:
            names_of.setdefault(words[1], set()).add(words[3])
    own += [f"from {module} import {', '.join(sorted(them))}" for module, them in names_of.items()]
    blocks: list[list[str]] = [[], []]
    for line in sorted(own, key=lambda line: (line.startswith("from"), line.split()[1])):
        blocks[line.split()[1].partition(".")[0] not in sys.stdlib_module_names].append(line)
    between = [""] if all(blocks) else []
    return [*blocks[0], *between, *blocks[1], *comments]


def _is_checked(failure: Failure) -> bool:
    """Whether only another check can tell that it is mended."""
    if failure.kind == "sometimes":
        return True
    return failure.kind == "eventually" and code_of(failure.predicate) is not None


# --- by its path --------------------------------------------------------------------------


def _walking(failure: Failure, system: Code) -> Code:
    claim = _claim(failure)
    network = [] if failure.network == "fifo" else [Code(f"network={failure.network!r}")]
    told = [*network, *_options(failure, ("time", "events", "examples"))]
    parts = [system, claim, *told]
    steps = [f"            {step.line!r}," for step in [*failure.path, *failure.loop]]
    lines = [
        "with suppress(ReplayError):  # it is mended where the code cannot go there any more",
        "    d = replay(",
        f"        {system.text},",
        *(["        [", *steps, "        ],"] if steps else ["        [],"]),
        *(f"        {each.text}," for each in told),
        "    )",
        *(f"    {line}" for line in claim.text.splitlines()),
    ]
    imports = [
        *(line for part in parts for line in part.imports),
        "from contextlib import suppress",
        "from flowlet import ReplayError",
        "from flowlet.introspect import replay",
    ]
    return Code("\n".join(lines), imports, [line for part in parts for line in part.before])


def _claim(failure: Failure) -> Code:
    """What holds at the end of the path where the fault is mended."""
    match failure.kind:
        case "crash":
            return Code(f"assert {failure.actor!r} not in d.view.crashed")
        case "unexpected event":
            return Code(f"assert {failure.actor!r} not in d.view.discarded")
        case "deadlock":
            strict = "strict=True" if failure.options.get("deadlock") == "strict" else ""
            return Code(f"assert not d.view.deadlock({strict})")
    predicate = code_of(failure.predicate)
    if predicate is not None:
        negated = "not " if failure.kind == "never" else ""
        return predicate.within(f"assert {negated}{{}}(d.view)")
    states = ", ".join(f"{actor!r}: {path!r}" for actor, path in failure.states.items())
    return Code(
        f"expected = {{{states}}}\n"
        "assert {name: d.view[name].state for name in expected} != expected",
        [
            "# There is no code for the predicate, so this only says that it does not come here; "
            "better assert what is to hold of d.view."
        ],
    )


# --- by another check ---------------------------------------------------------------------


def _checking(failure: Failure, system: Code) -> Code:
    predicate = code_of(failure.predicate) or _stub(failure)
    options = _options(failure, tuple(failure.options))
    parts = [system, predicate, *options]
    asked = f"{failure.kind}={{{failure.name!r}: {predicate.text}}}"
    lines = [
        "verdict = check(",
        f"    {system.text},",
        f"    {asked},",
        *(f"    {each.text}," for each in options),
        "    deadlock=False,",
        "    crash=False,",
        "    unexpected=False,",
        ")",
        "assert verdict.ok, verdict",
    ]
    return Code(
        "\n".join(lines),
        [
            *(line for part in parts for line in part.imports),
            "from flowlet.introspect import check",
        ],
        [line for part in parts for line in part.before],
    )


def _options(failure: Failure, which: tuple[str, ...]) -> list[Code]:
    """What the search was told besides, as arguments."""
    found = []
    for name in which:
        if name not in failure.options or name == "deadlock":
            continue
        value = code_of(failure.options[name])
        if value is None:
            value = Code("...", [f"# {name}= has to be filled in below"])
        found.append(value.within(f"{name}={{}}"))
    return found


def _missing(fn: Any, called: str) -> Code:
    """A name for a function of which there is no code."""
    if fn is None:
        return Code(called, [f"# import the {called}"])
    name = name_of(fn)
    return Code(name, [f"# {name} has to be importable here"])


def _stub(failure: Failure) -> Code:
    """A predicate that is to be written."""
    return Code(
        "holds",
        [],
        [  # what is printed: only its reader knows what the predicate says
            "def holds(v):",
            f"    raise NotImplementedError({f'write here what {failure.name!r} means'!r})",
            "",
        ],
    )
