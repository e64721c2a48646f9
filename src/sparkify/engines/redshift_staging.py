"""How objects in S3 become rows of the staging tables in Redshift: by COPY, which reads them with the role's rights.

With `[S3] WORK`, manifests name the objects of the batch and no others. Objects that are small are read here and joined
into a few packed *parts*, one record a line, for COPY takes as long for a tiny file as for a megabyte; song objects
always are, since a song remembers its object. Large logs are copied where they lie. Without WORK, COPY reads the whole
prefix, which the plan then takes for one object.
"""

from __future__ import annotations

import json
from array import array
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from tempfile import SpooledTemporaryFile, gettempdir
from threading import Lock
from typing import TYPE_CHECKING
from uuid import uuid4

import zstandard

from sparkify import sql_queries
from sparkify.compression import HEAD, PackError, packing_of, unpack
from sparkify.engines import ObjectsChangedError, Source, Staged, TryAgainError, Value
from sparkify.errors import AccessError, BadRecordsError, CheckError, LoadError, ObjectChangedError
from sparkify.jsonpaths import is_jsonpaths
from sparkify.plan import Batch, Kind, unpacked_size
from sparkify.progress import Progress
from sparkify.records import BOM, MOST_BYTES, Record, by_line, json_fault, line_at, scan
from sparkify.store import StoredObject, Stores
from sparkify.store.names import packing

if TYPE_CHECKING:
    from sparkify.engines.redshift import Redshift
    from sparkify.store.s3 import S3Prefix

LARGE = 1_000_000
"""Logs of this many bytes are copied where they lie (COPY wants files of 1 MB to 1 GB, packed)."""

PART = 32_000_000
"""Bytes of records in a part at the most, about 4 MB packed."""

LINE_COST = 20
"""Bytes of memory that a record of a part takes besides its text."""

SLICES = 16
"""Parts come in multiples of this, which is a multiple of the slices of every node type; few bytes make one part."""

INSERTED_ROWS = 100
"""Rows that are inserted by one statement."""

READS = 16
"""Large logs whose first bytes are read at a time."""

UPLOADS = 4
"""Parts that are packed and written at a time, and so held in memory."""

LEFT_OVER = timedelta(days=1)
"""Age at which files that a killed run left in WORK are deleted; no batch takes so long."""

TABLES: dict[Kind, str] = {"songs": "staging_songs", "events": "staging_events"}

MOST_ERRORS = 100_000
"""The limit of MAXERROR (DG copy-parameters-data-load)."""

EMPTY_KEY = "song_id = '' or artist_id = ''"
"""What COPY takes for a key and the rule does not."""

MISSING, NUL, NOT_UTF8 = 1213, 1218, 1220
"""Codes of load errors (DG r_Load_Error_Reference)."""

FAILED_COPY = "(select max(query_id) from sys_load_error_detail where session_id = pg_backend_pid())"
"""The number of the COPY that has just failed: that of the last one is not set then."""

OWN_KEY = "source_file"
"""The key under which a song's object is written into its record."""

FOLDER = "sparkify-copy/"
"""The folder in WORK in which this program writes and deletes, and nobody else."""


@dataclass
class _Part:
    """Records of small objects, one a line, and where each of them came from."""

    objects: list[str] = field(default_factory=list)
    lines: array[int] = field(default_factory=lambda: array("L"))
    content: bytearray = field(default_factory=bytearray)

    def add(self, name: str, line: int, text: bytes) -> None:
        self.objects.append(name)
        self.lines.append(line)
        self.content += text.replace(b"\n", b" ") + b"\n"

    @property
    def size(self) -> int:
        """About how many bytes of memory it takes."""
        return len(self.content) + LINE_COST * len(self.lines)

    def place(self, line: int) -> tuple[str, int]:
        """The object of a line, and its line there; a record that is cut off may end in the line after the last."""
        index = min(line, len(self.lines)) - 1
        return self.objects[index], self.lines[index]


@dataclass(frozen=True)
class _LoadError:
    """What Redshift noted of a record that COPY could not load."""

    file: str
    line: int
    column: str
    code: int
    message: str


class Staging:
    """The staging of one engine: it knows what lies in WORK for it."""

    def __init__(self, database: Redshift) -> None:
        self.database = database
        self._cluster = database.cluster
        self._folder = f"{FOLDER}{uuid4().hex}"
        self._files = 0
        self._counting = Lock()

    @cached_property
    def _work(self) -> S3Prefix:
        return Stores(self.database.config).open_s3(self._cluster.work)

    def stage(self, batch: Batch, source: Source, progress: Progress, *, careful: bool, most_bad: int) -> Staged:
        """Stage the songs and the events of a batch; see `Engine.stage`.

        `careful` copies each large log by a statement of its own, which tells its number of records.
        """
        work = _BatchStaging(self, source, Staged(), careful=careful, most_bad=most_bad)
        with progress.phase(f"batch {batch.number}: copy objects", len(batch.objects)) as done:
            if not self._cluster.work:
                for whole in batch.songs:
                    work.copy_prefix("songs", whole)
                for whole in batch.events:
                    work.copy_prefix("events", whole)
                done(len(batch.objects))
            else:
                in_place, others = work.sorted_logs(batch.events, done)
                work.copy_parts("songs", batch.songs, done)
                work.copy_parts("events", others, done)
                work.copy_in_place(in_place)
        if work.is_over:
            self.database.roll_back()
            if len(work.staged.rejected) <= most_bad:
                raise BadRecordsError(
                    "COPY refused more records than [ETL] MAX_ERRORS allows, and did not log them all"
                )
        else:
            self.database.execute("update staging_events set user_id = null where user_id = ''")
        return work.staged

    def copy_rows(self, table: str, rows: Sequence[Sequence[Value]]) -> None:
        """Add rows through a file in WORK."""
        columns = [*sql_queries.columns(table)]
        lines = (json.dumps(dict(zip(columns, row, strict=True)), default=str) for row in rows)
        url = self.write("rows.json.zst", _pack("\n".join(lines).encode()))
        self.copy(table, columns, url, "auto", "zstd", most_bad=0, timeformat="auto")

    def write(self, name: str, content: bytes) -> str:
        """Put a file into WORK; its address.

        Raises:
            AccessError: WORK is not there, or cannot be written.
        """
        with self._counting:  # parts are written in several threads
            self._files += 1
            number = self._files
        try:
            return self._work.put(f"{self._folder}/{number:06}-{name}", content)
        except AccessError as e:
            raise AccessError(f"[S3] WORK, where the client must be able to write and delete: {e}") from e

    def manifest(self, sizes: Mapping[str, int]) -> str:
        """Write a manifest of objects that must all be there, each with its size in bytes; its address.

        COPY fails when an object has another size than its `content_length` (DG loading-data-files-using-manifest).
        """
        entries = [{"url": url, "mandatory": True, "meta": {"content_length": size}} for url, size in sizes.items()]
        return self.write("manifest", json.dumps({"entries": entries}, indent=1).encode())

    def copy(
        self,
        table: str,
        columns: Sequence[str],
        url: str,
        mapping: str,
        packed: str,
        *,
        most_bad: int,
        is_manifest: bool = False,
        timeformat: str = "epochmillisecs",
        is_trial: bool = False,
    ) -> int:
        """COPY into a table, and the number of rows that it added; a trial adds none.

        `packed` is how the objects are packed: `gzip`, `zstd`, or empty.
        """
        region = self.database.config.store.region
        options = [
            f"copy {table} ({', '.join(columns)})",
            f"from {sql_queries.literal(url)}",
            f"iam_role {sql_queries.literal(self._cluster.role)}",
            *(["manifest"] if is_manifest else []),
            f"json {sql_queries.literal(mapping)}",
            *([packed] if packed else []),
            f"timeformat {sql_queries.literal(timeformat)}",
            *([f"region {sql_queries.literal(region)}"] if region else []),
            f"maxerror {min(most_bad + 1, MOST_ERRORS)}",
            *(["noload"] if is_trial else []),
        ]
        self.database.execute("\n".join(options))
        [(count,)] = self.database.query("select pg_last_copy_count()")
        return int(count)

    def examine_role(self, song: StoredObject, log: StoredObject) -> str:
        """Let Redshift read one object of each kind without loading it."""
        mapping = self.database.config.store.log_jsonpath
        songs = [c for c in sql_queries.columns("staging_songs") if c != OWN_KEY]
        with self.database.transaction():
            self.copy("staging_songs", songs, song.name, "auto", packing(song.key), most_bad=0, is_trial=True)
            events = [*sql_queries.columns("staging_events")]
            self.copy("staging_events", events, log.name, mapping, packing(log.key), most_bad=0, is_trial=True)
        return f"{self._cluster.role} may read songs and logs"

    def examine_work(self) -> str:
        """Write a file into WORK, and delete it."""
        self.write("trial", b"{}")
        self.clear()
        return f"{self._cluster.work} can be written"

    def clear(self) -> None:
        """Delete what the batch needed in WORK, and what killed runs left there."""
        if not self._files:
            return
        self._work.delete(self._folder)
        self._work.delete(FOLDER, before=datetime.now(UTC) - LEFT_OVER)
        self._files = 0


class _BatchStaging:
    """The staging of one batch: what it read, and what of it is bad."""

    def __init__(self, staging: Staging, source: Source, staged: Staged, *, careful: bool, most_bad: int) -> None:
        self.staged = staged
        self.is_over = False
        """Whether more records are bad than are allowed; the rest of the batch is not copied then."""
        self._staging = staging
        self._database = staging.database
        self._source = source
        self._careful = careful
        self._most_bad = most_bad

    def copy_prefix(self, kind: Kind, whole: StoredObject) -> None:
        """Copy all objects below a prefix."""
        columns = [c for c in sql_queries.columns(TABLES[kind]) if c != OWN_KEY]
        count, errors = self._copy(kind, columns, whole.name, packing(whole.key))
        if kind == "songs" and not self.is_over:
            for _ in range(self._database.execute(f"delete from staging_songs where {EMPTY_KEY}")):
                count -= 1
                self.staged.reject(whole.name, None, "song_id: is missing, or artist_id is", b"")
            mine = "update staging_songs set source_file = $name where source_file = ''"
            self._database.execute(mine, {"name": whole.name})
        objects = {o.name: o for o in self._source.stores[kind].list_objects().objects} if errors else {}
        for error in errors:
            self._reject(kind, error, whole.name, objects.get(error.file), error.line, f" in {error.file}")
        self.staged.records[whole.name] += count + len(errors)

    def sorted_logs(
        self, items: Sequence[StoredObject], done: Callable[[int], None]
    ) -> tuple[dict[StoredObject, str], list[StoredObject]]:
        """The logs that are copied where they lie, with how each is packed; and those that are joined into parts.

        The first bytes of a large log tell how it is packed, and whether it begins with a byte order mark, which COPY
        is not documented to take. A log in a format that is not read is one bad record.
        """
        in_place: dict[StoredObject, str] = {}
        others = [item for item in items if item.size < LARGE]
        for item, head in self._heads([item for item in items if item.size >= LARGE]):
            try:
                packed = packing_of(item.key, head)
            except PackError as e:
                self.staged.reject(item.name, None, f": {e}", b"")
                continue
            if head.startswith(BOM):
                others.append(item)
            else:
                in_place[item] = packed
                done(1)
        return in_place, others

    def _heads(self, items: Sequence[StoredObject]) -> Iterator[tuple[StoredObject, bytes]]:
        """The first bytes of large logs. Those that are not what was listed are noted as changed, and left out."""
        store = self._source.stores["events"]

        def head(item: StoredObject) -> bytes | ObjectChangedError:
            try:
                return store.first_bytes(item, HEAD)
            except ObjectChangedError as e:
                return e

        with ThreadPoolExecutor(READS) as pool:
            for item, content in zip(items, pool.map(head, items), strict=True):
                if isinstance(content, ObjectChangedError):
                    self.staged.changed[item.name] = str(content)
                else:
                    yield item, content

    def copy_parts(self, kind: Kind, items: Sequence[StoredObject], done: Callable[[int], None]) -> None:
        """Copy small objects, joined into parts.

        Raises:
            TryAgainError: a line of an object held more or less than one record.
        """
        parts, sizes = {}, {}
        for url, size, part in self._written(kind, self._parts(kind, items, done)):
            parts[url], sizes[url] = part, size
        if not parts:
            return
        manifest = self._staging.manifest(sizes)
        count, errors = self._copy(kind, [*sql_queries.columns(TABLES[kind])], manifest, "zstd", is_manifest=True)
        if not self._careful and (errors or (kind == "songs" and self._has_empty_keys())):
            raise TryAgainError("some records are bad, and lines may hold more or less than one")
        by_name = {item.name: item for item in items}
        for error in errors:
            name, line = parts[error.file].place(error.line)
            self._reject(kind, error, name, by_name[name], line)
        for part in parts.values():
            self.staged.records.update(part.objects)
        self._close_sums(count + len(errors), sum(len(part.objects) for part in parts.values()))

    def copy_in_place(self, items: Mapping[StoredObject, str]) -> None:
        """Copy large logs where they lie: those that are packed alike together, or each by itself with care.

        Raises:
            TryAgainError: Redshift does not tell how many records it found in each.
            ObjectsChangedError: COPY failed, and some of them are not what was listed.
        """
        groups: dict[str, list[StoredObject]] = {}
        for item, packed in items.items():
            groups.setdefault(item.name if self._careful else packed, []).append(item)
        for group in groups.values():
            objects = {item.name: item for item in group}
            url = self._staging.manifest({item.name: item.size for item in group})
            columns = [*sql_queries.columns("staging_events")]
            try:
                count, errors = self._copy("events", columns, url, items[group[0]], is_manifest=True)
            except LoadError as e:
                [*self._heads(group)]
                if self.staged.changed:
                    raise ObjectsChangedError(self.staged.changed) from e
                raise
            for error in errors:
                self._reject("events", error, error.file, objects[error.file], error.line)
            scanned = {next(iter(objects)): count + len(errors)} if len(objects) == 1 else self._scanned(objects)
            self.staged.records.update(scanned)
            self._close_sums(count + len(errors), sum(scanned.values()))

    def _has_empty_keys(self) -> bool:
        return bool(self._database.query(f"select song_id from staging_songs where {EMPTY_KEY} limit 1"))

    def _close_sums(self, copied: int, expected: int) -> None:
        if self.is_over or copied == expected:
            return
        if self._careful:
            raise CheckError(f"COPY added or refused {copied} records of {expected}")
        raise TryAgainError(f"COPY added or refused {copied} records, and not the {expected} that were expected")

    def _scanned(self, objects: Iterable[str]) -> dict[str, int]:
        """How many records the last COPY found in each object; names are cut off after 256 bytes there."""
        rows = self._database.query(
            "select trim(file_name), sum(lines_scanned) from sys_load_detail"
            " where query_id = pg_last_copy_id() group by 1"
        )
        found = {name: int(count) for name, count in rows}
        return {name: found.get(name[:256], 0) for name in objects}

    def _copy(
        self, kind: Kind, columns: Sequence[str], url: str, packed: str, *, is_manifest: bool = False
    ) -> tuple[int, list[_LoadError]]:
        """How many rows a COPY added, and the records that it refused."""
        left = self._most_bad - len(self.staged.rejected)
        self.is_over = self.is_over or left < 0
        if self.is_over:
            return 0, []
        mapping = self._database.config.store.log_jsonpath if kind == "events" else "auto"
        try:
            count = self._staging.copy(
                TABLES[kind], columns, url, mapping, packed, most_bad=left, is_manifest=is_manifest
            )
        except LoadError as e:
            if not any(view in str(e) for view in ("sys_load_error_detail", "stl_load_errors")):
                raise
            # The errors can be read when the transaction is over; they survive it.
            self._database.roll_back()
            self.is_over = True
            if errors := self._errors(FAILED_COPY):
                return 0, errors
            raise
        errors = self._errors("pg_last_copy_id()") if left else []
        return count, errors

    def _errors(self, query_id: str) -> list[_LoadError]:
        rows = self._database.query(
            "select trim(file_name), line_number, trim(column_name), error_code, trim(error_message)"
            f" from sys_load_error_detail where query_id = {query_id} order by 1, 2"
        )
        return [_LoadError(*row) for row in rows]

    def _reject(
        self, kind: Kind, error: _LoadError, name: str, item: StoredObject | None, line: int, where: str = ""
    ) -> None:
        """Note a record that COPY refused, in the words that DuckDB's staging has for it."""
        text = b""
        if item:
            with suppress(AccessError, PackError):
                pieces = self._source.stores[kind].pieces(item)
                text = line_at(unpack(item.key, pieces, item.size), line)
        reason = f"{_reason(TABLES[kind], error)}{where} (COPY says: {error.message})"
        self.staged.reject(name, line, f"{error.column}: {reason}", text)

    def _parts(self, kind: Kind, items: Sequence[StoredObject], done: Callable[[int], None]) -> Iterator[_Part]:
        """The records of objects, joined into parts of about the same size."""
        keys = sum(len(_with_object(item.name, b"{}\n, ")) for item in items) if kind == "songs" else 0
        size = _part_size(sum(map(unpacked_size, items)) + keys)
        part = _Part()
        for item, records in self._contents(kind, items, done):
            try:
                for record in records:
                    if fault := self._fault(kind, record.text):
                        self.staged.records[item.name] += 1
                        self.staged.reject(item.name, record.line, fault, record.text)
                    elif not is_jsonpaths(record.text):
                        text = _with_object(item.name, record.text) if kind == "songs" else record.text
                        part.add(item.name, record.line, text)
                    if part.size >= 2 * size:
                        yield part
                        part = _Part()
            except PackError as e:
                self.staged.reject(item.name, None, f": {e}", b"")
            except ObjectChangedError as e:
                self.staged.changed[item.name] = str(e)
            if part.size >= size:
                yield part
                part = _Part()
        if part.objects:
            yield part

    def _contents(
        self, kind: Kind, items: Sequence[StoredObject], done: Callable[[int], None]
    ) -> Iterator[tuple[StoredObject, Iterable[Record]]]:
        """The records of each object: small objects are read whole and ahead, large ones piece by piece.

        Reading the records raises a PackError when the object cannot be unpacked.
        """
        store = self._source.stores[kind]
        small = [item for item in items if unpacked_size(item) < LARGE]
        for item, content in store.read_many(small, done):
            if isinstance(content, ObjectChangedError):
                self.staged.changed[item.name] = str(content)
                continue
            yield item, self._records(unpack(item.key, [content], item.size))
        for item in items:
            if unpacked_size(item) >= LARGE:
                yield item, self._records(unpack(item.key, store.pieces(item), item.size))
                done(1)

    def _records(self, pieces: Iterator[bytes]) -> Iterator[Record]:
        """The records of an object; none before all of it is unpacked, for a part of an object is not loaded.

        Raises:
            LoadError: there is no room for a large object that was unpacked.
        """
        with SpooledTemporaryFile(LARGE) as file:
            try:
                file.writelines(pieces)
                size = file.tell()
                file.seek(0)
            except OSError as e:
                fix = "make room there, or name another folder by the environment variable TMPDIR"
                raise LoadError(f"{gettempdir()}: an object cannot be unpacked there; {fix} ({e})") from e
            if size <= LARGE and not self._careful:
                records = by_line(file.read())
                if records and all(record.text.startswith(b"{") and record.text.endswith(b"}") for record in records):
                    yield from records
                    return
                file.seek(0)
            yield from scan(iter(partial(file.read, LARGE), b""))

    def _fault(self, kind: Kind, text: bytes) -> str:
        """Why a record is no JSON object, or lacks a song's key; looked at with care only, and COPY gets nothing else.

        Where COPY takes the next record to begin after what is no object is not documented, and to it an empty text is
        no missing one.
        """
        if len(text) > MOST_BYTES:
            return f": is longer than {MOST_BYTES} bytes"
        if not self._careful:
            return ""
        try:
            text.decode()
        except UnicodeDecodeError as e:
            return f": is not UTF-8 at byte {e.start + 1}"
        if where := json_fault(text):
            return f": is not JSON: {where}"
        record = json.loads(text, parse_int=str)
        if not isinstance(record, dict):
            return ": is no JSON object"
        empty = [key for key in ("song_id", "artist_id") if kind == "songs" and record.get(key) == ""]
        return f"{empty[0]}: is missing" if empty else ""

    def _written(self, kind: Kind, parts: Iterable[_Part]) -> Iterator[tuple[str, int, _Part]]:
        """Parts that are written into WORK, a bounded number at a time, with their addresses and sizes."""

        def write(part: _Part) -> tuple[str, int, _Part]:
            packed = _pack(part.content)
            url = self._staging.write(f"{kind}.json.zst", packed)
            part.content = bytearray()
            return url, len(packed), part

        with ThreadPoolExecutor(UPLOADS) as pool:
            waiting: deque[Future[tuple[str, int, _Part]]] = deque()
            for part in parts:
                waiting.append(pool.submit(write, part))
                if len(waiting) >= UPLOADS:
                    yield waiting.popleft().result()
            for future in waiting:
                yield future.result()


def _reason(table: str, error: _LoadError) -> str:
    """What is wrong, by the column's type and the error's code (DG r_Load_Error_Reference)."""
    kind = sql_queries.columns(table).get(error.column) or next(
        (kind for column, kind in sql_queries.columns(table).items() if column.lower() == error.column), ""
    )
    if error.code == MISSING:
        return "is missing"
    if error.code == NOT_UTF8:
        return "is not UTF-8"
    if error.code == NUL:
        return "holds a NUL character"
    if kind == "bigint":
        return "is no whole number of 64 bits"
    if kind == "double precision":
        return "is no number"
    if kind == "timestamp":
        return "is no moment of the years 1 to 9999"
    if kind and "length" in error.message:
        return f"is longer than {kind.removeprefix('varchar(').removesuffix(')')} bytes"
    return "is no text" if kind else "is not JSON"


def _part_size(total: int) -> int:
    """How many bytes each of some parts of equal size holds."""
    if total < SLICES * LARGE:
        return max(total, 1)
    return -(-total // (-(-total // (SLICES * PART)) * SLICES))


def _with_object(name: str, text: bytes) -> bytes:
    """A record that also says which object it is of."""
    rest = text.removeprefix(b"{").lstrip()
    if not text.startswith(b"{"):
        return text
    return b"{%s: %s%s%s" % (
        json.dumps(OWN_KEY).encode(),
        json.dumps(name).encode(),
        b"" if rest.startswith(b"}") else b", ",
        rest,
    )


def _pack(content: bytes | bytearray) -> bytes:
    return zstandard.ZstdCompressor().compress(content)
