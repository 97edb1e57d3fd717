"""A value as code: what a test or a counterexample says of it makes the same value again."""

from __future__ import annotations

import functools
import math
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, Flag, StrEnum
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowlet import Event
from flowlet.introspect import as_code as of_counterexamples
from flowlet.tools import as_code as of_tests


class Size(Enum):
    SMALL = "small"
    LARGE = object()


class Kind(StrEnum):
    DAY = "a day"


class Right(Flag):
    READ = 1
    WRITE = 2


#: An Enum that its module has under another name.
UNKNOWN: Any = Enum("Local", "ONE")  # type: ignore[misc]


class Coin(Event):
    value: int = 1
    size: Size = Size.SMALL
    rest: Any = None


@dataclass(frozen=True)
class Spot:
    row: int
    column: int = field(default=0, kw_only=True)
    sum: int = field(init=False, default=0)


class Pair(NamedTuple):
    left: int
    right: int


class Names(list[str]):
    pass


def doubled(number: int) -> int:
    return 2 * number


def in_tests(value: Any) -> Any:
    """What the code of a saved session makes; `None` if there is none."""
    imports = of_tests.Imports()
    text = of_tests.code_of(value, imports)
    return None if text is None else (made(text, imports.lines(), []),)


def in_counterexamples(value: Any) -> Any:
    """What the code of a counterexample makes; `None` if there is none."""
    code = of_counterexamples.code_of(value)
    return None if code is None else (made(code.text, code.imports, code.before),)


def made(text: str, imports: list[str], before: list[str]) -> Any:
    space: dict[str, Any] = {}
    exec("\n".join([*imports, *before]), space)
    return eval(text, space)


BOTH = pytest.mark.parametrize("again", [in_tests, in_counterexamples])

plain: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(max_size=9),
    st.binary(max_size=9),
    st.sampled_from([*Size, *Kind, Right.READ]),
)
hashable = plain | st.tuples(plain) | st.frozensets(plain, max_size=3)
values = st.recursive(
    plain | hashable,
    lambda some: (
        st.lists(some, max_size=3)
        | st.tuples(some, some)
        | st.sets(hashable, max_size=3)
        | st.dictionaries(hashable, some, max_size=3)
        | st.builds(Coin, st.integers(), st.sampled_from(Size), some)
    ),
    max_leaves=8,
)


@BOTH
@given(values)
def test_a_value_is_made_again(again: Callable[[Any], Any], value: Any) -> None:
    """Whatever it holds, and of the same types."""
    (other,) = again(value)
    assert (other, types(other)) == (value, types(value))


def types(value: Any) -> str:
    """The types of a value and of what it holds: `1`, `True` and `1.0` are equal."""
    match value:
        case list() | tuple():
            held = [types(one) for one in value]
        case set() | frozenset():
            held = sorted(types(one) for one in value)
        case dict():
            held = [f"{types(key)}: {types(one)}" for key, one in value.items()]
        case Coin():
            held = [types(value.rest)]
        case _:
            held = [repr(value)]
    return f"{type(value).__name__}({', '.join(held)})"


@BOTH
def test_numbers_that_are_none_are_made_again(again: Callable[[Any], Any]) -> None:
    """They have no literal."""
    found = again([math.inf, -math.inf, -0.0])[0]
    assert found == [math.inf, -math.inf, -0.0]
    assert math.copysign(1, found[2]) == -1
    assert math.isnan(again(math.nan)[0])


@BOTH
def test_flags_together_are_made_again(again: Callable[[Any], Any]) -> None:
    """Their name is that of several members."""
    for value in (Right.READ | Right.WRITE, Right(0)):
        assert again(value) == (value,)


@BOTH
@pytest.mark.parametrize(
    "value",
    [
        object(), Names("ab"), Pair(1, 2), OrderedDict(a=1), [object()], {"a": object()},
        {object(): 1}, Coin(rest=object()), (object(),), {Pair(1, 2)},
        UNKNOWN.ONE, type("Here", (Event,), {"__module__": "nowhere.there"})(),
    ],
    ids=[
        "an object", "names", "a pair", "in order", "in a list", "in a dict", "a key", "a field",
        "in a tuple", "in a set", "not of its module", "of no module",
    ],
)  # fmt: skip
def test_what_no_code_makes_is_none(again: Callable[[Any], Any], value: Any) -> None:
    """A class of its own is more than its members; what is not to be imported cannot be made."""
    assert again(value) is None


def test_a_dataclass_is_made_by_the_fields_that_it_takes() -> None:
    """In a saved session."""
    assert in_tests([Spot(1, column=2)]) == ([Spot(1, column=2)],)


def test_functions_are_imported_or_copied() -> None:
    """With what they take from around them; what a copy cannot have, it is not made of."""
    offset, spot = 3, object()

    def shifted(number: int, by: int = offset, *, times: int = 2) -> int:
        return doubled(number) * times + by - offset

    def lost(number: int) -> tuple[int, object]:
        return number, spot

    plus: Callable[[int], int] = lambda number: number + offset  # noqa: E731
    copied: list[Callable[[int], int]] = [doubled, shifted, plus, functools.partial(shifted, by=5)]
    for fn in copied:
        assert in_counterexamples(fn)[0](7) == fn(7)
    assert in_counterexamples((len, Size)) == ((len, Size),)
    given: Any = spot
    without: list[Any] = [lost, functools.partial(lost), functools.partial(shifted, given), later]
    assert [in_counterexamples(fn) for fn in without] == [None] * 4


def later_made(is_now: bool = False) -> Callable[[], object]:
    def made_later() -> object:
        return value

    if is_now:
        value = 1
    return made_later


later = later_made()
