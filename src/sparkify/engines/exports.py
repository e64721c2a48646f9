"""Tables as Parquet files: what an export writes, and how it knows a folder of its own."""

from __future__ import annotations

import json
from dataclasses import dataclass

MARKER = "_sparkify_export.json"
"""The file by which an export knows a folder of its own; Spark, Hive and Athena skip names that begin with `_`."""


@dataclass(frozen=True)
class Export:
    """A table to write as files: the query of its rows, and the columns whose values name the folders of the files."""

    table: str
    sql: str
    folders: tuple[str, ...]


def marker_text(table: str) -> str:
    """The content of the marker in a table's folder."""
    return json.dumps({"version": 1, "written_by": "sparkify export", "table": table}) + "\n"
