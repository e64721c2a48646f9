"""A private folder for the files that a load needs for a while, made when the first of them is needed."""

from __future__ import annotations

from contextlib import ExitStack
from itertools import count
from pathlib import Path
from threading import Lock
from types import TracebackType

from sparkify.errors import LoadError
from sparkify.private_folders import delete_abandoned, private_folder


class PrivateFolder:
    """A folder beside a database file, on the same disk; deleted at the end of the block."""

    def __init__(self, database: Path) -> None:
        self._beside = database.parent
        self._path: Path | None = None
        self._made = ExitStack()
        self._lock = Lock()
        self._numbers = count(1)

    def __enter__(self) -> PrivateFolder:
        delete_abandoned(self._beside)
        return self

    def __exit__(self, kind: type[BaseException] | None, e: BaseException | None, trace: TracebackType | None) -> None:
        self._made.__exit__(kind, e, trace)

    def new_file(self) -> Path:
        """The path of a file in the folder that is not there yet.

        Raises:
            LoadError: the folder cannot be made.
        """
        with self._lock:  # objects are downloaded in several threads
            if not self._path:
                try:
                    self._path = self._made.enter_context(private_folder(self._beside))
                except OSError as e:
                    fix = "make room on the disk, or look at its rights"
                    where = f"{self._beside}: no folder can be made there for the files of a load"
                    raise LoadError(f"{where}; {fix} ({e.strerror})") from e
            return self._path / f"{next(self._numbers)}.json"
