"""The request fixtures of llhttp, read from ../shared: what was sent, and what came of it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "../shared/vectors/llhttp"
FIXTURE = re.compile(
    r"^#+ (?P<name>[^\n]+)$(?:(?!^#).)*?<!-- meta=(?P<meta>\{.*?\}) -->\s*"
    r"```http\n(?P<sent>.*?)\n```.*?```log\n(?P<log>.*?)```",
    re.M | re.S,
)
SPAN = re.compile(r"off=(\d+) len=(\d+) span\[(\w+)\]=")
ERROR = re.compile(r"off=(\d+) error code=(\d+)")
#: What llhttp reports as errors, and is none: it pauses where another protocol begins.
PAUSES = {"21", "22", "23"}


@dataclass
class Message:
    """A request as llhttp's callbacks tell it."""

    method: bytes = b""
    target: bytes = b""
    version: bytes = b""
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""
    complete: bool = False


@dataclass
class Fixture:
    """Bytes, the messages whose heads were complete, and where an error was found."""

    name: str
    sent: bytes
    messages: list[Message]
    error: int | None


def fixtures() -> list[Fixture]:
    """Those of the strict mode, where nobody tells llhttp to pass over a body."""
    found: list[Fixture] = []
    for page in sorted(FOLDER.glob("*.md")):
        for match in FIXTURE.finditer(page.read_text("utf-8")):
            meta = json.loads(match["meta"])
            if meta["type"] == "request" and not meta.get("skipBody"):
                name = f"{page.stem}: {match['name']}"
                count = sum(each.name.startswith(name) for each in found)
                name += f" #{count + 1}" if count else ""
                found.append(_fixture(name, _bytes_of(match["sent"]), match["log"]))
    return found


def _bytes_of(text: str) -> bytes:
    text = text.replace("\\\n", "").replace("\n", "\r\n")
    for escape, char in (r"\r", "\r"), (r"\n", "\n"), (r"\t", "\t"), (r"\f", "\f"):
        text = text.replace(escape, char)
    return re.sub(r"\\x([0-9a-fA-F]{2})", lambda code: chr(int(code[1], 16)), text).encode()


def _fixture(name: str, sent: bytes, log: str) -> Fixture:
    messages: list[Message] = []
    heads: list[Message] = []
    error = None
    for line in log.splitlines():
        if line.endswith("message begin"):
            messages.append(Message())
        elif span := SPAN.match(line):
            start, size, kind = int(span[1]), int(span[2]), span[3]
            _add(messages[-1], kind, sent[start : start + size])
        elif "header_field complete" in line:
            messages[-1].headers.append((messages[-1].headers.pop()[0], b""))
        elif "headers complete" in line:
            heads.append(messages[-1])
        elif "message complete" in line:
            messages[-1].complete = True
        elif (found := ERROR.match(line)) and found[2] not in PAUSES:
            error = int(found[1])
    return Fixture(name, sent, heads, error)


def _add(message: Message, kind: str, text: bytes) -> None:
    match kind:
        case "method":
            message.method += text
        case "url":
            message.target += text
        case "version":
            message.version += text
        case "body":
            message.body += text
        case "header_field":
            message.headers.append((text, b""))
        case "header_value":
            name, value = message.headers.pop()
            message.headers.append((name, value + text))
