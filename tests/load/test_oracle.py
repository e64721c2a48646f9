"""The second computation of the warehouse gives the known answers on Sparkify's real files."""

import json
from collections import Counter
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from harness import oracle, reading
from harness.paths import REAL_DATA, require_real_data


class Warehouse:
    """The real files and the tables that they make."""

    def __init__(self, folder: Path) -> None:
        song_objects = reading.read_objects(folder, "song_data")
        log_objects = reading.read_objects(folder, "log_data")
        self.song_objects = song_objects
        self.events = [event for events in log_objects.values() for event in events]
        self.tables = oracle.warehouse(song_objects, self.events)

    def rows(self, table: str) -> list[dict[str, Any]]:
        columns = oracle.COLUMNS[table]
        return [dict(zip(columns, row, strict=True)) for row in self.tables[table]]


@pytest.fixture(scope="module")
def real() -> Warehouse:
    require_real_data()
    return Warehouse(REAL_DATA)


def test_the_real_files_hold_8056_events_and_14896_songs(real: Warehouse) -> None:
    assert len(real.events) == 8_056
    assert len(real.song_objects) == 14_896
    assert all(len(records) == 1 for records in real.song_objects.values())


def test_the_real_files_make_the_known_number_of_rows(real: Warehouse) -> None:
    row_counts = {table: len(rows) for table, rows in real.tables.items()}
    assert row_counts == {
        "songplays": 6_820,
        "users": 97,
        "songs": 14_896,
        "artists": 9_553,
        "time": 6_813,
        "page_views": 1_236,
    }


def test_341_real_plays_match_a_song_and_327_of_them_have_its_duration(real: Warehouse) -> None:
    durations = {song["song_id"]: song["duration"] for song in real.rows("songs")}
    matched = [play for play in real.rows("songplays") if play["song_id"]]
    assert len(matched) == 341
    assert sum(play["duration"] == durations[play["song_id"]] for play in matched) == 327
    assert all(play["artist_id"] for play in matched)


def test_22_of_the_real_users_pay_at_their_last_event(real: Warehouse) -> None:
    assert Counter(user["level"] for user in real.rows("users")) == {"paid": 22, "free": 75}


def test_user_15_went_from_paid_to_free_and_back(real: Warehouse) -> None:
    by_time = sorted((e for e in real.events if e["userId"] == "15"), key=lambda e: e["ts"])
    levels = [event["level"] for event in by_time]
    assert [level for level, _ in groupby(levels)] == ["paid", "free", "paid"]
    assert [user["level"] for user in real.rows("users") if user["user_id"] == "15"] == ["paid"]


def test_unknown_years_and_blank_locations_of_the_real_songs_are_null(real: Warehouse) -> None:
    assert sum(song["year"] is None for song in real.rows("songs")) == 4_762
    assert not any(
        artist["location"] is not None and not artist["location"].strip(" ") for artist in real.rows("artists")
    )


def test_the_order_of_delivery_and_repetition_change_nothing(real: Warehouse) -> None:
    song_objects = dict(reversed(real.song_objects.items()))
    events = [*reversed(real.events), *real.events[:100]]
    assert oracle.warehouse(song_objects, events) == real.tables


def test_the_keys_of_an_event_are_those_of_the_jsonpaths_file_beside_the_data(
    real: Warehouse,
) -> None:
    paths = json.loads((REAL_DATA / "log_json_path.json").read_text())["jsonpaths"]
    assert reading.with_standard_keys(real.events[0], paths) == real.events[0]


@pytest.mark.parametrize(
    "content",
    [
        '{"a": 1}{"a": 2}',
        '{"a": 1}\r\n{"a": 2}\r\n',
        '\n{\n  "a": 1\n}\n\n{\n\t"a": 2\n}',
    ],
    ids=["glued", "CRLF", "pretty-printed"],
)
def test_a_file_may_hold_several_values_with_any_white_space(content: str) -> None:
    assert reading.parse_values(content) == [{"a": 1}, {"a": 2}]


def test_a_jsonpath_reaches_into_objects_and_arrays_and_finds_nothing_beyond() -> None:
    record = {"user": {"ids": ["7", "8"]}}
    assert reading.follow(record, "$['user']['ids'][1]") == "8"
    assert reading.follow(record, "$.user.ids[0]") == "7"
    assert reading.follow(record, "$.user.ids[2]") is None
    assert reading.follow(record, "$['user']['name']['first']") is None
