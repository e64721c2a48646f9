"""The stand-in's sessions: login, values in and out, transactions."""

import socket
import ssl
import struct
import threading
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import trustme
from redshift_connector.error import InterfaceError

import redshift_stand_in
from redshift_stand_in import StandIn
from redshift_stand_in.tests.clients import Client, refused, waits

# Login.


def test_the_official_driver_logs_in_with_a_digest_of_the_password(client: Client, stand_in: StandIn) -> None:
    assert client.value("select current_user") == stand_in.user
    assert "Redshift" in client.value("select version()")


def test_the_password_does_not_travel(stand_in: StandIn) -> None:
    start = struct.pack("!i", 196608) + f"user\0{stand_in.user}\0database\0dev\0\0".encode()
    with socket.create_connection((stand_in.host, stand_in.port)) as connection:
        connection.sendall(struct.pack("!i", len(start) + 4) + start)
        kind, _, code, algorithm = struct.unpack("!ciii", connection.recv(13))
    assert (kind, code, algorithm) == (b"R", 13, 0), "13 asks for a digest, 0 is SHA256"


@pytest.mark.parametrize("login", [{"password": "wrong"}, {"user": "nobody"}])
def test_a_wrong_user_or_password_is_refused(stand_in: StandIn, login: dict[str, str]) -> None:
    with refused("28000", "password authentication failed for user"):
        stand_in.connect(**login)


def test_an_unknown_database_is_refused(stand_in: StandIn) -> None:
    with refused("3D000", 'database "nowhere" does not exist'):
        stand_in.connect("nowhere")


def test_without_a_certificate_the_server_refuses_tls(stand_in: StandIn) -> None:
    with pytest.raises(InterfaceError, match="Server refuses SSL"):
        stand_in.connect(ssl=True, sslmode="verify-full")


def test_over_tls_the_driver_takes_only_a_certificate_that_it_trusts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = trustme.CA()
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(tmp_path / "server.pem")
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    with redshift_stand_in.running(tmp_path, certificate=str(tmp_path / "server.pem")) as server:
        with pytest.raises(InterfaceError) as raised:
            server.connect(ssl=True, sslmode="verify-full")
        assert isinstance(raised.value.args[1], ssl.SSLCertVerificationError)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
        connection = server.connect(ssl=True, sslmode="verify-full")
        assert connection.cursor().execute("select 1").fetchall() == ([1],)


# Values in and out.

VALUES = [
    ("smallint", 7),
    ("integer", -40_000),
    ("bigint", 2**62),
    ("double precision", 295.5),
    ("boolean", True),
    ("timestamp", datetime(2018, 11, 21, 23, 57, 12, 796_001)),
    ("date", date(2018, 11, 21)),
    ("decimal(20, 4)", Decimal("-12345.6789")),
    ("varchar(20)", "Beyoncé 🎵 \\ ' \n"),
    ("varchar(20)", ""),
    ("varchar(20)", None),
]


@pytest.mark.parametrize("protocol", [0, 1, 2], ids=["text", "with names", "binary"])
@pytest.mark.parametrize(("kind", "value"), VALUES)
def test_a_value_comes_back_as_it_went(stand_in: StandIn, database: str, kind: str, value: Any, protocol: int) -> None:
    client = Client(stand_in, database, client_protocol_version=protocol)
    client.run(f"create table t (v {kind})")
    client.run("insert into t values (%s)", value)
    assert client.value("select v from t") == value


@pytest.mark.parametrize(
    ("clause", "values"),
    [
        ("limit %s", [2]),
        ("limit %s offset %s", ["1", 1]),
        ("limit (%s)", [2]),
        ("limit cast(%s as bigint)", [2]),
        ("limit %s", [100_000]),
        ("offset %s", [2**40]),
    ],
)
def test_a_number_of_rows_is_not_bound_as_a_number(client: Client, clause: str, values: list[object]) -> None:
    client.run("create table t (a integer)")
    client.commit()
    for sql in (f"select a from t order by a {clause}", f"select a from (select a from t {clause}) as u"):
        with refused("XX000", "Not implemented"):
            client.rows(sql, *values)
        client.rollback()


def test_a_number_of_rows_may_be_bound_as_a_text(client: Client) -> None:
    client.run("create table t (a integer)")
    client.run("insert into t values (1), (2), (3)")
    assert client.rows("select a from t order by a limit %s", "2") == [(1,), (2,)]
    assert client.rows("select a from t order by a limit %s offset %s", "1", "1") == [(2,)]


def test_the_protocol_has_a_type_for_dates(client: Client) -> None:
    client.run('create table t ("day" date, a timestamp)')
    client.run("insert into t values ('2018-11-21', '2018-11-22 23:59:59')")
    assert client.rows('select "day", cast(a as date) as "time" from t') == [(date(2018, 11, 21), date(2018, 11, 22))]
    assert [column[:2] for column in client.cursor.description] == [("day", 1082), ("time", 1082)]


def test_row_counts_are_those_of_redshift(client: Client) -> None:
    assert client.run("create table t (a integer)") == -1
    assert client.run("insert into t values (1), (2), (3)") == 3
    assert client.run("update t set a = 5 where a > 1") == 2
    assert client.run("delete from t where a = 5") == 2
    assert client.run("select a from t") == -1  # the tag of a SELECT holds no count


def test_a_statement_runs_again_after_the_table_has_changed(client: Client) -> None:
    for kind in ("integer", "varchar(10)"):
        client.run(f"create table t (a {kind})")
        client.run("insert into t values (%s)", "1")
        assert client.value("select a from t") in (1, "1")
        client.run("drop table t")


def test_a_running_statement_can_be_cancelled(client: Client, stand_in: StandIn) -> None:
    client.run("create table t (a integer)")
    client.run("insert into t values (1)" + ", (1)" * 2000)  # one row is parsed, so it takes no time
    request = struct.pack("!ii", 16, 80877102) + client.connection._backend_key_data

    def cancel() -> None:
        with socket.create_connection((stand_in.host, stand_in.port)) as other:
            other.sendall(request)

    threading.Timer(0.3, cancel).start()
    with refused("57014", "cancel"):
        client.run("select count(*) from t as a, t as b, t as c where a.a + b.a + c.a = 4")


# Transactions.


def test_truncate_commits_the_transaction(client: Client) -> None:
    client.run("create table t (a integer)")
    client.run("create table u (a integer)")
    client.commit()
    client.run("insert into t values (1)")
    client.run("truncate table u")
    client.rollback()
    assert client.value("select count(*) from t") == 1


def test_a_failed_transaction_takes_no_statement(client: Client) -> None:
    for sql in ("vacuum", "set query_group to 'x'", "select 1"):
        with refused("42601", "syntax error"):
            client.run("select nonsense from")
        with refused("25P02", "current transaction is aborted"):
            client.run(sql)
        client.rollback()


def test_a_session_tells_its_query_group(client: Client) -> None:
    assert client.value("select current_setting('query_group')") == "unset"
    client.run("set query_group to 'sparkify etl'")
    client.commit()
    assert client.value("select current_setting('query_group')") == "sparkify etl"


def test_set_config_sets_what_set_does_until_the_session_ends(client: Client) -> None:
    client.run("select set_config('query_group', 'load', false), set_config('statement_timeout', '60000', false)")
    client.commit()
    assert client.rows("select current_setting('query_group'), current_setting('statement_timeout')") == [
        ("load", "1min")
    ]
    client.run("select set_config('query_group', 'trial', true)")
    client.commit()
    assert client.value("select current_setting('query_group')") == "load"
    with refused("42704", 'unrecognized configuration parameter "enable_seqscan"'):
        client.run("select set_config('enable_seqscan', 'off', false)")


def test_a_rollback_takes_a_table_back(client: Client) -> None:
    client.run("create table t (a integer)")
    client.rollback()
    with refused("42P01", "does not exist"):
        client.run("select a from t")


WRITES = [
    "insert into t values (1)",
    "update t set a = 1",
    "delete from t",
    "truncate t",
    "create table u (a integer)",
    "create temp table u (a integer)",
    "drop table t",
    "comment on table t is 'x'",
    "copy t from 's3://bucket/' iam_role 'arn:aws:iam::000000000000:role/reader' json 'auto'",
]


@pytest.mark.parametrize("sql", WRITES)
def test_a_transaction_that_only_reads_refuses_to_write(client: Client, sql: str) -> None:
    client.run("create table t (a integer)")
    client.commit()
    client.connection.autocommit = True
    client.run("begin read only")
    with refused("25006", "transaction is read-only"):
        client.run(sql)
    client.run("rollback")
    assert client.rows("select a from t") == []


@pytest.mark.parametrize(
    "begin", ["begin transaction read only", "begin work read only", "start transaction read only"]
)
def test_a_transaction_that_only_reads_can_begin_in_other_words(client: Client, begin: str) -> None:
    client.run("create table t (a integer)")
    client.commit()
    client.connection.autocommit = True
    client.run(begin)
    assert client.rows("select a from t") == []
    with refused("25006", "transaction is read-only"):
        client.run("insert into t values (1)")


def test_a_write_that_is_refused_does_not_wait_for_a_writer(pair: tuple[Client, Client]) -> None:
    first, second = pair
    first.run("update t set b = 10")
    second.connection.autocommit = True
    second.run("begin read only")
    with refused("25006", "transaction is read-only"):
        second.run("update t set b = 20")


def test_vacuum_runs_outside_of_a_transaction_only(client: Client) -> None:
    with refused("25001", "VACUUM cannot run inside a transaction block"):
        client.run("vacuum")
    client.rollback()
    client.connection.autocommit = True
    client.run("vacuum")


def test_lock_runs_in_a_transaction_only(client: Client) -> None:
    client.run("create table t (a integer)")
    client.commit()
    client.connection.autocommit = True
    with refused("25P01", "LOCK TABLE can only be used in transaction blocks"):
        client.run("lock table t")


def test_a_locked_table_makes_readers_wait(pair: tuple[Client, Client]) -> None:
    first, second = pair
    first.run("lock table t")
    reader = threading.Thread(target=second.rows, args=("select a from t",))
    assert waits(reader)
    first.commit()
    reader.join(10)
    assert not reader.is_alive()


def test_one_transaction_at_a_time_writes_a_table(pair: tuple[Client, Client]) -> None:
    first, second = pair
    first.run("update t set b = 10 where a = 1")
    writer = threading.Thread(target=second.run, args=("update t set b = b + 5",))
    assert waits(writer)
    first.commit()
    writer.join(10)
    second.commit()
    assert first.rows("select b from t order by a") == [(15,), (7,)]


def test_an_update_of_a_row_that_changed_since_the_snapshot_gets_error_1023(pair: tuple[Client, Client]) -> None:
    first, second = pair
    assert second.value("select count(*) from t") == 2
    first.run("update t set b = 10 where a = 1")
    first.commit()
    with refused("XX000", "1023Serializable isolation violation on table"):
        second.run("update t set b = 20 where a = 1")


def test_serializable_isolation_refuses_transactions_that_no_order_explains(tmp_path: Path) -> None:
    with redshift_stand_in.running(tmp_path, isolation="serializable") as server:
        first, second = Client(server, server.database), Client(server, server.database)
        for table in "tu":
            first.run(f"create table {table} (a integer)")
        first.commit()
        first.rows("select a from t")
        second.rows("select a from u")
        first.run("insert into u values (1)")
        second.run("insert into t values (2)")
        first.commit()
        with refused("XX000", "1023Serializable isolation violation"):
            second.commit()


def test_snapshot_isolation_allows_two_inserts_that_do_not_see_each_other(pair: tuple[Client, Client]) -> None:
    first, second = pair
    first.run("create table u (a integer)")
    first.commit()
    first.rows("select a from t")
    second.rows("select a from u")
    first.run("insert into u values (1)")
    second.run("insert into t values (3, 3)")
    first.commit()
    second.commit()
    assert first.value("select count(*) from t") == 3


def test_many_clients_work_at_the_same_time(stand_in: StandIn, database: str) -> None:
    first = Client(stand_in, database)
    first.run("create table t (a integer)")
    first.commit()

    def insert() -> None:
        client = Client(stand_in, database)
        for n in range(5):
            client.run("insert into t values (%s)", n)
            client.commit()

    clients = [threading.Thread(target=insert) for _ in range(10)]
    for each in clients:
        each.start()
    for each in clients:
        each.join(30)
    assert first.value("select count(*) from t") == 50
