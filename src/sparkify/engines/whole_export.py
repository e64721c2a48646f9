"""What an export of a whole warehouse says of itself: a file beside its tables, which is written last."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from sparkify import sql_queries
from sparkify.errors import ConfigError

MANIFEST = "_sparkify_warehouse.json"
"""The file beside the folders of the tables. Without it an export is not whole."""

FORMAT = 1
"""Raised when a program that reads the former format would misunderstand the file."""

FILE_NAME = re.compile(r"\w[\w.-]*\.parquet", re.ASCII)
COLUMN_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
COLUMN_TYPE = re.compile(sql_queries.TYPE)


@dataclass(frozen=True)
class ExportedFile:
    """A Parquet file: its bytes, and the SHA-256 of them in hexadecimal digits, empty where Redshift wrote it."""

    size: int
    sha256: str


def holds_whole(location: str) -> ConfigError:
    """The error that a location holds the export of a whole warehouse, which one of the star schema would destroy."""
    fix = "name another folder or prefix, or export --whole again"
    return ConfigError(f"{location}: this is a backup, written by export --whole, and is not replaced by less; {fix}")


def digest(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


ExportedFiles: TypeAlias = Mapping[str, ExportedFile]
"""Files of a table, by their names in its folder; where they are read, by their names in the folder of the export."""

Files: TypeAlias = Mapping[str, ExportedFiles]
"""The files of each table."""


@dataclass(frozen=True)
class ExportedColumn:
    """A column as `sql/create` would declare it; a text is at least as long as the longest one that is there."""

    name: str
    type: str
    is_required: bool


@dataclass(frozen=True)
class ExportedTable:
    """A table: its columns, in the order of the files; how many rows it has; its files."""

    columns: tuple[ExportedColumn, ...]
    rows: int
    files: ExportedFiles


@dataclass(frozen=True)
class WholeExport:
    """An export of a whole warehouse: the version of its tables, and the tables by their names."""

    version: int
    tables: Mapping[str, ExportedTable]

    def text(self) -> str:
        """The content of the file `MANIFEST`."""
        content = {
            "format": FORMAT,
            "written_by": "sparkify export --whole",
            "warehouse_version": self.version,
            "tables": {name: _table_content(table) for name, table in self.tables.items()},
        }
        return json.dumps(content, indent=1) + "\n"


def _table_content(table: ExportedTable) -> dict[str, Any]:
    return {
        "rows": table.rows,
        "columns": [{"name": c.name, "type": c.type, "required": c.is_required} for c in table.columns],
        "files": {name: vars(file) for name, file in table.files.items()},
    }


def parsed(text: bytes) -> WholeExport:
    """The export that the content of a file `MANIFEST` describes. Names and types may go into statements.

    Raises:
        ConfigError: a newer program wrote it.
        ValueError: it is damaged.
    """
    try:
        content = json.loads(text)
        if int(content["format"]) > FORMAT:
            raise ConfigError("a newer program wrote this export; use one that is as new")
        tables = {str(name): _parsed_table(table) for name, table in content["tables"].items()}
        return WholeExport(int(content["warehouse_version"]), tables)
    except (TypeError, KeyError, AttributeError, RecursionError, OverflowError) as e:
        raise ValueError(f"{type(e).__name__}: {e}") from e


def _parsed_table(content: Any) -> ExportedTable:
    columns = tuple(
        ExportedColumn(_matched(COLUMN_NAME, each["name"]), _matched(COLUMN_TYPE, each["type"]), bool(each["required"]))
        for each in content["columns"]
    )
    files = {
        _matched(FILE_NAME, name): ExportedFile(int(file["size"]), str(file["sha256"]))
        for name, file in content["files"].items()
    }
    return ExportedTable(columns, int(content["rows"]), files)


def _matched(pattern: re.Pattern[str], text: str) -> str:
    if not pattern.fullmatch(text):
        raise ValueError(f"{text!r} is no name or type of an export")
    return text
