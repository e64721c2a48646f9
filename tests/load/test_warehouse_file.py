"""The warehouse file: today's tools open it, other files are left alone, and a file that goes away is reported."""

import gzip
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from harness import oracle
from harness.copies import copied
from harness.paths import OLDER_DUCKDB
from harness.records import event, lines, song
from harness.rows import assert_is
from harness.warehouse import Sparkify
from sparkify import checks, plan, sql_queries, tables
from sparkify.engines.duckdb.engine import DuckDB
from sparkify.errors import LoadError

READ_BY_OLDER = """
import json, sys, duckdb
with duckdb.connect(sys.argv[1], read_only=True) as database:
    tables = {name: database.execute(f"select count(*) from {name}").fetchone()[0] for name in sys.argv[2:]}
print(json.dumps({"version": duckdb.__version__, "tables": tables}))
"""


def put_batch(sparkify: Sparkify, name: str, session: int) -> None:
    sparkify.put(f"log_data/{name}.json", lines([event(sessionId=session)]))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Sparkify:
    sparkify = Sparkify(tmp_path_factory.mktemp("model") / "sparkify").with_tables()
    sparkify.put("song_data/A/a.json", lines([song()]))
    put_batch(sparkify, "a", 1)
    sparkify.loaded()
    return sparkify


@pytest.fixture
def loaded(sparkify: Sparkify, model: Sparkify) -> Sparkify:
    """A warehouse of its own for a test, like the model."""
    return copied(model, sparkify)


# ---------------------------------------------------------------- the tools of today


def storage_version(path: Path) -> str:
    with duckdb.connect(path, read_only=True) as connection:
        return str(connection.execute("select tags from duckdb_databases() where path is not null").fetchall())


def test_an_older_duckdb_reads_every_table_and_view_of_the_warehouse(loaded: Sparkify) -> None:
    names = [sql_queries.qualified("duckdb", name) for name in (*sql_queries.TABLES, *sql_queries.VIEWS)]
    command = [sys.executable, "-c", READ_BY_OLDER, str(loaded.database), *names]
    environment = {**os.environ, "PYTHONPATH": str(OLDER_DUCKDB)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, f"{done.stderr}\n(`make test` puts DuckDB 1.4 into {OLDER_DUCKDB})"
    read = json.loads(done.stdout)
    assert read["version"].startswith("1.4.")
    assert read["tables"] == {name: loaded.query(f"select count(*) from {name}")[0][0] for name in names}


def test_the_file_stays_in_the_format_of_duckdb_1_4_through_loads_and_drops(loaded: Sparkify) -> None:
    assert "v1.4.0" in storage_version(loaded.database)
    put_batch(loaded, "b", 2)
    loaded.loaded()
    assert loaded.command("create-tables", "--drop", "--yes").exit_code == 0
    assert "v1.4.0" in storage_version(loaded.database)


def test_a_file_in_the_format_of_duckdb_2_goes_on_working(tmp_path: Path) -> None:
    sparkify = Sparkify(tmp_path / "sparkify")
    with duckdb.connect(sparkify.database) as connection:
        connection.execute("create table mine as select 1 as one")
    assert "v2." in storage_version(sparkify.database)
    sparkify.created()
    put_batch(sparkify, "a", 1)
    sparkify.loaded()
    assert sparkify.command("check").exit_code == 0
    assert sparkify.command("query", "totals").exit_code == 0
    assert "v2." in storage_version(sparkify.database)


# ---------------------------------------------------------------- files of another kind


def sqlite(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("create table users (user_id integer)")
    connection.commit()
    connection.close()


OTHER_FILES: dict[str, Callable[[Path], object]] = {
    "a SQLite database": sqlite,
    "an empty file": Path.touch,
    "a Parquet file": lambda path: duckdb.execute(f"copy (select 1 as one) to '{path}' (format parquet)"),
    "a gzip file": lambda path: path.write_bytes(gzip.compress(b"log")),
    "a folder": Path.mkdir,
    "no file": lambda path: os.mkfifo(path),
    "a file of another kind": lambda path: path.write_text(lines([event()] * 100)),
    "a file of another kind, short": lambda path: path.write_bytes(b"D"),
    "a file of another kind, configuration": lambda path: path.write_text("[DUCKDB]\nPATH = sparkify.duckdb\n"),
}

COMMANDS = [["create-tables"], ["create-tables", "--drop", "--yes"], ["etl"], ["query", "totals"], ["status"]]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("kind", OTHER_FILES)
def test_a_file_of_another_kind_is_named_and_not_touched(kind: str, command: list[str], tmp_path: Path) -> None:
    sparkify = Sparkify(tmp_path / "sparkify")
    OTHER_FILES[kind](sparkify.database)
    is_file = sparkify.database.is_file()
    before = (sparkify.database.lstat().st_mtime_ns, sparkify.database.read_bytes() if is_file else b"")
    outcome = sparkify.command(*command)
    assert outcome.exit_code == 3
    what, _, _ = kind.partition(",")
    assert outcome.err.splitlines()[-2] == (
        f"error: {sparkify.database}: the warehouse cannot be opened: this is {what}, and no DuckDB database; "
        "set [DUCKDB] PATH to another file, or to one that is not there yet"
    )
    assert before == (sparkify.database.lstat().st_mtime_ns, sparkify.database.read_bytes() if is_file else b"")
    assert sorted(os.listdir(sparkify.folder)) == ["bucket", "dwh.cfg", "sparkify.duckdb"]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (lambda path: os.truncate(path, 12_288), "the file is damaged: move it away, then import a backup"),
        (lambda path: path.write_bytes(path.read_bytes()[:100]), "the file is damaged: move it away"),
        (lambda path: path.write_bytes(b"\0" * 8 + path.read_bytes()[8:]), "the file is damaged: move it away"),
        (lambda path: path.unlink() or path.symlink_to(path), "Too many levels of symbolic links"),
    ],
    ids=["cut off", "cut off in its header", "other bytes", "a link to itself"],
)
def test_a_file_that_is_damaged_is_told_with_what_to_do(
    harm: Callable[[Path], object], words: str, command: list[str], sparkify: Sparkify
) -> None:
    harm(sparkify.database)
    outcome = sparkify.command(*command)
    if sparkify.database.is_symlink() and command[0] != "create-tables":
        assert outcome.exit_code == 2  # it is not there for those who need one; `create-tables` says what is wrong
        assert "run sparkify create-tables first" in outcome.error
    else:
        assert outcome.exit_code == 3
        assert words in outcome.error
    assert outcome.err.splitlines()[-1] == "nothing was changed"


def test_a_folder_that_is_not_there_is_named_with_what_to_do(sparkify: Sparkify) -> None:
    sparkify.config.write_text(sparkify.config.read_text().replace("PATH = sparkify.duckdb", "PATH = no/x.duckdb"))
    folder = sparkify.folder / "no"
    words = f"there is no folder {folder}; make it, or set [DUCKDB] PATH to a file in another"
    assert words in sparkify.command("create-tables").refusal(3)


def test_memory_that_does_not_suffice_to_open_the_file_is_told(sparkify: Sparkify) -> None:
    with sparkify.config.open("a") as file:
        file.write("MEMORY_LIMIT = 4\n")
    assert "cannot be opened; raise [DUCKDB] MEMORY_LIMIT" in sparkify.command("status").refusal(3)


def test_tables_that_cannot_be_created_leave_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise LoadError("no room")

    sparkify = Sparkify(tmp_path / "sparkify")
    monkeypatch.setattr(tables, "create_missing", fail)
    sparkify.command("create-tables").refusal(1, "no room")
    assert not sparkify.database.exists()


@pytest.mark.parametrize("options", [[], ["--drop", "--yes"]], ids=["create", "drop"])
def test_a_failure_after_the_tables_were_created_says_that_they_are_there(
    options: list[str], sparkify: Sparkify, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> None:
        raise LoadError("no room")

    monkeypatch.setattr(DuckDB, "after_commit", fail)
    outcome = sparkify.command("create-tables", *options)
    assert outcome.exit_code == 1
    done = "the tables are dropped and created" if options else "the tables are there, in this program's version"
    assert outcome.err.splitlines()[-2:] == ["error: no room", done]


def test_an_object_of_the_bucket_as_warehouse_is_refused(loaded: Sparkify) -> None:
    key = loaded.put("log_data/b.json", lines([event(sessionId=2)]))
    loaded.config.write_text(loaded.config.read_text().replace("PATH = sparkify.duckdb", f"PATH = {key}"))
    before = key.read_bytes()
    assert loaded.command("create-tables").exit_code == 3
    assert key.read_bytes() == before


def test_no_connection_installs_or_loads_an_extension_by_itself(
    loaded: Sparkify, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen, connect = [], duckdb.connect

    def connected(*arguments: object, **options: object) -> duckdb.DuckDBPyConnection:
        connection = connect(*arguments, **options)  # type: ignore[arg-type]
        rows = connection.execute("select name, value from duckdb_settings() where name like 'auto%known_extensions'")
        seen.append(dict(rows.fetchall()))
        return connection

    monkeypatch.setattr(duckdb, "connect", connected)
    # DuckDB does not write this type into Parquet by itself: a second connection does.
    query = ["query", "select 1::hugeint as n", "--format", "parquet", "--output", str(tmp_path / "answer")]
    for command in (["etl"], query):
        assert loaded.command(*command).exit_code == 0
    assert len(seen) == 3
    assert all(settings == dict.fromkeys(settings, "false") and len(settings) == 2 for settings in seen)


# ---------------------------------------------------------------- databases of other programs

FOREIGN = {
    "a view": ("create view plays as select 1 as one", "plays"),
    "a table": ("create table users as select 1 as one", "users"),
    "two": ("create table users as select 1 as one; create view plays as select 1 as one", "plays, users"),
    "another case": ('create table "SONGS" as select 1 as one', "SONGS"),
    "a staging table": ("create table staging_events as select 1 as one", "staging_events"),
    "a warehouse": ("create table warehouse as select 'Hamburg' as name", "warehouse"),
    "an empty warehouse": ("create table warehouse (version bigint not null)", "warehouse"),
    "a version in words": ("create table warehouse as select '1.0' as version", "warehouse"),
    "a wider warehouse": ("create table warehouse as select 2::bigint as version, 1 as one", "warehouse"),
    "a view of a version": ("create view warehouse as select 2::bigint as version", "warehouse"),
}


@pytest.mark.parametrize("options", [[], ["--drop", "--yes"]], ids=["create", "drop"])
@pytest.mark.parametrize("kind", FOREIGN)
def test_a_database_of_another_program_is_left_as_it_is(kind: str, options: list[str], tmp_path: Path) -> None:
    sparkify = Sparkify(tmp_path / "sparkify")
    statements, names = FOREIGN[kind]
    with duckdb.connect(sparkify.database) as connection:
        connection.execute(statements)
    before = sparkify.database.read_bytes()
    outcome = sparkify.command("create-tables", *options)
    assert outcome.exit_code == 2
    assert outcome.err.splitlines()[-2:] == [
        f"error: {sparkify.database}: this is no warehouse of this program, and {names} is there already, a name "
        "that a warehouse needs; set [DUCKDB] PATH to another file",
        "nothing was changed",
    ]
    assert sparkify.database.read_bytes() == before
    assert sparkify.command("etl").exit_code == 2
    assert sparkify.database.read_bytes() == before


def test_tables_of_other_names_do_not_hinder_a_warehouse(tmp_path: Path) -> None:
    sparkify = Sparkify(tmp_path / "sparkify")
    with duckdb.connect(sparkify.database) as connection:
        connection.execute("create table mine as select 1 as one")
    sparkify.created()
    assert sparkify.command("create-tables", "--drop", "--yes").exit_code == 0
    assert sparkify.query("from mine") == [(1,)]


@pytest.mark.parametrize("sparkify", ["redshift"], indirect=True)
def test_a_schema_of_another_program_is_left_as_it_is_in_redshift(sparkify: Sparkify) -> None:
    sparkify.change("delete from warehouse")
    for options in ([], ["--drop", "--yes"]):
        outcome = sparkify.command("create-tables", *options)
        assert outcome.exit_code == 2
        assert "is there already, a name that a warehouse needs; set [CLUSTER] SCHEMA" in outcome.err


# ---------------------------------------------------------------- a file that goes away


def delete(path: Path) -> None:
    path.unlink()


def move(path: Path) -> None:
    path.rename(path.with_suffix(".moved"))


def replace(path: Path) -> None:
    with duckdb.connect(path.with_suffix(".other")) as connection:
        connection.execute("create table mine as select 1 as one")
    path.with_suffix(".other").replace(path)


def copy_over(path: Path) -> None:
    shutil.copyfile(path, path.with_suffix(".copy"))
    path.with_suffix(".copy").replace(path)


GOES = {"deleted or moved": [delete, move], "replaced by another file": [replace, copy_over]}


@pytest.mark.parametrize(("words", "goes"), [(words, goes) for words, all_ in GOES.items() for goes in all_])
@pytest.mark.parametrize("when", ["before a batch is committed", "after a batch", "with nothing new"])
def test_a_run_whose_file_goes_away_fails_and_says_so(
    when: str, words: str, goes: Callable[[Path], None], loaded: Sparkify, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone: list[Path] = []

    def go_once() -> None:
        if not gone:
            gone.append(loaded.database)
            goes(loaded.database)

    if when != "with nothing new":
        put_batch(loaded, "b", 2)
        put_batch(loaded, "c", 3)
        loaded.configure(BATCH_SIZE="1 B")
    if when == "after a batch":
        tidy = DuckDB.after_commit

        def tidy_then_go(database: DuckDB) -> None:
            tidy(database)
            go_once()

        monkeypatch.setattr(DuckDB, "after_commit", tidy_then_go)
    elif when == "with nothing new":
        make = plan.make

        def go_then_make(*arguments: Any, **options: Any) -> plan.Plan:
            go_once()
            return make(*arguments, **options)

        monkeypatch.setattr(plan, "make", go_then_make)
    else:
        run = checks.run

        def go_then_run(*arguments: Any) -> None:
            go_once()
            run(*arguments)

        monkeypatch.setattr(checks, "run", go_then_run)
    outcome = loaded.etl()
    assert outcome.exit_code == 1
    *_, error, note = outcome.err.splitlines()
    assert error.startswith(f"error: {loaded.database}: the warehouse was {words} while it was open")
    assert note == "nothing was changed" if when == "with nothing new" else "not in its place" in note
    assert outcome.out == ""
    if goes is replace:
        with duckdb.connect(loaded.database) as connection:
            assert connection.execute("from mine").fetchall() == [(1,)]


def test_a_log_that_is_deleted_during_a_run_loses_nothing(loaded: Sparkify, monkeypatch: pytest.MonkeyPatch) -> None:
    put_batch(loaded, "b", 2)
    transaction = DuckDB.after_commit

    def without_log(database: DuckDB) -> None:
        loaded.database.with_name(f"{loaded.database.name}.wal").unlink(missing_ok=True)
        transaction(database)

    monkeypatch.setattr(DuckDB, "after_commit", without_log)
    loaded.loaded()
    assert_is(loaded.star(), oracle.warehouse({"a": [song()]}, [event(sessionId=1), event(sessionId=2)]))


def test_a_table_of_a_persons_own_with_the_name_of_a_staging_table_stays(loaded: Sparkify) -> None:
    loaded.change("create table main.staging_events as select 'mine' as mine")
    put_batch(loaded, "own", 77)
    loaded.loaded()
    loaded.created()
    assert loaded.command("create-tables", "--drop", "--yes").exit_code == 0
    assert loaded.query("select mine from main.staging_events") == [("mine",)]
