"""The warehouse worked out a second time, in plain Python.

Nothing here uses SQL, a database or the program's own code, so that agreement between the two says
something. Each rule is one small function; `warehouse` puts them together.

Text is compared by its UTF-8 bytes. Python compares text by code points, which is the same order.
"""

import hashlib
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from harness import reading
from harness.reading import Event, Record, Recording
from harness.rows import Row

Item = TypeVar("Item")
Key = TypeVar("Key", bound=Hashable)

COLUMNS = {
    "songplays": (
        "songplay_id",
        "start_time",
        "user_id",
        "level",
        "song_id",
        "artist_id",
        "session_id",
        "location",
        "user_agent",
        "item_in_session",
        "title",
        "artist_name",
        "duration",
    ),
    "users": (
        "user_id",
        "first_name",
        "last_name",
        "gender",
        "level",
        "latest_start_time",
        "latest_item_in_session",
        "registered_at",
    ),
    "songs": ("song_id", "title", "artist_id", "year", "duration"),
    "artists": ("artist_id", "name", "location", "latitude", "longitude"),
    "time": ("start_time", "hour", "day", "week", "month", "year", "weekday"),
    "page_views": (
        "page_view_id",
        "start_time",
        "user_id",
        "level",
        "session_id",
        "item_in_session",
        "page",
        "method",
        "status",
        "auth",
        "location",
        "user_agent",
    ),
}


# ---------------------------------------------------------------- the six tables


def warehouse(song_objects: Mapping[str, Sequence[Record]], events: Iterable[Record]) -> dict[str, list[Row]]:
    """The rows of every star table, sorted by their first column, columns as in `COLUMNS`.

    `song_objects` maps the name of an object to the records of its newest content; `events` are all
    events ever delivered, in any order and any number of times.
    """
    catalogue = [reading.recording(record) for records in song_objects.values() for record in records]
    log = [reading.event(record) for record in events]
    songplays = list(songplay_rows(log, catalogue))
    tables = {
        "songplays": songplays,
        "users": list(user_rows(log)),
        "songs": list(song_rows(catalogue)),
        "artists": list(artist_rows(catalogue)),
        "time": list(time_rows(start_time for _, start_time, *_ in songplays)),
        "page_views": list(page_view_rows(log)),
    }
    return {table: sorted(rows, key=lambda row: row[0]) for table, rows in tables.items()}


def songplay_rows(log: Iterable[Event], catalogue: Iterable[Recording]) -> Iterator[Row]:
    """One row per NextSong event, matched to a song or not."""
    recordings = grouped(catalogue, lambda one: (one.title, one.artist_name))
    plays = (one for one in log if one.page == "NextSong")
    for same_play in grouped(plays, event_key).values():
        play = max(same_play, key=play_rank)
        match = matching_recording(play, recordings.get((play.title, play.artist_name), []))
        yield (
            songplay_id(play),
            moment(play.ts),
            play.user_id,
            play.level,
            match.song_id if match else None,
            match.artist_id if match else None,
            play.session_id,
            play.location,
            play.user_agent,
            play.item_in_session,
            play.title,
            play.artist_name,
            play.duration,
        )


def page_view_rows(log: Iterable[Event]) -> Iterator[Row]:
    """One row per event of another page than NextSong, and page."""
    views = (one for one in log if one.page != "NextSong")
    for same_view in grouped(views, lambda one: (event_key(one), one.page)).values():
        view = max(same_view, key=page_view_rank)
        yield (
            digest(digest(event_text(view)) + (view.page or "")),
            moment(view.ts),
            view.user_id,
            view.level,
            view.session_id,
            view.item_in_session,
            view.page,
            view.method,
            view.status,
            view.auth,
            view.location,
            view.user_agent,
        )


def user_rows(log: Iterable[Event]) -> Iterator[Row]:
    """One row per user_id, as of that user's latest event of any page."""
    of_users = (one for one in log if one.user_id is not None)
    for user_id, same_user in grouped(of_users, lambda one: one.user_id).items():
        latest = max(same_user, key=user_rank)
        yield (
            user_id,
            latest.first_name,
            latest.last_name,
            latest.gender,
            latest.level,
            moment(latest.ts),
            latest.item_in_session,
            registered_at(latest),
        )


def song_rows(catalogue: Iterable[Recording]) -> Iterator[Row]:
    """One row per song_id."""
    for song_id, same_song in grouped(catalogue, lambda one: one.song_id).items():
        chosen = min(same_song, key=song_rank)
        yield song_id, chosen.title, chosen.artist_id, chosen.year, chosen.duration


def artist_rows(catalogue: Iterable[Recording]) -> Iterator[Row]:
    """One row per artist_id, taken whole from one record of the catalogue."""
    for artist_id, same_artist in grouped(catalogue, lambda one: one.artist_id).items():
        chosen = min(same_artist, key=artist_rank)
        yield artist_id, chosen.artist_name, chosen.location, chosen.latitude, chosen.longitude


def time_rows(start_times: Iterable[datetime]) -> Iterator[Row]:
    """One row per distinct start time of a play; ISO week, weekday 0 = Sunday."""
    for when in set(start_times):
        week = when.isocalendar().week
        weekday = when.isoweekday() % 7
        yield when, when.hour, when.day, week, when.month, when.year, weekday


# ---------------------------------------------------------------- which candidate is the row


def event_key(one: Event) -> tuple[str | None, int, int, int]:
    """What makes two delivered events the same event; a missing user is equal to itself."""
    return one.user_id, one.session_id, one.item_in_session, one.ts


def play_rank(play: Event) -> Row:
    """Of two contents under one event key, the greatest is the play."""
    return nulls_lowest(play.level, play.location, play.user_agent, play.title, play.artist_name, play.duration)


def page_view_rank(view: Event) -> Row:
    """Of two contents under one key, the greatest is the page view."""
    return nulls_lowest(view.level, view.method, view.status, view.auth, view.location, view.user_agent)


def user_rank(one: Event) -> Row:
    """The greatest is the user's latest event."""
    names = nulls_lowest(one.first_name, one.last_name, one.gender, one.level, registered_at(one))
    return one.ts, one.item_in_session, names


def song_rank(one: Recording) -> Row:
    """The lowest is the song: year known, then the columns."""
    columns = nulls_last(one.title, one.artist_id, one.duration, one.year)
    return one.year is None, columns


def artist_rank(one: Recording) -> Row:
    """The lowest is the artist: coordinates, then location known, then the shortest name."""
    return (
        one.latitude is None or one.longitude is None,
        one.location is None,
        nulls_last(None if one.artist_name is None else len(one.artist_name)),
        nulls_last(one.artist_name, one.location, one.latitude, one.longitude),
    )


def matching_recording(play: Event, namesakes: Sequence[Recording]) -> Recording | None:
    """Of the recordings with the play's title and artist name, the nearest in duration."""
    if play.title is None or play.artist_name is None or not namesakes:
        return None

    def distance_rank(one: Recording) -> Row:
        distance = None if one.duration is None or play.duration is None else abs(one.duration - play.duration)
        return nulls_last(distance), one.song_id, one.artist_id

    return min(namesakes, key=distance_rank)


def nulls_lowest(*values: Any) -> Row:
    """The values in a form that compares, None below everything else."""
    return tuple((value is not None, value) for value in values)


def nulls_last(*values: Any) -> Row:
    """The values in a form that compares, None above everything else."""
    return tuple((value is None, value) for value in values)


def grouped(items: Iterable[Item], key: Callable[[Item], Key]) -> dict[Key, list[Item]]:
    """The items by their key."""
    groups: dict[Key, list[Item]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return groups


# ---------------------------------------------------------------- values of a row


def moment(ts: int) -> datetime:
    """Epoch milliseconds as a naive UTC time."""
    return datetime(1970, 1, 1) + timedelta(milliseconds=ts)


def registered_at(one: Event) -> datetime | None:
    """When the user signed up, cut to whole milliseconds; None where that is in no year from 1 to 9999."""
    if one.registration is None or not -62135596800000 <= one.registration <= 253402300799999:
        return None
    return moment(int(one.registration))


def songplay_id(play: Event) -> str:
    """The md5 of the event key in hexadecimal digits."""
    return digest(event_text(play))


def event_text(one: Event) -> str:
    """The event key as one text."""
    return f"{one.session_id}|{one.item_in_session}|{one.ts}|{one.user_id or ''}"


def digest(key: str) -> str:
    """The md5 of a text in hexadecimal digits."""
    return hashlib.md5(key.encode(), usedforsecurity=False).hexdigest()
