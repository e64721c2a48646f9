"""Small objects, joined into a few packed files for COPY, which takes as long for a tiny file as for a megabyte.

Each record has a line of its own. All song objects are joined, for a song gets the key of its object.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from tempfile import SpooledTemporaryFile, gettempdir

from sparkify.engines.engine import CarefulReadingNeededError
from sparkify.engines.redshift.copy import OWN_KEY
from sparkify.engines.redshift.work import Work
from sparkify.engines.staged import Staged
from sparkify.errors import LoadError, ObjectChangedError
from sparkify.parallel import in_order
from sparkify.plan import Kind, unpacked_size
from sparkify.records import faults
from sparkify.records.boundaries import by_line, scan
from sparkify.records.compression import PackError, pack, unpack
from sparkify.records.jsonpaths import is_jsonpaths
from sparkify.records.record import Record
from sparkify.store import ObjectStore, StoredObject

LARGE = 1_000_000
"""Logs of this many bytes are copied where they lie (COPY wants files of 1 MB to 1 GB, packed)."""

PART = 32_000_000
"""Bytes of records in a part, at most: about 4 MB packed."""

LINE_COST = 20
"""Bytes of memory that a record of a part takes besides its text."""

SLICES = 16
"""Parts come in multiples of this, which is a multiple of the slices of every node type; few bytes make one part."""

UPLOADS = 4
"""Parts that are packed and written at a time, and so held in memory."""


@dataclass
class Part:
    """Records of small objects, one a line, and the object and line of each."""

    objects: list[str] = field(default_factory=list)
    lines: array[int] = field(default_factory=lambda: array("L"))
    content: bytearray = field(default_factory=bytearray)

    def add(self, name: str, line: int, text: bytes) -> None:
        """Add the record on a line of an object."""
        self.objects.append(name)
        self.lines.append(line)
        self.content += text.replace(b"\n", b" ") + b"\n"

    @property
    def size(self) -> int:
        """About how many bytes of memory it takes."""
        return len(self.content) + LINE_COST * len(self.lines)

    def origin(self, line: int) -> tuple[str, int]:
        """The object of a line, and its line there; a record that is cut off may end in the line after the last."""
        index = min(line, len(self.lines)) - 1
        return self.objects[index], self.lines[index]


class PartWriter:
    """Reads the objects of a kind, and writes their records into WORK as parts."""

    def __init__(
        self, kind: Kind, store: ObjectStore, work: Work, staged: Staged, done: Callable[[int], None], *, careful: bool
    ) -> None:
        self._kind = kind
        self._store = store
        self._work = work
        self._staged = staged
        self._done = done
        self._careful = careful

    def written(self, items: Sequence[StoredObject]) -> Iterator[tuple[str, int, Part]]:
        """Write the parts of some objects, a bounded number at a time; the address of each, its size, and its lines.

        Raises:
            CarefulReadingNeededError: the reading is not careful, and a record may hold U+0000 or half of a pair.
        """

        def write(part: Part) -> tuple[str, int, Part]:
            packed = pack(part.content)
            url = self._work.write(f"{self._kind}.json.zst", packed)
            part.content = bytearray()
            return url, len(packed), part

        return in_order(write, self._parts(items), threads=UPLOADS, ahead=UPLOADS)

    def _parts(self, items: Sequence[StoredObject]) -> Iterator[Part]:
        """The records of objects, joined into parts of about the same size."""
        keys = sum(len(_with_key(item.key, b"{}\n, ")) for item in items) if self._kind == "songs" else 0
        size = _part_size(sum(map(unpacked_size, items)) + keys)
        part = Part()
        for item, records in self._contents(items):
            try:
                for record in records:
                    self._add(part, item, record)
                    if part.size >= 2 * size:
                        yield part
                        part = Part()
            except PackError as e:
                self._staged.reject(item.name, None, f": {e}", b"")
            except ObjectChangedError as e:
                self._staged.changed[item.name] = e
            if part.size >= size:
                yield part
                part = Part()
        if part.objects:
            yield part

    def _add(self, part: Part, item: StoredObject, record: Record) -> None:
        if fault := self._fault(record.text):
            self._staged.records[item.name] += 1
            self._staged.reject(item.name, record.line, fault, record.text)
        elif not is_jsonpaths(record.text):
            text = _with_key(item.key, record.text) if self._kind == "songs" else record.text
            part.add(item.name, record.line, text)

    def _contents(self, items: Sequence[StoredObject]) -> Iterator[tuple[StoredObject, Iterable[Record]]]:
        """The records of each object: small objects are read whole and ahead, large ones piece by piece.

        Reading the records raises a PackError when the object cannot be unpacked.
        """
        small = (item for item in items if unpacked_size(item) < LARGE)
        for item, content in self._store.read_many(small, self._done):
            if isinstance(content, ObjectChangedError):
                self._staged.changed[item.name] = content
                continue
            yield item, self._records(unpack(item.path, [content], item.size))
        for item in items:
            if unpacked_size(item) >= LARGE:
                yield item, self._records(unpack(item.path, self._store.pieces(item), item.size))
                self._done(1)

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

    def _fault(self, text: bytes) -> str:
        """Why a record is bad; a careful reading gives COPY only JSON objects, and only songs with their keys.

        It is not documented where COPY takes the next record to begin after a text that is no object, and a key that
        is empty, or blank, is not missing to COPY. Of U+0000 within a text Amazon says that it is a character like any
        other, and others that COPY ends the text there: COPY gets none.
        Nor does it get half of a surrogate pair, of which nothing is said.

        Raises:
            CarefulReadingNeededError: the reading is not careful, and the record may hold one of these.
        """
        if reason := faults.too_long(text):
            return f": {reason}"
        if not self._careful:
            if faults.may_hold_nul(text) or faults.may_hold_half_pair(text):
                raise CarefulReadingNeededError("a record may hold U+0000, or half of a surrogate pair")
            return ""
        if reason := faults.not_utf8(text) or faults.not_json(text):
            return f": {reason}"
        record = json.loads(text, parse_int=str)
        if not isinstance(record, dict):
            return f": {faults.NO_OBJECT}"
        if reason := faults.holds_nul(text):
            return f": {reason}"
        empty = [key for key in ("song_id", "artist_id") if self._kind == "songs" and _is_blank(record.get(key))]
        return f"{empty[0]}: {faults.MISSING}" if empty else ""


def _is_blank(value: object) -> bool:
    return isinstance(value, str) and not value.strip(" ")


def _part_size(total: int) -> int:
    """How many bytes each of some parts of equal size holds."""
    if total < SLICES * LARGE:
        return max(total, 1)
    return -(-total // (-(-total // (SLICES * PART)) * SLICES))


def _with_key(key: str, text: bytes) -> bytes:
    """A record that also holds the key of its object."""
    rest = text.removeprefix(b"{").lstrip()
    if not text.startswith(b"{"):
        return text
    return b"{%s: %s%s%s" % (
        json.dumps(OWN_KEY).encode(),
        json.dumps(key, ensure_ascii=False).encode(),
        b"" if rest.startswith(b"}") else b", ",
        rest,
    )
