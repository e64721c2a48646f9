"""Temporary tables: their declaration, which session sees them, their end, COPY and UNLOAD."""

import json
import threading
import time

import pytest

from redshift_stand_in import StandIn
from redshift_stand_in.tests.clients import GONE, Client, Loading, Unloading, refused, waits

DECLARED = [
    "create temporary table w (a integer, b varchar(10))",
    "create temp table if not exists w (a integer not null, b varchar(10) default 'x')",
    "create local temporary table w (a integer distkey sortkey, b varchar(10) encode zstd)",
    "create temporary table w (a integer encode az64, b varchar(10) encode lzo) "
    "diststyle key distkey (a) compound sortkey (a, b)",
    "create temporary table w (a integer, b varchar(10)) diststyle even interleaved sortkey (a, b)",
    "create temporary table w (a integer, b varchar(10)) backup no diststyle all sortkey auto encode auto",
    "create temporary table w (a integer, b varchar(10), primary key (a)) diststyle auto",
    "create temporary table w as select a, b from t where false",
    "create local temp table w (a, b) as (select t.b, t.a from t where false)",
    "create temporary table w diststyle key distkey (a) compound sortkey (a, b) as select t.a, t.b from t where false",
    "create temporary table w backup no diststyle all as with x as (select a, b from t) select a, b from x where false",
]


@pytest.mark.parametrize("sql", DECLARED)
def test_a_temporary_table_is_declared_with_the_attributes_of_redshift(tables: Client, sql: str) -> None:
    tables.run(sql)
    assert tables.rows("select a, b from w") == []
    tables.run("drop table if exists w")
    tables.run(sql)
    tables.rollback()
    tables.run("drop table if exists w")
    tables.rollback()


REFUSED = [
    ("create global temporary table w (a integer)", "42601"),
    ("create temporary table w (a integer) on commit drop", "42601"),
    ("create temporary table w on commit preserve rows as select a from t", "42601"),
    ("create temporary table if not exists w as select a from t", "42601"),
    ("create temporary table w diststyle all encode auto as select a from t", "42601"),
    ("create temporary table w as values (1)", "42601"),
    ("create temporary table w as select relname from pg_class", "0A000"),
    ("create temporary table public.w (a integer)", "42P16"),
    ("create temp table public.w as select a from t", "42P16"),
    ("create table pg_temp.w (a integer)", "3F000"),
    ("create table #w (a integer)", "42601"),
    ("create temporary view w as select a from t", "42601"),
    ("select a from pg_temp.w", "3F000"),
]


@pytest.mark.parametrize(("sql", "code"), REFUSED)
def test_a_declaration_that_redshift_refuses_is_refused(tables: Client, sql: str, code: str) -> None:
    with refused(code, ""):
        tables.run(sql)
    tables.rollback()


def test_its_texts_are_limited_in_bytes(client: Client) -> None:
    client.run("create temporary table w (a varchar(5))")
    client.run("insert into w values ('éé')")
    with refused("22001", "value too long for type character varying(5)"):
        client.run("insert into w values ('ééé')")


def test_only_its_session_sees_it(stand_in: StandIn, client: Client, database: str) -> None:
    client.run("create temporary table w as select 1 as a")
    client.commit()
    assert client.rows("select a from w") == [(1,)]
    with refused("42P01", 'relation "w" does not exist'):
        Client(stand_in, database).rows("select a from w")


def test_two_sessions_write_tables_of_one_name_at_the_same_time(stand_in: StandIn, database: str) -> None:
    clients = [Client(stand_in, database), Client(stand_in, database)]
    for n, each in enumerate(clients):
        each.run("create temporary table w (a integer)")
        each.commit()
        each.run("insert into w values (%s)", n)  # uncommitted, so it would keep another writer of its table waiting
    assert [each.rows("select a from w") for each in clients] == [[(0,)], [(1,)]]


def test_it_outlives_its_transaction(client: Client) -> None:
    client.run("create temporary table w (a integer)")
    client.run("insert into w values (1)")
    client.commit()
    client.run("insert into w values (2)")
    client.rollback()
    assert client.rows("select a from w") == [(1,)]


def test_a_rollback_takes_it_back(client: Client) -> None:
    client.run("create temporary table w (a integer)")
    client.rollback()
    with refused("42P01", 'relation "w" does not exist'):
        client.rows("select a from w")


def test_it_hides_a_permanent_table_of_its_name(client: Client) -> None:
    client.run("create table w (a integer)")
    client.run("insert into w values (1)")
    client.run("create temporary table w (a integer)")
    client.run("insert into w values (2)")
    assert client.rows("select a from w") == [(2,)]
    assert client.rows("select a from public.w") == [(1,)]
    client.run("drop table w")
    assert client.rows("select a from w") == [(1,)]


def test_a_writer_locks_the_table_that_the_name_means_at_that_time(pair: tuple[Client, Client]) -> None:
    first, second = pair
    for each in pair:
        each.run("create temporary table t (a integer, b integer)")
        each.run("insert into t values (1, 1)")
        each.run("drop table t")
    first.run("update t set b = 10 where a = 1")
    writer = threading.Thread(target=second.run, args=("update t set b = 20 where a = 2",))
    assert waits(writer)
    first.commit()
    writer.join(10)
    assert not writer.is_alive()


def test_a_user_without_superuser_rights_may_create_one(stand_in: StandIn, database: str) -> None:
    analyst = Client(stand_in, database, user=stand_in.analyst)
    analyst.run("create temporary table w as select 1 as a")
    assert analyst.rows("select a from w") == [(1,)]


@pytest.mark.parametrize("binding", ["", " with no schema binding"])
def test_no_view_selects_from_it(client: Client, binding: str) -> None:
    client.run("create table t (a integer)")
    client.run("create temporary table w (a integer)")
    client.run(f"create view v as select t.a from public.t{binding}")
    with refused("0A000", "no view of a temporary table"):
        client.run(f"create view x as with y as (select w.a from w) select y.a from y{binding}")


# Its end.


def temporary_tables(stand_in: StandIn, database: str) -> int:
    with stand_in.postgres(database) as server:
        return int(str(server.query("select count(*) from pg_class where relpersistence = 't'")[0][0]))


@pytest.mark.parametrize("end", ["close", "drop", "kill"])
def test_it_vanishes_with_its_session(stand_in: StandIn, database: str, end: str) -> None:
    client = Client(stand_in, database)
    client.run("create temporary table w (a integer)")
    client.commit()
    assert temporary_tables(stand_in, database) == 1
    if end == "close":
        client.connection.close()
    elif end == "kill":
        stand_in.restart()
    else:
        stand_in.arm("drop", matching="^insert")
        with pytest.raises(GONE):
            client.run("insert into w values (1)")
        stand_in.disarm()
    deadline = time.monotonic() + 10
    while temporary_tables(stand_in, database):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    Client(stand_in, database).run("create temporary table w (a integer)")


# COPY and UNLOAD.

ROLE = "iam_role 'arn:aws:iam::000000000000:role/reader'"


def test_copy_fills_it(loading: Loading) -> None:
    loading.put("data/1.json", '{"a": 1, "b": "x"}\n{"a": 2, "b": "toolong"}')
    client = loading.client
    client.run("create temporary table w (a bigint encode az64, b varchar(5)) diststyle even")
    client.commit()
    client.run(f"copy w (a, b) from 's3://{loading.bucket}/data/' {ROLE} json 'auto' maxerror 2")
    assert client.value("select pg_last_copy_count()") == 1
    assert client.rows("select a, b from w") == [(1, "x")]
    assert loading.errors() == [("data/1.json", 2, "b", 1204, "String length exceeds DDL length")]


def test_copy_outside_of_a_transaction_fills_it(loading: Loading) -> None:
    loading.put("data/1.json", '{"a": 1}')
    client = loading.client
    client.connection.autocommit = True
    client.run("create temporary table w (a bigint)")
    client.run(f"copy w from 's3://{loading.bucket}/data/' {ROLE} json 'auto'")
    assert client.rows("select a from w") == [(1,)]


def test_copy_fills_it_and_not_the_permanent_table_of_its_name(loading: Loading) -> None:
    loading.put("data/1.json", '{"a": 1}')
    loading.client.run("create temporary table t (a bigint)")
    loading.copy(columns="a")
    assert loading.client.rows("select a from t") == [(1,)]
    assert loading.client.rows("select a from public.t") == []


def test_copy_fills_texts_without_a_declared_length(loading: Loading) -> None:
    loading.put("data/1.json", json.dumps({"a": 7, "b": "x" * 300, "c": "é" * 300}, ensure_ascii=False))
    client = loading.client
    client.run("create temporary table w as select t.a, t.b || 'x' as b, lower(t.b) as c from t")
    client.run(f"copy w from 's3://{loading.bucket}/data/' {ROLE} json 'auto'")
    assert client.rows("select a, char_length(b), char_length(c) from w") == [(7, 300, 300)]


def test_unload_writes_its_rows(unloading: Unloading) -> None:
    unloading.client.run("create temporary table w distkey (a) as select t.a, t.d from t where t.a < 3")
    unloading.client.commit()
    unloading.unload("select a, d from w order by a", "partition by (d) parallel off")
    assert unloading.keys() == ["data/d=2018-11-01/000.parquet"]
    assert unloading.read("data/d=2018-11-01/000.parquet")[1] == [(1,), (2,)]
