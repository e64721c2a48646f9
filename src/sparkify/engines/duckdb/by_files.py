"""Stage large logs in DuckDB where they lie, typed and in parallel."""

from __future__ import annotations

from pathlib import Path

from sparkify.engines.duckdb import reader
from sparkify.engines.duckdb.by_lines import ByLines
from sparkify.engines.duckdb.connection import Connection
from sparkify.engines.duckdb.json_columns import MAY_HOLD_NOT_NUMBERS, SUSPECT
from sparkify.engines.engine import CarefulReadingNeededError
from sparkify.engines.staged import Staged
from sparkify.records.record import BOM
from sparkify.records.window import PIECE
from sparkify.store import StoredObject

SAMPLED_LINES = 100
"""Lines of a large log in which unknown keys are looked for."""


class ByFiles:
    """Stages whole files into staging_events, which must be empty."""

    def __init__(self, connection: Connection, by_lines: ByLines, staged: Staged) -> None:
        self._connection = connection
        self._by_lines = by_lines
        self._columns = by_lines.columns
        self._staged = staged

    def stage(self, files: dict[StoredObject, Path]) -> dict[StoredObject, Path]:
        """Insert the records of the files in which nothing looks odd, and return the other files.

        Raises:
            CarefulReadingNeededError: a record of an inserted file is bad.
        """
        lines = self._count_lines(files)
        plain = {item: path for item, path in files.items() if item in lines}
        if plain:
            self._insert([*plain.values()], sum(lines.values()))
            self._staged.records.update({item.name: count for item, count in lines.items()})
            self._by_lines.note_unknown_keys([line for path in plain.values() for line in _first_lines(path)])
        return {item: path for item, path in files.items() if item not in plain}

    def _count_lines(self, files: dict[StoredObject, Path]) -> dict[StoredObject, int]:
        """The number of records of each file that holds one valid and unsuspicious record a line."""
        items = {str(path): item for item, path in files.items() if reader.can_read(path)}
        if not items:
            return {}
        rows = self._connection.read_json(
            f"""
            select filename, count(*), coalesce(bool_or(record is null or {SUSPECT}), false)
            from {reader.lines(map(Path, items))}
            group by filename
            """
        )
        return {items[path]: count for path, count, is_suspect in rows if not is_suspect}

    def _insert(self, paths: list[Path], lines: int) -> None:
        columns = self._columns
        rows = f"""(
            select {columns.read_names()}
            from {reader.rows(paths, columns.read_types())}
        ) where {columns.is_plain()}"""
        [(inserted,)] = self._connection.read_json(columns.insert(rows))
        if inserted != lines:
            raise CarefulReadingNeededError("not every line of the large logs became a row")
        [(odd, words)] = self._connection.query(columns.count_odd())
        if odd or (words and self._may_hold_not_numbers(paths)):
            raise CarefulReadingNeededError("some rows of the large logs look odd")

    def _may_hold_not_numbers(self, paths: list[Path]) -> bool:
        """Whether texts like Infinity, which a song may be called, may have been no texts."""
        sql = f"select 1 from {reader.lines(paths)} where {MAY_HOLD_NOT_NUMBERS} limit 1"
        return bool(self._connection.query(sql))


def _first_lines(path: Path) -> list[str]:
    """The first records of a log that holds one a line."""
    with path.open("rb") as file:
        content = file.read(PIECE).removeprefix(BOM)
    whole_lines, newline, _ = content.rpartition(b"\n")
    lines = (whole_lines if newline else content).split(b"\n", SAMPLED_LINES)[:SAMPLED_LINES]
    return [line.decode() for line in map(bytes.strip, lines) if line]
