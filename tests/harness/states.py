"""What a warehouse holds, as far as two warehouses must be the same."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import duckdb

from harness import oracle
from harness.attached import attached
from harness.rows import Row

State = dict[str, list[Row]]
"""The rows of each table, in an order that depends on nothing but them."""

COMPARED: dict[str, tuple[str, ...]] = {
    **oracle.COLUMNS,
    "catalogue": ("source_file", "song_id", "artist_id", "title", "artist_name", "duration", "year"),
    "load_history": ("object", "etag", "size", "records_read", "rows_staged", "rows_rejected"),
    "rejected_records": ("object", "line", "column_name", "reason", "raw_text"),
}
"""What makes two warehouses the same. Which run and batch loaded an object is not part of it."""

NO_ROWS: State = {table: [] for table in COMPARED}
"""A warehouse with its tables and nothing in them."""


def state_of(warehouse: Path) -> State:
    """All rows that count, in order; no tables where there are none."""
    return state_and_runs(warehouse)[0]


def state_and_runs(warehouse: Path) -> tuple[State, list[str]]:
    """All rows that count, and how the runs ended, in order; neither where there are no tables."""
    if not warehouse.exists():
        return {}, []
    with attached(warehouse) as connection:
        there = {name for (name,) in connection.execute("select table_name from duckdb_tables()").fetchall()}
        rows = {name: _rows(connection, name, columns) for name, columns in COMPARED.items() if name in there}
        runs = connection.execute("select status from runs order by run_id").fetchall() if "runs" in there else []
    return rows, [status for (status,) in runs]


def _rows(connection: duckdb.DuckDBPyConnection, table: str, columns: Iterable[str]) -> list[Row]:
    wanted = ", ".join(f'"{column}"' for column in columns)
    return sorted(connection.execute(f'select {wanted} from "{table}"').fetchall(), key=repr)


def differences(found: State, allowed: Sequence[State]) -> list[list[str]]:
    """The tables in which a state is not the allowed one, for each of several that are allowed."""
    return [
        [
            f"{table}: {len(found.get(table, []))} rows of {len(rows)}"
            for table, rows in state.items()
            if found.get(table) != rows
        ]
        for state in allowed
    ]
