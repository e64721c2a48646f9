"""How JSON records become rows of the staging tables in DuckDB. Two ways lead there, to the same rows.

*By lines*: the records of songs, of small logs and, when care is asked for, of all logs are judged one by one in
memory and inserted.

*By files*: large logs stay where they lie. DuckDB looks at each as raw lines, to count them and to find what its JSON
reader would let pass, and then reads it typed and in parallel. A file that looks odd there goes by lines.

Small objects are read into memory. Large ones are files: in their folder, or, when they are in S3 or packed, in a
private folder beside the warehouse. What an object is, its first bytes tell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext, suppress
from itertools import chain
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, TypeAlias

from sparkify.compression import HEAD, PackError, has_wide_window, packing_of, unpack
from sparkify.engines import Source, Staged, TryAgainError, duckdb_reader
from sparkify.engines.json_columns import MAY_HOLD_NOT_NUMBERS, SUSPECT, Columns
from sparkify.engines.private_folder import PrivateFolder
from sparkify.errors import CheckError, LoadError, ObjectChangedError
from sparkify.jsonpaths import is_jsonpaths
from sparkify.plan import Batch, unpacked_size
from sparkify.progress import Progress
from sparkify.records import BOM, MOST_BYTES, Record, by_line, json_fault, scan
from sparkify.store import ObjectStore, StoredObject

if TYPE_CHECKING:
    from sparkify.engines.duckdb import DuckDB

LARGE = 64_000
"""Objects of more bytes than this are read as files."""

IN_MEMORY = 1_000_000
"""Bytes that a small object may unpack to; one that unpacks to more goes on as a file."""

CHUNK = 16_000_000
"""Bytes of memory, about, that the records take that are judged and inserted in one statement."""

RECORD_COST = 150
"""Bytes of memory that a record takes besides its text."""

PIECE = 1_000_000
"""Bytes that are read at a time."""

FETCHING_THREADS = 8
"""Large objects that are downloaded or unpacked at a time."""

SAMPLED_LINES = 100
"""Lines of a large log in which unknown keys are looked for."""

REJECTED_SURPLUS = 1_000
"""Bad records more than are allowed at which staging ends: the load cannot go on, and their texts take memory."""

Placed: TypeAlias = tuple[str, Record]
"""A record and the name of its object."""


def stage(
    database: DuckDB, batch: Batch, source: Source, progress: Progress, *, careful: bool, most_bad: int
) -> Staged:
    """Stage the songs and the events of a batch; see `Engine.stage`."""
    staged = Staged()
    with (
        progress.phase(f"batch {batch.number}: read and stage objects", len(batch.objects)) as done,
        PrivateFolder(Path(database.place)) as folder,
        suppress(_TooManyBadError),
    ):
        events = _Objects(source.stores["events"], batch.events, folder, staged, done, copies=careful)
        by_lines = _ByLines(database, Columns("staging_events", source.paths["events"]), staged, most_bad)
        files = events.files()
        if not careful and by_lines.columns.is_flat:
            files = _ByFiles(database, by_lines, staged).stage(files)
        _stage_by_lines(events, files, by_lines, careful=careful)
        songs = _Objects(source.stores["songs"], batch.songs, folder, staged, done, copies=careful)
        by_lines = _ByLines(database, Columns("staging_songs", source.paths["songs"]), staged, most_bad)
        _stage_by_lines(songs, songs.files(), by_lines, careful=careful)
        events.require_unchanged()
        songs.require_unchanged()
    staged.rejected.sort(key=lambda record: (record.object, record.line or 0))
    return staged


def _stage_by_lines(objects: _Objects, files: dict[str, Path], by_lines: _ByLines, *, careful: bool) -> None:
    by_lines.stage_files(files)
    by_lines.stage(objects.contents(), careful=careful)
    by_lines.stage_files(objects.unpacked)


class _TooManyBadError(Exception):
    """So many records are bad that the load cannot go on."""


class _Objects:
    """The objects of one kind in a batch: the small ones as contents, the large ones as files.

    Files are read where they lie, unless all are to be copied (`copies`).
    """

    def __init__(
        self,
        store: ObjectStore,
        items: Sequence[StoredObject],
        folder: PrivateFolder,
        staged: Staged,
        done: Callable[[int], None],
        *,
        copies: bool,
    ) -> None:
        self._store = store
        self._large: list[StoredObject] = []
        self._small: list[StoredObject] = []
        for item in items:
            (self._large if unpacked_size(item) > LARGE else self._small).append(item)
        self._folder = folder
        self._staged = staged
        self._done = done
        self._copies = copies
        self._in_place: list[StoredObject] = []
        self._wide_window = Lock()
        self.unpacked: dict[str, Path] = {}
        """The small objects that unpack to so much that they became files, as `contents` met them."""

    def contents(self) -> Iterator[tuple[str, bytes]]:
        """The names and the unpacked contents of the small objects."""
        for item, content in self._store.read_many(self._small, self._done):
            if isinstance(content, ObjectChangedError):
                self._staged.changed[item.name] = str(content)
                continue
            try:
                if not packing_of(item.key, content[:HEAD]):
                    yield item.name, content
                    continue
                pieces = iter(unpack(item.key, [content], item.size))
                first, size = [], 0
                while size <= IN_MEMORY and (piece := next(pieces, None)) is not None:
                    first.append(piece)
                    size += len(piece)
                if size <= IN_MEMORY:
                    yield item.name, b"".join(first)
                else:
                    path = self._folder.new_file()
                    self._write(item, path, chain(first, pieces))
                    self.unpacked[item.name] = path
            except PackError as e:
                self._staged.reject(item.name, None, f": {e}", b"")

    def files(self) -> dict[str, Path]:
        """The large objects as unpacked files: in their folder, or in the private one."""
        files = {}
        with ThreadPoolExecutor(FETCHING_THREADS) as pool:
            for item, path in zip(self._large, pool.map(self._file, self._large), strict=True):
                self._done(1)
                if isinstance(path, ObjectChangedError):
                    self._staged.changed[item.name] = str(path)
                elif isinstance(path, PackError):
                    self._staged.reject(item.name, None, f": {path}", b"")
                else:
                    files[item.name] = path
        return files

    def require_unchanged(self) -> None:
        """Make sure that the files that were read where they lie are what was listed.

        Raises:
            TryAgainError: one is not, and a copy would be.
        """
        for item in self._in_place:
            if not self._store.is_unchanged(item):
                raise TryAgainError(f"{item.name} changed while it was read")

    def _file(self, item: StoredObject) -> Path | PackError | ObjectChangedError:
        try:
            pieces = self._store.pieces(item)
            first = next(pieces, b"")
            path = self._store.local_path(item)
            is_packed = packing_of(item.key, first[:HEAD]) != ""
            if path and not is_packed and not self._copies and self._store.is_unchanged(item):
                self._in_place.append(item)
                return path
            target = self._folder.new_file()
            # Two of these at a time would take more memory than a load may.
            with self._wide_window if has_wide_window(first[:HEAD]) else nullcontext():
                self._write(item, target, unpack(item.key, chain([first], pieces), item.size))
        except (PackError, ObjectChangedError) as e:
            return e
        return target

    def _write(self, item: StoredObject, path: Path, pieces: Iterable[bytes]) -> None:
        with _named_write_errors(item, path), path.open("wb") as file:
            file.writelines(pieces)


@contextmanager
def _named_write_errors(item: StoredObject, path: Path) -> Iterator[None]:
    """Say of which object a file cannot be written."""
    try:
        yield
    except OSError as e:
        fix = "make room on the disk, or set [DUCKDB] PATH to a file on another"
        raise LoadError(f"{item.name}: cannot be written into the folder {path.parent}; {fix} ({e})") from e


class _ByLines:
    """The way by lines into one staging table."""

    def __init__(self, database: DuckDB, columns: Columns, staged: Staged, most_bad: int) -> None:
        self.columns = columns
        self._most_bad = most_bad
        self._database = database
        self._staged = staged
        self._source = ["source_file"] if columns.table == "staging_songs" else []

    def stage(self, contents: Iterable[tuple[str, bytes]], *, careful: bool) -> None:
        """Stage objects that are in memory.

        Raises:
            TryAgainError: a line is no good record by itself, and care would tell why.
        """
        records = by_line if not careful else _scanned
        for chunk in _chunks((name, record) for name, content in contents for record in records(content)):
            if careful:
                self._settle(chunk)
            else:
                self._insert(chunk, guarded=True)

    def stage_files(self, files: Mapping[str, Path]) -> None:
        """Stage objects of any size that lie as files."""
        for chunk in _chunks((name, record) for name, path in files.items() for record in _scanned_file(path)):
            self._settle(chunk)

    def _settle(self, placed: list[Placed]) -> None:
        """Insert the good records and note the bad ones."""
        faults = self._judge(placed)
        for n, fault in faults.items():
            name, record = placed[n]
            if not is_jsonpaths(record.text):
                self._staged.records[name] += 1
                self._staged.reject(name, record.line, _explained(fault, record.text), record.text)
        if len(self._staged.rejected) > self._most_bad + REJECTED_SURPLUS:
            raise _TooManyBadError
        self._insert([entry for n, entry in enumerate(placed) if n not in faults], guarded=False)

    def _judge(self, chunk: list[Placed]) -> dict[int, str]:
        """What is wrong with which records, by position."""
        if not chunk:
            return {}
        faults = {n: fault for n, (_, record) in enumerate(chunk) if (fault := _unreadable(record.text))}
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
        """Insert the records of the files in which nothing looks odd; the answer are the other files.

        Raises:
            TryAgainError: a record of another file turned out to be bad.
        """
        lines = self._count_lines(files)
        plain = {name: path for name, path in files.items() if name in lines}
        if plain:
            self._insert([*plain.values()], sum(lines.values()))
            self._staged.records.update(lines)
            self._by_lines.note_unknown_keys([line for path in plain.values() for line in _first_lines(path)])
        return {name: path for name, path in files.items() if name not in plain}

    def _count_lines(self, files: dict[str, Path]) -> dict[str, int]:
        """The number of records of each file that holds one valid and unsuspicious record a line."""
        names = {str(path): name for name, path in files.items() if duckdb_reader.can_read(path)}
        if not names:
            return {}
        found = self._database.read_json(
            f"""
            select filename, count(*), coalesce(bool_or(record is null or {SUSPECT}), false)
            from {duckdb_reader.lines(map(Path, names))}
            group by filename
            """
        )
        return {names[path]: count for path, count, is_suspect in found if not is_suspect}

    def _insert(self, paths: list[Path], lines: int) -> None:
        columns = self._columns
        rows = f"""(
            select {columns.read_names()}
            from {duckdb_reader.rows(paths, columns.read_types())}
        ) where {columns.is_plain()}"""
        [(inserted,)] = self._database.read_json(columns.insert(rows))
        if inserted != lines:
            raise TryAgainError("not every line of the large logs became a row")
        [(odd, words)] = self._database.query(columns.count_odd())
        if odd or (words and self._may_hold_not_numbers(paths)):
            raise TryAgainError("some rows of the large logs look odd")

    def _may_hold_not_numbers(self, paths: list[Path]) -> bool:
        """Whether texts like Infinity, which a song may be called, may have been no texts."""
        found = f"select 1 from {duckdb_reader.lines(paths)} where {MAY_HOLD_NOT_NUMBERS} limit 1"
        return bool(self._database.query(found))


def _scanned(content: bytes) -> Iterator[Record]:
    return scan([content])


def _scanned_file(path: Path) -> Iterator[Record]:
    with path.open("rb") as file:
        yield from scan(iter(lambda: file.read(PIECE), b""))


def _chunks(placed: Iterable[Placed]) -> Iterator[list[Placed]]:
    """Lists of records that take about `CHUNK` bytes of memory each."""
    chunk: list[Placed] = []
    held = 0
    for entry in placed:
        chunk.append(entry)
        held += len(entry[1].text) + RECORD_COST
        if held > CHUNK:
            yield chunk
            chunk, held = [], 0
    if chunk:
        yield chunk


def _unreadable(text: bytes) -> str | None:
    """Why a record is not even looked at by DuckDB."""
    if len(text) > MOST_BYTES:
        return f": is longer than {MOST_BYTES} bytes"
    try:
        text.decode()
    except UnicodeDecodeError as e:
        return f": is not UTF-8 at byte {e.start + 1}"
    return None


def _explained(fault: str, text: bytes) -> str:
    """The fault, with the place where the record stops being JSON."""
    where = json_fault(text) if fault.endswith("is not JSON") else ""
    return f"{fault}: {where}" if where else fault


def _first_lines(path: Path) -> list[str]:
    """The first records of a log that holds one a line."""
    with path.open("rb") as file:
        content = file.read(PIECE).removeprefix(BOM)
    whole_lines, newline, _ = content.rpartition(b"\n")
    lines = (whole_lines if newline else content).split(b"\n", SAMPLED_LINES)[:SAMPLED_LINES]
    return [line.decode() for line in map(bytes.strip, lines) if line]
