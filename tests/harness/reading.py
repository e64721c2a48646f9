"""Objects of a bucket read a second time, in plain Python: from files to JSON, and from JSON to values.

Nothing here uses the program's own code: `oracle` works out the warehouse from what is read here.
"""

import gzip
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

Record = Mapping[str, Any]

EVENT_KEYS = (
    "artist",
    "auth",
    "firstName",
    "gender",
    "itemInSession",
    "lastName",
    "length",
    "level",
    "location",
    "method",
    "page",
    "registration",
    "sessionId",
    "song",
    "status",
    "ts",
    "userAgent",
    "userId",
)
"""The keys of an event in the order of the standard JSONPaths file."""


class Recording(NamedTuple):
    """One record of the catalogue."""

    song_id: str
    title: str | None
    artist_id: str
    artist_name: str | None
    location: str | None
    latitude: float | None
    longitude: float | None
    duration: float | None
    year: int | None


class Event(NamedTuple):
    """One line of a log; `ts` is in milliseconds since 1970-01-01 UTC."""

    ts: int
    session_id: int
    item_in_session: int
    user_id: str | None
    first_name: str | None
    last_name: str | None
    gender: str | None
    level: str | None
    page: str | None
    location: str | None
    user_agent: str | None
    title: str | None
    artist_name: str | None
    duration: float | None
    auth: str | None
    method: str | None
    status: int | None
    registration: float | None


# ---------------------------------------------------------------- from files to JSON


def read_objects(folder: Path, prefix: str) -> dict[str, list[dict[str, Any]]]:
    """The records of every data file under `folder/prefix`, by the file's name inside `folder`.

    Files without bytes and JSONPaths files hold no records and are left out.
    """
    objects = {}
    for path in sorted((folder / prefix).rglob("*")):
        if path.is_file() and path.name.endswith((".json", ".json.gz")) and path.stat().st_size:
            records = parse_values(read_text(path))
            if not is_jsonpaths(records):
                objects[path.relative_to(folder).as_posix()] = records
    return objects


def read_text(path: Path) -> str:
    """The text of a file, unpacked where its name says that it is packed."""
    content = path.read_bytes()
    return (gzip.decompress(content) if path.suffix == ".gz" else content).decode()


def parse_values(content: str) -> list[dict[str, Any]]:
    """All JSON values of a text, with any white space between and inside them."""
    decoder = json.JSONDecoder()
    values = []
    position = skip_space(content, 0)
    while position < len(content):
        value, position = decoder.raw_decode(content, position)
        values.append(value)
        position = skip_space(content, position)
    return values


def skip_space(content: str, position: int) -> int:
    """The first position from `position` on that holds no JSON white space."""
    while position < len(content) and content[position] in " \t\r\n":
        position += 1
    return position


def is_jsonpaths(records: Sequence[Record]) -> bool:
    """Whether a file's content is a JSONPaths file, which says where columns are and is no data."""
    return len(records) == 1 and list(records[0]) == ["jsonpaths"]


def with_standard_keys(record: Record, jsonpaths: Sequence[str]) -> dict[str, Any]:
    """The event as a JSONPaths file reads it: the n-th path gives the n-th standard key."""
    values = (follow(record, path) for path in jsonpaths)
    return dict(zip(EVENT_KEYS, values, strict=True))


def follow(record: Any, path: str) -> Any:
    """The value at a JSONPath such as $['user']['ids'][0] or $.user.ids[0]; None where none is."""
    for quoted, plain, index in re.findall(r"\['([^']+)'\]|\.([^.\[]+)|\[(\d+)\]", path):
        if index and isinstance(record, list) and int(index) < len(record):
            record = record[int(index)]
        elif not index and isinstance(record, dict):
            record = record.get(quoted or plain)
        else:
            return None
    return record


# ---------------------------------------------------------------- from JSON to values


def recording(record: Record) -> Recording:
    """A catalogue record with its values cleaned: year 0 and a blank location are unknown."""
    return Recording(
        song_id=str(text(record["song_id"])),
        title=text(record.get("title")),
        artist_id=str(text(record["artist_id"])),
        artist_name=text(record.get("artist_name")),
        location=text(record.get("artist_location")) or None,
        latitude=decimal_number(record.get("artist_latitude")),
        longitude=decimal_number(record.get("artist_longitude")),
        duration=decimal_number(record.get("duration")),
        year=whole_number(record.get("year")) or None,
    )


def event(record: Record) -> Event:
    """A log record with its values cleaned: userId "" is a logged-out event."""
    return Event(
        ts=key_number(record["ts"]),
        session_id=key_number(record["sessionId"]),
        item_in_session=key_number(record["itemInSession"]),
        user_id=text(record.get("userId")) or None,
        first_name=text(record.get("firstName")),
        last_name=text(record.get("lastName")),
        gender=text(record.get("gender")),
        level=text(record.get("level")),
        page=text(record.get("page")) or None,
        location=text(record.get("location")) or None,
        user_agent=text(record.get("userAgent")),
        title=text(record.get("song")),
        artist_name=text(record.get("artist")),
        duration=decimal_number(record.get("length")),
        auth=text(record.get("auth")),
        method=text(record.get("method")),
        status=whole_number(record.get("status")),
        registration=decimal_number(record.get("registration")),
    )


def text(value: Any) -> str | None:
    """The value of a text column, clean; a JSON number becomes its text, 112 -> "112"."""
    return value if value is None else clean(value if isinstance(value, str) else json.dumps(value))


def clean(value: str) -> str:
    """A text without the encodings that are too many, and without blanks at its end."""
    codes = [*map(ord, value)]
    if max(codes, default=0) < 0x100:
        try:
            decoded = bytes(codes).decode("utf-8")
        except UnicodeDecodeError:
            decoded = value
        if decoded != value:
            return clean(decoded)
    return value.rstrip(" ")


def whole_number(value: Any) -> int | None:
    """The value of an integer column, which may be written as text; "" is null."""
    return None if value is None or value == "" else int(value)


def decimal_number(value: Any) -> float | None:
    """The value of a floating-point column, which may be written as text; "" is null."""
    return None if value is None or value == "" else float(value)


def key_number(value: Any) -> int:
    """The value of an integer column that a record can't do without."""
    number = whole_number(value)
    if number is None:
        raise ValueError("a key column is null")
    return number
