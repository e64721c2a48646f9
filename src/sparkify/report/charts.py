"""What all charts of the report share. They are Vega-Lite specifications, built with Altair.

A drawing holds its rows once, however many charts show them. Colours are variables of `page.css`, which sets them for
light screens, dark screens and paper.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import altair as alt

from sparkify.engines.answer import Value
from sparkify.report.words import label

HEIGHT = 220
"""Pixels."""

FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif'

Spec: TypeAlias = dict[str, Any]
AnyChart: TypeAlias = alt.Chart | alt.LayerChart | alt.FacetChart


@dataclass(frozen=True)
class Drawing:
    """Rows and the charts that show them, with a caption for each chart where there are several.

    `shows_answer` is true when the columns and rows are those of the answer.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[Value]]
    specs: Sequence[Spec]
    captions: Sequence[str] = ("",)
    shows_answer: bool = False


def config() -> Spec:
    """The configuration of all charts. Screen readers read a chart's description and skip its single marks (aria)."""
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
    as_json: Spec = common.to_dict()
    return as_json


def specification(chart: AnyChart) -> Spec:
    """The chart as JSON, without the rows and the configuration, which page.js adds."""
    spec: Spec = chart.properties(width="container").to_dict()
    return {name: part for name, part in spec.items() if name not in ("$schema", "config")}


def count_axis() -> alt.Axis:
    """An axis with labels at whole numbers only, without a sign: bars that point down are counted too."""
    whole = "datum.value == floor(datum.value) ? format(abs(datum.value), ',') : ''"
    return alt.Axis(labelExpr=whole, tickCount=5, tickMinStep=1)


def tooltips(columns: Iterable[str], numbers: set[str]) -> list[alt.Tooltip]:
    """Every column under the name that it has in the table; `numbers` are the columns of numbers."""
    return [_tooltip(column, is_number=column in numbers) for column in columns]


def _tooltip(column: str, *, is_number: bool) -> alt.Tooltip:
    if column == "day":
        return alt.Tooltip("day:T", timeUnit="utcyearmonthdate", format="%A %Y-%m-%d", title="Day (UTC)")
    if not is_number:
        return alt.Tooltip(f"{column}:N", title=label(column))
    return alt.Tooltip(f"{column}:Q", title=label(column), format=".1%" if column.endswith("_share") else ",.2~f")
