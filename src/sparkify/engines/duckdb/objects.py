"""The objects of a batch as DuckDB's staging reads them: small ones in memory, large ones as unpacked files.

A large object is read in its folder, or, when it is in S3 or packed, from a private folder beside the warehouse. Its
first bytes tell how it is packed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from itertools import chain
from pathlib import Path
from threading import Lock

from sparkify.engines.duckdb.private_folder import PrivateFolder
from sparkify.engines.engine import CarefulReadingNeededError
from sparkify.engines.staged import Staged
from sparkify.errors import LoadError, ObjectChangedError
from sparkify.plan import unpacked_size
from sparkify.records.compression import HEAD, PackError, has_wide_window, packing_of, unpack
from sparkify.store import ObjectStore, StoredObject

LARGE = 64_000
"""Objects of more bytes than this are read as files."""

IN_MEMORY = 1_000_000
"""Bytes that a small object may unpack to; one that unpacks to more goes on as a file."""

FETCHING_THREADS = 8
"""Large objects that are downloaded or unpacked at a time."""


class Objects:
    """The objects of one kind in a batch: the small ones as contents, the large ones as files.

    Files are read where they lie, unless all are to be copied (`copies`).
    """

    def __init__(
        self,
        store: ObjectStore,
        items: Sequence[StoredObject],
        folder: PrivateFolder,
        staged: Staged,
        done: Callable[[int], None],
        *,
        copies: bool,
    ) -> None:
        self._store = store
        self._items = items
        self._large = [item for item in items if unpacked_size(item) > LARGE]
        self._folder = folder
        self._staged = staged
        self._done = done
        self._copies = copies
        self._in_place: list[StoredObject] = []
        self._wide_window = Lock()
        self.unpacked: dict[StoredObject, Path] = {}
        """The small objects that unpack to so much that they became files, as `contents` met them."""

    def contents(self) -> Iterator[tuple[StoredObject, bytes]]:
        """The small objects with their unpacked contents."""
        small = (item for item in self._items if unpacked_size(item) <= LARGE)
        for item, content in self._store.read_many(small, self._done):
            if isinstance(content, ObjectChangedError):
                self._staged.changed[item.name] = content
                continue
            try:
                if not packing_of(item.path, content[:HEAD]):
                    yield item, content
                    continue
                pieces = iter(unpack(item.path, [content], item.size))
                first, size = [], 0
                while size <= IN_MEMORY and (piece := next(pieces, None)) is not None:
                    first.append(piece)
                    size += len(piece)
                if size <= IN_MEMORY:
                    yield item, b"".join(first)
                else:
                    path = self._folder.new_file()
                    self._write(item, path, chain(first, pieces))
                    self.unpacked[item] = path
            except PackError as e:
                self._staged.reject(item.name, None, f": {e}", b"")

    def files(self) -> dict[StoredObject, Path]:
        """The large objects as unpacked files: in their folder, or in the private one."""
        files = {}
        with ThreadPoolExecutor(FETCHING_THREADS) as pool:
            for item, path in zip(self._large, pool.map(self._file, self._large), strict=True):
                self._done(1)
                if isinstance(path, ObjectChangedError):
                    self._staged.changed[item.name] = path
                elif isinstance(path, PackError):
                    self._staged.reject(item.name, None, f": {path}", b"")
                else:
                    files[item] = path
        return files

    def require_unchanged(self) -> None:
        """Make sure that the files that were read where they lie are what was listed.

        Raises:
            CarefulReadingNeededError: one is not, and its copy would be.
        """
        for item in self._in_place:
            if not self._store.is_unchanged(item):
                raise CarefulReadingNeededError(f"{item.name} changed while it was read")

    def _file(self, item: StoredObject) -> Path | PackError | ObjectChangedError:
        try:
            pieces = self._store.pieces(item)
            first = next(pieces, b"")
            path = self._store.local_path(item)
            is_packed = packing_of(item.path, first[:HEAD]) != ""
            if path and not is_packed and not self._copies and self._store.is_unchanged(item):
                self._in_place.append(item)
                return path
            target = self._folder.new_file()
            # Two of these at a time would take more memory than a load may.
            with self._wide_window if has_wide_window(first[:HEAD]) else nullcontext():
                self._write(item, target, unpack(item.path, chain([first], pieces), item.size))
        except (PackError, ObjectChangedError) as e:
            return e
        return target

    def _write(self, item: StoredObject, path: Path, pieces: Iterable[bytes]) -> None:
        with _named_write_errors(item, path), path.open("wb") as file:
            file.writelines(pieces)


@contextmanager
def _named_write_errors(item: StoredObject, path: Path) -> Iterator[None]:
    """Say of which object a file cannot be written."""
    try:
        yield
    except OSError as e:
        fix = "make room on the disk, or set [DUCKDB] PATH to a file on another"
        raise LoadError(f"{item.name}: cannot be written into the folder {path.parent}; {fix} ({e})") from e
