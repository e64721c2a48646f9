"""What ends a wait and a statement, what an answer takes in memory, and how statements are labelled."""

from __future__ import annotations

import signal
import time
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Timer, main_thread

from redshift_connector.error import ProgrammingError

from probes.place import LONGEST_WAIT, Place, number_rows, refusal
from sparkify.engines.redshift import login
from sparkify.engines.redshift.engine import Redshift
from sparkify.engines.redshift.errors import words
from sparkify.errors import SparkifyError

WAIT = 2
"""Seconds of the timeout that may end a wait for a lock."""

RESCUE = 15
"""Seconds after which another session ends it."""

ROWS, FETCHED = 17, 1_000
"""Rows of the answer that is fetched, as a power of two; and rows that are fetched at a time."""

LONG_SUM = """
select count(*)
from numbers as a
cross join numbers as b
cross join numbers as c
cross join numbers as d
where a.a + b.a + c.a + d.a = 0
"""


def wait_for_lock(place: Place) -> str:
    """Does statement_timeout end a wait for a lock?"""
    with place.session() as holder, place.session() as waiter:
        holder.execute("begin")
        holder.execute("lock table load_lock")
        waiter.execute(f"set statement_timeout to {WAIT * 1000}")
        waiter.execute("begin")
        rescue = Timer(RESCUE, waiter.cancel_on_server, kwargs={"unless": Event()})
        rescue.start()
        try:
            seconds, refused = refusal(waiter, "lock table load_lock")
        finally:
            rescue.cancel()
        for session in (waiter, holder):
            session.execute("rollback")
    by = "statement_timeout" if seconds < RESCUE - 1 else f"pg_cancel_backend after {RESCUE} s, and no timeout"
    return f"ended after {seconds:.1f} s of {WAIT} s by {by if refused else 'nothing'}: {refused}"


def interrupted_statement(place: Place) -> str:
    """How long after Ctrl-C is the lock of the session free, whose statement was running?"""
    with place.session() as session, place.session() as other:
        number_rows(session, 12)
        session.execute("begin")
        session.execute("lock table load_lock")
        presses = Timer(1, signal.pthread_kill, (main_thread().ident, signal.SIGINT))
        presses.start()
        try:
            with suppress(KeyboardInterrupt):
                session.execute(LONG_SUM)
        finally:
            presses.cancel()
        started = time.monotonic()
        other.execute(f"set statement_timeout to {int(LONGEST_WAIT * 1000)}")
        other.execute("begin")
        _, refused = refusal(other, "lock table load_lock")
        seconds = time.monotonic() - started
        other.execute("rollback")
    return f"not within {LONGEST_WAIT:g} s: {refused}" if refused else f"free {seconds:.1f} s after the interruption"


def cursor_memory(place: Place) -> str:
    """How much memory of the client does an answer take, whole and by DECLARE and FETCH?"""
    with place.session() as session:
        count = number_rows(session, ROWS)
        query = "select a, a + 1 as b, a + 2 as c from numbers"
        whole = _measured(lambda: len(session.query(query)))
        try:
            parts = _measured(lambda: _fetched_in_parts(session, query))
        except SparkifyError as e:
            parts = f"refused: {e}"
    return f"{count:,} rows: whole {whole}; {FETCHED:,} at a time {parts}"


def _fetched_in_parts(session: Redshift, query: str) -> int:
    with session.transaction():
        session.execute(f"declare probe_cursor cursor for {query}")
        count = 0
        while rows := session.query(f"fetch forward {FETCHED} from probe_cursor"):
            count += len(rows)
        session.execute("close probe_cursor")
    return count


def _measured(fetch: Callable[[], int]) -> str:
    """The peak of memory and the time of what fetches rows."""
    tracemalloc.start()
    started = time.monotonic()
    try:
        count = fetch()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return f"{peak / 1e6:.1f} MB in {time.monotonic() - started:.1f} s, {count:,} rows"


def query_label(place: Place) -> str:
    """What is query_group before anybody sets it, does a login set only that, and what does sys_query_history show?"""
    connection = login.connect(place.settings, place.cluster, place.progress)
    cursor = connection.cursor()
    [(group,)] = cursor.execute("select current_setting('query_group')").fetchall()
    left_out = "set_config('query_group', 'taken', false)"
    cursor.execute(f"select case when current_setting('query_group') = 'another' then {left_out} end")
    [(kept,)] = cursor.execute("select current_setting('query_group')").fetchall()
    connection.close()
    group = f"{group!r} at first, {kept!r} after a call that CASE leaves out"
    history = "select distinct trim(query_label) from sys_query_history where session_id = pg_backend_pid()"
    with place.session() as session:
        try:
            labels = sorted(str(label) for (label,) in session.run_untranslated(history, {}).fetchall())
        except ProgrammingError as e:
            return f"{group}; sys_query_history: {words(e)}"
    return f"{group}; sys_query_history: {labels}"
