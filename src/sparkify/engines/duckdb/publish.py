"""The copy of the warehouse for readers (`[DUCKDB] PUBLISH`): a file that only ever appears whole, in place of another.

A reader who has the copy open keeps it when a new one comes. No reader of a copy waits for a load, or makes one wait.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from sparkify import dictionary, sql_queries
from sparkify.engines.answer import Rows
from sparkify.engines.duckdb.connection import Connection
from sparkify.engines.duckdb.file import log_of, require_database
from sparkify.engines.duckdb.json_columns import identifier
from sparkify.engines.duckdb.new_files import attached, replace
from sparkify.engines.duckdb.private_folder import PrivateFolder
from sparkify.errors import AccessError, LoadError
from sparkify.progress import Progress

COPY = '"the copy for readers"'
"""The name of the copy's database while it is written. A file named so would have the same."""

MOST_PLAYS_WITH_KEYS = 1_000_000
"""Plays up to which the copy declares its keys. DuckDB makes an index of each: of 2 million plays they would take four
times the time and the room of the rows."""

SELECTED = {"forgotten_users": "* replace ('' as salt)"}
"""What the copy holds of a table, unless it is all: who knows the salt can find out who was forgotten."""

MARK = "Copy for readers"
"""How the description of a copy's table `warehouse` begins. Only a database with it is replaced."""

STATE = """
select
    (select coalesce(sum(batches), 0) from {database}."runs"),
    (select max(started_at) from {database}."runs" where batches > 0),
    (select count(*) from {database}."load_history"),
    (select count(*) from {database}."forgotten_users"),
    (select max(forgotten_at) from {database}."forgotten_users")
"""
"""What differs between a warehouse and a former copy of it, of the same version."""


def publish(connection: Connection, path: Path, progress: Progress) -> None:
    """Write a new copy, unless the one that is there holds what the warehouse holds.

    Raises:
        AccessError: it cannot be written, or is no copy of a warehouse.
    """
    try:
        [(name,)] = connection.query("select current_database()")
        warehouse = f"{identifier(name)}.main"
        with PrivateFolder(path.resolve()) as folder:
            if _is_current(connection, warehouse, path, folder):
                return
            with progress.phase(f"publish {path}"):
                new = folder.new_file().with_suffix(".duckdb")
                with attached(connection, new, COPY, "storage_version 'v1.4.0'"):
                    with connection.transaction():
                        _fill(connection, warehouse)
                    connection.query(f"checkpoint {COPY}")
                replace(new, path)
    except (LoadError, OSError) as e:
        fix = "make room there, or set [DUCKDB] PUBLISH to another file; what is loaded stays loaded"
        raise AccessError(f"{path}: the copy for readers cannot be written; {fix} ({e})") from e


def examine(path: Path) -> str:
    """Make sure that a copy can be written at a path, as far as that can be told without writing; a sentence about it.

    Raises:
        AccessError: it cannot.
    """
    _require_database(path)
    folder = path.resolve().parent
    if not os.access(folder, os.W_OK):
        fix = "look at its rights, or set [DUCKDB] PUBLISH to a file in another folder"
        raise AccessError(f"{path}: the copy for readers cannot be written, for {folder} may not be written to; {fix}")
    return f"{path} can be written"


def _require_database(path: Path) -> None:
    require_database(path, "the copy for readers", "[DUCKDB] PUBLISH")


def _is_current(connection: Connection, warehouse: str, path: Path, folder: PrivateFolder) -> bool:
    """Whether the file at the path is a copy of what the warehouse holds now.

    Raises:
        AccessError: it is something else, which must not be replaced.
    """
    if not path.exists():
        return False
    _require_database(path)
    try:
        state = _state(connection, path)
    except LoadError:
        # A tool holds it open for writing, or its log is damaged; the bytes of the file can be read all the same.
        shutil.copyfile(path, looked_at := folder.new_file().with_suffix(".duckdb"))
        state = _state(connection, looked_at)
    if state is None:
        fix = "set [DUCKDB] PUBLISH to another file, or to one that is not there yet"
        raise AccessError(f"{path}: this is no copy of a warehouse, and is not replaced; {fix}")
    is_as_published = not log_of(path.resolve()).exists()
    return is_as_published and state == connection.query(STATE.format(database=warehouse))


def _state(connection: Connection, path: Path) -> Rows | None:
    """The state of a copy; None if the database holds no warehouse, no rows if that is one of another version."""
    with attached(connection, path, COPY, "read_only"):
        mark = "select comment from duckdb_tables() where database_name = $database and table_name = 'warehouse'"
        found = connection.query(mark, {"database": COPY.strip('"')})
        if not found or not str(found[0][0]).startswith(MARK):
            return None
        if connection.query(f'select version from {COPY}."warehouse"') != [(sql_queries.WAREHOUSE_VERSION,)]:
            return []
        return connection.query(STATE.format(database=f"{COPY}.main"))


def _fill(connection: Connection, warehouse: str) -> None:
    """Make the tables, their rows, the views and the descriptions of all, in the database that is attached."""
    [(plays,)] = connection.query("select count(*) from songplays")
    keys = ["keys"] if plays <= MOST_PLAYS_WITH_KEYS else []
    connection.query(f"use {COPY}")
    try:
        for name in sql_queries.LASTING:
            for statement in sql_queries.statements("create", name):
                connection.query(sql_queries.opened_for("duckdb", statement, *keys))
            if name in sql_queries.LASTING_TABLES:
                connection.query(f'insert into "{name}" select {SELECTED.get(name, "*")} from {warehouse}."{name}"')
        for statement in dictionary.comment_queries("a copy, which has no staging tables"):
            connection.query(statement)
        text = sql_queries.literal(f"{MARK}, of {connection.address}; each load may replace it")
        connection.query(f"comment on table warehouse is {text}")
    finally:
        connection.query(f"use {warehouse}")
