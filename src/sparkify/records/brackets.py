"""Follow the brackets of a record until its first one is closed."""

from __future__ import annotations

import re

from sparkify.records.record import MOST_BYTES

MOST_PASSES = 20
"""Levels of brackets that are followed many lines at once."""

_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[\]{}":]|[^ \t\r\n\[\]{}":]+')
_STRING_END = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+"')
_STRING = re.compile(rb'"[^"\\\n]*+(?:\\.[^"\\\n]*+)*+"')
_NO_COMMA = re.compile(rb"[^ \t\r\n,:\[{][ \t\r\n]*\n[ \t\r\n]*[\[{]")
_NO_BRACKETS = bytes(set(range(256)) - set(b"{}[]"))


class Brackets:
    """The open brackets of one record, whose text comes part by part; a part ends with a line or within one."""

    def __init__(self) -> None:
        self._open: list[bytes] = []
        self._previous = b""
        """The token before the part, or its last byte."""
        self._is_line_start = False
        self._is_in_string = False
        self._is_escaped = False
        self.is_broken = False
        """Whether the record can no longer be closed."""
        self.is_outside = False
        """Whether the record is text outside of brackets, which ends with its line."""

    def find_end(self, text: bytes, start: int, end: int, *, is_line_end: bool) -> int | None:
        """Where in this part of a text the record ends; None when it goes on, `is_broken` or `is_outside`."""
        if self._is_in_string:
            start = min(start + self._is_escaped, end)
            match = _STRING_END.match(text, start, end)
            if not match:
                self._cut_string(text, start, end, is_line_end=is_line_end)
                return None
            self._is_in_string, self._previous, start = False, b'"', match.end()
        for token in _TOKEN.finditer(text, start, end):
            if self._closes(token[0]):
                return token.end()
            if token[0] == b'"' and not self.is_broken:
                self._cut_string(text, token.end(), end, is_line_end=is_line_end)
                return None
            if self.is_broken or self.is_outside:
                return None
        self._is_line_start = is_line_end
        return None

    def _closes(self, token: bytes) -> bool:
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

    def skip(self, part: bytes) -> bool:
        """Follow a part of many lines at once, if it surely neither ends the record nor breaks it; whether it does so.

        It is left to `find_end` otherwise, and so is a string outside of brackets.
        """
        if not self._open:
            return False
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
        if (still_open := self._open_after(bare)) is None:
            return False
        self._open = still_open
        self._previous = b'"' if quote else bare.rstrip()[-1:] or self._previous
        self._is_line_start = not quote and bare.rstrip(b" \t\r").endswith(b"\n")
        self._is_in_string, self._is_escaped = bool(quote), quote != b"" and _ends_in_escape(rest)
        return True

    def _open_after(self, text: bytes) -> list[bytes] | None:
        """The brackets that are open after a text without strings; None when it closes the record or breaks it."""
        brackets = text.translate(None, _NO_BRACKETS)
        for _ in range(MOST_PASSES):
            brackets = brackets.replace(b"{}", b"").replace(b"[]", b"")
        still_open = self._open.copy()
        for bracket in map(bytes, zip(brackets, strict=True)):
            if bracket in b"{[":
                still_open.append(bracket)
            elif still_open.pop() != (b"{" if bracket == b"}" else b"[") or not still_open:
                return None
        return still_open if len(still_open) <= MOST_BYTES else None


def _ends_in_escape(text: bytes) -> bool:
    return (len(text) - len(text.rstrip(b"\\"))) % 2 == 1
