"""Which two periods of whole days the brief compares, and their totals.

Both have the same number of days and begin on the same weekday: those that the report is asked about and as many days
a number of whole weeks before, or, where the warehouse does not reach back so far, its last seven days and the seven
before those.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from sparkify.engines.answer import Value
from sparkify.engines.engine import Engine
from sparkify.questions import Filter
from sparkify.report import grains, words
from sparkify.report.answers import ReportContext
from sparkify.words import counted

WEEK = 7
"""Days that are compared unless the report is asked about some."""

NOTHING = "Nothing is compared: this period has no whole day, or the warehouse has too few whole days before."

Totals = Mapping[str, Value]


@dataclass(frozen=True)
class Comparison:
    """Two periods with their totals; the later one, `first` to `last`, lies in `period`, that of the report."""

    period: tuple[date, date]
    first: date
    last: date
    now: Totals
    before: Totals

    @property
    def days(self) -> int:
        """The days of each of the two."""
        return grains.length(self.first, self.last)

    @property
    def is_of_period(self) -> bool:
        """Whether all days of the report are compared."""
        return (self.first, self.last) == self.period

    @property
    def name(self) -> str:
        """The later period, in a sentence. It is called after the report's only if it has all days of that."""
        if self.is_of_period:
            return "this period"
        if self.last == self.period[1]:
            return f"the last {counted(self.days, 'day')}"
        days = counted(self.days, "whole day")
        return f"the {days} of this period" if self.first == self.period[0] else f"the last {days}"

    @property
    def name_before(self) -> str:
        """The earlier period, in a sentence; only whole weeks end directly before the later one."""
        if self.days % WEEK == 0:
            return f"the {self.days:,} days before"
        days = counted(self.days, "day") if self.days > 1 else "day"
        return f"the {days} {counted(_weeks(self.days), 'week')} earlier"

    @property
    def text(self) -> str:
        """Which days are compared, and which ones of the report are not, for they are not whole."""
        dates, before = words.days(self.first, self.last), words.days(*earlier(self.first, self.last))
        weekdays = "weekdays" if self.days > 1 else "weekday"
        text = f"The brief compares {dates} with {before}, the same {weekdays}."
        if self.last == self.period[1]:
            return text
        left_out = words.days(grains.later(self.last, 1), self.period[1])
        return f"{text} It leaves out {left_out}: the warehouse may not have all hours of it yet."


def read(engine: Engine, context: ReportContext) -> Comparison | None:
    """What is compared in a report that has days; None where the warehouse does not reach back so far."""
    first_whole, last_whole = context.whole_days
    last = min(context.days[1], last_whole)
    if last < context.days[0]:
        return None
    firsts = [first for first in (context.filter.first_day, grains.earlier(last, WEEK - 1)) if first]
    for first in firsts:
        if first <= last and _shift(first, last) <= (first - first_whole).days:
            chosen = days_chosen(context.filter, first, last)
            totals = [context.one_row(engine, "totals", each) for each in chosen]
            return Comparison((context.days[0], context.days[1]), first, last, *totals)
    return None


def days_chosen(filter: Filter, first: date, last: date) -> tuple[Filter, Filter]:
    """What a filter chooses, of a period and of the earlier one."""
    first_before, last_before = earlier(first, last)
    return (
        replace(filter, first_day=first, last_day=last),
        replace(filter, first_day=first_before, last_day=last_before),
    )


def earlier(first: date, last: date) -> tuple[date, date]:
    """The nearest days before a period that are as many, on the same weekdays."""
    shift = _shift(first, last)
    return grains.earlier(first, shift), grains.earlier(last, shift)


def _shift(first: date, last: date) -> int:
    return WEEK * _weeks(grains.length(first, last))


def _weeks(days: int) -> int:
    return math.ceil(days / WEEK)
