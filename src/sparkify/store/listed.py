"""What a listing found, held in little memory: a run that finds nothing new lists all that was ever delivered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple, overload

from sparkify.errors import AccessError
from sparkify.store.names import DATA_SUFFIXES, packing, why_no_data
from sparkify.store.objects import Place, StoredObject
from sparkify.store.rows import Rows

NUL = b"\0"
"""What separates the parts of a row."""


class Objects(Sequence[StoredObject]):
    """Objects of one place in the order of their keys, in a quarter of the memory that as many `StoredObject`s take.

    Each is a row of bytes: its key, its ETag and its size, and its path where place and key do not give it. A NUL
    separates these, which no key of data holds (`names.why_no_data`): so rows are in the order of their keys.
    """

    def __init__(self, place: Place, rows: Rows | None = None) -> None:
        """`rows` are in order."""
        self.place = place
        self._rows = rows or Rows()

    @classmethod
    def of(cls, items: Iterable[StoredObject]) -> Objects:
        """Some objects of one place."""
        items = [*items]
        place = items[0].place if items else Place("")
        return cls(place, Rows(sorted(row(place, item.key, item.etag, item.size, item.path) for item in items)))

    def at(self, indexes: Sequence[int]) -> Objects:
        """The objects at some indexes, which are in order and different."""
        if len(indexes) == len(self):
            return self
        return Objects(self.place, Rows(map(self._rows.__getitem__, indexes)))

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> StoredObject: ...
    @overload
    def __getitem__(self, index: slice) -> Objects: ...
    def __getitem__(self, index: int | slice) -> StoredObject | Objects:
        indexes = range(len(self))[index]
        return self._object(indexes) if isinstance(indexes, int) else self.at(indexes)

    def __iter__(self) -> Iterator[StoredObject]:
        return map(self._object, range(len(self)))

    def _object(self, index: int) -> StoredObject:
        key, etag, size, *path = self._rows.text(index).split("\0")
        return StoredObject(self.place, path[0] if path else self.place.prefix + key, etag, int(size))

    def index_of(self, key: str, likely: int = 0) -> int | None:
        """The index of the object with a key; None where there is none. `likely` is looked at first."""
        start = _start(key)
        if not self._rows.begins(likely, start):
            likely = self._rows.bisect(start)
            if not self._rows.begins(likely, start):
                return None
        return likely

    def index_of_name(self, name: str) -> int | None:
        """The index of the object with a name; None where there is none."""
        names = self.place.names
        return self.index_of(name[len(names) :]) if name.startswith(names) else None

    def has_etag(self, index: int, key: str, etag: str) -> bool:
        """Whether the object at an index, whose key this is, has an ETag."""
        return self._rows.begins(index, _start(key) + etag.encode() + NUL)


def row(place: Place, key: str, etag: str, size: int, path: str) -> bytes:
    """An object as `Objects` holds it."""
    start = _start(key) + f"{etag}\0{size}".encode()
    return start if path == place.prefix + key else start + NUL + path.encode("utf-8", "surrogateescape")


def _start(key: str) -> bytes:
    """How the row of an object with a key begins."""
    return key.encode() + NUL


NO_OBJECTS = Objects(Place(""))


class Ignored(NamedTuple):
    """An object that is no data, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class Listing:
    """The data objects below a prefix, by key, and what else is there; warnings are sentences for the operator.

    `left_out` counts the folders that were not listed because they are of earlier days than was asked for.
    """

    objects: Objects = NO_OBJECTS
    ignored: tuple[Ignored, ...] = ()
    warnings: tuple[str, ...] = ()
    left_out: int = 0

    def without(self, name: str) -> Listing:
        """The listing with the JSONPaths file of this name as no data."""
        index = self.objects.index_of_name(name)
        if index is None:
            return self
        rest = self.objects.at([other for other in range(len(self.objects)) if other != index])
        return replace(self, objects=rest, ignored=(*self.ignored, Ignored(name, "the JSONPaths file")))

    def only(self, keys: Iterable[str]) -> Listing:
        """The listing with only the objects of some keys."""
        indexes = {self.objects.index_of(key) for key in keys}
        return replace(self, objects=self.objects.at(sorted(index for index in indexes if index is not None)))

    def as_one(self, location: str) -> Listing:
        """The listing of a location as one object that changes whenever one of its own does: it is read by its prefix.

        Raises:
            AccessError: the objects are not all packed the same way.
        """
        packings = {packing(item.key) for item in self.objects}
        if len(packings) > 1:
            kinds = " and ".join(sorted(kind or "plain text" for kind in packings))
            fix = "give [S3] WORK a prefix where manifests can be written"
            raise AccessError(f"{location}: objects packed as {kinds} lie together; {fix}")
        if not self.objects:
            return self
        import hashlib  # loads OpenSSL, which nothing else needs

        etag = hashlib.md5("".join(f"{o.key} {o.etag}\n" for o in self.objects).encode()).hexdigest()
        size = sum(item.size for item in self.objects)
        path = f"*{next((end for end in DATA_SUFFIXES if packing(end) in packings), '')}"
        one = StoredObject(Place(f"{location}/", path), path, etag, size)
        return replace(self, objects=Objects.of([one]))


class Listed:
    """What a listing has met so far of one place: data objects, and what is no data."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self._rows = Rows()
        self.ignored: list[Ignored] = []
        self.left_out = 0
        self._count = 0

    def __len__(self) -> int:
        """How many objects were met."""
        return self._count

    def add(self, key: str, etag: str, size: int, path: str) -> None:
        """Add an object as data, or with the reason why it is none; one without a key stands for the place itself."""
        self._count += 1
        if not key:
            return
        if reason := why_no_data(key, size):
            self.ignored.append(Ignored(self.place.names + key, reason))
        else:
            self._rows.append(row(self.place, key, etag, size, path))

    def extend(self, others: Listed) -> None:
        """Add all that another listing has met of the same place."""
        self._count += others._count
        self._rows.extend(others._rows)
        self.ignored += others.ignored

    def listing(self, warnings: Iterable[str] = ()) -> Listing:
        """All of it, in order; of objects of the same key only one is data."""
        keys = map(self._key, range(len(self._rows)))
        if any(key >= following for key, following in pairwise(keys)):
            self._sort()
        ignored = sorted(self.ignored, key=lambda other: other.name)
        return Listing(Objects(self.place, self._rows), tuple(ignored), tuple(warnings), self.left_out)

    def _key(self, index: int) -> bytes:
        return self._rows[index].partition(NUL)[0]

    def _sort(self) -> None:
        """Bring the rows in order, and leave out all but one of each key: the same one each time, by its path."""

        def key_and_path(row: bytes) -> tuple[bytes, list[bytes]]:
            key, _, _, *path = row.split(NUL)
            return key, path

        rows, self._rows = sorted(map(self._rows.__getitem__, range(len(self._rows))), key=key_and_path), Rows()
        last = None
        for each in rows:
            key = each.partition(NUL)[0]
            if key == last:
                name = self.place.names + key.decode()
                self.ignored.append(Ignored(name, "another object has this name already"))
            else:
                self._rows.append(each)
            last = key
