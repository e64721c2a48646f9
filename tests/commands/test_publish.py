"""The copy of the warehouse for readers: whole, current, and never in anybody's way."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest

from harness.paths import OLDER_DUCKDB
from harness.records import event, lines, song
from harness.rows import Row
from harness.warehouse import Sparkify
from sparkify import sql_queries
from sparkify.engines.duckdb import publish
from sparkify.engines.duckdb.connection import Connection
from sparkify.errors import LoadError
from sparkify.private_folders import PREFIX


@pytest.fixture
def published(sparkify: Sparkify) -> Sparkify:
    """A warehouse with one play, and its copy."""
    sparkify.configure(more="PUBLISH = readers.duckdb")
    sparkify.put("song_data/A/a.json", lines([song()]))
    deliver(sparkify, 1)
    return sparkify


def deliver(sparkify: Sparkify, session: int) -> None:
    """Load one more play."""
    sparkify.put(f"log_data/{session}.json", lines([event(sessionId=session), event(sessionId=session, page="Home")]))
    sparkify.loaded()


def copy_of(sparkify: Sparkify) -> Path:
    return sparkify.folder / "readers.duckdb"


def ask(path: Path, *statements: str) -> list[list[Row]]:
    with duckdb.connect(path, read_only=True) as connection:
        return [connection.execute(sql).fetchall() for sql in statements]


def rows(path: Path) -> dict[str, list[str]]:
    """All rows of the lasting tables and views."""
    found = ask(path, *(f'select * from "{name}"' for name in sql_queries.LASTING))
    return {name: sorted(map(repr, each)) for name, each in zip(sql_queries.LASTING, found, strict=True)}


def count(path: Path) -> int:
    [[(plays,)]] = ask(path, "select count(*) from plays")
    return int(plays)


@contextmanager
def held(path: Path, *, read_only: bool, older: bool = False) -> Iterator[Callable[[str], str]]:
    """A program of somebody else's that has a file open; what it is asked, it answers."""
    program = (
        "import sys, duckdb\n"
        f"connection = duckdb.connect(sys.argv[1], read_only={read_only})\n"
        "print(duckdb.__version__, flush=True)\n"
        "for sql in sys.stdin: print(connection.execute(sql).fetchall(), flush=True)\n"
    )
    environment = {"PYTHONPATH": str(OLDER_DUCKDB)} if older else {}
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    assert process.stdin
    assert process.stdout
    stdin, stdout = process.stdin, process.stdout
    assert stdout.readline().startswith("1.4." if older else duckdb.__version__)

    def answer(sql: str) -> str:
        stdin.write(f"{sql}\n")
        stdin.flush()
        return stdout.readline().strip()

    try:
        yield answer
    finally:
        process.communicate()


def test_the_copy_holds_all_that_lasts_with_keys_and_descriptions_in_the_format_of_duckdb_1_4(
    published: Sparkify,
) -> None:
    copy = copy_of(published)
    assert rows(copy) == rows(published.database)
    keys, comments, tables, tags = ask(
        copy,
        "select constraint_type, count(*) from duckdb_constraints() group by all order by 1",
        "select comment from duckdb_columns() where table_name = 'songplays' and column_name = 'user_id'",
        "select distinct table_schema from information_schema.tables",
        "select tags from duckdb_databases() where path is not null",
    )
    assert [(kind, number) for kind, number in keys if kind != "NOT NULL"] == [("FOREIGN KEY", 6), ("PRIMARY KEY", 9)]
    assert comments == [("who listened, in users; null: logged out",)]
    assert tables == [("main",)]
    assert "v1.4.0" in str(tags)
    left = [path.name for path in published.folder.iterdir() if path.suffix == ".wal" or path.name.startswith(PREFIX)]
    assert left == []


def test_whoever_has_the_copy_open_keeps_it_through_a_load_and_the_next_one_gets_the_new(published: Sparkify) -> None:
    copy = copy_of(published)
    with held(copy, read_only=True) as new, held(copy, read_only=True, older=True) as old:
        deliver(published, 2)
        for client in (new, old):
            assert client("select count(*) from plays") == "[(1,)]"
        assert count(copy) == 2
        deliver(published, 3)
    assert count(copy) == 3


def test_a_tool_that_holds_the_copy_for_writing_is_in_nobodys_way(published: Sparkify) -> None:
    with held(copy_of(published), read_only=False) as tool:
        deliver(published, 2)
        assert tool("select count(*) from plays") == "[(1,)]"
        assert published.command("query", "totals").exit_code == 0
    assert count(copy_of(published)) == 2


def test_questions_reports_exports_and_the_status_are_answered_while_a_load_holds_the_warehouse(
    published: Sparkify, tmp_path: Path
) -> None:
    with held(published.database, read_only=False):
        for command in (
            ["query", "select count(*) as n from plays", "--format", "csv"],
            ["report", "--output", str(tmp_path / "report.html")],
            ["export", str(tmp_path / "export")],
            ["status"],
        ):
            done = published.command(*command)
            assert done.exit_code == 0, done.err
        assert "another process holds it; this is of its copy" in done.err
        refused = published.command("query", "select 1", "--output", str(copy_of(published)))
        assert refused.exit_code == 2
        assert "this is the copy for readers" in refused.err


def test_a_question_does_not_hold_the_warehouse(published: Sparkify) -> None:
    published.change("delete from songplays")
    assert json.loads(published.command("query", "totals", "--format", "json").out)["rows"][0]["plays"] == 1


def test_a_run_with_nothing_new_writes_no_copy_and_one_that_is_missing_or_old_is_written(published: Sparkify) -> None:
    copy = copy_of(published)
    before = copy.stat().st_ino
    published.loaded()
    assert copy.stat().st_ino == before
    copy.unlink()
    published.loaded()
    assert count(copy) == 1


@pytest.mark.parametrize("content", [b"a letter", b"", "foreign database"])
def test_a_file_that_is_no_copy_is_not_replaced(published: Sparkify, content: Any) -> None:
    copy = copy_of(published)
    copy.unlink()
    if isinstance(content, bytes):
        copy.write_bytes(content)
    else:
        with duckdb.connect(copy) as connection:
            connection.execute("create table mine as select 1 as one")
    before = copy.read_bytes()
    published.put("log_data/2.json", lines([event(sessionId=2)]))
    done = published.etl()
    assert done.exit_code == 3
    assert "[DUCKDB] PUBLISH" in done.err or "PATH to another file" in done.err
    assert "the run is done, and all of it stays loaded" in done.err
    assert copy.read_bytes() == before
    assert published.query("select count(*) from songplays") == [(2,)]


def test_the_warehouse_itself_cannot_be_its_copy(published: Sparkify) -> None:
    published.configure(more="PUBLISH = ./sparkify.duckdb")
    done = published.etl()
    assert done.exit_code == 2
    assert "accepted is another file than [DUCKDB] PATH" in done.err


def test_a_publication_that_stops_anywhere_leaves_the_former_copy_and_the_next_run_makes_up_for_it(
    published: Sparkify, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = copy_of(published)
    former = copy.read_bytes()
    published.put("log_data/2.json", lines([event(sessionId=2)]))
    stops = stopping_at_each_statement(monkeypatch)
    for fault in stops:
        done = published.etl()
        if done.exit_code == 0:
            break
        assert done.exit_code in (3, 130), done.err
        assert "all of it stays loaded" in done.err
        assert copy.read_bytes() == former, fault
    else:
        raise AssertionError("no run survived")
    monkeypatch.undo()
    assert count(copy) == 2
    assert rows(copy) == rows(published.database)
    assert not [path for path in published.folder.iterdir() if path.name.startswith(PREFIX)]


def stopping_at_each_statement(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Let the first statement of a publication fail, then the second, and so on, by an error and by Ctrl-C in turn."""
    query = Connection.query
    started = publish.publish
    state = {"left": -1}

    def failing(self: Connection, sql: str, values: Any = None) -> Any:
        if state["left"] == 0:
            state["left"] = -1
            raise KeyboardInterrupt if state["interrupts"] else LoadError("injected")
        if state["left"] > 0:
            state["left"] -= 1
        return query(self, sql, values)

    def counted(*arguments: Any) -> None:
        state["left"] = state["next"]
        try:
            started(*arguments)
        finally:
            state["left"] = -1

    monkeypatch.setattr(Connection, "query", failing)
    monkeypatch.setattr(publish, "publish", counted)
    for number in range(0, 1_000, 7):
        state["next"], state["interrupts"] = number, number % 2
        yield f"at statement {number}"


def test_a_copy_of_another_warehouse_is_written_anew(published: Sparkify, monkeypatch: pytest.MonkeyPatch) -> None:
    published.put("log_data/1.json", lines([event(sessionId=7)]))
    monkeypatch.setenv("DWH_DUCKDB_PATH", 'the "other".duckdb')
    published.created()
    published.loaded()
    assert ask(copy_of(published), "select session_id from plays") == [[(7,)]]


def test_another_warehouse_is_not_taken_for_a_copy(published: Sparkify) -> None:
    copy = copy_of(published)
    copy.write_bytes(published.database.read_bytes())
    before = copy.read_bytes()
    published.put("log_data/2.json", lines([event(sessionId=2)]))
    done = published.etl()
    assert done.exit_code == 3
    assert "this is no copy of a warehouse, and is not replaced" in done.err
    assert copy.read_bytes() == before


def test_what_a_killed_tool_left_beside_the_copy_spoils_no_later_one_and_who_may_read_it_may_go_on(
    published: Sparkify,
) -> None:
    copy = copy_of(published)
    copy.chmod(0o640)
    program = (
        "import os, sys, duckdb; c = duckdb.connect(sys.argv[1]); c.execute('create table x (a int)'); os._exit(1)"
    )
    subprocess.run([sys.executable, "-c", program, str(copy)], check=False)
    assert copy.with_name(f"{copy.name}.wal").exists()
    published.loaded()
    assert count(copy) == 1
    assert copy.stat().st_mode & 0o777 == 0o640
    assert not copy.with_name(f"{copy.name}.wal").exists()


def test_the_status_of_a_damaged_warehouse_is_not_that_of_its_copy(published: Sparkify) -> None:
    published.database.write_bytes(b"\0" * 8 + b"DUCK" + b"rubbish" * 9_000)
    done = published.command("status")
    assert done.exit_code == 3
    assert "cannot be opened" in done.err


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (Path.mkdir, "a folder"),
        (lambda path: path.write_text("mine"), "a file of another kind"),
    ],
    ids=["a folder", "a file"],
)
def test_what_is_no_copy_is_not_replaced_and_the_key_that_names_it_is_told(
    make: Callable[[Path], object], what: str, sparkify: Sparkify
) -> None:
    make(copy_of(sparkify))
    sparkify.configure(more="PUBLISH = readers.duckdb")
    done = sparkify.etl()
    assert done.exit_code == 3
    assert f"the copy for readers cannot be opened: this is {what}" in done.error
    assert "set [DUCKDB] PUBLISH to another file" in done.error
    assert "PATH" not in done.error


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("readers.duckdb", "✓ copy           "),
        ("dwh.cfg", "this is a file of another kind"),
        ("no/x", "there is no folder"),
    ],
)
def test_the_doctor_says_whether_a_copy_can_be_written(name: str, words: str, published: Sparkify) -> None:
    published.configure(more=f"PUBLISH = {name}")
    done = published.command("doctor")
    assert done.exit_code == (0 if words.startswith("✓") else 3)
    assert words in done.out
    assert name in done.out


def test_who_drops_the_tables_hears_that_the_copy_is_as_it_was(published: Sparkify) -> None:
    done = published.command("create-tables", "--drop", "--yes")
    kept = f"; {copy_of(published)}, its copy for readers, is as it was until the next sparkify etl"
    assert done.out == f"dropped and created the tables in {published.database}{kept}\n"
    assert count(copy_of(published)) == 1
    published.loaded()
    assert rows(copy_of(published)) == rows(published.database)


def test_a_warehouse_of_many_plays_is_published_without_keys(
    published: Sparkify, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publish, "MOST_PLAYS_WITH_KEYS", 1)
    deliver(published, 2)
    [keys] = ask(copy_of(published), "select 1 from duckdb_constraints() where constraint_type like '% KEY'")
    assert keys == []
