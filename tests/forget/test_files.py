"""The files of a warehouse in DuckDB hold nothing of a forgotten user, not even the bytes of deleted rows."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from harness import children, deliveries
from harness.attached import attached
from harness.folders import new_folder
from harness.records import event, lines, song
from harness.scenes import Scene
from harness.warehouse import Sparkify
from sparkify import sql_queries
from sparkify.engines.duckdb import new_files, publish, rewrite
from sparkify.engines.duckdb.connection import Connection
from sparkify.errors import LoadError

NAME, AGENT = "Zdenkavopatova", "Mozilla of Zdenka"
MINE = [
    event(userId="7", firstName=NAME, lastName=f"{NAME}sova", userAgent=AGENT, sessionId=1, itemInSession=0),
    event(
        userId="7", firstName=NAME, lastName=f"{NAME}sova", userAgent=AGENT, sessionId=1, itemInSession=1, page="Home"
    ),
]
BAD = json.dumps(event(userId="7", firstName=NAME, sessionId="none"))
OTHERS = [event(sessionId=2, itemInSession=n, firstName="Adalbertina") for n in range(50)]


@pytest.fixture
def published(sparkify: Sparkify) -> Sparkify:
    """A warehouse that holds a user among others, a rejected record of the user, and a copy of all that."""
    sparkify.configure(more="PUBLISH = readers.duckdb\n[ETL]\nMAX_ERRORS = 5")
    sparkify.put("song_data/A/a.json", lines([song()]))
    sparkify.put("log_data/a.json", "\n".join([lines([*MINE, *OTHERS]), BAD]))
    sparkify.loaded()
    return sparkify


def files_with(sparkify: Sparkify, text: str) -> set[str]:
    """The files beside the warehouse that hold the bytes of a text, hidden ones too."""
    files = [path for path in sparkify.folder.rglob("*") if path.is_file() and sparkify.bucket not in path.parents]
    return {path.name for path in files if text.encode() in path.read_bytes()}


def forget(sparkify: Sparkify, *, exit_code: int = 0) -> str:
    done = sparkify.command("forget", "7", "--yes")
    assert done.exit_code == exit_code, done.err
    return done.out if exit_code == 0 else done.err


def test_no_file_holds_the_bytes_of_a_forgotten_user_and_the_copy_is_replaced_at_once(published: Sparkify) -> None:
    both = {"sparkify.duckdb", "readers.duckdb"}
    assert files_with(published, NAME) == files_with(published, AGENT) == both
    out = forget(published)
    assert f"and {published.folder / 'readers.duckdb'}, its copy for readers" in out
    assert files_with(published, NAME) == files_with(published, AGENT) == set()
    assert files_with(published, "Adalbertina") == both
    with attached(published.folder / "readers.duckdb") as copy:
        assert copy.execute("select user_id, first_name from users").fetchall() == [("15", "Adalbertina")]
        assert copy.execute("select count(*) from events where user_id = '7'").fetchall() == [(0,)]


def test_deleting_rows_alone_leaves_their_bytes_in_the_file(
    published: Sparkify, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else nothing would have to be written again."""
    monkeypatch.setattr(rewrite, "rewrite", lambda *_: None)
    forget(published)
    assert files_with(published, NAME) == {"sparkify.duckdb"}


def test_the_staging_tables_hold_nothing_of_a_forgotten_user(published: Sparkify) -> None:
    forget(published)
    counts = [f'select count(*) from staging_area."{table}"' for table in sql_queries.BATCH_TABLES]
    assert {rows[0][0] for rows in published.queries(counts)} == {0}
    published.put("log_data/b.json", "\n".join([lines([*MINE, *OTHERS]), BAD]))
    published.loaded()
    assert published.query("select count(*), count(case when user_id = '7' then 1 end) from staging_events") == [
        (50, 0)
    ]
    assert published.query("select raw_text from staging_rejected_records") == [("",)]


def test_the_copy_has_no_salt_and_is_as_new_as_the_warehouse(published: Sparkify) -> None:
    forget(published)
    [(salt, digest)] = published.query("select salt, user_digest from forgotten_users")
    assert files_with(published, salt) == {"sparkify.duckdb"}
    with attached(published.folder / "readers.duckdb") as copy:
        assert copy.execute("select salt, user_digest from forgotten_users").fetchall() == [("", digest)]
    written = (published.folder / "readers.duckdb").stat()
    published.loaded()
    assert (published.folder / "readers.duckdb").stat().st_ino == written.st_ino


def test_a_copy_that_cannot_be_written_is_named_and_the_next_load_replaces_it(
    published: Sparkify, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(*_: Any) -> None:
        raise LoadError("no space left")

    with monkeypatch.context() as patch:
        patch.setattr(publish, "_fill", no_room)
        err = forget(published, exit_code=3)
    error, stays = err.splitlines()[-2:]
    assert f"{published.folder / 'readers.duckdb'}: the copy for readers cannot be written" in error
    assert stays.startswith("the user is forgotten, and no load brings the rows back; ")
    assert stays.endswith("may still hold bytes of them: run the same command again")
    assert published.query("select count(*) from users where user_id = '7'") == [(0,)]
    assert "readers.duckdb" in files_with(published, NAME)
    published.loaded()
    assert "readers.duckdb" not in files_with(published, NAME)
    assert "the user was forgotten before, and nothing more was there" in forget(published)
    assert files_with(published, NAME) == set()


def test_a_file_that_cannot_be_written_again_stays_as_it_is(
    published: Sparkify, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(*_: Any) -> None:
        raise OSError("no space left")

    with monkeypatch.context() as patch:
        patch.setattr("sparkify.engines.duckdb.rewrite.replace", no_room)
        err = forget(published, exit_code=3)
    assert f"{published.database}: the file cannot be written again; make room on the disk" in err
    assert "run the same command again" in err
    assert published.command("check").exit_code == 0
    forget(published)
    assert files_with(published, NAME) == set()


def test_what_others_keep_in_the_file_stays_and_so_do_links_rights_and_descriptions(published: Sparkify) -> None:
    place = published.folder / "elsewhere.duckdb"
    published.database.rename(place)
    published.database.symlink_to(place.name)
    place.chmod(0o640)
    published.change(
        "create schema mine",
        "create table mine.notes as select 'kept' as note",
        "comment on table mine.notes is 'my notes'",
        "create view mine.noted as select note from mine.notes",
        "create macro twice(a) as 2 * a",
    )
    descriptions = "select table_name, column_name, comment from duckdb_columns() order by all"
    tables = "select table_name, comment from duckdb_tables() order by all"
    with duckdb.connect(place, read_only=True) as connection:
        before = [connection.execute(sql).fetchall() for sql in (descriptions, tables)]
    forget(published)
    assert published.database.is_symlink()
    assert place.stat().st_mode & 0o777 == 0o640
    with duckdb.connect(place, read_only=True) as connection:
        assert [connection.execute(sql).fetchall() for sql in (descriptions, tables)] == before
        assert connection.execute("select twice(21), (select note from mine.noted)").fetchall() == [(42, "kept")]
        [(tags,)] = connection.execute("select tags from duckdb_databases() where path is not null").fetchall()
        assert "v1.4.0" in str(tags)
    published.created()
    published.loaded()


def test_who_waited_for_the_former_file_opens_the_new_one(published: Sparkify, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program may have opened the former file by its name, and not have locked it yet, when the new one comes."""
    new = published.folder / "new.duckdb"
    new.write_bytes(published.database.read_bytes())
    with duckdb.connect(new) as connection:
        connection.execute("delete from users where user_id = '7'")
    connect = duckdb.connect

    def connected(path: Path, **options: Any) -> duckdb.DuckDBPyConnection:
        opened = connect(path, **options)
        if new.exists():
            new_files.replace(new, published.database)
        return opened

    monkeypatch.setattr(duckdb, "connect", connected)
    assert json.loads(published.command("status", "--json").out)["tables"]["users"] == 1
    assert not new.exists()


@pytest.mark.parametrize("is_after", [False, True])
def test_a_fault_at_any_statement_leaves_all_or_nothing_and_the_message_says_which(
    is_after: bool, published: Sparkify
) -> None:
    before, file, copy = published.content(), published.database.read_bytes(), published.folder / "readers.duckdb"
    copied = copy.read_bytes()
    ends = []
    for number in range(1, 200):
        published.database.write_bytes(file)
        copy.write_bytes(copied)
        with pytest.MonkeyPatch.context() as patch:
            struck = fail_at_statement(patch, number, is_after=is_after)
            done = published.command("forget", "7", "--yes")
        is_forgotten = published.content() != before
        ends.append(is_forgotten)
        if not struck:
            break
        if done.exit_code == 0:
            continue  # the copy for readers could not be looked at, and was replaced
        says = "run the same command again" if is_forgotten else "nothing was changed"
        assert done.err.splitlines()[-1].endswith(says), f"at statement {number}: {done.err}"
    assert ends == sorted(ends), "a later fault left more"
    assert ends.count(False) > 20
    assert ends.count(True) > 10
    assert files_with(published, NAME) == set()


def fail_at_statement(patch: pytest.MonkeyPatch, number: int, *, is_after: bool) -> list[str]:
    """Let the n-th statement fail, before or after it is carried out; which one that was, once it was there."""
    query, count = Connection.query, 0
    struck: list[str] = []

    def failing(self: Connection, sql: str, values: Any = None) -> Any:
        nonlocal count
        if sql.startswith("comment on "):  # the copy for readers has a hundred, and all are alike
            return query(self, sql, values)
        count += 1
        struck.extend([sql] * (count == number))
        if count == number and not is_after:
            raise LoadError("injected")
        rows = query(self, sql, values)
        if count == number:
            raise LoadError("injected")
        return rows

    patch.setattr(Connection, "query", failing)
    return struck


# ---------------------------------------------------------------- beside a load, and killed


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    with new_folder() as folder:
        yield deliveries.second_load(folder)


def test_forget_waits_for_a_load_that_holds_the_file_and_says_who_it_is(scene: Scene) -> None:
    warehouse = scene.copied("held")
    holder, line = children.hold(warehouse, read_only=False)
    try:
        done = scene.run(warehouse, "forget", "2", "--yes", lock_timeout=0)
    finally:
        line.send("let go")
        holder.join()
    assert done.exit_code == 3
    assert f"(process {holder.pid}) for over 0 seconds; close it there" in done.err
    assert scene.state_left(warehouse) == 0


def test_new_files_are_written_to_the_disk_before_they_are_put_in_place(
    published: Sparkify, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    sync, put = os.fsync, Path.replace

    def synced(number: int) -> None:
        sync(number)
        done.append("sync")

    def replaced(new: Path, place: Path) -> Path:
        done.append("replace")
        return put(new, place)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", replaced)
    forget(published)
    assert done == ["sync", "replace", "sync"] * 2


def test_nothing_is_written_by_the_connection_once_its_file_is_replaced(
    published: Sparkify, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it would write then, DuckDB would write into a file without a name, or into another's log."""
    seen: list[str] = []
    run, put = Connection.run, new_files.replace

    def recorded(self: Connection, sql: str, values: Any) -> Any:
        seen.append(sql)
        return run(self, sql, values)

    def replaced(new: Path, path: Path) -> None:
        put(new, path)
        seen.append("replaced")

    monkeypatch.setattr(Connection, "run", recorded)
    monkeypatch.setattr("sparkify.engines.duckdb.rewrite.replace", replaced)
    forget(published)
    assert seen[-1] == "replaced"
