"""The warehouse's memory of what it did: the runs, the objects that are loaded, the records that were rejected."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

from sparkify import sql_queries
from sparkify.engines import Engine, Rows, Staged, TryAgainError, Value
from sparkify.errors import ConfigError, OutcomeUnknownError, SparkifyError, WarehouseGoneError
from sparkify.output import escape_control_characters
from sparkify.plan import Batch
from sparkify.progress import Progress


def query(engine: Engine, name: str, values: Mapping[str, Value] | None = None) -> Rows:
    """The rows that the statement of `sql/history` finds."""
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


def foreign_tables(engine: Engine) -> list[str]:
    """The tables and views of a database without a warehouse that bear the name of one of a warehouse's."""
    names = {name.lower() for name in (*sql_queries.TABLES, *sql_queries.VIEWS)}
    return [name for (name,) in query(engine, "table_names") if name.lower() in names]


def require_version(engine: Engine) -> None:
    """Make sure that the tables are there and are ours.

    Raises:
        ConfigError: they are not.
    """
    found, ours = version(engine), sql_queries.WAREHOUSE_VERSION
    if found is None:
        raise ConfigError(f"{engine.place}: the tables are not there yet; run create_tables.py first")
    if found != ours:
        fix = "use the program that made it, or start afresh with create_tables.py --drop and a load"
        raise ConfigError(f"{engine.place}: a warehouse of version {found}, and this program is for {ours}; {fix}")


def loaded_objects(engine: Engine) -> dict[str, str]:
    """The ETag of every object that is loaded, by name."""
    return dict(query(engine, "loaded_objects"))


def rejected_objects(engine: Engine) -> set[str]:
    """The names of the objects in which records were rejected."""
    return {name for (name,) in query(engine, "rejected_objects")}


def committed_batches(engine: Engine) -> int:
    """How many batches all runs together have committed."""
    [(count,)] = query(engine, "committed_batches")
    return int(count)


class Run:
    """One run of the load, as the table `runs` remembers it."""

    def __init__(self, engine: Engine) -> None:
        """Note that the run has begun."""
        self._engine = engine
        self.batches = 0
        self.is_done = False
        self.run_id = 0
        _under_lock(engine, self._start)

    def _start(self) -> None:
        self._execute("start_run", {"now": _now()})
        [(self.run_id,)] = query(self._engine, "this_run")

    def add_objects(self, batch: Batch, staged: Staged) -> None:
        """Note the objects of a batch as loaded, and their bad records as rejected, in the batch's transaction."""
        bad, now = Counter(record.object for record in staged.rejected), _now()

        def sums(name: str) -> tuple[int, int, int]:
            records, rejected = staged.records.get(name, 0), bad.get(name, 0)
            return records, records - rejected, rejected

        self._execute("forget_objects")
        for kind, objects in (("songs", batch.songs), ("events", batch.events)):
            self._engine.insert(
                "load_history",
                [(o.name, kind, o.etag, o.size, self.run_id, batch.number, *sums(o.name), now) for o in objects],
            )
        self._engine.insert(
            "rejected_records",
            [(self.run_id, r.object, r.line, r.column_name, r.reason, r.raw_text) for r in staged.rejected],
        )

    def add_counts(self, counts: Mapping[str, int]) -> None:
        """Add what a batch did to the run, in the batch's transaction."""
        self._execute("add_batch", {**counts, "run_id": self.run_id})

    def done(self) -> None:
        """Note that the run ends well: in the transaction of its last batch, for a commit of its own costs time."""
        self._end("done")
        self.is_done = True

    def failed(self, error: str) -> None:
        """Note that the run failed."""
        _under_lock(self._engine, lambda: self._end("failed", error))

    def _end(self, status: str, error: str | None = None) -> None:
        self._execute("end_run", {"run_id": self.run_id, "now": _now(), "status": status, "error": error})

    def what_stays(self, fault: BaseException) -> str:
        """What a run that ends now leaves behind, for the person.

        The warehouse knows best, for the fault may have come right after a commit; it may not be able to tell any more.
        A commit that was not answered may still be going on: it is over when its lock is free.
        """
        if isinstance(fault, WarehouseGoneError):
            return "what this run committed is in the file that was opened, wherever that is now, and not in its place"
        batches, is_known = self.batches, True
        with suppress(SparkifyError, KeyboardInterrupt):
            if OutcomeUnknownError in (type(fault), type(fault.__cause__)):
                is_known = False
                _under_lock(self._engine, lambda: None)
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


@contextmanager
def recorded_run(engine: Engine, progress: Progress, close: Callable[[], None]) -> Iterator[Run]:
    """Record how the run ends, and close the warehouse; a fault gets a note that says what stays of the run."""
    run = Run(engine)
    progress.run_id = run.run_id
    try:
        yield run
        if not run.is_done:
            _under_lock(engine, run.done)
        close()
    except BaseException as e:
        e.add_note(run.what_stays(e))
        # Where the warehouse cannot even note the failure, the next run notes that this one was killed.
        with suppress(SparkifyError, KeyboardInterrupt):
            run.failed(progress.without_secrets(_reason(e)))
        raise


def _reason(fault: BaseException) -> str:
    """Why a run failed, as a text that every engine can store: line by line, as it was shown to the person."""
    if isinstance(fault, KeyboardInterrupt):
        return "interrupted"
    lines = fault.lines if isinstance(fault, SparkifyError) else str(fault).split("\n")
    return "\n".join(map(escape_control_characters, lines)) or type(fault).__name__


def _under_lock(engine: Engine, change: Callable[[], None]) -> None:
    """Change something when nobody else does; again a little later where another transaction came between."""
    while True:
        try:
            with engine.transaction():
                engine.lock()
                change()
            return
        except TryAgainError as e:
            time.sleep(e.wait)


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
