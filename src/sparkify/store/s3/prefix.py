"""The objects below a prefix of a bucket, as the rest of the program sees them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

from sparkify.errors import AccessError
from sparkify.store.listed import Listing
from sparkify.store.objects import UNKNOWN_SIZE, StoredObject
from sparkify.store.s3 import listing
from sparkify.store.s3.bucket import Bucket
from sparkify.store.s3.clients import Account
from sparkify.store.s3.reading import Reader

DELETED_AT_ONCE = 1000
"""The most keys that one request deletes (API DeleteObjects)."""


class S3Prefix(Reader):
    """The objects of a bucket below a prefix, or the one object whose key the prefix is."""

    def __init__(self, location: str, account: Account) -> None:
        """`location` is `s3://bucket/prefix` or `s3://bucket`."""
        super().__init__(Bucket(location, account))
        self.location = self._bucket.location

    def list_objects(self, since: date | None = None) -> Listing:
        """See `ObjectStore.list_objects`."""
        listed = listing.list_objects(self._bucket, since)
        self._address = self._bucket.account.address()
        return listed.listing(self._warnings())

    def _warnings(self) -> Iterator[str]:
        if self._bucket.account.is_unsigned:
            yield f"{self.location}: no AWS credentials were found; the bucket is read unsigned, as public ones allow"
        if self._bucket.is_charged:
            yield f"{self.location}: the bucket is requester pays; AWS bills your account for reading it"

    def item(self, name: str) -> StoredObject:
        """See `ObjectStore.item`."""
        return StoredObject(self._bucket.place, self._bucket.prefix + name, etag="", size=UNKNOWN_SIZE)

    def local_path(self, item: StoredObject) -> None:
        """See `ObjectStore.local_path`."""
        return

    def is_unchanged(self, item: StoredObject) -> bool:
        """See `ObjectStore.is_unchanged`; there is no file that could change."""
        return True

    def put(self, name: str, content: bytes) -> str:
        """Write an object below the location; its address.

        Raises:
            AccessError: the store refuses or cannot be reached.
        """
        item = self.item(name)
        self._bucket.ask("put_object", Key=item.path, Body=content)
        return item.name

    def put_file(self, name: str, path: Path) -> str:
        """Write a file as an object below the location, in parts if it is large; its address.

        Raises:
            AccessError: the store refuses or cannot be reached, or the file cannot be read.
        """
        item = self.item(name)
        self._bucket.upload(item.path, path)
        return item.name

    def sizes(self, folder: str = "") -> dict[str, int]:
        """The bytes of all objects in a folder below the location, by their keys, counted from there.

        Raises:
            AccessError: the store refuses or cannot be reached.
        """
        below = self._folder(folder)
        entries = listing.entries(self._bucket, below)
        return {entry["Key"].removeprefix(below): int(entry["Size"]) for entry in entries if entry["Key"] != below}

    def keys(self, folder: str) -> set[str]:
        """The keys of the same objects.

        Raises:
            AccessError: the store refuses or cannot be reached.
        """
        return {*self.sizes(folder)}

    def delete(self, folder: str, *, before: datetime | None = None, ending: str = "") -> None:
        """Delete the objects in a folder below the location, if they are older than that and their names end so.

        Raises:
            AccessError: the store refuses or cannot be reached.
        """
        keys = [
            entry["Key"]
            for entry in listing.entries(self._bucket, self._folder(folder))
            if entry["Key"].endswith(ending)
            and (before is None or datetime.fromisoformat(entry["LastModified"]) < before)
        ]
        for at in range(0, len(keys), DELETED_AT_ONCE):
            some = [{"Key": key} for key in keys[at : at + DELETED_AT_ONCE]]
            answer = self._bucket.ask("delete_objects", Delete={"Objects": some, "Quiet": True})
            if errors := answer.get("Errors"):
                first = errors[0]
                raise AccessError(
                    f"{self._bucket.url(first['Key'])}: cannot be deleted ({first.get('Code')}: {first.get('Message')})"
                )

    def _folder(self, folder: str) -> str:
        """How the keys of all objects in a folder below the location begin."""
        return f"{self._bucket.prefix}{folder.strip('/')}/" if folder else self._bucket.prefix
