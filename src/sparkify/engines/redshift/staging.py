"""Stage the records of a batch in Redshift by COPY, which reads objects in S3 with the rights of the role.

With `[S3] WORK`, manifests name the objects of the batch and no others: large logs are copied where they lie, all
others are joined into parts (`parts.py`). Without WORK, COPY reads whole prefixes (`prefixes.py`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from sparkify import sql_queries
from sparkify.engines.engine import CarefulReadingNeededError, Source
from sparkify.engines.redshift import batch_tables
from sparkify.engines.redshift.connection import Connection
from sparkify.engines.redshift.copy import OWN_KEY, copy
from sparkify.engines.redshift.load_errors import CopyError, reported_name
from sparkify.engines.redshift.loader import AGAIN, Loader, Origin
from sparkify.engines.redshift.parts import LARGE, Part, PartWriter
from sparkify.engines.redshift.prefixes import copy_prefix
from sparkify.engines.redshift.regions import are_near, jsonpaths_near
from sparkify.engines.redshift.work import Work
from sparkify.engines.staged import Staged
from sparkify.errors import AccessError, CheckError, LoadError, ObjectChangedError
from sparkify.plan import KINDS, Batch, Kind
from sparkify.records.compression import HEAD, PackError, packing_of
from sparkify.records.record import BOM
from sparkify.store import ObjectStore, StoredObject
from sparkify.store.names import packing

READS = 16
"""Large logs whose first bytes are read at a time."""


def stage(
    connection: Connection,
    work: Work | None,
    batch: Batch,
    source: Source,
    staged: Staged,
    done: Callable[[int], None],
    *,
    careful: bool,
) -> None:
    """Stage the songs and the events of a batch; see `Engine.stage`.

    A careful reading copies each large log by a statement of its own, which tells its number of records.
    """
    loader = Loader(connection, work, source, staged)
    if work:
        _stage_objects(loader, work, batch, done, careful=careful)
    else:
        for kind in KINDS:
            for whole in batch.of(kind):
                copy_prefix(loader, kind, whole)
                done(1)


def examine_role(connection: Connection, work: Work | None, song: StoredObject, log: StoredObject) -> str:
    """Let Redshift read one object of each kind without loading it, into tables that last no longer than this.

    Logs in another region than WORK are not read where they lie.
    """
    _examine_copy(connection, "songs", song, "auto")
    if work and not are_near(connection, work.location, log.name):
        return f"{connection.cluster.role} may read songs; logs go through [S3] WORK, which lies in another region"
    _examine_copy(connection, "events", log, jsonpaths_near(connection, work, log.name))
    return f"{connection.cluster.role} may read songs and logs"


def _examine_copy(connection: Connection, kind: Kind, item: StoredObject, mapping: str) -> None:
    table = sql_queries.STAGING[kind]
    columns = [c for c in sql_queries.columns(table) if c != OWN_KEY]
    with connection.transaction():
        for statement in batch_tables.declared([table]):
            connection.execute(statement)
        copy(connection, table, columns, item.name, mapping, packing(item.path), most_bad=0, is_trial=True)
        connection.execute(f"drop table {table}")


def _stage_objects(loader: Loader, work: Work, batch: Batch, done: Callable[[int], None], *, careful: bool) -> None:
    stores, staged = loader.source.stores, loader.staged
    may_stay = are_near(loader.connection, work.location, loader.connection.config.store.log_data)
    in_place, others = _sorted_logs(stores["events"], batch.events, staged, done, may_stay=may_stay)
    small: dict[Kind, Sequence[StoredObject]] = {"songs": batch.songs, "events": others}
    for kind, items in small.items():
        writer = PartWriter(kind, stores[kind], work, staged, done, careful=careful)
        _copy_parts(loader, work, kind, items, writer, careful=careful)
    _copy_in_place(loader, work, in_place, careful=careful)


def _sorted_logs(
    store: ObjectStore, items: Sequence[StoredObject], staged: Staged, done: Callable[[int], None], *, may_stay: bool
) -> tuple[dict[StoredObject, str], list[StoredObject]]:
    """The logs that are copied where they lie, with how each is packed; and those that are joined into parts.

    None may stay where it lies in another region than WORK, where its manifest would be. The first bytes of a large
    log tell how it is packed, and whether it begins with a byte order mark, which COPY is not documented to take. A log
    in a format that is not read is one bad record.
    """
    in_place: dict[StoredObject, str] = {}
    if not may_stay:
        return in_place, [*items]
    others = [item for item in items if item.size < LARGE]
    for item, head in _heads(store, [item for item in items if item.size >= LARGE], staged):
        try:
            packed = packing_of(item.path, head)
        except PackError as e:
            staged.reject(item.name, None, f": {e}", b"")
            continue
        if head.startswith(BOM):
            others.append(item)
        else:
            in_place[item] = packed
            done(1)
    return in_place, others


def _heads(store: ObjectStore, items: Sequence[StoredObject], staged: Staged) -> Iterator[tuple[StoredObject, bytes]]:
    """The first bytes of large logs. Those that are not what was listed are noted as changed, and left out."""

    def head(item: StoredObject) -> bytes | ObjectChangedError:
        try:
            return store.first_bytes(item, HEAD)
        except ObjectChangedError as e:
            return e

    with ThreadPoolExecutor(READS) as pool:
        for item, content in zip(items, pool.map(head, items), strict=True):
            if isinstance(content, ObjectChangedError):
                staged.changed[item.name] = content
            else:
                yield item, content


def _copy_parts(
    loader: Loader, work: Work, kind: Kind, items: Sequence[StoredObject], writer: PartWriter, *, careful: bool
) -> None:
    """Copy small objects, joined into parts.

    Raises:
        CarefulReadingNeededError: a line of an object held more or less than one record.
    """
    parts: dict[str, Part] = {}
    sizes: dict[str, int] = {}
    for url, size, part in writer.written(items):
        parts[url], sizes[url] = part, size
    if not parts:
        return

    @cache
    def by_name() -> dict[str, StoredObject]:
        return {item.name: item for item in items}

    def origin(error: CopyError) -> Origin:
        name, line = parts[error.file].origin(error.line)
        return name, line, by_name()[name]

    columns = [*sql_queries.columns(sql_queries.STAGING[kind])]
    copied, refused = loader.copy(
        kind, columns, work.manifest(sizes), "zstd", parts.__contains__, origin, is_manifest=True, is_quick=not careful
    )
    for part in parts.values():
        loader.staged.records.update(part.objects)
    _require_sum(copied + refused, sum(len(part.objects) for part in parts.values()), careful=careful)


def _copy_in_place(loader: Loader, work: Work, items: Mapping[StoredObject, str], *, careful: bool) -> None:
    """Copy large logs where they lie: those that are packed alike together, or each by itself in a careful reading.

    Logs that Redshift reports by the same name are copied by themselves too.

    Raises:
        CarefulReadingNeededError: Redshift does not report how many records it read from each.
    """
    groups: dict[str, list[StoredObject]] = {}
    reported = Counter(reported_name(item.name) for item in items)
    for item, packed in items.items():
        is_alone = careful or reported[reported_name(item.name)] > 1
        groups.setdefault(item.name if is_alone else packed, []).append(item)
    columns = [*sql_queries.columns("staging_events")]
    for group in groups.values():
        objects = {reported_name(item.name): item for item in group}

        def origin(error: CopyError, objects: Mapping[str, StoredObject] = objects) -> Origin:
            item = objects[error.file]
            return item.name, error.line, item

        url = work.manifest({item.name: item.size for item in group})
        try:
            copied, refused = loader.copy(
                "events", columns, url, items[group[0]], objects.__contains__, origin, is_manifest=True
            )
        except (AccessError, LoadError):
            for _ in _heads(loader.source.stores["events"], group, loader.staged):
                pass
            if loader.staged.changed:
                return
            raise
        count = copied + refused
        if len(group) == 1:
            loader.staged.records[group[0].name] += count
            continue
        scanned = _scanned(loader.connection, objects)
        loader.staged.records.update(scanned)
        _require_sum(count, sum(scanned.values()), careful=careful)


def _require_sum(copied: int, expected: int, *, careful: bool) -> None:
    """Make sure that COPY added or refused as many records as were expected."""
    if copied == expected:
        return
    if careful:
        said = f"COPY says that it loaded or refused {copied:,} records"
        raise CheckError(f"{said}, and {expected:,} were expected: {AGAIN}")
    raise CarefulReadingNeededError(
        f"COPY loaded or refused {copied} records, and not the {expected} that were expected"
    )


def _scanned(connection: Connection, objects: Mapping[str, StoredObject]) -> dict[str, int]:
    """How many records the last COPY read from each of some objects, which are given by their reported names."""
    rows = connection.query(
        "select trim(file_name), sum(lines_scanned) from sys_load_detail where query_id = pg_last_copy_id() group by 1"
    )
    counts = {name: int(count) for name, count in rows}
    return {item.name: counts.get(name, 0) for name, item in objects.items()}
