"""What the page shows, ready for the template: each figure with its sentence, its table and the data of its charts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from sparkify import questions
from sparkify.config.keys import REPORT_QUESTIONS
from sparkify.engines.engine import Engine
from sparkify.errors import StatementError
from sparkify.questions import Filter, Question
from sparkify.report import brief, embedded, grains, tables
from sparkify.report.answers import AnsweredQuestion, ReportContext
from sparkify.report.brief import Brief
from sparkify.report.chapters import CHAPTERS
from sparkify.report.drawings import Drawing
from sparkify.report.figures import Chapter, Figure, Shape
from sparkify.report.tables import Table
from sparkify.words import counted

LEVELS = {"all": "All listeners"} | {level: level.capitalize() for level in questions.LEVELS}
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
    """A figure for the listeners of one level, or for `any` where it does not depend on the level.

    `data` is the packed JSON for page.js, None without rows.
    """

    level: str
    sentence: str
    charts: Sequence[ChartFrame]
    data: str | None
    brief: Brief | None
    table: Table
    sql: str
    command: str


@dataclass(frozen=True)
class FigureContents:
    """A question and its answers."""

    question: Question
    title: str
    shape: Shape
    is_wide: bool
    variants: Sequence[Variant]


@dataclass(frozen=True)
class ChapterContents:
    """A chapter with the contents of its figures."""

    chapter: Chapter
    figures: Sequence[FigureContents]


OWN = Chapter(
    name="own",
    short="Own",
    title="Questions of your own",
    lead="Asked by the SQL files of the folder that the configuration names.",
    figures=(),
)


def chapters(
    engine: Engine, context: ReportContext, own: Sequence[Question], answered: Callable[[int], None]
) -> list[ChapterContents]:
    """All questions of the report, answered for the level of the context, or for all listeners and for each level.

    `own` are questions of a team's own. `answered` is told of each question that is.

    Raises:
        StatementError: the warehouse does not take a question of a team's own.
    """
    chosen = context.filter.level
    contexts = {
        level: context if level in (chosen, "all") else context.at_level(engine, level)
        for level in levels_shown(context.filter)
    }
    contents = []
    for chapter in CHAPTERS:
        figures = []
        for figure in chapter.figures:
            figures.append(_figure(engine, questions.find(figure.question), figure, contexts))
            answered(1)
        contents.append(ChapterContents(chapter, figures))
    own_figures = []
    for question in own:
        own_figures.append(_own_figure(engine, question, contexts))
        answered(1)
    return [*contents, ChapterContents(OWN, own_figures)] if own else contents


def steps(own: Sequence[Question]) -> int:
    """The number of questions that `chapters` answers."""
    return sum(len(chapter.figures) for chapter in CHAPTERS) + len(own)


def levels_shown(filter: Filter) -> dict[str, str]:
    """The levels that a reader of the page can choose, with their labels."""
    return {filter.level: LEVELS[filter.level]} if filter.level else LEVELS


def _figure(
    engine: Engine, question: Question, figure: Figure, contexts: Mapping[str, ReportContext]
) -> FigureContents:
    if "--level" not in question.options or not figure.by_level:
        context = next(iter(contexts.values()))
        contexts = {"any": replace(context, levels=(context.filter.level,))}
    answers = {
        level: AnsweredQuestion.read(engine, question, context, context.last_days(figure.most_days))
        for level, context in contexts.items()
    }
    title = grains.in_title(question.title, next(iter(answers.values())).grain)
    variants = [_variant(engine, figure, level, answer) for level, answer in answers.items()]
    return FigureContents(question, title, figure.shape, figure.is_wide, variants)


def _own_figure(engine: Engine, question: Question, contexts: Mapping[str, ReportContext]) -> FigureContents:
    """A question of a team's own, as a table."""
    figure = Figure(question.name, _rows_sentence, is_wide=True, shape="table")
    try:
        return _figure(engine, question, figure, contexts)
    except StatementError as e:
        raise StatementError(f"the question {question.name} of {REPORT_QUESTIONS}: {e}") from e


def _rows_sentence(answer: AnsweredQuestion) -> str:
    more = "" if answer.is_complete else "More than "
    return f"{more}{counted(len(answer.rows), 'row')}."


def _variant(engine: Engine, figure: Figure, level: str, answer: AnsweredQuestion) -> Variant:
    sentence = figure.sentence(answer)
    drawing = figure.draw(answer) if figure.draw and answer.rows else None
    has_brief = figure.shape == "brief" and answer.context.plays
    return Variant(
        level=level,
        sentence=sentence,
        charts=_frames(drawing) if drawing else (),
        data=embedded.data(answer, drawing, sentence),
        brief=brief.read(engine, answer.context) if has_brief else None,
        table=tables.table(answer),
        sql=answer.sql,
        command=answer.command,
    )


def _frames(drawing: Drawing) -> list[ChartFrame]:
    return [
        ChartFrame(caption, spec["height"] + AXES_HEIGHT)
        for caption, spec in zip(drawing.captions, drawing.specs, strict=True)
    ]
