"""The answer to a question: columns, and rows that are read while they are written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain, count, islice
from typing import Any, TypeAlias

from sparkify.errors import StatementError

READ_AHEAD = 10_000
"""Rows of an answer that are read before the first of them is shown."""

PORTION_SIZE = 20_000_000
"""Characters of text that a portion of an answer may have before it ends."""

Value: TypeAlias = Any
Rows: TypeAlias = list[tuple[Value, ...]]


@dataclass(frozen=True)
class Answer:
    """The columns' names, their types as DuckDB names them, and the rows, which can be read once."""

    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: Iterator[tuple[Value, ...]]

    def require_columns(self, address: str) -> Answer:
        """The answer itself.

        Raises:
            StatementError: it has no columns, for the statement returns no rows.
        """
        if not self.columns:
            raise StatementError(f"{address}: this statement returns no rows that could be shown; ask with `select`")
        return self

    def read_ahead(self) -> tuple[Answer, bool]:
        """The same answer with its first rows read, and whether these are all: then the engine is no longer needed."""
        first, is_whole = self.portion(READ_AHEAD)
        return replace(self, rows=iter(first) if is_whole else chain(first, self.rows)), is_whole

    def portion(self, most: int) -> tuple[Rows, bool]:
        """The next rows, at most `most` and few enough for memory; and whether these are the last."""
        rows: Rows = []
        size = 0
        for row in islice(self.rows, most):
            rows.append(row)
            size += sum(map(_weight, row))
            if size > PORTION_SIZE:
                return rows, False
        return rows, len(rows) < most

    def distinct_columns(self) -> list[str]:
        """The columns' names, with a number after each that another column has already; capitals do not count."""
        names: list[str] = []
        used = set[str]()
        for name in self.columns:
            numbered = (f"{name}_{n}" for n in count(2))
            distinct = next(new for new in chain([name], numbered) if new.lower() not in used)
            used.add(distinct.lower())
            names.append(distinct)
        return names


def _weight(value: Value) -> int:
    """Characters of text that take as much memory as a value; what a list holds takes several times its text."""
    if isinstance(value, (list, dict)):
        return 4 * len(str(value))
    return len(value) if isinstance(value, (str, bytes)) else 0
