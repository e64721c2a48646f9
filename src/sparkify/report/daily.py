"""Charts by day. Days are UTC, whatever the reader's time zone: every scale and every format of time says so.

All charts of a report show the same days, so that one can be compared with another.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import altair as alt

from sparkify.engines.answer import Value
from sparkify.report.answers import AnsweredQuestion, Surroundings, label
from sparkify.report.charts import HEIGHT, Drawing, Spec, count_axis, finished, tooltips

DAY = 86_400_000
"""Milliseconds of a day, the unit in which Vega counts time."""

FEWEST_DAYS = 7
"""Days that an axis shows at least, so that a single day is no wall of colour."""

MOST_TICKS_A_DAY, MOST_TICKS_A_WEEK = 10, 120
"""Days up to which each day, and each week, has a tick; up to the latter, bars stand apart."""

FEWEST_DAYS_BY_MONTH = 300
"""Days from which on an axis names months and no days."""

LOWER_HEIGHT = 150
"""Pixels of a chart that stands beside another."""

DECIMALS = 4
"""Of the numbers that charts are drawn from."""

COLORS = {"free": "var(--free)", "paid": "var(--paid)"}
SHAPES = {"free": "circle", "paid": "square"}

SHOWN_LEVEL = "isValid(datum.level) ? datum.level : 'unknown'"
TIME = "time(toDate(datum.day))"


def stacked_by_level(answer: AnsweredQuestion, around: Surroundings) -> Drawing:
    """Stacked bars, of free and of paid listeners."""
    count = answer.columns[-1]
    chart = (
        _bars(answer, around)
        .transform_calculate(shown_level=SHOWN_LEVEL, place="datum.shown_level == 'paid'")
        .encode(y=_counts(count), color=_level_colors(answer), order=alt.Order("place:Q"), tooltip=_tooltips(answer))
    )
    return _drawing(answer, chart)


def lines_by_level(answer: AnsweredQuestion, around: Surroundings) -> Drawing:
    """A line for each level, broken where a day has no row: whoever counts at both levels must not be stacked."""
    count = answer.columns[-1]
    first, last = _extent(answer, around)
    days = alt.ImputeSequence(start=_milliseconds(first), stop=_milliseconds(last) + DAY, step=DAY)
    levels = _levels(answer)
    shapes = alt.Scale(domain=levels, range=[SHAPES.get(level, "triangle") for level in levels])
    base = (
        alt.Chart(alt.NamedData("rows"))
        .transform_calculate(shown_level=SHOWN_LEVEL, time=TIME)
        .transform_impute(impute=count, key="time", keyvals=days, groupby=["shown_level"], value=None)
        .encode(
            x=_days(answer, around, "time:T").bandPosition(0.5),
            y=_counts(count),
            color=_level_colors(answer),
            tooltip=_tooltips(answer),
        )
    )
    lines = base.mark_line(strokeWidth=2, invalid="break-paths-show-domains")
    size = 40 if (last - first).days <= MOST_TICKS_A_WEEK else 8
    points = base.mark_point(filled=True, size=size, opacity=1, invalid="filter").encode(
        shape=alt.Shape("shown_level:N", scale=shapes, title=None)
    )
    return _drawing(answer, alt.layer(lines, points).properties(height=HEIGHT))


def new_and_returning(answer: AnsweredQuestion, around: Surroundings) -> Drawing:
    """Stacked bars, of two counts that share no user."""
    return _of_two_counts(answer, around, "users", ("var(--second)", "var(--first)"), "datum.count")


def changes(answer: AnsweredQuestion, around: Surroundings) -> Drawing:
    """Bars upwards for the first count, downwards for the second."""
    shown = "datum.what == 'downgrades' ? -datum.count : datum.count"
    return _of_two_counts(answer, around, "changes", ("var(--paid)", "var(--free)"), shown)


def sessions(answer: AnsweredQuestion, around: Surroundings) -> Drawing:
    """Sessions in one chart, the plays that one has in the other."""
    specs = [
        finished(_of_one_number(answer, around, column, ",~r").properties(height=LOWER_HEIGHT))
        for column in ("sessions", "plays_a_session")
    ]
    return Drawing(answer.columns, _plain_rows(answer), specs, ["Sessions a day", "Plays a session"], shows_answer=True)


def matched_share(answer: AnsweredQuestion, around: Surroundings) -> Drawing:
    """Bars for a share, 0 to 1."""
    return _drawing(answer, _of_one_number(answer, around, "matched_share", "%"))


def against_usual(answer: AnsweredQuestion, around: Surroundings) -> Drawing:
    """Bars, and across each a stroke where a usual day's bar would end."""
    is_known = any(row["usual_plays"] is not None for row in answer.records)
    names = ["plays", "usual for the weekday"][: 1 + is_known]
    scale = alt.Scale(domain=names, range=["var(--first)", "var(--strong)"])
    color = alt.Color("what:N", scale=scale, title=None)
    bars = _bars(answer, around).transform_calculate(what=f"'{names[0]}'")
    strokes = (
        alt.Chart(alt.NamedData("rows"))
        .transform_filter("isValid(datum.usual_plays)")
        .transform_calculate(what=f"'{names[-1]}'", time=TIME, end=f"datum.time + {DAY}")
        .mark_rule(strokeWidth=2)
        .encode(x=_days(answer, around, "time:T"), x2="end:Q")
    )
    layers = [
        chart.encode(y=alt.Y(f"{column}:Q", title=label("plays")), color=color, tooltip=_tooltips(answer))
        for chart, column in ((bars, "plays"), (strokes, "usual_plays"))[: len(names)]
    ]
    return _drawing(answer, alt.layer(*layers).properties(height=HEIGHT))


def _of_two_counts(
    answer: AnsweredQuestion, around: Surroundings, what: str, colors: Sequence[str], shown: str
) -> Drawing:
    """Bars in a colour for each count of the answer; `shown` says how far and which way each goes."""
    counts = list(answer.columns[1:])
    names = [label(count) for count in counts]
    chart = (
        _bars(answer, around)
        .transform_fold([*counts], as_=["what", "count"])
        .transform_calculate(shown=shown, place=f"indexof({counts}, datum.what)", name=f"{names}[datum.place]")
        .encode(
            y=alt.Y("shown:Q", title=label(what), axis=count_axis()),
            color=alt.Color("name:N", scale=alt.Scale(domain=names, range=list(colors)), title=None),
            order=alt.Order("place:Q"),
            tooltip=_tooltips(answer),
        )
    )
    return _drawing(answer, chart)


def _of_one_number(answer: AnsweredQuestion, around: Surroundings, column: str, number_format: str) -> alt.Chart:
    return _bars(answer, around).encode(
        y=alt.Y(f"{column}:Q", title=label(column), axis=alt.Axis(format=number_format, tickCount=5)),
        color=alt.value("var(--first)"),
        tooltip=_tooltips(answer),
    )


def _drawing(answer: AnsweredQuestion, chart: alt.Chart | alt.LayerChart | alt.FacetChart) -> Drawing:
    return Drawing(answer.columns, _plain_rows(answer), [finished(chart)], shows_answer=True)


def _plain_rows(answer: AnsweredQuestion) -> list[list[Value]]:
    """The rows of an answer in the types that JSON has, no finer than a chart or a table of the page shows them."""
    return [[_plain(value) for value in row] for row in answer.rows]


def _plain(value: Value) -> Value:
    if isinstance(value, date):
        return value.isoformat()
    return round(value, DECIMALS) if isinstance(value, float) else value


def _bars(answer: AnsweredQuestion, around: Surroundings) -> alt.Chart:
    first, last = _extent(answer, around)
    bars = alt.Chart(alt.NamedData("rows")).mark_bar(binSpacing=int((last - first).days <= MOST_TICKS_A_WEEK))
    by_day: alt.Chart = bars.encode(x=_days(answer, around, "utcyearmonthdate(day):T")).properties(height=HEIGHT)
    return by_day


def _days(answer: AnsweredQuestion, around: Surroundings, field: str) -> alt.X:
    first, last = _extent(answer, around)
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


def _extent(answer: AnsweredQuestion, around: Surroundings) -> tuple[date, date]:
    """The first and the last day that an axis shows: those of all plays that were asked for, and of the rows."""
    days = [*(row["day"] for row in answer.records), *around.days]
    first, last = min(days), max(days)
    missing = max(FEWEST_DAYS - 1 - (last - first).days, 0)
    return first - timedelta(days=missing // 2), last + timedelta(days=missing - missing // 2)


def _milliseconds(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1000


def _levels(answer: AnsweredQuestion) -> list[str]:
    found = {"unknown" if row["level"] is None else row["level"] for row in answer.records}
    return [*(level for level in COLORS if level in found), *sorted(found - COLORS.keys())]


def _level_colors(answer: AnsweredQuestion) -> alt.Color:
    levels = _levels(answer)
    colors = [COLORS.get(level, "var(--other)") for level in levels]
    return alt.Color("shown_level:N", scale=alt.Scale(domain=levels, range=colors), title=None)


def _counts(column: str) -> alt.Y:
    return alt.Y(f"{column}:Q", title=label(column), axis=count_axis())


def _tooltips(answer: AnsweredQuestion) -> list[alt.Tooltip]:
    return tooltips(answer.columns, {column for column in answer.columns if answer.is_number(column)})
