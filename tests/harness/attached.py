"""A warehouse as it lies in its file, to look at: without the program, and without changing anything."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import duckdb


@contextmanager
def attached(warehouse: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that reads the warehouse, until the end of the block.

    All tests of a process share one instance of DuckDB: making one takes longer than a query of so little data.
    """
    with _instance().cursor() as connection:
        connection.execute("attach $1 as warehouse (read_only)", [str(warehouse)])
        try:
            connection.execute("use warehouse")
            if connection.execute("select 1 from duckdb_schemas() where schema_name = 'staging_area'").fetchall():
                connection.execute("set search_path = 'warehouse.staging_area,warehouse.main'")
            yield connection
        finally:
            connection.execute("use memory")
            connection.execute("detach warehouse")


@cache
def _instance() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()
