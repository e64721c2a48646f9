"""Sparkify's real files: every known count, and every row against the second computation.

Where the real files are not at hand, the same is proved on generated ones, which have their shape but not their counts.
"""

import shutil
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from harness import oracle, reading
from harness.paths import REAL_DATA
from harness.rows import assert_is
from harness.warehouse import Sparkify
from redshift_stand_in.s3_server import Server
from sparkify.sample import write_sample

COUNTS = {
    "catalogue": 14_896,
    "songplays": 6_820,
    "users": 97,
    "songs": 14_896,
    "artists": 9_553,
    "time": 6_813,
}


class Delivered(NamedTuple):
    """A bucket folder, and the star schema that the second computation makes of it."""

    folder: Path
    is_real: bool
    star: dict[str, list[tuple[Any, ...]]]


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Delivered:
    folder, is_real = REAL_DATA, REAL_DATA.is_dir()
    if not is_real:
        folder = tmp_path_factory.mktemp("generated")
        write_sample(folder, songs=3_000, events=8_000, seed=11)
        print(f"{REAL_DATA} is not there: generated files stand in for Sparkify's real ones")
    logs = reading.read_objects(folder, "log_data").values()
    songs = reading.read_objects(folder, "song_data")
    return Delivered(folder, is_real, oracle.warehouse(songs, [event for events in logs for event in events]))


@pytest.fixture(scope="module")
def at_once(delivered: Delivered, tmp_path_factory: pytest.TempPathFactory) -> Sparkify:
    """The warehouse after one load of everything."""
    sparkify = Sparkify(tmp_path_factory.mktemp("at-once") / "sparkify").created()
    sparkify.configure(store=str(delivered.folder))
    sparkify.loaded()
    return sparkify


@pytest.fixture(scope="module")
def in_s3(delivered: Delivered, s3_server: Server, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The same records in a bucket: the logs as they are, the songs of a folder in one object.

    As many requests as there are songs would take most of the time, and prove no more.
    """
    folder = tmp_path_factory.mktemp("joined")
    shutil.copytree(delivered.folder / "log_data", folder / "log_data")
    shutil.copy(delivered.folder / "log_json_path.json", folder)
    for song in sorted((delivered.folder / "song_data").rglob("*.json")):
        joined = folder / song.parent.relative_to(delivered.folder).with_suffix(".json")
        joined.parent.mkdir(parents=True, exist_ok=True)
        with joined.open("ab") as file:
            file.write(song.read_bytes() + b"\n")
    bucket = s3_server.new_bucket()
    s3_server.upload(folder, bucket)
    return f"s3://{bucket}"


@pytest.fixture
def real(delivered: Delivered) -> Delivered:
    if not delivered.is_real:
        pytest.skip(
            f"Sparkify's real files are not here: {REAL_DATA} is no folder; the rows of generated ones are tested"
        )
    return delivered


def test_every_row_of_every_star_table_is_that_of_the_second_computation(
    delivered: Delivered, at_once: Sparkify
) -> None:
    assert_is(at_once.star(), delivered.star)


def test_the_warehouse_passes_its_checks_and_nothing_is_new_afterwards(at_once: Sparkify) -> None:
    checked = at_once.command("check")
    assert checked.exit_code == 0, checked.err
    assert at_once.loaded().out.startswith("nothing new")


@pytest.mark.parametrize("sparkify", ["redshift", "redshift without WORK"], indirect=True)
def test_redshift_holds_the_same_rows_of_the_same_sums_and_nothing_is_new_afterwards(
    delivered: Delivered, at_once: Sparkify, in_s3: str, sparkify: Sparkify
) -> None:
    sparkify.configure(store=in_s3)
    sparkify.loaded()
    star = sparkify.star()
    assert_is(star, delivered.star)
    assert_is(star, at_once.star())
    counts = ("records_read", "rows_staged", "rows_rejected")
    sums = f"select kind, {', '.join(f'sum({count})' for count in counts)} from load_history group by kind"
    assert sorted(sparkify.query(sums)) == sorted(at_once.query(sums))
    checked = sparkify.command("check")
    assert checked.exit_code == 0, checked.err
    assert sparkify.loaded().out.startswith("nothing new")


@pytest.mark.parametrize("table", COUNTS)
def test_the_real_files_make_the_known_number_of_rows_in(table: str, real: Delivered, at_once: Sparkify) -> None:
    assert at_once.query(f'select count(*) from "{table}"') == [(COUNTS[table],)]


def test_8056_real_events_of_30_objects_are_staged_and_none_is_rejected(real: Delivered, at_once: Sparkify) -> None:
    assert at_once.query(
        "select count(*), sum(records_read), sum(rows_staged), sum(rows_rejected) from load_history "
        "where object like '%log_data%'"
    ) == [(30, 8_056, 8_056, 0)]
    assert at_once.query("select events, plays_staged, plays_inserted from runs where run_id = 1") == [
        (8_056, 6_820, 6_820)
    ]


def test_341_real_plays_match_a_song_and_327_of_them_have_its_duration(real: Delivered, at_once: Sparkify) -> None:
    assert at_once.query(
        "select count(*), count(case when p.duration = s.duration then 1 end), count(p.artist_id) "
        "from songplays as p inner join songs as s on s.song_id = p.song_id"
    ) == [(341, 327, 341)]


def test_22_real_users_are_paid_at_their_last_event(real: Delivered, at_once: Sparkify) -> None:
    assert at_once.query("select count(*) from users where level = 'paid'") == [(22,)]


def test_the_real_user_15_is_paid_though_some_plays_of_theirs_were_free(real: Delivered, at_once: Sparkify) -> None:
    plays = at_once.query("select distinct level from songplays where user_id = '15'")
    assert sorted(plays) == [("free",), ("paid",)]
    assert at_once.query("select level from users where user_id = '15'") == [("paid",)]


@pytest.mark.parametrize(("sparkify", "days"), [("duckdb", 3), ("redshift", 6)], indirect=["sparkify"])
def test_the_logs_a_few_days_at_a_time_from_the_last_to_the_first_make_the_same_warehouse(
    days: int, delivered: Delivered, sparkify: Sparkify, request: pytest.FixtureRequest
) -> None:
    logs = sorted((delivered.folder / "log_data").rglob("*.json"), reverse=True)
    parts = [logs[at : at + days] for at in range(0, len(logs), days)]
    for number, part in enumerate(parts):
        for log in part:
            sparkify.put(f"log_data/{log.name}", log.read_bytes())
        if number == len(parts) // 2:  # the songs arrive between the plays
            store = delivered.folder if sparkify.engine == "duckdb" else request.getfixturevalue("in_s3")
            sparkify.configure(songs=f"{store}/song_data")
        sparkify.loaded()
    assert sparkify.query("select count(distinct run_id) from load_history where object like '%log_data%'") == [
        (len(parts),)
    ]
    assert_is(sparkify.star(), delivered.star)


@pytest.mark.parametrize("batch_size", ["333 KB", "2 MB"])
def test_batches_of_any_size_make_the_same_warehouse(batch_size: str, delivered: Delivered, sparkify: Sparkify) -> None:
    sparkify.configure(store=str(delivered.folder), BATCH_SIZE=batch_size)
    sparkify.loaded()
    assert sparkify.query("select batches > 2 from runs") == [(True,)]
    assert_is(sparkify.star(), delivered.star)
