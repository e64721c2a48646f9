"""Invent a bucket of Sparkify's shape on disk: song metadata, activity logs, their JSONPaths file.

The files follow the real ones in layout, key order, escaping and quirks, at any size; every name in them is invented.
They depend on (songs, events, seed) alone, byte for byte. Events are streamed in order of time: memory holds the users
and the sessions open at the moment, never the events.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby, islice
from pathlib import Path
from random import Random

from sparkify.sample import catalogue
from sparkify.sample.lexicon import json_text
from sparkify.sample.month import DAY_S, MONTH_START_S
from sparkify.sample.plays import MOST_HITS, Play, hit
from sparkify.sample.sessions import App, Event

LOG_COLUMNS = [
    *("artist", "auth", "firstName", "gender", "itemInSession", "lastName", "length", "level"),
    *("location", "method", "page", "registration", "sessionId", "song", "status", "ts"),
    *("userAgent", "userId"),
]

JSONPATHS = json.dumps({"jsonpaths": [f"$['{column}']" for column in LOG_COLUMNS]}, indent=4)
"""The text of the JSONPaths file: which key of an event fills which column of `staging_events`."""

LINES = 8_192
"""Lines of a log that are written at a time."""


@dataclass(frozen=True)
class Sample:
    """What was written: song records, log events, files (with the JSONPaths file), their bytes."""

    songs: int
    events: int
    files: int
    bytes: int


def write_sample(folder: Path, songs: int, events: int, seed: int) -> Sample:
    """Write a bucket of `songs` song files, and `events` log events over 30 days, to `folder`.

    From 30 events on every day has some; a day without events has no file.

    Raises:
        ValueError: a number is negative, or the folder already holds a bucket.
    """
    if songs < 0 or events < 0:
        raise ValueError(f"songs={songs}, events={events}: use 0 or more; nothing was written")
    _require_no_bucket(folder)
    for name in ("song_data", "log_data/2018/11"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "log_json_path.json").write_bytes(JSONPATHS.encode())
    rng = Random(seed)
    hits, song_bytes = _write_songs(folder / "song_data", rng, songs)
    log_files, log_bytes = _write_logs(folder / "log_data/2018/11", App(rng, events, hits).events())
    size = len(JSONPATHS) + song_bytes + log_bytes
    return Sample(songs, events, files=songs + log_files + 1, bytes=size)


def _require_no_bucket(folder: Path) -> None:
    """Make sure that a folder holds no bucket yet.

    Raises:
        ValueError: it does, or it is a file.
    """
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder} is a file: name a new or an empty folder; nothing was written")
    for path in (folder / "song_data", folder / "log_data", folder / "log_json_path.json"):
        is_empty = path.is_dir() and not any(path.iterdir())
        if path.is_symlink() or (path.exists() and not is_empty):
            raise ValueError(
                f"{path} is already there: name a new or an empty folder, or delete song_data, "
                "log_data and log_json_path.json; nothing was written"
            )


def _write_songs(folder: Path, rng: Random, count: int) -> tuple[list[Play], int]:
    """Write a file for each song of the catalogue; return the songs that listeners may play, and the bytes written."""
    hits: list[Play] = []
    made: set[Path] = set()
    size = 0
    for number, song in enumerate(catalogue.songs(rng, count)):
        x, y = rng.choices(catalogue.LETTERS, k=2)
        name = catalogue.code(rng, f"TRA{x}{y}", 2, f"128F{number * 40_503_817 % 2**28:07X}.json")
        subfolder = folder / "A" / x / y
        if subfolder not in made:
            subfolder.mkdir(parents=True)
            made.add(subfolder)
        size += (subfolder / name).write_bytes(json_text(song).encode())
        if len(hits) < MOST_HITS:
            hits.append(hit(song))
    return hits, size


def _write_logs(folder: Path, events: Iterator[Event]) -> tuple[int, int]:
    """Write a file for each day (UTC) that has events; return the number of files and of bytes."""
    files = size = 0
    for day, lines in groupby(events, key=lambda event: event[0] // (1000 * DAY_S)):
        number = day - MONTH_START_S // DAY_S + 1
        with (folder / f"2018-11-{number:02}-events.json").open("wb") as file:
            newline = ""
            while batch := [line for _, _, line in islice(lines, LINES)]:
                size += file.write((newline + "\n".join(batch)).encode())
                newline = "\n"
        files += 1
    return files, size
