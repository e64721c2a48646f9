"""What is read of an object depends on its content, and on no name and no size."""

import bz2
import gzip
import json
import lzma
from pathlib import Path

import pytest
import zstandard

from harness.records import event, many_events
from harness.warehouse import Sparkify
from sparkify.engines.duckdb.private_folder import MARKER

GOOD = json.dumps(event(sessionId=1))
SMALL, LARGE = [GOOD], many_events(70_000)
FOLDERS = (
    "level=free",
    "page=Home",
    "ts=1",
    "LEVEL=free",
    "filename=x",
    "FILENAME=x",
    "a*b[c]?{d}",
    'it\'s "odd" %20 ä',
)


@pytest.mark.parametrize("records", [SMALL, LARGE], ids=["small", "large"])
@pytest.mark.parametrize("folder", FOLDERS)
def test_the_name_of_a_folder_changes_no_value(folder: str, records: list[str], sparkify: Sparkify) -> None:
    sparkify.put(f"log_data/{folder}/a.json", "\n".join(records))
    sparkify.loaded()
    expected = [("paid", "NextSong", len(records))]
    assert sparkify.query("select level, page, count(*) from staging_events group by all") == expected


@pytest.mark.parametrize("records", [SMALL, LARGE], ids=["small", "large"])
@pytest.mark.parametrize(
    "pack", [bytes, gzip.compress, zstandard.compress, lambda content: gzip.compress(content) + b"\0" * 10_240]
)
@pytest.mark.parametrize("name", ["a.json", "a.json.gz", "a.json.zst"])
def test_first_bytes_tell_how_an_object_is_packed(
    name: str, pack: object, records: list[str], sparkify: Sparkify
) -> None:
    assert callable(pack)
    if pack is bytes and name != "a.json":
        name = "b.json"
    sparkify.put_as_it_is(f"log_data/{name}", pack(("\ufeff" + "\n".join(records)).encode()))
    sparkify.loaded()
    assert sparkify.history() == {f"log_data/{name}": (len(records), len(records), 0)}


FORMATS = {
    "UTF-16": GOOD.encode("utf-16"),
    "UTF-16 ": GOOD.encode("utf-16-be"),
    "UTF-32": GOOD.encode("utf-32-le"),
    "bzip2": bz2.compress(GOOD.encode()),
    "xz": lzma.compress(GOOD.encode()),
    "Parquet": b"PAR1" + b"x" * 100,
    "gzip within": gzip.compress(gzip.compress(GOOD.encode())),
}


@pytest.mark.parametrize("prefix", ["log_data", "song_data"])
@pytest.mark.parametrize("kind", FORMATS)
def test_an_object_in_a_format_that_is_not_read_is_one_bad_record_that_names_it(
    kind: str, prefix: str, sparkify: Sparkify
) -> None:
    sparkify.put_as_it_is(f"{prefix}/a.json", FORMATS[kind])
    sparkify.configure(MAX_ERRORS=1)
    sparkify.loaded()
    [(_, line, _, reason, _)] = sparkify.rejected()
    assert line is None
    assert f"is {kind.strip()}" in reason


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("blanks", ["", " ", "  ", "\t", " \r\t "])
@pytest.mark.parametrize("end", ["", ', "z": [1@]', ', "z": {"a": 1@}'])
def test_a_comma_before_a_bracket_is_bad_with_any_blanks_between(
    end: str, blanks: str, large: bool, sparkify: Sparkify
) -> None:
    bad = GOOD[:-1] + (end.replace("@", f",{blanks}") or f",{blanks}") + "}"
    sparkify.put("log_data/a.json", "\n".join([*(LARGE if large else [GOOD]), bad]))
    sparkify.configure(MAX_ERRORS=1)
    sparkify.loaded()
    [(_, _, _, reason, _)] = sparkify.rejected()
    assert reason.startswith("is not JSON")


@pytest.mark.parametrize("value", ["9" * 5_000, "1e999999999", r'"\ud800"', "[" * 50_000])
def test_one_broken_record_of_any_kind_is_one_bad_record(value: str, sparkify: Sparkify) -> None:
    sparkify.put("log_data/a.json", f'{GOOD}\n{{"ts": {value}, "x": \n{GOOD}')
    sparkify.configure(MAX_ERRORS=1)
    sparkify.loaded()
    assert sparkify.history() == {"log_data/a.json": (3, 2, 1)}


def test_folders_that_look_like_the_programs_own_are_never_touched(sparkify: Sparkify, tmp_path: Path) -> None:
    mine = [sparkify.folder / name for name in ("sparkify.duckdb.spool", ".sparkify.duckdb.load-mine")]
    for folder in mine:
        folder.mkdir()
        (folder / "notes.txt").write_text("mine")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (sparkify.folder / ".sparkify.duckdb.load-link").symlink_to(elsewhere)
    before = {*sparkify.folder.iterdir()}
    sparkify.put("log_data/a.json.gz", "\n".join(LARGE))
    sparkify.loaded()
    assert {*sparkify.folder.iterdir()} == before
    assert all((folder / "notes.txt").read_text() == "mine" for folder in mine)
    assert not [*elsewhere.iterdir()]


def test_what_a_killed_load_left_is_deleted_by_the_next_load(sparkify: Sparkify) -> None:
    before = {*sparkify.folder.iterdir()}
    left = sparkify.folder / ".sparkify.duckdb.load-killed"
    left.mkdir()
    (left / MARKER).touch()
    (left / "1.json").write_text("half a log")
    sparkify.put("log_data/a.json", GOOD)
    sparkify.loaded()
    assert {*sparkify.folder.iterdir()} == before


def test_an_object_that_unpacks_to_too_much_is_one_bad_record_and_the_rest_is_loaded(
    sparkify: Sparkify, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sparkify.records.compression.MOST_UNPACKED", 1_000_000)
    sparkify.put("log_data/a.json", GOOD)
    sparkify.put("log_data/good.json.gz", GOOD + "\n" + " " * 900_000)
    sparkify.put("log_data/small.json.gz", " " * 3_000_000)
    sparkify.put("log_data/large.json.zst", " " * 100_000_000)
    sparkify.put("song_data/a.json.gz", " " * 3_000_000)
    sparkify.configure(MAX_ERRORS=3)
    sparkify.loaded()
    assert [(name, reason[:40]) for name, _, _, reason, _ in sparkify.rejected()] == [
        ("log_data/large.json.zst", "unpacks to more than 1,000,000 bytes, an"),
        ("log_data/small.json.gz", "unpacks to more than 1,000,000 bytes, an"),
        ("song_data/a.json.gz", "unpacks to more than 1,000,000 bytes, an"),
    ]
    assert sparkify.query("select count(*) from songplays") == [(1,)]
