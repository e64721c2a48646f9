"""Tables as Parquet files: what an export writes, and how it knows a folder of its own."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

MARKER = "_sparkify_export.json"
"""The file by which an export knows a folder of its own; Spark, Hive and Athena skip names that begin with `_`."""


@dataclass(frozen=True)
class Export:
    """A table to write as files: the query of its rows, and the columns whose values name the folders of the files."""

    table: str
    sql: str
    folders: tuple[str, ...]


def marker_text(table: str, files: Iterable[str]) -> str:
    """The content of the marker in a table's folder; `files` are the other files there, as paths from the folder."""
    content = {"version": 1, "written_by": "sparkify export", "table": table, "files": sorted(files)}
    return json.dumps(content) + "\n"


def marked_files(text: bytes, table: str) -> set[str]:
    """The files that an export of a table has written, by the content of the marker in its folder; none if it is not.

    Others may lie there, too: these are not the export's.
    """
    try:
        content = json.loads(text)
        return set(content["files"]) if content["table"] == table else set()
    except (ValueError, TypeError, KeyError):
        return set()
