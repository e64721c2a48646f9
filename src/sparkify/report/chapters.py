"""The chapters of the report: which questions each asks, how the answers are drawn, and what is said of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from sparkify.report import charts, daily, findings, rankings, trust
from sparkify.report.answers import AnsweredQuestion, Surroundings
from sparkify.report.charts import Drawing

Finding = Callable[[AnsweredQuestion, Surroundings], str]
Shape = Literal["chart", "tiles", "table"]


@dataclass(frozen=True)
class Figure:
    """A question, and the sentence and the picture that answer it; without `draw` the picture is the table or tiles."""

    question: str
    finding: Finding
    draw: Callable[[AnsweredQuestion, Surroundings], Drawing | None] | None = None
    is_wide: bool = False
    shape: Shape = "chart"


@dataclass(frozen=True)
class Chapter:
    """Some figures under one heading; `name` is the place in the page, `short` the word that leads there."""

    name: str
    short: str
    title: str
    lead: str
    figures: tuple[Figure, ...]


CHAPTERS = (
    Chapter(
        "overview",
        "Overview",
        "Overview",
        "The whole in six numbers.",
        (Figure("totals", findings.totals, is_wide=True, shape="tiles"),),
    ),
    Chapter(
        "what",
        "What",
        "What is played",
        "Songs and artists as the app names them. What the catalogue lacks is for the catalogue team to act on.",
        (
            Figure("most_played_songs", findings.songs, rankings.songs),
            Figure("most_played_artists", findings.artists, rankings.artists),
            Figure("missing_songs", findings.missing_songs, rankings.songs),
        ),
    ),
    Chapter(
        "when",
        "When",
        "When it is played",
        "Days, weekdays and hours are UTC.",
        (
            Figure("plays_by_day", findings.plays_by_day, daily.stacked_by_level, is_wide=True),
            Figure("plays_by_weekday_and_hour", findings.plays_by_weekday_and_hour, charts.heat_map, is_wide=True),
        ),
    ),
    Chapter(
        "who",
        "Who",
        "Who listens",
        "Users are people who are logged in.",
        (
            Figure("active_users_by_day", findings.active_users, daily.lines_by_level, is_wide=True),
            Figure("new_and_returning_users", findings.new_and_returning, daily.new_and_returning, is_wide=True),
            Figure("level_changes", findings.level_changes, daily.changes, is_wide=True),
            Figure("sessions_by_day", findings.sessions_by_day, daily.sessions, is_wide=True),
            Figure("sessions_by_length", findings.sessions_by_length, charts.lengths),
            Figure("most_active_users", findings.users, rankings.users),
        ),
    ),
    Chapter(
        "where",
        "Where",
        "Where people listen",
        "Places are the ones that the app knows of its listeners.",
        (
            Figure("plays_by_city", findings.cities, rankings.cities),
            Figure("plays_by_state", findings.states, rankings.states),
        ),
    ),
    Chapter(
        "how",
        "How",
        "How people listen",
        "Browsers and systems are recognised from the user agents (ua-parser); their plays are summed here.",
        (Figure("plays_by_user_agent", findings.user_agent_families, rankings.families, is_wide=True),),
    ),
    Chapter(
        "trust",
        "Trust",
        "Can it be trusted?",
        "How fresh and how complete the numbers are, and what went wrong on the way.",
        (
            Figure("freshness", trust.freshness, shape="table"),
            Figure("rejected_by_reason", trust.rejected, rankings.reasons),
            Figure("plays_against_four_weeks", trust.against_usual, daily.against_usual, is_wide=True),
            Figure("matched_by_day", trust.matched_by_day, daily.matched_share, is_wide=True),
            Figure("last_runs", trust.last_runs, is_wide=True, shape="table"),
        ),
    ),
)
