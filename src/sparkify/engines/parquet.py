"""An answer as a Parquet file, written by DuckDB whatever engine has answered."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import duckdb

from sparkify.engines import Answer
from sparkify.errors import LoadError
from sparkify.sql_queries import literal

ROWS_AT_A_TIME = 10_000


def write(answer: Answer, path: Path) -> None:
    """Write a Parquet file with the columns and rows of an answer.

    Raises:
        LoadError: there is no room for it.
    """
    names = [f'"{name.replace(chr(34), chr(34) * 2)}"' for name in answer.distinct_columns()]
    declared = ", ".join(f"{name} {kind}" for name, kind in zip(names, answer.types, strict=True))
    try:
        with duckdb.connect() as memory:
            memory.execute(f"create table answer ({declared})")
            while rows := list(islice(answer.rows, ROWS_AT_A_TIME)):
                columns = [list(column) for column in zip(*rows, strict=True)]
                unnested = ", ".join(f"unnest(${n}::{kind}[])" for n, kind in enumerate(answer.types, 1))
                memory.execute(f"insert into answer select {unnested}", columns)
            memory.execute(f"copy answer to {literal(str(path))} (format parquet)")
    except duckdb.Error as e:
        raise LoadError(f"{path}: the file cannot be written; {str(e).splitlines()[0]}") from e
