"""What the page shows, ready for the template: figures, their tables, and the data of their charts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from markupsafe import Markup

from sparkify.engines.answer import Value
from sparkify.engines.engine import Engine
from sparkify.questions import Filter, Question
from sparkify.report import answers, words
from sparkify.report.answers import AnsweredQuestion, Surroundings
from sparkify.report.chapters import CHAPTERS, Chapter, Figure, Shape
from sparkify.report.charts import Drawing, Spec

WHOLE_TABLE, CUT_TABLE = 400, 100
"""Rows of a table that the page holds as HTML, and how many of them where there are more.

page.js adds the others where a chart has them.
"""

LEVELS = {"all": "All listeners", "free": "Free", "paid": "Paid"}
"""Whose plays a reader can choose, and what the choice is called."""

AROUND_A_CHART = 64
"""Pixels of axis and legend, kept free until a chart is drawn."""

NO_VALUE = "–"


@dataclass(frozen=True)
class Column:
    """A column of a table."""

    name: str
    label: str
    description: str
    is_number: bool


@dataclass(frozen=True)
class Cell:
    """A value as it is read, and exactly where reading rounds it."""

    text: str
    exact: str = ""


@dataclass(frozen=True)
class Table:
    """The rows of an answer, or the first of them; `all_rows` says how many there are."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    all_rows: int

    @property
    def is_cut(self) -> bool:
        """Whether there are more rows than it holds."""
        return self.all_rows > len(self.rows)


@dataclass(frozen=True)
class Tile:
    """A number of the overview."""

    label: str
    text: str
    description: str


@dataclass(frozen=True)
class Picture:
    """One chart's place in the page."""

    caption: str
    height: int


@dataclass(frozen=True)
class Variant:
    """A figure for the listeners of one level; of `any` where the question has no level."""

    level: str
    finding: str
    pictures: Sequence[Picture]
    data: Markup | None
    tiles: Sequence[Tile]
    table: Table
    sql: str
    command: str


@dataclass(frozen=True)
class ShownFigure:
    """A question with its note and its variants."""

    question: Question
    shape: Shape
    is_wide: bool
    variants: Sequence[Variant]


@dataclass(frozen=True)
class ShownChapter:
    """A chapter with its figures."""

    chapter: Chapter
    figures: Sequence[ShownFigure]


@dataclass(frozen=True)
class Contents:
    """All chapters, and of the plays that were asked for the totals."""

    chapters: Sequence[ShownChapter]
    levels: Sequence[str]
    totals: Mapping[str, Value]


def gather(engine: Engine, chosen: Filter, now: datetime) -> Contents:
    """Ask all questions of the report: for the chosen level, or for all listeners and for each level."""
    levels = [chosen.level] if chosen.level else list(LEVELS)
    around = {level: _surroundings(engine, _of_level(chosen, level), now) for level in levels}
    chapters = [
        ShownChapter(chapter, [_figure(engine, figure, around) for figure in chapter.figures]) for chapter in CHAPTERS
    ]
    return Contents(chapters, levels, around[levels[0]].totals)


def compact_json(content: object) -> Markup:
    """JSON that can stand in a script element, whatever its texts hold."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))


def table(answer: AnsweredQuestion) -> Table:
    """The answer as a table of texts."""
    columns = [
        Column(name, answers.label(name), _description(answer, name), answer.is_number(name)) for name in answer.columns
    ]
    kept = answer.rows if len(answer.rows) <= WHOLE_TABLE else answer.rows[:CUT_TABLE]
    rows = [[_cell(column.name, value) for column, value in zip(columns, row, strict=True)] for row in kept]
    return Table(columns, rows, len(answer.rows))


def _of_level(chosen: Filter, level: str) -> Filter:
    return answers.of_level(chosen, None if level == "all" else level)


def _surroundings(engine: Engine, chosen: Filter, now: datetime) -> Surroundings:
    [totals] = answers.ask(engine, "totals", chosen).records
    return Surroundings(totals, chosen, now)


def _figure(engine: Engine, figure: Figure, around: Mapping[str, Surroundings]) -> ShownFigure:
    shown = dict(around)
    if not answers.depends_on_level(figure.question):
        shown = {"any": next(iter(around.values()))}
    variants = [_variant(engine, figure, level, surroundings) for level, surroundings in shown.items()]
    return ShownFigure(Question(figure.question), figure.shape, figure.is_wide, variants)


def _variant(engine: Engine, figure: Figure, level: str, around: Surroundings) -> Variant:
    answer = answers.ask(engine, figure.question, around.chosen)
    finding = figure.finding(answer, around)
    drawing = figure.draw(answer, around) if figure.draw and answer.rows else None
    return Variant(
        level=level,
        finding=finding,
        pictures=_pictures(drawing) if drawing else (),
        data=_data(drawing, answer.question.title, finding) if drawing else None,
        tiles=list(_tiles(answer)) if figure.shape == "tiles" else (),
        table=table(answer),
        sql=answer.sql,
        command=answer.command,
    )


def _pictures(drawing: Drawing) -> list[Picture]:
    return [
        Picture(caption, spec["height"] + AROUND_A_CHART)
        for caption, spec in zip(drawing.captions, drawing.specs, strict=True)
    ]


def _data(drawing: Drawing, title: str, finding: str) -> Markup:
    """What page.js draws: rows, by column, and the charts with the text that stands for each."""
    specs: list[Spec] = [
        {"description": " ".join(part for part in (caption and f"{caption}.", title, finding) if part), **spec}
        for caption, spec in zip(drawing.captions, drawing.specs, strict=True)
    ]
    content = {"columns": drawing.columns, "rows": drawing.rows, "isAnswer": drawing.shows_answer, "specs": specs}
    return compact_json(content)


def _tiles(answer: AnsweredQuestion) -> Iterator[Tile]:
    for name, value in answer.records[0].items():
        text = words.moment(value) if isinstance(value, datetime) else _cell(name, value).text
        meaning, _, what_null_means = _description(answer, name).partition("; null: ")
        yield Tile(answers.label(name), text, what_null_means if value is None else meaning)


def _description(answer: AnsweredQuestion, column: str) -> str:
    """What a column means, unless its name says it all."""
    described = answers.descriptions(answer.question.name).get(column, "")
    return "" if described == answers.label(column).lower() else described


def _cell(column: str, value: Value) -> Cell:
    if value is None:
        return Cell(NO_VALUE)
    if column.endswith("_share"):
        return Cell(words.share(value, 1), repr(float(value)))
    if isinstance(value, datetime):
        return Cell(value.isoformat(" ", "seconds"))
    if isinstance(value, date):
        return Cell(value.isoformat())
    if isinstance(value, float):
        return Cell(words.number(value), repr(value))
    return Cell(words.number(value) if isinstance(value, int) else str(value).replace("\0", "\ufffd"))
