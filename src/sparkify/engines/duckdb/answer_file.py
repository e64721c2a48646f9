"""An answer that DuckDB writes into a file by itself, many times faster than row by row in Python.

It does so where the file is what `formats` would write: for columns of plain types with distinct names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import duckdb

from sparkify import sql_queries
from sparkify.engines.answer import Value
from sparkify.engines.duckdb.connection import Connection
from sparkify.engines.duckdb.errors import not_written
from sparkify.errors import SparkifyError

OPTIONS = {
    "csv": "format csv, header true",
    # A group of rows is in memory until it is written.
    "parquet": "format parquet, row_group_size_bytes 16_000_000",
}
"""How each form is written."""

PLAIN = re.compile(r"U?(BIGINT|INTEGER|SMALLINT|TINYINT)|DOUBLE|DECIMAL\(\d+,\s*\d+\)|VARCHAR|DATE|TIMESTAMP|BOOLEAN")
"""The types of which Python and DuckDB write the same text, and which Parquet has too."""


def write(connection: Connection, sql: str, values: Mapping[str, Value], form: str, path: Path) -> bool:
    """Write the answer to a statement that only reads; False, and nothing, where it is not for DuckDB to write.

    Raises:
        AccessError: the file cannot be written.
        LoadError: DuckDB lacks memory, or room for what does not fit into it.
    """
    if form not in OPTIONS or connection.statement_kinds(sql) != ["SELECT"]:
        return False
    text = _without_end(sql)
    columns = connection.columns(text, values)
    names = {name.lower() for name, _ in columns}
    if not columns or len(names) < len(columns) or not all(PLAIN.fullmatch(kind) for _, kind in columns):
        return False

    def error(e: Exception) -> SparkifyError:
        if isinstance(e, duckdb.IOException) and str(path) in str(e):
            return not_written(path, e)
        return connection.statement_error(e)

    with connection.errors(error):
        target = sql_queries.literal(str(path))
        connection.run(f"copy ({text}\n) to {target} ({OPTIONS[form]}, use_tmp_file false)", values)
    return True


def _without_end(sql: str) -> str:
    """A statement without the semicolon at its end, and without what follows it."""
    end = sql_queries.code(sql).find(";")
    return sql if end < 0 else sql[:end]
