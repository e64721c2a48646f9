"""`sparkify query`: an answer in every form holds what the warehouse holds, and no question can change anything."""

import csv
import errno
import io
import json
import math
import os
import signal
import subprocess
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import duckdb
import pytest
from rich.cells import cell_len

from harness.answers import connected
from harness.engines import opened
from harness.program import PROGRAM, Outcome, run
from harness.records import event, lines, song
from harness.redshift import OnRedshift
from harness.warehouse import Sparkify
from sparkify import formats, questions, sql_queries
from sparkify.engines.duckdb.interrupts import Interrupts
from sparkify.engines.redshift.questions import why_refused
from sparkify.formats import FORMATS


@pytest.fixture(scope="module", params=["duckdb", "redshift"])
def on_both(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sparkify]:
    """A warehouse with one song and two plays of it. All tests share it, for no question can change it."""
    with filled(request, request.param, tmp_path_factory.mktemp(request.param)) as made:
        yield made


@pytest.fixture(scope="module")
def loaded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sparkify]:
    """The same in DuckDB alone."""
    with filled(request, "duckdb", tmp_path_factory.mktemp("loaded")) as made:
        yield made


@contextmanager
def filled(request: pytest.FixtureRequest, engine: str, folder: Path) -> Iterator[Sparkify]:
    with opened(request, engine, folder / "sparkify") as made:
        made.put("song_data/A/a.json", lines([song()]))
        made.put("log_data/a.json", lines([event(), event(sessionId=2, level="free")]))
        made.loaded()
        yield made


def asked(sparkify: Sparkify, *arguments: str) -> str:
    """What a question that is answered prints."""
    outcome = sparkify.command("query", *arguments)
    assert outcome.exit_code == 0, outcome.err
    return outcome.out


def refused(outcome: Outcome) -> str:
    """The error of a question that is refused before anything is printed."""
    assert outcome.exit_code == 2, outcome
    assert outcome.out == ""
    *error, last = outcome.err.removeprefix("error: ").splitlines()
    assert last == "nothing was changed"
    return "\n".join(error)


# ---------------------------------------------------------------- the forms


class Given(NamedTuple):
    """A value: how SQL writes it, what it is, and how CSV and JSON write it."""

    sql: str
    value: object
    csv: str
    json: object


AWKWARD = {
    "nothing": Given("cast(null as varchar(9))", None, "", None),
    "an empty text": Given("''", "", '""', ""),
    "a space": Given("' '", " ", " ", " "),
    "two lines": Given("'a\nb'", "a\nb", '"a\nb"', "a\nb"),
    "a tab": Given("'a\tb'", "a\tb", "a\tb", "a\tb"),
    "a comma": Given("'a, b'", "a, b", '"a, b"', "a, b"),
    "quotes": Given("""'say "hi"'""", 'say "hi"', '"say ""hi"""', 'say "hi"'),
    "another script": Given("'فيروز'", "فيروز", "فيروز", "فيروز"),
    "an emoji": Given("'🎵 Beyoncé'", "🎵 Beyoncé", "🎵 Beyoncé", "🎵 Beyoncé"),
    "300 characters": Given(f"'{'x' * 300}'", "x" * 300, "x" * 300, "x" * 300),
    "a huge number": Given("9223372036854775807", 2**63 - 1, "9223372036854775807", 2**63 - 1),
    "a negative number": Given("-7", -7, "-7", -7),
    "a fraction": Given("cast(295.5 as double precision)", 295.5, "295.5", 295.5),
    "no number": Given("cast('nan' as double precision)", math.nan, "nan", None),
    "an amount": Given(
        "cast(1234567890.12 as decimal(18, 2))", Decimal("1234567890.12"), "1234567890.12", 1234567890.12
    ),
    "a small amount": Given("cast(0.0000001 as decimal(20, 10))", Decimal("0.0000001"), "0.0000001000", 1e-7),
    "a whole amount": Given("cast(5 as decimal(9, 2))", Decimal(5), "5.00", 5),
    "a day": Given("cast('2018-11-01' as date)", date(2018, 11, 1), "2018-11-01", "2018-11-01"),
    "midnight": Given(
        "cast('2018-11-01' as timestamp)", datetime(2018, 11, 1), "2018-11-01 00:00:00", "2018-11-01T00:00:00"
    ),
    "a moment": Given(
        "cast('2018-11-21 23:57:12.796001' as timestamp)",
        datetime(2018, 11, 21, 23, 57, 12, 796_001),
        "2018-11-21 23:57:12.796001",
        "2018-11-21T23:57:12.796001",
    ),
    "yes": Given("(1 = 1)", True, "true", True),
    "no": Given("(1 = 0)", False, "false", False),
}
ALL_AWKWARD = "select " + ", ".join(f'{given.sql} as "{name}"' for name, given in AWKWARD.items())


def same(found: Any, expected: Any) -> bool:
    return bool(found == expected or (found != found and expected != expected))


def test_csv_holds_every_value_and_tells_null_from_an_empty_text(on_both: Sparkify) -> None:
    out = asked(on_both, ALL_AWKWARD, "--format", "csv")
    assert out == f"{','.join(AWKWARD)}\n{','.join(given.csv for given in AWKWARD.values())}\n"
    [_, read] = csv.reader(io.StringIO(out, newline=""))
    texts = {name: given.value for name, given in AWKWARD.items() if isinstance(given.value, str)}
    assert {name: text for name, text in zip(AWKWARD, read, strict=True) if name in texts} == texts


def test_json_holds_every_value_as_its_kind_and_what_is_no_number_as_null(on_both: Sparkify) -> None:
    out = asked(on_both, ALL_AWKWARD, "--format", "json")
    assert json.loads(out) == {
        "version": 1,
        "columns": [*AWKWARD],
        "rows": [{name: given.json for name, given in AWKWARD.items()}],
    }
    assert "فيروز" in out


def test_parquet_read_by_another_program_holds_every_value(on_both: Sparkify, tmp_path: Path) -> None:
    asked(on_both, ALL_AWKWARD, "--format", "parquet", "--output", str(tmp_path / "all.parquet"))
    read = duckdb.read_parquet(str(tmp_path / "all.parquet"))
    [row] = read.fetchall()
    found = dict(zip(read.columns, row, strict=True))
    assert [*found] == [*AWKWARD]
    assert {name: found[name] for name, given in AWKWARD.items() if not same(found[name], given.value)} == {}
    kinds = dict(zip(read.columns, map(str, read.types), strict=True))
    assert kinds["a huge number"] == "BIGINT"
    assert kinds["a small amount"] == "DECIMAL(20,10)"
    assert (kinds["a day"], kinds["a moment"], kinds["yes"]) == ("DATE", "TIMESTAMP", "BOOLEAN")


def test_a_table_has_one_line_for_each_row_whatever_its_texts_hold(on_both: Sparkify) -> None:
    head, rule, row = asked(on_both, ALL_AWKWARD).splitlines()
    assert head.split() == " ".join(AWKWARD).split()
    assert set(rule) == {"─", " "}
    for shown in (r"a\nb", r"a\tb", "فيروز", "🎵 Beyoncé", "x" * 300, "9223372036854775807", "true"):
        assert shown in row


def test_what_could_steer_the_terminal_is_spelled_out_in_a_table(sparkify: Sparkify) -> None:
    out = asked(sparkify, "select chr(27) || '[31mred' as text, 1 as \"a\nb\"")
    assert "\x1b" not in out
    assert r"\x1b[31mred" in out
    assert r"a\nb" in out


def cells(text: str) -> int:
    """How many cells of a terminal a text takes."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def test_the_columns_of_a_table_stand_below_each_other_and_numbers_to_the_right(on_both: Sparkify) -> None:
    texts = ["x", "فيروز", "🎵🎶", "日本のうた", "e\u0301te\u0301"]
    union = " union all ".join(f"select {n} as n, '{text}' as title, 10 * {n} as plays" for n, text in enumerate(texts))
    head, rule, *rows = asked(on_both, f"select title, plays from ({union}) as t order by n").splitlines()
    assert [row.split() for row in rows] == [[text, str(10 * n)] for n, text in enumerate(texts)]
    assert {cells(line) for line in (head, rule, *rows)} == {cells(head)}


def test_no_rows_are_a_whole_answer_in_every_form(on_both: Sparkify, tmp_path: Path) -> None:
    sql = "select user_id, level, latest_start_time from users where 1 = 0"
    assert asked(on_both, sql, "--format", "csv") == "user_id,level,latest_start_time\n"
    assert json.loads(asked(on_both, sql, "--format", "json"))["rows"] == []
    assert len(asked(on_both, sql).splitlines()) == 2
    asked(on_both, sql, "--format", "parquet", "--output", str(tmp_path / "none.parquet"))
    read = duckdb.read_parquet(str(tmp_path / "none.parquet"))
    assert (read.columns, read.fetchall()) == (["user_id", "level", "latest_start_time"], [])


def test_columns_of_the_same_name_are_all_there(on_both: Sparkify, tmp_path: Path) -> None:
    sql = 'select 1 as n, 2 as n, 3 as n_2, 4 as "N"'
    assert asked(on_both, sql, "--format", "csv").splitlines()[1] == "1,2,3,4"
    found = json.loads(asked(on_both, sql, "--format", "json"))
    assert [found["rows"][0][name] for name in found["columns"]] == [1, 2, 3, 4]
    assert len(set(found["columns"])) == 4
    asked(on_both, sql, "--format", "parquet", "--output", str(tmp_path / "same.parquet"))
    assert duckdb.read_parquet(str(tmp_path / "same.parquet")).fetchall() == [(1, 2, 3, 4)]


@pytest.mark.parametrize("later", ["00:00:01", "00:00:10.796", "2 days", "1 day 03:00:01.5", "40 days 23:59:59.999999"])
def test_a_span_of_time_is_written_as_sql_spells_it(loaded: Sparkify, later: str) -> None:
    moment = "timestamp '2018-11-01 12:00:00'"
    sql = f"with s as (select {moment} + interval '{later}' - {moment} as span) select span, -span, -span + span from s"
    negative = " ".join(f"-{part}" if part[0].isdigit() else part for part in later.split())
    assert asked(loaded, sql, "--format", "csv").splitlines()[1] == f"{later},{negative},00:00:00"
    [row] = json.loads(asked(loaded, sql, "--format", "json"))["rows"]
    assert [*row.values()] == [later, negative, "00:00:00"]


def test_a_return_within_a_text_is_quoted_in_csv_and_spelled_out_in_a_table(loaded: Sparkify) -> None:
    assert asked(loaded, "select 'a\rb' as text", "--format", "csv") == 'text\n"a\rb"\n'
    assert asked(loaded, "select 'a\rb' as text").splitlines()[2:] == [r"a\rb"]


def test_lists_and_structures_of_duckdb_are_json(sparkify: Sparkify) -> None:
    sql = "select [1, null] as l, {'day': date '2018-11-01'} as s"
    assert asked(sparkify, sql, "--format", "csv") == 'l,s\n"[1, null]","{""day"": ""2018-11-01""}"\n'
    [row] = json.loads(asked(sparkify, sql, "--format", "json"))["rows"]
    assert row == {"l": [1, None], "s": {"day": "2018-11-01"}}


def test_many_rows_come_whole_and_in_order_in_every_form_for_programs(sparkify: Sparkify, tmp_path: Path) -> None:
    sql = "select i, 'row ' || i as name from range(25_000) as t (i) order by i"
    expected = [(n, f"row {n}") for n in range(25_000)]
    for form in ("csv", "json", "parquet"):
        asked(sparkify, sql, "--format", form, "--output", str(tmp_path / form))
    assert duckdb.read_parquet(str(tmp_path / "parquet")).fetchall() == expected
    assert duckdb.read_csv(str(tmp_path / "csv")).fetchall() == expected
    rows = json.loads((tmp_path / "json").read_text())["rows"]
    assert [(row["i"], row["name"]) for row in rows] == expected


@pytest.mark.parametrize("count", [formats.TABLE_ROWS - 1, formats.TABLE_ROWS, formats.TABLE_ROWS + 1, 100_000_000_000])
def test_a_table_ends_after_its_first_rows_and_says_whether_there_are_more(count: int, loaded: Sparkify) -> None:
    _, _, *rows = asked(loaded, f"select i from range({count}) as t (i)").splitlines()
    more = [row for row in rows if row.startswith("…")]
    assert [int(row) for row in rows[: len(rows) - len(more)]] == [*range(min(count, formats.TABLE_ROWS))]
    assert len(more) == (count > formats.TABLE_ROWS)
    assert all("--format csv" in line for line in more)


def test_a_cell_of_a_table_is_cut_where_a_text_is_long(loaded: Sparkify) -> None:
    _, _, row = asked(loaded, "select repeat('x', 1_000_000) as a, 'end' as b").splitlines()
    assert row == "x" * (formats.CELL - 1) + "…  end"


def test_a_table_of_long_texts_ends_earlier(loaded: Sparkify) -> None:
    rows = asked(loaded, "select repeat('x', 60_000) as a from range(9_000) as t (i)").splitlines()
    assert len(rows) < 1_000
    assert rows[-1].startswith("… and more than these ")


def test_parquet_goes_through_a_pipe_whole(sparkify: Sparkify, tmp_path: Path) -> None:
    command = [*PROGRAM, "query", "select 1 as one", "--format", "parquet", "--config", str(sparkify.config)]
    piped = subprocess.run(command, capture_output=True, check=True)
    (tmp_path / "piped.parquet").write_bytes(piped.stdout)
    assert duckdb.read_parquet(str(tmp_path / "piped.parquet")).fetchall() == [(1,)]


# ---------------------------------------------------------------- the file


@pytest.mark.parametrize("form", FORMATS)
def test_a_file_holds_the_bytes_that_stdout_would_get(form: str, loaded: Sparkify, tmp_path: Path) -> None:
    command = [*PROGRAM, "query", "most_played_songs", "--format", form, "--config", str(loaded.config)]
    piped = subprocess.run(command, capture_output=True, check=True).stdout
    assert asked(loaded, "most_played_songs", "--format", form, "--output", str(tmp_path / "file")) == ""
    assert (tmp_path / "file").read_bytes() == piped


FAILS_LATE = "select case when i < 29_999 then i else error('too late') end as i from range(30_000) as t (i)"


@pytest.mark.parametrize("form", FORMATS)
def test_an_answer_that_breaks_off_leaves_the_old_file_as_it_was(form: str, sparkify: Sparkify, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("old")
    outcome = sparkify.command("query", FAILS_LATE, "--format", form, "--output", str(tmp_path / "file"))
    assert "too late" in refused(outcome)
    assert (tmp_path / "file").read_text() == "old"
    assert not [name for name in os.listdir(tmp_path) if name.startswith(".")]


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    yield
    os.umask(before)


@pytest.mark.parametrize("form", ["csv", "parquet"])
@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o027, 0o640), (0o077, 0o600)])
def test_a_file_is_as_open_as_the_umask_allows(
    form: str, mask: int, mode: int, sparkify: Sparkify, tmp_path: Path
) -> None:
    with umask(mask):
        asked(sparkify, "select 1 as one", "--format", form, "--output", str(tmp_path / "file"))
    assert (tmp_path / "file").stat().st_mode & 0o777 == mode


def test_a_link_stays_a_link(sparkify: Sparkify, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "file")
    asked(sparkify, "select 1 as one", "--format", "csv", "--output", str(tmp_path / "link"))
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").read_text() == "one\n1\n"


def test_what_is_no_file_is_written_to_and_not_replaced(sparkify: Sparkify, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    asked(sparkify, "select 1 as one", "--format", "csv", "--output", str(pipe))
    assert os.read(reader, 100) == b"one\n1\n"
    os.close(reader)
    assert pipe.is_fifo()


@pytest.mark.parametrize("form", FORMATS)
def test_a_file_that_cannot_be_written_is_named(form: str, sparkify: Sparkify, tmp_path: Path) -> None:
    for place in (tmp_path / "no folder" / "file", tmp_path):
        outcome = sparkify.command("query", "select 1 as one", "--format", form, "--output", str(place))
        assert outcome.exit_code == 3
        assert outcome.err.startswith(f"error: {place}: cannot be written (")


# ---------------------------------------------------------------- nothing can be changed

CHANGES = [
    "insert into users select * from users",
    "insert into users (user_id) values ('1')",
    "update users set level = 'paid'",
    "delete from users",
    "drop table users",
    "drop view plays",
    "create table mine (a integer)",
    "create table mine as select 1 as one",
    "create view mine as select 1 as one",
    "alter table users add column mine integer",
    "alter table users rename to mine",
    "truncate users",
    "truncate table users",
    "comment on table users is 'mine'",
    "commit; delete from users",
    "rollback; insert into users select * from users",
    "select 1; drop table users",
    "select 1 as one; delete from users; select 2 as two",
    "begin; delete from users; commit",
    "commit; begin; delete from users; commit",
    "/* a comment */ delete from users",
    "-- a comment\ndelete from users",
    "with one as (select 1 as n) delete from users",
]
"""Statements that neither engine takes."""

CHANGES_OF_DUCKDB = [
    "attach 'mine.duckdb' as mine",
    "attach ':memory:' as mine; create table mine.t as select 1 as one",
    "copy users to 'users.csv'",
    "copy (select 1 as one) to 'one.parquet' (format parquet)",
    "commit; copy users to 'users.csv'",
    "copy users from 'users.csv'",
    "export database 'all'",
    "install httpfs",
    "load httpfs",
    "select * from read_csv('dwh.cfg')",
    "select * from read_text('dwh.cfg')",
    "select * from 'bucket/log_data/a.json'",
    "select * from glob('*')",
    "set enable_external_access = true",
    "reset enable_external_access",
    "commit; set access_mode = 'read_write'",
    "set access_mode = 'automatic'",
    "pragma enable_profiling = 'json'; set profile_output = 'profile.json'; select 1 as one",
    "set log_query_path = 'queries.sql'",
    "set temp_directory = 'elsewhere'",
    "call enable_logging(storage = 'file', storage_path = 'logs')",
    "set lock_configuration = false",
    "set threads = 1",
    "detach sparkify",
    "prepare mine as delete from users; execute mine",
    "explain analyze delete from users",
]

WRITES_OF_DUCKDB = [
    "copy (select 1) to '{}/x.csv'",
    "with x as (copy (select 1) to '{}/x.csv') select 1",
    "select (with x as (copy (select 1) to '{}/x.csv') select 1)",
    "describe (with x as (copy (select 1) to '{}/x.csv') select 1)",
    "explain analyze copy (select 1) to '{}/x.csv'",
    "explain (analyze, format json) copy (select 1) to '{}/x.csv'",
    "--\rexplain analyze copy (select 1) to '{}/x.csv' --\nexplain select 1",
    "explain analyze with x as (copy (select 1) to '{}/x.csv') select 1",
    "copy (pivot users on level) to '{}/x.csv'",
    "--\rcopy (select 1) to '{}/x.csv'",
    "/* /* */ */ copy (select 1) to '{}/x.csv'",
    "$$a$$; copy (select 1) to '{}/x.csv'",
    "select * from query('with x as (copy (select 1) to ''{}/x.csv'') select 1')",
    "attach '{}/e.duckdb' (read_write)",
    "attach '{}/e.duckdb' as e; select 1",
    "export database '{}/all'",
    "call enable_logging(storage = 'file', storage_path = '{}')",
    "select * from enable_profiling(save_location = '{}/x.json')",
    "select * from checkpoint()",
    "call checkpoint()",
    "select * from read_text('{}/*')",
    "select * from GLOB('{}/*')",
    "select * from \"glob\"('{}/*')",
    "select * from main.sniff_csv('{}/x.csv')",
    "select * from json_execute_serialized_sql(json_serialize_sql('select 1'))",
    "with x as (delete from users returning *) select * from x",
    "pragma table_info('users')",
    "use main",
]
"""What would write or read in a folder, or act, were it not refused; DuckDB allows it in its temporary folder."""

HARMLESS_IN_DUCKDB = [
    "commit;",
    "rollback;",
    "create temp table mine as select 1 as one",
    "checkpoint;",
    "vacuum;",
    "set variable mine = 1",
    "select 1; select 2",
    "explain analyze set threads = 1",
]
"""They would change nothing, and are no questions."""

CHANGES_OF_REDSHIFT = [
    "create temp table mine (a integer)",
    "select 1 as one into mine",
    "copy users from 's3://bucket/users' iam_role default",
    "unload ('select 1') to 's3://bucket/one/' iam_role default",
    "/* select /* 1 */ */ -- select\n unload ('select 1') to 's3://bucket/one/' iam_role default",
    "call mine()",
    "vacuum users",
    "grant select on users to public",
    "lock table users",
    "set transaction read write",
    "start transaction",
    "commit;",
    "--\runload ('select 1') to 's3://bucket/one/' iam_role default",
    "select 1 --\r; unload ('select 1') to 's3://bucket/one/' iam_role default",
    "(unload ('select 1') to 's3://bucket/one/' iam_role default)",
    "explain analyze delete from users",
    "explain analyze unload ('select 1') to 's3://bucket/one/' iam_role default",
    "explain delete from users",
    "select 'a\\'; delete from users; --'",
    "select '\\'' ; delete from users; --'",
    "select $$'$$; delete from users; --'",
    "select e'\\''; delete from users; --'",
    "select pg_terminate_backend(1)",
    "select pg_catalog.pg_cancel_backend (pg_backend_pid())",
    'select "pg_terminate_backend"(1)',
    'select PG_CATALOG . "pg_cancel_backend" /* a comment */ (1)',
    "select pg_terminate_backend --\r(1)",
    "select set_config('search_path', 'mine', false)",
    "select pg_advisory_lock(1)",
    "select pg_sleep(1)",
    "select 1into mine",
    "select 1.5into temp mine from users",
    "select * from users limit 1for update",
    'select u&"\\0070g_terminate_backend"(1)',
    "select lowrite(0, 'x')",
    "/* /* */ unload ('select 1') to 's3://bucket/one/' iam_role default -- */ select 1",
    "select nextval('mine')",
    "select lo_import('/etc/passwd')",
    "with x as (delete from users returning *) select * from x",
    "select * from ( /* a comment */ insert into users select * from users) as x",
    "select * from users for update",
    "select * from users for no key update",
    "prepare mine as select 1",
    "execute mine",
    "declare mine cursor for select 1",
    "fetch all from mine",
    "set query_group to 'mine'",
    "reset all",
    "analyze users",
    "do $$ begin end $$",
]

READING_ON_REDSHIFT = [
    "select 'unload; delete' as a, 'it''s' as b -- ; delete",
    "(select 1) union all (select 2)",
    "with x as (select 1 as n) select n from x;",
    "explain select 1",
    "explain verbose select 1",
    "show timezone",
    "select 1 as update_count, 2 as into_it, 3 as pg_sleep",
    "select pg_backend_pid(), pg_get_viewdef('plays')",
    "select split_part(user_agent, '\\\\', 1) from songplays",
    'select count(*) as "select; into" from users ; -- the end',
]


def state(sparkify: Sparkify) -> object:
    """What a question may not change: the rows, in DuckDB as the bytes of the file, and which files there are."""
    content = sparkify.database.read_bytes() if sparkify.engine == "duckdb" else sparkify.content(with_runs=True)
    return content, {*sparkify.folder.rglob("*")}


def refuses(sparkify: Sparkify, statements: list[str]) -> None:
    """Fail where a statement is answered, changes a row or makes a file."""
    before = state(sparkify)
    for sql in statements:
        refused(sparkify.command("query", sql))
        assert (state(sparkify) == before) is True, sql


def test_a_question_that_would_change_something_is_refused(on_both: Sparkify, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(on_both.folder)
    refuses(on_both, CHANGES)


def test_a_question_to_duckdb_reaches_no_file(loaded: Sparkify, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(loaded.folder)
    refuses(loaded, CHANGES_OF_DUCKDB)


@pytest.mark.parametrize("on_both", ["redshift"], indirect=True)
def test_a_question_to_redshift_reaches_no_bucket(on_both: Sparkify) -> None:
    refuses(on_both, CHANGES_OF_REDSHIFT)


def test_a_question_writes_nothing_into_the_folders_that_duckdb_may_use(
    loaded: Sparkify, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(loaded.folder)
    folder = loaded.database.with_name(f"{loaded.database.name}.tmp")
    folder.mkdir()
    refuses(loaded, [sql.format(folder) for sql in WRITES_OF_DUCKDB])
    folder.rmdir()


READING_IN_DUCKDB = [
    "from users",
    "table users",
    "values (1), (2)",
    "describe users",
    "show tables",
    "summarize users",
    "explain select 1",
    "-- why\nexplain analyze select count(*) from plays",
    "explain (format json) select 1",
    "explain analyze (select 1)",
    "pivot users on level in ('free', 'paid')",
    "with recursive r as (select 1 as n union all select n + 1 from r where n < 3) select * from r",
    "select 1 as n union select 2 order by n;;  -- the end",
    "select * from range(3), generate_series(1, 2)",
    "select table_name from duckdb_tables()",
    "select * from pragma_table_info('users')",
    'select unnest([1, 2]), $$a;b$$, e\'\\\';\', \'"type":"COPY_QUERY_NODE"\' as "copy; to"',
    "select name from (describe users), (select 'x' as name)",
]


@pytest.mark.parametrize("sql", READING_IN_DUCKDB)
def test_every_kind_of_statement_that_reads_is_a_question_to_duckdb(sql: str, loaded: Sparkify) -> None:
    assert json.loads(asked(loaded, sql, "--format", "json"))["rows"]


@pytest.mark.parametrize("sql", READING_ON_REDSHIFT)
def test_every_kind_of_statement_that_reads_is_a_question_to_redshift(sql: str) -> None:
    assert why_refused(sql) == ""


@pytest.mark.parametrize("sql", [*CHANGES, *CHANGES_OF_REDSHIFT])
def test_what_is_no_question_to_redshift_is_told_by_its_words_before_it_is_sent(sql: str) -> None:
    assert why_refused(sql)


def test_every_question_that_ships_with_the_program_only_reads() -> None:
    for name in sql_queries.names("report"):
        assert why_refused(questions.Question(name).sql) == ""


@pytest.mark.parametrize("sql", HARMLESS_IN_DUCKDB)
def test_what_is_no_question_is_refused_even_where_it_changes_nothing(
    sql: str, loaded: Sparkify, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(loaded.folder)
    refuses(loaded, [sql])


# ---------------------------------------------------------------- what can be asked


@pytest.mark.parametrize("sql", ["", " ", ";", "-- nothing but a comment", "/* nothing */"])
def test_a_text_without_a_statement_is_refused(sql: str, on_both: Sparkify) -> None:
    assert refused(on_both.command("query", sql)).startswith(sparkify_place(on_both))


def sparkify_place(sparkify: Sparkify) -> str:
    """How errors begin that the engine raises."""
    return str(sparkify.database) if sparkify.engine == "duckdb" else "redshift://"


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("selec 1", "selec"),
        ("select 1 +", "syntax error"),
        ("select mine from users", "mine"),
        ("select 1 from nowhere", "nowhere"),
        ("select $mine", ""),
        ("select cast('x' as integer)", "x"),
    ],
)
def test_a_broken_statement_is_told_in_the_words_of_the_engine(sql: str, words: str, on_both: Sparkify) -> None:
    assert words in refused(on_both.command("query", sql))


def test_a_statement_may_end_with_a_semicolon_and_begin_with_a_comment(on_both: Sparkify) -> None:
    assert asked(on_both, "-- one\nselect 1 as one;", "--format", "csv") == "one\n1\n"


def test_sql_of_ones_own_takes_the_options_as_parameters(on_both: Sparkify) -> None:
    sql = """
        select count(*) as plays from songplays
        where start_time >= $from_time and start_time < $to_time and $level in ('all', level)
    """

    def plays(*options: str) -> int:
        return int(asked(on_both, sql, "--format", "csv", *options).split()[1])

    assert plays() == 2
    assert plays("--level", "free") == 1
    assert plays("--from", "2018-11-22", "--to", "2018-11-22") == 2
    assert plays("--to", "2018-11-21") == 0
    assert plays("--from", "2018-11-23") == 0
    assert plays("--from", "0001-01-01", "--to", "9999-12-31") == 2
    limited = "select title from songplays order by title limit $most"
    assert asked(on_both, limited, "--limit", "1", "--format", "csv") == "title\nHello\n"
    assert asked(on_both, limited, "--limit", "0", "--format", "csv") == "title\n"


def test_a_limit_beyond_all_numbers_is_no_harm(on_both: Sparkify) -> None:
    outcome = on_both.command("query", "most_played_songs", "--limit", "9" * 30)
    assert outcome.exit_code in (0, 2)


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        (
            ["select $from, $most"],
            "nothing gives a value to $from; SQL may use $from_time, $to_time, $level, $by,",
        ),
        (["freshness", "--level", "paid"], "--level: this question has no such option, it takes none"),
        (["totals", "--limit", "3"], "--limit: this question has no such option, it takes --from, --to, --level"),
        (["select 1", "--from", "2018-11-01", "--limit", "3"], "SQL of your own takes it as $from_time, $most)"),
        (["totals", "--from", "2018-11-02", "--to", "2018-11-01"], "--from 2018-11-02 is after --to 2018-11-01"),
        (["most_playd_songs"], "most_playd_songs: there is no such question; did you mean most_played_songs?"),
        (["--limit", "3"], "--limit: name the question that is meant; without one, all are listed"),
        (["--level", "paid", "--by", "week"], "--level and --by: name the question that is meant"),
        (["anything"], "anything: there is no such question; `sparkify query` lists them; SQL goes into quotes"),
    ],
)
def test_a_question_that_cannot_be_asked_so_is_refused_with_what_can(
    typed: list[str], message: str, sparkify: Sparkify
) -> None:
    assert message in refused(sparkify.command("query", *typed))


def test_without_a_question_all_are_listed_even_before_there_is_a_warehouse(tmp_path: Path) -> None:
    listed = run("query", "--config", str(tmp_path / "none.cfg"))
    assert listed.exit_code == 0
    for name in sql_queries.names("report"):
        assert name in listed.out
    rows = json.loads(run("query", "--format", "json").out)["rows"]
    assert [row["question"] for row in rows] == sql_queries.names("report")
    assert all(row["what it answers"].endswith("?") for row in rows)


# ---------------------------------------------------------------- how it ends


@pytest.mark.parametrize("form", ["table", "csv", "json"])
def test_whoever_has_read_enough_ends_the_query_quietly(form: str, sparkify: Sparkify) -> None:
    query = f'"$@" query "select i from range(100000) as t (i)" --format {form} --config "$0"'
    shell = ["bash", "-o", "pipefail", "-c", f"{query} | head -1", str(sparkify.config), *PROGRAM]
    done = subprocess.run(shell, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("arguments", [["query", "totals"], ["query", "totals", "--format", "parquet"], ["status"]])
def test_output_that_finds_no_room_is_an_error_in_a_sentence(arguments: list[str], sparkify: Sparkify) -> None:
    with Path("/dev/full").open("w") as full:
        command = [*PROGRAM, *arguments, "--config", str(sparkify.config)]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 3
    [error] = done.stderr.splitlines()
    assert error.startswith("error: the output cannot be written (No space left on device)")


def interrupted(process: "subprocess.Popen[str]") -> None:
    """Fail where a query does not end as one that Ctrl-C ends."""
    process.send_signal(signal.SIGINT)
    _, err = process.communicate()
    assert process.returncode == 130
    assert err.splitlines()[-2:] == ["error: interrupted", "nothing was changed"]
    assert "Traceback" not in err


def test_ctrl_c_ends_a_query_that_prints_and_prints(sparkify: Sparkify) -> None:
    process = sparkify.started("query", "select i from range(100_000_000_000) as t (i)", "--format", "csv")
    assert process.stdout
    assert process.stdout.readline() == "i\n"
    interrupted(process)


def test_ctrl_c_ends_a_query_that_computes_and_computes(sparkify: Sparkify) -> None:
    sql = "select max(hash(a.i + b.i)) from range(1_000_000_000) as a (i), range(1_000_000) as b (i)"
    process = sparkify.started("query", sql, "--verbose")
    assert process.stderr
    while "begin transaction read only" not in process.stderr.readline():
        pass
    interrupted(process)


@contextmanager
def deaf_to(number: signal.Signals) -> Iterator[None]:
    """Nothing comes of a signal, as in a thread that waits within DuckDB."""
    before = signal.signal(number, lambda *_: None)
    yield
    signal.signal(number, before)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_statement_that_does_not_hear_a_signal_is_interrupted(number: signal.Signals) -> None:
    interrupted = threading.Event()
    interrupts = Interrupts(interrupted.set)
    with deaf_to(number), interrupts.statement():
        os.kill(os.getpid(), number)
        assert interrupted.wait(10)
    interrupts.close()


def test_a_statement_after_one_that_heard_a_signal_is_let_be(monkeypatch: pytest.MonkeyPatch) -> None:
    interrupted, seen, over = threading.Event(), threading.Event(), threading.Event()

    def grace(seconds: float) -> None:
        seen.set()
        over.wait(10)

    monkeypatch.setattr("sparkify.engines.duckdb.interrupts.time", SimpleNamespace(sleep=grace))
    interrupts = Interrupts(interrupted.set)
    with deaf_to(signal.SIGINT):
        with interrupts.statement():
            os.kill(os.getpid(), signal.SIGINT)
            assert seen.wait(10)
        with interrupts.statement():
            over.set()
            interrupts.close()
            for watching in [thread for thread in threading.enumerate() if thread.name == "Ctrl-C"]:
                watching.join(10)
    assert not interrupted.is_set()


def test_a_query_that_does_not_fit_into_memory_takes_the_disk(sparkify: Sparkify) -> None:
    sparkify.configure(more="MEMORY_LIMIT = 50 MB")
    sql = "select count(*) as n from (select distinct md5(cast(i as varchar)) as x from range(2_000_000) as t (i)) as d"
    assert asked(sparkify, sql, "--format", "csv") == "n\n2000000\n"
    assert not [*sparkify.folder.glob("*.tmp")]


@pytest.fixture
def no_temporary_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container with a read-only file system: no folder can be made."""

    def refused(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr("tempfile.mkdtemp", refused)


@pytest.mark.usefixtures("no_temporary_folder")
def test_where_no_file_may_be_written_a_query_is_answered_in_memory(sparkify: Sparkify) -> None:
    sparkify.configure(more="MEMORY_LIMIT = 50 MB")
    assert asked(sparkify, "select count(*) as n from plays", "--format", "csv") == "n\n0\n"
    sql = "select count(*) from (select distinct md5(cast(i as varchar)) from range(2_000_000) as t (i)) as d"
    assert "raise [DUCKDB] MEMORY_LIMIT" in sparkify.command("query", sql).refusal(1)


def test_a_query_that_would_fill_the_disk_says_what_it_may_take(
    sparkify: Sparkify, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sparkify.engines.duckdb.errors.QUESTION_SPILL", "10 MB")
    monkeypatch.setattr("sparkify.engines.duckdb.engine.LOCKDOWN_SETTINGS", ("set max_temp_directory_size = '10 MB'",))
    sparkify.configure(more="MEMORY_LIMIT = 50 MB")
    sql = "select count(*) as n from (select distinct md5(cast(i as varchar)) as x from range(2_000_000) as t (i)) as d"
    before = {*sparkify.folder.rglob("*")}
    outcome = sparkify.command("query", sql)
    assert outcome.exit_code == 1
    assert "a question may take 10 MB on disk beside its memory; ask for less at a time" in outcome.err
    assert {*sparkify.folder.rglob("*")} == before


def test_a_query_for_which_there_is_no_memory_says_what_to_raise(sparkify: Sparkify) -> None:
    sparkify.configure(more="MEMORY_LIMIT = 50 MB")
    outcome = sparkify.command("query", "select len(list(i)) as n from range(50_000_000) as t (i)")
    assert outcome.exit_code == 1
    assert "DuckDB ran out of memory" in outcome.err
    assert "raise [DUCKDB] MEMORY_LIMIT" in outcome.err


@pytest.mark.parametrize("sparkify", ["redshift"], indirect=True)
def test_a_connection_that_is_lost_is_no_fault_of_the_question(sparkify: Sparkify) -> None:
    assert isinstance(sparkify, OnRedshift)
    sparkify.stand_in.arm("drop", matching="select 1 as one")
    outcome = sparkify.command("query", "select 1 as one")
    sparkify.stand_in.disarm()
    assert outcome.exit_code == 1
    assert "the connection was lost; run again" in outcome.err


# ---------------------------------------------------------------- what DuckDB writes by itself


TYPED = {
    "bigint": "range - 3",
    "double": "case range when 0 then 1e300 when 1 then 0.1 when 2 then -1e-7 when 3 then 3.0 when 4 then 'nan' end",
    "decimal(9, 2)": "range / 4",
    "date": "date '1999-12-31' + range::integer",
    "timestamp": "case range when 0 then timestamp '2018-11-22 00:03:52.796' else timestamp '2018-11-22 00:03:52' end",
    "boolean": "range = 2",
    "varchar": "case range when 0 then '' when 1 then 'a, \"b\"' when 2 then '#x' when 3 then 'x\ny' end",
}


def test_duckdb_and_python_write_the_same_csv(
    loaded: Sparkify, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    columns = ", ".join(f"cast({value} as {kind}) as c{n}" for n, (kind, value) in enumerate(TYPED.items()))
    sql = f"select {columns} from range(6) order by range; -- the end"
    asked(loaded, sql, "--format", "csv", "--output", str(tmp_path / "by_duckdb.csv"))
    monkeypatch.setattr(formats, "written_by_engines", lambda form, output: False)
    asked(loaded, sql, "--format", "csv", "--output", str(tmp_path / "by_python.csv"))
    written = (tmp_path / "by_duckdb.csv").read_bytes()
    assert written == (tmp_path / "by_python.csv").read_bytes()
    assert b"2018-11-22 00:03:52.796" in written


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_an_answer_in_a_file_is_duckdbs_own_work(
    loaded: Sparkify, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.setattr("sparkify.engines.duckdb.engine.DuckDB.ask", None)
    output = tmp_path / f"answer.{form}"
    asked(loaded, "select session_id, level from songplays order by 1", "--format", form, "--output", str(output))
    with duckdb.connect() as connection:
        assert connection.execute(f"select * from '{output}'").fetchall() == [(2, "free"), (818, "paid")]
    assert [path.name for path in tmp_path.iterdir()] == [output.name]


@pytest.mark.parametrize(
    "sql", ["copy (select 1) to 'x.csv'", "select * from read_csv('dwh.cfg')", "select 1; select 2"]
)
def test_what_duckdb_writes_is_a_question_too(loaded: Sparkify, tmp_path: Path, sql: str) -> None:
    refused(loaded.command("query", sql, "--format", "csv", "--output", str(tmp_path / "answer.csv")))
    assert [*tmp_path.iterdir()] == []


def test_sql_is_read_from_stdin(loaded: Sparkify, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("select count(*) as plays\nfrom plays;\n"))
    assert asked(loaded, "-", "--format", "csv") == "plays\n2\n"


def test_stdin_that_is_no_text_is_refused(loaded: Sparkify, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"\xff\xd8\xff"), encoding="utf-8"))
    assert refused(loaded.command("query", "-")).startswith("stdin: this is no SQL, for it is not UTF-8")
    monkeypatch.setattr(  # as Python reads stdin in the locale C
        "sys.stdin", io.TextIOWrapper(io.BytesIO(b"select '\xff'"), encoding="utf-8", errors="surrogateescape")
    )
    assert refused(loaded.command("query", "-")).startswith("stdin: this is no SQL, for it is not UTF-8")
    assert refused(loaded.command("query", "select '\udcff'")).startswith("the question: this is no SQL")


@pytest.mark.parametrize(
    ("name", "more", "begins"),
    [
        ("answer.csv", (), b"day,level,plays\n"),
        ("answer.JSON", (), b'{"version": 1'),
        ("answer.parquet", (), b"PAR1"),
        ("answer.txt", (), b"day         level  plays\n"),
        ("csv", (), b"day         level  plays\n"),
        ("answer.csv", ("--format", "json"), b'{"version": 1'),
    ],
)
def test_a_file_has_the_format_that_its_name_ends_in(
    loaded: Sparkify, tmp_path: Path, name: str, more: tuple[str, ...], begins: bytes
) -> None:
    asked(loaded, "plays_by_day", "--output", str(tmp_path / name), *more)
    assert (tmp_path / name).read_bytes().startswith(begins)


# ---------------------------------------------------------------- a table on a terminal


class Terminal(io.StringIO):
    """A terminal that remembers what it was shown."""

    def isatty(self) -> bool:
        return True


def on_terminal(monkeypatch: pytest.MonkeyPatch, sparkify: Sparkify, sql: str, width: int) -> list[str]:
    """The lines of a table on a terminal of a width."""
    monkeypatch.setattr("sparkify.formats.sys.stdout", terminal := Terminal())
    monkeypatch.setattr("sparkify.formats.shutil.get_terminal_size", lambda: os.terminal_size((width, 24)))
    with connected(sparkify) as engine, engine.snapshot():
        formats.write(engine.ask(sql), "table", None)
    return terminal.getvalue().splitlines()


def test_a_table_on_a_terminal_fits_its_width(loaded: Sparkify, monkeypatch: pytest.MonkeyPatch) -> None:
    sql = "select 7 as n, repeat('long ', 30) as a, repeat('夜', 60) as b, 'short' as c"
    lines = on_terminal(monkeypatch, loaded, sql, 60)
    assert all(cell_len(line) <= 60 for line in lines)
    assert lines[2].count("…") == 2
    assert lines[2].startswith("7  long long")
    assert lines[2].endswith("short")
    whole = on_terminal(monkeypatch, loaded, sql, 500)
    assert "…" not in "".join(whole)


def test_a_table_on_a_terminal_shows_the_first_rows_and_says_how_many_there_are(
    loaded: Sparkify, monkeypatch: pytest.MonkeyPatch
) -> None:
    for count, end in (
        (formats.TERMINAL_ROWS, None),
        (6_820, f"… {formats.TERMINAL_ROWS} of 6,820 rows: "),
        (formats.TABLE_ROWS, f"… {formats.TERMINAL_ROWS} of 10,000 rows: "),
        (formats.TABLE_ROWS + 1, f"… {formats.TERMINAL_ROWS} of more than 10,000 rows: "),
    ):
        _, _, *rows = on_terminal(monkeypatch, loaded, f"select i from range({count}) as t (i) order by i", 80)
        assert rows[: formats.TERMINAL_ROWS] == [f"{n:>{len(rows[0])}}" for n in range(formats.TERMINAL_ROWS)]
        assert [line.partition("the other")[0] for line in rows[formats.TERMINAL_ROWS :]] == ([end] if end else [])
