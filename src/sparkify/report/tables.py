"""An answer as the page prints it: a table of texts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sparkify import dictionary, formats
from sparkify.engines.answer import Value
from sparkify.report import words
from sparkify.report.answers import AnsweredQuestion

MOST_ROWS, FIRST_ROWS = 400, 100
"""Rows that the HTML of a table may hold, and the rows that it holds where the answer has more.

page.js adds the other rows when a reader opens the table.
"""

NULL = "–"

IDENTIFIER = re.compile(r"(^|_)(id|year)$")
"""The names of columns whose numbers count nothing, and have no separators: the year 2018, the session 1042."""


@dataclass(frozen=True)
class Column:
    """A column of a table."""

    name: str
    label: str
    description: str
    is_number: bool


@dataclass(frozen=True)
class Table:
    """The rows of an answer, or the first of them; `all_rows` is the number of its rows, None if it has too many."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]
    all_rows: int | None

    @property
    def is_cut(self) -> bool:
        """Whether the answer has more rows."""
        return self.all_rows is None or self.all_rows > len(self.rows)


def table(answer: AnsweredQuestion) -> Table:
    """The answer as a table."""
    descriptions = _descriptions(answer)
    columns = [
        Column(name, words.label(name), descriptions[name], name in answer.number_columns) for name in answer.columns
    ]
    printed = answer.rows if len(answer.rows) <= MOST_ROWS else answer.rows[:FIRST_ROWS]
    rows = [[_cell(name, value) for name, value in zip(answer.columns, row, strict=True)] for row in printed]
    return Table(columns, rows, len(answer.rows) if answer.is_complete else None)


def _descriptions(answer: AnsweredQuestion) -> dict[str, str]:
    """The meaning of each column, empty where the label says as much, or where a team's own question tells none."""
    question = answer.question
    described = dictionary.question_columns(question.name) if question.is_shipped else {}
    return {name: _description(name, described.get(name, "")) for name in answer.columns}


def _description(name: str, text: str) -> str:
    """The meaning of a column for a reader, who sees no null but a dash."""
    return "" if text == words.label(name).lower() else text.replace("; null: ", f"; {NULL}: ")


def _cell(column: str, value: Value) -> str:
    """A value as text, rounded where it has many decimals; the exact one is in the data beside the table."""
    if value is None:
        return NULL
    if column.endswith("_share") and isinstance(value, (int, float)):
        return words.share(value, 1)
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds")
    if isinstance(value, (int, float)) and not isinstance(value, bool) and not IDENTIFIER.search(column):
        return words.number(value)
    return formats.text(value).replace("\0", "\ufffd")
