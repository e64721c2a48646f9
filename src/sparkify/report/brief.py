"""The brief at the top of the report: four numbers against the time before, and what is unusual by a rule.

Two periods of whole days are compared, one directly before the other: those that the report is asked about and as many
days before, or, where there are none before, the last seven days and the seven before those.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from sparkify.engines.answer import Value
from sparkify.engines.engine import Engine
from sparkify.questions import Question
from sparkify.report import grains, words
from sparkify.report.answers import AnsweredQuestion, ReportContext, Row
from sparkify.words import counted

WEEK = 7
"""Days that are compared unless the report is asked about some."""

LAST_DAYS = 28
"""Days, the last ones of the report, among which an unusual one is named."""

LEAST_CHANGE, LEAST_POINTS = 0.1, 0.05
"""A finding is at least so great a change of a number, or difference of two shares."""

LEAST_DEVIATION = 3
"""A finding is at least so many times the standard deviation of the difference of two counts."""

MOST_FINDINGS = 3

RULE = (
    "A change is named here when it is at least 10\u00a0% (of a share, 5 points) and more than three times what chance "
    "explains: the square root of both counts together."
)

WIDTH, HEIGHT = 120, 28
"""Of the line in a tile, in the units of its view."""

Totals = Mapping[str, Value]


@dataclass(frozen=True)
class Tile:
    """A number with its name, its change, and a line of its course."""

    label: str
    text: str
    change: str
    line: str


@dataclass(frozen=True)
class Brief:
    """The tiles, and a sentence for each finding, the most unusual first."""

    tiles: Sequence[Tile]
    findings: Sequence[str]
    rule: str


@dataclass(frozen=True)
class Comparison:
    """Totals of a period and of the one directly before it, which has as many days. `name` is that of the first."""

    name: str
    first_day: date
    days: int
    now: Totals
    before: Totals

    @property
    def name_before(self) -> str:
        """The period before, in a sentence."""
        return f"the {counted(self.days, 'day')} before"


@dataclass(frozen=True)
class Measure:
    """A number of the brief: its name, its value in an answer, and how it is written."""

    label: str
    value: Callable[[Totals], float]
    text: Callable[[float], str]
    is_share: bool = False


def _paid_share(totals: Totals) -> float:
    return float(totals["paid_plays"] / totals["plays"]) if totals["plays"] else 0.0


def _share_text(share: float) -> str:
    return words.share(share, 1)


def _whole_number(value: float) -> str:
    return words.number(round(value))


MEASURES = (
    Measure("Plays", lambda totals: totals["plays"], _whole_number),
    Measure("Active listeners", lambda totals: totals["listeners"], _whole_number),
    Measure("Hours of music", lambda totals: totals["hours"], _whole_number),
    Measure("Plays of paid listeners", _paid_share, _share_text, is_share=True),
)


def read(engine: Engine, context: ReportContext) -> Brief:
    """The brief on the plays of a context, which has some."""
    comparison = _comparison(engine, context)
    activity = AnsweredQuestion.read(engine, Question("activity_by_day"), context)
    tiles = [_tile(measure, context.totals, comparison, activity) for measure in MEASURES]
    if comparison is None:
        return Brief(tiles, ["There is no time before with which the last days can be compared."], "")
    scored = sorted(_findings(engine, context, comparison), reverse=True)
    findings = [sentence for _, sentence in scored[:MOST_FINDINGS]]
    nothing = f"Nothing is unusual in {comparison.name}."
    return Brief(tiles, findings or [nothing], RULE)


# ---------------------------------------------------------------- what is compared


def _comparison(engine: Engine, context: ReportContext) -> Comparison | None:
    """The periods that are compared; None where the warehouse does not reach back so far."""
    first_whole, last_whole = context.whole_days
    last = min(context.days[1], last_whole)
    if last < context.days[0]:
        return None
    choices = [(f"the last {WEEK} days", last - timedelta(days=WEEK - 1))]
    if context.filter.first_day:
        choices.insert(0, ("this period", context.filter.first_day))
    for name, first in choices:
        length = (last - first).days + 1
        if 0 < length <= (first - first_whole).days:
            before = first - timedelta(days=length)
            now_filter = replace(context.filter, first_day=first, last_day=last)
            before_filter = replace(context.filter, first_day=before, last_day=first - timedelta(days=1))
            totals = [context.one_row(engine, "totals", chosen) for chosen in (now_filter, before_filter)]
            return Comparison(name, first, length, *totals)
    return None


def _tile(measure: Measure, totals: Totals, comparison: Comparison | None, activity: AnsweredQuestion) -> Tile:
    by_day = {row["day"]: measure.value(row) for row in activity.records}
    first, last = activity.days
    days = grains.all_between(first, last, activity.grain)
    course = [by_day.get(day, None if measure.is_share else 0) for day in days]
    change = _change_in_tile(measure, comparison) if comparison else ""
    return Tile(measure.label, measure.text(measure.value(totals)), change, _line(course))


def _change_in_tile(measure: Measure, comparison: Comparison) -> str:
    now, before = measure.value(comparison.now), measure.value(comparison.before)
    if not comparison.before["plays"]:
        return f"none in {comparison.name_before}"
    change = f"{_direction(measure, now, before)} on {comparison.name_before}"
    return change if comparison.name == "this period" else f"{comparison.name}: {measure.text(now)}, {change}"


def _direction(measure: Measure, now: float, before: float) -> str:
    """How a number changed: `up 12 %`, `down 3 points`, `unchanged`."""
    change = now - before if measure.is_share else (now - before) / before if before else 0.0
    percent = abs(round(100 * change, 1 if abs(change) < 0.1 else None))
    if not percent:
        return "unchanged"
    unit = "point" if percent == 1 else "points"
    amount = f"{percent:,g} {unit}" if measure.is_share else f"{percent:,g}{words.PERCENT}"
    return f"{'up' if change > 0 else 'down'} {amount}"


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


# ---------------------------------------------------------------- what is unusual


def _findings(engine: Engine, context: ReportContext, comparison: Comparison) -> Iterator[tuple[float, str]]:
    """Every change that the rule names, with how unusual it is."""
    yield from _changed_counts(comparison)
    yield from _changed_share(comparison)
    yield from _unusual_day(engine, context)
    yield from _changed_artist(engine, context)
    yield from _changed_errors(engine, context, comparison)


def deviation(now: float, before: float) -> float:
    """How unusual it is that two counts differ, in standard deviations; 0 where the rule does not name the change."""
    if not now + before or abs(now - before) < LEAST_CHANGE * before:
        return 0.0
    score = abs(now - before) / math.sqrt(now + before)
    return score if score >= LEAST_DEVIATION else 0.0


def _most_unusual(rows: Iterable[Row], before: str) -> tuple[float, Row]:
    """The row whose plays deviate most from another column, with the deviation; 0 where no row is named."""
    scored = ((deviation(row["plays"], row[before]), row) for row in rows)
    return max(scored, key=lambda each: each[0], default=(0.0, {}))


def _changed_counts(comparison: Comparison) -> Iterator[tuple[float, str]]:
    for measure in MEASURES[:2]:
        now, before = measure.value(comparison.now), measure.value(comparison.before)
        if score := deviation(now, before):
            how = _direction(measure, now, before) if before else "new"
            yield (
                score,
                f"{measure.label} are {how}: {measure.text(now)} in {comparison.name}, {measure.text(before)} in "
                f"{comparison.name_before}.",
            )


def _changed_share(comparison: Comparison) -> Iterator[tuple[float, str]]:
    counts = [int(totals["plays"]) for totals in (comparison.now, comparison.before)]
    if not all(counts):
        return
    now, before = _paid_share(comparison.now), _paid_share(comparison.before)
    mean = (now * counts[0] + before * counts[1]) / sum(counts)
    error = math.sqrt(mean * (1 - mean) * sum(1 / count for count in counts))
    if abs(now - before) >= LEAST_POINTS and error and (score := abs(now - before) / error) >= LEAST_DEVIATION:
        how = _direction(MEASURES[-1], now, before)
        yield (
            score,
            f"The share of paid listeners' plays is {how}: {_share_text(now)} in {comparison.name}, "
            f"{_share_text(before)} in {comparison.name_before}.",
        )


def _unusual_day(engine: Engine, context: ReportContext) -> Iterator[tuple[float, str]]:
    """The most unusual of the last days, of those that are whole."""
    last = context.days[1]
    first = max(context.days[0], last - timedelta(days=LAST_DAYS - 1))
    chosen = replace(context.filter, first_day=first, last_day=last)
    answer = AnsweredQuestion.read(engine, Question("plays_against_four_weeks"), context, chosen)
    score, row = _most_unusual(filter(answer.has_usual_plays, answer.records), "usual_plays")
    if score:
        yield (
            score,
            f"{words.day(row['day'])} has {counted(row['plays'], 'play')}, where {round(row['usual_plays']):,} are "
            f"usual for a {row['day']:%A}.",
        )


def _changed_artist(engine: Engine, context: ReportContext) -> Iterator[tuple[float, str]]:
    """The artist whose plays changed most, week against week."""
    first_whole, last_whole = context.whole_days
    last = min(context.days[1], last_whole)
    if (last - first_whole).days < 2 * WEEK - 1 or (last - context.days[0]).days < WEEK - 1:
        return
    chosen = replace(context.filter, last_day=last)
    answer = AnsweredQuestion.read(engine, Question("rising_artists"), context, chosen)
    rows = (row for row in answer.records if max(row["plays"], row["plays_before"]) >= words.FEWEST)
    score, row = _most_unusual(rows, "plays_before")
    if score:
        name = words.named(row["artist_name"], "an unknown artist")
        verb = "rise" if row["plays"] > row["plays_before"] else "fall"
        yield score, f"Plays of {name} {verb} from {row['plays_before']:,} to {row['plays']:,}, week against week."


def _changed_errors(engine: Engine, context: ReportContext, comparison: Comparison) -> Iterator[tuple[float, str]]:
    """Errors that the app shows, in both periods."""
    first = comparison.first_day
    now, before = (
        _errors(engine, context, begin, comparison.days) for begin in (first, first - timedelta(days=comparison.days))
    )
    if score := deviation(now, before):
        yield (
            score,
            f"Errors in the app {'rise' if now > before else 'fall'} from {before:,} in {comparison.name_before} to "
            f"{now:,} in {comparison.name}.",
        )


def _errors(engine: Engine, context: ReportContext, first: date, days: int) -> int:
    chosen = replace(context.filter, first_day=first, last_day=first + timedelta(days=days - 1))
    answer = AnsweredQuestion.read(engine, Question("errors_by_day"), context, chosen)
    return sum(row["errors"] for row in answer.records)
