# These statements do what nobody should.
"""What a statement raises, as the source says it: each is read, and tried.

An actor for each statement, with an `except` for each class of errors: where the statement really
leads, on some events, the reading has to say so too.  Of `SURE` ones it says nothing else.
"""

from __future__ import annotations

import importlib.util
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from flowlet import explore
from flowlet.introspect.static import static

#: What stands round the statements: an event with a number and a text, and objects of all sorts.
HEAD = """
import math
from collections import Counter
from enum import Enum
from flowlet import Event, emit, me, receive, whereis

class Go(Event): ...
class Sum(Event):
    euros: int = 0
    text: str = "ab"
class Color(Enum):
    RED = 1
class Odd:
    made = 1
    def __init__(self): self.known = 1
    def __str__(self): raise KeyError("str")
    def __eq__(self, other): raise KeyError("eq")
    def __lt__(self, other): raise KeyError("lt")
    def __bool__(self): raise KeyError("bool")
    __hash__ = None
    def __iter__(self): raise KeyError("iter")
    @property
    def computed(self): raise KeyError("property")
    written = property(None, lambda self, value: None)
class Loose:
    def __getattr__(self, name):
        raise KeyError(name)
class Slotted:
    __slots__ = ("a",)
class Frozen(Event):
    a: int = 0
odd, loose, slotted, frozen = Odd(), Loose(), Slotted(), Frozen()
TABLE = {"a": 1}
COUNTS = Counter()
ERRORS = [ValueError("mine")]
def helper(a): return a
def failing(n): raise KeyError(n)
def open_nothing(): raise KeyError("with")
def match_it(n):
    match n:
        case 0: raise KeyError(n)
        case int(): return 1
"""
ERRORS = (
    ZeroDivisionError, OverflowError, KeyError, IndexError, UnboundLocalError, NameError,
    AttributeError, ImportError, AssertionError, StopIteration, RuntimeError, TypeError, ValueError,
    Exception,
)  # fmt: skip

SURE = """
n + 1
n / 2
n / n
n % n
5 // n
n ** 2
2 ** -1
n << 2
n << n
1 >> n
-n
~n
not n
text + "a"
text * 2
n * text
[n] * n
[n] + [2]
(n,) + (2,)
{"a": n} | {"b": 2}
b"a" + b"b"
n == text
n < 5
text < "b"
n in [1, 2]
n in {"a": 1}
text in "abc"
n is None
0 < n < text
f"{n}"
f"{n:d}"
f"{n:>{n}}"
[n][0]
[n][n]
[n][0:5]
(1, 2)[n]
"abc"[n]
"abc"[0]
{"a": n}["a"]
TABLE["a"]
list[int]
event.euros
n.real
text.upper
[n].append
int.from_bytes
odd.known
odd.made
math.pi
del {"a": 1}["a"]
del [n][0]
[a for a, b in [(1, 2)]]
for one in text: pass
for one in [n]: pass
for a, b in [(1, 2)]: pass
for a, b in {"ab": 1}: pass
a, b = 1, 2
a, *b = [n]
a, (b, c) = 1, (2, 3)
a, b = text
[a, b] = "ab"
odd.known = 1
[1, 2][n] = 3
[1][0] = 3
{"a": 1}["b"] = n
x = n; x += 1
x = [n]; x += [1]
x = {"a": 1}; x |= {"b": 2}
len(text)
len([n])
len(TABLE)
isinstance(n, int)
str(n)
repr(event)
type(n)
helper(n)
helper(*[1])
helper(**{"a": 1})
failing(n)
lambda: 1 / 0
(lambda: 1)()
assert n
assert True
raise ValueError
raise ValueError("x")
raise KeyError from None
raise n
with open_nothing(): pass
pass
n if n else text
(n and text) + 1
Color["RED"]
Color.RED
Color.RED.value
Color.RED.name
match_it(n)
emit(n)
me()
me().name
a, *b = [n, n]
int | str
2 ** 10_001
Odd.made = 1
(lambda: 1).x = 1
emit(Color.RED)
""".strip().splitlines()

UNSURE = """
n ** n
-text
-[n]
-event
+None
text + n
text * text
[n] + (2,)
{n} | {2}
{n} - {2}
{n} & [2]
text % n
"%d" % n
"%d and %d" % n
"%s" % text
b"a" + text
None + 1
int + 1
event + 1
1 + event
n < text
[n] < [2]
[n] < ["a"]
{n} < {2}
{n} < n
event < event
n in "abc"
n in 5
n in None
n in event
f"{text:d}"
f"{n:q}"
f"{None:d}"
f"{[n]:d}"
f"{odd}"
f"{odd!r}"
str(odd)
odd == 1
odd < odd
bool(odd)
not odd
odd and 1
1 if odd else 2
if odd: pass
[n][1]
[n]["a"]
[n][text]
{"a": n}["b"]
{"a": n}[n]
{"a": n}[[1]]
TABLE["nope"]
TABLE[n]
COUNTS["nope"]
n[0]
None[0]
event[0]
event.nope
n.nope
[n].nope
None.real
text.upper()
text.nope()
int.nope
odd.nope
odd.computed
math.nope
unknown_name
del n
x = 1; del x; x
del TABLE["nope"]
del event.euros
[one for one in range(n)]
[one for one in n]
[1 / one for one in [0, 1]]
[one for one in [1, 2] if one.nope]
{one: 1 for one in text}
{one for one in [[n]]}
sum(one for one in [n])
[int(one) for one in "1x"]
[a for a, b in [(1, 2, 3)]]
for one in n: pass
for one in None: pass
for one in event: pass
for one in odd: pass
for a, b in [(1, 2), (3,)]: pass
for a, b in TABLE.items(): pass
a, b = [n]
a, *b = []
a, (b, c) = 1, 2
a, b = n
odd.computed = 1
event.euros = 2
n.real = 1
text.x = 1
[n].x = 1
None.x = 1
int.x = 1
slotted.b = 1
frozen.a = 1
TABLE[[1]] = 2
"abc"[0] = "x"
(1, 2)[0] = 3
n[0] = 1
None["a"] = 1
x = [n]; x += 1
x = (n,); x += [1]
x = text; x += n
x = {1}; x |= [2]
x = n; x /= 0
int(text)
int(n)
int("5")
int("x")
float(n)
len(n)
len(event)
abs(n)
abs(text)
min([n])
min([])
max(n, 1)
sorted([n, 1])
sorted([n, "a"])
isinstance(n, 5)
range(n)
range(text)
list(n)
dict([(1, 2)])
dict([1])
set([[1]])
tuple(text)
chr(n)
helper()
helper(1, 2)
helper(b=1)
helper(*n)
helper(**n)
Sum(n)
Sum("x")
Sum(1, 2)
Sum(nope=1)
Sum.model_validate({"euros": n})
n()
text()
None()
odd()
math.sqrt(4)
math.sqrt(n)
(lambda: 1 / 0)()
assert n == n
raise ERRORS[0]
raise
import math
import nope_nope
from math import nope
import os.path
with n: pass
with helper: pass
print(end="")
TABLE.get("a")
TABLE.get("a").nope
TABLE.pop("nope")
TABLE.setdefault("a", 2)
[].pop()
[n].pop()
[n].index(9)
[n].remove(n)
[n].sort()
[n, "a"].sort()
{n}.remove(99)
{n}.discard(99)
text.split()
text.encode()
text.join([1])
text.join(["a"])
text.index("z")
text.find("z")
Color(n)
Color(1)
Color["NOPE"]
Color.NOPE
next(iter([]))
next(iter([n]))
iter(n)
me().nope
whereis("nobody").send(Go())
loose.anything
text.nothing()
odd.written
"x".nothing()
[one for one in text.split()]
with eval("odd"): pass
with eval("open_nothing")(): pass
odd + odd
TABLE | TABLE
5 @ 5
eval("1") < n
TABLE[eval("n")]
f = lambda: ghost; f(); raise ValueError; ghost = 1
*a, = n
""".strip().splitlines()


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """A module with an actor for each statement, by its number."""
    lines = [HEAD]
    for number, statement in enumerate([*SURE, *UNSURE]):
        lines += [f"def actor_{number}():", '    event = receive(Sum, at="sum")']
        lines += ["    n, text = event.euros, event.text", "    try:", f"        {statement}"]
        for error in ERRORS:
            lines += [
                f"    except {error.__name__}:",
                f'        receive(Go, at="{error.__name__}")',
            ]
    file = tmp_path_factory.mktemp("statements") / "statements_that_fail.py"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    yield imported(file)
    del sys.modules[file.stem]


def imported(file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[file.stem] = importlib.util.module_from_spec(spec)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python tells of some of them itself
        spec.loader.exec_module(module)
    return module


def tried_and_read(module: ModuleType, number: int) -> tuple[set[str], set[str]]:
    """Where an actor goes from its first wait, and where it goes by its source."""
    actor: Callable[[], Any] = getattr(module, f"actor_{number}")
    sums = [(0, "ab"), (1, "ab"), (-1, "ab"), (5, "ab"), (1, "7"), (1, "")]
    events = [*(module.Sum(*one) for one in sums), module.Go()]
    with redirect_stdout(StringIO()):
        tried = explore(actor, events=events).graph.triples()
    return leading(tried), leading(static(actor).triples())


def leading(triples: set[tuple[str, str, str]]) -> set[str]:
    return {target for source, _, target in triples if source == "sum"}


def test_of_sure_statements_it_is_read_just_where_they_lead(module: ModuleType) -> None:
    """Nothing is missing, and nothing is too much."""
    for number, statement in enumerate(SURE):
        tried, read = tried_and_read(module, number)
        assert read == tried, statement


def test_of_others_nothing_is_missing(module: ModuleType) -> None:
    """What cannot be known may be anything."""
    for number, statement in enumerate(UNSURE, len(SURE)):
        tried, read = tried_and_read(module, number)
        assert tried - read == set(), statement
