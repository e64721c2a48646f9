"""The warehouse in Amazon Redshift, provisioned or Serverless."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import redshift_connector
from redshift_connector import error as faults

from sparkify import sql_queries
from sparkify.config import Cluster, Config
from sparkify.engines import (
    Answer,
    Export,
    Rows,
    Source,
    Staged,
    TryAgainError,
    Value,
    redshift_export,
    redshift_questions,
    redshift_staging,
)
from sparkify.errors import AccessError, LoadError, OutcomeUnknownError, SparkifyError, StatementError
from sparkify.plan import Batch
from sparkify.progress import Progress
from sparkify.store import StoredObject

CONFLICT = ("1023", "Serializable isolation violation", "concurrent update", "deadlock detected")
"""Words by which Redshift says that another transaction came between, and that this one may be run again."""

WAITS = (1.0, 4.0, 15.0, 60.0)
"""Seconds to wait before each further attempt after such a conflict."""

FATAL = ("FATAL", "PANIC")
"""The severity of faults with which the server ends the connection."""

AT_ONCE = 1.0
"""Seconds that Redshift may take for a lock that is free."""

CANCELED = "57014"
"""The SQLSTATE of a statement that took longer than statement_timeout."""

UNREACHED = "check [CLUSTER] HOST and DB_PORT, that the cluster is not paused, and that its network lets you in"

NUMERIC = 1700

TYPES = {
    16: "BOOLEAN",
    20: "BIGINT",
    21: "SMALLINT",
    23: "INTEGER",
    700: "FLOAT",
    701: "DOUBLE",
    1082: "DATE",
    1114: "TIMESTAMP",
    1184: "TIMESTAMP WITH TIME ZONE",
    NUMERIC: "DECIMAL(38, 6)",
}
"""DuckDB's names of the types that the driver names by PostgreSQL's numbers (pg_type.oid); any other is a text."""

OF_A_PERSON = ("22", "25", "42", "0A")
"""Classes of SQLSTATE of what is wrong with a statement itself: its values, its change of something, its words."""

NO_RIGHT = "42501"
"""The SQLSTATE of what the user may not do."""

NO_ACCESS = {
    "not authorized to assume": "attach the role of [IAM_ROLE] ARN to the cluster, and let Redshift assume it",
    "requires full path of an S3 object": "let the role of [IAM_ROLE] ARN read what lies in [S3] WORK",
    "Access Denied": "let the role of [IAM_ROLE] ARN list and read what [S3] names, and write where an export goes",
    "different region": "set [S3] REGION to the region of the bucket",
    "NoSuch": "an object is gone since it was listed, or a bucket of [S3] is not there; check [S3], and run again",
    "S3 prefix": "the objects are gone since they were listed; check [S3], and run again",
    "28000": "check [CLUSTER] DB_USER and DB_PASSWORD",
    "3D000": "check [CLUSTER] DB_NAME",
    "42501": "the user lacks a right: grant it, or let the owner of the tables run this",
    "mismatch, certificate": "the certificate is of another host; check [CLUSTER] HOST, or, for a host that is reached "
    "through a tunnel, set [CLUSTER] SSLMODE = verify-ca, which leaves out the name",
    "certificate": "the host cannot prove that it is Redshift; check [CLUSTER] HOST, and what stands between",
    "refuses SSL": "the host offers no TLS; check [CLUSTER] HOST and DB_PORT, or set [CLUSTER] SSLMODE = disable",
    "time out": UNREACHED,
    "communication": UNREACHED,
    "Unable to determine ip": "check [CLUSTER] HOST: there is no such name",
}
"""What to do where something cannot be reached or opened, by SQLSTATE or by words of the fault; the first that fits."""

NO_LOAD = {
    "decompress": "an object cannot be unpacked; deliver it again",
    "42P01": "a table is missing; run create_tables.py",
    "53100": "make room in the cluster, or lower [ETL] BATCH_SIZE",
    "Disk Full": "make room in the cluster, or lower [ETL] BATCH_SIZE",
    **dict.fromkeys(CONFLICT, "another transaction came between again and again; run again when it is over"),
}
"""The same for other faults."""


class Redshift:
    """A database in Redshift, over one connection that is opened again when it was lost between transactions."""

    name = "redshift"

    def __init__(self, config: Config, cluster: Cluster, progress: Progress, *, create: bool = False) -> None:
        """Log in; `create` makes the schema when it is not there.

        Raises:
            AccessError: the host cannot be reached, or does not let us in.
        """
        self.place = f"redshift://{cluster.host}:{cluster.port}/{cluster.database}/{cluster.schema}".rstrip("/")
        self.cluster = cluster
        self.config = config
        self._progress = progress
        self._attempts = 0
        self._is_in_transaction = False
        self._is_lost = False
        self._connection: Any = self._log_in()
        self._staging = redshift_staging.Staging(self)
        if create and cluster.schema:
            self.execute(f"create schema if not exists {cluster.schema}")

    def execute(self, sql: str, values: Mapping[str, Value] | None = None) -> int:
        """See `Engine.execute`."""
        return int(self._run(sql, values or {}).rowcount)

    def query(self, sql: str, values: Mapping[str, Value] | None = None) -> Rows:
        """See `Engine.query`."""
        return [tuple(row) for row in self._run(sql, values or {}).fetchall()]

    def ask(self, sql: str, values: Mapping[str, Value] | None = None) -> Answer:
        """See `Engine.ask`. What Redshift lets a transaction do that is read only, but reaches S3, is refused here."""
        if reason := redshift_questions.why_refused(sql):
            raise StatementError(f"{self.place}: {reason}")
        try:
            cursor = self._run(sql, values or {})
        except (LoadError, AccessError) as e:
            state = _told(e.__cause__, "C")
            if e.__cause__ and state.startswith(OF_A_PERSON) and state != NO_RIGHT:
                raise StatementError(f"{self.place}: {_words(e.__cause__)}") from e
            raise
        columns = cursor.ps["row_desc"]
        names, types = [column["label"].decode() for column in columns], [_type(column) for column in columns]
        return Answer(tuple(names), tuple(types), map(tuple, cursor)).require_columns(self.place)

    def insert(self, table: str, rows: Sequence[Sequence[Value]]) -> None:
        """See `Engine.insert`. Many rows go through S3, for Redshift takes long for an insert of many values."""
        if len(rows) > redshift_staging.INSERTED_ROWS and self.cluster.work:
            self._staging.copy_rows(table, rows)
            return
        for at in range(0, len(rows), redshift_staging.INSERTED_ROWS):
            some = rows[at : at + redshift_staging.INSERTED_ROWS]
            width = len(some[0])
            places = ", ".join(f"({', '.join(f'$v{n * width + m}' for m in range(width))})" for n in range(len(some)))
            values = {f"v{n}": value for n, value in enumerate(value for row in some for value in row)}
            self.execute(f'insert into "{table}" values {places}', values)

    def lock(self) -> None:
        """See `Engine.lock`. The tables of the batch in hand are locked, which nobody else reads."""
        timeout = self.config.lock_timeout
        if self._is_locked_within(AT_ONCE):
            return
        if timeout > AT_ONCE:
            self._progress.say(f"{self.place}: another run is loading; waiting up to {timeout:g} seconds")
            if self._is_locked_within(timeout - AT_ONCE):
                return
        fix = "wait for its end, or raise [ETL] LOCK_TIMEOUT"
        raise AccessError(f"{self.place}: another run has been loading for over {timeout:g} seconds; {fix}")

    def _is_locked_within(self, seconds: float) -> bool:
        """Whether the lock could be had; the transaction is a new one if not."""
        try:
            self.execute(f"set statement_timeout to {int(seconds * 1000)}")
            self.execute(f"lock table {', '.join(sql_queries.WORK_TABLES)}")
            self.execute("set statement_timeout to 0")
        except LoadError as e:
            if _told(e.__cause__, "C") != CANCELED:
                raise
            self.execute("rollback")
            self.execute("begin")
            return False
        return True

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
                self.roll_back()
            raise
        self._is_in_transaction = False
        self._attempts = 0

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """See `Engine.snapshot`."""
        self.execute("begin read only")
        self._is_in_transaction = True
        try:
            yield
        finally:
            self.roll_back()

    def _commit(self) -> None:
        try:
            self.execute("commit")
        except SparkifyError as e:
            if self._is_lost:
                raise OutcomeUnknownError(str(e)) from e
            raise
        except KeyboardInterrupt as e:
            raise e from OutcomeUnknownError("interrupted")

    def roll_back(self) -> None:
        """Undo what the transaction did. Where Redshift cannot be told, the end of the connection tells it."""
        try:
            self.execute("rollback")
        except SparkifyError:
            self._hang_up()
        finally:
            self._is_in_transaction = False

    def _hang_up(self) -> None:
        self._is_lost = True
        with suppress(faults.Error, OSError):
            self._connection.close()

    def stage(self, batch: Batch, source: Source, progress: Progress, *, careful: bool, most_bad: int) -> Staged:
        """See `Engine.stage`."""
        return self._staging.stage(batch, source, progress, careful=careful, most_bad=most_bad)

    def examinations(self, song: StoredObject, log: StoredObject) -> Mapping[str, Callable[[], str]]:
        """See `Engine.examinations`."""
        checks: dict[str, Callable[[], str]] = {"role": lambda: self._staging.examine_role(song, log)}
        if self.cluster.work:
            checks["work"] = self._staging.examine_work
        return checks

    def size(self) -> int | None:
        """See `Engine.size`. Redshift counts in blocks of 1 MB (DG r_SVV_TABLE_INFO)."""
        [(schema,)] = self.query("select current_schema()")
        try:
            [(blocks,)] = self.query(
                'select sum(size) from svv_table_info where "schema" = $schema', {"schema": schema}
            )
        except AccessError:
            return None
        return None if blocks is None else int(blocks) * 1024**2

    def export(self, tables: Sequence[Export], place: str, done: Callable[[int], None], *, overwrite: bool) -> None:
        """See `Engine.export`."""
        redshift_export.export(self, tables, place, done, overwrite=overwrite)

    def warn(self, text: str) -> None:
        """Say something to the person."""
        self._progress.warn(text)

    def tidy(self) -> None:
        """See `Engine.tidy`. What cannot be deleted from WORK does no harm, and the batch is loaded."""
        try:
            self._staging.clear()
        except AccessError as e:
            self._progress.warn(f"{e}; the load goes on, and what was put into [S3] WORK stays there")

    def close(self) -> None:
        """See `Engine.close`."""
        with suppress(AccessError):
            self._staging.clear()
        self._hang_up()

    def _run(self, sql: str, values: Mapping[str, Value]) -> Any:
        """A cursor after one statement.

        Raises:
            TryAgainError: another transaction came between.
            AccessError: Redshift may not read what it is told to read, or we may not do what we ask.
            LoadError: Redshift refuses the statement for another reason, or the connection is lost.
        """
        if self._is_lost:
            if self._is_in_transaction:
                raise LoadError(f"{self.place}: the connection was lost; run again")
            self._hang_up()
            self._connection = self._log_in()
        statement, arguments = _numbered(sql, values)
        cursor = self._connection.cursor()
        cursor.paramstyle = "numeric"
        self._is_lost = True  # until its answer is read to the end: after Ctrl-C a rest of it would wait there
        try:
            with self._progress.statement(sql):
                cursor.execute(statement, arguments)
        except faults.ProgrammingError as e:
            self._is_lost = _told(e, "S") in FATAL
            raise self._refused(e) from e
        except (faults.Error, OSError, EOFError, struct.error) as e:
            raise LoadError(f"{self.place}: the connection was lost; run again ({_words(e)})") from e
        self._is_lost = False
        return cursor

    def _refused(self, e: Exception) -> SparkifyError:
        words = _words(e)
        if self._is_in_transaction and any(word in words for word in CONFLICT) and self._attempts < len(WAITS):
            self._attempts += 1
            text = f"{self.place}: another transaction came between ({words})"
            return TryAgainError(text, wait=WAITS[self._attempts - 1])
        if fix := _fix(NO_ACCESS, e):
            return AccessError(f"{self.place}: {fix} ({words})")
        return LoadError(f"{self.place}: {_fix(NO_LOAD, e) or 'report this if it stays'} ({words})")

    def _log_in(self) -> Any:
        cluster, store = self.cluster, self.config.store
        options: dict[str, Any] = {"ssl": cluster.sslmode != "disable"}
        if options["ssl"]:
            options["sslmode"] = cluster.sslmode
        if cluster.password:
            options |= {"user": cluster.user, "password": cluster.password}
        else:
            options |= _iam_login(cluster) | {"region": store.region or None}
            if store.key:
                options |= {"access_key_id": store.key, "secret_access_key": store.secret}
        try:
            connection = redshift_connector.connect(
                host=cluster.host,
                port=cluster.port,
                database=cluster.database,
                application_name="sparkify",
                # A load may be silent for long; what counts is that the peer is still there.
                tcp_keepalive=True,
                tcp_keepalive_idle=60,
                **options,
            )
            connection.autocommit = True  # transactions begin and end by statements
            if cluster.schema:
                connection.cursor().execute(f"set search_path to {cluster.schema}")
        except Exception as e:  # by IAM it may be any of boto3's
            fix = _fix(NO_ACCESS, e) or "check [CLUSTER], and for a login by IAM the credentials and their rights"
            raise AccessError(f"{self.place}: cannot log in; {fix} ({_words(e)})") from e
        return connection


def _iam_login(cluster: Cluster) -> dict[str, Any]:
    """Credentials of AWS are exchanged for those of a database user at each login."""
    if cluster.workgroup:
        return {"iam": True, "is_serverless": True, "serverless_work_group": cluster.workgroup}
    if cluster.user:
        return {"iam": True, "cluster_identifier": cluster.cluster_id, "db_user": cluster.user}
    return {"iam": True, "cluster_identifier": cluster.cluster_id, "group_federation": True}


def _numbered(sql: str, values: Mapping[str, Value]) -> tuple[str, tuple[Value, ...] | None]:
    """The statement with `$1` for the first of the names that are bound, and their values in that order."""
    names: list[str] = []

    def number(name: str) -> str:
        if name not in values:
            return f"${name}"
        if name not in names:
            names.append(name)
        return f"${names.index(name) + 1}"

    statement = sql_queries.with_parameters(sql, number)
    return statement, tuple(values[name] for name in names) or None


def _type(column: Mapping[str, Any]) -> str:
    """DuckDB's name of a column's type. A number's digits stand in its modifier (see numeric.c of PostgreSQL)."""
    modifier = column["type_modifier"] - 4
    if column["type_oid"] == NUMERIC and modifier >= 0:
        return f"DECIMAL({modifier >> 16}, {modifier & 0xFFFF})"
    return TYPES.get(column["type_oid"], "VARCHAR")


def _told(e: BaseException | None, field: str) -> str:
    """A field of what the server says: C is the SQLSTATE, S the severity; empty for other faults."""
    told = e.args[0] if e is not None and e.args else None
    return str(told.get(field, "")) if isinstance(told, dict) else ""


def _words(e: BaseException) -> str:
    """What the server or the driver says, in one line."""
    text = f"{_told(e, 'M')} {_detail(_told(e, 'D'))}" if _told(e, "M") else ": ".join(map(str, e.args))
    return " ".join(text.split())[:300] or type(e).__name__


def _detail(text: str) -> str:
    """The detail of a fault; of the block that Redshift gives, which repeats the message, only what it was about."""
    block = re.search(r"error:.*context:(.*?)(query|process):", text, re.DOTALL)
    return f"({block[1].strip()})" if block and block[1].strip() else "" if block else text


def _fix(fixes: Mapping[str, str], e: BaseException) -> str:
    words, state = _words(e), _told(e, "C")
    return next((fix for sign, fix in fixes.items() if sign == state or sign in words), "")
