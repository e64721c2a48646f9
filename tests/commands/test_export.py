"""`sparkify export`: the star schema as Parquet files, whole or as it was before."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

import duckdb
import pytest

from harness import oracle
from harness.program import Outcome
from harness.records import event, lines, song
from harness.redshift import OnRedshift
from harness.rows import Row, assert_is
from harness.warehouse import Sparkify
from sparkify import sql_queries
from sparkify.engines.duckdb.engine import DuckDB
from sparkify.engines.exports import MARKER as EXPORT_MARKER
from sparkify.errors import LoadError

TABLES = ("artists", "page_views", "songplays", "songs", "time", "users")

MONTHS = (1542845032796, 1543622399999, 1543622400000, 1546300800000)
"""Moments in November (its last among them) and December 2018 and January 2019."""


def filled(sparkify: Sparkify) -> Sparkify:
    """The warehouse with plays of three months, matched and not, and of nobody."""
    sparkify.put("song_data/A/a.json", lines([song(), song(song_id="SO2", title='Say "hi"\n', year=0)]))
    plays = [event(ts=ts, sessionId=n, song="Hello" if n % 2 else "فيروز") for n, ts in enumerate(MONTHS)]
    views = [event(ts=ts, page="Home", itemInSession=1) for ts in MONTHS]
    sparkify.put("log_data/a.json", lines([*plays, *views, event(sessionId=99, userId="", level=None)]))
    sparkify.loaded()
    return sparkify


def read(folder: Path) -> dict[str, list[Row]]:
    """The rows of every table, as a program reads them that knows Hive's folders and nothing of the warehouse."""
    found = {}
    for table, columns in oracle.COLUMNS.items():
        rows = duckdb.read_parquet(f"{folder}/{table}/**/*.parquet", hive_partitioning=True)
        found[table] = rows.project(", ".join(f'"{column}"' for column in columns)).fetchall()
    return found


def files(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, hidden ones too."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def exported(sparkify: Sparkify, place: str | Path, *options: str) -> str:
    outcome = sparkify.command("export", str(place), *options)
    assert outcome.exit_code == 0, outcome.err
    return outcome.out


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "it's an export"


# ---------------------------------------------------------------- from DuckDB into a folder


def test_every_table_holds_what_the_warehouse_holds(sparkify: Sparkify, place: Path) -> None:
    said = exported(filled(sparkify), place)
    assert said == f"exported {', '.join(TABLES)} of {sparkify.database} into {place}\n"
    assert sorted(os.listdir(place)) == sorted(TABLES)
    assert_is(read(place), sparkify.star())


def test_every_column_that_is_stored_is_exported_under_its_name(sparkify: Sparkify, place: Path) -> None:
    exported(filled(sparkify), place)
    for table in TABLES:
        found = duckdb.read_parquet(f"{place}/{table}/**/*.parquet", hive_partitioning=False)
        assert {*found.columns} == {*sql_queries.columns(table)}


def test_plays_lie_in_a_folder_for_each_year_and_month(sparkify: Sparkify, place: Path) -> None:
    exported(filled(sparkify), place)
    folders = {Path(name).parent.as_posix() for name in files(place / "songplays") if name != EXPORT_MARKER}
    assert folders == {"year=2018/month=11", "year=2018/month=12", "year=2019/month=1"}
    november = duckdb.read_parquet(str(place / "songplays" / "year=2018" / "month=11" / "*.parquet"))
    assert len(november.fetchall()) == 3


def test_an_empty_warehouse_is_exported_as_empty_tables(sparkify: Sparkify, place: Path) -> None:
    exported(sparkify, place)
    assert sorted(os.listdir(place)) == sorted(TABLES)
    for table in set(TABLES) - {"songplays", "page_views"}:
        assert duckdb.read_parquet(str(place / table / "*.parquet")).fetchall() == []
    exported(filled(sparkify), place, "--overwrite")
    assert_is(read(place), sparkify.star())


@pytest.mark.parametrize("there", [TABLES, ("songs",)])
def test_what_is_there_already_is_named_and_left_as_it_is(
    there: tuple[str, ...], sparkify: Sparkify, place: Path
) -> None:
    for table in there:
        (place / table).mkdir(parents=True)
        (place / table / "old.parquet").write_text("old")
    before = files(place)
    outcome = sparkify.command("export", str(place))
    assert outcome.exit_code == 2
    named = ", ".join(there)
    assert outcome.err.splitlines()[-2] == (
        f"error: {place}: {named} is there already; name another folder, or add --overwrite"
    )
    assert files(place) == before


STALE = "year=2017/month=1/stale.parquet"
"""A file of an earlier export, in a folder that no play needs any more."""


def with_file(marker: str, name: str) -> str:
    """A marker that names one more file."""
    content = json.loads(marker)
    return json.dumps(content | {"files": [*content["files"], name]})


def test_overwrite_replaces_the_tables_and_touches_nothing_else(sparkify: Sparkify, place: Path) -> None:
    exported(filled(sparkify), place)
    stale = place / "songplays" / "year=2017" / "month=1" / "stale.parquet"
    stale.parent.mkdir(parents=True)
    stale.write_text("stale")
    marker = place / "songplays" / EXPORT_MARKER
    marker.write_text(with_file(marker.read_text(), STALE))
    (place / "notes").mkdir()
    (place / "notes" / "mine.txt").write_text("mine")
    (place / "songs.txt").write_text("mine too")
    sparkify.put("log_data/b.json", lines([event(sessionId=100)]))
    sparkify.loaded()
    exported(sparkify, place, "--overwrite")
    assert not stale.exists()
    assert_is(read(place), sparkify.star())
    assert sorted(os.listdir(place)) == sorted([*TABLES, "notes", "songs.txt"])
    assert (place / "notes" / "mine.txt").read_text() == "mine"


@pytest.mark.parametrize("fault", [LoadError("no room"), OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_an_export_that_stops_halfway_leaves_the_old_one_whole_and_no_rests(
    fault: BaseException, sparkify: Sparkify, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exported(filled(sparkify), place)
    before = files(place)
    sparkify.put("log_data/b.json", lines([event(sessionId=100)]))
    sparkify.loaded()
    with monkeypatch.context() as patch:
        fail_at(patch, fault, nth=3)
        outcome = sparkify.command("export", str(place), "--overwrite")
    assert outcome.exit_code == {LoadError: 3, OSError: 3, KeyboardInterrupt: 130}[type(fault)]
    assert outcome.err.splitlines()[-1] == "nothing was changed"
    assert files(place) == before
    assert sorted(os.listdir(place)) == sorted(TABLES)


def fail_at(patch: pytest.MonkeyPatch, fault: BaseException, nth: int) -> None:
    """Let the n-th table that is written fail when it is written."""
    execute, written = DuckDB.execute, []

    def failing(database: DuckDB, sql: str, values: Mapping[str, object] | None = None) -> int:
        done = execute(database, sql, values)
        if sql.startswith("copy"):
            written.append(sql)
            if len(written) == nth:
                raise fault
        return done

    patch.setattr(DuckDB, "execute", failing)


def test_hidden_folders_beside_the_tables_are_left_alone(sparkify: Sparkify, place: Path) -> None:
    mine = (".songs.writing", ".users.replaced", ".sparkify-export-mine")
    for name in mine:
        (place / name).mkdir(parents=True)
        (place / name / "mine.parquet").write_text("mine")
    exported(filled(sparkify), place)
    exported(sparkify, place, "--overwrite")
    assert_is(read(place), sparkify.star())
    assert sorted(os.listdir(place)) == sorted([*TABLES, *mine])
    assert {name: (place / name / "mine.parquet").read_text() for name in mine} == dict.fromkeys(mine, "mine")


def test_every_table_has_a_marker_by_which_the_next_export_knows_it(sparkify: Sparkify, place: Path) -> None:
    exported(filled(sparkify), place)
    for table in TABLES:
        assert json.loads((place / table / EXPORT_MARKER).read_text())["table"] == table


def not_of_an_export(place: Path, kind: str) -> None:
    """Put something into the place of the table `songs` that no export wrote."""
    songs = place / "songs"
    if kind == "parquet of another program":
        songs.mkdir(parents=True)
        with duckdb.connect() as connection:
            connection.query("select 1 as one").write_parquet(f"{songs}/part-0.parquet")
    elif kind == "an export without its marker":
        (songs / EXPORT_MARKER).unlink()
    elif kind == "a note in an export":
        (songs / "notes.txt").write_text("mine")
    elif kind == "a Parquet file in an export":
        (songs / "mine.parquet").write_text("mine")
    elif kind == "a marker of another table":
        (songs / EXPORT_MARKER).write_text((place / "users" / EXPORT_MARKER).read_text())
    elif kind == "a link in an export":
        (place / "mine").write_text("mine")
        (songs / "mine.parquet").symlink_to(place / "mine")
    elif kind == "a link to an export":
        songs.rename(place / "moved")
        songs.symlink_to(place / "moved")
    elif kind == "a link to nothing":
        songs.rename(place / "moved")
        songs.symlink_to(place / "nothing")
    else:
        songs.rename(place / "moved")
        songs.write_text("mine")


@pytest.mark.parametrize(
    "kind",
    [
        "parquet of another program",
        "an export without its marker",
        "a note in an export",
        "a Parquet file in an export",
        "a marker of another table",
        "a link in an export",
        "a link to an export",
        "a link to nothing",
        "a file",
    ],
)
def test_overwrite_replaces_nothing_but_what_an_export_wrote(kind: str, sparkify: Sparkify, place: Path) -> None:
    if kind != "parquet of another program":
        exported(filled(sparkify), place)
    not_of_an_export(place, kind)
    before = files(place)
    outcome = sparkify.command("export", str(place), "--overwrite")
    assert outcome.exit_code == 2
    assert outcome.err.splitlines()[-2].startswith(f"error: {place / 'songs'}")
    assert "move it away" in outcome.err
    assert files(place) == before


def test_an_empty_folder_is_replaced_for_nothing_is_lost_by_it(sparkify: Sparkify, place: Path) -> None:
    (place / "songs").mkdir(parents=True)
    exported(filled(sparkify), place, "--overwrite")
    assert_is(read(place), sparkify.star())


@pytest.mark.parametrize("address", ["s3://bucket/prefix", "gs://bucket/prefix", "file:///tmp/prefix"])
def test_duckdb_exports_into_no_store(address: str, sparkify: Sparkify, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(sparkify.folder)
    outcome = sparkify.command("export", address)
    assert outcome.exit_code == 2
    assert f"error: {address}: DuckDB exports into a folder; name one" in outcome.err
    assert not [name for name in os.listdir(sparkify.folder) if name.endswith(":")]


def test_a_folder_that_cannot_be_made_is_named(sparkify: Sparkify, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    outcome = sparkify.command("export", str(tmp_path / "file"))
    assert outcome.exit_code == 3
    assert f"error: {tmp_path / 'file'}: cannot be written; make room, or look at its rights" in outcome.err
    assert (tmp_path / "file").read_text() == "mine"


# ---------------------------------------------------------------- from Redshift into a bucket


class Bucket:
    """Where a warehouse in Redshift is exported to: below export/ in its bucket."""

    def __init__(self, sparkify: OnRedshift) -> None:
        self.sparkify, self.s3 = sparkify, sparkify.s3
        self.place = f"{sparkify.store}/export"

    def export(self, *options: str) -> Outcome:
        return self.sparkify.command("export", self.place, *options)

    def objects(self) -> dict[str, str]:
        """The keys below export/, and the ETag of each."""
        found = self.s3.list_objects_v2(Bucket=self.sparkify.bucket_name, Prefix="export/")
        return {item["Key"].removeprefix("export/"): item["ETag"] for item in found.get("Contents", ())}

    def put(self, key: str) -> None:
        self.sparkify.put_as_it_is(f"export/{key}", b"mine")

    def downloaded(self, folder: Path) -> Path:
        for key in self.objects():
            if key.endswith(".parquet"):
                (folder / key).parent.mkdir(parents=True, exist_ok=True)
                got = self.s3.get_object(Bucket=self.sparkify.bucket_name, Key=f"export/{key}")
                (folder / key).write_bytes(got["Body"].read())
        return folder


@pytest.fixture
def bucket(sparkify: Sparkify) -> Bucket:
    assert isinstance(sparkify, OnRedshift)
    return Bucket(sparkify)


ON_REDSHIFT = pytest.mark.parametrize("sparkify", ["redshift"], indirect=True)


@ON_REDSHIFT
def test_redshift_unloads_every_table_as_the_warehouse_holds_it(
    sparkify: Sparkify, bucket: Bucket, tmp_path: Path
) -> None:
    filled(sparkify)
    outcome = bucket.export()
    assert outcome.exit_code == 0, outcome.err
    assert outcome.out.endswith(f" into {bucket.place}\n")
    assert_is(read(bucket.downloaded(tmp_path / "got")), sparkify.star())
    files = [key for key in bucket.objects() if key.startswith("songplays/") and key.endswith(".parquet")]
    folders = {key.partition("/")[2].rpartition("/")[0] for key in files}
    assert folders == {"year=2018/month=11", "year=2018/month=12", "year=2019/month=1"}


@ON_REDSHIFT
def test_redshift_replaces_the_tables_that_are_there_only_when_it_is_told_to(
    sparkify: Sparkify, bucket: Bucket, tmp_path: Path
) -> None:
    filled(sparkify)
    assert bucket.export().exit_code == 0
    bucket.put(f"songplays/{STALE}")
    marker = f"export/songplays/{EXPORT_MARKER}"
    text = bucket.s3.get_object(Bucket=bucket.sparkify.bucket_name, Key=marker)["Body"].read().decode()
    sparkify.put(marker, with_file(text, STALE))
    bucket.put("songplays_of_mine/mine.parquet")
    before = bucket.objects()
    refused = bucket.export()
    assert refused.exit_code == 2
    assert f"error: {bucket.place}/artists/: files are there already; " in refused.err
    assert "--overwrite" in refused.err
    assert bucket.objects() == before
    sparkify.put("log_data/b.json", lines([event(sessionId=100)]))
    sparkify.loaded()
    replaced = bucket.export("--overwrite")
    assert replaced.exit_code == 0, replaced.err
    assert "songplays/year=2017/month=1/stale.parquet" not in bucket.objects()
    assert "songplays_of_mine/mine.parquet" in bucket.objects()
    assert_is(read(bucket.downloaded(tmp_path / "got")), sparkify.star())


@ON_REDSHIFT
@pytest.mark.parametrize("kind", ["parquet of another program", "an export without its marker", "a note in an export"])
def test_redshift_overwrites_nothing_but_what_an_export_wrote(kind: str, sparkify: Sparkify, bucket: Bucket) -> None:
    if kind == "parquet of another program":
        bucket.put("songs/part-0.parquet")
    else:
        filled(sparkify)
        assert bucket.export().exit_code == 0
        assert {f"{table}/{EXPORT_MARKER}" for table in TABLES} <= {*bucket.objects()}
    if kind == "an export without its marker":
        sparkify.remove(f"export/songs/{EXPORT_MARKER}")
    elif kind == "a note in an export":
        bucket.put("songs/notes.txt")
    before = bucket.objects()
    outcome = bucket.export("--overwrite")
    assert outcome.exit_code == 2
    assert f"error: {bucket.place}/songs/" in outcome.err
    assert bucket.objects() == before


@ON_REDSHIFT
def test_a_role_that_may_not_write_is_told_what_it_lacks(
    sparkify: Sparkify, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(sparkify)
    monkeypatch.setenv("DWH_IAM_ROLE_ARN", bucket.sparkify.servers.roles["reader"])
    outcome = bucket.export()
    assert outcome.exit_code == 3
    assert f"error: {bucket.place}/artists/: cannot be written; " in outcome.err
    assert "let the role of [IAM_ROLE] ARN" in outcome.err
    assert not bucket.objects()


@ON_REDSHIFT
def test_what_an_unload_that_stops_halfway_has_written_is_said(sparkify: Sparkify, bucket: Bucket) -> None:
    filled(sparkify)
    bucket.sparkify.stand_in.arm("error", 4, matching="^unload", message="no room")
    outcome = bucket.export()
    bucket.sparkify.stand_in.disarm()
    assert outcome.exit_code == 1
    assert outcome.err.splitlines()[-1] == (
        f"what was written or deleted before stays so, below {bucket.place}: artists, page_views, songplays, songs"
    )
    assert {key.partition("/")[0] for key in bucket.objects()} == {"artists", "page_views", "songplays"}


@ON_REDSHIFT
def test_redshift_exports_into_no_folder(sparkify: Sparkify, tmp_path: Path) -> None:
    outcome = sparkify.command("export", str(tmp_path / "parquet"))
    assert outcome.exit_code == 2
    assert f"error: {tmp_path / 'parquet'}: Redshift exports into S3; name an address as s3://" in outcome.err
    assert not (tmp_path / "parquet").exists()


@ON_REDSHIFT
def test_an_empty_warehouse_in_redshift_is_exported_without_a_fault(sparkify: Sparkify, bucket: Bucket) -> None:
    outcome = bucket.export()
    assert outcome.exit_code == 0, outcome.err
    assert not [key for key in bucket.objects() if key.endswith(".parquet") and key.startswith("songplays/")]
