"""A folder in place of a bucket: its files are listed and read where they lie.

A file is identified by its inode, its modification time in microseconds and its size, which together are its ETag.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from difflib import get_close_matches
from pathlib import Path

from sparkify.errors import AccessError, ObjectChangedError
from sparkify.store import walk
from sparkify.store.listed import Ignored, Listed, Listing
from sparkify.store.objects import UNKNOWN_SIZE, Place, StoredObject, changed
from sparkify.store.partitions import is_over

READ_SIZE = 1_000_000
"""Bytes that are read of a file at a time."""

NEARBY = 3
"""Folders that are named where one is missing."""

NEARLY = 0.85
"""How much alike two names are of which one may be meant for the other: `song_data` is not meant for `log_data`."""

READ_ONLY = os.O_RDONLY | os.O_NONBLOCK
"""How a file is opened: without waiting for a writer if a pipe has taken its place since it was listed."""

REPLACED = (errno.EISDIR, errno.ENOTDIR, errno.ELOOP, errno.EAGAIN, errno.ENXIO)
"""Errors of a path at which something else than a file is now: a folder, a link to itself, a pipe, a socket."""


def name_prefix(folder: Path, base: Path) -> str:
    """How the names of a folder's objects begin: its path from `base` if it lies there, or its whole path."""
    inside = folder.is_relative_to(base)
    path = f"{(folder.relative_to(base) if inside else folder).as_posix()}/".removeprefix("./")
    return _as_text(path.replace("//", "/"))


class FolderPlace(Place):
    """A folder: the key of a file is its path as a text."""

    def key(self, path: str) -> str:
        """See `Place.key`. It is asked for several times an object."""
        return path if path.isascii() else _as_text(path)


class Folder:
    """The files below one folder, or one single file."""

    def __init__(self, location: str, base: Path) -> None:
        """`location` is a path, from the folder `base` if it is relative; objects are named from `base`, too.

        Raises:
            AccessError: there is no such folder.
        """
        self.location = location.rstrip("/") or "/"
        path = Path(os.path.normpath(base / Path(location).expanduser()))
        try:
            self._only = path.name if path.is_file() else None
            self.root = path.parent if self._only else path
            is_there = self.root.is_dir()
        except OSError as e:
            raise _explained(str(path), e) from e
        if not is_there:
            raise _missing(self.root)
        self._path = str(self.root)  # a Path builds its text at every use
        self._place = FolderPlace(name_prefix(self.root, base))

    def list_objects(self, since: date | None = None) -> Listing:
        """See `ObjectStore.list_objects`. Links to files are followed, and those to folders that are not listed yet."""
        listed = Listed(self._place)

        def add(path: str, info: os.stat_result) -> None:
            listed.add(self._place.key(path), etag(info), info.st_size, path)

        if self._only:
            add(self._only, (self.root / self._only).stat())
            return listed.listing()
        try:
            below = walk.walk(self.root, self.location, add, lambda folder: is_over(folder, since))
        except OSError as e:
            raise _explained(self.location, e) from e
        listed.left_out = below.left_out
        listed.ignored += (Ignored(self._name(key), reason) for key, reason in below.ignored)
        return listed.listing(
            f"{self._name(key)}: {reason}; what is there is not loaded" for key, reason in below.unusable.items()
        )

    def sizes(self) -> dict[str, int]:
        """The bytes of all files below the folder, by their paths from there.

        Raises:
            AccessError: one cannot be listed.
        """
        try:
            files = [path for path in self.root.rglob("*") if path.is_file()]
            return {path.relative_to(self.root).as_posix(): path.stat().st_size for path in files}
        except OSError as e:
            raise _explained(self.location, e) from e

    def item(self, name: str) -> StoredObject:
        """See `ObjectStore.item`."""
        return StoredObject(self._place, name, etag="", size=UNKNOWN_SIZE)

    def local_path(self, item: StoredObject) -> Path:
        """See `ObjectStore.local_path`."""
        return self.root / item.path

    def is_unchanged(self, item: StoredObject) -> bool:
        """See `ObjectStore.is_unchanged`. Why a file cannot be looked at any more, reading it tells."""
        try:
            return etag(os.stat(f"{self._path}/{item.path}")) == item.etag
        except OSError:
            return False

    def read(self, item: StoredObject) -> bytes:
        """See `ObjectStore.read`. Song files are many and tiny: so this takes as few system calls as can be."""
        try:
            file = _opener(f"{self._path}/{item.path}")
            try:
                content, info = _read_whole(file, item.size), os.fstat(file)
            finally:
                os.close(file)
        except OSError as e:
            raise _unreadable(item, e) from e
        if item.size == UNKNOWN_SIZE:
            return content
        _require_listed(item, info)
        if len(content) < item.size:
            raise changed(item, "its end was missing when it was read")
        return content[: item.size]

    def read_many(
        self, items: Iterable[StoredObject], done: Callable[[int], None]
    ) -> Iterator[tuple[StoredObject, bytes | ObjectChangedError]]:
        """See `ObjectStore.read_many`."""
        for item in items:
            content: bytes | ObjectChangedError
            try:
                content = self.read(item)
            except ObjectChangedError as e:
                content = e
            done(1)
            yield item, content

    def first_bytes(self, item: StoredObject, size: int) -> bytes:
        """See `ObjectStore.first_bytes`."""
        return next(self.pieces(item), b"")[:size]

    def pieces(self, item: StoredObject) -> Iterator[bytes]:
        """See `ObjectStore.pieces`."""
        left = item.size
        try:
            with open(f"{self._path}/{item.path}", "rb", buffering=0, opener=_opener) as file:
                is_listed = left != UNKNOWN_SIZE
                while left and (piece := os.read(file.fileno(), min(left, READ_SIZE) if is_listed else READ_SIZE)):
                    left -= len(piece) if is_listed else 0
                    yield piece
                _require_listed(item, os.fstat(file.fileno()))
        except OSError as e:
            raise _unreadable(item, e) from e
        if left > 0:
            raise changed(item, "its end was missing when it was read")

    def _name(self, key: str) -> str:
        return self._place.names + _as_text(key)


def _as_text(path: str) -> str:
    """A path as a text; bytes of it that are not UTF-8 are written in hexadecimal digits."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _missing(folder: Path) -> AccessError:
    """The error of a folder that is not there; its text names those beside it with nearly its name."""
    try:
        beside = {path.name.lower(): path for path in sorted(folder.parent.iterdir()) if path.is_dir()}
    except OSError:
        beside = {}
    near = [str(beside[name]) for name in get_close_matches(folder.name.lower(), beside, n=NEARBY, cutoff=NEARLY)]
    hint = f"; there is {', '.join(near)}" if near else ""
    return AccessError(f"{folder}: there is no such folder; set [S3] in dwh.cfg to the folder of the data{hint}")


def _opener(path: str, _: int = 0) -> int:
    """Open a file that is to be read; it may have to be waited for, where another process holds a lease on it."""
    try:
        return os.open(path, READ_ONLY)
    except BlockingIOError:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise
        return os.open(path, os.O_RDONLY)


def _read_whole(file: int, size: int) -> bytes:
    """The content of an open file, which takes one call if it has the size that was listed."""
    content = os.read(file, READ_SIZE if size == UNKNOWN_SIZE else size)
    if len(content) == size:
        return content
    pieces = [content]
    while pieces[-1]:
        pieces.append(os.read(file, READ_SIZE))
    return b"".join(pieces)


def etag(info: os.stat_result) -> str:
    """What identifies a file's content, in the form of an ETag."""
    return f'"{info.st_ino:x}-{info.st_mtime_ns // 1000:x}-{info.st_size:x}"'


def _require_listed(item: StoredObject, info: os.stat_result) -> None:
    """Make sure that a file is what was listed, or that with something added to its end.

    After the file was read, it also makes sure that the bytes read are those of the listed file.

    Raises:
        ObjectChangedError: it is not.
    """
    if item.size == UNKNOWN_SIZE or etag(info) == item.etag:
        return
    if not item.etag.startswith(f'"{info.st_ino:x}-') or info.st_size <= item.size:
        raise changed(item, "it was replaced after it was listed")


def _unreadable(item: StoredObject, e: OSError) -> AccessError | ObjectChangedError:
    """The error of a file that cannot be read; one that was listed and may not be opened is left out by a load."""
    if isinstance(e, PermissionError) and item.size != UNKNOWN_SIZE:
        return changed(item, "it may not be opened; grant this user the right to read it")
    if e.errno in REPLACED and item.size != UNKNOWN_SIZE:
        return changed(item, "it was replaced after it was listed, and is no file any more")
    return _explained(item.name, e)


def _explained(name: str, e: OSError) -> AccessError:
    reason = e.strerror or type(e).__name__
    if isinstance(e, FileNotFoundError):
        return AccessError(
            f"{name}: is not there ({reason}); check [S3], or run again if it was listed a moment ago", object=name
        )
    if isinstance(e, PermissionError):
        return AccessError(f"{name}: access denied ({reason}); grant this user the right to read it", object=name)
    return AccessError(f"{name}: cannot be read ({reason}); look at the disk", object=name)
