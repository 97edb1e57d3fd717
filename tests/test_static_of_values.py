"""What the source says that an expression is: never something else than what it is.

Each line below stands in a function that waits under the name that the line gives.  The view of the
source must have the state that a run comes to; or say by a `?` that it does not know.
"""

from __future__ import annotations

import importlib.util
import itertools
from pathlib import Path
from typing import Any

import pytest

from flowlet import explore
from flowlet.introspect.static import static

HEAD = """
import enum
import functools
import itertools
import operator
import random
from collections import ChainMap, OrderedDict, defaultdict, namedtuple
from dataclasses import dataclass, field
from types import MappingProxyType, SimpleNamespace
from typing import NamedTuple

from flowlet import Delay, Event, Timeout, choose, emit, pause, receive, sleep, state


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
""".strip("\n").split("\n---\n")


def program(number: int, text: str) -> str:
    """Return a function that waits under the name that the text gives."""
    lines = text.splitlines()
    if len(lines) == 1 and " = " not in text and not text.startswith("n:"):
        return f"def line_{number}():\n    receive(Coin, at={text})\n"
    body = "\n".join("    " + line for line in lines)
    return f"def line_{number}():\n{body}\n    receive(Coin, at=n)\n"


TEXTS = [*LINES, *BLOCKS]


@pytest.fixture(scope="module")
def functions(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The functions, in a module of their own."""
    path = Path(tmp_path_factory.mktemp("values")) / "values_of_lines.py"
    path.write_text(HEAD + "\n\n" + "\n\n".join(itertools.starmap(program, enumerate(TEXTS))))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("number", range(len(TEXTS)), ids=[text[:40] for text in TEXTS])
def test_the_source_has_what_a_run_comes_to(functions: Any, number: int) -> None:
    """Or it says that it does not know."""
    fn = getattr(functions, f"line_{number}")
    read = static(fn)
    missing = explore(fn, max_states=100).graph.triples() - read.triples()
    assert not missing or "?" in read.names(), f"{missing} is not among {read.triples()}"
