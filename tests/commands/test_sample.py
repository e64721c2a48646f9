"""The sample: invented data of the real data's shape and quirks, the same for everyone, at any size."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from harness import oracle, reading
from harness.memory import measured
from harness.program import run
from harness.rows import assert_is
from harness.warehouse import Sparkify
from sparkify.sample import write_sample


def files(folder: Path) -> dict[str, bytes]:
    """Every file of a folder by its name."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("sample")
    write_sample(made, songs=3_000, events=8_000, seed=1)
    return made


@pytest.fixture(scope="module")
def songs(folder: Path) -> list[dict[str, Any]]:
    return [record for records in reading.read_objects(folder, "song_data").values() for record in records]


@pytest.fixture(scope="module")
def events(folder: Path) -> list[dict[str, Any]]:
    return [record for records in reading.read_objects(folder, "log_data").values() for record in records]


def test_the_same_numbers_make_the_same_bytes_in_any_folder(folder: Path, tmp_path: Path) -> None:
    write_sample(tmp_path / "again", songs=3_000, events=8_000, seed=1)
    assert files(tmp_path / "again") == files(folder)


def test_another_process_makes_the_same_bytes(tmp_path: Path) -> None:
    code = "import sys; from sparkify.cli import main; sys.exit(main())"
    command = [
        sys.executable,
        "-c",
        code,
        "sample",
        str(tmp_path / "a"),
        "--songs",
        "50",
        "--events",
        "300",
        "--seed",
        "9",
    ]
    subprocess.run(command, check=True, capture_output=True, env={"PYTHONHASHSEED": "7"})
    write_sample(tmp_path / "b", songs=50, events=300, seed=9)
    assert files(tmp_path / "a") == files(tmp_path / "b")


def test_another_seed_makes_other_data(tmp_path: Path) -> None:
    write_sample(tmp_path / "1", songs=20, events=60, seed=1)
    write_sample(tmp_path / "2", songs=20, events=60, seed=2)
    one, other = files(tmp_path / "1"), files(tmp_path / "2")
    assert one["log_json_path.json"] == other["log_json_path.json"]
    assert one["log_data/2018/11/2018-11-01-events.json"] != other["log_data/2018/11/2018-11-01-events.json"]


@pytest.mark.parametrize(("count", "other"), [(0, 0), (0, 30), (30, 0), (1, 1), (2, 29), (100, 31)])
def test_it_holds_as_many_songs_and_events_as_were_asked_for(count: int, other: int, tmp_path: Path) -> None:
    sample = write_sample(tmp_path, songs=count, events=other, seed=3)
    songs = reading.read_objects(tmp_path, "song_data")
    logs = reading.read_objects(tmp_path, "log_data")
    assert [len(records) for records in songs.values()] == [1] * count
    assert sum(map(len, logs.values())) == other
    assert (sample.songs, sample.events) == (count, other)
    made = files(tmp_path)
    assert (sample.files, sample.bytes) == (len(made), sum(map(len, made.values())))


def test_files_lie_where_the_real_ones_lie(folder: Path) -> None:
    names = set(files(folder))
    logs = {f"log_data/2018/11/2018-11-{day:02}-events.json" for day in range(1, 31)}
    assert logs < names
    songs = names - logs - {"log_json_path.json"}
    assert len(songs) == 3_000
    for name in songs:
        top, a, x, y, file = name.split("/")
        assert (top, a) == ("song_data", "A")
        assert file.startswith(f"TRA{x}{y}")


def test_the_jsonpaths_file_names_the_keys_of_every_event(folder: Path, events: list[dict[str, Any]]) -> None:
    paths = json.loads((folder / "log_json_path.json").read_text())["jsonpaths"]
    assert paths == [f"$['{key}']" for key in reading.EVENT_KEYS]
    assert {tuple(sorted(record)) for record in events} == {tuple(sorted(reading.EVENT_KEYS))}


def test_its_songs_have_the_quirks_of_the_real_ones(songs: list[dict[str, Any]]) -> None:
    texts = [str(song[key]) for song in songs for key in ("title", "artist_name", "artist_location")]
    kinds = {key: {type(song[key]) for song in songs} for key in ("title", "artist_name", "artist_location")}
    assert all(str in kind and kind & {int, float} for kind in kinds.values()), "numbers where texts belong"
    assert 0.2 < sum(song["year"] == 0 for song in songs) / len(songs) < 0.45
    assert 0.3 < sum(song["artist_location"] == "" for song in songs) / len(songs) < 0.7
    assert any(isinstance(song["artist_location"], str) and song["artist_location"].isspace() for song in songs)
    assert all((song["artist_latitude"] is None) == (song["artist_longitude"] is None) for song in songs)
    assert 0.5 < sum(song["artist_latitude"] is None for song in songs) / len(songs) < 0.8
    assert max(Counter(song["song_id"] for song in songs).values()) > 1, "a song under two keys"
    credited = {(song["artist_id"], song["artist_name"]) for song in songs}
    assert len(credited) > len({song["artist_id"] for song in songs}), "an artist with several credited names"
    assert any("<a " in text for text in texts), "an HTML anchor"
    assert any(letter in text for text in texts for letter in "\x13\x19\x1c"), "a control character"
    assert any("\ufffd" in text for text in texts)
    assert any("\u00a0" in text for text in texts)
    assert any(text != text.strip(" ") for text in texts if text.strip(" ")), "a blank at an edge"


def test_its_events_have_the_quirks_of_the_real_ones(folder: Path, events: list[dict[str, Any]]) -> None:
    nobody = [record for record in events if record["userId"] == ""]
    assert nobody
    unknown = ("firstName", "lastName", "gender", "location", "registration", "userAgent")
    assert all(record[key] is None for record in nobody for key in unknown)
    assert all(isinstance(record["userId"], str) for record in events)
    assert all(isinstance(record["registration"], float) for record in events if record["userId"])
    assert all(isinstance(record["ts"], int) for record in events)
    assert any(record["ts"] % 1_000 for record in events), "milliseconds count"
    assert any(str(record["userAgent"]).startswith('"') for record in events), "quotes that belong to the text"
    assert all((record["song"] is None) == (record["page"] != "NextSong") for record in events)
    assert any("Ã" in str(record["artist"]) for record in events), "text that was encoded twice"
    keys = [(record["sessionId"], record["itemInSession"]) for record in events]
    assert len(set(keys)) == len(keys)
    plays = [record["ts"] for record in events if record["page"] == "NextSong"]
    assert len(set(plays)) < len(plays), "two plays at one moment"
    raw = [content for name, content in files(folder).items() if name.startswith("log_data")]
    assert not any(content.endswith(b"\n") for content in raw)
    levels = {(record["userId"], record["level"]) for record in events if record["userId"]}
    assert len(levels) > len({user for user, _ in levels}), "a user changes level"


def test_a_log_holds_the_events_of_its_day_in_the_order_of_time(folder: Path) -> None:
    for name, records in reading.read_objects(folder, "log_data").items():
        moments = [oracle.moment(record["ts"]) for record in records]
        assert {f"{when:%Y-%m-%d}" for when in moments} == {name.rpartition("/")[2].removesuffix("-events.json")}
        assert moments == sorted(moments)


def test_its_load_makes_the_warehouse_of_the_second_computation_with_some_plays_matched(
    folder: Path, songs: list[dict[str, Any]], events: list[dict[str, Any]], sparkify: Sparkify
) -> None:
    sparkify.configure(store=str(folder))
    sparkify.loaded()
    assert_is(sparkify.star(), oracle.warehouse({"all": songs}, events))
    [(plays, matched)] = sparkify.query("select count(*), count(song_id) from songplays")
    assert 0 < matched < plays / 5


def test_its_memory_does_not_grow_with_the_events(tmp_path: Path) -> None:
    def peak(events: int) -> int:
        folder = tmp_path / str(events)
        return measured("sample", folder, "--songs", 100, "--events", events, "--seed", 1).peak

    written = 150_000 * 460  # bytes of the larger sample's logs, about
    assert peak(150_000) - peak(1_000) < written / 3


@pytest.mark.parametrize("taken", ["song_data/A/x.json", "log_data/x.json", "log_json_path.json"])
def test_a_folder_that_holds_a_bucket_is_refused_and_left_as_it_is(taken: str, tmp_path: Path) -> None:
    (tmp_path / taken).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / taken).write_text("mine")
    outcome = run("sample", str(tmp_path), "--songs", "3", "--events", "3")
    assert outcome.exit_code == 2
    assert "is already there" in outcome.err
    assert outcome.out == ""
    assert files(tmp_path) == {taken: b"mine"}


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    outcome = run("sample", str(tmp_path / "file"))
    assert outcome.exit_code == 2
    assert "is a file" in outcome.err
    assert files(tmp_path) == {"file": b"mine"}


def test_a_folder_that_cannot_be_written_is_named_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    message = run("sample", str(tmp_path / "file" / "below")).refusal(3, "cannot be written (Not a directory)")
    assert "look at rights and room there" in message


@pytest.mark.parametrize("option", ["--songs", "--events"])
@pytest.mark.parametrize("number", ["-1", "many", "1.5"])
def test_a_number_that_is_none_is_refused(option: str, number: str, tmp_path: Path) -> None:
    outcome = run("sample", str(tmp_path / "new"), option, number)
    assert outcome.exit_code == 2
    assert number in outcome.err
    assert not (tmp_path / "new").exists()


def test_other_files_of_the_folder_stay_beside_the_bucket(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    assert run("sample", str(tmp_path), "--songs", "1", "--events", "1").exit_code == 0
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_the_command_says_what_it_wrote_on_stdout(tmp_path: Path) -> None:
    outcome = run("sample", str(tmp_path / "new"), "--songs", "12", "--events", "40", "--seed", "2")
    assert outcome.exit_code == 0
    assert outcome.out.startswith("12 songs and 40 events in 43 files (")
    assert len(files(tmp_path / "new")) == 43
