"""No input and no answer takes more memory than `[DUCKDB] MEMORY_LIMIT` and 300 MB."""

import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from harness.memory import measured
from harness.records import event, lines, song
from harness.warehouse import Sparkify
from redshift_stand_in.zstandard import zstd
from sparkify.engines.duckdb import opening
from sparkify.formats import FORMATS


def require_little_memory(sparkify: Sparkify, limit: int, command: str, *options: str) -> None:
    """Run a command with a `[DUCKDB] MEMORY_LIMIT` in MB; it must succeed, and hold no more than it may."""
    text = sparkify.config.read_text().replace("[DUCKDB]\n", f"[DUCKDB]\nMEMORY_LIMIT = {limit} MB\n")
    sparkify.config.write_text(f"{text}[ETL]\nMAX_ERRORS = 1\n")
    done = measured(command, "--config", sparkify.config, *options)
    assert done.exit_code == 0, done.err
    assert done.peak < (limit + 300) * 1_000_000


def write(path: Path, pieces: Iterator[bytes]) -> None:
    with path.open("wb") as file:
        file.writelines(pieces)


def long_line(folder: Path) -> None:
    write(folder / "log_data/a.json", (b"x" * 1_000_000 for _ in range(300)))


def open_brackets(folder: Path) -> None:
    write(folder / "log_data/a.json", (b"[" * 1_000_000 for _ in range(60)))


def long_song(folder: Path) -> None:
    write(folder / "song_data/a.json", (b'{"title": "' + b"x" * 1_000_000 for _ in range(300)))


def gzip_bomb(folder: Path) -> None:
    with gzip.open(folder / "log_data/a.json.gz", "wb", compresslevel=1) as file:
        file.writelines(b" " * 1_000_000 for _ in range(1_100))


def zstandard_bomb(folder: Path) -> None:
    with zstd.open(folder / "log_data/a.json.zst", "wb") as file:
        for _ in range(1_100):
            file.write(b"x" * 1_000_000)


def wide_window(folder: Path) -> None:
    options: dict[int, int] = {
        zstd.CompressionParameter.window_log: 27,
        zstd.CompressionParameter.enable_long_distance_matching: 1,
    }
    with zstd.open(folder / "log_data/a.json.zst", "wb", options=options) as file:
        for _ in range(300):
            file.write(b"x" * 1_000_000)


def packed_well(folder: Path) -> None:
    """Small objects that are large when they are unpacked: all blanks but for an event."""
    content = gzip.compress(json.dumps(event()).encode() + b" " * 20_000_000, compresslevel=1)
    for n in range(30):
        (folder / f"log_data/{n}.json.gz").write_bytes(content)
    write(folder / "log_data/a.json", iter([b"bad"]))


def many_objects(folder: Path) -> None:
    longest = "x" * 2_000
    record = json.dumps(song(song_id="SO{n}", title=longest, artist_name=longest, artist_location=longest))
    for n in range(16_000):
        (folder / f"song_data/{n}.json").write_text(record.replace("{n}", str(n)))
    write(folder / "log_data/a.json", iter([b"bad"]))


@pytest.mark.parametrize(
    "make",
    [long_line, open_brackets, long_song, gzip_bomb, zstandard_bomb, wide_window, packed_well, many_objects],
)
def test_a_load_of_anything_takes_bounded_memory_and_has_one_bad_record(
    make: Callable[[Path], None], sparkify: Sparkify
) -> None:
    make(sparkify.bucket)
    require_little_memory(sparkify, 300, "etl")
    assert len(sparkify.rejected()) == 1


def test_a_machine_of_many_processors_loads_with_little_memory(
    sparkify: Sparkify, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "SETTINGS", opening.SETTINGS | {"threads": "64"})
    sparkify.configure(more="MEMORY_LIMIT = 300 MB")
    text = f"{lines([event(userAgent='x' * 1_000)])}\n" * 4_000
    for n in range(8):
        sparkify.put(f"log_data/{n}.json", text)
    assert sparkify.loaded().exit_code == 0


MUCH_HISTORY = """
insert into load_history
select 'events', md5(cast(n as varchar)) || '.json', 's3://bucket/' || n, md5(cast(n as varchar)), 1, 1, 1, 1, 1, 0,
    timestamp '2018-11-01'
from generate_series(1, 400000) as t (n)
"""
"""More rows than the program may hold at a time."""


@pytest.mark.parametrize("sparkify", ["duckdb", "redshift"], indirect=True)
def test_planning_takes_no_memory_for_what_was_loaded_before(
    sparkify: Sparkify, monkeypatch: pytest.MonkeyPatch
) -> None:
    sparkify.put("song_data/A/a.json", lines([song()]))
    sparkify.put("log_data/a.json", lines([event()]))
    for name, text in sparkify.environment.items():
        monkeypatch.setenv(name, text)
    before = measured("etl", "--config", sparkify.config, "--dry-run")
    sparkify.change(MUCH_HISTORY)
    done = measured("etl", "--config", sparkify.config, "--dry-run")
    assert (before.exit_code, done.exit_code) == (0, 0), done.err
    assert done.peak < before.peak + 60_000_000


class Question(NamedTuple):
    """A question whose answer, held as a whole, takes more than the program may with a limit in MB."""

    limit: int
    sql: str


QUESTIONS = {
    "many rows": Question(100, "select n, repeat('x', 2_000) || n as text from range(150_000) as r (n)"),
    "long texts": Question(300, "select repeat('x', 30_000) || n as text from range(12_000) as r (n)"),
    "long lists": Question(200, "select n, range(n, n + 300_000) as list from range(20) as r (n)"),
}

TOO_WIDE = [("long texts", "parquet"), ("long lists", "parquet")]
"""What docs/scale.md says of Parquet: two thousand such rows at a time do not fit."""


@pytest.mark.parametrize(
    ("question", "form"), [(name, form) for name in QUESTIONS for form in FORMATS if (name, form) not in TOO_WIDE]
)
def test_an_answer_of_any_size_takes_bounded_memory(question: str, form: str, sparkify: Sparkify) -> None:
    limit, sql = QUESTIONS[question]
    output = str(sparkify.folder / "answer")
    require_little_memory(sparkify, limit, "query", sql, "--format", form, "--output", output)
