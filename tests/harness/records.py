"""Records of songs and events, as the objects of a bucket hold them."""

import gzip
import json
from collections.abc import Iterable
from typing import Any

from harness import reading
from harness.reading import Record
from redshift_stand_in.zstandard import zstd

JSONPATHS = json.dumps({"jsonpaths": [f"$['{key}']" for key in reading.EVENT_KEYS]})
"""The file that says which key of an event is which column, as Sparkify has it."""


def song(**changes: object) -> dict[str, Any]:
    """A song record with all keys."""
    return {
        "num_songs": 1,
        "artist_id": "AR1",
        "artist_latitude": None,
        "artist_longitude": None,
        "artist_location": "",
        "artist_name": "Adele",
        "song_id": "SO1",
        "title": "Hello",
        "duration": 295.5,
        "year": 2015,
    } | changes


def event(**changes: object) -> dict[str, Any]:
    """A play with all keys."""
    return {
        "artist": "Adele",
        "auth": "Logged In",
        "firstName": "Lily",
        "gender": "F",
        "itemInSession": 0,
        "lastName": "Koch",
        "length": 295.5,
        "level": "paid",
        "location": "Chicago-Naperville-Elgin, IL-IN-WI",
        "method": "PUT",
        "page": "NextSong",
        "registration": 1541048010796.0,
        "sessionId": 818,
        "song": "Hello",
        "status": 200,
        "ts": 1542845032796,
        "userAgent": '"Mozilla/5.0 (X11; Linux x86_64)"',
        "userId": "15",
    } | changes


def lines(records: Iterable[Record]) -> str:
    """Records as the real logs hold them: one a line, and no newline at the end."""
    return "\n".join(map(json.dumps, records))


def many_events(size: int, **changes: object) -> list[str]:
    """Lines of good log, more than `size` bytes of them together; every line is a play of its own."""
    count = size // len(json.dumps(event(**changes))) + 1
    return [json.dumps(event(sessionId=100_000, itemInSession=n, **changes)) for n in range(count)]


def packed(key: str, content: str | bytes) -> bytes:
    """The bytes of an object whose name says whether they are packed."""
    content = content.encode() if isinstance(content, str) else content
    if key.endswith(".gz"):
        return gzip.compress(content)
    return zstd.compress(content) if key.endswith(".zst") else content


def encoded_again(text: str, times: int = 1) -> str:
    """A text whose UTF-8 was read as Latin-1, some times."""
    for _ in range(times):
        text = text.encode().decode("latin-1")
    return text
