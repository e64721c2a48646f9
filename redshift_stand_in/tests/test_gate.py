"""The statements that the stand-in takes and refuses, and their meaning."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from redshift_stand_in.tests.clients import Client, refused

# Statements that Redshift refuses, or takes.

REFUSED = [
    ("insert into t values (1) on conflict do nothing", "42601"),
    ("insert into t values (1) returning a", "42601"),
    ("merge into t using (select 1 as a) as s on t.a = s.a when matched then delete when not matched then "
     "insert values (1)", "0A000"),
    ("create index i on t (a)", "0A000"),
    ("create sequence s", "0A000"),
    ("create trigger x before insert on t execute procedure f()", "0A000"),
    ("create materialized view v as select 1 as a", "0A000"),
    ("create table u (a integer check (a > 0))", "42601"),
    ("create table u (a serial)", "42601"),
    ("create table u (a integer identity(0, 1))", "0A000"),
    ("create table u (a integer[])", "42601"),
    ("create table u (a jsonb)", "42601"),
    ("create table u (a interval)", "0A000"),
    ("create table u (a varchar(65536))", "22023"),
    ("create unlogged table u (a integer)", "42601"),
    ("alter table t add column c integer not null", "42601"),
    ("alter table t add column c integer, add column d integer", "42601"),
    ("alter table t drop column b", "42601"),
    ("create table u (tag integer)", "42601"),
    ("select distinct on (a) a from t", "0A000"),
    ("select count(*) filter (where a > 1) from t", "42601"),
    ("select t.a from t, lateral (select 1) as x", "42601"),
    ("select g from generate_series(1, 3) as g", "0A000"),
    ("select x.a from (values (1)) as x (a)", "0A000"),
    ("select array[1, 2]", "0A000"),
    ("select a from t where a is distinct from 1", "42601"),
    ("select a from t for update", "0A000"),
    ("select sum(a) over (order by a) from t", "42601"),
    ("select string_agg(b, ',') from t", "42883"),
    ("select pg_sleep(1)", "42883"),
    ("select 'a\\b'", "0A000"),
    ("update t set (a, b) = (select 1, 'x')", "42601"),
    ("update t set a = 1 from u left join v on u.a = v.a where t.a = u.a", "XX000"),
    ("with x as (delete from t) select 1", "42601"),
    ("lock table t in exclusive mode", "42601"),
    ("savepoint x", "42601"),
    ("truncate t, u", "42601"),
    ("set lock_timeout to 5", "42704"),
    ("select 1; select 2", "42601"),
    ("copy t from stdin", "42601"),
    ("select current_schema(), a from t", "0A000"),
    ("select t.a from t, information_schema.tables as i where i.table_name = t.b", "0A000"),
    ("select a from t where not exists (select 1 from u where not exists (select 1 from v where v.a = t.a))", "XX000"),
    ("select t.a from t where t.a = 1 or exists (select 1 from u where u.a = t.a)", "XX000"),
    ("select t.a from t left join u on t.a = u.a and u.a = (select max(v.a) from v where v.a = t.a)", "XX000"),
    ("select t.a from t where t.a not in (select sum(u.a) over () from u where u.a = t.a)", "XX000"),
    ("select t.a from t where t.a in (select sum(u.a) from u where u.b = t.b group by u.b)", "XX000"),
    ("select (select count(u.a) from u where u.a = t.a) as n from t group by n", "XX000"),
    ("select avg(a) over (order by a) from t", "42601"),
    ("select sum(a) over (order by a range unbounded preceding) from t", "42601"),
    ("select sum(a) over (order by a rows unbounded preceding exclude current row) from t", "42601"),
    ("select sum(a) over w from t window w as (order by a rows unbounded preceding)", "42601"),
    ("select median(a) over (partition by b) from t", "0A000"),
    ("select median(1)", "0A000"),
    ("select listagg('a')", "0A000"),
    ("select listagg(distinct b) from t", "0A000"),
    ("select listagg(b) over (partition by a) from t", "0A000"),
    ("select to_char(getdate(), 'TZH')", "0A000"),
    ("select to_char(getdate(), b) from t", "0A000"),
    ("select date_part(second, getdate())", "0A000"),
    ("select datediff(week, getdate(), getdate())", "0A000"),
    ("select obj_description(c.oid), t.a from pg_class as c, t", "0A000"),
    ("select s.size, t.a from svv_table_info as s, t", "0A000"),
    ("comment on schema public is 'x'", "42601"),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "code"), REFUSED)
def test_a_statement_that_redshift_refuses_is_refused(tables: Client, sql: str, code: str) -> None:
    with refused(code, ""):
        tables.run(sql)
    tables.rollback()


TAKEN = [
    "create table w (a bigint not null distkey encode az64, b varchar(max) default 'X', primary key (a)) "
    "diststyle key compound sortkey (a, b)",
    "create table if not exists t (a integer)",
    "alter table u add column c timestamp",
    "create temp table w (a integer references t (a), unique (a))",
    "create table w diststyle all as select a from t",
    "create or replace view w as select a from t",
    "create view w as select t.a from public.t with no schema binding",
    "drop table if exists w cascade",
    "merge into t using u on t.a = u.a when matched then update set b = u.b when not matched then insert values (u.a)",
    "update t set b = n.b from (select u.a, v.b from u left join v on u.a = v.a) as n where t.a = n.a",
    "delete from t using u where t.a = u.a",
    "lock table t, u",
    "analyze t",
    "set query_group to 'load'",
    "set search_path to public",
    "comment on table t is 'a table'",
    "select a from t order by a desc nulls last",
    "select row_number() over (partition by b order by a nulls last) from t",
    "select sum(a) over (partition by b order by a rows unbounded preceding) from t",
    "select t.a from t where exists (select 1 from u where u.a = t.a) and not exists (select 1 from v where v.a = t.a)",
    "select a from t union select a from u",
    "select coalesce(t.a, u.a) from t full join u on t.a = u.a",
    "select count(*) over (order by a rows between 6 preceding and current row) from t",
    "select lag(a) over (partition by b order by a nulls last), avg(a) over (partition by b) from t",
    "start transaction isolation level serializable read write",
    "select table_name from information_schema.tables where table_schema = current_schema()",
    "with x as (select table_name from information_schema.tables) select table_name from x",
    "select pg_last_query_id(), pg_last_copy_id(), pg_last_copy_count(), pg_backend_pid()",
]


@pytest.mark.parametrize("sql", TAKEN)
def test_a_statement_that_redshift_takes_is_taken(tables: Client, sql: str) -> None:
    tables.run(sql)
    tables.rollback()


def test_a_refusal_ends_the_transaction(client: Client) -> None:
    client.run("create table t (a integer)")
    with refused("42883", "function nextval() does not exist"):
        client.run("select nextval('s')")
    with refused("25P02", "current transaction is aborted"):
        client.run("select a from t")
    client.rollback()
    with refused("42P01", 'relation "t" does not exist'):
        client.run("select a from t")


MOMENTS = [
    ["2018-11-01", "2018-11-02 00:00:00", "2018-11-01"],
    ["2018-11-03", "2018-11-03", "2018-11-04 12:30:00.5"],
    ["2019-01-01", "0001-01-01 00:00:00.000000", "0001-01-01 00:00:00.000001"],
    ["2018-11-05", "2018-11-01", "2018-11-02 00:00:00"],
]


def test_each_moment_of_a_statement_is_its_own(client: Client) -> None:
    for moments in MOMENTS:
        values = ", ".join(f"timestamp '{moment}'" for moment in moments)
        quoted = f"'as ''{moments[0]}'' says'"
        expected = (*map(datetime.fromisoformat, moments), f"as '{moments[0]}' says")
        assert client.rows(f"select {values}, {quoted}") == [expected]


def test_a_refusal_quotes_the_moment_that_is_wrong(client: Client) -> None:
    for moment in ("2018-13-01", "2018-11-31"):
        with refused("22008", moment):
            client.rows(f"select timestamp '{moment}'")
        client.rollback()


# Words that mean something else in PostgreSQL.


def test_keys_are_not_enforced(client: Client) -> None:
    client.run("create table t (a integer primary key, b integer unique references t (a))")
    assert client.run("insert into t values (1, 7), (1, 7)") == 2


def test_not_null_is_enforced(client: Client) -> None:
    client.run("create table t (a integer, b integer not null)")
    with refused("23502", "Cannot insert a NULL value into column b"):
        client.run("insert into t (a) values (1)")


@pytest.mark.parametrize(
    ("kind", "bytes_"), [("varchar(5)", 5), ("varchar", 256), ("text", 256), ("varchar(max)", 65535)]
)
def test_the_length_of_a_text_counts_in_bytes(client: Client, kind: str, bytes_: int) -> None:
    client.run(f"create table t (a {kind})")
    client.run("insert into t values (%s)", "é" * (bytes_ // 2))
    with refused("22001", "value too long for type character"):
        client.run("insert into t values (%s)", "é" * (bytes_ // 2 + 1))


def test_a_whole_number_has_its_range(client: Client) -> None:
    client.run("create table t (a integer)")
    with refused("22003", "out of range"):
        client.run("insert into t values (%s)", 2**31)


def test_seconds_since_1970_end_in_2038(client: Client) -> None:
    with refused("22003", "out of range"):
        client.run("select extract(epoch from timestamp '2038-01-19 03:14:08')")


MEANINGS = [
    ("extract(millisecond from timestamp '2009-09-09 12:08:43.101')", 101),
    ("extract(epoch from timestamp '2018-11-04 00:00:01.796')", 1541289601),
    ("extract(dow from timestamp '2018-11-04 00:00:00')", 0),
    ("7 / 2", 3),
    ("mod(796, 1000)", 796),
    ("md5('a')", "0cc175b9c0f1b6a831c399e269772661"),
    ("char_length('é')", 1),
    ("octet_length('é')", 2),
    ("greatest(1, 2)", 2),
    ("date_trunc('second', timestamp '2018-11-04 00:00:01.796')", datetime(2018, 11, 4, 0, 0, 1)),
    ("case when 'a' > 'B' and 'é' > 'z' then 'bytes' end", "bytes"),
    ("round(2.675, 2)", Decimal("2.68")),
    ("round(cast(2.5 as double precision) / 4, 1)", 0.6),
    ("round(7, -1)", Decimal(10)),
    ("initcap('don''t STOP-me, élan')", "Don'T Stop-Me, Élan"),
    ("upper('é')", "É"),
    ("split_part('a-b-c', '-', 2)", "b"),
    ("nvl(null, 3)", 3),
    ("to_char(timestamp '2018-11-21 23:57:12', 'YYYY-MM')", "2018-11"),
    ("to_char(timestamp '2018-11-21 23:57:12', 'FMDay HH24:MI')", "Wednesday 23:57"),
    ("to_char(date '2009-12-31', 'MONTH')", "DECEMBER "),
    ("to_char(1234, '9,999')", " 1,234"),
    ("cast(timestamp '2018-11-21 23:57:12' as date)", date(2018, 11, 21)),
    ("date '2018-11-30' + 1", date(2018, 12, 1)),
    ("date '2018-12-01' - 1", date(2018, 11, 30)),
    ("date '2018-12-01' - date '2018-11-01'", 30),
    ("date_part('day', timestamp '2022-05-02 04:05:06')", 2.0),
    ("date_part(dow, timestamp '2022-05-01 04:05:06')", 0.0),
    ("date_part(w, date '2022-05-02')", 18.0),
    ("datediff(day, '2018-11-01 23:59:59', '2018-11-02 00:00:00')", 1),
    ("datediff(year, '2008-12-31', '2009-01-01')", 1),
    ("datediff(month, date '2018-12-01', date '2018-11-30')", -1),
    ("datediff(hours, '2009-01-01 8:30:00', '2009-01-01 10:00:00')", 2),
    ("dateadd(day, 30, date '2018-11-01')", datetime(2018, 12, 1)),
    ("dateadd(m, 30, '2008-02-28')", datetime(2008, 2, 28, 0, 30)),
    ("dateadd(month, 12, '2016-02-29')", datetime(2017, 2, 28)),
    ("dateadd(year, 1, '2016-02-29')", datetime(2017, 3, 1)),
    ("dateadd(quarter, -1, '2018-11-30')", datetime(2018, 8, 30)),
]


@pytest.mark.parametrize(("expression", "value"), MEANINGS)
def test_an_expression_has_the_value_that_redshift_gives(tables: Client, expression: str, value: Any) -> None:
    assert tables.value(f"select {expression}") == value


AGGREGATES = [
    ("avg(i)", 1),
    ("avg(b)", 1),
    ("avg(n)", Decimal("1.67")),
    ("avg(d)", 1.75),
    ("avg(distinct i)", 1),
    ("sum(i)", 3),
    ("sum(b)", 3),
    ("sum(n)", Decimal("5.03")),
    ("sum(d)", 3.5),
    ("median(i)", Decimal("1.5")),
    ("median(n)", Decimal("1.67")),
    ("median(d)", 1.75),
    ("stddev(i)", 0.7071067811865476),
    ("stddev_pop(i)", 0.5),
    ("listagg(s, ', ') within group (order by i desc)", "z, y"),
]


@pytest.mark.parametrize(("expression", "value"), AGGREGATES)
def test_an_aggregate_has_the_type_that_redshift_gives(aggregated: Client, expression: str, value: Any) -> None:
    answer = aggregated.value(f"select {expression} from t")
    assert (answer, type(answer)) == (value, type(value))
    assert aggregated.value(f"select {expression} from t where false") is None


@pytest.fixture
def aggregated(client: Client) -> Client:
    """A client of a table with two rows of values, one of nulls, and one of a single value."""
    client.run("create table t (i integer, b bigint, n decimal(5, 2), d double precision, s varchar(5))")
    client.run("insert into t values (1, 1, 1.67, 1.5, 'y'), (2, 2, 1.69, 2.0, 'z'), (null, null, null, null, '')")
    client.run("insert into t (n) values (1.67)")
    return client


def test_the_average_and_the_sum_of_whole_numbers_are_whole_in_windows_too(aggregated: Client) -> None:
    windows = "avg(i) over (partition by s), sum(count(*)) over (order by i rows unbounded preceding)"
    assert aggregated.rows(f"select {windows} from t where i is not null group by i, s order by i") == [(1, 1), (2, 2)]
    assert aggregated.value("select count(*) * 10 / sum(count(*)) over () from t") == 10


NAMES = [
    ("avg(a)", "avg"),
    ("sum(a)", "sum"),
    ("date_part(day, getdate())", "pgdate_part"),
    ("datediff(day, getdate(), getdate())", "date_diff"),
    ("dateadd(day, 1, getdate())", "date_add"),
    ("median(a)", "median"),
    ("stddev(a)", "stddev"),
]


@pytest.mark.parametrize(("expression", "name"), NAMES)
def test_an_unnamed_column_has_the_name_that_redshift_gives(tables: Client, expression: str, name: str) -> None:
    tables.rows(f"select {expression} from t")
    assert [column[0] for column in tables.cursor.description] == [name]


def test_names_fold_to_lower_case_even_in_quotes(client: Client) -> None:
    client.run('create table "T" ("ItemInSession" integer)')
    assert client.rows("select iteminsession from t") == []


def test_nulls_come_first_when_the_order_descends(client: Client) -> None:
    client.run("create table t (a integer)")
    client.run("insert into t values (1), (null), (2)")
    assert client.rows("select a from t order by a desc") == [(None,), (2,), (1,)]
