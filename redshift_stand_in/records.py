"""The records of a JSON file, as COPY finds them: where each begins and ends, and why a text is none.

The rules are those of the page copy-usage_notes-copy-from-json of the Database Developer Guide, the codes those of
r_Load_Error_Reference. Where the pages are silent the stricter reading is taken; README.md lists these choices.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

MAX_RECORD_BYTES = 4 * 1024 * 1024
"""The largest JSON object (DG copy-usage_notes-copy-from-json)."""


class Number(str):
    """A JSON number as it was written."""


class RecordError(Exception):
    """A record that gives no row: a code and message of STL_LOAD_ERRORS, and the position in the value."""

    def __init__(self, code: int, message: str, position: int = 0) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.position = position


@dataclass(frozen=True)
class Record:
    """A JSON value of a file, or a text that is none: then `error` is set. `line` is its last line, from 1."""

    line: int
    value: Any
    error: RecordError | None = None


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _first_wins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for key, value in pairs:
        members.setdefault(key, value)
    return members


_decoder = json.JSONDecoder(
    parse_int=Number, parse_float=Number, parse_constant=_no_constant, object_pairs_hook=_first_wins
)
_SPACE = re.compile(r"[ \t\r\n]*")
_GARBAGE = re.compile(r"[^{\[]*")
_BRACKETS = re.compile(r'[{}\[\]]|"(?:[^"\\\n]|\\.)*"')
_NEXT_LINE = re.compile(r"\n[ \t\r]*(?=[{\[])")


def records(data: bytes) -> Iterator[Record]:
    """The records of a file, and the texts between them that are none."""
    text = data.decode("utf-8", "surrogateescape")  # bytes that are not UTF-8 become lone surrogates
    at, line = 0, 1
    while (start := _end(_SPACE, text, at)) < len(text):
        end, value, error = _record(text, start)
        line += text.count("\n", at, end)
        yield Record(line, value, error)
        at = end


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    assert match
    return match.end()


def _record(text: str, start: int) -> tuple[int, Any, RecordError | None]:
    """The end of the record that begins here, its value, and its error."""
    if text[start] not in "{[":
        end = _end(_GARBAGE, text, start)
        end = start + len(text[start:end].rstrip(" \t\r\n"))
        return end, None, RecordError(1216, "Invalid JSON: no object begins here")
    try:
        value, end = _decoder.raw_decode(text, start)
    except (ValueError, RecursionError) as e:
        return _closed(text, start), None, RecordError(1216, f"Invalid JSON: {str(e).splitlines()[0]}")
    data = text[start:end].encode("utf-8", "surrogateescape")
    if len(data) > MAX_RECORD_BYTES:
        return end, None, RecordError(1216, f"JSON object exceeds the maximum size of {MAX_RECORD_BYTES} bytes")
    try:
        data.decode()
    except UnicodeDecodeError as e:
        return end, None, not_utf8(data[e.start : e.start + 1], e.start)
    return end, value, None


def not_utf8(data: bytes, position: int) -> RecordError:
    """The error of a byte that is no UTF-8, and of its position."""
    reason = "String contains invalid or unsupported UTF8 codepoints. Bad UTF8 hex sequence:"
    return RecordError(1220, f"{reason} {data.hex()} (error 3)", position)


def _closed(text: str, start: int) -> int:
    """The end of a broken record: the bracket that closes it, else the next line that begins with a bracket."""
    depth = 0
    for bracket in _BRACKETS.finditer(text, start):
        depth += {"{": 1, "[": 1, "}": -1, "]": -1}.get(bracket[0], 0)
        if depth == 0:
            return bracket.end()
    following = _NEXT_LINE.search(text, start)
    return following.start() if following else len(text)
