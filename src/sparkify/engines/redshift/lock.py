"""The lock that lets one run write at a time: an empty table, which nobody reads and nobody is granted."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from threading import Timer

from redshift_connector.error import ProgrammingError

from sparkify.engines.redshift.connection import Connection
from sparkify.engines.redshift.errors import CANCELED, field, translated
from sparkify.errors import AccessError, SparkifyError

AT_ONCE = 1.0
"""Seconds that Redshift may take for a lock that is free."""

HOLDERS = """
select t.txn_owner, t.pid, t.txn_start
from svv_transactions as t
inner join pg_class as c on c.oid = t.relation
inner join pg_namespace as n on n.oid = c.relnamespace
where c.relname = 'load_lock' and n.nspname = current_schema() and t.granted and t.pid <> pg_backend_pid()
order by t.txn_start
limit 1
"""
"""Who holds the lock; superusers see every transaction, others their own user's (DG r_SVV_TRANSACTIONS)."""


def take(connection: Connection, timeout: float) -> None:
    """Take the lock, in the caller's transaction.

    That a statement_timeout ends a wait for a lock is not documented, so a second session ends it.

    Raises:
        AccessError: it was not granted within a number of seconds.
    """
    deadline = time.monotonic() + max(timeout, AT_ONCE)
    with _after(AT_ONCE if timeout > AT_ONCE else math.inf, partial(_tell, connection, timeout)):
        while not _is_granted_by(deadline, connection):
            if time.monotonic() >= deadline:
                holder, fix = _holder(connection), "wait for its end, or raise [ETL] LOCK_TIMEOUT"
                another = f"another run has been loading for over {timeout:g} seconds"
                raise AccessError(f"{connection.address}: {another}{holder}; {fix}")


def _is_granted_by(deadline: float, connection: Connection) -> bool:
    """Whether the lock was granted until then; the transaction is a new one if not."""
    with _after(deadline - time.monotonic(), partial(connection.end_on_server, only_the_statement=True)):
        try:
            connection.run_untranslated("lock table load_lock", {})
        except ProgrammingError as e:
            if field(e, "C") != CANCELED:
                raise translated(connection.address, e, in_transaction=True) from e
        else:
            return True
    connection.execute("rollback")
    connection.execute("begin")
    return False


@contextmanager
def _after(seconds: float, do: Callable[[], None]) -> Iterator[None]:
    """Do something if the block takes longer than a number of seconds."""
    if math.isinf(seconds):
        yield
        return
    timer = Timer(seconds, do)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _tell(connection: Connection, timeout: float) -> None:
    connection.progress.say(f"{connection.address}: another run is loading; waiting up to {timeout:g} seconds")


def _holder(connection: Connection) -> str:
    """Who holds the lock and since when, in words; empty where this user may not see it."""
    try:
        rows = connection.query(HOLDERS)
    except SparkifyError:  # it is only told where it can be
        return ""
    held = (f"{owner.strip()} (process {pid}) since {since:%Y-%m-%d %H:%M:%S} UTC" for owner, pid, since in rows)
    return "".join(f"; the lock is held by {holder}" for holder in held)
