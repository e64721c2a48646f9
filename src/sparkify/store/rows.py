"""Many short texts of bytes, one behind the other: a third of the memory that Python's own objects take for them."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable


class Rows:
    """A list of texts that only grows."""

    def __init__(self, rows: Iterable[bytes] = ()) -> None:
        self._text = bytearray()
        self._ends = array("q", [0])
        """Where each row ends; the first number is where the first row begins."""
        for row in rows:
            self.append(row)

    def append(self, row: bytes) -> None:
        """Add a row."""
        self._text += row
        self._ends.append(len(self._text))

    def extend(self, others: Rows) -> None:
        """Add all rows of another list."""
        start = len(self._text)
        self._text += others._text
        self._ends.extend(start + end for end in others._ends[1:])

    def __len__(self) -> int:
        return len(self._ends) - 1

    def __getitem__(self, index: int) -> bytes:
        return bytes(self._text[self._ends[index] : self._ends[index + 1]])

    def text(self, index: int) -> str:
        """A row as text; bytes that are no UTF-8 are surrogates, as in the names of files."""
        return self._text[self._ends[index] : self._ends[index + 1]].decode("utf-8", "surrogateescape")

    def begins(self, index: int, start: bytes) -> bool:
        """Whether there is a row at an index, and begins so."""
        return index < len(self) and self._text.startswith(start, self._ends[index])

    def bisect(self, row: bytes) -> int:
        """The index of the first row that is not less than a text, where the rows are in order."""
        return bisect_left(range(len(self)), row, key=self.__getitem__)
