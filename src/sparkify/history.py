"""What the warehouse knows of itself: its version, what it holds, the objects that are loaded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice

from sparkify import program, sql_queries
from sparkify.engines.answer import Rows, Value
from sparkify.engines.engine import Engine
from sparkify.engines.staged import Staged
from sparkify.errors import ConfigError, SparkifyError
from sparkify.plan import KINDS, Batch, Kind, Loaded, Plan, without_loaded
from sparkify.store import Listing, StoredObject

OBJECTS_AT_A_TIME = 100_000
"""Objects of a batch whose rows are in memory together; few batches hold more."""


def query(engine: Engine, name: str, values: Mapping[str, Value] | None = None) -> Rows:
    """The rows of the statement in a file of `sql/history`."""
    return engine.query(statement(name), values)


def statement(name: str) -> str:
    """The statement in a file of `sql/history`."""
    [text] = sql_queries.statements("history", name)
    return text


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


@dataclass(frozen=True)
class State:
    """What a warehouse holds, and what it notes of its runs.

    `matched` are the plays that are matched to a song; both are as the runs counted them. `running` counts the runs
    that are noted as running; `newest_run` is the number of the newest one, and `last_status` how it ended; where there
    is none, 0 and None. `last_whole_status` is how the last one ended that listed songs, too, and found `songs_gone`.
    """

    version: int | None
    users: int
    songs: int
    artists: int
    plays: int
    matched: int
    batches: int
    running: int
    newest_run: int
    last_status: str | None
    last_whole_status: str | None
    songs_gone: int | None

    def is_outdated_by(self, plan: Plan) -> bool:
        """Whether a run changes what is noted: by new objects, the end of a failure, or other `songs_gone`."""
        statuses, has_changed = {self.last_status}, False
        if plan.songs_gone is not None:
            statuses.add(self.last_whole_status)
            has_changed = plan.songs_gone != (self.songs_gone or 0)
        return bool(plan.batches or self.running) or has_changed or not statuses <= {None, "done"}

    @property
    def totals(self) -> tuple[int, ...]:
        """How many users, songs, artists, plays and matched plays the warehouse holds."""
        return self.users, self.songs, self.artists, self.plays, self.matched


def state(engine: Engine) -> State:
    """What a warehouse of this program's version holds."""
    [row] = query(engine, "state")
    return State(*row)


def require_state(engine: Engine) -> State:
    """What the warehouse holds, if its tables are there and are ours; by one statement, if they are.

    Raises:
        ConfigError: they are not.
    """
    try:
        found = state(engine)
    except SparkifyError:
        require_version(engine)
        raise
    _require_current(engine, found.version)
    return found


def require_version(engine: Engine) -> None:
    """Make sure that the tables are there and are ours.

    Raises:
        ConfigError: they are not.
    """
    _require_current(engine, version(engine))


def require_tables(engine: Engine, current: int | None) -> int:
    """The version of the tables, which must be there.

    Raises:
        ConfigError: they are not.
    """
    if current is None:
        fix = f"run {program.command('create-tables')} first"
        raise ConfigError(f"{engine.address}: the tables are not there yet; {fix}")
    return current


def _require_current(engine: Engine, current: int | None) -> None:
    create_tables = program.command("create-tables")
    current = require_tables(engine, current)
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
        name = item.name
        records, rejected = staged.records.get(name, 0), bad.get(name, 0)
        return kind, item.key, name, item.etag, item.size, records, records - rejected, rejected

    items = ((kind, item) for kind in KINDS for item in batch.of(kind))
    while some := [row(kind, item) for kind, item in islice(items, OBJECTS_AT_A_TIME)]:
        engine.insert("staging_objects", some)
    engine.insert(
        "staging_rejected_records",
        [record.values() for record in staged.rejected],
    )


def loaded(engine: Engine, listings: Mapping[Kind, Listing]) -> Loaded:
    """Which of the listed objects are loaded."""
    found = Loaded(listings)
    engine.each(statement("loaded_objects" if "songs" in listings else "loaded_logs"), found.add)
    return found


class LoadedObjects:
    """What of the listed objects was loaded when the run was planned, and what is by now."""

    def __init__(self, engine: Engine, listings: Mapping[Kind, Listing], batches: int) -> None:
        """`batches` says how many all runs had committed by then."""
        self._engine = engine
        self._listings = listings
        self._batches = batches
        self.before = self._now = loaded(engine, listings) if batches else Loaded(listings)

    def is_outdated(self, batches: int, own: int) -> bool:
        """Whether another run has committed a batch since then: there are `batches` now, and `own` are this run's."""
        return batches != self._batches + own

    def refresh(self, own: int) -> None:
        """Find out what other runs have loaded; `own` batches are this run's."""
        self._batches = state(self._engine).batches - own
        self._now = loaded(self._engine, self._listings)

    def without_loaded(self, batch: Batch) -> Batch:
        """A batch of the plan without what other runs have loaded since then, as far as that is known."""
        return batch if self._now is self.before else without_loaded(batch, self.before, self._now)

    def has_former_logs(self, batch: Batch) -> bool:
        """Whether a log of a batch was loaded before, as far as that is known."""
        return any(self._now.has_former("events", item) for item in batch.events)
