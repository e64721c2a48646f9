"""What the tests of the stand-in do with it: a client, a bucket to load from, and the errors that they expect."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import pytest
from redshift_connector.error import InterfaceError, ProgrammingError

from redshift_stand_in import StandIn, s3_server


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


@contextmanager
def refused(code: str, message: str) -> Iterator[None]:
    """The block ends with an error that has an SQLSTATE, and the words in its message or detail."""
    with pytest.raises((ProgrammingError, InterfaceError)) as raised:
        yield
    told = raised.value.args[0]
    assert told["C"] == code, told
    assert message in told["M"] + told.get("D", ""), told


COLUMNS = "a bigint, b varchar(5), c timestamp, d double precision, e boolean, n integer not null default 7"


class Loading:
    """A bucket of its own, and a client with a table to load."""

    _numbers = count(1)

    def __init__(self, store: s3_server.Server, client: Client, region: str = "us-east-1") -> None:
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
