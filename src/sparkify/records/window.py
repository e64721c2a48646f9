"""The part of an object that is in memory while it is scanned."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable

from sparkify.records.brackets import Brackets
from sparkify.records.record import BLANK, BOM, MOST_BYTES

PIECE = 1_000_000
"""Bytes that the window grows by."""

_BLANKS = re.compile(rb"[%s]*" % re.escape(BLANK))


class Window:
    """A part of an object that begins at the current record. Offsets count from there; `len` is its length in bytes."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        """`pieces`: the content of the object, without a byte order mark or with one."""
        self._pieces = iter(pieces)
        self._text = b""
        self._start = 0
        self._no_newline = range(0)
        """Positions in `_text` that hold no newline, as an earlier search has shown."""
        self.line = 1
        self.is_line_start = True
        while len(self._text) < len(BOM) and self._grow():
            pass
        self._text = self._text.removeprefix(BOM)

    def __len__(self) -> int:
        return len(self._text) - self._start

    def _grow(self) -> bool:
        """Read on; whether there was more."""
        pieces, size = [], 0
        for piece in self._pieces:
            pieces.append(piece)
            size += len(piece)
            if size >= PIECE:
                break
        if size:
            self._text = b"".join([self._text[self._start :], *pieces])
            searched = self._no_newline
            self._no_newline = range(max(searched.start - self._start, 0), max(searched.stop - self._start, 0))
            self._start = 0
        return size > 0

    def reach(self, offset: int) -> int:
        """The length of the window, which has grown beyond an offset if there is more."""
        while len(self) <= offset and self._grow():
            pass
        return len(self)

    def fill(self) -> bool:
        """Make sure that the window holds something; false at the end of the object."""
        return len(self) > 0 or self._grow()

    def text(self, start: int, end: int) -> bytes:
        """The bytes between two offsets."""
        return self._text[self._start + start : self._start + end]

    def end_of_line(self, offset: int, most: int) -> tuple[int, bool]:
        """The end of the line that goes through an offset, and whether it is the end and not that of the window.

        The window grows to `most` bytes to find it.
        """
        searched = offset
        if self._start + offset in self._no_newline:
            searched = self._no_newline.stop - self._start
        while (end := self._text.find(b"\n", self._start + searched)) < 0:
            searched = len(self)
            self._no_newline = range(self._start + offset, len(self._text))
            if searched >= most:
                return searched, False
            if not self._grow():
                return searched, True
        self._no_newline = range(self._start + offset, end)
        return end - self._start, True

    def end_of_record(self, brackets: Brackets, start: int, end: int, *, is_line_end: bool) -> int | None:
        """Where between two offsets the record ends whose brackets are followed; see `Brackets.find_end`."""
        first = self._start
        position = brackets.find_end(self._text, first + start, first + end, is_line_end=is_line_end)
        return None if position is None else position - first

    def advance(self, size: int) -> None:
        """Drop some bytes from the beginning of the window."""
        end = self._start + size
        newline = self._text.rfind(b"\n", self._start, end)
        if newline >= 0:
            self.line += self._text.count(b"\n", self._start, end)
            self.is_line_start, self._start = True, newline
        self.is_line_start = self.is_line_start and _end_of_blanks(self._text, self._start) >= end
        self._start = end

    def skip_blanks(self) -> bool:
        """Advance to where the next record begins; whether there is one."""
        while True:
            self.advance(_end_of_blanks(self._text, self._start) - self._start)
            if self:
                return True
            if not self._grow():
                return False

    def next_line(self) -> bool:
        """Advance to the next line; whether there is one."""
        self.skip_line()
        self.advance(min(1, len(self)))
        return self.fill()

    def skip_line(self) -> None:
        """Advance to the newline of this line, or to the end of the object."""
        while True:
            end, is_end = self.end_of_line(0, 1)
            self.advance(end)
            if is_end or not self.fill():
                return

    def take(self, size: int) -> bytes:
        """Advance by some bytes, and return them: their lines without the blanks at the ends of each."""
        text = bytearray()
        for line in io.BytesIO(self.text(0, size)):
            text += line.strip(BLANK) + (b"\n" if line.endswith(b"\n") else b"")
        self.advance(size)
        return bytes(text[: MOST_BYTES + 1])

    def take_line(self) -> bytes:
        """Advance to the newline of this line, and return the line: its beginning without the blanks at its ends."""
        end, is_end = self.end_of_line(0, MOST_BYTES + 1)
        text = self.take(end)
        if not is_end:
            self.skip_line()
        return text


def _end_of_blanks(text: bytes, start: int) -> int:
    match = _BLANKS.match(text, start)
    return match.end() if match else start
