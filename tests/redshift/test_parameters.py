"""The values of statements for Redshift: each with its type, and a number of rows in the text."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime
from typing import Any

import pytest

from harness.redshift import OnRedshift
from sparkify import warehouse as opening
from sparkify.config import load
from sparkify.engines.redshift.parameters import bound
from sparkify.progress import Progress

NOON = datetime(2018, 11, 1, 12)


@pytest.mark.parametrize(
    ("sql", "values", "statement", "arguments"),
    [
        ("select a = $x", {"x": 1}, "select a = cast($1 as bigint)", (1,)),
        (
            "select a from t where $level in ('all', level) and a < $to and b = $level",
            {"level": "paid", "to": NOON},
            "select a from t where cast($1 as varchar(65535)) in ('all', level) "
            "and a < timestamp '2018-11-01 12:00:00' and b = cast($1 as varchar(65535))",
            ("paid",),
        ),
        ("select $x", {"x": 0.5}, "select cast($1 as double precision)", (0.5,)),
        ("select $x", {"x": True}, "select cast($1 as boolean)", (True,)),
        ("select $x, $y", {"x": None, "y": 2}, "select null, cast($1 as bigint)", (2,)),
        ("select a limit $most", {"most": 20}, "select a limit 20", None),
        ("select a LIMIT\n($most) offset $x", {"most": 20, "x": 0}, "select a LIMIT\n(20) offset 0", None),
        (
            "select a from (select a from t limit $most) as t where a < $most",
            {"most": 20},
            "select a from (select a from t limit 20) as t where a < cast($1 as bigint)",
            (20,),
        ),
        ("select 'limit $most' -- limit $most", {"most": 20}, "select 'limit $most' -- limit $most", None),
        ("select $other", {"x": 1}, "select $other", None),
    ],
)
def test_a_value_is_bound_with_its_type_and_a_number_of_rows_is_text(
    sql: str, values: dict[str, Any], statement: str, arguments: tuple[Any, ...] | None
) -> None:
    assert bound(sql, values) == (statement, arguments)


def test_a_ranking_is_as_long_as_it_may_be(warehouse: OnRedshift) -> None:
    warehouse.loaded()
    for question in ("most_active_users", "select user_agent from plays limit $most"):
        outcome = warehouse.command("query", question, "--limit", "1", "--format", "csv")
        assert len(outcome.out.splitlines()) == 2, outcome.err


@pytest.mark.parametrize("is_known", [False, True], ids=["in all rows", "in one row"])
def test_rows_that_lack_a_value_are_inserted_with_its_type(warehouse: OnRedshift, is_known: bool) -> None:
    rows = [("log_data/a.json", line if is_known else None, None, "bad", "{}") for line in (None, 2)]
    config = load(warehouse.config, warehouse.environment)
    with closing(opening.connect(config, Progress())) as engine:
        engine.execute(
            "create temporary table staging_rejected_records as select object, line, column_name, reason, "
            "raw_text from rejected_records"
        )
        warehouse.stand_in.forget()
        engine.insert("staging_rejected_records", rows)
        assert engine.query("select line from staging_rejected_records order by line nulls first") == [
            (line,) for _, line, *_ in sorted(rows, key=lambda row: row[1] or 0)
        ]
    [insert] = [sql for sql in warehouse.stand_in.statements() if sql.startswith("insert")]
    assert "null," not in insert.replace("cast(null as bigint)", "").replace("cast(null as varchar(256))", "")
