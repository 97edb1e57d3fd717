"""Names as identifiers, for formats that do not hold every name: a scheme that can be read back.

A state is called by its path, an event by its class and fields; so a name may have slashes, blanks,
quotes in it.  A character that a format does not allow becomes `_xHHHH_`, its code in four to six
hexadecimal digits.  An underscore before an `x` is written so too, and therefore no two names
become one.  This is how SQL/XML (ISO 9075-14, 9.1) maps names to XML, and .NET's
`XmlConvert.EncodeName`.  A name always becomes the same identifier, whatever else is in the graph;
`unescaped` reads it back.

What an exporter makes up itself it calls `_x` and a word that does not begin like a code, such as
`_xwait`.  No name becomes that.
"""

from __future__ import annotations

import re

_CODE = re.compile(r"_x([0-9A-F]{4,6})_")
#: The name with nothing in it.
_NOTHING = "_x_"

#: What stands in identifiers of XML (`NCName`), as far as everybody reads it.
XML = re.compile(r"[A-Za-z0-9_-]")
#: And what such an identifier may begin with.
XML_FIRST = re.compile(r"[A-Za-z_]")


def escaped(name: str, allowed: re.Pattern[str], first: re.Pattern[str] | None = None) -> str:
    """The name with every character as it is that is allowed, and the others escaped.

    `first`: what is allowed as the first character, if that is less.
    """

    def is_plain(char: str, place: int) -> bool:
        if char == "_" and name[place + 1 : place + 2] == "x":
            return False
        return (allowed if place or first is None else first).match(char) is not None

    pieces = [char if is_plain(char, place) else _code(char) for place, char in enumerate(name)]
    return "".join(pieces) or _NOTHING


def first_escaped(identifier: str) -> str:
    """The identifier with its first character escaped, where a format has it for itself."""
    return _code(identifier[0]) + identifier[1:]


def unescaped(identifier: str) -> str:
    """The name that has become this identifier."""
    if identifier == _NOTHING:
        return ""
    return _CODE.sub(lambda found: chr(int(found[1], 16)), identifier)


def _code(char: str) -> str:
    return f"_x{ord(char):04X}_"
