"""Stage records in DuckDB one by one: each is judged by SQL before it is inserted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

from sparkify.engines.duckdb.connection import Connection
from sparkify.engines.duckdb.json_columns import Columns
from sparkify.engines.engine import CarefulReadingNeededError
from sparkify.engines.staged import Staged
from sparkify.errors import CheckError
from sparkify.records import faults
from sparkify.records.boundaries import by_line, scan
from sparkify.records.jsonpaths import is_jsonpaths
from sparkify.records.record import Record
from sparkify.records.window import PIECE
from sparkify.store import StoredObject

CHUNK = 16_000_000
"""Bytes of memory, about, that the records take that are judged and inserted in one statement."""

RECORD_COST = 150
"""Bytes of memory that a record takes besides its text."""

MOST_UNKNOWN_KEYS = 10_000
"""Keys that no column takes after which no more of them are noted."""

Entry: TypeAlias = tuple[StoredObject, Record]
"""A record and its object."""


class ByLines:
    """Stages records line by line into one staging table."""

    def __init__(self, connection: Connection, columns: Columns, staged: Staged) -> None:
        self.columns = columns
        self._connection = connection
        self._staged = staged
        self._source = ["source_file"] if columns.table == "staging_songs" else []

    def stage(self, contents: Iterable[tuple[StoredObject, bytes]], *, careful: bool) -> None:
        """Stage objects that are in memory.

        Raises:
            CarefulReadingNeededError: a line is no good record by itself.
        """
        records = by_line if not careful else _scanned
        for chunk in _chunks((item, record) for item, content in contents for record in records(content)):
            if careful:
                self._insert_good_records(chunk)
            else:
                self._insert(chunk, guarded=True)

    def stage_files(self, files: Mapping[StoredObject, Path]) -> None:
        """Stage unpacked files of any size."""
        for chunk in _chunks((item, record) for item, path in files.items() for record in _scanned_file(path)):
            self._insert_good_records(chunk)

    def _insert_good_records(self, chunk: list[Entry]) -> None:
        """Insert the good records and note the bad ones."""
        bad = self._faults(chunk)
        for n, fault in bad.items():
            item, record = chunk[n]
            if not is_jsonpaths(record.text):
                self._staged.records[item.name] += 1
                self._staged.reject(item.name, record.line, _explained(fault, record.text), record.text)
        self._insert([entry for n, entry in enumerate(chunk) if n not in bad], guarded=False)

    def _faults(self, chunk: list[Entry]) -> dict[int, str]:
        """Why records are bad, by their position in the chunk."""
        if not chunk:
            return {}
        unreadable = {
            n: f": {reason}"
            for n, (_, record) in enumerate(chunk)
            if (reason := faults.too_long(record.text) or faults.not_utf8(record.text))
        }
        texts = ["" if n in unreadable else record.text.decode() for n, (_, record) in enumerate(chunk)]
        records = "(select unnest(t) as record, unnest(range(len(t))) as position from (select $texts::varchar[] as t))"
        judged = f"(select position, {self.columns.fault()} as fault from {self.columns.texts(records)})"
        # Counting without a filter: DuckDB would plan a filter on so long an expression for longer than it runs.
        [(bad,)] = self._connection.query(f"select count(fault) from {judged}", {"texts": texts})
        rows = self._connection.query(f"select position, fault from {judged}", {"texts": texts}) if bad else []
        judged_bad = {n: fault for n, fault in rows if fault}
        return dict(sorted((judged_bad | unreadable).items()))

    def _insert(self, chunk: list[Entry], *, guarded: bool) -> None:
        if not chunk:
            return
        keys = [item.key for item, _ in chunk]
        try:
            texts = [record.text.decode() for _, record in chunk]
        except UnicodeDecodeError as e:
            raise CarefulReadingNeededError("a record is not UTF-8") from e
        records = """(
            select unnest(t) as record, unnest(k) as source_file
            from (select $texts::varchar[] as t, $keys::varchar[] as k)
        )"""
        insert = self.columns.insert(self.columns.texts(records), *self._source, guarded=guarded)
        [(inserted,)] = self._connection.read_json(insert, {"texts": texts, "keys": keys})
        if inserted != len(chunk):
            raise CheckError(f"{self.columns.table} was given {inserted} rows of {len(chunk)} records")
        self._staged.records.update(item.name for item, _ in chunk)
        self.note_unknown_keys(texts)

    def note_unknown_keys(self, texts: list[str]) -> None:
        """Note the keys of some valid records that no column takes."""
        keys = "select distinct unnest(json_keys(record)) from (select unnest($texts::varchar[]) as record)"
        names = {key for (key,) in self._connection.query(keys, {"texts": texts})}
        if len(self._staged.unknown_keys) < MOST_UNKNOWN_KEYS:
            self._staged.unknown_keys |= names.difference(self.columns.keys)


def _scanned(content: bytes) -> Iterator[Record]:
    return scan([content])


def _scanned_file(path: Path) -> Iterator[Record]:
    with path.open("rb") as file:
        yield from scan(iter(lambda: file.read(PIECE), b""))


def _chunks(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    """Lists of records that take about `CHUNK` bytes of memory each."""
    chunk: list[Entry] = []
    held = 0
    for entry in entries:
        chunk.append(entry)
        held += len(entry[1].text) + RECORD_COST
        if held > CHUNK:
            yield chunk
            chunk, held = [], 0
    if chunk:
        yield chunk


def _explained(fault: str, text: bytes) -> str:
    """The fault, with the position where the record stops being JSON."""
    column, _, reason = fault.partition(": ")
    return f"{column}: {faults.not_json(text) or reason}" if reason == faults.NOT_JSON else fault
