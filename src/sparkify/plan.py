"""What a run will do, as data: which objects are new, cut into batches. `--dry-run` prints it, a run executes it."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from sparkify.store import Ignored, Listing, StoredObject
from sparkify.store.names import packing

Kind: TypeAlias = Literal["songs", "events"]

KINDS: tuple[Kind, ...] = ("songs", "events")
"""Both kinds, in the order in which a run loads them."""

Etags: TypeAlias = Mapping[tuple[Kind, str], str]
"""The ETag of each loaded object, by its kind and its key."""

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


def make(listings: Mapping[Kind, Listing], loaded: Etags, batch_size: int, *, again: bool = False) -> Plan:
    """New objects are the listing minus what is loaded; with `again`, all listed objects count as new.

    A batch holds at most `batch_size` bytes of unpacked JSON, or one object that is larger. Songs come first, so that
    plays find their songs when they arrive.
    """
    new: list[tuple[Kind, StoredObject]] = [
        (kind, item)
        for kind in KINDS
        for item in listings[kind].objects
        if again or loaded.get((kind, item.key)) != item.etag
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
        songs_gone=None if again else songs_gone(listings["songs"], loaded),
    )


def songs_gone(listing: Listing, loaded: Etags) -> int:
    """How many loaded song objects are not listed."""
    listed = {item.key for item in listing.objects}
    return 0 if "" in listed else sum(kind == "songs" and key not in listed for kind, key in loaded)


def without_loaded(batch: Batch, loaded: Etags) -> Batch:
    """A batch that was planned before, without what is loaded by now."""

    def new(kind: Kind) -> tuple[StoredObject, ...]:
        return tuple(item for item in batch.of(kind) if loaded.get((kind, item.key)) != item.etag)

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
