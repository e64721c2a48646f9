"""An answer as the page prints it: a table of texts, and the tiles of the overview."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sparkify import dictionary
from sparkify.engines.answer import Value
from sparkify.report import words
from sparkify.report.answers import AnsweredQuestion

MOST_ROWS, FIRST_ROWS = 400, 100
"""Rows that the HTML of a table may hold, and the rows that it holds where the answer has more.

page.js adds the other rows when a reader opens the table, if a chart of the figure holds them.
"""

NULL = "–"


@dataclass(frozen=True)
class Column:
    """A column of a table."""

    name: str
    label: str
    description: str
    is_number: bool


@dataclass(frozen=True)
class Cell:
    """A value as text; `exact` is the whole value where the text rounds it."""

    text: str
    exact: str = ""


@dataclass(frozen=True)
class Table:
    """The rows of an answer, or the first of them; `all_rows` is the number of rows of the answer."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    all_rows: int

    @property
    def is_cut(self) -> bool:
        """Whether the answer has more rows."""
        return self.all_rows > len(self.rows)


@dataclass(frozen=True)
class Tile:
    """A number of the overview with its name and its meaning."""

    label: str
    text: str
    description: str


def table(answer: AnsweredQuestion) -> Table:
    """The answer as a table."""
    descriptions = _descriptions(answer)
    columns = [
        Column(name, words.label(name), descriptions[name], name in answer.number_columns) for name in answer.columns
    ]
    printed = answer.rows if len(answer.rows) <= MOST_ROWS else answer.rows[:FIRST_ROWS]
    rows = [[_cell(name, value) for name, value in zip(answer.columns, row, strict=True)] for row in printed]
    return Table(columns, rows, len(answer.rows))


def tiles(answer: AnsweredQuestion) -> list[Tile]:
    """The only row of the answer, a tile for each column."""
    [row] = answer.records
    descriptions = _descriptions(answer)
    return [_tile(name, value, descriptions[name]) for name, value in row.items()]


def _tile(name: str, value: Value, description: str) -> Tile:
    text = words.moment(value) if isinstance(value, datetime) else _cell(name, value).text
    meaning, _, meaning_of_null = description.partition("; null: ")
    return Tile(words.label(name), text, meaning_of_null if value is None else meaning)


def _descriptions(answer: AnsweredQuestion) -> dict[str, str]:
    """The meaning of each column, empty where the label says as much."""
    descriptions = dictionary.question_columns(answer.question.name)
    return {name: "" if text == words.label(name).lower() else text for name, text in descriptions.items()}


def _cell(column: str, value: Value) -> Cell:
    if value is None:
        return Cell(NULL)
    if column.endswith("_share"):
        return Cell(words.share(value, 1), repr(float(value)))
    if isinstance(value, datetime):
        return Cell(value.isoformat(" ", "seconds"))
    if isinstance(value, date):
        return Cell(value.isoformat())
    if isinstance(value, float):
        return Cell(words.number(value), repr(value))
    return Cell(words.number(value) if isinstance(value, int) else str(value).replace("\0", "\ufffd"))
