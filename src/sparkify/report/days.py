"""Charts and words for answers by day.

Days are UTC in every reader's time zone: each scale and each time format says so. All charts of a report show the same
days, so that readers can compare them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

import altair as alt

from sparkify.engines.answer import Value
from sparkify.report import words
from sparkify.report.answers import AnsweredQuestion, Row
from sparkify.report.charts import HEIGHT, AnyChart, Drawing, Spec, count_axis, specification, tooltips
from sparkify.report.words import label
from sparkify.words import counted

DAY = 86_400_000
"""Milliseconds of a day; Vega counts time in milliseconds."""

FEWEST_DAYS = 7
"""Days that an axis shows at least: one day alone would fill the chart with a single bar."""

MOST_TICKS_A_DAY, MOST_TICKS_A_WEEK = 10, 120
"""Up to so many days each day, or each week, has a tick. Bars of more days than the latter have no gaps."""

FEWEST_DAYS_BY_MONTH = 300
"""From so many days on, the axis names months."""

DECIMALS = 4
"""Of the numbers in the rows of a chart."""

COLORS = {"free": "var(--free)", "paid": "var(--paid)"}
SHAPES = {"free": "circle", "paid": "square"}

SHOWN_LEVEL = "isValid(datum.level) ? datum.level : 'unknown'"
TIME = "time(toDate(datum.day))"
"""Expressions of Vega: the level of a row, and the first millisecond of its day."""


def sums(rows: Iterable[Row], column: str) -> Counter[date]:
    """The sum of a column for each day."""
    by_day: Counter[date] = Counter()
    for row in rows:
        by_day[row["day"]] += row[column]
    return by_day


def busiest(by_day: Mapping[date, int], one: str) -> str:
    """The day with the most, or how many days share that place; `one` is the noun for what is counted."""
    most = max(by_day.values())
    days = [words.day(day) for day, count in by_day.items() if count == most]
    if len(days) > words.LONGEST_LIST:
        return f"the most, {counted(most, one)} a day, on {counted(len(days), 'day')}"
    each = " each" if len(days) > 1 else ""
    return f"the most on {words.listing(days)}: {counted(most, one)}{each}"


def bars_by_level(answer: AnsweredQuestion) -> Drawing:
    """Bars of the answer's last column, stacked by level."""
    count = answer.columns[-1]
    chart = (
        bars(answer)
        .transform_calculate(shown_level=SHOWN_LEVEL, order="datum.shown_level == 'paid'")
        .encode(y=_counts(count), color=_level_colors(answer), order=alt.Order("order:Q"))
    )
    return drawing(answer, chart)


def lines_by_level(answer: AnsweredQuestion) -> Drawing:
    """A line of the answer's last column for each level, with a gap where a day has no row.

    For counts of users: a user may count at both levels on one day, so the levels must not be stacked.
    """
    count = answer.columns[-1]
    first, last = _extent(answer)
    days = alt.ImputeSequence(start=_milliseconds(first), stop=_milliseconds(last) + DAY, step=DAY)
    levels = _levels(answer)
    shapes = alt.Scale(domain=levels, range=[SHAPES.get(level, "triangle") for level in levels])
    base = (
        alt.Chart(alt.NamedData("rows"))
        .transform_calculate(shown_level=SHOWN_LEVEL, time=TIME)
        .transform_impute(impute=count, key="time", keyvals=days, groupby=["shown_level"], value=None)
        .encode(
            x=axis(answer, "time:T").bandPosition(0.5),
            y=_counts(count),
            color=_level_colors(answer),
            tooltip=row_tooltips(answer),
        )
    )
    lines = base.mark_line(strokeWidth=2, invalid="break-paths-show-domains")
    size = 40 if (last - first).days <= MOST_TICKS_A_WEEK else 8
    points = base.mark_point(filled=True, size=size, opacity=1, invalid="filter").encode(
        shape=alt.Shape("shown_level:N", scale=shapes, title=None)
    )
    return drawing(answer, alt.layer(lines, points).properties(height=HEIGHT))


def bars_of_two_counts(answer: AnsweredQuestion, title: str, colors: Sequence[str], shown: str) -> Drawing:
    """Bars in a colour for each of the two counts that follow the answer's day.

    `shown` is the expression for a bar's length and direction from `datum.count` and the column's name, `datum.what`.
    """
    counts = list(answer.columns[1:])
    names = [label(count) for count in counts]
    chart = (
        bars(answer)
        .transform_fold([*counts], as_=["what", "count"])
        .transform_calculate(shown=shown, order=f"indexof({counts}, datum.what)", name=f"{names}[datum.order]")
        .encode(
            y=alt.Y("shown:Q", title=title, axis=count_axis()),
            color=alt.Color("name:N", scale=alt.Scale(domain=names, range=list(colors)), title=None),
            order=alt.Order("order:Q"),
        )
    )
    return drawing(answer, chart)


def bars_of_one_number(answer: AnsweredQuestion, column: str, number_format: str) -> alt.Chart:
    """Bars of one column; `number_format` is d3's, for the axis."""
    chart: alt.Chart = bars(answer).encode(
        y=alt.Y(f"{column}:Q", title=label(column), axis=alt.Axis(format=number_format, tickCount=5)),
        color=alt.value("var(--first)"),
    )
    return chart


def bars(answer: AnsweredQuestion) -> alt.Chart:
    """Bars along the axis of days; the caller encodes their length (y)."""
    first, last = _extent(answer)
    chart = alt.Chart(alt.NamedData("rows")).mark_bar(binSpacing=int((last - first).days <= MOST_TICKS_A_WEEK))
    by_day: alt.Chart = chart.encode(x=axis(answer, "utcyearmonthdate(day):T"), tooltip=row_tooltips(answer))
    return by_day.properties(height=HEIGHT)


def axis(answer: AnsweredQuestion, field: str) -> alt.X:
    """The axis of days for a field of time."""
    first, last = _extent(answer)
    days = (last - first).days
    format = "%Y-%m" if days >= FEWEST_DAYS_BY_MONTH else "%b %-d"
    ticks: Spec = {}
    if days <= MOST_TICKS_A_WEEK:
        ticks["tickCount"] = {"interval": "day" if days <= MOST_TICKS_A_DAY else "week", "step": 1}
    return alt.X(
        field,
        scale=alt.Scale(
            type="utc", domain=alt.ExprRef(f"[{_milliseconds(first)}, {_milliseconds(last) + DAY}]"), nice=False
        ),
        axis=alt.Axis(title="Day (UTC)", format=format, grid=False, **ticks),
    )


def row_tooltips(answer: AnsweredQuestion) -> list[alt.Tooltip]:
    """All columns of the answer."""
    return tooltips(answer.columns, answer.number_columns)


def drawing(answer: AnsweredQuestion, *charts: AnyChart, captions: Sequence[str] = ("",)) -> Drawing:
    """Charts over the answer's own rows."""
    rows = [[_plain(value) for value in row] for row in answer.rows]
    return Drawing(answer.columns, rows, [specification(chart) for chart in charts], captions, shows_answer=True)


def _plain(value: Value) -> Value:
    """A value in a type of JSON, with no more decimals than charts and tables show."""
    if isinstance(value, date):
        return value.isoformat()
    return round(value, DECIMALS) if isinstance(value, float) else value


def _extent(answer: AnsweredQuestion) -> tuple[date, date]:
    """The first and the last day of the axis: it covers all plays of the report, and all rows of the answer."""
    days = [*(row["day"] for row in answer.records), *answer.context.days]
    first, last = min(days), max(days)
    missing = max(FEWEST_DAYS - 1 - (last - first).days, 0)
    return first - timedelta(days=missing // 2), last + timedelta(days=missing - missing // 2)


def _milliseconds(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1000


def _levels(answer: AnsweredQuestion) -> list[str]:
    levels = {"unknown" if row["level"] is None else row["level"] for row in answer.records}
    return [*(level for level in COLORS if level in levels), *sorted(levels - COLORS.keys())]


def _level_colors(answer: AnsweredQuestion) -> alt.Color:
    levels = _levels(answer)
    colors = [COLORS.get(level, "var(--other)") for level in levels]
    return alt.Color("shown_level:N", scale=alt.Scale(domain=levels, range=colors), title=None)


def _counts(column: str) -> alt.Y:
    return alt.Y(f"{column}:Q", title=label(column), axis=count_axis())
