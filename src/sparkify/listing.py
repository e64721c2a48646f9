"""What a run can load: the objects below SONG_DATA and LOG_DATA, and the key of a record that fills each column."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from sparkify import sql_queries
from sparkify.config import Config
from sparkify.engines.engine import Source
from sparkify.errors import ConfigError
from sparkify.plan import Kind, Plan
from sparkify.progress import Progress
from sparkify.records import jsonpaths
from sparkify.store import Listing, ObjectStore, Stores
from sparkify.words import size_in_words

Listings = dict[Kind, Listing]
"""What was listed of each kind. Songs are missing where only new logs are looked for."""


def locations(config: Config, since: date | None = None) -> dict[Kind, str]:
    """The prefixes that a run lists: songs and logs, and with `since` only logs."""
    songs: dict[Kind, str] = {} if since else {"songs": config.store.song_data}
    return songs | {"events": config.store.log_data}


def list_objects(config: Config, progress: Progress, since: date | None = None) -> tuple[Source, Listings]:
    """List both prefixes, and read the JSONPaths file.

    With `since`, only logs are listed, and of them none in folders of days before that.

    Raises:
        AccessError: a prefix cannot be listed, or the file cannot be read.
        ConfigError: the file is no JSONPaths file, or whole prefixes are read, which `since` would cut.
    """
    if since and config.reads_prefixes:
        why = "Redshift copies whole prefixes, because [S3] WORK is not set"
        raise ConfigError(f"--since cannot be used: {why}; set WORK, or load without --since")
    opened = Stores(config)
    name, content = opened.read_one(config.store.log_jsonpath)
    stores: dict[Kind, ObjectStore] = {
        "songs": opened.open(config.store.song_data),
        "events": opened.open(config.store.log_data),
    }
    paths: dict[Kind, Mapping[str, jsonpaths.Path]] = {
        "songs": {c: (c,) for c in sql_queries.columns("staging_songs") if c != "source_file"},
        "events": jsonpaths.parse(content, name, [*sql_queries.columns("staging_events")]),
    }
    listings: Listings = {}
    for kind in locations(config, since):
        store = stores[kind]
        with progress.phase(f"list {store.location}{f' since {since}' if since else ''}"):
            listings[kind] = store.list_objects(since).without(name)
        progress.warn(*listings[kind].warnings)
        if config.reads_prefixes:
            listings[kind] = listings[kind].as_one(store.location)
    _require_apart(listings, stores["songs"])
    return Source(stores, paths), listings


def _require_apart(listings: Listings, song_store: ObjectStore) -> None:
    """Make sure that no object is both a log and a song file; where songs are not listed, that no log lies among them.

    Raises:
        ConfigError: one is.
    """
    events = listings["events"].objects
    if "songs" not in listings:
        begin = song_store.item("").name
        if among := next((item.name for item in events if item.name.startswith(begin)), None):
            raise _not_apart(among)
        return
    songs = listings["songs"].objects
    # Both are sorted by name, so where neither prefix holds the other, all names of one are before those of the other.
    if not songs or not events or songs[-1].name < events[0].name or events[-1].name < songs[0].name:
        return
    if both := next((item.name for item in events if songs.index_of_name(item.name) is not None), None):
        raise _not_apart(both)


def _not_apart(name: str) -> ConfigError:
    fix = "set [S3] LOG_DATA and SONG_DATA to prefixes that do not hold each other"
    return ConfigError(f"{name}: lies below LOG_DATA and below SONG_DATA; {fix}")


def warn_of_prefixes(config: Config, plan: Plan, progress: Progress) -> None:
    """Warn of what a load costs that reads whole prefixes, because [S3] WORK is missing: those with new data."""
    if not plan.batches or not config.reads_prefixes:
        return
    prefixes = [*plan.objects]
    size = size_in_words(sum(item.size for item in prefixes))
    places = " and ".join(item.name for item in prefixes)
    why = "whenever one object is new"
    progress.warn(
        f"[S3] WORK is not set: Redshift copies all of {places} {why}, now {size}; set WORK to copy new objects alone"
    )


def only_rejected(listings: Listings, rejected: Mapping[tuple[Kind, str], str], progress: Progress) -> Listings:
    """The objects in which records were rejected, by kind and key, and no others; a warning for each that is gone."""
    chosen = {
        kind: listing.only({key for of_kind, key in rejected if of_kind == kind}) for kind, listing in listings.items()
    }
    there = {(kind, item.key) for kind, listing in chosen.items() for item in listing.objects}
    for name in sorted(name for object_key, name in rejected.items() if object_key not in there):
        progress.warn(f"{name} is no longer there; its rejected records stay")
    return chosen
