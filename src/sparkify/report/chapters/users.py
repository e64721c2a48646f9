"""Who listens: active, new and most active users, changes of level, and sessions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sparkify.report import days, drawings, grains, rankings, words
from sparkify.report.answers import AnsweredQuestion, Row
from sparkify.report.drawings import COUNT_AXIS, Drawing
from sparkify.report.figures import Chapter, Figure
from sparkify.words import counted

FIRST_DAYS = 30
"""Days from the first play of the warehouse in which nobody is called new: who listened before is not known."""

SHORT_SESSION, LONG_SESSION = 5, 50
"""Plays: the most of a short session, and more than those are a long one; both end a class of the question."""

NO_USER = "Nobody who was logged in played anything here."


def _active_users_sentence(answer: AnsweredQuestion) -> str:
    if not answer.rows:
        return _no_users(answer)
    begins = answer.whole_begins
    levels = dict.fromkeys(row["level"] for row in answer.records)
    parts = [_active_users(answer, level, begins) for level in levels]
    days_counted = counted(len(begins), answer.grain if len(begins) == len(answer.begins) else f"whole {answer.grain}")
    return words.capitalized(f"{words.listing(parts)} a {answer.grain}, on average of {days_counted}.")


def _active_users(answer: AnsweredQuestion, level: str | None, begins: Sequence[date]) -> str:
    """The users of a level a day, on average of some days, those without a play too."""
    rows = [row for row in answer.records if row["level"] == level and row["day"] in begins]
    mean = words.about(sum(row["active_users"] for row in rows) / len(begins))
    if level is None:
        return words.of(mean, "listener of unknown level", "listeners of unknown level")
    return words.of(mean, f"{words.isolated(level)} listener")


def _new_users_sentence(answer: AnsweredQuestion) -> str:
    """How many are new, of the time in which that can be told."""
    if not answer.rows:
        return _no_users(answer)
    first_whole = answer.context.whole_days[0]
    first_day = grains.later(first_whole, FIRST_DAYS)
    known = [row for row in answer.records if row["day"] >= first_day]
    # Of the first week or month that is asked about, the period may lack the days on which some were new.
    rows = [row for row in known if row["day"] >= (answer.filter.first_day or row["day"])] or known
    unknown = (
        f"Nobody is called new before {first_day}: the first whole day of the data is {first_whole}, and listeners who "
        f"appear within {FIRST_DAYS} days from then on may have listened before."
    )
    if not rows:
        return unknown
    new = sum(row["new_users"] for row in rows)
    since = f" from {rows[0]['day']} on" if len(rows) < len(answer.rows) else ""
    text = f"{counted(new, 'listener')} {words.are(new)} new{since}." if new else f"Nobody is new{since}."
    return f"{text} {unknown}" if len(known) < len(answer.rows) else text


def _new_users_chart(answer: AnsweredQuestion) -> Drawing:
    """Stacked bars: no user is both new and returning on one day."""
    return days.bars_of_two_counts(answer, "Users", ("var(--new)", "var(--returning)"))


def _level_changes_sentence(answer: AnsweredQuestion) -> str:
    up, down = (sum(row[column] for row in answer.records) for column in ("upgrades", "downgrades"))
    to_paid, to_free = counted(up, "change") + " to paid", counted(down, "change") + " back to free"
    level = answer.context.filter.level
    if level:
        return f"{to_paid if level == 'paid' else to_free}."
    if not answer.rows:
        return "Nobody changes level here."
    net = f"{abs(up - down):,} more {'to paid than back' if up > down else 'back than to paid'}"
    return f"{to_paid}, {to_free}: {net if up != down else 'as many of both'}."


def _level_changes_chart(answer: AnsweredQuestion) -> Drawing:
    """Upgrades point up, downgrades down."""
    length = "datum.what == 'downgrades' ? -datum.count : datum.count"
    return days.bars_of_two_counts(answer, "Changes", ("var(--paid)", "var(--free)"), length)


def _sessions_by_day_sentence(answer: AnsweredQuestion) -> str:
    if not answer.rows:
        return answer.context.no_plays
    sessions, plays = (days.sums(answer.records, column) for column in ("sessions", "plays"))
    mean = words.of(words.mean(plays.total() / sessions.total()), "play")
    busiest = days.busiest(answer, sessions, "session")
    return f"{counted(sessions.total(), 'session')} with {mean} on average{busiest}."


def _sessions_by_day_charts(answer: AnsweredQuestion) -> Drawing:
    charts = [days.bars_of_one_number(answer, column, ",~r", days.LOW) for column in ("sessions", "plays_a_session")]
    captions = (f"Sessions a {answer.grain}", "Plays a session")
    return days.drawing(answer, *charts, captions=captions)


def _sessions_by_length_sentence(answer: AnsweredQuestion) -> str:
    """The shares of short and long sessions: the classes are not equally wide, so no class is the most frequent."""
    sessions = sum(row["sessions"] for row in answer.records)
    if not sessions:
        return answer.context.no_plays
    short = sum(row["sessions"] for row in answer.records if row["plays_from"] <= SHORT_SESSION)
    long = sum(row["sessions"] for row in answer.records if row["plays_from"] > LONG_SESSION)
    return (
        f"Of {counted(sessions, 'session')}, {words.share(short, sessions)} have at most {SHORT_SESSION} plays, "
        f"{words.share(long, sessions)} more than {LONG_SESSION}."
    )


def _sessions_by_length_chart(answer: AnsweredQuestion) -> Drawing | None:
    """A bar for each class of lengths; the answer has all classes, empty ones too."""
    if not answer.context.plays:
        return None
    rows = [[_length(row), row["sessions"]] for row in answer.records]
    return Drawing(["length", "sessions"], rows, [drawings.chart("lengths", count_axis=COUNT_AXIS)])


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
    names = " ".join(name for name in (row.get("first_name"), row.get("last_name")) if name)
    shown = words.short_name(names)
    return f"{shown} (user {row['user_id']})" if shown else f"user {row['user_id']}"


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
        Figure("level_changes", _level_changes_sentence, _level_changes_chart, is_wide=True, by_level=False),
        Figure("sessions_by_day", _sessions_by_day_sentence, _sessions_by_day_charts, is_wide=True),
        Figure("sessions_by_length", _sessions_by_length_sentence, _sessions_by_length_chart),
        Figure("most_active_users", _most_active_sentence, _most_active_chart),
    ),
)
