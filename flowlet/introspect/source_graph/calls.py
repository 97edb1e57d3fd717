"""Calls that surely do not wait: of classes, of Python's own functions, of methods of values.

`simple_call` says what such a call gives.  It returns `None` for every other call: those of the
user's own functions, of the words of flowlet, and those of which nothing is known.
"""

from __future__ import annotations

import builtins
import contextlib
import functools
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any, Final

from ... import conditions, effects, supervision, waits
from ...actor import ActorRef
from ...blocks import State, state
from ...chance import choose, rng
from ...events import name_of
from ...jumps import become, flow
from ...named_ref import NamedRef
from ...reading import Stream
from ...roles import READS, SWITCH
from ...watching import watch
from .attributes import attribute
from .classes import TYPED, are_types, folded, made, note_fields, spread, types_in
from .evaluate import as_plain, evaluate
from .functions import call_method, is_any, is_foreign, user_function
from .implicit import hooks_wait
from .items import items_of, subscript
from .scope import Scope
from .values import (
    NONE,
    PLAIN,
    UNKNOWN,
    Args,
    Block,
    Bound,
    Closing,
    Coll,
    Fn,
    Inst,
    Known,
    Method,
    Named,
    Part,
    Table,
    Value,
    Wrapped,
    few,
    is_instance,
)

#: The words of flowlet that are steps of their own.
WORDS: Final[dict[Any, str]] = {
    waits.receive: "receive",
    waits.sleep: "sleep",
    waits.pause: "pause",
    waits.parallel: "parallel",
    waits.race: "race",
    waits.emit: "emit",
    conditions.wait_until: "wait_until",
    effects.perform: "perform",
    supervision.supervise: "supervise",
    flow: "flow",
    become: "become",
    choose: "choose",
    **{getattr(Stream, name): name for name in (*READS, SWITCH)},
    ActorRef.send: "send",
    NamedRef.send: "send",
    ActorRef.ask: "ask",
    NamedRef.ask: "ask",
}

_COLLECTIONS: Final = (list, dict, set, frozenset, str, bytes, tuple, int, float)
#: What the methods of Python's own collections and texts are called.
HARMLESS: Final = frozenset(
    name for kind in _COLLECTIONS for name in dir(kind) if not name.startswith("_")
)

_FOLDED: Final = {
    len, abs, round, min, max, sum, ord, chr, divmod, pow, hash, format, repr, any, all, bin, hex,
    str, int, float, bool, bytes, tuple, range, complex,
}  # fmt: skip


def simple_call(function: Value, given: Args, scope: Scope) -> list[Value] | None:
    """What a call gives that surely does not wait; `None` for others."""
    args = given[0]
    if isinstance(function, Method):
        return _method(function, given, scope)
    if isinstance(function, Block) and function.kind == "state" and args:
        return [Wrapped("state", args[0], function)]
    if isinstance(function, Known):
        called = function.value
        if _in(called, WORDS):
            return None
        if isinstance(called, type):
            note_fields(called, given, scope.facts)
            return made(called, given, _calls_back(given, scope))
        special = _special(called, given, scope)
        if special is not None:
            return special
        if user_function(function) is not None:
            return None
        if isinstance(called, MethodType):
            return None if _in(called.__func__, WORDS) else _foreign(called, given, scope)
        if isinstance(called, BuiltinFunctionType | FunctionType) or is_foreign(called):
            return _foreign(called, given, scope)
        call = call_method(type(called))
        return _foreign(called, given, scope) if call is None or is_foreign(call) else None
    if isinstance(function, Bound) and isinstance(function.function, Known):
        held = function.function.value
        if not _in(held, WORDS) and is_foreign(held):
            return _foreign(held, given, scope)
    return None


def _in(value: Any, table: Any) -> bool:
    try:
        return value in table
    except TypeError:
        return False


def _foreign(called: Any, given: Args, scope: Scope) -> list[Value] | None:
    """A function of a library: it does not wait, unless it calls back what does."""
    if _calls_back(given, scope):
        return None
    kind = TYPED.get(called) if _in(called, TYPED) else None
    return [Inst(kind)] if kind is not None else [UNKNOWN]


def is_deaf(value: Value, scope: Scope) -> bool:
    """Whether a function surely neither waits nor gives anything out."""
    facts = scope.facts
    if value in facts.deaf:
        return facts.deaf[value]
    facts.deaf[value] = True  # until shown otherwise: it may call itself
    target = value
    while isinstance(target, Bound | Part | Wrapped):
        target = target.function
    if isinstance(target, Known):
        held = target.value
        while isinstance(held, functools.partial | MethodType):
            held = held.func if isinstance(held, functools.partial) else held.__func__
        found = facts.function(held) if isinstance(held, FunctionType) else None
        target = found if found is not None else UNKNOWN
    answer = isinstance(target, Fn) and all(
        step.kind != "yield" and (step.kind != "call" or _is_deaf_call(step.expr, scope, target))
        for step in target.program.steps
    )
    facts.deaf[value] = answer
    return answer


def _is_deaf_call(node: Any, scope: Scope, fn: Fn) -> bool:
    inner = Scope(scope.facts, fn, (), simple_call)
    for called in evaluate(node.func, inner):
        if user_function(called) is not None:
            if not is_deaf(called, inner):
                return False
        elif simple_call(called, ((), (), False), inner) is None:
            return False
    return True


# --- functions ------------------------------------------------------------------------------


def _special(called: Any, given: Args, scope: Scope) -> list[Value] | None:
    args, words, _ = given
    named = dict(words)
    if called is state:
        return _state(args, named)
    if called is waits.now:
        return [Inst(float)]
    if called is waits.me:
        return [Named("me")]
    if called is waits.whereis:
        name = args[0] if args else UNKNOWN
        known = isinstance(name, Known) and isinstance(name.value, str)
        return [Named("actor", name.value if known and isinstance(name, Known) else None)]
    if called is waits.spawn:
        name = named.get("name")
        known = isinstance(name, Known) and isinstance(name.value, str)
        return [Named("actor", name.value if known and isinstance(name, Known) else None)]
    if is_any(called, rng, watch, supervision.child):
        return [UNKNOWN] if called is not rng else [Inst(_random())]
    if called is builtins.isinstance and len(args) == 2:
        kinds = types_in(args[1:])
        if not kinds:
            return [Inst(bool)]
        known_instance = is_instance(args[0], kinds)
        return [Inst(bool) if known_instance is None else Known(known_instance)]
    if called is builtins.issubclass and len(args) == 2 and isinstance(args[0], Known):
        kinds = types_in(args[1:])
        if kinds and isinstance(args[0].value, type):
            return [Known(issubclass(args[0].value, kinds))]
    if called is builtins.getattr and len(args) >= 2 and isinstance(args[1], Known):
        found = attribute(args[0], str(args[1].value), scope)
        return few([*found, *args[2:]])
    if is_any(called, builtins.setattr, builtins.delattr):
        return [NONE]
    if called is builtins.sorted and args:
        items = items_of(args[0])
        if isinstance(items, Coll) and not _calls_back(given, scope):
            return [Coll(items.items, False)]
    if called is builtins.iter and len(args) == 1:
        return [args[0]]
    if called is contextlib.contextmanager and args:
        return [Wrapped("manager", args[0])]
    if is_any(called, functools.wraps, functools.update_wrapper):
        return [Known(_keep)]
    if called is _keep or is_any(called, functools.cache, functools.lru_cache):
        return [args[0]] if args else [Known(_keep)]
    if _in(called, _FOLDED) and not _calls_back(given, scope):
        return folded(called, given)
    return None


def _keep(fn: Any) -> Any:
    """A decorator that changes nothing for a reader."""
    return fn


def _random() -> type:
    import random

    return random.Random


def _calls_back(given: Args, scope: Scope) -> bool:
    """Whether a library that is given this may run what waits: a function, a block, a method."""
    args, words, _ = given
    return any(_leads_on(value, scope) for value in spread((*args, *(v for _, v in words))))


def _leads_on(value: Value, scope: Scope) -> bool:
    if isinstance(value, Block | Closing):
        return True
    if user_function(value) is not None:
        return not is_deaf(value, scope)
    return hooks_wait(value)


def _state(args: tuple[Value, ...], named: dict[str, Value]) -> list[Value]:
    name = args[0] if args else named.get("name", UNKNOWN)
    history = named.get("history", NONE)
    deferred = named.get("defer")
    called: Value = UNKNOWN
    if isinstance(name, Known):
        try:
            called = name_of(name.value)
        except TypeError:
            called = UNKNOWN
    return [
        Block(
            "state",
            name=called,
            kinds=types_in((deferred,)) if deferred is not None else (),
            history=history.value if isinstance(history, Known) else "deep",
            vague=deferred is not None and not are_types((deferred,)),
        )
    ]


def block_of(made: State) -> Block:
    """A block that exists already."""
    return Block("state", name=made.name, kinds=made.deferred, history=getattr(made, "depth", None))


# --- methods --------------------------------------------------------------------------------


def _method(method: Method, given: Args, scope: Scope) -> list[Value] | None:
    owner, attr = method.owner, method.attr
    args = given[0]
    if isinstance(owner, Table):
        pairs = owner.items
        if attr == "items":
            return [Coll(tuple(Coll(pair) for pair in pairs), owner.exact)]
        if attr == "values":
            return [Coll(tuple(value for _, value in pairs), owner.exact)]
        if attr == "keys":
            return [Coll(tuple(key for key, _ in pairs), owner.exact)]
        if attr in ("get", "pop", "setdefault") and args:
            return few([*subscript(owner, args[0]), *(args[1:] or [NONE])])
        return [UNKNOWN]
    if isinstance(owner, Coll):
        if attr in ("index", "count", "remove", "sort") and any(map(hooks_wait, owner.items)):
            return None
        if attr in ("pop", "popleft"):
            return few(owner.items) if owner.items else [UNKNOWN]
        if attr == "copy":
            return [owner]
        if attr in ("index", "count"):
            return [Inst(int)]
        return [NONE] if attr in ("append", "extend", "add", "remove", "clear") else [UNKNOWN]
    if isinstance(owner, Known):
        return _of_constant(owner.value, attr, given)
    stacks = (contextlib.ExitStack, contextlib.AsyncExitStack)
    if isinstance(owner, Inst) and issubclass(owner.kind, stacks):
        return None
    if isinstance(owner, Inst) and owner.kind in _COLLECTIONS and attr in HARMLESS:
        return _foreign(attr, given, scope)
    if isinstance(owner, Inst):
        found = getattr(owner.kind, attr, None)
        if found is not None and (not isinstance(found, FunctionType) or is_foreign(found)):
            return _foreign(found, given, scope) if not _in(found, WORDS) else None
    return None


def _of_constant(held: Any, attr: str, given: Args) -> list[Value] | None:
    args, words, whole = given
    method = getattr(held, attr, None)
    if method is None:
        return [UNKNOWN]
    if isinstance(held, dict):
        if attr == "items":
            return [Coll(tuple(Coll((Known(k), Known(v))) for k, v in held.items()), False)]
        if attr in ("values", "keys"):
            return [Coll(tuple(map(Known, getattr(held, attr)())), False)]
        if attr == "get" and args:
            return few([*subscript(Known(held), args[0]), *(args[1:] or [NONE])])
        return [UNKNOWN]
    if isinstance(held, (*PLAIN, tuple, range)) and whole:
        plain = [as_plain(value) for value in args]
        named = {name: as_plain(value) for name, value in words}
        if UNKNOWN not in (*plain, *named.values()):
            try:
                value = method(*plain, **named)
            except Exception:
                return [UNKNOWN]
            if isinstance(value, PLAIN):
                return [Known(value)]
            if isinstance(value, tuple | list):
                return [Coll(tuple(map(Known, value)))]
        if isinstance(held, str):
            return [Inst(str) if attr not in ("split", "splitlines") else Inst(list)]
    return [UNKNOWN]
