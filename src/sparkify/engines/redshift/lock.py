"""The lock that lets one run write at a time: an empty table, which nobody reads and nobody is granted."""

from __future__ import annotations

from threading import Timer

from redshift_connector.error import ProgrammingError

from sparkify.engines.redshift.connection import Connection
from sparkify.engines.redshift.errors import CANCELED, field, translated
from sparkify.errors import AccessError, SparkifyError

AT_ONCE = 1.0
"""Seconds that Redshift may take for a lock that is free."""

GRACE = 5.0
"""Seconds after which another session cancels the wait: statement_timeout is not documented to end one for a lock."""

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
    """Take the lock, in the caller's transaction, which is a new one after a wait.

    Raises:
        AccessError: it was not granted within a number of seconds.
    """
    if _is_granted_within(connection, AT_ONCE):
        return
    if timeout > AT_ONCE:
        connection.progress.say(f"{connection.address}: another run is loading; waiting up to {timeout:g} seconds")
        if _is_granted_within(connection, timeout - AT_ONCE):
            return
    fix = "wait for its end, or raise [ETL] LOCK_TIMEOUT"
    raise AccessError(
        f"{connection.address}: another run has been loading for over {timeout:g} seconds{_holder(connection)}; {fix}"
    )


def _is_granted_within(connection: Connection, seconds: float) -> bool:
    """Whether the lock was granted; the transaction is a new one if not."""
    connection.execute(f"set statement_timeout to {int(seconds * 1000)}")
    watch = Timer(seconds + GRACE, connection.end_on_server, kwargs={"only_the_statement": True})
    watch.daemon = True
    watch.start()
    try:
        connection.run_untranslated("lock table load_lock", {})
    except ProgrammingError as e:
        if field(e, "C") != CANCELED:
            raise translated(connection.address, e, in_transaction=True) from e
        connection.execute("rollback")
        connection.execute(connection.with_own_timeout)
        connection.execute("begin")
        return False
    finally:
        watch.cancel()
    connection.execute(connection.with_own_timeout)
    return True


def _holder(connection: Connection) -> str:
    """Who holds the lock and since when, in words; empty where this user may not see it."""
    try:
        rows = connection.query(HOLDERS)
    except SparkifyError:  # it is only told where it can be
        return ""
    held = (f"{owner.strip()} (process {pid}) since {since:%Y-%m-%d %H:%M:%S} UTC" for owner, pid, since in rows)
    return "".join(f"; the lock is held by {holder}" for holder in held)
