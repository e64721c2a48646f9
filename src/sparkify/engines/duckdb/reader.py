"""DuckDB's own readers of JSON files, with every option named: no name of a file and no default changes a value."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from sparkify import sql_queries
from sparkify.engines.duckdb.file import is_utf8
from sparkify.records.record import MOST_BYTES

OPTIONS = {
    # Else a folder `level=free/` gives every record in it that level, whatever the record says.
    "hive_partitioning": "false",
    "hive_types_autocast": "false",
    "union_by_name": "false",
    "compression": "'none'",
    "format": "'newline_delimited'",
    # DuckDB takes this for at least 16 MB. A longer line ends the statement; shorter ones are measured by the caller.
    "maximum_object_size": f"{MOST_BYTES}",
}


def can_read(path: Path) -> bool:
    """Whether DuckDB takes a path for the name of one file, and not for a pattern."""
    return path.is_absolute() and is_utf8(str(path)) and not set(str(path)) & set("*?[")


def lines(paths: Iterable[Path]) -> str:
    """A relation of the lines of files that are not blank: `record`, null where it is no JSON, and `filename`."""
    options = {**OPTIONS, "filename": "'filename'", "ignore_errors": "true"}
    return f"(select filename, json as record from read_ndjson_objects({_list(paths)}, {_named(options)}))"


def rows(paths: Iterable[Path], types: str) -> str:
    """A relation with a row for each line of files, and the columns that a DuckDB struct of key and type names.

    The statement fails when a line is no JSON object, or does not fit the types.
    """
    options = {
        **OPTIONS,
        "columns": types,
        "auto_detect": "false",
        "filename": "false",
        "ignore_errors": "false",
        "records": "'true'",
        "case_insensitive_keys": "false",
        "convert_strings_to_integers": "false",
    }
    return f"read_json({_list(paths)}, {_named(options)})"


def _list(paths: Iterable[Path]) -> str:
    return f"[{', '.join(sql_queries.literal(str(path)) for path in paths)}]"


def _named(options: dict[str, str]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in options.items())
