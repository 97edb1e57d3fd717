# pyright: strict, reportUnnecessaryTypeIgnoreComment=true
"""`parallel` is a tuple of what its regions return; `race` narrows on its index."""

from __future__ import annotations

from typing import assert_never, assert_type

from flowlet import Event, parallel, race, receive


class Go(Event): ...


def number() -> int:
    receive(Go)
    return 1


def text() -> str:
    receive(Go)
    return ""


def nothing() -> None:
    receive(Go)


def needs(argument: int) -> int:
    return argument


def all_of_them() -> None:
    assert_type(parallel(number), tuple[int])
    assert_type(parallel(number, text), tuple[int, str])
    assert_type(parallel(number, text, nothing), tuple[int, str, None])
    assert_type(parallel(text, text, number, number), tuple[str, str, int, int])
    assert_type(parallel(lambda: needs(1), text), tuple[int, str])
    first, second = parallel(number, text)
    assert_type(first, int)
    assert_type(second, str)


def as_many_as_there_are(count: int) -> None:
    assert_type(parallel(*[number] * count), tuple[int, ...])
    assert_type(race(*[number] * count), tuple[int, int])


def the_first_to_end() -> None:
    winner = race(number, text)
    if winner[0] == 0:
        assert_type(winner[1], int)
    else:
        assert_type(winner[1], str)


def the_first_of_three() -> None:
    winner = race(number, text, nothing)
    match winner:
        case (0, result):
            assert_type(result, int)
        case (1, result):
            assert_type(result, str)
        case (2, result):
            assert_type(result, None)
        case _:
            assert_never(winner)


def forgets_a_region() -> None:
    match race(number, text):
        case (0, _):
            pass
        case never:
            assert_never(never)  # type: ignore[arg-type]


def mistakes() -> None:
    parallel(needs)  # type: ignore[arg-type]
    race(number, needs)  # type: ignore[arg-type]
    parallel(number(), text)  # type: ignore[call-overload]
    _, _, _ = parallel(number, text)  # type: ignore[misc]
