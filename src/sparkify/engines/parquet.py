"""An answer as a Parquet file, written by DuckDB whatever engine has answered."""

from __future__ import annotations

from pathlib import Path

import duckdb

from sparkify.engines.answer import Answer
from sparkify.errors import LoadError
from sparkify.private_folders import private_folder
from sparkify.sql_queries import literal

ROWS_AT_A_TIME = 4_000

GROUP_SIZE = 8_000_000
"""Bytes of a group of rows, which is in memory until it is written."""

SETTINGS = {
    # The rows wait on disk, beside the file, for what they need there is about what the file needs.
    "memory_limit": "100 MB",
    # One thread takes the rows in their order, whether or not DuckDB promises to keep it; without the promise, a group
    # of rows is written as soon as it has some bytes, and not only when it has many rows.
    "threads": "1",
    "preserve_insertion_order": "false",
    # Nothing is fetched from the network.
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}


def write(answer: Answer, path: Path) -> None:
    """Write a Parquet file with the columns and rows of an answer, in bounded memory.

    Raises:
        LoadError: there is no room for it.
    """
    names = [f'"{name.replace(chr(34), chr(34) * 2)}"' for name in answer.distinct_columns()]
    # Parquet knows no whole numbers of 128 bits: DuckDB would round them to floating point.
    types = ["DECIMAL(38, 0)" if kind == "HUGEINT" else kind for kind in answer.types]
    declared = ", ".join(f"{name} {kind}" for name, kind in zip(names, types, strict=True))
    unnested = ", ".join(f"unnest(${n}::{kind}[])" for n, kind in enumerate(types, 1))
    folder = path.parent if path.is_file() else None
    try:
        with (
            private_folder(folder) as spill,
            duckdb.connect(spill / "answer.duckdb", config={**SETTINGS, "temp_directory": str(spill)}) as database,
        ):
            database.execute("set enable_progress_bar = false")
            database.execute(f"create table answer ({declared})")
            is_whole = False
            while not is_whole:
                rows, is_whole = answer.portion(ROWS_AT_A_TIME)
                columns = [list(column) for column in zip(*rows, strict=True)]
                database.execute(f"insert into answer select {unnested}", columns or [[] for _ in answer.types])
            database.execute(f"copy answer to {literal(str(path))} (format parquet, row_group_size_bytes {GROUP_SIZE})")
    except (duckdb.Error, OSError) as e:
        raise LoadError(f"{path}: the file cannot be written; {str(e).splitlines()[0]}") from e
