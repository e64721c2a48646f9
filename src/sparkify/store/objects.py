"""Objects of a bucket or a folder as a listing names them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from sparkify.errors import AccessError, ObjectChangedError

UNKNOWN_SIZE = -1
"""The size of an object that was not listed."""

MAX_OBJECTS = 2_000_000
"""Objects that may lie below one prefix: a listing is held in memory, at about 90 bytes an object, and 240 while it is
sorted, which what S3 lists is not.
"""


@dataclass(frozen=True)
class Place:
    """What many objects have in common: how their names begin, and how their paths do before their keys."""

    names: str
    prefix: str = ""

    def key(self, path: str) -> str:
        """The key of the object with a path."""
        return path[len(self.prefix) :]


class StoredObject(NamedTuple):
    """One object as it was listed; there may be many, so what the path says is not held a second time.

    `path` is how the store finds it. `etag` identifies the content, `size` is in bytes.
    """

    place: Place
    path: str
    etag: str
    size: int

    @property
    def key(self) -> str:
        """Its key below SONG_DATA or LOG_DATA, by which the warehouse knows it wherever the bucket lies.

        Empty: all that lies there.
        """
        return self.place.key(self.path)

    @property
    def name(self) -> str:
        """Its address for people: `s3://bucket/key`, or a path from the folder of dwh.cfg."""
        return self.place.names + self.key


def require_listable(location: str, count: int) -> None:
    """Make sure that a listing is not too long to be held in memory.

    Raises:
        AccessError: it is.
    """
    if count > MAX_OBJECTS:
        fix = "set [S3] to a prefix that holds fewer, such as one year"
        raise AccessError(f"{location}: over {MAX_OBJECTS:,} objects lie there, the most that a run lists; {fix}")


def changed(item: StoredObject, what: str) -> ObjectChangedError:
    """The error of an object whose content is not the one that was listed."""
    return ObjectChangedError(f"{item.name}: {what}", object=item.name)
