"""Find every file below a folder once, through links too."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path

from sparkify.store.objects import require_listable

VANISHED = (errno.ENOENT, errno.ENOTDIR)
"""Errors of a file that was deleted while its folder was listed."""

UNUSABLE = {
    errno.EACCES: "may not be opened; grant this user the rights to read it and, if a folder, to search it",
    errno.EPERM: "may not be opened; grant this user the rights to read it and, if a folder, to search it",
    errno.ELOOP: "a link that leads to itself",
    errno.ENAMETOOLONG: "its path is too long",
}
"""What is wrong with a file or folder that cannot be listed while all others can, by the error's number."""


def walk(
    root: Path,
    location: str,
    add: Callable[[str, os.stat_result], object],
    is_left_out: Callable[[str], bool] = lambda folder: False,
) -> Walk:
    """List everything below a folder; `location` is its name for people, and `add` is called with each file.

    A folder for whose path `is_left_out` is true is not listed.

    Raises:
        AccessError: more objects than a run lists.
        OSError: the folder cannot be listed, or the disk fails.
    """
    listed = Walk(root, add, is_left_out)
    listed.run(location)
    return listed


def holds(root: Path, path: Path) -> bool:
    """Whether a listing of a folder reaches a file, or a folder that holds it, through links too."""
    files = set[tuple[int, int]]()
    try:
        listed = walk(root, str(root), lambda _, info: files.add(_identity(info)))
        wanted = _identity(os.stat(path))
        above = {_identity(os.stat(folder)) for folder in (path.resolve(), *path.resolve().parents)}
    except OSError:
        return False
    return bool(above & listed.folders) or wanted in files


class Walk:
    """One walk over all files below a folder; every path counts from there.

    Each real folder is listed once. Links to folders wait until all real ones are listed, and lead into none that is
    listed already or that holds the location: so a link never gives a file a second name, and none leads in a circle.
    """

    def __init__(
        self, root: Path, add: Callable[[str, os.stat_result], object], is_left_out: Callable[[str], bool]
    ) -> None:
        """`add` is called with the path of each file, and what the disk says of it."""
        self.ignored: list[tuple[str, str]] = []
        """What is no file and no folder, and why it is ignored."""
        self.unusable: dict[str, str] = {}
        """Files and folders that cannot be listed while all others can, and why."""
        self._root = root
        self._add_file = add
        self._is_left_out = is_left_out
        self.left_out = 0
        """How many folders were left out."""
        self._files = 0
        self._folders = [""]
        self._links: list[str] = []
        self._above = {_identity(os.stat(folder)) for folder in root.resolve().parents}
        self._listed = self._above | {_identity(os.stat(root))}

    @property
    def folders(self) -> set[tuple[int, int]]:
        """The folders that were listed, by device and inode."""
        return self._listed - self._above

    def run(self, location: str) -> None:
        """List everything below the root; see `walk`."""
        while self._folders or self._links:
            if self._folders:
                self._list(self._folders.pop())
                require_listable(location, self._files)
            else:
                self._follow(self._links.pop(0))

    def _list(self, folder: str) -> None:
        path = f"{self._root}/{folder}" if folder else str(self._root)
        try:
            with os.scandir(path) as entries:
                for entry in entries:
                    key = f"{folder}/{entry.name}" if folder else entry.name
                    try:
                        if entry.is_file(follow_symlinks=False):
                            self._add_file(key, entry.stat())
                            self._files += 1
                        else:
                            self._add(key, entry)
                    except OSError as e:
                        self._note(key, e, is_link=entry.is_symlink())
        except OSError as e:
            if not folder:
                raise
            self._note(folder, e)

    def _add(self, key: str, entry: os.DirEntry[str]) -> None:
        """Note a folder, a link, or what is none of these and no file."""
        if entry.is_dir() and self._is_left_out(key):
            self._listed.add(_identity(entry.stat()))
            self.left_out += 1
        elif entry.is_dir(follow_symlinks=False):
            self._listed.add(_identity(entry.stat()))
            self._folders.append(key)
        elif entry.is_dir():
            self._links.append(key)
            self._links.sort()
        elif stat.S_ISREG((info := entry.stat()).st_mode):
            self._add_file(key, info)
            self._files += 1
        else:
            self.ignored.append((key, "no file, but a pipe, a socket or a device"))

    def _follow(self, key: str) -> None:
        """List the folder to which a link leads, unless it is listed already, or left out."""
        try:
            identity = _identity(os.stat(f"{self._root}/{key}"))
        except OSError as e:
            self._note(key, e, is_link=True)
            return
        if self._leads_to_left_out(key):
            self.left_out += 1
        elif identity in self._listed:
            self.ignored.append((key, "a link to a folder that is listed already, or that holds this one"))
        else:
            self._listed.add(identity)
            self._folders.append(key)

    def _leads_to_left_out(self, key: str) -> bool:
        """Whether a link leads to a folder below the root that is left out, or that lies in one."""
        root, target = (f"{os.path.realpath(path)}/" for path in (self._root, f"{self._root}/{key}"))
        return target.startswith(root) and self._is_left_out(target[len(root) : -1])

    def _note(self, key: str, e: OSError, *, is_link: bool = False) -> None:
        """Note why a path cannot be listed.

        Raises:
            OSError: the error means that the listing as a whole cannot be trusted.
        """
        if e.errno in UNUSABLE:
            self.ignored.append((key, UNUSABLE[e.errno]))
            self.unusable[key] = UNUSABLE[e.errno]
        elif e.errno not in VANISHED:
            raise e
        elif is_link:
            self.ignored.append((key, "a link to nothing"))


def _identity(info: os.stat_result) -> tuple[int, int]:
    return info.st_dev, info.st_ino
