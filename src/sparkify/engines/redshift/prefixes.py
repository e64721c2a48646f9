"""The mode without `[S3] WORK`: COPY reads all that lies below a prefix, each run, as one object."""

from __future__ import annotations

from functools import cache

from sparkify import sql_queries
from sparkify.engines.redshift.copy import OWN_KEY
from sparkify.engines.redshift.load_errors import CopyError, reported_name
from sparkify.engines.redshift.loader import Loader, Origin
from sparkify.plan import Kind
from sparkify.records import faults
from sparkify.store import StoredObject
from sparkify.store.names import packing

KEYS = ("song_id", "artist_id")
"""The keys of a song. An empty one is good for COPY, and yet the record is bad."""

EMPTY_KEY = " or ".join(f"rtrim({key}, ' ') = ''" for key in KEYS)
"""The rows of such records."""


def copy_prefix(loader: Loader, kind: Kind, whole: StoredObject) -> None:
    """Copy all objects below a prefix."""

    @cache
    def listed() -> dict[str, list[StoredObject | None]]:
        """The objects of each reported name; None is one that is no data elsewhere, and that COPY reads here.

        `a.json` and `a.json ` are two objects, which Redshift reports by one name.
        """
        by_name: dict[str, list[StoredObject | None]] = {}
        listing = loader.source.stores[kind].list_objects()
        for item in listing.objects:
            by_name.setdefault(reported_name(item.name), []).append(item)
        for ignored in listing.ignored:
            by_name.setdefault(reported_name(ignored.name), []).append(None)
        return by_name

    def origin(error: CopyError) -> Origin:
        items = listed().get(error.file, [])
        return whole.name, error.line, items[0] if len(items) == 1 else None

    columns = [c for c in sql_queries.columns(sql_queries.STAGING[kind]) if c != OWN_KEY]

    def is_copied(name: str) -> bool:
        return name.startswith(reported_name(whole.name))

    copied, refused = loader.copy(kind, columns, whole.name, packing(whole.path), is_copied, origin)
    without_key = loader.connection.execute(f"delete from staging_songs where {EMPTY_KEY}") if kind == "songs" else 0
    loader.staged.records[whole.name] += copied + refused - without_key
    for _ in range(without_key):
        loader.staged.reject(whole.name, None, f"song_id: {faults.MISSING}, or artist_id is", b"")
