"""Where the records of an object begin and end, whatever its layout; whether they are any good is not decided here.

An object of any size is read in bounded memory: a window of it is held, from the beginning of the record in hand.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

MOST_BYTES = 4 * 1024 * 1024
"""The largest record, as COPY has it (docs.aws.amazon.com, copy-usage_notes-copy-from-json: 4 MB)."""

BOM = b"\xef\xbb\xbf"
"""The byte order mark of UTF-8, with which some editors begin a text."""

WINDOW = 2 * MOST_BYTES
"""Bytes from the beginning of a record in which its end is looked for with the way back open."""

PIECE = 1_000_000
"""Bytes that the window grows by."""

LONG = 64_000
"""Bytes of a record after which many of its lines are followed at once."""

MOST_UNCLOSED = 20
"""Records of an object that are followed to its end and not closed there; after these, each line is a record."""

MOST_PASSES = 20
"""Levels of brackets that are followed fast in a record that is longer than the window."""

_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[\]{}":]|[^ \t\r\n\[\]{}":]+')
_STRING_END = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+"')
_STRING = re.compile(rb'"[^"\\\n]*+(?:\\.[^"\\\n]*+)*+"')
_NO_COMMA = re.compile(rb"[^ \t\r\n,:\[{][ \t\r\n]*\n[ \t\r\n]*[\[{]")
_NO_BRACKETS = bytes(set(range(256)) - set(b"{}[]"))
_BLANKS = re.compile(rb"[ \t\r\n]*")
_BLANK = b" \t\r\n"
_CONTINUES = (b'"', b"}", b"]", b",", b":")


class Record(NamedTuple):
    """The text of one record, and the line of the object where it begins, from 1.

    Of a record of more than `MOST_BYTES`, which is bad, the text is the beginning: `MOST_BYTES` and one more.
    """

    line: int
    text: bytes


def by_line(content: bytes) -> list[Record]:
    """Each line that is not blank as a record, which is right for most objects."""
    lines = enumerate(content.removeprefix(BOM).split(b"\n"), 1)
    return [Record(number, text) for number, line in lines if (text := line.strip(_BLANK))]


def scan(pieces: Iterable[bytes]) -> Iterator[Record]:
    """The records of an object whose content comes in pieces, broken ones included.

    Most lines are one JSON value, and then they are a record. Elsewhere brackets alone decide: a record ends where its
    first bracket is closed; text outside of brackets is a record to the end of its line. An object that can no longer
    be closed ends with its first line: the lines after it that can only continue a value belong to it, and the first
    that could begin a record begins one. What is longer than `WINDOW` and may still be closed is one record.
    """
    window = _Window(pieces)
    while window.skip_blanks():
        yield _whole_line(window) or _bracketed(window)


def line_at(pieces: Iterable[bytes], number: int) -> bytes:
    """A line of an object, from 1; its beginning when it is longer than a record may be."""
    window = _Window(pieces)
    while window.line < number and window.next_line():
        pass
    return window.take_line() if window.line == number else b""


def json_fault(text: bytes) -> str:
    """Where and why a text stops being JSON; empty when Python's reader, which is not the strictest, takes it."""
    try:
        # Numbers stay text: Python refuses to convert one of more than 4,300 digits.
        json.loads(text.decode(errors="replace"), parse_int=str, parse_float=str)
    except json.JSONDecodeError as e:
        return f"{e.msg} at character {e.pos + 1}"
    except RecursionError:
        return "too deeply nested"
    return ""


class _Window:
    """The part of an object that is in memory: it begins where the record in hand begins."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._text = b""
        self._start = 0
        self._no_newline = range(0)
        """Positions in `_text` that are known to hold no newline."""
        self.line = 1
        self.unclosed = 0
        """Records that were not closed at the end of the object."""
        self.is_line_start = True
        while len(self._text) < len(BOM) and self._grow():
            pass
        self._text = self._text.removeprefix(BOM)

    def _grow(self) -> bool:
        """Read on; whether there was more."""
        grown, size = [], 0
        for piece in self._pieces:
            grown.append(piece)
            size += len(piece)
            if size >= PIECE:
                break
        if size:
            self._text = b"".join([self._text[self._start :], *grown])
            known = self._no_newline
            self._no_newline = range(max(known.start - self._start, 0), max(known.stop - self._start, 0))
            self._start = 0
        return size > 0

    def reach(self, offset: int) -> int:
        """The length of the window, which has grown beyond an offset if there is more."""
        while len(self) <= offset and self._grow():
            pass
        return len(self)

    def fill(self) -> bool:
        """Whether there is more, of which some is in the window then."""
        return len(self) > 0 or self._grow()

    def __len__(self) -> int:
        return len(self._text) - self._start

    def skip_blanks(self) -> bool:
        """Go on to where the next record begins; whether there is one."""
        while True:
            self.advance(_end_of(_BLANKS, self._text, self._start) - self._start)
            if self:
                return True
            if not self._grow():
                return False

    def advance(self, size: int) -> None:
        """Leave some bytes of the window behind."""
        end = self._start + size
        newline = self._text.rfind(b"\n", self._start, end)
        if newline >= 0:
            self.line += self._text.count(b"\n", self._start, end)
            self.is_line_start, self._start = True, newline
        self.is_line_start = self.is_line_start and _end_of(_BLANKS, self._text, self._start) >= end
        self._start = end

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

    def text(self, start: int, end: int) -> bytes:
        """The bytes between two offsets."""
        return self._text[self._start + start : self._start + end]

    def feed(self, extent: _Extent, start: int, end: int, *, is_line_end: bool) -> int | None:
        """Where between two offsets the record ends."""
        first = self._start
        found = extent.feed(self._text, first + start, first + end, is_line_end=is_line_end)
        return None if found is None else found - first

    def next_line(self) -> bool:
        """Leave the line behind; whether another follows."""
        while True:
            end, is_end = self.end_of_line(0, 1)
            if is_end:
                self.advance(min(end + 1, len(self)))
                return self.fill()
            self.advance(end)

    def take(self, size: int) -> bytes:
        """Leave some bytes behind: their lines without the blanks at the ends of each."""
        text = bytearray()
        for line in io.BytesIO(self.text(0, size)):
            text += line.strip(_BLANK) + (b"\n" if line.endswith(b"\n") else b"")
        self.advance(size)
        return bytes(text[: MOST_BYTES + 1])

    def take_line(self) -> bytes:
        """Leave the line behind: its beginning without the blanks at its ends."""
        end, is_end = self.end_of_line(0, MOST_BYTES + 1)
        text = self.take(end)
        if not is_end:
            self.skip_line()
        return text

    def skip_line(self) -> None:
        """Leave the rest of the line behind, but for its newline."""
        while True:
            end, is_end = self.end_of_line(0, 1)
            self.advance(end)
            if is_end or not self.fill():
                return


def _end_of(pattern: re.Pattern[bytes], text: bytes, start: int) -> int:
    match = pattern.match(text, start)
    return match.end() if match else start


def _whole_line(window: _Window) -> Record | None:
    """A record that is a line, if that is one JSON value."""
    if not window.is_line_start:
        return None
    end, is_end = window.end_of_line(0, MOST_BYTES + 1)
    if not is_end or end > MOST_BYTES:
        return None
    text = window.text(0, end).strip(_BLANK)
    if not _is_json(text):
        return None
    record = Record(window.line, text)
    window.advance(end)
    return record


def _is_json(text: bytes) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _bracketed(window: _Window) -> Record:
    """The record that begins here and ends where its brackets say."""
    line, extent = window.line, _Extent()
    if window.unclosed >= MOST_UNCLOSED:
        return Record(line, window.take_line())
    start, first_line, tried = 0, -1, LONG
    while start < WINDOW:
        if start >= tried:
            tried = window.reach(start)
            if start < tried and extent.skip(window.text(start, tried)):
                start = tried
                continue
        # Only the window that is there is looked at first: many records may share one long line.
        end, is_end = window.end_of_line(start, start + 1)
        closed = window.feed(extent, start, end, is_line_end=is_end)
        if closed is not None:
            return Record(line, window.take(closed))
        if extent.is_outside:
            return Record(line, window.take_line())
        first_line = end if is_end and first_line < 0 else first_line
        is_over = is_end and end >= len(window)
        if extent.is_broken or is_over:
            window.unclosed += start > LONG or is_over
            return Record(line, _broken(window, first_line))
        start = end + is_end
    return Record(line, _too_long(window, extent, start))


def _broken(window: _Window, first_line: int) -> bytes:
    """The first line of a record that cannot be closed, and the lines that can only continue it."""
    text = bytearray(window.take_line() if first_line < 0 else window.take(first_line))
    while (more := _continuation(window)) is not None:
        if len(text) <= MOST_BYTES:
            text += b"\n" + more
    return bytes(text[: MOST_BYTES + 1])


def _continuation(window: _Window) -> bytes | None:
    """The next line, if it can only continue a value."""
    end, _ = window.end_of_line(1, MOST_BYTES + 1)
    if not window.text(1, end).lstrip(_BLANK).startswith(_CONTINUES):
        return None
    window.advance(1)
    return window.take_line()


def _too_long(window: _Window, extent: _Extent, size: int) -> bytes:
    """A record that is longer than the window: its beginning, when all of it is left behind."""
    text = window.text(0, MOST_BYTES + 1)
    window.advance(size)
    while window.fill():
        if extent.skip(window.text(0, len(window))):
            window.advance(len(window))
        elif _ends_within(window, extent, len(window)):
            break
    return text


def _ends_within(window: _Window, extent: _Extent, size: int) -> bool:
    """Leave some bytes of a long record behind, line by line; whether it ends in them."""
    while size > 0:
        is_line_start = window.is_line_start
        end, is_end = window.end_of_line(0, 1)
        closed = window.feed(extent, 0, end, is_line_end=is_end)
        if closed is not None:
            window.advance(closed)
            return True
        if extent.is_broken:
            if not is_line_start:
                window.skip_line()
            return True
        step = min(end + is_end, len(window))
        window.advance(step)
        size -= step
    return False


class _Extent:
    """Follows the brackets of one record, part by part of a line, until the first one is closed."""

    def __init__(self) -> None:
        self._open: list[bytes] = []
        self._previous = b""
        self._is_line_start = False
        self._is_in_string = False
        self._is_escaped = False
        self.is_broken = False
        self.is_outside = False
        """Whether the record is text outside of brackets, which ends with its line."""

    def feed(self, text: bytes, start: int, end: int, *, is_line_end: bool) -> int | None:
        """Where in this part the record ends; None when it goes on, `is_broken` or `is_outside`."""
        if self._is_in_string:
            start = min(start + self._is_escaped, end)
            match = _STRING_END.match(text, start, end)
            if not match:
                self._cut_string(text, start, end, is_line_end=is_line_end)
                return None
            self._is_in_string, self._previous, start = False, b'"', match.end()
        for token in _TOKEN.finditer(text, start, end):
            if self._take(token[0]):
                return token.end()
            if token[0] == b'"' and not self.is_broken:
                self._cut_string(text, token.end(), end, is_line_end=is_line_end)
                return None
            if self.is_broken or self.is_outside:
                return None
        self._is_line_start = is_line_end
        return None

    def skip(self, part: bytes) -> bool:
        """Follow a part of many lines at once, if it is sure to neither end the record nor break it; whether it is."""
        start = 0
        if self._is_in_string:
            match = _STRING_END.match(part, int(self._is_escaped))
            if not match:
                return False
            start = match.end()
        bare, quote, rest = _STRING.sub(b"0", part[start:]).partition(b'"')
        begins = self._is_line_start and bare.lstrip().startswith((b"{", b"["))
        lacks_comma = begins and not self._previous.endswith((b",", b":", b"[", b"{"))
        if lacks_comma or b"\n" in rest or _NO_COMMA.search(bare):
            return False
        brackets = bare.translate(None, _NO_BRACKETS)
        for _ in range(MOST_PASSES):
            brackets = brackets.replace(b"{}", b"").replace(b"[]", b"")
        still_open = self._open.copy()
        for bracket in map(bytes, zip(brackets, strict=True)):
            if bracket in b"{[":
                still_open.append(bracket)
            elif still_open.pop() != (b"{" if bracket == b"}" else b"[") or not still_open:
                return False
        if len(still_open) > MOST_BYTES:
            return False
        self._open = still_open
        self._previous = b'"' if quote else bare.rstrip()[-1:] or self._previous
        self._is_line_start = not quote and bare.rstrip(b" \t\r").endswith(b"\n")
        self._is_in_string, self._is_escaped = bool(quote), quote != b"" and _ends_in_escape(rest)
        return True

    def _take(self, token: bytes) -> bool:
        """Follow one token; whether it closes the record."""
        if token in b"{[":
            self.is_broken = self._lacks_key() or self._lacks_comma() or len(self._open) > MOST_BYTES
            self._open.append(token)
        elif token in b"}]":
            self.is_broken = not self._open or self._open.pop() != (b"{" if token == b"}" else b"[")
            if not self._open and not self.is_broken:
                return True
        elif not self._open and token != b'"':
            self.is_outside = True
        self._previous, self._is_line_start = token, False
        return False

    def _lacks_key(self) -> bool:
        """Directly in an object a value needs its key before it: an object without one begins a new record."""
        return self._open[-1:] == [b"{"] and self._previous != b":"

    def _lacks_comma(self) -> bool:
        """Directly in an array, a line that begins with a bracket needs a comma before it, or begins a new record."""
        return (
            self._is_line_start
            and self._open[-1:] == [b"["]
            and self._previous != b"["
            and not self._previous.endswith(b",")
        )

    def _cut_string(self, text: bytes, start: int, end: int, *, is_line_end: bool) -> None:
        """Note that a part ends within a string, which a line must not."""
        self.is_broken = is_line_end
        self._is_in_string = True
        self._is_escaped = _ends_in_escape(text[start:end])


def _ends_in_escape(text: bytes) -> bool:
    return (len(text) - len(text.rstrip(b"\\"))) % 2 == 1
