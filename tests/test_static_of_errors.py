# These programs do what nobody should.
# ruff: noqa: B007, B015, B018, F841
# pyright: reportPossiblyUnboundVariable=false, reportUnboundVariable=false, reportUnusedExpression=false
"""Errors as the source says them: whatever may fail leads to the `except` that waits for it.

`all_read` explores an actor with some events, and reads it: no edge may be missing, and nothing
may be unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from flowlet import Event, StateGraph, explore, parallel, receive
from flowlet.introspect.static import static


class Go(Event): ...


class Fix(Event): ...


class Sum(Event):
    euros: int = 0


NOTHING: dict[Any, Any] = {}
ALPHABET = [Go(), Fix(), Sum(0), Sum(1)]


def all_read(fn: Callable[..., Any]) -> StateGraph:
    """What is read of an actor, when that is all that it can do."""
    read, explored = static(fn), explore(fn, events=ALPHABET).graph
    assert explored.triples() - read.triples() == set()
    assert read.complete, read.notes
    return read


# -- what may fail -----------------------------------------------------------------------------


def attribute() -> None:
    try:
        receive(Sum, at="sum").nope  # type: ignore[attr-defined]  # that is the error
    except AttributeError:
        receive(Fix, at="fixing")


def attribute_of_nothing() -> None:
    event = None if receive(Sum, at="sum").euros else Go()
    try:
        event.label  # type: ignore[union-attr]  # so is this
    except AttributeError:
        receive(Fix, at="fixing")


def stored_attribute() -> None:
    event = receive(Sum, at="sum")
    try:
        event.euros = 3  # type: ignore[misc]  # it is frozen
    except ValueError:
        receive(Fix, at="fixing")


def unpacking() -> None:
    try:
        _one, _two = (1,) * (receive(Sum, at="sum").euros + 1)
    except ValueError:
        receive(Fix, at="fixing")


def unpacking_in_a_loop() -> None:
    pairs: list[Any] = [(1, 2), 3]
    try:
        for _one, _two in pairs:
            receive(Sum, at="sum")
    except TypeError:
        receive(Fix, at="fixing")


def deleted_name() -> None:
    x = 1
    if receive(Sum, at="sum").euros:
        del x
    try:
        x
    except NameError:
        receive(Fix, at="fixing")


def name_that_no_turn_has_set() -> None:
    for turn in range(receive(Sum, at="sum").euros):
        pass
    try:
        turn
    except NameError:
        receive(Fix, at="fixing")


def name_of_an_error_that_is_over() -> None:
    try:
        raise KeyError(receive(Go, at="sum"))
    except KeyError as error:
        pass
    try:
        error
    except NameError:
        receive(Fix, at="fixing")


def name_that_is_nowhere() -> None:
    receive(Go, at="sum")
    try:
        nobody_knows_me  # type: ignore[name-defined]
    except NameError:
        receive(Fix, at="fixing")


def operands() -> None:
    price: Any = receive(Sum, at="sum").euros or "free"
    try:
        price + 1
    except TypeError:
        receive(Fix, at="fixing")


def comparison() -> None:
    try:
        receive(Sum, at="sum") < 3  # type: ignore[operator]
    except TypeError:
        receive(Fix, at="fixing")


def loop_over_nothing() -> None:
    items: Any = None if receive(Sum, at="sum").euros else [1]
    try:
        for _ in items:
            receive(Go, at="item")
    except TypeError:
        receive(Fix, at="fixing")


def deleted_item() -> None:
    try:
        del {0: 1}[receive(Sum, at="sum").euros]
    except KeyError:
        receive(Fix, at="fixing")


def import_of_nothing() -> None:
    receive(Go, at="sum")
    try:
        import nobody_has_me  # type: ignore[import-not-found]  # noqa: F401
    except ImportError:
        receive(Fix, at="fixing")


def arguments_that_do_not_fit() -> None:
    def helper(one: int) -> None: ...

    try:
        helper(*(1,) * receive(Sum, at="sum").euros)
    except TypeError:
        receive(Fix, at="fixing")


def arguments_that_are_missing() -> None:
    helper: Any = lambda one: one  # noqa: E731
    receive(Go, at="sum")
    try:
        helper()
    except TypeError:
        receive(Fix, at="fixing")


def guard_of_an_arm() -> None:
    try:
        match receive(Sum, at="sum"):
            case Sum(euros) if 1 // euros:
                receive(Go, at="some")
    except ZeroDivisionError:
        receive(Fix, at="fixing")


def in_a_region() -> None:
    try:
        parallel(lambda: [][receive(Sum, at="sum").euros], lambda: receive(Go, at="other"))
    except IndexError:
        receive(Fix, at="fixing")


@contextmanager
def tidy() -> Iterator[None]:
    try:
        yield
    finally:
        receive(Fix, at="tidying")


def under_a_context_manager() -> None:
    with tidy():
        NOTHING[receive(Sum, at="sum")]


@pytest.mark.parametrize(
    "fn",
    [
        attribute, attribute_of_nothing, stored_attribute, unpacking, unpacking_in_a_loop,
        deleted_name, name_that_no_turn_has_set, name_of_an_error_that_is_over,
        name_that_is_nowhere, operands, comparison, loop_over_nothing, deleted_item,
        import_of_nothing, arguments_that_do_not_fit, arguments_that_are_missing,
        guard_of_an_arm, in_a_region,
        under_a_context_manager,
    ],
    ids=lambda fn: str(fn.__name__),
)  # fmt: skip
def test_what_may_fail_leads_to_whoever_waits_for_it(fn: Callable[..., Any]) -> None:
    """Each of these is explored with its error."""
    assert any("fixing" in state.name or "tidying" in state.name for state in all_read(fn).states)


def test_an_error_of_a_known_class_enters_no_other_handler() -> None:
    """A key that is missing is no wrong value, and what is harmless is no error at all."""

    def clerk() -> None:
        try:
            total = receive(Sum, at="sum").euros * 2
            NOTHING[total]
        except ValueError:
            receive(Fix, at="wrong value")
        except KeyError:
            receive(Fix, at="no key")

    def counter() -> None:
        try:
            total = receive(Sum, at="sum").euros
            label = f"{total}"
            if total > 3 and label != "5":
                total += 1
        except Exception:
            receive(Fix, at="never")

    assert [s.name for s in all_read(clerk).states if s.kind == "state"] == ["sum", "no key"]
    assert [s.name for s in all_read(counter).states if s.kind == "state"] == ["sum"]


# -- and then -----------------------------------------------------------------------------------


def test_an_error_that_went_through_clean_up_that_waits_is_an_edge() -> None:
    """Somebody saw it on its way; so how the actor ends is drawn."""

    def actor() -> None:
        try:
            NOTHING[receive(Go, at="working")]
        finally:
            receive(Fix, at="tidying")

    assert ("tidying", "Fix", "error: KeyError") in all_read(actor).triples()


def test_an_error_that_is_raised_again_is_the_one_that_was_caught() -> None:
    """Its class is that of the `except`; under a broad one, nobody knows it."""

    def narrow() -> None:
        try:
            NOTHING[receive(Go, at="working")]
        except KeyError:
            receive(Fix, at="fixing")
            raise

    def broad(work: Callable[[], None]) -> None:
        receive(Go, at="working")
        try:
            work()
        except Exception:
            receive(Fix, at="fixing")
            raise

    assert ("fixing", "Fix", "error: KeyError") in all_read(narrow).triples()

    def guarded(work: Callable[[], None]) -> None:
        receive(Go, at="working")
        try:
            work()
        except KeyError:
            receive(Fix, at="fixing")
            raise

    assert ("fixing", "Fix", "error: KeyError") in static(guarded).triples()
    read = static(broad)
    assert ("fixing", "Fix", "error: ?") in read.triples()
    assert "fixing: which error the actor ends with is not known until it runs" in read.notes


def test_parts_of_a_group_of_errors_go_to_several_handlers() -> None:
    """One after the other; what the handlers raise, and what is left, comes out as a group."""

    def actor() -> None:
        try:
            receive(Go, at="working")
            raise ExceptionGroup("two", [ValueError(), KeyError()])
        except* ValueError:
            receive(Fix, at="value")
            raise IndexError from None
        except* KeyError:
            receive(Fix, at="key")

    assert {
        ("working", "Go", "value"),
        ("value", "Fix", "key"),
        ("key", "Fix", "error: ExceptionGroup"),
    } <= static(actor).triples()


def test_a_single_error_goes_to_one_handler_of_groups() -> None:
    """It is in no group with others."""

    def actor() -> None:
        try:
            NOTHING[receive(Go, at="working")]
        except* LookupError:
            receive(Fix, at="fixing")
        except* ValueError:
            receive(Fix, at="never")

    assert all_read(actor).names() == ["working", "fixing", "end"]
