"""The pipeline: list → plan → stage → transform → check → commit, a batch at a time."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import datetime

from sparkify import checks, history, jsonpaths, sql_queries, suspicions, warehouse
from sparkify import plan as planning
from sparkify.config import Config
from sparkify.engines import Engine, ObjectsChangedError, Source, Staged, TryAgainError, Value
from sparkify.errors import BadRecordsError, CheckError
from sparkify.plan import Batch, Kind, Plan
from sparkify.progress import Progress
from sparkify.store import Listing, ObjectStore, Stores
from sparkify.summary import Summary, counted

SHOWN = 5
"""Bad records that are shown when they stop a run."""

SHOWN_TO_PROGRAMS = 100
"""Bad records that a program gets then."""


def run(config: Config, progress: Progress, *, only_rejected: bool = False) -> Summary:
    """Load what is new; or the objects again, and no others, in which records were rejected.

    Raises:
        SparkifyError: by its class; the text says what is wrong, where and what to do, its note what stays loaded.
    """
    started = time.monotonic()
    source, listings = _extract(config, progress)
    with ExitStack() as opened:
        engine = opened.enter_context(closing(warehouse.connect(config, progress)))
        history.require_version(engine)
        committed = history.committed_batches(engine)
        loaded = history.loaded_objects(engine)
        if only_rejected:
            listings, loaded = _to_retry(engine, listings, loaded, progress)
        plan = planning.make(listings, loaded, config.batch_size)
        summary = Summary(engine.place, plan)
        with history.recorded_run(engine, progress, opened.close) as this_run:
            load = _Load(config, progress, engine, source, this_run, summary, committed, only_rejected)
            for batch in plan.batches:
                load.batch(batch)
            [summary.totals] = history.query(engine, "totals")
    summary.seconds = time.monotonic() - started
    return summary


def dry_run(config: Config, progress: Progress) -> Plan:
    """What `run` would load, without changing anything."""
    _, listings = _extract(config, progress)
    with closing(warehouse.connect(config, progress, read_only=True)) as engine:
        history.require_version(engine)
        return planning.make(listings, history.loaded_objects(engine), config.batch_size)


def _extract(config: Config, progress: Progress) -> tuple[Source, dict[Kind, Listing]]:
    """Which key fills which column, and which objects are there."""
    opened = Stores(config)
    place, content = opened.read_one(config.store.log_jsonpath)
    stores: dict[Kind, ObjectStore] = {
        "songs": opened.open(config.store.song_data),
        "events": opened.open(config.store.log_data),
    }
    paths: dict[Kind, Mapping[str, jsonpaths.Path]] = {
        "songs": {c: (c,) for c in sql_queries.columns("staging_songs") if c != "source_file"},
        "events": jsonpaths.parse(content, place, [*sql_queries.columns("staging_events")]),
    }
    listings: dict[Kind, Listing] = {}
    for kind, store in stores.items():
        with progress.phase(f"list {store.location}"):
            listings[kind] = store.list_objects().without(place)
        for warning in listings[kind].warnings:
            progress.warn(warning)
        if config.reads_prefixes:
            listings[kind] = listings[kind].as_one(store)
    return Source(stores, paths), listings


def _to_retry(
    engine: Engine, listings: Mapping[Kind, Listing], loaded: Mapping[str, str], progress: Progress
) -> tuple[dict[Kind, Listing], dict[str, str]]:
    """The listings and the load history as if the objects with rejected records alone were there, in a new content."""
    names = history.rejected_objects(engine)
    found = {kind: listing.only(names) for kind, listing in listings.items()}
    gone = names - {item.name for listing in found.values() for item in listing.objects}
    for name in sorted(gone):
        progress.warn(f"{name} is no longer there; its rejected records stay")
    return found, {**loaded, **dict.fromkeys(names, "")}


@dataclass(frozen=True)
class _Load:
    """The batches of one run. `committed` is how many batches all runs had committed when the plan was made."""

    config: Config
    progress: Progress
    engine: Engine
    source: Source
    run: history.Run
    summary: Summary
    committed: int
    is_retry: bool

    def batch(self, batch: Batch) -> None:
        """Load one batch; again with care, where the engine finds that the quick way is not safe, or a little later."""
        careful, is_last = False, batch is self.summary.plan.batches[-1]
        while True:
            try:
                counts, warnings = self._once(batch, careful=careful, is_last=is_last)
                break
            except ObjectsChangedError as e:
                for reason in e.reasons:
                    self.progress.warn(f"{reason}; it is not loaded and stays new for the next run")
                batch = planning.without(batch, e.names)
                if not batch.objects:
                    return
            except TryAgainError as e:
                if careful and not e.wait:
                    raise
                if not e.wait:
                    self.progress.say(f"batch {batch.number}: not every line is a record; reading it again with care")
                    careful = True
                else:
                    self.progress.say(f"{e}; trying again in {e.wait:g} seconds")
                    time.sleep(e.wait)
        self.run.batches += 1
        self.summary.add(counts)
        for warning in warnings:
            self.progress.warn(warning)
        self.engine.tidy()

    def _once(self, batch: Batch, *, careful: bool, is_last: bool) -> tuple[dict[str, int], list[str]]:
        """What the batch did, and what a person should look at; the latter counts once the batch is committed."""
        with self.engine.transaction():
            self.engine.lock()
            batch = self._settled(batch)
            self._begin(batch)
            most_bad = self.config.max_errors - self.summary.rejected
            staged = self.engine.stage(batch, self.source, self.progress, careful=careful, most_bad=most_bad)
            if staged.changed:
                raise ObjectsChangedError(staged.changed)
            self._refuse_bad_records(staged)
            warnings = [
                *suspicions.shorter_logs(self.engine, batch, staged),
                *suspicions.odd_times(self.engine, batch),
            ]
            self.run.add_objects(batch, staged)
            with self.progress.phase(f"batch {batch.number}: transform and check"):
                extent = self._extent(batch, staged)
                counts = self._transform(batch, staged, extent)
                checks.run(self.engine, extent)
            self.run.add_counts(counts)
            if is_last:
                self.run.done()
        self.summary.unknown_keys |= staged.unknown_keys
        return counts, warnings

    def _settled(self, batch: Batch) -> Batch:
        """The batch without what other runs have loaded since the plan was made."""
        if self.is_retry or history.committed_batches(self.engine) == self.committed + self.run.batches:
            return batch
        return planning.without_loaded(batch, history.loaded_objects(self.engine))

    def _begin(self, batch: Batch) -> None:
        for table in sql_queries.WORK_TABLES:
            self.engine.execute(f"delete from {table}")
        self.engine.insert("replaced_objects", [(name,) for name in batch.replaced])
        self._execute("replaced_songs")

    def _refuse_bad_records(self, staged: Staged) -> None:
        rejected, allowed = staged.rejected, self.config.max_errors
        if self.summary.rejected + len(rejected) <= allowed:
            return
        shown = [str(record) for record in rejected[:SHOWN]]
        more = [f"and {len(rejected) - SHOWN} more"] if len(rejected) > SHOWN else []
        count = self.summary.rejected + len(rejected)
        fix = (
            f"{counted(count, 'bad record')}, and [ETL] MAX_ERRORS allows {allowed}: repair the objects and deliver "
            f"them again, or raise MAX_ERRORS to set bad records aside in the table rejected_records"
        )
        records = [record.as_bad_record() for record in rejected[:SHOWN_TO_PROGRAMS]]
        raise BadRecordsError(*shown, *more, fix, records=records, count=count)

    def _extent(self, batch: Batch, staged: Staged) -> dict[str, Value]:
        """From when to when the delivered plays reach, and which batch this is: the values that SQL files use.

        Raises:
            CheckError: the staging table does not hold what was staged.
        """
        [(first, last, plays, events)] = history.query(self.engine, "extent")
        if events != (expected := staged.rows(batch.events)):
            raise CheckError(f"staging_events holds {events} rows of {expected} good records")
        never = datetime(1970, 1, 1)
        return {
            "first_play": first or never,
            "last_play": last or never,
            "plays": plays,
            "events": events,
            "run_id": self.run.run_id,
            "batch": batch.number,
        }

    def _transform(self, batch: Batch, staged: Staged, values: dict[str, Value]) -> dict[str, int]:
        """Merge the staged rows into the star schema; what came of them.

        Raises:
            CheckError: a staged play is neither inserted nor known.
        """
        words_to_rematch = 0
        for name in sql_queries.SONG_TRANSFORMS if batch.songs else ():
            words_to_rematch = self._execute(name, values)
        self._execute("delivered_words", values)
        self._execute("song_matches", values)
        if words_to_rematch:
            self._execute("rematched_plays", values)
        self._execute("contested_times", values)
        self._execute("contested_plays", values)
        self._execute("beaten_plays", values)
        [(_, matched_before)] = history.query(self.engine, "play_counts", values)
        [(known,)] = history.query(self.engine, "known_plays")
        inserted = self._execute("songplays", values)
        if inserted + known != values["plays"]:
            raise CheckError(f"{values['plays']} plays were staged, but {inserted} inserted and {known} known")
        [(_, matched)] = history.query(self.engine, "play_counts", values)
        for name in sql_queries.EVENT_TRANSFORMS if batch.events else ():
            self._execute(name, values)
        return {
            "objects": len(batch.objects),
            "bytes": sum(o.size for o in batch.objects),
            "events": values["events"],
            "plays_staged": values["plays"],
            "plays_inserted": inserted,
            "plays_matched": matched - matched_before,
            "plays_known": known,
            "songs": staged.rows(batch.songs),
            "rejected": len(staged.rejected),
        }

    def _execute(self, name: str, values: Mapping[str, Value] | None = None) -> int:
        """Run the statements of a file of `sql/transform`; how many rows the last one changed."""
        return [self.engine.execute(statement, values) for statement in sql_queries.statements("transform", name)][-1]
