"""In which cities and states people listen."""

from __future__ import annotations

from sparkify.report import rankings
from sparkify.report.answers import AnsweredQuestion, Row
from sparkify.report.drawings import Drawing
from sparkify.report.figures import Chapter, Figure
from sparkify.report.words import named, short_name


def _cities_sentence(answer: AnsweredQuestion) -> str:
    return rankings.leader(answer, _city, "city", "cities")


def _cities_chart(answer: AnsweredQuestion) -> Drawing:
    return rankings.ranking(answer, [_city(row) or "unknown place" for row in answer.records])


def _city(row: Row) -> str:
    return ", ".join(filter(None, (short_name(row["city"]), short_name(row["state"]))))


def _states_sentence(answer: AnsweredQuestion) -> str:
    return rankings.leader(answer, lambda row: named(row["state"], ""), "state")


def _states_chart(answer: AnsweredQuestion) -> Drawing:
    return rankings.ranking(answer, [short_name(row["state"], "unknown state") for row in answer.records])


CHAPTER = Chapter(
    name="where",
    short="Where",
    title="Where people listen",
    lead="Places are the ones that the app knows of its listeners.",
    figures=(
        Figure("plays_by_city", _cities_sentence, _cities_chart),
        Figure("plays_by_state", _states_sentence, _states_chart),
    ),
)
