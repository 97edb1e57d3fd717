"""What a request is for: the forms of its target, and its Host (RFC 9112, 3.2; RFC 3986, 3.2.2)."""

from __future__ import annotations

import re
from typing import Final

LETTERS: Final = rb"0-9A-Za-z\-._~!$&'()*+,;="
ADDRESS: Final = rb"\[(?:[0-9A-Fa-f:.]+|v[0-9A-Fa-f]+\.[:" + LETTERS + rb"]+)\]"
NAME: Final = rb"[" + LETTERS + rb"]*+(?:%[0-9A-Fa-f]{2}[" + LETTERS + rb"]*+)*+"
#: A name, which may be empty, or an address in brackets; then perhaps a port.
HOST: Final = re.compile(rb"(?:" + ADDRESS + rb"|" + NAME + rb")(?::[0-9]*)?")
AUTHORITY: Final = re.compile(rb"(?:" + ADDRESS + rb"|(?!:)" + NAME + rb"):[0-9]+")
#: With a host that is not empty, behind a user perhaps (RFC 9110, 4.2.1; RFC 3986, 3.2).
ABSOLUTE: Final = re.compile(rb"[A-Za-z][0-9A-Za-z+.\-]*://(?:[^/?#@]*+@)?+(?!\[\])[^/?#:@][!-~]*")

#: What a server may be asked as a whole; the second one is UPnP's.
FOR_ALL: Final = {b"OPTIONS", b"M-SEARCH"}


def fits(method: bytes, target: bytes) -> bool:
    """RFC 9112, 3.2.1 to 3.2.4: whether the form of a target is one of the method."""
    if method == b"CONNECT":
        return AUTHORITY.fullmatch(target) is not None
    if target[:1] == b"/" or (target == b"*" and method in FOR_ALL):
        return True
    return ABSOLUTE.fullmatch(target) is not None
