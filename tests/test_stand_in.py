"""The stand-in for Redshift: it has to be as strict as Redshift, or what passes on it proves nothing."""

import gzip
import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from hashlib import md5
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import redshift
import s3
import trustme
import zstandard
from redshift import StandIn
from redshift_connector.error import InterfaceError, ProgrammingError

TRUSTED = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
}
MAY_READ = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": "arn:aws:s3:::*"},
        {"Effect": "Deny", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::*/forbidden*"},
    ],
}
MAY_GET = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::*"}],
}


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[s3.Server]:
    with s3.running(tmp_path_factory.mktemp("ministack")) as server:
        iam = server.client("iam")
        for name, may in {"reader": MAY_READ, "getter": MAY_GET}.items():
            iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUSTED))
            iam.put_role_policy(RoleName=name, PolicyName="may", PolicyDocument=json.dumps(may))
        yield server


@pytest.fixture(scope="session")
def stand_in(store: s3.Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    with redshift.running(tmp_path_factory.mktemp("redshift"), s3_endpoint=store.endpoint) as server:
        yield server


class Client:
    """A connection of the official driver to a database of its own."""

    def __init__(self, stand_in: StandIn, database: str, **more: Any) -> None:
        self.connection = stand_in.connect(database, **more)
        self.cursor = self.connection.cursor()

    def run(self, sql: str, *values: Any) -> int:
        """Run a statement; how many rows it changed."""
        self.cursor.execute(sql, values or None)
        return int(self.cursor.rowcount)

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        self.cursor.execute(sql, values or None)
        return [tuple(row) for row in self.cursor.fetchall()]

    def value(self, sql: str, *values: Any) -> Any:
        [(value,)] = self.rows(sql, *values)
        return value

    def commit(self) -> None:
        self.connection.commit()

    def rollback(self) -> None:
        self.connection.rollback()


@pytest.fixture
def database(stand_in: StandIn) -> Iterator[str]:
    with stand_in.fresh_database() as name:
        yield name


@pytest.fixture
def client(stand_in: StandIn, database: str) -> Client:
    return Client(stand_in, database)


@contextmanager
def refused(code: str, message: str) -> Iterator[None]:
    """The block ends with an error that has an SQLSTATE, and the words in its message or detail."""
    with pytest.raises((ProgrammingError, InterfaceError)) as raised:
        yield
    told = raised.value.args[0]
    assert told["C"] == code, told
    assert message in told["M"] + told.get("D", ""), told


# Logging in.


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
def test_who_has_the_wrong_password_is_refused(stand_in: StandIn, login: dict[str, str]) -> None:
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
    with redshift.running(tmp_path, certificate=str(tmp_path / "server.pem")) as server:
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


def test_a_statement_in_hand_can_be_cancelled(client: Client, stand_in: StandIn) -> None:
    client.run("create table t (a integer)")
    client.run("insert into t values (1)" + ", (1)" * 2000)  # one row is judged, and so it takes no time
    request = struct.pack("!ii", 16, 80877102) + client.connection._backend_key_data

    def cancel() -> None:
        with socket.create_connection((stand_in.host, stand_in.port)) as other:
            other.sendall(request)

    threading.Timer(0.3, cancel).start()
    with refused("57014", "cancel"):
        client.run("select count(*) from t as a, t as b, t as c where a.a + b.a + c.a = 4")


# What Redshift refuses.

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
]  # fmt: skip


@pytest.fixture(scope="session")
def tables(stand_in: StandIn) -> Iterator[Client]:
    """A client of a database in which each of the statements above would do, if it were PostgreSQL."""
    with stand_in.fresh_database() as name:
        client = Client(
            stand_in,
            name,
        )
        for table in "tuv":
            client.run(f"create table {table} (a integer, b varchar(10))")
        client.commit()
        yield client


@pytest.mark.parametrize(("sql", "code"), REFUSED)
def test_what_redshift_refuses_is_refused(tables: Client, sql: str, code: str) -> None:
    with refused(code, ""):
        tables.run(sql)
    tables.rollback()


TAKEN = [
    "create table w (a bigint not null distkey encode az64, b varchar(max) default 'X', primary key (a)) "
    "diststyle key compound sortkey (a, b)",
    "create table if not exists t (a integer)",
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
    "select table_name from information_schema.tables where table_schema = current_schema()",
    "with x as (select table_name from information_schema.tables) select table_name from x",
    "select pg_last_query_id(), pg_last_copy_id(), pg_last_copy_count(), pg_backend_pid()",
]


@pytest.mark.parametrize("sql", TAKEN)
def test_what_redshift_takes_is_taken(tables: Client, sql: str) -> None:
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


# What means something else in PostgreSQL.


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


MEANINGS = [
    ("extract(millisecond from timestamp '2009-09-09 12:08:43.101')", 101),
    ("extract(epoch from timestamp '2050-01-01 00:00:00')", 2524608000),
    ("extract(dow from timestamp '2018-11-04 00:00:00')", 0),
    ("7 / 2", 3),
    ("mod(796, 1000)", 796),
    ("md5('a')", "0cc175b9c0f1b6a831c399e269772661"),
    ("char_length('é')", 1),
    ("octet_length('é')", 2),
    ("greatest(1, 2)", 2),
    ("date_trunc('second', timestamp '2018-11-04 00:00:01.796')", datetime(2018, 11, 4, 0, 0, 1)),
    ("case when 'a' > 'B' and 'é' > 'z' then 'bytes' end", "bytes"),
]


@pytest.mark.parametrize(("expression", "value"), MEANINGS)
def test_an_expression_means_what_it_means_in_redshift(tables: Client, expression: str, value: Any) -> None:
    assert tables.value(f"select {expression}") == value


def test_names_fold_to_lower_case_even_in_quotes(client: Client) -> None:
    client.run('create table "T" ("ItemInSession" integer)')
    assert client.rows("select iteminsession from t") == []


def test_nulls_come_first_when_the_order_descends(client: Client) -> None:
    client.run("create table t (a integer)")
    client.run("insert into t values (1), (null), (2)")
    assert client.rows("select a from t order by a desc") == [(None,), (2,), (1,)]


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


def test_a_definition_is_rolled_back(client: Client) -> None:
    client.run("create table t (a integer)")
    client.rollback()
    with refused("42P01", "does not exist"):
        client.run("select a from t")


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


def waits(run: threading.Thread) -> bool:
    run.start()
    run.join(0.3)
    return run.is_alive()


@pytest.fixture
def pair(stand_in: StandIn, database: str) -> tuple[Client, Client]:
    """Two clients of one database with a table."""
    first, second = Client(stand_in, database), Client(stand_in, database)
    first.run("create table t (a integer, b integer)")
    first.run("insert into t values (1, 1), (2, 2)")
    first.commit()
    return first, second


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


def test_who_changes_what_has_changed_since_its_snapshot_gets_error_1023(pair: tuple[Client, Client]) -> None:
    first, second = pair
    assert second.value("select count(*) from t") == 2
    first.run("update t set b = 10 where a = 1")
    first.commit()
    with refused("XX000", "1023Serializable isolation violation on table"):
        second.run("update t set b = 20 where a = 1")


def test_serializable_isolation_refuses_what_no_order_explains(tmp_path: Path) -> None:
    with redshift.running(tmp_path, isolation="serializable") as server:
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


def test_snapshot_isolation_lets_two_insert_what_the_other_does_not_see(pair: tuple[Client, Client]) -> None:
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


# COPY.

COLUMNS = "a bigint, b varchar(5), c timestamp, d double precision, e boolean, n integer not null default 7"


class Loading:
    """A bucket of its own, and a client with a table to load."""

    _numbers = count(1)

    def __init__(self, store: s3.Server, client: Client, region: str = "us-east-1") -> None:
        self.bucket = f"bucket-{client.value('select pg_backend_pid()')}-{next(self._numbers)}"
        self.client = client
        self._s3 = store.client()
        where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        self._s3.create_bucket(Bucket=self.bucket, **where)
        client.run(f"create table t ({COLUMNS})")
        client.commit()

    def put(self, key: str, content: str | bytes) -> None:
        self._s3.put_object(Bucket=self.bucket, Key=key, Body=content)

    def manifest(self, *entries: dict[str, Any]) -> None:
        self.put("manifest", json.dumps({"entries": [{**e, "url": f"s3://{self.bucket}/{e['url']}"} for e in entries]}))

    def copy(self, options: str = "json 'auto'", *, source: str = "data/", columns: str = "a, b, c, d, e") -> int:
        """Load the source; how many rows came of it."""
        role = "" if "iam_role" in options else "iam_role 'arn:aws:iam::000000000000:role/reader'"
        options = options.replace("s3://paths", f"s3://{self.bucket}/paths")
        self.client.run(f"copy t ({columns}) from 's3://{self.bucket}/{source}' {role} {options}")
        return int(self.client.value("select pg_last_copy_count()"))

    def errors(self) -> list[tuple[Any, ...]]:
        """Of each load error of the session: file, line, column, code, message."""
        return self.client.rows(
            "select substring(trim(file_name), %s), line_number, trim(column_name), error_code, trim(error_message) "
            "from sys_load_error_detail where session_id = pg_backend_pid() order by query_id, file_name, line_number",
            len(self.bucket) + 7,
        )

    def loaded(self, columns: str = "a") -> list[tuple[Any, ...]]:
        return self.client.rows(f"select {columns} from t order by a")


@pytest.fixture
def loading(store: s3.Server, client: Client) -> Loading:
    return Loading(store, client)


def test_json_loads_by_the_names_of_its_keys(loading: Loading) -> None:
    loading.put("data/1.json", '{"a": 1, "b": "é", "d": 1e3, "e": true, "other": 5}\n{"a": 2, "B": "no"} {"a": 3}')
    assert loading.copy() == 3
    assert loading.loaded("a, b, d, e, n") == [
        (1, "é", 1000.0, True, 7),
        (2, None, None, None, 7),
        (3, None, None, None, 7),
    ]


def test_json_loads_ignoring_case(loading: Loading) -> None:
    loading.put("data/1.json", '{"A": 1, "B": "x"}')
    assert loading.copy("format as json 'auto ignorecase'") == 1
    assert loading.loaded("a, b") == [(1, "x")]


@pytest.mark.parametrize("paths", [["$['x']['y']", "$['z'][1]"], ["$.x.y", "$.z[1]"]])
def test_json_loads_by_paths_in_the_order_of_the_columns(loading: Loading, paths: Sequence[str]) -> None:
    loading.put("paths.json", json.dumps({"jsonpaths": paths}))
    loading.put("data/1.json", '{"x": {"y": 1}, "z": ["no", "yes"]}\n{"x": null, "z": [0, 1]}\n{"z": [0, 1]}')
    assert loading.copy("format json as 's3://paths.json'", columns="a, b") == 3
    assert loading.loaded("a, b") == [(1, "yes"), (None, "1"), (None, "1")]


def test_an_array_loads_by_paths_only(loading: Loading) -> None:
    loading.put("paths.json", '{"jsonpaths": ["$[0]", "$[1]"]}')
    loading.put("data/1.json", '[1, "x"]')
    assert loading.copy("json 's3://paths.json'", columns="a, b") == 1
    with refused("XX000", "Load into table 't' failed.  Check 'sys_load_error_detail'"):
        loading.copy("json 'auto'", columns="a, b")


@pytest.mark.parametrize(
    ("paths", "message"),
    [
        ('{"jsonpaths": ["$.a"]}', "Number of jsonpaths and the number of columns should match. JSONPath size: 1"),
        ('{"jsonpaths": ["$.a", "$.b[*]"]}', "Invalid JSONPath format"),
        ('{"jsonpaths": ["$.a", "$[\'b\'].c"]}', "Invalid JSONPath format"),
        ("not json", "Invalid JSONPath format"),
    ],
)
def test_a_jsonpaths_file_has_to_fit(loading: Loading, paths: str, message: str) -> None:
    loading.put("paths.json", paths)
    loading.put("data/1.json", '{"a": 1}')
    with refused("XX000", message):
        loading.copy("json 's3://paths.json'", columns="a, b")


def test_a_prefix_takes_every_key_that_begins_with_it(loading: Loading) -> None:
    for key in ("log_data/1.json", "log_data_old/2.json", "log_data.json"):
        loading.put(key, '{"a": 1}')
    loading.put("log_data/", "")
    assert loading.copy(source="log_data") == 3
    assert loading.copy(source="log_data/") == 1


def test_a_manifest_names_the_files(loading: Loading) -> None:
    for number in (1, 2, 3):
        loading.put(f"data/{number}", f'{{"a": {number}}}')
    loading.manifest({"url": "data/2", "mandatory": True}, {"url": "data/3"}, {"url": "data/3"}, {"url": "lacking"})
    assert loading.copy("json 'auto' manifest", source="manifest") == 3
    assert loading.loaded() == [(2,), (3,), (3,)]


def test_what_a_manifest_says_must_be_there_has_to_be(loading: Loading) -> None:
    loading.manifest({"url": "lacking", "mandatory": True})
    with refused("XX000", "S3ServiceException:The specified key does not exist.,Status 404,Error NoSuchKey"):
        loading.copy("manifest json 'auto'", source="manifest")


def test_a_manifest_of_nothing_fails(loading: Loading) -> None:
    loading.manifest({"url": "lacking"})
    with refused("XX000", "No valid S3 files found"):
        loading.copy("manifest json 'auto'", source="manifest")


def test_a_manifest_has_to_be_one(loading: Loading) -> None:
    loading.put("manifest", "{")
    with refused("XX000", "Manifest file is not in correct json format"):
        loading.copy("manifest json 'auto'", source="manifest")
    loading.client.rollback()
    with refused("XX000", "Problem reading manifest file - S3ServiceException:The specified key does not exist"):
        loading.copy("manifest json 'auto'", source="another")


@pytest.mark.parametrize(
    ("option", "pack"), [("gzip", gzip.compress), ("zstd", lambda data: zstandard.compress(data))], ids=["gzip", "zstd"]
)
def test_packed_files_load_with_their_option_only(loading: Loading, option: str, pack: Any) -> None:
    loading.put("data/1", pack(b'{"a": 1}') + pack(b'{"a": 2}'))
    assert loading.copy(f"json 'auto' {option}") == 2
    with refused("XX000", "Load into table 't' failed"):
        loading.copy("json 'auto'")
    loading.client.rollback()
    loading.put("data/1", '{"a": 1}')
    with refused("XX000", "decompress"):
        loading.copy(f"json 'auto' {option}")
    loading.client.rollback()
    loading.put("data/1", pack(b'{"a": 1}')[:-3])
    with pytest.raises(ProgrammingError):
        loading.copy(f"json 'auto' {option}")


GOOD = [
    ("a", "3", 3),
    ("a", '"3"', 3),
    ("a", "-9223372036854775808", -(2**63)),
    ("a", '""', None),
    ("a", '" "', None),
    ("a", "null", None),
    ("b", "3", "3"),
    ("b", "3.0", "3.0"),
    ("b", "1e3", "1e3"),
    ("b", "true", "true"),
    ("b", '""', ""),
    ("b", '" "', " "),
    ("b", '"ééa"', "ééa"),
    ("b", "[1, 2]", "[1,2]"),
    ("d", "3", 3.0),
    ("d", '"3.5"', 3.5),
    ("d", '""', None),
    ("e", '"t"', True),
    ("e", "0", False),
    ("c", '"2018-11-30 10:00:00.123"', datetime(2018, 11, 30, 10, 0, 0, 123_000)),
]


@pytest.mark.parametrize(("column", "value", "loaded"), GOOD)
def test_a_value_that_a_column_takes(loading: Loading, column: str, value: str, loaded: Any) -> None:
    loading.put("data/1.json", f'{{"{column}": {value}}}')
    loading.copy()
    assert loading.loaded(column) == [(loaded,)]


BAD = [
    ("a", "3.0", 1207, "Invalid digit, Value '.', Pos 1, Type: Long"),
    ("a", "3.7", 1207, "Invalid digit, Value '.', Pos 1, Type: Long"),
    ("a", "1e3", 1207, "Invalid digit, Value 'e', Pos 1, Type: Long"),
    ("a", '"-"', 1207, "Invalid digit, Value '-', Pos 0, Type: Long"),
    ("a", "true", 1207, "Invalid digit, Value 't', Pos 0, Type: Long"),
    ("a", "[1]", 1207, "Invalid digit, Value '[', Pos 0, Type: Long"),
    ("a", "9223372036854775808", 1204, "Overflow"),
    ("a", "9" * 5000, 1204, "Overflow"),
    ("b", "[" * 600 + "]" * 600, 1216, "Invalid JSON: nested too deep"),
    ("b", '"ééé"', 1204, "String length exceeds DDL length"),
    ("b", r'"a\u0000"', 1218, "Invalid null byte"),
    ("b", r'"\ud800"', 1220, "String contains invalid or unsupported UTF8 codepoints. Bad UTF8 hex sequence: eda080"),
    ("b", '{"k":12}', 1204, "String length exceeds DDL length"),
    ("d", '"abc"', 1208, "Invalid digit, Value 'a', Pos 0, Type: Double"),
    ("d", '"nan"', 1208, "Invalid digit, Value 'n', Pos 0, Type: Double"),
    ("d", "1e400", 1204, "Overflow, Type: Double"),
    ("e", '"maybe"', 1210, "Invalid boolean"),
    ("c", "1541105830796", 1206, "Invalid timestamp format or value [YYYY-MM-DD HH24:MI:SS]"),
    ("c", '"2018-11-31 00:00:00"', 1206, "Invalid timestamp format or value"),
    ("n", "null", 1213, "Missing data for not-null field"),
    ("n", "2147483648", 1204, "Overflow"),
]


@pytest.mark.parametrize(("column", "value", "code", "message"), BAD)
def test_a_value_that_a_column_does_not_take(
    loading: Loading, column: str, value: str, code: int, message: str
) -> None:
    loading.put("data/1.json", f'\n{{"{column}":\n {value}}}\n')
    with refused("XX000", "Load into table 't' failed.  Check 'sys_load_error_detail' system table for details."):
        loading.copy(columns=column)
    loading.client.rollback()
    [(file, line, where, found, told)] = loading.errors()
    assert (file, line, where, found) == ("data/1.json", 3, column, code)
    assert told.startswith(message)


TIMES = [
    ("epochmillisecs", "1541105830796", datetime(2018, 11, 1, 20, 57, 10, 796_000)),
    ("epochmillisecs", '"-1"', datetime(1969, 12, 31, 23, 59, 59, 999_000)),
    ("epochsecs", "1541105830", datetime(2018, 11, 1, 20, 57, 10)),
    ("auto", '"2018-11-01T20:57:10Z"', datetime(2018, 11, 1, 20, 57, 10)),
    ("epochmillisecs", "1541105830796.0", None),
    ("epochmillisecs", "9e99", None),
    ("epochmillisecs", '"2018-11-01 00:00:00"', None),
    ("epochmillisecs", "300000000000000000", None),
    ("auto", "1541105830796", None),
]


@pytest.mark.parametrize(("timeformat", "value", "moment"), TIMES)
def test_a_time_is_read_as_the_format_says(
    loading: Loading, timeformat: str, value: str, moment: datetime | None
) -> None:
    loading.put("data/1.json", f'{{"c": {value}}}')
    if moment:
        loading.copy(f"timeformat as '{timeformat}' json 'auto'")
        assert loading.loaded("c") == [(moment,)]
        return
    with refused("XX000", "failed"):
        loading.copy(f"timeformat as '{timeformat}' json 'auto'")
    loading.client.rollback()
    assert [error[3] for error in loading.errors()] == [1206]


BROKEN = [
    (b'{"a": 1}, {"a": 2}', [1, 2], 1),
    (b'{"a": 1} garbage {"a": 2}', [1, 2], 1),
    (b'{"a": 1,}\n{"a": 2}', [2], 1),
    (b'{"a": 1, "b": "x\n{"a": 2}\n', [2], 1),
    (b'{"a": 1\n{"a": 2}', [2], 1),
    (b'{"a": 1, "x": "\xff"}\n{"a": 2}', [2], 1),
    (b'\xef\xbb\xbf{"a": 1}', [1], 1),
    (b"[]\n5\n{}", [None], 2),
    (b'{"d": NaN}{"a": 2}', [2], 1),
    (b'{"a": 1, "b": "a\tb"}{"a": 2}', [2], 1),
]


@pytest.mark.parametrize(("data", "loaded", "errors"), BROKEN)
def test_what_is_no_record_is_an_error_and_the_others_load(
    loading: Loading, data: bytes, loaded: list[int | None], errors: int
) -> None:
    loading.put("data/1.json", data)
    assert loading.copy("json 'auto' maxerror 10") == len(loaded)
    assert [a for (a,) in loading.loaded()] == loaded
    assert len(loading.errors()) == errors


def test_a_record_of_more_than_four_megabytes_is_an_error(loading: Loading) -> None:
    size = 4 * 1024 * 1024
    rest = len('{"a": 1, "x": ""}')
    loading.put("data/1.json", '{"a": 1, "x": "' + "x" * (size - rest) + '"}')
    loading.put("data/2.json", '{"a": 1, "x": "' + "x" * (size - rest + 1) + '"}')
    assert loading.copy("json 'auto' maxerror 2") == 1
    assert [(file, code) for file, _, _, code, _ in loading.errors()] == [("data/2.json", 1216)]


@pytest.mark.parametrize(("maxerror", "fails"), [("", True), ("maxerror 0", True), ("maxerror as 1", True),
                                                 ("maxerror 2", True), ("maxerror 3", False)])  # fmt: skip
def test_maxerror_is_how_many_errors_fail(loading: Loading, maxerror: str, fails: bool) -> None:
    loading.put("data/1.json", '{"a": "x"} {"a": 1} {"a": "y"}')
    if fails:
        with refused("XX000", "failed"):
            loading.copy(f"json 'auto' {maxerror}")
    else:
        assert loading.copy(f"json 'auto' {maxerror}") == 1
        assert len(loading.errors()) == 2, "the system view shows them within the transaction"


CONVERSIONS = [
    ("truncatecolumns", '"ééé"', "éé"),
    ("blanksasnull", '"  "', None),
    ("emptyasnull", '""', None),
]


@pytest.mark.parametrize(("option", "value", "loaded"), CONVERSIONS)
def test_an_option_converts_texts(loading: Loading, option: str, value: str, loaded: str | None) -> None:
    loading.put("data/1.json", f'{{"b": {value}}}')
    loading.copy(f"json 'auto' {option}")
    assert loading.loaded("b") == [(loaded,)]


def test_noload_looks_and_loads_nothing(loading: Loading) -> None:
    loading.put("data/1.json", '{"a": 1}')
    assert loading.copy("json 'auto' noload compupdate off statupdate on") == 0
    assert loading.loaded() == []
    loading.put("data/1.json", '{"a": "x"}')
    with refused("XX000", "failed"):
        loading.copy("json 'auto' noload")


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ("json 'auto' gzip gzip", "42601"),
        ("json 'auto' gzip zstd", "42601"),
        ("json 'auto' maxerror 100001", "22023"),
        ("json 'auto' explicit_ids", "0A000"),
        ("json 'auto' acceptinvchars", "0A000"),
        ("json 'noshred'", "0A000"),
        ("csv", "0A000"),
        ("json 'auto' nonsense", "42601"),
    ],
)
def test_an_option_that_the_stand_in_does_not_know_is_refused(loading: Loading, options: str, code: str) -> None:
    loading.put("data/1.json", '{"a": 1}')
    with refused(code, ""):
        loading.copy(options)


def test_copy_needs_a_table_and_its_columns(loading: Loading) -> None:
    with refused("XX000", "Cannot COPY into nonexistent table lacking"):
        loading.client.run("copy lacking from 's3://x/y' iam_role 'arn:aws:iam::000000000000:role/reader' json 'auto'")
    loading.client.rollback()
    with refused("42703", 'column "x" of relation "t" does not exist'):
        loading.copy(columns="a, x")


# The role's rights.


def test_a_role_that_may_not_be_assumed(loading: Loading) -> None:
    with refused("XX000", "is not authorized to assume IAM Role arn:aws:iam::000000000000:role/nobody"):
        loading.copy("iam_role 'arn:aws:iam::000000000000:role/nobody' json 'auto'")


def test_a_role_that_may_not_read_a_file(loading: Loading) -> None:
    loading.put("data/forbidden.json", '{"a": 1}')
    with refused("XX000", "S3ServiceException:Access Denied,Status 403,Error AccessDenied"):
        loading.copy()


def test_a_role_that_may_not_list_loads_by_manifest_only(loading: Loading) -> None:
    role = "iam_role 'arn:aws:iam::000000000000:role/getter'"
    loading.put("data/1.json", '{"a": 1}')
    loading.manifest({"url": "data/1.json", "mandatory": True})
    assert loading.copy(f"{role} json 'auto' manifest", source="manifest") == 1
    with refused("XX000", "S3ServiceException:Access Denied,Status 403,Error AccessDenied"):
        loading.copy(f"{role} json 'auto'")


def test_a_manifest_that_the_role_may_not_read(loading: Loading) -> None:
    loading.put("forbidden", "{}")
    with refused("XX000", "COPY with MANIFEST parameter requires full path of an S3 object"):
        loading.copy("json 'auto' manifest", source="forbidden")


def test_a_prefix_without_objects(loading: Loading) -> None:
    with refused("XX000", "The specified S3 prefix 'data/' does not exist"):
        loading.copy()


def test_a_bucket_that_is_not_there(loading: Loading) -> None:
    loading.bucket = "no-such-bucket"
    with refused("XX000", "The specified bucket does not exist,Status 404,Error NoSuchBucket"):
        loading.copy()


def test_a_bucket_in_another_region_needs_the_option(store: s3.Server, client: Client) -> None:
    loading = Loading(store, client, region="eu-west-1")
    loading.put("data/1.json", '{"a": 1}')
    with refused("XX000", "S3ServiceException:The S3 bucket addressed by the query is in a different region"):
        loading.copy()
    client.rollback()
    assert loading.copy("json 'auto' region as 'eu-west-1'") == 1


# What the session and the system views know.


def test_the_identity_of_a_copy_that_is_rolled_back_is_forgotten(loading: Loading) -> None:
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


def test_the_system_views_have_the_documented_columns_and_padded_texts(loading: Loading) -> None:
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


def test_the_history_of_loads_tells_files_and_sizes(loading: Loading) -> None:
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


# Faults.


def test_the_statements_of_a_run_are_on_record(stand_in: StandIn, client: Client) -> None:
    stand_in.forget()
    client.run("create table t (a integer)")
    with refused("0A000", "not supported"):
        client.run("create index i on t (a)")
    client.rollback()
    session = client.value("select pg_backend_pid()")
    mine = [statement["sql"] for statement in stand_in.files.statements() if statement["session"] == session]
    assert mine == [
        *("begin transaction", "create table t (a integer)", "create index i on t (a)", "rollback"),
        *("begin transaction", "select pg_backend_pid()"),
    ]


@pytest.fixture
def faulty(stand_in: StandIn) -> Iterator[StandIn]:
    """The stand-in, whole again after the test."""
    yield stand_in
    stand_in.disarm()
    if not stand_in.is_running():
        stand_in.restart()


def count_of_rows(stand_in: StandIn, database: str) -> int:
    """How many rows of `t` are committed, once PostgreSQL has noticed that a client has gone."""
    with stand_in.postgres(database) as server:
        deadline = time.monotonic() + 10
        while server.query(f"select from pg_stat_activity where datname = '{database}' and usename <> 'postgres'"):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        return int(str(server.query("select count(*) from t")[0][0]))


GONE = (InterfaceError, OSError)


@pytest.mark.parametrize("what", ["drop", "kill"])
@pytest.mark.parametrize(
    ("matching", "when", "committed"),
    [("insert", "before", 0), ("insert", "during", 0), ("insert", "after", 0), ("commit", "before", 0),
     ("commit", "during", 2), ("commit", "after", 2)],
)  # fmt: skip
def test_the_connection_or_the_server_ends_at_a_statement(
    faulty: StandIn, database: str, what: Any, matching: str, when: Any, committed: int
) -> None:
    client = Client(faulty, database)
    client.run("create table t (a integer)")
    client.commit()
    faulty.arm(what, 1, when, matching=f"^{matching}")
    with pytest.raises(GONE):  # noqa: PT012
        client.run("insert into t values (1), (2)")
        client.commit()
    if what == "kill":
        assert faulty.process is not None
        faulty.process.wait(10)
    assert faulty.is_running() == (what == "drop")
    assert count_of_rows(faulty, database) == committed


def test_a_fault_strikes_the_statement_that_was_counted_to(faulty: StandIn, client: Client) -> None:
    client.run("create table t (a integer)")
    faulty.arm("drop", 3)
    client.run("insert into t values (1)")
    client.run("insert into t values (2)")
    with pytest.raises(GONE):
        client.run("insert into t values (3)")


@pytest.mark.parametrize("what", ["drop", "kill"])
def test_a_copy_that_is_ended_in_the_middle_leaves_nothing(
    faulty: StandIn, loading: Loading, database: str, what: Any
) -> None:
    loading.put("data/1.json", "\n".join(f'{{"a": {n}}}' for n in range(2000)))
    faulty.arm(what, 1, "during", matching="^copy")
    loading.client.connection.autocommit = True
    with pytest.raises(GONE):
        loading.copy()
    assert count_of_rows(faulty, database) == 0


def test_a_killed_server_starts_again_on_the_same_data(faulty: StandIn, database: str) -> None:
    client = Client(faulty, database)
    client.run("create table t (a integer)")
    client.run("insert into t values (1)")
    client.commit()
    client.run("insert into t values (2)")
    faulty.kill()
    with pytest.raises(GONE):
        client.run("insert into t values (3)")
    faulty.restart()
    assert Client(faulty, database).rows("select a from t") == [(1,)]


def test_an_error_can_be_ordered(faulty: StandIn, client: Client) -> None:
    client.run("create table t (a integer)")
    client.commit()
    faulty.arm(
        "error", 1, matching="^insert", times=2, message="1023", detail="Serializable isolation violation on table"
    )
    for _ in range(2):
        with refused("XX000", "1023Serializable isolation violation on table"):
            client.run("insert into t values (1)")
        client.rollback()
    assert client.run("insert into t values (1)") == 1


def test_many_clients_work_at_a_time(stand_in: StandIn, database: str) -> None:
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
