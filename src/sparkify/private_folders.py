"""Folders for the files that a command needs for a while, which no file of the person's can be mistaken for.

A command deletes its folder when it ends. Where it was killed, the next command that makes a folder there does.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

PREFIX = ".sparkify-"
"""How the names of these folders begin."""

MARKER = "locked-while-a-command-of-sparkify-needs-this-folder"
"""The empty file in each of them, which its command keeps locked: the system takes the lock back at the end of the
process, however that came. Only a folder with such a file that nobody locks is ever deleted."""


@contextmanager
def private_folder(beside: Path | None) -> Iterator[Path]:
    """A new folder in another one, or where temporary files belong; at the end it is deleted with all that it holds.

    Raises:
        OSError: it cannot be made.
    """
    parent = Path(tempfile.gettempdir()) if beside is None else beside
    delete_abandoned(parent)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
    with ExitStack() as made:
        made.callback(shutil.rmtree, folder, ignore_errors=True)
        made.callback(os.close, _locked_marker(folder))
        yield folder


def delete_abandoned(parent: Path) -> None:
    """Delete the folders in another one that commands have left which were killed."""
    with suppress(OSError), os.scandir(parent) as entries:
        for entry in entries:
            if entry.name.startswith(PREFIX) and entry.is_dir(follow_symlinks=False):
                with suppress(OSError):  # it has no marker, it is another user's, or it is in use
                    _delete_if_abandoned(Path(entry))


def _delete_if_abandoned(folder: Path) -> None:
    marker = os.open(folder / MARKER, os.O_RDWR | os.O_NOFOLLOW)
    try:
        fcntl.flock(marker, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(marker)


def _locked_marker(folder: Path) -> int:
    """Make the marker of a folder, which nobody ever finds unlocked; its descriptor."""
    new = folder / "new"
    marker = os.open(new, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    with suppress(OSError):  # some file systems of a network know no locks: what is left there nobody deletes
        fcntl.flock(marker, fcntl.LOCK_EX | fcntl.LOCK_NB)
        new.rename(folder / MARKER)
    return marker
