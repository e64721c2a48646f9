"""Why a record is bad: each sentence once, for both engines.

A fault is `column: reason`, or `: reason` for the record as a whole.
"""

from __future__ import annotations

import json
import re

from sparkify.records.record import BOM, MOST_BYTES

NOT_UTF8 = "is not UTF-8"
NOT_JSON = "is not JSON"
NO_OBJECT = "is no JSON object"
MISSING = "is missing"
HOLDS_NUL = "holds a NUL character"
NO_TEXT = "is no text"
NO_NUMBER = "is no number"
NO_WHOLE_NUMBER = "is no whole number of 64 bits"
NO_MOMENT = "is no moment of the years 1 to 9999"

ESCAPED_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
"""The escape of U+0000 in JSON: `u0000` behind an odd number of backslashes."""

_SURROGATES = re.compile(rb"\\u[dD][89abAB]..\\u[dD][c-fC-F]..|(\\u[dD][89a-fA-F])", re.DOTALL)
"""The escapes of a surrogate pair, or of half of one."""


def longer_than(most: int) -> str:
    """The reason for a record or a value of more than so many bytes."""
    return f"is longer than {most} bytes"


def too_long(text: bytes) -> str:
    """Why a record is too long; empty if it is not."""
    return longer_than(MOST_BYTES) if len(text) > MOST_BYTES else ""


def not_utf8(text: bytes) -> str:
    """Why a record is not UTF-8, and from which byte on; empty if it is."""
    try:
        text.decode()
    except UnicodeDecodeError as e:
        return f"{NOT_UTF8} at byte {e.start + 1}"
    return ""


def not_json(text: bytes) -> str:
    """Why a record is not JSON, and from which character on; empty if Python's reader, not the strictest, takes it."""
    if text.startswith(BOM):
        return f"{NOT_JSON}: a byte order mark, which may stand at the beginning of an object alone, at character 1"
    try:
        # Numbers stay text: Python refuses to convert one of more than 4,300 digits.
        value = json.loads(text.decode(errors="replace"), parse_int=str, parse_float=str, object_pairs_hook=list)
        if may_hold_half_pair(text):
            json.dumps(value, ensure_ascii=False).encode()
    except json.JSONDecodeError as e:
        return f"{NOT_JSON}: {e.msg} at character {e.pos + 1}"
    except RecursionError:
        return f"{NOT_JSON}: too deeply nested"
    except UnicodeEncodeError as e:
        return f"{NOT_JSON}: \\u{ord(e.object[e.start]):04x} is half of a surrogate pair"
    return ""


def may_hold_half_pair(text: bytes) -> bool:
    """Whether half of a surrogate pair, as of U+D800 alone, may be in a text of JSON; a cheap look."""
    return (b"\\ud" in text or b"\\uD" in text) and any(pair[1] for pair in _SURROGATES.finditer(text))


def may_hold_nul(text: bytes) -> bool:
    """Whether the character U+0000 may be in a text of JSON; a cheap look."""
    return b"\\u0000" in text or b"\0" in text


def holds_nul(text: bytes) -> str:
    """Why a record of JSON is bad, if the escape of U+0000 is in a text or a key of it; empty if it is not."""
    return HOLDS_NUL if ESCAPED_NUL.search(text) else ""
