"""Symmetry: states that differ only in which of several like actors is which are one.

A state's *signature* says the same of all states of its orbit: the least of what is left when the
interchangeable actors are renamed in every way.  To save most of the ways, the actors are sorted
first by what each looks like when all the others have no names; only those that look alike are
permuted.  That is exact: a renaming that maps one state to another maps looks to looks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby, permutations, product
from typing import Any

from .. import names
from ..actor import ActorRef
from ..errors import ExploreError
from .exchange import End, Message
from .moves import Move
from .product import Product
from .values import Given
from .view import View

Form = Any
Symmetry = Callable[..., Any] | Iterable[Any] | None


def groups_of(symmetry: Symmetry, product: Product) -> list[list[int]]:
    """The interchangeable actors, by number: those of a function, or named, or several groups."""
    scene = product.variants[0][1]
    given: list[Any] = []
    if callable(symmetry):
        given = [[r.name for r in scene.cast if names.unwrapped(r.function) is _plain(symmetry)]]
    elif symmetry is not None:
        listed = list(symmetry)
        one_group = all(isinstance(each, str | ActorRef) for each in listed)
        given = [listed] if one_group else listed
    found = []
    for group in given:
        if callable(group):
            found += groups_of(group, product)
            continue
        members = [each if isinstance(each, str) else each.name for each in group]
        for name in members:
            if name not in product.exchange.numbers:
                there = ", ".join(product.names)
                raise ExploreError(f"symmetry= names {name!r}; there are {there}")
        if len(members) < 2:
            raise ExploreError(
                "symmetry= takes the actors that are interchangeable, two or more: their function, "
                'or their names: symmetry=["a", "b"]'
            )
        functions = {_plain(scene.cast[product.exchange.numbers[m]].function) for m in members}
        if len(functions) > 1:
            raise ExploreError(f"{', '.join(members)} do not run one function, and cannot be alike")
        found.append([product.exchange.numbers[name] for name in members])
    return found


def _plain(fn: Callable[..., Any]) -> Callable[..., Any]:
    return names.unwrapped(fn)


class Orbits:
    """The signatures of states."""

    def __init__(self, search: Product, groups: list[list[int]]) -> None:
        self.search = search
        self.groups = groups
        self.members: list[str] = [
            name for group in groups for name in (search.names[n] for n in group)
        ]
        self.whole: frozenset[frozenset[str]] = self._whole()
        self._names: dict[Any, frozenset[str]] = {}
        self._ids: dict[Any, int] = {}
        self._renamed: dict[Any, int] = {}

    def _id(self, form: Any) -> int:
        return self._ids.setdefault(form, len(self._ids))

    def parts(self, state: int) -> tuple[list[Form], list[Form], list[tuple[str, str, Form]]]:
        """The forms of the actors, of the cells, and of the messages in flight."""
        search = self.search
        locals_ = [search.local(state, actor).form for actor in range(len(search.names))]
        values = search.fields.values(state)
        cells = [search.exchange.value_forms[c][v] for c, v in enumerate(values)]
        flights = [
            (
                _sender(search, m),
                search.names[m.receiver],
                (search.exchange.message_forms[m.number], m.reply),
            )
            for m in search.network.in_flight(state)
        ]
        return locals_, cells, flights

    def signature(self, state: int) -> Any:
        """Equal for two states just when a renaming maps the one to the other."""
        spawning = [m.name for m in self.search.machines if m.child_names]
        if spawning:
            raise ExploreError(
                f"symmetry= is not known of actors that spawn children, as {spawning[0]} does; "
                "spawn them in the system function, or leave out symmetry="
            )
        locals_, cells, flights = self.parts(state)
        mentioned = self._mentioned(locals_, cells, flights)
        order: list[list[list[int]]] = []
        for group in self.groups:
            looks = {actor: self._look(actor, locals_, cells, flights) for actor in group}
            ranked = sorted(group, key=lambda actor: looks[actor])
            alike = [list(same) for _, same in groupby(ranked, key=lambda a: looks[a])]
            # Those that nobody names need not be told apart at all.
            order.append([part for same in alike for part in self._apart(same, mentioned)])
        return min(
            self._renamed_state(renaming, locals_, cells, flights)
            for renaming in self._renamings(order)
        )

    def _mentioned(
        self, locals_: list[Form], cells: list[Form], flights: list[tuple[str, str, Form]]
    ) -> set[str]:
        """The actors that stand by name in the form of another one, in a cell or in a message."""
        found: set[str] = set()
        for actor, form in enumerate(locals_):
            found |= self._names_in(form) - {self.search.names[actor]}
        for form in cells:
            found |= self._names_in(form)
        for sender, receiver, form in flights:
            found |= {sender, receiver} | self._names_in(form)
        return found

    def _names_in(self, form: Form) -> frozenset[str]:
        known = self._names.get(form)
        if known is None:
            known = self._names[form] = frozenset(_named(form, self.whole))
        return known

    def _apart(self, same: list[int], mentioned: set[str]) -> list[list[int]]:
        """Split off the actors that need no permuting."""
        free = [actor for actor in same if self.search.names[actor] not in mentioned]
        bound = [actor for actor in same if actor not in free]
        return [*([actor] for actor in free), *([bound] if bound else [])]

    def _renamings(self, order: list[list[list[int]]]) -> Iterator[dict[str, str]]:
        """Each way to give the names of a group, in their order, to its actors as ranked."""
        all_names = self.search.names
        classes = [same for group in order for same in group]
        for ways in product(*(permutations(same) for same in classes)):
            renaming: dict[str, str] = {}
            rest = iter(ways)
            for group, ranked in zip(self.groups, order, strict=True):
                actors = [actor for _ in ranked for actor in next(rest)]
                for actor, place in zip(actors, group, strict=True):
                    renaming[all_names[actor]] = all_names[place]
            yield renaming

    def _look(
        self,
        actor: int,
        locals_: list[Form],
        cells: list[Form],
        flights: list[tuple[str, str, Form]],
    ) -> Any:
        """What is to be seen of an actor when all that are like it have no names."""
        name = self.search.names[actor]
        blank = dict.fromkeys(self.members, "*")
        blank[name] = "me"
        others = [
            self._rename(form, blank, ("look", name))
            for other, form in enumerate(locals_)
            if self.search.names[other] not in self.members
        ]
        same = sorted(
            self._rename(form, blank, ("look", name))
            for other, form in enumerate(locals_)
            if self.search.names[other] in self.members and other != actor
        )
        flying = sorted(
            (blank.get(s, s), blank.get(r, r), self._rename(f, blank, ("look", name)))
            for s, r, f in flights
        )
        return (
            self._rename(locals_[actor], blank, ("look", name)),
            others,
            same,
            [self._rename(form, blank, ("look", name)) for form in cells],
            flying,
        )

    def renamed_state(self, state: int, renaming: dict[str, str]) -> Any:
        """A state with other names in it, as numbers that are equal where that is one state."""
        return self._renamed_state(renaming, *self.parts(state))

    def _renamed_state(
        self,
        renaming: dict[str, str],
        locals_: list[Form],
        cells: list[Form],
        flights: list[tuple[str, str, Form]],
    ) -> Any:
        key = tuple(renaming.items())
        places = [0] * len(locals_)
        all_names = self.search.names
        numbers = self.search.exchange.numbers
        for actor, form in enumerate(locals_):
            name = all_names[actor]
            places[numbers[renaming.get(name, name)]] = self._rename(form, renaming, key)
        return (
            tuple(places),
            tuple(self._rename(form, renaming, key) for form in cells),
            tuple(
                sorted(
                    (renaming.get(s, s), renaming.get(r, r), self._rename(f, renaming, key))
                    for s, r, f in flights
                )
            ),
        )

    def _whole(self) -> frozenset[frozenset[str]]:
        """The groups, each with all its members."""
        return frozenset(frozenset(self.search.names[n] for n in group) for group in self.groups)

    def _rename(self, form: Form, renaming: Mapping[str, str], key: Any) -> int:
        """The number of a form with the names in it changed."""
        known = self._renamed.get((key, form))
        if known is None:
            known = self._renamed[key, form] = self._id(renamed(form, renaming, self.whole))
        return known


def renamed(
    form: Any, renaming: Mapping[str, str], whole: frozenset[frozenset[str]] = frozenset()
) -> Any:
    """A canonical form with other actors' names in it.

    A list of just all members of a group (`whole`), given to an actor when it was spawned, says
    nothing that tells them apart: it is left.  That it is not used in a way that does is audited.
    """
    if type(form) is not tuple:
        return form
    if len(form) == 2 and form[0] is ActorRef:
        return (ActorRef, renaming.get(form[1], form[1]))
    if len(form) == 2 and form[0] is Given:
        named = [item[1] for item in form[1] if type(item) is tuple and item[:1] == (ActorRef,)]
        if len(named) == len(form[1]) == len(set(named)) and frozenset(named) in whole:
            return form
    parts = [renamed(part, renaming, whole) for part in form]
    for place in (0, 1):
        if len(form) > place and form[place] in (set, frozenset):
            # The members of a set stand in the order of their texts.
            parts[place + 1 :] = sorted(parts[place + 1 :], key=repr)
            break
    return tuple(parts)


def _named(form: Any, whole: frozenset[frozenset[str]]) -> Iterator[str]:
    """The actors in a form, but for lists that are left as they are."""
    if type(form) is not tuple:
        return
    if len(form) == 2 and form[0] is ActorRef:
        yield form[1]
        return
    if len(form) == 2 and form[0] is Given and renamed(form, {}, whole) is form:
        return
    for part in form:
        yield from _named(part, whole)


# --- the audit ----------------------------------------------------------------------------


def audit_symmetry(orbits: Orbits, states: Iterable[int]) -> None:
    """See whether like actors are alike: the ways to some states, with the names changed.

    Raises `ExploreError` where a way cannot be gone so, or leads elsewhere.
    """
    search = orbits.search
    for state in states:
        way = search.path_to(state)
        here = way[0][1] if way else state
        for group in orbits.groups:
            turned = dict(zip(group, (*group[1:], group[0]), strict=True))
            _walk(orbits, way, here, turned)


def _walk(orbits: Orbits, way: list[tuple[Move, int]], here: int, turned: dict[int, int]) -> None:
    search = orbits.search
    names_of = {search.names[a]: search.names[b] for a, b in turned.items()}
    # It may begin elsewhere, where a `choose` before the first wait has taken another of them.
    turned_here = orbits.renamed_state(here, names_of)
    begins = (each for each in search.beginnings if orbits.renamed_state(each, {}) == turned_here)
    here = next(begins, here)
    for move, before in way:
        expected = orbits.signature(before + move.add | move.bits)
        wanted = _described(search, move, before, names_of)
        for other in search.all_moves(here):
            if _described(search, other, here, {}) != wanted:
                continue
            after = here + other.add | other.bits
            if orbits.signature(after) == expected:
                here = after
                _compare(search, before + move.add | move.bits, here)
                break
        else:
            line = search.describe(move, before)
            group = ", ".join(search.names[actor] for actor in turned)
            raise ExploreError(
                f"{group} are not interchangeable: {line!r} has no counterpart when their names "
                "are changed; they are told apart by what they are given, or by the order in which "
                "they stand in a list: give each the same, or leave out symmetry="
            )


def _compare(search: Product, state: int, other: int) -> None:
    """See that no predicate tells a state from one in which like actors have changed places."""
    for name, predicate in search.predicates.items():
        if bool(predicate(View(search, state))) is not bool(predicate(View(search, other))):
            raise ExploreError(
                f"the predicate {name!r} tells interchangeable actors apart: it says one thing of "
                f"{View(search, state).name} and another of {View(search, other).name}; ask it of "
                "all of them (any, all, sum), or leave out symmetry="
            )


def _sender(search: Product, message: Message) -> str:
    """Who sent a message; in a set of all that was sent, equal ones are one, whoever it was."""
    return search.names[message.sender] if message.sender >= 0 and search.exchange.by_sender else ""


def _described(search: Product, move: Move, state: int, names_of: Mapping[str, str]) -> Any:
    """A move, with the names changed, so that it can be compared with another one."""
    message = move.message
    what: Any = (move.stimulus.kind, move.stimulus.place, move.stimulus.region)
    if isinstance(move.event, End):
        name = search.names[move.event.actor]
        what = (move.stimulus.kind, names_of.get(name, name))
    if message is not None:
        sender = _sender(search, message)
        receiver = search.names[message.receiver]
        form = renamed(search.exchange.message_forms[message.number], names_of)
        what = (
            names_of.get(sender, sender), names_of.get(receiver, receiver), form, message.reply,
        )  # fmt: skip
    actor = "" if move.actor < 0 else search.names[move.actor]
    # What `choose` took is not compared: like actors stand in another order among its options.
    return names_of.get(actor, actor), what
