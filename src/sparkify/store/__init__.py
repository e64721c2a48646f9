"""A bucket, or a folder in its place: list its objects, and read what was listed."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, Union

from sparkify.config import Config
from sparkify.errors import AccessError
from sparkify.store import folder
from sparkify.store.folder import Folder
from sparkify.store.listed import Ignored, Listing, Objects
from sparkify.store.names import DATA_SUFFIXES
from sparkify.store.object_store import ObjectStore
from sparkify.store.objects import StoredObject

if TYPE_CHECKING:
    from sparkify.store.s3.clients import Account
    from sparkify.store.s3.prefix import S3Prefix

__all__ = ["ExportStore", "Ignored", "Listing", "ObjectStore", "Objects", "StoredObject", "Stores", "name_prefix"]

ExportStore: TypeAlias = Union[Folder, "S3Prefix"]
"""Where the files of an export lie."""


def name_prefix(location: str, base: Path) -> str:
    """How the names of all objects below a location begin; that may be no longer there.

    `location` is `s3://bucket/prefix`, a folder, or a single object, which lies below what holds it.
    """
    location = location.rstrip("/")
    if location.startswith("s3://"):
        above, _, name = location.rpartition("/")
        return f"{above if name.lower().endswith(DATA_SUFFIXES) else location}/"
    path = Path(os.path.normpath(base / Path(location).expanduser()))
    return folder.name_prefix(path.parent if path.is_file() else path, base)


MOST_BYTES_OF_ONE = 1_000_000
"""Bytes of the largest object that is read by its own address: a JSONPaths file has one or two thousand."""


class Stores:
    """Opens the locations of one configuration; those in S3 share one client."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._regions: dict[str, str] = {}

    def open(self, location: str) -> ObjectStore:
        """The objects below `s3://bucket/prefix` or a folder; relative paths count from the folder of dwh.cfg.

        Raises:
            AccessError: there is no such folder, or the settings of AWS cannot be used.
        """
        return self.open_s3(location) if location.startswith("s3://") else Folder(location, self._config.folder)

    def open_s3(self, location: str) -> S3Prefix:
        """The objects below `s3://bucket/prefix`, to be written and deleted, too.

        Raises:
            AccessError: the settings of AWS cannot be used.
        """
        from sparkify.store.s3.prefix import S3Prefix

        try:
            return S3Prefix(location, self._account)
        except AccessError as e:
            raise AccessError(f"{location}: {e}") from e

    def read_one(self, location: str) -> tuple[str, bytes]:
        """The name and the content of one object, given as `s3://bucket/key` or as a path.

        Raises:
            AccessError: it is not there, cannot be read, or is larger than `MOST_BYTES_OF_ONE`.
        """
        folder, _, name = location.rstrip("/").rpartition("/")
        store = self.open(folder or ("/" if location.startswith("/") else "."))
        item = store.item(name)
        if (path := store.local_path(item)) and path.exists() and not path.is_file():
            raise AccessError(f"{item.name}: is no file; check [S3]")
        content = b""
        for piece in store.pieces(item):
            content += piece
            if len(content) > MOST_BYTES_OF_ONE:
                raise AccessError(f"{item.name}: is larger than {MOST_BYTES_OF_ONE:,} bytes; check [S3] LOG_JSONPATH")
        return item.name, content

    def region(self, location: str) -> str:
        """The region of the bucket of `s3://bucket/…`, asked once; where S3 does not tell, that of `[S3] REGION`.

        Raises:
            AccessError: S3 cannot be reached, or the settings of AWS cannot be used.
        """
        from sparkify.store.s3.bucket import Bucket

        bucket = location.removeprefix("s3://").partition("/")[0]
        if bucket not in self._regions:
            self._regions[bucket] = Bucket(f"s3://{bucket}", self._account).region() or self._config.store.region
        return self._regions[bucket]

    @cached_property
    def _account(self) -> Account:
        # botocore and obstore take long to import, and a folder needs neither.
        from sparkify.store.s3.clients import Account

        return Account(self._config.store)
