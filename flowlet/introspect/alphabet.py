"""Which events an actor is offered: the alphabet of an exploration.

Given by hand (`events=`), or made from the types that a wait takes.  A field's values come from
its type where that is finite (`bool`, `Enum`, `Literal`, whole numbers with both bounds), from
`examples` on the field or given to `explore`, from its default, and from the constants with which
the source compares it: one value on each side.  What was only sampled is said in a note.
"""

from __future__ import annotations

import ast
import inspect
import itertools
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from ..errors import ExploreError
from ..events import Event
from ..names import unwrapped
from ..requests import Request
from ..source import reading_of
from .bytecode import Layout

#: A whole-number field with more values than this is sampled at its bounds.
MOST_NUMBERS = 64
#: An event with more combinations of field values than this is cut there.
MOST_EVENTS = 512

Examples = Mapping[Any, Iterable[Any]] | Iterable[Any] | None

_SAMPLES: dict[type, list[Any]] = {
    int: [0],
    float: [0.0],
    str: [""],
    bytes: [b""],
    bool: [False, True],
    NoneType: [None],
    list: [[]],
    tuple: [()],
    dict: [{}],
    set: [set()],
    frozenset: [frozenset()],
}


class PerformFailed(Exception):  # noqa: N818  # it stands for any
    """Stands for whatever a performed function may raise, while exploring."""


class Alphabet:
    """The events of one exploration; `notes` collects what was only sampled."""

    def __init__(
        self, fn: Callable[..., Any], events: Iterable[Any] | None, examples: Examples
    ) -> None:
        self.notes: dict[str, None] = {}
        #: False once a value had to be made up of which nothing is known.
        self.complete: bool = True
        self._made: dict[type, list[Any]] = {}
        self._numbered: dict[int, tuple[int, Any]] = {}
        self._constants = _Constants(fn)
        self._examples: dict[Any, list[Any]] = {}
        if isinstance(examples, Mapping):
            self._examples = {key: list(values) for key, values in examples.items()}
        else:
            for example in examples or ():
                self._examples.setdefault(type(example), []).append(example)
        #: The examples that nothing has asked for yet.
        self.unasked: set[Any] = set(self._examples)
        self._given: list[Any] | None = None
        if events is not None:
            given = [[e] if not isinstance(e, type) else self._of_type(e) for e in events]
            self._given = list(itertools.chain.from_iterable(given))

    def of(self, kind: type) -> list[Any]:
        """The events of this type."""
        if self._given is not None:
            return [event for event in self._given if isinstance(event, kind)]
        return self._of_type(kind)

    def number(self, event: Any) -> int:
        """A number for an event of this alphabet, the same each time."""
        if id(event) not in self._numbered:
            self._numbered[id(event)] = (len(self._numbered), event)
        return self._numbered[id(event)][0]

    def _example(self, *keys: Any) -> list[Any] | None:
        """The examples under the first of these keys that has any."""
        for key in keys:
            if key in self._examples:
                self.unasked.discard(key)
                return self._examples[key]
        return None

    def replies(self, request: type | None) -> list[Any]:
        """What an actor outside may answer to a request: examples, or values of its type."""
        assert request is not None
        given = self._example(request, request.__name__)
        if given is not None:
            return given
        for base in request.__mro__:
            generic = getattr(base, "__pydantic_generic_metadata__", {})
            if generic.get("origin") is Request and generic["args"]:
                answer = generic["args"][0]
                if answer is None or answer is NoneType:
                    return [None]
                return self._values(answer, f"the reply to {request.__name__}", None)
        return [None]

    def outcomes(self, fn: Callable[..., Any] | None, label: str) -> list[Any]:
        """All that may come of a function that is performed: its results, and its failure."""
        return [] if fn is None else [*self.results(fn), PerformFailed(label)]

    def results(self, fn: Callable[..., Any]) -> list[Any]:
        """What a function that is performed may return: examples, or values of its type."""
        name = getattr(fn, "__name__", repr(fn))
        given = self._example(fn, name)
        if given is not None:
            return given
        try:
            returns = get_type_hints(fn).get("return", None)
        except Exception:
            returns = None
        if returns is None and not _surely_returns_none(fn):
            raise ExploreError(
                f"perform({name}) is not called while exploring, and {name} does not say what it "
                f"returns; annotate it, or give values: examples={{{name!r}: […]}}"
            )
        if returns is None or returns is NoneType:
            return [None]
        return self._values(returns, f"the result of {name}", None)

    def _of_type(self, kind: type) -> list[Any]:
        if kind not in self._made:
            self._made[kind] = self._make(kind)
        return self._made[kind]

    def _make(self, kind: type) -> list[Any]:
        examples = self._example(kind)
        if examples is not None:
            _check_are(kind, examples)
            return examples
        if kind in (Event, BaseModel, object):
            raise ExploreError(
                f"a wait takes {kind.__name__}, which is any event at all; say which there are: "
                "explore(fn, events=[Coin(5), Push()])"
            )
        events: list[Any] = []
        if not inspect.isabstract(kind):
            events += self._one_kind(kind)
        # Subclasses come too, where the source asks for them.
        for sub in self._constants.kinds:
            if sub is not kind and issubclass(sub, kind):
                events += self._of_type(sub)
        if not events:
            raise ExploreError(
                f"{kind.__name__} is abstract, and the source asks for no class of it; say which "
                "events there are: explore(fn, events=[…])"
            )
        return events

    def _one_kind(self, kind: type) -> list[Any]:
        if issubclass(kind, BaseModel):
            return self._models(kind)
        return self._values(kind, kind.__name__, None)

    def _models(self, kind: type[BaseModel]) -> list[Any]:
        names = list(kind.model_fields)
        infos = list(kind.model_fields.values())
        choices = [self._field(kind, name, info) for name, info in zip(names, infos, strict=True)]
        events: list[Any] = []
        for values in itertools.product(*choices):
            if len(events) == MOST_EVENTS:
                self.complete = False
                self.notes[
                    f"{kind.__name__} has more than {MOST_EVENTS} combinations of field values, "
                    "and the rest was left out: give events=[…]"
                ] = None
                break
            fields = dict(zip(map(_given_as, names, infos), values, strict=True))
            try:
                events.append(kind(**fields))
            except ValidationError:
                continue
        if not events:
            raise ExploreError(
                f"no values could be found that {kind.__name__} accepts; give some: "
                f"explore(fn, examples={{{kind.__name__}: [{kind.__name__}(…)]}}) or events=[…]"
            )
        return events

    def _field(self, kind: type[BaseModel], name: str, info: FieldInfo) -> list[Any]:
        path = f"{kind.__name__}.{name}"
        given = self._example(path, (kind, name), name)
        if given is not None:
            return given
        if info.examples:
            return list(info.examples)
        finite = self._finite(info.annotation, info.metadata, path)
        if finite is not None:
            return finite
        near = self._constants.near(kind, name, info.annotation)
        default = [] if info.is_required() else [info.get_default(call_default_factory=True)]
        values: list[Any] = []
        for value in (*default, *near):
            if value is not PydanticUndefined and value not in values:
                values.append(value)
        read = self._constants.reads(kind, name)
        if not values:
            known = self.complete
            values = self._values(info.annotation, path, info.metadata)
            if not read:  # whatever it is, it changes nothing
                self.complete = known
                self.notes = {note: None for note in self.notes if not note.startswith(path + " ")}
        elif read:
            self._note_sample(path, values)
        return values

    def _note_sample(self, path: str, values: Iterable[Any]) -> None:
        told = ", ".join(map(repr, values))
        self.notes[f"{path} may have more values than were tried ({told}): give examples="] = None

    def _finite(self, kind: Any, metadata: Iterable[Any], path: str) -> list[Any] | None:
        """All values of a type that has finitely many."""
        origin = get_origin(kind)
        if origin is Annotated:
            inner, *more = get_args(kind)
            return self._finite(inner, [*metadata, *more], path)
        if origin is Literal:
            return list(get_args(kind))
        if origin in (Union, UnionType):
            parts = [self._finite(part, metadata, path) for part in get_args(kind)]
            if any(part is None for part in parts):
                return None
            return list(dict.fromkeys(value for part in parts for value in part or ()))
        if kind is bool:
            return [False, True]
        if kind is NoneType:
            return [None]
        if isinstance(kind, type) and issubclass(kind, Enum):
            return list(kind)
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            return self._of_type(kind)
        if kind is int:
            return self._numbers(metadata, path)
        return None

    def _numbers(self, metadata: Iterable[Any], path: str) -> list[int] | None:
        low: int | None = None
        high: int | None = None
        step = 1
        for rule in _rules(metadata):
            if getattr(rule, "ge", None) is not None:
                low = rule.ge
            if getattr(rule, "gt", None) is not None:
                low = rule.gt + 1
            if getattr(rule, "le", None) is not None:
                high = rule.le
            if getattr(rule, "lt", None) is not None:
                high = rule.lt - 1
            step = getattr(rule, "multiple_of", None) or step
        if low is None or high is None:
            return None
        numbers = range(-(-low // step) * step, high + 1, step)
        if len(numbers) <= MOST_NUMBERS:
            return list(numbers)
        self.complete = False
        self.notes[
            f"{path} has {len(numbers)} values, and only its bounds were tried: give examples="
        ] = None
        return [numbers[0], numbers[1], numbers[-2], numbers[-1]]

    def _values(self, kind: Any, path: str, metadata: Iterable[Any] | None) -> list[Any]:
        finite = self._finite(kind, metadata or (), path)
        if finite is not None:
            return finite
        origin = get_origin(kind) or kind
        if origin in (Union, UnionType):
            return self._values(get_args(kind)[0], path, metadata)
        if origin is Annotated:
            inner, *more = get_args(kind)
            return self._values(inner, path, more)
        sample = _SAMPLES.get(origin)
        if sample is None and isinstance(origin, type) and not inspect.isabstract(origin):
            try:
                sample = [origin()]
            except Exception:
                sample = None
        if sample is not None:
            if origin in (int, float, str, bytes, list, tuple, dict, set, frozenset):
                self.complete = False
                self._note_sample(path, sample)
            return sample
        raise ExploreError(
            f"{path} is {getattr(kind, '__name__', kind)}, of which no value can be made; give "
            "some: explore(fn, events=[…]) or examples={…: […]}"
        )


def _check_are(kind: type, examples: Iterable[Any]) -> None:
    """Examples of a type are of it: others would be offered, and never come to anything."""
    name, other = kind.__name__, [one for one in examples if not isinstance(one, kind)]
    if other:
        fields = [f', or {{"{name}.{one}": […]}}' for one in getattr(kind, "model_fields", ())]
        instead = f"give {{{name}: [{name}(…)]}}{''.join(fields)}"
        raise ExploreError(f"examples= has {other[0]!r} for {name}, which is no {name}; {instead}")


def _surely_returns_none(fn: Callable[..., Any]) -> bool:
    """Whether a function has no `return` with a value."""
    code = getattr(fn, "__code__", None)
    return code is not None and Layout(code, lambda _: True).always_returns == (None,)


def _given_as(name: str, info: FieldInfo) -> str:
    """The keyword by which the constructor takes a field."""
    alias = info.validation_alias or info.alias
    return alias if isinstance(alias, str) else name


def _rules(metadata: Iterable[Any]) -> Iterable[Any]:
    """The bounds among a field's metadata; pydantic may have put several into one object."""
    for rule in metadata:
        if isinstance(rule, FieldInfo):
            yield from _rules(rule.metadata)
        elif hasattr(rule, "__iter__") and not isinstance(rule, str):
            yield from rule
        else:
            yield rule


class _Constants:
    """The constants with which the functions of an actor compare things, by the thing's name."""

    def __init__(self, fn: Callable[..., Any]) -> None:
        self.by_name: dict[str, list[Any]] = {}
        self.aliases: dict[tuple[str, int | str], set[str]] = {}
        self.attributes: set[str] = set()
        self.asked: set[tuple[str, int | str]] = set()
        self.renamed: dict[str, set[str]] = {}
        #: The classes that the source asks for, in a pattern or by `isinstance`.
        self.kinds: dict[type, None] = {}
        for read in reading_of(unwrapped(fn)).functions.values():
            for inner in ast.walk(read.node):
                self._look_at(inner, read.scope.evaluate)

    def _look_at(self, node: ast.AST, value_of: Callable[[ast.AST], Any]) -> None:
        match node:
            case ast.Compare():
                self._comparison(node, value_of)
            case ast.MatchClass():
                self._pattern(node, value_of)
            case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test):
                self._truth(test)
            case ast.UnaryOp(op=ast.Not(), operand=test):
                self._truth(test)
            case ast.BoolOp(values=tests):
                for test in tests:
                    self._truth(test)
            case ast.Attribute(attr=attr):
                self.attributes.add(attr)
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Attribute(attr=attr)):
                self.renamed.setdefault(attr, set()).add(name)
            case ast.Call(func=ast.Name(id="isinstance"), args=[_, kinds]):
                for kind in kinds.elts if isinstance(kinds, ast.Tuple) else [kinds]:
                    self._asks_for(value_of(kind))

    def _asks_for(self, kind: Any) -> None:
        if isinstance(kind, type):
            self.kinds[kind] = None

    def _truth(self, test: ast.expr) -> None:
        """A condition that is only a name or a field compares it with nothing at all."""
        name = _name_of(test)
        if name is not None:
            self.by_name.setdefault(name, []).extend([0, ""])

    def _comparison(self, node: ast.Compare, value_of: Callable[[ast.AST], Any]) -> None:
        sides = [node.left, *node.comparators]
        constants: list[Any] = []
        for side in sides:
            found = side.elts if isinstance(side, ast.Tuple | ast.List | ast.Set) else [side]
            values = [value_of(each) for each in found]
            constants += [value for value in values if type(value) in (int, float, str)]
        for side in sides:
            name = _name_of(side)
            if name is not None:
                self.by_name.setdefault(name, []).extend(constants)

    def _pattern(self, node: ast.MatchClass, value_of: Callable[[ast.AST], Any]) -> None:
        self._asks_for(value_of(node.cls))
        kind = ast.unparse(node.cls).rpartition(".")[2]
        asked: list[tuple[int | str, ast.pattern]] = list(enumerate(node.patterns))
        asked += list(zip(node.kwd_attrs, node.kwd_patterns, strict=True))
        for key, pattern in asked:
            self.asked.add((kind, key))
            for inner in ast.walk(pattern):
                if isinstance(inner, ast.MatchValue) and isinstance(inner.value, ast.Constant):
                    self.by_name.setdefault(f"{kind}.{key}", []).append(inner.value.value)
                elif isinstance(inner, ast.MatchAs) and inner.name:
                    self.aliases.setdefault((kind, key), set()).add(inner.name)

    def reads(self, kind: type[BaseModel], field: str) -> bool:
        """Whether the source looks at this field at all."""
        order = getattr(kind, "__match_args__", ())
        keys: list[int | str] = [field, *([order.index(field)] if field in order else [])]
        return field in self.attributes or any((kind.__name__, key) in self.asked for key in keys)

    def near(self, kind: type[BaseModel], field: str, annotation: Any) -> list[Any]:
        """Values of a field on both sides of what it is compared with, smallest first."""
        name = kind.__name__
        keys: list[int | str] = [field]
        order = getattr(kind, "__match_args__", ())
        if field in order:
            keys.append(order.index(field))
        constants = list(self.by_name.get(field, ()))
        for other in self.renamed.get(field, ()):
            constants += self.by_name.get(other, ())
        for key in keys:
            constants += self.by_name.get(f"{name}.{key}", ())
            for alias in self.aliases.get((name, key), ()):
                constants += self.by_name.get(alias, ())
        numbers = {c for c in constants if type(c) is int}
        texts = {c for c in constants if type(c) is str}
        if annotation is int and numbers:
            return sorted({n + d for n in numbers for d in (-1, 0, 1)})[:MOST_NUMBERS]
        if annotation is float and numbers | {c for c in constants if type(c) is float}:
            real = {float(c) for c in constants if type(c) in (int, float)}
            return sorted({n + d for n in real for d in (-1.0, 0.0, 1.0)})
        if annotation is str and texts:
            return [*sorted(texts), "another" if "another" not in texts else "none of them"]
        return []


def _name_of(node: ast.AST) -> str | None:
    """The name, or the attribute, that an expression is."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else None
