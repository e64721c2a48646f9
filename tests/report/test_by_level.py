"""A question that is asked for several levels at once has the answers that it has for each level alone."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime

import pytest

from harness.answers import connected
from harness.report_page import ReportOn
from sparkify import questions, report
from sparkify.engines.answer import Answer, Value
from sparkify.engines.engine import Engine
from sparkify.progress import Progress
from sparkify.questions import Filter, Question
from sparkify.report import by_level

BY_LEVEL = [question for question in questions.all_questions() if by_level.takes_level(question)]
LEVELS = (None, "free", "paid")
CHOSEN = [Filter(), Filter(by="week", most=3), Filter(date(2018, 11, 2), date(2018, 11, 20), by="month")]


TOGETHER = {
    "extent": ["idle_listeners", "rising_artists", "rising_songs"],
    "places_by_level": ["plays_by_city", "plays_by_state"],
    "sessions_by_level": ["sessions_by_day", "sessions_by_length", "totals"],
    "users_by_day_and_level": ["active_users_by_day", "activity_by_day", "new_and_returning_users"],
}
"""The questions that begin with the same part, word for word, so that a report reads it once."""


@pytest.fixture(scope="module")
def in_duckdb(report_in_duckdb: ReportOn) -> Iterator[Engine]:
    with connected(report_in_duckdb("hard").sparkify) as engine:
        yield engine


@pytest.fixture(scope="module")
def in_redshift(report_in_redshift: ReportOn) -> Iterator[Engine]:
    with connected(report_in_redshift("hard").sparkify) as engine:
        yield engine


def require_the_answers_for_each_level_alone(engine: Engine, question: Question, chosen: Filter) -> None:
    with engine.snapshot():
        together = by_level.ask(engine, question, chosen, LEVELS, list, 10_000)
        assert list(together) == [*LEVELS]
        for level, (answer, rows) in together.items():
            alone = questions.ask(engine, question, replace(chosen, level=level))
            assert (answer.columns, answer.types, rows) == (alone.columns, alone.types, [*alone.rows])


@pytest.mark.parametrize("question", BY_LEVEL, ids=lambda question: question.name)
def test_answers_for_several_levels_are_those_for_each_level_alone(question: Question, in_duckdb: Engine) -> None:
    for chosen in CHOSEN:
        require_the_answers_for_each_level_alone(in_duckdb, question, chosen)


@pytest.mark.parametrize("name", ["activity_by_day", "errors_by_day", "rising_artists"])
def test_in_redshift_what_no_table_of_the_report_shows_is_the_same_too(name: str, in_redshift: Engine) -> None:
    require_the_answers_for_each_level_alone(in_redshift, Question(name), CHOSEN[1])


def test_of_each_level_the_first_rows_come(in_duckdb: Engine) -> None:
    question = Question("plays_by_day")
    with in_duckdb.snapshot():
        together = by_level.ask(in_duckdb, question, Filter(), LEVELS, list, 2)
        for level, (_, rows) in together.items():
            assert rows == [*questions.ask(in_duckdb, question, Filter(level=level)).rows][:2]


def test_what_is_kept_for_several_questions_is_kept_once_and_gone_after_the_snapshot(in_duckdb: Engine) -> None:
    kept: by_level.Kept = {}
    with in_duckdb.snapshot():
        for name in ("plays_by_city", "plays_by_state"):
            by_level.ask(in_duckdb, Question(name), Filter(), LEVELS, list, 10, kept)
        temporary = "select table_name from duckdb_tables() where temporary"
        assert in_duckdb.query(temporary) == [(table,) for table in kept.values()]
        assert len(kept) == 1
    assert in_duckdb.query(temporary) == []


def test_these_questions_begin_with_the_same_part() -> None:
    found: dict[str, list[str]] = {}
    for question in questions.all_questions():
        for name, text in [*by_level.split(question.sql)[0].items()][:1]:
            if text in by_level.common_parts():
                found.setdefault(name, []).append(question.name)
    assert found == TOGETHER


def test_a_report_asks_each_question_once_for_all_levels(in_duckdb: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str]] = []
    ask = in_duckdb.ask

    def recorded(sql: str, values: Mapping[str, Value] | None = None, *, in_portions: bool = False) -> Answer:
        asked.append((sql, str(values)))
        return ask(sql, values, in_portions=in_portions)

    monkeypatch.setattr(in_duckdb, "ask", recorded)
    with in_duckdb.snapshot():
        context = report.context(in_duckdb, Filter(), datetime(2018, 12, 8))
        report.page(in_duckdb, context, Progress(detail="quiet"))
    figures = report.contents.steps([])
    of_the_brief = ["extent", "activity_by_day", "totals", "totals", "rising_artists", "errors_by_day", "errors_by_day"]
    assert max(Counter(asked).values()) == 1
    assert len(asked) == figures + len(of_the_brief)
