"""What actors send each other, and what waits return when nothing came.

An event may be any object.  `Event` is the usual base: a frozen pydantic model, so that its
fields are checked where it is made and its schema can be read by the explorer; it also takes its
fields by position, because events are written and matched far more often than other models are.
"""

from __future__ import annotations

import math
from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar, dataclass_transform, final

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr

if TYPE_CHECKING:
    from pydantic._internal._model_construction import ModelMetaclass
else:
    ModelMetaclass = type(BaseModel)


@dataclass_transform(
    kw_only_default=False, frozen_default=True, field_specifiers=(Field, PrivateAttr)
)
class EventMeta(ModelMetaclass):
    """Tells type checkers that fields may be given by position.

    And makes `case Coin():` a plain question of classes: pydantic's and ABC's answer takes 400 ns
    for an event of another class, Python's own 60, and an actor asks at every event.
    """

    __instancecheck__: Any = type.__instancecheck__
    __subclasscheck__: Any = type.__subclasscheck__


class Event(BaseModel, metaclass=EventMeta):
    """Something that happens, and its data.

    ```python
    class Coin(Event):
        value: int = 1

    match receive(Coin):
        case Coin(value):
            ...
    ```

    Fields are given by keyword or by position: `Coin(5)`.  The class's name is the event's name
    in every picture; a class attribute `label` gives another and may format the fields:
    `label = "{choice}"`.  One that cannot be formatted so is shown as it is written.

    Raises pydantic's `ValidationError` where a field is wrong, `TypeError` where there are too
    many positions.
    """

    # By name as well as by alias: a field given by position is given by its name.
    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, populate_by_name=True)

    label: ClassVar[str | None] = None
    #: Whether it is told to everybody, like that a server is closing: then an actor that does not
    #: listen for it is not in the wrong, not even one with `unexpected="raise"`.
    may_be_missed: ClassVar[bool] = False

    def __init__(self, /, *args: Any, **fields: Any) -> None:
        if args:
            names: tuple[str, ...] = self.__match_args__
            if len(args) > len(names):
                raise TypeError(
                    f"{type(self).__name__} takes {len(names)} fields by position "
                    f"({', '.join(names) or 'none'}), but {len(args)} were given"
                )
            for name, value in zip(names, args, strict=False):
                if name in fields:
                    raise TypeError(
                        f"{type(self).__name__} got its field {name!r} twice: "
                        "by position and by keyword"
                    )
                fields[name] = value
        super().__init__(**fields)

    def __str__(self) -> str:
        # pydantic's leaves the class out, and of an event without fields nothing at all.
        return repr(self)

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        # An alias is the name that the constructor wants; the pattern wants the attribute.
        setattr(cls, "__match_args__", tuple(cls.model_fields))  # noqa: B010  # pydantic types it


@final
class Delay:
    """A length of time with a name, for the diagram: `Delay("retransmit", 0.5)`.

    Stands wherever seconds may.  A time that doubles stays one edge, since the edge is called by
    the name and not by the seconds.
    """

    __slots__ = ("name", "seconds")
    __match_args__ = ("name", "seconds")

    def __init__(self, name: str, seconds: float) -> None:
        if not isinstance(name, str) or not name:
            raise TypeError(f"a Delay's name is a text, not {name!r}: Delay('retransmit', 0.5)")
        self.name: str = name
        self.seconds: float = seconds_of(seconds)

    def __repr__(self) -> str:
        return f"Delay({self.name!r}, {self.seconds:g})"


class Timeout:
    """What a wait returns when its time is up; `name` is that of its `Delay`, if it had one."""

    __slots__ = ("name", "seconds")
    __match_args__ = ("name", "seconds")

    def __init__(self, name: str | None, seconds: float) -> None:
        self.name: str | None = name
        self.seconds: float = seconds

    @property
    def label(self) -> str:
        """The name of the edge that it draws: `after 5s`, or the Delay's name."""
        return self.name or f"after {_number(self.seconds)}s"

    def __repr__(self) -> str:
        return f"Timeout({self.name!r}, {self.seconds:g})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Timeout):
            return NotImplemented
        return (self.name, self.seconds) == (other.name, other.seconds)

    def __hash__(self) -> int:
        return hash((self.name, self.seconds))


class Over:
    """Told to listeners when a wait that takes no event is over; `label` names its edge."""

    __slots__ = ("label",)

    def __init__(self, label: str) -> None:
        self.label: str = label

    def __repr__(self) -> str:
        return f"Over({self.label!r})"


def _number(seconds: float) -> str:
    """Seconds as people write them: no `.0`, no exponent, no digits that come of rounding."""
    return str(int(seconds)) if float(seconds).is_integer() else f"{seconds:.15g}"


def seconds_of(after: float | Delay) -> float:
    """The seconds of a time given as a number or as a `Delay`; raises for anything else."""
    if type(after) is Delay:
        return after.seconds
    if not isinstance(after, int | float) or isinstance(after, bool):
        raise TypeError(f"a time is given in seconds or as a Delay, not as {after!r}")
    if after < 0 or math.isnan(after):
        raise ValueError(f"a time is zero or more seconds, not {after!r}")
    return after


def timeout_of(after: float | Delay) -> Timeout:
    """What a wait with this time limit returns when it is up."""
    return Timeout(after.name, after.seconds) if type(after) is Delay else Timeout(None, after)


def label_of(event: object) -> str:
    """The name of an event in pictures and traces: its class's, or what its `label` says."""
    label = getattr(type(event), "label", None)
    if isinstance(event, Timeout | Over):
        return event.label
    if not isinstance(label, str):
        return type(event).__name__
    if "{" not in label:
        return label
    try:
        return label.format_map(_Fields(event))
    except (AttributeError, LookupError, TypeError, ValueError):
        return label  # a field that is not there: seen as it is written, and nobody fails of it


def label_of_type(kind: type) -> str:
    """The name of a type of events, where none has come yet."""
    label = getattr(kind, "label", None)
    return label if isinstance(label, str) and "{" not in label else kind.__name__


class _Fields(dict[str, Any]):
    """Lets a label format any attribute of its event, properties included."""

    def __init__(self, event: object) -> None:
        super().__init__()
        self.event = event

    def __missing__(self, name: str) -> Any:
        value = getattr(self.event, name)
        return name_of(value) if isinstance(value, Enum) else value


def name_of(name: str | Enum) -> str:
    """A state's name as text; an Enum member counts by its name, a StrEnum by its value."""
    if isinstance(name, str) and name:
        return str(name)
    if isinstance(name, Enum):
        return name.name
    raise TypeError(
        f"a state's name is a text with something in it, or an Enum member; not {name!r}"
    )
