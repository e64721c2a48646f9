"""Deliveries of songs and logs, and the scenes in which they are loaded."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness import oracle, records
from harness.scenes import Scene
from harness.states import State, state_of
from harness.warehouse import Sparkify, object_key

BY_FILES = 64_000
"""Logs of more bytes than this are read by DuckDB itself."""

SONGS = {
    "song_data/A/A.json": {"song_id": "SOA", "title": "Dark Forest", "artist_id": "ARA", "artist_name": "Ada Sol"},
    "song_data/A/B.json": {"song_id": "SOB", "title": "Still River", "artist_id": "ARB", "artist_name": "Bo Ray"},
}
LATER_SONGS = {
    "song_data/A/A.json": {"song_id": "SOA", "title": "Dark Woods", "artist_id": "ARA", "artist_name": "Ada Sol"},
    "song_data/B/C.json": {"song_id": "SOC", "title": "Far Coast", "artist_id": "ARC", "artist_name": "Ada"},
}
HEARD = [("Dark Forest", "Ada Sol"), ("Still River", "Bo Ray"), ("Far Coast", "Ada"), ("Dark Woods", "Ada Sol")]
HOUR = 3_600_000
BROKEN = '{"page": "NextSong", "ts": 15410'


def song(words: Mapping[str, str]) -> dict[str, Any]:
    """A record of the catalogue."""
    return records.song(**words, duration=200.5, year=0)


def event(number: int, **other: Any) -> dict[str, Any]:
    """The n-th event of the log, of five users; every fourth is no play."""
    title, artist = HEARD[number // 2 % len(HEARD)]
    play = {"page": "NextSong", "method": "PUT", "song": title, "artist": artist, "length": 200.0}
    no_play = {"page": "Home", "method": "GET", "song": None, "artist": None, "length": None}
    return (
        records.event(
            **(play if number % 4 else no_play),
            firstName=f"First{number % 5}",
            lastName="Last",
            userId=f"{number % 5}",
            sessionId=number % 5,
            itemInSession=number // 5,
            level="paid" if number > 60 else "free",
            location="Lodz",
            userAgent="Mozilla " * 80,
            ts=1541030400000 + number * HOUR,
        )
        | other
    )


LOGS = {
    "log_data/2018/01.json": [event(n) for n in range(8)],
    "log_data/2018/02.json": [event(n) for n in range(8, 80)],
}
CHANGED = event(9, level="paid", location="Zurich")
LATER_LOGS = {
    "log_data/2018/00.json": [event(n) for n in range(-4, 0)],
    "log_data/2018/02.json": [*LOGS["log_data/2018/02.json"], CHANGED, *(event(n) for n in range(80, 84))],
}


def deliver(
    scene: Scene, songs: Mapping[str, Mapping[str, str]], logs: Mapping[str, Sequence[Any]], end: str = ""
) -> None:
    """Lay objects over a bucket; `end` is what the largest log ends with."""
    for key, words in songs.items():
        scene.sparkify.put(key, json.dumps(song(words)))
    for key, events in logs.items():
        lines = "".join(f"{json.dumps(each)}\n" for each in events)
        scene.sparkify.put(key, lines + (end if len(lines) > BY_FILES else ""))


def first_load(folder: Path) -> Scene:
    """Two songs and two logs for an empty warehouse, from a folder and in one batch; the larger log goes by files."""
    scene = with_tables(folder, store="bucket", batch_size="1 GB")
    deliver(scene, SONGS, LOGS)
    return with_states(scene, batches=1)


def second_load(folder: Path) -> Scene:
    """A second delivery, from S3 and in two batches; the first delivery is loaded.

    The first batch holds a song in another version, a song that plays waited for, and an older log; the second a log
    that has grown. That one holds a play in another version and a broken line, so that it goes by files and, as that
    does not do, then by lines.
    """
    scene = with_tables(folder, store="s3://bucket", batch_size="64 KB")
    deliver(scene, SONGS, LOGS)
    assert scene.run(scene.warehouse, "etl").exit_code == 0
    deliver(scene, LATER_SONGS, LATER_LOGS, end=f"{BROKEN}\n")
    return with_states(scene, batches=2)


SCENES: dict[str, Callable[[Path], Scene]] = {"the first load": first_load, "a second delivery": second_load}


def with_tables(folder: Path, store: str, batch_size: str) -> Scene:
    """A warehouse with its tables, and a bucket that holds nothing but its JSONPaths file."""
    sparkify = Sparkify(folder)
    sparkify.configure(store, MAX_ERRORS=5, BATCH_SIZE=batch_size)
    scene = Scene(sparkify, ("etl",), sparkify.database)
    assert scene.run(scene.warehouse, "create-tables").exit_code == 0
    return scene


def with_states(scene: Scene, batches: int) -> Scene:
    """The scene with the states after each whole batch: what a bucket of the objects of those batches comes to."""
    plan = json.loads(scene.run(scene.warehouse, "etl", "--dry-run", "--json").out)["batches"]
    assert len(plan) == batches
    keys = [[object_key(entry["object"]) for entry in batch] for batch in plan]
    parts = [[key for batch in keys[:n] for key in batch] for n in range(1, batches + 1)]
    states = [state_of(scene.warehouse), *(_state_of_part(scene, part) for part in parts)]
    assert all(state not in states[:n] for n, state in enumerate(states)), "two states are equal"
    return replace(scene, states=tuple(states))


def _state_of_part(scene: Scene, keys: Iterable[str]) -> State:
    """What a load of some objects of the bucket comes to; as hard links they keep their ETags."""
    warehouse = scene.copied("part")
    part = Sparkify(warehouse.parent)
    shutil.copyfile(scene.sparkify.config, part.config)
    for key in keys:
        link = part.bucket / key
        link.parent.mkdir(parents=True, exist_ok=True)
        os.link(scene.sparkify.bucket / key, link)
    outcome = replace(scene, sparkify=part).run(warehouse, "etl")
    assert outcome.exit_code == 0, outcome.err
    state = state_of(warehouse)
    shutil.rmtree(part.folder)
    return state


def star_schema(*deliveries: tuple[Mapping[str, Mapping[str, str]], Mapping[str, Sequence[Any]]]) -> State:
    """The star schema of some deliveries by the second computation, in the form of a state."""
    songs: dict[str, list[dict[str, Any]]] = {}
    events: list[Any] = []
    for delivered_songs, delivered_logs in deliveries:
        songs |= {key: [song(words)] for key, words in delivered_songs.items()}
        events += [each for log in delivered_logs.values() for each in log]
    return {table: sorted(rows, key=repr) for table, rows in oracle.warehouse(songs, events).items()}
