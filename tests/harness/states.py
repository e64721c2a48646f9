"""What a warehouse holds, as far as two warehouses must be the same."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness import oracle
from harness.attached import attached
from harness.rows import Row
from sparkify import sql_queries

State = dict[str, list[Row]]
"""The rows of each table, in an order that depends on nothing but them."""

WHICH_RUN = {"run_id", "batch", "loaded_at"}
"""The columns that tell which run loaded an object, and when."""

COMPARED: dict[str, tuple[str, ...]] = oracle.COLUMNS | {
    table: tuple(column for column in sql_queries.columns(table) if column not in WHICH_RUN)
    for table in ("catalogue", "load_history", "rejected_records")
}
"""What makes two warehouses the same."""

NO_ROWS: State = {table: [] for table in COMPARED}
"""A warehouse with its tables and nothing in them."""


def select(table: str) -> str:
    """The query for the columns of a table that are compared."""
    columns = ", ".join(f'"{column}"' for column in COMPARED[table])
    return f'select {columns} from "{table}"'


def state_of(warehouse: Path) -> State:
    """All rows that count, in order; no tables where there are none."""
    return state_and_runs(warehouse)[0]


def state_and_runs(warehouse: Path) -> tuple[State, list[str]]:
    """All rows that count, and how the runs ended, in order; neither where there are no tables."""
    if not warehouse.exists():
        return {}, []
    with attached(warehouse) as connection:
        query = connection.execute
        there = {name for (name,) in query("show tables").fetchall()}
        tables = [table for table in COMPARED if table in there]
        rows = {table: sorted(query(select(table)).fetchall(), key=repr) for table in tables}
        runs = query("select status from runs order by run_id").fetchall() if "runs" in there else []
    return rows, [status for (status,) in runs]


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
