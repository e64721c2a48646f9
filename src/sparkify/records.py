"""Where the records of an object begin and end, whatever its layout; whether they are any good is not decided here."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

MOST_BYTES = 4 * 1024 * 1024
"""The largest record, as COPY has it (docs.aws.amazon.com, copy-usage_notes-copy-from-json: 4 MB)."""

_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}":]|[^\s\[\]{}":]+')
_BLANK = b" \t\r\n"
_BOM = b"\xef\xbb\xbf"
_CONTINUES = (b'"', b"}", b"]", b",", b":")


class Record(NamedTuple):
    """The text of one record, and the line of the object where it begins, from 1."""

    line: int
    text: bytes


def by_line(content: bytes) -> list[Record]:
    """Each line that is not blank as a record, which is right for most objects."""
    lines = enumerate(content.removeprefix(_BOM).split(b"\n"), 1)
    return [Record(number, text) for number, line in lines if (text := line.strip(_BLANK))]


def scan(lines: Iterable[bytes]) -> Iterator[Record]:
    """The records among the lines of an object, broken ones included.

    Most lines are one JSON value, and then they are a record. Elsewhere brackets alone decide: a record ends where its
    first bracket is closed; text outside of brackets is a record to the end of its line. An object that can no longer
    be closed ends with its first line: the lines after it that can only continue a value belong to it, and the first
    that could begin a record begins one.
    """
    rest = _Lines(lines)
    while (record := rest.pop()) is not None:
        if record.text:
            yield record if _is_json(record.text) else _complete(record, rest)


def _is_json(text: bytes) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


class _Lines:
    """Numbered lines without the blanks at their ends, that can be put back."""

    def __init__(self, lines: Iterable[bytes]) -> None:
        self._lines = enumerate(lines, 1)
        self._back: list[Record] = []

    def pop(self) -> Record | None:
        if self._back:
            return self._back.pop()
        number, line = next(self._lines, (0, None))
        if line is None:
            return None
        return Record(number, (line.removeprefix(_BOM) if number == 1 else line).strip(_BLANK))

    def push(self, lines: list[Record]) -> None:
        self._back += reversed(lines)


def _complete(first: Record, rest: _Lines) -> Record:
    """The whole record that begins with a line; what it leaves of its last line is put back."""
    extent, taken, size = _Extent(), [first], len(first.text)
    while size <= MOST_BYTES or len(taken) == 1:
        if (end := extent.feed(taken[-1].text)) is not None:
            last = taken.pop()
            rest.push([Record(last.line, last.text[end:].strip(_BLANK))])
            return _joined([*taken, Record(last.line, last.text[:end])])
        if extent.is_broken or (line := rest.pop()) is None:
            rest.push(taken[1:])
            return _joined([first, *_continuations(rest)])
        taken.append(line)
        size += len(line.text) + 1
    return _joined(taken)


def _continuations(rest: _Lines) -> Iterator[Record]:
    while (line := rest.pop()) is not None:
        if not line.text.startswith(_CONTINUES):
            rest.push([line])
            return
        yield line


def _joined(lines: list[Record]) -> Record:
    return Record(lines[0].line, b"\n".join(line.text for line in lines))


class _Extent:
    """Follows the brackets of one record, line by line, until the first one is closed."""

    def __init__(self) -> None:
        self._open: list[bytes] = []
        self._previous = b""
        self.is_broken = False

    def feed(self, line: bytes) -> int | None:
        """Where in this line the record ends; None when it goes on, or `is_broken`."""
        for token in _TOKEN.finditer(line):
            kind = token[0]
            if kind in b"{[":
                # Directly in an object a value needs its key before it: an object without one begins a new record.
                self.is_broken = self._open[-1:] == [b"{"] and self._previous != b":"
                self._open.append(kind)
            elif kind in b"}]":
                self.is_broken = not self._open or self._open.pop() != (b"{" if kind == b"}" else b"[")
                if not self._open and not self.is_broken:
                    return token.end()
            elif kind == b'"':
                self.is_broken = True
            elif not self._open:
                return len(line)
            if self.is_broken:
                return None
            self._previous = kind
        return None
