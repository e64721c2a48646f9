"""A record of an object: the text from which one row is made."""

from __future__ import annotations

from typing import NamedTuple

MOST_BYTES = 4 * 1024 * 1024
"""The largest record, as COPY has it (docs.aws.amazon.com, copy-usage_notes-copy-from-json: 4 MB)."""

BOM = b"\xef\xbb\xbf"
"""The byte order mark of UTF-8, with which some editors begin a text."""

BLANK = b" \t\r\n\v\f"
"""The bytes that JSON allows between values, and two more that DuckDB's reader of files skips around a record."""


class Record(NamedTuple):
    """The text of one record, and the line of the object where it begins, from 1.

    Of a record of more than `MOST_BYTES`, which is bad, the text is the beginning: `MOST_BYTES` and one more.
    """

    line: int
    text: bytes
