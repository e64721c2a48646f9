"""What the page shows, ready for the template: each figure with its sentence, its table and the data of its charts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from markupsafe import Markup

from sparkify import questions
from sparkify.engines.answer import Value
from sparkify.engines.engine import Engine
from sparkify.questions import Filter, Question
from sparkify.report import tables
from sparkify.report.answers import AnsweredQuestion, ReportContext
from sparkify.report.chapters import CHAPTERS
from sparkify.report.charts import Drawing, Spec
from sparkify.report.figures import Chapter, Figure, Shape
from sparkify.report.tables import Table, Tile

LEVELS = {"all": "All listeners", "free": "Free", "paid": "Paid"}
"""The listeners that a reader can choose, with the label of the choice."""

AXES_HEIGHT = 64
"""Pixels for axes and legend, kept free until the browser draws the chart."""


@dataclass(frozen=True)
class ChartFrame:
    """The space for one chart; `height` is in pixels."""

    caption: str
    height: int


@dataclass(frozen=True)
class Variant:
    """A figure for the listeners of one level, or for `any` where the question has no level.

    `data` is the JSON that page.js draws, None without a chart.
    """

    level: str
    sentence: str
    charts: Sequence[ChartFrame]
    data: Markup | None
    tiles: Sequence[Tile]
    table: Table
    sql: str
    command: str


@dataclass(frozen=True)
class FigureContents:
    """A question and its answers."""

    question: Question
    shape: Shape
    is_wide: bool
    variants: Sequence[Variant]


@dataclass(frozen=True)
class ChapterContents:
    """A chapter with the contents of its figures."""

    chapter: Chapter
    figures: Sequence[FigureContents]


@dataclass(frozen=True)
class Contents:
    """All chapters, the levels that a reader can choose, and the totals of all plays of the report."""

    chapters: Sequence[ChapterContents]
    levels: Sequence[str]
    totals: Mapping[str, Value]


def read(engine: Engine, filter: Filter, now: datetime) -> Contents:
    """Ask all questions of the report: for the filter's level, or without one for all listeners and for each level."""
    levels = [filter.level] if filter.level else list(LEVELS)
    contexts = {
        level: ReportContext.read(engine, replace(filter, level=None if level == "all" else level), now)
        for level in levels
    }
    chapters = [
        ChapterContents(chapter, [_figure(engine, figure, contexts) for figure in chapter.figures])
        for chapter in CHAPTERS
    ]
    return Contents(chapters, levels, contexts[levels[0]].totals)


def compact_json(content: object) -> Markup:
    """JSON that is safe inside a script element, whatever its texts hold."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))


def _figure(engine: Engine, figure: Figure, contexts: Mapping[str, ReportContext]) -> FigureContents:
    question = questions.find(figure.question)
    if "--level" not in question.options:
        contexts = {"any": next(iter(contexts.values()))}
    variants = [
        _variant(figure, level, AnsweredQuestion.read(engine, question, context)) for level, context in contexts.items()
    ]
    return FigureContents(question, figure.shape, figure.is_wide, variants)


def _variant(figure: Figure, level: str, answer: AnsweredQuestion) -> Variant:
    sentence = figure.sentence(answer)
    drawing = figure.draw(answer) if figure.draw and answer.rows else None
    return Variant(
        level=level,
        sentence=sentence,
        charts=_frames(drawing) if drawing else (),
        data=_data(drawing, answer.question.title, sentence) if drawing else None,
        tiles=tables.tiles(answer) if figure.shape == "tiles" else (),
        table=tables.table(answer),
        sql=answer.sql,
        command=answer.command,
    )


def _frames(drawing: Drawing) -> list[ChartFrame]:
    return [
        ChartFrame(caption, spec["height"] + AXES_HEIGHT)
        for caption, spec in zip(drawing.captions, drawing.specs, strict=True)
    ]


def _data(drawing: Drawing, title: str, sentence: str) -> Markup:
    """The rows and charts for page.js; each chart's description is the text that a screen reader reads for it."""
    specs: list[Spec] = [
        {"description": " ".join(part for part in (caption and f"{caption}.", title, sentence) if part), **spec}
        for caption, spec in zip(drawing.captions, drawing.specs, strict=True)
    ]
    content = {"columns": drawing.columns, "rows": drawing.rows, "isAnswer": drawing.shows_answer, "specs": specs}
    return compact_json(content)
