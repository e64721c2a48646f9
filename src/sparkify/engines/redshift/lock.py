"""The lock that lets one run write at a time: an empty table, which nobody reads and nobody is granted."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

from redshift_connector.error import ProgrammingError

from sparkify.engines.redshift.connection import Connection
from sparkify.engines.redshift.errors import CANCELED, field, translated
from sparkify.errors import AccessError, SparkifyError

AT_ONCE = 1.0
"""Seconds that Redshift may take for a lock that is free."""

CANCEL_EVERY = 5.0
"""Seconds between two attempts to end a wait that was too long."""

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
    """Take the lock, in the caller's transaction, which is a new one after a wait that was cut off.

    That a statement_timeout ends a wait for a lock is not documented, so a second session ends it.

    Raises:
        AccessError: it was not granted within a number of seconds.
    """
    deadline = time.monotonic() + max(timeout, AT_ONCE)
    with _watched(connection, deadline, timeout):
        is_granted = _is_granted(connection)
        while not is_granted and time.monotonic() < deadline:
            is_granted = _is_granted(connection)
    if not is_granted:
        another = f"another run has been loading for over {timeout:g} seconds"
        fix = "wait for its end, or raise [ETL] LOCK_TIMEOUT"
        raise AccessError(f"{connection.address}: {another}{_holder(connection)}; {fix}")


def _is_granted(connection: Connection) -> bool:
    """Whether the lock was granted before something cancelled the wait; the transaction is a new one if not."""
    try:
        connection.run_untranslated("lock table load_lock", {})
    except ProgrammingError as e:
        if field(e, "C") != CANCELED:
            raise translated(connection.address, e, in_transaction=True) from e
        connection.execute("rollback")
        connection.execute("begin")
        return False
    return True


@contextmanager
def _watched(connection: Connection, deadline: float, timeout: float) -> Iterator[None]:
    """Say that the block waits, and cancel its statement at the deadline, again and again until it is over."""
    is_over = Event()

    def watch() -> None:
        if timeout > AT_ONCE and not is_over.wait(AT_ONCE):
            connection.progress.say(f"{connection.address}: another run is loading; waiting up to {timeout:g} seconds")
        is_over.wait(deadline - time.monotonic())
        while not is_over.is_set():
            connection.cancel_on_server(unless=is_over)
            is_over.wait(CANCEL_EVERY)

    watching = Thread(target=watch, daemon=True)
    watching.start()
    try:
        yield
    finally:  # the next statement must not be cancelled by what was sent for this one
        is_over.set()
        watching.join()


def _holder(connection: Connection) -> str:
    """Who holds the lock and since when, in words; empty where this user may not see it."""
    try:
        rows = connection.query(HOLDERS)
    except SparkifyError:  # it is only told where it can be
        return ""
    held = (f"{owner.strip()} (process {pid}) since {since:%Y-%m-%d %H:%M:%S} UTC" for owner, pid, since in rows)
    return "".join(f"; the lock is held by {holder}" for holder in held)
