"""The stand-in's system views, comments in its catalog, and who may read them."""

from hashlib import md5

import pytest
from redshift_connector.error import ProgrammingError

from redshift_stand_in import StandIn
from redshift_stand_in.tests.clients import GONE, Client, Loading, refused


def test_a_rollback_forgets_the_last_copy(loading: Loading) -> None:
    loading.put("data/1.json", '{"a": 1}')
    assert loading.client.value("select pg_last_copy_id()") == -1
    loading.copy()
    kept = loading.client.value("select pg_last_copy_id()")
    loading.client.commit()
    loading.put("data/1.json", '{"a": "x"}')
    with refused("XX000", "failed"):
        loading.copy()
    loading.client.rollback()
    assert loading.client.value("select pg_last_copy_id()") == kept
    loading.client.rollback()
    loading.client.connection.autocommit = True
    with refused("XX000", "failed"):
        loading.copy()
    assert loading.client.value("select pg_last_copy_id()") > kept
    assert loading.client.value("select pg_last_copy_count()") == 0


def test_system_views_have_the_documented_columns_and_padded_texts(loading: Loading) -> None:
    loading.put("data/1.json", '{"b": "toolong"}')
    with refused("XX000", "failed"):
        loading.copy()
    loading.client.rollback()
    [row] = loading.client.rows("select * from sys_load_error_detail where session_id = pg_backend_pid()")
    error = dict(zip([column[0] for column in loading.client.cursor.description], row, strict=True))
    assert list(error) == [
        *("user_id", "query_id", "transaction_id", "session_id", "database_name", "table_id", "start_time"),
        *("file_name", "line_number", "column_name", "column_type", "column_length", "position", "error_code"),
        "error_message",
    ]
    lengths = {"database_name": 64, "file_name": 256, "column_name": 127, "column_type": 10, "error_message": 512}
    assert {name: len(error[name]) for name in lengths} == lengths
    assert (error["column_type"].strip(), error["column_length"].strip()) == ("varchar", "5")


def test_the_load_history_has_files_and_sizes(loading: Loading) -> None:
    loading.put("data/1.json", '{"a": 1}\n{"a": 2}\n')
    loading.put("data/2.json", '{"a": 3}')
    loading.copy()
    loading.client.rollback()
    mine = "where query_id = (select max(query_id) from sys_load_history where session_id = pg_backend_pid())"
    history = "trim(table_name), trim(status), loaded_rows, loaded_bytes, source_file_count, error_count"
    assert loading.client.rows(f"select {history} from sys_load_history {mine}") == [("t", "completed", 3, 26, 2, 0)]
    detail = "bytes_scanned, lines_scanned, trim(file_etag)"
    assert loading.client.rows(f"select {detail} from sys_load_detail {mine} order by file_name") == [
        (18, 2, md5(b'{"a": 1}\n{"a": 2}\n').hexdigest()),
        (8, 1, md5(b'{"a": 3}').hexdigest()),
    ]


COMMENTS = """
    select c.relname, d.objsubid, d.description
    from pg_catalog.pg_description as d
    inner join pg_class as c on d.objoid = c.oid
    inner join pg_namespace as n on c.relnamespace = n.oid
    where n.nspname = 'public'
    order by c.relname, d.objsubid
"""


def test_comments_are_in_the_catalog(client: Client) -> None:
    client.run("create table t (a integer, b integer)")
    client.run("create view v as select a from t")
    client.run("comment on table t is 'what it''s for'")
    client.run("comment on column public.t.b is 'of table'")
    client.run("comment on view v is 'a view'")
    client.run("comment on column v.a is 'of view'")
    client.run("comment on view v is 'another'")
    assert client.rows(COMMENTS) == [
        ("t", 0, "what it's for"),
        ("t", 2, "of table"),
        ("v", 0, "another"),
        ("v", 1, "of view"),
    ]
    comments = "select obj_description(c.oid), col_description(c.oid, 2) from pg_class as c where c.relname = 't'"
    assert client.rows(comments) == [("what it's for", "of table")]
    client.run("comment on table t is null")
    client.run("comment on column t.b is null")
    assert client.rows(comments) == [(None, None)]


@pytest.mark.parametrize(
    ("target", "code"), [("table lacking", "42P01"), ("column t.lacking", "42703"), ("view t", "42809")]
)
def test_a_comment_needs_its_object(client: Client, target: str, code: str) -> None:
    client.run("create table t (a integer)")
    with refused(code, ""):
        client.run(f"comment on {target} is 'x'")


def test_table_info_has_rows_and_size_of_the_tables_with_rows(client: Client) -> None:
    client.run("create schema s")
    for table in ("t", "s.t", "u"):
        client.run(f"create table {table} (a integer)")
    client.run("create view v as select a from t")
    client.run("insert into t values (1), (2)")
    client.run("insert into s.t values (1)")
    rows = client.rows('select "schema", "table", size, tbl_rows from svv_table_info order by 1')
    assert rows == [("public", "t", 1, 2), ("s", "t", 1, 1)]


def test_the_size_of_a_table_is_in_megabytes(client: Client, stand_in: StandIn, database: str) -> None:
    client.run("create table t (a varchar(max))")
    client.commit()
    with stand_in.postgres(database) as server:
        server.query("alter table t alter a set storage external")
        server.query("insert into t select repeat('x', 60000) from generate_series(1, 50)")
    assert 3 <= client.value("select size from svv_table_info") <= 4


def test_table_info_is_for_superusers(client: Client, stand_in: StandIn, database: str) -> None:
    analyst = Client(stand_in, database, user=stand_in.analyst)
    with refused("42501", "permission denied for relation svv_table_info"):
        analyst.rows("select size from svv_table_info")


def test_a_plain_user_reads_only_their_own_rows(loading: Loading, stand_in: StandIn, database: str) -> None:
    analyst = Client(stand_in, database, user=stand_in.analyst)
    with refused("42501", "permission denied for relation t"):
        analyst.rows("select a from t")
    analyst.rollback()
    loading.put("data/1.json", '{"a": "x"}')
    with refused("XX000", "failed"):
        loading.copy()
    analyst.run("create table mine (a bigint)")
    role = "iam_role 'arn:aws:iam::000000000000:role/reader'"
    with refused("XX000", "failed"):
        analyst.run(f"copy mine from 's3://{loading.bucket}/data/' {role} json 'auto'")
    analyst.rollback()
    loading.client.rollback()
    sessions = "select distinct session_id from sys_load_error_detail where session_id in (%s, pg_backend_pid())"
    mine, other = (each.value("select pg_backend_pid()") for each in (analyst, loading.client))
    assert analyst.rows(sessions, other) == [(mine,)]
    assert sorted(loading.client.rows(sessions, mine)) == sorted([(mine,), (other,)])


def test_a_transaction_is_shown_with_its_locks(pair: tuple[Client, Client]) -> None:
    first, second = pair
    first.run("lock table t")
    process = first.value("select pg_backend_pid()")
    locks = (
        "select x.txn_owner, x.pid, x.lock_mode, x.granted from svv_transactions as x "
        "inner join pg_class as c on c.oid = x.relation where c.relname = 't'"
    )
    assert second.rows(locks) == [("awsuser", process, "AccessExclusiveLock", True)]


def test_a_session_is_ended_from_another(pair: tuple[Client, Client]) -> None:
    first, second = pair
    assert second.value(f"select pg_terminate_backend({first.value('select pg_backend_pid()')})")
    with pytest.raises((ProgrammingError, *GONE)):
        first.rows("select a from t")
