"""What the warehouse records of itself: the runs, the objects that are loaded, the records that were rejected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from itertools import islice

from sparkify import program, sql_queries
from sparkify.engines.answer import Rows, Value
from sparkify.engines.engine import Engine, locked
from sparkify.engines.staged import Staged
from sparkify.errors import ConfigError, OutcomeUnknownError, SparkifyError, WarehouseGoneError
from sparkify.output import escape_control_characters
from sparkify.plan import KINDS, Batch, Kind, Loaded, Plan, without_loaded
from sparkify.progress import Progress
from sparkify.store import Listing, StoredObject

OBJECTS_AT_A_TIME = 100_000
"""Objects of a batch whose rows are in memory together; few batches hold more."""


def query(engine: Engine, name: str, values: Mapping[str, Value] | None = None) -> Rows:
    """The rows of the statement in a file of `sql/history`."""
    [statement] = sql_queries.statements("history", name)
    return engine.query(statement, values)


def version(engine: Engine) -> int | None:
    """The version of the tables; None when there are none of this program's.

    A warehouse has the table `warehouse` just as `sql/create` declares it, and one row in it.
    """
    declared = {name: kind.lower() for name, kind in query(engine, "warehouse_columns")}
    if declared != sql_queries.columns("warehouse"):
        return None
    rows = query(engine, "version")
    return int(rows[0][0]) if len(rows) == 1 else None


def tables_named(engine: Engine, names: Iterable[str]) -> list[str]:
    """The tables and views of the database that bear one of some names."""
    names = {name.lower() for name in names}
    schema = sql_queries.STAGING_SCHEMAS.get(engine.name, "")
    return [name for (name,) in query(engine, "table_names", {"staging": schema}) if name.lower() in names]


def require_version(engine: Engine) -> None:
    """Make sure that the tables are there and are ours.

    Raises:
        ConfigError: they are not.
    """
    current = version(engine)
    create_tables = program.command("create-tables")
    if current is None:
        raise ConfigError(f"{engine.address}: the tables are not there yet; run {create_tables} first")
    if current < sql_queries.WAREHOUSE_VERSION:
        raise ConfigError(
            f"{engine.address}: a warehouse of version {current}, and this program is for "
            f"{sql_queries.WAREHOUSE_VERSION}; run {create_tables}, which brings it up to date and keeps what it holds"
        )
    require_no_newer_version(engine, current)


def require_no_newer_version(engine: Engine, current: int) -> None:
    """Make sure that a warehouse was not made by a newer program.

    Raises:
        ConfigError: it was.
    """
    ours = sql_queries.WAREHOUSE_VERSION
    if current > ours:
        afresh = f"start afresh with {program.command('create-tables')} --drop and a load"
        fix = f"use the program that made it, or {afresh}"
        raise ConfigError(f"{engine.address}: a warehouse of version {current}, and this program is for {ours}; {fix}")


def rejected_objects(engine: Engine) -> dict[tuple[Kind, str], str]:
    """The names of the objects in which records were rejected, by their kind and key."""
    return {(kind, key): name for kind, key, name in query(engine, "rejected_objects")}


def stage_objects(engine: Engine, batch: Batch, staged: Staged) -> None:
    """Add the objects of a batch, with what was read of each, and its rejected records to the staging tables."""
    bad = Counter(record.object for record in staged.rejected)

    def row(kind: Kind, item: StoredObject) -> tuple[Value, ...]:
        records, rejected = staged.records.get(item.name, 0), bad.get(item.name, 0)
        return kind, item.key, item.name, item.etag, item.size, records, records - rejected, rejected

    for kind in KINDS:  # what all objects of a kind share is sent once
        items = iter(batch.of(kind))
        while some := [row(kind, item) for item in islice(items, OBJECTS_AT_A_TIME)]:
            engine.insert("staging_objects", some)
    engine.insert(
        "staging_rejected_records",
        [record.values() for record in staged.rejected],
    )


def staged_rows(engine: Engine, batch: Batch, staged: Staged, forgotten: int) -> tuple[Counter[str], dict[str, Value]]:
    """How many rows are staged, as the steps of the transform need them, and the time range of the staged events.

    `forgotten` says how many events were taken out again, because their users were forgotten.
    """
    [(events, songs, plays, page_views, first_event, last_event)] = query(engine, "staged_rows")
    rows = Counter(
        {
            "good events": staged.rows(batch.events),
            "good songs": staged.rows(batch.songs),
            "staged events": events,
            "events of forgotten users": forgotten,
            "staged songs": songs,
            "staged plays": plays,
            "staged page views": page_views,
            "objects of songs": len(batch.songs),
        }
    )
    never = datetime(1970, 1, 1)
    return rows, {"first_event": first_event or never, "last_event": last_event or never}


def counts(batch: Batch, staged: Staged, rows: Mapping[str, int]) -> dict[str, int]:
    """What a batch did, as the columns of `runs` count it, and how many plays it matched.

    `rows` says how many rows were staged, and how many each step of the transform wrote or counted.
    """
    return {
        "objects": len(batch.objects),
        "bytes": sum(item.size for item in batch.objects),
        "events": rows["staged events"],
        "events_forgotten": rows["events of forgotten users"],
        "plays_staged": rows["staged plays"],
        "plays_inserted": rows["songplays"],
        "plays_matched": rows["matched_after"] - rows["matched_before"],
        "plays_known": rows["known_plays"],
        "page_views_staged": rows["staged page views"],
        "page_views_inserted": rows["page_views"],
        "page_views_known": rows["known_page_views"],
        "songs": rows["staged songs"],
        "rejected": len(staged.rejected),
        "texts_cleaned": staged.cleaned_texts,
    }


def totals(engine: Engine) -> tuple[int, ...]:
    """How many users, songs, artists, plays and matched plays the warehouse holds."""
    [row] = query(engine, "totals")
    return row


def loaded(engine: Engine, listings: Mapping[Kind, Listing]) -> Loaded:
    """Which of the listed objects are loaded."""
    found = Loaded(listings)
    [statement] = sql_queries.statements("history", "loaded_objects")
    engine.each(statement, found.add)
    return found


class LoadedObjects:
    """What of the listed objects was loaded when the run was planned, and what is by now."""

    def __init__(self, engine: Engine, listings: Mapping[Kind, Listing]) -> None:
        self._engine = engine
        self._listings = listings
        self._batches = self._committed_batches()
        self.before = self._now = loaded(engine, listings)

    def is_outdated(self, this_run: Run) -> bool:
        """Whether another run has committed a batch since then."""
        return self._committed_batches() != self._batches + this_run.batches

    def refresh(self, this_run: Run) -> None:
        """Find out what other runs have loaded."""
        self._batches = self._committed_batches() - this_run.batches
        self._now = loaded(self._engine, self._listings)

    def without_loaded(self, batch: Batch) -> Batch:
        """A batch of the plan without what other runs have loaded since then, as far as that is known."""
        return batch if self._now is self.before else without_loaded(batch, self.before, self._now)

    def _committed_batches(self) -> int:
        [(count,)] = query(self._engine, "committed_batches")
        return int(count)


class Run:
    """One run of the load, as the table `runs` records it."""

    def __init__(self, engine: Engine, progress: Progress, plan: Plan) -> None:
        """Record that the run has begun."""
        self._engine = engine
        self._progress = progress
        self._planned = len(plan.batches)
        self.batches = 0
        """Batches that the run has committed."""
        self.is_done = False
        self.run_id = 0
        self._locked(lambda: self._start(plan))

    def _start(self, plan: Plan) -> None:
        self._execute("start_run", {"now": _now(), "songs_gone": plan.songs_gone})
        [(self.run_id,)] = query(self._engine, "this_run")

    def note_batch(self, batch: Batch, counts: Mapping[str, int]) -> None:
        """Record the staged objects as loaded, and what the batch did, in the batch's transaction.

        The last batch ends the run, too: a commit of its own would cost time.
        """
        self._execute("forget_objects")
        self._execute("note_objects", {"run_id": self.run_id, "batch": batch.number, "now": _now()})
        self._execute("add_batch", {**counts, "run_id": self.run_id})
        if batch.number == self._planned:
            self._end("done")

    def committed(self, batch: Batch) -> None:
        """Remember that a batch was committed."""
        self.batches += 1
        self.is_done = batch.number == self._planned

    def end(self) -> None:
        """Record that the run is done, unless its last batch has."""
        if not self.is_done:
            self._locked(lambda: self._end("done"))
        self.is_done = True

    def fail(self, error: str) -> None:
        """Record that the run failed."""
        self._locked(lambda: self._end("failed", error))

    def _end(self, status: str, error: str | None = None) -> None:
        self._execute("end_run", {"run_id": self.run_id, "now": _now(), "status": status, "error": error})

    def what_stays(self, error: BaseException) -> str:
        """What a run that ends with an error leaves behind, for people.

        The warehouse knows best, for the error may have come right after a commit; it may be out of reach, though. A
        commit whose answer was lost may still be going on: it is over when its lock is free.
        """
        if isinstance(error, WarehouseGoneError):
            return "what this run committed is in the file that was opened, wherever that is now, and not in its place"
        if self.is_done:
            return f"the run is done, and all of it stays loaded (batches: {self.batches})"
        batches, is_known = self.batches, True
        with suppress(SparkifyError, KeyboardInterrupt):
            if OutcomeUnknownError in (type(error), type(error.__cause__)):
                is_known = False
                self._locked(lambda: None)
            [(batches,)] = query(self._engine, "batches", {"run_id": self.run_id})
            is_known = True
        if not is_known:
            return f"batches of this run that stay loaded: {batches}, or one more; run again, which finds out"
        if not batches:
            return "nothing was changed"
        return f"what this run committed stays loaded (batches: {batches}); run again for the rest"

    def _execute(self, name: str, values: Mapping[str, Value] | None = None) -> None:
        for statement in sql_queries.statements("history", name):
            self._engine.execute(statement, values)

    def _locked(self, change: Callable[[], None]) -> None:
        locked(self._engine, self._progress, change)


@contextmanager
def recorded_run(engine: Engine, progress: Progress, plan: Plan) -> Iterator[Run]:
    """Record how the run ends; an error gets a note that says what stays of the run."""
    run = Run(engine, progress, plan)
    progress.run_id = run.run_id
    try:
        yield run
    except BaseException as e:
        e.add_note(run.what_stays(e))
        if not run.is_done:
            # Where the warehouse cannot even record the failure, the next run records that this one was killed.
            with suppress(SparkifyError, KeyboardInterrupt):
                run.fail(progress.without_secrets(_reason(e)))
        raise


def _reason(error: BaseException) -> str:
    """Why a run failed, as a text that every engine can store: line by line, and without the text of any record."""
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    lines = error.recorded if isinstance(error, SparkifyError) else str(error).split("\n")
    return "\n".join(map(escape_control_characters, lines)) or type(error).__name__


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
