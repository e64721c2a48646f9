"""Charts and words for answers by day, week or month.

Days are UTC in every reader's time zone: each scale and each time format says so. All charts of a report show the same
days, so that readers can compare them. page.js narrows them to the days that a reader chooses, or to the weeks or
months in which these lie, by the parameters `first`, `end` and `grain` of each chart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime

from sparkify.report import drawings, grains, words
from sparkify.report.answers import AnsweredQuestion, Row
from sparkify.report.drawings import COUNT_AXIS, Drawing, Spec
from sparkify.report.words import label
from sparkify.words import counted

DAY = 86_400_000
"""Milliseconds of a day; Vega counts time in milliseconds."""

LENGTHS = {"day": DAY, "week": 7 * DAY, "month": 30 * DAY}
"""About how many milliseconds a day, week or month takes."""

STOPS = {
    "day": f"datum.start + {DAY}",
    "week": f"datum.start + {7 * DAY}",
    "month": "time(utc(utcyear(datum.start), utcmonth(datum.start) + 1, 1))",
}
"""The expression of Vega for the end of a day, week or month that begins at `datum.start`."""

TITLES = {"day": "Day (UTC)", "week": "Week, from its Monday (UTC)", "month": "Month (UTC)"}
FORMATS = {"day": "%b %-d", "week": "%b %-d", "month": "%Y-%m"}

FEWEST_DAYS = 7
"""Days that an axis shows at least: one day alone would fill the chart with a single bar."""

COLORS = {"free": "var(--free)", "paid": "var(--paid)"}
SHAPES = {"free": "circle", "paid": "square"}

LOW, HIGH = 150, 220
"""Pixels: the height of a chart beside another, and of one alone."""


def sums(rows: Iterable[Row], column: str) -> Counter[date]:
    """The sum of a column for each day, week or month."""
    by_day: Counter[date] = Counter()
    for row in rows:
        by_day[row["day"]] += row[column]
    return by_day


def busiest(answer: AnsweredQuestion, by_day: Mapping[date, int], one: str) -> str:
    """The day, week or month with the most, as the end of a sentence; `one` is the noun for what is counted.

    It is empty where none stands out: of those that are whole, none has enough, or too many share the first place.
    """
    whole = {begin: count for begin, count in by_day.items() if answer.is_whole(begin)}
    most = max(whole.values(), default=0)
    begins = [begin for begin, count in whole.items() if count == most]
    if most < words.FEWEST or len(begins) > words.LONGEST_LIST or len(whole) < 2:
        return ""
    when = words.listing([grains.within(begin, answer.grain) for begin in begins])
    return f"; the most {when}: {counted(most, one)}{' each' if len(begins) > 1 else ''}"


def bars_by_level(answer: AnsweredQuestion) -> Drawing:
    """Bars of the answer's last column, stacked by level."""
    return drawing(answer, _by_level(answer, "levels_by_day"))


def lines_by_level(answer: AnsweredQuestion) -> Drawing:
    """A line of the answer's last column for each level, with a gap where a day has no row.

    For counts of users: a user may count at both levels on one day, so the levels must not be stacked.
    """
    first, last = _extent(answer)
    starts = [_milliseconds(begin) for begin in grains.all_between(first, last, answer.grain)]
    shapes = [SHAPES.get(level, "triangle") for level in _levels(answer)]
    middle = {**_axis(answer)["x"], "field": "middle", "bin": None}
    return drawing(answer, _by_level(answer, "lines_by_level", starts=starts, shapes=shapes, middle=middle))


def bars_of_two_counts(
    answer: AnsweredQuestion, title: str, colors: Sequence[str], length: str = "datum.count"
) -> Drawing:
    """Bars in a colour for each of the two counts that follow the answer's day.

    `length` is the expression for a bar's length and direction from `datum.count` and the column's name, `datum.what`.
    """
    counts = list(answer.columns[1:])
    names = [label(count) for count in counts]
    chart = time_chart(
        answer,
        "two_counts_by_day",
        counts=counts,
        length=length,
        order=f"indexof({counts}, datum.what)",
        name=f"{names}[datum.order]",
        names=names,
        colors=list(colors),
        count_title=title,
    )
    return drawing(answer, chart)


def bars_of_one_number(answer: AnsweredQuestion, column: str, number_format: str, height: int = HIGH) -> Spec:
    """Bars of one column; `number_format` is d3's, for the axis."""
    return time_chart(
        answer,
        "number_by_day",
        number=column,
        number_title=label(column),
        number_format=number_format,
        height=height,
    )


def time_chart(answer: AnsweredQuestion, file: str, **values: object) -> Spec:
    """A chart with the days, weeks or months of the answer on its axis."""
    common = {"count_axis": COUNT_AXIS, "tooltip": row_tooltips(answer)}
    return drawings.chart(file, **_axis(answer), **common, **values)


def row_tooltips(answer: AnsweredQuestion) -> list[Spec]:
    """All columns of the answer."""
    return drawings.tooltips(answer.columns, answer.number_columns, answer.grain)


def drawing(answer: AnsweredQuestion, *charts: Spec, captions: Sequence[str] = ("",)) -> Drawing:
    """Charts over the answer's own rows."""
    return Drawing(answer.columns, answer.rows, charts, captions, shows_answer=True)


def _axis(answer: AnsweredQuestion) -> Spec:
    first, last = _extent(answer)
    grain = answer.grain
    return drawings.part(
        "days",
        first=_milliseconds(grains.begin(first, grain)),
        end=_milliseconds(grains.end(grains.begin(last, grain), grain)),
        grain=grain,
        stop=STOPS[grain],
        title=TITLES[grain],
        format=FORMATS[grain],
        ticks=f"max(2, min(10, round((end - first) / {LENGTHS[grain]})))",
    )


def _by_level(answer: AnsweredQuestion, file: str, **values: object) -> Spec:
    count = answer.columns[-1]
    levels = _levels(answer)
    colors = [COLORS.get(level, "var(--other)") for level in levels]
    return time_chart(answer, file, count=count, count_title=label(count), levels=levels, colors=colors, **values)


def _extent(answer: AnsweredQuestion) -> tuple[date, date]:
    """The first and the last day of the axis: those of the report, and all rows of the answer."""
    days = [*(row["day"] for row in answer.records), *answer.days]
    first, last = min(days), max(days)
    length = max(grains.length(first, last), FEWEST_DAYS)
    begin = grains.earlier(first, (length - grains.length(first, last)) // 2)
    end = grains.later(begin, length - 1)
    return grains.earlier(end, length - 1), end


def _milliseconds(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1000


def _levels(answer: AnsweredQuestion) -> list[str]:
    levels = {"unknown" if row["level"] is None else row["level"] for row in answer.records}
    return [*(level for level in COLORS if level in levels), *sorted(levels - COLORS.keys())]
