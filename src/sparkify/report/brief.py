"""The brief at the top of the report: four numbers against the time before, and what is unusual by a rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sparkify.engines.engine import Engine
from sparkify.questions import Question
from sparkify.report import comparison, unusual
from sparkify.report.answers import AnsweredQuestion, ReportContext
from sparkify.report.comparison import Comparison, Totals
from sparkify.report.measures import MEASURES, Measure

WIDTH, HEIGHT = 120, 28
"""Of the line in a tile, in the units of its view."""


@dataclass(frozen=True)
class Tile:
    """A number with its name, its change, and a line of its course."""

    label: str
    text: str
    change: str
    line: str


@dataclass(frozen=True)
class Brief:
    """The tiles, a sentence for each finding, the most unusual first, and notes on what is compared by which rule."""

    tiles: Sequence[Tile]
    findings: Sequence[str]
    notes: Sequence[str]


def read(engine: Engine, context: ReportContext) -> Brief:
    """The brief on the plays of a context, which has some."""
    compared = comparison.read(engine, context)
    activity = AnsweredQuestion.read(engine, Question("activity_by_day"), context)
    # Of the plays of one level, the share of paid listeners says nothing.
    measures = [measure for measure in MEASURES if not (measure.is_share and context.filter.level)]
    tiles = [_tile(measure, context.totals, compared, activity) for measure in measures]
    if compared is None:
        return Brief(tiles, [comparison.NOTHING], [])
    return Brief(tiles, unusual.findings(engine, context, compared), [compared.text, unusual.RULE])


def _tile(measure: Measure, totals: Totals, compared: Comparison | None, activity: AnsweredQuestion) -> Tile:
    """A tile about all days of the report; the change names the days that it is about if it is not about all.

    The line leaves out days, weeks and months that are not whole, at which it would fall.
    """
    by_day = {row["day"]: measure.value(row) for row in activity.records}
    course = [by_day.get(day, None if measure.is_share else 0) for day in activity.whole_begins]
    value = measure.value(totals)
    return Tile(
        measure.label,
        "unknown" if value is None else measure.text(value),
        change_in_tile(measure, compared) if compared else "",
        _line(course),
    )


def change_in_tile(measure: Measure, compared: Comparison) -> str:
    """How a number changed, after the number itself where the tile shows that of other days."""
    now, before = measure.value(compared.now), measure.value(compared.before)
    nothing = "no plays" if measure.is_share else "none"
    if now is None or (measure.is_nothing(now) and measure.is_nothing(before)):
        or_before = f", nor in {compared.name_before}" if measure.is_nothing(before) else ""
        return f"{nothing} in {compared.name}{or_before}"
    number = "" if compared.is_of_period else f"{compared.name}: {measure.text(now)}, "
    if before is None or measure.is_nothing(before):
        return f"{number}{nothing} in {compared.name_before}"
    return f"{number}{measure.change(now, before)} on {compared.name_before}"


def _line(values: Sequence[float | None]) -> str:
    """The course of a number as the points of an SVG line, from 0 at the bottom; days without one are passed over."""
    top = max((value for value in values if value is not None), default=0) or 1
    step = WIDTH / max(len(values) - 1, 1)
    points = [
        f"{n * step:.1f},{HEIGHT - 1 - (HEIGHT - 2) * value / top:.1f}"
        for n, value in enumerate(values)
        if value is not None
    ]
    return " ".join(points)
