"""Why a record is bad: each sentence once, for both engines.

A fault is `column: reason`, or `: reason` for the record as a whole.
"""

from __future__ import annotations

import json

from sparkify.records.record import MOST_BYTES

NOT_UTF8 = "is not UTF-8"
NOT_JSON = "is not JSON"
NO_OBJECT = "is no JSON object"
MISSING = "is missing"
HOLDS_NUL = "holds a NUL character"
NO_TEXT = "is no text"
NO_NUMBER = "is no number"
NO_WHOLE_NUMBER = "is no whole number of 64 bits"
NO_MOMENT = "is no moment of the years 1 to 9999"


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
    try:
        # Numbers stay text: Python refuses to convert one of more than 4,300 digits.
        json.loads(text.decode(errors="replace"), parse_int=str, parse_float=str)
    except json.JSONDecodeError as e:
        return f"{NOT_JSON}: {e.msg} at character {e.pos + 1}"
    except RecursionError:
        return f"{NOT_JSON}: too deeply nested"
    return ""
