"""What the source says that an expression is: never something else than what it is.

Each line below stands in a function that waits under the name that the line gives.  The view of the
source must have the state that a run comes to; or say by a `?` that it does not know.
"""

from __future__ import annotations

import importlib.util
import itertools
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flowlet import explore
from flowlet.introspect.static import static

HEAD = """
import contextlib
import enum
import functools
import heapq
import itertools
import operator
import random
from collections import ChainMap, OrderedDict, defaultdict, deque, namedtuple
from dataclasses import dataclass, field
from types import MappingProxyType, SimpleNamespace
from typing import Annotated, NamedTuple

from flowlet import (
    Delay, Event, Request, Timeout, choose, emit, flow, now, on, parallel, pause, perform, race,
    receive, rng, sleep, state, until, whereis,
)


class Coin(Event):
    value: int = 1


class Colour(enum.Enum):
    RED = "r"
    BLUE = "b"

    @property
    def low(self):
        return self.name.lower()


class Size(enum.IntEnum):
    SMALL = 1
    LARGE = 2


class Word(enum.StrEnum):
    YES = "yes"
    NO = "no"


class Pair(NamedTuple):
    first: str
    second: str = "b"


@dataclass
class Box:
    label: str = "box"
    parts: list = field(default_factory=lambda: ["lid", "floor"])
    limit = 5

    def named(self, end="!"):
        return self.label + end

    @property
    def shown(self):
        return f"<{self.label}>"

    @classmethod
    def small(cls):
        return cls("small")

    @staticmethod
    def plain(text):
        return text.title()


class Crate(Box):
    def named(self, end="?"):
        return super().named(end) + "crate"


class Meter:
    total = 0
    def __init__(self, start):
        self.total += start
    def __enter__(self):
        receive(Coin, at="entering")
        return self
    def __exit__(self, *what):
        receive(Coin, at="leaving")
    def __call__(self, more):
        return str(self.total + more)
    def __getitem__(self, key):
        return f"item {key}"
    def __iter__(self):
        return iter(["i1", "i2"])
    def __len__(self):
        return 2
    def __neg__(self):
        return "negative"


class Deep(Crate):
    def limited(self):
        return str(super().limit)


class Slotted:
    __slots__ = ("word",)
    unit = str
    def __init__(self):
        self.word = "slot"


class Tagged:
    tag: str
    def __init__(self, tag):
        self.tag = tag


class Pile(list):
    pass


class Lazy:
    @functools.cached_property
    def word(self):
        receive(Coin, at="looking")
        return "lazy"


class Guard(contextlib.ContextDecorator):
    def __enter__(self):
        receive(Coin, at="guarding")
    def __exit__(self, *what):
        return False


@Guard()
def guarded():
    return "guarded"


class Get(Request[bool]): ...


class Fancy(Event):
    label = "fancy {size}"
    size: int = 0


async def later():
    pass


def known():
    # what only a run knows
    return eval("'k'")


def tag_of(tagged: Tagged):
    return tagged.tag


def doubted(flag: Annotated[bool, "perhaps"], colour: Colour):
    return f"{flag} {colour.name}"


def seven(a, b, c, d, e, f, *, last):
    return "".join((a, b, c, d, e, f, last))


def paid() -> bool:
    return True


def twice(text, times=2, *more, sep="", **named):
    return sep.join([text] * times) + "".join(more) + "".join(named)


def pick(flag):
    if flag:
        return "yes"
    return "no"


def early(n):
    for each in ("a", "b", "c"):
        if each == n:
            return each + "!"
    return "none"


def nested(n):
    def inner(m):
        return n + m
    return inner("x")


def deco(fn):
    @functools.wraps(fn)
    def wrapper(*args, **kwargs):
        return fn(*args, **kwargs) + "+"
    return wrapper


@deco
def decorated(a):
    return a


@functools.lru_cache
def cached(a):
    return a + "c"


def gen():
    yield "g1"
    yield "g2"


def swallows():
    try:
        return int("x")
    except ValueError as error:
        return type(error).__name__
    finally:
        len("")


NAMES = {"a": "first", "b": "second"}
LISTED = ["x", "y", "z"]
FROZEN = frozenset({"only"})
NUMBERS = (1, 2, 3)
BOX = Box()
CRATE = Crate("c")
SPACE = SimpleNamespace(word="space")
READ_ONLY = MappingProxyType({"k": "kept"})
DEFAULTS = defaultdict(list, a=["d"])
MIXED = [1, "two", None, 3.0]
LATER = Delay("later", 3)
PARTIAL = functools.partial(twice, times=3)
POINT = namedtuple("POINT", "x y")("px", "py")
SLOTTED = Slotted()
SWITCH = SimpleNamespace(on=True)
MANY = [str(number) for number in range(40)]
BLOCK = state("global")
KEPT = "kept"
GET = Get()
exec("def executed(): return 'executed'")
"""

# Each gives a name, or makes some and leaves it in `n`.
LINES = """
"plain"
"a" + "b"
"a" * 3
"a" if True else "b"
"a" if NUMBERS else "b"
"a" if not NUMBERS else "b"
"%s-%d" % ("a", 3)
"{}-{x}".format("a", x=3)
f"n{1 + 1}"
f"{3:03d}"
f"{'a':>4}"
f"{Colour.RED.name}"
f"{Word.YES}"
f"{Size.LARGE:d}"
f"{NUMBERS[0]}{LISTED[1]!r}"
f"{'x' * 300}"[:3]
Colour.RED
Colour.RED.value
Colour.BLUE.low
Colour("b").name
Colour["RED"].name
Size(2).name
Size.SMALL.name
Word.NO
Word("yes")
list(Colour)[0].name
[c.name for c in Colour][1]
str(Size.LARGE.value)
NAMES["a"]
NAMES.get("b")
NAMES.get("z", "nothing")
list(NAMES)[0]
list(NAMES.keys())[1]
list(NAMES.values())[1]
list(NAMES.items())[0][1]
{**NAMES, "c": "third"}["c"]
{k: v for k, v in NAMES.items()}["a"]
dict(NAMES)["b"]
dict(a="kw")["a"]
dict([("a", "pair")])["a"]
(NAMES | {"d": "fourth"})["d"]
READ_ONLY["k"]
DEFAULTS["a"][0]
OrderedDict(a="od")["a"]
ChainMap({"a": "cm"})["a"]
LISTED[0]
LISTED[-1]
LISTED[1:][0]
LISTED[::-1][0]
[*LISTED, "w"][3]
(LISTED + ["v"])[-1]
tuple(LISTED)[2]
sorted(LISTED, reverse=True)[0]
list(reversed(LISTED))[0]
list(enumerate(LISTED))[1][1]
list(zip(LISTED, NUMBERS))[0][0]
list(map(str, NUMBERS))[0]
list(filter(None, ["", "f"]))[0]
[x for x in LISTED if x != "x"][0]
next(iter(LISTED))
next(iter(FROZEN))
next(gen())
list(gen())[1]
next((x for x in LISTED if x == "q"), "default")
"-".join(LISTED)
"-".join(str(n) for n in NUMBERS)
str(len(LISTED))
str(sum(NUMBERS))
str(max(NUMBERS))
min(LISTED)
str(abs(-3))
str(round(2.6))
str(int("4") + 1)
str(float("1.5"))
str(bool(NUMBERS))
str(True and not False)
str(1 < 2 < 3)
str(3 > 2 and 2 > 1)
str("x" in LISTED)
str("q" not in LISTED)
str("a" in NAMES)
str(None is None)
str(NAMES.get("q") is None)
str(BOX is not None)
str(BOX == None)
str(1 == 1.0)
str(isinstance(BOX, Box))
str(isinstance("x", (int, str)))
str(isinstance(3, int | str))
str(issubclass(Crate, Box))
str(issubclass(bool, (int,)))
str(callable(pick))
str(any([0, 1]))
str(all([1, 0]))
str(any(n > 2 for n in NUMBERS))
str(hasattr(BOX, "label"))
str(hasattr(BOX, "nothing"))
getattr(BOX, "label")
getattr(BOX, "nothing", "fallback")
type(BOX).__name__
type("x").__name__
type(CRATE).__mro__[1].__name__
BOX.label
BOX.named()
BOX.named(end=".")
BOX.shown
BOX.parts[0]
str(BOX.limit)
Box.small().label
Box.plain("title")
BOX.plain("method")
CRATE.named()
Crate("new").named()
Box(label="kw").label
Box.named(BOX, "*")
SPACE.word
POINT.x
POINT[1]
POINT._replace(x="rx").x
Pair("one").first
Pair("one").second
Pair(*["p", "q"]).second
Pair._make(["m", "n"]).first
LATER.name
str(LATER.seconds)
twice("t")
twice("t", 3)
twice("t", sep="-")
twice("t", 1, "m", k=1)
twice(*["t", 2])
twice(**{"text": "t"})
PARTIAL("p")
functools.partial(twice, "fp")()
functools.reduce(lambda a, b: a + b, LISTED)
operator.itemgetter("a")(NAMES)
operator.attrgetter("label")(BOX)
pick(True)
pick(NUMBERS)
pick([])
early("b")
early("q")
nested("n")
decorated("d")
cached("c")
swallows()
(lambda a, b="l": a + b)("k")
(lambda: "thunk")()
"UP".lower()
"low".upper().title()
" strip ".strip()
"a,b".split(",")[1]
"a-b-c".rsplit("-", 1)[0]
"a.b".partition(".")[2]
"pre-fix".removeprefix("pre-")
"abc"[1]
"abc"[::-1]
"abc".replace("b", "B")
b"bytes".decode()
str(b"x"[0])
"z" or "y"
"" or "y"
None or "n"
"a" and "b"
(NAMES.get("q") or "q2")
(NUMBERS and LISTED[0])
str(not "")
str(-NUMBERS[0])
str(-True)
-Meter(2)
str(~1)
str(+2)
str(2 ** 3 % 5 // 1)
str(7 / 2)
str(1 << 3 | 1)
str(divmod(7, 2)[0])
str(NUMBERS.index(2))
str(LISTED.count("x"))
str(complex(1, 2).real)
str({1, 2} & {2})
str(sorted({3, 1} | {2})[0])
str(range(3)[1])
str(list(range(1, 9, 3))[-1])
str(hash("x") == hash("x"))
str(id(BOX) == id(BOX))
chr(97)
str(ord("a"))
repr("q")
format(3.14159, ".2f")
str(MIXED[1])
str(next(n for n in NUMBERS if n > 1))
str(list(itertools.chain(LISTED, NUMBERS))[-1])
str(list(itertools.product("ab", "c"))[0][0])
str(list(itertools.islice(LISTED, 1, 2))[0])
choose("heads", "tails")
choose(*LISTED)
(w := "walrus")
n = "assigned"
n = m = "chained"
n, m = "unpacked", 2
n, *m = LISTED
*m, n = LISTED
(n, m), k = ("deep", 1), 2
n = "aug"; n += "mented"
n = ["in", "list"]; n[0] = "stored"; n = n[0]
n = {}; n["k"] = "in dict"; n = n["k"]
n = {"k": "gone", "l": "left"}; del n["k"]; n = list(n.values())[0]
n = []; n.append("appended"); n = n[0]
n = ["a"]; n.extend(["b"]); n = n[-1]
n = ["a", "b"]; n = n.pop()
n = ["a", "b"]; n.insert(0, "c"); n = n[0]
n = ["b", "a"]; n.sort(); n = n[0]
n = {"a": "1"}; n.update(a="2"); n = n["a"]
n = {"a": "1"}; n = n.pop("a")
n = {}; n = n.setdefault("k", "set")
n = set(); n.add("e"); n = next(iter(n))
n = Box(); n.label = "attribute"; n = n.label
n = Box(); n.parts.append("added"); n = n.parts[-1]
n = Box(); setattr(n, "label", "by setattr"); n = n.label
LISTED[:2][-1]
LISTED[len(LISTED) - 1 :][0]
"abc"[5:] or "empty"
"abc"[len(NUMBERS) - 2 :]
str(NUMBERS[::2][1])
("x" + pick(True))[1:]
{"a": "sliced"}["abc"[:1]]
n = {"a": "1"}; n.update({"b": "2"}); n = n["b"]
n = {"a": "1"}; n.update(NAMES); n = n["a"]
n = {"a": "1"}; n.update([("a", "3")]); n = n["a"]
n = {"a": "1"}; n.update(**NAMES); n = n["a"]
n = {"a": "1"}; n.setdefault("a", "2"); n = n["a"]
n = {"a": "1"}; n.setdefault("b"); n = str(n["b"])
n = {"a": "1"}; n.clear(); n["b"] = "2"; n = n["b"]
n = {"a": "1"}; n["b"] = n.pop("a"); n = n["b"]
n = ["a", "b"]; del n[0]; n = n[0]
n = ["a", "b", "c"]; del n[:2]; n = n[0]
n = "none"; n = "two" if n == "one" else n
n: str = "annotated"
n = random.choice(["r"]) if False else "no random"
str(2 ** 50)
str([x for x in range(30)][5])
[a + b for a in "abcdef" for b in "12345"][0]
[a for a, *rest in [("x", 1, 2)]][0]
f"{'x' * 150}{'y' * 150}"[:2]
str(issubclass(Box, eval("Box")))
list(map(BOX.named, ["!"]))[0]
sorted(LISTED, key=functools.partial(twice, times=2))[0]
"abc".translate("abc".maketrans("a", "b"))
str(next(NUMBERS.__iter__()))
MANY.append("m"); n = MANY.pop()
held = ["a"]; list(map(held.append, ["b"])); n = held[-1]
n = Box(); n.__dict__["label"] = "by dict"; n = n.label
n = Pile(["a"]); n.append("b"); n = n[-1]
Deep().limited()
super(Crate, CRATE).named()
str(SWITCH.on)
BOX.named.__name__
tag_of(eval("Tagged('t')"))
doubted(eval("True"), eval("Colour.RED"))
str(isinstance([1], list))
str(any([known()]))
seven(*["a"] * 6, last="z")
Lazy().word; n = "looked"
executed()
n = perform(paid) and "paid"
n = perform(functools.partial(paid)) and "paid"
n = perform(eval("paid")) and "paid"
n = bytearray(b"a"); n.append(98); n = n.decode()
held = bytearray(b"ab"); held[0] = 99; n = held.decode()
e = BOX; e = [e.label][0]; n = e
str(object() is None)
sorted(LISTED, key=PARTIAL)[0]
n = receive(Coin, at=eval("'at'")) and "heard"
n = parallel(functools.partial(twice, "a"), CRATE.named, eval("paid"))[1]
""".strip().splitlines()

BLOCKS = """
for n in LISTED:
    if n == "y":
        break
---
for n in []:
    pass
else:
    n = "else"
---
n = ""
while len(n) < 3:
    n += "w"
---
try:
    n = NAMES["q"]
except KeyError as error:
    n = f"no {error.args[0]}"
---
try:
    n = "tried"
except ValueError:
    n = "failed"
else:
    n += " well"
finally:
    len(n)
---
match ("go", 3):
    case ("stop", _):
        n = "stopped"
    case ("go", 1 | 2):
        n = "few"
    case ("go", many) if many > 2:
        n = f"many {many}"
---
match {"kind": "a", "rest": [1, 2, 3]}:
    case {"kind": "b"}:
        n = "b"
    case {"kind": str(n), "rest": [first, *_], **more}:
        n = f"{n}{first}{len(more)}"
---
match BOX:
    case Crate():
        n = "crate"
    case Box(label="other"):
        n = "other"
    case Box(label=n):
        pass
---
match Coin(4):
    case Coin(1 | 2):
        n = "small"
    case Coin(value) if value > 3:
        n = "large"
    case _:
        n = "other"
---
match Pair("x", "y"):
    case Pair("x", second=n):
        pass
    case [n, _]:
        pass
---
match None:
    case True | False:
        n = "bool"
    case None:
        n = "null"
---
match Colour.RED:
    case Colour.BLUE:
        n = "blue"
    case Colour.RED as colour:
        n = colour.name
---
def local(a, *rest, b="b", **more):
    if rest:
        return rest[0]
    return a + b
n = local("l", "r")
---
class Local:
    word = "class"
    def __init__(self):
        self.other = self.word + "y"
n = Local().other
---
n = "outer"
def change():
    nonlocal n
    n = "changed"
change()
---
with open("/dev/null") as file:
    n = "opened" if not file.closed else "closed"
---
assert NUMBERS, "never"
n = "asserted"
---
total = 0
for i, each in enumerate(LISTED, 1):
    if each == "y":
        continue
    total += i
n = str(total)
---
import math
from os.path import basename
n = basename("/a/b") + str(math.floor(2.5))
---
items = list(LISTED)
n = ""
while items:
    n += items.pop(0)
---
del_me = "x"
del del_me
n = "deleted"
---
n = "global"
if (m := len(LISTED)) > 2:
    n = f"{m} items"
elif m:
    n = "few"
else:
    n = "none"
---
stack = [["a", "b"], ["c"]]
n = "".join(x for row in stack for x in row)
---
n = "".join(sorted({c for c in "banana"}))
---
lookup = {c: i for i, c in enumerate("abc")}
n = str(lookup["c"])
---
f = [twice, cached][1]
n = f("table")
---
f = {"t": twice}["t"]
n = f("dispatched", times=1)
---
f = BOX.named
n = f("bound")
---
n = choose("one", "two")
if n == "one":
    n = "first"
elif isinstance(n, str):
    n = n.upper()
---
def steps():
    yield "s1"
    receive(Coin, at="inside")
    yield "s2"
n = ""
for each in steps():
    n += each
---
def two():
    yield receive(Coin, at="g1").value
    yield from ["y1", "y2"]
n = [each for each in two()][-1]
---
@contextlib.contextmanager
def opened(name):
    receive(Coin, at="opening")
    try:
        yield name
    finally:
        receive(Coin, at="closing")
with opened("managed") as n:
    receive(Coin, at="open")
---
with contextlib.suppress(KeyError):
    n = "kept"
    NAMES["q"]
    n = "never"
---
with contextlib.nullcontext("null") as n:
    pass
---
with contextlib.ExitStack() as stack:
    n = "stacked"
---
match LISTED:
    case [first, *rest] if len(rest) > 1:
        n = first
    case [*_]:
        n = "any"
---
match {"a": 1, "b": 2}:
    case {"a": 1 as n, **rest} if not rest:
        n = "only"
    case {"a": int(n)}:
        n = str(n)
---
match "word":
    case "other" | "word" as n:
        pass
---
match 5:
    case int(n) if n > 9:
        n = "large"
    case 5 | 6:
        n = "five"
---
match [1, [2, "deep"]]:
    case [1, [2, str() as n]]:
        pass
    case _:
        n = "flat"
---
match CRATE:
    case Box(label=n, parts=[_, *_]):
        pass
---
if NUMBERS and (LISTED or NAMES):
    n = "both"
---
if not NUMBERS or not LISTED:
    n = "one is empty"
else:
    n = "both are full"
---
while True:
    n = receive(Coin, at="loop").value
    if n > 0 or n < -5:
        break
n = "left"
---
end = receive(Coin, after=LATER, at="timed")
n = end.label if isinstance(end, Timeout) else "coin"
---
end = receive(Coin, after=2, at="timed")
match end:
    case Timeout(name, seconds):
        n = f"{name} {seconds:g}"
    case Coin(value):
        n = "coin"
---
end = receive(Coin, after=Delay("short", 1), at="timed")
n = f"{end.name} {end.seconds:g}" if isinstance(end, Timeout) else "coin"
---
@state("decorated")
def inside():
    receive(Coin, at="in")
    return "out"
n = inside()
---
block = state("held")
with block:
    receive(Coin, at="in")
n = "after"
---
with state("outer"), state("inner"):
    n = "nested"
---
with until(Coin, after=3) as end:
    sleep(10)
n = "timed out" if isinstance(end.event, Timeout) else "left"
---
with until(Coin):
    with state("deep"):
        for _ in range(2):
            sleep(1)
n = "done"
---
def handler(coin):
    receive(Coin, at="handling")
with on(Coin, handler):
    sleep(1)
n = "handled"
---
results = parallel(lambda: sleep(1), lambda: "r")
n = results[1]
---
index, result = race(lambda: receive(Coin), lambda: sleep(2))
n = ["coin", "time"][index]
---
try:
    try:
        raise ValueError("a", "b")
    except (KeyError, ValueError) as error:
        raise RuntimeError("again") from error
except RuntimeError as error:
    n = str(error)
---
for each in LISTED:
    try:
        if each == "y":
            break
        continue
    finally:
        receive(Coin, at=f"finally {each}")
n = "broken off"
---
def closes():
    try:
        return receive(Coin, at="first").value
    finally:
        receive(Coin, at="second")
closes()
n = "closed"
---
def deep(level):
    if level:
        return deep(level - 1)
    return "bottom"
n = deep(3)
---
def even(k):
    return True if k == 0 else odd(k - 1)
def odd(k):
    return False if k == 0 else even(k - 1)
n = str(even(4))
---
with Meter(3) as meter:
    n = meter(4)
n = n + meter["k"] + next(iter(meter)) + str(len(meter))
---
class Base:
    def hook(self):
        return "base"
    def run(self):
        return self.hook()
class Derived(Base):
    def hook(self):
        return "derived " + super().hook()
n = Derived().run()
---
handlers = {"a": lambda: "by a", "b": lambda: "by b"}
n = handlers["b"]()
---
chosen = choose(twice, cached)
n = chosen("c")
---
n = choose(*NAMES.values())
---
for n in choose(LISTED, NUMBERS):
    pause(str(n))
n = "all"
---
import math as m
n = str(m.pi > 3)
---
n = "".join(map(lambda c: c.upper(), "ab"))
---
pairs = dict(zip(LISTED, NUMBERS))
n = str(pairs["y"])
---
first, *_, last = sorted(NAMES.items(), key=lambda pair: pair[1])
n = last[0]
---
n = (lambda *a, **k: a[0] + k["z"])("star", z="!")
---
emitted = [emit(each) for each in LISTED]
n = "emitted"
---
n = str(now() >= 0)
---
n = "random" if rng is not None else "never"
---
Kind = eval("Box")
match BOX:
    case Kind(label=n):
        pass
---
n = eval("'text'")
if isinstance(n, str):
    n = n.upper()
---
items = ["a"]
for n in items:
    if n == "a":
        items.append("z")
---
items = ["a", "b"]
for n in items:
    items[-1] = "c"
---
items = ["a"]
for n in items:
    if n == "a":
        items += ["y"]
---
with until(Coin, after=eval("2")) as end:
    sleep(5)
n = "left"
""".strip("\n").split("\n---\n")

# Of these, nothing that a run comes to is unknown.
KNOWN_LINES = """
["a" if known() else "b"][0]
[*LISTED, "w"].copy()[3]
LISTED.append("v"); LISTED.append("w"); LISTED.pop(); n = LISTED.pop()
NAMES["t"] = "tmp"; n = NAMES.pop("t")
heap = ["b"]; heapq.heappush(heap, "a"); n = heap[0]
held = {"k": "u"}; held.__setitem__("k", "v"); n = held["k"]
held = {"a": "1"}; held[known()] = "v"; n = held["k"]
held = {"a": "1"}; held["b"] = "2"; n = list(held.keys())[1]
held = ["a"]; held[0] = "b"; n = held[0]
held = ["a", "b"]; del held[0]; n = held[0]
n = deque(["d", "e"]); n.rotate(); n = n.popleft()
BOX.small().label
SLOTTED.word
Slotted().unit("u")
pick.__name__
tag_of(Tagged("tag"))
Delay("later", eval("2")).name
"t" if Box else "f"
"t" if (lambda: 1) else "f"
list(zip(("a", "b"), NUMBERS))[0][0]
list(enumerate(("a", "b")))[1][1]
str(receive(Coin, at="asked") == None)
str(flow(len, "abc"))
guarded()
n = later(); n.close(); n = "closed"
n = emit(Fancy(eval("1"))) or "emitted"
n = perform(lambda: None) or "paid"
m: str; n = "declared"
[0 for SLOTTED.word in ["slot"]][0]; n = "set"
str(bool(state("s")))
n = eval("whereis('peer')").send(Coin()) or "sent"
str(whereis("bank").ask(GET))
str(eval("whereis('bank')").ask(Get()))
n = contextlib.ExitStack(); n.callback(len, "x"); n.close(); n = "closed"
""".strip().splitlines()

KNOWN_BLOCKS = """
def wrap(fn):
    @functools.wraps(fn)
    def inner(*args):
        return fn(*args)
    return inner
@functools.cache
@wrap
def local(text):
    return text + "!"
n = local("wrapped")
---
@Guard()
def inside():
    return "in"
n = inside()
---
e = eval("1")
n = seven(
    "a" if e else "b", "a" if e else "b", "a" if e else "b", "a" if e else "b",
    "a" if e else "b", "a" if e else "b", last="a" if e else "b",
)
---
match ("b", "named"):
    case ("a", n) | ("b", n):
        pass
---
match eval("5"):
    case 5:
        n = "five"
    case _:
        n = "other"
---
match "word":
    case [_, *_]:
        n = "several"
    case _:
        n = "text"
---
match ("a", "b"):
    case [n]:
        pass
    case [_, n]:
        pass
---
with BLOCK:
    receive(Coin, at="in")
n = "after"
---
def into(stack):
    stack.enter_context(state("in stack"))
with contextlib.ExitStack() as stack:
    stack.push(lambda *what: receive(Coin, at="pushed too"))
    stack.callback(len, "x")
    with contextlib.nullcontext():
        into(stack)
        receive(Coin, at="pushed")
stack.callback(len, "x")
n = "popped"
---
with contextlib.ExitStack() as stack:
    stack.push(eval("lambda *what: False"))
n = "pushed"
---
try:
    n = NAMES["q"]
except eval("KeyError"):
    n = "no"
---
try:
    n = NAMES["q"]
except:
    n = "bare"
---
def keep(value):
    global KEPT
    KEPT = value
keep("changed")
n = KEPT
keep("kept")
---
one, other = Tagged("a"), Tagged("b")
n = [seven(one.tag, one.tag, one.tag, one.tag, one.tag, one.tag, last=other.tag)][0]
---
with state("one"):
    pass
with state("two"):
    with state("three"):
        pass
n = "passed"
---
@contextlib.contextmanager
def swallowing():
    try:
        yield
    except KeyError:
        pass
with swallowing():
    NAMES["q"]
n = "swallowed"
---
with until(Coin):
    with state("keeping", defer=Coin):
        sleep(3)
n = "kept"
---
def answer(coin):
    receive(Coin, at="answering")
def helper():
    with on(Coin, answer):
        sleep(1)
helper()
n = "helped"
""".strip("\n").split("\n---\n")


def program(number: int, text: str) -> str:
    """Return a function that waits under the name that the text gives."""
    lines = text.splitlines()
    if len(lines) == 1 and " = " not in text and not text.startswith("n:"):
        return f"def line_{number}():\n    receive(Coin, at={text})\n"
    body = "\n".join("    " + line for line in lines)
    return f"def line_{number}():\n{body}\n    receive(Coin, at=n)\n"


KNOWN = [*KNOWN_LINES, *KNOWN_BLOCKS]
TEXTS = [*LINES, *BLOCKS, *KNOWN]


@pytest.fixture(scope="module")
def functions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The functions, in a module of their own."""
    path = Path(tmp_path_factory.mktemp("values")) / "values_of_lines.py"
    path.write_text(HEAD + "\n\n" + "\n\n".join(itertools.starmap(program, enumerate(TEXTS))))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[path.stem] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    del sys.modules[path.stem]


@pytest.mark.parametrize("number", range(len(TEXTS)), ids=[text[:40] for text in TEXTS])
def test_the_source_has_what_a_run_comes_to(functions: Any, number: int) -> None:
    """Or it says that it does not know, where it need not."""
    fn = getattr(functions, f"line_{number}")
    read = static(fn)
    missing = explore(fn, max_states=100).graph.triples() - read.triples()
    is_vague = "?" in read.names() and TEXTS[number] not in KNOWN
    assert not missing or is_vague, f"{missing} is not among {read.triples()}"
