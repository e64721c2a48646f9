"""What the warehouse answers to the questions of a report, and how to ask it the same again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property
from typing import Any

from sparkify import dictionary, formats, questions, sql_queries
from sparkify.engines.answer import Value
from sparkify.engines.engine import Engine
from sparkify.questions import Filter, Question

Row = Mapping[str, Value]


@dataclass(frozen=True)
class AnsweredQuestion:
    """A question, what was asked of it, and its answer."""

    question: Question
    chosen: Filter
    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]

    @cached_property
    def records(self) -> list[dict[str, Value]]:
        """The rows, by column."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]

    @property
    def sql(self) -> str:
        """The statement with its values in it, as any tool can run it."""
        return sql_queries.filled(self.question.sql, self.chosen.values())

    @property
    def command(self) -> str:
        """The command line that gives the same answer."""
        options = [f"{name} {value}" for name, value in self.chosen.options().items() if name in self.question.options]
        return " ".join(["sparkify query", self.question.name, *options])

    def is_number(self, column: str) -> bool:
        """Whether a column holds numbers."""
        return formats.is_number(self.types[self.columns.index(column)])


@dataclass(frozen=True)
class Surroundings:
    """What a sentence about an answer may have to know beside it: the totals of the same plays, and the time."""

    totals: Mapping[str, Any]
    chosen: Filter
    now: datetime

    @property
    def plays(self) -> int:
        """All plays that were asked for."""
        return int(self.totals["plays"])

    @property
    def days(self) -> list[date]:
        """The first and the last day of these plays; none where there are none."""
        return [self.totals[moment].date() for moment in ("first_play", "last_play") if self.totals[moment]]

    @property
    def no_plays(self) -> str:
        """That there are no plays of those that were asked for."""
        of_whom = f" of {self.chosen.level} listeners" if self.chosen.level else ""
        restricted = self.chosen.first_day or self.chosen.last_day
        return f"There are no plays{of_whom} {'in this period' if restricted else 'in the warehouse yet'}."


def ask(engine: Engine, name: str, chosen: Filter) -> AnsweredQuestion:
    """The answer to the question of a name."""
    question = questions.find(name)
    answer = questions.ask(engine, question, chosen)
    return AnsweredQuestion(question, chosen, answer.columns, answer.types, tuple(answer.rows))


def depends_on_level(name: str) -> bool:
    """Whether free and paid listeners have answers of their own to a question."""
    return "--level" in questions.find(name).options


def of_level(chosen: Filter, level: str | None) -> Filter:
    """The same for the listeners of one level; None: for all."""
    return replace(chosen, level=level)


def descriptions(name: str) -> Mapping[str, str]:
    """What the columns of an answer mean, by column."""
    return dictionary.question_columns(name)


def label(column: str) -> str:
    """A column's name as words."""
    words = column.replace("_", " ")
    return words[:1].upper() + words[1:]
