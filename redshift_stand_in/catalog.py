"""Redshift's system views, which every database of the stand-in has, and the log behind those of loads.

A system view of Redshift shows the log of the cluster, not rows of a transaction: a rollback leaves the errors that a
COPY logged. So the views read files that the server appends to, in PostgreSQL's data directory. The columns are those
of the pages SYS_LOAD_ERROR_DETAIL, SYS_LOAD_HISTORY and SYS_LOAD_DETAIL of the Database Developer Guide; a text of type
`character` is padded with blanks, as there.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from threading import Lock

FOLDER = "stand_in"

VIEWS = {
    "sys_load_error_detail": """
        user_id integer, query_id bigint, transaction_id bigint, session_id integer, database_name character(64),
        table_id integer, start_time timestamp, file_name character(256), line_number bigint,
        column_name character(127), column_type character(10), column_length character(10), position integer,
        error_code integer, error_message character(512)""",
    "sys_load_history": """
        user_id integer, query_id bigint, transaction_id bigint, session_id integer, database_name text, status text,
        table_name text, start_time timestamp, end_time timestamp, duration bigint, data_source text, file_format text,
        loaded_rows bigint, loaded_bytes bigint, source_file_count integer, source_file_bytes bigint,
        file_count_scanned integer, file_bytes_scanned bigint, error_count bigint, copy_job_id bigint""",
    "sys_load_detail": """
        user_id integer, query_id integer, file_name character(256), bytes_scanned integer, lines_scanned integer,
        record_time timestamp, splits_scanned integer, start_time timestamp, end_time timestamp,
        file_etag character(256), file_last_modified timestamp""",
}


SESSION_FUNCTIONS = {
    "pg_last_copy_id": "integer",
    "pg_last_copy_count": "bigint",
    "pg_last_unload_id": "integer",
    "pg_last_unload_count": "bigint",
    "pg_last_query_id": "integer",
    "version": "varchar",
}
"""Redshift's functions whose value only the session knows: in PostgreSQL they return the value that they are given."""

SETTINGS = frozenset({"datestyle", "search_path", "statement_timeout", "timezone"})
"""Settings that Redshift and PostgreSQL share."""

KEPT_SETTINGS = {"query_group": "redshift.query_group"}
"""Redshift's settings that change nothing here, and that CURRENT_SETTING tells, by names that PostgreSQL takes."""

READ_LOG = f"""
    create function pg_catalog.stand_in_log(name text) returns setof json language sql security definer as $$
        select cast(line as json) from string_to_table(pg_read_file('{FOLDER}/' || name, true), chr(10)) as line
        where line <> ''
    $$"""

COUNT_ROWS = """
    create function pg_catalog.stand_in_rows(tbl oid) returns bigint language plpgsql as $$
        declare total bigint;
        begin
            execute format('select count(*) from %s', cast(tbl as regclass)) into total;
            return total;
        end
    $$"""

TABLE_INFO = """
    create view pg_catalog.svv_table_info as
    select
        cast(current_database() as text) as "database",
        cast(n.nspname as text) as "schema",
        c.oid as table_id,
        cast(c.relname as text) as "table",
        cast(ceil(pg_table_size(c.oid) / 1048576.0) as bigint) as size,
        cast(r.rows as numeric(38, 0)) as tbl_rows
    from pg_class as c
    inner join pg_namespace as n on n.oid = c.relnamespace
    cross join lateral pg_catalog.stand_in_rows(c.oid) as r (rows)
    where c.relkind = 'r' and c.relpersistence = 'p' and c.oid >= 16384 and r.rows > 0"""
"""SVV_TABLE_INFO: permanent tables of users that hold a row, with their size in blocks of 1 MB; for superusers only."""


TRANSACTIONS = """
    create view pg_catalog.svv_transactions as
    select
        cast(a.usename as text) as txn_owner,
        cast(a.datname as text) as txn_db,
        cast(coalesce(cast(cast(a.backend_xid as text) as bigint), 0) as bigint) as xid,
        a.pid,
        cast(a.xact_start at time zone 'UTC' as timestamp) as txn_start,
        cast(l.mode as text) as lock_mode,
        cast(l.locktype as text) as lockable_object_type,
        cast(l.relation as integer) as relation,
        l.granted
    from pg_stat_activity as a
    inner join pg_locks as l on l.pid = a.pid
    where l.locktype in ('relation', 'transactionid')
        and (
            a.usename = current_user
            or (select u.usesuper from pg_user as u where u.usename = current_user)
        )"""
"""SVV_TRANSACTIONS: the locks of each transaction; superusers see all, others those of their own user."""


def statements() -> list[str]:
    """The statements that create the views: in pg_catalog, where every search path finds them."""
    functions = [
        f"create function pg_catalog.{name}({kind}) returns {kind} language sql immutable as 'select $1'"
        for name, kind in SESSION_FUNCTIONS.items()
    ]
    views = [statement for name, columns in VIEWS.items() for statement in _view(name, columns)]
    return [
        "set allow_system_table_mods = on",
        "grant create on schema public to public",  # as in Redshift, and not in PostgreSQL from 15 on
        *functions,
        READ_LOG,
        *views,
        COUNT_ROWS,
        TABLE_INFO,
        TRANSACTIONS,
        "grant select on pg_catalog.svv_transactions to public",
    ]


def _view(name: str, declared: str) -> tuple[str, str]:
    """The statements that create the view of a log; a user without superuser rights sees only their own rows."""
    columns = []
    for column in declared.replace("\n", " ").split(", "):
        label, kind = column.split()
        columns.append(f"cast(row ->> '{label}' as {kind}) as \"{label}\"")
    own = "(select usesuper or usesysid = cast(row ->> 'user_id' as oid) from pg_user where usename = current_user)"
    rows = f"pg_catalog.stand_in_log('{name}') as log (row)"
    view = f"create view pg_catalog.{name} as select {', '.join(columns)} from {rows} where {own}"
    return view, f"grant select on pg_catalog.{name} to public"


class SystemLog:
    """The files behind the views of loads."""

    def __init__(self, data_directory: Path) -> None:
        self._folder = data_directory / FOLDER
        self._folder.mkdir(exist_ok=True)
        self._lock = Lock()

    def add(self, view: str, rows: Iterable[Mapping[str, object]]) -> None:
        """Add rows to a view; a rollback leaves them."""
        with self._lock, (self._folder / view).open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(row, default=str) + "\n" for row in rows)

    def newest_query(self) -> int:
        """The highest number of a query in the views; 0 while they are empty."""
        last_lines = [file.read_text(encoding="utf-8").splitlines()[-1:] for file in self._folder.iterdir()]
        return max((json.loads(line)["query_id"] for lines in last_lines for line in lines), default=0)
