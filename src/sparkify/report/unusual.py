"""What is unusual in the period of a report, by a rule that the brief prints."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import takewhile

from sparkify.engines.answer import Rows, Value
from sparkify.engines.engine import Engine
from sparkify.questions import Filter, Question
from sparkify.report import comparison, grains, measures, words
from sparkify.report.answers import USUAL_DAYS, AnsweredQuestion, ReportContext, Row
from sparkify.report.comparison import WEEK, Comparison
from sparkify.words import counted

LAST_DAYS = 28
"""Days, the last ones of the report, among which an unusual one is named."""

LEAST_CHANGE, LEAST_POINTS = 0.1, 0.05
"""A finding is at least so great a change of a number, or difference of two shares."""

LEAST_DEVIATION = 3
"""A finding is at least so many times the standard deviation of the difference of two counts."""

MOST_FINDINGS = 3

RULE = (
    "A change is named here when it is at least 10\u00a0% (of a share, 5 points) and at least three times what chance "
    f"explains: the square root of both counts together. At most {MOST_FINDINGS} are named, the least likely first; of "
    f"the last {LAST_DAYS} days at most one, and at most one of all artists who have {words.FEWEST} plays in a week."
)

ALL_ARTISTS = 2**31 - 1
"""The number of rows that the question about artists may have: the greatest INTEGER of SQL."""


def findings(engine: Engine, context: ReportContext, compared: Comparison) -> list[str]:
    """A sentence for each change that the rule names, the most unusual first, or one that there is none."""
    scored = sorted(_findings(engine, context, compared), reverse=True)
    nothing = f"Nothing is unusual in {compared.name}."
    return [sentence for _, sentence in scored[:MOST_FINDINGS]] or [nothing]


def _findings(engine: Engine, context: ReportContext, compared: Comparison) -> Iterator[tuple[float, str]]:
    """Every change that the rule names, with how unusual it is."""
    yield from _changed_counts(compared)
    yield from _changed_share(compared)
    yield from _unusual_day(engine, context)
    yield from _changed_artist(engine, context)
    yield from _changed_errors(engine, context, compared)


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


def _changed_counts(compared: Comparison) -> Iterator[tuple[float, str]]:
    for measure in (measures.PLAYS, measures.LISTENERS):
        now, before = measure.value(compared.now) or 0, measure.value(compared.before) or 0
        score = deviation(now, before)
        text = f"{measure.label} in {compared.name}"
        if score and before:
            change = f"{measure.change(now, before)} on {compared.name_before}"
            yield score, f"{text} are {change}: {measure.text(now)} after {measure.text(before)}."
        elif score:
            yield score, f"{text} are new: {measure.text(now)}, and none in {compared.name_before}."


def _changed_share(compared: Comparison) -> Iterator[tuple[float, str]]:
    now, before = measures.paid_share(compared.now), measures.paid_share(compared.before)
    if now is None or before is None:
        return
    counts = [int(totals["plays"]) for totals in (compared.now, compared.before)]
    mean = (now * counts[0] + before * counts[1]) / sum(counts)
    error = math.sqrt(mean * (1 - mean) * sum(1 / count for count in counts))
    if abs(now - before) >= LEAST_POINTS and error and (score := abs(now - before) / error) >= LEAST_DEVIATION:
        yield (
            score,
            f"The share of paid listeners' plays in {compared.name} is {measures.PAID_SHARE.change(now, before)} on "
            f"{compared.name_before}: {measures.share_text(now)} after {measures.share_text(before)}.",
        )


def _unusual_day(engine: Engine, context: ReportContext) -> Iterator[tuple[float, str]]:
    """The most unusual of the last days, of those that are whole."""
    first = grains.earlier(context.days[1], LAST_DAYS - 1)
    chosen = context.last_days(USUAL_DAYS)
    answer = AnsweredQuestion.read(engine, Question("plays_against_four_weeks"), context, chosen)
    rows = (row for row in answer.records if row["day"] >= first and answer.has_usual_plays(row))
    score, row = _most_unusual(rows, "usual_plays")
    if score:
        yield (
            score,
            f"{words.day(row['day'])} has {counted(row['plays'], 'play')}, where {round(row['usual_plays']):,} are "
            f"usual for a {row['day']:%A}.",
        )


def _changed_artist(engine: Engine, context: ReportContext) -> Iterator[tuple[float, str]]:
    """The artist whose plays changed most, week against week, of all artists: the greatest change may be chance."""
    first_whole, last_whole = context.whole_days
    last = min(context.days[1], last_whole)
    if (last - first_whole).days < 2 * WEEK - 1 or (last - context.days[0]).days < WEEK - 1:
        return
    chosen = replace(context.filter, last_day=last, most=ALL_ARTISTS)
    answer, changed = context.ask(engine, Question("rising_artists"), chosen, _most_changed)
    score, row = _most_unusual((dict(zip(answer.columns, row, strict=True)) for row in changed), "plays_before")
    if score:
        name = words.named(row["artist_name"], "unknown artists")
        verb = "rise" if row["plays"] > row["plays_before"] else "fall"
        yield (
            score,
            f"Plays of {name} {verb} from {row['plays_before']:,} to {row['plays']:,}: the {WEEK} days to {last} "
            f"against the {WEEK} days before.",
        )


def _most_changed(rows: Iterator[tuple[Value, ...]]) -> Rows:
    """Of all artists, the one whose plays changed most by the rule. The rows come by their change, the greatest first.

    A change of fewer plays than the square of the least deviation is never named.
    """
    great = takewhile(lambda row: abs(row[3]) >= LEAST_DEVIATION**2, rows)
    played = (row for row in great if max(row[1], row[2]) >= words.FEWEST)
    most = max(played, key=lambda row: deviation(row[1], row[2]), default=None)
    return [most] if most else []


def _changed_errors(engine: Engine, context: ReportContext, compared: Comparison) -> Iterator[tuple[float, str]]:
    """Errors that the app shows, in both periods."""
    chosen = comparison.days_chosen(context.filter, compared.first, compared.last)
    now, before = (_errors(engine, context, each) for each in chosen)
    if score := deviation(now, before):
        yield (
            score,
            f"Errors in the app {'rise' if now > before else 'fall'} from {before:,} to {now:,}: {compared.name} "
            f"against {compared.name_before}.",
        )


def _errors(engine: Engine, context: ReportContext, chosen: Filter) -> int:
    answer = AnsweredQuestion.read(engine, Question("errors_by_day"), context, chosen)
    return sum(row["errors"] for row in answer.records)
