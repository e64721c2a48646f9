"""How JSON records become rows of the staging tables in DuckDB. Two ways lead there, to the same rows.

*By lines*: the records of songs, of small logs and, when care is asked for, of all logs are judged one by one in
memory and inserted.

*By files*: large logs stay where they lie. DuckDB looks at each as raw lines, to count them and to find what its JSON
reader would let pass, and then reads it typed and in parallel. Whatever looks odd there goes by lines.
"""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from sparkify import sql_queries
from sparkify.compression import PackError, unpack
from sparkify.engines import Source, Staged, TryAgainError
from sparkify.engines.json_columns import MAY_HOLD_NOT_NUMBERS, SUSPECT, Columns
from sparkify.errors import CheckError, LoadError, ObjectChangedError
from sparkify.jsonpaths import is_jsonpaths
from sparkify.plan import Batch, unpacked_size
from sparkify.progress import Progress
from sparkify.records import Record, by_line, scan
from sparkify.store import ObjectStore, StoredObject
from sparkify.store.names import packing

if TYPE_CHECKING:
    from sparkify.engines.duckdb import DuckDB

LARGE = 64_000
"""Logs of more bytes than this go by files."""

CHUNK = 16_000_000
"""Bytes of records that are judged and inserted in one statement."""

PIECE = 1_000_000
"""Bytes that are read at a time."""

LAYING_THREADS = 8
"""Large logs that are downloaded or unpacked at a time."""

SAMPLED_LINES = 100
"""Lines of a large log in which unknown keys are looked for."""

Placed: TypeAlias = tuple[str, Record]
"""A record and the name of its object."""

T = TypeVar("T")


def stage(database: DuckDB, batch: Batch, source: Source, progress: Progress, *, careful: bool) -> Staged:
    """Stage the songs and the events of a batch; see `Engine.stage`."""
    staged = Staged()
    with (
        progress.phase(f"batch {batch.number}: read and stage objects", len(batch.objects)) as done,
        _spool_folder(Path(f"{database.place}.spool")) as spool,
    ):
        by_lines = _ByLines(database, Columns("staging_events", source.paths["events"]), staged)
        by_files = _ByFiles(database, by_lines, staged)
        store = source.stores["events"]
        large = [o for o in batch.events if unpacked_size(o) > LARGE]
        small = [o for o in batch.events if unpacked_size(o) <= LARGE]
        files = _lay(store, large, spool, staged, done)
        if not careful and by_lines.columns.is_flat:
            files = by_files.stage(files)
        by_lines.stage_files(files)
        by_lines.stage(_read(store, small, staged, done), careful=careful)
        songs = _ByLines(database, Columns("staging_songs", source.paths["songs"]), staged)
        songs.stage(_read(source.stores["songs"], batch.songs, staged, done), careful=careful)
    staged.rejected.sort(key=lambda record: (record.object, record.line or 0))
    return staged


@contextmanager
def _spool_folder(path: Path) -> Iterator[Path]:
    """A folder that is made when it is needed, and gone afterwards; what a killed run left there goes first."""
    shutil.rmtree(path, ignore_errors=True)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _read(
    store: ObjectStore, items: Sequence[StoredObject], staged: Staged, done: Callable[[int], None]
) -> Iterator[tuple[str, bytes]]:
    """The names and the contents of objects that are read into memory."""
    for item, content in store.read_many(items, done):
        if isinstance(content, ObjectChangedError):
            staged.changed[item.name] = str(content)
            continue
        try:
            yield item.name, b"".join(unpack(item.key, [content])) if packing(item.key) else content
        except PackError as e:
            staged.reject(item.name, None, f": {e}", b"")


def _lay(
    store: ObjectStore, items: Sequence[StoredObject], spool: Path, staged: Staged, done: Callable[[int], None]
) -> dict[str, Path]:
    """Where each object lies as an unpacked file: in its folder, or in the spool folder."""

    def lay(number: int, item: StoredObject) -> Path | PackError | ObjectChangedError:
        try:
            return lay_unpacked(number, item)
        except (PackError, ObjectChangedError) as e:
            return e
        except OSError as e:
            fix = "make room on the disk, or set [DUCKDB] PATH to a file on another"
            raise LoadError(f"{item.name}: cannot be laid in the folder {spool}; {fix} ({e})") from e

    def lay_unpacked(number: int, item: StoredObject) -> Path:
        path, target = store.local_path(item), spool / f"{number}.json"
        if path and not packing(item.key) and store.is_unchanged(item):
            return path
        spool.mkdir(exist_ok=True)
        with target.open("wb") as unpacked:
            unpacked.writelines(unpack(item.key, store.pieces(item)))
        return target

    files = {}
    with ThreadPoolExecutor(LAYING_THREADS) as pool:
        for item, path in zip(items, pool.map(lay, range(len(items)), items), strict=True):
            done(1)
            if isinstance(path, ObjectChangedError):
                staged.changed[item.name] = str(path)
            elif isinstance(path, PackError):
                staged.reject(item.name, None, f": {path}", b"")
            else:
                files[item.name] = path
    return files


class _ByLines:
    """The way by lines into one staging table."""

    def __init__(self, database: DuckDB, columns: Columns, staged: Staged) -> None:
        self.columns = columns
        self._database = database
        self._staged = staged
        self._source = ["source_file"] if columns.table == "staging_songs" else []

    def stage(self, contents: Iterable[tuple[str, bytes]], *, careful: bool) -> None:
        """Stage objects that are in memory.

        Raises:
            TryAgainError: a line is no good record by itself, and care would tell why.
        """
        for chunk in _chunks(contents, lambda entry: len(entry[1])):
            if careful:
                self._settle([(name, record) for name, content in chunk for record in scan(io.BytesIO(content))])
            else:
                self._insert([(name, record) for name, content in chunk for record in by_line(content)], guarded=True)

    def stage_files(self, files: Mapping[str, Path]) -> None:
        """Stage objects of any size that lie as files."""
        for name, path in files.items():
            with path.open("rb") as lines:
                for chunk in _chunks(scan(lines), lambda record: len(record.text)):
                    self._settle([(name, record) for record in chunk])

    def _settle(self, placed: list[Placed]) -> None:
        """Insert the good records and note the bad ones."""
        faults = self._judge(placed)
        for n, fault in faults.items():
            name, record = placed[n]
            if not is_jsonpaths(record.text):
                self._staged.records[name] += 1
                self._staged.reject(name, record.line, _explained(fault, record.text), record.text)
        self._insert([entry for n, entry in enumerate(placed) if n not in faults], guarded=False)

    def _judge(self, chunk: list[Placed]) -> dict[int, str]:
        """What is wrong with which records, by position."""
        if not chunk:
            return {}
        faults = {n: fault for n, (_, record) in enumerate(chunk) if (fault := _undecodable(record.text))}
        texts = ["" if n in faults else record.text.decode() for n, (_, record) in enumerate(chunk)]
        records = "(select unnest(t) as record, unnest(range(len(t))) as position from (select $texts::varchar[] as t))"
        judged = f"(select position, {self.columns.fault()} as fault from {self.columns.texts(records)})"
        # Counting without a filter: DuckDB would plan a filter on so long an expression for longer than it runs.
        [(bad,)] = self._database.query(f"select count(fault) from {judged}", {"texts": texts})
        found = self._database.query(f"select position, fault from {judged}", {"texts": texts}) if bad else []
        faults |= {n: fault for n, fault in found if fault and n not in faults}
        return dict(sorted(faults.items()))

    def _insert(self, placed: list[Placed], *, guarded: bool) -> None:
        if not placed:
            return
        names = [name for name, _ in placed]
        try:
            texts = [record.text.decode() for _, record in placed]
        except UnicodeDecodeError as e:
            raise TryAgainError("a record is not UTF-8") from e
        records = """(
            select unnest(t) as record, unnest(n) as source_file
            from (select $texts::varchar[] as t, $names::varchar[] as n)
        )"""
        insert = self.columns.insert(self.columns.texts(records), *self._source, guarded=guarded)
        [(inserted,)] = self._database.read_json(insert, {"texts": texts, "names": names})
        if inserted != len(placed):
            raise CheckError(f"{self.columns.table} was given {inserted} rows of {len(placed)} records")
        self._staged.records.update(names)
        self.note_unknown_keys(texts)

    def note_unknown_keys(self, texts: list[str]) -> None:
        """Note the keys of some valid records that no column takes."""
        keys = "select distinct unnest(json_keys(record)) from (select unnest($texts::varchar[]) as record)"
        found = {key for (key,) in self._database.query(keys, {"texts": texts})}
        self._staged.unknown_keys |= found.difference(self.columns.keys)


class _ByFiles:
    """The way by files into staging_events, which must be empty."""

    def __init__(self, database: DuckDB, by_lines: _ByLines, staged: Staged) -> None:
        self._database = database
        self._by_lines = by_lines
        self._columns = by_lines.columns
        self._staged = staged

    def stage(self, files: dict[str, Path]) -> dict[str, Path]:
        """Insert the records of the files in which nothing looks odd; the other files are left over.

        Raises:
            TryAgainError: a record of another file turned out to be bad.
        """
        lines = self._count_lines(files)
        plain = {name: str(path) for name, path in files.items() if name in lines}
        if plain:
            self._insert(list(plain.values()), sum(lines.values()))
            self._staged.records.update(lines)
            self._by_lines.note_unknown_keys([line for path in plain.values() for line in _first_lines(path)])
        return {name: path for name, path in files.items() if name not in plain}

    def _count_lines(self, files: dict[str, Path]) -> dict[str, int]:
        """The number of records of each file that holds one valid and unsuspicious record a line."""
        # DuckDB would take such a path for a pattern.
        names = {str(path): name for name, path in files.items() if not set(str(path)) & set("*?[")}
        if not names:
            return {}
        found = self._database.read_json(
            f"""
            select filename, count(*), coalesce(bool_or(record is null or {SUSPECT}), false)
            from (
                select filename, json as record
                from read_ndjson_objects({_list(names)}, filename = true, ignore_errors = true)
            )
            group by filename
            """
        )
        return {names[path]: count for path, count, is_suspect in found if not is_suspect}

    def _insert(self, paths: list[str], lines: int) -> None:
        columns = self._columns
        rows = f"""(
            select {columns.read_names()}
            from read_json({_list(paths)}, columns = {columns.read_types()}, format = 'newline_delimited')
        ) where {columns.is_plain()}"""
        [(inserted,)] = self._database.read_json(columns.insert(rows))
        if inserted != lines:
            raise TryAgainError("not every line of the large logs became a row")
        [(odd, words)] = self._database.query(columns.count_odd())
        if odd or (words and self._may_hold_not_numbers(paths)):
            raise TryAgainError("some rows of the large logs look odd")

    def _may_hold_not_numbers(self, paths: list[str]) -> bool:
        """Whether texts like Infinity, which a song may be called, may have been no texts."""
        found = f"select 1 from (select json as record from read_ndjson_objects({_list(paths)}))"
        return bool(self._database.query(f"{found} where {MAY_HOLD_NOT_NUMBERS} limit 1"))


def _chunks(items: Iterable[T], size: Callable[[T], int]) -> Iterator[list[T]]:
    """Lists of items of about `CHUNK` bytes."""
    chunk: list[T] = []
    held = 0
    for item in items:
        chunk.append(item)
        held += size(item)
        if held > CHUNK:
            yield chunk
            chunk, held = [], 0
    if chunk:
        yield chunk


def _undecodable(text: bytes) -> str | None:
    try:
        text.decode()
    except UnicodeDecodeError as e:
        return f": is not UTF-8 at byte {e.start + 1}"
    return None


def _explained(fault: str, text: bytes) -> str:
    """The fault, with the place where the record stops being JSON."""
    if not fault.endswith("is not JSON"):
        return fault
    try:
        json.loads(text.decode(errors="replace"))
    except json.JSONDecodeError as e:
        return f"{fault}: {e.msg} at character {e.pos + 1}"
    except RecursionError:
        return f"{fault}: too deeply nested"
    return fault


def _first_lines(path: str) -> list[str]:
    """The first lines of a log that are not blank."""
    with open(path, "rb") as lines:
        return [text.decode() for line in islice(lines, SAMPLED_LINES) if (text := line.strip())]


def _list(paths: Iterable[str]) -> str:
    return f"[{', '.join(map(sql_queries.literal, paths))}]"
