"""What a run will do, as data: which objects are new, cut into batches. `--dry-run` prints it, a run executes it."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import date
from itertools import chain
from typing import Literal, TypeAlias

from sparkify.store import Ignored, Listing, StoredObject
from sparkify.store.names import packing

Kind: TypeAlias = Literal["songs", "events"]

KINDS: tuple[Kind, ...] = ("songs", "events")
"""Both kinds, in the order in which a run loads them."""

OTHER, SAME = 1, 2
"""How an object is loaded."""

UNPACKED = 10
"""How many times its size a packed object counts, about what JSON logs unpack to."""


@dataclass(frozen=True)
class Batch:
    """The objects that one transaction loads. `number` counts from 1 within the run."""

    number: int
    songs: Sequence[StoredObject] = ()
    events: Sequence[StoredObject] = ()

    def __len__(self) -> int:
        """How many objects the batch has."""
        return len(self.songs) + len(self.events)

    @property
    def objects(self) -> Iterator[StoredObject]:
        """All objects of the batch, songs first."""
        return chain(self.songs, self.events)

    def of(self, kind: Kind) -> Sequence[StoredObject]:
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
        objects = self._listings[kind].objects
        at = objects.index_of(key, self._next)
        if at is None:
            self._gone += kind == "songs"
        else:
            self._loaded[kind][at] = SAME if objects.has_etag(at, key, etag) else OTHER
            self._next = at + 1

    def new(self, kind: Kind) -> Iterator[int]:
        """The indexes of the listed objects that are not loaded as they were listed."""
        return (at for at, loaded in enumerate(self._loaded[kind]) if loaded != SAME)

    def holds(self, kind: Kind, item: StoredObject) -> bool:
        """Whether a listed object is loaded as it was listed."""
        return self._state_of(kind, item) == SAME

    def has_former(self, kind: Kind, item: StoredObject) -> bool:
        """Whether a listed object is loaded, as it was listed or with other content."""
        return self._state_of(kind, item) > 0

    def _state_of(self, kind: Kind, item: StoredObject) -> int:
        at = self._listings[kind].objects.index_of(item.key)
        return 0 if at is None else self._loaded[kind][at]

    @property
    def songs_gone(self) -> int | None:
        """How many loaded song objects are not listed; None where no songs were."""
        if "songs" not in self._listings:
            return None
        return 0 if self._listings["songs"].objects.index_of("") is not None else self._gone


@dataclass(frozen=True)
class Plan:
    """The batches of a run, and what it leaves out: listed objects that are loaded already or no data.

    `songs_gone` counts the loaded song objects that are no longer listed; None where not all were listed. With `since`,
    only logs were listed, without `left_out` folders, which are of days before that.
    """

    batches: tuple[Batch, ...]
    known: int
    ignored: tuple[Ignored, ...]
    songs_gone: int | None
    since: date | None = None
    left_out: int = 0

    @property
    def objects(self) -> Iterator[StoredObject]:
        """All new objects, in the order in which they will be loaded."""
        return chain.from_iterable(batch.objects for batch in self.batches)


def make(
    listings: Mapping[Kind, Listing],
    loaded: Loaded,
    batch_size: int,
    *,
    again: bool = False,
    since: date | None = None,
) -> Plan:
    """New objects are the listing minus what is loaded; with `again`, all listed objects count as new.

    A batch holds at most `batch_size` bytes of unpacked JSON, or one object that is larger. Songs come first, so that
    plays find their songs when they arrive.
    """
    batches: list[dict[Kind, array[int]]] = []
    room = 0
    for kind, listing in listings.items():
        objects = listing.objects
        for at in range(len(objects)) if again else loaded.new(kind):
            size = unpacked_size(objects[at])
            if not batches or size > room:
                batches.append({kind: array("q") for kind in listings})
                room = batch_size
            batches[-1][kind].append(at)
            room -= size
    made = tuple(
        Batch(number, **{kind: listing.objects.at(members[kind]) for kind, listing in listings.items()})
        for number, members in enumerate(batches, 1)
    )
    return Plan(
        batches=made,
        known=sum(len(listing.objects) for listing in listings.values()) - sum(map(len, made)),
        ignored=tuple(item for listing in listings.values() for item in listing.ignored),
        songs_gone=None if again else loaded.songs_gone,
        since=since,
        left_out=listings["events"].left_out,
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
