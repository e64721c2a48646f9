"""What a chapter of the report is made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from sparkify.report.answers import AnsweredQuestion
from sparkify.report.drawings import Drawing

Shape = Literal["chart", "brief", "table"]


@dataclass(frozen=True)
class Figure:
    """A question, by the name of its file in `sql/report`, with the sentence and the charts that answer it.

    `sentence` must be right for no rows, for one, and for several that share the first place. `draw` gets at least one
    row, and returns None when the rows show nothing. A figure of the shape `brief` or `table` has no charts. Without
    `by_level`, it is asked once for all listeners though its question knows levels. `most_days` limits it to the last
    days of the period.
    """

    question: str
    sentence: Callable[[AnsweredQuestion], str]
    draw: Callable[[AnsweredQuestion], Drawing | None] | None = None
    is_wide: bool = False
    shape: Shape = "chart"
    by_level: bool = True
    most_days: int | None = None


@dataclass(frozen=True)
class Chapter:
    """Figures under one heading. `name` is the anchor in the page, `short` the text of the link to it."""

    name: str
    short: str
    title: str
    lead: str
    figures: tuple[Figure, ...]
