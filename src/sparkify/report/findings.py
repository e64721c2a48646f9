"""What an answer says, in a sentence: right for no rows, for one, and for several that share the first place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from sparkify.questions import MOST
from sparkify.report import charts, rankings, user_agents, words
from sparkify.report.answers import AnsweredQuestion, Row, Surroundings
from sparkify.words import counted

NO_USER = "Nobody who was logged in played anything here."


def totals(answer: AnsweredQuestion, around: Surroundings) -> str:
    """How much there is, and over which days."""
    [row] = answer.records
    if not row["plays"]:
        return around.no_plays
    plays, sessions = counted(row["plays"], "play"), counted(row["sessions"], "session")
    first, last = row["first_play"].date(), row["last_play"].date()
    days = f"on {words.day(first)}" if first == last else f"from {words.day(first)} to {words.day(last)}"
    return (
        f"{plays} by {counted(row['listeners'], 'listener')} in {sessions}, {days} (UTC); "
        f"{words.share(row['matched_plays'], row['plays'])} of them are of songs in the catalogue."
    )


def songs(answer: AnsweredQuestion, around: Surroundings) -> str:
    """Which song leads."""
    return _leader(answer, around, _song, "song")


def missing_songs(answer: AnsweredQuestion, around: Surroundings) -> str:
    """Which song the catalogue lacks most."""
    if not answer.rows and around.plays:
        return "None: every play here is of a song in the catalogue."
    return _leader(answer, around, _song, "song", first="is missed most", several="are missed most")


def artists(answer: AnsweredQuestion, around: Surroundings) -> str:
    """Which artist leads."""
    return _leader(answer, around, lambda row: _named(row["artist_name"], "an unknown artist"), "artist")


def users(answer: AnsweredQuestion, around: Surroundings) -> str:
    """Who listens most."""
    return _leader(answer, around, rankings.user_name, "user", nothing=NO_USER)


def cities(answer: AnsweredQuestion, around: Surroundings) -> str:
    """Which city leads."""
    return _leader(answer, around, rankings.place_name, "city", "cities")


def states(answer: AnsweredQuestion, around: Surroundings) -> str:
    """Which state leads."""
    return _leader(answer, around, lambda row: _named(row["state"], "an unknown state"), "state")


def plays_by_day(answer: AnsweredQuestion, around: Surroundings) -> str:
    """How many days, and which of them has the most plays."""
    if not answer.rows:
        return around.no_plays
    by_day = _by_day(answer.records, "plays")
    days = counted(len(by_day), "day")
    paid = sum(row["plays"] for row in answer.records if row["level"] == "paid")
    of_paid = "" if around.chosen.level else f", {words.share(paid, by_day.total())} of them of paid listeners"
    return f"{counted(by_day.total(), 'play')} on {days}{of_paid}; {_busiest(by_day, 'play')}."


def plays_by_weekday_and_hour(answer: AnsweredQuestion, around: Surroundings) -> str:
    """At which hour of the week people listen most."""
    if not answer.rows:
        return around.no_plays
    most = max(row["plays"] for row in answer.records)
    hours = [_hour(row) for row in answer.records if row["plays"] == most]
    plays = counted(most, "play")
    if len(hours) > words.LONGEST_LIST:
        return f"{counted(len(hours), 'hour')} of the week share the first place, with {plays} each."
    each = " each" if len(hours) > 1 else ""
    return f"The busiest: {words.listing(hours)} (UTC), with {plays}{each}, {words.share(most, around.plays)} of all."


def active_users(answer: AnsweredQuestion, around: Surroundings) -> str:
    """On which day most people listen at each level."""
    if not answer.rows:
        return NO_USER if around.plays else around.no_plays
    levels = dict.fromkeys(row["level"] for row in answer.records)
    return " ".join(
        f"Of {_listeners(level)}, {_busiest(_by_day(_of_level(answer, level), 'active_users'), 'user')}."
        for level in levels
    )


def new_and_returning(answer: AnsweredQuestion, around: Surroundings) -> str:
    """How many users are new, and when most of them come."""
    if not answer.rows:
        return NO_USER if around.plays else around.no_plays
    new = _by_day(answer.records, "new_users")
    if not new.total():
        return "Nobody is new here: all users have played before."
    last = answer.records[-1]
    users = counted(last["new_users"] + last["returning_users"], "user")
    return (
        f"{counted(new.total(), 'user')} {words.are(new.total())} new; {_busiest(new, 'new user')}. "
        f"On the last day, {words.day(last['day'])}, {last['new_users'] or 'none'} of {users} "
        f"{words.are(last['new_users'] or 1)} new."
    )


def level_changes(answer: AnsweredQuestion, around: Surroundings) -> str:
    """How many users came to pay, and how many ceased to."""
    up, down = (sum(row[column] for row in answer.records) for column in ("upgrades", "downgrades"))
    to_paid, to_free = counted(up, "change") + " to paid", counted(down, "change") + " back to free"
    if around.chosen.level:
        return f"{to_paid if around.chosen.level == 'paid' else to_free}."
    if not answer.rows:
        return "Nobody changes level here."
    net = f"{counted(abs(up - down), 'payer')} {'more' if up > down else 'fewer'} than before"
    return f"{to_paid}, {to_free}: {net if up != down else 'as many payers as before'}."


def sessions_by_day(answer: AnsweredQuestion, around: Surroundings) -> str:
    """How many sessions there are, and how many plays one has."""
    if not answer.rows:
        return around.no_plays
    sessions, plays = _by_day(answer.records, "sessions"), _by_day(answer.records, "plays")
    mean = plays.total() / sessions.total()
    plays_a_session = f"{words.rounded(mean)} {'play' if mean == 1 else 'plays'} on average"
    return f"{counted(sessions.total(), 'session')} with {plays_a_session}; {_busiest(sessions, 'session')}."


def sessions_by_length(answer: AnsweredQuestion, around: Surroundings) -> str:
    """Which class of sessions is the most frequent."""
    sessions = sum(row["sessions"] for row in answer.records)
    if not sessions:
        return around.no_plays
    most = max(row["sessions"] for row in answer.records)
    longest = [charts.length_name(row) for row in answer.records if row["sessions"] == most]
    each = " each" if len(longest) > 1 else ""
    frequency = f"{counted(most, 'session')}{each} ({words.share(most, sessions)} of all)"
    return f"The most frequent: sessions of {words.listing(longest)} {_plays(longest[-1])}, {frequency}."


def user_agent_families(answer: AnsweredQuestion, around: Surroundings) -> str:
    """Which browser and which system lead."""
    if not answer.rows:
        return around.no_plays
    browsers, systems = user_agents.plays_by_family(answer.records)
    return f"Among browsers, {_family(browsers)}; among systems, {_family(systems)}."


def _leader(
    answer: AnsweredQuestion,
    around: Surroundings,
    name: Callable[[Row], str],
    one: str,
    many: str = "",
    *,
    first: str = "leads",
    several: str = "lead",
    nothing: str = "",
) -> str:
    """Who has the first place of a ranking by plays, alone or with others."""
    if not answer.rows:
        return nothing if nothing and around.plays else around.no_plays
    most = answer.records[0]["plays"]
    leaders = [name(row) for row in answer.records if row["plays"] == most]
    plays, part = counted(most, "play"), f"{words.share(most, around.plays)} of all"
    if len(leaders) == 1 == len(answer.rows):
        return _sentence(f"{leaders[0]} is the only one, with {plays}, {part}.")
    if len(leaders) == 1:
        return _sentence(f"{leaders[0]} {first} with {plays}, {part}.")
    if len(leaders) <= words.LONGEST_LIST:
        return _sentence(f"{words.listing(leaders)} {several} with {plays} each, {part}.")
    at_least = "At least " if len(leaders) == len(answer.rows) == MOST else ""
    return f"{at_least}{counted(len(leaders), one, many)} share the first place, with {plays} each, {part}."


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}"


def _song(row: Row) -> str:
    artist = _named(row["artist_name"], "an unknown artist")
    return f"{words.quoted(row['title'])} by {artist}"


def _named(text: str | None, unknown: str) -> str:
    return unknown if text is None else words.isolated(text)


def _by_day(rows: Iterable[Row], column: str) -> Counter[date]:
    by_day: Counter[date] = Counter()
    for row in rows:
        by_day[row["day"]] += row[column]
    return by_day


def _of_level(answer: AnsweredQuestion, level: str | None) -> list[dict[str, Any]]:
    return [row for row in answer.records if row["level"] == level]


def _listeners(level: str | None) -> str:
    return "listeners of unknown level" if level is None else f"{words.isolated(level)} listeners"


def _busiest(by_day: Mapping[date, int], one: str) -> str:
    """The day that has the most, or how many share that place."""
    most = max(by_day.values())
    days = [words.day(day) for day, count in by_day.items() if count == most]
    if len(days) > words.LONGEST_LIST:
        return f"the most, {counted(most, one)} a day, on {counted(len(days), 'day')}"
    each = " each" if len(days) > 1 else ""
    return f"the most on {words.listing(days)}: {counted(most, one)}{each}"


def _hour(row: Row) -> str:
    return f"{charts.WEEKDAYS[row['weekday']]} from {row['hour']}:00 to {row['hour'] + 1}:00"


def _plays(length: str) -> str:
    return "play" if length == "1" else "plays"


def _family(plays: Counter[str]) -> str:
    most = max(plays.values())
    leaders: Sequence[str] = sorted(words.isolated(name) for name, count in plays.items() if count == most)
    part = f"{counted(most, 'play')}{' each' if len(leaders) > 1 else ''} ({words.share(most, plays.total())})"
    if len(leaders) > words.LONGEST_LIST:
        return f"{len(leaders)} lead with {part}"
    return f"{words.listing(leaders)} {'leads' if len(leaders) == 1 else 'lead'} with {part}"
