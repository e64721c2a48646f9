"""The answer to a question of the report, and the plays that the report is about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property
from itertools import islice
from typing import Any, Self

from sparkify import formats, questions, sql_queries
from sparkify.engines.answer import Answer, Rows, Value
from sparkify.engines.engine import Engine
from sparkify.questions import GRAINS, LEVELS, Filter, Question
from sparkify.report import by_level, grains

Row = Mapping[str, Value]

NAMES = ("first_name", "last_name")
"""The columns that name a person."""

USUAL_DAYS = 90
"""Days that are compared with the usual, the last ones of the period: a weekday has no week or month."""

MOST_ROWS = 10_000
"""Rows of an answer that a report reads; a question of a team's own may have any number."""


def first_rows(rows: Iterator[tuple[Value, ...]]) -> Rows:
    """The rows that a report reads, and one more if there are more."""
    return list(islice(rows, MOST_ROWS + 1))


@dataclass(frozen=True)
class ReportContext:
    """The plays that a report is about, for the sentences and charts that need more than their own answer.

    `filter` chooses the plays, `totals` is the answer to the question `totals` on them, `extent` the answer to the
    question of that name, `now` is UTC without a zone. Without `has_names`, no person is named. `levels` are those that
    the report shows (None: all listeners): a question that is asked for one of them is asked for all at once.
    """

    filter: Filter
    totals: Mapping[str, Any]
    extent: Mapping[str, Any]
    now: datetime
    has_names: bool = True
    levels: tuple[str | None, ...] = (None,)
    answers: dict[tuple[str, Filter], tuple[Answer, Rows]] = field(default_factory=dict, compare=False, repr=False)
    """What was answered so far, by question and filter."""
    kept: by_level.Kept = field(default_factory=dict, compare=False, repr=False)
    """The rows that the engine keeps for further questions on the report's period; on another one there are few."""

    @staticmethod
    def read(engine: Engine, filter: Filter, now: datetime, has_names: bool = True) -> ReportContext:
        """Ask for the totals of the plays that a filter chooses, and for the extent of all plays."""
        levels = (filter.level,) if filter.level else (None, *LEVELS)
        context = ReportContext(filter, {}, {}, now, has_names, levels)
        context = replace(context, extent=context.one_row(engine, "extent", Filter()))
        by = filter.by or grains.fitting(context.length)
        return replace(context, filter=replace(filter, by=by)).at_level(engine, filter.level)

    def at_level(self, engine: Engine, level: str | None) -> ReportContext:
        """The same report on the listeners of one level, or of all."""
        chosen = replace(self.filter, level=level)
        return replace(self, filter=chosen, totals=self.one_row(engine, "totals", chosen))

    def ask(
        self, engine: Engine, question: Question, chosen: Filter, choose: by_level.Choose = first_rows
    ) -> tuple[Answer, Rows]:
        """The answer to a question, and the rows that are chosen; a question is asked once for each filter."""
        asked = (question.name, chosen)
        if asked not in self.answers:
            if self._is_for_all_levels(question, chosen):
                is_of_period = (chosen.first_day, chosen.last_day) == (self.filter.first_day, self.filter.last_day)
                kept = self.kept if is_of_period else None
                each = by_level.ask(engine, question, chosen, self.levels, choose, MOST_ROWS + 1, kept)
                for level, of_level in each.items():
                    self.answers[question.name, replace(chosen, level=level)] = of_level
            else:
                answer = questions.ask(engine, question, chosen)
                self.answers[asked] = answer, choose(answer.rows)
        return self.answers[asked]

    def _is_for_all_levels(self, question: Question, chosen: Filter) -> bool:
        """Whether the report shows the answer for several levels; a team's own question is asked for each by itself."""
        is_shown = len(self.levels) > 1 and chosen.level in self.levels
        return is_shown and question.is_shipped and by_level.takes_level(question)

    def one_row(self, engine: Engine, name: str, chosen: Filter) -> dict[str, Value]:
        """The answer to a question that has one row."""
        answer, [row] = self.ask(engine, Question(name), chosen)
        return dict(zip(answer.columns, row, strict=True))

    @property
    def plays(self) -> int:
        """The number of all plays."""
        return int(self.totals["plays"])

    @property
    def days(self) -> list[date]:
        """The first and the last day of the period, as far as there are plays in the warehouse; empty without them."""
        if not self.extent["first_play"]:
            return []
        first, last = (self.extent[moment].date() for moment in ("first_play", "last_play"))
        first = max(first, self.filter.first_day or first)
        last = min(last, self.filter.last_day or last)
        return [first, last] if first <= last else []

    @property
    def length(self) -> int:
        """The days of the period."""
        return grains.length(*self.days) if self.days else 0

    def last_days(self, most: int | None) -> Filter:
        """What is chosen: all of the period, or at most so many of its last days."""
        if most is None or self.length <= most:
            return self.filter
        return replace(self.filter, first_day=grains.earlier(self.days[1], most - 1))

    @property
    def whole_days(self) -> tuple[date, date]:
        """The first and the last day of which the warehouse has all hours, as far as its first and last play tell.

        The day on which the plays begin is whole if they begin in its first hour, the last one if they reach its last.
        """
        first, last = self.extent["first_play"], self.extent["last_play"]
        return (
            grains.later(first.date(), first.hour > 0),
            grains.earlier(last.date(), last.hour < 23),
        )

    @property
    def no_plays(self) -> str:
        """The sentence for a report without plays."""
        of_whom = f" of {self.filter.level} listeners" if self.filter.level else ""
        has_period = self.filter.first_day or self.filter.last_day
        return f"There are no plays{of_whom} {'in this period' if has_period else 'in the warehouse yet'}."


@dataclass(frozen=True)
class AnsweredQuestion:
    """A question and its answer: `types` are the engine's names of the columns' types, `rows` hold values by column.

    `filter` is what was asked for. Without `is_complete`, there are more rows.
    """

    question: Question
    context: ReportContext
    filter: Filter
    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    is_complete: bool = True

    @classmethod
    def read(cls, engine: Engine, question: Question, context: ReportContext, chosen: Filter | None = None) -> Self:
        """Ask a question about the plays of a context, or about other ones that are chosen."""
        filter = chosen or context.filter
        answer, all_rows = context.ask(engine, question, filter)
        shown = [n for n, name in enumerate(answer.columns) if context.has_names or name not in NAMES]
        is_all = len(shown) == len(answer.columns)
        rows = all_rows if is_all else [tuple(row[n] for n in shown) for row in all_rows]
        columns, types = (tuple(of_all[n] for n in shown) for of_all in (answer.columns, answer.types))
        is_complete = len(rows) <= MOST_ROWS
        return cls(question, context, filter, columns, types, tuple(rows[:MOST_ROWS]), is_complete)

    @cached_property
    def records(self) -> list[dict[str, Value]]:
        """The rows as mappings from column to value."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]

    @property
    def has_grain(self) -> bool:
        """Whether it can be asked by day, week or month."""
        return questions.OPTIONS["by"] in self.question.options

    @property
    def grain(self) -> str:
        """What it counts by, if it has days."""
        return (self.filter.by if self.has_grain else None) or GRAINS[0]

    @property
    def days(self) -> list[date]:
        """The first and the last day that it was asked about, as far as there are plays in the warehouse."""
        return replace(self.context, filter=self.filter).days

    @property
    def begins(self) -> list[date]:
        """The first day of each day, week or month that it was asked about, those without a row too."""
        return grains.all_between(self.days[0], self.days[1], self.grain) if self.days else []

    def is_whole(self, begin: date) -> bool:
        """Whether the warehouse and the period have all of the day, week or month that begins on a day."""
        last = grains.earlier(grains.end(begin, self.grain), 1)
        first_whole, last_whole = self.context.whole_days
        first_asked, last_asked = self.filter.first_day or begin, self.filter.last_day or last
        return max(first_whole, first_asked) <= begin and last <= min(last_whole, last_asked)

    @property
    def whole_begins(self) -> list[date]:
        """The first day of each day, week or month that is whole; of all of them where none is."""
        return [begin for begin in self.begins if self.is_whole(begin)] or self.begins

    def has_usual_plays(self, row: Row) -> bool:
        """Whether a row of `plays_against_four_weeks` is of a whole day, and has four weeks of whole days before it."""
        first_whole, _ = self.context.whole_days
        has_weeks = (row["day"] - first_whole).days >= 28
        return row["usual_plays"] is not None and has_weeks and self.is_whole(row["day"])

    @property
    def sql(self) -> str:
        """The statement with its values written into it and a semicolon at its end, which any SQL tool can run."""
        return sql_queries.terminated(sql_queries.filled(self.question.sql, self.filter.values()))

    @property
    def command(self) -> str:
        """The command line that gives the same answer."""
        typed = self.filter.options()
        if self.grain == GRAINS[0]:
            typed.pop(questions.OPTIONS["by"], None)
        options = [f"{name} {value}" for name, value in typed.items() if name in self.question.options]
        return " ".join(["sparkify query", self.question.name, *options])

    @property
    def number_columns(self) -> set[str]:
        """The columns that hold numbers."""
        return {name for name, kind in zip(self.columns, self.types, strict=True) if formats.is_number(kind)}
