"""Objects of a bucket or a folder as a listing names them, and what the store that holds them can do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Set
from dataclasses import dataclass, replace
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple, Protocol

from sparkify.errors import AccessError, ObjectChangedError
from sparkify.store.names import DATA_SUFFIXES, packing, why_no_data

UNKNOWN_SIZE = -1
"""The size of an object that was not listed."""

MAX_OBJECTS = 2_000_000
"""Objects that may lie below one prefix: a listing is held in memory, at about 320 bytes an object, and 400 while it is
sorted.
"""


@dataclass(frozen=True)
class Place:
    """What many objects have in common: how their names begin, and where in their paths their keys do."""

    names: str
    start: int = 0

    def key(self, path: str) -> str:
        """The key of the object with a path."""
        return path[self.start :]


class StoredObject(NamedTuple):
    """One object as it was listed; there are many, so what the path says is not held a second time.

    `path` is how the store finds it. `etag` identifies the content, `size` is in bytes.
    """

    place: Place
    path: str
    etag: str
    size: int

    @property
    def key(self) -> str:
        """Its key below SONG_DATA or LOG_DATA, by which the warehouse knows it wherever the bucket lies.

        Empty: all that lies there.
        """
        return self.place.key(self.path)

    @property
    def name(self) -> str:
        """Its address for people: `s3://bucket/key`, or a path from the folder of dwh.cfg."""
        return self.place.names + self.key


class Ignored(NamedTuple):
    """An object that is no data, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class Listing:
    """The data objects below a prefix, by key, and what else is there; warnings are sentences for the operator."""

    objects: tuple[StoredObject, ...]
    ignored: tuple[Ignored, ...] = ()
    warnings: tuple[str, ...] = ()

    def without(self, name: str) -> Listing:
        """The listing with the JSONPaths file of this name as no data."""
        rest = tuple(item for item in self.objects if item.name != name)
        if len(rest) == len(self.objects):
            return self
        return replace(self, objects=rest, ignored=(*self.ignored, Ignored(name, "the JSONPaths file")))

    def only(self, keys: Set[str]) -> Listing:
        """The listing with only the objects of some keys."""
        return replace(self, objects=tuple(item for item in self.objects if item.key in keys))

    def as_one(self, store: ObjectStore) -> Listing:
        """The listing as one object that changes whenever one of its own does: what is read by its prefix.

        Raises:
            AccessError: the objects are not all packed the same way.
        """
        packings = {packing(item.key) for item in self.objects}
        if len(packings) > 1:
            kinds = " and ".join(sorted(kind or "plain text" for kind in packings))
            fix = "give [S3] WORK a prefix where manifests can be written"
            raise AccessError(f"{store.location}: objects packed as {kinds} lie together; {fix}")
        import hashlib  # loads OpenSSL, which nothing else needs

        etag = hashlib.md5("".join(f"{o.key} {o.etag}\n" for o in self.objects).encode()).hexdigest()
        size = sum(item.size for item in self.objects)
        path = f"*{next((end for end in DATA_SUFFIXES if packing(end) in packings), '')}"
        one = StoredObject(Place(f"{store.location}/", len(path)), path, etag, size)
        return replace(self, objects=(one,) if self.objects else ())


def sorted_listing(
    listed: Iterable[StoredObject], ignored: Iterable[Ignored] = (), warnings: Iterable[str] = ()
) -> Listing:
    """A listing of objects of one place, divided by their keys into data and others."""
    objects: list[StoredObject] = []
    others = list(ignored)
    last = None
    for item in sorted(listed, key=attrgetter("key")):
        key = item.key
        if key == last:
            others.append(Ignored(item.name, "another object has this name already"))
        elif reason := why_no_data(key, item.size):
            others.append(Ignored(item.name, reason))
        else:
            objects.append(item)
            last = key
    return Listing(tuple(objects), tuple(sorted(others, key=lambda o: o.name)), tuple(warnings))


def require_listable(location: str, count: int) -> None:
    """Make sure that a listing is not too long to be held in memory.

    Raises:
        AccessError: it is.
    """
    if count > MAX_OBJECTS:
        fix = "set [S3] to a prefix that holds fewer, such as one year"
        raise AccessError(f"{location}: over {MAX_OBJECTS:,} objects lie there, the most that a run lists; {fix}")


def changed(item: StoredObject, what: str) -> ObjectChangedError:
    """The error of an object whose content is not the one that was listed."""
    return ObjectChangedError(f"{item.name}: {what}", object=item.name)


class ObjectStore(Protocol):
    """The objects below one location: `s3://bucket/prefix` or a folder."""

    location: str
    """As the configuration names it, without a slash at the end."""

    def list_objects(self) -> Listing:
        """Every object below the location; `log_data_old/` is not below `log_data`.

        Raises:
            AccessError: the store refuses, cannot be reached, or holds nothing there.
        """
        ...

    def item(self, name: str) -> StoredObject:
        """An object directly below the location that was not listed: it has no ETag, and any content is right."""
        ...

    def local_path(self, item: StoredObject) -> Path | None:
        """Where the object lies as a file; None in S3."""
        ...

    def is_unchanged(self, item: StoredObject) -> bool:
        """Whether the file at `local_path` still is what was listed."""
        ...

    def read(self, item: StoredObject) -> bytes:
        """The whole content of an object, as it was listed.

        Raises:
            AccessError: it is gone, forbidden, or the store cannot be reached.
            ObjectChangedError: it is not what was listed.
        """
        ...

    def read_many(
        self, items: Iterable[StoredObject], done: Callable[[int], None]
    ) -> Iterator[tuple[StoredObject, bytes | ObjectChangedError]]:
        """Many objects with their contents, in order; `done(1)` is called after each.

        An object that is not what was listed comes with the error instead of a content.

        Raises:
            AccessError: as `read`.
        """
        ...

    def first_bytes(self, item: StoredObject, size: int) -> bytes:
        """The first bytes of an object, at most `size` of them.

        Raises:
            AccessError: as `read`.
            ObjectChangedError: as `read`.
        """
        ...

    def pieces(self, item: StoredObject) -> Iterator[bytes]:
        """The content of an object of any size, as it was listed, piece by piece.

        Raises:
            AccessError: as `read`.
            ObjectChangedError: as `read`; the pieces before it may be of another content.
        """
        ...
