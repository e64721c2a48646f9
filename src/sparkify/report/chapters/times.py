"""At which hours of the week people listen."""

from __future__ import annotations

import math
from collections.abc import Sequence

from sparkify.report import drawings, words
from sparkify.report.answers import AnsweredQuestion, Row
from sparkify.report.drawings import Drawing
from sparkify.report.figures import Chapter, Figure
from sparkify.words import counted

SHADES = 6
"""Shades of the heat map; `page.css` has a colour for each."""

WEEKDAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")


def _week_sentence(answer: AnsweredQuestion) -> str:
    """The hour with the most plays a day, for the weekdays of a period are not equally many."""
    if not answer.rows:
        return answer.context.no_plays
    most = max(row["plays_a_day"] for row in answer.records)
    leaders = [row for row in answer.records if row["plays_a_day"] == most]
    if min(row["plays"] for row in leaders) < words.FEWEST or len(leaders) > words.LONGEST_LIST:
        return "No hour of the week stands out."
    hours = words.listing([_hour(row) for row in leaders])
    plays = words.of(words.mean(most), "play")
    on_average = f" on average of {_days(leaders)}" if max(row["days"] for row in leaders) > 1 else ""
    return f"The busiest: {hours} (UTC), with {plays}{on_average}."


def _hour(row: Row) -> str:
    return f"{WEEKDAYS[row['weekday']]} from {row['hour']}:00 to {row['hour'] + 1}:00"


def _days(rows: Sequence[Row]) -> str:
    """How many of these weekdays the averages are of; at the ends of the data a weekday may not have all hours."""
    return words.listing(list(dict.fromkeys(counted(row["days"], WEEKDAYS[row["weekday"]]) for row in rows)))


def _week_chart(answer: AnsweredQuestion) -> Drawing:
    """A heat map of weekdays and hours: the more plays a day, the stronger the shade."""
    tops = shade_tops(max(row["plays_a_day"] for row in answer.records))
    names = [f"up to {top:,}" for top in tops]
    rows = [[*row.values(), names[_shade(row, tops)], WEEKDAYS[row["weekday"]]] for row in answer.records]
    chart = drawings.chart(
        "week",
        weekdays=list(WEEKDAYS),
        classes=names,
        shades=[f"var(--heat-{SHADES - len(names) + n + 1})" for n in range(len(names))],
    )
    return Drawing([*answer.columns, "class", "name"], rows, [chart])


def _shade(row: Row, tops: list[int]) -> int:
    return next(n for n, top in enumerate(tops) if row["plays_a_day"] <= top)


def shade_tops(most: float) -> list[int]:
    """The greatest number of plays of each shade; the last is not below `most`."""
    width = math.ceil(most / SHADES)
    return list(range(width, math.ceil(most) + width, width))


CHAPTER = Chapter(
    name="when",
    short="When",
    title="When it is played",
    lead="Weekdays and hours are UTC.",
    figures=(Figure("plays_by_weekday_and_hour", _week_sentence, _week_chart, is_wide=True),),
)
