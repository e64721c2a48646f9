"""What a run will do, as data: which objects are new, cut into batches. `--dry-run` prints it, a run executes it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Literal, TypeAlias

from sparkify.store import Ignored, Listing, StoredObject
from sparkify.store.names import packing

Kind: TypeAlias = Literal["songs", "events"]

KINDS: tuple[Kind, ...] = ("songs", "events")
"""Both kinds, in the order in which a run loads them."""

KEY = attrgetter("key")

OTHER, SAME = 1, 2
"""How an object is loaded."""

UNPACKED = 10
"""How many times its size a packed object counts, about what JSON logs unpack to."""


@dataclass(frozen=True)
class Batch:
    """The objects that one transaction loads. `number` counts from 1 within the run."""

    number: int
    songs: tuple[StoredObject, ...]
    events: tuple[StoredObject, ...]

    @property
    def objects(self) -> tuple[StoredObject, ...]:
        """All objects of the batch, songs first."""
        return self.songs + self.events

    def of(self, kind: Kind) -> tuple[StoredObject, ...]:
        """The objects of a kind."""
        return self.songs if kind == "songs" else self.events


class Loaded:
    """Which of the listed objects are loaded with the content that was listed.

    The load history is told object by object, and none of it is kept, for it may be longer than the listing.
    """

    def __init__(self, listings: Mapping[Kind, Listing]) -> None:
        self._listings = listings
        self._loaded = {kind: bytearray(len(listing.objects)) for kind, listing in listings.items()}
        """For each listed object whether the history has it: 0 not, `OTHER` with other content, `SAME` as listed."""
        self._gone = 0
        self._next = 0
        """Where the next object is looked for first: most of the history is in the order of the listing, too."""

    def add(self, kind: Kind, key: str, etag: str) -> None:
        """Note that an object is loaded, and with which content."""
        at = self._place(kind, key)
        if at is None:
            self._gone += kind == "songs"
        else:
            self._loaded[kind][at] = SAME if self._listings[kind].objects[at].etag == etag else OTHER

    def new(self, kind: Kind) -> Iterator[StoredObject]:
        """The listed objects that are not loaded as they were listed, in order."""
        objects = zip(self._listings[kind].objects, self._loaded[kind], strict=True)
        return (item for item, loaded in objects if loaded != SAME)

    def holds(self, kind: Kind, item: StoredObject) -> bool:
        """Whether a listed object is loaded as it was listed."""
        return self._state_of(kind, item) == SAME

    def has_former(self, kind: Kind, item: StoredObject) -> bool:
        """Whether a listed object is loaded, as it was listed or with other content."""
        return self._state_of(kind, item) > 0

    def _state_of(self, kind: Kind, item: StoredObject) -> int:
        at = self._place(kind, item.key)
        return 0 if at is None else self._loaded[kind][at]

    @property
    def songs_gone(self) -> int:
        """How many loaded song objects are not listed."""
        return 0 if self._place("songs", "") is not None else self._gone

    def _place(self, kind: Kind, key: str) -> int | None:
        """The number of an object in its listing, which is in the order of the keys; None where it is not listed."""
        objects = self._listings[kind].objects
        at = self._next
        if at >= len(objects) or objects[at].key != key:
            at = bisect_left(objects, key, key=KEY)
            if at == len(objects) or objects[at].key != key:
                return None
        self._next = at + 1
        return at


@dataclass(frozen=True)
class Plan:
    """The batches of a run, and what it leaves out: listed objects that are loaded already or no data.

    `songs_gone` counts the loaded song objects that are no longer listed; None where not all were listed.
    """

    batches: tuple[Batch, ...]
    known: int
    ignored: tuple[Ignored, ...]
    songs_gone: int | None

    @property
    def objects(self) -> tuple[StoredObject, ...]:
        """All new objects, in the order in which they will be loaded."""
        return tuple(item for batch in self.batches for item in batch.objects)


def make(listings: Mapping[Kind, Listing], loaded: Loaded, batch_size: int, *, again: bool = False) -> Plan:
    """New objects are the listing minus what is loaded; with `again`, all listed objects count as new.

    A batch holds at most `batch_size` bytes of unpacked JSON, or one object that is larger. Songs come first, so that
    plays find their songs when they arrive.
    """
    new: list[tuple[Kind, StoredObject]] = [
        (kind, item) for kind in KINDS for item in (listings[kind].objects if again else loaded.new(kind))
    ]
    listed = sum(len(listing.objects) for listing in listings.values())
    return Plan(
        batches=tuple(
            Batch(
                number,
                songs=tuple(item for kind, item in members if kind == "songs"),
                events=tuple(item for kind, item in members if kind == "events"),
            )
            for number, members in enumerate(_cut(new, batch_size), 1)
        ),
        known=listed - len(new),
        ignored=tuple(item for listing in listings.values() for item in listing.ignored),
        songs_gone=None if again else loaded.songs_gone,
    )


def without_loaded(batch: Batch, before: Loaded, now: Loaded) -> Batch:
    """A batch that was planned before, without what has been loaded since."""

    def new(kind: Kind) -> tuple[StoredObject, ...]:
        return tuple(item for item in batch.of(kind) if before.holds(kind, item) or not now.holds(kind, item))

    return replace(batch, songs=new("songs"), events=new("events"))


def without(batch: Batch, names: Set[str]) -> Batch:
    """A batch without the objects of some names."""
    songs = tuple(item for item in batch.songs if item.name not in names)
    events = tuple(item for item in batch.events if item.name not in names)
    return replace(batch, songs=songs, events=events)


def unpacked_size(item: StoredObject) -> int:
    """About how many bytes of JSON an object holds."""
    return item.size * UNPACKED if packing(item.path) else item.size


def _cut(new: list[tuple[Kind, StoredObject]], batch_size: int) -> list[list[tuple[Kind, StoredObject]]]:
    batches: list[list[tuple[Kind, StoredObject]]] = []
    room = 0
    for kind, item in new:
        size = unpacked_size(item)
        if not batches or size > room:
            batches.append([])
            room = batch_size
        batches[-1].append((kind, item))
        room -= size
    return batches
