"""On which days, and at which hours of the week, people listen."""

from __future__ import annotations

import math

import altair as alt

from sparkify.report import days, words
from sparkify.report.answers import AnsweredQuestion, Row
from sparkify.report.charts import Drawing, Spec, specification
from sparkify.report.figures import Chapter, Figure
from sparkify.words import counted

SHADES = 6
"""Shades of the heat map; `page.css` has a colour for each."""

CELL_HEIGHT = 30
"""Pixels."""

WEEKDAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")


def _plays_by_day_sentence(answer: AnsweredQuestion) -> str:
    if not answer.rows:
        return answer.context.no_plays
    by_day = days.sums(answer.records, "plays")
    paid = sum(row["plays"] for row in answer.records if row["level"] == "paid")
    of_paid = f", {words.share(paid, by_day.total())} of them of paid listeners"
    return (
        f"{counted(by_day.total(), 'play')} on {counted(len(by_day), 'day')}"
        f"{'' if answer.context.filter.level else of_paid}; {days.busiest(by_day, 'play')}."
    )


def _week_sentence(answer: AnsweredQuestion) -> str:
    if not answer.rows:
        return answer.context.no_plays
    most = max(row["plays"] for row in answer.records)
    hours = [_hour(row) for row in answer.records if row["plays"] == most]
    plays = counted(most, "play")
    if len(hours) > words.LONGEST_LIST:
        return f"{counted(len(hours), 'hour')} of the week share the first place, with {plays} each."
    each = " each" if len(hours) > 1 else ""
    share = words.share(most, answer.context.plays)
    return f"The busiest: {words.listing(hours)} (UTC), with {plays}{each}, {share} of all."


def _hour(row: Row) -> str:
    return f"{WEEKDAYS[row['weekday']]} from {row['hour']}:00 to {row['hour'] + 1}:00"


def _week_chart(answer: AnsweredQuestion) -> Drawing:
    """A heat map of weekdays and hours: the more plays, the stronger the shade."""
    classes = shade_classes(max(row["plays"] for row in answer.records))
    names = [f"{first:,}–{last:,}" if first < last else f"{first:,}" for first, last in classes]
    shades = [f"var(--heat-{SHADES - len(names) + n + 1})" for n in range(len(names))]
    width = classes[0][1]
    rows = [[*row, names[(row[2] - 1) // width], WEEKDAYS[row[0]]] for row in answer.rows]
    bare: Spec = {"ticks": False, "domain": False}
    chart = (
        alt.Chart(alt.NamedData("rows"))
        .mark_rect(stroke="var(--card)", strokeWidth=2, cornerRadius=4)
        .encode(
            x=alt.X(
                "hour:O",
                scale=alt.Scale(domain=list(range(24))),
                axis=alt.Axis(title="Hour of the day (UTC)", labelAngle=0, **bare),
            ),
            y=alt.Y(
                "name:N",
                scale=alt.Scale(domain=list(WEEKDAYS)),
                axis=alt.Axis(title=None, labelExpr="slice(datum.value, 0, 3)", **bare),
            ),
            color=alt.Color(
                "class:N",
                scale=alt.Scale(domain=names, range=shades),
                legend=alt.Legend(title="Plays", columns=alt.ExprRef("width < 480 ? 3 : 6")),
            ),
            tooltip=[
                alt.Tooltip("name:N", title="Weekday"),
                alt.Tooltip("hour:O", title="Hour (UTC)"),
                alt.Tooltip("plays:Q", title="Plays", format=","),
            ],
        )
        .properties(height=len(WEEKDAYS) * CELL_HEIGHT)
    )
    return Drawing([*answer.columns, "class", "name"], rows, [specification(chart)])


def shade_classes(most: int) -> list[tuple[int, int]]:
    """The first and the last number of plays of each shade; together they cover 1 to `most`."""
    width = math.ceil(most / SHADES)
    return [(first, min(first + width - 1, most)) for first in range(1, most + 1, width)]


CHAPTER = Chapter(
    name="when",
    short="When",
    title="When it is played",
    lead="Days, weekdays and hours are UTC.",
    figures=(
        Figure("plays_by_day", _plays_by_day_sentence, days.bars_by_level, is_wide=True),
        Figure("plays_by_weekday_and_hour", _week_sentence, _week_chart, is_wide=True),
    ),
)
