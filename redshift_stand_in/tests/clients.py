"""Clients of the stand-in for its tests, the buckets that they load from and unload to, and the errors to expect."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import duckdb
import pytest
from redshift_connector.error import InterfaceError, ProgrammingError

from redshift_stand_in import StandIn, s3_server

GONE = (InterfaceError, OSError)
"""The driver's errors when the other side has ended the connection."""


class Client:
    """A connection of the official driver, and its cursor."""

    def __init__(self, stand_in: StandIn, database: str, **options: Any) -> None:
        self.connection = stand_in.connect(database, **options)
        self.cursor = self.connection.cursor()

    def run(self, sql: str, *values: Any) -> int:
        """Run a statement; the number of rows that it changed."""
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


@contextmanager
def refused(code: str, message: str) -> Iterator[None]:
    """Check that the block ends with an error of this SQLSTATE, with these words in its message or detail."""
    with pytest.raises((ProgrammingError, InterfaceError)) as raised:
        yield
    fields = raised.value.args[0]
    assert fields["C"] == code, fields
    assert message in fields["M"] + fields.get("D", ""), fields


def waits(thread: threading.Thread) -> bool:
    """Start a thread; whether it still runs after 0.3 s, as when it waits for a lock."""
    thread.start()
    thread.join(0.3)
    return thread.is_alive()


def create_bucket(store: s3_server.Server, name: str, region: str) -> Any:
    """Create a bucket in a region; a client that may do anything with it."""
    client = store.client()
    options = {} if region == s3_server.REGION else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    client.create_bucket(Bucket=name, **options)
    return client


COLUMNS = "a bigint, b varchar(5), c timestamp, d double precision, e boolean, n integer not null default 7"


class Loading:
    """A bucket of its own, and a client with a table to load."""

    _numbers = count(1)

    def __init__(self, store: s3_server.Server, client: Client, region: str = s3_server.REGION) -> None:
        self.bucket = f"bucket-{client.value('select pg_backend_pid()')}-{next(self._numbers)}"
        self.client = client
        self._s3 = create_bucket(store, self.bucket, region)
        client.run(f"create table t ({COLUMNS})")
        client.commit()

    def put(self, key: str, content: str | bytes) -> None:
        self._s3.put_object(Bucket=self.bucket, Key=key, Body=content)

    def manifest(self, *entries: dict[str, Any]) -> None:
        self.put("manifest", json.dumps({"entries": [{**e, "url": f"s3://{self.bucket}/{e['url']}"} for e in entries]}))

    def copy(self, options: str = "json 'auto'", *, source: str = "data/", columns: str = "a, b, c, d, e") -> int:
        """Load the source; the number of rows that were loaded."""
        role = "" if "iam_role" in options else "iam_role 'arn:aws:iam::000000000000:role/reader'"
        options = options.replace("s3://paths", f"s3://{self.bucket}/paths")
        self.client.run(f"copy t ({columns}) from 's3://{self.bucket}/{source}' {role} {options}")
        return int(self.client.value("select pg_last_copy_count()"))

    def errors(self) -> list[tuple[Any, ...]]:
        """The load errors of the session: file, line, column, code, message."""
        return self.client.rows(
            "select substring(trim(file_name), %s), line_number, trim(column_name), error_code, trim(error_message) "
            "from sys_load_error_detail where session_id = pg_backend_pid() order by query_id, file_name, line_number",
            len(self.bucket) + 7,
        )

    def loaded(self, columns: str = "a") -> list[tuple[Any, ...]]:
        return self.client.rows(f"select {columns} from t order by a")


class Unloading:
    """A bucket of its own, and a client with a table to unload."""

    def __init__(self, store: s3_server.Server, client: Client, folder: Path, region: str = s3_server.REGION) -> None:
        self.bucket = f"unload-{client.value('select pg_backend_pid()')}"
        self.client = client
        self._s3 = create_bucket(store, self.bucket, region)
        self._file = folder / "file.parquet"
        client.run("create table t (a integer, b varchar(9), d date)")
        client.run("insert into t values (1, 'x', '2018-11-01'), (2, 'y', '2018-11-01'), (3, 'z', '2018-11-02')")
        client.commit()

    def unload(self, query: str = "select a, b, d from t", options: str = "", role: str = "unloader") -> None:
        """Unload a query to Parquet files below data/."""
        arn = f"arn:aws:iam::000000000000:role/{role}"
        options = options if "format" in options else f"format as parquet {options}"
        self.client.run(f"unload ('{query}') to 's3://{self.bucket}/data/' iam_role '{arn}' {options}")

    def put(self, key: str) -> None:
        self._s3.put_object(Bucket=self.bucket, Key=key, Body=b"old")

    def keys(self) -> list[str]:
        return [item["Key"] for item in self._s3.list_objects_v2(Bucket=self.bucket).get("Contents", [])]

    def content(self, key: str) -> bytes:
        return bytes(self._s3.get_object(Bucket=self.bucket, Key=key)["Body"].read())

    def read(self, key: str) -> tuple[dict[str, str], list[tuple[Any, ...]]]:
        """The types of a file's columns, and its rows."""
        self._file.write_bytes(self.content(key))
        with duckdb.connect() as database:
            file = database.read_parquet(str(self._file), hive_partitioning=False)
            types = {name: str(kind) for name, kind in zip(file.columns, file.types, strict=True)}
            return types, file.fetchall()
