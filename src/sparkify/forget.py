"""Forget a user: delete what the warehouse holds of the person, and keep a digest, so that no load brings it back."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from sparkify import checks, history, sql_queries, warehouse
from sparkify.config import Config
from sparkify.engines.engine import Engine, locked
from sparkify.engines.staged import LIMIT_EXCEEDED, Rejected
from sparkify.errors import OutcomeUnknownError, SparkifyError, WarehouseGoneError
from sparkify.forgotten_users import without_texts
from sparkify.progress import Progress

TABLES = ("time", "songplays", "page_views", "users")
"""The tables from which rows are deleted, in order: a moment goes while its plays are there. Each has a file in
`sql/forget`."""

REMOVED = "removed when a user was forgotten"
"""The text that replaces the reason why a run failed, where that may tell of the user."""

IS_FORGOTTEN = (
    "the user is forgotten, and no load brings the rows back; in DuckDB, the file of the warehouse or the copy for "
    "readers may still hold bytes of them: run the same command again"
)
"""What stays when the files could not be written after the commit."""


@dataclass(frozen=True)
class Removed:
    """What the warehouse no longer holds of a user.

    `rows` counts the deleted rows of each table, `texts` the rejected records that lost their text, `errors` the failed
    runs that lost their reason.
    """

    warehouse: str
    rows: Mapping[str, int]
    texts: int
    errors: int
    was_forgotten: bool
    """Whether the user had been forgotten before."""


def run(config: Config, progress: Progress, user_id: str) -> Removed:
    """Forget the user of a clean id, in one transaction under the lock of the loads; what was removed.

    Raises:
        SparkifyError: the text says what is wrong, where and what to do, its note what stays.
    """
    with closing(warehouse.connect(config, progress)) as engine:
        history.require_version(engine)
        now = datetime.now(UTC).replace(tzinfo=None)
        removed = None
        try:
            with progress.phase("delete what the warehouse holds of the user, and check"):
                removed = locked(engine, progress, partial(_forget, engine, user_id, now))
            engine.after_commit()
            engine.after_forgetting()
        except BaseException as e:
            e.add_note(_what_stays(engine, progress, now, e, is_committed=removed is not None))
            raise
    return removed


def _what_stays(engine: Engine, progress: Progress, now: datetime, e: BaseException, *, is_committed: bool) -> str:
    """What a command that ends with an error leaves behind, for people.

    The warehouse knows best, for the error may have come right after the commit. A commit whose answer was lost may
    still be going on: it is over when its lock is free.
    """
    if isinstance(e, WarehouseGoneError):
        return "the user is forgotten in the file that was opened, wherever that is now, and not in its place"
    if is_committed:
        return IS_FORGOTTEN
    with suppress(SparkifyError, KeyboardInterrupt):
        if OutcomeUnknownError in (type(e), type(e.__cause__)):
            locked(engine, progress, lambda: None)
        [statement] = sql_queries.statements("forget", "forgotten_at")
        [(count,)] = engine.query(statement, {"now": now})
        return IS_FORGOTTEN if count else "nothing was changed"
    return "nobody knows yet whether the user is forgotten; run the same command again, which makes sure"


def _forget(engine: Engine, user_id: str, now: datetime) -> Removed:
    """Delete the user's rows and texts, note the digest, and check the whole warehouse, in the caller's transaction.

    Raises:
        CheckError: a check found rows that must not exist.
    """
    rows = {table: _execute(engine, table, user_id=user_id) for table in TABLES}
    _execute(engine, "totals")
    texts = _remove_texts(engine, user_id)
    errors = _remove_errors(engine, user_id)
    if engine.name in sql_queries.STAGING_SCHEMAS:
        for table in sql_queries.BATCH_TABLES:
            engine.execute(f"delete from {sql_queries.qualified(engine.name, table)}")
    was_forgotten = _execute(engine, "former_digest", user_id=user_id) > 0
    _execute(engine, "digest", user_id=user_id, now=now, new_salt=secrets.token_hex(16))
    checks.require_all(engine)
    return Removed(engine.address, rows, texts, errors, was_forgotten)


def _remove_texts(engine: Engine, user_id: str) -> int:
    """Take the texts out of the rejected records that may be the user's; how many records that were."""
    [statement] = sql_queries.statements("forget", "rejected")
    former = [(run_id, Rejected(*values)) for run_id, *values in engine.query(statement)]
    records = [(run_id, without_texts(record, user_id.__eq__)) for run_id, record in former]
    if records != former:
        engine.execute("delete from rejected_records")
        engine.insert("rejected_records", [(run_id, *record.values()) for run_id, record in records])
    return sum(before != after for before, after in zip(former, records, strict=True))


def _remove_errors(engine: Engine, user_id: str) -> int:
    """Replace the reasons of failed runs that name the user, or quote records; how many runs that were."""
    [statement] = sql_queries.statements("forget", "errors")
    names_user = re.compile(rf"(?<!\w){re.escape(user_id)}(?!\w)")
    runs = [
        run_id
        for run_id, error, may_quote in engine.query(statement)
        if error != REMOVED and (names_user.search(error) or (may_quote and LIMIT_EXCEEDED in error))
    ]
    for run_id in runs:
        _execute(engine, "error", run_id=run_id, error=REMOVED)
    return len(runs)


def _execute(engine: Engine, name: str, **values: str | int | datetime) -> int:
    """Run the statement in a file of `sql/forget`; how many rows it changed."""
    [statement] = sql_queries.statements("forget", name)
    return engine.execute(statement, values)
