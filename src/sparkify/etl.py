"""The pipeline: list → plan → stage → (begin) lock → leave out what others loaded → merge → note → check → (commit)."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import closing
from datetime import date
from functools import partial

from sparkify import checks, counts, forgotten_users, history, listing, staged_rows, suspicions, transform, warehouse
from sparkify import plan as planning
from sparkify.config import Config
from sparkify.engines.engine import CarefulReadingNeededError, Engine, Source, locked
from sparkify.engines.staged import BadRecordLimit, Staged
from sparkify.history import LoadedObjects
from sparkify.plan import Batch, Plan
from sparkify.progress import Progress
from sparkify.run import Run, recorded_failure, recorded_run
from sparkify.summary import Summary


def run(config: Config, progress: Progress, *, only_rejected: bool = False, since: date | None = None) -> Summary:
    """Load new objects: all; or logs, and none in folders of days before `since`; or again those with rejected records.

    Raises:
        SparkifyError: the text says what is wrong, where and what to do, its note what stays loaded.
    """
    started = time.monotonic()
    with recorded_failure(config, progress, is_whole=not (since or only_rejected)):
        source, listings = listing.list_objects(config, progress, since)
    with closing(warehouse.connect(config, progress)) as engine:
        state = history.require_state(engine)
        if only_rejected:
            listings = listing.only_rejected(listings, history.rejected_objects(engine), progress)
        loaded = LoadedObjects(engine, listings, state.batches)
        plan = planning.make(listings, loaded.before, config.batch_size, again=only_rejected, since=since)
        listing.warn_of_prefixes(config, plan, progress)
        summary = Summary(engine.address, plan)
        with recorded_run(engine, progress, plan, state) as this_run:
            for batch in plan.batches:
                limit = BadRecordLimit(config.max_errors, summary.rejected)
                summary.add(*_load(engine, batch, source, this_run, loaded, limit, progress))
            summary.fault = this_run.end()
            summary.totals = this_run.totals or history.state(engine).totals
            engine.after_run()
            engine.close()
    summary.seconds = time.monotonic() - started
    return summary


def dry_run(config: Config, progress: Progress, since: date | None = None) -> Plan:
    """What `run` would load, without changing anything."""
    _, listings = listing.list_objects(config, progress, since)
    with closing(warehouse.connect(config, progress, read_only=True)) as engine:
        history.require_version(engine)
        return planning.make(listings, history.loaded(engine, listings), config.batch_size, since=since)


def _load(
    engine: Engine,
    batch: Batch,
    source: Source,
    this_run: Run,
    loaded: LoadedObjects,
    limit: BadRecordLimit,
    progress: Progress,
) -> tuple[Mapping[str, int], set[str]]:
    """Stage a batch, then merge it in one transaction; its counts, and the keys that no column takes."""
    while batch := loaded.without_loaded(batch):
        batch, staged = _stage(engine, batch, source, this_run, limit, progress)
        if not batch:
            break
        rows = staged_rows.read(engine, divided=not this_run.is_first)
        warnings = [*suspicions.shorter_logs(engine, batch, loaded), *suspicions.odd_times(batch, rows.years)]
        with progress.phase(f"batch {batch.number}: transform and check"):
            changes = locked(engine, progress, partial(_merge, engine, batch, staged, rows, this_run, loaded))
        if changes is None:
            loaded.refresh(this_run.batches)
            continue
        this_run.committed(batch)
        progress.warn(*warnings)
        engine.after_commit()
        return changes, staged.unknown_keys
    return {}, set()


def _stage(
    engine: Engine, batch: Batch, source: Source, this_run: Run, limit: BadRecordLimit, progress: Progress
) -> tuple[Batch, Staged]:
    """Stage a batch, by the careful reading where the quick one fails, and without objects that are not as listed."""
    careful = False
    while True:
        try:
            staged = engine.stage(batch, source, progress, careful=careful, limit=limit)
        except CarefulReadingNeededError:
            progress.say(f"batch {batch.number}: not every line is a record; reading it again with care")
            careful = True
            continue
        if not staged.changed:
            history.stage_objects(engine, batch, staged)
            return batch, staged
        this_run.leave_out(staged.changed.values())
        batch = planning.without(batch, staged.changed.keys())


def _merge(
    engine: Engine, batch: Batch, staged: Staged, rows: staged_rows.StagedRows, this_run: Run, loaded: LoadedObjects
) -> Mapping[str, int] | None:
    """Merge the staged rows into the star schema, in the caller's transaction; None when others have loaded meanwhile.

    Raises:
        CheckError: a sum does not close, or a check found rows that must not exist.
    """
    extent = rows.extent
    before = counts.before_merge(engine, extent)
    if loaded.is_outdated(before.batches, this_run.batches):
        return None
    if forgotten := before.forgotten_users and forgotten_users.leave_out(engine, staged):
        rows = staged_rows.read(engine, divided=False)
    written = rows.counted(batch, staged, forgotten, before.rows())
    transform.merge(engine, written, extent)
    written.update(counts.merged_rows(engine, extent, written))
    transform.require_closed_sums(written)
    changes = counts.of_batch(engine, batch, staged, written, before)
    this_run.note_batch(batch, changes, written, before)
    checks.run(engine, extent, written)
    return changes
