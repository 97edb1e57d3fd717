r"""JSON of anything that a program may hold: half a character, too.

Python's strings may hold a surrogate without its other half, as where a name was made of bytes that
are no UTF-8.  Such a character has no UTF-8 either, but JSON has an escape for it, `\udc80`, which
`json` writes and reads and pydantic does not.  All else is left to pydantic, which is quicker.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

from pydantic import BaseModel

#: Where JSON may have a character of which the other half is missing.
_HALF: Final = re.compile(r"\\u[dD][89a-fA-F]")


def as_json(data: Any, indent: int | None = 2) -> str:
    """Data as JSON that can be written as UTF-8."""
    between = (",", ":") if indent is None else None
    text = json.dumps(data, ensure_ascii=False, indent=indent, separators=between)
    # Of all that may stand in a string, only such characters cannot be encoded.
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def model_as_json(model: BaseModel, *, indent: int | None = 2, by_alias: bool = False) -> str:
    """A model as JSON that can be written as UTF-8."""
    try:
        return model.model_dump_json(indent=indent, by_alias=by_alias)
    except ValueError:  # which pydantic's own error of it is
        return as_json(model.model_dump(mode="json", by_alias=by_alias), indent)


def may_have_half(text: str | bytes | bytearray) -> bool:
    """Whether there may be half a character in a JSON, which pydantic refuses to read."""
    return _HALF.search(text if isinstance(text, str) else text.decode()) is not None
