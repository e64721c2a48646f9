"""What is read of an object depends on its content, and on no name and no size."""

import bz2
import gzip
import json
import lzma
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.records import JSONPATHS, event, many_events
from harness.warehouse import Sparkify
from redshift_stand_in.zstandard import zstd
from sparkify.records.compression import HEAD, has_wide_window

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


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_name_of_a_folder_changes_no_value(folder: str, sparkify: Sparkify) -> None:
    sparkify.put(f"log_data/{folder}/small.json", "\n".join(SMALL))
    sparkify.put(f"log_data/{folder}/large.json", "\n".join(LARGE))
    sparkify.loaded()
    expected = [("paid", "NextSong", len(SMALL) + len(LARGE))]
    assert sparkify.query("select level, page, count(*) from staging_events group by all") == expected


ODD_KEYS = ['a"b', "", "a.b", "a\\b", "*", "[0]", "a/b~c", "$", "LEVEL", "\t"]


@pytest.mark.parametrize("is_nested", [False, True], ids=["key", "nested"])
@pytest.mark.parametrize("key", ODD_KEYS)
def test_any_key_may_fill_a_column(key: str, is_nested: bool, sparkify: Sparkify) -> None:
    written = f"""['{key.replace(chr(92), chr(92) * 2)}']"""
    paths = json.loads(JSONPATHS)["jsonpaths"]
    paths[paths.index("$['level']")] = f"$['of'][1]{written}" if is_nested else f"${written}"
    sparkify.put("log_json_path.json", json.dumps({"jsonpaths": paths}))

    def record(level: object, number: int) -> str:
        changes = {"of": [0, {key: level}]} if is_nested else {key: level}
        rest = {name: value for name, value in event(sessionId=number).items() if name != "level"}
        return json.dumps(rest | changes)

    sparkify.put("log_data/large.json", "\n".join(record("free", n) for n in range(200)))
    sparkify.put("log_data/small.json", f"{record('free', 200)}\n{record({}, 201)}")
    sparkify.configure(MAX_ERRORS=1)
    sparkify.loaded()
    assert sparkify.query("select level, count(*) from songplays group by level") == [("free", 201)]
    assert [(name, line, column) for name, line, column, *_ in sparkify.rejected()] == [
        ("log_data/small.json", 2, "level")
    ]


PACKINGS: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "gzip": gzip.compress,
    "zstd": zstd.compress,
    "zstd-behind-a-frame-to-skip": lambda content: b"\x50\x2a\x4d\x18\4\0\0\0skip" + zstd.compress(content),
    "padded-gzip": lambda content: gzip.compress(content) + b"\0" * 10_240,
}


@pytest.mark.parametrize("records", [SMALL, LARGE], ids=["small", "large"])
def test_first_bytes_tell_how_an_object_is_packed(records: list[str], sparkify: Sparkify) -> None:
    content = ("\ufeff" + "\n".join(records)).encode()
    keys = {f"log_data/{kind}{end}": kind for kind in PACKINGS for end in (".json", ".json.gz", ".json.zst")}
    keys = {key: kind for key, kind in keys.items() if kind != "plain" or key.endswith(".json")}
    for key, kind in keys.items():
        sparkify.put_as_it_is(key, PACKINGS[kind](content))
    sparkify.loaded()
    assert sparkify.history() == dict.fromkeys(keys, (len(records), len(records), 0))


@pytest.mark.parametrize(
    ("window_log", "size", "is_wide"),
    [(23, 2**25, False), (24, 2**25, True), (28, 2**25, True), (24, 2**23, False), (28, 2**23, False)],
)
def test_a_window_of_zstandard_is_wide_above_8_mb(window_log: int, size: int, is_wide: bool) -> None:
    packed = zstd.compress(b" " * size, options={zstd.CompressionParameter.window_log: window_log})
    assert has_wide_window(packed[:HEAD]) is is_wide


FORMATS = {
    "UTF-16": GOOD.encode("utf-16"),
    "UTF-16 ": GOOD.encode("utf-16-be"),
    "UTF-32": GOOD.encode("utf-32-le"),
    "bzip2": bz2.compress(GOOD.encode()),
    "xz": lzma.compress(GOOD.encode()),
    "Parquet": b"PAR1" + b"x" * 100,
    "gzip within": gzip.compress(gzip.compress(GOOD.encode())),
}


def test_an_object_in_a_format_that_is_not_read_is_one_bad_record_that_names_it(sparkify: Sparkify) -> None:
    objects = {f"{prefix}/{kind}.json": kind for prefix in ("log_data", "song_data") for kind in FORMATS}
    for key, kind in objects.items():
        sparkify.put_as_it_is(key, FORMATS[kind])
    sparkify.configure(MAX_ERRORS=len(objects))
    sparkify.loaded()
    rejected = sparkify.rejected()
    assert [key for key, *_ in rejected] == sorted(objects)
    for key, line, _, reason, _ in rejected:
        assert line is None
        assert f"is {objects[key].strip()}" in reason


EACH_ALONE = "1 B"
"""The size of batches that hold an object each: what is found in one cannot change how another is read."""


@pytest.mark.parametrize("large", [False, True])
def test_a_comma_before_a_bracket_is_bad_with_any_blanks_between(large: bool, sparkify: Sparkify) -> None:
    ends = ("", ', "z": [1@]', ', "z": {"a": 1@}')
    bad = [
        GOOD[:-1] + (end.replace("@", f",{blanks}") or f",{blanks}") + "}"
        for end in ends
        for blanks in ("", " ", "  ", "\t", " \r\t ")
    ]
    for number, record in enumerate(bad, 10):
        sparkify.put(f"log_data/{number}.json", "\n".join([*(LARGE if large else [GOOD]), record]))
    sparkify.configure(MAX_ERRORS=len(bad), BATCH_SIZE=EACH_ALONE)
    sparkify.loaded()
    rejected = sparkify.rejected()
    assert [key for key, *_ in rejected] == [f"log_data/{number}.json" for number, _ in enumerate(bad, 10)]
    assert all(reason.startswith("is not JSON") for _, _, _, reason, _ in rejected)


@pytest.mark.parametrize("blank", ["\v", "\f", " \f\v\t"])
@pytest.mark.parametrize("records", [SMALL, LARGE], ids=["small", "large"])
def test_what_is_blank_around_a_record_does_not_depend_on_the_size_of_its_object(
    records: list[str], blank: str, sparkify: Sparkify
) -> None:
    content = "".join(f"{blank}{record}{blank}\n{blank}\n" for record in records)
    sparkify.put("log_data/a.json", content)
    sparkify.put("log_data/b.json", f"bad\n{content}")
    sparkify.configure(MAX_ERRORS=1, BATCH_SIZE=EACH_ALONE)
    sparkify.loaded()
    count = len(records)
    assert sparkify.history() == {"log_data/a.json": (count, count, 0), "log_data/b.json": (count + 1, count, 1)}


def test_one_broken_record_of_any_kind_is_one_bad_record(sparkify: Sparkify) -> None:
    values = ("9" * 5_000, "1e999999999", r'"\ud800"', "[" * 50_000)
    keys = {f"log_data/{number}.json": value for number, value in enumerate(values)}
    for key, value in keys.items():
        sparkify.put(key, f'{GOOD}\n{{"ts": {value}, "x": \n{GOOD}')
    sparkify.configure(MAX_ERRORS=len(keys), BATCH_SIZE=EACH_ALONE)
    sparkify.loaded()
    assert sparkify.history() == dict.fromkeys(keys, (3, 2, 1))


def test_folders_that_look_like_the_programs_own_are_never_touched(sparkify: Sparkify, tmp_path: Path) -> None:
    mine = [sparkify.folder / name for name in ("sparkify.duckdb.spool", ".sparkify-mine")]
    for folder in mine:
        folder.mkdir()
        (folder / "notes.txt").write_text("mine")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (sparkify.folder / ".sparkify-link").symlink_to(elsewhere)
    before = {*sparkify.folder.iterdir()}
    sparkify.put("log_data/a.json.gz", "\n".join(LARGE))
    sparkify.loaded()
    assert {*sparkify.folder.iterdir()} == before
    assert all((folder / "notes.txt").read_text() == "mine" for folder in mine)
    assert not [*elsewhere.iterdir()]


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
