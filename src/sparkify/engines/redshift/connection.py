"""A connection to Redshift, opened again when it was lost between transactions."""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import timedelta
from threading import Event
from typing import Any

from redshift_connector import error as driver

from sparkify import sql_queries
from sparkify.config import Cluster, Config
from sparkify.engines.answer import Rows, Value
from sparkify.engines.redshift import login, parameters
from sparkify.engines.redshift.errors import FATAL, access_fix, field, translated, words
from sparkify.errors import AccessError, LoadError, OutcomeUnknownError, SparkifyError
from sparkify.progress import Progress
from sparkify.store import Stores

LONGEST_STATEMENT = timedelta(hours=6)
"""The time that a statement may take where neither the user nor the cluster has a statement_timeout: a client that was
lost does not end its statement (awslabs/aws-lambda-redshift-loader, issue 45).
"""

UNSET = {"statement_timeout": ("0",), "query_group": ("", "unset", "default")}
"""The value of each setting for which neither the user nor the cluster chose one (DG r_CURRENT_SETTING)."""

SECONDS_TO_REACH = 10
"""How long a second session may take to be opened, which ends what the first one left."""


class TakenRows(deque[list[Value]]):
    """Stands where the driver collects the rows of a result, and hands each on as soon as it is read.

    The driver has no other way to read a long result by one statement without holding all of it.
    """

    def __init__(self, take: Callable[..., object]) -> None:
        super().__init__()
        self._take = take

    def append(self, row: list[Value]) -> None:
        """Take a row, and do not keep it."""
        self._take(*row)


class Connection:
    """One session in Redshift."""

    name = "redshift"
    records_idle_runs = False

    def __init__(self, config: Config, cluster: Cluster, progress: Progress) -> None:
        """Log in.

        Raises:
            AccessError: the host cannot be reached, or refuses the login.
        """
        self.address = cluster.address
        self.cluster = cluster
        self.config = config
        self.progress = progress
        self.stores = Stores(config)
        self.holds_staged_rows = False
        """Whether temporary tables of this session hold a batch, which would be lost with the connection."""
        self.session = 0
        """Counts the sessions: temporary tables of an earlier one are gone."""
        self._is_in_transaction = False
        self._is_lost = True
        self._connection: Any = None
        self._pid = 0
        self._log_in()

    def execute(self, sql: str, values: Mapping[str, Value] | None = None) -> int:
        """See `Engine.execute`."""
        return int(self.run(sql, values or {}).rowcount)

    def query(self, sql: str, values: Mapping[str, Value] | None = None) -> Rows:
        """See `Engine.query`."""
        return [tuple(row) for row in self.run(sql, values or {}).fetchall()]

    def each(self, sql: str, take: Callable[..., object]) -> None:
        """See `Engine.each`."""
        self.require_session()
        cursor = self._connection.cursor()
        cursor._cached_rows = TakenRows(take)
        self.run(sql, {}, cursor)

    def run(self, sql: str, values: Mapping[str, Value], cursor: Any = None) -> Any:
        """The driver's cursor after one statement; by default a new one.

        Raises:
            ConflictError: the transaction conflicted with another.
            AccessError: Redshift may not read the objects, or the user may not run the statement.
            LoadError: Redshift refuses the statement for another reason, or the connection is lost.
        """
        try:
            return self.run_untranslated(sql, values, cursor)
        except driver.ProgrammingError as e:
            raise translated(self.address, e, in_transaction=self._is_in_transaction) from e

    def run_untranslated(self, sql: str, values: Mapping[str, Value], cursor: Any = None) -> Any:
        """The same, with the driver's error when Redshift refuses the statement.

        Raises:
            ProgrammingError: the driver's, when Redshift refuses the statement.
            LoadError: the connection is lost.
        """
        self.require_session()
        statement, arguments = parameters.bound(sql, values)
        cursor = self._connection.cursor() if cursor is None else cursor
        cursor.paramstyle = "numeric"
        # An interrupted statement leaves unread rows on the socket: the connection is lost until the answer is read.
        self._is_lost = True
        try:
            with self.progress.statement(sql):
                cursor.execute(statement, arguments)
        except driver.ProgrammingError as e:
            self._is_lost = field(e, "S") in FATAL
            raise
        except (driver.Error, OSError, EOFError, struct.error) as e:
            self._end_unless_it_commits(sql)
            raise self._lost(f" ({words(e)})") from e
        except BaseException:  # Ctrl-C
            self._end_unless_it_commits(sql)
            raise
        self._is_lost = False
        return cursor

    def _end_unless_it_commits(self, sql: str) -> None:
        """End on the server what nobody waits for any more. A commit ends soon, and tells whether it took place."""
        if sql != "commit":
            self.end_on_server()

    def take_notices(self) -> list[str]:
        """What Redshift has said beside its answers since the last call; the driver keeps the last hundred."""
        notices = [notice.get(b"M", b"").decode(errors="replace") for notice in self._connection.notices]
        self._connection.notices.clear()
        return notices

    def require_session(self) -> None:
        """Log in again if the connection was lost.

        Raises:
            LoadError: it was lost with a transaction, or with the rows of a batch.
        """
        if not self._is_lost:
            return
        if self._is_in_transaction or self.holds_staged_rows:
            raise self._lost()
        self._hang_up()
        self._log_in()

    def _lost(self, why: str = "") -> LoadError:
        """Close the session; the error that says so. The statement after it logs in again, unless in a transaction."""
        self._hang_up()
        return LoadError(f"{self.address}: the connection was lost; run again{why}")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """See `Engine.transaction`."""
        try:
            self.execute("begin")
            self._is_in_transaction = True
            yield
            self._commit()
        except BaseException:
            if self._is_in_transaction:
                self._roll_back()
            raise
        self._is_in_transaction = False

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """See `Engine.snapshot`."""
        self.execute("begin read only")
        self._is_in_transaction = True
        try:
            yield
        finally:
            self._roll_back()

    def _commit(self) -> None:
        try:
            self.execute("commit")
        except SparkifyError as e:
            if self._is_lost:
                raise OutcomeUnknownError(str(e)) from e
            raise
        except KeyboardInterrupt as e:
            raise e from OutcomeUnknownError("interrupted")

    def _roll_back(self) -> None:
        """Undo what the transaction did. Where Redshift does not answer, the end of the connection undoes it."""
        try:
            self.execute("rollback")
        except SparkifyError:
            self._hang_up()
        finally:
            self._is_in_transaction = False

    def _hang_up(self) -> None:
        """Close the session, and with it the temporary tables."""
        self._is_lost, self.holds_staged_rows = True, False
        with suppress(driver.Error, OSError):
            self._connection.close()

    def _log_in(self) -> None:
        """Begin a session.

        Raises:
            AccessError: the host cannot be reached, or refuses the login.
        """
        try:
            connection = login.connect(self.config, self.cluster, self.progress)
            connection.autocommit = True  # transactions begin and end by statements
            [(self._pid, *_)] = connection.cursor().execute(self._beginning()).fetchall()
        except AccessError as e:
            raise AccessError(f"{self.address}: cannot log in; {e}") from e
        except Exception as e:  # by IAM it may be any of boto3's
            fix = access_fix(e) or "check [CLUSTER], and for a login by IAM the credentials and their rights"
            raise AccessError(f"{self.address}: cannot log in; {fix} ({words(e)})") from e
        self._connection, self._is_lost = connection, False
        self.session += 1

    def _beginning(self) -> str:
        """The statement that tells the number of a new session, and sets what nobody chose for it (DG r_SET_CONFIG)."""
        settings = {
            "statement_timeout": str(LONGEST_STATEMENT // timedelta(milliseconds=1)),
            "query_group": f"sparkify {self.progress.command}".strip(),
        }
        set_up = []
        for name, value in settings.items():
            unset = ", ".join(map(sql_queries.literal, UNSET[name]))
            set_config = f"set_config('{name}', {sql_queries.literal(value)}, false)"
            set_up.append(f"case when current_setting('{name}') in ({unset}) then {set_config} end")
        if self.cluster.schema:
            set_up.append(f"set_config('search_path', {sql_queries.literal(self.cluster.schema)}, false)")
        return f"select pg_backend_pid(), {', '.join(set_up)}"

    def end_on_server(self) -> None:
        """End the session from a second one. Where none can be opened, Redshift must notice."""
        if failure := self._from_second_session("pg_terminate_backend"):
            self.progress.warn(f"{self.address}: what was begun goes on there until Redshift ends it ({failure})")

    def cancel_on_server(self, *, unless: Event) -> None:
        """Cancel the statement in hand from a second session, unless it is over when that session is open."""
        if failure := self._from_second_session("pg_cancel_backend", unless):
            self.progress.warn(f"{self.address}: no second session can be opened to end the wait ({failure})")

    def _from_second_session(self, function: str, unless: Event | None = None) -> str:
        """Call a function of Redshift on the session's process; what went wrong, if anything did."""
        try:
            second = login.connect(self.config, self.cluster, self.progress, timeout=SECONDS_TO_REACH)
            second.autocommit = True
            if not (unless and unless.is_set()):
                second.cursor().execute(f"select {function}({int(self._pid)})")
            second.close()
        except Exception as e:  # by IAM it may be any of boto3's
            return words(e)
        return ""
