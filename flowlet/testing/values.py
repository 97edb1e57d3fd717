"""Strategies for events: what an event of a type may look like.

The values that exploring would try come first, the smallest of them foremost, since hypothesis
shrinks towards what stands first; they include those on either side of a constant with which the
source compares a field.  Then whatever the type of the field allows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, TypeAlias, cast

from hypothesis import strategies as st
from hypothesis.errors import HypothesisException
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from flowlet import ExploreError
from flowlet.introspect.alphabet import Alphabet

#: Which events there are: some of them, types of them, or a strategy for each type.
Events: TypeAlias = Iterable[Any] | Mapping[type, st.SearchStrategy[Any]]


def events_of(kind: type, fn: Callable[..., Any] | None = None) -> st.SearchStrategy[Any]:
    """Events of one type; `fn` is the actor function whose comparisons tell values worth trying.

    A field of a pydantic model is first its default, then one of its `examples`, or what its type
    and its bounds allow.  Raises `ExploreError` for a type of which no value can be made.
    """
    ways: list[st.SearchStrategy[Any]] = []
    samples = _samples(kind, fn)
    if samples:
        ways.append(st.sampled_from(samples))
    if issubclass(kind, BaseModel):
        fields = {info.alias or name: _field(info) for name, info in kind.model_fields.items()}
        if all(field is not None for field in fields.values()):
            made = st.builds(kind, **cast("dict[str, st.SearchStrategy[Any]]", fields))
            ways.append(made) if fields or not ways else None
    if not ways:
        raise ExploreError(
            f"no event of type {kind.__name__} can be made up; give some, or a strategy: "
            f"events={{{kind.__name__}: st.builds({kind.__name__}, …)}}"
        )
    return st.one_of(ways)


def _samples(kind: type, fn: Callable[..., Any] | None) -> list[Any]:
    try:
        return Alphabet(fn or _nothing, None, None).of(kind)
    except ExploreError:
        return []


def _nothing() -> None:
    """Compares nothing."""


def _field(info: FieldInfo) -> st.SearchStrategy[Any] | None:
    """Values of a field, or `None` where its type says nothing that hypothesis knows."""
    first = [] if info.is_required() else [info.get_default(call_default_factory=True)]
    first = [st.just(value) for value in first if value is not PydanticUndefined]
    if info.examples:
        return st.one_of(*first, st.sampled_from(list(info.examples)))
    kind: Any = info.annotation
    if info.metadata:
        kind = Annotated[(kind, *info.metadata)]
    try:
        of_type = st.from_type(kind)
        of_type.validate()
    except (HypothesisException, TypeError, NameError):
        return st.one_of(first) if first else None
    return st.one_of(*first, of_type)


def by_type(
    events: Events | None, kinds: Iterable[type], fn: Callable[..., Any] | None
) -> dict[type, st.SearchStrategy[Any]]:
    """A strategy for each type of event; `kinds` are those there are where none are given."""
    if isinstance(events, Mapping):
        return dict(events)
    if events is None:
        return {kind: events_of(kind, fn) for kind in sorted(kinds, key=_by_name)}
    made: dict[type, list[st.SearchStrategy[Any]]] = {}
    for one in events:
        if isinstance(one, type):
            made.setdefault(one, []).append(events_of(one, fn))
        else:
            made.setdefault(type(one), []).append(st.just(one))
    return {kind: st.one_of(ways) for kind, ways in made.items()}


def _by_name(kind: type) -> tuple[str, str]:
    return kind.__name__, kind.__module__
