"""Who listens: active, new and most active users, changes of level, and sessions."""

from __future__ import annotations

import altair as alt

from sparkify.report import days, rankings, words
from sparkify.report.answers import AnsweredQuestion, Row
from sparkify.report.charts import HEIGHT, Drawing, count_axis, specification
from sparkify.report.figures import Chapter, Figure
from sparkify.words import counted

LOW = 150
"""Pixels: the height of a chart beside another."""

NO_USER = "Nobody who was logged in played anything here."


def _active_users_sentence(answer: AnsweredQuestion) -> str:
    if not answer.rows:
        return _no_users(answer)
    levels = dict.fromkeys(row["level"] for row in answer.records)
    return " ".join(f"Of {_listeners(level)}, {_busiest_of_level(answer, level)}." for level in levels)


def _listeners(level: str | None) -> str:
    return "listeners of unknown level" if level is None else f"{words.isolated(level)} listeners"


def _busiest_of_level(answer: AnsweredQuestion, level: str | None) -> str:
    rows = [row for row in answer.records if row["level"] == level]
    return days.busiest(days.sums(rows, "active_users"), "user")


def _new_users_sentence(answer: AnsweredQuestion) -> str:
    if not answer.rows:
        return _no_users(answer)
    new = days.sums(answer.records, "new_users")
    if not new.total():
        return "Nobody is new here: all users have played before."
    last = answer.records[-1]
    users = counted(last["new_users"] + last["returning_users"], "user")
    return (
        f"{counted(new.total(), 'user')} {words.are(new.total())} new; {days.busiest(new, 'new user')}. "
        f"On the last day, {words.day(last['day'])}, {last['new_users'] or 'none'} of {users} "
        f"{words.are(last['new_users'] or 1)} new."
    )


def _new_users_chart(answer: AnsweredQuestion) -> Drawing:
    """Stacked bars: no user is both new and returning on one day."""
    return days.bars_of_two_counts(answer, "Users", ("var(--second)", "var(--first)"), "datum.count")


def _level_changes_sentence(answer: AnsweredQuestion) -> str:
    up, down = (sum(row[column] for row in answer.records) for column in ("upgrades", "downgrades"))
    to_paid, to_free = counted(up, "change") + " to paid", counted(down, "change") + " back to free"
    level = answer.context.filter.level
    if level:
        return f"{to_paid if level == 'paid' else to_free}."
    if not answer.rows:
        return "Nobody changes level here."
    net = f"{counted(abs(up - down), 'payer')} {'more' if up > down else 'fewer'} than before"
    return f"{to_paid}, {to_free}: {net if up != down else 'as many payers as before'}."


def _level_changes_chart(answer: AnsweredQuestion) -> Drawing:
    """Upgrades point up, downgrades down."""
    shown = "datum.what == 'downgrades' ? -datum.count : datum.count"
    return days.bars_of_two_counts(answer, "Changes", ("var(--paid)", "var(--free)"), shown)


def _sessions_by_day_sentence(answer: AnsweredQuestion) -> str:
    if not answer.rows:
        return answer.context.no_plays
    sessions, plays = (days.sums(answer.records, column) for column in ("sessions", "plays"))
    mean = plays.total() / sessions.total()
    plays_a_session = f"{words.rounded(mean)} {'play' if mean == 1 else 'plays'} on average"
    return f"{counted(sessions.total(), 'session')} with {plays_a_session}; {days.busiest(sessions, 'session')}."


def _sessions_by_day_charts(answer: AnsweredQuestion) -> Drawing:
    charts = [
        days.bars_of_one_number(answer, column, ",~r").properties(height=LOW)
        for column in ("sessions", "plays_a_session")
    ]
    return days.drawing(answer, *charts, captions=("Sessions a day", "Plays a session"))


def _sessions_by_length_sentence(answer: AnsweredQuestion) -> str:
    sessions = sum(row["sessions"] for row in answer.records)
    if not sessions:
        return answer.context.no_plays
    most = max(row["sessions"] for row in answer.records)
    lengths = [_length(row) for row in answer.records if row["sessions"] == most]
    each = " each" if len(lengths) > 1 else ""
    plays = "play" if lengths[-1] == "1" else "plays"
    frequency = f"{counted(most, 'session')}{each} ({words.share(most, sessions)} of all)"
    return f"The most frequent: sessions of {words.listing(lengths)} {plays}, {frequency}."


def _sessions_by_length_chart(answer: AnsweredQuestion) -> Drawing | None:
    """A bar for each class of lengths; the answer has all classes, empty ones too."""
    if not answer.context.plays:
        return None
    title = "Plays of a session"
    rows = [[_length(row), row["sessions"]] for row in answer.records]
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
    return Drawing(["length", "sessions"], rows, [specification(chart)])


def _length(row: Row) -> str:
    """A class of lengths in plays: `1`, `2–5`, `51 or more`."""
    first, last = row["plays_from"], row["plays_to"]
    if last is None:
        return f"{first} or more"
    return f"{first}" if first == last else f"{first}–{last}"


def _most_active_sentence(answer: AnsweredQuestion) -> str:
    return rankings.leader(answer, _user, "user", nothing=NO_USER)


def _most_active_chart(answer: AnsweredQuestion) -> Drawing:
    return rankings.ranking(answer, [_user(row) for row in answer.records])


def _user(row: Row) -> str:
    names = " ".join(name for name in (row["first_name"], row["last_name"]) if name)
    return f"{words.short_name(names)} (user {row['user_id']})" if names else f"user {row['user_id']}"


def _no_users(answer: AnsweredQuestion) -> str:
    return NO_USER if answer.context.plays else answer.context.no_plays


CHAPTER = Chapter(
    name="who",
    short="Who",
    title="Who listens",
    lead="Users are people who are logged in.",
    figures=(
        Figure("active_users_by_day", _active_users_sentence, days.lines_by_level, is_wide=True),
        Figure("new_and_returning_users", _new_users_sentence, _new_users_chart, is_wide=True),
        Figure("level_changes", _level_changes_sentence, _level_changes_chart, is_wide=True),
        Figure("sessions_by_day", _sessions_by_day_sentence, _sessions_by_day_charts, is_wide=True),
        Figure("sessions_by_length", _sessions_by_length_sentence, _sessions_by_length_chart),
        Figure("most_active_users", _most_active_sentence, _most_active_chart),
    ),
)
