"""What a store of objects can do, be it a bucket or a folder."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Protocol

from sparkify.errors import ObjectChangedError
from sparkify.store.listed import Listing
from sparkify.store.objects import StoredObject


class ObjectStore(Protocol):
    """The objects below one location: `s3://bucket/prefix` or a folder."""

    location: str
    """As the configuration names it, without a slash at the end."""

    def list_objects(self, since: date | None = None) -> Listing:
        """Every object below the location; `log_data_old/` is not below `log_data`.

        With `since`, what lies in folders of days before that is left out (see `partitions`).

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
