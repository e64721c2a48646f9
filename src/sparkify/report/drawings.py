"""The charts of the report: Vega-Lite specifications in `charts/`, filled with what depends on the answer.

A text `$name` in such a file is a value to fill in. A drawing holds its rows once, however many charts show them.
Colours are variables of `page.css`, which sets them for light screens, dark screens and paper.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, TypeAlias

from sparkify.engines.answer import Value
from sparkify.report.words import label

Spec: TypeAlias = dict[str, Any]

COUNT_AXIS: Spec = {
    "labelExpr": "datum.value == floor(datum.value) ? format(abs(datum.value), ',') : ''",
    "tickCount": 5,
    "tickMinStep": 1,
}
"""An axis with labels at whole numbers only, without a sign: bars that point down are counted too."""

FIRST_COLOR: Spec = {"value": "var(--first)"}

DAY_FORMATS = {"day": "%A %Y-%m-%d", "week": "the week from %Y-%m-%d", "month": "%B %Y"}
"""How a tooltip names a day, week or month, in the format of d3."""


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
    settings: Spec = _read("config.json")
    return settings


def chart(file: str, **values: Any) -> Spec:
    """A chart, without the rows and the configuration, which page.js adds."""
    spec: Spec = filled(_read(f"{file}.vl.json"), values)
    return spec


def part(file: str, **values: Any) -> Spec:
    """What several charts share."""
    shared: Spec = filled(_read(f"{file}.json"), values)
    return shared


def filled(template: Any, values: Mapping[str, Any]) -> Any:
    """A part of a specification with its values filled in."""
    if isinstance(template, str):
        return values[template[1:]] if template.startswith("$") else template
    if isinstance(template, list):
        return [filled(item, values) for item in template]
    if isinstance(template, dict):
        return {key: filled(item, values) for key, item in template.items()}
    return template


def tooltips(columns: Iterable[str], numbers: set[str], grain: str = "day") -> list[Spec]:
    """Every column under the name that it has in the table; `numbers` are the columns of numbers."""
    return [_tooltip(column, column in numbers, grain) for column in columns]


def _tooltip(column: str, is_number: bool, grain: str) -> Spec:
    if column == "day":
        day = {"field": "day", "type": "temporal", "timeUnit": "utcyearmonthdate"}
        return {**day, "format": DAY_FORMATS[grain], "title": f"{label(grain)} (UTC)"}
    if not is_number:
        return {"field": column, "type": "nominal", "title": label(column)}
    format = ".1%" if column.endswith("_share") else ",.2~f"
    return {"field": column, "type": "quantitative", "title": label(column), "format": format}


@cache
def _read(name: str) -> Any:
    return json.loads((files(__package__) / "charts" / name).read_text(encoding="utf-8"))
