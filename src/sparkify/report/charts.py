"""What all charts of the report share, and the charts of hours and of lengths; Vega-Lite by way of Altair.

A drawing holds its rows once, whatever number of charts shows them. Colours are variables of `page.css`, so that light,
dark and paper each have their own.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import altair as alt

from sparkify.engines.answer import Value
from sparkify.report.answers import AnsweredQuestion, Row, Surroundings, label

HEIGHT, CELL_HEIGHT = 220, 30
"""Pixels."""

HEAT_STEPS = 6
"""Shades of the heat map."""

WEEKDAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif'

Spec: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class Drawing:
    """Rows and the charts that show them. `captions` name the charts where there are several.

    `shows_answer` tells that the rows are those of the answer.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[Value]]
    specs: Sequence[Spec]
    captions: Sequence[str] = ("",)
    shows_answer: bool = False


def config() -> Spec:
    """What all charts have in common. Of a chart, only the text that describes it is read out, not mark after mark."""
    text: Spec = {
        "aria": False,
        "labelColor": "var(--soft)",
        "labelFontSize": 12,
        "titleColor": "var(--soft)",
        "titleFontSize": 12,
        "titleFontWeight": "normal",
    }
    lines: Spec = {"domainColor": "var(--line)", "gridColor": "var(--grid)", "tickColor": "var(--line)"}
    common = alt.Config(
        background="transparent",
        font=FONT,
        padding={"left": 0, "right": 6, "top": 6, "bottom": 8},
        view=alt.ViewConfig(stroke="transparent"),
        mark=alt.MarkConfig(aria=False),
        axis=alt.AxisConfig(**text, **lines, labelOverlap="greedy", labelSeparation=6),
        legend=alt.LegendConfig(
            **text,
            orient="top",
            direction="horizontal",
            titleOrient="left",
            labelLimit=0,
            symbolType="square",
            offset=8,
        ),
    )
    made: Spec = common.to_dict()
    return made


def heat_map(answer: AnsweredQuestion, around: Surroundings) -> Drawing:
    """A week by its hours: the more plays, the stronger the shade."""
    classes = heat_classes(max(row["plays"] for row in answer.records))
    names = [f"{first:,}–{last:,}" if first < last else f"{first:,}" for first, last in classes]
    shades = [f"var(--heat-{HEAT_STEPS - len(names) + n + 1})" for n in range(len(names))]
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
    return Drawing([*answer.columns, "class", "name"], rows, [finished(chart)])


def heat_classes(most: int) -> list[tuple[int, int]]:
    """At most six classes of whole numbers that cover 1 to `most`, all as wide as the first, save the last."""
    width = math.ceil(most / HEAT_STEPS)
    return [(first, min(first + width - 1, most)) for first in range(1, most + 1, width)]


def lengths(answer: AnsweredQuestion, around: Surroundings) -> Drawing | None:
    """Columns for classes of sessions by their length; None where all classes are empty."""
    if not around.plays:
        return None
    title = "Plays of a session"
    rows = [[length_name(row), row["sessions"]] for row in answer.records]
    chart = (
        alt.Chart(alt.NamedData("rows"))
        .mark_bar(color="var(--first)", cornerRadiusEnd=3)
        .encode(
            x=alt.X("length:N", sort=None, axis=alt.Axis(title=title, labelAngle=0, ticks=False)),
            y=alt.Y("sessions:Q", title="Sessions", axis=count_axis()),
            tooltip=[
                alt.Tooltip("length:N", title=title),
                alt.Tooltip("sessions:Q", title="Sessions", format=","),
            ],
        )
        .properties(height=HEIGHT)
    )
    return Drawing(["length", "sessions"], rows, [finished(chart)])


def length_name(row: Row) -> str:
    """A class of sessions by their length: `1`, `2–5`, `51 or more`."""
    first, last = row["plays_from"], row["plays_to"]
    if last is None:
        return f"{first} or more"
    return f"{first}" if first == last else f"{first}–{last}"


def count_axis() -> alt.Axis:
    """An axis of whole numbers: no half a play. What goes downwards is counted like what goes upwards."""
    whole = "datum.value == floor(datum.value) ? format(abs(datum.value), ',') : ''"
    return alt.Axis(labelExpr=whole, tickCount=5, tickMinStep=1)


def tooltips(columns: Iterable[str], numbers: set[str]) -> list[alt.Tooltip]:
    """A row as the table has it: every column, under its name."""
    return [_tooltip(column, is_number=column in numbers) for column in columns]


def _tooltip(column: str, *, is_number: bool) -> alt.Tooltip:
    if column == "day":
        return alt.Tooltip("day:T", timeUnit="utcyearmonthdate", format="%A %Y-%m-%d", title="Day (UTC)")
    if not is_number:
        return alt.Tooltip(f"{column}:N", title=label(column))
    return alt.Tooltip(f"{column}:Q", title=label(column), format=".1%" if column.endswith("_share") else ",.2~f")


def finished(chart: alt.Chart | alt.LayerChart | alt.FacetChart) -> Spec:
    """A specification that page.js completes with the rows and the common configuration."""
    spec: Spec = chart.properties(width="container").to_dict()
    return {name: part for name, part in spec.items() if name not in ("$schema", "config")}
