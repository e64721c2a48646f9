"""Where the records of an object begin and end, in any layout; whether they are good is not decided here.

An object of any size is read in bounded memory: a `Window` of it is held, from the beginning of the current record.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from sparkify.records.brackets import Brackets
from sparkify.records.record import BLANK, BOM, MOST_BYTES, Record
from sparkify.records.window import Window

MOST_KEPT = 2 * MOST_BYTES
"""Bytes of a record that are kept, to go back to the end of its first line if the record cannot be closed."""

LONG = 64_000
"""Bytes of a record after which many of its lines are followed at once."""

MOST_UNCLOSED = 20
"""Records of an object that are followed to its end and not closed there; after these, each line is a record."""

_CONTINUES = (b'"', b"}", b"]", b",", b":")
"""How a line begins that can only continue a value."""


def by_line(content: bytes) -> list[Record]:
    """Each line that is not blank as a record, which is right for most objects."""
    lines = enumerate(content.removeprefix(BOM).split(b"\n"), 1)
    return [Record(number, text) for number, line in lines if (text := line.strip(BLANK))]


def line_at(pieces: Iterable[bytes], number: int) -> bytes:
    """A line of an object, from 1; its beginning when it is longer than a record may be."""
    window = Window(pieces)
    while window.line < number and window.next_line():
        pass
    return window.take_line() if window.line == number else b""


def scan(pieces: Iterable[bytes]) -> Iterator[Record]:
    """The records of an object whose content comes in pieces, broken ones included.

    Most lines are one JSON value, and then they are a record. Elsewhere brackets alone decide: a record ends where its
    first bracket is closed; text outside of brackets is a record to the end of its line. An object that can no longer
    be closed ends with its first line: the lines after it that can only continue a value belong to it, and the first
    that could begin a record begins one. What is longer than `MOST_KEPT` and may still be closed is one record.
    """
    return _Scanner(pieces).records()


class _Scanner:
    """Finds the records of one object."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._window = Window(pieces)
        self._unclosed = 0
        """Records that were not closed at the end of the object."""

    def records(self) -> Iterator[Record]:
        """See `scan`."""
        while self._window.skip_blanks():
            yield self._whole_line() or self._bracketed()

    def _whole_line(self) -> Record | None:
        """The record that is the whole line, if that is one JSON value."""
        window = self._window
        if not window.is_line_start:
            return None
        end, is_end = window.end_of_line(0, MOST_BYTES + 1)
        if not is_end or end > MOST_BYTES:
            return None
        text = window.text(0, end).strip(BLANK)
        if not _is_json(text):
            return None
        record = Record(window.line, text)
        window.advance(end)
        return record

    def _bracketed(self) -> Record:
        """The record that begins here and ends where its brackets are closed."""
        window, brackets = self._window, Brackets()
        line = window.line
        if self._unclosed >= MOST_UNCLOSED:
            return Record(line, window.take_line())
        start, first_line, tried = 0, -1, LONG
        while start < MOST_KEPT:
            if start >= tried:
                tried = window.reach(start)
                if start < tried and brackets.skip(window.text(start, tried)):
                    start = tried
                    continue
            # The window does not grow yet: many records may share one long line.
            end, is_end = window.end_of_line(start, start + 1)
            closed = window.end_of_record(brackets, start, end, is_line_end=is_end)
            if closed is not None:
                return Record(line, window.take(closed))
            if brackets.is_outside:
                return Record(line, window.take_line())
            first_line = end if is_end and first_line < 0 else first_line
            is_over = is_end and end >= len(window)
            if brackets.is_broken or is_over:
                self._unclosed += start > LONG or is_over
                return Record(line, self._take_broken(first_line))
            start = end + is_end
        return Record(line, self._take_long(brackets, start))

    def _take_broken(self, first_line: int) -> bytes:
        """The first line of a record that cannot be closed, and the lines that can only continue it.

        `first_line` is where the line ends; negative: not within the window.
        """
        text = bytearray(self._window.take_line() if first_line < 0 else self._window.take(first_line))
        while (more := self._take_continuation()) is not None:
            if len(text) <= MOST_BYTES:
                text += b"\n" + more
        return bytes(text[: MOST_BYTES + 1])

    def _take_continuation(self) -> bytes | None:
        """The next line, if it can only continue a value."""
        end, _ = self._window.end_of_line(1, MOST_BYTES + 1)
        if not self._window.text(1, end).lstrip(BLANK).startswith(_CONTINUES):
            return None
        self._window.advance(1)
        return self._window.take_line()

    def _take_long(self, brackets: Brackets, size: int) -> bytes:
        """The beginning of a record of which `size` bytes are followed; the window advances to its end."""
        window = self._window
        text = window.text(0, MOST_BYTES + 1)
        window.advance(size)
        while window.fill():
            if brackets.skip(window.text(0, len(window))):
                window.advance(len(window))
            elif self._ends_within(brackets, len(window)):
                break
        return text

    def _ends_within(self, brackets: Brackets, size: int) -> bool:
        """Advance line by line over some bytes of a long record, or to its end; whether it ends in them."""
        window = self._window
        while size > 0:
            is_line_start = window.is_line_start
            end, is_end = window.end_of_line(0, 1)
            closed = window.end_of_record(brackets, 0, end, is_line_end=is_end)
            if closed is not None:
                window.advance(closed)
                return True
            if brackets.is_broken:
                if not is_line_start:
                    window.skip_line()
                return True
            step = min(end + is_end, len(window))
            window.advance(step)
            size -= step
        return False


def _is_json(text: bytes) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
