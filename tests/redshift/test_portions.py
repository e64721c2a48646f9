"""An answer of Redshift that is read in portions, by a cursor."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from harness.memory import measured
from harness.program import outcome_of
from harness.redshift import Access, OnRedshift, Servers
from harness.waiting import wait_for
from sparkify import formats
from sparkify import warehouse as opening
from sparkify.config import load
from sparkify.engines.redshift.portions import ROWS
from sparkify.progress import Progress

COUNT = 2 * ROWS + 500

NUMBERS = "select n, cast(n as decimal(12, 2)) / 4 as part, text from numbers order by n"


@pytest.fixture(scope="module")
def filled(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OnRedshift]:
    """A warehouse with a table of more rows than two portions hold, and one that takes more than 250 MB."""
    with servers.sparkify(tmp_path_factory.mktemp("portions") / "sparkify", Access()) as made:
        made.change(
            "create table numbers (n integer, text varchar(9))",
            "insert into numbers select n, case when n % 3 > 0 then 'x' || n end"
            f" from generate_series(1, {COUNT}) as n",
            "create table texts (n integer, text varchar(4000))",
            "insert into texts select n, repeat('x', 3990) || n from generate_series(1, 65000) as n",
        )
        yield made


@pytest.fixture
def numbers(filled: OnRedshift) -> OnRedshift:
    """The same, with no statement noted yet."""
    filled.stand_in.forget()
    return filled


def sent(warehouse: OnRedshift) -> list[str]:
    """The first words of the statements of a question, from its transaction on."""
    statements = [sql.split(" for ")[0] for sql in warehouse.stand_in.statements()]
    return statements[statements.index("begin read only") :]


def cursor_of(warehouse: OnRedshift) -> str:
    [name] = {sql.split()[1] for sql in warehouse.stand_in.statements() if sql.startswith("declare ")}
    return name


def test_a_long_answer_is_fetched_in_portions_and_whole(numbers: OnRedshift) -> None:
    out = numbers.command("query", NUMBERS, "--format", "csv").out
    header, *rows = csv.reader(io.StringIO(out))
    assert header == ["n", "part", "text"]
    expected = [(n, n / 4, f"x{n}" if n % 3 else "") for n in range(1, COUNT + 1)]
    assert [(int(n), float(part), text) for n, part, text in rows] == expected
    name = cursor_of(numbers)
    fetch = f"fetch forward {ROWS} from {name}"
    assert sent(numbers) == ["begin read only", f"declare {name} cursor", *3 * [fetch], f"close {name}", "rollback"]


@pytest.mark.parametrize(("count", "fetches"), [(0, 1), (ROWS - 1, 1), (ROWS, 2), (ROWS + 1, 2)])
def test_an_answer_ends_where_its_portions_end(numbers: OnRedshift, count: int, fetches: int) -> None:
    out = numbers.command("query", f"select n from numbers where n <= {count} -- all", "--format", "json").out
    assert len(json.loads(out)["rows"]) == count
    assert sum(sql.startswith("fetch") for sql in sent(numbers)) == fetches


def test_a_table_fetches_no_more_rows_than_it_shows(
    numbers: OnRedshift, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(formats, "TABLE_ROWS", 10)
    with closing(opening.connect(load(numbers.config, numbers.environment), Progress())) as engine, engine.snapshot():
        formats.write(engine.ask(NUMBERS, in_portions=True), "table", None)
    assert "and more than these 10 rows" in capsys.readouterr().out
    assert sum(sql.startswith("fetch") for sql in sent(numbers)) == 1


@pytest.mark.parametrize(
    "sql", ["show search_path", "explain select n from numbers", "explain with x as (select 1) select * from x"]
)
def test_what_is_no_query_is_answered_without_a_cursor(numbers: OnRedshift, sql: str) -> None:
    assert len(csv_rows(numbers, sql)) > 1
    assert sent(numbers) == ["begin read only", sql, "rollback"]


def csv_rows(warehouse: OnRedshift, sql: str, *options: str) -> list[list[str]]:
    return [*csv.reader(io.StringIO(warehouse.command("query", sql, "--format", "csv", *options).out))]


def test_the_options_of_a_question_are_in_its_text(numbers: OnRedshift) -> None:
    sql = "select n, $from_time, $to_time, $level, $by from numbers order by n limit $most"
    options = ("--from", "2018-11-01", "--level", "paid", "--by", "week", "--limit", "1")
    row = ["1", "2018-11-01 00:00:00", "9999-12-31 23:59:59.999999", "paid", "week"]
    assert csv_rows(numbers, sql, *options)[1:] == [row]


def test_two_answers_with_other_columns_follow_each_other(numbers: OnRedshift) -> None:
    with closing(opening.connect(load(numbers.config, numbers.environment), Progress())) as engine, engine.snapshot():
        first = [*engine.ask("select n, text from numbers order by n", in_portions=True).rows]
        assert (len(first), first[0]) == (COUNT, (1, "x1"))
        assert [*engine.ask("(select count(*) from numbers)", in_portions=True).rows] == [(COUNT,)]


def test_an_answer_that_is_too_large_for_a_cursor_says_what_to_do(numbers: OnRedshift) -> None:
    message = "exceeded the maximum size allowed for the total set of cursor data: 8000MB."
    numbers.stand_in.arm("error", matching="^fetch", message=message)
    refused = numbers.command("query", NUMBERS, "--format", "csv")
    refused.refusal(1, "ask for fewer rows or columns, or write whole tables to S3 by sparkify export", message)
    assert not refused.out


def test_a_mistake_in_the_rows_is_the_questions(numbers: OnRedshift) -> None:
    numbers.command("query", "select 1 / (n - 2100) from numbers order by n", "--format", "csv").refusal(
        2, "division by zero"
    )


def test_ctrl_c_ends_the_statement_of_a_portion_on_the_server(numbers: OnRedshift) -> None:
    with (
        closing(numbers.stand_in.connect(numbers.database_name)) as holder,
        numbers.stand_in.postgres(numbers.database_name) as server,
    ):
        holder.cursor().execute("lock table numbers")
        waiting = "select 1 from pg_stat_activity where query like 'declare%' and wait_event_type = 'Lock'"
        query = numbers.started("query", NUMBERS)
        wait_for(lambda: bool(server.query(waiting)))
        query.send_signal(2)
        assert outcome_of(query).exit_code == 130
        wait_for(lambda: not server.query(waiting))


@pytest.mark.parametrize("form", ["csv", "json", "parquet"])
def test_a_large_answer_takes_little_memory(
    filled: OnRedshift, form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in filled.environment.items():
        monkeypatch.setenv(name, text)
    output = tmp_path / "answer"
    done = measured("query", "select * from texts", "--config", filled.config, "--format", form, "--output", output)
    assert done.exit_code == 0, done.err
    assert done.peak < 300_000_000
