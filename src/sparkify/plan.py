"""What a run will do, as data: which objects are new, cut into batches. `--dry-run` prints it, a run executes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from typing import Literal, TypeAlias

from sparkify.store import Ignored, Listing, StoredObject
from sparkify.store.names import packing

Kind: TypeAlias = Literal["songs", "events"]

UNPACKED = 10
"""How many times its size a compressed object counts, about what JSON logs unpack to."""


@dataclass(frozen=True)
class Batch:
    """The objects that one transaction loads, and the names of the loaded objects that they replace.

    `number` counts from 1 within the run.
    """

    number: int
    songs: tuple[StoredObject, ...]
    events: tuple[StoredObject, ...]
    replaced: tuple[str, ...]

    @property
    def objects(self) -> tuple[StoredObject, ...]:
        """All objects of the batch, songs first."""
        return self.songs + self.events


@dataclass(frozen=True)
class Plan:
    """All batches of a run, how many listed objects are loaded already, and those that are no data."""

    batches: tuple[Batch, ...]
    known: int
    ignored: tuple[Ignored, ...]

    @property
    def objects(self) -> tuple[StoredObject, ...]:
        """All new objects, in the order in which they will be loaded."""
        return tuple(item for batch in self.batches for item in batch.objects)


def make(listings: Mapping[Kind, Listing], history: Mapping[str, str], batch_size: int) -> Plan:
    """New objects are the listing minus the load history.

    `history` maps the name of each loaded object to its ETag. A batch holds at most `batch_size` bytes of unpacked
    JSON, or one object that is larger. Songs come first, so that plays find their songs when they arrive.
    """
    new: list[tuple[Kind, StoredObject]] = [
        (kind, item)
        for kind in ("songs", "events")
        for item in listings[kind].objects
        if history.get(item.name) != item.etag
    ]
    listed = sum(len(listing.objects) for listing in listings.values())
    return Plan(
        batches=tuple(
            Batch(
                number,
                songs=tuple(item for kind, item in members if kind == "songs"),
                events=tuple(item for kind, item in members if kind == "events"),
                replaced=_replaced((item for _, item in members), history),
            )
            for number, members in enumerate(_cut(new, batch_size), 1)
        ),
        known=listed - len(new),
        ignored=tuple(item for listing in listings.values() for item in listing.ignored),
    )


def without_loaded(batch: Batch, history: Mapping[str, str]) -> Batch:
    """A batch that was planned before, without what is loaded by now."""

    def new(items: tuple[StoredObject, ...]) -> tuple[StoredObject, ...]:
        return tuple(item for item in items if history.get(item.name) != item.etag)

    songs, events = new(batch.songs), new(batch.events)
    return Batch(batch.number, songs, events, _replaced(songs + events, history))


def without(batch: Batch, names: Set[str]) -> Batch:
    """A batch without the objects of some names, which therefore replace nothing."""
    songs = tuple(item for item in batch.songs if item.name not in names)
    events = tuple(item for item in batch.events if item.name not in names)
    return Batch(batch.number, songs, events, tuple(name for name in batch.replaced if name not in names))


def _replaced(items: Iterable[StoredObject], history: Mapping[str, str]) -> tuple[str, ...]:
    """The loaded objects whose place new ones take: of the same name, or a prefix that was loaded as one object.

    An object that is a prefix (its name ends in `/`) takes the place of all that was loaded from below it.
    """
    prefixes = [name for name in history if name.endswith("/")]
    replaced = set()
    for item in items:
        if item.name in history:
            replaced.add(item.name)
        replaced.update(prefix for prefix in prefixes if item.name.startswith(prefix))
        if item.name.endswith("/"):
            replaced.update(name for name in history if name.startswith(item.name))
    return tuple(sorted(replaced))


def unpacked_size(item: StoredObject) -> int:
    """About how many bytes of JSON an object holds."""
    return item.size * UNPACKED if packing(item.key) else item.size


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
