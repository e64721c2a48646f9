"""The bucket, or the folder that stands for it: list its objects, read them.

Listing and reading S3 go through obstore, which retries 5xx answers, dropped connections and timeouts with back-off.
In a folder the files are listed the same way and then read where they lie: that is ten times faster.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Set
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import obstore
from obstore import exceptions as faults
from obstore.store import LocalStore, S3Store

from sparkify.config import Config, Store
from sparkify.errors import AccessError
from sparkify.object_names import DATA_SUFFIXES, why_no_data

if TYPE_CHECKING:
    from obstore import ObjectMeta
    from obstore.store import S3Config

LISTING_THREADS = 8
READING_THREADS = 32
READ_AHEAD = 4 * READING_THREADS
"""Objects that are read before they are asked for."""
READ_SIZE = 1_000_000
"""Bytes that are read at a time of a file that is not as long as it was listed."""
FAN_OUT = 16
"""Listing goes on in parallel below this many folders."""


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One object as the listing tells it. `name` is `s3://bucket/key`, or a path from the folder of dwh.cfg."""

    name: str
    key: str
    etag: str
    size: int


@dataclass(frozen=True, slots=True)
class Ignored:
    """An object that is no data, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class Listing:
    """The data objects under a prefix, by name, and the others there, which are no data."""

    objects: tuple[StoredObject, ...]
    ignored: tuple[Ignored, ...]

    def without(self, name: str) -> Listing:
        """The listing with the JSONPaths file of this name as no data."""
        rest = tuple(item for item in self.objects if item.name != name)
        is_there = len(rest) < len(self.objects)
        return Listing(rest, self.ignored + ((Ignored(name, "the JSONPaths file"),) if is_there else ()))

    def only(self, names: Set[str]) -> Listing:
        """The listing without all objects but those of some names."""
        return Listing(tuple(item for item in self.objects if item.name in names), self.ignored)

    def as_one(self, lake: Lake) -> Listing:
        """The listing as one object that changes whenever one of its own does: what is read by its prefix.

        Raises:
            AccessError: the objects are not all packed the same way.
        """
        endings = {suffix for o in self.objects for suffix in DATA_SUFFIXES if o.key.lower().endswith(suffix)}
        if len(endings) > 1:
            fix = "give [S3] WORK a prefix where manifests can be written"
            raise AccessError(f"{lake.location}: objects of {' and '.join(sorted(endings))} lie together; {fix}")
        whole = lake.item(f"*{endings.pop()}" if endings else "")
        etag = hashlib.md5("".join(f"{o.name} {o.etag}\n" for o in self.objects).encode()).hexdigest()
        size = sum(item.size for item in self.objects)
        one = StoredObject(f"{lake.location}/", whole.key, etag, size)
        return Listing((one,) if self.objects else (), self.ignored)


class Lake:
    """The objects below one location: `s3://bucket/prefix` or a folder."""

    def __init__(self, location: str, config: Config) -> None:
        """Relative paths count from the folder of dwh.cfg.

        Raises:
            AccessError: there is no such folder, or no credentials for S3.
        """
        self.location = location.rstrip("/") or "/"
        self.root: Path | None = None
        self._store: S3Store | LocalStore
        if location.startswith("s3://"):
            bucket, _, self._prefix = self.location.removeprefix("s3://").partition("/")
            self._names = f"s3://{bucket}/"
            self._store = _s3_store(bucket, config.store)
        else:
            self._open_folder(config.folder, location)

    def _open_folder(self, base: Path, location: str) -> None:
        self.root = Path(os.path.normpath(base / Path(location).expanduser()))
        if not self.root.is_dir():
            raise AccessError(f"{self.root}: there is no such folder; set [S3] in dwh.cfg to where the data lies")
        self._prefix = ""
        inside = self.root.is_relative_to(base)
        self._names = f"{(self.root.relative_to(base) if inside else self.root).as_posix()}/".removeprefix("./")
        try:
            self._store = LocalStore(prefix=self.root)
        except faults.BaseError as e:
            raise _explained(self.location, e) from e

    def list_objects(self) -> Listing:
        """Every data object below the location, sorted by name; `log_data_old/` is not below `log_data`.

        Zero-byte folder markers, hidden files and other endings than `DATA_SUFFIXES` are no data.

        Raises:
            AccessError: the store refuses or cannot be reached.
        """
        try:
            found = self._list_in_parallel()
        except (faults.BaseError, OSError) as e:
            raise _explained(self.location, e) from e
        found.sort(key=lambda o: o.name)
        objects, ignored = [], []
        for item in found:
            if reason := why_no_data(item.key.removeprefix(self._prefix), item.size):
                ignored.append(Ignored(item.name, reason))
            else:
                objects.append(item)
        return Listing(tuple(objects), tuple(ignored))

    def _list_in_parallel(self) -> list[StoredObject]:
        folders, found = [self._prefix], []
        while folders and len(folders) < FAN_OUT:
            levels = [obstore.list_with_delimiter(self._store, folder or None) for folder in folders]
            found += [self._stored(entry) for level in levels for entry in level["objects"]]
            folders = [folder for level in levels for folder in level["common_prefixes"]]

        def below(folder: str) -> list[StoredObject]:
            pages = obstore.list(self._store, folder, chunk_size=1000)
            return [self._stored(entry) for page in pages for entry in page]

        with ThreadPoolExecutor(LISTING_THREADS) as pool:
            for some in pool.map(below, folders):
                found += some
        return found

    def _stored(self, entry: ObjectMeta) -> StoredObject:
        return StoredObject(self._names + entry["path"], entry["path"], entry["e_tag"] or "", entry["size"])

    def item(self, name: str) -> StoredObject:
        """An object that stands directly below the location, not listed before."""
        key = f"{self._prefix}/{name}".lstrip("/")
        return StoredObject(self._names + key, key, etag="", size=0)

    def path(self, item: StoredObject) -> Path | None:
        """Where the object lies as a file; None in S3.

        Raises:
            AccessError: it is gone.
        """
        if not self.root:
            return None
        path = self.root / item.key
        try:
            path.stat()
        except OSError as e:
            raise _explained(item.name, e) from e
        return path

    def read(self, item: StoredObject) -> bytes:
        """The whole content of an object.

        Raises:
            AccessError: it is gone, forbidden, or the store cannot be reached.
        """
        try:
            if self.root:
                return _read_file(f"{self.root}/{item.key}", item.size)
            return obstore.get(self._store, item.key).bytes().to_bytes()
        except (faults.BaseError, OSError) as e:
            raise _explained(item.name, e) from e

    def first_bytes(self, item: StoredObject, size: int) -> bytes:
        """The first bytes of an object that is not empty, at most `size` of them.

        Raises:
            AccessError: as `read`.
        """
        try:
            if self.root:
                with open(f"{self.root}/{item.key}", "rb") as file:
                    return file.read(size)
            return obstore.get_range(self._store, item.key, start=0, length=size).to_bytes()
        except (faults.BaseError, OSError) as e:
            raise _explained(item.name, e) from e

    def read_all(self, items: Iterable[StoredObject], done: Callable[[int], None]) -> Iterator[bytes]:
        """The contents of many objects, in order; from S3 in parallel. `done(1)` is called after each."""
        for content in map(self.read, items) if self.root else _ahead(self.read, items):
            done(1)
            yield content

    def download(self, item: StoredObject, target: Path) -> None:
        """Copy an object of any size into a file, piece by piece.

        Raises:
            AccessError: as `read`.
            OSError: the file cannot be written.
        """
        with target.open("wb") as file:
            file.writelines(self.pieces(item))

    def pieces(self, item: StoredObject) -> Iterator[Any]:
        """The content of an object of any size, piece by piece.

        Raises:
            AccessError: as `read`.
        """
        try:
            yield from obstore.get(self._store, item.key)
        except (faults.BaseError, OSError) as e:
            raise _explained(item.name, e) from e

    def put(self, name: str, content: bytes) -> str:
        """Write an object below the location; its address.

        Raises:
            AccessError: the store refuses or cannot be reached.
        """
        item = self.item(name)
        try:
            obstore.put(self._store, item.key, content)
        except (faults.BaseError, OSError) as e:
            raise _explained(item.name, e) from e
        return item.name

    def delete(self, folder: str, *, before: datetime | None = None, ending: str = "") -> None:
        """Delete the objects in a folder below the location, if they are older than that and their names end so.

        Raises:
            AccessError: the store refuses or cannot be reached.
        """
        below = self.item(folder).key.strip("/")
        try:
            found = [entry for page in obstore.list(self._store, below or None) for entry in page]
            old = [entry for entry in found if before is None or entry["last_modified"] < before]
            obstore.delete(self._store, [entry["path"] for entry in old if entry["path"].endswith(ending)])
        except (faults.BaseError, OSError) as e:
            raise _explained(f"{self.location}/{folder}", e) from e


def _read_file(path: str, size: int) -> bytes:
    """The content of a file of about `size` bytes, in as few system calls as can be: song files are many and tiny."""
    file = os.open(path, os.O_RDONLY)
    try:
        pieces = [os.read(file, size + 1)]
        while len(pieces[-1]) > 0 and len(pieces[0]) != size:
            pieces.append(os.read(file, READ_SIZE))
        return b"".join(pieces)
    finally:
        os.close(file)


def _ahead(read: Callable[[StoredObject], bytes], items: Iterable[StoredObject]) -> Iterator[bytes]:
    """What is read of each item, in order, a bounded number of items ahead of what is asked for."""
    with ThreadPoolExecutor(READING_THREADS) as pool:
        waiting: deque[Future[bytes]] = deque()
        for item in items:
            waiting.append(pool.submit(read, item))
            if len(waiting) > READ_AHEAD:
                yield waiting.popleft().result()
        for future in waiting:
            yield future.result()


def _explained(place: str, e: Exception) -> AccessError:
    short = (str(e).strip().splitlines() or [type(e).__name__])[0].partition(": <")[0][:300]
    # Of a listing that was refused, obstore tells the status only in words.
    status = match[1] if (match := re.search(r"status code: (\d+)", short)) else ""
    if isinstance(e, FileNotFoundError | faults.NotFoundError) or status == "404":
        fix = "check the bucket's name in [S3] and [S3] LOG_JSONPATH, or run again if it was listed a moment ago"
        text = f"is not there; {fix}"
    elif isinstance(e, PermissionError | faults.PermissionDeniedError | faults.UnauthenticatedError) or status == "403":
        text = "access denied; check the credentials, and that they may list the bucket and read its objects"
    elif isinstance(e, OSError):
        text = "cannot be read"
    else:
        text = "the store cannot be used; check the bucket's name, [S3] REGION, AWS_ENDPOINT_URL and the network"
    return AccessError(f"{place}: {text} ({short})")


def read_one(location: str, config: Config) -> tuple[str, bytes]:
    """The name and the content of one object, given as `s3://bucket/key` or as a path.

    Raises:
        AccessError: it is not there, or cannot be read.
    """
    folder, _, name = location.rstrip("/").rpartition("/")
    lake = Lake(folder or ("/" if location.startswith("/") else "."), config)
    return (item := lake.item(name)).name, lake.read(item)


def _s3_store(bucket: str, store: Store) -> obstore.store.S3Store:
    """Credentials are found as AWS's own tools find them: environment, profile, SSO, instance role."""
    import boto3
    from botocore.exceptions import BotoCoreError
    from obstore.auth.boto3 import Boto3CredentialProvider

    try:
        session = boto3.Session(store.key or None, store.secret or None, region_name=store.region or None)
        credentials = Boto3CredentialProvider(session)
    except (BotoCoreError, ValueError) as e:
        fix = "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        raise AccessError(f"s3://{bucket}: no AWS credentials were found; {fix} ({e})") from e
    options: S3Config = {"region": session.region_name or "us-east-1"}
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or ""
    if endpoint:
        options["endpoint"] = endpoint
    return S3Store(
        bucket,
        config=options,
        credential_provider=credentials,
        # A large object may take long; what counts is that bytes keep coming.
        client_options={"allow_http": endpoint.startswith("http://"), "timeout": "6 hours", "read_timeout": "1 minute"},
        retry_config={"max_retries": 5, "retry_timeout": timedelta(minutes=3)},
    )
