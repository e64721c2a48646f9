"""The staging and work tables in Redshift, each made when a statement first names it."""

from __future__ import annotations

import pytest

from harness.records import event, lines
from harness.redshift import OnRedshift
from sparkify import sql_queries
from sparkify.engines.redshift import batch_tables

FILLING = [
    statement
    for folder in ("clean", "transform")
    for name in sql_queries.names(folder)
    for statement in sql_queries.statements_for("redshift", folder, name)
    if batch_tables.filled(statement)
]


@pytest.mark.parametrize("statement", FILLING, ids=batch_tables.filled)
def test_a_statement_that_may_make_a_table_of_the_batch_names_its_columns_in_order(statement: str) -> None:
    match = batch_tables.FILLS.match(statement)
    assert match
    assert [*sql_queries.columns(match[1])] == match[2].strip("()").replace(",", " ").split()
    assert batch_tables.making(statement).startswith(f"create temporary table {match[1]} (")


def test_a_name_within_a_text_or_a_comment_makes_no_table() -> None:
    sql = "copy staging_songs (song_id) from 's3://bucket/staging_events/' /* play_match_keys */ -- song_matches"
    assert batch_tables.named(sql) == {"staging_songs"}
    assert batch_tables.named('insert into "staging_objects" values ($1)') == {"staging_objects"}


def test_only_the_tables_that_a_batch_needs_are_made_and_each_batch_begins_with_none(warehouse: OnRedshift) -> None:
    warehouse.configure(BATCH_SIZE=300)
    warehouse.put("log_data/b.json", lines([event(ts=2, itemInSession=3)]))
    warehouse.stand_in.forget()
    warehouse.loaded()
    sent = warehouse.stand_in.statements()
    drops = [sql for sql in sent if sql.startswith("drop table")]
    assert len(drops) == warehouse.batches() - 1
    assert "staging_songs" in drops[0]
    assert not [sql for sql in sent if "staging_rejected_records" in sql or sql.startswith("delete from staging")]
