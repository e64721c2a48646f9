"""A folder for the files that a load needs for a while, that no other file of the person's can be mistaken for."""

from __future__ import annotations

import shutil
import tempfile
from itertools import count
from pathlib import Path
from threading import Lock
from types import TracebackType

from sparkify.errors import LoadError

MARKER = "made-by-sparkify-and-not-needed-after-its-load"
"""The empty file in each such folder. Only a folder that holds it is ever deleted."""


class PrivateFolder:
    """A folder beside the warehouse, on the same disk, with a random name; made when it is needed, then deleted.

    The process holds the warehouse alone: so a folder of the warehouse's that is there at the beginning was left by a
    run that was killed, and is deleted.
    """

    def __init__(self, warehouse: Path) -> None:
        self._beside = warehouse.parent
        self._prefix = f".{warehouse.name}.load-"
        self._path: Path | None = None
        self._lock = Lock()
        self._numbers = count(1)

    def __enter__(self) -> PrivateFolder:
        for path in self._beside.iterdir():
            is_folder = path.name.startswith(self._prefix) and path.is_dir() and not path.is_symlink()
            if is_folder and (path / MARKER).is_file():
                shutil.rmtree(path, ignore_errors=True)
        return self

    def __exit__(self, kind: type[BaseException] | None, e: BaseException | None, trace: TracebackType | None) -> None:
        if self._path:
            shutil.rmtree(self._path, ignore_errors=True)

    def new_file(self) -> Path:
        """The path of a file in the folder that is not there yet.

        Raises:
            LoadError: the folder cannot be made.
        """
        with self._lock:  # objects are downloaded in several threads
            if not self._path:
                self._path = self._made()
            return self._path / f"{next(self._numbers)}.json"

    def _made(self) -> Path:
        try:
            path = Path(tempfile.mkdtemp(prefix=self._prefix, dir=self._beside))
            (path / MARKER).touch()
        except OSError as e:
            fix = "make room on the disk, look at its rights, or set [DUCKDB] PATH to a file on another"
            raise LoadError(f"{self._beside}: no folder can be made there for the files of a load; {fix} ({e})") from e
        return path
