"""What is no whole export, or would take the place of something, is refused with its reason, and changes nothing."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import pytest

from harness.redshift import OnRedshift
from harness.warehouse import Sparkify
from harness.whole import beside, exported, filled, imported, reaching
from sparkify import sql_queries
from sparkify.engines.duckdb.engine import DuckDB
from sparkify.engines.exports import MARKER
from sparkify.engines.redshift.engine import Redshift
from sparkify.engines.whole_export import MANIFEST
from sparkify.errors import LoadError

SONGS = "songs/songs.parquet"

ON_BOTH = pytest.mark.parametrize("sparkify", ["duckdb", "redshift"], indirect=True)
ON_REDSHIFT = pytest.mark.parametrize("sparkify", ["redshift"], indirect=True)


def with_manifest(export: Path, change: Callable[[dict[str, Any]], object]) -> None:
    content = json.loads((export / MANIFEST).read_text())
    change(content)
    (export / MANIFEST).write_text(json.dumps(content))


def flipped(export: Path) -> None:
    content = bytearray((export / SONGS).read_bytes())
    content[len(content) // 3] ^= 1
    (export / SONGS).write_bytes(content)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-9])


def of_songs(content: dict[str, Any]) -> dict[str, Any]:
    songs: dict[str, Any] = content["tables"]["songs"]
    return songs


DAMAGES: Mapping[str, tuple[Callable[[Path], object], int, str]] = {
    "a file is missing": (lambda e: (e / SONGS).unlink(), 1, f"{SONGS}: is missing, and so the export is not whole"),
    "a file is cut": (lambda e: cut(e / SONGS), 1, "bytes, and was exported with"),
    "a byte is another": (flipped, 1, f"{SONGS}: has other bytes than it was exported with"),
    "the list is missing": (lambda e: (e / MANIFEST).unlink(), 2, f"{MANIFEST} is missing; only what sparkify export"),
    "the list is empty": (lambda e: (e / MANIFEST).write_text(""), 1, "was not finished, or is being written"),
    "the list is cut": (lambda e: cut(e / MANIFEST), 1, f"{MANIFEST}: is damaged"),
    "the list is a number": (lambda e: (e / MANIFEST).write_text("1"), 1, f"{MANIFEST}: is damaged"),
    "other rows are listed": (
        lambda e: with_manifest(e, lambda c: of_songs(c).update(rows=7)),
        1,
        "songs: the files have 2 rows, and were exported with 7",
    ),
    "rows without end are listed": (
        lambda e: with_manifest(e, lambda c: of_songs(c).update(rows=float("inf"))),
        1,
        f"{MANIFEST}: is damaged",
    ),
    "another version is listed": (
        lambda e: with_manifest(e, lambda c: c.update(warehouse_version=sql_queries.WAREHOUSE_VERSION - 1)),
        1,
        "is damaged, for it names version",
    ),
    "a table is not listed": (
        lambda e: with_manifest(e, lambda c: c["tables"].pop("forgotten_users")),
        1,
        "names other tables than such a warehouse has",
    ),
    "a type is SQL": (
        lambda e: with_manifest(e, lambda c: of_songs(c)["columns"][0].update(type="bigint); drop table x; --")),
        1,
        "is no name or type of an export",
    ),
    "a file is elsewhere": (
        lambda e: with_manifest(e, lambda c: of_songs(c)["files"].update({"../x.parquet": {"size": 1, "sha256": ""}})),
        1,
        "is no name or type of an export",
    ),
    "a newer warehouse": (
        lambda e: with_manifest(e, lambda c: c.update(warehouse_version=sql_queries.WAREHOUSE_VERSION + 1)),
        2,
        "use a program that is as new as the one that wrote it",
    ),
    "a newer form": (lambda e: with_manifest(e, lambda c: c.update(format=2)), 2, "a newer program wrote this export"),
    "an older warehouse than any": (
        lambda e: with_manifest(e, lambda c: c.update(warehouse_version=2)),
        2,
        "and imports from version 3 on",
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_no_whole_export_is_refused_and_leaves_no_file(damage: str, copy: Path, target: Sparkify) -> None:
    change, exit_code, words = DAMAGES[damage]
    change(copy)
    before = sorted(os.listdir(target.folder))
    target.command("import", str(copy)).refusal(exit_code, str(copy), words)
    assert sorted(os.listdir(target.folder)) == before


@pytest.mark.parametrize("damage", ["a file is cut", "other rows are listed"])
def test_redshift_refuses_it_too_and_gets_no_table(damage: str, copy: Path, redshift: OnRedshift) -> None:
    change, exit_code, words = DAMAGES[damage]
    change(copy)
    redshift.command("import", str(copy)).refusal(exit_code, words)
    assert redshift.behind(["select tablename from pg_tables where schemaname = 'public'"]) == [[]]
    assert not redshift.keys("work/")


def test_a_damaged_file_whose_digest_nobody_noted_is_refused_by_duckdb(copy: Path, target: Sparkify) -> None:
    damaged = b"PAR1" + bytes(99) + b"PAR1"
    (copy / SONGS).write_bytes(damaged)
    with_manifest(copy, lambda c: of_songs(c)["files"].update({"songs.parquet": {"size": len(damaged), "sha256": ""}}))
    target.command("import", str(copy)).refusal(1, f"{copy}/songs: these files of an export cannot be loaded")
    assert not target.database.exists()


def test_an_export_in_s3_is_compared_with_its_list(redshift: OnRedshift, whole: Path, target: Sparkify) -> None:
    redshift.put_all(whole.parent)
    address = f"{redshift.store}/{whole.name}"
    key = f"{whole.name}/{SONGS}"
    with reaching(redshift):
        imported(target, address)
        target.database.unlink()
        content = bytearray((whole / SONGS).read_bytes())
        content[40] ^= 1
        redshift.put_as_it_is(key, bytes(content))
        target.command("import", address).refusal(1, f"{SONGS}: is not the file that was exported")
        redshift.put_as_it_is(key, bytes(content[:-1]))
        for sparkify in (target, redshift):
            sparkify.command("import", address).refusal(1, f"{address}/{SONGS}: has", "and was exported with")
        redshift.remove(key)
        target.command("import", address).refusal(1, f"{address}/{SONGS}: is missing")
    assert not target.database.exists()


@pytest.mark.parametrize(
    ("source", "exit_code", "words"),
    [
        ("nowhere", 2, "nowhere: there is no such folder; name that of an export"),
        ("gs://bucket/x", 2, "an export is read from a folder, or from s3://bucket/prefix"),
        ("target/dwh.cfg", 2, "there is no such folder"),
    ],
)
def test_what_is_no_place_of_an_export_is_refused(
    source: str, exit_code: int, words: str, target: Sparkify, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    target.command("import", source).refusal(exit_code, words)
    assert not target.database.exists()


# ---------------------------------------------------------------- the place of the new warehouse


@ON_BOTH
def test_a_warehouse_with_rows_is_not_replaced(sparkify: Sparkify, whole: Path) -> None:
    filled(sparkify)
    before = sparkify.content(with_runs=True)
    message = sparkify.command("import", str(whole)).refusal(2, "holds a warehouse already, with rows in ", "--drop")
    assert ("[DUCKDB] PATH to another file" if sparkify.engine == "duckdb" else "[CLUSTER] SCHEMA") in message
    assert sparkify.content(with_runs=True) == before


def test_what_others_have_in_the_file_stays_and_a_name_that_is_needed_is_refused(target: Sparkify, whole: Path) -> None:
    target.change("create table mine as select 1 as one", "create table songs as select 2 as two")
    target.command("import", str(whole)).refusal(2, "this is no warehouse of this program, and songs is there already")
    target.change("alter table songs rename to my_songs")
    imported(target, whole)
    assert target.query("select one, two from mine, my_songs") == [(1, 2)]


def test_redshift_needs_work(redshift: OnRedshift, whole: Path) -> None:
    redshift.use(work="")
    redshift.command("import", str(whole)).refusal(2, "[S3] WORK is not set")


def test_a_client_that_may_not_write_into_work_is_told_so(redshift: OnRedshift, whole: Path) -> None:
    redshift.use(user="reader")
    message = redshift.command("import", str(whole)).refusal(3, "[S3] WORK, where the client must be able to write")
    assert "access denied" in message


def test_a_role_that_may_not_read_the_export_is_told_so(redshift: OnRedshift, whole: Path) -> None:
    redshift.use(role="not-work")
    redshift.command("import", str(whole)).refusal(3, "let the role of [IAM_ROLE] ARN")


@ON_REDSHIFT
def test_an_export_in_another_region_is_refused(sparkify: OnRedshift, whole: Path) -> None:
    client = sparkify.servers.store.client()
    other = f"{sparkify.bucket_name}-elsewhere"
    client.create_bucket(Bucket=other, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    for path in whole.rglob("*"):
        if path.is_file():
            client.put_object(Bucket=other, Key=path.relative_to(whole).as_posix(), Body=path.read_bytes())
    done = sparkify.command("import", f"s3://{other}")
    done.refusal(3, "COPY reads Parquet from no other region; copy the export into a bucket of the cluster's region")
    sparkify.servers.store.delete_bucket(other)


# ---------------------------------------------------------------- ends before its time


@pytest.mark.parametrize("fault", [LoadError("no room"), KeyboardInterrupt()])
def test_an_import_that_stops_halfway_leaves_nothing(
    fault: BaseException, target: Sparkify, whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DuckDB, "insert_files", failing_at(DuckDB.insert_files, "songplays", fault))
    done = target.command("import", str(whole))
    assert done.exit_code == (1 if isinstance(fault, LoadError) else 130)
    assert done.err.splitlines()[-1] == "nothing was changed"
    assert not target.database.exists()


@ON_BOTH
def test_an_import_that_stops_halfway_leaves_an_empty_warehouse_as_it_was(
    sparkify: Sparkify, whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = sparkify.content(with_runs=True)
    with monkeypatch.context() as patch:
        for engine in (DuckDB, Redshift):
            patch.setattr(engine, "insert_files", failing_at(engine.insert_files, "songplays", KeyboardInterrupt()))
        assert sparkify.command("import", str(whole)).exit_code == 130
    assert sparkify.content(with_runs=True) == before
    imported(sparkify, whole)


def failing_at(insert: Callable[..., int], table: str, fault: BaseException) -> Callable[..., int]:
    """The same, which fails once it has filled a table."""

    def failing(engine: object, name: str, *rest: object) -> int:
        rows = insert(engine, name, *rest)
        if name == table:
            raise fault
        return rows

    return failing


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_connection_that_is_lost_at_the_commit_leaves_all_or_nothing_and_the_person_is_told(
    when: Literal["before", "after"], redshift: OnRedshift, whole: Path, model: Sparkify
) -> None:
    redshift.stand_in.arm("drop", when=when, matching="^commit")
    done = redshift.command("import", str(whole))
    redshift.stand_in.disarm()
    assert done.exit_code == 1
    assert done.err.splitlines()[-1].endswith("all of it is done, or nothing; look with sparkify status")
    if when == "after":
        assert redshift.content(with_runs=True) == model.content(with_runs=True)
    else:
        imported(redshift, whole)


def test_a_connection_that_is_lost_in_the_middle_leaves_nothing(redshift: OnRedshift, whole: Path) -> None:
    redshift.stand_in.arm("drop", nth=3, when="during", matching="^copy")
    redshift.command("import", str(whole)).refusal(1, "the connection was lost; run again")
    redshift.stand_in.disarm()
    assert redshift.behind(["select tablename from pg_tables where schemaname = 'public'"]) == [[]]
    imported(redshift, whole)


def test_a_copy_for_readers_that_cannot_be_written_leaves_the_warehouse_imported(
    target: Sparkify, whole: Path, model: Sparkify
) -> None:
    target.configure(str(model.bucket), more="[DUCKDB]\nPUBLISH = dwh.cfg/copy.duckdb")
    target.config.write_text(target.config.read_text().replace("[DUCKDB]\nPUBLISH", "PUBLISH"))
    done = target.command("import", str(whole))
    assert done.exit_code == 3, done.err
    assert done.err.splitlines()[-1] == "the warehouse is imported"
    assert target.content(with_runs=True) == model.content(with_runs=True)


# ---------------------------------------------------------------- exports


def test_the_copy_for_readers_which_has_no_salt_is_not_what_is_exported(sparkify: Sparkify, tmp_path: Path) -> None:
    sparkify.config.write_text(sparkify.config.read_text() + "PUBLISH = copy.duckdb\n")
    filled_once = sparkify.command("forget", "3", "--yes")
    assert filled_once.exit_code == 0, filled_once.err
    assert (sparkify.folder / "copy.duckdb").exists()
    target = beside(sparkify, tmp_path / "target")
    imported(target, exported(sparkify, tmp_path / "export"))
    assert target.query("select salt from forgotten_users") == sparkify.query("select salt from forgotten_users")


@ON_BOTH
def test_an_export_of_the_star_schema_does_not_replace_a_whole_one(sparkify: Sparkify, tmp_path: Path) -> None:
    address = str(tmp_path / "export") if sparkify.engine == "duckdb" else f"{sparkify.store}/export"
    exported(sparkify, address)
    refused = sparkify.command("export", address, "--whole")
    refused.refusal(2, "is there already; name another", "or add --overwrite")
    exported(sparkify, address, "--overwrite")
    sparkify.command("export", address, "--overwrite").refusal(2, "this is a backup, written by export --whole")
    imported(sparkify, address)


@ON_REDSHIFT
def test_an_unload_that_stops_halfway_leaves_an_export_that_says_so(sparkify: OnRedshift) -> None:
    filled(sparkify)
    address = exported(sparkify, f"{sparkify.store}/export")
    sparkify.stand_in.arm("error", 3, matching="^unload", message="no room")
    assert sparkify.command("export", address, "--whole", "--overwrite").exit_code == 1
    sparkify.stand_in.disarm()
    sparkify.command("import", address).refusal(1, f"{address}: this export was not finished")
    exported(sparkify, address, "--overwrite")
    assert MARKER in {key.rpartition("/")[2] for key in sparkify.keys("export/songs/")}
