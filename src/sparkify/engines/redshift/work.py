"""The files that a load puts into `[S3] WORK`, and deletes again."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from threading import Lock
from uuid import uuid4

from sparkify.engines.redshift.load_errors import REPORTED_BYTES
from sparkify.errors import AccessError, ConfigError
from sparkify.store import Stores
from sparkify.store.s3.prefix import S3Prefix

FOLDER = "sparkify-copy/"
"""The folder in WORK in which this program writes and deletes, and nobody else."""

LEFT_OVER = timedelta(days=1)
"""Age at which files that a killed run left in WORK are deleted; no batch takes so long."""


class Work:
    """The folder of this run in WORK."""

    def __init__(self, stores: Stores, location: str) -> None:
        """`location` is `s3://bucket/prefix`; it is not opened before something is written there."""
        self._stores = stores
        self.location = location
        self._folder = f"{FOLDER}{uuid4().hex}"
        self._files = 0
        self._counting = Lock()

    @cached_property
    def _prefix(self) -> S3Prefix:
        return self._stores.open_s3(self.location)

    def write(self, name: str, content: bytes) -> str:
        """Put a file into WORK; its address.

        Raises:
            AccessError: WORK is not there, or cannot be written.
            ConfigError: its address is too long.
        """
        return self._written(name, lambda key: self._prefix.put(key, content))

    def upload(self, path: Path) -> str:
        """Put a file of this machine into WORK; its address.

        Raises:
            AccessError: WORK is not there, or cannot be written.
            ConfigError: its address is too long.
        """
        return self._written(path.name, lambda key: self._prefix.put_file(key, path))

    def _written(self, name: str, put: Callable[[str], str]) -> str:
        """The address of a new file in WORK, which `put` writes there by its key."""
        with self._counting:  # parts are written in several threads
            self._files += 1
            number = self._files
        key = f"{self._folder}/{number:06}-{name}"
        if (surplus := len(f"{self.location}/{key}".encode()) - REPORTED_BYTES) > 0:
            fix = f"name a prefix that is {surplus} bytes shorter"
            raise ConfigError(f"[S3] WORK: Redshift reports the first {REPORTED_BYTES} bytes of an address; {fix}")
        try:
            return put(key)
        except AccessError as e:
            raise AccessError(f"[S3] WORK, where the client must be able to write and delete: {e}") from e

    def manifest(self, sizes: Mapping[str, int]) -> str:
        """Write a manifest of objects that must all be there, each with its size in bytes; its address.

        COPY fails when an object has another size than its `content_length` (DG loading-data-files-using-manifest).
        """
        entries = [{"url": url, "mandatory": True, "meta": {"content_length": size}} for url, size in sizes.items()]
        return self.write("manifest", json.dumps({"entries": entries}, indent=1).encode())

    def clear(self) -> None:
        """Delete what the batch needed in WORK, and what killed runs left there.

        Raises:
            AccessError: it cannot be deleted.
        """
        if not self._files:
            return
        self._prefix.delete(self._folder)
        self._prefix.delete(FOLDER, before=datetime.now(UTC) - LEFT_OVER)
        self._files = 0
