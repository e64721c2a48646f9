"""The answer to a question of the report, and the plays that the report is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any, Self

from sparkify import formats, questions, sql_queries
from sparkify.engines.answer import Value
from sparkify.engines.engine import Engine
from sparkify.questions import Filter, Question

Row = Mapping[str, Value]


@dataclass(frozen=True)
class ReportContext:
    """The plays that a report is about, for the sentences and charts that need more than their own answer.

    `filter` chooses the plays, `totals` is the answer to the question `totals` on them, `now` is UTC without a zone.
    """

    filter: Filter
    totals: Mapping[str, Any]
    now: datetime

    @classmethod
    def read(cls, engine: Engine, filter: Filter, now: datetime) -> Self:
        """Ask for the totals of the plays that a filter chooses."""
        answer = questions.ask(engine, Question("totals"), filter)
        [totals] = answer.rows
        return cls(filter, dict(zip(answer.columns, totals, strict=True)), now)

    @property
    def plays(self) -> int:
        """The number of all plays."""
        return int(self.totals["plays"])

    @property
    def days(self) -> list[date]:
        """The first and the last day with a play; empty without plays."""
        return [self.totals[moment].date() for moment in ("first_play", "last_play") if self.totals[moment]]

    @property
    def no_plays(self) -> str:
        """The sentence for a report without plays."""
        of_whom = f" of {self.filter.level} listeners" if self.filter.level else ""
        has_period = self.filter.first_day or self.filter.last_day
        return f"There are no plays{of_whom} {'in this period' if has_period else 'in the warehouse yet'}."


@dataclass(frozen=True)
class AnsweredQuestion:
    """A question and its answer: `types` are the engine's names of the columns' types, `rows` hold values by column."""

    question: Question
    context: ReportContext
    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]

    @classmethod
    def read(cls, engine: Engine, question: Question, context: ReportContext) -> Self:
        """Ask a question about the plays of a context."""
        answer = questions.ask(engine, question, context.filter)
        return cls(question, context, answer.columns, answer.types, tuple(answer.rows))

    @cached_property
    def records(self) -> list[dict[str, Value]]:
        """The rows as mappings from column to value."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]

    @property
    def sql(self) -> str:
        """The statement with its values written into it, which any SQL tool can run."""
        return sql_queries.filled(self.question.sql, self.context.filter.values())

    @property
    def command(self) -> str:
        """The command line that gives the same answer."""
        typed = self.context.filter.options()
        options = [f"{name} {value}" for name, value in typed.items() if name in self.question.options]
        return " ".join(["sparkify query", self.question.name, *options])

    @property
    def number_columns(self) -> set[str]:
        """The columns that hold numbers."""
        return {name for name, kind in zip(self.columns, self.types, strict=True) if formats.is_number(kind)}
